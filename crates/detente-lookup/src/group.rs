//! ristretto255-SHA512 as RFC 9497 §4.1 uses it: hash to group and scalar, elements, inputs.
//!
//! Sources: RFC 9497 §2.1, §3.1, §4.1; RFC 9380 §5.3.1 (expand_message_xmd with SHA-512); RFC 9496.
//! Multiplication with secrets is constant-time (curve25519-dalek); hashing an input to the group
//! is too, decoding an element need not be.

use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::IsIdentity;
use rayon::prelude::*;
use sha2::{Digest, Sha512};
use zeroize::Zeroize;

use super::error::LookupError;
use super::params::{ELEMENT_BYTES, MAX_INPUT_BYTES};

/// One group element in its canonical encoding.
pub(super) type Encoded = [u8; ELEMENT_BYTES];

/// "OPRFV1-" || I2OSP(mode, 1) || "-" || identifier, with mode 0x01 (RFC 9497 §3.1).
const CONTEXT: &[u8] = b"OPRFV1-\x01-ristretto255-SHA512";

/// What is hashed and how many elements one piece of work of a core has.
pub(super) const BATCH: usize = 256;

/// A domain separation tag: a label, then the context string.
pub(super) fn tag(label: &str) -> Vec<u8> {
    [label.as_bytes(), CONTEXT].concat()
}

/// `expand_message_xmd` (RFC 9380 §5.3.1) for SHA-512 and 64 bytes: one block.
fn expand(message: &[&[u8]], tag: &[u8]) -> [u8; 64] {
    debug_assert!(tag.len() <= 255, "tags are constants of this crate");
    let tag_length = [u8::try_from(tag.len()).unwrap_or(u8::MAX)];
    let mut first = Sha512::new().chain_update([0; 128]);
    for part in message {
        first.update(part);
    }
    let first =
        first.chain_update([0, 64, 0]).chain_update(tag).chain_update(tag_length).finalize();
    let block = Sha512::new()
        .chain_update(first)
        .chain_update([1])
        .chain_update(tag)
        .chain_update(tag_length);
    block.finalize().into()
}

/// `HashToGroup`; none for the identity, which nobody will find.
pub(super) fn hash_to_group(input: &[u8]) -> Option<RistrettoPoint> {
    let mut bytes = expand(&[input], &tag("HashToGroup-"));
    let point = RistrettoPoint::from_uniform_bytes(&bytes);
    bytes.zeroize();
    (!point.is_identity()).then_some(point)
}

/// `HashToScalar` under a tag of its own.
pub(super) fn hash_to_scalar_under(message: &[&[u8]], tag: &[u8]) -> Scalar {
    let mut bytes = expand(message, tag);
    let scalar = Scalar::from_bytes_mod_order_wide(&bytes);
    bytes.zeroize();
    scalar
}

/// `HashToScalar`.
pub(super) fn hash_to_scalar(message: &[&[u8]]) -> Scalar {
    hash_to_scalar_under(message, &tag("HashToScalar-"))
}

/// The points of a list of inputs. All cores.
pub(super) fn hash_all<T: AsRef<[u8]> + Sync>(
    inputs: &[T],
) -> Result<Vec<RistrettoPoint>, LookupError> {
    let hash = |(index, input): (usize, &T)| {
        let input = input.as_ref();
        let point = if input.len() > MAX_INPUT_BYTES { None } else { hash_to_group(input) };
        point.ok_or(LookupError::InputUnusable { index })
    };
    inputs.par_iter().enumerate().map(hash).collect()
}

/// The last step of an evaluation: `Hash` over input and element, each behind its length in two
/// bytes (RFC 9497 §3.3.2, Finalize).
pub(super) fn output(input: &[u8], element: &Encoded) -> [u8; 64] {
    let length = u16::try_from(input.len()).unwrap_or(u16::MAX);
    let hash = Sha512::new()
        .chain_update(length.to_be_bytes())
        .chain_update(input)
        .chain_update([0, 32])
        .chain_update(element)
        .chain_update(b"Finalize");
    hash.finalize().into()
}

/// Reads one foreign element (RFC 9497 §2.1, DeserializeElement): canonical, not the identity.
pub(super) fn read_element(encoded: &Encoded) -> Option<RistrettoPoint> {
    CompressedRistretto(*encoded).decompress().filter(|point| !point.is_identity())
}

/// Reads foreign elements. All cores.
///
/// # Errors
/// [`LookupError::InvalidElement`] names the first.
pub(super) fn read_elements(encoded: &[Encoded]) -> Result<Vec<RistrettoPoint>, LookupError> {
    let read: Vec<_> = encoded.par_iter().map(read_element).collect();
    read.into_iter()
        .enumerate()
        .map(|(index, point)| point.ok_or(LookupError::InvalidElement { index }))
        .collect()
}

/// Multiplies each point by a scalar whose half is given, and encodes. All cores.
///
/// Halves are multiplied, then doubled and encoded together, which saves the inverse square root of
/// each encoding.
pub(super) fn multiply_all(points: &[RistrettoPoint], half: &Scalar) -> Vec<Encoded> {
    points
        .par_chunks(BATCH)
        .flat_map_iter(|batch| {
            let halves: Vec<_> = batch.iter().map(|point| point * half).collect();
            RistrettoPoint::double_and_compress_batch(&halves)
        })
        .map(|encoded| encoded.to_bytes())
        .collect()
}
