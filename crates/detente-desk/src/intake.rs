//! Import: indicators from files into the store, in batches, with an account of every item.

use std::io::BufRead;

use detente_core::UnixSeconds;
use detente_intel::Indicator;
use detente_node::ports::Added;
use detente_node::report::{FailedBy, ImportFailure, ImportReport, RefusalReport};
use detente_node::{NodeError, Shared, chain};
use detente_read::{Options, ReadFault, Refusal, Sink, SinkFault};
use detente_warn::Index;

use crate::outcome;
use crate::stix::{Carrier, ToShelf};
use crate::warned::Tally;

/// Indicators given to the store at a time.
const BATCH: usize = 20_000;

/// The code of an import that was stopped.
pub const STOPPED: &str = "stopped";

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
    /// Whether the import is to end: it stores what it has and reads no further.
    pub stop: &'a dyn Fn() -> bool,
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
    let Hearers { progress, stop, shelf } = hearers;
    let Import { file, options, keep, index } = *what;
    let mut intake = Intake::new(shared, keep, progress);
    intake.tally = Tally::new(index);
    intake.stop = stop;
    intake.carrier = shelf.map(|shelf| Carrier::new(shelf, keep));
    let read = detente_read::read(input, options, &mut intake);
    // What was taken before the input failed is kept, as it would be of a file that breaks off. A
    // store that failed is not tried again.
    let store_failed = matches!(read, Err(ReadFault::Sink(_)));
    let flushed = if store_failed { Ok(()) } else { intake.flush() };
    let mut report = ImportReport { file: file.to_owned(), ..ImportReport::default() };
    match (read, flushed) {
        (Ok(summary), Ok(())) => outcome::account(&mut report, summary),
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
    outcome::judge(&mut report);
    report
}

/// What became of objects that came together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Together {
    /// Observables that were not there before.
    pub new_observables: u64,
    /// Items that could not be taken.
    pub refused: u64,
}

/// Imports STIX objects that came together, those of each part with its options, in as few writes
/// as there are batches. What can't be taken is passed over and counted.
///
/// # Errors
/// The store failed; what was stored before stays, and a second import adds nothing twice.
pub(crate) fn import_together(
    shared: &Shared,
    parts: &[(Options, Vec<&[u8]>)],
) -> Result<Together, NodeError> {
    let mut refused = 0;
    let mut nobody = |_| {};
    let mut intake = Intake::new(shared, 0, &mut nobody);
    for (options, objects) in parts {
        match detente_read::read_objects(objects, options, &mut intake) {
            Ok(summary) => refused += summary.refused.values().sum::<u64>(),
            Err(ReadFault::Sink(SinkFault(cause))) => return Err(node_error(cause)),
            Err(fault) => return Err(NodeError::damaged(fault)),
        }
    }
    intake.flush()?;
    Ok(Together { new_observables: intake.added.observables, refused })
}

fn by_cause(cause: Box<dyn std::error::Error + Send + Sync>) -> ImportFailure {
    if cause.is::<Stopped>() {
        return ImportFailure {
            by: FailedBy::Store,
            code: STOPPED.to_owned(),
            error: Stopped.to_string(),
            remedy: "import the file again: nothing comes in twice".to_owned(),
        };
    }
    by_store(&node_error(cause))
}

fn node_error(cause: Box<dyn std::error::Error + Send + Sync>) -> NodeError {
    cause.downcast::<NodeError>().map_or_else(NodeError::damaged, |error| *error)
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

pub(crate) fn refusal_report(refusal: Refusal) -> RefusalReport {
    RefusalReport {
        place: refusal.place.to_string(),
        excerpt: refusal.excerpt,
        code: refusal.reason.code().to_owned(),
        reason: refusal.reason.to_string(),
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
    stop: &'a dyn Fn() -> bool,
    progress: &'a mut dyn FnMut(u64),
}

/// Whoever runs the import wants it to end.
#[derive(Debug, thiserror::Error)]
#[error("the import was stopped")]
struct Stopped;

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
            stop: &|| false,
            progress,
        }
    }

    /// Stores what there is and says so if no more is wanted.
    fn go_on(&mut self) -> Result<(), SinkFault> {
        if !(self.stop)() {
            return Ok(());
        }
        self.flush().map_err(|error| SinkFault(Box::new(error)))?;
        Err(SinkFault(Box::new(Stopped)))
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
        self.go_on()
    }

    fn object(&mut self, bytes: &[u8]) -> Result<(), SinkFault> {
        let taken = self.carrier.as_mut().map_or(Ok(()), |carrier| carrier.take(bytes));
        taken.map_err(|error| SinkFault(Box::new(error)))?;
        self.go_on()
    }

    fn refuse(&mut self, refusal: Refusal) {
        if self.refusals.len() < self.keep {
            self.refusals.push(refusal_report(refusal));
        }
    }

    fn progress(&mut self, bytes_read: u64) {
        (self.progress)(bytes_read);
    }
}
