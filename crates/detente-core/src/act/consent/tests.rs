use proptest::prelude::*;

use super::{Consent, ConsentAsk, ConsentRefusal, ConsentScope, Passage, onward};
use crate::act::{Act, ActKind, Body, Header, Presented};
use crate::handling::{Purpose, Whose};
use crate::id::{AccordId, Digest, PartyId};
use crate::object::tests::object;
use crate::party::Role;
use crate::party::tests::{card, key};
use crate::time::UnixSeconds;
use crate::transform::Transform;

/// B holds, C is to receive.
pub(crate) fn scope() -> ConsentScope {
    ConsentScope {
        objects: vec![Passage { came: Digest::new([1; 32]), goes: Digest::new([2; 32]) }],
        holder: PartyId::new([3; 32]),
        receiver: PartyId::new([4; 32]),
        accord: AccordId::new([5; 32]),
        clause: "2".to_owned(),
        purpose: None,
        transforms: Vec::new(),
        expires: UnixSeconds::new(1_800_000_000),
    }
}

fn scopes() -> impl Strategy<Value = ConsentScope> {
    let objects = proptest::collection::btree_map(any::<[u8; 32]>(), any::<[u8; 32]>(), 1..6);
    let purpose = proptest::option::of(proptest::sample::select(Purpose::ALL));
    let transforms = proptest::sample::subsequence(Transform::ALL.to_vec(), 0..4);
    (objects, purpose, transforms, 1u64..1 << 33).prop_map(|(objects, purpose, transforms, at)| {
        let passage = |(came, goes)| Passage { came: Digest::new(came), goes: Digest::new(goes) };
        ConsentScope {
            objects: objects.into_iter().map(passage).collect(),
            purpose,
            transforms,
            expires: UnixSeconds::new(at),
            ..scope()
        }
    })
}

fn ask(scope: ConsentScope) -> ConsentAsk {
    ConsentAsk { originator: PartyId::new([9; 32]), scope, reason: "for their defence".to_owned() }
}

fn consent(scope: ConsentScope) -> Consent {
    Consent { ask: Digest::new([6; 32]), scope, note: String::new() }
}

proptest! {
    #[test]
    fn bodies_come_back_and_nothing_else_reads(
        scope in scopes(), at in any::<prop::sample::Index>(), value in any::<u8>(),
    ) {
        for body in [Body::AskConsent(ask(scope.clone())), Body::Consent(consent(scope))] {
            let mut bytes = body.encode();
            prop_assert_eq!(&Body::decode(body.kind(), &bytes).unwrap(), &body);
            let at = at.index(bytes.len());
            bytes[at] = value;
            if let Ok(read) = Body::decode(body.kind(), &bytes) {
                prop_assert_eq!(read.encode(), bytes);
            }
        }
    }

    #[test]
    fn less_is_within_and_more_is_not(scope in scopes()) {
        prop_assert!(scope.is_within(&scope));
        let sooner = UnixSeconds::new(scope.expires.get() - 1);
        let less = ConsentScope { expires: sooner, ..scope.clone() };
        prop_assert!(less.is_within(&scope) && !scope.is_within(&less));
        let fewer = ConsentScope { objects: scope.objects[1..].to_vec(), ..scope.clone() };
        prop_assert!(fewer.is_within(&scope) && !scope.is_within(&fewer));
        let other = ConsentScope { receiver: PartyId::new([8; 32]), ..scope.clone() };
        prop_assert!(!other.is_within(&scope));
    }

    #[test]
    fn what_goes_on_is_marked_as_its_originators(
        object in object(), purpose in proptest::option::of(proptest::sample::select(Purpose::ALL)),
    ) {
        let originator = PartyId::new([9; 32]);
        match onward(&object, originator, purpose) {
            Some(goes) => {
                prop_assert_eq!(goes.handling.originator, Some(Whose::Party(originator)));
                prop_assert!(purpose.is_none() || goes.handling.purpose == purpose);
                prop_assert_eq!((goes.tlp, &goes.markings), (object.tlp, &object.markings));
                prop_assert_eq!(onward(&goes, originator, purpose), Some(goes));
            }
            None => {
                let own = object.handling.originator;
                let other = own.is_some_and(|own| own != Whose::Party(originator));
                let purposes = object.handling.purpose.is_some() && purpose.is_some();
                prop_assert!(other || purposes);
            }
        }
    }
}

#[test]
fn a_scope_that_leaves_something_open_does_not_decode() {
    let passage = scope().objects[0];
    for spoilt in [
        ConsentScope { objects: Vec::new(), ..scope() },
        ConsentScope { objects: vec![passage, passage], ..scope() },
        ConsentScope { receiver: scope().holder, ..scope() },
        ConsentScope { clause: String::new(), ..scope() },
        ConsentScope { expires: UnixSeconds::new(0), ..scope() },
    ] {
        let body = Body::Consent(consent(spoilt.clone()));
        assert!(Body::decode(ActKind::Consent, &body.encode()).is_err(), "{spoilt:?}");
    }
    let own = ConsentAsk { originator: scope().holder, ..ask(scope()) };
    assert!(Body::decode(ActKind::AskConsent, &Body::AskConsent(own).encode()).is_err());
    let refusal = ConsentRefusal { ask: Digest::new([6; 32]), reason: " ".to_owned() };
    let body = Body::RefuseConsent(refusal);
    assert!(Body::decode(ActKind::RefuseConsent, &body.encode()).is_err(), "without a reason");
}

/// A consent by this role of the party with these keys, in its log.
fn given(fill: u8, role: Role, author: PartyId) -> Act {
    let header = Header {
        accord: AccordId::new([7; 32]),
        author,
        kind: ActKind::Consent,
        sequence: 4,
        time: UnixSeconds::new(5),
        supersedes: None,
        seen: Vec::new(),
        body: Digest::new([0; 32]),
    };
    let body = Body::Consent(consent(scope()));
    Act::create(header, body, [1; 32], key(fill + role.code()))
}

#[test]
fn a_consent_is_presented_with_all_that_proves_it() {
    let card = card("CERT Beta", 40);
    let party = card.value().party();
    let act = given(40, Role::Head, party);
    let open = |act: &Act, salt, body: &[u8]| Presented::open(card.bytes(), act.leaf(), salt, body);
    let shown = open(&act, *act.salt(), act.body_bytes()).unwrap();
    assert_eq!((shown.digest(), shown.originator()), (act.digest(), party));
    let body = Body::PresentConsent(Box::new(shown));
    let bytes = body.encode();
    assert_eq!(Body::decode(ActKind::PresentConsent, &bytes).unwrap(), body);
    // Each bit of what proves it counts; a few hundred are enough here.
    for at in (0..bytes.len()).step_by(97) {
        let mut spoilt = bytes.clone();
        spoilt[at] ^= 1;
        assert!(Body::decode(ActKind::PresentConsent, &spoilt).is_err(), "byte {at}");
    }

    let refused = |act: &Act, says: &str| {
        let words = open(act, *act.salt(), act.body_bytes()).unwrap_err();
        assert!(words.contains(says), "{words}");
    };
    refused(&given(40, Role::Analyst, party), "may not consent");
    refused(&given(50, Role::Head, party), "not on the card");
    refused(&given(40, Role::Head, PartyId::new([3; 32])), "no consent of the card's party");
    let wider = ConsentScope { receiver: PartyId::new([8; 32]), ..scope() };
    let wider = Body::Consent(consent(wider)).encode();
    assert!(open(&act, *act.salt(), &wider).unwrap_err().contains("another body"));
    let retract = Act::create(
        act.header().clone(),
        Body::Sign { text: Digest::new([1; 32]) },
        [1; 32],
        key(40 + Role::Head.code()),
    );
    refused(&retract, "no consent of the card's party");
}
