//! `feedback` and `expire`: what came of received objects, and those that may no longer be kept.

use clap::Args;
use detente_core::act::Upshot;
use detente_node::Telling;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::args::RoleArg;
use crate::command::{Engine, json, parse_role};
use crate::fail::Failure;
use crate::tools;

/// What came of received objects.
#[derive(Clone, Debug, Args)]
pub struct FeedbackArgs {
    /// The accord.
    pub accord: String,
    /// The observable; without it, all objects of the release named with --release.
    #[arg(required_unless_present = "release")]
    pub value: Option<String>,
    /// used, blocked, sighted, false-positive or no-use.
    #[arg(long, value_name = "WORD")]
    pub outcome: String,
    /// How often it was seen, with `sighted`.
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub times: u32,
    /// Only objects of this release, by at least eight digits of its digest.
    #[arg(long, value_name = "ACT")]
    pub release: Option<String>,
    /// In words.
    #[arg(long, default_value = "")]
    pub note: String,
    #[command(flatten)]
    pub role: RoleArg,
}

/// The same, as a node is told it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedbackCommand {
    accord: String,
    value: Option<String>,
    outcome: String,
    times: u32,
    release: Option<String>,
    note: String,
    role: Option<String>,
}

impl From<FeedbackArgs> for FeedbackCommand {
    fn from(args: FeedbackArgs) -> FeedbackCommand {
        let FeedbackArgs { accord, value, outcome, times, release, note, role } = args;
        FeedbackCommand { accord, value, outcome, times, release, note, role: role.role }
    }
}

impl Engine {
    /// Says what came of received objects; the answer is a report for each act.
    pub fn feedback(&self, command: &FeedbackCommand) -> Result<Value, Failure> {
        let upshot: Upshot = command
            .outcome
            .parse()
            .map_err(|error| Failure::usage("unknown_outcome", error, "see `feedback --help`"))?;
        let role = parse_role(command.role.as_deref())?;
        let (accord, acts) = {
            let mut node = self.shared.lock();
            let accord = node.find_accord(&command.accord)?;
            let telling = Telling {
                value: command.value.as_deref(),
                release: command.release.as_deref(),
                upshot,
                sighted: command.times,
                note: &command.note,
            };
            (accord, node.feedback(accord, &telling, role)?)
        };
        let reports = acts.into_iter().map(|act| self.report(accord, act));
        Ok(Value::Array(reports.collect::<Result<_, _>>()?))
    }

    /// Erases what may no longer be kept, and brings the acts that say so to the others.
    pub fn expire(&self) -> Result<Value, Failure> {
        let report = self.shared.lock().erase_expired()?;
        tools::settle(&self.home, &self.shared)?;
        let mut slugs: Vec<&String> = report.acts.iter().map(|(slug, _)| slug).collect();
        slugs.dedup();
        for slug in slugs {
            let accord = self.shared.lock().find_accord(slug)?;
            self.exchange(accord)?;
        }
        json(&report)
    }
}
