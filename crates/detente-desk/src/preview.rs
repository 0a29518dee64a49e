//! What a file would bring, without keeping anything of it.

use std::collections::BTreeMap;
use std::io::BufRead;

use detente_intel::Indicator;
use detente_node::chain;
use detente_node::report::{ImportReport, RefusalReport, StixReport, WarnCount};
use detente_read::{Options, Refusal, Sink, SinkFault};
use detente_taxii::{Arrival, Moment, Put, Raising, Terms, would_lie};
use serde::{Deserialize, Serialize};

use crate::intake::{Import, refusal_report};
use crate::outcome;
use crate::stix::Carrier;
use crate::warned::Tally;

/// An indicator that would be taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviewItem {
    /// Its kind.
    pub kind: String,
    /// Its normal form.
    pub value: String,
    /// Its colour, if one is named.
    pub tlp: Option<String>,
    /// Whether a marking is not understood.
    pub closed: bool,
    /// Labels.
    pub labels: Vec<String>,
    /// Comment.
    pub description: Option<String>,
    /// The id that the origin gave.
    pub origin: Option<String>,
}

/// What a file would bring.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviewReport {
    /// The file.
    pub file: String,
    /// As what it was read.
    pub format: String,
    /// Items met in all of the file.
    pub seen: u64,
    /// Items that would be taken.
    pub taken: u64,
    /// By kind.
    pub kinds: BTreeMap<String, u64>,
    /// Items refused, by reason.
    pub refused: Vec<(String, u64)>,
    /// Items skipped, by reason.
    pub skipped: Vec<(String, u64)>,
    /// Items that would be taken and closed.
    pub closed: u64,
    /// Items that would be taken for which more than one colour is named.
    pub conflicting: u64,
    /// Times and numbers that are not understood, by property or column.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<(String, u64)>,
    /// STIX objects by type, as far as they would lie on the shelf.
    pub types: BTreeMap<String, u64>,
    /// What would become of them; `added` are those that would lie there, new or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stix: Option<StixReport>,
    /// Warninglists on which items are that would be taken.
    pub warned: Vec<WarnCount>,
    /// The first that would be taken.
    pub items: Vec<PreviewItem>,
    /// The first refusals, or all if asked for.
    pub refusals: Vec<RefusalReport>,
    /// Why the rest could not be read, or the file not at all.
    pub broken: Option<String>,
    /// Why the file would be left alone.
    pub passed_over: Option<String>,
    /// That nothing of it would be taken.
    pub nothing: Option<String>,
    /// What to do about it.
    pub remedy: Option<String>,
}

impl PreviewReport {
    /// Whether an import of the file would end well.
    pub const fn is_well(&self) -> bool {
        self.broken.is_none() && self.nothing.is_none()
    }
}

/// Reads a file and says what it would bring: all of it in numbers, `items` of the items as they
/// are, and as many refusals as the import would list.
pub fn preview(what: &Import<'_>, items: usize, input: impl BufRead) -> PreviewReport {
    let Options { default_tlp, at_least, .. } = *what.options;
    let terms = Terms { unmarked: default_tlp, at_least };
    let mut types = BTreeMap::new();
    let mut to_shelf = |objects: &[&[u8]]| {
        let arrive = |bytes: &&[u8]| match would_lie(bytes, terms) {
            Ok((kind, level)) => {
                *types.entry(kind).or_default() += 1;
                let put = Put::Added(Moment::default());
                Arrival::Put { id: String::new(), version: None, level, unmarked: false, put }
            }
            Err(why) => Arrival::Refused(why),
        };
        Ok(Raising { arrivals: objects.iter().map(arrive).collect(), ..Raising::default() })
    };
    let mut look = Look {
        keep: (items, what.keep),
        kinds: BTreeMap::new(),
        items: Vec::new(),
        refusals: Vec::new(),
        tally: Tally::new(what.index),
        carrier: Carrier::new(&mut to_shelf, what.keep),
    };
    let read = detente_read::read(input, what.options, &mut look);
    let mut told = ImportReport { file: what.file.to_owned(), ..ImportReport::default() };
    let Look { kinds, items, refusals, tally, mut carrier, .. } = look;
    let flushed = carrier.flush().map_err(|error| chain(&error));
    told.stix = carrier.end();
    let warned = tally.counts();
    let mut broken = flushed.err();
    match read {
        Ok(summary) => outcome::account(&mut told, summary),
        Err(fault) => broken = Some(chain(&fault)),
    }
    told.broken = broken.or(told.broken);
    outcome::judge(&mut told);
    PreviewReport {
        file: told.file,
        format: told.format,
        seen: told.seen,
        taken: told.taken,
        kinds,
        refused: told.refused,
        skipped: told.skipped,
        closed: told.closed,
        conflicting: told.conflicting,
        unread: told.unread,
        types,
        stix: told.stix,
        warned,
        items,
        refusals,
        broken: told.broken,
        passed_over: told.passed_over,
        nothing: told.nothing,
        remedy: told.remedy,
    }
}

/// Keeps the first of everything.
struct Look<'a> {
    /// Items, and refusals.
    keep: (usize, usize),
    kinds: BTreeMap<String, u64>,
    items: Vec<PreviewItem>,
    refusals: Vec<RefusalReport>,
    tally: Tally<'a>,
    carrier: Carrier<'a>,
}

impl Sink for Look<'_> {
    fn take(&mut self, indicator: Indicator) -> Result<(), SinkFault> {
        let Indicator { observable, context } = indicator;
        // What its source has taken back brings nothing.
        if context.revoked {
            return Ok(());
        }
        self.tally.look(&observable);
        *self.kinds.entry(observable.kind().name().to_owned()).or_default() += 1;
        if self.items.len() < self.keep.0 {
            self.items.push(PreviewItem {
                kind: observable.kind().name().to_owned(),
                value: observable.value().to_owned(),
                tlp: context.markings.tlp().map(|tlp| tlp.to_string()),
                closed: context.markings.is_closed(),
                labels: context.labels,
                description: context.description,
                origin: context.origin,
            });
        }
        Ok(())
    }

    fn object(&mut self, bytes: &[u8]) -> Result<(), SinkFault> {
        self.carrier.take(bytes).map_err(|error| SinkFault(Box::new(error)))
    }

    fn refuse(&mut self, refusal: Refusal) {
        if self.refusals.len() < self.keep.1 {
            self.refusals.push(refusal_report(refusal));
        }
    }

    fn progress(&mut self, _: u64) {}
}
