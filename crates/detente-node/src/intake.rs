//! Import: indicators from files into the store, in batches, with an account of every item.

use std::io::BufRead;

use detente_core::UnixSeconds;
use detente_intel::Indicator;
use detente_intel::read::{self, Options, ReadFault, Refusal, Sink, SinkFault};

use crate::error::NodeError;
use crate::node::Shared;
use crate::ports::Added;
use crate::report::{ImportReport, RefusalReport};

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
}

/// Imports one file. The node is held only while a batch is stored; `progress` hears the bytes
/// read.
///
/// # Errors
/// [`NodeError`] if the store fails or the file can't be read at all. What was stored before stays,
/// and a second import of the same file adds nothing twice.
pub fn import(
    shared: &Shared,
    what: &Import<'_>,
    input: impl BufRead,
    progress: &mut dyn FnMut(u64),
) -> Result<ImportReport, NodeError> {
    let Import { file, options, keep } = *what;
    let at = shared.lock().now();
    let mut intake = Intake {
        shared,
        at,
        batch: Vec::with_capacity(BATCH),
        added: Added::default(),
        refusals: Vec::new(),
        keep,
        progress,
    };
    let summary = match read::read(input, options, &mut intake) {
        Ok(summary) => summary,
        Err(ReadFault::Sink(SinkFault(cause))) => {
            return Err(match cause.downcast::<NodeError>() {
                Ok(error) => *error,
                Err(other) => NodeError::Damaged(other.to_string()),
            });
        }
        Err(fault) => {
            return Err(NodeError::denied(
                "unreadable_file",
                format!("{file} cannot be read: {}", crate::mirror::chain(&fault)),
                "check the file; use --format if its kind was guessed wrongly",
            ));
        }
    };
    intake.flush()?;
    let list = |counts: &std::collections::BTreeMap<&'static str, u64>| {
        counts.iter().map(|(code, count)| ((*code).to_owned(), *count)).collect()
    };
    Ok(ImportReport {
        file: file.to_owned(),
        format: summary.format.name().to_owned(),
        bytes: summary.bytes,
        seen: summary.seen,
        taken: summary.taken,
        new_observables: intake.added.observables,
        new_contexts: intake.added.contexts,
        refused: list(&summary.refused),
        skipped: list(&summary.skipped),
        closed: summary.closed,
        shortened: summary.shortened,
        refusals: intake.refusals,
        broken: summary.broken.map(|reason| reason.to_string()),
    })
}

struct Intake<'a> {
    shared: &'a Shared,
    at: UnixSeconds,
    batch: Vec<Indicator>,
    added: Added,
    refusals: Vec<RefusalReport>,
    keep: usize,
    progress: &'a mut dyn FnMut(u64),
}

impl Intake<'_> {
    fn flush(&mut self) -> Result<(), NodeError> {
        if !self.batch.is_empty() {
            let added = self.shared.lock().store.put_indicators(self.at, &self.batch)?;
            self.added = self.added.plus(added);
            self.batch.clear();
        }
        Ok(())
    }
}

impl Sink for Intake<'_> {
    fn take(&mut self, indicator: Indicator) -> Result<(), SinkFault> {
        self.batch.push(indicator);
        if self.batch.len() >= BATCH {
            self.flush().map_err(|error| SinkFault(Box::new(error)))?;
        }
        Ok(())
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
