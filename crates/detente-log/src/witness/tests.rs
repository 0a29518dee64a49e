use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

use super::{AddCheckpoint, Refusal, RequestError, decide};
use crate::blame::Blame;
use crate::checkpoint::VerifiedCheckpoint;
use crate::cosign::{CosignTime, CosignerRole};
use crate::note::{encode_signature_lines, parse_signature_lines};
use crate::proof::{ConsistencyProof, prove_consistency};
use crate::size::TreeHead;
use crate::testing::{MemTree, checkpoint, cosigner, size, trusted_log};

fn request(tree: &MemTree, old: u64, new: u64) -> AddCheckpoint {
    AddCheckpoint {
        old: size(old),
        proof: prove_consistency(tree, size(old), size(new)).unwrap(),
        checkpoint: checkpoint(tree, new).checkpoint().clone(),
    }
}

/// A log that grows; the witness follows, cosigns, and the log attaches the answer.
#[test]
fn a_witness_follows_a_log() {
    let tree = MemTree::with(500);
    let log = trusted_log();
    let witness = cosigner("w.example", CosignerRole::Witness, 7);
    let mut recorded = TreeHead::EMPTY;
    for (seconds, leaves) in [0, 1, 1, 2, 255, 256, 300, 300, 500].into_iter().enumerate() {
        let sent = request(&tree, recorded.size.get(), leaves).to_string();
        let read = AddCheckpoint::parse(sent.as_bytes()).unwrap();
        let accept = decide(Some(&log), &recorded, &read).unwrap();
        recorded = *accept.checkpoint().head();
        let time = CosignTime::new(seconds as u64 + 1).unwrap();
        let line = witness.cosign(accept.persisted(), time).unwrap();
        let answer = encode_signature_lines(&[line]);
        let mut mine: VerifiedCheckpoint = checkpoint(&tree, leaves);
        let lines = parse_signature_lines(answer.as_bytes()).unwrap();
        mine.attach(&lines, witness.verifier()).unwrap();
        assert_eq!(mine.cosignatures(&[witness.verifier().clone()]).unwrap().len(), 1);
    }
    assert_eq!(recorded.size, size(500));
}

/// The race of the specification: A is checked, B is recorded, then A must not be.
#[test]
fn a_slower_request_does_not_roll_back() {
    let tree = MemTree::with(20);
    let log = trusted_log();
    let (slow, fast) = (request(&tree, 5, 10), request(&tree, 5, 20));
    let at_five = TreeHead { size: size(5), root: tree.root(5) };
    let accepted = decide(Some(&log), &at_five, &fast).unwrap();
    let now = *accepted.checkpoint().head();
    let refusal = decide(Some(&log), &now, &slow).unwrap_err();
    assert_eq!(refusal, Refusal::Conflict { recorded: size(20) });
    assert_eq!(Refusal::parse_conflict(refusal.body().as_bytes()), Ok(size(20)));
}

#[test]
fn unknown_logs_are_not_found() {
    let tree = MemTree::with(3);
    let result = decide(None, &TreeHead::EMPTY, &request(&tree, 0, 3));
    assert_eq!(result, Err(Refusal::NotFound));
}

#[test]
fn conflict_bodies_have_one_form() {
    for wrong in ["", "5", "5\n\n", "05\n", " 5\n", "5\r\n", "9223372036854775808\n", "-1\n"] {
        assert!(Refusal::parse_conflict(wrong.as_bytes()).is_err(), "{wrong:?}");
    }
    let long = "1".repeat(40) + "\n";
    assert_eq!(Refusal::parse_conflict(long.as_bytes()), Err(RequestError::TooLong { got: 41 }));
}

#[test]
fn long_requests_are_refused_unread() {
    let bytes = vec![b'A'; super::MAX_REQUEST_BYTES + 1];
    let error = AddCheckpoint::parse(&bytes).unwrap_err();
    assert_eq!(error, RequestError::TooLong { got: bytes.len() });
    assert_eq!(error.blame(), Blame::Peer);
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in any::<Vec<u8>>(), prefix in "(old [0-9]{0,3}\n)?") {
        let bytes = [prefix.into_bytes(), bytes].concat();
        prop_assert!(AddCheckpoint::parse(&bytes).is_err());
        let _ = Refusal::parse_conflict(&bytes);
    }

    #[test]
    fn requests_round_trip(old in 0_u64..60, more in 0_u64..60) {
        let tree = MemTree::with(old + more);
        let request = request(&tree, old, old + more);
        prop_assert_eq!(AddCheckpoint::parse(request.to_string().as_bytes()).unwrap(), request);
    }

    /// Whatever the sizes and the proof, nothing but the one right proof is accepted.
    #[test]
    fn only_the_right_proof_is_accepted(
        recorded in 0_u64..40,
        old in 0_u64..40,
        new in 0_u64..40,
        from in 0_u64..40,
        to in 0_u64..40,
    ) {
        let tree = MemTree::with(40);
        let head = TreeHead { size: size(recorded), root: tree.root(recorded) };
        let (from, to) = (from.min(to), from.max(to));
        let proof = prove_consistency(&tree, size(from), size(to)).unwrap();
        let right = recorded == old && old <= new
            && proof == if old <= new {
                prove_consistency(&tree, size(old), size(new)).unwrap()
            } else {
                ConsistencyProof::default()
            };
        let checkpoint = checkpoint(&tree, new).checkpoint().clone();
        let request = AddCheckpoint { old: size(old), proof, checkpoint };
        prop_assert_eq!(decide(Some(&trusted_log()), &head, &request).is_ok(), right);
    }
}
