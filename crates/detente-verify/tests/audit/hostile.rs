//! Folders made to exhaust, mislead or crash the auditor.

use std::collections::BTreeMap;

use detente_log::{Hash, TreeHead, TreeSize};
use detente_verify::{Folder, FolderError, MAX_FILES, MAX_FINDINGS, Severity, audit, files};
use proptest::prelude::*;

use crate::sound::codes;
use crate::world::{A, B, World};

/// Lists what it is told and counts what is read.
struct Told<'a> {
    paths: Vec<String>,
    files: &'a BTreeMap<String, Vec<u8>>,
}

impl Folder for Told<'_> {
    fn paths(&self) -> Result<Vec<String>, FolderError> {
        Ok(self.paths.clone())
    }

    fn read(&self, path: &str, max: usize) -> Result<Vec<u8>, FolderError> {
        assert!(self.files.contains_key(path), "read of {path}");
        Folder::read(self.files, path, max)
    }
}

#[test]
fn a_folder_of_too_many_files_is_refused() {
    let paths = (0..=MAX_FILES).map(|n| n.to_string()).collect();
    let empty = BTreeMap::new();
    let told = Told { paths, files: &empty };
    assert_eq!(codes(&audit(&told), Severity::Broken), ["folder_too_many_files"]);
}

#[test]
fn paths_that_lead_out_are_named_and_never_read() {
    let world = World::story();
    let folder = files(&world.record()).unwrap();
    let mut paths: Vec<String> = folder.keys().cloned().collect();
    let odd = ["../x", "/etc/passwd", "logs/../../x", "a\u{1b}[31m", "objects/../x"];
    paths.extend(odd.map(str::to_owned));
    paths.push("x".repeat(1_000_000));
    paths.push("README.txt".to_owned());
    let told = Told { paths, files: &folder };
    let report = audit(&told);
    assert_eq!(report.count(Severity::Broken), odd.len() + 2);
    assert!(codes(&report, Severity::Broken).contains(&"file_twice"));
    for finding in &report.findings {
        let text = finding.to_string();
        assert!(text.len() < 1_000 && !text.contains('\u{1b}'), "{text}");
    }
}

#[test]
fn many_extra_files_give_a_bounded_report() {
    let world = World::story();
    let mut folder = files(&world.record()).unwrap();
    folder.extend((0..3_000).map(|n| (format!("junk/{n}"), Vec::new())));
    let report = audit(&folder);
    assert_eq!(report.count(Severity::Broken), MAX_FINDINGS);
    assert_eq!(report.left_out, 2_000);
    assert!(!report.is_sound());
}

#[test]
fn a_signed_claim_of_a_huge_log_is_refused_before_it_costs() {
    let world = World::story();
    let mut folder = files(&world.record()).unwrap();
    let path = format!("logs/{}/checkpoint", world.id(A));
    for size in [65_537, u64::MAX >> 1] {
        let size = TreeSize::new(size).unwrap();
        let root = Hash::EMPTY_ROOT;
        let claim = world.sign_head(A, TreeHead { size, root });
        folder.insert(path.clone(), claim.to_string().into_bytes());
        let report = audit(&folder);
        assert!(codes(&report, Severity::Broken).contains(&"checkpoint_size"));
    }
    let head = TreeHead::EMPTY;
    folder.insert(path, world.sign_head(A, head).to_string().into_bytes());
    assert!(codes(&audit(&folder), Severity::Broken).contains(&"checkpoint_size"));
}

#[test]
fn files_over_their_maximum_are_refused() {
    let world = World::story();
    let party = world.id(B);
    for path in [
        "accord.json".to_owned(),
        "README.txt".to_owned(),
        format!("logs/{party}/checkpoint"),
        format!("logs/{party}/bodies/0.cbor"),
        format!("logs/{party}/bodies/2.cbor"),
        format!("objects/{}", world.objects.keys().next().unwrap()),
    ] {
        let mut folder = files(&world.record()).unwrap();
        folder.insert(path.clone(), vec![b' '; 17 << 20]);
        let report = audit(&folder);
        let mut broken = report.findings.iter();
        assert!(broken.any(|f| f.place.path.as_ref() == Some(&path)), "{path}");
    }
}

/// A folder that gives more than it is asked for.
struct Generous(BTreeMap<String, Vec<u8>>);

impl Folder for Generous {
    fn paths(&self) -> Result<Vec<String>, FolderError> {
        self.0.paths()
    }

    fn read(&self, path: &str, _: usize) -> Result<Vec<u8>, FolderError> {
        let mut bytes = Folder::read(&self.0, path, usize::MAX)?;
        bytes.resize(70_000, b' ');
        Ok(bytes)
    }
}

#[test]
fn a_folder_that_gives_too_much_is_refused() {
    let folder = Generous(files(&World::story().record()).unwrap());
    assert_eq!(codes(&audit(&folder), Severity::Broken), ["file_too_long"]);
}

#[test]
fn an_empty_folder_and_a_folder_that_fails_are_broken() {
    struct Fails;
    impl Folder for Fails {
        fn paths(&self) -> Result<Vec<String>, FolderError> {
            let path = ".".to_owned();
            Err(FolderError::Unreadable { path, what: "no".to_owned() })
        }
        fn read(&self, _: &str, _: usize) -> Result<Vec<u8>, FolderError> {
            Err(FolderError::TooMany)
        }
    }
    assert_eq!(codes(&audit(&Fails), Severity::Broken), ["file_unreadable"]);
    let empty: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    assert_eq!(codes(&audit(&empty), Severity::Broken), ["file_missing"]);
}

/// The other log is gone, and the head says that it never was.
#[test]
fn a_log_that_is_denied_is_found() {
    let world = World::story();
    let record = world.record_of(&[B]);
    let report = audit(&files(&record).unwrap());
    assert!(codes(&report, Severity::Broken).contains(&"entries_withheld"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_mixture_of_alterations_ends_in_a_report(
        changes in proptest::collection::vec(
            (any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..4u8, any::<u8>()), 1..9,
        ),
    ) {
        let mut folder = BASE.clone();
        let paths: Vec<String> = folder.keys().cloned().collect();
        for (which, at, how, byte) in changes {
            let path = &paths[which.index(paths.len())];
            let Some(bytes) = folder.get_mut(path) else { continue };
            match how {
                0 => { folder.remove(path); }
                1 => bytes.push(byte),
                2 if !bytes.is_empty() => { let at = at.index(bytes.len()); bytes[at] ^= byte | 1; }
                _ => { let at = at.index(bytes.len() + 1); bytes.truncate(at); }
            }
        }
        if folder != *BASE {
            prop_assert!(!audit(&folder).is_sound());
        }
    }
}

static BASE: std::sync::LazyLock<BTreeMap<String, Vec<u8>>> =
    std::sync::LazyLock::new(|| files(&World::story().record()).unwrap());
