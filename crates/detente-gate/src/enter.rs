//! May an own indicator enter a matching run?
//!
//! A run tells the other side that we hold an indicator, if it holds it too. That is less than a
//! release, and not nothing: what no clause could ever let go must not show that way either. So a
//! context that is closed, covered by a prohibition, or marked TLP:RED where no permission goes as
//! far as that, keeps its indicator out, unless another context of the same indicator vouches for
//! it.

use detente_accord::{Accord, Rule};
use detente_core::{Kind, Tlp};

use crate::decide::forbids;

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
}

/// Whether a context vouches for its indicator in a run in which `from` enters it and `to` may
/// learn that it is common.
pub fn may_enter(accord: &Accord, from: &str, to: &str, entrant: &Entrant<'_>) -> bool {
    let red_may_go = || {
        accord.clauses.iter().any(|clause| match &clause.rule {
            Some(Rule::Permit(rule)) => {
                rule.from.is(from) && rule.to.is(to) && rule.max_tlp == Tlp::Red
            }
            _ => false,
        })
    };
    if entrant.marking_unknown || (entrant.tlp == Tlp::Red && !red_may_go()) {
        return false;
    }
    !accord.clauses.iter().any(|clause| match &clause.rule {
        Some(Rule::Forbid(rule)) => forbids(rule, (from, to), entrant).is_some(),
        _ => false,
    })
}
