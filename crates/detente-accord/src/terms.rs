//! Terms of a text on its own life: how it enters into force, what reservations it takes, what may
//! be suspended and how, how often the parties meet.
//!
//! Every table is optional: a text without them enters into force by signature, takes no
//! reservation, lets each clause be suspended at once, and never falls dormant; its working days
//! are Monday to Friday, in UTC. Source: Vienna Convention on the Law of Treaties, articles 19, 20,
//! 24 and 57.

use std::collections::BTreeSet;

use detente_core::Span;

use super::calendar::{self, Calendar, read_calendar};
use super::language::Said;
use super::prose::Param;
use super::table::Table;
use crate::MAX_PARTIES;

/// Most missed meetings that a text may wait for.
const MAX_MISSED: u64 = 100;

/// Terms of a text on its own life.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// How it enters into force.
    pub entry: Entry,
    /// Which reservations it takes; none if it takes none.
    pub reservations: Option<Reservations>,
    /// What may be suspended.
    pub suspension: Suspendable,
    /// How often the parties meet; none if the text does not say.
    pub meetings: Option<Meetings>,
    /// Which days are working days, and where a day begins.
    pub calendar: Calendar,
}

/// How a text enters into force.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// By which act a party consents to be bound.
    pub by: Consent,
    /// How many parties must have consented; none for all of them.
    pub needs: Option<usize>,
    /// How long after the last consent that is needed.
    pub after: Option<Span>,
}

/// By which act a party consents to be bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Consent {
    /// Signature alone (VCLT 12).
    #[default]
    Signature,
    /// Ratification of what was signed, or accession (VCLT 14, 15).
    Ratification,
}

/// Reservations that a text takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reservations {
    /// To which clauses.
    pub permitted: Vec<String>,
    /// After how much silence a reservation counts as accepted (VCLT 20(5)).
    pub silence: Span,
}

/// What may be suspended, and how soon.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Suspendable {
    /// Clauses that nobody may suspend and no stop holds up: what goes on when talks end.
    pub never: Vec<String>,
    /// How long before it takes effect a suspension must be on record.
    pub notice: Option<Span>,
}

/// How often the parties meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meetings {
    /// At least once in this time.
    pub every: Span,
    /// After how many missed meetings the accord counts as dormant.
    pub dormant_after: u32,
}

/// Reads the tables `entry`, `reservations`, `suspension`, `meetings` and `calendar`.
pub(super) fn read_terms(root: &Table<'_>, parties: usize, ids: &BTreeSet<String>) -> Terms {
    Terms {
        entry: root.table("entry").map_or_else(Entry::default, |table| read_entry(&table, parties)),
        reservations: root.table("reservations").and_then(|table| read_reservations(&table, ids)),
        suspension: root
            .table("suspension")
            .map_or_else(Suspendable::default, |table| read_suspension(&table, ids)),
        meetings: root.table("meetings").and_then(|table| read_meetings(&table)),
        calendar: read_calendar(root),
    }
}

/// What each clause may show of them.
pub(super) fn params(terms: &Terms) -> Vec<Param> {
    let mut shown = calendar::params(&terms.calendar);
    let spans = [
        ("entry.after", terms.entry.after),
        ("reservations.silence", terms.reservations.as_ref().map(|terms| terms.silence)),
        ("suspension.notice", terms.suspension.notice),
        ("meetings.every", terms.meetings.map(|terms| terms.every)),
    ];
    for (name, span) in spans {
        if let Some(span) = span {
            shown.push(Param::value(name, Said::span(span)).optional());
        }
    }
    if let Some(meetings) = terms.meetings {
        shown.push(Param::new("meetings.dormant_after", meetings.dormant_after, false));
    }
    if let Some(needs) = terms.entry.needs {
        shown.push(Param::new("entry.needs", needs, false));
    }
    shown
}

fn read_entry(table: &Table<'_>, parties: usize) -> Entry {
    let by = match table.required("by", "write by = \"signature\" or by = \"ratification\"") {
        Some(word) if word == "ratification" => Consent::Ratification,
        Some(word) if word != "signature" => {
            table.fault(
                "bad_value",
                format!("`by` in {} is {word:?}", table.name),
                "write \"signature\" or \"ratification\"",
            );
            Consent::Signature
        }
        _ => Consent::Signature,
    };
    let needs = table.number("needs", MAX_PARTIES as u64).and_then(|n| usize::try_from(n).ok());
    if needs.is_some_and(|needs| needs < 2 || needs > parties) {
        table.fault(
            "bad_value",
            format!("`needs` in {} is no number of parties that can be bound", table.name),
            format!("write a number from 2 to {parties}, or leave it out: all"),
        );
    }
    let after = table.parsed::<Span>("after");
    table.finish();
    Entry { by, needs, after }
}

/// Clause ids under `key`, each of which the text must have.
fn read_ids(table: &Table<'_>, key: &'static str, ids: &BTreeSet<String>) -> Option<Vec<String>> {
    let list = table.list::<String>(key)?;
    for id in list.iter().filter(|id| !ids.contains(*id)) {
        table.fault(
            "bad_value",
            format!("`{key}` in {} names clause {id}, which the text does not have", table.name),
            "name clauses of this text",
        );
    }
    Some(list)
}

fn read_reservations(table: &Table<'_>, ids: &BTreeSet<String>) -> Option<Reservations> {
    if !table.has("permitted") {
        table.missing("permitted", "list the clauses: permitted = [\"3.1\"]");
    }
    if !table.has("silence") {
        table.missing("silence", "say when silence accepts: silence = \"P365D\"");
    }
    let permitted = read_ids(table, "permitted", ids);
    let silence = table.parsed::<Span>("silence");
    table.finish();
    Some(Reservations { permitted: permitted?, silence: silence? })
}

fn read_suspension(table: &Table<'_>, ids: &BTreeSet<String>) -> Suspendable {
    let never = read_ids(table, "never", ids).unwrap_or_default();
    let notice = table.parsed::<Span>("notice");
    table.finish();
    Suspendable { never, notice }
}

fn read_meetings(table: &Table<'_>) -> Option<Meetings> {
    if !table.has("every") {
        table.missing("every", "say how often: every = \"P182D\"");
    }
    if !table.has("dormant_after") {
        table.missing("dormant_after", "say after how many missed: dormant_after = 2");
    }
    let every = table.parsed::<Span>("every");
    let dormant = table.number("dormant_after", MAX_MISSED).and_then(|n| u32::try_from(n).ok());
    table.finish();
    let (every, dormant_after) = (every?, dormant?);
    if every.get() == 0 || dormant_after == 0 {
        table.fault(
            "bad_value",
            format!("{} would make the accord dormant at once", table.name),
            "write spans and counts above zero",
        );
        return None;
    }
    Some(Meetings { every, dormant_after })
}
