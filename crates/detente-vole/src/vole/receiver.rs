//! The end that enters the noise: it knows all leaves of each tree but one.

use rayon::prelude::*;
use zeroize::Zeroize;

use super::check::{Combination, code_key, commitment, join, pads, tree_keys};
use super::code::{self, convolve};
use super::sender::Names;
use super::tree::{Scratch, grow_punctured};
use crate::field::{F128, Secret};
use crate::memory::Pages;
use crate::security::{BatchShape, ExpansionShape};
use crate::simd::Simd;

/// A pair of outputs: C, and A, with C = A Delta + B.
type Pair = [F128; 2];

/// What the receiver knows before the trees come.
pub struct Noise<'a> {
    /// The kernels to use.
    pub simd: Simd,
    /// What the batch is bound to.
    pub names: Names,
    /// The expansions.
    pub shape: &'a BatchShape,
    /// The bits that it entered into the extension, [`BatchShape::blocks`] of them.
    pub bits: &'a [F128],
    /// What the extension gave for them.
    pub correlations: &'a [F128],
}

/// An expanded batch.
pub struct Expanded {
    /// C, in order; void unless the sender's proof is `expected`.
    pub outputs: Pages<F128>,
    /// The masked sum of noise values, for the sender.
    pub masked: F128,
    /// What an honest sender answers.
    pub expected: [u8; 32],
}

/// A noise value and its correlation: share = value Delta + the sender's.
struct Values {
    values: Vec<F128>,
    shares: Vec<F128>,
}

impl Values {
    fn none(len: usize) -> Values {
        Values { values: vec![F128::ZERO; len], shares: vec![F128::ZERO; len] }
    }

    /// Leaves out the first ones.
    fn skip(&mut self, count: usize) {
        let count = count.min(self.values.len());
        self.values[..count].zeroize();
        self.shares[..count].zeroize();
        self.values.drain(..count);
        self.shares.drain(..count);
    }
}

impl Drop for Values {
    fn drop(&mut self) {
        self.values.zeroize();
        self.shares.zeroize();
    }
}

impl Noise<'_> {
    /// Grows the punctured trees from the sender's message, of [`BatchShape::tree_bytes`], and
    /// adds A to `masked`, of as many elements as the batch has outputs. `challenge` must be drawn
    /// after the message came.
    pub fn expand(&self, message: &[u8], challenge: F128, masked: &mut [F128]) -> Expanded {
        let combination = Combination::new(challenge);
        let value_blocks = self.shape.value_blocks();
        let (shares, levels) = self.correlations.split_at(128 * value_blocks);
        let mut values = Values {
            values: self.bits[..value_blocks].to_vec(),
            shares: shares.chunks(128).map(join).collect(),
        };
        let check_value = values.values.pop().unwrap_or(F128::ZERO);
        let check_share = values.shares.pop().unwrap_or(F128::ZERO);
        let transfers = Transfers {
            chosen: &self.bits[value_blocks..],
            pads: pads(self.simd, &self.names.context, 0, &levels[..self.shape.level_transfers()]),
        };
        let mut outputs = Pages::zeros(self.shape.outputs);
        let (mut c, mut a) = (&mut outputs[..], masked);
        let mut sum = (check_share, check_value);
        let most = self.shape.parts.iter().map(ExpansionShape::leaves).max().unwrap_or(0);
        // Used again for each expansion.
        let mut work = Pages::<Pair>::zeros(most);
        let (mut rest, mut transfer) = (message, 0);
        for (number, part) in self.shape.parts.iter().enumerate() {
            let (mine, others) = rest.split_at(part_bytes(part).min(rest.len()));
            rest = others;
            let noise = &mut work[..part.leaves()];
            let grown =
                self.grow((number, &transfers.from(transfer), mine), &values, &combination, noise);
            sum = add(sum, grown);
            transfer += part.trees * part.depth;
            let key = code_key(&self.names.codes, number);
            let (u, v) = noise.split_at_mut(part.outputs);
            convolve(self.simd, &key, v);
            let used = self.shape.used(number).min(c.len());
            let (c_mine, c_more) = c.split_at_mut(used);
            let (a_mine, a_more) = a.split_at_mut(used.min(a.len()));
            code::outputs(self.simd, &key, (u, v), 0, [c_mine, a_mine]);
            (c, a) = (c_more, a_more);
            values.skip(part.trees);
            if number == 0 {
                // The outputs behind those for use are the noise values of the other expansions.
                values = Values::none(self.shape.spare());
                let spare = [&mut values.shares[..], &mut values.values[..]];
                code::outputs(self.simd, &key, (u, v), part.outputs - self.shape.spare(), spare);
            }
        }
        let (value, masked) = sum;
        Expanded { outputs, masked, expected: commitment(&self.names.context, value) }
    }

    /// Grows the trees of one expansion: its noise, and its part of the check (of the leaves, of
    /// the noise values).
    fn grow(
        &self,
        (number, transfers, message): (usize, &TransfersFrom<'_>, &[u8]),
        values: &Values,
        combination: &Combination,
        noise: &mut [Pair],
    ) -> (F128, F128) {
        let part = &self.shape.parts[number];
        let width = 1 << part.depth;
        noise
            .par_chunks_mut(width)
            .zip(message.par_chunks(16 * (2 * part.depth + 1)))
            .enumerate()
            .map_init(
                || (Scratch::new(part.depth), Secret(vec![F128::ZERO; width])),
                |(scratch, Secret(leaves)), (tree, (noise, message))| {
                    let blocks = message.as_chunks::<16>().0;
                    let (path, sums, last) = transfers.open(tree, part.depth, blocks);
                    let keys = tree_keys(&self.names.context, number, tree);
                    grow_punctured((self.simd, &keys), path, &sums, scratch, leaves);
                    let (value, share) = (values.values[tree], values.shares[tree]);
                    leaves[path] = leaves.iter().fold(last ^ share, |sum, leaf| sum ^ *leaf);
                    for (pair, leaf) in noise.iter_mut().zip(&*leaves) {
                        *pair = [*leaf, F128::ZERO];
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
            .reduce(|| (F128::ZERO, F128::ZERO), add)
    }
}

fn add(a: (F128, F128), b: (F128, F128)) -> (F128, F128) {
    (a.0 ^ b.0, a.1 ^ b.1)
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
