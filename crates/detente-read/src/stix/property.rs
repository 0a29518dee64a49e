//! A property that is read if it is a text.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A text, borrowed if it stands in the bytes as it is, or anything else, which is not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Property<'a> {
    Text(Cow<'a, str>),
    Other,
}

/// The text of a property, if it is there and is one.
pub(super) fn text<'a>(property: &'a Option<Property<'_>>) -> Option<&'a str> {
    match property {
        Some(Property::Text(text)) => Some(text),
        Some(Property::Other) | None => None,
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Property<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Property<'a>, D::Error> {
        deserializer.deserialize_any(PropertyVisitor)
    }
}

struct PropertyVisitor;

impl<'de> Visitor<'de> for PropertyVisitor {
    type Value = Property<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Property<'de>, E> {
        Ok(Property::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Property<'de>, E> {
        Ok(Property::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Property<'de>, E> {
        Ok(Property::Text(Cow::Owned(text)))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Property<'de>, E> {
        Ok(Property::Other)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Property<'de>, E> {
        Ok(Property::Other)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Property<'de>, E> {
        Ok(Property::Other)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Property<'de>, E> {
        Ok(Property::Other)
    }

    fn visit_unit<E: Error>(self) -> Result<Property<'de>, E> {
        Ok(Property::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Property<'de>, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Property::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Property<'de>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Property::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_kept_and_all_else_is_passed_over() {
        let read = |json: &'static str| serde_json::from_str::<Property<'_>>(json).ok();
        let text = |text: &'static str| Some(Property::Text(Cow::Borrowed(text)));
        assert_eq!(read(r#""a""#), text("a"));
        assert!(matches!(read(r#""a""#), Some(Property::Text(Cow::Borrowed(_)))));
        assert_eq!(read(r#""a\n""#), text("a\n"));
        for other in ["1", "-1", "1.5", "true", "null", "[1,[2]]", r#"{"a":{"b":"c"}}"#] {
            assert_eq!(read(other), Some(Property::Other), "{other}");
        }
        assert_eq!(read("[1"), None);
        let value = serde_json::Value::from("a");
        assert_eq!(Property::deserialize(&value).ok(), text("a"));
    }
}
