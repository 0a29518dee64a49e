//! The targets, a file for each crate.

use crate::Target;

mod accord;
mod core;
mod intel;
mod log;
mod matching;
mod paper;
mod pattern;
mod peer;
mod stix;
mod taxii;
mod taxii_client;
mod verify;
mod warn;
mod write;

/// The tables of the crates.
pub(crate) const TABLES: &[&[Target]] = &[
    accord::TARGETS,
    core::TARGETS,
    intel::TARGETS,
    log::TARGETS,
    matching::TARGETS,
    paper::TARGETS,
    pattern::TARGETS,
    peer::TARGETS,
    stix::TARGETS,
    taxii::TARGETS,
    taxii_client::TARGETS,
    verify::TARGETS,
    warn::TARGETS,
    write::TARGETS,
];
