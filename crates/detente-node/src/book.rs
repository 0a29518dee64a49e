//! One accord in memory: the admitted acts of all its logs, and the state they amount to.

use std::collections::BTreeMap;

use detente_core::act::{Act, Admission};
use detente_core::{Digest, PartyId};
use detente_log::Checkpoint;
use detente_state::{Logs, State};

use crate::error::NodeError;
use crate::ports::{AccordRow, EntryRow, LogKey, LogRow, Store};

/// Entries read from the store at a time.
const READ_STEP: u64 = 256;

/// An accord with its acts.
pub(crate) struct Book {
    pub(crate) row: AccordRow,
    pub(crate) logs: Logs,
    pub(crate) admissions: BTreeMap<PartyId, Admission>,
    pub(crate) state: State,
    /// Acts of mirrored logs that are admitted and durable but not yet cosigned, because more
    /// entries of their checkpoint are to come. Nothing rests on them: an export could not show
    /// them.
    held: BTreeMap<PartyId, Vec<Act>>,
}

impl Book {
    /// Reads every log of the accord and admits each entry anew: what the disk holds is trusted no
    /// more than what a peer sends.
    pub(crate) fn load(store: &dyn Store, row: AccordRow) -> Result<Book, NodeError> {
        let logs = Logs::new(row.id, &row.parties);
        let state = logs.fold();
        let admissions =
            row.parties.iter().map(|party| (*party, Admission::new(row.id, *party))).collect();
        let mut book = Book { row, logs, admissions, state, held: BTreeMap::new() };
        for party in book.row.parties.clone() {
            let key = LogKey { accord: book.row.id, party };
            let cosigned = checkpoint_size(&store.log(key)?)?;
            let mut from = 0;
            loop {
                let entries = store.entries(key, from..from + READ_STEP)?;
                if entries.is_empty() {
                    break;
                }
                from += entries.len() as u64;
                let (admission, acts) =
                    book.try_admit(party, &entries).map_err(NodeError::damaged)?;
                book.hold(party, admission, acts);
            }
            book.take_up(party, cosigned);
        }
        book.refold();
        Ok(book)
    }

    /// Admits the next entries of a log without changing anything.
    pub(crate) fn try_admit(
        &self,
        party: PartyId,
        entries: &[EntryRow],
    ) -> Result<(Admission, Vec<Act>), detente_core::act::AdmitFault> {
        // A party of this accord has one; a stranger's entries fit no admission of it.
        let fresh = || Admission::new(self.row.id, party);
        let mut admission = self.admissions.get(&party).cloned().unwrap_or_else(fresh);
        let mut acts = Vec::with_capacity(entries.len());
        for entry in entries {
            acts.push(admission.admit(&entry.leaf, entry.salt, &entry.body)?);
        }
        Ok((admission, acts))
    }

    /// Takes over own entries, which are durable with their checkpoint.
    pub(crate) fn commit(&mut self, party: PartyId, admission: Admission, acts: Vec<Act>) {
        self.hold(party, admission, acts);
        self.cosigned(party, u64::MAX);
    }

    /// Keeps entries of a mirrored log that are durable until their checkpoint is cosigned.
    pub(crate) fn hold(&mut self, party: PartyId, admission: Admission, acts: Vec<Act>) {
        self.admissions.insert(party, admission);
        self.held.entry(party).or_default().extend(acts);
    }

    /// The first `size` entries of a party's log are cosigned: they count from now on.
    pub(crate) fn cosigned(&mut self, party: PartyId, size: u64) {
        if self.take_up(party, size) {
            self.refold();
        }
    }

    /// Moves held acts below `size` into the logs; says whether any moved.
    fn take_up(&mut self, party: PartyId, size: u64) -> bool {
        let held = self.held.entry(party).or_default();
        let count = held.iter().take_while(|act| act.header().sequence < size).count();
        for act in held.drain(..count) {
            self.logs.push(act);
        }
        count > 0
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

/// The size that a log's newest checkpoint states: entries beyond it are not cosigned yet.
fn checkpoint_size(row: &LogRow) -> Result<u64, NodeError> {
    let Some(note) = &row.checkpoint else { return Ok(0) };
    let checkpoint = Checkpoint::parse(note).map_err(NodeError::damaged)?;
    Ok(checkpoint.unverified_body().head().size.get())
}
