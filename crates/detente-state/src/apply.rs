//! Provisional application: clauses that two parties carry out before their text is in force.
//!
//! Source: Vienna Convention on the Law of Treaties, article 25. Between two parties that both
//! apply a clause it works as if it were in force, until the text is in force, until an adoption
//! ends by its own terms, or until one of the two gives notice. A notice takes effect at once for
//! whatever its receiver does after it knew, whatever its date; what was done before stands.

use detente_accord::Accord;
use detente_core::act::{Body, Header, Matter, Stance, Way};
use detente_core::{Digest, PartyId, UnixSeconds};

use super::{NotInForce, State};

/// Clauses applied before the text is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provisional {
    /// The act, by the digest of its leaf.
    pub act: Digest,
    /// Whose.
    pub party: PartyId,
    /// The place of the act in that party's log.
    pub place: u64,
    /// Of which text.
    pub text: Digest,
    /// Which clauses.
    pub clauses: Vec<String>,
    /// From when.
    pub since: UnixSeconds,
    /// Until when.
    pub expires: UnixSeconds,
    /// The notices by which its author ended it, for some clauses or all.
    pub ends: Vec<Ending>,
}

/// A notice that ends provisional application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// The place of the notice in its author's log.
    pub place: u64,
    /// When it was given, by its author's clock.
    pub given: UnixSeconds,
    /// From when, if it names a later day; else at once.
    pub from: Option<UnixSeconds>,
    /// For which clauses; none for all.
    pub clauses: Option<Vec<String>>,
}

impl Ending {
    fn is_for(&self, clause: &str) -> bool {
        self.clauses.as_ref().is_none_or(|own| own.iter().any(|id| id == clause))
    }
}

impl Provisional {
    /// Whether it holds for a clause at `now`, as the dates say.
    pub fn holds_for(&self, clause: &str, now: UnixSeconds) -> bool {
        let over = |end: &Ending| end.from.unwrap_or(end.given).max(end.given) <= now;
        self.covers(clause, now) && !self.ends.iter().any(|end| end.is_for(clause) && over(end))
    }

    /// Whether it holds for some clause at `now`, as the dates say.
    pub fn holds(&self, now: UnixSeconds) -> bool {
        self.clauses.iter().any(|clause| self.holds_for(clause, now))
    }

    /// Whether its author has not ended it for every clause at `now`: then there is something to
    /// stop.
    pub(super) fn can_be_stopped(&self, now: UnixSeconds) -> bool {
        let ended = |clause: &str, end: &Ending| {
            end.is_for(clause) && end.from.is_none_or(|from| from <= now)
        };
        self.clauses.iter().any(|clause| !self.ends.iter().any(|end| ended(clause, end)))
    }

    fn covers(&self, clause: &str, now: UnixSeconds) -> bool {
        self.since <= now && now < self.expires && self.clauses.iter().any(|own| own == clause)
    }

    /// Whether who knows so much may act on it: a notice that is known ends it, whatever its date.
    fn binds(&self, clause: &str, header: Option<&Header>, now: UnixSeconds) -> bool {
        let knew = |place| header.is_none_or(|header| header.knew(self.party, place));
        let ended = |end: &Ending| {
            end.is_for(clause) && knew(end.place) && end.from.is_none_or(|from| from <= now)
        };
        self.covers(clause, now) && knew(self.place) && !self.ends.iter().any(ended)
    }
}

impl State {
    /// The text that governs between two parties at `now`: the one in force, or, where none is, the
    /// last one of which both apply some clause provisionally. Without a second party, any will do.
    /// With the header of an act, by what its author had seen.
    ///
    /// # Errors
    /// [`NotInForce`] if nothing is in force or applied.
    pub fn governing(
        &self,
        (party, other): (PartyId, Option<PartyId>),
        header: Option<&Header>,
        now: UnixSeconds,
    ) -> Result<&Accord, NotInForce> {
        let why = match self.in_force_at(now) {
            Ok(accord) => return Ok(accord),
            Err(why) => why,
        };
        let mut all = self.provisional.iter().rev().filter(|own| {
            let ends = own.party == party || other.is_none_or(|other| own.party == other);
            ends && own.clauses.iter().any(|clause| {
                let mut others = self
                    .parties
                    .keys()
                    .filter(|to| **to != party && other.is_none_or(|other| other == **to));
                others.any(|to| {
                    let way = Way { from: party, to: *to };
                    self.applies(own.text, (clause, way), header, now)
                })
            })
        });
        let text = all.next().and_then(|own| self.texts.get(&own.text));
        text.map(|text| &text.accord).ok_or(why)
    }

    /// Whether both ends of a direction apply a clause of a text that is not in force, as far as
    /// the author of an act had seen; without an act, everything is seen.
    pub fn applies(
        &self,
        text: Digest,
        (clause, way): (&str, Way),
        header: Option<&Header>,
        now: UnixSeconds,
    ) -> bool {
        let by = |party| {
            let mut own = self.provisional.iter().filter(|own| own.party == party);
            own.any(|own| own.text == text && own.binds(clause, header, now))
        };
        self.may_apply(text, now) && way.from != way.to && by(way.from) && by(way.to)
    }

    /// As [`State::applies`], by the dates alone: to look back at.
    pub(super) fn applied(&self, (clause, way): (&str, Way), now: UnixSeconds) -> Option<Digest> {
        let by = |party, text| {
            let mut own = self.provisional.iter().filter(|own| own.party == party);
            own.any(|own| own.text == text && own.holds_for(clause, now))
        };
        let mut all = self.provisional.iter().rev().map(|own| own.text);
        all.find(|text| self.may_apply(*text, now) && by(way.from, *text) && by(way.to, *text))
    }

    /// Whether a text can be applied provisionally: it has not come into force, has not expired and
    /// was not corrected. One that was in force and ended does not come back this way.
    fn may_apply(&self, text: Digest, now: UnixSeconds) -> bool {
        let mut forces = self.earlier.iter().chain(&self.in_force);
        let was = forces.any(|force| force.text == text && force.since <= now);
        let known = self.texts.get(&text);
        !was && !self.corrected.contains_key(&text)
            && known.is_some_and(|text| now < text.accord.expires)
    }

    /// The text on which an act rests that has not come into force: it says, too, who may do what.
    pub fn resting_on(&self, body: &Body) -> Option<Digest> {
        let run = |run| self.runs.get(run).map(|run| run.offer.text);
        let text = match body {
            Body::Release(release) => Some(release.text),
            Body::OfferMatch(offer) => Some(offer.text),
            Body::AnswerMatch(answer) => run(&answer.run),
            Body::CloseMatch(close) => run(&close.run),
            Body::PublishFilter(filter) => Some(filter.text),
            _ => None,
        };
        text.filter(|text| !self.completed.contains(text))
    }

    /// A party that refuses a text, or declines clauses of it, no longer applies them.
    pub(super) fn end_provisional(
        &mut self,
        header: &Header,
        text: Digest,
        (clauses, from): (Option<&[String]>, Option<UnixSeconds>),
    ) {
        let ending = Ending {
            place: header.sequence,
            given: header.time,
            from,
            clauses: clauses.map(<[String]>::to_vec),
        };
        let author = header.author;
        let own = self.provisional.iter_mut();
        for own in own.filter(|own| own.party == author && own.text == text) {
            own.ends.push(ending.clone());
        }
    }

    /// What declining a matter ends.
    pub(super) fn decline_provisional(&mut self, header: &Header, stance: &Stance) {
        match &stance.matter {
            Matter::Clauses { text, clauses } => {
                self.end_provisional(header, *text, (Some(clauses), stance.effective));
            }
            Matter::Text { text } => {
                self.end_provisional(header, *text, (None, stance.effective));
            }
            Matter::Subject(_) => {}
        }
    }
}
