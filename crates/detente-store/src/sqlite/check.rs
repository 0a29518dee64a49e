//! Reading everything back: does what is stored fit together?
//!
//! For `doctor` and for tests after a crash. Nothing is mended.

use detente_core::Digest;
use detente_core::object::Object;
use detente_log::{Appender, RightEdge, encode_tile};
use detente_node::ports::LogKey;
use rusqlite::Connection;

use super::fault::{Fault, damaged, number};
use super::indicator::{self, kind};
use super::log;

/// Entries hashed before the tiles that they fill are compared.
const STRETCH: u64 = 4_096;

/// All checks; the first contradiction ends them.
pub(super) fn everything(conn: &Connection) -> Result<(), Fault> {
    structure(conn)?;
    for key in log::keys(conn)? {
        one_log(conn, key)?;
    }
    digests(conn)?;
    totals(conn)
}

/// Tables in which a row that is not found means something: "nothing of this log has come yet", "no
/// such accord". They hold a few rows each. What else can be lost is missed by who reads it (an
/// entry, a tile) or adds nothing to the record.
const DIRECTORIES: [&str; 4] = ["accord", "accord_party", "card", "log"];

/// That the tables and indexes by which logs and parties are found are whole: in a damaged index a
/// row is missing in silence.
pub(super) fn directories(conn: &Connection) -> Result<(), Fault> {
    for table in DIRECTORIES {
        let verdict: String =
            conn.query_row(&format!("PRAGMA integrity_check({table})"), [], |row| row.get(0))?;
        if verdict != "ok" {
            return Err(damaged(format!("table {table}: {verdict}")));
        }
    }
    references(conn, "PRAGMA foreign_key_check(accord_party)")?;
    let text = "SELECT count(*) FROM log JOIN accord ON accord.id = log.accord
        LEFT JOIN accord_party AS one ON one.accord = log.accord AND one.party = log.party
        WHERE one.party IS NULL";
    match conn.query_row(text, [], |row| row.get(0))? {
        0 => Ok(()),
        strange => Err(damaged(format!("{strange} logs are of no party of their accord"))),
    }
}

/// SQLite's own checks of pages, indexes, constraints and references.
fn structure(conn: &Connection) -> Result<(), Fault> {
    let verdict: String = conn.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if verdict != "ok" {
        return Err(damaged(verdict));
    }
    references(conn, "PRAGMA foreign_key_check")
}

fn references(conn: &Connection, check: &str) -> Result<(), Fault> {
    let mut dangling = conn.prepare(check)?;
    let mut rows = dangling.query([])?;
    match rows.next()? {
        Some(row) => {
            let table: String = row.get(0)?;
            Err(damaged(format!("a row of {table} refers to nothing")))
        }
        None => Ok(()),
    }
}

/// The entries lead to the tiles and to the right edge.
fn one_log(conn: &Connection, key: LogKey) -> Result<(), Fault> {
    let Some(head) = log::find(conn, key)? else {
        return Ok(());
    };
    let mut edge = RightEdge::empty();
    let mut tiles = 0_u64;
    while edge.size().get() < head.size() {
        let start = edge.size().get();
        let end = head.size().min(start.saturating_add(STRETCH));
        let mut appender = Appender::new(edge);
        log::each_entry(conn, &head, key, start..end, |entry| {
            appender.push_entry(&entry.leaf).map_err(|fault| damaged(fault.to_string()))
        })?;
        let plan = appender.finish();
        for tile in &plan.tiles {
            let bytes = log::tile(conn, key, tile.level, tile.index)?.unwrap_or_default();
            let from = usize::from(tile.offset) * detente_log::Hash::LEN;
            let hashes = encode_tile(&tile.hashes);
            if bytes.get(from..from + hashes.len()) != Some(hashes.as_slice()) {
                let (level, index) = (tile.level, tile.index);
                let what =
                    format!("{}: level {level}, tile {index} is of other entries", log::name(key));
                return Err(damaged(what));
            }
            tiles += u64::from(tile.offset == 0);
        }
        edge = plan.edge;
    }
    if edge != head.edge {
        return Err(damaged(format!("{}: the right edge is of other entries", log::name(key))));
    }
    let text = "SELECT (SELECT count(*) FROM entry WHERE log = ?1),
        (SELECT count(*) FROM tile WHERE log = ?1)";
    let stored: (u64, u64) =
        conn.query_row(text, [head.id], |row| Ok((number(row, 0)?, number(row, 1)?)))?;
    if stored != (head.size(), tiles) {
        return Err(damaged(format!("{}: entries or tiles beyond its end", log::name(key))));
    }
    Ok(())
}

/// Contexts and objects hash to the digests that they are kept under.
fn digests(conn: &Connection) -> Result<(), Fault> {
    let mut contexts = conn.prepare("SELECT digest, json FROM context")?;
    let mut rows = contexts.query([])?;
    while let Some(row) = rows.next()? {
        let json = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
        if Digest::new(row.get(0)?) != Digest::plain(json.as_bytes()) {
            return Err(damaged("a context is not what was stored"));
        }
    }
    let mut objects = conn.prepare("SELECT address, bytes FROM object")?;
    let mut rows = objects.query([])?;
    while let Some(row) = rows.next()? {
        let bytes = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
        if Digest::new(row.get(0)?) != Object::address(bytes) {
            return Err(damaged("an object is not what was stored"));
        }
    }
    Ok(())
}

/// The totals are those of the tables, and no sighting is of nothing or beyond the counter.
fn totals(conn: &Connection) -> Result<(), Fault> {
    let text = "SELECT kind, count(DISTINCT id), count(n) FROM observable
        LEFT JOIN sighting ON sighting.observable = observable.id GROUP BY kind ORDER BY kind";
    let mut statement = conn.prepare(text)?;
    let mut rows = statement.query([])?;
    let mut counted = Vec::new();
    while let Some(row) = rows.next()? {
        let kind = kind(number(row, 0)?)?;
        let (own, contexts) = (number(row, 1)?, number(row, 2)?);
        counted.push(detente_node::ports::KindCount { kind, own, contexts });
    }
    let text = "SELECT count(*), coalesce(max(n), 0), (SELECT next FROM counter) FROM sighting";
    let (all, last, next): (u64, u64, u64) =
        conn.query_row(text, [], |row| Ok((number(row, 0)?, number(row, 1)?, number(row, 2)?)))?;
    let sum: u64 = counted.iter().map(|count| count.contexts).sum();
    if counted == indicator::counts(conn)? && sum == all && last < next {
        Ok(())
    } else {
        Err(damaged("the totals of the indicators are not those of the tables"))
    }
}
