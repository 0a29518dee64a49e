//! The command line: help, JSON from every command, exit codes.

use std::process::Stdio;

use crate::support::{Outcome, Pair, World, detente, text};

/// Every command, as the help prints them. A change here is a change that users see.
const COMMANDS: &[&str] = &[
    "init",
    "party",
    "party card",
    "party add",
    "party list",
    "key",
    "key list",
    "key rotate",
    "key renew",
    "key delegate",
    "key revoke",
    "key prepare",
    "key enter",
    "accord",
    "accord draft",
    "accord check",
    "accord exposure",
    "accord diff",
    "accord propose",
    "accord sign",
    "accord refuse",
    "accord stop",
    "accord resume",
    "accord denounce",
    "accord status",
    "accord history",
    "accord text",
    "accord open",
    "accord float",
    "accord support",
    "accord reserve-position",
    "accord agree-ad-referendum",
    "accord initial",
    "accord sign-ad-referendum",
    "accord ratify",
    "accord accede",
    "accord adopt-provisionally",
    "accord decline",
    "accord confirm",
    "accord retract",
    "accord contest",
    "accord revoke-notice",
    "accord object",
    "accord accept",
    "accord reserve",
    "accord declare",
    "accord suspend",
    "accord countermeasure",
    "accord correct",
    "accord bracket",
    "accord attach",
    "accord readout",
    "accord meetings",
    "accord positions",
    "accord duties",
    "accord matrix",
    "accord redline",
    "accord export",
    "accord import",
    "accord annex",
    "accord annex check",
    "accord annex list",
    "import",
    "export",
    "warninglist",
    "warninglist add",
    "warninglist list",
    "warninglist set",
    "warninglist remove",
    "count",
    "list",
    "search",
    "observe",
    "serve",
    "account",
    "account add",
    "account list",
    "account collections",
    "account check",
    "account remove",
    "feed",
    "feed add",
    "feed list",
    "feed poll",
    "feed push",
    "feed remove",
    "sync",
    "match",
    "lookup",
    "release",
    "consent",
    "consent ask",
    "consent give",
    "consent refuse",
    "consent list",
    "alerts",
    "alerts acknowledge",
    "retract",
    "retractions",
    "retractions answer",
    "retractions forward",
    "feedback",
    "expire",
    "log",
    "log export",
    "verify",
    "demo",
    "completions",
];

/// The commands that a page of help lists.
fn listed(help: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let listed = lines.take_while(|line| !line.is_empty());
    // What goes on from the line before is set in deeper.
    let own = listed.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names = own.filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

#[test]
fn help_prints_for_every_command() {
    let mut found: Vec<String> = Vec::new();
    let mut open = vec![String::new()];
    while let Some(command) = open.pop() {
        let help = Outcome::of(detente().args(command.split_whitespace()).arg("--help"))
            .exits(0)
            .says("Usage: detente")
            .says("--json");
        for name in listed(&help.out).into_iter().rev() {
            open.push(format!("{command} {name}").trim().to_owned());
        }
        if !command.is_empty() {
            found.push(command);
        }
    }
    assert_eq!(found, COMMANDS);
}

#[test]
fn help_names_exit_codes_and_version_prints() {
    Outcome::of(detente().arg("--help")).exits(0).says("Exit codes: 0 done; 1 refused");
    Outcome::of(detente().arg("--version")).exits(0).says("detente 0.");
}

/// On a terminal, what starts the log may think of colours that are not built in.
#[test]
fn a_terminal_shows_what_the_command_says_and_nothing_before_it() {
    let world = World::new();
    let file = world.write("text.toml", "x");
    let command = detente();
    let words = format!("{} accord check {file}", command.get_program().display());
    // The program of every Linux that gives a command a terminal.
    let mut script = std::process::Command::new("script");
    let outcome = Outcome::of(script.args(["-qec", &words, "/dev/null"])).exits(1);
    assert!(!outcome.out.contains("tracing"), "{outcome}");
    assert!(outcome.out.contains("text.toml"), "{outcome}");
}

#[test]
fn every_command_speaks_json() {
    let (pair, serving) = Pair::agreed();
    let world = &pair.world;
    let list = world.write("list.txt", "evil.example.com\n45.1.2.3\n");
    let export = world.path("export").display().to_string();
    let [out, card, draft] = ["out", "card", "draft"].map(|n| world.path(n).display().to_string());
    let text = world.path("accord.toml").display().to_string();
    let other = pair.draft("other.toml", |text| text.replace("Matching of", "Match of"));
    pair.b.run(&["import", &list]).exits(0);
    // In this order, each command finds what it needs.
    let table: &[&[&str]] = &[
        &["party", "card"],
        &["party", "card", "--out", &card],
        &["party", "add", &world.path("Borea.card").display().to_string(), "--yes"],
        &["party", "list"],
        &["accord", "draft", "x", "--with", "Borea"],
        &["accord", "draft", "x", "--with", "Borea", "--out", &draft],
        &["accord", "draft", "--templates"],
        &["accord", "check", &text],
        &["accord", "exposure", &text],
        &["accord", "exposure", "alba-borea"],
        &["accord", "exposure", "alba-borea", "--ask", "tlp=red"],
        &["accord", "diff", "alba-borea", &text],
        &["import", &list, "--tlp", "green"],
        &["count"],
        &["list"],
        &["search", "evil.example.com"],
        &["sync"],
        &["match", "alba-borea", "--clause", "1", "--out", &out],
        &["match", "alba-borea", "--clause", "1", "--count-only"],
        &["retract", "alba-borea", "last", "--reason", "wrong"],
        &["retractions"],
        &["alerts", "acknowledge", "alba-borea"],
        &["alerts"],
        &["accord", "propose", &other],
        &["accord", "sign", &other],
        &["accord", "refuse", &other, "--reason", "second thoughts"],
        &["accord", "stop", "alba-borea"],
        &["accord", "resume", "alba-borea"],
        &["accord", "status"],
        &["accord", "status", "alba-borea"],
        &["accord", "history", "alba-borea"],
        &["accord", "text", "alba-borea"],
        &["accord", "denounce", "alba-borea"],
        &["log", "export", "alba-borea", "--to", &export],
        &["verify", &export],
    ];
    for args in table {
        let report = pair.a.json(args);
        assert!(!report.is_null(), "{args:?} printed nothing");
        if args[0] == "match" && !args.contains(&"--count-only") {
            let run = report["run"].as_str().unwrap();
            let release = ["release", "alba-borea", "--matched", run];
            pair.a.json(&[&release[..], &["--dry-run"]].concat());
            pair.a.json(&release);
        }
    }
    assert!(serving.address.is_some(), "serve --json names the address");
    let new = world.home("Cedra", false);
    let made = new.run(&["init", "--party", "Cedra", "--json"]);
    assert_eq!(made.exits(0).json()["name"], "Cedra");
}

#[test]
fn failures_are_json_too_with_a_code_and_a_remedy() {
    let world = World::new();
    let home = world.home("none", false);
    for args in [
        &["party", "list"][..],
        &["accord", "status"],
        &["list"],
        &["serve"],
        &["match", "x", "--clause", "1"],
    ] {
        let failure = home.fails(2, "no_home", args);
        assert!(text(&failure, "remedy").contains("init"), "{failure:#}");
    }
    let nothing = world.path("nothing").display().to_string();
    home.fails(2, "no_folder", &["verify", &nothing]);
    let party = world.party("Alba", false);
    let reports = party.run(&["import", &nothing, "--json"]).exits(3).json();
    assert_eq!(reports[0]["failed"]["code"], "io", "{reports:#}");
    party.fails(2, "unknown", &["accord", "history", "nothing"]);
    party.fails(1, "no_normal_form", &["search", "no observable"]);
    party.fails(2, "unknown_kind", &["list", "--kind", "phone"]);
}

#[test]
fn wrong_arguments_exit_with_2_and_print_usage() {
    for args in [
        &[][..],
        &["nonsense"],
        &["init"],
        &["match", "x"],
        &["release", "x"],
        &["import"],
        &["log"],
        &["log", "export", "x"],
        &["verify"],
        &["accord", "sign"],
        &["list", "--colour"],
        &["completions", "abacus"],
    ] {
        Outcome::of(detente().args(args)).exits(2).says("--help");
    }
    Outcome::of(detente().args(["search"])).exits(2).says("--text");
    Outcome::of(detente().args(["completions", "bash"])).exits(0).says("accord");
}

/// A reader that has seen enough is no error.
#[test]
fn a_closed_pipe_is_no_failure() {
    let world = World::new();
    let home = world.party("Alba", false);
    let hosts: String = (0..20_000).map(|n| format!("h{n}.example.com\n")).collect();
    home.import(&[&world.write("hosts.txt", hosts)]);
    for args in [&["list"][..], &["list", "--json"]] {
        let mut child =
            home.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let done = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.code() == Some(0) && said.is_empty(), "{said}");
    }
}
