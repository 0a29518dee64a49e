//! Serving: one process per home that takes its commands; killed at any moment, nothing that was
//! acknowledged is lost.

use std::process::Stdio;

use crate::support::{
    Home, Lists, Outcome, Pair, World, common, count, history, list, number, pause, text,
    wait_until,
};

const MATCH: [&str; 4] = ["match", "alba-borea", "--clause", "1"];
const RELEASE: [&str; 4] = ["release", "alba-borea", "--matched", "last"];

#[test]
fn commands_go_through_the_process_that_serves() {
    let world = World::new();
    let home = world.party("Alba", true);
    let file = world.write("x.txt", "evil.example.com\n");
    let serving = home.serve();
    // Without the passphrase only the serving process can do it.
    for args in [&["party", "list"][..], &["import", &file], &["list"], &["accord", "status"]] {
        Outcome::of(&mut home.bare(args)).exits(0);
    }
    let mut piped = home.bare(&["import", "-", "--json"]);
    Outcome::fed(&mut piped, Some(b"piped.example.com\n")).exits(0);
    home.fails(1, "already_served", &["serve"]);
    assert_eq!(serving.address, home.address);
    assert!(home.dir.join("control.sock").exists());
    assert_eq!(serving.end(), Some(0));
    assert!(!home.dir.join("control.sock").exists());
    Outcome::of(&mut home.bare(&["list"])).exits(3);
    let left = home.json(&["list"]);
    assert_eq!(left.as_array().unwrap().len(), 2, "{left:#}");
}

#[test]
fn a_dead_process_stands_in_nobodys_way() {
    let world = World::new();
    let home = world.party("Alba", true);
    for _ in 0..3 {
        home.serve().kill();
        assert!(home.dir.join("control.sock").exists(), "killed, it could not tidy up");
        home.run(&["list"]).exits(0);
    }
    let serving = home.serve();
    Outcome::of(&mut home.bare(&["list"])).exits(0);
    assert_eq!(serving.end(), Some(0));
}

#[test]
fn a_port_in_use_and_a_long_path_are_told_apart() {
    let world = World::new();
    let one = world.party("One", true);
    let _serving = one.serve();
    let two = world.party("Two", false);
    let address = one.address.unwrap();
    let failed = two.fails(3, "listen", &["serve", "--listen", &address]);
    assert!(text(&failed, "error").contains(&address), "{failed:#}");
    two.run(&["serve", "--listen", "nowhere"]).exits(3);
    // A path that no socket address can hold.
    let long = world.path(&"long/".repeat(30));
    let deep = world.home_in(&long, "Deep", true);
    deep.init().exits(0);
    let serving = deep.serve();
    Outcome::of(&mut deep.bare(&["party", "list"])).exits(0);
    assert_eq!(serving.end(), Some(0));
    // Told to listen elsewhere, it does.
    let other = format!("127.0.0.1:{}", crate::support::free_port());
    let mut command = two.command(&["serve", "--json", "--listen", &other]);
    let serving = crate::support::Serving::start(&mut command, world.path("two.log"));
    assert_eq!(serving.address.as_deref(), Some(other.as_str()));
}

/// The line comes back by itself when the other side does, and brings what waited.
#[test]
fn a_cut_line_is_dialled_again() {
    let (pair, serving) = Pair::agreed();
    let _dials = pair.a.serve();
    serving.kill();
    let stop = ["accord", "stop", "alba-borea", "--reason", "alone"];
    let report = pair.a.json(&stop);
    assert_eq!(report["delivered"][0]["cosigned"], false, "{report:#}");
    let _serving = pair.b.serve();
    wait_until("B has what A did alone", 30, || {
        // B can't dial A: what it knows, A has brought.
        let acts = history(&pair.b, "Alba");
        acts.iter().any(|act| text(act, "summary").contains("alone"))
    });
    // And over this line B reaches A, which has no address.
    let resumed = pair.b.run(&["accord", "stop", "alba-borea", "--reason", "too"]).exits(0);
    resumed.says("Alba holds it and has cosigned it");
}

/// Starts a command at a home, kills a serving process in its midst, and gives how it ended.
fn killed_after(home: &Home, args: &[&str], milliseconds: u64, kill: impl FnOnce()) -> Outcome {
    let mut command = home.command(args);
    command.arg("--json").stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    pause(milliseconds);
    kill();
    Outcome::after(child, &command)
}

/// Acts that a home has acknowledged, by digest.
fn acts(home: &Home) -> Vec<String> {
    ["Alba", "Borea"]
        .iter()
        .flat_map(|party| history(home, party))
        .map(|act| text(&act, "act").to_owned())
        .collect()
}

#[track_caller]
fn all_there(before: &[String], home: &Home) {
    let now = acts(home);
    for act in before {
        assert!(now.contains(act), "{} lost act {act}", home.name);
    }
}

#[test]
fn the_answering_side_killed_in_a_match() {
    let (pair, mut serving) = Pair::agreed();
    let lists = Lists::new(500, 5_500);
    for (home, lines) in [(&pair.a, &lists.a), (&pair.b, &lists.b)] {
        let file = pair.world.write(&format!("{}.txt", home.name), lines);
        home.import(&[&file, "--tlp", "green"]);
    }
    let want = common(&pair.a, &pair.b);
    let mut cut = 0;
    for milliseconds in [150, 400, 900] {
        let before = [acts(&pair.a), acts(&pair.b)];
        let outcome = killed_after(&pair.a, &MATCH, milliseconds, || serving.kill());
        assert!([0, 4].contains(&outcome.code), "{outcome}");
        cut += usize::from(outcome.code == 4);
        serving = pair.b.serve();
        all_there(&before[0], &pair.a);
        all_there(&before[1], &pair.b);
    }
    assert!(cut > 0, "no kill fell into a run");
    let report = pair.a.json(&MATCH);
    assert_eq!(number(&report, "common"), want.len() as u64);
    assert_eq!(report["agreed"], true, "{report:#}");
    pair.sound("killed");
    drop(serving);
}

#[test]
fn the_asking_side_killed_in_a_match() {
    let (pair, _serving) = Pair::agreed();
    let lists = Lists::new(500, 5_500);
    for (home, lines) in [(&pair.a, &lists.a), (&pair.b, &lists.b)] {
        let file = pair.world.write(&format!("{}.txt", home.name), lines);
        home.import(&[&file, "--tlp", "green"]);
    }
    let mut cut = 0;
    for milliseconds in [100, 300, 700] {
        let asking = pair.a.serve();
        let before = [acts(&pair.a), acts(&pair.b)];
        let outcome = killed_after(&pair.a, &MATCH, milliseconds, || asking.kill());
        assert!([0, 3].contains(&outcome.code), "{outcome}");
        if outcome.code == 3 {
            assert_eq!(outcome.json()["code"], "serve_gone", "{outcome}");
            cut += 1;
        }
        all_there(&before[0], &pair.a);
        all_there(&before[1], &pair.b);
    }
    assert!(cut > 0, "no kill fell into a run");
    let report = pair.a.json(&MATCH);
    assert_eq!(number(&report, "common"), 500);
    assert_eq!(report["agreed"], true, "{report:#}");
    pair.sound("killed");
}

/// Killed on either side in the midst of releases: at the next contact the rest goes, once.
#[test]
fn either_side_killed_in_a_release() {
    let (pair, mut serving) = Pair::agreed();
    let lists = Lists::new(3_000, 0);
    for (home, lines) in [(&pair.a, &lists.a), (&pair.b, &lists.b)] {
        let file = pair.world.write(&format!("{}.txt", home.name), lines);
        home.import(&[&file, "--tlp", "green"]);
    }
    pair.a.json(&MATCH);
    let mut cut = 0;
    // The early ones for machines that are done before the late ones.
    let kills = [(120, true), (200, false), (280, true), (400, true), (300, false), (600, false)];
    for (milliseconds, answering) in kills {
        let outcome = if answering {
            let outcome = killed_after(&pair.a, &RELEASE, milliseconds, || serving.kill());
            serving = pair.b.serve();
            outcome
        } else {
            let asking = pair.a.serve();
            killed_after(&pair.a, &RELEASE, milliseconds, || asking.kill())
        };
        assert!([0, 3, 4].contains(&outcome.code), "{outcome}");
        cut += usize::from(outcome.code != 0);
    }
    assert!(cut > 0, "no kill fell into a release");
    // What is on record goes at the next contact.
    let synced = pair.a.json(&["sync"]);
    assert_eq!(synced[0]["cosigned"], true, "{synced:#}");
    pair.b.run(&["sync"]).exits(0);
    let of = |home: &Home, party: &str, kind: &str| {
        history(home, party).iter().filter(|act| act["kind"] == kind).count()
    };
    let synced = pair.a.json(&["sync"]);
    assert_eq!(synced[0]["cosigned"], true, "{synced:#}");
    let (releases, receipts) = (of(&pair.a, "Alba", "release"), of(&pair.a, "Borea", "receipt"));
    assert_eq!(releases, receipts, "a release without receipt");
    assert_eq!(of(&pair.b, "Alba", "release"), releases);
    if releases == 0 {
        pair.a.json(&RELEASE);
    }
    assert!(count(&pair.b.json(&["count"]), "received", "Alba") >= 3_000);
    for (_, value) in lists.common.iter().step_by(500) {
        let found = pair.b.json(&["search", value]);
        assert!(!list(&found, "received").is_empty(), "{found:#}");
    }
    pair.sound("killed");
    drop(serving);
}

/// A kill in the midst of imports: what was reported is there, and the rest can be done again.
#[test]
fn serve_killed_in_an_import() {
    let world = World::new();
    let home = world.party("Alba", true);
    let lines = |from: u32| -> String {
        let lines = (from..from + 30_000).map(|n| format!("h{n}.example.com\n"));
        lines.collect()
    };
    let first = world.write("first.txt", lines(0));
    home.import(&[&first]);
    let second = world.write("second.txt", lines(100_000));
    for milliseconds in [100, 300, 900] {
        let serving = home.serve();
        let outcome = killed_after(&home, &["import", &second], milliseconds, || serving.kill());
        assert!([0, 3].contains(&outcome.code), "{outcome}");
        let held = home.json(&["list"]).as_array().unwrap().len();
        assert!((30_000..=60_000).contains(&held), "{held}");
    }
    home.import(&[&second]);
    assert_eq!(home.json(&["list"]).as_array().unwrap().len(), 60_000);
}

/// An old copy of the database, or none, beside keys that have signed more: once the home went on
/// and wrote its own log anew.
#[test]
fn a_home_that_went_back_writes_nothing() {
    let (pair, _serving) = Pair::agreed();
    let database = pair.a.dir.join("node.db");
    let old = std::fs::read(&database).unwrap();
    pair.a.run(&["accord", "stop", "alba-borea"]).exits(0);
    let newer = std::fs::read(&database).unwrap();
    let heads = std::fs::read(pair.a.dir.join("heads")).unwrap();
    for content in [old.as_slice(), b""] {
        std::fs::write(&database, content).unwrap();
        for args in [&["accord", "resume", "alba-borea"][..], &["serve"], &["accord", "status"]] {
            let failure = pair.a.fails(3, "old_copy", args);
            assert!(text(&failure, "remedy").contains("newer copy"), "{failure:#}");
        }
        assert_eq!(std::fs::read(pair.a.dir.join("heads")).unwrap(), heads);
    }
    std::fs::remove_file(&database).unwrap();
    pair.a.fails(3, "old_copy", &["count"]);
    // The whole folder went back: only the other side can know, and the command says so.
    std::fs::write(&database, &old).unwrap();
    std::fs::remove_file(pair.a.dir.join("heads")).unwrap();
    pair.a.fails(3, "old_copy", &["accord", "stop", "alba-borea"]);
    pair.a.fails(3, "old_copy", &["accord", "stop", "alba-borea"]);
    std::fs::write(&database, &newer).unwrap();
    std::fs::write(pair.a.dir.join("heads"), &heads).unwrap();
    pair.a.run(&["accord", "resume", "alba-borea"]).exits(0);
    pair.sound("after");
}

/// Told to run `serve` while it did, an operator had nothing to go on with.
#[test]
fn who_cannot_be_reached_is_said_with_what_to_do() {
    let pair = Pair::met(false, true);
    let without = pair.b.json(&["sync"]);
    assert!(text(&without[0], "reason").contains("run `detente serve` here"), "{without:#}");
    let _serving = pair.b.serve();
    let with = pair.b.json(&["sync"]);
    assert!(text(&with[0], "reason").contains("it must connect to this node"), "{with:#}");
}
