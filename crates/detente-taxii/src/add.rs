//! Adding to a collection (section 5.5 of TAXII 2.1), and what is said of it afterwards.

use std::fmt;

use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::account::{Account, Level};
use crate::fault::Fault;
use crate::house::{Collection, Root};
use crate::message::{Audit, Request, Response, is_taxii};
use crate::moment::Moment;
use crate::serve::Desk;
use crate::shelf::{Put, Shelf, StatusRow};
use crate::shelve::{Arrival, Terms, shelve, shelve_raising};

/// The most objects of one request. Count.
pub const MAX_OBJECTS: usize = 20_000;
/// Why a version of another's object is refused.
pub const FOREIGN: &str =
    "another creator's object is here under this id, and only that one may make versions of it";
/// The longest reason that a status gives. Bytes.
const MAX_REASON: usize = 256;

/// Under which the ids of statuses are made (UUID version 5).
const NAMESPACE: Uuid = Uuid::from_u128(0x3e0b_7a52_91c6_4d0e_8f7d_52a1_6c90_b34e);

/// The objects of an envelope, as they stand in it; no more than may be are held.
struct Objects<'a>(Vec<&'a RawValue>);

impl<'de: 'a, 'a> Deserialize<'de> for Objects<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Objects<'a>, D::Error> {
        struct List;

        impl<'de> Visitor<'de> for List {
            type Value = Vec<&'de RawValue>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of objects")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut all = Vec::new();
                while let Some(one) = list.next_element()? {
                    if all.len() == MAX_OBJECTS {
                        return Err(A::Error::custom(TOO_MANY));
                    }
                    all.push(one);
                }
                Ok(all)
            }
        }

        deserializer.deserialize_seq(List).map(Objects)
    }
}

/// How the reading of an envelope fails that holds too many objects.
const TOO_MANY: &str = "too many objects";

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default = "no_objects")]
    objects: Objects<'a>,
}

fn no_objects<'a>() -> Objects<'a> {
    Objects(Vec::new())
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

/// Puts the objects of an envelope on the shelf: each that is sound, and a line for each that is
/// not.
pub(crate) fn add(desk: &mut Desk<'_>, root: &Root, to: &Collection) -> Result<Response, Fault> {
    if let Some(fault) = refuse(desk.account, desk.request, to) {
        return Err(fault);
    }
    // Serde would take a list of the values in the right order too.
    if desk.request.body.trim_ascii_start().first() != Some(&b'{') {
        return Err(Fault::Envelope("it is no JSON object".to_owned()));
    }
    let envelope: Envelope<'_> = serde_json::from_slice(desk.request.body).map_err(|error| {
        let words = error.to_string();
        if words.starts_with(TOO_MANY) {
            return Fault::TooMany { max: MAX_OBJECTS };
        }
        Fault::Envelope(shortened(&words))
    })?;
    let objects = envelope.objects.0;
    let terms = Terms { unmarked: desk.account.unmarked, at_least: None };
    let bytes: Vec<&[u8]> = objects.iter().map(|raw| raw.get().as_bytes()).collect();
    let (account, now) = (desk.account.name.as_str(), desk.now);
    let mut answer = None;
    // What lies there, what is said of it and what is still to be done with it, or nothing.
    let mut deed = |shelf: &mut dyn Shelf| {
        let arrivals = match &to.raises_to {
            Some(other) => shelve_raising(shelf, (&to.key, other, now), terms, &bytes)?.arrivals,
            None => shelve(shelf, (&to.key, now), terms, &bytes)?,
        };
        if to.listed {
            let lies_there = arrivals.iter().filter_map(Arrival::lies);
            shelf.bring(account, &to.key, &lies_there.collect::<Vec<_>>())?;
        }
        let (response, status) = tell((account, now), to, &objects, &arrivals);
        shelf.put_status(&root.path, account, now, &status)?;
        answer = Some(response);
        Ok(())
    };
    desk.shelf.together(&mut deed).map_err(|_| Fault::Shelf)?;
    answer.ok_or(Fault::Shelf)
}

/// Why an envelope would be refused whatever it holds.
pub(crate) fn refuse(account: &Account, request: &Request<'_>, to: &Collection) -> Option<Fault> {
    if !(to.takes && account.may_write(&to.key)) {
        return Some(Fault::Forbidden("add to this collection"));
    }
    (!is_taxii(request.content_type)).then_some(Fault::ContentType)
}

/// Says what became of each object, also for whoever asks again.
fn tell(
    (account, now): (&str, Moment),
    to: &Collection,
    objects: &[&RawValue],
    arrivals: &[Arrival],
) -> (Response, StatusRow) {
    let seed = format!("{account} {} {}", now.micros(), objects.len());
    let id = Uuid::new_v5(&NAMESPACE, seed.as_bytes()).to_string();
    let (mut successes, mut failures, mut span) = (Vec::new(), Vec::new(), None);
    for (raw, arrival) in objects.iter().zip(arrivals) {
        let (id, version, put) = match arrival {
            Arrival::Refused(why) => {
                failures.push(refused(raw, why, now));
                continue;
            }
            Arrival::Put { id, version, put, .. } => (id, version, put),
        };
        let held = held(arrival);
        let line = |came: Moment, message: Option<&str>| Line {
            id: id.clone(),
            version: version.unwrap_or(came).to_string(),
            message: message.map(str::to_owned),
        };
        match put {
            Put::Added(at) => {
                span = Some((span.map_or(*at, |(first, _)| first), *at));
                successes.push(line(*at, held));
            }
            Put::Known(at, _) => {
                successes.push(line(*at, Some(held.unwrap_or("it was here already"))));
            }
            Put::Differs(_) => failures.push(line(
                now,
                Some("other content is here under the same id and version; it stays"),
            )),
            Put::Foreign(_) => failures.push(line(now, Some(FOREIGN))),
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
    response.audit = Some(Audit {
        collection: to.key.clone(),
        deed: "add",
        objects: status.success_count as u64,
        first: span.map(|(first, _): (Moment, Moment)| first.to_string()),
        last: span.map(|(_, last)| last.to_string()),
        object: None,
    });
    (response, row)
}

/// What whoever brings an object must know of how it is held: else nobody finds it, or nobody knows
/// why.
fn held(arrival: &Arrival) -> Option<&'static str> {
    match arrival {
        Arrival::Put { level: Level::CLOSED, .. } => Some(
            "held closed: a marking of it is not understood, or several colours are named; \
             accounts of clearance closed alone read it",
        ),
        Arrival::Put { unmarked: true, .. } => {
            Some("held as close as RED: it names no colour, and the account has none for such")
        }
        _ => None,
    }
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
