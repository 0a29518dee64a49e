//! Duties: what the text obliges the parties to, as it has arisen from the record, and what became
//! of it.
//!
//! Is: one pure function of the logs, the state that they fold to, and the time. Every duty has the
//! act that set it off, who owes it to whom, when its clock started, when it is due in the text's
//! calendar, and what the record says of it. Is not: a judgement on what no act tells. A duty whose
//! trigger or deed is no act of the closed list is named as one that can't be computed.
//!
//! Authors' times are claims. Whoever owes a duty can date its deed back, and whoever is owed one
//! can date the trigger back. So a deed is in time only if the other side's log does not show that
//! it came later, and a party is in breach only by its own clock: its own act states a time past
//! the end, or its log has gone on past it. Whatever else the two logs say is a dispute, and is
//! shown as one. [`Fulfilment`] has the cases.

mod arise;
mod evidence;
mod settle;

use detente_accord::{Days, Deadline};
use detente_core::{Digest, PartyId, Span, UnixSeconds};

pub use arise::duties;

/// Most duties that are listed; more are counted. Count: every release is a duty or three, and a
/// peer's log may hold many.
pub const MAX_DUTIES: usize = 10_000;

/// The duties that have arisen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Duties {
    /// By the time that they are due, those whose clock has not started last; at most
    /// [`MAX_DUTIES`].
    pub list: Vec<Duty>,
    /// How many more there are. Count.
    pub left_out: u64,
    /// Obligations that the record can't tell, clause by clause.
    pub uncomputed: Vec<Uncomputed>,
}

impl Duties {
    /// Keeps the first `most` and counts the rest.
    pub(crate) fn keep(&mut self, most: usize) {
        self.left_out += self.list.len().saturating_sub(most) as u64;
        self.list.truncate(most);
    }
}

/// Where a duty comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// `[clause.oblige]`.
    Oblige,
    /// `feedback` of a permission.
    Feedback,
    /// `retention` of a permission.
    Retention,
    /// `[meetings] every`.
    Meetings,
}

/// One duty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duty {
    /// The text that obliges.
    pub text: Digest,
    /// The clause; none for the terms on meetings.
    pub clause: Option<String>,
    /// Where in the clause.
    pub source: Source,
    /// What is to be done, as the text says.
    pub verb: String,
    /// What set it off, in words.
    pub about: String,
    /// The act that set it off, if it was one.
    pub trigger: Option<Digest>,
    /// Who owes it; none for all parties together.
    pub owed_by: Option<PartyId>,
    /// To whom; none for all others.
    pub owed_to: Option<PartyId>,
    /// How long, and from when.
    pub deadline: Deadline,
    /// When the clock started, by the record.
    pub starts: Option<UnixSeconds>,
    /// The first moment at which it is too late.
    pub due: Option<UnixSeconds>,
    /// What became of it.
    pub fulfilment: Fulfilment,
    /// What follows a breach, as the text says; empty if it does not.
    pub breach: String,
}

/// What became of a duty, as far as the record says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fulfilment {
    /// Its clock has not started: nothing in the log of who owes it shows that it knew.
    Waiting,
    /// Not done and not due.
    Open {
        /// How much of it is done. Count.
        done: usize,
        /// Of how much. Count.
        of: usize,
    },
    /// Done in time by both logs.
    Met {
        /// By this act.
        act: Digest,
        /// At this time, by its author's clock.
        at: UnixSeconds,
    },
    /// Done, too late by the clock of who owed it.
    Late {
        /// By this act.
        act: Digest,
        /// At this time.
        at: UnixSeconds,
        /// By so much.
        by: Span,
    },
    /// The two logs do not agree on whether it was in time.
    Disputed {
        /// The deed, if there is one.
        act: Option<Digest>,
        /// What stands against it.
        why: Dispute,
    },
    /// Not done, and too late by the clock of who owes it.
    Breached {
        /// By so much.
        by: Span,
    },
    /// Not done, and the clause was held up when it was due.
    Excused {
        /// By this suspension or countermeasure.
        act: Digest,
    },
}

impl Fulfilment {
    /// Whether nothing is left of it: done in time, or excused.
    pub const fn is_met(&self) -> bool {
        matches!(self, Fulfilment::Met { .. } | Fulfilment::Excused { .. })
    }

    /// The word in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Fulfilment::Waiting => "waiting",
            Fulfilment::Open { .. } => "open",
            Fulfilment::Met { .. } => "met",
            Fulfilment::Late { .. } => "late",
            Fulfilment::Disputed { .. } => "disputed",
            Fulfilment::Breached { .. } => "breached",
            Fulfilment::Excused { .. } => "excused",
        }
    }

    /// Whether something is still to be done and may still be done in time.
    pub const fn is_open(self) -> bool {
        matches!(self, Fulfilment::Waiting | Fulfilment::Open { .. })
    }
}

/// What keeps a duty from being settled by the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dispute {
    /// The deed is in time by its author's clock, and by the other side's log it was not there at
    /// this time, which is past the end.
    DeedUnseen(UnixSeconds),
    /// It is too late counted from the trigger's date, and by the log of who owes it the trigger
    /// was not there until this time.
    TriggerUnseen(UnixSeconds),
    /// Only this party says that what set it off took place.
    OneSided(PartyId),
}

/// An obligation that can't be computed from the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uncomputed {
    /// The clause.
    pub clause: String,
    /// What is to be done.
    pub verb: String,
    /// What sets it off.
    pub on: String,
    /// Why not, in words.
    pub why: String,
}

/// The deadline of the terms on meetings.
const fn every(span: Span) -> Deadline {
    Deadline { within: span, clock: detente_accord::ClockStart::Act, days: Days::Calendar }
}
