//! Leaves to observations, when order or windows are asked for.
//!
//! Each leaf has a time, each step of an order a moment between its sides, each window a start.
//! What they ask of each other are differences, `v >= u + c`. Bounds on every variable are narrowed
//! until none changes; if none is empty, the lowest times of all fulfil everything. Observations
//! are tried leaf by leaf, and a choice that leaves a later leaf without any is given up at once.

use std::rc::Rc;

use super::bind::MAX_BINDINGS;
use super::budget::{Budget, EvaluateFault};
use super::plan::{Candidate, Plan};

/// Later than any time, by more than any window that matters; far from overflow.
const FAR: i128 = 1 << 100;

pub(super) fn holds(
    plan: &Plan,
    counts: &[u64],
    budget: &mut Budget,
) -> Result<bool, EvaluateFault> {
    let mut system = System::default();
    system.add(plan, Around { after: None, before: None, windows: &[] })?;
    let bounds = vec![(-FAR, FAR); system.variables];
    let mut state = State { used: vec![0; counts.len()], counts, budget };
    let Some(bounds) = system.narrow(bounds, state.budget)? else {
        return Ok(false);
    };
    system.search(0, 0, &bounds, &mut state)
}

/// A leaf to bind: its variable has the same number.
struct Unit {
    candidates: Rc<[Candidate]>,
    variable: usize,
    /// The same leaf once more, with the same limits: it need not try earlier candidates again.
    again: bool,
}

/// What surrounds a part of the plan, as variables.
#[derive(Clone, Copy)]
struct Around<'w> {
    after: Option<usize>,
    before: Option<usize>,
    windows: &'w [(usize, i128)],
}

#[derive(Default)]
struct System {
    variables: usize,
    units: Vec<Unit>,
    /// `(u, v, c)`: v is at least u + c.
    edges: Vec<(usize, usize, i128)>,
}

struct State<'s> {
    used: Vec<u64>,
    counts: &'s [u64],
    budget: &'s mut Budget,
}

type Bounds = Vec<(i128, i128)>;

impl System {
    fn variable(&mut self) -> usize {
        self.variables += 1;
        self.variables - 1
    }

    fn add(&mut self, plan: &Plan, around: Around<'_>) -> Result<(), EvaluateFault> {
        match plan {
            Plan::Leaf(candidates) => self.leaf(candidates, around, false),
            Plan::All(plans) => plans.iter().try_for_each(|plan| self.add(plan, around)),
            Plan::InOrder(plans) => {
                let mut after = around.after;
                for (at, plan) in plans.iter().enumerate() {
                    let last = at + 1 == plans.len();
                    let before = if last { around.before } else { Some(self.variable()) };
                    self.add(plan, Around { after, before, ..around })?;
                    after = before;
                }
                Ok(())
            }
            Plan::Within(window, plan) => {
                let start = self.variable();
                let window = (*window).min(FAR);
                let windows: Vec<_> =
                    around.windows.iter().copied().chain([(start, window)]).collect();
                self.add(plan, Around { windows: &windows, ..around })
            }
            Plan::Repeat(times, plan) => {
                for time in 0..*times {
                    match &**plan {
                        Plan::Leaf(candidates) => self.leaf(candidates, around, time > 0)?,
                        plan => self.add(plan, around)?,
                    }
                }
                Ok(())
            }
            // Plans come here without alternatives and without what never holds.
            Plan::Never | Plan::Any(_) => Err(EvaluateFault::Bindings),
        }
    }

    fn leaf(
        &mut self,
        candidates: &Rc<[Candidate]>,
        around: Around<'_>,
        again: bool,
    ) -> Result<(), EvaluateFault> {
        if self.units.len() >= MAX_BINDINGS {
            return Err(EvaluateFault::Bindings);
        }
        let variable = self.variable();
        self.edges.extend(around.after.map(|moment| (moment, variable, 0)));
        self.edges.extend(around.before.map(|moment| (variable, moment, 0)));
        for (start, window) in around.windows {
            self.edges.push((*start, variable, 0));
            self.edges.push((variable, *start, 1 - window));
        }
        self.units.push(Unit { candidates: candidates.clone(), variable, again });
        Ok(())
    }

    /// Narrows the bounds as far as they go; nothing when one becomes empty. No cycle of edges
    /// adds up to more than 0, so there are no more rounds than variables.
    fn narrow(
        &self,
        mut bounds: Bounds,
        budget: &mut Budget,
    ) -> Result<Option<Bounds>, EvaluateFault> {
        loop {
            budget.spend(self.edges.len() + 1)?;
            let mut changed = false;
            for (u, v, c) in &self.edges {
                let (low, high) = (bounds[*u].0 + c, bounds[*v].1 - c);
                if low > bounds[*v].0 {
                    bounds[*v].0 = low;
                    changed = true;
                }
                if high < bounds[*u].1 {
                    bounds[*u].1 = high;
                    changed = true;
                }
            }
            if bounds.iter().any(|(low, high)| low > high) {
                return Ok(None);
            }
            if !changed {
                return Ok(Some(bounds));
            }
        }
    }

    /// Binds the units from this one on. No deeper than [`MAX_BINDINGS`].
    fn search(
        &self,
        number: usize,
        least: usize,
        bounds: &Bounds,
        state: &mut State<'_>,
    ) -> Result<bool, EvaluateFault> {
        let Some(unit) = self.units.get(number) else {
            return Ok(true);
        };
        let from = if unit.again { least } else { 0 };
        for (at, candidate) in unit.candidates.iter().enumerate().skip(from) {
            state.budget.spend(1)?;
            if !is_free(candidate, bounds[unit.variable], state) {
                continue;
            }
            let mut next = bounds.clone();
            let (low, high) = next[unit.variable];
            next[unit.variable] = (low.max(candidate.low), high.min(candidate.high));
            let Some(next) = self.narrow(next, state.budget)? else {
                continue;
            };
            state.used[candidate.observation] += 1;
            let found = self.all_open(number + 1, &next, state)?
                && self.search(number + 1, at, &next, state)?;
            state.used[candidate.observation] -= 1;
            if found {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether each unit from this one on has a candidate left by itself.
    fn all_open(
        &self,
        number: usize,
        bounds: &Bounds,
        state: &mut State<'_>,
    ) -> Result<bool, EvaluateFault> {
        for unit in self.units.iter().skip(number).filter(|unit| !unit.again) {
            let mut open = false;
            for candidate in unit.candidates.iter() {
                state.budget.spend(1)?;
                if is_free(candidate, bounds[unit.variable], state) {
                    open = true;
                    break;
                }
            }
            if !open {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn is_free(candidate: &Candidate, (low, high): (i128, i128), state: &State<'_>) -> bool {
    let at = candidate.observation;
    candidate.low <= high && candidate.high >= low && state.used[at] < state.counts[at]
}
