//! What look-ups keep: values of own observables, filters in buckets, updates, and what was asked.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use detente_core::{Digest, Kind, RunId};
use detente_intel::{Context, Observable};

use super::StoreError;

/// Most updates of one clause that are kept: who is further behind fetches the whole filter.
pub const MAX_UPDATES_KEPT: usize = 8;

/// What vouches for observables: numbers of the store, of no meaning outside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vouchers {
    /// Contexts that do, by kind.
    pub contexts: BTreeMap<Kind, BTreeSet<i64>>,
    /// Observables for which nothing in force does, whatever their contexts.
    pub fallen: BTreeSet<i64>,
}

/// Where one set is evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Evaluation {
    /// The accord and clause. Values under an older key of the same scope go when a newer one
    /// comes.
    pub scope: Digest,
    /// The key.
    pub key: Digest,
}

/// An own observable that may enter a filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueRow {
    /// Its number in the store.
    pub place: i64,
    /// Itself.
    pub observable: Observable,
    /// Its value under the key, once it was evaluated.
    pub value: Option<u64>,
}

/// A filter as far as it is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FilterRow {
    /// Its digest, or another name while it is being built.
    pub name: Digest,
    /// Values, padding included.
    pub items: u32,
    /// Buckets that are here, from the first on.
    pub held: u32,
    /// Whether it is whole and its digest was checked.
    pub whole: bool,
}

/// A part of an update.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdatePart {
    /// The filter to which the update leads.
    pub to: Digest,
    /// Length of the whole update. Bytes.
    pub total: u64,
    /// The part.
    pub bytes: Vec<u8>,
}

/// A filter that is whole now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished<'a> {
    /// The accord and clause.
    pub scope: Digest,
    /// Its name so far.
    pub name: Digest,
    /// Its digest, its name from now on.
    pub digest: Digest,
    /// The filter before it, and the update that leads from there.
    pub update: Option<(Digest, &'a [u8])>,
}

/// Keeps what look-ups need. The rules of [`Store`](super::Store) hold here too.
pub trait LookupStore {
    /// The contexts of observables of these kinds that are vouched for.
    fn vouchers(
        &self,
        kinds: &[Kind],
        vouches: &mut dyn FnMut(Kind, &Context) -> bool,
    ) -> Result<Vouchers, StoreError>;

    /// Own observables with such a context, by kind code and value, at most `max` from behind
    /// `after` on, with their values.
    fn value_rows(
        &self,
        vouchers: &Vouchers,
        evaluation: Evaluation,
        after: Option<&Observable>,
        max: usize,
    ) -> Result<Vec<ValueRow>, StoreError>;

    /// Keeps values, by place. Values under another key of the same scope are dropped.
    fn put_values(
        &mut self,
        evaluation: Evaluation,
        values: &[(i64, u64)],
    ) -> Result<(), StoreError>;

    /// A filter of this scope by its name.
    fn filter(&self, scope: Digest, name: Digest) -> Result<Option<FilterRow>, StoreError>;

    /// The whole filter of a scope; there is one at most.
    fn whole_filter(&self, scope: Digest) -> Result<Option<FilterRow>, StoreError>;

    /// Puts buckets behind those that are here of a filter with this name and so many values.
    /// `first` 0 begins anew.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if `first` is not the number of those that are here.
    fn put_buckets(
        &mut self,
        scope: Digest,
        filter: (Digest, u32),
        first: u32,
        buckets: &[Vec<u8>],
    ) -> Result<(), StoreError>;

    /// Buckets of a filter; fewer if it ends before.
    fn buckets(
        &self,
        scope: Digest,
        name: Digest,
        numbers: Range<u32>,
    ) -> Result<Vec<Vec<u8>>, StoreError>;

    /// Names a filter by its digest and drops every other of its scope. The newest
    /// [`MAX_UPDATES_KEPT`] updates are kept; without an update, none is.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if there is no such filter.
    fn finish_filter(&mut self, finished: &Finished<'_>) -> Result<(), StoreError>;

    /// Drops a filter that proved to be another than it was said to be.
    fn drop_filter(&mut self, scope: Digest, name: Digest) -> Result<(), StoreError>;

    /// A part of the update that leads on from a filter: at most `max` bytes from `offset` on, none
    /// at its end or behind. Only the part is given out, however long the update is.
    fn update_part(
        &self,
        scope: Digest,
        from: Digest,
        offset: u32,
        max: usize,
    ) -> Result<Option<UpdatePart>, StoreError>;

    /// Keeps what a query of this home asks, in the order of its commitment.
    fn put_asked(&mut self, run: RunId, asked: &[Observable]) -> Result<(), StoreError>;

    /// What a query asked.
    fn asked(&self, run: RunId) -> Result<Vec<Observable>, StoreError>;
}
