//! What a node can be told to do. A command runs in this process, or goes to the one that serves
//! the home: the same code either way, so that a home never has two writers.

use std::cell::Cell;
use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use detente_core::party::Role;
use detente_core::{AccordId, Digest, Tlp};
use detente_desk::{Hearers, Import, STOPPED, import};
use detente_feed::Feeds;
use detente_node::ports::{Link, StoreError};
use detente_node::report::{ActReport, DeliveryReport, FailedBy, ImportReport};
use detente_node::{MatchProgress, NodeError, Shared, match_peer, named_observable, run_match};
use detente_read::{Format, Options};
use detente_store::SqliteShelf;
use detente_taxii::{Raising, Terms, shelve_raising};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::alerting::AlertCommand;
use crate::consent::ConsentCommand;
use crate::desk::{DeskCommand, Warnings};
use crate::export::write_folder;
use crate::fail::Failure;
use crate::feedback::FeedbackCommand;
use crate::home::Home;
use crate::import::TableArgs;
use crate::keys::KeyCommand;
use crate::links::Links;
use crate::looking::LookCommand;
use crate::releasing::ReleaseCommand;
use crate::retracting::RetractionCommand;
use crate::table::TableCommand;
use crate::tools::{self, FeedCommand, Follower};

/// Refusals that an import lists unless all are asked for.
pub const FIRST_REFUSALS: usize = 10;

/// A command to a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "do")]
pub enum Command {
    /// List this party and its contacts.
    Parties,
    /// Add a party by its card (hex).
    AddParty { card: String },
    /// Put a text forward.
    Propose { text: String, role: Option<String> },
    /// Sign, refuse ... an accord.
    Act(ActCommand),
    /// Where an accord stands; all of them without a name.
    Status { accord: Option<String> },
    /// Every act of an accord.
    History { accord: String },
    /// The text of an accord.
    Text { accord: String, text: Option<String> },
    /// Import files.
    Import { files: Vec<ImportFile>, all_refusals: bool },
    /// Exports, warninglists, what tools can read.
    Desk(DeskCommand),
    /// Read from other servers, or add to them.
    Feed(FeedCommand),
    /// Numbers of indicators.
    Counts,
    /// Own observables in normal form.
    List { kind: Option<String> },
    /// What is known of one observable.
    Search { query: String },
    /// Offer a matching run.
    Match { accord: String, clause: String, count_only: bool },
    /// What a run would tell the other side.
    ExplainMatch { accord: String, clause: String, count_only: bool },
    /// Look values up, or publish or fetch a filter.
    Look(LookCommand),
    /// Release what a run found, own indicators, or what an originator has consented to.
    Release(ReleaseCommand),
    /// Ask for an originator's consent, or answer.
    Consent(ConsentCommand),
    /// What lets more leave, and who has seen it.
    Alert(AlertCommand),
    /// Take back what was released, or see what became of that.
    Retraction(RetractionCommand),
    /// Say what came of received objects.
    Feedback(FeedbackCommand),
    /// Erase what may no longer be kept.
    Expire,
    /// Write the record of an accord into a folder.
    Export { accord: String, to: PathBuf },
    /// What is asked or told at the negotiating table.
    Table(TableCommand),
    /// What is asked or told about keys.
    Keys(KeyCommand),
    /// Exchange what is outstanding with all parties that can be reached.
    Sync,
}

impl Command {
    /// Whether it may read the own list.
    const fn reads_the_list(&self) -> bool {
        matches!(
            self,
            Command::Import { .. }
                | Command::Desk(_)
                | Command::Counts
                | Command::List { .. }
                | Command::Search { .. }
                | Command::Match { .. }
                | Command::ExplainMatch { .. }
                | Command::Look(_)
                | Command::Release(_)
        )
    }
}

/// An act on an accord.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActCommand {
    /// Which act.
    pub act: ActWord,
    /// The accord.
    pub accord: String,
    /// The text, if several are open.
    pub text: Option<String>,
    /// Why.
    pub reason: String,
    /// By which role.
    pub role: Option<String>,
}

/// The acts of [`ActCommand`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ActWord {
    /// Give notice of leaving.
    Denounce,
    /// Decline a text.
    Refuse,
    /// Lift the own stop.
    Resume,
    /// Sign a text.
    Sign,
    /// Stop everything that leaves.
    Stop,
}

/// A file to import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportFile {
    /// Where it is.
    pub path: PathBuf,
    /// What reports call it.
    pub name: String,
    /// As what to read it.
    pub format: String,
    /// The colour of what it does not mark.
    pub tlp: Option<String>,
    /// The source to name.
    pub source: String,
    /// How it is read if it is a table.
    #[serde(default)]
    pub table: TableArgs,
}

impl ImportFile {
    /// How to read it.
    pub fn options(&self) -> Result<Options, Failure> {
        let bad = |error: &dyn std::fmt::Display| Failure::usage("bad_option", error, "");
        Ok(Options {
            format: self.format.parse::<Format>().map_err(|error| bad(&error))?,
            default_tlp: match &self.tlp {
                Some(colour) => Some(colour.parse::<Tlp>().map_err(|error| bad(&error))?),
                None => None,
            },
            source: self.source.clone(),
            csv: self.table.mapping()?,
            keep_sources: self.table.keep_sources,
            ..Options::default()
        })
    }

    /// The report on this file if it can't be opened.
    fn failed(&self, failure: &Failure) -> ImportReport {
        crate::import::failed(&self.name, failure)
    }
}

/// News from a running command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// What is going on.
    pub what: String,
    /// Done so far.
    pub done: u64,
    /// All there is, if it is known.
    pub total: u64,
    /// How far that is in other words; may be empty.
    pub note: String,
    /// Whether these are numbers of things, not bytes.
    #[serde(default)]
    pub counts: bool,
}

/// Hears progress.
pub type OnProgress<'a> = &'a mut dyn FnMut(Progress);

/// A node that can be told what to do.
#[derive(Clone)]
pub struct Engine {
    /// The node.
    pub shared: Arc<Shared>,
    /// Its sessions.
    pub links: Arc<Links>,
    /// Its warninglists.
    pub warnings: Arc<Warnings>,
    /// Where it lives.
    pub home: Home,
    /// Its feeds.
    pub feeds: Arc<Feeds>,
    /// Takes into the own list what tools brought.
    pub follower: Arc<Follower>,
    /// Whether imports are to end.
    pub stop: Arc<AtomicBool>,
}

impl Engine {
    /// Does what it is told; the answer is the report as JSON.
    pub fn run(&self, command: &Command, progress: OnProgress<'_>) -> Result<Value, Failure> {
        if command.reads_the_list() {
            self.follower.settle(&self.shared);
        }
        self.obey(command, progress)
    }

    fn obey(&self, command: &Command, progress: OnProgress<'_>) -> Result<Value, Failure> {
        match command {
            Command::Parties => json(&self.shared.lock().parties()?),
            Command::AddParty { card } => {
                let bytes = hex::decode(card)
                    .map_err(|_| Failure::usage("card_hex", "the card is not hex", ""))?;
                {
                    let report = self.shared.lock().add_party(&bytes)?;
                    self.links.refresh_keys();
                    json(&report)
                }
            }
            Command::Propose { text, role } => {
                let role = parse_role(role.as_deref())?;
                let (accord, act) = self.shared.lock().propose(text.as_bytes(), role)?;
                self.report(accord, act)
            }
            Command::Act(act) => self.act(act),
            Command::Status { accord } => self.status(accord.as_deref()),
            Command::History { accord } => {
                let accord = self.shared.lock().find_accord(accord)?;
                self.exchange(accord)?;
                json(&self.shared.lock().history(accord)?)
            }
            Command::Text { accord, text } => {
                let node = self.shared.lock();
                let bytes = node.text(node.find_accord(accord)?, text.as_deref())?;
                Ok(Value::String(String::from_utf8_lossy(&bytes).into_owned()))
            }
            Command::Import { files, all_refusals } => {
                let keep = if *all_refusals { usize::MAX } else { FIRST_REFUSALS };
                self.import_all(files, keep, progress)
            }
            Command::Desk(desk) => self.at_the_desk(desk, progress),
            Command::Feed(feed) => self.feed(feed, progress),
            Command::Counts => json(&self.shared.lock().counts()?),
            Command::List { kind } => {
                let kind = kind.as_deref().map(str::parse).transpose();
                let kind = kind.map_err(|error: detente_core::UnknownKind| {
                    Failure::usage("unknown_kind", error, "")
                })?;
                json(&self.shared.lock().list(kind)?)
            }
            Command::Search { query } => self.search(query),
            Command::Match { accord, clause, count_only } => {
                self.run_match(accord, clause, *count_only, progress)
            }
            Command::ExplainMatch { accord, clause, count_only } => {
                let node = self.shared.lock();
                let accord = node.find_accord(accord)?;
                json(&node.explain_match(accord, clause, *count_only)?)
            }
            Command::Look(look) => self.look(look, progress),
            Command::Release(release) => self.release(release),
            Command::Consent(consent) => self.consent(consent),
            Command::Alert(alert) => self.alert(alert),
            Command::Retraction(retraction) => self.retraction(retraction),
            Command::Feedback(feedback) => self.feedback(feedback),
            Command::Expire => self.expire(),
            Command::Export { accord, to } => {
                let accord = self.shared.lock().find_accord(accord)?;
                // The newest checkpoint should carry the others' cosignatures, if they are there.
                self.exchange(accord)?;
                let record = self.shared.lock().record(accord)?;
                json(&write_folder(&record, to)?)
            }
            Command::Table(table) => self.table(table),
            Command::Keys(keys) => self.keys(keys),
            Command::Sync => self.sync(),
        }
    }

    fn search(&self, query: &str) -> Result<Value, Failure> {
        let mut report = self.shared.lock().search(query)?;
        report.warned = self.warnings.hits(&named_observable(query)?)?;
        json(&report)
    }

    fn act(&self, command: &ActCommand) -> Result<Value, Failure> {
        let role = parse_role(command.role.as_deref())?;
        let (accord, act) = {
            let mut node = self.shared.lock();
            let accord = node.find_accord(&command.accord)?;
            let (text, reason) = (command.text.as_deref(), command.reason.as_str());
            let act = match command.act {
                ActWord::Denounce => node.denounce(accord, reason, role),
                ActWord::Refuse => node.refuse_text(accord, text, reason, role),
                ActWord::Resume => node.resume(accord, reason, role),
                ActWord::Sign => node.sign_text(accord, text, role),
                ActWord::Stop => node.stop(accord, reason, role),
            }?;
            (accord, act)
        };
        self.report(accord, act)
    }

    /// Brings a fresh act to the other parties and reports on both.
    pub fn report(&self, accord: AccordId, act: Digest) -> Result<Value, Failure> {
        let slug = self.shared.lock().status(accord)?.accord;
        let delivered = self.exchange(accord)?;
        // What the exchange has shown of this home counts more than the act.
        self.shared.lock().is_newest(accord)?;
        let summary = self.shared.lock().summary(accord, act)?;
        json(&ActReport { accord: slug, act: act.to_string(), summary, delivered })
    }

    /// Exchanges an accord's logs with its other parties, as far as they can be reached.
    pub fn exchange(&self, accord: AccordId) -> Result<Vec<DeliveryReport>, Failure> {
        let others = self.shared.lock().other_parties(accord)?;
        let mut reports = Vec::new();
        for party in others {
            let outcome = self.links.exchange(party, accord);
            reports.push(DeliveryReport {
                party: self.shared.lock().name_of(party),
                cosigned: outcome.is_ok(),
                reason: outcome.err().map(|error| crate::fail::chain(&error)),
            });
        }
        Ok(reports)
    }

    /// The accord of this name, or all without one.
    pub fn named_or_all(&self, name: Option<&str>) -> Result<Vec<AccordId>, Failure> {
        let node = self.shared.lock();
        Ok(match name {
            Some(name) => vec![node.find_accord(name)?],
            None => node.accords().into_iter().map(|(id, _)| id).collect(),
        })
    }

    /// Where accords stand. The other parties are asked first, so that what they signed a moment
    /// ago shows here; if they are away, what is here is shown and said to be that.
    fn status(&self, name: Option<&str>) -> Result<Value, Failure> {
        let accords = self.named_or_all(name)?;
        let mut reports = Vec::new();
        for accord in accords {
            let asked = self.exchange(accord)?;
            let mut report = self.shared.lock().status(accord)?;
            report.asked = asked;
            reports.push(report);
        }
        json(&reports)
    }

    /// Imports files one after the other. One that can't be taken in is reported and holds up no
    /// other; only a store that fails ends the row.
    fn import_all(
        &self,
        files: &[ImportFile],
        keep: usize,
        progress: OnProgress<'_>,
    ) -> Result<Value, Failure> {
        let options = files.iter().map(ImportFile::options).collect::<Result<Vec<_>, _>>()?;
        let mut reports: Vec<ImportReport> = Vec::with_capacity(files.len());
        for (file, options) in files.iter().zip(&options) {
            let store = |report: &ImportReport| {
                report.failed.as_ref().is_some_and(|failed| failed.by == FailedBy::Store)
            };
            let report = if reports.last().is_some_and(store) {
                detente_desk::not_tried(&file.name)
            } else {
                self.import(file, (options, keep), progress)
            };
            let stopped = report.failed.as_ref().is_some_and(|failed| failed.code == STOPPED);
            reports.push(report);
            if stopped {
                break;
            }
        }
        json(&reports)
    }

    fn import(
        &self,
        file: &ImportFile,
        (options, keep): (&Options, usize),
        progress: OnProgress<'_>,
    ) -> ImportReport {
        let opened = match File::open(&file.path) {
            Ok(opened) => opened,
            Err(error) => return file.failed(&Failure::io("opening", &file.path, &error)),
        };
        let total = opened.metadata().map_or(0, |meta| meta.len());
        let index = match self.warnings.index() {
            Ok(index) => index,
            Err(failure) => return file.failed(&failure),
        };
        let what = Import { file: &file.name, options, keep, index: index.as_deref() };
        // Opened when the first object comes: most files have none.
        let mut shelf = None;
        let terms = Terms { unmarked: options.default_tlp, at_least: options.at_least };
        let mut to_shelf = |objects: &[&[u8]]| self.to_shelf(&mut shelf, terms, objects);
        let hearers = Hearers {
            stop: &|| self.stop.load(Ordering::Relaxed),
            progress: &mut |done| {
                let what = file.name.clone();
                progress(Progress { what, done, total, note: String::new(), counts: false });
            },
            shelf: Some(&mut to_shelf),
        };
        import(&self.shared, &what, BufReader::new(opened), hearers)
    }

    /// Puts objects where tools of the house read them.
    fn to_shelf(
        &self,
        shelf: &mut Option<SqliteShelf>,
        terms: Terms,
        objects: &[&[u8]],
    ) -> Result<Raising, NodeError> {
        let failed = |words: String| NodeError::from(StoreError::Failed(words));
        if shelf.is_none() {
            *shelf = Some(tools::open_shelf(&self.home).map_err(|error| failed(error.error))?);
        }
        match shelf {
            Some(shelf) => {
                let places = (tools::OWN, tools::RAISED, tools::now());
                shelve_raising(shelf, places, terms, objects)
                    .map_err(|error| failed(error.to_string()))
            }
            None => Ok(Raising::default()),
        }
    }

    fn run_match(
        &self,
        accord: &str,
        clause: &str,
        count_only: bool,
        progress: OnProgress<'_>,
    ) -> Result<Value, Failure> {
        let accord = self.shared.lock().find_accord(accord)?;
        // Somebody may have signed or stopped since we last spoke.
        self.exchange(accord)?;
        let peer = match_peer(&self.shared.lock(), accord, clause)?;
        let first = Cell::new(true);
        let relink = || -> Result<Box<dyn Link>, NodeError> {
            // Who was never there is not waited for.
            let link = if first.replace(false) {
                self.links.link(peer)?
            } else {
                self.links.link_again(peer)?
            };
            Ok(Box::new(link))
        };
        let mut news = |run: MatchProgress| {
            if run.bytes_total == 0 {
                // The list is read and committed to; the run itself always has bytes to carry.
                let (what, note) = ("committing".to_owned(), String::new());
                let (done, total) = (run.items_done, run.items_total);
                return progress(Progress { what, done, total, note, counts: true });
            }
            let what = "matching".to_owned();
            let note = format!("{} of {} items", run.items_done, run.items_total);
            let (done, total) = (run.bytes_done, run.bytes_total);
            progress(Progress { what, done, total, note, counts: false });
        };
        json(&run_match(&self.shared, &relink, accord, (clause, count_only), &mut news)?)
    }

    fn sync(&self) -> Result<Value, Failure> {
        let parties: Vec<_> = {
            let mut node = self.shared.lock();
            // Made and not entered yet: the process that made them was cut off.
            node.enter_keys()?;
            node.contacts().map(|card| card.party()).collect()
        };
        let mut reports = Vec::new();
        for party in parties {
            let outcome = self.links.link(party).and_then(|link| self.links.catch_up(&link));
            reports.push(DeliveryReport {
                party: self.shared.lock().name_of(party),
                cosigned: outcome.is_ok(),
                reason: outcome.err().map(|error| crate::fail::chain(&error)),
            });
        }
        json(&reports)
    }
}

pub fn parse_role(role: Option<&str>) -> Result<Option<Role>, Failure> {
    role.map(str::parse).transpose().map_err(|error: detente_core::party::UnknownRole| {
        Failure::usage("unknown_role", error, "")
    })
}

/// A report as JSON.
pub fn json<T: Serialize>(report: &T) -> Result<Value, Failure> {
    serde_json::to_value(report).map_err(|error| Failure::environment("json", error, "report this"))
}
