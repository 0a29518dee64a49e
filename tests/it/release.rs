//! Release: the gate decides object by object, and nothing else leaves.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::{Pair, count, history, list, number, stix, text};

const RELEASE: [&str; 4] = ["release", "alba-borea", "--matched", "last"];

/// The verdicts on the objects of a release, by value and source.
fn verdicts(report: &Value) -> BTreeMap<(String, String), (bool, String)> {
    let objects = list(report, "objects").iter();
    objects
        .map(|object| {
            let source = object["source"].as_str().unwrap_or_default().to_owned();
            let key = (text(object, "value").to_owned(), source);
            assert!(!text(object, "reason").is_empty(), "{object:#}");
            let allowed = object["allowed"] == true;
            (key, (allowed, text(object, "code").to_owned()))
        })
        .collect()
}

/// A holds these contexts, B only the names.
fn fill(pair: &Pair) {
    let rows: &[(&str, &str, &[&str])] = &[
        ("clear.example.com", "clear", &[]),
        ("amber.example.com", "amber", &["botnet"]),
        ("red.example.com", "red", &[]),
        ("victim.example.com", "green", &["victim"]),
    ];
    let bundle = pair.world.write("a.json", stix(rows));
    pair.a.import(&[&bundle, "--source", "bundle"]);
    // What is red, forbidden or not understood enters a run only because this list vouches for it.
    let names = ["unmarked", "clear", "red", "victim", "unknown"];
    let names: String = names.map(|name| format!("{name}.example.com\n")).concat();
    let plain = pair.world.write("a.txt", names);
    pair.a.import(&[&plain, "--source", "plain"]);
    let unknown = stix(&[("unknown.example.com", "green", &[])])
        .replace("bab4a63c-aed9-4cf5-a766-dfca5abac2bb", "99999999-9999-4999-8999-999999999999");
    let unknown = pair.world.write("u.json", unknown);
    pair.a.import(&[&unknown, "--source", "strange"]);
    let not_common = pair.world.write("own.txt", "own.example.com\n");
    pair.a.import(&[&not_common, "--tlp", "clear"]);
    let names: String = ["clear", "amber", "red", "victim", "unmarked", "unknown", "b"]
        .map(|name| format!("{name}.example.com\n"))
        .concat();
    let names = pair.world.write("b.txt", names);
    pair.b.import(&[&names, "--tlp", "clear"]);
}

#[test]
fn the_gate_decides_object_by_object() {
    let (pair, _serving) = Pair::agreed();
    fill(&pair);
    let run = pair.a.json(&["match", "alba-borea", "--clause", "1"]);
    assert_eq!(number(&run, "common"), 6);
    let dry = pair.a.json(&[&RELEASE[..], &["--dry-run"]].concat());
    let verdicts = verdicts(&dry);
    let allowed = |name: &str, source: &str| {
        let key = (format!("{name}.example.com"), source.to_owned());
        let found = verdicts.get(&key);
        found.unwrap_or_else(|| panic!("{key:?} in {verdicts:?}")).0
    };
    assert!(allowed("clear", "bundle") && allowed("amber", "bundle"));
    assert!(!allowed("red", "bundle"), "above the ceiling");
    assert!(!allowed("victim", "bundle"), "forbidden by clause 3");
    assert!(!allowed("unmarked", "plain") && !allowed("clear", "plain"), "amber+strict");
    assert!(!allowed("unknown", "strange"), "a marking that nobody understands");
    assert_eq!(verdicts.len(), 10, "{verdicts:?}");
    assert_eq!((number(&dry, "allowed"), number(&dry, "denied")), (2, 8));
    let clause = |value: &str| {
        let mut objects = list(&dry, "objects").iter();
        let object = objects.find(|o| o["value"] == value && o["source"] == "bundle");
        object.unwrap()["clause"].clone()
    };
    assert_eq!(clause("victim.example.com"), "3");
    // The person who decides sees it as a table.
    pair.a
        .run(&[&RELEASE[..], &["--dry-run"]].concat())
        .exits(0)
        .says("2 objects would leave, 8 stay")
        .says("STAYS")
        .says("nothing left: this was a dry run");

    let done = pair.a.json(&RELEASE);
    assert_eq!((number(&done, "allowed"), number(&done, "denied")), (2, 8));
    assert_eq!(count(&pair.b.json(&["count"]), "received", "Alba"), 2);
    for (name, landed) in [
        ("clear", 1),
        ("amber", 1),
        ("red", 0),
        ("victim", 0),
        ("unmarked", 0),
        ("unknown", 0),
        ("own", 0),
    ] {
        let found = pair.b.json(&["search", &format!("{name}.example.com")]);
        assert_eq!(list(&found, "received").len(), landed, "{found:#}");
    }
    let found = pair.b.json(&["search", "amber.example.com"]);
    let landed = &found["received"][0];
    assert_eq!(landed["tlp"], "TLP:AMBER", "{found:#}");
    assert_eq!(landed["labels"], serde_json::json!(["botnet"]));
    assert_eq!(landed["comment"], "number 1");
    pair.b
        .run(&["search", "amber.example.com"])
        .exits(0)
        .says("from Alba under alba-borea clause 2, TLP:AMBER");
    // Only what left is in the record that both can show.
    let folder = pair.sound("gate");
    assert_eq!(folder.join("objects").read_dir().unwrap().count(), 2);
}

/// What came from the other side is theirs: it does not go on to others, nor back.
#[test]
fn what_was_received_does_not_leave_again() {
    let (pair, _serving) = Pair::agreed();
    fill(&pair);
    pair.a.json(&["match", "alba-borea", "--clause", "1"]);
    pair.a.json(&RELEASE);
    let back = pair.b.json(&[&RELEASE[..], &["--dry-run"]].concat());
    let sources: Vec<&Value> = list(&back, "objects").iter().map(|o| &o["source"]).collect();
    assert!(sources.iter().all(|source| **source == "b.txt"), "{sources:?}");
    assert_eq!(sources.len(), 6);
    let own = pair.b.json(&["list"]);
    assert_eq!(own.as_array().unwrap().len(), 7, "{own:#}");
}

#[test]
fn a_cap_stops_what_is_above_it() {
    let (pair, _serving) = Pair::agreed_on(|text| text.replace("count = 20000", "count = 3"));
    let names: String = (0..5).map(|n| format!("h{n}.example.com\n")).collect();
    let file = pair.world.write("names.txt", names);
    for home in [&pair.a, &pair.b] {
        home.import(&[&file, "--tlp", "green"]);
    }
    pair.a.json(&["match", "alba-borea", "--clause", "1"]);
    let done = pair.a.json(&RELEASE);
    assert_eq!((number(&done, "allowed"), number(&done, "denied")), (3, 2));
    let codes: Vec<&str> = list(&done, "objects").iter().map(|o| text(o, "code")).collect();
    assert!(codes.iter().any(|code| code.contains("cap")), "{codes:?}");
    // The cap is used up, also for the same objects.
    let again = pair.a.run(&[&RELEASE[..], &["--json"]].concat()).exits(1).json();
    assert_eq!(number(&again, "allowed"), 0);
    assert!(again["act"].is_null(), "{again:#}");
    assert_eq!(count(&pair.b.json(&["count"]), "received", "Alba"), 3);
    // Each side has a cap of its own.
    let other = pair.b.json(&[&RELEASE[..], &["--dry-run"]].concat());
    assert_eq!(number(&other, "allowed"), 3);
    pair.a.run(&["accord", "status"]).exits(0).says("used by Alba: 3 of 3 objects");
    pair.sound("cap");
}

/// A run of which nothing may leave is a refusal, and no act.
#[test]
fn nothing_that_may_leave_is_nothing_that_leaves() {
    let (pair, _serving) = Pair::agreed();
    // Unmarked is amber+strict here, above the ceiling.
    let file = pair.world.write("strict.txt", "strict.example.com\n");
    for home in [&pair.a, &pair.b] {
        home.import(&[&file]);
    }
    pair.a.json(&["match", "alba-borea", "--clause", "1"]);
    let before = history(&pair.a, "Alba").len();
    pair.a.run(&RELEASE).exits(1).says("nothing left");
    assert_eq!(history(&pair.a, "Alba").len(), before);
}

/// The other side away: what was decided stands in the record and goes when it is back.
#[test]
fn the_other_side_away_nothing_is_decided() {
    let (pair, serving) = Pair::agreed();
    fill(&pair);
    pair.a.json(&["match", "alba-borea", "--clause", "1"]);
    drop(serving);
    let before = history(&pair.a, "Alba").len();
    pair.a.fails(4, "peer_unreachable", &RELEASE);
    assert_eq!(history(&pair.a, "Alba").len(), before);
    // What would leave can be asked all the same.
    let dry = pair.a.json(&[&RELEASE[..], &["--dry-run"]].concat());
    assert_eq!(number(&dry, "allowed"), 2);
    let _serving = pair.b.serve();
    assert!(!pair.a.json(&RELEASE)["receipt"].is_null());
}

/// Under the template on confidence: each tells the other what seems to come from there.
#[test]
fn what_seems_to_come_from_the_other_side_may_be_told_to_it() {
    let pair = Pair::met(false, true);
    let _serving = pair.b.serve();
    let draft = ["accord", "draft", "alba-borea", "--with", "Borea"];
    let draft = [&draft[..], &["--template", "confidence-2013"]].concat();
    let drafted = pair.a.run(&draft).exits(0).out;
    pair.agree(|_| drafted.clone());
    let rows: &[(&str, &str, &[&str])] = &[
        ("there.example.com", "amber", &["detente:threat-origin=\"Borea\""]),
        ("here.example.com", "amber", &["detente:threat-origin=\"Alba\""]),
        ("unsaid.example.com", "amber", &[]),
    ];
    pair.a.import(&[&pair.world.write("a.json", stix(rows)), "--source", "bundle"]);
    let names = "there.example.com\nhere.example.com\nunsaid.example.com\n";
    pair.b.import(&[&pair.world.write("b.txt", names), "--tlp", "green", "--source", "feed"]);
    let run = pair.a.json(&["match", "alba-borea", "--clause", "2.3"]);
    assert_eq!(number(&run, "common"), 3);
    let released = verdicts(&pair.a.json(&RELEASE));
    for (value, allowed) in [("there", true), ("here", false), ("unsaid", false)] {
        let key = (format!("{value}.example.com"), "bundle".to_owned());
        assert_eq!(released[&key].0, allowed, "{value}: {released:?}");
    }
    let found = pair.b.run(&["search", "there.example.com"]).exits(0);
    assert!(found.out.contains("number 0"), "{found}");
}

/// Its source has marked one more closely since, named another value for one, and taken one back.
#[test]
fn what_a_source_has_replaced_leaves_by_no_way() {
    let (pair, _serving) = Pair::agreed();
    let names = ["kept", "closer", "moved", "gone"].map(|name| format!("{name}.example.com"));
    let rows = |moved: &str, closer: &str| {
        let rows: [(&str, &str, &[&str]); 4] = [
            (&names[0], "clear", &[]),
            (&names[1], closer, &[]),
            (moved, "clear", &[]),
            (&names[3], "clear", &[]),
        ];
        stix(&rows)
    };
    let first = pair.world.write("first.json", rows(&names[2], "clear"));
    pair.a.import(&[&first, "--source", "feed"]);
    let b = pair.world.write("b.txt", names.join("\n"));
    pair.b.import(&[&b, "--tlp", "clear"]);
    let run = pair.a.json(&["match", "alba-borea", "--clause", "1"]);
    assert_eq!(number(&run, "common"), 4);
    let dry = pair.a.json(&[&RELEASE[..], &["--dry-run"]].concat());
    assert_eq!(number(&dry, "allowed"), 4, "{dry:#}");

    let mut later: Value = serde_json::from_str(&rows("new.example.com", "red")).unwrap();
    later["objects"][3]["revoked"] = true.into();
    for object in later["objects"].as_array_mut().unwrap() {
        object["modified"] = "2026-02-01T00:00:00.000Z".into();
    }
    let later = pair.world.write("later.json", later.to_string());
    pair.a.import(&[&later, "--source", "feed"]);
    // The first file again opens nothing.
    pair.a.import(&[&first, "--source", "feed"]);
    let dry = pair.a.json(&[&RELEASE[..], &["--dry-run"]].concat());
    let told = verdicts(&dry);
    let allowed: Vec<&str> =
        told.iter().filter(|(_, (yes, _))| *yes).map(|((value, _), _)| value.as_str()).collect();
    assert_eq!(allowed, [&names[0]], "{dry:#}");
    let run = pair.a.json(&["match", "alba-borea", "--clause", "1"]);
    assert_eq!(number(&run, "common"), 1);
    for (name, fates) in [
        (&names[0], &[Some("replaced"), None][..]),
        (&names[2], &[Some("taken_back"), Some("taken_back")]),
        (&names[3], &[Some("taken_back"), Some("taken_back")]),
    ] {
        let found = pair.a.json(&["search", name]);
        let told: Vec<_> = list(&found, "own").iter().map(|own| own["fate"].as_str()).collect();
        assert_eq!(told, fates, "{found:#}");
    }
    let to = pair.world.path("list.csv").display().to_string();
    pair.a.run(&["export", "--format", "csv", "--tlp", "clear", "--out", &to]).exits(0);
    let exported = std::fs::read_to_string(&to).unwrap();
    assert!(exported.contains(&names[0]) && exported.contains("new.example.com"), "{exported}");
    assert!(names[1..].iter().all(|name| !exported.contains(name)), "{exported}");
}
