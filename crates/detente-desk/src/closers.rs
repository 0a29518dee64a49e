//! Why STIX objects are held closed: the markings that are not understood, with what they say.

use std::collections::BTreeMap;

use detente_read::object_markings;
use serde::Deserialize;
use serde_json::Value;

/// Markings that are told apart, and definitions whose words are kept. Count.
const MAX_CLOSERS: usize = 256;
/// How much is kept of what a definition says, in characters.
const MAX_WORDS: usize = 80;
/// Markings that are named in a report. Count.
const SHOWN: usize = 5;

const MANY_COLOURS: &str = "more than one colour on one object";
const OTHERS: &str = "other markings that are not understood";

/// What a marking definition says.
#[derive(Deserialize)]
struct Definition {
    #[serde(rename = "type")]
    kind: String,
    id: String,
    #[serde(default)]
    name: Option<Value>,
    #[serde(default)]
    definition: Option<Value>,
}

/// What closes objects, and how many of them.
#[derive(Default)]
pub(crate) struct Closers {
    counts: BTreeMap<String, u64>,
    /// By id.
    words: BTreeMap<String, String>,
}

impl Closers {
    /// Hears of an object: keeps what it says if it is a marking definition.
    pub(crate) fn hear(&mut self, bytes: &[u8]) {
        // Of a large bundle nearly nothing is one.
        let is_one = bytes.windows(20).any(|window| window == b"\"marking-definition\"");
        if !is_one || self.words.len() >= MAX_CLOSERS {
            return;
        }
        let Ok(found) = serde_json::from_slice::<Definition>(bytes) else {
            return;
        };
        let statement = found.definition.as_ref().and_then(|one| one.get("statement"));
        let words = statement.or(found.name.as_ref()).and_then(Value::as_str);
        if let (Some(words), "marking-definition") = (words, found.kind.as_str()) {
            self.words.insert(found.id, words.chars().take(MAX_WORDS).collect());
        }
    }

    /// Looks why an object is closed.
    pub(crate) fn look(&mut self, bytes: &[u8]) {
        let Ok(found) = object_markings(bytes) else {
            return;
        };
        let mut why: Vec<String> = found.whole_open;
        why.extend(found.parts_open);
        for markings in [found.whole, found.parts] {
            if markings.is_closed() {
                why.extend(markings.texts().last().cloned());
            } else if markings.is_conflicting() {
                why.push(MANY_COLOURS.to_owned());
            }
        }
        why.sort();
        why.dedup();
        for one in why {
            let room = self.counts.len() < MAX_CLOSERS || self.counts.contains_key(&one);
            *self.counts.entry(if room { one } else { OTHERS.to_owned() }).or_default() += 1;
        }
    }

    /// The most frequent first, each with what it says.
    pub(crate) fn end(self) -> Vec<(String, u64)> {
        let Closers { counts, words } = self;
        let mut counts: Vec<(String, u64)> = counts.into_iter().collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        counts.truncate(SHOWN);
        let named = |(id, count)| match words.get(&id) {
            Some(words) => (format!("{id}: {words}"), count),
            None => (id, count),
        };
        counts.into_iter().map(named).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markings_are_named_with_what_they_say() {
        let mut closers = Closers::default();
        let own = "marking-definition--fa42a846-8d90-4e51-bc29-71d5b4802168";
        let marked = format!(r#"{{"object_marking_refs":["{own}"]}}"#);
        closers.look(marked.as_bytes());
        closers.look(marked.as_bytes());
        let green = "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb";
        let red = "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1";
        let two = format!(r#"{{"object_marking_refs":["{green}","{red}"]}}"#);
        closers.look(two.as_bytes());
        closers.look(br#"{"labels":["tlp:purple"]}"#);
        let said = format!(
            r#"{{"type":"marking-definition","id":"{own}","definition_type":"statement",
            "definition":{{"statement":"Copyright"}}}}"#
        );
        closers.hear(said.as_bytes());
        closers.hear(b"[]");
        let want = [
            (format!("{own}: Copyright"), 2),
            (MANY_COLOURS.to_owned(), 1),
            ("tlp:purple".to_owned(), 1),
        ];
        assert_eq!(closers.end(), want);
    }
}
