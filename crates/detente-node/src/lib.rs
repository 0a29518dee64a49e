//! Use cases and their ports: what a node does, without knowing how it is stored, timed or linked.
//!
//! This crate knows nothing of sockets, files, databases, threads or the command line.

pub mod ports;
