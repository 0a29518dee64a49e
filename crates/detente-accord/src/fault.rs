//! What is wrong with a text, where, and how to mend it.

use std::fmt;

/// Most faults reported for one text; a text with more is broken enough.
pub const MAX_FAULTS: usize = 100;

/// One fault in the text of an accord.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Line, from 1.
    pub line: usize,
    /// A stable machine code.
    pub code: &'static str,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub remedy: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {} ({})", self.line, self.what, self.remedy)
    }
}

/// All faults of a text, in the order of their lines.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text has {} fault(s); first: {}", .0.len(), self.first())]
pub struct Faults(pub Vec<Fault>);

impl Faults {
    fn first(&self) -> String {
        self.0.first().map(ToString::to_string).unwrap_or_default()
    }

    /// A stable machine code.
    pub const fn code(&self) -> &'static str {
        "accord_text_faulty"
    }
}
