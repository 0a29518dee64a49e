//! Comparisons and what stands inside brackets, compiled.
//!
//! A comparison holds for an object of its type when a value at its path fulfils it; where the path
//! leads to nothing it does not hold, NOT or no NOT, but for NOT EXISTS. Values that an operator is
//! not made for do not fulfil it, and fulfil its negation; those that have no order with the
//! constant fulfil neither `<` nor NOT `<`.

use std::cmp::Ordering;
use std::collections::HashSet;

use ipnet::IpNet;
use serde_json::{Map, Value};

use super::budget::{Budget, EvaluateFault};
use super::expression::{Expression, ExpressionFault};
use super::key::{self, Key};
use super::network;
use super::path::{self, Found};
use crate::observation::Observation;
use crate::timestamp::Timestamp;
use crate::tree::{Comparison, ComparisonExpression, Constant, ObjectPath, Operator};

/// A comparison cannot be evaluated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MatcherFault {
    /// A regular expression that linear time does not allow, or whose meaning differs between
    /// engines.
    #[error("{path}: the regular expression is not supported: {reason}")]
    Unsupported {
        /// The path compared.
        path: String,
        /// What is not supported.
        reason: String,
    },
    /// A regular expression or LIKE text larger than [`MAX_EXPRESSION`](crate::MAX_EXPRESSION)
    /// or its share of [`MAX_EXPRESSION_TOTAL`](crate::MAX_EXPRESSION_TOTAL) when compiled.
    #[error("{path}: the expression is too large")]
    TooLarge {
        /// The path compared.
        path: String,
    },
    /// ISSUBSET and ISSUPERSET compare with an address or a network.
    #[error("{path}: {text} is neither an address nor a network")]
    Network {
        /// The path compared.
        path: String,
        /// The constant.
        text: String,
    },
    /// More than [`MAX_EXPRESSIONS`](crate::MAX_EXPRESSIONS) comparisons with LIKE or MATCHES.
    #[error("{number} regular expressions and LIKE texts are too many")]
    TooMany {
        /// How many there are.
        number: usize,
    },
}

impl MatcherFault {
    /// A stable name for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            MatcherFault::Unsupported { .. } => "matcher_unsupported",
            MatcherFault::TooLarge { .. } => "matcher_too_large",
            MatcherFault::Network { .. } => "matcher_network",
            MatcherFault::TooMany { .. } => "matcher_too_many",
        }
    }
}

/// Whether a comparison can be evaluated, if an expression may take so many bytes when compiled.
pub(crate) fn check_comparison(comparison: &Comparison, room: usize) -> Result<(), MatcherFault> {
    Compared::new(comparison, room).map(|_| ())
}

/// What stands inside one pair of brackets.
#[derive(Clone, Debug)]
pub(crate) enum Test {
    Comparison(Compared),
    And(Vec<Test>),
    Or(Vec<Test>),
}

impl Test {
    /// Compiles it; each expression may take `room` bytes.
    pub fn new(expression: &ComparisonExpression, room: usize) -> Result<Self, MatcherFault> {
        let all = |parts: &[ComparisonExpression]| {
            parts.iter().map(|part| Test::new(part, room)).collect::<Result<_, _>>()
        };
        Ok(match expression {
            ComparisonExpression::Comparison(one) => Test::Comparison(Compared::new(one, room)?),
            ComparisonExpression::And(parts) => Test::And(all(parts)?),
            ComparisonExpression::Or(parts) => Test::Or(all(parts)?),
        })
    }

    /// Whether an object of the observation fulfils it.
    pub fn holds(
        &self,
        observation: &Observation<'_>,
        budget: &mut Budget,
    ) -> Result<bool, EvaluateFault> {
        for (_, object) in &observation.objects {
            budget.spend(1)?;
            if self.holds_for(object, observation, budget)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn holds_for<'a>(
        &self,
        object: &'a Map<String, Value>,
        observation: &Observation<'a>,
        budget: &mut Budget,
    ) -> Result<bool, EvaluateFault> {
        match self {
            Test::Comparison(compared) => compared.holds_for(object, observation, budget),
            Test::And(parts) => {
                for part in parts {
                    if !part.holds_for(object, observation, budget)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Test::Or(parts) => {
                for part in parts {
                    if part.holds_for(object, observation, budget)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
        }
    }
}

/// One comparison.
#[derive(Clone, Debug)]
pub(crate) struct Compared {
    pub path: ObjectPath,
    pub negated: bool,
    pub with: With,
}

/// What the values are compared with.
#[derive(Clone, Debug)]
pub(crate) enum With {
    Exists,
    Equal(HashSet<Key>),
    Order(Operator, Constant),
    Expression(Expression),
    /// Values lie within it.
    Subset(IpNet),
    /// It lies within values.
    Superset(IpNet),
}

impl Compared {
    fn new(comparison: &Comparison, room: usize) -> Result<Self, MatcherFault> {
        let path = comparison.path.clone();
        let mut negated = comparison.negated;
        let keys = || comparison.constants.iter().map(key::of_constant).collect();
        let with = match (comparison.operator, comparison.constants.first()) {
            (Operator::Exists, _) => With::Exists,
            (Operator::NotEqual, _) => {
                negated = !negated;
                With::Equal(keys())
            }
            (Operator::Like, Some(Constant::Text(text))) => With::Expression(
                Expression::like(text, path::is_binary(&path), room)
                    .map_err(|fault| named(&path, fault))?,
            ),
            (Operator::Matches, Some(Constant::Text(text))) => {
                let expression = Expression::matches(text, path::is_binary(&path), room);
                With::Expression(expression.map_err(|fault| named(&path, fault))?)
            }
            (Operator::IsSubset, Some(Constant::Text(text))) => With::Subset(net(&path, text)?),
            (Operator::IsSuperset, Some(Constant::Text(text))) => With::Superset(net(&path, text)?),
            (
                Operator::Less
                | Operator::LessOrEqual
                | Operator::Greater
                | Operator::GreaterOrEqual,
                Some(constant),
            ) => With::Order(comparison.operator, constant.clone()),
            // The parser gives every other operator what it needs.
            _ => With::Equal(keys()),
        };
        Ok(Self { path, negated, with })
    }

    fn holds_for<'a>(
        &self,
        object: &'a Map<String, Value>,
        observation: &Observation<'a>,
        budget: &mut Budget,
    ) -> Result<bool, EvaluateFault> {
        if object.get("type").and_then(Value::as_str) != Some(&self.path.object_type) {
            return Ok(false);
        }
        let found = path::values(&self.path, object, observation, budget)?;
        if matches!(self.with, With::Exists) {
            return Ok(found.is_empty() == self.negated);
        }
        for value in &found {
            budget.spend(1 + length(value) / 64)?;
            if self.fulfilled_by(value) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn fulfilled_by(&self, found: &Found<'_>) -> bool {
        let fulfilled = match &self.with {
            With::Exists => true,
            With::Equal(keys) => {
                let (first, second) = key::of_value(found);
                [first, second].iter().flatten().any(|key| keys.contains(key))
            }
            With::Order(operator, constant) => {
                let Some(order) = order(found, constant) else {
                    return false;
                };
                match operator {
                    Operator::Less => order.is_lt(),
                    Operator::LessOrEqual => order.is_le(),
                    Operator::Greater => order.is_gt(),
                    _ => order.is_ge(),
                }
            }
            With::Expression(expression) => match found {
                Found::Value(Value::String(text)) => expression.is_match(text),
                Found::Bytes(bytes) => expression.is_match_bytes(bytes),
                _ => false,
            },
            With::Subset(outer) => address(found).is_some_and(|it| network::is_subset(&it, outer)),
            With::Superset(inner) => {
                address(found).is_some_and(|it| network::is_subset(inner, &it))
            }
        };
        fulfilled != self.negated
    }
}

fn named(path: &ObjectPath, fault: ExpressionFault) -> MatcherFault {
    let path = path.plain();
    match fault {
        ExpressionFault::Unsupported(reason) => MatcherFault::Unsupported { path, reason },
        ExpressionFault::TooLarge => MatcherFault::TooLarge { path },
    }
}

fn net(path: &ObjectPath, text: &str) -> Result<IpNet, MatcherFault> {
    let fault = || MatcherFault::Network { path: path.plain(), text: text.to_owned() };
    network::parse(text).ok_or_else(fault)
}

pub(crate) fn address(found: &Found<'_>) -> Option<IpNet> {
    match found {
        Found::Value(Value::String(text)) => network::parse(text),
        _ => None,
    }
}

fn length(found: &Found<'_>) -> usize {
    match found {
        Found::Value(Value::String(text)) => text.len(),
        Found::Bytes(bytes) => bytes.len(),
        _ => 0,
    }
}

/// How a value stands to a constant; nothing when there is no order between such.
fn order(found: &Found<'_>, constant: &Constant) -> Option<Ordering> {
    match (found, constant) {
        (Found::Value(Value::Number(number)), Constant::Integer(right)) => {
            match key::integer(number) {
                Some(left) => Some(left.cmp(right)),
                None => integer_order(*right, number.as_f64()?).map(Ordering::reverse),
            }
        }
        (Found::Value(Value::Number(number)), Constant::Float(right)) => {
            match key::integer(number) {
                Some(left) => integer_order(left, *right),
                None => number.as_f64()?.partial_cmp(right),
            }
        }
        (Found::Value(Value::String(left)), Constant::Text(right)) => {
            Some(left.as_str().cmp(right))
        }
        (Found::Value(Value::String(left)), Constant::Timestamp(right)) => {
            Some(Timestamp::parse(left)?.cmp(right))
        }
        (Found::Value(Value::String(left)), Constant::Binary(right) | Constant::Hex(right)) => {
            Some(bytes_of(left)?.cmp(right))
        }
        (Found::Bytes(left), Constant::Binary(right) | Constant::Hex(right)) => {
            Some(left.cmp(right))
        }
        (Found::Bytes(left), Constant::Text(right)) => Some(left.cmp(&bytes_of(right)?)),
        _ => None,
    }
}

/// Exact, which a conversion to float is not.
fn integer_order(left: i128, right: f64) -> Option<Ordering> {
    match key::whole(right.floor()) {
        // A fraction puts the float above the whole number below it.
        Some(floor) if floor == left && right.fract() != 0.0 => Some(Ordering::Less),
        Some(floor) => Some(left.cmp(&floor)),
        None => 0.0_f64.partial_cmp(&right),
    }
}

/// Code points as bytes, when each is one (STIX 2.1 section 9, binary and string).
fn bytes_of(text: &str) -> Option<Vec<u8>> {
    text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect()
}
