//! Keyed BLAKE3 of many short inputs at once, one input a lane.
//!
//! The result is plain BLAKE3 in keyed mode (Aumasson, Neves, O'Connor, Wilcox-O'Hearn 2020, §2),
//! as the crate `blake3` gives it one by one; that crate hashes single blocks one after the other,
//! this one eight together. Longer inputs go to that crate.

/// A digest.
pub type Hash = [u8; 32];

/// Inputs hashed together. Count: the 32-bit lanes of a 256-bit register.
pub const LANES: usize = 8;

/// Longest input that this file takes. Bytes: one block of BLAKE3.
pub const SHORT_BYTES: usize = 64;

const IV: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// Message word permutation between rounds.
const PERMUTATION: [usize; 16] = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8];

/// `CHUNK_START | CHUNK_END | ROOT | KEYED_HASH`: the one block of a one-block keyed input.
const FLAGS: u32 = 1 | 2 | 8 | 16;

const ROUNDS: usize = 7;

/// One 32-bit word of each lane.
pub(super) trait Word: Copy {
    fn splat(word: u32) -> Self;
    fn add(self, other: Self) -> Self;
    fn xor(self, other: Self) -> Self;
    fn rotate_right<const N: u32>(self) -> Self;
    /// The words of eight lanes of 32 bytes: word i of lane j becomes lane j of word i.
    fn from_lanes(lanes: &[&[u8; 32]; LANES]) -> [Self; 8];
    fn to_lanes(words: [Self; 8]) -> [Hash; LANES];
    fn from_each(each: [u32; LANES]) -> Self;
}

/// Words without vector registers.
#[derive(Clone, Copy)]
pub(super) struct Plain([u32; LANES]);

impl Word for Plain {
    fn splat(word: u32) -> Plain {
        Plain([word; LANES])
    }
    fn add(self, other: Plain) -> Plain {
        Plain(std::array::from_fn(|i| self.0[i].wrapping_add(other.0[i])))
    }
    fn xor(self, other: Plain) -> Plain {
        Plain(std::array::from_fn(|i| self.0[i] ^ other.0[i]))
    }
    fn rotate_right<const N: u32>(self) -> Plain {
        Plain(self.0.map(|word| word.rotate_right(N)))
    }
    fn from_lanes(lanes: &[&[u8; 32]; LANES]) -> [Plain; 8] {
        std::array::from_fn(|i| {
            Plain(lanes.map(|lane| u32::from_le_bytes(lane.as_chunks::<4>().0[i])))
        })
    }
    fn to_lanes(words: [Plain; 8]) -> [Hash; LANES] {
        let mut out = [[0; 32]; LANES];
        for (i, word) in words.iter().enumerate() {
            for (lane, digest) in out.iter_mut().enumerate() {
                digest[4 * i..4 * i + 4].copy_from_slice(&word.0[lane].to_le_bytes());
            }
        }
        out
    }
    fn from_each(each: [u32; LANES]) -> Plain {
        Plain(each)
    }
}

/// The digests of inputs of at most [`SHORT_BYTES`] bytes; longer ones are cut.
#[inline(always)]
pub(super) fn hash_lanes<W: Word>(key: &[u8; 32], inputs: &[&[u8]; LANES]) -> [Hash; LANES] {
    let mut blocks = [[0u8; SHORT_BYTES]; LANES];
    let mut lengths = [0u32; LANES];
    for ((block, length), input) in blocks.iter_mut().zip(&mut lengths).zip(inputs) {
        let len = input.len().min(SHORT_BYTES);
        block[..len].copy_from_slice(&input[..len]);
        *length = len as u32;
    }
    let half = |at: usize| W::from_lanes(&blocks.each_ref().map(|block| &block.as_chunks().0[at]));
    let (low, high) = (half(0), half(1));
    let mut message: [W; 16] = std::array::from_fn(|i| if i < 8 { low[i] } else { high[i - 8] });
    let key = key.as_chunks::<4>().0;
    let mut state: [W; 16] = std::array::from_fn(|i| match i {
        0..8 => W::splat(u32::from_le_bytes(key[i])),
        8..12 => W::splat(IV[i - 8]),
        14 => W::from_each(lengths),
        15 => W::splat(FLAGS),
        _ => W::splat(0),
    });
    for round in 0..ROUNDS {
        mix(&mut state, &message);
        if round + 1 < ROUNDS {
            message = std::array::from_fn(|i| message[PERMUTATION[i]]);
        }
    }
    W::to_lanes(std::array::from_fn(|i| state[i].xor(state[i + 8])))
}

#[inline(always)]
fn mix<W: Word>(state: &mut [W; 16], message: &[W; 16]) {
    // Columns, then diagonals.
    quarter(state, [0, 4, 8, 12], message[0], message[1]);
    quarter(state, [1, 5, 9, 13], message[2], message[3]);
    quarter(state, [2, 6, 10, 14], message[4], message[5]);
    quarter(state, [3, 7, 11, 15], message[6], message[7]);
    quarter(state, [0, 5, 10, 15], message[8], message[9]);
    quarter(state, [1, 6, 11, 12], message[10], message[11]);
    quarter(state, [2, 7, 8, 13], message[12], message[13]);
    quarter(state, [3, 4, 9, 14], message[14], message[15]);
}

/// The function G of the paper.
#[inline(always)]
fn quarter<W: Word>(state: &mut [W; 16], [a, b, c, d]: [usize; 4], x: W, y: W) {
    state[a] = state[a].add(state[b]).add(x);
    state[d] = state[d].xor(state[a]).rotate_right::<16>();
    state[c] = state[c].add(state[d]);
    state[b] = state[b].xor(state[c]).rotate_right::<12>();
    state[a] = state[a].add(state[b]).add(y);
    state[d] = state[d].xor(state[a]).rotate_right::<8>();
    state[c] = state[c].add(state[d]);
    state[b] = state[b].xor(state[c]).rotate_right::<7>();
}
