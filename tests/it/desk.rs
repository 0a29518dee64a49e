//! The analyst's desk: exports of the own list, and warninglists.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::support::{Home, World, list, misp, number, text};

const FORMATS: [&str; 10] =
    ["csv", "hosts", "misp", "ndjson", "rpz", "sigma", "stix", "stix-ndjson", "suricata", "zeek"];

/// A home with domains and addresses of three colours, and one that nobody understands.
fn stocked(world: &World) -> Home {
    let home = world.party("Alba", false);
    let files = [
        ("green.txt", "green", "one.example.com\n45.1.2.3\n"),
        ("amber.txt", "amber", "two.example.com\n"),
        ("red.txt", "red", "three.example.com\n"),
    ];
    for (name, tlp, lines) in files {
        let file = world.write(name, lines);
        home.import(&[&file, "--tlp", tlp]);
    }
    let file = world.write("bare.txt", "bare.example.com\n");
    home.import(&[&file]);
    let file = world.write("closed.csv", "value,tlp\nclosed.example.com,tlp:purple\n");
    home.import(&[&file]);
    home
}

fn passed(report: &Value) -> BTreeMap<String, u64> {
    let all = list(report, "passed_over").iter();
    all.map(|one| (text(one, "code").to_owned(), number(one, "count"))).collect()
}

/// Exports into a file and gives the report and the file.
fn exported(world: &World, home: &Home, format: &str, args: &[&str]) -> (Value, String) {
    let path = world.path(&format!("out.{format}")).display().to_string();
    let mut all = vec!["export", "--format", format, "--out", &path];
    all.extend(args);
    let report = home.json(&all);
    let written = std::fs::read_to_string(&path).unwrap();
    assert_eq!(number(&report, "bytes"), written.len() as u64);
    let left: u64 = passed(&report).values().sum();
    assert_eq!(number(&report, "seen"), number(&report, "written") + left, "{report:#}");
    (report, written)
}

#[test]
fn the_ceiling_holds_in_every_format() {
    let world = World::new();
    let home = stocked(&world);
    for format in FORMATS {
        let (report, written) = exported(&world, &home, format, &["--tlp", "amber"]);
        for there in ["one.example.com", "two.example.com"] {
            assert!(written.contains(there), "{format}: {there}");
        }
        for not in ["three.example.com", "bare.example.com", "closed.example.com"] {
            assert!(!written.contains(not), "{format}: {not}");
        }
        let passed = passed(&report);
        let counts = ["above_ceiling", "marking_missing", "marking_closed"].map(|c| passed.get(c));
        assert_eq!(counts, [Some(&1); 3], "{format}: {report:#}");
    }
    let (_, written) = exported(&world, &home, "csv", &["--tlp", "red", "--unmarked", "red"]);
    assert!(written.contains("three.example.com") && written.contains("bare.example.com"));
    let (_, written) = exported(&world, &home, "csv", &["--tlp", "red", "--closed"]);
    assert!(written.contains("closed.example.com"));
    let (report, written) = exported(&world, &home, "csv", &["--tlp", "red", "--kind", "ipv4"]);
    assert_eq!((number(&report, "written"), written.contains("example")), (1, false));
}

#[test]
fn exports_say_the_same_whenever_they_are_made() {
    let world = World::new();
    let home = stocked(&world);
    let first = exported(&world, &home, "stix-ndjson", &["--tlp", "red"]).1;
    let serving = home.serve();
    let again = exported(&world, &home, "stix-ndjson", &["--tlp", "red"]).1;
    assert_eq!(first, again);
    serving.end();
    // What its source says anew is a later version of the same object.
    let event = |comment: &str| {
        misp("green", &[("domain", "one.example.org")]).replace("\"comment\":\"\"", comment)
    };
    let object = || {
        let (_, all) = exported(&world, &home, "stix-ndjson", &["--tlp", "green"]);
        let objects = all.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let mut of = objects.filter(|one| one["name"] == "one.example.org").collect::<Vec<_>>();
        assert_eq!(of.len(), 1);
        of.remove(0)
    };
    let file = world.write("event.json", event("\"comment\":\"seen once\""));
    home.import(&[&file]);
    let before = object();
    crate::support::pause(1_100);
    let amber = event("\"comment\":\"seen again\"");
    let file = world.write("event.json", amber);
    home.import(&[&file]);
    let after = object();
    assert_eq!((&before["id"], &before["created"]), (&after["id"], &after["created"]));
    assert!(text(&before, "modified") <= text(&after, "modified"));
    // Its source marks it more closely: the older word does not let it out.
    crate::support::pause(1_100);
    let file = world.write("event.json", misp("red", &[("domain", "one.example.org")]));
    home.import(&[&file]);
    let (report, all) = exported(&world, &home, "csv", &["--tlp", "green"]);
    assert!(!all.contains("one.example.org"), "{report:#}");
}

#[test]
fn a_file_is_whole_or_as_it_was() {
    let world = World::new();
    let home = stocked(&world);
    let path = world.path("zone");
    std::fs::write(&path, "old").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let out = path.display().to_string();
    let origin = "not a name";
    let args = ["export", "--format", "rpz", "--tlp", "red", "--out", &out];
    let bad = [&args[..], &["--rpz-origin", origin]].concat();
    home.fails(2, "bad_option", &bad);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "old");
    home.run(&args).exits(0);
    let written = std::fs::read_to_string(&path).unwrap();
    assert!(written.starts_with(';') && written.contains("one.example.com"));
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o644);
    let folder = path.parent().unwrap().read_dir().unwrap();
    let parts = folder.flatten().filter(|one| one.file_name().to_string_lossy().contains(".part"));
    assert_eq!(parts.count(), 0);
    // Printed it is the same, and nothing stays of it.
    let args = ["export", "--format", "csv", "--tlp", "red"];
    let printed = home.run(&args).exits(0);
    let (_, written) = exported(&world, &home, "csv", &["--tlp", "red"]);
    assert_eq!(printed.out, written);
    assert!(!home.files().iter().any(|(path, _)| path.display().to_string().contains("spool-")));
    home.fails(2, "two_outputs", &args);
    // A dry run writes nothing and says the same.
    let tried = home.json(&[&args[..], &["--dry-run"]].concat());
    assert_eq!(tried["file"], Value::Null);
    assert_eq!(number(&tried, "bytes"), written.len() as u64);
    for (bad, code) in [
        (["--format", "pdf", "--tlp", "red"], "bad_format"),
        (["--format", "csv", "--tlp", "pink"], "bad_tlp"),
    ] {
        home.fails(2, code, &[&["export"], &bad[..]].concat());
    }
}

#[test]
fn every_statement_is_accounted_for() {
    let world = World::new();
    let home = stocked(&world);
    let account = world.path("account").display().to_string();
    let args = ["--tlp", "green", "--account", &account];
    let (report, _) = exported(&world, &home, "hosts", &args);
    let lines = std::fs::read_to_string(&account).unwrap();
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len() as u64, number(&report, "seen"));
    let of = |value: &str| lines.iter().find(|line| line["value"] == value).unwrap();
    assert_eq!(of("one.example.com")["written"], true);
    assert_eq!(of("three.example.com")["code"], "above_ceiling");
    assert_eq!(of("45.1.2.3")["code"], "kind_not_in_format");
}

fn warninglist(name: &str, kind: &str, entries: &[&str]) -> String {
    serde_json::json!({"name": name, "version": 1, "type": kind, "list": entries}).to_string()
}

#[test]
fn warninglists_tell_and_block() {
    let world = World::new();
    let home = world.party("Alba", false);
    std::fs::create_dir_all(world.path("lists/one")).unwrap();
    std::fs::create_dir_all(world.path("lists/two")).unwrap();
    world.write("lists/one/list.json", warninglist("Resolvers", "cidr", &["9.9.9.0/24"]));
    world.write("lists/two/list.json", warninglist("Sites", "hostname", &["example.com"]));
    let folder = world.path("lists").display().to_string();
    let added = home.json(&["warninglist", "add", &folder]);
    assert_eq!(added.as_array().unwrap().len(), 2);
    let file = world.write("feed.txt", "9.9.9.9\nwww.example.com\nevil.example.net\n");
    let report = home.import(&[&file, "--tlp", "green"]);
    let hits: Vec<_> = list(&report, "warned").iter().map(|one| text(one, "list")).collect();
    assert_eq!((hits.len(), hits.contains(&"Resolvers")), (2, true), "{report:#}");
    let found = home.json(&["search", "9.9.9.9"]);
    assert_eq!(found["warned"][0]["entry"], "9.9.9.0/24", "{found:#}");
    home.run(&["search", "www.example.com"]).exits(0).says("Sites");
    // It informs until it is told to block; the process that serves hears of it at once.
    let serving = home.serve();
    assert!(exported(&world, &home, "hosts", &["--tlp", "red"]).1.contains("www.example.com"));
    home.json(&["warninglist", "set", "sites", "block"]);
    let (report, written) = exported(&world, &home, "hosts", &["--tlp", "red"]);
    assert!(!written.contains("www.example.com") && written.contains("evil.example.net"));
    assert_eq!(passed(&report)["on_warninglist"], 1);
    home.json(&["warninglist", "set", "Sites", "off"]);
    assert_eq!(list(&home.json(&["search", "www.example.com"]), "warned").len(), 0);
    serving.end();
    home.run(&["warninglist", "list"]).exits(0).says("off");
    home.json(&["warninglist", "remove", "Sites"]);
    assert_eq!(home.json(&["warninglist", "list"]).as_array().unwrap().len(), 1);
    home.fails(2, "unknown", &["warninglist", "set", "Sites", "block"]);
    // A file that is no list holds up no other.
    let bad = world.write("bad.json", "[1, 2]");
    let good = world.write("good.json", warninglist("Good", "string", &["x.example.com"]));
    home.run(&["warninglist", "add", &bad, &good])
        .exits(1)
        .says("NOT ADDED")
        .says("a JSON object with the name");
    let poor = world.write("poor.json", warninglist("Poor", "cidr", &["9.9.9.0/24", "x/y"]));
    home.run(&["warninglist", "add", &poor, &good]).exits(0).says("poor.json").says("x/y");
    home.json(&["warninglist", "remove", "Poor"]);
    home.fails(2, "unknown_kind", &["list", "--kind", "planet"]);
    home.run(&["list", "--kind", "planet"]).exits(2).says("ipv4-cidr");
    let rpz = ["export", "--format", "rpz", "--tlp", "red", "--rpz-policy", "foo"];
    home.run(&rpz).exits(2).says("--rpz-policy").says("passthru");
    assert_eq!(home.json(&["warninglist", "list"]).as_array().unwrap().len(), 2);
}

#[test]
fn stix_objects_lie_on_the_shelf_as_they_came() {
    let world = World::new();
    let home = world.party("Alba", false);
    let id = |n: u8| format!("indicator--{n:08x}-0000-4000-8000-000000000000");
    let object = |n: u8, name: &str| {
        format!(
            r#"{{ "type":"indicator", "id":"{}","spec_version":"2.1","name":"{name}",
            "created":"2026-01-01T00:00:00.000Z","modified":"2026-01-01T00:00:00.000Z",
            "pattern":"[domain-name:value = 'one.example.com']","pattern_type":"stix",
            "valid_from":"2026-01-01T00:00:00Z","x_own":  1.50 }}"#,
            id(n)
        )
    };
    let bundle = |objects: &[String]| {
        let id = "bundle--5d0092c5-5f74-4287-9642-33f4c354e56d";
        format!(r#"{{"type":"bundle","id":"{id}","objects":[{}]}}"#, objects.join(","))
    };
    let bad = object(2, "no time").replace("\"valid_from\":\"2026-01-01T00:00:00Z\",", "");
    let file = world.write("a.json", bundle(&[object(1, "first"), bad]));
    let report = home.import(&[&file]);
    let stix = &report["stix"];
    assert_eq!((number(stix, "added"), number(stix, "must")), (2, 1), "{report:#}");
    let remark = &list(stix, "remarks")[0];
    assert_eq!((text(remark, "id"), text(remark, "level")), (id(2).as_str(), "must"));
    assert!(text(remark, "words").contains("valid_from"), "{remark:#}");
    // Once more it is known; other bytes under the same id and version stay out, and it is said.
    let file = world.write("b.json", bundle(&[object(1, "first"), object(2, "another")]));
    let report = home.import(&[&file, "--refusals"]);
    let stix = &report["stix"];
    assert_eq!((number(stix, "known"), number(stix, "differ")), (1, 1), "{report:#}");
    let said: Vec<&str> = list(stix, "remarks").iter().map(|one| text(one, "level")).collect();
    assert!(said.contains(&"differs") && said.contains(&"should"), "{report:#}");
    // Bundles in bundles, ids that are none: refused one by one.
    let nested = r#"{"type":"bundle","id":"bundle--5d0092c5-5f74-4287-9642-33f4c354e56d"}"#;
    let file = world.write("c.json", bundle(&[nested.to_owned(), object(3, "third")]));
    let report = home.import(&[&file]);
    let stix = &report["stix"];
    assert_eq!((number(stix, "added"), number(stix, "refused")), (1, 1), "{report:#}");
}

#[test]
fn a_table_is_read_as_it_is_said_and_looked_at_first() {
    let world = World::new();
    let home = world.party("Alba", false);
    let rows = "45.1.2.3;x;evil.example.com;Emotet;90\n45.1.2.4;y;also.example.com;Qakbot;10\n";
    let file = world.write("table.csv", rows);
    let columns = [
        "--column",
        "domain=3",
        "--column",
        "label=4",
        "--column",
        "confidence=5",
        "--format",
        "csv",
    ];
    let table = ["--delimiter", ";", "--header", "no"];
    let args = [&["import", &file, "--tlp", "green"], &columns[..], &table].concat();
    let seen = home.json(&[&args[..], &["--preview"]].concat());
    let seen = &seen["files"][0];
    assert_eq!((number(seen, "taken"), &seen["kinds"]["domain"]), (2, &2.into()), "{seen:#}");
    assert_eq!(seen["items"][0]["labels"][0], "Emotet");
    home.run(&[&args[..], &["--preview"]].concat()).exits(0).says("nothing is kept");
    assert_eq!(home.json(&["list"]).as_array().unwrap().len(), 0);
    home.json(&args);
    let all = home.json(&["list"]);
    assert_eq!(all.as_array().unwrap().len(), 2, "{all:#}");
    let found = home.json(&["search", "evil.example.com"]);
    assert_eq!(found["own"][0]["labels"][0], "Emotet", "{found:#}");
    for bad in [["--column", "colour=1"], ["--column", "value"], ["--delimiter", "ab"]] {
        home.fails(2, "bad_column", &[&["import", &file], &bad[..]].concat());
    }
}

#[test]
fn words_find_what_is_said_and_time_wears_it_out() {
    let world = World::new();
    let home = world.party("Alba", false);
    let rows = "value,comment,last_seen,confidence\n\
        one.example.com,Emotet loader in Zürich,2026-01-01T00:00:00Z,100\n\
        two.example.com,a scanner,2026-01-01T00:00:00Z,90\n\
        45.1.2.3,a scanner,,100\n";
    let file = world.write("table.csv", rows);
    home.import(&[&file, "--tlp", "green", "--source", "desk of Alba"]);
    let values = |words: &[&str]| -> Vec<String> {
        let found = home.json(&[&["search", "--text"], words].concat());
        let all = found.as_array().unwrap().iter();
        let mut values: Vec<String> = all.map(|one| text(one, "value").to_owned()).collect();
        values.sort();
        values
    };
    assert_eq!(values(&["emotet", "zuri"]), ["one.example.com"]);
    assert_eq!(values(&["SCANNER"]), ["45.1.2.3", "two.example.com"]);
    assert_eq!(values(&["alba"]).len(), 3);
    assert_eq!(values(&["nothing"]), [""; 0]);
    home.run(&["search", "--text", "scanner", "--limit", "1"]).exits(0).says("may be more");
    // Not seen since January: nothing is left of it; what came today is worth what its source says.
    let score = |value: &str| number(&home.json(&["search", value])["own"][0], "score");
    assert_eq!((score("one.example.com"), score("45.1.2.3")), (0, 100));
    let (report, written) = exported(&world, &home, "csv", &["--tlp", "red", "--min-score", "50"]);
    assert!(written.contains("45.1.2.3") && !written.contains("example.com"), "{report:#}");
    assert_eq!(passed(&report)["decayed"], 2);
}

#[test]
fn what_comes_as_stix_2_0_is_kept_and_raised_beside_it() {
    let world = World::new();
    let home = world.party("Alba", false);
    let token = home.json(&["account", "add", "new", "--clearance", "red", "--read", "raised"]);
    let old = r#"{"type":"bundle","id":"bundle--5d0092c5-5f74-4287-9642-33f4c354e56d",
        "spec_version":"2.0","objects":[{"type":"indicator",
        "id":"indicator--11111111-1111-4111-8111-111111111111",
        "created":"2017-01-01T00:00:00.000Z","modified":"2017-01-01T00:00:00.000Z",
        "labels":["malicious-activity"],"pattern":"[domain-name:value = 'old.example.com']",
        "valid_from":"2017-01-01T00:00:00Z"}]}"#;
    let report = home.import(&[&world.write("old.json", old), "--tlp", "green"]);
    let stix = &report["stix"];
    assert_eq!((number(stix, "added"), number(stix, "raised")), (1, 1), "{report:#}");
    let serving = home.serve_tools(&["--taxii-plain"]);
    let address = serving.taxii.clone().unwrap();
    let path = "/own/collections/raised/objects/?match[spec_version]=2.1";
    let page = crate::support::get(&address, path, text(&token, "token"));
    let page: Value = serde_json::from_str(&page).unwrap();
    let raised = &page["objects"][0];
    assert_eq!((text(raised, "spec_version"), text(raised, "pattern_type")), ("2.1", "stix"));
    assert_eq!(raised["id"], "indicator--11111111-1111-4111-8111-111111111111");
}

/// Who imports objects hears how many of them nobody will see, and why.
#[test]
fn objects_that_are_held_closed_are_told() {
    let world = World::new();
    let home = world.party("Alba", false);
    let own = "marking-definition--fa42a846-8d90-4e51-bc29-71d5b4802168";
    let green = "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb";
    let red = "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1";
    let object = |n: u8, marks: &str| {
        format!(
            r#"{{"type":"indicator","id":"indicator--{n:08x}-0000-4000-8000-000000000000",
            "spec_version":"2.1","created":"2026-01-01T00:00:00.000Z",
            "modified":"2026-01-01T00:00:00.000Z","pattern":"[domain-name:value = 'h{n}.example.com']",
            "pattern_type":"stix","valid_from":"2026-01-01T00:00:00Z","object_marking_refs":[{marks}]}}"#
        )
    };
    let definition = format!(
        r#"{{"type":"marking-definition","id":"{own}","spec_version":"2.1",
        "created":"2026-01-01T00:00:00.000Z","definition_type":"statement",
        "definition":{{"statement":"Copyright of somebody"}}}}"#
    );
    let objects = [
        object(1, &format!("\"{own}\"")),
        object(2, &format!("\"{green}\"")),
        object(3, &format!("\"{green}\",\"{red}\"")),
        definition,
    ];
    let id = "bundle--5d0092c5-5f74-4287-9642-33f4c354e56d";
    let bundle = format!(r#"{{"type":"bundle","id":"{id}","objects":[{}]}}"#, objects.join(","));
    let file = world.write("a.json", bundle);
    let levels = serde_json::json!([["clear", 1], ["green", 1], ["closed", 2]]);
    let args = ["import", &file, "--tlp", "clear"];
    let seen = home.json(&[&args[..], &["--preview"]].concat());
    let seen = &seen["files"][0];
    assert_eq!((&seen["stix"]["levels"], &seen["types"]["indicator"]), (&levels, &3.into()));
    home.run(&[&args[..], &["--preview", "--refusals"]].concat())
        .exits(0)
        .says("4 STIX objects would lie on the shelf");
    let report = home.import(&args[1..]);
    let stix = &report["stix"];
    assert_eq!(stix["levels"], levels, "{report:#}");
    assert_eq!((number(&report, "conflicting"), number(&report, "closed")), (1, 1));
    let why: Vec<&str> = list(stix, "closed_by").iter().filter_map(|one| one[0].as_str()).collect();
    assert!(why.iter().any(|why| why.contains("Copyright of somebody")), "{why:?}");
    home.run(&args)
        .exits(0)
        .says("2 closed")
        .says("--clearance closed")
        .says("more than one colour")
        .says("Copyright of somebody");
    // Where all differ from what lies there nothing is taken, and what to do is said.
    let tool = |name: &str| {
        let id = "tool--5d0092c5-5f74-4287-9642-33f4c354e56d";
        let time = "2026-01-01T00:00:00.000Z";
        let object = serde_json::json!({"type": "tool", "id": id, "spec_version": "2.1",
            "created": time, "modified": time, "name": name});
        serde_json::json!({ "objects": [object] }).to_string()
    };
    home.run(&["import", &world.write("b.json", tool("one"))]).exits(0);
    home.run(&["import", &world.write("c.json", tool("two"))])
        .exits(1)
        .says("NOTHING TAKEN")
        .says("a later `modified`");
}
