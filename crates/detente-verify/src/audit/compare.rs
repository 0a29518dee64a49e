//! The whole folder against what the record, as it was read, must look like.

use std::collections::{BTreeMap, BTreeSet};

use detente_core::PartyId;

use super::desk::Desk;
use crate::folder::{FolderError, MAX_BODY_FILE};
use crate::json;
use crate::layout::Plan;
use crate::path;
use crate::record::Record;
use crate::report::{Place, chain, show};

/// Lays the record out again and compares every path and byte. Of the objects, so many are known to
/// be missing: what counts them is not altered.
pub(super) fn check(desk: &mut Desk<'_>, record: Record, missing: usize) {
    let plan = match Plan::new(&record) {
        Ok(plan) => plan,
        Err(error) => return refuse(desk, error.code(), chain(&error)),
    };
    let mut compared = Compared::default();
    let here = record.objects.len();
    let emitted = plan.emit(&mut |path, want| {
        let want = match missing {
            1.. if path == path::ACCORD => json::recount(&want, here, here + missing),
            _ => want,
        };
        compared.file(desk, path, &want);
    });
    if let Err(error) = emitted {
        return refuse(desk, error.code(), chain(&error));
    }
    compared.aggregate_proofs(desk, &record, &plan);
    for (path, what) in compared.differing {
        if !desk.findings.is_broken(&path) {
            desk.findings.broken("file_differs", Place::path(path), what);
        }
    }
    let extra: Vec<String> = desk.paths().difference(&compared.wanted).cloned().collect();
    for path in extra.iter().map(|path| show(path)) {
        if !desk.findings.is_broken(&path) {
            let what = "this file does not belong to the record";
            desk.findings.broken("file_extra", Place::path(path), what);
        }
    }
}

fn refuse(desk: &mut Desk<'_>, code: &'static str, what: String) {
    if desk.findings.any_broken() {
        let what = format!("the rest of the folder could not be compared: {what}");
        desk.findings.note("not_compared", Place::default(), what);
    } else {
        desk.findings.broken(code, Place::default(), what);
    }
}

#[derive(Default)]
struct Compared {
    wanted: BTreeSet<String>,
    /// In words, by path.
    differing: BTreeMap<String, String>,
    /// Offsets of the first difference in proofs, counted from the end of what it must be.
    from_end: BTreeMap<String, usize>,
}

impl Compared {
    fn file(&mut self, desk: &mut Desk<'_>, path: String, want: &[u8]) {
        let wrong = match read(desk, &path, want.len()) {
            Ok(bytes) if bytes == want => None,
            Ok(bytes) => {
                let pairs = bytes.iter().zip(want);
                let same = pairs.take_while(|(found, want)| found == want).count();
                self.from_end.insert(path.clone(), want.len() - same);
                Some(format!(
                    "differs from what the record says at byte {same} (it has {} bytes, must \
                     have {})",
                    bytes.len(),
                    want.len()
                ))
            }
            Err(error) => Some(error.to_string()),
        };
        match wrong {
            None => count(desk, &path),
            Some(what) => {
                self.differing.insert(path.clone(), what);
            }
        }
        self.wanted.insert(path);
    }

    /// If all proofs of a log hold another checkpoint, it is the checkpoint that was altered.
    fn aggregate_proofs(&mut self, desk: &mut Desk<'_>, record: &Record, plan: &Plan<'_>) {
        for (&party, log) in &record.logs {
            let Some((checkpoint, proofs)) = plan.proofs(party) else {
                continue;
            };
            let differing = self.proofs_of(party, log.entries.len(), proofs);
            let within =
                |path: &String| self.from_end.get(path).is_some_and(|at| *at <= checkpoint);
            if proofs < 2 || differing.len() < proofs || !differing.iter().all(within) {
                continue;
            }
            let what = format!("all {proofs} proofs of this log hold another checkpoint");
            let place = Place::path(path::checkpoint(party)).of(party);
            desk.findings.broken("checkpoint_differs", place, what);
            for path in differing {
                self.differing.remove(&path);
            }
        }
    }

    fn proofs_of(&self, party: PartyId, entries: usize, proofs: usize) -> Vec<String> {
        let indices = entries.saturating_sub(proofs)..entries;
        indices
            .map(|index| path::proof(party, index as u64))
            .filter(|path| self.differing.contains_key(path))
            .collect()
    }
}

/// Reads as much as there must be, and if there is more, that too.
fn read(desk: &Desk<'_>, path: &str, want: usize) -> Result<Vec<u8>, FolderError> {
    match desk.try_read(path, want) {
        Err(FolderError::TooLong { .. }) => desk.try_read(path, want.max(MAX_BODY_FILE)),
        read => read,
    }
}

fn count(desk: &mut Desk<'_>, path: &str) {
    desk.facts.files += 1;
    if path.contains("/tile/") {
        desk.facts.tiles += 1;
    } else if path.contains("/proofs/") {
        desk.facts.proofs += 1;
    }
}
