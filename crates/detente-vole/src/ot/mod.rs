//! Oblivious transfer: 128 base transfers, and as many correlated ones from them as are wanted.
//!
//! The side that will own Delta is the *chooser* of the base transfers: its choices are the bits of
//! Delta. `kem.rs` has them on ML-KEM-768 (the default), `group.rs` on ristretto255; both are
//! MR19's endemic transfer. `extension.rs` makes correlated transfers with Roy22's check.
//! Not here: transfers of messages; whoever needs one masks with a hash of a correlation.

mod extension;
mod group;
mod kem;
#[cfg(test)]
mod tests;

pub use extension::{DeltaSide, ExtensionError, NoiseSide, message_bytes as extension_bytes};

use crate::field::F128;

/// Base transfers: the bits of Delta. Count.
pub const BASE: usize = 128;

/// A secret of one transfer.
pub type Key = [u8; 32];

/// What the base transfers stand on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum BaseTransfer {
    /// ML-KEM-768 (FIPS 203): holds against quantum computers.
    #[default]
    MlKem768 = 1,
    /// Diffie-Hellman on ristretto255 (RFC 9496): small, classical.
    Ristretto255 = 2,
}

impl BaseTransfer {
    /// The code of this suite in hashed bytes.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// Bytes of the chooser's message.
    pub fn choice_bytes(self) -> usize {
        match self {
            BaseTransfer::MlKem768 => BASE * kem::CHOICE_BYTES,
            BaseTransfer::Ristretto255 => BASE * group::CHOICE_BYTES,
        }
    }

    /// Bytes of the answer.
    pub fn reply_bytes(self) -> usize {
        match self {
            BaseTransfer::MlKem768 => BASE * kem::REPLY_BYTES,
            BaseTransfer::Ristretto255 => group::REPLY_BYTES,
        }
    }
}

/// Why a message of the base transfers is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidTransfer {
    /// Number of the transfer.
    pub index: usize,
}

/// Binds hashes to the run and the transfer.
#[derive(Clone, Copy)]
struct Binding<'a> {
    context: &'a [u8; 32],
    index: usize,
}

impl Binding<'_> {
    /// A hash for this transfer and one of its sides.
    fn hasher(&self, label: &str, side: usize) -> blake3::Hasher {
        let mut hasher = blake3::Hasher::new_derive_key(label);
        hasher
            .update(self.context)
            .update(&(self.index as u64).to_le_bytes())
            .update(&[side as u8]);
        hasher
    }
}

/// The chooser, who waits for the answer.
pub struct Chooser(Suite);

enum Suite {
    Kem(kem::Chooser),
    Group(group::Chooser),
}

impl Chooser {
    /// Chooses by the bits of `choice`; gives the message, [`BaseTransfer::choice_bytes`] long.
    pub fn choose(
        suite: BaseTransfer,
        context: &[u8; 32],
        secret: &Key,
        choice: F128,
    ) -> (Chooser, Vec<u8>) {
        match suite {
            BaseTransfer::MlKem768 => {
                let (chooser, message) = kem::Chooser::choose(context, secret, choice);
                (Chooser(Suite::Kem(chooser)), message)
            }
            BaseTransfer::Ristretto255 => {
                let (chooser, message) = group::Chooser::choose(context, secret, choice);
                (Chooser(Suite::Group(chooser)), message)
            }
        }
    }

    /// The chosen keys.
    pub fn finish(self, context: &[u8; 32], reply: &[u8]) -> Result<Vec<Key>, InvalidTransfer> {
        match self.0 {
            Suite::Kem(chooser) => chooser.finish(context, reply),
            Suite::Group(chooser) => chooser.finish(context, reply),
        }
    }
}

/// The answer to a chooser's message, and both keys of each transfer.
pub fn reply(
    suite: BaseTransfer,
    context: &[u8; 32],
    secret: &Key,
    message: &[u8],
) -> Result<(Vec<u8>, Vec<[Key; 2]>), InvalidTransfer> {
    match suite {
        BaseTransfer::MlKem768 => kem::reply(context, secret, message),
        BaseTransfer::Ristretto255 => group::reply(context, secret, message),
    }
}
