//! The end that enters the noise: it knows all leaves of each tree but one.

use rayon::prelude::*;
use zeroize::Zeroize;

use super::check::{Combination, code_key, commitment, join, pads, tree_keys};
use super::code::compress;
use super::tree::{Scratch, grow_punctured};
use crate::field::{F128, Secret};
use crate::security::{BatchShape, ExpansionShape};
use crate::simd::{Simd, zero_pairs};

/// A pair of outputs: C, and A, with C = A Delta + B.
pub(crate) type Pair = [F128; 2];

/// What the receiver knows before the trees come.
pub(crate) struct Noise<'a> {
    pub(crate) simd: Simd,
    pub(crate) context: [u8; 32],
    pub(crate) shape: &'a BatchShape,
    /// The bits that it entered into the extension, [`BatchShape::blocks`] of them.
    pub(crate) bits: &'a [F128],
    /// What the extension gave for them.
    pub(crate) correlations: &'a [F128],
}

/// An expanded batch.
pub(crate) struct Expanded {
    /// The outputs; void unless the sender's proof is `expected`.
    pub(crate) outputs: Vec<Pair>,
    /// The masked sum of noise values, for the sender.
    pub(crate) masked: F128,
    /// What an honest sender answers.
    pub(crate) expected: [u8; 32],
}

impl Drop for Expanded {
    fn drop(&mut self) {
        self.outputs.as_flattened_mut().zeroize();
    }
}

/// A noise value and its correlation: share = value Delta + the sender's.
struct Values {
    values: Vec<F128>,
    shares: Vec<F128>,
}

impl Drop for Values {
    fn drop(&mut self) {
        self.values.zeroize();
        self.shares.zeroize();
    }
}

impl Noise<'_> {
    /// Grows the punctured trees from the sender's message, of [`BatchShape::tree_bytes`], and
    /// compresses. `challenge` must be drawn after the message came.
    pub(crate) fn expand(&self, message: &[u8], challenge: F128) -> Expanded {
        let combination = Combination::new(challenge);
        let value_blocks = self.shape.value_blocks();
        let (values, levels) = self.correlations.split_at(128 * value_blocks);
        let mut first = Values {
            values: self.bits[..value_blocks].to_vec(),
            shares: values.chunks(128).map(join).collect(),
        };
        let check_value = first.values.pop().unwrap_or(F128::ZERO);
        let check_share = first.shares.pop().unwrap_or(F128::ZERO);
        let transfers = Transfers {
            chosen: &self.bits[value_blocks..],
            pads: pads(self.simd, &self.context, 0, &levels[..self.shape.level_transfers()]),
        };
        let mut sums = vec![(check_share, check_value)];
        let cut = message.len().min(part_bytes(&self.shape.parts[0]));
        let (mine, mut rest) = message.split_at(cut);
        let (mut outputs, sum) = self.part(0, (&transfers.from(0), mine), &first, &combination);
        sums.push(sum);
        // The outputs behind those for use are the noise values of the other expansions.
        let spare = outputs.split_off(self.shape.parts[0].outputs - self.shape.spare());
        let mut jobs = Vec::with_capacity(self.shape.parts.len());
        let (mut transfer, mut value) = (self.shape.parts[0].trees * self.shape.parts[0].depth, 0);
        for (number, part) in self.shape.parts.iter().enumerate().skip(1) {
            let (mine, others) = rest.split_at(part_bytes(part).min(rest.len()));
            rest = others;
            let used = &spare[value..value + part.trees];
            let values = Values {
                values: used.iter().map(|pair| pair[1]).collect(),
                shares: used.iter().map(|pair| pair[0]).collect(),
            };
            jobs.push((number, transfers.from(transfer), values, mine));
            transfer += part.trees * part.depth;
            value += part.trees;
        }
        let made: Vec<(Vec<Pair>, (F128, F128))> = jobs
            .into_par_iter()
            .map(|(number, transfers, values, mine)| {
                self.part(number, (&transfers, mine), &values, &combination)
            })
            .collect();
        outputs.reserve_exact(self.shape.outputs.saturating_sub(outputs.len()));
        for (mut more, sum) in made {
            outputs.append(&mut more);
            sums.push(sum);
        }
        outputs.truncate(self.shape.outputs);
        let (value, masked) = sums
            .into_iter()
            .fold((F128::ZERO, F128::ZERO), |sum, more| (sum.0 ^ more.0, sum.1 ^ more.1));
        Expanded { outputs, masked, expected: commitment(&self.context, value) }
    }

    /// One expansion: its outputs, and its part of the check (of the leaves, of the noise values).
    fn part(
        &self,
        number: usize,
        (transfers, message): (&TransfersFrom<'_>, &[u8]),
        values: &Values,
        combination: &Combination,
    ) -> (Vec<Pair>, (F128, F128)) {
        let part = &self.shape.parts[number];
        let width = 1 << part.depth;
        let mut noise: Vec<Pair> = zero_pairs(part.leaves());
        let sums = noise
            .par_chunks_mut(width)
            .zip(message.par_chunks(16 * (2 * part.depth + 1)))
            .enumerate()
            .map_init(
                || (Scratch::new(part.depth), vec![F128::ZERO; width]),
                |(scratch, leaves), (tree, (noise, message))| {
                    let blocks = message.as_chunks::<16>().0;
                    let (path, sums, last) = transfers.open(tree, part.depth, blocks);
                    let keys = tree_keys(&self.context, number, tree);
                    grow_punctured((self.simd, &keys), path, &sums, scratch, leaves);
                    let (value, share) = (values.values[tree], values.shares[tree]);
                    leaves[path] = leaves.iter().fold(last ^ share, |sum, leaf| sum ^ *leaf);
                    for (pair, leaf) in noise.iter_mut().zip(&*leaves) {
                        pair[0] = *leaf;
                    }
                    noise[path][1] = value;
                    let at = tree * width;
                    let coefficient = combination.at(number, at + path);
                    (
                        combination.of(self.simd, number, at, leaves),
                        self.simd.mul(coefficient, value),
                    )
                },
            )
            .reduce(|| (F128::ZERO, F128::ZERO), |a, b| (a.0 ^ b.0, a.1 ^ b.1));
        compress::<2>(self.simd, &code_key(&self.context, number), part, &mut noise);
        noise.truncate(part.outputs);
        (noise, sums)
    }
}

/// Bytes of one expansion's trees.
fn part_bytes(part: &ExpansionShape) -> usize {
    16 * part.trees * (2 * part.depth + 1)
}

/// The level transfers: chosen bits and pads.
struct Transfers<'a> {
    chosen: &'a [F128],
    pads: Vec<F128>,
}

impl Drop for Transfers<'_> {
    fn drop(&mut self) {
        self.pads.zeroize();
    }
}

impl Transfers<'_> {
    fn from(&self, start: usize) -> TransfersFrom<'_> {
        TransfersFrom { all: self, start }
    }
}

/// Those from some transfer on.
struct TransfersFrom<'a> {
    all: &'a Transfers<'a>,
    start: usize,
}

impl TransfersFrom<'_> {
    /// The path of a tree, the sum of each level beside it, and the block after them.
    fn open(&self, tree: usize, depth: usize, blocks: &[[u8; 16]]) -> (usize, Vec<F128>, F128) {
        let mut path = 0;
        let mut sums = Vec::with_capacity(depth);
        for level in 0..depth {
            let transfer = self.start + tree * depth + level;
            let side = self.all.chosen[transfer / 128].bit(transfer % 128);
            // Both are read; the chosen one is kept.
            let [zero, one] = [0, 1].map(|i| F128::from_bytes(blocks[2 * level + i]));
            let sum = zero ^ (zero ^ one).and(F128::mask(side));
            sums.push(sum ^ self.all.pads[transfer]);
            path = path << 1 | usize::from(!side);
        }
        (path, sums, F128::from_bytes(blocks[2 * depth]))
    }
}

/// Splits outputs into C and A.
pub(crate) fn unzip(outputs: &[Pair]) -> (Secret, Vec<F128>) {
    let (c, a): (Vec<F128>, Vec<F128>) = outputs.iter().map(|[c, a]| (*c, *a)).unzip();
    (Secret(c), a)
}
