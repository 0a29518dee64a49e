//! What waits for a confirmation, and the replies that settle it: acts without authority, acts that
//! need a second person, agreements and signatures ad referendum; retraction.
//!
//! Source: Vienna Convention on the Law of Treaties, articles 8 and 12(2)(b).

use detente_core::act::{Act, ActKind, Answering, Body, Header, Matter, Reply, Stance, Step};
use detente_core::{Digest, KeyId, Level, PartyId};

use super::stand::{Ground, not_over};
use super::{Effect, State};

/// An act that has no effect, or not its full one, until its party confirms it.
#[derive(Clone, Debug)]
pub struct Pending {
    /// Whose.
    pub party: PartyId,
    /// The key that signed it.
    pub key: KeyId,
    /// What it says.
    body: Body,
    /// What it waits for.
    pub waits: Waits,
}

/// What an act waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waits {
    /// A key that has the authority for it.
    Authority,
    /// The capital.
    Capital,
    /// A second person with the authority for it.
    SecondPerson,
}

impl State {
    /// Keeps an act that its key had no authority for. Acts that rest on what is not in the record
    /// (runs, releases, filters) are made anew, not confirmed.
    pub(super) fn keep_unconfirmed(&mut self, act: &Act) {
        self.keep(act, Waits::Authority);
    }

    fn keep(&mut self, act: &Act, waits: Waits) {
        let party = act.header().author;
        let pending = Pending { party, key: act.key(), body: act.body().clone(), waits };
        if is_confirmable(act.header().kind) {
            self.pending.insert(act.digest(), pending);
        }
    }

    /// Whether the act must wait for a second person of its party: a clause in its scope asks for
    /// one. Keeps it if so.
    pub(super) fn needs_second(&mut self, act: &Act) -> Option<String> {
        let kind = act.header().kind;
        let clause = self.asks_two(kind, act.body())?;
        self.keep(act, Waits::SecondPerson);
        Some(format!("clause {clause} asks a second person for {kind}"))
    }

    /// The clause in the scope of an act that asks for two persons, if one does.
    pub fn asks_two(&self, kind: ActKind, body: &Body) -> Option<String> {
        let in_force = self.in_force.map(|force| force.text);
        // An act on a whole text must not shed what the text in force asks of it.
        if let Some(clause) = in_force.and_then(|text| self.asking(text, None, kind))
            && matches!(kind, ActKind::Sign | ActKind::Ratify | ActKind::Accede | ActKind::Denounce)
        {
            return Some(clause);
        }
        let (text, clauses): (Option<Digest>, Option<&[String]>) = match body {
            Body::Sign { text } | Body::Denounce { text, .. } => (Some(*text), None),
            Body::Stance(_, stance) => match &stance.matter {
                Matter::Clauses { text, clauses } => (Some(*text), Some(clauses)),
                matter => (matter.text(), None),
            },
            Body::Reserve(own) => (Some(own.text), Some(&own.clauses)),
            Body::Suspend(own) | Body::Countermeasure(own) => (Some(own.text), Some(&own.clauses)),
            Body::Resume { act: Some(act), .. } => {
                let held = self.suspensions.iter().find(|held| held.act == *act)?;
                (in_force, Some(&held.clauses))
            }
            _ => return None,
        };
        self.asking(text?, clauses, kind)
    }

    /// The first of these clauses of a text that asks two persons for acts of a kind.
    pub(super) fn asking(
        &self,
        text: Digest,
        clauses: Option<&[String]>,
        kind: ActKind,
    ) -> Option<String> {
        let text = self.texts.get(&text)?;
        let in_scope = |id: &String| clauses.is_none_or(|clauses| clauses.contains(id));
        let mut asking = text.accord.clauses.iter().filter(|clause| in_scope(&clause.id));
        asking.find(|clause| clause.two_person.contains(&kind)).map(|clause| clause.id.clone())
    }

    /// An agreement that its capital may confirm.
    pub(super) fn await_capital(
        &mut self,
        header: &Header,
        act: Digest,
        (step, stance): (Step, Stance),
    ) {
        let body = Body::Stance(step, stance);
        // Whose key it was does not matter: the capital may be the same person.
        let key = KeyId::new([0; 32]);
        let pending = Pending { party: header.author, key, body, waits: Waits::Capital };
        self.pending.insert(act, pending);
    }

    pub(super) fn reply(
        &mut self,
        act: &Act,
        (answering, reply): (Answering, &Reply),
    ) -> Result<Effect, String> {
        match answering {
            Answering::Confirm => self.confirm(act, reply.act),
            Answering::Retract => {
                let header = act.header();
                if self.is_retraction(header.author, reply.act) {
                    // To say that it is so after all takes what it took to take it back.
                    let (who, at) = ((header.author, act.key()), self.time_of(header));
                    self.authority(who, ActKind::RetractRelease, None, at)?;
                }
                self.retract(header, act.digest(), reply.act)
            }
            Answering::Contest => self.contest(act.header(), reply),
            Answering::RevokeNotice => self.revoke_notice(act.header(), act.digest(), reply.act),
            Answering::Object => self.object(act.header(), reply),
            Answering::Accept => self.accept(act.header(), reply.act),
        }
    }

    fn confirm(&mut self, act: &Act, earlier: Digest) -> Result<Effect, String> {
        let header = act.header();
        let pending = self.pending.get(&earlier).ok_or("nothing with that digest waits")?;
        if pending.party != header.author {
            return Err("another party's act can't be confirmed".to_owned());
        }
        let pending = pending.clone();
        let kind = pending.body.kind();
        let binding = match (&pending.body, pending.waits) {
            // What the capital confirms is more than its delegation could do.
            (Body::Stance(Step::SignAdReferendum, _), Waits::Capital) => ActKind::Sign,
            _ => kind,
        };
        let text = match &pending.body {
            Body::Sign { text } => Some(*text),
            Body::Stance(_, stance) => stance.matter.text(),
            _ => None,
        };
        let who = (header.author, act.key());
        self.authority(who, binding, text, self.time_of(header))?;
        if let Body::Stance(_, stance) = &pending.body {
            not_over(stance, header.time)?;
        }
        let asks = match (binding, text) {
            (ActKind::Sign, Some(text)) => self.asks_two(binding, &Body::Sign { text }),
            _ => self.asks_two(binding, &pending.body),
        };
        if let Some(clause) = asks {
            if pending.waits == Waits::Authority {
                // Whoever had no authority is no first person: this one is, and a second must come.
                let (key, waits) = (act.key(), Waits::SecondPerson);
                self.pending.insert(earlier, Pending { key, waits, ..pending });
                let reason = format!("clause {clause} asks a second person for {binding}");
                return Ok(Effect::Unconfirmed { reason });
            }
            if self.same_office(header.author, pending.key, act.key()) {
                let reason = "the same key, or another one of its office, is no second person";
                return Err(reason.to_owned());
            }
        }
        let header = Header { kind, ..header.clone() };
        let effect = match (&pending.body, pending.waits) {
            (Body::Stance(Step::SignAdReferendum, stance), Waits::Capital) => {
                let text = stance.matter.text().ok_or("no text was signed")?;
                self.sign(&header, act.digest(), text)?
            }
            (Body::Stance(Step::AgreeAdReferendum, stance), Waits::Capital) => {
                let topics = self.topics_of(&stance.matter)?;
                let ground = Ground {
                    effective: stance.effective,
                    expires: stance.expires,
                    ..Ground::of(&header, act.digest(), stance.matter.text())
                };
                self.stand(ground, &topics, Level::Agreed)
            }
            (body, _) => self.effect_of_position(&header, act.digest(), body)?,
        };
        self.pending.remove(&earlier);
        Ok(effect)
    }

    fn retract(&mut self, header: &Header, act: Digest, earlier: Digest) -> Result<Effect, String> {
        let known = self.acts.get(&earlier).ok_or("no act with that digest is on record")?;
        if known.0 != header.author {
            return Err("another party's act can't be retracted".to_owned());
        }
        if let Some(effect) = self.retract_account(header, earlier) {
            return Ok(effect);
        }
        if let Some(effect) = self.lift_retraction(header, earlier) {
            return effect;
        }
        if let Some(effect) = self.retract_consent(header, earlier) {
            return effect;
        }
        let waited = self.pending.remove(&earlier).is_some();
        let own = self.stands.get(&header.author).into_iter().flatten();
        let topics: Vec<_> = own
            .filter(|(_, stands)| stands.last().is_some_and(|stand| stand.act == earlier))
            .map(|(topic, _)| topic.clone())
            .collect();
        if topics.is_empty() {
            let words = "that act is not what the party stands on now";
            return if waited { Ok(Effect::InEffect) } else { Err(words.to_owned()) };
        }
        let text = self.stands.get(&header.author).and_then(|own| {
            topics.first().and_then(|topic| own.get(topic)?.last()).and_then(|stand| stand.text)
        });
        let bound = text.is_some_and(|text| self.has_bound(header.author, text));
        if bound || self.in_force.is_some_and(|force| Some(force.text) == text) {
            return Err("the text is in force: it can be denounced, not retracted".to_owned());
        }
        if let Some(text) = text {
            self.unvote(header, text);
        }
        Ok(self.stand(Ground::of(header, act, text), &topics, Level::Withdrawn))
    }
}

/// Whether an act of this kind means the same when it is confirmed later.
const fn is_confirmable(kind: ActKind) -> bool {
    !super::consent::is_on_consent(kind)
        && !matches!(
            kind,
            ActKind::Designate
                | ActKind::RotateKey
                | ActKind::RevokeKey
                | ActKind::Delegate
                | ActKind::OfferMatch
                | ActKind::AnswerMatch
                | ActKind::CloseMatch
                | ActKind::Release
                | ActKind::Receipt
                | ActKind::PublishFilter
                | ActKind::Feedback
                | ActKind::Erase
                | ActKind::Confirm
                | ActKind::Retract
                | ActKind::Contest
                | ActKind::RevokeNotice
                | ActKind::Object
                | ActKind::Accept
                | ActKind::RetractRelease
                | ActKind::AnswerRetraction
                | ActKind::AcknowledgeAlert
        )
}
