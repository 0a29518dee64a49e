//! Objects that were released or received.
//!
//! An object is kept once, under the SHA-256 of its bytes, and both are compared on the way in and
//! on the way out: nothing is ever served under an address that is not its own.

use detente_core::object::Object;
use detente_core::{AccordId, Digest, PartyId, UnixSeconds};
use detente_intel::Observable;
use detente_node::ports::{ReceivedRow, Spared};
use rusqlite::{Connection, OptionalExtension, Row, Transaction};

use super::fault::{Fault, conflict, damaged, number, refused, sql};

/// Keeps the bytes of an object and says its number.
fn put(tx: &Transaction<'_>, address: Digest, bytes: &[u8]) -> Result<i64, Fault> {
    if Object::address(bytes) != address {
        return Err(refused(format!("an object does not hash to its address {address}")));
    }
    let text = "INSERT INTO object (address, bytes) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    if tx.prepare_cached(text)?.execute((address.as_bytes(), bytes))? == 1 {
        return Ok(tx.last_insert_rowid());
    }
    let mut find = tx.prepare_cached("SELECT id FROM object WHERE address = ?1")?;
    Ok(find.query_row([address.as_bytes()], |row| row.get(0))?)
}

pub(super) fn put_released(
    tx: &Transaction<'_>,
    objects: &[(Digest, Vec<u8>)],
) -> Result<(), Fault> {
    for (address, bytes) in objects {
        put(tx, *address, bytes)?;
    }
    Ok(())
}

/// The bytes of an object.
pub(super) fn bytes(conn: &Connection, address: Digest) -> Result<Option<Vec<u8>>, Fault> {
    let found: Option<Vec<u8>> = conn
        .prepare_cached("SELECT bytes FROM object WHERE address = ?1")?
        .query_row([address.as_bytes()], |row| row.get(0))
        .optional()?;
    match found {
        Some(bytes) if Object::address(&bytes) != address => {
            Err(damaged(format!("object {address} does not hash to its address")))
        }
        found => Ok(found),
    }
}

/// Keeps received objects. One that is there at the same place of the same release is passed over.
pub(super) fn put_received(tx: &Transaction<'_>, objects: &[ReceivedRow]) -> Result<(), Fault> {
    let text = "INSERT INTO received (release, place, object, accord, sender, clause, received,
            keep_until, kind, value) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
        ON CONFLICT (release, place) DO NOTHING";
    let mut insert = tx.prepare_cached(text)?;
    let mut find =
        tx.prepare_cached("SELECT object FROM received WHERE release = ?1 AND place = ?2")?;
    for row in objects {
        let object = Object::decode(&row.bytes)
            .map_err(|fault| refused(format!("object {}: {fault}", row.address)))?;
        let id = put(tx, row.address, &row.bytes)?;
        let values = (
            row.release.as_bytes(),
            row.place,
            id,
            row.accord.as_bytes(),
            row.from.as_bytes(),
            &row.clause,
            sql(row.received.get())?,
            row.keep_until.map(|until| sql(until.get())).transpose()?,
            object.kind.code(),
            &object.value,
        );
        if insert.execute(values)? == 1 {
            continue;
        }
        let stored: i64 = find.query_row((row.release.as_bytes(), row.place), |row| row.get(0))?;
        if stored != id {
            let what = format!("another object is at place {} of {}", row.place, row.release);
            return Err(conflict(what));
        }
    }
    Ok(())
}

/// Objects of a release from place 0 to the first gap.
pub(super) fn received_upto(conn: &Connection, release: Digest) -> Result<u32, Fault> {
    let text = "SELECT place FROM received WHERE release = ?1 ORDER BY place";
    let mut places = conn.prepare_cached(text)?;
    let mut places = places.query([release.as_bytes()])?;
    let mut next = 0;
    while let Some(row) = places.next()? {
        if number::<u32>(row, 0)? != next {
            break;
        }
        next = next.saturating_add(1);
    }
    Ok(next)
}

/// The objects of a release that are here.
/// When an object first came from a party.
pub(super) fn arrived(
    conn: &Connection,
    from: PartyId,
    address: Digest,
) -> Result<Option<UnixSeconds>, Fault> {
    let text = "SELECT min(received) FROM received
        WHERE object = (SELECT id FROM object WHERE address = ?1) AND sender = ?2";
    let first: Option<i64> = conn
        .prepare_cached(text)?
        .query_row((address.as_bytes(), from.as_bytes()), |row| row.get(0))?;
    first
        .map(|first| u64::try_from(first).map(UnixSeconds::new))
        .transpose()
        .map_err(|_| damaged("a received object came before 1970"))
}

pub(super) fn received_of(conn: &Connection, release: Digest) -> Result<Vec<Digest>, Fault> {
    let text = "SELECT address FROM received JOIN object ON object.id = received.object
        WHERE release = ?1 ORDER BY place";
    let mut rows = conn.prepare_cached(text)?;
    let rows = rows.query_map([release.as_bytes()], |row| Ok(Digest::new(row.get(0)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Erases received objects whose time has ended. Their pages are written over: the connection
/// deletes so (`secure_delete`).
pub(super) fn erase_expired(
    tx: &Transaction<'_>,
    now: UnixSeconds,
    spared: &Spared,
) -> Result<u64, Fault> {
    let over = "SELECT DISTINCT object.id, address FROM received
        JOIN object ON object.id = received.object WHERE keep_until <= ?1";
    let objects: Vec<(i64, Digest)> = tx
        .prepare_cached(over)?
        .query_map([sql(now.get())?], |row| Ok((row.get(0)?, Digest::new(row.get(1)?))))?
        .collect::<Result<_, _>>()?;
    let mut forget =
        tx.prepare_cached("DELETE FROM received WHERE keep_until <= ?1 AND object = ?2")?;
    let text = "DELETE FROM object WHERE id = ?1
        AND NOT EXISTS (SELECT 1 FROM received WHERE object = ?1)";
    let mut delete = tx.prepare_cached(text)?;
    let mut erased = 0;
    for (id, address) in objects {
        if spared.held.contains(&address) {
            continue;
        }
        erased += forget.execute((sql(now.get())?, id))?;
        if !spared.own.contains(&address) {
            delete.execute([id])?;
        }
    }
    Ok(erased as u64)
}

/// What was received about an observable, in the order in which it came.
pub(super) fn received(
    conn: &Connection,
    observable: &Observable,
) -> Result<Vec<ReceivedRow>, Fault> {
    let text = "SELECT address, accord, sender, release, place, clause, received, keep_until, bytes
        FROM received JOIN object ON object.id = received.object
        WHERE kind = ?1 AND value = ?2 ORDER BY received.id";
    let columns = |row: &Row<'_>| -> rusqlite::Result<ReceivedRow> {
        let keep_until: Option<i64> = row.get(7)?;
        Ok(ReceivedRow {
            address: Digest::new(row.get(0)?),
            accord: AccordId::new(row.get(1)?),
            from: PartyId::new(row.get(2)?),
            release: Digest::new(row.get(3)?),
            place: number(row, 4)?,
            clause: row.get(5)?,
            received: UnixSeconds::new(number(row, 6)?),
            keep_until: keep_until.map(|_| number(row, 7).map(UnixSeconds::new)).transpose()?,
            bytes: row.get(8)?,
        })
    };
    let mut rows = conn.prepare_cached(text)?;
    let rows = rows.query_map((observable.kind().code(), observable.value()), columns)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Numbers and observables of what came from a party under an accord behind a number.
pub(super) fn received_news(
    conn: &Connection,
    (accord, from): (AccordId, PartyId),
    after: u64,
    max: usize,
) -> Result<Vec<(u64, Observable)>, Fault> {
    let text = "SELECT id, kind, value FROM received INDEXED BY received_by_sender
        WHERE accord = ?1 AND sender = ?2 AND id > ?3 ORDER BY id LIMIT ?4";
    let mut find = conn.prepare_cached(text)?;
    let max = i64::try_from(max).unwrap_or(i64::MAX);
    let mut rows = find.query((accord.as_bytes(), from.as_bytes(), sql(after)?, max))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let kind = super::indicator::kind(row.get(1)?)?;
        let value = row.get_ref(2)?.as_str().map_err(rusqlite::Error::from)?;
        found.push((number(row, 0)?, super::indicator::observable(kind, value)?));
    }
    Ok(found)
}

/// How many of them up to a number may be kept, and the sum of when they came.
pub(super) fn received_kept(
    conn: &Connection,
    (accord, from): (AccordId, PartyId),
    upto: u64,
    now: UnixSeconds,
) -> Result<(u64, u64), Fault> {
    let text =
        "SELECT count(*), coalesce(sum(received), 0) FROM received INDEXED BY received_by_sender
        WHERE accord = ?1 AND sender = ?2 AND id <= ?3
        AND (keep_until IS NULL OR keep_until > ?4)";
    let mut count = conn.prepare_cached(text)?;
    let values = (accord.as_bytes(), from.as_bytes(), sql(upto)?, sql(now.get())?);
    Ok(count.query_row(values, |row| Ok((number(row, 0)?, number(row, 1)?)))?)
}

/// Erases what a party released here. The bytes stay if another row, or this node's own release,
/// needs them.
pub(super) fn erase_received(
    tx: &Transaction<'_>,
    from: PartyId,
    objects: &[(Digest, bool)],
) -> Result<(), Fault> {
    let text = "DELETE FROM received WHERE sender = ?1
        AND object IN (SELECT id FROM object WHERE address = ?2)";
    let mut rows = tx.prepare_cached(text)?;
    let text = "DELETE FROM object WHERE address = ?1
        AND NOT EXISTS (SELECT 1 FROM received WHERE received.object = object.id)";
    let mut bytes = tx.prepare_cached(text)?;
    // The connection overwrites pages that become free (`secure_delete`); the write-ahead log holds
    // old ones until it is reset.
    for (address, released) in objects {
        rows.execute((from.as_bytes(), address.as_bytes()))?;
        if !released {
            bytes.execute([address.as_bytes()])?;
        }
    }
    Ok(())
}

/// Objects received, by party; one that came in two releases counts twice.
pub(super) fn received_counts(conn: &Connection) -> Result<Vec<(PartyId, u64)>, Fault> {
    let text = "SELECT sender, count(*) FROM received GROUP BY sender ORDER BY sender";
    let mut rows = conn.prepare_cached(text)?;
    let rows = rows.query_map([], |row| Ok((PartyId::new(row.get(0)?), number(row, 1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
