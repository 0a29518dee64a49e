//! The decision on one object.

use std::sync::Arc;

use detente_accord::{Only, Permit};
use detente_core::Whose;
use detente_core::act::ObjectFacts;
use detente_core::{Span, Transform, UnixSeconds};
use detente_state::{ConsentGap, NotInForce, Released};

use crate::rules::{Hit, Rules};
use crate::space::{Cell, Dimension};
use crate::verdict::{Allowance, Because, Denial, Fact, Taken, Verdict};

/// All that a decision rests on.
pub struct Question<'a> {
    /// The text in force, made ready, or why there is none.
    pub rules: Result<&'a Rules, NotInForce>,
    /// The party whose stop holds, if one does.
    pub stopped_by: Option<String>,
    /// Why a permission does not run between the two now, if it does not: suspended, reserved, one
    /// of them not bound. A prohibition always holds.
    pub held: &'a dyn Fn(&str) -> Option<Arc<str>>,
    /// Who releases, by handle.
    pub from: &'a str,
    /// Who receives, by handle.
    pub to: &'a str,
    /// What is known of the object.
    pub facts: &'a ObjectFacts,
    /// Whether a run under this accord, closed alike by both sides, found it at both.
    pub matched: bool,
    /// Under which clause the originator's consent on record lets the object go to the receiver, or
    /// why it does not.
    pub consent: Result<&'a str, ConsentGap>,
    /// The time of the decision.
    pub now: UnixSeconds,
    /// What the releasing party has released under a clause in a window that ends now.
    pub used: &'a dyn Fn(&str, Span) -> Released,
    /// Objects that the receiver has released to the releasing party in a window that ends now.
    pub came: &'a dyn Fn(Span) -> u64,
    /// Bytes of the object as it would leave under these transforms.
    pub size: &'a dyn Fn(&[Transform]) -> u32,
    /// Asks about this permission alone; without it, the first that lets the object go.
    pub under: Option<&'a str>,
}

/// What covers an object of a permission's scope, whatever else the permission asks.
const SCOPE: &[Dimension] = &[Dimension::From, Dimension::To, Dimension::Object];

/// Decides whether one object may leave.
///
/// Order: accord in force; stop; two different parties of it; the object's own markings (all
/// understood, the receiver among those to whom it is releasable, the originator's consent);
/// prohibitions; then permissions, each with its scope, facts, ceilings, expiry and cap; else no.
/// The order of clauses in the text does not matter: among several permissions the lowest-numbered
/// that lets the object go is named. Nothing is allocated but for strangers.
pub fn decide(question: &Question<'_>) -> Verdict {
    let rules = match &question.rules {
        Ok(rules) => *rules,
        Err(error) => return Verdict::Deny(Denial::NotInForce(error.clone())),
    };
    if let Some(by) = &question.stopped_by {
        return Verdict::Deny(Denial::Stopped { by: by.clone() });
    }
    // A stranger is nobody, not "any party": `*` in a clause means the parties of the accord.
    let (from, to) = match (rules.side(question.from), rules.side(question.to)) {
        (Some(from), Some(to)) if from != to => (from, to),
        _ => {
            return Verdict::Deny(no_permit(question, question.from.into(), question.to.into()));
        }
    };
    let under = match marked_closed(rules, question, (from, to)) {
        Ok(under) => under.or(question.under),
        Err(denial) => return Verdict::Deny(denial),
    };
    let cell = rules.space.cell((from, to), question.facts, question.matched);
    let labels = rules.space.labels(&question.facts.labels);
    if let Some(hit) = rules.forbidding(&cell, &labels) {
        return Verdict::Deny(forbidden(rules, &cell, hit));
    }
    permitted(rules, (question, under), &cell)
        .unwrap_or_else(|| Verdict::Deny(miss(rules, (question, under), &cell)))
}

/// What the object's own markings say, whatever the clauses do. Gives the only clause under which
/// its originator lets it go, if that is another than who releases it.
fn marked_closed<'a>(
    rules: &Rules,
    question: &Question<'a>,
    (from, to): (usize, usize),
) -> Result<Option<&'a str>, Denial> {
    let handling = &question.facts.handling;
    if question.facts.marking_unknown {
        return Err(Denial::MarkingUnknown);
    }
    let listed = |list: &Vec<_>| rules.id(to).is_some_and(|receiver| list.contains(&receiver));
    if handling.releasable.as_ref().is_some_and(|list| !listed(list)) {
        return Err(Denial::NotReleasable);
    }
    match handling.originator {
        None => Ok(None),
        // Its own originator lets it go by the release itself; the marking binds who receives it.
        Some(Whose::Party(own)) if rules.id(from) == Some(own) => Ok(None),
        Some(_) => match question.consent {
            Err(gap) => Err(Denial::Consent(gap)),
            Ok(clause) if question.under.is_some_and(|under| under != clause) => {
                Err(Denial::Consent(ConsentGap::OtherClause))
            }
            Ok(clause) => Ok(Some(clause)),
        },
    }
}

fn forbidden(rules: &Rules, cell: &Cell, hit: Hit) -> Denial {
    let clause = Arc::clone(&rules.forbids.clauses[hit.clause]);
    let because = match hit.label {
        Some(label) => Because::Label(label),
        None => rules.unknown_to(cell, hit.clause).map_or(Because::Scope, Because::Unknown),
    };
    Denial::Forbidden { clause, because }
}

fn no_permit(question: &Question<'_>, from: Arc<str>, to: Arc<str>) -> Denial {
    let facts = question.facts;
    Denial::NoPermit { from, to, kind: facts.kind, tlp: facts.tlp, matched: question.matched }
}

/// The first permission that covers the object, has not expired and has room.
fn permitted(
    rules: &Rules,
    (question, under): (&Question<'_>, Option<&str>),
    cell: &Cell,
) -> Option<Verdict> {
    let mut covering = rules.permits.each(cell, &Dimension::ALL);
    covering.find_map(|at| {
        if under.is_some_and(|clause| clause != &*rules.permits.clauses[at]) {
            return None;
        }
        let rule = rules.permissions.get(at)?;
        let cap = bounds(&rules.permits.clauses[at], rule, question).ok()?;
        Some(Verdict::Allow(Allowance {
            clause: Arc::clone(&rules.permits.clauses[at]),
            kind: question.facts.kind,
            tlp: question.facts.tlp,
            max_tlp: rule.max_tlp,
            matched: rule.only == Only::Matched,
            cap,
            transforms: Arc::clone(&rules.transforms[at]),
        }))
    })
}

/// The nearest miss among the permissions in whose scope the object is.
fn miss(rules: &Rules, (question, under): (&Question<'_>, Option<&str>), cell: &Cell) -> Denial {
    let word = |dimension: Dimension| rules.word(usize::from(cell[dimension as usize]));
    let none = no_permit(question, word(Dimension::From), word(Dimension::To));
    rules.permits.each(cell, SCOPE).fold(none, |nearest, at| {
        if under.is_some_and(|clause| clause != &*rules.permits.clauses[at]) {
            return nearest;
        }
        match fault(rules, question, cell, at) {
            Some(denial) if denial.nearness() > nearest.nearness() => denial,
            _ => nearest,
        }
    })
}

/// Why a permission in whose scope the object is does not let it go.
fn fault(rules: &Rules, question: &Question<'_>, cell: &Cell, at: usize) -> Option<Denial> {
    let rule = rules.permissions.get(at)?;
    let clause = || Arc::clone(&rules.permits.clauses[at]);
    let covers = |dimension| rules.permits.covers(at, cell, dimension);
    let facts = question.facts;
    if !covers(Dimension::Matched) {
        return Some(Denial::NotMatched { clause: clause() });
    }
    for (dimension, fact) in ASKED {
        if !covers(dimension) {
            let unknown = rules.space.is_unknown(cell, dimension);
            return Some(match (unknown, rule.max_pap, facts.handling.pap) {
                (true, ..) => Denial::FactUnknown { clause: clause(), fact },
                (false, Some(max), Some(pap)) if fact == Fact::Pap => {
                    Denial::PapCeiling { clause: clause(), pap, max }
                }
                (false, ..) => Denial::Outside { clause: clause(), fact },
            });
        }
    }
    if !covers(Dimension::Tlp) {
        return Some(Denial::TlpCeiling { clause: clause(), tlp: facts.tlp, max: rule.max_tlp });
    }
    if !covers(Dimension::Releasable) {
        return Some(Denial::NotListed { clause: clause() });
    }
    bounds(&rules.permits.clauses[at], rule, question).err()
}

/// Facts for which a clause may ask, and their dimensions.
pub(crate) const ASKED: [(Dimension, Fact); 4] = [
    (Dimension::Category, Fact::Category),
    (Dimension::Threat, Fact::Threat),
    (Dimension::Purpose, Fact::Purpose),
    (Dimension::Pap, Fact::Pap),
];

/// What bounds a permission that covers an object: expiry, reciprocity and cap.
fn bounds(
    clause: &Arc<str>,
    rule: &Permit,
    question: &Question<'_>,
) -> Result<Option<Taken>, Denial> {
    if let Some(why) = (question.held)(clause) {
        return Err(Denial::Held { clause: Arc::clone(clause), why });
    }
    if let Some(at) = rule.expires
        && question.now >= at
    {
        return Err(Denial::Expired { clause: Arc::clone(clause), at });
    }
    if let Some(ratio) = &rule.reciprocity {
        let (per, used) = (ratio.per, (question.used)(clause, ratio.per).count);
        let came = (question.came)(per);
        let room = ratio.room(came);
        if used >= room {
            return Err(Denial::Reciprocity { clause: Arc::clone(clause), used, came, room, per });
        }
    }
    let Some(cap) = &rule.cap else { return Ok(None) };
    let used = (question.used)(clause, cap.per);
    let full =
        |what, used, max| Denial::Cap { clause: Arc::clone(clause), what, used, max, per: cap.per };
    if used.count >= cap.count {
        return Err(full("objects", used.count, cap.count));
    }
    if let Some(max) = cap.bytes
        && used.bytes.saturating_add((question.size)(&rule.transforms).into()) > max
    {
        return Err(full("bytes", used.bytes, max));
    }
    Ok(Some(Taken { nth: used.count + 1, max: cap.count, per: cap.per }))
}
