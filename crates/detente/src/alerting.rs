//! The command `alerts`: what would let more leave than before, and the auditor's word on it.

use clap::{Args, Subcommand};
use detente_node::report::ActReport;
use detente_table::AlertReport;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::args::RoleArg;
use crate::command::{Command, Engine, json, parse_role};
use crate::fail::{Failure, exit};
use crate::verb::Context;
use crate::{output, print_json};

/// What `alerts` takes.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct AlertsArgs {
    /// One accord; all without it.
    pub accord: Option<String>,
    /// Those too that this party's auditor has acknowledged.
    #[arg(long)]
    pub all: bool,
    #[command(subcommand)]
    pub verb: Option<AlertsVerb>,
}

/// What can be done about alerts.
#[derive(Debug, Subcommand)]
pub enum AlertsVerb {
    /// Put on record that the auditor has seen alerts.
    Acknowledge {
        /// The accord.
        accord: String,
        /// The acts that the alerts name, at least eight digits of each; all open ones without it.
        acts: Vec<String>,
        /// A remark.
        #[arg(long, default_value = "")]
        note: String,
        #[command(flatten)]
        role: RoleArg,
    },
}

/// What a node can be told about alerts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "alert")]
pub enum AlertCommand {
    /// List.
    List { accord: Option<String>, all: bool },
    /// Acknowledge.
    Acknowledge { accord: String, acts: Vec<String>, note: String, role: Option<String> },
}

/// Lists alerts, or acknowledges some. The exit code says whether any is open.
pub fn alerts(context: &Context, args: AlertsArgs) -> Result<u8, Failure> {
    match args.verb {
        Some(AlertsVerb::Acknowledge { accord, acts, note, role }) => {
            let role = role.role;
            let command = AlertCommand::Acknowledge { accord, acts, note, role };
            context.show::<Vec<ActReport>>(&Command::Alert(command), |all| {
                all.iter().for_each(output::act);
            })
        }
        None => {
            let command = AlertCommand::List { accord: args.accord, all: args.all };
            let (reports, value) = context.ask::<Vec<AlertReport>>(&Command::Alert(command))?;
            if context.json {
                print_json(&value);
            } else {
                output::alerts(&reports);
            }
            let open = reports.iter().any(|report| report.seen.is_none());
            Ok(if open { exit::REFUSED } else { 0 })
        }
    }
}

impl Engine {
    /// Does what it is told about alerts; the answer is the report as JSON.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn alert(&self, command: &AlertCommand) -> Result<Value, Failure> {
        match command {
            AlertCommand::List { accord, all } => {
                let mut reports = Vec::new();
                for accord in self.named_or_all(accord.as_deref())? {
                    self.exchange(accord)?;
                    reports.extend(self.shared.lock().alerts(accord, *all)?);
                }
                json(&reports)
            }
            AlertCommand::Acknowledge { accord, acts, note, role } => {
                let role = parse_role(role.as_deref())?;
                let (accord, entered) = {
                    let mut node = self.shared.lock();
                    let accord = node.find_accord(accord)?;
                    (accord, node.acknowledge_alerts(accord, (acts, note), role)?)
                };
                let reports: Result<Vec<Value>, Failure> =
                    entered.into_iter().map(|act| self.report(accord, act)).collect();
                Ok(Value::Array(reports?))
            }
        }
    }
}
