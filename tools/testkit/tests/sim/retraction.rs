//! Retraction among nodes: what a peer may and may not make this node do by taking something back.

use detente_core::act::{Done, OwnCopies, RetractReason};
use detente_core::{AccordId, Kind, Tlp};
use detente_intel::{Context, Indicator};
use detente_node::{AnswerWords, Selection, TakeBack, release, release_own};
use detente_testkit::{Cut, Terms, When, World, context, observable};

use crate::{assert_settled, assert_sound, code, matched, run, values, verdicts};

fn holds(world: &World, at: usize, name: &str, context: Context) {
    let observable = observable(Kind::Domain, name);
    world.members[at].hold(&[Indicator { observable, context }]);
}

fn take_back(world: &World, accord: AccordId) -> String {
    let what = TakeBack {
        release: "last",
        objects: &[],
        reason: RetractReason::FalsePositive,
        words: "",
        tlp: None,
        pap: None,
    };
    world.node(0).take_back(accord, &what, None).unwrap().to_string()
}

/// What B held before it came from A is B's own word; what it has only since is not.
#[test]
fn a_peer_takes_away_what_came_from_it_and_nothing_else() {
    let (world, accord) = World::in_force(190, &Terms::default());
    for name in ["before.example", "since.example"] {
        holds(&world, 0, name, context("s", Tlp::Green, &[]));
    }
    holds(&world, 1, "before.example", context("b", Tlp::Green, &[]));
    // B sights this one by a later clock than that of the release.
    world.members[1].clock.advance(50_000);
    holds(&world, 1, "since.example", context("b", Tlp::Green, &[]));
    world.members[1].clock.back(50_000);
    let first = matched(&world, accord);
    let a = &world.members[0].shared;
    let done = release(a, &world.link(0, 1), accord, first).unwrap();
    assert_eq!(done.allowed, 2);
    assert_eq!(verdicts(&world, 1, accord, first).len(), 2);

    // The answer is given after that sighting.
    for member in &world.members {
        member.clock.advance(60_000);
    }
    let act = take_back(&world, accord);
    world.sync().unwrap();
    let known = world.node(0).retractions(accord).unwrap();
    let answer = known[0].receivers[0].answer.clone().unwrap();
    assert_eq!((answer.done.as_str(), answer.own.as_str()), ("out-of-use", "held-out"));
    let mut codes = verdicts(&world, 1, accord, first);
    codes.sort();
    let shown: Vec<(&str, &str)> = codes.iter().map(|(v, c)| (&**v, &**c)).collect();
    assert_eq!(shown, [("before.example", "allowed"), ("since.example", "held_out")]);
    assert!(world.node(1).search("since.example").unwrap().held_out);
    assert!(!world.node(1).search("before.example").unwrap().held_out);
    let second = run(&world, (1, 0), accord);
    assert_eq!(values(&second), ["before.example"], "it enters no run either");

    // B's own people decide otherwise: it is their list.
    let words = AnswerWords { own: Some(OwnCopies::Stand), ..AnswerWords::default() };
    world.node(1).answer_retraction(accord, &act, words, None).unwrap();
    assert!(!world.node(1).search("since.example").unwrap().held_out);
    world.sync().unwrap();
    assert_settled(&world, accord);
    assert_sound(&world, accord);
}

/// What an answer holds out is what stood there when it was given: a sighting of B's own after it
/// is a word of its own, though the same retraction names it.
#[test]
fn what_is_sighted_after_the_answer_is_not_held_out() {
    let terms = Terms { only: "any".to_owned(), ..Terms::default() };
    let (world, accord) = World::in_force(192, &terms);
    for name in ["between.example", "after.example"] {
        holds(&world, 0, name, context("s", Tlp::Green, &[]));
    }
    let a = &world.members[0].shared;
    let done = release_own(a, &world.link(0, 1), accord, &Selection::default()).unwrap();
    assert_eq!(done.allowed, 2);
    let later = || world.members.iter().for_each(|member| member.clock.advance(50_000));
    later();
    holds(&world, 1, "between.example", context("b", Tlp::Green, &[]));
    later();
    let act = take_back(&world, accord);
    world.sync().unwrap();
    let known = world.node(0).retractions(accord).unwrap();
    assert_eq!(known[0].receivers[0].answer.clone().unwrap().own, "held-out");
    later();
    holds(&world, 1, "after.example", context("b", Tlp::Green, &[]));
    assert!(world.node(1).search("between.example").unwrap().held_out);
    assert!(!world.node(1).search("after.example").unwrap().held_out);

    // B's people hold out what has come since as well, in so many words.
    let words = AnswerWords {
        own: Some(OwnCopies::HeldOut),
        words: Some("the later one too".to_owned()),
        ..AnswerWords::default()
    };
    world.node(1).answer_retraction(accord, &act, words, None).unwrap();
    assert!(world.node(1).search("after.example").unwrap().held_out);
    world.sync().unwrap();
    assert_settled(&world, accord);
    assert_sound(&world, accord);
}

/// A legal hold is spared when the time to keep ends, is out of use all the same, and goes once it
/// is answered otherwise.
#[test]
fn what_is_under_a_hold_outlives_its_time_and_no_longer() {
    let (world, accord) =
        World::in_force(193, &Terms { only: "any".to_owned(), ..Terms::default() });
    for name in ["held.example", "other.example"] {
        holds(&world, 0, name, context("s", Tlp::Green, &[]));
    }
    let a = &world.members[0].shared;
    release_own(a, &world.link(0, 1), accord, &Selection::default()).unwrap();
    let held = vec!["held.example".to_owned()];
    let what = TakeBack {
        release: "last",
        objects: &held,
        reason: RetractReason::LegalOrder,
        words: "",
        tlp: None,
        pap: None,
    };
    let act = world.node(0).take_back(accord, &what, None).unwrap().to_string();
    world.sync().unwrap();
    let hold = AnswerWords {
        done: Some(Done::Kept),
        words: Some("order 12 of the court".to_owned()),
        own: None,
    };
    world.node(1).answer_retraction(accord, &act, hold, None).unwrap();
    for member in &world.members {
        member.clock.advance(181 * 86_400);
    }
    assert_eq!(world.node(1).erase_expired().unwrap().erased, 1, "the other one");
    let found = world.node(1).search("held.example").unwrap();
    assert_eq!((found.expired, found.received.len()), (1, 0), "no longer in use");
    assert_eq!(world.node(1).search("other.example").unwrap().expired, 0);

    let over = AnswerWords { done: Some(Done::OutOfUse), ..AnswerWords::default() };
    world.node(1).answer_retraction(accord, &act, over, None).unwrap();
    assert_eq!(world.node(1).erase_expired().unwrap().erased, 1);
    assert_eq!(world.node(1).search("held.example").unwrap().expired, 0);
    world.sync().unwrap();
    assert_settled(&world, accord);
    // The hold is answered for: what was kept beyond its time shows as late, what was erased as no
    // longer here, and nothing else shows.
    for at in 0..2 {
        let report = world.audit(at, accord);
        let codes: Vec<&str> = report.findings.iter().map(|found| found.code).collect();
        assert_eq!(codes.iter().filter(|code| **code == "duty_late").count(), 1, "{codes:?}");
        let other = codes.iter().find(|code| !["duty_late", "object_absent"].contains(*code));
        assert_eq!(other, None, "{codes:?}");
    }
}

/// Taken back before the objects went: they don't go any more, and the other side says that they
/// never came.
#[test]
fn what_was_taken_back_on_its_way_does_not_arrive() {
    let (world, accord) = World::in_force(191, &Terms::default());
    for at in 0..2 {
        holds(&world, at, "x.example", context("s", Tlp::Green, &[]));
    }
    let first = matched(&world, accord);
    let a = &world.members[0].shared;
    // The line is cut as soon as the release is on record.
    for at in 0.. {
        let link = world.cut_link((0, 1), Some(Cut { at, when: When::Before }));
        assert_eq!(code(release(a, &link, accord, first)), "line_cut");
        if world.node(0).state(accord).unwrap().releases.len() == 1 {
            break;
        }
    }
    take_back(&world, accord);
    world.sync().unwrap();
    assert!(world.node(1).search("x.example").unwrap().received.is_empty());
    let known = world.node(0).retractions(accord).unwrap();
    let answer = known[0].receivers[0].answer.clone().unwrap();
    assert_eq!((answer.done.as_str(), answer.own.as_str()), ("absent", "none"));
    assert!(!known[0].open);
    assert_settled(&world, accord);
    assert_sound(&world, accord);
}
