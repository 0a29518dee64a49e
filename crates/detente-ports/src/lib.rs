//! The doors of a node to the world, and what it reports: what the use cases, the stores, the net
//! and the command line speak of, without the use cases themselves.
//!
//! This crate knows nothing of sockets, files, databases, threads or the command line.

#![forbid(unsafe_code)]

pub mod ports;
pub mod report;
