//! How the head is taken out of the bytes: one pass, texts borrowed, unknown values passed over.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::header::MAX_MARKINGS;

/// The properties of the head, not yet looked at.
#[derive(Default)]
pub(crate) struct RawHeader<'a> {
    pub kind: Option<Cow<'a, str>>,
    pub id: Option<Cow<'a, str>>,
    pub spec_version: Option<Cow<'a, str>>,
    pub created: Option<Cow<'a, str>>,
    pub modified: Option<Cow<'a, str>>,
    pub revoked: Option<bool>,
    pub created_by_ref: Option<Cow<'a, str>>,
    pub object_marking_refs: Vec<Cow<'a, str>>,
    pub granular_marking_refs: Vec<Cow<'a, str>>,
    pub granular_without: bool,
    pub labels: Option<&'a RawValue>,
}

#[derive(Clone, Copy)]
enum Key {
    Created,
    CreatedBy,
    Granular,
    Id,
    Labels,
    Lang,
    MarkingRef,
    Marking,
    Modified,
    Other,
    Revoked,
    SpecVersion,
    Type,
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Key, D::Error> {
        struct KeyVisitor;
        impl Visitor<'_> for KeyVisitor {
            type Value = Key;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a property name")
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Key, E> {
                Ok(match name {
                    "created" => Key::Created,
                    "created_by_ref" => Key::CreatedBy,
                    "granular_markings" => Key::Granular,
                    "id" => Key::Id,
                    "labels" => Key::Labels,
                    "lang" => Key::Lang,
                    "marking_ref" => Key::MarkingRef,
                    "modified" => Key::Modified,
                    "object_marking_refs" => Key::Marking,
                    "revoked" => Key::Revoked,
                    "spec_version" => Key::SpecVersion,
                    "type" => Key::Type,
                    _ => Key::Other,
                })
            }
        }
        deserializer.deserialize_identifier(KeyVisitor)
    }
}

/// A text, borrowed if it stands in the bytes as it is.
struct Text<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Text<'de>, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}

/// A list of at most [`MAX_MARKINGS`] elements.
struct Bounded<T>(Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Bounded<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Bounded<T>, D::Error> {
        struct ListVisitor<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
            type Value = Bounded<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a list of at most {MAX_MARKINGS} markings")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Bounded<T>, A::Error> {
                let mut list = Vec::new();
                while let Some(element) = seq.next_element()? {
                    if list.len() == MAX_MARKINGS {
                        return Err(Error::invalid_length(list.len() + 1, &self));
                    }
                    list.push(element);
                }
                Ok(Bounded(list))
            }
        }
        deserializer.deserialize_seq(ListVisitor(std::marker::PhantomData))
    }
}

/// One granular marking.
struct Granular<'a> {
    marking: Option<Cow<'a, str>>,
    has_lang: bool,
}

impl<'de> Deserialize<'de> for Granular<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Granular<'de>, D::Error> {
        struct GranularVisitor;
        impl<'de> Visitor<'de> for GranularVisitor {
            type Value = Granular<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a granular marking")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Granular<'de>, A::Error> {
                let (mut marking, mut has_lang) = (None, false);
                while let Some(key) = map.next_key()? {
                    match key {
                        Key::MarkingRef => once(&mut marking, "marking_ref", &mut map)?,
                        _ => {
                            has_lang |= matches!(key, Key::Lang);
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                let marking = marking.map(|text: Text<'de>| text.0);
                Ok(Granular { marking, has_lang })
            }
        }
        deserializer.deserialize_map(GranularVisitor)
    }
}

impl<'de> Deserialize<'de> for RawHeader<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<RawHeader<'de>, D::Error> {
        deserializer.deserialize_map(HeaderVisitor)
    }
}

struct HeaderVisitor;

impl<'de> Visitor<'de> for HeaderVisitor {
    type Value = RawHeader<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a STIX object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawHeader<'de>, A::Error> {
        let mut head = RawHeader::default();
        let mut marking: Option<Bounded<Text<'de>>> = None;
        let mut granular: Option<Bounded<Granular<'de>>> = None;
        while let Some(key) = map.next_key()? {
            match key {
                Key::Created => text(&mut head.created, "created", &mut map)?,
                Key::CreatedBy => text(&mut head.created_by_ref, "created_by_ref", &mut map)?,
                Key::Granular => once(&mut granular, "granular_markings", &mut map)?,
                Key::Id => text(&mut head.id, "id", &mut map)?,
                Key::Marking => once(&mut marking, "object_marking_refs", &mut map)?,
                Key::Modified => text(&mut head.modified, "modified", &mut map)?,
                Key::Revoked => once(&mut head.revoked, "revoked", &mut map)?,
                Key::SpecVersion => text(&mut head.spec_version, "spec_version", &mut map)?,
                Key::Type => text(&mut head.kind, "type", &mut map)?,
                Key::Labels => once(&mut head.labels, "labels", &mut map)?,
                Key::Lang | Key::MarkingRef | Key::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        if let Some(Bounded(list)) = marking {
            head.object_marking_refs = list.into_iter().map(|text| text.0).collect();
        }
        if let Some(Bounded(list)) = granular {
            head.granular_without = list.iter().any(|one| one.marking.is_none() && !one.has_lang);
            head.granular_marking_refs = list.into_iter().filter_map(|one| one.marking).collect();
        }
        Ok(head)
    }
}

fn text<'de, A: MapAccess<'de>>(
    slot: &mut Option<Cow<'de, str>>,
    name: &'static str,
    map: &mut A,
) -> Result<(), A::Error> {
    let mut read: Option<Text<'de>> = slot.take().map(Text);
    once(&mut read, name, map)?;
    *slot = read.map(|text| text.0);
    Ok(())
}

/// Fills a slot that must be empty: a property that stands twice has no one meaning.
fn once<'de, A: MapAccess<'de>, T: Deserialize<'de>>(
    slot: &mut Option<T>,
    name: &'static str,
    map: &mut A,
) -> Result<(), A::Error> {
    if slot.is_some() {
        return Err(Error::duplicate_field(name));
    }
    *slot = Some(map.next_value()?);
    Ok(())
}
