//! Prose and parameters can't drift: prose shows parameters by name, and a number or colour that it
//! states by itself must be one of the clause's parameters.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::table::Source;

/// A parameter of a clause as prose may show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Param {
    /// `cap.count`.
    pub(super) name: String,
    /// What is put into the prose.
    pub(super) shown: String,
    /// Whether every language must show it.
    pub(super) must_show: bool,
}

impl Param {
    pub(super) fn new(name: &str, shown: impl ToString, must_show: bool) -> Param {
        Param { name: name.to_owned(), shown: shown.to_string(), must_show }
    }
}

/// Longest prose of a clause in one language, in bytes.
const MAX_PROSE: usize = 20_000;
/// Longest prose with its parameters filled in, in bytes: eight bytes that name a long list must
/// not make a text grow a thousandfold.
const MAX_FILLED: usize = 4 * MAX_PROSE;

/// One clause's prose, checked and filled in.
pub(super) struct Prose<'a> {
    pub(super) source: &'a Source<'a>,
    pub(super) clause: &'a str,
    pub(super) params: &'a [Param],
    /// Ids of all clauses: prose may refer to them.
    pub(super) clause_ids: &'a BTreeSet<String>,
}

impl Prose<'_> {
    /// Fills the parameters in and notes each fault.
    pub(super) fn fill(&self, language: &str, text: &str, at: &Range<usize>) -> String {
        if text.trim().is_empty() || text.len() > MAX_PROSE || has_hidden(text) {
            self.source.fault(
                at,
                "bad_prose",
                format!(
                    "prose of clause {} in {language} is empty, too long or has hidden characters",
                    self.clause
                ),
                format!("write 1 to {MAX_PROSE} bytes of plain text"),
            );
            return String::new();
        }
        let mut shown: BTreeSet<&str> = BTreeSet::new();
        let mut filled = String::with_capacity(text.len());
        let mut own_words = String::new();
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            let (before, after) = rest.split_at(open);
            filled.push_str(before);
            own_words.push_str(before);
            let Some(close) = after.find('}') else {
                self.fault(at, language, "has a `{` without its `}`", "close the bracket");
                return String::new();
            };
            let name = after.get(1..close).unwrap_or_default();
            match self.params.iter().find(|param| param.name == name) {
                Some(param) if filled.len() + param.shown.len() > MAX_FILLED => {
                    let remedy = "show each parameter once, and shorten its list";
                    self.fault(at, language, "is too long once it is filled in", remedy);
                    return String::new();
                }
                Some(param) => {
                    shown.insert(&param.name);
                    filled.push_str(&param.shown);
                    // A gap, so that digits before and after don't join.
                    own_words.push('\u{b7}');
                }
                None if self.source.is_full() => {}
                None => self.unknown(at, language, name),
            }
            rest = after.get(close + 1..).unwrap_or_default();
        }
        filled.push_str(rest);
        own_words.push_str(rest);
        self.check_own_words(&own_words, language, at, &mut shown);
        for param in self.params.iter().filter(|param| param.must_show) {
            if !shown.contains(param.name.as_str()) {
                self.source.fault(
                    at,
                    "parameter_not_shown",
                    format!(
                        "prose of clause {} in {language} does not show `{}` ({})",
                        self.clause, param.name, param.shown
                    ),
                    format!("write {{{}}} where the prose should say it", param.name),
                );
            }
        }
        filled.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn fault(&self, at: &Range<usize>, language: &str, what: &str, remedy: &str) {
        let what = format!("prose of clause {} in {language} {what}", self.clause);
        self.source.fault(at, "bad_prose", what, remedy);
    }

    fn unknown(&self, at: &Range<usize>, language: &str, name: &str) {
        let known: Vec<&str> = self.params.iter().map(|param| param.name.as_str()).collect();
        self.source.fault(
            at,
            "unknown_parameter",
            format!(
                "prose of clause {} in {language} shows `{name}`, which it does not have",
                self.clause
            ),
            if known.is_empty() {
                "the clause has no parameters: add them to its rule or to `params`".to_owned()
            } else {
                format!("use one of: {}", known.join(", "))
            },
        );
    }

    /// Numbers and colours that the prose states by itself.
    fn check_own_words<'p>(
        &'p self,
        words: &str,
        language: &str,
        at: &Range<usize>,
        shown: &mut BTreeSet<&'p str>,
    ) {
        let mut stated: BTreeMap<String, Vec<&'p str>> = BTreeMap::new();
        for param in self.params {
            for claim in claims(&param.shown) {
                stated.entry(claim).or_default().push(&param.name);
            }
        }
        let mut asked: BTreeSet<String> = BTreeSet::new();
        for claim in claims(words) {
            if self.clause_ids.contains(&claim) || !asked.insert(claim.clone()) {
                continue;
            }
            if let Some(names) = stated.get(&claim) {
                shown.extend(names);
            } else if !self.source.is_full() {
                let known: Vec<String> = self
                    .params
                    .iter()
                    .map(|param| format!("{} = {}", param.name, param.shown))
                    .collect();
                self.source.fault(
                    at,
                    "prose_contradicts",
                    format!(
                        "prose of clause {} in {language} says {claim}, but no parameter does{}{}",
                        self.clause,
                        if known.is_empty() { "" } else { ": " },
                        known.join(", ")
                    ),
                    "show the parameter by {name}, mend the number, or declare it in `params`",
                );
            }
        }
    }
}

fn has_hidden(text: &str) -> bool {
    !crate::party::is_plain(&text.replace(['\n', '\t', '\r'], " "))
}

/// The numbers (`1,000` reads as 1000) and TLP colours that a text states.
fn claims(text: &str) -> Vec<String> {
    let mut claims = Vec::new();
    let upper = text.to_uppercase();
    for part in upper.split("TLP:").skip(1) {
        let colour: String =
            part.chars().take_while(|c| c.is_ascii_alphabetic() || *c == '+').collect();
        claims.push(format!("TLP:{}", colour.trim_end_matches('+')));
    }
    let chars: Vec<char> = text.chars().collect();
    let mut at = 0;
    while at < chars.len() {
        if !chars[at].is_numeric() {
            at += 1;
            continue;
        }
        let mut number = String::new();
        while at < chars.len() {
            let inner = matches!(chars[at], ',' | '_' | '.' | '-' | '\u{a0}' | '\u{202f}')
                && chars.get(at + 1).is_some_and(|next| next.is_numeric());
            if !chars[at].is_numeric() && !inner {
                break;
            }
            if !matches!(chars[at], ',' | '_' | '\u{a0}' | '\u{202f}') {
                number.push(chars[at]);
            }
            at += 1;
        }
        claims.push(number);
    }
    claims
}
