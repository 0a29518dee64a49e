//! The command `release`: what is to leave, and the deed.

use std::path::PathBuf;

use clap::Args;
use detente_core::{AccordId, Kind, PartyId, RunId};
use detente_node::{
    NodeError, Selection, What, dry_run, dry_run_consented, dry_run_own, named_observable, release,
    release_consented, release_own, run_peer,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::command::{Engine, json};
use crate::fail::Failure;
use crate::looking::read_values;
use crate::table::time;

/// What `release` takes.
#[derive(Debug, Args)]
pub struct ReleaseArgs {
    /// The accord.
    pub accord: String,
    /// The context of what a run found at both sides. The run: its id, at least four digits of its
    /// start, or `last`: the last that told this side which items are common.
    #[arg(long, value_name = "RUN", required_unless_present_any = ["own", "consent"])]
    pub matched: Option<String>,
    /// Own indicators without a match, as far as a clause permits any of its kinds. The options
    /// below say which; without one of them it is all.
    #[arg(long, conflicts_with = "matched")]
    pub own: bool,
    /// With --matched: pass on what others have released to this party too, where the clause under
    /// which it came allows it and this accord lets it leave. Without it, it stays.
    #[arg(long, requires = "matched")]
    pub onward: bool,
    /// What an originator has consented to: the consent, by the start of its digest.
    #[arg(long, value_name = "DIGEST", conflicts_with_all = ["matched", "own"])]
    pub consent: Option<String>,
    /// With --own: only this kind; may be repeated.
    #[arg(long, requires = "own")]
    pub kind: Vec<String>,
    /// With --own: only what this source says; may be repeated.
    #[arg(long, requires = "own")]
    pub source: Vec<String>,
    /// With --own: only this domain, address, URL, hash or e-mail address; may be repeated.
    #[arg(long, requires = "own")]
    pub value: Vec<String>,
    /// With --own: only the values of this file, one a line; `-` is stdin.
    #[arg(long, value_name = "FILE", requires = "own")]
    pub values: Option<PathBuf>,
    /// With --own: only what came at this day or moment, or later.
    #[arg(long, value_name = "TIME", requires = "own")]
    pub since: Option<String>,
    /// With --own: to this party, where the accord has more than one other.
    #[arg(long, value_name = "PARTY", requires = "own")]
    pub to: Option<String>,
    /// Only print each object's verdict.
    #[arg(long)]
    pub dry_run: bool,
    /// Release what the other side has acknowledged before once more.
    #[arg(long, conflicts_with = "consent")]
    pub again: bool,
}

/// What a node can be told about releases.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseCommand {
    /// The accord.
    pub accord: String,
    /// What is to leave.
    pub what: Leaving,
    /// Only print the verdicts.
    pub dry_run: bool,
    /// What was acknowledged leaves once more.
    pub again: bool,
}

/// What is to leave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "leaving")]
pub enum Leaving {
    /// The context of a run's answer.
    Matched {
        run: String,
        /// What others have released goes on too, where that is allowed.
        onward: bool,
    },
    /// Own indicators.
    Own {
        kinds: Vec<String>,
        sources: Vec<String>,
        values: Vec<String>,
        since: Option<String>,
        to: Option<String>,
    },
    /// What an originator has consented to.
    Consented { consent: String },
}

impl ReleaseCommand {
    /// All that may go of the own list to a party.
    pub fn all_own(accord: AccordId, to: PartyId) -> ReleaseCommand {
        let what = Leaving::Own {
            kinds: Vec::new(),
            sources: Vec::new(),
            values: Vec::new(),
            since: None,
            to: Some(to.to_string()),
        };
        ReleaseCommand { accord: accord.to_string(), what, dry_run: false, again: false }
    }
}

impl ReleaseArgs {
    /// The command, its values read.
    ///
    /// # Errors
    /// [`Failure`]: a file that can't be read, or is empty.
    pub fn command(self) -> Result<ReleaseCommand, Failure> {
        let ReleaseArgs { accord, matched, onward, consent, dry_run, again, .. } = self;
        let what = match (matched, consent) {
            (Some(run), _) => Leaving::Matched { run, onward },
            (None, Some(consent)) => Leaving::Consented { consent },
            (None, None) => {
                let mut values = self.value;
                if let Some(path) = &self.values {
                    values.extend(read_values(path)?);
                    if values.is_empty() {
                        // Without a value everything would be meant.
                        let words = format!("{} holds no value", path.display());
                        return Err(Failure::usage("nothing_selected", words, "write one a line"));
                    }
                }
                let (kinds, sources) = (self.kind, self.source);
                Leaving::Own { kinds, sources, values, since: self.since, to: self.to }
            }
        };
        Ok(ReleaseCommand { accord, what, dry_run, again })
    }
}

impl Engine {
    /// Releases what it is told to, or says what would leave.
    pub fn release(&self, command: &ReleaseCommand) -> Result<Value, Failure> {
        let accord = self.shared.lock().find_accord(&command.accord)?;
        let dry = command.dry_run;
        match &command.what {
            Leaving::Matched { run, onward } => {
                let (again, onward) = (command.again, *onward);
                let what = |run| What { run, again, onward };
                self.release_matched(accord, run, (dry, &what))
            }
            Leaving::Own { to, .. } => {
                let peer = self.receiver(accord, to.as_deref())?;
                let selection = selection(&command.what, command.again)?;
                if dry {
                    return json(&dry_run_own(&self.shared, (accord, peer), &selection)?);
                }
                // What both have counts: somebody may have stopped, or sent what earns a release.
                let link = self.links.link(peer)?;
                json(&release_own(&self.shared, &link, accord, &selection)?)
            }
            Leaving::Consented { consent } => {
                let (consent, under, peer) = self.shared.lock().find_consent(consent)?;
                if under != accord {
                    let words = format!("it lets objects go under accord {under}");
                    return Err(Failure::refused(
                        "consent_other_holder",
                        words,
                        "name that accord",
                    ));
                }
                if dry {
                    return json(&dry_run_consented(&self.shared, consent)?);
                }
                // Its originator may have taken it back since; if it is away, what is here counts.
                let home = self.shared.lock().consent_home(consent)?;
                self.exchange(home)?;
                let link = self.links.link(peer)?;
                json(&release_consented(&self.shared, &link, consent)?)
            }
        }
    }

    fn release_matched(
        &self,
        accord: AccordId,
        run: &str,
        (dry, what): (bool, &dyn Fn(RunId) -> What),
    ) -> Result<Value, Failure> {
        let (run, peer) = {
            let node = self.shared.lock();
            let run = node.find_run(accord, run)?;
            (run, run_peer(&node, run)?)
        };
        if dry {
            return json(&dry_run(&self.shared, accord, what(run))?);
        }
        let link = self.links.link(peer)?;
        json(&release(&self.shared, &link, accord, what(run))?)
    }

    /// The party that is named, or the only other one.
    pub fn receiver(&self, accord: AccordId, named: Option<&str>) -> Result<PartyId, Failure> {
        let node = self.shared.lock();
        let others = node.other_parties(accord)?;
        let unknown = |name: &str| {
            NodeError::unknown("other party of this accord", name, "see `detente accord status`")
        };
        match (named, others.as_slice()) {
            (Some(name), _) => {
                let party = node.find_party(name)?;
                let known = others.contains(&party);
                if known { Ok(party) } else { Err(unknown(name).into()) }
            }
            (None, [one]) => Ok(*one),
            (None, _) => Err(Failure::usage(
                "which_party",
                "the accord has more than one other party",
                "say which with --to PARTY",
            )),
        }
    }
}

fn selection(what: &Leaving, again: bool) -> Result<Selection, Failure> {
    let Leaving::Own { kinds, sources, values, since, .. } = what else {
        return Ok(Selection { again, ..Selection::default() });
    };
    let kinds: Result<Vec<Kind>, _> = kinds.iter().map(|kind| kind.parse()).collect();
    let kinds = kinds.map_err(|error| Failure::usage("unknown_kind", error, ""))?;
    let mut read = Vec::with_capacity(values.len());
    for value in values {
        read.push(named_observable(value)?);
    }
    read.sort();
    read.dedup();
    let since = time(since.as_deref())?;
    Ok(Selection { kinds, sources: sources.clone(), values: read, since, again })
}
