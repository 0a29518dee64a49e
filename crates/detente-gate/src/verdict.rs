//! What the gate answers, as data; words are made when somebody asks for them.

use std::fmt;
use std::sync::Arc;

use detente_core::act::{MAX_LABELS, ManifestEntry, ObjectFacts};
use detente_core::encode::DecodeError;
use detente_core::{Digest, Kind, Pap, Span, Tlp, Transform, UnixSeconds};
use detente_state::{ConsentGap, NotInForce};

/// The gate's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may leave.
    Allow(Allowance),
    /// It stays.
    Deny(Denial),
}

/// Under which clause an object may leave; `to_string` says why in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// The clause.
    pub clause: Arc<str>,
    /// What sort of indicator.
    pub kind: Kind,
    /// Its colour.
    pub tlp: Tlp,
    /// The clause's ceiling.
    pub max_tlp: Tlp,
    /// Whether the clause covers matched indicators only.
    pub matched: bool,
    /// What the object takes of the clause's cap.
    pub cap: Option<Taken>,
    /// What is taken out of the object before it leaves, sorted.
    pub transforms: Arc<[Transform]>,
}

/// What an object takes of a cap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Which one it is in the window, from 1.
    pub nth: u64,
    /// The cap in objects.
    pub max: u64,
    /// The window.
    pub per: Span,
}

impl Allowance {
    /// The entry for an object that leaves under it.
    pub(crate) fn entry(&self, object: Digest, facts: ObjectFacts) -> ManifestEntry {
        let (clause, transforms) = (self.clause.to_string(), self.transforms.to_vec());
        ManifestEntry { object, clause, transforms, facts }
    }
}

impl fmt::Display for Allowance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {} within {}", self.kind, self.tlp, self.max_tlp)?;
        if self.matched {
            f.write_str(", matched")?;
        }
        if let Some(Taken { nth, max, per }) = self.cap {
            write!(f, ", {nth} of {max} in {per}")?;
        }
        self.transforms.iter().try_for_each(|transform| write!(f, ", {transform}"))
    }
}

/// A fact for which a clause may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    /// What it is about.
    Category,
    /// What may be done with it.
    Pap,
    /// What it is given for.
    Purpose,
    /// Where the threat comes from.
    Threat,
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fact::Category => "category",
            Fact::Pap => "PAP colour",
            Fact::Purpose => "purpose",
            Fact::Threat => "origin of the threat",
        })
    }
}

/// By what a prohibition covers an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Because {
    /// By its scope.
    Scope,
    /// By a label, as the text writes it.
    Label(Arc<str>),
    /// It asks for a fact that is not known of the object.
    Unknown(Fact),
}

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Because::Scope => Ok(()),
            Because::Label(label) => write!(f, ": label {label:?}"),
            Because::Unknown(fact) => write!(f, ": its {fact} is unknown"),
        }
    }
}

/// Why an object stays.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    /// The cap of the only clause that would permit it is reached.
    #[error("clause {clause} lets {max} {what} leave in {per}, and {used} have left")]
    Cap {
        /// The permission.
        clause: Arc<str>,
        /// `objects` or `bytes`.
        what: &'static str,
        /// What left in the window.
        used: u64,
        /// The cap.
        max: u64,
        /// The window.
        per: Span,
    },
    /// Its originator must consent to each release, and no consent on record carries this one.
    #[error("{0}")]
    Consent(ConsentGap),
    /// The permission has ended.
    #[error("clause {clause} expired on {at}")]
    Expired {
        /// The permission.
        clause: Arc<str>,
        /// When it ended.
        at: UnixSeconds,
    },
    /// The permission asks for a fact that is not known of the object.
    #[error("clause {clause} asks for its {fact}, which is unknown")]
    FactUnknown {
        /// The permission.
        clause: Arc<str>,
        /// The fact.
        fact: Fact,
    },
    /// A prohibition covers it.
    #[error("clause {clause} forbids it{because}")]
    Forbidden {
        /// The prohibition.
        clause: Arc<str>,
        /// By what.
        because: Because,
    },
    /// The object is not in its canonical form: the other side would have to refuse it.
    #[error("the object is malformed")]
    Malformed(#[source] DecodeError),
    /// A marking is not understood, or markings contradict each other.
    #[error(
        "a marking is unknown, contradictory or too long to be kept whole (so are more than \
         {MAX_LABELS} labels), and so closed"
    )]
    MarkingUnknown,
    /// Nothing permits it.
    #[error("no clause permits it from {from} to {to}: {kind}, {tlp}, {}", found(*matched))]
    NoPermit {
        /// Who would release.
        from: Arc<str>,
        /// Who would receive.
        to: Arc<str>,
        /// What sort of indicator.
        kind: Kind,
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
    /// The permission covers only what is marked as releasable to the receiver.
    #[error("clause {clause} covers only what is marked as releasable to the receiver")]
    NotListed {
        /// The permission.
        clause: Arc<str>,
    },
    /// A permission covers matched indicators only.
    #[error("clause {clause} covers matched indicators only, and no run found this one at both")]
    NotMatched {
        /// The permission.
        clause: Arc<str>,
    },
    /// It is marked as releasable to others than the receiver.
    #[error("it is marked as releasable to others alone")]
    NotReleasable,
    /// The permission does not cover this value of a fact.
    #[error("clause {clause} does not cover its {fact}")]
    Outside {
        /// The permission.
        clause: Arc<str>,
        /// The fact.
        fact: Fact,
    },
    /// Its PAP colour is more closed than the permission's ceiling.
    #[error("marked {pap}, clause {clause} lets go up to {max}")]
    PapCeiling {
        /// The permission.
        clause: Arc<str>,
        /// The object's colour.
        pap: Pap,
        /// The ceiling.
        max: Pap,
    },
    /// The permission does not run between the two now.
    #[error("clause {clause} does not run: {why}")]
    Held {
        /// The permission.
        clause: Arc<str>,
        /// Why, in words.
        why: Arc<str>,
    },
    /// The release names another receiver.
    #[error("the release names another receiver")]
    OtherReceiver,
    /// It came from another party, whose clause lets it go on after the party has consented.
    #[error(
        "it came from {from} under clause {clause} of {accord}: to pass it on needs the \
         originator's consent, and none is on record"
    )]
    OnwardConsent {
        /// The clause under which it came.
        clause: Arc<str>,
        /// The accord of that clause.
        accord: String,
        /// Who released it.
        from: String,
    },
    /// It came from another party, whose clause forbids passing it on.
    #[error("it came from {from}, and clause {clause} of {accord} forbids passing it on")]
    OnwardForbidden {
        /// The clause under which it came.
        clause: Arc<str>,
        /// The accord of that clause.
        accord: String,
        /// Who released it.
        from: String,
    },
    /// It came from another party, whose clause says nothing of passing it on.
    #[error("it came from {from}, and clause {clause} of {accord} does not allow passing it on")]
    OnwardUnsaid {
        /// The clause under which it came.
        clause: Arc<str>,
        /// The accord of that clause.
        accord: String,
        /// Who released it.
        from: String,
    },
    /// Other things were taken out of it than the clause says.
    #[error("other things were taken out of it than clause {clause} says")]
    OtherTransforms {
        /// The permission.
        clause: Arc<str>,
    },
    /// More has left than came back, beyond what the clause allows.
    #[error(
        "clause {clause} lets {room} objects leave in {per} for the {came} that came, and {used} \
         have left"
    )]
    Reciprocity {
        /// The permission.
        clause: Arc<str>,
        /// Objects that left under it in the window.
        used: u64,
        /// Objects that came from the receiver in the window.
        came: u64,
        /// Objects that may leave for them.
        room: u64,
        /// The window.
        per: Span,
    },
    /// A stop holds.
    #[error("stopped by {by}")]
    Stopped {
        /// Who stopped.
        by: String,
    },
    /// Its releaser has taken it back, or marked it more narrowly since.
    #[error("retraction {act} at {at} took it back, or marked it more narrowly")]
    TakenBack {
        /// The retraction, by the start of its digest.
        act: String,
        /// When, by the releaser's clock.
        at: UnixSeconds,
    },
    /// Its colour is more closed than the permission's ceiling.
    #[error("marked {tlp}, clause {clause} lets go up to {max}")]
    TlpCeiling {
        /// The permission.
        clause: Arc<str>,
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
            Denial::Consent(gap) => gap.code(),
            Denial::Expired { .. } => "permit_expired",
            Denial::FactUnknown { .. } => "fact_unknown",
            Denial::Forbidden { .. } => "forbidden",
            Denial::Held { .. } => "clause_held",
            Denial::Malformed(_) => "object_malformed",
            Denial::MarkingUnknown => "marking_unknown",
            Denial::NoPermit { .. } => "no_permit",
            Denial::NoRoom { .. } => "no_room",
            Denial::NotInForce(_) => "not_in_force",
            Denial::NotListed { .. } => "not_listed",
            Denial::NotMatched { .. } => "not_matched",
            Denial::NotReleasable => "not_releasable",
            Denial::OtherReceiver => "other_receiver",
            Denial::OnwardConsent { .. } => "onward_consent",
            Denial::OnwardForbidden { .. } => "onward_forbidden",
            Denial::OnwardUnsaid { .. } => "onward_unsaid",
            Denial::OtherTransforms { .. } => "other_transforms",
            Denial::Outside { .. } => "outside_clause",
            Denial::PapCeiling { .. } => "pap_ceiling",
            Denial::Reciprocity { .. } => "out_of_ratio",
            Denial::ReleaseFull => "release_full",
            Denial::Stopped { .. } => "stopped",
            Denial::TakenBack { .. } => "taken_back",
            Denial::TlpCeiling { .. } => "tlp_ceiling",
        }
    }

    /// The clause that speaks, if one does.
    pub fn clause(&self) -> Option<&str> {
        match self {
            Denial::Cap { clause, .. }
            | Denial::Expired { clause, .. }
            | Denial::FactUnknown { clause, .. }
            | Denial::Forbidden { clause, .. }
            | Denial::Held { clause, .. }
            | Denial::NotListed { clause }
            | Denial::NotMatched { clause }
            | Denial::OnwardConsent { clause, .. }
            | Denial::OnwardForbidden { clause, .. }
            | Denial::OnwardUnsaid { clause, .. }
            | Denial::OtherTransforms { clause }
            | Denial::Outside { clause, .. }
            | Denial::Reciprocity { clause, .. }
            | Denial::PapCeiling { clause, .. }
            | Denial::TlpCeiling { clause, .. } => Some(clause),
            _ => None,
        }
    }

    /// How near the object came to leaving: the nearest miss is the most useful answer. In the
    /// order in which a permission is checked.
    pub(crate) const fn nearness(&self) -> u8 {
        match self {
            Denial::NotMatched { .. } => 1,
            Denial::Outside { .. } => 2,
            Denial::FactUnknown { .. } => 3,
            Denial::PapCeiling { .. } => 4,
            Denial::TlpCeiling { .. } => 5,
            Denial::NotListed { .. } => 6,
            Denial::Expired { .. } => 7,
            Denial::Reciprocity { .. } => 8,
            Denial::Cap { .. } => 9,
            Denial::Held { .. } => 10,
            _ => 0,
        }
    }
}
