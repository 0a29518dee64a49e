//! Leaves to observations, when no order is asked for.
//!
//! A flow: each leaf needs so many observations, each observation serves so many leaves. Paths that
//! make room are found by breadth first. With a window the flow is asked for each window that can
//! matter: those that begin when some candidate ends. If any window will do, so will the one moved
//! on to the earliest end of what it binds, since nothing bound falls out on the way.

use std::collections::{HashMap, VecDeque};

use super::budget::{Budget, EvaluateFault};
use super::plan::Candidate;

/// A leaf that is needed several times.
#[derive(Clone, Copy, Debug)]
pub(super) struct Group<'p> {
    pub candidates: &'p [Candidate],
    pub need: u64,
}

/// Whether every group finds all that it needs, and no observation serves more than its count;
/// within a window of so many nanoseconds if one is given.
pub(super) fn assignable(
    groups: &[Group<'_>],
    counts: &[u64],
    window: Option<i128>,
    budget: &mut Budget,
) -> Result<bool, EvaluateFault> {
    let Some(window) = window else {
        return flows(groups, counts, i128::MIN..=i128::MAX, budget);
    };
    let all = groups.iter().flat_map(|group| group.candidates.iter());
    let mut starts: Vec<i128> = all.map(|candidate| candidate.high).collect();
    budget.spend(starts.len())?;
    starts.sort_unstable();
    starts.dedup();
    let mut sweeps: Vec<Sweep<'_>> = groups.iter().map(|group| Sweep::new(group, counts)).collect();
    for start in starts {
        budget.spend(groups.len())?;
        let times = start..=start.saturating_add(window - 1);
        let mut enough = true;
        for sweep in &mut sweeps {
            enough &= sweep.advance(*times.start(), *times.end(), budget)?;
        }
        if enough && flows(groups, counts, times, budget)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// How much of one group lies in a window that moves on.
struct Sweep<'p> {
    need: u64,
    counts: &'p [u64],
    by_low: Vec<&'p Candidate>,
    by_high: Vec<&'p Candidate>,
    entered: usize,
    left: usize,
    /// Candidates in the window, by observation.
    inside: HashMap<usize, u32>,
    total: u64,
}

impl<'p> Sweep<'p> {
    fn new(group: &Group<'p>, counts: &'p [u64]) -> Self {
        let mut by_low: Vec<&Candidate> = group.candidates.iter().collect();
        let mut by_high = by_low.clone();
        by_low.sort_unstable_by_key(|candidate| candidate.low);
        by_high.sort_unstable_by_key(|candidate| candidate.high);
        let inside = HashMap::new();
        Self { need: group.need, counts, by_low, by_high, entered: 0, left: 0, inside, total: 0 }
    }

    /// Moves on to the window and says whether it holds enough for this group alone.
    fn advance(
        &mut self,
        from: i128,
        to: i128,
        budget: &mut Budget,
    ) -> Result<bool, EvaluateFault> {
        while let Some(candidate) = self.by_low.get(self.entered).filter(|c| c.low <= to) {
            budget.spend(1)?;
            let number = self.inside.entry(candidate.observation).or_insert(0);
            *number += 1;
            if *number == 1 {
                self.total = self.total.saturating_add(count(self.counts, candidate.observation));
            }
            self.entered += 1;
        }
        // Whatever ends before the window began before its end, so it has entered.
        while let Some(candidate) = self.by_high.get(self.left).filter(|c| c.high < from) {
            budget.spend(1)?;
            if let Some(number) = self.inside.get_mut(&candidate.observation) {
                *number -= 1;
                if *number == 0 {
                    self.total =
                        self.total.saturating_sub(count(self.counts, candidate.observation));
                }
            }
            self.left += 1;
        }
        Ok(self.total >= self.need)
    }
}

fn count(counts: &[u64], observation: usize) -> u64 {
    counts.get(observation).copied().unwrap_or(0)
}

fn flows(
    groups: &[Group<'_>],
    counts: &[u64],
    times: std::ops::RangeInclusive<i128>,
    budget: &mut Budget,
) -> Result<bool, EvaluateFault> {
    let mut edges: Vec<Vec<usize>> = Vec::with_capacity(groups.len());
    for group in groups {
        budget.spend(group.candidates.len())?;
        let inside = |c: &&Candidate| c.low <= *times.end() && c.high >= *times.start();
        let each = group.candidates.iter().filter(inside);
        let mut reachable: Vec<usize> = each.map(|c| c.observation).collect();
        reachable.dedup();
        edges.push(reachable);
    }
    let mut flow = Flow { edges, counts, used: HashMap::new(), by: HashMap::new() };
    for (at, group) in groups.iter().enumerate() {
        let mut missing = group.need;
        while missing > 0 {
            let moved = flow.augment(at, missing, budget)?;
            if moved == 0 {
                return Ok(false);
            }
            missing -= moved;
        }
    }
    Ok(true)
}

struct Flow<'c> {
    /// Observations of each group.
    edges: Vec<Vec<usize>>,
    counts: &'c [u64],
    /// How often each observation serves.
    used: HashMap<usize, u64>,
    /// Which groups an observation serves, and how often.
    by: HashMap<usize, HashMap<usize, u64>>,
}

impl Flow<'_> {
    /// Finds room for a group, moving others on if need be; how much, at most `wanted`.
    fn augment(
        &mut self,
        group: usize,
        wanted: u64,
        budget: &mut Budget,
    ) -> Result<u64, EvaluateFault> {
        // For each group reached: the observation it would give up, and to whom.
        let mut from: HashMap<usize, (usize, usize)> = HashMap::new();
        let mut seen: HashMap<usize, ()> = HashMap::new();
        let mut queue = VecDeque::from([group]);
        while let Some(at) = queue.pop_front() {
            for observation in self.edges.get(at).into_iter().flatten() {
                budget.spend(1)?;
                if seen.insert(*observation, ()).is_some() {
                    continue;
                }
                let used = self.used.get(observation).copied().unwrap_or(0);
                let room = count(self.counts, *observation).saturating_sub(used);
                if room > 0 {
                    return Ok(self.apply(group, (at, *observation), &from, wanted.min(room)));
                }
                for (other, served) in self.by.get(observation).into_iter().flatten() {
                    if *served > 0 && *other != group && !from.contains_key(other) {
                        from.insert(*other, (*observation, at));
                        queue.push_back(*other);
                    }
                }
            }
        }
        Ok(0)
    }

    /// Moves along the path that ends where `last.0` takes the observation `last.1`.
    fn apply(
        &mut self,
        group: usize,
        last: (usize, usize),
        from: &HashMap<usize, (usize, usize)>,
        wanted: u64,
    ) -> u64 {
        let served = |by: &HashMap<usize, HashMap<usize, u64>>, observation, group| {
            by.get(&observation).and_then(|groups| groups.get(&group)).copied().unwrap_or(0)
        };
        let mut amount = wanted;
        let mut at = last.0;
        while at != group {
            let Some((observation, taker)) = from.get(&at) else {
                return 0;
            };
            amount = amount.min(served(&self.by, *observation, at));
            at = *taker;
        }
        let (mut at, mut takes) = last;
        *self.used.entry(takes).or_insert(0) += amount;
        loop {
            *self.by.entry(takes).or_default().entry(at).or_insert(0) += amount;
            let Some((gives, taker)) = from.get(&at).filter(|_| at != group) else {
                return amount;
            };
            if let Some(number) = self.by.entry(*gives).or_default().get_mut(&at) {
                *number -= amount;
            }
            (takes, at) = (*gives, *taker);
        }
    }
}
