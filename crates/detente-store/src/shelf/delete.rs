//! Taking objects from the shelf.

use detente_taxii::{Level, Query};
use rusqlite::Transaction;

use super::page::page;
use crate::sqlite::Fault;

/// Takes away what is meant, and marks what is the first and the last of what stays.
pub(super) fn delete(tx: &Transaction<'_>, query: &Query) -> Result<u64, Fault> {
    let Some(collection) = super::collection(tx, &query.collection)? else {
        return Ok(0);
    };
    let mut meant = Vec::new();
    let all = Query { limit: usize::MAX, max_bytes: None, ..query.clone() };
    page(tx, &all, &mut |entry, _| meant.push(entry.added.micros()))?;
    let mut take = tx.prepare_cached("DELETE FROM object WHERE n = ?1")?;
    for n in &meant {
        take.execute([n])?;
    }
    if !meant.is_empty() {
        for id in &query.ids {
            mark(tx, collection, id)?;
        }
    }
    Ok(meant.len() as u64)
}

/// Marks the ends of what is left of an id, for each clearance.
fn mark(tx: &Transaction<'_>, collection: i64, id: &str) -> Result<(), Fault> {
    let mut find = tx.prepare_cached(
        "SELECT n, level FROM object WHERE collection = ?1 AND id = ?2 ORDER BY version",
    )?;
    let left: Vec<(i64, u8)> = find
        .query_map((collection, id), |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let mut set = tx.prepare_cached("UPDATE object SET first = ?2, last = ?3 WHERE n = ?1")?;
    // For who sees level c, the first whose level is at or below it.
    let ends = |levels: &mut dyn Iterator<Item = (usize, u8)>| {
        let mut bits = vec![0_u8; left.len()];
        let mut taken = 0_u8;
        for (at, level) in levels {
            let sees = (0..=Level::CLOSED.code()).filter(|seen| level <= *seen);
            let new = sees.map(|seen| 1 << seen).fold(0, |all, bit| all | bit) & !taken;
            taken |= new;
            if let Some(bits) = bits.get_mut(at) {
                *bits = new;
            }
        }
        bits
    };
    let levels = || left.iter().map(|(_, level)| *level).enumerate();
    let (first, last) = (ends(&mut levels()), ends(&mut levels().rev()));
    for (((n, _), first), last) in left.iter().zip(first).zip(last) {
        set.execute((n, first, last))?;
    }
    Ok(())
}
