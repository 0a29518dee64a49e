//! The feeds of a home, and which of them are at work.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use detente_home::fail::Failure;
use detente_node::Shared;
use detente_store::{FeedRow, SqliteShelf};
use detente_taxii::{Moment, ShelfError};

use crate::drive::{self, Bound};
use crate::report::FeedReport;
use crate::show::Shown;

/// Opens a way to the shelf.
pub type Opener = Box<dyn Fn() -> Result<SqliteShelf, Failure> + Send + Sync>;

/// What feeds stand on.
pub struct Ground {
    /// Opens a way to the shelf.
    pub open: Opener,
    /// The time now.
    pub clock: fn() -> Moment,
    /// The collection of the house's own objects.
    pub own: &'static str,
}

/// Hears how far a feed is.
pub type OnStep<'a> = &'a mut dyn FnMut(&FeedReport);

/// The feeds of a home.
pub struct Feeds {
    ground: Ground,
    busy: Mutex<BTreeSet<String>>,
}

impl fmt::Debug for Feeds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feeds").field("busy", &self.busy).finish_non_exhaustive()
    }
}

impl Feeds {
    /// Feeds on this ground.
    pub fn new(ground: Ground) -> Feeds {
        Feeds { ground, busy: Mutex::default() }
    }

    pub(crate) fn shelf(&self) -> Result<SqliteShelf, Failure> {
        (self.ground.open)()
    }

    pub(crate) fn now(&self) -> Moment {
        (self.ground.clock)()
    }

    pub(crate) const fn own(&self) -> &'static str {
        self.ground.own
    }

    /// The names of feeds that are read, each with what people call its collection.
    ///
    /// # Errors
    /// [`Failure`] if the shelf can't be read.
    pub fn read(&self) -> Result<Vec<(String, String)>, Failure> {
        self.shelf()?.feeds_read().map_err(|error| failed(&error))
    }

    /// All feeds, or one of them with what was wrong with its objects.
    ///
    /// # Errors
    /// [`Failure`]: there is none of this name, or the shelf can't be read.
    pub fn list(&self, name: Option<&str>) -> Result<Vec<Shown>, Failure> {
        let shelf = self.shelf()?;
        let mut rows = shelf.feeds().map_err(|error| failed(&error))?;
        if let Some(name) = name {
            rows.retain(|row| row.feed.name == name);
            if rows.is_empty() {
                return Err(unknown(name));
            }
        }
        let shown = |row: &FeedRow| {
            let troubles = shelf.troubles(&row.feed.name).map_err(|error| failed(&error))?;
            let filled = shelf.filled(&row.feed.name).map_err(|error| failed(&error))?;
            let shown = Shown::of(row, troubles.len(), &filled);
            Ok(if name.is_some() { shown.with(&troubles) } else { shown })
        };
        rows.iter().map(shown).collect()
    }

    /// Forgets a feed and takes what it brought from the shelf.
    ///
    /// # Errors
    /// [`Failure`]: there is none of this name, or the shelf fails.
    pub fn remove(&self, name: &str) -> Result<(), Failure> {
        let there = self.shelf()?.remove_feed(name).map_err(|error| failed(&error))?;
        if there { Ok(()) } else { Err(unknown(name)) }
    }

    /// The feeds that are meant by a name, or all of a kind without one.
    ///
    /// # Errors
    /// [`Failure`]: there is none of this name and kind, or the shelf can't be read.
    pub fn meant(&self, name: Option<&str>, push: bool) -> Result<Vec<String>, Failure> {
        let shelf = self.shelf()?;
        let Some(name) = name else {
            let all = shelf.feeds().map_err(|error| failed(&error))?;
            let all = all.into_iter().filter(|row| row.feed.way.is_push() == push);
            return Ok(all.map(|row| row.feed.name).collect());
        };
        let row = shelf.feed(name).map_err(|error| failed(&error))?.ok_or_else(|| unknown(name))?;
        if row.feed.way.is_push() == push {
            return Ok(vec![row.feed.name]);
        }
        Err(if push {
            let words = format!("{name} is read, not added to");
            Failure::usage("feed_is_read", words, "add a feed with --push for that")
        } else {
            let words = format!("{name} is added to, not read");
            Failure::usage("feed_is_pushed", words, "add another feed without --push for that")
        })
    }

    /// Reads or adds to the feed of this name, or to all of a kind without one, one after another.
    /// `step` hears of each how far it is.
    ///
    /// # Errors
    /// [`Failure`]: nothing was tried. What keeps one of several from being tried is in its report.
    pub fn run_all(
        &self,
        shared: &Shared,
        (name, push): (Option<&str>, bool),
        step: OnStep<'_>,
    ) -> Result<Vec<FeedReport>, Failure> {
        let mut reports = Vec::new();
        for one in self.meant(name, push)? {
            reports.push(match self.run(shared, (&one, None), step) {
                Err(failure) if name.is_none() => {
                    let at = self.now().to_string();
                    let (feed, failed) = (one, Some(failure));
                    FeedReport { feed, push, at, failed, ..FeedReport::default() }
                }
                other => other?,
            });
        }
        Ok(reports)
    }

    /// Reads or adds to one feed, for so many seconds at most, and keeps what came of it.
    ///
    /// # Errors
    /// [`Failure`] if it is at work, or its state can't be kept. What fails of the other server is
    /// in the report.
    pub fn run(
        &self,
        shared: &Shared,
        (name, seconds): (&str, Option<u32>),
        step: OnStep<'_>,
    ) -> Result<FeedReport, Failure> {
        let Some(_taken) = self.take(name) else {
            let words = format!("{name} is being read or added to at this moment");
            return Err(Failure::refused("feed_busy", words, "wait for it to end"));
        };
        let mut shelf = self.shelf()?;
        let row = shelf.feed(name).map_err(|error| failed(&error))?.ok_or_else(|| unknown(name))?;
        let mut report = FeedReport::of(&row.feed);
        let of = (&row, Bound::new(self.now(), seconds));
        let alone = drive::left_alone(&row, self.now());
        let done = if row.feed.way.is_push() {
            self.push(&mut shelf, of, &mut report, step)
        } else {
            self.poll((shared, &mut shelf), of, &mut report, step)
        };
        if let Some(until) = alone {
            // Whoever asks by hand should know.
            report.oddities.push(format!("it had asked to be left alone until {until}"));
        }
        drive::settle(&mut shelf, (&row, self.now()), &mut report, done.err())?;
        Ok(report)
    }

    /// Whether a feed is at work.
    pub(crate) fn is_busy(&self, name: &str) -> bool {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner).contains(name)
    }

    /// Takes a feed for as long as the result lives; none if it is at work.
    fn take(&self, name: &str) -> Option<Taken<'_>> {
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        let new = busy.insert(name.to_owned());
        new.then(|| Taken { feeds: self, name: name.to_owned() })
    }
}

/// A feed that is at work.
struct Taken<'a> {
    feeds: &'a Feeds,
    name: String,
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        let mut busy = self.feeds.busy.lock().unwrap_or_else(PoisonError::into_inner);
        busy.remove(&self.name);
    }
}

/// The shelf's failure, as commands say it.
pub(crate) fn failed(error: &ShelfError) -> Failure {
    Failure::environment("shelf", error, "free disk space or restore a backup of shelf.db")
}

fn unknown(name: &str) -> Failure {
    let words = format!("there is no feed {name:?}");
    Failure::usage("unknown", words, "see `detente feed list`")
}
