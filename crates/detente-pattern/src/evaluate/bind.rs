//! Whether a plan can be fulfilled.
//!
//! Every leaf needs an observation of its own; an observation serves as many leaves as its
//! `number_observed` says. One time is chosen for each leaf, within its observation's first and
//! last, so that all orders and windows hold together. Alternatives are tried one after another.
//! A plan without order and with at most one window around all of it is decided by assignment
//! (`assign`), any other by search (`search`).

use super::assign::{Group, assignable};
use super::budget::{Budget, EvaluateFault};
use super::plan::{self, Plan};
use super::search;
use crate::observation::Observation;

/// Observations that a pattern may need at once when it has an order, alternatives of several
/// observations, or windows in parts of it. REPEATS by itself has no such bound.
pub const MAX_BINDINGS: usize = 256;

pub(super) fn holds(
    plan: &Plan,
    observations: &[Observation<'_>],
    budget: &mut Budget,
) -> Result<bool, EvaluateFault> {
    let counts: Vec<u64> = observations.iter().map(|observation| observation.count).collect();
    let mut choices = Choices::default();
    loop {
        choices.read = 0;
        let mut bindings = 0;
        let chosen = choose(plan, &mut choices, &mut bindings, budget)?;
        if holds_without_choice(&chosen, &counts, budget)? {
            return Ok(true);
        }
        if !choices.next() {
            return Ok(false);
        }
    }
}

fn holds_without_choice(
    plan: &Plan,
    counts: &[u64],
    budget: &mut Budget,
) -> Result<bool, EvaluateFault> {
    if matches!(plan, Plan::Never | Plan::Leaf(_)) {
        return Ok(matches!(plan, Plan::Leaf(_)));
    }
    // Without times it must hold too.
    let mut groups = Vec::new();
    flatten(plan, 1, &mut groups);
    if !assignable(&groups, counts, None, budget)? {
        return Ok(false);
    }
    match plan {
        Plan::Within(window, inner) if is_timeless(inner) => {
            assignable(&groups, counts, Some(*window), budget)
        }
        plan if is_timeless(plan) => Ok(true),
        plan => search::holds(plan, counts, budget),
    }
}

/// Whether neither order nor window stands in it.
fn is_timeless(plan: &Plan) -> bool {
    match plan {
        Plan::Never | Plan::Leaf(_) => true,
        Plan::All(plans) | Plan::Any(plans) => plans.iter().all(is_timeless),
        Plan::Repeat(_, plan) => is_timeless(plan),
        Plan::InOrder(_) | Plan::Within(..) => false,
    }
}

/// The leaves with how often each is needed, times left aside.
fn flatten<'p>(plan: &'p Plan, times: u64, groups: &mut Vec<Group<'p>>) {
    match plan {
        Plan::Never => {}
        Plan::Leaf(candidates) => groups.push(Group { candidates, need: times }),
        Plan::All(plans) | Plan::Any(plans) | Plan::InOrder(plans) => {
            for plan in plans {
                flatten(plan, times, groups);
            }
        }
        Plan::Repeat(more, plan) => flatten(plan, times.saturating_mul(*more), groups),
        Plan::Within(_, plan) => flatten(plan, times, groups),
    }
}

/// Which alternative is taken at each place that has some, in the order they are met.
#[derive(Debug, Default)]
struct Choices {
    /// The alternative taken, and how many there are.
    taken: Vec<(usize, usize)>,
    read: usize,
}

impl Choices {
    fn take(&mut self, of: usize) -> usize {
        if self.read == self.taken.len() {
            self.taken.push((0, of));
        }
        self.read += 1;
        self.taken.get(self.read - 1).map_or(0, |(taken, _)| *taken)
    }

    /// Goes on to the next combination; false after the last.
    fn next(&mut self) -> bool {
        while let Some((taken, of)) = self.taken.pop() {
            if taken + 1 < of {
                self.taken.push((taken + 1, of));
                return true;
            }
        }
        false
    }
}

/// The plan with one alternative taken everywhere.
fn choose(
    plan: &Plan,
    choices: &mut Choices,
    bindings: &mut usize,
    budget: &mut Budget,
) -> Result<Plan, EvaluateFault> {
    budget.spend(1)?;
    let mut each = |plans: &[Plan], choices: &mut Choices| -> Result<Vec<Plan>, EvaluateFault> {
        plans.iter().map(|plan| choose(plan, choices, bindings, budget)).collect()
    };
    Ok(match plan {
        Plan::Never => Plan::Never,
        Plan::Leaf(candidates) => Plan::Leaf(candidates.clone()),
        Plan::All(plans) => plan::all(each(plans, choices)?),
        Plan::InOrder(plans) => plan::in_order(each(plans, choices)?),
        Plan::Any(plans) => {
            let taken = choices.take(plans.len());
            let one = plans.get(taken..=taken).unwrap_or(&[]);
            each(one, choices)?.pop().unwrap_or(Plan::Never)
        }
        Plan::Within(window, inner) => {
            plan::within(*window, choose(inner, choices, bindings, budget)?)
        }
        Plan::Repeat(times, inner) if !has_choice(inner) => {
            plan::repeat(*times, choose(inner, choices, bindings, budget)?)
        }
        Plan::Repeat(times, inner) => {
            // Each time may take another alternative.
            let mut copies = Vec::new();
            for _ in 0..*times {
                *bindings += 1;
                if *bindings > MAX_BINDINGS {
                    return Err(EvaluateFault::Bindings);
                }
                copies.push(choose(inner, choices, bindings, budget)?);
            }
            plan::all(copies)
        }
    })
}

fn has_choice(plan: &Plan) -> bool {
    match plan {
        Plan::Never | Plan::Leaf(_) => false,
        Plan::Any(_) => true,
        Plan::All(plans) | Plan::InOrder(plans) => plans.iter().any(has_choice),
        Plan::Repeat(_, plan) | Plan::Within(_, plan) => has_choice(plan),
    }
}
