//! Which column means what, as people write it: `value=2`, `label=Malware family`.

use std::str::FromStr;

use detente_core::Kind;

use super::columns::{Column, Role};

/// The longest name of a column. Bytes.
const MAX_NAME: usize = 256;

/// The text says of no column what it means.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MappingFault {
    /// There is no `=` in it, or nothing on one of its sides.
    #[error("{0:?} is no MEANING=COLUMN")]
    Form(String),
    /// The meaning is none of those that are known.
    #[error("unknown meaning {0:?} of a column: use {NAMES}, or a kind such as domain")]
    Meaning(String),
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
}
