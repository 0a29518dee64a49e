//! Collections that are views: brought up to date when they are read, and in the background.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak, mpsc};
use std::time::Duration;

use detente_desk::{refresh_own, refresh_received, refresh_released};
use detente_node::{NodeError, Shared, chain};
use detente_store::SqliteShelf;
use detente_taxii::{
    BEHIND, Brought, Deed, Entry, Incoming, Level, Moment, Put, Query, Shelf, ShelfError, StatusRow,
};

use super::offer::{Offer, View, offers};
use super::{now, open_shelf};
use crate::command::Engine;
use crate::desk::WORDS_AT_ONCE;
use crate::fail::Failure;
use crate::home::Home;
use crate::releasing::ReleaseCommand;

/// Steps that a reader waits for: some thousand statements. While there are more it is told to come
/// again; they are brought in the background.
const STEPS: usize = 8;
/// Steps in the background before others may have their turn.
const BURST: usize = 64;
/// How often it is looked whether there is something to bring.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// The name of the thread that takes it in: what it costs is told apart from what answering costs.
const FOLLOWER: &str = "own-list";
/// How often what tools brought is taken into the own list.
const SETTLE_AGAIN: Duration = Duration::from_secs(1);

/// Contexts whose words are not read though more come. Count.
const MANY_WORDS: u64 = 100_000;

/// How long what there is to offer is remembered. Microseconds.
const OFFERED: i64 = 200_000;
/// After a release that a reader caused, its collection causes none for so long. Microseconds.
const RELEASE_AGAIN: i64 = 10_000_000;
/// A reader waits so long for the release that it causes; it goes on without the reader.
const RELEASE_TIME: Duration = Duration::from_secs(5);

/// What there is, and when it was looked at.
type Offered = (Moment, Arc<Vec<(Offer, Option<View>)>>);

/// The views of a serving node.
pub struct Views {
    engine: Engine,
    shelf: Mutex<SqliteShelf>,
    offered: Mutex<Option<Offered>>,
    /// When reading a collection last caused a release; none while one is under way.
    caused: Mutex<BTreeMap<String, Option<Moment>>>,
    handle: tokio::runtime::Handle,
}

impl Views {
    /// The views of a home, and a task that brings them up to date while tools read them. It ends
    /// when nobody holds the views any more.
    pub fn start(
        home: &Home,
        engine: &Engine,
        runtime: &tokio::runtime::Runtime,
    ) -> Result<Arc<Views>, Failure> {
        let shelf = Mutex::new(open_shelf(home)?);
        let (engine, offered, caused) = (engine.clone(), Mutex::default(), Mutex::default());
        let handle = runtime.handle().clone();
        let views = Arc::new(Views { engine, shelf, offered, caused, handle });
        runtime.spawn(follow(Arc::downgrade(&views)));
        let weak = Arc::downgrade(&views);
        std::thread::Builder::new()
            .name(FOLLOWER.to_owned())
            .spawn(move || settle_often(&weak))
            .map_err(|error| Failure::environment("thread", error, ""))?;
        Ok(views)
    }

    /// All collections, as they were a moment ago.
    pub fn offers(&self) -> Arc<Vec<(Offer, Option<View>)>> {
        let mut offered = self.offered.lock().unwrap_or_else(PoisonError::into_inner);
        let now = now();
        if let Some((at, offers)) = &*offered
            && now.micros().abs_diff(at.micros()) < OFFERED.unsigned_abs()
        {
            return Arc::clone(offers);
        }
        let found = self.engine.feeds.read();
        match found.and_then(|feeds| offers(&self.engine.shared, &feeds)) {
            Ok(offers) => {
                let offers = Arc::new(offers);
                *offered = Some((now, Arc::clone(&offers)));
                offers
            }
            Err(failure) => {
                tracing::error!("looking for collections: {}", failure.error);
                offered.as_ref().map(|(_, offers)| Arc::clone(offers)).unwrap_or_default()
            }
        }
    }

    fn view(&self, collection: &str) -> Option<View> {
        let offers = self.offers();
        offers.iter().find(|(offer, _)| offer.key == collection).and_then(|(_, view)| *view)
    }

    /// Brings a collection on if it is a view; says whether it is up to date.
    fn bring(&self, collection: &str, steps: usize) -> Result<bool, String> {
        let Some(view) = self.view(collection) else { return Ok(true) };
        let shared = &self.engine.shared;
        if matches!(view, View::Own) {
            self.engine.follower.settle(shared);
        }
        for _ in 0..steps {
            let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
            let done = match view {
                View::Own => refresh_own(shared, &mut *shelf, now()),
                View::Received(view) => refresh_received(shared, view, &mut *shelf, now()),
                View::Released(view) => refresh_released(shared, view, &mut *shelf, now()),
            };
            match done {
                Ok(true) => return Ok(true),
                Ok(false) => {}
                Err(error) => return Err(crate::fail::chain(&error)),
            }
        }
        Ok(false)
    }

    /// Releases what may go to the party of this collection now: whoever reads it, asks for that.
    /// What can't go, because the party is away or nothing may, is a matter of the log. One release
    /// at a time for a collection; a party that does not answer holds up no reader for long.
    fn release(views: &Arc<Views>, collection: &str) {
        let Some(View::Released(view)) = views.view(collection) else { return };
        {
            let mut caused = views.caused.lock().unwrap_or_else(PoisonError::into_inner);
            let now = now();
            let recent = |at: &Option<Moment>| match at {
                // It is under way.
                None => true,
                Some(at) => now.micros().abs_diff(at.micros()) < RELEASE_AGAIN.unsigned_abs(),
            };
            if caused.get(collection).is_some_and(recent) {
                return;
            }
            caused.insert(collection.to_owned(), None);
        }
        let (done, waited) = mpsc::channel();
        let (views, collection) = (Arc::clone(views), collection.to_owned());
        let handle = views.handle.clone();
        handle.spawn_blocking(move || {
            let command = ReleaseCommand::all_own(view.accord, view.to);
            views.engine.follower.settle(&views.engine.shared);
            match views.engine.release(&command) {
                Ok(report) => {
                    let count = report.get("allowed").cloned().unwrap_or_default();
                    tracing::info!(collection, "a tool reads it: {count} objects released");
                }
                Err(failure) => tracing::info!(collection, "a tool reads it: {}", failure.error),
            }
            let mut caused = views.caused.lock().unwrap_or_else(PoisonError::into_inner);
            caused.insert(collection, Some(now()));
            drop(caused);
            let _ = done.send(());
        });
        let _ = waited.recv_timeout(RELEASE_TIME);
    }

    /// Reads the words of what has been said, when nothing came since there were so many unread, or
    /// when there are many: many are read at less cost than few. Says how many are unread.
    fn read_words(&self, unread: u64) -> Result<u64, NodeError> {
        let shared = &self.engine.shared;
        let mut left = shared.lock().read_words(0)?;
        let quiet = left == unread;
        while left > if quiet { 0 } else { MANY_WORDS } {
            left = shared.lock().read_words(WORDS_AT_ONCE)?;
        }
        Ok(left)
    }

    /// The views that tools may read.
    fn are_read(&self) -> Vec<String> {
        let accounts = {
            let shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
            shelf.accounts().unwrap_or_default()
        };
        let offers = self.offers();
        let views = offers.iter().filter(|(_, view)| view.is_some());
        let read =
            views.filter(|(offer, _)| accounts.iter().any(|row| row.account.may_read(&offer.key)));
        read.map(|(offer, _)| offer.key.clone()).collect()
    }
}

/// Takes from the shelf what was erased here: what tools could read of it goes with it, also where
/// no tool reads it any more.
pub fn settle(home: &Home, shared: &Shared) -> Result<(), Failure> {
    let failed = |error: &dyn std::error::Error| {
        let remedy = "erase what is left with `detente expire`";
        Failure::environment("shelf", crate::fail::chain(error), remedy)
    };
    let mut shelf = None;
    for (offer, view) in offers(shared, &[])? {
        let Some(View::Received(view)) = view else { continue };
        let shelf = match &mut shelf {
            Some(shelf) => shelf,
            None => shelf.insert(open_shelf(home)?),
        };
        // What was never brought has nothing to lose.
        let upto = format!("{}/upto", offer.key);
        if shelf.reached(&upto).map_err(|error| failed(&error))? == 0 {
            continue;
        }
        while !refresh_received(shared, view, shelf, now()).map_err(|error| failed(&error))? {}
    }
    Ok(())
}

/// Takes in what tools bring, much at once: that costs less than each for itself.
fn settle_often(views: &Weak<Views>) {
    loop {
        std::thread::park_timeout(SETTLE_AGAIN);
        let Some(views) = views.upgrade() else { return };
        views.engine.follower.settle(&views.engine.shared);
    }
}

async fn follow(views: Weak<Views>) {
    let mut unread = 0;
    loop {
        tokio::time::sleep(LOOK_AGAIN).await;
        let Some(views) = views.upgrade() else { return };
        let brought = tokio::task::spawn_blocking(move || {
            for collection in views.are_read() {
                if let Err(error) = views.bring(&collection, BURST) {
                    tracing::error!(collection, "bringing it up to date: {error}");
                }
            }
            views.read_words(unread).unwrap_or_else(|error| {
                tracing::error!("reading the words of what was said: {}", chain(&error));
                0
            })
        });
        unread = brought.await.unwrap_or_default();
    }
}

/// A way to the shelf on which views are up to date, or nearly.
pub struct Counter {
    inner: SqliteShelf,
    views: Arc<Views>,
}

impl Counter {
    /// A counter before this shelf.
    pub const fn new(inner: SqliteShelf, views: Arc<Views>) -> Counter {
        Counter { inner, views }
    }
}

impl Shelf for Counter {
    fn together(&mut self, deed: Deed<'_>) -> Result<(), ShelfError> {
        self.inner.together(deed)
    }

    fn bring(
        &mut self,
        account: &str,
        collection: &str,
        objects: &[(Moment, Level)],
    ) -> Result<(), ShelfError> {
        self.inner.bring(account, collection, objects)
    }

    fn brought(&self, max: usize) -> Result<(Vec<Brought>, Option<u64>), ShelfError> {
        self.inner.brought(max)
    }

    fn take_brought(&mut self, upto: u64) -> Result<(), ShelfError> {
        self.inner.take_brought(upto)
    }

    fn put(
        &mut self,
        collection: &str,
        now: Moment,
        objects: &[Incoming<'_>],
    ) -> Result<Vec<Put>, ShelfError> {
        self.inner.put(collection, now, objects)
    }

    fn page(
        &self,
        query: &Query,
        each: &mut dyn FnMut(Entry<'_>, &[u8]),
    ) -> Result<bool, ShelfError> {
        // Whoever asks for a page of bytes reads; a manifest or one object releases nothing.
        if query.max_bytes.is_some() && query.ids.is_empty() {
            Views::release(&self.views, &query.collection);
        }
        let brought = self.views.bring(&query.collection, STEPS).map_err(|error| {
            tracing::error!(collection = query.collection, "bringing it up to date: {error}");
            ShelfError(error)
        })?;
        // What was narrowed or taken back may be among what is still to come.
        if !brought {
            return Err(ShelfError(BEHIND.to_owned()));
        }
        self.inner.page(query, each)
    }

    fn delete(&mut self, query: &Query) -> Result<u64, ShelfError> {
        // What was brought is in the own list, also if it is taken from the shelf at once.
        self.views.engine.follower.settle(&self.views.engine.shared);
        self.inner.delete(query)
    }

    fn clear(&mut self, collection: &str) -> Result<(), ShelfError> {
        self.inner.clear(collection)
    }

    fn reached(&self, view: &str) -> Result<u64, ShelfError> {
        self.inner.reached(view)
    }

    fn reach(&mut self, view: &str, moment: u64) -> Result<(), ShelfError> {
        self.inner.reach(view, moment)
    }

    fn put_status(
        &mut self,
        root: &str,
        account: &str,
        now: Moment,
        status: &StatusRow,
    ) -> Result<(), ShelfError> {
        self.inner.put_status(root, account, now, status)
    }

    fn status(
        &self,
        of: (&str, &str),
        id: &str,
        now: Moment,
    ) -> Result<Option<Vec<u8>>, ShelfError> {
        self.inner.status(of, id, now)
    }
}
