//! Look-ups without I/O: a small private query against a big set.
//!
//! Is: the VOPRF of RFC 9497 (ristretto255-SHA512, mode 0x01) with a batch proof, the coded filter
//! of the holder's outputs, and the update from one filter to the next. The holder evaluates its
//! set once for each key; the asker holds the filter, has its own values evaluated blindly, and
//! looks the outputs up.
//! Is not: the order of messages of a query, which is `psi/voprf` of detente-match; terms, budgets,
//! commitments, storage, sockets. This crate knows nothing of the other detente crates. See
//! `docs/protocol/matching-lookup.md` for the bytes and `docs/adr/0009-lookup.md` for the choices.
//!
//! All its numbers, with unit and source, stand in `params.rs`. [`dleq`] is the arithmetic of a
//! proof that the Diffie-Hellman matcher needs too.

mod asker;
mod coding;
pub mod dleq;
mod error;
mod filter;
mod group;
mod holder;
mod params;
mod proof;
#[cfg(test)]
mod tests;
mod update;

pub use asker::{Outputs, Query};
pub use error::{Blame, LookupError};
pub use filter::{
    Bucket, FilterDigest, FilterHasher, FilterWriter, read_bucket, read_framed, write_framed,
};
pub use holder::{Key, dummies};
pub use params::{
    ELEMENT_BYTES, FALSE_POSITIVE_BITS, MAX_BUCKET_BYTES, MAX_FILTER_ITEMS, MAX_QUERY,
    MAX_REPLY_BYTES, MIN_FILTER_ITEMS, PROOF_BYTES, SEED_BYTES, Shape,
};
pub use update::{Change, Merge, changes, encode_update, read_update};
