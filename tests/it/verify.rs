//! Verify: an export is sound, and one altered byte anywhere is found and named.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::support::{Outcome, Pair, Random, World, detente, list, stix, text, yes};

/// A record with everything in it: a refused text, a stop, runs, releases both ways.
fn record() -> (Pair, PathBuf) {
    let (pair, _serving) = Pair::agreed();
    let line = pair.line();
    let other = pair.draft("other.toml", |text| text.replace("20000", "100"));
    pair.a.run(&["accord", "propose", &other]).exits(0);
    pair.b.run(&["accord", "refuse", &other]).exits(0);
    let rows: Vec<String> = (0..12).map(|n| format!("h{n}.example.com")).collect();
    let rows: Vec<(&str, &str, &[&str])> =
        rows.iter().map(|name| (name.as_str(), "green", &[] as &[&str])).collect();
    let file = pair.world.write("x.json", stix(&rows));
    for home in [&pair.a, &pair.b] {
        home.import(&[&file]);
    }
    let matching = ["match", "alba-borea", "--clause", "1"];
    pair.a.json(&matching);
    pair.b.run(&["accord", "stop", "alba-borea"]).exits(0);
    pair.a.run(&matching).exits(1);
    pair.b.run(&["accord", "resume", "alba-borea"]).exits(0);
    let release = ["release", "alba-borea", "--matched", "last"];
    pair.a.json(&release);
    pair.b.json(&release);
    pair.a.json(&["match", "alba-borea", "--clause", "1", "--count-only"]);
    let folder = pair.sound("record");
    drop(line);
    (pair, folder)
}

/// Every file of a folder, by its path in it.
fn files(folder: &Path) -> Vec<String> {
    let mut open = vec![folder.to_owned()];
    let mut found = Vec::new();
    while let Some(next) = open.pop() {
        for entry in next.read_dir().unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let path = path.strip_prefix(folder).unwrap();
                found.push(path.to_str().unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

fn verify(folder: &Path) -> Outcome {
    Outcome::of(detente().args(["verify", "--json"]).arg(folder))
}

/// The folder is unsound, and this path is among what is gravely so.
#[track_caller]
fn names(folder: &Path, path: &str) {
    named(folder, path, |severity| severity != "note");
}

/// The folder is unsound, and a finding of such a severity names this path.
#[track_caller]
fn named(folder: &Path, path: &str, such: fn(&str) -> bool) {
    let outcome = verify(folder).exits(1);
    let report = outcome.json();
    assert!(!yes(&report, "sound"), "{outcome}");
    let findings = list(&report, "findings").iter();
    let here = findings.filter(|finding| finding["path"] == path);
    let named: Vec<&Value> = here.filter(|finding| such(text(finding, "severity"))).collect();
    assert!(!named.is_empty(), "{path} is not named: {outcome}");
    for finding in named {
        assert!(!text(finding, "code").is_empty() && !text(finding, "what").is_empty());
        assert!(text(finding, "line").contains(path), "{finding:#}");
    }
}

#[test]
fn a_sound_record_says_what_was_checked() {
    let (pair, folder) = record();
    let report = verify(&folder).exits(0).json();
    let fact = |name: &str| crate::support::count(&report, "facts", name);
    assert_eq!(fact("files"), files(&folder).len() as u64);
    for name in ["entries", "proofs", "cosignatures", "checkpoints seen", "objects"] {
        assert!(fact(name) > 0, "no {name}: {report:#}");
    }
    assert_eq!(fact("releases replayed"), 2);
    assert_eq!(fact("receipts"), 2);
    assert_eq!(fact("cosignatures"), 2);
    let parties: Vec<&str> = list(&report, "parties").iter().map(|p| text(p, "id")).collect();
    for home in [&pair.a, &pair.b] {
        assert!(parties.contains(&home.id().as_str()));
    }
    // Offline, without a home, from anywhere.
    let mut command = detente();
    let name = folder.file_name().unwrap();
    command.arg("verify").arg(name).current_dir(folder.parent().unwrap());
    command.env("DETENTE_HOME", "/nowhere");
    Outcome::of(&mut command).exits(0).says("SOUND").says("agreed: Matching of indicators");
}

#[test]
fn one_altered_bit_anywhere_is_found_and_named() {
    let (_pair, folder) = record();
    let mut random = Random::new();
    let all = files(&folder);
    assert!(all.len() > 40, "{all:?}");
    // Every file once at least, and some more.
    let rounds = all.len().max(80);
    for round in 0..rounds {
        let path = match all.get(round) {
            Some(path) => path,
            None => &all[random.below(all.len())],
        };
        let full = folder.join(path);
        let good = fs::read(&full).unwrap();
        let mut bad = good.clone();
        let at = random.flip(&mut bad);
        eprintln!("{path}: byte {at} of {}", good.len());
        fs::write(&full, &bad).unwrap();
        names(&folder, path);
        fs::write(&full, &good).unwrap();
    }
    verify(&folder).exits(0);
}

#[test]
fn deleted_added_cut_and_swapped_files_are_named() {
    let (_pair, folder) = record();
    let mut random = Random::new();
    let all = files(&folder);
    let mut some = |n: usize| -> Vec<String> {
        (0..n).map(|_| all[random.below(all.len())].clone()).collect()
    };
    for path in some(12) {
        let (full, aside) = (folder.join(&path), folder.with_extension("aside"));
        fs::rename(&full, &aside).unwrap();
        // An object may be withheld, so its absence is a note; that accord.json hides it is not.
        named(&folder, &path, |_| true);
        fs::rename(&aside, &full).unwrap();
    }
    for path in some(8) {
        let full = folder.join(&path);
        let good = fs::read(&full).unwrap();
        for bad in [good[..good.len() - 1].to_vec(), [&good[..], b"\n"].concat(), Vec::new()] {
            fs::write(&full, bad).unwrap();
            names(&folder, &path);
        }
        fs::write(&full, &good).unwrap();
    }
    // A name that is no text is a name that does not belong, and the others are still checked.
    let odd = folder.join(OsStr::from_bytes(b"odd\xff"));
    fs::write(&odd, "x").unwrap();
    names(&folder, "\"odd\u{fffd}\"");
    fs::remove_file(odd).unwrap();
    for name in ["extra", "logs/extra", "objects/00", "texts/x.toml", ".hidden", "cards/x.card"] {
        fs::write(folder.join(name), "x").unwrap();
        names(&folder, name);
        fs::remove_file(folder.join(name)).unwrap();
    }
    let alike =
        |part: &str| -> Vec<&String> { all.iter().filter(|path| path.contains(part)).collect() };
    for part in ["/bodies/", "/proofs/", "objects/", "cards/", "/checkpoint", "/tile/entries/"] {
        let (one, two) = (alike(part)[0], alike(part)[1]);
        let (from, to) = (folder.join(one), folder.join(two));
        let (first, second) = (fs::read(&from).unwrap(), fs::read(&to).unwrap());
        assert_ne!(first, second);
        fs::write(&from, &second).unwrap();
        fs::write(&to, &first).unwrap();
        names(&folder, one);
        names(&folder, two);
        fs::write(&from, &first).unwrap();
        fs::write(&to, &second).unwrap();
    }
    verify(&folder).exits(0);
}

/// Files that are none: links that lead out, pipes that never end, sizes that nobody can hold.
#[test]
fn links_pipes_and_giants_are_named_and_not_followed() {
    let (pair, folder) = record();
    let all = files(&folder);
    let path = all.iter().find(|path| path.ends_with("/checkpoint")).unwrap();
    let full = folder.join(path);
    let aside = pair.world.path("aside");
    fs::rename(&full, &aside).unwrap();
    // The link leads to the very bytes: followed, it would look sound.
    std::os::unix::fs::symlink(&aside, &full).unwrap();
    names(&folder, path);
    fs::remove_file(&full).unwrap();
    let made = Command::new("mkfifo").arg(&full).status().unwrap();
    assert!(made.success());
    names(&folder, path);
    fs::remove_file(&full).unwrap();
    let giant = fs::File::create(&full).unwrap();
    giant.set_len(1 << 40).unwrap();
    names(&folder, path);
    fs::remove_file(&full).unwrap();
    fs::create_dir(&full).unwrap();
    names(&folder, path);
    fs::remove_dir(&full).unwrap();
    fs::rename(&aside, &full).unwrap();

    std::os::unix::fs::symlink("/", folder.join("root")).unwrap();
    names(&folder, "root");
    fs::remove_file(folder.join("root")).unwrap();
    let deep = folder.join("d/".repeat(400));
    fs::create_dir_all(&deep).unwrap();
    fs::write(deep.join("x"), "x").unwrap();
    verify(&folder).exits(1);
    fs::remove_dir_all(folder.join("d")).unwrap();
    let name = std::ffi::OsStr::from_bytes(b"not\xffutf8");
    fs::write(folder.join(name), "x").unwrap();
    verify(&folder).exits(1);
    fs::remove_file(folder.join(name)).unwrap();
    verify(&folder).exits(0);
}

#[test]
fn a_folder_that_is_no_record_is_not_sound() {
    let world = World::new();
    fs::create_dir(world.path("empty")).unwrap();
    world.verify("empty").exits(1);
    let mut random = Random::new();
    world.write("noise/accord.json", random.bytes(5_000));
    world.write("noise/logs/x/checkpoint", random.bytes(5_000));
    world.verify("noise").exits(1);
    world.write("a file", "x");
    world.verify("a file").exits(2);
    // A home is no record.
    let home = world.party("Alba", false);
    Outcome::of(detente().args(["verify", "--json"]).arg(&home.dir)).exits(1);
}

/// Parts of two sound records do not make one.
#[test]
fn two_records_do_not_mix() {
    let (pair, folder) = record();
    // The same two parties, a second accord.
    let text = fs::read_to_string(pair.world.path("accord.toml")).unwrap();
    let text = text.replace("id = \"alba-borea\"", "id = \"second\"");
    let file = pair.world.write("second.toml", text);
    let _serving = pair.b.serve();
    pair.a.run(&["accord", "propose", &file]).exits(0);
    pair.a.run(&["accord", "sign", &file]).exits(0);
    pair.b.run(&["accord", "sign", &file]).exits(0);
    let to = pair.world.path("second").display().to_string();
    pair.a.run(&["log", "export", "second", "--to", &to]).exits(0);
    pair.world.verify("second").exits(0);
    for part in ["logs", "accord.json", "texts"] {
        let (one, two) = (folder.join(part), pair.world.path("second").join(part));
        let aside = pair.world.path("aside");
        fs::rename(&one, &aside).unwrap();
        let copied = Command::new("cp").arg("-r").args([&two, &one]).status().unwrap();
        assert!(copied.success());
        let report = verify(&folder).exits(1).json();
        assert!(!yes(&report, "sound"), "{part}: {report:#}");
        let removed = Command::new("rm").arg("-r").arg(&one).status().unwrap();
        assert!(removed.success());
        fs::rename(&aside, &one).unwrap();
    }
    verify(&folder).exits(0);
}
