//! Ed25519 by one strict rule.
//!
//! Is: the only place that touches the signature library. A public key A and a signature (R, S) are
//! accepted if A and R are canonical encodings, neither has small order, S is below the group
//! order, and S·B = R + H(R, A, M)·A without multiplying by the cofactor. Verifiers in use disagree
//! on the rest (RFC 8032 leaves it open); between parties who do not trust each other that is a
//! weapon.
//!
//! Is not: a choice: there is no lenient mode. Source: RFC 8032 §5.1.7; Chalkias, Garillot,
//! Nikolaenko, "Taming the many EdDSAs" (SSR 2020).

use std::fmt;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

use crate::blame::Blame;

/// Bytes of a signature.
pub(crate) const SIGNATURE_LEN: usize = 64;

/// A public key that the strict rule refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublicKeyError {
    /// Not 32 bytes.
    #[error("public key has {got} bytes, not 32")]
    Length {
        /// Bytes given.
        got: usize,
    },
    /// A second spelling of a point.
    #[error("public key is not canonically encoded")]
    NotCanonical,
    /// Not a point of the curve.
    #[error("public key is not on the curve")]
    NotOnCurve,
    /// A point of small order: signatures under it prove nothing.
    #[error("public key has small order")]
    SmallOrder,
}

impl PublicKeyError {
    /// Stable machine code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Length { .. } => "ed25519_key_length",
            Self::NotCanonical => "ed25519_key_not_canonical",
            Self::NotOnCurve => "ed25519_key_not_on_curve",
            Self::SmallOrder => "ed25519_key_small_order",
        }
    }

    /// Always who sent the key.
    #[must_use]
    pub fn blame(&self) -> Blame {
        Blame::Peer
    }
}

/// A signature that the strict rule refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("ed25519 signature does not verify")]
pub struct StrictEd25519Error;

/// A public key that passed the strict rule.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// Bytes of a public key.
    pub const LEN: usize = 32;

    /// Checks length, encoding and order.
    ///
    /// # Errors
    /// [`PublicKeyError`] names the fault.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, PublicKeyError> {
        let array: &[u8; Self::LEN] =
            bytes.try_into().map_err(|_| PublicKeyError::Length { got: bytes.len() })?;
        let key = VerifyingKey::from_bytes(array).map_err(|_| PublicKeyError::NotOnCurve)?;
        // The library decompresses y modulo p and ignores the sign of x = 0, so a point has several
        // accepted spellings. Its own compression has one.
        if key.to_edwards().compress().as_bytes() != array {
            return Err(PublicKeyError::NotCanonical);
        }
        if key.is_weak() {
            return Err(PublicKeyError::SmallOrder);
        }
        Ok(Self(key))
    }

    /// The 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; Self::LEN] {
        self.0.as_bytes()
    }

    /// Checks a signature of exactly 64 bytes by the strict rule.
    ///
    /// # Errors
    /// [`StrictEd25519Error`] when it does not hold.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), StrictEd25519Error> {
        let signature = Signature::from_slice(signature).map_err(|_| StrictEd25519Error)?;
        // Compares the encoding of the R it computed with the R given, hence R is canonical; and
        // refuses S above the order and R of small order.
        self.0.verify_strict(message, &signature).map_err(|_| StrictEd25519Error)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("PublicKey(")?;
        self.as_bytes().iter().try_for_each(|byte| write!(out, "{byte:02x}"))?;
        out.write_str(")")
    }
}

/// A signing key; the library zeroises it when it is dropped.
pub(crate) struct SecretKey(SigningKey);

impl SecretKey {
    /// From the 32-byte seed of RFC 8032 §5.1.5. The caller zeroises its own copy.
    pub(crate) fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// The public half. A clamped scalar times the base point has the prime order or is refused.
    pub(crate) fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// Signs (deterministic, RFC 8032 §5.1.6).
    pub(crate) fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_LEN] {
        self.0.sign(message).to_bytes()
    }
}

impl fmt::Debug for SecretKey {
    /// Prints nothing: the seed must not reach a log.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("SecretKey")
    }
}
