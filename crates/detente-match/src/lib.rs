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
//! VOPRF of RFC 9497, as one state machine that eats and gives messages ([`Session`]); and the
//! filters of look-ups ([`lookup`]), whose publication and updates are no runs. What is not here:
//! sockets, clocks, entropy (the caller gives a [`Seed`]), normal forms of items, commitments to
//! inputs, caps and budgets. This crate knows nothing of the other detente crates; it uses worker
//! threads (rayon) and nothing else of the machine.

mod dleq;
mod error;
mod field;
mod item;
pub mod lookup;
mod memory;
#[expect(
    clippy::cast_possible_truncation,
    reason = "counts here are bounded by MAX_ITEMS_FAST, and cutting words is what kernels do"
)]
mod okvs;
#[expect(
    clippy::cast_possible_truncation,
    reason = "counts here are bounded by MAX_ITEMS_FAST, and cutting words is what kernels do"
)]
mod ot;
mod params;
mod psi;
#[expect(
    clippy::cast_possible_truncation,
    reason = "counts here are bounded by MAX_ITEMS_FAST, and cutting words is what kernels do"
)]
mod security;
#[expect(
    clippy::cast_possible_truncation,
    reason = "counts here are bounded by MAX_ITEMS_FAST, and cutting words is what kernels do"
)]
mod simd;
#[expect(
    clippy::cast_possible_truncation,
    reason = "counts here are bounded by MAX_ITEMS_FAST, and cutting words is what kernels do"
)]
mod vole;

pub use error::{Blame, CallerFault, Error, PeerFault};
pub use item::{Item, Seed};
pub use params::{
    CONTEXT_BYTES, Learn, MAX_ITEM_BYTES, MAX_ITEMS, MAX_ITEMS_FAST, MAX_PAYLOAD_BYTES, Mode,
    Padding, Params, Role, SEED_BYTES, padded_len,
};
pub use psi::{BaseTransfer, Contexts, Due, Engine, Outcome, Progress, Session, VoleOptions, ecdh};
pub use simd::Simd;
