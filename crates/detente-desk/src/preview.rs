//! What a file would bring, without keeping anything of it.

use std::collections::BTreeMap;
use std::io::BufRead;

use detente_intel::Indicator;
use detente_node::chain;
use detente_node::report::RefusalReport;
use detente_read::{Options, Refusal, Sink, SinkFault};
use serde::{Deserialize, Serialize};

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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Items refused and skipped, by reason.
    pub left: BTreeMap<String, u64>,
    /// The first that would be taken.
    pub items: Vec<PreviewItem>,
    /// The first refusals.
    pub refusals: Vec<RefusalReport>,
    /// Why the rest could not be read, or the file not at all.
    pub broken: Option<String>,
}

/// Reads a file and says what it would bring: all of it in numbers, `keep` items of each sort as
/// they are.
pub fn preview(file: &str, options: &Options, keep: usize, input: impl BufRead) -> PreviewReport {
    let (kinds, items, refusals) = (BTreeMap::new(), Vec::new(), Vec::new());
    let mut look = Look { keep, kinds, items, refusals };
    let read = detente_read::read(input, options, &mut look);
    let mut report = PreviewReport {
        file: file.to_owned(),
        format: options.format.name().to_owned(),
        seen: 0,
        taken: 0,
        kinds: look.kinds,
        left: BTreeMap::new(),
        items: look.items,
        refusals: look.refusals,
        broken: None,
    };
    match read {
        Ok(summary) => {
            summary.format.name().clone_into(&mut report.format);
            (report.seen, report.taken) = (summary.seen, summary.taken);
            for (code, count) in summary.refused.iter().chain(&summary.skipped) {
                *report.left.entry((*code).to_owned()).or_default() += count;
            }
            report.broken = summary.broken.map(|reason| reason.to_string());
        }
        Err(fault) => report.broken = Some(chain(&fault)),
    }
    report
}

/// Keeps the first of everything.
struct Look {
    keep: usize,
    kinds: BTreeMap<String, u64>,
    items: Vec<PreviewItem>,
    refusals: Vec<RefusalReport>,
}

impl Sink for Look {
    fn take(&mut self, indicator: Indicator) -> Result<(), SinkFault> {
        let Indicator { observable, context } = indicator;
        // What its source has taken back brings nothing.
        if context.revoked {
            return Ok(());
        }
        *self.kinds.entry(observable.kind().name().to_owned()).or_default() += 1;
        if self.items.len() < self.keep {
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

    fn progress(&mut self, _: u64) {}
}
