//! Every number of a look-up, with its unit and source.

use super::error::LookupError;

/// An absent value is found with the chance 2^-40 at most. Bits. Choice: the house's statistical
/// parameter (ADR 0008). It holds for each value looked up, so 2^-30 for a query of 2^10.
pub const FALSE_POSITIVE_BITS: u32 = 40;

/// Most values in a filter, padding included. Count: 40 bits and 24 bits fill the 64-bit words in
/// which outputs are kept and sorted.
pub const MAX_FILTER_ITEMS: u32 = 1 << 24;

/// Fewest values in a filter. Count. Choice: a filter always has values, and the update's
/// arithmetic no special case.
pub const MIN_FILTER_ITEMS: u32 = 1;

/// Most values in one query, padding included. Count. The batch proof numbers its pairs with two
/// bytes (RFC 9497 §2.2.1); at this size a query is 512 KiB and costs about two seconds of a core.
pub const MAX_QUERY: u32 = 1 << 14;

/// One group element (RFC 9497 §4.1, Ne). Bytes.
pub const ELEMENT_BYTES: usize = 32;

pub use crate::dleq::PROOF_BYTES;

/// Length of the secret that blinds a query. Bytes: the key size of ChaCha20 (RFC 8439 §2.3).
pub const SEED_BYTES: usize = 32;

/// Longest answer to a query: its elements and the proof. Bytes.
pub const MAX_REPLY_BYTES: usize = MAX_QUERY as usize * ELEMENT_BYTES + PROOF_BYTES;

/// Longest input (RFC 9497 §1.2: its length is written with two bytes). Bytes.
pub(super) const MAX_INPUT_BYTES: usize = u16::MAX as usize;

/// Values of one bucket on the average are between half of this and this. Bits of its logarithm.
/// Choice: a look-up decodes 1,024 values at most on the average, some microseconds, and the length
/// of a bucket costs 2 bits in a thousand.
const BUCKET_BITS: u32 = 10;

/// Bits of a gap that are written plainly. Gaps are geometric with a mean of 2^40 to 2^41, where a
/// Rice code with this parameter costs 41.58 to 42.54 bits a value (Golomb 1966; the entropy is
/// 41.44).
pub(super) const GAP_BITS: u32 = FALSE_POSITIVE_BITS;

/// Longest bucket. Bytes: its length is written with two. At 42.6 bits a value that is room for
/// 12,000 values where 1,024 are expected; the Chernoff bound puts the chance below 2^-30,000.
pub const MAX_BUCKET_BYTES: usize = u16::MAX as usize;

/// Bytes of a bucket's length.
pub(super) const LENGTH_BYTES: usize = 2;

/// How a filter of so many values is laid out. Both sides derive it from the agreed length alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    items: u32,
    value_bits: u32,
    bucket_bits: u32,
}

impl Shape {
    /// The layout for `items` values, padding included.
    ///
    /// # Errors
    /// [`LookupError::FilterSize`] outside [`MIN_FILTER_ITEMS`] to [`MAX_FILTER_ITEMS`].
    pub fn new(items: u32) -> Result<Shape, LookupError> {
        if !(MIN_FILTER_ITEMS..=MAX_FILTER_ITEMS).contains(&items) {
            return Err(LookupError::FilterSize { got: items });
        }
        let logarithm = items.next_power_of_two().ilog2();
        Ok(Shape {
            items,
            value_bits: FALSE_POSITIVE_BITS + logarithm,
            bucket_bits: logarithm.saturating_sub(BUCKET_BITS),
        })
    }

    /// Values, padding included. Count.
    pub const fn items(&self) -> u32 {
        self.items
    }

    /// Bits of a value: an absent value equals one of n with the chance n / 2^bits, at most 2^-40.
    pub const fn value_bits(&self) -> u32 {
        self.value_bits
    }

    /// Number of buckets.
    pub const fn buckets(&self) -> u32 {
        1 << self.bucket_bits
    }

    /// Bits of a value that its bucket does not tell.
    pub(super) const fn rest_bits(&self) -> u32 {
        self.value_bits - self.bucket_bits
    }

    /// The bucket of a value.
    #[expect(clippy::cast_possible_truncation, reason = "bucket_bits is at most 14")]
    pub const fn bucket_of(&self, value: u64) -> u32 {
        (value >> self.rest_bits()) as u32
    }

    /// The value of an output of the VOPRF, or of other uniform bytes: its first bits.
    pub fn value_of(&self, output: &[u8; 8]) -> u64 {
        u64::from_be_bytes(*output) >> (64 - self.value_bits)
    }

    /// Bits written plainly for a removed position and for an added value of an update with so
    /// many changes: the logarithm of the mean gap.
    pub(super) fn update_bits(&self, changes: u32) -> (u32, u32) {
        let changes = changes.max(1);
        let positions = (self.items / changes).max(1).ilog2();
        let values = self.value_bits - changes.next_power_of_two().ilog2();
        (positions, values)
    }

    /// Longest update with so many changes. Bytes, its head included. The unary parts of all gaps
    /// together are no longer than the range over the gap's unit.
    pub fn update_bytes_max(&self, changes: u32) -> u64 {
        let (positions, values) = self.update_bits(changes);
        let changes = u64::from(changes);
        let plain = changes * u64::from(positions + 1 + values + 1);
        let unary = (u64::from(self.items) >> positions) + 2 * changes.next_power_of_two();
        super::update::HEAD_BYTES as u64 + (plain + unary).div_ceil(8) + 2
    }
}
