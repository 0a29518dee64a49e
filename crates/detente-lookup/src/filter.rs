//! The filter: the sorted values of a set, coded in buckets.
//!
//! A bucket holds the values that begin with its number, each without these bits, as gaps from the
//! one before (the first from zero). It can be read alone, so a look-up costs one bucket. A set has
//! one filter, byte for byte: whoever applies an update gets what the holder built anew, and the
//! digest tells. Equal values stay: there are as many as were agreed.

use super::coding::{BitReader, BitWriter, Malformed};
use super::error::LookupError;
use super::params::{GAP_BITS, LENGTH_BYTES, MAX_BUCKET_BYTES, Shape};

/// What a filter's digest is derived under; the last part is the version.
const LABEL: &str = "detente-lookup/1 filter";

/// BLAKE3 in key derivation mode over the number of values and every bucket with its length.
pub type FilterDigest = [u8; 32];

/// One bucket, coded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Its number, from 0.
    pub number: u32,
    /// Its bytes, at most [`MAX_BUCKET_BYTES`].
    pub bytes: Vec<u8>,
}

/// Takes values in rising order and gives buckets.
pub struct FilterWriter {
    check: FilterHasher,
    bits: BitWriter,
    number: u32,
    last: u64,
    done: Vec<Bucket>,
}

impl FilterWriter {
    /// Begins a filter.
    pub fn new(shape: Shape) -> FilterWriter {
        FilterWriter {
            check: FilterHasher::new(shape),
            bits: BitWriter::default(),
            number: 0,
            last: 0,
            done: Vec::new(),
        }
    }

    /// Takes the next value.
    ///
    /// # Errors
    /// [`LookupError::FilterUnsorted`] for a value below the last or above the range, and
    /// [`LookupError::BucketTooLong`].
    pub fn push(&mut self, value: u64) -> Result<(), LookupError> {
        let shape = self.check.shape;
        let in_range = value.checked_shr(shape.value_bits()).unwrap_or(0) == 0;
        if value < self.last || !in_range {
            return Err(LookupError::FilterUnsorted);
        }
        let bucket = shape.bucket_of(value);
        while self.number < bucket {
            self.close()?;
        }
        let base = u64::from(bucket) << shape.rest_bits();
        self.bits.gap(value - self.last.max(base), GAP_BITS);
        self.last = value;
        self.check.values += 1;
        Ok(())
    }

    fn close(&mut self) -> Result<(), LookupError> {
        let bytes = std::mem::take(&mut self.bits).finish();
        let bucket = Bucket { number: self.number, bytes };
        self.check.absorb(&bucket)?;
        self.done.push(bucket);
        self.number += 1;
        Ok(())
    }

    /// The buckets that are done and were not taken yet.
    pub fn take(&mut self) -> Vec<Bucket> {
        std::mem::take(&mut self.done)
    }

    /// The last buckets and the digest of all.
    ///
    /// # Errors
    /// [`LookupError::FilterMiscounted`] if values are missing or too many.
    pub fn finish(&mut self) -> Result<(Vec<Bucket>, FilterDigest), LookupError> {
        while self.number < self.check.shape.buckets() {
            self.close()?;
        }
        Ok((self.take(), self.check.finish()?))
    }
}

/// Takes the buckets of a foreign or stored filter in order, checks them and digests them.
pub struct FilterHasher {
    shape: Shape,
    next: u32,
    values: u64,
    hash: blake3::Hasher,
}

impl FilterHasher {
    /// Begins.
    pub fn new(shape: Shape) -> FilterHasher {
        let mut hash = blake3::Hasher::new_derive_key(LABEL);
        hash.update(&shape.items().to_le_bytes());
        FilterHasher { shape, next: 0, values: 0, hash }
    }

    /// Number of the bucket that must come next.
    pub const fn next(&self) -> u32 {
        self.next
    }

    /// Takes the next bucket and gives its values.
    ///
    /// # Errors
    /// [`LookupError::BucketMalformed`]; [`LookupError::FilterMiscounted`] as soon as there are too
    /// many values.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<u64>, LookupError> {
        let (shape, number) = (self.shape, self.next);
        let values = read_bucket(&shape, number, bytes)?;
        self.values += values.len() as u64;
        if self.values > shape.items().into() {
            return Err(LookupError::FilterMiscounted { got: self.values, want: shape.items() });
        }
        self.absorb(&Bucket { number, bytes: bytes.to_vec() })?;
        Ok(values)
    }

    fn absorb(&mut self, bucket: &Bucket) -> Result<(), LookupError> {
        let too_long = LookupError::BucketTooLong { bucket: bucket.number };
        let length = u16::try_from(bucket.bytes.len()).map_err(|_| too_long)?;
        self.hash.update(&length.to_le_bytes()).update(&bucket.bytes);
        self.next += 1;
        Ok(())
    }

    /// The digest.
    ///
    /// # Errors
    /// [`LookupError::FilterMiscounted`] if buckets or values are missing.
    pub fn finish(&self) -> Result<FilterDigest, LookupError> {
        let want = self.shape.items();
        if self.next != self.shape.buckets() || self.values != u64::from(want) {
            return Err(LookupError::FilterMiscounted { got: self.values, want });
        }
        Ok(*self.hash.finalize().as_bytes())
    }
}

/// The values of a bucket, in rising order.
///
/// # Errors
/// [`LookupError::BucketMalformed`] for bytes that [`FilterWriter`] does not write.
pub fn read_bucket(shape: &Shape, number: u32, bytes: &[u8]) -> Result<Vec<u64>, LookupError> {
    let malformed = |_: Malformed| LookupError::BucketMalformed { bucket: number };
    if bytes.len() > MAX_BUCKET_BYTES || number >= shape.buckets() {
        return Err(malformed(Malformed));
    }
    let base = u64::from(number) << shape.rest_bits();
    let mut left = 1_u128 << shape.rest_bits();
    let mut last = base;
    let mut reader = BitReader::new(bytes);
    let mut values = Vec::new();
    while !reader.at_end().map_err(malformed)? {
        let gap = reader.gap(GAP_BITS, left).map_err(malformed)?;
        left -= u128::from(gap);
        last += gap;
        values.push(last);
    }
    Ok(values)
}

/// Puts a bucket behind others as it travels: its length in two bytes, little-endian, and its
/// bytes.
pub fn write_framed(bucket: &[u8], to: &mut Vec<u8>) {
    let length = u16::try_from(bucket.len()).unwrap_or(u16::MAX);
    to.extend(length.to_le_bytes());
    to.extend(bucket);
}

/// Splits what [`write_framed`] wrote.
///
/// # Errors
/// [`LookupError::BucketMalformed`] naming the first that is cut, counted from `first`.
pub fn read_framed(first: u32, mut bytes: &[u8]) -> Result<Vec<Bucket>, LookupError> {
    let mut buckets = Vec::new();
    let mut number = first;
    while !bytes.is_empty() {
        let cut = || LookupError::BucketMalformed { bucket: number };
        let (length, rest) = bytes.split_first_chunk::<LENGTH_BYTES>().ok_or_else(cut)?;
        let length = usize::from(u16::from_le_bytes(*length));
        let (bucket, rest) = rest.split_at_checked(length).ok_or_else(cut)?;
        buckets.push(Bucket { number, bytes: bucket.to_vec() });
        number = number.saturating_add(1);
        bytes = rest;
    }
    Ok(buckets)
}
