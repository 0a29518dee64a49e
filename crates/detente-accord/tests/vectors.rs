//! `vectors/accord/`: texts, good and bad, written by `tests/make_accords.py`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use detente_accord::{Accord, split};

use serde_json::{Value, json};

fn text<'a>(case: &'a Value, field: &str) -> &'a str {
    case[field].as_str().unwrap_or_default()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/accord")
}

/// Every code but `too_long`, whose file would be a quarter of a megabyte.
const CODES: &[&str] = &[
    "bad_prose",
    "bad_string",
    "bad_value",
    "deadline_without_clock",
    "format",
    "hidden_character",
    "many_rules",
    "missing_field",
    "missing_language",
    "missing_party",
    "mixed_scripts",
    "no_scope",
    "nobody_signs",
    "not_toml",
    "not_utf8",
    "one_meaning",
    "parameter_not_shown",
    "parties",
    "prose_contradicts",
    "repeated",
    "too_many",
    "unit",
    "unknown_field",
    "unknown_language",
    "unknown_parameter",
    "unknown_party",
    "wrong_type",
];

#[test]
fn texts_read_or_are_refused_on_the_line_of_their_fault() {
    let expect = include_str!("../../../vectors/accord/expect.json");
    let expect: Value = serde_json::from_str(expect).expect("the file is JSON");
    assert_eq!(expect["version"], 1);
    let cases = expect["cases"].as_array().expect("cases");
    assert!(!cases.is_empty());
    let mut codes = BTreeSet::new();
    let mut files = BTreeSet::new();
    let mut wrong = Vec::new();
    for case in cases {
        let name = text(case, "name");
        let bytes = fs::read(folder().join(name)).expect("the file is there");
        let expect = case["faults"].as_array().expect("faults");
        let expect: Vec<(u64, &str)> = expect
            .iter()
            .map(|fault| (fault["line"].as_u64().expect("line"), text(fault, "code")))
            .collect();
        let got: Vec<(u64, &str)> = match Accord::parse(&bytes) {
            Ok(accord) => {
                assert_eq!(accord.digest.to_string(), text(case, "sha256"), "{name}");
                assert_eq!(accord.id().to_string(), text(case, "accord"), "{name}");
                let units = split(std::str::from_utf8(&bytes).expect("UTF-8")).expect("units");
                let units =
                    units.iter().map(|u| json!([u.key.to_string(), u.digest().to_string()]));
                assert_eq!(Value::Array(units.collect()), case["units"], "{name}");
                Vec::new()
            }
            Err(faults) => {
                let faults = faults.0.iter();
                faults.map(|fault| (fault.line as u64, fault.code)).collect()
            }
        };
        if got != expect {
            wrong.push(format!("{name}: {got:?}, expected {expect:?}"));
        }
        codes.extend(got.into_iter().map(|(_, code)| code));
        files.insert(name.to_owned());
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(codes.into_iter().eq(CODES.iter().copied()));
    let there = fs::read_dir(folder()).expect("the folder is there");
    let there = there.map(|file| file.expect("a file").file_name().into_string().expect("a name"));
    let texts: BTreeSet<String> = there.filter(|name| name.ends_with(".toml")).collect();
    assert_eq!(texts, files, "each text has its line in expect.json");
}
