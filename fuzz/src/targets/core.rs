//! Targets of detente-core: accords, cards, acts and objects from another party.

use detente_accord::Accord;
use detente_core::act::{
    ActKind, AlertName, AlertsSeen, Answer, Body, Close, Done, Header, Learn, ManifestEntry, Mode,
    ObjectFacts, Offer, Outcome, OwnCopies, Passed, ReleaseBody, RetractReason, Retraction,
    RetractionAnswer, Seen,
};
use detente_core::key::{Seed, SigningKey};
use detente_core::object::Object;
use detente_core::party::{Card, Role, RoleKey};
use detente_core::sign::{Signable, Unverified, sign};
use detente_core::slot::Slot;
use detente_core::{
    AccordId, Digest, Handling, Kind, Pap, PartyId, Purpose, RunId, Tlp, Transform, UnixSeconds,
    Whose,
};

use crate::Target;

/// The table of this crate.
pub(crate) const TARGETS: &[Target] = &[
    // Its seeds are files: accords are written by hand.
    Target { name: "core_accord", run: accord, seeds: Vec::new },
    Target { name: "core_body", run: body, seeds: body_seeds },
    Target { name: "core_card", run: card, seeds: || vec![card_seed()] },
    Target { name: "core_leaf", run: leaf, seeds: || vec![leaf_seed()] },
    Target { name: "core_object", run: object, seeds: || vec![object_seed()] },
    Target { name: "core_slot", run: slot, seeds: || vec![slot_seed()] },
];

/// The text of an accord, as the other side proposes it.
fn accord(bytes: &[u8]) -> bool {
    Accord::parse(bytes).is_ok()
}

/// The body of an act of any kind: the first byte chooses it. One form for each value.
fn body(bytes: &[u8]) -> bool {
    let Some((&code, bytes)) = bytes.split_first() else {
        return false;
    };
    let kind = ActKind::ALL[usize::from(code) % ActKind::ALL.len()];
    let body = Body::decode(kind, bytes);
    if let Ok(body) = &body {
        assert_eq!(body.encode(), bytes, "another form of the same body was read");
    }
    body.is_ok()
}

/// A party card; its signatures are looked at only where the rest holds.
fn card(bytes: &[u8]) -> bool {
    if let Ok(read) = Unverified::<Card>::read(bytes) {
        let again = Card::decode(&read.claim().encode());
        assert_eq!(again.as_ref(), Ok(read.claim()), "a card does not survive its own writing");
    }
    Card::open(bytes).is_ok()
}

/// A leaf of a log: the signed header of an act.
fn leaf(bytes: &[u8]) -> bool {
    let read = Unverified::<Header>::read(bytes);
    if let Ok(read) = &read {
        let again = Header::decode(&read.claim().encode());
        assert_eq!(again.as_ref(), Ok(read.claim()), "a header does not survive its own writing");
    }
    read.is_ok()
}

/// An object of a release. One form for each value.
fn object(bytes: &[u8]) -> bool {
    let object = Object::decode(bytes);
    if let Ok(object) = &object {
        assert_eq!(object.encode(), bytes, "another form of the same object was read");
    }
    object.is_ok()
}

/// The objects of one item, as the other side gives them within a run. One form for each value.
fn slot(bytes: &[u8]) -> bool {
    let slot = Slot::decode(bytes);
    if let Ok(slot) = &slot {
        assert_eq!(slot.encode(), bytes, "another form of the same slot was read");
        let all: usize = slot.objects().iter().map(Vec::len).sum();
        assert!(all <= bytes.len(), "more came out than went in");
    }
    slot.is_ok()
}

const DIGEST: Digest = Digest::new([7; 32]);

fn key(fill: u8) -> SigningKey {
    SigningKey::from_seed(&Seed::new([fill; 64])).expect("a seed of full length")
}

/// One body of each kind, under its number in the list.
fn body_seeds() -> Vec<Vec<u8>> {
    let number = |body: &Body| ActKind::ALL.iter().position(|kind| *kind == body.kind());
    let seed = |body: &Body| {
        let code = u8::try_from(number(body)?).ok()?;
        Some([vec![code], body.encode()].concat())
    };
    let all = [plain_bodies(), match_bodies(), vec![release_body()], retraction_bodies()].concat();
    all.iter().filter_map(seed).collect()
}

fn retraction_bodies() -> Vec<Body> {
    let retraction = Retraction {
        release: DIGEST,
        objects: vec![DIGEST],
        reason: RetractReason::MarkingChanged,
        words: "closer".to_owned(),
        tlp: Some(Tlp::ALL[3]),
        pap: Some(Pap::Red),
        because: Some(DIGEST),
    };
    let passed = Passed { to: Whose::Third, retraction: Some(DIGEST), answered: Some(time()) };
    let answer = RetractionAnswer {
        retraction: DIGEST,
        done: Done::Kept,
        words: "a case".to_owned(),
        own: OwnCopies::Stand,
        passed: vec![passed],
    };
    let alerts = vec![AlertName { act: DIGEST, change: DIGEST }];
    vec![
        Body::RetractRelease(retraction),
        Body::AnswerRetraction(answer),
        Body::AcknowledgeAlert(AlertsSeen { alerts, note: String::new() }),
    ]
}

fn plain_bodies() -> Vec<Body> {
    let (text, reason) = (DIGEST, "no".to_owned());
    vec![
        Body::Designate { card: card_seed() },
        Body::Propose { text: b"format = 1".to_vec(), base: None },
        Body::Sign { text },
        Body::Refuse { text, reason: reason.clone() },
        Body::Denounce { text, reason: reason.clone(), effective: time() },
        Body::Stop { reason: reason.clone() },
        Body::Resume { reason, act: None },
        Body::Receipt { release: DIGEST, manifest: DIGEST },
    ]
}

fn match_bodies() -> Vec<Body> {
    let run = RunId::new([3; RunId::LEN]);
    let offer = Offer {
        run,
        text: DIGEST,
        clause: "1".into(),
        mode: Mode::Which,
        learn: Learn::Both,
        normal_form: 1,
        engine: "ecdh/1".into(),
        size: 1024,
        commitment: DIGEST,
    };
    let outcome = Outcome::Done { count: Some(3), transcript: DIGEST };
    vec![
        Body::OfferMatch(offer),
        Body::AnswerMatch(Answer { run, offer: DIGEST, size: 1024, commitment: DIGEST }),
        Body::CloseMatch(Close { run, outcome }),
    ]
}

fn release_body() -> Body {
    let facts = ObjectFacts {
        object: detente_core::ObjectKind::Indicator,
        handling: handling(),
        kind: Kind::ALL[0],
        tlp: Tlp::ALL[2],
        marking_unknown: false,
        labels: vec!["a".into(), "b".into()],
        bytes: 100,
    };
    let manifest = vec![ManifestEntry {
        object: DIGEST,
        clause: "2".into(),
        transforms: vec![Transform::HideSource],
        facts,
    }];
    let run = Some(RunId::new([3; RunId::LEN]));
    Body::Release(ReleaseBody { text: DIGEST, run, to: None, consent: None, manifest })
}

fn card_seed() -> Vec<u8> {
    let card = Card {
        name: "CERT Alpha".into(),
        root: key(1).public().clone(),
        roles: vec![RoleKey {
            role: Role::ALL[0],
            key: key(2).public().clone(),
            may: vec![ActKind::ALL[0], ActKind::ALL[1]],
        }],
        transport: vec![0x30; 44],
        log_key: [4; 32],
        mirror_key: [5; 32],
        address: Some("192.0.2.1:443".into()),
        issued: time(),
    };
    sign(card, &key(1)).bytes().to_vec()
}

fn leaf_seed() -> Vec<u8> {
    let header = Header {
        accord: AccordId::new([1; AccordId::LEN]),
        author: PartyId::new([2; PartyId::LEN]),
        kind: ActKind::ALL[2],
        sequence: 9,
        time: time(),
        supersedes: Some(DIGEST),
        seen: vec![Seen { party: PartyId::new([6; PartyId::LEN]), size: 12, root: [8; 32] }],
        body: DIGEST,
    };
    sign(header, &key(2)).bytes().to_vec()
}

fn object_seed() -> Vec<u8> {
    let object = Object {
        kind: Kind::ALL[0],
        value: "a.example".into(),
        tlp: Tlp::ALL[1],
        marking_unknown: false,
        markings: vec!["x".into()],
        labels: vec!["a".into(), "b".into()],
        source: Some("feed".into()),
        origin: Some("id".into()),
        comment: Some("text".into()),
        confidence: Some(50),
        valid_from: Some(time()),
        valid_until: Some(time()),
        handling: handling(),
    };
    object.encode()
}

fn handling() -> Handling {
    let party = PartyId::new([6; PartyId::LEN]);
    Handling {
        category: Some("election-system".into()),
        pap: Some(Pap::Amber),
        threat: Some(Whose::Third),
        purpose: Some(Purpose::NetworkDefence),
        releasable: Some(vec![party]),
        originator: Some(Whose::Party(party)),
    }
}

fn slot_seed() -> Vec<u8> {
    let mut slot = Slot::default();
    slot.push(object_seed());
    slot.push(vec![7; 30]);
    slot.encode()
}

fn time() -> UnixSeconds {
    UnixSeconds::parse("2026-01-02T03:04:05Z").expect("a time")
}
