//! What an audit answers.
//!
//! Is: findings with a stable code and a place, and what was checked. Is not: a page; the binary
//! prints it.

use std::collections::BTreeSet;
use std::fmt;

use detente_core::{Digest, PartyId, UnixSeconds};
use detente_state::Event;

/// Most findings that a report lists: as many notes, and as many of the rest.
pub const MAX_FINDINGS: usize = 1_000;
/// Most characters of a foreign text in a finding.
const MAX_QUOTE: usize = 200;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The record does not hold together: bytes were altered, left out or forged.
    Broken,
    /// The record holds, and shows that a party acted against the accord.
    Breach,
    /// Worth knowing.
    Note,
}

impl Severity {
    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Severity::Broken => "broken",
            Severity::Breach => "breach",
            Severity::Note => "note",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Where a finding is: any of the three.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The file. A path from outside is cut and its odd characters are escaped.
    pub path: Option<String>,
    /// Whose log, or whose act.
    pub party: Option<PartyId>,
    /// The entry of that party's log, from zero.
    pub entry: Option<u64>,
}

impl Place {
    pub(crate) fn path(path: impl Into<String>) -> Place {
        Place { path: Some(path.into()), ..Place::default() }
    }

    pub(crate) const fn of(mut self, party: PartyId) -> Place {
        self.party = Some(party);
        self
    }

    pub(crate) const fn entry(mut self, index: u64) -> Place {
        self.entry = Some(index);
        self
    }

    /// An act, by the file of its body.
    pub(crate) fn act(party: PartyId, index: u64) -> Place {
        Place::path(crate::path::body(party, index)).of(party).entry(index)
    }
}

/// One thing that the audit found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// A stable machine code.
    pub code: &'static str,
    /// Where.
    pub place: Place,
    /// In words.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.severity, self.code)?;
        if let Some(path) = &self.place.path {
            write!(f, " at {path}")?;
        }
        write!(f, ": {}", self.what)
    }
}

/// How much was checked and held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Cosignatures of checkpoints.
    pub cosignatures: u64,
    /// Entries of logs: header signature, body digest, author, place and order.
    pub entries: u64,
    /// Files that are byte for byte what they must be.
    pub files: u64,
    /// Released objects whose bytes have the address and the facts of a manifest.
    pub objects: u64,
    /// Inclusion proofs.
    pub proofs: u64,
    /// Receipts in effect.
    pub receipts: u64,
    /// Retractions of releases in effect.
    pub retractions: u64,
    /// Releases about which the gate was asked again and gave the same answer.
    pub releases: u64,
    /// Duties that were met in time by both logs.
    pub duties: u64,
    /// Checkpoints of other logs that acts say their authors had seen.
    pub seen: u64,
    /// Signatures of cards, acts and checkpoints; a hybrid pair counts as one.
    pub signatures: u64,
    /// Tiles and bundles of entries.
    pub tiles: u64,
}

/// A party of the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartyReport {
    /// Its id and fingerprint.
    pub id: PartyId,
    /// Its name by its own card; none if it has not entered one.
    pub name: Option<String>,
    /// Its fingerprint as words: compare them with the party.
    pub words: String,
    /// Entries of its log that were checked.
    pub entries: u64,
    /// Who cosigned its checkpoint.
    pub cosigned_by: Vec<PartyId>,
}

/// The text that all parties signed last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreed {
    /// SHA-256 of the text.
    pub text: Digest,
    /// Its title.
    pub title: String,
    /// When the last party signed, by that party's clock.
    pub since: UnixSeconds,
    /// When it ends by its own terms.
    pub expires: UnixSeconds,
    /// When a notice of leaving takes effect, if one was given.
    pub leaves: Option<UnixSeconds>,
}

/// An alert that some party's auditor has not acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertLine {
    /// The act that lets more leave, by the digest of its leaf.
    pub act: Digest,
    /// By what sort of act: `text-proposed`, ...
    pub kind: &'static str,
    /// Whose act.
    pub author: PartyId,
    /// When, by its author's clock.
    pub time: UnixSeconds,
    /// Cells that open, in all directions; none if they were not computed.
    pub cells: Option<u64>,
    /// Parties whose auditors have not acknowledged it.
    pub unseen: Vec<PartyId>,
}

/// The answer of an audit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// What was found, the worst first.
    pub findings: Vec<Finding>,
    /// Findings beyond [`MAX_FINDINGS`], which are not listed.
    pub left_out: u64,
    /// What was checked and held.
    pub facts: Facts,
    /// The parties.
    pub parties: Vec<PartyReport>,
    /// What is agreed, if anything ever was.
    pub agreed: Option<Agreed>,
    /// Alerts that some auditor has not acknowledged.
    pub alerts: Vec<AlertLine>,
    /// Every act that could be followed, in the order of the fold.
    pub history: Vec<Event>,
}

impl Report {
    /// Whether nothing is broken and nobody breached the accord. Notes may stand.
    pub fn is_sound(&self) -> bool {
        self.count(Severity::Broken) == 0 && self.count(Severity::Breach) == 0
    }

    /// How many findings of a severity are listed.
    pub fn count(&self, severity: Severity) -> usize {
        let all = self.findings.iter();
        all.filter(|finding| finding.severity == severity).count()
    }
}

/// Findings as they come.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    list: Vec<Finding>,
    notes: usize,
    left_out: u64,
    broken: BTreeSet<String>,
}

impl Findings {
    pub(crate) fn add(
        &mut self,
        severity: Severity,
        code: &'static str,
        place: Place,
        what: String,
    ) {
        if let (Severity::Broken, Some(path)) = (severity, &place.path) {
            self.broken.insert(path.clone());
        }
        let is_note = severity == Severity::Note;
        let others = self.list.len() - self.notes;
        if (if is_note { self.notes } else { others }) >= MAX_FINDINGS {
            self.left_out += 1;
            return;
        }
        self.notes += usize::from(is_note);
        self.list.push(Finding { severity, code, place, what });
    }

    pub(crate) fn broken(&mut self, code: &'static str, place: Place, what: impl Into<String>) {
        self.add(Severity::Broken, code, place, what.into());
    }

    pub(crate) fn breach(&mut self, code: &'static str, place: Place, what: impl Into<String>) {
        self.add(Severity::Breach, code, place, what.into());
    }

    pub(crate) fn note(&mut self, code: &'static str, place: Place, what: impl Into<String>) {
        self.add(Severity::Note, code, place, what.into());
    }

    /// Whether something is broken at this path already.
    pub(crate) fn is_broken(&self, path: &str) -> bool {
        self.broken.contains(path)
    }

    /// Whether anything is broken.
    pub(crate) fn any_broken(&self) -> bool {
        let mut all = self.list.iter();
        all.any(|finding| finding.severity == Severity::Broken)
    }

    /// The findings, worst first, otherwise as they came; and how many are left out.
    pub(crate) fn finish(mut self) -> (Vec<Finding>, u64) {
        self.list.sort_by_key(|finding| finding.severity);
        (self.list, self.left_out)
    }
}

/// A foreign text for people: cut, and with its odd characters escaped.
pub(crate) fn show(text: &str) -> String {
    let cut: String = text.chars().take(MAX_QUOTE).collect();
    let odd = |c: char| !(c.is_ascii_graphic() || c == ' ' || c.is_alphanumeric());
    if cut.len() == text.len() && !cut.chars().any(odd) {
        return cut;
    }
    format!("{cut:?}")
}

/// An error with all its sources.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let cause = error.to_string();
        // A transparent error says what its source says.
        if !text.ends_with(&cause) {
            text = format!("{text}: {cause}");
        }
        source = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Findings, MAX_FINDINGS, Place, Severity, show};

    #[test]
    fn a_flood_of_notes_hides_nothing() {
        let mut findings = Findings::default();
        for _ in 0..2 * MAX_FINDINGS {
            findings.note("n", Place::default(), "x");
        }
        findings.broken("b", Place::default(), "x");
        let (list, left_out) = findings.finish();
        assert_eq!(list.len(), MAX_FINDINGS + 1);
        assert_eq!(left_out, MAX_FINDINGS as u64);
        assert_eq!(list[0].severity, Severity::Broken);
    }

    #[test]
    fn foreign_texts_do_not_reach_the_terminal_raw() {
        assert_eq!(show("logs/é/vkey"), "logs/é/vkey");
        assert_eq!(show("a\u{1b}[2Jb"), "\"a\\u{1b}[2Jb\"");
        assert!(show(&"x".repeat(100_000)).len() < 1_000);
    }
}
