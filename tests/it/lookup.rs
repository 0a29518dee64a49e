//! Look-ups between two homes: publish, ask, follow what changed, and what is refused.

use serde_json::Value;

use crate::support::{Home, Pair, Serving, history, list, number, text, yes};

const CLAUSE: &str = r#"
[[clause]]
id = "5"
prose.en = """
Of {between}, {holder} lists and the other may ask {mode}, of these kinds: {kinds}. {answer}. The
filter has {filter_items} values; a query has at most {max_items}, and {budget.runs} queries and
{budget.items} values are allowed in {budget.per}. {pad}."""
[clause.match]
between = ["A", "B"]
kinds = ["domain", "ipv4"]
mode = "lookup"
holder = "B"
filter_items = 4096
answer = "initiator"
max_items = 64
pad = "multiple:4"
budget = { runs = 5, items = 200, per = "P30D" }

[emergency]"#;

fn with_lookups(draft: String) -> String {
    draft.replacen("[emergency]", CLAUSE.trim_start(), 1)
}

/// Borea holds and serves; Alba asks.
fn ready() -> (Pair, Serving) {
    let (pair, serving) = Pair::agreed_on(with_lookups);
    let lines: Vec<String> = (0..300).map(|n| format!("bad-{n}.example.net")).collect();
    let open = pair.world.write("open.txt", lines.join("\n"));
    pair.b.import(&[&open, "--tlp", "green"]);
    let shut = pair.world.write("shut.txt", "shut.example.net\n");
    pair.b.import(&[&shut, "--tlp", "red"]);
    (pair, serving)
}

fn look(home: &Home, more: &[&str]) -> Value {
    home.json(&[&["lookup", "alba-borea", "--clause", "5"], more].concat())
}

fn refused(home: &Home, code: &str, more: &[&str]) -> Value {
    home.fails(1, code, &[&["lookup", "alba-borea", "--clause", "5"], more].concat())
}

fn values(report: &Value, field: &str) -> Vec<String> {
    list(report, field).iter().map(|pair| pair[1].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_story_of_a_filter() {
    let (pair, _serving) = ready();
    let (asker, holder) = (&pair.a, &pair.b);
    refused(asker, "match_no_filter", &["bad-1.example.net"]);
    let published = look(holder, &["--publish"]);
    assert_eq!((number(&published, "listed"), number(&published, "evaluated")), (300, 300));
    assert_eq!(number(&published, "held_out"), 1, "{published:#}");
    assert!(number(&published, "bytes") < 4096 * 6, "{published:#}");

    let asked = ["bad-1[.]example[.]net", "good.example.net", "shut.example.net", "203.0.113.9"];
    let report = look(asker, &asked);
    assert_eq!(values(&report, "found"), ["bad-1.example.net"]);
    let mut absent = values(&report, "absent");
    absent.sort();
    assert_eq!(absent, ["203.0.113.9", "good.example.net", "shut.example.net"]);
    assert!(yes(&report, "agreed"), "{report:#}");
    assert_eq!((number(&report, "asked"), number(&report, "size")), (4, 4));
    assert_eq!(number(&report, "fetched"), number(&published, "bytes"));

    // The filter is here: nothing is fetched again, and one value looks like four.
    let report = look(asker, &["bad-299.example.net"]);
    assert_eq!((number(&report, "fetched"), number(&report, "size")), (0, 4));
    assert_eq!(values(&report, "found"), ["bad-299.example.net"]);

    // Nothing new: nothing goes on record.
    let again = look(holder, &["--publish"]);
    assert!(yes(&again, "unchanged"), "{again:#}");
    let more = pair.world.write("more.txt", "new.example.net\n198.51.100.7\n");
    holder.import(&[&more, "--tlp", "green"]);
    let published = look(holder, &["--publish"]);
    assert_eq!((number(&published, "listed"), number(&published, "evaluated")), (302, 2));
    let update = number(&published, "update_bytes");
    assert!(update < 100, "{published:#}");
    let refreshed = look(asker, &["--refresh"]);
    assert_eq!((number(&refreshed, "bytes"), number(&refreshed, "updates")), (update, 1));
    assert_eq!(refreshed["filter"], published["filter"]);
    let from = pair.world.write("ask.txt", "# two\nnew.example.net\n\n198.51.100.7\n");
    let report = look(asker, &["--from", &from]);
    assert_eq!(values(&report, "found").len(), 2, "{report:#}");

    // Another key: the whole filter again.
    let rekeyed = look(holder, &["--publish", "--new-key"]);
    assert_eq!(number(&rekeyed["filter"], "epoch"), 2);
    assert_eq!(number(&rekeyed, "evaluated"), 302);
    let report = look(asker, &["bad-7.example.net", "absent.example.net"]);
    assert_eq!(values(&report, "found"), ["bad-7.example.net"]);
    assert!(number(&report, "fetched") > 20_000, "{report:#}");

    // The record has who asked when and how much, and nothing of what was found.
    let acts = history(asker, &holder.name);
    let published = acts.iter().filter(|act| act["kind"] == "publish-filter").count();
    assert_eq!(published, 3);
    let closes = history(holder, &asker.name);
    let closes: Vec<&Value> = closes.iter().filter(|act| act["kind"] == "close-match").collect();
    assert_eq!(closes.len(), 4);
    assert!(closes.iter().all(|act| text(act, "summary").contains("learnt nothing")));
    pair.sound("end");
}

#[test]
fn what_may_not_be_asked_is_held_out_and_budgets_hold() {
    let (pair, _serving) = ready();
    let (asker, holder) = (&pair.a, &pair.b);
    look(holder, &["--publish"]);
    let red = pair.world.write("red.txt", "bad-2.example.net\n");
    asker.import(&[&red, "--tlp", "red"]);
    let hash = "d41d8cd98f00b204e9800998ecf8427e";
    let report = look(asker, &["bad-1.example.net", "bad-2.example.net", hash]);
    assert_eq!(values(&report, "held_out").len(), 2, "{report:#}");
    assert_eq!(values(&report, "found"), ["bad-1.example.net"]);
    refused(asker, "lookup_nothing_to_ask", &[hash]);
    refused(asker, "no_normal_form", &["no observable"]);

    let many = |count: usize| {
        let lines: Vec<String> = (0..count).map(|n| format!("bad-{n}.example.com")).collect();
        pair.world.write(&format!("many-{count}.txt"), lines.join("\n"))
    };
    refused(asker, "match_too_many_items", &["--from", &many(65)]);
    for _ in 0..3 {
        look(asker, &["--from", &many(64)]);
    }
    // 4 + 3 * 64 of 200 values are used.
    let full = refused(asker, "match_items_used_up", &["--from", &many(5)]);
    assert!(text(&full, "error").contains("196"), "{full:#}");
    look(asker, &["bad-1.example.net"]);
    refused(asker, "match_runs_used_up", &["bad-1.example.net"]);
    // A used-up budget keeps nobody from bringing the filter up to date.
    assert_eq!(number(&look(asker, &["--refresh"]), "bytes"), 0);
    pair.sound("end");
}

#[test]
fn sides_are_not_mixed_up_and_explained() {
    let (pair, _serving) = ready();
    let (asker, holder) = (&pair.a, &pair.b);
    refused(asker, "match_other_direction", &["--publish"]);
    refused(holder, "match_other_direction", &["bad-1.example.net"]);
    refused(holder, "match_other_direction", &["--refresh"]);
    let other = ["lookup", "alba-borea", "--clause", "1", "bad-1.example.net"];
    asker.fails(1, "no_lookup_clause", &other);
    asker.fails(1, "match_other_mode", &["match", "alba-borea", "--clause", "5"]);
    asker.fails(2, "nothing_to_look_up", &["lookup", "alba-borea", "--clause", "5"]);
    let words = |home: &Home, more: &[&str]| {
        let preview = look(home, &[&["--explain"], more].concat());
        list(&preview, "words").iter().map(|word| format!("{word}\n")).collect::<String>()
    };
    let own = words(asker, &["bad-1.example.net"]);
    assert!(own.contains("at most 4 values, not that it is 1"), "{own}");
    assert!(own.contains("neither which they are nor what is found"), "{own}");
    assert!(own.contains("quantum"), "{own}");
    let theirs = words(holder, &[]);
    assert!(theirs.contains("ipv4 can be guessed one by one"), "{theirs}");
    assert!(theirs.contains("0 of 5 queries"), "{theirs}");
    // A stop ends it all.
    look(holder, &["--publish"]);
    holder.run(&["accord", "stop", "alba-borea", "--reason", "a leak"]).exits(0);
    refused(asker, "stopped", &["bad-1.example.net"]);
    refused(holder, "stopped", &["--publish"]);
}
