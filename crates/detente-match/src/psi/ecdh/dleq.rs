//! The proof that a whole chunk was raised with the key that its sender committed to.
//!
//! Chaum and Pedersen (1992) on two sums over the chunk, made non-interactive with SHA-512; the
//! steps are those of RFC 9497 §2.2 with **one deliberate difference**: there the coefficient of
//! a pair hangs on that pair alone, so that in a chunk of thousands a prover could look for
//! false pairs that cancel out by Wagner's generalised birthday search (2002; with 2048 lists
//! about 2^21 tries each). Here every coefficient hangs on all pairs of the chunk: to change one
//! point is to draw all coefficients anew.
//!
//! The nonce is a hash of the statement under a secret (as in RFC 8032), so that a session that
//! is run again from the same seed against another peer's points never uses a nonce twice.

use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use sha2::{Digest, Sha512};
use zeroize::Zeroizing;

use super::group::Key;
use super::params::{
    COEFFICIENT_BYTES, Encoded, LABEL_CHALLENGE, LABEL_COEFFICIENT, LABEL_NONCE, LABEL_STATEMENT,
    Terms,
};
use crate::params::Role;
use detente_lookup::dleq::{self, PROOF_BYTES};

/// What a proof says: `after[i]` is `before[i]` raised to the prover's key.
pub(super) struct Statement<'a> {
    pub(super) terms: &'a Terms,
    pub(super) prover: Role,
    pub(super) start: u32,
    pub(super) prover_key: &'a Encoded,
    pub(super) verifier_key: &'a Encoded,
    pub(super) before: &'a [Encoded],
    pub(super) after: &'a [Encoded],
}

impl Statement<'_> {
    /// Binds everything that the proof is about.
    pub(super) fn seed(&self) -> [u8; 64] {
        Sha512::new()
            .chain_update(LABEL_STATEMENT)
            .chain_update(self.terms.0)
            .chain_update([self.prover.code()])
            .chain_update(self.start.to_be_bytes())
            .chain_update((self.before.len() as u64).to_be_bytes())
            .chain_update(self.prover_key)
            .chain_update(self.verifier_key)
            .chain_update(self.before.as_flattened())
            .chain_update(self.after.as_flattened())
            .finalize()
            .into()
    }

    /// Proves it; `points` are `before`, decoded.
    pub(super) fn prove(
        &self,
        key: &Key,
        nonce_secret: &[u8; 32],
        points: &[RistrettoPoint],
    ) -> [u8; PROOF_BYTES] {
        let seed = self.seed();
        let wide: [u8; 64] = Sha512::new()
            .chain_update(LABEL_NONCE)
            .chain_update(nonce_secret)
            .chain_update(seed)
            .finalize()
            .into();
        let wide = Zeroizing::new(wide);
        let nonce = Zeroizing::new(Scalar::from_bytes_mod_order_wide(&wide));

        let weights = coefficients(&seed, points.len());
        let keys = (key.scalar(), &*nonce);
        dleq::prove(keys, &weights, points, |sums| challenge(&seed, sums))
    }

    /// Whether `proof` holds; the points are `before`, `after` and `prover_key`, decoded.
    pub(super) fn verify(
        &self,
        proof: &[u8; PROOF_BYTES],
        key: &RistrettoPoint,
        before: &[RistrettoPoint],
        after: &[RistrettoPoint],
    ) -> bool {
        let seed = self.seed();
        let weights = coefficients(&seed, before.len());
        dleq::verify(proof, key, &weights, (before, after), |sums| challenge(&seed, sums))
    }
}

/// The coefficients of `count` pairs, little-endian, four from each hash of `seed` and a counter.
pub(super) fn coefficients(seed: &[u8; 64], count: usize) -> Vec<Scalar> {
    let hashes = (0_u32..).flat_map(|block| {
        let hash: [u8; 64] = Sha512::new()
            .chain_update(LABEL_COEFFICIENT)
            .chain_update(seed)
            .chain_update(block.to_be_bytes())
            .finalize()
            .into();
        let (parts, _) = hash.as_chunks::<COEFFICIENT_BYTES>();
        parts.to_vec()
    });
    hashes.map(|part| Scalar::from(u128::from_le_bytes(part))).take(count).collect()
}

fn challenge(seed: &[u8; 64], points: [&RistrettoPoint; 4]) -> Scalar {
    let mut hash = Sha512::new().chain_update(LABEL_CHALLENGE).chain_update(seed);
    for point in points {
        hash.update(point.compress().as_bytes());
    }
    Scalar::from_bytes_mod_order_wide(&hash.finalize().into())
}
