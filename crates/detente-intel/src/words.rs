//! Words of a text, as indicators are found by them.
//!
//! One rule for what is kept and for what is asked, so that both agree: a word is a run of letters
//! and digits (Unicode), in small letters, without marks above or below (NFD, combining marks taken
//! off: `Zürich` is `zurich`). A UUID is one word without its dashes, since its five parts say
//! nothing by themselves.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use crate::Context;

/// The longest word, in bytes; of a longer one only the beginning counts. A SHA-512 fits.
pub const MAX_WORD: usize = 128;

/// Digits of a UUID's parts.
const UUID: [usize; 5] = [8, 4, 4, 4, 12];

/// Calls `each` with every word of a text, in order.
pub fn words(text: &str, each: &mut dyn FnMut(&str)) {
    let mut word = String::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|c: char| !is_of_word(c));
        if rest.is_empty() {
            return;
        }
        word.clear();
        if let Some((uuid, after)) = uuid(rest) {
            word.extend(uuid.chars().filter(|c| *c != '-').map(|c| c.to_ascii_lowercase()));
            rest = after;
        } else {
            let end = rest.find(|c: char| !is_of_word(c)).unwrap_or(rest.len());
            let (run, after) = rest.split_at(end);
            fold(run, &mut word);
            rest = after;
        }
        if !word.is_empty() {
            each(&word);
        }
    }
}

/// The texts of a context in which words are looked for: whose it is, what it says, how it is
/// marked.
pub fn texts(context: &Context) -> impl Iterator<Item = &str> {
    let Context { source, origin, markings, labels, description, extra, .. } = context;
    let colour = markings.tlp().map(|tlp| tlp.name());
    let all = std::iter::once(source).chain(origin).chain(description).chain(labels);
    all.chain(extra.values()).chain(markings.texts()).map(String::as_str).chain(colour)
}

/// Letters, digits and the marks that belong to letters.
fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || (!c.is_ascii() && is_combining_mark(c))
}

/// Small letters without marks, up to the longest word.
fn fold(run: &str, word: &mut String) {
    if run.is_ascii() {
        word.push_str(run.get(..MAX_WORD).unwrap_or(run));
        word.make_ascii_lowercase();
        return;
    }
    let small = run.chars().flat_map(char::to_lowercase);
    for c in small.nfd().filter(|c| !is_combining_mark(*c)) {
        if word.len() + c.len_utf8() > MAX_WORD {
            return;
        }
        word.push(c);
    }
}

/// A UUID at the beginning of a text, and what comes after it.
fn uuid(text: &str) -> Option<(&str, &str)> {
    let length = UUID.iter().sum::<usize>() + UUID.len() - 1;
    let (found, after) = text.split_at_checked(length)?;
    let mut parts = found.split('-');
    let fits = UUID.iter().all(|digits| {
        parts.next().is_some_and(|part| {
            part.len() == *digits && part.bytes().all(|byte| byte.is_ascii_hexdigit())
        })
    });
    let ends = !after.starts_with(is_of_word);
    (fits && parts.next().is_none() && ends).then_some((found, after))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        words(text, &mut |word| found.push(word.to_owned()));
        found
    }

    #[test]
    fn words_are_runs_of_letters_and_digits() {
        assert_eq!(
            of("Emotet loader, seen in Z\u{fc}rich"),
            ["emotet", "loader", "seen", "in", "zurich"]
        );
        assert_eq!(of("Zu\u{308}rich"), ["zurich"], "a mark of its own");
        assert_eq!(of("APT-28 (\u{424}\u{421}\u{411})"), ["apt", "28", "\u{444}\u{441}\u{431}"]);
        assert_eq!(
            of("[url:value = 'http://x.test/a_b']"),
            ["url", "value", "http", "x", "test", "a", "b"]
        );
        assert_eq!(of("\u{301} -- \u{1f600}"), [""; 0]);
    }

    #[test]
    fn a_uuid_is_one_word() {
        let one = "e828b3794e034974 9ac4e53a884c97c1".replace(' ', "");
        assert_eq!(of("indicator--E828B379-4e03-4974-9ac4-e53a884c97c1."), ["indicator", &one]);
        // Not quite one: its runs.
        assert_eq!(of("e828b379-4e03-4974-9ac4-e53a884c97c1f").len(), 5);
        assert_eq!(of("e828b379-4e03-4974-9ac4-e53a884c97cg").len(), 5);
        assert_eq!(of("e828b379-4e03-4974-9ac4").len(), 4);
    }

    #[test]
    fn a_long_word_counts_by_its_beginning() {
        for letter in ["a", "\u{e4}", "\u{44f}", "\u{10400}"] {
            let found = of(&letter.repeat(1_000));
            assert_eq!(found.len(), 1);
            assert!(found[0].len() <= MAX_WORD && found[0].len() > MAX_WORD - 4);
        }
    }

    proptest! {
        /// What is found in a text is found by itself too: what is asked is read as what is kept.
        #[test]
        fn words_of_words_are_the_same(text in ".{0,200}") {
            let found = of(&text);
            let again: Vec<String> = found.iter().flat_map(|word| of(word)).collect();
            prop_assert_eq!(found, again);
        }
    }
}
