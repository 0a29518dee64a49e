//! The store on SQLite: one connection, one transaction a deed.
//!
//! Is: [`SqliteStore`] and the list of its deeds; each noun's SQL stands in the file of that name.
//! Durability: write-ahead log with `synchronous = FULL`, so a commit returns after the disk has
//! it; a process killed at any moment loses nothing that was acknowledged. Is not: shared. One
//! process holds the file; a second one waits briefly for each write and is then refused.

mod accord;
mod check;
pub(crate) mod context;
mod fault;
mod heads;
mod indicator;
mod log;
mod lookup;
mod object;
pub(crate) mod open;
mod party;
mod run;
mod staged;
#[cfg(test)]
mod tests;
mod words;

use std::ops::Range;

use detente_core::act::Salt;
use detente_core::{AccordId, Digest, Kind, PartyId, RunId, UnixSeconds};
use detente_intel::{Context, Indicator, Observable};
use detente_node::ports::{
    AccordRow, Added, EntryRow, KindCount, ListPage, LogAppend, LogKey, LogRow, Moment, OwnRow,
    PageOf, ReceivedRow, RunRow, Spared, Store, StoreError, Verdicts,
};
use rusqlite::{Connection, Transaction, TransactionBehavior};

pub(crate) use fault::{Fault, damaged, number};
pub use open::OpenError;
pub use staged::{MAX_STAGED_BYTES, MAX_STAGED_PLACES};

/// Everything that a node keeps, in one SQLite file.
#[derive(Debug)]
pub struct SqliteStore {
    conn: Connection,
    /// What tells an old copy of the file, if it is asked for.
    heads: Option<heads::Heads>,
}

impl SqliteStore {
    /// Opens a store, and creates it if there is none. The file and its companions (`-wal`, `-shm`)
    /// are readable by their owner alone; a file that is wider open is narrowed.
    ///
    /// # Errors
    /// [`OpenError`] if the file is not a store, a newer program wrote it, or the disk refuses.
    pub fn open(path: impl AsRef<std::path::Path>) -> Result<SqliteStore, OpenError> {
        open::file(path.as_ref()).map(|conn| SqliteStore { conn, heads: None })
    }

    /// A store that is gone when it is dropped: for tests and trials.
    ///
    /// # Errors
    /// [`OpenError`] if there is no memory.
    pub fn in_memory() -> Result<SqliteStore, OpenError> {
        open::memory().map(|conn| SqliteStore { conn, heads: None })
    }

    /// Keeps the heads of a party's own logs in a file beside the database from now on, so that an
    /// old copy of the database that is put back is noticed.
    ///
    /// # Errors
    /// [`StoreError::OldCopy`] if an own log holds less than the file says, or something else.
    pub fn guard(
        &mut self,
        heads: impl AsRef<std::path::Path>,
        party: PartyId,
    ) -> Result<(), StoreError> {
        self.heads = Some(heads::Heads::open(&self.conn, heads.as_ref(), party)?);
        Ok(())
    }

    /// Reads everything and checks that it fits together: SQLite's own structures, references, that
    /// each log's entries hash to its right edge and tiles, that each object and context hashes to
    /// its address, and the totals. Takes time in proportion to what is stored.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] names the first contradiction.
    pub fn check(&self) -> Result<(), StoreError> {
        self.read(check::everything)
    }

    /// One deed that writes: all of it is durable when this returns, or nothing has changed.
    fn write<T>(
        &mut self,
        deed: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        // Immediate: what the deed reads can't change before it writes.
        let run = || -> Result<T, Fault> {
            let transaction =
                self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let done = deed(&transaction)?;
            transaction.commit()?;
            Ok(done)
        };
        run().map_err(StoreError::from)
    }

    /// One deed that reads: all of its statements see the same state.
    fn read<T>(&self, deed: impl FnOnce(&Connection) -> Result<T, Fault>) -> Result<T, StoreError> {
        let run = || -> Result<T, Fault> {
            // Whoever is called back while observables stream may read too, within that
            // transaction.
            let _transaction = if self.conn.is_autocommit() {
                Some(self.conn.unchecked_transaction()?)
            } else {
                None
            };
            deed(&self.conn)
        };
        run().map_err(StoreError::from)
    }
}

impl Store for SqliteStore {
    fn put_card(&mut self, party: PartyId, card: &[u8]) -> Result<(), StoreError> {
        self.write(|tx| party::put_card(tx, party, card))
    }

    fn cards(&self) -> Result<Vec<Vec<u8>>, StoreError> {
        self.read(party::cards)
    }

    fn put_accord(&mut self, accord: &AccordRow) -> Result<(), StoreError> {
        self.write(|tx| accord::put(tx, accord))
    }

    fn accords(&self) -> Result<Vec<AccordRow>, StoreError> {
        self.read(accord::all)
    }

    fn log(&self, key: LogKey) -> Result<LogRow, StoreError> {
        self.read(|conn| log::row(conn, key))
    }

    fn append(&mut self, key: LogKey, write: &LogAppend<'_>) -> Result<(), StoreError> {
        let head = write.append.edge.head();
        let ready = self.heads.as_ref().map(|heads| heads.prepare(key, head)).transpose()?;
        self.write(|tx| log::append(tx, key, write))?;
        if let (Some(heads), Some(ready)) = (&mut self.heads, ready.flatten()) {
            heads.grown(ready);
        }
        Ok(())
    }

    fn put_checkpoint(&mut self, key: LogKey, size: u64, note: &[u8]) -> Result<(), StoreError> {
        self.write(|tx| log::put_checkpoint(tx, key, size, note))
    }

    fn put_pending(
        &mut self,
        key: LogKey,
        before: &[Vec<u8>],
        after: &[Vec<u8>],
    ) -> Result<(), StoreError> {
        self.write(|tx| log::put_pending(tx, key, before, after))
    }

    fn entries(&self, key: LogKey, places: Range<u64>) -> Result<Vec<EntryRow>, StoreError> {
        self.read(|conn| log::entries(conn, key, places))
    }

    fn tile(&self, key: LogKey, level: u8, index: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(|conn| log::tile(conn, key, level, index))
    }

    fn stage_bodies(
        &mut self,
        key: LogKey,
        start: u64,
        bodies: &[(Salt, Vec<u8>)],
    ) -> Result<(), StoreError> {
        self.write(|tx| staged::put(tx, key, start, bodies))
    }

    fn staged_bodies(
        &self,
        key: LogKey,
        places: Range<u64>,
    ) -> Result<Vec<(Salt, Vec<u8>)>, StoreError> {
        self.read(|conn| staged::front(conn, key, places))
    }

    fn put_evidence(
        &mut self,
        party: PartyId,
        at: UnixSeconds,
        code: &str,
        bytes: &[u8],
    ) -> Result<(), StoreError> {
        self.write(|tx| party::put_evidence(tx, party, at, (code, bytes)))
    }

    fn evidence(&self) -> Result<Vec<(PartyId, String, u64)>, StoreError> {
        self.read(party::evidence)
    }

    fn put_doubt(
        &mut self,
        accord: AccordId,
        peer: PartyId,
        doubt: Option<&str>,
    ) -> Result<(), StoreError> {
        self.write(|tx| party::put_doubt(tx, accord, peer, doubt))
    }

    fn doubts(&self) -> Result<Vec<(AccordId, PartyId, String)>, StoreError> {
        self.read(party::doubts)
    }

    fn put_indicators(
        &mut self,
        at: UnixSeconds,
        indicators: &[Indicator],
    ) -> Result<Added, StoreError> {
        self.write(|tx| indicator::put(tx, at, indicators))
    }

    fn observables(
        &self,
        kinds: &[Kind],
        each: &mut dyn FnMut(Observable),
    ) -> Result<(), StoreError> {
        self.read(|conn| indicator::each(conn, kinds, each))
    }

    fn moment(&self) -> Result<Moment, StoreError> {
        self.read(indicator::moment)
    }

    fn vouched(
        &self,
        of: &PageOf<'_>,
        verdicts: &mut Verdicts,
        vouches: &mut dyn FnMut(Kind, &Context) -> bool,
    ) -> Result<ListPage, StoreError> {
        self.read(|conn| indicator::page(conn, of, verdicts, vouches))
    }

    fn count(&self, kinds: &[Kind]) -> Result<u64, StoreError> {
        self.read(|conn| indicator::count(conn, kinds))
    }

    fn counts(&self) -> Result<Vec<KindCount>, StoreError> {
        self.read(indicator::counts)
    }

    fn contexts(&self, observable: &Observable) -> Result<Vec<Context>, StoreError> {
        self.read(|conn| indicator::contexts(conn, observable))
    }

    fn sightings(
        &self,
        observable: &Observable,
    ) -> Result<Vec<(Context, UnixSeconds)>, StoreError> {
        self.read(|conn| indicator::sightings(conn, observable))
    }

    fn own_rows(
        &self,
        kinds: &[Kind],
        after: Option<&Observable>,
        max: usize,
    ) -> Result<Vec<OwnRow>, StoreError> {
        self.read(|conn| indicator::rows(conn, kinds, after, max))
    }

    fn own_changed(&self, since: Moment, max: usize) -> Result<(Vec<OwnRow>, Moment), StoreError> {
        self.read(|conn| indicator::changed(conn, since, max))
    }

    fn read_words(&mut self, max: usize) -> Result<u64, StoreError> {
        self.write(|tx| words::read(tx, max))
    }

    fn own_with_words(
        &self,
        words: &[String],
        max: usize,
    ) -> Result<Vec<(Observable, Context)>, StoreError> {
        self.read(|conn| words::find(conn, words, max))
    }

    fn put_run(&mut self, run: &RunRow, matched: &[Observable]) -> Result<(), StoreError> {
        self.write(|tx| run::put(tx, run, matched))
    }

    fn run(&self, run: RunId) -> Result<Option<RunRow>, StoreError> {
        self.read(|conn| run::find(conn, run))
    }

    fn runs(&self, accord: AccordId) -> Result<Vec<RunRow>, StoreError> {
        self.read(|conn| run::of_accord(conn, accord))
    }

    fn matched(&self, run: RunId) -> Result<Vec<Observable>, StoreError> {
        self.read(|conn| run::matched(conn, run))
    }

    fn is_matched(
        &self,
        accord: AccordId,
        peer: PartyId,
        observable: &Observable,
    ) -> Result<bool, StoreError> {
        self.read(|conn| run::is_matched(conn, accord, peer, observable))
    }

    fn put_released(&mut self, objects: &[(Digest, Vec<u8>)]) -> Result<(), StoreError> {
        self.write(|tx| object::put_released(tx, objects))
    }

    fn object(&self, address: Digest) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(|conn| object::bytes(conn, address))
    }

    fn put_received(&mut self, objects: &[ReceivedRow]) -> Result<(), StoreError> {
        self.write(|tx| object::put_received(tx, objects))
    }

    fn received_upto(&self, release: Digest) -> Result<u32, StoreError> {
        self.read(|conn| object::received_upto(conn, release))
    }

    fn arrived(&self, from: PartyId, address: Digest) -> Result<Option<UnixSeconds>, StoreError> {
        self.read(|conn| object::arrived(conn, from, address))
    }

    fn received_of(&self, release: Digest) -> Result<Vec<Digest>, StoreError> {
        self.read(|conn| object::received_of(conn, release))
    }

    fn erase_expired(&mut self, now: UnixSeconds, spared: &Spared) -> Result<u64, StoreError> {
        self.write(|tx| object::erase_expired(tx, now, spared))
    }

    fn received(&self, observable: &Observable) -> Result<Vec<ReceivedRow>, StoreError> {
        self.read(|conn| object::received(conn, observable))
    }

    fn received_news(
        &self,
        of: (AccordId, PartyId),
        after: u64,
        max: usize,
    ) -> Result<Vec<(u64, Observable)>, StoreError> {
        self.read(|conn| object::received_news(conn, of, after, max))
    }

    fn received_kept(
        &self,
        of: (AccordId, PartyId),
        upto: u64,
        now: UnixSeconds,
    ) -> Result<(u64, u64), StoreError> {
        self.read(|conn| object::received_kept(conn, of, upto, now))
    }

    fn first_sighting(&self, observable: &Observable) -> Result<Option<UnixSeconds>, StoreError> {
        self.read(|conn| indicator::first_sighting(conn, observable))
    }

    fn erase_received(
        &mut self,
        from: PartyId,
        objects: &[(Digest, bool)],
    ) -> Result<(), StoreError> {
        self.write(|tx| object::erase_received(tx, from, objects))
    }

    fn received_counts(&self) -> Result<Vec<(PartyId, u64)>, StoreError> {
        self.read(object::received_counts)
    }
}
