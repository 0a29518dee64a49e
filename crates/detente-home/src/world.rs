//! The real clock and the real entropy. Nothing below the binary may reach for them.

use std::time::{SystemTime, UNIX_EPOCH};

use detente_core::UnixSeconds;
use detente_node::ports::{Clock, Entropy, EntropyError};

/// The system's clock.
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> UnixSeconds {
        now()
    }
}

/// The time now.
#[expect(clippy::disallowed_methods, reason = "the binary is where the clock is read")]
pub fn now() -> UnixSeconds {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixSeconds::new(since.as_secs())
}

/// A point from which to measure how long something takes.
#[expect(clippy::disallowed_methods, reason = "for people to read, never for a decision")]
pub fn stopwatch() -> std::time::Instant {
    std::time::Instant::now()
}

/// The system's entropy.
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        getrandom::fill(bytes).map_err(|_| EntropyError)
    }
}
