//! The target of detente-verify: a folder that somebody hands to an auditor.

use std::collections::BTreeMap;

use detente_verify::{audit, files};

use crate::Target;

// The same signed story as in the tests of the auditor.
#[path = "../../../crates/detente-verify/tests/audit/world.rs"]
mod world;

/// The table of this crate.
pub(crate) const TARGETS: &[Target] =
    &[Target { name: "verify_folder", run: folder, seeds: folder_seeds }];

/// Files as path and bytes, each after its length (2 and 4 bytes); the audit always ends.
fn folder(bytes: &[u8]) -> bool {
    let mut files = BTreeMap::new();
    let mut rest = bytes;
    while let Some((path, tail)) = take::<2>(rest) {
        let Some((content, tail)) = take::<4>(tail) else {
            break;
        };
        let Ok(path) = std::str::from_utf8(path) else {
            break;
        };
        files.insert(path.to_owned(), content.to_vec());
        rest = tail;
    }
    let report = audit(&files);
    report.is_sound() && report.facts.entries > 0
}

/// A length of `N` bytes and what it counts; what is missing at the end is left out.
fn take<const N: usize>(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = bytes.split_first_chunk::<N>()?;
    let len = len.iter().fold(0_usize, |len, byte| len << 8 | usize::from(*byte));
    Some(rest.split_at(len.min(rest.len())))
}

fn folder_seeds() -> Vec<Vec<u8>> {
    let files = files(&world::World::story().record()).expect("a sound record");
    let mut bytes = Vec::new();
    for (path, content) in files {
        let len = u16::try_from(path.len()).expect("a short path");
        bytes.extend_from_slice(&len.to_be_bytes());
        bytes.extend_from_slice(path.as_bytes());
        let len = u32::try_from(content.len()).expect("a short file");
        bytes.extend_from_slice(&len.to_be_bytes());
        bytes.extend_from_slice(&content);
    }
    vec![bytes]
}
