//! Libraries that belong to one room: the database driver, the sockets, the command line, chance.
//!
//! Is: a check of the manifests, tests included. What comes in through other libraries is checked
//! by the rule on reach, and once more by `deny.toml`.

use crate::house::House;

use super::Finding;

/// Libraries, the crates that may name them in their manifest, and why no other may.
const EXCLUSIVE: &[(&[&str], &[&str], &str)] = &[
    (&["rusqlite", "libsqlite3-sys"], &["detente-store"], "only the store knows a database"),
    (
        &["rcgen", "rustls", "tokio-rustls"],
        &["detente-http", "detente-net", "detente-it", "detente-web"],
        "only the net, the web and the feeds open sockets and speak TLS",
    ),
    (
        &["mio", "socket2", "tokio"],
        &["detente", "detente-bench", "detente-http", "detente-net", "detente-it", "detente-web"],
        "only the net, the web, the feeds and the binary's runtime are asynchronous",
    ),
    (
        &["hyper", "hyper-util"],
        &["detente-http", "detente-web"],
        "only the web and the feeds speak HTTP",
    ),
    (&["rustls-native-certs"], &["detente-http"], "only the feeds trust whom the system trusts"),
    (
        &["clap", "clap_complete", "clap_mangen"],
        &["detente", "detente-bench"],
        "only the binary has a command line",
    ),
    (&["indicatif"], &["detente"], "only the binary has a terminal"),
    (&["rpassword"], &["detente-home"], "a passphrase is asked for in one place"),
    (&["comfy-table"], &["detente-show"], "only reports are shown as tables"),
    (&["getrandom", "rand"], &["detente-home"], "entropy is an argument below the binary"),
    (
        &["anyhow"],
        &["detente", "detente-bench", "detente-it", "detente-testkit", "xtask"],
        "a library's caller must be able to match on its errors",
    ),
];

/// No manifest names a library that belongs to another room.
pub(super) fn check(house: &House) -> Vec<Finding> {
    let mut found = Vec::new();
    for room in house.rooms() {
        for library in room.dependencies.iter().chain(&room.dev_dependencies) {
            let row = EXCLUSIVE.iter().find(|(names, ..)| names.contains(&library.as_str()));
            let Some((_, owners, why)) = row else {
                continue;
            };
            if !owners.contains(&room.name.as_str()) {
                let message = format!("{} may not use {library}: {why}", room.name);
                found.push((room.manifest(), 0, message));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::arrows::place;
    use super::super::sample::{assert_caught, assert_clean, manifest};
    use super::EXCLUSIVE;

    #[test]
    fn each_library_is_refused_elsewhere_and_taken_at_home() {
        for (libraries, owners, _) in EXCLUSIVE {
            for library in *libraries {
                let line = format!("{library}.workspace = true\n");
                let path = "crates/detente-intel/Cargo.toml";
                for text in
                    [manifest("detente-intel", &line, ""), manifest("detente-intel", "", &line)]
                {
                    assert_caught(&[(path, &text)], "externals", path, 0);
                }
                for owner in *owners {
                    let place = place(owner).expect("a crate of the table");
                    let path = format!("{}/Cargo.toml", place.folder);
                    assert_clean(&[(&path, &manifest(owner, &line, ""))]);
                }
            }
        }
    }
}
