//! A real store that fails when a test says so.
//!
//! Is: a handle on a SQLite store that counts writes, fails a planned one before or after it took
//! place, and can play dead afterwards as a killed process would. Is not: a second implementation:
//! every deed is the real store's.

use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use detente_core::act::Salt;
use detente_core::{AccordId, Digest, Kind, PartyId, RunId, UnixSeconds};
use detente_intel::{Context, Indicator, Observable};
use detente_node::ports::{
    AccordRow, Added, EntryRow, Evaluation, FilterRow, Finished, KindCount, ListPage, LogAppend,
    LogKey, LogRow, LookupStore, Moment, OwnRow, PageOf, ReceivedRow, RunRow, Spared, Store,
    StoreError, UpdatePart, ValueRow, Verdicts, Vouchers,
};
use detente_store::SqliteStore;

/// How the planned write fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strike {
    /// It does not take place, and says so.
    Before,
    /// It takes place and says that it failed.
    After,
    /// It does not take place, and nothing else does: the process is dead.
    DeadBefore,
    /// It takes place, and nothing else does: the process is dead.
    DeadAfter,
}

impl Strike {
    /// All of them.
    pub const ALL: [Strike; 4] =
        [Strike::Before, Strike::After, Strike::DeadBefore, Strike::DeadAfter];
}

#[derive(Debug, Default)]
struct Plan {
    writes: u64,
    strike: Option<(u64, Strike)>,
    struck: bool,
    dead: bool,
    durable: Vec<(LogKey, Vec<u8>)>,
    lost: Vec<Observable>,
}

/// A store that fails as planned. Clones share store and plan.
#[derive(Clone, Debug)]
pub struct FaultyStore {
    inner: Arc<Mutex<SqliteStore>>,
    plan: Arc<Mutex<Plan>>,
}

fn broken() -> StoreError {
    StoreError::Failed("as planned".to_owned())
}

impl FaultyStore {
    /// Takes over a store. Nothing fails yet.
    pub fn new(store: SqliteStore) -> FaultyStore {
        FaultyStore { inner: Arc::new(Mutex::new(store)), plan: Arc::default() }
    }

    /// A fresh store in memory.
    pub fn in_memory() -> FaultyStore {
        FaultyStore::new(SqliteStore::in_memory().expect("there is memory"))
    }

    /// The real store.
    pub fn real(&self) -> MutexGuard<'_, SqliteStore> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the write after the next `count` fail.
    pub fn strike(&self, count: u64, strike: Strike) {
        let mut plan = self.plan();
        plan.strike = Some((plan.writes + count, strike));
        plan.struck = false;
    }

    /// Whether the planned failure has come.
    pub fn has_struck(&self) -> bool {
        self.plan().struck
    }

    /// Whether the process that used it has died as planned.
    pub fn is_dead(&self) -> bool {
        self.plan().dead
    }

    /// Lets everything work again.
    pub fn heal(&self) {
        let mut plan = self.plan();
        plan.strike = None;
        plan.dead = false;
    }

    /// Loses an own observable: lists that are read from now on lack it, as if someone else had
    /// written to the file.
    pub fn lose(&self, observable: Observable) {
        self.plan().lost.push(observable);
    }

    /// Writes so far, those that failed too.
    pub fn writes(&self) -> u64 {
        self.plan().writes
    }

    /// Every checkpoint of an own log that became durable, in order.
    pub fn durable_checkpoints(&self) -> Vec<(LogKey, Vec<u8>)> {
        self.plan().durable.clone()
    }

    fn write<T>(
        &self,
        deed: impl FnOnce(&mut SqliteStore) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let strike = {
            let mut plan = self.plan();
            if plan.dead {
                return Err(broken());
            }
            let place = plan.writes;
            plan.writes += 1;
            let strike = plan.strike.filter(|(at, _)| *at == place);
            if let Some((_, strike)) = strike {
                plan.struck = true;
                plan.dead = matches!(strike, Strike::DeadBefore | Strike::DeadAfter);
            }
            strike.map(|(_, strike)| strike)
        };
        match strike {
            None => deed(&mut self.real()),
            Some(Strike::Before | Strike::DeadBefore) => Err(broken()),
            // What the deed itself refuses, it refuses.
            Some(Strike::After | Strike::DeadAfter) => {
                deed(&mut self.real()).and_then(|_| Err(broken()))
            }
        }
    }

    fn read<T>(
        &self,
        deed: impl FnOnce(&SqliteStore) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if self.plan().dead {
            return Err(broken());
        }
        deed(&self.real())
    }
}

impl Store for FaultyStore {
    fn put_card(&mut self, party: PartyId, card: &[u8]) -> Result<(), StoreError> {
        self.write(|store| store.put_card(party, card))
    }

    fn cards(&self) -> Result<Vec<Vec<u8>>, StoreError> {
        self.read(|store| store.cards())
    }

    fn put_accord(&mut self, accord: &AccordRow) -> Result<(), StoreError> {
        self.write(|store| store.put_accord(accord))
    }

    fn accords(&self) -> Result<Vec<AccordRow>, StoreError> {
        self.read(|store| store.accords())
    }

    fn log(&self, key: LogKey) -> Result<LogRow, StoreError> {
        self.read(|store| store.log(key))
    }

    fn append(&mut self, key: LogKey, write: &LogAppend<'_>) -> Result<(), StoreError> {
        self.write(|store| {
            store.append(key, write)?;
            if let Some(note) = write.checkpoint {
                self.plan().durable.push((key, note.to_vec()));
            }
            Ok(())
        })
    }

    fn put_checkpoint(&mut self, key: LogKey, size: u64, note: &[u8]) -> Result<(), StoreError> {
        self.write(|store| store.put_checkpoint(key, size, note))
    }

    fn put_pending(
        &mut self,
        key: LogKey,
        before: &[Vec<u8>],
        after: &[Vec<u8>],
    ) -> Result<(), StoreError> {
        self.write(|store| store.put_pending(key, before, after))
    }

    fn entries(&self, key: LogKey, places: Range<u64>) -> Result<Vec<EntryRow>, StoreError> {
        self.read(|store| store.entries(key, places))
    }

    fn tile(&self, key: LogKey, level: u8, index: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(|store| store.tile(key, level, index))
    }

    fn stage_bodies(
        &mut self,
        key: LogKey,
        start: u64,
        bodies: &[(Salt, Vec<u8>)],
    ) -> Result<(), StoreError> {
        self.write(|store| store.stage_bodies(key, start, bodies))
    }

    fn staged_bodies(
        &self,
        key: LogKey,
        places: Range<u64>,
    ) -> Result<Vec<(Salt, Vec<u8>)>, StoreError> {
        self.read(|store| store.staged_bodies(key, places))
    }

    fn put_evidence(
        &mut self,
        party: PartyId,
        at: UnixSeconds,
        code: &str,
        bytes: &[u8],
    ) -> Result<(), StoreError> {
        self.write(|store| store.put_evidence(party, at, code, bytes))
    }

    fn evidence(&self) -> Result<Vec<(PartyId, String, u64)>, StoreError> {
        self.read(|store| store.evidence())
    }

    fn put_doubt(
        &mut self,
        accord: AccordId,
        peer: PartyId,
        doubt: Option<&str>,
    ) -> Result<(), StoreError> {
        self.write(|store| store.put_doubt(accord, peer, doubt))
    }

    fn doubts(&self) -> Result<Vec<(AccordId, PartyId, String)>, StoreError> {
        self.read(|store| store.doubts())
    }

    fn put_indicators(
        &mut self,
        at: UnixSeconds,
        indicators: &[Indicator],
    ) -> Result<Added, StoreError> {
        self.write(|store| store.put_indicators(at, indicators))
    }

    fn observables(
        &self,
        kinds: &[Kind],
        each: &mut dyn FnMut(Observable),
    ) -> Result<(), StoreError> {
        self.read(|store| store.observables(kinds, each))
    }

    fn moment(&self) -> Result<Moment, StoreError> {
        self.read(|store| store.moment())
    }

    fn vouched(
        &self,
        of: &PageOf<'_>,
        verdicts: &mut Verdicts,
        vouches: &mut dyn FnMut(Kind, &Context) -> bool,
    ) -> Result<ListPage, StoreError> {
        let mut page = self.read(|store| store.vouched(of, verdicts, vouches))?;
        let plan = self.plan();
        page.items.retain(|item| !plan.lost.contains(item));
        Ok(page)
    }

    fn count(&self, kinds: &[Kind]) -> Result<u64, StoreError> {
        self.read(|store| store.count(kinds))
    }

    fn counts(&self) -> Result<Vec<KindCount>, StoreError> {
        self.read(|store| store.counts())
    }

    fn contexts(&self, observable: &Observable) -> Result<Vec<Context>, StoreError> {
        self.read(|store| store.contexts(observable))
    }

    fn sightings(
        &self,
        observable: &Observable,
    ) -> Result<Vec<(Context, UnixSeconds)>, StoreError> {
        self.read(|store| store.sightings(observable))
    }

    fn own_rows(
        &self,
        kinds: &[Kind],
        after: Option<&Observable>,
        max: usize,
    ) -> Result<Vec<OwnRow>, StoreError> {
        self.read(|store| store.own_rows(kinds, after, max))
    }

    fn own_changed(&self, since: Moment, max: usize) -> Result<(Vec<OwnRow>, Moment), StoreError> {
        self.read(|store| store.own_changed(since, max))
    }

    fn read_words(&mut self, max: usize) -> Result<u64, StoreError> {
        self.write(|store| store.read_words(max))
    }

    fn own_with_words(
        &self,
        words: &[String],
        max: usize,
    ) -> Result<Vec<(Observable, Context)>, StoreError> {
        self.read(|store| store.own_with_words(words, max))
    }

    fn put_run(&mut self, run: &RunRow, matched: &[Observable]) -> Result<(), StoreError> {
        self.write(|store| store.put_run(run, matched))
    }

    fn run(&self, run: RunId) -> Result<Option<RunRow>, StoreError> {
        self.read(|store| store.run(run))
    }

    fn runs(&self, accord: AccordId) -> Result<Vec<RunRow>, StoreError> {
        self.read(|store| store.runs(accord))
    }

    fn matched(&self, run: RunId) -> Result<Vec<Observable>, StoreError> {
        self.read(|store| store.matched(run))
    }

    fn is_matched(
        &self,
        accord: AccordId,
        peer: PartyId,
        observable: &Observable,
    ) -> Result<bool, StoreError> {
        self.read(|store| store.is_matched(accord, peer, observable))
    }

    fn put_released(&mut self, objects: &[(Digest, Vec<u8>)]) -> Result<(), StoreError> {
        self.write(|store| store.put_released(objects))
    }

    fn object(&self, address: Digest) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(|store| store.object(address))
    }

    fn put_received(&mut self, objects: &[ReceivedRow]) -> Result<(), StoreError> {
        self.write(|store| store.put_received(objects))
    }

    fn received_upto(&self, release: Digest) -> Result<u32, StoreError> {
        self.read(|store| store.received_upto(release))
    }

    fn arrived(&self, from: PartyId, address: Digest) -> Result<Option<UnixSeconds>, StoreError> {
        self.read(|store| store.arrived(from, address))
    }

    fn received_of(&self, release: Digest) -> Result<Vec<Digest>, StoreError> {
        self.read(|store| store.received_of(release))
    }

    fn erase_expired(&mut self, now: UnixSeconds, spared: &Spared) -> Result<u64, StoreError> {
        self.write(|store| store.erase_expired(now, spared))
    }

    fn received(&self, observable: &Observable) -> Result<Vec<ReceivedRow>, StoreError> {
        self.read(|store| store.received(observable))
    }

    fn received_news(
        &self,
        of: (AccordId, PartyId),
        after: u64,
        max: usize,
    ) -> Result<Vec<(u64, Observable)>, StoreError> {
        self.read(|store| store.received_news(of, after, max))
    }

    fn received_kept(
        &self,
        of: (AccordId, PartyId),
        upto: u64,
        now: UnixSeconds,
    ) -> Result<(u64, u64), StoreError> {
        self.read(|store| store.received_kept(of, upto, now))
    }

    fn first_sighting(&self, observable: &Observable) -> Result<Option<UnixSeconds>, StoreError> {
        self.read(|store| store.first_sighting(observable))
    }

    fn erase_received(
        &mut self,
        from: PartyId,
        objects: &[(Digest, bool)],
    ) -> Result<(), StoreError> {
        self.write(|store| store.erase_received(from, objects))
    }

    fn received_counts(&self) -> Result<Vec<(PartyId, u64)>, StoreError> {
        self.read(|store| store.received_counts())
    }
}

impl LookupStore for FaultyStore {
    fn vouchers(
        &self,
        kinds: &[Kind],
        vouches: &mut dyn FnMut(Kind, &Context) -> bool,
    ) -> Result<Vouchers, StoreError> {
        self.read(|store| store.vouchers(kinds, vouches))
    }

    fn value_rows(
        &self,
        vouchers: &Vouchers,
        evaluation: Evaluation,
        after: Option<&Observable>,
        max: usize,
    ) -> Result<Vec<ValueRow>, StoreError> {
        self.read(|store| store.value_rows(vouchers, evaluation, after, max))
    }

    fn put_values(
        &mut self,
        evaluation: Evaluation,
        values: &[(i64, u64)],
    ) -> Result<(), StoreError> {
        self.write(|store| store.put_values(evaluation, values))
    }

    fn filter(&self, scope: Digest, name: Digest) -> Result<Option<FilterRow>, StoreError> {
        self.read(|store| store.filter(scope, name))
    }

    fn whole_filter(&self, scope: Digest) -> Result<Option<FilterRow>, StoreError> {
        self.read(|store| store.whole_filter(scope))
    }

    fn put_buckets(
        &mut self,
        scope: Digest,
        filter: (Digest, u32),
        first: u32,
        buckets: &[Vec<u8>],
    ) -> Result<(), StoreError> {
        self.write(|store| store.put_buckets(scope, filter, first, buckets))
    }

    fn buckets(
        &self,
        scope: Digest,
        name: Digest,
        numbers: Range<u32>,
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        self.read(|store| store.buckets(scope, name, numbers))
    }

    fn finish_filter(&mut self, finished: &Finished<'_>) -> Result<(), StoreError> {
        self.write(|store| store.finish_filter(finished))
    }

    fn drop_filter(&mut self, scope: Digest, name: Digest) -> Result<(), StoreError> {
        self.write(|store| store.drop_filter(scope, name))
    }

    fn update_part(
        &self,
        scope: Digest,
        from: Digest,
        offset: u32,
        max: usize,
    ) -> Result<Option<UpdatePart>, StoreError> {
        self.read(|store| store.update_part(scope, from, offset, max))
    }

    fn put_asked(&mut self, run: RunId, asked: &[Observable]) -> Result<(), StoreError> {
        self.write(|store| store.put_asked(run, asked))
    }

    fn asked(&self, run: RunId) -> Result<Vec<Observable>, StoreError> {
        self.read(|store| store.asked(run))
    }
}
