//! Changes of single units: options, brackets, notes.

use detente_core::{Digest, PartyId};

use super::{Choice, Rolling, RollingFault, Stand};
use crate::align::tokens;
use crate::field::fields;
use crate::hidden;
use crate::unit::{UnitKey, split};

// The bounds are those of the act that carries changes.
pub use detente_core::act::{
    MAX_CHANGES, MAX_NOTE, MAX_OPTION, MAX_OPTIONS, MAX_QUOTE, MAX_QUOTES,
};

/// What an author says of one unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The unit.
    pub unit: UnitKey,
    /// SHA-256 of the content that the change starts from; none for a new unit.
    pub base: Option<Digest>,
    /// What the author would accept from now on: contents of just this unit, none to leave it out.
    /// An empty list puts brackets around what is there and offers nothing.
    pub options: Vec<Option<String>>,
    /// The words of the base that stand in brackets, quoted exactly; none for all of it.
    pub words: Vec<String>,
    /// Why; may be empty.
    pub note: String,
}

impl Rolling {
    /// Takes the changes of one act, all or none.
    ///
    /// # Errors
    /// [`RollingFault`]: nothing is changed.
    pub fn change(&mut self, by: PartyId, changes: &[Change]) -> Result<(), RollingFault> {
        self.check_party(by)?;
        if changes.len() > MAX_CHANGES {
            return Err(RollingFault::TooMuch { what: "changes in one act", most: MAX_CHANGES });
        }
        for (at, change) in changes.iter().enumerate() {
            if changes[..at].iter().any(|other| other.unit == change.unit) {
                return Err(RollingFault::Repeated { unit: change.unit.clone() });
            }
            self.check_change(change)?;
        }
        self.check_room(by, changes.iter().map(|change| &change.unit))?;
        for change in changes {
            self.apply(by, change);
        }
        Ok(())
    }

    fn check_change(&self, change: &Change) -> Result<(), RollingFault> {
        change.check()?;
        let unit = || change.unit.clone();
        let slot = self.at(&change.unit).map(|at| &self.slots[at]);
        let Some(base) = change.base else {
            let offers = change.options.iter().any(Option::is_some);
            return if offers && change.words.is_empty() {
                Ok(())
            } else {
                Err(RollingFault::NoBase { unit: unit() })
            };
        };
        let content = slot.and_then(|slot| slot.contents.get(&base));
        let content = content.ok_or_else(|| RollingFault::UnknownBase { unit: unit() })?;
        for words in &change.words {
            let times = quoted(&change.unit, content, words);
            if times != 1 {
                let words = words.clone();
                return Err(RollingFault::NotOneQuote { unit: unit(), words, times });
            }
        }
        Ok(())
    }

    fn apply(&mut self, by: PartyId, change: &Change) {
        let at = match self.at(&change.unit) {
            Some(at) => at,
            None => self.insert(by, self.place(&change.unit), &change.unit),
        };
        let slot = &mut self.slots[at];
        let mut holds = Vec::new();
        for option in &change.options {
            holds.push(match option {
                Some(content) => slot.offer(content),
                None => slot.leave_out(),
            });
        }
        let (reserved, words) = if holds.is_empty() {
            (change.base.map(Choice::Text).into_iter().collect(), change.words.clone())
        } else {
            (Vec::new(), Vec::new())
        };
        slot.stands.insert(by, Stand { holds, reserved, words, note: change.note.clone() });
    }

    /// Where a new unit goes: behind the last of its table with a smaller number, or behind its
    /// table.
    fn place(&self, key: &UnitKey) -> usize {
        const ORDER: &[&str] =
            &["head", "accord", "party", "authority", "definition", "annex", "clause"];
        let rank = |key: &UnitKey| {
            ORDER.iter().position(|table| *table == key.table()).unwrap_or(ORDER.len())
        };
        let number = |key: &UnitKey| -> Vec<u64> {
            let parts = key.name().unwrap_or_default().split('.');
            parts.map(|part| part.parse().unwrap_or(u64::MAX)).collect()
        };
        let (own_rank, own_number) = (rank(key), number(key));
        let stands_before = |slot: &super::Slot| {
            let other = rank(&slot.key);
            other < own_rank
                || (slot.key.table() == key.table()
                    && (key.table() != "clause" || number(&slot.key) <= own_number))
        };
        self.slots.iter().rposition(stands_before).map_or(0, |at| at + 1)
    }
}

impl Change {
    /// What can be said of the change without the table.
    fn check(&self) -> Result<(), RollingFault> {
        let bounded = |what, have: usize, most: usize| {
            if have > most { Err(RollingFault::TooMuch { what, most }) } else { Ok(()) }
        };
        bounded("options for a unit", self.options.len(), MAX_OPTIONS)?;
        bounded("brackets in a unit", self.words.len(), MAX_QUOTES)?;
        bounded("bytes of a note", self.note.len(), MAX_NOTE)?;
        for words in &self.words {
            bounded("bytes of bracketed words", words.len(), MAX_QUOTE)?;
        }
        for text in self.words.iter().chain([&self.note]) {
            if let Some((_, c)) = hidden::find(text) {
                let character = hidden::describe(c);
                return Err(RollingFault::Hidden { unit: self.unit.clone(), character });
            }
        }
        for (at, option) in self.options.iter().enumerate() {
            if self.options[..at].contains(option) {
                return Err(RollingFault::Repeated { unit: self.unit.clone() });
            }
            let Some(content) = option else { continue };
            bounded("bytes of an option", content.len(), MAX_OPTION)?;
            self.check_option(content)?;
        }
        Ok(())
    }

    fn check_option(&self, content: &str) -> Result<(), RollingFault> {
        let fault = |why: String| RollingFault::NotThatUnit { unit: self.unit.clone(), why };
        let units = split(content).map_err(|faults| fault(faults.to_string()))?;
        match units.as_slice() {
            [one] if one.key == self.unit => Ok(()),
            [one] => Err(fault(format!("it is {}", one.key))),
            [] => Err(fault("it is no unit".to_owned())),
            several => Err(fault(format!("it is {} units", several.len()))),
        }
    }
}

/// How often words stand in the fields of a unit.
fn quoted(key: &UnitKey, content: &str, words: &str) -> usize {
    let quote: Vec<_> = tokens(words).into_iter().map(|token| token.word).collect();
    if quote.is_empty() {
        return 0;
    }
    let mut times = 0;
    for field in fields(key, content).unwrap_or_default() {
        let own: Vec<_> = tokens(&field.value).into_iter().map(|token| token.word).collect();
        times += own.windows(quote.len()).filter(|window| *window == quote).count();
    }
    times
}
