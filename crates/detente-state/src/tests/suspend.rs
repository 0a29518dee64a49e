//! Suspension as a matrix, and what else decides whether a clause runs.

use detente_core::Digest;
use detente_core::act::{Answering, Body, Matter, Stance, Step, Suspension, Unilateral, Way};
use detente_core::party::Role;

use super::stand::{reply, step};
use super::{A, B, C, DAY, START, World, at, digest_of, propose, stop, swap, text};
use crate::{Reception, Standing};

/// The text with more terms at its end.
fn with(parties: usize, terms: &str) -> String {
    format!("{}\n{terms}\n", text(parties))
}

fn way(world: &World, from: usize, to: usize) -> Way {
    Way { from: world.ids[from], to: world.ids[to] }
}

fn suspension(world: &World, text: &str, (from, to): (usize, usize), ids: &[&str]) -> Suspension {
    Suspension {
        text: digest_of(text),
        effective: None,
        expires: None,
        clauses: ids.iter().map(ToString::to_string).collect(),
        ways: vec![way(world, from, to)],
        reason: "no answers".to_owned(),
        answers: None,
    }
}

fn standing(world: &World, clause: &str, ends: (usize, usize), time: u64) -> Standing {
    world.state().standing(clause, way(world, ends.0, ends.1), at(time)).standing
}

#[test]
fn a_clause_is_suspended_in_one_direction_contested_answered_and_resumed() {
    let text = text(2);
    let mut world = World::agreed(2, &text);
    let t = START + DAY;
    let own = suspension(&world, &text, (A, B), &["2"]);
    let held = world.act(A, Role::Minister, t, Body::Suspend(own));
    world.holds(held);
    assert_eq!(standing(&world, "2", (A, B), t), Standing::Paused);
    assert_eq!(standing(&world, "2", (B, A), t), Standing::Running, "the other direction");
    assert_eq!(standing(&world, "1", (A, B), t), Standing::Running, "the other clauses");
    assert_eq!(standing(&world, "2", (A, B), t - 1), Standing::Running, "before it");
    let own_contest = world.act(A, Role::Minister, t + 1, reply(Answering::Contest, held));
    world.void(own_contest, "its own suspension");
    let contest = world.act(B, Role::Head, t + 2, reply(Answering::Contest, held));
    world.holds(contest);
    assert_eq!(standing(&world, "2", (A, B), t + 1), Standing::Paused);
    assert_eq!(standing(&world, "2", (A, B), t + 2), Standing::Contested);
    let cell = world.state().standing("2", way(&world, A, B), at(t + 2));
    assert!(cell.why.contains("contested by CERT Beta"), "{}", cell.why);
    let answer = Suspension {
        answers: Some(held),
        expires: Some(at(t + 10 * DAY)),
        ..suspension(&world, &text, (B, A), &["2"])
    };
    let counter = world.act(B, Role::Minister, t + 3, Body::Countermeasure(answer.clone()));
    world.holds(counter);
    assert_eq!(standing(&world, "2", (B, A), t + 3), Standing::Countermeasure);
    assert_eq!(standing(&world, "2", (B, A), t + 10 * DAY), Standing::Running, "its own end");
    let own_act = Suspension { answers: Some(counter), ..answer };
    let own_act = world.act(B, Role::Minister, t + 4, Body::Countermeasure(own_act));
    world.void(own_act, "an act of another party");
    let resume = |act| Body::Resume { reason: "answered".to_owned(), act: Some(act) };
    let by_other = world.act(B, Role::Minister, t + 5, resume(held));
    world.void(by_other, "only the party that suspended");
    let resumed = world.act(A, Role::Minister, t + 6, resume(held));
    world.holds(resumed);
    assert_eq!(standing(&world, "2", (A, B), t + 5), Standing::Contested, "the past stays");
    assert_eq!(standing(&world, "2", (A, B), t + 6), Standing::Running);
    let twice = world.act(A, Role::Minister, t + 7, resume(held));
    world.void(twice, "ended already");
}

#[test]
fn a_suspension_keeps_to_the_text_and_to_its_author() {
    let text = with(3, "[suspension]\nnever = [\"4\"]\nnotice = \"P7D\"");
    let mut world = World::agreed(3, &text);
    let t = START + DAY;
    let later = |own: Suspension| Suspension { effective: Some(at(t + 8 * DAY)), ..own };
    let base = later(suspension(&world, &text, (A, B), &["2"]));
    for (own, says) in [
        (Suspension { text: Digest::new([1; 32]), ..base.clone() }, "another text is in force"),
        (later(suspension(&world, &text, (A, B), &["9"])), "no clause 9"),
        (later(suspension(&world, &text, (A, B), &["4"])), "nobody suspend clause 4"),
        (suspension(&world, &text, (A, B), &["2"]), "a notice of 7 days"),
        (later(suspension(&world, &text, (B, C), &["2"])), "not what others do"),
    ] {
        let act = world.act(A, Role::Minister, t, Body::Suspend(own));
        world.void(act, says);
    }
    let by_duty = world.act(A, Role::DutyOfficer, t, Body::Suspend(base.clone()));
    world.unconfirmed(by_duty, "no power to suspend");
    let held = world.act(A, Role::Minister, t, Body::Suspend(base));
    world.holds(held);
    assert_eq!(standing(&world, "2", (A, B), t + 8 * DAY - 1), Standing::Running);
    assert_eq!(standing(&world, "2", (A, B), t + 8 * DAY), Standing::Paused);
    assert_eq!(standing(&world, "2", (A, C), t + 8 * DAY), Standing::Running, "the pair alone");
    world.act(B, Role::DutyOfficer, t + 9 * DAY, stop());
    assert_eq!(standing(&world, "1", (A, B), t + 9 * DAY), Standing::Stopped);
    assert_eq!(standing(&world, "4", (A, B), t + 9 * DAY), Standing::Running, "insulated");
}

#[test]
fn a_second_person_is_asked_for_where_a_clause_says_so() {
    let text = swap(&text(2), "id = \"3\"\n", "id = \"3\"\ntwo_person = [\"suspend\"]\n");
    let mut world = World::agreed(2, &text);
    let own = Body::Suspend(suspension(&world, &text, (A, B), &["3"]));
    let held = world.act(A, Role::Minister, START + DAY, own);
    world.unconfirmed(held, "asks a second person");
    assert_eq!(standing(&world, "3", (A, B), START + DAY), Standing::Running);
    let same = world.act(A, Role::Minister, START + DAY + 1, reply(Answering::Confirm, held));
    world.void(same, "the same key");
    // The head has no power to suspend, and so none to be the second person.
    let head = world.act(A, Role::Head, START + DAY + 2, reply(Answering::Confirm, held));
    world.unconfirmed(head, "no power to confirm");
    let one = Body::Suspend(suspension(&world, &text, (A, B), &["2"]));
    let one = world.act(A, Role::Minister, START + DAY + 3, one);
    world.holds(one);
}

#[test]
fn a_text_that_asks_for_ratification_waits_for_it_and_for_its_delay() {
    let text = with(3, "[entry]\nby = \"ratification\"\nneeds = 2\nafter = \"P30D\"");
    let whole = || Matter::Text { text: digest_of(&text) };
    let mut world = World::new(3);
    world.agree(&text, START);
    assert_eq!(world.state().in_force, None, "signed by all, ratified by none");
    let t = START + DAY;
    let early = world.act(A, Role::Minister, t, step(Step::Accede, whole()));
    world.void(early, "it can ratify");
    let first = world.act(A, Role::Minister, t, step(Step::Ratify, whole()));
    world.holds(first);
    let twice = world.act(A, Role::Minister, t + 1, step(Step::Ratify, whole()));
    world.void(twice, "bound already");
    assert_eq!(world.state().in_force, None);
    world.act(B, Role::Minister, t + 2, step(Step::Ratify, whole()));
    let force = world.state().in_force.unwrap();
    assert_eq!(force.since, at(t + 2 + 30 * DAY));
    assert_eq!(standing(&world, "1", (A, B), t + 29 * DAY), Standing::NotInForce);
    assert_eq!(standing(&world, "1", (A, B), t + 31 * DAY), Standing::Running);
    assert_eq!(standing(&world, "1", (A, C), t + 31 * DAY), Standing::NotInForce, "C is not bound");
    world.act(C, Role::Minister, t + 40 * DAY, step(Step::Ratify, whole()));
    assert_eq!(standing(&world, "1", (A, C), t + 40 * DAY), Standing::Running);
    assert_eq!(world.state().in_force.unwrap(), force, "two were enough");
}

#[test]
fn clauses_can_be_applied_before_the_text_is_in_force() {
    let text = text(2);
    let mut world = World::new(2);
    world.act(A, Role::Head, START + 1, propose(&text));
    let adopt = |ids: &[&str]| {
        let matter = super::stand::clauses(digest_of(&text), ids);
        let expires = Some(at(START + DAY));
        let note = String::new();
        Body::Stance(Step::AdoptProvisionally, Stance { matter, effective: None, expires, note })
    };
    world.act(A, Role::Minister, START + 2, adopt(&["1", "2"]));
    assert_eq!(standing(&world, "1", (A, B), START + 9), Standing::NotInForce);
    let both = world.act(B, Role::Minister, START + 3, adopt(&["1"]));
    assert_eq!(standing(&world, "1", (A, B), START + 9), Standing::Provisional);
    assert_eq!(standing(&world, "2", (A, B), START + 9), Standing::NotInForce);
    assert_eq!(standing(&world, "1", (A, B), START + DAY), Standing::NotInForce, "it has an end");
    let ended = world.act(B, Role::Minister, START + 20, reply(Answering::Retract, both));
    world.holds(ended);
    assert_eq!(standing(&world, "1", (A, B), START + 19), Standing::Provisional);
    assert_eq!(standing(&world, "1", (A, B), START + 20), Standing::NotInForce);
}

#[test]
fn a_reservation_is_accepted_by_silence_or_word_and_can_be_objected_to() {
    let text = with(3, "[reservations]\npermitted = [\"2\"]\nsilence = \"P30D\"");
    let mut world = World::new(3);
    world.act(A, Role::Head, START + 1, propose(&text));
    let own = |ids: &[&str]| Unilateral {
        text: digest_of(&text),
        clauses: ids.iter().map(ToString::to_string).collect(),
        statement: "not for our courts".to_owned(),
    };
    let wrong = world.act(A, Role::Minister, START + 2, Body::Reserve(own(&["1"])));
    world.void(wrong, "no reservation to clause 1");
    let reserved = world.act(A, Role::Minister, START + 3, Body::Reserve(own(&["2"])));
    world.holds(reserved);
    let declared = world.act(B, Role::Head, START + 4, Body::Declare(own(&["1"])));
    world.holds(declared);
    world.agree(&text, START + 10);
    let late = world.act(A, Role::Minister, START + DAY, Body::Reserve(own(&["2"])));
    world.void(late, "bound already");
    let t = START + DAY;
    assert_eq!(standing(&world, "2", (A, B), t), Standing::NotInForce, "reserved");
    assert_eq!(standing(&world, "2", (B, C), t), Standing::Running, "the others among themselves");
    assert_eq!(standing(&world, "1", (A, B), t), Standing::Running, "a declaration has no effect");
    let accept = world.act(C, Role::Minister, t + 1, reply(Answering::Accept, reserved));
    world.holds(accept);
    let object = detente_core::act::Reply {
        act: reserved,
        reason: "it guts the accord".to_owned(),
        precludes: true,
    };
    let object = world.act(B, Role::Minister, t + 2, Body::Reply(Answering::Object, object));
    world.holds(object);
    let state = world.state();
    let reservation = &state.reservations[0];
    let reception = |party: usize, time| state.reception(reservation, world.ids[party], at(time));
    assert_eq!(reception(B, t), Reception::Open(at(START + 4 + 30 * DAY)));
    assert_eq!(reception(B, t + 2), Reception::Precluded);
    assert_eq!(reception(C, t + 1), Reception::Accepted);
    assert_eq!(standing(&world, "1", (A, B), t + 2), Standing::NotInForce, "precluded");
    assert_eq!(standing(&world, "1", (A, C), t + 2), Standing::Running);
    let silent = world.act(C, Role::Minister, t + 60 * DAY, reply(Answering::Object, reserved));
    world.void(silent, "accepted already");
    let withdrawn = world.act(A, Role::Minister, t + 61 * DAY, reply(Answering::Retract, reserved));
    world.holds(withdrawn);
    assert_eq!(standing(&world, "2", (A, B), t + 61 * DAY), Standing::Running);
}

#[test]
fn an_accord_whose_meetings_pass_by_falls_dormant_by_computation() {
    use detente_core::Level;
    use detente_core::act::{Readout, ReadoutLine, Topic};
    let text = with(2, "[meetings]\nevery = \"P90D\"\ndormant_after = 2");
    let mut world = World::agreed(2, &text);
    let dormant = |world: &World, days: u64| world.state().dormant_since(at(START + days * DAY));
    assert_eq!(dormant(&world, 180), None);
    assert!(dormant(&world, 181).is_some());
    let line = |level, words: &str| ReadoutLine {
        topic: Topic::Clause("2".to_owned()),
        level,
        words: words.to_owned(),
    };
    let readout = |lines| {
        let meeting = "second round".to_owned();
        Body::Readout(Readout { meeting, held: at(START + 100 * DAY), lines })
    };
    let t = START + 101 * DAY;
    world.act(A, Role::Head, t, readout(vec![line(Level::Agreed, "agreed")]));
    assert!(dormant(&world, 181).is_some(), "one side alone has not met");
    let other = world.act(B, Role::Head, t, readout(vec![line(Level::Floated, "discussed")]));
    world.holds(other);
    assert_eq!(dormant(&world, 181), None);
    assert!(dormant(&world, 280).is_some());
    let compared = world.state().compare_readouts("second round");
    assert_eq!(compared.len(), 1);
    assert_eq!(compared[0].agreement, crate::Agreement::Contradicted);
    assert_eq!(compared[0].says.len(), 2);
    let again = world.act(B, Role::Head, t + 1, readout(vec![line(Level::Agreed, "agreed")]));
    world.void(again, "has filed its account");
}
