//! What a STIX object says beside its observables: its properties, times and markings.

use detente_core::Tlp;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::property::{Property, text};
use crate::intake::Intake;
use detente_intel::{
    Context, MAX_MARKING_TEXT, MAX_MARKING_TEXTS, Markings, is_link, parse_unix_micros,
    parse_unix_seconds, stix_tlp,
};

/// The STIX extension that says IEP 2.0 (OASIS, draft of 19 December 2022).
const IEP_EXTENSION: &str = "extension-definition--762e2e97-ee51-43e5-a9ea-165fbb862c4a";

/// The properties that are read. `serde` refuses an object that has one of them twice, so no two
/// readers can see two different markings.
#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Object<'a> {
    #[serde(rename = "type")]
    pub(super) kind: Option<Property<'a>>,
    pub(super) id: Option<Property<'a>>,
    pub(super) created_by_ref: Option<Property<'a>>,
    pub(super) confidence: Option<Value>,
    pub(super) definition: Option<Value>,
    pub(super) definition_type: Option<Property<'a>>,
    pub(super) description: Option<Property<'a>>,
    pub(super) extensions: Option<Value>,
    pub(super) first_observed: Option<Property<'a>>,
    pub(super) granular_markings: Option<Value>,
    pub(super) hashes: Option<Value>,
    pub(super) indicator_types: Option<Value>,
    pub(super) labels: Option<Value>,
    pub(super) modified: Option<Property<'a>>,
    pub(super) last_observed: Option<Property<'a>>,
    pub(super) name: Option<Property<'a>>,
    pub(super) number: Option<Value>,
    pub(super) object_marking_refs: Option<Value>,
    pub(super) objects: Option<Value>,
    pub(super) pattern: Option<Property<'a>>,
    pub(super) pattern_type: Option<Property<'a>>,
    pub(super) revoked: Option<Value>,
    pub(super) valid_from: Option<Property<'a>>,
    pub(super) valid_until: Option<Property<'a>>,
    pub(super) value: Option<Property<'a>>,
}

pub(super) fn texts(value: &Option<Value>) -> impl Iterator<Item = &str> {
    value.as_ref().and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

/// What a marking definition says by its body.
pub(super) fn defined(object: &Object<'_>, id: &str) -> Markings {
    let mut markings = Markings::none();
    let mut colours = Vec::new();
    let kind = text(&object.definition_type).unwrap_or("").to_ascii_lowercase();
    if let Some(Value::Object(definition)) = &object.definition {
        if let ("tlp", Some(Value::String(colour))) = (kind.as_str(), definition.get("tlp")) {
            colours.push(colour.as_str());
        }
        if let Some(Value::String(statement)) = definition.get("statement") {
            // Terms in prose: a machine cannot tell what they allow.
            markings.add_unknown(&format!("statement: {statement}"));
        }
        if kind == "iep" {
            add_policy(&mut markings, definition);
        }
    }
    let extensions = object.extensions.as_ref().and_then(Value::as_object);
    for (name, extension) in extensions.into_iter().flatten() {
        let fields = extension.as_object();
        let is_policy = name == IEP_EXTENSION
            || fields.is_some_and(|fields| fields.contains_key("permitted_actions"));
        match (fields, extension.get("tlp_2_0")) {
            (Some(policy), None) if is_policy => add_policy(&mut markings, policy),
            (Some(_), Some(Value::String(colour))) => colours.push(colour),
            _ => markings.add_unknown(name),
        }
    }
    for colour in &colours {
        match colour.parse() {
            Ok(tlp) => markings.add_tlp(tlp),
            Err(_) => markings.add_unknown(colour),
        }
    }
    if markings.is_unmarked() && markings.texts().is_empty() {
        markings.add_unknown(id);
    }
    markings
}

/// The statements of a FIRST IEP policy, in the names of IEP 1.0, of IEP 2.0 or of the STIX
/// extension. A value of another JSON type than the standard's closes.
fn add_policy(markings: &mut Markings, policy: &Map<String, Value>) {
    for (key, value) in policy {
        let name = key.to_ascii_lowercase().replace('_', "-");
        match (name.as_str(), value) {
            ("extension-type", Value::String(kind)) if kind == "property-extension" => {}
            // Without an end it holds on.
            ("start-date" | "end-date", Value::Null) => {}
            ("external-references", Value::Array(links)) if links.iter().all(is_reference) => {}
            // Words that ask nothing: kept where they fit, else left out.
            ("description" | "id" | "iep-id" | "name", Value::String(words)) => {
                let tag = format!("iep:{name}=\"{words}\"");
                if name != "description" && tag.len() <= MAX_MARKING_TEXT {
                    markings.add_tag(&tag);
                }
            }
            ("version" | "iep-version", Value::Number(number)) => {
                markings.add_tag(&format!("iep:{name}=\"{number}\""));
            }
            (_, Value::String(value)) => {
                markings.add_tag(&format!("iep:{name}=\"{value}\""));
            }
            _ => markings.add_unknown(&format!("iep:{name}")),
        }
    }
}

/// A link of IEP, or an external reference of STIX.
fn is_reference(value: &Value) -> bool {
    match value {
        Value::String(text) => is_link(text),
        Value::Object(_) => true,
        _ => false,
    }
}

/// The context of an object and the ids of markings that are still to be looked up.
pub(super) fn context_of(intake: &mut Intake<'_>, object: &Object<'_>) -> (Context, Vec<String>) {
    let mut context = intake.context();
    context.origin = text(&object.id).map(str::to_owned);
    context.modified = text(&object.modified).and_then(parse_unix_micros);
    if object.modified.is_some() && context.modified.is_none() {
        intake.unread("modified");
    }
    context.describe(text(&object.description).unwrap_or(""));
    for label in texts(&object.labels).chain(texts(&object.indicator_types)) {
        // Whoever can only label says there how to handle it.
        if !context.markings.add_tag(label) {
            context.add_label(label);
        }
    }
    if let Some(confidence) = &object.confidence {
        context.confidence = confidence.as_u64().and_then(|n| u8::try_from(n).ok());
        if context.confidence.is_none_or(|n| n > 100) {
            context.confidence = None;
            context.add_extra("confidence", &confidence.to_string());
            intake.unread("confidence");
        }
    }
    context.add_extra("name", text(&object.name).unwrap_or(""));
    context.add_extra("created_by_ref", text(&object.created_by_ref).unwrap_or(""));
    let times = [
        ("valid_from", &object.valid_from, &mut context.valid_from),
        ("valid_until", &object.valid_until, &mut context.valid_until),
        ("first_observed", &object.first_observed, &mut context.first_seen),
        ("last_observed", &object.last_observed, &mut context.last_seen),
    ];
    let mut unread = Vec::new();
    for (name, value, into) in times {
        *into = text(value).and_then(parse_unix_seconds);
        if let (None, Some(raw)) = (&*into, text(value)) {
            unread.push((name, raw));
        }
    }
    for (name, raw) in unread {
        context.add_extra(name, raw);
        intake.unread(name);
    }
    // Bounded before it is cloned for each value.
    context.shorten();
    let refs = marking_refs(object, intake.options.default_tlp, &mut context.markings);
    (context, refs)
}

/// Applies the markings with known ids and returns the others. A granular marking counts for the
/// whole object: the indicator carries all of it, and the most restrictive wins. Parts may differ
/// from each other and from the whole without contradicting it.
fn marking_refs(
    object: &Object<'_>,
    unmarked: Option<Tlp>,
    markings: &mut Markings,
) -> Vec<String> {
    let whole = whole_refs(&object.object_marking_refs, markings);
    let mut open = unknown_of(whole, markings);
    let parts = part_refs(&object.granular_markings, markings);
    let (known, others): (Vec<&str>, Vec<&str>) =
        parts.into_iter().partition(|id| stix_tlp(id).is_some());
    open.extend(unknown_of(others, markings));
    // A part says nothing of the rest: that is as close as whatever is unmarked.
    if markings.tlp().is_none()
        && open.is_empty()
        && let Some(tlp) = unmarked
    {
        markings.add_tlp(tlp);
    }
    for id in known {
        match stix_tlp(id) {
            Some(tlp) if markings.tlp().is_some() => markings.raise(tlp),
            _ if open.is_empty() => {}
            _ => {
                markings.add_stix_id(id);
            }
        }
    }
    open
}

/// The ids in `object_marking_refs`; what is no id there closes the marking.
pub(super) fn whole_refs<'a>(refs: &'a Option<Value>, markings: &mut Markings) -> Vec<&'a str> {
    let mut ids: Vec<&str> = Vec::new();
    match refs {
        None => {}
        Some(Value::Array(refs)) => {
            for one in refs {
                match one.as_str() {
                    Some(id) => ids.push(id),
                    None => markings.add_unknown("object_marking_refs"),
                }
            }
        }
        Some(_) => markings.add_unknown("object_marking_refs"),
    }
    ids
}

/// The ids in `granular_markings`; what is no id there closes the marking.
pub(super) fn part_refs<'a>(list: &'a Option<Value>, markings: &mut Markings) -> Vec<&'a str> {
    let mut ids: Vec<&str> = Vec::new();
    match list {
        None => {}
        Some(Value::Array(list)) => {
            for one in list {
                match one.get("marking_ref") {
                    Some(Value::String(id)) => ids.push(id),
                    // A granular marking may name a language instead.
                    None if one.get("lang").is_some() => {}
                    _ => markings.add_unknown("granular_markings"),
                }
            }
        }
        Some(_) => markings.add_unknown("granular_markings"),
    }
    ids
}

/// Applies the ids that are known, and returns the others, each once.
pub(super) fn unknown_of(ids: Vec<&str>, markings: &mut Markings) -> Vec<String> {
    let mut open: Vec<String> = Vec::new();
    for id in ids {
        if !markings.add_stix_id(id) && !open.iter().any(|had| had == id) {
            if open.len() < MAX_MARKING_TEXTS {
                open.push(id.to_owned());
            } else {
                markings.add_unknown(id);
            }
        }
    }
    open
}
