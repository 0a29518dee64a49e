//! Releases taken back or narrowed, answers, and who may say what; alerts that were seen.

use detente_core::act::{
    AlertName, AlertsSeen, Answering, Body, Done, OwnCopies, Passed, RetractReason, Retraction,
    RetractionAnswer,
};
use detente_core::party::Role;
use detente_core::{Digest, Tlp, Whose};

use super::matching::{answer, done, offer, run};
use super::release::release;
use super::stand::reply;
use super::{A, B, C, DAY, START, World, stop, text};
use crate::{MAX_ANSWERS, MAX_RETRACTIONS};

fn object(number: u8) -> Digest {
    Digest::new([number; 32])
}

fn of(release: Digest, objects: &[u8]) -> Retraction {
    Retraction {
        release,
        objects: objects.iter().map(|number| object(*number)).collect(),
        reason: RetractReason::Wrong,
        words: String::new(),
        tlp: None,
        pap: None,
        because: None,
    }
}

fn narrower(release: Digest, objects: &[u8], tlp: Tlp) -> Retraction {
    let reason = RetractReason::MarkingChanged;
    Retraction { reason, tlp: Some(tlp), ..of(release, objects) }
}

fn answered(retraction: Digest, done: Done) -> Body {
    Body::AnswerRetraction(RetractionAnswer {
        retraction,
        done,
        words: "as asked".to_owned(),
        own: OwnCopies::None,
        passed: Vec::new(),
    })
}

/// A world in which A has released three objects to B, of three parties or two.
fn released(parties: usize) -> (World, Digest) {
    let text = text(parties);
    let mut world = World::agreed(parties, &text);
    let offered = world.act(A, Role::Analyst, START + 10, Body::OfferMatch(offer(&text, 1, 10)));
    world.act(B, Role::Analyst, START + 11, answer(1, offered, 10));
    world.act(A, Role::Analyst, START + 12, done(1, Some(3), 9));
    world.act(B, Role::Analyst, START + 13, done(1, Some(3), 9));
    let body = release(&text, Some(run(1)), &["2", "2", "2"]);
    let act = world.act(A, Role::Analyst, START + 14, Body::Release(body));
    world.holds(act);
    (world, act)
}

fn gone(world: &World, number: u8) -> bool {
    let mark = world.state().mark(world.ids[A], object(number));
    mark.is_some_and(|mark| mark.gone)
}

#[test]
fn a_release_is_taken_back_in_part_then_whole_and_its_receiver_answers() {
    let (mut world, act) = released(3);
    let t = START + 100;
    let part = world.act(A, Role::Analyst, t, Body::RetractRelease(of(act, &[1])));
    world.holds(part);
    assert!(gone(&world, 1) && !gone(&world, 0));
    let state = world.state();
    assert_eq!(state.retractions[0].receivers, [world.ids[B]], "C got nothing");
    assert_eq!(state.retractions[0].unanswered().collect::<Vec<_>>(), [world.ids[B]]);
    let stranger = world.act(C, Role::Analyst, t + 1, answered(part, Done::OutOfUse));
    world.void(stranger, "receives nothing");
    let own = world.act(A, Role::Analyst, t + 1, answered(part, Done::OutOfUse));
    world.void(own, "receives nothing");
    let said = world.act(B, Role::Analyst, t + 2, answered(part, Done::OutOfUse));
    world.holds(said);
    let same = world.act(B, Role::Analyst, t + 3, answered(part, Done::OutOfUse));
    world.void(same, "answered so already");
    let more = world.act(B, Role::Minister, t + 4, answered(part, Done::Erased));
    world.holds(more);
    let state = world.state();
    let taken = &state.retractions[0];
    assert_eq!(taken.unanswered().count(), 0);
    assert_eq!(taken.answer_of(world.ids[B]).map(|answer| answer.said.done), Some(Done::Erased));
    assert_eq!(taken.seen.get(&world.ids[B]).map(|time| time.get()), Some(t + 2));

    let again = world.act(A, Role::Analyst, t + 5, Body::RetractRelease(of(act, &[1])));
    world.void(again, "taken back before");
    let whole = world.act(A, Role::DutyOfficer, t + 6, Body::RetractRelease(of(act, &[])));
    world.holds(whole);
    assert!((0..3).all(|number| gone(&world, number)));
}

#[test]
fn what_was_taken_back_by_mistake_holds_again() {
    let (mut world, act) = released(2);
    let t = START + 100;
    let taken = world.act(A, Role::Analyst, t, Body::RetractRelease(of(act, &[1])));
    let other = world.act(B, Role::Minister, t + 1, reply(Answering::Retract, taken));
    world.void(other, "another party's act");
    let lifted = world.act(A, Role::Minister, t + 2, reply(Answering::Retract, taken));
    world.holds(lifted);
    assert!(!gone(&world, 1));
    assert_eq!(world.state().retractions[0].unanswered().count(), 0, "nobody is asked any more");
    let anew = world.act(A, Role::Analyst, t + 3, Body::RetractRelease(of(act, &[1])));
    world.holds(anew);
}

#[test]
fn a_marking_narrows_and_never_widens() {
    let (mut world, act) = released(2);
    let t = START + 100;
    let retract = |world: &mut World, after, own| {
        world.act(A, Role::Analyst, t + after, Body::RetractRelease(own))
    };
    let wider = retract(&mut world, 0, narrower(act, &[1], Tlp::Clear));
    world.void(wider, "more narrowly already");
    let same = retract(&mut world, 1, narrower(act, &[1], Tlp::Green));
    world.void(same, "as narrowly");
    let amber = retract(&mut world, 2, narrower(act, &[1, 2], Tlp::Amber));
    world.holds(amber);
    let back = retract(&mut world, 3, narrower(act, &[1], Tlp::Green));
    world.void(back, "more narrowly already");
    let mark = world.state().mark(world.ids[A], object(1)).unwrap();
    assert_eq!((mark.gone, mark.tlp, mark.act), (false, Some(Tlp::Amber), amber));
    let whole = retract(&mut world, 4, of(act, &[1]));
    world.holds(whole);
    assert!(gone(&world, 1) && !gone(&world, 2));
    let late = retract(&mut world, 5, narrower(act, &[1], Tlp::Red));
    world.void(late, "taken back before");
}

#[test]
fn a_retraction_is_its_author_s_word_on_its_own_release() {
    let (mut world, act) = released(2);
    let t = START + 100;
    for (party, own, says) in [
        (B, of(act, &[]), "its own releases"),
        (A, of(act, &[9]), "not in the release"),
        (A, of(Digest::new([9; 32]), &[]), "no such release"),
    ] {
        let act = world.act(party, Role::Analyst, t, Body::RetractRelease(own));
        world.void(act, says);
    }
    for role in [Role::Head, Role::Auditor] {
        let act = world.act(A, role, t + 1, Body::RetractRelease(of(act, &[])));
        world.unconfirmed(act, "no power to retract-release");
    }
    assert!(!gone(&world, 1));
}

/// No data of the accord leaves with it: it may go when nothing else may.
#[test]
fn neither_stop_nor_end_of_the_accord_keeps_a_retraction() {
    let (mut world, act) = released(2);
    let t = START + 100;
    world.act(B, Role::DutyOfficer, t, stop());
    let stopped = world.act(A, Role::Analyst, t + 1, Body::RetractRelease(of(act, &[1])));
    world.holds(stopped);
    let said = world.act(B, Role::Analyst, t + 2, answered(stopped, Done::OutOfUse));
    world.holds(said);
    let over = START + 40_000 * DAY;
    let late = world.act(A, Role::Analyst, over, Body::RetractRelease(of(act, &[])));
    world.holds(late);
    assert!(world.state().in_force_at(super::at(over)).is_err());
}

/// An answer dated back, or by one who says that it has seen nothing, answers nothing.
#[test]
fn nobody_answers_what_it_had_not_seen() {
    let (mut world, act) = released(2);
    let t = START + 100;
    let before: Vec<u64> = world.logs.iter().map(|log| log.len() as u64).collect();
    let taken = world.act(A, Role::Analyst, t, Body::RetractRelease(of(act, &[])));
    let blind = answered(taken, Done::Erased);
    let blind = world.act_seen((B, Role::Analyst), t + 1, &before, blind);
    world.void(blind, "had not seen");
    assert_eq!(world.state().retractions[0].seen.len(), 0);
    // One dated back stands before its own release in time: it counts by the order of the log.
    let (mut world, act) = released(2);
    let early = world.act(A, Role::Analyst, START + 14, Body::RetractRelease(of(act, &[])));
    world.holds(early);
    assert!(gone(&world, 0));
}

#[test]
fn a_log_full_of_retractions_or_answers_is_bounded() {
    let (mut world, act) = released(2);
    let t = START + 100;
    let mut last = None;
    for _ in 0..MAX_RETRACTIONS {
        let taken = world.act(A, Role::Analyst, t, Body::RetractRelease(of(act, &[1])));
        world.act(A, Role::Minister, t, reply(Answering::Retract, taken));
        last = Some(taken);
    }
    world.holds(last.unwrap());
    let more = world.act(A, Role::Analyst, t, Body::RetractRelease(of(act, &[1])));
    world.void(more, "was taken back 128 times");

    let (mut world, act) = released(2);
    let taken = world.act(A, Role::Analyst, t, Body::RetractRelease(of(act, &[1])));
    for number in 0..=MAX_ANSWERS {
        let done = if number % 2 == 0 { Done::OutOfUse } else { Done::Absent };
        let said = world.act(B, Role::Analyst, t + 1, answered(taken, done));
        if number < MAX_ANSWERS {
            world.holds(said);
        } else {
            world.void(said, "has answered 64 times");
        }
    }
}

#[test]
fn an_answer_says_to_whom_it_had_gone_on() {
    let (mut world, act) = released(2);
    let t = START + 100;
    let taken = world.act(A, Role::Analyst, t, Body::RetractRelease(of(act, &[1])));
    let on = |retraction| Passed { to: Whose::Third, retraction, answered: None };
    for retraction in [None, Some(object(7))] {
        let body = Body::AnswerRetraction(RetractionAnswer {
            retraction: taken,
            done: Done::OutOfUse,
            words: String::new(),
            own: OwnCopies::HeldOut,
            passed: vec![on(retraction)],
        });
        let said = world.act(B, Role::Analyst, t + 1, body);
        world.holds(said);
    }
    let state = world.state();
    let answer = state.retractions[0].answer_of(world.ids[B]).unwrap();
    assert_eq!(answer.said.passed, [on(Some(object(7)))]);
}

#[test]
fn alerts_are_acknowledged_by_the_auditor_alone_and_once() {
    let (mut world, act) = released(2);
    let t = START + 100;
    let alert = AlertName { act, change: object(3) };
    let seen = |act| {
        let alerts = vec![AlertName { act, change: object(3) }];
        Body::AcknowledgeAlert(AlertsSeen { alerts, note: String::new() })
    };
    for role in [Role::Minister, Role::Head, Role::DutyOfficer, Role::Analyst] {
        let act = world.act(A, role, t, seen(act));
        world.unconfirmed(act, "no power to acknowledge-alert");
    }
    let unknown = world.act(A, Role::Auditor, t + 1, seen(object(9)));
    world.void(unknown, "not on record");
    let first = world.act(A, Role::Auditor, t + 2, seen(act));
    world.holds(first);
    let again = world.act(A, Role::Auditor, t + 3, seen(act));
    world.void(again, "acknowledged already");
    let state = world.state();
    assert_eq!(state.alert_seen(world.ids[A], alert).map(|seen| seen.act), Some(first));
    assert_eq!(state.alert_seen(world.ids[B], alert), None, "B's auditor has not");
}
