//! Steps on the ladder: positions by clause and subject, then and now; reversals; confirmations.

use detente_core::act::{
    ActKind, Answering, Body, Matter, Reply, Stance, Statement, Step, Subject, Suspension, Topic,
    Way,
};
use detente_core::party::Role;
use detente_core::{Digest, Level, Span, UnixSeconds};

use super::{A, B, DAY, START, World, at, denounce, digest_of, propose, refuse, swap, text};
use crate::{Effect, Reversal, Waits};

pub(super) fn clauses(text: Digest, ids: &[&str]) -> Matter {
    Matter::Clauses { text, clauses: ids.iter().map(ToString::to_string).collect() }
}

pub(super) fn step(step: Step, matter: Matter) -> Body {
    let note = String::new();
    Body::Stance(step, Stance { matter, effective: None, expires: None, note })
}

pub(super) fn reply(answering: Answering, act: Digest) -> Body {
    Body::Reply(answering, Reply { act, reason: "so it is".to_owned(), precludes: false })
}

fn subject() -> Matter {
    Matter::Subject(Subject {
        name: "working group".to_owned(),
        domain: "conduct in cyberspace".to_owned(),
        territory: "of both parties".to_owned(),
        target: "elections".to_owned(),
        until: at(START + 365 * DAY),
    })
}

#[track_caller]
fn reversal(world: &World, act: Digest) -> Reversal {
    match world.effect(act) {
        Effect::Reversal(reversal) => reversal,
        other => panic!("{other:?}"),
    }
}

fn clause(id: &str) -> Topic {
    Topic::Clause(id.to_owned())
}

#[test]
fn hamburg_one_agrees_the_other_discusses_and_is_back_after_thirteen_hours() {
    let mut world = World::new(2);
    let hour = 3_600;
    let agreed = world.act(A, Role::Head, START + hour, step(Step::AgreeAdReferendum, subject()));
    let floated = world.act(B, Role::Head, START + 2 * hour, step(Step::Float, subject()));
    world.holds(agreed);
    world.holds(floated);
    let back = world.act(B, Role::Minister, START + 15 * hour, step(Step::Decline, subject()));
    let shown = reversal(&world, back);
    assert_eq!((shown.before, shown.level), (Level::Floated, Level::Withdrawn));
    assert_eq!(shown.after, Span::seconds(13 * hour));
    assert_eq!(shown.to_string(), "from floated to withdrawn after 13 hours on working group");
    let state = world.state();
    let topic = Topic::Subject("working group".to_owned());
    assert_eq!(state.topics(), std::slice::from_ref(&topic));
    let level = |party: usize, time: u64| {
        state.stand_at(world.ids[party], &topic, at(time)).map(|stand| stand.level)
    };
    assert_eq!(level(A, START + 99 * hour), Some(Level::AgreedAdReferendum));
    assert_eq!(level(B, START + 2 * hour - 1), None, "a past moment is shown as it was");
    assert_eq!(level(B, START + 15 * hour - 1), Some(Level::Floated));
    assert_eq!(level(B, START + 15 * hour), Some(Level::Withdrawn));
}

#[test]
fn positions_are_kept_clause_by_clause() {
    let mut world = World::new(2);
    let text = text(2);
    let digest = digest_of(&text);
    world.act(A, Role::Head, START + 1, propose(&text));
    let some =
        world.act(B, Role::Head, START + 2, step(Step::Support, clauses(digest, &["1", "2"])));
    world.holds(some);
    let back = world.act(
        B,
        Role::Head,
        START + 62,
        step(Step::ReservePosition, clauses(digest, &["2", "3"])),
    );
    let shown = reversal(&world, back);
    assert_eq!(shown.topics, [clause("2")], "of clause 3 it had said nothing");
    assert_eq!((shown.before, shown.level), (Level::Supported, Level::Reserved));
    let state = world.state();
    let level = |id: &str| {
        state.stand_at(world.ids[B], &clause(id), at(START + 99)).map(|stand| stand.level)
    };
    assert_eq!(level("1"), Some(Level::Supported));
    assert_eq!(level("2"), Some(Level::Reserved));
    assert_eq!(level("3"), Some(Level::Reserved));
    assert_eq!(level("4"), None);
    let unknown =
        world.act(B, Role::Head, START + 70, step(Step::Support, clauses(digest, &["9"])));
    world.void(unknown, "no clause 9");
    let stranger = clauses(Digest::new([1; 32]), &["1"]);
    let stranger = world.act(B, Role::Head, START + 71, step(Step::Support, stranger));
    world.void(stranger, "no such text");
}

#[test]
fn other_words_at_a_lower_level_are_a_step_back_unless_the_old_ones_are_in_force() {
    let mut world = World::new(2);
    let old = text(2);
    let new = swap(&old, "sends receipts", "sends a receipt");
    world.act(A, Role::Head, START + 1, propose(&old));
    let agree = step(Step::AgreeAdReferendum, Matter::Text { text: digest_of(&old) });
    world.act(B, Role::Head, START + 2, agree);
    let other = world.act(B, Role::Head, START + 3, propose(&new));
    let shown = reversal(&world, other);
    assert_eq!(shown.topics, [clause("4")], "the words of the other clauses are the same");
    assert_eq!((shown.before, shown.level), (Level::AgreedAdReferendum, Level::Proposed));

    let mut world = World::agreed(2, &old);
    let amendment = world.act(A, Role::Head, START + DAY, propose(&new));
    world.holds(amendment);
    let amendment = world.act(A, Role::Head, START + 2 * DAY, refuse(digest_of(&new)));
    assert!(matches!(world.effect(amendment), Effect::Reversal(_)));
}

#[test]
fn a_stand_begins_and_lapses_when_it_says() {
    let mut world = World::new(2);
    let stance = |effective, expires| {
        let note = "for this session".to_owned();
        Body::Stance(Step::Support, Stance { matter: subject(), effective, expires, note })
    };
    let act =
        world.act(A, Role::Head, START + 1, stance(Some(at(START + 50)), Some(at(START + 90))));
    world.holds(act);
    let late = world.act(A, Role::Head, START + 100, stance(None, Some(at(START + 100))));
    world.void(late, "before it was made");
    let state = world.state();
    let topic = Topic::Subject("working group".to_owned());
    let stands = |time: u64| state.stand_at(world.ids[A], &topic, at(time)).is_some();
    assert!(!stands(START + 49) && stands(START + 50) && stands(START + 89) && !stands(START + 90));
    let Matter::Subject(old) = subject() else { unreachable!() };
    let until = UnixSeconds::new(START + 10);
    let over = Matter::Subject(Subject { until, ..old });
    let over = world.act(A, Role::Head, START + 200, step(Step::Float, over));
    world.void(over, "its scope ended");
}

#[test]
fn a_signature_ad_referendum_binds_when_the_capital_confirms_it() {
    let mut world = World::new(2);
    let text = text(2);
    let whole = Matter::Text { text: digest_of(&text) };
    world.act(A, Role::Head, START + 1, propose(&text));
    world.act(A, Role::Minister, START + 2, Body::Sign { text: digest_of(&text) });
    let ad_referendum = step(Step::SignAdReferendum, whole);
    let signed = world.act(B, Role::Head, START + 3, ad_referendum.clone());
    world.holds(signed);
    let twice = world.act(B, Role::Head, START + 4, ad_referendum);
    world.void(twice, "already signed ad referendum");
    let state = world.state();
    assert_eq!(state.in_force, None);
    assert_eq!(state.pending[&signed].waits, Waits::Capital);
    let by_head = world.act(B, Role::Head, START + 5, reply(Answering::Confirm, signed));
    world.unconfirmed(by_head, "no power to confirm");
    let by_other = world.act(A, Role::Minister, START + 6, reply(Answering::Confirm, signed));
    world.void(by_other, "another party's act");
    let confirmed = world.act(B, Role::Minister, START + 7, reply(Answering::Confirm, signed));
    world.holds(confirmed);
    let state = world.state();
    assert_eq!(state.in_force.unwrap().since, at(START + 7));
    assert!(state.pending.is_empty());
    let again = world.act(B, Role::Minister, START + 8, reply(Answering::Confirm, signed));
    world.void(again, "nothing with that digest waits");
}

#[test]
fn an_act_without_authority_has_its_effect_when_it_is_confirmed() {
    let mut world = World::new(2);
    let text = text(2);
    let digest = digest_of(&text);
    world.act(A, Role::Head, START + 1, propose(&text));
    world.act(A, Role::Minister, START + 2, Body::Sign { text: digest });
    let by_head = world.act(B, Role::Head, START + 3, Body::Sign { text: digest });
    world.unconfirmed(by_head, "no power to sign");
    assert_eq!(world.state().in_force, None);
    let by_analyst = world.act(B, Role::Analyst, START + 4, reply(Answering::Confirm, by_head));
    world.unconfirmed(by_analyst, "no power to confirm");
    let confirmed = world.act(B, Role::Minister, START + 5, reply(Answering::Confirm, by_head));
    world.holds(confirmed);
    assert_eq!(world.state().in_force.unwrap().since, at(START + 5), "from the confirmation on");
}

#[test]
fn an_agreement_becomes_more_when_the_capital_confirms_it_and_less_when_it_is_retracted() {
    let mut world = World::new(2);
    let agree = step(Step::AgreeAdReferendum, subject());
    let agreed = world.act(A, Role::Head, START + 1, agree);
    let confirmed = world.act(A, Role::Minister, START + 11, reply(Answering::Confirm, agreed));
    world.holds(confirmed);
    let topic = Topic::Subject("working group".to_owned());
    let level = |world: &World, time| {
        world.state().stand_at(world.ids[A], &topic, at(time)).map(|stand| stand.level)
    };
    assert_eq!(level(&world, START + 12), Some(Level::Agreed));
    let old = world.act(A, Role::Head, START + 21, reply(Answering::Retract, agreed));
    world.void(old, "not what the party stands on");
    let other = world.act(B, Role::Head, START + 22, reply(Answering::Retract, confirmed));
    world.void(other, "another party's act");
    let back = world.act(A, Role::Minister, START + 31, reply(Answering::Retract, confirmed));
    let shown = reversal(&world, back);
    assert_eq!((shown.before, shown.after), (Level::Agreed, Span::seconds(20)));
    assert_eq!(level(&world, START + 40), Some(Level::Withdrawn));
    let nothing =
        world.act(A, Role::Head, START + 50, reply(Answering::Retract, Digest::new([3; 32])));
    world.void(nothing, "no act with that digest");
}

#[test]
fn a_retracted_signature_binds_nobody_and_what_is_in_force_can_t_be_retracted() {
    let mut world = World::new(2);
    let text = text(2);
    let sign = || Body::Sign { text: digest_of(&text) };
    world.act(A, Role::Head, START + 1, propose(&text));
    let signed = world.act(A, Role::Minister, START + 2, sign());
    let back = world.act(A, Role::Minister, START + 3, reply(Answering::Retract, signed));
    assert_eq!(reversal(&world, back).before, Level::Signed);
    world.act(B, Role::Minister, START + 4, sign());
    assert_eq!(world.state().in_force, None);
    let again = world.act(A, Role::Minister, START + 5, sign());
    world.holds(again);
    assert!(world.state().in_force.is_some());
    let late = world.act(A, Role::Minister, START + 6, reply(Answering::Retract, again));
    world.void(late, "in force");
}

#[test]
fn a_notice_can_be_revoked_until_it_takes_effect() {
    let text = text(2);
    let digest = digest_of(&text);
    let mut world = World::agreed(2, &text);
    let given = START + DAY;
    let ends = given + 90 * DAY;
    let notice = world.act(A, Role::Minister, given, denounce(digest, ends));
    let by_other = world.act(B, Role::Minister, given + 1, reply(Answering::RevokeNotice, notice));
    world.void(by_other, "another party's notice");
    let revoked = world.act(A, Role::Minister, given + 2, reply(Answering::RevokeNotice, notice));
    world.holds(revoked);
    let state = world.state();
    assert_eq!(state.notice, None);
    assert!(state.in_force_at(at(ends + DAY)).is_ok());
    let stand = state.stand_at(world.ids[A], &clause("1"), at(ends)).unwrap();
    assert_eq!((stand.level, stand.kind), (Level::Signed, ActKind::RevokeNotice));
    let notice = world.act(A, Role::Minister, given + 3, denounce(digest, ends + 3));
    let late = world.act(A, Role::Minister, ends + 3, reply(Answering::RevokeNotice, notice));
    world.void(late, "took effect");
}

#[test]
fn an_act_supersedes_only_what_its_party_has_done() {
    let mut world = World::new(2);
    let first = world.act(A, Role::Head, START + 1, step(Step::Float, subject()));
    let not = "supersedes an act that the party has not made";
    for (supersedes, party, says) in [
        (first, A, None),
        (first, A, Some("was superseded by")),
        (first, B, Some("supersedes an act of another party")),
        (Digest::new([7; 32]), A, Some(not)),
    ] {
        let act = world.act_superseding(
            (party, Role::Head),
            START + 2,
            supersedes,
            step(Step::Support, subject()),
        );
        match says {
            None => {
                world.holds(act);
                assert_eq!(world.state().superseded.get(&first), Some(&act));
            }
            Some(says) => world.void(act, says),
        }
    }
}

#[test]
fn a_suspension_ends_with_the_one_that_supersedes_it() {
    let text = text(2);
    let held = |clause: &str| {
        Body::Suspend(Suspension {
            text: digest_of(&text),
            effective: None,
            expires: None,
            clauses: vec![clause.to_owned()],
            ways: vec![Way { from: super::id(A), to: super::id(B) }],
            reason: "under review".to_owned(),
            answers: None,
        })
    };
    let mut world = World::agreed(2, &text);
    let first = world.act(A, Role::Minister, START + 10, held("1"));
    // Of another kind, by who may not resume: it shows and ends nothing.
    let by_head = (A, Role::Head);
    let float = step(Step::Float, subject());
    let shown = world.act_superseding(by_head, START + 11, first, float);
    world.holds(shown);
    assert!(world.state().suspensions[0].holds(at(START + 12)));
    let second = world.act(A, Role::Minister, START + 12, held("1"));
    let third = world.act_superseding((A, Role::Minister), START + 13, second, held("2"));
    world.holds(third);
    let state = world.state();
    let holds = |act: Digest| {
        state.suspensions.iter().find(|held| held.act == act).unwrap().holds(at(START + 14))
    };
    assert!(holds(first) && !holds(second) && holds(third));
}

#[test]
fn statements_made_outside_show_and_have_no_effect() {
    let mut world = World::new(2);
    let topic = Topic::Subject("impenetrable cyber security unit".to_owned());
    let statement = Statement {
        speaker: world.ids[B],
        topic: topic.clone(),
        claimed: Level::Agreed,
        made: at(START + 1),
        source: "a post".to_owned(),
        document: Digest::new([5; 32]),
        quote: "discussed forming an impenetrable cyber security unit".to_owned(),
    };
    let act = world.act(A, Role::Head, START + 5, Body::Attach(statement.clone()));
    world.holds(act);
    let state = world.state();
    assert_eq!(state.statements[0].statement, statement);
    assert_eq!(state.topics(), std::slice::from_ref(&topic));
    assert_eq!(state.stand_at(world.ids[B], &topic, at(START + 9)), None, "no effect");
    let early = Statement { made: at(START + 90), ..statement.clone() };
    let early = world.act(A, Role::Head, START + 6, Body::Attach(early));
    world.void(early, "later day");
    let stranger = Statement { speaker: super::id(super::C), ..statement };
    let stranger = world.act(A, Role::Head, START + 7, Body::Attach(stranger));
    world.void(stranger, "no party");
    world.act(A, Role::Head, START + 8, reply(Answering::Retract, act));
    assert_eq!(world.state().statements[0].retracted, Some(at(START + 8)), "it still shows");
}
