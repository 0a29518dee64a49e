//! The exposure of a text: the gate's answer for every cell, before anything is signed; what a
//! change of the text newly lets out; and the answer to one question.
//!
//! Computed, not sampled: the cells are the product of finite lists, and a diagram holds the
//! verdict on all of them. Caps are taken as unused, stops as not there: the most that may ever
//! leave. What the object's own markings close (an unknown marking, a list of receivers without the
//! receiver, an originator who has not consented) is closed everywhere and not in the table.

use std::sync::Arc;

use detente_accord::Accord;
use detente_core::{Transform, UnixSeconds};

use crate::diagram::{CLOSED, Diagram, Graph, Id, Patch, TooComplex, join, values};
use crate::layout::{Axis, Layout, Sets, Wanted};
use crate::rules::{Bank, Rules};
use crate::space::{Dimension, Space};

/// Open cells that share their answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// For each axis of [`Axis::ALL`] its values in words, or none for every value.
    pub values: Vec<Option<Vec<String>>>,
    /// The permissions that let its cells go, in the order of their numbers: of those that let an
    /// object leave in the same form, the first.
    pub clauses: Vec<Arc<str>>,
    /// For each of them what is taken out.
    pub transforms: Vec<Arc<[Transform]>>,
    /// How many cells it has.
    pub cells: u64,
}

/// What may ever leave under a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exposure {
    /// Open regions; no two share a cell.
    pub regions: Vec<Region>,
    /// Open cells.
    pub open: u64,
    /// All cells, or all that were asked about.
    pub cells: u64,
}

/// What a change of a text does to a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Turn {
    /// What stayed may leave.
    Opens,
    /// What could leave stays.
    Closes,
    /// It leaves in another form: other things are taken out.
    Changes,
}

impl Turn {
    /// The word in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Turn::Opens => "opens",
            Turn::Closes => "closes",
            Turn::Changes => "changes",
        }
    }
}

/// Cells that a change of a text turns alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turned {
    /// What becomes of them.
    pub turn: Turn,
    /// For each axis of [`Axis::ALL`] its values in words, or none for every value.
    pub values: Vec<Option<Vec<String>>>,
    /// The permissions of the old text.
    pub before: Vec<Arc<str>>,
    /// The permissions of the new text.
    pub after: Vec<Arc<str>>,
    /// How many cells it has.
    pub cells: u64,
}

/// What a change of a text does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Regions whose answer changes; no two share a cell.
    pub regions: Vec<Turned>,
    /// Cells that open, that close, and that change their form.
    pub counts: [u64; 3],
    /// All cells.
    pub cells: u64,
}

/// Computes the exposure of a text as if it were in force at `now`.
///
/// # Errors
/// [`TooComplex`] for a text made to be costly.
pub fn exposure(accord: &Accord, now: UnixSeconds) -> Result<Exposure, TooComplex> {
    exposure_of(&Rules::new(accord), &Wanted::new(), now)
}

pub(crate) fn exposure_of(
    rules: &Rules,
    wanted: &Wanted,
    now: UnixSeconds,
) -> Result<Exposure, TooComplex> {
    let layout = Layout::new(&rules.space, &[rules], wanted);
    let diagram = Diagram::build(&layout, 0, (rules.alive(now), &rules.forms()))?;
    let patches = diagram.graph.patches(diagram.root, &layout)?;
    let regions = patches.iter().map(|patch| Region {
        values: in_words(&rules.space, &layout, patch),
        clauses: clauses(rules, diagram.permits(patch.leaf)),
        transforms: diagram
            .permits(patch.leaf)
            .iter()
            .map(|at| Arc::clone(&rules.transforms[*at]))
            .collect(),
        cells: patch.cells,
    });
    Ok(Exposure {
        regions: regions.collect(),
        open: diagram.graph.count(diagram.root, &layout, &|leaf| leaf != 0),
        cells: layout.cells(),
    })
}

fn clauses(rules: &Rules, permits: &[usize]) -> Vec<Arc<str>> {
    permits.iter().map(|at| Arc::clone(&rules.permits.clauses[*at])).collect()
}

/// The values of a patch in words, axis by axis. An axis is said whole only where it was asked so.
fn in_words(space: &Space, layout: &Layout, patch: &Patch) -> Vec<Option<Vec<String>>> {
    let each = values(layout, patch).into_iter();
    each.map(|(axis, values)| {
        values.map(|values| values.into_iter().map(|value| axis.word(space, value)).collect())
    })
    .collect()
}

/// What becomes of each cell if `before` is replaced by `after`. Parties are those of both texts,
/// by their roots; a party that a text does not name can't release or receive under it.
///
/// # Errors
/// [`TooComplex`] for texts made to be costly.
pub fn diff(before: &Accord, after: &Accord, now: UnixSeconds) -> Result<Difference, TooComplex> {
    let space = Space::of(&[after, before]);
    let (old, new) = (Rules::within(before, space.clone()), Rules::within(after, space));
    diff_of((&old, old.alive(now)), (&new, new.alive(now)), &Wanted::new())
}

/// The same of two sets of clauses that speak, for the cells that are wanted. Both in one space.
pub(crate) fn diff_of(
    (old, before): (&Rules, Sets),
    (new, after): (&Rules, Sets),
    wanted: &Wanted,
) -> Result<Difference, TooComplex> {
    let layout = Layout::new(&new.space, &[old, new], wanted);
    let was = Diagram::build(&layout, 0, (before, &old.forms()))?;
    let is = Diagram::build(&layout, 1, (after, &new.forms()))?;
    let mut pairs: Vec<(Turn, Id, Id)> = Vec::new();
    let mut leaf = |left: Id, right: Id| {
        let turn = match (left == CLOSED, right == CLOSED) {
            (true, true) => return 0,
            (true, false) => Turn::Opens,
            (false, true) => Turn::Closes,
            (false, false)
                if old.forms_of(was.permits(left)) == new.forms_of(is.permits(right)) =>
            {
                return 0;
            }
            (false, false) => Turn::Changes,
        };
        let found = (turn, left, right);
        let at = pairs.iter().position(|known| *known == found).unwrap_or_else(|| {
            pairs.push(found);
            pairs.len() - 1
        });
        u32::try_from(at + 1).unwrap_or(0)
    };
    let (graph, root) = join((&was, &is), &layout, &mut leaf)?;
    let mut regions = Vec::new();
    for patch in graph.patches(root, &layout)? {
        let (turn, left, right) = pairs[patch.leaf as usize - 1];
        regions.push(Turned {
            turn,
            values: in_words(&new.space, &layout, &patch),
            before: clauses(old, was.permits(left)),
            after: clauses(new, is.permits(right)),
            cells: patch.cells,
        });
    }
    regions.sort_by_key(|region| region.turn);
    let count = |turn| turns(&graph, root, &layout, &pairs, turn);
    let counts = [Turn::Opens, Turn::Closes, Turn::Changes].map(count);
    Ok(Difference { regions, counts, cells: layout.cells() })
}

fn turns(graph: &Graph, root: Id, layout: &Layout, pairs: &[(Turn, Id, Id)], turn: Turn) -> u64 {
    let is = |leaf: u32| leaf != 0 && pairs[leaf as usize - 1].0 == turn;
    graph.count(root, layout, &is)
}

/// A question about some cells: what an object is like, as far as one says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Words for axes: `("tlp", "amber")`. `from`, `to` and `kind` are axes too. An axis that is
    /// asked twice is asked for either, but labels are all those of the object.
    pub words: Vec<(String, String)>,
}

/// A question that can't be answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadQuestion {
    /// No such axis.
    #[error("{word:?} is nothing that can be asked: use {known}", known = axes())]
    Axis {
        /// What was asked.
        word: String,
    },
    /// No such value.
    #[error("{axis} has no value {value:?}: use {known}")]
    Value {
        /// The axis.
        axis: String,
        /// What was asked.
        value: String,
        /// Its values.
        known: String,
    },
    /// The text is too costly.
    #[error("{0}")]
    TooComplex(TooComplex),
}

fn axes() -> String {
    let mut words = vec!["from", "to"];
    words.extend(Axis::ALL.iter().skip(1).map(|axis| axis.name()));
    words.join(", ")
}

/// The answer to a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The open cells among those asked about.
    pub table: Exposure,
    /// Permissions that cover any of them.
    pub permits: Vec<Arc<str>>,
    /// Prohibitions that cover any of them.
    pub forbids: Vec<Arc<str>>,
}

/// Answers whether objects like this may leave, and by which clauses.
///
/// # Errors
/// [`BadQuestion`].
pub fn ask(accord: &Accord, asked: &Asked, now: UnixSeconds) -> Result<Answer, BadQuestion> {
    let rules = Rules::new(accord);
    let wanted = wanted(&rules, asked)?;
    let table = exposure_of(&rules, &wanted, now).map_err(BadQuestion::TooComplex)?;
    // A clause covers a product of values: it covers a cell if it covers a value of each axis.
    let mut touching = rules.alive(now);
    for level in Layout::new(&rules.space, &[&rules], &wanted).levels {
        touching.meet_any(level.atoms.iter().map(|atom| &atom.sets[0]));
    }
    let named = |bank: &Bank, set: &[u64]| {
        let all = bank.clauses.iter().enumerate();
        let hit = all.filter(|(at, _)| set[at / 64] & (1 << (at % 64)) != 0);
        hit.map(|(_, clause)| Arc::clone(clause)).collect()
    };
    let permits = named(&rules.permits, &touching.permits);
    Ok(Answer { table, permits, forbids: named(&rules.forbids, &touching.forbids) })
}

fn wanted(rules: &Rules, asked: &Asked) -> Result<Wanted, BadQuestion> {
    let space = &rules.space;
    let mut wanted = Wanted::new();
    let mut sides: [Vec<usize>; 2] = [Vec::new(), Vec::new()];
    for (word, value) in &asked.words {
        let side = match word.as_str() {
            "from" => Some((0, Dimension::From)),
            "to" => Some((1, Dimension::To)),
            _ => None,
        };
        if let Some((at, dimension)) = side {
            sides[at].push(find(space, Axis::Of(dimension), word, value)?);
            continue;
        }
        let name = if word == "kind" { "object" } else { word.as_str() };
        let axis = Axis::ALL.into_iter().skip(1).find(|axis| axis.name() == name);
        let axis = axis.ok_or_else(|| BadQuestion::Axis { word: word.clone() })?;
        let values = wanted.entry(axis).or_default();
        let value = if axis == Axis::Label {
            // A label that no clause names is none of those that are.
            rules.label_place(value).map_or(0, |at| at + 1)
        } else {
            find(space, axis, word, value)?
        };
        if !values.contains(&value) {
            values.push(value);
        }
    }
    let parties = space.parties.len();
    let on = |side: &[usize], at: usize| side.is_empty() || side.contains(&at);
    let pairs = Axis::Direction.values(space).into_iter();
    let pairs = pairs.filter(|at| on(&sides[0], at / parties) && on(&sides[1], at % parties));
    wanted.insert(Axis::Direction, pairs.collect());
    Ok(wanted)
}

/// The value that a word means, in whatever case and with or without `TLP:`.
fn find(space: &Space, axis: Axis, word: &str, value: &str) -> Result<usize, BadQuestion> {
    let plain = |text: &str| {
        let text = text.trim().to_lowercase();
        let text = text.strip_prefix("tlp:").or(text.strip_prefix("pap:")).unwrap_or(&text);
        text.replace([' ', '_'], "-")
    };
    let all: Vec<usize> = match axis {
        Axis::Of(dimension) => (0..space.size(dimension)).collect(),
        _ => axis.values(space),
    };
    let known = |at: &usize| plain(&axis.word(space, *at));
    let sought = match plain(value).as_str() {
        "yes" | "true" if axis == Axis::Of(Dimension::Matched) => "matched".to_owned(),
        "no" | "false" if axis == Axis::Of(Dimension::Matched) => "not-matched".to_owned(),
        other => other.to_owned(),
    };
    all.iter().find(|at| known(at) == sought).copied().ok_or_else(|| BadQuestion::Value {
        axis: word.to_owned(),
        value: value.to_owned(),
        known: all.iter().map(known).collect::<Vec<_>>().join(", "),
    })
}
