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
use crate::security::{EXPANDER_REGULAR, EXPANDER_WEIGHT, OUTPUT_STEP};
use crate::simd::{Aes, Simd, Supported, Width};

/// Outputs that one task gathers. Count: its places stay in the nearest cache.
const GATHER_OUTPUTS: usize = 1024;

/// Blocks of public randomness for the places of an output: eight words of 32 bits.
const PLACE_BLOCKS: usize = 2;

/// Key streams are told apart by the upper half of their counters.
const FORWARD: u64 = 1;
const BACKWARD: u64 = 2;
const PLACES: u64 = 3;

/// Both convolutions of the part v of an expansion's noise, in its place.
pub fn convolve<const W: usize>(simd: Simd, key: &Aes, v: &mut [[F128; W]])
where
    Width<W>: Supported,
{
    for (number, backward) in [(FORWARD, false), (BACKWARD, true)] {
        let taps = stream(key, number, 0, v.len() / OUTPUT_STEP);
        simd.convolve(v, &taps, backward);
    }
}

/// The outputs from `start` on, of the part u of the noise and what [`convolve`] made of the part
/// v. `out` has a slice for each element of a column: the first is set, a second is added to.
pub fn outputs<const W: usize>(
    simd: Simd,
    key: &Aes,
    (u, v): (&[[F128; W]], &[[F128; W]]),
    start: usize,
    out: [&mut [F128]; W],
) where
    Width<W>: Supported,
{
    let mut chunks = out.map(|out| out.chunks_mut(GATHER_OUTPUTS));
    let u = u.get(start..).unwrap_or_default();
    let jobs: Vec<_> = u
        .chunks(GATHER_OUTPUTS)
        .map_while(|u| {
            let out = chunks.each_mut().map(Iterator::next);
            out.iter().all(Option::is_some).then(|| (u, out.map(Option::unwrap_or_default)))
        })
        .collect();
    jobs.into_par_iter().enumerate().for_each(|(chunk, (u, out))| {
        let count = out.iter().fold(u.len(), |count, out| count.min(out.len()));
        let places = places(key, start + chunk * GATHER_OUTPUTS, count, v.len());
        simd.gather(out, u, v, &places);
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
