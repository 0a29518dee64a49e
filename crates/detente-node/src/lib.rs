//! Use cases and their ports.
