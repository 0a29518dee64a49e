//! What came of reading or adding to a feed.

use detente_taxii::client::{Feed, Trouble};
use serde::{Deserialize, Serialize};

use detente_home::fail::{Failure, exit};

/// Troubles that a report lists; `feed list NAME` has more. Count.
const MAX_LISTED: usize = 20;

/// What came of reading or adding to a feed once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedReport {
    /// The feed.
    pub feed: String,
    /// Whether objects went there; else they came.
    pub push: bool,
    /// When it ended.
    pub at: String,
    /// Pages or envelopes.
    pub pages: u64,
    /// Objects that came, or were to go.
    pub objects: u64,
    /// Of these, new on the shelf, or taken by the server.
    pub added: u64,
    /// Here already.
    pub known: u64,
    /// Not taken, because other bytes lie here under the same id and version.
    pub differing: u64,
    /// Not taken, because they can't be kept here or the server refuses them.
    pub refused: u64,
    /// Observables that are new in the own list.
    pub new_observables: u64,
    /// Indicators that lie on the shelf and could not enter the own list.
    pub unlisted: u64,
    /// What the server does otherwise than TAXII 2.1 says.
    pub oddities: Vec<String>,
    /// Objects that are missing for certain, in words.
    pub missing: Vec<String>,
    /// The first objects that did not come or go as they should.
    pub troubles: Vec<TroubleLine>,
    /// Why it ended before its end; what came before is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<Failure>,
    /// Whether it had no more time, and goes on when the others have had their turn.
    #[serde(default, skip_serializing_if = "is_not")]
    pub unfinished: bool,
    /// Until when the server asks to be left alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_alone_until: Option<String>,
    /// When the next one is due while the node serves.
    pub next: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_not(is: &bool) -> bool {
    !*is
}

/// An object that did not come or go as it should.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TroubleLine {
    /// When that was found.
    pub at: String,
    /// refused, differs, missing or not-taken.
    pub what: String,
    /// The object.
    pub id: String,
    /// Its version.
    pub version: String,
    /// Why.
    pub why: String,
}

impl TroubleLine {
    /// The line of a trouble.
    pub fn of(trouble: &Trouble) -> TroubleLine {
        TroubleLine {
            at: trouble.at.to_string(),
            what: trouble.what.name().to_owned(),
            id: trouble.id.clone(),
            version: trouble.version.clone(),
            why: trouble.why.clone(),
        }
    }
}

impl FeedReport {
    /// A report of which nothing is known yet.
    pub fn of(feed: &Feed) -> FeedReport {
        let (feed, push) = (feed.name.clone(), feed.way.is_push());
        FeedReport { feed, push, ..FeedReport::default() }
    }

    /// Lists troubles, as far as there is room.
    pub fn list(&mut self, troubles: &[Trouble]) {
        let room = MAX_LISTED.saturating_sub(self.troubles.len());
        self.troubles.extend(troubles.iter().take(room).map(TroubleLine::of));
    }

    /// How a command ends for which this was one feed.
    pub fn code(&self) -> u8 {
        if let Some(failure) = &self.failed {
            return failure.exit;
        }
        let whole = self.differing == 0 && self.refused == 0 && self.missing.is_empty();
        if whole { 0 } else { exit::REFUSED }
    }
}
