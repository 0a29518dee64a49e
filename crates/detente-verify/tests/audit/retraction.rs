//! Retractions in a record: replayed like every decision, and open until they are answered.

use detente_core::act::{
    Body, Done, OwnCopies, Passed, RetractReason, Retraction, RetractionAnswer,
};
use detente_core::{Digest, Tlp, Whose};
use detente_gate::{Release, ReleaseFault};
use detente_verify::{Severity, audit, files};

use crate::sound::{assert_sound, codes};
use crate::world::{A, B, World, object};

/// A has released two objects to B and taken the first back.
fn taken_back() -> (World, detente_core::RunId, Digest) {
    let mut world = World::new();
    world.agree();
    let run = world.run(1);
    let objects = vec![object("a.example", Tlp::Amber), object("b.example", Tlp::Clear)];
    let release = world.release(run, objects);
    let address = detente_core::object::Object::address(&object("a.example", Tlp::Amber).encode());
    let taken = world.act(
        A,
        Body::RetractRelease(Retraction {
            release,
            objects: vec![address],
            reason: RetractReason::Wrong,
            words: String::new(),
            tlp: None,
            pap: None,
            because: None,
        }),
    );
    (world, run, taken)
}

fn answer(retraction: Digest, passed: Vec<Passed>) -> Body {
    Body::AnswerRetraction(RetractionAnswer {
        retraction,
        done: Done::OutOfUse,
        words: String::new(),
        own: OwnCopies::None,
        passed,
    })
}

#[test]
fn a_retraction_is_open_until_it_is_answered_along_the_chain() {
    let (mut world, _, taken) = taken_back();
    let report = audit(&files(&world.record()).unwrap());
    assert_sound(&report);
    assert_eq!(codes(&report, Severity::Note), ["retraction_unanswered"]);
    assert_eq!(report.facts.retractions, 1);
    let on = Passed { to: Whose::Third, retraction: None, answered: None };
    world.act(B, answer(taken, vec![on]));
    let report = audit(&files(&world.record()).unwrap());
    assert_eq!(codes(&report, Severity::Note), ["retraction_chain_open"]);
    world.act(B, answer(taken, Vec::new()));
    let report = audit(&files(&world.record()).unwrap());
    assert_eq!(report.findings, []);
}

/// Who takes back and releases the same again breaks its own word: its node's gate, the receiver's
/// and the audit say the same.
#[test]
fn what_was_taken_back_does_not_leave_again() {
    let (mut world, run, _) = taken_back();
    let same = object("a.example", Tlp::Amber);
    let way = (world.id(A), world.id(B));
    let (state, now) = (world.state(), world.now());
    let decided = Release::decide(&state, way, Some(run), vec![same.clone()], now);
    assert_eq!(decided.unwrap_err(), ReleaseFault::Nothing);
    let by_hand = world.self_made(Some(run), &[same]);
    assert!(Release::replay(&state, way, &by_hand, now).is_err());
    world.act(A, Body::Release(by_hand));
    let report = audit(&files(&world.record()).unwrap());
    assert_eq!(codes(&report, Severity::Breach), ["taken_back"]);
    // In another form it is another object.
    let (mut world, run, _) = taken_back();
    world.release(run, vec![object("a.example", Tlp::Green)]);
    assert_sound(&audit(&files(&world.record()).unwrap()));
}
