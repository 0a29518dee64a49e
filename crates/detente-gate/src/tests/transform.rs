//! What is taken out of an object before it leaves, and ratio.

use detente_core::object::Object;
use detente_core::{Span, Tlp, Transform};
use detente_state::Released;

use super::release::{ab, object};
use super::{Allow, Draft, NOW, accord, allow, clause_of, denied, facts, in_force, only, question};
use crate::{Release, Turn, Verdict, decide, decide_all, diff, exposure};

fn strips(transforms: &[Transform]) -> Allow {
    Allow { transforms: transforms.to_vec(), ..allow() }
}

fn secret() -> Object {
    let comment = Some("above\n--- tear line ---\nbelow".to_owned());
    Object { comment, ..object(1) }
}

#[test]
fn an_object_leaves_without_what_its_clause_takes_out() {
    let rule = strips(&[Transform::StripLabels, Transform::HideSource, Transform::TearLine]);
    let state = in_force(only(rule));
    let release = Release::decide(&state, ab(), None, vec![secret()], NOW).unwrap();
    let entry = &release.body().manifest[0];
    let (address, bytes) = &release.objects()[0];
    let left = Object::decode(bytes).unwrap();
    assert_eq!((&entry.object, &Object::address(bytes)), (address, address));
    assert_eq!(left.comment.as_deref(), Some("above\n--- tear line ---"));
    assert!(left.source.is_none() && left.labels.is_empty());
    assert_eq!(entry.transforms.len(), 3);
    assert!(entry.is_of(&left, bytes));
    assert_eq!(Release::replay(&state, ab(), release.body(), NOW), Ok(()));
    // Whoever sends the object as it was, under a manifest that says otherwise, is found.
    let whole = secret().encode();
    let mut lie = entry.clone();
    (lie.object, lie.facts) = (Object::address(&whole), secret().facts(&whole));
    assert!(!lie.is_of(&secret(), &whole));
}

/// Two objects that differ in what is taken out are one once it is out.
#[test]
fn what_leaves_alike_leaves_once() {
    let state = in_force(only(strips(&[Transform::StripComment])));
    let other = Object { comment: Some("other words".to_owned()), ..object(1) };
    assert_eq!(decide_all(&state, ab(), None, vec![secret(), other], NOW).len(), 1);
}

/// A cap in bytes counts what leaves, under each clause in its own form.
#[test]
fn bytes_are_those_that_leave() {
    let long = Object { comment: Some("x".repeat(2_000)), ..object(1) };
    let cap = Some((5, Some(500)));
    let whole = Draft::Allow("1".to_owned(), Allow { cap, ..allow() });
    let cut = Allow { cap, ..strips(&[Transform::StripComment]) };
    let state = in_force(accord(&[whole, Draft::Allow("2".to_owned(), cut)]));
    let release = Release::decide(&state, ab(), None, vec![long], NOW).unwrap();
    assert_eq!(release.body().manifest[0].clause, "2");
    // Asked again about what left, clause 1 would have room: the named clause counts.
    assert_eq!(Release::replay(&state, ab(), release.body(), NOW), Ok(()));
}

#[test]
fn the_table_shows_forms_and_a_difference_shows_their_change() {
    let whole = Draft::Allow("2".to_owned(), Allow { max_tlp: Tlp::Green, ..allow() });
    let cut = Draft::Allow("1".to_owned(), strips(&[Transform::StripComment]));
    let both = accord(&[whole, cut.clone()]);
    let table = exposure(&both, NOW).unwrap();
    let forms: Vec<usize> = table.regions.iter().map(|region| region.transforms.len()).collect();
    assert_eq!(forms, [2, 1], "up to green in two forms, amber in one");
    let found = diff(&accord(&[cut]), &both, NOW).unwrap();
    assert_eq!((found.counts[0], found.counts[1]), (0, 0));
    assert!(found.counts[2] > 0 && found.regions.iter().all(|one| one.turn == Turn::Changes));
}

#[test]
fn out_of_ratio_stays_and_says_so() {
    let rule = Allow { ratio: Some((2, 1, 3)), ..allow() };
    let (text, object) = (only(rule), facts());
    for (came, used, leaves) in [(0, 2, true), (0, 3, false), (1, 4, true), (1, 5, false)] {
        let (count, back) = (|_: &str, _: Span| Released { count: used, bytes: 0 }, |_| came);
        let mut question = question(&text, &object);
        (question.used, question.came) = (&count, &back);
        match decide(&question) {
            verdict @ Verdict::Allow(_) => assert!(leaves && clause_of(&verdict) == "1"),
            verdict => {
                let denial = denied(verdict);
                assert_eq!((leaves, denial.code()), (false, "out_of_ratio"));
                let words = format!("for the {came} that came, and {used} have left");
                assert!(denial.to_string().ends_with(&words), "{denial}");
            }
        }
    }
}
