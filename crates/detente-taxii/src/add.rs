//! Adding to a collection (section 5.5 of TAXII 2.1), and what is said of it afterwards.

use std::collections::BTreeMap;

use detente_intel::Markings;
use detente_intel::read::definition_markings;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::account::Level;
use crate::fault::Fault;
use crate::house::{Collection, Root};
use crate::incoming::{Known, head, is_object, level};
use crate::message::{Audit, Response, is_taxii};
use crate::moment::Moment;
use crate::serve::Desk;
use crate::shelf::{Incoming, Put, StatusRow};

/// The most objects of one request. Count.
pub const MAX_OBJECTS: usize = 100_000;
/// The longest reason that a status gives. Bytes.
const MAX_REASON: usize = 256;

/// Under which the ids of statuses are made (UUID version 5).
const NAMESPACE: Uuid = Uuid::from_u128(0x3e0b_7a52_91c6_4d0e_8f7d_52a1_6c90_b34e);

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    objects: Vec<&'a RawValue>,
}

#[derive(Serialize)]
struct Status {
    id: String,
    status: &'static str,
    request_timestamp: String,
    total_count: usize,
    success_count: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    successes: Vec<Line>,
    failure_count: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failures: Vec<Line>,
    pending_count: usize,
}

#[derive(Serialize)]
struct Line {
    id: String,
    version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

/// An object of which all is known that a shelf needs, or why it is refused.
type Sorted = Result<(Known, Level), String>;

/// What came to which collection.
struct Delivery<'a> {
    root: &'a Root,
    to: &'a Collection,
    objects: &'a [&'a RawValue],
}

/// Puts the objects of an envelope on the shelf: each that is sound, and a line for each that is
/// not.
pub(crate) fn add(desk: &mut Desk<'_>, root: &Root, to: &Collection) -> Result<Response, Fault> {
    if !(to.takes && desk.account.may_write(&to.key)) {
        return Err(Fault::Forbidden("add to this collection"));
    }
    if !is_taxii(desk.request.content_type) {
        return Err(Fault::ContentType);
    }
    if !is_object(desk.request.body) {
        return Err(Fault::Envelope("it is no JSON object".to_owned()));
    }
    let envelope: Envelope<'_> = serde_json::from_slice(desk.request.body)
        .map_err(|error| Fault::Envelope(shortened(&error.to_string())))?;
    if envelope.objects.len() > MAX_OBJECTS {
        return Err(Fault::TooMany { got: envelope.objects.len(), max: MAX_OBJECTS });
    }
    let read: Vec<Result<Known, String>> =
        envelope.objects.iter().map(|raw| head(raw.get().as_bytes())).collect();
    let read = levelled(desk, &envelope.objects, read)?;
    let mut incoming = Vec::new();
    for (raw, known) in envelope.objects.iter().zip(&read) {
        if let Ok((known, level)) = known {
            incoming.push(Incoming {
                id: &known.id,
                kind: &known.kind,
                spec: known.spec,
                version: known.version,
                level: *level,
                bytes: raw.get().as_bytes(),
            });
        }
    }
    let puts = desk.shelf.put(&to.key, desk.now, &incoming).map_err(|_| Fault::Shelf)?;
    tell(desk, &Delivery { root, to, objects: &envelope.objects }, &read, &puts)
}

/// How close each object is held. Definitions count that come in the same envelope or lie on a
/// shelf already; of two with one id the closer counts.
fn levelled(
    desk: &Desk<'_>,
    objects: &[&RawValue],
    read: Vec<Result<Known, String>>,
) -> Result<Vec<Sorted>, Fault> {
    let mut here: BTreeMap<String, Markings> = BTreeMap::new();
    for (raw, known) in objects.iter().zip(&read) {
        let Ok(known) = known else { continue };
        if known.kind != "marking-definition" {
            continue;
        }
        if let Some(says) = definition_markings(raw.get().as_bytes()) {
            here.entry(known.id.clone()).or_insert_with(Markings::none).merge(&says);
        }
    }
    let mut looked: BTreeMap<String, Option<Markings>> = BTreeMap::new();
    let mut failed = false;
    let mut levels = Vec::with_capacity(objects.len());
    for (raw, known) in objects.iter().zip(read) {
        let unmarked = desk.account.unmarked;
        levels.push(known.and_then(|known| {
            let level = level(raw.get().as_bytes(), unmarked, |id| {
                let lying = looked.entry(id.to_owned()).or_insert_with(|| {
                    let found = desk.shelf.definitions(id);
                    failed |= found.is_err();
                    let says = found.unwrap_or_default();
                    says.iter().filter_map(|bytes| definition_markings(bytes)).reduce(both)
                });
                match (here.get(id), lying) {
                    (Some(one), Some(other)) => Some(both(one.clone(), other.clone())),
                    (one, other) => one.cloned().or_else(|| other.clone()),
                }
            })?;
            Ok((known, level))
        }));
    }
    if failed { Err(Fault::Shelf) } else { Ok(levels) }
}

/// What two definitions of one id say together.
fn both(mut one: Markings, other: Markings) -> Markings {
    one.merge(&other);
    one
}

/// Says what became of each object, and keeps it for whoever asks again.
fn tell(
    desk: &mut Desk<'_>,
    came: &Delivery<'_>,
    read: &[Sorted],
    puts: &[Put],
) -> Result<Response, Fault> {
    let Delivery { root, to, objects } = *came;
    let now = desk.now;
    let seed = format!("{} {} {}", desk.account.name, now.micros(), objects.len());
    let id = Uuid::new_v5(&NAMESPACE, seed.as_bytes()).to_string();
    let (mut successes, mut failures, mut span) = (Vec::new(), Vec::new(), None);
    let mut puts = puts.iter();
    for (raw, known) in objects.iter().zip(read) {
        match known {
            Err(why) => failures.push(refused(raw, why, now)),
            Ok((known, _)) => {
                let version = known.version.unwrap_or(now).to_string();
                let line = |message: Option<&str>| Line {
                    id: known.id.clone(),
                    version: version.clone(),
                    message: message.map(str::to_owned),
                };
                match puts.next() {
                    Some(Put::Added(at)) => {
                        span = Some((span.map_or(*at, |(first, _)| first), *at));
                        successes.push(line(None));
                    }
                    Some(Put::Known(_)) => successes.push(line(Some("it was here already"))),
                    Some(Put::Differs) => failures.push(line(Some(
                        "other content is here under the same id and version; it stays",
                    ))),
                    // A shelf answers for each.
                    None => return Err(Fault::Shelf),
                }
            }
        }
    }
    let status = Status {
        id: id.clone(),
        status: "complete",
        request_timestamp: now.to_string(),
        total_count: objects.len(),
        success_count: successes.len(),
        failure_count: failures.len(),
        pending_count: 0,
        successes,
        failures,
    };
    let mut response = Response::of(202, &status);
    let row = StatusRow { id, json: response.body.clone() };
    let kept = desk.shelf.put_status(&root.path, &desk.account.name, now, &row);
    kept.map_err(|_| Fault::Shelf)?;
    response.audit = Some(Audit {
        collection: to.key.clone(),
        deed: "add",
        objects: status.success_count as u64,
        first: span.map(|(first, _): (Moment, Moment)| first.to_string()),
        last: span.map(|(_, last)| last.to_string()),
        object: None,
    });
    Ok(response)
}

/// The line of an object that can't be read; its id as far as there is one.
fn refused(raw: &RawValue, why: &str, now: Moment) -> Line {
    #[derive(Deserialize)]
    struct Named {
        id: String,
    }
    let named = serde_json::from_str::<Named>(raw.get()).ok();
    let id = named.map_or_else(|| "unknown".to_owned(), |named| shortened(&named.id));
    Line { id, version: now.to_string(), message: Some(shortened(why)) }
}

fn shortened(text: &str) -> String {
    text.get(..text.floor_char_boundary(MAX_REASON)).unwrap_or("").to_owned()
}
