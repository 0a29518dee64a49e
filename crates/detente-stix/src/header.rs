//! The head of one STIX object: what a store and a TAXII server need to know about bytes that they
//! keep and serve unchanged.
//!
//! Only the properties named here are looked into; all others are passed over without being held.
//! Whether the object fulfils the standard is for `check` to say.

use std::borrow::Cow;

use crate::identifier::{Identifier, IdentifierFault, excerpt, is_type_name};
use crate::observable_types::is_observable;
use crate::raw::RawHeader;
use crate::scan::{MAX_OBJECT, ScanFault, scan};
use crate::timestamp::{Timestamp, TimestampFault};

/// The most markings an object may name, object and granular ones counted apart.
pub const MAX_MARKINGS: usize = 1024;

/// The version of STIX an object is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SpecVersion {
    /// STIX 2.0.
    V20,
    /// STIX 2.1.
    V21,
    /// A version this crate does not know.
    Other,
}

impl SpecVersion {
    /// As it is written in `spec_version` and in TAXII's `match[spec_version]`.
    pub const fn name(self) -> &'static str {
        match self {
            SpecVersion::V20 => "2.0",
            SpecVersion::V21 => "2.1",
            SpecVersion::Other => "other",
        }
    }
}

/// What stands at the head of an object (STIX 2.1 §3.2). Texts are borrowed from the object's
/// bytes where they are written without escapes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// The property `type`.
    pub kind: Cow<'a, str>,
    /// The property `id`; its type name is `kind`.
    pub id: Identifier<'a>,
    /// The property `spec_version` as it stands.
    pub spec_version: Option<Cow<'a, str>>,
    /// When the object was first made.
    pub created: Option<Timestamp<'a>>,
    /// When this version was made.
    pub modified: Option<Timestamp<'a>>,
    /// Whether its creator has revoked it.
    pub revoked: bool,
    /// The identity that made it.
    pub created_by_ref: Option<Identifier<'a>>,
    /// The markings of the whole object, at most [`MAX_MARKINGS`].
    pub object_marking_refs: Vec<Identifier<'a>>,
    /// The markings of parts of it, each once for every granular marking that names it, at most
    /// [`MAX_MARKINGS`].
    pub granular_marking_refs: Vec<Identifier<'a>>,
    /// Whether a granular marking names neither a marking nor a language.
    pub granular_without: bool,
    /// The property `labels`, as its JSON stands.
    pub labels: Option<Cow<'a, str>>,
}

/// The bytes are no STIX object that can be kept under an identifier and a version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderFault {
    /// Not to be parsed at all.
    #[error(transparent)]
    Scan(#[from] ScanFault),
    /// Not one JSON object, or a property of the head has the wrong type or stands twice.
    #[error("not a STIX object: {0}")]
    Json(String),
    /// A property that every object must have is missing.
    #[error("property {0} is missing")]
    Missing(&'static str),
    /// The property `type` is no type name.
    #[error("property type {0:?} is no type name")]
    Type(String),
    /// A property does not hold an identifier.
    #[error("property {property}: {fault}")]
    Identifier {
        /// Which property.
        property: &'static str,
        /// What is wrong.
        fault: IdentifierFault,
    },
    /// The identifier names another type than the property `type`.
    #[error("property id {id:?} does not begin with the type {kind:?}")]
    OtherType {
        /// The property `id`.
        id: String,
        /// The property `type`.
        kind: String,
    },
    /// A property does not hold a timestamp.
    #[error("property {property}: {fault}")]
    Timestamp {
        /// Which property.
        property: &'static str,
        /// What is wrong.
        fault: TimestampFault,
    },
}

impl HeaderFault {
    /// A stable code for machines.
    pub const fn code(&self) -> &'static str {
        match self {
            HeaderFault::Scan(fault) => fault.code(),
            HeaderFault::Json(_) => "stix-json",
            HeaderFault::Missing(_) => "stix-missing",
            HeaderFault::Type(_) => "stix-type",
            HeaderFault::Identifier { fault, .. } => fault.code(),
            HeaderFault::OtherType { .. } => "stix-id-type",
            HeaderFault::Timestamp { fault, .. } => fault.code(),
        }
    }
}

impl<'a> Header<'a> {
    /// Reads the head of the one object that `bytes` hold, at most
    /// [`MAX_OBJECT`] bytes long and [`MAX_DEPTH`](crate::MAX_DEPTH) levels
    /// deep. The whole of it must be JSON; a property of the head may not stand twice.
    ///
    /// # Errors
    /// [`HeaderFault`], one for the first thing found wrong.
    pub fn read(bytes: &'a [u8]) -> Result<Header<'a>, HeaderFault> {
        let text = scan(bytes, MAX_OBJECT)?;
        let raw: RawHeader<'a> =
            serde_json::from_str(text).map_err(|fault| HeaderFault::Json(fault.to_string()))?;
        let kind = raw.kind.ok_or(HeaderFault::Missing("type"))?;
        if !is_type_name(&kind) {
            return Err(HeaderFault::Type(excerpt(&kind)));
        }
        let id = identifier("id", raw.id.ok_or(HeaderFault::Missing("id"))?)?;
        if id.kind() != kind {
            return Err(HeaderFault::OtherType { id: id.to_string(), kind: kind.into_owned() });
        }
        Ok(Header {
            kind,
            id,
            spec_version: raw.spec_version,
            created: timestamp("created", raw.created)?,
            modified: timestamp("modified", raw.modified)?,
            revoked: raw.revoked.unwrap_or(false),
            created_by_ref: match raw.created_by_ref {
                Some(text) => Some(identifier("created_by_ref", text)?),
                None => None,
            },
            object_marking_refs: identifiers("object_marking_refs", raw.object_marking_refs)?,
            granular_marking_refs: identifiers("granular_markings", raw.granular_marking_refs)?,
            granular_without: raw.granular_without,
            labels: raw.labels.map(|raw| Cow::Borrowed(raw.get())),
        })
    }

    /// The version of STIX. An object without `spec_version` is STIX 2.0, where the bundle
    /// named it, unless its type is a cyber observable, which was no object before 2.1.
    pub fn spec(&self) -> SpecVersion {
        match self.spec_version.as_deref() {
            Some("2.1") => SpecVersion::V21,
            Some("2.0") => SpecVersion::V20,
            Some(_) => SpecVersion::Other,
            None if is_observable(&self.kind) => SpecVersion::V21,
            None => SpecVersion::V20,
        }
    }

    /// The object's version as TAXII 2.1 §3.4.1 counts it: `modified`, else `created`, else none,
    /// and then the server takes the time at which it was added.
    pub fn version(&self) -> Option<&Timestamp<'a>> {
        self.modified.as_ref().or(self.created.as_ref())
    }

    /// The same head, free of the bytes it was read from.
    pub fn into_owned(self) -> Header<'static> {
        let own = |ids: Vec<Identifier<'a>>| ids.into_iter().map(Identifier::into_owned).collect();
        Header {
            kind: Cow::Owned(self.kind.into_owned()),
            id: self.id.into_owned(),
            spec_version: self.spec_version.map(|text| Cow::Owned(text.into_owned())),
            created: self.created.map(Timestamp::into_owned),
            modified: self.modified.map(Timestamp::into_owned),
            revoked: self.revoked,
            created_by_ref: self.created_by_ref.map(Identifier::into_owned),
            object_marking_refs: own(self.object_marking_refs),
            granular_marking_refs: own(self.granular_marking_refs),
            granular_without: self.granular_without,
            labels: self.labels.map(|text| Cow::Owned(text.into_owned())),
        }
    }
}

/// One STIX object: its head, and its bytes as they came, which are what is stored and served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object<'a> {
    header: Header<'a>,
    bytes: &'a [u8],
}

impl<'a> Object<'a> {
    /// Reads one object.
    ///
    /// # Errors
    /// As [`Header::read`].
    pub fn read(bytes: &'a [u8]) -> Result<Object<'a>, HeaderFault> {
        Ok(Object { header: Header::read(bytes)?, bytes })
    }

    /// The head.
    pub const fn header(&self) -> &Header<'a> {
        &self.header
    }

    /// The bytes as they came.
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The head and the bytes.
    pub fn into_parts(self) -> (Header<'a>, &'a [u8]) {
        (self.header, self.bytes)
    }
}

fn identifier<'a>(
    property: &'static str,
    text: Cow<'a, str>,
) -> Result<Identifier<'a>, HeaderFault> {
    Identifier::parse(text).map_err(|fault| HeaderFault::Identifier { property, fault })
}

fn identifiers<'a>(
    property: &'static str,
    texts: Vec<Cow<'a, str>>,
) -> Result<Vec<Identifier<'a>>, HeaderFault> {
    texts.into_iter().map(|text| identifier(property, text)).collect()
}

fn timestamp<'a>(
    property: &'static str,
    text: Option<Cow<'a, str>>,
) -> Result<Option<Timestamp<'a>>, HeaderFault> {
    text.map(Timestamp::parse)
        .transpose()
        .map_err(|fault| HeaderFault::Timestamp { property, fault })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const INDICATOR: &str = r#"{
        "type": "indicator", "spec_version": "2.1",
        "id": "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f",
        "created_by_ref": "identity--f431f809-377b-45e0-aa1c-6a4751cae5ff",
        "created": "2016-04-06T20:03:48.000Z", "modified": "2016-04-06T20:03:48.000001Z",
        "revoked": true, "name": "a", "x_deep": {"id": [1, {"type": null}]},
        "object_marking_refs": ["marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da"],
        "granular_markings": [
            {"selectors": ["name"], "lang": "en"},
            {"marking_ref": "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed",
             "selectors": ["name"]}],
        "pattern": "[a:b = 1]", "pattern_type": "stix", "valid_from": "2016-01-01T00:00:00Z"}"#;

    #[test]
    fn reads_the_head() {
        let object = Object::read(INDICATOR.as_bytes()).expect("an object");
        assert_eq!(object.bytes(), INDICATOR.as_bytes());
        let head = object.header().clone().into_owned();
        assert_eq!(&head, object.header());
        assert_eq!(head.kind, "indicator");
        assert_eq!(head.spec(), SpecVersion::V21);
        assert!(head.revoked);
        assert_eq!(head.version().map(Timestamp::micros), Some(1_459_973_028_000_001));
        assert_eq!(head.object_marking_refs.len(), 1);
        assert_eq!(
            head.granular_marking_refs[0].as_str(),
            "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed"
        );
        assert_eq!(head.created_by_ref.expect("a creator").kind(), "identity");
    }

    #[test]
    fn version_falls_back() {
        let ip = r#"{"type":"ipv4-addr","id":"ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4"}"#;
        let head = Header::read(ip.as_bytes()).expect("an object");
        assert_eq!((head.version(), head.spec()), (None, SpecVersion::V21));
        let mark = r#"{"type":"marking-definition","created":"2017-01-20T00:00:00.000Z",
            "id":"marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da"}"#;
        let head = Header::read(mark.as_bytes()).expect("an object");
        assert_eq!(head.version().map(Timestamp::as_str), Some("2017-01-20T00:00:00.000Z"));
        assert_eq!(head.spec(), SpecVersion::V20);
    }

    #[test]
    fn escapes_in_the_head_are_undone() {
        let text =
            r#"{"typ\u0065":"t\u006fol","id":"tool--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3\u0066"}"#;
        let head = Header::read(text.as_bytes()).expect("an object");
        assert_eq!(head.id.as_str(), "tool--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f");
    }

    #[test]
    fn refuses() {
        let tool = |rest: &str| {
            format!(r#"{{"type":"tool","id":"tool--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"{rest}}}"#)
        };
        let marks = vec![r#""marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da""#; 1025];
        for (text, code) in [
            (String::new(), "stix-json"),
            ("[]".to_owned(), "stix-json"),
            ("null".to_owned(), "stix-json"),
            (tool("") + "x", "stix-json"),
            (tool(r#","type":"tool""#), "stix-json"),
            (tool(r#","ty\u0070e":"tool""#), "stix-json"),
            (tool(r#","revoked":true,"revoked":false"#), "stix-json"),
            (tool(r#","revoked":"true""#), "stix-json"),
            (tool(r#","created":5"#), "stix-json"),
            (tool(r#","created":null"#), "stix-json"),
            (tool(r#","object_marking_refs":{}"#), "stix-json"),
            (tool(r#","granular_markings":[[]]"#), "stix-json"),
            (tool(r#","granular_markings":[{"marking_ref":"a","marking_ref":"b"}]"#), "stix-json"),
            (tool(&format!(r#","object_marking_refs":[{}]"#, marks.join(","))), "stix-json"),
            (tool(r#","name":"\x""#), "stix-json"),
            (tool(r#","x":01"#), "stix-json"),
            (tool(r#","x":"\ud800""#), "stix-surrogate"),
            (tool(r#","created":"yesterday""#), "stix-timestamp-form"),
            (tool(r#","modified":"2016-02-30T00:00:00Z""#), "stix-timestamp-range"),
            (tool(r#","created_by_ref":"me""#), "stix-identifier-uuid"),
            (tool(r#","object_marking_refs":["red"]"#), "stix-identifier-uuid"),
            (r#"{"id":"tool--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"}"#.to_owned(), "stix-missing"),
            (r#"{"type":"tool"}"#.to_owned(), "stix-missing"),
            (r#"{"type":"To","id":"x"}"#.to_owned(), "stix-type"),
            (
                r#"{"type":"url","id":"tool--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"}"#.to_owned(),
                "stix-id-type",
            ),
        ] {
            let fault = Header::read(text.as_bytes()).expect_err(&text);
            assert_eq!(fault.code(), code, "{text}: {fault}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Header::read(&bytes);
        }

        #[test]
        fn broken_objects_never_panic(at in 0..INDICATOR.len(), byte in any::<u8>()) {
            let mut bytes = INDICATOR.as_bytes().to_vec();
            bytes[at] = byte;
            if let Ok(header) = Header::read(&bytes) {
                prop_assert_eq!(header.kind.as_ref(), header.id.kind());
            }
        }
    }
}
