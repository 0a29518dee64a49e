//! Names that people take for one another, and texts that show as something else than they are.
//!
//! Is: hidden characters found and shown; a comparison of names without case, blanks, signs and
//! the commonest look-alikes of other scripts; a check that one word keeps to one script. Is not:
//! all of UTS #39. Texts are read by the fold, which must give the same for ever, so the table is
//! closed and stands here, whatever later versions of Unicode add. NFKC (UAX #15) is stable for
//! assigned characters.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// Letters, after lower-casing, that look like Latin ones: each of the first stands for the one at
/// its place in the second.
const LOOK_ALIKES: &[(&str, &str)] = &[
    // Cyrillic
    (
        "\u{430}\u{432}\u{435}\u{43a}\u{43c}\u{43d}\u{43e}\u{440}\u{441}\u{442}\u{443}\u{445}\
     \u{455}\u{456}\u{457}\u{458}\u{4ae}\u{4af}\u{4bb}\u{4cf}\u{501}\u{51b}\u{51d}",
        "abekmhopctyxsiijyyhldqw",
    ),
    // Greek
    (
        "\u{3b1}\u{3b2}\u{3b5}\u{3b6}\u{3b7}\u{3b9}\u{3ba}\u{3bc}\u{3bd}\u{3bf}\u{3c1}\u{3c4}\
     \u{3c5}\u{3c7}\u{3f2}",
        "abezhikmvoptyxc",
    ),
    // Latin
    ("\u{131}\u{251}\u{261}", "iag"),
];

/// Whether a text is printable and free of control and direction-changing characters, so that it
/// shows as what it is.
pub fn is_plain(text: &str) -> bool {
    !text.chars().any(is_hidden)
}

/// Control characters, and those of Unicode that show as nothing or change the direction: zero
/// width and formatting characters, line separators, fillers and tags.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{3164}' | '\u{feff}'
                | '\u{ffa0}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        )
}

/// The text with each hidden character as its number, fit to be shown to people.
pub fn plain(text: String) -> String {
    if is_plain(&text) {
        return text;
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_hidden(c) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// A word as word lists are searched: in lower case, no stray accents, look-alikes made Latin.
pub fn latin(word: &str) -> String {
    let letters = word.nfkc().flat_map(char::to_lowercase).filter(|c| !is_combining_mark(*c));
    letters.map(latin_letter).collect()
}

fn latin_letter(c: char) -> char {
    let mut pairs = LOOK_ALIKES.iter().flat_map(|(other, latin)| other.chars().zip(latin.chars()));
    pairs.find(|(other, _)| *other == c).map_or(c, |(_, latin)| latin)
}

/// Whether people may take one name for the other: they differ by nothing, or only by case, blanks,
/// signs or letters that look alike.
pub fn look_alike(one: &str, other: &str) -> bool {
    folded(one) == folded(other) || drawn(one) == drawn(other)
}

/// Letters and digits alone, in lower case.
fn folded(name: &str) -> String {
    let letters: String = name.nfkc().filter(|c| c.is_alphanumeric()).collect();
    latin(&letters)
}

/// As [`folded`], with the digits and capitals that are drawn like letters beside letters.
fn drawn(name: &str) -> String {
    let chars: Vec<char> = name.nfkc().filter(|c| c.is_alphanumeric()).collect();
    let beside = |at: usize, is: fn(&char) -> bool| {
        let before = at.checked_sub(1).and_then(|at| chars.get(at));
        before.is_some_and(is) || chars.get(at + 1).is_some_and(is)
    };
    let letters: String = chars
        .iter()
        .enumerate()
        .map(|(at, c)| match c {
            '0' if beside(at, |c| c.is_alphabetic()) => 'o',
            '1' if beside(at, |c| c.is_alphabetic()) => 'l',
            // Among small letters a capital I is an l.
            'I' if beside(at, |c| c.is_lowercase()) => 'l',
            c => *c,
        })
        .collect();
    latin(&letters)
}

/// The first word that mixes Latin, Cyrillic or Greek letters, as no honest name does.
pub fn mixed_word(name: &str) -> Option<&str> {
    name.split(|c: char| !c.is_alphanumeric()).find(|word| {
        let mut scripts = word.chars().filter_map(script);
        scripts.next().is_some_and(|first| scripts.any(|other| other != first))
    })
}

fn script(c: char) -> Option<u8> {
    match c {
        'A'..='Z'
        | 'a'..='z'
        | '\u{c0}'..='\u{24f}'
        | '\u{250}'..='\u{2af}'
        | '\u{1e00}'..='\u{1eff}'
        | '\u{ff21}'..='\u{ff3a}'
        | '\u{ff41}'..='\u{ff5a}' => Some(0),
        '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}' => Some(1),
        '\u{400}'..='\u{52f}' | '\u{1c80}'..='\u{1c8f}' | '\u{a640}'..='\u{a69f}' => Some(2),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{latin, look_alike, mixed_word, plain};

    #[test]
    fn names_that_look_alike() {
        for (one, other) in [
            ("CERT Beta", "CERT Beta"),
            ("CERT Beta", "cert  beta"),
            ("CERT Beta", "CERT-Beta."),
            ("CERT Beta", "C\u{415}RT Beta"),
            ("CERT Alpha", "CERT A1pha"),
            ("CERT Alpha", "CERT AIpha"),
            ("CERT Alpha", "\u{ff23}ERT Alpha"),
            ("Nord", "N0rd"),
            ("IBM", "ibm"),
            ("\u{410}\u{41d}\u{41e}", "AHO"),
        ] {
            assert!(look_alike(one, other), "{one} {other}");
        }
        for (one, other) in
            [("CERT Alpha", "CERT Beta"), ("CERT I", "CERT L"), ("CERT 1", "CERT 2"), ("A", "B")]
        {
            assert!(!look_alike(one, other), "{one} {other}");
        }
    }

    #[test]
    fn words_of_two_scripts() {
        assert_eq!(mixed_word("CERT B\u{435}ta"), Some("B\u{435}ta"));
        assert_eq!(mixed_word("\u{426}\u{435}\u{43d}\u{442}\u{440} CERT"), None, "two words");
        assert_eq!(mixed_word("Kärntner Büro 7"), None);
        assert_eq!(latin("TW\u{41e}"), "two");
    }

    #[test]
    fn hidden_characters_are_shown_by_their_number() {
        assert_eq!(plain("a b\u{e9}".to_owned()), "a b\u{e9}");
        assert_eq!(plain("a\n\u{1b}[2J".to_owned()), "a\\u{a}\\u{1b}[2J");
    }
}
