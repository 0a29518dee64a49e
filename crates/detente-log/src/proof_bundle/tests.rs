use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

use super::{MAX_EXTRA_BYTES, MAX_PROOF_BUNDLE_BYTES, ProofBundle, ProofBundleError};
use crate::hash::leaf_hash;
use crate::proof::prove_inclusion;
use crate::size::LeafIndex;
use crate::testing::{MemTree, checkpoint, entry, size, trusted_log};

fn bundle(index: u64, leaves: u64) -> ProofBundle {
    let tree = MemTree::with(leaves);
    let proof = prove_inclusion(&tree, LeafIndex::new(index), size(leaves)).unwrap();
    ProofBundle::new(LeafIndex::new(index), proof, checkpoint(&tree, leaves).checkpoint().clone())
}

#[test]
fn extra_data_is_bounded() {
    let good = bundle(3, 9).with_extra(vec![0; MAX_EXTRA_BYTES]).unwrap();
    let read = ProofBundle::parse(good.to_string().as_bytes()).unwrap();
    assert_eq!(read.unauthenticated_extra().unwrap().len(), MAX_EXTRA_BYTES);
    let long = bundle(3, 9).with_extra(vec![0; MAX_EXTRA_BYTES + 1]);
    assert_eq!(long, Err(ProofBundleError::Extra));
    let text = good.to_string().replacen("extra AAA", "extra AAAAAAA", 1);
    assert_eq!(ProofBundle::parse(text.as_bytes()), Err(ProofBundleError::Extra));
    let bytes = vec![b'c'; MAX_PROOF_BUNDLE_BYTES + 1];
    let error = ProofBundle::parse(&bytes).unwrap_err();
    assert_eq!(error, ProofBundleError::TooLong { got: bytes.len() });
}

proptest! {
    #[test]
    fn bundles_round_trip(
        at in any::<u64>(), leaves in 1_u64..300, extra in any::<Option<Vec<u8>>>(),
    ) {
        let index = at % leaves;
        let mut bundle = bundle(index, leaves);
        if let Some(extra) = extra {
            bundle = bundle.with_extra(extra).unwrap();
        }
        let read = ProofBundle::parse(bundle.to_string().as_bytes()).unwrap();
        prop_assert_eq!(&read, &bundle);
        let leaf = leaf_hash(&entry(index));
        let head = *read.verify(&leaf, &trusted_log()).unwrap().head();
        prop_assert_eq!(head.size, size(leaves));
        prop_assert!(read.verify(&leaf_hash(b"other"), &trusted_log()).is_err());
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in any::<Vec<u8>>(), index in "(index [0-9]{0,3}\n)?") {
        let headed = [b"c2sp.org/tlog-proof@v1\n", index.as_bytes(), &bytes].concat();
        prop_assert!(ProofBundle::parse(&bytes).is_err());
        prop_assert!(ProofBundle::parse(&headed).is_err());
    }

    /// One altered bit anywhere but in the unauthenticated extra data is refused.
    #[test]
    fn altered_bundles_are_refused(at in any::<proptest::sample::Index>(), bit in 0_u8..8) {
        let mut bytes = bundle(3, 9).to_string().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        let leaf = leaf_hash(&entry(3));
        let result = ProofBundle::parse(&bytes).and_then(|read| read.verify(&leaf, &trusted_log()));
        prop_assert!(result.is_err());
    }
}
