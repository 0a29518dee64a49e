//! The state of an accord: a pure fold of verified acts.
//!
//! Both nodes and any auditor fold the same acts and get the same state, whatever the order in
//! which the acts reached them: acts are taken in the order that their seen checkpoints force, and
//! where nothing forces an order, by the author's time and then by the author's id.
//!
//! An act that its author's key had no authority for, or that breaks a rule of the accord, stays in
//! the history with the reason and has no effect.
//!
//! This crate knows nothing of files, sockets, clocks, entropy, storage or matching engines.

#![forbid(unsafe_code)]

mod account;
mod apply;
mod budget;
mod confirm;
mod correct;
mod duty;
mod feedback;
mod fold;
mod lookup;
mod matching;
mod position;
mod release;
mod reserve;
mod rolling;
mod stand;
mod standing;
mod summary;
mod suspend;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::{BTreeMap, BTreeSet};

pub use account::{Agreement, Attached, Compared};
pub use apply::{Ending, Provisional};
pub use budget::{ENTERED_MIN, entered};
pub use confirm::{Pending, Waits};
pub use duty::{Dispute, Duties, Duty, Fulfilment, MAX_DUTIES, Source, Uncomputed, duties};
pub use feedback::{Account, Step, Told};
pub use fold::Logs;
pub use lookup::Published;
pub use matching::{Entry, MatchRefusal, OPEN_RUN_SECONDS_MAX, Run};
pub use position::{InForce, NotInForce, Notice, Position, Stop, TextState};
pub use release::{Receipt, ReleaseState, Released};
pub use reserve::{Answered, Aside, Reception};
pub use rolling::Clean;
pub use stand::{MAX_STANDS, Reversal, Stand};
pub use standing::{Cell, Standing};
pub use suspend::Held;

use detente_accord::Rolling;
use detente_core::UnixSeconds;
use detente_core::act::{Act, ActKind};
use detente_core::name::plain;
use detente_core::party::{Card, Role};
use detente_core::{AccordId, Digest, PartyId, RunId};

/// What the acts amount to.
#[derive(Clone, Debug)]
pub struct State {
    /// Which accord.
    pub accord: AccordId,
    /// The parties, by id.
    pub parties: BTreeMap<PartyId, PartyState>,
    /// Every text that was proposed, by digest.
    pub texts: BTreeMap<Digest, TextState>,
    /// The text in force, if any was ever signed by all.
    pub in_force: Option<InForce>,
    /// Texts that were in force before it, the earliest first.
    pub earlier: Vec<InForce>,
    /// Texts that were in force at some time.
    completed: BTreeSet<Digest>,
    /// Stops by party.
    pub stops: BTreeMap<PartyId, Stop>,
    /// The notice of leaving the text in force that takes effect first.
    pub notice: Option<Notice>,
    /// Each party's notice of leaving.
    notices: BTreeMap<PartyId, Notice>,
    /// Who is bound by each text that came into force, and since when.
    bound: BTreeMap<Digest, BTreeMap<PartyId, UnixSeconds>>,
    /// Matching runs.
    pub runs: BTreeMap<RunId, Run>,
    /// Filters to look up in, in the order of the fold.
    pub filters: Vec<Published>,
    /// Releases in the order of the fold.
    pub releases: Vec<ReleaseState>,
    /// Releases without effect, which use up caps all the same.
    pub void_releases: Vec<ReleaseState>,
    /// Stands by party and topic, in the order of the fold.
    stands: stand::Stands,
    /// Acts that wait for a confirmation, by the digest of their leaves.
    pub pending: BTreeMap<Digest, Pending>,
    /// Suspensions and countermeasures in the order of the fold, also those that have ended.
    pub suspensions: Vec<Held>,
    /// Reservations in the order of the fold, also those that were taken back.
    pub reservations: Vec<Aside>,
    /// Interpretative declarations in the order of the fold: they have no effect.
    pub declarations: Vec<Aside>,
    /// Clauses applied before their text is in force.
    pub provisional: Vec<Provisional>,
    /// Statements made outside, as they were attached: they have no effect.
    pub statements: Vec<Attached>,
    /// Each party's account of each meeting.
    pub readouts: account::Readouts,
    /// What receivers say of released objects.
    accounts: feedback::Accounts,
    /// The text under negotiation.
    rolling: Rolling,
    /// Whether an act has changed who holds which words of it.
    words_moved: bool,
    /// The clean text: none while brackets are open.
    pub clean: Option<Clean>,
    /// Corrections that not all parties have made yet.
    corrections: correct::Corrections,
    /// Texts that were corrected: by which text and, with the last party's, which act.
    pub corrected: BTreeMap<Digest, (Digest, Digest)>,
    /// Author and kind of every act, by the digest of its leaf.
    acts: BTreeMap<Digest, (PartyId, ActKind)>,
    /// Every act in the order of the fold.
    pub history: Vec<Event>,
    /// Acts that can't be folded yet: they have seen entries that are not here.
    pub waiting: u64,
}

/// One party in the fold.
#[derive(Clone, Debug, Default)]
pub struct PartyState {
    /// Its card, once its log begins.
    pub card: Option<Card>,
    /// How many of its acts are folded.
    pub folded: u64,
}

/// One line of the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The act, by the digest of its leaf.
    pub act: Digest,
    /// Its author.
    pub author: PartyId,
    /// Its place in the author's log.
    pub sequence: u64,
    /// The author's clock.
    pub time: UnixSeconds,
    /// The role whose key signed; none for the root.
    pub role: Option<Role>,
    /// What sort of act.
    pub kind: ActKind,
    /// In words.
    pub summary: String,
    /// What it did.
    pub effect: Effect,
}

/// What an act did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It took effect.
    InEffect,
    /// It took effect, and is of lower commitment than an earlier act of the same party.
    Reversal(Reversal),
    /// The key had no authority for it: without effect until the party confirms it.
    Unconfirmed {
        /// Why.
        reason: String,
    },
    /// It breaks the accord or speaks of what is not there: without effect.
    Void {
        /// Why.
        reason: String,
    },
}

impl State {
    /// The state before any act.
    pub fn new(accord: AccordId, parties: &[PartyId]) -> State {
        State {
            accord,
            parties: parties.iter().map(|party| (*party, PartyState::default())).collect(),
            texts: BTreeMap::new(),
            in_force: None,
            earlier: Vec::new(),
            completed: BTreeSet::new(),
            stops: BTreeMap::new(),
            notice: None,
            notices: BTreeMap::new(),
            bound: BTreeMap::new(),
            runs: BTreeMap::new(),
            filters: Vec::new(),
            releases: Vec::new(),
            void_releases: Vec::new(),
            stands: stand::Stands::new(),
            pending: BTreeMap::new(),
            suspensions: Vec::new(),
            reservations: Vec::new(),
            declarations: Vec::new(),
            provisional: Vec::new(),
            statements: Vec::new(),
            readouts: account::Readouts::new(),
            accounts: feedback::Accounts::new(),
            rolling: Rolling::new(parties),
            words_moved: false,
            clean: None,
            corrections: correct::Corrections::new(),
            corrected: BTreeMap::new(),
            acts: BTreeMap::new(),
            history: Vec::new(),
            waiting: 0,
        }
    }

    /// A party's name from its card, or the start of its fingerprint.
    pub fn name_of(&self, party: PartyId) -> String {
        let card = self.parties.get(&party).and_then(|state| state.card.as_ref());
        card.map_or_else(|| party.short(), |card| card.name.clone())
    }

    /// Whether `role` of `party` may perform `kind` now: its card gives the power, and neither the
    /// text in force nor `governing`, the text that the act itself is about, takes it away.
    ///
    /// # Errors
    /// The reason in words.
    pub fn authority(
        &self,
        party: PartyId,
        role: Role,
        kind: ActKind,
        governing: Option<Digest>,
    ) -> Result<(), String> {
        let card = self.parties.get(&party).and_then(|state| state.card.as_ref());
        let powers = card.and_then(|card| card.roles.iter().find(|own| own.role == role));
        if !powers.is_some_and(|own| own.may.contains(&kind)) {
            return Err(format!("the card gives {role} no power to {kind}"));
        }
        // Both: a new text must not hand out what the text in force withholds.
        let in_force = self.in_force.as_ref().map(|force| force.text);
        for digest in [in_force, governing].into_iter().flatten() {
            let text = self.texts.get(&digest);
            match text.and_then(|text| Some((text, text.accord.party(party)?))) {
                Some((text, named)) if !text.accord.allows(&named.handle, role, kind) => {
                    let handle = &named.handle;
                    return Err(format!("the accord gives {role} of {handle} no power to {kind}"));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Folds one act. [`Logs::fold`] gives the order.
    pub(crate) fn apply(&mut self, act: &Act) {
        let header = act.header();
        let card = self.parties.get(&header.author).and_then(|state| state.card.as_ref());
        let role = card.and_then(|card| card.role_of(act.key())).map(|role| role.role);
        let (summary, effect) = self.dispatch(act, role);
        if std::mem::take(&mut self.words_moved) {
            self.settle_words(header);
        }
        self.settle_for(header);
        // Summaries and reasons quote what the other side wrote.
        let summary = plain(summary);
        let effect = match effect {
            Effect::Unconfirmed { reason } => Effect::Unconfirmed { reason: plain(reason) },
            Effect::Void { reason } => Effect::Void { reason: plain(reason) },
            other => other,
        };
        self.history.push(Event {
            act: act.digest(),
            author: header.author,
            sequence: header.sequence,
            time: header.time,
            role,
            kind: header.kind,
            summary,
            effect,
        });
        // Who confirms as a second person must not be the first.
        if let Some(pending) = self.pending.get_mut(&act.digest()) {
            pending.key = act.key();
        }
        self.note_seen(header);
        self.acts.insert(act.digest(), (header.author, header.kind));
        if let Some(state) = self.parties.get_mut(&header.author) {
            state.folded += 1;
        }
    }
}
