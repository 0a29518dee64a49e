//! The hashes of RFC 6962 §2.1 over SHA-256.
//!
//! Is: leaf hash, node hash, the empty root and the base64 spelling of a hash. Is not: a choice of
//! hash function; tlog-tiles fixes SHA-256.

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::text::{parse_base64, to_base64};

/// A text that is not one base64-encoded hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// Not canonical padded standard base64.
    #[error("hash is not canonical base64")]
    Base64,
    /// Not 32 bytes.
    #[error("hash has {got} bytes, not 32")]
    Length {
        /// Decoded bytes.
        got: usize,
    },
}

impl HashError {
    /// Stable machine code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Base64 => "hash_base64",
            Self::Length { .. } => "hash_length",
        }
    }
}

/// A SHA-256 Merkle tree hash.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash([u8; Self::LEN]);

impl Hash {
    /// Bytes in a hash.
    pub const LEN: usize = 32;
    /// Root of the empty tree: SHA-256 of the empty string (RFC 6962 §2.1).
    pub const EMPTY_ROOT: Self = Self([
        0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9,
        0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52,
        0xb8, 0x55,
    ]);

    /// Takes 32 bytes as they are.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// Reads the canonical base64 of 32 bytes.
    ///
    /// # Errors
    /// [`HashError`] names the fault.
    pub fn from_base64(text: &str) -> Result<Self, HashError> {
        let bytes = parse_base64(text).ok_or(HashError::Base64)?;
        let got = bytes.len();
        bytes.try_into().map(Self).map_err(|_| HashError::Length { got })
    }

    /// Writes padded standard base64, 44 characters.
    #[must_use]
    pub fn to_base64(&self) -> String {
        to_base64(&self.0)
    }
}

impl fmt::Display for Hash {
    /// Lowercase hex.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Hash({self})")
    }
}

/// The hash of one entry: SHA-256 of 0x00 and the entry (RFC 6962 §2.1).
#[must_use]
pub fn leaf_hash(entry: &[u8]) -> Hash {
    Hash(Sha256::new().chain_update([0x00]).chain_update(entry).finalize().into())
}

/// The hash of an inner node: SHA-256 of 0x01, left and right (RFC 6962 §2.1).
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut input = [0x01; 1 + 2 * Hash::LEN];
    input[1..=Hash::LEN].copy_from_slice(&left.0);
    input[1 + Hash::LEN..].copy_from_slice(&right.0);
    Hash(Sha256::digest(input).into())
}
