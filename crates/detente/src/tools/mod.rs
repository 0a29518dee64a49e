//! Tools of the house: their accounts, the TAXII server that they speak to, and feeds from others.

mod account;
mod feed;
mod follow;
mod observe;
mod offer;
mod server;
mod views;

pub use account::{AccountArgs, account};
pub use feed::{FeedArgs, FeedCommand, feed, feeds};
pub use follow::Follower;
pub use observe::observe;
pub use offer::offers;
pub use server::{TaxiiArgs, start};
pub use views::settle;

use std::path::PathBuf;

use detente_store::SqliteShelf;
use detente_taxii::Moment;

use crate::fail::{Failure, chain};
use crate::home::Home;

/// The collection of what the house's own tools bring and read.
pub const OWN: &str = "own";

/// What to do about a shelf that can't be opened.
const OLD_SHELF: &str = "restore a backup of shelf.db; one of an unreleased version can't be read: \
    move it away";

/// The collection of STIX 2.0 objects of [`OWN`], raised to 2.1.
pub const RAISED: &str = "raised";

/// Where objects and accounts lie.
fn shelf_path(home: &Home) -> PathBuf {
    home.dir().join("shelf.db")
}

pub fn open_shelf(home: &Home) -> Result<SqliteShelf, Failure> {
    SqliteShelf::open(shelf_path(home))
        .map_err(|error| Failure::environment(error.code(), chain(&error), OLD_SHELF))
}

/// The time now.
#[expect(clippy::disallowed_methods, reason = "the binary is where the clock is")]
pub fn now() -> Moment {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let micros = since.map_or(0, |since| i64::try_from(since.as_micros()).unwrap_or(0));
    Moment::of(micros).unwrap_or(Moment::START)
}
