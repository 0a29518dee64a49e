//! What holds for every pattern and every observation.

use detente_pattern::{
    Budget, Dialect, EvaluateFault, Index, Matcher, Observation, Pattern, observations,
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn constant() -> impl Strategy<Value = String> {
    prop_oneof![
        (-3i64..4).prop_map(|n| n.to_string()),
        (-3i64..4).prop_map(|n| format!("{n}.5")),
        "[ab]{0,2}".prop_map(|text| format!("'{text}'")),
        any::<bool>().prop_map(|value| value.to_string()),
        Just("h'6162'".to_owned()),
        Just("b'YWI='".to_owned()),
        Just("t'2020-01-01T00:00:00Z'".to_owned()),
        Just("t'2020-01-01T00:00:00.25Z'".to_owned()),
        any::<f64>().prop_filter("finite", |value| value.is_finite()).prop_map(|value| {
            let text = value.to_string();
            if text.contains('.') { text } else { format!("{text}.0") }
        }),
        "\\PC{0,6}".prop_map(|text| format!("'{}'", text.replace(['\'', '\\'], "-"))),
    ]
}

fn path() -> impl Strategy<Value = String> {
    let step = prop_oneof![Just(".b"), Just("[*]"), Just("[1]"), Just(".'c d'"), Just(".r_ref")];
    let first = prop_oneof![Just("a"), Just("b"), Just("l"), Just("x_hex"), Just("r_ref")];
    let kind = prop_oneof![Just("t"), Just("u")];
    (kind, first, prop::collection::vec(step, 0..3))
        .prop_map(|(kind, first, steps)| format!("{kind}:{first}{}", steps.concat()))
}

fn comparison() -> impl Strategy<Value = String> {
    let equal = prop_oneof![Just("="), Just("!="), Just("NOT ="), Just("NOT !=")];
    let order = prop_oneof![Just("<"), Just("<="), Just(">"), Just("NOT >=")];
    let set = prop::collection::vec(constant(), 0..4);
    let network = prop_oneof![Just("10.0.0.0/8"), Just("10.0.0.1"), Just("2001:db8::/32")];
    let word = prop_oneof![Just("ISSUBSET"), Just("NOT ISSUBSET"), Just("ISSUPERSET")];
    let order_constant = constant().prop_filter("ordered", |c| c != "true" && c != "false");
    prop_oneof![
        4 => (path(), equal, constant()).prop_map(|(p, o, c)| format!("{p} {o} {c}")),
        2 => (path(), order, order_constant).prop_map(|(p, o, c)| format!("{p} {o} {c}")),
        2 => (path(), set).prop_map(|(p, set)| format!("{p} IN ({})", set.join(", "))),
        1 => (path(), word, network).prop_map(|(p, o, n)| format!("{p} {o} '{n}'")),
        1 => (path(), "[ab%_]{0,3}").prop_map(|(p, text)| format!("{p} LIKE '{text}'")),
        1 => (path(), "[ab.]{0,3}").prop_map(|(p, text)| format!("{p} NOT MATCHES '{text}'")),
        1 => path().prop_map(|p| format!("NOT EXISTS {p}")),
        1 => path().prop_map(|p| format!("EXISTS {p}")),
    ]
}

fn test() -> impl Strategy<Value = String> {
    let joined = comparison().prop_recursive(2, 6, 3, |inner| {
        let word = prop_oneof![Just(" AND "), Just(" OR ")];
        (prop::collection::vec(inner, 1..4), word)
            .prop_map(|(parts, word)| format!("({})", parts.join(word)))
    });
    joined.prop_map(|text| format!("[{text}]"))
}

fn pattern() -> impl Strategy<Value = String> {
    test().prop_recursive(2, 6, 3, |inner| {
        let word = prop_oneof![Just(" AND "), Just(" OR "), Just(" FOLLOWEDBY ")];
        let qualifier = prop_oneof![
            4 => Just(String::new()),
            1 => (1..20u32).prop_map(|n| format!(" WITHIN {n} SECONDS")),
            1 => (1..4u32).prop_map(|n| format!(" REPEATS {n} TIMES")),
            1 => (0..9u32, 0..9u32).prop_map(|(a, b)| format!(
                " START t'2020-01-01T00:00:0{a}Z' STOP t'2020-01-01T00:00:0{b}Z'"
            )),
        ];
        (prop::collection::vec(inner, 1..4), word, qualifier)
            .prop_map(|(parts, word, qualifier)| format!("({}){qualifier}", parts.join(word)))
    })
}

fn value() -> impl Strategy<Value = Value> {
    let plain = prop_oneof![
        (-3i64..4).prop_map(Value::from),
        (-3i64..4).prop_map(|n| json!(n as f64 + 0.5)),
        "[ab]{0,2}".prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(json!("2020-01-01T00:00:00Z")),
        Just(json!("2020-01-01T00:00:00.250Z")),
        Just(json!("10.0.0.1")),
        Just(json!("10.1.0.0/16")),
        Just(json!("2001:db8::5")),
        Just(Value::Null),
    ];
    plain.prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            inner.prop_map(|value| json!({"b": value})),
        ]
    })
}

fn observed() -> impl Strategy<Value = Value> {
    let kind = prop_oneof![Just("t"), Just("u")];
    let hex = prop_oneof![Just("6162"), Just("zz"), Just("")];
    let object = (kind, value(), value(), prop::collection::vec(value(), 0..3), hex, 0..3u8)
        .prop_map(|(kind, a, b, l, hex, to)| {
            json!({"type": kind, "a": a, "b": b, "l": l, "x_hex": hex, "r_ref": to.to_string()})
        });
    (prop::collection::vec(object, 1..3), 0..9u32, 0..9u32, 1..4u32).prop_map(
        |(objects, start, length, count)| {
            let end = start + length;
            let inside: serde_json::Map<String, Value> =
                objects.into_iter().enumerate().map(|(at, o)| (at.to_string(), o)).collect();
            json!({
                "type": "observed-data",
                "first_observed": format!("2020-01-01T00:00:{start:02}Z"),
                "last_observed": format!("2020-01-01T00:00:{end:02}Z"),
                "number_observed": count,
                "objects": inside,
            })
        },
    )
}

fn verdict(matcher: &Matcher, observations: &[Observation<'_>]) -> Result<bool, EvaluateFault> {
    matcher.matches(observations, &mut Budget::DEFAULT.clone())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_printed_parses_to_the_same(text in pattern()) {
        let first = Pattern::parse(&text);
        prop_assert!(first.is_ok(), "{text}: {first:?}");
        let printed = first.clone().map(|pattern| pattern.to_string()).unwrap_or_default();
        prop_assert_eq!(&Pattern::parse(&printed), &first, "{} as {}", text, printed);
        prop_assert_eq!(&Pattern::parse_as(&text, Dialect::Lenient), &first);
    }

    #[test]
    fn what_is_lenient_is_printed_strict(text in pattern(), upper in any::<bool>()) {
        let spoilt = if upper { text.replace("'c d'", "c-d") } else { text.replace("AND", "and") };
        if let Ok(pattern) = Pattern::parse_as(&spoilt, Dialect::Lenient) {
            prop_assert_eq!(Pattern::parse(&pattern.to_string()), Ok(pattern));
        }
    }

    #[test]
    fn no_text_breaks_it(text in "[\\[\\]()':=<>!a-c \\\\.0-9hbt*/,+-]{0,60}|\\PC{0,30}") {
        for dialect in [Dialect::Strict, Dialect::Lenient] {
            if let Ok(pattern) = Pattern::parse_as(&text, dialect) {
                prop_assert_eq!(Pattern::parse(&pattern.to_string()), Ok(pattern));
            }
        }
    }

    #[test]
    fn slips_break_nothing(text in pattern(), at in any::<prop::sample::Index>(), c in any::<char>()) {
        let mut chars: Vec<char> = text.chars().collect();
        let at = at.index(chars.len());
        chars[at] = c;
        let text: String = chars.into_iter().collect();
        match Pattern::parse(&text) {
            Ok(pattern) => {
                let _ = (pattern.check(), Matcher::new(&pattern));
            }
            Err(fault) => prop_assert!(fault.at() <= text.len(), "{text}: {fault}"),
        }
    }

    #[test]
    fn the_index_misses_nothing(
        texts in prop::collection::vec(pattern(), 1..12),
        data in prop::collection::vec(observed(), 1..5),
    ) {
        let found = observations(&data).expect("observed data");
        let mut index = Index::new();
        let mut matchers = Vec::new();
        for text in &texts {
            let matcher = Matcher::new(&Pattern::parse(text).expect(text)).expect(text);
            prop_assert_eq!(index.add(matcher.clone()), Ok(matchers.len()));
            matchers.push(matcher);
        }
        // One by one, for each observation alone.
        for observation in &found {
            let alone = std::slice::from_ref(observation);
            let candidates = index.candidates(observation, &mut Budget::DEFAULT.clone());
            let candidates = candidates.expect("within the budget");
            for (number, matcher) in matchers.iter().enumerate() {
                if verdict(matcher, alone) == Ok(true) {
                    prop_assert!(candidates.contains(&number), "{} is missed", texts[number]);
                }
            }
        }
        // And together.
        let held: Vec<(usize, Result<bool, EvaluateFault>)> =
            index.verdicts(&found, Budget::DEFAULT).expect("within the budget");
        for (number, matcher) in matchers.iter().enumerate() {
            let by_index = held.iter().find(|(n, _)| *n == number).map_or(Ok(false), |(_, v)| *v);
            prop_assert_eq!(by_index, verdict(matcher, &found), "{}", texts[number]);
        }
    }

    #[test]
    fn a_budget_gives_the_verdict_or_none(
        text in pattern(),
        data in prop::collection::vec(observed(), 1..5),
        steps in 0..3_000u64,
    ) {
        let found = observations(&data).expect("observed data");
        let matcher = Matcher::new(&Pattern::parse(&text).expect("a pattern")).expect("evaluable");
        let mut budget = Budget::new(steps);
        match matcher.matches(&found, &mut budget) {
            Ok(holds) => prop_assert_eq!(verdict(&matcher, &found), Ok(holds)),
            Err(fault) => prop_assert_eq!(fault, EvaluateFault::Budget),
        }
    }
}
