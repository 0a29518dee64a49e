//! Texts of accords as people handle them: documents to read, print and sign, from which the text
//! comes back byte for byte, the difference of two texts word by word, and texts to start
//! from.
//!
//! This crate knows nothing of the record, files, sockets, clocks or entropy. What a text says and
//! whether it is sound, detente-accord alone decides.

#![forbid(unsafe_code)]

mod document;
mod redline;
mod template;

pub use document::{
    DOCUMENT_VERSION, DocumentFault, DocumentFormat, MAX_DOCUMENT, RedlineNames,
    UnknownDocumentFormat, read_document, write_document, write_redline,
};
pub use redline::{ChangeKind, Edit, FieldChange, Redline, RedlineFault, UnitChange, redline};
pub use template::{DEFAULT_TEMPLATE, Side, TEMPLATES, Template, TemplateFault, template};

/// A sound text between two parties.
#[cfg(test)]
const SOUND: &str = include_str!("../../../vectors/accord/sound.toml");
