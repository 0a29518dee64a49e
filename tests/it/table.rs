//! The negotiating table, by the real program: positions before there is a text, brackets, the clean
//! text, signature ad referendum, suspension, contest, notice and its revocation.

use crate::support::{Outcome, Pair, World, detente, list, text};

const GROUP: [&str; 10] = [
    "--subject",
    "working group",
    "--domain",
    "state conduct in cyberspace",
    "--territory",
    "systems of both parties",
    "--target",
    "elections",
    "--until",
    "2090-07-07",
];

fn with<'a>(verb: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["accord", verb, "alba-borea"], more].concat()
}

/// The digest of the newest act.
fn newest(report: &serde_json::Value) -> String {
    text(report, "act").to_owned()
}

#[test]
fn one_agrees_the_other_discusses_and_steps_back() {
    let pair = Pair::met(false, true);
    let _serving = pair.b.serve();
    pair.a.run(&["accord", "open", "alba-borea", "--with", "Borea"]).exits(0);
    let agreed = pair.a.json(&with("agree-ad-referendum", &GROUP));
    assert_eq!(agreed["delivered"][0]["cosigned"], true, "{agreed:#}");
    pair.b.run(&with("float", &GROUP)).exits(0);
    // A ceasefire without a place, a field or an end is none.
    let bare = ["--subject", "ceasefire", "--until", "2090-07-07"];
    pair.b.fails(1, "no_scope", &with("agree-ad-referendum", &bare));
    let past: Vec<&str> =
        GROUP.iter().map(|word| if *word == "2090-07-07" { "2018-07-07" } else { word }).collect();
    pair.b.fails(1, "without_effect", &with("support", &past));
    let back = pair.b.json(&with("decline", &GROUP));
    assert!(text(&back, "summary").contains("a reversal, from floated to withdrawn"), "{back:#}");
    let press = pair.world.write("press.txt", "a post of that day");
    let attach = [
        "--speaker",
        "Borea",
        "--subject",
        "working group",
        "--level",
        "agreed",
        "--made",
        "2017-07-09",
        "--source",
        "a post",
        "--document",
        &press,
        "--quote",
        "discussed forming an impenetrable unit",
    ];
    pair.a.run(&with("attach", &attach)).exits(0);
    for home in [&pair.a, &pair.b] {
        let report = home.json(&with("positions", &[]));
        let topic = &list(&report, "topics")[0];
        let stands = list(topic, "stands");
        let level = |party: &str| {
            let own = stands.iter().find(|stand| stand["party"] == party);
            text(own.expect("a stand"), "level").to_owned()
        };
        assert_eq!(level("Alba"), "agreed-ad-referendum");
        assert_eq!(level("Borea"), "withdrawn");
        assert_eq!(list(topic, "statements").len(), 1);
        home.run(&with("history", &[])).exits(0).says("REVERSAL: from floated to withdrawn");
        home.run(&with("positions", &["--at", "2020-01-01"])).exits(0).says("working group");
    }
    // Both tell of the meeting, and not the same.
    for (home, level) in [(&pair.a, "agreed"), (&pair.b, "floated")] {
        let account = format!(
            "meeting = \"Hamburg\"\nheld = \"2017-07-07\"\n\n[[line]]\nsubject = \"working group\"\n\
             level = \"{level}\"\nwords = \"as we remember it\"\n"
        );
        let file = pair.world.write("account.toml", account);
        home.run(&with("readout", &[&file])).exits(0);
    }
    pair.a.run(&with("meetings", &[])).exits(0).says("working group: CONTRADICTED");
    pair.b.fails(1, "not_a_readout", &with("readout", &[&press]));
    pair.sound("table");
}

#[test]
fn a_text_is_bracketed_cleaned_and_signed_ad_referendum() {
    let pair = Pair::met(false, true);
    let file = pair.draft("accord.toml", |text| text);
    let _serving = pair.b.serve();
    pair.a.run(&["accord", "propose", &file]).exits(0);
    pair.b.run(&with("text", &[])).exits(0).says("Borea: has not spoken of it");
    pair.b.run(&with("support", &[])).exits(0);
    let whole = std::fs::read_to_string(&file).unwrap();
    assert_eq!(pair.b.run(&with("text", &[])).exits(0).out, whole, "nothing is open");
    let words = ["--clause", "4", "--words", "acknowledges it", "--option", "confirms it"];
    pair.b.run(&with("bracket", &words)).exits(0);
    let wrong = ["--clause", "4", "--words", "no such words", "--option", "x"];
    pair.b.fails(1, "not_one_quote", &with("bracket", &wrong));
    pair.a.run(&["sync"]).exits(0);
    let shown = pair.a.run(&with("text", &[])).exits(0);
    shown.says("[Alba: acknowledges / Borea: confirms]").says("clause 4: 1");
    let report = pair.a.json(&with("text", &[]));
    assert_eq!(report["open"], 1, "{report:#}");
    // The same change by the other side closes the bracket.
    pair.a.run(&with("bracket", &words)).exits(0);
    let clean = whole.replace("acknowledges it", "confirms it");
    assert_eq!(pair.a.run(&with("text", &[])).exits(0).out, clean);
    // The head signs ad referendum; the capital confirms.
    pair.a.run(&with("sign", &["--text", &digest(&pair, &clean)])).exits(0);
    let signed = pair.b.json(&with("sign-ad-referendum", &["--as", "head"]));
    let status = pair.a.json(&["accord", "status"]);
    assert_eq!(status[0]["in_force"], false, "{status:#}");
    pair.b.run(&with("positions", &[])).exits(0).says("waits for its capital");
    let act = newest(&signed);
    pair.b.fails(1, "no_authority", &with("confirm", &[&act, "--as", "head"]));
    pair.b.run(&with("confirm", &[&act])).exits(0);
    for home in [&pair.a, &pair.b] {
        let status = home.json(&["accord", "status"]);
        assert_eq!(status[0]["in_force"], true, "{status:#}");
        assert_eq!(status[0]["text"], digest(&pair, &clean).as_str());
    }
    pair.sound("clean");
}

/// The digest of a text.
fn digest(pair: &Pair, clean: &str) -> String {
    let file = pair.world.write("clean.toml", clean);
    let report = pair.a.json(&["accord", "check", &file]);
    text(&report, "text").to_owned()
}

#[test]
fn one_clause_is_suspended_contested_and_resumed_and_a_notice_revoked() {
    let (pair, _serving) = Pair::agreed();
    let args = ["--clause", "2", "--direction", "out", "--reason", "no answers"];
    pair.a.fails(1, "no_authority", &with("suspend", &[&args[..], &["--as", "head"]].concat()));
    let held = newest(&pair.a.json(&with("suspend", &args)));
    for home in [&pair.a, &pair.b] {
        let matrix = home.json(&with("matrix", &[]));
        let row = list(&matrix, "clauses").iter().find(|row| row["clause"] == "2").unwrap();
        let standings: Vec<&str> =
            list(row, "cells").iter().map(|cell| text(cell, "standing")).collect();
        assert_eq!(standings, ["paused", "running"], "{matrix:#}");
    }
    let contest = ["--reason", "nothing in the accord allows it"];
    pair.b.run(&with("contest", &[&[held.as_str()], &contest[..]].concat())).exits(0);
    pair.a.run(&with("matrix", &[])).exits(0).says("paused, contested");
    let answers = [
        &["--clause", "2", "--direction", "out", "--answers", held.as_str()][..],
        &["--reason", "in kind", "--expires", "2090-01-01"][..],
    ];
    pair.b.run(&with("countermeasure", &answers.concat())).exits(0);
    pair.a.run(&with("positions", &[])).exits(0).says("countermeasure by Borea");
    pair.a.run(&with("resume", &["--act", &held, "--reason", "answered"])).exits(0);
    pair.b.fails(1, "without_effect", &with("resume", &["--act", &held]));
    pair.a.run(&with("matrix", &[])).exits(0).says("running").says("countermeasure");
    let notice = newest(&pair.a.json(&with("denounce", &["--reason", "elections"])));
    pair.b.run(&["accord", "status"]).exits(0).says("notice     by Alba");
    let why = ["--reason", "elections are over"];
    pair.b.fails(
        1,
        "without_effect",
        &with("revoke-notice", &[&[notice.as_str()], &why[..]].concat()),
    );
    pair.a.run(&with("revoke-notice", &[&[notice.as_str()], &why[..]].concat())).exits(0);
    let status = pair.b.json(&["accord", "status"]);
    assert!(status[0]["notice"].is_null(), "{status:#}");
    pair.sound("resumed");
}

#[test]
fn an_act_without_authority_is_entered_only_if_asked_for_and_waits() {
    let pair = Pair::met(false, true);
    let file = pair.draft("accord.toml", |text| text);
    let _serving = pair.b.serve();
    pair.a.run(&["accord", "propose", &file]).exits(0);
    let whole = ["--as", "analyst"];
    pair.b.fails(1, "no_authority", &with("initial", &whole));
    let entered = pair.b.json(&with("initial", &[&whole[..], &["--unconfirmed"]].concat()));
    assert!(text(&entered, "summary").contains("without effect"), "{entered:#}");
    pair.a.run(&with("history", &[])).exits(0).says("UNCONFIRMED");
    let act = newest(&entered);
    pair.b.run(&with("confirm", &[&act])).exits(0);
    let report = pair.a.json(&with("positions", &[]));
    let stands = list(&list(&report, "topics")[0], "stands");
    let borea = stands.iter().find(|stand| stand["party"] == "Borea").unwrap();
    assert_eq!(borea["level"], "initialled", "{report:#}");
}

/// The story of July 2017, from the first word to the end of an accord.
#[test]
fn the_story_of_hamburg_runs_and_its_record_is_sound() {
    let world = World::new();
    let dir = world.path("story").display().to_string();
    let told = Outcome::of(detente().args(["demo", "--story", "hamburg", "--json", "--dir", &dir]));
    let told = told.exits(0).json();
    assert_eq!(told["sound"], true, "{told:#}");
    let lines: Vec<String> = list(&told, "steps")
        .iter()
        .flat_map(|step| list(step, "lines"))
        .map(|line| line.as_str().unwrap_or_default().to_owned())
        .collect();
    for says in [
        "working group on cyber security: contradicted",
        "REVERSAL of CERT Beta: from floated to withdrawn after 13 hours",
        "the scope is empty",
        "open brackets: 1",
        "the text lets nobody suspend clause 3.1",
        "clause 2.1: paused, contested | running",
        "not in force: denounced with effect from 201",
        "SOUND",
    ] {
        assert!(lines.iter().any(|line| line.contains(says)), "{says}: {lines:#?}");
    }
    world.verify("story/record").exits(0);
}
