//! The scenario of issue 2 on real public feeds, thinned so that it ends within a minute; where they
//! are not beside the checkout, on made-up ones of the same formats.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::support::{Home, Lists, Pair, common, count, list, misp, number, stix, text, workspace};

/// One line in so many is kept. The choice is by content, so what two feeds share stays shared.
const THIN: u64 = 12;

/// What each side imports.
struct Feeds {
    a: Vec<PathBuf>,
    b: Vec<PathBuf>,
}

/// FNV-1a, enough to choose by.
fn hash(line: &str) -> u64 {
    line.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    })
}

fn thinned(from: &Path, to: PathBuf) -> PathBuf {
    let text = String::from_utf8_lossy(&fs::read(from).unwrap()).into_owned();
    let kept = text.lines().filter(|line| hash(line.trim()).is_multiple_of(THIN));
    let kept: String = kept.map(|line| format!("{line}\n")).collect();
    assert!(!kept.is_empty(), "{}", from.display());
    fs::write(&to, kept).unwrap();
    to
}

fn real(data: &Path, pair: &Pair) -> Feeds {
    let feeds = |names: &[&str], folder: &str| -> Vec<PathBuf> {
        let to = pair.world.path(folder);
        fs::create_dir(&to).unwrap();
        let thin = |name: &&str| thinned(&data.join("feeds").join(name), to.join(name));
        names.iter().map(thin).collect()
    };
    // Of many events the small ones; a bundle can't be thinned by lines.
    let small = |folder: &str, most: u64| -> Vec<PathBuf> {
        let files = data.join(folder).read_dir().unwrap();
        let files = files.map(|entry| entry.unwrap().path());
        let mut files: Vec<PathBuf> = files
            .filter(|path| path.extension().is_some_and(|end| end != "txt"))
            .filter(|path| path.metadata().unwrap().len() <= most)
            .collect();
        files.sort();
        assert!(files.len() > 5, "{files:?}");
        files
    };
    let mut a = feeds(&["sans.txt", "cps-collected-iocs.txt"], "feeds-a");
    a.extend(small("misp", 20_000));
    let names = ["abuse-ch-ipblocklist.txt", "avanzato_c2.txt", "log4j.txt"];
    let mut b = feeds(&names, "feeds-b");
    b.extend(small("stix", 120_000));
    Feeds { a, b }
}

fn made_up(pair: &Pair) -> Feeds {
    let lists = Lists::new(400, 3_000);
    let event = misp("green", &[("domain", "both.example.com"), ("ip-dst", "45.9.9.9")]);
    let bundle = stix(&[("both.example.com", "green", &[]), ("b.example.com", "amber", &[])]);
    let write = |name: &str, content: &str| PathBuf::from(pair.world.write(name, content));
    Feeds {
        a: vec![write("made-up-a.txt", &lists.a), write("made-up-a.json", &event)],
        b: vec![write("made-up-b.txt", &lists.b), write("made-up-b.json", &bundle)],
    }
}

/// Imports; every item is accounted for.
fn import(home: &Home, files: &[PathBuf]) {
    let mut args = vec!["import", "--tlp", "green"];
    args.extend(files.iter().map(|path| path.to_str().unwrap()));
    args.push("--json");
    // Some files of real collections are of no format that is read here, and the code says so.
    let outcome = home.run(&args);
    let reports = outcome.json();
    let broken = reports.as_array().unwrap().iter().any(|report| !report["broken"].is_null());
    assert_eq!(outcome.code, i32::from(broken), "{outcome}");
    let mut taken = 0;
    for report in reports.as_array().unwrap() {
        let sum = |field| -> u64 {
            let counts = list(report, field).iter();
            counts.filter_map(|pair| pair[1].as_u64()).sum()
        };
        let own = number(report, "taken");
        assert_eq!(number(report, "seen"), own + sum("refused") + sum("skipped"), "{report:#}");
        // Some files of real collections are of another format, and are said to be.
        let reason = report["broken"].as_str().unwrap_or_default();
        assert!(reason.is_empty() || (own == 0 && sum("refused") > 0), "{report:#}");
        taken += own;
    }
    eprintln!("{}: {} files, {taken} items", home.name, files.len());
    assert!(taken > 1_000, "{taken}");
}

/// What stands in both sorted lists, by sort and comm.
fn comm(pair: &Pair) -> BTreeSet<String> {
    let lists = [&pair.a, &pair.b].map(|home| {
        let printed = home.run(&["list"]).exits(0).out;
        pair.world.write(&format!("{}.list", home.name), printed)
    });
    let script = "export LC_ALL=C; comm -12 <(sort -u \"$0\") <(sort -u \"$1\")";
    let done = Command::new("bash").args(["-c", script]).args(&lists).output().unwrap();
    assert!(done.status.success());
    let text = String::from_utf8(done.stdout).unwrap();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn issue_2_on_real_feeds() {
    let (pair, _serving) = Pair::agreed();
    let data = workspace().join("../shared/data");
    let feeds = if data.is_dir() {
        real(&data, &pair)
    } else {
        eprintln!("no ../shared/data beside the checkout: made-up feeds instead");
        made_up(&pair)
    };
    import(&pair.a, &feeds.a);
    import(&pair.b, &feeds.b);

    let out = pair.world.path("common.txt").display().to_string();
    let matching = ["match", "alba-borea", "--clause", "1", "--out", &out];
    let run = pair.a.json(&matching);
    let found: BTreeSet<String> =
        fs::read_to_string(&out).unwrap().lines().map(str::to_owned).collect();
    let want = common(&pair.a, &pair.b);
    eprintln!(
        "{} in common of {} and at most {}",
        want.len(),
        number(&run, "own_items"),
        number(&run, "peer_size")
    );
    assert!(want.len() > 10, "{want:?}");
    assert_eq!(found, want.into_iter().map(|(_, value)| value).collect());
    // Prefixes and the like are not matched under the draft, but may stand in both lists.
    let by_comm = comm(&pair);
    assert!(by_comm.is_superset(&found), "{:?}", found.difference(&by_comm));
    let beyond: Vec<&String> = by_comm.difference(&found).collect();
    let unmatched = |value: &&String| {
        let report = pair.a.json(&["search", value]);
        ["ipv4-cidr", "ipv6-cidr", "asn", "sha512"].contains(&text(&report, "kind"))
    };
    assert!(beyond.iter().all(unmatched), "{beyond:?}");

    let released = pair.a.json(&["release", "alba-borea", "--matched", text(&run, "run")]);
    let allowed = number(&released, "allowed");
    assert!(allowed >= found.len() as u64, "{allowed}");
    assert!(!released["receipt"].is_null());
    assert_eq!(count(&pair.b.json(&["count"]), "received", "Alba"), allowed);
    let value = found.first().unwrap();
    let landed = pair.b.json(&["search", value]);
    let landed: &Value = &landed["received"][0];
    assert_eq!((&landed["from"], &landed["clause"]), (&"Alba".into(), &"2".into()));
    pair.sound("scenario");
}
