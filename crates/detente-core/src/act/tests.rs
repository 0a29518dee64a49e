use proptest::prelude::*;

use super::{
    Act, ActKind, AlertName, AlertsSeen, Answer, Blame, Body, Close, Feedback, FeedbackLine,
    Filter, Header, Learn, ManifestEntry, Mode, ObjectFacts, Offer, Outcome, ReleaseBody, Seen,
    Upshot, open_leaf,
};
use crate::handling::ObjectKind;
use crate::id::{AccordId, Digest, PartyId, RunId};
use crate::kind::Kind;
use crate::party::tests::key;
use crate::time::UnixSeconds;
use crate::tlp::Tlp;
use crate::transform::Transform;

fn digest() -> impl Strategy<Value = Digest> {
    any::<[u8; 32]>().prop_map(Digest::new)
}

fn facts() -> impl Strategy<Value = ObjectFacts> {
    let labels = proptest::collection::btree_set("[a-z]{1,8}", 0..4);
    let more = (proptest::sample::select(ObjectKind::ALL), crate::handling::tests::handling());
    (0usize..14, 0usize..5, any::<bool>(), labels, any::<u32>(), more).prop_map(
        |(kind, tlp, marking_unknown, labels, bytes, (object, handling))| ObjectFacts {
            object,
            handling,
            kind: Kind::ALL[kind],
            tlp: Tlp::ALL[tlp],
            marking_unknown,
            labels: labels.into_iter().collect(),
            bytes,
        },
    )
}

fn release() -> impl Strategy<Value = Body> {
    let transforms = proptest::sample::subsequence(Transform::ALL.to_vec(), 0..4);
    let entry = (digest(), "[0-9.]{1,6}", transforms, facts()).prop_map(
        |(object, clause, transforms, facts)| ManifestEntry { object, clause, transforms, facts },
    );
    (digest(), any::<Option<[u8; 32]>>(), proptest::collection::vec(entry, 0..5)).prop_map(
        |(text, run, manifest)| {
            let (to, consent) =
                (text.as_bytes()[0] < 128).then_some((PartyId::new([7; 32]), text)).unzip();
            Body::Release(ReleaseBody { text, run: run.map(RunId::new), manifest, to, consent })
        },
    )
}

fn feedback() -> impl Strategy<Value = Body> {
    let objects = proptest::collection::btree_map(any::<[u8; 32]>(), (0usize..5, 1u32..99), 1..5);
    (digest(), objects, "[a-z ]{0,20}").prop_map(|(release, objects, note)| {
        let line = |(object, (upshot, sighted))| {
            let upshot = Upshot::ALL[upshot];
            let sighted = if upshot == Upshot::Sighted { sighted } else { 0 };
            FeedbackLine { object: Digest::new(object), upshot, sighted }
        };
        Body::Feedback(Feedback { release, lines: objects.into_iter().map(line).collect(), note })
    })
}

fn body() -> impl Strategy<Value = Body> {
    let run = any::<[u8; 32]>().prop_map(RunId::new);
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..99).prop_map(|card| Body::Designate { card }),
        proptest::collection::vec(any::<u8>(), 0..99)
            .prop_map(|text| Body::Propose { text, base: None }),
        digest().prop_map(|text| Body::Sign { text }),
        (digest(), ".{0,20}").prop_map(|(text, reason)| Body::Refuse { text, reason }),
        (digest(), ".{0,20}", 0u64..1 << 33).prop_map(|(text, reason, at)| Body::Denounce {
            text,
            reason,
            effective: UnixSeconds::new(at),
        }),
        ".{0,20}".prop_map(|reason| Body::Stop { reason }),
        (run.clone(), digest(), any::<(u16, u32)>(), digest()).prop_map(
            |(run, text, (normal_form, size), commitment)| Body::OfferMatch(Offer {
                run,
                text,
                clause: "2".to_owned(),
                mode: Mode::Count,
                learn: Learn::Both,
                normal_form,
                engine: "e/1".to_owned(),
                size,
                commitment,
            })
        ),
        (run.clone(), digest(), any::<u32>(), digest()).prop_map(
            |(run, offer, size, commitment)| {
                Body::AnswerMatch(Answer { run, offer, size, commitment })
            }
        ),
        (run.clone(), any::<Option<u64>>(), digest()).prop_map(|(run, count, transcript)| {
            Body::CloseMatch(Close { run, outcome: Outcome::Done { count, transcript } })
        }),
        (run, ".{0,20}").prop_map(|(run, reason)| {
            let outcome = Outcome::Aborted { blame: Blame::Line, reason };
            Body::CloseMatch(Close { run, outcome })
        }),
        release(),
        feedback(),
        (digest(), digest()).prop_map(|(release, manifest)| Body::Receipt { release, manifest }),
        (digest(), any::<(u16, u32, u32, [u8; 32])>(), any::<Option<[u8; 32]>>()).prop_map(
            |(text, (normal_form, epoch, items, key), previous)| Body::PublishFilter(Filter {
                text,
                clause: "5".to_owned(),
                normal_form,
                engine: "e/1".to_owned(),
                epoch,
                key,
                items,
                digest: text,
                previous: previous.map(Digest::new),
            })
        ),
        super::retraction::tests::retraction().prop_map(Body::RetractRelease),
        super::retraction::tests::answer().prop_map(Body::AnswerRetraction),
        (proptest::collection::btree_set((digest(), digest()), 1..5), "[a-z]{0,9}").prop_map(
            |(alerts, note)| {
                let names = alerts.into_iter().map(|(act, change)| AlertName { act, change });
                Body::AcknowledgeAlert(AlertsSeen { alerts: names.collect(), note })
            }
        ),
    ]
}

fn header() -> Header {
    Header {
        accord: AccordId::new([1; 32]),
        author: PartyId::new([2; 32]),
        kind: ActKind::Sign,
        sequence: 3,
        time: UnixSeconds::new(4),
        supersedes: Some(Digest::new([5; 32])),
        seen: vec![Seen { party: PartyId::new([6; 32]), size: 7, root: [8; 32] }],
        body: Digest::new([0; 32]),
    }
}

proptest! {
    #[test]
    fn bodies_come_back(body in body()) {
        let bytes = body.encode();
        prop_assert_eq!(Body::decode(body.kind(), &bytes).unwrap(), body);
    }

    #[test]
    fn what_decodes_encodes_the_same(
        body in body(), at in any::<prop::sample::Index>(), value in any::<u8>(),
    ) {
        let mut bytes = body.encode();
        let at = at.index(bytes.len());
        bytes[at] = value;
        for kind in ActKind::ALL {
            if let Ok(read) = Body::decode(*kind, &bytes) {
                prop_assert_eq!(read.encode(), bytes.clone());
            }
        }
    }

    #[test]
    fn foreign_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        for kind in ActKind::ALL {
            let _ = Body::decode(*kind, &bytes);
        }
    }
}

#[test]
fn an_act_joins_its_own_body_only() {
    let body = Body::Sign { text: Digest::new([9; 32]) };
    let act = Act::create(header(), body, [3; 32], key(1));
    let open = || open_leaf(act.leaf(), key(1).public()).unwrap();
    let again = Act::join(open(), *act.salt(), act.body_bytes()).unwrap();
    assert_eq!(again.body(), act.body());
    assert_eq!(again.digest(), act.digest());
    assert!(Act::join(open(), [4; 32], act.body_bytes()).is_err(), "other salt");
    let other = Body::Sign { text: Digest::new([1; 32]) }.encode();
    assert!(Act::join(open(), *act.salt(), &other).is_err(), "other body");
    assert!(open_leaf(act.leaf(), key(2).public()).is_err(), "other key");
}
