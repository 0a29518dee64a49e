//! The linear code that compresses the noise: expand-convolute (RRT23), systematic, rate 1/2.
//!
//! With the noise parted as (u, v), u as long as the output, the output is
//! u + B A2 A1 v: two convolutions of v, forward and backward, then an expander that sums seven
//! places of the result for each output. Two differences from libOTe's form, reasons in ADR 0008:
//! the second convolution runs backward instead of wrapping round, and the oldest tap multiplies
//! by X, so that the code does not act on the 128 bits apart.
//!
//! All of it is public and hangs on the key of the code alone.

use rayon::prelude::*;

use crate::field::F128;
use crate::security::{EXPANDER_REGULAR, EXPANDER_WEIGHT, ExpansionShape, OUTPUT_STEP};
use crate::simd::{Aes, Simd, Supported, Width};

/// Outputs that one task gathers. Count: its places stay in the nearest cache.
const GATHER_OUTPUTS: usize = 1024;

/// Blocks of public randomness for the places of an output: eight words of 32 bits.
const PLACE_BLOCKS: usize = 2;

/// Key streams are told apart by the upper half of their counters.
const FORWARD: u64 = 1;
const BACKWARD: u64 = 2;
const PLACES: u64 = 3;

/// Compresses the noise `[u | v]` of one expansion to its outputs, which stand at its beginning.
pub(crate) fn compress<const W: usize>(
    simd: Simd,
    key: &Aes,
    shape: &ExpansionShape,
    noise: &mut [[F128; W]],
) where
    Width<W>: Supported,
{
    let (out, v) = noise.split_at_mut(shape.outputs);
    for (number, backward) in [(FORWARD, false), (BACKWARD, true)] {
        let taps = stream(key, number, 0, v.len() / OUTPUT_STEP);
        simd.convolve(v, &taps, backward);
    }
    let inputs = &*v;
    out.par_chunks_mut(GATHER_OUTPUTS).enumerate().for_each(|(chunk, out)| {
        let places = places(key, chunk * GATHER_OUTPUTS, out.len(), inputs.len());
        simd.gather(out, inputs, &places);
    });
}

/// `count` blocks of the key stream `number` from block `start` on.
fn stream(key: &Aes, number: u64, start: usize, count: usize) -> Vec<F128> {
    let mut blocks: Vec<F128> =
        (start..start + count).map(|i| F128(u128::from(number) << 64 | i as u128)).collect();
    key.encrypt(&mut blocks);
    blocks
}

/// The places of `count` outputs from `start` on among `len` inputs: four in a quarter each, three
/// anywhere. A place that comes twice cancels, as in the paper.
fn places(key: &Aes, start: usize, count: usize, len: usize) -> Vec<u32> {
    let blocks = stream(key, PLACES, PLACE_BLOCKS * start, PLACE_BLOCKS * count);
    let quarter = (len / EXPANDER_REGULAR) as u64;
    let mut places = Vec::with_capacity(EXPANDER_WEIGHT * count);
    for [low, high] in blocks.as_chunks::<PLACE_BLOCKS>().0 {
        let word = |i: usize| {
            let block = if i < 4 { low } else { high };
            u64::from((block.0 >> (32 * (i % 4))) as u32)
        };
        for i in 0..EXPANDER_REGULAR {
            places.push((i as u64 * quarter + ((word(i) * quarter) >> 32)) as u32);
        }
        for i in EXPANDER_REGULAR..EXPANDER_WEIGHT {
            places.push(((word(i) * len as u64) >> 32) as u32);
        }
    }
    places
}
