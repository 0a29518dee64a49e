//! Adding to a feed: own objects that are new, up to its clearance.

use detente_home::fail::Failure;
use detente_http::Client;
use detente_store::{FeedRow, SqliteShelf};
use detente_taxii::client::{Parcel, Push, PushTurn, Way, What, objects};
use detente_taxii::{Level, Moment, Query, Shelf as _, Which};

use crate::drive::{self, Bound, Broken};
use crate::feeds::{Feeds, OnStep, failed};
use crate::poll::{keep, trouble};
use crate::report::FeedReport;

/// Objects that are taken from the shelf at once. Count.
const BATCH: usize = 1_000;
/// Bytes of objects that are taken from the shelf at once.
const BATCH_BYTES: usize = 16 * 1024 * 1024;

impl Feeds {
    /// Adds what is new among own objects to a feed.
    pub(crate) fn push(
        &self,
        shelf: &mut SqliteShelf,
        (row, over): (&FeedRow, Bound),
        report: &mut FeedReport,
        step: OnStep<'_>,
    ) -> Result<(), Broken> {
        let feed = &row.feed;
        let Way::Push { clearance } = feed.way else { return Ok(()) };
        let mut client = drive::client(feed)?;
        let to = objects(&feed.root, &feed.collection)?;
        let mut after = Moment::read(&row.state.cursor);
        loop {
            let (parcels, last, more) = batch(shelf, (self.own(), clearance), after)?;
            let Some(last) = last else { return Ok(()) };
            report.objects += parcels.len() as u64;
            let seed = drive::seed()?;
            let mut push =
                Push::new(feed.root.clone(), to.clone(), feed.max_content, parcels, seed);
            let ended = self.bring(&mut client, &mut push, report);
            // What the server has taken it has, also where the rest is brought again.
            report.added += push.added;
            ended?;
            report.refused += push.failed.len() as u64;
            let at = self.now();
            let troubles: Vec<_> = push
                .failed
                .into_iter()
                .map(|one| trouble(at, What::NotTaken, (one.id, one.version), &one.why))
                .collect();
            keep(shelf, feed, &troubles)?;
            report.list(&troubles);
            // Each was taken, or its refusal is kept.
            if !shelf.move_cursor(feed, &last.to_string()).map_err(|error| failed(&error))? {
                return Err(drive::changed(&feed.name).into());
            }
            after = Some(last);
            step(report);
            if !more {
                return Ok(());
            }
            if over.is_over(self.now()) {
                return over.end(report);
            }
        }
    }

    /// Brings one batch.
    fn bring(
        &self,
        client: &mut Client,
        push: &mut Push,
        report: &mut FeedReport,
    ) -> Result<(), Broken> {
        while let Some(ask) = push.ask() {
            report.pages += u64::from(ask.body.is_some());
            let turn = match client.send(&ask) {
                Ok(mut answer) => {
                    client.hide(&mut answer);
                    push.answer(self.now(), &answer)?
                }
                Err(fault) => match drive::lasting(&fault) {
                    Some(failure) => return Err(failure.into()),
                    None => push.cut(fault.to_string())?,
                },
            };
            if let PushTurn::Wait { seconds, why } = turn {
                drive::wait(seconds, why)?;
            }
        }
        Ok(())
    }
}

/// The next own objects that may go, the moment of the last of them, and whether there are more.
fn batch(
    shelf: &SqliteShelf,
    (own, clearance): (&str, Level),
    after: Option<Moment>,
) -> Result<(Vec<Parcel>, Option<Moment>, bool), Failure> {
    let query = Query {
        collection: own.to_owned(),
        clearance,
        after,
        ids: Vec::new(),
        kinds: Vec::new(),
        which: vec![Which::All],
        specs: Vec::new(),
        limit: BATCH,
        max_bytes: Some(BATCH_BYTES),
    };
    let (mut parcels, mut last) = (Vec::new(), None);
    let more = shelf.page(&query, &mut |entry, bytes| {
        last = Some(entry.added);
        let version = entry.version.to_string();
        parcels.push(Parcel { id: entry.id.to_owned(), version, bytes: bytes.to_vec() });
    });
    Ok((parcels, last, more.map_err(|error| failed(&error))?))
}
