//! What a text states by itself, beside the parameters that it shows: numbers, periods and TLP
//! colours. A number that is no reference can drift away from the rule, so it is not left standing.
//!
//! Is not: an understanding of language. "At least" for "at most", and a parameter in another's
//! place, can only be seen by people, who are shown the prose as it reads.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use super::language::{Tongue, Words, has};
use detente_core::Tlp;
use detente_core::name;

/// Names that have digits and are no numbers, in lower case.
const NAMES: &[&str] = &[
    "ipv4",
    "ipv6",
    "ipv4-cidr",
    "ipv6-cidr",
    "md5",
    "sha1",
    "sha-1",
    "sha256",
    "sha-256",
    "sha512",
    "sha-512",
    "cert-sha1",
    "cert-sha256",
    "x.509",
    "ed25519",
    "ristretto255",
    "ml-dsa-65",
];
/// Standards with the versions that prose may name.
const VERSIONS: &[(&str, &[&str])] = &[
    ("normalform", &["1"]),
    ("stix", &["2.0", "2.1"]),
    ("taxii", &["2.0", "2.1"]),
    ("tls", &["1.3"]),
    ("tlp", &["1.0", "2.0"]),
];
/// Series of documents whose members have numbers.
const SERIES: &[&str] = &["iso", "iec", "rfc"];
/// How many tokens a list of clauses has at most.
const MAX_LIST: usize = 64;
/// How many words after `marked` a colour is taken for the marking.
const NEAR: usize = 6;

/// A stretch of a text.
pub(super) enum Piece<'a> {
    Text(&'a str),
    /// A parameter is shown here; `own` if it is one that the clause itself declares.
    Shown {
        own: bool,
    },
}

/// Something that a text states by itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Claim {
    /// A number in digits or words.
    Number(String),
    /// A reference to a clause that the text does not have.
    NoClause(String),
    /// A period in words: `a day`, `monthly`.
    Period(String),
    /// A colour.
    Colour(Tlp),
    /// A colour of the Permissible Actions Protocol.
    Pap(String),
}

impl Claim {
    /// Whether it is a number in digits.
    pub(super) fn is_digits(&self) -> bool {
        match self {
            Claim::Number(number) => number.chars().any(char::is_numeric),
            Claim::NoClause(_) => true,
            Claim::Period(_) | Claim::Colour(_) | Claim::Pap(_) => false,
        }
    }
}

/// A word, a mark or a shown parameter.
#[derive(Debug)]
enum Token {
    /// As it stands, and as it is compared: in lower case, look-alikes made Latin.
    Word {
        raw: String,
        low: String,
    },
    Mark(char),
    Shown {
        own: bool,
    },
}

impl Token {
    fn word(raw: &str) -> Token {
        Token::Word { raw: raw.to_owned(), low: name::latin(raw) }
    }

    fn low(&self) -> Option<&str> {
        match self {
            Token::Word { low, .. } => Some(low),
            Token::Mark(_) | Token::Shown { .. } => None,
        }
    }

    fn raw(&self) -> Option<&str> {
        match self {
            Token::Word { raw, .. } => Some(raw),
            Token::Mark(_) | Token::Shown { .. } => None,
        }
    }

    fn is_numeric(&self) -> bool {
        matches!(self, Token::Word { raw, .. } if raw.chars().any(char::is_numeric))
    }
}

/// What the pieces state by themselves, each claim once, in the order of the text.
pub(super) fn claims(
    pieces: &[Piece<'_>],
    tongue: Tongue,
    clauses: &BTreeSet<String>,
) -> Vec<Claim> {
    let tokens = tokens(pieces);
    let reader = Reader { tokens: &tokens, words: tongue.words(), tongue, clauses };
    let mut seen = BTreeSet::new();
    let mut claims = Vec::new();
    for at in 0..tokens.len() {
        for claim in reader.claims_at(at) {
            if seen.insert(claim.clone()) {
                claims.push(claim);
            }
        }
    }
    claims
}

fn tokens(pieces: &[Piece<'_>]) -> Vec<Token> {
    let mut tokens = Vec::new();
    for piece in pieces {
        let text = match piece {
            Piece::Shown { own } => {
                tokens.push(Token::Shown { own: *own });
                continue;
            }
            Piece::Text(text) => text,
        };
        // One spelling for each letter, and superscripts as the digits that they are.
        let text: String = text.nfkc().collect();
        let mut rest = text.char_indices().peekable();
        while let Some((start, c)) = rest.next() {
            if !is_word(c) {
                if !c.is_whitespace() {
                    tokens.push(Token::Mark(c));
                }
                continue;
            }
            let mut end = start + c.len_utf8();
            let mut before = c;
            while let Some(&(at, c)) = rest.peek() {
                let after = text.get(at + c.len_utf8()..).and_then(|text| text.chars().next());
                if !is_word(c) && !after.is_some_and(|after| is_inner(before, c, after)) {
                    break;
                }
                end = at + c.len_utf8();
                before = c;
                rest.next();
            }
            let raw = text.get(start..end).unwrap_or_default();
            // `two-day` is two words, `SHA-256` one name.
            let hyphens: &[char] =
                if raw.chars().any(char::is_numeric) { &[] } else { &['-', '\u{2010}'] };
            let parts = raw.split(hyphens).filter(|part| !part.is_empty());
            tokens.extend(parts.map(Token::word));
        }
    }
    tokens
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || is_combining_mark(c)
}

/// Marks that don't end a word if it goes on behind them: `1,000`, `X.509`, `SHA-256`.
fn is_inner(before: char, mark: char, after: char) -> bool {
    match mark {
        '.' => after.is_numeric(),
        ',' | '_' => before.is_numeric() && after.is_numeric(),
        '-' | '\u{2010}' => is_word(after),
        _ => false,
    }
}

struct Reader<'a> {
    tokens: &'a [Token],
    words: &'static Words,
    tongue: Tongue,
    clauses: &'a BTreeSet<String>,
}

impl Reader<'_> {
    fn claims_at(&self, at: usize) -> Vec<Claim> {
        let Some(Token::Word { raw, low }) = self.tokens.get(at) else {
            return Vec::new();
        };
        if self.tokens[at].is_numeric() {
            return self.numeric(at, raw, low).into_iter().collect();
        }
        let mut claims: Vec<Claim> = self.colour_claim(at, raw, low).into_iter().collect();
        if self.is_number_word(at) {
            claims.extend(self.number_words(at).map(Claim::Number));
            return claims;
        }
        if has(self.words.often, low) {
            claims.push(Claim::Period(raw.clone()));
        } else if has(self.words.units, low)
            && let Some(before) = self.one_of(at)
        {
            claims.push(Claim::Period(format!("{before}{raw}")));
        }
        claims
    }

    fn is_number_word(&self, at: usize) -> bool {
        let word = self.tokens.get(at).and_then(Token::low);
        word.is_some_and(|word| has(self.words.numbers, word) || self.is_joined_number(word))
    }

    /// The number that begins here: `five hundred` is one, and stated once.
    fn number_words(&self, at: usize) -> Option<String> {
        if at.checked_sub(1).is_some_and(|before| self.is_number_word(before)) {
            return None;
        }
        let run = self.tokens.iter().enumerate().skip(at);
        let run = run.take_while(|(at, _)| self.is_number_word(*at));
        let words: Vec<&str> = run.filter_map(|(_, token)| token.raw()).collect();
        Some(words.join(" "))
    }

    /// A number written together, as German does: `zweihundert`, not `eine`, which is an article.
    fn is_joined_number(&self, word: &str) -> bool {
        let joined = || self.words.joined.split(' ').filter(|part| !part.is_empty());
        let mut rest = word;
        let mut parts = 0;
        while !rest.is_empty() {
            let Some(next) = joined().find_map(|part| rest.strip_prefix(part)) else {
                return false;
            };
            rest = next;
            parts += 1;
        }
        parts > 1 || (parts == 1 && !matches!(word, "ein" | "eine" | "und" | "mal"))
    }

    /// What stands before a unit of time and makes a period of it.
    fn one_of(&self, at: usize) -> Option<String> {
        match at.checked_sub(1).and_then(|before| self.tokens.get(before)) {
            // The clause's own number may be of days; the rule's parameters have their unit.
            Some(Token::Shown { own }) => return (!own).then(|| "{...} ".to_owned()),
            Some(Token::Mark(_)) | None => return None,
            // The number is a claim already.
            Some(Token::Word { .. }) if self.is_number_word(at - 1) => return None,
            Some(Token::Word { .. }) => {}
        }
        // One word may stand between: a calendar day.
        for back in 1..=2 {
            let Some(Token::Word { raw, low }) = at.checked_sub(back).map(|i| &self.tokens[i])
            else {
                return None;
            };
            if has(self.words.each, low) {
                return Some(if back == 1 { format!("{raw} ") } else { format!("{raw} ... ") });
            }
        }
        None
    }

    fn numeric(&self, at: usize, raw: &str, low: &str) -> Option<Claim> {
        if NAMES.contains(&low) {
            return None;
        }
        let before = at.checked_sub(1).and_then(|at| self.tokens.get(at));
        match before {
            Some(Token::Mark('\u{a7}')) if is_place(low) => return None,
            Some(Token::Word { low: word, .. }) => {
                let word = word.as_str();
                let earlier = at.checked_sub(2).and_then(|at| self.tokens[at].low());
                if (earlier, word, low) == (Some("normal"), "form", "1") {
                    return None;
                }
                if VERSIONS.iter().any(|(name, versions)| *name == word && versions.contains(&low))
                    || (SERIES.contains(&word) && low.bytes().all(|b| b.is_ascii_digit()))
                    || (has(self.words.elsewhere, word) && is_place(low))
                {
                    return None;
                }
                if has(self.words.clause, word) {
                    return self.no_clause(low);
                }
            }
            _ => {}
        }
        if self.in_list(at) {
            return low.split('-').find_map(|id| self.no_clause(id));
        }
        Some(Claim::Number(raw.to_owned()))
    }

    fn no_clause(&self, id: &str) -> Option<Claim> {
        (!self.clauses.contains(id)).then(|| Claim::NoClause(id.to_owned()))
    }

    /// Whether a number stands in a list behind `clauses`.
    fn in_list(&self, at: usize) -> bool {
        let before = self.tokens.get(..at).unwrap_or_default();
        for token in before.iter().rev().take(MAX_LIST) {
            match token {
                Token::Mark(',' | '\u{2013}' | '&') => {}
                Token::Word { low, .. } if has(self.words.clauses, low) => {
                    return true;
                }
                Token::Word { low, .. } if has(self.words.joins, low) => {}
                token if token.is_numeric() => {}
                _ => return false,
            }
        }
        false
    }

    fn colour_claim(&self, at: usize, raw: &str, low: &str) -> Option<Claim> {
        let tlp = self.colour(at, raw, low)?;
        let mut before = self.tokens.get(..at).unwrap_or_default().iter().rev();
        let before = before.find(|token| !matches!(token, Token::Mark(':')));
        let pap = before.and_then(Token::low) == Some("pap");
        Some(if pap { Claim::Pap(raw.to_owned()) } else { Claim::Colour(tlp) })
    }

    /// The colour that a word names, if it does name one here.
    fn colour(&self, at: usize, raw: &str, low: &str) -> Option<Tlp> {
        let english = ["clear", "white", "green", "amber", "red"];
        let mut colours = self.words.colours.iter();
        let mapped = colours.find(|(word, _)| *word == low).map(|(_, name)| *name);
        let name = mapped.or_else(|| english.contains(&low).then_some(low))?;
        let plus = matches!(self.tokens.get(at + 1), Some(Token::Mark('+')));
        let next = self.tokens.get(at + 1 + usize::from(plus));
        let next = next.and_then(Token::low).unwrap_or_default();
        let loud = mapped.is_none() && !raw.chars().any(char::is_lowercase);
        // Few other things are amber in an accord; a red team is one that is red.
        let plain = name == "amber"
            || (self.tongue == Tongue::English
                && matches!(raw, "red" | "green")
                && !next.starts_with("team"));
        if !loud && !plain && !self.is_marking(at) {
            return None;
        }
        if name == "amber" && next == "strict" {
            return Some(Tlp::AmberStrict);
        }
        name.parse().ok()
    }

    /// Whether a word that speaks of markings stands shortly before, in the same sentence.
    fn is_marking(&self, at: usize) -> bool {
        let before = self.tokens.get(..at).unwrap_or_default().iter().rev();
        before
            .take_while(|token| !matches!(token, Token::Mark('.' | ';' | '!' | '?')))
            .filter_map(Token::low)
            .take(NEAR)
            .any(|word| has(self.words.marked, word))
    }
}

/// A place in another text: 4, 12, 3.1, 4a.
fn is_place(word: &str) -> bool {
    let number = word.strip_suffix(|c: char| c.is_ascii_lowercase()).unwrap_or(word);
    let is_part =
        |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    number.split('.').all(is_part)
}
