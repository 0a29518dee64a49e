//! Positions on texts: proposed, signed, refused; in force, stopped, denounced.

use std::collections::BTreeMap;

use super::{Effect, State};
use crate::accord::Accord;
use crate::act::Header;
use crate::id::{Digest, PartyId};
use crate::time::{Span, UnixSeconds};

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
            positions: BTreeMap::new(),
            votes: Vec::new(),
        }
    }

    /// Since when `party` is bound by its signature, as far as its first `upto` acts say.
    fn signed_as_of(&self, party: PartyId, upto: u64) -> Option<UnixSeconds> {
        let own = self.votes.iter().filter(|(by, place, _)| *by == party && *place < upto);
        own.max_by_key(|(_, place, _)| *place).and_then(|(_, _, since)| *since)
    }

    /// When the last party signed, if all have signed as far as `upto(party)` acts of each say.
    fn signed_by_all(&self, upto: impl Fn(PartyId) -> u64) -> Option<UnixSeconds> {
        let mut last = UnixSeconds::new(0);
        for party in &self.accord.parties {
            last = last.max(self.signed_as_of(party.id, upto(party.id))?);
        }
        Some(last)
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
    /// It is bound if all sign.
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
            | Position::Signed { since }
            | Position::Refused { since, .. } => *since,
        }
    }

    /// The word for it.
    pub const fn name(&self) -> &'static str {
        match self {
            Position::Proposed { .. } => "proposed",
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
        self.settle(|party| {
            if party == header.author {
                return u64::MAX;
            }
            let seen = header.seen.iter().find(|seen| seen.party == party);
            seen.map_or(0, |seen| seen.size)
        });
    }

    /// Brings into force what all parties have signed, as far as `upto(party)` acts of each say.
    /// The text that was completed last governs.
    pub(super) fn settle(&mut self, upto: impl Fn(PartyId) -> u64) {
        let mut fresh: Vec<(UnixSeconds, Digest)> = Vec::new();
        for (digest, text) in &self.texts {
            if let Some(since) = text.signed_by_all(&upto)
                && !self.completed.contains(digest)
            {
                fresh.push((since, *digest));
            }
        }
        fresh.sort_unstable();
        for (since, text) in fresh {
            self.completed.insert(text);
            if self.in_force.is_none_or(|force| force.since <= since) {
                self.in_force = Some(InForce { text, since });
                self.retire(text, since);
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
                self.notice = self.notice.take().filter(|notice| !stays(notice));
            } else {
                text.votes.retain(|(_, _, vote)| vote.is_none_or(|signed| signed > since));
                text.positions.retain(|_, position| match position {
                    Position::Signed { since: signed } => *signed > since,
                    _ => true,
                });
            }
        }
    }

    /// The text in force at `now`.
    ///
    /// # Errors
    /// [`NotInForce`] says why there is none.
    pub fn in_force_at(&self, now: UnixSeconds) -> Result<&Accord, NotInForce> {
        let force = self.in_force.ok_or(NotInForce::NotSigned)?;
        let accord = &self.texts.get(&force.text).ok_or(NotInForce::NotSigned)?.accord;
        if now < force.since {
            return Err(NotInForce::NotYet { since: force.since });
        }
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
        let knew = |party: PartyId, place: u64| {
            let seen = header.seen.iter().find(|seen| seen.party == party);
            party == header.author || seen.is_some_and(|seen| place < seen.size)
        };
        let holds = |(party, stop): (&PartyId, &Stop)| {
            let mut acts = stop.acts.iter();
            acts.any(|(place, lapses)| header.time < *lapses && knew(*party, *place))
                .then_some(*party)
        };
        self.stops.iter().find_map(holds)
    }

    pub(super) fn propose(&mut self, header: &Header, text: &[u8]) -> Result<Effect, String> {
        let accord = Accord::parse(text).map_err(|faults| faults.to_string())?;
        if accord.id() != self.accord {
            return Err("the text is of another accord: its id or its parties differ".to_owned());
        }
        let digest = accord.digest;
        let since = header.time;
        let entry = self.texts.entry(digest).or_insert_with(|| TextState {
            accord,
            bytes: text.to_vec(),
            proposer: header.author,
            proposed: since,
            positions: BTreeMap::new(),
            votes: Vec::new(),
        });
        let position = entry.positions.entry(header.author);
        let position = position.or_insert(Position::Proposed { since });
        // Who puts forward what it had refused takes the refusal back.
        if matches!(position, Position::Refused { .. }) {
            *position = Position::Proposed { since };
        }
        Ok(Effect::InEffect)
    }

    pub(super) fn sign(&mut self, header: &Header, digest: Digest) -> Result<Effect, String> {
        let text = self.texts.get_mut(&digest).ok_or("no such text was proposed")?;
        if header.time >= text.accord.expires {
            return Err(format!("the text expired on {}", text.accord.expires));
        }
        let since = header.time;
        if let Some(Position::Signed { since }) = text.positions.get(&header.author) {
            return Err(format!("already signed at {since}"));
        }
        text.positions.insert(header.author, Position::Signed { since });
        text.votes.push((header.author, header.sequence, Some(since)));
        Ok(Effect::InEffect)
    }

    pub(super) fn refuse(
        &mut self,
        header: &Header,
        digest: Digest,
        reason: &str,
    ) -> Result<Effect, String> {
        if self.in_force.is_some_and(|force| force.text == digest) {
            return Err("the text is in force: it can be denounced, not refused".to_owned());
        }
        let text = self.texts.get_mut(&digest).ok_or("no such text was proposed")?;
        let refused = Position::Refused { since: header.time, reason: reason.to_owned() };
        text.votes.push((header.author, header.sequence, None));
        // Having proposed or signed and then refusing is a step back, and shows as one.
        Ok(match text.positions.insert(header.author, refused) {
            Some(Position::Proposed { since } | Position::Signed { since }) => {
                let after = Span::seconds(header.time.get().saturating_sub(since.get()));
                Effect::Reversal { after }
            }
            _ => Effect::InEffect,
        })
    }

    pub(super) fn denounce(
        &mut self,
        header: &Header,
        digest: Digest,
        reason: &str,
        effective: UnixSeconds,
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
        // A later end changes nothing. A nearer one does: else a notice for a far day would keep
        // the others from leaving.
        if let Some(notice) = &self.notice
            && notice.effective <= effective
        {
            let Notice { given, effective, .. } = notice;
            return Err(format!("notice was given already at {given}, effective {effective}"));
        }
        self.notice = Some(Notice {
            party: header.author,
            place: header.sequence,
            given: header.time,
            effective,
            reason: reason.to_owned(),
        });
        let since = self.in_force.map_or(header.time, |force| force.since);
        let after = Span::seconds(header.time.get().saturating_sub(since.get()));
        Ok(Effect::Reversal { after })
    }

    pub(super) fn stop(&mut self, header: &Header, reason: &str) -> Result<Effect, String> {
        // Not `in_force_at`: a stop must hold though its author's clock is slower than that of the
        // last party to sign, and does no harm once the accord has ended.
        let force = self.in_force.ok_or(NotInForce::NotSigned);
        let force = force.map_err(|error| error.to_string())?;
        let text = self.texts.get(&force.text).ok_or("no text is in force")?;
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

    pub(super) fn resume(&mut self, header: &Header) -> Result<Effect, String> {
        match self.stops.remove(&header.author) {
            Some(_) => Ok(Effect::InEffect),
            None => Err("the party has no stop to lift".to_owned()),
        }
    }
}
