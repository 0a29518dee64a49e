//! What the steps of an audit share: the folder, what was found, what was counted.

use std::collections::BTreeSet;

use crate::folder::{Folder, FolderError, MAX_FILES, MAX_PATH, MAX_TOTAL};
use crate::report::{Facts, Findings, Place, show};

/// The desk of one audit.
pub(super) struct Desk<'a> {
    folder: &'a dyn Folder,
    paths: BTreeSet<String>,
    left: usize,
    pub(super) findings: Findings,
    pub(super) facts: Facts,
}

impl<'a> Desk<'a> {
    pub(super) fn new(folder: &'a dyn Folder) -> Desk<'a> {
        Desk {
            folder,
            paths: BTreeSet::new(),
            left: MAX_TOTAL,
            findings: Findings::default(),
            facts: Facts::default(),
        }
    }

    /// Lists the folder; false if there is nothing to go on with.
    pub(super) fn list(&mut self) -> bool {
        let paths = match self.folder.paths() {
            Ok(paths) if paths.len() <= MAX_FILES => paths,
            Ok(_) => return self.refuse_list(&FolderError::TooMany),
            Err(error) => return self.refuse_list(&error),
        };
        for path in paths {
            let place = || Place::path(show(&path));
            if path.len() > MAX_PATH {
                let what = format!("the path has {} bytes, at most {MAX_PATH} belong", path.len());
                self.findings.broken("file_extra", place(), what);
            } else if self.paths.contains(&path) {
                let what = "the folder lists this path twice";
                self.findings.broken("file_twice", place(), what);
            } else {
                self.paths.insert(path);
            }
        }
        true
    }

    fn refuse_list(&mut self, error: &FolderError) -> bool {
        self.findings.broken(error.code(), Place::default(), error.to_string());
        false
    }

    /// The paths of the folder, ascending.
    pub(super) const fn paths(&self) -> &BTreeSet<String> {
        &self.paths
    }

    /// Reads a file that must be there; leaves a finding if it can't.
    pub(super) fn read(&mut self, path: &str, max: usize) -> Option<Vec<u8>> {
        match self.try_read(path, max.min(self.left)) {
            Ok(bytes) => {
                self.left -= bytes.len().min(self.left);
                Some(bytes)
            }
            Err(error) => {
                self.findings.broken(error.code(), Place::path(path), error.to_string());
                None
            }
        }
    }

    /// Reads a file that the folder lists.
    pub(super) fn try_read(&self, path: &str, max: usize) -> Result<Vec<u8>, FolderError> {
        let path = path.to_owned();
        if !self.paths.contains(&path) {
            return Err(FolderError::Missing { path });
        }
        match self.folder.read(&path, max) {
            // The maximum holds whatever the folder does.
            Ok(bytes) if bytes.len() > max => Err(FolderError::TooLong { path, max }),
            read => read,
        }
    }
}
