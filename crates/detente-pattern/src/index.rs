//! Many patterns, and those of them that an observation may fulfil.
//!
//! A test that holds for an object needs one of its comparisons to hold (of OR: one of them; of
//! AND: each, so the one that is found fastest). Comparisons with constants are kept by object
//! type and path: `=` and IN by the key of the constant, ISSUBSET by its network. All others are
//! kept by object type alone, since no comparison holds without an object of its type. An
//! observation is looked at once, along the paths that some pattern names for its objects' types.

use std::collections::{BTreeSet, HashMap, HashSet};

use ipnet::IpNet;
use serde_json::Value;

use crate::evaluate::comparison::{Compared, Test, With, address};
use crate::evaluate::key::{self, Key};
use crate::evaluate::{Budget, EvaluateFault, Matcher, path};
use crate::observation::{MAX_OBSERVATIONS, Observation};
use crate::tree::ObjectPath;

/// Patterns of one index.
pub const MAX_PATTERNS: usize = 10_000_000;

/// The place of a pattern in its index: patterns are numbered from 0 as they are added.
pub type PatternNumber = usize;

/// Whether the pattern of this number is fulfilled, or why that is not known.
pub type Verdict = (PatternNumber, Result<bool, EvaluateFault>);

/// The index holds no more patterns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the index is full")]
pub struct IndexFault;

impl IndexFault {
    /// A stable name for programs.
    #[must_use]
    pub const fn code(self) -> &'static str {
        "index_full"
    }
}

/// A pattern's number and its test's.
type Entry = (PatternNumber, usize);

/// What patterns ask at one path.
#[derive(Clone, Debug)]
struct AtPath {
    path: ObjectPath,
    keys: HashMap<Key, Vec<Entry>>,
    networks: HashMap<IpNet, Vec<Entry>>,
    /// Lengths of the networks' prefixes.
    lengths: BTreeSet<u8>,
}

/// What patterns ask of one object type.
#[derive(Clone, Debug, Default)]
struct OfType {
    paths: Vec<AtPath>,
    by_path: HashMap<ObjectPath, usize>,
    /// Tests for which the type alone counts.
    any: Vec<Entry>,
}

/// Many patterns.
#[derive(Clone, Debug, Default)]
pub struct Index {
    matchers: Vec<Matcher>,
    types: HashMap<String, OfType>,
}

impl Index {
    /// An index without patterns.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a pattern and gives its number.
    ///
    /// # Errors
    ///
    /// The index holds [`MAX_PATTERNS`].
    pub fn add(&mut self, matcher: Matcher) -> Result<PatternNumber, IndexFault> {
        let number = self.matchers.len();
        if number >= MAX_PATTERNS {
            return Err(IndexFault);
        }
        for (at, test) in matcher.tests.iter().enumerate() {
            let mut chosen = Vec::new();
            choose(test, &mut chosen);
            for compared in chosen {
                self.enter(compared, (number, at));
            }
        }
        self.matchers.push(matcher);
        Ok(number)
    }

    /// How many patterns there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.matchers.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.matchers.is_empty()
    }

    /// How many tests are kept by object type alone: those are evaluated for every observation
    /// with such an object.
    #[must_use]
    pub fn unkeyed(&self) -> usize {
        self.types.values().map(|of_type| of_type.any.len()).sum()
    }

    fn enter(&mut self, compared: &Compared, entry: Entry) {
        let of_type = self.types.entry(compared.path.object_type.clone()).or_default();
        if !is_keyed(compared) {
            of_type.any.push(entry);
            return;
        }
        let number = *of_type.by_path.entry(compared.path.clone()).or_insert_with(|| {
            of_type.paths.push(AtPath {
                path: compared.path.clone(),
                keys: HashMap::new(),
                networks: HashMap::new(),
                lengths: BTreeSet::new(),
            });
            of_type.paths.len() - 1
        });
        let Some(at_path) = of_type.paths.get_mut(number) else {
            return;
        };
        match &compared.with {
            With::Equal(keys) => {
                for key in keys {
                    at_path.keys.entry(key.clone()).or_default().push(entry);
                }
            }
            With::Subset(network) => {
                at_path.lengths.insert(network.prefix_len());
                at_path.networks.entry(*network).or_default().push(entry);
            }
            _ => {}
        }
    }

    /// The patterns that have a test which the observation may fulfil, sorted. A pattern that is
    /// not among them has none that it fulfils.
    ///
    /// # Errors
    ///
    /// The work would be more than the budget holds.
    pub fn candidates(
        &self,
        observation: &Observation<'_>,
        budget: &mut Budget,
    ) -> Result<Vec<PatternNumber>, EvaluateFault> {
        let entries = self.entries(observation, budget)?;
        let mut numbers: Vec<PatternNumber> = entries.into_iter().map(|(n, _)| n).collect();
        numbers.sort_unstable();
        numbers.dedup();
        Ok(numbers)
    }

    fn entries(
        &self,
        observation: &Observation<'_>,
        budget: &mut Budget,
    ) -> Result<HashSet<Entry>, EvaluateFault> {
        let mut found = HashSet::new();
        let mut seen = HashSet::new();
        for (_, object) in &observation.objects {
            budget.spend(1)?;
            let Some(name) = object.get("type").and_then(Value::as_str) else {
                continue;
            };
            let Some(of_type) = self.types.get(name) else {
                continue;
            };
            if seen.insert(name) {
                budget.spend(of_type.any.len())?;
                found.extend(&of_type.any);
            }
            for at_path in &of_type.paths {
                for value in path::values(&at_path.path, object, observation, budget)? {
                    at_path.look_up(&value, &mut found, budget)?;
                }
            }
        }
        Ok(found)
    }

    /// The patterns that the observations, taken together, fulfil, with the verdict of each that
    /// any of them may fulfil, sorted by number. Patterns that are not in it are not fulfilled.
    /// Each pattern has the steps given for itself, and so has each observation's look-up.
    ///
    /// # Errors
    ///
    /// There are too many observations, or a look-up would be more than the steps allow.
    pub fn verdicts(
        &self,
        observations: &[Observation<'_>],
        steps: Budget,
    ) -> Result<Vec<Verdict>, EvaluateFault> {
        if observations.len() > MAX_OBSERVATIONS {
            return Err(EvaluateFault::TooMany);
        }
        // Observations to try, by test.
        let mut to_try: HashMap<PatternNumber, HashMap<usize, Vec<usize>>> = HashMap::new();
        for (at, observation) in observations.iter().enumerate() {
            for (number, test) in self.entries(observation, &mut steps.clone())? {
                to_try.entry(number).or_default().entry(test).or_default().push(at);
            }
        }
        let mut numbers: Vec<PatternNumber> = to_try.keys().copied().collect();
        numbers.sort_unstable();
        let verdict = |number: PatternNumber| {
            let (matcher, tests) = (self.matchers.get(number)?, to_try.get(&number)?);
            Some((number, verdict(matcher, tests, observations, steps)))
        };
        Ok(numbers.into_iter().filter_map(verdict).collect())
    }
}

fn verdict(
    matcher: &Matcher,
    to_try: &HashMap<usize, Vec<usize>>,
    observations: &[Observation<'_>],
    mut budget: Budget,
) -> Result<bool, EvaluateFault> {
    let mut hits = Vec::with_capacity(matcher.tests.len());
    for (number, test) in matcher.tests.iter().enumerate() {
        let mut found = Vec::new();
        for at in to_try.get(&number).into_iter().flatten() {
            let Some(observation) = observations.get(*at) else {
                continue;
            };
            if test.holds(observation, &mut budget)? {
                found.push(*at);
            }
        }
        hits.push(found);
    }
    matcher.bind(&hits, observations, &mut budget)
}

impl AtPath {
    fn look_up(
        &self,
        value: &path::Found<'_>,
        found: &mut HashSet<Entry>,
        budget: &mut Budget,
    ) -> Result<(), EvaluateFault> {
        budget.spend(1)?;
        let (first, second) = key::of_value(value);
        for key in [first, second].iter().flatten() {
            if let Some(entries) = self.keys.get(key) {
                budget.spend(entries.len())?;
                found.extend(entries);
            }
        }
        if self.lengths.is_empty() {
            return Ok(());
        }
        let Some(address) = address(value) else {
            return Ok(());
        };
        for length in self.lengths.range(..=address.prefix_len()) {
            budget.spend(1)?;
            let outer = IpNet::new(address.addr(), *length).map(|network| network.trunc());
            if let Some(entries) = outer.ok().and_then(|network| self.networks.get(&network)) {
                budget.spend(entries.len())?;
                found.extend(entries);
            }
        }
        Ok(())
    }
}

/// Whether constants lead to it.
fn is_keyed(compared: &Compared) -> bool {
    !compared.negated && matches!(compared.with, With::Equal(_) | With::Subset(_))
}

/// Comparisons of which at least one holds where the test holds: as few that are not keyed, and as
/// few constants, as it goes.
fn choose<'t>(test: &'t Test, chosen: &mut Vec<&'t Compared>) {
    match test {
        Test::Comparison(compared) => chosen.push(compared),
        Test::Or(parts) => parts.iter().for_each(|part| choose(part, chosen)),
        Test::And(parts) => {
            let each = parts.iter().map(|part| {
                let mut chosen = Vec::new();
                choose(part, &mut chosen);
                chosen
            });
            let cost = |chosen: &Vec<&Compared>| {
                let loose = chosen.iter().filter(|compared| !is_keyed(compared)).count();
                let constants = chosen.iter().map(|compared| match &compared.with {
                    With::Equal(keys) => keys.len(),
                    _ => 1,
                });
                (loose, constants.sum::<usize>())
            };
            chosen.extend(each.min_by_key(cost).unwrap_or_default());
        }
    }
}
