//! Writes an exported record to disk, and reads one for the auditor.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use detente_verify::{Folder, FolderError, MAX_FILES, MAX_PATH, Record, files};
use serde::{Deserialize, Serialize};

use crate::fail::Failure;

/// What an export wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportReport {
    /// The accord.
    pub accord: String,
    /// The folder.
    pub folder: PathBuf,
    /// Files written.
    pub files: u64,
    /// Bytes written.
    pub bytes: u64,
    /// Entries of all logs.
    pub entries: u64,
    /// Released objects.
    pub objects: u64,
}

/// Lays a record out in a folder that is empty or not there yet.
pub fn write_folder(record: &Record, to: &Path) -> Result<ExportReport, Failure> {
    match to.read_dir().map(|mut entries| entries.next().is_some()) {
        Ok(false) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Ok(true) => {
            return Err(Failure::refused(
                "folder_not_empty",
                format!("{} is not empty", to.display()),
                "name a new folder: an auditor finds every file that does not belong",
            ));
        }
        Err(error) => return Err(Failure::io("reading", to, &error)),
    }
    let laid = files(record)
        .map_err(|error| Failure::environment("layout", crate::fail::chain(&error), ""))?;
    let mut bytes = 0;
    for (path, content) in &laid {
        let path = to.join(path);
        if let Some(dir) = path.parent() {
            // The owner decides who else may read it.
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(dir)
                .map_err(|error| Failure::io("creating", dir, &error))?;
        }
        // Not through a link that somebody planted, and nothing that is there already.
        OpenOptions::new()
            .create_new(true)
            .write(true)
            .mode(0o600)
            .open(&path)
            .and_then(|mut file| file.write_all(content))
            .map_err(|error| Failure::io("writing", &path, &error))?;
        bytes += content.len() as u64;
    }
    Ok(ExportReport {
        accord: record.slug.clone(),
        folder: to.to_owned(),
        files: laid.len() as u64,
        bytes,
        entries: record.logs.values().map(|log| log.entries.len() as u64).sum(),
        objects: record.objects.len() as u64,
    })
}

/// A folder on disk, as the auditor sees it. Links are not followed.
pub struct DiskFolder {
    root: PathBuf,
}

impl DiskFolder {
    /// The folder at this path.
    pub fn at(root: &Path) -> DiskFolder {
        DiskFolder { root: root.to_owned() }
    }

    fn list(&self, dir: &Path, found: &mut Vec<String>) -> Result<(), FolderError> {
        let unreadable = |reason: String| FolderError::Unreadable {
            path: dir.display().to_string(),
            what: reason,
        };
        let entries = dir.read_dir().map_err(|error| unreadable(error.to_string()))?;
        for entry in entries {
            let entry = entry.map_err(|error| unreadable(error.to_string()))?;
            let path = entry.path();
            let kind = entry.file_type().map_err(|error| unreadable(error.to_string()))?;
            if kind.is_dir() {
                if path.as_os_str().len() > self.root.as_os_str().len() + MAX_PATH {
                    return Err(unreadable("folders lie too deep".to_owned()));
                }
                self.list(&path, found)?;
                continue;
            }
            let relative = path.strip_prefix(&self.root).unwrap_or(&path);
            // No file of a record has such a name: as it is shown, it is one that does not belong.
            let name = relative.to_string_lossy();
            if found.len() >= MAX_FILES {
                return Err(FolderError::TooMany);
            }
            // A link or device is listed, so that it is found as a file that does not belong.
            found.push(name.into_owned());
        }
        Ok(())
    }
}

impl Folder for DiskFolder {
    fn paths(&self) -> Result<Vec<String>, FolderError> {
        let mut found = Vec::new();
        self.list(&self.root, &mut found)?;
        found.sort();
        Ok(found)
    }

    fn read(&self, path: &str, max: usize) -> Result<Vec<u8>, FolderError> {
        let named = || path.to_owned();
        let full = self.root.join(path);
        let meta = fs::symlink_metadata(&full);
        let plain = meta.map_err(|_| FolderError::Missing { path: named() })?.is_file();
        let unreadable = |reason: String| FolderError::Unreadable { path: named(), what: reason };
        if !plain {
            return Err(unreadable("it is no plain file".to_owned()));
        }
        let file = fs::File::open(&full).map_err(|error| unreadable(error.to_string()))?;
        let mut bytes = Vec::new();
        file.take(max as u64 + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| unreadable(error.to_string()))?;
        if bytes.len() > max {
            return Err(FolderError::TooLong { path: named(), max });
        }
        Ok(bytes)
    }
}
