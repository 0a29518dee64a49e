//! The one pure function that decides what may leave.
//!
//! [`decide()`] is total: no loop over unbounded input, no I/O, no clock. Time, counters and the
//! object's facts are inputs, so that an auditor can ask again and must get the same answer. A
//! [`Release`] can only be made here, from a verdict that allows; peer and net accept nothing else.
//!
//! This crate knows nothing of storage, sockets, keys or how an indicator was read.

#![forbid(unsafe_code)]

mod alert;
mod contexts;
mod decide;
mod diagram;
mod enter;
mod exposure;
mod layout;
mod onward;
mod release;
mod rules;
mod space;
#[cfg(test)]
mod tests;
mod verdict;

pub use alert::{Opening, OpeningKind, Widening, openings, widening};
pub use contexts::{ContextRelease, decide_if_matched};
pub use decide::{Question, decide};
pub use diagram::{MAX_BRANCHES, MAX_REGIONS, TooComplex};
pub use enter::{Entrant, may_enter};
pub use exposure::{
    Answer, Asked, BadQuestion, Difference, Exposure, Region, Turn, Turned, ask, diff, exposure,
};
pub use layout::Axis;
pub use onward::Passing;
pub use release::{Decided, Ground, Release, ReleaseFault, Tally, address_there, decide_all};
pub use rules::Rules;
pub use space::{Dimension, Space};
pub use verdict::{Allowance, Because, Denial, Fact, Taken, Verdict};
