//! Indicators: normal form, markings, and readers of untrusted files.
//!
//! In scope: what an observable is in normal form ([`Observable`], version
//! [`NORMAL_FORM_VERSION`]), the context and handling marking that stand beside it
//! ([`Indicator`], [`Markings`]), and bounded readers of lists, free text, hosts files, CSV, STIX
//! 2.1, MISP and OpenIOC ([`read`]) that account for every line or object they meet.
//!
//! Out of scope: files, storage, matching, and any decision about what may leave. This crate knows
//! nothing of sockets, disks, clocks, entropy or accords. The rules of the normal form stand in
//! `docs/protocol/normal-form.md`, known answers in `vectors/normal-form.json`.

#![forbid(unsafe_code)]

mod decay;
mod handling;
mod indicator;
mod marking;
mod observable;
pub mod read;
mod refang;
mod timestamp;
mod words;

pub use decay::score;
pub use handling::Stated;
pub use indicator::{
    Context, ContextFault, Indicator, MAX_DESCRIPTION, MAX_EXTRA_KEY, MAX_EXTRA_VALUE, MAX_EXTRAS,
    MAX_LABEL, MAX_LABELS, MAX_ORIGIN, MAX_SOURCE,
};
pub use marking::{MAX_MARKING_TEXT, MAX_MARKING_TEXTS, Markings};
pub use observable::{
    MAX_INPUT, MAX_MATCH_KEY, MAX_VALUE, NORMAL_FORM_VERSION, NormalFault, Observable,
};
pub use refang::{defang, refang};
pub use timestamp::parse_unix_seconds;
pub use words::{MAX_WORD, texts, words};
