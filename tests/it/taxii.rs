//! Tools of the house: accounts, and the TAXII server as PyPI `taxii2-client` uses it.

use serde_json::{Value, json};

use crate::support::{
    Home, Pair, Serving, World, delete, get, list, misp, number, post, python, stix, text,
};

const PASSWORD: &str = "correct horse battery";
const TLP: [(&str, &str); 5] = [
    ("clear", "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487"),
    ("green", "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"),
    ("amber", "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421"),
    ("amber+strict", "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003"),
    ("red", "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1"),
];

/// An indicator of STIX 2.1; its number is its id and its name.
fn indicator(number: usize, marks: &[&str]) -> Value {
    json!({
        "type": "indicator",
        "spec_version": "2.1",
        "id": format!("indicator--00000000-0000-4000-8000-{number:012}"),
        "created": "2026-01-02T03:04:05.000Z",
        "modified": "2026-01-02T03:04:05.000Z",
        "name": format!("number {number}"),
        "x_kept": {"as": ["it", "came", 1.0e2]},
        "pattern": format!("[domain-name:value = 'n{number}.example.com']"),
        "pattern_type": "stix",
        "valid_from": "2026-01-02T03:04:05Z",
        "object_marking_refs": marks,
    })
}

/// A home with an account that writes and sees everything, and one of a clearance for each colour.
fn house(world: &World) -> Home {
    let home = world.party("Alba", true);
    let file = world.write("password", PASSWORD);
    let secret = ["--password-file", &file];
    let add = |name: &str, more: &[&str]| {
        home.json(&[&["account", "add", name], more, &secret].concat());
    };
    add("feeder", &["--clearance", "closed", "--read", "own", "--write", "own"]);
    for (colour, _) in TLP {
        add(&format!("sees-{colour}").replace('+', "-"), &["--clearance", colour]);
    }
    home
}

fn discovery(serving: &Serving) -> String {
    format!("https://{}/taxii2/", serving.taxii.as_ref().unwrap())
}

/// Runs the foreign client as one account.
#[track_caller]
fn client(
    home: &Home,
    serving: &Serving,
    verb: &str,
    account: &str,
    more: &[&str],
) -> Option<Value> {
    let url = discovery(serving);
    let ca = home.dir.join("taxii.crt").display().to_string();
    let said =
        python("taxii_check.py")?.accepts(&[&[verb, &url, &ca, account, PASSWORD], more].concat());
    Some(serde_json::from_str(said.lines().last().unwrap()).unwrap())
}

#[test]
fn each_account_sees_what_markings_allow_and_byte_for_byte() {
    let world = World::new();
    let home = house(&world);
    let serving = home.serve_tools(&[]);
    let mut objects: Vec<Value> =
        TLP.iter().enumerate().map(|(n, (_, mark))| indicator(n, &[mark])).collect();
    objects.push(indicator(5, &["marking-definition--00000000-0000-4000-8000-000000000000"]));
    objects.push(indicator(6, &[TLP[1].1, TLP[2].1]));
    objects.push(indicator(7, &[]));
    let mut parts = indicator(8, &[TLP[0].1]);
    parts["granular_markings"] = json!([{"marking_ref": TLP[2].1, "selectors": ["name"]}]);
    objects.push(parts);
    let file = world.write("objects.json", Value::from(objects.clone()).to_string());
    let Some(pushed) = client(&home, &serving, "push", "feeder", &[&file]) else { return };
    assert_eq!(list(&pushed, "successes").len(), 9, "{pushed:#}");

    let seen = |account: &str| -> Vec<Value> {
        let read = client(&home, &serving, "read", account, &["2"]).unwrap();
        list(&read, "objects").to_vec()
    };
    let numbers = |all: &[Value]| -> Vec<String> {
        all.iter().map(|one| text(one, "name").replace("number ", "")).collect()
    };
    let all = seen("feeder");
    assert_eq!(all, objects, "as they came, custom properties too");
    assert_eq!(numbers(&seen("sees-clear")), ["0"]);
    assert_eq!(numbers(&seen("sees-green")), ["0", "1"]);
    assert_eq!(numbers(&seen("sees-amber")), ["0", "1", "2", "8"], "parts close the whole");
    assert_eq!(numbers(&seen("sees-amber-strict")), ["0", "1", "2", "3", "8"]);
    // Unmarked counts as RED; unknown and contradictory markings are closed.
    assert_eq!(numbers(&seen("sees-red")), ["0", "1", "2", "3", "4", "7", "8"]);

    // The same again is known; other bytes under the same id and version stay out.
    let mut other = objects.clone();
    other[0]["name"] = "another".into();
    let file = world.write("other.json", Value::from(other).to_string());
    let pushed = client(&home, &serving, "push", "feeder", &[&file]).unwrap();
    assert_eq!(list(&pushed, "failures").len(), 1, "{pushed:#}");
    assert_eq!(seen("feeder"), objects);

    // What came enters the own list.
    let found = home.json(&["search", "n1.example.com"]);
    assert_eq!(text(&list(&found, "own")[0], "source"), "taxii:feeder");
    // At least as close there as on the shelf.
    let marked = |name: &str| {
        let found = home.json(&["search", &format!("{name}.example.com")]);
        let own = list(&found, "own")[0].clone();
        (own["tlp"].clone(), own["closed"].clone())
    };
    assert_eq!(marked("n1"), (json!("TLP:GREEN"), json!(false)));
    assert_eq!(marked("n7"), (json!("TLP:RED"), json!(false)), "unmarked");
    assert_eq!(marked("n8"), (json!("TLP:AMBER"), json!(false)), "its parts");
    assert_eq!(marked("n5").1, json!(true), "not understood");
    assert_eq!(marked("n6").1, json!(true), "contradictory");
    let audit = std::fs::read_to_string(home.dir.join("taxii-audit.ndjson")).unwrap();
    let lines: Vec<Value> = audit.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let read: u64 = lines
        .iter()
        .filter(|line| line["account"] == "sees-green" && line["deed"] == "read")
        .map(|line| number(line, "objects"))
        .sum();
    assert!(read >= 2, "{audit}");
}

#[test]
fn what_no_client_should_send_is_a_taxii_error() {
    let world = World::new();
    let home = house(&world);
    let mut serving = home.serve_tools(&[]);
    let Some(found) = client(&home, &serving, "probe", "feeder", &[]) else { return };
    for (what, status, code) in [
        ("nobody", 401, "unauthenticated"),
        ("wrong password", 401, "unauthenticated"),
        ("unknown account", 401, "unauthenticated"),
        ("accept", 406, "accept"),
        ("root", 404, "not_found"),
        ("collection", 404, "not_found"),
        ("object", 404, "not_found"),
        ("method", 405, "method"),
        ("delete all", 405, "method"),
        ("limit", 400, "bad_query"),
        ("next", 400, "bad_query"),
        ("unknown match", 400, "bad_query"),
        ("media type", 415, "content_type"),
        ("no json", 422, "bad_envelope"),
        ("utf-8", 422, "bad_envelope"),
        ("gzip", 415, "content_encoding"),
        ("large", 413, "body_too_large"),
    ] {
        assert_eq!(found[what], json!([status, code]), "{what}: {found:#}");
    }
    assert_eq!(found["match"], json!([200, null]), "an id that nobody has: {found:#}");
    assert_eq!(found["nested"][0], 202, "each object is refused alone: {found:#}");
    assert!(serving.lives());
    let audit = std::fs::read_to_string(home.dir.join("taxii-audit.ndjson")).unwrap();
    let line =
        "\"status\":404,\"refused\":\"not_found\",\"asked\":\"GET /own/collections/nothing/\"";
    assert!(audit.contains(line), "{audit}");
    // What `account collections` says is where clients find it.
    let offers = home.json(&["account", "collections"]);
    let own = offers.as_array().unwrap().iter().find(|one| one["key"] == "own").unwrap();
    assert!(text(own, "path").starts_with("/own/collections/"), "{own:#}");
}

#[test]
fn accounts_prove_themselves_and_end_at_once() {
    let world = World::new();
    let home = house(&world);
    home.fails(2, "bad_account_name", &["account", "add", "a b"]);
    home.fails(2, "bad_tlp", &["account", "add", "x", "--clearance", "blue"]);
    let short = world.write("short", "short");
    home.fails(2, "bad_password", &["account", "add", "x", "--password-file", &short]);
    home.fails(2, "bad_collection", &["account", "add", "x", "--read", "nowhere"]);
    let made = home.json(&["account", "add", "tool"]);
    assert!(made["replaced"].is_null());
    let first = text(&made, "token").to_owned();
    let made = home.json(&["account", "add", "tool"]);
    assert_eq!(made["replaced"], true);
    assert_ne!(text(&made, "token"), first);
    assert!(text(&made, "token").starts_with("dt_"));
    let all = home.json(&["account", "list"]);
    let tool = all.as_array().unwrap().iter().find(|one| one["name"] == "tool").unwrap();
    assert_eq!(tool["proves_itself_by"], "token");
    assert!(tool["token"].is_null(), "shown once: {tool:#}");

    let serving = home.serve_tools(&[]);
    let url = discovery(&serving);
    let ca = home.dir.join("taxii.crt").display().to_string();
    let curl = |more: &[&str]| -> u64 {
        let fixed = ["-s", "-o", "/dev/null", "-w", "%{http_code}", "--cacert", &ca];
        let (_, said) = crate::support::run_tool("curl").run(&[&fixed, more, &[&url]].concat());
        said.trim().parse().unwrap_or_else(|_| panic!("curl: {said}"))
    };
    let bearer = format!("Authorization: Bearer {}", text(&made, "token"));
    assert_eq!(curl(&["-H", &bearer]), 200);
    assert_eq!(curl(&["-H", "Authorization: Bearer dt_wrong"]), 401);
    home.json(&["account", "remove", "tool"]);
    assert_eq!(curl(&["-H", &bearer]), 401, "at once, while it serves");

    // A certificate of the tool's own, which nobody signed but itself.
    let (key, certificate) = (world.path("tool.key"), world.path("tool.crt"));
    let (key, certificate) = (key.display().to_string(), certificate.display().to_string());
    crate::support::openssl().accepts(&[
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-keyout",
        &key,
        "-out",
        &certificate,
        "-subj",
        "/CN=tool",
        "-days",
        "2",
    ]);
    let shown = ["--cert", certificate.as_str(), "--key", &key];
    assert_eq!(curl(&shown), 401);
    home.json(&["account", "add", "tool", "--certificate", &certificate]);
    assert_eq!(curl(&shown), 200);
}

#[test]
fn the_own_list_is_read_back_as_far_as_markings_allow() {
    let world = World::new();
    let home = house(&world);
    let file = world.write("password", PASSWORD);
    let secret = ["--password-file", file.as_str()];
    for (name, clearance) in [("low", "green"), ("all", "closed")] {
        let args = ["account", "add", name, "--clearance", clearance, "--read", "indicators"];
        home.json(&[&args, &secret[..]].concat());
    }
    home.fails(2, "bad_collection", &["account", "add", "w", "--write", "indicators"]);
    for (colour, _) in TLP {
        let file = world.write(
            &format!("{colour}.txt"),
            format!("is-{}.example.com\n", colour.replace('+', "-")),
        );
        home.import(&[&file, "--tlp", colour]);
    }
    let file = world.write("table.csv", "value,tlp\n45.1.2.3,tlp:green\n45.1.2.4,tlp:purple\n");
    home.import(&[&file]);
    let event = misp("green", &[("url", "http://bad.example.net/a"), ("email-src", "a@b.example")]);
    let file = world.write("event.json", event);
    home.import(&[&file]);
    let serving = home.serve_tools(&[]);
    let seen = |account: &str| -> Option<Vec<String>> {
        let read = client(&home, &serving, "read", account, &["3"])?;
        let all = list(&read, "objects").iter();
        let mut names: Vec<String> = all
            .filter(|one| one["type"] == "indicator")
            .map(|one| text(one, "pattern").split('\'').nth(1).unwrap().to_owned())
            .collect();
        names.sort();
        Some(names)
    };
    let Some(low) = seen("low") else { return };
    let open = [
        "45.1.2.3",
        "a@b.example",
        "http://bad.example.net/a",
        "is-clear.example.com",
        "is-green.example.com",
    ];
    assert_eq!(low, open);
    assert_eq!(seen("all").unwrap().len(), 9);
    // What is imported while the node serves is there with the next request.
    let file = world.write("more.txt", "more.example.com\n");
    home.import(&[&file, "--tlp", "green"]);
    assert_eq!(seen("low").unwrap().len(), 6);
    // Its source marks it more closely: nobody reads on what it said before.
    let other = misp("red", &[("url", "http://bad.example.net/a"), ("email-src", "a@b.example")]);
    let file = world.write("event.json", other);
    crate::support::pause(1_100);
    home.import(&[&file]);
    assert_eq!(seen("low").unwrap().len(), 4);
    assert_eq!(seen("all").unwrap().len(), 10);
    serving.end();
}

/// The indicators that an account reads in its one collection: value, revoked, in order of value.
#[track_caller]
fn indicators(home: &Home, serving: &Serving, account: &str) -> Option<Vec<(String, bool)>> {
    let read = client(home, serving, "read", account, &["2"])?;
    let all = list(&read, "objects").iter().filter(|one| one["type"] == "indicator");
    let mut found: Vec<(String, bool)> = all
        .map(|one| {
            let value = text(one, "pattern").split('\'').nth(1).unwrap().to_owned();
            (value, one["revoked"] == true)
        })
        .collect();
    found.sort();
    Some(found)
}

fn live(values: &[&str]) -> Vec<(String, bool)> {
    values.iter().map(|value| ((*value).to_owned(), false)).collect()
}

#[test]
fn what_an_accord_lets_go_is_read_on_both_sides_and_the_read_is_on_record() {
    let pair = Pair::met(true, true);
    let file = pair.world.write("password", PASSWORD);
    let secret = ["--password-file", file.as_str()];
    let (at_a, at_b) = (pair.a.serve_tools(&[]), pair.b.serve_tools(&[]));
    pair.agree(|text| text.replace("only = \"matched\"", "only = \"any\""));
    let add = |home: &Home, name: &str, clearance: &str, collection: &str| {
        let args = ["account", "add", name, "--clearance", clearance, "--read", collection];
        home.json(&[&args, &secret[..]].concat());
    };
    add(&pair.a, "outbox", "amber", "releasable/alba-borea/Borea");
    add(&pair.b, "inbox", "red", "received/alba-borea/alba");
    add(&pair.b, "inbox-green", "green", "received/alba-borea/alba");
    pair.b.fails(2, "bad_collection", &["account", "add", "x", "--read", "received/other/Alba"]);
    pair.b.run(&["account", "collections"]).exits(0).says("Received from Alba under alba-borea");
    let rows: &[(&str, &str, &[&str])] = &[
        ("one.example.com", "green", &[]),
        ("two.example.com", "green", &[]),
        ("red.example.com", "red", &[]),
    ];
    pair.a.import(&[&pair.world.write("a.json", stix(rows)), "--source", "desk"]);
    let Some(none) = indicators(&pair.b, &at_b, "inbox") else { return };
    assert_eq!(none, []);

    // To read is to release: what the gate lets go is recorded, delivered and then shown.
    let both = live(&["one.example.com", "two.example.com"]);
    assert_eq!(indicators(&pair.a, &at_a, "outbox").unwrap(), both, "{}", at_a.log());
    let history = pair.a.json(&["accord", "history", "alba-borea"]);
    let releases = || {
        let history = pair.a.json(&["accord", "history", "alba-borea"]);
        history.as_array().unwrap().iter().filter(|one| one["kind"] == "release").count()
    };
    assert_eq!(releases(), 1, "{history:#}");
    assert_eq!(indicators(&pair.b, &at_b, "inbox").unwrap(), both);
    assert_eq!(indicators(&pair.b, &at_b, "inbox-green").unwrap(), both);
    // Read again, nothing is released again.
    assert_eq!(indicators(&pair.a, &at_a, "outbox").unwrap(), both);
    assert_eq!(releases(), 1);

    // Taken back: revoked on both sides. Marked more closely: gone for whom it is not for any more.
    let retract = ["retract", "alba-borea", "last", "--object"];
    pair.a.json(&[&retract[..], &["one.example.com", "--reason", "false-positive"]].concat());
    let narrow = ["two.example.com", "--reason", "marking-changed", "--tlp", "amber+strict"];
    pair.a.json(&[&retract[..], &narrow].concat());
    pair.b.json(&["sync"]);
    let gone = [("one.example.com".to_owned(), true), ("two.example.com".to_owned(), false)];
    assert_eq!(indicators(&pair.b, &at_b, "inbox").unwrap(), gone);
    assert_eq!(indicators(&pair.b, &at_b, "inbox-green").unwrap(), gone[..1]);
    assert_eq!(indicators(&pair.a, &at_a, "outbox").unwrap(), gone[..1]);
    drop((at_a, at_b));
    pair.sound("collections");
}

/// Plain HTTP is for a proxy on the same machine: on loopback it is spoken, elsewhere refused.
#[test]
fn plain_http_is_spoken_on_loopback_alone() {
    let world = World::new();
    let home = world.party("Alba", false);
    let made = home.json(&["account", "add", "proxy"]);
    let serving = home.serve_tools(&["--taxii-plain"]);
    let address = serving.taxii.clone().unwrap();
    let answer = get(&address, "/taxii2/", text(&made, "token"));
    assert!(answer.contains("api_roots") && answer.contains("/own/"), "{answer}");
    assert!(get(&address, "/taxii2/", "dt_wrong").contains("\"http_status\":\"401\""));
    serving.end();
    let open = ["serve", "--taxii", "0.0.0.0:0", "--taxii-plain"];
    let refused = home.run(&open).exits(3);
    assert!(refused.err.contains("loopback"), "{refused}");
}

/// Whatever a source says when, nobody reads on what it has marked more closely since: not in an
/// older version, not in the same second, not where STIX can't say the new words.
#[test]
fn no_version_of_what_was_narrowed_stays() {
    let world = World::new();
    let home = world.party("Alba", false);
    let add = |name: &str, clearance: &str| {
        let args = ["account", "add", name, "--clearance", clearance, "--read", "indicators"];
        text(&home.json(&args), "token").to_owned()
    };
    let (low, all) = (add("low", "clear"), add("all", "closed"));
    let serving = home.serve_tools(&["--taxii-plain"]);
    let address = serving.taxii.clone().unwrap();
    let objects = "/own/collections/indicators/objects/";
    let sees = |token: &str, value: &str| {
        ["", "?match[version]=all", "?match[version]=first"]
            .map(|query| get(&address, &format!("{objects}{query}"), token).contains(value))
    };
    let say = |name: &str, tlp: &str, more: &str| {
        let rows = format!("value,comment,valid_from,valid_until\n{name},{tlp} words,{more}\n");
        let file = world.write(&format!("{name}.csv"), rows);
        home.import(&[&file, "--tlp", tlp]);
    };
    // One import right after the other, the view read between them.
    say("same.example.com", "clear", ",");
    assert_eq!(sees(&low, "same.example.com"), [true; 3]);
    say("same.example.com", "red", ",");
    assert_eq!(sees(&low, "same.example.com"), [false; 3]);
    assert_eq!(sees(&all, "same.example.com"), [true; 3]);
    // What was once red is not opened by what is said after it, nor by what was said before.
    say("same.example.com", "clear", ",");
    assert_eq!(sees(&low, "same.example.com"), [false; 3]);
    let (_, csv) = {
        let path = world.path("out.csv").display().to_string();
        let args = ["export", "--format", "csv", "--tlp", "clear", "--out", &path];
        (home.json(&args), std::fs::read_to_string(&path).unwrap())
    };
    assert!(!csv.contains("same.example.com"), "{csv}");
    // The new words can't be said in STIX: they end before they begin.
    say("odd.example.com", "clear", ",");
    assert_eq!(sees(&low, "odd.example.com"), [true; 3]);
    say("odd.example.com", "red", "2026-02-01,2026-01-01");
    assert_eq!(sees(&low, "odd.example.com"), [false; 3]);
    // Its source may not be named any more: the object has another id.
    let event = |colour: &str, tag: &str| {
        let event = misp(colour, &[("domain", "hidden.example.com")]);
        event.replacen("{\"name\":\"tlp:", &format!("{tag}{{\"name\":\"tlp:"), 1)
    };
    let file = world.write("event.json", event("clear", ""));
    home.import(&[&file]);
    assert_eq!(sees(&low, "hidden.example.com"), [true; 3]);
    let file = world.write("event.json", event("red", "{\"name\":\"tlp:ex:chr\"},"));
    home.import(&[&file]);
    assert_eq!(sees(&low, "hidden.example.com"), [false; 3]);
    assert_eq!(sees(&all, "hidden.example.com"), [true; 3]);
    serving.end();
}

/// Whoever reads an indicator finds the definitions of its markings, and whoever takes it in again
/// holds it as closely.
#[test]
fn markings_are_as_close_where_the_view_is_read() {
    let world = World::new();
    let home = world.party("Alba", false);
    let add = |clearance: &str| {
        let name = format!("sees-{clearance}");
        let args = ["account", "add", &name, "--clearance", clearance, "--read", "indicators"];
        (clearance.to_owned(), text(&home.json(&args), "token").to_owned())
    };
    let accounts = ["green", "amber", "red", "closed"].map(add);
    let serving = home.serve_tools(&["--taxii-plain"]);
    let address = serving.taxii.clone().unwrap();
    let read = |token: &str| -> Vec<Value> {
        let answer = get(&address, "/own/collections/indicators/objects/", token);
        let read: Value = serde_json::from_str(&answer).unwrap();
        read["objects"].as_array().cloned().unwrap_or_default()
    };
    // The closer object first: its definitions come before those of the more open one.
    for (number, marks) in [(1, &[1, 2][..]), (2, &[2]), (3, &[4]), (4, &[1])] {
        let marks: Vec<&str> = marks.iter().map(|at| TLP[*at].1).collect();
        let bundle = json!({"type": "bundle", "id": "bundle--00000000-0000-4000-8000-000000000009",
            "objects": [indicator(number, &marks)]});
        let file = world.write("one.json", bundle.to_string());
        home.import(&[&file]);
        for (_, token) in &accounts {
            read(token);
        }
    }
    for ((clearance, token), count) in accounts.iter().zip([1, 2, 3, 4]) {
        let objects = read(token);
        let ids: Vec<&str> = objects.iter().map(|object| text(object, "id")).collect();
        let indicators = objects.iter().filter(|object| object["type"] == "indicator");
        assert_eq!(indicators.count(), count, "{clearance}: {ids:#?}");
        let mut refs = Vec::new();
        for object in &objects {
            refs.extend(object["object_marking_refs"].as_array().into_iter().flatten());
            refs.extend(object.get("created_by_ref"));
        }
        for id in refs {
            assert!(ids.contains(&id.as_str().unwrap()), "{clearance}: no {id} in {ids:#?}");
        }
    }
    // What contradicts itself here does so at whoever reads it.
    let (_, token) = &accounts[3];
    let bundle = json!({"type": "bundle", "id": "bundle--00000000-0000-4000-8000-000000000009",
        "objects": read(token)});
    let other = world.party("Borea", false);
    let file = world.write("read.json", bundle.to_string());
    other.import(&[&file]);
    let found = other.json(&["search", "n1.example.com"]);
    assert_eq!(list(&found, "own")[0]["closed"], true, "{found:#}");
    let found = other.json(&["search", "n2.example.com"]);
    assert_eq!(list(&found, "own")[0]["closed"], false, "{found:#}");
    serving.end();
}

/// What a tool was told is taken is in the own list, whatever becomes of the server: it is searched
/// at once, after a power cut, and by each account that brought it.
#[test]
fn what_tools_bring_is_in_the_list_though_the_server_dies() {
    let world = World::new();
    let home = world.party("Alba", false);
    let add = |name: &str| {
        let args =
            ["account", "add", name, "--clearance", "closed", "--read", "own", "--write", "own"];
        text(&home.json(&args), "token").to_owned()
    };
    let (one, two) = (add("one"), add("two"));
    let objects = "/own/collections/own/objects/";
    let envelope = |numbers: std::ops::Range<usize>| {
        let all: Vec<Value> = numbers.map(|n| indicator(n, &[TLP[1].1])).collect();
        json!({"objects": all}).to_string()
    };
    let sources = |n: usize| -> Vec<String> {
        let found = home.json(&["search", &format!("n{n}.example.com")]);
        list(&found, "own").iter().map(|own| text(own, "source").to_owned()).collect()
    };
    for round in 0..3 {
        let serving = home.serve_tools(&["--taxii-plain"]);
        let address = serving.taxii.clone().unwrap();
        let (first, end) = (round * 500, (round + 1) * 500);
        let said = post(&address, objects, &one, &envelope(first..end));
        assert!(said.contains("\"success_count\":500"), "{said}");
        // Asked at once, it is there.
        if round == 1 {
            assert_eq!(sources(end - 1), ["taxii:one"]);
        }
        let said = post(&address, objects, &two, &envelope(first..first + 1));
        assert!(said.contains("it was here already"), "{said}");
        serving.kill();
        assert_eq!(sources(first), ["taxii:one", "taxii:two"]);
        assert_eq!(sources(end - 1), ["taxii:one"]);
    }
    // Taken from the shelf at once, it was said all the same.
    let serving = home.serve_tools(&["--taxii-plain"]);
    let address = serving.taxii.clone().unwrap();
    post(&address, objects, &one, &envelope(9_000..9_001));
    let id = text(&indicator(9_000, &[]), "id").to_owned();
    let gone = delete(&address, &format!("{objects}{id}/"), &one);
    assert!(!gone.contains("http_status"), "{gone}");
    assert_eq!(sources(9_000), ["taxii:one"]);
    // What it is worth as STIX is told when it is asked.
    let checked = home.json(&["account", "check"]);
    assert_eq!((&checked["objects"], &checked["must"]), (&json!(1_500), &json!(0)), "{checked:#}");
    let mut bad = indicator(9_001, &[TLP[1].1]);
    bad["confidence"] = 101.into();
    post(&address, objects, &one, &json!({"objects": [bad]}).to_string());
    let checked = home.run(&["--json", "account", "check", "own"]).exits(1);
    let checked: Value = serde_json::from_str(&checked.out).unwrap();
    assert_eq!(checked["must"], 1, "{checked:#}");
    assert_eq!(list(&checked, "remarks")[0]["path"], "confidence", "{checked:#}");
    home.run(&["account", "check", "nowhere"]).exits(2);
    serving.end();
    let counted = home.json(&["count"]);
    assert_eq!(counted["kinds"], json!([["domain", 1_502, 1_505]]), "{counted}");
}

/// What a sensor saw is held against the patterns that tools brought, several observations together.
#[test]
fn observed_data_are_held_against_patterns() {
    let world = World::new();
    let home = world.party("Alba", false);
    let id = |kind: &str, n: usize| format!("{kind}--00000000-0000-4000-8000-{n:012}");
    let with = |n: usize, pattern: &str| {
        let mut one = indicator(n, &[TLP[1].1]);
        one["pattern"] = pattern.into();
        one
    };
    let mut taken_back = with(5, "[ipv4-addr:value = '192.0.2.7']");
    taken_back["revoked"] = true.into();
    let mut other = with(6, "alert tcp any any -> any any");
    other["pattern_type"] = "snort".into();
    let objects = [
        with(1, "[ipv4-addr:value ISSUBSET '192.0.2.0/24']"),
        with(2, "[ipv4-addr:value = '192.0.2.8']"),
        with(3, "[ipv4-addr:value = '192.0.2.7'] AND [domain-name:value = 'c2.example']"),
        with(4, "[x-gauge:level > 5]"),
        taken_back,
        other,
    ];
    let bundle = json!({"type": "bundle", "id": id("bundle", 1), "objects": objects});
    home.import(&[&world.write("indicators.json", bundle.to_string())]);
    let seen = |n: usize, of: Value| {
        let refs = [of["id"].clone()];
        let time = "2026-01-02T03:04:05Z";
        [
            json!({"type": "observed-data", "spec_version": "2.1", "id": id("observed-data", n),
                "created": time, "modified": time, "first_observed": time, "last_observed": time,
                "number_observed": 1, "object_refs": refs}),
            of,
        ]
    };
    let observed = [
        seen(1, json!({"type": "ipv4-addr", "id": id("ipv4-addr", 1), "value": "192.0.2.7"})),
        seen(2, json!({"type": "domain-name", "id": id("domain-name", 1), "value": "c2.example"})),
        seen(3, json!({"type": "x-gauge", "id": id("x-gauge", 1), "level": 7})),
    ];
    let file = world.write("observed.json", Value::from(observed.concat()).to_string());
    let said = home.json(&["observe", &file]);
    let found: Vec<&str> = list(&said, "fulfilled").iter().map(|one| text(one, "name")).collect();
    assert_eq!(found, ["number 1", "number 3", "number 4"], "{said:#}");
    assert_eq!(
        (number(&said, "patterns"), number(&said, "revoked"), number(&said, "unread")),
        (4, 1, 1)
    );
    assert!(home.run(&["observe", &file]).exits(0).out.contains("3 of 4 patterns are fulfilled"));
    let file = world.write("none.json", "7");
    home.run(&["observe", &file]).exits(2);
    let file = world.write("half.json", "[{\"type\": \"observed-data\"}]");
    let refused = home.run(&["observe", &file]).exits(2);
    assert!(refused.err.contains("observed"), "{refused}");
}
