//! Accords and their parties.

use detente_core::{AccordId, PartyId};
use detente_node::ports::AccordRow;
use rusqlite::{Connection, Transaction};

use super::fault::Fault;

/// Enters an accord with its parties, or nothing if it is there.
pub(super) fn put(tx: &Transaction<'_>, accord: &AccordRow) -> Result<(), Fault> {
    let id = accord.id.as_bytes();
    let text = "INSERT INTO accord (id, slug) VALUES (?1, ?2) ON CONFLICT (id) DO NOTHING";
    if tx.prepare_cached(text)?.execute((id, &accord.slug))? == 0 {
        return Ok(());
    }
    let text = "INSERT INTO accord_party (accord, party) VALUES (?1, ?2)
        ON CONFLICT (accord, party) DO NOTHING";
    let mut insert = tx.prepare_cached(text)?;
    for party in &accord.parties {
        insert.execute((id, party.as_bytes()))?;
    }
    Ok(())
}

/// All accords by slug, then by id; the parties of each sorted.
pub(super) fn all(conn: &Connection) -> Result<Vec<AccordRow>, Fault> {
    let mut accords = conn.prepare_cached("SELECT id, slug FROM accord ORDER BY slug, id")?;
    let mut parties =
        conn.prepare_cached("SELECT party FROM accord_party WHERE accord = ?1 ORDER BY party")?;
    let rows = accords.query_map([], |row| {
        let id: [u8; AccordId::LEN] = row.get(0)?;
        let parties = parties
            .query_map([id], |row| row.get(0).map(PartyId::new))?
            .collect::<Result<_, _>>()?;
        Ok(AccordRow { id: AccordId::new(id), slug: row.get(1)?, parties })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
