//! Whole runs in one process.

mod runs;
