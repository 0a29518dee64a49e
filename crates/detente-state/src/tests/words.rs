//! The rolling text within the fold: brackets, options, and the clean text that can be signed.

use detente_accord::split;
use detente_core::act::{Body, Change, Matter, Step, Topic};
use detente_core::party::Role;
use detente_core::{Digest, Level};

use super::stand::step;
use super::{A, B, START, World, at, digest_of, propose, swap, text};
use crate::Effect;

fn unit(text: &str, key: &str) -> String {
    let units = split(text).unwrap();
    units.iter().find(|unit| unit.key.to_string() == key).unwrap().text.to_owned()
}

fn change(text: &str, key: &str, options: Vec<Option<String>>, words: &[&str]) -> Body {
    let base = Some(Digest::plain(unit(text, key).as_bytes()));
    let words = words.iter().map(ToString::to_string).collect();
    Body::Bracket(vec![Change { unit: key.to_owned(), base, options, words, note: String::new() }])
}

/// Other words for clause 4.
pub(super) fn option(text: &str, to: &str) -> Body {
    let words = unit(text, "clause 4").replace("sends receipts", to);
    change(text, "clause 4", vec![Some(words)], &[])
}

#[test]
fn a_clause_is_bracketed_an_option_taken_and_the_clean_text_signed() {
    let text = text(2);
    let mut world = World::new(2);
    world.act(A, Role::Head, START + 1, propose(&text));
    assert_eq!(world.state().clean, None, "B has said nothing");
    let whole = Matter::Text { text: digest_of(&text) };
    world.act(B, Role::Head, START + 2, step(Step::Support, whole));
    assert_eq!(world.state().clean, Some(Ok(digest_of(&text))));
    let bare =
        world.act(B, Role::Head, START + 3, change(&text, "clause 4", vec![], &["receipts"]));
    let Effect::Reversal(back) = world.effect(bare) else { panic!("no reversal") };
    assert_eq!((back.before, back.level), (Level::Supported, Level::Reserved));
    let state = world.state();
    assert_eq!(state.clean, None);
    assert_eq!(state.rolling().open().len(), 1);
    let ours = unit(&text, "clause 4").replace("sends receipts", "sends a receipt");
    let offered = change(&text, "clause 4", vec![Some(ours)], &[]);
    world.act(B, Role::Head, START + 4, offered.clone());
    let taken = world.act(A, Role::Head, START + 5, offered);
    assert!(!matches!(world.effect(taken), Effect::Void { .. }));
    let clean = text.replace("sends receipts", "sends a receipt");
    let state = world.state();
    assert_eq!(state.clean, Some(Ok(digest_of(&clean))));
    let topic = Topic::Clause("4".to_owned());
    let stand = state.stand_at(world.ids[A], &topic, at(START + 9)).unwrap();
    assert_eq!(stand.level, Level::Proposed);
    for party in [A, B] {
        let sign = Body::Sign { text: digest_of(&clean) };
        let signed = world.act(party, Role::Minister, START + 10, sign);
        world.holds(signed);
    }
    assert_eq!(world.state().in_force.unwrap().text, digest_of(&clean));
}

#[test]
fn concurrent_changes_stand_side_by_side_and_wrong_bases_are_void() {
    let text = text(2);
    let mut world = World::new(2);
    world.act(A, Role::Head, START + 1, propose(&text));
    world.act(
        B,
        Role::Head,
        START + 2,
        step(Step::Support, Matter::Text { text: digest_of(&text) }),
    );
    let sizes: Vec<u64> = world.logs.iter().map(|log| log.len() as u64).collect();
    // Neither has seen the other's.
    world.act_seen((A, Role::Head), START + 3, &sizes, option(&text, "must send receipts"));
    world.act_seen((B, Role::Head), START + 3, &sizes, option(&text, "may send receipts"));
    let state = world.state();
    let open = state.rolling().open();
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].options.len(), 2, "none overwrites the other");
    let base = Some(Digest::new([9; 32]));
    let wrong = Change {
        unit: "clause 4".to_owned(),
        base,
        options: vec![None],
        words: vec![],
        note: String::new(),
    };
    let wrong = world.act(A, Role::Head, START + 4, Body::Bracket(vec![wrong]));
    world.void(wrong, "never on the table");
    let base = Body::Propose { text: text.into_bytes(), base: Some(Digest::new([9; 32])) };
    let base = world.act(A, Role::Head, START + 5, base);
    world.void(base, "no text of this accord");
    let unit = Change {
        unit: "nonsense \u{2026}".to_owned(),
        base: None,
        options: vec![Some("x".to_owned())],
        words: vec![],
        note: String::new(),
    };
    let unit = world.act(A, Role::Head, START + 6, Body::Bracket(vec![unit]));
    world.void(unit, "not that unit");
}

#[test]
fn a_correction_takes_the_place_of_the_text_once_all_have_made_it() {
    let text = text(2);
    let mut world = World::new(2);
    let mended = swap(&text, "A test accord", "A tested accord");
    let correct = || Body::Correct {
        text: digest_of(&text),
        corrected: mended.clone().into_bytes(),
        reason: "a slip of the pen".to_owned(),
    };
    let sign = |text: &str| Body::Sign { text: digest_of(text) };
    let early = world.act(A, Role::Minister, START + 1, correct());
    world.void(early, "no such text");
    world.act(A, Role::Head, START + 2, propose(&text));
    world.act(A, Role::Minister, START + 3, sign(&text));
    let first = world.act(A, Role::Minister, START + 10, correct());
    world.holds(first);
    let twice = world.act(A, Role::Minister, START + 11, correct());
    world.void(twice, "has made this correction");
    let second = world.act(B, Role::Minister, START + 12, correct());
    world.holds(second);
    // The defective text can't be signed any more; A's signature stands on the corrected one.
    let old = world.act(B, Role::Minister, START + 13, sign(&text));
    world.void(old, "it was corrected");
    let new = world.act(B, Role::Minister, START + 14, sign(&mended));
    world.holds(new);
    assert_eq!(world.state().in_force.unwrap().text, digest_of(&mended));
    let again = Body::Correct {
        text: digest_of(&mended),
        corrected: text.clone().into_bytes(),
        reason: "back again".to_owned(),
    };
    let late = world.act(A, Role::Minister, START + 20, again);
    world.void(late, "mend it by an amendment");
}

#[test]
fn an_amendment_governs_from_its_day_and_the_old_text_until_then() {
    let old = text(2);
    let mut world = World::agreed(2, &old);
    let amended = |amends: Digest| {
        let day = "2027-06-01";
        let more = format!("amends = \"{amends}\"\neffective = \"{day}\"\nexpires");
        swap(&old, "expires", &more)
    };
    let wrong = amended(Digest::new([1; 32]));
    world.act(A, Role::Head, START + 10, propose(&wrong));
    let sign = |text: &str| Body::Sign { text: digest_of(text) };
    let void = world.act(A, Role::Minister, START + 11, sign(&wrong));
    world.void(void, "which is not in force");
    let new = amended(digest_of(&old));
    world.act(A, Role::Head, START + 12, propose(&new));
    world.act(A, Role::Minister, START + 13, sign(&new));
    world.act(B, Role::Minister, START + 14, sign(&new));
    let state = world.state();
    let day = detente_core::UnixSeconds::parse("2027-06-01").unwrap();
    let governs = |time: u64| state.in_force_at(at(time)).unwrap().digest;
    assert_eq!(state.in_force.unwrap().since, day);
    assert_eq!(governs(START + 15), digest_of(&old));
    assert_eq!(governs(day.get() - 1), digest_of(&old));
    assert_eq!(governs(day.get()), digest_of(&new));
    let way = detente_core::act::Way { from: world.ids[A], to: world.ids[B] };
    let runs = |time: u64| state.standing("1", way, at(time)).standing.runs();
    assert!(runs(START + 15) && runs(day.get() - 1) && runs(day.get()), "bound by both in turn");
    let refuse = world.act(A, Role::Minister, START + 20, super::refuse(digest_of(&old)));
    world.void(refuse, "bound by the text");
    assert!(state.in_force_at(at(START)).is_err(), "before both");
}
