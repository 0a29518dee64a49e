//! The kernels for any machine: constant-time, without vector instructions.

use super::{Aes, Columns, places};
use crate::field::F128;

/// Carry-less product of 64 by 64 bits. The operands are parted into five with four empty bits
/// between used ones, so that the carries of integer products fall into the gaps: at most 13 terms
/// meet in a bit, fewer than 2^5.
fn clmul(a: u64, b: u64) -> u128 {
    const PARTS: usize = 5;
    const MASK: u128 = {
        let (mut mask, mut i) = (0u128, 0);
        while i < 128 {
            mask |= 1 << i;
            i += PARTS;
        }
        mask
    };
    let part = |x: u64, i: usize| u128::from(x) & (MASK << i);
    let mut product = 0;
    for sum in 0..PARTS {
        let mut met = 0u128;
        for i in 0..PARTS {
            met ^= part(a, i).wrapping_mul(part(b, (sum + PARTS - i) % PARTS));
        }
        product ^= met & mask_at(MASK, sum);
    }
    product
}

/// The mask whose used bits are those with number `residue` modulo 5, in 128 bits.
fn mask_at(mask: u128, residue: usize) -> u128 {
    mask << residue
}

/// The product modulo the field's polynomial, from 256 bits.
fn reduce(low: u128, high: u128) -> F128 {
    let top = clmul((high >> 64) as u64, F128::POLYNOMIAL);
    let bottom = clmul((high as u64) ^ (top >> 64) as u64, F128::POLYNOMIAL);
    F128(low ^ (top << 64) ^ bottom)
}

pub(super) fn mul(a: F128, b: F128) -> F128 {
    let (a0, a1) = (a.0 as u64, (a.0 >> 64) as u64);
    let (b0, b1) = (b.0 as u64, (b.0 >> 64) as u64);
    let (low, high) = (clmul(a0, b0), clmul(a1, b1));
    let middle = clmul(a0 ^ a1, b0 ^ b1) ^ low ^ high;
    reduce(low ^ (middle << 64), high ^ (middle >> 64))
}

pub(super) fn mul_add(into: &mut [F128], from: &[F128], factor: F128) {
    for (into, from) in into.iter_mut().zip(from) {
        *into ^= mul(*from, factor);
    }
}

pub(super) fn mmo(aes: &Aes, blocks: &mut [F128]) {
    for part in blocks.chunks_mut(64) {
        let mut before = [F128::ZERO; 64];
        before[..part.len()].copy_from_slice(part);
        aes.encrypt(part);
        for (block, before) in part.iter_mut().zip(before) {
            *block ^= before;
        }
    }
}

pub(super) fn ggm_level(keys: &[Aes; 2], parents: &[F128], children: &mut [F128]) -> [F128; 2] {
    let mut sums = [F128::ZERO; 2];
    for (parents, children) in parents.chunks(32).zip(children.chunks_mut(64)) {
        for side in 0..2 {
            let mut half = [F128::ZERO; 32];
            let half = &mut half[..parents.len()];
            half.copy_from_slice(parents);
            mmo(&keys[side], half);
            for (child, value) in children.iter_mut().skip(side).step_by(2).zip(&*half) {
                *child = *value;
                sums[side] ^= *value;
            }
        }
    }
    sums
}

pub(super) fn dot_stream(aes: &Aes, start: u64, values: &[F128]) -> F128 {
    let mut sum = F128::ZERO;
    let mut counter = u128::from(start);
    for part in values.chunks(64) {
        let mut stream = [F128::ZERO; 64];
        for block in &mut stream[..part.len()] {
            *block = F128(counter);
            counter += 1;
        }
        aes.encrypt(&mut stream[..part.len()]);
        for (value, coefficient) in part.iter().zip(stream) {
            sum ^= mul(*value, coefficient);
        }
    }
    sum
}

pub(super) fn decode(store: Columns<'_>, rows: &[F128], out: &mut [F128]) {
    let len = store.sparse.len() as u32;
    for (row, out) in rows.iter().zip(out) {
        let [a, b, c] = places(*row, len).map(|place| store.sparse[place as usize]);
        // Horner: h (d_0 + h (d_1 + ...)).
        let dense = store.dense.iter().rev().fold(F128::ZERO, |sum, d| mul(sum ^ *d, *row));
        *out = a ^ b ^ c ^ dense;
    }
}

/// Swaps ever smaller blocks across the diagonal.
#[inline(always)]
pub(super) fn transpose(rows: &mut [F128; 128]) {
    let mut step = 64;
    // Bits whose number has the step's bit clear.
    let mut mask = u128::MAX >> 64;
    while step > 0 {
        for i in (0..128).filter(|i| i & step == 0) {
            let swap = ((rows[i].0 >> step) ^ rows[i + step].0) & mask;
            rows[i + step].0 ^= swap;
            rows[i].0 ^= swap << step;
        }
        step /= 2;
        if step > 0 {
            mask ^= mask << step;
        }
    }
}
