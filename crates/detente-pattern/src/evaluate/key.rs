//! Equality of constants and values, as equality of keys.
//!
//! A constant equals a value exactly when one of the value's keys is the constant's: so a set of
//! keys serves IN, and a map of keys serves the index, with one meaning. Texts are compared by code
//! point, without normalising; bytes and text are equal when each code point is a byte (STIX 2.1
//! section 9: `=` on binary and string); integers and floats by their number; a time with every
//! text that writes the same time.

use serde_json::{Number, Value};

use super::path::Found;
use crate::timestamp::Timestamp;
use crate::tree::Constant;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    Boolean(bool),
    Integer(i128),
    /// Bits of a number that no `i128` is.
    Float(u64),
    /// Text, or bytes as the code points of the same numbers.
    Text(String),
    Time(Timestamp),
}

pub(crate) fn of_constant(constant: &Constant) -> Key {
    match constant {
        Constant::Binary(bytes) | Constant::Hex(bytes) => Key::Text(latin1(bytes)),
        Constant::Boolean(value) => Key::Boolean(*value),
        Constant::Float(value) => of_float(*value),
        Constant::Integer(value) => Key::Integer(*value),
        Constant::Text(text) => Key::Text(text.clone()),
        Constant::Timestamp(time) => Key::Time(*time),
    }
}

/// The keys of a value: none for null, lists and objects, two for a text that is a time.
pub(crate) fn of_value(found: &Found<'_>) -> (Option<Key>, Option<Key>) {
    match found {
        Found::Bytes(bytes) => (Some(Key::Text(latin1(bytes))), None),
        Found::Value(Value::Bool(value)) => (Some(Key::Boolean(*value)), None),
        Found::Value(Value::Number(number)) => (Some(of_number(number)), None),
        Found::Value(Value::String(text)) => {
            (Some(Key::Text(text.clone())), Timestamp::parse(text).map(Key::Time))
        }
        _ => (None, None),
    }
}

fn of_number(number: &Number) -> Key {
    match integer(number) {
        Some(value) => Key::Integer(value),
        None => of_float(number.as_f64().unwrap_or(f64::NAN)),
    }
}

pub(crate) fn integer(number: &Number) -> Option<i128> {
    number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from))
}

/// 2 to the power of 127.
const LIMIT: f64 = 170_141_183_460_469_231_731_687_303_715_884_105_728.0;

/// The whole number that a float is, if it fits.
#[expect(clippy::cast_possible_truncation, reason = "whole and within the bounds")]
pub(crate) fn whole(value: f64) -> Option<i128> {
    (value.fract() == 0.0 && (-LIMIT..LIMIT).contains(&value)).then_some(value as i128)
}

fn of_float(value: f64) -> Key {
    whole(value).map_or(Key::Float(value.to_bits()), Key::Integer)
}

/// Bytes as the code points of the same numbers.
pub(crate) fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}
