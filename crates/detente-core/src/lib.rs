//! Domain, canonical encoding, keys and signatures.
//!
//! This crate knows nothing of files, sockets, clocks, entropy, storage or matching.

mod kind;
mod tlp;

pub use kind::{Kind, UnknownKind};
pub use tlp::{Tlp, UnknownTlp};
