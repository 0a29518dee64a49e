//! A party's list on its way into a run: a digest for each item, by bin and cluster.

use std::borrow::Borrow;

use rand_chacha::ChaCha20Rng;
use rand_core::Rng;
use rayon::prelude::*;
use zeroize::Zeroize;

use super::layout::Layout;
use crate::error::CallerFault;
use crate::item::Item;
use crate::okvs::Digest;
use crate::simd::{LANES, SHORT_BYTES, Simd, cluster};

/// Items that are hashed at a time. Count: what is in hand stays in the caches.
const HASH_ITEMS: usize = 1 << 15;

/// Digests of items under the run's key. Items themselves are not kept.
pub(crate) struct List {
    /// Cluster after cluster, bin after bin.
    clusters: Vec<Cluster>,
    clusters_of_bin: usize,
    /// Items that came in; places from here on stand for none.
    real: usize,
}

/// The items of one cluster of one bin.
#[derive(Default)]
pub(super) struct Cluster {
    pub(super) digests: Vec<Digest>,
    /// Place of each in the list that came in.
    pub(super) origin: Vec<u32>,
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for digest in &mut self.digests {
            digest.row.zeroize();
            digest.value.zeroize();
        }
    }
}

/// Hashes up to [`LANES`] items. Those that need more than one block go through the library.
fn hash(simd: Simd, key: &[u8; 32], items: &[impl Borrow<Item>], digests: &mut [Digest]) {
    let mut lanes: [&[u8]; LANES] = [&[]; LANES];
    for (lane, item) in lanes.iter_mut().zip(items) {
        *lane = item.borrow().as_bytes();
    }
    let hashes = simd.hash_short(key, &lanes);
    for ((item, hash), digest) in items.iter().zip(&hashes).zip(digests) {
        let item = item.borrow().as_bytes();
        *digest = if item.len() > SHORT_BYTES {
            Digest::from_bytes(blake3::keyed_hash(key, item).as_bytes())
        } else {
            Digest::from_bytes(hash)
        };
    }
}

impl List {
    /// Hashes all items and fills up to `padded` with digests of none, so that time says no more
    /// than the wire does. `room` is the most that a cluster takes.
    ///
    /// # Errors
    /// [`CallerFault::PaddingTooShort`] if more than `padded` items come;
    /// [`CallerFault::LayoutFailed`] if a cluster gets more than its room, which happens with a
    /// chance of 2^-lambda.
    pub(super) fn new(
        simd: Simd,
        layout: &Layout,
        items: impl Iterator<Item: Borrow<Item> + Sync>,
        (padded, room): (u32, u32),
        rng: &mut ChaCha20Rng,
    ) -> Result<List, CallerFault> {
        let clusters_of_bin = layout.store.clusters as usize;
        let cluster = || Cluster {
            digests: Vec::with_capacity(room as usize),
            origin: Vec::with_capacity(room as usize),
        };
        let clusters = std::iter::repeat_with(cluster)
            .take(layout.bins as usize * clusters_of_bin)
            .collect();
        let mut list = List { clusters, clusters_of_bin, real: 0 };
        let mut items = items.fuse();
        let key = blake3::derive_key("detente-match/vole/1 item", &layout.terms);
        let (mut chunk, mut digests) = (Vec::new(), Vec::new());
        loop {
            chunk.extend(items.by_ref().take(HASH_ITEMS));
            if chunk.is_empty() {
                break;
            }
            if list.real + chunk.len() > padded as usize {
                let items = list.real + chunk.len() + items.count();
                return Err(CallerFault::PaddingTooShort { items, padded });
            }
            digests.resize(chunk.len(), Digest::default());
            digests.par_chunks_mut(LANES * 64).zip(chunk.par_chunks(LANES * 64)).for_each(
                |(digests, items): (&mut [Digest], &[_])| {
                    for (digests, items) in digests.chunks_mut(LANES).zip(items.chunks(LANES)) {
                        hash(simd, &key, items, digests);
                    }
                },
            );
            let first = list.real;
            list.real += chunk.len();
            chunk.clear();
            for (i, digest) in digests.iter().enumerate() {
                list.push(layout, room, *digest, (first + i) as u32)?;
            }
        }
        digests.iter_mut().for_each(|digest| *digest = Digest::default());
        for origin in list.real as u32..padded {
            let mut digest = [0; 32];
            rng.fill_bytes(&mut digest);
            list.push(layout, room, Digest::from_bytes(&digest), origin)?;
        }
        Ok(list)
    }

    fn push(
        &mut self,
        layout: &Layout,
        room: u32,
        digest: Digest,
        origin: u32,
    ) -> Result<(), CallerFault> {
        let bin = layout.bin_of(digest.row.0) as usize;
        let number = cluster(digest.row, layout.store.clusters) as usize;
        let cluster = &mut self.clusters[bin * self.clusters_of_bin + number];
        if cluster.digests.len() >= room as usize {
            return Err(CallerFault::LayoutFailed);
        }
        cluster.digests.push(digest);
        cluster.origin.push(origin);
        Ok(())
    }

    /// The place of an item in the list that came in; `None` for what fills up.
    pub(super) fn place(&self, origin: u32) -> Option<usize> {
        Some(origin as usize).filter(|place| *place < self.real)
    }

    /// The clusters of a bin.
    pub(super) fn bin(&self, bin: u32) -> &[Cluster] {
        let first = bin as usize * self.clusters_of_bin;
        &self.clusters[first..first + self.clusters_of_bin]
    }

    /// Items in a bin.
    pub(super) fn len(&self, bin: u32) -> usize {
        self.bin(bin).iter().map(|cluster| cluster.digests.len()).sum()
    }
}
