//! Targets of detente-pattern: patterns and observed data from feeds and tools.

use detente_pattern::{
    Budget, Comparison, Dialect, EvaluateFault, Index, MAX_EXPRESSIONS, MAX_PATTERN, Matcher,
    Observation, Operator, Pattern, observations,
};
use serde_json::Value;

use crate::Target;

/// The table of this crate. Seeds are files.
pub(crate) const TARGETS: &[Target] = &[
    Target { name: "pattern_evaluate", run: evaluate, seeds: Vec::new },
    Target { name: "pattern_parse", run: parse, seeds: Vec::new },
];

/// Steps of the evaluations that are compared; the first has those that the product gives.
const STEPS: u64 = 300_000;

/// Expressions of a pattern whose compiling the input's length pays for.
const FEW_EXPRESSIONS: usize = 4;

/// A text in both dialects: what is printed is the same pattern in the strict one.
fn parse(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let strict = Pattern::parse(text);
    let lenient = Pattern::parse_as(text, Dialect::Lenient);
    if let Ok(pattern) = &strict {
        assert_eq!(lenient.as_ref(), Ok(pattern), "the lenient reading is another one");
    }
    for pattern in strict.iter().chain(&lenient) {
        let printed = pattern.to_string();
        if printed.len() > MAX_PATTERN {
            // Blanks and brackets that the text did without.
            continue;
        }
        let again = Pattern::parse(&printed);
        assert_eq!(again.as_ref(), Ok(pattern), "printed as {printed}");
        check(&again.expect("as above"), pattern);
        let named = pattern.named().len();
        let constants: usize = pattern.comparisons().iter().map(|c| c.constants.len()).sum();
        assert!(named <= constants, "{printed}");
    }
    for fault in strict.as_ref().err().into_iter().chain(lenient.as_ref().err()) {
        assert!(fault.at() <= text.len(), "a place behind the text: {fault}");
    }
    lenient.is_ok()
}

/// A check finds the same in what is printed.
fn check(again: &Pattern, pattern: &Pattern) {
    let expression =
        |one: &&&Comparison| matches!(one.operator, Operator::Like | Operator::Matches);
    let comparisons = pattern.comparisons();
    let expressions = comparisons.iter().filter(expression).count();
    // Compiling takes more memory than the text pays for, within a bound of its own.
    if expressions <= FEW_EXPRESSIONS || expressions > MAX_EXPRESSIONS {
        let codes = |one: &Pattern| one.check().iter().map(|f| f.code()).collect::<Vec<_>>();
        assert_eq!(codes(again), codes(pattern), "{pattern}");
    }
}

/// A pattern in the first line, observed data as a JSON list behind it.
fn evaluate(bytes: &[u8]) -> bool {
    let parts = std::str::from_utf8(bytes).ok().and_then(|text| text.split_once('\n'));
    let Some((text, json)) = parts else {
        return false;
    };
    let (Ok(pattern), Ok(objects)) =
        (Pattern::parse_as(text, Dialect::Lenient), serde_json::from_str::<Vec<Value>>(json))
    else {
        return false;
    };
    let (Ok(matcher), Ok(observed)) = (Matcher::new(&pattern), observations(&objects)) else {
        return false;
    };
    // The product's own budget: what it allows must be over soon.
    let mut budget = Budget::DEFAULT;
    let verdict = matcher.matches(&observed, &mut budget);
    check_budget(&matcher, &observed, verdict, Budget::DEFAULT.left() - budget.left());
    check_index(&pattern, &matcher, &observed, verdict);
    check_double(&pattern, &observed, verdict);
    verdict.is_ok()
}

type Outcome = Result<bool, EvaluateFault>;

/// With the steps it took there is the same verdict; with fewer the same or none.
fn check_budget(matcher: &Matcher, observed: &[Observation<'_>], verdict: Outcome, took: u64) {
    if verdict.is_err() {
        return;
    }
    let exact = matcher.matches(observed, &mut Budget::new(took));
    assert_eq!(exact, verdict, "with the {took} steps it took");
    let fewer = matcher.matches(observed, &mut Budget::new(took / 2));
    assert!(fewer == verdict || fewer == Err(EvaluateFault::Budget), "half the steps: {fewer:?}");
}

/// The index finds it if and only if it holds.
fn check_index(
    pattern: &Pattern,
    matcher: &Matcher,
    observed: &[Observation<'_>],
    verdict: Outcome,
) {
    let mut index = Index::new();
    let never = Pattern::parse("[x-never:a = 1]").expect("a pattern");
    for one in [Matcher::new(&never).expect("a matcher"), matcher.clone()] {
        index.add(one).expect("room");
    }
    let Ok(found) = index.verdicts(observed, Budget::new(STEPS)) else {
        return;
    };
    let own = found.iter().find(|(number, _)| *number == 1).map(|(_, verdict)| *verdict);
    match (verdict, own.unwrap_or(Ok(false))) {
        (Ok(one), Ok(other)) => assert_eq!(one, other, "through the index: {pattern}"),
        // One way may need more steps than the other.
        (Err(_), _) | (_, Err(_)) => {}
    }
}

/// A pattern or itself is the pattern; and the printed one is the same.
fn check_double(pattern: &Pattern, observed: &[Observation<'_>], verdict: Outcome) {
    for text in [pattern.to_string(), format!("({pattern}) OR ({pattern})")] {
        // One of the bounds may be in the way of the longer text.
        let Ok(matcher) = Pattern::parse(&text)
            .map_err(drop)
            .and_then(|pattern| Matcher::new(&pattern).map_err(drop))
        else {
            continue;
        };
        let other = matcher.matches(observed, &mut Budget::new(STEPS));
        if let (Ok(one), Ok(other)) = (verdict, other) {
            assert_eq!(one, other, "{text}");
        }
    }
}
