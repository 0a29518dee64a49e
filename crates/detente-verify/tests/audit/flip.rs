//! One altered byte anywhere is found, and the file is named.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use detente_verify::{Report, Severity, audit, files};
use proptest::prelude::*;

use crate::world::{A, B, World};

type Files = BTreeMap<String, Vec<u8>>;

static STORY: LazyLock<World> = LazyLock::new(World::story);
static FOLDER: LazyLock<Files> = LazyLock::new(|| files(&STORY.record()).unwrap());

fn is_named(report: &Report, path: &str) -> bool {
    let named = |place: &Option<String>| place.as_deref() == Some(path);
    let mut found = report.findings.iter();
    found.any(|f| f.severity == Severity::Broken && named(&f.place.path))
}

#[track_caller]
fn assert_found(folder: &Files, path: &str) {
    let report = audit(folder);
    assert!(!report.is_sound(), "{path}");
    assert!(is_named(&report, path), "{path}: {:#?}", report.findings);
}

fn some_path() -> impl Strategy<Value = String> {
    any::<prop::sample::Index>().prop_map(|at| {
        let paths: Vec<&String> = FOLDER.keys().collect();
        paths[at.index(paths.len())].clone()
    })
}

#[test]
fn a_flip_at_either_end_or_in_the_middle_of_each_file_is_found() {
    for (path, bytes) in &*FOLDER {
        for at in [0, bytes.len() / 2, bytes.len() - 1] {
            let mut folder = FOLDER.clone();
            folder.get_mut(path).unwrap()[at] ^= 0x20;
            assert_found(&folder, path);
        }
    }
}

/// A checkpoint's lines by others and the head are signed by nobody: they must tell all the same.
#[test]
fn a_flip_all_over_a_checkpoint_and_the_head_is_found() {
    let checkpoint = format!("logs/{}/checkpoint", STORY.id(A));
    for path in [checkpoint, "accord.json".to_owned()] {
        for at in (0..FOLDER[&path].len()).step_by(7) {
            let mut folder = FOLDER.clone();
            folder.get_mut(&path).unwrap()[at] ^= [0x01, 0x02, 0x20, 0x80][at % 4];
            assert_found(&folder, &path);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_flipped_bit_is_found(path in some_path(), bit in any::<prop::sample::Index>()) {
        let mut folder = FOLDER.clone();
        let bytes = folder.get_mut(&path).unwrap();
        let bit = bit.index(bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert_found(&folder, &path);
    }

    #[test]
    fn a_file_cut_short_is_found(path in some_path(), to in any::<prop::sample::Index>()) {
        let mut folder = FOLDER.clone();
        let bytes = folder.get_mut(&path).unwrap();
        bytes.truncate(to.index(bytes.len()));
        assert_found(&folder, &path);
    }

    #[test]
    fn a_file_made_longer_is_found(path in some_path(), byte in any::<u8>()) {
        let mut folder = FOLDER.clone();
        folder.get_mut(&path).unwrap().push(byte);
        assert_found(&folder, &path);
    }

    #[test]
    fn arbitrary_bytes_in_a_file_are_found(
        path in some_path(), bytes in proptest::collection::vec(any::<u8>(), 0..3000),
    ) {
        let mut folder = FOLDER.clone();
        folder.insert(path.clone(), bytes);
        assert_found(&folder, &path);
    }
}

#[test]
fn a_deleted_file_is_found() {
    for path in FOLDER.keys() {
        let mut folder = FOLDER.clone();
        folder.remove(path);
        let report = audit(&folder);
        assert!(!report.is_sound(), "{path}");
        // An object may be left out of an export, and the head says how many were not.
        let mut found = report.findings.iter();
        assert!(found.any(|f| f.place.path.as_ref() == Some(path)), "{path}");
        assert!(is_named(&report, path) || path.starts_with("objects/"), "{path}");
    }
}

#[test]
fn an_added_file_is_found() {
    let party = STORY.id(A);
    let deep = [
        format!("logs/{party}/tile/0/001"),
        format!("logs/{party}/bodies/00.cbor"),
        format!("logs/{}/checkpoint", STORY.accord),
        format!("objects/{}", STORY.accord),
    ];
    let flat = [".DS_Store", "../../etc/passwd", "/etc/passwd", "accord.json/x", "é", ""];
    for path in deep.iter().map(String::as_str).chain(flat) {
        let mut folder = FOLDER.clone();
        folder.insert(path.to_owned(), b"x".to_vec());
        assert_found(&folder, path);
    }
}

#[test]
fn a_renamed_file_is_found() {
    for path in FOLDER.keys() {
        let mut folder = FOLDER.clone();
        let bytes = folder.remove(path).unwrap();
        let other = format!("{path}.old");
        folder.insert(other.clone(), bytes);
        let report = audit(&folder);
        assert!(!report.is_sound(), "{path}");
        let mut found = report.findings.iter();
        assert!(found.any(|f| f.place.path.as_ref() == Some(path)), "{path}");
    }
}

#[test]
fn swapped_files_are_found() {
    let (a, b) = (STORY.id(A), STORY.id(B));
    for (one, other) in [
        (format!("logs/{a}/bodies/1.cbor"), format!("logs/{a}/bodies/2.cbor")),
        (format!("logs/{a}/bodies/2.cbor"), format!("logs/{b}/bodies/1.cbor")),
        (format!("logs/{a}/checkpoint"), format!("logs/{b}/checkpoint")),
        (format!("cards/{a}.card"), format!("cards/{b}.card")),
        (format!("logs/{a}/proofs/1.tlog-proof"), format!("logs/{a}/proofs/2.tlog-proof")),
    ] {
        let mut folder = FOLDER.clone();
        let (first, second) = (FOLDER[&one].clone(), FOLDER[&other].clone());
        folder.insert(one.clone(), second);
        folder.insert(other.clone(), first);
        let report = audit(&folder);
        assert!(!report.is_sound());
        assert!(is_named(&report, &one) || is_named(&report, &other), "{one} {other}");
    }
}
