//! The shelf on SQLite: objects that tools bring and read, the accounts of these tools, and
//! the feeds from which objects come.
//!
//! A file of its own beside the node's: readers of a large collection hold up no act, and nothing
//! of the record lies here. Is not: a judge of who may see what; it hands over what a query names.

mod account;
mod brought;
mod delete;
mod feed;
mod old;
mod packet;
mod page;
mod put;
#[cfg(test)]
mod tests;

use std::path::Path;

use detente_taxii::{
    Brought, Deed, Entry, Incoming, Level, Moment, Put, Query, Shelf, ShelfError, StatusRow,
};
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior};

use crate::migrate;
use crate::sqlite::{Fault, OpenError, open};

pub use account::{AccountRow, MAX_ACCOUNTS};
pub use feed::{FeedPut, FeedRow, Filled, MAX_FEEDS, MAX_TROUBLES};

/// Statuses kept of one account. Count.
const MAX_STATUSES: u32 = 1_000;
/// How long a status is kept. Microseconds.
const STATUS_KEPT: i64 = 24 * 3_600 * 1_000_000;
/// Bytes of the statuses kept of one account.
const MAX_STATUS_BYTES: i64 = 64 * 1024 * 1024;

/// Objects and accounts in one SQLite file.
#[derive(Debug)]
pub struct SqliteShelf {
    conn: Connection,
    together: Together,
}

/// Whether several things are being done whole or not at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Together {
    /// Each for itself.
    #[default]
    No,
    /// All so far was done.
    Well,
    /// One of them failed, perhaps halfway.
    Broken,
}

fn failed(fault: impl Into<Fault>) -> ShelfError {
    ShelfError(detente_node::ports::StoreError::from(fault.into()).to_string())
}

impl SqliteShelf {
    /// Opens a shelf, and creates it if there is none; readable by its owner alone.
    ///
    /// # Errors
    /// [`OpenError`] if the file is no shelf, a newer program wrote it, or the disk refuses.
    pub fn open(path: impl AsRef<Path>) -> Result<SqliteShelf, OpenError> {
        open::file_of(path.as_ref(), &migrate::SHELF).map(SqliteShelf::on)
    }

    /// A shelf that is gone when it is dropped: for tests and trials.
    ///
    /// # Errors
    /// [`OpenError`] if there is no memory.
    pub fn in_memory() -> Result<SqliteShelf, OpenError> {
        open::memory_of(&migrate::SHELF).map(SqliteShelf::on)
    }

    fn on(conn: Connection) -> SqliteShelf {
        SqliteShelf { conn, together: Together::No }
    }

    fn write<T>(
        &mut self,
        deed: impl FnOnce(&Connection) -> Result<T, Fault>,
    ) -> Result<T, ShelfError> {
        if self.together != Together::No {
            return deed(&self.conn).map_err(|fault| {
                self.together = Together::Broken;
                failed(fault)
            });
        }
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate);
        let tx = tx.map_err(failed)?;
        let done = deed(&tx).map_err(failed)?;
        tx.commit().map_err(failed)?;
        Ok(done)
    }

    /// All statements of one deed see the same state.
    fn read<T>(&self, deed: impl FnOnce(&Connection) -> Result<T, Fault>) -> Result<T, ShelfError> {
        if self.together != Together::No {
            return deed(&self.conn).map_err(failed);
        }
        let _transaction = self.conn.unchecked_transaction().map_err(failed)?;
        deed(&self.conn).map_err(failed)
    }
}

/// The number of a collection, if anything ever came to it.
fn collection(conn: &Connection, name: &str) -> Result<Option<i64>, Fault> {
    let mut find = conn.prepare_cached("SELECT id FROM collection WHERE name = ?1")?;
    Ok(find.query_row([name], |row| row.get(0)).optional()?)
}

impl Shelf for SqliteShelf {
    fn together(&mut self, deed: Deed<'_>) -> Result<(), ShelfError> {
        if self.together != Together::No {
            return deed(self);
        }
        self.conn.execute_batch("BEGIN IMMEDIATE").map_err(failed)?;
        self.together = Together::Well;
        let done = deed(self);
        let whole = std::mem::take(&mut self.together) == Together::Well;
        let done = done.and_then(|()| match whole {
            true => self.conn.execute_batch("COMMIT").map_err(failed),
            false => Err(ShelfError("a part of what was to be done together".to_owned())),
        });
        // A commit that failed may have ended the transaction or not.
        if done.is_err() && !self.conn.is_autocommit() {
            self.conn.execute_batch("ROLLBACK").map_err(failed)?;
        }
        done
    }

    fn put(
        &mut self,
        collection: &str,
        now: Moment,
        objects: &[Incoming<'_>],
    ) -> Result<Vec<Put>, ShelfError> {
        self.write(|tx| put::put(tx, collection, now, objects))
    }

    fn page(
        &self,
        query: &Query,
        each: &mut dyn FnMut(Entry<'_>, &[u8]),
    ) -> Result<bool, ShelfError> {
        self.read(|conn| page::page(conn, query, each))
    }

    fn delete(&mut self, query: &Query) -> Result<u64, ShelfError> {
        self.write(|tx| delete::delete(tx, query))
    }

    fn clear(&mut self, collection: &str) -> Result<(), ShelfError> {
        self.write(|tx| delete::clear(tx, collection))
    }

    fn reached(&self, view: &str) -> Result<u64, ShelfError> {
        self.read(|conn| {
            let mut find = conn.prepare_cached("SELECT moment FROM reached WHERE name = ?1")?;
            let found: Option<i64> = find.query_row([view], |row| row.get(0)).optional()?;
            Ok(found.and_then(|moment| u64::try_from(moment).ok()).unwrap_or(0))
        })
    }

    fn reach(&mut self, view: &str, moment: u64) -> Result<(), ShelfError> {
        self.write(|tx| {
            let text = "INSERT OR REPLACE INTO reached (name, moment) VALUES (?1, ?2)";
            let moment = i64::try_from(moment).unwrap_or(i64::MAX);
            tx.prepare_cached(text)?.execute((view, moment))?;
            Ok(())
        })
    }

    fn bring(
        &mut self,
        account: &str,
        collection: &str,
        objects: &[(Moment, Level)],
    ) -> Result<(), ShelfError> {
        self.write(|tx| brought::bring(tx, account, collection, objects))
    }

    fn brought(&self, max: usize) -> Result<(Vec<Brought>, Option<u64>), ShelfError> {
        self.read(|conn| brought::brought(conn, max))
    }

    fn take_brought(&mut self, upto: u64) -> Result<(), ShelfError> {
        self.write(|tx| brought::take(tx, upto))
    }

    fn put_status(
        &mut self,
        root: &str,
        account: &str,
        now: Moment,
        status: &StatusRow,
    ) -> Result<(), ShelfError> {
        self.write(|tx| {
            tx.prepare_cached(
                "INSERT OR REPLACE INTO status (id, root, account, at, size, json)
                VALUES (?1, ?2, ?3, ?4, length(?5), ?5)",
            )?
            .execute((&status.id, root, account, now.micros(), &status.json))?;
            tx.prepare_cached("DELETE FROM status WHERE account = ?1 AND at < ?2")?
                .execute((account, now.micros().saturating_sub(STATUS_KEPT)))?;
            let mut held =
                tx.prepare_cached("SELECT count(*), sum(size) FROM status WHERE account = ?1")?;
            let (count, bytes): (u32, i64) =
                held.query_row([account], |row| Ok((row.get(0)?, row.get(1)?)))?;
            if count > MAX_STATUSES || bytes > MAX_STATUS_BYTES {
                tx.prepare_cached(
                    "DELETE FROM status WHERE id IN (SELECT id FROM (SELECT id,
                    count(*) OVER newer AS n, sum(size) OVER newer AS held
                    FROM status WHERE account = ?1 WINDOW newer AS (ORDER BY at DESC, id))
                    WHERE n > ?2 OR held > ?3)",
                )?
                .execute((account, MAX_STATUSES, MAX_STATUS_BYTES))?;
            }
            Ok(())
        })
    }

    fn status(
        &self,
        (root, account): (&str, &str),
        id: &str,
        now: Moment,
    ) -> Result<Option<Vec<u8>>, ShelfError> {
        self.read(|conn| {
            let mut find = conn.prepare_cached(
                "SELECT json FROM status WHERE id = ?1 AND root = ?2 AND account = ?3 AND at >= ?4",
            )?;
            let since = now.micros().saturating_sub(STATUS_KEPT);
            Ok(find.query_row((id, root, account, since), |row| row.get(0)).optional()?)
        })
    }
}
