//! A clock that a test sets. Is not: the time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use detente_core::UnixSeconds;
use detente_node::ports::Clock;

/// When every world begins: 2027-01-15T08:00:00Z.
pub const START: u64 = 1_800_000_000;

/// Tells the time that a test has set. Clones share it.
#[derive(Clone, Debug)]
pub struct SimClock(Arc<AtomicU64>);

impl SimClock {
    /// A clock that stands at this second.
    pub fn new(seconds: u64) -> SimClock {
        SimClock(Arc::new(AtomicU64::new(seconds)))
    }

    /// Sets it, forward or back.
    pub fn set(&self, seconds: u64) {
        self.0.store(seconds, Ordering::SeqCst);
    }

    /// The second it shows.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    /// Moves it forward.
    pub fn advance(&self, seconds: u64) {
        self.set(self.get() + seconds);
    }

    /// Moves it back.
    pub fn back(&self, seconds: u64) {
        self.set(self.get().saturating_sub(seconds).max(1));
    }
}

impl Clock for SimClock {
    fn now(&self) -> UnixSeconds {
        UnixSeconds::new(self.get())
    }
}
