//! Signed notes: text, a blank line, signature lines.
//!
//! Is: a strict bounded reader, signing, and verification that keeps and ignores lines of unknown
//! keys. Is not: a meaning of the text (`checkpoint.rs`). Source: C2SP signed-note v1.0.0.
//!
//! Deviation, stricter: a note in which two lines are by the same known key is refused.

use std::fmt;

use crate::blame::Blame;
use crate::key::{KeyId, KeyName, NoteSigner, VerifierKey};
use crate::text::{parse_base64, take_line, to_base64};

/// Longest note that is read; the bound of Go's `sumdb/note`.
pub const MAX_NOTE_BYTES: usize = 1_000_000;
/// Most signature lines that are read; the bound of Go's `sumdb/note`.
pub const MAX_SIGNATURES: usize = 100;

/// A note that is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Two trusted keys share name and id.
    #[error("two trusted keys have the name {name} and the id {id}")]
    AmbiguousKey {
        /// Shared name.
        name: KeyName,
        /// Shared id.
        id: KeyId,
    },
    /// A control character other than newline.
    #[error("note holds a control character")]
    Control,
    /// Two lines by one known key.
    #[error("note has two signatures by the key {name}")]
    Duplicate {
        /// Name of the key.
        name: KeyName,
    },
    /// A known key's signature does not verify.
    #[error("signature by the key {name} does not verify")]
    Invalid {
        /// Name of the key.
        name: KeyName,
    },
    /// Not UTF-8.
    #[error("note is not utf-8")]
    NotUtf8,
    /// A line among the signatures that is none.
    #[error("line {line} after the blank line is not a signature")]
    SignatureLine {
        /// Counted from 1.
        line: usize,
    },
    /// No blank line, no text, no signature or no final newline.
    #[error("note is not text, blank line and signatures")]
    Structure,
    /// A text that no note can carry: it must end in a newline and not hold control characters.
    #[error("note text does not end in a newline or holds control characters")]
    Text,
    /// More than [`MAX_NOTE_BYTES`].
    #[error("note has {got} bytes, at most 1000000 allowed")]
    TooLong {
        /// Bytes given.
        got: usize,
    },
    /// More than [`MAX_SIGNATURES`].
    #[error("note has more than 100 signatures")]
    TooManySignatures,
    /// No line is by a trusted key.
    #[error("note has no signature by a trusted key")]
    Unsigned,
}

impl NoteError {
    /// Stable machine code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::AmbiguousKey { .. } => "note_ambiguous_key",
            Self::Control => "note_control",
            Self::Duplicate { .. } => "note_duplicate_signature",
            Self::Invalid { .. } => "note_invalid_signature",
            Self::NotUtf8 => "note_not_utf8",
            Self::SignatureLine { .. } => "note_signature_line",
            Self::Structure => "note_structure",
            Self::Text => "note_text",
            Self::TooLong { .. } => "note_too_long",
            Self::TooManySignatures => "note_too_many_signatures",
            Self::Unsigned => "note_unsigned",
        }
    }

    /// Whoever sent the note, but for keys and texts that the caller chose.
    #[must_use]
    pub fn blame(&self) -> Blame {
        match self {
            Self::AmbiguousKey { .. } | Self::Text => Blame::Caller,
            Self::Control
            | Self::Duplicate { .. }
            | Self::Invalid { .. }
            | Self::NotUtf8
            | Self::SignatureLine { .. }
            | Self::Structure
            | Self::TooLong { .. }
            | Self::TooManySignatures
            | Self::Unsigned => Blame::Peer,
        }
    }
}

/// One signature line: name, id and signature bytes of any algorithm, verified or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureLine {
    name: KeyName,
    id: KeyId,
    signature: Vec<u8>,
}

impl SignatureLine {
    pub(crate) fn new(name: KeyName, id: KeyId, signature: Vec<u8>) -> Self {
        Self { name, id, signature }
    }

    /// Name that the line claims.
    #[must_use]
    pub fn name(&self) -> &KeyName {
        &self.name
    }

    /// Key id that the line claims.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// Signature bytes after the key id, at least one.
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// Reads a line without its newline.
    fn parse(line: &str) -> Option<Self> {
        let (name, encoded) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
        let name = KeyName::new(name).ok()?;
        let bytes = parse_base64(encoded)?;
        let (id, signature) = bytes.split_first_chunk::<4>()?;
        if signature.is_empty() {
            return None;
        }
        Some(Self { name, id: KeyId::from_bytes(*id), signature: signature.to_vec() })
    }
}

impl fmt::Display for SignatureLine {
    /// The line with its newline.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = self.id.to_bytes().to_vec();
        bytes.extend_from_slice(&self.signature);
        writeln!(out, "\u{2014} {} {}", self.name, to_base64(&bytes))
    }
}

/// Checks what holds for every byte of a note.
fn checked_utf8(bytes: &[u8]) -> Result<&str, NoteError> {
    if bytes.len() > MAX_NOTE_BYTES {
        return Err(NoteError::TooLong { got: bytes.len() });
    }
    let text = std::str::from_utf8(bytes).map_err(|_| NoteError::NotUtf8)?;
    if text.bytes().any(|byte| byte < 0x20 && byte != b'\n') {
        return Err(NoteError::Control);
    }
    Ok(text)
}

/// Reads one or more signature lines and nothing else: a note's end, or a cosigner's response body.
///
/// # Errors
/// [`NoteError`] names the fault.
pub fn parse_signature_lines(bytes: &[u8]) -> Result<Vec<SignatureLine>, NoteError> {
    let mut rest = checked_utf8(bytes)?;
    let mut lines = Vec::new();
    while !rest.is_empty() {
        if lines.len() == MAX_SIGNATURES {
            return Err(NoteError::TooManySignatures);
        }
        let line = take_line(&mut rest).ok_or(NoteError::Structure)?;
        let number = lines.len() + 1;
        lines.push(SignatureLine::parse(line).ok_or(NoteError::SignatureLine { line: number })?);
    }
    if lines.is_empty() { Err(NoteError::Structure) } else { Ok(lines) }
}

/// Writes signature lines as a cosigner's response body.
#[must_use]
pub fn encode_signature_lines(lines: &[SignatureLine]) -> String {
    lines.iter().map(SignatureLine::to_string).collect()
}

/// A well-formed note. Its text is not to be believed: see [`Note::verify`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    lines: Vec<SignatureLine>,
}

impl Note {
    /// Reads a note. The text ends at the last blank line.
    ///
    /// # Errors
    /// [`NoteError`] names the fault.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        let whole = checked_utf8(bytes)?;
        let split = whole.rfind("\n\n").ok_or(NoteError::Structure)?;
        let (text, rest) = whole.split_at(split + 1);
        let lines = parse_signature_lines(&rest.as_bytes()[1..])?;
        Ok(Self { text: text.to_owned(), lines })
    }

    /// Signs a text, which must end in a newline and hold no other control character.
    ///
    /// # Errors
    /// [`NoteError::Text`], [`NoteError::TooLong`] or [`NoteError::TooManySignatures`];
    /// [`NoteError::Unsigned`] without a signer; [`NoteError::Duplicate`] for a signer given twice.
    pub fn sign(text: &str, signers: &[&NoteSigner]) -> Result<Self, NoteError> {
        if !text.ends_with('\n') {
            return Err(NoteError::Text);
        }
        checked_utf8(text.as_bytes()).map_err(|error| match error {
            NoteError::Control => NoteError::Text,
            other => other,
        })?;
        let mut note = Self { text: text.to_owned(), lines: Vec::new() };
        for signer in signers {
            note.push_line(signer.sign(text))?;
        }
        if note.lines.is_empty() { Err(NoteError::Unsigned) } else { Ok(note) }
    }

    /// Adds a line by a key that has none yet.
    pub(crate) fn push_line(&mut self, line: SignatureLine) -> Result<(), NoteError> {
        if self.lines.iter().any(|old| old.name == line.name && old.id == line.id) {
            return Err(NoteError::Duplicate { name: line.name });
        }
        if self.lines.len() == MAX_SIGNATURES {
            return Err(NoteError::TooManySignatures);
        }
        self.lines.push(line);
        let got = self.to_string().len();
        if got > MAX_NOTE_BYTES {
            self.lines.pop();
            return Err(NoteError::TooLong { got });
        }
        Ok(())
    }

    /// Drops the lines that `keep` refuses.
    pub(crate) fn retain_lines(&mut self, keep: impl FnMut(&SignatureLine) -> bool) {
        self.lines.retain(keep);
    }

    /// The text with its final newline. Anyone may have written it.
    #[must_use]
    pub fn unverified_text(&self) -> &str {
        &self.text
    }

    /// All signature lines in their order, of known and unknown keys.
    #[must_use]
    pub fn lines(&self) -> &[SignatureLine] {
        &self.lines
    }

    /// Accepts the note if a trusted key signed it, every line by a trusted key verifies, and no
    /// trusted key has two lines. Lines by other keys are ignored.
    ///
    /// # Errors
    /// [`NoteError`] names the fault.
    pub fn verify(self, keys: &[VerifierKey]) -> Result<VerifiedNote, NoteError> {
        let signers = self.verified_signers(keys)?;
        Ok(VerifiedNote { note: self, signers })
    }

    /// The keys that signed, in the order of `keys`; never none.
    pub(crate) fn verified_signers(&self, keys: &[VerifierKey]) -> Result<Vec<KeyName>, NoteError> {
        let mut signers = Vec::new();
        for (at, key) in keys.iter().enumerate() {
            if keys[..at].iter().any(|old| old.name() == key.name() && old.id() == key.id()) {
                return Err(NoteError::AmbiguousKey { name: key.name().clone(), id: key.id() });
            }
            let mut found = self.lines.iter().filter(|line| key.0.is_named_by(line));
            let Some(line) = found.next() else { continue };
            let name = || key.name().clone();
            if found.next().is_some() {
                return Err(NoteError::Duplicate { name: name() });
            }
            key.verify(&self.text, line).map_err(|_| NoteError::Invalid { name: name() })?;
            signers.push(name());
        }
        if signers.is_empty() { Err(NoteError::Unsigned) } else { Ok(signers) }
    }
}

impl fmt::Display for Note {
    /// The bytes of the note: what [`Note::parse`] read.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{}", self.text)?;
        self.lines.iter().try_for_each(|line| line.fmt(out))
    }
}

/// A note that a trusted key signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedNote {
    note: Note,
    signers: Vec<KeyName>,
}

impl VerifiedNote {
    /// The text with its final newline.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.note.text
    }

    /// The note as it was read.
    #[must_use]
    pub fn note(&self) -> &Note {
        &self.note
    }

    /// Names of the trusted keys that signed, in the order in which they were given.
    #[must_use]
    pub fn signers(&self) -> &[KeyName] {
        &self.signers
    }
}

#[cfg(test)]
mod tests;
