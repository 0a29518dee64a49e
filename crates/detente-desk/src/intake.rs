//! Import: indicators from files into the store, in batches, with an account of every item.

use std::io::BufRead;

use detente_core::UnixSeconds;
use detente_intel::Indicator;
use detente_intel::read::{self, Options, ReadFault, Refusal, Sink, SinkFault, Summary};
use detente_node::ports::Added;
use detente_node::report::{FailedBy, ImportFailure, ImportReport, RefusalReport};
use detente_node::{NodeError, Shared, chain};
use detente_warn::Index;

use crate::stix::{Carrier, ToShelf};
use crate::warned::Tally;

/// Indicators given to the store at a time.
const BATCH: usize = 20_000;

/// One file to import.
pub struct Import<'a> {
    /// Its name, for the report.
    pub file: &'a str,
    /// How to read it.
    pub options: &'a Options,
    /// How many refusals the report lists.
    pub keep: usize,
    /// Warninglists in which each observable is looked up.
    pub index: Option<&'a Index>,
}

/// Who hears of an import, and where STIX objects go beside what is read from them.
pub struct Hearers<'a> {
    /// Hears how many bytes of the input have been read.
    pub progress: &'a mut dyn FnMut(u64),
    /// Takes STIX objects to a shelf; without it they are neither kept nor checked.
    pub shelf: Option<ToShelf<'a>>,
}

/// Imports one file. The node is held only while a batch is stored; `progress` hears the bytes
/// read. What was stored before a failure stays and is in the report, and a second import of the
/// same file adds nothing twice.
pub fn import(
    shared: &Shared,
    what: &Import<'_>,
    input: impl BufRead,
    hearers: Hearers<'_>,
) -> ImportReport {
    let Hearers { progress, shelf } = hearers;
    let Import { file, options, keep, index } = *what;
    let mut intake = Intake::new(shared, keep, progress);
    intake.tally = Tally::new(index);
    intake.carrier = shelf.map(|shelf| Carrier::new(shelf, keep));
    let read = read::read(input, options, &mut intake);
    // What was taken before the input failed is kept, as it would be of a file that breaks off. A
    // store that failed is not tried again.
    let store_failed = matches!(read, Err(ReadFault::Sink(_)));
    let flushed = if store_failed { Ok(()) } else { intake.flush() };
    let mut report = ImportReport { file: file.to_owned(), ..ImportReport::default() };
    match (read, flushed) {
        (Ok(summary), Ok(())) => account(&mut report, summary),
        (Err(ReadFault::Sink(SinkFault(cause))), _) => report.failed = Some(by_cause(cause)),
        (_, Err(error)) => report.failed = Some(by_store(&error)),
        (Err(fault), Ok(())) => report.failed = Some(unreadable(file, &fault)),
    }
    if report.failed.is_some() {
        // Nobody knows what the rest holds: only what is kept is counted.
        (report.seen, report.taken) = (intake.stored, intake.stored);
    }
    report.new_observables = intake.added.observables;
    report.new_contexts = intake.added.contexts;
    report.refusals = intake.refusals;
    report.warned = intake.tally.counts();
    report.stix = intake.carrier.and_then(Carrier::end);
    report
}

/// Imports STIX objects that came together, those of each part with its options, in as few writes
/// as there are batches. What can't be taken is passed over.
///
/// # Errors
/// The store failed; what was stored before stays, and a second import adds nothing twice.
pub fn import_together(
    shared: &Shared,
    parts: &[(Options, Vec<&[u8]>)],
) -> Result<(), ImportFailure> {
    let mut nobody = |_| {};
    let mut intake = Intake::new(shared, 0, &mut nobody);
    for (options, objects) in parts {
        match read::read_objects(objects, options, &mut intake) {
            Ok(_) => {}
            Err(ReadFault::Sink(SinkFault(cause))) => return Err(by_cause(cause)),
            Err(fault) => return Err(unreadable("envelope", &fault)),
        }
    }
    intake.flush().map_err(|error| by_store(&error))
}

fn by_cause(cause: Box<dyn std::error::Error + Send + Sync>) -> ImportFailure {
    let error = cause.downcast::<NodeError>().map_or_else(NodeError::damaged, |error| *error);
    by_store(&error)
}

fn account(report: &mut ImportReport, summary: Summary) {
    let list = |counts: &std::collections::BTreeMap<&'static str, u64>| {
        counts.iter().map(|(code, count)| ((*code).to_owned(), *count)).collect()
    };
    summary.format.name().clone_into(&mut report.format);
    report.bytes = summary.bytes;
    report.seen = summary.seen;
    report.taken = summary.taken;
    report.refused = list(&summary.refused);
    report.skipped = list(&summary.skipped);
    report.closed = summary.closed;
    report.shortened = summary.shortened;
    report.broken = summary.broken.map(|reason| reason.to_string());
}

fn by_store(error: &NodeError) -> ImportFailure {
    ImportFailure {
        by: FailedBy::Store,
        code: error.code().to_owned(),
        error: chain(error),
        remedy: error
            .remedy()
            .unwrap_or("import the file again: nothing comes in twice")
            .to_owned(),
    }
}

fn unreadable(file: &str, fault: &ReadFault) -> ImportFailure {
    let (by, remedy) = match fault {
        ReadFault::Io(_) => (FailedBy::File, "check the file and its disk"),
        _ => (FailedBy::Content, "check the file; use --format if its kind was guessed wrongly"),
    };
    ImportFailure {
        by,
        code: "unreadable_file".to_owned(),
        error: format!("{file} cannot be read: {}", chain(fault)),
        remedy: remedy.to_owned(),
    }
}

struct Intake<'a> {
    shared: &'a Shared,
    at: UnixSeconds,
    batch: Vec<Indicator>,
    /// Items that are durable.
    stored: u64,
    added: Added,
    refusals: Vec<RefusalReport>,
    keep: usize,
    tally: Tally<'a>,
    carrier: Option<Carrier<'a>>,
    progress: &'a mut dyn FnMut(u64),
}

impl<'a> Intake<'a> {
    fn new(shared: &'a Shared, keep: usize, progress: &'a mut dyn FnMut(u64)) -> Intake<'a> {
        Intake {
            shared,
            at: shared.lock().now(),
            batch: Vec::new(),
            stored: 0,
            added: Added::default(),
            refusals: Vec::new(),
            keep,
            tally: Tally::new(None),
            carrier: None,
            progress,
        }
    }

    fn flush(&mut self) -> Result<(), NodeError> {
        if !self.batch.is_empty() {
            let added = self.shared.lock().put_indicators(self.at, &self.batch)?;
            self.added = self.added.plus(added);
            self.stored += self.batch.len() as u64;
            self.batch.clear();
        }
        if let Some(carrier) = &mut self.carrier {
            carrier.flush()?;
        }
        Ok(())
    }
}

impl Sink for Intake<'_> {
    fn take(&mut self, indicator: Indicator) -> Result<(), SinkFault> {
        self.tally.look(&indicator.observable);
        self.batch.push(indicator);
        if self.batch.len() >= BATCH {
            self.flush().map_err(|error| SinkFault(Box::new(error)))?;
        }
        Ok(())
    }

    fn object(&mut self, bytes: &[u8]) -> Result<(), SinkFault> {
        let taken = self.carrier.as_mut().map_or(Ok(()), |carrier| carrier.take(bytes));
        taken.map_err(|error| SinkFault(Box::new(error)))
    }

    fn refuse(&mut self, refusal: Refusal) {
        if self.refusals.len() < self.keep {
            self.refusals.push(RefusalReport {
                place: refusal.place.to_string(),
                excerpt: refusal.excerpt,
                code: refusal.reason.code().to_owned(),
                reason: refusal.reason.to_string(),
            });
        }
    }

    fn progress(&mut self, bytes_read: u64) {
        (self.progress)(bytes_read);
    }
}
