//! What a check finds.

use std::fmt;

/// The most findings of one report; what comes after them is only counted.
pub const MAX_FINDINGS: usize = 1000;

/// How much the standard minds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// A MUST is broken: the object is no valid STIX 2.1.
    Must,
    /// A SHOULD is not followed, or a deprecated way is used.
    Should,
}

impl Level {
    /// The word on reports.
    pub const fn name(self) -> &'static str {
        match self {
            Level::Must => "must",
            Level::Should => "should",
        }
    }
}

/// One thing that does not follow the standard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Where, in the selector syntax of STIX 2.1 §7.2.3: `external_references.[0].url`; empty
    /// for the object as a whole.
    pub path: String,
    /// What, for machines.
    pub code: &'static str,
    /// What, for people; what a terminal would obey is escaped.
    pub words: String,
    /// The section of STIX 2.1 that says so.
    pub section: &'static str,
    /// How much it matters.
    pub level: Level,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.path.is_empty() { "object".to_owned() } else { shown(&self.path) };
        let (level, words, section) = (self.level.name(), &self.words, self.section);
        write!(f, "{level}: {place}: {words} (STIX 2.1 section {section})")
    }
}

/// A text as people see it: what a terminal would obey, and what turns or hides text, is escaped.
fn shown(foreign: &str) -> String {
    let mut text = String::with_capacity(foreign.len());
    for c in foreign.chars() {
        match c {
            '\'' | '"' | '\\' => text.push(c),
            _ => text.extend(c.escape_debug()),
        }
    }
    text
}

/// All that was found in one object or bundle.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    findings: Vec<Finding>,
    musts: usize,
    shoulds: usize,
}

impl Report {
    /// Whether no MUST is broken.
    pub const fn is_valid(&self) -> bool {
        self.musts == 0
    }

    /// The findings in the order of the object, at most [`MAX_FINDINGS`].
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// How many MUSTs are broken, those beyond [`MAX_FINDINGS`] too.
    pub const fn musts(&self) -> usize {
        self.musts
    }

    /// How many SHOULDs are not followed, those beyond [`MAX_FINDINGS`] too.
    pub const fn shoulds(&self) -> usize {
        self.shoulds
    }

    pub(super) fn push(&mut self, mut finding: Finding) {
        finding.words = shown(&finding.words);
        match finding.level {
            Level::Must => self.musts += 1,
            Level::Should => self.shoulds += 1,
        }
        if self.findings.len() < MAX_FINDINGS {
            self.findings.push(finding);
        }
    }

    /// Takes over the findings of a report on the value at `place`.
    pub(super) fn adopt(&mut self, inner: Report, place: &str) {
        self.musts += inner.musts;
        self.shoulds += inner.shoulds;
        let room = MAX_FINDINGS.saturating_sub(self.findings.len());
        for mut finding in inner.findings.into_iter().take(room) {
            finding.path = match (place, finding.path.as_str()) {
                ("", _) => finding.path,
                (place, "") => place.to_owned(),
                (place, path) => format!("{place}.{path}"),
            };
            self.findings.push(finding);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::check;

    /// Names of properties are foreign, and stand in the place of a finding as they are.
    #[test]
    fn a_terminal_does_not_obey_a_finding() {
        let text = "{\"type\":\"x-a\",\"a\u{7f}b\":{\"c\u{202e}'d\":null}}";
        let report = check(text.as_bytes());
        let words: Vec<String> = report.findings().iter().map(ToString::to_string).collect();
        let place = |place: &str| words.iter().any(|one| one.contains(&format!(": {place}: ")));
        assert!(place("a\\u{7f}b.c\\u{202e}'d"), "{words:?}");
        assert!(report.findings().iter().any(|one| one.path == "a\u{7f}b"));
        // Some words hold texts of the object without quotes.
        let id = "8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f";
        let text = format!(
            "{{\"type\":\"relationship\",\"relationship_type\":\"a\u{7f}b\",\
             \"source_ref\":\"indicator--{id}\",\"target_ref\":\"malware--{id}\"}}"
        );
        let report = check(text.as_bytes());
        assert!(report.findings().iter().all(|one| !one.words.contains('\u{7f}')), "{report:?}");
    }
}
