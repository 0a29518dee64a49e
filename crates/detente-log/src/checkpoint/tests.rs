use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

use super::{Checkpoint, CheckpointBody, CheckpointError, Origin, TrustedLog};
use crate::blame::Blame;
use crate::cosign::{CosignError, CosignTime, CosignerRole, MayCosign};
use crate::hash::{Hash, leaf_hash};
use crate::key::{KeyName, NoteSigner};
use crate::note::NoteError;
use crate::size::{TreeHead, TreeSize};
use crate::testing::{ORIGIN, cosigner, log_signer, signed, size, trusted_log};

fn permit(leaves: u64, role: CosignerRole) -> MayCosign {
    MayCosign::new(signed(leaves, leaf_hash(b"r")), role)
}

fn time(seconds: u64) -> CosignTime {
    CosignTime::new(seconds).unwrap()
}

#[test]
fn a_cosignature_is_attached_once() {
    let witness = cosigner("w.example", CosignerRole::Witness, 7);
    let key = witness.verifier().clone();
    let mut checkpoint = signed(5, leaf_hash(b"r"));
    for seconds in [10, 20] {
        let line = witness.cosign(permit(5, CosignerRole::Witness), time(seconds)).unwrap();
        let other = log_signer().sign("x\n");
        let cosignature = checkpoint.attach(&[other, line], &key).unwrap();
        assert_eq!(cosignature.time().get(), seconds);
    }
    assert_eq!(checkpoint.checkpoint().lines().len(), 2);
    let read = Checkpoint::parse(checkpoint.checkpoint().to_string().as_bytes()).unwrap();
    let read = read.verify(&trusted_log()).unwrap();
    assert_eq!(read.cosignatures(&[key]).unwrap()[0].time().get(), 20);
}

#[test]
fn cosignatures_do_not_move() {
    let witness = cosigner("w.example", CosignerRole::Witness, 7);
    let key = witness.verifier().clone();
    let line = witness.cosign(permit(6, CosignerRole::Witness), time(10)).unwrap();
    let mut checkpoint = signed(5, leaf_hash(b"r"));
    let before = checkpoint.clone();
    let result = checkpoint.attach(std::slice::from_ref(&line), &key);
    assert_eq!(result, Err(CosignError::Invalid { name: key.name().clone() }));
    let stranger = cosigner("s.example", CosignerRole::Witness, 8);
    let result = checkpoint.attach(&[line], stranger.verifier());
    assert_eq!(result, Err(CosignError::Missing { name: stranger.verifier().name().clone() }));
    assert_eq!(checkpoint, before);
}

#[test]
fn a_mirror_does_not_sign_as_a_witness() {
    let mirror = cosigner("m.example", CosignerRole::Mirror, 7);
    let error = mirror.cosign(permit(5, CosignerRole::Witness), time(1)).unwrap_err();
    let (got, want) = (CosignerRole::Mirror, CosignerRole::Witness);
    assert_eq!(error, CosignError::Role { got, want });
    assert_eq!(error.blame(), Blame::Caller);
}

#[test]
fn one_public_key_is_one_cosigner() {
    let (one, two) = (
        cosigner("a.example", CosignerRole::Witness, 7),
        cosigner("b.example", CosignerRole::Witness, 7),
    );
    let keys = [one.verifier().clone(), two.verifier().clone()];
    let result = signed(5, leaf_hash(b"r")).cosignatures(&keys);
    assert!(matches!(result, Err(CosignError::AmbiguousKey { .. })));
}

#[test]
fn times_have_bounds() {
    for seconds in [0, 1 << 63, u64::MAX] {
        assert_eq!(CosignTime::new(seconds), Err(CosignError::Time { got: seconds }));
    }
    assert!(CosignTime::new((1 << 63) - 1).is_ok());
}

#[test]
fn split_views_are_seen() {
    let one = signed(5, leaf_hash(b"one"));
    let two = signed(5, leaf_hash(b"two"));
    assert!(one.is_split_from(&two) && two.is_split_from(&one));
    assert!(!one.is_split_from(&one));
    assert!(!one.is_split_from(&signed(6, leaf_hash(b"two"))));
}

#[test]
fn impossible_heads_are_not_signed() {
    let head = TreeHead { size: TreeSize::ZERO, root: leaf_hash(b"") };
    let body = CheckpointBody::new(Origin::new(ORIGIN).unwrap(), head);
    assert_eq!(body.sign(&[&log_signer()]), Err(CheckpointError::EmptyRoot));
    let body = CheckpointBody::new(Origin::new(ORIGIN).unwrap(), TreeHead::EMPTY);
    assert!(body.sign(&[&log_signer()]).unwrap().verify(&trusted_log()).is_ok());
    for lines in [vec![String::new()], vec!["a\nb".into()], vec!["x".into(); 65]] {
        let result = body.clone().with_extensions(lines);
        assert_eq!(result, Err(CheckpointError::Extension));
    }
}

#[test]
fn keys_rotate_within_one_log() {
    let (old, new) = (log_signer(), NoteSigner::new(KeyName::new("new").unwrap(), &[9; 32]));
    let origin = Origin::new(ORIGIN).unwrap();
    let both = vec![old.verifier().clone(), new.verifier().clone()];
    let log = TrustedLog::new(origin.clone(), both);
    let head = TreeHead { size: size(3), root: leaf_hash(b"r") };
    let body = CheckpointBody::new(origin.clone(), head);
    for signers in [vec![&old], vec![&new], vec![&old, &new]] {
        assert!(body.sign(&signers).unwrap().verify(&log).is_ok());
    }
    let only_old = TrustedLog::new(origin.clone(), vec![old.verifier().clone()]);
    let result = body.sign(&[&new]).unwrap().verify(&only_old);
    assert_eq!(result, Err(CheckpointError::Note(NoteError::Unsigned)));
    let nobody = TrustedLog::new(origin, vec![]);
    assert!(body.sign(&[&old]).unwrap().verify(&nobody).is_err());
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in any::<Vec<u8>>()) {
        prop_assert!(Checkpoint::parse(&bytes).is_err());
    }

    #[test]
    fn bodies_round_trip(
        origin in "[ -~]{1,40}",
        leaves in 1_u64..(1 << 63),
        root in any::<[u8; 32]>(),
        extensions in proptest::collection::vec("[ -~]{1,9}", 0..4),
    ) {
        let origin = Origin::new(&origin).unwrap();
        let head = TreeHead { size: size(leaves), root: Hash::from_bytes(root) };
        let body = CheckpointBody::new(origin.clone(), head).with_extensions(extensions).unwrap();
        let bytes = body.sign(&[&log_signer()]).unwrap().to_string();
        let log = TrustedLog::new(origin, vec![log_signer().verifier().clone()]);
        let read = Checkpoint::parse(bytes.as_bytes()).unwrap();
        prop_assert_eq!(read.to_string(), bytes);
        let verified = read.verify(&log).unwrap();
        prop_assert_eq!(verified.body(), &body);
    }

    #[test]
    fn texts_are_read_in_one_way(
        start in "[a\n]{0,3}\n?[0-9]{0,3}\n[A-C=]{0,3}",
        root in "(47DEQpj8HBSa\\+/TImW\\+5JCeuQeRkm5NMpJWZG3hSuFU=)?\n",
        end in "[x\n]{0,3}",
    ) {
        let text = start + &root + &end;
        let note = crate::note::Note::sign(&format!("{text}\n"), &[&log_signer()]).unwrap();
        if let Ok(read) = Checkpoint::parse(note.to_string().as_bytes()) {
            prop_assert_eq!(read.unverified_body().to_string(), format!("{text}\n"));
        }
    }
}
