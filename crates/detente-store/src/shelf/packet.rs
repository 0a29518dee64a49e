//! Packets: objects of one level that came together, and what must be known of each.
//!
//! The heads of a packet are one behind the other, each: moment, version (8 bytes each, signed),
//! size of the object (4), ends (1 each), STIX version (1: 0 is 2.0, 1 is 2.1), lengths of type and
//! id (2 each), type, id; numbers begin with their lowest byte.

use std::collections::BTreeSet;
use std::ops::Range;

use detente_taxii::{Entry, Level, Moment};

use crate::sqlite::{Fault, damaged};

/// The most objects of one packet. Count.
pub(super) const MAX_OBJECTS: usize = 64;
/// The most bytes of one packet's objects, but for one alone.
pub(super) const MAX_BYTES: usize = 64 * 1024;

/// Bytes of a head before type and id.
const FIXED: usize = 27;

/// STIX versions by their numbers.
const SPECS: [&str; 2] = ["2.0", "2.1"];

/// Who sees everything.
pub(super) const ALL: u8 = 1 << Level::CLOSED.code();

/// Who sees this level, as bits.
pub(super) const fn seers(level: u8) -> u8 {
    (ALL << 1) - (1 << level)
}

/// What must be known of an object. Bit c of `first` and `last` says that of its id it is the
/// oldest and the newest version for who sees level c: what is above a clearance is nobody's first
/// or last there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) n: i64,
    pub(super) version: i64,
    pub(super) first: u8,
    pub(super) last: u8,
    spec: u8,
    kind: Range<usize>,
    id: Range<usize>,
    /// Where its bytes are in the packet's.
    pub(super) at: Range<usize>,
}

/// What is put of an object.
pub(super) struct New<'a> {
    pub(super) n: i64,
    pub(super) version: i64,
    pub(super) ends: (u8, u8),
    pub(super) spec: &'a str,
    pub(super) kind: &'a str,
    pub(super) id: &'a str,
    pub(super) size: usize,
}

/// The heads of a packet, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Packet {
    pub(super) heads: Vec<Head>,
    text: Vec<u8>,
}

impl Packet {
    /// Reads heads as they are kept.
    pub(super) fn read(text: Vec<u8>) -> Result<Packet, Fault> {
        let (mut heads, mut at, mut from) = (Vec::new(), 0, 0);
        while at < text.len() {
            let (head, end) = head(&text, at, from).ok_or_else(|| damaged("heads of a packet"))?;
            from = head.at.end;
            at = end;
            heads.push(head);
        }
        Ok(Packet { heads, text })
    }

    /// Puts one more object behind the others.
    pub(super) fn push(&mut self, new: &New<'_>) -> Result<(), Fault> {
        let spec = SPECS.iter().position(|spec| *spec == new.spec).and_then(|n| n.try_into().ok());
        let mut text = |part: &str| {
            let from = self.text.len();
            self.text.extend_from_slice(part.as_bytes());
            from..self.text.len()
        };
        let from = self.heads.last().map_or(0, |head| head.at.end);
        let (first, last) = new.ends;
        self.heads.push(Head {
            n: new.n,
            version: new.version,
            first,
            last,
            spec: spec.ok_or_else(|| damaged(format!("STIX version {}", new.spec)))?,
            kind: text(new.kind),
            id: text(new.id),
            at: from..from + new.size,
        });
        Ok(())
    }

    /// The heads as they are kept.
    pub(super) fn write(&self) -> Result<Vec<u8>, Fault> {
        let long = |_| damaged("an object, its type or its id is too long");
        let mut text = Vec::with_capacity(self.heads.len() * 96);
        for head in &self.heads {
            text.extend_from_slice(&head.n.to_le_bytes());
            text.extend_from_slice(&head.version.to_le_bytes());
            let size = u32::try_from(head.at.len()).map_err(long)?;
            text.extend_from_slice(&size.to_le_bytes());
            text.extend_from_slice(&[head.first, head.last, head.spec]);
            for part in [&head.kind, &head.id] {
                text.extend_from_slice(&u16::try_from(part.len()).map_err(long)?.to_le_bytes());
            }
            for part in [&head.kind, &head.id] {
                text.extend_from_slice(self.text.get(part.clone()).unwrap_or_default());
            }
        }
        Ok(text)
    }

    /// Takes one object out; where its bytes were.
    pub(super) fn take(&mut self, n: i64) -> Option<Range<usize>> {
        let place = self.place(n)?;
        let gone = self.heads.remove(place).at;
        for head in self.heads.iter_mut().skip(place) {
            head.at = head.at.start - gone.len()..head.at.end - gone.len();
        }
        Some(gone)
    }

    /// Where the object with this number is.
    pub(super) fn place(&self, n: i64) -> Option<usize> {
        self.heads.binary_search_by_key(&n, |head| head.n).ok()
    }

    pub(super) fn kind(&self, head: &Head) -> &[u8] {
        self.text.get(head.kind.clone()).unwrap_or_default()
    }

    pub(super) fn spec(&self, head: &Head) -> &'static str {
        SPECS.get(usize::from(head.spec)).copied().unwrap_or_default()
    }

    /// What is said of an object.
    pub(super) fn entry(&self, head: &Head) -> Result<Entry<'_>, Fault> {
        let id = self.text.get(head.id.clone()).and_then(|id| str::from_utf8(id).ok());
        let moment = |n| Moment::of(n).ok_or_else(|| damaged(format!("{n} is no moment")));
        Ok(Entry {
            id: id.ok_or_else(|| damaged("an id that is no text"))?,
            added: moment(head.n)?,
            version: moment(head.version)?,
            spec: self.spec(head),
        })
    }

    /// Which types it holds, '' for any, each with the ends of such objects.
    pub(super) fn holds(&self) -> BTreeSet<(Vec<u8>, u8)> {
        let mut all: Vec<(&[u8], u8)> = Vec::with_capacity(2 * self.heads.len());
        for head in &self.heads {
            all.extend([(&[][..], head.last), (self.kind(head), head.last)]);
        }
        all.sort_unstable();
        all.dedup();
        all.into_iter().map(|(kind, last)| (kind.to_vec(), last)).collect()
    }
}

/// The head that begins here, whose bytes begin at `from`, and where the next one begins.
fn head(text: &[u8], at: usize, from: usize) -> Option<(Head, usize)> {
    let (fixed, _) = text.get(at..)?.split_first_chunk::<FIXED>()?;
    let eight = |at: usize| fixed.get(at..)?.first_chunk::<8>().map(|b| i64::from_le_bytes(*b));
    let two = |at: usize| fixed.get(at..)?.first_chunk::<2>().map(|b| u16::from_le_bytes(*b));
    let size = u32::from_le_bytes(*fixed.get(16..)?.first_chunk::<4>()?);
    let kind = at + FIXED..at + FIXED + usize::from(two(23)?);
    let id = kind.end..kind.end + usize::from(two(25)?);
    let end = id.end;
    (end <= text.len()).then_some(())?;
    let head = Head {
        n: eight(0)?,
        version: eight(8)?,
        first: *fixed.get(20)?,
        last: *fixed.get(21)?,
        spec: *fixed.get(22)?,
        kind,
        id,
        at: from..from.checked_add(usize::try_from(size).ok()?)?,
    };
    Some((head, end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn who_sees_a_level_are_the_levels_from_it_on() {
        assert_eq!([seers(0), seers(4), seers(5)], [0b11_1111, 0b11_0000, 0b10_0000]);
    }

    proptest! {
        #[test]
        fn heads_are_read_as_they_were_put(
            objects in prop::collection::vec(
                ("[a-z-]{1,20}", "\\PC{0,60}", any::<i64>(), 0..64_u8, 0..64_u8, 0..9_000_usize),
                1..70,
            ),
            gone in any::<prop::sample::Index>(),
        ) {
            let mut packet = Packet::default();
            for (n, (kind, id, version, first, last, size)) in objects.iter().enumerate() {
                let new = New {
                    n: i64::try_from(n).unwrap() * 3,
                    version: *version,
                    ends: (*first, *last),
                    spec: "2.1",
                    kind,
                    id,
                    size: *size,
                };
                packet.push(&new).unwrap();
            }
            let same = |packet: &Packet, objects: &[(String, String, i64, u8, u8, usize)]| {
                let read = Packet::read(packet.write().unwrap()).unwrap();
                let mut from = 0;
                for (head, (kind, id, version, first, last, size)) in read.heads.iter().zip(objects)
                {
                    assert_eq!(read.kind(head), kind.as_bytes());
                    assert_eq!(read.text.get(head.id.clone()), Some(id.as_bytes()));
                    assert_eq!((head.version, head.first, head.last), (*version, *first, *last));
                    assert_eq!(head.at, from..from + size);
                    from += size;
                }
                assert_eq!(read.heads.len(), objects.len());
            };
            same(&packet, &objects);
            let gone = gone.index(objects.len());
            let mut left = objects.clone();
            let (_, _, _, _, _, size) = left.remove(gone);
            let n = i64::try_from(gone).unwrap() * 3;
            prop_assert_eq!(packet.take(n).map(|at| at.len()), Some(size));
            prop_assert_eq!(packet.take(n), None);
            same(&packet, &left);
        }

        #[test]
        fn no_heads_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(packet) = Packet::read(bytes) {
                for head in &packet.heads {
                    let _ = packet.entry(head);
                }
            }
        }
    }
}
