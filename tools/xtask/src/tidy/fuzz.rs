//! Fuzz targets: the files, the manifest and the table that the smoke run uses agree.
//!
//! A target that stands in one of the three places only is a target that somebody believes to run.

use std::collections::BTreeSet;

use toml::{Table, Value};

use crate::house::House;

use super::Finding;

const MANIFEST: &str = "fuzz/Cargo.toml";
const TABLE: &str = "fuzz/src/targets/";
const FOLDER: &str = "fuzz/fuzz_targets/";

/// Each target has its file, its `[[bin]]` and its line in the table, and nothing has more.
pub(super) fn check(house: &House) -> Vec<Finding> {
    let tree = house.tree();
    let files: BTreeSet<String> = tree
        .texts()
        .filter_map(|(path, _)| path.strip_prefix(FOLDER)?.strip_suffix(".rs"))
        .map(str::to_owned)
        .collect();
    let bins = bins(tree.text(MANIFEST).unwrap_or_default());
    let table: String =
        tree.texts().filter(|(path, _)| path.starts_with(TABLE)).map(|(_, text)| text).collect();
    let mut found = Vec::new();
    for name in files.difference(&bins) {
        let message = format!("no [[bin]] in {MANIFEST} with the path fuzz_targets/{name}.rs");
        found.push((format!("{FOLDER}{name}.rs"), 0, message));
    }
    for name in bins.difference(&files) {
        found.push((MANIFEST.to_owned(), 0, format!("{FOLDER}{name}.rs does not exist")));
    }
    for name in &files {
        if !table.contains(&format!("\"{name}\"")) {
            let message = format!("{name} is in no table of {TABLE}");
            found.push((format!("{FOLDER}{name}.rs"), 0, message));
        }
    }
    found
}

/// Names of the binaries whose path lies in the folder of targets under the same name.
fn bins(manifest: &str) -> BTreeSet<String> {
    let manifest = manifest.parse::<Table>().unwrap_or_default();
    let bins = manifest.get("bin").and_then(Value::as_array).cloned().unwrap_or_default();
    let name = |bin: Value| {
        let name = bin.get("name")?.as_str()?.to_owned();
        let path = bin.get("path")?.as_str()?.to_owned();
        (path == format!("fuzz_targets/{name}.rs")).then_some(name)
    };
    bins.into_iter().filter_map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::super::sample::{assert_caught, assert_clean, faults};
    use super::MANIFEST;

    const TABLE: &str = "fuzz/src/targets/mod.rs";

    const TARGET: &str = "#![no_main]\n//! A target.\n";
    const BOTH: &str = "[[bin]]\nname = \"log_note\"\npath = \"fuzz_targets/log_note.rs\"\n\
                        [[bin]]\nname = \"b\"\npath = \"fuzz_targets/b.rs\"\n";
    const TABLED: &str = "//! Targets.\n\nconst T: &[&str] = &[\"log_note\", \"b\"];\n";

    #[test]
    fn a_target_without_bin_is_caught() {
        let path = "fuzz/fuzz_targets/b.rs";
        assert_caught(&[(path, TARGET), (TABLE, TABLED)], "fuzz", path, 0);
        let renamed = BOTH.replace("name = \"b\"", "name = \"c\"");
        assert_caught(&[(path, TARGET), (TABLE, TABLED), (MANIFEST, &renamed)], "fuzz", path, 0);
    }

    #[test]
    fn a_bin_without_target_is_caught() {
        assert_caught(&[(MANIFEST, BOTH), (TABLE, TABLED)], "fuzz", MANIFEST, 0);
    }

    #[test]
    fn a_target_outside_the_table_is_caught() {
        let path = "fuzz/fuzz_targets/b.rs";
        assert_caught(&[(path, TARGET), (MANIFEST, BOTH)], "fuzz", path, 0);
        assert_clean(&[(path, TARGET), (MANIFEST, BOTH), (TABLE, TABLED)]);
    }

    #[test]
    fn a_broken_manifest_is_a_fault() {
        assert!(!faults(&[(MANIFEST, "[[bin\n")]).is_empty());
    }
}
