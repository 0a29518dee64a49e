//! Exports as their readers see them.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod behaviour;
mod round;
mod support;
mod vectors;
