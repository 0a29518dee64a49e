//! Alerts: what lets more leave than before is shown, before it does where it is a proposal, until
//! the auditor's key has acknowledged it.

use serde_json::Value;

use crate::support::{Home, Pair, list, number, text};

/// The open alerts of a home; the exit code must say whether there are any.
#[track_caller]
fn alerts(home: &Home) -> Vec<Value> {
    let outcome = home.run(&["alerts", "--json"]);
    let open: Vec<Value> = outcome.json().as_array().unwrap().clone();
    assert_eq!(outcome.code, i32::from(!open.is_empty()), "{outcome}");
    open
}

#[track_caller]
fn acknowledge_all(pair: &Pair) {
    for home in [&pair.a, &pair.b] {
        home.run(&["alerts", "acknowledge", "alba-borea", "--note", "read"]).exits(0);
        assert_eq!(alerts(home), [] as [Value; 0]);
    }
}

fn kinds(open: &[Value]) -> Vec<&str> {
    open.iter().map(|alert| text(alert, "kind")).collect()
}

#[test]
fn a_wider_text_is_an_alert_at_both_before_it_is_signed() {
    let (pair, _serving) = Pair::agreed();
    // The first text opens everything that it permits.
    let open = alerts(&pair.a);
    assert_eq!(kinds(&open), ["text-proposed", "text-signed", "text-signed"], "{open:#?}");
    assert!(number(&open[0], "out") > 0 && number(&open[0], "incoming") > 0);
    pair.a.run(&["accord", "status"]).exits(0).says("ALERT").says("text proposed by Alba");
    for role in ["minister", "analyst"] {
        let by = ["alerts", "acknowledge", "alba-borea", "--as", role];
        pair.a.fails(1, "no_authority", &by);
    }
    acknowledge_all(&pair);
    let status = pair.a.json(&["accord", "status"]);
    assert_eq!(list(&status[0], "alerts").len(), 0);

    // A narrower text opens nothing.
    let narrow = pair.draft("narrow.toml", |text| text.replace("\"amber\"\n", "\"green\"\n"));
    pair.b.run(&["accord", "propose", &narrow]).exits(0);
    assert_eq!(alerts(&pair.a), [] as [Value; 0]);

    // A wider one does: cells, the marking default, the cap; it is no more than a proposal yet.
    let wide = pair.draft("wide.toml", |text| {
        text.replace("max_tlp = \"amber\"\n", "max_tlp = \"amber+strict\"\n")
            .replace("default_tlp = \"amber+strict\"", "default_tlp = \"amber\"")
            .replace("count = 20000", "count = 30000")
    });
    pair.b.run(&["accord", "propose", &wide]).exits(0);
    for home in [&pair.a, &pair.b] {
        let open = alerts(home);
        assert_eq!(kinds(&open), ["text-proposed"]);
        assert_eq!((text(&open[0], "author"), &open[0]["in_force"]), ("Borea", &false.into()));
        assert_eq!(number(&open[0], "out"), number(&open[0], "incoming"));
        assert_eq!(list(&open[0], "looser").len(), 2, "{open:#?}");
        let region = &open[0]["regions"][0]["region"];
        assert_eq!(region["tlp"], serde_json::json!(["TLP:AMBER+STRICT"]), "{region:#}");
    }
    pair.a
        .run(&["alerts"])
        .exits(1)
        .says("what is not marked counts as TLP:AMBER, no longer as TLP:AMBER+STRICT")
        .says("more may leave in a window")
        .says("would take the place of");
    let act = text(&alerts(&pair.a)[0], "act").to_owned();
    pair.a.run(&["alerts", "acknowledge", "alba-borea", &act[..8]]).exits(0);
    assert_eq!(alerts(&pair.a), [] as [Value; 0]);
    assert_eq!(alerts(&pair.b).len(), 1, "its own auditor has not seen it");
    let all = pair.b.run(&["alerts", "--all", "--json"]).exits(1).json();
    let last = all.as_array().unwrap().last().unwrap().clone();
    assert_eq!(last["seen_by"][0][0], "Alba", "{last:#}");

    // Each signature is one more, before and after it is in force.
    pair.a.run(&["accord", "sign", &wide]).exits(0);
    assert_eq!(kinds(&alerts(&pair.a)), ["text-signed"]);
    pair.b.run(&["accord", "sign", &wide]).exits(0);
    let open = alerts(&pair.a);
    assert_eq!(kinds(&open), ["text-signed", "text-signed"]);
    assert_eq!(open[1]["in_force"], true, "{open:#?}");
    acknowledge_all(&pair);
    pair.sound("alerts");
}

#[test]
fn what_runs_again_is_an_alert() {
    let (pair, _serving) = Pair::agreed();
    acknowledge_all(&pair);
    let suspend = ["accord", "suspend", "alba-borea", "--clause", "2", "--clause", "1"];
    let out = ["--direction", "out", "--reason", "a leak"];
    let held = pair.a.json(&[&suspend[..], &out].concat());
    assert_eq!(alerts(&pair.b), [] as [Value; 0]);
    let resume = ["accord", "resume", "alba-borea", "--act", text(&held, "act")];
    pair.a.run(&resume).exits(0);
    let (at_a, at_b) = (alerts(&pair.a), alerts(&pair.b));
    assert_eq!(kinds(&at_a), ["suspension-ended"]);
    assert_eq!(number(&at_a[0], "incoming"), 0, "one direction was held");
    assert!(number(&at_a[0], "out") > 0);
    assert_eq!((number(&at_b[0], "out"), number(&at_b[0], "incoming")), {
        (0, number(&at_a[0], "out"))
    });
    pair.b.run(&["alerts"]).exits(1).says("clause 1 lets the parties match again");
    pair.b.run(&["accord", "stop", "alba-borea", "--reason", "a leak"]).exits(0);
    pair.b.run(&["accord", "resume", "alba-borea"]).exits(0);
    assert_eq!(kinds(&alerts(&pair.a)), ["suspension-ended", "stop-lifted"]);
    acknowledge_all(&pair);
    pair.sound("again");
}
