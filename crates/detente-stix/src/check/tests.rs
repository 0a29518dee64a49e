//! Known answers of the checks: `vectors/stix-objects.json`, `vectors/stix-bad.json`.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Level, MAX_FINDINGS, Options, Report, check, check_with};
use crate::Header;

fn vectors(name: &str) -> Value {
    let path = format!("{}/../../vectors/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).expect("vectors");
    serde_json::from_str(&text).expect("JSON")
}

fn of(value: &Value) -> Report {
    check(value.to_string().as_bytes())
}

fn has(report: &Report, level: Level, code: &str, path: &str) -> bool {
    let same = |f: &super::Finding| f.level == level && f.code == code && f.path == path;
    report.findings().iter().any(same)
}

fn tool(name: &str, value: Value) -> Value {
    let mut tool = json!({
        "type": "tool", "spec_version": "2.1", "name": "a",
        "id": "tool--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f",
        "created": "2016-04-06T20:03:48.000Z", "modified": "2016-04-06T20:03:48.000Z",
    });
    tool[name] = value;
    tool
}

#[test]
fn takes_what_is_good() {
    let all = vectors("stix-objects.json");
    for object in all["objects"].as_array().expect("objects") {
        let report = of(object);
        assert!(report.is_valid(), "{}: {:?}", object["type"], report.findings());
    }
}

#[test]
fn finds_what_is_bad() {
    let all = vectors("stix-bad.json");
    for case in all["bad"].as_array().expect("cases") {
        let report = of(&case["object"]);
        let (code, path) = (case["code"].as_str().expect("code"), case["path"].as_str());
        let found = has(&report, Level::Must, code, path.expect("path"));
        assert!(found, "{}: {:?}", case["name"], report.findings());
    }
}

/// What the standard forbids and OASIS's validator lets through.
#[test]
fn finds_what_others_miss() {
    let identity = "identity--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f";
    for (name, value, code, path) in [
        (
            "created_by_ref",
            json!("tool--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"),
            "reference",
            "created_by_ref",
        ),
        ("object_marking_refs", json!([identity]), "reference", "object_marking_refs.[0]"),
        ("defanged", json!(true), "defanged", "defanged"),
        ("x_own", json!({"a": {"b": []}}), "empty-list", "x_own.a.b"),
        ("x_own", json!({"a b": 1}), "dictionary-key", "x_own"),
        ("spec_version", json!("2.0"), "spec-version", "spec_version"),
        (
            "granular_markings",
            json!([{"selectors": ["name"], "lang": "de",
                    "marking_ref": "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da"}]),
            "one-of",
            "granular_markings.[0]",
        ),
    ] {
        let report = of(&tool(name, value));
        assert!(has(&report, Level::Must, code, path), "{name}: {:?}", report.findings());
    }
}

#[test]
fn remarks_what_should_be_otherwise() {
    for (name, value, code, path) in [
        ("tool_types", json!(["Own Thing"]), "vocabulary", "tool_types.[0]"),
        ("tool_types", json!(["Own Thing"]), "vocabulary-case", "tool_types.[0]"),
        ("own_thing", json!(1), "custom-property", "own_thing"),
        ("id", json!("tool--8e2e2d2b-17d4-1cbf-938f-98ee46b3cd3f"), "id-version", "id"),
        (
            "kill_chain_phases",
            json!([{"kill_chain_name": "A b", "phase_name": "c"}]),
            "lower-hyphen",
            "kill_chain_phases.[0].kill_chain_name",
        ),
        (
            "external_references",
            json!([{"source_name": "a", "url": "https://example.com/"}]),
            "advised",
            "external_references.[0]",
        ),
        (
            "extensions",
            json!({"x-own-ext": {"own": 1}}),
            "custom-extension",
            "extensions.x-own-ext",
        ),
    ] {
        let report = of(&tool(name, value));
        assert!(report.is_valid(), "{name}: {:?}", report.findings());
        assert!(has(&report, Level::Should, code, path), "{name}: {:?}", report.findings());
    }
    let marked = json!({"type": "ipv4-addr", "value": "198.51.100.3",
        "id": "ipv4-addr--11111111-77cd-5a82-a950-b5bc3caf07c4"});
    assert!(has(&of(&marked), Level::Should, "id-deterministic", "id"));
}

#[test]
fn granular_markings_by_language_are_fine() {
    let report = of(&tool("granular_markings", json!([{"selectors": ["name"], "lang": "de"}])));
    assert!(report.is_valid(), "{:?}", report.findings());
}

#[test]
fn patterns_are_for_the_caller() {
    let indicator = json!({
        "type": "indicator", "spec_version": "2.1", "pattern": "[", "pattern_type": "stix",
        "id": "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f",
        "created": "2016-04-06T20:03:48.000Z", "modified": "2016-04-06T20:03:48.000Z",
        "valid_from": "2016-01-01T00:00:00Z",
    });
    assert!(of(&indicator).is_valid());
    let rule = |pattern: &str| if pattern == "[" { Err("breaks off".to_owned()) } else { Ok(()) };
    let options = Options { pattern_rule: Some(&rule) };
    let report = check_with(indicator.to_string().as_bytes(), options);
    assert!(has(&report, Level::Must, "pattern", "pattern"));
}

#[test]
fn members_of_a_bundle_are_told_apart() {
    let report = of(&json!({
        "type": "bundle", "id": "bundle--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f",
        "objects": [tool("name", json!("a")), tool("name", json!(5)), tool("name", json!("b"))],
    }));
    assert!(has(&report, Level::Must, "type", "objects.[1].name"));
    assert!(has(&report, Level::Should, "duplicate", "objects.[2]"));
    assert_eq!(report.musts(), 1);
}

#[test]
fn bytes_that_are_no_object() {
    for (bytes, code) in [
        (&b"\xff"[..], "stix-not-utf8"),
        (b"{", "stix-json"),
        (b"5", "type"),
        (br#"{"type":"tool","name":"a","name":"b"}"#, "doubled-key"),
    ] {
        let report = check(bytes);
        assert_eq!(report.findings()[0].code, code);
        assert!(!report.is_valid());
    }
}

#[test]
fn findings_are_bounded() {
    let report = of(&tool("labels", json!(vec![5; MAX_FINDINGS + 10])));
    assert_eq!(report.findings().len(), MAX_FINDINGS);
    assert_eq!(report.musts(), MAX_FINDINGS + 10);
}

#[test]
fn a_finding_reads_well() {
    let report = of(&tool("confidence", json!(101)));
    assert_eq!(
        report.findings()[0].to_string(),
        "must: confidence: 101 is not in 0 to 100 (STIX 2.1 section 3.2)"
    );
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-z0-9.:\\[\\]-]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[a-z_]{1,8}", inner), 0..4)
                .prop_map(|members| members.into_iter().collect()),
        ]
    })
}

proptest! {
    /// Any value in any place of any object of the vectors: a report, never a panic. What is good
    /// has a head.
    #[test]
    fn never_panics(
        which in any::<prop::sample::Index>(),
        place in any::<prop::sample::Index>(),
        value in any_json(),
    ) {
        let all = vectors("stix-objects.json");
        let objects = all["objects"].as_array().expect("objects");
        let mut object = objects[which.index(objects.len())].clone();
        let map = object.as_object_mut().expect("an object");
        let name = map.keys().nth(place.index(map.len())).expect("a name").clone();
        map.insert(name, value);
        if of(&object).is_valid() {
            prop_assert!(Header::read(object.to_string().as_bytes()).is_ok(), "{object}");
        }
    }
}
