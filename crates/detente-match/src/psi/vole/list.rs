//! A party's list on its way into a run: a digest for each item, sorted by bin.

use rand_chacha::ChaCha20Rng;
use rand_core::Rng;
use rayon::prelude::*;
use zeroize::Zeroize;

use super::layout::Layout;
use crate::field::F128;
use crate::okvs::Digest;
use crate::simd::{LANES, SHORT_BYTES, Simd};

/// Digests of items under the run's key. Items themselves are not kept.
pub(crate) struct List {
    digests: Vec<Digest>,
    /// Place of each in the list that came in.
    origin: Vec<u32>,
    /// Where each bin begins, and the end.
    starts: Vec<usize>,
    /// Items that came in; places from here on stand for none.
    real: usize,
}

impl Drop for List {
    fn drop(&mut self) {
        for digest in &mut self.digests {
            digest.row.zeroize();
            digest.value.zeroize();
        }
    }
}

/// Hashes up to [`LANES`] items. Those that need more than one block go through the library.
fn hash(simd: Simd, key: &[u8; 32], items: &[&[u8]], digests: &mut [Digest]) {
    let mut lanes: [&[u8]; LANES] = [&[]; LANES];
    lanes[..items.len()].copy_from_slice(items);
    let hashes = simd.hash_short(key, &lanes);
    for ((item, hash), digest) in items.iter().zip(&hashes).zip(digests) {
        *digest = if item.len() > SHORT_BYTES {
            Digest::from_bytes(blake3::keyed_hash(key, item).as_bytes())
        } else {
            Digest::from_bytes(hash)
        };
    }
}

impl List {
    /// Hashes all items and fills up to the padded length with digests of none, so that time says
    /// no more than the wire does.
    pub(super) fn new(
        simd: Simd,
        layout: &Layout,
        items: &[&[u8]],
        padded: usize,
        rng: &mut ChaCha20Rng,
    ) -> List {
        let key = blake3::derive_key("detente-match/vole/1 item", &layout.terms);
        let mut hashed = vec![Digest::default(); items.len()];
        hashed.par_chunks_mut(LANES * 512).zip(items.par_chunks(LANES * 512)).for_each(
            |(digests, items)| {
                for (digests, items) in digests.chunks_mut(LANES).zip(items.chunks(LANES)) {
                    hash(simd, &key, items, digests);
                }
            },
        );
        hashed.resize_with(padded.max(items.len()), || {
            let mut digest = [0; 32];
            rng.fill_bytes(&mut digest);
            Digest::from_bytes(&digest)
        });
        List::sorted(layout, hashed, items.len())
    }

    fn sorted(layout: &Layout, hashed: Vec<Digest>, real: usize) -> List {
        if layout.bins == 1 {
            let starts = vec![0, hashed.len()];
            let origin = (0..hashed.len() as u32).collect();
            return List { digests: hashed, origin, starts, real };
        }
        let mut starts = vec![0usize; layout.bins as usize + 1];
        for digest in &hashed {
            starts[layout.bin_of(digest.row.0) as usize + 1] += 1;
        }
        for i in 1..starts.len() {
            starts[i] += starts[i - 1];
        }
        let mut next = starts.clone();
        let mut digests = vec![Digest { row: F128::ZERO, value: F128::ZERO }; hashed.len()];
        let mut origin = vec![0u32; hashed.len()];
        for (i, digest) in hashed.into_iter().enumerate() {
            let place = &mut next[layout.bin_of(digest.row.0) as usize];
            digests[*place] = digest;
            origin[*place] = i as u32;
            *place += 1;
        }
        List { digests, origin, starts, real }
    }

    /// The place of an item in the list that came in; `None` for what fills up.
    pub(super) fn place(&self, origin: u32) -> Option<usize> {
        Some(origin as usize).filter(|place| *place < self.real)
    }

    /// Digests of a bin.
    pub(super) fn digests(&self, bin: u32) -> &[Digest] {
        &self.digests[self.starts[bin as usize]..self.starts[bin as usize + 1]]
    }

    /// Their places in the list that came in.
    pub(super) fn origin(&self, bin: u32) -> &[u32] {
        &self.origin[self.starts[bin as usize]..self.starts[bin as usize + 1]]
    }
}
