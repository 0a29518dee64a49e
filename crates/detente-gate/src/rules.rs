//! The permissions and prohibitions of a text, made ready to decide many objects.
//!
//! Is: for each value of each dimension the set of clauses that cover it, as bits in the order of
//! the clauses' numbers. What covers an object is the intersection over the dimensions (the bitmap
//! index of Lakshman and Stiliadis, SIGCOMM 1998). Nothing is allocated to decide.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use detente_accord::{Accord, Asks, Forbid, Only, Permit, Rule, Side, ThreatFrom};
use detente_core::{Kind, ObjectKind, Pap, PartyId, Purpose, Tlp, Transform, UnixSeconds};

use crate::decide::ASKED;
use crate::layout::Sets;
use crate::space::{Cell, DIMENSIONS, Dimension, Named, Space, object_value, place, search};
use crate::verdict::Fact;

/// A text made ready.
#[derive(Clone, Debug)]
pub struct Rules {
    pub(crate) space: Space,
    /// The text's own parties: handle, and place in the space.
    own: Vec<(Arc<str>, usize)>,
    pub(crate) permits: Bank,
    pub(crate) forbids: Bank,
    pub(crate) permissions: Vec<Permit>,
    /// What each permission takes out.
    pub(crate) transforms: Vec<Arc<[Transform]>>,
    /// For which facts each prohibition asks.
    asking: Vec<[bool; ASKED.len()]>,
    /// Labels of each prohibition: as the text writes them, and their places.
    banned: Vec<Vec<(Arc<str>, u16)>>,
}

/// Rules of one sort, as bits.
#[derive(Clone, Debug)]
pub(crate) struct Bank {
    /// Clause ids in the order of their numbers.
    pub(crate) clauses: Vec<Arc<str>>,
    /// Words of a set of clauses.
    pub(crate) words: usize,
    /// For each dimension, for each value, a set.
    values: [Vec<u64>; DIMENSIONS],
    /// Those that ask for no label.
    unlabelled: Vec<u64>,
    /// For each label, those that name it.
    labelled: Vec<u64>,
}

const WORD: usize = u64::BITS as usize;

impl Bank {
    fn new(space: &Space, clauses: Vec<Arc<str>>) -> Bank {
        let words = clauses.len().div_ceil(WORD);
        let sets = |count: usize| vec![0; count * words];
        Bank {
            words,
            values: Dimension::ALL.map(|dimension| sets(space.size(dimension))),
            unlabelled: sets(1),
            labelled: sets(space.labels.len()),
            clauses,
        }
    }

    fn cover(
        &mut self,
        clause: usize,
        dimension: Dimension,
        values: impl IntoIterator<Item = usize>,
    ) {
        for value in values {
            self.values[dimension as usize][value * self.words + clause / WORD] |=
                1 << (clause % WORD);
        }
    }

    /// The clauses that cover a value, as words.
    pub(crate) fn at(&self, dimension: Dimension, value: usize) -> &[u64] {
        &self.values[dimension as usize][value * self.words..(value + 1) * self.words]
    }

    /// The clauses that cover a label, or, without one, an object without a label that is named.
    pub(crate) fn label(&self, label: Option<usize>) -> impl Iterator<Item = u64> + '_ {
        let named = label.map(|at| &self.labelled[at * self.words..(at + 1) * self.words]);
        let each = (0..self.words).map(move |word| named.map_or(0, |set| set[word]));
        each.zip(&self.unlabelled).map(|(named, unlabelled)| named | unlabelled)
    }

    /// Those of a word of clauses that cover the object in these dimensions.
    pub(crate) fn covering(&self, cell: &Cell, dimensions: &[Dimension], word: usize) -> u64 {
        dimensions.iter().fold(u64::MAX, |set, dimension| {
            let value = usize::from(cell[*dimension as usize]);
            set & self.values[*dimension as usize][value * self.words + word]
        })
    }

    /// Whether one covers the object in a dimension.
    pub(crate) fn covers(&self, clause: usize, cell: &Cell, dimension: Dimension) -> bool {
        let set = self.at(dimension, usize::from(cell[dimension as usize]));
        set[clause / WORD] & (1 << (clause % WORD)) != 0
    }

    /// The places of those that cover the object in these dimensions, in the clauses' order.
    pub(crate) fn each<'a>(
        &'a self,
        cell: &'a Cell,
        dimensions: &'a [Dimension],
    ) -> impl Iterator<Item = usize> + 'a {
        (0..self.words).flat_map(move |word| {
            bits(self.covering(cell, dimensions, word)).map(move |bit| word * WORD + bit)
        })
    }

    /// The first that covers the object, labels and all.
    fn first(&self, cell: &Cell, labels: &[u16]) -> Option<usize> {
        (0..self.words).find_map(|word| {
            let set = self.covering(cell, &Dimension::ALL, word);
            if set == 0 {
                return None;
            }
            let named = labels.iter().fold(self.unlabelled[word], |all, label| {
                all | self.labelled[usize::from(*label) * self.words + word]
            });
            let bit = bits(set & named).next()?;
            Some(word * WORD + bit)
        })
    }
}

/// The places of the bits of a word, lowest first.
pub(crate) fn bits(mut word: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = word.trailing_zeros();
        word &= word.wrapping_sub(1);
        (bit < u64::BITS).then_some(bit as usize)
    })
}

/// Clause ids in the order of their numbers: 3.2 before 3.10. Parts have no leading zeros, so that
/// the longer number is the larger.
pub(crate) fn clause_order(id: &str) -> impl Ord + '_ {
    let parts = id.split('.').map(|part| (part.len(), part));
    parts.collect::<Vec<(usize, &str)>>()
}

/// A prohibition that covers an object.
pub(crate) struct Hit {
    pub(crate) clause: usize,
    /// The label by which it does, as the text writes it.
    pub(crate) label: Option<Arc<str>>,
}

impl Rules {
    /// Makes a text ready.
    pub fn new(accord: &Accord) -> Rules {
        Rules::within(accord, Space::of(&[accord]))
    }

    /// Makes a text ready in a space that tells at least as much apart as the text does.
    pub(crate) fn within(accord: &Accord, space: Space) -> Rules {
        let mut permits: Vec<(&str, &Permit)> = Vec::new();
        let mut forbids: Vec<(&str, &Forbid)> = Vec::new();
        for clause in &accord.clauses {
            match &clause.rule {
                Some(Rule::Permit(rule)) => permits.push((&clause.id, rule)),
                Some(Rule::Forbid(rule)) => forbids.push((&clause.id, rule)),
                _ => {}
            }
        }
        permits.sort_by(|(a, _), (b, _)| clause_order(a).cmp(&clause_order(b)));
        forbids.sort_by(|(a, _), (b, _)| clause_order(a).cmp(&clause_order(b)));
        let own: Vec<(Arc<str>, usize)> = accord
            .parties
            .iter()
            .filter_map(|party| Some((party.handle.as_str().into(), space.party(party.id)?)))
            .collect();
        let ids = |id: &str| -> Arc<str> { id.into() };
        let permit_ids = permits.iter().map(|(id, _)| ids(id)).collect();
        let forbid_ids = forbids.iter().map(|(id, _)| ids(id)).collect();
        let mut rules = Rules {
            permits: Bank::new(&space, permit_ids),
            forbids: Bank::new(&space, forbid_ids),
            permissions: permits.iter().map(|(_, rule)| (*rule).clone()).collect(),
            transforms: permits.iter().map(|(_, rule)| rule.transforms.as_slice().into()).collect(),
            asking: Vec::with_capacity(forbids.len()),
            banned: Vec::with_capacity(forbids.len()),
            own,
            space,
        };
        for (at, (_, rule)) in permits.into_iter().enumerate() {
            rules.take_permit(at, rule);
        }
        for (at, (_, rule)) in forbids.into_iter().enumerate() {
            rules.take_forbid(at, rule);
        }
        rules
    }

    fn sides(&self, side: &Side) -> Vec<usize> {
        let own = self.own.iter().filter(|(handle, _)| side.is(handle));
        own.map(|(_, at)| *at).collect()
    }

    fn asks(&mut self, at: usize, asks: &Asks, kinds: &[Kind], permit: bool) {
        let objects = asks.objects.iter().filter(|object| **object != ObjectKind::Indicator);
        let mut values: Vec<usize> =
            objects.map(|object| object_value(*object, Kind::Domain)).collect();
        if asks.objects.contains(&ObjectKind::Indicator) {
            // A prohibition without kinds means each; a permission names its own.
            let all = if kinds.is_empty() { &Kind::ALL[..] } else { kinds };
            values.extend(all.iter().map(|kind| place(&Kind::ALL, *kind)));
        }
        let space = &self.space;
        let (categories, threats) = (&space.categories, space.parties.len());
        // What is asked for and unknown: no permission covers it, each prohibition does.
        let unknown = |size: usize| (!permit).then_some(size - 1);
        let category: Vec<usize> = if asks.categories.is_empty() {
            (0..space.size(Dimension::Category)).collect()
        } else {
            let named = asks.categories.iter().filter_map(|word| search(categories, word));
            named.chain(unknown(space.size(Dimension::Category))).collect()
        };
        let threat_of = |from: &ThreatFrom| match from {
            ThreatFrom::Party(handle) => {
                self.own.iter().find(|(own, _)| **own == **handle).map(|(_, at)| *at)
            }
            ThreatFrom::Third => Some(threats),
            ThreatFrom::Unknown => Some(threats + 1),
        };
        let threat: Vec<usize> = if asks.threat.is_empty() {
            (0..space.size(Dimension::Threat)).collect()
        } else {
            let named = asks.threat.iter().filter_map(threat_of);
            named.chain(unknown(space.size(Dimension::Threat))).collect()
        };
        let purpose: Vec<usize> = if asks.purposes.is_empty() {
            (0..=Purpose::ALL.len()).collect()
        } else {
            let named = asks.purposes.iter().map(|purpose| place(Purpose::ALL, *purpose));
            named.chain(unknown(Purpose::ALL.len() + 1)).collect()
        };
        let bank = if permit { &mut self.permits } else { &mut self.forbids };
        bank.cover(at, Dimension::Object, values);
        bank.cover(at, Dimension::Category, category);
        bank.cover(at, Dimension::Threat, threat);
        bank.cover(at, Dimension::Purpose, purpose);
    }

    fn take_permit(&mut self, at: usize, rule: &Permit) {
        let (from, to) = (self.sides(&rule.from), self.sides(&rule.to));
        self.asks(at, &rule.asks, &rule.kinds, true);
        let bank = &mut self.permits;
        bank.cover(at, Dimension::From, from);
        bank.cover(at, Dimension::To, to);
        bank.cover(at, Dimension::Tlp, 0..=usize::from(rule.max_tlp.code()));
        let paps = rule.max_pap.map_or(Pap::ALL.len() + 1, |max| place(Pap::ALL, max) + 1);
        bank.cover(at, Dimension::Pap, 0..paps);
        bank.cover(at, Dimension::Matched, usize::from(rule.only == Only::Matched)..2);
        bank.cover(at, Dimension::Releasable, usize::from(rule.releasable)..2);
        bank.unlabelled[at / WORD] |= 1 << (at % WORD);
    }

    fn take_forbid(&mut self, at: usize, rule: &Forbid) {
        let (from, to) = (self.sides(&rule.from), self.sides(&rule.to));
        self.asks(at, &rule.asks, &rule.kinds, false);
        let place_of = |label: &String| {
            let place = search(&self.space.labels, label)?;
            Some((label.as_str().into(), u16::try_from(place).ok()?))
        };
        let labels: Vec<(Arc<str>, u16)> = rule.labels.iter().filter_map(place_of).collect();
        let bank = &mut self.forbids;
        bank.cover(at, Dimension::From, from);
        bank.cover(at, Dimension::To, to);
        let tlp = rule.min_tlp.map_or(0, |min| usize::from(min.code()));
        bank.cover(at, Dimension::Tlp, tlp..Tlp::ALL.len());
        // Unknown stands behind the most closed colour, and so is covered.
        bank.cover(
            at,
            Dimension::Pap,
            rule.min_pap.map_or(0, |min| place(Pap::ALL, min))..=Pap::ALL.len(),
        );
        bank.cover(at, Dimension::Matched, 0..2);
        bank.cover(at, Dimension::Releasable, 0..2);
        if rule.labels.is_empty() {
            bank.unlabelled[at / WORD] |= 1 << (at % WORD);
        }
        for (_, place) in &labels {
            bank.labelled[usize::from(*place) * bank.words + at / WORD] |= 1 << (at % WORD);
        }
        self.banned.push(labels);
        let Asks { categories, threat, purposes, .. } = &rule.asks;
        self.asking.push([
            !categories.is_empty(),
            !threat.is_empty(),
            !purposes.is_empty(),
            rule.min_pap.is_some(),
        ]);
    }

    /// A fact that a prohibition asks for and that is unknown of the object.
    pub(crate) fn unknown_to(&self, cell: &Cell, forbid: usize) -> Option<Fact> {
        let asking = self.asking.get(forbid)?;
        let mut asked = ASKED.into_iter().zip(asking);
        let unknown =
            asked.find(|((dimension, _), asks)| **asks && self.space.is_unknown(cell, *dimension));
        unknown.map(|((_, fact), _)| fact)
    }

    /// The clauses that may speak at a time: permissions that have ended do not.
    pub(crate) fn alive(&self, now: UnixSeconds) -> Sets {
        let set = |bank: &Bank, speaks: &dyn Fn(usize) -> bool| {
            let mut words = vec![0; bank.words];
            for at in (0..bank.clauses.len()).filter(|at| speaks(*at)) {
                words[at / WORD] |= 1 << (at % WORD);
            }
            words
        };
        let holds = |at: usize| {
            let ends = self.permissions.get(at).and_then(|rule| rule.expires);
            ends.is_none_or(|ends| now < ends)
        };
        Sets { permits: set(&self.permits, &holds), forbids: set(&self.forbids, &|_| true) }
    }

    /// The permissions by the form in which they let an object leave.
    pub(crate) fn forms(&self) -> Vec<Vec<u64>> {
        let mut forms: BTreeMap<&[Transform], Vec<u64>> = BTreeMap::new();
        for (at, transforms) in self.transforms.iter().enumerate() {
            let set = forms.entry(transforms).or_insert_with(|| vec![0; self.permits.words]);
            set[at / WORD] |= 1 << (at % WORD);
        }
        forms.into_values().collect()
    }

    /// The forms in which permissions let objects leave.
    pub(crate) fn forms_of(&self, permits: &[usize]) -> BTreeSet<&[Transform]> {
        permits.iter().map(|at| &*self.transforms[*at]).collect()
    }

    /// The place of a label, if a prohibition names it.
    pub(crate) fn label_place(&self, label: &str) -> Option<usize> {
        search(&self.space.labels, label)
    }

    /// A party of the text by its handle, as its place in the space. `*` is nobody's handle.
    pub(crate) fn side(&self, handle: &str) -> Option<usize> {
        self.own.iter().find(|(own, _)| **own == *handle).map(|(_, at)| *at)
    }

    /// The word for a party.
    pub(crate) fn word(&self, at: usize) -> Arc<str> {
        let own = self.own.iter().find(|(_, place)| *place == at);
        own.map_or_else(|| "".into(), |(handle, _)| Arc::clone(handle))
    }

    /// The id of a party by its place.
    pub(crate) fn id(&self, at: usize) -> Option<PartyId> {
        self.space.parties.get(at).map(|(id, _)| *id)
    }

    /// The prohibition with the lowest number that covers an object. More labels than an object may
    /// have are covered by the first that names any.
    pub(crate) fn forbidding(&self, cell: &Cell, named: &Named) -> Option<Hit> {
        let every: Vec<u16>;
        let labels = match named.places() {
            Some(places) => places,
            None => {
                every = (0..self.space.labels.len()).filter_map(|at| at.try_into().ok()).collect();
                &every
            }
        };
        let clause = self.forbids.first(cell, labels)?;
        let mut banned = self.banned.get(clause)?.iter();
        let label = banned.find(|(_, place)| labels.contains(place));
        Some(Hit { clause, label: label.map(|(label, _)| Arc::clone(label)) })
    }
}
