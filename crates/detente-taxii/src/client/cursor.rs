//! How far a collection of another server has been read.

use serde::{Deserialize, Serialize};

use crate::client::stamp::Stamp;

/// How far a collection has been read. Whoever polls keeps it, and moves it only after what came
/// before it is durable: then a poll that is cut off anywhere loses nothing.
///
/// A server's token for the next page is no part of it: there are servers whose token names a
/// session that goes on by itself, whether the last page arrived or not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// What was added before this has come. What was added at this moment itself may have come or
    /// not: the server's clock may be coarse, so it is read once more.
    #[serde(default)]
    pub after: Option<Stamp>,
    /// Since when, by this machine's clock, objects below that may still come to light; none if
    /// they have had the time and nothing came. Microseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<i64>,
}

impl Cursor {
    /// From where to read: so many seconds below the last date, if objects may come to light there.
    pub(crate) fn begin(&self, overlap: i64) -> Option<Stamp> {
        let after = self.after?;
        Some(if self.since.is_some() { after.earlier(overlap) } else { after })
    }

    /// The cursor as it is kept.
    pub fn to_json(&self) -> String {
        // Plain data: it is always JSON.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads a cursor that was kept; one that can't be read is the beginning, which costs time and
    /// loses nothing.
    pub fn from_json(text: &str) -> Cursor {
        serde_json::from_str(text).unwrap_or_default()
    }
}
