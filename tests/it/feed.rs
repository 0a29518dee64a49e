//! Feeds: collections of other TAXII servers that a home reads or adds to.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::support::{
    Home, Serving, World, free_port, list, number, python, run_tool, text, wait_until,
};

const PASSWORD: &str = "correct horse battery";
const TAXII: &str = "application/taxii+json;version=2.1";
const CLEAR: &str = "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487";
const AMBER: &str = "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421";

/// An indicator of STIX 2.1; its number is in its id and its value.
fn indicator(number: usize, mark: &str) -> Value {
    json!({
        "type": "indicator",
        "spec_version": "2.1",
        "id": format!("indicator--00000000-0000-4000-8000-{number:012}"),
        "created": "2026-01-02T03:04:05.000Z",
        "modified": "2026-01-02T03:04:05.000Z",
        "name": format!("number {number}"),
        "pattern": format!("[domain-name:value = 'f{number}.example.com']"),
        "pattern_type": "stix",
        "valid_from": "2026-01-02T03:04:05Z",
        "object_marking_refs": [mark],
    })
}

/// A home that serves tools, with an account that may everything.
fn house(world: &World, name: &str) -> (Home, String) {
    let home = world.party(name, true);
    let secret = world.write("secret", PASSWORD);
    let rights = ["--clearance", "closed", "--read", "own", "--write", "own"];
    let proof = ["--password-file", &secret];
    home.json(&[&["account", "add", "tool"], &rights[..], &proof].concat());
    (home, secret)
}

/// A request of the tool to a serving home, by curl; gives the body.
#[track_caller]
fn curl(home: &Home, serving: &Serving, path: &str, post: Option<&str>) -> Value {
    let ca = home.dir.join("taxii.crt").display().to_string();
    let url = format!("https://{}{path}", serving.taxii.as_ref().unwrap());
    let user = format!("tool:{PASSWORD}");
    let (accept, sent) = (format!("Accept: {TAXII}"), format!("Content-Type: {TAXII}"));
    let mut args = vec!["-s", "--cacert", &ca, "-u", &user, "-H", &accept];
    let data = post.map(|file| format!("@{file}"));
    if let Some(data) = &data {
        args.extend(["-H", &sent, "--data-binary", data]);
    }
    args.push(&url);
    let (good, said) = run_tool("curl").run(&args);
    assert!(good, "{said}");
    serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"))
}

/// Brings indicators of these numbers to a serving home.
#[track_caller]
fn bring(world: &World, home: &Home, serving: &Serving, objects: &[Value]) {
    let file = world.write("envelope.json", json!({ "objects": objects }).to_string());
    let status = curl(home, serving, "/own/collections/own/objects/", Some(&file));
    assert_eq!(number(&status, "success_count"), objects.len() as u64, "{status:#}");
}

fn pin(home: &Home) -> String {
    let certificate = home.dir.join("taxii.crt").display().to_string();
    let said = crate::support::openssl().accepts(&[
        "x509",
        "-in",
        &certificate,
        "-noout",
        "-fingerprint",
        "-sha256",
    ]);
    said.trim().rsplit('=').next().unwrap().to_owned()
}

/// Polls one feed; gives its report.
#[track_caller]
fn poll(home: &Home, name: &str) -> Value {
    home.json(&["feed", "poll", name])[0].clone()
}

fn counts(report: &Value) -> [u64; 4] {
    ["objects", "added", "known", "new_observables"].map(|name| number(report, name))
}

#[test]
fn a_feed_of_another_house_is_read_on_where_it_was() {
    let world = World::new();
    let (alba, secret) = house(&world, "Alba");
    let borea = world.party("Borea", true);
    let serving = alba.serve_tools(&[]);
    let many: Vec<Value> = (0..1_200).map(|n| indicator(n, CLEAR)).collect();
    bring(&world, &alba, &serving, &many);
    bring(&world, &alba, &serving, &[indicator(1_200, AMBER)]);

    let url = format!("https://{}/taxii2/", serving.taxii.as_ref().unwrap());
    let pin = pin(&alba);
    let proof = ["--user", "tool", "--password-file", &secret, "--name", "alba"];
    let add = [&["feed", "add", &url, "--pin", &pin], &proof[..]].concat();
    let added = borea.json(&add);
    assert_eq!(text(&added["feed"], "proves_itself_by"), "password");
    assert!(!added.to_string().contains(PASSWORD), "no secret is printed");
    assert_eq!(list(&added, "collections").len(), 1, "{added:#}");
    assert_eq!(counts(&poll(&borea, "alba")), [1_201, 1_201, 0, 1_201]);
    // What came stands there byte for byte, as close as it is marked, and in the own list.
    let found = borea.json(&["search", "f1200.example.com"]);
    let own = &list(&found, "own")[0];
    assert_eq!((text(own, "source"), text(own, "tlp")), ("feed:alba", "TLP:AMBER"));

    // Another process goes on where this one was, with what is new, and what came in the last
    // minutes once more.
    bring(&world, &alba, &serving, &[indicator(2_000, CLEAR)]);
    let [objects, added, known, _] = counts(&poll(&borea, "alba"));
    assert_eq!((objects, added), (known + 1, 1));
    // With new credentials or another time it is the same feed.
    assert_eq!(borea.json(&[&add[..], &["--every", "1d"]].concat())["renewed"], true);
    assert_eq!(counts(&poll(&borea, "alba"))[1], 0);
    let ca = alba.dir.join("taxii.crt").display().to_string();
    borea.json(&[&["feed", "add", &url, "--ca", &ca], &proof[..]].concat());
    assert_eq!(counts(&poll(&borea, "alba"))[1], 0);
    let listed = borea.json(&["feed", "list", "alba"]);
    assert_eq!(listed[0]["shelf"]["levels"], json!({ "clear": 1_201, "amber": 1 }), "{listed:#}");

    // The tools of the house may read it, if they are let.
    borea.fails(2, "bad_collection", &["account", "add", "x", "--read", "feed:none"]);
    borea.fails(2, "bad_collection", &["account", "add", "x", "--write", "feed:alba"]);
    borea.json(&[
        "account",
        "add",
        "tool",
        "--clearance",
        "clear",
        "--read",
        "feed:alba",
        "--password-file",
        &secret,
    ]);
    let tools = borea.serve_tools(&[]);
    let collections = curl(&borea, &tools, "/own/collections/", None);
    let collection = &list(&collections, "collections")[0];
    assert_eq!((text(collection, "alias"), &collection["can_write"]), ("feed:alba", &json!(false)));
    let page = curl(&borea, &tools, "/own/collections/feed:alba/objects/?limit=1", None);
    assert_eq!(list(&page, "objects")[0], many[0]);
    let closer =
        "/own/collections/feed:alba/objects/indicator--00000000-0000-4000-8000-000000001200/";
    assert_eq!(curl(&borea, &tools, closer, None)["error_code"], "not_found", "it is AMBER");

    // Taken away, it takes its objects along; the own list keeps what it has.
    borea.json(&["feed", "remove", "alba"]);
    borea.fails(2, "unknown", &["feed", "poll", "alba"]);
    wait_until("the collection is gone", 10, || {
        curl(&borea, &tools, "/own/collections/", None)["error_code"] == "not_found"
    });
    assert_eq!(list(&borea.json(&["search", "f1.example.com"]), "own").len(), 1);
}

#[test]
fn a_serving_node_reads_feeds_when_they_are_due_also_after_a_kill() {
    let world = World::new();
    let (alba, secret) = house(&world, "Alba");
    let borea = world.party("Borea", true);
    let serving = alba.serve_tools(&[]);
    bring(&world, &alba, &serving, &[indicator(1, CLEAR)]);
    let url = format!("https://{}/", serving.taxii.as_ref().unwrap());
    let node = borea.serve();
    borea.json(&[
        "feed",
        "add",
        &url,
        "--pin",
        &pin(&alba),
        "--name",
        "alba",
        "--every",
        "10s",
        "--user",
        "tool",
        "--password-file",
        &secret,
    ]);
    let there = |n: usize| {
        let found = borea.json(&["search", &format!("f{n}.example.com")]);
        !list(&found, "own").is_empty()
    };
    wait_until("the first poll", 20, || there(1));
    bring(&world, &alba, &serving, &[indicator(2, CLEAR)]);
    wait_until("the second poll", 30, || there(2));
    node.kill();
    bring(&world, &alba, &serving, &[indicator(3, CLEAR)]);
    let node = borea.serve();
    wait_until("a poll after the restart", 30, || there(3));
    // The server goes away: the feed waits longer each time, and says why.
    assert_eq!(serving.end(), Some(0));
    let feed = || borea.json(&["feed", "list", "alba"])[0].clone();
    wait_until("a failure", 60, || number(&feed(), "failures") > 0);
    assert_eq!(feed()["last"]["failed"]["code"], "feed_cut");
    assert_eq!(node.end(), Some(0));
}

#[test]
fn own_objects_are_added_to_another_server_up_to_a_clearance() {
    let world = World::new();
    let (alba, secret) = house(&world, "Alba");
    let (borea, _) = house(&world, "Borea");
    let (serving, sending) = (alba.serve_tools(&[]), borea.serve_tools(&[]));
    let url = format!("https://{}/own/", serving.taxii.as_ref().unwrap());
    let pin = pin(&alba);
    let proof = ["--every", "30d", "--user", "tool", "--password-file", &secret];
    let add = [&["feed", "add", &url, "--pin", &pin, "--name", "misp", "--push"], &proof[..]];
    let add = add.concat();
    borea.json(&add);
    borea.fails(2, "feed_is_pushed", &["feed", "poll", "misp"]);
    let objects = [indicator(1, CLEAR), indicator(2, AMBER), indicator(3, CLEAR)];
    bring(&world, &borea, &sending, &objects);
    let push = || counts(&borea.json(&["feed", "push", "misp"])[0]);
    assert_eq!(push(), [2, 2, 0, 0]);
    let page = curl(&alba, &serving, "/own/collections/own/objects/", None);
    assert_eq!(list(&page, "objects"), [objects[0].clone(), objects[2].clone()]);
    assert_eq!(push(), [0, 0, 0, 0], "each goes once");
    // What was passed over goes once it may.
    borea.json(&[&add[..], &["--clearance", "amber"]].concat());
    assert_eq!(push(), [3, 3, 0, 0]);
    let page = curl(&alba, &serving, "/own/collections/own/objects/", None);
    assert_eq!(list(&page, "objects").len(), 3);
    // What the other side will not have is named, and keeps nothing else back.
    let mut other = indicator(4, CLEAR);
    bring(&world, &alba, &serving, &[other.clone()]);
    other["name"] = "another".into();
    bring(&world, &borea, &sending, &[other, indicator(5, CLEAR)]);
    let reports = borea.run(&["feed", "push", "--json"]).exits(1).json();
    assert_eq!((number(&reports[0], "added"), number(&reports[0], "refused")), (1, 1));
    let kept = borea.json(&["feed", "list", "misp"]);
    let trouble = &list(&kept[0], "trouble")[0];
    assert_eq!(text(trouble, "what"), "not-taken", "{kept:#}");
    assert!(text(trouble, "id").ends_with("000000000004"), "{kept:#}");
}

/// OASIS's own server: one token for all pages, which moves on with each request.
#[test]
fn medallion_is_read_and_added_to_though_lines_are_cut() {
    let world = World::new();
    let (home, secret) = house(&world, "Alba");
    let Some(medallion) = python("medallion_serve.py") else { return };
    for (name, cut) in [("whole", None), ("cut", Some("3"))] {
        let port = free_port().to_string();
        let args: Vec<&str> = [port.as_str(), "65"].into_iter().chain(cut).collect();
        let _running = medallion.start(&args);
        let url = format!("http://127.0.0.1:{port}/");
        let proof = ["--user", "house", "--password-file", &secret];
        home.json(&[&["feed", "add", &url, "--name", name], &proof[..]].concat());
        let report = poll(&home, name);
        assert_eq!(number(&report, "added"), 65, "{report:#}");
        let again = poll(&home, name);
        assert_eq!(counts(&again)[1], 0, "{again:#}");
        if cut.is_some() {
            continue;
        }
        let serving = home.serve_tools(&[]);
        let objects: Vec<Value> = (60..160).map(|n| indicator(n, CLEAR)).collect();
        bring(&world, &home, &serving, &objects);
        home.json(&[&["feed", "add", &url, "--name", "to", "--push"], &proof[..]].concat());
        // It takes 20,000 bytes at once, and has five of these under their ids and versions.
        let pushed = home.run(&["feed", "push", "to", "--json"]).exits(1).json();
        assert_eq!((number(&pushed[0], "added"), number(&pushed[0], "refused")), (95, 5));
        assert!(number(&pushed[0], "pages") > 1, "{pushed:#}");
        assert_eq!(number(&poll(&home, name), "added"), 95);
        let shut = [&["feed", "add", &url, "--collection", "shut"], &proof[..]].concat();
        home.fails(1, "feed_forbidden", &shut);
    }
}

/// What a made-up server says to requests for objects: headers and body.
type Said = (&'static str, Vec<u8>);

fn made_up(pages: Vec<Said>) -> String {
    held_up(pages, &Arc::default())
}

/// A TAXII server with one collection, on loopback, whose pages are made up; the next one each time,
/// the last one again and again. All but the first wait for the gate.
fn held_up(pages: Vec<Said>, gate: &Arc<Mutex<()>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (asked, gate) = (Arc::new(AtomicUsize::new(0)), Arc::clone(gate));
    let pages = Arc::new(Mutex::new(pages));
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let (pages, asked) = (Arc::clone(&pages), Arc::clone(&asked));
            let gate = Arc::clone(&gate);
            std::thread::spawn(move || {
                let mut lines = BufReader::new(stream.try_clone().unwrap());
                let mut first = String::new();
                let _ = lines.read_line(&mut first);
                let mut line = String::new();
                while lines.read_line(&mut line).is_ok_and(|read| read > 2) {
                    line.clear();
                }
                let typed = "HTTP/1.1 200 OK\r\nContent-Type: application/taxii+json;version=2.1";
                let (head, body) = if first.contains("/objects/") {
                    if asked.fetch_add(1, Ordering::SeqCst) > 0 {
                        drop(gate.lock());
                    }
                    let mut pages = pages.lock().unwrap();
                    let page = if pages.len() > 1 { pages.remove(0) } else { pages[0].clone() };
                    (page.0.to_owned(), page.1)
                } else if first.contains("/collections/") {
                    let body = br#"{"collections":[{"id":"c","title":"C","can_read":true}]}"#;
                    (typed.to_owned(), body.to_vec())
                } else {
                    (typed.to_owned(), br#"{"title":"R","versions":["2.1"]}"#.to_vec())
                };
                let length = body.len();
                let _ = write!(
                    stream,
                    "{head}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
                );
                let _ = stream.write_all(&body);
                let _ = stream.shutdown(std::net::Shutdown::Write);
                let _ = stream.read(&mut [0; 1]);
            });
        }
    });
    format!("http://127.0.0.1:{port}/api/")
}

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/taxii+json;version=2.1";
const HTML: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/html";
const GZIP: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/taxii+json;version=2.1\r\n\
    Content-Encoding: gzip";

fn page(objects: &[Value], rest: &str) -> Vec<u8> {
    format!("{{{rest}\"objects\":{}}}", Value::from(objects.to_vec())).into_bytes()
}

/// A server that does anything harms no other object, and each fault has its name.
#[test]
fn servers_that_do_not_behave_are_named_and_what_came_before_is_kept() {
    let world = World::new();
    let home = world.party("Alba", false);
    let good = || page(&[indicator(1, CLEAR)], r#""more":true,"next":"a","#);
    let deep = format!("{{\"x\":{}", "[".repeat(1 << 20));
    for (name, said, exit, code) in [
        ("html", (HTML, b"<html>Log in".to_vec()), 5, "feed_media_type"),
        ("gzip", (GZIP, vec![0x1f, 0x8b, 8, 0]), 5, "feed_encoded"),
        ("utf-8", (OK, b"{\"objects\":[\"\xff\"]}".to_vec()), 5, "feed_malformed"),
        ("half", (OK, b"{\"objects\":[{".to_vec()), 5, "feed_malformed"),
        ("levels", (OK, deep.into_bytes()), 5, "feed_malformed"),
        ("circle", (OK, good()), 5, "feed_circle"),
        ("stuck", (OK, b"{\"more\":true,\"objects\":[{}]}".to_vec()), 5, "feed_stuck"),
        ("ranges", ("HTTP/1.1 416 Range Not Satisfiable", Vec::new()), 5, "feed_ranges"),
        ("gone", ("HTTP/1.1 401 Unauthorized", Vec::new()), 1, "feed_unauthenticated"),
        (
            "away",
            ("HTTP/1.1 302 Found\r\nLocation: https://evil.example/", Vec::new()),
            5,
            "feed_redirect",
        ),
    ] {
        let url = made_up(vec![(OK, good()), said]);
        home.json(&["feed", "add", &url, "--name", name]);
        let reports = home.run(&["feed", "poll", name, "--json"]).exits(exit).json();
        let report = &reports[0];
        assert_eq!(report["failed"]["code"], code, "{report:#}");
        assert!(number(report, "added") == 1, "the page before is kept: {report:#}");
        assert!(!text(&report["failed"], "remedy").is_empty());
        let kept = home.json(&["feed", "list", name]);
        assert_eq!(number(&kept[0], "failures"), 1);
    }
}

/// The colours under which the own list holds an indicator.
#[track_caller]
fn colours(home: &Home, number: usize) -> Vec<String> {
    let found = home.json(&["search", &format!("f{number}.example.com")]);
    list(&found, "own").iter().map(|own| text(own, "tlp").to_owned()).collect()
}

#[test]
fn a_poll_brings_nothing_for_a_feed_that_was_removed_or_added_anew() {
    let world = World::new();
    let home = world.party("Alba", true);
    let node = home.serve();
    let more = r#""more":true,"next":"a","#;
    let two = |n: usize| {
        let first = page(&[indicator(n, CLEAR)], more);
        vec![(OK, first), (OK, page(&[indicator(n + 1, CLEAR)], ""))]
    };
    let gate = Arc::new(Mutex::new(()));
    let there = |n: usize| !colours(&home, n).is_empty();

    let shut = gate.lock().unwrap();
    home.json(&["feed", "add", &held_up(two(1), &gate), "--name", "one", "--every", "1d"]);
    wait_until("the first page", 20, || there(1));
    // It is at work: with others asked for, that holds up none of them.
    let quiet = made_up(vec![(OK, page(&[], ""))]);
    home.json(&["feed", "add", &quiet, "--name", "two", "--every", "1d"]);
    let reports = home.run(&["feed", "poll", "--json"]).exits(1).json();
    assert_eq!(reports[0]["failed"]["code"], "feed_busy", "{reports:#}");
    assert!(reports[1]["failed"].is_null(), "{reports:#}");
    home.json(&["feed", "remove", "one"]);
    let other = made_up(vec![(OK, page(&[indicator(9, CLEAR)], ""))]);
    home.json(&["feed", "add", &other, "--name", "one", "--every", "1d"]);
    drop(shut);
    // A feed is polled once at a time: the poll before has ended by then.
    wait_until("the other server's page", 40, || there(9));
    assert!(!there(2), "it came after the removal");
    let listed = home.json(&["feed", "list", "one"]);
    assert_eq!(number(&listed[0]["shelf"], "objects"), 1, "{listed:#}");

    let shut = gate.lock().unwrap();
    let url = held_up(two(11), &gate);
    home.json(&["feed", "add", &url, "--name", "red", "--every", "1d"]);
    wait_until("the first page", 20, || there(11));
    home.json(&["feed", "add", &url, "--name", "red", "--every", "1d", "--at-least", "red"]);
    drop(shut);
    wait_until("the second page", 40, || there(12));
    assert_eq!(colours(&home, 12), ["TLP:RED"]);
    assert_eq!(node.end(), Some(0));
}

#[test]
fn what_lies_closer_is_not_opened_by_other_terms() {
    let world = World::new();
    let home = world.party("Alba", false);
    let mut bare = indicator(1, CLEAR);
    bare.as_object_mut().unwrap().remove("object_marking_refs");
    let turned: Vec<(String, Value)> =
        bare.as_object().unwrap().iter().rev().map(|(k, v)| (k.clone(), v.clone())).collect();
    let turned = turned.iter().map(|(k, v)| format!("{k:?}:{v}")).collect::<Vec<_>>().join(",");
    let turned = format!("{{\"objects\":[{{{turned}}}]}}").into_bytes();
    let url = made_up(vec![(OK, page(&[bare.clone()], "")), (OK, page(&[bare], "")), (OK, turned)]);
    let add = ["feed", "add", &url, "--name", "f"];
    home.json(&add);
    assert_eq!(number(&poll(&home, "f"), "added"), 1);
    assert_eq!(colours(&home, 1), ["TLP:RED"]);
    home.json(&[&add[..], &["--unmarked", "clear"]].concat());
    for _ in 0..2 {
        assert_eq!(number(&poll(&home, "f"), "known"), 1);
        assert_eq!(colours(&home, 1), ["TLP:RED"]);
    }
}

#[test]
fn a_feed_takes_no_more_room_than_it_may() {
    let world = World::new();
    let home = world.party("Alba", false);
    let all: Vec<Value> = (0..5).map(|n| indicator(n, CLEAR)).collect();
    let url = made_up(vec![(OK, page(&all[..2], "")), (OK, page(&all, ""))]);
    home.json(&["feed", "add", &url, "--name", "f", "--max-bytes", "3000"]);
    assert_eq!(number(&poll(&home, "f"), "added"), 2);
    let reports = home.run(&["feed", "poll", "--json"]).exits(1).json();
    assert_eq!(reports[0]["failed"]["code"], "feed_full", "{reports:#}");
    assert_eq!(number(&reports[0], "added"), 0);
    home.json(&["feed", "add", &url, "--name", "f"]);
    assert_eq!(number(&poll(&home, "f"), "added"), 3, "nothing was passed over");
}

#[test]
fn objects_that_can_not_be_kept_are_named_and_the_others_are() {
    let world = World::new();
    let home = world.party("Alba", false);
    let mut other = indicator(1, CLEAR);
    other["name"] = "another".into();
    let mut turned: Vec<(String, Value)> = Vec::new();
    for (key, value) in indicator(2, CLEAR).as_object().unwrap().iter().rev() {
        turned.push((key.clone(), value.clone()));
    }
    let turned: serde_json::Map<String, Value> = turned.into_iter().collect();
    let levels = format!("{{\"type\":\"x\",\"id\":\"x\",\"a\":{}", "[".repeat(1 << 20));
    let levels = format!("{levels}{}}}", "]".repeat(1 << 20));
    let huge = format!("[1e999999999,{}]", "9".repeat(1 << 16));
    let mut body = page(&[indicator(1, CLEAR), indicator(2, CLEAR)], r#""more":true,"next":"a","#);
    let more = page(&[other, Value::Object(turned), indicator(3, "marking--x")], "");
    let cut = more.len() - 2;
    let more = [&more[..cut], format!(",{levels},{huge},7]}}").as_bytes()].concat();
    body.push(b'\n');
    let url = made_up(vec![(OK, body), (OK, more)]);
    home.json(&["feed", "add", &url, "--name", "odd", "--at-least", "amber"]);
    let reports = home.run(&["feed", "poll", "--json"]).exits(1).json();
    let report = &reports[0];
    assert!(report["failed"].is_null(), "{report:#}");
    let found = ["objects", "added", "known", "differing", "refused"].map(|n| number(report, n));
    // Another spelling of the same is the same.
    assert_eq!(found, [8, 2, 1, 1, 4], "{report:#}");
    let kept = home.json(&["feed", "list", "odd"]);
    let what: Vec<&str> = list(&kept[0], "trouble").iter().map(|one| text(one, "what")).collect();
    assert_eq!(what.iter().filter(|what| **what == "differs").count(), 1, "{kept:#}");
    let own = home.json(&["search", "f1.example.com"]);
    assert_eq!(text(&list(&own, "own")[0], "tlp"), "TLP:AMBER", "as close as was asked for");
}

#[test]
fn what_can_not_be_a_feed_is_refused_with_a_reason() {
    let world = World::new();
    let (alba, secret) = house(&world, "Alba");
    let home = world.party("Borea", false);
    let serving = alba.serve_tools(&[]);
    let url = format!("https://{}/", serving.taxii.as_ref().unwrap());
    let pin = pin(&alba);
    let wrong = world.write("wrong", "not the password");
    let proof = ["--user", "tool", "--password-file", &secret];
    let add = |exit, code: &str, args: &[&str]| {
        let failure = home.fails(exit, code, &[&["feed", "add"], args].concat());
        assert!(!text(&failure, "remedy").is_empty(), "{failure:#}");
    };
    add(2, "feed_address", &["http://taxii.example/"]);
    add(2, "feed_address", &["https://user:secret@taxii.example/"]);
    add(2, "bad_pin", &[&url, "--pin", "00"]);
    add(2, "bad_time", &[&url, "--every", "1s"]);
    add(2, "bad_tlp", &[&url, "--at-least", "blue"]);
    add(2, "bad_feed_name", &[&url, "--name", "a b"]);
    add(1, "feed_untrusted", &[&url, "--pin", &"0".repeat(64)]);
    add(3, "feed_certificate", &[&url, "--ca", &secret]);
    let pinned = [&url, "--pin", &pin];
    add(1, "feed_unauthenticated", &pinned);
    add(
        1,
        "feed_unauthenticated",
        &[&pinned[..], &["--user", "tool", "--password-file", &wrong]].concat(),
    );
    let known = [&pinned[..], &proof].concat();
    add(2, "feed_unknown_collection", &[&known[..], &["--collection", "none"]].concat());
    add(4, "feed_cut", &["http://127.0.0.1:1/"]);
    home.json(&[&["feed", "add"], &known[..], &["--name", "alba"]].concat());
    let other = [&["feed", "add"], &known[..], &["--name", "alba", "--push"]].concat();
    home.fails(1, "feed_exists", &other);
    home.fails(2, "unknown", &["feed", "remove", "none"]);
    home.fails(2, "feed_is_read", &["feed", "push", "alba"]);
    let files = home.files();
    let holding = files
        .iter()
        .filter(|(_, bytes)| bytes.windows(PASSWORD.len()).any(|part| part == PASSWORD.as_bytes()));
    for (path, _) in holding {
        use std::os::unix::fs::PermissionsExt as _;
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        assert!(name.starts_with("shelf.db"), "{name}");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o077, 0, "{name}");
    }
}
