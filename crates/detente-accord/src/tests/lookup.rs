//! Clauses of look-ups: what they must say, and what no other clause may.

use super::SOUND;
use crate::{Accord, Fault, LookupTerms, Rule};
use detente_core::act::{Engine, Mode};

const RULE: &str = r#"match = { between = ["A", "B"], kinds = ["domain", "ipv4"], mode = "which", answer = "both", max_items = 1000, pad = "power-of-two", budget = { runs = 4, items = 4000, per = "P30D" } }"#;

/// The sound text with a clause of look-ups in the place of its matching clause.
fn lookup_text() -> String {
    lookup_text_with("")
}

fn lookup_text_with(more: &str) -> String {
    let rule = RULE
        .replace("\"which\"", "\"lookup\", holder = \"B\", filter_items = 4096")
        .replace("\"both\"", "\"initiator\"")
        .replace("max_items = 1000", &format!("max_items = 1000{more}"));
    assert!(SOUND.contains(RULE));
    SOUND
        .replace(RULE, &rule)
        .replace("{answer}. {pad}. At", "{answer}. {holder} holds {filter_items}. {pad}. At")
        .replace("{answer}. {pad}. H", "{answer}. {holder} hält {filter_items}. {pad}. H")
}

#[track_caller]
fn refused(text: &str, code: &str, says: &str) {
    let faults: Vec<Fault> = Accord::parse(text.as_bytes()).unwrap_err().0;
    let hit = faults.iter().find(|fault| fault.code == code && fault.to_string().contains(says));
    assert!(hit.is_some_and(|fault| !fault.remedy.is_empty()), "no {code} {says} in {faults:#?}");
}

#[test]
fn a_clause_of_look_ups_reads() {
    for more in ["", ", engine = \"voprf-ristretto255-sha512\""] {
        let accord = Accord::parse(lookup_text_with(more).as_bytes()).unwrap();
        let clause = accord.clause("1").unwrap();
        let Some(Rule::Match(rule)) = &clause.rule else { panic!("{clause:?}") };
        let terms = LookupTerms { holder: "B".to_owned(), filter_items: 4096 };
        assert_eq!((rule.mode, rule.lookup.as_ref()), (Mode::Lookup, Some(&terms)));
        assert_eq!(rule.engine(rule.mode), Engine::Voprf);
        let prose = &clause.prose[0].1;
        assert!(prose.contains("whether the holder holds what the other asks about"), "{prose}");
        assert!(prose.contains("CERT Beta holds 4096"), "{prose}");
    }
}

#[test]
fn what_is_missing_or_ambiguous_is_refused() {
    let sound = lookup_text();
    let edit = |from: &str, to: &str| {
        assert!(sound.contains(from), "{from}");
        sound.replace(from, to)
    };
    refused(&edit(", holder = \"B\"", ""), "missing_field", "no `holder`");
    refused(&edit("holder = \"B\"", "holder = \"C\""), "bad_value", "than its holder \"C\"");
    refused(&edit(", filter_items = 4096", ""), "missing_field", "no `filter_items`");
    let big = edit("filter_items = 4096", "filter_items = 16777217");
    refused(&big, "bad_value", "`filter_items`");
    refused(&edit("filter_items = 4096", "filter_items = 0"), "bad_value", "`filter_items`");
    refused(&edit("max_items = 1000", "max_items = 16385"), "bad_value", "`max_items`");
    refused(&edit("\"initiator\"", "\"both\""), "bad_value", "tell both sides");
    let engine = edit("max_items = 1000", "max_items = 1000, engine = \"vole-mlkem768\"");
    refused(&engine, "bad_value", "an engine that its mode can't use");
}

#[test]
fn prose_shows_who_holds_and_how_much() {
    refused(&lookup_text().replace(" {holder} hält", " Es hält"), "parameter_not_shown", "holder");
    let text = lookup_text().replace(" {holder} holds {filter_items}.", " {holder} holds.");
    refused(&text, "parameter_not_shown", "filter_items");
}

#[test]
fn other_clauses_have_nothing_of_it() {
    let with = |more: &str| SOUND.replace("mode = \"which\"", &format!("mode = \"which\", {more}"));
    refused(&with("holder = \"B\""), "bad_value", "no clause of look-ups");
    refused(&with("filter_items = 10"), "bad_value", "no clause of look-ups");
    let engine = with("engine = \"voprf-ristretto255-sha512\"");
    refused(&engine, "bad_value", "an engine that its mode can't use");
}
