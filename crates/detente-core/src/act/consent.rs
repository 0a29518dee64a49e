//! Consent of the originator: a party that holds what another controls asks, and the originator
//! answers.
//!
//! A consent states its whole scope, and not only the request that it answers: it can be shown in
//! another accord, to a receiver that does not see the record in which it stands
//! ([`Presented`](super::Presented)).
//!
//! Source: ORCON of the IC markings manual (further dissemination needs the originator's advance
//! permission); that it names receiver, purpose and end is this format's own.

use crate::act::stance::{MAX_NOTE, check_note, read_time};
use crate::act::{MAX_CLAUSE_ID, rule};
use crate::encode::{DecodeError, Reader, Writer};
use crate::handling::{Purpose, Whose};
use crate::id::{AccordId, Digest, PartyId};
use crate::object::Object;
use crate::time::UnixSeconds;
use crate::transform::Transform;

/// Most objects of one request or consent.
pub const MAX_CONSENT: usize = 1_024;

/// One object that is to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Passage {
    /// Its address as the originator released it.
    pub came: Digest,
    /// Its address as it goes on: marked as the originator's, for the purpose, without what the
    /// clause takes out.
    pub goes: Digest,
}

/// What may go on, from whom, to whom, under which clause, until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentScope {
    /// The objects, ascending, at least one, at most [`MAX_CONSENT`].
    pub objects: Vec<Passage>,
    /// Who holds them and passes them on.
    pub holder: PartyId,
    /// Who is to get them.
    pub receiver: PartyId,
    /// Under which accord.
    pub accord: AccordId,
    /// Under which of its clauses.
    pub clause: String,
    /// For which purpose alone, if for one.
    pub purpose: Option<Purpose>,
    /// What that clause takes out of them, sorted.
    pub transforms: Vec<Transform>,
    /// Until when.
    pub expires: UnixSeconds,
}

/// The body of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentAsk {
    /// Who is asked.
    pub originator: PartyId,
    /// For what.
    pub scope: ConsentScope,
    /// Why.
    pub reason: String,
}

/// The body of a consent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// The request, by the digest of its leaf.
    pub ask: Digest,
    /// What is consented to: what was asked, or less.
    pub scope: ConsentScope,
    /// A note; may be empty.
    pub note: String,
}

/// The body of a refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentRefusal {
    /// The request, by the digest of its leaf.
    pub ask: Digest,
    /// Why.
    pub reason: String,
}

impl ConsentScope {
    /// Whether the scope names all that it must.
    ///
    /// # Errors
    /// What is missing or wrong, in words.
    pub fn check(&self) -> Result<(), &'static str> {
        if self.objects.is_empty() || self.objects.len() > MAX_CONSENT {
            return Err("the scope names no object, or too many");
        }
        if !self.objects.windows(2).all(|pair| pair[0].came < pair[1].came) {
            return Err("objects are not in ascending order");
        }
        if self.holder == self.receiver {
            return Err("it goes from a party to itself");
        }
        if self.clause.is_empty() || self.clause.len() > MAX_CLAUSE_ID {
            return Err("the scope names no clause");
        }
        if !self.transforms.windows(2).all(|pair| pair[0] < pair[1]) {
            return Err("transforms are not sorted or repeat");
        }
        if self.expires.get() == 0 { Err("the scope has no end") } else { Ok(()) }
    }

    /// Whether an object goes on under this scope, by its address as it leaves.
    pub fn lets_go(&self, address: Digest) -> bool {
        self.objects.iter().any(|passage| passage.goes == address)
    }

    /// Whether this is the other scope or less of it: fewer objects, or an earlier end.
    pub fn is_within(&self, other: &ConsentScope) -> bool {
        let has = |passage: &Passage| other.objects.binary_search(passage).is_ok();
        let ConsentScope { objects, holder, receiver, accord, clause, purpose, .. } = self;
        objects.iter().all(has)
            && (holder, receiver, accord) == (&other.holder, &other.receiver, &other.accord)
            && (clause, purpose) == (&other.clause, &other.purpose)
            && self.transforms == other.transforms
            && self.expires <= other.expires
    }

    fn write(&self, w: &mut Writer) {
        w.map(7 + usize::from(self.purpose.is_some()));
        w.uint(1).array(self.objects.len());
        for passage in &self.objects {
            w.array(2).bytes(passage.came.as_bytes()).bytes(passage.goes.as_bytes());
        }
        w.uint(2).bytes(self.holder.as_bytes());
        w.uint(3).bytes(self.receiver.as_bytes());
        w.uint(4).bytes(self.accord.as_bytes());
        w.uint(5).text(&self.clause);
        if let Some(purpose) = self.purpose {
            w.uint(6).uint(purpose.code().into());
        }
        Transform::write_all(&self.transforms, w.uint(7));
        w.uint(8).uint(self.expires.get());
    }

    fn read(r: &mut Reader<'_>) -> Result<ConsentScope, DecodeError> {
        let mut fields = r.map()?;
        fields.required(r, 1)?;
        let count = r.array(MAX_CONSENT)?;
        // Not `with_capacity(count)`: the peer has not paid for them yet.
        let mut objects = Vec::new();
        for _ in 0..count {
            r.tuple(2)?;
            objects.push(Passage { came: Digest::new(r.fixed()?), goes: Digest::new(r.fixed()?) });
        }
        fields.required(r, 2)?;
        let holder = PartyId::new(r.fixed()?);
        fields.required(r, 3)?;
        let receiver = PartyId::new(r.fixed()?);
        fields.required(r, 4)?;
        let accord = AccordId::new(r.fixed()?);
        fields.required(r, 5)?;
        let clause = r.text(MAX_CLAUSE_ID)?.to_owned();
        let purpose = if fields.optional(r, 6)? { Some(Purpose::read(r)?) } else { None };
        fields.required(r, 7)?;
        let transforms = Transform::read_all(r)?;
        fields.required(r, 8)?;
        let expires = read_time(r)?;
        fields.end(r)?;
        let scope = ConsentScope {
            objects,
            holder,
            receiver,
            accord,
            clause,
            purpose,
            transforms,
            expires,
        };
        scope.check().map_err(|words| rule(r.offset(), words))?;
        Ok(scope)
    }
}

impl ConsentAsk {
    /// Whether the body may stand in an act.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn check(&self) -> Result<(), &'static str> {
        if self.originator == self.scope.holder || self.originator == self.scope.receiver {
            return Err("the originator is neither who passes it on nor who gets it");
        }
        reason(&self.reason)?;
        self.scope.check()
    }

    pub(super) fn write(&self, w: &mut Writer) {
        w.array(3).bytes(self.originator.as_bytes());
        self.scope.write(w);
        w.text(&self.reason);
    }

    pub(super) fn read(r: &mut Reader<'_>) -> Result<ConsentAsk, DecodeError> {
        r.tuple(3)?;
        let originator = PartyId::new(r.fixed()?);
        let scope = ConsentScope::read(r)?;
        let ask = ConsentAsk { originator, scope, reason: r.text(MAX_NOTE)?.to_owned() };
        ask.check().map_err(|words| rule(r.offset(), words))?;
        Ok(ask)
    }
}

impl Consent {
    /// Whether the body may stand in an act.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn check(&self) -> Result<(), &'static str> {
        check_note(&self.note)?;
        self.scope.check()
    }

    pub(super) fn write(&self, w: &mut Writer) {
        w.array(3).bytes(self.ask.as_bytes());
        self.scope.write(w);
        w.text(&self.note);
    }

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Consent, DecodeError> {
        r.tuple(3)?;
        let ask = Digest::new(r.fixed()?);
        let scope = ConsentScope::read(r)?;
        let consent = Consent { ask, scope, note: r.text(MAX_NOTE)?.to_owned() };
        consent.check().map_err(|words| rule(r.offset(), words))?;
        Ok(consent)
    }
}

impl ConsentRefusal {
    pub(super) fn write(&self, w: &mut Writer) {
        w.array(2).bytes(self.ask.as_bytes()).text(&self.reason);
    }

    pub(super) fn read(r: &mut Reader<'_>) -> Result<ConsentRefusal, DecodeError> {
        r.tuple(2)?;
        let ask = Digest::new(r.fixed()?);
        let refusal = ConsentRefusal { ask, reason: r.text(MAX_NOTE)?.to_owned() };
        reason(&refusal.reason).map_err(|words| rule(r.offset(), words))?;
        Ok(refusal)
    }
}

fn reason(text: &str) -> Result<(), &'static str> {
    if text.trim().is_empty() { Err("the act gives no reason") } else { check_note(text) }
}

/// A received object as it would go on before a clause takes anything out: marked as its
/// originator's and for the purpose, so that both bind whoever gets it. None if it is marked as
/// another's, or for another purpose.
pub fn onward(object: &Object, originator: PartyId, purpose: Option<Purpose>) -> Option<Object> {
    let mut object = object.clone();
    let handling = &mut object.handling;
    if handling.originator.is_some_and(|own| own != Whose::Party(originator)) {
        return None;
    }
    handling.originator = Some(Whose::Party(originator));
    if let Some(purpose) = purpose {
        if handling.purpose.is_some_and(|own| own != purpose) {
            return None;
        }
        handling.purpose = Some(purpose);
    }
    Some(object)
}

#[cfg(test)]
pub(crate) mod tests;
