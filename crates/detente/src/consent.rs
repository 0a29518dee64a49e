//! The command `consent`: an originator is asked, and answers.

use clap::Subcommand;
use detente_core::Purpose;
use detente_node::{Narrow, Wish};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::args::RoleArg;
use crate::command::{Engine, json, parse_role};
use crate::fail::Failure;
use crate::table::time;

/// Commands on an originator's consent.
#[derive(Debug, Subcommand)]
pub enum ConsentVerb {
    /// Ask the originator whether what was received may go on. Prints the request, by digest.
    Ask {
        /// The accord under which it is to go on.
        accord: String,
        /// What: values, or addresses of received objects as `search --json` prints them.
        #[arg(required = true)]
        of: Vec<String>,
        /// To whom.
        #[arg(long, value_name = "PARTY")]
        to: Option<String>,
        /// Who is asked, where several released it.
        #[arg(long, value_name = "PARTY")]
        originator: Option<String>,
        /// For this purpose alone: network-defence, incident-response, threat-research,
        /// public-warning, law-enforcement or intelligence.
        #[arg(long)]
        purpose: Option<String>,
        /// Until which day or moment.
        #[arg(long, value_name = "TIME")]
        until: String,
        /// Why.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        role: RoleArg,
    },
    /// Consent to what another party asks, or to less of it.
    Give {
        /// The accord of the request.
        accord: String,
        /// The request, by the start of its digest.
        ask: String,
        /// Only this object, by the start of its address; may be repeated.
        #[arg(long, value_name = "ADDRESS")]
        only: Vec<String>,
        /// Until an earlier day or moment than was asked.
        #[arg(long, value_name = "TIME")]
        until: Option<String>,
        /// A note.
        #[arg(long, default_value = "")]
        note: String,
        #[command(flatten)]
        role: RoleArg,
    },
    /// Refuse what another party asks.
    Refuse {
        /// The accord of the request.
        accord: String,
        /// The request, by the start of its digest.
        ask: String,
        /// Why.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        role: RoleArg,
    },
    /// Every request and what became of it.
    List {
        /// One accord; all without it.
        accord: Option<String>,
    },
}

/// What a node can be told about consent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "consent")]
pub enum ConsentCommand {
    /// Ask.
    Ask(AskCommand),
    /// Consent.
    Give {
        accord: String,
        ask: String,
        only: Vec<String>,
        until: Option<String>,
        note: String,
        role: Option<String>,
    },
    /// Refuse.
    Refuse { accord: String, ask: String, reason: String, role: Option<String> },
    /// Every request.
    List { accord: Option<String> },
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskCommand {
    accord: String,
    of: Vec<String>,
    to: Option<String>,
    originator: Option<String>,
    purpose: Option<String>,
    until: String,
    reason: String,
    role: Option<String>,
}

impl ConsentVerb {
    /// The command.
    pub fn command(self) -> Result<ConsentCommand, Failure> {
        Ok(match self {
            ConsentVerb::Ask { accord, of, to, originator, purpose, until, reason, role } => {
                let role = role.role;
                ConsentCommand::Ask(AskCommand {
                    accord,
                    of,
                    to,
                    originator,
                    purpose,
                    until,
                    reason,
                    role,
                })
            }
            ConsentVerb::Give { accord, ask, only, until, note, role } => {
                ConsentCommand::Give { accord, ask, only, until, note, role: role.role }
            }
            ConsentVerb::Refuse { accord, ask, reason, role } => {
                ConsentCommand::Refuse { accord, ask, reason, role: role.role }
            }
            ConsentVerb::List { accord } => ConsentCommand::List { accord },
        })
    }
}

impl Engine {
    /// Does what it is told about consent.
    pub fn consent(&self, command: &ConsentCommand) -> Result<Value, Failure> {
        match command {
            ConsentCommand::Ask(ask) => self.ask_consent(ask),
            ConsentCommand::Give { accord, ask, only, until, note, role } => {
                let role = parse_role(role.as_deref())?;
                let accord = self.shared.lock().find_accord(accord)?;
                // What was asked a moment ago should be here.
                self.exchange(accord)?;
                let narrow = Narrow {
                    only: only.clone(),
                    until: time(until.as_deref())?,
                    note: note.clone(),
                };
                let act = self.shared.lock().give_consent(accord, ask, (&narrow, role))?;
                self.report(accord, act)
            }
            ConsentCommand::Refuse { accord, ask, reason, role } => {
                let role = parse_role(role.as_deref())?;
                let accord = self.shared.lock().find_accord(accord)?;
                self.exchange(accord)?;
                let act = self.shared.lock().refuse_consent(accord, ask, (reason, role))?;
                self.report(accord, act)
            }
            ConsentCommand::List { accord } => {
                let accords = match accord {
                    Some(name) => vec![self.shared.lock().find_accord(name)?],
                    None => self.shared.lock().accords().into_iter().map(|(id, _)| id).collect(),
                };
                let mut reports = Vec::new();
                for accord in accords {
                    self.exchange(accord)?;
                    reports.extend(self.shared.lock().consents(accord)?);
                }
                json(&reports)
            }
        }
    }

    fn ask_consent(&self, ask: &AskCommand) -> Result<Value, Failure> {
        let role = parse_role(ask.role.as_deref())?;
        let purpose = ask.purpose.as_deref().map(str::parse::<Purpose>).transpose();
        let purpose = purpose.map_err(|error| {
            Failure::usage("unknown_purpose", error, "`detente consent ask --help` lists them")
        })?;
        let until = time(Some(&ask.until))?.unwrap_or(detente_core::UnixSeconds::MAX);
        let accord = self.shared.lock().find_accord(&ask.accord)?;
        let to = self.receiver(accord, ask.to.as_deref())?;
        let (home, act) = {
            let mut node = self.shared.lock();
            let originator = ask.originator.as_deref().map(|name| node.find_party(name));
            let wish = Wish {
                of: ask.of.clone(),
                originator: originator.transpose()?,
                accord,
                to,
                purpose,
                run: None,
                until,
                reason: ask.reason.clone(),
            };
            node.ask_consent(&wish, role)?
        };
        self.report(home, act)
    }
}
