//! One accord in memory: the admitted acts of all its logs, and the state they amount to.

use std::collections::BTreeMap;

use detente_core::act::{Act, Admission};
use detente_core::state::{Logs, State};
use detente_core::{Digest, PartyId};

use crate::error::NodeError;
use crate::ports::{AccordRow, EntryRow, LogKey, Store};

/// Entries read from the store at a time.
const READ_STEP: u64 = 256;

/// An accord with its acts.
pub(crate) struct Book {
    pub(crate) row: AccordRow,
    pub(crate) logs: Logs,
    pub(crate) admissions: BTreeMap<PartyId, Admission>,
    pub(crate) state: State,
}

impl Book {
    /// Reads every log of the accord and admits each entry anew: what the disk holds is trusted no
    /// more than what a peer sends.
    pub(crate) fn load(store: &dyn Store, row: AccordRow) -> Result<Book, NodeError> {
        let logs = Logs::new(row.id, &row.parties);
        let state = logs.fold();
        let admissions =
            row.parties.iter().map(|party| (*party, Admission::new(row.id, *party))).collect();
        let mut book = Book { row, logs, admissions, state };
        for party in book.row.parties.clone() {
            let key = LogKey { accord: book.row.id, party };
            let mut from = 0;
            loop {
                let entries = store.entries(key, from..from + READ_STEP)?;
                if entries.is_empty() {
                    break;
                }
                from += entries.len() as u64;
                for act in book.check(party, &entries).map_err(NodeError::damaged)? {
                    book.logs.push(act);
                }
            }
        }
        book.refold();
        Ok(book)
    }

    /// Admits the next entries of a log, all or none. The book's acts are not touched yet.
    pub(crate) fn check(
        &mut self,
        party: PartyId,
        entries: &[EntryRow],
    ) -> Result<Vec<Act>, detente_core::act::AdmitFault> {
        let (admission, acts) = self.try_admit(party, entries)?;
        self.admissions.insert(party, admission);
        Ok(acts)
    }

    /// Admits the next entries of a log without changing anything.
    pub(crate) fn try_admit(
        &self,
        party: PartyId,
        entries: &[EntryRow],
    ) -> Result<(Admission, Vec<Act>), detente_core::act::AdmitFault> {
        let fresh = || Admission::new(self.row.id, party);
        let mut admission = self.admissions.get(&party).cloned().unwrap_or_else(fresh);
        let mut acts = Vec::with_capacity(entries.len());
        for entry in entries {
            acts.push(admission.admit(&entry.leaf, entry.salt, &entry.body)?);
        }
        Ok((admission, acts))
    }

    /// Takes over entries that are durable now.
    pub(crate) fn commit(&mut self, party: PartyId, admission: Admission, acts: Vec<Act>) {
        self.admissions.insert(party, admission);
        for act in acts {
            self.logs.push(act);
        }
        self.refold();
    }

    fn refold(&mut self) {
        self.state = self.logs.fold();
    }

    /// An act of a party by the digest of its leaf.
    pub(crate) fn act(&self, party: PartyId, digest: Digest) -> Option<&Act> {
        self.logs.of(party).iter().find(|act| act.digest() == digest)
    }

    /// What the author of an act knew when it made it: by this a decision is judged.
    pub(crate) fn known_to_author(&self, act: &Act) -> State {
        self.logs.fold_known_to(act)
    }

    /// The other parties.
    pub(crate) fn others(&self, own: PartyId) -> Vec<PartyId> {
        self.row.parties.iter().copied().filter(|party| *party != own).collect()
    }
}
