//! Whether a pattern holds for observations.
//!
//! Is: comparisons compiled to tests, and the search for observations that fulfil all parts of a
//! pattern (`bind`). Work is counted in a [`Budget`]; when it is used up the answer is an error,
//! never a verdict. Is not: time of day, or any knowledge of where observations come from.

use std::ops::Range;

use crate::observation::{MAX_OBSERVATIONS, Observation};
use crate::pattern::Pattern;
use crate::tree::{Comparison, ObservationExpression, Operator};

mod assign;
mod bind;
mod budget;
pub(crate) mod comparison;
mod expression;
pub(crate) mod key;
pub(crate) mod network;
pub(crate) mod path;
mod plan;
mod search;

pub use bind::MAX_BINDINGS;
pub use budget::{Budget, EvaluateFault};
pub use comparison::MatcherFault;
pub(crate) use comparison::check_comparison;
pub use expression::MAX_EXPRESSION;

use comparison::Test;

/// Comparisons of one pattern with LIKE or MATCHES.
pub const MAX_EXPRESSIONS: usize = 256;
/// Bytes that the compiled expressions of one pattern may take together: each has an equal share.
pub const MAX_EXPRESSION_TOTAL: usize = 32 << 20;

/// A pattern ready to be evaluated.
#[derive(Clone, Debug)]
pub struct Matcher {
    pub(crate) tests: Vec<Test>,
    root: ObservationExpression,
}

impl Matcher {
    /// Compiles a pattern.
    ///
    /// # Errors
    ///
    /// A comparison cannot be evaluated: a regular expression that needs more than linear time,
    /// an address that is none, or too many expressions.
    pub fn new(pattern: &Pattern) -> Result<Self, MatcherFault> {
        let room = expression_room(&pattern.comparisons())?;
        let mut tests = Vec::new();
        compile(pattern.root(), room, &mut tests)?;
        Ok(Self { tests, root: pattern.root().clone() })
    }

    /// Whether the observations, taken together, fulfil the pattern.
    ///
    /// # Errors
    ///
    /// The work would be more than the budget holds, or there are too many observations.
    pub fn matches(
        &self,
        observations: &[Observation<'_>],
        budget: &mut Budget,
    ) -> Result<bool, EvaluateFault> {
        if observations.len() > MAX_OBSERVATIONS {
            return Err(EvaluateFault::TooMany);
        }
        let mut hits = Vec::with_capacity(self.tests.len());
        for test in &self.tests {
            let mut found = Vec::new();
            for (at, observation) in observations.iter().enumerate() {
                if test.holds(observation, budget)? {
                    found.push(at);
                }
            }
            hits.push(found);
        }
        self.bind(&hits, observations, budget)
    }

    /// Whether the pattern holds when each test holds for the observations listed for it.
    pub(crate) fn bind(
        &self,
        hits: &[Vec<usize>],
        observations: &[Observation<'_>],
        budget: &mut Budget,
    ) -> Result<bool, EvaluateFault> {
        let mut next = 0;
        let times: Range<i128> = i128::MIN..i128::MAX;
        let plan = plan::build(&self.root, hits, &mut next, (observations, &times));
        bind::holds(&plan, observations, budget)
    }
}

/// Bytes that each compiled expression of a pattern may take; refused if there are too many.
pub(crate) fn expression_room(compared: &[&Comparison]) -> Result<usize, MatcherFault> {
    let is_expression =
        |one: &&&Comparison| matches!(one.operator, Operator::Like | Operator::Matches);
    let number = compared.iter().filter(is_expression).count();
    if number > MAX_EXPRESSIONS {
        return Err(MatcherFault::TooMany { number });
    }
    Ok(MAX_EXPRESSION.min(MAX_EXPRESSION_TOTAL / number.max(1)))
}

/// Compiles the tests in the order of the text.
fn compile(
    expression: &ObservationExpression,
    room: usize,
    tests: &mut Vec<Test>,
) -> Result<(), MatcherFault> {
    match expression {
        ObservationExpression::Test(test) => tests.push(Test::new(test, room)?),
        ObservationExpression::And(parts)
        | ObservationExpression::Or(parts)
        | ObservationExpression::FollowedBy(parts) => {
            for part in parts {
                compile(part, room, tests)?;
            }
        }
        ObservationExpression::Qualified(inner, _) => compile(inner, room, tests)?,
    }
    Ok(())
}
