//! Taking objects from the shelf.

use std::collections::BTreeMap;

use detente_taxii::{Level, Query};
use rusqlite::{Connection, OptionalExtension as _};

use super::old::Old;
use super::packet::seers;
use super::page::page;
use super::put::{Key, keep_ends, key};
use crate::sqlite::{Fault, damaged};

/// Takes everything from a collection. Its pages are written over: the connection deletes so
/// (`secure_delete`).
pub(super) fn clear(tx: &Connection, collection: &str) -> Result<(), Fault> {
    let Some(id) = super::collection(tx, collection)? else { return Ok(()) };
    let bodies = "DELETE FROM body WHERE n IN (SELECT n FROM packet WHERE collection = ?1)";
    tx.prepare_cached(bodies)?.execute([id])?;
    for table in ["packet", "holds", "object", "ended"] {
        tx.execute(&format!("DELETE FROM {table} WHERE collection = ?1"), [id])?;
    }
    Ok(())
}

/// Takes away what is meant of some ids, and marks what is the first and the last of what stays.
pub(super) fn delete(tx: &Connection, query: &Query) -> Result<u64, Fault> {
    let Some(collection) = super::collection(tx, &query.collection)? else {
        return Ok(0);
    };
    let mut meant: BTreeMap<Key, Vec<i64>> = BTreeMap::new();
    let all = Query { limit: usize::MAX, max_bytes: None, ..query.clone() };
    page(tx, &all, &mut |entry, _| {
        meant.entry(key(entry.id)).or_default().push(entry.version.micros());
    })?;
    let mut old = Old::new(tx, collection)?;
    let mut count = 0;
    for (key, versions) in meant {
        for version in versions {
            take(tx, &mut old, collection, (&key, version))?;
            count += 1;
        }
        mark(tx, &mut old, collection, &key)?;
    }
    old.write()?;
    Ok(count)
}

/// Takes one version away, with its bytes.
fn take(
    tx: &Connection,
    old: &mut Old<'_>,
    collection: i64,
    (key, version): (&Key, i64),
) -> Result<(), Fault> {
    let mut find = tx.prepare_cached(
        "DELETE FROM object WHERE collection = ?1 AND id = ?2 AND version = ?3 RETURNING n, back",
    )?;
    let place = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?));
    let (n, back) = find
        .query_row((collection, key, version), place)
        .optional()?
        .ok_or_else(|| damaged(format!("no version {version}")))?;
    let packet = n - back;
    let gone = old.take(packet, n)?;
    let mut body = tx.prepare_cached("SELECT bytes FROM body WHERE n = ?1")?;
    let mut bytes: Vec<u8> = body.query_row([packet], |row| row.get(0))?;
    if gone.end > bytes.len() {
        return Err(damaged(format!("the body of packet {packet}")));
    }
    bytes.drain(gone);
    tx.prepare_cached("UPDATE body SET bytes = ?2 WHERE n = ?1")?.execute((packet, &bytes))?;
    Ok(())
}

/// Marks the ends of what is left of an id, for each clearance.
fn mark(tx: &Connection, old: &mut Old<'_>, collection: i64, key: &Key) -> Result<(), Fault> {
    let mut find = tx.prepare_cached(
        "SELECT n, back FROM object WHERE collection = ?1 AND id = ?2 ORDER BY version",
    )?;
    let place = |row: &rusqlite::Row<'_>| {
        let n: i64 = row.get(0)?;
        Ok((n, n - row.get::<_, i64>(1)?))
    };
    let places: Vec<(i64, i64)> =
        find.query_map((collection, key), place)?.collect::<Result<_, _>>()?;
    let mut left = Vec::with_capacity(places.len());
    for (n, packet) in places {
        let (level, head) = old.head(packet, n)?;
        left.push((n, packet, level, (head.first, head.last)));
    }
    let first = ends(left.iter().map(|one| one.2));
    let mut last = ends(left.iter().rev().map(|one| one.2));
    last.reverse();
    let mut kept = Vec::new();
    for ((n, packet, _, had), now) in left.iter().zip(first.into_iter().zip(last)) {
        if *had != now {
            old.mark(*packet, *n, now)?;
        }
        if now != (0, 0) && left.len() > 1 {
            kept.push((*n, *packet));
        }
    }
    keep_ends(tx, collection, key, &kept)
}

/// For whom each of these is the first: for who sees level c, the first whose level is at or below.
fn ends(levels: impl Iterator<Item = u8>) -> Vec<u8> {
    let mut taken = 0;
    let new = |level: u8| {
        let new = seers(level.min(Level::CLOSED.code())) & !taken;
        taken |= new;
        new
    };
    levels.map(new).collect()
}
