//! Timestamped Ed25519 cosignatures of checkpoints.
//!
//! Is: cosigner keys (type 0x04), the signed message, and the permit without which nothing is
//! cosigned. Is not: the decision whether to cosign: only `witness.rs` and `mirror.rs` make
//! permits. Source: C2SP tlog-cosignature v1.0.1, "Ed25519 signed message".
//!
//! An Ed25519 cosignature does not commit to the cosigner's name, so one key never serves two
//! cosigners; a mirror and a witness of one operator have distinct keys and names (tlog-mirror).
//!
//! Deviation, stricter: a timestamp of zero is refused everywhere, not in a witness's answer alone.

use std::fmt;

use crate::blame::Blame;
use crate::checkpoint::VerifiedCheckpoint;
use crate::ed25519::{PublicKey, SIGNATURE_LEN, SecretKey};
use crate::key::{Identity, KeyError, KeyId, KeyName, TYPE_COSIGNATURE};
use crate::note::{NoteError, SignatureLine};

/// A cosignature that is refused, or that must not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CosignError {
    /// Two trusted cosigners share name and id, or a public key.
    #[error("two trusted cosigners share the key of {name}")]
    AmbiguousKey {
        /// Name of the second.
        name: KeyName,
    },
    /// Two lines by one known key.
    #[error("checkpoint has two cosignatures by {name}")]
    Duplicate {
        /// Name of the cosigner.
        name: KeyName,
    },
    /// A known cosigner's line does not verify.
    #[error("cosignature by {name} does not verify")]
    Invalid {
        /// Name of the cosigner.
        name: KeyName,
    },
    /// No line by that cosigner.
    #[error("there is no cosignature by {name}")]
    Missing {
        /// Name of the cosigner.
        name: KeyName,
    },
    /// The checkpoint cannot take the line.
    #[error("checkpoint cannot take another signature line")]
    Note(#[source] NoteError),
    /// A mirror's key was to sign as a witness, or the other way round.
    #[error("permit is for a {want} key, not for a {got} key")]
    Role {
        /// Role of the key.
        got: CosignerRole,
        /// Role that was permitted.
        want: CosignerRole,
    },
    /// Zero or above 2^63 - 1.
    #[error("cosignature time {got} is not between 1 and 2^63 - 1")]
    Time {
        /// Seconds since the epoch.
        got: u64,
    },
}

impl CosignError {
    /// Stable machine code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::AmbiguousKey { .. } => "cosign_ambiguous_key",
            Self::Duplicate { .. } => "cosign_duplicate",
            Self::Invalid { .. } => "cosign_invalid",
            Self::Missing { .. } => "cosign_missing",
            Self::Note(error) => error.code(),
            Self::Role { .. } => "cosign_role",
            Self::Time { .. } => "cosign_time",
        }
    }

    /// Whoever sent the lines, but for keys, roles and times that the caller chose.
    #[must_use]
    pub fn blame(&self) -> Blame {
        match self {
            Self::AmbiguousKey { .. } | Self::Role { .. } | Self::Time { .. } => Blame::Caller,
            Self::Note(error) => error.blame(),
            Self::Duplicate { .. } | Self::Invalid { .. } | Self::Missing { .. } => Blame::Peer,
        }
    }
}

/// When a cosignature was made: seconds since the Unix epoch, 1 to 2^63 - 1. A claim of the
/// cosigner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CosignTime(u64);

impl CosignTime {
    /// Checks the bounds.
    ///
    /// # Errors
    /// [`CosignError::Time`].
    pub fn new(seconds: u64) -> Result<Self, CosignError> {
        match seconds {
            1..=0x7fff_ffff_ffff_ffff => Ok(Self(seconds)),
            _ => Err(CosignError::Time { got: seconds }),
        }
    }

    /// Seconds since the Unix epoch.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// What a cosigner's signature says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CosignerRole {
    /// "I hold all entries durably and serve them" (tlog-mirror), and what a witness says.
    Mirror,
    /// "This is the largest consistent tree that I have seen" (tlog-witness).
    Witness,
}

impl fmt::Display for CosignerRole {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Mirror => "mirror",
            Self::Witness => "witness",
        })
    }
}

/// A key that verifies cosignatures (type 0x04).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CosignerKey(pub(crate) Identity);

impl CosignerKey {
    /// From a name and a public key.
    #[must_use]
    pub fn new(name: KeyName, key: PublicKey) -> Self {
        Self(Identity::new(name, TYPE_COSIGNATURE, key))
    }

    /// Reads the text form.
    ///
    /// # Errors
    /// [`KeyError`] names the fault.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        Identity::parse(text, TYPE_COSIGNATURE).map(Self)
    }

    /// The text form: name, id and key.
    #[must_use]
    pub fn to_vkey(&self) -> String {
        self.0.to_vkey(TYPE_COSIGNATURE)
    }

    /// Name of the cosigner.
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

    /// Checks one line over a checkpoint's text.
    fn verify(&self, text: &str, line: &SignatureLine) -> Result<Cosignature, CosignError> {
        let invalid = || CosignError::Invalid { name: self.name().clone() };
        let (seconds, signature) = line.signature().split_first_chunk::<8>().ok_or_else(invalid)?;
        let time = CosignTime::new(u64::from_be_bytes(*seconds)).map_err(|_| invalid())?;
        self.0.key.verify(message(time, text).as_bytes(), signature).map_err(|_| invalid())?;
        Ok(Cosignature { name: self.name().clone(), time })
    }
}

/// "two newline terminated lines (one header line and one timestamp line) followed by the whole
/// note body of the cosigned checkpoint".
fn message(time: CosignTime, text: &str) -> String {
    format!("cosignature/v1\ntime {}\n{text}", time.get())
}

/// A cosignature that verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cosignature {
    name: KeyName,
    time: CosignTime,
}

impl Cosignature {
    /// Who cosigned.
    #[must_use]
    pub fn name(&self) -> &KeyName {
        &self.name
    }

    /// When, by the cosigner's clock.
    #[must_use]
    pub fn time(&self) -> CosignTime {
        self.time
    }
}

/// The cosignatures by `keys` among `lines`, in the order of `keys`.
pub(crate) fn verify_cosignatures(
    text: &str,
    lines: &[SignatureLine],
    keys: &[CosignerKey],
) -> Result<Vec<Cosignature>, CosignError> {
    let mut found = Vec::new();
    for (at, key) in keys.iter().enumerate() {
        let name = || key.name().clone();
        // The message does not commit to the name: one public key under two names would count one
        // cosigner twice.
        if keys[..at].iter().any(|old| old.public_key() == key.public_key()) {
            return Err(CosignError::AmbiguousKey { name: name() });
        }
        let mut mine = lines.iter().filter(|line| key.0.is_named_by(line));
        let Some(line) = mine.next() else { continue };
        if mine.next().is_some() {
            return Err(CosignError::Duplicate { name: name() });
        }
        found.push(key.verify(text, line)?);
    }
    Ok(found)
}

/// The right to cosign one checkpoint once: made by a witness's or mirror's accepted and persisted
/// step, and by nothing else.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub struct MayCosign {
    checkpoint: VerifiedCheckpoint,
    role: CosignerRole,
}

impl MayCosign {
    pub(crate) fn new(checkpoint: VerifiedCheckpoint, role: CosignerRole) -> Self {
        Self { checkpoint, role }
    }

    /// What may be cosigned.
    #[must_use]
    pub fn checkpoint(&self) -> &VerifiedCheckpoint {
        &self.checkpoint
    }
}

/// A key that cosigns in one role. Prints no secret; zeroised when dropped.
#[derive(Debug)]
pub struct Cosigner {
    key: SecretKey,
    verifier: CosignerKey,
    role: CosignerRole,
}

impl Cosigner {
    /// From a name, a role and the 32-byte seed of RFC 8032, which the caller zeroises. The seed
    /// must not serve any other key.
    #[must_use]
    pub fn new(name: KeyName, role: CosignerRole, seed: &[u8; 32]) -> Self {
        let key = SecretKey::from_seed(seed);
        let verifier = CosignerKey::new(name, key.public());
        Self { key, verifier, role }
    }

    /// The key that verifies what this one signs.
    #[must_use]
    pub fn verifier(&self) -> &CosignerKey {
        &self.verifier
    }

    /// Cosigns what was permitted.
    ///
    /// # Errors
    /// [`CosignError::Role`] when the permit is for another role.
    pub fn cosign(
        &self,
        permit: MayCosign,
        time: CosignTime,
    ) -> Result<SignatureLine, CosignError> {
        if permit.role != self.role {
            return Err(CosignError::Role { got: self.role, want: permit.role });
        }
        let mut bytes = Vec::with_capacity(8 + SIGNATURE_LEN);
        bytes.extend_from_slice(&time.get().to_be_bytes());
        let signature = self.key.sign(message(time, permit.checkpoint.text()).as_bytes());
        bytes.extend_from_slice(&signature);
        Ok(SignatureLine::new(self.verifier.name().clone(), self.verifier.id(), bytes))
    }
}
