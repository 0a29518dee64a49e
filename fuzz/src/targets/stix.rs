//! The target of detente-stix: objects of STIX 2.0 and 2.1 from anywhere.

use detente_stix::{
    Header, HeaderFault, Identifier, MAX_FINDINGS, MAX_MARKINGS, Object, SpecVersion, canonical,
    check, sco_id, upgrade,
};
use serde_json::{Map, Value};

use crate::Target;

/// The table of this crate. Seeds are files.
pub(crate) const TARGETS: &[Target] =
    &[Target { name: "stix_object", run: object, seeds: Vec::new }];

/// One object: its head, the check, its deterministic identifier, and what it is raised to.
fn object(bytes: &[u8]) -> bool {
    let header = Header::read(bytes);
    if let Ok(header) = &header {
        check_header(header, bytes);
    }
    check_report(&header, bytes);
    let value = serde_json::from_slice::<Value>(bytes).ok();
    if let Some(Value::Object(object)) = &value {
        check_canonical(object);
        check_id(object);
    }
    check_raised(header.as_ref().ok(), bytes);
    header.is_ok()
}

fn check_header(header: &Header<'_>, bytes: &[u8]) {
    assert_eq!(header.id.kind(), header.kind, "the identifier of another type");
    assert_eq!(header.clone().into_owned(), *header);
    let named = [&header.object_marking_refs, &header.granular_marking_refs];
    assert!(named.iter().all(|list| list.len() <= MAX_MARKINGS), "markings beyond the bound");
    for id in named.into_iter().flatten().chain([&header.id]).chain(&header.created_by_ref) {
        assert_eq!(Identifier::parse(id.as_str()).as_ref(), Ok(id), "an identifier is none");
    }
    let (again, kept) = Object::read(bytes).expect("the same bytes").into_parts();
    assert_eq!((&again, kept), (header, bytes), "the object is another one");
}

/// What cannot be kept under an identifier and a version breaks a MUST too.
fn check_report(header: &Result<Header<'_>, HeaderFault>, bytes: &[u8]) {
    let report = check(bytes);
    let (kept, all) = (report.findings().len(), report.musts() + report.shoulds());
    assert_eq!(kept, all.min(MAX_FINDINGS), "findings do not add up");
    assert_eq!(report.is_valid(), report.musts() == 0);
    for finding in report.findings() {
        let obeyed = |c: char| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c);
        assert!(
            !finding.to_string().contains(obeyed),
            "a terminal would obey this finding: {finding:?}"
        );
    }
    if let Err(fault) = header {
        // A bound of the node's own.
        let many = matches!(fault, HeaderFault::Json(words) if words.contains("markings"));
        assert!(many || !report.is_valid(), "no finding, but no head: {fault}");
    }
}

/// RFC 8785 text reads as the same value, and is its own canonical form.
fn check_canonical(object: &Map<String, Value>) {
    let text = canonical(&Value::Object(object.clone()));
    let again: Value = serde_json::from_str(&text).expect("canonical JSON is JSON");
    assert_eq!(canonical(&again), text, "not canonical");
}

/// The identifier depends on what is there, not on its order or on other properties.
fn check_id(object: &Map<String, Value>) {
    let id = sco_id(object);
    let mut other: Map<String, Value> =
        object.iter().rev().map(|(key, value)| (key.clone(), value.clone())).collect();
    other.insert("x_own".to_owned(), Value::Null);
    // Of several hashes none of which is preferred the first as written contributes.
    let hashes = object.get("hashes").and_then(Value::as_object).map_or(0, Map::len);
    if hashes < 2 {
        assert_eq!(sco_id(&other), id, "another identifier for the same object");
    }
    if let Some(id) = id {
        assert_eq!(object.get("type").and_then(Value::as_str), Some(id.kind()));
        assert_eq!(id.uuid_version(), 5, "{id}");
    }
}

/// What is raised is STIX 2.1 and as closed as before.
fn check_raised(header: Option<&Header<'_>>, bytes: &[u8]) {
    let Ok(raised) = upgrade(bytes) else {
        return;
    };
    assert_eq!(upgrade(bytes).as_ref(), Ok(&raised), "raised to other bytes");
    let Some(header) = header else {
        return;
    };
    let mut after = Vec::new();
    for bytes in &raised {
        // Not by its head: what is inside an observed-data may be malformed there, and stays so.
        let new: Value = serde_json::from_slice(bytes).expect("what is raised is JSON");
        let marks = |list: &str| new.get(list).and_then(Value::as_array).cloned();
        let whole = marks("object_marking_refs").unwrap_or_default();
        for mark in &header.object_marking_refs {
            assert!(whole.contains(&mark.as_str().into()), "{mark} is gone from {new}");
        }
        let parts = marks("granular_markings").unwrap_or_default();
        after.extend(parts.iter().filter_map(|part| part.get("marking_ref").cloned()));
        after.extend(whole);
        assert_eq!(new.get("spec_version").and_then(Value::as_str), Some("2.1"));
    }
    for mark in &header.granular_marking_refs {
        assert!(after.contains(&mark.as_str().into()), "the granular marking {mark} is gone");
    }
    let last = raised.last().map(|bytes| Header::read(bytes));
    let Some(Ok(last)) = last else { panic!("the last one has no head: {last:?}") };
    assert_eq!((last.spec(), &last.id), (SpecVersion::V21, &header.id));
    // A standing marking gets the time that the standard prints.
    assert!(last.kind == "marking-definition" || last.version() == header.version());
}
