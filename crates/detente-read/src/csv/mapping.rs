//! Which column means what, as people write it: `value=2`, `label=Malware family`.

use std::str::FromStr;

use detente_core::Kind;

use super::MAX_COLUMNS;
use super::columns::{Column, CsvMapping, Role};

/// The longest name of a column. Bytes.
const MAX_NAME: usize = 256;

/// The text says of no column what it means.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MappingFault {
    /// There is no `=` in it, or nothing on one of its sides.
    #[error("{0:?} is no MEANING=COLUMN")]
    Form(String),
    /// Nothing that can stand between cells.
    #[error("{0:?} separates no cells")]
    Delimiter(String),
    /// Neither that there is a header nor that there is none.
    #[error("{0:?} is neither yes nor no")]
    Header(String),
    /// The meaning is none of those that are known.
    #[error("unknown meaning {0:?} of a column: use {NAMES}, or a kind such as domain")]
    Meaning(String),

    /// More columns than [`MAX_COLUMNS`].
    #[error("more than {MAX_COLUMNS} columns")]
    TooMany,
}

const NAMES: &str = "value, type, tlp, label, comment, confidence, origin, first-seen, last-seen, \
    valid-from, valid-until";

/// A column and its meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnRole {
    /// Which column: its number, counted from 1, or its name in the header.
    pub column: Column,
    /// What it means.
    pub role: Role,
}

impl CsvMapping {
    /// The mapping that people say: columns as `MEANING=COLUMN`, one character or `tab` between
    /// cells, `yes` or `no` to a header; none if nothing is said.
    ///
    /// # Errors
    /// [`MappingFault`].
    pub fn of(
        columns: &[String],
        delimiter: Option<&str>,
        header: Option<&str>,
    ) -> Result<Option<CsvMapping>, MappingFault> {
        if columns.is_empty() && delimiter.is_none() && header.is_none() {
            return Ok(None);
        }
        if columns.len() > MAX_COLUMNS {
            return Err(MappingFault::TooMany);
        }
        let shown = |text: &str| text.chars().take(64).collect::<String>();
        let role = |text: &String| text.parse().map(|one: ColumnRole| (one.column, one.role));
        let columns = columns.iter().map(role).collect::<Result<Vec<_>, _>>()?;
        let delimiter = match delimiter.map(|text| (text, text.as_bytes())) {
            None => None,
            Some(("tab", _)) => Some(b'\t'),
            Some((_, [one])) if one.is_ascii() && *one != b'"' && !one.is_ascii_alphanumeric() => {
                Some(*one)
            }
            Some((text, _)) => return Err(MappingFault::Delimiter(shown(text))),
        };
        let has_header = match header {
            None => None,
            Some("yes") => Some(true),
            Some("no") => Some(false),
            Some(text) => return Err(MappingFault::Header(shown(text))),
        };
        Ok(Some(CsvMapping { delimiter, has_header, columns }))
    }
}

impl FromStr for ColumnRole {
    type Err = MappingFault;

    fn from_str(text: &str) -> Result<ColumnRole, MappingFault> {
        let form = || MappingFault::Form(text.chars().take(64).collect());
        let (role, column) = text.split_once('=').ok_or_else(form)?;
        let (role, column) = (role.trim(), column.trim());
        if role.is_empty() || column.is_empty() || column.len() > MAX_NAME {
            return Err(form());
        }
        let column = match column.parse::<usize>() {
            Ok(0) => return Err(form()),
            Ok(number) => Column::Index(number - 1),
            Err(_) => Column::Name(column.to_owned()),
        };
        let role = match role.to_ascii_lowercase().as_str() {
            "value" => Role::Value(None),
            "type" => Role::Type,
            "tlp" => Role::Tlp,
            "label" => Role::Label,
            "comment" => Role::Comment,
            "confidence" => Role::Confidence,
            "origin" => Role::Origin,
            "first-seen" => Role::FirstSeen,
            "last-seen" => Role::LastSeen,
            "valid-from" => Role::ValidFrom,
            "valid-until" => Role::ValidUntil,
            kind => match kind.parse::<Kind>() {
                Ok(kind) => Role::Value(Some(kind)),
                Err(_) => return Err(MappingFault::Meaning(kind.chars().take(64).collect())),
            },
        };
        Ok(ColumnRole { column, role })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_named_or_counted_from_one() {
        let read = |text: &str| text.parse::<ColumnRole>().map(|one| (one.column, one.role));
        assert_eq!(read("value=1"), Ok((Column::Index(0), Role::Value(None))));
        let malware = Column::Name("Malware family".to_owned());
        assert_eq!(read(" label = Malware family "), Ok((malware, Role::Label)));
        assert_eq!(read("SHA256=3"), Ok((Column::Index(2), Role::Value(Some(Kind::Sha256)))));
        for bad in ["value", "=1", "value=", "value=0"] {
            assert!(matches!(read(bad), Err(MappingFault::Form(_))), "{bad}");
        }
        assert!(matches!(read("colour=1"), Err(MappingFault::Meaning(_))));
    }

    #[test]
    fn a_table_is_as_it_is_said() {
        let of = |delimiter, header| CsvMapping::of(&[], delimiter, header);
        assert_eq!(of(None, None), Ok(None));
        let tab = of(Some("tab"), Some("no")).expect("sound").expect("something is said");
        assert_eq!((tab.delimiter, tab.has_header), (Some(b'\t'), Some(false)));
        for bad in ["ab", "\"", "a", "é", ""] {
            assert!(matches!(of(Some(bad), None), Err(MappingFault::Delimiter(_))), "{bad}");
        }
        assert!(matches!(of(None, Some("maybe")), Err(MappingFault::Header(_))));
        let many = vec!["value=1".to_owned(); MAX_COLUMNS + 1];
        assert_eq!(CsvMapping::of(&many, None, None), Err(MappingFault::TooMany));
    }
}
