//! Filters and queries: who may publish, ask and answer, and what is counted.

use super::matching::{answer, done, run};
use super::{A, B, DAY, Effect, SOUND, START, World, digest_of, id};
use crate::{Entry, MatchRefusal};
use detente_core::Digest;
use detente_core::act::{Body, Filter, Learn, Mode, Offer};
use detente_core::party::Role;

/// The rule of the matching clause, as the sound text has it.
const RULE: &str = r#"mode = "which", answer = "both""#;

fn text() -> String {
    let narrowed =
        "[[authority]]\nparty = \"A\"\nrole = \"minister\"\nmay = [\"propose\", \"sign\"]\n\n";
    SOUND
        .replace(
            RULE,
            r#"mode = "lookup", holder = "B", filter_items = 4096, answer = "initiator""#,
        )
        .replace("{answer}. {pad}. At", "{answer}. {holder} holds {filter_items}. {pad}. At")
        .replace("{answer}. {pad}. H", "{answer}. {holder} hält {filter_items}. {pad}. H")
        .replace(&"a".repeat(64), &id(A).to_string())
        .replace(&"b".repeat(64), &id(B).to_string())
        .replace(narrowed, "")
}

fn filter(text: &str, epoch: u32, number: u8, previous: Option<u8>) -> Filter {
    Filter {
        text: digest_of(text),
        clause: "1".to_owned(),
        normal_form: 1,
        engine: "voprf-ristretto255-sha512/1".to_owned(),
        epoch,
        key: [u8::try_from(epoch).unwrap(); 32],
        items: 4096,
        digest: Digest::new([number; 32]),
        previous: previous.map(|number| Digest::new([number; 32])),
    }
}

fn query(text: &str, number: u8, size: u32) -> Offer {
    Offer {
        run: run(number),
        text: digest_of(text),
        clause: "1".to_owned(),
        mode: Mode::Lookup,
        learn: Learn::Initiator,
        normal_form: 1,
        engine: "voprf-ristretto255-sha512/1".to_owned(),
        size,
        commitment: Digest::new([number; 32]),
    }
}

fn analyst(world: &mut World, party: usize, time: u64, body: Body) -> Digest {
    world.act(party, Role::Analyst, START + time, body)
}

fn answering(number: u8, offer: Digest, size: u32, filter: Digest) -> Body {
    match answer(number, offer, size) {
        Body::AnswerMatch(answer) => {
            Body::AnswerMatch(detente_core::act::Answer { commitment: filter, ..answer })
        }
        other => other,
    }
}

#[track_caller]
fn effect(world: &World, act: Digest) -> Effect {
    let state = world.state();
    state.history.iter().find(|event| event.act == act).unwrap().effect.clone()
}

#[track_caller]
fn void(world: &World, act: Digest, says: &str) {
    match effect(world, act) {
        Effect::Void { reason } => assert!(reason.contains(says), "{reason}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_query_is_answered_on_the_filter_that_stands() {
    let text = text();
    let mut world = World::agreed(2, &text);
    let early = analyst(&mut world, A, 5, Body::OfferMatch(query(&text, 1, 4)));
    void(&world, early, "published no filter");
    let first = analyst(&mut world, B, 10, Body::PublishFilter(filter(&text, 1, 1, None)));
    let offered = analyst(&mut world, A, 11, Body::OfferMatch(query(&text, 2, 4)));
    let second = analyst(&mut world, B, 12, Body::PublishFilter(filter(&text, 1, 2, Some(1))));
    let old = analyst(&mut world, B, 13, answering(2, offered, 0, first));
    void(&world, old, "the filter that stands");
    let sized = analyst(&mut world, B, 14, answering(2, offered, 1, second));
    void(&world, sized, "the filter that stands");
    analyst(&mut world, B, 15, answering(2, offered, 0, second));
    analyst(&mut world, B, 16, done(2, None, 9));
    analyst(&mut world, A, 17, done(2, None, 9));
    let state = world.state();
    let closed = &state.runs[&run(2)];
    assert_eq!(closed.agreed(), Some((None, Digest::new([9; 32]))));
    // Nobody may release as matched what a look-up found.
    assert!(!closed.told_which(world.ids[A]) && !closed.told_which(world.ids[B]));
    let stands = state.filter(&digest_of(&text), "1").unwrap();
    assert_eq!((stands.act, stands.holder), (second, world.ids[B]));
}

#[test]
fn the_holder_holds_and_the_other_side_asks() {
    let text = text();
    let mut world = World::agreed(2, &text);
    let act = analyst(&mut world, A, 10, Body::PublishFilter(filter(&text, 1, 1, None)));
    void(&world, act, "under clause 1 B holds");
    analyst(&mut world, B, 11, Body::PublishFilter(filter(&text, 1, 1, None)));
    let act = analyst(&mut world, B, 12, Body::OfferMatch(query(&text, 1, 4)));
    void(&world, act, "under clause 1 B holds");
    let which = Offer { mode: Mode::Which, ..query(&text, 2, 4) };
    let act = analyst(&mut world, A, 13, Body::OfferMatch(which));
    void(&world, act, "the run's mode");
    let act =
        world.act(B, Role::Minister, START + 14, Body::PublishFilter(filter(&text, 1, 2, Some(1))));
    assert!(matches!(effect(&world, act), Effect::Unconfirmed { .. }));
}

#[test]
fn each_filter_follows_the_last() {
    let text = text();
    let mut world = World::agreed(2, &text);
    let publish =
        |world: &mut World, time, filter| analyst(world, B, time, Body::PublishFilter(filter));
    let unsound = [
        Filter { items: 4095, ..filter(&text, 1, 1, None) },
        Filter { engine: "ecdh-ristretto255/1".to_owned(), ..filter(&text, 1, 1, None) },
        filter(&text, 1, 1, Some(3)),
        Filter { clause: "2".to_owned(), ..filter(&text, 1, 1, None) },
        Filter { text: Digest::new([7; 32]), ..filter(&text, 1, 1, None) },
    ];
    for (time, filter) in (10..).zip(unsound) {
        let act = publish(&mut world, time, filter);
        assert!(matches!(effect(&world, act), Effect::Void { .. }));
    }
    publish(&mut world, 20, filter(&text, 1, 1, None));
    let wrong = [
        filter(&text, 1, 2, None),
        filter(&text, 1, 2, Some(2)),
        Filter { key: [9; 32], ..filter(&text, 1, 2, Some(1)) },
        filter(&text, 2, 2, Some(1)),
        Filter { key: [1; 32], ..filter(&text, 2, 2, None) },
    ];
    for (time, filter) in (21..).zip(wrong) {
        let act = publish(&mut world, time, filter);
        void(&world, act, "does not follow the last");
    }
    publish(&mut world, 30, filter(&text, 1, 2, Some(1)));
    publish(&mut world, 31, filter(&text, 3, 3, None));
    let act = publish(&mut world, 32, filter(&text, 2, 4, None));
    void(&world, act, "does not follow the last");
    assert_eq!(world.state().filters.len(), 3);
}

#[test]
fn queries_use_up_the_budget_and_answers_do_not() {
    let text = text();
    let mut world = World::agreed(2, &text);
    let stands = analyst(&mut world, B, 10, Body::PublishFilter(filter(&text, 1, 1, None)));
    for number in 1..=4 {
        let time = 10 * u64::from(number) + 10;
        let offered = analyst(&mut world, A, time, Body::OfferMatch(query(&text, number, 1000)));
        assert_eq!(effect(&world, offered), Effect::InEffect);
        analyst(&mut world, B, time + 1, answering(number, offered, 0, stands));
    }
    let act = analyst(&mut world, A, 60, Body::OfferMatch(query(&text, 5, 1)));
    void(&world, act, "allows 4 runs");
    let state = world.state();
    let rule = |party, offers| {
        let entry = Entry { party, clause: "1", size: 1, offers };
        state.may_match(&entry, super::at(START + 70)).map(|_| ())
    };
    let refused = rule(world.ids[A], true).unwrap_err();
    assert!(matches!(refused, MatchRefusal::RunsUsedUp { .. }), "{refused}");
    assert_eq!(rule(world.ids[B], false), Ok(()));
    let act = analyst(&mut world, A, 30 * DAY + 20, Body::OfferMatch(query(&text, 6, 1001)));
    void(&world, act, "1001 items");
    let act = analyst(&mut world, A, 30 * DAY + 21, Body::OfferMatch(query(&text, 7, 1000)));
    assert_eq!(effect(&world, act), Effect::InEffect);
}
