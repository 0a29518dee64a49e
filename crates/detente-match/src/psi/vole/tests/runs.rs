//! Honest runs against plain intersection.

use std::collections::HashSet;

use super::super::session::Session;
use crate::item::Seed;
use crate::ot::BaseTransfer;
use crate::params::{Learn, Mode, Params, Role};
use crate::psi::{Outcome, VoleOptions};
use crate::simd::Simd;

fn params(role: Role, learn: Learn, own: usize, peer: usize) -> Params {
    Params {
        role,
        mode: Mode::Which,
        learn,
        context: [5; 32],
        own_len: own as u32,
        peer_len: peer as u32,
    }
}

fn item(i: u64) -> Vec<u8> {
    // Lengths on both sides of a block.
    format!("item-{i:0>width$}", width = (i % 90) as usize + 1).into_bytes()
}

fn session(params: Params, options: &VoleOptions, items: &[Vec<u8>], seed: u8) -> Session {
    let seed = Seed::new([seed; 32]);
    let items = items.iter().map(Vec::as_slice);
    Session::new(Simd::detect(), params, options, items, &seed).unwrap()
}

fn drive(a: &mut Session, b: &mut Session) {
    while !(a.is_done() && b.is_done()) {
        let mut moved = false;
        while let Some(frame) = a.poll().unwrap() {
            moved = true;
            b.input(&frame).unwrap();
        }
        while let Some(frame) = b.poll().unwrap() {
            moved = true;
            a.input(&frame).unwrap();
        }
        assert!(moved, "both wait");
    }
}

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
    let classical = VoleOptions { base: BaseTransfer::Ristretto255, whole: false };
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
        let (first, second) = run(Learn::Both, &classical, &a, &b, pad);
        assert_eq!(first.common, Some(expected(&a, &b)), "{n} {m} {shift}");
        assert_eq!(second.common, Some(expected(&b, &a)), "{n} {m} {shift}");
        assert_eq!(first.transcript, second.transcript);
        let (first, second) = run(Learn::Initiator, &classical, &a, &b, pad);
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
