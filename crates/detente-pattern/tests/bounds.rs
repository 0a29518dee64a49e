//! Bounds, faults and what callers take from a pattern.

#![expect(clippy::expect_used, reason = "helpers of tests")]

use detente_pattern::{
    Budget, Constant, Dialect, EvaluateFault, Index, MAX_COMPARISONS, MAX_DEPTH, MAX_EXPRESSIONS,
    MAX_PATTERN, MAX_QUALIFIERS, MAX_STEPS, Matcher, MatcherFault, Observation, Operator, Pattern,
    observations,
};
use serde_json::{Value, json};

fn code(text: &str) -> &'static str {
    Pattern::parse(text).map_or_else(|fault| fault.code(), |_| "")
}

#[test]
fn what_is_too_much_is_refused() {
    let deep = |n: usize| format!("{}[{}a:b = 1{}]{}", s("(", n), s("(", n), s(")", n), s(")", n));
    assert_eq!(code(&deep(MAX_DEPTH)), "");
    assert_eq!(code(&deep(MAX_DEPTH + 1)), "pattern_too_deep");
    assert_eq!(code(&s("(", 200_000)), "pattern_too_deep");
    assert_eq!(code(&format!("[{}", s("(", 200_000))), "pattern_too_deep");
    let many = |n: usize| format!("[a:b IN ({})]", vec!["1"; n].join(","));
    assert_eq!(code(&many(MAX_COMPARISONS)), "");
    assert_eq!(code(&many(MAX_COMPARISONS + 1)), "pattern_too_many");
    let chain = |n: usize| vec!["[a:b = 1]"; n].join("OR");
    assert_eq!(code(&chain(MAX_COMPARISONS)), "");
    assert_eq!(code(&chain(MAX_COMPARISONS + 1)), "pattern_too_many");
    let steps = |n: usize| format!("[a:b{} = 1]", s("[*]", n - 1));
    assert_eq!(code(&steps(MAX_STEPS)), "");
    assert_eq!(code(&steps(MAX_STEPS + 1)), "pattern_too_many");
    let qualified = |n: usize| format!("([a:b = 1]){}", s(" WITHIN 1 SECONDS", n));
    assert_eq!(code(&qualified(MAX_QUALIFIERS)), "");
    assert_eq!(code(&qualified(MAX_QUALIFIERS + 1)), "pattern_too_many");
    assert_eq!(code(&" ".repeat(MAX_PATTERN + 1)), "pattern_too_long");
    assert_eq!(code(&" ".repeat(MAX_PATTERN)), "pattern_expected");
}

fn s(text: &str, times: usize) -> String {
    text.repeat(times)
}

/// The deepest tree there is goes through everything.
#[test]
fn the_deepest_pattern_is_handled() {
    let mut text = format!("[{}a:b = 1{}]", s("(a:b = 2 OR a:b = 1 AND ", 64), s(")", 64));
    for _ in 0..MAX_DEPTH {
        text = format!("([a:b = 1] FOLLOWEDBY [a:b = 1] OR [a:b = 3] AND {text})");
        text.push_str(&s(" REPEATS 1 TIMES", MAX_QUALIFIERS));
    }
    let pattern = Pattern::parse(&text).expect("within the bounds");
    assert_eq!(Pattern::parse(&pattern.to_string()).expect("printed"), pattern);
    assert!(pattern.check().is_empty());
    let matcher = Matcher::new(&pattern).expect("evaluable");
    let data = data(2, 1);
    let found = observations(&data).expect("observed data");
    let mut budget = Budget::DEFAULT;
    assert_eq!(matcher.matches(&found, &mut budget), Ok(true));
}

/// So many observed data, a second apart, each seen so often.
fn data(number: usize, count: u64) -> Vec<Value> {
    let one = |second: usize| {
        let (minute, second) = (second / 60, second % 60);
        let time = format!("2020-01-01T00:{minute:02}:{second:02}Z");
        json!({
            "type": "observed-data", "first_observed": time, "last_observed": time,
            "number_observed": count, "objects": {"0": {"type": "a", "b": 1}},
        })
    };
    (0..number).map(one).collect()
}

fn verdict(text: &str, data: &[Value], budget: Budget) -> Result<bool, EvaluateFault> {
    let matcher = Matcher::new(&Pattern::parse(text).expect(text)).expect(text);
    matcher.matches(&observations(data).expect("observed data"), &mut budget.clone())
}

#[test]
fn observations_are_counted() {
    let million = data(1, 1_000_000);
    for (text, expected) in [
        ("[a:b = 1] REPEATS 1000000 TIMES", true),
        ("[a:b = 1] REPEATS 1000001 TIMES", false),
        ("[a:b = 1] REPEATS 1000000 TIMES WITHIN 1 SECONDS", true),
        ("([a:b = 1] REPEATS 1000 TIMES) REPEATS 1000 TIMES", true),
        ("([a:b = 1] REPEATS 1000 TIMES) REPEATS 1001 TIMES", false),
        ("([a:b = 1] AND [a:b > 0]) REPEATS 500000 TIMES", true),
        ("([a:b = 1] AND [a:b > 0]) REPEATS 500001 TIMES", false),
    ] {
        assert_eq!(verdict(text, &million, Budget::new(2_000)), Ok(expected), "{text}");
    }
    let apart = data(100, 1);
    for (text, expected) in [
        ("[a:b = 1] REPEATS 5 TIMES WITHIN 5 SECONDS", true),
        ("[a:b = 1] REPEATS 5 TIMES WITHIN 4.1 SECONDS", true),
        ("[a:b = 1] REPEATS 5 TIMES WITHIN 4 SECONDS", false),
        ("[a:b = 1] REPEATS 100 TIMES", true),
        ("[a:b = 1] REPEATS 101 TIMES", false),
        ("[a:b = 1] REPEATS 99 TIMES FOLLOWEDBY [a:b = 1]", true),
        (
            "[a:b = 1] REPEATS 50 TIMES START t'2020-01-01T00:00:50Z' STOP t'2020-01-01T00:01:40Z'",
            true,
        ),
        (
            "[a:b = 1] REPEATS 51 TIMES START t'2020-01-01T00:00:50Z' STOP t'2020-01-01T00:01:40Z'",
            false,
        ),
        ("([a:b = 1] FOLLOWEDBY [a:b = 1]) WITHIN 0.5 SECONDS", false),
        ("([a:b = 1] FOLLOWEDBY [a:b = 1]) WITHIN 1.5 SECONDS", true),
    ] {
        assert_eq!(verdict(text, &apart, Budget::DEFAULT), Ok(expected), "{text}");
    }
}

/// One time is chosen for each observation, for all of the pattern.
#[test]
fn orders_and_windows_hold_together() {
    let mut both = data(2, 1);
    for (at, one) in both.iter_mut().enumerate() {
        one["first_observed"] = json!("2020-01-01T00:00:00Z");
        one["last_observed"] = json!("2020-01-01T00:00:12Z");
        one["objects"]["0"]["b"] = json!(at + 1);
    }
    let first = "[a:b = 1] START t'2020-01-01T00:00:08Z' STOP t'2020-01-01T00:00:12Z'";
    let second = "[a:b = 2] START t'2020-01-01T00:00:00Z' STOP t'2020-01-01T00:00:03Z'";
    for (text, expected) in [
        (format!("{first} FOLLOWEDBY {second}"), false),
        (format!("{second} FOLLOWEDBY {first}"), true),
        (format!("({second} AND {first}) WITHIN 5.5 SECONDS"), true),
        (format!("({second} AND {first}) WITHIN 5 SECONDS"), false),
    ] {
        let verdict = verdict(&text, &both, Budget::DEFAULT);
        // The earlier ends less than 3, the later begins at 8: 5 seconds and a nanosecond apart.
        assert_eq!(verdict, Ok(expected), "{text}");
    }
}

#[test]
fn hard_patterns_end_in_a_fault() {
    let apart = data(100, 1);
    let text = ["[a:b = 1]"; 90].join(" FOLLOWEDBY ");
    assert_eq!(verdict(&text, &apart, Budget::new(1_000)), Err(EvaluateFault::Budget));
    let text = "([a:b = 1] FOLLOWEDBY [a:b = 1]) REPEATS 200 TIMES";
    assert_eq!(verdict(text, &data(1_000, 1), Budget::DEFAULT), Err(EvaluateFault::Bindings));
    // An order of so many that cannot be kept within so little time.
    let chain = ["[a:b = 1]"; 12].join(" FOLLOWEDBY ");
    let text = format!("({chain}) WITHIN 11 SECONDS");
    assert_eq!(verdict(&text, &data(30, 1), Budget::new(20_000)), Err(EvaluateFault::Budget));
    // A path that multiplies: 100 references to oneself, four times over.
    let refs = vec!["0"; 100];
    let mut one = data(1, 1);
    one[0]["objects"]["0"]["r_refs"] = json!(refs);
    let text = "[a:r_refs[*].r_refs[*].r_refs[*].r_refs[*].b = 2]";
    assert_eq!(verdict(text, &one, Budget::new(1_000_000)), Err(EvaluateFault::Budget));
}

#[test]
fn what_cannot_be_evaluated_is_said() {
    let fault = |text: &str| {
        let pattern = Pattern::parse(text).expect(text);
        let fault = Matcher::new(&pattern).expect_err(text);
        let found: Vec<&str> = pattern.check().iter().map(|finding| finding.code()).collect();
        assert_eq!(found, [fault.code()], "{text}");
        fault.code()
    };
    for (text, expected) in [
        ("[a:b MATCHES '(?=x)']", "matcher_unsupported"),
        ("[a:b MATCHES '(x)\\\\1']", "matcher_unsupported"),
        ("[a:b MATCHES '[']", "matcher_unsupported"),
        ("[a:b MATCHES '((\\\\w{100}){100}){100}']", "matcher_too_large"),
        ("[a:b ISSUBSET 'x']", "matcher_network"),
        ("[a:b ISSUPERSET '10.0.0.0/33']", "matcher_network"),
        ("[a:b ISSUBSET '010.0.0.0/8']", "matcher_network"),
    ] {
        assert_eq!(fault(text), expected, "{text}");
    }
}

/// Whoever writes a pattern of some kilobytes takes neither minutes nor hundreds of megabytes.
#[test]
fn expressions_are_bounded_together() {
    let pattern = |comparison: &str, number: usize| {
        let text = format!("[{}]", vec![comparison; number].join(" OR "));
        Pattern::parse(&text).expect("a pattern")
    };
    for comparison in ["a:b LIKE 'x%'", r"a:b MATCHES '\\w{20}'"] {
        let many = pattern(comparison, MAX_EXPRESSIONS + 1);
        let fault = Matcher::new(&many).map(drop).expect_err("too many");
        assert_eq!(fault, MatcherFault::TooMany { number: MAX_EXPRESSIONS + 1 });
        let found: Vec<&str> = many.check().iter().map(|finding| finding.code()).collect();
        assert_eq!(found, ["matcher_too_many"], "said once, and none is compiled");
    }
    let large = r"a:b MATCHES '\\w{20}'";
    assert!(Matcher::new(&pattern(large, 16)).is_ok());
    let fault = Matcher::new(&pattern(large, MAX_EXPRESSIONS)).map(drop).expect_err("too large");
    assert_eq!(fault.code(), "matcher_too_large");
    let small = r"a:b MATCHES '^\\d+[a-z]*$'";
    assert!(Matcher::new(&pattern(small, MAX_EXPRESSIONS)).is_ok());
}

#[test]
fn a_check_finds_what_cannot_be_meant() {
    for (text, expected) in [
        ("[file:hashes.MD5 = 'cead3f77f6cda6ec00f57d76c9a6879f']", &[][..]),
        ("[file:hashes.MD5 = 'abc']", &["pattern_digest"]),
        ("[file:hashes.'SHA-256' IN ('abc', 'de')]", &["pattern_digest", "pattern_digest"]),
        ("[file:hashes.'SHA-1' != 1]", &["pattern_digest"]),
        ("[file:hashes.SSDEEP = '3:abc']", &[]),
        ("[file:hashes.CRC = '1']", &[]),
        ("[file:hashes.MD5 LIKE 'abc%']", &[]),
        ("[a:b = 1 AND c:d = 1]", &["pattern_types"]),
        ("[(a:b = 1 OR c:d = 1) AND c:d = 2]", &[]),
        ("[(a:b = 1 OR c:d = 1) AND e:d = 2]", &["pattern_types"]),
        ("[a:b = 1 OR c:d = 1]", &[]),
    ] {
        let found: Vec<&str> =
            Pattern::parse(text).expect(text).check().iter().map(|f| f.code()).collect();
        assert_eq!(found, expected, "{text}");
    }
}

/// The shapes that readers of indicators meet, and what they take from them.
#[test]
fn callers_get_comparisons() {
    let parse = |text: &str| Pattern::parse_as(text, Dialect::Lenient).expect(text);
    let pattern = parse(r"[file:hashes.SHA-256 = 'aa' and NOT file:name in ('it\'s', 'c:\x')]");
    let seen: Vec<(String, &str, bool, Vec<String>)> = pattern
        .comparisons()
        .into_iter()
        .map(|c| {
            let values = c.constants.iter().map(Constant::plain).collect();
            (c.path.plain(), c.operator.text(), c.negated, values)
        })
        .collect();
    let expected = [
        ("file:hashes.SHA-256".to_owned(), "=", false, vec!["aa".to_owned()]),
        ("file:name".to_owned(), "IN", true, vec!["it's".to_owned(), r"c:\x".to_owned()]),
    ];
    assert_eq!(seen, expected);
    assert!(pattern.is_conjunction());
    assert_eq!(
        pattern.to_string(),
        r"[file:hashes.'SHA-256' = 'aa' AND file:name NOT IN ('it\'s', 'c:\\x')]"
    );
    for (text, joined) in [
        ("[a:b = 1 OR a:c = 2] OR [a:d = 3]", false),
        ("[a:b = 1] FOLLOWEDBY [a:d = 3]", true),
        ("[a:b = 1] REPEATS 2 TIMES", false),
        ("[a:b = 1] OR ([a:d = 3] AND [a:d = 4])", true),
        ("[a:b = 1] START '2020-01-01T00:00:00Z' STOP '2021-01-01T00:00:00Z'", false),
        ("[a:b = 007] within 5 seconds WITHIN 6 SECONDS", false),
    ] {
        assert_eq!(parse(text).is_conjunction(), joined, "{text}");
    }
    let pattern = parse("[a:b = 1 AND a:c != 2 AND a:d ISSUBSET '10.0.0.0/8' AND a:e NOT = 3]");
    let named: Vec<String> = pattern.named().iter().map(|named| named.value.plain()).collect();
    assert_eq!(named, ["1", "10.0.0.0/8"]);
    assert_eq!(pattern.comparisons()[3].operator, Operator::Equal);
}

#[test]
fn malformed_observations_are_refused() {
    let good = data(1, 1).remove(0);
    let fault = |property: &str, value: Value| {
        let mut one = good.clone();
        one[property] = value;
        Observation::new(&one, |_| None).map_or_else(|fault| fault.code(), |_| "")
    };
    assert_eq!(fault("id", json!("x")), "");
    for (property, value) in [
        ("first_observed", json!(1)),
        ("first_observed", json!("yesterday")),
        ("last_observed", Value::Null),
        ("number_observed", json!(0)),
        ("number_observed", json!(1.5)),
        ("number_observed", json!(-1)),
        ("objects", json!([])),
        ("object_refs", json!("x")),
        ("object_refs", json!([1])),
    ] {
        assert_eq!(fault(property, value), "observation_property", "{property}");
    }
    assert_eq!(fault("last_observed", json!("2019-01-01T00:00:00Z")), "observation_order");
    assert_eq!(fault("object_refs", json!(["unknown"])), "");
}

#[test]
fn most_patterns_are_found_by_their_constants() {
    let mut index = Index::new();
    for number in 0..1_000 {
        let text = match number % 5 {
            0 => format!("[a:b = {number}]"),
            1 => format!("[a:b IN ({number}, 'x{number}') OR c:d = 'y{number}']"),
            2 => format!("[a:e ISSUBSET '10.{}.0.0/16']", number % 256),
            3 => format!("[a:b > 1 AND a:c = 'z{number}']"),
            _ => format!("[u:b LIKE '{number}%']"),
        };
        let matcher = Matcher::new(&Pattern::parse(&text).expect("a pattern")).expect("evaluable");
        index.add(matcher).expect("room");
    }
    assert_eq!((index.len(), index.unkeyed()), (1_000, 200));
    let mut one = data(1, 1);
    one[0]["objects"]["0"] = json!({"type": "a", "b": 5.0, "c": "z8", "e": "10.7.1.1"});
    let found = observations(&one).expect("observed data");
    let mut budget = Budget::new(200);
    let numbers = index.candidates(&found[0], &mut budget).expect("little work");
    let inside = (0..1_000).filter(|n| n % 5 == 2 && n % 256 == 7);
    let mut expected: Vec<usize> = [5, 8].into_iter().chain(inside).collect();
    expected.sort_unstable();
    assert_eq!(numbers, expected);
}
