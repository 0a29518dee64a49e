//! What a party says of its keys: one follows another, one acts for another, one is no longer good.
//!
//! Each statement is signed by itself, not by the act that brings it: it can be made where the root
//! key lies, kept offline for the day on which it is needed, and entered in every accord.

use std::fmt;
use std::str::FromStr;

use crate::act::{ActKind, rule};
use crate::encode::{DecodeError, DecodeFault, Fields, Reader, Writer};
use crate::id::{AccordId, KeyId, PartyId};
use crate::key::PublicKey;
use crate::name::is_plain;
use crate::party::MAX_NAME;
use crate::sign::Signable;
use crate::time::UnixSeconds;

/// A key that follows another in its office, with the same powers. Signed by both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// Whose keys.
    pub party: PartyId,
    /// The key that ends.
    pub old: KeyId,
    /// The key that follows it.
    pub new: PublicKey,
    /// When this was signed: a claim.
    pub issued: UnixSeconds,
}

/// A key that acts for another within a part of its powers, until a time. Signed by both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delegation {
    /// Whose keys.
    pub party: PartyId,
    /// The key whose powers are lent.
    pub by: KeyId,
    /// The key that may use them.
    pub key: PublicKey,
    /// Who holds it, for people.
    pub to: String,
    /// The powers, in ascending order of their codes; acts on keys can't be lent.
    pub may: Vec<ActKind>,
    /// In this accord alone; none for every accord of the party.
    pub accord: Option<AccordId>,
    /// The first second in which it is over.
    pub until: UnixSeconds,
    /// When this was signed: a claim.
    pub issued: UnixSeconds,
}

/// A key that is no longer good. Signed by the root, by the key itself, or by a key that may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// Whose key.
    pub party: PartyId,
    /// Which key.
    pub key: KeyId,
    /// Why.
    pub cause: Cause,
    /// Since when it may have been in other hands: a claim that changes nothing, for people. What
    /// the key signed before the revocation was entered stands, or a party could take back what it
    /// has said by losing a key.
    pub since: Option<UnixSeconds>,
    /// When this was signed: a claim.
    pub issued: UnixSeconds,
}

/// Why a key is revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Cause {
    /// Nobody has it any more.
    Lost = 1,
    /// Somebody else may have it.
    Compromised = 2,
    /// Its holder has left the office.
    Retired = 3,
    /// Signed beforehand and kept offline: whoever enters it need not say why.
    Emergency = 4,
}

impl Cause {
    /// Every cause.
    pub const ALL: [Cause; 4] = [Cause::Lost, Cause::Compromised, Cause::Retired, Cause::Emergency];

    /// The signed code.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// Whether the keys that follow the revoked one end with it: somebody else may have made them.
    pub const fn taints(self) -> bool {
        matches!(self, Cause::Compromised | Cause::Emergency)
    }

    /// The name in options and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Cause::Lost => "lost",
            Cause::Compromised => "compromised",
            Cause::Retired => "retired",
            Cause::Emergency => "emergency",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text names no cause.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown cause {0:?}: use lost, compromised, retired or emergency")]
pub struct UnknownCause(pub String);

impl FromStr for Cause {
    type Err = UnknownCause;

    fn from_str(text: &str) -> Result<Cause, UnknownCause> {
        let mut all = Cause::ALL.into_iter();
        all.find(|cause| cause.name() == text)
            .ok_or_else(|| UnknownCause(text.chars().take(64).collect()))
    }
}

impl Signable for Rotation {
    const LABEL: &'static str = "detente/rotation/1";
    const MAX_PAYLOAD: usize = 4 * 1024;

    fn encode(&self) -> Vec<u8> {
        let mut w = Writer::new();
        w.map(5).uint(1).uint(1);
        w.uint(2).bytes(self.party.as_bytes());
        w.uint(3).bytes(self.old.as_bytes());
        self.new.write(w.uint(4));
        w.uint(5).uint(self.issued.get());
        w.into_bytes()
    }

    fn decode(payload: &[u8]) -> Result<Rotation, DecodeError> {
        let r = &mut Reader::new(payload);
        let (mut fields, party) = head(r)?;
        fields.required(r, 3)?;
        let old = KeyId::new(r.fixed()?);
        fields.required(r, 4)?;
        let new = PublicKey::read(r)?;
        fields.required(r, 5)?;
        let issued = time(r)?;
        end(fields, r)?;
        if new.id() == old {
            return Err(rule(r.offset(), "a key does not follow itself"));
        }
        Ok(Rotation { party, old, new, issued })
    }
}

impl Signable for Delegation {
    const LABEL: &'static str = "detente/delegation/1";
    const MAX_PAYLOAD: usize = 4 * 1024;

    fn encode(&self) -> Vec<u8> {
        let mut w = Writer::new();
        w.map(8 + usize::from(self.accord.is_some())).uint(1).uint(1);
        w.uint(2).bytes(self.party.as_bytes());
        w.uint(3).bytes(self.by.as_bytes());
        self.key.write(w.uint(4));
        w.uint(5).text(&self.to);
        w.uint(6).array(self.may.len());
        for kind in &self.may {
            w.uint(kind.code().into());
        }
        if let Some(accord) = &self.accord {
            w.uint(7).bytes(accord.as_bytes());
        }
        w.uint(8).uint(self.until.get());
        w.uint(9).uint(self.issued.get());
        w.into_bytes()
    }

    fn decode(payload: &[u8]) -> Result<Delegation, DecodeError> {
        let r = &mut Reader::new(payload);
        let (mut fields, party) = head(r)?;
        fields.required(r, 3)?;
        let by = KeyId::new(r.fixed()?);
        fields.required(r, 4)?;
        let key = PublicKey::read(r)?;
        fields.required(r, 5)?;
        let to = r.text(MAX_NAME)?.to_owned();
        if to.is_empty() || !is_plain(&to) {
            return Err(rule(r.offset(), "the name is empty or has control characters"));
        }
        fields.required(r, 6)?;
        let may = read_powers(r)?;
        let accord = if fields.optional(r, 7)? { Some(AccordId::new(r.fixed()?)) } else { None };
        fields.required(r, 8)?;
        let until = time(r)?;
        fields.required(r, 9)?;
        let issued = time(r)?;
        end(fields, r)?;
        if key.id() == by {
            return Err(rule(r.offset(), "a key does not act for itself"));
        }
        Ok(Delegation { party, by, key, to, may, accord, until, issued })
    }
}

fn read_powers(r: &mut Reader<'_>) -> Result<Vec<ActKind>, DecodeError> {
    let mut may: Vec<ActKind> = Vec::new();
    for _ in 0..r.array(ActKind::ALL.len())? {
        let kind = ActKind::read(r)?;
        if may.last().is_some_and(|last| *last >= kind) {
            return Err(rule(r.offset(), "powers are not in ascending order"));
        }
        if kind.moves_keys() {
            return Err(rule(r.offset(), "acts on keys can't be lent"));
        }
        may.push(kind);
    }
    if may.is_empty() {
        return Err(rule(r.offset(), "no power is lent"));
    }
    Ok(may)
}

impl Signable for Revocation {
    const LABEL: &'static str = "detente/revocation/1";
    const MAX_PAYLOAD: usize = 256;

    fn encode(&self) -> Vec<u8> {
        let mut w = Writer::new();
        w.map(5 + usize::from(self.since.is_some())).uint(1).uint(1);
        w.uint(2).bytes(self.party.as_bytes());
        w.uint(3).bytes(self.key.as_bytes());
        w.uint(4).uint(self.cause.code().into());
        if let Some(since) = self.since {
            w.uint(5).uint(since.get());
        }
        w.uint(6).uint(self.issued.get());
        w.into_bytes()
    }

    fn decode(payload: &[u8]) -> Result<Revocation, DecodeError> {
        let r = &mut Reader::new(payload);
        let (mut fields, party) = head(r)?;
        fields.required(r, 3)?;
        let key = KeyId::new(r.fixed()?);
        fields.required(r, 4)?;
        let code = r.uint8("cause")?;
        let cause = Cause::ALL.into_iter().find(|cause| cause.code() == code);
        let cause = cause
            .ok_or_else(|| r.fail(DecodeFault::BadValue { what: "cause", got: code.into() }))?;
        let since = if fields.optional(r, 5)? { Some(time(r)?) } else { None };
        fields.required(r, 6)?;
        let issued = time(r)?;
        end(fields, r)?;
        Ok(Revocation { party, key, cause, since, issued })
    }
}

/// Version and party: the same in all three.
fn head(r: &mut Reader<'_>) -> Result<(Fields, PartyId), DecodeError> {
    let mut fields = r.map()?;
    fields.required(r, 1)?;
    let version = r.uint()?;
    if version != 1 {
        return Err(r.fail(DecodeFault::BadValue { what: "statement version", got: version }));
    }
    fields.required(r, 2)?;
    Ok((fields, PartyId::new(r.fixed()?)))
}

fn time(r: &mut Reader<'_>) -> Result<UnixSeconds, DecodeError> {
    let got = r.uint()?;
    let time = UnixSeconds::new(got);
    if time.get() == got { Ok(time) } else { Err(rule(r.offset(), "time is out of range")) }
}

fn end(fields: Fields, r: &Reader<'_>) -> Result<(), DecodeError> {
    fields.end(r)?;
    if r.is_empty() { Ok(()) } else { Err(rule(r.offset(), "bytes follow the statement")) }
}
