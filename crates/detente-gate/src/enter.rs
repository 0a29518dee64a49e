//! May an own indicator enter a matching run?
//!
//! A run tells the other side that we hold an indicator, if it holds it too. That is less than a
//! release, and not nothing: what no clause could ever let go must not show that way either. So a
//! context that is closed, covered by a prohibition, releasable to others alone, under the control
//! of another originator, marked TLP:RED where no permission goes as far as that, or marked above
//! the ceiling of the matching clause, keeps its indicator out, unless another context of the same
//! indicator vouches for it.

use detente_core::act::ObjectFacts;
use detente_core::{Handling, Kind, ObjectKind, Tlp, Whose};

use crate::rules::Rules;
use crate::space::Dimension;

/// What is known of one context of an indicator.
#[derive(Clone, Copy, Debug)]
pub struct Entrant<'a> {
    /// What sort of indicator.
    pub kind: Kind,
    /// Its colour, the accord's default where it has none.
    pub tlp: Tlp,
    /// Whether a marking is not understood.
    pub marking_unknown: bool,
    /// Its labels.
    pub labels: &'a [String],
    /// How else it may be handled.
    pub handling: &'a Handling,
}

/// Whether a context vouches for its indicator in a run in which `from` enters it and `to` may
/// learn that it is common; `ceiling` is the most closed colour that the clause of the run lets in,
/// if it has one. A ceiling only narrows: red needs a permission all the same.
pub fn may_enter(
    rules: &Rules,
    (from, to): (&str, &str),
    ceiling: Option<Tlp>,
    entrant: &Entrant<'_>,
) -> bool {
    let (Some(from), Some(to)) = (rules.side(from), rules.side(to)) else { return false };
    let handling = entrant.handling;
    let receiver = rules.id(to);
    let own = rules.id(from);
    let is_own = |whose| matches!(whose, Whose::Party(party) if own == Some(party));
    let others = |list: &Vec<_>| receiver.is_none_or(|receiver| !list.contains(&receiver));
    if from == to
        || ceiling.is_some_and(|ceiling| entrant.tlp > ceiling)
        || entrant.marking_unknown
        || handling.originator.is_some_and(|whose| !is_own(whose))
        || handling.releasable.as_ref().is_some_and(others)
    {
        return false;
    }
    let facts = ObjectFacts {
        object: ObjectKind::Indicator,
        kind: entrant.kind,
        tlp: entrant.tlp,
        marking_unknown: false,
        labels: Vec::new(),
        bytes: 0,
        handling: handling.clone(),
    };
    // No prohibition asks whether it is matched.
    let cell = rules.space.cell((from, to), &facts, false);
    let red_may_go = || {
        let within = [Dimension::From, Dimension::To, Dimension::Tlp];
        rules.permits.each(&cell, &within).next().is_some()
    };
    (entrant.tlp != Tlp::Red || red_may_go())
        && rules.forbidding(&cell, &rules.space.labels(entrant.labels)).is_none()
}
