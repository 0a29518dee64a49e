//! Random choices that can be repeated: SplitMix64 from a seed that a failing test prints.

use std::hash::{BuildHasher as _, Hasher as _};

/// A source of random choices.
pub struct Random {
    state: u64,
}

impl Random {
    /// Begins with the seed in `DETENTE_IT_SEED`, else with a fresh one; prints it.
    pub fn new() -> Random {
        let given = std::env::var("DETENTE_IT_SEED").ok();
        let state = given.map_or_else(
            || std::hash::RandomState::new().build_hasher().finish(),
            |seed| seed.parse().expect("DETENTE_IT_SEED is a number"),
        );
        eprintln!("seed: DETENTE_IT_SEED={state}");
        Random { state }
    }

    /// Begins with a seed.
    pub const fn seeded(state: u64) -> Random {
        Random { state }
    }

    /// The next 64 bits.
    pub fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`, which is above zero.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }

    /// Flips one bit; tells which byte.
    pub fn flip(&mut self, bytes: &mut [u8]) -> usize {
        let at = self.below(bytes.len());
        bytes[at] ^= 1 << self.below(8);
        at
    }

    /// So many random bytes.
    pub fn bytes(&mut self, len: usize) -> Vec<u8> {
        std::iter::repeat_with(|| self.next().to_le_bytes()).flatten().take(len).collect()
    }
}
