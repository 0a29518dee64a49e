//! The known answers under `vectors/`.

#![expect(clippy::expect_used, reason = "helpers of tests")]

use std::path::Path;

use detente_pattern::{Budget, Index, Matcher, Pattern, observations};
use serde_json::Value;

fn vectors(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors").join(name);
    let text = std::fs::read_to_string(path).expect("the vectors are in the repository");
    serde_json::from_str(&text).expect("the vectors are JSON")
}

fn rows<'v>(value: &'v Value, name: &str) -> &'v Vec<Value> {
    let rows = value[name].as_array().expect("a list of rows");
    assert!(!rows.is_empty(), "{name} is empty");
    rows
}

#[test]
fn texts_parse_as_known() {
    let all = vectors("pattern-parse.json");
    for row in rows(&all, "good") {
        let text = row["text"].as_str().expect("a text");
        let pattern = Pattern::parse(text).unwrap_or_else(|fault| panic!("{text}: {fault}"));
        let printed = pattern.to_string();
        assert_eq!(printed, row["printed"], "{text}");
        assert_eq!(Pattern::parse(&printed), Ok(pattern), "{text}");
    }
    for row in rows(&all, "bad") {
        let text = row["text"].as_str().expect("a text");
        let fault = Pattern::parse(text).expect_err(text);
        assert_eq!((fault.code(), fault.at()), known(row), "{text}: {fault}");
    }
}

fn known(row: &Value) -> (&str, usize) {
    let at = row["at"].as_u64().and_then(|at| usize::try_from(at).ok());
    (row["code"].as_str().expect("a code"), at.expect("a place"))
}

fn holds(text: &str, objects: &[Value]) -> bool {
    let matcher = Matcher::new(&Pattern::parse(text).expect(text)).expect(text);
    let found = observations(objects).expect("observed data");
    matcher.matches(&found, &mut Budget::DEFAULT.clone()).expect(text)
}

#[test]
fn patterns_hold_as_known() {
    let all = vectors("pattern-verdicts.json");
    for set in rows(&all, "sets") {
        let objects = rows(set, "objects");
        let mut index = Index::new();
        let mut expected = Vec::new();
        for (number, row) in rows(set, "patterns").iter().enumerate() {
            let text = row["pattern"].as_str().expect("a pattern");
            assert_eq!(holds(text, objects), row["holds"], "{text}");
            let matcher = Matcher::new(&Pattern::parse(text).expect(text)).expect(text);
            assert_eq!(index.add(matcher), Ok(number));
            expected.extend((row["holds"] == true).then_some(number));
        }
        let found = observations(objects).expect("observed data");
        let verdicts = index.verdicts(&found, Budget::DEFAULT).expect("within the budget");
        let held = verdicts.into_iter().filter(|(_, verdict)| *verdict == Ok(true));
        assert_eq!(held.map(|(number, _)| number).collect::<Vec<_>>(), expected);
    }
    for row in rows(&all, "own") {
        let text = row["pattern"].as_str().expect("a pattern");
        assert_eq!(holds(text, rows(row, "objects")), row["holds"], "{text}: {}", row["note"]);
    }
}
