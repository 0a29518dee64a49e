//! STIX patterns: parsed, checked, evaluated and indexed.
//!
//! In scope: the pattern language of STIX 2.1 section 9. [`Pattern`] is the parsed text, with the
//! comparisons and observables it names; [`Matcher`] decides whether a pattern holds for
//! [`Observation`]s; [`Index`] holds many patterns and finds those that an observation may fulfil
//! without looking at each.
//!
//! Out of scope: indicators, their validity and their handling, storage, and what follows from a
//! match. This crate knows nothing of the rest of the house. Choices where the standard leaves
//! room stand in `docs/protocol/patterns.md`, known answers in `vectors/pattern-*.json`.

#![forbid(unsafe_code)]

mod check;
mod evaluate;
mod fault;
mod index;
mod lexer;
mod observation;
mod parser;
mod pattern;
mod print;
mod timestamp;
mod tree;

pub use check::Finding;
pub use evaluate::{
    Budget, EvaluateFault, MAX_BINDINGS, MAX_EXPRESSION, MAX_EXPRESSION_TOTAL, MAX_EXPRESSIONS,
    Matcher, MatcherFault,
};
pub use fault::PatternFault;
pub use index::{Index, IndexFault, MAX_PATTERNS, PatternNumber, Verdict};
pub use observation::{MAX_OBJECTS, MAX_OBSERVATIONS, Observation, ObservationFault, observations};
pub use pattern::{Dialect, Named, Pattern};
pub use timestamp::{NANOS, Timestamp};
pub use tree::{
    Comparison, ComparisonExpression, Constant, ObjectPath, ObservationExpression, Operator,
    Qualifier, Seconds, Step,
};

/// The longest pattern, in bytes.
pub const MAX_PATTERN: usize = 256 * 1024;
/// Comparisons of one pattern (each value of a set counts).
pub const MAX_COMPARISONS: usize = 10_000;
/// Parentheses within each other, of observations and of comparisons.
pub const MAX_DEPTH: usize = 64;
/// Qualifiers behind one expression.
pub const MAX_QUALIFIERS: usize = 8;
/// Steps of one path.
pub const MAX_STEPS: usize = 64;
