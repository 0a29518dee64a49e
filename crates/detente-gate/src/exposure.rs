//! The exposure table: the gate's answer for every cell, before anything is signed.

use std::collections::BTreeSet;

use detente_accord::{Accord, Rule};
use detente_core::act::ObjectFacts;
use detente_core::{Handling, Kind, ObjectKind, Tlp, UnixSeconds};
use detente_state::Released;

use crate::decide::{Question, decide};
use crate::rules::Rules;
use crate::verdict::Verdict;

/// Who releases to whom, by handle.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Direction {
    /// Who releases.
    pub from: String,
    /// Who receives.
    pub to: String,
}

/// One cell of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Who releases to whom.
    pub direction: Direction,
    /// What sort of indicator.
    pub kind: Kind,
    /// Its colour.
    pub tlp: Tlp,
    /// Whether a run found it at both sides.
    pub matched: bool,
    /// A label that the text speaks of; none stands for every other label.
    pub label: Option<String>,
    /// The gate's answer, caps not used up.
    pub verdict: Verdict,
}

/// The whole table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exposure {
    /// Every cell, in the order direction, kind, colour, matched, label.
    pub cells: Vec<Cell>,
}

impl Exposure {
    /// The cells through which something may leave.
    pub fn open(&self) -> impl Iterator<Item = (&Cell, &str)> {
        self.cells.iter().filter_map(|cell| match &cell.verdict {
            Verdict::Allow(allowance) => Some((cell, &*allowance.clause)),
            Verdict::Deny(_) => None,
        })
    }
}

/// Computes the table of a text as if it were in force at `now`, nothing stopped and nothing used
/// of any cap: the most that may ever leave. Nothing is sampled: each dimension is a finite list,
/// and labels that the text does not name can't change an answer.
pub fn exposure(accord: &Accord, now: UnixSeconds) -> Exposure {
    let labels = labels(accord);
    let rules = Rules::new(accord);
    let mut cells = Vec::new();
    for from in &accord.parties {
        for to in accord.parties.iter().filter(|to| to.handle != from.handle) {
            let direction = Direction { from: from.handle.clone(), to: to.handle.clone() };
            for kind in Kind::ALL {
                for tlp in Tlp::ALL {
                    for matched in [false, true] {
                        for label in &labels {
                            let cell = (kind, tlp, matched, label.clone());
                            cells.push(ask(&rules, &direction, cell, now));
                        }
                    }
                }
            }
        }
    }
    Exposure { cells }
}

fn ask(
    rules: &Rules,
    direction: &Direction,
    (kind, tlp, matched, label): (Kind, Tlp, bool, Option<String>),
    now: UnixSeconds,
) -> Cell {
    let facts = ObjectFacts {
        object: ObjectKind::Indicator,
        handling: Handling::default(),
        kind,
        tlp,
        marking_unknown: false,
        labels: label.iter().cloned().collect(),
        bytes: 1,
    };
    let verdict = decide(&Question {
        rules: Ok(rules),
        stopped_by: None,
        from: &direction.from,
        to: &direction.to,
        facts: &facts,
        matched,
        consent: false,
        now,
        used: &|_, _| Released::default(),
    });
    Cell { direction: direction.clone(), kind, tlp, matched, label, verdict }
}

/// No label, then each label that a prohibition names.
fn labels(accord: &Accord) -> Vec<Option<String>> {
    let mut named: BTreeSet<&String> = BTreeSet::new();
    for clause in &accord.clauses {
        if let Some(Rule::Forbid(rule)) = &clause.rule {
            named.extend(&rule.labels);
        }
    }
    std::iter::once(None).chain(named.into_iter().cloned().map(Some)).collect()
}
