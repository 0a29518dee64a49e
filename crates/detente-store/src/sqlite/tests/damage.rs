//! Damage inside the file: what a deed sees it calls by its name, and `check` sees the rest.

use std::fs;

use detente_core::{Kind, UnixSeconds};
use detente_node::ports::{Store, StoreError};

use super::{SqliteStore, extend, key, model, place};
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
