//! A text under negotiation: for each unit the options on the table, and which of them each party
//! would accept.
//!
//! Is: a deterministic structure that a fold drives with the acts of both sides in its order. Each
//! act changes what its author holds and nothing else, so concurrent changes merge unit by unit or
//! stand side by side as options; none overwrites another's. Reasons:
//! docs/adr/0011-rolling-text.md. Is not: a judgement of soundness; a clean text is checked by
//! [`crate::Accord::parse`].

mod change;
mod view;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use detente_core::{Digest, PartyId};

use crate::fault::Faults;
use crate::unit::{MAX_UNITS, Unit, UnitKey, split};

pub use change::{Change, MAX_CHANGES, MAX_NOTE, MAX_OPTION, MAX_OPTIONS, MAX_QUOTE, MAX_QUOTES};
pub use view::{Alternative, FieldView, Offer, OpenUnit, OptionView, Piece, UnitView};

/// Most units that one party may put on the table in one negotiation.
pub const MAX_OWN_UNITS: usize = 2 * MAX_UNITS;

/// One way a unit may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Choice {
    /// Not at all.
    LeftOut,
    /// As the content with this SHA-256.
    Text(Digest),
}

/// What one party says of one unit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Stand {
    /// What it would accept; empty if it has reserved its position.
    holds: Vec<Choice>,
    /// What its reservation is about, and the words of it in brackets; no words mean all of it.
    reserved: Vec<Choice>,
    words: Vec<String>,
    /// Why, in its words.
    note: String,
}

/// A unit on the table.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Slot {
    key: UnitKey,
    /// Who put it on the table.
    first: PartyId,
    /// All that was ever offered for it, the earliest first. Contents are kept: an act may start
    /// from one that its author still saw.
    offered: Vec<Choice>,
    contents: BTreeMap<Digest, Arc<str>>,
    /// Parties that never spoke of the unit are not in it.
    stands: BTreeMap<PartyId, Stand>,
}

/// A text under negotiation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rolling {
    parties: Vec<PartyId>,
    slots: Vec<Slot>,
    /// The whole texts that were put forward, as their units in order; the earliest first.
    texts: Vec<(Digest, Vec<(UnitKey, Digest)>)>,
}

impl Rolling {
    /// An empty table with these parties.
    pub fn new(parties: &[PartyId]) -> Rolling {
        let mut parties = parties.to_vec();
        parties.sort_unstable();
        parties.dedup();
        Rolling { parties, slots: Vec::new(), texts: Vec::new() }
    }

    /// A whole text against the text it starts from; without one, against nothing. Where it differs
    /// from its base, its author now holds just that; where it does not, and its author has not
    /// spoken of the unit yet, it holds the base's. Everything else stays.
    ///
    /// # Errors
    /// [`RollingFault`]: the act of its author has no effect, and nothing is changed.
    pub fn propose(
        &mut self,
        by: PartyId,
        base: Option<&str>,
        text: &str,
    ) -> Result<(), RollingFault> {
        self.check_party(by)?;
        let units = split(text)?;
        let base = base.map(split).transpose()?.unwrap_or_default();
        self.check_room(by, units.iter().map(|unit| &unit.key))?;
        self.remember(text, &units);
        let before: BTreeMap<&UnitKey, &str> =
            base.iter().map(|unit| (&unit.key, unit.text)).collect();
        let mut after = None;
        for unit in &units {
            let at = match self.at(&unit.key) {
                Some(at) => at,
                None => self.insert(by, after.map_or(0, |at: usize| at + 1), &unit.key),
            };
            let choice = self.slots[at].offer(unit.text);
            let same = before.get(&unit.key).is_some_and(|base| *base == unit.text);
            if !same || !self.slots[at].stands.contains_key(&by) {
                self.slots[at].hold(by, vec![choice], String::new());
            }
            after = Some(at);
        }
        let kept: BTreeSet<&UnitKey> = units.iter().map(|unit| &unit.key).collect();
        for unit in base.iter().filter(|unit| !kept.contains(&unit.key)) {
            if let Some(at) = self.at(&unit.key) {
                let choice = self.slots[at].leave_out();
                self.slots[at].hold(by, vec![choice], String::new());
            }
        }
        Ok(())
    }

    /// The author accepts a text's content for these units; without a list, the whole text and
    /// nothing beside it.
    ///
    /// # Errors
    /// [`RollingFault`]: nothing is changed.
    pub fn hold(
        &mut self,
        by: PartyId,
        text: &str,
        units: Option<&[UnitKey]>,
    ) -> Result<(), RollingFault> {
        self.check_party(by)?;
        let own = split(text)?;
        let wanted = |key: &UnitKey| units.is_none_or(|units| units.contains(key));
        if let Some(units) = units {
            let known =
                |key: &&UnitKey| own.iter().any(|unit| unit.key == **key) || self.at(key).is_some();
            if let Some(key) = units.iter().find(|key| !known(key)) {
                return Err(RollingFault::UnknownUnit { unit: (*key).clone() });
            }
        }
        self.check_room(by, own.iter().map(|unit| &unit.key).filter(|key| wanted(key)))?;
        if units.is_none() {
            self.remember(text, &own);
        }
        let mut after = None;
        for unit in &own {
            let at = match self.at(&unit.key) {
                Some(at) => at,
                None if wanted(&unit.key) => {
                    self.insert(by, after.map_or(0, |at: usize| at + 1), &unit.key)
                }
                None => continue,
            };
            after = Some(at);
            if wanted(&unit.key) {
                let choice = self.slots[at].offer(unit.text);
                self.slots[at].hold(by, vec![choice], String::new());
            }
        }
        let kept: BTreeSet<&UnitKey> = own.iter().map(|unit| &unit.key).collect();
        for slot in &mut self.slots {
            if !kept.contains(&slot.key) && wanted(&slot.key) {
                let choice = slot.leave_out();
                slot.hold(by, vec![choice], String::new());
            }
        }
        Ok(())
    }

    /// The author reserves its position on these units: it holds nothing for them. What it held
    /// stays on the table, in brackets.
    ///
    /// # Errors
    /// [`RollingFault`]: nothing is changed.
    pub fn let_go(&mut self, by: PartyId, units: &[UnitKey]) -> Result<(), RollingFault> {
        self.check_party(by)?;
        let mut places = Vec::new();
        for key in units {
            let unknown = || RollingFault::UnknownUnit { unit: key.clone() };
            places.push(self.at(key).ok_or_else(unknown)?);
        }
        for at in places {
            let slot = &mut self.slots[at];
            let first = slot.offered.first().copied();
            let stand = slot.stands.entry(by).or_default();
            let mut held = std::mem::take(&mut stand.holds);
            if held.is_empty() {
                held = std::mem::take(&mut stand.reserved);
            }
            if held.is_empty() {
                held.extend(first);
            }
            *stand = Stand { reserved: held, ..Stand::default() };
        }
        Ok(())
    }

    /// The text, when nothing is open: if it is just one text that was put forward, that text byte
    /// for byte; otherwise the agreed units in the order of the table.
    ///
    /// # Errors
    /// The open units, in the order of the table.
    pub fn clean(&self) -> Result<String, Vec<OpenUnit>> {
        let open = self.open();
        if !open.is_empty() {
            return Err(open);
        }
        let mut agreed: BTreeMap<&UnitKey, Digest> = BTreeMap::new();
        for slot in &self.slots {
            if let Some(Choice::Text(digest)) = self.closed(slot) {
                agreed.insert(&slot.key, digest);
            }
        }
        let whole = self.texts.iter().rev().find(|(_, units)| {
            units.len() == agreed.len()
                && units.iter().all(|(key, digest)| agreed.get(key) == Some(digest))
        });
        let of_table = || self.slots.iter().map(|slot| &slot.key).collect::<Vec<_>>();
        let order = match whole {
            Some((_, units)) => units.iter().map(|(key, _)| key).collect(),
            None => of_table(),
        };
        let mut text = String::new();
        for key in order {
            let digest = agreed.get(key);
            let slot = self.slots.iter().find(|slot| slot.key == *key);
            let Some(content) = slot.zip(digest).and_then(|(slot, d)| slot.contents.get(d)) else {
                continue;
            };
            // The last unit of a text may lack a line end, and stand before another now.
            if !text.is_empty() && !text.ends_with('\n') {
                text.push('\n');
            }
            text.push_str(content);
        }
        Ok(text)
    }

    /// The content from which a party would change a unit: the one that it holds or has bracketed,
    /// else the earliest on the table.
    pub fn start_of(&self, party: PartyId, unit: &UnitKey) -> Option<&str> {
        let slot = &self.slots[self.at(unit)?];
        let stand = slot.stands.get(&party);
        let own = stand.into_iter().flat_map(|stand| stand.holds.iter().chain(&stand.reserved));
        own.chain(&slot.offered).find_map(|choice| self.content(unit, *choice))
    }

    /// Whether nothing is open.
    pub fn is_clean(&self) -> bool {
        self.slots.iter().all(|slot| self.closed(slot).is_some())
    }

    /// What the parties agree on for a unit, if they do: the option that all hold, the one that was
    /// offered first if several are. What nobody wants and nobody has reserved is left out.
    fn closed(&self, slot: &Slot) -> Option<Choice> {
        let all_hold = |choice: &&Choice| {
            self.parties.iter().all(|party| {
                slot.stands.get(party).is_some_and(|stand| stand.holds.contains(choice))
            })
        };
        let agreed = slot.offered.iter().find(all_hold).copied();
        let unwanted = slot.stands.values().all(|stand| stand.holds == [Choice::LeftOut]);
        agreed.or(unwanted.then_some(Choice::LeftOut))
    }

    fn check_party(&self, by: PartyId) -> Result<(), RollingFault> {
        if self.parties.contains(&by) { Ok(()) } else { Err(RollingFault::NotAParty) }
    }

    /// Whether a party may put these units on the table, those that are there already aside.
    fn check_room<'a>(
        &self,
        by: PartyId,
        keys: impl Iterator<Item = &'a UnitKey>,
    ) -> Result<(), RollingFault> {
        let own = self.slots.iter().filter(|slot| slot.first == by).count();
        let there: BTreeSet<&UnitKey> = self.slots.iter().map(|slot| &slot.key).collect();
        let new = keys.filter(|key| !there.contains(key)).count();
        if own + new > MAX_OWN_UNITS { Err(RollingFault::TooManyUnits) } else { Ok(()) }
    }

    fn at(&self, key: &UnitKey) -> Option<usize> {
        self.slots.iter().position(|slot| slot.key == *key)
    }

    fn insert(&mut self, by: PartyId, at: usize, key: &UnitKey) -> usize {
        let slot = Slot {
            key: key.clone(),
            first: by,
            offered: Vec::new(),
            contents: BTreeMap::new(),
            stands: BTreeMap::new(),
        };
        self.slots.insert(at, slot);
        at
    }

    fn remember(&mut self, text: &str, units: &[Unit<'_>]) {
        let digest = Digest::plain(text.as_bytes());
        if self.texts.iter().all(|(known, _)| *known != digest) {
            let units = units.iter().map(|unit| (unit.key.clone(), unit.digest())).collect();
            self.texts.push((digest, units));
        }
    }
}

impl Slot {
    /// Puts a content on the table, if it is not there yet.
    fn offer(&mut self, content: &str) -> Choice {
        let digest = Digest::plain(content.as_bytes());
        let choice = Choice::Text(digest);
        if !self.offered.contains(&choice) {
            self.offered.push(choice);
            self.contents.insert(digest, content.into());
        }
        choice
    }

    fn leave_out(&mut self) -> Choice {
        if !self.offered.contains(&Choice::LeftOut) {
            self.offered.push(Choice::LeftOut);
        }
        Choice::LeftOut
    }

    fn hold(&mut self, by: PartyId, holds: Vec<Choice>, note: String) {
        self.stands.insert(by, Stand { holds, note, ..Stand::default() });
    }
}

/// Why an act on a text has no effect. The fault is always the author's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RollingFault {
    /// The text can't be split into units.
    #[error(transparent)]
    Text(#[from] Faults),
    /// The author is no party to the negotiation.
    #[error("the author is no party to this text")]
    NotAParty,
    /// The author put too many units on the table.
    #[error("one party puts at most {MAX_OWN_UNITS} units on the table")]
    TooManyUnits,
    /// No such unit is on the table.
    #[error("no unit {unit} is on the table")]
    UnknownUnit {
        /// Which.
        unit: UnitKey,
    },
    /// A change starts from a content that was never on the table.
    #[error("the change of {unit} starts from a content that was never on the table")]
    UnknownBase {
        /// Of which unit.
        unit: UnitKey,
    },
    /// Brackets name no content that they stand in.
    #[error("the brackets in {unit} name no content that they stand in")]
    NoBase {
        /// In which unit.
        unit: UnitKey,
    },
    /// A list or a text of a change is longer than it may be.
    #[error("{what}: at most {most}")]
    TooMuch {
        /// What is too long.
        what: &'static str,
        /// The most there may be.
        most: usize,
    },
    /// A change names a unit twice, or offers one option twice.
    #[error("{unit} or one of its options is named twice")]
    Repeated {
        /// Which unit.
        unit: UnitKey,
    },
    /// An option is not the one unit that it is offered for.
    #[error("an option for {unit} is not that unit and nothing else: {why}")]
    NotThatUnit {
        /// For which unit.
        unit: UnitKey,
        /// What it is.
        why: String,
    },
    /// A quote does not stand once in the content that is to be bracketed.
    #[error("the words {words:?} stand {times} times in {unit}: quote words that stand there once")]
    NotOneQuote {
        /// In which unit.
        unit: UnitKey,
        /// The words.
        words: String,
        /// How often they stand there.
        times: usize,
    },
    /// A quote or a note has characters that do not show.
    #[error("words of the change of {unit} have {character}")]
    Hidden {
        /// Of which unit.
        unit: UnitKey,
        /// Which character.
        character: String,
    },
}

impl RollingFault {
    /// A stable machine code.
    pub const fn code(&self) -> &'static str {
        match self {
            RollingFault::Text(_) => "text_faulty",
            RollingFault::NotAParty => "not_a_party",
            RollingFault::TooManyUnits => "too_many_units",
            RollingFault::UnknownUnit { .. } => "unknown_unit",
            RollingFault::UnknownBase { .. } => "unknown_base",
            RollingFault::NoBase { .. } => "no_base",
            RollingFault::TooMuch { .. } => "too_much",
            RollingFault::Repeated { .. } => "repeated",
            RollingFault::NotThatUnit { .. } => "not_that_unit",
            RollingFault::NotOneQuote { .. } => "not_one_quote",
            RollingFault::Hidden { .. } => "hidden_character",
        }
    }
}

#[cfg(test)]
mod tests;
