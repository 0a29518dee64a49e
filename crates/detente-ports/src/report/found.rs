//! What a search for words finds.

use serde::{Deserialize, Serialize};

use super::ContextReport;

/// An own observable and a context that has the words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundReport {
    /// Its kind.
    pub kind: String,
    /// Its normal form.
    pub value: String,
    /// What is said of it. Its control and score are not looked for here.
    pub context: ContextReport,
}
