//! Checks an exported record: no home, no node, no network.

use std::path::Path;

use detente_core::PartyId;
use detente_verify::{Report, audit};
use serde::{Deserialize, Serialize};

use crate::export::DiskFolder;
use crate::fail::Failure;

/// The auditor's answer as plain data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifyReport {
    /// Nothing is broken and nobody breached the accord.
    pub sound: bool,
    /// The parties.
    pub parties: Vec<AuditedParty>,
    /// What is agreed.
    pub agreed: Option<AgreedReport>,
    /// What was checked, and how much of it.
    pub facts: Vec<(String, u64)>,
    /// What was found, the worst first.
    pub findings: Vec<FindingReport>,
    /// Findings that are not listed.
    pub left_out: u64,
    /// Acts that let more leave, or would, and that some auditor has not acknowledged: in words.
    pub alerts: Vec<String>,
    /// Acts that were followed.
    pub acts: u64,
}

/// A party of the record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditedParty {
    /// Its fingerprint.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
    /// Its fingerprint in words.
    pub words: String,
    /// Entries of its log.
    pub entries: u64,
    /// Who cosigned its checkpoint.
    pub cosigned_by: Vec<String>,
}

/// What is agreed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgreedReport {
    /// SHA-256 of the text.
    pub text: String,
    /// Its title.
    pub title: String,
    /// Since when.
    pub since: String,
    /// Until when.
    pub expires: String,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingReport {
    /// broken, breach or note.
    pub severity: String,
    /// Stable code.
    pub code: String,
    /// The file.
    pub path: Option<String>,
    /// The entry of a log.
    pub entry: Option<u64>,
    /// In words.
    pub what: String,
    /// All of it in one line.
    pub line: String,
}

/// Audits a folder.
pub fn verify(folder: &Path) -> Result<VerifyReport, Failure> {
    if !folder.is_dir() {
        return Err(Failure::usage(
            "no_folder",
            format!("{} is no folder", folder.display()),
            "give the folder that `detente log export` wrote",
        ));
    }
    Ok(plain(&audit(&DiskFolder::at(folder))))
}

/// What was looked at, by number.
fn counted(report: &Report) -> [(&'static str, u64); 12] {
    let facts = &report.facts;
    [
        ("files", facts.files),
        ("signatures", facts.signatures),
        ("entries", facts.entries),
        ("tiles", facts.tiles),
        ("proofs", facts.proofs),
        ("cosignatures", facts.cosignatures),
        ("checkpoints seen", facts.seen),
        ("releases replayed", facts.releases),
        ("objects", facts.objects),
        ("receipts", facts.receipts),
        ("retractions", facts.retractions),
        ("duties met", facts.duties),
    ]
}

fn plain(report: &Report) -> VerifyReport {
    let name = |id: &PartyId| {
        let party = report.parties.iter().find(|party| party.id == *id);
        party.and_then(|party| party.name.clone()).unwrap_or_else(|| id.short())
    };
    let facts = counted(report);
    VerifyReport {
        sound: report.is_sound(),
        parties: report
            .parties
            .iter()
            .map(|party| AuditedParty {
                id: party.id.to_string(),
                name: party.name.clone(),
                words: party.words.clone(),
                entries: party.entries,
                cosigned_by: party.cosigned_by.iter().map(name).collect(),
            })
            .collect(),
        agreed: report.agreed.as_ref().map(|agreed| AgreedReport {
            text: agreed.text.to_string(),
            title: agreed.title.clone(),
            since: agreed.since.to_string(),
            expires: agreed.expires.to_string(),
        }),
        facts: facts.iter().map(|(what, count)| ((*what).to_owned(), *count)).collect(),
        findings: report
            .findings
            .iter()
            .map(|finding| FindingReport {
                severity: finding.severity.name().to_owned(),
                code: finding.code.to_owned(),
                path: finding.place.path.clone(),
                entry: finding.place.entry,
                what: finding.what.clone(),
                line: finding.to_string(),
            })
            .collect(),
        left_out: report.left_out,
        alerts: report
            .alerts
            .iter()
            .map(|alert| {
                let cells = alert.cells.map_or("unknown".to_owned(), |cells| cells.to_string());
                let unseen: Vec<String> = alert.unseen.iter().map(name).collect();
                format!(
                    "{} by {} at {} (act {}): {cells} cells open; not acknowledged by the auditor \
                     of {}",
                    alert.kind.replace('-', " "),
                    name(&alert.author),
                    alert.time,
                    alert.act.short(),
                    unseen.join(", ")
                )
            })
            .collect(),
        acts: report.history.len() as u64,
    }
}
