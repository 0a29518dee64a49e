//! Which key may do what: the rosters of the parties as the acts on keys have made them.
//!
//! A statement on a key counts from its place in the fold on. What the key signed before stands,
//! whatever the statement says of dates: otherwise a party could take back what it has said by
//! losing a key. Source: Vienna Convention on the Law of Treaties, articles 7 and 8.

use std::collections::BTreeMap;

use detente_core::act::{Act, ActKind, Body, Header, Paired};
use detente_core::key::{PublicKey, Suite};
use detente_core::party::{Card, Role};
use detente_core::roster::{
    Cause, Delegation, Entered, MAX_HOLDERS, Revocation, Roster, RosterFault, Rotation,
};
use detente_core::sign::{Signable, Unverified};
use detente_core::{Digest, KeyId, PartyId, UnixSeconds};

use super::{Effect, PartyState, State};

/// Keys that another party has ended with a statement of their root, and from which place of their
/// party's log on: whatever that other party had not seen. A thief can date back; it can't make the
/// other side have seen what it had not.
pub(super) type Struck = BTreeMap<(PartyId, KeyId), u64>;

/// The keys that others have ended in these logs with emergency statements of their root. Other
/// statements come to be known by ordinary use: with them, who has read one could strike what it
/// likes.
pub(super) fn struck(logs: &[(PartyId, &[Act])]) -> Struck {
    let mut struck = Struck::new();
    let mut roots: BTreeMap<PartyId, Option<PublicKey>> = BTreeMap::new();
    let acts = logs.iter().flat_map(|(_, log)| log.iter());
    for act in acts.filter(|act| act.header().kind == ActKind::RevokeKey) {
        let Body::RevokeKey { revocation } = act.body() else { continue };
        let Ok(read) = Unverified::<Revocation>::read(revocation) else { continue };
        let (party, key, cause) = (read.claim().party, read.claim().key, read.claim().cause);
        // In a log of its own the place of the statement decides.
        if party == act.header().author || cause != Cause::Emergency {
            continue;
        }
        let from = act.header().had_seen(party);
        if struck.get(&(party, key)).is_some_and(|known| *known <= from) {
            continue;
        }
        let root = roots.entry(party).or_insert_with(|| root_of(logs, party));
        if root.as_ref().is_some_and(|root| read.verify(root).is_ok()) {
            struck.insert((party, key), from);
        }
    }
    struck
}

/// The root key of a party, from the card in its first entry.
fn root_of(logs: &[(PartyId, &[Act])], party: PartyId) -> Option<PublicKey> {
    let (_, log) = logs.iter().find(|(of, _)| *of == party)?;
    match log.first()?.body() {
        Body::Designate { card } => Card::open(card).ok().map(|card| card.into_value().root),
        _ => None,
    }
}

impl PartyState {
    /// Its clock in the last of its acts.
    pub(super) fn last(&self) -> Option<UnixSeconds> {
        self.times.last().copied()
    }

    /// Its newest card, once its log begins.
    pub fn card(&self) -> Option<&Card> {
        self.roster.as_ref().map(Roster::card)
    }
}

impl State {
    /// A party's keys, once its log begins.
    pub fn roster(&self, party: PartyId) -> Option<&Roster> {
        self.parties.get(&party).and_then(|state| state.roster.as_ref())
    }

    /// Whether a key of `party` may perform `kind` at a time, and in which office: the key is good,
    /// its party has given it the power, and neither the text in force nor `governing`, the text
    /// that the act itself is about, takes it away.
    ///
    /// # Errors
    /// The reason in words.
    pub fn authority(
        &self,
        (party, key): (PartyId, KeyId),
        kind: ActKind,
        governing: Option<Digest>,
        at: UnixSeconds,
    ) -> Result<Role, String> {
        let unknown = || "signed by a key that has no role".to_owned();
        let roster = self.roster(party).ok_or_else(unknown)?;
        let entered = Entered { accord: self.accord, at };
        let may = roster.may(key, kind, entered).map_err(|fault| fault.to_string())?;
        let role = may.ok_or_else(|| match roster.holder(key) {
            Some(own) if own.lent.is_some() => {
                format!("the delegation gives this key of {} no power to {kind}", own.role)
            }
            Some(own) => format!("the card gives {} no power to {kind}", own.role),
            None => unknown(),
        })?;
        self.fits_suite(roster, key, governing)?;
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
        Ok(role)
    }

    /// Whether a key signs with the suite of the text that the act is about, or else of the text in
    /// force; and whether its party's root does, which has signed the key.
    fn fits_suite(
        &self,
        roster: &Roster,
        key: KeyId,
        governing: Option<Digest>,
    ) -> Result<(), String> {
        let in_force = self.in_force.as_ref().map(|force| force.text);
        let text = governing.or(in_force).and_then(|digest| self.texts.get(&digest));
        let Some(suite) = text.map(|text| text.accord.suite) else { return Ok(()) };
        if roster.key(key).is_some_and(|key| key.suite() != suite) {
            return Err(format!("the accord asks for signatures of suite {suite}"));
        }
        if suite == Suite::Cnsa2 && roster.card().root.suite() != suite {
            return Err(format!("the accord asks for suite {suite}, and the root is of another"));
        }
        Ok(())
    }

    /// The time of an act as far as the record supports it: not before anything that its author
    /// had seen. A delegation that has ended is not used again by dating back.
    pub fn time_of(&self, header: &Header) -> UnixSeconds {
        let seen = |party: PartyId, state: &PartyState| {
            let before = header.had_seen(party).min(state.times.len() as u64);
            let last = usize::try_from(before).ok()?.checked_sub(1)?;
            state.times.get(last).copied()
        };
        let times = self.parties.iter().filter_map(|(party, state)| seen(*party, state));
        times.fold(header.time, UnixSeconds::max)
    }

    /// Whether two keys of a party may be in one hand: they are of one office, so one may follow
    /// the other, act for it, or be its key of another suite.
    pub(super) fn same_office(&self, party: PartyId, one: KeyId, two: KeyId) -> bool {
        let office = |key| self.roster(party)?.holder(key).map(|own| own.role);
        one == two || office(one).is_some_and(|role| office(two) == Some(role))
    }

    /// Why a key does nothing at a place of its party's log, though it was good when the act was
    /// dated: another party has ended it, or the key from which it comes, and had not seen so far.
    pub(super) fn is_struck(&self, party: PartyId, key: KeyId, place: u64) -> Option<String> {
        if self.struck.is_empty() {
            return None;
        }
        let mut at = Some(key);
        for _ in 0..=MAX_HOLDERS {
            let key = at?;
            if self.struck.get(&(party, key)).is_some_and(|from| place >= *from) {
                let words = "signed by a key that was revoked, unseen by who entered that";
                return Some(words.to_owned());
            }
            let holder = self.roster(party)?.holder(key)?;
            at = holder.follows.or(holder.lent.as_ref().map(|lent| lent.by));
        }
        None
    }

    /// What acts on keys do, and in words; none for other acts. Their statements are signed by
    /// themselves: which key brings them does not matter.
    pub(super) fn move_keys(&mut self, act: &Act) -> Option<(String, Effect)> {
        let header = act.header();
        if !header.kind.moves_keys() {
            return None;
        }
        let entered = Entered { accord: self.accord, at: self.time_of(header) };
        let about = self.whose_keys(header.author, act.body());
        let summary = self.key_words(about, act.body());
        let holder = match act.body() {
            Body::RotateKey(paired) => claim::<Rotation>(&paired.by_holder).map(|said| said.old),
            Body::Delegate(paired) => claim::<Delegation>(&paired.by_holder).map(|said| said.by),
            // By whom it is signed, unless that is the key which ends.
            Body::RevokeKey { revocation } => {
                let read = Unverified::<Revocation>::read(revocation).ok();
                read.filter(|read| read.key() != read.claim().key).map(|read| read.key())
            }
            _ => None,
        };
        // Places are those of the own log: another party's statements are signed by root or key.
        let own = holder.filter(|_| about == header.author);
        let struck = own.and_then(|key| self.is_struck(about, key, header.sequence));
        if let Some(reason) = struck {
            return Some((summary, Effect::Void { reason }));
        }
        let done = match (self.parties.get_mut(&about), act.body()) {
            (None, _) => Err("it speaks of the keys of no party of this accord".to_owned()),
            (Some(party), Body::Designate { card }) if party.roster.is_none() => {
                let begun = Card::open(card).map(|card| Roster::new(card.into_value()));
                party.roster = begun.ok();
                match party.roster {
                    Some(_) => Ok(()),
                    None => Err("no sound card of a party of this accord".to_owned()),
                }
            }
            (Some(party), body) => match (&mut party.roster, body) {
                (Some(roster), Body::RevokeKey { revocation }) if about != header.author => {
                    roster.revoke_for(revocation).map_err(|fault| words(&fault))
                }
                (Some(roster), body) => roster.take(body, entered).map_err(|fault| words(&fault)),
                (None, _) => Err("the party has not entered its card".to_owned()),
            },
        };
        let effect = match done {
            Ok(()) => Effect::InEffect,
            Err(reason) => Effect::Void { reason },
        };
        Some((summary, effect))
    }

    /// The party whose keys an act is about: a revocation may be entered by another one.
    fn whose_keys(&self, author: PartyId, body: &Body) -> PartyId {
        match body {
            Body::RevokeKey { revocation } => {
                claim::<Revocation>(revocation).map_or(author, |said| said.party)
            }
            _ => author,
        }
    }

    fn key_words(&self, party: PartyId, body: &Body) -> String {
        let office = |key: KeyId| {
            let holder = self.roster(party).and_then(|roster| roster.holder(key));
            holder.map_or_else(|| "no role".to_owned(), |own| own.role.name().to_owned())
        };
        match body {
            Body::Designate { card } => match (Card::open(card), self.roster(party)) {
                (Ok(card), None) => format!("enters its card as {:?}", card.value().name),
                (Ok(card), Some(_)) => {
                    format!("enters a card made at {}", card.value().issued)
                }
                (Err(_), _) => "enters its card".to_owned(),
            },
            Body::RotateKey(Paired { by_holder, .. }) => claim::<Rotation>(by_holder).map_or_else(
                || "rotates a key".to_owned(),
                |said| {
                    let (old, new) = (said.old, said.new.id());
                    let role = office(old);
                    format!("rotates the key of {role}: {} to {}", old.short(), new.short())
                },
            ),
            Body::Delegate(Paired { by_holder, .. }) => claim::<Delegation>(by_holder).map_or_else(
                || "delegates".to_owned(),
                |said| {
                    let may: Vec<&str> = said.may.iter().map(|kind| kind.name()).collect();
                    format!(
                        "lets {:?} (key {}) act for {} until {}: {}",
                        said.to,
                        said.key.id().short(),
                        office(said.by),
                        said.until,
                        may.join(", ")
                    )
                },
            ),
            Body::RevokeKey { revocation } => claim::<Revocation>(revocation).map_or_else(
                || "revokes a key".to_owned(),
                |said| {
                    let since = said.since.map_or_else(String::new, |at| format!(", since {at}"));
                    let (name, key, role) =
                        (self.name_of(party), said.key.short(), office(said.key));
                    format!("revokes key {key} of {name} ({role}): {}{since}", said.cause)
                },
            ),
            _ => String::new(),
        }
    }
}

/// What a statement claims: for words, and to find the key that proves it.
fn claim<T: Signable + Clone>(bytes: &[u8]) -> Option<T> {
    Unverified::<T>::read(bytes).ok().map(|read| read.claim().clone())
}

/// A fault with what is behind it.
fn words(fault: &RosterFault) -> String {
    use std::error::Error as _;
    let mut text = fault.to_string();
    let mut source = fault.source();
    while let Some(cause) = source {
        let more = cause.to_string();
        // Some faults show their source themselves.
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        source = cause.source();
    }
    text
}
