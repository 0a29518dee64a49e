mod asks;
mod calendar;
mod drift;
mod hostile;
mod lookup;
mod words;

use proptest::prelude::*;

use super::{Accord, ClockStart, Fault, Only, Pad, Rule};
use detente_core::Kind;
use detente_core::Tlp;
use detente_core::act::{ActKind, Engine, Mode};
use detente_core::party::Role;

/// A sound text between two parties.
pub(crate) const SOUND: &str = include_str!("tests/sound.toml");

fn faults(from: &str, to: &str) -> Vec<Fault> {
    assert!(SOUND.contains(from), "{from}");
    Accord::parse(SOUND.replacen(from, to, 1).as_bytes()).unwrap_err().0
}

/// The change gives a fault with this code on this line, and says this.
#[track_caller]
fn refused(from: &str, to: &str, code: &str, says: &str) {
    let faults = faults(from, to);
    let hit = faults.iter().find(|fault| fault.code == code);
    let hit = hit.unwrap_or_else(|| panic!("no {code} in {faults:#?}"));
    assert!(hit.to_string().contains(says), "{hit}");
    assert!(!hit.remedy.is_empty());
}

#[test]
fn a_sound_text_reads() {
    let accord = Accord::parse(SOUND.as_bytes()).unwrap_or_else(|faults| panic!("{faults:#?}"));
    assert_eq!(accord.clauses.len(), 4);
    let Some(Rule::Match(rule)) = &accord.clause("1").unwrap().rule else { panic!() };
    assert_eq!((rule.max_items, rule.pad), (1000, Pad::PowerOfTwo));
    let Some(Rule::Permit(rule)) = &accord.clause("2").unwrap().rule else { panic!() };
    assert_eq!(rule.kinds, [Kind::Domain, Kind::Ipv4], "sorted");
    assert_eq!((rule.only, rule.max_tlp), (Only::Matched, Tlp::Amber));
    assert_eq!(rule.retention.unwrap().clock, ClockStart::Receipt);
    assert_eq!(
        accord.clause("2").unwrap().prose[0].1,
        "Either party may release matched indicators (domain, ipv4) up to TLP:AMBER to the other \
         party, 200 per 30 days; kept 180 days from receipt."
    );
    assert_eq!(accord.clause("3").unwrap().line, 53);
}

/// The sound text, with a ceiling for what enters a run.
fn with_ceiling(colour: &str) -> String {
    SOUND
        .replace("max_items = 1000", &format!("max_items = 1000, max_tlp = \"{colour}\""))
        .replace("{pad}", "{pad} ({max_tlp})")
}

#[test]
fn a_run_may_have_a_ceiling_of_its_own() {
    let accord = Accord::parse(with_ceiling("green").as_bytes()).unwrap();
    let clause = accord.clause("1").unwrap();
    let Some(Rule::Match(rule)) = &clause.rule else { panic!() };
    assert_eq!(rule.max_tlp, Some(Tlp::Green));
    assert!(clause.prose[0].1.contains("(TLP:GREEN)"), "{}", clause.prose[0].1);
    let faults = Accord::parse(with_ceiling("blue").as_bytes()).unwrap_err().0;
    assert!(faults.iter().any(|fault| fault.code == "bad_value"), "{faults:#?}");
    let hidden = with_ceiling("green").replace(" ({max_tlp}). At", ". At");
    let faults = Accord::parse(hidden.as_bytes()).unwrap_err().0;
    assert!(faults.iter().any(|fault| fault.code == "parameter_not_shown"), "{faults:#?}");
}

/// The sound text, with contexts in its runs.
fn with_contexts(text: &str) -> String {
    text.replace("mode = \"which\"", "mode = \"payload\", payload_bytes = 512")
        .replace("tells {mode}:", "tells {mode} ({payload_bytes}):")
        .replace("sagt, {mode}:", "sagt, {mode} ({payload_bytes}):")
}

#[test]
fn a_run_with_contexts_says_their_room_and_tells_both() {
    let text = with_contexts(SOUND);
    let accord = Accord::parse(text.as_bytes()).unwrap_or_else(|faults| panic!("{faults:#?}"));
    let clause = accord.clause("1").unwrap();
    let Some(Rule::Match(rule)) = &clause.rule else { panic!() };
    assert_eq!((rule.mode, rule.payload_bytes), (Mode::Payload, Some(512)));
    assert!(clause.prose[0].1.contains("with the context of each that may leave (512)"));
    assert_eq!(rule.engine(Mode::Payload), Engine::VoleMlKem768);
    for (from, to, code, says) in [
        ("answer = \"both\"", "answer = \"initiator\"", "bad_value", "do not both learn"),
        ("512", "255", "bad_value", "gives contexts 255 bytes"),
        ("512", "4097", "bad_value", "not a whole number in range"),
        (
            "mode = \"payload\"",
            "engine = \"ecdh-ristretto255\", mode = \"payload\"",
            "bad_value",
            "by an engine that can't",
        ),
        (
            "{mode} ({payload_bytes}): {kinds}. {answer}. {pad}. At",
            "{mode}: {kinds}. {answer}. {pad}. At",
            "parameter_not_shown",
            "payload_bytes",
        ),
    ] {
        assert!(text.contains(from), "{from}");
        let faults = Accord::parse(text.replace(from, to).as_bytes()).unwrap_err().0;
        let hit = faults.iter().find(|fault| fault.code == code);
        let hit = hit.unwrap_or_else(|| panic!("no {code} in {faults:#?}"));
        assert!(hit.to_string().contains(says), "{hit}");
    }
}

#[test]
fn authority_is_the_texts_where_it_speaks_and_the_cards_where_it_is_silent() {
    let accord = Accord::parse(SOUND.as_bytes()).unwrap();
    assert!(accord.allows("A", Role::Minister, ActKind::Sign));
    assert!(!accord.allows("A", Role::Head, ActKind::Sign));
    assert!(accord.allows("B", Role::Head, ActKind::Sign), "B's authority is left to its card");
    assert!(!accord.allows("B", Role::Head, ActKind::Stop), "only who the emergency terms name");
}

#[test]
fn a_permit_without_scope_is_refused() {
    refused("only = \"matched\"\n", "", "no_scope", "matched indicators only");
    refused("max_tlp = \"amber\"\n", "", "no_scope", "marking ceiling");
    refused("kinds = [\"ipv4\", \"domain\"]\n", "", "no_scope", "kinds");
    refused("from = \"*\"\nto = \"*\"", "to = \"*\"", "no_scope", "from");
    refused("from = \"*\"\nto = \"*\"", "from = \"A\"\nto = \"A\"", "no_scope", "itself");
    refused("object = \"indicator\"\nkinds", "kinds", "no_scope", "which objects");
    refused("kinds = [\"ipv4\", \"domain\"]", "kinds = []", "bad_value", "0 items");
}

#[test]
fn a_deadline_without_a_clock_is_refused() {
    let says = "say when it starts";
    refused(", clock = \"receipt\", breach", ", breach", "deadline_without_clock", says);
    refused(", clock = \"receipt\" }\n\n", " }\n\n", "deadline_without_clock", says);
    refused(
        "lapses = \"P10D\"\nclock = \"act\"",
        "lapses = \"P10D\"",
        "deadline_without_clock",
        says,
    );
    refused(
        "notice = \"P90D\"\nclock = \"act\"",
        "notice = \"P90D\"",
        "deadline_without_clock",
        says,
    );
}

#[test]
fn prose_that_contradicts_its_parameters_is_refused() {
    let says = "prose_contradicts";
    refused("{to}, {cap.count} per", "{to}, 500 per", says, "says \"500\"");
    refused("up to {max_tlp} to", "up to TLP:RED to", says, "TLP:RED");
    refused("{to}, {cap.count} per", "{to}, per", "parameter_not_shown", "cap.count");
    refused("up to {max_tlp} to", "up to {tlp} to", "unknown_parameter", "`tlp`");
    refused("clause 2 notwithstanding", "clause 9 notwithstanding", says, "refers to clause 9");
}

#[test]
fn faults_name_their_line() {
    let faults = faults("max_tlp = \"amber\"", "max_tlp = \"mauve\"");
    assert_eq!(faults[0].line, 49);
    assert!(faults[0].to_string().contains("mauve"));
}

#[test]
fn what_nobody_reads_is_refused() {
    refused("only = \"matched\"", "only = \"matched\"\nonyl = 1", "unknown_field", "onyl");
    refused("format = 1", "format = 2", "format", "format = 1");
    refused("id = \"B\"", "id = \"A\"", "repeated", "twice");
    refused(
        "prose.de = \"{actor} quittiert in {within} ab {clock}.\"\n",
        "",
        "missing_language",
        "de",
    );
    refused("may = [\"propose\", \"sign\"]", "may = [\"propose\"]", "nobody_signs", "A may sign");
    refused("id = \"4\"", "id = \"3\"", "repeated", "clause 3");
    refused("between = [\"A\", \"B\"]", "between = [\"A\", \"C\"]", "unknown_party", "\"C\"");
    refused("CERT Beta", "CERT \u{202e}Beta", "bad_string", "U+202E (right-to-left override)");
}

#[test]
fn broken_files_are_refused_with_their_line() {
    let faults = Accord::parse(b"format = 1\n[accord\n").unwrap_err().0;
    assert_eq!((faults[0].code, faults[0].line), ("not_toml", 2));
    let faults = Accord::parse(b"format = 1\n\n\xff\n").unwrap_err().0;
    assert_eq!((faults[0].code, faults[0].line), ("not_utf8", 3));
    assert!(Accord::parse(&vec![b'#'; 300_000]).is_err());
}

proptest! {
    #[test]
    fn foreign_text_never_panics(text in ".{0,300}") {
        prop_assert!(Accord::parse(text.as_bytes()).is_err());
    }

    #[test]
    fn a_mutated_text_never_panics(
        at in any::<prop::sample::Index>(), len in 0usize..20, with in "[\\PC\n]{0,8}",
    ) {
        let chars: Vec<char> = SOUND.chars().collect();
        let at = at.index(chars.len());
        let end = (at + len).min(chars.len());
        let text: String =
            chars[..at].iter().chain(with.chars().collect::<Vec<_>>().iter()).chain(&chars[end..]).collect();
        let _ = Accord::parse(text.as_bytes());
    }
}
