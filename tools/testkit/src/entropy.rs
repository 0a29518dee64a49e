//! Random bytes from a seed. Is not: entropy; whoever knows the seed knows them.

use std::sync::{Arc, Mutex, PoisonError};

use detente_node::ports::{Entropy, EntropyError};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng as _};

/// ChaCha20 from a seed. Clones share its place, so that a node that is opened again goes on where
/// it was.
#[derive(Clone, Debug)]
pub struct SimEntropy(Arc<Mutex<ChaCha20Rng>>);

impl SimEntropy {
    /// The bytes of this seed.
    pub fn new(seed: u64) -> SimEntropy {
        SimEntropy(Arc::new(Mutex::new(ChaCha20Rng::seed_from_u64(seed))))
    }

    /// The next bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        let mut rng = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        rng.fill_bytes(&mut bytes);
        bytes
    }
}

impl Entropy for SimEntropy {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        let mut rng = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        rng.fill_bytes(bytes);
        Ok(())
    }
}

/// The dice of a script.
#[derive(Clone, Debug)]
pub struct Dice(ChaCha20Rng);

impl Dice {
    /// The throws of this seed.
    pub fn new(seed: u64) -> Dice {
        Dice(ChaCha20Rng::seed_from_u64(seed))
    }

    /// A number below `count`, which is above zero. Not exactly even, which no test needs.
    pub fn below(&mut self, count: u64) -> u64 {
        self.0.next_u64() % count.max(1)
    }

    /// A place in a list of this length.
    pub fn place(&mut self, len: usize) -> usize {
        usize::try_from(self.below(len as u64)).unwrap_or(0)
    }

    /// True once in `count` throws, on average.
    pub fn once_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }
}
