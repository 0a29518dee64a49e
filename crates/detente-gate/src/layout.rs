//! The cells of a table: for each axis its values, gathered where no clause tells them apart.

use std::collections::BTreeMap;

use crate::rules::{Bank, Rules};
use crate::space::{Dimension, Space};

/// An axis of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Axis {
    /// Who releases to whom.
    Direction,
    /// One of the dimensions, but for the two of the direction.
    Of(Dimension),
    /// A label that a prohibition names, or none of them. An object with several labels may leave
    /// if the cell of each, and that without a label, are open.
    Label,
}

impl Axis {
    /// Every axis, in the order of the table.
    pub const ALL: [Axis; 10] = [
        Axis::Direction,
        Axis::Of(Dimension::Object),
        Axis::Of(Dimension::Tlp),
        Axis::Of(Dimension::Pap),
        Axis::Of(Dimension::Matched),
        Axis::Of(Dimension::Category),
        Axis::Of(Dimension::Threat),
        Axis::Of(Dimension::Purpose),
        Axis::Of(Dimension::Releasable),
        Axis::Label,
    ];

    /// The word in tables and questions.
    pub const fn name(self) -> &'static str {
        match self {
            Axis::Direction => "direction",
            Axis::Of(dimension) => dimension.name(),
            Axis::Label => "label",
        }
    }

    /// The values of this axis: a direction is the place of its sender times the number of parties
    /// plus that of its receiver, a label its place plus one.
    pub(crate) fn values(self, space: &Space) -> Vec<usize> {
        let parties = space.parties.len();
        match self {
            Axis::Direction => {
                let pairs = 0..parties * parties;
                pairs.filter(|pair| pair / parties != pair % parties).collect()
            }
            Axis::Of(dimension) => (0..space.size(dimension)).collect(),
            Axis::Label => (0..=space.labels.len()).collect(),
        }
    }

    /// A value in words.
    pub fn word(self, space: &Space, value: usize) -> String {
        let parties = space.parties.len().max(1);
        match self {
            Axis::Direction => {
                let word = |at| space.word(Dimension::From, at);
                format!("{} to {}", word(value / parties), word(value % parties))
            }
            Axis::Of(dimension) => space.word(dimension, value),
            Axis::Label => match value.checked_sub(1) {
                None => "none of these".to_owned(),
                Some(at) => space.labels.get(at).cloned().unwrap_or_default(),
            },
        }
    }

    /// The clauses of a bank that cover a value.
    fn covering(self, space: &Space, bank: &Bank, value: usize) -> Vec<u64> {
        let parties = space.parties.len();
        match self {
            Axis::Direction => {
                let from = bank.at(Dimension::From, value / parties);
                let to = bank.at(Dimension::To, value % parties);
                from.iter().zip(to).map(|(from, to)| from & to).collect()
            }
            Axis::Of(dimension) => bank.at(dimension, value).to_vec(),
            Axis::Label => bank.label(value.checked_sub(1)).collect(),
        }
    }
}

/// What is asked of each axis; an axis that is not there is asked whole.
pub(crate) type Wanted = BTreeMap<Axis, Vec<usize>>;

/// Sets of clauses of one text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Sets {
    pub(crate) permits: Vec<u64>,
    pub(crate) forbids: Vec<u64>,
}

impl Sets {
    /// Keeps what any of the others holds too.
    pub(crate) fn meet_any<'a>(&mut self, others: impl Iterator<Item = &'a Sets>) {
        let none = |set: &[u64]| vec![0; set.len()];
        let mut any = Sets { permits: none(&self.permits), forbids: none(&self.forbids) };
        for other in others {
            let pairs = any.permits.iter_mut().zip(&other.permits);
            let pairs = pairs.chain(any.forbids.iter_mut().zip(&other.forbids));
            pairs.for_each(|(word, other)| *word |= other);
        }
        self.meet(&any);
    }

    /// Keeps what both hold.
    pub(crate) fn meet(&mut self, other: &Sets) {
        let pairs = self.permits.iter_mut().zip(&other.permits);
        let pairs = pairs.chain(self.forbids.iter_mut().zip(&other.forbids));
        pairs.for_each(|(word, other)| *word &= other);
    }
}

/// Values that no clause of the texts tells apart.
#[derive(Clone, Debug)]
pub(crate) struct Atom {
    pub(crate) values: Vec<usize>,
    /// For each text, what covers them.
    pub(crate) sets: Vec<Sets>,
}

/// An axis with its atoms.
#[derive(Clone, Debug)]
pub(crate) struct Level {
    pub(crate) axis: Axis,
    pub(crate) atoms: Vec<Atom>,
    /// Values of all atoms.
    pub(crate) size: u64,
}

/// All axes of the table of one text, or of two that are laid side by side.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub(crate) levels: Vec<Level>,
}

impl Layout {
    /// Lays out texts that were made ready in one space. Several labels that are wanted are those
    /// of one object: what covers any of them covers it.
    pub(crate) fn new(space: &Space, texts: &[&Rules], wanted: &Wanted) -> Layout {
        let levels = Axis::ALL.into_iter().map(|axis| {
            let wanted = wanted.get(&axis);
            let values = wanted.cloned().unwrap_or_else(|| axis.values(space));
            let sets = |value: usize| -> Vec<Sets> {
                let each = texts.iter().map(|rules| Sets {
                    permits: axis.covering(space, &rules.permits, value),
                    forbids: axis.covering(space, &rules.forbids, value),
                });
                each.collect()
            };
            if axis == Axis::Label && wanted.is_some() {
                return one_object(values, sets);
            }
            let mut alike: BTreeMap<Vec<Sets>, Vec<usize>> = BTreeMap::new();
            for value in &values {
                alike.entry(sets(*value)).or_default().push(*value);
            }
            let mut atoms: Vec<Atom> =
                alike.into_iter().map(|(sets, values)| Atom { values, sets }).collect();
            atoms.sort_by(|a, b| a.values.cmp(&b.values));
            Level { axis, atoms, size: values.len() as u64 }
        });
        Layout { levels: levels.collect() }
    }

    /// Cells of the whole table.
    pub(crate) fn cells(&self) -> u64 {
        self.levels.iter().fold(1, |all, level| level.size.saturating_mul(all))
    }
}

/// The labels of one object, as one value.
fn one_object(values: Vec<usize>, sets: impl Fn(usize) -> Vec<Sets>) -> Level {
    let mut all = sets(0);
    for value in &values {
        for (all, more) in all.iter_mut().zip(sets(*value)) {
            for (word, more) in all.forbids.iter_mut().zip(more.forbids) {
                *word |= more;
            }
        }
    }
    Level { axis: Axis::Label, atoms: vec![Atom { values, sets: all }], size: 1 }
}
