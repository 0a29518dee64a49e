//! Reservations and interpretative declarations.
//!
//! Source: Vienna Convention on the Law of Treaties, articles 19 to 23; the International Law
//! Commission's Guide to Practice for the difference of the two.

use crate::act::rule;
use crate::act::stance::{MAX_CLAUSES, MAX_NOTE, check_note, read_clauses};
use crate::encode::{DecodeError, Reader, Writer};
use crate::id::Digest;

/// A one-sided statement on clauses of a text. As a reservation it excludes them for its author;
/// as a declaration it stands beside them and has no effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unilateral {
    /// SHA-256 of the text's bytes.
    pub text: Digest,
    /// Its clauses, ascending, at least one.
    pub clauses: Vec<String>,
    /// What the party states.
    pub statement: String,
}

impl Unilateral {
    /// Whether it says all that it must.
    ///
    /// # Errors
    /// What is missing, in words.
    pub fn check(&self) -> Result<(), &'static str> {
        if self.clauses.is_empty() || self.clauses.len() > MAX_CLAUSES {
            return Err("the scope names no clause, or too many");
        }
        if !self.clauses.windows(2).all(|pair| pair[0] < pair[1]) {
            return Err("clauses are not in ascending order");
        }
        if self.statement.trim().is_empty() {
            return Err("the act states nothing");
        }
        check_note(&self.statement)
    }

    pub(super) fn write(&self, w: &mut Writer) {
        w.array(3).bytes(self.text.as_bytes()).array(self.clauses.len());
        for clause in &self.clauses {
            w.text(clause);
        }
        w.text(&self.statement);
    }

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Unilateral, DecodeError> {
        r.tuple(3)?;
        let text = Digest::new(r.fixed()?);
        let clauses = read_clauses(r)?;
        let statement = r.text(MAX_NOTE)?.to_owned();
        let read = Unilateral { text, clauses, statement };
        read.check().map_err(|words| rule(r.offset(), words))?;
        Ok(read)
    }
}
