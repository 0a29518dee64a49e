//! MISP JSON: events (`{"Event": ...}`, `{"response": [...]}`, arrays of them), their attributes
//! and those of their objects, and attribute searches.
//!
//! Source: the MISP core format (draft-dulaunoy-misp-core-format). An event's tags often stand
//! after its attributes, so the attributes are held until the event ends; an event with more than
//! [`MAX_EVENT_HELD`] hands the others over as closed. Distribution never widens and, for "your
//! organisation only" and sharing groups, narrows.

use std::io::BufRead;

use detente_core::Tlp;
use serde::Deserialize;
use serde_json::Value;

use super::intake::Intake;
use super::json::{Fault, Scanner};
use super::kinds;
use super::sighted::{add_galaxies, add_sightings};
use super::stix::MAX_OBJECT;
use super::{Place, ReadFault, Reason, Skip};
use detente_intel::{Context, MAX_LABELS, Markings, Observable, parse_unix_seconds};

/// Bytes of indicators of one event that are held until its tags are known.
pub const MAX_EVENT_HELD: usize = 128 * 1024 * 1024;
/// Arrays and objects around an event.
const MAX_WRAPPING: usize = 8;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Attribute {
    category: Option<Value>,
    comment: Option<Value>,
    deleted: Option<Value>,
    distribution: Option<Value>,
    event_id: Option<Value>,
    first_seen: Option<Value>,
    #[serde(rename = "Galaxy")]
    galaxies: Option<Value>,
    last_seen: Option<Value>,
    object_relation: Option<Value>,
    #[serde(rename = "ShadowAttribute")]
    proposals: Option<Vec<serde::de::IgnoredAny>>,
    #[serde(rename = "Sighting")]
    sightings: Option<Value>,
    #[serde(rename = "Tag")]
    tags: Option<Value>,
    timestamp: Option<Value>,
    #[serde(rename = "type")]
    kind: Option<Value>,
    to_ids: Option<Value>,
    uuid: Option<Value>,
    value: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Object {
    #[serde(rename = "Attribute")]
    attributes: Option<Vec<Attribute>>,
    comment: Option<Value>,
    deleted: Option<Value>,
    distribution: Option<Value>,
    #[serde(rename = "meta-category")]
    meta_category: Option<Value>,
    name: Option<Value>,
    template_uuid: Option<Value>,
    template_version: Option<Value>,
    uuid: Option<Value>,
}

/// What is known of the event so far.
#[derive(Default)]
struct Event {
    info: Option<String>,
    uuid: Option<String>,
    markings: Markings,
    labels: Vec<String>,
    held: Vec<(Observable, Context, Option<Tlp>)>,
    /// The colour that all of it has at least, by its distribution.
    floor: Option<Tlp>,
    held_bytes: usize,
}

pub(super) fn read<R: BufRead>(input: R, intake: &mut Intake<'_>) -> Result<(), ReadFault> {
    let mut scanner = Scanner::new(input);
    let mut found = false;
    let walked = top(&mut scanner, intake, &mut found);
    match walked {
        Err(fault) => {
            let reason = fault.into_reason()?;
            intake.break_off(scanner.place("$"), &[], reason);
        }
        Ok(()) if !found => intake.break_off(scanner.place("$"), &[], Reason::UnknownJson),
        Ok(()) => {}
    }
    intake.at(scanner.bytes, scanner.line);
    Ok(())
}

fn top<R: BufRead>(
    scanner: &mut Scanner<R>,
    intake: &mut Intake<'_>,
    found: &mut bool,
) -> Result<(), Fault> {
    if scanner.peek()?.is_none() {
        return Err(Fault::Cut);
    }
    wrapped(scanner, intake, found, (String::new(), 0))?;
    match scanner.peek()? {
        Some(_) => Err(Fault::Syntax("something stands after the document's end")),
        None => Ok(()),
    }
}

/// Whatever stands around events: arrays, `response`, or an event without its `Event` key.
fn wrapped<R: BufRead>(
    scanner: &mut Scanner<R>,
    intake: &mut Intake<'_>,
    found: &mut bool,
    (path, depth): (String, usize),
) -> Result<(), Fault> {
    match scanner.peek()? {
        Some(b'[') if depth < MAX_WRAPPING => {
            scanner.open_array()?;
            let mut first = true;
            let mut index = 0_u64;
            while scanner.next_element(&mut first)? {
                wrapped(scanner, intake, found, (format!("{path}[{index}]"), depth + 1))?;
                index += 1;
            }
            // A search that finds nothing answers so.
            *found |= index == 0;
            Ok(())
        }
        Some(b'{') if depth < MAX_WRAPPING => event(scanner, intake, found, (path, depth)),
        _ => scanner.skip(),
    }
}

/// An event, or an object around events: which of the two shows only in its keys.
fn event<R: BufRead>(
    scanner: &mut Scanner<R>,
    intake: &mut Intake<'_>,
    found: &mut bool,
    place: (String, usize),
) -> Result<(), Fault> {
    let mut event = Event::default();
    let walked = event_members(scanner, intake, (&mut event, found), place);
    if walked.is_err() {
        // Its tags may have stood in the part that cannot be read.
        event.markings.add_unknown("misp:event-breaks-off");
    }
    event.finish(intake)?;
    walked
}

fn event_members<R: BufRead>(
    scanner: &mut Scanner<R>,
    intake: &mut Intake<'_>,
    (event, found): (&mut Event, &mut bool),
    (path, depth): (String, usize),
) -> Result<(), Fault> {
    scanner.open_object()?;
    let dot = if path.is_empty() { "" } else { "." };
    let mut first = true;
    while let Some(key) = scanner.next_key(&mut first)? {
        let below = format!("{path}{dot}{key}");
        *found |= matches!(key.as_str(), "Attribute" | "Event" | "Object");
        match key.as_str() {
            "Attribute" => attributes(scanner, intake, event, &below)?,
            "Event" | "response" => wrapped(scanner, intake, found, (below, depth + 1))?,
            "Object" => objects(scanner, intake, event, &below)?,
            "ShadowAttribute" => proposals(scanner, intake)?,
            "Galaxy" | "Tag" | "distribution" | "info" | "uuid" => {
                event_property(scanner, intake, event, (&key, &below))?;
            }
            _ => scanner.skip()?,
        }
        intake.at(scanner.bytes, scanner.line);
    }
    Ok(())
}

/// A property of the event itself; one that cannot be read closes the event's marking.
fn event_property<R: BufRead>(
    scanner: &mut Scanner<R>,
    intake: &mut Intake<'_>,
    event: &mut Event,
    (key, path): (&str, &str),
) -> Result<(), Fault> {
    let mut raw = Vec::new();
    let captured = scanner.value(Some(&mut raw), MAX_OBJECT)?;
    let read = match captured.into_reason(MAX_OBJECT) {
        Some(reason) => Err(reason),
        None => serde_json::from_slice::<Value>(&raw)
            .map_err(|fault| Reason::JsonSyntax(fault.to_string())),
    };
    match read {
        Ok(value) => event.member(key, &value),
        Err(reason) => {
            intake.see();
            intake.refuse(scanner.place(path), &raw, reason);
            event.markings.add_unknown(&format!("misp:{key}-unreadable"));
        }
    }
    Ok(())
}

fn proposals<R: BufRead>(scanner: &mut Scanner<R>, intake: &mut Intake<'_>) -> Result<(), Fault> {
    if scanner.peek()? != Some(b'[') {
        return scanner.skip();
    }
    scanner.open_array()?;
    let mut first = true;
    while scanner.next_element(&mut first)? {
        scanner.skip()?;
        intake.pass(Skip::Proposal);
    }
    Ok(())
}

/// Reads each element of an array as a `T`, refusing those that are none.
fn each<R: BufRead, T: for<'de> Deserialize<'de>>(
    scanner: &mut Scanner<R>,
    intake: &mut Intake<'_>,
    path: &str,
    mut use_one: impl FnMut(&mut Intake<'_>, &Place, T) -> Result<(), ReadFault>,
) -> Result<(), Fault> {
    if scanner.peek()? != Some(b'[') {
        scanner.skip()?;
        intake.see();
        let reason = Reason::ObjectShape("an array was expected".to_owned());
        intake.refuse(scanner.place(path), &[], reason);
        return Ok(());
    }
    scanner.open_array()?;
    let mut first = true;
    let mut raw = Vec::new();
    let mut index = 0_u64;
    while scanner.next_element(&mut first)? {
        let captured = scanner.value(Some(&mut raw), MAX_OBJECT)?;
        let place = scanner.place(&format!("{path}[{index}]"));
        index += 1;
        let read = match captured.into_reason(MAX_OBJECT) {
            Some(reason) => Err(reason),
            None => serde_json::from_slice::<T>(&raw)
                .map_err(|fault| Reason::ObjectShape(fault.to_string())),
        };
        match read {
            Ok(one) => use_one(intake, &place, one)?,
            Err(reason) => {
                intake.see();
                intake.refuse(place, &raw, reason);
            }
        }
        intake.at(scanner.bytes, scanner.line);
    }
    Ok(())
}

fn attributes<R: BufRead>(
    scanner: &mut Scanner<R>,
    intake: &mut Intake<'_>,
    event: &mut Event,
    path: &str,
) -> Result<(), Fault> {
    each(scanner, intake, path, |intake, place, attribute: Attribute| {
        event.attribute(intake, place, (&attribute, None))
    })
}

fn objects<R: BufRead>(
    scanner: &mut Scanner<R>,
    intake: &mut Intake<'_>,
    event: &mut Event,
    path: &str,
) -> Result<(), Fault> {
    each(scanner, intake, path, |intake, place, object: Object| {
        let empty = Vec::new();
        let attributes = object.attributes.as_ref().unwrap_or(&empty);
        if attributes.is_empty() {
            intake.pass(Skip::NoObservable);
        }
        for (index, attribute) in attributes.iter().enumerate() {
            let place = match place {
                Place::Json { path, line } => {
                    Place::Json { path: format!("{path}.Attribute[{index}]"), line: *line }
                }
                other => other.clone(),
            };
            event.attribute(intake, &place, (attribute, Some(&object)))?;
        }
        Ok(())
    })
}

fn text(value: &Option<Value>) -> Option<&str> {
    value.as_ref().and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// MISP writes numbers and flags as numbers, strings or booleans.
fn flag(value: &Option<Value>) -> bool {
    match value {
        Some(Value::Bool(flag)) => *flag,
        Some(Value::Number(number)) => number.as_u64() == Some(1),
        Some(Value::String(text)) => text == "1" || text == "true",
        _ => false,
    }
}

pub(super) fn time(value: &Option<Value>) -> Option<i64> {
    match value {
        Some(Value::Number(number)) => number.as_i64(),
        _ => text(value).and_then(parse_unix_seconds),
    }
}

/// What MISP's distribution level says beyond the tags: for the own organisation alone (0), for a
/// community or those connected with it (1, 2), which are AMBER+STRICT and GREEN at least whatever
/// is tagged, for all (3), as what it is part of (5).
fn add_distribution(markings: &mut Markings, floor: &mut Option<Tlp>, value: &Value) {
    let level = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Null => return,
        _ => "not a level".to_owned(),
    };
    match level.as_str() {
        "0" => *floor = (*floor).max(Some(Tlp::AmberStrict)),
        "1" | "2" => *floor = (*floor).max(Some(Tlp::Green)),
        "3" | "5" | "" => {}
        // A sharing group: the recipients are a list that this file does not carry.
        other => markings.add_unknown(&format!("misp:distribution={other}")),
    }
}

/// Sorts tags into markings and labels.
fn add_tags(markings: &mut Markings, labels: &mut Vec<String>, tags: &Value) {
    match tags {
        Value::Null => {}
        Value::Array(tags) => {
            for tag in tags {
                match tag.get("name").and_then(Value::as_str).or_else(|| tag.as_str()) {
                    Some(name) if markings.add_tag(name) => {}
                    // One more than is kept, so that the cut is noted.
                    Some(name) if labels.len() <= MAX_LABELS => labels.push(name.to_owned()),
                    Some(_) => {}
                    None => markings.add_unknown("misp:tag-without-name"),
                }
            }
        }
        _ => markings.add_unknown("misp:tags-unreadable"),
    }
}

impl Event {
    fn member(&mut self, key: &str, value: &Value) {
        match key {
            "Galaxy" => add_galaxies(&mut self.labels, value),
            "Tag" => add_tags(&mut self.markings, &mut self.labels, value),
            "distribution" => add_distribution(&mut self.markings, &mut self.floor, value),
            "info" => self.info = value.as_str().map(str::to_owned),
            _ => self.uuid = value.as_str().map(str::to_owned),
        }
    }

    fn attribute(
        &mut self,
        intake: &mut Intake<'_>,
        place: &Place,
        (attribute, object): (&Attribute, Option<&Object>),
    ) -> Result<(), ReadFault> {
        for _ in attribute.proposals.iter().flatten() {
            intake.pass(Skip::Proposal);
        }
        let deleted =
            flag(&attribute.deleted) || object.is_some_and(|object| flag(&object.deleted));
        let readable = || text(&attribute.kind).is_some_and(|kind| kinds::shape_of(kind).is_some());
        if deleted && !(text(&attribute.value).is_some() && readable()) {
            intake.pass(Skip::Deleted);
            return Ok(());
        }
        let (Some(kind), Some(value)) = (text(&attribute.kind), text(&attribute.value)) else {
            intake.see();
            let reason = Reason::ObjectShape("an attribute without type or value".to_owned());
            intake.refuse(place.clone(), &[], reason);
            return Ok(());
        };
        let Some(shape) = kinds::shape_of(kind) else {
            intake.see();
            let kind = kind.chars().take(64).collect();
            intake.refuse(place.clone(), value.as_bytes(), Reason::UnsupportedType(kind));
            return Ok(());
        };
        let parts = kinds::read_shape(shape, value);
        let (mut context, floor) = attribute_context(intake, kind, (attribute, object));
        context.revoked = deleted;
        if let Some((name, beside)) = parts.beside {
            context.add_extra(name, beside);
        }
        for part in std::iter::once(parts.first).chain(parts.second) {
            intake.see();
            match part.result {
                Ok(observable) => self.hold(intake, observable, (context.clone(), floor))?,
                Err(_) if deleted => intake.skip(Skip::Deleted),
                Err(fault) => intake.refuse(place.clone(), part.text.as_bytes(), fault),
            }
        }
        Ok(())
    }

    fn hold(
        &mut self,
        intake: &mut Intake<'_>,
        observable: Observable,
        (mut context, floor): (Context, Option<Tlp>),
    ) -> Result<(), ReadFault> {
        // Bounded before it is held, so that a full event is bounded too.
        context.shorten();
        self.held_bytes += observable.value().len() + context.weight();
        self.held.push((observable, context, floor));
        if self.held_bytes >= MAX_EVENT_HELD {
            let whole = self.markings.clone();
            self.markings.add_unknown("misp:event-too-large");
            self.hand_over(intake)?;
            self.markings = whole;
        }
        Ok(())
    }

    fn hand_over(&mut self, intake: &mut Intake<'_>) -> Result<(), ReadFault> {
        self.held_bytes = 0;
        for (observable, mut context, floor) in std::mem::take(&mut self.held) {
            context.markings.merge(&self.markings);
            for label in &self.labels {
                context.add_label(label);
            }
            context.add_extra("misp_event", self.uuid.as_deref().unwrap_or(""));
            context.add_extra("misp_info", self.info.as_deref().unwrap_or(""));
            let floor = floor.max(self.floor);
            // "Your organisation only" says it all; a community says nothing of what is unmarked.
            if context.markings.is_unmarked() && floor == Some(Tlp::AmberStrict) {
                context.markings.add_tlp(Tlp::AmberStrict);
            }
            intake.take_at_least(floor, observable, context)?;
        }
        Ok(())
    }

    fn finish(mut self, intake: &mut Intake<'_>) -> Result<(), ReadFault> {
        self.hand_over(intake)
    }
}

fn attribute_context(
    intake: &mut Intake<'_>,
    kind: &str,
    (attribute, object): (&Attribute, Option<&Object>),
) -> (Context, Option<Tlp>) {
    let (mut context, mut floor) = (intake.context(), None);
    context.origin = text(&attribute.uuid).map(str::to_owned);
    context.describe(text(&attribute.comment).unwrap_or(""));
    context.describe(object.and_then(|object| text(&object.comment)).unwrap_or(""));
    let micros = |at: i64| at.checked_mul(1_000_000).filter(|_| at > 0);
    context.modified = time(&attribute.timestamp).and_then(micros);
    context.first_seen = time(&attribute.first_seen);
    context.last_seen = time(&attribute.last_seen);
    let times = [
        ("timestamp", &attribute.timestamp, context.modified),
        ("first_seen", &attribute.first_seen, context.first_seen),
        ("last_seen", &attribute.last_seen, context.last_seen),
    ];
    for (name, raw, read) in times {
        // MISP writes 0 for no time at all.
        let blank = |raw: &Value| raw.is_null() || ["", "0"].map(Some).contains(&raw.as_str());
        let blank = |raw: &Value| blank(raw) || raw.as_u64() == Some(0);
        if let (Some(raw), None) = (raw.as_ref().filter(|raw| !blank(raw)), read) {
            context.add_extra(name, &raw.to_string());
            intake.unread(name);
        }
    }
    context.add_extra("misp_type", kind);
    context.add_extra("misp_category", text(&attribute.category).unwrap_or(""));
    context.add_extra("misp_relation", text(&attribute.object_relation).unwrap_or(""));
    if let Some(object) = object {
        context.add_extra("misp_object", text(&object.name).unwrap_or(""));
        context.add_extra("misp_object_uuid", text(&object.uuid).unwrap_or(""));
        context.add_extra("misp_object_meta", text(&object.meta_category).unwrap_or(""));
        let version = match &object.template_version {
            Some(Value::Number(number)) => number.to_string(),
            version => text(version).unwrap_or("").to_owned(),
        };
        if let Some(uuid) = text(&object.template_uuid) {
            context.add_extra("misp_object_template", &format!("{uuid} {version}"));
        }
        if let Some(distribution) = &object.distribution {
            add_distribution(&mut context.markings, &mut floor, distribution);
        }
    }
    // Attributes of a search stand alone and name their event by number.
    context.add_extra("misp_event_id", text(&attribute.event_id).unwrap_or(""));
    if flag(&attribute.to_ids) {
        context.add_label("misp:to_ids");
    }
    if let Some(distribution) = &attribute.distribution {
        add_distribution(&mut context.markings, &mut floor, distribution);
    }
    let mut labels = Vec::new();
    if let Some(tags) = &attribute.tags {
        add_tags(&mut context.markings, &mut labels, tags);
    }
    if let Some(galaxies) = &attribute.galaxies {
        add_galaxies(&mut labels, galaxies);
    }
    if let Some(sightings) = &attribute.sightings {
        add_sightings(&mut context, sightings);
    }
    for label in &labels {
        context.add_label(label);
    }
    (context, floor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::Kept;
    use crate::{Format, Options};
    use detente_intel::Observable;

    #[test]
    fn an_event_beyond_the_bound_is_handed_over_closed() {
        let (options, mut sink) = (Options::default(), Kept::default());
        let mut intake = Intake::new(&options, &mut sink, Format::Misp);
        let mut event = Event { held_bytes: MAX_EVENT_HELD - 4096, ..Event::default() };
        let observable = Observable::detect("evil.com").expect("a domain");
        for _ in 0..100 {
            let held =
                event.hold(&mut intake, observable.clone(), (Context::from_source("x"), None));
            held.expect("the sink takes all");
        }
        event.finish(&mut intake).expect("the sink takes all");
        let closed = sink.closed();
        assert_eq!(closed.len(), 100);
        assert!(closed[0] && !closed[99], "{closed:?}");
    }
}
