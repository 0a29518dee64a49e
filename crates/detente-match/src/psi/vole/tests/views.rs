//! What an end sees, against what a simulator would show it that knows the terms and the answer
//! alone: of equal shape, and by statistics not to be told from random bytes or from the view that
//! another list gives (RS21 §4: masked columns to the sender, masks to the receiver).
//!
//! Small parameters and fixed seeds, so the tests neither take long nor fail by chance. A test of
//! this kind finds a slip, such as a mask that is left out; it proves nothing.

use super::support::{CLASSICAL, items, params, session};
use crate::params::{Learn, Role};
use crate::psi::vole::frame::{Frame, Place};
use crate::psi::vole::layout::{COLUMNS_HEAD, MASKS_HEAD, Step};
use crate::psi::vole::session::Session;

/// Bytes before the content of a frame.
const FRAME_HEAD: usize = 13;
/// Runs of each case.
const RUNS: u8 = 24;

/// Content of a step of one run, without its head.
fn content(step: Step, head: usize, (a, b): (&mut Session, &mut Session)) -> Vec<u8> {
    let mut seen = Vec::new();
    while !(a.is_done() && b.is_done()) {
        for initiator in [true, false] {
            let (from, to) = if initiator { (&mut *a, &mut *b) } else { (&mut *b, &mut *a) };
            while let Some(frame) = from.poll().unwrap() {
                let place = match Frame::decode(&frame) {
                    Ok(Frame::Part { place, .. }) => Some(place),
                    _ => None,
                };
                if place.is_some_and(|Place { at, .. }| at.step == step) {
                    seen.extend_from_slice(&frame[FRAME_HEAD..]);
                }
                to.input(&frame).unwrap();
            }
        }
    }
    seen.split_off(head)
}

/// What one end sees in several runs of these lists, one after the other.
fn view(
    step: Step,
    head: usize,
    own: std::ops::Range<u64>,
    other: std::ops::Range<u64>,
) -> Vec<u8> {
    (0..RUNS)
        .flat_map(|run| {
            let (a, b) = (items(own.clone()), items(other.clone()));
            let lengths = (a.len().next_power_of_two(), b.len().next_power_of_two());
            let initiator = params(Role::Initiator, Learn::Both, lengths.0, lengths.1);
            let responder = params(Role::Responder, Learn::Both, lengths.1, lengths.0);
            let mut a = session(initiator, &CLASSICAL, &a, run + 1);
            let mut b = session(responder, &CLASSICAL, &b, run + 101);
            content(step, head, (&mut a, &mut b))
        })
        .collect()
}

fn counts(bytes: &[u8]) -> [f64; 256] {
    let mut counts = [0.0; 256];
    for byte in bytes {
        counts[usize::from(*byte)] += 1.0;
    }
    counts
}

/// Pearson's statistic of bytes against uniform ones: 255 on average, 22.6 its deviation.
fn from_uniform(bytes: &[u8]) -> f64 {
    let expected = bytes.len() as f64 / 256.0;
    counts(bytes).iter().map(|count| (count - expected).powi(2) / expected).sum()
}

/// The same of two samples against each other.
fn from_each_other(a: &[u8], b: &[u8]) -> f64 {
    let (scale_a, scale_b) = ((b.len() as f64).sqrt(), (a.len() as f64).sqrt());
    let (scale_a, scale_b) = (scale_a / scale_b, scale_b / scale_a);
    let terms = counts(a).into_iter().zip(counts(b));
    terms.map(|(a, b)| (scale_a * a - scale_b * b).powi(2) / (a + b).max(1.0)).sum()
}

/// Five deviations above what chance gives.
const BOUND: f64 = 255.0 + 5.0 * 22.6;

/// How often neighbouring blocks of 16 bytes share a bit: half of the time, if they are random.
fn repeats(bytes: &[u8]) -> f64 {
    let blocks = bytes.as_chunks::<16>().0;
    let equal: u32 = blocks
        .windows(2)
        .map(|pair| (u128::from_le_bytes(pair[0]) ^ u128::from_le_bytes(pair[1])).count_zeros())
        .sum();
    f64::from(equal) / (128.0 * (blocks.len() as f64 - 1.0))
}

#[test]
fn the_sender_sees_random_columns_whatever_the_receiver_holds() {
    let see = |own| view(Step::Columns, COLUMNS_HEAD, own, 1000..1064);
    let (empty, full, other) = (see(0..0), see(0..64), see(1000..1064));
    // Two lists of one length give a view of one shape; the empty one is padded to one item.
    assert_eq!(full.len(), other.len());
    for (name, view) in [("empty", &empty), ("full", &full), ("all common", &other)] {
        let statistic = from_uniform(view);
        assert!(statistic < BOUND, "{name}: {statistic}");
        assert!((repeats(view) - 0.5).abs() < 0.005, "{name}: {}", repeats(view));
    }
    assert!(from_each_other(&full, &other) < BOUND);
    assert!(from_each_other(&empty, &full) < BOUND);
}

#[test]
fn the_receiver_sees_random_masks_whatever_else_the_sender_holds() {
    // 64 masks are sent whole and in order: their first byte is not uniform, the others are.
    let see = |other| {
        let masks = view(Step::Masks, MASKS_HEAD, 0..64, other);
        masks.as_chunks::<16>().0.iter().flat_map(|mask| mask[..15].to_vec()).collect::<Vec<u8>>()
    };
    let (none, few, all) = (see(1000..1064), see(40..104), see(0..64));
    assert_eq!((none.len(), none.len()), (few.len(), all.len()));
    for (name, view) in [("none common", &none), ("some common", &few), ("all common", &all)] {
        let statistic = from_uniform(view);
        assert!(statistic < BOUND, "{name}: {statistic}");
    }
    assert!(from_each_other(&none, &few) < BOUND);
    assert!(from_each_other(&none, &all) < BOUND);
}

/// The tests above see what they should: bytes with a slip, and lists of another distribution.
#[test]
fn the_statistics_see_a_slip() {
    let mut bytes = Vec::new();
    blake3::Hasher::new().update(b"views").finalize_xof().fill({
        bytes.resize(40_000, 0);
        &mut bytes
    });
    assert!(from_uniform(&bytes) < BOUND);
    let mut slip = bytes.clone();
    // A fiftieth of all blocks is left without a mask.
    for block in slip.chunks_mut(16).step_by(50) {
        block.fill(0);
    }
    assert!(from_uniform(&slip) > BOUND);
    assert!(from_each_other(&bytes, &slip) > BOUND);
    let twice: Vec<u8> = bytes.chunks(16).flat_map(|block| [block, block].concat()).collect();
    assert!((repeats(&twice) - 0.5).abs() > 0.1);
}
