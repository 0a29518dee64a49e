//! Chores of the house that need code: `cargo run -p xtask -- tidy`.
//!
//! Is: the rules of the house that neither the compiler nor clippy knows (which crate may stand on
//! which, which libraries belong to one room, what a source file may contain), each a function over
//! an in-memory tree, so that a test can plant a fault and see it caught.
//! Is not: a linter of Rust in general. Function length, casts, `unwrap`, the clock are clippy's.
//! The same rules run as a test: `cargo nextest run -p xtask`.

#![forbid(unsafe_code)]

pub mod house;
pub mod source;
pub mod tidy;
pub mod tree;
