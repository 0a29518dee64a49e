//! A text as a document that people read, print and sign, and from which the text comes back.
//!
//! Is: Markdown and HTML from a sound text, with the text itself at the end, byte for byte; and the
//! way back, which writes the document again from the text it carries and refuses one whose
//! readable part is another. So nobody can be shown one thing and import another. HTML has no
//! script and no outside reference. Is not: a format that is signed; what is signed is the text.

mod html;
mod label;
mod markdown;
mod page;
mod redline;

use std::fmt;
use std::str::FromStr;

use detente_accord::{Accord, Faults};
use detente_core::Digest;

pub use redline::{RedlineNames, write_redline};

/// Longest document, in bytes.
pub const MAX_DOCUMENT: usize = 16 * 1024 * 1024;
/// The version of what documents look like. One of another version can't be written again to
/// compare.
pub const DOCUMENT_VERSION: u32 = 1;

/// How a document is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DocumentFormat {
    /// One page with its style, fit to be printed.
    Html,
    /// CommonMark with tables.
    Markdown,
}

impl DocumentFormat {
    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            DocumentFormat::Html => "html",
            DocumentFormat::Markdown => "markdown",
        }
    }
}

impl fmt::Display for DocumentFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for DocumentFormat {
    type Err = UnknownDocumentFormat;

    fn from_str(text: &str) -> Result<DocumentFormat, UnknownDocumentFormat> {
        match text {
            "html" => Ok(DocumentFormat::Html),
            "markdown" | "md" => Ok(DocumentFormat::Markdown),
            _ => Err(UnknownDocumentFormat),
        }
    }
}

/// The name of no format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write markdown or html")]
pub struct UnknownDocumentFormat;

/// Writes a text as a document.
///
/// # Errors
/// [`DocumentFault::Text`] if it is not sound, [`DocumentFault::TooLong`] if the document would be
/// longer than [`MAX_DOCUMENT`].
pub fn write_document(text: &str, format: DocumentFormat) -> Result<String, DocumentFault> {
    let accord = Accord::parse(text.as_bytes()).map_err(DocumentFault::Text)?;
    let page = page::Page::of(&accord, text);
    let mut out = Out::default();
    match format {
        DocumentFormat::Html => html::write(&page, text, &mut out),
        DocumentFormat::Markdown => markdown::write(&page, text, &mut out),
    }
    out.done()
}

/// The text that a document carries, if the document says nothing else.
///
/// # Errors
/// [`DocumentFault`]; [`DocumentFault::Edited`] names the first line that the text would not give.
pub fn read_document(document: &str) -> Result<String, DocumentFault> {
    if document.len() > MAX_DOCUMENT {
        return Err(DocumentFault::TooLong);
    }
    let format = if document.starts_with(html::BEGINS) {
        DocumentFormat::Html
    } else if document.starts_with("# ") {
        DocumentFormat::Markdown
    } else {
        return Err(DocumentFault::NoDocument);
    };
    let carried = match format {
        DocumentFormat::Html => html::carried(document)?,
        DocumentFormat::Markdown => markdown::carried(document)?,
    };
    let own = Digest::plain(carried.text.as_bytes());
    if own != carried.says {
        return Err(DocumentFault::OtherDigest { says: carried.says, has: own });
    }
    let again = write_document(&carried.text, format)?;
    if again == document {
        return Ok(carried.text);
    }
    let (mut ours, mut theirs) = (again.lines(), document.lines());
    let mut line = 1;
    loop {
        match (ours.next(), theirs.next()) {
            (Some(want), Some(have)) if want == have => line += 1,
            (want, have) => {
                let quote = |text: Option<&str>| text.map(shortened).unwrap_or_default();
                return Err(DocumentFault::Edited { line, says: quote(have), text: quote(want) });
            }
        }
    }
}

/// The text in a document, and the digest that the document says it has.
struct Carried {
    text: String,
    says: Digest,
}

/// Most characters of a line that a fault quotes.
const MAX_QUOTED: usize = 160;

fn shortened(line: &str) -> String {
    let mut quoted: String = line.chars().take(MAX_QUOTED).collect();
    if quoted.len() < line.len() {
        quoted.push_str("...");
    }
    quoted
}

/// A document that is being written; what goes beyond [`MAX_DOCUMENT`] is not kept.
#[derive(Default)]
struct Out {
    text: String,
    is_full: bool,
}

impl Out {
    fn push(&mut self, text: &str) {
        self.is_full |= self.text.len() + text.len() > MAX_DOCUMENT;
        if !self.is_full {
            self.text.push_str(text);
        }
    }

    fn line(&mut self, text: &str) {
        self.push(text);
        self.push("\n");
    }

    fn done(self) -> Result<String, DocumentFault> {
        if self.is_full { Err(DocumentFault::TooLong) } else { Ok(self.text) }
    }
}

/// Why a document can't be written or taken. A document comes from a file of whoever made it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentFault {
    /// Its readable part is not that of the text it carries.
    #[error("line {line} says {says:?}; the text that the document carries gives {text:?}")]
    Edited {
        /// The first line that differs, from 1.
        line: usize,
        /// What stands there.
        says: String,
        /// What the text gives.
        text: String,
    },
    /// It is none of ours.
    #[error("this is no document of an accord, or its beginning was changed")]
    NoDocument,
    /// It carries no text, or not all of it.
    #[error("the document carries no whole text")]
    NoText,
    /// It was written by a program whose documents look otherwise.
    #[error("the document has version {0}, and this program writes version {DOCUMENT_VERSION}")]
    OtherVersion(String),
    /// The text it carries is not the one it names.
    #[error("the document names the text {says}, and carries {has}")]
    OtherDigest {
        /// The digest that it says.
        says: Digest,
        /// The digest of the text that it carries.
        has: Digest,
    },
    /// The text is not sound.
    #[error("the text in the document is not sound")]
    Text(#[source] Faults),
    /// It is too long.
    #[error("a document has at most {MAX_DOCUMENT} bytes")]
    TooLong,
}

impl DocumentFault {
    /// A stable machine code.
    pub const fn code(&self) -> &'static str {
        match self {
            DocumentFault::Edited { .. } => "document_edited",
            DocumentFault::NoDocument => "no_document",
            DocumentFault::NoText => "document_without_text",
            DocumentFault::OtherVersion(_) => "document_version",
            DocumentFault::OtherDigest { .. } => "document_digest",
            DocumentFault::Text(_) => "text_faulty",
            DocumentFault::TooLong => "document_too_long",
        }
    }
}

#[cfg(test)]
mod tests;
