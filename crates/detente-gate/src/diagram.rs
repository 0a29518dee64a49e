//! A decision diagram: the verdict on every cell of a table, without going through them one by one.
//!
//! Is: a graph with one level for each axis (a multi-valued decision diagram, Bryant 1986). What is
//! still alive of the clauses when an axis is decided names a node, so that cells of which the same
//! clauses speak are looked at once; nodes alike are one node, and a node whose branches are all
//! alike is none. Counts are exact. A text made to be costly ends in [`TooComplex`].

use std::collections::BTreeMap;

use crate::layout::{Axis, Layout, Sets};
use crate::rules::bits;

/// Most branches that are looked at for one diagram. Choice: a text of 200 clauses takes less than
/// a tenth; this many take seconds.
pub const MAX_BRANCHES: usize = 8_000_000;
/// Most regions of one table.
pub const MAX_REGIONS: usize = 200_000;

/// A text whose table is too large to be computed or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TooComplex {
    /// Too many branches.
    #[error("its clauses overlap in more than {MAX_BRANCHES} ways: write fewer, or narrower ones")]
    Branches,
    /// Too many regions.
    #[error("its table has more than {MAX_REGIONS} regions: write fewer clauses, or wider ones")]
    Regions,
}

impl TooComplex {
    /// A stable machine code.
    pub const fn code(self) -> &'static str {
        "text_too_complex"
    }
}

/// A node or, with [`LEAF`], a leaf: its number.
pub(crate) type Id = u32;
/// Marks a leaf.
const LEAF: Id = 1 << 31;
/// The leaf of what stays.
pub(crate) const CLOSED: Id = LEAF;

struct Node {
    level: usize,
    branches: Vec<Id>,
}

/// The graph. Leaves are numbers that mean something to who made it.
#[derive(Default)]
pub(crate) struct Graph {
    nodes: Vec<Node>,
    unique: BTreeMap<(usize, Vec<Id>), Id>,
    spent: usize,
}

/// Cells that share a leaf: for each level the atoms, and none for all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Patch {
    pub(crate) leaf: u32,
    pub(crate) atoms: Vec<Option<Vec<usize>>>,
    pub(crate) cells: u64,
}

impl Graph {
    /// The node with these branches.
    fn node(&mut self, level: usize, branches: Vec<Id>) -> Id {
        if let Some(first) = branches.first()
            && branches.iter().all(|branch| branch == first)
        {
            return *first;
        }
        let next = Id::try_from(self.nodes.len()).unwrap_or(Id::MAX) & !LEAF;
        let key = (level, branches);
        if let Some(known) = self.unique.get(&key) {
            return *known;
        }
        self.nodes.push(Node { level, branches: key.1.clone() });
        self.unique.insert(key, next);
        next
    }

    fn spend(&mut self) -> Result<(), TooComplex> {
        self.spent += 1;
        if self.spent > MAX_BRANCHES { Err(TooComplex::Branches) } else { Ok(()) }
    }

    fn level(&self, id: Id) -> usize {
        if id & LEAF == 0 { self.nodes[id as usize].level } else { usize::MAX }
    }

    /// The branch of a node for an atom of a level; of a node below that level, the node itself.
    fn branch(&self, id: Id, level: usize, atom: usize) -> Id {
        if self.level(id) == level { self.nodes[id as usize].branches[atom] } else { id }
    }

    /// Cells below a node whose leaf counts, from its level on.
    pub(crate) fn count(&self, root: Id, layout: &Layout, counts: &dyn Fn(u32) -> bool) -> u64 {
        // Nodes stand behind their branches.
        let mut known: Vec<u64> = Vec::with_capacity(self.nodes.len());
        let levels = layout.levels.len();
        let below = |id: Id, level: usize, known: &[u64]| -> u64 {
            let (own, count) = match id & LEAF {
                0 => (self.nodes[id as usize].level, known[id as usize]),
                _ => (levels, u64::from(counts(id & !LEAF))),
            };
            let skipped = layout.levels[level..own].iter();
            skipped.fold(count, |all, level| all.saturating_mul(level.size))
        };
        for node in &self.nodes {
            let branches = node.branches.iter().zip(&layout.levels[node.level].atoms);
            known.push(branches.fold(0, |sum: u64, (branch, atom)| {
                let cells = below(*branch, node.level + 1, &known);
                sum.saturating_add(cells.saturating_mul(atom.values.len() as u64))
            }));
        }
        below(root, 0, &known)
    }

    /// Every region whose leaf is not [`CLOSED`].
    pub(crate) fn patches(&self, root: Id, layout: &Layout) -> Result<Vec<Patch>, TooComplex> {
        let mut patches = Vec::new();
        let mut path = vec![None; layout.levels.len()];
        self.walk(root, layout, &mut path, &mut patches)?;
        Ok(patches)
    }

    fn walk(
        &self,
        id: Id,
        layout: &Layout,
        path: &mut Vec<Option<Vec<usize>>>,
        patches: &mut Vec<Patch>,
    ) -> Result<(), TooComplex> {
        if id == CLOSED {
            return Ok(());
        }
        if id & LEAF != 0 {
            if patches.len() >= MAX_REGIONS {
                return Err(TooComplex::Regions);
            }
            let size = |(atoms, level): (&Option<Vec<usize>>, &crate::layout::Level)| match atoms {
                None => level.size,
                Some(atoms) => {
                    atoms.iter().map(|atom| level.atoms[*atom].values.len() as u64).sum()
                }
            };
            let cells = path.iter().zip(&layout.levels).map(size).fold(1u64, u64::saturating_mul);
            patches.push(Patch { leaf: id & !LEAF, atoms: path.clone(), cells });
            return Ok(());
        }
        let node = &self.nodes[id as usize];
        let mut alike: BTreeMap<Id, Vec<usize>> = BTreeMap::new();
        for (atom, branch) in node.branches.iter().enumerate() {
            alike.entry(*branch).or_default().push(atom);
        }
        let mut groups: Vec<(Id, Vec<usize>)> = alike.into_iter().collect();
        groups.sort_by(|a, b| a.1.cmp(&b.1));
        for (branch, atoms) in groups {
            path[node.level] = Some(atoms);
            self.walk(branch, layout, path, patches)?;
            path[node.level] = None;
        }
        Ok(())
    }
}

/// The table of one text as a graph.
pub(crate) struct Diagram {
    pub(crate) graph: Graph,
    pub(crate) root: Id,
    /// For each leaf the permissions that let its cells go, as places: of those that let an object
    /// leave in one form, the first. The first leaf is what stays.
    pub(crate) leaves: Vec<Vec<usize>>,
}

/// What is at hand while a graph grows.
struct Builder<'a> {
    layout: &'a Layout,
    /// Which of the texts of the layout.
    text: usize,
    /// For each level the clauses that cover all of it and of those below.
    certain: Vec<Sets>,
    /// Permissions by the form in which they let an object leave.
    forms: &'a [Vec<u64>],
    known: BTreeMap<(usize, Sets), Id>,
    outcomes: BTreeMap<Vec<u64>, Id>,
    diagram: Diagram,
}

impl Diagram {
    /// Builds the graph of a text; `alive` are its clauses that may speak, `forms` its permissions
    /// by the form in which they let an object leave.
    pub(crate) fn build(
        layout: &Layout,
        text: usize,
        (alive, forms): (Sets, &[Vec<u64>]),
    ) -> Result<Diagram, TooComplex> {
        let mut certain = vec![alive.clone()];
        for level in layout.levels.iter().rev() {
            let mut all = certain[certain.len() - 1].clone();
            for atom in &level.atoms {
                all.meet(&atom.sets[text]);
            }
            certain.push(all);
        }
        certain.reverse();
        let diagram = Diagram { graph: Graph::default(), root: CLOSED, leaves: vec![Vec::new()] };
        let (known, outcomes) = (BTreeMap::new(), BTreeMap::new());
        let mut builder = Builder { layout, text, certain, forms, known, outcomes, diagram };
        let root = builder.grow(0, alive)?;
        Ok(Diagram { root, ..builder.diagram })
    }

    /// The permissions of a leaf.
    pub(crate) fn permits(&self, leaf: Id) -> &[usize] {
        self.leaves.get((leaf & !LEAF) as usize).map_or(&[], Vec::as_slice)
    }
}

impl Builder<'_> {
    fn grow(&mut self, level: usize, mut alive: Sets) -> Result<Id, TooComplex> {
        let certain = &self.certain[level];
        let shut = |(alive, certain): (&u64, &u64)| alive & certain != 0;
        if alive.permits.iter().all(|word| *word == 0)
            || alive.forbids.iter().zip(&certain.forbids).any(shut)
        {
            return Ok(CLOSED);
        }
        // Behind a permission that is sure to let an object go, those that would let it go in the
        // same form say nothing new.
        for form in self.forms {
            let mut sure = false;
            for ((word, certain), form) in alive.permits.iter_mut().zip(&certain.permits).zip(form)
            {
                let first = *word & certain & form;
                let behind = match (sure, first) {
                    (true, _) => u64::MAX,
                    (false, 0) => 0,
                    (false, first) => !(first ^ (first - 1)),
                };
                *word &= !(behind & form);
                sure |= first != 0;
            }
        }
        let Some(here) = self.layout.levels.get(level) else {
            return Ok(self.leaf(alive.permits));
        };
        let key = (level, alive);
        if let Some(known) = self.known.get(&key) {
            return Ok(*known);
        }
        let mut branches = Vec::with_capacity(here.atoms.len());
        for atom in &here.atoms {
            self.diagram.graph.spend()?;
            let mut next = key.1.clone();
            next.meet(&atom.sets[self.text]);
            branches.push(self.grow(level + 1, next)?);
        }
        let id = self.diagram.graph.node(level, branches);
        self.known.insert(key, id);
        Ok(id)
    }

    fn leaf(&mut self, permits: Vec<u64>) -> Id {
        let leaves = &mut self.diagram.leaves;
        *self.outcomes.entry(permits).or_insert_with_key(|permits| {
            let words = permits.iter().enumerate();
            let places = words
                .flat_map(|(word, set)| bits(*set).map(move |bit| word * u64::BITS as usize + bit));
            leaves.push(places.collect());
            LEAF | Id::try_from(leaves.len() - 1).unwrap_or(Id::MAX)
        })
    }
}

/// Walks two diagrams over one layout together. `join` gives the number of the leaf for two leaves;
/// zero is what does not show.
pub(crate) fn join(
    (a, b): (&Diagram, &Diagram),
    layout: &Layout,
    join: &mut dyn FnMut(Id, Id) -> u32,
) -> Result<(Graph, Id), TooComplex> {
    let mut joint = Graph::default();
    let mut known = BTreeMap::new();
    let root = pair((a, b), (a.root, b.root), layout, &mut (&mut joint, &mut known, join))?;
    Ok((joint, root))
}

type Joint<'a> = (&'a mut Graph, &'a mut BTreeMap<(Id, Id), Id>, &'a mut dyn FnMut(Id, Id) -> u32);

fn pair(
    (a, b): (&Diagram, &Diagram),
    (left, right): (Id, Id),
    layout: &Layout,
    joint: &mut Joint<'_>,
) -> Result<Id, TooComplex> {
    if let Some(known) = joint.1.get(&(left, right)) {
        return Ok(*known);
    }
    let level = a.graph.level(left).min(b.graph.level(right));
    let id = match layout.levels.get(level) {
        None => LEAF | (joint.2)(left, right),
        Some(here) => {
            let mut branches = Vec::with_capacity(here.atoms.len());
            for atom in 0..here.atoms.len() {
                joint.0.spend()?;
                let next = (a.graph.branch(left, level, atom), b.graph.branch(right, level, atom));
                branches.push(pair((a, b), next, layout, joint)?);
            }
            joint.0.node(level, branches)
        }
    };
    joint.1.insert((left, right), id);
    Ok(id)
}

/// The values of a patch on each axis; none for all of them.
pub(crate) fn values(layout: &Layout, patch: &Patch) -> Vec<(Axis, Option<Vec<usize>>)> {
    let each = layout.levels.iter().zip(&patch.atoms);
    each.map(|(level, atoms)| {
        let values = atoms.as_ref().map(|atoms| {
            let all = atoms.iter().flat_map(|atom| &level.atoms[*atom].values);
            let mut values: Vec<usize> = all.copied().collect();
            values.sort_unstable();
            values
        });
        (level.axis, values)
    })
    .collect()
}
