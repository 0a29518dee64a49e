//! The negotiating table: what a person asks for becomes the body of an act ([`Motion`]), and what
//! the acts amount to is told as plain data ([`positions()`], [`matrix()`], [`words()`],
//! [`meetings()`], [`duties`]), and so is what a text would let leave ([`exposure`]).
//!
//! Is: two pure translations between people's words and the fold. Is not: a judgement; what an act
//! does is decided in `detente-state` alone. This crate knows nothing of keys, logs, storage,
//! sockets or clocks, so that an auditor's program can tell the same as a node.

#![forbid(unsafe_code)]

mod alerts;
pub mod duties;
pub mod exposure;
mod matrix;
mod meetings;
mod motion;
mod positions;
mod resolve;
mod retractions;
mod words;

pub use alerts::{AlertReport, alert};
pub use matrix::{CellReport, ClauseRow, MatrixReport, matrix};
pub use meetings::{AccountReport, MeetingReport, StatementReport, TopicCompared, meetings};
pub use motion::{About, Line, Motion, MotionFault, On, Toward};
pub use positions::{
    AsideReport, HeldReport, PendingReport, PositionsReport, StandReport, TopicReport, positions,
};
pub use resolve::Resolver;
pub use retractions::{
    AnswerReport, OnwardReport, PassedReport, ReceiverReport, RetractionReport, retractions,
};
pub use words::{
    BracketReport, FieldReport, OpenReport, PieceReport, UnitReport, WordsReport, words,
};

use detente_core::PartyId;

/// How parties are called.
pub type Names<'a> = &'a dyn Fn(PartyId) -> String;
