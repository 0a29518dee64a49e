//! Accords: from a text to one that is in force, and out of it again.

use detente_core::Tlp;
use detente_core::act::MAX_REASON;
use detente_core::party::Role;
use detente_node::{push, release, run_match};
use detente_testkit::{Member, SimEntropy, Terms, World};

use crate::{assert_settled, assert_sound, bring, code, matched};

const DAY: u64 = 86_400;

fn titled(title: &str) -> Terms {
    Terms { title: title.to_owned(), ..Terms::default() }
}

#[test]
fn in_force_when_both_have_signed_in_either_order() {
    for first in [0, 1] {
        let world = World::new(10 + first, 2);
        let first = usize::try_from(first).unwrap();
        let text = world.text(&Terms::default());
        let (accord, _) = world.node(0).propose(&text, None).unwrap();
        bring(&world, (0, 1), accord);
        for signer in [first, 1 - first] {
            assert!(!world.node(0).status(accord).unwrap().in_force);
            world.node(signer).sign_text(accord, None, None).unwrap();
            world.sync().unwrap();
        }
        for at in [0, 1] {
            let status = world.node(at).status(accord).unwrap();
            assert!(status.in_force, "{}", status.standing);
            assert_eq!(status.texts.len(), 1);
            assert_eq!(world.node(at).text(accord, None).unwrap(), text);
        }
        assert_settled(&world, accord);
        assert_sound(&world, accord);
    }
}

#[test]
fn both_sign_without_having_seen_the_other_sign() {
    let world = World::new(12, 2);
    let text = world.text(&Terms::default());
    let (accord, _) = world.node(0).propose(&text, None).unwrap();
    bring(&world, (0, 1), accord);
    world.node(0).sign_text(accord, None, None).unwrap();
    world.node(1).sign_text(accord, None, None).unwrap();
    world.sync().unwrap();
    assert!(world.node(0).status(accord).unwrap().in_force);
    // The next act rests on both signatures, which no act says it has seen.
    assert_eq!(crate::run(&world, (0, 1), accord).common, Some(0));
    assert_settled(&world, accord);
    assert_sound(&world, accord);
}

#[test]
fn both_propose_the_same_text_on_their_own() {
    let world = World::new(13, 2);
    let text = world.text(&Terms::default());
    let (accord, _) = world.node(0).propose(&text, None).unwrap();
    assert_eq!(world.node(1).propose(&text, None).unwrap().0, accord);
    world.sync().unwrap();
    world.node(0).sign_text(accord, None, None).unwrap();
    world.node(1).sign_text(accord, None, None).unwrap();
    world.sync().unwrap();
    assert!(world.node(1).status(accord).unwrap().in_force);
    assert_settled(&world, accord);
    assert_sound(&world, accord);
}

#[test]
fn a_refusal_is_on_record_and_can_be_taken_back() {
    let world = World::new(14, 2);
    let text = world.text(&Terms::default());
    let (accord, _) = world.node(0).propose(&text, None).unwrap();
    world.node(0).sign_text(accord, None, None).unwrap();
    bring(&world, (0, 1), accord);
    world.node(1).refuse_text(accord, None, "clause 2 goes too far", None).unwrap();
    world.sync().unwrap();
    let status = world.node(0).status(accord).unwrap();
    assert!(!status.in_force);
    let (_, words) = &status.texts[0].positions[1];
    assert!(words.contains("goes too far"), "{words}");
    // Nothing is open to B now, unless it names the text.
    assert_eq!(code(world.node(1).sign_text(accord, None, None)), "unknown");
    let digest = status.texts[0].digest.clone();
    world.node(1).sign_text(accord, Some(&digest[..8]), None).unwrap();
    world.sync().unwrap();
    assert!(world.node(0).status(accord).unwrap().in_force);
    let refused = world.node(1).refuse_text(accord, Some(&digest), "too late", None);
    assert_eq!(code(refused), "in_force");
    assert_settled(&world, accord);
    assert_sound(&world, accord);
}

#[test]
fn among_several_open_texts_one_must_be_named() {
    let world = World::new(15, 2);
    let first = world.text(&titled("First"));
    let second = world.text(&titled("Second"));
    let (accord, _) = world.node(0).propose(&first, None).unwrap();
    world.node(0).propose(&second, None).unwrap();
    bring(&world, (0, 1), accord);
    for at in [0, 1] {
        let signed = world.node(at).sign_text(accord, None, None);
        assert_eq!(code(signed), "several_texts");
    }
    let texts = world.node(1).status(accord).unwrap().texts;
    let second = texts.iter().find(|text| text.title == "Second").unwrap();
    let first = texts.iter().find(|text| text.title == "First").unwrap();
    assert_eq!(
        code(world.node(1).sign_text(accord, Some(&second.digest[..7]), None)),
        "unknown",
        "seven digits are too few"
    );
    for at in [0, 1] {
        let mut node = world.node(at);
        node.sign_text(accord, Some(&second.digest), None).unwrap();
    }
    world.sync().unwrap();
    let status = world.node(0).status(accord).unwrap();
    assert_eq!(status.text.as_deref(), Some(second.digest.as_str()));
    // The other one is still open, and signing it replaces the text in force.
    for at in [0, 1] {
        world.clock_tick(60);
        world.node(at).sign_text(accord, None, None).unwrap();
        world.sync().unwrap();
    }
    let status = world.node(1).status(accord).unwrap();
    assert_eq!(status.text.as_deref(), Some(first.digest.as_str()));
    let again = world.node(0).sign_text(accord, Some(&first.digest), None);
    assert_eq!(code(again), "already_signed");
    assert_settled(&world, accord);
    assert_sound(&world, accord);
}

#[test]
fn strangers_and_outsiders_are_refused() {
    let world = World::new(16, 2);
    let stranger = Member::new("CERT X", SimEntropy::new(7));
    let ids = [world.members[0].id, stranger.id];
    let text = Terms::default().text(&ids);
    assert_eq!(code(world.node(0).propose(&text, None)), "stranger");
    let ids = [world.members[1].id, stranger.id];
    let text = Terms::default().text(&ids);
    assert_eq!(code(world.node(0).propose(&text, None)), "not_a_party");
    assert!(world.node(0).propose(b"format = 1", None).is_err());
    assert!(world.node(0).accords().is_empty());
    // A knows all three and proposes; B has no card of the third and takes no part.
    world.node(0).add_party(stranger.card.bytes()).unwrap();
    let ids = [world.members[0].id, world.members[1].id, stranger.id];
    let text = Terms::default().text(&ids);
    let (accord, _) = world.node(0).propose(&text, None).unwrap();
    let pushed = push(&world.members[0].shared, &world.link(0, 1), accord);
    assert_eq!(code(pushed), "accord_stranger");
    assert!(world.node(1).accords().is_empty());
}

#[test]
fn one_accord_that_is_refused_does_not_hold_up_the_others() {
    let (world, accord) = World::in_force(17, &Terms::default());
    let stranger = Member::new("CERT X", SimEntropy::new(7));
    world.node(0).add_party(stranger.card.bytes()).unwrap();
    let ids = [world.members[0].id, world.members[1].id, stranger.id];
    // Slugs on both sides of the good one, so that order does not decide.
    for slug in ["aaa", "zzz"] {
        let terms = Terms { slug: slug.to_owned(), ..Terms::default() };
        world.node(0).propose(&terms.text(&ids), None).unwrap();
    }
    world.members[0].hold_domains(&["x.example"], Tlp::Green);
    world.members[1].hold_domains(&["x.example"], Tlp::Green);
    // B asks A for what waits; A's other accords are none of B's business.
    let report = crate::run(&world, (1, 0), accord);
    assert_eq!(report.common, Some(1));
}

#[test]
fn roles_do_what_their_powers_allow() {
    let world = World::new(18, 2);
    let text = world.text(&Terms::default());
    for role in [Role::Analyst, Role::DutyOfficer] {
        let proposed = world.node(0).propose(&text, Some(role));
        assert_eq!(code(proposed), "no_authority");
    }
    let (accord, _) = world.node(0).propose(&text, Some(Role::Head)).unwrap();
    bring(&world, (0, 1), accord);
    for role in [Role::Analyst, Role::DutyOfficer, Role::Head] {
        let signed = world.node(1).sign_text(accord, None, Some(role));
        assert_eq!(code(signed), "no_authority");
    }
    for at in [0, 1] {
        let mut node = world.node(at);
        node.sign_text(accord, None, Some(Role::Minister)).unwrap();
    }
    world.sync().unwrap();
    assert!(world.node(0).status(accord).unwrap().in_force);
    assert_sound(&world, accord);
}

#[test]
fn a_text_narrows_who_may_act() {
    let world = World::new(19, 2);
    let terms = Terms {
        more: "[[authority]]\nparty = \"A\"\nrole = \"minister\"\nmay = [\"sign\"]\n".to_owned(),
        ..Terms::default()
    };
    let accord = world.agree(&terms);
    let match_it = |from: usize, to: usize| {
        let link = world.link(from, to);
        let shared = &world.members[from].shared;
        run_match(shared, &|| Ok(Box::new(&link)), accord, ("1", false), &mut |_| {})
    };
    world.members[0].hold_domains(&["x.example"], Tlp::Green);
    assert_eq!(code(match_it(0, 1)), "no_authority");
    // A's analyst may not even answer; B learns that, and the run is closed on its side.
    assert_eq!(code(match_it(1, 0)), "no_authority");
    let state = world.node(1).state(accord).unwrap().clone();
    assert_eq!(state.runs.len(), 1);
    assert!(state.runs.values().all(|run| run.closes.len() == 1));
}

#[test]
fn a_notice_of_leaving_runs_and_then_ends_the_accord() {
    let (world, accord) = World::in_force(20, &Terms::default());
    world.members[0].hold_domains(&["x.example"], Tlp::Green);
    world.members[1].hold_domains(&["x.example"], Tlp::Green);
    let run = matched(&world, accord);
    world.node(1).denounce(accord, "no longer in our interest", None).unwrap();
    world.sync().unwrap();
    let status = world.node(0).status(accord).unwrap();
    assert!(status.in_force && status.notice.is_some());
    let twice = world.node(1).denounce(accord, "again", None).unwrap();
    let words = world.node(1).summary(accord, twice).unwrap();
    assert!(words.contains("without effect"), "{words}");
    world.clock_tick(30 * DAY - 1);
    assert!(world.node(0).status(accord).unwrap().in_force);
    world.clock_tick(1);
    let status = world.node(0).status(accord).unwrap();
    assert!(!status.in_force, "{}", status.standing);
    let shared = &world.members[0].shared;
    let link = world.link(0, 1);
    let again = run_match(shared, &|| Ok(Box::new(&link)), accord, ("1", false), &mut |_| {});
    assert_eq!(code(again), "match_not_in_force");
    assert_eq!(code(release(shared, &link, accord, run)), "not_in_force");
    world.sync().unwrap();
    assert_settled(&world, accord);
    assert_sound(&world, accord);
}

#[test]
fn a_stop_blocks_matching_and_release_until_it_is_lifted_or_lapses() {
    let (world, accord) = World::in_force(21, &Terms::default());
    world.members[0].hold_domains(&["x.example"], Tlp::Green);
    world.members[1].hold_domains(&["x.example"], Tlp::Green);
    let run = matched(&world, accord);
    let shared = &world.members[0].shared;
    let blocked = |why: &str| {
        let link = world.link(0, 1);
        let again = run_match(shared, &|| Ok(Box::new(&link)), accord, ("1", false), &mut |_| {});
        assert_eq!(code(again), "match_stopped", "{why}");
        let report = release(shared, &link, accord, run).unwrap();
        assert_eq!((report.allowed, report.denied), (0, 1), "{why}");
        assert_eq!(report.objects[0].code, "stopped", "{why}");
    };
    let duty = Some(Role::DutyOfficer);
    world.node(1).stop(accord, "an incident", duty).unwrap();
    // A does not know of it before the next contact: both use cases begin with one.
    blocked("B's stop");
    assert!(world.node(0).status(accord).unwrap().stopped.is_some());
    assert_eq!(code(world.node(0).resume(accord, "no", None)), "no_stop");
    world.node(1).resume(accord, "it is over", None).unwrap();
    world.sync().unwrap();
    assert_eq!(crate::run(&world, (0, 1), accord).common, Some(1));
    world.node(0).stop(accord, "another", duty).unwrap();
    blocked("the own stop");
    world.clock_tick(10 * DAY);
    assert_eq!(crate::run(&world, (0, 1), accord).common, Some(1));
    let report = release(shared, &world.link(0, 1), accord, run).unwrap();
    assert_eq!(report.allowed, 1);
    assert!(report.receipt.is_some());
    world.sync().unwrap();
    assert_settled(&world, accord);
    assert_sound(&world, accord);
}

#[test]
fn a_stop_is_heard_though_the_clock_is_slow() {
    let (world, accord) = World::in_force(22, &Terms::default());
    // The signatures are of a time that has not come for this duty officer.
    world.members[1].clock.back(DAY);
    world.node(1).stop(accord, "now", None).unwrap();
    world.sync().unwrap();
    let stopped = world.node(0).state(accord).unwrap().stops.len();
    assert_eq!(stopped, 1);
    assert_settled(&world, accord);
    assert_sound(&world, accord);
}

#[test]
fn a_clock_that_is_set_back_writes_nothing_that_breaks_the_accord() {
    let terms = Terms { expires: "2027-02-15".to_owned(), ..Terms::default() };
    let (world, accord) = World::in_force(23, &terms);
    world.members[0].hold_domains(&["x.example"], Tlp::Green);
    world.members[1].hold_domains(&["x.example"], Tlp::Green);
    let run = matched(&world, accord);
    world.clock_tick(60 * DAY);
    // After the end, A's log moves on: its time can't go back any more.
    world.node(0).propose(&world.text(&Terms::default()), None).unwrap();
    world.members[0].clock.back(60 * DAY);
    let shared = &world.members[0].shared;
    let link = world.link(0, 1);
    let again = run_match(shared, &|| Ok(Box::new(&link)), accord, ("1", false), &mut |_| {});
    assert_eq!(code(again), "match_not_in_force");
    assert!(release(shared, &link, accord, run).is_err_and(|e| e.code() == "not_in_force"));
    assert_eq!(code(world.node(0).denounce(accord, "late", None)), "not_in_force");
    world.sync().unwrap();
    assert_settled(&world, accord);
    assert_sound(&world, accord);
}

#[test]
fn a_text_that_has_expired_is_neither_proposed_nor_signed() {
    let world = World::new(25, 2);
    let text = world.text(&Terms { expires: "2027-02-15".to_owned(), ..Terms::default() });
    let (accord, _) = world.node(0).propose(&text, None).unwrap();
    bring(&world, (0, 1), accord);
    world.node(0).sign_text(accord, None, None).unwrap();
    let before = size_of_own(&world, accord);
    world.clock_tick(60 * DAY);
    assert_eq!(code(world.node(1).sign_text(accord, None, None)), "expired");
    assert_eq!(code(world.node(0).propose(&text, None)), "expired");
    assert_eq!(size_of_own(&world, accord), before, "nothing was written");
    // Another text of the same accord, in time, may follow.
    world.node(0).propose(&world.text(&titled("Later")), None).unwrap();
    world.sync().unwrap();
    assert!(!world.node(1).status(accord).unwrap().in_force);
}

#[test]
fn a_role_without_the_power_is_told_which_have_it() {
    let (world, accord) = World::in_force(26, &Terms::default());
    let remedy = |role| {
        let error = world.node(0).stop(accord, "why", Some(role)).unwrap_err();
        assert_eq!(error.code(), "no_authority");
        error.remedy().unwrap_or_default().to_owned()
    };
    // The head's card has the power, but the text's `stop_by` does not name it.
    for role in [Role::Head, Role::Analyst] {
        assert_eq!(remedy(role), "let a role act that may: --as minister or --as duty-officer");
    }
}

#[test]
fn a_reason_that_is_too_long_is_the_callers_fault() {
    let (world, accord) = World::in_force(24, &Terms::default());
    let long = "x".repeat(MAX_REASON + 1);
    let before = size_of_own(&world, accord);
    assert_eq!(code(world.node(0).stop(accord, &long, None)), "reason_too_long");
    assert_eq!(code(world.node(0).denounce(accord, &long, None)), "reason_too_long");
    let second = world.text(&titled("Second"));
    world.node(0).propose(&second, None).unwrap();
    let refused = world.node(0).refuse_text(accord, None, &long, None);
    assert_eq!(code(refused), "reason_too_long");
    assert_eq!(size_of_own(&world, accord), before + 1, "only the proposal");
    let fits = "x".repeat(MAX_REASON);
    world.node(0).refuse_text(accord, None, &fits, None).unwrap();
}

fn size_of_own(world: &World, accord: detente_core::AccordId) -> u64 {
    crate::size(world, 0, accord, world.members[0].id)
}

#[test]
fn a_text_of_another_accord_can_be_had_by_its_own_name_only() {
    let world = World::new(25, 2);
    let one = world.agree(&Terms::default());
    let other = world.agree(&Terms { slug: "test-1".to_owned(), ..Terms::default() });
    assert_ne!(one, other);
    let node = world.node(1);
    assert_eq!(node.find_accord("test-0").unwrap(), one);
    assert_eq!(node.find_accord(&other.to_string()[..8]).unwrap(), other);
    assert_eq!(code(node.find_accord("test")), "unknown");
    assert_eq!(node.accords().len(), 2);
    assert!(node.state(one).unwrap().in_force.is_some());
}
