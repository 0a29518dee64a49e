//! What rules ask beside kind and colour: how it reads, how prose says it, what is refused.

use super::{SOUND, refused};
use crate::{Accord, Asks, Reciprocity, Rule, ThreatFrom};
use detente_core::{ObjectKind, Pap, Purpose};

/// The sound text whose permission has these fields too, shown at the end of its prose.
fn with(fields: &str, shown: &str) -> String {
    SOUND
        .replace("only = \"matched\"\n", &format!("only = \"matched\"\n{fields}\n"))
        .replace("from {retention.clock}.", &format!("from {{retention.clock}}. {shown}"))
        .replace("ab {retention.clock}.", &format!("ab {{retention.clock}}. {shown}"))
}

fn codes(text: &str) -> Vec<&'static str> {
    match Accord::parse(text.as_bytes()) {
        Ok(_) => Vec::new(),
        Err(faults) => faults.0.iter().map(|fault| fault.code).collect(),
    }
}

#[test]
fn a_permission_asks_and_its_prose_says_so_in_each_language() {
    let fields = "categories = [\"water\", \"power\"]\nthreat_origin = [\"unknown\", \"B\", \"third\"]\n\
        purposes = [\"network-defence\"]\nmax_pap = \"amber\"\nreleasable = \"listed\"";
    let shown = "{categories}; {threat_origin}; {purposes}; {max_pap}; {releasable}";
    let text = with(fields, shown);
    let accord = Accord::parse(text.as_bytes()).unwrap_or_else(|faults| panic!("{faults:#?}"));
    let clause = accord.clause("2").unwrap();
    let Some(Rule::Permit(rule)) = &clause.rule else { panic!() };
    let asks = Asks {
        objects: vec![ObjectKind::Indicator],
        categories: vec!["power".to_owned(), "water".to_owned()],
        threat: vec![ThreatFrom::Party("B".to_owned()), ThreatFrom::Third, ThreatFrom::Unknown],
        purposes: vec![Purpose::NetworkDefence],
    };
    assert_eq!((&rule.asks, rule.max_pap, rule.releasable), (&asks, Some(Pap::Amber), true));
    let said = "power or water; the territory of CERT Beta, a territory of no party or an unknown \
        place; network defence; PAP:AMBER; only what is marked as releasable to the receiver";
    assert!(clause.prose[0].1.ends_with(said), "{}", clause.prose[0].1);
    let said = "power oder water; dem Gebiet von CERT Beta, dem Gebiet keiner Partei oder \
        unbekanntem Ort; Verteidigung von Netzen; PAP:AMBER; nur was als freigegeben für die \
        empfangende Partei bezeichnet ist";
    assert!(clause.prose[1].1.ends_with(said), "{}", clause.prose[1].1);
}

#[test]
fn prose_shows_each_thing_that_a_rule_asks() {
    for (fields, name) in [
        ("categories = [\"power\"]", "{categories}"),
        ("threat_origin = [\"third\"]", "{threat_origin}"),
        ("purposes = [\"intelligence\"]", "{purposes}"),
        ("max_pap = \"green\"", "{max_pap}"),
        ("releasable = \"listed\"", "{releasable}"),
        ("transform = [\"tear-line\", \"hide-source\"]", "{transform}"),
        ("onward = \"consent\"", "{onward}"),
        (
            "feedback = { within = \"P14D\", clock = \"receipt\" }",
            "{feedback.within} {feedback.clock}",
        ),
        (
            "reciprocity = { give = 2, take = 1, slack = 20, per = \"P90D\" }",
            "{reciprocity.give} {reciprocity.take} {reciprocity.slack} {reciprocity.per}",
        ),
        ("", ""),
    ] {
        assert_eq!(codes(&with(fields, name)), [""; 0], "{fields}");
        if !name.is_empty() {
            let hidden = codes(&with(fields, ""));
            let parameters = 2 * name.matches('{').count();
            assert_eq!(hidden, vec!["parameter_not_shown"; parameters], "{fields}");
        }
    }
}

#[test]
fn a_pap_colour_of_its_own_is_refused_in_prose() {
    refused("up to {max_tlp} to", "up to {max_tlp} and PAP:AMBER to", "prose_contradicts", "PAP");
    let text = with("max_pap = \"green\"", "{max_pap}, not PAP:RED");
    assert_eq!(codes(&text), ["prose_contradicts"; 2]);
}

#[test]
fn what_can_not_be_meant_is_refused() {
    for (fields, code) in [
        ("categories = [\"Power plants\"]", "bad_value"),
        ("categories = []", "bad_value"),
        ("purposes = [\"fun\"]", "bad_value"),
        ("threat_origin = [\"C\"]", "unknown_party"),
        ("max_pap = \"white\"", "bad_value"),
        ("releasable = \"all\"", "bad_value"),
        ("min_pap = \"green\"", "unknown_field"),
        ("transform = [\"strip-all\"]", "bad_value"),
        ("onward = \"maybe\"", "bad_value"),
        ("feedback = { within = \"P14D\" }", "deadline_without_clock"),
        ("reciprocity = { give = 1, take = 1, per = \"P90D\" }", "missing_field"),
        ("reciprocity = { give = 1, take = 0, slack = 1, per = \"P90D\" }", "bad_value"),
    ] {
        assert!(codes(&with(fields, "")).contains(&code), "{fields}");
    }
    let party = SOUND.replace("\"B\"", "\"third\"");
    let text =
        party.replace("only = \"matched\"\n", "only = \"any\"\nthreat_origin = [\"third\"]\n");
    assert!(codes(&text).contains(&"bad_value"));
}

#[test]
fn a_rule_names_its_objects() {
    let object = |objects: &str, only: &str| {
        SOUND
            .replace("object = \"indicator\"\nkinds = [\"ipv4\", \"domain\"]\n", objects)
            .replace("only = \"matched\"", only)
            .replace("({kinds})", "({object})")
    };
    let reports = "object = [\"report\", \"vulnerability\"]\n";
    let text = object(reports, "only = \"any\"");
    let accord = Accord::parse(text.as_bytes()).unwrap_or_else(|faults| panic!("{faults:#?}"));
    let clause = accord.clause("2").unwrap();
    assert!(clause.prose[0].1.contains("(reports or vulnerabilities)"), "{:?}", clause.prose);
    assert!(clause.prose[1].1.contains("(Berichte oder Schwachstellen)"), "{:?}", clause.prose);
    let Some(Rule::Permit(rule)) = &clause.rule else { panic!() };
    assert_eq!(rule.asks.objects, [ObjectKind::Report, ObjectKind::Vulnerability]);
    assert!(rule.kinds.is_empty());
    assert!(codes(&object(reports, "only = \"matched\"")).contains(&"bad_value"));
    let kinds = format!("{reports}kinds = [\"url\"]\n");
    assert!(codes(&object(&kinds, "only = \"any\"")).contains(&"bad_value"));
    assert!(codes(&object("object = \"*\"\n", "only = \"any\"")).contains(&"bad_value"));
    assert!(codes(&object("object = \"planet\"\n", "only = \"any\"")).contains(&"bad_value"));
}

#[test]
fn a_prohibition_may_speak_of_every_object() {
    let text = SOUND.replace("object = \"indicator\", labels", "object = \"*\", labels");
    let text = text.replace("labelled {labels}", "({object}) labelled {labels}");
    let text = text.replace("Nichts mit", "Nichts ({object}) mit");
    let codes = codes(&text);
    assert!(codes.is_empty(), "{codes:?}");
}

#[test]
fn reciprocity_is_a_ratio_and_slack() {
    let rule = Reciprocity { give: 2, take: 3, slack: 5, per: detente_core::Span::seconds(1) };
    let rooms = [0, 1, 2, 3, 4, 6].map(|came| rule.room(came));
    assert_eq!(rooms, [5, 5, 6, 7, 7, 9]);
    assert_eq!(Reciprocity { give: u64::MAX, take: 1, ..rule }.room(u64::MAX), u64::MAX);
}
