//! What `accord check` finds in a text, and how its prose reads.

use detente_accord::{Accord, Confusable, Rule, confusables};
use detente_core::UnixSeconds;
use serde::{Deserialize, Serialize};

use crate::fail::{FaultReport, exit};

/// The check of a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckReport {
    /// The file.
    pub file: String,
    /// Whether the text holds no fault.
    pub sound: bool,
    /// Title of a sound text.
    pub title: Option<String>,
    /// SHA-256 of a sound text.
    pub text: Option<String>,
    /// Why the text is refused.
    pub faults: Vec<FaultReport>,
    /// What a sound text suffers from at this time: it has expired.
    pub findings: Vec<FaultReport>,
    /// The clauses of a sound text with their prose as it reads.
    pub clauses: Vec<ReadClause>,
    /// Words that can be taken for others.
    pub confusables: Vec<ConfusableReport>,
    /// Languages whose words for numbers and periods are not known here, and so were not checked.
    pub words_unread: Vec<String>,
}

/// A word that can be taken for another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfusableReport {
    /// Where it stands first: `clause 3.1`.
    pub unit: String,
    /// The field there: `prose.en`.
    pub field: String,
    /// The word.
    pub word: String,
    /// Its letters that are not ASCII, with their code points.
    pub letters: Vec<String>,
    /// The word that it looks like; none if it mixes letters of two scripts.
    pub like: Option<String>,
}

/// A clause as it reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadClause {
    /// Its number.
    pub id: String,
    /// Name of its rule, or `prose`.
    pub rule: String,
    /// The line where it begins.
    pub line: usize,
    /// Language and prose.
    pub prose: Vec<(String, String)>,
}

impl CheckReport {
    /// Exit code: something was found, or nothing.
    pub fn code(&self) -> u8 {
        if self.faults.is_empty() && self.findings.is_empty() { 0 } else { exit::REFUSED }
    }
}

/// The words of a text that can be taken for others; none of a text that has no units.
fn confusable_words(text: &[u8]) -> Vec<ConfusableReport> {
    let text = std::str::from_utf8(text).unwrap_or_default();
    let found = confusables(text).unwrap_or_default();
    let report = |one: Confusable| ConfusableReport {
        unit: one.unit.to_string(),
        field: one.field,
        word: one.word,
        letters: one.letters,
        like: one.like,
    };
    found.into_iter().map(report).collect()
}

/// Checks a text as of `now`.
pub fn check(file: &str, text: &[u8], now: UnixSeconds) -> CheckReport {
    let accord = match Accord::parse(text) {
        Ok(accord) => accord,
        Err(faults) => {
            let faults = faults.0.iter().map(|fault| FaultReport::of(fault, Some(file))).collect();
            return CheckReport {
                file: file.to_owned(),
                sound: false,
                title: None,
                text: None,
                faults,
                findings: Vec::new(),
                clauses: Vec::new(),
                confusables: confusable_words(text),
                words_unread: Vec::new(),
            };
        }
    };
    let findings = accord.expired(now);
    CheckReport {
        file: file.to_owned(),
        sound: true,
        title: Some(accord.title.clone()),
        text: Some(accord.digest.to_string()),
        faults: Vec::new(),
        findings: findings.iter().map(|fault| FaultReport::of(fault, Some(file))).collect(),
        clauses: accord
            .clauses
            .iter()
            .map(|clause| ReadClause {
                id: clause.id.clone(),
                rule: clause.rule.as_ref().map_or("prose", Rule::name).to_owned(),
                line: clause.line,
                prose: clause.prose.clone(),
            })
            .collect(),
        confusables: confusable_words(text),
        words_unread: accord.unread_languages().into_iter().map(str::to_owned).collect(),
    }
}
