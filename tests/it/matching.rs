//! Matching between two homes: whoever can be dialled, the answer is the intersection and no more.

use std::collections::BTreeSet;
use std::process::Stdio;

use serde_json::Value;

use crate::support::{
    Home, Lists, Pair, Serving, Topology, common, history, list, number, stix, text, wait_until,
    yes,
};

const MATCH: [&str; 4] = ["match", "alba-borea", "--clause", "1"];

fn items(report: &Value) -> BTreeSet<(String, String)> {
    let items: Vec<(String, String)> = serde_json::from_value(report["items"].clone()).unwrap();
    let set: BTreeSet<_> = items.iter().cloned().collect();
    assert_eq!(set.len(), items.len(), "an item twice");
    set
}

fn fill(pair: &Pair, lists: &Lists) {
    for (home, lines) in [(&pair.a, &lists.a), (&pair.b, &lists.b)] {
        let file = pair.world.write(&format!("{}.txt", home.name), lines);
        home.import(&[&file, "--tlp", "green"]);
    }
}

/// The main flow: agree, match, release, receive, verify.
fn main_flow(topology: Topology) {
    let pair = Pair::met(topology.a_listens, topology.b_listens);
    let mut serving: Vec<Serving> = Vec::new();
    for (home, serves) in [(&pair.a, topology.a_serves), (&pair.b, topology.b_serves)] {
        if serves {
            serving.push(home.serve());
        }
    }
    pair.agree(|text| text);
    let lists = Lists::new(40, 70);
    fill(&pair, &lists);
    // Who can reach the other side asks; with both up, both do.
    let a_asks = topology.b_serves && topology.b_listens;
    let (asking, other) = if a_asks { (&pair.a, &pair.b) } else { (&pair.b, &pair.a) };
    let run = matched(&pair, asking, &lists);
    released(asking, other, &run, &lists);
    if topology.a_serves && topology.b_serves {
        let run = matched(&pair, other, &lists);
        released(other, asking, &run, &lists);
    }
    pair.sound("end");
}

/// Matches and holds the answer against both lists; gives the run.
fn matched(pair: &Pair, asking: &Home, lists: &Lists) -> String {
    let out = pair.world.path("common.txt");
    let out_name = out.display().to_string();
    let report = asking.json(&[&MATCH[..], &["--out", &out_name]].concat());
    let want = common(&pair.a, &pair.b);
    assert_eq!(want, lists.common, "the lists were not read as they were made");
    assert_eq!(items(&report), want);
    assert_eq!(number(&report, "common"), want.len() as u64);
    assert!(yes(&report, "agreed"), "{report:#}");
    let written: BTreeSet<String> =
        std::fs::read_to_string(out).unwrap().lines().map(str::to_owned).collect();
    assert_eq!(written, want.into_iter().map(|(_, value)| value).collect());
    // 110 items look like 128 to the other side.
    let field = |name| number(&report, name);
    assert_eq!((field("own_items"), field("own_size"), field("peer_size")), (110, 128, 128));

    let counted = asking.json(&[&MATCH[..], &["--count-only"]].concat());
    assert_eq!(number(&counted, "common"), lists.common.len() as u64);
    assert!(list(&counted, "items").is_empty(), "{counted:#}");
    assert_eq!(text(&counted, "mode"), "count");
    let args = ["release", "alba-borea", "--matched", text(&counted, "run")];
    asking.fails(1, "nothing_matched", &args);
    text(&report, "run").to_owned()
}

/// Releases what a run found, twice, and looks for it at the other side.
fn released(from: &Home, to: &Home, run: &str, lists: &Lists) {
    let release = ["release", "alba-borea", "--matched", run];
    let all = lists.common.len() as u64;
    let before = received(to, from);
    let dry = from.json(&[&release[..], &["--dry-run"]].concat());
    assert_eq!((number(&dry, "allowed"), number(&dry, "denied")), (all, 0));
    assert!(dry["act"].is_null() && dry["receipt"].is_null(), "{dry:#}");
    for object in list(&dry, "objects") {
        assert_eq!(object["clause"], "2");
        assert!(!text(object, "reason").is_empty());
    }
    assert_eq!(received(to, from), before, "a dry run let something leave");

    let done = from.json(&release);
    assert_eq!(number(&done, "allowed"), all);
    assert!(!done["act"].is_null() && !done["receipt"].is_null(), "{done:#}");
    assert_eq!(received(to, from), all);
    for (_, value) in lists.common.iter().take(5) {
        let found = to.json(&["search", value]);
        let landed = list(&found, "received").iter();
        let landed: Vec<&Value> = landed.filter(|row| row["from"] == from.name).collect();
        assert_eq!(landed.len(), 1, "{found:#}");
        assert_eq!(landed[0]["tlp"], "TLP:GREEN");
        assert_eq!(landed[0]["clause"], "2");
        assert_eq!(landed[0]["source"], format!("{}.txt", from.name).as_str());
        assert!(!landed[0]["keep_until"].is_null(), "{found:#}");
    }
    // What is there does not go again; asked for, it is again an act, and brings nothing twice.
    let none = from.json(&release);
    assert_eq!((number(&none, "allowed"), number(&none, "there")), (0, all));
    assert!(none["act"].is_null(), "{none:#}");
    let again = from.json(&[&release[..], &["--again"]].concat());
    assert_ne!(again["act"], done["act"]);
    assert!(!again["receipt"].is_null(), "{again:#}");
    let (_, value) = lists.common.first().unwrap();
    let found = to.json(&["search", value]);
    let landed = list(&found, "received").iter();
    let landed = landed.filter(|row| row["from"] == from.name).count();
    assert_eq!(landed, 1, "{found:#}");
    let acts = history(to, &from.name);
    let releases = acts.iter().filter(|act| act["kind"] == "release").count();
    let receipts = history(from, &to.name);
    let receipts = receipts.iter().filter(|act| act["kind"] == "receipt").count();
    assert_eq!((releases, receipts), (2, 2));
}

/// How many objects a home has from another party.
fn received(home: &Home, from: &Home) -> u64 {
    let counts = home.json(&["count"]);
    crate::support::count(&counts, "received", &from.name)
}

#[test]
fn only_b_serves_and_a_cannot_be_dialled() {
    main_flow(Topology { a_listens: false, b_listens: true, a_serves: false, b_serves: true });
}

#[test]
fn only_a_serves_and_b_cannot_be_dialled() {
    main_flow(Topology { a_listens: true, b_listens: false, a_serves: true, b_serves: false });
}

/// A dials and keeps the line; over it B's commands reach A, which nobody could dial.
#[test]
fn both_serve_and_a_cannot_be_dialled() {
    main_flow(Topology { a_listens: false, b_listens: true, a_serves: true, b_serves: true });
}

#[test]
fn both_serve_and_can_be_dialled() {
    main_flow(Topology { a_listens: true, b_listens: true, a_serves: true, b_serves: true });
}

#[test]
fn nothing_and_everything_in_common() {
    let (pair, _serving) = Pair::agreed();
    // Both empty, then one, then disjoint, then alike.
    let report = pair.a.json(&MATCH);
    assert_eq!(number(&report, "common"), 0, "{report:#}");
    let one = Lists::new(0, 9);
    let file = pair.world.write("a.txt", &one.a);
    pair.a.import(&[&file, "--tlp", "green"]);
    assert_eq!(number(&pair.a.json(&MATCH), "common"), 0);
    fill(&pair, &one);
    let report = pair.a.json(&MATCH);
    assert_eq!((number(&report, "common"), number(&report, "own_items")), (0, 9));
    let release = ["release", "alba-borea", "--matched", "last"];
    pair.a.fails(1, "nothing_matched", &release);
    let file = pair.world.write("b.txt", &one.a);
    pair.b.import(&[&file]);
    let report = pair.a.json(&MATCH);
    assert_eq!(items(&report), common(&pair.a, &pair.b));
    assert_eq!(number(&report, "common"), 9);
    pair.sound("empty");
}

/// The other side learns sizes with padding: the real ones leave in no form.
#[test]
fn the_record_shows_padded_sizes_only() {
    let (pair, _serving) = Pair::agreed();
    fill(&pair, &Lists::new(0, 77));
    let report = pair.a.json(&MATCH);
    assert_eq!(number(&report, "own_size"), 128);
    for home in [&pair.a, &pair.b] {
        for party in ["Alba", "Borea"] {
            for act in history(home, party) {
                let summary = text(&act, "summary");
                let words: Vec<&str> = summary.split(|c: char| !c.is_ascii_digit()).collect();
                assert!(!words.contains(&"77"), "{summary}");
            }
        }
    }
}

/// What a run would tell is said before one is offered; red and closed things stay out of it.
#[test]
fn a_run_is_explained_before_anything_leaves() {
    let (pair, _serving) = Pair::agreed();
    fill(&pair, &Lists::new(10, 20));
    let red = pair.world.write("red.txt", "red.example.com\n");
    for home in [&pair.a, &pair.b] {
        home.import(&[&red, "--tlp", "red"]);
    }
    let before = history(&pair.a, "Alba").len();
    let explained = pair.a.json(&[&MATCH[..], &["--explain"]].concat());
    assert_eq!(number(&explained, "held_out"), 1, "{explained:#}");
    assert_eq!(text(&explained, "engine"), "vole-mlkem768/1");
    let (entered, size) = (number(&explained, "entered"), number(&explained, "size"));
    assert!(entered < size, "{explained:#}");
    let said = pair.a.run(&[&MATCH[..], &["--explain"]].concat()).exits(0);
    said.says("nothing has left").says(&format!("at most {size} indicators"));
    assert_eq!(history(&pair.a, "Alba").len(), before, "nothing is on record");
    let report = pair.a.json(&MATCH);
    assert_eq!(number(&report, "own_items"), entered);
    assert!(items(&report).iter().all(|(_, value)| value != "red.example.com"));
}

#[test]
fn caps_and_budget_hold() {
    let (pair, _serving) = Pair::agreed_on(|text| {
        text.replace("max_items = 262144", "max_items = 64").replace("runs = 20", "runs = 2")
    });
    fill(&pair, &Lists::new(10, 20));
    pair.a.json(&MATCH);
    pair.a.json(&MATCH);
    let third = pair.a.run(&MATCH).exits(1);
    third.says("2 runs");
    // The other side has a budget of its own.
    let more: String = (0..50).map(|n| format!("more{n}.example.com\n")).collect();
    let more = pair.world.write("more.txt", more);
    pair.b.import(&[&more]);
    let line = pair.line();
    let failed = pair.b.fails(1, "match_too_many_items", &MATCH);
    drop(line);
    assert!(text(&failed, "error").contains("64"), "{failed:#}");
    // So it holds when the other side asks.
    let offers = history(&pair.b, "Alba");
    let offers = offers.iter().filter(|act| act["kind"] == "offer-match").count();
    assert_eq!(offers, 2);
    pair.sound("budget");
}

/// The side that holds too much for the clause says so, and both have that on record.
#[test]
fn an_answer_beyond_the_cap_is_an_abort_on_record() {
    let (pair, _serving) =
        Pair::agreed_on(|text| text.replace("max_items = 262144", "max_items = 64"));
    let many: String = (0..100).map(|n| format!("many{n}.example.com\n")).collect();
    pair.b.import(&[&pair.world.write("many.txt", many)]);
    pair.a.run(&MATCH).exits(1).says("match_too_many_items");
    for party in ["Alba", "Borea"] {
        let acts = history(&pair.a, party);
        let last = text(acts.last().unwrap(), "summary").to_owned();
        assert!(last.contains("abort"), "{party}: {last}");
    }
    pair.sound("abort");
}

#[test]
fn the_other_side_away_is_exit_4() {
    let (pair, serving) = Pair::agreed();
    drop(serving);
    let before = history(&pair.a, "Alba").len();
    let failed = pair.a.fails(4, "peer_unreachable", &MATCH);
    assert!(text(&failed, "error").contains("Borea"), "{failed:#}");
    // B has no line and A no address: the words say what helps.
    pair.b.run(&MATCH).exits(4).says("detente serve");
    assert_eq!(history(&pair.a, "Alba").len(), before, "a run was offered to nobody");
}

#[test]
fn clauses_that_are_none_are_refused() {
    let (pair, _serving) = Pair::agreed();
    for clause in ["2", "9", "", "1 "] {
        pair.a.run(&["match", "alba-borea", "--clause", clause]).exits(1);
    }
    let release = ["release", "alba-borea", "--matched"];
    for run in ["last", "00000000", "x"] {
        pair.a.fails(2, "unknown", &[&release[..], &[run]].concat());
    }
}

#[test]
fn runs_are_named_by_their_start_and_a_count_has_no_items() {
    let (pair, _serving) = Pair::agreed();
    let file = pair.world.write("names.txt", "x.example.com\n");
    for home in [&pair.a, &pair.b] {
        home.import(&[&file, "--tlp", "green"]);
    }
    let out = pair.world.path("out");
    let count = ["match", "alba-borea", "--clause", "1", "--count-only"];
    let to = out.display().to_string();
    pair.a.run(&[&count[..], &["--out", &to]].concat()).exits(2).says("--count-only");
    assert!(!out.exists());
    pair.a.json(&count);
    let release = ["release", "alba-borea", "--dry-run", "--matched"];
    let none = pair.a.fails(2, "unknown", &[&release[..], &["last"]].concat());
    assert!(text(&none, "remedy").contains("counts"), "{none:#}");
    let run = pair.a.json(&["match", "alba-borea", "--clause", "1"]);
    let run = text(&run, "run");
    let dry = pair.a.json(&[&release[..], &[&run[..4]]].concat());
    assert_eq!(dry["run"], run);
    pair.a.run(&[&release[..], &[&run[..4]]].concat()).exits(0).says(&run[..16]);
    let short = pair.a.fails(2, "unknown", &[&release[..], &[&run[..3]]].concat());
    assert!(text(&short, "remedy").contains("at least 4 digits"), "{short:#}");
}

/// Both processes die in the midst of a run: what each left open is closed when its home is opened
/// again, by whatever command.
#[test]
fn a_run_that_died_with_its_process_is_closed_at_the_next_start() {
    let slow = |text: String| {
        text.replace("answer = \"both\"", "answer = \"both\"\nengine = \"ecdh-ristretto255\"")
    };
    let (pair, serving) = Pair::agreed_on(slow);
    fill(&pair, &Lists::new(10, 20_000));
    let mut asking = pair.a.command(&MATCH).stdout(Stdio::null()).spawn().unwrap();
    wait_until("B has taken the run up", 60, || {
        history(&pair.b, "Borea").iter().any(|act| act["kind"] == "answer-match")
    });
    asking.kill().unwrap();
    asking.wait().unwrap();
    serving.kill();
    for (home, party) in [(&pair.a, "Alba"), (&pair.b, "Borea")] {
        for _ in 0..2 {
            let acts = history(home, party);
            let closes = acts.iter().filter(|act| act["kind"] == "close-match");
            let closes: Vec<&str> = closes.map(|act| text(act, "summary")).collect();
            assert_eq!(closes.len(), 1, "{closes:?}");
            assert!(closes[0].contains("blaming own: node_ended"), "{closes:?}");
        }
    }
    let _serving = pair.b.serve();
    pair.a.json(&["sync"]);
    pair.sound("died");
}

/// A clause that lets in up to green: what is amber stays out at both sides and shows as held out.
#[test]
fn a_clause_says_up_to_which_colour_anything_enters() {
    let (pair, _serving) = Pair::agreed_on(|text| {
        let text = text.replace("max_items = 262144", "max_items = 262144\nmax_tlp = \"green\"");
        text.replace("{pad}.\"", "{pad}. Only what is marked up to {max_tlp} enters.\"")
    });
    let rows: &[(&str, &str, &[&str])] = &[
        ("green.example.com", "green", &[]),
        ("amber.example.com", "amber", &[]),
        ("both.example.com", "amber", &[]),
    ];
    let bundle = pair.world.write("a.json", stix(rows));
    let plain = pair.world.write("a.txt", "both.example.com\nunmarked.example.com\n");
    pair.a.import(&[&bundle]);
    // Another source vouches for one of the amber ones; unmarked counts as amber+strict here.
    let vouch = pair.world.write("v.txt", "both.example.com\n");
    pair.a.import(&[&vouch, "--tlp", "green"]);
    pair.a.import(&[&plain]);
    let names = "green.example.com\namber.example.com\nboth.example.com\nunmarked.example.com\n";
    pair.b.import(&[&pair.world.write("b.txt", names), "--tlp", "clear"]);
    let run = ["match", "alba-borea", "--clause", "1"];
    let told = pair.a.json(&[&run[..], &["--explain"]].concat());
    assert_eq!((number(&told, "entered"), number(&told, "held_out")), (2, 2), "{told:#}");
    pair.a.run(&[&run[..], &["--explain"]].concat()).exits(0).says("marked up to TLP:GREEN");
    assert_eq!(number(&pair.a.json(&run), "common"), 2);
    pair.a.run(&["accord", "exposure", "alba-borea"]).exits(0).says("up to TLP:GREEN enters");
    pair.sound("ceiling");
}
