//! The oblivious key-value store: rows of three sparse columns and some powers (RR22 §3).
//!
//! A store *encodes* pairs of a row and a value as a vector of columns; *decoding* a row gives its
//! value back, and something that looks random for a row that was not encoded. Items are 256-bit
//! digests, cut into clusters by the low bits of their rows; each cluster is a store of its own, so
//! it fits a cache and all cores work. Rows come from `rows.rs`, encoding from `encode.rs`;
//! decoding is a kernel (`simd`).
//! Not here: what the values mean, or that the columns are masked before they leave.

mod encode;
mod rows;
#[cfg(test)]
mod tests;

pub use encode::{EncodeError, encode};
pub use rows::Digest;

use crate::field::{F128, Secret};
use crate::security::StoreShape;
use crate::simd::{Aes, Columns, Simd};

/// Clusters that one task takes, at least: each task has scratch of its own, which is erased at its
/// end. Four tasks for each thread are enough to keep all busy.
pub fn clusters_of_task(clusters: usize) -> usize {
    clusters.div_ceil(4 * rayon::current_num_threads()).max(1)
}

/// A store as it is read: cluster by cluster.
pub struct Decoder<'a> {
    simd: Simd,
    shape: &'a StoreShape,
    key: Aes,
    columns: &'a [F128],
}

impl<'a> Decoder<'a> {
    /// `columns` of all clusters, as many as the shape says, under the store's key.
    pub fn new(simd: Simd, shape: &'a StoreShape, key: F128, columns: &'a [F128]) -> Decoder<'a> {
        Decoder { simd, shape, key: Aes::new(key), columns }
    }

    /// Decodes the items of a cluster, in their order, into `values`; `rows` is room for work.
    pub fn decode(
        &self,
        cluster: usize,
        digests: &[Digest],
        rows: &mut Secret,
        values: &mut Secret,
    ) {
        rows::rows(self.simd, &self.key, digests, &mut rows.0);
        values.0.clear();
        values.0.resize(digests.len(), F128::ZERO);
        let start = cluster * self.shape.columns();
        let (sparse, dense) =
            self.columns[start..start + self.shape.columns()].split_at(self.shape.sparse as usize);
        self.simd.decode(Columns { sparse, dense }, &rows.0, &mut values.0);
    }
}
