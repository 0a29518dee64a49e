//! Observables in sentences: which words are one, and which only look like one.
//!
//! Cautious where a list is not: a bare name must end in a known suffix, must not look like a file
//! (`main.rs`, `setup.sh`), and must not be two sentences that lost their space (`end.In`).

use detente_core::Kind;

use super::Reason;
use super::kinds::{self, Token};
use detente_intel::{NormalFault, refang};

/// Top-level domains that are at least as often file name endings.
const FILE_ENDINGS: [&str; 14] =
    ["app", "cab", "cc", "md", "mov", "pl", "ps", "pub", "py", "rs", "sh", "so", "src", "zip"];

/// What a word is.
pub(super) enum Judged {
    /// An observable.
    Take(Box<Token>),
    /// Something that was meant as one but is none.
    Refuse(Reason),
    /// A word.
    Word,
}

/// The words of a line, without the punctuation around them.
pub(super) fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| {
        c.is_whitespace() || matches!(c, '<' | '>' | '"' | '\'' | '`' | '|' | '“' | '”' | '‘' | '’')
    })
    .flat_map(|word| {
        let whole = word.contains("://") || word.contains("[:");
        word.split(move |c: char| !whole && matches!(c, ',' | ';' | '='))
    })
    .map(strip)
    .filter(|word| !word.is_empty())
}

/// Takes off brackets and full stops that belong to the sentence, not to the word.
fn strip(mut word: &str) -> &str {
    // A word in more wrappings than this is no word, and each round looks at all of it.
    for _ in 0..8 {
        let before = word;
        word = word.trim_end_matches([',', ';', ':', '!', '?']);
        // "evil[.]example." ends a sentence; "evil.example..." was cut and is refused as such.
        if word.ends_with('.') && !word.ends_with("..") {
            word = word.strip_suffix('.').unwrap_or(word);
        }
        for (open, close) in [('(', ')'), ('[', ']'), ('{', '}')] {
            let unopened =
                word.ends_with(close) && word.matches(close).count() > word.matches(open).count();
            let wrapped = word.starts_with(open) && word.ends_with(close) && word.len() > 1;
            if unopened {
                word = word.strip_suffix(close).unwrap_or(word);
            } else if wrapped {
                word = word.strip_prefix(open).unwrap_or(word);
                word = word.strip_suffix(close).unwrap_or(word);
            } else if word.starts_with(open) && !word.contains(close) {
                word = word.strip_prefix(open).unwrap_or(word);
            }
        }
        word = word.trim_start_matches([',', ';', ':', '!', '*']);
        if word == before {
            break;
        }
    }
    word
}

/// Decides what a word is. What stands behind a label counts, as in `host:1.2.3.4:8080`.
pub(super) fn judge(word: &str) -> Judged {
    let whole = judge_bare(word);
    // Behind one label only: a word of a thousand colons is looked at twice, not a thousand times.
    let labelled = match (&whole, behind_label(word)) {
        (Judged::Take(_), _) | (_, None) => return whole,
        (_, Some(rest)) => judge_bare(rest),
    };
    match (whole, labelled) {
        (Judged::Word, labelled) | (_, labelled @ Judged::Take(_)) => labelled,
        (whole, _) => whole,
    }
}

/// Whether a field beside the value of a record is a value too, and not the link to a report.
pub(super) fn is_column(field: &str) -> bool {
    match judge(field.trim().trim_matches(['"', '\''])) {
        Judged::Take(token) => token.observable.kind() != Kind::Url,
        Judged::Refuse(_) | Judged::Word => false,
    }
}

/// What follows `name:`, if a word begins so.
fn behind_label(word: &str) -> Option<&str> {
    let (label, rest) = word.split_once(':')?;
    let named = label.starts_with(|c: char| c.is_ascii_alphabetic())
        && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    (named && !rest.starts_with("//")).then_some(rest)
}

fn judge_bare(word: &str) -> Judged {
    let plain = refang(word);
    let defanged = plain != word && plain.contains(['.', ':', '@']) && !word.contains('\\');
    let meant = (defanged && plain.contains(char::is_alphanumeric)) || plain.contains("://");
    if !meant && !is_shaped(&plain) {
        return Judged::Word;
    }
    match kinds::read_token(word) {
        Ok(token) if meant || !is_doubtful(&plain) => Judged::Take(Box::new(token)),
        Ok(_) if is_joined(&plain) => Judged::Word,
        Ok(_) => Judged::Refuse(Reason::AmbiguousName),
        Err(fault) if meant || is_strict(&plain, &fault) => Judged::Refuse(fault.into()),
        Err(_) => Judged::Word,
    }
}

/// Whether a word that nobody defanged has the shape of an observable at all.
fn is_shaped(word: &str) -> bool {
    let colons = word.bytes().filter(|b| *b == b':').count();
    let digest = matches!(word.len(), 32 | 40 | 64 | 128)
        && word.bytes().all(|b| b.is_ascii_hexdigit())
        && word.bytes().any(|b| b.is_ascii_digit());
    let asn = word.len() >= 5 && word.starts_with("AS");
    // "::" alone, "std::io" and "12:30" are no addresses in a sentence.
    digest || asn || (word.contains('.') && word.len() >= 4) || (colons >= 3 && word.len() >= 7)
}

/// Whether a bare name may be something else: a file, or the joint of two sentences.
fn is_doubtful(word: &str) -> bool {
    is_joined(word) || is_file(word)
}

fn is_joined(word: &str) -> bool {
    let Some((head, top)) = word.rsplit_once('.') else {
        return false;
    };
    top.starts_with(char::is_uppercase) && head.chars().any(char::is_lowercase)
}

fn is_file(word: &str) -> bool {
    let Some((head, top)) = word.rsplit_once('.') else {
        return false;
    };
    !head.contains(['.', '@', '/'])
        && FILE_ENDINGS.iter().any(|ending| ending.eq_ignore_ascii_case(top))
}

/// Whether a word that nobody defanged, and that has no normal form, was surely meant as a value.
fn is_strict(word: &str, fault: &NormalFault) -> bool {
    has_octets(word)
        || word.ends_with('\u{2026}')
        || matches!(fault, NormalFault::TooLong { .. })
        || is_value_but_for_hidden(word)
}

/// Whether four short numbers stand in it as those of an address do: `10.0.0.0/33`.
fn has_octets(word: &str) -> bool {
    word.split(|c: char| !c.is_alphanumeric() && c != '.').any(|part| {
        part.split('.').count() == 4
            && part
                .split('.')
                .all(|o| (1..=3).contains(&o.len()) && o.bytes().all(|b| b.is_ascii_digit()))
    })
}

/// Whether only characters that nobody sees keep it from being a value. It is not taken: they may
/// have turned it round.
fn is_value_but_for_hidden(word: &str) -> bool {
    let hidden = |c: char| {
        matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
            || matches!(c, '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fffd}')
            || c.is_control()
    };
    word.contains(hidden) && kinds::read_token(&word.replace(hidden, "")).is_ok()
}
