//! The markings of a STIX object alone, for who keeps objects as they came.

use serde::Deserialize;
use serde_json::Value;

use super::context::{part_refs, texts, unknown_of, whole_refs};
use detente_intel::Markings;

/// What an object says about its handling.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectMarkings {
    /// What holds for the whole object.
    pub whole: Markings,
    /// Ids of definitions that hold for the whole and whose meaning is to be looked up.
    pub whole_open: Vec<String>,
    /// What holds for parts of it; parts may differ from each other and from the whole.
    pub parts: Markings,
    /// Ids of definitions that hold for parts and whose meaning is to be looked up.
    pub parts_open: Vec<String>,
}

#[derive(Deserialize)]
struct Marked {
    #[serde(default)]
    object_marking_refs: Option<Value>,
    #[serde(default)]
    granular_markings: Option<Value>,
    #[serde(default)]
    labels: Option<Value>,
}

/// Reads the markings of one object. Tags on handling among its labels count for the whole.
///
/// # Errors
/// It is no JSON object, or says one of these properties twice.
pub fn object_markings(bytes: &[u8]) -> Result<ObjectMarkings, serde_json::Error> {
    // A list of values in the right order would do for serde, and for nobody else.
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(serde::de::Error::custom("an object was expected"));
    }
    let marked: Marked = serde_json::from_slice(bytes)?;
    let mut all = ObjectMarkings::default();
    let ids = whole_refs(&marked.object_marking_refs, &mut all.whole);
    all.whole_open = unknown_of(ids, &mut all.whole);
    let ids = part_refs(&marked.granular_markings, &mut all.parts);
    all.parts_open = unknown_of(ids, &mut all.parts);
    add_labels(&marked.labels, &mut all.whole);
    Ok(all)
}

/// The same of an object whose head has been read already: the ids of markings of the whole and of
/// parts, and its labels as their JSON stands.
///
/// # Errors
/// The labels are no JSON.
pub fn head_markings<'a>(
    whole: impl Iterator<Item = &'a str>,
    parts: impl Iterator<Item = &'a str>,
    labels: Option<&str>,
) -> Result<ObjectMarkings, serde_json::Error> {
    let mut all = ObjectMarkings::default();
    all.whole_open = unknown_of(whole.collect(), &mut all.whole);
    all.parts_open = unknown_of(parts.collect(), &mut all.parts);
    if let Some(json) = labels {
        add_labels(&serde_json::from_str(json)?, &mut all.whole);
    }
    Ok(all)
}

/// Adds what labels say on handling.
fn add_labels(labels: &Option<Value>, whole: &mut Markings) {
    match labels {
        // A text in the place of a list is a label: what it says on handling counts.
        Some(Value::String(label)) => {
            whole.add_tag(label);
        }
        Some(Value::Array(_)) | None => {
            for label in texts(labels) {
                whole.add_tag(label);
            }
        }
        Some(_) => whole.add_unknown("labels"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use detente_core::Tlp;

    const GREEN: &str = "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb";
    const RED: &str = "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1";

    #[test]
    fn parts_may_differ_from_the_whole() {
        let json = format!(
            r#"{{"object_marking_refs":["{GREEN}","marking-definition--x"],
            "granular_markings":[{{"marking_ref":"{RED}","selectors":["name"]}},{{"lang":"de"}}]}}"#
        );
        let found = object_markings(json.as_bytes()).expect("an object");
        assert_eq!((found.whole.tlp(), found.parts.tlp()), (Some(Tlp::Green), Some(Tlp::Red)));
        assert_eq!(found.whole_open, ["marking-definition--x"]);
        assert!(!found.whole.is_closed() && !found.whole.is_conflicting());
        let labelled = object_markings(br#"{"labels":["tlp:amber","x"]}"#).expect("an object");
        assert_eq!(labelled.whole.tlp(), Some(Tlp::Amber));
        let labelled = object_markings(br#"{"labels":"tlp:red"}"#).expect("an object");
        assert_eq!(labelled.whole.tlp(), Some(Tlp::Red));
    }

    #[test]
    fn what_is_no_marking_closes() {
        for bad in [
            r#"{"object_marking_refs":"x"}"#,
            r#"{"object_marking_refs":[1]}"#,
            r#"{"labels":{"0":"tlp:red"}}"#,
            r#"{"granular_markings":[{"selectors":["a"]}]}"#,
        ] {
            let found = object_markings(bad.as_bytes()).expect("an object");
            assert!(found.whole.is_closed() || found.parts.is_closed(), "{bad}");
        }
        let twice = r#"{"object_marking_refs":[],"object_marking_refs":[]}"#;
        assert!(object_markings(twice.as_bytes()).is_err());
        assert!(object_markings(b"[]").is_err());
    }
}
