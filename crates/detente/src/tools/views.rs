//! Collections that are views: brought up to date when they are read, and in the background.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use detente_desk::{INDICATORS, refresh_own};
use detente_node::Shared;
use detente_store::SqliteShelf;
use detente_taxii::{Entry, Incoming, Moment, Put, Query, Shelf, ShelfError, StatusRow};

use super::{now, open_shelf};
use crate::fail::Failure;
use crate::home::Home;

/// Steps that a reader waits for: some thousand statements. What is left comes in the background,
/// and to the reader with its next request.
const STEPS: usize = 8;
/// Steps in the background before others may have their turn.
const BURST: usize = 64;
/// How often it is looked whether there is something to bring.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// The views of a serving node.
pub struct Views {
    shared: Arc<Shared>,
    shelf: Mutex<SqliteShelf>,
}

impl Views {
    /// The views of a home, and a task that brings them up to date while tools read them. It ends
    /// when nobody holds the views any more.
    pub fn start(
        home: &Home,
        shared: &Arc<Shared>,
        runtime: &tokio::runtime::Runtime,
    ) -> Result<Arc<Views>, Failure> {
        let shelf = Mutex::new(open_shelf(home)?);
        let views = Arc::new(Views { shared: Arc::clone(shared), shelf });
        runtime.spawn(follow(Arc::downgrade(&views)));
        Ok(views)
    }

    /// Brings a collection on if it is a view; says whether it is up to date.
    fn bring(&self, collection: &str, steps: usize) -> Result<bool, String> {
        if collection != INDICATORS {
            return Ok(true);
        }
        for _ in 0..steps {
            let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
            match refresh_own(&self.shared, &mut *shelf, now()) {
                Ok(true) => return Ok(true),
                Ok(false) => {}
                Err(error) => return Err(crate::fail::chain(&error)),
            }
        }
        Ok(false)
    }

    /// Whether a tool reads a view at all.
    fn are_read(&self) -> bool {
        let shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        let accounts = shelf.accounts().unwrap_or_default();
        accounts.iter().any(|row| row.account.may_read(INDICATORS))
    }
}

async fn follow(views: Weak<Views>) {
    loop {
        tokio::time::sleep(LOOK_AGAIN).await;
        let Some(views) = views.upgrade() else { return };
        let brought = tokio::task::spawn_blocking(move || match views.are_read() {
            true => views.bring(INDICATORS, BURST),
            false => Ok(true),
        });
        if let Ok(Err(error)) = brought.await {
            tracing::error!("bringing the collection {INDICATORS} up to date: {error}");
        }
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
        self.views.bring(&query.collection, STEPS).map_err(ShelfError)?;
        self.inner.page(query, each)
    }

    fn delete(&mut self, query: &Query) -> Result<u64, ShelfError> {
        self.inner.delete(query)
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
