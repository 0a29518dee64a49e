//! Prose and parameters can't drift: prose shows each parameter that decides anything by its name,
//! and states no number, period or colour by itself.

use std::collections::BTreeSet;
use std::ops::Range;

use super::hidden;
use super::language::{Said, Tongue};
use super::own_words::{Claim, Piece, claims};
use super::table::Source;

/// A parameter of a clause as prose may show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Param {
    /// `cap.count`.
    pub(super) name: String,
    /// What is put into the prose; none if the field could not be read, which is a fault already.
    said: Option<Said>,
    /// Whether every language must show it.
    must_show: bool,
    /// Whether it begins a sentence with a capital.
    phrase: bool,
}

impl Param {
    /// A value, shown alike in every language.
    pub(super) fn new(name: &str, shown: impl ToString, must_show: bool) -> Param {
        let said = Some(Said::same(shown));
        Param { name: name.to_owned(), said, must_show, phrase: false }
    }

    /// A value that each language says in its own way.
    pub(super) fn value(name: &str, said: Said) -> Param {
        Param { phrase: false, ..Param::said(name, said) }
    }

    /// A phrase of each language.
    pub(super) fn said(name: &str, said: Said) -> Param {
        Param { name: name.to_owned(), said: Some(said), must_show: true, phrase: true }
    }

    /// One whose field could not be read.
    pub(super) fn unread(name: &str) -> Param {
        Param { name: name.to_owned(), said: None, must_show: false, phrase: false }
    }

    /// The same, as one that prose need not show.
    pub(super) fn optional(self) -> Param {
        Param { must_show: false, ..self }
    }

    fn shown(&self, tongue: Tongue) -> &str {
        self.said.as_ref().map_or("", |said| said.in_tongue(tongue))
    }

    fn is_own(&self) -> bool {
        self.name.starts_with("params.")
    }
}

/// Longest prose of a clause in one language, in bytes.
const MAX_PROSE: usize = 20_000;
/// Longest prose with its parameters filled in, in bytes: eight bytes that name a long list must
/// not make a text grow a thousandfold.
const MAX_FILLED: usize = 4 * MAX_PROSE;
/// Most parameters that a remedy lists.
const MAX_LISTED: usize = 20;

/// One clause's prose, checked and filled in.
pub(super) struct Prose<'a> {
    pub(super) source: &'a Source<'a>,
    pub(super) clause: &'a str,
    pub(super) params: &'a [Param],
    /// Annexes of the text, with their titles in this language.
    pub(super) annexes: &'a [Param],
    /// Ids of all clauses: prose may refer to them.
    pub(super) clause_ids: &'a BTreeSet<String>,
}

impl Prose<'_> {
    /// Fills the parameters in and notes each fault.
    pub(super) fn fill(&self, language: &str, text: &str, at: &Range<usize>) -> String {
        let hidden = hidden::find(text).map(|(_, c)| c);
        if text.trim().is_empty() || text.len() > MAX_PROSE || hidden.is_some() {
            let what = match hidden {
                Some(c) => format!("has {}", hidden::describe(c)),
                None => "is empty or too long".to_owned(),
            };
            self.fault(at, language, &what, &format!("write 1 to {MAX_PROSE} bytes of plain text"));
            return String::new();
        }
        let tongue = Tongue::of(language);
        let mut shown: BTreeSet<&str> = BTreeSet::new();
        let mut filled = String::with_capacity(text.len());
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            let (before, after) = rest.split_at(open);
            filled.push_str(before);
            pieces.push(Piece::Text(before));
            let close = after.find('}').unwrap_or_default();
            let name = after.get(1..close).unwrap_or_default();
            if name.is_empty() || name.contains('{') || before.contains('}') {
                let remedy = "write a parameter as {name}, with both brackets";
                self.fault(at, language, "has a bracket without its other half", remedy);
                return String::new();
            }
            let mut params = self.params.iter().chain(self.annexes);
            let param = params.find(|param| param.name == name);
            match (param, name.strip_prefix("clause.")) {
                (Some(param), _) if filled.len() + param.shown(tongue).len() > MAX_FILLED => {
                    let remedy = "show each parameter once, and shorten its list";
                    self.fault(at, language, "is too long once it is filled in", remedy);
                    return String::new();
                }
                (Some(param), _) => {
                    shown.insert(&param.name);
                    push_shown(&mut filled, param.shown(tongue), param.phrase);
                }
                (None, Some(id)) if self.clause_ids.contains(id) => filled.push_str(id),
                (None, _) if self.source.is_full() => {}
                (None, _) => self.unknown(at, language, name),
            }
            pieces.push(Piece::Shown { own: param.is_some_and(Param::is_own) });
            rest = after.get(close + 1..).unwrap_or_default();
        }
        if rest.contains('}') {
            let remedy = "write a parameter as {name}, with both brackets";
            self.fault(at, language, "has a bracket without its other half", remedy);
            return String::new();
        }
        filled.push_str(rest);
        pieces.push(Piece::Text(rest));
        for claim in claims(&pieces, tongue, self.clause_ids) {
            match self.stated_colour(&claim, tongue) {
                Some(param) => {
                    shown.insert(&param.name);
                }
                None => self.contradicts(at, language, &claim),
            }
        }
        self.not_shown(at, language, &shown);
        filled.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn not_shown(&self, at: &Range<usize>, language: &str, shown: &BTreeSet<&str>) {
        let hidden = self.params.iter().filter(|param| param.must_show);
        for param in hidden.filter(|param| !shown.contains(param.name.as_str())) {
            if self.source.is_full() {
                return;
            }
            self.source.fault(
                at,
                "parameter_not_shown",
                format!(
                    "prose of clause {} in {language} does not show `{}` ({})",
                    self.clause,
                    param.name,
                    param.shown(Tongue::of(language))
                ),
                format!("write {{{}}} where the prose should say it", param.name),
            );
        }
    }

    fn fault(&self, at: &Range<usize>, language: &str, what: &str, remedy: &str) {
        let what = format!("prose of clause {} in {language} {what}", self.clause);
        self.source.fault(at, "bad_prose", what, remedy);
    }

    fn unknown(&self, at: &Range<usize>, language: &str, name: &str) {
        let known = self.params.iter().chain(self.annexes);
        let known: Vec<&str> = known.map(|param| param.name.as_str()).collect();
        self.source.fault(
            at,
            "unknown_parameter",
            format!(
                "prose of clause {} in {language} shows `{name}`, which it does not have",
                self.clause
            ),
            format!("use one of: {}", known.join(", ")),
        );
    }

    /// The parameter whose colour the prose states in its own words, and truly.
    fn stated_colour(&self, claim: &Claim, tongue: Tongue) -> Option<&Param> {
        let Claim::Colour(tlp) = claim else { return None };
        let stated = tlp.to_string();
        self.params.iter().find(|param| {
            matches!(param.name.as_str(), "max_tlp" | "min_tlp") && param.shown(tongue) == stated
        })
    }

    fn contradicts(&self, at: &Range<usize>, language: &str, claim: &Claim) {
        if self.source.is_full() {
            return;
        }
        let tongue = Tongue::of(language);
        let name = |param: &&Param| format!("{{{}}} ({})", param.name, param.shown(tongue));
        let meant: Vec<String> = self
            .params
            .iter()
            .filter(|param| param.must_show && param.could_say(claim, tongue))
            .map(|param| name(&param))
            .take(MAX_LISTED)
            .collect();
        let show = if meant.is_empty() {
            String::new()
        } else {
            format!("show {}, if that is meant; or ", meant.join(" or "))
        };
        let what = format!("prose of clause {} in {language} {}", self.clause, says(claim));
        let remedy = format!("{show}{}", remedy(claim, tongue, true));
        self.source.fault(at, "prose_contradicts", what, remedy);
    }
}

impl Param {
    /// Whether showing the parameter could be what a claim meant.
    fn could_say(&self, claim: &Claim, tongue: Tongue) -> bool {
        let shown = self.shown(tongue);
        match claim {
            Claim::Number(_) | Claim::Period(_) => shown.starts_with(|c: char| c.is_numeric()),
            Claim::Colour(_) => shown.starts_with("TLP:"),
            Claim::Pap(_) => shown.starts_with("PAP:"),
            Claim::NoClause(_) => false,
        }
    }
}

/// A text around the clauses, such as a title or a definition: it has no parameters to show, and so
/// no number or colour of its own.
pub(super) struct Plain<'a> {
    pub(super) source: &'a Source<'a>,
    pub(super) at: &'a Range<usize>,
    /// How a fault calls it.
    pub(super) what: &'a str,
    pub(super) clause_ids: &'a BTreeSet<String>,
}

impl Plain<'_> {
    /// Notes what the text states by itself, if it may be read in any of the languages.
    pub(super) fn check_all(&self, languages: &[String], text: &str) {
        let mut tongues = vec![Tongue::English];
        for tongue in languages.iter().map(|language| Tongue::of(language)) {
            if !tongues.contains(&tongue) {
                tongues.push(tongue);
            }
        }
        let found: Vec<Vec<Claim>> = tongues
            .iter()
            .map(|tongue| claims(&[Piece::Text(text)], *tongue, self.clause_ids))
            .collect();
        let mut stated: Vec<Claim> = Vec::new();
        for claim in found.iter().flatten() {
            // What is a reference in one language is a bare number in the others.
            let everywhere = || found.iter().all(|claims| claims.contains(claim));
            if !stated.contains(claim) && (!claim.is_digits() || everywhere()) {
                stated.push(claim.clone());
            }
        }
        self.note(&stated, Tongue::English);
    }

    /// Notes what a text in one language states by itself.
    pub(super) fn check(&self, tongue: Tongue, text: &str) {
        self.note(&claims(&[Piece::Text(text)], tongue, self.clause_ids), tongue);
    }

    fn note(&self, claims: &[Claim], tongue: Tongue) {
        for claim in claims {
            if self.source.is_full() {
                return;
            }
            self.source.fault(
                self.at,
                "prose_contradicts",
                format!("{} {}", self.what, says(claim)),
                remedy(claim, tongue, false),
            );
        }
    }
}

fn says(claim: &Claim) -> String {
    match claim {
        Claim::Number(number) => format!("says {number:?}, a number that is no parameter"),
        Claim::Period(period) => format!("says {period:?}, a period that is no parameter"),
        Claim::Colour(tlp) => format!("says {tlp}, a colour that is no parameter"),
        Claim::Pap(pap) => format!("says PAP {pap:?}, a colour that is no parameter"),
        Claim::NoClause(id) => format!("refers to clause {id}, which the text does not have"),
    }
}

fn remedy(claim: &Claim, tongue: Tongue, clause: bool) -> String {
    let refer = match (tongue, clause) {
        (Tongue::English, _) => "clause 2, clauses 1 and 3, article 4",
        (Tongue::German, _) => "Klausel 2, Klauseln 1 und 3, Artikel 4",
        (Tongue::Other, true) => "{clause.2}, § 4",
        (Tongue::Other, false) => "§ 4",
    };
    let own = if clause {
        "declare it in `params` and show it, in a clause that permits, forbids or matches nothing"
    } else {
        "say it in a clause"
    };
    match claim {
        Claim::Number(_) if claim.is_digits() => {
            format!("leave it out; if it refers to a place, say so: {refer}; otherwise {own}")
        }
        Claim::Number(_) => {
            format!("say it without a number (a, each, either, nobody); otherwise {own}")
        }
        Claim::Period(_) => format!("leave it out; otherwise {own}"),
        Claim::Colour(_) => {
            "leave it out: the ceiling of a permission or a match is its `max_tlp`, the floor of a \
             prohibition its `min_tlp`"
                .to_owned()
        }
        Claim::Pap(_) => {
            "leave it out: the ceiling of a permission is its `max_pap`, the floor of a \
             prohibition its `min_pap`"
                .to_owned()
        }
        Claim::NoClause(_) => "refer to a clause of this text".to_owned(),
    }
}

/// Puts a parameter into the prose; a phrase that begins a sentence gets a capital.
fn push_shown(filled: &mut String, shown: &str, phrase: bool) {
    let before = filled.trim_end();
    let begins = before.is_empty() || before.ends_with(['.', '!', '?']);
    let mut chars = shown.chars();
    match chars.next() {
        Some(first) if phrase && begins => {
            filled.extend(first.to_uppercase());
            filled.push_str(chars.as_str());
        }
        _ => filled.push_str(shown),
    }
}
