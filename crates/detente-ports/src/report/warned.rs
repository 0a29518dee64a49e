//! What warninglists say.

use serde::{Deserialize, Serialize};

/// A warninglist that a value is on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WarnHit {
    /// The list, by name.
    pub list: String,
    /// What a hit does: `inform` or `block`.
    pub setting: String,
    /// The entry that matched.
    pub entry: String,
}

/// How many of many values a warninglist has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WarnCount {
    /// The list, by name.
    pub list: String,
    /// What a hit does: `inform` or `block`.
    pub setting: String,
    /// How many values were on it.
    pub hits: u64,
}
