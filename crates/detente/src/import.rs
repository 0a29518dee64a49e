//! Which files an import reads: those that are named, those in folders, and stdin.
//!
//! Is: a walk that accounts for everything it meets; what it does not hand over it reports. Is not:
//! the reading, which the process that holds the home does.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use detente_desk::Ended;
use detente_node::report::{FailedBy, ImportFailure, ImportReport};
use detente_read::CsvMapping;

use serde::{Deserialize, Serialize};

use crate::command::ImportFile;
use crate::fail::{Failure, exit};
use crate::home::Home;

/// Most entries of folders that one import looks at, and most files that it takes.
const MAX_FILES: usize = 100_000;
/// Folders in folders that an import goes into.
const MAX_FOLDER_DEPTH: usize = 32;
/// How the names of files begin that hold what goes from process to process.
const SPOOL: &str = "spool-";
/// Tries to keep stdin in a file that nobody sweeps away before it is locked.
const SPOOL_TRIES: usize = 8;

/// How to read what does not say it itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, clap::Args, Serialize, Deserialize)]
pub struct TableArgs {
    /// CSV: what a column means, MEANING=COLUMN; may be repeated. MEANING is value, type, tlp,
    /// label, comment, confidence, origin, first-seen, last-seen, valid-from, valid-until, or a
    /// kind such as domain; COLUMN its number from 1 or its name in the header. Without it the
    /// header decides.
    #[arg(long, value_name = "MEANING=COLUMN")]
    pub column: Vec<String>,
    /// CSV: what separates cells, one character, or `tab`; without it, it is guessed.
    #[arg(long, value_name = "CHAR")]
    pub delimiter: Option<String>,
    /// CSV: whether the first record is a header; without it, it is guessed.
    #[arg(long, value_name = "yes|no")]
    pub header: Option<String>,
    /// NDJSON of `detente export`: indicators keep the sources that they name, as for moving a list
    /// to another home. Without it they are words of this file's source.
    #[arg(long)]
    #[serde(default)]
    pub keep_sources: bool,
}

impl TableArgs {
    /// The mapping; none if nothing is said.
    pub fn mapping(&self) -> Result<Option<CsvMapping>, Failure> {
        let (delimiter, header) = (self.delimiter.as_deref(), self.header.as_deref());
        CsvMapping::of(&self.column, delimiter, header)
            .map_err(|fault| Failure::usage("bad_column", fault, "see `detente import --help`"))
    }
}

/// How files to import are named and read.
pub struct Naming {
    /// As what.
    pub format: String,
    /// The colour of what they do not mark.
    pub tlp: Option<String>,
    /// The source to name instead of the file.
    pub source: Option<String>,
    /// How tables are read.
    pub table: TableArgs,
}

/// What there is to import.
pub struct Found {
    /// What to read.
    pub files: Vec<ImportFile>,
    /// What is not read, and why.
    pub others: Vec<ImportReport>,
    _stdin: Option<Spool>,
}

/// Finds the files that these paths mean; `-` is stdin.
pub fn find(home: &Home, paths: &[PathBuf], naming: &Naming) -> Result<Found, Failure> {
    let mut given = BTreeSet::new();
    if let Some(twice) = paths.iter().find(|path| !given.insert(path.as_path())) {
        let words = format!("{} is given twice", twice.display());
        return Err(Failure::usage("path_twice", words, "name each file once"));
    }
    let mut walk = Walk::default();
    let mut stdin = None;
    for path in paths {
        if path == Path::new("-") {
            let spool = Spool::of(home)?;
            walk.files.push((spool.path.clone(), "-".to_owned()));
            stdin = Some(spool);
        } else if path.is_dir() {
            walk.named_folder(path)?;
        } else {
            walk.take(path.clone());
        }
    }
    if walk.files.len() > MAX_FILES {
        return Err(too_many());
    }
    let mut files = Vec::with_capacity(walk.files.len());
    for (path, name) in walk.files {
        let stem = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let own = if name == "-" { "stdin".to_owned() } else { stem.unwrap_or_default() };
        let path =
            std::path::absolute(&path).map_err(|error| Failure::io("naming", &path, &error))?;
        files.push(ImportFile {
            path,
            source: naming.source.clone().unwrap_or(own),
            name,
            format: naming.format.clone(),
            tlp: naming.tlp.clone(),
            table: naming.table.clone(),
        });
    }
    Ok(Found { files, others: walk.others, _stdin: stdin })
}

fn too_many() -> Failure {
    let words = format!("more than {MAX_FILES} files and folders");
    Failure::usage("too_many_files", words, "import them in parts")
}

/// The report on a file that can't be opened or looked at.
pub fn failed(file: &str, failure: &Failure) -> ImportReport {
    ImportReport {
        file: file.to_owned(),
        failed: Some(ImportFailure {
            by: FailedBy::File,
            code: failure.code.clone(),
            error: failure.error.clone(),
            remedy: failure.remedy.clone().unwrap_or_else(|| "check the file".to_owned()),
        }),
        ..ImportReport::default()
    }
}

/// How a command ends for which these were the files.
pub fn exit_code(reports: &[ImportReport]) -> u8 {
    match detente_desk::ended(reports) {
        Ended::Well => 0,
        Ended::Refused => exit::REFUSED,
        Ended::Failed => exit::ENVIRONMENT,
    }
}

/// What has been found so far.
#[derive(Default)]
struct Walk {
    /// Paths and what reports call them.
    files: Vec<(PathBuf, String)>,
    others: Vec<ImportReport>,
    looked_at: usize,
}

impl Walk {
    fn take(&mut self, path: PathBuf) {
        // The name goes to a serving process as JSON.
        match path.to_str() {
            Some(name) => {
                let name = name.to_owned();
                self.files.push((path, name));
            }
            None => self.pass(&path, "its name is not UTF-8: rename it"),
        }
    }

    fn pass(&mut self, path: &Path, why: &str) {
        self.others.push(ImportReport {
            file: path.display().to_string(),
            passed_over: Some(why.to_owned()),
            ..ImportReport::default()
        });
    }

    fn fail(&mut self, path: &Path, error: &std::io::Error) {
        let failure = Failure::io("reading", path, error);
        self.others.push(failed(&path.display().to_string(), &failure));
    }

    fn named_folder(&mut self, folder: &Path) -> Result<(), Failure> {
        let root = match folder.canonicalize() {
            Ok(root) => root,
            Err(error) => {
                self.fail(folder, &error);
                return Ok(());
            }
        };
        let before = (self.files.len(), self.others.len());
        self.folder(folder, &root, 0)?;
        if before == (self.files.len(), self.others.len()) {
            self.pass(folder, "no file is in this folder");
        }
        Ok(())
    }

    fn folder(&mut self, folder: &Path, root: &Path, depth: usize) -> Result<(), Failure> {
        if depth > MAX_FOLDER_DEPTH {
            self.pass(folder, "nested too deeply: name this folder itself");
            return Ok(());
        }
        let mut paths = Vec::new();
        match folder.read_dir() {
            Ok(entries) => {
                for entry in entries {
                    self.looked_at += 1;
                    if self.looked_at > MAX_FILES {
                        return Err(too_many());
                    }
                    match entry {
                        Ok(entry) => paths.push(entry.path()),
                        Err(error) => self.fail(folder, &error),
                    }
                }
            }
            Err(error) => self.fail(folder, &error),
        }
        paths.sort();
        for path in paths {
            self.entry(path, root, depth)?;
        }
        Ok(())
    }

    fn entry(&mut self, path: PathBuf, root: &Path, depth: usize) -> Result<(), Failure> {
        if path.file_name().map(OsStr::as_bytes).is_some_and(|name| name.starts_with(b".")) {
            self.pass(&path, "hidden: name it itself if it is meant");
            return Ok(());
        }
        let kind = match path.symlink_metadata() {
            Ok(meta) => meta.file_type(),
            Err(error) => {
                self.fail(&path, &error);
                return Ok(());
            }
        };
        if kind.is_dir() {
            return self.folder(&path, root, depth + 1);
        }
        if kind.is_file() {
            self.take(path);
        } else if kind.is_symlink() {
            match path.canonicalize() {
                Err(_) => self.pass(&path, "a link that leads nowhere"),
                Ok(target) if !target.starts_with(root) => {
                    self.pass(&path, "a link that leads out of the folder");
                }
                Ok(target) if target.is_file() => self.take(path),
                Ok(_) => self.pass(&path, "a link to what is no file"),
            }
        } else {
            self.pass(&path, "a pipe, socket or device");
        }
        Ok(())
    }
}

/// What goes to or comes from a serving process by a file: stdin, and what is to be printed. Taken
/// away when dropped. It is locked
/// while this process lives: by that, one that a killed process left is told from one in use.
pub struct Spool {
    path: PathBuf,
    held: File,
}

impl Drop for Spool {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

impl Spool {
    fn of(home: &Home) -> Result<Spool, Failure> {
        for _ in 0..SPOOL_TRIES {
            let mut spool = Spool::create(home)?;
            let failed = |error| Failure::io("keeping stdin in", &spool.path, &error);
            // Between its making and its lock, a command that sweeps may have taken it away.
            if spool.held.metadata().map_err(failed)?.nlink() == 0 {
                continue;
            }
            std::io::copy(&mut std::io::stdin().lock(), &mut spool.held)
                .map_err(|error| Failure::io("keeping stdin in", &spool.path, &error))?;
            return Ok(spool);
        }
        Err(Failure::environment("stdin", "stdin can't be kept in the home", "try again"))
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// An empty one.
    pub fn create(home: &Home) -> Result<Spool, Failure> {
        let mut tag = [0; 8];
        crate::keystore::random(&mut tag)?;
        let path = home.dir().join(format!("{SPOOL}{}", hex::encode(tag)));
        let failed = |error: std::io::Error| Failure::io("making", &path, &error);
        let mut options = OpenOptions::new();
        let file = options.create_new(true).write(true).mode(0o600).open(&path).map_err(failed)?;
        let spool = Spool { path: path.clone(), held: file };
        spool.held.lock().map_err(failed)?;
        Ok(spool)
    }
}

/// Takes away what killed imports and exports left: indicators as plain text. For who holds the
/// home's lock.
pub fn sweep(home: &Home) {
    let Ok(entries) = home.dir().read_dir() else {
        return;
    };
    let left = |name: &OsStr| name.as_bytes().starts_with(SPOOL.as_bytes());
    for entry in entries.flatten().filter(|entry| left(&entry.file_name())) {
        let opened = OpenOptions::new().write(true).open(entry.path());
        if opened.is_ok_and(|file| file.try_lock().is_ok()) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}
