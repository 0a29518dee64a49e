//! NDJSON: what comes back of an export, and what is no line of one.

use detente_core::Tlp;

use super::super::{Format, Options};
use super::{dripped, options, run, run_with};

const OWN: &str = r#"{"observable":{"kind":"domain","value":"evil.com"},"context":{"source":"a feed","origin":"x-1","markings":{"tlp":"amber","texts":["PAP:RED"]},"labels":["c2"],"confidence":80,"valid_until":1800000000}}"#;
const GREEN: &str = "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb";

#[test]
fn an_indicator_comes_back_as_it_was() {
    let sources = Options { keep_sources: true, ..options(Format::Auto) };
    let (kept, summary) = run_with(&sources, format!("{OWN}\n"));
    assert_eq!(summary.format, Format::Ndjson);
    let again = serde_json::to_string(&kept.taken[0]).expect("plain data");
    assert_eq!(again, OWN);
    // What is asked for comes on top, and opens nothing.
    for (tlp, want) in [(Tlp::Clear, Tlp::Amber), (Tlp::Red, Tlp::Red)] {
        let asked = Options {
            default_tlp: Some(Tlp::Clear),
            at_least: Some(tlp),
            closed: (tlp == Tlp::Red).then(|| "asked".to_owned()),
            ..options(Format::Ndjson)
        };
        let markings = run_with(&asked, OWN).0.taken[0].context.markings.clone();
        assert_eq!((markings.tlp(), markings.is_closed()), (Some(want), tlp == Tlp::Red));
    }
    // Without a source it has that of the import.
    let (kept, _) = run_with(&sources, OWN.replace("a feed", ""));
    assert_eq!(kept.taken[0].context.source, "test");
    // A file speaks for no other source unless it is told that it may.
    let (kept, _) = run(Format::Ndjson, OWN);
    let context = &kept.taken[0].context;
    assert_eq!((context.source.as_str(), context.extra["source"].as_str()), ("test", "a feed"));
}

#[test]
fn stix_objects_are_taken_as_from_a_bundle() {
    let content = format!(
        "{{\"type\":\"indicator\",\"id\":\"indicator--1\",\"pattern\":\"[domain-name:value='a.com']\",\
         \"object_marking_refs\":[\"marking-definition--x\",\"{GREEN}\"]}}\n\n\
         {{\"type\":\"marking-definition\",\"id\":\"marking-definition--x\",\
         \"definition_type\":\"tlp\",\"definition\":{{\"tlp\":\"red\"}}}}\r\n{OWN}\n"
    );
    let (kept, summary) = run(Format::Auto, &content);
    assert_eq!(kept.values(), ["domain:evil.com", "domain:a.com"]);
    assert_eq!(kept.taken[1].context.markings.tlp(), Some(Tlp::Red));
    assert_eq!((summary.skipped["blank"], summary.skipped["other_object"]), (1, 1));
    let (drip, two) = dripped(Format::Auto, content.as_bytes());
    assert_eq!((kept.taken, summary), (drip.taken, two));
}

#[test]
fn everything_else_is_refused_by_line() {
    let wrong = OWN.replace("evil.com", "EVIL.com");
    let twice = OWN.replace("\"labels\"", "\"markings\":{},\"labels\"");
    let lines = [
        OWN,
        "{\"Event\":{}}",
        "[]",
        "{\"type\":\"bundle\",\"id\":\"bundle--1\",\"objects\":[]}",
        "{\"cut\":",
        &wrong,
        &twice,
        "evil.com",
        OWN,
    ];
    let (kept, summary) = run(Format::Auto, lines.join("\n"));
    assert_eq!((summary.taken, summary.broken.is_some()), (2, false));
    let codes: Vec<&str> = kept.codes().iter().map(|(_, code)| *code).collect();
    assert_eq!(
        codes,
        [
            "unknown_line",
            "json_syntax",
            "unknown_line",
            "json_syntax",
            "object_shape",
            "object_shape",
            "json_syntax"
        ]
    );
    assert_eq!(kept.codes()[0].0, "line 2");
}
