//! The audit: who read or changed what, one JSON document a line.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use detente_taxii::Audit;
use serde::Serialize;

/// A file that grows beyond this is set aside under the same name with a number. Bytes.
const MAX_FILE: u64 = 256 * 1024 * 1024;

/// Writes down what answers give away, before they leave.
///
/// A line is in the system's hands when the answer leaves: it outlives this process, not a power
/// cut. Lines are never taken back; files that are full are kept beside it.
#[derive(Debug)]
pub struct AuditLog {
    path: PathBuf,
    file: Mutex<(File, u64)>,
}

#[derive(Serialize)]
struct Line<'a> {
    time: &'a str,
    account: &'a str,
    from: &'a str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    asked: Option<&'a str>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    audit: Option<&'a Audit>,
}

/// What is written down of one request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event<'a> {
    pub(crate) time: &'a str,
    pub(crate) account: &'a str,
    pub(crate) from: &'a str,
    pub(crate) status: u16,
    pub(crate) refused: Option<&'a str>,
    /// For what, of a request that was refused: method and path.
    pub(crate) asked: Option<&'a str>,
    pub(crate) audit: Option<&'a Audit>,
}

fn open(path: &Path) -> io::Result<(File, u64)> {
    let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
    let size = file.metadata()?.len();
    Ok((file, size))
}

impl AuditLog {
    /// Opens the audit at this path, and creates it if there is none; its owner alone reads it.
    ///
    /// # Errors
    /// The system refuses.
    pub fn open(path: &Path) -> io::Result<AuditLog> {
        Ok(AuditLog { path: path.to_owned(), file: Mutex::new(open(path)?) })
    }

    pub(crate) fn write(&self, event: Event<'_>) -> io::Result<()> {
        let Event { time, account, from, status, refused, asked, audit } = event;
        let line = Line { time, account, from, status, refused, asked, audit };
        let mut line = serde_json::to_vec(&line)?;
        line.push(b'\n');
        let mut held = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if held.1 > 0 && held.1 + line.len() as u64 > MAX_FILE {
            self.set_aside()?;
            *held = open(&self.path)?;
        }
        held.0.write_all(&line)?;
        held.1 += line.len() as u64;
        Ok(())
    }

    /// Gives the full file the first number that is free.
    fn set_aside(&self) -> io::Result<()> {
        for number in 1_u32.. {
            let mut name = self.path.as_os_str().to_owned();
            name.push(format!(".{number}"));
            let aside = PathBuf::from(name);
            if !aside.exists() {
                return std::fs::rename(&self.path, aside);
            }
        }
        Ok(())
    }
}
