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
        let compared = pattern.comparisons();
        let is_expression =
            |one: &&&Comparison| matches!(one.operator, Operator::Like | Operator::Matches);
        let number = compared.iter().filter(is_expression).count();
        if number > MAX_EXPRESSIONS {
            return Err(MatcherFault::TooMany { number });
        }
        let mut tests = Vec::new();
        compile(pattern.root(), &mut tests)?;
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

/// Compiles the tests in the order of the text.
fn compile(expression: &ObservationExpression, tests: &mut Vec<Test>) -> Result<(), MatcherFault> {
    match expression {
        ObservationExpression::Test(test) => tests.push(Test::new(test)?),
        ObservationExpression::And(parts)
        | ObservationExpression::Or(parts)
        | ObservationExpression::FollowedBy(parts) => {
            for part in parts {
                compile(part, tests)?;
            }
        }
        ObservationExpression::Qualified(inner, _) => compile(inner, tests)?,
    }
    Ok(())
}
