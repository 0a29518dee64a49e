//! The targets, a file for each crate.

use crate::Target;

mod core;
mod intel;
mod log;
mod matching;
mod peer;
mod verify;

/// The tables of the crates.
pub(crate) const TABLES: &[&[Target]] = &[
    core::TARGETS,
    intel::TARGETS,
    log::TARGETS,
    matching::TARGETS,
    peer::TARGETS,
    verify::TARGETS,
];
