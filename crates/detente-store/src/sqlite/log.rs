//! Logs, own and mirrored: entries, tiles, the right edge, checkpoints.
//!
//! Compare and set: a write names the state that it rests on and fails if that is not what is
//! stored, so two writers can't both extend one log. Entries that do not hash to the tiles and the
//! edge they come with are refused: a tree head over one hash with another entry below it is the
//! one damage that a log never recovers from.

use std::ops::Range;

use detente_core::{AccordId, PartyId};
use detente_log::{Appender, Hash, MAX_ENTRY_BYTES, RightEdge, TILE_WIDTH, TileWrite, TreeSize};
use detente_node::ports::{EntryRow, LogAppend, LogKey, LogRow};
use rusqlite::{Connection, OptionalExtension, Transaction};

use super::fault::{Fault, conflict, damaged, number, refused, sql};

/// What the table of logs holds of one log.
pub(super) struct Head {
    /// Its number in this database.
    pub(super) id: i64,
    /// Right edge of the entries.
    pub(super) edge: RightEdge,
    /// Size and bytes of the newest checkpoint.
    checkpoint: Option<(u64, Vec<u8>)>,
}

impl Head {
    /// Number of entries.
    pub(super) fn size(&self) -> u64 {
        self.edge.size().get()
    }
}

/// The names of a log, for messages.
pub(super) fn name(key: LogKey) -> String {
    format!("log of {} in accord {}", key.party.short(), key.accord.short())
}

/// A log, if anything of it is stored.
pub(super) fn find(conn: &Connection, key: LogKey) -> Result<Option<Head>, Fault> {
    let text = "SELECT id, size, peaks, checkpoint_size, checkpoint FROM log
        WHERE accord = ?1 AND party = ?2";
    let mut statement = conn.prepare_cached(text)?;
    let mut rows = statement.query((key.accord.as_bytes(), key.party.as_bytes()))?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let size = number(row, 1)?;
    let peaks = row.get_ref(2)?.as_blob().map_err(rusqlite::Error::from)?;
    let edge = read_edge(size, peaks).map_err(|what| damaged(format!("{}: {what}", name(key))))?;
    let checkpoint = match row.get(4)? {
        Some(bytes) => Some((number(row, 3)?, bytes)),
        None => None,
    };
    if let Some((covered, _)) = &checkpoint
        && *covered > size
    {
        let what = format!("{}: a checkpoint of {covered} over {size} entries", name(key));
        return Err(damaged(what));
    }
    Ok(Some(Head { id: row.get(0)?, edge, checkpoint }))
}

/// A log; entered now if nothing of it is stored.
pub(super) fn find_or_enter(tx: &Transaction<'_>, key: LogKey) -> Result<Head, Fault> {
    if let Some(head) = find(tx, key)? {
        return Ok(head);
    }
    let text = "INSERT INTO log (accord, party, size, peaks) VALUES (?1, ?2, 0, x'')";
    tx.prepare_cached(text)?.execute((key.accord.as_bytes(), key.party.as_bytes()))?;
    Ok(Head { id: tx.last_insert_rowid(), edge: RightEdge::empty(), checkpoint: None })
}

/// Every log that is stored, in the order in which they were entered.
pub(super) fn keys(conn: &Connection) -> Result<Vec<LogKey>, Fault> {
    let mut rows = conn.prepare("SELECT accord, party FROM log ORDER BY id")?;
    let rows = rows.query_map([], |row| {
        Ok(LogKey { accord: AccordId::new(row.get(0)?), party: PartyId::new(row.get(1)?) })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn read_edge(size: u64, peaks: &[u8]) -> Result<RightEdge, String> {
    let (hashes, rest) = peaks.as_chunks::<{ Hash::LEN }>();
    if !rest.is_empty() {
        return Err(format!("right edge of {} bytes", peaks.len()));
    }
    let size = TreeSize::new(size).map_err(|fault| fault.to_string())?;
    let hashes = hashes.iter().map(|hash| Hash::from_bytes(*hash)).collect();
    RightEdge::new(size, hashes).map_err(|fault| fault.to_string())
}

/// What is stored besides entries and tiles.
pub(super) fn row(conn: &Connection, key: LogKey) -> Result<LogRow, Fault> {
    let Some(head) = find(conn, key)? else {
        return Ok(LogRow::default());
    };
    let pending = pending(conn, head.id)?;
    let checkpoint = head.checkpoint.map(|(_, bytes)| bytes);
    Ok(LogRow { edge: head.edge, checkpoint, pending })
}

fn pending(conn: &Connection, log: i64) -> Result<Vec<Vec<u8>>, Fault> {
    let mut notes =
        conn.prepare_cached("SELECT note FROM pending WHERE log = ?1 ORDER BY place")?;
    let notes = notes.query_map([log], |row| row.get(0))?;
    Ok(notes.collect::<Result<_, _>>()?)
}

/// Adds entries, tiles and checkpoint, and drops the staged bodies at those places.
pub(super) fn append(
    tx: &Transaction<'_>,
    key: LogKey,
    write: &LogAppend<'_>,
) -> Result<(), Fault> {
    let head = find_or_enter(tx, key)?;
    let (old, plan) = (head.size(), write.append);
    if head.edge.size() != plan.old_size {
        let what = format!("{} has {old} entries, not {}", name(key), plan.old_size);
        return Err(conflict(what));
    }
    check_plan(&head.edge, key, write)?;
    let size = sql(plan.edge.size().get())?;
    let text = "INSERT INTO entry (log, place, leaf, salt, body) VALUES (?1, ?2, ?3, ?4, ?5)";
    let mut insert = tx.prepare_cached(text)?;
    for (place, entry) in (sql(old)?..size).zip(write.entries) {
        insert.execute((head.id, place, &entry.leaf, entry.salt, &entry.body))?;
    }
    for tile in &plan.tiles {
        write_tile(tx, head.id, tile)?;
    }
    let peaks: Vec<u8> = plan.edge.peaks().iter().flat_map(|hash| *hash.as_bytes()).collect();
    tx.prepare_cached("UPDATE log SET size = ?2, peaks = ?3 WHERE id = ?1")?
        .execute((head.id, size, peaks))?;
    if let Some(note) = write.checkpoint {
        set_checkpoint(tx, head.id, size, note)?;
    }
    tx.prepare_cached("DELETE FROM staged WHERE log = ?1 AND place < ?2")?
        .execute((head.id, size))?;
    Ok(())
}

/// That the entries, and nothing else, lead from the stored edge to the plan's edge and tiles.
fn check_plan(edge: &RightEdge, key: LogKey, write: &LogAppend<'_>) -> Result<(), Fault> {
    let mut appender = Appender::new(edge.clone());
    for entry in write.entries {
        if entry.leaf.len() > MAX_ENTRY_BYTES {
            let what = format!("a leaf of {} bytes, at most {MAX_ENTRY_BYTES}", entry.leaf.len());
            return Err(refused(what));
        }
        appender.push_entry(&entry.leaf).map_err(|fault| refused(fault.to_string()))?;
    }
    if appender.finish() == *write.append {
        Ok(())
    } else {
        Err(refused(format!("{}: the entries do not hash to the planned tree", name(key))))
    }
}

fn write_tile(tx: &Transaction<'_>, log: i64, tile: &TileWrite) -> Result<(), Fault> {
    let (level, place) = (tile.level, sql(tile.index)?);
    let before: Option<Vec<u8>> = if tile.offset == 0 {
        None
    } else {
        tx.prepare_cached("SELECT bytes FROM tile WHERE log = ?1 AND level = ?2 AND place = ?3")?
            .query_row((log, level, place), |row| row.get(0))
            .optional()?
    };
    // The plan was checked against the edge: what does not fit it is the stored tile.
    let bytes = tile
        .bytes_after(&before.unwrap_or_default())
        .map_err(|fault| damaged(format!("level {level}, tile {place}: {fault}")))?;
    let text = "INSERT INTO tile (log, level, place, bytes) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (log, level, place) DO UPDATE SET bytes = excluded.bytes";
    tx.prepare_cached(text)?.execute((log, level, place, bytes))?;
    Ok(())
}

fn set_checkpoint(tx: &Transaction<'_>, log: i64, size: i64, note: &[u8]) -> Result<(), Fault> {
    tx.prepare_cached("UPDATE log SET checkpoint_size = ?2, checkpoint = ?3 WHERE id = ?1")?
        .execute((log, size, note))?;
    Ok(())
}

/// Replaces the newest checkpoint by one that is not smaller.
pub(super) fn put_checkpoint(
    tx: &Transaction<'_>,
    key: LogKey,
    size: u64,
    note: &[u8],
) -> Result<(), Fault> {
    let head = find_or_enter(tx, key)?;
    if size > head.size() {
        let what = format!("{} has {} entries, the checkpoint {size}", name(key), head.size());
        return Err(conflict(what));
    }
    if let Some((stored, _)) = head.checkpoint
        && stored > size
    {
        let what = format!("{} has a checkpoint of {stored}, not {size}", name(key));
        return Err(conflict(what));
    }
    set_checkpoint(tx, head.id, sql(size)?, note)
}

/// Replaces the pending checkpoints if they are still `before`.
pub(super) fn put_pending(
    tx: &Transaction<'_>,
    key: LogKey,
    before: &[Vec<u8>],
    after: &[Vec<u8>],
) -> Result<(), Fault> {
    let head = find_or_enter(tx, key)?;
    if pending(tx, head.id)? != before {
        return Err(conflict(format!("{} has other pending checkpoints", name(key))));
    }
    tx.prepare_cached("DELETE FROM pending WHERE log = ?1")?.execute([head.id])?;
    let mut insert =
        tx.prepare_cached("INSERT INTO pending (log, place, note) VALUES (?1, ?2, ?3)")?;
    for (place, note) in (0_i64..).zip(after) {
        insert.execute((head.id, place, note))?;
    }
    Ok(())
}

/// Entries in order, as far as the log goes.
pub(super) fn entries(
    conn: &Connection,
    key: LogKey,
    places: Range<u64>,
) -> Result<Vec<EntryRow>, Fault> {
    let mut entries = Vec::new();
    let Some(head) = find(conn, key)? else {
        return Ok(entries);
    };
    let places = places.start..places.end.min(head.size());
    each_entry(conn, &head, key, places, |entry| {
        entries.push(entry);
        Ok(())
    })?;
    Ok(entries)
}

/// Calls `each` with the entries at places that the log has.
pub(super) fn each_entry(
    conn: &Connection,
    head: &Head,
    key: LogKey,
    places: Range<u64>,
    mut each: impl FnMut(EntryRow) -> Result<(), Fault>,
) -> Result<(), Fault> {
    if places.is_empty() {
        return Ok(());
    }
    let text = "SELECT place, leaf, salt, body FROM entry
        WHERE log = ?1 AND place >= ?2 AND place < ?3 ORDER BY place";
    let mut statement = conn.prepare_cached(text)?;
    let mut rows = statement.query((head.id, sql(places.start)?, sql(places.end)?))?;
    let mut next = places.start;
    while let Some(row) = rows.next()? {
        if number::<u64>(row, 0)? != next {
            break;
        }
        each(EntryRow { leaf: row.get(1)?, salt: row.get(2)?, body: row.get(3)? })?;
        next += 1;
    }
    if next == places.end {
        Ok(())
    } else {
        Err(damaged(format!("{}: entry {next} is missing", name(key))))
    }
}

/// A tile, exactly as wide as the size of the log says.
pub(super) fn tile(
    conn: &Connection,
    key: LogKey,
    level: u8,
    index: u64,
) -> Result<Option<Vec<u8>>, Fault> {
    let Some(head) = find(conn, key)? else {
        return Ok(None);
    };
    let hashes = head.size().checked_shr(8 * u32::from(level)).unwrap_or(0);
    let width = index
        .checked_mul(u64::from(TILE_WIDTH))
        .and_then(|first| hashes.checked_sub(first))
        .map_or(0, |width| width.min(u64::from(TILE_WIDTH)));
    if width == 0 {
        return Ok(None);
    }
    let bytes: Option<Vec<u8>> = conn
        .prepare_cached("SELECT bytes FROM tile WHERE log = ?1 AND level = ?2 AND place = ?3")?
        .query_row((head.id, level, sql(index)?), |row| row.get(0))
        .optional()?;
    match bytes {
        Some(bytes) if bytes.len() as u64 == width * Hash::LEN as u64 => Ok(Some(bytes)),
        _ => {
            Err(damaged(format!("{}: level {level}, tile {index} is not {width} wide", name(key))))
        }
    }
}
