//! Signed statements: COSE_Sign (RFC 9052 §4.1) with the signatures of a suite over one payload,
//! and the types that keep unverified and verified apart.
//!
//! Shape: tag 98 `[h'', {}, payload, [[{1: -8, 4: kid}, {}, ed25519], [{1: -49, 4: kid}, {},
//! ml-dsa-65]]]`, where both key ids are the hybrid key's; in suite `cnsa2` the one signature is
//! `[{1: -50, 4: kid}, {}, ml-dsa-87]`. Algorithm and key id are protected; the label that
//! separates the domains is the external_aad.

use crate::encode::{DecodeError, DecodeFault, Reader, Writer};
use crate::id::{Digest, KeyId};
use crate::key::{ML_DSA_87_SIGNATURE_LEN, PublicKey, SignatureFault, SigningKey, Suite};

const COSE_SIGN_TAG: u64 = 98;
const HEADER_ALG: u64 = 1;
const HEADER_KID: u64 = 4;

/// A payload that is signed: canonical bytes with a label.
pub trait Signable: Sized {
    /// Separates the domains of signatures: one label per type and version.
    const LABEL: &'static str;
    /// The longest payload, in bytes.
    const MAX_PAYLOAD: usize;

    /// The canonical bytes.
    fn encode(&self) -> Vec<u8>;

    /// Reads canonical bytes back; anything else is refused.
    fn decode(payload: &[u8]) -> Result<Self, DecodeError>;
}

/// A statement that was read but whose signatures were not checked.
#[derive(Clone, Debug)]
pub struct Unverified<T> {
    claim: T,
    payload: Vec<u8>,
    key: KeyId,
    suite: Suite,
    signatures: Vec<Vec<u8>>,
    bytes: Vec<u8>,
}

/// A statement whose signatures hold under a known key.
#[derive(Clone, Debug)]
pub struct Verified<T> {
    value: T,
    key: KeyId,
    bytes: Vec<u8>,
}

impl<T> Verified<T> {
    /// The statement.
    pub const fn value(&self) -> &T {
        &self.value
    }

    /// The statement, without its envelope.
    pub fn into_value(self) -> T {
        self.value
    }

    /// The key that signed.
    pub const fn key(&self) -> KeyId {
        self.key
    }

    /// The signed bytes, as they are stored and sent.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Names the signed bytes: SHA-256 over all of them.
    pub fn digest(&self) -> Digest {
        Digest::plain(&self.bytes)
    }
}

/// Signs a statement.
pub fn sign<T: Signable>(value: T, key: &SigningKey) -> Verified<T> {
    let payload = value.encode();
    let kid = key.public().id();
    let suite = key.public().suite();
    let signatures = key.sign(&messages::<T>(suite, kid, &payload));
    let bytes = envelope(&payload, (suite, kid), &signatures);
    Verified { value, key: kid, bytes }
}

fn protected(alg: i64, kid: KeyId) -> Vec<u8> {
    let mut w = Writer::new();
    w.map(2).uint(HEADER_ALG).int(alg).uint(HEADER_KID).bytes(kid.as_bytes());
    w.into_bytes()
}

/// The Sig_structure of RFC 9052 §4.4.
fn to_be_signed<T: Signable>(alg: i64, kid: KeyId, payload: &[u8]) -> Vec<u8> {
    let mut w = Writer::new();
    w.array(5)
        .text("Signature")
        .bytes(&[])
        .bytes(&protected(alg, kid))
        .bytes(T::LABEL.as_bytes())
        .bytes(payload);
    w.into_bytes()
}

/// What each signature of a suite is over.
fn messages<T: Signable>(suite: Suite, kid: KeyId, payload: &[u8]) -> Vec<Vec<u8>> {
    suite.signatures().iter().map(|(alg, _)| to_be_signed::<T>(*alg, kid, payload)).collect()
}

fn envelope(payload: &[u8], (suite, kid): (Suite, KeyId), signatures: &[Vec<u8>]) -> Vec<u8> {
    let mut w = Writer::new();
    w.tag(COSE_SIGN_TAG).array(4).bytes(&[]).map(0).bytes(payload).array(signatures.len());
    for ((alg, _), signature) in suite.signatures().iter().zip(signatures) {
        w.array(3).bytes(&protected(*alg, kid)).map(0).bytes(signature);
    }
    w.into_bytes()
}

impl<T: Signable> Unverified<T> {
    /// The longest envelope, in bytes.
    pub const MAX_BYTES: usize = T::MAX_PAYLOAD + ML_DSA_87_SIGNATURE_LEN + 256;

    /// Reads an envelope and its payload, strictly.
    ///
    /// # Errors
    /// [`DecodeError`] for anything but the one canonical form.
    pub fn read(bytes: &[u8]) -> Result<Unverified<T>, DecodeError> {
        let mut r = Reader::new(bytes);
        if bytes.len() > Self::MAX_BYTES {
            let got = bytes.len() as u64;
            return Err(r.fail(DecodeFault::TooLong { got, max: Self::MAX_BYTES }));
        }
        r.tag(COSE_SIGN_TAG)?;
        r.tuple(4)?;
        r.fixed::<0>()?;
        r.map()?.end(&r)?;
        let payload = r.bytes(T::MAX_PAYLOAD)?.to_vec();
        let count = r.array(2)?;
        let suite = Suite::ALL.into_iter().find(|suite| suite.signatures().len() == count);
        let rule = "there are neither two signatures nor one";
        let suite = suite.ok_or_else(|| r.fail(DecodeFault::Rule(rule)))?;
        let (key, signatures) = read_signatures(&mut r, suite)?;
        r.finish()?;
        let claim = T::decode(&payload)?;
        Ok(Unverified { claim, payload, key, suite, signatures, bytes: bytes.to_vec() })
    }

    /// The key that is said to have signed: look it up, then [`Unverified::verify`].
    pub const fn key(&self) -> KeyId {
        self.key
    }

    /// What is claimed. Use it to find the right key and for nothing else.
    pub const fn claim(&self) -> &T {
        &self.claim
    }

    /// Checks the signatures under `key`.
    ///
    /// # Errors
    /// [`VerifyError`]: the key is another one, or a signature does not hold.
    pub fn verify(self, key: &PublicKey) -> Result<Verified<T>, VerifyError> {
        if key.id() != self.key {
            return Err(VerifyError::OtherKey { named: self.key, given: key.id() });
        }
        let messages = messages::<T>(self.suite, self.key, &self.payload);
        key.verify(&messages, &self.signatures)?;
        Ok(Verified { value: self.claim, key: self.key, bytes: self.bytes })
    }
}

/// The signatures of a suite, and the one key that they name.
fn read_signatures(r: &mut Reader<'_>, suite: Suite) -> Result<(KeyId, Vec<Vec<u8>>), DecodeError> {
    let mut key = None;
    let mut signatures = Vec::with_capacity(suite.signatures().len());
    for (alg, len) in suite.signatures() {
        let named = read_signature_head(r, *alg)?;
        if *key.get_or_insert(named) != named {
            return Err(r.fail(DecodeFault::Rule("the two signatures name different keys")));
        }
        let signature = r.bytes(*len)?;
        if signature.len() != *len {
            return Err(r.fail(DecodeFault::Rule("a signature is too short")));
        }
        signatures.push(signature.to_vec());
    }
    let key = key.ok_or_else(|| r.fail(DecodeFault::Rule("there is no signature")))?;
    Ok((key, signatures))
}

fn read_signature_head(r: &mut Reader<'_>, alg: i64) -> Result<KeyId, DecodeError> {
    r.tuple(3)?;
    let mut inner = Reader::new(r.bytes(64)?);
    let mut fields = inner.map()?;
    fields.required(&mut inner, HEADER_ALG)?;
    if inner.int()? != alg {
        return Err(r.fail(DecodeFault::Rule(
            "the signatures are neither EdDSA then ML-DSA-65, nor ML-DSA-87",
        )));
    }
    fields.required(&mut inner, HEADER_KID)?;
    let kid = KeyId::new(inner.fixed()?);
    fields.end(&inner)?;
    inner.finish()?;
    r.map()?.end(r)?;
    Ok(kid)
}

/// Why a statement is not verified.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The statement names another key than the one it is checked with.
    #[error("signed by key {}, checked with key {}", named.short(), given.short())]
    OtherKey {
        /// The key that the statement names.
        named: KeyId,
        /// The key that was given.
        given: KeyId,
    },
    /// A signature does not hold.
    #[error(transparent)]
    Signature(#[from] SignatureFault),
}

#[cfg(test)]
mod tests;
