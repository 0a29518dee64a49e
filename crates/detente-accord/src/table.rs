//! A strict view of a TOML table: each field is asked for by name and type, every fault is noted
//! with its line, and a field that nobody asked for is a fault too.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::fault::{Fault, MAX_FAULTS};
use super::hidden;
use super::word::Word;

/// Most items in any list of a text.
pub(super) const MAX_LIST: usize = 2_000;
/// Longest string of a text that is not prose, in bytes.
const MAX_STRING: usize = 500;

/// Collects faults and turns offsets into lines.
pub(super) struct Source<'a> {
    text: &'a str,
    faults: RefCell<Vec<Fault>>,
}

impl<'a> Source<'a> {
    pub(super) fn new(text: &'a str) -> Source<'a> {
        Source { text, faults: RefCell::new(Vec::new()) }
    }

    pub(super) fn line(&self, offset: usize) -> usize {
        let upto = self.text.as_bytes().get(..offset.min(self.text.len())).unwrap_or_default();
        1 + upto.iter().filter(|byte| **byte == b'\n').count()
    }

    pub(super) fn fault(
        &self,
        at: &Range<usize>,
        code: &'static str,
        what: String,
        remedy: impl Into<String>,
    ) {
        // Finding the line reads the text: not for a fault that is not noted.
        if !self.is_full() {
            self.fault_at(self.line(at.start), code, what, remedy);
        }
    }

    pub(super) fn fault_at(
        &self,
        line: usize,
        code: &'static str,
        what: String,
        remedy: impl Into<String>,
    ) {
        let mut faults = self.faults.borrow_mut();
        if faults.len() < MAX_FAULTS {
            faults.push(Fault { line, code, what, remedy: remedy.into() });
        }
    }

    /// Whether no more faults are noted: then there is no use in wording them.
    pub(super) fn is_full(&self) -> bool {
        self.faults.borrow().len() >= MAX_FAULTS
    }

    pub(super) fn into_faults(self) -> Vec<Fault> {
        let mut faults = self.faults.into_inner();
        faults.sort_by_key(|fault| fault.line);
        faults
    }
}

/// One table of the text.
pub(super) struct Table<'a> {
    pub(super) source: &'a Source<'a>,
    table: &'a DeTable<'a>,
    pub(super) span: Range<usize>,
    /// How people find it: `[[clause]] "2"`.
    pub(super) name: String,
    asked: RefCell<BTreeSet<&'static str>>,
}

impl<'a> Table<'a> {
    pub(super) fn new(
        source: &'a Source<'a>,
        table: &'a DeTable<'a>,
        span: Range<usize>,
        name: impl Into<String>,
    ) -> Table<'a> {
        Table { source, table, span, name: name.into(), asked: RefCell::default() }
    }

    pub(super) fn line(&self) -> usize {
        self.source.line(self.span.start)
    }

    pub(super) fn fault(&self, code: &'static str, what: String, remedy: impl Into<String>) {
        self.source.fault(&self.span, code, what, remedy);
    }

    /// The span and value of a field, if present.
    pub(super) fn value(&self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.asked.borrow_mut().insert(key);
        self.table.iter().find(|(name, _)| name.get_ref().as_ref() == key).map(|(_, value)| value)
    }

    /// Where a field stands; the table's place if it is not there.
    pub(super) fn at(&self, key: &'static str) -> Range<usize> {
        self.value(key).map_or(self.span.clone(), Spanned::span)
    }

    /// A string, for the faults of which somebody else asks.
    pub(super) fn peek(&self, key: &'static str) -> Option<String> {
        self.value(key)?.get_ref().as_str().map(str::to_owned)
    }

    /// The keys of a sub-table, for the faults of which somebody else asks.
    pub(super) fn peek_keys(&self, key: &'static str) -> Option<Vec<String>> {
        let table = self.value(key)?.get_ref().as_table()?;
        Some(table.keys().map(|name| name.get_ref().to_string()).collect())
    }

    pub(super) fn has(&self, key: &'static str) -> bool {
        self.value(key).is_some()
    }

    /// Notes that a required field is missing.
    pub(super) fn missing(&self, key: &'static str, remedy: impl Into<String>) {
        self.fault("missing_field", format!("{} has no `{key}`", self.name), remedy);
    }

    fn wrong_type(&self, key: &str, value: &Spanned<DeValue<'_>>, want: &str) {
        self.source.fault(
            &value.span(),
            "wrong_type",
            format!("`{key}` in {} is a {}", self.name, value.get_ref().type_str()),
            format!("write {want}"),
        );
    }

    /// An optional string.
    pub(super) fn text(&self, key: &'static str) -> Option<String> {
        let value = self.value(key)?;
        self.string(key, value)
    }

    fn string(&self, key: &'static str, value: &'a Spanned<DeValue<'a>>) -> Option<String> {
        let Some(text) = value.get_ref().as_str() else {
            self.wrong_type(key, value, "a string in quotes");
            return None;
        };
        // A line end does not hide, but does not stand in a name or title either.
        let hidden =
            text.chars().find(|c| !detente_core::name::is_plain(c.encode_utf8(&mut [0; 4])));
        if text.len() > MAX_STRING || text.is_empty() || hidden.is_some() {
            let has = match hidden {
                Some(c) => format!("has {}", hidden::describe(c)),
                None => "is empty or too long".to_owned(),
            };
            self.source.fault(
                &value.span(),
                "bad_string",
                format!("`{key}` in {} {has}", self.name),
                format!("write 1 to {MAX_STRING} bytes of plain text"),
            );
            return None;
        }
        Some(text.to_owned())
    }

    /// A required string; `remedy` says what to write.
    pub(super) fn required(&self, key: &'static str, remedy: &str) -> Option<String> {
        if !self.has(key) {
            self.missing(key, remedy);
        }
        self.text(key)
    }

    /// An optional string that parses as `T`.
    pub(super) fn parsed<T: Word>(&self, key: &'static str) -> Option<T> {
        let text = self.text(key)?;
        let value = text.parse().ok();
        if value.is_none() {
            let what = format!("`{key}` in {} is {text:?}", self.name);
            self.source.fault(&self.at(key), "bad_value", what, T::remedy());
        }
        value
    }

    /// A required string that parses as `T`.
    pub(super) fn required_as<T: Word>(&self, key: &'static str, remedy: &str) -> Option<T> {
        if !self.has(key) {
            self.missing(key, remedy);
        }
        self.parsed(key)
    }

    /// An optional positive integer up to `max`.
    pub(super) fn number(&self, key: &'static str, max: u64) -> Option<u64> {
        let value = self.value(key)?;
        let number = value
            .get_ref()
            .as_integer()
            .filter(|integer| integer.radix() == 10)
            .and_then(|integer| integer.as_str().parse::<u64>().ok())
            .filter(|number| (1..=max).contains(number));
        if number.is_none() {
            self.source.fault(
                &value.span(),
                "bad_value",
                format!("`{key}` in {} is not a whole number in range", self.name),
                format!("write a number from 1 to {max}"),
            );
        }
        number
    }

    /// An optional list of strings that parse as `T`, not empty, none twice.
    pub(super) fn list<T: Word + PartialEq>(&self, key: &'static str) -> Option<Vec<T>> {
        let value = self.value(key)?;
        let Some(items) = value.get_ref().as_array() else {
            self.wrong_type(key, value, "a list of strings");
            return None;
        };
        if items.is_empty() || items.len() > MAX_LIST {
            self.source.fault(
                &value.span(),
                "bad_value",
                format!("`{key}` in {} has {} items", self.name, items.len()),
                format!("name 1 to {MAX_LIST}; an empty list says nothing"),
            );
            return None;
        }
        let mut list = Vec::new();
        for item in items {
            let text = self.string(key, item)?;
            match text.parse::<T>() {
                Ok(value) if list.contains(&value) => self.source.fault(
                    &item.span(),
                    "repeated",
                    format!("{text:?} stands twice in `{key}` of {}", self.name),
                    "name it once",
                ),
                Ok(value) => list.push(value),
                Err(_) => self.source.fault(
                    &item.span(),
                    "bad_value",
                    format!("`{key}` in {} has {text:?}", self.name),
                    T::remedy(),
                ),
            }
        }
        Some(list)
    }

    /// An optional sub-table.
    pub(super) fn table(&self, key: &'static str) -> Option<Table<'a>> {
        let value = self.value(key)?;
        let Some(table) = value.get_ref().as_table() else {
            self.wrong_type(key, value, "a table");
            return None;
        };
        Some(Table::new(self.source, table, value.span(), format!("{key} of {}", self.name)))
    }

    /// All `[[key]]` tables.
    pub(super) fn tables(&self, key: &'static str) -> Vec<Table<'a>> {
        let Some(value) = self.value(key) else {
            return Vec::new();
        };
        let Some(items) = value.get_ref().as_array() else {
            self.wrong_type(key, value, "tables headed by double brackets");
            return Vec::new();
        };
        if items.len() > MAX_LIST {
            self.source.fault(
                &value.span(),
                "too_many",
                format!("{} tables `{key}`", items.len()),
                format!("write at most {MAX_LIST}"),
            );
            return Vec::new();
        }
        let mut tables = Vec::new();
        for item in items {
            match item.get_ref().as_table() {
                Some(table) => {
                    let name = format!("[[{key}]]");
                    tables.push(Table::new(self.source, table, item.span(), name));
                }
                None => self.wrong_type(key, item, "a table"),
            }
        }
        tables
    }

    /// A table whose keys are free (prose by language, named constants): its string or integer
    /// values in the order of the keys.
    pub(super) fn entries(&self) -> Vec<(String, String, Range<usize>)> {
        let mut entries: Vec<(String, String, Range<usize>)> = Vec::new();
        for (name, value) in self.table {
            let text = match (value.get_ref().as_str(), value.get_ref().as_integer()) {
                (Some(text), _) => text.to_owned(),
                (None, Some(integer)) => integer.as_str().to_owned(),
                _ => {
                    self.wrong_type(name.get_ref(), value, "a string or whole number");
                    continue;
                }
            };
            entries.push((name.get_ref().to_string(), text, value.span()));
        }
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        entries
    }

    /// A table whose keys are free and whose values are tables: those, in the order of the keys.
    pub(super) fn tables_by_name(&self) -> Vec<(String, Table<'a>)> {
        let mut tables: Vec<(String, Table<'a>)> = Vec::new();
        for (name, value) in self.table {
            let name = name.get_ref().to_string();
            match value.get_ref().as_table() {
                Some(table) => {
                    let called = format!("{name} in {}", self.name);
                    tables.push((name, Table::new(self.source, table, value.span(), called)));
                }
                None => self.wrong_type(&name, value, "a table"),
            }
        }
        tables.sort_by(|a, b| a.0.cmp(&b.0));
        tables
    }

    /// Whether any value of a table with free keys is a string.
    pub(super) fn has_strings(&self) -> bool {
        self.table.values().any(|value| value.get_ref().as_str().is_some())
    }

    /// Notes every field that was not asked for: a misspelt field would otherwise be ignored.
    pub(super) fn finish(&self) {
        let asked = self.asked.borrow();
        for name in self.table.keys() {
            if !asked.contains(name.get_ref().as_ref()) {
                let known: Vec<&str> = asked.iter().copied().collect();
                self.source.fault(
                    &name.span(),
                    "unknown_field",
                    format!("{} has an unknown field `{}`", self.name, name.get_ref()),
                    format!("use one of: {}", known.join(", ")),
                );
            }
        }
    }
}
