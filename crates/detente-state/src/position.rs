//! Positions on texts: proposed, signed, refused; in force, stopped, denounced.

use std::collections::BTreeMap;

use detente_accord::{Accord, Consent};
use detente_core::act::{Header, Matter, Stance, Step, Topic};
use detente_core::{Digest, Level, PartyId, UnixSeconds};

use super::stand::Ground;
use super::{Effect, State};

/// A proposed text and where each party stands on it.
#[derive(Clone, Debug)]
pub struct TextState {
    /// The text, read.
    pub accord: Accord,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Who proposed it first.
    pub proposer: PartyId,
    /// When, by the proposer's clock.
    pub proposed: UnixSeconds,
    /// The act by which it first stood, by the digest of its leaf.
    pub act: Option<Digest>,
    /// Where each party stands.
    pub positions: BTreeMap<PartyId, Position>,
    /// Every signature and refusal: author, place in its log, since when if it signs.
    pub(super) votes: Vec<(PartyId, u64, Option<UnixSeconds>)>,
}

impl TextState {
    /// A text that was proposed and on which nobody stands yet.
    pub fn new(
        accord: Accord,
        bytes: Vec<u8>,
        proposer: PartyId,
        proposed: UnixSeconds,
    ) -> TextState {
        TextState {
            accord,
            bytes,
            proposer,
            proposed,
            act: None,
            positions: BTreeMap::new(),
            votes: Vec::new(),
        }
    }

    /// The text as one by which all its parties are bound since a moment.
    pub fn agreed(accord: Accord, bytes: Vec<u8>, since: UnixSeconds) -> TextState {
        let parties: Vec<PartyId> = accord.parties.iter().map(|party| party.id).collect();
        let proposer = parties.first().copied().unwrap_or(PartyId::new([0; 32]));
        let mut text = TextState::new(accord, bytes, proposer, since);
        text.votes = parties.into_iter().map(|party| (party, 0, Some(since))).collect();
        text
    }

    /// Since when `party` is bound by its consent, as far as its first `upto` acts say.
    pub(super) fn bound_as_of(&self, party: PartyId, upto: u64) -> Option<UnixSeconds> {
        let own = self.votes.iter().filter(|(by, place, _)| *by == party && *place < upto);
        own.max_by_key(|(_, place, _)| *place).and_then(|(_, _, since)| *since)
    }

    /// From when the text is in force, if enough parties have consented as far as `upto(party)`
    /// acts of each say.
    fn completed(&self, upto: impl Fn(PartyId) -> u64) -> Option<UnixSeconds> {
        let parties = &self.accord.parties;
        let entry = &self.accord.terms.entry;
        let bound = parties.iter().filter_map(|party| self.bound_as_of(party.id, upto(party.id)));
        let mut bound: Vec<UnixSeconds> = bound.collect();
        bound.sort_unstable();
        let needs = entry.needs.unwrap_or(parties.len());
        let last = *bound.get(needs.checked_sub(1)?)?;
        let since = entry.after.map_or(last, |after| last.plus(after));
        Some(self.accord.effective.map_or(since, |effective| effective.max(since)))
    }
}

/// Where a party stands on a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Position {
    /// It put the text forward and is not bound by it.
    Proposed {
        /// Since when, by its clock.
        since: UnixSeconds,
    },
    /// It has signed, if its capital confirms.
    SignedAdReferendum {
        /// Since when, by its clock.
        since: UnixSeconds,
    },
    /// It is bound if all sign, or if all ratify where the text asks for that.
    Signed {
        /// Since when, by its clock.
        since: UnixSeconds,
    },
    /// It declines.
    Refused {
        /// Since when, by its clock.
        since: UnixSeconds,
        /// Why.
        reason: String,
    },
}

impl Position {
    /// Since when the party holds it.
    pub const fn since(&self) -> UnixSeconds {
        match self {
            Position::Proposed { since }
            | Position::SignedAdReferendum { since }
            | Position::Signed { since }
            | Position::Refused { since, .. } => *since,
        }
    }

    /// The word for it.
    pub const fn name(&self) -> &'static str {
        match self {
            Position::Proposed { .. } => "proposed",
            Position::SignedAdReferendum { .. } => "signed ad referendum",
            Position::Signed { .. } => "signed",
            Position::Refused { .. } => "refused",
        }
    }
}

/// The text in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InForce {
    /// Its digest.
    pub text: Digest,
    /// When the last party signed, by that party's clock.
    pub since: UnixSeconds,
}

/// Why nothing is in force at a time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotInForce {
    /// A notice of leaving has taken effect.
    #[error("denounced with effect from {since}")]
    Denounced {
        /// From when.
        since: UnixSeconds,
    },
    /// The accord has ended by its own terms.
    #[error("expired on {at}")]
    Expired {
        /// When.
        at: UnixSeconds,
    },
    /// No text was signed by all parties.
    #[error("no text is signed by all parties")]
    NotSigned,
    /// The last signature is later than the time asked for.
    #[error("not in force before {since}")]
    NotYet {
        /// From when.
        since: UnixSeconds,
    },
}

/// A stop by one party.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// Since when.
    pub since: UnixSeconds,
    /// When it lapses by itself.
    pub lapses: UnixSeconds,
    /// Why.
    pub reason: String,
    /// The acts that make it: the place of each in its author's log, and when it alone would lapse.
    pub(super) acts: Vec<(u64, UnixSeconds)>,
}

impl Stop {
    /// A stop that one act makes, at this place of its author's log.
    pub fn new(since: UnixSeconds, lapses: UnixSeconds, reason: String, place: u64) -> Stop {
        Stop { since, lapses, reason, acts: vec![(place, lapses)] }
    }
}

/// A notice of leaving.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The act, by the digest of its leaf.
    pub act: Digest,
    /// Who leaves.
    pub party: PartyId,
    /// The place of the notice in that party's log.
    pub place: u64,
    /// When the notice was given.
    pub given: UnixSeconds,
    /// When it takes effect.
    pub effective: UnixSeconds,
    /// Why.
    pub reason: String,
}

impl State {
    /// Brings into force what all parties have signed as far as the author of an act knew: a
    /// refusal that it had not seen does not unbind, however it is dated.
    pub(super) fn settle_for(&mut self, header: &Header) {
        self.settle(|party| header.had_seen(party));
    }

    /// Brings into force what all parties have signed, as far as `upto(party)` acts of each say.
    /// The text that was completed last governs.
    pub(super) fn settle(&mut self, upto: impl Fn(PartyId) -> u64) {
        let mut fresh: Vec<(UnixSeconds, Digest)> = Vec::new();
        for (digest, text) in &self.texts {
            if let Some(since) = text.completed(&upto)
                && !self.completed.contains(digest)
            {
                fresh.push((since, *digest));
            }
        }
        fresh.sort_unstable();
        for (since, text) in fresh {
            self.completed.insert(text);
            // The ones before govern until then, and what happened under them for good; one that
            // would have begun later is displaced.
            self.earlier.extend(self.in_force.take());
            self.earlier.retain(|force| force.since <= since);
            self.in_force = Some(InForce { text, since });
            self.bind(&upto);
            self.retire(text, since);
        }
        self.bind(&upto);
    }

    /// Keeps who is bound by texts that came into force, as far as was known: no later word of a
    /// party's own, however it is dated, undoes that.
    fn bind(&mut self, upto: &impl Fn(PartyId) -> u64) {
        for digest in &self.completed {
            let Some(text) = self.texts.get(digest) else { continue };
            let bound = self.bound.entry(*digest).or_default();
            for party in text.accord.parties.iter().map(|party| party.id) {
                if !bound.contains_key(&party)
                    && let Some(since) = text.bound_as_of(party, upto(party))
                {
                    bound.insert(party, since);
                }
            }
        }
    }

    /// What follows from a new text in force. Signatures that older texts still wait with are
    /// spent: else a party could complete an old text years later. A notice is of the text that was
    /// in force: who signed the new one after giving it stays.
    fn retire(&mut self, governing: Digest, since: UnixSeconds) {
        for (digest, text) in &mut self.texts {
            if *digest == governing {
                let stays = |notice: &Notice| {
                    let vote = text.votes.iter().rev().find(|(by, _, _)| *by == notice.party);
                    vote.is_some_and(|(_, place, _)| *place > notice.place)
                };
                self.notices.retain(|_, notice| !stays(notice));
            } else {
                text.votes.retain(|(_, _, vote)| vote.is_none_or(|signed| signed > since));
                text.positions.retain(|_, position| match position {
                    Position::Signed { since: signed } => *signed > since,
                    _ => true,
                });
            }
        }
        self.nearest_notice();
    }

    /// The notice that takes effect first is the one that counts.
    fn nearest_notice(&mut self) {
        self.notice = self.notices.values().min_by_key(|notice| notice.effective).cloned();
    }

    /// The text in force at `now`.
    ///
    /// # Errors
    /// [`NotInForce`] says why there is none.
    pub fn in_force_at(&self, now: UnixSeconds) -> Result<&Accord, NotInForce> {
        let newest = self.in_force.ok_or(NotInForce::NotSigned)?;
        let all = std::iter::once(&newest).chain(self.earlier.iter().rev());
        let force = all.copied().find(|force| force.since <= now);
        let Some(force) = force else {
            let first = self.earlier.first().unwrap_or(&newest);
            return Err(NotInForce::NotYet { since: first.since });
        };
        let accord = &self.texts.get(&force.text).ok_or(NotInForce::NotSigned)?.accord;
        if now >= accord.expires {
            return Err(NotInForce::Expired { at: accord.expires });
        }
        match &self.notice {
            Some(notice) if now >= notice.effective => {
                Err(NotInForce::Denounced { since: notice.effective })
            }
            _ => Ok(accord),
        }
    }

    /// The stop that holds at `now`, with the party that called it.
    pub fn stopped_at(&self, now: UnixSeconds) -> Option<(PartyId, &Stop)> {
        self.stops.iter().map(|(party, stop)| (*party, stop)).find(|(_, stop)| now < stop.lapses)
    }

    /// Who had stopped everything, as far as the author of an act had seen. A stop that it had not
    /// seen may stand before the act in the fold all the same: someone dated it back, or has a
    /// slower clock. It takes nothing away from what was done by then.
    pub(super) fn stopped_for(&self, header: &Header) -> Option<PartyId> {
        let holds = |(party, stop): (&PartyId, &Stop)| {
            let mut acts = stop.acts.iter();
            acts.any(|(place, lapses)| header.time < *lapses && header.knew(*party, *place))
                .then_some(*party)
        };
        self.stops.iter().find_map(holds)
    }

    pub(super) fn propose(
        &mut self,
        header: &Header,
        act: Digest,
        (text, base): (&[u8], Option<Digest>),
    ) -> Result<Effect, String> {
        let accord = Accord::parse(text).map_err(|faults| faults.to_string())?;
        if accord.id() != self.accord {
            return Err("the text is of another accord: its id or its parties differ".to_owned());
        }
        if let Some(base) = base
            && !self.texts.contains_key(&base)
        {
            return Err(format!("its base {} is no text of this accord", base.short()));
        }
        let clauses = accord.clauses.iter();
        let topics: Vec<Topic> = clauses.map(|clause| Topic::Clause(clause.id.clone())).collect();
        self.has_room(header.author, &topics)?;
        self.table_text(header, base, text)?;
        let digest = accord.digest;
        let since = header.time;
        let entry = self.texts.entry(digest).or_insert_with(|| TextState {
            act: Some(act),
            ..TextState::new(accord, text.to_vec(), header.author, since)
        });
        let position = entry.positions.entry(header.author);
        let position = position.or_insert(Position::Proposed { since });
        // Who puts forward what it had refused takes the refusal back.
        if matches!(position, Position::Refused { .. }) {
            *position = Position::Proposed { since };
        }
        let ground = Ground::of(header, act, Some(digest));
        Ok(self.stand(ground, &topics, Level::Proposed))
    }

    /// A text that may be signed at the header's time, and where its author stands on it.
    fn signable(&self, header: &Header, digest: Digest) -> Result<Option<&Position>, String> {
        let text = self.texts.get(&digest).ok_or("no such text was proposed")?;
        if header.time >= text.accord.expires {
            return Err(format!("the text expired on {}", text.accord.expires));
        }
        if let Some((mended, _)) = self.corrected.get(&digest) {
            return Err(format!("it was corrected: text {} stands in its place", mended.short()));
        }
        if let Some(amends) = text.accord.amends
            && self.in_force.is_none_or(|force| force.text != amends && force.text != digest)
        {
            return Err(format!("it amends text {}, which is not in force", amends.short()));
        }
        Ok(text.positions.get(&header.author))
    }

    pub(super) fn sign(
        &mut self,
        header: &Header,
        act: Digest,
        digest: Digest,
    ) -> Result<Effect, String> {
        if let Some(Position::Signed { since }) = self.signable(header, digest)? {
            return Err(format!("already signed at {since}"));
        }
        let since = header.time;
        let topics = self.all_clauses(digest);
        self.has_room(header.author, &topics)?;
        let text = self.texts.get_mut(&digest).ok_or("no such text was proposed")?;
        text.positions.insert(header.author, Position::Signed { since });
        if text.accord.terms.entry.by == Consent::Signature {
            text.votes.push((header.author, header.sequence, Some(since)));
        }
        self.hold_words(header.author, digest, None)?;
        Ok(self.stand(Ground::of(header, act, Some(digest)), &topics, Level::Signed))
    }

    pub(super) fn sign_ad_referendum(
        &mut self,
        header: &Header,
        act: Digest,
        digest: Digest,
    ) -> Result<(), String> {
        match self.signable(header, digest)? {
            Some(Position::Signed { since }) => return Err(format!("already signed at {since}")),
            Some(Position::SignedAdReferendum { since }) => {
                return Err(format!("already signed ad referendum at {since}"));
            }
            _ => {}
        }
        let since = header.time;
        if let Some(text) = self.texts.get_mut(&digest) {
            text.positions.insert(header.author, Position::SignedAdReferendum { since });
        }
        let matter = Matter::Text { text: digest };
        let stance = Stance { matter, effective: None, expires: None, note: String::new() };
        self.await_capital(header, act, (Step::SignAdReferendum, stance));
        Ok(())
    }

    /// Ratification of what was signed, or accession to what was not.
    pub(super) fn consent(
        &mut self,
        header: &Header,
        step: Step,
        digest: Digest,
    ) -> Result<(), String> {
        let signed = matches!(self.signable(header, digest)?, Some(Position::Signed { .. }));
        if step == Step::Ratify && !signed {
            return Err("the party has not signed the text: it can accede".to_owned());
        }
        if step == Step::Accede && signed {
            return Err("the party has signed the text: it can ratify".to_owned());
        }
        if self.bound_since(header.author, digest).is_some() {
            return Err("the party is bound already".to_owned());
        }
        let text = self.texts.get_mut(&digest).ok_or("no such text was proposed")?;
        if text.accord.terms.entry.by == Consent::Signature {
            return Err("the text enters into force by signature".to_owned());
        }
        text.votes.push((header.author, header.sequence, Some(header.time)));
        text.positions.entry(header.author).or_insert(Position::Signed { since: header.time });
        Ok(())
    }

    pub(super) fn refuse(
        &mut self,
        header: &Header,
        act: Digest,
        (digest, reason): (Digest, &str),
    ) -> Result<Effect, String> {
        if self.in_force.is_some_and(|force| force.text == digest) {
            return Err("the text is in force: it can be denounced, not refused".to_owned());
        }
        if self.has_bound(header.author, digest) {
            return Err(
                "the party is bound by the text: it can be denounced, not refused".to_owned()
            );
        }
        self.end_provisional(header, digest, (None, None));
        let text = self.texts.get_mut(&digest).ok_or("no such text was proposed")?;
        let refused = Position::Refused { since: header.time, reason: reason.to_owned() };
        let before = text.positions.insert(header.author, refused);
        if matches!(before, Some(Position::Refused { .. })) {
            return Ok(Effect::InEffect);
        }
        text.votes.push((header.author, header.sequence, None));
        // Having proposed or signed and then refusing is a step back, and shows as one.
        let topics = self.all_clauses(digest);
        self.let_go_of_words(header.author, &topics)?;
        Ok(self.stand(Ground::of(header, act, Some(digest)), &topics, Level::Withdrawn))
    }

    /// A party's retraction takes its consent to the text with it.
    pub(super) fn unvote(&mut self, header: &Header, digest: Digest) {
        if let Some(text) = self.texts.get_mut(&digest) {
            text.votes.push((header.author, header.sequence, None));
            text.positions.remove(&header.author);
        }
    }

    pub(super) fn denounce(
        &mut self,
        header: &Header,
        act: Digest,
        (digest, reason, effective): (Digest, &str, UnixSeconds),
    ) -> Result<Effect, String> {
        let accord = self.in_force_at(header.time).map_err(|error| error.to_string())?;
        if accord.digest != digest {
            return Err("another text is in force".to_owned());
        }
        let earliest = header.time.plus(accord.exit.notice.within);
        if effective < earliest {
            return Err(format!(
                "the notice runs {}: not before {earliest}",
                accord.exit.notice.within
            ));
        }
        if self.bound_since(header.author, digest).is_none_or(|since| header.time < since) {
            return Err("the party is not bound: it has nothing to leave".to_owned());
        }
        // Each party has its own notice, and the nearest end counts: nobody's keeps the others
        // from leaving, and nobody can take back another's.
        if let Some(notice) = self.notices.get(&header.author)
            && notice.effective <= effective
        {
            let Notice { given, effective, .. } = notice;
            return Err(format!("notice was given already at {given}, effective {effective}"));
        }
        let notice = Notice {
            act,
            party: header.author,
            place: header.sequence,
            given: header.time,
            effective,
            reason: reason.to_owned(),
        };
        self.notices.insert(header.author, notice);
        self.nearest_notice();
        let topics = self.all_clauses(digest);
        Ok(self.stand(Ground::of(header, act, Some(digest)), &topics, Level::Withdrawn))
    }

    /// A notice can be taken back until it takes effect (VCLT 68); the party stands again where it
    /// stood.
    pub(super) fn revoke_notice(
        &mut self,
        header: &Header,
        act: Digest,
        given: Digest,
    ) -> Result<Effect, String> {
        let notice = self.notices.values().find(|notice| notice.act == given);
        let notice = notice.ok_or("no notice with that digest runs")?;
        if notice.party != header.author {
            return Err("another party's notice can't be revoked".to_owned());
        }
        if notice.effective <= header.time {
            return Err(format!("the notice took effect at {}", notice.effective));
        }
        self.notices.remove(&header.author);
        self.nearest_notice();
        let text = self.in_force.map(|force| force.text);
        if text.is_none_or(|text| self.bound_since(header.author, text).is_none()) {
            return Ok(Effect::InEffect);
        }
        let level = match text.and_then(|text| self.texts.get(&text)) {
            Some(text) if text.accord.terms.entry.by == Consent::Ratification => Level::Bound,
            _ => Level::Signed,
        };
        let topics = text.map_or_else(Vec::new, |text| self.all_clauses(text));
        Ok(self.stand(Ground::of(header, act, text), &topics, level))
    }

    pub(super) fn stop(&mut self, header: &Header, reason: &str) -> Result<Effect, String> {
        // Not `in_force_at`: a stop must hold though its author's clock is slower than that of the
        // last party to sign, and does no harm once the accord has ended.
        let bound = match self.in_force {
            Some(force) if self.bound_since(header.author, force.text).is_some() => {
                Some(force.text)
            }
            // What it applies before a text is in force it can stop as well.
            _ => {
                let mut own = self.provisional.iter().rev();
                let own =
                    own.find(|own| own.party == header.author && own.can_be_stopped(header.time));
                own.map(|own| own.text)
            }
        };
        let text = match (bound.and_then(|text| self.texts.get(&text)), self.in_force) {
            (Some(text), _) => text,
            (None, Some(_)) => {
                return Err("the party is not bound: it has nothing to stop".to_owned());
            }
            (None, None) => return Err(NotInForce::NotSigned.to_string()),
        };
        let lapses = header.time.plus(text.accord.emergency.lapses);
        let mut stop = Stop::new(header.time, lapses, reason.to_owned(), header.sequence);
        if let Some(mut held) = self.stops.remove(&header.author) {
            // Stopping again never shortens a stop, though a newer text may have shorter ones.
            stop.lapses = held.lapses.max(lapses);
            held.acts.retain(|(_, lapses)| header.time < *lapses);
            stop.acts.append(&mut held.acts);
        }
        self.stops.insert(header.author, stop);
        Ok(Effect::InEffect)
    }

    pub(super) fn resume(
        &mut self,
        header: &Header,
        held: Option<Digest>,
    ) -> Result<Effect, String> {
        if let Some(held) = held {
            return self.resume_held(header, held);
        }
        match self.stops.remove(&header.author) {
            Some(_) => Ok(Effect::InEffect),
            None => Err("the party has no stop to lift".to_owned()),
        }
    }
}
