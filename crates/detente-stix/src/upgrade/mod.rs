//! Raising objects of STIX 2.0 to 2.1.
//!
//! What is raised is a new object beside the one that came: its bytes are not touched. It follows
//! what STIX 2.1 appendix "Changes from earlier versions" and OASIS's stepper say: names that
//! changed, `labels` that became types, and above all observed-data, whose inner objects become
//! objects of their own that it refers to. What 2.1 has no place for is kept in custom properties
//! that begin with [`KEPT_PREFIX`]. Markings of an observed-data go on to the objects that come
//! out of it: raising must not open anything.

mod container;
mod observable;
mod pattern;

use serde_json::{Map, Value};

use crate::check::tlp::{Standing, TLP1};
use crate::observable_types::is_observable;
use crate::scan::MAX_OBJECT;
use crate::tree::{Tree, TreeFault};

pub use container::{MAX_CARRIED_MARKINGS, MAX_CONTAINED};
pub use observable::KEPT_PREFIX;

/// The object cannot be raised.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UpgradeFault {
    /// Not one JSON value.
    #[error(transparent)]
    Tree(#[from] TreeFault),
    /// A key stands twice: nobody knows which was meant.
    #[error("key {0:?} stands twice")]
    DoubledKey(String),
    /// Not a JSON object with a type.
    #[error("not a STIX object")]
    NoObject,
    /// Not an object of STIX 2.0, or a bundle, whose objects are raised one by one.
    #[error("not an object of STIX 2.0, but {0}")]
    NotV20(String),
    /// Inside an observed-data something is no object, or refers to what is not there.
    #[error("observed-data object {key:?}: {what}")]
    Container {
        /// The key of the inner object.
        key: String,
        /// What is wrong.
        what: String,
    },
    /// Too many markings to carry over to the objects of an observed-data.
    #[error("{got} markings to carry over, at most {max} allowed")]
    TooManyMarkings {
        /// Objects times markings.
        got: usize,
        /// The bound.
        max: usize,
    },
    /// Too many objects inside an observed-data.
    #[error("observed-data holds {got} objects, at most {max} allowed")]
    TooManyObjects {
        /// How many.
        got: usize,
        /// The bound.
        max: usize,
    },
}

impl UpgradeFault {
    /// A stable code for machines.
    pub const fn code(&self) -> &'static str {
        match self {
            UpgradeFault::Tree(fault) => fault.code(),
            UpgradeFault::DoubledKey(_) => "stix-doubled-key",
            UpgradeFault::NoObject => "stix-no-object",
            UpgradeFault::NotV20(_) => "stix-not-2.0",
            UpgradeFault::Container { .. } => "stix-container",
            UpgradeFault::TooManyMarkings { .. } => "stix-too-many-markings",
            UpgradeFault::TooManyObjects { .. } => "stix-too-many-objects",
        }
    }
}

/// Raises one object of STIX 2.0: gives the objects of STIX 2.1 that say the same, the one with
/// the object's own identifier last. Only observed-data gives more than one. The same bytes always
/// give the same objects.
///
/// # Errors
/// [`UpgradeFault`], and then nothing is raised.
pub fn upgrade(bytes: &[u8]) -> Result<Vec<Vec<u8>>, UpgradeFault> {
    let tree = Tree::parse(bytes, MAX_OBJECT)?;
    if let Some(key) = tree.doubled.first() {
        return Err(UpgradeFault::DoubledKey(key.clone()));
    }
    let Value::Object(object) = tree.value else { return Err(UpgradeFault::NoObject) };
    let raised = object_21(object)?;
    Ok(raised.into_iter().map(|object| Value::Object(object).to_string().into_bytes()).collect())
}

fn object_21(object: Map<String, Value>) -> Result<Vec<Map<String, Value>>, UpgradeFault> {
    let Some(kind) = object.get("type").and_then(Value::as_str).map(str::to_owned) else {
        return Err(UpgradeFault::NoObject);
    };
    match object.get("spec_version").and_then(Value::as_str) {
        None | Some("2.0") => {}
        Some(version) => return Err(UpgradeFault::NotV20(format!("of version {version:?}"))),
    }
    if kind == "bundle" || is_observable(&kind) {
        return Err(UpgradeFault::NotV20(format!("a {kind}")));
    }
    let mut raised = versioned(object);
    observable::hash_names(&mut raised);
    types_from_labels(&kind, &mut raised);
    match kind.as_str() {
        "indicator" => {
            if let Some(Value::String(pattern)) = raised.get_mut("pattern") {
                *pattern = pattern::pattern_21(pattern);
            }
            raised.entry("pattern_type").or_insert_with(|| "stix".into());
        }
        // STIX 2.0 cannot tell a family from an instance.
        "malware" => {
            raised.entry("is_family").or_insert(Value::Bool(false));
        }
        "marking-definition" => standing_name(&mut raised),
        "observed-data" if raised.contains_key("objects") => {
            return container::observed_data(raised);
        }
        _ => {}
    }
    Ok(vec![raised])
}

/// Puts the version where the standard's examples have it, after the type.
fn versioned(object: Map<String, Value>) -> Map<String, Value> {
    let mut raised = Map::new();
    for (name, value) in object {
        let is_type = name == "type";
        if name != "spec_version" {
            raised.insert(name, value);
        }
        if is_type {
            raised.insert("spec_version".to_owned(), "2.1".into());
        }
    }
    raised
}

/// Types of indicators, malware and so on were labels in 2.0 (part 2 of it, §2).
fn types_from_labels(kind: &str, object: &mut Map<String, Value>) {
    let property = match kind {
        "indicator" => "indicator_types",
        "malware" => "malware_types",
        "report" => "report_types",
        "threat-actor" => "threat_actor_types",
        "tool" => "tool_types",
        _ => return,
    };
    if object.contains_key(property) {
        return;
    }
    if let Some(labels) = object.shift_remove("labels") {
        object.insert(property.to_owned(), labels);
    }
}

/// The standing TLP markings have names since 2.1. Another marking under one of their identifiers
/// stays what it says it is.
fn standing_name(marking: &mut Map<String, Value>) {
    let id = marking.get("id").and_then(Value::as_str);
    let level = marking.get("definition").and_then(|d| d.get("tlp")).and_then(Value::as_str);
    let same = |standing: &&Standing| id == Some(standing.id) && level == Some(standing.level);
    if let Some(standing) = TLP1.iter().find(same) {
        marking.insert("name".to_owned(), standing.name.into());
        // 2.0 printed the time without a fraction too.
        marking.insert("created".to_owned(), standing.created.into());
    }
}

#[cfg(test)]
mod container_tests;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check;
    use proptest::prelude::*;

    fn raise(text: &str) -> Vec<Value> {
        let raised = upgrade(text.as_bytes()).expect(text);
        for bytes in &raised {
            let report = check(bytes);
            let text = String::from_utf8_lossy(bytes);
            assert!(report.is_valid(), "{text}: {:?}", report.findings());
        }
        raised.iter().map(|bytes| serde_json::from_slice(bytes).expect("JSON")).collect()
    }

    fn sdo(kind: &str, rest: &str) -> String {
        format!(
            r#"{{"type":"{kind}","id":"{kind}--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f",
            "created":"2016-04-06T20:03:48.000Z","modified":"2016-04-06T20:03:48.000Z",{rest}}}"#
        )
    }

    #[test]
    fn names_of_types() {
        for (kind, rest, property) in [
            ("tool", r#""name":"a","labels":["remote-access"]"#, "tool_types"),
            ("malware", r#""name":"a","labels":["worm"]"#, "malware_types"),
            ("threat-actor", r#""name":"a","labels":["spy"]"#, "threat_actor_types"),
            (
                "report",
                r#""name":"a","labels":["campaign"],"published":"2016-04-06T20:03:48Z",
                "object_refs":["tool--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"]"#,
                "report_types",
            ),
            (
                "indicator",
                r#""labels":["benign"],"pattern":"[file:created > t'2016-01-01T00:00:00Z']",
                "valid_from":"2016-01-01T00:00:00Z""#,
                "indicator_types",
            ),
        ] {
            let raised = raise(&sdo(kind, rest));
            assert_eq!(raised.len(), 1);
            assert!(raised[0].get(property).is_some_and(Value::is_array), "{kind}");
            assert!(raised[0].get("labels").is_none());
            assert_eq!(raised[0]["spec_version"], "2.1");
        }
        let identity = raise(&sdo("identity", r#""name":"a","labels":["own"]"#));
        assert_eq!(identity[0]["labels"][0], "own");
    }

    #[test]
    fn patterns_and_families() {
        let raised = raise(&sdo(
            "indicator",
            concat!(
                r#""pattern":"[process:binary_ref.name = 'process:created']","#,
                r#""valid_from":"2016-01-01T00:00:00Z""#
            ),
        ));
        assert_eq!(raised[0]["pattern"], "[process:image_ref.name = 'process:created']");
        assert_eq!(raised[0]["pattern_type"], "stix");
        assert_eq!(raise(&sdo("malware", r#""name":"a""#))[0]["is_family"], false);
    }

    #[test]
    fn standing_markings_get_their_names() {
        let raised = raise(
            r#"{"type":"marking-definition","created":"2017-01-20T00:00:00Z",
            "id":"marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed",
            "definition_type":"tlp","definition":{"tlp":"red"}}"#,
        );
        assert_eq!(raised[0]["name"], "TLP:RED");
        let lie = br#"{"type":"marking-definition","created":"2016-08-01T00:00:00.000Z",
            "id":"marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed",
            "definition_type":"statement","definition":{"statement":"a"}}"#;
        let raised = upgrade(lie).expect("a marking");
        let raised: Value = serde_json::from_slice(&raised[0]).expect("JSON");
        assert!(raised.get("name").is_none());
        assert_eq!(raised["created"], "2016-08-01T00:00:00.000Z");
    }

    #[test]
    fn refuses() {
        for (text, code) in [
            ("[]", "stix-no-object"),
            ("{}", "stix-no-object"),
            ("{", "stix-json"),
            (r#"{"type":"tool","type":"tool"}"#, "stix-doubled-key"),
            (r#"{"type":"tool","spec_version":"2.1"}"#, "stix-not-2.0"),
            (r#"{"type":"bundle"}"#, "stix-not-2.0"),
            (r#"{"type":"url","value":"a"}"#, "stix-not-2.0"),
            (r#"{"type":"observed-data","objects":5}"#, "stix-container"),
            (r#"{"type":"observed-data","objects":{"0":5}}"#, "stix-container"),
            (r#"{"type":"observed-data","objects":{"0":{}}}"#, "stix-container"),
            (
                r#"{"type":"observed-data","objects":{"0":{"type":"file","content_ref":"9"}}}"#,
                "stix-container",
            ),
        ] {
            assert_eq!(upgrade(text.as_bytes()).expect_err(text).code(), code, "{text}");
        }
        let many: Vec<String> = (0..=MAX_CONTAINED).map(|n| format!("\"{n}\":{{}}")).collect();
        let text = format!(r#"{{"type":"observed-data","objects":{{{}}}}}"#, many.join(","));
        let fault = upgrade(text.as_bytes()).expect_err("too many");
        assert_eq!(fault.code(), "stix-too-many-objects");
    }

    proptest! {
        #[test]
        fn never_panics(
            kind in "indicator|malware|observed-data",
            property in "objects|pattern|labels",
            value in ".{0,60}",
        ) {
            let text = format!(r#"{{"type":"{kind}","{property}":{value}}}"#);
            let _ = upgrade(text.as_bytes());
        }
    }
}
