//! Known answers: `vectors/warninglist.json`, which `tests/foreign/warn_check.py` computes as well.

#![expect(clippy::expect_used, reason = "these functions are of tests alone")]

use std::collections::BTreeMap;

use detente_core::Kind;
use detente_intel::Observable;
use detente_warn::{Index, List, Setting};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vectors {
    #[serde(rename = "about")]
    _about: String,
    settings: BTreeMap<String, Setting>,
    lists: Vec<Value>,
    values: Vec<Case>,
    bad_lists: Vec<BadList>,
    bad_entries: Vec<BadEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    kind: String,
    value: String,
    verdict: String,
    hits: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BadList {
    fault: String,
    text: String,
    #[serde(rename = "note")]
    _note: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BadEntry {
    #[serde(rename = "type")]
    match_type: String,
    entry: Value,
    fault: String,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("../../../vectors/warninglist.json")).expect("the vectors")
}

#[test]
fn values_hit_as_the_vectors_say() {
    let vectors = vectors();
    let lists: Vec<(List, Setting)> = vectors
        .lists
        .iter()
        .map(|list| List::read(list.to_string().as_bytes()).expect("a good list"))
        .map(|list| (list.clone(), vectors.settings[list.name()]))
        .collect();
    assert!(lists.iter().all(|(list, _)| list.refused_total() == 0));
    let index = Index::build(lists).expect("an index");
    assert!(!vectors.values.is_empty());
    for case in vectors.values {
        let kind: Kind = case.kind.parse().expect("a kind");
        let observable = Observable::from_normal(kind, &case.value).expect(&case.value);
        let finding = index.check(&observable);
        let hits: BTreeMap<String, String> =
            finding.hits.iter().map(|hit| (hit.list.name.clone(), hit.entry.to_string())).collect();
        assert_eq!(hits, case.hits, "{}", case.value);
        assert_eq!(finding.verdict().name(), case.verdict, "{}", case.value);
    }
}

#[test]
fn bad_lists_are_refused_by_name() {
    for bad in vectors().bad_lists {
        let fault = List::read(bad.text.as_bytes()).expect_err(&bad.text);
        assert_eq!(fault.code(), bad.fault, "{}", bad.text);
    }
}

#[test]
fn bad_entries_are_told_and_the_rest_is_kept() {
    for bad in vectors().bad_entries {
        let good = if bad.match_type == "regex" { "/good/" } else { "198.51.100.7" };
        let text = json!({
            "name": "one bad", "type": bad.match_type, "list": [good, bad.entry, good],
        });
        let list = List::read(text.to_string().as_bytes()).expect("a list");
        let refused: Vec<_> =
            list.refusals().iter().map(|refusal| (refusal.entry, refusal.fault.code())).collect();
        assert_eq!(refused, [(1, bad.fault.as_str())], "{}", bad.entry);
        assert_eq!(list.entries(), 2);
    }
}
