//! Floors 1 to 4 get time, chance, order and bytes as arguments.
//!
//! Is: a search for names in the product code of those floors. Clippy refuses the clock as well;
//! here the disk, the sockets, the environment, hidden entropy and async are looked for too.

use crate::house::House;
use crate::source::{line_of, lines_with_word};

use super::Finding;
use super::arrows::{ROOMS, place};

/// Names that stand for the world, and what to take instead.
const WORLD: &[(&str, &str)] = &[
    ("std::env", "take a parameter"),
    ("std::fs", "take bytes or a port"),
    ("std::os", "take a port"),
    ("std::process", "return an error"),
    ("TcpListener", "take a port"),
    ("TcpStream", "take a port"),
    ("UdpSocket", "take a port"),
    ("Instant::now", "take the time"),
    ("SystemTime", "take the time"),
    ("UnixStream", "take a port"),
    ("OsRng", "take the entropy"),
    ("SysRng", "take the entropy"),
    ("from_entropy", "take the entropy"),
    ("from_os_rng", "take the entropy"),
    ("thread_rng", "take the entropy"),
    ("async", "floors 1 to 4 are synchronous"),
    (".await", "floors 1 to 4 are synchronous"),
];

/// Modules that a grouped `use std::{...}` must not hold.
const WORLD_MODULES: &[&str] = &["env", "fs", "os", "process"];

/// The matching engine: it alone computes on all cores.
const ENGINE: &[&str] = &["detente-lookup", "detente-match", "detente-vole"];

/// Crates that make bytes which are signed or hashed.
const ORDERED: &[&str] = &["detente-core", "detente-gate", "detente-log", "detente-verify"];

/// No product file of floors 1 to 4 names the world.
pub(super) fn check(house: &House) -> Vec<Finding> {
    let mut found = Vec::new();
    for room in house.rooms() {
        let Some(place) = place(&room.name).filter(|place| place.floor <= 4) else {
            continue;
        };
        for source in house.sources_of(room) {
            let mut say = |line, name: &str, instead: &str| {
                found.push((source.path.clone(), line, format!("{name} is impure: {instead}")));
            };
            for (name, instead) in WORLD {
                for line in lines_with_word(&source.product, name) {
                    say(line, name, instead);
                }
            }
            // The engine alone may use threads: it computes on all cores.
            if !ENGINE.contains(&place.name) {
                for line in lines_with_word(&source.product, "std::thread") {
                    say(line, "std::thread", "only the matching engine uses threads");
                }
            }
            for (line, name) in grouped_imports(&source.product) {
                say(line, &name, "take a port");
            }
        }
    }
    found
}

/// World modules in `use std::{...}`, with the line on which the group opens.
fn grouped_imports(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (at, open) in code.match_indices("use std::{") {
        let group = &code[at + open.len()..];
        let group = &group[..group.find(';').unwrap_or(group.len())];
        for name in WORLD_MODULES {
            if !lines_with_word(group, name).is_empty() {
                found.push((line_of(code, at), format!("std::{name}")));
            }
        }
    }
    found
}

/// Hash maps have no order, and order reaches signed bytes in these crates.
pub(super) fn check_order(house: &House) -> Vec<Finding> {
    let mut found = Vec::new();
    let rooms = ROOMS.iter().filter(|place| ORDERED.contains(&place.name));
    for room in rooms.filter_map(|place| house.room(place.name)) {
        for source in house.sources_of(room) {
            for name in ["HashMap", "HashSet"] {
                for line in lines_with_word(&source.product, name) {
                    let message = format!("{name} in {}: use the B-tree kind", room.name);
                    found.push((source.path.clone(), line, message));
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::sample::{assert_caught, assert_clean};
    use super::WORLD;

    const PATH: &str = "crates/detente-gate/src/lib.rs";

    #[test]
    fn the_world_is_caught_on_pure_floors() {
        for (name, _) in WORLD {
            let text = format!("//! A room.\n\nfn f() {{ {name} }}\n");
            assert_caught(&[(PATH, &text)], "pure", PATH, 3);
            assert_clean(&[("crates/detente-net/src/lib.rs", &text)]);
            assert_clean(&[("crates/detente-gate/examples/speed.rs", &text)]);
            let prose = format!("//! A room.\n\n// not {name}\nconst A: &str = \"{name}\";\n");
            assert_clean(&[(PATH, &prose)]);
        }
    }

    #[test]
    fn a_grouped_import_is_caught() {
        let text = "//! A room.\n\nuse std::{\n    fmt,\n    fs::File,\n};\n";
        assert_caught(&[(PATH, text)], "pure", PATH, 3);
        assert_clean(&[(PATH, "//! A room.\n\nuse std::{fmt, io};\n")]);
    }

    #[test]
    fn threads_belong_to_the_engine() {
        let text = "//! A room.\n\nuse std::thread;\n";
        assert_caught(&[(PATH, text)], "pure", PATH, 3);
        for room in super::ENGINE {
            assert_clean(&[(&format!("crates/{room}/src/lib.rs"), text)]);
        }
    }

    #[test]
    fn tests_may_touch_the_world() {
        let text = "//! A room.\n\n#[cfg(test)]\nmod tests {\n    use std::fs;\n}\n";
        assert_clean(&[(PATH, text)]);
    }

    #[test]
    fn hash_maps_are_caught_where_bytes_are_signed() {
        for name in ["HashMap", "HashSet"] {
            let text = format!("//! A room.\n\nuse std::collections::{name};\n");
            for room in super::ORDERED {
                let path = format!("crates/{room}/src/lib.rs");
                assert_caught(&[(&path, &text)], "order", &path, 3);
            }
            assert_clean(&[("crates/detente-net/src/lib.rs", &text)]);
        }
    }
}
