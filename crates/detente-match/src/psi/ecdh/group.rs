//! ristretto255 as the matcher uses it: hash to the group, one key's exponentiation, reading
//! foreign points.
//!
//! Sources: RFC 9496 (the group; §4.3.1 decoding, §4.3.4 from uniform bytes). Items enter by
//! SHA-512 over label, context and item; the label and the context have fixed lengths, so the
//! input is read in one way only.
//!
//! Exponentiation with the secret key is constant-time (curve25519-dalek); multiplications with
//! public coefficients are not, and need not be.

use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::IsIdentity;
use rand_core::Rng;
use rayon::prelude::*;
use sha2::{Digest, Sha512};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::params::{BATCH_POINTS, Encoded, LABEL_DUMMY, LABEL_ITEM};
use crate::error::PeerFault;
use crate::item::Item;

/// The point of an item under a context.
pub(super) fn hash_item(context: &[u8; 32], item: &Item) -> RistrettoPoint {
    let hash =
        Sha512::new().chain_update(LABEL_ITEM).chain_update(context).chain_update(item.as_bytes());
    uniform(hash)
}

/// A point that is no item's, number `number` under a secret that nobody else knows.
pub(super) fn hash_dummy(secret: &[u8; 32], number: u32) -> RistrettoPoint {
    let hash = Sha512::new()
        .chain_update(LABEL_DUMMY)
        .chain_update(secret)
        .chain_update(number.to_be_bytes());
    uniform(hash)
}

fn uniform(hash: Sha512) -> RistrettoPoint {
    let mut bytes: [u8; 64] = hash.finalize().into();
    let point = RistrettoPoint::from_uniform_bytes(&bytes);
    bytes.zeroize();
    point
}

/// The secret exponent of one end of one run, never zero, with its public point.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(super) struct Key {
    scalar: Scalar,
    /// Half of `scalar`: halves are raised, then doubled and encoded together, which saves the
    /// inverse square root of each encoding.
    half: Scalar,
    #[zeroize(skip)]
    public: Encoded,
}

impl Key {
    /// Draws a key: 64 bytes reduced modulo the group order, again if that is zero.
    pub(super) fn draw(rng: &mut impl Rng) -> Key {
        let mut wide = Zeroizing::new([0; 64]);
        let mut scalar = Scalar::ZERO;
        while scalar == Scalar::ZERO {
            rng.fill_bytes(&mut *wide);
            scalar = Scalar::from_bytes_mod_order_wide(&wide);
        }
        let public = RistrettoPoint::mul_base(&scalar).compress().to_bytes();
        Key { scalar, half: scalar.div_by_2(), public }
    }

    pub(super) fn scalar(&self) -> &Scalar {
        &self.scalar
    }

    pub(super) fn public(&self) -> &Encoded {
        &self.public
    }

    /// Raises each point and encodes the results in the same order. All cores.
    pub(super) fn raise(&self, points: &[RistrettoPoint]) -> Vec<Encoded> {
        points
            .par_chunks(BATCH_POINTS)
            .flat_map_iter(|batch| {
                let halves: Vec<_> = batch.iter().map(|point| point * self.half).collect();
                RistrettoPoint::double_and_compress_batch(&halves)
            })
            .map(|encoded| encoded.to_bytes())
            .collect()
    }
}

/// Reads the points `start..` of a foreign list. All cores.
///
/// # Errors
/// Names the first that is not canonical or is the identity.
pub(super) fn read_points(
    start: u32,
    encoded: &[Encoded],
) -> Result<Vec<RistrettoPoint>, PeerFault> {
    let read: Vec<_> = encoded.par_iter().map(decompress).collect();
    // The first fault in the list's order, whatever order the cores worked in.
    read.into_iter()
        .zip(start..)
        .map(|(point, index)| match point {
            None => Err(PeerFault::InvalidPoint { index }),
            Some(point) if point.is_identity() => Err(PeerFault::IdentityPoint { index }),
            Some(point) => Ok(point),
        })
        .collect()
}

fn decompress(encoded: &Encoded) -> Option<RistrettoPoint> {
    CompressedRistretto(*encoded).decompress()
}
