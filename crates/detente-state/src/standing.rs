//! What binds whom, now, and why: each clause in each direction.

use std::fmt;

use detente_core::act::{Header, Way};
use detente_core::{Digest, PartyId, Span, UnixSeconds};

use super::State;
use super::reserve::Reception;
use super::suspend::Held;

/// How a clause stands in one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// In force, and nothing holds it up.
    Running,
    /// Applied before the text is in force.
    Provisional,
    /// Held up by a suspension that nobody contests.
    Paused,
    /// Held up, and another party does not recognise that.
    Contested,
    /// Held up in answer to an act of the other side.
    Countermeasure,
    /// Held up by an emergency stop.
    Stopped,
    /// Not in force between the two.
    NotInForce,
}

impl Standing {
    /// Whether something may happen under the clause.
    pub const fn runs(self) -> bool {
        matches!(self, Standing::Running | Standing::Provisional)
    }

    /// The word in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Standing::Running => "running",
            Standing::Provisional => "provisional",
            Standing::Paused => "paused",
            Standing::Contested => "paused, contested",
            Standing::Countermeasure => "countermeasure",
            Standing::Stopped => "stopped",
            Standing::NotInForce => "not in force",
        }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whether the author of an act had seen another; without an act, everything is seen.
fn knew(header: Option<&Header>, party: PartyId, place: u64) -> bool {
    header.is_none_or(|header| header.knew(party, place))
}

/// One cell of the matrix, with its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// How it stands.
    pub standing: Standing,
    /// Why, in words; empty if it just runs.
    pub why: String,
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.why.as_str() {
            "" => write!(f, "{}", self.standing),
            why if self.standing == Standing::NotInForce => {
                write!(f, "{}: {why}", self.standing)
            }
            why => write!(f, "{} {why}", self.standing),
        }
    }
}

impl Cell {
    fn new(standing: Standing, why: impl Into<String>) -> Cell {
        Cell { standing, why: why.into() }
    }
}

impl State {
    /// How a clause stands in a direction at `now`.
    pub fn standing(&self, clause: &str, way: Way, now: UnixSeconds) -> Cell {
        let accord = match self.in_force_at(now) {
            Ok(accord) => accord,
            Err(error) => {
                let text = self.applied((clause, way), now);
                return self.before_force(clause, text, now, &error.to_string());
            }
        };
        if accord.clause(clause).is_none() {
            return Cell::new(Standing::NotInForce, "the text in force has no such clause");
        }
        if let Some(why) = self.not_between(accord.digest, (clause, way), None, now) {
            return Cell::new(Standing::NotInForce, why);
        }
        let insulated = accord.terms.suspension.never.iter().any(|own| own == clause);
        if let Some((by, stop)) = self.stopped_at(now).filter(|_| !insulated) {
            let why = format!("by {} until {}", self.name_of(by), stop.lapses);
            return Cell::new(Standing::Stopped, why);
        }
        self.held_up(accord.digest, (clause, way), now, |_| true)
    }

    /// Why something under a clause of the text in force may not happen in a direction, as far as
    /// the author of an act had seen: a suspension that it had not seen takes nothing away from
    /// what was done by then. Stops are asked for elsewhere.
    pub(super) fn held_for(
        &self,
        text: Digest,
        (clause, way): (&str, Way),
        header: Option<&Header>,
        now: UnixSeconds,
    ) -> Option<Cell> {
        if self.in_force_at(now).is_err() {
            let why = "not applied provisionally by both";
            let cell = || Cell::new(Standing::NotInForce, why);
            return (!self.applies(text, (clause, way), header, now)).then(cell);
        }
        if let Some(why) = self.not_between(text, (clause, way), header, now) {
            return Some(Cell::new(Standing::NotInForce, why));
        }
        let knew = |held: &Held| knew(header, held.party, held.place);
        let cell = self.held_up(text, (clause, way), now, knew);
        (!cell.standing.runs()).then_some(cell)
    }

    /// Why a clause is not in force between two parties that have a text in force.
    fn not_between(
        &self,
        text: Digest,
        (clause, way): (&str, Way),
        header: Option<&Header>,
        now: UnixSeconds,
    ) -> Option<String> {
        let unbound = [way.from, way.to]
            .into_iter()
            .find(|party| self.bound_since(*party, text).is_none_or(|since| now < since));
        match unbound {
            Some(party) => Some(format!("{} is not bound", self.name_of(party))),
            None => self.reserved(text, (clause, way), header, now),
        }
    }

    fn held_up(
        &self,
        text: Digest,
        (clause, way): (&str, Way),
        now: UnixSeconds,
        knew: impl Fn(&Held) -> bool,
    ) -> Cell {
        // A suspension is of the text that was in force: another text starts with none.
        let all = self.held_at(clause, way, now).filter(|held| held.text == text);
        let mut all = all.filter(|held| knew(held)).peekable();
        if all.peek().is_none() {
            return Cell::new(Standing::Running, "");
        }
        // What is contested shows before what is not, and a suspension before an answer to one.
        let rank = |standing| match standing {
            Standing::Contested => 0,
            Standing::Paused => 1,
            _ => 2,
        };
        let cells = all.map(|held| {
            let by = self.name_of(held.party);
            let until = held.expires.map_or_else(String::new, |end| format!(" until {end}"));
            let mut why = format!("by {by} since {}{until}: {}", held.since, held.reason);
            let against = held.contested.iter().find(|(_, since, _)| *since <= now);
            if let Some((party, since, reason)) = against {
                let party = self.name_of(*party);
                why.push_str(&format!("; contested by {party} since {since}: {reason}"));
            }
            let standing = match (against, held.answers) {
                (Some(_), _) => Standing::Contested,
                (None, Some(_)) => Standing::Countermeasure,
                (None, None) => Standing::Paused,
            };
            Cell::new(standing, why)
        });
        let first = cells.min_by_key(|cell| rank(cell.standing));
        first.unwrap_or_else(|| Cell::new(Standing::Running, ""))
    }

    /// How a clause stands for what is to leave at `now` under a text: as [`State::standing`], but
    /// a notice that is here ends provisional application at once, though its date be later.
    pub fn standing_to_leave(
        &self,
        text: Digest,
        (clause, way): (&str, Way),
        now: UnixSeconds,
    ) -> Cell {
        match self.in_force_at(now) {
            Ok(_) => self.standing(clause, way, now),
            Err(error) => {
                let applies = self.applies(text, (clause, way), None, now);
                self.before_force(clause, applies.then_some(text), now, &error.to_string())
            }
        }
    }

    /// A clause of a text that is not in force, and which of its texts both ends apply.
    fn before_force(
        &self,
        clause: &str,
        text: Option<Digest>,
        now: UnixSeconds,
        why: &str,
    ) -> Cell {
        let Some(accord) = text.and_then(|text| self.texts.get(&text)) else {
            return Cell::new(Standing::NotInForce, why);
        };
        let accord = &accord.accord;
        let insulated = accord.terms.suspension.never.iter().any(|own| own == clause);
        if let Some((by, stop)) = self.stopped_at(now).filter(|_| !insulated) {
            let why = format!("by {} until {}", self.name_of(by), stop.lapses);
            return Cell::new(Standing::Stopped, why);
        }
        let why = format!("text {}, adopted by both", accord.digest.short());
        Cell::new(Standing::Provisional, why)
    }

    /// Whether a reservation keeps a clause from being in force between the two ends.
    fn reserved(
        &self,
        text: Digest,
        (clause, way): (&str, Way),
        header: Option<&Header>,
        now: UnixSeconds,
    ) -> Option<String> {
        let ends = [(way.from, way.to), (way.to, way.from)];
        let own = self.reservations.iter().filter(|own| own.text == text && own.holds(now));
        for own in own.filter(|own| knew(header, own.party, own.place)) {
            let Some((_, other)) = ends.into_iter().find(|(party, _)| *party == own.party) else {
                continue;
            };
            let by = self.name_of(own.party);
            let reception = self.reception(own, other, now);
            if reception == Reception::Precluded {
                let other = self.name_of(other);
                return Some(format!("{other} objects to the reservation of {by} to the whole"));
            }
            if own.clauses.iter().any(|id| id == clause) {
                let words = match reception {
                    Reception::Accepted => "accepted".to_owned(),
                    Reception::Open(until) => format!("open to objection until {until}"),
                    _ => "objected to".to_owned(),
                };
                return Some(format!("reserved by {by}, {words}"));
            }
        }
        None
    }

    /// Since when a party is bound by a text; none if it is not.
    pub fn bound_since(&self, party: PartyId, text: Digest) -> Option<UnixSeconds> {
        if self.completed.contains(&text) {
            return self.bound.get(&text)?.get(&party).copied();
        }
        self.texts.get(&text)?.bound_as_of(party, u64::MAX)
    }

    /// Whether a party is bound by a text that came into force.
    pub(super) fn has_bound(&self, party: PartyId, text: Digest) -> bool {
        self.bound.get(&text).is_some_and(|bound| bound.contains_key(&party))
    }

    /// Since when the accord is dormant: the parties have let the meetings that they agreed on go
    /// by. Computed, not declared.
    pub fn dormant_since(&self, now: UnixSeconds) -> Option<UnixSeconds> {
        let meetings = self.in_force_at(now).ok()?.terms.meetings?;
        let since = self.in_force?.since;
        let last = self.last_meeting(now).map_or(since, |held| held.max(since));
        let missed = meetings.every.get().saturating_mul(meetings.dormant_after.into());
        let dormant = last.plus(Span::seconds(missed));
        (dormant <= now).then_some(dormant)
    }
}
