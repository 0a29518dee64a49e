//! The shape of source files: length, head, unsafe, wild imports, unproved unwraps, dead files.
//!
//! Is: what holds for each `.rs` file by itself. The length of functions is clippy's.

use crate::house::House;
use crate::source::{Source, lines_with_word};

use super::Finding;

/// Lines of one file without its tests.
const MAX_FILE_LINES: usize = 800;

/// Lines of one product crate without its tests.
const MAX_CRATE_LINES: usize = 6_500;

/// Crates that may be larger, with their own limit, until they part: detente-node holds the use
/// cases of negotiation, releases, runs and look-ups; detente the words of all commands and the
/// stories of the demo; detente-core the bodies of all acts; detente-accord all that a text says;
/// detente-store the node's database and the shelf beside it.
const LARGER_CRATES: &[(&str, usize)] = &[
    ("detente", 10_100),
    ("detente-accord", 6_700),
    ("detente-core", 7_400),
    ("detente-node", 10_300),
    ("detente-store", 6_700),
];

/// The only folder that may hold `unsafe`.
const KERNELS: &str = "crates/detente-vole/src/simd/";

/// One in each started thousand lines.
const LINES_PER_UNWRAP: usize = 1_000;

/// Lines that are not inside a test item. Blank lines count: they are read too.
fn product_lines(source: &Source) -> usize {
    let lines = source.text.lines().zip(source.code.lines().zip(source.product.lines()));
    // A line of a test item had code, and has none left.
    lines.filter(|(_, (code, product))| code.trim_end() == product.trim_end()).count()
}

/// Files and crates stay short enough to be read.
pub(super) fn check_length(house: &House) -> Vec<Finding> {
    let mut found = Vec::new();
    for source in house.sources().iter().filter(|source| !source.is_test) {
        let lines = product_lines(source);
        if lines > MAX_FILE_LINES {
            let message =
                format!("{lines} lines without tests, at most {MAX_FILE_LINES}: split it");
            found.push((source.path.clone(), 0, message));
        }
    }
    for room in house.rooms() {
        let sources = house.sources_of(room).filter(|source| !source.is_test);
        let lines: usize = sources.map(product_lines).sum();
        let own = LARGER_CRATES.iter().find(|(name, _)| *name == room.name);
        let max = own.map_or(MAX_CRATE_LINES, |(_, max)| *max);
        if lines > max {
            let message = format!("{lines} lines without tests, at most {max}");
            found.push((room.manifest(), 0, message));
        }
    }
    found
}

/// The first line that is neither blank nor an inner attribute opens the head.
pub(super) fn check_head(house: &House) -> Vec<Finding> {
    let headless = |source: &&Source| {
        let mut lines = source.text.lines().map(str::trim);
        let first = lines.find(|line| !line.is_empty() && !line.starts_with("#!"));
        !source.is_test && !first.is_some_and(|line| line.starts_with("//!"))
    };
    let say = |source: &Source| {
        let message = "open the module with //! and what it is, is not, and comes from";
        (source.path.clone(), 1, message.to_owned())
    };
    house.sources().iter().filter(headless).map(say).collect()
}

/// Unsafe code stands in the vector kernels, tests included.
pub(super) fn check_unsafe(house: &House) -> Vec<Finding> {
    let outside = house.sources().iter().filter(|source| !source.path.starts_with(KERNELS));
    outside
        .flat_map(|source| hits(source, &source.code, "unsafe", "unsafe outside the kernels"))
        .collect()
}

/// No reader should have to guess where a name comes from.
pub(super) fn check_glob(house: &House) -> Vec<Finding> {
    let message = "name what is imported: no use super::* outside tests";
    let sources = house.sources().iter();
    sources.flat_map(|source| hits(source, &source.product, "use super::*", message)).collect()
}

fn hits(source: &Source, code: &str, word: &str, message: &str) -> Vec<Finding> {
    let lines = lines_with_word(code, word).into_iter();
    lines.map(|line| (source.path.clone(), line, message.to_owned())).collect()
}

/// Product crates unwrap hardly ever. That each has its proof is clippy's to ask.
pub(super) fn check_unwrap(house: &House) -> Vec<Finding> {
    let mut found = Vec::new();
    for room in house.rooms().iter().filter(|room| room.folder.starts_with("crates/")) {
        let (mut lines, mut unwraps) = (0_usize, 0_usize);
        for source in house.sources_of(room).filter(|source| !source.is_test) {
            lines += product_lines(source);
            unwraps += [".unwrap()", ".expect("]
                .map(|word| source.product.matches(word).count())
                .iter()
                .sum::<usize>();
        }
        let max = lines.div_ceil(LINES_PER_UNWRAP);
        if unwraps > max {
            let message = format!("{unwraps} unwrap or expect in {lines} lines, at most {max}");
            found.push((room.manifest(), 0, message));
        }
    }
    found
}

/// A source file that no `mod` line declares is compiled by nobody.
pub(super) fn check_dead(house: &House) -> Vec<Finding> {
    let dead = |source: &&Source| !is_root(&source.path) && !is_declared(house, &source.path);
    let say = |source: &Source| {
        (source.path.clone(), 0, "no mod line declares this file: it is never compiled".to_owned())
    };
    house.sources().iter().filter(dead).map(say).collect()
}

/// Files that cargo itself finds: roots of libraries, binaries, tests, benches, fuzz targets.
fn is_root(path: &str) -> bool {
    let mut parts: Vec<&str> = path.split('/').collect();
    let file = parts.pop().unwrap_or_default();
    let folder = parts.pop().unwrap_or_default();
    match folder {
        "src" => ["lib.rs", "main.rs"].contains(&file),
        "bin" | "benches" | "examples" | "fuzz_targets" => true,
        // The outer tests of a crate; `tests` below `src/` is a module.
        "tests" if parts.len() == 2 => true,
        // A binary or a test of several files; a crate's build script.
        _ if ["bin", "tests"].contains(parts.last().unwrap_or(&"")) => file == "main.rs",
        _ => file == "build.rs",
    }
}

fn is_declared(house: &House, path: &str) -> bool {
    let stem = path.strip_suffix(".rs").unwrap_or(path);
    let stem = stem.strip_suffix("/mod").unwrap_or(stem);
    let Some((folder, name)) = stem.rsplit_once('/') else {
        return false;
    };
    let parents = [
        format!("{folder}.rs"),
        format!("{folder}/mod.rs"),
        format!("{folder}/lib.rs"),
        format!("{folder}/main.rs"),
    ];
    let declaration = format!("mod {name};");
    house.sources().iter().any(|source| {
        parents.contains(&source.path) && !lines_with_word(&source.code, &declaration).is_empty()
    })
}

#[cfg(test)]
mod tests;
