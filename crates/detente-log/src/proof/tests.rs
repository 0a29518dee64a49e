use std::fmt::Write as _;

use proptest::prelude::{ProptestConfig, any, prop_assert, prop_assert_eq, proptest};
use sha2::{Digest as _, Sha256};

use super::{
    ConsistencyProof, InclusionProof, ProofError, ProveError, Subtree, SubtreeProof,
    prove_consistency, prove_inclusion, prove_subtree,
};
use crate::hash::{Hash, leaf_hash};
use crate::size::{LeafIndex, TreeHead, TreeSize};
use crate::testing::{MemTree, entry, size};
use crate::tree::RootBuilder;

/// The trees of draft-ietf-plants-merkle-tree-certs, "Subtree Test Vectors": leaves 0x00, 0x01, ...
fn draft_tree() -> MemTree {
    let mut tree = MemTree::default();
    (0..130).for_each(|leaf| tree.push(&[leaf]));
    tree
}

fn draft_root(start: u64, end: u64) -> Hash {
    let mut builder = RootBuilder::new();
    (start..end).for_each(|leaf| builder.push_entry(&[leaf.try_into().unwrap()]).unwrap());
    builder.head().root
}

fn subtree(start: u64, end: u64) -> Option<Subtree> {
    Subtree::new(LeafIndex::new(start), size(end)).ok()
}

#[test]
fn subtree_hashes_of_the_draft() {
    let mut rolling = Sha256::new();
    for end in 0..=130 {
        for start in (0..=end).filter(|start| subtree(*start, end).is_some()) {
            rolling.update(format!("[{start}, {end}) {}\n", draft_root(start, end)));
        }
    }
    assert_eq!(
        hex::encode(rolling.finalize()),
        "b82806ad4265bb151c1119c0f4db437bb4d1a1f887b3a7fba1cd4ebf552e3e81"
    );
}

#[test]
fn subtree_consistency_proofs_of_the_draft() {
    let tree = draft_tree();
    let mut rolling = Sha256::new();
    for n in 0..=130 {
        let head = TreeHead { size: size(n), root: tree.root(n) };
        for end in 0..=n {
            for start in 0..=end {
                let Some(range) = subtree(start, end) else {
                    continue;
                };
                let proof = prove_subtree(&tree, &range, size(n)).unwrap();
                let mut line = format!("[{start}, {end}) {n}");
                proof.hashes().iter().for_each(|hash| write!(line, " {hash}").unwrap());
                rolling.update(line + "\n");
                proof.verify(&range, &draft_root(start, end), &head).unwrap();
            }
        }
    }
    assert_eq!(
        hex::encode(rolling.finalize()),
        "10fa99b37bf9bf9ffa26b412fbd98bd75363256d0b75d61bc4538b9c9c5a0a74"
    );
}

#[test]
fn subtrees_are_aligned() {
    for (start, end) in [(0, 0), (5, 5), (0, 7), (4, 8), (8, 13), (12, 14), (256, 300)] {
        assert!(subtree(start, end).is_some(), "[{start}, {end})");
    }
    for (start, end) in [(1, 3), (4, 9), (8, 17), (100, 300), (257, 300)] {
        assert!(subtree(start, end).is_none(), "[{start}, {end})");
    }
    let backwards = Subtree::new(LeafIndex::new(9), size(8));
    assert_eq!(backwards, Err(ProofError::Subtree { start: 9, end: 8 }));
    let whole = Subtree::new(LeafIndex::new(0), TreeSize::MAX).unwrap();
    assert_eq!(whole.end(), TreeSize::MAX);
    assert!(Subtree::new(LeafIndex::new(1), TreeSize::MAX).is_err());
    assert!(Subtree::new(LeafIndex::new(u64::MAX), TreeSize::MAX).is_err());
}

#[test]
fn every_altered_hash_is_refused() {
    let tree = MemTree::with(70);
    for n in 1..=70 {
        let head = TreeHead { size: size(n), root: tree.root(n) };
        for i in 0..n {
            let proof = prove_inclusion(&tree, LeafIndex::new(i), size(n)).unwrap();
            for at in 0..proof.hashes().len() {
                let mut hashes = proof.hashes().to_vec();
                hashes[at] = Hash::EMPTY_ROOT;
                let altered = InclusionProof::new(hashes).unwrap();
                let result = altered.verify(LeafIndex::new(i), &leaf_hash(&entry(i)), &head);
                assert_eq!(result, Err(ProofError::Root), "{i} of {n} at {at}");
            }
            let old = TreeHead { size: size(i + 1), root: tree.root(i + 1) };
            let proof = prove_consistency(&tree, old.size, head.size).unwrap();
            for at in 0..proof.hashes().len() {
                let mut hashes = proof.hashes().to_vec();
                hashes[at] = Hash::EMPTY_ROOT;
                let altered = ConsistencyProof::new(hashes).unwrap();
                let result = altered.verify(&old, &head);
                assert!(
                    matches!(result, Err(ProofError::Root | ProofError::OldRoot)),
                    "{} to {n} at {at}: {result:?}",
                    i + 1
                );
            }
        }
    }
}

/// A proof for one pair of sizes or index must not pass for another.
#[test]
fn proofs_do_not_move() {
    let tree = MemTree::with(40);
    for n in 2..=40 {
        let head = TreeHead { size: size(n), root: tree.root(n) };
        for i in 0..n {
            let proof = prove_inclusion(&tree, LeafIndex::new(i), size(n)).unwrap();
            let leaf = leaf_hash(&entry(i));
            for j in (0..n).filter(|j| *j != i) {
                assert!(proof.verify(LeafIndex::new(j), &leaf, &head).is_err(), "{i} as {j}");
            }
            let old = TreeHead { size: size(i), root: tree.root(i) };
            let proof = prove_consistency(&tree, old.size, head.size).unwrap();
            for j in (1..n).filter(|j| *j != i) {
                let other = TreeHead { size: size(j), root: old.root };
                assert!(proof.verify(&other, &head).is_err(), "{i} as {j} of {n}");
            }
        }
    }
}

#[test]
fn proving_what_cannot_be_is_refused() {
    let tree = MemTree::with(5);
    let outside = prove_inclusion(&tree, LeafIndex::new(5), size(5));
    let Err(ProveError::Request(error)) = outside else { panic!("{outside:?}") };
    assert_eq!(error, ProofError::IndexOutside { index: 5, size: 5 });
    let shrinks = prove_consistency(&tree, size(5), size(4));
    assert!(matches!(shrinks, Err(ProveError::Request(ProofError::Shrinks { old: 5, new: 4 }))));
    let missing = prove_inclusion(&tree, LeafIndex::new(0), size(9));
    assert!(matches!(missing, Err(ProveError::Read(_))));
}

#[test]
fn largest_trees_have_bounded_proofs() {
    let leaf = Hash::EMPTY_ROOT;
    let head = TreeHead { size: TreeSize::MAX, root: leaf };
    let inclusion = InclusionProof::new(vec![leaf; 63]).unwrap();
    assert_eq!(inclusion.verify(LeafIndex::new(0), &leaf, &head), Err(ProofError::Root));
    let last = LeafIndex::new(TreeSize::MAX.get() - 1);
    assert!(matches!(
        inclusion.verify(last, &leaf, &head),
        Err(ProofError::Length { got: 63, want: 62 })
    ));
    let old = TreeHead { size: size(1 << 62 | 1), root: leaf };
    let consistency = ConsistencyProof::new(vec![leaf; 64]).unwrap();
    assert!(consistency.verify(&old, &head).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn arbitrary_proofs_never_panic_and_never_hold(
        hashes in proptest::collection::vec(any::<[u8; 32]>(), 0..70),
        numbers in any::<[u64; 3]>(),
        narrow in 0_u32..64,
    ) {
        let hashes: Vec<_> = hashes.into_iter().map(Hash::from_bytes).collect();
        let n = size((numbers[0] >> narrow) & TreeSize::MAX.get());
        let (i, m) = (numbers[1] >> narrow, size((numbers[2] >> narrow) & TreeSize::MAX.get()));
        let root = leaf_hash(b"some other tree");
        let head = TreeHead { size: n, root };
        if let Ok(proof) = InclusionProof::new(hashes.clone()) {
            prop_assert!(proof.verify(LeafIndex::new(i), &leaf_hash(b"x"), &head).is_err());
        }
        if let Ok(proof) = ConsistencyProof::new(hashes.clone()) {
            let old = TreeHead { size: m, root: leaf_hash(b"y") };
            prop_assert!(proof.verify(&old, &head).is_err());
        }
        if let (Ok(proof), Ok(range)) =
            (SubtreeProof::new(hashes), Subtree::new(LeafIndex::new(i), m))
        {
            prop_assert!(proof.verify(&range, &leaf_hash(b"z"), &head).is_err());
        }
    }

    #[test]
    fn random_sizes_round_trip(n in 1_u64..3000, at in any::<u64>()) {
        let tree = MemTree::with(n);
        let head = tree.edge.head();
        let i = at % n;
        let proof = prove_inclusion(&tree, LeafIndex::new(i), head.size).unwrap();
        prop_assert_eq!(proof.verify(LeafIndex::new(i), &leaf_hash(&entry(i)), &head), Ok(()));
        let old = TreeHead { size: size(i), root: tree.root(i) };
        let proof = prove_consistency(&tree, old.size, head.size).unwrap();
        prop_assert_eq!(proof.verify(&old, &head), Ok(()));
    }
}
