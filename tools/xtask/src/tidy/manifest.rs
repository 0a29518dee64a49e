//! Each crate is known: to the workspace, to the table of rooms, to the lints.

use crate::house::House;

use super::Finding;
use super::arrows::{ROOMS, place};

/// Manifests parse; members, folders and the table agree; lints are inherited.
pub(super) fn check(house: &House) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    let mut say = |path: &str, message: String| found.push((path.to_owned(), 0, message));
    for (path, complaint) in house.complaints() {
        say(path, complaint.clone());
    }
    for member in house.members() {
        if !house.rooms().iter().any(|room| room.folder == *member) {
            say("Cargo.toml", format!("the member {member} has no manifest"));
        }
    }
    for room in house.rooms() {
        if !house.members().contains(&room.folder) {
            say(&room.manifest(), format!("{} is no member of the workspace", room.folder));
        }
        if place(&room.name).is_none_or(|place| place.folder != room.folder) {
            let message = format!("{} in {} is not in the table of rooms", room.name, room.folder);
            say(&room.manifest(), message);
        }
        if !room.inherits_lints {
            say(&room.manifest(), "the lines [lints] workspace = true are missing".to_owned());
        }
    }
    for place in ROOMS {
        if house.room(place.name).is_none() {
            say("Cargo.toml", format!("{} is in the table of rooms but not here", place.name));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::sample::{assert_caught, faults, manifest, tree};
    use crate::house::House;
    use crate::tidy::check;

    #[test]
    fn missing_lints_are_caught() {
        let path = "crates/detente-log/Cargo.toml";
        let text = manifest("detente-log", "", "").replace("workspace = true", "workspace = false");
        assert_caught(&[(path, &text)], "manifest", path, 0);
    }

    #[test]
    fn an_unknown_crate_is_caught() {
        let path = "crates/detente-new/Cargo.toml";
        let text = manifest("detente-new", "", "");
        let rules: Vec<_> = faults(&[(path, &text)]).iter().map(|f| f.rule).collect();
        // No member, not in the table, and not on the map.
        assert_eq!(rules, ["architecture", "manifest", "manifest"]);
    }

    #[test]
    fn a_member_without_manifest_is_caught() {
        let mut tree = tree();
        tree.remove("tools/testkit/Cargo.toml");
        let faults = check(&House::new(tree));
        assert!(faults.iter().all(|f| f.rule == "manifest" && f.path == "Cargo.toml"));
        assert_eq!(faults.len(), 2);
    }

    #[test]
    fn a_broken_manifest_is_caught() {
        let faults = faults(&[("crates/detente-log/Cargo.toml", "[package\n")]);
        assert!(faults.iter().any(|f| f.message.starts_with("is no TOML")), "{faults:?}");
    }
}
