//! Contexts within a run: the same gate, and the room that the clause gives.

use detente_core::act::{Body, Learn, Mode, Outcome};
use detente_core::object::Object;
use detente_core::{Kind, Tlp};
use detente_state::State;
use proptest::prelude::*;

use super::release::{RUN, ab, object, put, run};
use super::{Allow, Ban, Draft, NOW, accord, allow, ban, id, in_force};
use crate::{ContextRelease, Release, Verdict, decide_if_matched};

/// Matched domains and URLs may leave; a run with contexts is under way.
fn under_way(rule: Allow) -> State {
    let clauses = [
        Draft::Allow("1".to_owned(), Allow { matched: true, ..rule }),
        Draft::Payload("2".to_owned()),
        Draft::Ban("3".to_owned(), Ban { labels: vec!["victim"], ..ban() }),
    ];
    let mut state = in_force(accord(&clauses));
    run(&mut state, Mode::Payload, Learn::Both);
    state.runs.get_mut(&RUN).unwrap().closes.clear();
    state
}

fn codes(decided: &ContextRelease) -> Vec<&'static str> {
    let code = |verdict: &Verdict| match verdict {
        Verdict::Allow(_) => "allowed",
        Verdict::Deny(denial) => denial.code(),
    };
    decided.decided().iter().map(|one| code(&one.verdict)).collect()
}

fn decide(state: &State, room: usize, items: Vec<Vec<Object>>) -> ContextRelease {
    ContextRelease::decide(state, ab(), (RUN, room), items, NOW)
}

fn commented(number: usize, length: usize) -> Object {
    Object { comment: Some("x".repeat(length)), ..object(number) }
}

#[test]
fn contexts_leave_while_the_run_is_open_and_not_from_a_void_one() {
    let state = under_way(allow());
    let items = || vec![vec![object(1)], vec![object(2)]];
    let decided = decide(&state, 512, items());
    assert_eq!(codes(&decided), ["allowed", "allowed"]);
    let release = decided.release().unwrap();
    assert_eq!((release.to(), release.body().run), (id("B"), Some(RUN)));
    assert_eq!(release.objects().len(), 2);
    assert_eq!(Release::replay(&state, ab(), release.body(), NOW), Ok(()));
    // The other direction as well; nobody else.
    let (a, b) = ab();
    let back = ContextRelease::decide(&state, (b, a), (RUN, 512), items(), NOW);
    assert_eq!(codes(&back), ["allowed", "allowed"]);
    let other = ContextRelease::decide(&state, (a, id("C")), (RUN, 512), items(), NOW);
    assert_eq!(codes(&other), ["not_matched", "not_matched"]);
    assert!(other.release().is_none());
    // Somebody aborted it.
    let mut void = state.clone();
    let run = void.runs.get_mut(&RUN).unwrap();
    let outcome =
        Outcome::Aborted { blame: detente_core::act::Blame::Line, reason: "cut".to_owned() };
    run.closes.insert(id("B"), (NOW, detente_core::act::Close { run: RUN, outcome }));
    assert_eq!(codes(&decide(&void, 512, items())), ["not_matched", "not_matched"]);
    // Nobody has taken it up.
    let mut offered = state;
    offered.runs.get_mut(&RUN).unwrap().answer = None;
    assert_eq!(codes(&decide(&offered, 512, items())), ["not_matched", "not_matched"]);
}

#[test]
fn each_object_stays_for_its_own_reason_and_leaves_whole() {
    let state = under_way(allow());
    let red = Object { tlp: Tlp::Red, ..object(1) };
    let victim = Object { labels: vec!["victim".to_owned()], ..object(1) };
    let closed = Object { marking_unknown: true, ..object(1) };
    let url = Object { kind: Kind::Url, ..object(1) };
    let malformed = Object { value: "x".repeat(3000), ..object(1) };
    // What is too long and red is red first.
    let long_red = Object { tlp: Tlp::Red, ..commented(1, 600) };
    let item = vec![red, victim, closed, url, malformed, commented(1, 600), long_red, object(1)];
    let decided = decide(&state, 512, vec![vec![], item, vec![object(2), object(2)]]);
    let want = [
        "tlp_ceiling",
        "forbidden",
        "marking_unknown",
        "no_permit",
        "object_malformed",
        "no_room",
        "tlp_ceiling",
        "allowed",
        "allowed",
    ];
    assert_eq!(codes(&decided), want);
    let counts: Vec<usize> = decided.slots().iter().map(|slot| slot.objects().len()).collect();
    assert_eq!(counts, [0, 1, 1]);
    let left = Object::decode(&decided.slots()[1].objects()[0]).unwrap();
    assert_eq!(left, object(1));
}

/// Two that fit alone do not fit together: the first goes, and what had no room uses no cap.
#[test]
fn room_is_the_items_and_caps_are_the_partys() {
    let state = under_way(Allow { cap: Some((3, None)), ..allow() });
    let pair = |number| vec![commented(number, 300), commented(number, 301)];
    let decided = decide(&state, 512, (0..5).map(pair).collect());
    let want = ["allowed", "no_room"].repeat(3);
    assert_eq!(codes(&decided)[..5], want[..5]);
    // The third that leaves is the last: from then on the cap speaks first.
    assert_eq!(&codes(&decided)[5..], ["cap_reached"; 5]);
    // What has left counts for the next run.
    let mut later = state;
    put(&mut later, decided.release().unwrap().body(), NOW);
    assert_eq!(codes(&decide(&later, 512, vec![pair(9)])), ["cap_reached", "cap_reached"]);
}

/// What is beyond one act is left out, and the bound on its bytes holds.
#[test]
fn a_release_within_a_run_is_one_act() {
    let state = under_way(allow());
    let labelled = |number: usize| Object {
        labels: (0..32).map(|label| format!("{label:0>98}")).collect(),
        ..object(number)
    };
    let decided = decide(&state, 4096, (0..3000).map(|number| vec![labelled(number)]).collect());
    let codes = codes(&decided);
    let left = codes.iter().filter(|code| **code == "allowed").count();
    assert!((2000..3000).contains(&left), "{left}");
    assert_eq!(codes.iter().filter(|code| **code == "release_full").count(), 3000 - left);
    let body = Body::Release(decided.release().unwrap().body().clone()).encode();
    assert!(body.len() <= detente_core::act::MAX_BODY);
    let many = (0..detente_core::act::MAX_MANIFEST + 2).map(|number| vec![object(number)]);
    let decided = decide(&state, 512, many.collect());
    assert_eq!(decided.release().unwrap().body().manifest.len(), detente_core::act::MAX_MANIFEST);
}

/// Before a run: as if it had found everything, each object for itself.
#[test]
fn a_preview_tells_what_could_leave() {
    let mut state = under_way(Allow { cap: Some((1, None)), ..allow() });
    state.runs.clear();
    let mut ask = decide_if_matched(&state, ab(), "2", 512, NOW);
    let mut code = |object: &Object| match ask(object) {
        Verdict::Allow(_) => "allowed",
        Verdict::Deny(denial) => denial.code(),
    };
    assert_eq!((code(&object(1)), code(&object(2))), ("allowed", "allowed"));
    assert_eq!(code(&commented(1, 600)), "no_room");
    assert_eq!(code(&Object { tlp: Tlp::Red, ..object(1) }), "tlp_ceiling");
    let mut none = decide_if_matched(&state, ab(), "1", 512, NOW);
    assert!(matches!(none(&object(1)), Verdict::Deny(_)), "clause 1 matches nothing");
}

proptest! {
    /// Whatever the objects, room and caps: the auditor's replay gives the same answers, slots hold
    /// the manifest's objects in its order, and none is longer than the room.
    #[test]
    fn every_release_of_contexts_replays(
        items in proptest::collection::vec(
            proptest::collection::vec((0usize..900, 0usize..5, any::<bool>()), 0..4), 0..20,
        ),
        room in 256usize..1024, count in 1u64..20, bytes in 100u64..5000,
    ) {
        let rule = Allow { cap: Some((count, Some(bytes))), ..allow() };
        let state = under_way(rule);
        let items: Vec<Vec<Object>> = items.iter().enumerate().map(|(number, item)| {
            item.iter().map(|(length, tlp, victim)| Object {
                tlp: Tlp::ALL[*tlp],
                labels: if *victim { vec!["Victim".to_owned()] } else { Vec::new() },
                ..commented(number, *length)
            }).collect()
        }).collect();
        let decided = decide(&state, room, items.clone());
        prop_assert_eq!(decided.slots().len(), items.len());
        let sent: Vec<Vec<u8>> =
            decided.slots().iter().flat_map(|slot| slot.objects().to_vec()).collect();
        prop_assert!(decided.slots().iter().all(|slot| slot.encode().len() <= room));
        if let Some(release) = decided.release() {
            prop_assert_eq!(Release::replay(&state, ab(), release.body(), NOW), Ok(()));
            let named: Vec<Vec<u8>> =
                release.objects().iter().map(|(_, bytes)| bytes.clone()).collect();
            prop_assert_eq!(&sent, &named);
            for (bytes, entry) in sent.iter().zip(&release.body().manifest) {
                prop_assert_eq!(Object::address(bytes), entry.object);
            }
        } else {
            prop_assert!(sent.is_empty());
        }
    }
}
