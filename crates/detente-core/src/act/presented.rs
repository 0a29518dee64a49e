//! A consent that stands in another accord's record, shown in this one.
//!
//! Who gets what was consented to may have no part in the accord between its originator and its
//! holder. It is shown the originator's card, the leaf of the consent, and the leaf's body: enough
//! to check who consented, to what, for whom and until when. Whether the consent was withdrawn
//! since, or stands in the originator's log at all, is seen in that log alone.

use crate::act::{Act, ActKind, Body, Consent, Header, Salt, rule};
use crate::encode::{DecodeError, Reader, Writer};
use crate::id::{AccordId, Digest, KeyId, PartyId};
use crate::party::{Card, MAX_CARD};
use crate::sign::Unverified;

/// Longest leaf, in bytes.
const MAX_LEAF: usize = Unverified::<Header>::MAX_BYTES;
/// Longest body of a consent, in bytes: as many objects as one may have, and a note.
pub const MAX_CONSENT_BODY: usize = 80 * 1024;

/// A consent with all that proves it. Made only from one whose signatures hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presented {
    card: Vec<u8>,
    leaf: Vec<u8>,
    salt: Salt,
    body: Vec<u8>,
    originator: PartyId,
    key: KeyId,
    name: String,
    accord: AccordId,
    consent: Consent,
}

impl Presented {
    /// Opens a consent: the card is signed by its own root, the leaf by a key on the card that may
    /// consent, and the body is the one whose digest the leaf signs.
    ///
    /// # Errors
    /// What does not hold, in words.
    pub fn open(
        card: &[u8],
        leaf: &[u8],
        salt: Salt,
        body: &[u8],
    ) -> Result<Presented, &'static str> {
        if body.len() > MAX_CONSENT_BODY {
            return Err("the body of the consent is too long");
        }
        let opened = Card::open(card).map_err(|_| "the originator's card is unsound")?;
        let opened = opened.into_value();
        let header = Unverified::<Header>::read(leaf).map_err(|_| "the consent is malformed")?;
        // Before the body: nothing but a consent is ever opened within an act.
        if header.claim().kind != ActKind::Consent || header.claim().author != opened.party() {
            return Err("the act is no consent of the card's party");
        }
        let role = opened.role_of(header.key()).ok_or("the consent's key is not on the card")?;
        if !role.may.contains(&ActKind::Consent) {
            return Err("the consent's key may not consent");
        }
        let header =
            header.verify(&role.key).map_err(|_| "the consent is not signed by its key")?;
        let (accord, key) = (header.value().accord, header.key());
        let act = Act::join(header, salt, body).map_err(|_| "the consent has another body")?;
        let Body::Consent(consent) = act.body() else { return Err("the act is no consent") };
        if opened.party() == consent.scope.holder || opened.party() == consent.scope.receiver {
            return Err("the originator is neither who passes it on nor who gets it");
        }
        Ok(Presented {
            consent: consent.clone(),
            originator: opened.party(),
            key,
            name: opened.name,
            accord,
            card: card.to_vec(),
            leaf: leaf.to_vec(),
            salt,
            body: body.to_vec(),
        })
    }

    /// The consent, by the digest of its leaf.
    pub fn digest(&self) -> Digest {
        Digest::plain(&self.leaf)
    }

    /// Who consented.
    pub const fn originator(&self) -> PartyId {
        self.originator
    }

    /// The key that consented.
    pub const fn key(&self) -> KeyId {
        self.key
    }

    /// Its name, as its card says.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// In whose record the consent stands.
    pub const fn accord(&self) -> AccordId {
        self.accord
    }

    /// What was consented to.
    pub const fn consent(&self) -> &Consent {
        &self.consent
    }

    pub(super) fn write(&self, w: &mut Writer) {
        w.array(4).bytes(&self.card).bytes(&self.leaf).bytes(&self.salt).bytes(&self.body);
    }

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Presented, DecodeError> {
        r.tuple(4)?;
        let card = r.bytes(MAX_CARD)?;
        let leaf = r.bytes(MAX_LEAF)?;
        let salt = r.fixed()?;
        let body = r.bytes(MAX_CONSENT_BODY)?;
        Presented::open(card, leaf, salt, body).map_err(|words| rule(r.offset(), words))
    }
}
