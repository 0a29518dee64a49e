//! The table of fuzz targets: one function for each parser of bytes that come from outside.
//!
//! Is: what the files in `fuzz_targets/` (libFuzzer, guided by coverage) and the smoke run (stable
//! Rust, seeded mutation) have in common, so that both try the same code. A target passes when it
//! returns: it must not panic, allocate what its input did not pay for, or run for long; where it
//! has an own law (what is read and written again is the same), it asserts it.
//! Is not: part of the product.

mod targets;

/// A parser under test, by the name of its file in `fuzz_targets/`.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Name: crate, underscore, what is read.
    pub name: &'static str,
    /// The parser; whether it took the input.
    pub run: fn(&[u8]) -> bool,
    /// Inputs to start from, made by the writers of the product; the parser takes each of them.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// Every target.
pub fn targets() -> impl Iterator<Item = &'static Target> {
    targets::TABLES.iter().copied().flatten()
}

/// Runs the target of this name; what the files in `fuzz_targets/` call.
///
/// # Panics
/// When there is no such target, or when the target fails.
pub fn run(name: &str, bytes: &[u8]) {
    let target = targets().find(|target| target.name == name);
    // Whether the input is taken does not matter, only that there is an answer.
    let _ = (target.expect("a target of the table").run)(bytes);
}
