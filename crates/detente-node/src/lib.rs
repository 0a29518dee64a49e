//! Use cases and their ports: what a node does, without knowing how it is stored, timed or linked.
//!
//! This crate knows nothing of sockets, files, databases, threads or the command line.

#![forbid(unsafe_code)]

mod accord;
mod alert;
mod book;
mod consent;
mod duty;
mod error;
mod export;
mod feedback;
mod handling;
mod keys;
mod lineage;
mod log;
mod lookup;
mod matching;
mod mirror;
mod named;
mod node;
mod object;
mod onward;
mod own;
mod party;
mod push;
mod received;
mod release;
mod retraction;
mod roster;
mod search;
mod serve;
mod table;

pub use detente_ports::{ports, report};

pub use consent::{Narrow, Wish};
pub use detente_match::Progress as MatchProgress;
pub use error::{Class, NodeError};
pub use feedback::Telling;
pub use keys::Keys;
pub use lookup::{Lines, lookup, lookup_holder, publish, refresh};
pub use matching::{OnProgress, RESUME_SECONDS, Relink, match_peer, pull, run_match};
pub use mirror::chain;
pub use node::{Node, Shared};
pub use own::{OwnItem, OwnList, Said, Turn};
pub use party::{MAX_CONTACTS, report_card};
pub use push::{push, push_all, push_due};
pub use received::{Bearing, ReceivedItem, ReceivedSaid, ReleasedSaid};
pub use release::{
    LISTED_MAX, Selection, What, dry_run, dry_run_consented, dry_run_own, release,
    release_consented, release_own, resend, run_peer,
};
pub use retraction::{AnswerWords, TakeBack};
pub use search::named_observable;
pub use serve::{respond, respond_stream};
pub use table::By;
