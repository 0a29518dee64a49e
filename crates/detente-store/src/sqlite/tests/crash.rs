//! A process killed at any moment, and a write-ahead log torn at any byte.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use detente_core::{Kind, UnixSeconds};
use detente_node::ports::Store;

use super::{SqliteStore, assert_whole, extend, key, model, place};

/// Names the file to the process that is going to be killed.
const VICTIM: &str = "DETENTE_STORE_VICTIM";
const ROUNDS: u64 = 25;

/// The next of a fixed sequence of numbers that look drawn (splitmix64, Steele et al. 2014).
fn draw(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Writes without end, and says after each deed how far it has come.
fn write_until_killed(path: &Path) {
    let mut store = SqliteStore::open(path).unwrap();
    let mut said = std::io::stdout();
    let mut state = store.log(key(1)).unwrap().edge.size().get();
    loop {
        let draw = draw(&mut state);
        let edge = extend(&mut store, 1 + draw % 20, (draw % 5_000) as usize).unwrap();
        let size = edge.size().get();
        store.stage_bodies(key(1), size + draw % 3, &[([1; 32], vec![2; 500])]).unwrap();
        let batch: Vec<_> = (0..20).map(|n| model::indicator(n, size.to_le_bytes()[0])).collect();
        store.put_indicators(UnixSeconds::new(size), &batch).unwrap();
        let contexts: u64 = store.counts().unwrap().iter().map(|count| count.contexts).sum();
        // One write, so that a line is there whole or not at all.
        said.write_all(format!("acked {size} {contexts}\n").as_bytes()).unwrap();
    }
}

/// Kills a writer after so many lines and a little longer; what it acknowledged last.
fn kill_one(path: &Path, lines: u64, longer: u64) -> (u64, u64) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "sqlite::tests::crash::a_killed_process_loses_nothing", "--nocapture"])
        .env(VICTIM, path)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut heard = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut acked = (0, 0);
    let mut hear = |line: String| {
        // The first line follows what the test runner prints without a line break.
        let Some((_, numbers)) = line.split_once("acked ") else {
            return false;
        };
        let (size, contexts) = numbers.split_once(' ').unwrap();
        acked = (size.parse().unwrap(), contexts.parse().unwrap());
        true
    };
    let mut count = 0;
    while count < lines {
        let line = heard.next().expect("the writer ended by itself").unwrap();
        count += u64::from(hear(line));
    }
    for _ in 0..longer {
        std::hint::spin_loop();
    }
    child.kill().unwrap();
    // What was said before the end was acknowledged too.
    for line in heard.map_while(Result::ok) {
        hear(line);
    }
    assert!(!child.wait().unwrap().success());
    acked
}

/// The test is its own victim: started with [`VICTIM`] it writes until it is killed.
#[test]
fn a_killed_process_loses_nothing() {
    if let Some(path) = std::env::var_os(VICTIM) {
        write_until_killed(Path::new(&path));
    }
    let (_folder, path) = place();
    let mut state = 1;
    let mut last = 0;
    for round in 0..ROUNDS {
        let (lines, longer) = (draw(&mut state) % 12, draw(&mut state) % 2_000_000);
        let (size, contexts) = kill_one(&path, lines, longer);
        let store = SqliteStore::open(&path).unwrap();
        let stored = assert_whole(&store);
        assert!(stored >= size.max(last), "round {round}: {stored} of {size} entries");
        let counts = store.counts().unwrap();
        let held: u64 = counts.iter().map(|count| count.contexts).sum();
        assert!(held >= contexts, "round {round}: {held} of {contexts} contexts");
        assert!(counts.is_empty() || store.count(&Kind::ALL).unwrap() == 20);
        last = stored;
    }
    assert!(last > 0);
}

/// After a power cut the write-ahead log may end anywhere behind what was acknowledged.
#[test]
fn a_torn_write_ahead_log_loses_only_what_was_not_acknowledged() {
    let (folder, path) = place();
    let wal = folder.path().join("store.db-wal");
    let mut store = SqliteStore::open(&path).unwrap();
    // After each append: how long the log was, and how many entries were acknowledged.
    let mut acked = Vec::new();
    for n in 1..8 {
        let size = extend(&mut store, n, 700).unwrap().size().get();
        acked.push((fs::metadata(&wal).unwrap().len(), size));
    }
    let (database, log) = (fs::read(&path).unwrap(), fs::read(&wal).unwrap());
    let copy = folder.path().join("copy.db");
    let copy_wal = folder.path().join("copy.db-wal");
    let reopened = |log: &[u8]| {
        fs::write(&copy, &database).unwrap();
        fs::write(&copy_wal, log).unwrap();
        let size = assert_whole(&SqliteStore::open(&copy).unwrap());
        fs::remove_file(&copy).unwrap();
        size
    };
    assert_eq!(reopened(&log), acked.last().unwrap().1);
    let mut state = 7;
    for pair in acked.windows(2) {
        let ((from, kept), (to, _)) = (pair[0], pair[1]);
        for _ in 0..4 {
            let cut = usize::try_from(from + draw(&mut state) % (to - from)).unwrap();
            assert_eq!(reopened(&log[..cut]), kept, "cut at {cut}");
            let mut flipped = log.clone();
            flipped[cut] ^= 0x10;
            assert_eq!(reopened(&flipped), kept, "flipped at {cut}");
        }
    }
}
