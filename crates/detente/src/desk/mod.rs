//! The analyst's desk: `export`, `warninglist`, and what tools of the house can read.

mod exporting;
mod previewing;
mod warninglist;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::command::{Engine, OnProgress, Progress, json};
use crate::fail::Failure;
use crate::tools;

pub use exporting::{ExportArgs, ExportCommand, export};
pub use previewing::previewing;
pub use warninglist::{WarnCommand, WarnVerb, Warnings, warninglist};

/// Indicators that a search for words gives at most. Count.
const MAX_FOUND: usize = 10_000;
/// Contexts whose words are read while the node is held. Count.
pub const WORDS_AT_ONCE: usize = 5_000;

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
                self.read_words(progress)?;
                json(&self.shared.lock().find_words(text, (*limit).min(MAX_FOUND))?)
            }
            DeskCommand::Collections => {
                let offers = tools::offers(&self.shared, &self.feeds.read()?)?;
                json(&offers.into_iter().map(|(offer, _)| offer).collect::<Vec<_>>())
            }
        }
    }

    /// Reads the words of what has been said since they were read last; the node is held for a
    /// moment at a time.
    fn read_words(&self, progress: OnProgress<'_>) -> Result<(), Failure> {
        let total = self.shared.lock().read_words(0)?;
        let mut left = total;
        while left > 0 {
            left = self.shared.lock().read_words(WORDS_AT_ONCE)?;
            let done = total.saturating_sub(left);
            let (what, note) = ("words".to_owned(), String::new());
            progress(Progress { what, done, total, note, counts: true });
        }
        Ok(())
    }
}
