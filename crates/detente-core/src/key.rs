//! Keys that sign acts, cards and statements, in two suites: hybrid (Ed25519 AND ML-DSA-65, both
//! must hold, always) and `cnsa2` (ML-DSA-87 alone, as CNSA 2.0 asks).
//!
//! Ed25519 verifiers disagree about edge cases, so ONE strict rule stands here, before and around
//! the library: the public key and R are canonical encodings and neither is of small order, and S
//! is reduced (RFC 8032 §5.1.7, checked without cofactor). ML-DSA is FIPS 204, with an empty
//! context string and the deterministic variant for signing: no entropy is drawn here.

use std::fmt;
use std::str::FromStr;

use ml_dsa::signature::{Keypair as _, Signer};
use ml_dsa::{EncodedSignature, EncodedVerifyingKey, MlDsa65, MlDsa87, MlDsaParams};
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
/// Length of an ML-DSA-87 public key in bytes (FIPS 204, table 2).
pub const ML_DSA_87_PUBLIC_LEN: usize = 2592;
/// Length of an ML-DSA-87 signature in bytes (FIPS 204, table 2).
pub const ML_DSA_87_SIGNATURE_LEN: usize = 4627;

/// What a key signs with. An accord may ask for one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Suite {
    /// Ed25519 and ML-DSA-65, both required.
    #[default]
    Hybrid,
    /// ML-DSA-87 alone: the signature of NSA's CNSA 2.0.
    Cnsa2,
}

impl Suite {
    /// Every suite.
    pub const ALL: [Suite; 2] = [Suite::Hybrid, Suite::Cnsa2];

    /// The name in accords, options and file names.
    pub const fn name(self) -> &'static str {
        match self {
            Suite::Hybrid => "hybrid",
            Suite::Cnsa2 => "cnsa2",
        }
    }

    /// Its signatures in their order: algorithm of the COSE registry, and length in bytes. -8 is
    /// EdDSA (RFC 9053), -49 ML-DSA-65 and -50 ML-DSA-87 (draft-ietf-cose-dilithium).
    pub const fn signatures(self) -> &'static [(i64, usize)] {
        match self {
            Suite::Hybrid => &[(-8, ED25519_SIGNATURE_LEN), (-49, ML_DSA_65_SIGNATURE_LEN)],
            Suite::Cnsa2 => &[(-50, ML_DSA_87_SIGNATURE_LEN)],
        }
    }
}

impl fmt::Display for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text names no suite.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown suite {0:?}: use hybrid or cnsa2")]
pub struct UnknownSuite(pub String);

impl FromStr for Suite {
    type Err = UnknownSuite;

    fn from_str(text: &str) -> Result<Suite, UnknownSuite> {
        let mut all = Suite::ALL.into_iter();
        all.find(|suite| suite.name() == text)
            .ok_or_else(|| UnknownSuite(text.chars().take(64).collect()))
    }
}

/// The secret bytes of a key pair: 32 for Ed25519 and 32 (xi) for ML-DSA-65, or 32 (xi) for
/// ML-DSA-87.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Seed(SeedBytes);

#[derive(Clone, Zeroize, ZeroizeOnDrop)]
enum SeedBytes {
    Hybrid([u8; Seed::LEN]),
    Cnsa2([u8; Seed::CNSA2_LEN]),
}

impl Seed {
    /// Length of a hybrid seed in bytes.
    pub const LEN: usize = 64;
    /// Length of a seed of suite `cnsa2` in bytes.
    pub const CNSA2_LEN: usize = 32;

    /// Takes fresh random bytes for a hybrid key.
    pub const fn new(bytes: [u8; Seed::LEN]) -> Seed {
        Seed(SeedBytes::Hybrid(bytes))
    }

    /// Takes fresh random bytes for a key of suite `cnsa2`.
    pub const fn cnsa2(bytes: [u8; Seed::CNSA2_LEN]) -> Seed {
        Seed(SeedBytes::Cnsa2(bytes))
    }

    /// The seed that was stored: its length tells the suite.
    pub fn from_bytes(bytes: &[u8]) -> Option<Seed> {
        match bytes.len() {
            Seed::LEN => bytes.try_into().ok().map(Seed::new),
            Seed::CNSA2_LEN => bytes.try_into().ok().map(Seed::cnsa2),
            _ => None,
        }
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(..)")
    }
}

/// A signing key. It prints nothing of itself and is wiped when dropped.
pub struct SigningKey {
    parts: Secret,
    public: PublicKey,
}

enum Secret {
    Hybrid(Box<(ed25519_dalek::SigningKey, ml_dsa::SigningKey<MlDsa65>)>),
    Cnsa2(Box<ml_dsa::SigningKey<MlDsa87>>),
}

impl SigningKey {
    /// The key pair of this seed.
    ///
    /// # Errors
    /// [`KeyFault`] if the seed gives a public key that the strict rule refuses; a random seed
    /// never does.
    pub fn from_seed(seed: &Seed) -> Result<SigningKey, KeyFault> {
        match &seed.0 {
            SeedBytes::Hybrid(bytes) => {
                let (ed_seed, ml_seed) = bytes.split_at(32);
                let mut ed_bytes = [0; 32];
                ed_bytes.copy_from_slice(ed_seed);
                let ed25519 = ed25519_dalek::SigningKey::from_bytes(&ed_bytes);
                ed_bytes.zeroize();
                let ml_dsa = expand::<MlDsa65>(ml_seed);
                let ml_public = ml_dsa.verifying_key().encode();
                let public = PublicKey::from_parts(ed25519.verifying_key().as_bytes(), &ml_public)?;
                Ok(SigningKey { parts: Secret::Hybrid(Box::new((ed25519, ml_dsa))), public })
            }
            SeedBytes::Cnsa2(bytes) => {
                let ml_dsa = expand::<MlDsa87>(bytes);
                let public = PublicKey::cnsa2(&ml_dsa.verifying_key().encode())?;
                Ok(SigningKey { parts: Secret::Cnsa2(Box::new(ml_dsa)), public })
            }
        }
    }

    /// The public half.
    pub const fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs one prepared message for each of [`Suite::signatures`] (COSE puts the algorithm into
    /// what is signed).
    pub fn sign(&self, messages: &[Vec<u8>]) -> Vec<Vec<u8>> {
        let message = |at: usize| messages.get(at).map_or(&[] as &[u8], Vec::as_slice);
        match &self.parts {
            Secret::Hybrid(both) => {
                let (ed25519, ml_dsa) = both.as_ref();
                let first = ed25519.sign(message(0)).to_bytes().to_vec();
                let second: ml_dsa::Signature<MlDsa65> = Signer::sign(ml_dsa, message(1));
                vec![first, second.encode().to_vec()]
            }
            Secret::Cnsa2(ml_dsa) => {
                let only: ml_dsa::Signature<MlDsa87> = Signer::sign(ml_dsa.as_ref(), message(0));
                vec![only.encode().to_vec()]
            }
        }
    }
}

/// The ML-DSA key of 32 secret bytes (FIPS 204, algorithm 6).
fn expand<P: MlDsaParams>(bytes: &[u8]) -> ml_dsa::SigningKey<P> {
    let mut xi = ml_dsa::Seed::default();
    xi.copy_from_slice(bytes);
    let key = ml_dsa::SigningKey::<P>::from_seed(&xi);
    xi.zeroize();
    key
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

/// A public key that passed the strict rule.
#[derive(Clone)]
pub struct PublicKey {
    parts: Parts,
    id: KeyId,
}

#[derive(Clone)]
enum Parts {
    Hybrid {
        ed25519: ed25519_dalek::VerifyingKey,
        ml_dsa: Box<ml_dsa::VerifyingKey<MlDsa65>>,
        ml_dsa_bytes: Box<[u8]>,
    },
    Cnsa2 {
        ml_dsa: Box<ml_dsa::VerifyingKey<MlDsa87>>,
        ml_dsa_bytes: Box<[u8]>,
    },
}

impl PublicKey {
    /// Checks and takes both halves of a hybrid key.
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
        let ml_key = decode_key::<MlDsa65>(ml_dsa)?;
        let (ml_dsa, ml_dsa_bytes) = (Box::new(ml_key), ml_dsa.into());
        Ok(PublicKey::named(Parts::Hybrid { ed25519: ed_key, ml_dsa, ml_dsa_bytes }))
    }

    /// Takes a key of suite `cnsa2`: an ML-DSA-87 public key.
    ///
    /// # Errors
    /// [`KeyFault::MlDsaLength`].
    pub fn cnsa2(ml_dsa: &[u8]) -> Result<PublicKey, KeyFault> {
        let ml_key = decode_key::<MlDsa87>(ml_dsa)?;
        let (ml_dsa, ml_dsa_bytes) = (Box::new(ml_key), ml_dsa.into());
        Ok(PublicKey::named(Parts::Cnsa2 { ml_dsa, ml_dsa_bytes }))
    }

    fn named(parts: Parts) -> PublicKey {
        let mut key = PublicKey { parts, id: KeyId::new([0; 32]) };
        key.id = KeyId::new(*Digest::of("detente/key/1", &[&key.to_bytes()]).as_bytes());
        key
    }

    /// The name of this key.
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// What it signs with.
    pub const fn suite(&self) -> Suite {
        match self.parts {
            Parts::Hybrid { .. } => Suite::Hybrid,
            Parts::Cnsa2 { .. } => Suite::Cnsa2,
        }
    }

    /// The Ed25519 half of a hybrid key, for foreign tools.
    pub fn ed25519_bytes(&self) -> Option<&[u8; ED25519_PUBLIC_LEN]> {
        match &self.parts {
            Parts::Hybrid { ed25519, .. } => Some(ed25519.as_bytes()),
            Parts::Cnsa2 { .. } => None,
        }
    }

    /// The ML-DSA key, for foreign tools.
    pub fn ml_dsa_bytes(&self) -> &[u8] {
        match &self.parts {
            Parts::Hybrid { ml_dsa_bytes, .. } | Parts::Cnsa2 { ml_dsa_bytes, .. } => ml_dsa_bytes,
        }
    }

    /// Writes `[ed25519, ml-dsa-65]`, or `[ml-dsa-87]`.
    pub fn write(&self, w: &mut Writer) {
        match &self.parts {
            Parts::Hybrid { ed25519, ml_dsa_bytes, .. } => {
                w.array(2).bytes(ed25519.as_bytes()).bytes(ml_dsa_bytes);
            }
            Parts::Cnsa2 { ml_dsa_bytes, .. } => {
                w.array(1).bytes(ml_dsa_bytes);
            }
        }
    }

    /// The canonical bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut w = Writer::new();
        self.write(&mut w);
        w.into_bytes()
    }

    /// Reads what [`PublicKey::write`] wrote and checks each part.
    pub fn read(r: &mut Reader<'_>) -> Result<PublicKey, DecodeError> {
        let key = match r.array(2)? {
            2 => {
                let ed25519 = r.fixed::<ED25519_PUBLIC_LEN>()?;
                PublicKey::from_parts(&ed25519, r.bytes(ML_DSA_65_PUBLIC_LEN)?)
            }
            1 => PublicKey::cnsa2(r.bytes(ML_DSA_87_PUBLIC_LEN)?),
            _ => return Err(r.fail(DecodeFault::Rule("a key has one or two parts"))),
        };
        key.map_err(|fault| r.fail(fault.into()))
    }

    /// Checks one signature for each of [`Suite::signatures`], by the strict rule.
    ///
    /// # Errors
    /// [`SignatureFault`] names the one that does not hold.
    pub fn verify(
        &self,
        messages: &[Vec<u8>],
        signatures: &[Vec<u8>],
    ) -> Result<(), SignatureFault> {
        match (&self.parts, messages, signatures) {
            (Parts::Hybrid { ed25519, ml_dsa, .. }, [for_ed25519, for_ml_dsa], [first, second]) => {
                let first = ed25519_dalek::Signature::from_slice(first);
                let first = first.map_err(|_| SignatureFault::Ed25519)?;
                // `verify_strict` refuses small-order A and R and compares the encoding of R, so
                // that a non-canonical R fails; a non-reduced S is refused too.
                let held = ed25519.verify_strict(for_ed25519, &first);
                held.map_err(|_| SignatureFault::Ed25519)?;
                verify_ml_dsa(ml_dsa, for_ml_dsa, second)
            }
            (Parts::Cnsa2 { ml_dsa, .. }, [message], [only]) => {
                verify_ml_dsa(ml_dsa, message, only)
            }
            _ => Err(SignatureFault::Suite),
        }
    }
}

fn decode_key<P: MlDsaParams>(bytes: &[u8]) -> Result<ml_dsa::VerifyingKey<P>, KeyFault> {
    let encoded = EncodedVerifyingKey::<P>::try_from(bytes)
        .map_err(|_| KeyFault::MlDsaLength { got: bytes.len() })?;
    Ok(ml_dsa::VerifyingKey::<P>::decode(&encoded))
}

fn verify_ml_dsa<P: MlDsaParams>(
    key: &ml_dsa::VerifyingKey<P>,
    message: &[u8],
    signature: &[u8],
) -> Result<(), SignatureFault> {
    let encoded = EncodedSignature::<P>::try_from(signature).map_err(|_| SignatureFault::MlDsa)?;
    let signature = ml_dsa::Signature::<P>::decode(&encoded).ok_or(SignatureFault::MlDsa)?;
    if key.verify_with_context(message, &[], &signature) {
        Ok(())
    } else {
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
    /// The ML-DSA key has another length.
    #[error(
        "ML-DSA key has {got} bytes, must have {ML_DSA_65_PUBLIC_LEN} in a hybrid key and \
         {ML_DSA_87_PUBLIC_LEN} in one of suite cnsa2"
    )]
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
            KeyFault::MlDsaLength { .. } => "ML-DSA key has a wrong length",
            KeyFault::NotCanonical => "Ed25519 key is not canonical",
            KeyFault::NotOnCurve => "Ed25519 key is not on the curve",
            KeyFault::SmallOrder => "Ed25519 key is of small order",
        })
    }
}

/// Which signature does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureFault {
    /// The Ed25519 half.
    #[error("the Ed25519 signature does not verify")]
    Ed25519,
    /// The ML-DSA signature.
    #[error("the ML-DSA signature does not verify")]
    MlDsa,
    /// The signatures are those of another suite than the key's.
    #[error("the signatures are of another suite than the key")]
    Suite,
}
