//! Retraction: what was released is taken back, over there it is no live indicator any more, and
//! it stays open until it is answered, along the chain.

use serde_json::Value;

use crate::support::{Pair, list, number, stix, text};

const RELEASE: [&str; 4] = ["release", "alba-borea", "--matched", "last"];

/// A has released two contexts to B, whose list has only the names.
fn released(pair: &Pair) -> Value {
    let rows: &[(&str, &str, &[&str])] =
        &[("one.example.com", "green", &[]), ("two.example.com", "green", &[])];
    pair.a.import(&[&pair.world.write("a.json", stix(rows)), "--source", "bundle"]);
    let names = pair.world.write("b.txt", "one.example.com\ntwo.example.com\n");
    pair.b.import(&[&names, "--tlp", "clear"]);
    let run = pair.a.json(&["match", "alba-borea", "--clause", "1"]);
    assert_eq!(number(&run, "common"), 2);
    let done = pair.a.json(&RELEASE);
    assert_eq!(number(&done, "allowed"), 2);
    done
}

#[test]
fn what_is_taken_back_is_no_live_indicator_and_is_answered() {
    let (pair, serving) = Pair::agreed();
    released(&pair);
    let retract = ["retract", "alba-borea", "last", "--reason", "false-positive"];
    let one = [&retract[..], &["--object", "one.example.com", "--words", "a test host"]].concat();

    // The other side away and everything stopped: it stands in the record, and stays open.
    drop(serving);
    pair.a.run(&["accord", "stop", "alba-borea", "--reason", "a leak"]).exits(0);
    pair.a.run(&one).exits(0).says("takes back 1 object");
    let open = pair.a.json(&["retractions", "--open"]);
    assert_eq!(open.as_array().unwrap().len(), 1, "{open:#}");
    assert_eq!(open[0]["receivers"][0]["answered"], Value::Null);
    pair.a.run(&["retractions"]).exits(0).says("NO ANSWER").says("false-positive");
    pair.a.run(&["accord", "status"]).exits(0).says("no answer from Borea");
    pair.a.fails(1, "without_effect", &one);

    // It passes at the next contact, while the stop holds.
    let _serving = pair.b.serve();
    let known = pair.a.json(&["retractions"]);
    assert_eq!(known[0]["open"], false, "{known:#}");
    let receiver = &known[0]["receivers"][0];
    assert!(receiver["seen"].is_string() && receiver["answered"].is_string(), "{known:#}");
    assert_eq!(text(&receiver["answer"], "done"), "out-of-use");
    assert_eq!(text(&receiver["answer"], "own"), "stand", "B has it of its own");
    assert_eq!(pair.a.json(&["retractions", "--open"]).as_array().unwrap().len(), 0);
    let status = pair.a.json(&["accord", "status"]);
    assert_eq!(list(&status[0], "retractions").len(), 0);

    let found = pair.b.json(&["search", "one.example.com"]);
    let retracted = &found["received"][0]["retracted"];
    assert_eq!((&retracted["gone"], text(retracted, "reason")), (&true.into(), "false-positive"));
    pair.b.run(&["search", "one.example.com"]).exits(0).says("TAKEN BACK").says("a test host");
    let other = pair.b.json(&["search", "two.example.com"]);
    assert!(other["received"][0]["retracted"].is_null(), "{other:#}");

    // The releaser does not release it again, also with --again; the rest it may.
    pair.a.run(&["accord", "resume", "alba-borea"]).exits(0);
    let again = pair.a.json(&[&RELEASE[..], &["--again"]].concat());
    let code = |name: &str| {
        let mut objects = list(&again, "objects").iter();
        let found = objects.find(|o| text(o, "value").starts_with(name)).unwrap();
        text(found, "code").to_owned()
    };
    assert_eq!((code("one").as_str(), code("two").as_str()), ("taken_back", "allowed"));

    // A legal hold, and then the bytes go.
    let act = text(&known[0], "act");
    let answer = ["retractions", "answer", "alba-borea", act];
    let kept = [&answer[..], &["--done", "kept"]].concat();
    pair.b.fails(1, "bad_answer", &kept);
    let kept = [&kept[..], &["--words", "evidence in a case"]].concat();
    pair.b.run(&kept).exits(0).says("kept: evidence in a case");
    let erased = [&answer[..], &["--done", "erased"]].concat();
    pair.b.run(&erased).exits(0);
    let found = pair.b.json(&["search", "one.example.com"]);
    assert_eq!(list(&found, "received").len(), 0, "{found:#}");
    let known = pair.a.json(&["retractions"]);
    let receiver = &known[0]["receivers"][0];
    assert_eq!(text(&receiver["answer"], "done"), "erased");
    assert!(text(receiver, "answered") <= text(&receiver["answer"], "time"));
    pair.a.run(&["accord", "history", "alba-borea"]).exits(0).says("answers retraction");
    pair.sound("retraction");
}

#[test]
fn a_marking_is_narrowed_and_a_mistake_taken_back() {
    let (pair, _serving) = Pair::agreed();
    released(&pair);
    let narrow = ["retract", "alba-borea", "last", "--reason", "marking-changed", "--tlp"];
    pair.a.fails(1, "without_effect", &[&narrow[..], &["clear"]].concat());
    pair.a.run(&[&narrow[..], &["amber+strict"]].concat()).exits(0).says("narrows release");
    let found = pair.b.json(&["search", "one.example.com"]);
    let retracted = &found["received"][0]["retracted"];
    assert_eq!((&retracted["gone"], text(retracted, "tlp")), (&false.into(), "TLP:AMBER+STRICT"));
    let known = pair.a.json(&["retractions"]);
    assert_eq!(text(&known[0]["receivers"][0]["answer"], "done"), "narrowed");

    let wrong = ["retract", "alba-borea", "last", "--reason", "wrong"];
    pair.a.run(&wrong).exits(0);
    let act = pair.a.json(&["retractions"])[1]["act"].as_str().unwrap().to_owned();
    let back = ["accord", "retract", "alba-borea", &act, "--reason", "it was right"];
    pair.a.run(&back).exits(0);
    let found = pair.b.json(&["search", "one.example.com"]);
    assert_eq!(found["received"][0]["retracted"]["gone"], false, "{found:#}");
    pair.a.fails(2, "bad_option", &["retract", "alba-borea", "last", "--reason", "mood"]);
    pair.sound("narrowed");
}

/// A released to B, B the same to C under another accord: what A takes back, B takes back from C on
/// command, and A sees that C has answered.
#[test]
fn a_retraction_goes_on_along_the_chain() {
    let (pair, _serving) = Pair::agreed();
    let cassia = pair.world.party("Cassia", true);
    for (from, to) in [(&pair.b, &cassia), (&cassia, &pair.b)] {
        let card = from.card(&pair.world.path(&format!("{}-2.card", from.name)));
        to.run(&["party", "add", &card, "--yes"]).exits(0);
    }
    let _cassia = cassia.serve();
    let draft = pair.b.run(&["accord", "draft", "borea-cassia", "--with", "Cassia"]).exits(0);
    let file = pair.world.write("second.toml", draft.out);
    pair.b.run(&["accord", "propose", &file]).exits(0);
    pair.b.run(&["accord", "sign", &file]).exits(0);
    cassia.run(&["accord", "sign", &file]).exits(0);

    released(&pair);
    let names = pair.world.write("c.txt", "one.example.com\nthree.example.com\n");
    cassia.import(&[&names, "--tlp", "clear"]);
    pair.b.json(&["match", "borea-cassia", "--clause", "1"]);
    let on = pair.b.json(&["release", "borea-cassia", "--matched", "last"]);
    assert_eq!(number(&on, "allowed"), 1, "{on:#}");

    pair.a.run(&["retract", "alba-borea", "last", "--reason", "wrong"]).exits(0);
    let at_a = pair.a.json(&["retractions"]);
    let act = text(&at_a[0], "act").to_owned();
    assert_eq!(at_a[0]["open"], false, "A knows of no chain yet: {at_a:#}");
    // Nobody makes B take its own word back: it shows, and waits.
    let at_b = pair.b.json(&["retractions", "alba-borea", "--open"]);
    let onward = &at_b[0]["onward"][0];
    assert_eq!((text(onward, "accord"), number(onward, "objects")), ("borea-cassia", 1));
    assert!(onward["forwarded"].is_null(), "{at_b:#}");
    pair.b.run(&["accord", "status", "alba-borea"]).exits(0).says("not passed on to Cassia");
    let found = cassia.json(&["search", "one.example.com"]);
    assert!(found["received"][0]["retracted"].is_null());

    pair.b
        .run(&["retractions", "forward", "alba-borea", &act])
        .exits(0)
        .says("takes back 1 object");
    let found = cassia.json(&["search", "one.example.com"]);
    let retracted = &found["received"][0]["retracted"];
    assert_eq!(text(retracted, "reason"), "source-withdrew", "{found:#}");
    assert_eq!(pair.b.json(&["retractions", "--open"]), serde_json::json!([]));
    let at_a = pair.a.json(&["retractions"]);
    let passed = &at_a[0]["receivers"][0]["answer"]["passed"][0];
    assert!(passed["retraction"].is_string() && passed["answered"].is_string(), "{at_a:#}");
    assert_eq!(at_a[0]["open"], false);
    let again = ["retractions", "forward", "alba-borea", &act];
    pair.b.fails(1, "nothing_to_forward", &again);
    let at_c = cassia.json(&["retractions"]);
    assert_eq!(text(&at_c[0], "because"), act, "the chain can be followed");
    pair.sound("chain");
}
