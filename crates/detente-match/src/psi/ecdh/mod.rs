//! The Diffie-Hellman matcher on ristretto255.
//!
//! Each end raises the hashes of its items to a secret key, the other end raises them again;
//! exponents commute, so what both hold meets in the same point (Meadows 1986;
//! Huberman, Franklin, Hogg 1999). Byte-exact messages, steps, proof sketch and limits:
//! `docs/protocol/matching-ecdh.md`.
//!
//! The two ends are symmetric, so there is one `session.rs` and no sender and receiver. Around
//! it: `own.rs` (our list on its way out and back), `peer.rs` (the peer's list), `dleq.rs` (the
//! proof that one key was used), `group.rs` (hash to the group, exponentiation), `transcript.rs`
//! and `msgs.rs`.

mod dleq;
mod group;
mod msgs;
mod own;
mod params;
mod peer;
mod progress;
mod session;
mod transcript;

#[cfg(test)]
mod tests;

pub use msgs::{DecodeError, Message};
pub use params::CHUNK_POINTS;
pub use progress::{Part, Progress};
pub use session::Session;
