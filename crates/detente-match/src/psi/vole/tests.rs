//! Whole runs in one process.

mod adversary;
mod runs;
mod support;
mod vectors;
