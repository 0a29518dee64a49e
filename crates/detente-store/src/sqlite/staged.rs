//! Bodies that came before their leaves.
//!
//! A peer fills this room, so it is bounded: by places, counted from the log's next entry, and by
//! bytes.

use std::ops::Range;

use detente_core::act::Salt;
use detente_node::ports::LogKey;
use rusqlite::{Connection, Transaction};

use super::fault::{Fault, number, refused, sql};
use super::log::{find, find_or_enter, name};

/// Places from a log's next entry on at which a body may be staged: one package of tlog-mirror.
pub const MAX_STAGED_PLACES: u64 = 256;
/// Sum of the staged bodies of one log, in bytes: 32 of the longest.
pub const MAX_STAGED_BYTES: u64 = 256 * 1024 * 1024;

/// Keeps bodies from place `start` on; one that is there is replaced, one whose leaf has come is
/// passed over.
pub(super) fn put(
    tx: &Transaction<'_>,
    key: LogKey,
    start: u64,
    bodies: &[(Salt, Vec<u8>)],
) -> Result<(), Fault> {
    if bodies.is_empty() {
        return Ok(());
    }
    let head = find_or_enter(tx, key)?;
    let end = start.saturating_add(bodies.len() as u64);
    let last = head.size().saturating_add(MAX_STAGED_PLACES);
    if end > last {
        let what = format!(
            "{}: bodies up to place {end}, but only {MAX_STAGED_PLACES} from place {} on are kept",
            name(key),
            head.size(),
        );
        return Err(refused(what));
    }
    let text = "INSERT INTO staged (log, place, salt, body) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (log, place) DO UPDATE SET salt = excluded.salt, body = excluded.body";
    let mut insert = tx.prepare_cached(text)?;
    for (place, (salt, body)) in (start..end).zip(bodies).filter(|(at, _)| *at >= head.size()) {
        insert.execute((head.id, sql(place)?, salt, body))?;
    }
    let text = "SELECT coalesce(sum(length(body)), 0) FROM staged WHERE log = ?1";
    let bytes: u64 = tx.prepare_cached(text)?.query_row([head.id], |row| number(row, 0))?;
    if bytes > MAX_STAGED_BYTES {
        let what = format!(
            "{}: {bytes} bytes of bodies without leaves, at most {MAX_STAGED_BYTES} are kept",
            name(key),
        );
        return Err(refused(what));
    }
    Ok(())
}

/// The staged bodies from the front of `places` to the first gap.
pub(super) fn front(
    conn: &Connection,
    key: LogKey,
    places: Range<u64>,
) -> Result<Vec<(Salt, Vec<u8>)>, Fault> {
    let mut bodies = Vec::new();
    let Some(head) = find(conn, key)? else {
        return Ok(bodies);
    };
    // There are none beyond what may be staged, so the bounds may be narrowed to that.
    let last = head.size().saturating_add(MAX_STAGED_PLACES);
    let (start, end) = (places.start.min(last), places.end.min(last));
    let text = "SELECT place, salt, body FROM staged
        WHERE log = ?1 AND place >= ?2 AND place < ?3 ORDER BY place";
    let mut statement = conn.prepare_cached(text)?;
    let mut rows = statement.query((head.id, sql(start)?, sql(end)?))?;
    let mut next = start;
    while let Some(row) = rows.next()? {
        if number::<u64>(row, 0)? != next {
            break;
        }
        bodies.push((row.get(1)?, row.get(2)?));
        next += 1;
    }
    Ok(bodies)
}
