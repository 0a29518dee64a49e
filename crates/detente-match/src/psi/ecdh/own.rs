//! Our list: shuffled and padded, blinded chunk by chunk on its way out, kept until it comes
//! back raised to the peer's key.
//!
//! Memory of an item: its bytes until it is blinded, then 4 (place) + 16 (tag, until the peer's
//! list is complete) + 32 (point, only if we learn) bytes.

use rand_core::Rng;
use rayon::prelude::*;
use zeroize::{Zeroize, Zeroizing};

use super::group::{Key, hash_dummy, hash_item, read_points};
use super::params::{Encoded, TAG_BYTES, chunk_len};
use crate::error::{CallerFault, PeerFault};
use crate::item::Item;
use crate::params::{Mode, Params};

/// The first bytes of a point's encoding.
pub(super) type Tag = [u8; TAG_BYTES];

/// The tag of an encoded point.
pub(super) fn tag(point: &Encoded) -> Tag {
    let mut tag = [0; TAG_BYTES];
    tag.copy_from_slice(&point[..TAG_BYTES]);
    tag
}

/// Our list on its way through a run.
pub(super) struct OwnList {
    mode: Mode,
    learns: bool,
    len: u32,
    items: Vec<Item>,
    /// What stands at each place of the list as sent: the number of an item, or above those the
    /// number of a dummy.
    order: Vec<u32>,
    dummy_secret: Zeroizing<[u8; 32]>,
    /// Of the points sent, until the peer's list is complete.
    tags: Option<Vec<Tag>>,
    /// If we learn: the answers received, and in mode `Which` after them the points sent that
    /// wait for theirs.
    points: Vec<Encoded>,
    sent: u32,
    answered: u32,
}

impl OwnList {
    /// Shuffles and pads. The dummies' secret is drawn before the order.
    ///
    /// # Errors
    /// [`CallerFault::DuplicateItem`].
    pub(super) fn new(
        params: &Params,
        items: Vec<Item>,
        rng: &mut impl Rng,
    ) -> Result<OwnList, CallerFault> {
        refuse_duplicates(&items)?;
        let mut dummy_secret = Zeroizing::new([0; 32]);
        rng.fill_bytes(&mut *dummy_secret);
        Ok(OwnList {
            mode: params.mode,
            learns: params.learns(),
            len: params.own_len,
            items,
            order: shuffled(params.own_len, rng),
            dummy_secret,
            tags: Some(Vec::new()),
            points: Vec::new(),
            sent: 0,
            answered: 0,
        })
    }

    pub(super) fn sent(&self) -> u32 {
        self.sent
    }

    pub(super) fn answered(&self) -> u32 {
        self.answered
    }

    pub(super) fn all_sent(&self) -> bool {
        self.sent == self.len
    }

    /// Whether every answer that is due has come.
    pub(super) fn all_answered(&self) -> bool {
        !self.learns || self.answered == self.len
    }

    /// Blinds the next chunk; `None` at the end of the list. Items are erased as they go.
    pub(super) fn blind_next(
        &mut self,
        key: &Key,
        context: &[u8; 32],
    ) -> Option<(u32, Vec<Encoded>)> {
        let start = self.sent;
        let end = start + chunk_len(self.len, start);
        let places = &self.order[start as usize..end as usize];
        if places.is_empty() {
            return None;
        }
        let hashed: Vec<_> = places
            .par_iter()
            .map(|&number| match self.items.get(number as usize) {
                Some(item) => hash_item(context, item),
                None => hash_dummy(&self.dummy_secret, number),
            })
            .collect();
        let blinded = key.raise(&hashed);
        for &number in places {
            if let Some(item) = self.items.get_mut(number as usize) {
                item.erase();
            }
        }
        if let Some(tags) = &mut self.tags {
            tags.extend(blinded.iter().map(tag));
        }
        if self.learns && self.mode == Mode::Which {
            self.points.extend_from_slice(&blinded);
        }
        self.sent = end;
        Some((start, blinded))
    }

    /// The points of our list that a chunk of answers is about (mode `Which`).
    ///
    /// # Errors
    /// The answers do not follow the ones before, or answer what was not asked.
    pub(super) fn asked(&self, start: u32, answers: usize) -> Result<&[Encoded], PeerFault> {
        self.check_place(start, answers)?;
        Ok(&self.points[start as usize..start as usize + answers])
    }

    /// Takes answers whose proof held (mode `Which`).
    pub(super) fn take_proved(&mut self, start: u32, answers: &[Encoded]) {
        let from = start as usize;
        self.points[from..from + answers.len()].copy_from_slice(answers);
        self.answered += chunk_len(self.len, start);
    }

    /// Takes answers in ascending order (mode `CountOnly`).
    ///
    /// # Errors
    /// As [`OwnList::asked`]; answers that are no points or not ascending.
    pub(super) fn take_sorted(&mut self, start: u32, answers: &[Encoded]) -> Result<(), PeerFault> {
        self.check_place(start, answers.len())?;
        read_points(start, answers)?;
        let mut last = self.points.last();
        for (answer, index) in answers.iter().zip(start..) {
            if last.is_some_and(|last| last >= answer) {
                return Err(PeerFault::Unsorted { index });
            }
            last = Some(answer);
        }
        self.points.extend_from_slice(answers);
        self.answered += chunk_len(self.len, start);
        Ok(())
    }

    fn check_place(&self, start: u32, got: usize) -> Result<(), PeerFault> {
        // Sorted answers can't begin before the answerer has seen the whole list.
        let ready = match self.mode {
            Mode::Which | Mode::Lookup { .. } | Mode::Payload { .. } => self.sent,
            Mode::CountOnly if self.all_sent() => self.sent,
            Mode::CountOnly => 0,
        };
        if !self.learns {
            return Err(PeerFault::AnswerUnasked { start, asked: 0 });
        }
        check_chunk(self.len, self.answered, start, got)?;
        if start >= ready {
            return Err(PeerFault::AnswerUnasked { start, asked: ready });
        }
        Ok(())
    }

    /// The tags of the points sent so far; none are kept from here on.
    pub(super) fn take_tags(&mut self) -> Vec<Tag> {
        self.tags.take().unwrap_or_default()
    }

    /// The answers to our real items with each item's number (mode `Which`).
    pub(super) fn answers_by_item(&self) -> impl ParallelIterator<Item = (u32, &Encoded)> {
        self.order
            .par_iter()
            .zip(&self.points)
            .filter(|(number, _)| (**number as usize) < self.items.len())
            .map(|(number, answer)| (*number, answer))
    }

    /// All answers.
    pub(super) fn answers(&self) -> &[Encoded] {
        &self.points
    }
}

impl Drop for OwnList {
    fn drop(&mut self) {
        self.order.zeroize();
    }
}

/// Refuses a chunk that does not follow the one before or has not the length that is due.
pub(super) fn check_chunk(
    len: u32,
    expected: u32,
    start: u32,
    got: usize,
) -> Result<(), PeerFault> {
    if expected == len {
        return Err(PeerFault::TooManyPoints { len });
    }
    if start != expected {
        return Err(PeerFault::WrongStart { got: start, expected });
    }
    let due = chunk_len(len, start);
    if got != due as usize {
        return Err(PeerFault::WrongLength { start, got, expected: due });
    }
    Ok(())
}

fn refuse_duplicates(items: &[Item]) -> Result<(), CallerFault> {
    let mut sorted: Vec<(&Item, usize)> = items.iter().zip(0..).collect();
    sorted.par_sort_unstable();
    match sorted.array_windows().find(|[(left, _), (right, _)]| left == right) {
        Some([(_, first), (_, second)]) => {
            Err(CallerFault::DuplicateItem { first: *first, second: *second })
        }
        None => Ok(()),
    }
}

/// The numbers below `len` in a uniform order (Fisher and Yates, Knuth's algorithm P).
fn shuffled(len: u32, rng: &mut impl Rng) -> Vec<u32> {
    let mut order: Vec<u32> = (0..len).collect();
    for last in (1..len).rev() {
        order.swap(last as usize, uniform_below(last + 1, rng) as usize);
    }
    order
}

/// A uniform number below `bound` (above zero), by rejection.
fn uniform_below(bound: u32, rng: &mut impl Rng) -> u32 {
    // Draws from this value on would favour small numbers.
    let limit = (1_u64 << 32) / u64::from(bound) * u64::from(bound);
    loop {
        let draw = rng.next_u32();
        if u64::from(draw) < limit {
            return draw % bound;
        }
    }
}
