//! STIX objects on their way from a file to the shelf: checked against the standard, put in
//! batches, each accounted for.

use std::collections::BTreeMap;

use detente_node::NodeError;
use detente_node::report::{StixRemark, StixReport};
use detente_pattern::Pattern;
use detente_stix::{Level as Rule, Object, Options, Report, check_with};
use detente_taxii::{Arrival, FOREIGN, Level, Put, Query, Raising, Shelf, ShelfError, Which};

use crate::closers::Closers;

/// Objects that are put at a time, and their bytes.
const BATCH: usize = 1_000;
const MAX_BATCH_BYTES: usize = 8 * 1024 * 1024;

/// Takes objects to a shelf and says what became of each, in their order.
pub type ToShelf<'a> = &'a mut dyn FnMut(&[&[u8]]) -> Result<Raising, NodeError>;

/// Checks one STIX object against the standard, its pattern too.
pub fn check_object(bytes: &[u8]) -> Report {
    let rule = |text: &str| match Pattern::parse(text) {
        Err(fault) => Err(fault.to_string()),
        Ok(pattern) => pattern.check().first().map_or(Ok(()), |found| Err(found.to_string())),
    };
    check_with(bytes, Options { pattern_rule: Some(&rule) })
}

/// The objects of one file on their way.
pub(crate) struct Carrier<'a> {
    shelf: ToShelf<'a>,
    batch: Vec<Vec<u8>>,
    bytes: usize,
    report: StixReport,
    levels: BTreeMap<Level, u64>,
    closers: Closers,
    keep: usize,
}

impl<'a> Carrier<'a> {
    /// None yet; `keep` is how many remarks the report has at most.
    pub(crate) fn new(shelf: ToShelf<'a>, keep: usize) -> Carrier<'a> {
        Carrier {
            shelf,
            batch: Vec::new(),
            bytes: 0,
            report: StixReport::default(),
            levels: BTreeMap::new(),
            closers: Closers::default(),
            keep,
        }
    }

    /// Takes one object over.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> Result<(), NodeError> {
        check(&mut self.report, self.keep, bytes);
        self.closers.hear(bytes);
        self.report.objects += 1;
        self.bytes += bytes.len();
        self.batch.push(bytes.to_vec());
        if self.batch.len() >= BATCH || self.bytes >= MAX_BATCH_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    /// Puts what is left.
    pub(crate) fn flush(&mut self) -> Result<(), NodeError> {
        let batch = std::mem::take(&mut self.batch);
        self.bytes = 0;
        if batch.is_empty() {
            return Ok(());
        }
        let first = self.report.objects - batch.len() as u64;
        let objects: Vec<&[u8]> = batch.iter().map(Vec::as_slice).collect();
        let Raising { arrivals, raised, unraised } = (self.shelf)(&objects)?;
        self.report.raised += raised;
        for (at, why) in unraised {
            let id = objects.get(at).map(|bytes| id_of(bytes)).unwrap_or_default();
            self.remark(first + at as u64, id, "unraised", why);
        }
        for (place, (bytes, arrival)) in (first..).zip(objects.into_iter().zip(arrivals)) {
            self.arrived(place, bytes, arrival);
        }
        Ok(())
    }

    /// What became of all of them; none if there were no objects.
    pub(crate) fn end(mut self) -> Option<StixReport> {
        let named = |(level, count): (&Level, &u64)| (level.name().to_owned(), *count);
        self.report.levels = self.levels.iter().map(named).collect();
        self.report.closed_by = self.closers.end();
        (self.report.objects > 0).then_some(self.report)
    }

    fn arrived(&mut self, place: u64, bytes: &[u8], arrival: Arrival) {
        let held = match &arrival {
            Arrival::Put { level, put: Put::Added(_), .. } => Some(*level),
            Arrival::Put { put: Put::Known(_, lies), .. } => Some(*lies),
            _ => None,
        };
        if let Some(held) = held {
            *self.levels.entry(held).or_default() += 1;
            if held == Level::CLOSED {
                self.closers.look(bytes);
            }
        }
        let (id, level, words) = match arrival {
            Arrival::Put { put: Put::Added(_), .. } => return self.report.added += 1,
            Arrival::Put { put: Put::Known(..), .. } => return self.report.known += 1,
            Arrival::Put { id, put: Put::Differs(_), .. } => {
                self.report.differ += 1;
                let words = "other content lies there under the same id and version; it stays";
                (id, "differs", words.to_owned())
            }
            Arrival::Put { id, put: Put::Foreign(_), .. } => {
                self.report.differ += 1;
                (id, "foreign", format!("{FOREIGN} (STIX 2.1 section 3.6)"))
            }
            Arrival::Refused(why) => {
                self.report.refused += 1;
                (id_of(bytes), "refused", why)
            }
        };
        self.remark(place, id, level, words);
    }

    fn remark(&mut self, object: u64, id: String, level: &str, words: String) {
        if self.report.remarks.len() < self.keep {
            let (level, path) = (level.to_owned(), String::new());
            let code = level.clone();
            self.report.remarks.push(StixRemark { object, id, level, code, path, words });
        }
    }
}

/// Checks one more object against the standard; at most `keep` remarks are kept.
fn check(into: &mut StixReport, keep: usize, bytes: &[u8]) {
    // 2.0 has other rules: what is raised from it would be checked by those of 2.1.
    if Object::read(bytes).is_ok_and(|object| object.header().spec().name() == "2.0") {
        return;
    }
    let report = check_object(bytes);
    match (report.is_valid(), report.shoulds()) {
        (false, _) => into.must += 1,
        (true, 0) => return,
        (true, _) => into.should += 1,
    }
    let mut id = None;
    let broken = report.findings().iter().filter(|one| one.level == Rule::Must);
    // Nearly every real file leaves out what is only advised: that is told when all is asked for.
    let tell_all = keep == usize::MAX;
    let others = report.findings().iter().filter(|one| one.level == Rule::Should && tell_all);
    for finding in broken.chain(others) {
        if into.remarks.len() >= keep {
            return;
        }
        into.remarks.push(StixRemark {
            object: into.objects,
            id: id.get_or_insert_with(|| id_of(bytes)).clone(),
            level: finding.level.name().to_owned(),
            code: finding.code.to_owned(),
            path: finding.path.clone(),
            words: format!("{} (STIX 2.1 section {})", finding.words, finding.section),
        });
    }
}

/// Checks what lies in a collection against the standard, whoever brought it: each version of each
/// object, in the order in which it came. At most `keep` remarks are kept; `progress` hears how
/// many objects have been looked at.
///
/// # Errors
/// [`ShelfError`].
pub fn check_collection(
    shelf: &dyn Shelf,
    collection: &str,
    keep: usize,
    progress: &mut dyn FnMut(u64),
) -> Result<StixReport, ShelfError> {
    let mut report = StixReport::default();
    let mut query = Query {
        collection: collection.to_owned(),
        clearance: Level::CLOSED,
        after: None,
        ids: Vec::new(),
        kinds: Vec::new(),
        which: vec![Which::All],
        specs: Vec::new(),
        limit: BATCH,
        max_bytes: Some(MAX_BATCH_BYTES),
    };
    loop {
        let mut last = None;
        let more = shelf.page(&query, &mut |entry, bytes| {
            check(&mut report, keep, bytes);
            report.objects += 1;
            last = Some(entry.added);
        })?;
        progress(report.objects);
        if !more || last.is_none() {
            return Ok(report);
        }
        query.after = last;
    }
}

fn id_of(bytes: &[u8]) -> String {
    Object::read(bytes).map_or_else(|_| String::new(), |one| one.header().id.as_str().to_owned())
}
