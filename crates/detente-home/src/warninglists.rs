//! The warninglists of a home: the files as they came, and what the operator wants of each.
//!
//! `warninglists/` holds one file a list, named by the digest of the list's name, and
//! `settings.json`, an object from name to setting. A list without a setting informs.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use detente_core::Digest;
use detente_desk::ListReport;
use detente_warn::{Index, List, MAX_LIST, MAX_LISTS, Setting};

use crate::fail::{Failure, chain};
use crate::home::{Home, read_bounded, write_secret};

/// Longest file of settings. Bytes.
const MAX_SETTINGS: u64 = 4 * 1024 * 1024;
/// Refused entries that are shown of a list.
const SHOWN: usize = 5;

/// The warninglists of a home.
#[derive(Clone, Debug)]
pub struct Warninglists {
    dir: PathBuf,
}

impl Warninglists {
    /// Those of this home.
    pub fn of(home: &Home) -> Warninglists {
        Warninglists { dir: home.dir().join("warninglists") }
    }

    /// Adds a list from a file, or replaces the one of its name. Without a setting a list keeps the
    /// one that it had; a new one informs.
    ///
    /// # Errors
    /// [`Failure`]: no list, too many, or the disk.
    pub fn add(&self, file: &Path, setting: Option<Setting>) -> Result<ListReport, Failure> {
        let bytes = read_bounded(file, MAX_LIST as u64)?;
        let list = read(&bytes, file)?;
        let path = self.path(list.name());
        let replaced = path.exists();
        if !replaced && self.files()?.len() >= MAX_LISTS {
            let words = format!("there are {MAX_LISTS} warninglists");
            return Err(Failure::refused("too_many_lists", words, "remove some"));
        }
        let mut settings = self.settings()?;
        if let Some(setting) = setting {
            settings.insert(list.name().to_owned(), setting);
        }
        let setting = settings.get(list.name()).copied().unwrap_or(Setting::Inform);
        fs::create_dir_all(&self.dir)
            .map_err(|error| Failure::io("creating", &self.dir, &error))?;
        // The setting first: a list that should only be looked at never blocks for a moment.
        self.put_settings(&settings)?;
        write_secret(&path, &bytes)?;
        let mut report = report(&list, setting);
        report.replaced = Some(replaced);
        Ok(report)
    }

    /// All lists, by name.
    ///
    /// # Errors
    /// [`Failure`] from the disk, or a file that is no list any more.
    pub fn list(&self) -> Result<Vec<ListReport>, Failure> {
        let mut all: Vec<ListReport> =
            self.read_all()?.iter().map(|(list, setting)| report(list, *setting)).collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(all)
    }

    /// Sets what hits on a list do.
    ///
    /// # Errors
    /// [`Failure`]: no such list, or the disk.
    pub fn set(&self, name: &str, setting: Setting) -> Result<ListReport, Failure> {
        let list = self.find(name)?;
        let mut settings = self.settings()?;
        settings.insert(list.name().to_owned(), setting);
        self.put_settings(&settings)?;
        Ok(report(&list, setting))
    }

    /// Takes a list away.
    ///
    /// # Errors
    /// [`Failure`]: no such list, or the disk.
    pub fn remove(&self, name: &str) -> Result<ListReport, Failure> {
        let list = self.find(name)?;
        let path = self.path(list.name());
        fs::remove_file(&path).map_err(|error| Failure::io("removing", &path, &error))?;
        let mut settings = self.settings()?;
        let setting = settings.remove(list.name()).unwrap_or(Setting::Inform);
        self.put_settings(&settings)?;
        Ok(report(&list, setting))
    }

    /// All lists as one structure; none if there is no list.
    ///
    /// # Errors
    /// [`Failure`] from the disk, or lists that are too large together.
    pub fn index(&self) -> Result<Option<Index>, Failure> {
        let lists = self.read_all()?;
        if lists.is_empty() {
            return Ok(None);
        }
        let index = Index::build(lists).map_err(|fault| {
            let remedy = "set some lists off, or remove them";
            Failure::refused(fault.code(), chain(&fault), remedy)
        })?;
        Ok(Some(index))
    }

    fn path(&self, name: &str) -> PathBuf {
        let digest = Digest::plain(name.as_bytes()).to_string();
        self.dir.join(format!("{digest}.json"))
    }

    /// The list of this name, or the one in whose name these words stand.
    fn find(&self, name: &str) -> Result<List, Failure> {
        let path = self.path(name);
        if path.exists() {
            return read(&read_bounded(&path, MAX_LIST as u64)?, &path);
        }
        let words = name.to_lowercase();
        let mut meant: Vec<List> = self.read_all()?.into_iter().map(|(list, _)| list).collect();
        meant.retain(|list| list.name().to_lowercase().contains(&words));
        let names: Vec<&str> = meant.iter().map(List::name).take(SHOWN).collect();
        let words = match names.as_slice() {
            [_] => return Ok(meant.remove(0)),
            [] => format!("there is no warninglist {name:?}"),
            names => format!("{name:?} could be {}", names.join(", or ")),
        };
        Err(Failure::usage("unknown", words, "see `detente warninglist list`"))
    }

    /// The files of lists.
    fn files(&self) -> Result<Vec<PathBuf>, Failure> {
        let failed = |error: &std::io::Error| Failure::io("reading", &self.dir, error);
        let entries = match self.dir.read_dir() {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(&error)),
        };
        let mut files = Vec::new();
        for entry in entries {
            let path = entry.map_err(|error| failed(&error))?.path();
            let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or("");
            let is_list = stem.parse::<Digest>().is_ok();
            if is_list && path.extension().is_some_and(|end| end == "json") {
                files.push(path);
            }
        }
        files.sort();
        Ok(files)
    }

    fn read_all(&self) -> Result<Vec<(List, Setting)>, Failure> {
        let settings = self.settings()?;
        let mut lists = Vec::new();
        for path in self.files()?.into_iter().take(MAX_LISTS) {
            let list = read(&read_bounded(&path, MAX_LIST as u64)?, &path)?;
            let setting = settings.get(list.name()).copied().unwrap_or(Setting::Inform);
            lists.push((list, setting));
        }
        Ok(lists)
    }

    fn settings(&self) -> Result<BTreeMap<String, Setting>, Failure> {
        let path = self.dir.join("settings.json");
        if !path.exists() {
            return Ok(BTreeMap::new());
        }
        serde_json::from_slice(&read_bounded(&path, MAX_SETTINGS)?).map_err(|error| {
            let words = format!("{}: {error}", path.display());
            Failure::environment("settings", words, "mend the file, or take it away")
        })
    }

    fn put_settings(&self, settings: &BTreeMap<String, Setting>) -> Result<(), Failure> {
        let bytes = serde_json::to_vec_pretty(settings)
            .map_err(|error| Failure::environment("json", error, "report this"))?;
        write_secret(&self.dir.join("settings.json"), &bytes)
    }
}

fn read(bytes: &[u8], file: &Path) -> Result<List, Failure> {
    List::read(bytes).map_err(|fault| {
        let words = format!("{}: {}", file.display(), chain(&fault));
        let remedy = "give a list.json as MISP's warninglists have it";
        Failure::refused(fault.code(), words, remedy)
    })
}

fn report(list: &List, setting: Setting) -> ListReport {
    let shown = list.refusals().iter().take(SHOWN).map(|refusal| {
        format!("entry {}, {:?}: {}", refusal.entry, refusal.excerpt, chain(&refusal.fault))
    });
    ListReport {
        name: list.name().to_owned(),
        version: list.version(),
        match_type: list.match_type().name().to_owned(),
        entries: list.entries() as u64,
        refused: list.refused_total() as u64,
        refusals: shown.collect(),
        setting,
        replaced: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_lists() -> (tempfile::TempDir, Warninglists) {
        let dir = tempfile::tempdir().expect("a folder");
        let lists = Warninglists::of(&Home::at(dir.path()));
        (dir, lists)
    }

    fn put(dir: &tempfile::TempDir, text: &str) -> PathBuf {
        let path = dir.path().join("list.json");
        fs::write(&path, text).expect("written");
        path
    }

    #[test]
    fn a_list_keeps_its_setting_when_it_is_renewed() {
        let (dir, lists) = with_lists();
        assert!(lists.index().expect("no list").is_none());
        let file = put(&dir, r#"{"name":"Resolvers","list":["192.0.2.53"],"type":"cidr"}"#);
        let first = lists.add(&file, None).expect("added");
        assert_eq!(
            (first.setting, first.replaced, first.entries),
            (Setting::Inform, Some(false), 1)
        );
        lists.set("solve", Setting::Block).expect("set");
        let more = r#"{"name":"Resolvers","version":2,"list":["192.0.2.53","x"],"type":"cidr"}"#;
        let second = lists.add(&put(&dir, more), None).expect("added");
        assert_eq!((second.setting, second.replaced), (Setting::Block, Some(true)));
        assert_eq!((second.version, second.refused, second.refusals.len()), (2, 1, 1));
        let index = lists.index().expect("an index").expect("lists");
        assert_eq!(index.lists().len(), 1);
        lists.remove("Resolvers").expect("removed");
        assert!(lists.list().expect("lists").is_empty());
        // A new one of the same name begins anew.
        assert_eq!(lists.add(&put(&dir, more), None).expect("added").setting, Setting::Inform);
    }

    #[test]
    fn faults_are_named() {
        let (dir, lists) = with_lists();
        let fault = lists.add(&put(&dir, "[]"), None).expect_err("no list");
        assert!(fault.error.contains("list.json"), "{fault:?}");
        assert_eq!(lists.set("none", Setting::Off).expect_err("none").code, "unknown");
        assert_eq!(lists.remove("../../etc").expect_err("none").code, "unknown");
    }
}
