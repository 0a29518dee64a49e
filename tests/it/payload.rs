//! A run with contexts: what both hold comes with what the other side knows of it, and no more than
//! its release on record names.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::{Pair, Serving, count, history, list, number, stix, text, yes};

const MATCH: [&str; 4] = ["match", "alba-borea", "--clause", "1"];

/// The draft's text with contexts.
fn with_contexts(text: String) -> String {
    text.replace("mode = \"which\"", "mode = \"payload\"\npayload_bytes = 512").replace(
        "items. {pad}.\"\"\"",
        "items. {pad}.\nThe contexts of each item have {payload_bytes} bytes of room.\"\"\"",
    )
}

fn pair() -> (Pair, Serving) {
    pair_on(with_contexts)
}

fn pair_on(edit: impl Fn(String) -> String) -> (Pair, Serving) {
    let (pair, serving) = Pair::agreed_on(edit);
    let long = "x".repeat(600);
    let rows: &[(&str, &str, &[&str])] = &[
        ("clear.example.com", "clear", &[]),
        ("amber.example.com", "amber", &["botnet"]),
        ("red.example.com", "red", &[]),
        ("victim.example.com", "green", &["victim"]),
        ("alone.example.com", "clear", &["botnet"]),
    ];
    let a = pair.world.write("a.json", stix(rows));
    pair.a.import(&[&a, "--source", "bundle"]);
    let long = stix(&[("long.example.com", "green", &[])]).replace("number 0", &long);
    pair.a.import(&[&pair.world.write("long.json", long), "--source", "long"]);
    // It vouches for those that would not enter a run by the bundle alone.
    let names = "red.example.com\nvictim.example.com\n";
    pair.a.import(&[&pair.world.write("a.txt", names), "--source", "plain"]);
    let names: String = ["clear", "amber", "red", "victim", "long", "other"]
        .map(|name| format!("{name}.example.com\n"))
        .concat();
    pair.b.import(&[&pair.world.write("b.txt", names), "--tlp", "green", "--source", "feed-b"]);
    (pair, serving)
}

/// What a run brought, by value.
fn received(report: &Value) -> BTreeMap<String, Value> {
    let found = list(&report["contexts"], "received").iter();
    found.map(|found| (text(found, "value").to_owned(), found.clone())).collect()
}

/// The verdicts on one's own contexts, by value and source.
fn verdicts(report: &Value) -> BTreeMap<(String, String), String> {
    let objects = list(&report["contexts"]["given"], "objects").iter();
    objects
        .map(|object| {
            let source = object["source"].as_str().unwrap_or_default().to_owned();
            ((text(object, "value").to_owned(), source), text(object, "code").to_owned())
        })
        .collect()
}

#[test]
fn contexts_of_common_items_come_within_the_run() {
    let (pair, _serving) = pair();
    let report = pair.a.json(&MATCH);
    assert_eq!(text(&report, "mode"), "payload");
    assert_eq!(number(&report, "common"), 5);
    assert!(yes(&report, "agreed"), "{report:#}");
    // What came: B's contexts of what both hold, and not of what B alone holds.
    let got = received(&report);
    let names: Vec<&str> = got.keys().map(String::as_str).collect();
    let want = ["amber", "clear", "long", "red", "victim"].map(|n| format!("{n}.example.com"));
    assert_eq!(names, want);
    let amber = &got["amber.example.com"];
    assert_eq!((text(amber, "clause"), text(amber, "tlp")), ("2", "TLP:GREEN"));
    assert_eq!(text(amber, "source"), "feed-b");
    assert!(!amber["keep_until"].is_null(), "{amber:#}");
    // What left: what the gate lets go, each for its reason.
    let given = &report["contexts"]["given"];
    assert_eq!(number(given, "allowed"), 2, "{given:#}");
    assert!(!given["act"].is_null() && !given["receipt"].is_null(), "{given:#}");
    let verdicts = verdicts(&report);
    let code = |name: &str, source: &str| {
        let key = (format!("{name}.example.com"), source.to_owned());
        verdicts.get(&key).map_or("none", String::as_str)
    };
    assert_eq!((code("clear", "bundle"), code("amber", "bundle")), ("allowed", "allowed"));
    assert_eq!(code("red", "bundle"), "tlp_ceiling");
    assert_eq!(code("victim", "bundle"), "forbidden");
    assert_eq!(code("red", "plain"), "tlp_ceiling");
    assert_eq!(code("long", "long"), "no_room");
    assert_eq!(code("alone", "bundle"), "none", "what is not common is not looked at");
    assert_eq!(count(&pair.b.json(&["count"]), "received", "Alba"), 2);
    let found = pair.b.json(&["search", "amber.example.com"]);
    assert_eq!(found["received"][0]["labels"], serde_json::json!(["botnet"]), "{found:#}");
    assert_eq!(found["received"][0]["comment"], "number 1");
    for name in ["alone", "red", "victim", "long"] {
        let found = pair.b.json(&["search", &format!("{name}.example.com")]);
        assert!(list(&found, "received").is_empty(), "{found:#}");
    }
    on_record(&pair);
    // Again: what is there does not go once more; what had no room can be released.
    let again = pair.a.json(&MATCH);
    assert_eq!(number(&again["contexts"]["given"], "there"), 2, "{again:#}");
    assert!(again["contexts"]["given"]["act"].is_null(), "{again:#}");
    assert!(list(&again["contexts"], "received").is_empty(), "{again:#}");
    let rest = pair.a.json(&["release", "alba-borea", "--matched", "last"]);
    assert_eq!((number(&rest, "allowed"), number(&rest, "there")), (1, 2), "{rest:#}");
    assert_eq!(text(&list(&rest, "objects")[0], "value"), "long.example.com", "{rest:#}");
    pair.sound("payload");
}

/// Each side's release stands before both closes, and has its receipt.
fn on_record(pair: &Pair) {
    for party in ["Alba", "Borea"] {
        for home in [&pair.a, &pair.b] {
            let kinds: Vec<String> =
                history(home, party).iter().map(|act| text(act, "kind").to_owned()).collect();
            let place = |kind: &str| kinds.iter().position(|own| own == kind).unwrap();
            assert!(place("release") < place("close-match"), "{party}: {kinds:?}");
            assert!(place("close-match") < place("receipt"), "{party}: {kinds:?}");
            let effects = history(home, party);
            assert!(effects.iter().all(|act| act["effect"] == "in effect"), "{effects:#?}");
        }
    }
}

/// People see what came, what went, what stays and why.
#[test]
fn the_run_is_told_to_people() {
    let (pair, _serving) = pair();
    let said = pair.a.run(&[&MATCH[..], &["--explain"]].concat()).exits(0);
    said.says("mode payload")
        .says("would leave if their indicator is common")
        .says("STAYS")
        .says("long.example.com");
    let explained = pair.a.json(&[&MATCH[..], &["--explain"]].concat());
    let contexts = &explained["contexts"];
    // Clear, amber and what A alone holds; not red, victim, what is long, and two unmarked.
    let counts =
        (number(contexts, "room"), number(contexts, "may_leave"), number(contexts, "stay"));
    assert_eq!(counts, (512, 3, 5), "{contexts:#}");
    assert_eq!(list(contexts, "stays").len(), 5);
    assert!(history(&pair.a, "Alba").iter().all(|act| act["kind"] != "offer-match"));
    let said = pair.a.run(&MATCH).exits(0);
    said.says("contexts received: 5; given: 2, 5 stay, 0 are there already")
        .says("source there: feed-b")
        .says("STAYS")
        .says("is on record; acknowledged at");
}

/// Caps count what leaves, object after object.
#[test]
fn a_cap_holds_within_a_run() {
    let (pair, _serving) =
        pair_on(|text| with_contexts(text).replace("cap = { count = 20000", "cap = { count = 3"));
    let report = pair.a.json(&MATCH);
    assert_eq!(received(&report).len(), 3, "{report:#}");
    let again = pair.a.json(&MATCH);
    assert!(received(&again).is_empty(), "{again:#}");
    pair.sound("cap");
}

/// With contexts agreed, less may be asked for: only how many.
#[test]
fn a_count_brings_none() {
    let (pair, _serving) = pair();
    let report = pair.a.json(&[&MATCH[..], &["--count-only"]].concat());
    assert_eq!((text(&report, "mode"), number(&report, "common")), ("count", 5));
    assert!(report["contexts"].is_null(), "{report:#}");
    assert_eq!(count(&pair.a.json(&["count"]), "received", "Borea"), 0);
}

/// Nothing in common, and nothing that may leave: the run ends all the same.
#[test]
fn nothing_common_and_nothing_to_give() {
    let (pair, _serving) = Pair::agreed_on(with_contexts);
    let report = pair.a.json(&MATCH);
    assert_eq!(number(&report, "common"), 0, "{report:#}");
    assert!(received(&report).is_empty());
    // Unmarked indicators count as amber+strict, which no clause lets go.
    let file = pair.world.write("x.txt", "x.example.com\n");
    pair.a.import(&[&file]);
    pair.b.import(&[&file]);
    let report = pair.a.json(&MATCH);
    assert_eq!(number(&report, "common"), 1);
    assert!(received(&report).is_empty() && report["contexts"]["given"]["act"].is_null());
    assert!(history(&pair.a, "Alba").iter().all(|act| act["kind"] != "release"));
    pair.sound("nothing");
}

#[test]
fn the_text_says_what_it_brings() {
    let (pair, _serving) = pair();
    pair.a
        .run(&["accord", "exposure", "alba-borea"])
        .exits(0)
        .says("brings within the run what this table lets leave of the matched ones")
        .says("up to 512 bytes an item");
    for (from, to, says) in [
        ("\npayload_bytes = 512", "", "payload_bytes"),
        ("payload_bytes = 512", "payload_bytes = 255", "from 256 to 4096"),
        ("payload_bytes = 512", "payload_bytes = 4097", "payload_bytes"),
        ("\"payload\"", "\"which\"", "its mode brings none"),
        ("answer = \"both\"", "answer = \"initiator\"", "do not both learn"),
        ("answer = \"both\"", "answer = \"both\"\nengine = \"ecdh-ristretto255\"", "engine"),
        ("have {payload_bytes} bytes", "have room", "payload_bytes"),
    ] {
        let file = pair.draft("bad.toml", |text| with_contexts(text).replace(from, to));
        pair.a.run(&["accord", "check", &file]).exits(1).says(says);
    }
}

/// Under the template for banks: context for defence, and nothing of customers, not even that it
/// is there.
#[test]
fn banks_give_context_for_defence_alone() {
    let pair = Pair::met(false, true);
    let _serving = pair.b.serve();
    let draft = ["accord", "draft", "alba-borea", "--with", "Borea", "--template", "banks"];
    let drafted = pair.a.run(&draft).exits(0).out;
    pair.agree(|_| drafted.clone());
    let rows: &[(&str, &str, &[&str])] = &[
        ("fraud.example.com", "amber", &["detente:purpose=\"network-defence\""]),
        ("unsaid.example.com", "amber", &[]),
        ("police.example.com", "green", &["detente:purpose=\"law-enforcement\""]),
        ("shop.example.com", "green", &["detente:purpose=\"network-defence\"", "customer-data"]),
    ];
    pair.a.import(&[&pair.world.write("a.json", stix(rows)), "--source", "bundle"]);
    let names = ["fraud", "unsaid", "police", "shop"].map(|name| format!("{name}.example.com\n"));
    let names = pair.world.write("b.txt", names.concat());
    pair.b.import(&[&names, "--tlp", "green", "--source", "feed-b"]);
    let report = pair.a.json(&["match", "alba-borea", "--clause", "1.1"]);
    assert_eq!(number(&report, "common"), 3, "{report:#}");
    let given = verdicts(&report);
    let code = |value: &str| given[&(format!("{value}.example.com"), "bundle".to_owned())].as_str();
    assert_eq!(code("fraud"), "allowed", "{given:?}");
    assert!(code("unsaid") != "allowed" && code("police") != "allowed", "{given:?}");
    assert!(!given.keys().any(|(value, _)| value == "shop.example.com"), "{given:?}");
}
