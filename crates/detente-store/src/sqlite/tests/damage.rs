//! Damage inside the file: what a deed sees it calls by its name, and `check` sees the rest.

use std::fs;
use std::path::Path;

use detente_core::{AccordId, Kind, PartyId, UnixSeconds};
use detente_log::RightEdge;
use detente_node::ports::{AccordRow, LogAppend, LogKey, Store, StoreError};

use super::{SqliteStore, entries, extend, key, model, place, plan};
use crate::OpenError;

/// A store with something of each sort.
fn filled() -> SqliteStore {
    let mut store = SqliteStore::in_memory().unwrap();
    extend(&mut store, 300, 10).unwrap();
    let lines: Vec<_> = (0..30).map(|n| model::indicator(n, n % 4)).collect();
    store.put_indicators(UnixSeconds::new(1), &lines).unwrap();
    store.put_received(&[model::received(1, 0, "one")]).unwrap();
    store.check().unwrap();
    store
}

/// A change behind the store's back, and a deed that must see it.
type Case = (&'static str, fn(&SqliteStore) -> Result<(), StoreError>);

/// Changes what is stored behind the store's back.
fn tamper(store: &SqliteStore, sql: &str) {
    store
        .conn
        .execute_batch("PRAGMA ignore_check_constraints = 1; PRAGMA foreign_keys = 0")
        .unwrap();
    store.conn.execute_batch(sql).unwrap();
}

fn assert_damaged<T: std::fmt::Debug>(done: Result<T, StoreError>, what: &str) {
    assert!(matches!(done, Err(StoreError::Damaged(_))), "{what}: {done:?}");
}

#[test]
fn deeds_see_damage() {
    let cases: &[Case] = &[
        ("UPDATE log SET size = 301", |store| store.log(key(1)).map(drop)),
        ("UPDATE log SET size = -1", |store| store.log(key(1)).map(drop)),
        ("UPDATE log SET peaks = substr(peaks, 1, 33)", |store| store.log(key(1)).map(drop)),
        ("UPDATE log SET checkpoint_size = 301", |store| store.log(key(1)).map(drop)),
        ("DELETE FROM entry WHERE place = 7", |store| store.entries(key(1), 3..9).map(drop)),
        ("DELETE FROM entry WHERE place = 299", |store| store.entries(key(1), 0..300).map(drop)),
        ("UPDATE entry SET salt = x'00'", |store| store.entries(key(1), 3..9).map(drop)),
        ("UPDATE tile SET bytes = x'00'", |store| store.tile(key(1), 0, 1).map(drop)),
        ("DELETE FROM tile", |store| store.tile(key(1), 1, 0).map(drop)),
        ("UPDATE observable SET value = 'EXAMPLE' WHERE kind = 1", |store| {
            store.observables(&Kind::ALL, &mut |_| {})
        }),
        ("UPDATE context SET json = '{\"source\":1}'", |store| {
            store.contexts(&model::indicator(0, 0).observable).map(drop)
        }),
        ("UPDATE tally SET kind = 99 WHERE kind = 1", |store| store.counts().map(drop)),
        ("UPDATE object SET bytes = x'00'", |store| {
            store.object(model::received(1, 0, "one").address).map(drop)
        }),
    ];
    for (sql, deed) in cases {
        let store = filled();
        deed(&store).unwrap();
        // One observable per kind, so that the update stays within the key.
        if sql.contains("EXAMPLE") {
            tamper(&store, "DELETE FROM observable WHERE kind = 1 AND value <> '0.example.com'");
        }
        tamper(&store, sql);
        assert_damaged(deed(&store), sql);
    }
}

#[test]
fn check_sees_damage() {
    for sql in [
        "UPDATE entry SET leaf = x'00' WHERE place = 299",
        "UPDATE entry SET leaf = x'00' WHERE place = 0",
        "INSERT INTO entry SELECT log, 300, leaf, salt, body FROM entry WHERE place = 0",
        "UPDATE tile SET bytes = zeroblob(length(bytes)) WHERE level = 1",
        "UPDATE tile SET bytes = zeroblob(length(bytes)) WHERE level = 0 AND place = 0",
        "INSERT INTO tile SELECT log, level, 9, bytes FROM tile WHERE level = 1",
        "UPDATE log SET peaks = zeroblob(length(peaks))",
        "DELETE FROM log",
        "UPDATE context SET json = json || ' ' WHERE id = 1",
        "DELETE FROM context WHERE id = 1",
        "UPDATE object SET bytes = x'00'",
        "DELETE FROM object",
        "UPDATE tally SET own = own + 1 WHERE kind = 1",
        "DELETE FROM sighting WHERE n = 1",
        "INSERT INTO sighting (observable, context, n, added) VALUES (999, 1, 2, 3)",
        "UPDATE counter SET next = 2",
        "UPDATE run SET initiator = 2",
    ] {
        let store = filled();
        if sql.contains("run") {
            let insert = "INSERT INTO run (id, accord, peer, clause, initiator, salt_seed, items)
                VALUES (zeroblob(32), zeroblob(32), zeroblob(32), '1', 1, zeroblob(32), 1)";
            tamper(&store, insert);
        }
        tamper(&store, sql);
        // The checks of columns are part of what is checked.
        store.conn.execute_batch("PRAGMA ignore_check_constraints = 0").unwrap();
        assert_damaged(store.check(), sql);
    }
}

#[test]
fn an_append_on_a_damaged_tile_changes_nothing() {
    let mut store = filled();
    tamper(&store, "UPDATE tile SET bytes = x'00' WHERE level = 0 AND place = 1");
    let before = store.log(key(1)).unwrap();
    assert_damaged(extend(&mut store, 1, 10), "append");
    assert_eq!(store.log(key(1)).unwrap(), before);
}

#[test]
fn pages_that_are_overwritten_or_missing_are_damage() {
    let (_folder, path) = place();
    extend(&mut SqliteStore::open(&path).unwrap(), 300, 100).unwrap();
    let whole = fs::read(&path).unwrap();
    let mut seen = 0;
    for page in 1..whole.len() / 4096 {
        let mut torn = whole.clone();
        torn[page * 4096..(page + 1) * 4096].fill(0xa5);
        fs::write(&path, torn).unwrap();
        let done = SqliteStore::open(&path).map(|store| store.check());
        match done {
            Ok(Err(StoreError::Damaged(_))) | Err(OpenError::Store(StoreError::Damaged(_))) => {
                seen += 1;
            }
            other => panic!("page {page}: {other:?}"),
        }
    }
    assert!(seen > 10);
    fs::write(&path, &whole[..whole.len() / 4096 / 2 * 4096]).unwrap();
    let done = SqliteStore::open(&path).map(|store| store.check());
    let damaged = matches!(
        done,
        Ok(Err(StoreError::Damaged(_))) | Err(OpenError::Store(StoreError::Damaged(_)))
    );
    assert!(damaged, "{done:?}");
}

/// A file with two accords of two parties each, their logs and cards; and the pages by which they
/// are found.
fn directories(path: &Path) -> (Vec<AccordRow>, Vec<LogKey>, Vec<u32>) {
    let mut store = SqliteStore::open(path).unwrap();
    let parties = [PartyId::new([0x31; 32]), PartyId::new([0x72; 32])];
    let (mut accords, mut keys) = (Vec::new(), Vec::new());
    for n in [0x15, 0x58] {
        let accord = AccordId::new([n; 32]);
        accords.push(AccordRow {
            id: accord,
            slug: format!("accord-{n}"),
            parties: parties.to_vec(),
        });
        store.put_accord(accords.last().unwrap()).unwrap();
        for party in parties {
            let (key, entries) = (LogKey { accord, party }, entries(0..3, 10));
            let append = plan(&RightEdge::empty(), &entries);
            let write = LogAppend { append: &append, entries: &entries, checkpoint: None };
            store.append(key, &write).unwrap();
            keys.push(key);
        }
    }
    for party in parties {
        store.put_card(party, party.as_bytes()).unwrap();
    }
    let text = "SELECT rootpage FROM sqlite_schema
        WHERE tbl_name IN ('accord', 'accord_party', 'card', 'log') AND rootpage > 0";
    let mut roots = store.conn.prepare(text).unwrap();
    let roots = roots.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    (accords, keys, roots)
}

/// Every bit in use on the pages that lead to the logs: no log, party or accord is missing in
/// silence.
#[test]
fn a_flipped_bit_hides_no_log() {
    let (_folder, path) = place();
    let (accords, keys, roots) = directories(&path);
    assert_eq!(roots.len(), 6, "{roots:?}");
    let whole = fs::read(&path).unwrap();
    let ids = |rows: &[AccordRow]| {
        // In order of the slugs, which are names for people only.
        let mut ids: Vec<_> = rows.iter().map(|row| (row.id, row.parties.clone())).collect();
        ids.sort();
        ids
    };
    let look = || -> Result<(), OpenError> {
        let store = SqliteStore::open(&path)?;
        assert_eq!(ids(&store.accords()?), ids(&accords));
        assert_eq!(store.cards()?.len(), 2);
        for key in &keys {
            assert_eq!(store.log(*key)?.edge.size().get(), 3);
            assert_eq!(store.entries(*key, 0..9)?.len(), 3);
        }
        Ok(())
    };
    look().unwrap();
    let (mut told, mut harmless) = (0, 0);
    for page in roots {
        let from = (page as usize - 1) * 4096;
        for at in (from..from + 4096).filter(|at| at - from < 24 || whole[*at] != 0) {
            let mut bad = whole.clone();
            // One bit of each byte, another one at each place: all of them take a minute.
            bad[at] ^= 1 << (at % 7 + at / 64 % 2);
            fs::write(&path, bad).unwrap();
            match look() {
                Ok(()) => harmless += 1,
                Err(OpenError::Store(StoreError::Damaged(_))) => told += 1,
                Err(error) => panic!("byte {at}: {error:?}"),
            }
        }
    }
    // Harmless: hashes of right edges, bytes of cards, slugs; each is checked by who reads it.
    assert!(told > 1_000 && harmless < 500, "{told} told, {harmless} harmless");
}
