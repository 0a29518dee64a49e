//! Reading a feed: what comes lies on the shelf and in the own list before the cursor moves.

use detente_desk::take_in;
use detente_home::fail::{Failure, chain};
use detente_http::LineFault;
use detente_node::Shared;
use detente_store::{FeedPut, FeedRow, SqliteShelf};
use detente_taxii::client::{
    Cursor, Feed, OBJECT_BYTES, Oddities, Poll, Trouble, Turn, Way, What, collection_of, objects,
};
use detente_taxii::{
    Arrival, FOREIGN, Incoming, Level, Moment, Put, Query, Shelf as _, ShelfError, Which, shelve_by,
};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::drive::{self, Bound, Broken};
use crate::feeds::{Feeds, OnStep, failed};
use crate::report::FeedReport;

/// Objects that are put on the shelf at once. Count.
const BATCH: usize = 2_000;
/// The longest words kept of a trouble. Bytes.
const MAX_WHY: usize = 300;

impl Feeds {
    /// Reads a feed from where it was to its end.
    pub(crate) fn poll(
        &self,
        (shared, shelf): (&Shared, &mut SqliteShelf),
        (row, over): (&FeedRow, Bound),
        report: &mut FeedReport,
        step: OnStep<'_>,
    ) -> Result<(), Broken> {
        let feed = &row.feed;
        let mut client = drive::client(feed)?;
        let from = objects(&feed.root, &feed.collection)?;
        let mut poll = Poll::new(from, Cursor::from_json(&row.state.cursor), drive::seed()?);
        let filled = shelf.filled(&feed.name).map_err(|error| failed(&error))?;
        let mut room = feed.max_bytes.saturating_sub(filled.room());
        loop {
            let answer;
            let turn = match client.send(&poll.ask()) {
                Ok(came) => {
                    answer = came;
                    poll.answer(self.now(), &answer)
                }
                Err(LineFault::TooLarge) => poll.overflow(),
                Err(fault) => match drive::lasting(&fault) {
                    Some(failure) => return Err(failure.into()),
                    None => poll.cut(fault.to_string()),
                },
            };
            let last = match turn {
                Ok(Turn::Ask) => false,
                Ok(Turn::Wait { seconds, why }) => {
                    drive::wait(seconds, Some(why))?;
                    false
                }
                Ok(Turn::Page(page)) => {
                    for batch in page.objects.chunks(BATCH) {
                        self.take_page((shared, shelf), (feed, &mut room), batch, report)?;
                    }
                    let known = report.missing.len();
                    let gaps = gaps(poll.oddities(), known, self.now());
                    keep(shelf, feed, &gaps)?;
                    report.missing.extend(gaps.into_iter().map(|gap| gap.why));
                    // All of it is durable, here and in the own list.
                    let cursor = page.cursor.to_json();
                    if !shelf.move_cursor(feed, &cursor).map_err(|error| failed(&error))? {
                        return Err(drive::changed(&feed.name).into());
                    }
                    page.last
                }
                Err(fault) => {
                    (report.pages, report.oddities) = (poll.pages(), oddities(poll.oddities()));
                    let mut broken = Broken::from(fault);
                    broken.failure.error = client.without_secrets(&broken.failure.error);
                    return Err(broken);
                }
            };
            (report.pages, report.oddities) = (poll.pages(), oddities(poll.oddities()));
            step(report);
            if last {
                return Ok(());
            }
            if over.is_over(self.now()) {
                return over.end(report);
            }
        }
    }

    /// Puts objects on the shelf and their indicators into the own list.
    fn take_page(
        &self,
        (shared, shelf): (&Shared, &mut SqliteShelf),
        (feed, room): (&Feed, &mut u64),
        batch: &[&RawValue],
        report: &mut FeedReport,
    ) -> Result<(), Failure> {
        report.objects += batch.len() as u64;
        let took = put((shelf, self.now()), (feed, room), batch, report)?;
        keep(shelf, feed, &took.troubles)?;
        report.list(&took.troubles);
        let listed = take_in(shared, &collection_of(&feed.name), &took.taken).map_err(|error| {
            let remedy = error.remedy().unwrap_or("poll again: nothing comes in twice");
            Failure::environment(error.code(), chain(&error), remedy)
        })?;
        report.new_observables += listed.new_observables;
        report.unlisted += listed.refused;
        Ok(())
    }
}

/// What became of objects.
#[derive(Default)]
struct Took<'a> {
    troubles: Vec<Trouble>,
    taken: Vec<(Level, &'a [u8])>,
}

/// Puts objects on the shelf and counts what became of each.
fn put<'a>(
    (shelf, at): (&mut SqliteShelf, Moment),
    (feed, room): (&Feed, &mut u64),
    batch: &[&'a RawValue],
    report: &mut FeedReport,
) -> Result<Took<'a>, Failure> {
    let mut took = Took::default();
    let Way::Read { terms } = feed.way else { return Ok(took) };
    let collection = collection_of(&feed.name);
    let objects: Vec<&[u8]> = batch.iter().map(|raw| raw.get().as_bytes()).collect();
    let mut ended = None;
    let mut putting = |incoming: &[Incoming<'_>]| {
        let (none, why) = match shelf.put_of_feed(feed, (at, *room), incoming)? {
            FeedPut::Put(puts) => return Ok(puts),
            FeedPut::Gone => (drive::changed(&feed.name), "it has changed"),
            FeedPut::Full => (full(feed), "it is full"),
        };
        ended = Some(none);
        Err(ShelfError(why.to_owned()))
    };
    let arrivals = shelve_by(&mut putting, terms, &objects);
    if let Some(ended) = ended {
        return Err(ended);
    }
    for (raw, arrival) in batch.iter().zip(arrivals.map_err(|error| failed(&error))?) {
        let bytes = raw.get().as_bytes();
        let (id, version, level, put) = match arrival {
            Arrival::Refused(why) => {
                report.refused += 1;
                let which = (named(raw), String::new());
                took.troubles.push(trouble(at, What::Refused, which, &why));
                continue;
            }
            Arrival::Put { id, version, level, put, .. } => (id, version, level, put),
        };
        match put {
            Put::Added(_) => {
                report.added += 1;
                *room = room.saturating_sub((bytes.len() as u64).saturating_add(OBJECT_BYTES));
            }
            Put::Known(..) => report.known += 1,
            Put::Differs(_) if is_same(shelf, &collection, (&id, version), bytes)? => {
                report.known += 1;
            }
            Put::Differs(_) | Put::Foreign(_) => {
                report.differing += 1;
                let which = (id, version.map_or_else(String::new, |version| version.to_string()));
                let why = match put {
                    Put::Foreign(_) => FOREIGN,
                    _ => "other content is here under the same id and version; it stays",
                };
                took.troubles.push(trouble(at, What::Differs, which, why));
                continue;
            }
        }
        took.taken.push((level, bytes));
    }
    Ok(took)
}

/// The room that a feed may take is taken.
fn full(feed: &Feed) -> Failure {
    let words = format!(
        "{} takes the {} bytes that it may: what came last was not taken",
        feed.name, feed.max_bytes
    );
    let remedy = "add it again with more --max-bytes: it goes on where it was; or remove it";
    Failure::refused("feed_full", words, remedy)
}

/// Whether what lies on the shelf is the same, written otherwise: there are servers that order keys
/// and space values anew with each answer.
fn is_same(
    shelf: &SqliteShelf,
    collection: &str,
    (id, version): (&str, Option<Moment>),
    object: &[u8],
) -> Result<bool, Failure> {
    let Some(version) = version else { return Ok(false) };
    let query = Query {
        collection: collection.to_owned(),
        clearance: Level::CLOSED,
        after: None,
        ids: vec![id.to_owned()],
        kinds: Vec::new(),
        which: vec![Which::At(version)],
        specs: Vec::new(),
        limit: 1,
        max_bytes: Some(usize::MAX),
    };
    let mut same = false;
    let value = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).ok();
    shelf
        .page(&query, &mut |_, bytes| {
            let (here, there) = (value(bytes), value(object));
            same = here.is_some() && here == there;
        })
        .map_err(|error| failed(&error))?;
    Ok(same)
}

/// The id of what can't be read, as far as it has one.
fn named(raw: &RawValue) -> String {
    #[derive(Deserialize)]
    struct Named {
        id: String,
    }
    let named = serde_json::from_str::<Named>(raw.get());
    named.map_or_else(|_| "unknown".to_owned(), |named| shortened(&named.id))
}

/// A trouble with an object.
pub(crate) fn trouble(
    at: Moment,
    what: What,
    (id, version): (String, String),
    why: &str,
) -> Trouble {
    Trouble { at, what, id, version, why: shortened(why) }
}

fn shortened(text: &str) -> String {
    text.get(..text.floor_char_boundary(MAX_WHY)).unwrap_or("").to_owned()
}

/// Keeps troubles for whoever asks later.
pub(crate) fn keep(
    shelf: &mut SqliteShelf,
    feed: &Feed,
    troubles: &[Trouble],
) -> Result<(), Failure> {
    if troubles.is_empty() {
        return Ok(());
    }
    shelf.put_troubles(feed, troubles).map_err(|error| failed(&error))
}

/// Objects that a server has and does not show, but for the first ones, which are known.
fn gaps(oddities: &Oddities, known: usize, at: Moment) -> Vec<Trouble> {
    let gap = |stamp: &detente_taxii::client::Stamp| {
        let why = format!(
            "more objects were added at {stamp} than the server shows on a page, and it gives no \
             way to the others"
        );
        trouble(at, What::Missing, ("unknown".to_owned(), stamp.to_string()), &why)
    };
    oddities.gaps.iter().skip(known).map(gap).collect()
}

/// What a server does otherwise than the standard says, in words.
fn oddities(found: &Oddities) -> Vec<String> {
    let tokens = format!("it refused a `next` that it gave, {} times", found.refused_tokens);
    [
        (found.undated, "it does not say when objects were added: each poll reads all of them"),
        (found.ahead, "it says that objects were added in the future, which is not believed"),
        (found.disorder, "its pages are not in the order in which objects were added"),
        (found.refused_tokens > 0, tokens.as_str()),
    ]
    .into_iter()
    .filter(|(is, _)| *is)
    .map(|(_, words)| words.to_owned())
    .collect()
}
