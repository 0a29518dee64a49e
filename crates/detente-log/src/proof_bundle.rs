//! Proof bundles: one entry's inclusion in one checkpoint, to be checked offline.
//!
//! Is: the text format and its verification. Is not: the leaf: "Compute the leaf hash. This step is
//! application specific." The extra data is not authenticated by anything here.
//! Source: C2SP tlog-proof (untagged, `c2sp.org/tlog-proof@v1`).

use std::fmt;

use crate::blame::Blame;
use crate::checkpoint::{Checkpoint, CheckpointError, TrustedLog, VerifiedCheckpoint};
use crate::hash::{Hash, HashError};
use crate::note::MAX_NOTE_BYTES;
use crate::proof::{InclusionProof, MAX_PROOF_LINES, ProofError};
use crate::size::{LeafIndex, NumberError};
use crate::text::{parse_base64, take_line, to_base64};
use crate::witness::{RequestError, take_hash_lines};

/// First line of every bundle.
const HEADER: &str = "c2sp.org/tlog-proof@v1";
/// Most extra data that is read.
pub const MAX_EXTRA_BYTES: usize = 65_536;
/// Longest bundle that is read.
pub const MAX_PROOF_BUNDLE_BYTES: usize =
    64 + MAX_EXTRA_BYTES.div_ceil(3) * 4 + 32 + MAX_PROOF_LINES * 45 + 1 + MAX_NOTE_BYTES;

/// A bundle that is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofBundleError {
    /// The checkpoint is malformed or not signed by its log.
    #[error("bundle holds a checkpoint that is malformed or not signed by its log")]
    Checkpoint(#[source] CheckpointError),
    /// The extra data is not base64, or too long.
    #[error("bundle holds malformed extra data or more than 65536 bytes of it")]
    Extra,
    /// A proof line is not a hash.
    #[error("bundle holds a malformed proof line")]
    Hash(#[source] HashError),
    /// The first line is another.
    #[error("bundle does not begin with c2sp.org/tlog-proof@v1")]
    Header,
    /// The index is malformed.
    #[error("bundle holds a malformed index")]
    Index(#[source] NumberError),
    /// Not UTF-8.
    #[error("bundle is not utf-8")]
    NotUtf8,
    /// The proof does not hold.
    #[error("bundle's proof does not hold")]
    Proof(#[source] ProofError),
    /// A line is missing or not what belongs there.
    #[error("bundle is not header, extra, index, proof, blank line and checkpoint")]
    Structure,
    /// More than [`MAX_PROOF_BUNDLE_BYTES`].
    #[error("bundle has {got} bytes, at most {MAX_PROOF_BUNDLE_BYTES} allowed")]
    TooLong {
        /// Bytes given.
        got: usize,
    },
    /// More than 63 proof lines.
    #[error("bundle has more than 63 proof lines")]
    TooManyHashes,
}

impl ProofBundleError {
    /// Stable machine code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Checkpoint(error) => error.code(),
            Self::Extra => "bundle_extra",
            Self::Hash(error) => error.code(),
            Self::Header => "bundle_header",
            Self::Index(error) => error.code(),
            Self::NotUtf8 => "bundle_not_utf8",
            Self::Proof(error) => error.code(),
            Self::Structure => "bundle_structure",
            Self::TooLong { .. } => "bundle_too_long",
            Self::TooManyHashes => "bundle_too_many_hashes",
        }
    }

    /// Always who sent the bundle.
    #[must_use]
    pub fn blame(&self) -> Blame {
        Blame::Peer
    }
}

/// A proof that an entry is in a log, as it is stored in a `.tlog-proof` file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofBundle {
    extra: Option<Vec<u8>>,
    index: LeafIndex,
    proof: InclusionProof,
    checkpoint: Checkpoint,
}

impl ProofBundle {
    /// Puts a bundle together without verifying it.
    #[must_use]
    pub fn new(index: LeafIndex, proof: InclusionProof, checkpoint: Checkpoint) -> Self {
        Self { extra: None, index, proof, checkpoint }
    }

    /// Adds opaque data that nothing authenticates.
    ///
    /// # Errors
    /// [`ProofBundleError::Extra`] above [`MAX_EXTRA_BYTES`].
    pub fn with_extra(mut self, extra: Vec<u8>) -> Result<Self, ProofBundleError> {
        if extra.len() > MAX_EXTRA_BYTES {
            return Err(ProofBundleError::Extra);
        }
        self.extra = Some(extra);
        Ok(self)
    }

    /// Reads a bundle.
    ///
    /// # Errors
    /// [`ProofBundleError`] names the fault.
    pub fn parse(bytes: &[u8]) -> Result<Self, ProofBundleError> {
        if bytes.len() > MAX_PROOF_BUNDLE_BYTES {
            return Err(ProofBundleError::TooLong { got: bytes.len() });
        }
        let mut rest = std::str::from_utf8(bytes).map_err(|_| ProofBundleError::NotUtf8)?;
        if take_line(&mut rest) != Some(HEADER) {
            return Err(ProofBundleError::Header);
        }
        let mut line = take_line(&mut rest).ok_or(ProofBundleError::Structure)?;
        let mut extra = None;
        if let Some(encoded) = line.strip_prefix("extra ") {
            let decoded = parse_base64(encoded).ok_or(ProofBundleError::Extra)?;
            if decoded.len() > MAX_EXTRA_BYTES {
                return Err(ProofBundleError::Extra);
            }
            extra = Some(decoded);
            line = take_line(&mut rest).ok_or(ProofBundleError::Structure)?;
        }
        let index = line.strip_prefix("index ").ok_or(ProofBundleError::Structure)?;
        let index = LeafIndex::parse(index).map_err(ProofBundleError::Index)?;
        let hashes = take_hash_lines(&mut rest).map_err(|error| match error {
            RequestError::Hash { source, .. } => ProofBundleError::Hash(source),
            RequestError::TooManyHashes => ProofBundleError::TooManyHashes,
            _ => ProofBundleError::Structure,
        })?;
        let proof = InclusionProof::new(hashes).map_err(ProofBundleError::Proof)?;
        let checkpoint =
            Checkpoint::parse(rest.as_bytes()).map_err(ProofBundleError::Checkpoint)?;
        Ok(Self { extra, index, proof, checkpoint })
    }

    /// Opaque data that nothing authenticates.
    #[must_use]
    pub fn unauthenticated_extra(&self) -> Option<&[u8]> {
        self.extra.as_deref()
    }

    /// Index that the proof is for; believed once [`Self::verify`] passed.
    #[must_use]
    pub fn index(&self) -> LeafIndex {
        self.index
    }

    /// The checkpoint, unverified.
    #[must_use]
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// Checks that the log signed the checkpoint and that the checkpoint holds the leaf at the
    /// index. Cosignatures are for [`VerifiedCheckpoint::cosignatures`] or a
    /// [`Policy`](crate::Policy).
    ///
    /// # Errors
    /// [`ProofBundleError`] names the fault.
    pub fn verify(
        &self,
        leaf: &Hash,
        log: &TrustedLog,
    ) -> Result<VerifiedCheckpoint, ProofBundleError> {
        let verified = self.checkpoint.verify(log).map_err(ProofBundleError::Checkpoint)?;
        self.proof.verify(self.index, leaf, verified.head()).map_err(ProofBundleError::Proof)?;
        Ok(verified)
    }
}

impl fmt::Display for ProofBundle {
    /// The bytes of the bundle.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{HEADER}")?;
        if let Some(extra) = &self.extra {
            writeln!(out, "extra {}", to_base64(extra))?;
        }
        writeln!(out, "index {}", self.index)?;
        self.proof.hashes().iter().try_for_each(|hash| writeln!(out, "{}", hash.to_base64()))?;
        write!(out, "\n{}", self.checkpoint)
    }
}

#[cfg(test)]
mod tests;
