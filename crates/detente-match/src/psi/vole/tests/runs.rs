//! Honest runs against plain intersection.

use std::collections::HashSet;

use super::support::{CLASSICAL, drive, ends, item, items, params, session};
use crate::error::{CallerFault, Error};
use crate::item::{Item, Seed};
use crate::params::{Learn, Mode, Role};
use crate::psi::vole::session::Session;
use crate::psi::{Outcome, VoleOptions};
use detente_vole::simd::Simd;

fn run(
    learn: Learn,
    options: &VoleOptions,
    a: &[Vec<u8>],
    b: &[Vec<u8>],
    pad: (usize, usize),
) -> (Outcome, Outcome) {
    let (own, peer) = (a.len() + pad.0, b.len() + pad.1);
    let mut initiator = session(params(Role::Initiator, learn, own, peer), options, a, 1);
    let mut responder = session(params(Role::Responder, learn, peer, own), options, b, 2);
    drive(&mut initiator, &mut responder);
    let progress = initiator.progress();
    assert_eq!(progress.items_done, progress.items_total, "{progress:?}");
    (initiator.finish().unwrap(), responder.finish().unwrap())
}

fn expected(own: &[Vec<u8>], other: &[Vec<u8>]) -> Vec<usize> {
    let other: HashSet<&Vec<u8>> = other.iter().collect();
    (0..own.len()).filter(|&i| other.contains(&own[i])).collect()
}

#[test]
fn both_learn_the_plain_intersection() {
    for (n, m, shift, pad) in [
        (0, 0, 0, (0, 0)),
        (0, 5, 0, (3, 0)),
        (5, 0, 0, (0, 1)),
        (1, 1, 0, (0, 0)),
        (1, 1, 1, (0, 0)),
        (100, 100, 50, (0, 0)),
        (1000, 30, 990, (24, 34)),
        (30, 3000, 0, (0, 0)),
        (20_000, 17_000, 10_000, (0, 7)),
    ] {
        let a: Vec<Vec<u8>> = (0..n).map(item).collect();
        let b: Vec<Vec<u8>> = (shift..shift + m).map(item).collect();
        let (first, second) = run(Learn::Both, &CLASSICAL, &a, &b, pad);
        assert_eq!(first.common, Some(expected(&a, &b)), "{n} {m} {shift}");
        assert_eq!(second.common, Some(expected(&b, &a)), "{n} {m} {shift}");
        assert_eq!(first.transcript, second.transcript);
        let (first, second) = run(Learn::Initiator, &CLASSICAL, &a, &b, pad);
        assert_eq!(first.common, Some(expected(&a, &b)));
        assert_eq!((second.common, second.count), (None, None));
    }
}

#[test]
fn base_transfers_of_ml_kem_serve_too() {
    let a: Vec<Vec<u8>> = (0..300).map(item).collect();
    let b: Vec<Vec<u8>> = (200..700).map(item).collect();
    let (first, second) = run(Learn::Both, &VoleOptions::default(), &a, &b, (0, 0));
    assert_eq!(first.common, Some(expected(&a, &b)));
    assert_eq!(second.count, Some(100));
}

/// Thousands of random cases at small sizes: which items each side holds is drawn anew.
#[test]
fn random_lists_give_the_plain_intersection() {
    let mut state = 0x1234_5678_9abc_def0u64;
    let mut draw = move |below: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut cases = 0;
    for _ in 0..12 {
        // One run holds many cases: each item is at both sides, at one, or at none.
        let universe = 1 + draw(4000);
        let (mut a, mut b) = (Vec::new(), Vec::new());
        let bias = 1 + draw(6);
        for i in 0..universe {
            cases += 1;
            if draw(bias + 1) == 0 || draw(3) == 0 {
                a.push(item(i));
            }
            if draw(3) < 2 {
                b.push(item(i));
            }
        }
        let (first, second) = run(Learn::Both, &CLASSICAL, &a, &b, (0, 0));
        assert_eq!(first.common, Some(expected(&a, &b)));
        assert_eq!(second.common, Some(expected(&b, &a)));
    }
    assert!(cases > 10_000, "{cases}");
}

#[test]
fn equal_items_are_refused_at_both_ends() {
    let mut doubled = items(0..40);
    doubled[30] = doubled[7].clone();
    let other = items(10..50);
    let (mut a, mut b) = ends(Learn::Both, &doubled, &other);
    let fault = pump(&mut a, &mut b);
    assert_eq!(fault, Error::Caller(CallerFault::DuplicateItem { first: 7, second: 30 }));
    let (mut a, mut b) = ends(Learn::Both, &other, &doubled);
    let fault = pump(&mut a, &mut b);
    assert!(matches!(fault, Error::Caller(CallerFault::DuplicateItem { .. })), "{fault:?}");
}

/// Drives until one end reports a fault.
fn pump(a: &mut Session, b: &mut Session) -> Error {
    for _ in 0..100 {
        loop {
            match a.poll() {
                Ok(Some(frame)) => {
                    if let Err(fault) = b.input(&frame) {
                        return fault;
                    }
                }
                Ok(None) => break,
                Err(fault) => return fault,
            }
        }
        loop {
            match b.poll() {
                Ok(Some(frame)) => {
                    if let Err(fault) = a.input(&frame) {
                        return fault;
                    }
                }
                Ok(None) => break,
                Err(fault) => return fault,
            }
        }
    }
    panic!("no fault");
}

#[test]
fn what_the_engine_does_not_do_is_said_at_once() {
    let list = items(0..3);
    let new = |params| {
        let items = list.iter().map(|item| Item::new(item.clone()).unwrap());
        Session::new(Simd::detect(), params, &CLASSICAL, items, &Seed::new([1; 32])).err()
    };
    let mut count = params(Role::Initiator, Learn::Both, 3, 3);
    count.mode = Mode::CountOnly;
    assert_eq!(new(count), Some(Error::Caller(CallerFault::ModeUnknown)));
    let short = params(Role::Initiator, Learn::Both, 2, 3);
    let fault = CallerFault::PaddingTooShort { items: 3, padded: 2 };
    assert_eq!(new(short), Some(Error::Caller(fault)));
    let mut long = params(Role::Initiator, Learn::Both, 3, 3);
    long.peer_len = u32::MAX;
    assert!(matches!(new(long), Some(Error::Caller(CallerFault::ListTooLong { .. }))));
}

/// Lists that are cut into bins, run one after the other.
#[test]
fn bins_give_the_same_answer() {
    let a = items(0..1_060_000);
    let b = items(1_059_000..1_061_500);
    let (first, second) = run(Learn::Both, &CLASSICAL, &a, &b, (0, 0));
    assert_eq!(first.common, Some((1_059_000..1_060_000).collect()));
    assert_eq!(second.common, Some((0..1000).collect()));
    let whole = VoleOptions { whole: true, ..CLASSICAL };
    let (other, _) = run(Learn::Both, &whole, &a, &b, (0, 0));
    assert_eq!(other.common, first.common);
    assert_ne!(other.transcript, first.transcript);
}

/// Frames are of the same number and length whatever is in the lists.
#[test]
fn transcripts_have_one_shape() {
    let shape = |a: Vec<Vec<u8>>, b: Vec<Vec<u8>>| {
        let (mut initiator, mut responder) = (
            session(params(Role::Initiator, Learn::Both, 500, 700), &CLASSICAL, &a, 1),
            session(params(Role::Responder, Learn::Both, 700, 500), &CLASSICAL, &b, 2),
        );
        let mut lengths = Vec::new();
        while !(initiator.is_done() && responder.is_done()) {
            while let Some(frame) = initiator.poll().unwrap() {
                lengths.push((0, frame.len()));
                responder.input(&frame).unwrap();
            }
            while let Some(frame) = responder.poll().unwrap() {
                lengths.push((1, frame.len()));
                initiator.input(&frame).unwrap();
            }
        }
        lengths
    };
    let none = shape(items(0..500), items(1000..1700));
    assert_eq!(shape(items(0..500), items(0..700)), none);
    assert_eq!(shape(vec![], vec![]), none);
    assert_eq!(shape(items(0..1), items(0..700)), none);
}
