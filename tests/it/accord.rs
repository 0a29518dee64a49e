//! Accords: texts that are checked, and what the parties do about them.

use serde_json::{Value, json};

use crate::support::{Outcome, Pair, World, detente, history, list, number, text, workspace};

/// What the check of a text found: line and code of each fault.
fn faults(report: &Value) -> Vec<(u64, String)> {
    let faults = list(report, "faults").iter();
    faults.map(|fault| (number(fault, "line"), text(fault, "code").to_owned())).collect()
}

/// The texts of the vectors: each bad one is named for its fault.
#[test]
fn every_fault_is_named_with_file_line_and_remedy() {
    let folder = workspace().join("vectors/accord");
    let expected = std::fs::read_to_string(folder.join("expect.json")).unwrap();
    let expected: Value = serde_json::from_str(&expected).unwrap();
    let cases = list(&expected, "cases");
    assert!(cases.len() >= 25, "{} cases", cases.len());
    for case in cases {
        let file = folder.join(text(case, "name")).display().to_string();
        let good = list(case, "faults").is_empty();
        let check = |json: &[&str]| {
            Outcome::of(detente().args(["accord", "check", &file]).args(json)).exits(if good {
                0
            } else {
                1
            })
        };
        let report = check(&["--json"]).json();
        assert_eq!(report["sound"], good, "{report:#}");
        assert_eq!(faults(&report), faults(case), "{file}");
        let mut printed = check(&[]);
        for fault in list(&report, "faults") {
            assert_eq!(fault["file"], file.as_str());
            let remedy = text(fault, "remedy");
            assert!(!remedy.is_empty(), "{fault:#}");
            printed = printed
                .says(&format!("{file}:{}: ", number(fault, "line")))
                .says(&format!("remedy: {remedy}"));
        }
    }
}

/// The three of the issue, made from the draft that users begin with.
#[test]
fn the_draft_is_sound_and_its_mutations_are_not() {
    let pair = Pair::met(false, true);
    let check = |edit: fn(String) -> String| {
        let file = pair.draft("draft.toml", edit);
        Outcome::of(detente().args(["accord", "check", &file, "--json"]))
    };
    assert_eq!(check(|text| text).exits(0).json()["sound"], true);
    type Edit = fn(String) -> String;
    let mutations: [(Edit, &str); 14] = [
        (|text| text.replace("find out {mode}", "find out which both hold"), "parameter_not_shown"),
        (|text| text.replace("{from} may release", "Alba may release"), "parameter_not_shown"),
        (|text| text.replace("{cap.count}", "20000"), "prose_contradicts"),
        (|text| text.replace("objects in {cap", "objects a day in {cap"), "prose_contradicts"),
        (|text| text.replace("{only} of", "{only}, be they marked red, of"), "prose_contradicts"),
        (|text| text.replace("Each party", "One party"), "prose_contradicts"),
        (|text| text.replace("title = \"M", "title = \"1000 M"), "prose_contradicts"),
        (|text| text.replace("Borea", "ALBA"), "repeated"),
        (|text| text.replace("max_tlp = \"amber\"\n", ""), "no_scope"),
        (|text| text.replace("only = \"matched\"\n", ""), "no_scope"),
        (
            |text| text.replace("within = \"PT24H\"\nclock = \"receipt\"", "within = \"PT24H\""),
            "deadline_without_clock",
        ),
        (
            |text| text.replace("up to {max_tlp}", "up to {max_tlp}, that is TLP:RED"),
            "prose_contradicts",
        ),
        (|text| text.replace("{cap.count}", "31 or {cap.count}"), "prose_contradicts"),
        (|text| text.replace("only =", "onIy ="), "unknown_field"),
    ];
    for (edit, code) in mutations {
        let report = check(edit).exits(1).json();
        let found = faults(&report);
        assert!(found.iter().any(|(_, found)| found == code), "{code}: {found:?}");
    }
}

/// What no program finds, people can: the check shows the prose as it reads.
#[test]
fn the_check_shows_the_prose_as_it_reads() {
    let pair = Pair::met(false, true);
    let swapped = pair.draft("swapped.toml", |text| {
        text.replace("{cap.per}", "@")
            .replace("{retention.within}", "{cap.per}")
            .replace("objects in @", "objects in {retention.within}")
    });
    Outcome::of(detente().args(["accord", "check", &swapped]))
        .exits(0)
        .says("clause 2 (permit), line ")
        .says("Either party may release to the other party the context of matched indicators")
        .says("at most 20000 objects in 180 days. The receiver keeps it for 30 days from receipt.")
        .says("Both parties learn the answer.")
        .says("read it as it stands here");
    let french = pair.draft("french.toml", |text| {
        text.replace("[\"en\"]", "[\"fr\"]")
            .replace("prose.en", "prose.fr")
            .replace("text.en", "text.fr")
            .replace("clause 1", "\u{a7} 1")
            .replace(" (normal form 1)", "")
            .replace("clause 2", "{clause.2}")
    });
    let report = Outcome::of(detente().args(["accord", "check", &french, "--json"])).exits(0);
    assert_eq!(report.json()["words_unread"][0], "fr");
    Outcome::of(detente().args(["accord", "check", &french])).exits(0).says("not checked: ");
}

#[test]
fn a_text_that_has_expired_is_found_and_not_proposed() {
    let pair = Pair::met(false, true);
    let file = pair.draft("late.toml", |text| {
        let at = text.find("expires = \"").unwrap() + 11;
        format!("{}2026-01-01{}", &text[..at], &text[at + 10..])
    });
    let report = Outcome::of(detente().args(["accord", "check", &file, "--json"])).exits(1).json();
    assert_eq!(report["sound"], true, "{report:#}");
    assert_eq!(report["findings"][0]["code"], "expired");
    let line = number(&report["findings"][0], "line");
    let printed = Outcome::of(detente().args(["accord", "check", &file])).exits(1);
    printed.says(&format!("{file}:{line}: the text expired at 2026-01-01")).says("remedy: ");
    pair.a.fails(1, "expired", &["accord", "propose", &file]);
    assert_eq!(pair.a.json(&["accord", "status"]).as_array().unwrap().len(), 0);
}

/// Every template, filled for real homes: sound, without finding, and open to the parties alone.
#[test]
fn each_template_is_a_text_to_start_from() {
    let pair = Pair::met(false, true);
    let third = pair.world.party("Cora", false);
    let card = third.card(&pair.world.path("Cora.card"));
    pair.a.run(&["party", "add", &card, "--yes"]).exits(0);
    let serving = pair.b.serve();
    let listed = pair.a.json(&["accord", "draft", "--templates"]);
    let names: Vec<&str> =
        listed.as_array().unwrap().iter().map(|one| text(one, "template")).collect();
    assert_eq!(names, ["matching", "confidence-2013", "assistance-2015", "isac-nis2", "banks"]);
    let printed = pair.a.run(&["accord", "draft", "--templates"]).exits(0);
    for name in names {
        let both: &[&str] = &["--with", "Borea", "--with", "Cora"];
        let others = if name == "isac-nis2" { both } else { &both[..2] };
        let file = pair.world.path(&format!("{name}.toml")).display().to_string();
        let draft = ["accord", "draft", "alba-borea", "--template", name, "--out", &file];
        pair.a.run(&[&draft[..], others].concat()).exits(0);
        assert!(printed.out.lines().any(|line| line.trim().starts_with(name)), "{printed}");
        let check = |words: &[&str]| Outcome::of(detente().arg("accord").args(words)).exits(0);
        let report = check(&["check", &file, "--json"]).json();
        assert_eq!((&report["sound"], &report["findings"]), (&json!(true), &json!([])));
        check(&["exposure", &file]).says("every other cell is closed");
        check(&["exposure", &file, "--ask", "label=victim"]).says("no: 0 of ");
        let document = pair.world.path("document.html").display().to_string();
        check(&["export", &file, "--format", "html", "--out", &document]);
        let back = check(&["import", &document]).out;
        assert_eq!(back, std::fs::read_to_string(&file).unwrap(), "{name}");
        assert_eq!(back.contains(&third.id()), name == "isac-nis2", "{name}");
        // It can be put on the record as it stands.
        if name != "isac-nis2" {
            pair.a.run(&["accord", "propose", &file]).exits(0);
        }
    }
    drop(serving);
    let draft = ["accord", "draft", "x", "--with", "Borea"];
    let fails = |code: &str, more: &[&str]| {
        pair.a.fails(2, code, &[&draft[..], more].concat());
    };
    fails("unknown_template", &["--template", "treaty"]);
    fails("template_parties", &["--with", "Cora"]);
    fails("bad_draft", &["--with", "Borea", "--template", "isac-nis2"]);
    pair.a.run(&["accord", "draft"]).exits(2).says("--with");
}

#[test]
fn a_draft_needs_a_known_party_and_a_plain_name() {
    let pair = Pair::met(false, true);
    let draft = |slug: &str, with: &str, code: &str| {
        pair.a.fails(2, code, &["accord", "draft", slug, "--with", with]);
    };
    draft("x", "Nobody", "unknown_party");
    draft("x", "Alba", "unknown_party");
    draft("Upper Case", "Borea", "bad_draft");
    draft("", "Borea", "bad_draft");
    let by_id = ["accord", "draft", "x", "--with", &pair.b.id()[..12]];
    let drafted = pair.a.run(&by_id).exits(0).says("name = \"Borea\"");
    assert!(drafted.out.contains(&pair.a.id()) && drafted.out.contains(&pair.b.id()));
}

/// The open cells of a text, as far as they differ: (direction, kind, colour).
fn open(report: &Value) -> Vec<(String, String, String)> {
    let words = |region: &Value, axis: &str| -> Vec<String> {
        let all = region[axis].as_array().unwrap_or_else(|| panic!("{axis} of {region:#}"));
        all.iter().map(|word| word.as_str().unwrap().to_owned()).collect()
    };
    let mut cells = Vec::new();
    for region in list(report, "regions") {
        assert_eq!(region["matched"], json!(["matched"]), "{region:#}");
        assert_eq!(region["label"], json!(["none of these"]), "{region:#}");
        let directions = match region["direction"].is_null() {
            true => vec!["A to B".to_owned(), "B to A".to_owned()],
            false => words(region, "direction"),
        };
        for direction in &directions {
            for object in words(region, "object") {
                let colours = words(region, "tlp").into_iter();
                cells.extend(colours.map(|tlp| (direction.clone(), object.clone(), tlp)));
            }
        }
    }
    cells
}

#[test]
fn exposure_shows_everything_that_may_ever_leave() {
    let pair = Pair::met(false, true);
    let exposure = |file: &str, more: &[&str]| {
        Outcome::of(detente().args(["accord", "exposure", file]).args(more)).exits(0)
    };
    let file = pair.draft("draft.toml", |text| text);
    let report = exposure(&file, &["--json"]).json();
    let wide = open(&report);
    // Two directions, eight kinds, three colours up to amber; matched alone.
    assert_eq!(wide.len(), 2 * 8 * 3, "{wide:?}");
    assert!(wide.iter().all(|cell| cell.2 != "TLP:RED"));
    // For each of them PAP, category, origin, purpose, and whether receivers are listed.
    let others = 5 * 2 * 4 * 7 * 2;
    assert_eq!(number(&report, "open"), 48 * others);
    assert_eq!(number(&report, "cells"), 2 * 18 * 5 * 2 * 3 * others);
    exposure(&file, &[])
        .says("TLP:CLEAR, TLP:GREEN, TLP:AMBER")
        .says("nothing labelled source or victim leaves")
        .says("any party may release matched indicators (domain, ipv4")
        .says("26880 of ");
    let csv = exposure(&file, &["--csv"]).out;
    assert!(csv.starts_with("direction,object,tlp,pap,"), "{csv}");
    assert!(csv.contains("*,domain|ipv4|ipv6|url|md5|sha1|sha256|email,TLP:CLEAR|"), "{csv}");

    let narrow_file = pair.draft("narrow.toml", |text| {
        text.replace("max_tlp = \"amber\"", "max_tlp = \"clear\"")
            .replacen("from = \"*\"", "from = \"A\"", 1)
            .replacen("to = \"*\"", "to = \"B\"", 1)
    });
    let narrow = open(&exposure(&narrow_file, &["--json"]).json());
    assert_eq!(narrow.len(), 8);
    assert!(narrow.iter().all(|cell| wide.contains(cell) && cell.0 == "A to B"));

    let diff = |args: &[&str]| Outcome::of(detente().args(["accord", "diff"]).args(args)).exits(0);
    let report = diff(&[&file, &narrow_file, "--json"]).json();
    assert_eq!((number(&report, "opens"), number(&report, "closes")), (0, 40 * others));
    let report = diff(&[&narrow_file, &file, "--json"]).json();
    assert_eq!((number(&report, "opens"), number(&report, "closes")), (40 * others, 0));
    diff(&[&narrow_file, &file]).says("opens").says("22400 cells open and 0 close");
    diff(&[&file, &file]).says("no cell opens or closes");
    assert!(diff(&[&file, &narrow_file, "--csv"]).out.contains(",2,closes,"));

    let bad = pair.world.write("bad.toml", "format = 1\n");
    Outcome::of(detente().args(["accord", "exposure", &bad])).exits(1);
    Outcome::of(detente().args(["accord", "diff", &file, &bad])).exits(1);
}

#[test]
fn one_question_is_answered_with_its_clauses() {
    let pair = Pair::met(false, true);
    let file = pair.draft("draft.toml", |text| text);
    let ask = |words: &[&str]| {
        Outcome::of(detente().args(["accord", "exposure", &file, "--ask"]).args(words))
    };
    let domain = ["from=A", "to=B", "kind=domain", "tlp=amber", "matched=yes"];
    ask(&[&domain[..], &["label=apt"]].concat()).exits(0).says("yes: ").says("permit any of it: 2");
    ask(&[&domain[..], &["label=Victim"]].concat())
        .exits(0)
        .says("no: 0 of ")
        .says("forbid any of it: 3");
    ask(&["kind=domain"]).exits(0).says("in part: ");
    ask(&["tlp=red"]).exits(0).says("no clause permits any of it");
    ask(&["tlp=mauve"]).exits(1).says("amber+strict");
    ask(&["colour=red"]).exits(1).says("nothing that can be asked");
    ask(&["domain"]).exits(1).says("asks nothing");
}

#[test]
fn an_accord_lives_from_proposal_to_signature() {
    let pair = Pair::met(false, true);
    let file = pair.draft("accord.toml", |text| text);
    let bytes = std::fs::read_to_string(&file).unwrap();

    // Nobody serves: what A says stands in A's log, and goes later.
    let proposed = pair.a.json(&["accord", "propose", &file]);
    let delivered = &proposed["delivered"][0];
    assert_eq!(delivered["cosigned"], false, "{proposed:#}");
    assert!(text(delivered, "reason").contains("cannot reach Borea"));
    let status = pair.a.json(&["accord", "status"]);
    assert_eq!(status[0]["in_force"], false);

    let serving = pair.b.serve();
    let signed = pair.a.json(&["accord", "sign", "alba-borea"]);
    assert_eq!(signed["delivered"][0]["cosigned"], true, "{signed:#}");
    for home in [&pair.a, &pair.b] {
        let status = home.json(&["accord", "status", "alba-borea"]);
        assert_eq!(status[0]["in_force"], false, "one has signed: {status:#}");
    }
    // Signing a file means these very bytes: one blank more is another text.
    let other = pair.world.write("other.toml", format!("{bytes}\n"));
    pair.b.fails(2, "unknown", &["accord", "sign", &other]);
    pair.b.fails(1, "no_authority", &["accord", "sign", &file, "--as", "analyst"]);
    pair.b.fails(2, "unknown_role", &["accord", "sign", &file, "--as", "king"]);

    pair.b.run(&["accord", "sign", &file]).exits(0);
    for home in [&pair.a, &pair.b] {
        let status = home.json(&["accord", "status", "alba-borea"]);
        assert_eq!(status[0]["in_force"], true, "{status:#}");
        home.run(&["accord", "status"])
            .exits(0)
            .says("standing   in force since")
            .says("Borea: signed at");
        let printed = home.run(&["accord", "text", "alba-borea"]).exits(0);
        assert_eq!(printed.out, bytes, "the text in force is another");
        let kinds: Vec<(String, Vec<String>)> = ["Alba", "Borea"]
            .map(|party| {
                let acts = history(home, party);
                let kinds = acts.iter().map(|act| text(act, "kind").to_owned());
                (party.to_owned(), kinds.collect())
            })
            .to_vec();
        assert_eq!(kinds[0].1, ["designate", "propose", "sign"]);
        assert_eq!(kinds[1].1, ["designate", "sign"]);
    }
    // Twice is no act.
    pair.b.fails(2, "unknown", &["accord", "sign", "alba-borea"]);
    assert_eq!(history(&pair.b, "Borea").len(), 2);
    drop(serving);
    pair.a.run(&["accord", "status"]).exits(0).says("not asked just now");
}

#[test]
fn a_text_with_faults_is_not_proposed() {
    let pair = Pair::met(false, true);
    let file = pair.draft("bad.toml", |text| text.replace("max_tlp = \"amber\"\n", ""));
    let failed = pair.a.fails(1, "accord_text_faulty", &["accord", "propose", &file]);
    assert_eq!(failed["faults"][0]["file"], file.as_str(), "{failed:#}");
    pair.a
        .run(&["accord", "propose", &file])
        .exits(1)
        .says(&format!("{file}:{}", number(&failed["faults"][0], "line")))
        .says("remedy: ");
    // Nor one between others, nor one that claims another root for us.
    let foreign = workspace().join("vectors/accord/sound.toml");
    pair.a.run(&["accord", "propose", foreign.to_str().unwrap()]).exits(1);
    assert_eq!(pair.a.json(&["accord", "status"]).as_array().unwrap().len(), 0);
    pair.a.fails(3, "io", &["accord", "propose", "/nowhere/accord.toml"]);
    let noise = pair.world.write("noise", [0xff, 0xfe, 0x00]);
    pair.a.run(&["accord", "propose", &noise]).exits(1);
    let huge = pair.world.write("huge", vec![b'#'; 32 << 20]);
    pair.a.run(&["accord", "propose", &huge]).exits(1);
}

#[test]
fn a_refused_text_is_not_in_force_and_another_may_follow() {
    let pair = Pair::met(false, true);
    let _serving = pair.b.serve();
    let first = pair.draft("first.toml", |text| text);
    let second = pair.draft("second.toml", |text| text.replace("20000", "500"));
    for file in [&first, &second] {
        pair.a.run(&["accord", "propose", file]).exits(0);
    }
    // Two are open: the name alone says too little.
    let unclear = pair.b.run(&["accord", "sign", "alba-borea"]);
    assert!(unclear.code == 1 || unclear.code == 2, "{unclear}");
    assert!(history(&pair.b, "Borea").is_empty());
    let args = ["accord", "refuse", &first, "--reason", "far too much"];
    pair.b.run(&args).exits(0);
    pair.a.run(&["accord", "sign", &second]).exits(0);
    let digest = Outcome::of(detente().args(["accord", "check", &second, "--json"])).json();
    let digest = text(&digest, "text").to_owned();
    let args = ["accord", "sign", "alba-borea", "--text", &digest[..16]];
    pair.b.run(&args).exits(0);

    let status = pair.a.json(&["accord", "status"]);
    assert_eq!(status[0]["in_force"], true, "{status:#}");
    assert_eq!(status[0]["text"], digest.as_str());
    pair.a.run(&["accord", "status"]).exits(0).says("far too much");
    let args = ["accord", "text", "alba-borea", "--text", &digest];
    pair.b.run(&args).exits(0).says("count = 500");
    pair.sound("second");
}

#[test]
fn a_stop_holds_until_it_is_lifted_and_a_notice_is_shown() {
    let (pair, _serving) = Pair::agreed();
    let items = pair.world.write("items", "evil.example.com\n");
    for home in [&pair.a, &pair.b] {
        home.import(&[&items, "--tlp", "green"]);
    }
    let matching = ["match", "alba-borea", "--clause", "1"];
    pair.a.run(&matching).exits(0);
    let args = ["accord", "stop", "alba-borea", "--reason", "under attack"];
    // The duty officer may, and the analyst may not.
    let failed = pair.b.fails(1, "no_authority", &[&args[..], &["--as", "analyst"]].concat());
    let remedy = text(&failed, "remedy");
    assert!(remedy.ends_with("--as minister or --as duty-officer"), "{remedy}");
    pair.b.run(&[&args[..], &["--as", "duty-officer"]].concat()).exits(0);
    let release = ["release", "alba-borea", "--matched", "last"];
    for home in [&pair.a, &pair.b] {
        let failed = home.run(&matching).exits(1);
        failed.says("stopped");
        home.run(&["accord", "status"]).exits(0).says("under attack");
    }
    pair.a.run(&release).exits(1);
    let searched = pair.b.json(&["search", "evil.example.com"]);
    assert!(list(&searched, "received").is_empty(), "{searched:#}");

    pair.b.run(&["accord", "resume", "alba-borea"]).exits(0);
    pair.a.run(&matching).exits(0);
    let released = pair.a.json(&release);
    assert!(!released["receipt"].is_null(), "{released:#}");

    let args = ["accord", "denounce", "alba-borea", "--reason", "elections"];
    pair.a.run(&args).exits(0);
    for home in [&pair.a, &pair.b] {
        home.run(&["accord", "status"]).exits(0).says("notice     by Alba");
        home.run(&["accord", "history", "alba-borea"]).exits(0).says("elections");
    }
    pair.sound("stopped");
}

/// A step back shows as what it is.
#[test]
fn a_reversal_is_named() {
    let pair = Pair::met(false, true);
    let _serving = pair.b.serve();
    let file = pair.draft("accord.toml", |text| text);
    pair.a.run(&["accord", "propose", &file]).exits(0);
    pair.a.run(&["accord", "sign", &file]).exits(0);
    pair.a.run(&["accord", "refuse", &file]).exits(0);
    let acts = history(&pair.b, "Alba");
    let last = acts.last().unwrap();
    assert_eq!(last["kind"], "refuse");
    assert_eq!(last["effect"], "reversal", "{last:#}");
    pair.b.run(&["accord", "history", "alba-borea"]).exits(0).says("REVERSAL");
    pair.b.run(&["accord", "sign", &file]);
    let status = pair.b.json(&["accord", "status"]);
    assert_eq!(status[0]["in_force"], false, "{status:#}");
}

#[test]
fn nothing_is_done_in_an_accord_that_is_not_there() {
    let world = World::new();
    let home = world.party("Alba", false);
    for args in [
        &["accord", "sign", "x"][..],
        &["accord", "stop", "x"],
        &["accord", "text", "x"],
        &["accord", "exposure", "x"],
        &["match", "x", "--clause", "1"],
        &["release", "x", "--matched", "last"],
        &["log", "export", "x", "--to", "/nowhere/x"],
    ] {
        home.fails(2, "unknown", args);
    }
    home.run(&["accord", "status"]).exits(0).says("no accord yet");
}
