//! `accord`: the negotiating table. What was typed becomes a motion, and the answers are printed.

mod args;
mod input;

pub use args::TableVerb;

use detente_node::By;
use detente_table::Motion;
use detente_table::duties::Whose;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::command::{Engine, json, parse_role};
use crate::fail::Failure;

/// What a node can be told at the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "table")]
pub enum TableCommand {
    /// Open an accord before there is a text.
    Open { slug: String, with: Vec<String> },
    /// Enter an act.
    Move {
        accord: String,
        motion: Box<Motion>,
        role: Option<String>,
        unconfirmed: bool,
        supersedes: Option<String>,
    },
    /// Where each party stands.
    Positions { accord: String, at: Option<String> },
    /// Who owes what.
    Duties { accord: String, whose: Whose, at: Option<String> },
    /// What binds whom.
    Matrix { accord: String, at: Option<String> },
    /// What is applied before a text is in force, by what is here.
    Applied { accord: String },
    /// The text under negotiation.
    Words { accord: String, language: Option<String> },
    /// The accounts of meetings side by side.
    Meetings { accord: String },
}

impl Engine {
    /// Does what it is told at the table; the answer is the report as JSON.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn table(&self, command: &TableCommand) -> Result<Value, Failure> {
        match command {
            TableCommand::Open { slug, with } => {
                let mut node = self.shared.lock();
                let parties = with.iter().map(|name| node.find_party(name));
                let parties = parties.collect::<Result<Vec<_>, _>>()?;
                let accord = node.open_accord(slug, &parties)?;
                json(&node.status(accord)?)
            }
            TableCommand::Move { accord, motion, role, unconfirmed, supersedes } => {
                let role = parse_role(role.as_deref())?;
                let (accord, act) = {
                    let mut node = self.shared.lock();
                    let accord = node.find_accord(accord)?;
                    let supersedes = supersedes.as_deref().map(|name| node.find_act(accord, name));
                    let supersedes = supersedes.transpose()?;
                    let by = By { role, unconfirmed: *unconfirmed, supersedes };
                    (accord, node.move_motion(accord, motion, by)?)
                };
                self.report(accord, act)
            }
            TableCommand::Positions { accord, at } => {
                let at = time(at.as_deref())?;
                let accord = self.asked(accord)?;
                json(&self.shared.lock().positions(accord, at)?)
            }
            TableCommand::Duties { accord, whose, at } => {
                let at = time(at.as_deref())?;
                let accord = self.asked(accord)?;
                json(&self.shared.lock().duties(accord, *whose, at)?)
            }
            TableCommand::Matrix { accord, at } => {
                let at = time(at.as_deref())?;
                let accord = self.asked(accord)?;
                json(&self.shared.lock().matrix(accord, at)?)
            }
            TableCommand::Applied { accord } => {
                let node = self.shared.lock();
                let matrix = node.matrix(node.find_accord(accord)?, None)?;
                json(&detente_table::exposure::applied(matrix.as_ref()))
            }
            // As the plain text: what is here, so that a party that never answers holds nobody up.
            TableCommand::Words { accord, language } => {
                let node = self.shared.lock();
                json(&node.words(node.find_accord(accord)?, language.as_deref())?)
            }
            TableCommand::Meetings { accord } => {
                let accord = self.asked(accord)?;
                json(&self.shared.lock().meetings(accord)?)
            }
        }
    }

    /// An accord, with what the others have signed in the meantime.
    fn asked(&self, name: &str) -> Result<detente_core::AccordId, Failure> {
        let accord = self.shared.lock().find_accord(name)?;
        self.exchange(accord)?;
        Ok(accord)
    }
}

/// A time that a person writes.
pub fn time(text: Option<&str>) -> Result<Option<detente_core::UnixSeconds>, Failure> {
    let read = text.map(detente_core::UnixSeconds::parse).transpose();
    read.map_err(|error| {
        let remedy = "write a day such as 2027-12-31 or a moment such as 2027-12-31T12:00:00Z";
        Failure::usage("bad_time", error, remedy)
    })
}
