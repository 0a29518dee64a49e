//! Observed data, as patterns see it.
//!
//! STIX 2.1 `observed-data` with `object_refs` to objects that stand beside it, and STIX 2.0 (or
//! deprecated 2.1) `observed-data` with `objects` inside. Custom types and properties are taken as
//! they are. References are followed within one `observed-data` only (STIX 2.1 section 9).

use std::collections::HashMap;

use serde_json::{Map, Value};

use crate::timestamp::Timestamp;

/// Objects of one `observed-data`.
pub const MAX_OBJECTS: usize = 10_000;
/// `observed-data` that are evaluated together.
pub const MAX_OBSERVATIONS: usize = 100_000;

/// An `observed-data` object is malformed or beyond the bounds.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ObservationFault {
    /// A property that must be there is missing or of another sort.
    #[error("{id}: {property} is missing or malformed")]
    Property {
        /// The object's id, or empty.
        id: String,
        /// The property.
        property: &'static str,
    },
    /// `last_observed` is before `first_observed`.
    #[error("{id}: last observed before first observed")]
    Order {
        /// The object's id, or empty.
        id: String,
    },
    /// More than [`MAX_OBJECTS`] or [`MAX_OBSERVATIONS`].
    #[error("{id}: too many objects or observations")]
    TooMany {
        /// The object's id, or empty.
        id: String,
    },
}

impl ObservationFault {
    /// A stable name for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            ObservationFault::Property { .. } => "observation_property",
            ObservationFault::Order { .. } => "observation_order",
            ObservationFault::TooMany { .. } => "observation_too_many",
        }
    }
}

/// One `observed-data`: objects that were observed, when, and how often.
#[derive(Clone, Debug)]
pub struct Observation<'a> {
    pub(crate) first: Timestamp,
    pub(crate) last: Timestamp,
    /// `number_observed`, at least 1: it stands for that many observations.
    pub(crate) count: u64,
    pub(crate) objects: Vec<(&'a str, &'a Map<String, Value>)>,
    by_id: HashMap<&'a str, usize>,
}

impl<'a> Observation<'a> {
    /// Takes an `observed-data` object. `find` gives the object of an id that `object_refs`
    /// names; ids that it does not know are left out.
    ///
    /// # Errors
    ///
    /// A property is missing or malformed, or there are too many objects.
    pub fn new(
        observed: &'a Value,
        find: impl Fn(&str) -> Option<&'a Value>,
    ) -> Result<Self, ObservationFault> {
        let id = || observed.get("id").and_then(Value::as_str).unwrap_or("").to_owned();
        let property = |property| ObservationFault::Property { id: id(), property };
        let time = |name| {
            let text = observed.get(name).and_then(Value::as_str);
            text.and_then(Timestamp::parse).ok_or_else(|| property(name))
        };
        let (first, last) = (time("first_observed")?, time("last_observed")?);
        if last < first {
            return Err(ObservationFault::Order { id: id() });
        }
        let count = observed.get("number_observed").and_then(Value::as_u64);
        let count = count.filter(|n| *n > 0).ok_or_else(|| property("number_observed"))?;
        let mut objects = Vec::new();
        match observed.get("objects") {
            Some(Value::Object(inside)) => {
                let each = inside.iter();
                objects.extend(each.filter_map(|(id, v)| Some((id.as_str(), v.as_object()?))));
            }
            Some(_) => return Err(property("objects")),
            None if observed.get("object_refs").is_none() => return Err(property("object_refs")),
            None => {}
        }
        if let Some(refs) = observed.get("object_refs") {
            for id in refs.as_array().ok_or_else(|| property("object_refs"))? {
                let id = id.as_str().ok_or_else(|| property("object_refs"))?;
                objects.extend(find(id).and_then(Value::as_object).map(|object| (id, object)));
            }
        }
        if objects.len() > MAX_OBJECTS {
            return Err(ObservationFault::TooMany { id: id() });
        }
        let by_id = objects.iter().enumerate().map(|(at, (id, _))| (*id, at)).collect();
        Ok(Self { first, last, count, objects, by_id })
    }

    pub(crate) fn object(&self, id: &str) -> Option<&'a Map<String, Value>> {
        self.by_id.get(id).and_then(|at| self.objects.get(*at)).map(|(_, object)| *object)
    }
}

/// The observations of a bundle's objects: each `observed-data`, in order, with the other objects
/// that it refers to. Of two objects with one id the last counts.
///
/// # Errors
///
/// As for [`Observation::new`], and for too many observations.
pub fn observations(objects: &[Value]) -> Result<Vec<Observation<'_>>, ObservationFault> {
    let text = |object: &'_ Value, key: &str| object.get(key).and_then(Value::as_str).is_some();
    let is_observed =
        |object: &&Value| object.get("type").and_then(Value::as_str) == Some("observed-data");
    let others = objects.iter().filter(|object| !is_observed(object) && text(object, "id"));
    let by_id: HashMap<&str, &Value> = others
        .filter_map(|object| Some((object.get("id").and_then(Value::as_str)?, object)))
        .collect();
    let mut found = Vec::new();
    for observed in objects.iter().filter(is_observed) {
        if found.len() >= MAX_OBSERVATIONS {
            return Err(ObservationFault::TooMany { id: String::new() });
        }
        found.push(Observation::new(observed, |id| by_id.get(id).copied())?);
    }
    Ok(found)
}
