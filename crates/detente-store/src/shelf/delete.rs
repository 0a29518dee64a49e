//! Taking objects from the shelf.

use detente_taxii::Query;
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
        let mut mark = tx.prepare_cached(
            "UPDATE object SET
            first = NOT EXISTS (SELECT 1 FROM object AS o WHERE o.collection = ?1 AND o.id = ?2
                AND o.version < object.version),
            last = NOT EXISTS (SELECT 1 FROM object AS o WHERE o.collection = ?1 AND o.id = ?2
                AND o.version > object.version)
            WHERE collection = ?1 AND id = ?2",
        )?;
        for id in &query.ids {
            mark.execute((collection, id))?;
        }
    }
    Ok(meant.len() as u64)
}
