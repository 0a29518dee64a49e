//! Both ends of an expansion, and a sender that cheats.

use super::receiver::Noise;
use super::sender::{Grown, Names};
use crate::field::F128;
use crate::security::BatchShape;
use crate::simd::Simd;

const NAMES: Names = Names { context: [3; 32], codes: [4; 32] };
/// C and A.
type Pair = [F128; 2];
/// Whether the sender's proof convinced, B, pairs of C and A.
type Run = (bool, Vec<F128>, Vec<Pair>);
const DELTA: F128 = F128(0xfedc_ba98_7654_3210_0011_2233_4455_6677);

fn block(i: u64) -> F128 {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&blake3::hash(&i.to_le_bytes()).as_bytes()[..16]);
    F128::from_bytes(bytes)
}

/// An ideal dealer of correlated transfers: bits, t, q.
fn deal(shape: &BatchShape) -> (Vec<F128>, Vec<F128>, Vec<F128>) {
    let bits: Vec<F128> = (0..shape.blocks() as u64).map(block).collect();
    let t: Vec<F128> = (0..128 * shape.blocks() as u64).map(|i| block(i + (1 << 32))).collect();
    let q =
        t.iter().enumerate().map(|(i, t)| *t ^ DELTA.and(F128::mask(bits[i / 128].bit(i % 128))));
    let q = q.collect();
    (bits, t, q)
}

fn run(simd: Simd, shape: &BatchShape, tamper: impl Fn(&mut [u8])) -> Run {
    let (bits, t, q) = deal(shape);
    let (grown, mut message) = Grown::grow(simd, NAMES, shape, (DELTA, &q), &[9; 32]);
    assert_eq!(message.len(), shape.tree_bytes());
    tamper(&mut message);
    let challenge = block(77);
    let noise = Noise { simd, names: NAMES, shape, bits: &bits, correlations: &t };
    let mut a = vec![F128::ZERO; shape.outputs];
    let received = noise.expand(&message, challenge, &mut a);
    let sent = grown.expand(challenge);
    let good = sent.prove(simd, DELTA, received.masked) == received.expected;
    let pairs = received.outputs.iter().zip(a).map(|(c, a)| [*c, a]).collect();
    (good, sent.outputs.to_vec(), pairs)
}

#[test]
fn outputs_correlate() {
    for simd in Simd::available() {
        for outputs in [1, 4097, 20_000] {
            let shape = BatchShape::new(outputs);
            let (good, b, pairs) = run(simd, &shape, |_| {});
            assert!(good);
            assert_eq!((b.len(), pairs.len()), (outputs, outputs));
            for (i, ([c, a], b)) in pairs.iter().zip(&b).enumerate() {
                assert!(*c == simd.mul(*a, DELTA) ^ *b, "{} {outputs} {i}", simd.name());
            }
        }
    }
}

#[test]
fn batches_of_several_expansions_correlate() {
    let simd = Simd::detect();
    let shape = BatchShape::new((1 << 19) + 5);
    assert_eq!(shape.parts.len(), 2);
    let (good, b, pairs) = run(simd, &shape, |_| {});
    assert!(good);
    assert_eq!(pairs.len(), (1 << 19) + 5);
    assert!(pairs.iter().zip(&b).all(|([c, a], b)| *c == simd.mul(*a, DELTA) ^ *b));
    // What looks random repeats nowhere.
    let mut seen: Vec<F128> = pairs.iter().map(|pair| pair[1]).collect();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), pairs.len());
}

#[test]
fn all_tiers_give_the_same_outputs() {
    let shape = BatchShape::new(5000);
    let (_, b, pairs) = run(Simd::PORTABLE, &shape, |_| {});
    for simd in Simd::available() {
        let (_, other, others) = run(simd, &shape, |_| {});
        assert!(other == b && others == pairs, "{}", simd.name());
    }
}

/// A sender that gives a false sum of some level is caught, unless the path does not use it: that
/// is the guess which the functionality of WYKW21 allows.
#[test]
fn false_trees_are_caught() {
    let simd = Simd::detect();
    let shape = BatchShape::new(4096);
    let each = 16 * (2 * shape.parts[0].depth + 1);
    let mut caught = 0;
    let trials = 60;
    for trial in 0..trials {
        let at = trial * each + 16 * (trial % (2 * shape.parts[0].depth)) + trial % 16;
        let (good, ..) = run(simd, &shape, |message| message[at] ^= 1);
        caught += usize::from(!good);
        // The last block of a tree enters always.
        let at = (trial + 1) * each - 1;
        assert!(!run(simd, &shape, |message| message[at] ^= 1).0);
    }
    assert!((trials / 4..trials).contains(&caught), "{caught}");
}
