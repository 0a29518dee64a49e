//! A text as a sequence of units: its head, and each table with its sub-tables.
//!
//! Is: the grain at which a text is negotiated. The slices of the units, one after the other, are
//! the text, byte for byte. Comments and blank lines before a table belong to it, so that a unit
//! can be put in or left out without a change of its neighbours. Is not: a check of what the units
//! say; [`crate::Accord::parse`] does that for a whole text.
//!
//! Places of tables come from the events of `toml_parser`, on which the `toml` crate stands: a
//! header within a string is no header.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use detente_core::Digest;
use detente_core::act::MAX_TEXT;
use detente_core::name::is_plain;
use toml::de::{DeTable, DeValue};
use toml_parser::parser::{Event, EventKind, parse_document};
use toml_parser::{ErrorSink, ParseError};

use crate::fault::{Fault, Faults};
use crate::hidden;
use crate::table::Source;

/// Most units of a text.
pub const MAX_UNITS: usize = 2_000;
/// Longest key of a unit as it is written, in bytes.
pub const MAX_UNIT_KEY: usize = 600;
/// What the root fields before the first table are called.
const HEAD: &str = "head";

/// What a unit is called: `clause 3.1`, `definition indicator`, `authority A minister`, `exit`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnitKey {
    table: String,
    name: Option<String>,
}

impl UnitKey {
    /// The unit of a clause.
    pub fn clause(id: &str) -> UnitKey {
        UnitKey { table: "clause".to_owned(), name: Some(id.to_owned()) }
    }

    /// The root fields before the first table.
    pub fn head() -> UnitKey {
        UnitKey { table: HEAD.to_owned(), name: None }
    }

    /// The name of its table: `clause`.
    pub fn table(&self) -> &str {
        &self.table
    }

    /// What tells it from others of its table: `3.1`; none for a table that stands once.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }
}

impl fmt::Display for UnitKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{} {name}", self.table),
            None => f.write_str(&self.table),
        }
    }
}

impl fmt::Debug for UnitKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UnitKey({self})")
    }
}

impl FromStr for UnitKey {
    type Err = BadUnitKey;

    fn from_str(text: &str) -> Result<UnitKey, BadUnitKey> {
        if text.len() > MAX_UNIT_KEY || !is_plain(text) {
            return Err(BadUnitKey);
        }
        let (table, name) = match text.split_once(' ') {
            Some((table, name)) => (table, Some(name)),
            None => (text, None),
        };
        if !is_table_name(table) || name == Some("") {
            return Err(BadUnitKey);
        }
        Ok(UnitKey { table: table.to_owned(), name: name.map(str::to_owned) })
    }
}

/// The text names no unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a unit of a text: write for example \"clause 3.1\", \"definition indicator\", \"exit\""
)]
pub struct BadUnitKey;

/// One unit of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit<'a> {
    /// What it is called.
    pub key: UnitKey,
    /// Its bytes in the text.
    pub text: &'a str,
    /// The line where it begins, from 1, comments and blank lines before its table included.
    pub line: usize,
}

impl Unit<'_> {
    /// SHA-256 of its bytes.
    pub fn digest(&self) -> Digest {
        Digest::plain(self.text.as_bytes())
    }
}

/// Splits a text into its units. What the units say is not looked at.
///
/// # Errors
/// [`Faults`] if the text is too long, no TOML, has hidden characters or more than [`MAX_UNITS`]
/// units, if two units have the same key, or if a part of a table stands away from it.
pub fn split(text: &str) -> Result<Vec<Unit<'_>>, Faults> {
    if text.len() > MAX_TEXT {
        let what = format!("the text has {} bytes", text.len());
        let remedy = format!("an accord has at most {MAX_TEXT} bytes");
        return Err(Faults(vec![Fault { line: 1, code: "too_long", what, remedy }]));
    }
    let source = Source::new(text);
    let units = read(text, &source);
    let faults = source.into_faults();
    if faults.is_empty() { Ok(units) } else { Err(Faults(faults)) }
}

fn read<'a>(text: &'a str, source: &Source<'_>) -> Vec<Unit<'a>> {
    if let Some((at, c)) = hidden::find(text) {
        let what = format!("the text has {}", hidden::describe(c));
        source.fault(&at, "hidden_character", what, "take it out: it does not show on paper");
        return Vec::new();
    }
    // Also bounds the nesting, for the events below.
    if let Err(error) = DeTable::parse(text) {
        let at = error.span().unwrap_or(0..0);
        source.fault(&at, "not_toml", error.message().to_owned(), "mend the TOML");
        return Vec::new();
    }
    let sections = sections(text, source);
    if sections.len() > MAX_UNITS {
        let what = format!("the text has {} tables", sections.len());
        source.fault_at(1, "too_many", what, format!("write at most {MAX_UNITS}"));
        return Vec::new();
    }
    let ends = sections.iter().skip(1).map(|section| section.start).chain([text.len()]);
    let mut seen = BTreeSet::new();
    let mut units = Vec::with_capacity(sections.len());
    let mut line = 1;
    for (section, end) in sections.iter().zip(ends) {
        let slice = text.get(section.start..end).unwrap_or_default();
        let at = section.at..section.at;
        match key_of(&section.table, slice, section.is_array) {
            Ok(key) if seen.insert(key.clone()) => units.push(Unit { key, text: slice, line }),
            Ok(key) => {
                let what = format!("the text has {key} twice");
                source.fault(&at, "repeated", what, "give each its own id, one table for each");
            }
            Err(what) => source.fault(&at, "unit", what, UNIT_REMEDY),
        }
        line += slice.bytes().filter(|byte| *byte == b'\n').count();
    }
    units
}

const UNIT_REMEDY: &str = "write each table once and whole: its sub-tables behind it, before the \
    next table, its name in plain letters, an id of its own in each [[table]]";

/// A stretch of a text from one table to the next.
struct Section {
    /// Where its bytes begin.
    start: usize,
    /// Where its header stands.
    at: usize,
    table: String,
    is_array: bool,
}

/// The tables of a text that is sound TOML, in its order.
fn sections(text: &str, source: &Source<'_>) -> Vec<Section> {
    let mut events: Vec<Event> = Vec::new();
    let tokens = toml_parser::Source::new(text).lex().into_vec();
    let mut keep = |event: Event| events.push(event);
    parse_document(&tokens, &mut keep, &mut Ignored);
    let mut sections: Vec<Section> = Vec::new();
    // Where the last thing ends that is neither blank nor a comment.
    let mut content_end = 0;
    // A header whose name is still to come: its place, whether it is of an array, its keys.
    let mut header: Option<(Section, Vec<&str>)> = None;
    for event in &events {
        let span = event.span();
        match event.kind() {
            kind @ (EventKind::StdTableOpen | EventKind::ArrayTableOpen) => {
                let start = line_after(text, content_end);
                let is_array = kind == EventKind::ArrayTableOpen;
                let section = Section { start, at: span.start(), table: String::new(), is_array };
                header = Some((section, Vec::new()));
            }
            EventKind::SimpleKey => {
                if let Some((_, keys)) = &mut header {
                    keys.push(text.get(span.start()..span.end()).unwrap_or_default());
                }
            }
            EventKind::StdTableClose | EventKind::ArrayTableClose => {
                if let Some((section, keys)) = header.take() {
                    open(&mut sections, source, section, &keys);
                }
            }
            EventKind::Whitespace | EventKind::Comment | EventKind::Newline => continue,
            _ => {}
        }
        if sections.is_empty() && header.is_none() {
            let table = HEAD.to_owned();
            sections.push(Section { start: 0, at: 0, table, is_array: false });
        }
        content_end = span.end();
    }
    // Comments above a text without root fields are of its first table.
    if let Some(first) = sections.first_mut() {
        first.start = 0;
    }
    sections
}

/// Begins a section, or goes on with the one that a sub-table belongs to.
fn open(sections: &mut Vec<Section>, source: &Source<'_>, mut section: Section, keys: &[&str]) {
    let [table, rest @ ..] = keys else { return };
    let is_part = !rest.is_empty() || !section.is_array;
    let current = sections.last();
    if is_part && current.is_some_and(|current| current.table == *table && *table != HEAD) {
        return;
    }
    let earlier = || sections.iter().any(|section| section.table == *table);
    if !is_table_name(table) || *table == HEAD || (is_part && earlier()) {
        let what = format!("a part of table {table} stands where no unit can hold it");
        source.fault(&(section.at..section.at), "unit", what, UNIT_REMEDY);
    }
    section.table = (*table).to_owned();
    section.is_array &= rest.is_empty();
    sections.push(section);
}

/// Whether a table may be called so.
fn is_table_name(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    !name.is_empty() && name.bytes().all(plain)
}

/// The start of the line behind a place; of the text, if nothing stands before.
fn line_after(text: &str, at: usize) -> usize {
    if at == 0 {
        return 0;
    }
    let rest = text.get(at..).unwrap_or_default();
    rest.find('\n').map_or(text.len(), |newline| at + newline + 1)
}

/// The key of the one table in a slice, from the fields that tell it from others.
fn key_of(table: &str, slice: &str, is_array: bool) -> Result<UnitKey, String> {
    let root = DeTable::parse(slice).map_err(|error| error.message().to_owned())?;
    if let Some(c) = hidden_value(root.get_ref().values().map(|value| value.get_ref())) {
        return Err(format!("table {table} has {} in a string", hidden::describe(c)));
    }
    if !is_array {
        return Ok(UnitKey { table: table.to_owned(), name: None });
    }
    let item = root
        .get_ref()
        .iter()
        .find(|(name, _)| name.get_ref().as_ref() == table)
        .and_then(|(_, value)| value.get_ref().as_array())
        .and_then(|items| items.iter().next())
        .and_then(|item| item.get_ref().as_table());
    let field = |key: &str| {
        let (_, value) = item?.iter().find(|(name, _)| name.get_ref().as_ref() == key)?;
        value.get_ref().as_str().filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let name = if table == "authority" {
        field("party").zip(field("role")).map(|(party, role)| format!("{party} {role}"))
    } else {
        field("id")
    };
    let Some(name) = name else {
        return Err(format!("a table [[{table}]] has nothing that tells it from others"));
    };
    let key = UnitKey { table: table.to_owned(), name: Some(name) };
    if key.to_string().len() > MAX_UNIT_KEY {
        return Err(format!("the id of a table [[{table}]] is too long"));
    }
    Ok(key)
}

/// The first hidden character in the strings of values. Escapes bring it past the look at the
/// bytes. The parser has bounded the depth.
fn hidden_value<'a, 'b: 'a>(values: impl Iterator<Item = &'a DeValue<'b>>) -> Option<char> {
    for value in values {
        let hit = match value {
            DeValue::String(text) => hidden::find(text).map(|(_, c)| c),
            DeValue::Array(items) => {
                let mut inner = items.iter().map(|item| item.get_ref());
                inner.find_map(|item| hidden_value(std::iter::once(item)))
            }
            DeValue::Table(table) => {
                let mut inner = table.values().map(|item| item.get_ref());
                inner.find_map(|item| hidden_value(std::iter::once(item)))
            }
            _ => None,
        };
        if hit.is_some() {
            return hit;
        }
    }
    None
}

/// The text was sound TOML when it was read before.
struct Ignored;

impl ErrorSink for Ignored {
    fn report_error(&mut self, _: ParseError) {}
}

#[cfg(test)]
mod tests;
