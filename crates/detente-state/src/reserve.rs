//! Reservations, objections and declarations; provisional application begins here, what it does
//! stands in `apply`.
//!
//! Source: Vienna Convention on the Law of Treaties, articles 19 to 23 and 25.

use std::collections::BTreeMap;

use detente_core::act::{Header, Matter, Reply, Stance, Unilateral};
use detente_core::{Digest, PartyId, UnixSeconds};

use super::apply::{Ending, Provisional};
use super::{Effect, State};

/// A reservation or an interpretative declaration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aside {
    /// The act, by the digest of its leaf.
    pub act: Digest,
    /// Whose.
    pub party: PartyId,
    /// The place of the act in that party's log.
    pub place: u64,
    /// On which text.
    pub text: Digest,
    /// On which clauses.
    pub clauses: Vec<String>,
    /// What it states.
    pub statement: String,
    /// Since when.
    pub since: UnixSeconds,
    /// When its author took it back.
    pub withdrawn: Option<UnixSeconds>,
    /// Of a reservation: the answers.
    pub answers: Vec<Answered>,
    /// When each other party first showed that it had seen it, by that party's clock.
    pub seen: BTreeMap<PartyId, UnixSeconds>,
}

/// What another party says of a reservation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// Who.
    pub party: PartyId,
    /// Since when.
    pub since: UnixSeconds,
    /// Whether it objects; else it accepts.
    pub objects: bool,
    /// Whether the accord shall not be in force between the two.
    pub precludes: bool,
}

/// How a reservation stands with another party.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reception {
    /// Accepted, by word or by silence.
    Accepted,
    /// The time to object is still running, until then; for ever while the party has not seen it.
    Open(UnixSeconds),
    /// Objected to; the rest of the accord is in force between the two.
    Objected,
    /// Objected to, and the accord is not in force between the two.
    Precluded,
}

impl Aside {
    /// Whether it holds at `now`.
    pub fn holds(&self, now: UnixSeconds) -> bool {
        self.since <= now && self.withdrawn.is_none_or(|withdrawn| now < withdrawn)
    }
}

impl State {
    /// How a reservation stands with `other` at `now`.
    pub fn reception(&self, own: &Aside, other: PartyId, now: UnixSeconds) -> Reception {
        let answer = own.answers.iter().rev().find(|a| a.party == other && a.since <= now);
        match answer {
            Some(answer) if answer.precludes => Reception::Precluded,
            Some(answer) if answer.objects => Reception::Objected,
            Some(_) => Reception::Accepted,
            None => {
                let text = self.texts.get(&own.text);
                let terms = text.and_then(|text| text.accord.terms.reservations.as_ref());
                // A text without such terms takes no reservation: none gets this far.
                // Silence runs from when the party knew, not from a date that its author chose.
                let Some(seen) = own.seen.get(&other) else {
                    return Reception::Open(UnixSeconds::MAX);
                };
                let until = terms.map_or(*seen, |terms| seen.plus(terms.silence));
                if now < until { Reception::Open(until) } else { Reception::Accepted }
            }
        }
    }

    /// Keeps when the author of an act first shows that it had seen a reservation.
    pub(super) fn note_seen(&mut self, header: &Header) {
        for own in &mut self.reservations {
            if own.party != header.author && header.knew(own.party, own.place) {
                own.seen.entry(header.author).or_insert(header.time);
            }
        }
    }

    pub(super) fn reserve(
        &mut self,
        header: &Header,
        act: Digest,
        own: &Unilateral,
    ) -> Result<Effect, String> {
        self.known_clauses(own.text, &own.clauses)?;
        let text = self.texts.get(&own.text).ok_or("no such text was proposed")?;
        let Some(terms) = &text.accord.terms.reservations else {
            return Err("the text takes no reservation".to_owned());
        };
        if let Some(id) = own.clauses.iter().find(|id| !terms.permitted.contains(id)) {
            return Err(format!("the text takes no reservation to clause {id}"));
        }
        // VCLT 19: when signing, ratifying or acceding, not after being bound.
        // The order of the log decides, not the dates.
        let mut votes = text.votes.iter();
        let voted = votes.any(|(by, _, since)| *by == header.author && since.is_some());
        if voted || self.has_bound(header.author, own.text) {
            return Err("the party is bound already: a reservation comes before that".to_owned());
        }
        self.reservations.push(aside(header, act, own));
        Ok(Effect::InEffect)
    }

    pub(super) fn declare(
        &mut self,
        header: &Header,
        act: Digest,
        own: &Unilateral,
    ) -> Result<Effect, String> {
        self.known_clauses(own.text, &own.clauses)?;
        self.declarations.push(aside(header, act, own));
        Ok(Effect::InEffect)
    }

    pub(super) fn object(&mut self, header: &Header, reply: &Reply) -> Result<Effect, String> {
        self.answer_reservation(header, reply.act, (true, reply.precludes))
    }

    pub(super) fn accept(&mut self, header: &Header, act: Digest) -> Result<Effect, String> {
        self.answer_reservation(header, act, (false, false))
    }

    fn answer_reservation(
        &mut self,
        header: &Header,
        act: Digest,
        (objects, precludes): (bool, bool),
    ) -> Result<Effect, String> {
        let at = self.reservations.iter().position(|own| own.act == act);
        let own = at.and_then(|at| self.reservations.get(at));
        let own = own.ok_or("no reservation with that digest is on record")?;
        if own.party == header.author {
            return Err("a party answers the reservations of others".to_owned());
        }
        match self.reception(own, header.author, header.time) {
            Reception::Accepted => {
                return Err("the reservation is accepted already, by word or by silence".to_owned());
            }
            Reception::Objected | Reception::Precluded if objects => {
                return Err("the party has objected already: it can accept".to_owned());
            }
            _ => {}
        }
        let answer = Answered { party: header.author, since: header.time, objects, precludes };
        if let Some(own) = at.and_then(|at| self.reservations.get_mut(at)) {
            own.answers.push(answer);
        }
        Ok(Effect::InEffect)
    }

    pub(super) fn adopt_provisionally(
        &mut self,
        header: &Header,
        act: Digest,
        stance: &Stance,
    ) -> Result<Effect, String> {
        let (Matter::Clauses { text, clauses }, Some(expires)) = (&stance.matter, stance.expires)
        else {
            return Err("provisional adoption names its clauses and its end".to_owned());
        };
        let mut forces = self.earlier.iter().chain(&self.in_force);
        if forces.any(|force| force.text == *text && force.since <= header.time) {
            return Err("the text is or was in force: nothing is provisional".to_owned());
        }
        self.provisional.push(Provisional {
            act,
            party: header.author,
            place: header.sequence,
            text: *text,
            clauses: clauses.clone(),
            since: stance.effective.unwrap_or(header.time).max(header.time),
            expires,
            ends: Vec::new(),
        });
        Ok(Effect::InEffect)
    }

    /// Takes back a reservation, declaration, provisional adoption or attached statement.
    pub(super) fn retract_account(&mut self, header: &Header, act: Digest) -> Option<Effect> {
        let asides = self.reservations.iter_mut().chain(&mut self.declarations);
        let mut own = asides.filter(|own| own.act == act && own.party == header.author);
        if let Some(own) = own.next() {
            own.withdrawn.get_or_insert(header.time);
            return Some(Effect::InEffect);
        }
        let mut own = self.provisional.iter_mut().filter(|own| own.act == act);
        if let Some(own) = own.next() {
            let (place, given) = (header.sequence, header.time);
            own.ends.push(Ending { place, given, from: None, clauses: None });
            return Some(Effect::InEffect);
        }
        let mut own = self.statements.iter_mut().filter(|own| own.act == act);
        if let Some(own) = own.next() {
            own.retracted.get_or_insert(header.time);
            return Some(Effect::InEffect);
        }
        None
    }
}

fn aside(header: &Header, act: Digest, own: &Unilateral) -> Aside {
    Aside {
        act,
        party: header.author,
        place: header.sequence,
        text: own.text,
        clauses: own.clauses.clone(),
        statement: own.statement.clone(),
        since: header.time,
        withdrawn: None,
        answers: Vec::new(),
        seen: BTreeMap::new(),
    }
}
