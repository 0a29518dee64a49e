use proptest::prelude::{any, prop_assert, proptest};

use super::{MAX_POLICY_BYTES, MAX_POLICY_LINES_PER_KIND, Policy, PolicyError};
use crate::blame::Blame;
use crate::cosign::{CosignTime, Cosigner, CosignerRole, MayCosign};
use crate::testing::{MemTree, checkpoint, cosigner, log_signer};

fn witness(number: u8) -> Cosigner {
    cosigner(&format!("w{number}.example"), CosignerRole::Witness, number)
}

fn policy(witnesses: u8, tail: &str) -> Result<Policy, PolicyError> {
    let mut text = format!("log {}\n", log_signer().verifier().to_vkey());
    for number in 10..10 + witnesses {
        text += &format!("witness w{number} {}\n", witness(number).verifier().to_vkey());
    }
    Policy::parse((text + tail).as_bytes())
}

/// The example of the specification, over all subsets of its six witnesses.
#[test]
fn quorums_over_all_subsets() {
    let policy = policy(
        6,
        "group X 2 w10 w11 w12\ngroup Y any w13 w14 w15\ngroup X-and-Y all X Y\nquorum X-and-Y\n",
    )
    .unwrap();
    let tree = MemTree::with(4);
    for subset in 0_u8..64 {
        let mut signed = checkpoint(&tree, 4);
        for number in (0..6).filter(|number| subset & 1 << number != 0) {
            let cosigner = witness(10 + number);
            let permit = MayCosign::new(checkpoint(&tree, 4), CosignerRole::Witness);
            let line = cosigner.cosign(permit, CosignTime::new(1).unwrap()).unwrap();
            signed.attach(&[line], cosigner.verifier()).unwrap();
        }
        let enough = (subset & 0b111).count_ones() >= 2 && subset & 0b11_1000 != 0;
        let verdict = policy.check(signed.checkpoint());
        assert_eq!(verdict.is_ok(), enough, "{subset:b}");
        match verdict {
            Ok(verdict) => {
                assert_eq!(verdict.cosignatures.len(), subset.count_ones() as usize);
            }
            Err(error) => assert_eq!(error, PolicyError::QuorumNotMet),
        }
    }
}

#[test]
fn sizes_are_bounded() {
    assert_eq!(policy(64, "quorum none\n").unwrap().witnesses().len(), MAX_POLICY_LINES_PER_KIND);
    let error = policy(65, "quorum none\n").unwrap_err();
    assert_eq!(error, PolicyError::TooMany { line: 66 });
    assert_eq!(error.blame(), Blame::Caller);
    let long = vec![b'#'; MAX_POLICY_BYTES + 1];
    let error = Policy::parse(&long).unwrap_err();
    assert_eq!(error, PolicyError::TooLong { got: MAX_POLICY_BYTES + 1 });
}

#[test]
fn names_are_octets() {
    let vkey = witness(10).verifier().to_vkey();
    let mut text = b"witness \xff\xfe ".to_vec();
    text.extend_from_slice(vkey.as_bytes());
    text.extend_from_slice(b"\nquorum \xff\xfe\n");
    assert!(Policy::parse(&text).is_ok());
    let kelvin = format!("witness K {vkey}\nquorum \u{212a}\n");
    assert_eq!(Policy::parse(kelvin.as_bytes()).unwrap_err(), PolicyError::Undefined { line: 2 });
}

#[test]
fn a_log_that_is_known_from_elsewhere() {
    let policy = Policy::parse(b"quorum none\n").unwrap();
    let checkpoint = checkpoint(&MemTree::with(4), 4);
    assert!(policy.check(checkpoint.checkpoint()).is_err());
    assert!(policy.check_quorum(checkpoint).is_ok());
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in any::<Vec<u8>>()) {
        let _ = Policy::parse(&bytes);
    }

    #[test]
    fn near_policies_never_panic(
        text in "((log|witness|group|quorum|#)?([ \t](none|all|any|[0-9]{1,3}|[ab]))*\n){0,6}",
    ) {
        if let Ok(policy) = Policy::parse(text.as_bytes()) {
            prop_assert!(policy.logs().is_empty() && policy.witnesses().is_empty());
        }
    }
}
