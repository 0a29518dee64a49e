//! Items as rows of a store, sorted by cluster.

use rayon::prelude::*;

use crate::field::F128;
use crate::security::StoreShape;
use crate::simd::{Aes, Simd, cluster, zeros};

/// Hash of an item under the run's key: 128 bits that give its row, 128 bits that are its value.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(C)]
pub(crate) struct Digest {
    pub(crate) row: F128,
    pub(crate) value: F128,
}

impl Digest {
    pub(crate) fn from_bytes(bytes: &[u8; 32]) -> Digest {
        let (row, value) = bytes.split_at(16);
        let half = |bytes: &[u8]| {
            let mut block = [0; 16];
            block.copy_from_slice(bytes);
            F128::from_bytes(block)
        };
        Digest { row: half(row), value: half(value) }
    }

    pub(crate) fn to_bytes(self) -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes[..16].copy_from_slice(&self.row.to_bytes());
        bytes[16..].copy_from_slice(&self.value.to_bytes());
        bytes
    }
}

/// A list of items laid out for a store: by cluster.
pub(crate) struct Rows {
    /// Row of each item, in the order of clusters.
    pub(crate) rows: Vec<F128>,
    /// Digest of each, in the same order.
    pub(crate) digests: Vec<Digest>,
    /// Its place in the list that came in.
    pub(crate) origin: Vec<u32>,
    /// Where each cluster begins, and the end.
    starts: Vec<usize>,
}

impl Rows {
    /// Hashes the rows under the store's key and sorts them by cluster. `None` if a cluster has
    /// more than its capacity, which happens to an honest list with a chance of 2^-lambda.
    pub(crate) fn new(
        simd: Simd,
        shape: &StoreShape,
        key: F128,
        digests: &[Digest],
    ) -> Option<Rows> {
        let rows = Rows::sorted(simd, shape, key, digests);
        let fits = |part: &[usize]| part[1] - part[0] <= shape.capacity as usize;
        rows.starts.windows(2).all(fits).then_some(rows)
    }

    /// The same for a list that is only decoded: there, a cluster takes any number.
    pub(crate) fn sorted(simd: Simd, shape: &StoreShape, key: F128, digests: &[Digest]) -> Rows {
        let aes = Aes::new(key);
        let mut hashed = zeros(digests.len());
        hashed.par_chunks_mut(4096).zip(digests.par_chunks(4096)).for_each(|(rows, digests)| {
            for (row, digest) in rows.iter_mut().zip(digests) {
                *row = digest.row;
            }
            simd.mmo(&aes, rows);
        });
        let mut starts = vec![0usize; shape.clusters as usize + 1];
        for row in &hashed {
            starts[cluster(*row, shape.clusters) as usize + 1] += 1;
        }
        for i in 1..starts.len() {
            starts[i] += starts[i - 1];
        }
        let mut next = starts.clone();
        let mut rows = zeros(hashed.len());
        let mut sorted = vec![Digest::default(); hashed.len()];
        let mut origin = vec![0u32; hashed.len()];
        for (i, (row, digest)) in hashed.iter().zip(digests).enumerate() {
            let place = &mut next[cluster(*row, shape.clusters) as usize];
            rows[*place] = *row;
            sorted[*place] = *digest;
            origin[*place] = i as u32;
            *place += 1;
        }
        Rows { rows, digests: sorted, origin, starts }
    }

    /// The rows of a cluster.
    pub(crate) fn of(&self, number: usize) -> &[F128] {
        &self.rows[self.range(number)]
    }

    /// Where a cluster stands in the order.
    pub(crate) fn range(&self, number: usize) -> std::ops::Range<usize> {
        self.starts[number]..self.starts[number + 1]
    }

    /// Cuts a vector in the order of the rows into one part a cluster.
    pub(crate) fn split_mut<'a, T>(&self, mut all: &'a mut [T]) -> Vec<&'a mut [T]> {
        let mut parts = Vec::with_capacity(self.starts.len() - 1);
        for part in self.starts.windows(2) {
            let (head, tail) = all.split_at_mut(part[1] - part[0]);
            parts.push(head);
            all = tail;
        }
        parts
    }
}
