//! Warninglists: which indicators are too common to act on.
//!
//! In scope: bounded reading of lists in the format of MISP's warninglists ([`List::read`]), one
//! structure over all of them ([`Index`]), and what it says of an observable ([`Finding`]): which
//! lists it is on, by which entry, and whether that blocks it or is only told ([`Setting`]).
//!
//! Out of scope: files, where lists come from, threads, and what is done about a verdict. An
//! [`Index`] is checked through a shared reference, so a caller may use it on several threads.
//!
//! What each type of list matches, and where that differs from MISP, stands in
//! `docs/protocol/warninglists.md`, known answers in `vectors/warninglist.json`.

#![forbid(unsafe_code)]

mod entry;
mod exact;
mod index;
mod kinds;
mod list;
mod match_type;
mod nets;
mod pcre;
mod setting;
mod text;
mod wire;

pub use entry::{EntryFault, MAX_ENTRY, MAX_EXCERPT, Refusal};
pub use index::{
    Finding, Hit, Index, IndexFault, ListInfo, MAX_INDEX_ENTRIES, MAX_INDEX_TEXT, MAX_LISTS,
};
pub use kinds::KindSet;
pub use list::{
    List, ListFault, MAX_DESCRIPTION, MAX_ENTRIES, MAX_LIST, MAX_MATCHING_ATTRIBUTES, MAX_NAME,
    MAX_REFUSALS, MAX_SUBSTRING_TEXT,
};
pub use match_type::{MatchType, UnknownMatchType};
pub use pcre::{MAX_REGEX_PROGRAM, MAX_REGEX_SET, MAX_REGEXES};
pub use setting::{Setting, UnknownSetting, Verdict};
