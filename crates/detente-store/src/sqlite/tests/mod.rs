//! Tests of the SQLite backend.

mod crash;
mod damage;
mod full;
mod heads;
mod model;
mod open;

use std::ops::Range;
use std::path::PathBuf;

use detente_core::{AccordId, PartyId};
use detente_log::{Append, Appender, RightEdge};
use detente_node::ports::{EntryRow, LogAppend, LogKey, Store, StoreError};
use tempfile::TempDir;

use super::SqliteStore;
use crate::conformance::suite;

#[test]
fn a_file_conforms() {
    let folder = tempfile::tempdir().unwrap();
    let mut files = (0..).map(|n| folder.path().join(format!("{n}.db")));
    suite(move || Box::new(SqliteStore::open(files.next().unwrap()).unwrap()));
}

#[test]
fn memory_conforms() {
    suite(|| Box::new(SqliteStore::in_memory().unwrap()));
}

/// A folder that goes when it is dropped, and a path in it.
fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    (folder, path)
}

fn key(n: u8) -> LogKey {
    LogKey { accord: AccordId::new([n; 32]), party: PartyId::new([n; 32]) }
}

/// Entries of these places with bodies of so many bytes.
fn entries(places: Range<u64>, body: usize) -> Vec<EntryRow> {
    let entry = |place: u64| EntryRow {
        leaf: format!("leaf {place}").into_bytes(),
        salt: [place.to_le_bytes()[0]; 32],
        body: vec![place.to_le_bytes()[0]; body],
    };
    places.map(entry).collect()
}

fn plan(edge: &RightEdge, entries: &[EntryRow]) -> Append {
    let mut appender = Appender::new(edge.clone());
    for entry in entries {
        appender.push_entry(&entry.leaf).unwrap();
    }
    appender.finish()
}

/// What a checkpoint says here: all that matters is that it follows from the tree.
fn note(edge: &RightEdge) -> Vec<u8> {
    format!("{}\n{}\n", edge.size(), edge.root()).into_bytes()
}

/// Appends so many entries to what is stored.
fn extend(store: &mut SqliteStore, n: u64, body: usize) -> Result<RightEdge, StoreError> {
    let edge = store.log(key(1))?.edge;
    let size = edge.size().get();
    let entries = entries(size..size + n, body);
    let append = plan(&edge, &entries);
    let checkpoint = note(&append.edge);
    let write = LogAppend { entries: &entries, append: &append, checkpoint: Some(&checkpoint) };
    store.append(key(1), &write)?;
    Ok(append.edge)
}

/// That the log stands by itself: entries, tiles, edge and checkpoint say the same.
fn assert_whole(store: &SqliteStore) -> u64 {
    store.check().unwrap();
    let row = store.log(key(1)).unwrap();
    let size = row.edge.size().get();
    let entries = store.entries(key(1), 0..u64::MAX).unwrap();
    assert_eq!(plan(&RightEdge::empty(), &entries).edge, row.edge);
    assert_eq!(row.checkpoint, (size > 0).then(|| note(&row.edge)));
    size
}

#[test]
fn entries_that_do_not_fit_the_plan_are_refused() {
    let mut store = SqliteStore::in_memory().unwrap();
    let edge = extend(&mut store, 3, 10).unwrap();
    let before = store.log(key(1)).unwrap();
    let good = entries(3..6, 10);
    let mut swapped = good.clone();
    swapped.swap(0, 1);
    let mut long = good.clone();
    long[2].leaf = vec![0; detente_log::MAX_ENTRY_BYTES + 1];
    let append = plan(&edge, &good);
    let mut other = append.clone();
    other.tiles.clear();
    let long_plan = plan(&edge, &long);
    let cases: [(&[EntryRow], &Append); 5] = [
        (&swapped, &append),
        (&good[..2], &append),
        (&[], &append),
        (&good, &other),
        (&long, &long_plan),
    ];
    for (entries, append) in cases {
        let write = LogAppend { entries, append, checkpoint: None };
        assert!(matches!(store.append(key(1), &write), Err(StoreError::Failed(_))));
        assert_eq!(store.log(key(1)).unwrap(), before);
    }
    let write = LogAppend { entries: &good, append: &append, checkpoint: None };
    store.append(key(1), &write).unwrap();
}

#[test]
fn staged_bodies_are_bounded_in_bytes() {
    let mut store = SqliteStore::in_memory().unwrap();
    let longest = detente_core::act::MAX_BODY;
    let body = |n: u64| ([n.to_le_bytes()[0]; 32], vec![0; longest]);
    let fit = super::MAX_STAGED_BYTES / longest as u64;
    for place in 0..fit {
        store.stage_bodies(key(1), place, &[body(place)]).unwrap();
    }
    // The bound is each log's own, and a body that is replaced counts once.
    store.stage_bodies(key(2), 0, &[body(0)]).unwrap();
    store.stage_bodies(key(1), 0, &[body(0)]).unwrap();
    let one = [([9; 32], vec![9])];
    assert!(matches!(store.stage_bodies(key(1), fit, &one), Err(StoreError::Failed(_))));
    assert!(store.staged_bodies(key(1), fit..fit + 1).unwrap().is_empty());
    store.stage_bodies(key(1), 3, &one).unwrap();
    store.stage_bodies(key(1), fit, &one).unwrap();
}

#[test]
fn another_object_at_a_place_is_a_conflict() {
    let mut store = SqliteStore::in_memory().unwrap();
    let first = model::received(1, 0, "one");
    let second = model::received(1, 0, "two");
    store.put_received(std::slice::from_ref(&first)).unwrap();
    let done = store.put_received(std::slice::from_ref(&second));
    assert!(matches!(done, Err(StoreError::Conflict(_))));
    assert_eq!(store.object(second.address).unwrap(), None);
    assert_eq!(store.object(first.address).unwrap(), Some(first.bytes));
}

#[test]
fn two_writers_cannot_both_extend_a_log() {
    let (_folder, path) = place();
    let mut one = SqliteStore::open(&path).unwrap();
    let mut two = SqliteStore::open(&path).unwrap();
    let edge = extend(&mut one, 2, 10).unwrap();
    let mine = entries(2..3, 10);
    let append = plan(&edge, &mine);
    extend(&mut two, 1, 10).unwrap();
    let write = LogAppend { entries: &mine, append: &append, checkpoint: None };
    assert!(matches!(one.append(key(1), &write), Err(StoreError::Conflict(_))));
    assert_eq!(assert_whole(&one), 3);
    // While one writes, the other waits and is then refused.
    two.conn.busy_timeout(std::time::Duration::from_millis(1)).unwrap();
    let writing = rusqlite::TransactionBehavior::Immediate;
    let held = one.conn.transaction_with_behavior(writing).unwrap();
    let Err(StoreError::Failed(text)) = extend(&mut two, 1, 10) else {
        panic!("two writers at once");
    };
    assert!(text.contains("another process"), "{text}");
    drop(held);
    extend(&mut two, 1, 10).unwrap();
}

#[test]
fn a_caller_that_panics_leaves_the_store_usable() {
    use detente_core::{Kind, UnixSeconds};
    let mut store = SqliteStore::in_memory().unwrap();
    let at = UnixSeconds::new(1);
    store.put_indicators(at, &[model::indicator(1, 1)]).unwrap();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        store.observables(&Kind::ALL, &mut |_| panic!("on purpose"))
    }));
    assert!(panicked.is_err());
    store.put_indicators(at, &[model::indicator(2, 1)]).unwrap();
    assert_eq!(store.count(&Kind::ALL).unwrap(), 2);
}

#[test]
fn every_kind_has_a_tally() {
    for (i, kind) in detente_core::Kind::ALL.iter().enumerate() {
        assert_eq!(usize::from(kind.code()), i + 1, "the writer counts by code");
    }
}
