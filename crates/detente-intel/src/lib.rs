//! Indicators: normal form, context, markings.
//!
//! In scope: what an observable is in normal form ([`Observable`], version
//! [`NORMAL_FORM_VERSION`]), the context and handling marking that stand beside it
//! ([`Indicator`], [`Markings`]), what it is worth by now ([`score`]), and the words by which it is
//! found ([`words()`]).
//!
//! Out of scope: reading files (`detente-read`) and writing them (`detente-write`), storage,
//! matching, and any decision about what may leave. This crate knows nothing of sockets, disks,
//! clocks, entropy or accords. The rules of the normal form stand in
//! `docs/protocol/normal-form.md`, known answers in `vectors/normal-form.json`.

#![forbid(unsafe_code)]

mod decay;
mod handling;
mod indicator;
mod marking;
mod observable;
mod refang;
mod standing;
mod timestamp;
mod words;

pub use decay::score;
pub use handling::{Stated, is_link};
pub use indicator::{
    Context, ContextFault, Indicator, MAX_DESCRIPTION, MAX_EXTRA_KEY, MAX_EXTRA_VALUE, MAX_EXTRAS,
    MAX_LABEL, MAX_LABELS, MAX_ORIGIN, MAX_SOURCE,
};
pub use marking::{MAX_MARKING_TEXT, MAX_MARKING_TEXTS, Markings, stix_tlp};
pub use observable::{
    MAX_INPUT, MAX_MATCH_KEY, MAX_VALUE, NORMAL_FORM_VERSION, NormalFault, Observable,
};
pub use refang::{defang, is_expression, refang};
pub use standing::{Fate, Standing, fates, in_force};
pub use timestamp::{parse_unix_micros, parse_unix_seconds};
pub use words::{MAX_WORD, texts, words};
