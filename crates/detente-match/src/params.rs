//! What the two parties agree before a run, and the bounds that hold for every matcher.
//!
//! Not here: the constants of one protocol (`psi/ecdh/params.rs`), and of the arithmetic below
//! (`security` of detente-vole, `params.rs` of detente-lookup).

use crate::error::CallerFault;
use detente_lookup::ELEMENT_BYTES;

/// Most items in one list of the fast matcher, padding included. Count: 256 bins of 2^20.
pub const MAX_ITEMS_FAST: u32 = 1 << 28;

/// Most items in one list of the Diffie-Hellman matcher, padding included. Count. Choice: at this
/// size one run of the
/// Diffie-Hellman matcher needs about 1.6 GiB and hours of two cores; larger sets go in bins.
pub const MAX_ITEMS: u32 = 1 << 24;

/// Longest item. Bytes. Choice: longer than any indicator in its normal form (URLs of more than
/// 4 KiB are refused by common browsers and proxies).
pub const MAX_ITEM_BYTES: usize = 4096;

/// Length of the value that binds a run to its terms. Bytes: one SHA-256 output.
pub const CONTEXT_BYTES: usize = 32;

/// Length of the secret from which all that is random in a run is drawn. Bytes: 256 bits, the
/// key size of ChaCha20 (RFC 8439 §2.3).
pub const SEED_BYTES: usize = 32;

/// Longest context of one common item in [`Mode::Payload`]. Bytes. Choice: an indicator with its
/// markings and a paragraph of text; what is longer goes as a release of its own.
pub const MAX_PAYLOAD_BYTES: u32 = 4096;

/// What a run tells.
///
/// No mode stops a party from entering made-up items: caps, budgets and commitments
/// around the run do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Which items both hold. A peer that departs from the protocol is caught or learns and
    /// achieves no more than a made-up list would have given it, with the one exception
    /// (several guesses in one slot) that `docs/protocol/matching-ecdh.md` describes.
    Which,
    /// How many items both hold. **Holds only while the peer follows the protocol**: one that
    /// departs from it can report a false count, and can learn which of its own items are
    /// common, as if the mode were [`Mode::Which`].
    CountOnly,
    /// As [`Mode::Which`], and each end gives the other a context for each common item, batch for
    /// batch, within the run. Contexts of other items leave no end. Only with [`Learn::Both`].
    Payload {
        /// Longest context, 1 to [`MAX_PAYLOAD_BYTES`]: all are filled up to it. Bytes.
        bytes: u32,
    },
    /// Which of a few items of the initiator stand in a list that the responder has published as a
    /// filter. The responder learns how many are asked and nothing of the answer. Only with
    /// [`Learn::Initiator`]. A reply made with another key is found; a made-up list is not.
    Lookup {
        /// The key on record under which the list was published.
        key: [u8; ELEMENT_BYTES],
    },
}

impl Mode {
    /// The code of this mode in hashed bytes.
    pub const fn code(self) -> u8 {
        match self {
            Mode::Which => 1,
            Mode::CountOnly => 2,
            Mode::Payload { .. } => 3,
            Mode::Lookup { .. } => 4,
        }
    }
}

/// Who learns the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Learn {
    /// Both sides, and each proves to the other that it has the same answer.
    Both = 1,
    /// The initiator alone; the responder learns the length of its list.
    Initiator = 2,
}

impl Learn {
    /// The code of this setting in hashed bytes.
    pub const fn code(self) -> u8 {
        self as u8
    }
}

/// Which end of the run a session is. The two ends differ only in who learns under
/// [`Learn::Initiator`] and in the labels of their hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Role {
    /// The end that asked for the run.
    Initiator = 1,
    /// The end that was asked.
    Responder = 2,
}

impl Role {
    /// The code of this role in hashed bytes.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The other end.
    #[must_use]
    pub const fn other(self) -> Role {
        match self {
            Role::Initiator => Role::Responder,
            Role::Responder => Role::Initiator,
        }
    }
}

/// The agreed terms of one run. Both ends must enter the same (with roles and lengths swapped);
/// a difference shows in the first message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Params {
    /// Which end this session is.
    pub role: Role,
    /// What the run tells.
    pub mode: Mode,
    /// Who learns it.
    pub learn: Learn,
    /// Binds the run to what is around it: a digest of the terms, the run's number and both
    /// parties. It must never repeat, or points of two runs may be linked.
    pub context: [u8; CONTEXT_BYTES],
    /// Length of our list after padding; its limit is the engine's. The peer learns it. In a
    /// look-up: of the query at the end that asks, of the filter at the other.
    pub own_len: u32,
    /// Length of the peer's list after padding, likewise.
    pub peer_len: u32,
}

impl Params {
    /// Whether this end sends the peer's points back, raised to its own key.
    pub(crate) fn answers(&self) -> bool {
        self.learn == Learn::Both || self.role == Role::Responder
    }

    /// Whether this end learns the answer.
    pub(crate) fn learns(&self) -> bool {
        self.learn == Learn::Both || self.role == Role::Initiator
    }

    /// As [`Params::check`], with the fast matcher's limit.
    pub(crate) fn check_fast(&self, items: usize) -> Result<(), CallerFault> {
        self.check_lengths(items, MAX_ITEMS_FAST)
    }

    /// Refuses lengths above [`MAX_ITEMS`] and a list that does not fit its padded length.
    pub(crate) fn check(&self, items: usize) -> Result<(), CallerFault> {
        self.check_lengths(items, MAX_ITEMS)
    }

    fn check_lengths(&self, items: usize, max: u32) -> Result<(), CallerFault> {
        for got in [self.own_len, self.peer_len] {
            if got > max {
                return Err(CallerFault::ListTooLong { got, max });
            }
        }
        if items > self.own_len as usize {
            return Err(CallerFault::PaddingTooShort { items, padded: self.own_len });
        }
        Ok(())
    }
}

/// How list lengths are rounded up before the peer sees them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Padding {
    /// Up to a multiple of this many items; 0 means 1, that is no padding.
    Multiple(u32),
    /// The peer learns the exact length.
    None,
    /// Up to a power of two.
    PowerOfTwo,
}

/// The length that a list of `real` items shows under `bucket`.
///
/// An empty list takes one whole bucket, so that emptiness does not show. The result is
/// `u32::MAX`, which no session accepts, where rounding up would overflow.
pub fn padded_len(real: u32, bucket: Padding) -> u32 {
    match bucket {
        Padding::None => real,
        Padding::PowerOfTwo => real.checked_next_power_of_two().unwrap_or(u32::MAX),
        Padding::Multiple(0 | 1) => real,
        Padding::Multiple(step) => real.max(1).checked_next_multiple_of(step).unwrap_or(u32::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_ITEMS, Padding, padded_len};

    #[test]
    fn lengths_round_up_to_the_bucket() {
        for (real, bucket, padded) in [
            (0, Padding::None, 0),
            (7, Padding::None, 7),
            (0, Padding::PowerOfTwo, 1),
            (1, Padding::PowerOfTwo, 1),
            (5, Padding::PowerOfTwo, 8),
            (MAX_ITEMS, Padding::PowerOfTwo, MAX_ITEMS),
            (u32::MAX, Padding::PowerOfTwo, u32::MAX),
            (0, Padding::Multiple(1000), 1000),
            (1000, Padding::Multiple(1000), 1000),
            (1001, Padding::Multiple(1000), 2000),
            (9, Padding::Multiple(0), 9),
            (0, Padding::Multiple(1), 0),
            (u32::MAX, Padding::Multiple(1000), u32::MAX),
        ] {
            assert_eq!(padded_len(real, bucket), padded, "{real} {bucket:?}");
        }
    }
}
