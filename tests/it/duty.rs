//! Duties: what a release obliges its receiver to, feedback, the calendar, the terms beside what was
//! received, and what may no longer be kept.

use serde_json::Value;

use crate::support::{Pair, Serving, list, number, pause, python, text, wait_until};

const RELEASE: [&str; 4] = ["release", "alba-borea", "--matched", "last"];
const DUTIES: [&str; 3] = ["accord", "duties", "alba-borea"];

/// The draft with feedback in working days and a calendar.
fn with_feedback(text: String) -> String {
    let prose = "The receiver keeps it for {retention.within} from\n{retention.clock}.";
    assert!(text.contains(prose) && text.contains("retention = {"));
    text.replace(
        prose,
        "The receiver keeps it for {retention.within} from {retention.clock},\nsays what came of it \
         within {feedback.within} from {feedback.clock}, and {onward}.",
    )
    .replace(
        "retention = {",
        "onward = \"forbidden\"\nfeedback = { within = \"P5D\", days = \"working\", clock = \
         \"receipt\" }\nretention = {",
    )
    .replace("[exit]", "[calendar]\nzone = \"+01:00\"\nholidays = [\"2090-12-25\"]\n\n[exit]")
}

/// Both hold two names; A releases both.
fn released(edit: impl Fn(String) -> String) -> (Pair, Serving) {
    let (pair, serving) = Pair::agreed_on(edit);
    let file = pair.world.write("names.txt", "one.example.com\ntwo.example.com\n");
    for home in [&pair.a, &pair.b] {
        home.import(&[&file, "--tlp", "green", "--source", &home.name]);
    }
    // What B imports in the very second of a receipt counts as derived from what came.
    pause(1_001);
    pair.a.json(&["match", "alba-borea", "--clause", "1"]);
    let done = pair.a.json(&RELEASE);
    assert_eq!(number(&done, "allowed"), 2);
    (pair, serving)
}

/// The only duty with this verb.
#[track_caller]
fn duty(report: &Value, verb: &str) -> Value {
    let mut own: Vec<&Value> = list(report, "duties").iter().collect();
    own.retain(|duty| duty["verb"] == verb);
    assert_eq!(own.len(), 1, "{report:#}");
    own[0].clone()
}

#[test]
fn a_release_sets_off_duties_and_feedback_fulfils_one() {
    let (pair, _serving) = released(with_feedback);
    for home in [&pair.a, &pair.b] {
        let report = home.json(&DUTIES);
        assert_eq!(duty(&report, "acknowledge")["state"], "met", "{report:#}");
        let feedback = duty(&report, "give feedback");
        assert_eq!((&feedback["state"], &feedback["owed_by"]), (&"open".into(), &"Borea".into()));
        assert_eq!(feedback["within"], "5 working days");
        // Its day ends where the text says that a day ends.
        assert!(text(&feedback, "due").ends_with("T23:00:00Z"), "{feedback:#}");
        assert_eq!(duty(&report, "erase")["state"], "open");
    }
    let ours = pair.a.json(&[&DUTIES[..], &["--owed-by", "us"]].concat());
    assert_eq!(list(&ours, "duties").len(), 0, "{ours:#}");
    let status = pair.b.run(&["accord", "status"]).exits(0);
    status.says("next due   Borea: give feedback");
    // Beside what came stands on which terms.
    let found = pair.b.json(&["search", "one.example.com"]);
    let terms = &found["received"][0]["terms"];
    assert_eq!(terms["onward"], "forbidden", "{found:#}");
    assert!(terms["feedback"]["due"].is_string(), "{found:#}");
    let shown = pair.b.run(&["search", "one.example.com"]).exits(0);
    shown.says("may not be passed on").says("feedback owed by").says("keep until");

    let told = ["feedback", "alba-borea", "one.example.com", "--outcome", "sighted"];
    pair.b.fails(1, "not_a_feedback", &told);
    pair.b.fails(2, "unknown_outcome", &[&told[..3], &["--outcome", "great"]].concat());
    pair.a.fails(1, "nothing_received", &[&told[..3], &["--outcome", "used"]].concat());
    let told = [&told[..], &["--times", "12", "--note", "at the resolver"]].concat();
    let acts = pair.b.json(&told);
    assert!(acts[0]["delivered"][0]["reason"].is_string(), "A does not serve: {acts:#}");
    let report = pair.b.json(&DUTIES);
    assert_eq!(duty(&report, "give feedback")["note"], "1 of 2 objects");
    let release = text(&duty(&report, "give feedback"), "trigger").to_owned();
    let rest = ["feedback", "alba-borea", "--release", &release[..8], "--outcome", "no-use"];
    pair.b.json(&rest);
    pair.a.run(&["sync"]).exits(0);
    for home in [&pair.a, &pair.b] {
        assert_eq!(duty(&home.json(&DUTIES), "give feedback")["state"], "met");
    }
    // Who released sees it beside its own indicator.
    let found = pair.a.json(&["search", "two.example.com"]);
    let feedback = list(&found, "feedback");
    assert_eq!(feedback.len(), 1, "{found:#}");
    assert_eq!((&feedback[0]["upshot"], &feedback[0]["from"]), (&"no-use".into(), &"Borea".into()));
    pair.a.run(&["search", "two.example.com"]).exits(0).says("feedback of Borea");
    pair.a.run(&["accord", "history", "alba-borea"]).exits(0).says("says what came of");
    let folder = pair.sound("duties");
    let report = pair.world.verify(folder.file_name().unwrap().to_str().unwrap()).exits(0).json();
    let met = list(&report, "facts").iter().find(|fact| fact[0] == "duties met").unwrap();
    assert_eq!(met[1], 2, "{report:#}");
}

/// People see duties in the calendar that they use anyway.
#[test]
fn the_calendar_is_read_by_others() {
    let (pair, _serving) = released(with_feedback);
    let calendar = pair.b.run(&[&DUTIES[..], &["--ics"]].concat()).exits(0).out;
    let file = pair.world.write("duties.ics", &calendar);
    let Some(checker) = python("ics_check.py") else { return };
    let said: Value = serde_json::from_str(&checker.accepts(&[&file])).unwrap();
    let events = list(&said, "events");
    let named = |words: &str| events.iter().filter(|e| text(e, "summary").contains(words)).count();
    assert_eq!(named("Borea owes: give feedback"), 1, "{said:#}");
    assert_eq!((named("Borea owes: acknowledge"), named("Borea owes: erase")), (1, 1), "{said:#}");
    assert_eq!(named("ends by its own terms"), 1, "{said:#}");
    let cut = pair.world.write("cut.ics", calendar.replacen("DTSTAMP", "X-STAMP", 1));
    checker.refuses(&[&cut]);
}

/// What may no longer be kept is not shown, is erased, and the record says so.
#[test]
fn what_may_no_longer_be_kept_is_erased_and_said_so() {
    let (pair, _serving) = released(|text| {
        text.replace(
            "within = \"P180D\", clock = \"receipt\"",
            "within = \"PT1S\", clock = \"act\"",
        )
    });
    // Nothing sleeps here: the answers of B come when its clock has moved on.
    let gone = || {
        let found = pair.b.json(&["search", "one.example.com"]);
        (number(&found, "expired"), list(&found, "received").len()) == (1, 0)
    };
    wait_until("the objects are over", 20, gone);
    pair.b.run(&["search", "one.example.com"]).exits(0).says("may no longer be kept");
    let open = pair.b.json(&DUTIES);
    assert_eq!(duty(&open, "erase")["state"], "breached", "{open:#}");
    let erased = pair.b.json(&["expire"]);
    assert_eq!(number(&erased, "erased"), 2, "{erased:#}");
    assert_eq!(list(&erased, "acts").len(), 1);
    let again = pair.b.json(&["expire"]);
    assert_eq!((number(&again, "erased"), list(&again, "acts").len()), (0, 0));
    let found = pair.b.json(&["search", "one.example.com"]);
    assert_eq!((number(&found, "expired"), list(&found, "received").len()), (0, 0), "{found:#}");
    pair.a.run(&["sync"]).exits(0);
    let late = duty(&pair.a.json(&DUTIES), "erase");
    assert_eq!(late["state"], "late", "{late:#}");
    // A released them itself, and keeps them.
    assert_eq!(list(&pair.a.json(&["search", "one.example.com"]), "own").len(), 1);
    pair.a.run(&["accord", "history", "alba-borea"]).exits(0).says("no longer keeps 2 objects");
}

/// Obligations that no act tells are named, not passed over.
#[test]
fn what_the_record_cannot_tell_is_named() {
    let (pair, _serving) =
        Pair::agreed_on(|text| text.replace("on = \"release\"", "on = \"significant incident\""));
    let report = pair.a.json(&DUTIES);
    assert_eq!(list(&report, "duties").len(), 0);
    assert_eq!(list(&report, "uncomputed")[0]["clause"], "4", "{report:#}");
    pair.a.run(&DUTIES).exits(0).says("not computable from the record yet");
}

/// The draft, with what its permission says of passing on.
fn with_onward(text: String, word: &str) -> String {
    text.replace("{retention.clock}.\"\"\"", "{retention.clock}; it {onward}.\"\"\"")
        .replace("retention = {", &format!("onward = \"{word}\"\nretention = {{"))
}

/// A releases to B, B has an accord with C: what came goes on where the clause under which it came
/// allows that, and is told why not elsewhere.
#[test]
fn what_came_goes_on_only_where_its_clause_allows_it() {
    for (word, code) in [("consent", "onward_consent"), ("allowed", "allowed")] {
        let (pair, _serving) = released(|text| with_onward(text, word));
        let third = pair.world.party("Celta", true);
        for (from, to) in [(&pair.b, &third), (&third, &pair.b)] {
            let card = from.card(&pair.world.path(&format!("{}-{}.card", from.name, to.name)));
            to.run(&["party", "add", &card, "--yes"]).exits(0);
        }
        let _third_serving = third.serve();
        let draft = ["accord", "draft", "borea-celta", "--with", "Celta"];
        let file = pair.world.write("third.toml", pair.b.run(&draft).exits(0).out);
        pair.b.run(&["accord", "propose", &file]).exits(0);
        pair.b.run(&["accord", "sign", &file]).exits(0);
        third.run(&["accord", "sign", &file]).exits(0);
        let names = pair.world.write("third.txt", "one.example.com\n");
        third.import(&[&names, "--tlp", "green"]);
        pair.b.json(&["match", "borea-celta", "--clause", "1"]);
        let release = ["release", "borea-celta", "--matched", "last"];
        // Unless it is asked for, nothing that came from others leaves.
        let own = pair.b.json(&[&release[..], &["--dry-run"]].concat());
        assert_eq!(list(&own, "objects").len(), 1, "{own:#}");
        let all = pair.b.json(&[&release[..], &["--onward", "--dry-run"]].concat());
        let codes: Vec<&str> = list(&all, "objects").iter().map(|o| text(o, "code")).collect();
        let came = list(&all, "objects").iter().find(|o| o["source"] == "Alba");
        assert_eq!(text(came.unwrap(), "code"), code, "{word}: {all:#}");
        assert_eq!(codes.len(), 2, "{word}: {all:#}");
        pair.b.json(&[&release[..], &["--onward"]].concat());
        let there = third.json(&["search", "one.example.com"]);
        let landed = list(&there, "received").len();
        assert_eq!(landed, if word == "allowed" { 2 } else { 1 }, "{word}: {there:#}");
    }
}
