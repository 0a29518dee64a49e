//! The command `lookup`: which values are meant, which of its deeds, and the deeds.

use std::cell::Cell;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Args;
use detente_intel::Observable;
use detente_node::ports::Link;
use detente_node::{
    MatchProgress, NodeError, lookup, lookup_holder, named_observable, publish, refresh,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::command::{Engine, OnProgress, Progress, json};
use crate::fail::Failure;
use crate::home::read_bounded;

/// Longest file of values, in bytes: more than any clause allows in one query or a person selects.
const MAX_VALUES: u64 = 16 * 1024 * 1024;

/// What `lookup` takes.
#[derive(Debug, Args)]
pub struct LookupArgs {
    /// The accord.
    pub accord: String,
    /// The clause of look-ups (mode = "lookup").
    #[arg(long)]
    pub clause: String,
    /// Domains, addresses, URLs, hashes or e-mail addresses to look up; defanged spellings are
    /// understood.
    #[arg(conflicts_with_all = ["refresh", "publish"])]
    pub values: Vec<String>,
    /// Look up the values of this file too, one a line; `-` is stdin.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["refresh", "publish"])]
    pub from: Option<PathBuf>,
    /// Only bring the filter here up to date; ask nothing.
    #[arg(long, conflicts_with_all = ["publish", "explain"])]
    pub refresh: bool,
    /// As the holder: evaluate what is new in the own list and publish the filter.
    #[arg(long, conflicts_with = "explain")]
    pub publish: bool,
    /// With --publish: begin a new key. Everything is evaluated again, and what the other side
    /// holds is worth nothing.
    #[arg(long, requires = "publish")]
    pub new_key: bool,
    /// Ask nothing; say in plain words what each side would learn.
    #[arg(long)]
    pub explain: bool,
}

/// What a node can be told about look-ups.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "look")]
pub enum LookCommand {
    /// Look values up in the other side's list.
    Ask { accord: String, clause: String, values: Vec<String> },
    /// What look-ups would tell whom.
    Explain { accord: String, clause: String, values: Vec<String> },
    /// Publish the own list's filter.
    Publish { accord: String, clause: String, new_key: bool },
    /// Fetch the other side's filter.
    Refresh { accord: String, clause: String },
}

impl LookupArgs {
    /// The deed, its values read.
    ///
    /// # Errors
    /// [`Failure`]: a file that can't be read, or nothing to do.
    pub fn deed(self) -> Result<LookCommand, Failure> {
        let LookupArgs { accord, clause, mut values, from, refresh, publish, new_key, explain } =
            self;
        if publish {
            return Ok(LookCommand::Publish { accord, clause, new_key });
        }
        if refresh {
            return Ok(LookCommand::Refresh { accord, clause });
        }
        if let Some(path) = &from {
            values.extend(read_values(path)?);
        }
        if explain {
            return Ok(LookCommand::Explain { accord, clause, values });
        }
        if values.is_empty() {
            return Err(Failure::usage(
                "nothing_to_look_up",
                "there is no value to look up",
                "name values, or a file with --from; or say --refresh, --publish or --explain",
            ));
        }
        Ok(LookCommand::Ask { accord, clause, values })
    }
}

/// The lines of a file that are neither empty nor comments.
pub fn read_values(path: &Path) -> Result<Vec<String>, Failure> {
    let bytes = if path == Path::new("-") {
        let mut bytes = Vec::new();
        let mut stdin = std::io::stdin().lock().take(MAX_VALUES + 1);
        stdin
            .read_to_end(&mut bytes)
            .map_err(|error| Failure::io("reading", Path::new("stdin"), &error))?;
        if bytes.len() as u64 > MAX_VALUES {
            let words = format!("stdin has more than {MAX_VALUES} bytes");
            return Err(Failure::usage("file_too_long", words, "ask in several queries"));
        }
        bytes
    } else {
        read_bounded(path, MAX_VALUES)?
    };
    let text = String::from_utf8(bytes).map_err(|_| {
        Failure::usage("not_utf8", format!("{} is no text", path.display()), "write UTF-8")
    })?;
    let lines = text.lines().map(str::trim);
    Ok(lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect())
}

impl Engine {
    /// Does what it is told about look-ups.
    pub fn look(&self, command: &LookCommand, progress: OnProgress<'_>) -> Result<Value, Failure> {
        match command {
            LookCommand::Ask { accord, clause, values } => {
                self.ask(accord, clause, values, progress)
            }
            LookCommand::Explain { accord, clause, values } => {
                let values = observables(values)?;
                let node = self.shared.lock();
                let accord = node.find_accord(accord)?;
                json(&node.explain_lookup(accord, clause, &values)?)
            }
            LookCommand::Publish { accord, clause, new_key } => {
                self.publish(accord, (clause, *new_key), progress)
            }
            LookCommand::Refresh { accord, clause } => self.refresh(accord, clause, progress),
        }
    }

    fn ask(
        &self,
        accord: &str,
        clause: &str,
        values: &[String],
        progress: OnProgress<'_>,
    ) -> Result<Value, Failure> {
        let values = observables(values)?;
        let accord = self.shared.lock().find_accord(accord)?;
        let peer = lookup_holder(&self.shared.lock(), accord, clause)?;
        let first = Cell::new(true);
        let lines = || -> Result<Box<dyn Link>, NodeError> {
            // Who was never there is not waited for.
            let link = if first.replace(false) {
                self.links.link(peer)?
            } else {
                self.links.link_again(peer)?
            };
            Ok(Box::new(link))
        };
        let mut news = counted("fetching", progress);
        json(&lookup(&self.shared, &lines, accord, (clause, &values), &mut news)?)
    }

    fn publish(
        &self,
        accord: &str,
        (clause, new_key): (&str, bool),
        progress: OnProgress<'_>,
    ) -> Result<Value, Failure> {
        let accord = self.shared.lock().find_accord(accord)?;
        let mut news = counted("evaluating", progress);
        let mut report = publish(&self.shared, accord, (clause, new_key), &mut news)?;
        report.delivered = self.exchange(accord)?;
        json(&report)
    }

    fn refresh(
        &self,
        accord: &str,
        clause: &str,
        progress: OnProgress<'_>,
    ) -> Result<Value, Failure> {
        let accord = self.shared.lock().find_accord(accord)?;
        let peer = lookup_holder(&self.shared.lock(), accord, clause)?;
        let link = self.links.link(peer)?;
        let mut news = counted("fetching", progress);
        json(&refresh(&self.shared, &link, accord, clause, &mut news)?)
    }
}

/// What people name, in normal form.
fn observables(values: &[String]) -> Result<Vec<Observable>, Failure> {
    Ok(values.iter().map(|value| named_observable(value)).collect::<Result<_, _>>()?)
}

/// Passes on how many of something are done.
fn counted<'a>(what: &str, progress: OnProgress<'a>) -> impl FnMut(MatchProgress) + use<'a> {
    let what = what.to_owned();
    move |run: MatchProgress| {
        let (what, note) = (what.clone(), String::new());
        let (done, total) = (run.items_done, run.items_total);
        progress(Progress { what, done, total, note, counts: true });
    }
}
