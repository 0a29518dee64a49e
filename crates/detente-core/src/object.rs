//! What leaves: one indicator with its context, as canonical bytes, addressed by their SHA-256.

use crate::act::{MAX_LABEL, MAX_LABELS, ObjectFacts};
use crate::encode::{DecodeError, DecodeFault, Reader, Writer};
use crate::handling::{Handling, MAX_RELEASABLE, ObjectKind};
use crate::id::Digest;
use crate::kind::Kind;
use crate::time::UnixSeconds;
use crate::tlp::Tlp;

/// Longest value of an observable, in bytes.
pub const MAX_VALUE: usize = 2_048;
/// Longest free text of an object, in bytes.
pub const MAX_COMMENT: usize = 4_096;
/// Longest name of a source or origin, in bytes.
pub const MAX_SOURCE: usize = 256;
/// Longest object, in bytes.
pub const MAX_OBJECT: usize = 32 * 1024;

/// An indicator with its context, as it leaves one node and lands at another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// What it observes.
    pub kind: Kind,
    /// In normal form.
    pub value: String,
    /// The most restrictive colour of all markings.
    pub tlp: Tlp,
    /// It has a marking that nobody here understands, or markings that contradict each other.
    pub marking_unknown: bool,
    /// Markings as they came, other than TLP colours; sorted, each once.
    pub markings: Vec<String>,
    /// Labels, sorted, each once.
    pub labels: Vec<String>,
    /// Where the author had it from.
    pub source: Option<String>,
    /// The identifier of the object in its source (STIX id, MISP uuid).
    pub origin: Option<String>,
    /// Free text.
    pub comment: Option<String>,
    /// 0 to 100.
    pub confidence: Option<u8>,
    /// From when it holds.
    pub valid_from: Option<UnixSeconds>,
    /// Until when it holds.
    pub valid_until: Option<UnixSeconds>,
    /// How it may be handled, beside its colour.
    pub handling: Handling,
}

impl Object {
    /// The canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::new();
        let optional = [
            self.source.is_some(),
            self.origin.is_some(),
            self.comment.is_some(),
            self.confidence.is_some(),
            self.valid_from.is_some(),
            self.valid_until.is_some(),
            !self.handling.is_empty(),
        ];
        w.map(7 + optional.into_iter().filter(|there| *there).count());
        w.uint(1).uint(1);
        w.uint(2).uint(self.kind.code().into());
        w.uint(3).text(&self.value);
        w.uint(4).uint(self.tlp.code().into());
        w.uint(5).bool(self.marking_unknown);
        for (key, list) in [(6, &self.markings), (7, &self.labels)] {
            w.uint(key).array(list.len());
            for text in list {
                w.text(text);
            }
        }
        for (key, text) in [(8, &self.source), (9, &self.origin), (10, &self.comment)] {
            if let Some(text) = text {
                w.uint(key).text(text);
            }
        }
        if let Some(confidence) = self.confidence {
            w.uint(11).uint(confidence.into());
        }
        for (key, time) in [(12, self.valid_from), (13, self.valid_until)] {
            if let Some(time) = time {
                w.uint(key).uint(time.get());
            }
        }
        if !self.handling.is_empty() {
            self.handling.write(w.uint(14));
        }
        w.into_bytes()
    }

    /// Reads canonical bytes.
    ///
    /// # Errors
    /// [`DecodeError`] for anything but the one canonical form.
    pub fn decode(bytes: &[u8]) -> Result<Object, DecodeError> {
        let r = &mut Reader::new(bytes);
        check_len(r, bytes)?;
        let mut fields = r.map()?;
        fields.required(r, 1)?;
        let version = r.uint()?;
        if version != 1 {
            return Err(r.fail(DecodeFault::BadValue { what: "object version", got: version }));
        }
        fields.required(r, 2)?;
        let kind = crate::act::read_kind(r)?;
        fields.required(r, 3)?;
        let value = r.text(MAX_VALUE)?.to_owned();
        fields.required(r, 4)?;
        let tlp = crate::act::read_tlp(r)?;
        fields.required(r, 5)?;
        let marking_unknown = r.bool()?;
        fields.required(r, 6)?;
        let markings = crate::act::read_labels(r)?;
        fields.required(r, 7)?;
        let labels = crate::act::read_labels(r)?;
        let mut text = |r: &mut Reader<'_>, key, max| -> Result<Option<String>, DecodeError> {
            Ok(if fields.optional(r, key)? { Some(r.text(max)?.to_owned()) } else { None })
        };
        let source = text(r, 8, MAX_SOURCE)?;
        let origin = text(r, 9, MAX_SOURCE)?;
        let comment = text(r, 10, MAX_COMMENT)?;
        let confidence = if fields.optional(r, 11)? { Some(read_confidence(r)?) } else { None };
        let mut time = |r: &mut Reader<'_>, key| -> Result<Option<UnixSeconds>, DecodeError> {
            if fields.optional(r, key)? { read_time(r).map(Some) } else { Ok(None) }
        };
        let valid_from = time(r, 12)?;
        let valid_until = time(r, 13)?;
        let handling =
            if fields.optional(r, 14)? { read_handling(r)? } else { Handling::default() };
        fields.end(r)?;
        if !r.is_empty() {
            return Err(r.fail(DecodeFault::Trailing(bytes.len() - r.offset())));
        }
        Ok(Object {
            kind,
            value,
            tlp,
            marking_unknown,
            markings,
            labels,
            source,
            origin,
            comment,
            confidence,
            valid_from,
            valid_until,
            handling,
        })
    }

    /// The object's address.
    pub fn address(bytes: &[u8]) -> Digest {
        Digest::plain(bytes)
    }

    /// What the gate decides on.
    pub fn facts(&self, bytes: &[u8]) -> ObjectFacts {
        ObjectFacts {
            object: ObjectKind::Indicator,
            kind: self.kind,
            tlp: self.tlp,
            marking_unknown: self.marking_unknown,
            labels: self.labels.clone(),
            bytes: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
            handling: self.handling.clone(),
        }
    }

    /// Cuts lists and texts to their maxima and sorts what must be sorted. A marking that can't be
    /// kept whole makes the object's marking unknown, and so closed.
    pub fn fit(mut self) -> Object {
        let cut = |text: &mut String, max: usize| {
            let mut end = max.min(text.len());
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            let whole = end == text.len();
            text.truncate(end);
            whole
        };
        let mut whole = self.markings.len() <= MAX_LABELS;
        for list in [&mut self.markings, &mut self.labels] {
            for text in list.iter_mut() {
                whole &= cut(text, MAX_LABEL);
            }
            list.sort();
            list.dedup();
            whole &= list.len() <= MAX_LABELS;
            list.truncate(MAX_LABELS);
        }
        let handling = &self.handling;
        whole &= handling.category.as_ref().is_none_or(|word| word.len() <= MAX_LABEL)
            && handling.releasable.as_ref().is_none_or(|list| list.len() <= MAX_RELEASABLE);
        if !whole {
            self.handling.category = None;
            self.handling.releasable = Some(Vec::new());
        }
        // A label may be what a prohibition looks for: one that does not fit closes the object too.
        self.marking_unknown |= !whole;
        for (text, max) in [
            (&mut self.source, MAX_SOURCE),
            (&mut self.origin, MAX_SOURCE),
            (&mut self.comment, MAX_COMMENT),
        ] {
            if let Some(text) = text {
                cut(text, max);
            }
        }
        self
    }
}

fn check_len(r: &Reader<'_>, bytes: &[u8]) -> Result<(), DecodeError> {
    if bytes.len() <= MAX_OBJECT {
        return Ok(());
    }
    Err(r.fail(DecodeFault::TooLong { got: bytes.len() as u64, max: MAX_OBJECT }))
}

/// One that says nothing is left out.
fn read_handling(r: &mut Reader<'_>) -> Result<Handling, DecodeError> {
    let handling = Handling::read(r)?;
    if handling.is_empty() {
        return Err(r.fail(DecodeFault::Rule("handling says nothing")));
    }
    Ok(handling)
}

fn read_confidence(r: &mut Reader<'_>) -> Result<u8, DecodeError> {
    match r.uint8("confidence")? {
        confidence @ 0..=100 => Ok(confidence),
        got => Err(r.fail(DecodeFault::BadValue { what: "confidence", got: got.into() })),
    }
}

fn read_time(r: &mut Reader<'_>) -> Result<UnixSeconds, DecodeError> {
    let got = r.uint()?;
    let time = UnixSeconds::new(got);
    if time.get() != got {
        return Err(r.fail(DecodeFault::BadValue { what: "time", got }));
    }
    Ok(time)
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::{Handling, Kind, Object, Tlp, UnixSeconds};

    pub(crate) fn object() -> impl Strategy<Value = Object> {
        let labels = || proptest::collection::btree_set("[a-z]{1,120}", 0..40);
        let text = || proptest::option::of(".{0,300}");
        let time = || proptest::option::of(0u64..1 << 32);
        let texts = (text(), text(), text());
        let handling = crate::handling::tests::handling();
        (0usize..14, 0usize..5, labels(), labels(), texts, (time(), time()), handling).prop_map(
            |(kind, tlp, markings, labels, (source, origin, comment), (from, until), handling)| {
                Object {
                    handling,
                    kind: Kind::ALL[kind],
                    value: "x".to_owned(),
                    tlp: Tlp::ALL[tlp],
                    marking_unknown: false,
                    markings: markings.into_iter().collect(),
                    labels: labels.into_iter().collect(),
                    source,
                    origin,
                    comment,
                    confidence: Some(50),
                    valid_from: from.map(UnixSeconds::new),
                    valid_until: until.map(UnixSeconds::new),
                }
                .fit()
            },
        )
    }

    proptest! {
        #[test]
        fn objects_come_back(object in object()) {
            let bytes = object.encode();
            prop_assert_eq!(Object::decode(&bytes).unwrap(), object);
        }

        #[test]
        fn what_decodes_encodes_the_same(
            object in object(), at in any::<prop::sample::Index>(), value in any::<u8>(),
        ) {
            let mut bytes = object.encode();
            let at = at.index(bytes.len());
            bytes[at] = value;
            if let Ok(read) = Object::decode(&bytes) {
                prop_assert_eq!(read.encode(), bytes);
            }
        }

        #[test]
        fn foreign_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Object::decode(&bytes);
        }
    }

    #[test]
    fn what_does_not_fit_closes_the_object() {
        let mut object = Object {
            kind: Kind::Domain,
            value: "example.com".to_owned(),
            tlp: Tlp::Clear,
            marking_unknown: false,
            markings: vec![],
            labels: vec!["x".repeat(500)],
            source: None,
            origin: None,
            comment: None,
            confidence: None,
            valid_from: None,
            valid_until: None,
            handling: Handling::default(),
        };
        assert!(object.clone().fit().marking_unknown);
        object.labels = vec!["x".to_owned()];
        assert!(!object.fit().marking_unknown);
    }
}
