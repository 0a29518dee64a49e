//! Indicators as other programs read them: STIX 2.1, MISP, CSV, NDJSON, Suricata, Zeek, DNS RPZ,
//! hosts, Sigma.
//!
//! In scope: one stream of [`detente_intel::Indicator`] in, one file out ([`Export`]), with bounded
//! memory and an account of every indicator: written, or passed over with a reason
//! ([`Summary::is_balanced`]). The same indicators with the same [`Meta`] and [`Options`] give the
//! same bytes.
//!
//! Out of scope: files, the clock, choosing the indicators, and any permission of an accord. A
//! marking is never widened here: what a format cannot carry is passed over, and what is closed or
//! above the ceiling does not leave. The rules are in `docs/protocol/exports.md`.

#![forbid(unsafe_code)]

mod account;
mod csv;
mod export;
mod handling;
mod head;
mod hosts;
mod id;
mod misp;
mod misp_feed;
mod ndjson;
mod options;
mod rpz;
mod screen;
mod seen;
mod sigma;
mod stix;
mod suricata;
mod text;
mod url;
mod zeek;

pub use account::{Outcome, Reason, Summary};
pub use export::{Export, WriteFault};
pub use misp::MAX_EVENT_BYTES;
pub use misp_feed::{OpenFile, write_misp_feed};
pub use options::{
    Action, Entered, Format, MAX_ATTRIBUTES_PER_EVENT, MAX_META, MAX_SID_RANGE, Meta, MispOptions,
    Options, Policy, RpzOptions, StixObjects, SuricataOptions, UnknownFormat,
};
pub use seen::MAX_REMEMBERED;
pub use sigma::{MAX_RULE_BYTES, MAX_RULE_VALUES};
pub use stix::{MAX_DEFINITIONS, indicator_ids};
pub use suricata::MAX_RULE;
