//! Targets of detente-log: notes, checkpoints, proofs and uploads from another log.
//!
//! All formats but the policy have one form for each value. Seeds come from the vectors.

use detente_log::{
    AddCheckpoint, Checkpoint, ConsistencyProof, CosignerKey, EntryTile, Hash, InclusionProof,
    LeafIndex, MirrorInfo, Note, Origin, Package, PackageRange, Policy, ProofBundle, Refusal, Tile,
    TreeHead, TreeSize, UploadHeader, VerifierKey, decode_bundle, encode_bundle,
    encode_signature_lines, leaf_hash, parse_signature_lines,
};

use crate::Target;

const fn target(name: &'static str, run: fn(&[u8]) -> bool) -> Target {
    Target { name, run, seeds: Vec::new }
}

/// The table of this crate.
pub(crate) const TARGETS: &[Target] = &[
    target("log_add_checkpoint", add_checkpoint),
    Target { name: "log_bundle", run: bundle, seeds: bundle_seeds },
    target("log_checkpoint", checkpoint),
    Target { name: "log_mirror_info", run: mirror_info, seeds: mirror_info_seeds },
    target("log_note", note),
    Target { name: "log_package", run: package, seeds: package_seeds },
    target("log_policy", policy),
    Target { name: "log_proof", run: proof, seeds: || vec![vec![0; 16 + 3 * 32]] },
    target("log_proof_bundle", proof_bundle),
    Target { name: "log_signature_lines", run: signature_lines, seeds: signature_line_seeds },
    target("log_tile_path", tile_path),
    Target { name: "log_upload_header", run: upload_header, seeds: upload_header_seeds },
    target("log_vkey", vkey),
];

/// What was read must be written back; whether it was read.
fn same(written: Option<impl AsRef<[u8]>>, bytes: &[u8]) -> bool {
    if let Some(written) = &written {
        assert_eq!(written.as_ref(), bytes, "another form of the same value was read");
    }
    written.is_some()
}

/// Witness requests and conflict answers.
fn add_checkpoint(bytes: &[u8]) -> bool {
    let conflict = Refusal::parse_conflict(bytes).is_ok();
    same(AddCheckpoint::parse(bytes).ok().map(|request| request.to_string()), bytes) || conflict
}

/// Entry bundles; the first byte is the width.
fn bundle(bytes: &[u8]) -> bool {
    let Some((width, bytes)) = bytes.split_first() else {
        return false;
    };
    let entries = decode_bundle(bytes, u16::from(*width) + 1).ok();
    same(entries.map(|entries| encode_bundle(&entries).expect("was read")), bytes)
}

fn bundle_seeds() -> Vec<Vec<u8>> {
    let entries: [&[u8]; 3] = [b"one", b"", b"three"];
    vec![[vec![2], encode_bundle(&entries).expect("short entries")].concat()]
}

fn checkpoint(bytes: &[u8]) -> bool {
    same(Checkpoint::parse(bytes).ok().map(|checkpoint| checkpoint.to_string()), bytes)
}

fn mirror_info(bytes: &[u8]) -> bool {
    same(MirrorInfo::parse(bytes).ok().map(|info| info.encode()), bytes)
}

fn mirror_info_seeds() -> Vec<Vec<u8>> {
    let info = MirrorInfo { size: size(300), next: size(256), ticket: b"ticket".to_vec() };
    vec![info.encode().into_bytes()]
}

fn size(size: u64) -> TreeSize {
    TreeSize::new(size).expect("a small size")
}

fn note(bytes: &[u8]) -> bool {
    same(Note::parse(bytes).ok().map(|note| note.to_string()), bytes)
}

/// Packages of entries; the first two bytes are the range.
fn package(bytes: &[u8]) -> bool {
    let Some((range, bytes)) = bytes.split_first_chunk::<2>() else {
        return false;
    };
    let start = LeafIndex::new(u64::from(range[0]));
    let end = TreeSize::new(u64::from(range[1]) * 2).expect("a small size");
    let Some(range) = PackageRange::at(start, end) else {
        return false;
    };
    let read = Package::decode(bytes, &range).ok();
    let write = |(package, rest): (Package<'_>, &[u8])| {
        [package.encode(&range).expect("was read").as_slice(), rest].concat()
    };
    same(read.map(write), bytes)
}

/// Two entries and no proof: a whole tree of two.
fn package_seeds() -> Vec<Vec<u8>> {
    let entries: [&[u8]; 2] = [b"one", b"two"];
    let entries = encode_bundle(&entries).expect("short entries");
    vec![[vec![0, 1], entries, vec![0]].concat()]
}

fn policy(bytes: &[u8]) -> bool {
    Policy::parse(bytes).is_ok()
}

/// Proofs of any shape against heads of any size: none may hold.
fn proof(bytes: &[u8]) -> bool {
    let Some((numbers, rest)) = bytes.split_first_chunk::<16>() else {
        return false;
    };
    let number = u128::from_be_bytes(*numbers);
    let half = |number: u128| u64::try_from(number & u128::from(u64::MAX >> 1)).unwrap_or(0);
    let (index, size) = (half(number >> 64), TreeSize::new(half(number)).expect("63 bits"));
    let hashes = || rest.as_chunks::<32>().0.iter().map(|hash| Hash::from_bytes(*hash)).collect();
    let head = TreeHead { size, root: leaf_hash(b"a root that no proof leads to") };
    let inclusion = InclusionProof::new(hashes());
    if let Ok(proof) = &inclusion {
        let leaf = leaf_hash(b"a leaf");
        assert!(proof.verify(LeafIndex::new(index), &leaf, &head).is_err(), "a false proof holds");
    }
    if let Ok(proof) = ConsistencyProof::new(hashes()) {
        let size = TreeSize::new(index).expect("63 bits");
        let old = TreeHead { size, root: leaf_hash(b"old") };
        assert!(proof.verify(&old, &head).is_err(), "a false proof holds");
    }
    inclusion.is_ok()
}

fn proof_bundle(bytes: &[u8]) -> bool {
    same(ProofBundle::parse(bytes).ok().map(|bundle| bundle.to_string()), bytes)
}

/// A cosigner's answer.
fn signature_lines(bytes: &[u8]) -> bool {
    same(parse_signature_lines(bytes).ok().map(|lines| encode_signature_lines(&lines)), bytes)
}

/// One line: a key id and a signature, 68 bytes in all.
fn signature_line_seeds() -> Vec<Vec<u8>> {
    vec![format!("— a.example/log {}=\n", "A".repeat(91)).into_bytes()]
}

/// Paths of tiles and bundles.
fn tile_path(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let tile = same(Tile::from_path(text).ok().map(|tile| tile.path()), bytes);
    same(EntryTile::from_path(text).ok().map(|tile| tile.path()), bytes) || tile
}

fn upload_header(bytes: &[u8]) -> bool {
    let write = |(header, rest): (UploadHeader, &[u8])| {
        [header.encode().expect("was read").as_slice(), rest].concat()
    };
    same(UploadHeader::decode(bytes).ok().map(write), bytes)
}

fn upload_header_seeds() -> Vec<Vec<u8>> {
    let header = UploadHeader {
        origin: Origin::new("a.example/log").expect("an origin"),
        start: LeafIndex::new(256),
        end: size(300),
        ticket: b"ticket".to_vec(),
    };
    vec![header.encode().expect("a sound header")]
}

/// Verifier and cosigner keys.
fn vkey(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let verifier = same(VerifierKey::parse(text).ok().map(|key| key.to_vkey()), bytes);
    same(CosignerKey::parse(text).ok().map(|key| key.to_vkey()), bytes) || verifier
}
