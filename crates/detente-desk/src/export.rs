//! The own list as a file for other programs.

use std::collections::BTreeMap;
use std::io::{self, Write};

use detente_core::{Kind, UnixSeconds};
use detente_intel::{Indicator, Observable, score};
use detente_node::report::WarnCount;
use detente_node::{NodeError, OwnItem, Said, Shared};
use detente_taxii::ShelfError;
use detente_warn::{Index, Verdict};
use detente_write::{Entered, Export, Format, Meta, Options, Outcome, WriteFault};
use serde::{Deserialize, Serialize};

use crate::warned::Tally;

/// Statements that are read at a time; the node is held meanwhile. Count.
const PAGE: usize = 5_000;

/// What to export.
#[derive(Clone, Debug)]
pub struct ExportOrder {
    /// What the export is called.
    pub title: String,
    /// Of these kinds.
    pub kinds: Vec<Kind>,
    /// As what, up to which colour, and how.
    pub options: Options,
    /// The least score, from 0 to 100: what is worth less by now stays out.
    pub min_score: u8,
}

/// An export that failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeskError {
    /// The node.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// The output, or an option.
    #[error(transparent)]
    Write(#[from] WriteFault),
    /// The account of every statement could not be written.
    #[error("writing the account of the export failed")]
    Account(#[source] io::Error),
    /// Where tools read.
    #[error(transparent)]
    Shelf(#[from] ShelfError),
}

/// Statements that are not in an export, for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassedOver {
    /// Stable code.
    pub code: String,
    /// In words.
    pub reason: String,
    /// How many.
    pub count: u64,
}

/// What an export has in it, and what not. Statements are what one source says of one observable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndicatorExport {
    /// As what it was written.
    pub format: String,
    /// Where it lies; none if it was printed or only tried.
    pub file: Option<std::path::PathBuf>,
    /// Bytes written.
    pub bytes: u64,
    /// Observables looked at.
    pub observables: u64,
    /// Statements looked at.
    pub seen: u64,
    /// Statements in it.
    pub written: u64,
    /// MISP: events in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<u64>,
    /// Statements that are not, by reason.
    pub passed_over: Vec<PassedOver>,
    /// Warninglists with hits among all observables looked at.
    pub warned: Vec<WarnCount>,
}

/// One line of the account.
#[derive(Serialize)]
struct AccountLine<'a> {
    kind: &'static str,
    value: &'a str,
    source: &'a str,
    written: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

/// Why a statement is not in an export: a code and words.
type Why = (&'static str, String);

/// Writes the own list to `out` in the order of kind and value, the newest statement of each
/// observable first, and what became of every statement to `account` as NDJSON. `progress` hears
/// how many statements are done. The node is held for a page at a time; what comes meanwhile may be
/// in the export or not.
///
/// # Errors
/// [`DeskError`]; what was written until then is no whole export.
pub fn export<'a>(
    shared: &Shared,
    order: &ExportOrder,
    index: Option<&'a Index>,
    (out, account): (&'a mut dyn Write, Option<&'a mut dyn Write>),
    progress: &mut dyn FnMut(u64),
) -> Result<IndicatorExport, DeskError> {
    let (list, meta) = {
        let node = shared.lock();
        let producer = node.card().value().name.clone();
        (node.own_list()?, Meta { producer, title: order.title.clone(), at: node.now() })
    };
    let now = meta.at;
    let format = order.options.format.name().to_owned();
    let mut pass = Pass {
        own_use: order.options.own_use,
        min_score: order.min_score,
        now,
        export: Export::begin(meta, order.options.clone(), out)?,
        tally: Tally::new(index),
        account,
        seen: 0,
        passed_over: BTreeMap::new(),
    };
    let mut after: Option<Observable> = None;
    let mut observables = 0;
    loop {
        let page = shared.lock().own_items(&list, &order.kinds, after.as_ref(), PAGE)?;
        let Some(last) = page.last() else { break };
        after = Some(last.observable.clone());
        observables += page.len() as u64;
        for item in page {
            pass.take(item)?;
        }
        progress(pass.seen);
    }
    let summary = pass.export.end()?;
    let passed_over = pass.passed_over.into_iter();
    let list = passed_over.map(|(code, (reason, count))| PassedOver {
        code: code.to_owned(),
        reason,
        count,
    });
    Ok(IndicatorExport {
        format,
        file: None,
        bytes: summary.bytes,
        observables,
        seen: pass.seen,
        written: summary.written,
        events: (order.options.format == Format::Misp).then_some(summary.events),
        passed_over: list.collect(),
        warned: pass.tally.counts(),
    })
}

/// An export on its way through the list.
struct Pass<'a> {
    own_use: bool,
    min_score: u8,
    now: UnixSeconds,
    export: Export<'a>,
    tally: Tally<'a>,
    account: Option<&'a mut dyn Write>,
    seen: u64,
    passed_over: BTreeMap<&'static str, (String, u64)>,
}

impl Pass<'_> {
    fn take(&mut self, item: OwnItem) -> Result<(), DeskError> {
        let held_out = item.is_held_out();
        let OwnItem { observable, said, superseded, .. } = item;
        let verdict = self.tally.look(&observable);
        self.seen += superseded;
        if superseded > 0 {
            let (code, words) = SUPERSEDED;
            self.passed_over.entry(code).or_insert_with(|| (words.to_owned(), 0)).1 += superseded;
        }
        let mut observable = Some(observable);
        let count = said.len();
        for (place, Said { context, first, last, control }) in said.into_iter().enumerate() {
            self.seen += 1;
            // The last statement takes the observable with it.
            let of = if place + 1 == count { observable.take() } else { observable.clone() };
            let Some(observable) = of else { break };
            let indicator = Indicator { observable, context };
            let decayed = self.min_score > 0
                && score(indicator.observable.kind(), &indicator.context, last, self.now)
                    < self.min_score;
            let revoked = indicator.context.revoked.then(|| (REVOKED.0, REVOKED.1.to_owned()));
            let kept = revoked
                .or_else(|| kept_here(verdict, held_out, control.filter(|_| !self.own_use)))
                .or_else(|| decayed.then(|| (DECAYED.0, DECAYED.1.to_owned())));
            let why = match kept {
                Some(why) => Some(why),
                None => match self.export.put(&indicator, Entered { first, last })? {
                    Outcome::Written => None,
                    Outcome::PassedOver(reason) => Some((reason.code(), reason.to_string())),
                },
            };
            self.tell(&indicator, why)?;
        }
        Ok(())
    }

    fn tell(&mut self, indicator: &Indicator, why: Option<Why>) -> Result<(), DeskError> {
        if let Some(account) = &mut self.account {
            let line = AccountLine {
                kind: indicator.observable.kind().name(),
                value: indicator.observable.value(),
                source: &indicator.context.source,
                written: why.is_none(),
                code: why.as_ref().map(|(code, _)| *code),
                reason: why.as_ref().map(|(_, words)| words.as_str()),
            };
            serde_json::to_writer(&mut **account, &line)
                .map_err(|error| DeskError::Account(error.into()))?;
            account.write_all(b"\n").map_err(DeskError::Account)?;
        }
        if let Some((code, words)) = why {
            self.passed_over.entry(code).or_insert((words, 0)).1 += 1;
        }
        Ok(())
    }
}

const DECAYED: (&str, &str) = ("decayed", "its score is below the least that was asked for");
const REVOKED: (&str, &str) = ("revoked", "its source has taken it back");
const SUPERSEDED: (&str, &str) = ("superseded", "its source has said something else since");

/// Why a statement stays whatever the format.
fn kept_here(verdict: Verdict, held_out: bool, control: Option<String>) -> Option<Why> {
    if held_out {
        return Some(("taken_back", "its releasing party has taken it back".to_owned()));
    }
    if control.is_some() {
        let words = "it seems to come from what another party controls; --own-use keeps it here";
        return Some(("under_control", words.to_owned()));
    }
    (verdict == Verdict::Block)
        .then(|| ("on_warninglist", "it is on a warninglist that blocks".to_owned()))
}
