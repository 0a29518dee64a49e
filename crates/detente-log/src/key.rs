//! Key names, key ids, verifier keys as text, and the key that signs notes.
//!
//! Is: the identity half of C2SP signed-note for Ed25519. Is not: notes (`note.rs`) or cosigner
//! keys (`cosign.rs`), which have a type of their own so that one is never taken for the other.
//! Source: C2SP signed-note v1.0.0, "Signatures" and "Verifier keys".

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::blame::Blame;
use crate::ed25519::{PublicKey, PublicKeyError, SecretKey, StrictEd25519Error};
use crate::note::SignatureLine;
use crate::text::{parse_base64, to_base64};

/// Longest verifier key that is read; an ML-DSA-87 key with a long name would fit.
pub const MAX_VKEY_BYTES: usize = 4096;
/// Signature type of Ed25519 note signatures.
pub(crate) const TYPE_ED25519: u8 = 0x01;
/// Signature type of timestamped Ed25519 cosignatures.
pub(crate) const TYPE_COSIGNATURE: u8 = 0x04;

/// A name that no key may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyNameError {
    /// A control character, a Unicode space or a plus.
    #[error("key name holds a space, a plus or a control character")]
    Character,
    /// No character.
    #[error("key name is empty")]
    Empty,
}

/// The name of a key: not empty, no Unicode space, no plus, no control character.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyName(String);

impl KeyName {
    /// Checks the characters.
    ///
    /// # Errors
    /// [`KeyNameError`] names the fault.
    pub fn new(name: &str) -> Result<Self, KeyNameError> {
        if name.is_empty() {
            return Err(KeyNameError::Empty);
        }
        if name.chars().any(|c| c.is_whitespace() || c < ' ' || c == '+') {
            return Err(KeyNameError::Character);
        }
        Ok(Self(name.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// The short identifier of a key under its name. Not a cryptographic commitment to the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(u32);

impl KeyId {
    /// From its big-endian bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 4]) -> Self {
        Self(u32::from_be_bytes(bytes))
    }

    /// Its big-endian bytes.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 4] {
        self.0.to_be_bytes()
    }

    /// SHA-256(name, newline, type, key), first four bytes.
    pub(crate) fn compute(name: &KeyName, kind: u8, key: &[u8]) -> Self {
        let digest: [u8; 32] = Sha256::new()
            .chain_update(name.as_str())
            .chain_update([b'\n', kind])
            .chain_update(key)
            .finalize()
            .into();
        Self::from_bytes([digest[0], digest[1], digest[2], digest[3]])
    }
}

impl fmt::Display for KeyId {
    /// Eight lowercase hex digits.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:08x}", self.0)
    }
}

/// A verifier key that is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The key material is not canonical base64, or empty.
    #[error("verifier key material is not canonical base64")]
    Base64,
    /// The id is not eight lowercase hex digits.
    #[error("key id is not eight lowercase hex digits")]
    Id,
    /// The id is not that of name, type and key.
    #[error("key id is {got}, but the key has {want}")]
    IdMismatch {
        /// Id in the text.
        got: KeyId,
        /// Id computed.
        want: KeyId,
    },
    /// The name is not a key name.
    #[error("verifier key has a bad name")]
    Name(#[source] KeyNameError),
    /// The public key breaks the strict rule.
    #[error("verifier key holds a bad public key")]
    PublicKey(#[source] PublicKeyError),
    /// Not name, id and material between plus signs.
    #[error("verifier key does not have three parts")]
    Shape,
    /// Longer than [`MAX_VKEY_BYTES`].
    #[error("verifier key has {got} bytes, at most 4096 allowed")]
    TooLong {
        /// Bytes given.
        got: usize,
    },
    /// A key of another signature type than this place takes.
    #[error("verifier key has signature type {got:#04x}, not {want:#04x}")]
    Type {
        /// Type in the text.
        got: u8,
        /// Type that this place takes.
        want: u8,
    },
}

impl KeyError {
    /// Stable machine code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Base64 => "vkey_base64",
            Self::Id => "vkey_id",
            Self::IdMismatch { .. } => "vkey_id_mismatch",
            Self::Name(_) => "vkey_name",
            Self::PublicKey(error) => error.code(),
            Self::Shape => "vkey_shape",
            Self::TooLong { .. } => "vkey_too_long",
            Self::Type { .. } => "vkey_type",
        }
    }

    /// Always who sent the key.
    #[must_use]
    pub fn blame(&self) -> Blame {
        Blame::Peer
    }
}

/// Name, id and public key of either signature type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) name: KeyName,
    pub(crate) id: KeyId,
    pub(crate) key: PublicKey,
}

impl Identity {
    pub(crate) fn new(name: KeyName, kind: u8, key: PublicKey) -> Self {
        let id = KeyId::compute(&name, kind, key.as_bytes());
        Self { name, id, key }
    }

    /// Reads `<name>+<id>+<base64(type, key)>` of the given type.
    pub(crate) fn parse(text: &str, want: u8) -> Result<Self, KeyError> {
        if text.len() > MAX_VKEY_BYTES {
            return Err(KeyError::TooLong { got: text.len() });
        }
        // Base64 may hold plus signs; name and id may not.
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(material)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(KeyError::Shape);
        };
        let name = KeyName::new(name).map_err(KeyError::Name)?;
        let id = parse_id(id).ok_or(KeyError::Id)?;
        let material = parse_base64(material).ok_or(KeyError::Base64)?;
        let (&kind, key) = material.split_first().ok_or(KeyError::Base64)?;
        if kind != want {
            return Err(KeyError::Type { got: kind, want });
        }
        let key = PublicKey::from_bytes(key).map_err(KeyError::PublicKey)?;
        let identity = Self::new(name, kind, key);
        if identity.id != id {
            return Err(KeyError::IdMismatch { got: id, want: identity.id });
        }
        Ok(identity)
    }

    pub(crate) fn to_vkey(&self, kind: u8) -> String {
        let mut material = vec![kind];
        material.extend_from_slice(self.key.as_bytes());
        format!("{}+{}+{}", self.name, self.id, to_base64(&material))
    }

    /// Whether a line claims to be by this key.
    pub(crate) fn is_named_by(&self, line: &SignatureLine) -> bool {
        line.name() == &self.name && line.id() == self.id
    }
}

/// Eight lowercase hex digits.
fn parse_id(text: &str) -> Option<KeyId> {
    let lower = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if text.len() != 8 || !lower {
        return None;
    }
    u32::from_str_radix(text, 16).ok().map(KeyId)
}

/// A key that verifies note signatures (type 0x01).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey(pub(crate) Identity);

impl VerifierKey {
    /// From a name and a public key.
    #[must_use]
    pub fn new(name: KeyName, key: PublicKey) -> Self {
        Self(Identity::new(name, TYPE_ED25519, key))
    }

    /// Reads the text form.
    ///
    /// # Errors
    /// [`KeyError`] names the fault.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        Identity::parse(text, TYPE_ED25519).map(Self)
    }

    /// The text form: name, id and key.
    #[must_use]
    pub fn to_vkey(&self) -> String {
        self.0.to_vkey(TYPE_ED25519)
    }

    /// Name of the key.
    #[must_use]
    pub fn name(&self) -> &KeyName {
        &self.0.name
    }

    /// Id of the key.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.0.id
    }

    /// The public key.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        &self.0.key
    }

    /// Checks the signature of a line over a note text.
    pub(crate) fn verify(
        &self,
        text: &str,
        line: &SignatureLine,
    ) -> Result<(), StrictEd25519Error> {
        self.0.key.verify(text.as_bytes(), line.signature())
    }
}

/// A key that signs notes (type 0x01). Prints no secret; zeroised when dropped.
#[derive(Debug)]
pub struct NoteSigner {
    key: SecretKey,
    verifier: VerifierKey,
}

impl NoteSigner {
    /// From a name and the 32-byte seed of RFC 8032, which the caller zeroises.
    #[must_use]
    pub fn new(name: KeyName, seed: &[u8; 32]) -> Self {
        let key = SecretKey::from_seed(seed);
        let verifier = VerifierKey::new(name, key.public());
        Self { key, verifier }
    }

    /// The key that verifies what this one signs.
    #[must_use]
    pub fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// Signs a note text that was checked before.
    pub(crate) fn sign(&self, text: &str) -> SignatureLine {
        let signature = self.key.sign(text.as_bytes());
        SignatureLine::new(self.verifier.name().clone(), self.verifier.id(), signature.to_vec())
    }
}
