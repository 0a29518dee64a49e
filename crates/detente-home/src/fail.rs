//! What a command says when it fails: what failed, what to do, and an exit code by class.

use std::fmt;

use detente_accord::Fault;
use detente_node::{Class, NodeError};
use serde::{Deserialize, Serialize};

/// Exit codes.
pub mod exit {
    /// The accord, an authority or the other side says no; or a check found something.
    pub const REFUSED: u8 = 1;
    /// Wrong arguments.
    pub const USAGE: u8 = 2;
    /// Disk, database, operating system, passphrase.
    pub const ENVIRONMENT: u8 = 3;
    /// The other node is away or the line was cut: try again.
    pub const LINE: u8 = 4;
    /// The other node broke the protocol; it is on record.
    pub const PEER: u8 = 5;
}

/// A failed command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Stable machine code.
    pub code: String,
    /// What failed and why, one line.
    pub error: String,
    /// What to do.
    pub remedy: Option<String>,
    /// Faults of a text, with their lines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<FaultReport>,
    /// Exit code.
    pub exit: u8,
}

/// One fault of a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultReport {
    /// The file, if it is known.
    pub file: Option<String>,
    /// Line, from 1.
    pub line: usize,
    /// Stable machine code.
    pub code: String,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub remedy: String,
}

impl FaultReport {
    /// A fault of the text in `file`.
    pub fn of(fault: &Fault, file: Option<&str>) -> FaultReport {
        FaultReport {
            file: file.map(str::to_owned),
            line: fault.line,
            code: fault.code.to_owned(),
            what: fault.what.clone(),
            remedy: fault.remedy.clone(),
        }
    }
}

impl Failure {
    /// A failure of the machine around us.
    pub fn environment(code: &str, error: impl fmt::Display, remedy: &str) -> Failure {
        Failure::new(exit::ENVIRONMENT, code, error, remedy)
    }

    /// Wrong arguments.
    pub fn usage(code: &str, error: impl fmt::Display, remedy: &str) -> Failure {
        Failure::new(exit::USAGE, code, error, remedy)
    }

    /// A refusal.
    pub fn refused(code: &str, error: impl fmt::Display, remedy: &str) -> Failure {
        Failure::new(exit::REFUSED, code, error, remedy)
    }

    /// A failure with everything said.
    pub fn new(exit: u8, code: &str, error: impl fmt::Display, remedy: &str) -> Failure {
        Failure {
            code: code.to_owned(),
            error: error.to_string(),
            remedy: (!remedy.is_empty()).then(|| remedy.to_owned()),
            faults: Vec::new(),
            exit,
        }
    }

    /// A failure to read or write a file.
    pub fn io(what: &str, path: &std::path::Path, error: &std::io::Error) -> Failure {
        let remedy = match error.kind() {
            std::io::ErrorKind::NotFound => "check the path",
            std::io::ErrorKind::PermissionDenied => "check who owns it and its permissions",
            std::io::ErrorKind::StorageFull => "free disk space and run the command again",
            _ => "",
        };
        let words = format!("{what} {}: {error}", path.display());
        Failure::environment("io", words, remedy)
    }

    /// Names the file whose text has the faults.
    pub fn in_file(mut self, file: &str) -> Failure {
        for fault in &mut self.faults {
            fault.file = Some(file.to_owned());
        }
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.error)
    }
}

impl std::error::Error for Failure {}

impl From<detente_table::exposure::ExposureFault> for Failure {
    fn from(fault: detente_table::exposure::ExposureFault) -> Failure {
        let (code, remedy) = (fault.code, fault.remedy);
        Failure::refused(code, fault, remedy)
    }
}

impl From<NodeError> for Failure {
    fn from(error: NodeError) -> Failure {
        let exit = match error.class() {
            Class::Caller => exit::USAGE,
            Class::Environment => exit::ENVIRONMENT,
            Class::Line => exit::LINE,
            Class::Peer => exit::PEER,
            Class::Refused => exit::REFUSED,
        };
        let faults = match &error {
            NodeError::Accord(faults) => {
                faults.0.iter().map(|fault| FaultReport::of(fault, None)).collect()
            }
            _ => Vec::new(),
        };
        let words = if faults.is_empty() { chain(&error) } else { error.to_string() };
        let mut failure =
            Failure::new(exit, error.code(), words, error.remedy().unwrap_or_default());
        failure.faults = faults;
        failure
    }
}

/// An error with its causes, in one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let next = cause.to_string();
        if !words.contains(&next) {
            words.push_str(": ");
            words.push_str(&next);
        }
        source = cause.source();
    }
    words
}
