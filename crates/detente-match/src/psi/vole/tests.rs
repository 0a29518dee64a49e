//! Whole runs in one process.

mod adversary;
mod context_vectors;
mod dealer;
mod payload;
mod runs;
mod support;
mod vectors;
mod views;
