use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

use super::{MAX_PENDING_CHECKPOINTS, Mirror, MirrorError, MirrorParts};
use crate::cosign::{CosignError, CosignTime, CosignerRole};
use crate::hash::leaf_hash;
use crate::proof::{ProofError, prove_consistency};
use crate::size::{LeafIndex, TreeSize};
use crate::testing::{MemTree, checkpoint, cosigner, entry, signed, size, trusted_log};
use crate::tile::tiles_changed;
use crate::tree::RightEdge;
use crate::upload::{
    MIRROR_VERSION, MirrorInfo, Package, PackageRange, Upload, UploadError, UploadHeader,
};
use crate::witness::{AddCheckpoint, Refusal};

fn add(tree: &MemTree, old: u64, new: u64) -> AddCheckpoint {
    AddCheckpoint {
        old: size(old),
        proof: prove_consistency(tree, size(old), size(new)).unwrap(),
        checkpoint: checkpoint(tree, new).checkpoint().clone(),
    }
}

fn header(start: u64, end: u64) -> UploadHeader {
    let (origin, ticket) = (trusted_log().origin().clone(), Vec::new());
    UploadHeader { origin, start: LeafIndex::new(start), end: size(end), ticket }
}

/// The bytes of the package that the upload asks for.
fn package_bytes(tree: &MemTree, upload: &Upload) -> Vec<u8> {
    let range = upload.next_package().unwrap();
    let entries: Vec<_> = (range.start().get()..range.end().get()).map(entry).collect();
    let borrowed = entries.iter().map(Vec::as_slice).collect();
    let end = upload.checkpoint().head().size;
    Package::prove(tree, &range, borrowed, end).unwrap().encode(&range).unwrap()
}

/// Sends one package through its encoding.
fn send(tree: &MemTree, mirror: &Mirror, upload: &Upload) -> (Mirror, Upload) {
    let bytes = package_bytes(tree, upload);
    let range = upload.next_package().unwrap();
    let (package, rest) = Package::decode(&bytes, &range).unwrap();
    assert!(rest.is_empty());
    let accepted = mirror.add_package(upload, &package).unwrap();
    let before = mirror.next_entry();
    assert_eq!(accepted.append.old_size, before);
    let tiles: Vec<_> = accepted.append.tiles.iter().map(|write| write.tile().unwrap()).collect();
    let want: Vec<_> = tiles_changed(before, accepted.mirror.next_entry()).collect();
    assert_eq!(tiles, want);
    // What is stored is what comes back.
    let restored = Mirror::restore(trusted_log(), accepted.mirror.parts()).unwrap();
    assert_eq!(restored, accepted.mirror);
    (accepted.mirror, accepted.upload)
}

fn upload_all(tree: &MemTree, mut mirror: Mirror, start: u64, end: u64) -> (Mirror, Upload) {
    let mut upload = mirror.begin_upload(&header(start, end)).unwrap();
    while upload.next_package().is_some() {
        (mirror, upload) = send(tree, &mirror, &upload);
    }
    (mirror, upload)
}

fn pending(tree: &MemTree, sizes: &[u64]) -> Mirror {
    let mut mirror = Mirror::new(trusted_log());
    let mut old = 0;
    for new in sizes {
        mirror = mirror.add_checkpoint(&add(tree, old, *new)).unwrap();
        old = *new;
    }
    mirror
}

fn info(error: Result<Upload, MirrorError>) -> MirrorInfo {
    match error {
        Err(MirrorError::Conflict(info)) => MirrorInfo::parse(info.encode().as_bytes()).unwrap(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_mirror_follows_a_log() {
    let tree = MemTree::with(2000);
    let signer = cosigner("m.example", CosignerRole::Mirror, 4);
    let mut mirror = Mirror::new(trusted_log());
    let mut old = 0;
    for new in [0, 1, 5, 255, 256, 257, 300, 512, 513, 2000] {
        mirror = mirror.add_checkpoint(&add(&tree, old, new)).unwrap();
        let upload;
        (mirror, upload) = upload_all(&tree, mirror, old, new);
        let commit = mirror.commit(&upload, size(new)).unwrap();
        let permit;
        (mirror, permit) = commit.persisted();
        assert_eq!(permit.checkpoint().head().root, tree.root(new));
        let line = signer.cosign(permit, CosignTime::new(9).unwrap()).unwrap();
        let mut cosigned = checkpoint(&tree, new);
        cosigned.attach(&[line], signer.verifier()).unwrap();
        assert_eq!(mirror.committed().unwrap().head().size, size(new));
        assert_eq!(mirror.next_entry(), size(new));
        old = new;
    }
}

#[test]
fn nothing_is_cosigned_before_all_is_durable() {
    let tree = MemTree::with(600);
    let mirror = pending(&tree, &[600]);
    let first = mirror.begin_upload(&header(0, 600)).unwrap();
    let missing = |durable, size_| MirrorError::NotDurable { durable, size: size_ };
    assert_eq!(mirror.commit(&first, size(600)), Err(missing(size(0), size(600))));
    let (half, upload) = send(&tree, &mirror, &first);
    assert_eq!(half.commit(&upload, size(600)), Err(missing(size(256), size(600))));
    let (full, upload) = upload_all(&tree, half, 256, 600);
    // In memory is not on disk.
    assert_eq!(full.commit(&upload, size(599)), Err(missing(size(599), size(600))));
    assert!(full.commit(&upload, size(600)).is_ok());
}

#[test]
fn a_witness_key_does_not_sign_for_a_mirror() {
    let tree = MemTree::with(1);
    let (mirror, upload) = upload_all(&tree, pending(&tree, &[1]), 0, 1);
    let (_, permit) = mirror.commit(&upload, size(1)).unwrap().persisted();
    let witness = cosigner("w.example", CosignerRole::Witness, 4);
    let error = witness.cosign(permit, CosignTime::new(1).unwrap()).unwrap_err();
    assert!(matches!(error, CosignError::Role { .. }));
}

#[test]
fn interrupted_uploads_resume() {
    let tree = MemTree::with(1000);
    let mirror = pending(&tree, &[1000]);
    let upload = mirror.begin_upload(&header(0, 1000)).unwrap();
    let (mirror, _) = send(&tree, &mirror, &upload);
    let told = info(mirror.begin_upload(&header(0, 1000)));
    assert_eq!((told.size, told.next), (size(1000), size(256)));
    let (mirror, upload) = upload_all(&tree, mirror, told.next.get(), told.size.get());
    assert!(mirror.commit(&upload, size(1000)).is_ok());
}

#[test]
fn uploads_may_begin_within_the_last_bundle() {
    let tree = MemTree::with(900);
    let (mirror, _) = upload_all(&tree, pending(&tree, &[300]), 0, 300);
    let mirror = mirror.add_checkpoint(&add(&tree, 300, 900)).unwrap();
    for start in [256, 257, 299, 300] {
        let (whole, upload) = upload_all(&tree, mirror.clone(), start, 900);
        assert_eq!(whole.next_entry(), size(900));
        assert!(whole.commit(&upload, size(900)).is_ok());
    }
    for start in [0, 255, 301] {
        let told = info(mirror.begin_upload(&header(start, 900)));
        assert_eq!((told.size, told.next), (size(900), size(300)), "{start}");
    }
}

#[test]
fn older_pending_checkpoints_may_be_finished_but_nothing_rewinds() {
    let tree = MemTree::with(900);
    let mirror = pending(&tree, &[100, 500, 900]);
    let (mirror, late) = upload_all(&tree, mirror, 0, 500);
    let (mirror, _) = upload_all(&tree, mirror, 500, 900);
    let small = mirror.begin_upload(&header(100, 100)).unwrap();
    let (mirror, _) = mirror.commit(&small, size(900)).unwrap().persisted();
    let (mirror, _) = mirror.commit(&late, size(900)).unwrap().persisted();
    assert_eq!(mirror.committed().unwrap().head().size, size(500));
    assert!(matches!(mirror.commit(&small, size(900)), Err(MirrorError::Conflict(_))));
    let told = info(mirror.begin_upload(&header(100, 100)));
    assert_eq!((told.size, told.next), (size(900), size(900)));
    assert_eq!(mirror.next_entry(), size(900));
}

#[test]
fn pending_checkpoints_are_bounded() {
    let tree = MemTree::with(20);
    let mirror = pending(&tree, &[1, 2, 3, 4, 5, 6, 6, 7]);
    assert_eq!(mirror.parts().pending.len(), MAX_PENDING_CHECKPOINTS);
    assert_eq!(mirror.pending().unwrap().head().size, size(7));
    assert_eq!(info(mirror.begin_upload(&header(0, 3))).size, size(7));
    assert!(mirror.begin_upload(&header(0, 4)).is_ok());
}

#[test]
fn concurrent_uploads_meet() {
    let tree = MemTree::with(700);
    let mirror = pending(&tree, &[600, 700]);
    let slow = mirror.begin_upload(&header(0, 600)).unwrap();
    let (mirror, _) = upload_all(&tree, mirror, 0, 700);
    let (mirror, slow) = send(&tree, &mirror, &slow);
    assert_eq!(mirror.next_entry(), size(700));
    let (mirror, slow) = send(&tree, &mirror, &slow);
    let (mirror, slow) = send(&tree, &mirror, &slow);
    assert_eq!(mirror.next_entry(), size(700));
    assert!(mirror.commit(&slow, size(700)).is_ok());
    // An upload that began within a bundle which has since been left cannot be verified any more.
    let tree = MemTree::with(900);
    let (mirror, _) = upload_all(&tree, pending(&tree, &[300]), 0, 300);
    let mirror = mirror.add_checkpoint(&add(&tree, 300, 900)).unwrap();
    let stale = mirror.begin_upload(&header(299, 900)).unwrap();
    let (mirror, _) = upload_all(&tree, mirror, 300, 900);
    let bytes = package_bytes(&tree, &stale);
    let (package, _) = Package::decode(&bytes, &stale.next_package().unwrap()).unwrap();
    assert!(matches!(mirror.add_package(&stale, &package), Err(MirrorError::Conflict(_))));
}

#[test]
fn entries_that_are_not_in_the_checkpoint_are_refused() {
    let tree = MemTree::with(300);
    let mirror = pending(&tree, &[300]);
    let upload = mirror.begin_upload(&header(0, 300)).unwrap();
    let good = package_bytes(&tree, &upload);
    let range = upload.next_package().unwrap();
    for at in 0..good.len() {
        let mut bytes = good.clone();
        bytes[at] ^= 0x10;
        let Ok((package, rest)) = Package::decode(&bytes, &range) else {
            continue;
        };
        if rest.is_empty() {
            let error = mirror.add_package(&upload, &package).unwrap_err();
            assert!(matches!(error, MirrorError::Proof(_)), "byte {at}: {error:?}");
            assert_eq!(error.status(), 422);
        }
    }
    for at in 0..good.len() {
        assert_eq!(Package::decode(&good[..at], &range), Err(UploadError::Truncated), "{at}");
    }
}

/// The state was not persisted, but the upload went on.
#[test]
fn a_gap_is_a_conflict() {
    let tree = MemTree::with(600);
    let mirror = pending(&tree, &[600]);
    let first = mirror.begin_upload(&header(0, 600)).unwrap();
    let (_, second) = send(&tree, &mirror, &first);
    let bytes = package_bytes(&tree, &second);
    let (package, _) = Package::decode(&bytes, &second.next_package().unwrap()).unwrap();
    let Err(MirrorError::Conflict(told)) = mirror.add_package(&second, &package) else {
        panic!("a package after a gap was taken");
    };
    assert_eq!((told.size, told.next), (size(600), size(0)));
}

#[test]
fn packages_have_their_number_of_entries() {
    let tree = MemTree::with(300);
    let mirror = pending(&tree, &[300]);
    let upload = mirror.begin_upload(&header(0, 300)).unwrap();
    let range = PackageRange::at(LeafIndex::new(256), size(300)).unwrap();
    let entries: Vec<_> = (256..300).map(entry).collect();
    let borrowed: Vec<_> = entries.iter().map(Vec::as_slice).collect();
    let package = Package::prove(&tree, &range, borrowed, size(300)).unwrap();
    let error = mirror.add_package(&upload, &package).unwrap_err();
    assert_eq!(error, MirrorError::Entries { got: 44, want: 256 });
    let first = upload.next_package().unwrap();
    assert_eq!(package.encode(&first), Err(UploadError::Entries { got: 44, want: 256 }));
    let (done, over) = upload_all(&tree, mirror, 0, 300);
    let error = done.add_package(&over, &package).unwrap_err();
    assert_eq!(error, MirrorError::Entries { got: 44, want: 0 });
}

#[test]
fn checkpoints_follow_the_rules_of_a_witness() {
    let tree = MemTree::with(20);
    let mirror = pending(&tree, &[10]);
    let status = |request: &AddCheckpoint| mirror.add_checkpoint(request).map_err(|e| e.status());
    assert_eq!(status(&add(&tree, 5, 20)), Err(409));
    let mut forged = add(&tree, 10, 20);
    forged.checkpoint = signed(20, leaf_hash(b"fork")).checkpoint().clone();
    assert_eq!(status(&forged), Err(422));
    let same = AddCheckpoint {
        checkpoint: signed(10, leaf_hash(b"fork")).checkpoint().clone(),
        ..add(&tree, 10, 10)
    };
    assert_eq!(mirror.add_checkpoint(&same), Err(Refusal::Unprocessable(ProofError::Root)));
    assert!(status(&add(&tree, 10, 20)).is_ok());
}

#[test]
fn headers_are_checked() {
    let tree = MemTree::with(20);
    let empty = Mirror::new(trusted_log());
    assert_eq!(empty.begin_upload(&header(0, 20)), Err(MirrorError::NoPending));
    let mirror = pending(&tree, &[20]);
    let mut other = header(0, 20);
    other.origin = crate::checkpoint::Origin::new("who.example").unwrap();
    assert_eq!(mirror.begin_upload(&other), Err(MirrorError::NotFound));
    assert_eq!(info(mirror.begin_upload(&header(0, 19))).size, size(20));
    assert_eq!(info(mirror.begin_upload(&header(20, 20))).next, size(0));
}

#[test]
fn stored_states_that_contradict_themselves_are_refused() {
    let tree = MemTree::with(600);
    let (mirror, upload) = upload_all(&tree, pending(&tree, &[300]), 0, 300);
    let (mirror, _) = mirror.commit(&upload, size(300)).unwrap().persisted();
    let good = mirror.parts();
    let restore = |parts: MirrorParts| Mirror::restore(trusted_log(), parts);
    assert_eq!(restore(good.clone()).unwrap(), mirror);
    type Change = fn(&mut MirrorParts);
    let changes: [(&str, Change); 10] = [
        ("pending out of order", |p| {
            p.pending.insert(0, signed(600, leaf_hash(b"x")).checkpoint().clone());
        }),
        ("tail too short", |p| p.tail.truncate(43)),
        ("tail altered", |p| p.tail[3] = leaf_hash(b"x")),
        ("edge behind", |p| p.edge = MemTree::with(256).edge),
        ("edge ahead", |p| p.edge = MemTree::with(301).edge),
        ("no pending", |p| p.pending.clear()),
        ("other pending", |p| {
            p.pending[0] = signed(300, leaf_hash(b"x")).checkpoint().clone();
        }),
        ("other committed", |p| {
            p.committed = Some(signed(300, leaf_hash(b"x")).checkpoint().clone());
        }),
        ("committed ahead", |p| {
            p.committed = Some(signed(301, leaf_hash(b"x")).checkpoint().clone());
        }),
        ("too many pending", |p| {
            p.pending = vec![p.pending[0].clone(); 5];
        }),
    ];
    for (name, change) in changes {
        let mut parts = good.clone();
        change(&mut parts);
        assert_eq!(restore(parts), Err(MirrorError::StoredState), "{name}");
    }
    let mut forged = good;
    let text = forged.pending[0].to_string().replace("\n300\n", "\n299\n");
    forged.pending[0] = crate::checkpoint::Checkpoint::parse(text.as_bytes()).unwrap();
    assert!(matches!(restore(forged), Err(MirrorError::StoredCheckpoint(_))));
}

/// An edge that was altered where nothing stored contradicts it is found when the tree is complete.
#[test]
fn an_altered_edge_is_found_before_the_cosignature() {
    let tree = MemTree::with(300);
    let (mirror, _) = upload_all(&tree, pending(&tree, &[256, 300]), 0, 256);
    let mut parts = mirror.parts();
    parts.pending.remove(0);
    parts.edge = RightEdge::new(size(256), vec![leaf_hash(b"x")]).unwrap();
    let mirror = Mirror::restore(trusted_log(), parts).unwrap();
    let upload = mirror.begin_upload(&header(256, 300)).unwrap();
    let bytes = package_bytes(&tree, &upload);
    let (package, _) = Package::decode(&bytes, &upload.next_package().unwrap()).unwrap();
    assert_eq!(mirror.add_package(&upload, &package), Err(MirrorError::StoredState));
}

#[test]
fn forgotten_checkpoints_are_not_cosigned() {
    let tree = MemTree::with(9);
    let (mut mirror, upload) = upload_all(&tree, pending(&tree, &[3]), 0, 3);
    assert!(mirror.commit(&upload, size(3)).is_ok());
    for new in 4..=7 {
        mirror = mirror.add_checkpoint(&add(&tree, new - 1, new)).unwrap();
    }
    assert!(matches!(mirror.commit(&upload, size(3)), Err(MirrorError::Conflict(_))));
}

#[test]
fn packages_carry_at_most_63_hashes() {
    let range = PackageRange::at(LeafIndex::new(0), size(1)).unwrap();
    for (count, fits) in [(63, true), (64, false), (255, false)] {
        let bytes = [vec![0, 0, count], vec![7; 255 * 32]].concat();
        let result = Package::decode(&bytes, &range).map(|_| ());
        let error = UploadError::ProofLength { got: usize::from(count) };
        assert_eq!(result, if fits { Ok(()) } else { Err(error) });
    }
}

#[test]
fn header_faults_are_named() {
    let good = header(7, 9).encode().unwrap();
    assert_eq!(good[0], MIRROR_VERSION);
    for at in 0..good.len() {
        assert_eq!(UploadHeader::decode(&good[..at]), Err(UploadError::Truncated));
    }
    let mut version = good.clone();
    version[0] = 0;
    assert_eq!(UploadHeader::decode(&version), Err(UploadError::Version { got: 0 }));
    let mut origin = good;
    origin[1..3].copy_from_slice(&256_u16.to_be_bytes());
    assert!(matches!(UploadHeader::decode(&origin), Err(UploadError::Origin(_))));
    assert_eq!(header(9, 7).encode(), Err(UploadError::Range { start: 9, end: 7 }));
    let mut long = header(0, 1);
    long.ticket = vec![0; 65_536];
    assert_eq!(long.encode(), Err(UploadError::Ticket { got: 65_536 }));
}

proptest! {
    #[test]
    fn headers_round_trip(start in any::<u64>(), end in any::<u64>(), ticket in any::<Vec<u8>>()) {
        let end = end & TreeSize::MAX.get();
        let header = UploadHeader { ticket, ..header(start.min(end), end) };
        let bytes = [header.encode().unwrap(), b"rest".to_vec()].concat();
        prop_assert_eq!(UploadHeader::decode(&bytes).unwrap(), (header, b"rest".as_slice()));
    }

    #[test]
    fn arbitrary_bytes_never_panic(
        bytes in any::<Vec<u8>>(), start in any::<u64>(), end in any::<u64>(),
    ) {
        let versioned = [vec![MIRROR_VERSION, 0, 1, b'a'], bytes.clone()].concat();
        let _ = (UploadHeader::decode(&bytes), UploadHeader::decode(&versioned));
        let _ = MirrorInfo::parse(&bytes);
        let end = size(end & TreeSize::MAX.get());
        if let Some(range) = PackageRange::at(LeafIndex::new(start), end) {
            prop_assert!((1..=256).contains(&range.width()));
            prop_assert!(range.subtree().is_ok());
            if let Ok((package, rest)) = Package::decode(&bytes, &range) {
                let back = [package.encode(&range).unwrap(), rest.to_vec()].concat();
                prop_assert_eq!(back, bytes);
            }
        }
    }

    #[test]
    fn infos_round_trip(a in any::<u64>(), b in any::<u64>(), ticket in any::<Vec<u8>>()) {
        let info = MirrorInfo { size: size(a >> 1), next: size(b >> 1), ticket };
        prop_assert_eq!(MirrorInfo::parse(info.encode().as_bytes()).unwrap(), info);
    }

    /// Checkpoints and cuts anywhere: the mirror ends with the log's root and never goes back.
    #[test]
    fn any_schedule_ends_with_the_log(
        steps in proptest::collection::vec((1_u64..400, 0_usize..4, any::<bool>()), 1..6),
    ) {
        let tree = MemTree::with(steps.iter().map(|step| step.0).sum());
        let mut mirror = Mirror::new(trusted_log());
        let mut newest = 0;
        for (grow, packages, again) in steps {
            mirror = mirror.add_checkpoint(&add(&tree, newest, newest + grow)).unwrap();
            newest += grow;
            let next = mirror.next_entry().get();
            let start = if again { next - next % 256 } else { next };
            let mut upload = mirror.begin_upload(&header(start, newest)).unwrap();
            for _ in 0..packages {
                if upload.next_package().is_none() { break }
                let before = mirror.next_entry();
                (mirror, upload) = send(&tree, &mirror, &upload);
                prop_assert!(mirror.next_entry() >= before);
            }
        }
        let next = mirror.next_entry().get();
        let (mirror, upload) = upload_all(&tree, mirror, next, newest);
        let (mirror, _) = mirror.commit(&upload, size(newest)).unwrap().persisted();
        prop_assert_eq!(mirror.committed().unwrap().head().root, tree.root(newest));
    }
}
