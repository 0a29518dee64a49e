//! Targets of detente-taxii: what tools send, over a shelf in memory.

use std::cell::RefCell;
use std::collections::BTreeMap;

use detente_core::Tlp;
use detente_stix::Header;
use detente_taxii::{
    Account, Brought, Collection, Deed, Entry, House, Incoming, Level, MAX_OBJECTS, MAX_PAGE,
    MAX_VALUES, Method, Moment, Put, Query, Request, Response, Root, Shelf, ShelfError, StatusRow,
    TAXII, collection_id, refuse_body, serve,
};
use serde_json::Value;

use crate::Target;

/// The table of this crate.
pub(crate) const TARGETS: &[Target] = &[
    Target { name: "taxii_envelope", run: envelope, seeds: Vec::new },
    Target { name: "taxii_filter", run: filter, seeds: filters },
];

/// The colours' standing identifiers of TLP 1 and 2, and the one that OpenCTI gives AMBER+STRICT.
const STANDING: [(&str, Tlp); 10] = [
    ("marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487", Tlp::Clear),
    ("marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb", Tlp::Green),
    ("marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421", Tlp::Amber),
    ("marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003", Tlp::AmberStrict),
    ("marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1", Tlp::Red),
    ("marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9", Tlp::Clear),
    ("marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da", Tlp::Green),
    ("marking-definition--f88d31f6-486f-44da-b317-01333bde0b82", Tlp::Amber),
    ("marking-definition--826578e1-40ad-459f-bc73-ede076f81f37", Tlp::AmberStrict),
    ("marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed", Tlp::Red),
];

/// Objects on the shelf that filters are tried on; of every level in turn.
const SHELVED: usize = 18;

const OBJECTS: &str = "/own/collections/own/objects/";

/// What a shelf knows of an object.
struct Held {
    id: String,
    added: Moment,
    version: Moment,
    spec: &'static str,
}

/// A shelf in memory that keeps every object, and writes down what it is asked for.
#[derive(Default)]
struct Memory {
    objects: Vec<(Held, Level, Vec<u8>)>,
    statuses: BTreeMap<String, Vec<u8>>,
    brought: Vec<(Moment, Level)>,
    asked: RefCell<Vec<Query>>,
}

impl Memory {
    fn meant<'m>(&'m self, query: &'m Query) -> impl Iterator<Item = &'m (Held, Level, Vec<u8>)> {
        self.objects.iter().filter(|(entry, level, _)| {
            *level <= query.clearance
                && query.after.is_none_or(|after| entry.added > after)
                && (query.ids.is_empty() || query.ids.contains(&entry.id))
                && (query.specs.is_empty() || query.specs.iter().any(|spec| spec == entry.spec))
        })
    }
}

impl Shelf for Memory {
    fn together(&mut self, deed: Deed<'_>) -> Result<(), ShelfError> {
        deed(self)
    }

    fn bring(&mut self, _: &str, _: &str, objects: &[(Moment, Level)]) -> Result<(), ShelfError> {
        self.brought.extend_from_slice(objects);
        Ok(())
    }

    fn brought(&self, _: usize) -> Result<(Vec<Brought>, Option<u64>), ShelfError> {
        Ok((Vec::new(), None))
    }

    fn take_brought(&mut self, _: u64) -> Result<(), ShelfError> {
        self.brought.clear();
        Ok(())
    }

    fn put(
        &mut self,
        _: &str,
        now: Moment,
        objects: &[Incoming<'_>],
    ) -> Result<Vec<Put>, ShelfError> {
        let mut puts = Vec::new();
        for object in objects {
            let count = i64::try_from(self.objects.len()).unwrap_or(0);
            let added = Moment::of(now.micros() + count).unwrap_or(now);
            let version = object.version.unwrap_or(added);
            let entry = Held { id: object.id.to_owned(), added, version, spec: object.spec };
            self.objects.push((entry, object.level, object.bytes.to_vec()));
            puts.push(Put::Added(added));
        }
        Ok(puts)
    }

    fn page(
        &self,
        query: &Query,
        each: &mut dyn FnMut(Entry<'_>, &[u8]),
    ) -> Result<bool, ShelfError> {
        self.asked.borrow_mut().push(query.clone());
        for (entry, _, bytes) in self.meant(query).take(query.limit) {
            let Held { id, added, version, spec } = entry;
            each(Entry { id, added: *added, version: *version, spec }, bytes);
        }
        Ok(self.meant(query).nth(query.limit).is_some())
    }

    fn delete(&mut self, query: &Query) -> Result<u64, ShelfError> {
        self.asked.borrow_mut().push(query.clone());
        Ok(self.meant(query).count() as u64)
    }

    fn clear(&mut self, _: &str) -> Result<(), ShelfError> {
        self.objects.clear();
        Ok(())
    }

    fn reached(&self, _: &str) -> Result<u64, ShelfError> {
        Ok(0)
    }

    fn reach(&mut self, _: &str, _: u64) -> Result<(), ShelfError> {
        Ok(())
    }

    fn put_status(
        &mut self,
        _: &str,
        _: &str,
        _: Moment,
        status: &StatusRow,
    ) -> Result<(), ShelfError> {
        self.statuses.insert(status.id.clone(), status.json.clone());
        Ok(())
    }

    fn status(&self, _: (&str, &str), id: &str, _: Moment) -> Result<Option<Vec<u8>>, ShelfError> {
        Ok(self.statuses.get(id).cloned())
    }
}

fn house() -> House {
    let own = Collection {
        id: collection_id("a house", "own"),
        key: "own".to_owned(),
        title: "Own".to_owned(),
        description: String::new(),
        takes: true,
        raises_to: None,
        listed: true,
    };
    let root = Root {
        path: "own".to_owned(),
        title: "The house".to_owned(),
        description: String::new(),
        collections: vec![own],
    };
    House { title: "detente".to_owned(), roots: vec![root] }
}

fn account(clearance: Level, writes: bool) -> Account {
    let own = vec!["own".to_owned()];
    let writes = if writes { own.clone() } else { Vec::new() };
    Account { name: "tool".to_owned(), clearance, reads: own, writes, unmarked: None }
}

fn request<'a>(method: Method, target: &'a str, body: &'a [u8]) -> Request<'a> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    Request { method, path, query, accept: TAXII, content_type: TAXII, body }
}

/// Some moment in 2026.
fn now() -> Moment {
    Moment::of(1_767_225_600_000_000).expect("a time")
}

fn ask(shelf: &mut Memory, account: &Account, request: &Request<'_>) -> Response {
    let response = serve(&house(), account, request, now(), shelf);
    let json = serde_json::from_slice::<Value>(&response.body);
    assert!(response.body.is_empty() || json.is_ok(), "an answer that is no JSON");
    for (name, value) in &response.headers {
        assert!(!value.chars().any(char::is_control), "{name}: {value:?}");
    }
    let told = response.status < 300 || !response.body.is_empty();
    assert!(told && response.status != 500, "{}", response.status);
    response
}

fn body(response: &Response) -> Value {
    serde_json::from_slice(&response.body).unwrap_or(Value::Null)
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// An envelope: each object is taken or has a line; what is marked closer is not seen.
fn envelope(bytes: &[u8]) -> bool {
    let post = request(Method::Post, OBJECTS, bytes);
    let (all, green) = (account(Level::CLOSED, true), account(Level::of(Tlp::Green), false));
    assert_eq!(refuse_body(&house(), &all, &post), None);
    assert_eq!(refuse_body(&house(), &green, &post).map(|answer| answer.status), Some(403));
    let mut shelf = Memory::default();
    let response = ask(&mut shelf, &all, &post);
    if response.status != 202 {
        assert!([413, 422].contains(&response.status), "{}", response.status);
        assert!(shelf.objects.is_empty() && shelf.brought.is_empty(), "refused, but kept");
        return false;
    }
    let said = body(&response);
    let number = |key| said.get(key).and_then(Value::as_u64).unwrap_or(u64::MAX) as usize;
    let (good, bad) = (list(&said, "successes").len(), list(&said, "failures").len());
    assert_eq!((number("success_count"), number("failure_count")), (good, bad));
    assert_eq!((number("total_count"), number("pending_count")), (good + bad, 0));
    assert!(good + bad <= MAX_OBJECTS, "more objects than may be");
    assert_eq!((shelf.brought.len(), shelf.objects.len()), (good, good));
    for ((_, level), (entry, held, object)) in shelf.brought.iter().zip(&shelf.objects) {
        assert_eq!(level, held, "{}", entry.id);
        check_level(*level, object);
    }
    check_seen(&mut shelf, &all, &green);
    let id = said.get("id").and_then(Value::as_str).unwrap_or("");
    let target = format!("/own/status/{id}/");
    let status = ask(&mut shelf, &all, &request(Method::Get, &target, b""));
    assert_eq!(status.body, response.body, "the status is another one");
    good > 0
}

/// A marking that nobody knows closes; of those that are known the closest counts.
fn check_level(level: Level, object: &[u8]) {
    let header = Header::read(object).expect("what was taken has a head");
    for mark in header.object_marking_refs.iter().chain(&header.granular_marking_refs) {
        let known = STANDING.iter().find(|(id, _)| id.eq_ignore_ascii_case(mark.as_str()));
        let least = known.map_or(Level::CLOSED, |(_, tlp)| Level::of(*tlp));
        assert!(level >= least, "{} for {mark}", level.name());
    }
    let unmarked = header.object_marking_refs.is_empty() && header.granular_marking_refs.is_empty();
    let tagged = String::from_utf8_lossy(object).contains("labels");
    assert!(!unmarked || tagged || level >= Level::of(Tlp::Red), "unmarked, but open");
}

/// Who may see all gets the bytes as they came, who may not gets those up to its clearance.
fn check_seen(shelf: &mut Memory, all: &Account, green: &Account) {
    for account in [all, green] {
        let page = ask(shelf, account, &request(Method::Get, OBJECTS, b""));
        assert_eq!(page.status, 200);
        let seen = shelf.objects.iter().filter(|(_, level, _)| *level <= account.clearance);
        let mut at = 0;
        for (_, _, object) in seen.take(MAX_PAGE) {
            let rest = page.body.get(at..).unwrap_or_default();
            let found = rest.windows(object.len()).position(|window| window == object.as_slice());
            at += found.expect("an object goes out as it came") + object.len();
        }
        let listed = list(&body(&page), "objects").len();
        let seen = shelf.objects.iter().filter(|(_, level, _)| *level <= account.clearance);
        assert_eq!(listed, seen.count().min(MAX_PAGE), "more or fewer objects than may be seen");
    }
}

/// A shelf with objects of every level.
fn shelved() -> Memory {
    let mut shelf = Memory::default();
    for (n, level) in (0..SHELVED).zip(Level::ALL.into_iter().cycle()) {
        let id = format!("malware--00000000-0000-4000-8000-{n:012}");
        let bytes = format!("{{\"id\":\"{id}\",\"level\":{}}}", level.code()).into_bytes();
        let spec = if n % 4 == 0 { "2.0" } else { "2.1" };
        let version = None;
        let kind = "malware";
        let object = Incoming { id: &id, kind, spec, version, level, creator: None, bytes: &bytes };
        let put = shelf.put("own", now(), &[object]);
        assert!(put.is_ok());
    }
    shelf
}

/// Path and query below the collection, read, listed and taken away by one who may see GREEN.
fn filter(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let target = format!("/own/collections/own/{text}");
    let (reader, writer) =
        (account(Level::of(Tlp::Green), false), account(Level::of(Tlp::Green), true));
    let mut shelf = shelved();
    let taken = ask(&mut shelf, &writer, &request(Method::Delete, &target, b""));
    assert!(taken.audit.is_none_or(|audit| audit.objects <= 1), "more than one object is gone");
    let response = ask(&mut shelf, &reader, &request(Method::Get, &target, b""));
    for query in shelf.asked.borrow().iter() {
        assert_eq!((query.collection.as_str(), query.clearance), ("own", reader.clearance));
        assert!((1..=MAX_PAGE).contains(&query.limit), "a page of {}", query.limit);
        let lists = [query.ids.len(), query.kinds.len(), query.specs.len(), query.which.len()];
        assert!(lists.iter().all(|count| *count <= MAX_VALUES), "{lists:?}");
        assert!(!query.which.is_empty(), "no version is meant");
    }
    let page = body(&response);
    for object in list(&page, "objects").iter().filter_map(|one| one.get("level")) {
        let code = object.as_u64().and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX);
        assert!(Level::from_code(code) <= reader.clearance, "above the clearance");
    }
    walk(&mut shelf, &reader, text, &page);
    response.status == 200
}

/// From page to page, by the same query, nothing comes twice and the end is reached.
fn walk(shelf: &mut Memory, reader: &Account, text: &str, first: &Value) {
    let (path, query) = text.split_once('?').unwrap_or((text, ""));
    if !["objects", "objects/", "manifest", "manifest/"].contains(&path) {
        return;
    }
    let asked: Vec<&str> = query
        .split('&')
        .filter(|pair| !["next", "limit"].contains(&pair.split('=').next().unwrap_or("")))
        .collect();
    let query = asked.join("&");
    let mut page = first.clone();
    let mut seen: Vec<Value> = Vec::new();
    for _ in 0..=SHELVED {
        for id in list(&page, "objects").iter().filter_map(|one| one.get("id")) {
            assert!(!seen.contains(id), "{id} comes twice");
            seen.push(id.clone());
        }
        let Some(next) = page.get("next").and_then(Value::as_str) else {
            return;
        };
        let target = format!("/own/collections/own/{path}?{query}&limit=1&next={next}");
        page = body(&ask(shelf, reader, &request(Method::Get, &target, b"")));
    }
    panic!("the pages have no end");
}

/// Queries that tools ask, and tokens that nobody gave them.
fn filters() -> Vec<Vec<u8>> {
    [
        "objects/",
        "objects/?limit=2",
        "objects/?added_after=2026-01-01T00:00:00.000003Z&limit=1",
        "objects/?next=a64757b3a68000&limit=3",
        "objects/?limit=1&added_after=2026-01-01T00:00:00.000001Z&match[spec_version]=2.1",
        "objects?match[spec_version]=2.0&match%5Btype%5D=malware,indicator",
        "objects/?match[id]=malware--00000000-0000-4000-8000-000000000001&match[version]=all",
        "objects/?match[version]=first,last,2026-01-01T00:00:00.000001Z&unknown=1",
        "objects/malware--00000000-0000-4000-8000-000000000001/?match[version]=last",
        "objects/malware--00000000-0000-4000-8000-000000000001/versions/?limit=1",
        "manifest/?limit=1&added_after=1970-01-01T00:00:00Z",
        "",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}
