//! A pattern as a tree.
//!
//! Is: the parts of STIX 2.1 section 9 by their names there. Chains of one operator stand in one
//! node, so a tree is as deep as the parentheses of its text and no deeper than
//! [`MAX_DEPTH`](crate::MAX_DEPTH) of each sort. Is not: evaluated or checked for sense.

use crate::timestamp::Timestamp;

/// Observation expressions, joined and qualified (STIX 2.1 section 9).
#[derive(Clone, Debug, PartialEq)]
pub enum ObservationExpression {
    /// `[...]`: one observation for which the comparisons hold.
    Test(ComparisonExpression),
    /// All of them, each by other observations; two or more.
    And(Vec<ObservationExpression>),
    /// At least one of them; two or more.
    Or(Vec<ObservationExpression>),
    /// All of them by other observations, none earlier than those before it; two or more.
    FollowedBy(Vec<ObservationExpression>),
    /// An expression with the qualifiers behind it, one or more; of brackets, each sort once.
    Qualified(Box<ObservationExpression>, Vec<Qualifier>),
}

/// What restricts an observation expression (STIX 2.1 section 9).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Qualifier {
    /// `WITHIN n SECONDS`: the last observation is less than `n` seconds after the first.
    Within(Seconds),
    /// `REPEATS n TIMES`: it holds `n` times, each by other observations; `n` is at least 1.
    Repeats(u64),
    /// `START t STOP t`: every observation is at or after the first time and before the second.
    StartStop(Timestamp, Timestamp),
}

/// The length of a window, more than 0 seconds, as it was written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Seconds {
    /// Whole seconds.
    Whole(u64),
    /// With a fraction; finite.
    Fraction(f64),
}

/// What stands inside the brackets (STIX 2.1 section 9): tests of one object.
#[derive(Clone, Debug, PartialEq)]
pub enum ComparisonExpression {
    /// One comparison.
    Comparison(Comparison),
    /// All of them, of the same object; two or more.
    And(Vec<ComparisonExpression>),
    /// At least one of them; two or more.
    Or(Vec<ComparisonExpression>),
}

/// One comparison of what a path leads to.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// Where the values stand.
    pub path: ObjectPath,
    /// The operator.
    pub operator: Operator,
    /// Whether NOT stands before the operator.
    pub negated: bool,
    /// What is compared with: one constant, any number for IN, none for EXISTS.
    pub constants: Vec<Constant>,
}

/// A comparison operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in STIX 2.1 section 9")]
pub enum Operator {
    Equal,
    Exists,
    Greater,
    GreaterOrEqual,
    In,
    IsSubset,
    IsSuperset,
    Less,
    LessOrEqual,
    Like,
    Matches,
    NotEqual,
}

impl Operator {
    /// As it is written in a pattern.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Operator::Equal => "=",
            Operator::Exists => "EXISTS",
            Operator::Greater => ">",
            Operator::GreaterOrEqual => ">=",
            Operator::In => "IN",
            Operator::IsSubset => "ISSUBSET",
            Operator::IsSuperset => "ISSUPERSET",
            Operator::Less => "<",
            Operator::LessOrEqual => "<=",
            Operator::Like => "LIKE",
            Operator::Matches => "MATCHES",
            Operator::NotEqual => "!=",
        }
    }
}

/// `type:step.step[*]`: where values stand in an object (STIX 2.1 section 9).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ObjectPath {
    /// The type of the object at the root.
    pub object_type: String,
    /// At least one; the first is a property.
    pub steps: Vec<Step>,
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// The property of this name.
    Property(String),
    /// This place of a list, from 0.
    Index(u32),
    /// Every place of a list.
    Every,
}

/// A constant (STIX 2.1 section 9).
#[derive(Clone, Debug, PartialEq)]
pub enum Constant {
    /// `b'AAEC'`
    Binary(Vec<u8>),
    /// `true`, `false`
    Boolean(bool),
    /// `1.5`; finite.
    Float(f64),
    /// `h'00ff'`
    Hex(Vec<u8>),
    /// `42`
    Integer(i128),
    /// `'text'`, without quotes and escapes.
    Text(String),
    /// `t'2017-07-08T00:00:00Z'`
    Timestamp(Timestamp),
}

impl ObservationExpression {
    /// Calls `take` with every comparison, in the order of the text.
    pub(crate) fn each_comparison<'t>(&'t self, take: &mut impl FnMut(&'t Comparison)) {
        match self {
            ObservationExpression::Test(test) => test.each_comparison(take),
            ObservationExpression::And(parts)
            | ObservationExpression::Or(parts)
            | ObservationExpression::FollowedBy(parts) => {
                for part in parts {
                    part.each_comparison(take);
                }
            }
            ObservationExpression::Qualified(inner, _) => inner.each_comparison(take),
        }
    }

    /// Whether AND or FOLLOWEDBY joins anything.
    pub(crate) fn is_conjunction(&self) -> bool {
        match self {
            ObservationExpression::Test(test) => test.is_conjunction(),
            ObservationExpression::And(_) | ObservationExpression::FollowedBy(_) => true,
            ObservationExpression::Or(parts) => parts.iter().any(Self::is_conjunction),
            ObservationExpression::Qualified(inner, _) => inner.is_conjunction(),
        }
    }
}

impl ComparisonExpression {
    pub(crate) fn each_comparison<'t>(&'t self, take: &mut impl FnMut(&'t Comparison)) {
        match self {
            ComparisonExpression::Comparison(comparison) => take(comparison),
            ComparisonExpression::And(parts) | ComparisonExpression::Or(parts) => {
                for part in parts {
                    part.each_comparison(take);
                }
            }
        }
    }

    fn is_conjunction(&self) -> bool {
        match self {
            ComparisonExpression::Comparison(_) => false,
            ComparisonExpression::And(_) => true,
            ComparisonExpression::Or(parts) => parts.iter().any(Self::is_conjunction),
        }
    }
}
