//! Domain, canonical encoding, keys and signatures.
//!
//! This crate knows nothing of files, sockets, clocks, entropy, storage or matching.

#![forbid(unsafe_code)]

pub mod act;
pub mod encode;
pub mod key;
pub mod name;
pub mod party;
pub mod roster;
pub mod sign;

mod handling;
mod id;
mod kind;
mod level;
pub mod object;
pub mod slot;
mod time;
mod tlp;
mod transform;
mod words;

pub use handling::{
    Handling, MAX_RELEASABLE, ObjectKind, Pap, Purpose, UnknownObjectKind, UnknownPap,
    UnknownPurpose, Whose,
};
pub use id::{AccordId, BadId, Digest, KeyId, PartyId, RunId, log_origin, mirror_name};
pub use kind::{Kind, UnknownKind};
pub use level::{Level, UnknownLevel};
pub use time::{BadTime, Span, UnixSeconds};
pub use tlp::{Tlp, UnknownTlp};
pub use transform::{MAX_TRANSFORMS, TEAR_LINE, Transform, UnknownTransform};
pub use words::{WORDS, words};
