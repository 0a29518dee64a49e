//! The pages: what they point to and name is there.
//!
//! A list that is kept by hand rots; here it is tested. Addresses on the web are not looked up.

use crate::house::House;

use super::Finding;

const MAP: &str = "ARCHITECTURE.md";

/// Pages that tell of the past and may name what is gone.
const HISTORY: &[&str] = &["CHANGELOG.md", "docs/adr/"];

/// A code span that opens with one of these is a path of this repository.
const TOPS: &[&str] = &[".ci/", "crates/", "docs/", "fuzz/", "tests/", "tools/", "vectors/"];

/// The map names each crate under `crates/`. A house without a map yet is not at fault.
pub(super) fn check_architecture(house: &House) -> Vec<Finding> {
    let Some(text) = house.tree().text(MAP) else {
        return Vec::new();
    };
    let rooms = house.rooms().iter().filter(|room| room.folder.starts_with("crates/"));
    let missing = rooms.filter(|room| !names(text, &room.name));
    missing.map(|room| (MAP.to_owned(), 0, format!("{} is not on the map", room.name))).collect()
}

/// Whether the name stands alone: `detente` is not named by `detente-core`.
fn names(text: &str, name: &str) -> bool {
    let joins = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '-' || c == '_');
    text.match_indices(name).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + name.len()..].chars().next();
        !joins(before) && !joins(after)
    })
}

/// Each relative link leads to a file or a folder.
pub(super) fn check_links(house: &House) -> Vec<Finding> {
    let mut found = Vec::new();
    for (path, line, text) in prose(house) {
        for target in links(text) {
            let file = target.split('#').next().unwrap_or_default();
            if file.is_empty() || file.contains(':') {
                continue;
            }
            if !resolve(path, file).is_some_and(|target| house.tree().has(&target)) {
                found.push((path.to_owned(), line, format!("the link to {target} leads nowhere")));
            }
        }
    }
    found
}

/// Each path in a code span exists; a span with a placeholder is none.
pub(super) fn check_paths(house: &House) -> Vec<Finding> {
    let mut found = Vec::new();
    let current = |path: &str| !HISTORY.iter().any(|old| path.starts_with(old));
    for (path, line, text) in prose(house).filter(|(path, ..)| current(path)) {
        // Odd pieces stand between backticks.
        for span in text.split('`').skip(1).step_by(2) {
            let plain =
                |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_./".contains(c);
            let known = TOPS.iter().any(|top| span.starts_with(top)) && span.chars().all(plain);
            if known && !house.tree().has(span.trim_end_matches('/')) {
                found.push((path.to_owned(), line, format!("{span} does not exist")));
            }
        }
    }
    found
}

/// Lines of every page that are not in a code block, with path and number.
fn prose(house: &House) -> impl Iterator<Item = (&str, usize, &str)> {
    let pages = house.tree().texts().filter(|(path, _)| path.ends_with(".md"));
    pages.flat_map(|(path, text)| {
        let mut fenced = false;
        text.lines().enumerate().filter_map(move |(i, line)| {
            let fence = line.trim_start().starts_with("```");
            fenced ^= fence;
            (!fenced && !fence).then_some((path, i + 1, line))
        })
    })
}

/// Targets of `[text](target)`.
fn links(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next())
}

/// A link of a page as a path from the root; `None` when it leads out of the repository.
fn resolve(page: &str, link: &str) -> Option<String> {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            _ => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::super::arrows::ROOMS;
    use super::super::sample::{assert_caught, assert_clean, tree};
    use super::MAP;

    #[test]
    fn a_crate_off_the_map_is_caught() {
        for room in ROOMS.iter().filter(|room| room.folder.starts_with("crates/")) {
            let text = tree().text(MAP).unwrap().replace(&format!("`{}`\n", room.name), "");
            assert_caught(&[(MAP, &text)], "architecture", MAP, 0);
        }
    }

    #[test]
    fn a_dead_link_is_caught() {
        let page = "docs/adr/0001-a.md";
        assert_caught(&[(page, "x\n[a](../none.md)\n")], "links", page, 2);
        assert_caught(&[(page, "x\n[a](../../../README.md)\n")], "links", page, 2);
        for text in [
            "[a](../../README.md)\n",
            "[a](../../README.md#part)\n",
            "[a](../../crates)\n",
            "[a](#part) [b](https://a.example/) [c](mailto:a@b.example)\n",
            "```\n[a](none.md)\n```\n",
        ] {
            assert_clean(&[(page, text)]);
        }
    }

    #[test]
    fn a_dead_path_is_caught() {
        let page = "docs/page.md";
        assert_caught(&[(page, "see `crates/detente-core/none.rs`\n")], "paths", page, 1);
        assert_clean(&[(page, "see `crates/NAME/none.rs`, `crates/detente-core/`, `x/y`\n")]);
        assert_clean(&[("CHANGELOG.md", "went: `crates/gone`\n")]);
    }
}
