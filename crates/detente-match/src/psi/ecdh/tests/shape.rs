//! What an eavesdropper or the peer sees hangs on the agreed lengths alone; and what the caller
//! is told on the way.

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::{Case, Pair};
use crate::error::{Blame, CallerFault, Error};
use crate::item::{Item, Seed};
use crate::params::{Learn, MAX_ITEMS, Mode, Role};
use crate::psi::ecdh::Part;
use crate::psi::ecdh::params::CHUNK_POINTS;
use crate::psi::ecdh::{Message, Session};

/// Kinds and lengths of all messages of a run, in order.
fn shape(case: &Case) -> Vec<(Role, &'static str, usize)> {
    let mut shape = Vec::new();
    let outcomes = case.run_tampered(3, |from, message| {
        shape.push((from, message.kind(), message.encode().len()));
        vec![message]
    });
    assert!(outcomes.iter().all(Result::is_ok));
    shape
}

#[test]
fn message_lengths_hang_on_the_agreed_lengths_only() {
    for (mode, learn) in [
        (Mode::Which, Learn::Both),
        (Mode::Which, Learn::Initiator),
        (Mode::CountOnly, Learn::Both),
        (Mode::CountOnly, Learn::Initiator),
    ] {
        let mut empty = Case::numbered(mode, learn, [&[], &[]]);
        let mut apart = Case::numbered(mode, learn, [&[1, 2], &[3]]);
        let mut equal = Case::numbered(mode, learn, [&[1, 2, 3, 4], &[1, 2, 3, 4]]);
        let mut longer = equal.clone();
        longer.lists[0][0] = vec![b'x'; 4000];
        for case in [&mut empty, &mut apart, &mut equal, &mut longer] {
            case.lens = [CHUNK_POINTS + 1, 4];
            assert!(shape(case).len() >= 6);
        }
        assert_eq!(shape(&empty), shape(&apart));
        assert_eq!(shape(&empty), shape(&equal));
        assert_eq!(shape(&empty), shape(&longer));
    }
}

#[test]
fn points_of_two_runs_have_nothing_in_common() {
    let points = |context, seed| {
        let mut case = Case::numbered(Mode::Which, Learn::Both, [&[1, 2, 3], &[1, 2, 3]]);
        case.context = context;
        case.seeds[0] = seed;
        let mut seen = Vec::new();
        let outcomes = case.run_tampered(0, |_, message| {
            let bytes = message.encode();
            if message.kind() == "blinded" {
                seen.extend(bytes[7..].as_chunks::<32>().0.to_vec());
            }
            vec![message]
        });
        assert!(outcomes.iter().all(Result::is_ok));
        seen
    };
    // The seed repeats and the context does not; then the other way round.
    let (one, two) = (points([7; 32], [1; 32]), points([8; 32], [1; 32]));
    assert!(one.iter().all(|point| !two.contains(point)));
    let three = points([7; 32], [3; 32]);
    assert!(one[..3].iter().all(|point| !three[..3].contains(point)));
}

#[test]
fn caller_faults_are_refused_before_anything_is_sent() {
    let case = Case::numbered(Mode::Which, Learn::Both, [&[1, 2, 3], &[1]]);
    let fault = |case: &Case| match case.try_session(Role::Initiator) {
        Err(error @ Error::Caller(_)) => {
            assert_eq!(error.blame(), Blame::Caller);
            error
        }
        Err(error) => panic!("not the caller's fault: {error}"),
        Ok(_) => panic!("accepted"),
    };

    let mut twice = case.clone();
    twice.lists[0][2] = twice.lists[0][0].clone();
    assert_eq!(fault(&twice), CallerFault::DuplicateItem { first: 0, second: 2 }.into());

    let mut short = case.clone();
    short.lens[0] = 2;
    assert_eq!(fault(&short), CallerFault::PaddingTooShort { items: 3, padded: 2 }.into());

    for end in [0, 1] {
        let mut long = case.clone();
        long.lens[end] = MAX_ITEMS + 1;
        let expected = CallerFault::ListTooLong { got: MAX_ITEMS + 1, max: MAX_ITEMS };
        assert_eq!(fault(&long), expected.into());
    }

    let early = case.session(Role::Initiator).finish().unwrap_err();
    assert_eq!(early, CallerFault::NotDone.into());
}

#[test]
fn progress_counts_the_four_streams() {
    let case = Case::numbered(Mode::Which, Learn::Initiator, [&[1, 2, 3], &[1]]);
    let mut pair = Pair::new([Role::Initiator, Role::Responder].map(|role| case.session(role)));
    assert_eq!((pair.ends[0].progress().done(), pair.ends[0].progress().total()), (0, 7));
    assert!(!pair.ends[0].is_done());
    pair.pump(&mut ChaCha20Rng::seed_from_u64(0), |_, message| vec![message]);
    for end in &pair.ends {
        assert!(end.is_done());
        assert_eq!((end.progress().done(), end.progress().total()), (7, 7));
    }
    let initiator = pair.ends[0].progress();
    assert_eq!(initiator.own_answered, Part { done: 3, total: 3 });
    assert_eq!(initiator.peer_answered, Part { done: 0, total: 0 });
}

#[test]
fn both_ends_have_polled_dry_at_the_end() {
    let case = Case::numbered(Mode::CountOnly, Learn::Both, [&[1], &[1]]);
    let mut pair = Pair::new([Role::Initiator, Role::Responder].map(|role| case.session(role)));
    pair.pump(&mut ChaCha20Rng::seed_from_u64(0), |_, message| vec![message]);
    assert_eq!(pair.ends[0].poll(), Ok(None));
    assert_eq!(pair.ends[1].poll(), Ok(None));
}

#[test]
fn no_point_leaves_before_the_terms_are_known_to_be_equal() {
    let case = Case::numbered(Mode::Which, Learn::Both, [&[1], &[1]]);
    let mut session = case.session(Role::Initiator);
    assert_eq!(session.poll().unwrap().map(|message| message.kind()), Some("key_commit"));
    assert_eq!(session.poll(), Ok(None));
}

#[test]
fn a_listener_may_fall_behind_without_cost() {
    // One end sends its whole list before the other reads a word of it.
    let numbers: Vec<u32> = (0..2 * CHUNK_POINTS + 1).collect();
    let case = Case::numbered(Mode::Which, Learn::Both, [&numbers, &numbers]);
    let mut ends = [Role::Initiator, Role::Responder].map(|role| case.session(role));
    while !ends.iter().all(Session::is_done) {
        for from in [0, 1] {
            let mut queue = Vec::new();
            while let Some(message) = ends[from].poll().unwrap() {
                queue.push(message);
            }
            queue.into_iter().for_each(|message| ends[1 - from].input(message).unwrap());
        }
    }
    let [left, right] = ends.map(|end| end.finish().unwrap());
    assert_eq!(left.count, Some(u64::from(2 * CHUNK_POINTS + 1)));
    assert_eq!(left, right);
}

#[test]
fn session_may_move_between_threads() {
    fn movable<T: Send>() {}
    movable::<Session>();
    movable::<Message>();
    movable::<(Item, Seed)>();
}
