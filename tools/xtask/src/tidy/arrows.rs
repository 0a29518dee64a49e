//! Which crate may stand on which: the floors of the house.
//!
//! Is: the table of allowed arrows, and the check of the manifests against it.
//! Source: ARCHITECTURE.md and docs/adr/0001-floors.md; a change here is a change there.

use crate::house::{House, Room};

use super::Finding;

/// One crate in the table.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Package name.
    pub name: &'static str,
    /// Folder.
    pub folder: &'static str,
    /// 1 to 6 for the house; tools and tests have 7, above everything. Within a floor a crate may
    /// stand on those before it in [`ROOMS`].
    pub floor: u8,
    /// Our crates that it may need to build.
    pub may_use: &'static [&'static str],
}

const TOOLS: u8 = 7;

/// The one tool that tests on every floor may use.
const TESTKIT: &str = "detente-testkit";

const ALL: &[&str] = &[
    "detente-accord",
    "detente-core",
    "detente-desk",
    "detente-feed",
    "detente-gate",
    "detente-home",
    "detente-http",
    "detente-intel",
    "detente-log",
    "detente-lookup",
    "detente-match",
    "detente-net",
    "detente-node",
    "detente-paper",
    "detente-pattern",
    "detente-peer",
    "detente-ports",
    "detente-read",
    "detente-show",
    "detente-state",
    "detente-stix",
    "detente-store",
    "detente-table",
    "detente-taxii",
    "detente-verify",
    "detente-vole",
    "detente-warn",
    "detente-web",
    "detente-write",
];

const UP_TO_STORE: &[&str] = &[
    "detente-accord",
    "detente-core",
    "detente-desk",
    "detente-gate",
    "detente-intel",
    "detente-log",
    "detente-lookup",
    "detente-match",
    "detente-node",
    "detente-paper",
    "detente-pattern",
    "detente-peer",
    "detente-ports",
    "detente-read",
    "detente-state",
    "detente-stix",
    "detente-store",
    "detente-table",
    "detente-taxii",
    "detente-verify",
    "detente-vole",
    "detente-warn",
    "detente-write",
];

const EVERYTHING: &[&str] = &[
    "detente",
    "detente-accord",
    "detente-core",
    "detente-desk",
    "detente-feed",
    "detente-gate",
    "detente-home",
    "detente-http",
    "detente-intel",
    "detente-log",
    "detente-lookup",
    "detente-match",
    "detente-net",
    "detente-node",
    "detente-paper",
    "detente-pattern",
    "detente-peer",
    "detente-ports",
    "detente-read",
    "detente-show",
    "detente-state",
    "detente-stix",
    "detente-store",
    "detente-table",
    "detente-taxii",
    "detente-verify",
    "detente-vole",
    "detente-warn",
    "detente-web",
    "detente-write",
    TESTKIT,
];

const fn room(
    name: &'static str,
    folder: &'static str,
    floor: u8,
    may_use: &'static [&'static str],
) -> Place {
    Place { name, folder, floor, may_use }
}

/// Every crate of the workspace, lowest floor first; on one floor, what others stand on first.
pub const ROOMS: &[Place] = &[
    room("detente-core", "crates/detente-core", 1, &[]),
    room("detente-accord", "crates/detente-accord", 1, &["detente-core"]),
    room("detente-state", "crates/detente-state", 1, &["detente-accord", "detente-core"]),
    room("detente-log", "crates/detente-log", 1, &[]),
    room("detente-vole", "crates/detente-vole", 1, &[]),
    room("detente-lookup", "crates/detente-lookup", 1, &[]),
    room("detente-match", "crates/detente-match", 1, &["detente-lookup", "detente-vole"]),
    room("detente-stix", "crates/detente-stix", 1, &[]),
    room("detente-pattern", "crates/detente-pattern", 1, &[]),
    room("detente-intel", "crates/detente-intel", 2, &["detente-core"]),
    room(
        "detente-read",
        "crates/detente-read",
        2,
        &["detente-core", "detente-intel", "detente-pattern"],
    ),
    room("detente-warn", "crates/detente-warn", 2, &["detente-core", "detente-intel"]),
    room("detente-write", "crates/detente-write", 2, &["detente-core", "detente-intel"]),
    room(
        "detente-gate",
        "crates/detente-gate",
        2,
        &["detente-accord", "detente-core", "detente-state"],
    ),
    room("detente-paper", "crates/detente-paper", 2, &["detente-accord", "detente-core"]),
    room(
        "detente-table",
        "crates/detente-table",
        2,
        &["detente-accord", "detente-core", "detente-gate", "detente-state"],
    ),
    room(
        "detente-peer",
        "crates/detente-peer",
        3,
        &[
            "detente-accord",
            "detente-core",
            "detente-gate",
            "detente-log",
            "detente-match",
            "detente-state",
        ],
    ),
    room(
        "detente-verify",
        "crates/detente-verify",
        3,
        &["detente-accord", "detente-core", "detente-gate", "detente-log", "detente-state"],
    ),
    room(
        "detente-taxii",
        "crates/detente-taxii",
        3,
        &["detente-core", "detente-intel", "detente-pattern", "detente-read", "detente-stix"],
    ),
    room(
        "detente-ports",
        "crates/detente-ports",
        4,
        &["detente-core", "detente-intel", "detente-log", "detente-peer"],
    ),
    room(
        "detente-node",
        "crates/detente-node",
        4,
        &[
            "detente-accord",
            "detente-core",
            "detente-gate",
            "detente-intel",
            "detente-log",
            "detente-lookup",
            "detente-match",
            "detente-peer",
            "detente-ports",
            "detente-state",
            "detente-table",
            "detente-verify",
        ],
    ),
    room(
        "detente-desk",
        "crates/detente-desk",
        4,
        &[
            "detente-core",
            "detente-intel",
            "detente-node",
            "detente-pattern",
            "detente-read",
            "detente-stix",
            "detente-taxii",
            "detente-warn",
            "detente-write",
        ],
    ),
    room(
        "detente-store",
        "crates/detente-store",
        5,
        &[
            "detente-accord",
            "detente-core",
            "detente-intel",
            "detente-log",
            "detente-node",
            "detente-state",
            "detente-taxii",
        ],
    ),
    room("detente-net", "crates/detente-net", 5, &["detente-core", "detente-node", "detente-peer"]),
    room("detente-web", "crates/detente-web", 5, &["detente-taxii"]),
    room("detente-http", "crates/detente-http", 5, &["detente-taxii"]),
    room(
        "detente-home",
        "crates/detente-home",
        6,
        &[
            "detente-accord",
            "detente-core",
            "detente-desk",
            "detente-node",
            "detente-table",
            "detente-warn",
        ],
    ),
    room(
        "detente-show",
        "crates/detente-show",
        6,
        &["detente-desk", "detente-ports", "detente-table"],
    ),
    room(
        "detente-feed",
        "crates/detente-feed",
        6,
        &[
            "detente-core",
            "detente-desk",
            "detente-home",
            "detente-http",
            "detente-node",
            "detente-show",
            "detente-store",
            "detente-taxii",
        ],
    ),
    room("detente", "crates/detente", 6, ALL),
    room("detente-bench", "tools/bench", TOOLS, EVERYTHING),
    room(TESTKIT, "tools/testkit", TOOLS, UP_TO_STORE),
    room("detente-it", "tests/it", TOOLS, EVERYTHING),
    room("xtask", "tools/xtask", TOOLS, &[]),
];

/// The place of a crate in the table.
#[must_use]
pub fn place(name: &str) -> Option<&'static Place> {
    ROOMS.iter().find(|place| place.name == name)
}

/// Each arrow of each manifest is in the table; arrows of tests do not point up.
pub(super) fn check(house: &House) -> Vec<Finding> {
    house.rooms().iter().flat_map(check_room).collect()
}

fn check_room(room: &Room) -> Vec<Finding> {
    // A crate that is not in the table is the fault of another rule.
    let Some(own) = place(&room.name) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for other in room.dependencies.iter().filter_map(|name| place(name)) {
        if !own.may_use.contains(&other.name) {
            let message = format!(
                "{} (floor {}) may not stand on {} (floor {})",
                own.name, own.floor, other.name, other.floor
            );
            found.push((room.manifest(), 0, message));
        }
    }
    for other in room.dev_dependencies.iter().filter_map(|name| place(name)) {
        if other.floor > own.floor && other.name != TESTKIT {
            let message = format!(
                "the tests of {} (floor {}) may not reach up to {} (floor {}), only to {TESTKIT}",
                own.name, own.floor, other.name, other.floor
            );
            found.push((room.manifest(), 0, message));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::sample::{assert_caught, assert_clean, manifest};
    use super::{ROOMS, place};

    #[test]
    fn the_table_points_down() {
        for (at, room) in ROOMS.iter().enumerate() {
            for name in room.may_use {
                let other = place(name).expect("a crate of the table");
                let tool = room.floor == super::TOOLS && other.floor <= super::TOOLS;
                // The engine stands on its parts, which share its floor.
                let before = ROOMS[..at].iter().any(|before| before.name == *name);
                let beside = other.floor == room.floor && before;
                assert!(other.floor < room.floor || beside || tool, "{} -> {name}", room.name);
            }
        }
    }

    #[test]
    fn an_arrow_up_is_caught() {
        let path = "crates/detente-core/Cargo.toml";
        for line in [
            "detente-log.workspace = true\n",
            "detente-node = { path = \"../detente-node\" }\n",
            "alias = { package = \"detente-net\", path = \"../detente-net\" }\n",
            "\n[target.'cfg(unix)'.dependencies]\ndetente-node.workspace = true\n",
            "\n[build-dependencies]\ndetente-node.workspace = true\n",
        ] {
            assert_caught(&[(path, &manifest("detente-core", line, ""))], "arrows", path, 0);
        }
    }

    #[test]
    fn the_engine_stands_on_its_parts_and_they_on_nothing() {
        let text = |name: &str, on: &str| manifest(name, &format!("{on}.workspace = true\n"), "");
        let engine = "crates/detente-match/Cargo.toml";
        for part in ["detente-lookup", "detente-vole"] {
            assert_clean(&[(engine, &text("detente-match", part))]);
            let path = format!("crates/{part}/Cargo.toml");
            for other in ["detente-lookup", "detente-match", "detente-vole"] {
                if other != part {
                    assert_caught(&[(&path, &text(part, other))], "arrows", &path, 0);
                }
            }
        }
    }

    #[test]
    fn net_and_store_do_not_know_each_other() {
        let path = "crates/detente-net/Cargo.toml";
        let text = manifest("detente-net", "detente-store.workspace = true\n", "");
        assert_caught(&[(path, &text)], "arrows", path, 0);
    }

    #[test]
    fn a_renamed_workspace_dependency_is_seen_through() {
        let mut root = super::super::sample::tree().text("Cargo.toml").unwrap().to_owned();
        root += "[workspace.dependencies]\nn = { package = \"detente-node\", path = \"x\" }\n";
        let path = "crates/detente-core/Cargo.toml";
        let text = manifest("detente-core", "n.workspace = true\n", "");
        assert_caught(&[("Cargo.toml", &root), (path, &text)], "arrows", path, 0);
    }

    #[test]
    fn tests_may_look_down_sideways_and_to_the_testkit() {
        let path = "crates/detente-log/Cargo.toml";
        let text = |line: &str| manifest("detente-log", "", line);
        assert_clean(&[(path, &text("detente-testkit.workspace = true\n"))]);
        assert_clean(&[(path, &text("detente-core.workspace = true\n"))]);
        let up = text("detente-node.workspace = true\n");
        assert_caught(&[(path, &up)], "arrows", path, 0);
    }
}
