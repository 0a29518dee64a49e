//! Private set intersection without I/O.
//!
//! Two parties hold a list of opaque items each. After a run they know which items both hold
//! ([`Mode::Which`]), also with a context for each ([`Mode::Payload`]), or only how many
//! ([`Mode::CountOnly`]); of the rest they learn the agreed
//! length of the other list and nothing else. Which promises hold against a peer that cheats,
//! and which do not, is said at [`Mode`], in `docs/protocol/matching-vole.md` and in
//! `docs/protocol/matching-ecdh.md`.
//!
//! What is here: two matchers ([`Engine`]), VOLE-PSI and Diffie-Hellman on ristretto255, as one
//! state machine that eats and gives messages ([`Session`]). What is not here: sockets, clocks,
//! entropy (the caller gives a [`Seed`]), normal forms of items, commitments to inputs, caps and
//! budgets. This crate knows nothing of the other detente crates; it uses worker threads (rayon)
//! and nothing else of the machine.

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
