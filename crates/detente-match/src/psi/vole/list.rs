//! A party's list on its way into a run: a digest for each item, sorted by bin.

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
}

impl Drop for List {
    fn drop(&mut self) {
        for digest in &mut self.digests {
            digest.row.zeroize();
            digest.value.zeroize();
        }
    }
}

impl List {
    /// Hashes all items; `erase` is called on each when it is no longer needed.
    pub(super) fn new<'a>(
        simd: Simd,
        layout: &Layout,
        items: impl ExactSizeIterator<Item = &'a [u8]>,
    ) -> List {
        let key = blake3::derive_key("detente-match/vole/1 item", &layout.terms);
        let mut hashed: Vec<Digest> = Vec::with_capacity(items.len());
        let mut lanes: [&[u8]; LANES] = [&[]; LANES];
        let mut held = 0;
        let flush = |lanes: &[&[u8]; LANES], held: usize, into: &mut Vec<Digest>| {
            let hashes = simd.hash_short(&key, lanes);
            for (lane, hash) in lanes.iter().zip(&hashes).take(held) {
                // Items that need more than one block go through the library.
                into.push(if lane.len() > SHORT_BYTES {
                    Digest::from_bytes(blake3::keyed_hash(&key, lane).as_bytes())
                } else {
                    Digest::from_bytes(hash)
                });
            }
        };
        for item in items {
            lanes[held] = item;
            held += 1;
            if held == LANES {
                flush(&lanes, held, &mut hashed);
                held = 0;
            }
        }
        flush(&lanes, held, &mut hashed);
        List::sorted(layout, hashed)
    }

    fn sorted(layout: &Layout, hashed: Vec<Digest>) -> List {
        if layout.bins == 1 {
            let starts = vec![0, hashed.len()];
            let origin = (0..hashed.len() as u32).collect();
            return List { digests: hashed, origin, starts };
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
        List { digests, origin, starts }
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
