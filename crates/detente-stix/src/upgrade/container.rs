//! The objects inside an observed-data of STIX 2.0 (part 3 §4.6 of it) as objects of their own.

use std::collections::{HashMap, HashSet, VecDeque};

use serde_json::{Map, Value};
use uuid::Uuid;

use super::UpgradeFault;
use super::observable::{name_21, observable_21};
use crate::check::select;
use crate::identifier::{Identifier, excerpt, is_type_name};
use crate::sco_id::{contributing_properties, sco_id};

/// The most objects that an observed-data may hold to be raised.
pub const MAX_CONTAINED: usize = 10_000;

/// The most markings that may be carried over from an observed-data to its objects, all counted.
pub const MAX_CARRIED_MARKINGS: usize = 100_000;

type Object = Map<String, Value>;

/// Raises an observed-data that already has its version: its objects first, itself last.
pub(super) fn observed_data(mut observed: Object) -> Result<Vec<Object>, UpgradeFault> {
    let Some(Value::Object(inner)) = observed.get("objects") else {
        return Err(fault("", "objects is no dictionary"));
    };
    if inner.len() > MAX_CONTAINED {
        return Err(UpgradeFault::TooManyObjects { got: inner.len(), max: MAX_CONTAINED });
    }
    let mut objects = Vec::with_capacity(inner.len());
    let mut places = HashMap::new();
    for (key, value) in inner {
        let Value::Object(object) = value else { return Err(fault(key, "is no object")) };
        let kind = object.get("type").and_then(Value::as_str).filter(|kind| is_type_name(kind));
        let Some(kind) = kind else { return Err(fault(key, "has no type")) };
        places.insert(key.clone(), objects.len());
        objects.push(Inner {
            key: key.clone(),
            kind: kind.to_owned(),
            object: observable_21(kind, object),
        });
    }
    bound_markings(&observed, objects.len())?;
    let salt = salt(&observed);
    let ids = name_all(&mut objects, &places, &salt)?;
    markings(&mut observed, &mut objects, &places);
    let mut refs = Vec::new();
    let mut raised: Vec<Object> = Vec::new();
    let mut at: HashMap<&str, usize> = HashMap::new();
    for (inner, id) in objects.into_iter().zip(&ids) {
        if let Some(index) = at.get(id.as_str()) {
            merge(&mut raised[*index], inner.object);
            continue;
        }
        at.insert(id.as_str(), raised.len());
        refs.push(Value::from(id.as_str()));
        raised.push(with_id(inner.object, id));
    }
    for object in &mut raised {
        for name in ["object_marking_refs", "granular_markings"] {
            if let Some(Value::Array(list)) = object.get_mut(name) {
                once_each(list);
            }
        }
    }
    observed.shift_remove("objects");
    observed.insert("object_refs".to_owned(), Value::Array(refs));
    raised.push(observed);
    Ok(raised)
}

struct Inner {
    key: String,
    kind: String,
    object: Object,
}

fn fault(key: &str, what: &str) -> UpgradeFault {
    UpgradeFault::Container { key: excerpt(key), what: what.to_owned() }
}

/// Every object gets every marking: a small observed-data must not become a large answer.
fn bound_markings(observed: &Object, objects: usize) -> Result<(), UpgradeFault> {
    let list =
        |object: &Object, name| object.get(name).and_then(Value::as_array).map_or(0, Vec::len);
    let granular = observed.get("granular_markings").and_then(Value::as_array);
    let selectors = granular.into_iter().flatten().filter_map(Value::as_object);
    let selected: usize = selectors.map(|marking| list(marking, "selectors")).sum();
    let got = objects.saturating_mul(list(observed, "object_marking_refs") + selected);
    if got > MAX_CARRIED_MARKINGS {
        return Err(UpgradeFault::TooManyMarkings { got, max: MAX_CARRIED_MARKINGS });
    }
    Ok(())
}

/// What makes identifiers of objects without contributing properties this observation's own.
fn salt(observed: &Object) -> String {
    let text = |name: &str| observed.get(name).and_then(Value::as_str).unwrap_or("");
    format!("{} {}", text("id"), text("modified"))
}

/// Gives every object its identifier and turns references from keys into identifiers. An object
/// is named after those it needs for its name (topological order, so time is linear); those that
/// need each other in a ring get names of their own.
fn name_all(
    objects: &mut [Inner],
    places: &HashMap<String, usize>,
    salt: &str,
) -> Result<Vec<String>, UpgradeFault> {
    let mut needed_by: Vec<Vec<usize>> = vec![Vec::new(); objects.len()];
    let mut needs = vec![0_usize; objects.len()];
    for (index, inner) in objects.iter().enumerate() {
        let mut wanted: HashSet<usize> = HashSet::new();
        for name in contributing_properties(&inner.kind).unwrap_or(&[]) {
            if let Some(value) = inner.object.get(*name) {
                visit(name, value, &mut |key| {
                    wanted.extend(places.get(key));
                });
            }
        }
        needs[index] = wanted.len();
        for other in wanted {
            needed_by[other].push(index);
        }
    }
    let mut ready: VecDeque<usize> =
        (0..objects.len()).filter(|index| needs[*index] == 0).collect();
    let mut ids: Vec<Option<String>> = vec![None; objects.len()];
    let mut next_ring = 0;
    loop {
        let Some(index) = ready.pop_front() else {
            // A ring: the first that has no name is given one that needs no other.
            while ids.get(next_ring).is_some_and(Option::is_some) {
                next_ring += 1;
            }
            if next_ring == ids.len() {
                break;
            }
            ids[next_ring] = Some(own_id(&objects[next_ring], salt));
            release(next_ring, &needed_by, &mut needs, &mut ready, &ids);
            continue;
        };
        if ids[index].is_none() {
            let mut named = objects[index].object.clone();
            named.retain(|name, _| {
                name == "type"
                    || contributing_properties(&objects[index].kind)
                        .is_some_and(|all| all.contains(&name.as_str()))
            });
            resolve(&mut named, places, &ids);
            let id = sco_id(&named).map(|id| id.to_string());
            ids[index] = Some(id.unwrap_or_else(|| own_id(&objects[index], salt)));
            release(index, &needed_by, &mut needs, &mut ready, &ids);
        }
    }
    for inner in objects.iter_mut() {
        if let Some(key) = resolve(&mut inner.object, places, &ids) {
            let what = format!("refers to {:?}, which is not there", excerpt(&key));
            return Err(fault(&inner.key, &what));
        }
    }
    Ok(ids.into_iter().flatten().collect())
}

fn release(
    index: usize,
    needed_by: &[Vec<usize>],
    needs: &mut [usize],
    ready: &mut VecDeque<usize>,
    ids: &[Option<String>],
) {
    for other in &needed_by[index] {
        needs[*other] = needs[*other].saturating_sub(1);
        if needs[*other] == 0 && ids[*other].is_none() {
            ready.push_back(*other);
        }
    }
}

/// An identifier for an object that has no deterministic one: 122 bits of a hash over what is
/// this observation's own, in the form of a version 4 UUID (STIX 2.1 §2.9 asks for that version).
fn own_id(inner: &Inner, salt: &str) -> String {
    let name = format!("{salt} {} {}", inner.kind, inner.key);
    let mut bytes = *Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).as_bytes();
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    format!("{}--{}", inner.kind, Uuid::from_bytes(bytes))
}

/// Calls with every key that a value refers to. Recursion is bounded by the parse.
fn visit<'v>(name: &str, value: &'v Value, found: &mut impl FnMut(&'v str)) {
    match value {
        Value::String(key) if name.ends_with("_ref") => found(key),
        Value::Array(list) => {
            let element = if name.ends_with("_refs") { "_ref" } else { "" };
            for value in list {
                visit(element, value, found);
            }
        }
        Value::Object(map) => {
            for (name, value) in map {
                visit(name, value, found);
            }
        }
        _ => {}
    }
}

/// Turns keys into identifiers where these are known; gives back the first key that is no key and
/// no identifier.
fn resolve(
    object: &mut Object,
    places: &HashMap<String, usize>,
    ids: &[Option<String>],
) -> Option<String> {
    let mut missing = None;
    for (name, value) in object.iter_mut() {
        replace(name, value, &mut |key| match places.get(key.as_str()) {
            Some(place) => {
                if let Some(Some(id)) = ids.get(*place) {
                    key.clone_from(id);
                }
            }
            None if Identifier::parse(key.as_str()).is_ok() => {}
            None => {
                missing.get_or_insert_with(|| key.clone());
            }
        });
    }
    missing
}

fn replace(name: &str, value: &mut Value, change: &mut impl FnMut(&mut String)) {
    match value {
        Value::String(key) if name.ends_with("_ref") => change(key),
        Value::Array(list) => {
            let element = if name.ends_with("_refs") { "_ref" } else { "" };
            for value in list {
                replace(element, value, change);
            }
        }
        Value::Object(map) => {
            for (name, value) in map {
                replace(name, value, change);
            }
        }
        _ => {}
    }
}

fn with_id(object: Object, id: &str) -> Object {
    let mut raised = Object::new();
    for (name, value) in object {
        let is_type = name == "type";
        if name != "id" && name != "spec_version" {
            raised.insert(name, value);
        }
        if is_type {
            raised.insert("spec_version".to_owned(), "2.1".into());
            raised.insert("id".to_owned(), id.into());
        }
    }
    raised
}

/// Two keys of one container may hold the same thing: what the second says more is added, and the
/// markings of both hold.
fn merge(into: &mut Object, from: Object) {
    for (name, value) in from {
        match (name.as_str(), into.get_mut(&name), value) {
            ("id" | "spec_version", ..) => {}
            (
                "object_marking_refs" | "granular_markings",
                Some(Value::Array(have)),
                Value::Array(more),
            ) => {
                have.extend(more);
            }
            (_, Some(_), _) => {}
            (_, None, value) => {
                into.insert(name, value);
            }
        }
    }
}

/// Carries the observed-data's markings over to what comes out of it.
fn markings(observed: &mut Object, objects: &mut [Inner], places: &HashMap<String, usize>) {
    if let Some(Value::Array(refs)) = observed.get("object_marking_refs") {
        for inner in objects.iter_mut() {
            for marking in refs {
                add(&mut inner.object, "object_marking_refs", marking.clone());
            }
        }
    }
    let Some(Value::Array(granular)) = observed.get_mut("granular_markings") else { return };
    for marking in granular {
        let Value::Object(marking) = marking else { continue };
        let Some(Value::Array(selectors)) = marking.get_mut("selectors") else { continue };
        let all = std::mem::take(selectors);
        let mut kept = Vec::new();
        for selector in all {
            let text = selector.as_str().unwrap_or("");
            if text != "objects" && !text.starts_with("objects.") {
                kept.push(selector);
                continue;
            }
            // What is left of it in the observed-data is that it refers to the objects.
            kept.push("object_refs".into());
            let (key, within) = split_selector(text, places);
            for inner in objects.iter_mut() {
                if key.is_none_or(|key| key == inner.key) {
                    mark(inner, marking, within);
                }
            }
        }
        once_each(&mut kept);
        marking.insert("selectors".to_owned(), Value::Array(kept));
    }
}

/// The key that a selector names, if any, and what it selects within that object.
fn split_selector<'s>(
    selector: &'s str,
    places: &HashMap<String, usize>,
) -> (Option<&'s str>, &'s str) {
    let Some(rest) = selector.strip_prefix("objects.") else { return (None, "") };
    let (key, within) = rest.split_once('.').unwrap_or((rest, ""));
    // A key that is not there, or that has points itself: rather mark everything.
    if places.contains_key(key) { (Some(key), within) } else { (None, "") }
}

/// Marks the part of an object that is selected, or all of it if that part has no place in 2.1.
fn mark(inner: &mut Inner, marking: &Object, within: &str) {
    let (first, rest) = within.split_once('.').map_or((within, None), |(f, r)| (f, Some(r)));
    let name = name_21(&inner.kind, first);
    let selector = rest.map_or(name.clone(), |rest| format!("{name}.{rest}"));
    if select(&inner.object, &selector).is_some() {
        let mut granular = marking.clone();
        granular.insert("selectors".to_owned(), Value::Array(vec![selector.into()]));
        add(&mut inner.object, "granular_markings", Value::Object(granular));
    } else if let Some(marking) = marking.get("marking_ref") {
        add(&mut inner.object, "object_marking_refs", marking.clone());
    }
}

/// Leaves every value of a list once.
fn once_each(list: &mut Vec<Value>) {
    let mut seen = HashSet::new();
    list.retain(|value| seen.insert(value.to_string()));
}

fn add(object: &mut Object, name: &str, value: Value) {
    let list = object.entry(name).or_insert_with(|| Value::Array(Vec::new()));
    if let Value::Array(list) = list {
        list.push(value);
    }
}
