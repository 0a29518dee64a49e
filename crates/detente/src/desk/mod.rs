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
            DeskCommand::Collections => {
                let offers = tools::offers(&self.shared)?;
                json(&offers.into_iter().map(|(offer, _)| offer).collect::<Vec<_>>())
            }
        }
    }
}
