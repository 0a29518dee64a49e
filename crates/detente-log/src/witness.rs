//! The decision of a witness about one checkpoint.
//!
//! Is: a pure function from the recorded head and a request to an acceptance or a refusal with its
//! HTTP status, and the request and answer bodies. Is not: the record itself: "checking the old
//! size against the latest checkpoint and persisting the new checkpoint must be performed
//! atomically", which is why a permit to cosign comes only from [`Accept::persisted`]. Source: C2SP
//! tlog-witness v1.0.0, `add-checkpoint`. `sign-subtree` is optional and absent.

use std::fmt;

use crate::blame::Blame;
use crate::checkpoint::{Checkpoint, CheckpointError, TrustedLog, VerifiedCheckpoint};
use crate::cosign::{CosignerRole, MayCosign};
use crate::hash::{Hash, HashError};
use crate::note::MAX_NOTE_BYTES;
use crate::proof::{ConsistencyProof, MAX_PROOF_LINES, ProofError};
use crate::size::{NumberError, TreeHead, TreeSize};
use crate::text::take_line;

/// Longest request: the old size, 63 proof lines of 45 bytes, a blank line and a note.
pub const MAX_REQUEST_BYTES: usize = 25 + MAX_PROOF_LINES * 45 + 1 + MAX_NOTE_BYTES;
/// Longest `text/x.tlog.size` answer.
const MAX_SIZE_BYTES: usize = 21;

/// A request body that is refused with status 400, or a size answer that is malformed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The checkpoint is malformed.
    #[error("request holds a malformed checkpoint")]
    Checkpoint(#[source] CheckpointError),
    /// A proof line is not a hash.
    #[error("proof line {line} is not a hash")]
    Hash {
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        #[source]
        source: HashError,
    },
    /// Not UTF-8.
    #[error("request is not utf-8")]
    NotUtf8,
    /// The old size is malformed.
    #[error("old size is malformed")]
    OldSize(#[source] NumberError),
    /// A line is missing or not what belongs there.
    #[error("request is not an old size, a proof, a blank line and a checkpoint")]
    Structure,
    /// More than [`MAX_REQUEST_BYTES`].
    #[error("request has {got} bytes, at most {MAX_REQUEST_BYTES} allowed")]
    TooLong {
        /// Bytes given.
        got: usize,
    },
    /// More than [`MAX_PROOF_LINES`].
    #[error("request has more than 63 proof lines")]
    TooManyHashes,
}

impl RequestError {
    /// Stable machine code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Checkpoint(error) => error.code(),
            Self::Hash { source, .. } => source.code(),
            Self::NotUtf8 => "request_not_utf8",
            Self::OldSize(error) => error.code(),
            Self::Structure => "request_structure",
            Self::TooLong { .. } => "request_too_long",
            Self::TooManyHashes => "request_too_many_hashes",
        }
    }

    /// Always who sent the request.
    #[must_use]
    pub fn blame(&self) -> Blame {
        Blame::Peer
    }
}

/// Reads base64 hash lines up to and including the blank line that ends them.
pub(crate) fn take_hash_lines(rest: &mut &str) -> Result<Vec<Hash>, RequestError> {
    let mut hashes = Vec::new();
    loop {
        let line = take_line(rest).ok_or(RequestError::Structure)?;
        if line.is_empty() {
            return Ok(hashes);
        }
        if hashes.len() == MAX_PROOF_LINES {
            return Err(RequestError::TooManyHashes);
        }
        let number = hashes.len() + 1;
        let hash = Hash::from_base64(line)
            .map_err(|source| RequestError::Hash { line: number, source })?;
        hashes.push(hash);
    }
}

/// A request to record a newer checkpoint, from a log or anyone who holds one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// Size that the sender believes is recorded.
    pub old: TreeSize,
    /// From that size to the checkpoint's. Only its first 63 hashes can be sent; a proof from a
    /// tree below 2^62 leaves has no more.
    pub proof: ConsistencyProof,
    /// The checkpoint, with any signature lines.
    pub checkpoint: Checkpoint,
}

impl AddCheckpoint {
    /// Reads a request body.
    ///
    /// # Errors
    /// [`RequestError`] names the fault; its status is 400.
    pub fn parse(bytes: &[u8]) -> Result<Self, RequestError> {
        if bytes.len() > MAX_REQUEST_BYTES {
            return Err(RequestError::TooLong { got: bytes.len() });
        }
        let mut rest = std::str::from_utf8(bytes).map_err(|_| RequestError::NotUtf8)?;
        let old = take_line(&mut rest)
            .and_then(|line| line.strip_prefix("old "))
            .ok_or(RequestError::Structure)?;
        let old = TreeSize::parse(old).map_err(RequestError::OldSize)?;
        let hashes = take_hash_lines(&mut rest)?;
        let proof = ConsistencyProof::new(hashes).map_err(|_| RequestError::TooManyHashes)?;
        let checkpoint = Checkpoint::parse(rest.as_bytes()).map_err(RequestError::Checkpoint)?;
        Ok(Self { old, proof, checkpoint })
    }
}

impl fmt::Display for AddCheckpoint {
    /// The request body.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "old {}", self.old)?;
        self.proof.hashes().iter().try_for_each(|hash| writeln!(out, "{}", hash.to_base64()))?;
        write!(out, "\n{}", self.checkpoint)
    }
}

/// Why a witness does not record a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The old size is above the checkpoint's size.
    #[error("old size {old} is above the checkpoint's size {new}")]
    BadRequest {
        /// Old size of the request.
        old: TreeSize,
        /// Size of the checkpoint.
        new: TreeSize,
    },
    /// The old size is not the recorded one.
    #[error("recorded size is {recorded}")]
    Conflict {
        /// Size of the newest checkpoint recorded, to be sent as the body.
        recorded: TreeSize,
    },
    /// The log did not sign, or a line in its name does not verify.
    #[error("checkpoint is not signed by its log")]
    Forbidden(#[source] CheckpointError),
    /// The origin is not known.
    #[error("origin is not known")]
    NotFound,
    /// The proof or the root is wrong. The request may be evidence against the log.
    #[error("checkpoint is not proven consistent with the recorded one")]
    Unprocessable(#[source] ProofError),
}

impl Refusal {
    /// HTTP status of the answer.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::BadRequest { .. } => 400,
            Self::Conflict { .. } => 409,
            Self::Forbidden(_) => 403,
            Self::NotFound => 404,
            Self::Unprocessable(_) => 422,
        }
    }

    /// Stable machine code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadRequest { .. } => "witness_bad_request",
            Self::Conflict { .. } => "witness_conflict",
            Self::Forbidden(_) => "witness_forbidden",
            Self::NotFound => "witness_not_found",
            Self::Unprocessable(_) => "witness_unprocessable",
        }
    }

    /// Always who sent the request.
    #[must_use]
    pub fn blame(&self) -> Blame {
        Blame::Peer
    }

    /// Body of a 409 answer (`text/x.tlog.size`), empty for the others.
    #[must_use]
    pub fn body(&self) -> String {
        match self {
            Self::Conflict { recorded } => format!("{recorded}\n"),
            _ => String::new(),
        }
    }

    /// Reads the body of a 409 answer.
    ///
    /// # Errors
    /// [`RequestError`] when it is not one decimal line.
    pub fn parse_conflict(bytes: &[u8]) -> Result<TreeSize, RequestError> {
        if bytes.len() > MAX_SIZE_BYTES {
            return Err(RequestError::TooLong { got: bytes.len() });
        }
        let text = std::str::from_utf8(bytes).map_err(|_| RequestError::NotUtf8)?;
        let line = text.strip_suffix('\n').ok_or(RequestError::Structure)?;
        TreeSize::parse(line).map_err(RequestError::OldSize)
    }
}

/// A checkpoint that may be recorded in place of the recorded head.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub struct Accept {
    checkpoint: VerifiedCheckpoint,
}

impl Accept {
    /// What to record: in one step with the comparison, that is only if the recorded head is still
    /// the one that [`decide`] was given.
    #[must_use]
    pub fn checkpoint(&self) -> &VerifiedCheckpoint {
        &self.checkpoint
    }

    /// To be called after the new head is durable. Gives the permit to cosign it as a witness.
    pub fn persisted(self) -> MayCosign {
        MayCosign::new(self.checkpoint, CosignerRole::Witness)
    }

    /// For the mirror, which records the checkpoint as pending and does not cosign it.
    pub(crate) fn into_checkpoint(self) -> VerifiedCheckpoint {
        self.checkpoint
    }
}

/// Decides, in the order in which tlog-witness lists its checks.
///
/// `log` is what the witness knows by the checkpoint's origin, `None` if nothing; `recorded` is the
/// newest head recorded for it, [`TreeHead::EMPTY`] if none.
///
/// # Errors
/// [`Refusal`], with the status to answer.
pub fn decide(
    log: Option<&TrustedLog>,
    recorded: &TreeHead,
    request: &AddCheckpoint,
) -> Result<Accept, Refusal> {
    let body = request.checkpoint.unverified_body();
    let log = log.filter(|log| log.origin() == body.origin()).ok_or(Refusal::NotFound)?;
    let checkpoint = request.checkpoint.verify_signature(log).map_err(Refusal::Forbidden)?;
    let head = checkpoint.head();
    if request.old > head.size {
        return Err(Refusal::BadRequest { old: request.old, new: head.size });
    }
    if request.old != recorded.size {
        return Err(Refusal::Conflict { recorded: recorded.size });
    }
    // Covers the empty root, an empty proof from size zero, and equal roots at equal sizes.
    request.proof.verify(recorded, head).map_err(Refusal::Unprocessable)?;
    Ok(Accept { checkpoint })
}

#[cfg(test)]
mod tests;
