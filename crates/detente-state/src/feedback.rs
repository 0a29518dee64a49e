//! What the receivers of releases say of the objects: what came of them, and which they erased.

use std::collections::BTreeMap;

use detente_core::act::{Erasure, Feedback, Header, Upshot};
use detente_core::{Digest, PartyId, UnixSeconds};

use super::release::ReleaseState;
use super::{Effect, State};

/// What a receiver says of one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// The act that says so last, by the digest of its leaf.
    pub act: Digest,
    /// When, by its author's clock.
    pub time: UnixSeconds,
    /// What came of it.
    pub upshot: Upshot,
    /// How often it was seen; 0 unless it was sighted. Count.
    pub sighted: u32,
    /// The first act of the receiver that says anything of the object: by that the duty is met.
    pub first: Step,
}

/// An act by its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The act, by the digest of its leaf.
    pub act: Digest,
    /// Its place in its author's log.
    pub place: u64,
}

/// What one receiver says of the objects of one release.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// What came of them, by address.
    pub told: BTreeMap<Digest, Told>,
    /// Which it no longer keeps, and the act that says so.
    pub erased: BTreeMap<Digest, Step>,
}

/// Accounts by release and receiver.
pub(super) type Accounts = BTreeMap<(Digest, PartyId), Account>;

impl State {
    /// What a receiver says of the objects of a release; none if it has said nothing.
    pub fn account_of(&self, release: Digest, by: PartyId) -> Option<&Account> {
        self.accounts.get(&(release, by))
    }

    /// Every account of a release, by receiver.
    pub fn accounts_of(&self, release: Digest) -> impl Iterator<Item = (PartyId, &Account)> {
        let first = (release, PartyId::new([0; 32]));
        let own = self.accounts.range(first..).take_while(move |((of, _), _)| *of == release);
        own.map(|((_, by), account)| (*by, account))
    }

    /// Who received a release, as far as the record says: whom it names; the other side of the run
    /// that it rests on; without either the only other party, or among several whoever
    /// acknowledged it.
    pub fn receiver(&self, release: &ReleaseState) -> Option<PartyId> {
        if release.to.is_some() {
            return release.to;
        }
        if let Some(run) = release.run {
            let run = self.runs.get(&run)?;
            let (other, _, _) = run.answer.as_ref()?;
            return Some(if run.initiator == release.author { *other } else { run.initiator });
        }
        let mut others = self.parties.keys().filter(|party| **party != release.author);
        match (others.next(), others.next()) {
            (Some(only), None) => Some(*only),
            _ => release.receipt.map(|receipt| receipt.by),
        }
    }

    pub(super) fn feedback(
        &mut self,
        header: &Header,
        act: Digest,
        body: &Feedback,
    ) -> Result<Effect, String> {
        self.check_account(header, body.release, body.lines.iter().map(|line| line.object))?;
        let account = self.accounts.entry((body.release, header.author)).or_default();
        let first = Step { act, place: header.sequence };
        for line in &body.lines {
            let before = account.told.get(&line.object);
            let first = before.map_or(first, |told| told.first);
            let (time, upshot, sighted) = (header.time, line.upshot, line.sighted);
            account.told.insert(line.object, Told { act, time, upshot, sighted, first });
        }
        Ok(Effect::InEffect)
    }

    pub(super) fn erase(
        &mut self,
        header: &Header,
        act: Digest,
        body: &Erasure,
    ) -> Result<Effect, String> {
        self.check_account(header, body.release, body.objects.iter().copied())?;
        let account = self.accounts.entry((body.release, header.author)).or_default();
        for object in &body.objects {
            let step = Step { act, place: header.sequence };
            account.erased.entry(*object).or_insert(step);
        }
        Ok(Effect::InEffect)
    }

    /// Only who received a release speaks of its objects, and of no others. What an account can
    /// hold is thus bounded by what was released.
    fn check_account(
        &self,
        header: &Header,
        release: Digest,
        mut objects: impl Iterator<Item = Digest>,
    ) -> Result<(), String> {
        let known = self.releases.iter().find(|known| known.act == release);
        let known = known.ok_or("no such release")?;
        if known.author == header.author {
            return Err("a party can't speak of its own release as a receiver".to_owned());
        }
        if self.receiver(known) != Some(header.author) {
            return Err("the release did not go to the party".to_owned());
        }
        match objects.find(|object| known.object(*object).is_none()) {
            Some(object) => Err(format!("the release has no object {}", object.short())),
            None => Ok(()),
        }
    }
}
