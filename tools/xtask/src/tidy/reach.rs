//! What a crate pulls in, however far: a walk of `Cargo.lock` from each pure crate.
//!
//! Is: a walk over building dependencies of ours and every edge of the libraries that the lock file
//! holds. The lock file does not tell which features are on, so the walk sees too much rather than
//! too little. Is not: exact; `./test minimal` asks cargo itself for the verifier.

use std::collections::{BTreeMap, VecDeque};

use toml::{Table, Value};

use crate::house::House;

use super::Finding;
use super::arrows::{Place, ROOMS};

/// Not for floors 1 to 4, which are pure.
const IMPURE: &[&str] = &["getrandom", "mio", "rusqlite", "rustls", "socket2", "tokio"];

/// Nor for the verifier, which an auditor reads in full and builds with rustc alone.
const NOT_IN_VERIFY: &[&str] =
    &["cc", "cmake", "detente-lookup", "detente-match", "detente-vole", "rayon"];

/// In no program, so the walk does not go on from them: what runs while others build, and what only
/// the proofs of a library need (`cfg(hax)`).
const IN_NO_PROGRAM: &[&str] = &["cc", "core-models", "hax-lib"];

/// Edges to a library without any of its features, as `cargo tree -i getrandom` shows: what those
/// would pull in is in the lock file, since others ask for it.
const WITHOUT_FEATURES: &[(&str, &str)] = &[("libcrux-traits", "rand"), ("uuid", "getrandom")];

/// The only place that libraries come from.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// No pure crate reaches what it must not know.
pub(super) fn check(house: &House) -> Vec<Finding> {
    let lock = Lock::new(house.tree().text("Cargo.lock").unwrap_or_default());
    let mut found = Vec::new();
    for place in ROOMS.iter().filter(|place| place.floor <= 4) {
        let verify: &[&str] = if place.name == "detente-verify" { NOT_IN_VERIFY } else { &[] };
        let paths = lock.paths(house, place);
        for banned in IMPURE.iter().chain(verify) {
            if let Some(path) = paths.get(*banned) {
                let message = format!("{} reaches {banned}: {path}", place.name);
                found.push((format!("{}/Cargo.toml", place.folder), 0, message));
            }
        }
    }
    found
}

/// Each package of each lock file is ours or from crates.io.
pub(super) fn check_sources(house: &House) -> Vec<Finding> {
    let mut found = Vec::new();
    for path in ["Cargo.lock", "fuzz/Cargo.lock"] {
        let Some(text) = house.tree().text(path) else {
            continue;
        };
        for package in packages(text) {
            let source = package.get("source").and_then(Value::as_str);
            if let Some(other) = source.filter(|&source| source != REGISTRY) {
                let name = package.get("name").and_then(Value::as_str).unwrap_or_default();
                found.push((path.to_owned(), 0, format!("{name} comes from {other}")));
            }
        }
    }
    found
}

fn packages(text: &str) -> Vec<Table> {
    let lock = text.parse::<Table>().unwrap_or_default();
    let list = lock.get("package").and_then(Value::as_array).cloned().unwrap_or_default();
    list.into_iter().filter_map(|p| p.as_table().cloned()).collect()
}

/// Package names with version, as `name version`, and what each needs.
struct Lock {
    edges: BTreeMap<String, Vec<String>>,
}

impl Lock {
    fn new(text: &str) -> Self {
        let mut edges = BTreeMap::new();
        for package in packages(text) {
            let field = |key| package.get(key).and_then(Value::as_str).unwrap_or_default();
            let needs = package.get("dependencies").and_then(Value::as_array);
            let needs = needs.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
            edges.insert(format!("{} {}", field("name"), field("version")), needs.collect());
        }
        Self { edges }
    }

    /// The nodes that an entry of a dependency list means: `name`, `name version`, or with source.
    fn nodes<'a>(&'a self, entry: &'a str) -> impl Iterator<Item = &'a str> {
        let mut words = entry.split(' ');
        let (name, version) = (words.next().unwrap_or_default(), words.next());
        self.edges.keys().map(String::as_str).filter(move |node| {
            let (other, other_version) = node.split_once(' ').unwrap_or((node, ""));
            other == name && version.is_none_or(|version| version == other_version)
        })
    }

    /// What a crate of ours reaches without its tests, by name, with the way there.
    fn paths(&self, house: &House, start: &Place) -> BTreeMap<String, String> {
        let mut paths: BTreeMap<String, String> = BTreeMap::new();
        let mut queue: VecDeque<(&str, String)> =
            self.nodes(start.name).map(|node| (node, start.name.to_owned())).collect();
        let mut seen: Vec<&str> = queue.iter().map(|(node, _)| *node).collect();
        while let Some((node, path)) = queue.pop_front() {
            let name = node.split(' ').next().unwrap_or_default();
            let room = house.room(name);
            paths.entry(name.to_owned()).or_insert_with(|| path.clone());
            if IN_NO_PROGRAM.contains(&name) {
                continue;
            }
            for entry in self.edges.get(node).into_iter().flatten() {
                let other = entry.split(' ').next().unwrap_or_default();
                // The lock file mixes the libraries of our tests in; the manifest parts them.
                if room.is_some_and(|room| !room.dependencies.iter().any(|d| d == other)) {
                    continue;
                }
                if WITHOUT_FEATURES.contains(&(name, other)) {
                    continue;
                }
                for next in self.nodes(entry) {
                    if !seen.contains(&next) {
                        seen.push(next);
                        queue.push_back((next, format!("{path} -> {other}")));
                    }
                }
            }
        }
        paths
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{assert_caught, assert_clean, manifest};

    /// A lock file from lines `name version: need, need`.
    fn lock(lines: &[&str]) -> String {
        let mut text = "version = 4\n".to_owned();
        for line in lines {
            let (head, needs) = line.split_once(':').unwrap();
            let (name, version) = head.split_once(' ').unwrap();
            let needs: Vec<String> = needs
                .split(',')
                .filter(|n| !n.is_empty())
                .map(|n| format!("{:?}", n.trim()))
                .collect();
            text += &format!(
                "[[package]]\nname = \"{name}\"\nversion = \"{version}\"\ndependencies = [{}]\n",
                needs.join(", ")
            );
        }
        text
    }

    const PATH: &str = "crates/detente-verify/Cargo.toml";

    #[test]
    fn a_socket_behind_a_library_is_caught() {
        let manifest = manifest("detente-verify", "helper.workspace = true\n", "");
        let lock = lock(&["detente-verify 0.1.0:helper", "helper 1.0.0:tokio", "tokio 1.0.0:"]);
        assert_caught(&[(PATH, &manifest), ("Cargo.lock", &lock)], "reach", PATH, 0);
    }

    #[test]
    fn c_behind_a_library_is_caught_in_verify_alone() {
        let lock =
            lock(&["detente-verify 0.1.0:h", "detente-node 0.1.0:h", "h 1.0.0:cc", "cc 1.0.0:"]);
        let verify = manifest("detente-verify", "h.workspace = true\n", "");
        let node = manifest("detente-node", "h.workspace = true\n", "");
        let node_path = "crates/detente-node/Cargo.toml";
        let planted = [(PATH, verify.as_str()), (node_path, &node), ("Cargo.lock", &lock)];
        assert_caught(&planted, "reach", PATH, 0);
    }

    #[test]
    fn what_tests_need_is_not_reached() {
        let manifest = manifest("detente-verify", "", "helper.workspace = true\n");
        let lock = lock(&["detente-verify 0.1.0:helper", "helper 1.0.0:tokio", "tokio 1.0.0:"]);
        assert_clean(&[(PATH, &manifest), ("Cargo.lock", &lock)]);
    }

    #[test]
    fn what_only_features_would_pull_in_is_not_reached() {
        let manifest = manifest("detente-verify", "libcrux-traits.workspace = true\n", "");
        let needs = |to: &str| format!("detente-verify 0.1.0:{to}");
        let rest = ["libcrux-traits 1.0.0:rand", "rand 1.0.0:getrandom", "getrandom 1.0.0:"];
        let bare = needs("libcrux-traits");
        let bare = lock(&[&[bare.as_str()][..], &rest[..]].concat());
        assert_clean(&[(PATH, &manifest), ("Cargo.lock", &bare)]);
        // By another way it is.
        let manifest = manifest.replace("libcrux-traits", "h");
        let other = needs("h");
        let other = lock(&[&[other.as_str(), "h 1.0.0:rand"][..], &rest[..]].concat());
        assert_caught(&[(PATH, &manifest), ("Cargo.lock", &other)], "reach", PATH, 0);
    }

    #[test]
    fn versions_are_told_apart_and_rings_end() {
        let manifest = manifest("detente-verify", "h.workspace = true\n", "");
        let lock = lock(&[
            "detente-verify 0.1.0:h 2.0.0",
            "h 1.0.0:tokio",
            "h 2.0.0:g",
            "g 1.0.0:h 2.0.0",
            "tokio 1.0.0:",
        ]);
        assert_clean(&[(PATH, &manifest), ("Cargo.lock", &lock)]);
    }

    #[test]
    fn a_library_from_elsewhere_is_caught() {
        let text = "[[package]]\nname = \"x\"\nversion = \"1.0.0\"\nsource = \"git+https://a.example/x\"\n";
        for path in ["Cargo.lock", "fuzz/Cargo.lock"] {
            assert_caught(&[(path, text)], "lock", path, 0);
        }
        let text = text.replace("git+https://a.example/x", super::REGISTRY);
        assert_clean(&[("Cargo.lock", &text)]);
    }
}
