//! Runs: terms, caps, budgets, outcome.

use super::{A, B, C, DAY, START, World, at, digest_of, stop, swap, text};
use crate::{Entry, MatchRefusal};
use detente_core::act::{Answer, Blame, Body, Close, Learn, Mode, Offer, Outcome};
use detente_core::party::Role;
use detente_core::{Digest, RunId};

pub(super) fn run(number: u8) -> RunId {
    RunId::new([number; 32])
}

pub(super) fn offer(text: &str, number: u8, size: u32) -> Offer {
    Offer {
        run: run(number),
        text: digest_of(text),
        clause: "1".to_owned(),
        mode: Mode::Which,
        learn: Learn::Both,
        normal_form: 1,
        engine: "vole-mlkem768/1".to_owned(),
        size,
        commitment: Digest::new([number; 32]),
    }
}

pub(super) fn answer(number: u8, offer: Digest, size: u32) -> Body {
    Body::AnswerMatch(Answer {
        run: run(number),
        offer,
        size,
        commitment: Digest::new([number; 32]),
    })
}

pub(super) fn done(number: u8, count: Option<u64>, transcript: u8) -> Body {
    Body::CloseMatch(Close {
        run: run(number),
        outcome: Outcome::Done { count, transcript: Digest::new([transcript; 32]) },
    })
}

pub(super) fn abort(number: u8) -> Body {
    Body::CloseMatch(Close {
        run: run(number),
        outcome: Outcome::Aborted { blame: Blame::Line, reason: "cut".to_owned() },
    })
}

/// The text with contexts in its runs.
pub(super) fn with_contexts(text: &str) -> String {
    let text = swap(text, "mode = \"which\"", "mode = \"payload\", payload_bytes = 512");
    let text = swap(&text, "tells {mode}:", "tells {mode} ({payload_bytes}):");
    swap(&text, "sagt, {mode}:", "sagt, {mode} ({payload_bytes}):")
}

impl World {
    fn analyst(&mut self, party: usize, time: u64, body: Body) -> Digest {
        self.act(party, Role::Analyst, START + time, body)
    }

    /// Offered by A, taken up by B, closed alike by both.
    pub(super) fn matched(&mut self, offer: Offer, time: u64) {
        let number = offer.run.as_bytes()[0];
        let offered = self.analyst(A, time, Body::OfferMatch(offer));
        self.analyst(B, time + 1, answer(number, offered, 10));
        self.analyst(A, time + 2, done(number, Some(3), 9));
        self.analyst(B, time + 3, done(number, Some(3), 9));
    }
}

#[test]
fn a_run_is_agreed_when_both_close_it_alike() {
    let text = text(2);
    let mut world = World::agreed(2, &text);
    world.matched(offer(&text, 1, 10), 10);
    let state = world.state();
    let closed = &state.runs[&run(1)];
    assert_eq!(closed.agreed(), Some((Some(3), Digest::new([9; 32]))));
    assert!(closed.has(world.ids[A]) && closed.has(world.ids[B]));
    assert!(state.history.iter().all(|event| event.effect == super::Effect::InEffect));
}

#[test]
fn closes_that_differ_are_no_agreement() {
    let text = text(2);
    for (number, (own, other)) in [
        (done(1, Some(3), 9), done(1, Some(3), 8)),
        (done(1, Some(3), 9), done(1, Some(4), 9)),
        (done(1, Some(3), 9), abort(1)),
        (abort(1), abort(1)),
    ]
    .into_iter()
    .enumerate()
    {
        let mut world = World::agreed(2, &text);
        let offered = world.analyst(A, 10, Body::OfferMatch(offer(&text, 1, 10)));
        world.analyst(B, 11, answer(1, offered, 10));
        world.analyst(A, 12, own);
        assert_eq!(world.state().runs[&run(1)].agreed(), None, "one side only");
        let act = world.analyst(B, 13, other);
        world.holds(act);
        assert_eq!(world.state().runs[&run(1)].agreed(), None, "case {number}");
    }
    let mut world = World::agreed(2, &text);
    let offered = world.analyst(A, 10, Body::OfferMatch(offer(&text, 1, 10)));
    world.analyst(B, 11, answer(1, offered, 10));
    world.analyst(A, 12, done(1, Some(3), 9));
    world.analyst(B, 13, done(1, None, 9));
    let (count, _) = world.state().runs[&run(1)].agreed().unwrap();
    assert_eq!(count, Some(3), "a side that learnt nothing states no count");
}

#[test]
fn an_offer_keeps_to_text_clause_and_terms() {
    let text = text(2);
    let mut world = World::agreed(2, &text);
    let sound = offer(&text, 1, 10);
    for (change, says) in [
        (Offer { text: Digest::new([1; 32]), ..sound.clone() }, "the run names text 01010101"),
        (Offer { clause: "2".to_owned(), ..sound.clone() }, "clause 2 is no matching clause"),
        (Offer { clause: "9".to_owned(), ..sound.clone() }, "clause 9 is no matching clause"),
        (
            Offer { learn: Learn::Initiator, ..sound.clone() },
            "the run's answer is not what clause 1 says",
        ),
        (
            Offer { engine: "ecdh-ristretto255/1".to_owned(), ..sound.clone() },
            "the run's engine is not what clause 1 says",
        ),
        (
            Offer { engine: "vole-mlkem768".to_owned(), ..sound.clone() },
            "the run's engine is not what clause 1 says",
        ),
        (Offer { size: 1001, ..sound.clone() }, "1001 items, clause 1 allows 1000 in one run"),
    ] {
        let act = world.analyst(A, 10, Body::OfferMatch(change));
        world.void(act, says);
    }
    assert!(world.state().runs.is_empty());
    let act = world.analyst(A, 11, Body::OfferMatch(sound.clone()));
    world.holds(act);
    let act = world.analyst(B, 12, Body::OfferMatch(sound));
    world.void(act, "it is used already");
    let act = world.act(A, Role::Minister, START + 13, Body::OfferMatch(offer(&text, 2, 1)));
    world.unconfirmed(act, "no power to offer-match");
}

#[test]
fn less_may_be_asked_than_the_clause_allows_and_never_more() {
    let which = text(2);
    let count = swap(&which, "mode = \"which\"", "mode = \"count\"");
    // One engine alone can tell only how many.
    let engine = || "ecdh-ristretto255/1".to_owned();
    let narrow = |text: &str| Offer { mode: Mode::Count, engine: engine(), ..offer(text, 1, 10) };
    let mut world = World::agreed(2, &which);
    let act = world.analyst(A, 10, Body::OfferMatch(narrow(&which)));
    world.holds(act);
    let mut world = World::agreed(2, &count);
    let act = world.analyst(A, 10, Body::OfferMatch(offer(&count, 1, 10)));
    world.void(act, "the run's mode is not what clause 1 says");
    let act = world.analyst(A, 11, Body::OfferMatch(narrow(&count)));
    world.holds(act);
    // Contexts are more than the answer alone.
    let payload = |text: &str| Offer { mode: Mode::Payload, ..offer(text, 2, 10) };
    let mut world = World::agreed(2, &which);
    let act = world.analyst(A, 10, Body::OfferMatch(payload(&which)));
    world.void(act, "the run's mode is not what clause 1 says");
    let text = with_contexts(&which);
    let mut world = World::agreed(2, &text);
    for (number, offer) in [narrow(&text), payload(&text), offer(&text, 3, 10)].iter().enumerate() {
        let act = world.analyst(A, 10 + number as u64, Body::OfferMatch(offer.clone()));
        world.holds(act);
    }
}

#[test]
fn a_run_needs_an_accord_in_force_and_no_stop() {
    let text = text(2);
    let mut world = World::new(2);
    let act = world.analyst(A, 1, Body::OfferMatch(offer(&text, 1, 10)));
    world.void(act, "no text is signed by all parties");
    let mut world = World::agreed(2, &text);
    let offered = world.analyst(A, 10, Body::OfferMatch(offer(&text, 1, 10)));
    world.act(B, Role::DutyOfficer, START + 11, stop());
    let act = world.analyst(A, 12, Body::OfferMatch(offer(&text, 2, 10)));
    world.void(act, "stopped by CERT Beta");
    let act = world.analyst(B, 13, answer(1, offered, 10));
    world.void(act, "stopped by CERT Beta");
    let act = world.analyst(A, 14, abort(1));
    world.holds(act);
}

#[test]
fn a_third_party_is_no_side_of_a_clause_between_two() {
    let text = text(3);
    let mut world = World::agreed(3, &text);
    let act = world.analyst(C, 10, Body::OfferMatch(offer(&text, 1, 10)));
    world.void(act, "clause 1 does not name CERT Gamma as a side");
    let offered = world.analyst(A, 11, Body::OfferMatch(offer(&text, 1, 10)));
    let act = world.analyst(C, 12, abort(1));
    world.void(act, "no part in the run");
    let act = world.analyst(C, 13, answer(1, offered, 10));
    world.void(act, "does not name CERT Gamma");
    let act = world.analyst(B, 14, answer(1, offered, 10));
    world.holds(act);
    let act = world.analyst(C, 15, done(1, Some(3), 9));
    world.void(act, "no part in the run");
}

#[test]
fn an_answer_takes_up_one_open_offer_of_the_other_side() {
    let text = text(2);
    let mut world = World::agreed(2, &text);
    let offered = world.analyst(A, 10, Body::OfferMatch(offer(&text, 1, 10)));
    let act = world.analyst(A, 11, answer(1, offered, 10));
    world.void(act, "not open to this party");
    let act = world.analyst(B, 12, answer(2, offered, 10));
    world.void(act, "no such run");
    let act = world.analyst(B, 13, answer(1, Digest::new([1; 32]), 10));
    world.void(act, "another offer");
    let act = world.analyst(B, 14, answer(1, offered, 1001));
    world.void(act, "1001 items");
    let act = world.analyst(B, 15, answer(1, offered, 10));
    world.holds(act);
    let act = world.analyst(B, 16, answer(1, offered, 10));
    world.void(act, "not open to this party");
    let second = world.analyst(A, 17, Body::OfferMatch(offer(&text, 2, 10)));
    world.analyst(A, 18, abort(2));
    let act = world.analyst(B, 19, answer(2, second, 10));
    world.void(act, "not open to this party");
}

/// What was offered under one text can't be answered under the terms of another.
#[test]
fn an_offer_lapses_with_its_text() {
    let which = text(2);
    let count = swap(&which, "mode = \"which\"", "mode = \"count\"");
    let mut world = World::agreed(2, &which);
    let offered = world.analyst(A, 10, Body::OfferMatch(offer(&which, 1, 10)));
    world.agree(&count, START + 20);
    let act = world.analyst(B, 30, answer(1, offered, 10));
    world.void(act, "names text");
}

#[test]
fn closing_has_its_rules() {
    let text = text(2);
    let mut world = World::agreed(2, &text);
    let act = world.analyst(A, 10, done(1, Some(1), 1));
    world.void(act, "no such run");
    let offered = world.analyst(A, 11, Body::OfferMatch(offer(&text, 1, 10)));
    let act = world.analyst(A, 12, done(1, Some(1), 1));
    world.void(act, "nobody took up");
    let act = world.analyst(B, 13, done(1, Some(1), 1));
    world.void(act, "no part in the run");
    world.analyst(B, 14, answer(1, offered, 10));
    let act = world.analyst(B, 15, abort(1));
    world.holds(act);
    let act = world.analyst(B, 16, done(1, Some(1), 1));
    world.void(act, "closed this run already");
    assert_eq!(world.event(act).summary, "closes run 01010101: 1 in common, transcript 01010101");
    let second = world.analyst(A, 17, Body::OfferMatch(offer(&text, 2, 10)));
    let act = world.analyst(B, 18, abort(2));
    world.holds(act);
    assert!(world.state().runs[&run(2)].answer.is_none(), "declined");
    let act = world.analyst(B, 19, answer(2, second, 10));
    world.void(act, "not open");
}

#[test]
fn the_budget_of_runs_counts_aborted_runs_and_its_window_rolls() {
    let text = text(2);
    let mut world = World::agreed(2, &text);
    for number in 1..=4 {
        let act =
            world.analyst(A, 10 * u64::from(number), Body::OfferMatch(offer(&text, number, 1)));
        world.holds(act);
        world.analyst(A, 10 * u64::from(number) + 1, abort(number));
    }
    let act = world.analyst(A, 50, Body::OfferMatch(offer(&text, 5, 1)));
    world.void(act, "clause 1 allows 4 runs in 30 days, and 4 were offered");
    let own = world.analyst(B, 51, Body::OfferMatch(offer(&text, 6, 1)));
    world.holds(own);
    let act = world.analyst(A, 52, answer(6, own, 1));
    world.holds(act);
    // The first offer was made at 10 and counts for thirty days.
    let act = world.analyst(A, 30 * DAY + 9, Body::OfferMatch(offer(&text, 7, 1)));
    world.void(act, "4 were offered");
    let act = world.analyst(A, 30 * DAY + 10, Body::OfferMatch(offer(&text, 8, 1)));
    world.holds(act);
    let act = world.analyst(A, 30 * DAY + 11, Body::OfferMatch(offer(&text, 9, 1)));
    world.void(act, "4 were offered");
}

#[test]
fn the_budget_of_items_counts_offers_and_answers() {
    let text = text(2);
    let mut world = World::agreed(2, &text);
    for number in 1..=3 {
        world.analyst(A, u64::from(number) + 10, Body::OfferMatch(offer(&text, number, 1000)));
    }
    let own = world.analyst(B, 20, Body::OfferMatch(offer(&text, 4, 10)));
    let act = world.analyst(A, 21, answer(4, own, 600));
    world.holds(act);
    let act = world.analyst(A, 22, Body::OfferMatch(offer(&text, 5, 401)));
    world.void(act, "4000 items in 30 days: 3600 were entered, 401 more do not fit");
    let state = world.state();
    let rule = super::super::matching::match_rule(state.in_force_at(at(START + 23)).unwrap(), "1");
    let used = state.used(world.ids[A], "1", rule.unwrap(), at(START + 23));
    assert_eq!(used, (3, 3600));
    let act = world.analyst(A, 24, Body::OfferMatch(offer(&text, 6, 400)));
    world.holds(act);
    let state = world.state();
    let entry = Entry { party: world.ids[A], clause: "1", size: 1, offers: false };
    let refusal = state.may_match(&entry, at(START + 25)).unwrap_err();
    assert!(matches!(refusal, MatchRefusal::ItemsUsedUp { used: 4000, size: 1, max: 4000, .. }));
    assert_eq!(refusal.code(), "match_items_used_up");
    let later = |time| at(START + 30 * DAY + time);
    assert!(state.may_match(&entry, later(21)).is_ok(), "the window has passed");
    let accord = state.in_force_at(at(START + 23)).unwrap();
    let rule = super::super::matching::match_rule(accord, "1").unwrap();
    let used = |time| state.used(world.ids[A], "1", rule, later(time));
    assert_eq!(used(20), (1, 600 + 400), "the answer was given at 21");
    assert_eq!(used(21), (1, 400));
}

/// A list counts as what its party could have tried with it.
#[test]
fn a_short_list_of_a_vole_run_uses_the_least_that_a_cheat_can_try() {
    let text = text(2);
    let mut world = World::agreed(2, &text);
    for number in 1..=3 {
        world.analyst(A, u64::from(number) + 10, Body::OfferMatch(offer(&text, number, 1000)));
    }
    let own = world.analyst(B, 14, Body::OfferMatch(offer(&text, 4, 10)));
    let act = world.analyst(A, 15, answer(4, own, 855));
    world.holds(act);
    let act = world.analyst(A, 16, Body::OfferMatch(offer(&text, 5, 10)));
    world.void(act, "4000 items in 30 days: 3855 were entered, 146 more do not fit");
    // Neither an answer nor the fallback has places left over.
    let swapped = swap(&text, "mode = \"which\"", "mode = \"count\"");
    let mut world = World::agreed(2, &swapped);
    let count = |number, size| {
        let engine = "ecdh-ristretto255/1".to_owned();
        Offer { mode: Mode::Count, engine, ..offer(&swapped, number, size) }
    };
    for number in 1..=3 {
        world.analyst(A, u64::from(number) + 10, Body::OfferMatch(count(number, 1000)));
    }
    let own = world.analyst(B, 14, Body::OfferMatch(count(4, 10)));
    world.analyst(A, 15, answer(4, own, 855));
    let act = world.analyst(A, 16, Body::OfferMatch(count(5, 145)));
    world.holds(act);
}

/// Bins follow the longer list, and each has places left over.
#[test]
fn a_long_answer_adds_what_its_bins_add() {
    let wide = swap(&text(2), "max_items = 1000", "max_items = 268435456");
    let wide = swap(&wide, "items = 4000", "items = 300000000");
    let mut world = World::agreed(2, &wide);
    let offered = world.analyst(A, 10, Body::OfferMatch(offer(&wide, 1, 1)));
    let used = |world: &World| {
        let state = world.state();
        let accord = state.in_force_at(at(START + 20)).unwrap();
        let rule = super::super::matching::match_rule(accord, "1").unwrap();
        [A, B].map(|party| state.used(world.ids[party], "1", rule, at(START + 20)).1)
    };
    assert_eq!(used(&world), [146, 0]);
    world.analyst(B, 11, answer(1, offered, 1 << 28));
    assert_eq!(used(&world), [146 * 256, 1 << 28]);
}

/// A stop that its author dates back takes nothing away from what the other side did before it
/// could know of it; whoever had seen it is bound by it.
#[test]
fn a_stop_that_was_dated_back_voids_no_offer_and_no_answer() {
    let text = text(2);
    let mut world = World::agreed(2, &text);
    let heads =
        |world: &World| -> Vec<u64> { world.logs.iter().map(|log| log.len() as u64).collect() };
    let offered = world.analyst(A, 10, Body::OfferMatch(offer(&text, 1, 10)));
    let seen = heads(&world);
    let answered = world.analyst(B, 30, answer(1, offered, 10));
    let own = world.analyst(B, 31, Body::OfferMatch(offer(&text, 2, 10)));
    world.act_seen((A, Role::DutyOfficer), START + 11, &seen, stop());
    for act in [answered, own] {
        world.holds(act);
    }
    // The stop itself holds, for its author and for who has seen it, and counts from its own date.
    let state = world.state();
    assert_eq!(state.stops[&world.ids[A]].since, at(START + 11));
    let act = world.analyst(B, 40, Body::OfferMatch(offer(&text, 3, 10)));
    world.void(act, "stopped by");
    let act = world.analyst(A, 41, answer(2, own, 10));
    world.void(act, "stopped by");
    // To stop once more does not free who had seen the first stop alone.
    let first = heads(&world);
    world.act(A, Role::DutyOfficer, START + 42, stop());
    let body = Body::OfferMatch(offer(&text, 4, 10));
    let act = world.act_seen((B, Role::Analyst), START + 50, &first, body);
    world.void(act, "stopped by");
}
