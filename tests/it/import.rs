//! Import: every format, every refusal, nothing lost.

use std::collections::BTreeSet;
use std::io::Write as _;

use serde_json::Value;

use crate::support::{
    Home, Outcome, Random, World, csv, list, misp, number, stix, text, wait_until,
};

/// Items are taken, refused or skipped: there is no fourth way.
#[track_caller]
fn accounted(report: &Value) -> (u64, u64, u64) {
    let sum = |field| {
        let counts = list(report, field).iter();
        counts.filter_map(|pair| pair[1].as_u64()).sum::<u64>()
    };
    let (taken, refused, skipped) = (number(report, "taken"), sum("refused"), sum("skipped"));
    assert_eq!(number(report, "seen"), taken + refused + skipped, "{report:#}");
    (taken, refused, skipped)
}

#[track_caller]
fn values(home: &Home) -> BTreeSet<(String, String)> {
    serde_json::from_value(home.json(&["list"])).unwrap()
}

fn set(rows: &[(&str, &str)]) -> BTreeSet<(String, String)> {
    let own = |(kind, value): &(&str, &str)| ((*kind).to_owned(), (*value).to_owned());
    rows.iter().map(own).collect()
}

/// The colour under which each context of a value stands.
fn colours(home: &Home, value: &str) -> Vec<Option<String>> {
    let report = home.json(&["search", value]);
    let own = list(&report, "own").iter();
    own.map(|context| context["tlp"].as_str().map(str::to_owned)).collect()
}

#[test]
fn a_list_is_refanged_and_normalised() {
    let world = World::new();
    let home = world.party("Alba", false);
    let file = world.write(
        "list.txt",
        "# comment\n\nEvil[.]Example.COM\n45.1.2[.]3\n2001:DB8::0:1\nhxxps://bad.example.net:443/a#x\n\
         D41D8CD98F00B204E9800998ECF8427E\nBob@Example.org\n45.1.2.3\nmünchen.example.com\n",
    );
    let report = home.import(&[&file]);
    assert_eq!(report["format"], "list");
    let (taken, ..) = accounted(&report);
    assert_eq!((taken, number(&report, "new_observables")), (8, 7), "{report:#}");
    let want = [
        ("domain", "evil.example.com"),
        ("domain", "xn--mnchen-3ya.example.com"),
        ("email", "bob@example.org"),
        ("ipv4", "45.1.2.3"),
        ("ipv6", "2001:db8::1"),
        ("md5", "d41d8cd98f00b204e9800998ecf8427e"),
        ("url", "https://bad.example.net/a"),
    ];
    assert_eq!(values(&home), set(&want));
    let only = home.json(&["list", "--kind", "domain"]);
    assert_eq!(only.as_array().unwrap().len(), 2);
    home.run(&["count"]).exits(0).says("domain");
    // Defanged or not, it is the same thing.
    let found = home.json(&["search", "hxxps://bad[.]example[.]net/a"]);
    assert_eq!(list(&found, "own").len(), 1, "{found:#}");
    assert_eq!(found["own"][0]["source"], "list.txt");
}

#[test]
fn free_text_gives_what_stands_in_it() {
    let world = World::new();
    let home = world.party("Alba", false);
    let report = "On Monday we saw beacons to evil[.]example[.]com (45.1.2.3), later to\n\
        hxxp://drop.example.net/x.bin. The file was d41d8cd98f00b204e9800998ecf8427e;\n\
        version 1.2 of the tool, at 12:30, and nothing else.\n";
    let file = world.write("report.txt", report);
    accounted(&home.import(&[&file]));
    let want = [
        ("domain", "evil.example.com"),
        ("ipv4", "45.1.2.3"),
        ("md5", "d41d8cd98f00b204e9800998ecf8427e"),
        ("url", "http://drop.example.net/x.bin"),
    ];
    assert_eq!(values(&home), set(&want));
}

#[test]
fn tables_bundles_and_events_are_recognised() {
    let world = World::new();
    let home = world.party("Alba", false);
    let table = csv(&[
        ("domain", "table.example.com", "from a table"),
        ("ip", "45.0.0.1", "with, a comma"),
    ]);
    let bundle =
        stix(&[("red.example.com", "red", &[]), ("green.example.com", "green", &["victim"])]);
    let rows = [
        ("domain", "event.example.com"),
        ("ip-dst", "45.0.0.2"),
        ("comment", "no observable at all"),
    ];
    let event = misp("amber", &rows);
    for (name, content, format, taken) in
        [("t.csv", table, "csv", 2), ("b.json", bundle, "stix", 2), ("e.json", event, "misp", 2)]
    {
        let file = world.write(name, content);
        let report = home.import(&[&file]);
        assert_eq!(report["format"], format, "{report:#}");
        assert_eq!(accounted(&report).0, taken, "{report:#}");
        // Said outright, it is the same, and brings nothing new.
        let again = home.import(&[&file, "--format", format]);
        assert_eq!(number(&again, "taken"), taken);
        assert_eq!(number(&again, "new_observables"), 0, "{again:#}");
        assert_eq!(number(&again, "new_contexts"), 0, "{again:#}");
    }
    assert_eq!(colours(&home, "table.example.com"), [None]);
    assert_eq!(colours(&home, "red.example.com"), [Some("TLP:RED".into())]);
    assert_eq!(colours(&home, "45.0.0.2"), [Some("TLP:AMBER".into())]);
    let found = home.json(&["search", "green.example.com"]);
    assert_eq!(found["own"][0]["labels"], serde_json::json!(["victim"]));
    assert_eq!(found["own"][0]["tlp"], "TLP:GREEN");
    assert_eq!(found["own"][0]["description"], "number 1");
    let found = home.json(&["search", "45.0.0.1"]);
    assert_eq!(found["own"][0]["description"], "with, a comma", "{found:#}");
}

#[test]
fn colour_and_source_are_kept_but_never_loosened() {
    let world = World::new();
    let home = world.party("Alba", false);
    let plain = world.write("plain.txt", "plain.example.com\n");
    home.import(&[&plain, "--tlp", "green", "--source", "our honeypot"]);
    let found = home.json(&["search", "plain.example.com"]);
    assert_eq!(found["own"][0]["tlp"], "TLP:GREEN");
    assert_eq!(found["own"][0]["source"], "our honeypot");
    // The option is for what the file does not mark.
    let marked = world.write("marked.json", stix(&[("m.example.com", "red", &[])]));
    home.import(&[&marked, "--tlp", "clear"]);
    assert_eq!(colours(&home, "m.example.com"), [Some("TLP:RED".into())]);
    // The same from another source is one observable with two contexts.
    let report = home.import(&[&plain, "--tlp", "amber", "--source", "a partner"]);
    assert_eq!(number(&report, "new_observables"), 0);
    assert_eq!(number(&report, "new_contexts"), 1);
    assert_eq!(colours(&home, "plain.example.com").len(), 2);
    for (option, value) in [("--tlp", "purple"), ("--format", "yaml")] {
        home.fails(2, "bad_option", &["import", &plain, option, value]);
    }
}

#[test]
fn stdin_and_folders_are_files_too() {
    let world = World::new();
    let home = world.party("Alba", false);
    let mut command = home.command(&["import", "-", "--json", "--tlp", "clear"]);
    let report = Outcome::fed(&mut command, Some(b"stdin.example.com\n")).exits(0);
    let report = &report.json()[0];
    assert_eq!((text(report, "file"), accounted(report).0), ("-", 1));
    let found = home.json(&["search", "stdin.example.com"]);
    assert_eq!(found["own"][0]["source"], "stdin");

    world.write("many/1.txt", "one.example.com\n");
    world.write("many/2.csv", csv(&[("domain", "two.example.com", "")]));
    world.write("many/3.json", stix(&[("three.example.com", "green", &[])]));
    let folder = world.path("many").display().to_string();
    let reports = home.json(&["import", &folder]);
    let formats: Vec<&str> =
        reports.as_array().unwrap().iter().map(|report| text(report, "format")).collect();
    assert_eq!(formats, ["list", "csv", "stix"]);
    assert_eq!(values(&home).len(), 4);
    // Nothing of stdin stays behind.
    let left: Vec<String> = home
        .files()
        .iter()
        .map(|(path, _)| path.display().to_string())
        .filter(|path| path.contains("stdin"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn every_refusal_is_listed_on_request() {
    let world = World::new();
    let home = world.party("Alba", false);
    let mut lines = "good.example.com\n".to_owned();
    for n in 0..15 {
        lines.push_str(&format!("999.1.1.{n}\n"));
    }
    let file = world.write("bad.csv", {
        let rows: Vec<String> = (0..15).map(|n| format!("999.1.1.{n}")).collect();
        let mut table: Vec<(&str, &str, &str)> = vec![("domain", "good.example.com", "")];
        table.extend(rows.iter().map(|row| ("ip", row.as_str(), "")));
        csv(&table)
    });
    let report = home.import(&[&file]);
    let (taken, refused, _) = accounted(&report);
    assert_eq!((taken, refused), (1, 15), "{report:#}");
    assert_eq!(list(&report, "refusals").len(), 10);
    let all = home.import(&[&file, "--refusals"]);
    assert_eq!(list(&all, "refusals").len(), 15);
    for (n, refusal) in list(&all, "refusals").iter().enumerate() {
        assert!(text(refusal, "excerpt").contains(&format!("999.1.1.{n}")));
        // The heading is line 1, the good one line 2.
        let place = text(refusal, "place");
        assert!(place.contains(&(n + 3).to_string()), "{n}: {place}");
        assert!(!text(refusal, "reason").is_empty() && !text(refusal, "code").is_empty());
    }
    home.run(&["import", &file]).exits(0).says("list every one with --refusals");
    // In a list such lines are no observables, and counted.
    let plain = world.write("bad.txt", lines);
    let report = home.import(&[&plain]);
    let (taken, refused, skipped) = accounted(&report);
    assert_eq!((taken, refused + skipped), (1, 15), "{report:#}");
}

/// Files of somebody who wishes us ill: bounded, accounted for, never a crash.
#[test]
fn hostile_files_are_survived() {
    let world = World::new();
    let home = world.party("Alba", false);
    let mut random = Random::new();
    let deep = format!("{{\"Event\": {}{}}}", "[".repeat(1 << 20), "]".repeat(1 << 20));
    let wide = format!("{{\"type\": \"bundle\", \"objects\": [{}0]}}", "{},".repeat(200_000));
    let cut = misp("green", &[("domain", "cut.example.com"), ("domain", "lost.example.com")]);
    let files: Vec<(&str, &str, Vec<u8>)> = vec![
        ("empty", "auto", Vec::new()),
        ("noise", "auto", random.bytes(300_000)),
        ("noise as list", "list", random.bytes(300_000)),
        ("noise as csv", "csv", random.bytes(300_000)),
        ("noise as stix", "stix", random.bytes(300_000)),
        ("noise as misp", "misp", random.bytes(300_000)),
        ("deep", "auto", deep.clone().into_bytes()),
        ("deep as misp", "misp", deep.into_bytes()),
        ("wide", "stix", wide.into_bytes()),
        ("one line", "list", vec![b'a'; 20 << 20]),
        ("zeros", "list", vec![0; 1 << 20]),
        ("one field", "csv", [b"type,value\ndomain,\"".as_slice(), &vec![b'a'; 20 << 20]].concat()),
        ("cut", "misp", cut.as_bytes()[..cut.len() - 60].to_vec()),
        ("escape", "list", b"\x1b[2J\x1b]0;x\x07evil.example.com\n".to_vec()),
    ];
    for (name, format, bytes) in &files {
        let file = world.write(name, bytes);
        let outcome = home.run(&["import", &file, "--format", format, "--json"]);
        let report = &outcome.json()[0];
        accounted(report);
        let said = |field: &str| report.get(field).is_some_and(|value| !value.is_null());
        let whole = !["failed", "broken", "nothing"].into_iter().any(said);
        assert_eq!(outcome.code, if whole { 0 } else { 1 }, "{name}: {outcome}");
        // What a file says never reaches the terminal as it is.
        let printed = home.run(&["import", &file, "--format", format]);
        let raw = |text: &str| text.chars().any(|c| c.is_control() && c != '\n');
        assert!(!raw(&printed.out) && !raw(&printed.err), "{name}: {printed:?}");
    }
    let cut = world.path("cut").display().to_string();
    let broken = home.run(&["import", &cut, "--format", "misp", "--json"]).exits(1).json();
    assert!(!broken[0]["broken"].is_null(), "a cut file is said to be cut: {broken:#}");
    home.run(&["import", &cut, "--format", "misp"]).exits(1).says("BROKE OFF").says("try: ");
    home.run(&["search", "cut.example.com"]).exits(0).says("own: cut");
}

/// What a file or a counterpart wrote is shown, and never obeyed by the terminal.
#[test]
fn text_of_others_is_made_safe_to_show() {
    let world = World::new();
    let home = world.party("Alba", false);
    let bundle = stix(&[("esc.example.com", "green", &["LABEL"])])
        .replace("number 0", "\\u001b[2Jgone\\u202e")
        .replace("LABEL", "\\u001b]0;owned\\u0007");
    let file = world.write("b.json", bundle);
    home.import(&[&file, "--source", "our \u{1b}[31msensor"]);
    let shown = home.run(&["search", "esc.example.com"]).exits(0).says("gone").says("sensor");
    let hidden = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
    assert!(!shown.out.contains(hidden), "{:?}", shown.out);
}

/// One file that can't be read once ended the run: earlier ones without a report, later ones unread.
#[test]
fn a_file_that_cannot_be_read_holds_up_no_other() {
    let world = World::new();
    let home = world.party("Alba", false);
    world.write("in/1.txt", "one.example.com\n");
    world.write("in/2.gz", b"\x1f\x8b\x08\x00");
    world.write("in/3.json", "{\"objects\":[");
    world.write("in/4.json", "{\"other\": 1}");
    world.write("in/5.txt", "five.example.com\n");
    let folder = world.path("in").display().to_string();
    let reports = home.run(&["import", &folder, "--json"]).exits(1).json();
    assert_eq!(reports.as_array().unwrap().len(), 5, "{reports:#}");
    assert_eq!(reports[1]["failed"]["code"], "unreadable_file");
    assert!(text(&reports[1]["failed"], "error").contains("gzip"));
    assert!(!text(&reports[1]["failed"], "remedy").is_empty());
    assert!(reports[2]["broken"].is_string() && reports[3]["broken"].is_string());
    assert_eq!(values(&home).len(), 2);
    home.run(&["import", &folder]).exits(1).says("FAILED").says("3 failed or broke off");
    // What is not the file's fault is the machine's.
    let missing = world.path("missing").display().to_string();
    let good = world.write("good.txt", "good.example.com\n");
    let reports = home.run(&["import", &missing, &good, "--json"]).exits(3).json();
    assert_eq!(reports[0]["failed"]["code"], "io", "{reports:#}");
    assert_eq!(values(&home).len(), 3);
    // A table read as a bundle is nothing, and is said to be.
    let table = world.write("t.csv", csv(&[("domain", "t.example.com", "")]));
    home.run(&["import", &table, "--format", "stix"]).exits(1).says("BROKE OFF");
}

/// Folders are walked; what is not read is named.
#[test]
fn folders_are_walked_and_what_is_passed_over_is_listed() {
    let world = World::new();
    let home = world.party("Alba", false);
    world.write("outside.txt", "outside.example.com\n");
    world.write("in/a.txt", "a.example.com\n");
    world.write("in/deep/er/b.txt", "b.example.com\n");
    world.write("in/.hidden", "hidden.example.com\n");
    let folder = world.path("in");
    let link = |target: &str, name: &str| {
        std::os::unix::fs::symlink(target, folder.join(name)).unwrap();
    };
    link("../outside.txt", "out");
    link("nowhere", "lost");
    link("deep", "round");
    link("a.txt", "same");
    let pipe = folder.join("pipe").display().to_string();
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let folder = folder.display().to_string();
    let reports = home.json(&["import", &folder]);
    let reports = reports.as_array().unwrap();
    let over = |report: &&Value| report.get("passed_over").is_some();
    let names: BTreeSet<&str> = reports
        .iter()
        .filter(over)
        .map(|report| text(report, "file").rsplit('/').next().unwrap())
        .collect();
    assert_eq!(names, BTreeSet::from([".hidden", "lost", "out", "pipe", "round"]));
    assert_eq!(reports.len() - names.len(), 3, "a, b and the link to a");
    assert_eq!(values(&home).len(), 2);
    home.run(&["import", &folder]).exits(0).says("passed over: a pipe").says("5 passed over");
    let empty = world.path("empty");
    std::fs::create_dir(&empty).unwrap();
    home.run(&["import", &empty.display().to_string()]).exits(0).says("no file is in this folder");
}

/// Stdin lies in the home as plain text while it is read, and not longer.
#[test]
fn nothing_of_stdin_outlives_its_import() {
    let world = World::new();
    let home = world.party("Alba", false);
    let left =
        || home.files().iter().any(|(path, _)| path.display().to_string().contains("spool-"));
    let mut twice = home.command(&["import", "-", "-", "--json"]);
    let outcome = Outcome::fed(&mut twice, Some(b"x.example.com\n")).exits(2);
    assert_eq!(outcome.json()["code"], "path_twice");
    assert!(!left());
    // Killed while it reads.
    let mut command = home.command(&["import", "-"]);
    let mut child = command.stdin(std::process::Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"secret.example.com\n").unwrap();
    wait_until("stdin is kept", 60, left);
    // One that is in use is left alone.
    home.run(&["count"]).exits(0);
    assert!(left(), "swept away under the reader");
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(left());
    home.run(&["count"]).exits(0);
    assert!(!left(), "left behind by a killed import");
}

#[test]
fn fifty_thousand_lines_come_in_and_nothing_twice() {
    let world = World::new();
    let home = world.party("Alba", false);
    let lines: String =
        (0..50_000).map(|n| format!("45.{}.{}.{}\n", n % 250, n / 250 % 250, n / 62_500)).collect();
    let file = world.write("many.txt", lines);
    let report = home.import(&[&file]);
    assert_eq!(accounted(&report).0, 50_000);
    assert_eq!(number(&report, "new_observables"), 50_000);
    let again = home.import(&[&file]);
    assert_eq!(number(&again, "taken"), 50_000);
    let new = number(&again, "new_observables") + number(&again, "new_contexts");
    assert_eq!(new, 0, "{again:#}");
    assert_eq!(values(&home).len(), 50_000);
}

/// A quote that nobody closed once made one cell of all that followed.
#[test]
fn a_quote_costs_its_line() {
    let world = World::new();
    let home = world.party("Alba", false);
    let row = |n: usize| {
        format!("host{n}.example.com,domain,{}note {n}\n", if n == 5 { "\"" } else { "" })
    };
    let table: String = (0..1_000).map(row).collect();
    let file = world.write("quote.csv", format!("value,type,comment\n{table}"));
    let report = home.import(&[&file]);
    assert_eq!(accounted(&report), (999, 1, 1), "{report:#}");
    assert_eq!(report["refusals"][0]["place"], "line 7");
    assert_eq!(report["refusals"][0]["code"], "unclosed_quote");
    assert_eq!(values(&home).len(), 999);
}

/// What is no format of ours is named, and nothing of it is taken by the way.
#[test]
fn what_is_none_of_ours_is_said_to_be_that() {
    let world = World::new();
    let home = world.party("Alba", false);
    let stix1 = "<?xml version=\"1.0\"?>\n<stix:STIX_Package xmlns:stix=\"http://stix.mitre.org/stix-1\" \
        xmlns:cybox=\"http://cybox.mitre.org/cybox-2\"/>\n";
    let xml = world.write("stix1.xml", stix1);
    home.run(&["import", &xml]).exits(1).says("this is STIX 1").says("stix-elevator");
    let page = world.write(
        "page.html",
        "<!doctype html>\n<p>evil.example.com\n<p>see http://evil.example.com/ there\n",
    );
    home.run(&["import", &page]).exits(1).says("this is HTML");
    let json = world.write("other.json", "{\"evil.example.com\": 1}");
    home.run(&["import", &json])
        .exits(1)
        .says("(unknown)")
        .says("JSON of a form that is not known");
    assert!(values(&home).is_empty());
    home.run(&["import", &page, "--format", "list"]).exits(0);
    assert!(!values(&home).is_empty());
    // A feed of MISP: its events are taken, its lists are not.
    let uuid = "57fec633-8d42-44d9-90df-dd15dfaceea8";
    world.write(&format!("feed/{uuid}.json"), misp("green", &[("domain", "m.example.com")]));
    let said = "{\"Orgc\": {\"name\": \"x\"}, \"info\": \"y\", \"timestamp\": \"1\"}";
    let manifest = world.write("feed/manifest.json", format!("{{\"{uuid}\": {said}}}"));
    let line = format!("d41d8cd98f00b204e9800998ecf8427e,{uuid}\n");
    world.write("feed/hashes.csv", line.repeat(10));
    let folder = world.path("feed").display().to_string();
    let shown = home.run(&["import", &folder]).exits(0).says("manifest of a MISP feed");
    shown.says("digests by which a MISP feed").says("2 passed over");
    let held = values(&home);
    let is_md5 = |(kind, _): &(String, String)| kind == "md5";
    assert!(!held.iter().any(is_md5), "{held:?}");
    home.run(&["import", &manifest]).exits(1).says("passed over");
}

/// Nothing taken is no success.
#[test]
fn a_file_that_gives_nothing_is_no_success() {
    let world = World::new();
    let home = world.party("Alba", false);
    for (name, content, code, words) in [
        ("empty.txt", "", 1, "the file is empty"),
        ("blank.txt", "\n# nothing today\n", 0, "0 taken"),
        ("head.csv", "value,type,comment\n", 0, "0 taken"),
        ("none.json", "{\"type\":\"bundle\",\"id\":\"bundle--1\",\"objects\":[]}", 0, "0 taken"),
        ("misp.json", "{\"response\":[]}", 0, "0 taken"),
        ("prose.txt", "nothing stands in this text\n", 1, "NOTHING TAKEN"),
        ("bad.csv", "value,type\n999.1.1.1,ip\n", 1, "NOTHING TAKEN"),
        ("good.csv", "value,type\n999.1.1.1,ip\n45.1.2.3,ip\n", 0, "1 taken"),
    ] {
        let file = world.write(name, content);
        home.run(&["import", &file]).exits(code).says(words);
        let seen = home.run(&["import", &file, "--preview"]).exits(code);
        assert_eq!(code == 1, seen.out.contains("NOTHING WOULD BE TAKEN"), "{name}: {seen:?}");
    }
    let mut command = home.command(&["import", "-"]);
    Outcome::fed(&mut command, Some(b"")).exits(1).says("the file is empty");
}

/// What this program writes for itself it reads again.
#[test]
fn an_own_export_comes_back_as_it_was() {
    let world = World::new();
    let (home, other) = (world.party("Alba", false), world.party("Bruno", false));
    let table = "value,type,comment,tlp,label,confidence,first_seen,valid_until,id\n\
        one.example.com,domain,a comment,amber,\"a, b\",80,2020-01-01,2099-01-01,x-1\n\
        45.1.2.3,ip,,green,c2,,,,\n\
        two.example.com,domain,,green; PAP:RED,,,,,\n\
        closed.example.com,domain,,our eyes,,,,,\n";
    home.import(&[&world.write("a.csv", table), "--source", "a feed"]);
    let two = "indicator,tags\nmany.example.com,tlp:red\n";
    home.import(&[&world.write("b.csv", two), "--tlp", "clear"]);
    let out = |name: &str| world.path(name).display().to_string();
    let export = |home: &Home, format: &str, name: &str| -> Vec<String> {
        let all = ["export", "--format", format, "--tlp", "red", "--closed", "--conflicting"];
        home.json(&[&all[..], &["--out", &out(name)]].concat());
        let text = std::fs::read_to_string(world.path(name)).unwrap();
        text.lines().map(str::to_owned).collect()
    };
    let first = export(&home, "ndjson", "one.ndjson");
    assert!(first.len() >= 5, "{first:#?}");
    let report = other.import(&[&out("one.ndjson"), "--tlp", "clear", "--keep-sources"]);
    assert_eq!((text(&report, "format"), accounted(&report).1), ("ndjson", 0), "{report:#}");
    assert_eq!(export(&other, "ndjson", "two.ndjson"), first);
    // Without that a file speaks for itself alone.
    let alone = world.party("Dora", true);
    alone.import(&[&out("one.ndjson"), "--tlp", "clear", "--source", "file"]);
    let told = export(&alone, "ndjson", "alone.ndjson");
    assert!(told.iter().all(|line| line.contains("\"source\":\"file\"")), "{told:?}");
    // As STIX it is as close as it was, and lies on the shelf too.
    let third = world.party("Carla", false);
    export(&home, "stix-ndjson", "one.stix.ndjson");
    let report = third.import(&[&out("one.stix.ndjson"), "--tlp", "clear"]);
    assert_eq!((text(&report, "format"), accounted(&report).1), ("ndjson", 0), "{report:#}");
    assert!(number(&report["stix"], "added") >= 5);
    assert_eq!(values(&third), values(&home));
    for value in ["one.example.com", "45.1.2.3"] {
        assert_eq!(colours(&third, value), colours(&home, value));
    }
    let closed = third.json(&["search", "closed.example.com"]);
    assert_eq!(closed["own"][0]["closed"], true, "{closed:#}");
}

/// Who ends an import keeps what was read, and hears so.
#[test]
fn an_import_that_is_stopped_says_what_it_kept() {
    let world = World::new();
    let home = world.party("Alba", false);
    let pipe = world.path("pipe").display().to_string();
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let mut command = home.command(&["import", &pipe, "--json"]);
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let child = command.spawn().unwrap();
    let mut input = std::fs::OpenOptions::new().write(true).open(&pipe).unwrap();
    let line = |n: usize| format!("host{n}.example.com\n");
    input.write_all((0..30_000).map(line).collect::<String>().as_bytes()).unwrap();
    let asked = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(asked.unwrap().success());
    // The pipe breaks when it has ended.
    let mut wrote = 30_000;
    while input.write_all(line(wrote).as_bytes()).is_ok() {
        wrote += 1;
        crate::support::pause(10);
    }
    let outcome = Outcome::after(child, &command).exits(3);
    let report = &outcome.json()[0];
    assert_eq!(report["failed"]["code"], "stopped", "{report:#}");
    assert!(text(&report["failed"], "remedy").contains("nothing comes in twice"));
    assert!(outcome.err.contains("a second import adds nothing twice"), "{outcome:?}");
    let kept = number(report, "taken");
    assert!(kept >= 20_000 && kept <= wrote as u64, "{kept}");
    assert_eq!(values(&home).len() as u64, kept);
}
