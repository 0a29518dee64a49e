//! What both ends of an expansion derive alike: public keys, pads of transfers, and the random
//! combination of the check (WYKW21 §5, figure 7, one for all trees).

use crate::field::F128;
use crate::simd::{Aes, LANES, Simd};

/// Bits of a counter that number the leaves of one expansion.
const LEAF_BITS: u32 = 40;

/// A public key stream for a purpose in a run.
fn public(label: &str, context: &[u8; 32], numbers: &[u64]) -> blake3::OutputReader {
    let mut hasher = blake3::Hasher::new_derive_key(label);
    hasher.update(context);
    for number in numbers {
        hasher.update(&number.to_le_bytes());
    }
    hasher.finalize_xof()
}

fn block(stream: &mut blake3::OutputReader) -> F128 {
    let mut bytes = [0; F128::BYTES];
    stream.fill(&mut bytes);
    F128::from_bytes(bytes)
}

/// The two keys under which the nodes of a tree have children. Each tree has its own, so that what
/// is spent on one is no use for another.
pub(super) fn tree_keys(context: &[u8; 32], part: usize, tree: usize) -> [Aes; 2] {
    let numbers = [part as u64, tree as u64];
    let mut stream = public("detente-match/vole/1 tree", context, &numbers);
    [Aes::new(block(&mut stream)), Aes::new(block(&mut stream))]
}

/// What draws the codes of a batch: the receiver's noise is fixed before, and blinded by what the
/// sender can't know, so that neither end can choose among codes.
pub fn codes(context: &[u8; 32], noise_message: &[u8]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("detente-match/vole/1 codes");
    *hasher.update(context).update(noise_message).finalize().as_bytes()
}

/// The key that draws the code of an expansion.
pub(super) fn code_key(codes: &[u8; 32], part: usize) -> Aes {
    Aes::new(block(&mut public("detente-match/vole/1 code", codes, &[part as u64])))
}

/// The coefficients of the check.
#[derive(Clone)]
pub(super) struct Combination(Aes);

impl Combination {
    pub(super) fn new(challenge: F128) -> Combination {
        Combination(Aes::new(challenge))
    }

    /// The combination of consecutive leaves of an expansion.
    pub(super) fn of(&self, simd: Simd, part: usize, leaf: usize, values: &[F128]) -> F128 {
        simd.dot_stream(&self.0, counter(part, leaf), values)
    }

    /// The coefficient of one leaf.
    pub(super) fn at(&self, part: usize, leaf: usize) -> F128 {
        self.0.encrypt_one(F128(u128::from(counter(part, leaf))))
    }
}

fn counter(part: usize, leaf: usize) -> u64 {
    (part as u64) << LEAF_BITS | leaf as u64
}

/// A pad for each correlation from `first` on: a hash that hides the correlation.
pub(super) fn pads(simd: Simd, context: &[u8; 32], first: usize, rows: &[F128]) -> Vec<F128> {
    let key = blake3::derive_key("detente-match/vole/1 pad", context);
    let mut pads = Vec::with_capacity(rows.len());
    for (chunk, rows) in rows.chunks(LANES).enumerate() {
        let mut inputs = [[0u8; 24]; LANES];
        for (i, (input, row)) in inputs.iter_mut().zip(rows).enumerate() {
            let number = (first + chunk * LANES + i) as u64;
            input[..8].copy_from_slice(&number.to_le_bytes());
            input[8..].copy_from_slice(&row.to_bytes());
        }
        let hashes = simd.hash_short(&key, &inputs.each_ref().map(|input| &input[..]));
        pads.extend(hashes[..rows.len()].iter().map(|hash| {
            let mut bytes = [0; F128::BYTES];
            bytes.copy_from_slice(&hash[..F128::BYTES]);
            F128::from_bytes(bytes)
        }));
    }
    pads
}

/// 128 correlations as one over the field: the sum of X^k row_k.
pub(super) fn join(rows: &[F128]) -> F128 {
    rows.iter().rev().fold(F128::ZERO, |sum, row| sum.times_x() ^ *row)
}

/// What the sender shows for its side of the check.
pub(super) fn commitment(context: &[u8; 32], value: F128) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("detente-match/vole/1 check");
    *hasher.update(context).update(&value.to_bytes()).finalize().as_bytes()
}
