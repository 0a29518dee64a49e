//! A party's list on its way into a run: a digest for each item, by bin and cluster.

use std::borrow::Borrow;

use rand_chacha::ChaCha20Rng;
use rand_core::Rng;
use rayon::prelude::*;
use zeroize::Zeroizing;

use super::layout::Layout;
use crate::error::CallerFault;
use crate::item::Item;
use detente_vole::memory::Pages;
use detente_vole::okvs::Digest;
use detente_vole::simd::{LANES, SHORT_BYTES, Simd, cluster};

/// Items that are hashed at a time. Count: what is in hand stays in the caches.
const HASH_ITEMS: usize = 1 << 13;

/// Digests of items under the run's key. Items themselves are not kept.
pub(crate) struct List {
    /// Cluster after cluster, bin after bin, each with its whole room.
    digests: Pages<Digest>,
    /// Place of each in the list that came in.
    origin: Pages<u32>,
    /// Items of each cluster.
    filled: Vec<u32>,
    /// Most items of a cluster.
    room: usize,
    clusters_of_bin: usize,
    /// Items that came in; places from here on stand for none.
    real: usize,
}

/// The items of one cluster of one bin.
#[derive(Clone, Copy)]
pub(super) struct Cluster<'a> {
    pub(super) digests: &'a [Digest],
    pub(super) origin: &'a [u32],
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
        let (clusters, room) = (layout.bins as usize * clusters_of_bin, room as usize);
        let mut list = List {
            digests: Pages::zeros(clusters * room),
            origin: Pages::zeros(clusters * room),
            filled: vec![0; clusters],
            room,
            clusters_of_bin,
            real: 0,
        };
        let mut items = items.fuse();
        let key = blake3::derive_key("detente-match/vole/1 item", &layout.terms);
        let mut chunk = Vec::new();
        // The first chunk is the longest: this does not grow later.
        let mut digests = Zeroizing::new(Vec::new());
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
                list.push(layout, *digest, (first + i) as u32)?;
            }
        }
        for origin in list.real as u32..padded {
            let mut digest = [0; 32];
            rng.fill_bytes(&mut digest);
            list.push(layout, Digest::from_bytes(&digest), origin)?;
        }
        Ok(list)
    }

    fn push(&mut self, layout: &Layout, digest: Digest, origin: u32) -> Result<(), CallerFault> {
        let bin = layout.bin_of(digest.row.0) as usize;
        let number = cluster(digest.row, layout.store.clusters) as usize;
        let cluster = bin * self.clusters_of_bin + number;
        let filled = self.filled[cluster] as usize;
        if filled >= self.room {
            return Err(CallerFault::LayoutFailed);
        }
        self.digests[cluster * self.room + filled] = digest;
        self.origin[cluster * self.room + filled] = origin;
        self.filled[cluster] += 1;
        Ok(())
    }

    /// The place of an item in the list that came in; `None` for what fills up.
    pub(super) fn place(&self, origin: u32) -> Option<usize> {
        Some(origin as usize).filter(|place| *place < self.real)
    }

    /// The clusters of a bin.
    pub(super) fn bin(&self, bin: u32) -> Vec<Cluster<'_>> {
        self.clusters(bin)
            .map(|cluster| {
                let start = cluster * self.room;
                let range = start..start + self.filled[cluster] as usize;
                Cluster { digests: &self.digests[range.clone()], origin: &self.origin[range] }
            })
            .collect()
    }

    /// Items in a bin.
    pub(super) fn len(&self, bin: u32) -> usize {
        self.clusters(bin).map(|cluster| self.filled[cluster] as usize).sum()
    }

    /// Numbers of a bin's clusters.
    fn clusters(&self, bin: u32) -> std::ops::Range<usize> {
        let first = bin as usize * self.clusters_of_bin;
        first..first + self.clusters_of_bin
    }
}
