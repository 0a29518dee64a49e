//! The targets, a file for each crate.

use crate::Target;

mod accord;
mod core;
mod intel;
mod log;
mod matching;
mod paper;
mod peer;
mod verify;

/// The tables of the crates.
pub(crate) const TABLES: &[&[Target]] = &[
    accord::TARGETS,
    core::TARGETS,
    intel::TARGETS,
    log::TARGETS,
    matching::TARGETS,
    paper::TARGETS,
    peer::TARGETS,
    verify::TARGETS,
];
