//! Masks: what the sender gives for each item, sorted, and how they are written and compared.
//!
//! Sorted masks of one length share their first bits with their neighbours: the top bytes are
//! written as counts (one `u16` for each value), the rest of each mask follows. Order and length
//! say nothing of the items.

use crate::error::PeerFault;
use zeroize::Zeroize;

use crate::field::F128;
use crate::simd::zeros;

/// A list's masks in the order of its rows, with what belongs to each.
#[derive(Default)]
pub(super) struct Masks {
    /// What is sent.
    pub(super) masks: Vec<u128>,
    /// What shows that a side could compute the mask itself; never sent as it is.
    pub(super) proofs: Vec<F128>,
    /// The item's place in the list that came in.
    pub(super) origin: Vec<u32>,
}

impl Masks {
    /// So many, still empty.
    pub(super) fn with_len(len: usize) -> Masks {
        Masks { masks: vec![0; len], proofs: zeros(len), origin: vec![0; len] }
    }
}

impl Drop for Masks {
    fn drop(&mut self) {
        self.proofs.zeroize();
    }
}

/// One mask in sorted order. Halves, so that it takes 24 bytes.
#[derive(Clone, Copy, Default)]
struct Entry {
    high: u64,
    low: u64,
    /// Its place among the masks as they came; past their end for what fills up.
    index: u32,
}

impl Entry {
    fn new(mask: u128, index: usize) -> Entry {
        Entry { high: (mask >> 64) as u64, low: mask as u64, index: index as u32 }
    }

    fn mask(&self) -> u128 {
        u128::from(self.high) << 64 | u128::from(self.low)
    }
}

/// Bytes of a mask that are written as counts, so that a count is about 4 to 1024.
fn shared_bytes(masks: usize) -> usize {
    match masks {
        0..1024 => 0,
        1024..0x4_0000 => 1,
        0x4_0000..0x400_0000 => 2,
        _ => 3,
    }
}

/// Bytes of so many masks.
pub(super) fn encoded_len(masks: usize) -> usize {
    let shared = shared_bytes(masks);
    let counts = if shared == 0 { 0 } else { 2 << (8 * shared) };
    counts + masks * (16 - shared)
}

/// Masks sorted, with the start of each group of equal top bits.
pub(super) struct Sorted {
    all: Masks,
    entries: Vec<Entry>,
    /// Starts of the groups, and the end.
    starts: Vec<u32>,
}

impl Sorted {
    /// Sorts masks, and more that stand for no item, into groups by their top 8 `shared` bits for a
    /// list of `length`, and within.
    pub(super) fn new(all: Masks, fill: &[u128], length: usize) -> Sorted {
        let bits = (8 * shared_bytes(length)) as u32;
        let group = |mask: u128| mask.checked_shr(128 - bits).unwrap_or(0) as usize;
        let masks = || all.masks.iter().chain(fill).copied();
        let mut starts = vec![0u32; (1 << bits) + 1];
        for mask in masks() {
            starts[group(mask) + 1] += 1;
        }
        for i in 1..starts.len() {
            starts[i] += starts[i - 1];
        }
        let mut next = starts.clone();
        let mut entries = vec![Entry::default(); all.masks.len() + fill.len()];
        for (index, mask) in masks().enumerate() {
            let place = &mut next[group(mask)];
            entries[*place as usize] = Entry::new(mask, index);
            *place += 1;
        }
        for pair in starts.windows(2) {
            entries[pair[0] as usize..pair[1] as usize].sort_unstable_by_key(Entry::mask);
        }
        Sorted { all, entries, starts }
    }

    /// Proof and origin of the item behind a mask, by its number in the order; `None` for what
    /// stands for no item.
    pub(super) fn item(&self, number: usize) -> Option<(F128, u32)> {
        let index = self.entries[number].index as usize;
        Some((*self.all.proofs.get(index)?, *self.all.origin.get(index)?))
    }

    /// Two masks that are equal, by origin: two equal items, but for a chance of 2^-80.
    pub(super) fn equal(&self) -> Option<(u32, u32)> {
        let same = |pair: &[Entry]| pair[0].mask() == pair[1].mask();
        let at = self.entries.windows(2).position(same)?;
        Some((self.item(at)?.1, self.item(at + 1)?.1))
    }

    /// Writes the masks behind what is there.
    pub(super) fn write(&self, into: &mut Vec<u8>) {
        let shared = shared_bytes(self.entries.len());
        if shared > 0 {
            for pair in self.starts.windows(2) {
                // At most some thousand: masks are hashes, 1024 a group on average at the most.
                into.extend_from_slice(&((pair[1] - pair[0]) as u16).to_le_bytes());
            }
        }
        for entry in &self.entries {
            into.extend_from_slice(&entry.mask().to_le_bytes()[..16 - shared]);
        }
    }

    /// Finds each of the peer's masks that we have too: its number in their order, and ours.
    ///
    /// # Errors
    /// If they are not in strictly ascending order or their counts are not those of `length`.
    pub(super) fn find(
        &self,
        length: usize,
        bytes: &[u8],
        mut found: impl FnMut(usize, usize),
    ) -> Result<(), PeerFault> {
        let shared = shared_bytes(length);
        let counts = if shared == 0 { 0 } else { 2 << (8 * shared) };
        let (counts, rest) = bytes.split_at(counts.min(bytes.len()));
        let rest_bytes = 16 - shared;
        let mut counts: Vec<usize> =
            counts.as_chunks().0.iter().map(|c| usize::from(u16::from_le_bytes(*c))).collect();
        if shared == 0 {
            counts.push(length);
        }
        if counts.iter().sum::<usize>() != length || rest.len() != length * rest_bytes {
            return Err(PeerFault::MasksMiscounted);
        }
        let mut number = 0;
        let mut masks = rest.chunks_exact(rest_bytes);
        for (group, count) in counts.into_iter().enumerate() {
            let top = if shared == 0 { 0 } else { (group as u128) << (128 - 8 * shared) };
            let mut ours = self.group(group).peekable();
            let mut before = None;
            for bytes in masks.by_ref().take(count) {
                let mut low = [0; 16];
                low[..rest_bytes].copy_from_slice(bytes);
                let mask = top | u128::from_le_bytes(low);
                if before.is_some_and(|before| before >= mask) {
                    return Err(PeerFault::MasksUnsorted { index: number as u32 });
                }
                before = Some(mask);
                let ours_at = |own: &usize| self.entries[*own].mask();
                while ours.next_if(|own| ours_at(own) < mask).is_some() {}
                if let Some(own) = ours.next_if(|own| ours_at(own) == mask) {
                    found(number, own);
                }
                number += 1;
            }
        }
        Ok(())
    }

    fn group(&self, number: usize) -> std::ops::Range<usize> {
        match self.starts.get(number..number + 2) {
            Some([start, end]) => *start as usize..*end as usize,
            _ => 0..0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masks(range: std::ops::Range<u32>) -> Masks {
        let mask = |i: u32| {
            let hash = blake3::hash(&i.to_le_bytes());
            let mut bytes = [0; 16];
            bytes.copy_from_slice(&hash.as_bytes()[..16]);
            u128::from_le_bytes(bytes)
        };
        Masks {
            masks: range.clone().map(mask).collect(),
            proofs: range.clone().map(|i| F128(u128::from(i))).collect(),
            origin: range.collect(),
        }
    }

    fn origin(sorted: &Sorted, number: usize) -> u32 {
        sorted.item(number).unwrap().1
    }

    fn write(count: u32) -> Vec<u8> {
        let mut bytes = Vec::new();
        Sorted::new(masks(0..count), &[], count as usize).write(&mut bytes);
        assert_eq!(bytes.len(), encoded_len(count as usize));
        bytes
    }

    #[test]
    fn common_masks_are_found_whatever_the_lengths() {
        for count in [0u32, 1, 2, 1023, 1024, 5000, 300_000] {
            let bytes = write(count);
            for (start, end) in [(0, count), (count / 2, count + 7), (count, 2 * count), (0, 0)] {
                // Ours are grouped as the peer's list is long.
                let own = Sorted::new(masks(start..end), &[], count as usize);
                let mut got = Vec::new();
                own.find(count as usize, &bytes, |_, at| got.push(origin(&own, at))).unwrap();
                got.sort_unstable();
                assert_eq!(
                    got,
                    (start..end.min(count)).collect::<Vec<_>>(),
                    "{count} {start} {end}"
                );
            }
        }
    }

    #[test]
    fn numbers_are_places_in_the_peers_order() {
        let bytes = write(5000);
        let theirs = Sorted::new(masks(0..5000), &[], 5000);
        let own = Sorted::new(masks(100..200), &[], 5000);
        own.find(5000, &bytes, |number, at| {
            assert_eq!(origin(&theirs, number), origin(&own, at));
        })
        .unwrap();
    }

    #[test]
    fn disorder_and_false_counts_are_refused() {
        let own = Sorted::new(masks(0..10), &[], 5000);
        let good = write(5000);
        let find = |bytes: &[u8]| own.find(5000, bytes, |_, _| {});
        assert!(find(&good).is_ok());
        let mut more = good.clone();
        more[0] += 1;
        assert_eq!(find(&more), Err(PeerFault::MasksMiscounted));
        assert_eq!(find(&good[1..]), Err(PeerFault::MasksMiscounted));
        let mut swapped = good.clone();
        let (a, b) = (512, 527);
        let first: Vec<u8> = swapped[a..b].to_vec();
        swapped.copy_within(b..b + 15, a);
        swapped[b..b + 15].copy_from_slice(&first);
        assert_eq!(find(&swapped), Err(PeerFault::MasksUnsorted { index: 1 }));
        // Twice the same.
        let mut twice = good;
        twice.copy_within(b..b + 15, a);
        assert_eq!(find(&twice), Err(PeerFault::MasksUnsorted { index: 1 }));
    }

    #[test]
    fn equal_masks_show() {
        let mut list = masks(0..3000);
        list.masks[77] = list.masks[2000];
        let mut pair: Vec<u32> =
            Sorted::new(list, &[], 3000).equal().map(|(a, b)| vec![a, b]).unwrap();
        pair.sort_unstable();
        assert_eq!(pair, [77, 2000]);
        assert_eq!(Sorted::new(masks(0..3000), &[7, 8], 3002).equal(), None);
    }
}
