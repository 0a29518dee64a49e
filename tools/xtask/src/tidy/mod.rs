//! The rules of the house, one function each.
//!
//! A rule takes the parsed house and gives its faults. To add one: write the function in the file
//! of its noun, add a line to [`RULES`], and plant its fault in that file's tests, which hold the
//! new rule against a clean small house made in `sample.rs`.

use std::fmt;

use crate::house::House;

pub mod arrows;
pub mod docs;
pub mod externals;
pub mod fuzz;
pub mod manifest;
pub mod pure;
pub mod reach;
pub mod shape;
pub mod text;

#[cfg(test)]
mod sample;

/// One breach of one rule.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Fault {
    /// Path of the file, relative to the root.
    pub path: String,
    /// Line from 1; 0 when the whole file is meant.
    pub line: usize,
    /// Name of the rule.
    pub rule: &'static str,
    /// What is wrong and what to do.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, line, rule, message } = self;
        match line {
            0 => write!(f, "{path}: {message} [{rule}]"),
            _ => write!(f, "{path}:{line}: {message} [{rule}]"),
        }
    }
}

/// Where something is wrong: path, line (0 for the whole file), message.
pub type Finding = (String, usize, String);

/// A rule and its name.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Stable name, printed with each fault.
    pub name: &'static str,
    /// What it asks for.
    pub what: &'static str,
    check: fn(&House) -> Vec<Finding>,
}

const fn rule(name: &'static str, what: &'static str, check: fn(&House) -> Vec<Finding>) -> Rule {
    Rule { name, what, check }
}

/// Every rule.
pub const RULES: &[Rule] = &[
    rule(
        "manifest",
        "each crate is a member, is in the table of rooms, takes the lints",
        manifest::check,
    ),
    rule("arrows", "a crate stands only on those that the table allows", arrows::check),
    rule("externals", "a library of one room is used in that room alone", externals::check),
    rule(
        "reach",
        "pure floors reach no socket, database or entropy; verify builds without C",
        reach::check,
    ),
    rule("lock", "every dependency comes from crates.io", reach::check_sources),
    rule("pure", "floors 1 to 4 name no disk, socket, clock, entropy or async", pure::check),
    rule("order", "no hash map where order reaches signed bytes", pure::check_order),
    rule("unsafe", "unsafe stands in the vector kernels alone", shape::check_unsafe),
    rule(
        "length",
        "a file has at most 800 lines, a crate 6,500, tests left out",
        shape::check_length,
    ),
    rule("head", "each module opens with what it is", shape::check_head),
    rule("glob", "use super::* in tests alone", shape::check_glob),
    rule("proof", "at most one unwrap or expect in each started 1000 lines", shape::check_unwrap),
    rule("dead", "each source file is declared by a mod line", shape::check_dead),
    rule("columns", "a line has at most 100 columns", text::check_columns),
    rule(
        "blanks",
        "no tabs, no blanks at the end of a line, a line break at the end",
        text::check_blanks,
    ),
    rule("words", "no left-over marks, no paths of one machine", text::check_words),
    rule("fuzz", "fuzz targets, manifest and table agree", fuzz::check),
    rule("architecture", "ARCHITECTURE.md names each crate", docs::check_architecture),
    rule("links", "files that the pages point to exist", docs::check_links),
    rule("paths", "files that the pages name exist", docs::check_paths),
];

/// Every fault of the house, by path.
#[must_use]
pub fn check(house: &House) -> Vec<Fault> {
    let mut faults: Vec<Fault> = RULES.iter().flat_map(|rule| run(rule, house)).collect();
    faults.sort();
    faults
}

fn run(rule: &Rule, house: &House) -> Vec<Fault> {
    let fault = |(path, line, message)| Fault { path, line, rule: rule.name, message };
    (rule.check)(house).into_iter().map(fault).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::{RULES, check, sample};
    use crate::house::House;
    use crate::tree::Tree;

    #[test]
    fn this_repository_is_tidy() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let house = House::new(Tree::read(&root).expect("the repository"));
        let faults = check(&house);
        let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert!(faults.is_empty(), "{} faults\n{}", faults.len(), lines.join("\n"));
    }

    #[test]
    fn the_sample_is_tidy() {
        assert_eq!(check(&House::new(sample::tree())), []);
    }

    #[test]
    fn rules_have_their_own_names() {
        let names: BTreeSet<&str> = RULES.iter().map(|rule| rule.name).collect();
        assert_eq!(names.len(), RULES.len());
    }

    #[test]
    fn a_fault_prints_where_it_is() {
        let faults = sample::faults(&[("crates/detente-core/src/lib.rs", "//! Core.\n\n\tx\n")]);
        assert_eq!(
            faults.first().map(ToString::to_string).as_deref(),
            Some("crates/detente-core/src/lib.rs:3: a tab: use spaces [blanks]"),
        );
    }
}
