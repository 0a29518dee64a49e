//! Keys: rotated, lent, lost, stolen, revoked, and what the record makes of it at both sides.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::{Home, Outcome, Pair, Random, World, history, list, python, text, yes};

/// What the other side's record says of the newest act of a party.
#[track_caller]
fn last(home: &Home, party: &str) -> (String, String, String) {
    let events = history(home, party);
    let last = events.last().expect("the party has acted");
    let note = last["note"].as_str().unwrap_or_default().to_owned();
    (text(last, "kind").to_owned(), text(last, "effect").to_owned(), note)
}

/// The good keys of a party's role, as a home's record has them.
#[track_caller]
fn good(home: &Home, party: &str, role: &str) -> Vec<String> {
    let rosters = home.json(&["key", "list", "alba-borea"]);
    let rosters = rosters.as_array().expect("a list").clone();
    let of = rosters.iter().find(|roster| roster["party"] == party).expect("the party is there");
    let keys = list(of, "keys").iter().filter(|key| key["role"] == role && yes(key, "good"));
    keys.map(|key| text(key, "key").to_owned()).collect()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else if path.is_file() {
            fs::copy(&path, &target).unwrap();
        }
    }
}

#[test]
fn a_rotated_key_matches_and_releases_as_the_old_one_did() {
    let (pair, _serving) = Pair::agreed();
    let file = pair.world.write("x.txt", "evil.example.com\n45.1.2.3\n");
    for home in [&pair.a, &pair.b] {
        home.import(&[&file, "--source", "feed", "--tlp", "green"]);
    }
    let before = good(&pair.b, "Alba", "analyst");
    let made = pair.a.json(&["key", "rotate", "analyst"]);
    assert_eq!(made["record"]["entered"], 1, "{made:#}");
    assert_eq!(made["record"]["delivered"][0]["cosigned"], true, "{made:#}");
    assert_eq!(last(&pair.b, "Alba").0, "rotate-key");
    let after = good(&pair.b, "Alba", "analyst");
    assert_eq!((before.len(), after.len()), (1, 1));
    assert_ne!(before, after);
    let report = pair.a.json(&["match", "alba-borea", "--clause", "1"]);
    assert_eq!(report["common"], 2, "{report:#}");
    pair.sound("rotated");
    // Again, and cut off before the new key took its place.
    let key = pair.a.dir.join("keys/analyst.key");
    let old = fs::read(&key).unwrap();
    pair.a.run(&["key", "rotate", "analyst"]).exits(0);
    fs::rename(&key, pair.a.dir.join("keys/analyst.next.key")).unwrap();
    fs::write(&key, old).unwrap();
    let report = pair.a.json(&["match", "alba-borea", "--clause", "1"]);
    assert_eq!(report["common"], 2, "{report:#}");
    pair.a.run(&["key", "rotate", "analyst"]).exits(0);
    let report = pair.a.json(&["match", "alba-borea", "--clause", "1"]);
    assert_eq!(report["common"], 2, "{report:#}");
    let folder = pair.sound("rotated-again");
    if let Some(checker) = python("act_check.py") {
        let said = checker.accepts(&[&folder]);
        assert!(said.contains("\"cnsa2\": 0"), "{said}");
    }
}

#[test]
fn a_deputy_acts_within_what_was_lent() {
    let (pair, _serving) = Pair::agreed();
    let lend = |may: &str, until: &str| {
        ["key", "delegate", "minister", "--to", "Deputy", "--may", may, "--until", until]
            .map(str::to_owned)
    };
    let call = |args: &[String]| args.iter().map(String::as_str).collect::<Vec<_>>().join("\u{1}");
    let refused = |code: &str, args: &[String]| {
        let joined = call(args);
        pair.a.fails(1, code, &joined.split('\u{1}').collect::<Vec<_>>());
    };
    refused("key_no_power", &lend("release", "2090-01-01"));
    refused("delegation_over", &lend("stop", "2020-01-01"));
    assert!(!pair.a.dir.join("keys/deputy-0000.key").exists(), "no key without a statement");
    pair.a
        .run(&[
            "key",
            "delegate",
            "minister",
            "--to",
            "Deputy",
            "--may",
            "denounce,refuse",
            "--until",
            "2090-01-01",
            "--accord",
            "alba-borea",
        ])
        .exits(0);
    assert_eq!(good(&pair.b, "Alba", "minister").len(), 2);
    // The minister's key is elsewhere.
    fs::rename(pair.a.dir.join("keys/minister.key"), pair.world.path("minister.key")).unwrap();
    let resume = ["accord", "suspend", "alba-borea", "--clause", "1", "--direction", "both"];
    let resume = [resume.as_slice(), &["--reason", "x", "--as", "minister"]].concat();
    pair.a.fails(1, "no_authority", &resume);
    let denounce = ["accord", "denounce", "alba-borea", "--reason", "over"];
    pair.a.run(&denounce).exits(0);
    let (kind, effect, _) = last(&pair.b, "Alba");
    assert_eq!((kind.as_str(), effect.as_str()), ("denounce", "reversal"));
    pair.sound("deputy");
}

#[test]
fn a_lost_key_is_renewed_by_the_root_wherever_it_lies() {
    let (pair, _serving) = Pair::agreed();
    let file = pair.world.write("x.txt", "evil.example.com\n");
    for home in [&pair.a, &pair.b] {
        home.import(&[&file, "--source", "feed", "--tlp", "green"]);
    }
    fs::remove_file(pair.a.dir.join("keys/analyst.key")).unwrap();
    let matching = ["match", "alba-borea", "--clause", "1"];
    pair.a.fails(1, "no_key", &matching);
    pair.a.fails(1, "no_key", &["key", "rotate", "analyst"]);
    let offline = pair.world.path("root.key").display().to_string();
    fs::rename(pair.a.dir.join("keys/root.key"), &offline).unwrap();
    pair.a.fails(2, "no_root", &["key", "renew", "analyst"]);
    let other = pair.b.dir.join("keys/root.key").display().to_string();
    pair.a.fails(2, "other_root", &["key", "renew", "analyst", "--root", &other]);
    let made = pair.a.json(&["key", "renew", "analyst", "--root", &offline]);
    assert_eq!(made["record"]["entered"], 1, "{made:#}");
    assert_eq!(last(&pair.b, "Alba").0, "designate");
    assert_eq!(pair.a.json(&matching)["common"], 1);
    // The lost key is found by somebody: it is no longer on the card, and can be revoked too.
    assert_eq!(good(&pair.b, "Alba", "analyst").len(), 1);
    pair.sound("renewed");
    pair.a.fails(2, "unknown_key", &["key", "revoke", "ffffffff", "--cause", "lost"]);
    let card = pair.a.card(&pair.world.path("newer.card"));
    pair.b.run(&["party", "add", &card, "--yes"]).exits(0);
    let old = pair.world.path("Alba.card").display().to_string();
    pair.b.fails(1, "older_card", &["party", "add", &old, "--yes"]);
}

#[test]
fn what_a_thief_does_with_a_revoked_key_has_no_effect() {
    let (pair, serving) = Pair::agreed();
    let out = pair.world.path("revocations").display().to_string();
    let made = pair.a.json(&["key", "prepare", "--out", &out]);
    let files = list(&made, "made");
    assert_eq!(files.len(), 5, "{made:#}");
    let file = |role: &str| -> String {
        let one = files.iter().find(|one| text(one, "file").contains(role)).unwrap();
        text(one, "file").to_owned()
    };
    // The thief has all of A's home, and A has nothing any more but a file that was kept elsewhere.
    copy(&pair.a.dir, &pair.world.path("stolen"));
    let thief = pair.world.home_in(&pair.world.path("stolen"), "Alba", false);
    let entered = pair.b.json(&["key", "enter", &file("minister")]);
    assert_eq!(entered["record"]["entered"], 1, "{entered:#}");
    let again = pair.b.json(&["key", "enter", &file("minister")]);
    assert_eq!(again["record"]["entered"], 0, "{again:#}");
    // The thief makes a new key of the stolen one: it ends with it.
    thief.run(&["key", "rotate", "minister"]);
    thief.run(&["accord", "denounce", "alba-borea", "--reason", "over"]);
    for event in history(&pair.b, "Alba") {
        if ["denounce", "rotate-key"].contains(&text(&event, "kind")) {
            assert_ne!(event["effect"], "in effect", "{event:#}");
        }
    }
    let status = pair.b.json(&["accord", "status", "alba-borea"]);
    assert_eq!(status[0]["in_force"], true, "{status:#}");
    // Forged and garbled files, and a key that nobody revoked.
    let mut garbled = fs::read_to_string(file("head")).unwrap();
    garbled = garbled.replacen("-----\n", "-----\nAAAA", 1);
    let garbled = pair.world.write("garbled", garbled);
    pair.b.fails(1, "no_revocation", &["key", "enter", &garbled]);
    let mut random = Random::new();
    let mut bytes = fs::read(file("head")).unwrap();
    random.flip(&mut bytes);
    let flipped = pair.world.write("flipped", bytes);
    let outcome = pair.b.run(&["key", "enter", &flipped]);
    assert!(outcome.code == 1 || good(&pair.b, "Alba", "head").is_empty(), "{outcome}");
    drop(serving);
}

#[test]
fn a_new_transport_key_needs_the_new_card_by_hand() {
    let (pair, _serving) = Pair::agreed();
    pair.a.run(&["key", "renew", "--transport"]).exits(0);
    let away = pair.a.json(&["sync"]);
    assert_eq!(away[0]["cosigned"], false, "B knows the old key alone: {away:#}");
    let card = pair.a.card(&pair.world.path("newer.card"));
    pair.b.run(&["party", "add", &card, "--yes"]).exits(0);
    let there = pair.a.json(&["sync"]);
    assert_eq!(there[0]["cosigned"], true, "{there:#}");
    assert_eq!(last(&pair.b, "Alba").0, "designate");
    pair.sound("transport");
}

#[test]
fn an_accord_of_suite_cnsa2_is_signed_with_ml_dsa_87() {
    let world = World::new();
    let (a, b) = (world.home("Alba", false), world.home("Borea", true));
    for home in [&a, &b] {
        let mut command = home.command(&["init", "--party", &home.name, "--suite", "cnsa2"]);
        if let Some(address) = &home.address {
            command.args(["--listen", address]);
        }
        Outcome::of(&mut command).exits(0);
    }
    let pair = Pair { a, b, world };
    for (from, to) in [(&pair.a, &pair.b), (&pair.b, &pair.a)] {
        let card = from.card(&pair.world.path(&format!("{}.card", from.name)));
        to.run(&["party", "add", &card, "--yes"]).exits(0);
    }
    let serving = pair.b.serve();
    pair.agree(|text| text.replacen("prevailing", "suite = \"cnsa2\"\nprevailing", 1));
    let file = pair.world.write("x.txt", "evil.example.com\n");
    for home in [&pair.a, &pair.b] {
        home.import(&[&file, "--source", "feed", "--tlp", "green"]);
    }
    pair.a.run(&["key", "rotate", "analyst"]).exits(0);
    assert_eq!(pair.a.json(&["match", "alba-borea", "--clause", "1"])["common"], 1);
    let folder = pair.sound("cnsa2");
    if let Some(checker) = python("act_check.py") {
        let said = checker.accepts(&[&folder]);
        // Hybrid are the two halves of the rotation of the key for other accords alone.
        assert!(said.contains("\"hybrid\": 2,"), "{said}");
    }
    // A party without such a root has no part in it.
    let other = pair.world.party("Corda", false);
    let card = pair.b.card(&pair.world.path("b.card"));
    other.run(&["party", "add", &card, "--yes"]).exits(0);
    let drafted = other.run(&["accord", "draft", "corda-borea", "--with", "Borea"]).exits(0);
    let asks = drafted.out.replacen("prevailing", "suite = \"cnsa2\"\nprevailing", 1);
    let asks = pair.world.write("corda.toml", asks);
    other.fails(1, "no_key", &["accord", "propose", &asks]);
    drop(serving);
}

#[test]
fn new_keys_wait_for_the_process_that_serves() {
    let world = World::new();
    let home = world.party("Alba", true);
    let serving = home.serve();
    for args in [
        &["key", "rotate", "analyst"] as &[&str],
        &["key", "renew", "analyst"],
        &["key", "delegate", "minister", "--to", "x", "--may", "sign", "--until", "2090-01-01"],
    ] {
        home.fails(1, "already_served", args);
    }
    // A key can be ended at once, whoever serves.
    let ended: Value = home.json(&["key", "revoke", "analyst", "--cause", "retired"]);
    assert_eq!(list(&ended, "made").len(), 1);
    home.fails(2, "unknown_key", &["key", "revoke", "analyst", "--cause", "retired"]);
    drop(serving);
}
