//! Feeds: collections of other servers that the house reads or adds to.
//!
//! In scope: a feed set up ([`Feeds::add`]), read or added to ([`Feeds::run`]), looked after when
//! it is due ([`schedule()`]), and told of. What comes lies on the shelf and in the own list before
//! the cursor moves.
//!
//! Out of scope: what an answer means ([`detente_taxii::client`]), the line (`detente-http`), and
//! the command line.

#![forbid(unsafe_code)]

mod add;
mod drive;
mod feeds;
mod poll;
mod push;
mod report;
mod schedule;
mod show;

pub use add::{Added, Request};
pub use feeds::{Feeds, Ground};
pub use report::{FeedReport, TroubleLine};
pub use schedule::{Scheduled, schedule};
pub use show::Shown;
