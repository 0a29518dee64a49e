//! Correlated transfers from the base transfers (Ishai, Kilian, Nissim, Petrank 2003) with the
//! column check of Roy22 for a malicious noise side.
//!
//! The *noise side* enters bits b; it gets t, the *Delta side* q with q = t + b Delta, 128 bits for
//! each transfer. In columns: for bit j of Delta, both know the key stream of one base key; the
//! noise
//! side sends u_j = G(k_j0) + G(k_j1) + b, the Delta side sets q_j = G(k_jDelta_j) + Delta_j u_j.
//!
//! The check, on each column: with R a random linear hash of 128 bits, drawn after all u_j are
//! fixed, the noise side sends R(b) and R(t_j); the Delta side wants R(q_j) = R(t_j) + Delta_j
//! R(b).
//! One more block of random bits blinds what is sent. Who enters other bits in some column passes
//! only by guessing that bit of Delta; each guess costs half of the chance.

use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};
use rayon::prelude::*;
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use super::{BASE, Key};
use crate::field::{F128, Secret};
use crate::simd::{Aes, Simd};

/// Blocks of 128 transfers that are spent on the check. Count.
const CHECK_BLOCKS: usize = 1;

/// Correlations, one for each transfer, in order.
pub type Extended = Secret;

/// Why an extension is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExtensionError {
    /// The noise side did not enter the same bits in each column.
    CheckFailed,
    /// The message is not as long as the number of transfers asks for.
    Length,
}

/// Bytes of the message for `blocks` times 128 transfers.
pub fn message_bytes(blocks: usize) -> usize {
    F128::BYTES * (BASE * (blocks + CHECK_BLOCKS) + 1 + BASE)
}

/// Key streams of base keys. They go on from one extension to the next.
struct Streams(Vec<ChaCha20Rng>);

impl Streams {
    fn new<'a>(keys: impl Iterator<Item = &'a Key>) -> Streams {
        Streams(keys.map(|key| ChaCha20Rng::from_seed(*key)).collect())
    }

    /// The next blocks of each stream, one column after the other.
    fn next(&mut self, blocks: usize) -> Vec<F128> {
        let mut all = vec![F128::ZERO; blocks * self.0.len()];
        self.0.par_iter_mut().zip(all.par_chunks_mut(blocks)).for_each(|(stream, column)| {
            let mut bytes = vec![0; blocks * F128::BYTES];
            stream.fill_bytes(&mut bytes);
            for (block, bytes) in column.iter_mut().zip(bytes.as_chunks().0) {
                *block = F128::from_bytes(*bytes);
            }
            bytes.zeroize();
        });
        all
    }
}

/// The side that knows Delta.
pub struct DeltaSide {
    delta: F128,
    streams: Streams,
}

impl Drop for DeltaSide {
    fn drop(&mut self) {
        self.delta.zeroize();
    }
}

impl DeltaSide {
    /// With the keys that the bits of `delta` chose.
    pub fn new(delta: F128, keys: &[Key]) -> DeltaSide {
        DeltaSide { delta, streams: Streams::new(keys.iter()) }
    }

    /// Takes the noise side's message for `blocks` times 128 transfers.
    pub fn extend(
        &mut self,
        simd: Simd,
        binding: &[u8; 32],
        blocks: usize,
        message: &[u8],
    ) -> Result<Extended, ExtensionError> {
        if message.len() != message_bytes(blocks) {
            return Err(ExtensionError::Length);
        }
        let with_check = blocks + CHECK_BLOCKS;
        let (sent, check) = message.split_at(F128::BYTES * BASE * with_check);
        let hash = challenge(binding, sent);
        let mut columns = self.streams.next(with_check);
        for (j, (column, sent)) in
            columns.chunks_mut(with_check).zip(sent.chunks(with_check * F128::BYTES)).enumerate()
        {
            let mask = F128::mask(self.delta.bit(j));
            for (block, sent) in column.iter_mut().zip(sent.as_chunks().0) {
                *block ^= F128::from_bytes(*sent).and(mask);
            }
        }
        let check: Vec<F128> =
            check.as_chunks().0.iter().map(|bytes| F128::from_bytes(*bytes)).collect();
        let mut expected = Vec::with_capacity(BASE * F128::BYTES);
        let mut got = Vec::with_capacity(BASE * F128::BYTES);
        for (j, column) in columns.chunks(with_check).enumerate() {
            let bits = check[0].and(F128::mask(self.delta.bit(j)));
            expected.extend((check[1 + j] ^ bits).to_bytes());
            got.extend(linear(simd, &hash, column).to_bytes());
        }
        if !bool::from(expected.ct_eq(&got)) {
            return Err(ExtensionError::CheckFailed);
        }
        Ok(rows(simd, &mut columns, with_check))
    }
}

/// The side that enters bits.
pub struct NoiseSide {
    zeros: Streams,
    ones: Streams,
}

impl NoiseSide {
    /// With both keys of each base transfer.
    pub fn new(keys: &[[Key; 2]]) -> NoiseSide {
        NoiseSide {
            zeros: Streams::new(keys.iter().map(|pair| &pair[0])),
            ones: Streams::new(keys.iter().map(|pair| &pair[1])),
        }
    }

    /// Enters blocks of bits; `blind` is one more random block. Gives the message and t.
    pub fn extend(
        &mut self,
        simd: Simd,
        binding: &[u8; 32],
        bits: &[F128],
        blind: F128,
    ) -> (Vec<u8>, Extended) {
        let blocks = bits.len();
        let with_check = blocks + CHECK_BLOCKS;
        let mut columns = self.zeros.next(with_check);
        let mut others = self.ones.next(with_check);
        let mut message = Vec::with_capacity(message_bytes(blocks));
        for (column, other) in columns.chunks(with_check).zip(others.chunks(with_check)) {
            let entered = bits.iter().chain([&blind]);
            for ((a, b), bits) in column.iter().zip(other).zip(entered) {
                message.extend((*a ^ *b ^ *bits).to_bytes());
            }
        }
        others.zeroize();
        let hash = challenge(binding, &message);
        let mut entered = bits.to_vec();
        entered.push(blind);
        message.extend(linear(simd, &hash, &entered).to_bytes());
        entered.zeroize();
        for column in columns.chunks(with_check) {
            message.extend(linear(simd, &hash, column).to_bytes());
        }
        (message, rows(simd, &mut columns, with_check))
    }
}

/// The linear hash, drawn from all that the noise side has sent (Fiat, Shamir: 2^-128 a try).
fn challenge(binding: &[u8; 32], sent: &[u8]) -> Aes {
    let mut hasher = blake3::Hasher::new_derive_key("detente-match/vole/1 extension check");
    hasher.update(binding).update(sent);
    let mut key = [0; 16];
    hasher.finalize_xof().fill(&mut key);
    Aes::new(F128::from_bytes(key))
}

/// The hash of one column; its last block enters plainly and blinds the rest.
fn linear(simd: Simd, hash: &Aes, column: &[F128]) -> F128 {
    match column.split_last() {
        Some((last, rest)) => simd.dot_stream(hash, 0, rest) ^ *last,
        None => F128::ZERO,
    }
}

/// Turns columns into one block a transfer, without those of the check; erases the columns.
fn rows(simd: Simd, columns: &mut [F128], with_check: usize) -> Extended {
    let blocks = with_check - CHECK_BLOCKS;
    let mut out = vec![F128::ZERO; BASE * blocks];
    for (number, square) in out.as_chunks_mut::<BASE>().0.iter_mut().enumerate() {
        for (j, row) in square.iter_mut().enumerate() {
            *row = columns[j * with_check + number];
        }
        simd.transpose(square);
    }
    columns.zeroize();
    Secret(out)
}

/// Puts the check that fits `message`'s columns behind them, as a cheat would who entered `bits`
/// in most of them.
#[cfg(test)]
pub(super) fn forge_check(
    simd: Simd,
    binding: &[u8; 32],
    keys: &[[Key; 2]],
    (bits, blind): (&[F128], F128),
    message: &mut [u8],
) {
    let with_check = bits.len() + CHECK_BLOCKS;
    let sent = F128::BYTES * BASE * with_check;
    let hash = challenge(binding, &message[..sent]);
    let columns = Streams::new(keys.iter().map(|pair| &pair[0])).next(with_check);
    let mut entered = bits.to_vec();
    entered.push(blind);
    let mut check = linear(simd, &hash, &entered).to_bytes().to_vec();
    for column in columns.chunks(with_check) {
        check.extend(linear(simd, &hash, column).to_bytes());
    }
    message[sent..].copy_from_slice(&check);
}
