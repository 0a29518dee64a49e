//! STIX 2.1 objects: read, checked, given their deterministic identifiers, and raised from 2.0.
//!
//! In scope: the head of an object read from its bytes, which stay as they came ([`Object`],
//! [`Header`]); whether an object follows the standard ([`check()`]); the deterministic identifiers
//! of cyber observables ([`sco_id()`]) and the canonical JSON under them ([`canonical`]); objects
//! of STIX 2.0 raised to 2.1 ([`upgrade()`]).
//!
//! Out of scope: storage, TAXII, what a marking allows, and the syntax of patterns. This crate
//! knows nothing of sockets, disks, clocks, entropy or the rest of the workspace. The rules stand
//! in `docs/protocol/stix.md`, known answers in `vectors/stix-*.json`.

#![forbid(unsafe_code)]

mod check;
mod header;
mod identifier;
mod jcs;
mod observable_types;
mod raw;
mod scan;
mod sco_id;
mod timestamp;
mod tree;
mod upgrade;

pub use check::{
    Finding, Level, MAX_BUNDLE, MAX_FINDINGS, Options, PatternRule, Report, check, check_with,
};
pub use header::{Header, HeaderFault, MAX_MARKINGS, Object, SpecVersion};
pub use identifier::{Identifier, IdentifierFault, MAX_IDENTIFIER, MAX_TYPE, is_type_name};
pub use jcs::canonical;
pub use observable_types::{OBSERVABLE_TYPES, is_observable};
pub use scan::{MAX_DEPTH, MAX_NUMBER, MAX_OBJECT, ScanFault};
pub use sco_id::{SCO_NAMESPACE, contributing_properties, sco_id};
pub use timestamp::{MAX_TIMESTAMP, Timestamp, TimestampFault};
pub use tree::TreeFault;
pub use upgrade::{KEPT_PREFIX, MAX_CARRIED_MARKINGS, MAX_CONTAINED, UpgradeFault, upgrade};
