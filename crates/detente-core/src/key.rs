//! Hybrid keys: Ed25519 AND ML-DSA-65. Both signatures must hold, always.
//!
//! Ed25519 verifiers disagree about edge cases, so ONE strict rule stands here, before and around
//! the library: the public key and R are canonical encodings and neither is of small order, and S
//! is reduced (RFC 8032 §5.1.7, checked without cofactor). ML-DSA is FIPS 204, with an empty
//! context string and the deterministic variant for signing: no entropy is drawn here.

use std::fmt;

use ed25519_dalek::Signer as _;
use ml_dsa::signature::Keypair as _;
use ml_dsa::{EncodedSignature, EncodedVerifyingKey, MlDsa65};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::encode::{DecodeError, DecodeFault, Reader, Writer};
use crate::id::{Digest, KeyId};

/// Length of an Ed25519 public key in bytes.
pub const ED25519_PUBLIC_LEN: usize = 32;
/// Length of an Ed25519 signature in bytes.
pub const ED25519_SIGNATURE_LEN: usize = 64;
/// Length of an ML-DSA-65 public key in bytes (FIPS 204, table 2).
pub const ML_DSA_65_PUBLIC_LEN: usize = 1952;
/// Length of an ML-DSA-65 signature in bytes (FIPS 204, table 2).
pub const ML_DSA_65_SIGNATURE_LEN: usize = 3309;

/// The 64 secret bytes of a key pair: 32 for Ed25519, 32 (xi) for ML-DSA.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Seed([u8; Seed::LEN]);

impl Seed {
    /// Length in bytes.
    pub const LEN: usize = 64;

    /// Takes fresh random bytes.
    pub const fn new(bytes: [u8; Seed::LEN]) -> Seed {
        Seed(bytes)
    }

    /// The secret bytes, to be encrypted and stored.
    pub const fn expose(&self) -> &[u8; Seed::LEN] {
        &self.0
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(..)")
    }
}

/// A hybrid signing key. It prints nothing of itself and is wiped when dropped.
pub struct SigningKey {
    ed25519: ed25519_dalek::SigningKey,
    ml_dsa: ml_dsa::SigningKey<MlDsa65>,
    public: PublicKey,
}

impl SigningKey {
    /// The key pair of this seed.
    ///
    /// # Errors
    /// [`KeyFault`] if the seed gives a public key that the strict rule refuses; a random seed
    /// never does.
    pub fn from_seed(seed: &Seed) -> Result<SigningKey, KeyFault> {
        let (ed_seed, ml_seed) = seed.0.split_at(32);
        let mut ed_bytes = [0; 32];
        ed_bytes.copy_from_slice(ed_seed);
        let mut xi = ml_dsa::Seed::default();
        xi.copy_from_slice(ml_seed);
        let ed25519 = ed25519_dalek::SigningKey::from_bytes(&ed_bytes);
        let ml_dsa = ml_dsa::SigningKey::<MlDsa65>::from_seed(&xi);
        ed_bytes.zeroize();
        xi.zeroize();
        let ml_public = ml_dsa.verifying_key().encode();
        let public = PublicKey::from_parts(ed25519.verifying_key().as_bytes(), &ml_public)?;
        Ok(SigningKey { ed25519, ml_dsa, public })
    }

    /// The public half.
    pub const fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs two prepared messages, one for each algorithm (COSE puts the algorithm into what is
    /// signed).
    pub fn sign(&self, for_ed25519: &[u8], for_ml_dsa: &[u8]) -> SignaturePair {
        let ed25519 = self.ed25519.sign(for_ed25519).to_bytes();
        let ml_dsa: ml_dsa::Signature<MlDsa65> =
            ml_dsa::signature::Signer::sign(&self.ml_dsa, for_ml_dsa);
        SignaturePair { ed25519, ml_dsa: ml_dsa.encode().to_vec() }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.public.id.short())
    }
}

/// The public half of an Ed25519 seed (RFC 8032 §5.1.5): for log, mirror and other single keys.
pub fn ed25519_public(seed: &[u8; 32]) -> [u8; ED25519_PUBLIC_LEN] {
    ed25519_dalek::SigningKey::from_bytes(seed).verifying_key().to_bytes()
}

/// Both signatures over one statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignaturePair {
    /// 64 bytes.
    pub ed25519: [u8; ED25519_SIGNATURE_LEN],
    /// [`ML_DSA_65_SIGNATURE_LEN`] bytes.
    pub ml_dsa: Vec<u8>,
}

/// A hybrid public key that passed the strict rule.
#[derive(Clone)]
pub struct PublicKey {
    ed25519: ed25519_dalek::VerifyingKey,
    ml_dsa: Box<ml_dsa::VerifyingKey<MlDsa65>>,
    ml_dsa_bytes: Box<[u8]>,
    id: KeyId,
}

impl PublicKey {
    /// Checks and takes both halves.
    ///
    /// # Errors
    /// [`KeyFault`] names the half and the rule it breaks.
    pub fn from_parts(ed25519: &[u8; 32], ml_dsa: &[u8]) -> Result<PublicKey, KeyFault> {
        let ed_key =
            ed25519_dalek::VerifyingKey::from_bytes(ed25519).map_err(|_| KeyFault::NotOnCurve)?;
        if ed_key.to_edwards().compress().as_bytes() != ed25519 {
            return Err(KeyFault::NotCanonical);
        }
        if ed_key.is_weak() {
            return Err(KeyFault::SmallOrder);
        }
        let encoded = EncodedVerifyingKey::<MlDsa65>::try_from(ml_dsa)
            .map_err(|_| KeyFault::MlDsaLength { got: ml_dsa.len() })?;
        let ml_key = ml_dsa::VerifyingKey::<MlDsa65>::decode(&encoded);
        let mut key = PublicKey {
            ed25519: ed_key,
            ml_dsa: Box::new(ml_key),
            ml_dsa_bytes: ml_dsa.into(),
            id: KeyId::new([0; 32]),
        };
        key.id = KeyId::new(*Digest::of("detente/key/1", &[&key.to_bytes()]).as_bytes());
        Ok(key)
    }

    /// The name of this key.
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// The Ed25519 half, for foreign tools.
    pub fn ed25519_bytes(&self) -> &[u8; ED25519_PUBLIC_LEN] {
        self.ed25519.as_bytes()
    }

    /// The ML-DSA-65 half, for foreign tools.
    pub fn ml_dsa_bytes(&self) -> &[u8] {
        &self.ml_dsa_bytes
    }

    /// Writes `[ed25519, ml-dsa-65]`.
    pub fn write(&self, w: &mut Writer) {
        w.array(2).bytes(self.ed25519.as_bytes()).bytes(&self.ml_dsa_bytes);
    }

    /// The canonical bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut w = Writer::new();
        self.write(&mut w);
        w.into_bytes()
    }

    /// Reads what [`PublicKey::write`] wrote and checks both halves.
    pub fn read(r: &mut Reader<'_>) -> Result<PublicKey, DecodeError> {
        r.tuple(2)?;
        let ed25519 = r.fixed::<ED25519_PUBLIC_LEN>()?;
        let ml_dsa = r.bytes(ML_DSA_65_PUBLIC_LEN)?;
        PublicKey::from_parts(&ed25519, ml_dsa).map_err(|fault| r.fail(fault.into()))
    }

    /// Checks both signatures by the strict rule.
    ///
    /// # Errors
    /// [`SignatureFault`] names the half that does not hold.
    pub fn verify(
        &self,
        for_ed25519: &[u8],
        for_ml_dsa: &[u8],
        pair: &SignaturePair,
    ) -> Result<(), SignatureFault> {
        let signature = ed25519_dalek::Signature::from_bytes(&pair.ed25519);
        // `verify_strict` refuses small-order A and R and compares the encoding of R, so that a
        // non-canonical R fails; a non-reduced S is refused too.
        self.ed25519.verify_strict(for_ed25519, &signature).map_err(|_| SignatureFault::Ed25519)?;
        let encoded = EncodedSignature::<MlDsa65>::try_from(pair.ml_dsa.as_slice())
            .map_err(|_| SignatureFault::MlDsa)?;
        let signature =
            ml_dsa::Signature::<MlDsa65>::decode(&encoded).ok_or(SignatureFault::MlDsa)?;
        if self.ml_dsa.verify_with_context(for_ml_dsa, &[], &signature) {
            return Ok(());
        }
        Err(SignatureFault::MlDsa)
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &PublicKey) -> bool {
        self.id == other.id
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.id.short())
    }
}

/// Why a public key is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// The ML-DSA half has another length.
    #[error("ML-DSA-65 key has {got} bytes, must have {ML_DSA_65_PUBLIC_LEN}")]
    MlDsaLength {
        /// Bytes found.
        got: usize,
    },
    /// The Ed25519 half is another spelling of a point.
    #[error("Ed25519 key is not the canonical encoding of its point")]
    NotCanonical,
    /// The Ed25519 half is no point.
    #[error("Ed25519 key is not a point on the curve")]
    NotOnCurve,
    /// The Ed25519 half is of small order: signatures by it prove nothing.
    #[error("Ed25519 key is of small order")]
    SmallOrder,
}

impl From<KeyFault> for DecodeFault {
    fn from(fault: KeyFault) -> DecodeFault {
        DecodeFault::Rule(match fault {
            KeyFault::MlDsaLength { .. } => "ML-DSA-65 key has a wrong length",
            KeyFault::NotCanonical => "Ed25519 key is not canonical",
            KeyFault::NotOnCurve => "Ed25519 key is not on the curve",
            KeyFault::SmallOrder => "Ed25519 key is of small order",
        })
    }
}

/// Which half of a signature does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureFault {
    /// The Ed25519 half.
    #[error("the Ed25519 signature does not verify")]
    Ed25519,
    /// The ML-DSA-65 half.
    #[error("the ML-DSA-65 signature does not verify")]
    MlDsa,
}
