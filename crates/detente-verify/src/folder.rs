//! Where an exported record is read from.
//!
//! Is: the one door through which the auditor sees files, and the named maxima of what it takes in.
//! Is not: a directory; the binary implements [`Folder`] over one.

use std::collections::BTreeMap;

use detente_core::act::MAX_BODY;

/// Most files in a folder.
pub const MAX_FILES: usize = 300_000;
/// Longest path of a file, in bytes.
pub const MAX_PATH: usize = 300;
/// Most bytes that are read in all before the comparison, which reads them once more: 1 GiB.
pub const MAX_TOTAL: usize = 1 << 30;
/// Most entries of one log.
pub const MAX_ENTRIES: usize = 1 << 16;
/// Longest checkpoint: a body and some forty signature lines, in bytes.
pub const MAX_CHECKPOINT: usize = 16 * 1024;
/// Longest `accord.json`, in bytes: thirty-two parties.
pub(crate) const MAX_ACCORD_JSON: usize = 64 * 1024;
/// Longest file of a body, in bytes: the body, its salt and three heads of CBOR.
pub(crate) const MAX_BODY_FILE: usize = MAX_BODY + 64;

/// The files of an exported record.
///
/// Paths are relative, with `/` between their parts, and name plain files. Whoever implements it
/// over a directory doesn't follow links, and stops listing at [`MAX_FILES`].
pub trait Folder {
    /// The path of every file, in any order.
    ///
    /// # Errors
    /// [`FolderError::TooMany`], or [`FolderError::Unreadable`] when a part can't be listed or
    /// has a name that is no UTF-8.
    fn paths(&self) -> Result<Vec<String>, FolderError>;

    /// The bytes of one of these files; at most `max` of them are ever read.
    ///
    /// # Errors
    /// [`FolderError::Missing`], [`FolderError::TooLong`] or [`FolderError::Unreadable`].
    fn read(&self, path: &str, max: usize) -> Result<Vec<u8>, FolderError>;
}

/// Why a folder gives no files, or no bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FolderError {
    /// There is no such file.
    #[error("there is no file {path}")]
    Missing {
        /// Asked for.
        path: String,
    },
    /// The file is longer than may be read.
    #[error("file {path} has more than {max} bytes")]
    TooLong {
        /// Asked for.
        path: String,
        /// Most bytes that were asked for.
        max: usize,
    },
    /// The folder holds too many files.
    #[error("folder holds more than {MAX_FILES} files")]
    TooMany,
    /// Storage failed.
    #[error("cannot read {path}: {what}")]
    Unreadable {
        /// Asked for.
        path: String,
        /// What storage says.
        what: String,
    },
}

impl FolderError {
    /// A stable machine code.
    pub const fn code(&self) -> &'static str {
        match self {
            FolderError::Missing { .. } => "file_missing",
            FolderError::TooLong { .. } => "file_too_long",
            FolderError::TooMany => "folder_too_many_files",
            FolderError::Unreadable { .. } => "file_unreadable",
        }
    }
}

impl Folder for BTreeMap<String, Vec<u8>> {
    fn paths(&self) -> Result<Vec<String>, FolderError> {
        if self.len() > MAX_FILES {
            return Err(FolderError::TooMany);
        }
        Ok(self.keys().cloned().collect())
    }

    fn read(&self, path: &str, max: usize) -> Result<Vec<u8>, FolderError> {
        let path = || path.to_owned();
        match self.get(&path()) {
            None => Err(FolderError::Missing { path: path() }),
            Some(bytes) if bytes.len() > max => Err(FolderError::TooLong { path: path(), max }),
            Some(bytes) => Ok(bytes.clone()),
        }
    }
}
