//! What is wrong with a pattern that the grammar lets through.
//!
//! A finding says that a comparison can never do what its author meant: a digest of the wrong
//! length, an address that is none, an expression that this crate does not evaluate, an AND of
//! different objects. A pattern with findings still parses; [`Matcher::new`](crate::Matcher::new)
//! refuses those that it cannot evaluate.

use crate::evaluate::{self, MatcherFault};
use crate::pattern::Pattern;
use crate::tree::{
    Comparison, ComparisonExpression, Constant, ObservationExpression, Operator, Step,
};

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    /// A value that is no digest of the algorithm that the path names.
    #[error("{path}: {value} is no such digest")]
    Digest {
        /// The path.
        path: String,
        /// The value.
        value: String,
    },
    /// AND joins comparisons of which no object can fulfil all: their object types differ.
    #[error("{first} AND {second}: no object has both types")]
    Types {
        /// One object type.
        first: String,
        /// Another.
        second: String,
    },
    /// A comparison that cannot be evaluated.
    #[error(transparent)]
    Matcher(MatcherFault),
}

impl Finding {
    /// A stable name for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Finding::Digest { .. } => "pattern_digest",
            Finding::Types { .. } => "pattern_types",
            Finding::Matcher(fault) => fault.code(),
        }
    }
}

impl Pattern {
    /// Everything that is wrong, in the order of the text; at most one finding a constant, and one
    /// an AND. Where there are more than [`MAX_EXPRESSIONS`](crate::MAX_EXPRESSIONS) expressions
    /// that is the last finding, and comparisons are checked for digests alone.
    #[must_use]
    pub fn check(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        each_test(self.root(), &mut |test| {
            check_types(test, &mut found);
        });
        let compared = self.comparisons();
        // With too many expressions none is compiled: the work is bounded as a matcher's is.
        let room = evaluate::expression_room(&compared);
        for comparison in compared {
            check_digests(comparison, &mut found);
            let checked = room.as_ref().map(|room| evaluate::check_comparison(comparison, *room));
            if let Ok(Err(fault)) = checked {
                found.push(Finding::Matcher(fault));
            }
        }
        found.extend(room.err().map(Finding::Matcher));
        found
    }
}

fn each_test<'t>(
    expression: &'t ObservationExpression,
    take: &mut impl FnMut(&'t ComparisonExpression),
) {
    match expression {
        ObservationExpression::Test(test) => take(test),
        ObservationExpression::And(parts)
        | ObservationExpression::Or(parts)
        | ObservationExpression::FollowedBy(parts) => {
            for part in parts {
                each_test(part, take);
            }
        }
        ObservationExpression::Qualified(inner, _) => each_test(inner, take),
    }
}

/// The types of which an object may be to fulfil the expression, sorted.
fn check_types<'t>(test: &'t ComparisonExpression, found: &mut Vec<Finding>) -> Vec<&'t str> {
    match test {
        ComparisonExpression::Comparison(comparison) => vec![&comparison.path.object_type],
        ComparisonExpression::Or(parts) => {
            let each = parts.iter().flat_map(|part| check_types(part, found));
            let mut types: Vec<&str> = each.collect();
            types.sort_unstable();
            types.dedup();
            types
        }
        ComparisonExpression::And(parts) => {
            let mut common: Option<Vec<&str>> = None;
            for part in parts {
                let types = check_types(part, found);
                let Some(before) = common else {
                    common = Some(types);
                    continue;
                };
                let kept: Vec<&str> =
                    before.iter().copied().filter(|t| types.binary_search(t).is_ok()).collect();
                if let (true, [first, ..], [second, ..]) =
                    (kept.is_empty(), before.as_slice(), types.as_slice())
                {
                    let (first, second) = ((*first).to_owned(), (*second).to_owned());
                    found.push(Finding::Types { first, second });
                    return Vec::new();
                }
                common = Some(kept);
            }
            common.unwrap_or_default()
        }
    }
}

/// Digests have the length that their algorithm gives them.
fn check_digests(comparison: &Comparison, found: &mut Vec<Finding>) {
    let whole = [Operator::Equal, Operator::NotEqual, Operator::In];
    let [.., before, Step::Property(algorithm)] = comparison.path.steps.as_slice() else {
        return;
    };
    let hashes = Step::Property("hashes".to_owned());
    if !whole.contains(&comparison.operator) || *before != hashes {
        return;
    }
    for constant in &comparison.constants {
        let value = constant.plain();
        let fits = match constant {
            Constant::Text(text) => is_digest(algorithm, text),
            _ => digest_lengths(algorithm).is_none(),
        };
        if !fits {
            found.push(Finding::Digest { path: comparison.path.plain(), value });
        }
    }
}

/// Hexadecimal digits of the algorithms in the hash algorithm vocabulary of STIX 2.1;
/// nothing for others.
fn digest_lengths(algorithm: &str) -> Option<&'static [usize]> {
    Some(match algorithm.to_ascii_uppercase().replace('-', "").as_str() {
        "MD5" => &[32],
        "MD6" => &[32, 40, 56, 64, 96, 128],
        "RIPEMD160" | "SHA1" => &[40],
        "SHA224" | "SHA3224" => &[56],
        "SHA256" | "SHA3256" => &[64],
        "SHA384" | "SHA3384" => &[96],
        "SHA512" | "SHA3512" | "WHIRLPOOL" => &[128],
        _ => return None,
    })
}

fn is_digest(algorithm: &str, text: &str) -> bool {
    if algorithm.eq_ignore_ascii_case("ssdeep") {
        let part = |b: u8| b.is_ascii_alphanumeric() || b"/+:.".contains(&b);
        return (1..=128).contains(&text.len()) && text.bytes().all(part);
    }
    let hexadecimal = text.bytes().all(|b| b.is_ascii_hexdigit());
    digest_lengths(algorithm).is_none_or(|lengths| hexadecimal && lengths.contains(&text.len()))
}
