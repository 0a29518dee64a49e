//! Feeds while the node serves: each is read or added to when it is due.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use detente_home::fail::Failure;
use detente_node::Shared;
use detente_store::SqliteShelf;
use detente_taxii::Moment;
use url::Url;

use crate::feeds::{Feeds, failed};
use crate::report::FeedReport;

/// How often to look which feeds are due.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// How soon a feed is begun again at the earliest. Microseconds.
const AGAIN: u64 = 10_000_000;
/// Feeds that are at work at once, each of another server. Count.
const MAX_AT_WORK: usize = 4;
/// How long a feed is at work before others have their turn; it goes on after them. Seconds.
const TURN: u32 = 300;

/// The servers at which feeds are at work.
type AtWork = Arc<Mutex<BTreeSet<String>>>;

/// The schedule, until it is dropped. A poll that is under way then ends with the process, and the
/// next one goes on where its last page was.
pub struct Scheduled {
    _ends: mpsc::Sender<()>,
}

/// Begins to look after the feeds of a home that this process serves.
pub fn schedule(feeds: Arc<Feeds>, shared: Arc<Shared>) -> Scheduled {
    let (ends, clock) = mpsc::channel::<()>();
    let mut watch = Watch { feeds, shared, shelf: None, begun: BTreeMap::new() };
    std::thread::spawn(move || {
        let at_work = AtWork::default();
        while clock.recv_timeout(LOOK_AGAIN) == Err(mpsc::RecvTimeoutError::Timeout) {
            if let Err(failure) = watch.look(&at_work) {
                tracing::error!("looking after feeds: {}", failure.error);
                watch.shelf = None;
            }
        }
    });
    Scheduled { _ends: ends }
}

/// Writes down what came of a feed, for whoever reads the node's log.
fn tell(report: &FeedReport) {
    if let Some(failure) = &report.failed {
        return tracing::warn!(feed = report.feed, next = report.next, "{}", failure.error);
    }
    tracing::info!(
        feed = report.feed,
        objects = report.objects,
        added = report.added,
        refused = report.refused,
        differing = report.differing,
        missing = report.missing.len(),
        next = report.next,
        "{}",
        if report.push { "added to" } else { "read" }
    );
}

/// The place of a server at which a feed is at work, until it is dropped.
struct Place {
    at_work: AtWork,
    server: String,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut servers = self.at_work.lock().unwrap_or_else(PoisonError::into_inner);
        servers.remove(&self.server);
    }
}

/// Scheme, host and port of an address.
fn origin(root: &str) -> String {
    let url = Url::parse(root);
    url.map_or_else(|_| root.to_owned(), |url| url.origin().ascii_serialization())
}

/// What looks after feeds.
struct Watch {
    feeds: Arc<Feeds>,
    shared: Arc<Shared>,
    shelf: Option<SqliteShelf>,
    /// When each was begun last: where its outcome can't be kept, it stays due.
    begun: BTreeMap<String, Moment>,
}

impl Watch {
    fn look(&mut self, at_work: &AtWork) -> Result<(), Failure> {
        let shelf = match &self.shelf {
            Some(shelf) => shelf,
            None => self.shelf.insert(self.feeds.shelf()?),
        };
        let at = self.feeds.now();
        let due = shelf.feeds_due(at).map_err(|error| failed(&error))?;
        self.begun.retain(|_, begun| at.micros().abs_diff(begun.micros()) < AGAIN);
        for (name, root) in due {
            if self.begun.contains_key(&name) || self.feeds.is_busy(&name) {
                continue;
            }
            let server = origin(&root);
            {
                // A server that is slow keeps one place, however many feeds there are of it.
                let mut servers = at_work.lock().unwrap_or_else(PoisonError::into_inner);
                if servers.len() >= MAX_AT_WORK {
                    break;
                }
                if !servers.insert(server.clone()) {
                    continue;
                }
            }
            self.begun.insert(name.clone(), at);
            let (feeds, shared) = (Arc::clone(&self.feeds), Arc::clone(&self.shared));
            let at_work = Arc::clone(at_work);
            let place = Place { at_work, server };
            std::thread::spawn(move || {
                match feeds.run(&shared, (&name, Some(TURN)), &mut |_| {}) {
                    // Somebody has asked for it meanwhile.
                    Err(failure) if failure.code == "feed_busy" => {}
                    Err(failure) => tracing::error!(feed = name, "{}", failure.error),
                    Ok(report) => tell(&report),
                }
                drop(place);
            });
        }
        Ok(())
    }
}
