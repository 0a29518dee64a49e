//! `warninglist`: which values are too common to act on, by lists of others.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use clap::Subcommand;
use detente_desk::{AddedReport, ListReport};
use detente_home::warninglists::Warninglists;
use detente_intel::Observable;
use detente_node::report::WarnHit;
use detente_warn::{Index, Setting};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::DeskCommand;
use crate::command::{Command, Engine, OnProgress, Progress, json};
use crate::fail::{Failure, exit};
use crate::home::Home;
use crate::output;
use crate::verb::Context;

/// Folders in a folder of lists that are looked into, and entries that are looked at.
const MAX_DEPTH: usize = 4;
const MAX_LOOKED_AT: usize = 100_000;

/// Lists of values that are too common to act on.
#[derive(Debug, Subcommand)]
pub enum WarnVerb {
    /// Add lists in the format of MISP's warninglists, or renew those of the same names.
    ///
    /// Exit code 1 if a file is no list: the others are added all the same.
    Add {
        /// Files (`list.json`), or folders with such files in them.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// What a hit does: off, inform or block. Without it a list keeps its setting, and a new
        /// one informs.
        #[arg(long)]
        setting: Option<Setting>,
    },
    /// All lists.
    List,
    /// Say what a hit on a list does: `off`: it is not looked at; `inform`: imports, searches and
    /// exports tell of it; `block`: it is also left out of exports.
    Set {
        /// The list, by name, or by words that stand in no other name.
        name: String,
        /// off, inform or block.
        setting: Setting,
    },
    /// Take a list away.
    Remove {
        /// The list, by name.
        name: String,
    },
}

/// What a node can be told about warninglists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "warn")]
pub enum WarnCommand {
    /// Add or renew lists.
    Add { files: Vec<PathBuf>, setting: Option<Setting> },
    /// All lists.
    List,
    /// What hits on a list do.
    Set { name: String, setting: Setting },
    /// Take a list away.
    Remove { name: String },
}

/// The lists of a home, built when they are first asked.
pub struct Warnings {
    lists: Warninglists,
    built: Mutex<Option<Option<Arc<Index>>>>,
    /// Held while lists are changed: two changes at once would lose one.
    changing: Mutex<()>,
}

impl Warnings {
    /// Those of a home.
    pub fn of(home: &Home) -> Warnings {
        Warnings {
            lists: Warninglists::of(home),
            built: Mutex::new(None),
            changing: Mutex::new(()),
        }
    }

    /// The structure over all lists; none if there are none.
    pub fn index(&self) -> Result<Option<Arc<Index>>, Failure> {
        let mut built = self.built.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = &*built {
            return Ok(index.clone());
        }
        let index = self.lists.index()?.map(Arc::new);
        *built = Some(index.clone());
        Ok(index)
    }

    /// The lists that a value is on.
    pub fn hits(&self, observable: &Observable) -> Result<Vec<WarnHit>, Failure> {
        let index = self.index()?;
        Ok(index.map(|index| detente_desk::hits(&index, observable)).unwrap_or_default())
    }

    fn forget(&self) {
        *self.built.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Engine {
    /// Does what it is told about warninglists.
    pub fn warn(&self, command: &WarnCommand, progress: OnProgress<'_>) -> Result<Value, Failure> {
        let lists = &self.warnings.lists;
        let _changing = self.warnings.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = match command {
            WarnCommand::Add { files, setting } => {
                let mut reports = Vec::with_capacity(files.len());
                for (done, file) in (1..).zip(files) {
                    // A file that is no list holds up no other.
                    let (list, failed) = match lists.add(file, *setting) {
                        Ok(list) => (Some(list), None),
                        Err(failure) => (None, Some(failure.error)),
                    };
                    reports.push(AddedReport { file: file.clone(), list, failed });
                    let (what, note) = ("adding lists".to_owned(), String::new());
                    let total = files.len() as u64;
                    progress(Progress { what, done, total, note, counts: true });
                }
                json(&reports)
            }
            WarnCommand::List => return json(&lists.list()?),
            WarnCommand::Set { name, setting } => json(&vec![lists.set(name, *setting)?]),
            WarnCommand::Remove { name } => json(&vec![lists.remove(name)?]),
        };
        self.warnings.forget();
        answer
    }
}

/// Runs `warninglist`.
pub fn warninglist(context: &Context, verb: WarnVerb) -> Result<u8, Failure> {
    context.home().check()?;
    let command = match verb {
        WarnVerb::Add { files, setting } => {
            let mut found = Vec::new();
            for file in &files {
                lists_of(file, &mut found)?;
            }
            WarnCommand::Add { files: found, setting }
        }
        WarnVerb::List => WarnCommand::List,
        WarnVerb::Set { name, setting } => WarnCommand::Set { name, setting },
        WarnVerb::Remove { name } => WarnCommand::Remove { name },
    };
    let adds = matches!(command, WarnCommand::Add { .. });
    let command = Command::Desk(DeskCommand::Warn(command));
    if !adds {
        return context.show::<Vec<ListReport>>(&command, |reports| output::warninglists(reports));
    }
    let (reports, value) = context.ask::<Vec<AddedReport>>(&command)?;
    if context.json {
        crate::print_json(&value);
    } else {
        output::lists_added(&reports);
    }
    let failed = reports.iter().any(|report| report.failed.is_some());
    Ok(if failed { exit::REFUSED } else { 0 })
}

/// A file itself; of a folder every `list.json` in it.
fn lists_of(path: &Path, found: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let absolute =
        std::path::absolute(path).map_err(|error| Failure::io("naming", path, &error))?;
    if !absolute.is_dir() {
        found.push(absolute);
        return Ok(());
    }
    let before = found.len();
    let mut folders = vec![(absolute, 0)];
    let mut looked_at = 0;
    while let Some((folder, depth)) = folders.pop() {
        let failed = |error: std::io::Error| Failure::io("reading", &folder, &error);
        for entry in folder.read_dir().map_err(failed)? {
            looked_at += 1;
            if looked_at > MAX_LOOKED_AT {
                let words = format!("more than {MAX_LOOKED_AT} files and folders");
                return Err(Failure::usage("too_many_files", words, "name the lists' folder"));
            }
            let entry = entry.map_err(failed)?;
            let kind = entry.file_type().map_err(failed)?;
            if kind.is_dir() && depth < MAX_DEPTH {
                folders.push((entry.path(), depth + 1));
            } else if kind.is_file() && entry.file_name() == "list.json" {
                found.push(entry.path());
            }
        }
    }
    if found.len() == before {
        let words = format!("no list.json is in {}", path.display());
        return Err(Failure::usage("no_lists", words, "name the files themselves"));
    }
    found.sort();
    Ok(())
}
