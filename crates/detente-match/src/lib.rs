//! Private set intersection without I/O: all modes behind one interface.
//!
//! Two parties hold a list of opaque items each. After a run they know which items both hold
//! ([`Mode::Which`]), also with a context for each ([`Mode::Payload`]), or only how many
//! ([`Mode::CountOnly`]); of the rest they learn the agreed length of the other list and nothing
//! else. Or one of them has published its list as a filter, and the other learns which of a few
//! items stand in it ([`Mode::Lookup`]). Which promises hold against a peer that cheats, and which
//! do not, is said at [`Mode`] and in `docs/protocol/matching.md` and the pages that it names.
//!
//! What is here: three protocols ([`Engine`]), VOLE-PSI, Diffie-Hellman on ristretto255 and the
//! VOPRF of RFC 9497, as one state machine that eats and gives messages ([`Session`]). What is not
//! here: the primitives of the fast matcher (detente-vole) and of look-ups, with their filters,
//! whose publication and updates are no runs (detente-lookup); sockets, clocks, entropy (the caller
//! gives a [`Seed`]), normal forms of items, commitments to inputs, caps and budgets. This crate
//! knows nothing of the other detente crates but those two; it uses worker threads (rayon) and
//! nothing else of the machine.
//!
//! Its own numbers are the limits of a run, with unit and source (`params.rs`, and
//! `psi/ecdh/params.rs` for one protocol); those of the arithmetic stand where that is, in
//! `security` of detente-vole and in `params.rs` of detente-lookup.

mod error;
mod item;
mod params;
mod psi;

pub use detente_vole::simd::Simd;
pub use error::{Blame, CallerFault, Error, PeerFault};
pub use item::{Item, Seed};
pub use params::{
    CONTEXT_BYTES, Learn, MAX_ITEM_BYTES, MAX_ITEMS, MAX_ITEMS_FAST, MAX_PAYLOAD_BYTES, Mode,
    Padding, Params, Role, SEED_BYTES, padded_len,
};
pub use psi::{BaseTransfer, Contexts, Due, Engine, Outcome, Progress, Session, VoleOptions, ecdh};
