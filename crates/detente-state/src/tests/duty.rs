//! Duties: what arises, when it is due, what fulfils it, and what cheating with dates gains.

use super::release::release;
use super::stand::{clauses, step};
use super::{A, B, C, DAY, START, World, at, digest_of, propose, swap, text};
use crate::{Dispute, Duties, Duty, Fulfilment, Source, duties};
use detente_core::act::{
    Body, Erasure, Feedback, FeedbackLine, Readout, ReadoutLine, Step, Suspension, Topic, Upshot,
    Way,
};
use detente_core::party::Role;
use detente_core::{Digest, Level, Span};

const HOUR: u64 = 3_600;

/// The sound text, with acknowledgement counted from the act.
fn by_act(parties: usize) -> String {
    swap(&text(parties), "clock = \"receipt\", breach", "clock = \"act\", breach")
}

/// The sound text, with feedback asked of who receives.
fn with_feedback() -> String {
    let text = text(2);
    let text = swap(
        &text,
        "kept {retention",
        "told {feedback.within} from {feedback.clock}; kept {retention",
    );
    let text =
        swap(&text, "Frist {retention", "{feedback.within} ab {feedback.clock}; Frist {retention");
    let own =
        "feedback = { within = \"P5D\", days = \"working\", clock = \"receipt\" }\nretention =";
    swap(&text, "retention = {", &format!("{own} {{"))
}

fn receipt(text: &str, release: Digest) -> Body {
    let manifest = super::release::release(text, None, &["2", "2"]).manifest_digest();
    Body::Receipt { release, manifest }
}

impl World {
    fn released(&mut self, text: &str, time: u64) -> Digest {
        let body = Body::Release(release(text, None, &["2", "2"]));
        self.act(A, Role::Analyst, START + time, body)
    }

    fn duties(&self, now: u64) -> Duties {
        duties(&self.gather(), &self.state(), &|_| at(START + now))
    }

    /// The only duty of a sort.
    #[track_caller]
    fn duty(&self, source: Source, now: u64) -> Duty {
        let all = self.duties(now).list;
        let own: Vec<Duty> = all.into_iter().filter(|duty| duty.source == source).collect();
        assert_eq!(own.len(), 1, "{own:#?}");
        own[0].clone()
    }

    #[track_caller]
    fn acknowledgement(&self, now: u64) -> Fulfilment {
        self.duty(Source::Oblige, now).fulfilment
    }
}

#[test]
fn a_release_is_acknowledged_in_time_late_or_not() {
    let text = by_act(2);
    let mut world = World::agreed(2, &text);
    assert_eq!(world.duties(5).list, []);
    let act = world.released(&text, 10);
    let duty = world.duty(Source::Oblige, 11);
    assert_eq!((duty.owed_by, duty.owed_to), (Some(world.ids[B]), Some(world.ids[A])));
    assert_eq!((duty.trigger, duty.clause.as_deref()), (Some(act), Some("4")));
    assert_eq!(duty.due, Some(at(START + 10 + DAY)));
    assert_eq!(duty.breach, "escalate");
    assert_eq!(duty.fulfilment, Fulfilment::Open { done: 0, of: 1 });
    assert_eq!(world.acknowledgement(9 + DAY), Fulfilment::Open { done: 0, of: 1 });
    let seconds = |n| Span::seconds(n);
    assert_eq!(world.acknowledgement(10 + DAY), Fulfilment::Breached { by: seconds(0) });
    let mut late = world.clone();
    let receipt = receipt(&text, act);
    let met = world.act(B, Role::Analyst, START + 9 + DAY, receipt.clone());
    let met = Fulfilment::Met { act: met, at: at(START + 9 + DAY) };
    assert_eq!(world.acknowledgement(2 * DAY), met);
    // What was not done yet at an earlier moment was open then.
    assert_eq!(world.acknowledgement(DAY), Fulfilment::Open { done: 0, of: 1 });
    let told = late.act(B, Role::Analyst, START + 15 + DAY, receipt);
    let told = Fulfilment::Late { act: told, at: at(START + 15 + DAY), by: seconds(5) };
    assert_eq!(late.acknowledgement(2 * DAY), told);
}

/// From receipt: the clock starts when the log of who owes it shows that it knew.
#[test]
fn a_clock_that_starts_with_receipt_waits_for_it() {
    let text = text(2);
    let mut world = World::agreed(2, &text);
    let act = world.released(&text, 10);
    assert_eq!(world.acknowledgement(9 * DAY), Fulfilment::Waiting);
    let retention = world.duty(Source::Retention, 9 * DAY);
    assert_eq!((retention.starts, retention.fulfilment), (None, Fulfilment::Waiting));
    // Something else that it does shows that it had seen the release.
    world.act(
        B,
        Role::Head,
        START + 3 * DAY,
        step(Step::Support, clauses(digest_of(&text), &["3"])),
    );
    let duty = world.duty(Source::Oblige, 3 * DAY);
    assert_eq!(duty.starts, Some(at(START + 3 * DAY)));
    assert_eq!(world.acknowledgement(4 * DAY), Fulfilment::Breached { by: Span::seconds(0) });
    let received = world.act(B, Role::Analyst, START + 3 * DAY + 1, receipt(&text, act));
    let met = Fulfilment::Met { act: received, at: at(START + 3 * DAY + 1) };
    assert_eq!(world.acknowledgement(4 * DAY), met);
    let retention = world.duty(Source::Retention, 9 * DAY);
    assert_eq!(retention.due, Some(at(START + 183 * DAY + 1)));
    assert_eq!(world.duties(9).list, []);
}

/// Who owes dates the deed back: the other side's log shows that it was not there.
#[test]
fn a_deed_that_was_dated_back_is_not_in_time() {
    let text = by_act(2);
    let mut world = World::agreed(2, &text);
    let act = world.released(&text, 10);
    let seen: Vec<u64> = world.logs.iter().map(|log| log.len() as u64).collect();
    // Long past the end A has nothing, and says so by going on.
    world.act(
        A,
        Role::Head,
        START + 3 * DAY,
        step(Step::Support, clauses(digest_of(&text), &["3"])),
    );
    let mut honest = world.clone();
    let back = world.act_seen((B, Role::Analyst), START + 20, &seen, receipt(&text, act));
    let why = Dispute::DeedUnseen(at(START + 3 * DAY));
    assert_eq!(world.acknowledgement(4 * DAY), Fulfilment::Disputed { act: Some(back), why });
    // Nor if it says that it had seen what is of a later date.
    let back = honest.act(B, Role::Analyst, START + 20, receipt(&text, act));
    assert_eq!(honest.acknowledgement(4 * DAY), Fulfilment::Disputed { act: Some(back), why });
}

/// Who is owed dates the trigger back, or its own clock forward: nobody is in breach by that.
#[test]
fn nobody_is_late_by_the_dates_of_the_other() {
    let text = by_act(2);
    let mut world = World::agreed(2, &text);
    // B works on for days; A then enters a release dated long before.
    let seen: Vec<u64> = world.logs.iter().map(|log| log.len() as u64).collect();
    world.act(
        B,
        Role::Head,
        START + 5 * DAY,
        step(Step::Support, clauses(digest_of(&text), &["3"])),
    );
    let body = Body::Release(release(&text, None, &["2", "2"]));
    let act = world.act_seen((A, Role::Analyst), START + 10, &seen, body);
    let known = at(START + 5 * DAY);
    let why = Dispute::TriggerUnseen(known);
    let open = Fulfilment::Disputed { act: None, why };
    assert_eq!(world.acknowledgement(5 * DAY + HOUR), open);
    let mut answered = world.clone();
    let told = answered.act(B, Role::Analyst, START + 5 * DAY + HOUR, receipt(&text, act));
    let told = Fulfilment::Disputed { act: Some(told), why };
    assert_eq!(answered.acknowledgement(6 * DAY), told);
    // A whole period after it can have known, it is late by its own clock.
    assert_eq!(world.acknowledgement(7 * DAY).name(), "breached");

    // A's clock runs ahead by years: B, who saw that, is not late by it.
    let mut world = World::agreed(2, &text);
    let act = world.released(&text, 10);
    world.act(
        A,
        Role::Head,
        START + 900 * DAY,
        step(Step::Support, clauses(digest_of(&text), &["3"])),
    );
    let told = world.act(B, Role::Analyst, START + 20, receipt(&text, act));
    let why = Dispute::DeedUnseen(at(START + 900 * DAY));
    assert_eq!(world.acknowledgement(DAY), Fulfilment::Disputed { act: Some(told), why });
}

#[test]
fn feedback_is_owed_object_by_object_and_only_by_who_received() {
    let text = with_feedback();
    let mut world = World::agreed(2, &text);
    let act = world.released(&text, 10);
    world.act(B, Role::Analyst, START + 20, receipt(&text, act));
    let duty = world.duty(Source::Feedback, 30);
    // The world begins on a Friday in January 2027; five working days end with the next Friday.
    assert_eq!(at(START).to_string(), "2027-01-15T08:00:00Z");
    assert_eq!(duty.due.unwrap().to_string(), "2027-01-23T00:00:00Z");
    assert_eq!(duty.fulfilment, Fulfilment::Open { done: 0, of: 2 });
    let object = |number: u8| Digest::new([number; 32]);
    let line = |number, upshot, sighted| FeedbackLine { object: object(number), upshot, sighted };
    let feedback = |release, lines: &[FeedbackLine]| {
        Body::Feedback(Feedback { release, lines: lines.to_vec(), note: String::new() })
    };
    let none =
        world.act(B, Role::Analyst, START + 30, feedback(object(9), &[line(0, Upshot::Used, 0)]));
    world.void(none, "no such release");
    let other = world.act(B, Role::Analyst, START + 30, feedback(act, &[line(7, Upshot::Used, 0)]));
    world.void(other, "has no object");
    let own = world.act(A, Role::Analyst, START + 30, feedback(act, &[line(0, Upshot::Used, 0)]));
    world.void(own, "its own release");
    let role = world.act(B, Role::Minister, START + 30, feedback(act, &[line(0, Upshot::Used, 0)]));
    world.unconfirmed(role, "no power to feedback");
    let first =
        world.act(B, Role::Analyst, START + 31, feedback(act, &[line(0, Upshot::Blocked, 0)]));
    world.holds(first);
    assert_eq!(world.duty(Source::Feedback, 40).fulfilment, Fulfilment::Open { done: 1, of: 2 });
    let rest = [line(0, Upshot::Sighted, 12), line(1, Upshot::FalsePositive, 0)];
    let second = world.act(B, Role::Analyst, START + 32, feedback(act, &rest));
    let met = Fulfilment::Met { act: second, at: at(START + 32) };
    assert_eq!(world.duty(Source::Feedback, 40).fulfilment, met);
    // The last word on an object counts, the first fulfils the duty.
    let state = world.state();
    let told = state.account_of(act, world.ids[B]).unwrap().told[&object(0)];
    assert_eq!((told.upshot, told.sighted, told.act), (Upshot::Sighted, 12, second));
    assert_eq!(told.first.act, first);
    assert_eq!(state.accounts_of(act).count(), 1);
}

#[test]
fn what_is_erased_fulfils_retention() {
    let text = text(2);
    let mut world = World::agreed(2, &text);
    let act = world.released(&text, 10);
    world.act(B, Role::Analyst, START + 20, receipt(&text, act));
    let object = |number: u8| Digest::new([number; 32]);
    let erase = |objects: &[u8]| {
        let objects = objects.iter().map(|number| object(*number)).collect();
        Body::Erase(Erasure { release: act, objects })
    };
    let before = world.clone();
    assert_eq!(before.duty(Source::Retention, 200 * DAY).fulfilment.name(), "breached");
    let gone = world.act(B, Role::Analyst, START + 179 * DAY, erase(&[0]));
    world.holds(gone);
    let open = Fulfilment::Open { done: 1, of: 2 };
    assert_eq!(world.duty(Source::Retention, 179 * DAY).fulfilment, open);
    let gone = world.act(B, Role::Analyst, START + 179 * DAY + 1, erase(&[0, 1]));
    let met = Fulfilment::Met { act: gone, at: at(START + 179 * DAY + 1) };
    assert_eq!(world.duty(Source::Retention, 200 * DAY).fulfilment, met);
    let lie = world.act(A, Role::Analyst, START + 180 * DAY, erase(&[0]));
    world.void(lie, "its own release");
}

fn suspend(text: &str, ways: Vec<Way>) -> Body {
    Body::Suspend(Suspension {
        text: digest_of(text),
        effective: None,
        expires: None,
        clauses: vec!["4".to_owned()],
        ways,
        reason: "they do not answer".to_owned(),
        answers: None,
    })
}

#[test]
fn a_suspension_excuses_unless_it_was_dated_back() {
    let text = by_act(2);
    let mut world = World::agreed(2, &text);
    world.released(&text, 10);
    let (a, b) = (world.ids[A], world.ids[B]);
    let mut both = vec![Way { from: a, to: b }, Way { from: b, to: a }];
    both.sort();
    let seen: Vec<u64> = world.logs.iter().map(|log| log.len() as u64).collect();
    let mut cheat = world.clone();
    let held = world.act(B, Role::Minister, START + HOUR, suspend(&text, both.clone()));
    world.holds(held);
    assert_eq!(world.acknowledgement(3 * DAY), Fulfilment::Excused { act: held });
    assert_eq!(world.acknowledgement(HOUR).name(), "open", "it is not due");
    cheat.act(
        A,
        Role::Head,
        START + 2 * DAY,
        step(Step::Support, clauses(digest_of(&text), &["3"])),
    );
    let back = cheat.act_seen((B, Role::Minister), START + HOUR, &seen, suspend(&text, both));
    cheat.holds(back);
    assert_eq!(cheat.acknowledgement(3 * DAY).name(), "breached");
}

#[test]
fn proposals_are_answered_and_meetings_told_of() {
    let text = swap(
        &by_act(2),
        "verb = \"acknowledge\", on = \"release\"",
        "verb = \"reply\", on = \"proposal\"",
    );
    let mut world = World::agreed(2, &text);
    let other = swap(&text, "A test accord", "Another accord");
    let act = world.act(A, Role::Head, START + 10, propose(&other));
    let duty = world.duty(Source::Oblige, 11);
    assert_eq!((duty.owed_by, duty.trigger), (Some(world.ids[B]), Some(act)));
    let answer = step(Step::Support, clauses(digest_of(&other), &["1"]));
    let answered = world.act(B, Role::Head, START + 12, answer);
    let met = Fulfilment::Met { act: answered, at: at(START + 12) };
    assert_eq!(world.acknowledgement(9 * DAY), met);

    let text = swap(
        &by_act(2),
        "verb = \"acknowledge\", on = \"release\"",
        "verb = \"readout\", on = \"meeting\"",
    );
    let mut world = World::agreed(2, &text);
    let account = || {
        let topic = Topic::Clause("1".to_owned());
        let lines = vec![ReadoutLine { topic, level: Level::Agreed, words: String::new() }];
        Body::Readout(Readout { meeting: "Hamburg".to_owned(), held: at(START + 10), lines })
    };
    let filed = world.act(A, Role::Head, START + 20, account());
    let duties = world.duties(2 * DAY).list;
    let of = |party| duties.iter().find(|duty| duty.owed_by == Some(party)).unwrap().fulfilment;
    assert_eq!(of(world.ids[A]), Fulfilment::Met { act: filed, at: at(START + 20) });
    // A alone says that they met: B is not in breach by that word.
    let why = Dispute::OneSided(world.ids[A]);
    let later = world.duties(9 * DAY).list;
    let own = later.iter().find(|duty| duty.owed_by == Some(world.ids[B])).unwrap();
    assert_eq!(own.fulfilment, Fulfilment::Disputed { act: None, why });
    let late = world.act(B, Role::Head, START + 3 * DAY, account());
    let duties = world.duties(9 * DAY).list;
    let of = |party| duties.iter().find(|duty| duty.owed_by == Some(party)).unwrap().fulfilment;
    let by = Span::seconds(2 * DAY - 10);
    assert_eq!(of(world.ids[B]), Fulfilment::Late { act: late, at: at(START + 3 * DAY), by });
}

#[test]
fn meetings_and_reviews_come_due_and_the_rest_is_named() {
    let text = swap(
        &by_act(3),
        "verb = \"acknowledge\", on = \"release\"",
        "verb = \"review\", on = \"entry into force\"",
    );
    let text = format!("{text}\n[meetings]\nevery = \"P90D\"\ndormant_after = 2\n");
    let world = World::agreed(3, &text);
    let all = world.duties(DAY).list;
    let reviews: Vec<_> = all.iter().filter(|duty| duty.source == Source::Oblige).collect();
    assert_eq!(reviews.len(), 3);
    assert!(reviews.iter().all(|duty| duty.starts == Some(at(START + 3))));
    let meeting = world.duty(Source::Meetings, DAY);
    assert_eq!(meeting.due, Some(at(START + 3 + 90 * DAY)));
    assert_eq!((meeting.owed_by, meeting.fulfilment.is_open()), (None, true));
    let missed = world.duty(Source::Meetings, 91 * DAY);
    assert_eq!(missed.fulfilment.name(), "breached");

    for (verb, on, says) in [
        ("ping", "entry into force", "somebody did \"ping\""),
        ("acknowledge", "request", "is a \"request\""),
    ] {
        let own = format!("verb = \"{verb}\", on = \"{on}\"");
        let text = swap(&by_act(2), "verb = \"acknowledge\", on = \"release\"", &own);
        let world = World::agreed(2, &text);
        let duties = world.duties(DAY);
        assert_eq!(duties.list, []);
        assert_eq!(duties.uncomputed.len(), 1);
        assert_eq!(duties.uncomputed[0].clause, "4");
        assert!(duties.uncomputed[0].why.contains(says), "{duties:?}");
    }
}

/// A release among three without a run does not say who received it: who acknowledges it did.
#[test]
fn among_three_the_receipt_says_who_received() {
    let text = by_act(3);
    let mut world = World::agreed(3, &text);
    let act = world.released(&text, 10);
    assert_eq!(world.duties(11).list, []);
    let own = world.act(C, Role::Analyst, START + 12, receipt(&text, act));
    let met = Fulfilment::Met { act: own, at: at(START + 12) };
    assert_eq!(world.acknowledgement(DAY), met);
    let duty = world.duty(Source::Oblige, DAY);
    assert_eq!(duty.owed_by, Some(world.ids[C]));
}

/// A flood of releases is bounded, and what is due first is kept.
#[test]
fn a_flood_of_duties_is_bounded() {
    let text = by_act(2);
    let mut world = World::agreed(2, &text);
    for time in 0..20 {
        world.released(&text, 10 + time);
    }
    let mut found = world.duties(100);
    assert_eq!((found.list.len(), found.left_out), (40, 0), "two of each");
    found.keep(5);
    assert_eq!((found.list.len(), found.left_out), (5, 35));
    assert!(found.list.windows(2).all(|pair| pair[0].due <= pair[1].due));
}
