//! A peer that departs from the protocol is refused, by name of its fault.

use super::Case;
use crate::error::{Blame, Error, PeerFault};
use crate::params::{Learn, Mode, Role};
use crate::psi::ecdh::group::{hash_dummy, read_points};
use crate::psi::ecdh::msgs::{Body, Message};
use crate::psi::ecdh::params::{CHUNK_POINTS, Encoded};

const LISTS: [&[u32]; 2] = [&[1, 2, 3, 4], &[3, 4, 5]];

fn which() -> Case {
    Case::numbered(Mode::Which, Learn::Both, LISTS)
}

fn count_only() -> Case {
    Case::numbered(Mode::CountOnly, Learn::Both, LISTS)
}

/// The fault that the responder finds when the initiator's messages pass through `tamper`.
fn fault(case: &Case, mut tamper: impl FnMut(Message) -> Vec<Message>) -> PeerFault {
    let [_, responder] = case.run_tampered(11, |from, message| match from {
        Role::Initiator => tamper(message),
        Role::Responder => vec![message],
    });
    match responder {
        Err(ref error @ Error::Peer(ref fault)) => {
            assert_eq!(error.blame(), Blame::Peer);
            fault.clone()
        }
        other => panic!("cheat went through: {other:?}"),
    }
}

/// Changes the points of one kind of message.
fn with_points(
    kind: &'static str,
    change: impl Fn(&mut Vec<Encoded>),
) -> impl FnMut(Message) -> Vec<Message> {
    move |mut message| {
        if message.kind() == kind
            && let Body::Blinded { points, .. } | Body::Doubled { points, .. } = &mut message.0
        {
            change(points);
        }
        vec![message]
    }
}

fn other_point() -> Encoded {
    hash_dummy(&[9; 32], 9).compress().to_bytes()
}

#[test]
fn identity_and_non_canonical_points() {
    // 2^255 - 1 is above the field's prime; 1 is a negative field element.
    let mut one = [0; 32];
    one[0] = 1;
    for kind in ["blinded", "doubled"] {
        let identity = fault(&which(), with_points(kind, |points| points[2] = [0; 32]));
        assert_eq!(identity, PeerFault::IdentityPoint { index: 2 });
        for bad in [[0xff; 32], one] {
            let invalid = fault(&which(), with_points(kind, move |points| points[1] = bad));
            assert_eq!(invalid, PeerFault::InvalidPoint { index: 1 });
        }
    }
    let invalid = fault(&count_only(), with_points("doubled", |points| points[2] = [0xff; 32]));
    assert_eq!(invalid, PeerFault::InvalidPoint { index: 2 });
    let identity = fault(&count_only(), with_points("doubled", |points| points[0] = [0; 32]));
    assert_eq!(identity, PeerFault::IdentityPoint { index: 0 });
}

#[test]
fn keys_that_are_no_keys() {
    let with_key = |bytes: Encoded| {
        move |mut message: Message| {
            if let Body::KeyCommit { point, .. } = &mut message.0 {
                *point = bytes;
            }
            vec![message]
        }
    };
    assert_eq!(fault(&which(), with_key([0; 32])), PeerFault::IdentityPoint { index: 0 });
    assert_eq!(fault(&which(), with_key([0xff; 32])), PeerFault::InvalidPoint { index: 0 });
    // Another's key: nothing can be proved with it.
    assert_eq!(fault(&which(), with_key(other_point())), PeerFault::ProofFailed { start: 0 });
}

#[test]
fn reflected_key() {
    let mut session = which().session(Role::Responder);
    let key = session.poll().unwrap().unwrap();
    assert_eq!(session.input(key), Err(PeerFault::KeyReflected.into()));
}

#[test]
fn reflected_points() {
    for (mut case, one_only) in [(which(), false), (count_only(), false), (which(), true)] {
        case.lens = [4, 4];
        let mut ends = [Role::Initiator, Role::Responder].map(|role| case.session(role));
        let [left, right] = &mut ends;
        right.input(left.poll().unwrap().unwrap()).unwrap();
        left.input(right.poll().unwrap().unwrap()).unwrap();
        let mut blinded = [left, right].map(|end| end.poll().unwrap().unwrap());
        let [Body::Blinded { points: ours, .. }, Body::Blinded { points: theirs, .. }] =
            blinded.each_mut().map(|message| &mut message.0)
        else {
            panic!("not the lists");
        };
        if one_only {
            theirs[1] = ours[2];
        } else {
            theirs.clone_from(ours);
        }
        let [_, reflection] = blinded;
        assert_eq!(ends[0].input(reflection), Err(PeerFault::PointsReflected.into()));
    }
}

#[test]
fn duplicate_points() {
    for case in [which(), count_only()] {
        let twice = fault(&case, with_points("blinded", |points| points[3] = points[0]));
        assert_eq!(twice, PeerFault::DuplicatePoint);
    }
}

#[test]
fn duplicate_points_in_different_chunks() {
    let numbers: Vec<u32> = (0..CHUNK_POINTS + 1).collect();
    let case = Case::numbered(Mode::Which, Learn::Initiator, [&numbers, &[1]]);
    let mut first = None;
    let twice = fault(&case, |mut message| {
        if let Body::Blinded { points, .. } = &mut message.0 {
            points[0] = *first.get_or_insert(points[0]);
        }
        vec![message]
    });
    assert_eq!(twice, PeerFault::DuplicatePoint);
}

#[test]
fn false_answers() {
    let lies: [fn(&mut Vec<Encoded>); 3] = [
        |points| points[0] = other_point(),
        |points| points.swap(0, 1),
        |points| {
            let other = curve25519_dalek::scalar::Scalar::from(5_u8);
            for point in points {
                *point = (read_points(0, &[*point]).unwrap()[0] * other).compress().to_bytes();
            }
        },
    ];
    for lie in lies {
        assert_eq!(
            fault(&which(), with_points("doubled", lie)),
            PeerFault::ProofFailed { start: 0 },
        );
    }
    assert_eq!(
        fault(&count_only(), with_points("doubled", |points| points.swap(0, 1))),
        PeerFault::Unsorted { index: 1 },
    );
    assert_eq!(
        fault(&count_only(), with_points("doubled", |points| points[1] = points[0])),
        PeerFault::Unsorted { index: 1 },
    );
}

#[test]
fn answers_of_the_other_mode() {
    let flip = |mut message: Message| {
        if let Body::Doubled { proof, .. } = &mut message.0 {
            *proof = if proof.is_some() { None } else { Some([0; 64]) };
        }
        vec![message]
    };
    for case in [which(), count_only()] {
        assert_eq!(fault(&case, flip), PeerFault::ProofMisplaced { start: 0 });
    }
}

#[test]
fn chunks_of_wrong_length_or_place() {
    for kind in ["blinded", "doubled"] {
        let due = if kind == "blinded" { 4 } else { 3 };
        let got = due as usize;
        let short = fault(&which(), with_points(kind, |points| points.truncate(points.len() - 1)));
        assert_eq!(short, PeerFault::WrongLength { start: 0, got: got - 1, expected: due });
        let long = fault(&which(), with_points(kind, |points| points.push(other_point())));
        assert_eq!(long, PeerFault::WrongLength { start: 0, got: got + 1, expected: due });
    }
    let moved = fault(&which(), |mut message| {
        if let Body::Blinded { start, .. } = &mut message.0 {
            *start = 1;
        }
        vec![message]
    });
    assert_eq!(moved, PeerFault::WrongStart { got: 1, expected: 0 });
    let far = fault(&which(), |mut message| {
        if let Body::Doubled { start, .. } = &mut message.0 {
            *start = u32::MAX;
        }
        vec![message]
    });
    assert_eq!(far, PeerFault::WrongStart { got: u32::MAX, expected: 0 });
}

#[test]
fn chunks_out_of_order() {
    let numbers: Vec<u32> = (0..CHUNK_POINTS + 1).collect();
    let case = Case::numbered(Mode::Which, Learn::Both, [&numbers, &[1]]);
    let mut held = None;
    let swapped = fault(&case, |message| match &message.0 {
        Body::Blinded { start: 0, .. } => {
            held = Some(message);
            vec![]
        }
        Body::Blinded { .. } => [message].into_iter().chain(held.take()).collect(),
        _ => vec![message],
    });
    assert_eq!(swapped, PeerFault::WrongStart { got: CHUNK_POINTS, expected: 0 });
}

#[test]
fn repeated_messages() {
    let repeat = |kind: &'static str| {
        move |message: Message| {
            let times = if message.kind() == kind { 2 } else { 1 };
            vec![message; times]
        }
    };
    let case = which();
    assert_eq!(fault(&case, repeat("key_commit")), PeerFault::OutOfOrder { got: "key_commit" });
    assert_eq!(fault(&case, repeat("blinded")), PeerFault::TooManyPoints { len: 4 });
    assert_eq!(fault(&case, repeat("doubled")), PeerFault::TooManyPoints { len: 3 });
    let after = fault(&case, repeat("confirm"));
    assert!(
        [PeerFault::OutOfOrder { got: "confirm" }, PeerFault::AfterFinish { got: "confirm" }]
            .contains(&after)
    );
}

#[test]
fn any_message_after_the_end() {
    let case = which();
    let mut ends = [Role::Initiator, Role::Responder].map(|role| case.session(role));
    let mut kept = Vec::new();
    while !ends.iter().all(super::Session::is_done) {
        for from in [0, 1] {
            while let Some(message) = ends[from].poll().unwrap() {
                kept.push(message.clone());
                ends[1 - from].input(message).unwrap();
            }
        }
    }
    for message in kept {
        let mut done = case.run_to_done();
        let got = message.kind();
        assert_eq!(done.input(message), Err(PeerFault::AfterFinish { got }.into()));
        assert!(!done.is_done());
        assert_eq!(done.finish().unwrap_err(), PeerFault::AfterFinish { got }.into());
    }
}

#[test]
fn omitted_messages() {
    let omit = |kind: &'static str| {
        move |message: Message| {
            if message.kind() == kind { vec![] } else { vec![message] }
        }
    };
    let case = Case::numbered(Mode::Which, Learn::Initiator, LISTS);
    // Confirming instead of sending the list.
    let confirm = case.run_tampered(0, |from, message| match from {
        Role::Initiator if message.kind() != "key_commit" => {
            vec![Message(Body::Confirm { count: 0, digest: [0; 32], transcript: [0; 32] })]
        }
        _ => vec![message],
    });
    let early = PeerFault::TooFewPoints { got: 0, expected: 4 };
    assert_eq!(confirm[1].clone().unwrap_err(), early.into());
    // Without the key nothing else can be placed; else who waits has no outcome.
    for (kind, code) in
        [("key_commit", "out_of_order"), ("blinded", "not_done"), ("confirm", "not_done")]
    {
        let omit = omit(kind);
        let stuck = case.run_tampered(0, |from, message| match from {
            Role::Initiator => omit(message),
            Role::Responder => vec![message],
        });
        assert_eq!(stuck[1].clone().unwrap_err().code(), code, "{kind}");
    }
}

#[test]
fn points_before_the_key_and_early_confirmations() {
    let case = which();
    let blinded = Message(Body::Blinded { start: 0, points: vec![other_point(); 4] });
    let confirm = Message(Body::Confirm { count: 0, digest: [0; 32], transcript: [0; 32] });
    let doubled =
        Message(Body::Doubled { start: 0, points: vec![other_point(); 3], proof: Some([0; 64]) });
    for message in [blinded, confirm.clone(), doubled.clone()] {
        let got = message.kind();
        let mut session = case.session(Role::Responder);
        assert_eq!(session.input(message), Err(PeerFault::OutOfOrder { got }.into()));
        // A void session stays void and says why.
        assert_eq!(session.poll(), Err(PeerFault::OutOfOrder { got }.into()));
    }
    let key = case.session(Role::Initiator).poll().unwrap().unwrap();
    let mut session = case.session(Role::Responder);
    session.input(key.clone()).unwrap();
    let unasked = PeerFault::AnswerUnasked { start: 0, asked: 0 };
    assert_eq!(session.input(doubled), Err(unasked.into()));
    let mut session = case.session(Role::Responder);
    session.input(key).unwrap();
    let few = PeerFault::TooFewPoints { got: 0, expected: 7 };
    assert_eq!(session.input(confirm), Err(few.into()));
}

#[test]
fn a_confirmation_before_our_last_message() {
    // The responder of a one-sided run has all it needs before it has answered.
    let case = Case::numbered(Mode::Which, Learn::Initiator, LISTS);
    let mut ends = [Role::Initiator, Role::Responder].map(|role| case.session(role));
    let key = ends[1].poll().unwrap().unwrap();
    ends[0].input(key).unwrap();
    while let Some(message) = ends[0].poll().unwrap() {
        ends[1].input(message).unwrap();
    }
    let confirm = Message(Body::Confirm { count: 0, digest: [0; 32], transcript: [0; 32] });
    let early = PeerFault::OutOfOrder { got: "confirm" };
    assert_eq!(ends[1].input(confirm), Err(early.into()));
}

#[test]
fn answers_that_are_not_due() {
    let case = Case::numbered(Mode::Which, Learn::Initiator, LISTS);
    let unasked = fault(&case, |message| match message.kind() {
        "blinded" => vec![Message(Body::Doubled {
            start: 0,
            points: vec![other_point(); 3],
            proof: Some([0; 64]),
        })],
        _ => vec![message],
    });
    assert_eq!(unasked, PeerFault::AnswerUnasked { start: 0, asked: 0 });
    // A count's answers can't come before the whole list is out.
    let numbers: Vec<u32> = (0..CHUNK_POINTS + 1).collect();
    let case = Case::numbered(Mode::CountOnly, Learn::Both, [&numbers, &[1]]);
    let mut session = case.session(Role::Initiator);
    session.input(case.session(Role::Responder).poll().unwrap().unwrap()).unwrap();
    for expected in ["key_commit", "blinded"] {
        assert_eq!(session.poll().unwrap().unwrap().kind(), expected);
    }
    let points = vec![other_point(); CHUNK_POINTS as usize];
    let early = session.input(Message(Body::Doubled { start: 0, points, proof: None }));
    assert_eq!(early, Err(PeerFault::AnswerUnasked { start: 0, asked: 0 }.into()));
}

#[test]
fn confirmations_that_do_not_agree() {
    let changed = |change: fn(&mut u64, &mut [u8; 32], &mut [u8; 32])| {
        move |mut message: Message| {
            if let Body::Confirm { count, digest, transcript } = &mut message.0 {
                change(count, digest, transcript);
            }
            vec![message]
        }
    };
    for case in [which(), count_only()] {
        let count = fault(&case, changed(|count, _, _| *count += 1));
        assert_eq!(count, PeerFault::CountDiffers { ours: 2, theirs: 3 });
        let digest = fault(&case, changed(|_, digest, _| digest[0] ^= 1));
        assert_eq!(digest, PeerFault::DigestDiffers);
        let transcript = fault(&case, changed(|_, _, transcript| transcript[31] ^= 1));
        assert_eq!(transcript, PeerFault::TranscriptDiffers);
    }
    let blank = Case::numbered(Mode::Which, Learn::Initiator, LISTS);
    assert_eq!(fault(&blank, changed(|count, _, _| *count = 2)), PeerFault::VerdictShown);
    assert_eq!(fault(&blank, changed(|_, digest, _| digest[5] = 1)), PeerFault::VerdictShown);
}

#[test]
fn a_message_changed_on_the_way_shows_in_the_transcript() {
    // Replacing a blinded point by another one is no fault in itself: both ends find out.
    let outcomes = count_only().run_tampered(2, |from, mut message| {
        if let (Role::Initiator, Body::Blinded { points, .. }) = (from, &mut message.0) {
            points[0] = other_point();
        }
        vec![message]
    });
    for outcome in outcomes {
        let code = outcome.unwrap_err().code();
        assert!(["transcript_differs", "not_done"].contains(&code), "{code}");
    }
}

#[test]
fn other_terms_are_found_before_points_leave() {
    let ours = which();
    let changes: [fn(&mut Case); 5] = [
        |case| case.context[31] ^= 1,
        |case| case.mode = Mode::CountOnly,
        |case| case.learn = Learn::Initiator,
        |case| case.lens[0] += 1,
        |case| case.lens[1] += 1,
    ];
    for change in changes {
        let mut theirs = ours.clone();
        change(&mut theirs);
        let key = theirs.session(Role::Initiator).poll().unwrap().unwrap();
        let mut session = ours.session(Role::Responder);
        assert_eq!(session.input(key), Err(PeerFault::TermsDiffer.into()));
    }
    // Two initiators have swapped lengths, so they differ too.
    let key = ours.session(Role::Initiator).poll().unwrap().unwrap();
    let mut twin = ours;
    twin.seeds[0] = [5; 32];
    twin.lens.swap(0, 1);
    twin.lists[0].truncate(3);
    assert_eq!(twin.session(Role::Initiator).input(key), Err(PeerFault::TermsDiffer.into()));
}

impl Case {
    fn run_to_done(&self) -> super::Session {
        let mut pair =
            super::Pair::new([Role::Initiator, Role::Responder].map(|role| self.session(role)));
        let order = &mut <rand_chacha::ChaCha20Rng as rand_core::SeedableRng>::seed_from_u64(0);
        pair.pump(order, |_, message| vec![message]);
        let [initiator, _] = pair.ends;
        assert!(initiator.is_done());
        initiator
    }
}
