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
mod alert;
mod apply;
mod budget;
mod confirm;
mod consent;
mod correct;
mod duty;
mod feedback;
mod fold;
mod keys;
mod lookup;
mod matching;
mod position;
mod release;
mod reserve;
mod retraction;
mod rolling;
mod stand;
mod standing;
mod summary;
mod supersede;
mod suspend;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::{BTreeMap, BTreeSet};

pub use account::{Agreement, Attached, Compared};
pub use alert::AlertSeen;
pub use apply::{Ending, Provisional};
pub use budget::{ENTERED_MIN, entered};
pub use confirm::{Pending, Waits};
pub use consent::{
    ConsentAnswer, ConsentAsked, ConsentGap, Consents, MAX_OPEN_ASKS, Passing, Shown,
};
pub use duty::{Dispute, Duties, Duty, Fulfilment, MAX_DUTIES, Source, Uncomputed, duties};
pub use feedback::{Account, Step, Told};
pub use fold::Logs;
pub use lookup::Published;
pub use matching::{Entry, MatchRefusal, OPEN_RUN_SECONDS_MAX, Run};
pub use position::{InForce, NotInForce, Notice, Position, Stop, TextState};
pub use release::{Named, Receipt, ReleaseState, Released};
pub use reserve::{Answered, Aside, Reception};
pub use retraction::{AnswerState, MAX_ANSWERS, MAX_RETRACTIONS, Mark, TakenBack};
pub use rolling::Clean;
pub use stand::{MAX_STANDS, Reversal, Stand};
pub use standing::{Cell, Standing};
pub use suspend::Held;

use detente_accord::Rolling;
use detente_core::UnixSeconds;
use detente_core::act::{Act, ActKind, AlertName};
use detente_core::name::plain;
use detente_core::party::Role;
use detente_core::roster::Roster;
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
    /// Requests for an originator's consent, and the answers.
    pub consents: Consents,
    /// Retractions of releases in the order of the fold, also those that were taken back.
    pub retractions: Vec<TakenBack>,
    /// The retractions of each object.
    retracted: retraction::ByObject,
    /// How many objects the retractions of each party name.
    places: BTreeMap<PartyId, u64>,
    /// Retractions that receivers have not shown to have seen.
    unseen: retraction::Unseen,
    /// Alerts that auditors have seen.
    alerts_seen: BTreeMap<(PartyId, AlertName), AlertSeen>,
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
    /// Keys that another party has ended, and from which place on.
    struck: keys::Struck,
    /// Acts in whose place another stands, and which.
    pub superseded: BTreeMap<Digest, Digest>,
    /// Every act in the order of the fold.
    pub history: Vec<Event>,
    /// Acts that can't be folded yet: they have seen entries that are not here.
    pub waiting: u64,
}

/// One party in the fold.
#[derive(Clone, Debug, Default)]
pub struct PartyState {
    /// Its keys, once its log begins.
    pub roster: Option<Roster>,
    /// The author's time of each of its acts that are folded; it never goes back.
    times: Vec<UnixSeconds>,
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
    /// The office of the key that signed, whether or not it was good; none for a key that the party
    /// has not named.
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
            consents: Consents::default(),
            retractions: Vec::new(),
            retracted: retraction::ByObject::default(),
            places: BTreeMap::new(),
            unseen: retraction::Unseen::new(),
            alerts_seen: BTreeMap::new(),
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
            struck: keys::Struck::new(),
            superseded: BTreeMap::new(),
            history: Vec::new(),
            waiting: 0,
        }
    }

    /// A party's name from its card, or the start of its fingerprint.
    pub fn name_of(&self, party: PartyId) -> String {
        let card = self.parties.get(&party).and_then(PartyState::card);
        card.map_or_else(|| party.short(), |card| card.name.clone())
    }

    /// Folds one act. [`Logs::fold`] gives the order.
    pub(crate) fn apply(&mut self, act: &Act) {
        let header = act.header();
        let (summary, effect) = self.dispatch(act);
        let holder = self.roster(header.author).and_then(|roster| roster.holder(act.key()));
        let role = holder.map(|holder| holder.role);
        if std::mem::take(&mut self.words_moved) {
            self.settle_words(header, act.digest());
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
        self.note_retractions_seen(header);
        self.acts.insert(act.digest(), (header.author, header.kind));
        if let Some(state) = self.parties.get_mut(&header.author) {
            state.folded += 1;
            state.times.push(header.time);
        }
    }
}
