//! Bytes and messages that no honest peer sends: nothing panics and nothing gets through.

use proptest::prelude::*;

use super::Case;
use crate::error::{Blame, Error};
use crate::params::{Learn, Mode, Role};
use crate::psi::ecdh::msgs::{Body, DecodeError, Message};

const LISTS: [&[u32]; 2] = [&[1, 2, 3, 4], &[3, 4, 5]];

fn any_message() -> impl Strategy<Value = Message> {
    let point = any::<[u8; 32]>();
    let points = proptest::collection::vec(point, 1..40);
    prop_oneof![
        (any::<[u8; 32]>(), any::<[u8; 32]>())
            .prop_map(|(point, terms)| Message(Body::KeyCommit { point, terms })),
        (any::<u32>(), points.clone())
            .prop_map(|(start, points)| Message(Body::Blinded { start, points })),
        (any::<u32>(), points, proptest::option::of(any::<[u8; 64]>()))
            .prop_map(|(start, points, proof)| Message(Body::Doubled { start, points, proof }),),
        (any::<u64>(), any::<[u8; 32]>(), any::<[u8; 32]>()).prop_map(
            |(count, digest, transcript)| Message(Body::Confirm { count, digest, transcript }),
        ),
    ]
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(message) = Message::decode(&bytes) {
            prop_assert_eq!(message.encode(), bytes);
        }
    }

    #[test]
    fn messages_round_trip_and_refuse_other_lengths(message in any_message(), cut in 0_usize..99) {
        let bytes = message.encode();
        prop_assert_eq!(Message::decode(&bytes), Ok(message));
        let short = &bytes[..bytes.len() - 1 - cut.min(bytes.len() - 1)];
        let truncated = matches!(Message::decode(short), Err(DecodeError::Truncated { .. }));
        prop_assert!(truncated);
        let long = [&bytes[..], &[0; 3]].concat();
        prop_assert_eq!(Message::decode(&long), Err(DecodeError::TrailingBytes { extra: 3 }));
    }

    #[test]
    fn arbitrary_messages_never_panic_a_session(
        messages in proptest::collection::vec(any_message(), 1..6),
        honest in 0_usize..4,
        count_only in any::<bool>(),
    ) {
        let mode = if count_only { Mode::CountOnly } else { Mode::Which };
        let case = Case::numbered(mode, Learn::Both, LISTS);
        let mut ends = [Role::Initiator, Role::Responder].map(|role| case.session(role));
        for _ in 0..honest {
            for from in [0, 1] {
                if let Some(message) = ends[from].poll().unwrap() {
                    ends[1 - from].input(message).unwrap();
                }
            }
        }
        let [mut end, _] = ends;
        let mut refused = false;
        for message in messages {
            refused |= end.input(message).is_err();
            refused |= end.poll().is_err();
        }
        prop_assert!(refused);
        prop_assert!(end.finish().is_err());
    }

    #[test]
    fn one_flipped_bit_anywhere_gives_no_answer(
        nth in 0_usize..4,
        at in any::<proptest::sample::Index>(),
        bit in 0_u8..8,
    ) {
        let mut number = 0;
        let mut seen = None;
        let case = Case::numbered(Mode::Which, Learn::Both, LISTS);
        let mut ends = [Role::Initiator, Role::Responder].map(|role| case.session(role));
        'run: loop {
            let mut moved = false;
            for from in [0, 1] {
                while let Ok(Some(message)) = ends[from].poll() {
                    moved = true;
                    let mut bytes = message.encode();
                    if from == 0 {
                        if number == nth {
                            let at = at.index(bytes.len());
                            bytes[at] ^= 1 << bit;
                            seen = Some(at);
                        }
                        number += 1;
                    }
                    let Ok(message) = Message::decode(&bytes) else { break 'run };
                    if ends[1 - from].input(message).is_err() { break 'run }
                }
            }
            if !moved { break }
        }
        prop_assert!(seen.is_some());
        let [_, responder] = ends;
        prop_assert!(responder.finish().is_err());
    }
}

#[test]
fn malformed_messages_are_named() {
    let cases: [(&[u8], DecodeError); 6] = [
        (&[], DecodeError::Truncated { missing: 1 }),
        (&[0], DecodeError::UnknownTag { tag: 0 }),
        (&[6], DecodeError::UnknownTag { tag: 6 }),
        (&[2, 0, 0, 0, 0, 0, 0], DecodeError::NoPoints),
        (&[2, 0, 0, 0, 0, 8, 1], DecodeError::TooManyPoints { got: 2049, max: 2048 }),
        (&[2, 0, 0, 0, 0, 8, 0], DecodeError::Truncated { missing: 65536 }),
    ];
    for (bytes, error) in cases {
        assert_eq!(Message::decode(bytes), Err(error.clone()));
        assert_eq!(Error::from(error.clone()).blame(), Blame::Peer);
        assert_eq!(Error::from(error.clone()).code(), error.code());
    }
    let huge = vec![2; Message::MAX_BYTES + 1];
    let too_long = DecodeError::TooLong { got: 65_608, max: 65_607 };
    assert_eq!(Message::decode(&huge), Err(too_long));
}
