//! From an object along a path to its values.
//!
//! A property whose name ends in `_hex` or `_bin` holds bytes (STIX 2.1 section 9: binary values
//! are compared decoded); when its text cannot be decoded it holds nothing. `_ref` and `_refs`
//! lead on to the object meant when another step follows; as the last step they are the id.

use serde_json::{Map, Value};

use super::budget::{Budget, EvaluateFault};
use crate::lexer::BASE64;
use crate::observation::Observation;
use crate::tree::{ObjectPath, Step};
use base64::Engine;

/// What a path leads to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Found<'a> {
    Object(&'a Map<String, Value>),
    Value(&'a Value),
    Bytes(Vec<u8>),
}

/// Every value that the path leads to from the object. The object's type is not looked at.
pub(crate) fn values<'a>(
    path: &ObjectPath,
    object: &'a Map<String, Value>,
    observation: &Observation<'a>,
    budget: &mut Budget,
) -> Result<Vec<Found<'a>>, EvaluateFault> {
    let mut at = vec![Found::Object(object)];
    for (number, step) in path.steps.iter().enumerate() {
        let mut next = Vec::new();
        let leads_on = leads_on(&path.steps, number);
        for found in &at {
            budget.spend(1)?;
            match (step, found) {
                (Step::Property(name), Found::Object(object)) => {
                    next.extend(object.get(name).and_then(|value| decoded(name, value)));
                }
                (Step::Property(name), Found::Value(Value::Object(object))) => {
                    next.extend(object.get(name).and_then(|value| decoded(name, value)));
                }
                (Step::Index(place), Found::Value(Value::Array(list))) => {
                    let place = usize::try_from(*place).unwrap_or(usize::MAX);
                    next.extend(list.get(place).map(Found::Value));
                }
                (Step::Every, Found::Value(Value::Array(list))) => {
                    budget.spend(list.len())?;
                    next.extend(list.iter().map(Found::Value));
                }
                _ => {}
            }
        }
        if leads_on {
            next = next.into_iter().filter_map(|found| follow(found, observation)).collect();
        }
        at = next;
    }
    Ok(at)
}

/// Whether references stand behind this step, and another step behind it.
fn leads_on(steps: &[Step], number: usize) -> bool {
    let ends = |step: Option<&Step>, end: &str| match step {
        Some(Step::Property(name)) => name.ends_with(end),
        _ => false,
    };
    let more = steps.get(number + 1).is_some();
    match steps.get(number) {
        Some(Step::Property(name)) => more && name.ends_with("_ref"),
        Some(_) => more && number > 0 && ends(steps.get(number - 1), "_refs"),
        None => false,
    }
}

fn follow<'a>(found: Found<'a>, observation: &Observation<'a>) -> Option<Found<'a>> {
    match found {
        Found::Value(Value::String(id)) => observation.object(id).map(Found::Object),
        // A custom property of this name that holds the object itself.
        other => Some(other),
    }
}

fn decoded<'a>(name: &str, value: &'a Value) -> Option<Found<'a>> {
    match value {
        Value::String(text) if name.ends_with("_hex") => hex::decode(text).ok().map(Found::Bytes),
        Value::String(text) if name.ends_with("_bin") => BASE64.decode(text).ok().map(Found::Bytes),
        _ => Some(Found::Value(value)),
    }
}

/// Whether the path ends in a property that holds bytes.
pub(crate) fn is_binary(path: &ObjectPath) -> bool {
    matches!(path.steps.last(), Some(Step::Property(name))
        if name.ends_with("_hex") || name.ends_with("_bin"))
}
