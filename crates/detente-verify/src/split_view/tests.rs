use detente_log::{
    Checkpoint, CheckpointBody, Hash, KeyName, LeafIndex, NoteSigner, Origin, TreeHead, TreeSize,
    VerifierKey, prove_consistency, prove_inclusion,
};
use proptest::prelude::*;

use super::{ForkError, ForkProof, MAX_FORK_PROOF};
use crate::tree::Tree;

const ORIGIN: &str = "detente/test";

fn signer(seed: u8) -> NoteSigner {
    NoteSigner::new(KeyName::new(ORIGIN).unwrap(), &[seed; 32])
}

fn key() -> VerifierKey {
    signer(1).verifier().clone()
}

fn tree(entries: &[&str]) -> Tree {
    Tree::of(entries.iter().map(|entry| entry.as_bytes())).unwrap()
}

fn checkpoint(head: TreeHead) -> Checkpoint {
    let body = CheckpointBody::new(Origin::new(ORIGIN).unwrap(), head);
    body.sign(&[&signer(1)]).unwrap()
}

fn same_size() -> ForkProof {
    let (first, second) = (tree(&["a", "b"]), tree(&["a", "c"]));
    let (first, second) = (checkpoint(first.head()), checkpoint(second.head()));
    ForkProof::same_size(&key(), &first, &second).unwrap()
}

fn inconsistent() -> ForkProof {
    let (older, newer) = (tree(&["a", "b", "c"]), tree(&["a", "x", "c", "d", "e"]));
    let size = older.head().size;
    let proof = prove_consistency(&newer, size, newer.head().size).unwrap();
    let root = newer.root_at(size.get()).unwrap();
    let both = (&checkpoint(older.head()), &checkpoint(newer.head()));
    ForkProof::inconsistent(&key(), both, root, proof).unwrap()
}

#[test]
fn two_roots_of_one_size_are_a_fork() {
    let proof = ForkProof::decode(&same_size().encode()).unwrap();
    let fork = proof.verify(&key()).unwrap();
    assert_eq!(fork.older.size, fork.newer.size);
    assert_ne!(fork.older.root, fork.newer.root);
}

#[test]
fn two_sizes_that_do_not_follow_from_each_other_are_a_fork() {
    let bytes = inconsistent().encode();
    assert!(bytes.len() < MAX_FORK_PROOF);
    let fork = ForkProof::decode(&bytes).unwrap().verify(&key()).unwrap();
    assert_eq!(fork.older.size.get(), 3);
    assert_ne!(fork.older.root, fork.root);
}

#[test]
fn the_notes_stand_in_the_proof_as_they_were_signed() {
    let text = String::from_utf8(same_size().encode()).unwrap();
    let note = checkpoint(tree(&["a", "b"]).head()).to_string();
    assert!(text.contains(&note));
    assert!(text.contains(&key().to_vkey()));
}

#[test]
fn honest_checkpoints_are_no_fork() {
    let log = tree(&["a", "b", "c", "d", "e"]);
    let older = tree(&["a", "b", "c"]);
    let (first, second) = (checkpoint(older.head()), checkpoint(log.head()));
    let same = ForkProof::same_size(&key(), &first, &first);
    assert_eq!(same, Err(ForkError::Consistent));
    let sizes = ForkProof::same_size(&key(), &first, &second);
    assert_eq!(sizes, Err(ForkError::Consistent));
    let size = older.head().size;
    let proof = prove_consistency(&log, size, log.head().size).unwrap();
    let root = older.head().root;
    let grown = ForkProof::inconsistent(&key(), (&first, &second), root, proof.clone());
    assert_eq!(grown, Err(ForkError::Consistent));
    // Nor can a wrong root be made up for the newer tree.
    let other = tree(&["a", "x", "c"]).head().root;
    let made_up = ForkProof::inconsistent(&key(), (&first, &second), other, proof);
    assert!(matches!(made_up, Err(ForkError::Proof(_))));
}

#[test]
fn the_empty_tree_is_no_fork() {
    let log = tree(&["a"]);
    let empty = checkpoint(TreeHead::EMPTY);
    let both = (&empty, &checkpoint(log.head()));
    let root = Hash::from_bytes([1; 32]);
    let proof = prove_consistency(&log, TreeSize::ZERO, log.head().size).unwrap();
    assert!(ForkProof::inconsistent(&key(), both, root, proof.clone()).is_err());
    let root = Hash::EMPTY_ROOT;
    assert!(ForkProof::inconsistent(&key(), both, root, proof).is_err());
}

#[test]
fn a_checkpoint_by_another_key_proves_nothing() {
    let body = CheckpointBody::new(Origin::new(ORIGIN).unwrap(), tree(&["a", "c"]).head());
    let forged = body.sign(&[&signer(2)]).unwrap();
    let own = checkpoint(tree(&["a", "b"]).head());
    let framed = ForkProof::same_size(&key(), &own, &forged);
    assert!(matches!(framed, Err(ForkError::Checkpoint(_))));
    let proof = same_size();
    let other = signer(2).verifier().clone();
    assert_eq!(proof.verify(&other), Err(ForkError::OtherKey));
}

#[test]
fn foreign_lines_are_left_out() {
    let (first, second) = (tree(&["a", "b"]), tree(&["a", "c"]));
    let long = format!("\u{2014} x {}\n", "A".repeat(2 * MAX_FORK_PROOF));
    let long = format!("{}{long}", checkpoint(first.head()));
    let first = Checkpoint::parse(long.as_bytes()).unwrap();
    let second = checkpoint(second.head());
    let proof = ForkProof::same_size(&key(), &first, &second).unwrap();
    assert!(proof.encode().len() < 1_000);
}

#[test]
fn proofs_of_a_tree_are_those_of_its_roots() {
    let log = tree(&["a", "b", "c", "d", "e"]);
    let head = log.head();
    let proof = prove_inclusion(&log, LeafIndex::new(3), head.size).unwrap();
    let leaf = detente_log::leaf_hash(b"d");
    proof.verify(LeafIndex::new(3), &leaf, &head).unwrap();
    assert_eq!(log.root_at(6), None);
    assert_eq!(log.root_at(u64::MAX), None);
}

proptest! {
    #[test]
    fn foreign_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(ForkProof::decode(&bytes).is_err());
    }

    #[test]
    fn a_flipped_bit_proves_nothing(two in any::<bool>(), bit in any::<prop::sample::Index>()) {
        let proof = if two { inconsistent() } else { same_size() };
        let mut bytes = proof.encode();
        let bit = bit.index(bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        let read = ForkProof::decode(&bytes);
        prop_assert!(!read.is_ok_and(|read| read.verify(&key()).is_ok()));
    }
}
