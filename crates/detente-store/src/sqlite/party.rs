//! Cards of other parties, evidence against them, and what they hold against own logs.

use detente_core::{AccordId, PartyId, UnixSeconds};
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

/// Keeps what a party holds against an own log, or takes it back.
pub(super) fn put_doubt(
    tx: &Transaction<'_>,
    accord: AccordId,
    party: PartyId,
    doubt: Option<&str>,
) -> Result<(), Fault> {
    let ids = (accord.as_bytes(), party.as_bytes());
    tx.prepare_cached("DELETE FROM doubt WHERE accord = ?1 AND party = ?2")?.execute(ids)?;
    if let Some(words) = doubt {
        tx.prepare_cached("INSERT INTO doubt (accord, party, words) VALUES (?1, ?2, ?3)")?
            .execute((ids.0, ids.1, words))?;
    }
    Ok(())
}

/// What parties hold against own logs.
pub(super) fn doubts(conn: &Connection) -> Result<Vec<(AccordId, PartyId, String)>, Fault> {
    let text = "SELECT accord, party, words FROM doubt ORDER BY accord, party";
    let mut rows = conn.prepare_cached(text)?;
    let rows = rows.query_map([], |row| {
        Ok((AccordId::new(row.get(0)?), PartyId::new(row.get(1)?), row.get(2)?))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Pieces of evidence by party and code.
pub(super) fn evidence(conn: &Connection) -> Result<Vec<(PartyId, String, u64)>, Fault> {
    let text = "SELECT party, code, count(*) FROM evidence GROUP BY party, code ORDER BY 1, 2";
    let mut rows = conn.prepare_cached(text)?;
    let rows =
        rows.query_map([], |row| Ok((PartyId::new(row.get(0)?), row.get(1)?, number(row, 2)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
