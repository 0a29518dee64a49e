//! The auditor: checks an exported record offline, and lays one out.
//!
//! Is: the folder that a record is exported as, defined once for who writes it ([`files`]) and who
//! checks it ([`audit()`]); the audit, which answers with a [`Report`]; and [`ForkProof`], which
//! convinces anyone that a log signed two histories.
//!
//! Is not: a node. Nothing here opens a file or a socket, reads a clock or draws a random number: a
//! [`Folder`] is handed in. This crate builds without a database, a transport or the matching
//! engine, so that an auditor can read all of it.
//!
//! The folder is described in `docs/protocol/export.md`.

#![forbid(unsafe_code)]

mod audit;
mod folder;
mod json;
mod layout;
mod path;
mod readme;
mod record;
mod report;
mod split_view;
mod tree;

pub use audit::audit;
pub use folder::{
    Folder, FolderError, MAX_CHECKPOINT, MAX_ENTRIES, MAX_FILES, MAX_PATH, MAX_TOTAL,
};
pub use layout::{LayoutError, MAX_PROOFS, files};
pub use record::{EntryRecord, LogRecord, Record};
pub use report::{
    Agreed, AlertLine, Facts, Finding, MAX_FINDINGS, PartyReport, Place, Report, Severity,
};
pub use split_view::{Fork, ForkError, ForkProof, MAX_FORK_PROOF};
