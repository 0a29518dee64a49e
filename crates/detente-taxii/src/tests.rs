//! The server as a function, over a shelf in memory.

use std::cell::RefCell;
use std::collections::BTreeMap;

use detente_core::Tlp;
use serde_json::{Value, json};

use crate::{
    Account, Brought, Collection, Deed, Entry, House, Incoming, Level, Method, Moment, Put, Query,
    Request, Response, Root, Shelf, ShelfError, StatusRow, TAXII, collection_id, serve,
};

/// What is said of an object, as a test keeps it.
struct Held {
    id: String,
    added: Moment,
    version: Moment,
    spec: &'static str,
}

/// A shelf in memory: of each id the newest version alone.
#[derive(Default)]
struct Memory {
    objects: Vec<(String, Held, Level, Vec<u8>)>,
    statuses: BTreeMap<(String, String), Vec<u8>>,
    brought: Vec<Brought>,
    broken: RefCell<bool>,
}

impl Shelf for Memory {
    fn together(&mut self, deed: Deed<'_>) -> Result<(), ShelfError> {
        deed(self)
    }

    fn bring(
        &mut self,
        account: &str,
        collection: &str,
        objects: &[(Moment, Level)],
    ) -> Result<(), ShelfError> {
        for (at, level) in objects {
            let of = |(of, entry, _, _): &&(String, Held, Level, Vec<u8>)| {
                of == collection && entry.added == *at
            };
            let (.., bytes) = self.objects.iter().find(of).unwrap();
            let objects = vec![(*level, bytes.clone())];
            self.brought.push(Brought { account: account.to_owned(), objects });
        }
        Ok(())
    }

    fn brought(&self, _max: usize) -> Result<(Vec<Brought>, Option<u64>), ShelfError> {
        Ok((self.brought.clone(), Some(self.brought.len() as u64)))
    }

    fn take_brought(&mut self, _upto: u64) -> Result<(), ShelfError> {
        self.brought.clear();
        Ok(())
    }

    fn put(
        &mut self,
        collection: &str,
        now: Moment,
        objects: &[Incoming<'_>],
    ) -> Result<Vec<Put>, ShelfError> {
        let mut puts = Vec::new();
        for object in objects {
            let next = now.micros() + i64::try_from(self.objects.len()).unwrap();
            let added = Moment::of(next).unwrap();
            let version = object.version.unwrap_or(added);
            let entry = Held { id: object.id.to_owned(), added, version, spec: object.spec };
            let bytes = object.bytes.to_vec();
            self.objects.push((collection.to_owned(), entry, object.level, bytes));
            puts.push(Put::Added(added));
        }
        Ok(puts)
    }

    fn page(
        &self,
        query: &Query,
        each: &mut dyn FnMut(Entry<'_>, &[u8]),
    ) -> Result<bool, ShelfError> {
        if *self.broken.borrow() {
            return Err(ShelfError("the disk of /secret/path is gone".to_owned()));
        }
        let meant = self.objects.iter().filter(|(collection, entry, level, _)| {
            *collection == query.collection
                && *level <= query.clearance
                && query.after.is_none_or(|after| entry.added > after)
                && (query.ids.is_empty() || query.ids.contains(&entry.id))
        });
        let all: Vec<_> = meant.collect();
        for (_, entry, _, bytes) in all.iter().take(query.limit) {
            let Held { id, added, version, spec } = entry;
            each(Entry { id, added: *added, version: *version, spec }, bytes);
        }
        Ok(all.len() > query.limit)
    }

    fn delete(&mut self, query: &Query) -> Result<u64, ShelfError> {
        let before = self.objects.len();
        self.objects.retain(|(_, entry, level, _)| {
            !query.ids.contains(&entry.id) || *level > query.clearance
        });
        Ok((before - self.objects.len()) as u64)
    }

    fn clear(&mut self, collection: &str) -> Result<(), ShelfError> {
        self.objects.retain(|(of, ..)| of != collection);
        Ok(())
    }

    fn reached(&self, _view: &str) -> Result<u64, ShelfError> {
        Ok(0)
    }

    fn reach(&mut self, _view: &str, _moment: u64) -> Result<(), ShelfError> {
        Ok(())
    }

    fn put_status(
        &mut self,
        _root: &str,
        account: &str,
        _now: Moment,
        status: &StatusRow,
    ) -> Result<(), ShelfError> {
        let key = (account.to_owned(), status.id.clone());
        self.statuses.insert(key, status.json.clone());
        Ok(())
    }

    fn status(
        &self,
        (_root, account): (&str, &str),
        id: &str,
        _now: Moment,
    ) -> Result<Option<Vec<u8>>, ShelfError> {
        Ok(self.statuses.get(&(account.to_owned(), id.to_owned())).cloned())
    }
}

fn house() -> House {
    let collection = |key: &str, takes| Collection {
        id: collection_id("a house", key),
        key: key.to_owned(),
        title: key.to_owned(),
        description: String::new(),
        takes,
        raises_to: None,
        listed: true,
    };
    let root = Root {
        path: "own".to_owned(),
        title: "The house".to_owned(),
        description: String::new(),
        collections: vec![collection("own", true), collection("closed", false)],
    };
    House { title: "detente".to_owned(), roots: vec![root] }
}

fn account(name: &str, clearance: Level, writes: bool) -> Account {
    Account {
        name: name.to_owned(),
        clearance,
        reads: vec!["own".to_owned()],
        writes: if writes { vec!["own".to_owned()] } else { Vec::new() },
        unmarked: None,
    }
}

fn ask(
    shelf: &mut Memory,
    account: &Account,
    method: Method,
    target: &str,
    body: &str,
) -> Response {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let body = body.as_bytes();
    let request = Request { method, path, query, accept: TAXII, content_type: TAXII, body };
    let now = Moment::read("2026-01-01T00:00:00Z").unwrap();
    serve(&house(), account, &request, now, shelf)
}

fn get(shelf: &mut Memory, account: &Account, target: &str) -> (u16, Value) {
    let response = ask(shelf, account, Method::Get, target, "");
    let body = serde_json::from_slice(&response.body).unwrap_or(Value::Null);
    (response.status, body)
}

const OBJECTS: &str = "/own/collections/own/objects/";
const GREEN: &str = "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb";
const RED: &str = "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1";

fn malware(n: u32, mark: &str) -> String {
    format!(
        r#"{{"type":"malware", "id":"malware--00000000-0000-4000-8000-{n:012}",
        "spec_version":"2.1","modified":"2026-01-01T00:00:00.000Z", "is_family":false,
        "object_marking_refs":["{mark}"]}}"#
    )
}

fn post(shelf: &mut Memory, account: &Account, objects: &[String]) -> (u16, Value) {
    let body = format!(r#"{{"objects":[{}]}}"#, objects.join(","));
    let response = ask(shelf, account, Method::Post, OBJECTS, &body);
    (response.status, serde_json::from_slice(&response.body).unwrap())
}

#[test]
fn what_an_account_may_not_see_is_not_there() {
    let mut shelf = Memory::default();
    let (all, low) =
        (account("all", Level::CLOSED, true), account("low", Level::of(Tlp::Green), false));
    let (status, said) = post(&mut shelf, &all, &[malware(1, GREEN), malware(2, RED)]);
    assert_eq!((status, &said["success_count"]), (202, &json!(2)), "{said:#}");
    let (_, page) = get(&mut shelf, &low, OBJECTS);
    assert_eq!(page["objects"].as_array().unwrap().len(), 1);
    let hidden = format!("{OBJECTS}malware--00000000-0000-4000-8000-000000000002/");
    for target in [hidden.clone(), format!("{hidden}versions/")] {
        let unknown = target.replace("000002/", "000009/");
        assert_eq!(get(&mut shelf, &low, &target), get(&mut shelf, &low, &unknown));
    }
    assert_eq!(ask(&mut shelf, &low, Method::Delete, &hidden, "").status, 403);
    // The status is for who sent it.
    let status = format!("/own/status/{}/", said["id"].as_str().unwrap());
    assert_eq!(get(&mut shelf, &all, &status).1, said);
    assert_eq!(get(&mut shelf, &low, &status).0, 404);
}

#[test]
fn bytes_go_out_as_they_came() {
    let mut shelf = Memory::default();
    let all = account("all", Level::CLOSED, true);
    let object = malware(1, GREEN);
    post(&mut shelf, &all, std::slice::from_ref(&object));
    let response = ask(&mut shelf, &all, Method::Get, OBJECTS, "");
    let body = String::from_utf8(response.body).unwrap();
    assert!(body.contains(&object), "{body}");
    let first = response.headers.iter().find(|(name, _)| *name == "X-TAXII-Date-Added-First");
    assert_eq!(first.unwrap().1, "2026-01-01T00:00:00.000000Z");
    let audit = response.audit.unwrap();
    assert_eq!((audit.deed, audit.objects), ("read", 1));
}

#[test]
fn rights_are_by_collection() {
    let mut shelf = Memory::default();
    let reader = account("reader", Level::CLOSED, false);
    assert_eq!(post(&mut shelf, &reader, &[malware(1, GREEN)]).0, 403);
    assert_eq!(get(&mut shelf, &reader, "/own/collections/closed/objects/").0, 404);
    let (_, list) = get(&mut shelf, &reader, "/own/collections/");
    assert_eq!(list["collections"].as_array().unwrap().len(), 1);
    assert_eq!(list["collections"][0]["can_write"], false);
    let nobody = Account { reads: Vec::new(), ..reader };
    assert_eq!(get(&mut shelf, &nobody, "/own/").0, 404);
    assert_eq!(get(&mut shelf, &nobody, "/taxii2/").1["api_roots"], json!([]));
    let writer = Account { reads: Vec::new(), ..account("writer", Level::CLOSED, true) };
    assert_eq!(post(&mut shelf, &writer, &[malware(1, GREEN)]).0, 202);
    assert_eq!(get(&mut shelf, &writer, OBJECTS).0, 403);
}

#[test]
fn each_object_is_refused_alone_with_its_reason() {
    let mut shelf = Memory::default();
    let all = account("all", Level::CLOSED, true);
    let deep = format!(r#"{{"type":"x","id":"x","a":{}{}}}"#, "[".repeat(200), "]".repeat(200));
    let bad = [
        "1".to_owned(),
        r#"["malware","malware--00000000-0000-4000-8000-000000000001","2.1",null,null]"#.to_owned(),
        r#"{"type":"malware"}"#.to_owned(),
        r#"{"type":"malware","id":"malware--1"}"#.to_owned(),
        malware(1, GREEN).replace("\"malware\"", "\"tool\""),
        malware(1, GREEN).replace("2026-01-01T00:00:00.000Z", "99999-01-01T00:00:00Z"),
        malware(1, GREEN).replace("\"2.1\"", "\"3.0\""),
        malware(1, GREEN).replace("\"is_family\"", "\"id\":\"malware--x\",\"is_family\""),
        malware(1, GREEN).replace("malware", "bundle"),
        deep,
    ];
    let (status, said) = post(&mut shelf, &all, &bad);
    assert_eq!((status, &said["failure_count"]), (202, &json!(bad.len())), "{said:#}");
    for failure in said["failures"].as_array().unwrap() {
        assert!(!failure["message"].as_str().unwrap().is_empty(), "{failure}");
    }
    let list = format!("[[{}]]", malware(1, GREEN));
    assert_eq!(ask(&mut shelf, &all, Method::Post, OBJECTS, &list).status, 422);
    let (_, said) = post(&mut shelf, &all, &[bad[0].clone(), malware(1, GREEN)]);
    assert_eq!((&said["success_count"], &said["failure_count"]), (&json!(1), &json!(1)));
}

/// Whoever may add could else open what others bring.
#[test]
fn no_definition_opens_anything() {
    let mut shelf = Memory::default();
    let all = account("all", Level::CLOSED, true);
    let low = account("low", Level::of(Tlp::Red), false);
    let id = "marking-definition--00000000-0000-4000-8000-000000000001";
    let definition = format!(
        r#"{{"type":"marking-definition","id":"{id}","spec_version":"2.1",
        "created":"2026-01-01T00:00:00.000Z","definition_type":"tlp","definition":{{"tlp":"white"}},
        "object_marking_refs":["{GREEN}"]}}"#
    );
    let (_, said) = post(&mut shelf, &all, &[definition, malware(1, id)]);
    assert_eq!(said["success_count"], 2, "{said:#}");
    let (_, page) = get(&mut shelf, &low, OBJECTS);
    let seen = page["objects"].as_array().unwrap();
    assert_eq!((seen.len(), &seen[0]["type"]), (1, &json!("marking-definition")), "{page:#}");
}

/// What the own list is to take in is what lies on the shelf, as close as it lies there.
#[test]
fn what_was_brought_is_remembered_with_its_level() {
    let mut shelf = Memory::default();
    let all = account("all", Level::CLOSED, true);
    let bare = malware(2, GREEN).replace("object_marking_refs", "x_none");
    let body = format!(r#"{{"objects":[{},{bare},1]}}"#, malware(1, GREEN));
    ask(&mut shelf, &all, Method::Post, OBJECTS, &body);
    let (brought, _) = shelf.brought(10).unwrap();
    let object = |level, text: &str| Brought {
        account: "all".to_owned(),
        objects: vec![(Level::of(level), text.as_bytes().to_vec())],
    };
    assert_eq!(brought, [object(Tlp::Green, &malware(1, GREEN)), object(Tlp::Red, &bare)]);
}

/// Whoever brings an object learns if it is held closer than it seems.
#[test]
fn the_status_says_what_is_held_closed_or_red() {
    let mut shelf = Memory::default();
    let mut all = account("all", Level::CLOSED, true);
    let bare = malware(2, GREEN).replace("object_marking_refs", "x_none");
    let unknown = malware(3, "marking-definition--00000000-0000-4000-8000-000000000000");
    let objects = [malware(1, GREEN), bare.clone(), unknown];
    let (_, said) = post(&mut shelf, &all, &objects);
    let message = |at: usize| said["successes"][at]["message"].as_str().unwrap_or("").to_owned();
    assert_eq!(said["success_count"], 3);
    assert_eq!(message(0), "");
    assert!(message(1).contains("as close as RED"), "{said:#}");
    assert!(message(2).contains("held closed"), "{said:#}");
    all.unmarked = Some(Tlp::Green);
    let (_, said) = post(&mut shelf, &all, &[bare]);
    assert_eq!(said["successes"][0].get("message"), None, "{said:#}");
}

/// One number that common readers can't hold would shut them out of the whole collection.
#[test]
fn a_number_that_few_can_read_is_refused() {
    let mut shelf = Memory::default();
    let all = account("all", Level::CLOSED, true);
    for number in ["1e400", &"9".repeat(5_000)] {
        let bad = malware(1, GREEN).replacen('{', &format!("{{\"x_n\":{number},"), 1);
        let (_, said) = post(&mut shelf, &all, &[malware(2, GREEN), bad]);
        assert_eq!((&said["success_count"], &said["failure_count"]), (&json!(1), &json!(1)));
        let why = said["failures"][0]["message"].as_str().unwrap();
        assert!(why.contains("number"), "{said:#}");
    }
}

#[test]
fn more_objects_than_may_be_are_not_held() {
    let mut shelf = Memory::default();
    let all = account("all", Level::CLOSED, true);
    let body = format!(r#"{{"objects":[{}0]}}"#, "0,".repeat(crate::MAX_OBJECTS));
    let response = ask(&mut shelf, &all, Method::Post, OBJECTS, &body);
    assert_eq!(response.status, 413);
}

#[test]
fn a_delete_takes_the_versions_that_its_filter_names() {
    let mut shelf = Memory::default();
    let all = account("all", Level::CLOSED, true);
    post(&mut shelf, &all, &[malware(1, GREEN)]);
    let one = format!("{OBJECTS}malware--00000000-0000-4000-8000-000000000001/");
    let bad = format!("{one}?match[%76ersion]=none");
    assert_eq!(ask(&mut shelf, &all, Method::Delete, &bad, "").status, 400);
    assert_eq!(ask(&mut shelf, &all, Method::Delete, &one, "").status, 200);
    assert_eq!(get(&mut shelf, &all, &one).0, 404);
}

#[test]
fn pages_say_if_there_is_more() {
    let mut shelf = Memory::default();
    let all = account("all", Level::CLOSED, true);
    let objects: Vec<String> = (0..5).map(|n| malware(n, GREEN)).collect();
    post(&mut shelf, &all, &objects);
    let (mut target, mut found) = (format!("{OBJECTS}?limit=2"), 0);
    loop {
        let (_, page) = get(&mut shelf, &all, &target);
        found += page["objects"].as_array().unwrap().len();
        let Some(next) = page["next"].as_str() else { break };
        assert_eq!(page["more"], true);
        target = format!("{OBJECTS}?limit=2&next={next}");
    }
    assert_eq!(found, 5);
    let (status, page) = get(&mut shelf, &all, "/own/collections/own/manifest/?limit=2");
    assert_eq!((status, page["objects"].as_array().unwrap().len()), (200, 2));
    assert_eq!(page["objects"][0]["media_type"], "application/stix+json;version=2.1");
    let none = get(&mut shelf, &all, &format!("{OBJECTS}?added_after=2030-01-01T00:00:00Z"));
    assert_eq!(none, (200, json!({})));
}

#[test]
fn a_shelf_that_fails_says_nothing_of_itself() {
    let mut shelf = Memory::default();
    *shelf.broken.borrow_mut() = true;
    let (status, said) = get(&mut shelf, &account("all", Level::CLOSED, true), OBJECTS);
    assert_eq!(status, 500);
    assert!(!said.to_string().contains("secret"), "{said}");
}
