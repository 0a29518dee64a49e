//! Who is at fault when a check fails.
//!
//! Is: the sorting that every error of this crate offers beside its text, so that a caller among
//! parties who do not trust each other knows what is evidence and what is not. Is not: evidence
//! itself, which is the bytes that failed.

/// Whose fault an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Blame {
    /// The program that called gave arguments that cannot be right.
    Caller,
    /// Storage failed or returned something else than it was asked for.
    Environment,
    /// Bytes written by somebody else are malformed, forged or contradict what was proven.
    Peer,
}
