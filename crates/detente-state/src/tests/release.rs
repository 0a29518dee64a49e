//! Releases, receipts, and what is used of the caps.

use super::matching::{abort, answer, done, offer, run, with_contexts};
use super::{A, B, C, DAY, START, World, at, digest_of, swap, text};
use crate::{OPEN_RUN_SECONDS_MAX, Receipt, Released};
use detente_core::Kind;
use detente_core::Span;
use detente_core::Tlp;
use detente_core::act::{Body, Learn, ManifestEntry, Mode, ObjectFacts, Offer, ReleaseBody};
use detente_core::party::Role;
use detente_core::{Digest, RunId};

pub(super) fn entry(number: u8, clause: &str) -> ManifestEntry {
    ManifestEntry {
        object: Digest::new([number; 32]),
        clause: clause.to_owned(),
        transforms: Vec::new(),
        facts: ObjectFacts {
            object: detente_core::ObjectKind::Indicator,
            handling: detente_core::Handling::default(),
            kind: Kind::Domain,
            tlp: Tlp::Green,
            marking_unknown: false,
            labels: Vec::new(),
            bytes: 100,
        },
    }
}

pub(super) fn release(text: &str, run: Option<RunId>, clauses: &[&str]) -> ReleaseBody {
    ReleaseBody {
        text: digest_of(text),
        run,
        manifest: clauses
            .iter()
            .enumerate()
            .map(|(number, clause)| entry(u8::try_from(number).unwrap(), clause))
            .collect(),
        to: None,
        consent: None,
    }
}

impl World {
    fn releases(&mut self, party: usize, time: u64, body: &ReleaseBody) -> Digest {
        self.act(party, Role::Analyst, START + time, Body::Release(body.clone()))
    }
}

#[test]
fn a_release_rests_on_an_agreed_run_of_its_author() {
    let text = text(3);
    let mut world = World::agreed(3, &text);
    let offered = world.act(A, Role::Analyst, START + 10, Body::OfferMatch(offer(&text, 1, 10)));
    world.act(B, Role::Analyst, START + 11, answer(1, offered, 10));
    world.act(A, Role::Analyst, START + 12, done(1, Some(3), 9));
    let body = release(&text, Some(run(1)), &["2"]);
    let act = world.releases(A, 13, &body);
    world.void(act, "did not close alike");
    world.act(B, Role::Analyst, START + 14, done(1, Some(3), 9));
    for party in [A, B] {
        let act = world.releases(party, 15, &body);
        world.holds(act);
    }
    let act = world.releases(C, 16, &body);
    world.void(act, "took no part in");
    let act = world.releases(A, 17, &release(&text, Some(run(2)), &["2"]));
    world.void(act, "took no part in");
    assert_eq!(world.state().releases.len(), 2);
}

#[test]
fn a_run_that_did_not_tell_which_carries_no_release() {
    let text = text(2);
    let mut world = World::agreed(2, &text);
    let engine = "ecdh-ristretto255/1".to_owned();
    let count = Offer { mode: Mode::Count, engine, ..offer(&text, 1, 10) };
    world.matched(count, 10);
    let body = release(&text, Some(run(1)), &["2"]);
    let act = world.releases(A, 20, &body);
    world.void(act, "told only how many");

    let text = swap(&text, "answer = \"both\"", "answer = \"initiator\"");
    let mut world = World::agreed(2, &text);
    let one_sided = Offer { learn: Learn::Initiator, ..offer(&text, 1, 10) };
    world.matched(one_sided, 10);
    let body = release(&text, Some(run(1)), &["2"]);
    let act = world.releases(A, 20, &body);
    world.holds(act);
    let act = world.releases(B, 21, &body);
    world.void(act, "did not learn");
}

/// Contexts leave within a run, on record first: from its answer until somebody closes it.
#[test]
fn a_release_rests_on_an_open_run_that_brings_contexts_and_on_no_other() {
    let text = with_contexts(&text(3));
    let payload = |number| Offer { mode: Mode::Payload, ..offer(&text, number, 10) };
    let mut world = World::agreed(3, &text);
    let offered = world.act(A, Role::Analyst, START + 10, Body::OfferMatch(payload(1)));
    let body = release(&text, Some(run(1)), &["2"]);
    let act = world.releases(A, 11, &body);
    world.void(act, "did not close alike");
    world.act(B, Role::Analyst, START + 12, answer(1, offered, 10));
    for party in [A, B] {
        let act = world.releases(party, 13, &body);
        world.holds(act);
    }
    let act = world.releases(C, 14, &body);
    world.void(act, "took no part in");
    // One has closed it: what leaves now rests on both closes.
    world.act(A, Role::Analyst, START + 15, done(1, Some(3), 9));
    let act = world.releases(B, 16, &body);
    world.void(act, "did not close alike");
    world.act(B, Role::Analyst, START + 17, done(1, Some(3), 9));
    let act = world.releases(B, 18, &body);
    world.holds(act);
    // A run that is void carries none, and a run without contexts none before its end.
    for (number, offer) in [(2, payload(2)), (3, offer(&text, 3, 10))] {
        let time = 20 * u64::from(number);
        let offered = world.act(A, Role::Analyst, START + time, Body::OfferMatch(offer));
        world.act(B, Role::Analyst, START + time + 1, answer(number, offered, 10));
        if number == 2 {
            world.act(B, Role::Analyst, START + time + 2, abort(number));
        }
        let body = release(&text, Some(run(number)), &["2"]);
        let act = world.releases(A, time + 3, &body);
        world.void(act, "did not close alike");
    }
}

/// A run that nobody closed is no door for good.
#[test]
fn an_open_run_carries_releases_for_a_day() {
    let text = with_contexts(&text(2));
    let payload = |number| Offer { mode: Mode::Payload, ..offer(&text, number, 10) };
    let mut world = World::agreed(2, &text);
    let offered = world.act(A, Role::Analyst, START + 10, Body::OfferMatch(payload(1)));
    world.act(B, Role::Analyst, START + 20, answer(1, offered, 10));
    let body = release(&text, Some(run(1)), &["2"]);
    let last = 20 + OPEN_RUN_SECONDS_MAX;
    let act = world.releases(A, last, &body);
    world.holds(act);
    for party in [A, B] {
        let act = world.releases(party, last + 1, &body);
        world.void(act, "did not close alike");
    }
    let state = world.state();
    let open = |time| state.runs[&run(1)].backs_release(world.ids[A], at(START + time));
    assert!(open(last) && !open(last + 1));
    // One that both close alike carries them whenever it was.
    world.act(A, Role::Analyst, START + last + 2, done(1, Some(3), 9));
    world.act(B, Role::Analyst, START + last + 3, done(1, Some(3), 9));
    let act = world.releases(A, last + 4, &body);
    world.holds(act);
}

/// Who takes contexts and then dates an abort back, before the release that let them go, takes
/// nothing away from the release, nor from what is used of its caps.
#[test]
fn a_close_that_was_dated_back_voids_no_release() {
    let text = with_contexts(&text(2));
    let payload = |number| Offer { mode: Mode::Payload, ..offer(&text, number, 10) };
    let mut world = World::agreed(2, &text);
    let month: Span = "P30D".parse().unwrap();
    let used =
        |world: &World| world.state().released(world.ids[A], "2", month, at(START + 100)).count;
    let offered = world.act(A, Role::Analyst, START + 10, Body::OfferMatch(payload(1)));
    world.act(B, Role::Analyst, START + 11, answer(1, offered, 10));
    // What B says that it had seen when it aborts: all but the release.
    let seen: Vec<u64> = world.logs.iter().map(|log| log.len() as u64).collect();
    let body = release(&text, Some(run(1)), &["2"]);
    let released = world.releases(A, 20, &body);
    world.holds(released);
    world.act_seen((B, Role::Analyst), START + 11, &seen, abort(1));
    world.holds(released);
    assert_eq!(used(&world), 1);
    // Who has seen the close releases nothing more; what it signs all the same counts.
    let more = world.releases(A, 21, &body);
    world.void(more, "did not close alike");
    assert_eq!(used(&world), 2);
    // The same with the offer's other side: its answer stands, whatever the initiator dates back.
    let offered = world.act(A, Role::Analyst, START + 30, Body::OfferMatch(payload(2)));
    let seen: Vec<u64> = world.logs.iter().map(|log| log.len() as u64).collect();
    let answered = world.act(B, Role::Analyst, START + 35, answer(2, offered, 10));
    world.act_seen((A, Role::Analyst), START + 31, &seen, abort(2));
    world.holds(answered);
}

#[test]
fn a_release_names_the_text_in_force() {
    let text = text(2);
    let mut world = World::new(2);
    let body = release(&text, None, &["2"]);
    let act = world.releases(A, 1, &body);
    world.void(act, "no text is signed");
    let mut world = World::agreed(2, &text);
    let other = ReleaseBody { text: Digest::new([1; 32]), ..body.clone() };
    let act = world.releases(A, 10, &other);
    world.void(act, "another text is in force");
    let act = world.releases(A, 11, &body);
    world.holds(act);
    let act = world.act(B, Role::Head, START + 12, Body::Release(body));
    world.unconfirmed(act, "no power to release");
    assert_eq!(world.state().releases.len(), 1);
}

#[test]
fn what_left_counts_by_author_clause_and_window() {
    let text = text(2);
    let mut world = World::agreed(2, &text);
    world.releases(A, 10, &release(&text, None, &["2", "2", "7"]));
    world.releases(A, 20, &release(&text, None, &["2"]));
    world.releases(B, 30, &release(&text, None, &["2"]));
    let state = world.state();
    let month = Span::seconds(30 * DAY);
    let used = |clause, time| state.released(world.ids[A], clause, month, at(START + time));
    let count = |count| Released { count, bytes: 100 * count };
    assert_eq!(used("2", 30), count(3));
    assert_eq!(used("7", 30), count(1));
    assert_eq!(used("3", 30), count(0));
    assert_eq!(used("2", 30 * DAY + 9), count(3));
    assert_eq!(used("2", 30 * DAY + 10), count(1));
    assert_eq!(used("2", 30 * DAY + 20), count(0));
    let history = &state.history.last().unwrap().summary;
    assert_eq!(history, "releases 1 objects under clause 2");
}

#[test]
fn a_receipt_acknowledges_one_whole_release_of_another() {
    let text = text(2);
    let mut world = World::agreed(2, &text);
    let body = release(&text, None, &["2"]);
    let release = world.releases(A, 10, &body);
    let manifest = body.manifest_digest();
    let receipt = |release, manifest| Body::Receipt { release, manifest };
    let none = Digest::new([1; 32]);
    let act = world.act(B, Role::Analyst, START + 11, receipt(none, manifest));
    world.void(act, "no such release");
    let act = world.act(B, Role::Analyst, START + 12, receipt(release, none));
    world.void(act, "another manifest");
    let act = world.act(A, Role::Analyst, START + 13, receipt(release, manifest));
    world.void(act, "its own release");
    let act = world.act(B, Role::Minister, START + 14, receipt(release, manifest));
    world.unconfirmed(act, "no power to receipt");
    assert_eq!(world.state().releases[0].receipt, None);
    let act = world.act(B, Role::Analyst, START + 15, receipt(release, manifest));
    world.holds(act);
    let by = world.ids[B];
    let time = at(START + 15);
    assert_eq!(world.state().releases[0].receipt, Some(Receipt { by, time }));
    let act = world.act(B, Role::Analyst, START + 16, receipt(release, manifest));
    world.void(act, "acknowledged already");
}
