//! The record in the hands of programs that are not ours.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::support::{Foreign, Pair, Random, World, go_checker, openssl, python, run_tool};

/// An exported record with texts, runs, releases and receipts.
fn record() -> (Pair, PathBuf) {
    let (pair, _serving) = Pair::agreed();
    let line = pair.line();
    let names: String = (0..20).map(|n| format!("h{n}.example.com\n")).collect();
    let file = pair.world.write("names.txt", names);
    for home in [&pair.a, &pair.b] {
        home.import(&[&file, "--tlp", "green"]);
    }
    pair.a.json(&["match", "alba-borea", "--clause", "1"]);
    let release = ["release", "alba-borea", "--matched", "last"];
    pair.a.json(&release);
    pair.b.json(&release);
    let folder = pair.sound("record");
    drop(line);
    (pair, folder)
}

fn below(folder: &Path) -> Vec<PathBuf> {
    let mut open = vec![folder.to_owned()];
    let mut found = Vec::new();
    while let Some(next) = open.pop() {
        for entry in next.read_dir().unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn logs(folder: &Path) -> Vec<PathBuf> {
    let entries = folder.join("logs").read_dir().unwrap();
    let logs: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    assert_eq!(logs.len(), 2);
    logs
}

/// Each of these files with one bit flipped: the checker must refuse the folder that it is given.
fn refuses_flips(checker: &Foreign, files: &[PathBuf], folder: &Path, rounds: usize) {
    let mut random = Random::new();
    for round in 0..rounds {
        let path = match files.get(round) {
            Some(path) => path,
            None => &files[random.below(files.len())],
        };
        let good = fs::read(path).unwrap();
        let mut bad = good.clone();
        let at = random.flip(&mut bad);
        eprintln!("{}: byte {at} of {}", path.display(), good.len());
        fs::write(path, &bad).unwrap();
        checker.refuses(&[folder]);
        fs::write(path, &good).unwrap();
    }
    checker.accepts(&[folder]);
}

/// The files of a log that a C2SP checker looks at: not the bodies and proofs beside it.
fn log_files(log: &Path) -> Vec<PathBuf> {
    let mut files = below(log);
    files.retain(|path| {
        let inner = path.strip_prefix(log).unwrap();
        !inner.starts_with("bodies") && !inner.starts_with("proofs")
    });
    assert!(files.len() >= 5, "{files:?}");
    files
}

#[test]
fn go_sumdb_accepts_each_log_and_refuses_flipped_bits() {
    let Some(checker) = go_checker() else { return };
    let (_pair, folder) = record();
    for log in logs(&folder) {
        let said = checker.accepts(&[&log]);
        assert!(said.contains("detente-mirror/"), "no cosigner was checked: {said}");
        refuses_flips(&checker, &log_files(&log), &log, 40);
    }
}

#[test]
fn pymerkle_accepts_each_log_and_refuses_flipped_bits() {
    let Some(checker) = python("pymerkle_check.py") else { return };
    let (_pair, folder) = record();
    for log in logs(&folder) {
        let said = checker.accepts(&[&log]);
        assert!(said.contains("detente-mirror/"), "no cosigner was checked: {said}");
        refuses_flips(&checker, &log_files(&log), &log, 8);
    }
}

/// COSE by `pycose`, Ed25519 and ML-DSA-65 by `cryptography`, bodies and names by `hashlib`.
#[test]
fn pycose_and_cryptography_verify_every_act() {
    let Some(checker) = python("act_check.py") else { return };
    let (_pair, folder) = record();
    let said = checker.accepts(&[&folder]);
    assert!(said.contains("\"cards\": 2"), "{said}");
    let mut files = below(&folder);
    files.retain(|path| {
        let inner = path.strip_prefix(&folder).unwrap();
        let inner = inner.to_str().unwrap();
        ["cards/", "texts/", "objects/"].iter().any(|part| inner.starts_with(part))
            || ["/entries/", "/bodies/"].iter().any(|part| inner.contains(part))
    });
    assert!(files.len() > 20, "{files:?}");
    // Cards, entries and texts first: they are few and say most.
    files.sort_by_key(|path| path.to_str().unwrap().contains("/bodies/"));
    refuses_flips(&checker, &files, &folder, 30);
}

#[test]
fn sha256sum_gives_texts_and_objects_their_names() {
    let (_pair, folder) = record();
    let mut named = 0;
    for part in ["texts", "objects"] {
        for path in below(&folder.join(part)) {
            let said = run_tool("sha256sum").accepts(&[&path]);
            let digest = said.split_whitespace().next().unwrap();
            assert_eq!(path.file_stem().unwrap().to_str().unwrap(), digest);
            named += 1;
        }
    }
    assert!(named > 20, "{named}");
}

#[test]
fn openssl_verifies_the_signature_of_a_checkpoint() {
    let (pair, folder) = record();
    for log in logs(&folder) {
        let note = fs::read_to_string(log.join("checkpoint")).unwrap();
        let (body, lines) = note.split_once("\n\n").unwrap();
        let vkey = fs::read_to_string(log.join("vkey")).unwrap();
        let mut parts = vkey.trim_end().splitn(3, '+');
        let (name, _id, material) = (parts.next().unwrap(), parts.next(), parts.next().unwrap());
        let material = STANDARD.decode(material).unwrap();
        // RFC 8410: an Ed25519 SubjectPublicKeyInfo is these twelve bytes and the key.
        let head: [u8; 12] = [0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0];
        assert_eq!((material.len(), material[0]), (33, 1));
        let key = pair.world.write("key.der", [&head[..], &material[1..]].concat());
        let line = lines.lines().find(|line| line.split(' ').nth(1) == Some(name));
        let signature = STANDARD.decode(line.unwrap().rsplit(' ').next().unwrap());
        let signature = signature.unwrap();
        let verify = |text: &str, signature: &[u8]| {
            let text = pair.world.write("text", text);
            let signature = pair.world.write("signature", signature);
            let args = [
                "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", &key, "-rawin", "-in",
                &text, "-sigfile", &signature,
            ];
            openssl().run(&args)
        };
        let text = format!("{body}\n");
        let (good, said) = verify(&text, &signature[4..]);
        assert!(good && said.contains("Verified"), "{said}");
        let (good, said) = verify(&text.replace('/', "_"), &signature[4..]);
        assert!(!good && said.contains("Fail"), "{said}");
    }
}

/// Programs of MISP read the feed that an export makes, event by event.
#[test]
fn pymisp_reads_a_feed() {
    let world = World::new();
    let home = world.party("Alba", false);
    let rows = "value,type,tlp\none.example.com,domain,green\n45.1.2.3,ip,amber\n";
    home.run(&["import", &world.write("a.csv", rows)]).exits(0);
    let feed = world.path("feed").display().to_string();
    let args = ["export", "--format", "misp", "--tlp", "red", "--misp-feed", "--out", &feed];
    let report = home.json(&args);
    assert_eq!(crate::support::number(&report, "events"), 2, "{report:#}");
    home.fails(2, "folder_there", &args);
    home.run(&["export", "--format", "csv", "--tlp", "red", "--misp-feed", "--out", "x"]).exits(2);
    // Its own reader takes the events, and passes the manifest over.
    home.run(&["import", &feed]).exits(0).says("2 taken").says("1 passed over");
    let Some(checker) = python("misp_feed_check.py") else { return };
    let told = checker.accepts(&[&feed]);
    assert!(told.contains("one.example.com") && told.contains("45.1.2.3"), "{told}");
}
