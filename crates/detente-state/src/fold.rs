//! The order of the fold, and which part of the state an act moves.

use std::collections::BTreeMap;

use super::keys::struck;
use super::{Effect, State};
use detente_core::act::{Act, Body, Header};
use detente_core::party::Card;
use detente_core::roster::Roster;
use detente_core::{AccordId, Digest, PartyId};

/// The admitted acts of each party's log, from the first on.
#[derive(Clone, Debug)]
pub struct Logs {
    accord: AccordId,
    logs: BTreeMap<PartyId, Vec<Act>>,
}

impl Logs {
    /// Empty logs of the parties of an accord.
    pub fn new(accord: AccordId, parties: &[PartyId]) -> Logs {
        Logs { accord, logs: parties.iter().map(|party| (*party, Vec::new())).collect() }
    }

    /// Adds the next admitted act of its author's log. Acts of strangers and of other accords, and
    /// acts that are not the next of their log, are left out.
    pub fn push(&mut self, act: Act) {
        let header = act.header();
        if header.accord != self.accord {
            return;
        }
        if let Some(log) = self.logs.get_mut(&header.author)
            && log.len() as u64 == header.sequence
        {
            log.push(act);
        }
    }

    /// The acts of a party.
    pub fn of(&self, party: PartyId) -> &[Act] {
        self.logs.get(&party).map_or(&[], Vec::as_slice)
    }

    /// The state that all acts amount to.
    pub fn fold(&self) -> State {
        self.fold_with(|_, _| {})
    }

    /// Folds, showing each act and the state just before it to `before`: an auditor replays
    /// decisions there.
    pub fn fold_with(&self, before: impl FnMut(&State, &Act)) -> State {
        self.fold_upto(|_| u64::MAX, before)
    }

    /// The state that `act`'s author knew when it made it: its own log before the act, and as much
    /// of the others' as it says that it had seen.
    ///
    /// A decision is judged by this. In the fold of everything an act that the author had not seen
    /// may stand before its own, because its clock is slower or because someone dated it back.
    pub fn fold_known_to(&self, act: &Act) -> State {
        let header = act.header();
        let known = |party: PartyId| {
            if party == header.author { header.sequence } else { header.had_seen(party) }
        };
        self.fold_upto(known, |_, _| {})
    }

    /// Folds at most `upto(party)` acts of each log.
    fn fold_upto(
        &self,
        upto: impl Fn(PartyId) -> u64,
        mut before: impl FnMut(&State, &Act),
    ) -> State {
        let parties: Vec<PartyId> = self.logs.keys().copied().collect();
        let logs: Vec<(PartyId, &[Act])> = self
            .logs
            .iter()
            .map(|(party, log)| {
                let upto = usize::try_from(upto(*party)).unwrap_or(usize::MAX);
                (*party, log.get(..upto).unwrap_or(log))
            })
            .collect();
        let mut state = State::new(self.accord, &parties);
        state.struck = struck(&logs);
        let mut next: BTreeMap<PartyId, usize> = parties.iter().map(|p| (*p, 0)).collect();
        while let Some(act) = pick(&logs, &next) {
            // What the author had seen signed by all binds it, before anything else is asked.
            state.settle_for(act.header());
            before(&state, act);
            state.apply(act);
            if let Some(at) = next.get_mut(&act.header().author) {
                *at += 1;
            }
        }
        // Who holds both signatures is bound, whether or not an act says so yet.
        state.settle(|_| u64::MAX);
        let folded: usize = next.values().sum();
        let all: usize = logs.iter().map(|(_, log)| log.len()).sum();
        state.waiting = (all - folded) as u64;
        state
    }
}

/// The next act whose seen entries are all folded; the earliest by its author's time, then by its
/// author's id.
fn pick<'a>(logs: &[(PartyId, &'a [Act])], next: &BTreeMap<PartyId, usize>) -> Option<&'a Act> {
    let heads = logs.iter().filter_map(|(party, log)| log.get(*next.get(party)?));
    heads.filter(|act| ready(act, next)).min_by_key(|act| {
        let header = act.header();
        (header.time, header.author)
    })
}

fn ready(act: &Act, next: &BTreeMap<PartyId, usize>) -> bool {
    act.header().seen.iter().all(|seen| {
        // A checkpoint of a stranger's log says nothing about this accord.
        next.get(&seen.party).is_none_or(|folded| *folded as u64 >= seen.size)
    })
}

impl State {
    /// Moves the state by one act; gives its summary and effect.
    pub(super) fn dispatch(&mut self, act: &Act) -> (String, Effect) {
        let header = act.header();
        if let Some(done) = self.move_keys(act) {
            return done;
        }
        let summary = self.summary(act);
        if let Some(reason) = self.is_struck(header.author, act.key(), header.sequence) {
            self.keep_unconfirmed(act);
            return (summary, Effect::Unconfirmed { reason });
        }
        let (who, at) = ((header.author, act.key()), self.time_of(header));
        let governing = act.body().governing().or_else(|| self.resting_on(act.body()));
        if let Err(reason) = self.authority(who, header.kind, governing, at) {
            self.keep_unconfirmed(act);
            return (summary, Effect::Unconfirmed { reason });
        }
        if let Err(reason) = self.may_supersede(header) {
            return (summary, Effect::Void { reason });
        }
        if let Some(reason) = self.needs_second(act) {
            return (summary, Effect::Unconfirmed { reason });
        }
        let effect = match act.body() {
            Body::OfferMatch(offer) => self.offer_match(act, offer),
            Body::AnswerMatch(answer) => self.answer_match(header, answer),
            Body::CloseMatch(close) => self.close_match(header, close),
            Body::Release(release) => self.release(act, release),
            Body::Receipt { release, manifest } => self.receipt(header, *release, *manifest),
            Body::PublishFilter(filter) => self.publish_filter(act, filter),
            Body::Feedback(body) => self.feedback(header, act.digest(), body),
            Body::Erase(body) => self.erase(header, act.digest(), body),
            Body::RetractRelease(own) => self.retract_release(header, act.digest(), own),
            Body::AnswerRetraction(own) => self.answer_retraction(header, act.digest(), own),
            Body::AcknowledgeAlert(own) => self.acknowledge_alerts(header, act.digest(), own),
            Body::AskConsent(ask) => self.ask_consent(act, ask),
            Body::Consent(consent) => self.give_consent(act, consent),
            Body::RefuseConsent(refusal) => self.refuse_consent(header, refusal),
            Body::PresentConsent(presented) => self.present_consent(act, presented),
            Body::Reply(answering, reply) => self.reply(act, (*answering, reply)),
            body => self.effect_of_position(header, act.digest(), body),
        };
        if matches!(effect, Ok(Effect::InEffect | Effect::Reversal(_))) {
            self.supersede(header, act.digest());
        }
        (summary, effect.unwrap_or_else(|reason| Effect::Void { reason }))
    }

    /// What an act would do, if it were the next of the fold; `card` is its author's, for a log
    /// that has not begun.
    pub fn foresee(&self, act: &Act, card: &Card) -> Effect {
        let last = self.after(act, card).history.pop();
        last.map_or(Effect::InEffect, |event| event.effect)
    }

    /// The state, if an act were the next of the fold; `card` is its author's, for a log that has
    /// not begun.
    pub fn after(&self, act: &Act, card: &Card) -> State {
        let mut after = self.clone();
        if let Some(party) = after.parties.get_mut(&act.header().author) {
            party.roster.get_or_insert_with(|| Roster::new(card.clone()));
        }
        after.settle_for(act.header());
        after.apply(act);
        after
    }

    /// What an act on texts and positions does; also when it is confirmed later.
    pub(super) fn effect_of_position(
        &mut self,
        header: &Header,
        act: Digest,
        body: &Body,
    ) -> Result<Effect, String> {
        match body {
            Body::Propose { text, base } => self.propose(header, act, (text, *base)),
            Body::Sign { text } => self.sign(header, act, *text),
            Body::Refuse { text, reason } => self.refuse(header, act, (*text, reason)),
            Body::Denounce { text, reason, effective } => {
                self.denounce(header, act, (*text, reason, *effective))
            }
            Body::Stop { reason } => self.stop(header, reason),
            Body::Resume { act: held, .. } => self.resume(header, *held),
            Body::Stance(step, stance) => self.step(header, act, (*step, stance)),
            Body::Correct { text, corrected, .. } => self.correct(header, act, (*text, corrected)),
            Body::Reserve(own) => self.reserve(header, act, own),
            Body::Declare(own) => self.declare(header, act, own),
            Body::Suspend(own) | Body::Countermeasure(own) => self.suspend(header, act, own),
            Body::Bracket(changes) => self.bracket(header, act, changes),
            Body::Attach(own) => self.attach(header, act, own),
            Body::Readout(own) => self.file_readout(header, own),
            _ => Err("acts of this kind are not confirmed".to_owned()),
        }
    }
}
