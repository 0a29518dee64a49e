//! What one unit of a text says, field by field, as people read it.
//!
//! Is: the values of a unit by their path (`prose.en`, `permit.cap.count`), without quotes and
//! layout, so that two versions can be compared. Is not: a reading of what the fields mean.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};

use crate::unit::UnitKey;

/// Longest path of a field, in bytes; a unit with a longer one is compared as it is written.
const MAX_PATH: usize = 200;
/// Fields whose sub-fields are languages.
const BY_LANGUAGE: &[&str] = &["prose", "text", "title", "note"];

/// A value of a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Where it stands: `permit.cap.count`.
    pub path: String,
    /// What it says, each stretch of blanks and line ends as one blank.
    pub value: String,
}

/// The language of a field's words, if its path ends with one: `prose.en`.
pub fn language(path: &str) -> Option<&str> {
    let (before, last) = path.rsplit_once('.')?;
    let field = before.split('.').next().unwrap_or_default();
    BY_LANGUAGE.contains(&field).then_some(last)
}

/// The fields by their paths; where a path stands twice, the later.
pub fn by_path(fields: &[Field]) -> BTreeMap<&str, &str> {
    fields.iter().map(|field| (field.path.as_str(), field.value.as_str())).collect()
}

/// The fields of a unit in the order in which they are written; none if a path is too long.
pub fn fields(key: &UnitKey, text: &str) -> Option<Vec<Field>> {
    let root = DeTable::parse(text).ok()?;
    let mut found = Vec::new();
    for (name, value) in root.get_ref() {
        let own = name.get_ref() == key.table();
        match value.get_ref() {
            DeValue::Array(items) if own => {
                for item in items.iter() {
                    collect("", item.get_ref(), item.span().start, &mut found)?;
                }
            }
            DeValue::Table(_) if own => {
                collect("", value.get_ref(), value.span().start, &mut found)?;
            }
            other => collect(name.get_ref(), other, value.span().start, &mut found)?,
        }
    }
    found.sort_by_key(|(at, _)| *at);
    Some(found.into_iter().map(|(_, field)| field).collect())
}

fn collect(
    path: &str,
    value: &DeValue<'_>,
    at: usize,
    found: &mut Vec<(usize, Field)>,
) -> Option<()> {
    if path.len() > MAX_PATH {
        return None;
    }
    let mut push = |value: &str| {
        let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
        found.push((at, Field { path: path.to_owned(), value }));
    };
    match value {
        DeValue::Table(table) => {
            for (name, value) in table {
                let name = name.get_ref();
                if name.len() > MAX_PATH {
                    return None;
                }
                let dot = if path.is_empty() { "" } else { "." };
                let path = format!("{path}{dot}{name}");
                collect(&path, value.get_ref(), value.span().start, found)?;
            }
        }
        DeValue::Array(items) if items.iter().all(|item| item.get_ref().as_str().is_some()) => {
            let words: Vec<&str> = items.iter().filter_map(|i| i.get_ref().as_str()).collect();
            push(&words.join(", "));
        }
        DeValue::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                let path = format!("{path}.{}", at + 1);
                collect(&path, item.get_ref(), item.span().start, found)?;
            }
        }
        DeValue::String(text) => push(text),
        DeValue::Integer(number) => push(number.as_str()),
        DeValue::Float(number) => push(number.as_str()),
        DeValue::Boolean(is) => push(if *is { "true" } else { "false" }),
        DeValue::Datetime(time) => push(&time.to_string()),
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::{fields, language};
    use crate::unit::split;

    #[test]
    fn a_unit_is_read_field_by_field() {
        let text = "[[clause]]\nid = \"1\"\nprose.en = \"\"\"\na\n b\"\"\"\nprose.de = \"c\"\n\
            [clause.permit]\nkinds = [\"x\", \"y\"]\ncap = { count = 2, per = \"P1D\" }\n";
        let unit = &split(text).unwrap()[0];
        let shown: Vec<String> = fields(&unit.key, unit.text)
            .unwrap()
            .iter()
            .map(|field| format!("{}={}", field.path, field.value))
            .collect();
        let want =
            ["id=1", "prose.en=a b", "prose.de=c", "permit.kinds=x, y", "permit.cap.count=2"];
        assert_eq!(&shown[..5], want);
        assert_eq!(language("prose.en"), Some("en"));
        assert_eq!(language("text.A.en"), Some("en"));
        assert_eq!(language("permit.cap"), None);
        let deep = format!("[exit]\n{} = 1\n", "abc.".repeat(60) + "d");
        assert_eq!(fields(&split(&deep).unwrap()[0].key, &deep), None);
    }
}
