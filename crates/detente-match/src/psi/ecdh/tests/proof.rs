//! The proof alone: it holds for the truth and for nothing else.

use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use crate::params::Role;
use crate::psi::ecdh::dleq::{Statement, coefficients};
use crate::psi::ecdh::group::{Key, hash_dummy, read_points};
use crate::psi::ecdh::params::{Encoded, PROOF_BYTES, Terms};

/// A true statement over `count` points, in pieces that a test may replace.
struct Truth {
    key: Key,
    terms: Terms,
    prover: Role,
    start: u32,
    prover_key: Encoded,
    verifier_key: Encoded,
    before: Vec<Encoded>,
    after: Vec<Encoded>,
}

impl Truth {
    fn new(count: u32) -> Truth {
        let mut rng = ChaCha20Rng::seed_from_u64(3);
        let (key, other) = (Key::draw(&mut rng), Key::draw(&mut rng));
        let points: Vec<_> = (0..count).map(|number| hash_dummy(&[5; 32], number)).collect();
        Truth {
            terms: Terms([4; 32]),
            prover: Role::Responder,
            start: 2048,
            prover_key: *key.public(),
            verifier_key: *other.public(),
            before: points.iter().map(|point| point.compress().to_bytes()).collect(),
            after: key.raise(&points),
            key,
        }
    }

    fn statement(&self) -> Statement<'_> {
        Statement {
            terms: &self.terms,
            prover: self.prover,
            start: self.start,
            prover_key: &self.prover_key,
            verifier_key: &self.verifier_key,
            before: &self.before,
            after: &self.after,
        }
    }

    fn prove(&self) -> [u8; PROOF_BYTES] {
        self.prove_with(&[6; 32])
    }

    fn prove_with(&self, nonce_secret: &[u8; 32]) -> [u8; PROOF_BYTES] {
        let points = read_points(0, &self.before).unwrap();
        self.statement().prove(&self.key, nonce_secret, &points)
    }

    fn holds(&self, proof: &[u8; PROOF_BYTES]) -> bool {
        let key = read_points(0, &[self.prover_key]).unwrap();
        let before = read_points(0, &self.before).unwrap();
        let after = read_points(0, &self.after).unwrap();
        self.statement().verify(proof, &key[0], &before, &after)
    }
}

type Lie = fn(&mut Truth, RistrettoPoint);
type Move = fn(&mut Truth);

fn add(point: &mut Encoded, error: RistrettoPoint) {
    let sum = read_points(0, &[*point]).unwrap()[0] + error;
    *point = sum.compress().to_bytes();
}

#[test]
fn the_raised_points_are_the_products() {
    let truth = Truth::new(130);
    for (before, after) in read_points(0, &truth.before).unwrap().iter().zip(&truth.after) {
        assert_eq!((before * truth.key.scalar()).compress().to_bytes(), *after);
    }
}

#[test]
fn the_truth_holds_for_every_length() {
    for count in [1, 2, 3, 4, 5, 63, 1024, 1025, 2048] {
        let truth = Truth::new(count);
        assert!(truth.holds(&truth.prove()), "{count}");
    }
}

#[test]
fn false_statements_do_not_hold() {
    let error = hash_dummy(&[1; 32], 0);
    let lies: [(&str, Lie); 5] = [
        ("one point replaced", |truth, error| {
            add(&mut truth.after[3], error);
        }),
        ("two points swapped", |truth, _| truth.after.swap(1, 2)),
        ("errors that cancel out", |truth, error| {
            add(&mut truth.after[0], error);
            add(&mut truth.after[1], -error);
        }),
        ("other points asked", |truth, error| {
            add(&mut truth.before[7], error);
        }),
        ("all raised with another key", |truth, _| {
            let other = Key::draw(&mut ChaCha20Rng::seed_from_u64(99));
            truth.after = other.raise(&read_points(0, &truth.before).unwrap());
        }),
    ];
    for (name, lie) in lies {
        let mut truth = Truth::new(8);
        let proof_of_truth = truth.prove();
        lie(&mut truth, error);
        assert!(!truth.holds(&proof_of_truth), "{name}: proof of the truth");
        assert!(!truth.holds(&truth.prove()), "{name}: proof of the lie");
    }
}

#[test]
fn errors_that_cancel_under_the_coefficients_of_the_truth_do_not_hold() {
    // If coefficients did not hang on the answers, this would pass.
    for [left, right] in [[0, 1], [0, 7], [3, 6]] {
        let mut truth = Truth::new(8);
        let weights = coefficients(&truth.statement().seed(), 8);
        let error = hash_dummy(&[1; 32], 0);
        add(&mut truth.after[left], error * weights[right]);
        add(&mut truth.after[right], -(error * weights[left]));
        assert!(!truth.holds(&truth.prove()));
    }
}

#[test]
fn another_key_proves_only_itself() {
    let mut truth = Truth::new(8);
    let other = Key::draw(&mut ChaCha20Rng::seed_from_u64(99));
    truth.after = other.raise(&read_points(0, &truth.before).unwrap());
    let committed = truth.prover_key;
    truth.key = other;
    truth.prover_key = *truth.key.public();
    let proof = truth.prove();
    assert!(truth.holds(&proof), "the other key's own statement is true");
    truth.prover_key = committed;
    assert!(!truth.holds(&proof), "but it is not the committed key");
}

#[test]
fn a_proof_is_bound_to_its_place() {
    let moves: [(&str, Move); 4] = [
        ("terms", |truth| truth.terms = Terms([9; 32])),
        ("role", |truth| truth.prover = truth.prover.other()),
        ("start", |truth| truth.start = 0),
        ("verifier", |truth| truth.verifier_key = truth.before[0]),
    ];
    for (name, change) in moves {
        let mut truth = Truth::new(4);
        let proof = truth.prove();
        change(&mut truth);
        assert!(!truth.holds(&proof), "{name}");
    }
}

#[test]
fn altered_and_non_canonical_proofs_do_not_hold() {
    let truth = Truth::new(4);
    let proof = truth.prove();
    for at in 0..PROOF_BYTES {
        let mut altered = proof;
        altered[at] ^= 1;
        assert!(!truth.holds(&altered), "byte {at}");
    }
    // The group order added to a scalar gives the same scalar in other bytes.
    let order = (-Scalar::ONE).to_bytes();
    for half in [0, 32] {
        let mut twin = proof;
        let mut carry = 1_u16;
        for (byte, order) in twin[half..half + 32].iter_mut().zip(order) {
            carry += u16::from(*byte) + u16::from(order);
            *byte = carry.to_le_bytes()[0];
            carry >>= 8;
        }
        assert_eq!(carry, 0);
        assert!(!truth.holds(&twin), "scalar at {half}");
    }
}

#[test]
fn nonces_hang_on_statement_and_secret() {
    let commitment = |truth: &Truth, proof: &[u8; PROOF_BYTES]| {
        let (halves, _) = proof.as_chunks::<32>();
        let scalar = |at: usize| Scalar::from_canonical_bytes(halves[at]).unwrap();
        scalar(1) + scalar(0) * truth.key.scalar()
    };
    let mut truth = Truth::new(4);
    let first = commitment(&truth, &truth.prove());
    assert_ne!(first, commitment(&truth, &truth.prove_with(&[8; 32])));
    assert_eq!(first, commitment(&truth, &truth.prove()));
    truth.start = 0;
    assert_ne!(first, commitment(&truth, &truth.prove()));
}
