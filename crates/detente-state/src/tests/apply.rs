//! Provisional application: per clause and pair, from both adoptions on, until a notice.

use super::matching::{answer, done, offer, run};
use super::release::release;
use super::stand::{clauses, reply, step};
use super::{A, B, C, DAY, START, World, at, digest_of, propose, refuse, stop, text};
use crate::Standing;
use detente_core::act::{Answering, Body, Stance, Step, Way};
use detente_core::party::Role;
use detente_core::{Digest, PartyId};

fn adopt(text: &str, ids: &[&str]) -> Body {
    let matter = clauses(digest_of(text), ids);
    let expires = Some(at(START + 90 * DAY));
    let stance = Stance { matter, effective: None, expires, note: String::new() };
    Body::Stance(Step::AdoptProvisionally, stance)
}

impl World {
    /// A proposed the text; the parties given apply clauses of it from `START + 10` on.
    fn applying(parties: usize, text: &str, by: &[usize], ids: &[&str]) -> World {
        let mut world = World::new(parties);
        world.act(A, Role::Head, START + 1, propose(text));
        for party in by {
            let act = world.act(*party, Role::Minister, START + 10, adopt(text, ids));
            world.holds(act);
        }
        world
    }

    fn leaves(&mut self, text: &str, time: u64) -> Digest {
        let body = Body::Release(release(text, None, &["2"]));
        self.act(A, Role::Analyst, START + time, body)
    }

    fn way(&self, from: usize, to: usize) -> Way {
        Way { from: self.ids[from], to: self.ids[to] }
    }

    fn stands(&self, clause: &str, way: Way, time: u64) -> Standing {
        self.state().standing(clause, way, at(START + time)).standing
    }
}

#[test]
fn a_clause_works_between_two_that_both_apply_it() {
    let text = text(2);
    let mut world = World::applying(2, &text, &[A, B], &["1", "2"]);
    let there = world.way(A, B);
    assert_eq!(world.stands("2", there, 11), Standing::Provisional);
    assert_eq!(world.stands("3", there, 11), Standing::NotInForce);
    assert_eq!(world.stands("2", there, 9), Standing::NotInForce);
    assert_eq!(world.stands("2", there, 90 * DAY), Standing::NotInForce);
    // A run under clause 1 works, and so does what rests on it.
    let offered = world.act(A, Role::Analyst, START + 20, Body::OfferMatch(offer(&text, 1, 10)));
    world.holds(offered);
    let answered = world.act(B, Role::Analyst, START + 21, answer(1, offered, 10));
    world.holds(answered);
    world.act(A, Role::Analyst, START + 22, done(1, Some(3), 9));
    world.act(B, Role::Analyst, START + 23, done(1, Some(3), 9));
    let body = Body::Release(release(&text, Some(run(1)), &["2"]));
    let left = world.act(A, Role::Analyst, START + 24, body);
    world.holds(left);
    // Clause 7 is applied by nobody.
    let body = Body::Release(release(&text, None, &["2", "7"]));
    let other = world.act(A, Role::Analyst, START + 25, body);
    world.void(other, "no text is signed");
    // In force it is no longer provisional, and after that it does not come back.
    world.agree(&text, START + 30);
    assert_eq!(world.stands("2", there, 33), Standing::Running);
    let again = world.act(A, Role::Minister, START + 40, adopt(&text, &["2"]));
    world.void(again, "is or was in force");
    let denounced = super::denounce(digest_of(&text), START + 95 * DAY);
    world.act(A, Role::Minister, START + 41, denounced);
    assert_eq!(world.stands("2", there, 96 * DAY), Standing::NotInForce);
}

#[test]
fn one_side_alone_applies_nothing() {
    let text = text(2);
    let mut world = World::applying(2, &text, &[A], &["1", "2"]);
    let act = world.leaves(&text, 20);
    world.void(act, "no text is signed");
    let offered = world.act(A, Role::Analyst, START + 21, Body::OfferMatch(offer(&text, 1, 10)));
    world.void(offered, "no text is signed");
    // B dates its adoption back, before what A did: A had not seen it.
    let back = world.act_seen((B, Role::Minister), START + 5, &[2, 1], adopt(&text, &["1", "2"]));
    world.holds(back);
    world.void(act, "no text is signed");
    world.void(offered, "no text is signed");
    let act = world.leaves(&text, 22);
    world.holds(act);
}

/// Each pair for itself: the third party, which applies nothing, gets nothing.
#[test]
fn a_pair_applies_for_itself() {
    let text = text(3);
    let world = World::applying(3, &text, &[A, B], &["2"]);
    let stands = |from, to| world.stands("2", world.way(from, to), 20);
    assert_eq!((stands(A, B), stands(B, A)), (Standing::Provisional, Standing::Provisional));
    assert_eq!((stands(A, C), stands(C, B)), (Standing::NotInForce, Standing::NotInForce));
    let state = world.state();
    let with = |party: usize, other: Option<PartyId>| {
        state.governing((world.ids[party], other), None, at(START + 20)).is_ok()
    };
    assert!(with(A, Some(world.ids[B])) && with(A, None) && !with(C, None));
    assert!(!with(A, Some(world.ids[C])));
}

/// A notice ends it at once for whoever knows, whatever its date; what was done before stands.
#[test]
fn a_notice_takes_effect_at_once() {
    let text = text(2);
    let notice = |world: &mut World, time: u64, body: Body| {
        let act = world.act(B, Role::Minister, START + time, body);
        world.holds(act);
        act
    };
    let adopted = |world: &World| world.logs[B].last().unwrap().digest();
    let whole = World::applying(2, &text, &[A, B], &["1", "2"]);
    let retract = reply(Answering::Retract, adopted(&whole));
    for body in
        [retract, refuse(digest_of(&text)), step(Step::Decline, clauses(digest_of(&text), &["2"]))]
    {
        let mut world = whole.clone();
        let before = world.leaves(&text, 20);
        // Its author's clock runs ahead: it is known, and ends at once all the same.
        let sort = body.kind();
        let act = world.act(B, Role::Minister, START + 60, body);
        assert!(
            matches!(world.effect(act), crate::Effect::InEffect | crate::Effect::Reversal(_)),
            "{sort}"
        );
        let after = world.leaves(&text, 30);
        world.holds(before);
        world.void(after, "no text is signed");
        let way = world.way(A, B);
        let leaving = world.state().standing_to_leave(digest_of(&text), ("2", way), at(START + 30));
        assert_eq!(leaving.standing, Standing::NotInForce, "{sort}");
        assert_eq!(world.stands("2", way, 59), Standing::Provisional, "as the dates say");
        assert_eq!(world.stands("2", way, 60), Standing::NotInForce);
    }
    // A notice dated back takes nothing from what its other side did before it knew.
    let mut world = whole.clone();
    let seen: Vec<u64> = world.logs.iter().map(|log| log.len() as u64).collect();
    let before = world.leaves(&text, 20);
    world.act_seen((B, Role::Minister), START + 11, &seen, refuse(digest_of(&text)));
    world.holds(before);
    let after = world.leaves(&text, 21);
    world.void(after, "no text is signed");
    // It can be adopted anew.
    let mut world = whole;
    let withdrawn = reply(Answering::Retract, adopted(&world));
    notice(&mut world, 20, withdrawn);
    notice(&mut world, 21, adopt(&text, &["2"]));
    let act = world.leaves(&text, 22);
    world.holds(act);
}

#[test]
fn what_is_applied_can_be_stopped_and_its_text_says_who_may() {
    let text = text(2);
    let mut world = World::applying(2, &text, &[A, B], &["1", "2"]);
    let stopped = world.act(B, Role::DutyOfficer, START + 20, stop());
    world.holds(stopped);
    let way = world.way(A, B);
    assert_eq!(world.stands("2", way, 21), Standing::Stopped);
    assert_eq!(world.stands("2", way, 11 * DAY), Standing::Provisional);
    let offered = world.act(A, Role::Analyst, START + 22, Body::OfferMatch(offer(&text, 1, 10)));
    world.void(offered, "stopped");
    // The text gives the analyst of A nothing.
    let narrow = super::swap(
        &text,
        "[[definition]]",
        "[[authority]]\nparty = \"A\"\nrole = \"minister\"\nmay = [\"propose\", \"sign\"]\n\n[[definition]]",
    );
    let mut world = World::applying(2, &narrow, &[A, B], &["1", "2"]);
    let act = world.leaves(&narrow, 20);
    world.unconfirmed(act, "gives analyst of A no power");
}
