//! Base transfers on ristretto255 (MR19 figure 7, on Diffie-Hellman; RFC 9496).
//!
//! As in `kem.rs`, with group elements for keys. The other side answers all transfers with one
//! element. Not against quantum computers.

use curve25519_dalek::RistrettoPoint;
use curve25519_dalek::Scalar;
use curve25519_dalek::ristretto::CompressedRistretto;
use curve25519_dalek::traits::IsIdentity;
use rayon::prelude::*;
use zeroize::Zeroize;

use super::{BASE, Binding, InvalidTransfer, Key};
use crate::field::F128;

/// The chooser's part of one transfer: two elements. Bytes.
pub(super) const CHOICE_BYTES: usize = 64;
/// The whole answer: one element. Bytes.
pub(super) const REPLY_BYTES: usize = 32;

/// The chooser's exponents and choices.
pub(crate) struct Chooser {
    exponents: Vec<Scalar>,
    choice: F128,
}

impl Drop for Chooser {
    fn drop(&mut self) {
        self.exponents.zeroize();
        self.choice.zeroize();
    }
}

impl Chooser {
    pub(super) fn choose(context: &[u8; 32], secret: &Key, choice: F128) -> (Chooser, Vec<u8>) {
        let made: Vec<(Scalar, Vec<u8>)> = (0..BASE)
            .into_par_iter()
            .map(|index| Binding { context, index }.choose_point(secret, choice.bit(index)))
            .collect();
        let (exponents, parts): (Vec<_>, Vec<_>) = made.into_iter().unzip();
        (Chooser { exponents, choice }, parts.concat())
    }

    pub(super) fn finish(
        self,
        context: &[u8; 32],
        reply: &[u8],
    ) -> Result<Vec<Key>, InvalidTransfer> {
        let invalid = InvalidTransfer { index: 0 };
        let bytes: [u8; 32] = reply.try_into().map_err(|_| invalid)?;
        let point = decode(&bytes).ok_or(invalid)?;
        let open = |(index, exponent): (usize, &Scalar)| {
            let side = usize::from(self.choice.bit(index));
            Binding { context, index }.point_key(side, &(point * exponent), &bytes)
        };
        Ok(self.exponents.par_iter().enumerate().map(open).collect())
    }
}

/// Answers with one element and knows both keys of each transfer.
pub(super) fn reply(
    context: &[u8; 32],
    secret: &Key,
    message: &[u8],
) -> Result<(Vec<u8>, Vec<[Key; 2]>), InvalidTransfer> {
    let parts = message.as_chunks::<CHOICE_BYTES>().0;
    if parts.len() != BASE || message.len() != BASE * CHOICE_BYTES {
        return Err(InvalidTransfer { index: parts.len().min(BASE) });
    }
    let binding = Binding { context, index: BASE };
    let mut exponent = scalar(binding.hasher("detente-match/vole/1 group reply", 0).update(secret));
    let bytes = RistrettoPoint::mul_base(&exponent).compress().to_bytes();
    let keys: Result<Vec<[Key; 2]>, InvalidTransfer> = parts
        .par_iter()
        .enumerate()
        .map(|(index, part)| Binding { context, index }.point_keys(&exponent, &bytes, part))
        .collect();
    exponent.zeroize();
    Ok((bytes.to_vec(), keys?))
}

impl Binding<'_> {
    fn choose_point(&self, secret: &Key, bit: bool) -> (Scalar, Vec<u8>) {
        let exponent = scalar(self.hasher("detente-match/vole/1 group seed", 0).update(secret));
        let other = point(self.hasher("detente-match/vole/1 group dummy", 0).update(secret));
        let side = usize::from(bit);
        let other_bytes = other.compress().to_bytes();
        let mine = RistrettoPoint::mul_base(&exponent) - self.hash_point(1 - side, &other_bytes);
        let mine = mine.compress().to_bytes();
        let mask = 0u8.wrapping_sub(u8::from(bit));
        let pick = |(a, b): (&u8, &u8)| a ^ (mask & (a ^ b));
        let mut part: Vec<u8> = mine.iter().zip(&other_bytes).map(pick).collect();
        part.extend(other_bytes.iter().zip(&mine).map(pick));
        (exponent, part)
    }

    fn point_keys(
        &self,
        exponent: &Scalar,
        reply: &[u8; 32],
        part: &[u8; CHOICE_BYTES],
    ) -> Result<[Key; 2], InvalidTransfer> {
        let sides = part.as_chunks::<32>().0;
        let mut keys = [[0; 32]; 2];
        for side in 0..2 {
            let given = decode(&sides[side]).ok_or(InvalidTransfer { index: self.index })?;
            let public = given + self.hash_point(1 - side, &sides[1 - side]);
            keys[side] = self.point_key(side, &(public * exponent), reply);
        }
        Ok(keys)
    }

    fn hash_point(&self, side: usize, bytes: &[u8; 32]) -> RistrettoPoint {
        point(self.hasher("detente-match/vole/1 group hash", side).update(bytes))
    }

    fn point_key(&self, side: usize, shared: &RistrettoPoint, reply: &[u8; 32]) -> Key {
        let mut hasher = self.hasher("detente-match/vole/1 group key", side);
        *hasher.update(shared.compress().as_bytes()).update(reply).finalize().as_bytes()
    }
}

/// A canonical element other than the identity.
fn decode(bytes: &[u8; 32]) -> Option<RistrettoPoint> {
    CompressedRistretto(*bytes).decompress().filter(|point| !point.is_identity())
}

fn wide(hasher: &blake3::Hasher) -> [u8; 64] {
    let mut bytes = [0; 64];
    hasher.finalize_xof().fill(&mut bytes);
    bytes
}

fn scalar(hasher: &blake3::Hasher) -> Scalar {
    let mut bytes = wide(hasher);
    let scalar = Scalar::from_bytes_mod_order_wide(&bytes);
    bytes.zeroize();
    scalar
}

fn point(hasher: &blake3::Hasher) -> RistrettoPoint {
    RistrettoPoint::from_uniform_bytes(&wide(hasher))
}
