//! Signed statements: COSE_Sign (RFC 9052 §4.1) with two signatures over one payload, and the types
//! that keep unverified and verified apart.
//!
//! Shape: tag 98 `[h'', {}, payload, [[{1: -8, 4: kid}, {}, ed25519], [{1: -49, 4: kid}, {},
//! ml-dsa-65]]]`, where both key ids are the hybrid key's. Algorithm and key id are protected; the
//! label that separates the domains is the external_aad. -8 is EdDSA (RFC 9053), -49 is ML-DSA-65
//! (COSE registry, draft-ietf-cose-dilithium).

use crate::encode::{DecodeError, DecodeFault, Reader, Writer};
use crate::id::{Digest, KeyId};
use crate::key::{
    ED25519_SIGNATURE_LEN, ML_DSA_65_SIGNATURE_LEN, PublicKey, SignatureFault, SignaturePair,
    SigningKey,
};

const COSE_SIGN_TAG: u64 = 98;
const ALG_EDDSA: i64 = -8;
const ALG_ML_DSA_65: i64 = -49;
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
    pair: SignaturePair,
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
    let pair = key.sign(
        &to_be_signed::<T>(ALG_EDDSA, kid, &payload),
        &to_be_signed::<T>(ALG_ML_DSA_65, kid, &payload),
    );
    let bytes = envelope(&payload, kid, &pair);
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

fn envelope(payload: &[u8], kid: KeyId, pair: &SignaturePair) -> Vec<u8> {
    let mut w = Writer::new();
    w.tag(COSE_SIGN_TAG).array(4).bytes(&[]).map(0).bytes(payload).array(2);
    w.array(3).bytes(&protected(ALG_EDDSA, kid)).map(0).bytes(&pair.ed25519);
    w.array(3).bytes(&protected(ALG_ML_DSA_65, kid)).map(0).bytes(&pair.ml_dsa);
    w.into_bytes()
}

impl<T: Signable> Unverified<T> {
    /// The longest envelope, in bytes.
    pub const MAX_BYTES: usize = T::MAX_PAYLOAD + ML_DSA_65_SIGNATURE_LEN + 256;

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
        r.tuple(2)?;
        let key = read_signature_head(&mut r, ALG_EDDSA)?;
        let ed25519 = r.fixed::<ED25519_SIGNATURE_LEN>()?;
        if read_signature_head(&mut r, ALG_ML_DSA_65)? != key {
            return Err(r.fail(DecodeFault::Rule("the two signatures name different keys")));
        }
        let ml_dsa = r.fixed::<ML_DSA_65_SIGNATURE_LEN>()?.to_vec();
        r.finish()?;
        let claim = T::decode(&payload)?;
        let pair = SignaturePair { ed25519, ml_dsa };
        Ok(Unverified { claim, payload, key, pair, bytes: bytes.to_vec() })
    }

    /// The key that is said to have signed: look it up, then [`Unverified::verify`].
    pub const fn key(&self) -> KeyId {
        self.key
    }

    /// What is claimed. Use it to find the right key and for nothing else.
    pub const fn claim(&self) -> &T {
        &self.claim
    }

    /// Checks both signatures under `key`.
    ///
    /// # Errors
    /// [`SignatureFault`]: the key is another one, or a half does not hold.
    pub fn verify(self, key: &PublicKey) -> Result<Verified<T>, VerifyError> {
        if key.id() != self.key {
            return Err(VerifyError::OtherKey { named: self.key, given: key.id() });
        }
        key.verify(
            &to_be_signed::<T>(ALG_EDDSA, self.key, &self.payload),
            &to_be_signed::<T>(ALG_ML_DSA_65, self.key, &self.payload),
            &self.pair,
        )?;
        Ok(Verified { value: self.claim, key: self.key, bytes: self.bytes })
    }
}

fn read_signature_head(r: &mut Reader<'_>, alg: i64) -> Result<KeyId, DecodeError> {
    r.tuple(3)?;
    let mut inner = Reader::new(r.bytes(64)?);
    let mut fields = inner.map()?;
    fields.required(&mut inner, HEADER_ALG)?;
    if inner.int()? != alg {
        return Err(r.fail(DecodeFault::Rule("the signatures are not EdDSA then ML-DSA-65")));
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
