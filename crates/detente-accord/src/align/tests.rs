use proptest::prelude::*;

use super::{Stretch, align, common, join, tokens};

fn shown(options: &[&str]) -> String {
    let options: Vec<_> = options.iter().map(|text| tokens(text)).collect();
    let mut text = String::new();
    for stretch in align(&options) {
        if !text.is_empty() {
            text.push(' ');
        }
        match stretch {
            Stretch::Same(tokens) => text.push_str(&join(&tokens)),
            Stretch::Parted(wordings) => {
                let each = wordings.iter().map(|(holders, words)| {
                    let who: Vec<String> = holders.iter().map(ToString::to_string).collect();
                    format!("[{}: {}]", who.join("+"), join(words))
                });
                text.push_str(&each.collect::<Vec<_>>().join(" "));
            }
        }
    }
    text
}

#[test]
fn words_and_signs_are_tokens() {
    let words: Vec<_> = tokens("Zürich's CERT-A (at {cap.count} a day): SHA-256, §4.1! {x")
        .into_iter()
        .filter_map(|token| token.word)
        .collect();
    assert_eq!(
        words,
        [
            "Zürich's",
            "CERT-A",
            "(",
            "at",
            "{cap.count}",
            "a",
            "day",
            ")",
            ":",
            "SHA-256",
            ",",
            "§",
            "4.1",
            "!",
            "{",
            "x"
        ]
    );
    assert_eq!(tokens("双方应当").len(), 4);
    assert_eq!(tokens(" \n").len(), 0);
}

#[test]
fn options_are_laid_beside_one_another() {
    assert_eq!(
        shown(&["Each party shall answer.", "Each party should answer."]),
        "Each party [0: shall] [1: should] answer."
    );
    assert_eq!(
        shown(&["Each shall answer in time.", "Each should answer.", "Each shall answer."]),
        "Each [0+2: shall] [1: should] answer [0: in time] [1+2: ] ."
    );
    assert_eq!(shown(&["alone"]), "alone");
    assert_eq!(shown(&["a", "b"]), "[0: a] [1: b]");
    assert_eq!(shown(&["", "b"]), "[0: ] [1: b]");
    assert_eq!(shown(&[]), "");
}

#[test]
fn hostile_lists_are_compared_in_time() {
    // No word stands once, and the tables would be huge.
    let one: Vec<u32> = (0..60_000).map(|n| n % 7).collect();
    let other: Vec<u32> = (0..60_000).map(|n| n * 3 % 5 + 1).collect();
    let _ = common(&one, &other);
    // Each anchor frees just one other word.
    let one: Vec<u32> = (0..40_000).collect();
    let other: Vec<u32> = (0..40_000).rev().collect();
    assert!(!common(&one, &other).is_empty());
    let long: Vec<u32> = (0..50_000).collect();
    let changed: Vec<u32> =
        long.iter().map(|n| if n % 100 == 0 { n + 100_000 } else { *n }).collect();
    assert_eq!(common(&long, &changed).len(), 49_500);
}

proptest! {
    #[test]
    fn what_is_common_stands_in_both(
        one in prop::collection::vec(0_u8..6, 0..60),
        other in prop::collection::vec(0_u8..6, 0..60),
    ) {
        let pairs = common(&one, &other);
        for pair in pairs.windows(2) {
            prop_assert!(pair[0].0 < pair[1].0 && pair[0].1 < pair[1].1);
        }
        for (x, y) in &pairs {
            prop_assert_eq!(one[*x], other[*y]);
        }
        prop_assert_eq!(common(&one, &one).len(), one.len());
    }

    /// Each option can be read off again, word for word.
    #[test]
    fn no_word_is_lost(texts in prop::collection::vec("[ab.]{0,3}( [abc]{1,2}){0,12}", 1..5)) {
        let options: Vec<_> = texts.iter().map(|text| tokens(text)).collect();
        for (at, option) in options.iter().enumerate() {
            let mut words = Vec::new();
            for stretch in align(&options) {
                match stretch {
                    Stretch::Same(tokens) => words.extend(tokens),
                    Stretch::Parted(wordings) => {
                        let own = wordings.into_iter().find(|(who, _)| who.contains(&at));
                        words.extend(own.unwrap().1);
                    }
                }
            }
            let of = |tokens: &[super::Token<'_>]| -> Vec<String> {
                tokens.iter().filter_map(|token| token.word).map(str::to_owned).collect()
            };
            prop_assert_eq!(of(&words), of(option));
        }
    }
}
