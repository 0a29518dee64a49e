//! Duties and dates as people ask for them: what is owed by whom until when, and what became of it.
//!
//! Is: plain data from [`detente_state::duties`], and the same as an iCalendar file
//! ([`icalendar`]), so that it shows in the calendar that people use anyway. Is not: a judgement.

mod ics;

use detente_accord::Rule;
use detente_core::{PartyId, UnixSeconds};
use detente_state::{Dispute, Duties, Duty, Fulfilment, Source, State};
use serde::{Deserialize, Serialize};

pub use ics::icalendar;

use crate::Names;

/// What is owed, and what comes up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DutiesReport {
    /// What the parties call the accord.
    pub accord: String,
    /// At which moment.
    pub at: String,
    /// By the time that they are due.
    pub duties: Vec<DutyReport>,
    /// How many more duties there are than are listed.
    pub left_out: u64,
    /// Days on which something ends or begins, the nearest first.
    pub dates: Vec<DateReport>,
    /// Obligations that the record can't tell.
    pub uncomputed: Vec<UncomputedReport>,
}

/// One duty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DutyReport {
    /// The clause; none for the terms on meetings.
    pub clause: Option<String>,
    /// `oblige`, `feedback`, `retention` or `meetings`.
    pub source: String,
    /// What is to be done.
    pub verb: String,
    /// What set it off.
    pub about: String,
    /// The act that set it off, by digest.
    pub trigger: Option<String>,
    /// Who owes it.
    pub owed_by: String,
    /// Whether this party owes it, alone or with the others.
    pub ours: bool,
    /// To whom.
    pub owed_to: String,
    /// How long, in words.
    pub within: String,
    /// From when the clock runs: `act`, `awareness`, `effective`, `receipt`.
    pub clock: String,
    /// When it started.
    pub starts: Option<String>,
    /// The first moment at which it is too late.
    pub due: Option<String>,
    /// `waiting`, `open`, `met`, `late`, `disputed`, `breached`, `excused`.
    pub state: String,
    /// What the record says, in words; may be empty.
    pub note: String,
    /// The act that settles it, by digest: the deed, or the suspension that excuses.
    pub act: Option<String>,
    /// What follows a breach, as the text says.
    pub breach: String,
}

/// A day on which something ends or begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DateReport {
    /// When.
    pub at: String,
    /// What.
    pub what: String,
}

/// An obligation that the record can't tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UncomputedReport {
    /// The clause.
    pub clause: String,
    /// What is to be done.
    pub verb: String,
    /// What sets it off.
    pub on: String,
    /// Why it can't be computed.
    pub why: String,
}

/// Whose duties are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Whose {
    /// Everybody's.
    #[default]
    All,
    /// This party's.
    Us,
    /// The others'.
    Them,
}

/// Who asks, about which accord, and when.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    /// What the parties call the accord.
    pub accord: &'a str,
    /// Who asks.
    pub own: PartyId,
    /// Whose duties.
    pub whose: Whose,
    /// At which moment.
    pub now: UnixSeconds,
}

/// What is owed, told for one party.
pub fn duties(
    state: &State,
    found: &Duties,
    names: Names<'_>,
    asking: &Asking<'_>,
) -> DutiesReport {
    let mine = |duty: &&Duty| match asking.whose {
        Whose::All => true,
        Whose::Us => duty.owed_by.is_none_or(|party| party == asking.own),
        Whose::Them => duty.owed_by.is_none_or(|party| party != asking.own),
    };
    DutiesReport {
        accord: asking.accord.to_owned(),
        at: asking.now.to_string(),
        duties: found.list.iter().filter(mine).map(|duty| one(duty, names, asking.own)).collect(),
        left_out: found.left_out,
        dates: dates(state, names, asking.now),
        uncomputed: found
            .uncomputed
            .iter()
            .map(|own| UncomputedReport {
                clause: own.clause.clone(),
                verb: own.verb.clone(),
                on: own.on.clone(),
                why: own.why.clone(),
            })
            .collect(),
    }
}

/// The next duty that is still to be done, in words: for the status.
pub fn next_due(found: &Duties, names: Names<'_>, own: PartyId) -> Option<String> {
    let open = |duty: &&Duty| duty.due.is_some() && duty.fulfilment.is_open();
    let duty = found.list.iter().filter(open).min_by_key(|duty| duty.due)?;
    let one = one(duty, names, own);
    let clause = one.clause.map_or_else(String::new, |clause| format!(" (clause {clause})"));
    let due = one.due.unwrap_or_default();
    Some(format!("{}: {}, {}{clause}, due {due}", one.owed_by, one.verb, one.about))
}

/// How many duties are in breach, late or disputed.
pub fn troubled(found: &Duties) -> usize {
    let bad = |duty: &&Duty| {
        matches!(
            duty.fulfilment,
            Fulfilment::Breached { .. } | Fulfilment::Late { .. } | Fulfilment::Disputed { .. }
        )
    };
    found.list.iter().filter(bad).count()
}

/// One duty in words.
pub fn one(duty: &Duty, names: Names<'_>, own: PartyId) -> DutyReport {
    let (note, act) = words(duty, names);
    let source = match duty.source {
        Source::Oblige => "oblige",
        Source::Feedback => "feedback",
        Source::Retention => "retention",
        Source::Meetings => "meetings",
    };
    DutyReport {
        clause: duty.clause.clone(),
        source: source.to_owned(),
        verb: duty.verb.clone(),
        about: duty.about.clone(),
        trigger: duty.trigger.map(|act| act.to_string()),
        owed_by: duty.owed_by.map_or_else(|| "all parties".to_owned(), names),
        ours: duty.owed_by.is_none_or(|party| party == own),
        owed_to: duty.owed_to.map_or_else(|| "all others".to_owned(), names),
        within: duty.deadline.to_string(),
        clock: duty.deadline.clock.name().to_owned(),
        starts: duty.starts.map(|at| at.to_string()),
        due: duty.due.map(|at| at.to_string()),
        state: duty.fulfilment.name().to_owned(),
        note,
        act: act.map(|act| act.to_string()),
        breach: duty.breach.clone(),
    }
}

fn words(duty: &Duty, names: Names<'_>) -> (String, Option<detente_core::Digest>) {
    match duty.fulfilment {
        Fulfilment::Waiting => {
            ("nothing in the log of who owes it shows that it knew".to_owned(), None)
        }
        Fulfilment::Open { of: 0 | 1, .. } => (String::new(), None),
        Fulfilment::Open { done, of } => (format!("{done} of {of} objects"), None),
        Fulfilment::Met { act, at } => (format!("at {at}"), Some(act)),
        Fulfilment::Late { act, at, by } => (format!("at {at}, {} late", by.words()), Some(act)),
        Fulfilment::Disputed { act, why } => (dispute(why, names), act),
        Fulfilment::Breached { by } if duty.source == Source::Retention => {
            (format!("nothing on record says so, {} past the end", by.words()), None)
        }
        Fulfilment::Breached { by } => (format!("not done, {} past the end", by.words()), None),
        Fulfilment::Excused { act } => {
            (format!("the clause was held up by {}", act.short()), Some(act))
        }
    }
}

fn dispute(why: Dispute, names: Names<'_>) -> String {
    match why {
        Dispute::DeedUnseen(at) => {
            format!("in time by its author's clock; by the other log it was not there at {at}")
        }
        Dispute::TriggerUnseen(at) => format!(
            "too late counted from the date of what set it off; by the log of who owes it that \
             was not there at {at}"
        ),
        Dispute::OneSided(party) => {
            format!("only {} says that this took place", names(party))
        }
    }
}

/// Days on which something ends or begins, from `now` on.
fn dates(state: &State, names: Names<'_>, now: UnixSeconds) -> Vec<DateReport> {
    let mut all: Vec<(UnixSeconds, String)> = Vec::new();
    let force = state.in_force.and_then(|force| Some((force, state.texts.get(&force.text)?)));
    if let Some((force, text)) = force {
        let short = force.text.short();
        all.push((force.since, format!("text {short} enters into force")));
        all.push((text.accord.expires, format!("text {short} ends by its own terms")));
        for clause in &text.accord.clauses {
            if let Some(Rule::Permit(rule)) = &clause.rule
                && let Some(at) = rule.expires
            {
                all.push((at, format!("the permission of clause {} ends", clause.id)));
            }
        }
    }
    for (party, stop) in &state.stops {
        all.push((stop.lapses, format!("the stop of {} lapses", names(*party))));
    }
    if let Some(notice) = &state.notice {
        all.push((notice.effective, format!("the notice of {} takes effect", names(notice.party))));
    }
    for held in state.suspensions.iter().filter(|held| held.resumed.is_none()) {
        let what = format!("of clauses {} by {}", held.clauses.join(", "), names(held.party));
        all.push((held.since, format!("the suspension {what} begins")));
        all.extend(held.expires.map(|at| (at, format!("the suspension {what} ends"))));
    }
    for own in state.provisional.iter().filter(|own| own.holds(now)) {
        let (party, clauses) = (names(own.party), own.clauses.join(", "));
        let what = format!("{party} no longer applies clauses {clauses} provisionally");
        all.push((own.expires, what));
    }
    all.retain(|(at, _)| *at >= now);
    all.sort();
    all.into_iter().map(|(at, what)| DateReport { at: at.to_string(), what }).collect()
}
