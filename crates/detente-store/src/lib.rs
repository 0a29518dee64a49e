//! Embedded storage: one SQLite file that keeps everything a node knows, and one for what tools of
//! the house bring and read ([`SqliteShelf`]).
//!
//! Is: [`SqliteStore`], the implementation of [`detente_node::ports::Store`] on SQLite, its
//! numbered migrations, and the suite that every backend passes (`conformance`, feature
//! `testing`).
//!
//! Is not: a judge. Nothing here verifies a signature, reads a checkpoint or decides what may
//! leave; it keeps what it is given, in one transaction a deed, and refuses what contradicts what
//! it keeps. It knows nothing of sockets, clocks, entropy or keys.

#![forbid(unsafe_code)]

#[cfg(any(test, feature = "testing"))]
pub mod conformance;
mod migrate;
mod shelf;
mod sqlite;

pub use shelf::{
    AccountRow, FeedPut, FeedRow, Filled, MAX_ACCOUNTS, MAX_FEEDS, MAX_TROUBLES, SqliteShelf,
};
pub use sqlite::{MAX_STAGED_BYTES, MAX_STAGED_PLACES, OpenError, SqliteStore};
