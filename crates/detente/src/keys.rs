//! The command `key`: who holds which key, new keys, lent powers, keys that are no longer good.
//!
//! New keys are made where the home lies and nobody serves it; statements on keys are kept in the
//! home's folder `statements` and entered in every accord. The root key is needed for cards and for
//! what revokes any key; it may lie elsewhere (`--root`).

mod make;
mod statements;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use detente_core::UnixSeconds;
use detente_core::act::{ActKind, Body};
use detente_core::key::Suite;
use detente_core::party::Role;
use detente_core::roster::Cause;
use detente_node::report::{DeliveryReport, RosterReport};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::command::{Command, Engine, json as to_json};
use crate::fail::Failure;
use crate::home::{Home, read_bounded};
use crate::verb::Context;
use crate::{output, print_json};

pub use make::Made;
pub use statements::load;

/// Longest file of a revocation, in bytes.
const MAX_REVOCATION_FILE: u64 = 16 * 1024;

/// Commands on keys.
#[derive(Debug, Subcommand)]
pub enum KeyVerb {
    /// List the keys of all parties as the record of each accord has them, ended ones too.
    List {
        /// Of this accord alone.
        accord: Option<String>,
    },
    /// Put a new key in the place of a role's key; both sign it. Needs no root key.
    Rotate {
        /// The role.
        role: Role,
    },
    /// Make new keys for roles, and a new card that the root key signs: for keys that are lost.
    Renew(RenewArgs),
    /// Let a new key use some powers of a role until a time.
    Delegate(DelegateArgs),
    /// Say that a key is no longer good: it counts from now on, in every accord.
    Revoke(RevokeArgs),
    /// Sign emergency revocations of every key with the root key, to be kept offline: whoever has
    /// such a file can end that key, from any home.
    Prepare {
        /// The folder to write them to.
        #[arg(long)]
        out: PathBuf,
        #[command(flatten)]
        root: RootArgs,
    },
    /// Enter a revocation that was signed beforehand, of this party or of another one.
    Enter {
        /// The file that `key prepare` wrote.
        file: PathBuf,
    },
}

/// Where the root key is.
#[derive(Debug, Args)]
pub struct RootArgs {
    /// The file of the root key, if it is not in the home; same passphrase.
    #[arg(long, value_name = "FILE")]
    pub root: Option<PathBuf>,
}

/// What `key renew` takes.
#[derive(Debug, Args)]
pub struct RenewArgs {
    /// The roles.
    pub roles: Vec<Role>,
    /// Make a new transport key too. The others can reach this node only once they have added the
    /// new card by hand.
    #[arg(long)]
    pub transport: bool,
    #[command(flatten)]
    pub root: RootArgs,
}

/// What `key delegate` takes.
#[derive(Debug, Args)]
pub struct DelegateArgs {
    /// The role whose powers are lent; its card must give it the power to delegate.
    pub role: Role,
    /// Who will hold the key, for people.
    #[arg(long)]
    pub to: String,
    /// The acts, as in `accord history`: sign,refuse
    #[arg(long, value_delimiter = ',', required = true)]
    pub may: Vec<ActKind>,
    /// Until when: 2027-01-31 or 2027-01-31T12:00:00Z.
    #[arg(long, value_parser = time)]
    pub until: UnixSeconds,
    /// In this accord alone.
    #[arg(long)]
    pub accord: Option<String>,
    /// The suite of the key: that of the accords in which it is to sign.
    #[arg(long, default_value = "hybrid")]
    pub suite: Suite,
}

/// What `key revoke` takes.
#[derive(Debug, Args)]
pub struct RevokeArgs {
    /// A role, or the first digits of a key's id (eight or more).
    pub key: String,
    /// Why: lost, compromised, retired or emergency. With compromised and emergency, keys that have
    /// followed it end with it.
    #[arg(long)]
    pub cause: Cause,
    /// Since when it may have been in other hands: shown to the others, changes nothing.
    #[arg(long, value_parser = time)]
    pub since: Option<UnixSeconds>,
    #[command(flatten)]
    pub root: RootArgs,
}

/// What a node can be told about keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "key")]
pub enum KeyCommand {
    /// The rosters.
    List { accord: Option<String> },
    /// Enter what the logs lack; with a fresh statement on an own key, as hex of its file.
    Enter { statement: Option<String> },
    /// Enter another party's revocation, hex.
    Revocation { statement: String },
}

/// What became of a statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyActReport {
    /// Acts that were entered, over all accords.
    pub entered: u64,
    /// To whom they went.
    pub delivered: Vec<DeliveryReport>,
}

/// Does what was typed.
pub fn run(context: &Context, verb: KeyVerb) -> Result<u8, Failure> {
    match verb {
        KeyVerb::List { accord } => {
            let command = Command::Keys(KeyCommand::List { accord });
            let (reports, value) = context.ask::<Vec<RosterReport>>(&command)?;
            if context.json {
                print_json(&value);
            } else {
                output::rosters(&reports);
            }
            Ok(0)
        }
        KeyVerb::Rotate { role } => {
            let made = make::rotate(context, role)?;
            entered(context, &made, None)
        }
        KeyVerb::Renew(args) => {
            let made = make::renew(context, &args)?;
            entered(context, &made, None)
        }
        KeyVerb::Delegate(args) => {
            let made = make::delegate(context, &args)?;
            entered(context, &made, None)
        }
        KeyVerb::Revoke(args) => {
            let (made, statement) = make::revoke(context, &args)?;
            entered(context, &made, Some(statement))
        }
        KeyVerb::Prepare { out, root } => {
            let made = make::prepare(context, &out, &root)?;
            show(context, &made, &Value::Null);
            Ok(0)
        }
        KeyVerb::Enter { file } => enter(context, &file),
    }
}

/// Enters what was made in every accord, and says what became of it.
fn entered(context: &Context, made: &[Made], statement: Option<Body>) -> Result<u8, Failure> {
    let statement = statement.map(|body| hex::encode(statements::encode(&body)));
    let command = Command::Keys(KeyCommand::Enter { statement });
    let (_, value) = context.ask::<KeyActReport>(&command)?;
    show(context, made, &value);
    Ok(0)
}

fn enter(context: &Context, file: &Path) -> Result<u8, Failure> {
    let bytes = read_bounded(file, MAX_REVOCATION_FILE)?;
    let revocation = statements::unarmour(&bytes)?;
    let (made, own) = make::taken(context, &revocation)?;
    let command = match own {
        Some(body) => KeyCommand::Enter { statement: Some(hex::encode(statements::encode(&body))) },
        None => KeyCommand::Revocation { statement: hex::encode(&revocation) },
    };
    let (_, value) = context.ask::<KeyActReport>(&Command::Keys(command))?;
    show(context, &[made], &value);
    Ok(0)
}

fn show(context: &Context, made: &[Made], report: &Value) {
    if context.json {
        print_json(&json!({ "made": made, "record": report }));
    } else {
        let report = KeyActReport::deserialize(report).ok();
        output::keys_made(made, report.as_ref());
    }
}

impl Engine {
    /// Does what is told about keys.
    pub fn keys(&self, command: &KeyCommand) -> Result<Value, Failure> {
        let entered = match command {
            KeyCommand::List { accord } => {
                let node = self.shared.lock();
                let accord = accord.as_deref().map(|name| node.find_accord(name)).transpose()?;
                return to_json(&node.rosters(accord)?);
            }
            KeyCommand::Enter { statement } => {
                let mut node = self.shared.lock();
                if let Some(statement) = statement {
                    node.add_statement(statements::decode(&from_hex(statement)?)?);
                }
                node.enter_keys()?
            }
            KeyCommand::Revocation { statement } => {
                self.shared.lock().enter_revocation(&from_hex(statement)?)?
            }
        };
        let accords: Vec<_> = {
            let node = self.shared.lock();
            node.accords().into_iter().map(|(id, _)| id).collect()
        };
        let mut delivered = Vec::new();
        if entered > 0 {
            for accord in accords {
                delivered.extend(self.exchange(accord)?);
            }
        }
        to_json(&KeyActReport { entered, delivered })
    }
}

fn from_hex(text: &str) -> Result<Vec<u8>, Failure> {
    hex::decode(text).map_err(|_| Failure::usage("statement_hex", "the statement is not hex", ""))
}

fn time(text: &str) -> Result<UnixSeconds, String> {
    UnixSeconds::parse(text).map_err(|error| error.to_string())
}

/// The folder of a home's statements.
fn folder(home: &Home) -> PathBuf {
    home.dir().join("statements")
}
