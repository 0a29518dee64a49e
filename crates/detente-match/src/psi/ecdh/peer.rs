//! The peer's list: each point raised to our key on arrival, kept for the answer and for the
//! comparison.
//!
//! Memory of a point: 32 bytes, and 16 more until the list is complete.

use std::collections::VecDeque;

use rayon::prelude::*;

use super::own::{Tag, tag};
use super::params::{Encoded, PROOF_BYTES, chunk_len};
use crate::error::PeerFault;
use crate::params::{Mode, Params};

/// One chunk of answers as it goes out.
pub(super) struct Answer {
    pub(super) start: u32,
    pub(super) points: Vec<Encoded>,
    pub(super) proof: Option<[u8; PROOF_BYTES]>,
}

/// The peer's list on its way through a run.
pub(super) struct PeerList {
    mode: Mode,
    answers: bool,
    len: u32,
    /// The peer's points raised to our key; in the order of arrival, or ascending once sorted.
    doubled: Vec<Encoded>,
    tags: Vec<Tag>,
    /// Of the chunks that wait to be answered, 64 bytes each.
    proofs: VecDeque<[u8; PROOF_BYTES]>,
    received: u32,
    answered: u32,
}

impl PeerList {
    pub(super) fn new(params: &Params) -> PeerList {
        PeerList {
            mode: params.mode,
            answers: params.answers(),
            len: params.peer_len,
            doubled: Vec::new(),
            tags: Vec::new(),
            proofs: VecDeque::new(),
            received: 0,
            answered: 0,
        }
    }

    pub(super) fn len(&self) -> u32 {
        self.len
    }

    pub(super) fn received(&self) -> u32 {
        self.received
    }

    pub(super) fn answered(&self) -> u32 {
        self.answered
    }

    pub(super) fn all_received(&self) -> bool {
        self.received == self.len
    }

    /// Whether every answer that is due has been given.
    pub(super) fn all_answered(&self) -> bool {
        !self.answers || self.answered == self.len
    }

    /// Whether its chunks are answered with a proof.
    pub(super) fn wants_proof(&self) -> bool {
        self.answers && self.mode == Mode::Which
    }

    /// Takes a chunk: the points as they came, raised to our key, and the proof if one is due.
    pub(super) fn take(
        &mut self,
        points: &[Encoded],
        doubled: &[Encoded],
        proof: Option<[u8; PROOF_BYTES]>,
    ) {
        self.tags.extend(points.iter().map(tag));
        self.doubled.extend_from_slice(doubled);
        self.proofs.extend(proof);
        self.received += chunk_len(self.len, self.received);
    }

    /// Compares the complete list with itself and with all points that we sent before it ended;
    /// it cannot reflect the ones that we send later.
    ///
    /// # Errors
    /// [`PeerFault::DuplicatePoint`] and [`PeerFault::PointsReflected`].
    pub(super) fn close(&mut self, mut own_tags: Vec<Tag>) -> Result<(), PeerFault> {
        let mut tags = std::mem::take(&mut self.tags);
        tags.par_sort_unstable();
        if tags.array_windows().any(|[left, right]| left == right) {
            return Err(PeerFault::DuplicatePoint);
        }
        own_tags.par_sort_unstable();
        if tags.par_iter().any(|tag| own_tags.binary_search(tag).is_ok()) {
            return Err(PeerFault::PointsReflected);
        }
        if self.mode == Mode::CountOnly {
            // Sorting forgets which answer belongs to which point.
            self.sort();
        }
        Ok(())
    }

    /// The next chunk of answers that is ready, if any.
    pub(super) fn answer_next(&mut self) -> Option<Answer> {
        let ready = match self.mode {
            Mode::Which | Mode::Lookup { .. } | Mode::Payload { .. } => self.received,
            Mode::CountOnly if self.all_received() => self.received,
            Mode::CountOnly => 0,
        };
        if !self.answers || self.answered >= ready {
            return None;
        }
        let start = self.answered;
        let end = start + chunk_len(self.len, start);
        let points = self.doubled.get(start as usize..end as usize)?.to_vec();
        self.answered = end;
        Some(Answer { start, points, proof: self.proofs.pop_front() })
    }

    /// Orders the raised points for [`PeerList::holds`].
    pub(super) fn sort(&mut self) {
        self.doubled.par_sort_unstable();
    }

    /// Whether a point is among the raised ones, which must be sorted.
    pub(super) fn holds(&self, point: &Encoded) -> bool {
        self.doubled.binary_search(point).is_ok()
    }
}
