//! The own list as it stands: each observable with what is said of it now, and what keeps it from
//! being handed on.

use std::collections::BTreeMap;

use detente_core::{Kind, UnixSeconds};
use detente_intel::{Context, Indicator, Markings, Observable};

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
    /// What is said of it now, the newest first; the words of one source and origin are those that
    /// came last.
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
            let (mut said, superseded) = newest(row.sightings);
            for one in &mut said {
                let derived = control.filter(|control| one.last >= control.since);
                one.control = derived.map(|control| self.name_of(control.originator));
            }
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

/// Of each source and origin the words that came last, the newest first; and how many others there
/// are. What one import brings in several lines it says all at once.
fn newest(sightings: Vec<(Context, UnixSeconds)>) -> (Vec<Said>, u64) {
    let mut ends: BTreeMap<(&str, Option<&str>), (UnixSeconds, UnixSeconds)> = BTreeMap::new();
    for (context, added) in &sightings {
        let key = (context.source.as_str(), context.origin.as_deref());
        let (first, last) = ends.entry(key).or_insert((*added, *added));
        (*first, *last) = ((*first).min(*added), (*last).max(*added));
    }
    let end_of = |context: &Context| {
        ends.get(&(context.source.as_str(), context.origin.as_deref())).copied()
    };
    let ended: Vec<_> = sightings.iter().map(|(context, _)| end_of(context)).collect();
    let mut closest: BTreeMap<(String, Option<String>), Markings> = BTreeMap::new();
    for (context, _) in &sightings {
        let key = (context.source.clone(), context.origin.clone());
        keep_closest(closest.entry(key).or_default(), &context.markings);
    }
    let all = sightings.len();
    let mut said: Vec<Said> = Vec::new();
    for ((mut context, added), ends) in sightings.into_iter().zip(ended).rev() {
        let (first, last) = ends.unwrap_or((added, added));
        if added == last {
            if let Some(ever) = closest.get(&(context.source.clone(), context.origin.clone())) {
                keep_closest(&mut context.markings, ever);
            }
            said.push(Said { context, first, last, control: None });
        }
    }
    // Stable: of one moment, what came later stands first.
    said.sort_by_key(|one| std::cmp::Reverse(one.last));
    let superseded = (all - said.len()) as u64;
    (said, superseded)
}

/// Raises a marking to what the same source said before: what it once marked more closely stays so,
/// whatever clock or order its words came by.
fn keep_closest(markings: &mut Markings, other: &Markings) {
    if let Some(tlp) = other.tlp() {
        markings.raise(tlp);
    }
    if other.is_closed() && !markings.is_closed() {
        markings.add_unknown("its source marked it before so that nobody here understood it");
    }
    for text in other.texts().iter().filter(|text| is_handling(text)) {
        if !markings.texts().contains(text) {
            markings.add_text(text);
        }
    }
}

/// Whether a text says more of handling than a colour.
fn is_handling(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let prefixes = ["pap:", "rel to ", "orcon", "detente:", "iep", "tlp:ex:chr"];
    prefixes.iter().any(|prefix| lower.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(source: &str, label: &str, at: u64) -> (Context, UnixSeconds) {
        let mut context = Context::from_source(source);
        context.add_label(label);
        (context, UnixSeconds::new(at))
    }

    #[test]
    fn the_last_words_of_each_source_count() {
        let all = vec![
            said("feed", "old", 10),
            said("other", "x", 20),
            said("feed", "new", 30),
            said("feed", "new too", 30),
            said("other", "an older clock", 5),
        ];
        let (newest, superseded) = newest(all);
        let told: Vec<(&str, u64, u64)> = newest
            .iter()
            .map(|one| (one.context.labels[0].as_str(), one.first.get(), one.last.get()))
            .collect();
        assert_eq!(told, [("new too", 10, 30), ("new", 10, 30), ("x", 5, 20)]);
        assert_eq!(superseded, 2);
    }

    #[test]
    fn origins_of_one_source_are_told_apart() {
        let mut one = said("feed", "a", 10);
        one.0.origin = Some("indicator--1".to_owned());
        let (newest, superseded) = newest(vec![one, said("feed", "b", 20)]);
        assert_eq!((newest.len(), superseded), (2, 0));
    }
}
