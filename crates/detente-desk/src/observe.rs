//! What was observed, held against the patterns of a collection: which indicators it fulfils.

use detente_pattern::{
    Budget, EvaluateFault, Index, Matcher, Observation, ObservationFault, Pattern, observations,
};
use detente_taxii::{Level, Query, Shelf, ShelfError, Which};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Patterns that are held in an index at a time. Count.
const AT_ONCE: usize = 20_000;
/// Objects of a page that is read from the shelf, and their bytes.
const PAGE: usize = 1_000;
const PAGE_BYTES: usize = 8 * 1024 * 1024;

/// Why observed data can't be held against patterns.
#[derive(Debug, thiserror::Error)]
pub enum ObserveError {
    /// What was observed.
    #[error(transparent)]
    Observation(#[from] ObservationFault),
    /// It would be more work than is done for a question.
    #[error(transparent)]
    Evaluate(#[from] EvaluateFault),
    /// Where indicators lie.
    #[error(transparent)]
    Shelf(#[from] ShelfError),
}

/// An indicator whose pattern was held against observed data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldPattern {
    /// Its STIX id.
    pub id: String,
    /// Its name, if it has one.
    pub name: String,
    /// Its pattern.
    pub pattern: String,
    /// Why it can't be told whether it is fulfilled; empty if it is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
}

/// Which indicators observed data fulfil.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedReport {
    /// The collection.
    pub collection: String,
    /// Observations in what was observed.
    pub observations: usize,
    /// Indicators with a STIX pattern that were looked at: the newest version of each.
    pub patterns: u64,
    /// Indicators that were passed over: revoked.
    pub revoked: u64,
    /// Indicators whose pattern is in another language or can't be read.
    pub unread: u64,
    /// Those that the observations, taken together, fulfil.
    pub fulfilled: Vec<HeldPattern>,
    /// Those of which it can't be told.
    pub undecided: Vec<HeldPattern>,
}

/// Holds observed data, and the objects that they name, against the indicators of a collection. The
/// observations are taken together, as a pattern may ask for several. `progress` hears how many
/// indicators have been read.
///
/// # Errors
/// [`ObserveError`].
pub fn observe(
    shelf: &dyn Shelf,
    collection: &str,
    objects: &[Value],
    progress: &mut dyn FnMut(u64),
) -> Result<ObservedReport, ObserveError> {
    let observed = observations(objects)?;
    let mut report = ObservedReport {
        collection: collection.to_owned(),
        observations: observed.len(),
        ..ObservedReport::default()
    };
    let mut query = Query {
        collection: collection.to_owned(),
        clearance: Level::CLOSED,
        after: None,
        ids: Vec::new(),
        kinds: vec!["indicator".to_owned()],
        which: vec![Which::Last],
        specs: Vec::new(),
        limit: PAGE,
        max_bytes: Some(PAGE_BYTES),
    };
    let mut batch = Batch::default();
    loop {
        let mut last = None;
        let more = shelf.page(&query, &mut |entry, bytes| {
            batch.take(bytes, &mut report);
            last = Some(entry.added);
        })?;
        progress(report.patterns);
        let end = !more || last.is_none();
        if end || batch.held.len() >= AT_ONCE {
            batch.judge(&observed, &mut report)?;
        }
        if end {
            return Ok(report);
        }
        query.after = last;
    }
}

/// Indicators whose patterns stand in one index.
#[derive(Default)]
struct Batch {
    index: Index,
    /// By their numbers in the index.
    held: Vec<HeldPattern>,
}

impl Batch {
    fn take(&mut self, bytes: &[u8], report: &mut ObservedReport) {
        #[derive(Deserialize)]
        struct Indicator {
            id: String,
            #[serde(default)]
            name: Option<String>,
            pattern: String,
            #[serde(default)]
            pattern_type: Option<String>,
            #[serde(default)]
            revoked: Option<bool>,
        }
        let Ok(one) = serde_json::from_slice::<Indicator>(bytes) else {
            report.unread += 1;
            return;
        };
        if one.revoked == Some(true) {
            report.revoked += 1;
            return;
        }
        let is_stix = one.pattern_type.as_deref().is_none_or(|language| language == "stix");
        let matcher = Pattern::parse(&one.pattern).ok().filter(|_| is_stix);
        let matcher = matcher.and_then(|pattern| Matcher::new(&pattern).ok());
        if matcher.is_none_or(|matcher| self.index.add(matcher).is_err()) {
            report.unread += 1;
            return;
        }
        report.patterns += 1;
        let (id, name) = (one.id, one.name.unwrap_or_default());
        self.held.push(HeldPattern { id, name, pattern: one.pattern, why: String::new() });
    }

    /// Says which are fulfilled, and lets all go.
    fn judge(
        &mut self,
        observed: &[Observation<'_>],
        report: &mut ObservedReport,
    ) -> Result<(), ObserveError> {
        let Batch { index, held } = std::mem::take(self);
        for (number, verdict) in index.verdicts(observed, Budget::DEFAULT)? {
            let Some(one) = held.get(number).cloned() else { continue };
            match verdict {
                Ok(true) => report.fulfilled.push(one),
                Ok(false) => {}
                Err(fault) => {
                    report.undecided.push(HeldPattern { why: fault.to_string(), ..one });
                }
            }
        }
        Ok(())
    }
}
