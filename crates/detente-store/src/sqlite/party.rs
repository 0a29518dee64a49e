//! Cards of other parties, and evidence against them.

use detente_core::{PartyId, UnixSeconds};
use rusqlite::{Connection, Transaction};

use super::fault::{Fault, number, sql};

pub(super) fn put_card(tx: &Transaction<'_>, party: PartyId, card: &[u8]) -> Result<(), Fault> {
    let text = "INSERT INTO card (party, bytes) VALUES (?1, ?2)
        ON CONFLICT (party) DO UPDATE SET bytes = excluded.bytes";
    tx.prepare_cached(text)?.execute((party.as_bytes(), card))?;
    Ok(())
}

/// All cards, by party.
pub(super) fn cards(conn: &Connection) -> Result<Vec<Vec<u8>>, Fault> {
    let mut cards = conn.prepare_cached("SELECT bytes FROM card ORDER BY party")?;
    let cards = cards.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(cards)
}

pub(super) fn put_evidence(
    tx: &Transaction<'_>,
    party: PartyId,
    at: UnixSeconds,
    (code, bytes): (&str, &[u8]),
) -> Result<(), Fault> {
    let text = "INSERT INTO evidence (party, at, code, bytes) VALUES (?1, ?2, ?3, ?4)";
    tx.prepare_cached(text)?.execute((party.as_bytes(), sql(at.get())?, code, bytes))?;
    Ok(())
}

/// Pieces of evidence by party and code.
pub(super) fn evidence(conn: &Connection) -> Result<Vec<(PartyId, String, u64)>, Fault> {
    let text = "SELECT party, code, count(*) FROM evidence GROUP BY party, code ORDER BY 1, 2";
    let mut rows = conn.prepare_cached(text)?;
    let rows =
        rows.query_map([], |row| Ok((PartyId::new(row.get(0)?), row.get(1)?, number(row, 2)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
