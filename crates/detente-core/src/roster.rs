//! The roster: a party's keys with their offices and powers, as its acts have made them.
//!
//! It begins with the root-signed card and moves by four acts: a newer card, a rotation, a
//! delegation, a revocation. A key that has ended stays on it, so that what it signed before can
//! still be checked; it has no power any more. A revoked key never comes back.

mod statement;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::act::{ActKind, Body, Paired};
use crate::encode::DecodeError;
use crate::id::{AccordId, KeyId, PartyId};
use crate::key::{PublicKey, Suite};
use crate::party::{Card, CardFault, Role};
use crate::sign::{Signable, Unverified, VerifyError};
use crate::time::UnixSeconds;

pub use statement::{Cause, Delegation, Revocation, Rotation, UnknownCause};

/// Most keys that a party's log ever names: a rotation of every role each year for decades. Whoever
/// needs more begins a new accord.
pub const MAX_HOLDERS: usize = 256;

/// One key on the roster.
#[derive(Clone, Debug)]
pub struct Holder {
    /// The office; of a delegate, that of the key it acts for.
    pub role: Role,
    /// The key.
    pub key: Arc<PublicKey>,
    /// Its powers in ascending order; a delegate's count only as far as the office still has them.
    pub may: Vec<ActKind>,
    /// The key that this one follows.
    pub follows: Option<KeyId>,
    /// Whose powers it uses and until when, if they are lent.
    pub lent: Option<Lent>,
    /// Why it is no longer good.
    pub ended: Option<Ended>,
}

/// The terms of a delegation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lent {
    /// The key that lent its powers.
    pub by: KeyId,
    /// Who holds the key, for people.
    pub to: String,
    /// In this accord alone.
    pub accord: Option<AccordId>,
    /// The first second in which it is over.
    pub until: UnixSeconds,
}

/// Why a key has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Another key follows it.
    Followed(KeyId),
    /// The newest card does not have it.
    NotOnCard,
    /// It was revoked.
    Revoked(Cause),
}

/// Why a key may not act now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotLive {
    /// Nobody on the roster has it.
    #[error("signed by a key that has no role")]
    Unknown,
    /// Another key follows it.
    #[error("signed by a key that key {} has followed", .0.short())]
    Followed(KeyId),
    /// The newest card does not have it.
    #[error("signed by a key that is not on the party's newest card")]
    NotOnCard,
    /// It was revoked.
    #[error("signed by a key that was revoked ({0})")]
    Revoked(Cause),
    /// The delegation is over.
    #[error("signed under a delegation that ended at {0}")]
    Over(UnixSeconds),
    /// The delegation is for another accord.
    #[error("signed under a delegation for another accord")]
    Elsewhere,
    /// The key that lent its powers is no longer good.
    #[error("signed under a delegation by a key that is no longer good")]
    LenderEnded,
}

/// Why a statement on keys changes nothing. Every one of these is its author's fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RosterFault {
    /// The statement is malformed.
    #[error("no sound statement on a key")]
    Malformed(#[from] DecodeError),
    /// A signature does not hold.
    #[error("the statement is not signed by the key it names")]
    NotSigned(#[from] VerifyError),
    /// The card is unsound.
    #[error("no sound card")]
    Card(#[from] CardFault),
    /// It speaks of another party.
    #[error("it speaks of another party's keys")]
    OtherParty,
    /// The two signers have signed different statements.
    #[error("the two keys have signed different statements")]
    Differ,
    /// The card is not newer than the one before.
    #[error("the card is not newer than the one of {0}")]
    NotNewer(UnixSeconds),
    /// A key of the log itself has changed.
    #[error("the card has another {0} key: a log keeps it for life, so begin a new accord")]
    LogKey(&'static str),
    /// The signer may not.
    #[error("the signer may not: {0}")]
    NotLive(#[from] NotLive),
    /// The signer has no power for it.
    #[error("the signer has no power to {0}")]
    NoPower(ActKind),
    /// The root key can't be revoked or followed: it is the party.
    #[error("the root key is the party itself: it is neither followed nor revoked")]
    Root,
    /// The new key is on the roster, or was revoked.
    #[error("the new key is known already")]
    KnownKey,
    /// The new key is of another suite.
    #[error("the new key must be of the same suite, {0}")]
    OtherSuite(Suite),
    /// It lends more than the lender has.
    #[error("it lends the power to {0}, which the lender has not")]
    NotLenders(ActKind),
    /// It is over before it begins.
    #[error("the delegation ended at {0}, before it was entered")]
    Over(UnixSeconds),
    /// Too many keys.
    #[error("a log names at most {MAX_HOLDERS} keys")]
    TooMany,
}

/// A party's keys.
#[derive(Clone, Debug)]
pub struct Roster {
    card: Arc<Card>,
    holders: Vec<Holder>,
    revoked: BTreeMap<KeyId, Cause>,
}

/// Where and when a statement on keys is entered.
#[derive(Clone, Copy, Debug)]
pub struct Entered {
    /// In which accord.
    pub accord: AccordId,
    /// When, as far as the record can tell.
    pub at: UnixSeconds,
}

impl Roster {
    /// The roster as a card makes it.
    pub fn new(card: Card) -> Roster {
        let holders = card.roles.iter().map(|own| on_card(own.role, &own.key, &own.may)).collect();
        Roster { card: Arc::new(card), holders, revoked: BTreeMap::new() }
    }

    /// The newest card.
    pub fn card(&self) -> &Card {
        &self.card
    }

    /// Every key that the party's log has named, ended ones too, in the order in which they came.
    pub fn holders(&self) -> &[Holder] {
        &self.holders
    }

    /// The public key of this name, ended or not: to check signatures.
    pub fn key(&self, key: KeyId) -> Option<&PublicKey> {
        self.holder(key).map(|own| own.key.as_ref())
    }

    /// Whether a key was revoked.
    pub fn is_revoked(&self, key: KeyId) -> bool {
        self.revoked.contains_key(&key)
    }

    /// The newest entry of a key.
    pub fn holder(&self, key: KeyId) -> Option<&Holder> {
        self.holders.iter().rev().find(|own| own.key.id() == key)
    }

    /// The holder of a key, if it is good in this accord at this time.
    ///
    /// # Errors
    /// [`NotLive`].
    pub fn live(&self, key: KeyId, entered: Entered) -> Result<&Holder, NotLive> {
        // A key may be revoked before it is known here.
        if let Some(cause) = self.revoked.get(&key) {
            return Err(NotLive::Revoked(*cause));
        }
        let holder = self.holder(key).ok_or(NotLive::Unknown)?;
        match holder.ended {
            Some(Ended::Followed(by)) => return Err(NotLive::Followed(by)),
            Some(Ended::NotOnCard) => return Err(NotLive::NotOnCard),
            Some(Ended::Revoked(cause)) => return Err(NotLive::Revoked(cause)),
            None => {}
        }
        let Some(lent) = &holder.lent else { return Ok(holder) };
        if entered.at >= lent.until {
            return Err(NotLive::Over(lent.until));
        }
        if lent.accord.is_some_and(|accord| accord != entered.accord) {
            return Err(NotLive::Elsewhere);
        }
        self.office(lent.by).map(|_| holder).ok_or(NotLive::LenderEnded)
    }

    /// Whether a key may perform `kind`.
    ///
    /// # Errors
    /// [`NotLive`], or none if the key is good and has no such power.
    pub fn may(
        &self,
        key: KeyId,
        kind: ActKind,
        entered: Entered,
    ) -> Result<Option<Role>, NotLive> {
        let holder = self.live(key, entered)?;
        // What the office has lost since, its delegates have lost too.
        let office = holder.lent.as_ref().map(|lent| self.office(lent.by));
        let kept = match office {
            Some(lender) => lender.is_some_and(|lender| lender.may.contains(&kind)),
            None => true,
        };
        Ok((kept && holder.may.contains(&kind)).then_some(holder.role))
    }

    /// Who holds the office of a key now: itself, or the key that has followed it.
    fn office(&self, key: KeyId) -> Option<&Holder> {
        let mut at = key;
        // Each step goes to a later entry, so there are no more steps than entries.
        for _ in 0..=self.holders.len() {
            if self.revoked.contains_key(&at) {
                return None;
            }
            let holder = self.holder(at)?;
            match holder.ended {
                None => return Some(holder),
                Some(Ended::Followed(by)) => at = by,
                Some(_) => return None,
            }
        }
        None
    }

    /// Moves by an act of the party's own log.
    ///
    /// # Errors
    /// [`RosterFault`]; nothing has changed then.
    pub fn take(&mut self, body: &Body, entered: Entered) -> Result<(), RosterFault> {
        match body {
            Body::Designate { card } => self.renew(card),
            Body::RotateKey(paired) => self.rotate(paired, entered),
            Body::Delegate(paired) => self.delegate(paired, entered),
            Body::RevokeKey { revocation } => self.revoke(revocation, Some(entered)),
            _ => Ok(()),
        }
    }

    fn renew(&mut self, card: &[u8]) -> Result<(), RosterFault> {
        let card = Card::open(card)?.into_value();
        if card.party() != self.card.party() {
            return Err(RosterFault::OtherParty);
        }
        if card.issued <= self.card.issued {
            return Err(RosterFault::NotNewer(self.card.issued));
        }
        if card.log_key != self.card.log_key {
            return Err(RosterFault::LogKey("log"));
        }
        if card.mirror_key != self.card.mirror_key {
            return Err(RosterFault::LogKey("mirror"));
        }
        let goes_on = |own: &Holder| {
            let mut named = card.roles.iter();
            named.any(|new| new.role == own.role && new.key.id() == own.key.id())
        };
        let is_live = |own: &Holder| own.lent.is_none() && own.ended.is_none();
        let fresh: Vec<Holder> = card
            .roles
            .iter()
            .filter(|new| {
                let mut live = self.holders.iter().filter(|own| is_live(own));
                !live.any(|own| own.key.id() == new.key.id() && own.role == new.role)
            })
            .map(|new| on_card(new.role, &new.key, &new.may))
            .collect();
        if self.holders.len() + fresh.len() > MAX_HOLDERS {
            return Err(RosterFault::TooMany);
        }
        for own in self.holders.iter_mut().filter(|own| is_live(own)) {
            if !goes_on(own) {
                own.ended = Some(Ended::NotOnCard);
            } else if let Some(new) = card.roles.iter().find(|new| new.key.id() == own.key.id()) {
                own.may.clone_from(&new.may);
            }
        }
        self.holders.extend(fresh);
        self.card = Arc::new(card);
        Ok(())
    }

    fn rotate(&mut self, paired: &Paired, entered: Entered) -> Result<(), RosterFault> {
        let (by_old, by_new) = (read::<Rotation>(&paired.by_holder)?, read(&paired.by_new)?);
        let (old, new) = (by_old.claim().old, by_old.claim().new.clone());
        self.is_own(by_old.claim().party, old)?;
        let holder = self.live(old, entered)?;
        self.is_new(&new, &holder.key)?;
        let fresh = Holder {
            key: Arc::new(new.clone()),
            follows: Some(old),
            ended: None,
            ..holder.clone()
        };
        both((by_old, &holder.key), (by_new, &new))?;
        for own in self.holders.iter_mut().filter(|own| own.key.id() == old) {
            own.ended.get_or_insert(Ended::Followed(new.id()));
        }
        self.holders.push(fresh);
        Ok(())
    }

    fn delegate(&mut self, paired: &Paired, entered: Entered) -> Result<(), RosterFault> {
        let (by_lender, by_new) = (read::<Delegation>(&paired.by_holder)?, read(&paired.by_new)?);
        let said = by_lender.claim().clone();
        self.is_own(said.party, said.by)?;
        let lender = self.live(said.by, entered)?;
        if lender.lent.is_some() || !lender.may.contains(&ActKind::Delegate) {
            return Err(RosterFault::NoPower(ActKind::Delegate));
        }
        if let Some(kind) = said.may.iter().find(|kind| !lender.may.contains(kind)) {
            return Err(RosterFault::NotLenders(*kind));
        }
        if said.until <= entered.at {
            return Err(RosterFault::Over(said.until));
        }
        self.is_new(&said.key, &lender.key)?;
        both((by_lender, &lender.key), (by_new, &said.key))?;
        let lent = Lent { by: said.by, to: said.to, accord: said.accord, until: said.until };
        let fresh = Holder {
            role: lender.role,
            key: Arc::new(said.key),
            may: said.may,
            follows: None,
            lent: Some(lent),
            ended: None,
        };
        self.holders.push(fresh);
        Ok(())
    }

    /// Takes a revocation that another party has entered: it must be signed by the root or by the
    /// key itself.
    ///
    /// # Errors
    /// [`RosterFault`]; nothing has changed then.
    pub fn revoke_for(&mut self, revocation: &[u8]) -> Result<(), RosterFault> {
        self.revoke(revocation, None)
    }

    fn revoke(&mut self, bytes: &[u8], entered: Option<Entered>) -> Result<(), RosterFault> {
        let unverified = read::<Revocation>(bytes)?;
        let (signer, key) = (unverified.key(), unverified.claim().key);
        self.is_own(unverified.claim().party, key)?;
        let public = if signer == self.card.root.id() {
            &self.card.root
        } else {
            let holder = self.holder(signer).ok_or(NotLive::Unknown)?;
            if signer != key {
                let entered = entered.ok_or(RosterFault::NoPower(ActKind::RevokeKey))?;
                if self.may(signer, ActKind::RevokeKey, entered)?.is_none() {
                    return Err(RosterFault::NoPower(ActKind::RevokeKey));
                }
            }
            &holder.key
        };
        let said = unverified.verify(public)?.into_value();
        if self.revoked.len() >= MAX_HOLDERS && !self.revoked.contains_key(&key) {
            return Err(RosterFault::TooMany);
        }
        self.revoked.entry(key).or_insert(said.cause);
        // An old key that turns up again must not end the keys that follow it.
        let taints = said.cause.taints() && signer != key;
        let mut at = Some(key);
        // Each step goes to a later entry. Whoever had the key may have made the rotations.
        while let Some(key) = at {
            let mut next = None;
            for own in self.holders.iter_mut().filter(|own| own.key.id() == key) {
                match own.ended {
                    Some(Ended::Followed(by)) => next = Some(by),
                    _ => own.ended = Some(Ended::Revoked(said.cause)),
                }
            }
            at = next.filter(|_| taints);
        }
        Ok(())
    }

    /// That a statement is about this party, and not about its root.
    fn is_own(&self, party: PartyId, key: KeyId) -> Result<(), RosterFault> {
        if party != self.card.party() {
            return Err(RosterFault::OtherParty);
        }
        if key == self.card.root.id() { Err(RosterFault::Root) } else { Ok(()) }
    }

    /// That a key may come onto the roster beside one that is there.
    fn is_new(&self, new: &PublicKey, beside: &PublicKey) -> Result<(), RosterFault> {
        if new.suite() != beside.suite() {
            return Err(RosterFault::OtherSuite(beside.suite()));
        }
        let key = new.id();
        if key == self.card.root.id()
            || self.holder(key).is_some()
            || self.revoked.contains_key(&key)
        {
            return Err(RosterFault::KnownKey);
        }
        if self.holders.len() >= MAX_HOLDERS { Err(RosterFault::TooMany) } else { Ok(()) }
    }
}

/// A statement, unverified.
fn read<T: Signable>(bytes: &[u8]) -> Result<Unverified<T>, RosterFault> {
    Ok(Unverified::<T>::read(bytes)?)
}

/// That two keys have signed the same.
fn both<T: Signable + PartialEq>(
    (one, holder): (Unverified<T>, &PublicKey),
    (two, new): (Unverified<T>, &PublicKey),
) -> Result<(), RosterFault> {
    let (one, two) = (one.verify(holder)?, two.verify(new)?);
    if one.value() == two.value() { Ok(()) } else { Err(RosterFault::Differ) }
}

fn on_card(role: Role, key: &PublicKey, may: &[ActKind]) -> Holder {
    let key = Arc::new(key.clone());
    Holder { role, key, may: may.to_vec(), follows: None, lent: None, ended: None }
}

impl RosterFault {
    /// A stable machine code.
    pub const fn code(&self) -> &'static str {
        match self {
            RosterFault::Malformed(_) => "key_statement_malformed",
            RosterFault::NotSigned(_) => "key_statement_not_signed",
            RosterFault::Card(fault) => fault.code(),
            RosterFault::OtherParty => "key_other_party",
            RosterFault::Differ => "key_statements_differ",
            RosterFault::NotNewer(_) => "card_not_newer",
            RosterFault::LogKey(_) => "card_other_log_key",
            RosterFault::NotLive(_) => "key_not_live",
            RosterFault::NoPower(_) | RosterFault::NotLenders(_) => "key_no_power",
            RosterFault::Root => "key_is_root",
            RosterFault::KnownKey => "key_known",
            RosterFault::OtherSuite(_) => "key_other_suite",
            RosterFault::Over(_) => "delegation_over",
            RosterFault::TooMany => "too_many_keys",
        }
    }
}
