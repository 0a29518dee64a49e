//! The end that knows Delta: it owns the trees.

use rayon::prelude::*;
use zeroize::Zeroize;

use super::check::{Combination, code_key, commitment, join, pads, tree_keys};
use super::code::compress;
use super::tree::{Scratch, grow};
use crate::field::{F128, Secret};
use crate::security::BatchShape;
use crate::simd::{Simd, zeros};

/// All trees of a batch, before the receiver's challenge.
pub(crate) struct Grown {
    simd: Simd,
    context: [u8; 32],
    shape: BatchShape,
    /// Leaves of each expansion.
    leaves: Vec<Secret>,
    /// The first expansion's outputs, whose last part served as noise shares of the others.
    first: Secret,
    check_share: F128,
}

/// A batch whose outputs are there, before the receiver's part of the check.
pub(crate) struct Expanded {
    context: [u8; 32],
    /// B, in order.
    pub(crate) outputs: Secret,
    check: F128,
}

impl Grown {
    /// Grows all trees from a secret seed and the extension's correlations; gives the message, of
    /// [`BatchShape::tree_bytes`].
    pub(crate) fn grow(
        simd: Simd,
        context: [u8; 32],
        shape: &BatchShape,
        (delta, correlations): (F128, &[F128]),
        seed: &[u8; 32],
    ) -> (Grown, Vec<u8>) {
        let (values, levels) = correlations.split_at(128 * shape.value_blocks());
        let mut shares: Vec<F128> = values.chunks(128).map(join).collect();
        let check_share = shares.pop().unwrap_or(F128::ZERO);
        let levels = &levels[..shape.level_transfers()];
        let mut others: Vec<F128> = levels.iter().map(|row| *row ^ delta).collect();
        let pads =
            Pads { zeros: pads(simd, &context, 0, levels), ones: pads(simd, &context, 0, &others) };
        others.zeroize();
        let mut grown = Grown {
            simd,
            context,
            shape: shape.clone(),
            leaves: Vec::with_capacity(shape.parts.len()),
            first: Secret(Vec::new()),
            check_share,
        };
        let mut message = Vec::with_capacity(shape.tree_bytes());
        let (mut transfer, mut share) = (0, 0);
        for (number, part) in shape.parts.iter().enumerate() {
            if number == 1 {
                shares.zeroize();
                shares = grown.first.0.split_off(shape.parts[0].outputs - shape.spare());
                share = 0;
            }
            let leaves = grown.plant(number, &pads.from(transfer), &shares[share..], seed);
            message.extend(leaves.1);
            transfer += part.trees * part.depth;
            share += part.trees;
            if number == 0 {
                let mut noise = leaves.0.clone();
                compress::<1>(simd, &code_key(&context, 0), part, noise.as_chunks_mut().0);
                noise.truncate(part.outputs);
                grown.first = Secret(noise);
            }
            grown.leaves.push(Secret(leaves.0));
        }
        shares.zeroize();
        if shape.parts.len() == 1 {
            grown.first.0.truncate(shape.outputs);
        }
        (grown, message)
    }

    /// Grows the trees of one expansion.
    fn plant(
        &self,
        number: usize,
        pads: &PadsFrom<'_>,
        shares: &[F128],
        seed: &[u8; 32],
    ) -> (Vec<F128>, Vec<u8>) {
        let part = &self.shape.parts[number];
        let mut leaves = zeros(part.leaves());
        let messages: Vec<Vec<u8>> = leaves
            .par_chunks_mut(1 << part.depth)
            .enumerate()
            .map_init(
                || Scratch::new(part.depth),
                |scratch, (tree, leaves)| {
                    let keys = tree_keys(&self.context, number, tree);
                    let root = root(&self.context, seed, number, tree);
                    let sums = grow((self.simd, &keys), root, scratch, leaves);
                    let mut message = Vec::with_capacity(16 * (2 * part.depth + 1));
                    for (level, [left, right]) in sums.into_iter().enumerate() {
                        let [zero, one] = pads.of(tree * part.depth + level);
                        message.extend((left ^ zero).to_bytes());
                        message.extend((right ^ one).to_bytes());
                    }
                    let sum = leaves.iter().fold(shares[tree], |sum, leaf| sum ^ *leaf);
                    message.extend(sum.to_bytes());
                    message
                },
            )
            .collect();
        (leaves, messages.concat())
    }

    /// Takes the challenge: computes the check's combination and compresses.
    pub(crate) fn expand(self, challenge: F128) -> Expanded {
        let combination = Combination::new(challenge);
        let Grown { simd, context, shape, leaves, first, check_share } = self;
        let made: Vec<(F128, Secret)> = leaves
            .into_par_iter()
            .enumerate()
            .map(|(number, mut leaves)| {
                let part = &shape.parts[number];
                let sum = leaves
                    .0
                    .par_chunks(1 << 12)
                    .enumerate()
                    .map(|(i, chunk)| combination.of(simd, number, i << 12, chunk))
                    .reduce(|| F128::ZERO, |a, b| a ^ b);
                if number > 0 {
                    let key = code_key(&context, number);
                    compress::<1>(simd, &key, part, leaves.0.as_chunks_mut().0);
                    leaves.0.truncate(part.outputs);
                    (sum, leaves)
                } else {
                    (sum, Secret(Vec::new()))
                }
            })
            .collect();
        let mut outputs = first;
        outputs.0.reserve_exact(shape.outputs.saturating_sub(outputs.0.len()));
        let mut check = check_share;
        for (sum, more) in made {
            check ^= sum;
            outputs.0.extend_from_slice(&more.0);
        }
        outputs.0.truncate(shape.outputs);
        Expanded { context, outputs, check }
    }
}

impl Expanded {
    /// What convinces the receiver, given its masked sum of noise values.
    pub(crate) fn prove(&self, simd: Simd, delta: F128, masked: F128) -> [u8; 32] {
        commitment(&self.context, self.check ^ simd.mul(delta, masked))
    }
}

/// The secret root of a tree.
fn root(context: &[u8; 32], seed: &[u8; 32], part: usize, tree: usize) -> F128 {
    let mut hasher = blake3::Hasher::new_keyed(seed);
    hasher
        .update(context)
        .update(&(part as u64).to_le_bytes())
        .update(&(tree as u64).to_le_bytes());
    let mut bytes = [0; F128::BYTES];
    hasher.finalize_xof().fill(&mut bytes);
    F128::from_bytes(bytes)
}

/// Pads of both messages of each transfer.
struct Pads {
    zeros: Vec<F128>,
    ones: Vec<F128>,
}

impl Pads {
    fn from(&self, start: usize) -> PadsFrom<'_> {
        PadsFrom { zeros: &self.zeros[start..], ones: &self.ones[start..] }
    }
}

/// Those from some transfer on.
struct PadsFrom<'a> {
    zeros: &'a [F128],
    ones: &'a [F128],
}

impl PadsFrom<'_> {
    fn of(&self, transfer: usize) -> [F128; 2] {
        [self.zeros[transfer], self.ones[transfer]]
    }
}
