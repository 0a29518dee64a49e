//! The analyst's desk: `export`, `warninglist`, and what tools of the house can read.

mod exporting;
mod previewing;
mod warninglist;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::command::{Engine, OnProgress, json};
use crate::fail::Failure;
use crate::tools;

pub use exporting::{ExportArgs, ExportCommand, export};
pub use previewing::previewing;
pub use warninglist::{WarnCommand, WarnVerb, Warnings, warninglist};

/// Indicators that a search for words gives at most. Count.
const MAX_FOUND: usize = 10_000;

/// What a node can be told at the desk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "desk")]
pub enum DeskCommand {
    /// Export the own list for other programs.
    Export(ExportCommand),
    /// What is too common to act on.
    Warn(WarnCommand),
    /// What tools of the house can read.
    Collections,
    /// Which own indicators have words said of them.
    Words { text: String, limit: usize },
}

impl Engine {
    /// Does what it is told at the desk.
    pub fn at_the_desk(
        &self,
        command: &DeskCommand,
        progress: OnProgress<'_>,
    ) -> Result<Value, Failure> {
        match command {
            DeskCommand::Export(export) => self.export_list(export, progress),
            DeskCommand::Warn(warn) => self.warn(warn, progress),
            DeskCommand::Words { text, limit } => {
                json(&self.shared.lock().find_words(text, (*limit).min(MAX_FOUND))?)
            }
            DeskCommand::Collections => {
                let offers = tools::offers(&self.shared, &self.feeds.read()?)?;
                json(&offers.into_iter().map(|(offer, _)| offer).collect::<Vec<_>>())
            }
        }
    }
}
