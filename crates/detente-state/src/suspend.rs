//! Suspensions, countermeasures and contests: the matrix of clause and direction.
//!
//! Source: Vienna Convention on the Law of Treaties, articles 57, 60, 65 and 72.

use detente_core::act::{Header, Reply, Suspension, Way};
use detente_core::{Digest, PartyId, UnixSeconds};

use super::{Effect, State};

/// A suspension or countermeasure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The act, by the digest of its leaf.
    pub act: Digest,
    /// Who holds up.
    pub party: PartyId,
    /// The place of the act in that party's log.
    pub place: u64,
    /// The text in force when it was made.
    pub text: Digest,
    /// Which clauses.
    pub clauses: Vec<String>,
    /// In which directions.
    pub ways: Vec<Way>,
    /// From when.
    pub since: UnixSeconds,
    /// Until when, if it has an end of its own.
    pub expires: Option<UnixSeconds>,
    /// When its author ended it.
    pub resumed: Option<UnixSeconds>,
    /// Why.
    pub reason: String,
    /// Of a countermeasure: the act that it answers.
    pub answers: Option<Digest>,
    /// Who does not recognise it, since when, and why.
    pub contested: Vec<(PartyId, UnixSeconds, String)>,
}

impl Held {
    /// Whether it holds at `now`.
    pub fn holds(&self, now: UnixSeconds) -> bool {
        self.since <= now
            && self.expires.is_none_or(|expires| now < expires)
            && self.resumed.is_none_or(|resumed| now < resumed)
    }
}

impl State {
    /// What holds up a clause in a direction at `now`: the oldest first.
    pub fn held_at<'a>(
        &'a self,
        clause: &'a str,
        way: Way,
        now: UnixSeconds,
    ) -> impl Iterator<Item = &'a Held> {
        self.suspensions.iter().filter(move |held| {
            held.holds(now)
                && held.ways.contains(&way)
                && held.clauses.iter().any(|own| own == clause)
        })
    }

    pub(super) fn suspend(
        &mut self,
        header: &Header,
        act: Digest,
        own: &Suspension,
    ) -> Result<Effect, String> {
        let accord = self.in_force_at(header.time).map_err(|error| error.to_string())?;
        if accord.digest != own.text {
            return Err("another text is in force".to_owned());
        }
        if let Some(id) = own.clauses.iter().find(|id| accord.clause(id).is_none()) {
            return Err(format!("the text has no clause {id}"));
        }
        let terms = &accord.terms.suspension;
        if let Some(id) = own.clauses.iter().find(|id| terms.never.contains(id)) {
            return Err(format!("the text lets nobody suspend clause {id}"));
        }
        let since = own.effective.unwrap_or(header.time).max(header.time);
        if let Some(notice) = terms.notice
            && since < header.time.plus(notice)
        {
            let earliest = header.time.plus(notice);
            return Err(format!("a suspension has a notice of {notice}: not before {earliest}"));
        }
        for way in &own.ways {
            if way.from != header.author && way.to != header.author {
                return Err("a party suspends what it gives or gets, not what others do".to_owned());
            }
            if accord.party(way.from).is_none() || accord.party(way.to).is_none() {
                return Err("a direction names a stranger".to_owned());
            }
        }
        if let Some(answers) = &own.answers {
            match self.acts.get(answers) {
                None => return Err("the act that it answers is not on record".to_owned()),
                Some((author, _)) if *author == header.author => {
                    return Err("a countermeasure answers an act of another party".to_owned());
                }
                Some(_) => {}
            }
        }
        self.suspensions.push(Held {
            act,
            party: header.author,
            place: header.sequence,
            text: own.text,
            clauses: own.clauses.clone(),
            ways: own.ways.clone(),
            since,
            expires: own.expires,
            resumed: None,
            reason: own.reason.clone(),
            answers: own.answers,
            contested: Vec::new(),
        });
        Ok(Effect::InEffect)
    }

    pub(super) fn contest(&mut self, header: &Header, reply: &Reply) -> Result<Effect, String> {
        let mut all = self.suspensions.iter_mut();
        let held = all.find(|held| held.act == reply.act);
        let held = held.ok_or("no suspension with that digest is in effect")?;
        if held.party == header.author {
            return Err("a party can't contest its own suspension: it can resume".to_owned());
        }
        if held.contested.iter().any(|(party, _, _)| *party == header.author) {
            return Err("it is contested already".to_owned());
        }
        held.contested.push((header.author, header.time, reply.reason.clone()));
        Ok(Effect::InEffect)
    }

    /// Ends a suspension of the author's own.
    pub(super) fn resume_held(&mut self, header: &Header, act: Digest) -> Result<Effect, String> {
        let mut all = self.suspensions.iter_mut();
        let held = all.find(|held| held.act == act);
        let held = held.ok_or("no suspension with that digest is in effect")?;
        if held.party != header.author {
            return Err("only the party that suspended can resume".to_owned());
        }
        if held.resumed.is_some() || held.expires.is_some_and(|end| end <= header.time) {
            return Err("the suspension has ended already".to_owned());
        }
        held.resumed = Some(header.time);
        Ok(Effect::InEffect)
    }
}
