//! The end that knows Delta: it owns the trees.

use rayon::prelude::*;
use zeroize::Zeroize;

use super::check::{Combination, code_key, commitment, join, pads, tree_keys};
use super::code::{self, convolve};
use super::tree::{Scratch, grow};
use crate::field::{F128, Secret};
use crate::memory::Pages;
use crate::security::{BatchShape, ExpansionShape};
use crate::simd::Simd;

/// Public names that an expansion hangs on.
#[derive(Clone, Copy)]
pub struct Names {
    /// The run, the bin and their terms.
    pub context: [u8; 32],
    /// What draws the codes: [`super::check::codes`].
    pub codes: [u8; 32],
}

/// All trees of a batch, before the receiver's challenge. Their leaves are grown again when they
/// are needed: that is cheaper than to keep them.
pub struct Grown {
    simd: Simd,
    names: Names,
    shape: BatchShape,
    /// What all trees grow from.
    seed: [u8; 32],
    check_share: F128,
    /// Room for the leaves of one expansion.
    work: Pages<F128>,
}

impl Drop for Grown {
    fn drop(&mut self) {
        self.seed.zeroize();
    }
}

/// A batch whose outputs are there, before the receiver's part of the check.
pub struct Expanded {
    context: [u8; 32],
    /// B, in order.
    pub outputs: Pages<F128>,
    check: F128,
}

impl Grown {
    /// Grows all trees from a secret seed and the extension's correlations; gives the message, of
    /// [`BatchShape::tree_bytes`].
    pub fn grow(
        simd: Simd,
        names: Names,
        shape: &BatchShape,
        (delta, correlations): (F128, &[F128]),
        seed: &[u8; 32],
    ) -> (Grown, Vec<u8>) {
        let (values, levels) = correlations.split_at(128 * shape.value_blocks());
        let mut shares = Secret(values.chunks(128).map(join).collect());
        let check_share = shares.0.pop().unwrap_or(F128::ZERO);
        let levels = &levels[..shape.level_transfers()];
        let others = Secret(levels.iter().map(|row| *row ^ delta).collect());
        let context = &names.context;
        let pads =
            Pads { zeros: pads(simd, context, 0, levels), ones: pads(simd, context, 0, &others.0) };
        let most = shape.parts.iter().map(ExpansionShape::leaves).max().unwrap_or(0);
        let work = Pages::zeros(most);
        let mut grown = Grown { simd, names, shape: shape.clone(), seed: *seed, check_share, work };
        let mut message = Vec::with_capacity(shape.tree_bytes());
        let (mut transfer, mut share) = (0, 0);
        for (number, part) in shape.parts.iter().enumerate() {
            if number == 1 {
                shares = grown.spare();
                share = 0;
            }
            message.extend(grown.plant(number, &pads.from(transfer), &shares.0[share..]));
            transfer += part.trees * part.depth;
            share += part.trees;
        }
        (grown, message)
    }

    /// Grows a tree into `leaves`; gives the sums of its levels.
    fn tree(
        &self,
        part: usize,
        tree: usize,
        scratch: &mut Scratch,
        leaves: &mut [F128],
    ) -> Vec<[F128; 2]> {
        let keys = tree_keys(&self.names.context, part, tree);
        let root = root(&self.names.context, &self.seed, part, tree);
        grow((self.simd, &keys), root, scratch, leaves)
    }

    /// The part of the message that is about one expansion.
    fn plant(&self, number: usize, pads: &PadsFrom<'_>, shares: &[F128]) -> Vec<u8> {
        let part = self.shape.parts[number];
        let message = |(scratch, Secret(leaves)): &mut (Scratch, Secret), tree: usize| {
            let sums = self.tree(number, tree, scratch, leaves);
            let mut message = Vec::with_capacity(16 * (2 * part.depth + 1));
            for (level, [left, right]) in sums.into_iter().enumerate() {
                let [zero, one] = pads.of(tree * part.depth + level);
                message.extend((left ^ zero).to_bytes());
                message.extend((right ^ one).to_bytes());
            }
            let sum = leaves.iter().fold(shares[tree], |sum, leaf| sum ^ *leaf);
            message.extend(sum.to_bytes());
            message
        };
        let room = || (Scratch::new(part.depth), Secret(vec![F128::ZERO; 1 << part.depth]));
        let messages: Vec<Vec<u8>> =
            (0..part.trees).into_par_iter().map_init(room, message).collect();
        messages.concat()
    }

    /// All leaves of an expansion, and their part of the check.
    fn leaves(&self, number: usize, combination: &Combination, leaves: &mut [F128]) -> F128 {
        let part = self.shape.parts[number];
        let width = 1 << part.depth;
        leaves
            .par_chunks_mut(width)
            .enumerate()
            .map_init(
                || Scratch::new(part.depth),
                |scratch, (tree, leaves)| {
                    self.tree(number, tree, scratch, leaves);
                    combination.of(self.simd, number, tree * width, leaves)
                },
            )
            .reduce(|| F128::ZERO, |a, b| a ^ b)
    }

    /// Sets `out` to the outputs of an expansion from `start` on; gives the leaves' part of the
    /// check.
    fn add(
        &self,
        number: usize,
        combination: &Combination,
        work: &mut [F128],
        (start, out): (usize, &mut [F128]),
    ) -> F128 {
        let part = self.shape.parts[number];
        let leaves = &mut work[..part.leaves()];
        let check = self.leaves(number, combination, leaves);
        let key = code_key(&self.names.codes, number);
        let (u, v) = leaves.split_at_mut(part.outputs);
        convolve::<1>(self.simd, &key, v.as_chunks_mut().0);
        code::outputs::<1>(self.simd, &key, (u.as_chunks().0, v.as_chunks().0), start, [out]);
        check
    }

    /// The outputs of the first expansion that are the noise shares of the others.
    fn spare(&mut self) -> Secret {
        let mut spare = Secret(vec![F128::ZERO; self.shape.spare()]);
        let mut work = std::mem::replace(&mut self.work, Pages::zeros(0));
        // The challenge comes later; what this one gives is not used.
        let combination = Combination::new(F128::ZERO);
        self.add(0, &combination, &mut work, (self.shape.used(0), &mut spare.0));
        self.work = work;
        spare
    }

    /// Takes the challenge: computes the check's combination and the outputs.
    pub fn expand(mut self, challenge: F128) -> Expanded {
        let combination = Combination::new(challenge);
        let mut work = std::mem::replace(&mut self.work, Pages::zeros(0));
        let mut outputs = Pages::zeros(self.shape.outputs);
        let mut check = self.check_share;
        let mut rest = &mut outputs[..];
        for number in 0..self.shape.parts.len() {
            let (out, more) = rest.split_at_mut(self.shape.used(number).min(rest.len()));
            check ^= self.add(number, &combination, &mut work, (0, out));
            rest = more;
        }
        Expanded { context: self.names.context, outputs, check }
    }
}

impl Expanded {
    /// What convinces the receiver, given its masked sum of noise values.
    pub fn prove(&self, simd: Simd, delta: F128, masked: F128) -> [u8; 32] {
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
