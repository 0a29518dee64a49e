//! The holder's side: its key, the values of its set, the answer to a query.
//!
//! Sources: RFC 9497 §3.2.1 (DeriveKeyPair), §3.3.2 (BlindEvaluate, and Evaluate for the own set).

use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use rayon::prelude::*;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::error::LookupError;
use super::group::{
    BATCH, Encoded, hash_all, hash_to_scalar_under, multiply_all, output, read_elements, tag,
};
use super::params::{ELEMENT_BYTES, MAX_QUERY, Shape};
use super::proof::{Statement, bind};

/// Labels of what is derived from the node's secret; the last part is the version.
const LABEL_SEED: &str = "detente-lookup/1 key seed";
const LABEL_NONCE: &str = "detente-lookup/1 nonce secret";
const LABEL_DUMMY: &str = "detente-lookup/1 dummies";

/// The key under which a set is evaluated. Never printed, erased when dropped.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Key {
    scalar: Scalar,
    half: Scalar,
    nonce_secret: [u8; 32],
    dummy_secret: [u8; 32],
    #[zeroize(skip)]
    public: Encoded,
}

impl Key {
    /// The key of one accord, clause and epoch, which `info` names, from a secret of 32 uniform
    /// bytes that the node keeps. Other info, another key.
    ///
    /// # Errors
    /// [`LookupError::InputUnusable`] if `info` has more than 65,535 bytes, or for one in 2^252
    /// secrets.
    pub fn derive(secret: &[u8; 32], info: &[u8]) -> Result<Key, LookupError> {
        let under = |label: &str| {
            let mut hash = blake3::Hasher::new_derive_key(label);
            hash.update(secret);
            Zeroizing::new(*hash.finalize().as_bytes())
        };
        let own = |label: &str| {
            let mut hash = blake3::Hasher::new_keyed(&under(label));
            hash.update(info);
            *hash.finalize().as_bytes()
        };
        let scalar = derive_key_pair(&under(LABEL_SEED), info)?;
        Ok(Key::of(scalar, own(LABEL_NONCE), own(LABEL_DUMMY)))
    }

    pub(super) fn of(scalar: Scalar, nonce_secret: [u8; 32], dummy_secret: [u8; 32]) -> Key {
        let public = RistrettoPoint::mul_base(&scalar).compress().to_bytes();
        Key { scalar, half: scalar.div_by_2(), nonce_secret, dummy_secret, public }
    }

    /// The public part, which goes on record.
    pub const fn public(&self) -> &[u8; ELEMENT_BYTES] {
        &self.public
    }

    /// The values of own inputs, in their order. All cores; about 30 microseconds of one each.
    ///
    /// # Errors
    /// [`LookupError::InputUnusable`] names the first that can't be.
    pub fn values<T: AsRef<[u8]> + Sync>(
        &self,
        shape: &Shape,
        inputs: &[T],
    ) -> Result<Vec<u64>, LookupError> {
        let outputs = self.outputs(inputs)?;
        Ok(outputs.iter().map(|output| first_value(shape, output)).collect())
    }

    pub(super) fn outputs<T: AsRef<[u8]> + Sync>(
        &self,
        inputs: &[T],
    ) -> Result<Vec<[u8; 64]>, LookupError> {
        let elements = multiply_all(&hash_all(inputs)?, &self.half);
        let pairs = inputs.par_iter().zip(&elements).with_min_len(BATCH);
        Ok(pairs.map(|(input, element)| output(input.as_ref(), element)).collect())
    }

    /// Answers a query of blinded elements: one evaluated element for each, then one proof for all.
    /// `context` binds the proof to the run.
    ///
    /// # Errors
    /// [`LookupError`] for what no honest asker sends.
    pub fn evaluate(&self, context: &[u8; 32], query: &[u8]) -> Result<Vec<u8>, LookupError> {
        let (before, rest) = query.as_chunks::<ELEMENT_BYTES>();
        if !rest.is_empty() {
            return Err(LookupError::QueryUneven { got: query.len() });
        }
        if before.is_empty() || before.len() > MAX_QUERY as usize {
            return Err(LookupError::QuerySize { got: before.len() });
        }
        let points = read_elements(before)?;
        let after = multiply_all(&points, &self.half);
        let binding = bind(context, before, &after);
        let statement = Statement { key: &self.public, binding: &binding, before, after: &after };
        let proof = statement.prove(&self.scalar, &self.nonce_secret, &points);
        let mut reply = after.as_flattened().to_vec();
        reply.extend(proof);
        Ok(reply)
    }

    #[cfg(test)]
    pub(super) const fn scalar(&self) -> &Scalar {
        &self.scalar
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(..)")
    }
}

/// DeriveKeyPair (RFC 9497 §3.2.1).
pub(super) fn derive_key_pair(seed: &[u8; 32], info: &[u8]) -> Result<Scalar, LookupError> {
    let length = u16::try_from(info.len()).map_err(|_| LookupError::InputUnusable { index: 0 })?;
    let tag = tag("DeriveKeyPair");
    (0..=u8::MAX)
        .map(|counter| hash_to_scalar_under(&[seed, &length.to_be_bytes(), info, &[counter]], &tag))
        .find(|scalar| *scalar != Scalar::ZERO)
        .ok_or(LookupError::InputUnusable { index: 0 })
}

/// The value of an output: its first bits.
pub(super) fn first_value(shape: &Shape, output: &[u8; 64]) -> u64 {
    let (words, _) = output.as_chunks::<8>();
    words.first().map_or(0, |word| shape.value_of(word))
}

/// The first `count` dummies under a key: values that look like outputs and are no item's. The list
/// for a smaller count is the beginning of the one for a larger, so that a set which grows by one
/// changes one dummy.
pub fn dummies(key: &Key, shape: &Shape, count: u32) -> impl Iterator<Item = u64> {
    let mut hash = blake3::Hasher::new_keyed(&key.dummy_secret);
    hash.update(&shape.items().to_be_bytes());
    let mut stream = hash.finalize_xof();
    let shape = *shape;
    (0..count).map(move |_| {
        let mut bytes = [0; 8];
        stream.fill(&mut bytes);
        shape.value_of(&bytes)
    })
}
