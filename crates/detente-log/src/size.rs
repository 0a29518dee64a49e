//! Sizes of trees, indices of leaves, and the pair that names one state of a log.
//!
//! Is: newtypes, so that an index is never taken for a size. Is not: proofs or text formats.
//! Source: RFC 6962 §2.1; the bound of 2^63 - 1 is that of Go's `sumdb/tlog` (int64).

use std::fmt;

use crate::hash::Hash;
use crate::text::parse_decimal;

/// A number that is not in its one accepted spelling, or is too large.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// Nothing where a number belongs.
    #[error("number is empty")]
    Empty,
    /// A zero before other digits.
    #[error("number has a leading zero")]
    LeadingZero,
    /// A sign, a space or anything else that is not an ASCII digit.
    #[error("number holds something that is not an ascii digit")]
    NotDigit,
    /// More than the type can hold.
    #[error("number is too large")]
    TooLarge,
}

impl NumberError {
    /// Stable machine code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "number_empty",
            Self::LeadingZero => "number_leading_zero",
            Self::NotDigit => "number_not_digit",
            Self::TooLarge => "number_too_large",
        }
    }
}

/// How many leaves a tree has; at most [`TreeSize::MAX`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TreeSize(u64);

impl TreeSize {
    /// The empty tree.
    pub const ZERO: Self = Self(0);
    /// The largest tree that this crate accepts: 2^63 - 1 leaves.
    pub const MAX: Self = Self((1 << 63) - 1);

    /// Checks the bound.
    ///
    /// # Errors
    /// [`NumberError::TooLarge`] above [`TreeSize::MAX`].
    pub fn new(leaves: u64) -> Result<Self, NumberError> {
        if leaves > Self::MAX.0 { Err(NumberError::TooLarge) } else { Ok(Self(leaves)) }
    }

    /// Reads the strict decimal spelling.
    ///
    /// # Errors
    /// [`NumberError`] names the fault.
    pub fn parse(text: &str) -> Result<Self, NumberError> {
        Self::new(parse_decimal(text)?)
    }

    /// The number of leaves.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Whether the tree has no leaf.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Whether the tree has a leaf of this index.
    #[must_use]
    pub const fn contains(self, index: LeafIndex) -> bool {
        index.0 < self.0
    }

    /// The size after `more` further leaves, or `None` above [`TreeSize::MAX`].
    #[must_use]
    pub fn checked_add(self, more: u64) -> Option<Self> {
        self.0.checked_add(more).and_then(|sum| Self::new(sum).ok())
    }

    /// The index that the next leaf will get.
    #[must_use]
    pub const fn next_index(self) -> LeafIndex {
        LeafIndex(self.0)
    }
}

impl fmt::Display for TreeSize {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

/// The zero-based position of a leaf.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeafIndex(u64);

impl LeafIndex {
    /// Any number is an index; whether a tree has it is [`TreeSize::contains`].
    #[must_use]
    pub const fn new(index: u64) -> Self {
        Self(index)
    }

    /// Reads the strict decimal spelling.
    ///
    /// # Errors
    /// [`NumberError`] names the fault.
    pub fn parse(text: &str) -> Result<Self, NumberError> {
        Ok(Self(parse_decimal(text)?))
    }

    /// The position.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for LeafIndex {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

/// The size and the root hash of a tree: one state of a log, claimed or proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TreeHead {
    /// Number of leaves.
    pub size: TreeSize,
    /// Merkle tree hash over them.
    pub root: Hash,
}

impl TreeHead {
    /// The head of the empty tree.
    pub const EMPTY: Self = Self { size: TreeSize::ZERO, root: Hash::EMPTY_ROOT };

    /// False for a head of size zero whose root is not that of the empty tree.
    #[must_use]
    pub fn is_possible(&self) -> bool {
        !self.size.is_zero() || self.root == Hash::EMPTY_ROOT
    }
}
