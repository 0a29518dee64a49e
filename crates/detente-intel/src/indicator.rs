//! An indicator: an observable and what somebody says about it.
//!
//! Every text from outside has a bound here. A text beyond its bound is cut, and the context says
//! so ([`Context::shortened`]); the readers count it. What leaves in a release is made from the
//! context by the floors above.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Markings, Observable};

/// The longest name of a source, in bytes.
pub const MAX_SOURCE: usize = 256;
/// The longest id that the origin gave, in bytes.
pub const MAX_ORIGIN: usize = 256;
/// The longest description, in bytes.
pub const MAX_DESCRIPTION: usize = 4096;
/// Labels of one indicator.
pub const MAX_LABELS: usize = 128;
/// The longest label, in bytes.
pub const MAX_LABEL: usize = 256;
/// Further named values of one indicator.
pub const MAX_EXTRAS: usize = 16;
/// The longest name of a further value, in bytes.
pub const MAX_EXTRA_KEY: usize = 64;
/// The longest further value, in bytes.
pub const MAX_EXTRA_VALUE: usize = 4096;

/// An observable with its context.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Indicator {
    /// What is observed.
    pub observable: Observable,
    /// What its source says about it.
    pub context: Context,
}

/// What a source says about an observable. Times are Unix seconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Context {
    /// Who says so: the name given at import, at most [`MAX_SOURCE`] bytes.
    pub source: String,
    /// The id the origin gave: a STIX id, a MISP UUID; at most [`MAX_ORIGIN`] bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// How it may be handled.
    #[serde(default)]
    pub markings: Markings,
    /// Categories, tags, names of malware and actors; at most [`MAX_LABELS`] of [`MAX_LABEL`]
    /// bytes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// A comment or description, at most [`MAX_DESCRIPTION`] bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Confidence from 0 to 100, as STIX 2.1 section 3.2 counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<u8>,
    /// From when it is valid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<i64>,
    /// Until when it is valid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<i64>,
    /// When it was first seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_seen: Option<i64>,
    /// When it was last seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<i64>,
    /// Further values by name: `stix_pattern`, `filename`, `port` ...; at most [`MAX_EXTRAS`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extra: BTreeMap<String, String>,
    /// Which version of its object this is: when the source last changed it. Microseconds since
    /// 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified: Option<i64>,
    /// Whether its source has taken it back: it stands for the words before it of the same source
    /// and origin, of which nothing holds any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub revoked: bool,
    /// Whether something above was longer or more than its bound and was cut.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub shortened: bool,
}

/// A context from outside exceeds a bound.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {got}, at most {max} allowed")]
pub struct ContextFault {
    /// Which field.
    pub field: &'static str,
    /// Bytes or entries found, or the value.
    pub got: usize,
    /// Bytes or entries allowed, or the greatest value.
    pub max: usize,
}

impl ContextFault {
    /// A stable machine name.
    pub fn code(&self) -> &'static str {
        "context_bound"
    }
}

impl Context {
    /// An empty context from this source.
    pub fn from_source(source: &str) -> Context {
        let mut context = Context { source: source.to_owned(), ..Context::default() };
        context.shortened = cut(&mut context.source, MAX_SOURCE);
        context
    }

    /// Adds a label unless it is empty, already there, or one too many.
    pub fn add_label(&mut self, label: &str) {
        let label = label.trim();
        let (kept, rest) = label.split_at(label.floor_char_boundary(MAX_LABEL));
        if kept.is_empty() || self.labels.iter().any(|had| had == kept) {
            return;
        }
        self.shortened |= !rest.is_empty() || self.labels.len() >= MAX_LABELS;
        if self.labels.len() < MAX_LABELS {
            self.labels.push(kept.to_owned());
        }
    }

    /// Adds to the description, at most up to its bound.
    pub fn describe(&mut self, text: &str) {
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        let description = self.description.get_or_insert_default();
        if !description.is_empty() {
            description.push_str("; ");
        }
        let room = MAX_DESCRIPTION.saturating_sub(description.len());
        let (kept, rest) = text.split_at(text.floor_char_boundary(room));
        description.push_str(kept);
        self.shortened |= !rest.is_empty();
        self.shortened |= cut(description, MAX_DESCRIPTION);
    }

    /// About how many bytes of memory this takes.
    pub fn weight(&self) -> usize {
        /// What a `String` and its place in a list or map cost beside its bytes.
        const EACH: usize = 64;
        let labels = self.labels.iter().chain(self.markings.texts()).map(|l| l.len() + EACH);
        let extra = self.extra.iter().map(|(key, value)| key.len() + value.len() + 2 * EACH);
        let fixed = self.source.len()
            + self.origin.as_ref().map_or(0, String::len)
            + self.description.as_ref().map_or(0, String::len);
        size_of::<Context>() + fixed + labels.chain(extra).sum::<usize>()
    }

    /// Adds a further value unless it is empty.
    pub fn add_extra(&mut self, key: &str, value: &str) {
        if !value.is_empty() {
            self.extra.insert(key.to_owned(), value.to_owned());
        }
    }

    /// Cuts every text and list to its bound, and notes if anything was cut.
    pub fn shorten(&mut self) {
        let mut shortened = cut(&mut self.source, MAX_SOURCE);
        if let Some(origin) = &mut self.origin {
            shortened |= cut(origin, MAX_ORIGIN);
        }
        if let Some(description) = &mut self.description {
            shortened |= cut(description, MAX_DESCRIPTION);
        }
        shortened |= self.labels.len() > MAX_LABELS;
        self.labels.truncate(MAX_LABELS);
        for label in &mut self.labels {
            shortened |= cut(label, MAX_LABEL);
        }
        if self.extra.len() > MAX_EXTRAS || self.extra.keys().any(|key| key.len() > MAX_EXTRA_KEY) {
            shortened = true;
            self.extra.retain(|key, _| key.len() <= MAX_EXTRA_KEY);
            while self.extra.len() > MAX_EXTRAS {
                self.extra.pop_last();
            }
        }
        for value in self.extra.values_mut() {
            shortened |= cut(value, MAX_EXTRA_VALUE);
        }
        if self.confidence.is_some_and(|confidence| confidence > 100) {
            shortened = true;
            self.confidence = None;
        }
        self.shortened |= shortened;
    }

    /// Checks every bound: for a context that came from a peer.
    ///
    /// # Errors
    /// [`ContextFault`] names the first field that exceeds its bound.
    pub fn check(&self) -> Result<(), ContextFault> {
        let within = |field, got: usize, max: usize| {
            if got > max { Err(ContextFault { field, got, max }) } else { Ok(()) }
        };
        within("source", self.source.len(), MAX_SOURCE)?;
        within("origin", self.origin.as_ref().map_or(0, String::len), MAX_ORIGIN)?;
        within("description", self.description.as_ref().map_or(0, String::len), MAX_DESCRIPTION)?;
        within("labels", self.labels.len(), MAX_LABELS)?;
        for label in &self.labels {
            within("label", label.len(), MAX_LABEL)?;
        }
        within("extra", self.extra.len(), MAX_EXTRAS)?;
        for (key, value) in &self.extra {
            within("extra key", key.len(), MAX_EXTRA_KEY)?;
            within("extra value", value.len(), MAX_EXTRA_VALUE)?;
        }
        within("confidence", usize::from(self.confidence.unwrap_or(0)), 100)
    }
}

/// Cuts `text` to at most `max` bytes at a character boundary; says whether it did.
fn cut(text: &mut String, max: usize) -> bool {
    if text.len() <= max {
        return false;
    }
    text.truncate(text.floor_char_boundary(max));
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn round_trips_as_json_and_refuses_other_spellings() {
        let observable = Observable::detect("evil.com").expect("a domain");
        let mut context = Context::from_source("a list");
        context.add_label("c2");
        context.add_label("c2");
        let indicator = Indicator { observable, context };
        let json = serde_json::to_string(&indicator).expect("plain data");
        assert_eq!(serde_json::from_str::<Indicator>(&json).expect("own output"), indicator);
        assert_eq!(indicator.context.labels, ["c2"]);
        assert!(serde_json::from_str::<Indicator>(&json.replace("evil", "EVIL")).is_err());
        assert!(serde_json::from_str::<Indicator>(&json.replace("domain", "planet")).is_err());
    }

    #[test]
    fn check_names_the_field() {
        let mut context = Context::from_source("x");
        assert_eq!(context.check(), Ok(()));
        context.labels = vec![String::new(); MAX_LABELS + 1];
        assert_eq!(context.check().map_err(|fault| fault.field), Err("labels"));
        context.labels.clear();
        context.confidence = Some(101);
        assert_eq!(context.check().map_err(|fault| fault.field), Err("confidence"));
    }

    proptest! {
        #[test]
        fn shortened_is_within_bounds_and_says_so(
            source in ".{0,300}", label in ".{0,300}", count in 0usize..80, key in ".{0,80}",
            confidence in proptest::option::of(any::<u8>()),
        ) {
            let mut context = Context { source, confidence, ..Context::default() };
            context.labels = vec![label; count];
            for n in 0..count / 4 {
                context.extra.insert(format!("{key}{n}"), "v".repeat(n * 400));
            }
            let before = context.clone();
            let fitted = before.check().is_ok();
            context.shorten();
            prop_assert_eq!(context.check(), Ok(()));
            prop_assert_eq!(context.shortened, !fitted);
            if fitted {
                prop_assert_eq!(context, before);
            }
        }
    }
}
