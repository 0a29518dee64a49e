//! Look-ups: values, filters, updates, what was asked.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use detente_core::{Digest, Kind, RunId, UnixSeconds};
use detente_intel::{Context, Observable, in_force};
use detente_node::ports::{
    Evaluation, FilterRow, Finished, LookupStore, MAX_UPDATES_KEPT, StoreError, UpdatePart,
    ValueRow, Vouchers,
};
use rusqlite::{Connection, OptionalExtension, Transaction};

use super::SqliteStore;
use super::context::stored;
use super::fault::{Fault, conflict, number, sql};
use super::indicator::{kind, observable, sorted};

/// A value as SQLite keeps it: the same 64 bits, read as a signed number.
const fn signed(value: u64) -> i64 {
    i64::from_le_bytes(value.to_le_bytes())
}

const fn unsigned(value: i64) -> u64 {
    u64::from_le_bytes(value.to_le_bytes())
}

fn vouchers(
    conn: &Connection,
    kinds: &[Kind],
    vouches: &mut dyn FnMut(Kind, &Context) -> bool,
) -> Result<Vouchers, Fault> {
    let mut contexts = conn.prepare_cached(
        "SELECT DISTINCT context.id, json FROM observable
        JOIN sighting ON sighting.observable = observable.id
        JOIN context ON context.id = sighting.context WHERE kind = ?1",
    )?;
    let mut all = BTreeMap::new();
    for kind in sorted(kinds) {
        let mut allowed = BTreeSet::new();
        let mut rows = contexts.query([kind.code()])?;
        while let Some(row) = rows.next()? {
            if vouches(kind, &stored(row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?)?) {
                allowed.insert(row.get(0)?);
            }
        }
        all.insert(kind, allowed);
    }
    let fallen = fallen(conn, &all, vouches)?;
    Ok(Vouchers { contexts: all, fallen })
}

/// Observables of which a context vouches that is not in force any more, and none that is.
fn fallen(
    conn: &Connection,
    all: &BTreeMap<Kind, BTreeSet<i64>>,
    vouches: &mut dyn FnMut(Kind, &Context) -> bool,
) -> Result<BTreeSet<i64>, Fault> {
    let mut several = conn.prepare_cached(
        "SELECT observable, kind FROM sighting
        JOIN observable ON observable.id = sighting.observable
        GROUP BY observable HAVING count(*) > 1",
    )?;
    let mut said = conn.prepare_cached(
        "SELECT context, json, added FROM sighting JOIN context ON context.id = sighting.context
        WHERE observable = ?1 ORDER BY n",
    )?;
    let mut fallen = BTreeSet::new();
    let mut rows = several.query([])?;
    while let Some(row) = rows.next()? {
        let (id, kind) = (row.get::<_, i64>(0)?, kind(row.get(1)?)?);
        let Some(allowed) = all.get(&kind) else { continue };
        let (mut vouched, mut sightings) = (false, Vec::new());
        let mut rows = said.query([id])?;
        while let Some(row) = rows.next()? {
            vouched |= allowed.contains(&row.get(0)?);
            let context = stored(row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?)?;
            sightings.push((context, UnixSeconds::new(number(row, 2)?)));
        }
        let mut standing = in_force(sightings).into_iter().filter(|one| !one.context.revoked);
        if vouched && !standing.any(|one| vouches(kind, &one.context)) {
            fallen.insert(id);
        }
    }
    Ok(fallen)
}

fn value_rows(
    conn: &Connection,
    vouchers: &Vouchers,
    evaluation: Evaluation,
    after: Option<&Observable>,
    max: usize,
) -> Result<Vec<ValueRow>, Fault> {
    let id: Option<i64> = evaluation_id(conn, evaluation)?;
    let mut query = conn.prepare_cached(
        "SELECT observable.value, observable.id, context, evaluated.value FROM observable
        JOIN sighting ON sighting.observable = observable.id
        LEFT JOIN evaluated ON evaluation = ?1 AND evaluated.observable = observable.id
        WHERE kind = ?2 AND observable.value > ?3 ORDER BY observable.value",
    )?;
    let mut found: Vec<ValueRow> = Vec::new();
    let begin = after.map_or(0, |after| after.kind().code());
    let kinds = vouchers.contexts.iter().map(|(kind, allowed)| (kind.code(), kind, allowed));
    let mut kinds: Vec<_> = kinds.filter(|(code, _, _)| *code >= begin).collect();
    kinds.sort_unstable_by_key(|(code, _, _)| *code);
    for (code, kind, allowed) in kinds {
        let from = after.filter(|after| after.kind() == *kind).map_or("", Observable::value);
        let mut last = String::new();
        let mut rows = query.query((id, code, from))?;
        while let Some(row) = rows.next()? {
            let value = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
            let vouched = allowed.contains(&row.get(2)?);
            if value == last || !vouched || vouchers.fallen.contains(&row.get(1)?) {
                continue;
            }
            if found.len() == max {
                return Ok(found);
            }
            value.clone_into(&mut last);
            let known: Option<i64> = row.get(3)?;
            found.push(ValueRow {
                place: row.get(1)?,
                observable: observable(*kind, value)?,
                value: known.map(unsigned),
            });
        }
    }
    Ok(found)
}

fn evaluation_id(conn: &Connection, evaluation: Evaluation) -> Result<Option<i64>, Fault> {
    let text = "SELECT id FROM evaluation WHERE scope = ?1 AND name = ?2";
    let names = (evaluation.scope.as_bytes(), evaluation.key.as_bytes());
    Ok(conn.prepare_cached(text)?.query_row(names, |row| row.get(0)).optional()?)
}

fn put_values(
    tx: &Transaction<'_>,
    evaluation: Evaluation,
    values: &[(i64, u64)],
) -> Result<(), Fault> {
    let id = match evaluation_id(tx, evaluation)? {
        Some(id) => id,
        None => {
            let scope = evaluation.scope.as_bytes();
            tx.execute(
                "DELETE FROM evaluated WHERE evaluation IN
                (SELECT id FROM evaluation WHERE scope = ?1)",
                [scope],
            )?;
            tx.execute("DELETE FROM evaluation WHERE scope = ?1", [scope])?;
            let text = "INSERT INTO evaluation (scope, name) VALUES (?1, ?2)";
            tx.execute(text, (scope, evaluation.key.as_bytes()))?;
            tx.last_insert_rowid()
        }
    };
    // In the order of the table, so that neighbours are written together.
    let mut values = values.to_vec();
    values.sort_unstable();
    let mut insert = tx.prepare_cached(
        "INSERT INTO evaluated (evaluation, observable, value) VALUES (?1, ?2, ?3)
        ON CONFLICT (evaluation, observable) DO UPDATE SET value = excluded.value",
    )?;
    for (place, value) in values {
        insert.execute((id, place, signed(value)))?;
    }
    Ok(())
}

/// A filter with its number in the table.
fn find(
    conn: &Connection,
    scope: Digest,
    name: Option<Digest>,
) -> Result<Option<(i64, FilterRow)>, Fault> {
    let text = "SELECT id, name, items, held, whole FROM filter
        WHERE scope = ?1 AND CASE WHEN ?2 IS NULL THEN whole = 1 ELSE name = ?2 END";
    let name = name.as_ref().map(Digest::as_bytes);
    let mut query = conn.prepare_cached(text)?;
    let row = query.query_row((scope.as_bytes(), name), |row| {
        let filter = FilterRow {
            name: Digest::new(row.get(1)?),
            items: number(row, 2)?,
            held: number(row, 3)?,
            whole: row.get(4)?,
        };
        Ok((row.get(0)?, filter))
    });
    Ok(row.optional()?)
}

fn remove(tx: &Transaction<'_>, id: i64) -> Result<(), Fault> {
    tx.execute("DELETE FROM bucket WHERE filter = ?1", [id])?;
    tx.execute("DELETE FROM filter WHERE id = ?1", [id])?;
    Ok(())
}

fn put_buckets(
    tx: &Transaction<'_>,
    scope: Digest,
    (name, items): (Digest, u32),
    first: u32,
    buckets: &[Vec<u8>],
) -> Result<(), Fault> {
    let mut there = find(tx, scope, Some(name))?;
    if first == 0
        && let Some((id, _)) = there.take()
    {
        remove(tx, id)?;
    }
    let (id, held) = match there {
        Some((id, row)) if row.items == items && !row.whole => (id, row.held),
        Some(_) => return Err(conflict("the filter is another or whole already")),
        None => {
            let text = "INSERT INTO filter (scope, name, items, held, whole)
                VALUES (?1, ?2, ?3, 0, 0)";
            tx.execute(text, (scope.as_bytes(), name.as_bytes(), items))?;
            (tx.last_insert_rowid(), 0)
        }
    };
    if held != first {
        return Err(conflict(format!("{held} buckets are here, not {first}")));
    }
    let mut insert =
        tx.prepare_cached("INSERT INTO bucket (filter, number, bytes) VALUES (?1, ?2, ?3)")?;
    for (number, bytes) in (u64::from(first)..).zip(buckets) {
        insert.execute((id, sql(number)?, bytes))?;
    }
    let held = u64::from(first) + buckets.len() as u64;
    tx.execute("UPDATE filter SET held = ?2 WHERE id = ?1", (id, sql(held)?))?;
    Ok(())
}

fn buckets(
    conn: &Connection,
    scope: Digest,
    name: Digest,
    numbers: Range<u32>,
) -> Result<Vec<Vec<u8>>, Fault> {
    let Some((id, _)) = find(conn, scope, Some(name))? else {
        return Ok(Vec::new());
    };
    let text = "SELECT bytes FROM bucket WHERE filter = ?1 AND number >= ?2 AND number < ?3
        ORDER BY number";
    let mut query = conn.prepare_cached(text)?;
    let rows = query.query_map((id, numbers.start, numbers.end), |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn finish(tx: &Transaction<'_>, finished: &Finished<'_>) -> Result<(), Fault> {
    let scope = finished.scope;
    let Some((id, _)) = find(tx, scope, Some(finished.name))? else {
        return Err(conflict("there is no such filter"));
    };
    let others: Vec<i64> = {
        let text = "SELECT id FROM filter WHERE scope = ?1 AND id <> ?2";
        let mut query = tx.prepare_cached(text)?;
        let rows = query.query_map((scope.as_bytes(), id), |row| row.get(0))?;
        rows.collect::<Result<_, _>>()?
    };
    for other in others {
        remove(tx, other)?;
    }
    let digest = finished.digest.as_bytes();
    tx.execute("UPDATE filter SET name = ?2, whole = 1 WHERE id = ?1", (id, digest))?;
    let Some((start, bytes)) = &finished.update else {
        tx.execute("DELETE FROM filter_update WHERE scope = ?1", [scope.as_bytes()])?;
        return Ok(());
    };
    let text = "INSERT INTO filter_update (scope, start, goal, bytes) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (scope, start) DO UPDATE SET goal = excluded.goal, bytes = excluded.bytes";
    tx.execute(text, (scope.as_bytes(), start.as_bytes(), digest, bytes))?;
    // A set that comes back to what it was must not lead in a circle.
    let text = "DELETE FROM filter_update WHERE scope = ?1 AND (start = ?2 OR id NOT IN
        (SELECT id FROM filter_update WHERE scope = ?1 ORDER BY id DESC LIMIT ?3))";
    tx.execute(text, (scope.as_bytes(), digest, sql(MAX_UPDATES_KEPT as u64)?))?;
    Ok(())
}

fn update_part(
    conn: &Connection,
    (scope, from): (Digest, Digest),
    offset: u32,
    max: usize,
) -> Result<Option<UpdatePart>, Fault> {
    // The first byte is number 1.
    let text = "SELECT goal, length(bytes), substr(bytes, ?3, ?4) FROM filter_update
        WHERE scope = ?1 AND start = ?2";
    let mut query = conn.prepare_cached(text)?;
    let place = (sql(u64::from(offset) + 1)?, sql(max as u64)?);
    let row = query.query_row((scope.as_bytes(), from.as_bytes(), place.0, place.1), |row| {
        Ok(UpdatePart { to: Digest::new(row.get(0)?), total: number(row, 1)?, bytes: row.get(2)? })
    });
    Ok(row.optional()?)
}

fn put_asked(tx: &Transaction<'_>, run: RunId, asked: &[Observable]) -> Result<(), Fault> {
    let text = "INSERT INTO asked (run, place, kind, value) VALUES (?1, ?2, ?3, ?4)";
    let mut insert = tx.prepare_cached(text)?;
    for (place, observable) in (0_u64..).zip(asked) {
        let (kind, value) = (observable.kind().code(), observable.value());
        insert.execute((run.as_bytes(), sql(place)?, kind, value))?;
    }
    Ok(())
}

fn asked(conn: &Connection, run: RunId) -> Result<Vec<Observable>, Fault> {
    let text = "SELECT kind, value FROM asked WHERE run = ?1 ORDER BY place";
    let mut query = conn.prepare_cached(text)?;
    let mut rows = query.query([run.as_bytes()])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let value = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
        all.push(observable(kind(number(row, 0)?)?, value)?);
    }
    Ok(all)
}

impl LookupStore for SqliteStore {
    fn vouchers(
        &self,
        kinds: &[Kind],
        vouches: &mut dyn FnMut(Kind, &Context) -> bool,
    ) -> Result<Vouchers, StoreError> {
        self.read(|conn| vouchers(conn, kinds, vouches))
    }

    fn value_rows(
        &self,
        vouchers: &Vouchers,
        evaluation: Evaluation,
        after: Option<&Observable>,
        max: usize,
    ) -> Result<Vec<ValueRow>, StoreError> {
        self.read(|conn| value_rows(conn, vouchers, evaluation, after, max))
    }

    fn put_values(
        &mut self,
        evaluation: Evaluation,
        values: &[(i64, u64)],
    ) -> Result<(), StoreError> {
        self.write(|tx| put_values(tx, evaluation, values))
    }

    fn filter(&self, scope: Digest, name: Digest) -> Result<Option<FilterRow>, StoreError> {
        self.read(|conn| Ok(find(conn, scope, Some(name))?.map(|(_, row)| row)))
    }

    fn whole_filter(&self, scope: Digest) -> Result<Option<FilterRow>, StoreError> {
        self.read(|conn| Ok(find(conn, scope, None)?.map(|(_, row)| row)))
    }

    fn put_buckets(
        &mut self,
        scope: Digest,
        filter: (Digest, u32),
        first: u32,
        buckets: &[Vec<u8>],
    ) -> Result<(), StoreError> {
        self.write(|tx| put_buckets(tx, scope, filter, first, buckets))
    }

    fn buckets(
        &self,
        scope: Digest,
        name: Digest,
        numbers: Range<u32>,
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        self.read(|conn| buckets(conn, scope, name, numbers))
    }

    fn finish_filter(&mut self, finished: &Finished<'_>) -> Result<(), StoreError> {
        self.write(|tx| finish(tx, finished))
    }

    fn drop_filter(&mut self, scope: Digest, name: Digest) -> Result<(), StoreError> {
        self.write(|tx| match find(tx, scope, Some(name))? {
            Some((id, _)) => remove(tx, id),
            None => Ok(()),
        })
    }

    fn update_part(
        &self,
        scope: Digest,
        from: Digest,
        offset: u32,
        max: usize,
    ) -> Result<Option<UpdatePart>, StoreError> {
        self.read(|conn| update_part(conn, (scope, from), offset, max))
    }

    fn put_asked(&mut self, run: RunId, items: &[Observable]) -> Result<(), StoreError> {
        self.write(|tx| put_asked(tx, run, items))
    }

    fn asked(&self, run: RunId) -> Result<Vec<Observable>, StoreError> {
        self.read(|conn| asked(conn, run))
    }
}
