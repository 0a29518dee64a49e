//! Annexes: files that belong to a text and stand in it by their digest.

use std::str::FromStr;

use detente_core::Digest;

/// Most annexes of a text.
pub const MAX_ANNEXES: usize = 100;
/// Longest annex, in bytes.
pub const MAX_ANNEX: u64 = 256 * 1024 * 1024;
/// How much of an annex's digest prose shows, in hex digits.
pub(crate) const SHOWN_DIGITS: usize = 16;

/// A file that belongs to a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annex {
    /// What the text calls it: lower-case letters, digits, hyphens.
    pub id: String,
    /// What it is for.
    pub kind: AnnexKind,
    /// Its title by language, in the accord's order of languages.
    pub title: Vec<(String, String)>,
    /// SHA-256 of its bytes.
    pub sha256: Digest,
    /// Its length in bytes, at most [`MAX_ANNEX`].
    pub bytes: u64,
    /// Its media type: `text/csv`.
    pub media_type: String,
}

impl Annex {
    /// Compares a file with what the text says of the annex.
    ///
    /// # Errors
    /// [`AnnexFault`].
    pub fn check(&self, file: &[u8]) -> Result<(), AnnexFault> {
        let have = file.len() as u64;
        if have != self.bytes {
            return Err(AnnexFault::Length { have, want: self.bytes });
        }
        let have = Digest::plain(file);
        if have != self.sha256 {
            return Err(AnnexFault::Content { have, want: self.sha256 });
        }
        Ok(())
    }
}

/// Why a file is not the annex.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnnexFault {
    /// It has other bytes.
    #[error("the file's SHA-256 is {have}, the annex's {want}")]
    Content {
        /// The file's.
        have: Digest,
        /// The annex's.
        want: Digest,
    },
    /// It has another length.
    #[error("the file has {have} bytes, the annex {want}")]
    Length {
        /// The file's.
        have: u64,
        /// The annex's.
        want: u64,
    },
}

impl AnnexFault {
    /// A stable machine code.
    pub const fn code(&self) -> &'static str {
        match self {
            AnnexFault::Content { .. } => "annex_content",
            AnnexFault::Length { .. } => "annex_length",
        }
    }
}

/// What an annex is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AnnexKind {
    /// Anything else.
    Other,
    /// A list of what is not to be touched.
    ProtectedObjects,
    /// A form to fill in.
    Template,
    /// A list of terms.
    Terminology,
}

impl AnnexKind {
    /// Every kind, in the order of the names.
    pub const ALL: [AnnexKind; 4] = [
        AnnexKind::Other,
        AnnexKind::ProtectedObjects,
        AnnexKind::Template,
        AnnexKind::Terminology,
    ];

    /// The word in a text.
    pub const fn name(self) -> &'static str {
        match self {
            AnnexKind::Other => "other",
            AnnexKind::ProtectedObjects => "protected-objects",
            AnnexKind::Template => "template",
            AnnexKind::Terminology => "terminology",
        }
    }
}

impl FromStr for AnnexKind {
    type Err = UnknownAnnexKind;

    fn from_str(text: &str) -> Result<AnnexKind, UnknownAnnexKind> {
        AnnexKind::ALL.into_iter().find(|kind| kind.name() == text).ok_or(UnknownAnnexKind)
    }
}

/// `kind` of an annex is none of its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write \"protected-objects\", \"template\", \"terminology\" or \"other\"")]
pub struct UnknownAnnexKind;
