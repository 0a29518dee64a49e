//! The oblivious key-value store: rows of three sparse columns and some powers (RR22 §3).
//!
//! A store *encodes* pairs of a row and a value as a vector of columns; *decoding* a row gives its
//! value back, and something that looks random for a row that was not encoded. Rows are 128-bit
//! hashes of items, cut into clusters by their low bits; each cluster is a store of its own, so it
//! fits a cache and all cores work. Rows come from `rows.rs`, encoding from `encode.rs`; decoding
//! is a kernel (`simd`).
//! Not here: what the values mean, or that the columns are masked before they leave.

mod encode;
mod rows;
#[cfg(test)]
mod tests;

pub(crate) use encode::{EncodeError, encode};
pub(crate) use rows::{Digest, Rows};

use rayon::prelude::*;

use crate::field::F128;
use crate::security::StoreShape;
use crate::simd::{Columns, Simd, zeros};

/// The columns of cluster `number`.
pub(crate) fn columns<'a>(shape: &StoreShape, all: &'a [F128], number: usize) -> Columns<'a> {
    let start = number * shape.columns();
    let (sparse, dense) = all[start..start + shape.columns()].split_at(shape.sparse as usize);
    Columns { sparse, dense }
}

/// Decodes all rows, in their order.
pub(crate) fn decode(simd: Simd, shape: &StoreShape, all: &[F128], rows: &Rows) -> Vec<F128> {
    let mut out = zeros(rows.rows.len());
    rows.split_mut(&mut out).into_par_iter().enumerate().for_each(|(number, out)| {
        simd.decode(columns(shape, all, number), rows.of(number), out);
    });
    out
}
