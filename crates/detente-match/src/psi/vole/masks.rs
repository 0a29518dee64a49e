//! Masks: what the sender gives for each item, sorted, and how they are written and compared.
//!
//! Sorted masks of one length share their first bits with their neighbours: the top bytes are
//! written as counts (one `u16` for each value), the rest of each mask follows. Order and length
//! say nothing of the items.

use crate::error::PeerFault;
use crate::field::F128;

/// A mask with what belongs to it.
#[derive(Clone, Copy, Default)]
pub(super) struct Mask {
    /// What is sent.
    pub(super) mask: u128,
    /// What shows that a side could compute the mask itself; never sent as it is.
    pub(super) proof: F128,
    /// The item's place in the list that came in, or [`Mask::DUMMY`].
    pub(super) origin: u32,
}

impl Mask {
    /// Stands where there is no item.
    pub(super) const DUMMY: u32 = u32::MAX;
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
    pub(super) masks: Vec<Mask>,
    /// Starts of the groups, and the end.
    starts: Vec<u32>,
}

impl Sorted {
    /// Sorts masks into groups by their top 8 `shared` bits, and within.
    pub(super) fn new(masks: Vec<Mask>, length: usize) -> Sorted {
        let bits = (8 * shared_bytes(length)) as u32;
        let group = |mask: u128| mask.checked_shr(128 - bits).unwrap_or(0) as usize;
        let mut starts = vec![0u32; (1 << bits) + 1];
        for mask in &masks {
            starts[group(mask.mask) + 1] += 1;
        }
        for i in 1..starts.len() {
            starts[i] += starts[i - 1];
        }
        let mut next = starts.clone();
        let mut sorted = vec![Mask::default(); masks.len()];
        for mask in masks {
            let place = &mut next[group(mask.mask)];
            sorted[*place as usize] = mask;
            *place += 1;
        }
        for pair in starts.windows(2) {
            sorted[pair[0] as usize..pair[1] as usize].sort_unstable_by_key(|mask| mask.mask);
        }
        Sorted { masks: sorted, starts }
    }

    /// Two masks that are equal, by origin: two equal items, but for a chance of 2^-80.
    pub(super) fn equal(&self) -> Option<(u32, u32)> {
        let found = self.masks.windows(2).find(|pair| pair[0].mask == pair[1].mask)?;
        Some((found[0].origin, found[1].origin))
    }

    /// Writes the masks behind what is there.
    pub(super) fn write(&self, into: &mut Vec<u8>) {
        let shared = shared_bytes(self.masks.len());
        if shared > 0 {
            for pair in self.starts.windows(2) {
                // At most some thousand: masks are hashes, 1024 a group on average at the most.
                into.extend_from_slice(&((pair[1] - pair[0]) as u16).to_le_bytes());
            }
        }
        for mask in &self.masks {
            into.extend_from_slice(&mask.mask.to_le_bytes()[..16 - shared]);
        }
    }

    /// For each of the peer's masks, in their order, whether we have it too: the place of ours.
    ///
    /// # Errors
    /// If they are not in strictly ascending order or their counts are not those of `length`.
    pub(super) fn find(
        &self,
        length: usize,
        bytes: &[u8],
        mut found: impl FnMut(usize, &Mask),
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
            let mut ours = self.group(group).iter().peekable();
            let mut before = None;
            for bytes in masks.by_ref().take(count) {
                let mut low = [0; 16];
                low[..rest_bytes].copy_from_slice(bytes);
                let mask = top | u128::from_le_bytes(low);
                if before.is_some_and(|before| before >= mask) {
                    return Err(PeerFault::MasksUnsorted { index: number as u32 });
                }
                before = Some(mask);
                while ours.next_if(|own| own.mask < mask).is_some() {}
                if let Some(own) = ours.next_if(|own| own.mask == mask) {
                    found(number, own);
                }
                number += 1;
            }
        }
        Ok(())
    }

    fn group(&self, number: usize) -> &[Mask] {
        match self.starts.get(number..number + 2) {
            Some([start, end]) => &self.masks[*start as usize..*end as usize],
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masks(range: std::ops::Range<u32>) -> Vec<Mask> {
        range
            .map(|i| {
                let hash = blake3::hash(&i.to_le_bytes());
                let mut bytes = [0; 16];
                bytes.copy_from_slice(&hash.as_bytes()[..16]);
                Mask { mask: u128::from_le_bytes(bytes), proof: F128(u128::from(i)), origin: i }
            })
            .collect()
    }

    fn write(count: u32) -> Vec<u8> {
        let mut bytes = Vec::new();
        Sorted::new(masks(0..count), count as usize).write(&mut bytes);
        assert_eq!(bytes.len(), encoded_len(count as usize));
        bytes
    }

    #[test]
    fn common_masks_are_found_whatever_the_lengths() {
        for count in [0u32, 1, 2, 1023, 1024, 5000, 300_000] {
            let bytes = write(count);
            for (start, end) in [(0, count), (count / 2, count + 7), (count, 2 * count), (0, 0)] {
                // Ours are grouped as the peer's list is long.
                let own = Sorted::new(masks(start..end), count as usize);
                let mut got = Vec::new();
                own.find(count as usize, &bytes, |_, mask| got.push(mask.origin)).unwrap();
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
        let theirs = Sorted::new(masks(0..5000), 5000);
        let own = Sorted::new(masks(100..200), 5000);
        own.find(5000, &bytes, |number, mask| {
            assert_eq!(theirs.masks[number].origin, mask.origin);
        })
        .unwrap();
    }

    #[test]
    fn disorder_and_false_counts_are_refused() {
        let own = Sorted::new(masks(0..10), 5000);
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
        list[77].mask = list[2000].mask;
        let mut pair: Vec<u32> = Sorted::new(list, 3000).equal().map(|(a, b)| vec![a, b]).unwrap();
        pair.sort_unstable();
        assert_eq!(pair, [77, 2000]);
        assert_eq!(Sorted::new(masks(0..3000), 3000).equal(), None);
    }
}
