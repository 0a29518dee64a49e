//! TAXII 2.1: what is asked, who may see what, what is answered.
//!
//! In scope: discovery, API roots, collections, objects, manifests, versions, deletion and status
//! of TAXII 2.1 (OASIS Standard, 10 June 2021), as a function from a request of a known account to
//! an answer ([`serve()`]); what is visible is decided object by object, from its markings and the
//! account's clearance. Objects go out byte for byte as they came in. The other side, which reads
//! from other servers and adds to them, is [`client`].
//!
//! Out of scope: sockets, TLS, who an account is (whoever calls has proved it), and where objects
//! lie ([`Shelf`]).

#![forbid(unsafe_code)]

mod account;
mod add;
pub mod client;
mod fault;
mod filter;
mod house;
mod incoming;
mod message;
mod moment;
mod read;
mod serve;
mod shelf;
mod shelve;
#[cfg(test)]
mod tests;

pub use account::{Account, Level, MAX_ACCOUNT};
pub use add::{FOREIGN, MAX_OBJECTS};
pub use fault::{Fault, refusal};
pub use filter::{MAX_PAGE, MAX_VALUE, MAX_VALUES};
pub use house::{Collection, House, MAX_BODY, Root, collection_id};
pub use incoming::{creator_of, would_lie};
pub use message::{Audit, MAX_TARGET, Method, Request, Response, STIX, TAXII};
pub use moment::{MAX_TIME, Moment};
pub use read::MAX_PAGE_BYTES;
pub use serve::{refuse_body, serve};
pub use shelf::{
    BEHIND, Brought, Deed, Entry, Incoming, MAX_BROUGHT, Put, Query, Shelf, ShelfError, StatusRow,
    Which,
};
pub use shelve::{Arrival, Putting, Raising, Terms, shelve, shelve_as, shelve_by, shelve_raising};
