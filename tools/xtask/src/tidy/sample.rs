//! A small clean house made from the tables, into which tests plant their faults.

use super::arrows::ROOMS;
use super::{Fault, check};
use crate::house::House;
use crate::tree::Tree;

/// A house in which every rule holds.
pub(super) fn tree() -> Tree {
    let mut tree = Tree::default();
    let mut members = String::new();
    let mut names = String::new();
    for room in ROOMS {
        tree.insert(&format!("{}/Cargo.toml", room.folder), &manifest(room.name, "", ""));
        tree.insert(&format!("{}/src/lib.rs", room.folder), "//! A room.\n");
        members += &format!("\"{}\", ", room.folder);
        names += &format!("`{}`\n", room.name);
    }
    tree.insert(
        "Cargo.toml",
        &format!("[workspace]\nmembers = [\n{members}]\n").replace(", ", ",\n"),
    );
    tree.insert("Cargo.lock", "version = 4\n");
    tree.insert("ARCHITECTURE.md", &format!("# Map\n\n{names}"));
    tree.insert("README.md", "See [the map](ARCHITECTURE.md) and `crates/detente-core/src`.\n");
    tree.insert(
        "fuzz/Cargo.toml",
        "[[bin]]\nname = \"log_note\"\npath = \"fuzz_targets/log_note.rs\"\n",
    );
    tree.insert("fuzz/fuzz_targets/log_note.rs", "#![no_main]\n//! A target.\n");
    tree.insert(
        "fuzz/src/lib.rs",
        "//! Targets.

mod targets;
",
    );
    tree.insert(
        "fuzz/src/targets/mod.rs",
        "//! Targets.

const T: &str = \"log_note\";
",
    );
    tree
}

/// The manifest of a crate with these lines in its two dependency tables.
pub(super) fn manifest(name: &str, dependencies: &str, dev_dependencies: &str) -> String {
    format!(
        "[package]\nname = \"{name}\"\n\n[dependencies]\n{dependencies}\n\
         [dev-dependencies]\n{dev_dependencies}\n[lints]\nworkspace = true\n"
    )
}

/// The faults of the clean house with these files put in.
pub(super) fn faults(planted: &[(&str, &str)]) -> Vec<Fault> {
    let mut tree = tree();
    for (path, text) in planted {
        tree.insert(path, text);
    }
    check(&House::new(tree))
}

/// Asserts that these files give exactly one fault, of this rule, at this place.
#[track_caller]
pub(super) fn assert_caught(planted: &[(&str, &str)], rule: &str, path: &str, line: usize) {
    let faults = faults(planted);
    let found: Vec<_> = faults.iter().map(|f| (f.rule, f.path.as_str(), f.line)).collect();
    assert_eq!(found, [(rule, path, line)], "{faults:#?}");
}

/// Asserts that these files are no fault.
#[track_caller]
pub(super) fn assert_clean(planted: &[(&str, &str)]) {
    assert_eq!(faults(planted), []);
}
