//! Why a text is no pattern.

/// The text is no STIX pattern, or one beyond the bounds.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternFault {
    /// Something else stands there.
    #[error("{expected} expected at byte {at}")]
    Expected {
        /// Where, in bytes from the start.
        at: usize,
        /// What the grammar asks for.
        expected: &'static str,
    },
    /// A number that the bounds or the standard's prose exclude.
    #[error("{wrong} at byte {at}")]
    Number {
        /// Where, in bytes from the start.
        at: usize,
        /// What is wrong with it.
        wrong: &'static str,
    },
    /// A qualifier of the same sort stands twice behind one pair of brackets.
    #[error("{qualifier} twice in the qualifiers at byte {at}")]
    Duplicate {
        /// Where the qualifiers begin, in bytes from the start.
        at: usize,
        /// Its first word.
        qualifier: &'static str,
    },
    /// More than [`MAX_PATTERN`](crate::MAX_PATTERN) bytes.
    #[error("a pattern of {bytes} bytes is too long")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// More than [`MAX_DEPTH`](crate::MAX_DEPTH) parentheses within each other.
    #[error("parentheses too deep at byte {at}")]
    TooDeep {
        /// Where, in bytes from the start.
        at: usize,
    },
    /// More than [`MAX_COMPARISONS`](crate::MAX_COMPARISONS) comparisons, a set's values counted,
    /// or more than [`MAX_STEPS`](crate::MAX_STEPS) steps in a path.
    #[error("too many {what} at byte {at}")]
    TooMany {
        /// Where, in bytes from the start.
        at: usize,
        /// Of what.
        what: &'static str,
    },
}

impl PatternFault {
    /// A stable name for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            PatternFault::Expected { .. } => "pattern_expected",
            PatternFault::Number { .. } => "pattern_number",
            PatternFault::Duplicate { .. } => "pattern_duplicate",
            PatternFault::TooLong { .. } => "pattern_too_long",
            PatternFault::TooDeep { .. } => "pattern_too_deep",
            PatternFault::TooMany { .. } => "pattern_too_many",
        }
    }

    /// Where it is, in bytes from the start.
    #[must_use]
    pub const fn at(&self) -> usize {
        match self {
            PatternFault::Expected { at, .. }
            | PatternFault::Number { at, .. }
            | PatternFault::Duplicate { at, .. }
            | PatternFault::TooDeep { at }
            | PatternFault::TooMany { at, .. } => *at,
            PatternFault::TooLong { .. } => crate::MAX_PATTERN,
        }
    }
}
