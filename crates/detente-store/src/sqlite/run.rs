//! Matching runs, and what they found at both sides.

use detente_core::{AccordId, PartyId, RunId};
use detente_intel::Observable;
use detente_node::ports::RunRow;
use rusqlite::{Connection, OptionalExtension, Row, Transaction};

use super::fault::{Fault, number, sql};
use super::indicator::{kind, observable};

const COLUMNS: &str = "id, accord, peer, clause, initiator, salt_seed, items, common";

/// Keeps a run; one that is there is replaced and keeps its place. What is matched is added.
pub(super) fn put(tx: &Transaction<'_>, run: &RunRow, matched: &[Observable]) -> Result<(), Fault> {
    let text = "INSERT INTO run (id, accord, peer, clause, initiator, salt_seed, items, common)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
        ON CONFLICT (id) DO UPDATE SET accord = excluded.accord, peer = excluded.peer,
            clause = excluded.clause, initiator = excluded.initiator,
            salt_seed = excluded.salt_seed, items = excluded.items, common = excluded.common
        RETURNING n";
    let values = (
        run.run.as_bytes(),
        run.accord.as_bytes(),
        run.peer.as_bytes(),
        &run.clause,
        run.initiator,
        run.salt_seed,
        run.items,
        run.common.map(sql).transpose()?,
    );
    let n: i64 = tx.prepare_cached(text)?.query_row(values, |row| row.get(0))?;
    let text = "INSERT INTO matched (run, kind, value) VALUES (?1, ?2, ?3)
        ON CONFLICT (run, kind, value) DO NOTHING";
    let mut insert = tx.prepare_cached(text)?;
    for observable in matched {
        insert.execute((n, observable.kind().code(), observable.value()))?;
    }
    Ok(())
}

fn row(row: &Row<'_>) -> rusqlite::Result<RunRow> {
    let common: Option<i64> = row.get(7)?;
    Ok(RunRow {
        run: RunId::new(row.get(0)?),
        accord: AccordId::new(row.get(1)?),
        peer: PartyId::new(row.get(2)?),
        clause: row.get(3)?,
        initiator: row.get(4)?,
        salt_seed: row.get(5)?,
        items: number(row, 6)?,
        common: common.map(|_| number(row, 7)).transpose()?,
    })
}

pub(super) fn find(conn: &Connection, run: RunId) -> Result<Option<RunRow>, Fault> {
    let text = format!("SELECT {COLUMNS} FROM run WHERE id = ?1");
    Ok(conn.prepare_cached(&text)?.query_row([run.as_bytes()], row).optional()?)
}

/// All runs of an accord, newest first.
pub(super) fn of_accord(conn: &Connection, accord: AccordId) -> Result<Vec<RunRow>, Fault> {
    let text = format!("SELECT {COLUMNS} FROM run WHERE accord = ?1 ORDER BY n DESC");
    let mut rows = conn.prepare_cached(&text)?;
    let rows = rows.query_map([accord.as_bytes()], row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// What a run found, by kind code, then by value.
pub(super) fn matched(conn: &Connection, run: RunId) -> Result<Vec<Observable>, Fault> {
    let text = "SELECT kind, value FROM run JOIN matched ON matched.run = run.n
        WHERE run.id = ?1 ORDER BY kind, value";
    let mut rows = conn.prepare_cached(text)?;
    let mut rows = rows.query([run.as_bytes()])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let value = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
        found.push(observable(kind(number(row, 0)?)?, value)?);
    }
    Ok(found)
}

/// Whether a run of this accord with this peer found the observable.
pub(super) fn is_matched(
    conn: &Connection,
    accord: AccordId,
    peer: PartyId,
    observable: &Observable,
) -> Result<bool, Fault> {
    let text = "SELECT EXISTS (SELECT 1 FROM matched JOIN run ON run.n = matched.run
        WHERE kind = ?1 AND value = ?2 AND accord = ?3 AND peer = ?4)";
    let values = (observable.kind().code(), observable.value(), accord.as_bytes(), peer.as_bytes());
    Ok(conn.prepare_cached(text)?.query_row(values, |row| row.get(0))?)
}
