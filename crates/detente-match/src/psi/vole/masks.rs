//! Masks: what the sender gives for each item, sorted, and how they are written and looked up.
//!
//! Sorted masks of one length share their first bits with their neighbours: the top bytes are
//! written as counts (one `u16` for each value), the rest of each mask follows. Order and length
//! say nothing of the items. Masks of one top byte are a group; groups are sorted and written each
//! for itself, on all cores. The receiver sorts nothing: it looks each of its masks up in what
//! came.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};
use zeroize::Zeroize;

use crate::error::{CallerFault, PeerFault};
use detente_vole::memory::Pages;
use detente_vole::security::{LAMBDA, max_load};

/// Origin of a mask that stands for no item.
const NONE: u64 = u64::MAX;

/// The mask of one item, with what belongs to it.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub(super) struct Entry {
    /// The mask in halves, so that an entry takes 40 bytes.
    high: u64,
    low: u64,
    /// What shows that a side could compute the mask itself; never sent as it is.
    proof: [u64; 2],
    /// The item's place in the list that came in, or [`NONE`].
    origin: u64,
}

impl Zeroize for Entry {
    fn zeroize(&mut self) {
        for word in [&mut self.high, &mut self.low, &mut self.origin] {
            word.zeroize();
        }
        self.proof.zeroize();
    }
}

impl Entry {
    pub(super) fn new(mask: u128, proof: u128, origin: u32) -> Entry {
        let halves = |block: u128| [(block >> 64) as u64, block as u64];
        let [high, low] = halves(mask);
        Entry { high, low, proof: halves(proof), origin: origin.into() }
    }

    /// A mask that stands for no item.
    pub(super) fn fill(mask: u128) -> Entry {
        Entry { origin: NONE, ..Entry::new(mask, 0, 0) }
    }

    pub(super) fn mask(&self) -> u128 {
        u128::from(self.high) << 64 | u128::from(self.low)
    }

    /// Proof and origin; `None` for what stands for no item.
    pub(super) fn item(&self) -> Option<(u128, u32)> {
        let [high, low] = self.proof.map(u128::from);
        (self.origin != NONE).then_some((high << 64 | low, self.origin as u32))
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

/// Groups of masks, and counts of each, for a list of this length.
fn groups(masks: usize) -> (usize, usize) {
    match shared_bytes(masks) {
        0 => (1, 0),
        shared => (256, 1 << (8 * (shared - 1))),
    }
}

/// Bytes of so many masks.
pub(super) fn encoded_len(masks: usize) -> usize {
    let (groups, counts) = groups(masks);
    2 * groups * counts + masks * (16 - shared_bytes(masks))
}

/// One group on its way.
struct Group<'a> {
    room: &'a mut [Entry],
    filled: usize,
}

/// Takes masks, from all cores.
pub(super) struct Gathering<'a>(Vec<Mutex<Group<'a>>>);

impl Gathering<'_> {
    /// Adds masks. Those for which a group has no room are counted, no more.
    pub(super) fn add(&self, entries: &[Entry]) {
        let count = self.0.len();
        let group = |entry: &Entry| if count == 1 { 0 } else { (entry.high >> 56) as usize };
        let mut starts = [0usize; 257];
        for entry in entries {
            starts[group(entry) + 1] += 1;
        }
        for i in 1..starts.len() {
            starts[i] += starts[i - 1];
        }
        let mut next = starts;
        let mut order = vec![0u32; entries.len()];
        for (number, entry) in entries.iter().enumerate() {
            let place = &mut next[group(entry)];
            order[*place] = number as u32;
            *place += 1;
        }
        for (group, range) in self.0.iter().zip(starts.windows(2)) {
            let mut group = group.lock().unwrap_or_else(PoisonError::into_inner);
            let Group { room, filled } = &mut *group;
            let free = room.get_mut(*filled..).unwrap_or_default();
            for (free, number) in free.iter_mut().zip(&order[range[0]..range[1]]) {
                *free = entries[*number as usize];
            }
            *filled += range[1] - range[0];
        }
    }
}

/// Masks in order.
pub(super) struct Sorted {
    entries: Pages<Entry>,
    /// Room of a group, and how much of it each fills.
    room: usize,
    filled: Vec<usize>,
    length: usize,
}

/// One common item.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    /// The number of its mask among the sender's.
    pub(super) number: u32,
    /// Its place in the list that came in.
    pub(super) origin: u32,
    pub(super) proof: u128,
}

impl Zeroize for Found {
    fn zeroize(&mut self) {
        self.number.zeroize();
        self.origin.zeroize();
        self.proof.zeroize();
    }
}

/// Common items, and the sum of their proofs.
#[derive(Default)]
pub(super) struct Common {
    pub(super) items: Vec<Found>,
    pub(super) sum: u128,
}

impl Drop for Common {
    fn drop(&mut self) {
        // Element by element: a vector's own way goes over all of its room, byte by byte.
        self.items.iter_mut().for_each(Zeroize::zeroize);
        self.sum.zeroize();
    }
}

impl Common {
    fn add(&mut self, number: usize, (proof, origin): (u128, u32)) {
        self.items.push(Found { number: number as u32, origin, proof });
        self.sum ^= proof;
    }

    /// Both together.
    pub(super) fn and(mut self, other: Common) -> Common {
        self.items.extend_from_slice(&other.items);
        self.sum ^= other.sum;
        self
    }
}

impl Sorted {
    /// The masks of a list of `length`, which `give` gives.
    ///
    /// # Errors
    /// [`CallerFault::LayoutFailed`] if they are not as many, or one group gets more than the
    /// formula says, which happens with a chance of 2^-lambda.
    pub(super) fn gather(
        length: usize,
        give: impl FnOnce(&Gathering<'_>),
    ) -> Result<Sorted, CallerFault> {
        let (groups, _) = groups(length);
        let room = max_load(length as u64, groups as u64, f64::from(LAMBDA)) as usize;
        let mut entries = Pages::zeros(groups * room);
        // An empty list has a group too.
        let rooms = entries.chunks_mut(room.max(1)).chain([&mut [][..]]).take(groups);
        let gathering =
            Gathering(rooms.map(|room| Mutex::new(Group { room, filled: 0 })).collect());
        give(&gathering);
        let filled: Result<Vec<usize>, CallerFault> = gathering
            .0
            .into_par_iter()
            .map(|group| {
                let Group { room, filled } =
                    group.into_inner().unwrap_or_else(PoisonError::into_inner);
                let entries = room.get_mut(..filled).ok_or(CallerFault::LayoutFailed)?;
                entries.sort_unstable_by_key(Entry::mask);
                Ok(filled)
            })
            .collect();
        let filled = filled?;
        if filled.iter().sum::<usize>() != length {
            return Err(CallerFault::LayoutFailed);
        }
        Ok(Sorted { entries, room, filled, length })
    }

    /// The groups, in order.
    fn groups(&self) -> Vec<&[Entry]> {
        let group = |(number, filled): (usize, &usize)| {
            &self.entries[number * self.room..number * self.room + filled]
        };
        self.filled.iter().enumerate().map(group).collect()
    }

    /// Two masks that are equal, by origin: two equal items, but for a chance of 2^-80.
    pub(super) fn equal(&self) -> Option<(u32, u32)> {
        self.groups().into_par_iter().find_map_any(|group| {
            let pair = group.windows(2).find(|pair| pair[0].mask() == pair[1].mask())?;
            Some((pair[0].origin as u32, pair[1].origin as u32))
        })
    }

    /// Writes the masks, as many as the length says: [`encoded_len`] bytes.
    pub(super) fn write(&self, into: &mut [u8]) {
        let (groups, counts) = groups(self.length);
        let (mut heads, mut rests) = into.split_at_mut((2 * groups * counts).min(into.len()));
        let mut jobs = Vec::with_capacity(groups);
        let each = 16 - shared_bytes(self.length);
        for group in self.groups() {
            let (head, heads_left) = heads.split_at_mut((2 * counts).min(heads.len()));
            let (rest, rests_left) = rests.split_at_mut((each * group.len()).min(rests.len()));
            jobs.push((group, head, rest));
            (heads, rests) = (heads_left, rests_left);
        }
        jobs.into_par_iter().for_each(|(group, head, rest)| match each {
            16 => write_group::<16>(group, head, rest),
            15 => write_group::<15>(group, head, rest),
            14 => write_group::<14>(group, head, rest),
            _ => write_group::<13>(group, head, rest),
        });
    }

    /// What belongs to the masks that are set in a bitmap of as many bits; `None` if one of them
    /// stands for no item.
    pub(super) fn select(&self, bitmap: &[u8]) -> Option<Common> {
        let mut first = 0;
        let starts = self.groups().into_iter().map(|group| {
            first += group.len();
            (group, first - group.len())
        });
        let jobs: Vec<_> = starts.collect();
        jobs.into_par_iter()
            .map(|(group, first)| {
                let mut common = Common::default();
                for (number, entry) in (first..).zip(group) {
                    if bitmap[number / 8] >> (number % 8) & 1 == 1 {
                        common.add(number, entry.item()?);
                    }
                }
                Some(common)
            })
            .try_reduce(Common::default, |a, b| Some(a.and(b)))
    }
}

/// Writes the counts and the rest of `N` bytes of each mask of a group.
fn write_group<const N: usize>(group: &[Entry], head: &mut [u8], rest: &mut [u8]) {
    for (entry, rest) in group.iter().zip(rest.as_chunks_mut::<N>().0) {
        if let Some(low) = entry.mask().to_le_bytes().first_chunk::<N>() {
            *rest = *low;
        }
    }
    let heads = head.as_chunks_mut::<2>().0;
    let mut counts = vec![0u16; heads.len()];
    let last = counts.len().saturating_sub(1);
    if !heads.is_empty() {
        // The bits of a mask behind the group's byte that a count stands for.
        let shift = 56 - counts.len().ilog2();
        for entry in group {
            // At most some thousand: masks are hashes, 1024 a count on average at the most.
            counts[(entry.high >> shift) as usize & last] += 1;
        }
    }
    for (head, count) in heads.iter_mut().zip(counts) {
        *head = count.to_le_bytes();
    }
}

/// The sender's masks as they came, to look ours up in.
pub(super) struct Theirs<'a> {
    /// Number of the first mask for each value of the shared bytes, and the end.
    starts: Vec<u32>,
    rests: &'a [u8],
    length: usize,
    /// One bit for each mask: whether we have it too.
    found: Vec<AtomicU8>,
}

impl Theirs<'_> {
    /// Reads the masks of a list of `length`.
    ///
    /// # Errors
    /// If they are not in strictly ascending order or their counts are not those of the length.
    pub(super) fn read(length: usize, bytes: &[u8]) -> Result<Theirs<'_>, PeerFault> {
        let (groups, counts) = groups(length);
        let (heads, rests) = bytes.split_at((2 * groups * counts).min(bytes.len()));
        let mut starts = vec![0];
        let mut past = 0u32;
        for head in heads.as_chunks::<2>().0 {
            // With three shared bytes, counts from outside can be more than a `u32` holds.
            let count = u32::from(u16::from_le_bytes(*head));
            past = past.checked_add(count).ok_or(PeerFault::MasksMiscounted)?;
            starts.push(past);
        }
        if counts == 0 {
            past = length as u32;
            starts.push(past);
        }
        if past as usize != length || rests.len() != length * (16 - shared_bytes(length)) {
            return Err(PeerFault::MasksMiscounted);
        }
        let found = std::iter::repeat_with(AtomicU8::default).take(length.div_ceil(8)).collect();
        let theirs = Theirs { starts, rests, length, found };
        match shared_bytes(length) {
            0 => theirs.check_order::<16>(),
            1 => theirs.check_order::<15>(),
            2 => theirs.check_order::<14>(),
            _ => theirs.check_order::<13>(),
        }?;
        Ok(theirs)
    }

    fn check_order<const N: usize>(&self) -> Result<(), PeerFault> {
        let rests = self.rests.as_chunks::<N>().0;
        let chunk = self.starts.len().div_ceil(256).max(2);
        let unsorted = self.starts.par_windows(2).with_min_len(chunk).find_map_any(|range| {
            let first = range[0] as usize;
            let masks = &rests[first..range[1] as usize];
            let at = masks.windows(2).position(|pair| value(&pair[0]) >= value(&pair[1]))?;
            Some(first + at + 1)
        });
        unsorted.map_or(Ok(()), |index| Err(PeerFault::MasksUnsorted { index: index as u32 }))
    }

    /// Looks masks of ours up; gives what is common, and notes it.
    pub(super) fn look_up(&self, entries: &[Entry]) -> Common {
        match shared_bytes(self.length) {
            0 => self.look::<16>(entries),
            1 => self.look::<15>(entries),
            2 => self.look::<14>(entries),
            _ => self.look::<13>(entries),
        }
    }

    fn look<const N: usize>(&self, entries: &[Entry]) -> Common {
        let rests = self.rests.as_chunks::<N>().0;
        let mut common = Common::default();
        for entry in entries {
            let mask = entry.mask();
            let top = mask.checked_shr(8 * N as u32).unwrap_or(0) as usize;
            let (first, past) = (self.starts[top] as usize, self.starts[top + 1] as usize);
            let masks = &rests[first..past];
            let rest = mask & (u128::MAX >> (128 - 8 * N));
            // Masks are spread evenly: from where it should stand, a step or two.
            let place = ((rest >> (8 * N - 32)) as u64 * masks.len() as u64) >> 32;
            let mut at = place as usize;
            while at > 0 && value(&masks[at - 1]) >= rest {
                at -= 1;
            }
            while at < masks.len() && value(&masks[at]) < rest {
                at += 1;
            }
            if masks.get(at).is_some_and(|mask| value(mask) == rest)
                && let Some(item) = entry.item()
            {
                let number = first + at;
                common.add(number, item);
                self.found[number / 8].fetch_or(1 << (number % 8), Ordering::Relaxed);
            }
        }
        common
    }

    /// A bit for each of the sender's masks, in order: whether we have it too.
    pub(super) fn into_bitmap(self) -> Vec<u8> {
        self.found.into_iter().map(AtomicU8::into_inner).collect()
    }
}

/// The bytes of a mask that were written, as a number.
fn value<const N: usize>(rest: &[u8; N]) -> u128 {
    let mut low = [0; 16];
    low[..N].copy_from_slice(rest);
    u128::from_le_bytes(low)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(i: u32) -> Entry {
        let hash = blake3::hash(&i.to_le_bytes());
        let [mask, proof] = [0, 1].map(|i| u128::from_le_bytes(hash.as_bytes().as_chunks().0[i]));
        Entry::new(mask, proof, i)
    }

    fn entries(range: std::ops::Range<u32>) -> Vec<Entry> {
        range.map(entry).collect()
    }

    fn sorted(entries: &[Entry], length: usize) -> Sorted {
        let give = |gathering: &Gathering<'_>| {
            entries.chunks(700).for_each(|entries| gathering.add(entries));
        };
        Sorted::gather(length, give).unwrap()
    }

    fn write(sorted: &Sorted) -> Vec<u8> {
        let mut bytes = vec![0; encoded_len(sorted.length)];
        sorted.write(&mut bytes);
        bytes
    }

    #[test]
    fn common_masks_are_found_whatever_the_lengths() {
        for count in [0u32, 1, 2, 1023, 1024, 5000, 300_000] {
            let theirs = sorted(&entries(0..count), count as usize);
            let bytes = write(&theirs);
            for (start, end) in [(0, count), (count / 2, count + 7), (count, 2 * count), (0, 0)] {
                let read = Theirs::read(count as usize, &bytes).unwrap();
                let mut common = read.look_up(&entries(start..end));
                let mut origin: Vec<u32> = common.items.iter().map(|item| item.origin).collect();
                origin.sort_unstable();
                let expected: Vec<u32> = (start..end.min(count)).collect();
                assert_eq!(origin, expected, "{count} {start} {end}");
                // The peer finds the same items behind the bits, with the same proofs.
                let bitmap = read.into_bitmap();
                let ones: u32 = bitmap.iter().map(|byte| byte.count_ones()).sum();
                assert_eq!(ones as usize, expected.len());
                let chosen = theirs.select(&bitmap).unwrap();
                common.items.sort_unstable_by_key(|item| item.number);
                assert!(chosen.items == common.items && chosen.sum == common.sum);
            }
        }
    }

    #[test]
    fn masks_are_written_in_order_with_their_counts() {
        let bytes = write(&sorted(&entries(0..300_000), 300_000));
        let (counts, rest) = bytes.split_at(2 << 16);
        let mut masks = Vec::new();
        let mut rest = rest.as_chunks::<14>().0.iter();
        for (top, count) in counts.as_chunks::<2>().0.iter().enumerate() {
            for low in rest.by_ref().take(u16::from_le_bytes(*count).into()) {
                let mut mask = [0; 16];
                mask[..14].copy_from_slice(low);
                masks.push((top as u128) << 112 | u128::from_le_bytes(mask));
            }
        }
        let mut expected: Vec<u128> = (0..300_000).map(|i| entry(i).mask()).collect();
        expected.sort_unstable();
        assert!(masks == expected);
    }

    #[test]
    fn what_stands_for_no_item_is_never_common() {
        let mut entries = entries(0..2000);
        entries[5] = Entry::fill(entries[5].mask());
        let own = sorted(&entries, 2000);
        let bytes = write(&own);
        let common = Theirs::read(2000, &bytes).unwrap().look_up(&entries);
        assert_eq!(common.items.len(), 1999);
        assert!(own.select(&[0xff; 250]).is_none());
    }

    #[test]
    fn disorder_and_false_counts_are_refused() {
        let good = write(&sorted(&entries(0..5000), 5000));
        let read = |bytes: &[u8]| Theirs::read(5000, bytes).map(|_| ());
        assert_eq!(read(&good), Ok(()));
        let mut more = good.clone();
        more[0] += 1;
        assert_eq!(read(&more), Err(PeerFault::MasksMiscounted));
        more.fill(0xff);
        assert_eq!(read(&more), Err(PeerFault::MasksMiscounted));
        assert_eq!(read(&good[1..]), Err(PeerFault::MasksMiscounted));
        assert_eq!(read(&[]), Err(PeerFault::MasksMiscounted));
        let mut swapped = good.clone();
        let (a, b) = (512, 527);
        let first: Vec<u8> = swapped[a..b].to_vec();
        swapped.copy_within(b..b + 15, a);
        swapped[b..b + 15].copy_from_slice(&first);
        assert_eq!(read(&swapped), Err(PeerFault::MasksUnsorted { index: 1 }));
        // Twice the same.
        let mut twice = good;
        twice.copy_within(b..b + 15, a);
        assert_eq!(read(&twice), Err(PeerFault::MasksUnsorted { index: 1 }));
    }

    /// Counts whose sum, cut to 32 bits, is the length: in the longest form there are enough of
    /// them for that.
    #[test]
    fn counts_beyond_all_numbers_are_refused() {
        let length = 0x400_0000;
        let (groups, counts) = groups(length);
        let sum = (1u64 << 32) + length as u64;
        let mut heads = vec![0; 2 * groups * counts];
        let full = sum / u64::from(u16::MAX);
        heads[..2 * full as usize].fill(0xff);
        let rest = (sum % u64::from(u16::MAX)) as u16;
        heads[2 * full as usize..][..2].copy_from_slice(&rest.to_le_bytes());
        assert_eq!(Theirs::read(length, &heads).err(), Some(PeerFault::MasksMiscounted));
        heads.fill(0xff);
        assert_eq!(Theirs::read(length, &heads).err(), Some(PeerFault::MasksMiscounted));
    }

    #[test]
    fn nothing_is_left_of_what_is_erased() {
        let mut entry = entry(7);
        entry.zeroize();
        assert!(entry.as_bytes().iter().all(|byte| *byte == 0));
        let mut common = Common::default();
        common.add(3, (u128::MAX, 9));
        common.items[0].zeroize();
        assert!(common.items[0] == Found { number: 0, origin: 0, proof: 0 });
    }

    #[test]
    fn equal_masks_show() {
        let mut list = entries(0..3000);
        list[77] = Entry { origin: 77, ..list[2000] };
        let (a, b) = sorted(&list, 3000).equal().unwrap();
        assert_eq!([a.min(b), a.max(b)], [77, 2000]);
        assert_eq!(sorted(&entries(0..3000), 3000).equal(), None);
        let few = Sorted::gather(3001, |gathering| gathering.add(&list));
        assert_eq!(few.err(), Some(CallerFault::LayoutFailed));
        let many = Sorted::gather(10, |gathering| gathering.add(&list));
        assert_eq!(many.err(), Some(CallerFault::LayoutFailed));
    }
}
