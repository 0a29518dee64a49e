//! Known answers: `vectors/export-*.json`.

use std::collections::BTreeMap;

use detente_core::{Kind, Tlp};
use detente_intel::{Context, Indicator, Observable};
use detente_write::{Format, Options, StixObjects};
use serde_json::Value;

use crate::support::export;

fn vector(text: &str) -> Value {
    serde_json::from_str(text).expect("a vector")
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().expect("a text")
}

/// Every format of one list of indicators, byte for byte; each was loaded by its consumer.
#[test]
fn files() {
    let vector = vector(include_str!("../../../../vectors/export-files.json"));
    let indicators: Vec<Indicator> =
        serde_json::from_value(vector["indicators"].clone()).expect("indicators");
    for format in Format::ALL {
        let mut options = Options::new(format, Tlp::Red);
        options.default_tlp = Some(Tlp::Amber);
        options.write_closed = true;
        options.write_conflicting = true;
        options.rpz.wildcards = true;
        let (written, _, summary) = export(options, &indicators);
        let known = &vector["files"][format.name()];
        let lines: Vec<&str> =
            known["lines"].as_array().expect("lines").iter().filter_map(Value::as_str).collect();
        assert_eq!(written.split('\n').collect::<Vec<_>>(), lines, "{format:?}");
        let passed: BTreeMap<String, u64> =
            serde_json::from_value(known["passed_over"].clone()).expect("counts");
        let counted: BTreeMap<String, u64> =
            summary.passed_over.iter().map(|(code, count)| ((*code).to_owned(), *count)).collect();
        assert_eq!(counted, passed, "{format:?}");
    }
}

/// The deterministic ids of cyber-observables, as the OASIS library makes them.
#[test]
fn observable_ids() {
    let vector = vector(include_str!("../../../../vectors/export-observable-id.json"));
    let cases = vector["cases"].as_array().expect("cases");
    assert!(cases.len() >= 20);
    for case in cases {
        let kind: Kind = text(case, "kind").parse().expect("a kind");
        let observable = Observable::from_normal(kind, text(case, "value")).expect("normal");
        let mut context = Context::from_source("x");
        context.markings.add_tlp(Tlp::Clear);
        let mut options = Options::new(Format::StixNdjson, Tlp::Red);
        options.stix = StixObjects::Observables;
        let (written, ..) = export(options, &[Indicator { observable, context }]);
        let last = written.lines().last().expect("an object");
        let object: Value = serde_json::from_str(last).expect("JSON");
        assert_eq!(object["id"], case["id"], "{case}");
    }
}
