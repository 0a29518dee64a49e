//! The asker's side: blind, verify, unblind.
//!
//! Source: RFC 9497 §3.3.2 (Blind, Finalize). Blinds are inverted together (Montgomery's trick).

use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};
use rayon::prelude::*;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::error::LookupError;
use super::group::{BATCH, Encoded, hash_all, output, read_element, read_elements};
use super::holder::first_value;
use super::params::{ELEMENT_BYTES, MAX_QUERY, PROOF_BYTES, SEED_BYTES, Shape};
use super::proof::{Statement, bind};

/// A query on its way: inputs, their blinds, and the blinded elements that were sent.
pub struct Query {
    inputs: Vec<Vec<u8>>,
    blinds: Blinds,
    points: Vec<RistrettoPoint>,
    sent: Vec<Encoded>,
}

#[derive(Zeroize, ZeroizeOnDrop)]
struct Blinds(Vec<Scalar>);

/// What a verified query gave, in the order of its inputs.
pub struct Outputs(Vec<[u8; 64]>);

impl Outputs {
    /// The values to look up in a filter of this shape.
    pub fn values(&self, shape: &Shape) -> Vec<u64> {
        self.0.iter().map(|output| first_value(shape, output)).collect()
    }

    #[cfg(test)]
    pub(super) fn all(&self) -> &[[u8; 64]] {
        &self.0
    }
}

impl Query {
    /// Blinds `inputs`, and fills the query up to `size` with random elements, so that its length
    /// says no more than `size`. All that is random comes from `seed`, which is secret, uniform and
    /// for one query: whoever knows it can try values against what was sent.
    ///
    /// # Errors
    /// [`LookupError::QuerySize`], or an input that can't be hashed.
    pub fn new(
        inputs: Vec<Vec<u8>>,
        size: u32,
        seed: &[u8; SEED_BYTES],
    ) -> Result<Query, LookupError> {
        let got = inputs.len().max(size as usize);
        if got == 0 || got > MAX_QUERY as usize || inputs.len() > size as usize {
            return Err(LookupError::QuerySize { got });
        }
        let mut rng = ChaCha20Rng::from_seed(*seed);
        let blinds = Blinds(inputs.iter().map(|_| draw(&mut rng)).collect());
        let fill: Vec<RistrettoPoint> = (inputs.len()..size as usize)
            .map(|_| RistrettoPoint::mul_base(&draw(&mut rng)))
            .collect();
        Query::blind(inputs, blinds, fill)
    }

    fn blind(
        inputs: Vec<Vec<u8>>,
        blinds: Blinds,
        fill: Vec<RistrettoPoint>,
    ) -> Result<Query, LookupError> {
        let hashed = hash_all(&inputs)?;
        let mut points: Vec<RistrettoPoint> =
            hashed.par_iter().zip(&blinds.0).map(|(point, blind)| point * blind).collect();
        points.extend(fill);
        let sent = points.par_iter().map(|point| point.compress().to_bytes()).collect();
        Ok(Query { inputs, blinds, points, sent })
    }

    /// With blinds that are given: for known answers.
    #[cfg(test)]
    pub(super) fn with_blinds(
        inputs: Vec<Vec<u8>>,
        blinds: Vec<Scalar>,
    ) -> Result<Query, LookupError> {
        Query::blind(inputs, Blinds(blinds), Vec::new())
    }

    /// The message: 32 bytes for each element.
    pub fn message(&self) -> Vec<u8> {
        self.sent.as_flattened().to_vec()
    }

    /// Verifies the answer against the holder's key and takes the blinds away.
    ///
    /// # Errors
    /// [`LookupError`], the holder's fault: another length, no elements, another key.
    pub fn finish(
        &self,
        key: &[u8; ELEMENT_BYTES],
        context: &[u8; 32],
        reply: &[u8],
    ) -> Result<Outputs, LookupError> {
        let binding = |after: &[Encoded]| bind(context, &self.sent, after).to_vec();
        self.finish_bound(key, binding, reply)
    }

    pub(super) fn finish_bound(
        &self,
        key: &[u8; ELEMENT_BYTES],
        binding: impl Fn(&[Encoded]) -> Vec<u8>,
        reply: &[u8],
    ) -> Result<Outputs, LookupError> {
        let want = self.sent.len() * ELEMENT_BYTES + PROOF_BYTES;
        let wrong = LookupError::MessageLength { got: reply.len(), want };
        if reply.len() != want {
            return Err(wrong);
        }
        let (elements, proof) = reply.split_at(want - PROOF_BYTES);
        let (after, _) = elements.as_chunks::<ELEMENT_BYTES>();
        let proof: &[u8; PROOF_BYTES] = proof.try_into().map_err(|_| wrong)?;
        let key_point = read_element(key).ok_or(LookupError::InvalidKey)?;
        let points = read_elements(after)?;
        let binding = binding(after);
        let statement = Statement { key, binding: &binding, before: &self.sent, after };
        if !statement.verify(proof, &key_point, &self.points, &points) {
            return Err(LookupError::ProofFailed);
        }
        Ok(self.unblind(&points))
    }

    fn unblind(&self, points: &[RistrettoPoint]) -> Outputs {
        let mut inverses = Zeroizing::new(self.blinds.0.clone());
        Scalar::invert_batch_alloc(&mut inverses);
        // Halves, doubled and encoded together: see `group::multiply_all`.
        let work: Vec<(&Vec<u8>, &Scalar, &RistrettoPoint)> = self
            .inputs
            .iter()
            .zip(inverses.iter())
            .zip(points)
            .map(|((input, inverse), point)| (input, inverse, point))
            .collect();
        let outputs = work.par_chunks(BATCH / 4).flat_map_iter(|batch| {
            let halves: Vec<RistrettoPoint> =
                batch.iter().map(|(_, inverse, point)| *point * inverse.div_by_2()).collect();
            let elements = RistrettoPoint::double_and_compress_batch(&halves);
            let pairs = batch.iter().zip(elements);
            pairs
                .map(|((input, _, _), element)| output(input, &element.to_bytes()))
                .collect::<Vec<_>>()
        });
        Outputs(outputs.collect())
    }
}

impl Drop for Query {
    fn drop(&mut self) {
        for input in &mut self.inputs {
            input.zeroize();
        }
    }
}

impl std::fmt::Debug for Query {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Query({} elements)", self.sent.len())
    }
}

impl std::fmt::Debug for Outputs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Outputs({})", self.0.len())
    }
}

/// A uniform scalar that is not zero.
fn draw(rng: &mut ChaCha20Rng) -> Scalar {
    let mut wide = Zeroizing::new([0; 64]);
    loop {
        rng.fill_bytes(&mut *wide);
        let scalar = Scalar::from_bytes_mod_order_wide(&wide);
        if scalar != Scalar::ZERO {
            return scalar;
        }
    }
}
