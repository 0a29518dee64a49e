//! Putting objects on the shelf.

use detente_taxii::{Incoming, Moment, Put};
use rusqlite::{CachedStatement, OptionalExtension as _, Transaction};

use crate::sqlite::{Fault, damaged};

/// What lies there of one id.
struct Lying {
    n: i64,
    version: i64,
}

struct Writer<'a> {
    collection: i64,
    next: i64,
    find: CachedStatement<'a>,
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
        find: tx.prepare_cached(
            "SELECT n, version FROM object WHERE collection = ?1 AND id = ?2 ORDER BY version",
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
        let lying: Vec<Lying> = self
            .find
            .query_map((self.collection, object.id), |row| {
                Ok(Lying { n: row.get(0)?, version: row.get(1)? })
            })?
            .collect::<Result<_, _>>()?;
        // Without a version of its own, an object is a new one only if its bytes are.
        let same = match object.version {
            Some(version) => lying.iter().find(|known| known.version == version.micros()),
            None => lying.last(),
        };
        if let Some(same) = same {
            if self.is(same.n, object.bytes)? {
                return moment(same.n).map(Put::Known);
            }
            if object.version.is_some() {
                return Ok(Put::Differs);
            }
        }
        let n = self.next;
        self.next += 1;
        let version = object.version.map_or(n, Moment::micros);
        let first = lying.first().is_none_or(|oldest| version < oldest.version);
        let last = lying.last().is_none_or(|newest| newest.version < version);
        match lying.as_slice() {
            [] => {}
            [one] => drop(self.mark.execute((one.n, !first, !last))?),
            [oldest, .., newest] => {
                if first {
                    self.mark.execute((oldest.n, false, false))?;
                }
                if last {
                    self.mark.execute((newest.n, false, false))?;
                }
            }
        }
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

    fn is(&mut self, n: i64, bytes: &[u8]) -> Result<bool, Fault> {
        let same = |row: &rusqlite::Row<'_>| Ok(row.get_ref(0)?.as_blob()? == bytes);
        Ok(self.bytes.query_row([n], same).optional()?.unwrap_or(false))
    }
}

pub(super) fn moment(micros: i64) -> Result<Moment, Fault> {
    Moment::of(micros).ok_or_else(|| damaged(format!("{micros} is no moment")))
}
