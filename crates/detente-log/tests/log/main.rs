//! Tests of the public face of the crate: known answers, and other people's crates.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail tests")]

mod cross;
mod vectors;
