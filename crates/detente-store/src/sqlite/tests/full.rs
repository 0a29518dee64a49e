//! A full disk: nothing changes, and all works again once there is room.

use detente_core::{Kind, UnixSeconds};
use detente_node::ports::{Store, StoreError};

use super::{SqliteStore, assert_whole, extend, key, model, place};

/// Lets the file grow by so many pages from now on.
fn leave(store: &SqliteStore, pages: i64) {
    let now: i64 = store.conn.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    let text = format!("PRAGMA max_page_count = {}", now + pages);
    store.conn.query_row(&text, [], |_| Ok(())).unwrap();
}

type Deed = (&'static str, fn(&mut SqliteStore) -> Result<(), StoreError>);

const PLENTY: i64 = 1_000_000;

#[test]
fn an_append_to_a_full_disk_changes_nothing() {
    let (_folder, path) = place();
    let mut store = SqliteStore::open(&path).unwrap();
    extend(&mut store, 250, 100).unwrap();
    // From the first page that is missing to the last: every place where it can stop.
    let mut refused = 0;
    for pages in 0.. {
        leave(&store, pages);
        let before = store.log(key(1)).unwrap();
        match extend(&mut store, 20, 3_000) {
            Err(StoreError::Full) => {
                assert_eq!(store.log(key(1)).unwrap(), before);
                assert_eq!(assert_whole(&store), 250);
                refused += 1;
            }
            Ok(_) => break,
            Err(other) => panic!("{pages} pages: {other}"),
        }
    }
    assert!(refused > 5, "{refused}");
    assert_eq!(assert_whole(&store), 270);
    drop(store);
    assert_eq!(assert_whole(&SqliteStore::open(&path).unwrap()), 270);
}

#[test]
fn every_deed_that_writes_says_full_and_works_again() {
    let deeds: &[Deed] = &[
        ("card", |store| store.put_card(key(1).party, &[7; 20_000])),
        ("evidence", |store| {
            store.put_evidence(key(1).party, UnixSeconds::new(1), "fork", &[7; 20_000])
        }),
        ("checkpoint", |store| store.put_checkpoint(key(1), 0, &[7; 20_000])),
        ("pending", |store| store.put_pending(key(1), &[], &[vec![7; 20_000]])),
        ("stage", |store| store.stage_bodies(key(1), 0, &[([1; 32], vec![7; 20_000])])),
        ("indicators", |store| {
            let mut line = model::indicator(1, 1);
            line.context.description = Some("x".repeat(4_096));
            let lines: Vec<_> = (0..20)
                .map(|n| {
                    line.context.confidence = Some(n);
                    line.clone()
                })
                .collect();
            store.put_indicators(UnixSeconds::new(1), &lines).map(drop)
        }),
        ("received", |store| {
            store.put_received(&[model::received(1, 0, &"x".repeat(4_096)); 1])?;
            store.put_received(&[model::received(1, 1, &"y".repeat(4_096))])
        }),
    ];
    for (name, deed) in deeds {
        let (_folder, path) = place();
        let mut store = SqliteStore::open(&path).unwrap();
        // Steps of the form leave pages free.
        store.conn.execute_batch("VACUUM").unwrap();
        leave(&store, 0);
        assert_eq!(deed(&mut store), Err(StoreError::Full), "{name}");
        store.check().unwrap();
        assert!(store.cards().unwrap().is_empty() && store.evidence().unwrap().is_empty());
        assert_eq!(store.log(key(1)).unwrap(), detente_node::ports::LogRow::default(), "{name}");
        assert_eq!(store.count(&Kind::ALL), Ok(0), "{name}");
        assert!(store.received_counts().unwrap().is_empty(), "{name}");
        leave(&store, PLENTY);
        assert_eq!(deed(&mut store), Ok(()), "{name}");
        store.check().unwrap();
    }
}
