//! What every story needs: the binary, homes, serving nodes, parties that have agreed.

mod data;
mod foreign;
mod home;
mod pair;
mod peer;
mod process;
mod random;

pub use data::{Lists, csv, misp, stix};
pub use foreign::{Foreign, go_checker, openssl, python, run_tool};
pub use home::{Home, World};
pub use pair::{Pair, Topology, common, history};
pub use peer::{Hostile, Manners, card_of, stranger};
pub use process::{
    Outcome, Serving, delete, detente, free_port, get, pause, post, wait_until, workspace,
};
pub use random::Random;

use serde_json::Value;

/// The field of a report, as text.
#[track_caller]
pub fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    let found = value.get(field).and_then(Value::as_str);
    found.unwrap_or_else(|| panic!("no text {field:?} in {value:#}"))
}

/// The field of a report, as a number.
#[track_caller]
pub fn number(value: &Value, field: &str) -> u64 {
    let found = value.get(field).and_then(Value::as_u64);
    found.unwrap_or_else(|| panic!("no number {field:?} in {value:#}"))
}

/// The field of a report, as a list.
#[track_caller]
pub fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    let found = value.get(field).and_then(Value::as_array);
    found.unwrap_or_else(|| panic!("no list {field:?} in {value:#}"))
}

/// The field of a report, as yes or no.
#[track_caller]
pub fn yes(value: &Value, field: &str) -> bool {
    let found = value.get(field).and_then(Value::as_bool);
    found.unwrap_or_else(|| panic!("no yes or no {field:?} in {value:#}"))
}

/// A list of counts by name: `[["comment", 2], ...]`.
#[track_caller]
pub fn count(value: &Value, field: &str, name: &str) -> u64 {
    let pairs = list(value, field).iter();
    pairs.filter(|pair| pair[0] == name).filter_map(|pair| pair[1].as_u64()).sum()
}
