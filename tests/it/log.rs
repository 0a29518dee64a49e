//! The record: one writer of one log, whatever runs at once, and an export that anyone can check.

use std::process::{Child, Command, Stdio};

use crate::support::{Home, Outcome, Pair, history, number, text};

/// Starts a command without waiting for it.
fn start(home: &Home, args: &[&str]) -> (Child, Command) {
    let mut command = home.command(args);
    command.arg("--json").stdout(Stdio::piped()).stderr(Stdio::piped());
    (command.spawn().unwrap(), command)
}

/// Eight acts at once by one home, and as many by the other.
fn at_once(pair: &Pair, homes: &[&Home]) {
    let mut begun = Vec::new();
    let mut before = Vec::new();
    for home in homes {
        before.push(history(home, &home.name).len());
        for n in 0..8 {
            let words = format!("{} {n}", home.name);
            let args = ["accord", "stop", "alba-borea", "--reason", &words];
            begun.push((home.name.clone(), start(home, &args)));
        }
        // Readers among the writers.
        begun.push((home.name.clone(), start(home, &["accord", "status"])));
    }
    let mut acts: Vec<(String, String)> = Vec::new();
    for (name, (child, command)) in begun {
        let report = Outcome::after(child, &command).exits(0).json();
        if let Some(act) = report.get("act") {
            acts.push((name, act.as_str().unwrap().to_owned()));
        }
    }
    assert_eq!(acts.len(), 8 * homes.len());
    for (home, before) in homes.iter().zip(before) {
        let after = history(home, &home.name);
        assert_eq!(after.len(), before + 8, "{after:#?}");
        for (_, act) in acts.iter().filter(|(name, _)| *name == home.name) {
            let there = after.iter().any(|event| event["act"] == act.as_str());
            assert!(there, "act {act} was acknowledged and is lost");
        }
    }
    for home in [&pair.a, &pair.b] {
        home.run(&["sync"]).exits(0);
    }
    for home in homes {
        let own = history(home, &home.name);
        for witness in [&pair.a, &pair.b] {
            let seen = history(witness, &home.name);
            assert_eq!(seen.len(), own.len(), "{} lacks acts", witness.name);
        }
    }
}

#[test]
fn eight_commands_at_once_without_serve_all_enter_the_log() {
    let (pair, _serving) = Pair::agreed();
    at_once(&pair, &[&pair.a]);
    pair.sound("at-once");
}

#[test]
fn eight_commands_at_once_at_each_of_two_serving_homes() {
    let (pair, _serving) = Pair::agreed();
    let _other = pair.a.serve();
    at_once(&pair, &[&pair.a, &pair.b]);
    pair.sound("at-once");
}

/// `serve` begins in the midst of commands: whoever comes later goes through it.
#[test]
fn serve_among_commands_is_no_second_writer() {
    let (pair, _serving) = Pair::agreed();
    let before = history(&pair.a, "Alba").len();
    let begun: Vec<_> = (0..4).map(|_| start(&pair.a, &["accord", "stop", "alba-borea"])).collect();
    let serving = pair.a.serve();
    let later: Vec<_> =
        (0..4).map(|_| start(&pair.a, &["accord", "resume", "alba-borea"])).collect();
    for (child, command) in begun.into_iter().chain(later) {
        // To lift a stop that is lifted already is refused, and is no act.
        let outcome = Outcome::after(child, &command);
        assert!(outcome.code == 0 || outcome.code == 1, "{outcome}");
    }
    let after = history(&pair.a, "Alba").len();
    assert!((before + 5..=before + 8).contains(&after), "{before} {after}");
    drop(serving);
    assert_eq!(history(&pair.a, "Alba").len(), after);
    pair.sound("among");
}

#[test]
fn both_sides_export_the_same_folder() {
    let (pair, _serving) = Pair::agreed();
    let file = pair.world.write("x.txt", "evil.example.com\n45.1.2.3\n");
    for home in [&pair.a, &pair.b] {
        home.import(&[&file, "--tlp", "clear"]);
    }
    pair.a.json(&["match", "alba-borea", "--clause", "1"]);
    pair.a.json(&["release", "alba-borea", "--matched", "last"]);
    let folder = pair.sound("same");
    let other = pair.world.path("same-b");
    let same = Command::new("diff").arg("-r").args([&folder, &other]).output();
    let same = same.unwrap();
    assert!(same.status.success(), "{}", String::from_utf8_lossy(&same.stdout));
    // And again the same: it is a function of the record.
    pair.sound("again");
    let again = pair.world.path("again-a");
    let same = Command::new("diff").arg("-r").args([&folder, &again]).status();
    assert!(same.unwrap().success());
}

#[test]
fn an_export_goes_into_a_new_folder() {
    let (pair, _serving) = Pair::agreed();
    let to = pair.world.path("export").display().to_string();
    let export = ["log", "export", "alba-borea", "--to", &to];
    let report = pair.a.json(&export);
    assert_eq!(number(&report, "entries"), 5);
    assert_eq!(text(&report, "folder"), to);
    pair.a.fails(1, "folder_not_empty", &export);
    let file = pair.world.write("file", "x");
    pair.a.run(&["log", "export", "alba-borea", "--to", &file]).exits(3);
    // A path from where the user stands, not from where the node serves.
    let _serving = pair.a.serve();
    let mut relative = pair.a.command(&["log", "export", "alba-borea", "--to", "here/record"]);
    let here = pair.world.path("");
    Outcome::of(relative.current_dir(&here)).exits(0);
    assert!(here.join("here/record/accord.json").is_file());
    pair.world.verify("here/record").exits(0);
}

/// An unconfirmed or refused act of today is still there tomorrow: history only grows.
#[test]
fn history_only_grows() {
    let (pair, _serving) = Pair::agreed();
    let mut known: Vec<serde_json::Value> = Vec::new();
    for words in ["one", "two", "three"] {
        let args = ["accord", "stop", "alba-borea", "--reason", words];
        pair.a.run(&args).exits(0);
        let now = history(&pair.b, "Alba");
        let acts = |events: &[serde_json::Value]| -> Vec<String> {
            events.iter().map(|event| text(event, "act").to_owned()).collect()
        };
        assert!(acts(&now).starts_with(&acts(&known)), "{known:#?} {now:#?}");
        assert!(now.len() > known.len());
        known = now;
    }
}
