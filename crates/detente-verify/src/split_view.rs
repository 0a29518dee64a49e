//! Portable proof that a log signed two histories.
//!
//! Is: two signed checkpoints of one log that can't both be true, and for different sizes the
//! consistency proof that says so; text, under 16 kB, checked with the log's verifier key alone. Is
//! not: a proof of who holds the key: the party's card says that, and its root signed the card.
//! Source: C2SP signed-note, tlog-checkpoint; RFC 6962 §2.1.2.
//!
//! ```text
//! detente/fork-proof/1
//! vkey <verifier key>
//! older <bytes of the first note>
//! newer <bytes of the second note>
//! root <base64>                       only for two sizes
//! hash <base64>                       any number, only for two sizes
//!
//! <first note><second note>
//! ```
//!
//! Of one size, the roots differ: that is the whole proof. Of two sizes, `root` is what the newer
//! tree begins with at the older size, the hashes prove it (RFC 6962 §2.1.2), and the older note
//! states another root. Cut the notes out by their lengths, and any C2SP tool can check them.

use detente_log::{
    Checkpoint, CheckpointError, ConsistencyProof, Hash, HashError, KeyError,
    MAX_CONSISTENCY_HASHES, ProofError, TreeHead, TrustedLog, VerifierKey,
};

/// Longest proof, in bytes.
pub const MAX_FORK_PROOF: usize = 16 * 1024;
const HEADER: &str = "detente/fork-proof/1";

/// Why something is no proof of a fork.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ForkError {
    /// A checkpoint is malformed or not signed by the log.
    #[error("a checkpoint of the fork proof does not hold")]
    Checkpoint(#[source] CheckpointError),
    /// Both checkpoints can be true.
    #[error("the two checkpoints do not contradict each other")]
    Consistent,
    /// A hash is malformed.
    #[error("fork proof holds a malformed hash")]
    Hash(#[source] HashError),
    /// The verifier key is malformed.
    #[error("fork proof holds a malformed verifier key")]
    Key(#[source] KeyError),
    /// The proof names another key than the one asked about.
    #[error("fork proof is against another key")]
    OtherKey,
    /// The consistency proof does not hold.
    #[error("the consistency proof of the fork proof does not hold")]
    Proof(#[source] ProofError),
    /// A line is missing, not what belongs there, or not in its only spelling.
    #[error("fork proof is not head, blank line and two notes")]
    Structure,
    /// More than [`MAX_FORK_PROOF`].
    #[error("fork proof has {got} bytes, at most {MAX_FORK_PROOF} allowed")]
    TooLong {
        /// Bytes given.
        got: usize,
    },
}

impl ForkError {
    /// A stable machine code.
    pub fn code(&self) -> &'static str {
        match self {
            ForkError::Checkpoint(error) => error.code(),
            ForkError::Consistent => "fork_consistent",
            ForkError::Hash(error) => error.code(),
            ForkError::Key(error) => error.code(),
            ForkError::OtherKey => "fork_other_key",
            ForkError::Proof(error) => error.code(),
            ForkError::Structure => "fork_structure",
            ForkError::TooLong { .. } => "fork_too_long",
        }
    }
}

/// What a proof shows, once it is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fork {
    /// The key that signed both.
    pub key: VerifierKey,
    /// What it signed for the smaller tree, or first.
    pub older: TreeHead,
    /// What it signed for the larger tree, or second.
    pub newer: TreeHead,
    /// The root that the newer tree has at the older size.
    pub root: Hash,
}

/// Two checkpoints of one log that contradict each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForkProof {
    key: VerifierKey,
    older: Checkpoint,
    newer: Checkpoint,
    growth: Option<(Hash, ConsistencyProof)>,
}

impl ForkProof {
    /// Two checkpoints of the same size with different roots. Only the log's own signature is kept.
    ///
    /// # Errors
    /// [`ForkError`] when they prove nothing.
    pub fn same_size(
        key: &VerifierKey,
        first: &Checkpoint,
        second: &Checkpoint,
    ) -> Result<ForkProof, ForkError> {
        ForkProof::checked(key, first, second, None)
    }

    /// Two checkpoints of different sizes: the tree of `newer` has `root` at the size of `older`,
    /// as `proof` shows, and `older` states another.
    ///
    /// # Errors
    /// [`ForkError`] when they prove nothing.
    pub fn inconsistent(
        key: &VerifierKey,
        (older, newer): (&Checkpoint, &Checkpoint),
        root: Hash,
        proof: ConsistencyProof,
    ) -> Result<ForkProof, ForkError> {
        ForkProof::checked(key, older, newer, Some((root, proof)))
    }

    fn checked(
        key: &VerifierKey,
        older: &Checkpoint,
        newer: &Checkpoint,
        growth: Option<(Hash, ConsistencyProof)>,
    ) -> Result<ForkProof, ForkError> {
        let proof = ForkProof {
            key: key.clone(),
            older: only(key, older)?,
            newer: only(key, newer)?,
            growth,
        };
        proof.verify(key)?;
        let got = proof.encode().len();
        if got > MAX_FORK_PROOF {
            return Err(ForkError::TooLong { got });
        }
        Ok(proof)
    }

    /// The key that the proof is against, by its own words.
    pub const fn unverified_key(&self) -> &VerifierKey {
        &self.key
    }

    /// The bytes.
    pub fn encode(&self) -> Vec<u8> {
        let (older, newer) = (self.older.to_string(), self.newer.to_string());
        let mut text = format!(
            "{HEADER}\nvkey {}\nolder {}\nnewer {}\n",
            self.key.to_vkey(),
            older.len(),
            newer.len()
        );
        if let Some((root, proof)) = &self.growth {
            text.push_str(&format!("root {}\n", root.to_base64()));
            for hash in proof.hashes() {
                text.push_str(&format!("hash {}\n", hash.to_base64()));
            }
        }
        format!("{text}\n{older}{newer}").into_bytes()
    }

    /// Reads the bytes. Nothing is proven before [`ForkProof::verify`].
    ///
    /// # Errors
    /// [`ForkError`] for anything but the one spelling.
    pub fn decode(bytes: &[u8]) -> Result<ForkProof, ForkError> {
        if bytes.len() > MAX_FORK_PROOF {
            return Err(ForkError::TooLong { got: bytes.len() });
        }
        let text = std::str::from_utf8(bytes).map_err(|_| ForkError::Structure)?;
        let (head, notes) = text.split_once("\n\n").ok_or(ForkError::Structure)?;
        let mut lines = head.lines();
        if lines.next() != Some(HEADER) {
            return Err(ForkError::Structure);
        }
        let mut field = |name: &str| {
            let line = lines.next().ok_or(ForkError::Structure)?;
            line.strip_prefix(name).ok_or(ForkError::Structure)
        };
        let key = VerifierKey::parse(field("vkey ")?).map_err(ForkError::Key)?;
        let length = |text: &str| text.parse::<usize>().map_err(|_| ForkError::Structure);
        let older = length(field("older ")?)?;
        let newer = length(field("newer ")?)?;
        let growth = match lines.next() {
            Some(line) => Some(read_growth(line, lines)?),
            None => None,
        };
        let (first, second) = notes.split_at_checked(older).ok_or(ForkError::Structure)?;
        if second.len() != newer {
            return Err(ForkError::Structure);
        }
        let parse = |note: &str| Checkpoint::parse(note.as_bytes()).map_err(ForkError::Checkpoint);
        let proof = ForkProof { key, older: parse(first)?, newer: parse(second)?, growth };
        if proof.encode() != bytes {
            return Err(ForkError::Structure);
        }
        Ok(proof)
    }

    /// Checks that `key` signed both checkpoints and that they contradict each other.
    ///
    /// # Errors
    /// [`ForkError`] names what does not hold.
    pub fn verify(&self, key: &VerifierKey) -> Result<Fork, ForkError> {
        if self.key != *key {
            return Err(ForkError::OtherKey);
        }
        let log = TrustedLog::from_key(key.clone()).map_err(ForkError::Checkpoint)?;
        let older = self.older.verify(&log).map_err(ForkError::Checkpoint)?;
        let newer = self.newer.verify(&log).map_err(ForkError::Checkpoint)?;
        let (older, newer) = (*older.head(), *newer.head());
        let root = match &self.growth {
            None if older.size == newer.size => newer.root,
            None => return Err(ForkError::Consistent),
            Some((root, proof)) => {
                let size = older.size;
                let begins = TreeHead { size, root: *root };
                proof.verify(&begins, &newer).map_err(ForkError::Proof)?;
                *root
            }
        };
        // A consistency proof from size zero is empty and says nothing of the root.
        if root == older.root || older.size.is_zero() {
            return Err(ForkError::Consistent);
        }
        Ok(Fork { key: key.clone(), older, newer, root })
    }
}

/// The checkpoint with the log's own line alone.
fn only(key: &VerifierKey, checkpoint: &Checkpoint) -> Result<Checkpoint, ForkError> {
    let own =
        |line: &&detente_log::SignatureLine| line.name() == key.name() && line.id() == key.id();
    let mut note = format!("{}\n", checkpoint.unverified_body());
    for line in checkpoint.lines().iter().filter(own) {
        note.push_str(&line.to_string());
    }
    Checkpoint::parse(note.as_bytes()).map_err(ForkError::Checkpoint)
}

fn read_growth<'a>(
    root: &str,
    lines: impl Iterator<Item = &'a str>,
) -> Result<(Hash, ConsistencyProof), ForkError> {
    let root = root.strip_prefix("root ").ok_or(ForkError::Structure)?;
    let root = Hash::from_base64(root).map_err(ForkError::Hash)?;
    let mut hashes = Vec::new();
    for line in lines {
        if hashes.len() == MAX_CONSISTENCY_HASHES {
            return Err(ForkError::Structure);
        }
        let hash = line.strip_prefix("hash ").ok_or(ForkError::Structure)?;
        hashes.push(Hash::from_base64(hash).map_err(ForkError::Hash)?);
    }
    let proof = ConsistencyProof::new(hashes).map_err(ForkError::Proof)?;
    Ok((root, proof))
}

#[cfg(test)]
mod tests;
