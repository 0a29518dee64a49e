//! Which lists have exactly this text, for millions of texts.
//!
//! One row of 16 bytes for each entry, sorted by a hash of its text, and a table over the hash's
//! first bits that says where rows with these bits start. Rows of one place are searched by halves,
//! so that texts chosen to share a place cost a logarithm and not a walk. The hash is SipHash with
//! a fixed key: the order is the same in every run, and many texts of one full hash are not to be
//! found in practice.

use std::hash::{DefaultHasher, Hasher};

/// One entry of one list.
#[derive(Clone, Copy, Debug)]
struct Row {
    hash: u64,
    /// Where the text starts in the table's text.
    start: u32,
    length: u16,
    list: u16,
}

/// Texts, and the lists that each is on.
#[derive(Debug, Default)]
pub(crate) struct Table {
    text: String,
    rows: Vec<Row>,
    /// Where the rows of each place start, and at the end the number of rows. Empty before
    /// [`Table::finish`].
    places: Vec<u32>,
    /// How far the hash is shifted right to give the place.
    shift: u32,
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(text.as_bytes());
    hasher.finish()
}

impl Table {
    /// Adds a text of a list. False, and nothing done, if the text is longer than 65,535 bytes or
    /// all together than 32 bits can count.
    pub(crate) fn push(&mut self, list: u16, text: &str) -> bool {
        let (Ok(start), Ok(length)) = (u32::try_from(self.text.len()), u16::try_from(text.len()))
        else {
            return false;
        };
        if start.checked_add(u32::from(length)).is_none() {
            return false;
        }
        self.text.push_str(text);
        self.rows.push(Row { hash: hash(text), start, length, list });
        true
    }

    /// Bytes of all texts together.
    pub(crate) fn bytes(&self) -> usize {
        self.text.len()
    }

    /// Sorts the rows; before it nothing is found.
    pub(crate) fn finish(&mut self) {
        self.rows.sort_unstable_by_key(|row| (row.hash, row.list, row.start));
        self.rows.shrink_to_fit();
        self.text.shrink_to_fit();
        // At least two places, so that the shift is less than 64.
        let bits = self.rows.len().max(2).next_power_of_two().trailing_zeros();
        self.shift = u64::BITS.saturating_sub(bits);
        let count = 1_usize.checked_shl(bits).unwrap_or(0);
        let mut places = vec![0_u32; count.saturating_add(1)];
        for row in &self.rows {
            if let Some(after) = places.get_mut(self.place(row.hash).saturating_add(1)) {
                *after = after.saturating_add(1);
            }
        }
        let mut sum = 0_u32;
        for place in &mut places {
            sum = sum.saturating_add(*place);
            *place = sum;
        }
        self.places = places;
    }

    /// The lists that have this text, in ascending order, each once.
    pub(crate) fn lists<'a>(&'a self, text: &'a str) -> impl Iterator<Item = u16> + 'a {
        let hash = hash(text);
        let mut last = None;
        self.rows_of(hash)
            .iter()
            .take_while(move |row| row.hash == hash)
            .filter(move |row| self.text_of(row) == text)
            .map(|row| row.list)
            .filter(move |list| last.replace(*list) != Some(*list))
    }

    /// The rows of the hash's place from the first with this hash on.
    fn rows_of(&self, hash: u64) -> &[Row] {
        let place = self.place(hash);
        let bound = |at: usize| self.places.get(at).map_or(0, |start| *start as usize);
        let rows = self.rows.get(bound(place)..bound(place.saturating_add(1))).unwrap_or(&[]);
        let first = rows.partition_point(|row| row.hash < hash);
        rows.get(first..).unwrap_or(&[])
    }

    fn place(&self, hash: u64) -> usize {
        // The shift leaves at most as many bits as there are places.
        usize::try_from(hash.checked_shr(self.shift).unwrap_or(0)).unwrap_or(usize::MAX)
    }

    fn text_of(&self, row: &Row) -> &str {
        let start = row.start as usize;
        self.text.get(start..start.saturating_add(usize::from(row.length))).unwrap_or("")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lists(table: &Table, text: &str) -> Vec<u16> {
        table.lists(text).collect()
    }

    #[test]
    fn nothing_is_found_in_an_empty_table() {
        let mut table = Table::default();
        assert!(lists(&table, "a").is_empty());
        table.finish();
        assert!(lists(&table, "a").is_empty());
    }

    #[test]
    fn a_text_is_found_on_all_its_lists_once() {
        let mut table = Table::default();
        for (list, text) in [(3, "b"), (1, "a"), (0, "a"), (1, "a"), (2, ""), (9, "ab")] {
            assert!(table.push(list, text));
        }
        table.finish();
        assert_eq!(lists(&table, "a"), [0, 1]);
        assert_eq!(lists(&table, "b"), [3]);
        assert_eq!(lists(&table, ""), [2]);
        assert_eq!(lists(&table, "ab"), [9]);
        assert!(lists(&table, "c").is_empty());
    }

    #[test]
    fn every_one_of_many_texts_is_found() {
        let mut table = Table::default();
        for number in 0..5000_u16 {
            assert!(table.push(number % 7, &format!("name-{number}")));
        }
        table.finish();
        for number in 0..5000_u16 {
            assert_eq!(lists(&table, &format!("name-{number}")), [number % 7]);
            assert!(lists(&table, &format!("other-{number}")).is_empty());
        }
    }
}
