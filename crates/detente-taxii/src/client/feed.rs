//! Feeds: collections of other servers that the house reads or adds to.

use url::Url;

use crate::account::Level;
use crate::client::proof::{Proof, Trust};
use crate::moment::Moment;
use crate::shelve::Terms;

/// The longest name of a feed. Bytes.
pub const MAX_FEED: usize = 64;
/// The longest time between two polls. Seconds.
pub const MAX_EVERY: u32 = 30 * 24 * 3_600;

/// The room that a feed may take here unless more is said. Bytes.
pub const FEED_BYTES: u64 = 8 * 1024 * 1024 * 1024;
/// What an object counts beside its bytes: where it is and what it is found by. Bytes.
pub const OBJECT_BYTES: u64 = 512;

/// The key of the collection in which what a feed brings lies: of its own, so that the ids of
/// others can't take the place of the house's.
pub fn collection_of(feed: &str) -> String {
    format!("feed:{feed}")
}

/// Which way objects go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From the server to the house.
    Read {
        /// How what comes is held.
        terms: Terms,
    },
    /// From the house's own objects to the server.
    Push {
        /// The closest objects that go.
        clearance: Level,
    },
}

impl Way {
    /// Whether objects go to the server.
    pub const fn is_push(self) -> bool {
        matches!(self, Way::Push { .. })
    }
}

/// A feed as its operator has set it up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feed {
    /// Its name here.
    pub name: String,
    /// The address of the API root.
    pub root: Url,
    /// The collection's id.
    pub collection: String,
    /// What people call the collection.
    pub title: String,
    /// Which way objects go.
    pub way: Way,
    /// How long after the end of a poll the next one begins. Seconds.
    pub every: u32,
    /// The largest body that the API root takes. Bytes.
    pub max_content: u64,
    /// How much room what it brings may take here. Bytes.
    pub max_bytes: u64,
    /// Whose word is taken for the server.
    pub trust: Trust,
    /// How the house proves itself.
    pub proof: Proof,
    /// When it was set up: one of the same name that is set up anew is another one.
    pub made: Moment,
}

/// How far a feed is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FeedState {
    /// How far it has been read or pushed; what it means is up to the way.
    pub cursor: String,
    /// What came of the last time, as JSON.
    pub outcome: Option<String>,
    /// When it is due.
    pub next: Moment,
    /// Failures in a row.
    pub failures: u32,
}

/// What was wrong with an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// It can't be kept here.
    Refused,
    /// Other bytes lie here under its id and version.
    Differs,
    /// There are objects that the server does not show.
    Missing,
    /// The other server does not take it.
    NotTaken,
}

impl What {
    /// Each, by its number.
    const ALL: [What; 4] = [What::Refused, What::Differs, What::Missing, What::NotTaken];

    /// Its number in the store.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The one with this number.
    pub fn from_code(code: u8) -> Option<What> {
        What::ALL.get(usize::from(code)).copied()
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            What::Refused => "refused",
            What::Differs => "differs",
            What::Missing => "missing",
            What::NotTaken => "not-taken",
        }
    }
}

/// An object that did not come or go as it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// When that was found.
    pub at: Moment,
    /// What was wrong.
    pub what: What,
    /// Its id, as far as there is one.
    pub id: String,
    /// Its version, as far as there is one.
    pub version: String,
    /// Why, in words.
    pub why: String,
}
