//! The interpreter of the tables: walks an object and compares it with what its tables say.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::PatternRule;
use super::format::{Format, is_dictionary_key, is_hash, is_lower_hyphen};
use super::kind::{Dictionary, Kind, Precision, Record, Rule};
use super::report::{Finding, Level, Report};
use super::vocabulary::{HASH_ALGORITHM, Vocabulary};
use crate::timestamp::Timestamp;

/// One check under way.
pub(super) struct Walk<'t> {
    pub report: Report,
    /// The top-level object that is being checked: what granular markings select from.
    pub root: &'t Map<String, Value>,
    /// The deprecated container in which references are keys and not identifiers.
    pub container: Option<&'t Map<String, Value>>,
    pub pattern_rule: Option<PatternRule<'t>>,
    path: String,
}

impl<'t> Walk<'t> {
    pub(super) fn new(root: &'t Map<String, Value>, rule: Option<PatternRule<'t>>) -> Walk<'t> {
        let report = Report::default();
        Walk { report, root, container: None, pattern_rule: rule, path: String::new() }
    }

    /// Notes a finding at the present place.
    pub(super) fn say(
        &mut self,
        level: Level,
        code: &'static str,
        section: &'static str,
        words: impl Into<String>,
    ) {
        let path = self.path.clone();
        self.report.push(Finding { path, code, words: words.into(), section, level });
    }

    /// Takes over the findings of a walk through the value at the present place.
    pub(super) fn adopt(&mut self, report: Report) {
        let place = self.path.clone();
        self.report.adopt(report, &place);
    }

    /// Notes a broken MUST at the present place.
    pub(super) fn must(
        &mut self,
        code: &'static str,
        section: &'static str,
        words: impl Into<String>,
    ) {
        self.say(Level::Must, code, section, words);
    }

    /// Notes a SHOULD that is not followed at the present place.
    pub(super) fn should(
        &mut self,
        code: &'static str,
        section: &'static str,
        words: impl Into<String>,
    ) {
        self.say(Level::Should, code, section, words);
    }

    /// Goes to a member of the present object for as long as `inside` runs.
    pub(super) fn at(&mut self, key: &str, inside: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        if length > 0 {
            self.path.push('.');
        }
        self.path.push_str(key);
        inside(self);
        self.path.truncate(length);
    }

    /// Goes to an element of the present list for as long as `inside` runs.
    pub(super) fn at_index(&mut self, index: usize, inside: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        if length > 0 {
            self.path.push('.');
        }
        // Writing to a string cannot fail.
        let _ = write!(self.path, "[{index}]");
        inside(self);
        self.path.truncate(length);
    }

    /// Compares a value with what its table says it is.
    pub(super) fn value(&mut self, value: &Value, kind: Kind, section: &'static str) {
        match (kind, value) {
            (Kind::Any, value) => self.any(value),
            (Kind::Boolean, Value::Bool(_))
            | (Kind::String | Kind::StringOrInteger, Value::String(_)) => {}
            (Kind::Dictionary(dictionary), Value::Object(map)) => {
                self.dictionary(map, dictionary, section);
            }
            (Kind::Enum(vocabulary), Value::String(term)) => self.enumeration(term, vocabulary),
            (Kind::Extensions(known), Value::Object(map)) => self.extensions(map, known),
            (Kind::Granular, Value::Array(list)) => self.granular(list),
            (Kind::Hashes(level), Value::Object(map)) => self.hashes(map, level),
            (Kind::Integer(least, most), Value::Number(number)) => {
                self.integer(number, least, most, section);
            }
            (Kind::StringOrInteger, Value::Number(number)) => {
                self.integer(number, -super::kind::MAX_INTEGER, super::kind::MAX_INTEGER, section);
            }
            (Kind::List(element), Value::Array(list)) => self.list(list, *element, section),
            (Kind::Number(least, most), Value::Number(number)) => {
                let number = number.as_f64().unwrap_or(f64::NAN);
                if !(least..=most).contains(&number) {
                    self.must("range", section, format!("{number} is not in {least} to {most}"));
                }
            }
            (Kind::Open(vocabulary), Value::String(term)) => self.open(term, vocabulary),
            (Kind::Part(record), Value::Object(map)) => self.part(map, record),
            (Kind::Reference(target), Value::String(text)) => {
                self.reference(text, target, section);
            }
            (Kind::Text(format), Value::String(text)) => self.text(text, format),
            (Kind::Time(precision), Value::String(text)) => self.time(text, precision, section),
            (kind, value) => {
                let (wanted, found) = (name_of(kind), type_of(value));
                self.must("type", section, format!("is {found}, must be {wanted}"));
            }
        }
    }

    fn list(&mut self, list: &[Value], element: Kind, section: &'static str) {
        if list.is_empty() {
            self.must("empty-list", "2.12", "an empty list is prohibited");
        }
        for (index, value) in list.iter().enumerate() {
            self.at_index(index, |walk| walk.value(value, element, section));
        }
    }

    /// What is defined elsewhere must still be made of the standard's types. Recursion is bounded
    /// by the depth to which the object could be parsed.
    pub(super) fn any(&mut self, value: &Value) {
        match value {
            Value::Null => {
                self.must("null", "2", "null is no value of any of the standard's types");
            }
            Value::Array(list) => {
                if list.is_empty() {
                    self.must("empty-list", "2.12", "an empty list is prohibited");
                }
                for (index, element) in list.iter().enumerate() {
                    self.at_index(index, |walk| walk.any(element));
                }
            }
            Value::Object(map) => {
                self.keys(map, true);
                for (key, value) in map {
                    self.at(key, |walk| walk.any(value));
                }
            }
            _ => {}
        }
    }

    fn keys(&mut self, map: &Map<String, Value>, keeps_case: bool) {
        if map.is_empty() {
            self.must("empty-dictionary", "2.3", "an empty dictionary is prohibited");
        }
        for key in map.keys() {
            if !is_dictionary_key(key) {
                let words = format!("key {key:?} is not made of a-z, A-Z, 0-9, - and _");
                self.must("dictionary-key", "2.3", words);
            } else if !keeps_case && key.bytes().any(|b| b.is_ascii_uppercase()) {
                self.should("dictionary-key-case", "2.3", format!("key {key:?} has capitals"));
            }
        }
    }

    fn dictionary(
        &mut self,
        map: &Map<String, Value>,
        dictionary: &Dictionary,
        section: &'static str,
    ) {
        self.keys(map, dictionary.keeps_case);
        for (key, value) in map {
            self.at(key, |walk| {
                if let Some(format) = dictionary.key {
                    walk.text(key, format);
                }
                walk.value(value, dictionary.value, section);
            });
        }
    }

    fn hashes(&mut self, map: &Map<String, Value>, unlisted: Level) {
        self.keys(map, true);
        for (name, value) in map {
            self.at(name, |walk| {
                if name.len() < 3 {
                    walk.must("hash-name", "2.7", "a hash name has at least three characters");
                }
                if !HASH_ALGORITHM.has(name) {
                    let words = format!("hash name {name:?} is not in hash-algorithm-ov");
                    walk.say(unlisted, "hash-vocabulary", "10.7", words);
                }
                match value {
                    Value::String(hash) if is_hash(name, hash) => {}
                    Value::String(_) => walk.must("hash", "2.7", format!("is no {name} hash")),
                    value => {
                        let found = type_of(value);
                        walk.must("type", "2.7", format!("is {found}, must be a string"));
                    }
                }
            });
        }
    }

    fn integer(
        &mut self,
        number: &serde_json::Number,
        least: i64,
        most: i64,
        section: &'static str,
    ) {
        let double = number.as_f64().unwrap_or(f64::NAN);
        if double.fract() != 0.0 {
            self.must("type", "2.10", format!("{number} is no whole number"));
            return;
        }
        // Bounds are below 2^53, so a double holds them and what lies between them exactly.
        let (low, high) = (as_double(least), as_double(most));
        if !(low..=high).contains(&double) {
            self.must("range", section, format!("{number} is not in {least} to {most}"));
        }
    }

    pub(super) fn enumeration(&mut self, term: &str, vocabulary: &Vocabulary) {
        if !vocabulary.has(term) {
            let words = format!("{term:?} is not in {}", vocabulary.name);
            self.must("enum", vocabulary.section, words);
        }
    }

    fn open(&mut self, term: &str, vocabulary: &Vocabulary) {
        if vocabulary.has(term) {
            return;
        }
        let words = format!("{term:?} is not in {}", vocabulary.name);
        self.should("vocabulary", vocabulary.section, words);
        if !is_lower_hyphen(term) {
            let words = format!("{term:?} is not in lower case with hyphens");
            self.should("vocabulary-case", "2.14", words);
        }
    }

    pub(super) fn text(&mut self, text: &str, format: &Format) {
        if !(format.test)(text) {
            let shown: String = text.chars().take(80).collect();
            let words = format!("{shown:?} is no {}", format.words);
            self.say(format.level, format.code, format.section, words);
        }
    }

    fn time(&mut self, text: &str, precision: Precision, section: &'static str) {
        let time = match Timestamp::parse(text) {
            Ok(time) => time,
            Err(fault) => return self.must("timestamp", "2.16.1", fault.to_string()),
        };
        match precision {
            Precision::Millisecond if time.fraction_digits() < 3 => {
                let words = "a time of creation or change is precise to the millisecond at least";
                self.must("timestamp-precision", "3.2", words);
            }
            Precision::Second if time.fraction_digits() > 0 => {
                self.must("timestamp-precision", section, "this time is precise to the second");
            }
            _ => {}
        }
    }

    /// An object inside an object.
    pub(super) fn part(&mut self, map: &Map<String, Value>, record: &'static Record) {
        if map.is_empty() {
            self.must("empty-dictionary", "2.3", "an empty object is prohibited");
        }
        for (name, value) in map {
            self.at(name, |walk| match record.find(name) {
                Some(property) => walk.value(value, property.kind, record.section),
                None => walk.custom_property(name, value, true),
            });
        }
        self.required(map, record);
        self.rules(map, record);
    }

    pub(super) fn required(&mut self, map: &Map<String, Value>, record: &'static Record) {
        for property in record.properties {
            if property.required && !map.contains_key(property.name) {
                let words = format!("property {} is missing", property.name);
                self.must("missing", record.section, words);
            }
        }
    }

    pub(super) fn rules(&mut self, map: &Map<String, Value>, record: &'static Record) {
        let has = |name: &str| map.contains_key(name);
        let section = record.section;
        for rule in record.rules {
            match *rule {
                Rule::Advised(name) if !has(name) => {
                    self.should("advised", section, format!("property {name} should be there"));
                }
                Rule::AnyOf(names) if !names.iter().any(|name| has(name)) => {
                    let words = format!("at least one of {} must be there", names.join(", "));
                    self.must("any-of", section, words);
                }
                Rule::NotBoth(a, b) if has(a) && has(b) => {
                    self.must("not-both", section, format!("{a} and {b} exclude each other"));
                }
                Rule::Needs(a, b) if has(a) && !has(b) => {
                    self.must("needs", section, format!("{a} must not be there without {b}"));
                }
                Rule::NotBefore(later, earlier) => self.order(map, [later, earlier], true, section),
                Rule::After(later, earlier) => self.order(map, [later, earlier], false, section),
                Rule::Special(rule) => rule(self, map),
                _ => {}
            }
        }
    }

    /// Two times in their order; times that cannot be read are told of elsewhere.
    pub(super) fn order(
        &mut self,
        map: &Map<String, Value>,
        [later, earlier]: [&str; 2],
        may_be_equal: bool,
        section: &'static str,
    ) {
        let read = |name: &str| Timestamp::parse(map.get(name)?.as_str()?.to_owned()).ok();
        let (Some(second), Some(first)) = (read(later), read(earlier)) else { return };
        let order = second.compare(&first);
        if order.is_lt() || (order.is_eq() && !may_be_equal) {
            let words = if may_be_equal {
                format!("{later} is before {earlier}")
            } else {
                format!("{later} is not after {earlier}")
            };
            self.must("time-order", section, words);
        }
    }
}

fn as_double(integer: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "bounds lie within 2^53")]
    let double = integer as f64;
    double
}

/// What a value is, for people.
pub(super) const fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

const fn name_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Any => "a value",
        Kind::Boolean => "a boolean",
        Kind::Dictionary(_) | Kind::Extensions(_) | Kind::Hashes(_) => "a dictionary",
        Kind::Enum(_) | Kind::Open(_) | Kind::String | Kind::Text(_) => "a string",
        Kind::Granular | Kind::List(_) => "a list",
        Kind::Integer(..) => "a whole number",
        Kind::Number(..) => "a number",
        Kind::Part(_) => "an object",
        Kind::Reference(_) => "an identifier",
        Kind::StringOrInteger => "a string or a whole number",
        Kind::Time(_) => "a timestamp",
    }
}
