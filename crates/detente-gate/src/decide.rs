//! The decision on one object.

use detente_accord::{Accord, Forbid, Only, Permit, Rule};
use detente_core::act::ObjectFacts;
use detente_core::encode::DecodeError;
use detente_core::{Span, Tlp, UnixSeconds};
use detente_state::{NotInForce, Released};

use crate::enter::Entrant;

/// All that a decision rests on.
pub struct Question<'a> {
    /// The text in force, or why there is none.
    pub accord: Result<&'a Accord, NotInForce>,
    /// The party whose stop holds, if one does.
    pub stopped_by: Option<String>,
    /// Who releases, by handle.
    pub from: &'a str,
    /// Who receives, by handle.
    pub to: &'a str,
    /// What is known of the object.
    pub facts: &'a ObjectFacts,
    /// Whether a run under this accord, closed alike by both sides, found it at both.
    pub matched: bool,
    /// The time of the decision.
    pub now: UnixSeconds,
    /// What the releasing party has released under a clause in a window that ends now.
    pub used: &'a dyn Fn(&str, Span) -> Released,
}

/// The gate's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may leave.
    Allow(Allowance),
    /// It stays.
    Deny(Denial),
}

/// Under which clause an object may leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// The clause.
    pub clause: String,
    /// In words.
    pub reason: String,
}

/// Why an object stays.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    /// The cap of the only clause that would permit it is reached.
    #[error("clause {clause} lets {max} {what} leave in {per}, and {used} have left")]
    Cap {
        /// The permission.
        clause: String,
        /// `objects` or `bytes`.
        what: &'static str,
        /// What left in the window.
        used: u64,
        /// The cap.
        max: u64,
        /// The window.
        per: Span,
    },
    /// The permission has ended.
    #[error("clause {clause} expired on {at}")]
    Expired {
        /// The permission.
        clause: String,
        /// When it ended.
        at: UnixSeconds,
    },
    /// A prohibition covers it.
    #[error("clause {clause} forbids it{because}")]
    Forbidden {
        /// The prohibition.
        clause: String,
        /// By what, in words.
        because: String,
    },
    /// The object is not in its canonical form: the other side would have to refuse it.
    #[error("the object is malformed")]
    Malformed(#[source] DecodeError),
    /// A marking is not understood, or markings contradict each other.
    #[error("a marking is unknown or contradictory, and so closed")]
    MarkingUnknown,
    /// Nothing permits it.
    #[error("no clause permits it from {from} to {to}: {kind}, {tlp}, {}", found(*matched))]
    NoPermit {
        /// Who would release.
        from: String,
        /// Who would receive.
        to: String,
        /// What sort of indicator.
        kind: detente_core::Kind,
        /// Its colour.
        tlp: Tlp,
        /// Whether it is matched.
        matched: bool,
    },
    /// Within a run, the contexts of one item have no more room.
    #[error("its {got} bytes do not fit the {room} that the clause gives the contexts of one item")]
    NoRoom {
        /// Bytes of the object.
        got: usize,
        /// Bytes that the clause gives, for all contexts of the item together.
        room: usize,
    },
    /// Within a run, one release holds no more.
    #[error("the release of this run holds no more")]
    ReleaseFull,
    /// No accord is in force.
    #[error("no accord is in force")]
    NotInForce(#[source] NotInForce),
    /// A permission covers matched indicators only.
    #[error("clause {clause} covers matched indicators only, and no run found this one at both")]
    NotMatched {
        /// The permission.
        clause: String,
    },
    /// A stop holds.
    #[error("stopped by {by}")]
    Stopped {
        /// Who stopped.
        by: String,
    },
    /// Its colour is more closed than the permission's ceiling.
    #[error("marked {tlp}, clause {clause} lets go up to {max}")]
    TlpCeiling {
        /// The permission.
        clause: String,
        /// The object's colour.
        tlp: Tlp,
        /// The ceiling.
        max: Tlp,
    },
}

/// Whether a run found it, in words.
const fn found(matched: bool) -> &'static str {
    if matched { "matched" } else { "not matched" }
}

impl Denial {
    /// A stable machine code.
    pub const fn code(&self) -> &'static str {
        match self {
            Denial::Cap { .. } => "cap_reached",
            Denial::Expired { .. } => "permit_expired",
            Denial::Forbidden { .. } => "forbidden",
            Denial::Malformed(_) => "object_malformed",
            Denial::MarkingUnknown => "marking_unknown",
            Denial::NoPermit { .. } => "no_permit",
            Denial::NoRoom { .. } => "no_room",
            Denial::NotInForce(_) => "not_in_force",
            Denial::NotMatched { .. } => "not_matched",
            Denial::ReleaseFull => "release_full",
            Denial::Stopped { .. } => "stopped",
            Denial::TlpCeiling { .. } => "tlp_ceiling",
        }
    }

    /// The clause that speaks, if one does.
    pub fn clause(&self) -> Option<&str> {
        match self {
            Denial::Cap { clause, .. }
            | Denial::Expired { clause, .. }
            | Denial::Forbidden { clause, .. }
            | Denial::NotMatched { clause }
            | Denial::TlpCeiling { clause, .. } => Some(clause),
            _ => None,
        }
    }

    /// How near the object came to leaving: the nearest miss is the most useful answer.
    const fn nearness(&self) -> u8 {
        match self {
            Denial::Cap { .. } => 4,
            Denial::Expired { .. } => 3,
            Denial::TlpCeiling { .. } => 2,
            Denial::NotMatched { .. } => 1,
            _ => 0,
        }
    }
}

/// Decides whether one object may leave.
///
/// Order: accord in force; stop; two different parties of it; markings understood; prohibitions;
/// then permissions, each with its scope, ceiling, expiry and cap; else no. The order of clauses in
/// the text does not matter: among several permissions the lowest-numbered that lets the object go
/// is named.
pub fn decide(question: &Question<'_>) -> Verdict {
    let accord = match &question.accord {
        Ok(accord) => *accord,
        Err(error) => return Verdict::Deny(Denial::NotInForce(error.clone())),
    };
    if let Some(by) = &question.stopped_by {
        return Verdict::Deny(Denial::Stopped { by: by.clone() });
    }
    // A stranger is nobody, not "any party": `*` in a clause means the parties of the accord.
    let party = |handle: &str| accord.parties.iter().any(|known| known.handle == handle);
    if !party(question.from) || !party(question.to) || question.from == question.to {
        return Verdict::Deny(no_permit(question));
    }
    if question.facts.marking_unknown {
        return Verdict::Deny(Denial::MarkingUnknown);
    }
    if let Some(denial) = forbidden(accord, question) {
        return Verdict::Deny(denial);
    }
    permitted(accord, question)
}

/// Clause ids in the order of their numbers: 3.2 before 3.10. Parts have no leading zeros, so that
/// the longer number is the larger.
fn clause_order(id: &str) -> impl Ord + '_ {
    let parts = id.split('.').map(|part| (part.len(), part));
    parts.collect::<Vec<(usize, &str)>>()
}

fn forbidden(accord: &Accord, question: &Question<'_>) -> Option<Denial> {
    let mut hits: Vec<(&str, String)> = Vec::new();
    for clause in &accord.clauses {
        if let Some(Rule::Forbid(rule)) = &clause.rule
            && let Some(because) = covers(rule, question)
        {
            hits.push((&clause.id, because));
        }
    }
    let (clause, because) =
        hits.into_iter().min_by(|(a, _), (b, _)| clause_order(a).cmp(&clause_order(b)))?;
    Some(Denial::Forbidden { clause: clause.to_owned(), because })
}

/// Whether a prohibition covers the object, and by what.
fn covers(rule: &Forbid, question: &Question<'_>) -> Option<String> {
    let facts = question.facts;
    let entrant = Entrant {
        kind: facts.kind,
        tlp: facts.tlp,
        marking_unknown: facts.marking_unknown,
        labels: &facts.labels,
    };
    forbids(rule, (question.from, question.to), &entrant)
}

/// Whether a prohibition covers what is so known, from one party to the other, and by what.
pub(crate) fn forbids(
    rule: &Forbid,
    (from, to): (&str, &str),
    facts: &Entrant<'_>,
) -> Option<String> {
    if !rule.from.is(from) || !rule.to.is(to) {
        return None;
    }
    if !rule.kinds.is_empty() && !rule.kinds.contains(&facts.kind) {
        return None;
    }
    if rule.min_tlp.is_some_and(|min| facts.tlp < min) {
        return None;
    }
    if rule.labels.is_empty() {
        return Some(String::new());
    }
    let label = rule.labels.iter().find(|label| {
        let mut own = facts.labels.iter();
        own.any(|own| same_label(own, label))
    })?;
    Some(format!(": label {label:?}"))
}

/// Labels are compared as people read them: without regard to case in any script, and to white
/// space around. A prohibition must not be passed by writing its label otherwise.
fn same_label(one: &str, other: &str) -> bool {
    let (one, other) = (one.trim(), other.trim());
    if one.is_ascii() && other.is_ascii() {
        return one.eq_ignore_ascii_case(other);
    }
    // Upper case first: it makes one of what has two small letters (final sigma, sharp s).
    let folded = |text: &str| text.to_uppercase().to_lowercase();
    folded(one) == folded(other)
}

fn no_permit(question: &Question<'_>) -> Denial {
    Denial::NoPermit {
        from: question.from.to_owned(),
        to: question.to.to_owned(),
        kind: question.facts.kind,
        tlp: question.facts.tlp,
        matched: question.matched,
    }
}

fn permitted(accord: &Accord, question: &Question<'_>) -> Verdict {
    let facts = question.facts;
    let mut permits: Vec<(&str, &Permit)> = Vec::new();
    for clause in &accord.clauses {
        if let Some(Rule::Permit(rule)) = &clause.rule
            && rule.from.is(question.from)
            && rule.to.is(question.to)
            && rule.kinds.contains(&facts.kind)
        {
            permits.push((&clause.id, rule));
        }
    }
    permits.sort_by(|(a, _), (b, _)| clause_order(a).cmp(&clause_order(b)));
    let mut nearest = no_permit(question);
    for (clause, rule) in permits {
        match check_permit(clause, rule, question) {
            Ok(reason) => {
                return Verdict::Allow(Allowance { clause: clause.to_owned(), reason });
            }
            Err(denial) if denial.nearness() > nearest.nearness() => nearest = denial,
            Err(_) => {}
        }
    }
    Verdict::Deny(nearest)
}

fn check_permit(clause: &str, rule: &Permit, question: &Question<'_>) -> Result<String, Denial> {
    let clause = || clause.to_owned();
    let facts = question.facts;
    if rule.only == Only::Matched && !question.matched {
        return Err(Denial::NotMatched { clause: clause() });
    }
    if facts.tlp > rule.max_tlp {
        return Err(Denial::TlpCeiling { clause: clause(), tlp: facts.tlp, max: rule.max_tlp });
    }
    if let Some(at) = rule.expires
        && question.now >= at
    {
        return Err(Denial::Expired { clause: clause(), at });
    }
    let mut reason = format!("{}, {} within {}", facts.kind, facts.tlp, rule.max_tlp);
    if rule.only == Only::Matched {
        reason.push_str(", matched");
    }
    if let Some(cap) = &rule.cap {
        let used = (question.used)(&clause(), cap.per);
        if used.count >= cap.count {
            let (used, max, per) = (used.count, cap.count, cap.per);
            return Err(Denial::Cap { clause: clause(), what: "objects", used, max, per });
        }
        if let Some(max) = cap.bytes
            && used.bytes.saturating_add(facts.bytes.into()) > max
        {
            let (used, per) = (used.bytes, cap.per);
            return Err(Denial::Cap { clause: clause(), what: "bytes", used, max, per });
        }
        reason.push_str(&format!(", {} of {} in {}", used.count + 1, cap.count, cap.per));
    }
    Ok(reason)
}
