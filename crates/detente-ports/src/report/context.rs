//! What is said of an indicator.

use serde::{Deserialize, Serialize};

/// One context.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContextReport {
    /// Who says so.
    pub source: String,
    /// The colour, if it was marked.
    pub tlp: Option<String>,
    /// A marking is not understood.
    pub closed: bool,
    /// Labels.
    pub labels: Vec<String>,
    /// Description.
    pub description: Option<String>,
    /// Id in its source.
    pub origin: Option<String>,
    /// Under whose control it leaves, if what was received before it is under somebody's.
    #[serde(default)]
    pub control: Option<String>,
    /// What it is still worth, from 0 to 100: falls with the time since it was last seen.
    #[serde(default)]
    pub score: u8,
    /// What has become of it, if it is not in force: `replaced` by other words of its source, or
    /// `taken_back`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fate: Option<String>,
}
