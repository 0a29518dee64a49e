//! The own list as it stands: each observable with what is said of it now, and what keeps it from
//! being handed on.

use std::collections::BTreeMap;

use detente_core::{Kind, UnixSeconds};
use detente_intel::{Context, Indicator, Observable, Standing, in_force};

use crate::error::NodeError;
use crate::node::Node;
use crate::ports::{Added, Moment, OwnRow};

/// What is asked once for the whole list.
#[derive(Debug)]
pub struct OwnList {
    held: BTreeMap<(Kind, String), Turn>,
    /// Whether anything was received, so that own words may be derived from it.
    derives: bool,
}

/// An own observable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnItem {
    /// What is observed.
    pub observable: Observable,
    /// That its releasing party took it back, and this side has it from there alone; or that it
    /// did so once.
    pub turned: Option<Turn>,
    /// What is said of it now ([`in_force`]), and what was taken back by who said it.
    pub said: Vec<Said>,
    /// How many older words of the same sources and origins there are.
    pub superseded: u64,
}

/// What a source says of an observable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Its words.
    pub context: Context,
    /// When that source first said something of it.
    pub first: UnixSeconds,
    /// When it said this.
    pub last: UnixSeconds,
    /// The party without whose consent this may not go on: it seems to be derived from what that
    /// one released.
    pub control: Option<String>,
}

/// What became of an observable that this side has from a releasing party alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Turn {
    /// It was taken back, and the retraction was lifted then.
    Lifted(UnixSeconds),
    /// It was taken back; this side holds it out since then. Stands above every lifting: it is
    /// held out while one retraction holds.
    HeldOut(UnixSeconds),
}

impl OwnItem {
    /// Whether it is held out now.
    pub const fn is_held_out(&self) -> bool {
        matches!(self.turned, Some(Turn::HeldOut(_)))
    }
}

impl OwnList {
    /// What was taken back, and what once was.
    pub const fn turns(&self) -> &BTreeMap<(Kind, String), Turn> {
        &self.held
    }
}

impl Node {
    /// Adds indicators to the list; what is there already is passed over.
    ///
    /// # Errors
    /// [`NodeError::Store`]; nothing was added.
    pub fn put_indicators(
        &mut self,
        at: UnixSeconds,
        indicators: &[Indicator],
    ) -> Result<Added, NodeError> {
        Ok(self.store.put_indicators(at, indicators)?)
    }

    /// What is asked once before the list is read.
    ///
    /// # Errors
    /// [`NodeError::Store`].
    pub fn own_list(&self) -> Result<OwnList, NodeError> {
        let received = self.store.received_counts()?;
        let derives = received.iter().any(|(_, count)| *count > 0);
        Ok(OwnList { held: self.turns()?, derives })
    }

    /// A page of the list, by kind code and value, from behind an observable on; `max` words and a
    /// few more. None are left when none come.
    ///
    /// # Errors
    /// [`NodeError::Store`].
    pub fn own_items(
        &self,
        list: &OwnList,
        kinds: &[Kind],
        after: Option<&Observable>,
        max: usize,
    ) -> Result<Vec<OwnItem>, NodeError> {
        self.items(list, self.store.own_rows(kinds, after, max)?)
    }

    /// What of the list was said since a moment, and the moment up to which that is all; `max` new
    /// words at most. None when nothing was said since.
    ///
    /// # Errors
    /// [`NodeError::Store`].
    pub fn own_news(
        &self,
        list: &OwnList,
        since: Moment,
        max: usize,
    ) -> Result<(Vec<OwnItem>, Moment), NodeError> {
        let (rows, reached) = self.store.own_changed(since, max)?;
        Ok((self.items(list, rows)?, reached))
    }

    /// One observable of the list; none if it is not in it.
    ///
    /// # Errors
    /// [`NodeError::Store`].
    pub fn own_item(
        &self,
        list: &OwnList,
        observable: Observable,
    ) -> Result<Option<OwnItem>, NodeError> {
        let sightings = self.store.sightings(&observable)?;
        if sightings.is_empty() {
            return Ok(None);
        }
        Ok(self.items(list, vec![OwnRow { observable, sightings }])?.pop())
    }

    fn items(&self, list: &OwnList, rows: Vec<OwnRow>) -> Result<Vec<OwnItem>, NodeError> {
        let mut items = Vec::with_capacity(rows.len());
        for row in rows {
            let control = match list.derives {
                true => self.control(&row.observable, self.party())?,
                false => None,
            };
            let all = row.sightings.len();
            let said: Vec<Said> = in_force(row.sightings)
                .into_iter()
                .map(|Standing { context, first, last }| {
                    let derived = control.filter(|control| last >= control.since);
                    let control = derived.map(|control| self.name_of(control.originator));
                    Said { context, first, last, control }
                })
                .collect();
            let superseded = (all - said.len()) as u64;
            let turned = match list.held.is_empty() {
                true => None,
                false => {
                    let key = (row.observable.kind(), row.observable.value().to_owned());
                    list.held.get(&key).copied()
                }
            };
            items.push(OwnItem { observable: row.observable, turned, said, superseded });
        }
        Ok(items)
    }
}
