//! The proof that a whole batch was evaluated with the key on record.
//!
//! The discrete logarithm equality of RFC 9497 §2.2 with **one deliberate difference**: the seed of
//! the coefficients also hashes a `binding`. In the RFC the coefficient of a pair hangs on that
//! pair alone, so that in a batch of a thousand a prover could look for false pairs that cancel out
//! by Wagner's generalised birthday search (2002; with 2^10 lists about 2^23 tries each). A look-up
//! binds the run and all pairs, so that to change one element is to draw all coefficients anew.
//! With an empty binding the bytes are the RFC's, and so its test vectors hold this code.
//!
//! The nonce is a hash of the statement under a secret (as in RFC 8032): the same batch has the
//! same proof, and no two statements share a nonce.

use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use rayon::prelude::*;
use sha2::{Digest, Sha512};
use zeroize::Zeroizing;

use super::group::{Encoded, hash_to_scalar, tag};
use crate::dleq::{self, PROOF_BYTES};

/// Label of the hash that binds a run's pairs; the last byte is the version.
const LABEL_BINDING: &[u8] = b"detente-lookup/pairs/1";
/// Label of the hash that gives the nonce.
const LABEL_NONCE: &[u8] = b"detente-lookup/nonce/1";

/// What a proof says: `after[i]` is `before[i]` times the key of `key`.
pub(super) struct Statement<'a> {
    pub(super) key: &'a Encoded,
    pub(super) binding: &'a [u8],
    pub(super) before: &'a [Encoded],
    pub(super) after: &'a [Encoded],
}

/// What binds the coefficients of a look-up to its run and to all its pairs.
pub(super) fn bind(context: &[u8; 32], before: &[Encoded], after: &[Encoded]) -> [u8; 64] {
    Sha512::new()
        .chain_update(LABEL_BINDING)
        .chain_update(context)
        .chain_update((before.len() as u64).to_be_bytes())
        .chain_update(before.as_flattened())
        .chain_update(after.as_flattened())
        .finalize()
        .into()
}

impl Statement<'_> {
    /// The coefficients of `ComputeComposites` (RFC 9497 §2.2.1).
    fn coefficients(&self) -> Vec<Scalar> {
        let seed_tag = tag("Seed-");
        let seed = Sha512::new()
            .chain_update(length(self.key))
            .chain_update(self.key)
            .chain_update(length(&seed_tag))
            .chain_update(&seed_tag)
            .chain_update(self.binding)
            .finalize();
        let pairs = self.before.par_iter().zip(self.after).enumerate();
        pairs
            .map(|(index, (before, after))| {
                hash_to_scalar(&[
                    &length(&seed),
                    &seed,
                    &u16::try_from(index).unwrap_or(u16::MAX).to_be_bytes(),
                    &length(before),
                    before,
                    &length(after),
                    after,
                    b"Composite",
                ])
            })
            .collect()
    }

    /// Proves it; `points` are `before`, decoded.
    pub(super) fn prove(
        &self,
        key: &Scalar,
        nonce_secret: &[u8; 32],
        points: &[RistrettoPoint],
    ) -> [u8; PROOF_BYTES] {
        let wide: [u8; 64] = Sha512::new()
            .chain_update(LABEL_NONCE)
            .chain_update(nonce_secret)
            .chain_update(self.key)
            .chain_update((self.binding.len() as u64).to_be_bytes())
            .chain_update(self.binding)
            .chain_update(self.before.as_flattened())
            .chain_update(self.after.as_flattened())
            .finalize()
            .into();
        let wide = Zeroizing::new(wide);
        let nonce = Zeroizing::new(Scalar::from_bytes_mod_order_wide(&wide));
        self.prove_with(key, &nonce, points)
    }

    /// Proves it with a nonce that is given: `GenerateProof` (RFC 9497 §2.2.1), the second sum by
    /// `ComputeCompositesFast`.
    pub(super) fn prove_with(
        &self,
        key: &Scalar,
        nonce: &Scalar,
        points: &[RistrettoPoint],
    ) -> [u8; PROOF_BYTES] {
        dleq::prove((key, nonce), &self.coefficients(), points, |sums| self.challenge(sums))
    }

    /// Whether a proof holds: `VerifyProof` (RFC 9497 §2.2.2). The points are `key`, `before` and
    /// `after`, decoded.
    pub(super) fn verify(
        &self,
        proof: &[u8; PROOF_BYTES],
        key: &RistrettoPoint,
        before: &[RistrettoPoint],
        after: &[RistrettoPoint],
    ) -> bool {
        let weights = self.coefficients();
        dleq::verify(proof, key, &weights, (before, after), |sums| self.challenge(sums))
    }

    fn challenge(&self, points: [&RistrettoPoint; 4]) -> Scalar {
        let mut transcript: Vec<u8> = Vec::new();
        transcript.extend(length(self.key));
        transcript.extend(self.key);
        for point in points {
            let encoded = point.compress().to_bytes();
            transcript.extend(length(&encoded));
            transcript.extend(encoded);
        }
        hash_to_scalar(&[&transcript, b"Challenge"])
    }
}

/// I2OSP(len, 2).
fn length(bytes: &[u8]) -> [u8; 2] {
    u16::try_from(bytes.len()).unwrap_or(u16::MAX).to_be_bytes()
}
