//! The act that changes the rolling text: brackets with their options, unit by unit.

use crate::act::rule;
use crate::act::stance::{MAX_NOTE, check_note};
use crate::encode::{DecodeError, DecodeFault, Reader, Writer};
use crate::id::Digest;
use crate::name::is_plain;

/// Most units that one act changes.
pub const MAX_CHANGES: usize = 200;
/// Most options for one unit in one act.
pub const MAX_OPTIONS: usize = 16;
/// Longest option, in bytes.
pub const MAX_OPTION: usize = 64 * 1024;
/// Longest name of a unit, in bytes.
pub const MAX_UNIT: usize = 200;
/// Most stretches of words that one change brackets.
pub const MAX_QUOTES: usize = 64;
/// Longest bracketed stretch, in bytes.
pub const MAX_QUOTE: usize = 2_000;

/// What a party would change in one unit of the text: a clause, a definition, the head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which: `clause 3.1`.
    pub unit: String,
    /// What it starts from, by SHA-256; none for a unit that is new.
    pub base: Option<Digest>,
    /// Each content that the party would accept; none in the place of a content leaves the unit
    /// out. No option at all brackets without an offer.
    pub options: Vec<Option<String>>,
    /// The bracketed words of the base, as they stand; none for the whole unit.
    pub words: Vec<String>,
    /// In words, for people; may be empty.
    pub note: String,
}

impl Change {
    /// Whether the change keeps to the bounds and hides nothing.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn check(&self) -> Result<(), &'static str> {
        if self.unit.is_empty() || self.unit.len() > MAX_UNIT || !is_plain(&self.unit) {
            return Err("the unit has no name, one too long or one with hidden characters");
        }
        if self.options.len() > MAX_OPTIONS || self.words.len() > MAX_QUOTES {
            return Err("a change has too many options or brackets");
        }
        if self.base.is_none() && self.options.is_empty() {
            return Err("a change of nothing offers nothing");
        }
        if self.words.iter().any(|words| words.len() > MAX_QUOTE) {
            return Err("bracketed words are too long");
        }
        for text in self.options.iter().flatten().chain(&self.words) {
            if text.trim().is_empty() || text.len() > MAX_OPTION {
                return Err("an option or bracket is empty or too long");
            }
            if !is_plain(&text.replace(['\n', '\t', '\r'], " ")) {
                return Err("an option or bracket has hidden characters");
            }
        }
        check_note(&self.note)
    }

    fn write(&self, w: &mut Writer) {
        w.array(5).text(&self.unit).array(usize::from(self.base.is_some()));
        if let Some(base) = &self.base {
            w.bytes(base.as_bytes());
        }
        w.array(self.options.len());
        for option in &self.options {
            w.array(usize::from(option.is_some()));
            if let Some(option) = option {
                w.text(option);
            }
        }
        w.array(self.words.len());
        for words in &self.words {
            w.text(words);
        }
        w.text(&self.note);
    }

    fn read(r: &mut Reader<'_>) -> Result<Change, DecodeError> {
        r.tuple(5)?;
        let unit = r.text(MAX_UNIT)?.to_owned();
        let base = if r.array(1)? == 1 { Some(Digest::new(r.fixed()?)) } else { None };
        let mut options = Vec::new();
        for _ in 0..r.array(MAX_OPTIONS)? {
            let there = r.array(1)? == 1;
            options.push(if there { Some(r.text(MAX_OPTION)?.to_owned()) } else { None });
        }
        let mut words = Vec::new();
        for _ in 0..r.array(MAX_QUOTES)? {
            words.push(r.text(MAX_QUOTE)?.to_owned());
        }
        let note = r.text(MAX_NOTE)?.to_owned();
        let read = Change { unit, base, options, words, note };
        read.check().map_err(|fault| rule(r.offset(), fault))?;
        Ok(read)
    }
}

/// Writes the changes of one act.
pub(super) fn write_changes(changes: &[Change], w: &mut Writer) {
    w.array(changes.len());
    for change in changes {
        change.write(w);
    }
}

/// Reads the changes of one act: at least one, each unit once.
pub(super) fn read_changes(r: &mut Reader<'_>) -> Result<Vec<Change>, DecodeError> {
    let count = r.array(MAX_CHANGES)?;
    if count == 0 {
        return Err(r.fail(DecodeFault::Rule("the act changes nothing")));
    }
    let mut changes: Vec<Change> = Vec::new();
    for _ in 0..count {
        let change = Change::read(r)?;
        if changes.iter().any(|other| other.unit == change.unit) {
            return Err(r.fail(DecodeFault::Rule("a unit is changed twice in one act")));
        }
        changes.push(change);
    }
    Ok(changes)
}
