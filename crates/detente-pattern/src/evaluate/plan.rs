//! A pattern with what each of its tests found, simplified.
//!
//! START and STOP narrow the times of what was found and vanish; parts that cannot be fulfilled
//! vanish; what a single observation can do either way becomes one leaf. What is left: leaves, all
//! of, any of, in order, so many times, and within a window.

use std::ops::Range;
use std::rc::Rc;

use crate::observation::Observation;
use crate::timestamp::NANOS;
use crate::tree::{ObservationExpression, Qualifier, Seconds};

/// An observation that a leaf can be bound to, and when it then was: any time from `low` to
/// `high`, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Candidate {
    pub observation: usize,
    pub low: i128,
    pub high: i128,
}

#[derive(Clone, Debug)]
pub(super) enum Plan {
    Never,
    /// One observation of these; at least one.
    Leaf(Rc<[Candidate]>),
    All(Vec<Plan>),
    Any(Vec<Plan>),
    InOrder(Vec<Plan>),
    /// At least twice.
    Repeat(u64, Box<Plan>),
    /// The last less than so many nanoseconds after the first.
    Within(i128, Box<Plan>),
}

/// Builds the plan. `hits` holds the observations of each test, `next` the number of the next test,
/// `times` the times that START and STOP leave.
pub(super) fn build(
    expression: &ObservationExpression,
    hits: &[Vec<usize>],
    next: &mut usize,
    (observations, times): (&[Observation<'_>], &Range<i128>),
) -> Plan {
    let context = (observations, times);
    let mut each = |parts: &[ObservationExpression]| -> Vec<Plan> {
        parts.iter().map(|part| build(part, hits, next, context)).collect()
    };
    match expression {
        ObservationExpression::And(parts) => all(each(parts)),
        ObservationExpression::Or(parts) => any(each(parts)),
        ObservationExpression::FollowedBy(parts) => in_order(each(parts)),
        ObservationExpression::Test(_) => {
            let found = hits.get(*next).map_or(&[][..], Vec::as_slice);
            *next += 1;
            let each = found.iter().filter_map(|at| candidate(*at, observations, times));
            leaf(each.collect())
        }
        ObservationExpression::Qualified(inner, qualifiers) => {
            let mut times = times.clone();
            for qualifier in qualifiers {
                if let Qualifier::StartStop(start, stop) = qualifier {
                    times = times.start.max(start.0)..times.end.min(stop.0);
                }
            }
            let plan = build(inner, hits, next, (observations, &times));
            qualifiers.iter().fold(plan, qualified)
        }
    }
}

fn candidate(
    at: usize,
    observations: &[Observation<'_>],
    times: &Range<i128>,
) -> Option<Candidate> {
    let observation = observations.get(at)?;
    let low = observation.first.0.max(times.start);
    let high = observation.last.0.min(times.end - 1);
    (low <= high).then_some(Candidate { observation: at, low, high })
}

fn qualified(plan: Plan, qualifier: &Qualifier) -> Plan {
    match qualifier {
        Qualifier::StartStop(..) => plan,
        Qualifier::Repeats(times) => repeat(*times, plan),
        Qualifier::Within(seconds) => within(nanos(*seconds), plan),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "saturates, and no time is so far away")]
fn nanos(seconds: Seconds) -> i128 {
    match seconds {
        Seconds::Whole(seconds) => i128::from(seconds) * NANOS,
        // Times are whole nanoseconds: less than 1.5 after means at most 1 after.
        Seconds::Fraction(seconds) => ((seconds * 1e9).ceil().min(1e30) as i128).max(1),
    }
}

fn leaf(mut candidates: Vec<Candidate>) -> Plan {
    if candidates.is_empty() {
        return Plan::Never;
    }
    candidates.sort_unstable();
    candidates.dedup();
    Plan::Leaf(candidates.into())
}

fn is_never(plan: &Plan) -> bool {
    matches!(plan, Plan::Never)
}

fn only_or(mut plans: Vec<Plan>, join: impl FnOnce(Vec<Plan>) -> Plan) -> Plan {
    match plans.pop() {
        None => Plan::Never,
        Some(only) if plans.is_empty() => only,
        Some(last) => {
            plans.push(last);
            join(plans)
        }
    }
}

pub(super) fn all(plans: Vec<Plan>) -> Plan {
    if plans.iter().any(is_never) {
        return Plan::Never;
    }
    let mut flat = Vec::new();
    for plan in plans {
        match plan {
            Plan::All(inner) => flat.extend(inner),
            other => flat.push(other),
        }
    }
    only_or(flat, Plan::All)
}

fn any(plans: Vec<Plan>) -> Plan {
    let mut candidates = Vec::new();
    let mut others = Vec::new();
    for plan in plans {
        match plan {
            Plan::Never => {}
            Plan::Leaf(found) => candidates.extend_from_slice(&found),
            Plan::Any(inner) => others.extend(inner),
            other => others.push(other),
        }
    }
    // Leaves of inner ones were joined there; join them with ours.
    others.retain(|plan| match plan {
        Plan::Leaf(found) => {
            candidates.extend_from_slice(found);
            false
        }
        _ => true,
    });
    if !candidates.is_empty() {
        others.insert(0, leaf(candidates));
    }
    only_or(others, Plan::Any)
}

pub(super) fn in_order(plans: Vec<Plan>) -> Plan {
    if plans.iter().any(is_never) {
        return Plan::Never;
    }
    let mut flat = Vec::new();
    for plan in plans {
        match plan {
            // Times are chosen once, so order is transitive.
            Plan::InOrder(inner) => flat.extend(inner),
            other => flat.push(other),
        }
    }
    only_or(flat, Plan::InOrder)
}

pub(super) fn repeat(times: u64, plan: Plan) -> Plan {
    match plan {
        Plan::Never => Plan::Never,
        plan if times <= 1 => plan,
        Plan::Repeat(inner, plan) => Plan::Repeat(times.saturating_mul(inner), plan),
        Plan::All(plans) => all(plans.into_iter().map(|plan| repeat(times, plan)).collect()),
        plan => Plan::Repeat(times, Box::new(plan)),
    }
}

pub(super) fn within(window: i128, plan: Plan) -> Plan {
    match plan {
        Plan::Never => Plan::Never,
        // One observation is within any window.
        Plan::Leaf(candidates) => Plan::Leaf(candidates),
        Plan::Within(inner, plan) => Plan::Within(window.min(inner), plan),
        Plan::Any(plans) => any(plans.into_iter().map(|plan| within(window, plan)).collect()),
        plan => Plan::Within(window, Box::new(plan)),
    }
}
