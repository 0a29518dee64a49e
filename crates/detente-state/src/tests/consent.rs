//! Consent of an originator: A holds what B released, and would pass it on to C.

use super::release::release;
use super::stand::reply;
use super::{A, B, C, DAY, START, World, at, card, fill, key, text};
use crate::{ConsentAnswer, ConsentGap, MAX_OPEN_ASKS, Passing};
use detente_core::act::{
    Act, Answering, Body, Consent, ConsentAsk, ConsentRefusal, ConsentScope, Header, Passage,
    Presented, ReleaseBody,
};
use detente_core::party::Role;
use detente_core::{AccordId, Digest, Purpose};

const DUE: u64 = START + 10 * DAY;

/// What goes on of the object with this number.
fn goes(number: u8) -> Digest {
    Digest::new([100 + number; 32])
}

/// Three parties; B has released objects 0 and 1 to A, and A has acknowledged them.
fn world() -> World {
    let text = text(3);
    let mut world = World::agreed(3, &text);
    let to = Some(world.ids[A]);
    let body = ReleaseBody { to, ..release(&text, None, &["2", "2"]) };
    let manifest = body.manifest_digest();
    let released = world.act(B, Role::Analyst, START + 10, Body::Release(body));
    let receipt = Body::Receipt { release: released, manifest };
    world.act(A, Role::Analyst, START + 11, receipt);
    world
}

fn scope(world: &World, objects: &[u8]) -> ConsentScope {
    let passage = |number: &u8| Passage { came: Digest::new([*number; 32]), goes: goes(*number) };
    ConsentScope {
        objects: objects.iter().map(passage).collect(),
        holder: world.ids[A],
        receiver: world.ids[C],
        accord: world.accord,
        clause: "2".to_owned(),
        purpose: None,
        transforms: Vec::new(),
        expires: at(DUE),
    }
}

fn ask_for(world: &World, scope: ConsentScope) -> Body {
    let originator = world.ids[B];
    Body::AskConsent(ConsentAsk { originator, scope, reason: "they are hit too".to_owned() })
}

fn consent_to(ask: Digest, scope: ConsentScope) -> Body {
    Body::Consent(Consent { ask, scope, note: String::new() })
}

fn refusal(ask: Digest) -> Body {
    Body::RefuseConsent(ConsentRefusal { ask, reason: "not to them".to_owned() })
}

fn retract(act: Digest) -> Body {
    reply(Answering::Retract, act)
}

/// B has consented to both objects; gives request and consent.
fn consented(world: &mut World) -> (Digest, Digest) {
    let all = scope(world, &[0, 1]);
    let ask = ask_for(world, all.clone());
    let ask = world.act(A, Role::Analyst, START + 20, ask);
    world.holds(ask);
    let given = world.act(B, Role::Head, START + 30, consent_to(ask, all));
    world.holds(given);
    (ask, given)
}

/// What A asks of a consent when it releases object 0 to C.
fn passing(world: &World, now: u64) -> Passing<'static> {
    Passing {
        holder: world.ids[A],
        receiver: world.ids[C],
        clause: "2",
        originator: world.ids[B],
        purpose: None,
        address: Some(goes(0)),
        now: at(now),
    }
}

#[test]
fn a_consent_carries_what_it_names_and_nothing_else() {
    let mut world = world();
    let (_, given) = consented(&mut world);
    let state = world.state();
    let own = passing(&world, START + 40);
    assert_eq!(state.consented(Some(given), &own), Ok(()));
    assert_eq!(state.consented(None, &own), Err(ConsentGap::Missing));
    assert_eq!(state.consented(Some(goes(0)), &own), Err(ConsentGap::Unknown));
    let ids = &world.ids;
    for (other, gap) in [
        (Passing { originator: ids[A], ..own }, ConsentGap::OtherOriginator),
        (Passing { holder: ids[C], ..own }, ConsentGap::OtherHolder),
        (Passing { receiver: ids[B], ..own }, ConsentGap::OtherReceiver),
        (Passing { clause: "3", ..own }, ConsentGap::OtherClause),
        (Passing { address: Some(Digest::new([0; 32])), ..own }, ConsentGap::OtherObject),
        (Passing { now: at(DUE), ..own }, ConsentGap::Expired(at(DUE))),
    ] {
        assert_eq!(state.consented(Some(given), &other), Err(gap), "{other:?}");
    }
}

#[test]
fn a_consent_for_a_purpose_carries_what_is_marked_so() {
    let mut world = world();
    let narrow = ConsentScope { purpose: Some(Purpose::NetworkDefence), ..scope(&world, &[0]) };
    let ask = ask_for(&world, narrow.clone());
    let ask = world.act(A, Role::Analyst, START + 20, ask);
    let given = world.act(B, Role::Minister, START + 30, consent_to(ask, narrow));
    let (state, own) = (world.state(), passing(&world, START + 40));
    assert_eq!(state.consented(Some(given), &own), Err(ConsentGap::OtherPurpose));
    let marked = Passing { purpose: Some(Purpose::NetworkDefence), ..own };
    assert_eq!(state.consented(Some(given), &marked), Ok(()));
    let other = Passing { purpose: Some(Purpose::Intelligence), ..own };
    assert_eq!(state.consented(Some(given), &other), Err(ConsentGap::OtherPurpose));
}

#[test]
fn only_who_was_asked_answers_and_once() {
    let mut world = world();
    let all = scope(&world, &[0, 1]);
    let ask = ask_for(&world, all.clone());
    let ask = world.act(A, Role::Analyst, START + 20, ask);
    for party in [A, C] {
        let act = world.act(party, Role::Head, START + 21, consent_to(ask, all.clone()));
        world.void(act, "another party was asked");
        let act = world.act(party, Role::Head, START + 21, refusal(ask));
        world.void(act, "another party was asked");
    }
    let act = world.act(B, Role::Analyst, START + 22, consent_to(ask, all.clone()));
    world.unconfirmed(act, "no power to consent");
    // Nor does a confirmation make one of it: acts that rest on what others hold are made anew.
    let confirm = world.act(B, Role::Minister, START + 23, reply(Answering::Confirm, act));
    world.void(confirm, "nothing with that digest waits");
    let act = world.act(B, Role::Head, START + 24, consent_to(goes(0), all.clone()));
    world.void(act, "no such request");
    let act = world.act(B, Role::Head, START + 25, refusal(ask));
    world.holds(act);
    let act = world.act(B, Role::Head, START + 26, consent_to(ask, all));
    world.void(act, "answered already");
    let state = world.state();
    let asked = state.consents.ask(ask).unwrap();
    assert!(
        matches!(&asked.answer, ConsentAnswer::Refused { reason, .. } if reason == "not to them")
    );
}

#[test]
fn a_consent_is_never_wider_than_what_was_asked() {
    let mut world = world();
    let one = scope(&world, &[0]);
    let ask = ask_for(&world, one.clone());
    let ask = world.act(A, Role::Analyst, START + 20, ask);
    for wider in [
        scope(&world, &[0, 1]),
        ConsentScope { expires: at(DUE + 1), ..one.clone() },
        ConsentScope { receiver: world.ids[B], ..one.clone() },
        ConsentScope { clause: "3".to_owned(), ..one.clone() },
    ] {
        let act = world.act(B, Role::Head, START + 21, consent_to(ask, wider));
        world.void(act, "other things than were asked");
    }
    let sooner = ConsentScope { expires: at(START + DAY), ..one };
    let act = world.act(B, Role::Head, START + 22, consent_to(ask, sooner));
    world.holds(act);
    let late = passing(&world, START + DAY);
    let gap = ConsentGap::Expired(at(START + DAY));
    assert_eq!(world.state().consented(Some(act), &late), Err(gap));
}

#[test]
fn one_asks_for_what_one_got_of_who_released_it() {
    let mut world = world();
    let ids = world.ids.clone();
    let own = scope(&world, &[0]);
    let not_got = ask_for(&world, scope(&world, &[0, 7]));
    let act = world.act(A, Role::Analyst, START + 20, not_got);
    world.void(act, "none that the originator released");
    // C has seen the release on record, and got nothing of it.
    let by_c = ConsentScope { holder: ids[C], receiver: ids[A], ..own.clone() };
    let act = ask_for(&world, by_c);
    let act = world.act(C, Role::Analyst, START + 20, act);
    world.void(act, "none that the originator released");
    let for_c = ConsentScope { holder: ids[C], receiver: ids[A], ..own.clone() };
    let act = ask_for(&world, for_c);
    let act = world.act(A, Role::Analyst, START + 21, act);
    world.void(act, "asks for itself alone");
    let stranger = ConsentAsk {
        originator: detente_core::PartyId::new([9; 32]),
        scope: own.clone(),
        reason: "x".to_owned(),
    };
    let act = world.act(A, Role::Analyst, START + 22, Body::AskConsent(stranger));
    world.void(act, "no party of this accord");
    let over = ask_for(&world, ConsentScope { expires: at(START + 1), ..own.clone() });
    let act = world.act(A, Role::Analyst, START + 23, over);
    world.void(act, "ended on");
    let nobody = ConsentScope { receiver: detente_core::PartyId::new([9; 32]), ..own };
    let act = ask_for(&world, nobody);
    let act = world.act(A, Role::Analyst, START + 24, act);
    world.void(act, "receiver is no party");
}

#[test]
fn requests_that_wait_are_bounded_and_free_their_place() {
    let mut world = world();
    let ask = ask_for(&world, scope(&world, &[0]));
    let first = world.act(A, Role::Analyst, START + 20, ask.clone());
    for _ in 1..MAX_OPEN_ASKS {
        world.act(A, Role::Analyst, START + 20, ask.clone());
    }
    let act = world.act(A, Role::Analyst, START + 20, ask.clone());
    world.void(act, "wait already");
    world.act(B, Role::Head, START + 21, refusal(first));
    let act = world.act(A, Role::Analyst, START + 22, ask.clone());
    world.holds(act);
    let act = world.act(A, Role::Minister, START + 23, retract(act));
    world.holds(act);
    let act = world.act(A, Role::Analyst, START + 24, ask);
    world.holds(act);
    // Those whose end has come wait no more.
    let late = ask_for(&world, ConsentScope { expires: at(DUE + 9), ..scope(&world, &[0]) });
    let act = world.act(A, Role::Analyst, DUE, late);
    world.holds(act);
}

#[test]
fn a_consent_taken_back_carries_nothing_from_who_has_seen_it() {
    let mut world = world();
    let (ask, given) = consented(&mut world);
    let back = world.act(A, Role::Minister, START + 31, retract(given));
    world.void(back, "another party's act");
    let back = world.act(B, Role::Minister, START + 32, retract(ask));
    world.void(back, "another party's act");
    let before: Vec<u64> = world.logs.iter().map(|log| log.len() as u64).collect();
    // B takes it back, and dates that as early as its log lets it.
    let back = world.act(B, Role::Minister, START + 32, retract(given));
    world.holds(back);
    let again = world.act(B, Role::Minister, START + 32, retract(given));
    world.void(again, "taken back already");
    let body = Body::Release(release(&text(3), None, &["2"]));
    let unknowing = world.act_seen((A, Role::Analyst), START + 50, &before, body.clone());
    let knowing = world.act(A, Role::Analyst, START + 51, body);
    let logs = world.gather();
    let own = passing(&world, START + 50);
    let judged = |act: Digest| {
        let act = world.logs[A].iter().find(|known| known.digest() == act).unwrap();
        logs.fold_known_to(act).consented(Some(given), &own)
    };
    assert_eq!(judged(unknowing), Ok(()), "A had not seen it");
    assert_eq!(judged(knowing), Err(ConsentGap::Retracted));
    assert_eq!(world.state().consented(Some(given), &own), Err(ConsentGap::Retracted));
}

/// A wrote nothing for long: it could date a release before the end. What it has seen is later.
#[test]
fn a_release_dated_back_does_not_outlive_the_consent() {
    for (by, ended) in [(B, true), (C, true), (A, false)] {
        let mut world = world();
        let (_, given) = consented(&mut world);
        let role = Role::DutyOfficer;
        world.act(by, role, DUE + 5, super::stop());
        let own = passing(&world, DUE - 1);
        let found = world.state().consented(Some(given), &own);
        // Its own later clock binds A by its log, whose times never go back.
        assert_eq!(found.is_err(), ended, "{by}");
    }
}

/// B consents in an accord with A alone; A shows it in this one, with C.
fn shown(other: AccordId, role: Role, scope: ConsentScope) -> Presented {
    let header = Header {
        accord: other,
        author: super::id(B),
        kind: detente_core::act::ActKind::Consent,
        sequence: 5,
        time: at(START + 30),
        supersedes: None,
        seen: Vec::new(),
        body: Digest::new([0; 32]),
    };
    let body = consent_to(Digest::new([6; 32]), scope);
    let act = Act::create(header, body, [1; 32], key(fill(B) + role.code()));
    let card = card("CERT Beta", fill(B));
    Presented::open(card.bytes(), act.leaf(), *act.salt(), act.body_bytes()).unwrap()
}

#[test]
fn a_consent_of_another_accord_is_shown_by_its_holder_and_carries_the_same() {
    let mut world = World::agreed(2, &text(2));
    let other = AccordId::new([8; 32]);
    let scope = ConsentScope {
        objects: vec![Passage { came: Digest::new([0; 32]), goes: goes(0) }],
        holder: world.ids[A],
        receiver: super::id(C),
        accord: world.accord,
        clause: "2".to_owned(),
        purpose: None,
        transforms: Vec::new(),
        expires: at(DUE),
    };
    let body = |scope: &ConsentScope, accord| {
        Body::PresentConsent(Box::new(shown(accord, Role::Head, scope.clone())))
    };
    let act = world.act(A, Role::Analyst, START + 40, body(&scope, other));
    world.void(act, "receiver is no party");

    // With C in the place of B.
    let mut world = World::agreed(3, &text(3));
    let scope = ConsentScope { accord: world.accord, receiver: world.ids[C], ..scope };
    let act = world.act(C, Role::Analyst, START + 40, body(&scope, other));
    world.void(act, "not for this party");
    let elsewhere = ConsentScope { accord: other, ..scope.clone() };
    let act = world.act(A, Role::Analyst, START + 40, body(&elsewhere, other));
    world.void(act, "not for this party under this accord");
    let act = world.act(A, Role::Analyst, START + 40, body(&scope, world.accord));
    world.void(act, "stands in its own record");
    let act = world.act(A, Role::Head, START + 40, body(&scope, other));
    world.unconfirmed(act, "no power");
    let show = body(&scope, other);
    let Body::PresentConsent(presented) = &show else { unreachable!() };
    let given = presented.digest();
    let act = world.act(A, Role::Analyst, START + 41, show.clone());
    world.holds(act);
    assert!(world.event(act).summary.contains("CERT Beta"), "{:?}", world.event(act));
    let act = world.act(A, Role::Analyst, START + 42, show);
    world.void(act, "shown already");
    let (state, own) = (world.state(), passing(&world, START + 50));
    assert_eq!(state.consented(Some(given), &own), Ok(()));
    let late = Passing { now: at(DUE), ..own };
    assert_eq!(state.consented(Some(given), &late), Err(ConsentGap::Expired(at(DUE))));
    let other = Passing { address: Some(goes(1)), ..own };
    assert_eq!(state.consented(Some(given), &other), Err(ConsentGap::OtherObject));
}

#[test]
fn a_release_names_another_party_and_one_of_its_run() {
    let text = text(3);
    let mut world = World::agreed(3, &text);
    for (to, says) in [(world.ids[A], "no other party"), (super::id(7), "no other party")] {
        let body = ReleaseBody { to: Some(to), ..release(&text, None, &["2"]) };
        let act = world.act(A, Role::Analyst, START + 10, Body::Release(body));
        world.void(act, says);
    }
    let body = ReleaseBody { to: Some(world.ids[C]), ..release(&text, None, &["2"]) };
    let act = world.act(A, Role::Analyst, START + 11, Body::Release(body));
    world.holds(act);
    // What came is what came to oneself.
    let (state, month) = (world.state(), "P30D".parse().unwrap());
    let came = |to: usize| state.came(world.ids[A], world.ids[to], month, at(START + 12));
    assert_eq!((came(B), came(C)), (0, 1));
}
