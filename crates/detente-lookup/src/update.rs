//! The update from one filter to the next: removed places and added values.
//!
//! As many are added as removed, since the length of a filter is agreed; dummies make up for what a
//! set gains or loses. Places count the values of the old filter in rising order.

use super::coding::{BitReader, BitWriter, Malformed};
use super::error::LookupError;
use super::params::Shape;

/// Bytes before the codes: number of values of the filter, number of changes.
pub(super) const HEAD_BYTES: usize = 8;

/// What changes from one filter to the next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Places of the values that go, rising.
    pub removed: Vec<u32>,
    /// Values that come, rising; some may be equal.
    pub added: Vec<u64>,
}

/// Finds what changes from an old filter's values, in rising order, to a new list, sorted.
///
/// # Errors
/// The first error of `old`.
pub fn changes<E>(old: impl IntoIterator<Item = Result<u64, E>>, new: &[u64]) -> Result<Change, E> {
    let mut change = Change::default();
    let mut new = new.iter().copied().peekable();
    for (place, old) in (0_u32..).zip(old) {
        let old = old?;
        while let Some(value) = new.next_if(|value| *value < old) {
            change.added.push(value);
        }
        if new.next_if_eq(&old).is_none() {
            change.removed.push(place);
        }
    }
    change.added.extend(new);
    Ok(change)
}

/// Codes an update.
///
/// # Errors
/// [`LookupError::UpdateMalformed`] if more are added than removed or the other way round.
pub fn encode_update(shape: &Shape, change: &Change) -> Result<Vec<u8>, LookupError> {
    let count = u32::try_from(change.removed.len()).map_err(|_| LookupError::UpdateMalformed)?;
    if change.added.len() != change.removed.len() || count > shape.items() {
        return Err(LookupError::UpdateMalformed);
    }
    let (places, values) = shape.update_bits(count);
    let mut bits = BitWriter::default();
    let mut next = 0;
    for place in &change.removed {
        let gap = place.checked_sub(next).ok_or(LookupError::FilterUnsorted)?;
        bits.gap(gap.into(), places);
        next = place + 1;
    }
    let mut last = 0;
    for value in &change.added {
        let gap = value.checked_sub(last).ok_or(LookupError::FilterUnsorted)?;
        bits.gap(gap, values);
        last = *value;
    }
    let mut bytes = shape.items().to_le_bytes().to_vec();
    bytes.extend(count.to_le_bytes());
    bytes.extend(bits.finish());
    Ok(bytes)
}

/// Reads an update of a filter of this shape.
///
/// # Errors
/// [`LookupError::UpdateMisfits`] and [`LookupError::UpdateMalformed`], the holder's fault. Lists
/// grow as their codes are read: what the head claims costs nothing.
pub fn read_update(shape: &Shape, bytes: &[u8]) -> Result<Change, LookupError> {
    let malformed = |_: Malformed| LookupError::UpdateMalformed;
    let word = |at: usize| -> Result<u32, LookupError> {
        let word = bytes.get(at..at + 4).and_then(|word| word.try_into().ok());
        word.map(u32::from_le_bytes).ok_or(LookupError::UpdateMalformed)
    };
    let (got, count) = (word(0)?, word(4)?);
    if got != shape.items() {
        return Err(LookupError::UpdateMisfits { got, want: shape.items() });
    }
    if count > shape.items() || bytes.len() as u64 > shape.update_bytes_max(count) {
        return Err(LookupError::UpdateMalformed);
    }
    let (places, values) = shape.update_bits(count);
    let mut reader = BitReader::new(bytes.get(HEAD_BYTES..).unwrap_or_default());
    let mut change = Change::default();
    let mut next = 0_u32;
    for _ in 0..count {
        let left = shape.items() - next;
        let gap = reader.gap(places, left.into()).map_err(malformed)?;
        let place = next + u32::try_from(gap).map_err(|_| LookupError::UpdateMalformed)?;
        change.removed.push(place);
        next = place + 1;
    }
    let mut left = 1_u128 << shape.value_bits();
    let mut last = 0;
    for _ in 0..count {
        let gap = reader.gap(values, left).map_err(malformed)?;
        left -= u128::from(gap);
        last += gap;
        change.added.push(last);
    }
    if reader.at_end().map_err(malformed)? { Ok(change) } else { Err(LookupError::UpdateMalformed) }
}

/// Applies a change to the values of the old filter, which come in pieces.
pub struct Merge {
    removed: std::iter::Peekable<std::vec::IntoIter<u32>>,
    added: std::iter::Peekable<std::vec::IntoIter<u64>>,
    place: u32,
}

impl Merge {
    /// Begins.
    pub fn new(change: Change) -> Merge {
        Merge {
            removed: change.removed.into_iter().peekable(),
            added: change.added.into_iter().peekable(),
            place: 0,
        }
    }

    /// Takes the next values of the old filter and gives those of the new one that are certain.
    pub fn push(&mut self, old: &[u64]) -> Vec<u64> {
        let mut new = Vec::with_capacity(old.len());
        for value in old {
            while let Some(added) = self.added.next_if(|added| added <= value) {
                new.push(added);
            }
            if self.removed.next_if_eq(&self.place).is_none() {
                new.push(*value);
            }
            self.place += 1;
        }
        new
    }

    /// The values behind the last of the old filter.
    pub fn finish(self) -> Vec<u64> {
        self.added.collect()
    }
}
