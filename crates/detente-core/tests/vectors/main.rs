//! `vectors/`: known answers, good and bad. Cards and acts were written by `tests/make_vectors.py`,
//! which shares no code with this crate.

#![expect(clippy::expect_used, clippy::panic, reason = "these functions are of tests alone")]

mod act;
mod card;
mod roster;

use serde_json::Value;

/// The cases of a file, and the file.
fn read(text: &str) -> (Vec<Value>, Value) {
    let file: Value = serde_json::from_str(text).expect("the file is JSON");
    assert_eq!(file["version"], 1);
    let cases = file["cases"].as_array().expect("cases").clone();
    assert!(!cases.is_empty());
    (cases, file)
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    let text = value[field].as_str();
    text.unwrap_or_else(|| panic!("{field} of {}", value["name"]))
}

fn bytes(value: &Value, field: &str) -> Vec<u8> {
    hex::decode(text(value, field)).expect("hex")
}
