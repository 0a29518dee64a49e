//! Checkpoints: a log's signed tree head as a note.
//!
//! Is: the body (origin, size, root, extensions), the unverified and the verified checkpoint. Is
//! not: consistency between checkpoints (`proof.rs`, `witness.rs`). Source: C2SP tlog-checkpoint
//! v1.0.0.
//!
//! Deviation, stricter: an origin has at most 255 bytes, which is what an ML-DSA cosignature can
//! carry (tlog-cosignature, `log_origin<1..2^8-1>`).

use std::fmt;

use crate::blame::Blame;
use crate::cosign::{CosignError, Cosignature, CosignerKey, verify_cosignatures};
use crate::hash::{Hash, HashError};
use crate::key::{NoteSigner, VerifierKey};
use crate::note::{Note, NoteError, SignatureLine};
use crate::size::{NumberError, TreeHead, TreeSize};
use crate::text::take_line;

/// Longest origin line.
pub const MAX_ORIGIN_BYTES: usize = 255;
/// Most extension lines that are read.
pub const MAX_EXTENSION_LINES: usize = 64;

/// A checkpoint that is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Size zero with another root than that of the empty tree.
    #[error("checkpoint of size zero does not have the empty root")]
    EmptyRoot,
    /// An empty extension line, one with a control character, or too many.
    #[error("checkpoint has an empty extension line or more than 64")]
    Extension,
    /// Fewer than three lines.
    #[error("checkpoint has fewer than three lines")]
    Lines,
    /// Not a note, or not signed as it must be.
    #[error("checkpoint is not a note signed by its log")]
    Note(#[source] NoteError),
    /// Empty, too long, or with a control character.
    #[error("origin is empty, longer than 255 bytes or holds a control character")]
    Origin,
    /// Another log's checkpoint.
    #[error("checkpoint is of another log than the one asked about")]
    OriginMismatch,
    /// The root line is not a hash.
    #[error("checkpoint has a malformed root")]
    Root(#[source] HashError),
    /// The size line is not a size.
    #[error("checkpoint has a malformed size")]
    Size(#[source] NumberError),
}

impl CheckpointError {
    /// Stable machine code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::EmptyRoot => "checkpoint_empty_root",
            Self::Extension => "checkpoint_extension",
            Self::Lines => "checkpoint_lines",
            Self::Note(error) => error.code(),
            Self::Origin => "checkpoint_origin",
            Self::OriginMismatch => "checkpoint_origin_mismatch",
            Self::Root(error) => error.code(),
            Self::Size(error) => error.code(),
        }
    }

    /// Whoever sent the checkpoint, but for keys that the caller chose.
    #[must_use]
    pub fn blame(&self) -> Blame {
        match self {
            Self::Note(error) => error.blame(),
            Self::EmptyRoot
            | Self::Extension
            | Self::Lines
            | Self::Origin
            | Self::OriginMismatch
            | Self::Root(_)
            | Self::Size(_) => Blame::Peer,
        }
    }
}

/// The name of a log: one line, 1 to 255 bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin(String);

impl Origin {
    /// Checks length and characters.
    ///
    /// # Errors
    /// [`CheckpointError::Origin`].
    pub fn new(text: &str) -> Result<Self, CheckpointError> {
        let control = text.bytes().any(|byte| byte < 0x20);
        if text.is_empty() || text.len() > MAX_ORIGIN_BYTES || control {
            return Err(CheckpointError::Origin);
        }
        Ok(Self(text.to_owned()))
    }

    /// The line without its newline.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// A log that is trusted to speak for itself: its origin and the keys that may sign for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedLog {
    origin: Origin,
    keys: Vec<VerifierKey>,
}

impl TrustedLog {
    /// A log with one key or, while keys rotate, several.
    #[must_use]
    pub fn new(origin: Origin, keys: Vec<VerifierKey>) -> Self {
        Self { origin, keys }
    }

    /// A log whose origin is the name of its key, as tlog-checkpoint recommends.
    ///
    /// # Errors
    /// [`CheckpointError::Origin`] when the name is longer than an origin may be.
    pub fn from_key(key: VerifierKey) -> Result<Self, CheckpointError> {
        Ok(Self { origin: Origin::new(key.name().as_str())?, keys: vec![key] })
    }

    /// Name of the log.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Keys that may sign for it.
    #[must_use]
    pub fn keys(&self) -> &[VerifierKey] {
        &self.keys
    }
}

/// What a checkpoint states, before it is signed or after it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckpointBody {
    origin: Origin,
    head: TreeHead,
    extensions: Vec<String>,
}

impl CheckpointBody {
    /// A body without extension lines.
    #[must_use]
    pub fn new(origin: Origin, head: TreeHead) -> Self {
        Self { origin, head, extensions: Vec::new() }
    }

    /// Adds extension lines, which tlog-checkpoint does not recommend.
    ///
    /// # Errors
    /// [`CheckpointError::Extension`] for empty lines, control characters or more than
    /// [`MAX_EXTENSION_LINES`].
    pub fn with_extensions(mut self, lines: Vec<String>) -> Result<Self, CheckpointError> {
        let bad = |line: &String| line.is_empty() || line.bytes().any(|byte| byte < 0x20);
        if lines.len() > MAX_EXTENSION_LINES || lines.iter().any(bad) {
            return Err(CheckpointError::Extension);
        }
        self.extensions = lines;
        Ok(self)
    }

    /// Name of the log.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Size and root.
    #[must_use]
    pub fn head(&self) -> &TreeHead {
        &self.head
    }

    /// Extension lines without their newlines.
    #[must_use]
    pub fn extensions(&self) -> &[String] {
        &self.extensions
    }

    /// Reads a note text.
    fn parse(text: &str) -> Result<Self, CheckpointError> {
        let mut rest = text;
        let mut line = || take_line(&mut rest).ok_or(CheckpointError::Lines);
        let origin = Origin::new(line()?)?;
        let size = TreeSize::parse(line()?).map_err(CheckpointError::Size)?;
        let root = Hash::from_base64(line()?).map_err(CheckpointError::Root)?;
        let mut extensions = Vec::new();
        while let Some(extension) = take_line(&mut rest) {
            if extension.is_empty() || extensions.len() == MAX_EXTENSION_LINES {
                return Err(CheckpointError::Extension);
            }
            extensions.push(extension.to_owned());
        }
        Ok(Self { origin, head: TreeHead { size, root }, extensions })
    }

    /// Signs the body. That it is consistent with every body signed before is for the caller: a log
    /// signs only what it has stored as its newest state in the same step.
    ///
    /// # Errors
    /// [`CheckpointError::EmptyRoot`] for an impossible head, [`CheckpointError::Note`] without
    /// signers or with a signer given twice.
    pub fn sign(&self, signers: &[&NoteSigner]) -> Result<Checkpoint, CheckpointError> {
        if !self.head.is_possible() {
            return Err(CheckpointError::EmptyRoot);
        }
        let note = Note::sign(&self.to_string(), signers).map_err(CheckpointError::Note)?;
        Ok(Checkpoint { body: self.clone(), note })
    }
}

impl fmt::Display for CheckpointBody {
    /// The note text.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{}\n{}\n{}", self.origin, self.head.size, self.head.root.to_base64())?;
        self.extensions.iter().try_for_each(|line| writeln!(out, "{line}"))
    }
}

/// A well-formed checkpoint that anyone may have written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    body: CheckpointBody,
    note: Note,
}

impl Checkpoint {
    /// Reads a checkpoint.
    ///
    /// # Errors
    /// [`CheckpointError`] names the fault.
    pub fn parse(bytes: &[u8]) -> Result<Self, CheckpointError> {
        let note = Note::parse(bytes).map_err(CheckpointError::Note)?;
        let body = CheckpointBody::parse(note.unverified_text())?;
        Ok(Self { body, note })
    }

    /// What it claims, for choosing the keys to verify it with.
    #[must_use]
    pub fn unverified_body(&self) -> &CheckpointBody {
        &self.body
    }

    /// Its signature lines, verified or not.
    #[must_use]
    pub fn lines(&self) -> &[SignatureLine] {
        self.note.lines()
    }

    /// Accepts it if it is of this log, one of the log's keys signed it, and every line by one of
    /// the log's keys verifies.
    ///
    /// # Errors
    /// [`CheckpointError`] names the fault.
    pub fn verify(&self, log: &TrustedLog) -> Result<VerifiedCheckpoint, CheckpointError> {
        let verified = self.verify_signature(log)?;
        if !self.body.head.is_possible() {
            return Err(CheckpointError::EmptyRoot);
        }
        Ok(verified)
    }

    /// [`Self::verify`] without the check of the empty root, which a witness answers otherwise.
    pub(crate) fn verify_signature(
        &self,
        log: &TrustedLog,
    ) -> Result<VerifiedCheckpoint, CheckpointError> {
        if self.body.origin != log.origin {
            return Err(CheckpointError::OriginMismatch);
        }
        self.note.verified_signers(&log.keys).map_err(CheckpointError::Note)?;
        Ok(VerifiedCheckpoint { checkpoint: self.clone() })
    }
}

impl fmt::Display for Checkpoint {
    /// The bytes of the checkpoint.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.note.fmt(out)
    }
}

/// A checkpoint that its log signed. Says nothing about cosignatures or consistency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedCheckpoint {
    checkpoint: Checkpoint,
}

impl VerifiedCheckpoint {
    /// Name of the log.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.checkpoint.body.origin
    }

    /// Size and root that the log signed.
    #[must_use]
    pub fn head(&self) -> &TreeHead {
        &self.checkpoint.body.head
    }

    /// The whole body.
    #[must_use]
    pub fn body(&self) -> &CheckpointBody {
        &self.checkpoint.body
    }

    /// The checkpoint as it is stored and sent, with all its lines.
    #[must_use]
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The note text that was signed.
    pub(crate) fn text(&self) -> &str {
        self.checkpoint.note.unverified_text()
    }

    /// True if both are of one log and of one size, and the roots differ: with both checkpoints in
    /// hand, anyone can see that the log signed two histories.
    #[must_use]
    pub fn is_split_from(&self, other: &Self) -> bool {
        self.origin() == other.origin()
            && self.head().size == other.head().size
            && self.head().root != other.head().root
    }

    /// The cosignatures by these keys. Lines by other keys are ignored.
    ///
    /// # Errors
    /// [`CosignError`] when a line by one of the keys does not verify, or a key has two lines.
    pub fn cosignatures(&self, keys: &[CosignerKey]) -> Result<Vec<Cosignature>, CosignError> {
        verify_cosignatures(self.text(), self.checkpoint.lines(), keys)
    }

    /// Adds the one line by this key from a cosigner's answer, in place of an older line by it;
    /// lines by other keys are ignored.
    ///
    /// # Errors
    /// [`CosignError`] when there is no such line, it does not verify, or the note is full.
    pub fn attach(
        &mut self,
        answer: &[SignatureLine],
        key: &CosignerKey,
    ) -> Result<Cosignature, CosignError> {
        let found = verify_cosignatures(self.text(), answer, std::slice::from_ref(key))?;
        let cosignature =
            found.into_iter().next().ok_or(CosignError::Missing { name: key.name().clone() })?;
        let line = answer
            .iter()
            .find(|line| key.0.is_named_by(line))
            .ok_or(CosignError::Missing { name: key.name().clone() })?;
        let note = &mut self.checkpoint.note;
        note.retain_lines(|old| !key.0.is_named_by(old));
        note.push_line(line.clone()).map_err(CosignError::Note)?;
        Ok(cosignature)
    }
}

#[cfg(test)]
mod tests;
