//! What became of a duty: in time, late, disputed, in breach, excused.

use detente_core::act::{Act, Way};
use detente_core::{Digest, PartyId, Span, UnixSeconds};

use super::evidence::Evidence;
use super::{Dispute, Fulfilment};
use crate::{Logs, State};

/// All that decides on one duty.
pub(super) struct Case<'c> {
    /// The text and the clause that oblige.
    pub(super) text: Digest,
    pub(super) clause: Option<&'c str>,
    pub(super) owed_by: PartyId,
    /// Each of whom it is owed to.
    pub(super) owed_to: &'c [PartyId],
    /// The first moment at which it is too late.
    pub(super) due: UnixSeconds,
    /// The same, counted from when who owes it shows that it did not know the trigger yet.
    pub(super) fair: Option<(UnixSeconds, UnixSeconds)>,
    /// The act that did it, in effect.
    pub(super) deed: Option<&'c Act>,
    /// How much of it is done, of how much.
    pub(super) progress: (usize, usize),
    /// Now, for who owes it.
    pub(super) now: UnixSeconds,
}

/// Decides.
pub(super) fn settle(
    case: &Case<'_>,
    (logs, state): (&Logs, &State),
    evidence: &Evidence<'_>,
) -> Fulfilment {
    let unfair = |moment: UnixSeconds| {
        let (known, due) = case.fair?;
        (moment < due).then_some(Dispute::TriggerUnseen(known))
    };
    if let Some(deed) = case.deed {
        let (act, at) = (deed.digest(), deed.header().time);
        if at < case.due {
            // One side whose log has it in time is enough: nobody is made late by the slowest.
            let bounds = case.owed_to.iter().map(|to| evidence.not_before(deed, *to));
            return match bounds.min().flatten() {
                Some(bound) if bound >= case.due => {
                    Fulfilment::Disputed { act: Some(act), why: Dispute::DeedUnseen(bound) }
                }
                _ => Fulfilment::Met { act, at },
            };
        }
        if let Some(act) = excuse(case, (logs, state), evidence) {
            return Fulfilment::Excused { act };
        }
        return match unfair(at) {
            Some(why) => Fulfilment::Disputed { act: Some(act), why },
            None => Fulfilment::Late { act, at, by: between(case.due, at) },
        };
    }
    if case.now < case.due {
        let (done, of) = case.progress;
        return Fulfilment::Open { done, of };
    }
    if let Some(act) = excuse(case, (logs, state), evidence) {
        return Fulfilment::Excused { act };
    }
    match unfair(case.now) {
        Some(why) => Fulfilment::Disputed { act: None, why },
        None => Fulfilment::Breached { by: between(case.due, case.now) },
    }
}

fn between(from: UnixSeconds, to: UnixSeconds) -> Span {
    Span::seconds(to.get().saturating_sub(from.get()))
}

/// The suspension that held the clause up between the two when the duty was due. One by who owes
/// the duty excuses only if the other side's log does not show that it came later.
fn excuse(
    case: &Case<'_>,
    (logs, state): (&Logs, &State),
    evidence: &Evidence<'_>,
) -> Option<Digest> {
    let clause = case.clause?;
    let held = state.suspensions.iter().filter(|held| {
        held.text == case.text && held.holds(case.due) && held.clauses.iter().any(|c| c == clause)
    });
    let between = |way: &Way| {
        let own = case.owed_by;
        case.owed_to.iter().any(|to| *way == Way { from: own, to: *to })
            || case.owed_to.iter().any(|to| *way == Way { from: *to, to: own })
    };
    let mut held = held.filter(|held| held.ways.iter().any(between)).filter(|held| {
        if held.party != case.owed_by {
            return true;
        }
        let place = usize::try_from(held.place).ok();
        let Some(act) = place.and_then(|place| logs.of(held.party).get(place)) else {
            return false;
        };
        let late = |to: &PartyId| evidence.not_before(act, *to).is_some_and(|at| at >= case.due);
        !case.owed_to.iter().any(late)
    });
    held.next().map(|held| held.act)
}
