//! An object as a tree of values, with the keys that stand twice.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::identifier::excerpt;
use crate::scan::{ScanFault, scan};

/// The most doubled keys that are told of.
const MAX_DOUBLED: usize = 100;

/// Why the bytes make no tree.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TreeFault {
    /// Not to be parsed at all.
    #[error(transparent)]
    Scan(#[from] ScanFault),
    /// Not JSON.
    #[error("not JSON: {0}")]
    Json(String),
}

impl TreeFault {
    /// A stable code for machines.
    pub const fn code(&self) -> &'static str {
        match self {
            TreeFault::Scan(fault) => fault.code(),
            TreeFault::Json(_) => "stix-json",
        }
    }
}

/// A value, and the keys of its objects that stand twice: the last of them is what the tree holds.
pub(crate) struct Tree {
    pub value: Value,
    pub doubled: Vec<String>,
}

impl Tree {
    pub(crate) fn parse(bytes: &[u8], max: usize) -> Result<Tree, TreeFault> {
        let text = scan(bytes, max)?;
        let mut doubled = Vec::new();
        let mut reader = serde_json::Deserializer::from_str(text);
        let value = Grow(&mut doubled)
            .deserialize(&mut reader)
            .and_then(|value| reader.end().map(|()| value))
            .map_err(|fault| TreeFault::Json(fault.to_string()))?;
        Ok(Tree { value, doubled })
    }
}

/// Builds a value and notes doubled keys on the way. Recursion is bounded by the scan before it.
struct Grow<'n>(&'n mut Vec<String>);

impl<'de> DeserializeSeed<'de> for Grow<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Grow<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = seq.next_element_seed(Grow(&mut *self.0))? {
            list.push(element);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            let value = map.next_value_seed(Grow(&mut *self.0))?;
            if object.contains_key(&key) && self.0.len() < MAX_DOUBLED {
                self.0.push(excerpt(&key));
            }
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_doubled_keys() {
        let tree = Tree::parse(br#"{"a":{"b":1,"b":2.5},"a":[{"c":-1,"c":null}]}"#, 100);
        let tree = tree.expect("a tree");
        assert_eq!(tree.doubled, ["b", "c", "a"]);
        assert_eq!(tree.value.to_string(), r#"{"a":[{"c":null}]}"#);
    }

    #[test]
    fn refuses() {
        for (text, code) in [
            ("", "stix-json"),
            ("{", "stix-json"),
            ("{}{}", "stix-json"),
            ("1e999", "stix-number"),
            ("{\"a\":\"\\ud800\"}", "stix-surrogate"),
        ] {
            let fault = Tree::parse(text.as_bytes(), 100).err().map(|fault| fault.code());
            assert_eq!(fault, Some(code), "{text}");
        }
    }
}
