//! TAXII 2.1 from the other side: reading other servers' collections and adding to them.
//!
//! In scope: what to ask for next and what to make of the answer, as state machines over bytes:
//! [`seek()`] finds collections, [`Poll`] reads one from where the last poll ended, [`Push`] adds
//! to one. Whatever a server does, an answer is read within bounds and ends in objects, a wait or a
//! [`ClientFault`] that says who can mend it.
//!
//! Out of scope: the line, TLS, clocks, and where objects and cursors are kept.

mod answer;
mod cursor;
mod envelope;
mod fault;
mod feed;
mod poll;
mod proof;
mod push;
mod seek;
mod stamp;
#[cfg(test)]
mod tests;
mod wait;

pub use answer::{ACCEPT, Answer, Ask, MAX_ANSWER, MAX_HOPS, MAX_URL, address};
pub use cursor::Cursor;
pub use envelope::{MAX_NEXT, MAX_PAGE_OBJECTS};
pub use fault::{By, ClientFault, MAX_WORDS, Words};
pub use feed::{
    FEED_BYTES, Feed, FeedState, MAX_EVERY, MAX_FEED, OBJECT_BYTES, Trouble, Way, What,
    collection_of,
};
pub use poll::{
    MAX_EMPTY, MAX_PAGE_ASKED, MAX_PAGES, MAX_POLL_BYTES, MAX_RESTARTS, MAX_TRIES, OVERLAP,
    Oddities, PAGE, Page, Poll, Turn,
};
pub use proof::{Proof, Trust};
pub use push::{Failed, MAX_ENVELOPE, MAX_ENVELOPE_BYTES, Parcel, Push, PushTurn};
pub use seek::{Exchange, Found, MAX_COLLECTIONS, MAX_ROOTS, Seen, Unclear, choose, objects, seek};
pub use stamp::Stamp;
pub use wait::{BETWEEN, BackOff, MAX_RETRY_AFTER, WITHIN, retry_after};
