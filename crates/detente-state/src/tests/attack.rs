//! What a party or an insider may try against the fold of positions: each was found by a review.

use detente_core::act::{Answering, Body, Matter, Reply, Stance, Step, Unilateral, Way};
use detente_core::party::Role;
use detente_core::{Level, UnixSeconds};

use super::stand::{reply, step};
use super::{
    A, B, C, DAY, START, World, at, denounce, digest_of, propose, refuse, stop, swap, text,
};
use crate::{Effect, Reception};

fn sign(text: &str) -> Body {
    Body::Sign { text: digest_of(text) }
}

fn runs(world: &World, clause: &str, time: u64) -> bool {
    let way = Way { from: world.ids[A], to: world.ids[B] };
    world.state().standing(clause, way, at(time)).standing.runs()
}

#[test]
fn a_refusal_or_retraction_dated_back_unbinds_nobody_whose_signature_was_relied_on() {
    let text = text(2);
    for retracts in [false, true] {
        let mut world = World::new(2);
        world.act(A, Role::Head, START + 1, propose(&text));
        let signed = world.act(B, Role::Minister, START + 2, sign(&text));
        let before: Vec<u64> = world.logs.iter().map(|log| log.len() as u64).collect();
        world.act(A, Role::Minister, START + 5, sign(&text));
        let back =
            if retracts { reply(Answering::Retract, signed) } else { refuse(digest_of(&text)) };
        world.act_seen((B, Role::Minister), START + 3, &before, back);
        assert!(world.state().in_force_at(at(START + 9)).is_ok());
        assert!(runs(&world, "1", START + 9), "B is bound all the same");
    }
}

#[test]
fn a_reservation_comes_before_the_signature_in_the_log_whatever_its_date() {
    let text = format!("{}\n[reservations]\npermitted = [\"2\"]\nsilence = \"P30D\"\n", text(2));
    let own = Unilateral {
        text: digest_of(&text),
        clauses: vec!["2".to_owned()],
        statement: "not for us".to_owned(),
    };
    let mut world = World::new(2);
    world.act(A, Role::Head, START + 1, propose(&text));
    world.act(B, Role::Minister, START + 2, sign(&text));
    let late = world.act(B, Role::Minister, START + 2, Body::Reserve(own.clone()));
    world.void(late, "bound already");

    // One that is dated back together with the signature finds nobody silent: A had not seen it.
    let mut world = World::new(2);
    world.act(A, Role::Head, START + 1, propose(&text));
    let before: Vec<u64> = world.logs.iter().map(|log| log.len() as u64).collect();
    world.act(A, Role::Minister, START + 90 * DAY, sign(&text));
    world.act_seen((B, Role::Minister), START + 2, &before, Body::Reserve(own));
    let state = world.state();
    let now = at(START + 91 * DAY);
    let reception = state.reception(&state.reservations[0], world.ids[A], now);
    assert_eq!(reception, Reception::Open(UnixSeconds::MAX));
}

#[test]
fn a_notice_is_its_party_s_own_and_a_nearer_one_takes_none_away() {
    let text = text(2);
    let mut world = World::agreed(2, &text);
    let t = START + DAY;
    let far = denounce(digest_of(&text), t + 120 * DAY);
    world.act(A, Role::Minister, t, far);
    let near = world.act(B, Role::Minister, t + 1, denounce(digest_of(&text), t + 91 * DAY));
    let state = world.state();
    assert_eq!(state.notice.as_ref().map(|notice| notice.party), Some(world.ids[B]));
    world.act(B, Role::Minister, t + 2, reply(Answering::RevokeNotice, near));
    let state = world.state();
    assert_eq!(state.notice.as_ref().map(|notice| notice.party), Some(world.ids[A]));
    assert!(state.in_force_at(at(t + 120 * DAY)).is_err(), "A leaves all the same");
}

#[test]
fn two_persons_are_two_whatever_the_act_waited_for() {
    let text = swap(&text(2), "id = \"3\"\n", "id = \"3\"\ntwo_person = [\"sign\"]\n");
    let whole = Matter::Text { text: digest_of(&text) };
    let mut world = World::new(2);
    world.act(A, Role::Head, START + 1, propose(&text));
    // Ad referendum and confirmed by the same key.
    let act = step(Step::SignAdReferendum, whole);
    let signed = world.act(B, Role::Minister, START + 2, act);
    let own = world.act(B, Role::Minister, START + 3, reply(Answering::Confirm, signed));
    world.void(own, "the same key");
    // A key without authority, and one with it, are one person with authority.
    let by_head = world.act(A, Role::Head, START + 4, sign(&text));
    world.unconfirmed(by_head, "no power");
    let first = world.act(A, Role::Minister, START + 5, reply(Answering::Confirm, by_head));
    world.unconfirmed(first, "asks a second person");
    let same = world.act(A, Role::Minister, START + 6, reply(Answering::Confirm, by_head));
    world.void(same, "the same key");
    assert_eq!(world.state().in_force, None);
}

#[test]
fn a_short_stand_on_top_hides_no_reversal() {
    let text = text(2);
    let some = || super::stand::clauses(digest_of(&text), &["1"]);
    let mut world = World::new(2);
    world.act(A, Role::Head, START + 1, propose(&text));
    world.act(B, Role::Head, START + 2, step(Step::Support, some()));
    let short = Stance {
        matter: some(),
        effective: None,
        expires: Some(at(START + 4)),
        note: String::new(),
    };
    let short = Body::Stance(Step::AgreeAdReferendum, short);
    let agreed = world.act(B, Role::Head, START + 3, short);
    let late = world.act(B, Role::Minister, START + 5, reply(Answering::Confirm, agreed));
    world.void(late, "ended");
    let back = world.act(B, Role::Head, START + 6, step(Step::Decline, some()));
    let Effect::Reversal(shown) = world.effect(back) else { panic!("hidden") };
    assert_eq!((shown.before, shown.level), (Level::Supported, Level::Withdrawn));
}

#[test]
fn an_objection_does_not_grow_later() {
    let text = format!("{}\n[reservations]\npermitted = [\"2\"]\nsilence = \"P30D\"\n", text(2));
    let own = Unilateral {
        text: digest_of(&text),
        clauses: vec!["2".to_owned()],
        statement: "not for us".to_owned(),
    };
    let mut world = World::new(2);
    world.act(A, Role::Head, START + 1, propose(&text));
    let reserved = world.act(B, Role::Minister, START + 2, Body::Reserve(own));
    let mild = world.act(A, Role::Minister, START + 3, reply(Answering::Object, reserved));
    world.holds(mild);
    let grown = Reply { act: reserved, reason: "after all".to_owned(), precludes: true };
    let grown = world.act(A, Role::Minister, START + 9, Body::Reply(Answering::Object, grown));
    world.void(grown, "objected already");
}

#[test]
fn who_is_not_bound_neither_stops_nor_ends_what_others_have() {
    let terms = "[entry]\nby = \"ratification\"\nneeds = 2\n";
    let text = format!("{}\n{terms}", text(3));
    let mut world = World::new(3);
    world.agree(&text, START);
    let whole = || Matter::Text { text: digest_of(&text) };
    world.act(A, Role::Minister, START + 10, step(Step::Ratify, whole()));
    world.act(B, Role::Minister, START + 11, step(Step::Ratify, whole()));
    let stopped = world.act(C, Role::DutyOfficer, START + 20, stop());
    world.void(stopped, "not bound");
    let notice = denounce(digest_of(&text), START + 120 * DAY);
    let notice = world.act(C, Role::Minister, START + 21, notice);
    world.void(notice, "not bound");
}

#[test]
fn a_log_full_of_stands_is_bounded_and_its_author_can_still_step_back() {
    let text = text(2);
    let mut world = World::new(2);
    world.act(A, Role::Head, START + 1, propose(&text));
    let some = || super::stand::clauses(digest_of(&text), &["1"]);
    let later = |n: u64| {
        let (effective, note) = (Some(at(START + DAY + n)), String::new());
        Body::Stance(Step::Support, Stance { matter: some(), effective, expires: None, note })
    };
    let most = crate::MAX_STANDS as u64;
    let acts: Vec<_> = (0..=most).map(|n| world.act(B, Role::Head, START + 2, later(n))).collect();
    world.holds(acts[crate::MAX_STANDS - 1]);
    world.void(acts[crate::MAX_STANDS], "stands on clause 1");
    let back = world.act(B, Role::Head, START + 2 * DAY, step(Step::Decline, some()));
    assert!(matches!(world.effect(back), Effect::Reversal(_)));
}
