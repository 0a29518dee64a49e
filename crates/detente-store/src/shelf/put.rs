//! Putting objects on the shelf.

use detente_taxii::{Incoming, Level, Moment, Put};
use rusqlite::{CachedStatement, OptionalExtension as _, Transaction};

use crate::sqlite::{Fault, damaged};

/// An end of an id: for whom it is the oldest and the newest version.
struct End {
    n: i64,
    version: i64,
    first: u8,
    last: u8,
}

/// Who sees everything.
const ALL: u8 = 1 << Level::CLOSED.code();

struct Writer<'a> {
    collection: i64,
    next: i64,
    same: CachedStatement<'a>,
    ends: CachedStatement<'a>,
    bytes: CachedStatement<'a>,
    mark: CachedStatement<'a>,
    insert: CachedStatement<'a>,
}

/// Puts objects in their order and says what became of each.
pub(super) fn put(
    tx: &Transaction<'_>,
    name: &str,
    now: Moment,
    objects: &[Incoming<'_>],
) -> Result<Vec<Put>, Fault> {
    let collection = collection(tx, name)?;
    let next: i64 = tx.query_row("SELECT next FROM counter", [], |row| row.get(0))?;
    let mut writer = Writer {
        collection,
        next: next.max(now.micros()),
        same: tx.prepare_cached(
            "SELECT n FROM object WHERE collection = ?1 AND id = ?2 AND version = ?3",
        )?,
        ends: tx.prepare_cached(
            "SELECT n, version, first, last FROM object
            WHERE collection = ?1 AND id = ?2 AND (first <> 0 OR last <> 0)",
        )?,
        bytes: tx.prepare_cached("SELECT bytes FROM object WHERE n = ?1")?,
        mark: tx.prepare_cached("UPDATE object SET first = ?2, last = ?3 WHERE n = ?1")?,
        insert: tx.prepare_cached(
            "INSERT INTO object (n, collection, id, version, kind, spec, level, first, last, bytes)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?,
    };
    let puts = objects.iter().map(|object| writer.put(object)).collect::<Result<_, _>>()?;
    tx.execute("UPDATE counter SET next = ?1", [writer.next])?;
    Ok(puts)
}

/// The number of a collection; a new one gets one.
fn collection(tx: &Transaction<'_>, name: &str) -> Result<i64, Fault> {
    if let Some(id) = super::collection(tx, name)? {
        return Ok(id);
    }
    tx.execute("INSERT INTO collection (name) VALUES (?1)", [name])?;
    Ok(tx.last_insert_rowid())
}

impl Writer<'_> {
    fn put(&mut self, object: &Incoming<'_>) -> Result<Put, Fault> {
        let mut ends = self.ends(object.id)?;
        // Without a version of its own, an object is a new one only if its bytes are.
        let same = match object.version {
            Some(version) => self.same(object.id, version.micros())?,
            None => ends.iter().find(|end| end.last & ALL != 0).map(|end| end.n),
        };
        if let Some(same) = same {
            if self.is(same, object.bytes)? {
                return moment(same).map(Put::Known);
            }
            if object.version.is_some() {
                return Ok(Put::Differs);
            }
        }
        let n = self.next;
        self.next += 1;
        let version = object.version.map_or(n, Moment::micros);
        let (first, last) = self.take_ends(&mut ends, version, object.level)?;
        self.insert.execute((
            n,
            self.collection,
            object.id,
            version,
            object.kind,
            object.spec,
            object.level.code(),
            first,
            last,
            object.bytes,
        ))?;
        moment(n).map(Put::Added)
    }

    fn ends(&mut self, id: &str) -> Result<Vec<End>, Fault> {
        let ends = self.ends.query_map((self.collection, id), |row| {
            Ok(End { n: row.get(0)?, version: row.get(1)?, first: row.get(2)?, last: row.get(3)? })
        })?;
        Ok(ends.collect::<Result<_, _>>()?)
    }

    fn same(&mut self, id: &str, version: i64) -> Result<Option<i64>, Fault> {
        let found = self.same.query_row((self.collection, id, version), |row| row.get(0));
        Ok(found.optional()?)
    }

    /// Takes the ends from whoever had them, for all who see this level and for whom this version
    /// is older or newer; says which it has now.
    fn take_ends(
        &mut self,
        ends: &mut [End],
        version: i64,
        level: Level,
    ) -> Result<(u8, u8), Fault> {
        let (mut first, mut last) = (0, 0);
        for seen in Level::ALL.into_iter().filter(|seen| level <= *seen) {
            let bit = 1 << seen.code();
            if !ends.iter().any(|end| end.first & bit != 0 && end.version <= version) {
                first |= bit;
            }
            if !ends.iter().any(|end| end.last & bit != 0 && end.version >= version) {
                last |= bit;
            }
        }
        for end in ends.iter_mut().filter(|end| end.first & first != 0 || end.last & last != 0) {
            end.first &= !first;
            end.last &= !last;
            self.mark.execute((end.n, end.first, end.last))?;
        }
        Ok((first, last))
    }

    fn is(&mut self, n: i64, bytes: &[u8]) -> Result<bool, Fault> {
        let same = |row: &rusqlite::Row<'_>| Ok(row.get_ref(0)?.as_blob()? == bytes);
        Ok(self.bytes.query_row([n], same).optional()?.unwrap_or(false))
    }
}

pub(super) fn moment(micros: i64) -> Result<Moment, Fault> {
    Moment::of(micros).ok_or_else(|| damaged(format!("{micros} is no moment")))
}
