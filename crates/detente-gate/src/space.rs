//! The facts that clauses ask for, each as a finite list of values.
//!
//! Each dimension lists every value that a text tells apart, and one for all others: what no clause
//! names can't change an answer. So a verdict is one of finitely many, and the whole table can be
//! computed instead of sampled.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::Arc;

use detente_accord::{Accord, Rule};
use detente_core::act::{MAX_LABELS, ObjectFacts};
use detente_core::{Kind, ObjectKind, Pap, PartyId, Purpose, Tlp, Whose};

/// The dimensions, in the order in which tables are laid out. Labels stand apart: an object may
/// have several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Dimension {
    /// Who releases.
    From = 0,
    /// Who receives.
    To = 1,
    /// Indicators by kind, then the other objects.
    Object = 2,
    /// TLP colour.
    Tlp = 3,
    /// PAP colour, or unknown.
    Pap = 4,
    /// Whether a run found it at both sides.
    Matched = 5,
    /// Category: one that the text names, any other, or unknown.
    Category = 6,
    /// Where the threat comes from: a party, no party, or unknown.
    Threat = 7,
    /// What it is given for, or unknown.
    Purpose = 8,
    /// Whether it is marked releasable, and the receiver is named.
    Releasable = 9,
}

impl Dimension {
    /// Every dimension but that of labels.
    pub const ALL: [Dimension; DIMENSIONS] = [
        Dimension::From,
        Dimension::To,
        Dimension::Object,
        Dimension::Tlp,
        Dimension::Pap,
        Dimension::Matched,
        Dimension::Category,
        Dimension::Threat,
        Dimension::Purpose,
        Dimension::Releasable,
    ];

    /// The word in tables and questions.
    pub const fn name(self) -> &'static str {
        match self {
            Dimension::From => "from",
            Dimension::To => "to",
            Dimension::Object => "object",
            Dimension::Tlp => "tlp",
            Dimension::Pap => "pap",
            Dimension::Matched => "matched",
            Dimension::Category => "category",
            Dimension::Threat => "threat_origin",
            Dimension::Purpose => "purpose",
            Dimension::Releasable => "releasable",
        }
    }
}

/// How many dimensions there are beside labels.
pub const DIMENSIONS: usize = 10;
/// Values of [`Dimension::Object`].
const OBJECTS: usize = Kind::ALL.len() + ObjectKind::ALL.len() - 1;

/// One value in each dimension.
pub(crate) type Cell = [u16; DIMENSIONS];

/// The lists of values that one or two texts tell apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Space {
    /// The parties, by id, with the word for each.
    pub(crate) parties: Vec<(PartyId, Arc<str>)>,
    /// Categories that a clause names, in the same order.
    pub(crate) categories: Vec<String>,
    /// Labels that a prohibition names, folded; the shorter first, then sorted.
    pub(crate) labels: Vec<String>,
}

impl Space {
    /// What these texts tell apart, all together.
    pub fn of(texts: &[&Accord]) -> Space {
        let mut parties: Vec<(PartyId, Arc<str>)> = Vec::new();
        let (mut categories, mut labels) = (BTreeSet::new(), BTreeSet::new());
        for text in texts {
            for party in &text.parties {
                if parties.iter().any(|(id, _)| *id == party.id) {
                    continue;
                }
                // Two texts may mean two parties by one handle.
                let taken = parties.iter().any(|(_, word)| **word == *party.handle);
                let word = if taken { &party.name } else { &party.handle };
                parties.push((party.id, word.as_str().into()));
            }
            for clause in &text.clauses {
                let asks = match &clause.rule {
                    Some(Rule::Permit(rule)) => &rule.asks,
                    Some(Rule::Forbid(rule)) => {
                        labels.extend(rule.labels.iter().map(|label| fold(label)));
                        &rule.asks
                    }
                    _ => continue,
                };
                categories.extend(asks.categories.iter().cloned());
            }
        }
        let mut categories: Vec<String> = categories.into_iter().collect();
        let mut labels: Vec<String> = labels.into_iter().collect();
        categories.sort_by(|a, b| by_length(a, b));
        labels.sort_by(|a, b| by_length(a, b));
        Space { parties, categories, labels }
    }

    /// How many values a dimension has.
    pub fn size(&self, dimension: Dimension) -> usize {
        match dimension {
            Dimension::From | Dimension::To => self.parties.len(),
            Dimension::Object => OBJECTS,
            Dimension::Tlp => Tlp::ALL.len(),
            Dimension::Pap => Pap::ALL.len() + 1,
            Dimension::Matched | Dimension::Releasable => 2,
            Dimension::Category => self.categories.len() + 2,
            Dimension::Threat => self.parties.len() + 2,
            Dimension::Purpose => Purpose::ALL.len() + 1,
        }
    }

    /// A value in words.
    pub fn word(&self, dimension: Dimension, value: usize) -> String {
        let party = |value: usize| self.parties.get(value).map(|(_, word)| word.to_string());
        let colour = |list: Option<String>| list.unwrap_or_else(|| "unknown".to_owned());
        match dimension {
            Dimension::From | Dimension::To => party(value).unwrap_or_default(),
            Dimension::Object => match Kind::ALL.get(value) {
                Some(kind) => kind.name().to_owned(),
                None => ObjectKind::ALL
                    .get(value + 1 - Kind::ALL.len())
                    .map_or(String::new(), |object| object.name().to_owned()),
            },
            Dimension::Tlp => Tlp::ALL.get(value).map_or(String::new(), ToString::to_string),
            Dimension::Pap => colour(Pap::ALL.get(value).map(ToString::to_string)),
            Dimension::Matched => ["not matched", "matched"][value.min(1)].to_owned(),
            Dimension::Releasable => ["unmarked", "listed"][value.min(1)].to_owned(),
            Dimension::Category => match value.checked_sub(self.categories.len()) {
                None => self.categories[value].clone(),
                Some(0) => "any other".to_owned(),
                Some(_) => "unknown".to_owned(),
            },
            Dimension::Threat => match value.checked_sub(self.parties.len()) {
                None => party(value).unwrap_or_default(),
                Some(0) => "third".to_owned(),
                Some(_) => "unknown".to_owned(),
            },
            Dimension::Purpose => colour(Purpose::ALL.get(value).map(ToString::to_string)),
        }
    }

    /// Where an object stands in each dimension, released from one party to another.
    pub(crate) fn cell(
        &self,
        (from, to): (usize, usize),
        facts: &ObjectFacts,
        matched: bool,
    ) -> Cell {
        let handling = &facts.handling;
        let purpose = handling.purpose.map_or(Purpose::ALL.len(), |one| place(Purpose::ALL, one));
        let pap = handling.pap.map_or(Pap::ALL.len(), |one| place(Pap::ALL, one));
        [
            short(from),
            short(to),
            short(object_value(facts.object, facts.kind)),
            short(usize::from(facts.tlp.code())),
            short(pap),
            u16::from(matched),
            short(self.category(handling.category.as_deref())),
            short(self.threat(handling.threat)),
            short(purpose),
            u16::from(handling.releasable.is_some()),
        ]
    }

    /// Whether the fact of a dimension is unknown of an object: always the last value.
    pub(crate) fn is_unknown(&self, cell: &Cell, dimension: Dimension) -> bool {
        usize::from(cell[dimension as usize]) + 1 == self.size(dimension)
    }

    fn category(&self, word: Option<&str>) -> usize {
        let Some(word) = word else { return self.categories.len() + 1 };
        match search(&self.categories, word) {
            Some(at) => at,
            None => self.categories.len(),
        }
    }

    fn threat(&self, whose: Option<Whose>) -> usize {
        match whose {
            None => self.parties.len() + 1,
            Some(Whose::Third) => self.parties.len(),
            // What is no party of this text is a third to it.
            Some(Whose::Party(party)) => self.party(party).unwrap_or(self.parties.len()),
        }
    }

    pub(crate) fn party(&self, party: PartyId) -> Option<usize> {
        self.parties.iter().position(|(id, _)| *id == party)
    }

    /// The places of those of an object's labels that the texts name.
    pub(crate) fn labels(&self, own: &[String]) -> Named {
        let mut named = Named { places: [0; MAX_LABELS], count: 0 };
        for label in own {
            match (search(&self.labels, label), named.places.get_mut(named.count)) {
                (Some(at), Some(place)) => {
                    *place = short(at);
                    named.count += 1;
                }
                // More labels than an object may have: none of them may be lost.
                (Some(_), None) => named.count = MAX_LABELS + 1,
                (None, _) => {}
            }
        }
        named
    }
}

/// Which of an object's labels the texts name.
pub(crate) struct Named {
    places: [u16; MAX_LABELS],
    count: usize,
}

impl Named {
    /// The places; none if there were more than an object may have.
    pub(crate) fn places(&self) -> Option<&[u16]> {
        self.places.get(..self.count)
    }
}

/// The value of an object in [`Dimension::Object`].
pub(crate) fn object_value(object: ObjectKind, kind: Kind) -> usize {
    match object {
        ObjectKind::Indicator => place(&Kind::ALL, kind),
        other => Kind::ALL.len() + place(ObjectKind::ALL, other) - 1,
    }
}

/// The place of a value in its closed list, which has each.
pub(crate) fn place<T: PartialEq>(all: &[T], one: T) -> usize {
    all.iter().position(|known| *known == one).unwrap_or_default()
}

/// Lists of texts are far shorter than this: `MAX_ROWS`, `MAX_CATEGORIES` and `MAX_PARTIES`.
fn short(value: usize) -> u16 {
    u16::try_from(value).unwrap_or(u16::MAX)
}

/// Words are compared as people read them: without regard to case in any script, and to white
/// space around. A prohibition must not be passed by writing its label otherwise.
pub(crate) fn fold(text: &str) -> String {
    // Upper case first: it makes one of what has two small letters (final sigma, sharp s).
    text.trim().to_uppercase().to_lowercase()
}

/// The order of lists of folded words: most are told apart by their length alone.
fn by_length(a: &str, b: &str) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

/// The place of a word in a list of folded words. ASCII is compared where it stands.
pub(crate) fn search(folded: &[String], word: &str) -> Option<usize> {
    if folded.is_empty() {
        return None;
    }
    let word = word.trim();
    if !word.is_ascii() {
        let word = fold(word);
        return folded.binary_search_by(|known| by_length(known, &word)).ok();
    }
    let lower = word.bytes().map(|byte| byte.to_ascii_lowercase());
    let order = |known: &String| {
        known.len().cmp(&word.len()).then_with(|| known.bytes().cmp(lower.clone()))
    };
    folded.binary_search_by(order).ok()
}
