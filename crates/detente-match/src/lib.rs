//! Private set intersection without I/O.
//!
//! Two parties hold a list of opaque items each. After a run they know which items both hold
//! ([`Mode::Which`]) or only how many ([`Mode::CountOnly`]); of the rest they learn the agreed
//! length of the other list and nothing else. Which promises hold against a peer that cheats,
//! and which do not, is said at [`Mode`] and in `docs/protocol/matching-ecdh.md`.
//!
//! What is here: one matcher, Diffie-Hellman on ristretto255, as a state machine that eats and
//! gives messages ([`Session`]). What is not here: sockets, clocks, entropy (the caller gives a
//! [`Seed`]), normal forms of items, commitments to inputs, caps and budgets. This crate knows
//! nothing of the other detente crates; it uses worker threads (rayon) and nothing else of the
//! machine.

mod error;
mod item;
mod params;
mod psi;

pub use error::{Blame, CallerFault, Error, PeerFault};
pub use item::{Item, Seed};
pub use params::{
    CONTEXT_BYTES, Learn, MAX_ITEM_BYTES, MAX_ITEMS, Mode, Padding, Params, Role, SEED_BYTES,
    padded_len,
};
pub use psi::ecdh::{CHUNK_POINTS, DecodeError, Message, Session};
pub use psi::{Outcome, Part, Progress};
