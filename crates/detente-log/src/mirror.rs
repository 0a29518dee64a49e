//! The state of one mirrored log.
//!
//! Is: a pure state machine: pending checkpoints, the next entry, the mirror checkpoint. Every step
//! takes `&self` and returns the state after it with what must be persisted, so a step whose
//! persistence failed has not happened. It never rewinds, and gives the permit to cosign only for
//! a checkpoint all of whose entries are durable. Is not: storage. Source: C2SP tlog-mirror.
//!
//! Kept: the leaf hashes of the last, partial bundle (at most 255), with which a package that
//! begins within a bundle is verified, and the right edge, from which the tiles to write follow.

use crate::blame::Blame;
use crate::checkpoint::{Checkpoint, CheckpointError, TrustedLog, VerifiedCheckpoint};
use crate::cosign::{CosignerRole, MayCosign};
use crate::hash::Hash;
use crate::proof::ProofError;
use crate::size::{LeafIndex, TreeHead, TreeSize};
use crate::tile::TILE_WIDTH;
use crate::tree::{Append, Appender, RightEdge, RootBuilder, TreeError, fold_peaks};
use crate::upload::{MirrorInfo, Package, Upload, UploadHeader};
use crate::witness::{AddCheckpoint, Refusal, decide};

/// Pending checkpoints that an upload may still refer to.
pub const MAX_PENDING_CHECKPOINTS: usize = 4;

/// A step that is refused, or a stored state that contradicts itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MirrorError {
    /// The upload cannot start or go on there; the answer says where it can.
    #[error("mirror has {} as its next entry and {} as its pending size", .0.next, .0.size)]
    Conflict(MirrorInfo),
    /// Not every entry of the checkpoint is durable.
    #[error("{durable} entries are durable, the checkpoint has {size}")]
    NotDurable {
        /// Entries that are durable.
        durable: TreeSize,
        /// Entries of the checkpoint.
        size: TreeSize,
    },
    /// Another number of entries than the upload's next package has.
    #[error("package holds {got} entries, not {want}")]
    Entries {
        /// Entries given.
        got: usize,
        /// Entries expected; zero when the upload is complete.
        want: u16,
    },
    /// The log is not the one that is mirrored.
    #[error("origin is not known")]
    NotFound,
    /// No checkpoint was ever received.
    #[error("mirror has no pending checkpoint")]
    NoPending,
    /// The package's proof does not hold.
    #[error("package is not proven to be in the checkpoint")]
    Proof(#[source] ProofError),
    /// A stored checkpoint does not verify.
    #[error("stored checkpoint does not verify")]
    StoredCheckpoint(#[source] CheckpointError),
    /// The stored parts contradict each other.
    #[error("stored mirror state contradicts itself")]
    StoredState,
    /// The tree cannot grow.
    #[error("mirrored tree cannot grow")]
    Tree(#[source] TreeError),
}

impl MirrorError {
    /// HTTP status of the answer.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::Conflict(_) => 409,
            Self::NotFound => 404,
            Self::Entries { .. } | Self::NotDurable { .. } => 400,
            Self::NoPending | Self::Proof(_) => 422,
            Self::StoredCheckpoint(_) | Self::StoredState | Self::Tree(_) => 500,
        }
    }

    /// Stable machine code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Conflict(_) => "mirror_conflict",
            Self::Entries { .. } => "mirror_entries",
            Self::NotDurable { .. } => "mirror_not_durable",
            Self::NotFound => "mirror_not_found",
            Self::NoPending => "mirror_no_pending",
            Self::Proof(_) => "mirror_proof",
            Self::StoredCheckpoint(_) => "mirror_stored_checkpoint",
            Self::StoredState => "mirror_stored_state",
            Self::Tree(_) => "mirror_tree",
        }
    }

    /// Who is at fault.
    #[must_use]
    pub fn blame(&self) -> Blame {
        match self {
            Self::Conflict(_)
            | Self::Entries { .. }
            | Self::NotFound
            | Self::NoPending
            | Self::Proof(_) => Blame::Peer,
            Self::NotDurable { .. } | Self::Tree(_) => Blame::Caller,
            Self::StoredCheckpoint(_) | Self::StoredState => Blame::Environment,
        }
    }
}

/// What a store keeps of a mirror, besides the entries and tiles.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MirrorParts {
    /// Pending checkpoints, oldest first; the last one is current. The log's signature is kept.
    pub pending: Vec<Checkpoint>,
    /// The mirror checkpoint.
    pub committed: Option<Checkpoint>,
    /// Right edge of the entries held; its size is the next entry.
    pub edge: RightEdge,
    /// Leaf hashes since the last multiple of 256: the partial level-0 tile.
    pub tail: Vec<Hash>,
}

/// The state of one mirrored log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mirror {
    log: TrustedLog,
    pending: Vec<VerifiedCheckpoint>,
    committed: Option<VerifiedCheckpoint>,
    edge: RightEdge,
    tail: Vec<Hash>,
}

/// A package that was verified: persist its new entries, tiles and state in one step.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Accepted {
    /// State once the entries are durable.
    pub mirror: Mirror,
    /// The upload after this package.
    pub upload: Upload,
    /// How many entries at the front of the package the mirror has already.
    pub known: usize,
    /// The tiles to write for the new entries, which begin at `append.old_size`.
    pub append: Append,
}

/// A checkpoint that becomes the mirror checkpoint: persist it, then cosign.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub struct Commit {
    mirror: Mirror,
    checkpoint: VerifiedCheckpoint,
}

impl Commit {
    /// What to persist as the mirror checkpoint, only if the persisted one is not larger.
    #[must_use]
    pub fn checkpoint(&self) -> &VerifiedCheckpoint {
        &self.checkpoint
    }

    /// To be called after the mirror checkpoint is durable. Gives the state and the permit.
    pub fn persisted(self) -> (Mirror, MayCosign) {
        (self.mirror, MayCosign::new(self.checkpoint, CosignerRole::Mirror))
    }
}

impl Mirror {
    /// A mirror that holds nothing yet.
    #[must_use]
    pub fn new(log: TrustedLog) -> Self {
        let (pending, committed, tail) = (Vec::new(), None, Vec::new());
        Self { log, pending, committed, edge: RightEdge::empty(), tail }
    }

    /// A mirror from its stored parts, all of which are checked against each other.
    ///
    /// # Errors
    /// [`MirrorError::StoredCheckpoint`] or [`MirrorError::StoredState`].
    pub fn restore(log: TrustedLog, parts: MirrorParts) -> Result<Self, MirrorError> {
        let verify =
            |stored: &Checkpoint| stored.verify(&log).map_err(MirrorError::StoredCheckpoint);
        let pending = parts.pending.iter().map(verify).collect::<Result<Vec<_>, _>>()?;
        let committed = parts.committed.as_ref().map(verify).transpose()?;
        let mirror = Self { log, pending, committed, edge: parts.edge, tail: parts.tail };
        if mirror.is_coherent() { Ok(mirror) } else { Err(MirrorError::StoredState) }
    }

    /// What to store.
    #[must_use]
    pub fn parts(&self) -> MirrorParts {
        MirrorParts {
            pending: self.pending.iter().map(|known| known.checkpoint().clone()).collect(),
            committed: self.committed.as_ref().map(|known| known.checkpoint().clone()),
            edge: self.edge.clone(),
            tail: self.tail.clone(),
        }
    }

    /// Whether sizes ascend, the tail belongs to the edge, and roots at equal sizes are equal.
    fn is_coherent(&self) -> bool {
        let next = self.edge.size();
        let sizes = self.pending.iter().map(|known| known.head().size);
        let newest = self.pending.last().map_or(TreeSize::ZERO, |known| known.head().size);
        let committed = self.committed.as_ref().map_or(TreeSize::ZERO, |known| known.head().size);
        let within = next.get() % u64::from(TILE_WIDTH);
        let low_peaks = within.count_ones() as usize;
        let peaks = self.edge.peaks();
        // As many peaks as the size has set bits, so the low ones exist.
        let low = &peaks[peaks.len() - low_peaks.min(peaks.len())..];
        let mut tail = RootBuilder::new();
        let tail_fits = self.tail.len() as u64 == within
            && self.tail.iter().all(|leaf| tail.push_leaf(*leaf).is_ok())
            && tail.head().root == fold_peaks(low);
        let head = self.edge.head();
        let agrees = |known: &VerifiedCheckpoint| {
            known.head().size != head.size || known.head().root == head.root
        };
        sizes.is_sorted()
            && self.pending.len() <= MAX_PENDING_CHECKPOINTS
            && committed <= next
            && next <= newest
            && tail_fits
            && self.pending.iter().chain(&self.committed).all(agrees)
    }

    /// The log that is mirrored.
    #[must_use]
    pub fn log(&self) -> &TrustedLog {
        &self.log
    }

    /// The newest pending checkpoint.
    #[must_use]
    pub fn pending(&self) -> Option<&VerifiedCheckpoint> {
        self.pending.last()
    }

    /// The mirror checkpoint.
    #[must_use]
    pub fn committed(&self) -> Option<&VerifiedCheckpoint> {
        self.committed.as_ref()
    }

    /// First entry that the mirror lacks, as the size of what it holds.
    #[must_use]
    pub fn next_entry(&self) -> TreeSize {
        self.edge.size()
    }

    /// Where a client that uploads to `end` should go on: the body of a 202 or 409 answer. It names
    /// `end` again while that is still of use, so that the client keeps its proofs.
    #[must_use]
    pub fn info(&self, end: TreeSize) -> MirrorInfo {
        let newest = self.pending().map_or(TreeSize::ZERO, |known| known.head().size);
        let keep = end >= self.next_entry() && self.known(end).is_some();
        let size = if keep { end } else { newest };
        MirrorInfo { size, next: self.next_entry(), ticket: Vec::new() }
    }

    /// The state with a newer pending checkpoint, by the rules of a witness; to be persisted before
    /// the answer, in one step with a check that the stored pending checkpoint is still this one.
    /// No cosignature comes of this.
    ///
    /// # Errors
    /// [`Refusal`], with the status to answer.
    pub fn add_checkpoint(&self, request: &AddCheckpoint) -> Result<Self, Refusal> {
        let recorded = self.pending().map_or(TreeHead::EMPTY, |known| *known.head());
        let checkpoint = decide(Some(&self.log), &recorded, request)?.into_checkpoint();
        let mut next = self.clone();
        if next.pending.last().is_some_and(|last| last.head() == checkpoint.head()) {
            next.pending.pop();
        }
        next.pending.push(checkpoint);
        if next.pending.len() > MAX_PENDING_CHECKPOINTS {
            next.pending.remove(0);
        }
        Ok(next)
    }

    /// The known checkpoint of this size.
    fn known(&self, size: TreeSize) -> Option<&VerifiedCheckpoint> {
        self.pending.iter().rev().chain(&self.committed).find(|known| known.head().size == size)
    }

    /// Admits an upload. Its entries may begin at the next entry, or before it within the same
    /// bundle; an upload without entries is admitted for every known checkpoint.
    ///
    /// # Errors
    /// [`MirrorError::NotFound`], [`MirrorError::NoPending`] or [`MirrorError::Conflict`].
    pub fn begin_upload(&self, header: &UploadHeader) -> Result<Upload, MirrorError> {
        if header.origin != *self.log.origin() {
            return Err(MirrorError::NotFound);
        }
        if self.pending.is_empty() {
            return Err(MirrorError::NoPending);
        }
        let conflict = || MirrorError::Conflict(self.info(header.end));
        let checkpoint = self.known(header.end).ok_or_else(conflict)?.clone();
        let committed = self.committed.as_ref().map_or(TreeSize::ZERO, |known| known.head().size);
        let start = header.start.get();
        let empty = start == header.end.get();
        let too_early = !empty && start < self.bundle_start();
        if header.end < committed || start > self.next_entry().get() || too_early {
            return Err(conflict());
        }
        Ok(Upload { checkpoint, next: start })
    }

    /// First entry of the bundle in which the next entry falls.
    fn bundle_start(&self) -> u64 {
        let next = self.next_entry().get();
        next - next % u64::from(TILE_WIDTH)
    }

    /// Verifies the upload's next package: entries held and entries received must be the subtree
    /// that the checkpoint is proven to hold.
    ///
    /// # Errors
    /// [`MirrorError::Proof`] for entries that are not in the checkpoint, [`MirrorError::Conflict`]
    /// when the state has moved on, [`MirrorError::Entries`] for another number of entries.
    pub fn add_package(
        &self,
        upload: &Upload,
        package: &Package<'_>,
    ) -> Result<Accepted, MirrorError> {
        let got = package.entries().len();
        let range = upload.next_package().ok_or(MirrorError::Entries { got, want: 0 })?;
        if got != usize::from(range.width()) {
            return Err(MirrorError::Entries { got, want: range.width() });
        }
        let start = range.start().get();
        let next = self.next_entry().get();
        if start > next {
            return Err(MirrorError::Conflict(self.info(upload.checkpoint.head().size)));
        }
        let conflict = || MirrorError::Conflict(self.info(upload.checkpoint.head().size));
        let held = self.held_before(start, range.bundle_start()).ok_or_else(conflict)?;
        let leaves: Vec<Hash> = package.leaves().collect();
        let mut subtree = RootBuilder::new();
        for leaf in held.iter().chain(&leaves) {
            subtree.push_leaf(*leaf).map_err(MirrorError::Tree)?;
        }
        package
            .proof()
            .verify(
                &range.subtree().map_err(MirrorError::Proof)?,
                &subtree.head().root,
                upload.checkpoint.head(),
            )
            .map_err(MirrorError::Proof)?;
        let known = usize::try_from(next - start).unwrap_or(usize::MAX).min(got);
        self.extend(upload, &leaves, known)
    }

    /// Leaf hashes held from the start of a package's bundle up to the package; `None` when they
    /// are not kept, because the bundle is not the one in which the next entry falls.
    fn held_before(&self, start: u64, bundle: LeafIndex) -> Option<&[Hash]> {
        let count = usize::try_from(start - bundle.get()).ok()?;
        if count > 0 && bundle.get() != self.bundle_start() {
            return None;
        }
        self.tail.get(..count)
    }

    /// The state with the leaves after the first `known` added.
    fn extend(
        &self,
        upload: &Upload,
        leaves: &[Hash],
        known: usize,
    ) -> Result<Accepted, MirrorError> {
        let mut appender = Appender::new(self.edge.clone());
        let mut mirror = self.clone();
        for leaf in &leaves[known..] {
            appender.push_leaf(*leaf).map_err(MirrorError::Tree)?;
            mirror.tail.push(*leaf);
            if mirror.tail.len() == usize::from(TILE_WIDTH) {
                mirror.tail.clear();
            }
        }
        let append = appender.finish();
        mirror.edge = append.edge.clone();
        let head = mirror.edge.head();
        // Follows from the proofs; a state that was altered in storage fails here.
        if head.size == upload.checkpoint.head().size && head != *upload.checkpoint.head() {
            return Err(MirrorError::StoredState);
        }
        let upload = Upload {
            checkpoint: upload.checkpoint.clone(),
            next: upload.next + leaves.len() as u64,
        };
        Ok(Accepted { mirror, upload, known, append })
    }

    /// Ends an upload: its checkpoint becomes the mirror checkpoint. `durable` is how many entries
    /// the store knows to be on disk, whatever this state says.
    ///
    /// # Errors
    /// [`MirrorError::NotDurable`] while entries are missing; [`MirrorError::Conflict`] when the
    /// mirror checkpoint is already past it ("MUST NOT rewind").
    pub fn commit(&self, upload: &Upload, durable: TreeSize) -> Result<Commit, MirrorError> {
        let head = upload.checkpoint.head();
        let held = self.next_entry().min(durable);
        if held < head.size {
            return Err(MirrorError::NotDurable { durable: held, size: head.size });
        }
        if self.known(head.size).is_none_or(|known| known.head() != head) {
            return Err(MirrorError::Conflict(self.info(head.size)));
        }
        if self.committed.as_ref().is_some_and(|known| known.head().size > head.size) {
            return Err(MirrorError::Conflict(self.info(head.size)));
        }
        let mut mirror = self.clone();
        mirror.committed = Some(upload.checkpoint.clone());
        Ok(Commit { mirror, checkpoint: upload.checkpoint.clone() })
    }
}

#[cfg(test)]
mod tests;
