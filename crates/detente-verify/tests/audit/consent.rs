//! Releases of what another party controls, as an auditor replays them: by the consent that the
//! release names, what its author had seen of it, and nothing that anybody says besides.

use detente_core::act::{
    Act, ActKind, Answering, Body, Consent, ConsentAsk, ConsentScope, Header, Passage, Presented,
    ReleaseBody, Reply, onward,
};
use detente_core::object::Object;
use detente_core::party::Role;
use detente_core::{AccordId, Digest, PartyId, Purpose, Tlp, UnixSeconds};
use detente_gate::{Ground, Release};
use detente_verify::Severity;

use crate::forgery::{report, the};
use crate::sound::{assert_sound as sound, codes};
use crate::world::{A, B, C, Side, World, key, object};

const DUE: u64 = crate::world::START + 30 * 86_400;

/// What the third party's object looks like as it goes on.
fn marked(originator: PartyId, value: &str) -> Object {
    onward(&object(value, Tlp::Green), originator, None).unwrap()
}

fn scope(world: &World, holder: usize, receiver: PartyId, goes: &Object) -> ConsentScope {
    let came = Object::address(&object(&goes.value, Tlp::Green).encode());
    ConsentScope {
        objects: vec![Passage { came, goes: Object::address(&goes.encode()) }],
        holder: world.id(holder),
        receiver,
        accord: world.accord,
        clause: "2".to_owned(),
        purpose: None,
        transforms: Vec::new(),
        expires: UnixSeconds::new(DUE),
    }
}

/// A release by hand, past the gate, to the only or to this receiver.
fn by_hand(world: &mut World, to: usize, consent: Option<Digest>, goes: &Object) -> ReleaseBody {
    let body = world.self_made(None, std::slice::from_ref(goes));
    ReleaseBody { to: Some(world.id(to)), consent, ..body }
}

/// C released an object to A in the same accord and consented that it goes on to B.
fn consented(world: &mut World, goes: &Object) -> Digest {
    let way = (world.id(C), world.id(A));
    let own = vec![object(&goes.value, Tlp::Green)];
    let release = Release::decide(&world.state(), way, Ground::NONE, own, world.now()).unwrap();
    world.objects.extend(release.objects().iter().cloned());
    let body = release.body().clone();
    let manifest = body.manifest_digest();
    let release = world.act(C, Body::Release(body));
    world.act(A, Body::Receipt { release, manifest });
    let scope = scope(world, A, world.id(B), goes);
    let ask = ConsentAsk {
        originator: world.id(C),
        scope: scope.clone(),
        reason: "they are hit too".to_owned(),
    };
    let ask = world.act(A, Body::AskConsent(ask));
    world.act(C, Body::Consent(Consent { ask, scope, note: String::new() }))
}

/// Three parties in one accord, with C's consent in its log.
fn three() -> (World, Object, Digest) {
    let mut world = World::any(3);
    world.agree();
    let goes = marked(world.id(C), "a.example");
    let consent = consented(&mut world, &goes);
    (world, goes, consent)
}

#[test]
fn a_release_with_the_originators_consent_is_sound_and_without_it_a_breach() {
    let (mut world, goes, consent) = three();
    let way = (world.id(A), world.id(B));
    let ground = Ground::consent(consent);
    let own = vec![goes];
    let state = world.state();
    let release = Release::decide(&state, way, ground, own.clone(), world.now()).unwrap();
    assert!(Release::decide(&state, way, Ground::NONE, own, world.now()).is_err());
    world.objects.extend(release.objects().iter().cloned());
    let body = release.body().clone();
    let manifest = body.manifest_digest();
    let release = world.act(A, Body::Release(body));
    world.act(B, Body::Receipt { release, manifest });
    sound(&report(&world.record()));

    let (mut world, goes, _) = three();
    let body = by_hand(&mut world, B, None, &goes);
    world.act(A, Body::Release(body));
    let found = the(&report(&world.record()), Severity::Breach, "consent_missing");
    assert_eq!(found.place.party, Some(world.id(A)));
}

#[test]
fn a_consent_is_bound_to_object_receiver_holder_and_originator() {
    type Cheat = fn(&mut World, &Object, Digest) -> (usize, ReleaseBody);
    let cheats: [(&str, Cheat); 5] = [
        ("consent_other_object", |world, _, consent| {
            let other = marked(world.id(C), "b.example");
            (A, by_hand(world, B, Some(consent), &other))
        }),
        ("consent_other_originator", |world, _, consent| {
            let other = marked(PartyId::new([9; 32]), "a.example");
            (A, by_hand(world, B, Some(consent), &other))
        }),
        ("consent_other_holder", |world, goes, consent| {
            (B, by_hand(world, A, Some(consent), goes))
        }),
        ("consent_other_receiver", |world, goes, consent| {
            (A, by_hand(world, C, Some(consent), goes))
        }),
        ("consent_unknown", |world, goes, _| {
            (A, by_hand(world, B, Some(Digest::new([9; 32])), goes))
        }),
    ];
    for (code, cheat) in cheats {
        let (mut world, goes, consent) = three();
        let (by, body) = cheat(&mut world, &goes, consent);
        world.act(by, Body::Release(body));
        let found = the(&report(&world.record()), Severity::Breach, code);
        assert_eq!(found.place.party, Some(world.id(by)), "{code}");
    }
}

#[test]
fn a_consent_taken_back_counts_from_when_the_holder_had_seen_it() {
    for knows in [false, true] {
        let (mut world, goes, consent) = three();
        let before = world.seen(A);
        let reply = Reply { act: consent, reason: "a leak".to_owned(), precludes: false };
        // Dated back to the consent itself: that changes nothing.
        let time = world.logs[&world.id(C)].last().unwrap().header().time;
        let header = Header { time, ..world.header(C) };
        world.act_by(C, header, Body::Reply(Answering::Retract, reply));
        let body = by_hand(&mut world, B, Some(consent), &goes);
        let seen = if knows { world.seen(A) } else { before };
        let header = Header { seen, ..world.header_unseen(A) };
        world.act_by(A, header, Body::Release(body));
        let report = report(&world.record());
        if knows {
            the(&report, Severity::Breach, "consent_retracted");
        } else {
            sound(&report);
        }
    }
}

#[test]
fn a_release_dated_back_behind_the_end_is_found_by_what_its_author_had_seen() {
    let (mut world, goes, consent) = three();
    let early = world.now();
    world.clock = DUE + 60;
    // B writes after the end, and A has seen it.
    let reason = "an exercise".to_owned();
    world.act(B, Body::Stop { reason });
    let reason = "it is over".to_owned();
    world.act(B, Body::Resume { reason, act: None });
    let body = by_hand(&mut world, B, Some(consent), &goes);
    let header = Header { time: early, ..world.header(A) };
    world.act_by(A, header, Body::Release(body));
    let found = report(&world.record());
    // It is also under B's stop by the time that it states, or past the end by what it had seen.
    let breaches = codes(&found, Severity::Breach);
    assert!(breaches.contains(&"consent_expired"), "{breaches:?}");
}

/// Gamma consents in another accord; Alpha shows that in this one.
fn shown(by: &Side, scope: ConsentScope) -> Presented {
    let header = Header {
        accord: AccordId::new([8; 32]),
        author: by.id,
        kind: ActKind::Consent,
        sequence: 5,
        time: UnixSeconds::new(crate::world::START),
        supersedes: None,
        seen: Vec::new(),
        body: Digest::new([0; 32]),
    };
    let body = Body::Consent(Consent { ask: Digest::new([6; 32]), scope, note: String::new() });
    let act = Act::create(header, body, [1; 32], &by.roles[&Role::Head]);
    Presented::open(by.card.bytes(), act.leaf(), *act.salt(), act.body_bytes()).unwrap()
}

#[test]
fn a_consent_of_another_record_is_checked_and_what_cannot_be_is_said() {
    let gamma = Side::new("CERT Gamma", 70);
    let mut world = World::any(2);
    world.agree();
    let goes = marked(gamma.id, "a.example");
    let scope = scope(&world, A, world.id(B), &goes);
    let presented = shown(&gamma, scope.clone());
    let consent = presented.digest();
    // Before it is shown, nobody here knows of it.
    let mut early = World::any(2);
    early.agree();
    let body = by_hand(&mut early, B, Some(consent), &goes);
    early.act(A, Body::Release(body));
    the(&report(&early.record()), Severity::Breach, "consent_unknown");

    world.act(A, Body::PresentConsent(Box::new(presented)));
    let body = by_hand(&mut world, B, Some(consent), &goes);
    world.act(A, Body::Release(body));
    let found = report(&world.record());
    sound(&found);
    let note = the(&found, Severity::Note, "consent_elsewhere");
    assert!(note.what.contains("CERT Gamma") && note.what.contains("can't be seen"), "{note:?}");

    // Another party's consent is none for what is marked as Gamma's.
    let mut world = World::any(2);
    world.agree();
    let delta = Side::new("CERT Delta", 100);
    let presented = shown(&delta, scope.clone());
    let consent = presented.digest();
    world.act(A, Body::PresentConsent(Box::new(presented)));
    let body = by_hand(&mut world, B, Some(consent), &goes);
    world.act(A, Body::Release(body));
    the(&report(&world.record()), Severity::Breach, "consent_other_originator");

    // One for a purpose does not carry what is marked for none.
    let mut world = World::any(2);
    world.agree();
    let narrow = ConsentScope { purpose: Some(Purpose::NetworkDefence), ..scope };
    let presented = shown(&gamma, narrow);
    let consent = presented.digest();
    world.act(A, Body::PresentConsent(Box::new(presented)));
    let body = by_hand(&mut world, B, Some(consent), &goes);
    world.act(A, Body::Release(body));
    the(&report(&world.record()), Severity::Breach, "consent_other_purpose");
}

#[test]
fn a_consent_by_an_analyst_carries_nothing() {
    let mut world = World::any(3);
    world.agree();
    let goes = marked(world.id(C), "a.example");
    let way = (world.id(C), world.id(A));
    let own = vec![object("a.example", Tlp::Green)];
    let release = Release::decide(&world.state(), way, Ground::NONE, own, world.now()).unwrap();
    world.objects.extend(release.objects().iter().cloned());
    let body = release.body().clone();
    let manifest = body.manifest_digest();
    let release = world.act(C, Body::Release(body));
    world.act(A, Body::Receipt { release, manifest });
    let scope = scope(&world, A, world.id(B), &goes);
    let originator = world.id(C);
    let reason = "they are hit too".to_owned();
    let ask = ConsentAsk { originator, scope: scope.clone(), reason };
    let ask = world.act(A, Body::AskConsent(ask));
    let header = world.header(C);
    let body = Body::Consent(Consent { ask, scope, note: String::new() });
    let consent = world.act_with(C, header, body, &key(74));
    let body = by_hand(&mut world, B, Some(consent), &goes);
    world.act(A, Body::Release(body));
    the(&report(&world.record()), Severity::Breach, "consent_unknown");
}

#[test]
fn a_release_that_names_itself_or_a_stranger_is_found() {
    for to in [None, Some(PartyId::new([9; 32]))] {
        let mut world = World::any(2);
        world.agree();
        let body = world.self_made(None, &[object("a.example", Tlp::Green)]);
        let to = Some(to.unwrap_or_else(|| world.id(A)));
        world.act(A, Body::Release(ReleaseBody { to, ..body }));
        the(&report(&world.record()), Severity::Breach, "release_other_receiver");
    }
}
