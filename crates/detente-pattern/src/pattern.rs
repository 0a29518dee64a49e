//! A pattern: its tree, its comparisons, the observables it names.

use std::fmt;
use std::str::FromStr;

use crate::fault::PatternFault;
use crate::parser;
use crate::tree::{Comparison, Constant, ObservationExpression, Operator};

/// Which texts are patterns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// STIX 2.1 to the letter.
    #[default]
    Strict,
    /// STIX 2.1 with the slips of feeds and what STIX 2.0 allowed besides: keywords in any case,
    /// hyphens in unquoted property names, keywords as property names, NOT before a comparison,
    /// a backslash that escapes nothing, zeros before a number, plain texts behind START and
    /// STOP, a qualifier twice.
    Lenient,
}

/// A parsed pattern.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern {
    root: ObservationExpression,
}

/// An observable that a pattern names outright.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Named<'p> {
    /// The comparison it stands in.
    pub comparison: &'p Comparison,
    /// Its value.
    pub value: &'p Constant,
}

impl Pattern {
    /// Parses a text of STIX 2.1.
    ///
    /// # Errors
    ///
    /// The text breaks the grammar or a bound; the fault says where.
    pub fn parse(text: &str) -> Result<Self, PatternFault> {
        Self::parse_as(text, Dialect::Strict)
    }

    /// Parses a text of a dialect.
    ///
    /// # Errors
    ///
    /// As for [`Pattern::parse`].
    pub fn parse_as(text: &str, dialect: Dialect) -> Result<Self, PatternFault> {
        Ok(Self { root: parser::parse(text, dialect)? })
    }

    /// The tree.
    #[must_use]
    pub fn root(&self) -> &ObservationExpression {
        &self.root
    }

    /// Every comparison, in the order of the text.
    #[must_use]
    pub fn comparisons(&self) -> Vec<&Comparison> {
        let mut found = Vec::new();
        self.root.each_comparison(&mut |comparison| found.push(comparison));
        found
    }

    /// Whether AND or FOLLOWEDBY joins anything, so that a single comparison says more than the
    /// pattern does.
    #[must_use]
    pub fn is_conjunction(&self) -> bool {
        self.root.is_conjunction()
    }

    /// The values that the pattern names: constants of `=`, IN and ISSUBSET without NOT.
    #[must_use]
    pub fn named(&self) -> Vec<Named<'_>> {
        let names = [Operator::Equal, Operator::In, Operator::IsSubset];
        let mut found = Vec::new();
        self.root.each_comparison(&mut |comparison| {
            if names.contains(&comparison.operator) && !comparison.negated {
                let each = comparison.constants.iter();
                found.extend(each.map(|value| Named { comparison, value }));
            }
        });
        found
    }
}

impl FromStr for Pattern {
    type Err = PatternFault;

    fn from_str(text: &str) -> Result<Self, PatternFault> {
        Self::parse(text)
    }
}

impl fmt::Display for Pattern {
    /// A text of STIX 2.1 that parses to the same tree.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.root.fmt(f)
    }
}
