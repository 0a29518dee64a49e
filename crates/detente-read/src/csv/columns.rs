//! What the columns of a CSV file mean: by the caller, by a header, and what a record's columns say
//! about its values.

use detente_core::Kind;

use super::MAX_COLUMNS;
use crate::intake::Intake;
use crate::kinds::{self, Shape};
use detente_intel::{Context, parse_unix_seconds};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A comment or description.
    Comment,
    /// Confidence from 0 to 100.
    Confidence,
    /// When it was first seen.
    FirstSeen,
    /// A category, a tag, a name of malware; several separated by commas.
    Label,
    /// When it was last seen.
    LastSeen,
    /// The id that the origin gave.
    Origin,
    /// A TLP colour.
    Tlp,
    /// The type of the value, by a name such as `domain`, `ip:port`, `sha256`.
    Type,
    /// From when it is valid.
    ValidFrom,
    /// Until when it is valid.
    ValidUntil,
    /// The value itself, of this kind or, without one, of a kind that the type or the value tells.
    Value(Option<Kind>),
}

impl Role {
    /// As it is named in a mapping.
    pub const fn name(self) -> &'static str {
        match self {
            Role::Comment => "comment",
            Role::Confidence => "confidence",
            Role::FirstSeen => "first-seen",
            Role::Label => "label",
            Role::LastSeen => "last-seen",
            Role::Origin => "origin",
            Role::Tlp => "tlp",
            Role::Type => "type",
            Role::ValidFrom => "valid-from",
            Role::ValidUntil => "valid-until",
            Role::Value(_) => "value",
        }
    }
}

/// How to find a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Column {
    /// Counted from 0.
    Index(usize),
    /// By its name in the header, in any case.
    Name(String),
}

/// Which column means what, as the caller says.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct CsvMapping {
    /// The separator, if not to be guessed.
    pub delimiter: Option<u8>,
    /// Whether the first record is a header; guessed if absent.
    pub has_header: Option<bool>,
    /// The columns; at most [`MAX_COLUMNS`] count.
    pub columns: Vec<(Column, Role)>,
}

/// A column that has been found, and the shape of its values if its name tells.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub(super) index: usize,
    pub(super) role: Role,
    pub(super) shape: Option<Shape>,
}

/// Whether the first lines look like CSV rather than a list.
pub(crate) fn looks_like(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(head);
    for line in text.lines().take(40) {
        let line = line.trim();
        let bare = line.trim_start_matches(['#', ' ', ';']);
        if line.is_empty() || bare.is_empty() {
            continue;
        }
        if let Some(delimiter) = guess_delimiter(bare.as_bytes())
            && is_header(&bare.split(char::from(delimiter)).map(clean).collect::<Vec<_>>())
        {
            return true;
        }
        if !line.starts_with(['#', ';']) {
            return line.starts_with('"') && line.matches("\",").count() >= 1;
        }
    }
    false
}

/// The most frequent separator of a line, if any.
pub(super) fn guess_delimiter(line: &[u8]) -> Option<u8> {
    b",;\t|"
        .iter()
        .map(|d| (line.iter().filter(|b| *b == d).count(), *d))
        .filter(|(count, _)| *count > 0)
        .max_by_key(|(count, _)| *count)
        .map(|(_, delimiter)| delimiter)
}

pub(super) fn clean(name: &str) -> String {
    name.trim_matches(|c: char| c.is_whitespace() || matches!(c, '#' | '"' | '\'')).to_lowercase()
}

/// A header names at least two known columns, one of them a value.
pub(super) fn is_header(names: &[String]) -> bool {
    let roles: Vec<Role> = names.iter().filter_map(|name| role_of(name)).collect();
    roles.len() >= 2 && roles.iter().any(|role| matches!(role, Role::Value(_)))
}

/// The meaning of a column by the names that feeds use.
fn role_of(name: &str) -> Option<Role> {
    let role = match name.replace([' ', '-'], "_").as_str() {
        "comment" | "comments" | "description" | "desc" | "note" | "notes" | "info" | "title"
        | "context" => Role::Comment,
        "confidence" | "confidence_level" | "score" => Role::Confidence,
        "first_seen" | "firstseen" | "first_seen_utc" | "date" | "dateadded" | "date_added" => {
            Role::FirstSeen
        }
        "label" | "labels" | "tag" | "tags" | "attribute_tag" | "event_tag" | "category"
        | "categories" | "threat" | "threat_type" | "malware" | "malware_printable"
        | "malware_family" | "actor" | "threat_actor" | "campaign" => Role::Label,
        "last_seen" | "lastseen" | "last_seen_utc" | "last_online" => Role::LastSeen,
        "id" | "uuid" | "ioc_id" | "indicator_id" | "stix_id" => Role::Origin,
        "tlp" | "marking" | "markings" => Role::Tlp,
        "type" | "kind" | "ioc_type" | "indicator_type" | "observable_type" => Role::Type,
        "valid_from" | "validfrom" => Role::ValidFrom,
        "valid_until" | "validuntil" | "expires" | "expiration" | "expiry" => Role::ValidUntil,
        "value" | "values" | "indicator" | "indicators" | "ioc" | "iocs" | "ioc_value"
        | "indicator_value" | "observable" | "observable_value" => Role::Value(None),
        other => kinds::shape_of(other).map(|_| Role::Value(None))?,
    };
    Some(role)
}

pub(super) fn columns_from_header(names: &[String]) -> Vec<Found> {
    let find = |(index, name): (usize, &String)| {
        let role = role_of(name)?;
        let shape = matches!(role, Role::Value(_)).then(|| kinds::shape_of(name)).flatten();
        Some(Found { index, role, shape })
    };
    names.iter().enumerate().filter_map(find).collect()
}

pub(super) fn columns_from_mapping(mapping: &CsvMapping, names: &[String]) -> Vec<Found> {
    let find = |(column, role): &(Column, Role)| {
        let index = match column {
            Column::Index(index) => *index,
            Column::Name(name) => names.iter().position(|had| *had == clean(name))?,
        };
        Some(Found { index, role: *role, shape: None })
    };
    mapping.columns.iter().take(MAX_COLUMNS).filter_map(find).collect()
}

/// What a record says beside its values.
pub(super) fn context_of(intake: &mut Intake<'_>, columns: &[Found], fields: &[&str]) -> Context {
    let mut context = intake.context();
    for column in columns {
        let Some(text) = fields.get(column.index).filter(|text| !text.is_empty()) else {
            continue;
        };
        let seconds = parse_unix_seconds(text);
        // A time or number that is not understood is kept as text: nothing is lost.
        let kept = match column.role {
            Role::Comment => {
                context.describe(text);
                true
            }
            Role::Confidence => {
                context.confidence = text.parse().ok().filter(|n| *n <= 100);
                context.confidence.is_some()
            }
            Role::FirstSeen => {
                context.first_seen = seconds;
                seconds.is_some()
            }
            Role::Label => {
                for label in text.split(',') {
                    if !context.markings.add_tag(label) {
                        context.add_label(label);
                    }
                }
                true
            }
            Role::LastSeen => {
                context.last_seen = seconds;
                seconds.is_some()
            }
            Role::Origin => {
                context.origin = Some((*text).to_owned());
                true
            }
            Role::Tlp => {
                context.markings.add_text(text);
                true
            }
            Role::Type | Role::Value(_) => true,
            Role::ValidFrom => {
                context.valid_from = seconds;
                seconds.is_some()
            }
            Role::ValidUntil => {
                context.valid_until = seconds;
                seconds.is_some()
            }
        };
        if !kept {
            context.add_extra(&format!("{:?}", column.role).to_lowercase(), text);
            intake.unread(column.role.name());
        }
    }
    // Bounded before it is cloned for each value.
    context.shorten();
    context
}
