//! The JSON of a list as it stands in the file, with no judgement but on its shape.
//!
//! As MISP reads it: `type` may be missing (`string`) or a list whose first name counts, `version`
//! a number or its digits, `list` an array or an object from entry to comment.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::list::MAX_ENTRIES;

/// One file.
#[derive(Deserialize)]
#[serde(expecting = "an object with the name and the entries of a list")]
pub(crate) struct Wire<'a> {
    #[serde(borrow)]
    pub(crate) name: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(crate) description: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(crate) version: Version<'a>,
    #[serde(borrow, default, rename = "type")]
    pub(crate) match_type: TypeName<'a>,
    #[serde(borrow, default)]
    pub(crate) matching_attributes: Entries<'a>,
    #[serde(borrow)]
    pub(crate) list: Entries<'a>,
}

/// A number, or a text that should hold one.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Version<'a> {
    Number(u64),
    Text(#[serde(borrow)] Cow<'a, str>),
}

impl Default for Version<'_> {
    fn default() -> Self {
        Version::Number(1)
    }
}

/// The name of a type, or several of which the first counts.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum TypeName<'a> {
    One(#[serde(borrow)] Cow<'a, str>),
    Several(Vec<String>),
}

impl Default for TypeName<'_> {
    fn default() -> Self {
        TypeName::One(Cow::Borrowed("string"))
    }
}

impl TypeName<'_> {
    pub(crate) fn first(&self) -> &str {
        match self {
            TypeName::One(name) => name,
            TypeName::Several(names) => names.first().map_or("", String::as_str),
        }
    }
}

/// One entry: a text, or a JSON value of another type.
pub(crate) enum Entry<'a> {
    Text(Cow<'a, str>),
    Other,
}

/// At most [`MAX_ENTRIES`] entries, and how many stood there.
#[derive(Default)]
pub(crate) struct Entries<'a> {
    pub(crate) kept: Vec<Entry<'a>>,
    pub(crate) total: usize,
}

impl<'a> Entries<'a> {
    fn take(&mut self, entry: Entry<'a>) {
        self.total = self.total.saturating_add(1);
        if self.kept.len() < MAX_ENTRIES {
            self.kept.push(entry);
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Entries<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EntriesVisitor;

        impl<'de> Visitor<'de> for EntriesVisitor {
            type Value = Entries<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of texts, or an object from text to comment")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Entries<'de>, A::Error> {
                let mut entries = Entries::default();
                while let Some(entry) = items.next_element()? {
                    entries.take(entry);
                }
                Ok(entries)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut items: A) -> Result<Entries<'de>, A::Error> {
                let mut entries = Entries::default();
                while let Some((entry, IgnoredAny)) = items.next_entry()? {
                    entries.take(entry);
                }
                Ok(entries)
            }

            fn visit_unit<E: Error>(self) -> Result<Entries<'de>, E> {
                Ok(Entries::default())
            }
        }

        deserializer.deserialize_any(EntriesVisitor)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Entry<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EntryVisitor;

        impl<'de> Visitor<'de> for EntryVisitor {
            type Value = Entry<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Entry<'de>, E> {
                Ok(Entry::Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Entry<'de>, E> {
                Ok(Entry::Text(Cow::Owned(text.to_owned())))
            }

            fn visit_bool<E: Error>(self, _: bool) -> Result<Entry<'de>, E> {
                Ok(Entry::Other)
            }

            fn visit_i64<E: Error>(self, _: i64) -> Result<Entry<'de>, E> {
                Ok(Entry::Other)
            }

            fn visit_u64<E: Error>(self, _: u64) -> Result<Entry<'de>, E> {
                Ok(Entry::Other)
            }

            fn visit_f64<E: Error>(self, _: f64) -> Result<Entry<'de>, E> {
                Ok(Entry::Other)
            }

            fn visit_unit<E: Error>(self) -> Result<Entry<'de>, E> {
                Ok(Entry::Other)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Entry<'de>, A::Error> {
                while items.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Entry::Other)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut items: A) -> Result<Entry<'de>, A::Error> {
                while items.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Entry::Other)
            }
        }

        deserializer.deserialize_any(EntryVisitor)
    }
}
