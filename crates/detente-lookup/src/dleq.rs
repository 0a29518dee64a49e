//! Equality of two discrete logarithms over a whole batch, for both protocols that prove it.
//!
//! Chaum and Pedersen (1992) on two weighted sums of the batch, in the steps of RFC 9497 §2.2. What
//! a protocol binds (its weights, its challenge, its nonce) is its own: `lookup/proof.rs` and
//! `psi/ecdh/dleq.rs`.

use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::{Identity, VartimeMultiscalarMul};
use rayon::prelude::*;

/// Encoding of a scalar modulo the group order. Bytes (RFC 9496 §4.4).
pub const SCALAR_BYTES: usize = 32;
/// One proof: challenge and response (RFC 9497 §2.2). Bytes.
pub const PROOF_BYTES: usize = 2 * SCALAR_BYTES;

/// Pairs that one task sums up. Count: the bucket method gains little above this.
const SUM_POINTS: usize = 512;

/// Proves that a batch was multiplied by `key`: `GenerateProof` (RFC 9497 §2.2.1), the second sum
/// by `ComputeCompositesFast`. `before` are the points as they came; a nonce serves one statement.
pub fn prove(
    (key, nonce): (&Scalar, &Scalar),
    weights: &[Scalar],
    before: &[RistrettoPoint],
    challenge: impl Fn([&RistrettoPoint; 4]) -> Scalar,
) -> [u8; PROOF_BYTES] {
    let sum_before = weighted_sum(weights, before);
    let sum_after = sum_before * key;
    let base_part = RistrettoPoint::mul_base(nonce);
    let sum_part = sum_before * nonce;
    let challenge = challenge([&sum_before, &sum_after, &base_part, &sum_part]);
    let response = nonce - challenge * key;
    let mut proof = [0; PROOF_BYTES];
    proof[..SCALAR_BYTES].copy_from_slice(challenge.as_bytes());
    proof[SCALAR_BYTES..].copy_from_slice(response.as_bytes());
    proof
}

/// Whether a proof holds: `VerifyProof` (RFC 9497 §2.2.2), for the points before and after.
pub fn verify(
    proof: &[u8; PROOF_BYTES],
    key: &RistrettoPoint,
    weights: &[Scalar],
    (before, after): (&[RistrettoPoint], &[RistrettoPoint]),
    challenge: impl Fn([&RistrettoPoint; 4]) -> Scalar,
) -> bool {
    let Some((told, response)) = read(proof) else { return false };
    let (sum_before, sum_after) =
        rayon::join(|| weighted_sum(weights, before), || weighted_sum(weights, after));
    let base_part = RistrettoPoint::vartime_double_scalar_mul_basepoint(&told, key, &response);
    let sum_part =
        RistrettoPoint::vartime_multiscalar_mul([&response, &told], [&sum_before, &sum_after]);
    challenge([&sum_before, &sum_after, &base_part, &sum_part]) == told
}

/// Challenge and response, if both are canonical.
fn read(proof: &[u8; PROOF_BYTES]) -> Option<(Scalar, Scalar)> {
    let [challenge, response] = proof.as_chunks::<SCALAR_BYTES>().0 else { return None };
    let challenge = Option::from(Scalar::from_canonical_bytes(*challenge))?;
    let response = Option::from(Scalar::from_canonical_bytes(*response))?;
    Some((challenge, response))
}

fn weighted_sum(weights: &[Scalar], points: &[RistrettoPoint]) -> RistrettoPoint {
    weights
        .par_chunks(SUM_POINTS)
        .zip(points.par_chunks(SUM_POINTS))
        .map(|(weights, points)| RistrettoPoint::vartime_multiscalar_mul(weights, points))
        .reduce(RistrettoPoint::identity, |left, right| left + right)
}
