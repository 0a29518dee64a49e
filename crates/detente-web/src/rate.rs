//! Rates: how often somebody may do something.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Most names that are counted at once; beyond it the ones that have their full measure are
/// forgotten, and if none has, everybody waits.
const MAX_NAMES: usize = 65_536;

/// So many at once, and so many a second afterwards.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// At once. Count, at least 1.
    pub burst: f64,
    /// A second, afterwards. Count, above 0.
    pub per_second: f64,
}

/// A measure for each name that fills up as time goes.
#[derive(Debug)]
pub(crate) struct Measures<K> {
    rate: Rate,
    left: Mutex<HashMap<K, (f64, Instant)>>,
}

impl<K: Eq + Hash> Measures<K> {
    pub(crate) fn new(rate: Rate) -> Measures<K> {
        Measures { rate, left: Mutex::new(HashMap::new()) }
    }

    /// Takes one of a name's measure; if nothing is left, how long to wait for the next.
    pub(crate) fn take(&self, name: K, now: Instant) -> Result<(), Duration> {
        self.draw(name, now, 1.0)
    }

    /// Gives one back that was taken.
    pub(crate) fn give_back(&self, name: K, now: Instant) {
        let mut all = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((left, since)) = all.get_mut(&name) {
            let elapsed = now.saturating_duration_since(*since).as_secs_f64();
            *left = (*left + elapsed * self.rate.per_second + 1.0).min(self.rate.burst);
            *since = now;
        }
    }

    /// Whether something of the measure is left, without taking it.
    pub(crate) fn has(&self, name: K, now: Instant) -> Result<(), Duration> {
        self.draw(name, now, 0.0)
    }

    fn draw(&self, name: K, now: Instant, amount: f64) -> Result<(), Duration> {
        let Rate { burst, per_second } = self.rate;
        let filled = |(left, since): (f64, Instant)| {
            let elapsed = now.saturating_duration_since(since).as_secs_f64();
            (left + elapsed * per_second).min(burst)
        };
        let mut all = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let left = all.get(&name).copied().map_or(burst, filled);
        if left < 1.0 {
            return Err(Duration::from_secs_f64((1.0 - left) / per_second));
        }
        if amount > 0.0 {
            if all.len() >= MAX_NAMES && !all.contains_key(&name) {
                all.retain(|_, measure| filled(*measure) < burst);
                if all.len() >= MAX_NAMES {
                    return Err(Duration::from_secs(1));
                }
            }
            all.insert(name, (left - amount, now));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measure_runs_out_and_fills_up() {
        let measures = Measures::new(Rate { burst: 2.0, per_second: 4.0 });
        let start = tokio::time::Instant::now().into_std();
        assert_eq!(measures.take("a", start), Ok(()));
        assert_eq!(measures.take("a", start), Ok(()));
        assert_eq!(measures.take("a", start), Err(Duration::from_millis(250)));
        assert_eq!(measures.has("a", start), Err(Duration::from_millis(250)));
        assert_eq!(measures.take("b", start), Ok(()), "another name");
        let later = start + Duration::from_millis(250);
        assert_eq!(measures.has("a", later), Ok(()));
        assert_eq!(measures.take("a", later), Ok(()));
        assert!(measures.take("a", later).is_err());
        measures.give_back("a", later);
        assert_eq!(measures.take("a", later), Ok(()));
        assert!(measures.take("a", later).is_err());
    }

    #[test]
    fn names_are_bounded_and_the_full_ones_forgotten() {
        let measures = Measures::new(Rate { burst: 1.0, per_second: 1.0 });
        let start = tokio::time::Instant::now().into_std();
        for name in 0..MAX_NAMES {
            assert_eq!(measures.take(name, start), Ok(()));
        }
        assert!(measures.take(MAX_NAMES, start).is_err());
        assert_eq!(measures.take(MAX_NAMES, start + Duration::from_secs(2)), Ok(()));
    }
}
