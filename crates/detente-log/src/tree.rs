//! Growing a Merkle tree and reading its roots back.
//!
//! Is: the right edge (the complete subtrees that cover all leaves), streaming roots in O(log n)
//! memory, the plan of an append, and roots from stored hashes. Is not: storage, proofs or
//! agreement: that only one writer appends belongs to the store, which persists an [`Append`] with
//! its entries in one step. Source: RFC 6962 §2.1.

use crate::blame::Blame;
use crate::hash::{Hash, leaf_hash, node_hash};
use crate::size::{TreeHead, TreeSize};
use crate::tile::{TILE_HEIGHT, TILE_WIDTH, TileWrite};

/// A fault in what a caller handed in to grow a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// The stored hashes are not as many as the size has complete subtrees.
    #[error("right edge of size {size} needs {want} hashes, not {got}")]
    EdgeLength {
        /// Claimed size.
        size: u64,
        /// Complete subtrees of that size.
        want: usize,
        /// Hashes given.
        got: usize,
    },
    /// The tree has [`TreeSize::MAX`] leaves.
    #[error("tree is full")]
    Full,
}

impl TreeError {
    /// Stable machine code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::EdgeLength { .. } => "tree_edge_length",
            Self::Full => "tree_full",
        }
    }

    /// Always the caller: no foreign bytes reach these checks.
    #[must_use]
    pub fn blame(&self) -> Blame {
        Blame::Caller
    }
}

/// A complete subtree: 2^level leaves that begin at `index << level`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node {
    /// Height above the leaves, below 64.
    pub level: u8,
    /// Position among the nodes of that level.
    pub index: u64,
}

/// Gives stored hashes of complete subtrees. The caller of this crate implements it.
pub trait HashReader {
    /// What the storage reports when it fails.
    type Error: std::error::Error + 'static;

    /// The hashes of `nodes`, in the same order, as many as were asked for.
    ///
    /// # Errors
    /// When the storage fails or lacks a node.
    fn read_hashes(&self, nodes: &[Node]) -> Result<Vec<Hash>, Self::Error>;
}

/// A read that failed.
#[derive(Debug, thiserror::Error)]
pub enum ReadError<E: std::error::Error + 'static> {
    /// The reader returned another number of hashes than asked for.
    #[error("hash reader returned {got} hashes for {asked} nodes")]
    Count {
        /// Nodes asked for.
        asked: usize,
        /// Hashes returned.
        got: usize,
    },
    /// The reader failed.
    #[error("hash reader failed")]
    Reader(#[source] E),
}

impl<E: std::error::Error + 'static> ReadError<E> {
    /// Stable machine code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Count { .. } => "read_count",
            Self::Reader(_) => "read_failed",
        }
    }

    /// Always the storage.
    #[must_use]
    pub fn blame(&self) -> Blame {
        Blame::Environment
    }
}

/// Reads and checks the number of hashes.
pub(crate) fn read_exact<R: HashReader>(
    reader: &R,
    nodes: &[Node],
) -> Result<Vec<Hash>, ReadError<R::Error>> {
    if nodes.is_empty() {
        return Ok(Vec::new());
    }
    let hashes = reader.read_hashes(nodes).map_err(ReadError::Reader)?;
    if hashes.len() != nodes.len() {
        return Err(ReadError::Count { asked: nodes.len(), got: hashes.len() });
    }
    Ok(hashes)
}

/// The complete subtrees that cover `[start, end)`, largest first, where `start` is a multiple of
/// the smallest power of two that is not below the length.
pub(crate) fn covering_nodes(start: u64, end: u64) -> Vec<Node> {
    let mut nodes = Vec::new();
    let mut position = start;
    let mut left = end.saturating_sub(start);
    while left > 0 {
        let level = left.ilog2();
        nodes.push(Node { level: small_level(level), index: position >> level });
        position += 1 << level;
        left -= 1 << level;
    }
    nodes
}

/// `ilog2` of a u64 is below 64 and fits a byte.
fn small_level(level: u32) -> u8 {
    u8::try_from(level).unwrap_or(63)
}

/// Folds complete subtrees, largest first, into the hash of the tree that they cover.
pub(crate) fn fold_peaks(peaks: &[Hash]) -> Hash {
    let Some((last, rest)) = peaks.split_last() else {
        return Hash::EMPTY_ROOT;
    };
    rest.iter().rev().fold(*last, |right, left| node_hash(left, &right))
}

/// The root of the first `size` leaves, from stored hashes.
///
/// # Errors
/// [`ReadError`] when the reader fails.
pub fn root_at<R: HashReader>(reader: &R, size: TreeSize) -> Result<Hash, ReadError<R::Error>> {
    Ok(RightEdge::read(reader, size)?.root())
}

/// The complete subtrees that cover a tree, largest first: all that is needed to grow it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RightEdge {
    size: TreeSize,
    peaks: Vec<Hash>,
}

impl RightEdge {
    /// The edge of the empty tree.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// An edge that was stored.
    ///
    /// # Errors
    /// [`TreeError::EdgeLength`] unless there is one hash per set bit of the size.
    pub fn new(size: TreeSize, peaks: Vec<Hash>) -> Result<Self, TreeError> {
        let want = size.get().count_ones() as usize;
        if peaks.len() != want {
            return Err(TreeError::EdgeLength { size: size.get(), want, got: peaks.len() });
        }
        Ok(Self { size, peaks })
    }

    /// Reads the edge of the first `size` leaves from stored hashes.
    ///
    /// # Errors
    /// [`ReadError`] when the reader fails.
    pub fn read<R: HashReader>(reader: &R, size: TreeSize) -> Result<Self, ReadError<R::Error>> {
        let peaks = read_exact(reader, &covering_nodes(0, size.get()))?;
        Ok(Self { size, peaks })
    }

    /// Leaves covered.
    #[must_use]
    pub fn size(&self) -> TreeSize {
        self.size
    }

    /// The hashes, largest subtree first; one per set bit of the size.
    #[must_use]
    pub fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    /// The root of the tree.
    #[must_use]
    pub fn root(&self) -> Hash {
        fold_peaks(&self.peaks)
    }

    /// Size and root together.
    #[must_use]
    pub fn head(&self) -> TreeHead {
        TreeHead { size: self.size, root: self.root() }
    }

    /// Adds one leaf hash and names every subtree that it completes, lowest first, the leaf itself
    /// included: a store that keeps all nodes writes exactly these.
    ///
    /// # Errors
    /// [`TreeError::Full`] at [`TreeSize::MAX`]; nothing has changed then.
    pub fn push(
        &mut self,
        leaf: Hash,
        mut completed: impl FnMut(Node, &Hash),
    ) -> Result<(), TreeError> {
        let size = self.size.checked_add(1).ok_or(TreeError::Full)?;
        let mut node = Node { level: 0, index: self.size.get() };
        let mut hash = leaf;
        completed(node, &hash);
        // One peak per set bit of the size: as many to pop as the size has trailing ones.
        while node.index & 1 == 1
            && let Some(left) = self.peaks.pop()
        {
            hash = node_hash(&left, &hash);
            node = Node { level: node.level + 1, index: node.index >> 1 };
            completed(node, &hash);
        }
        self.peaks.push(hash);
        self.size = size;
        Ok(())
    }
}

/// The root of a stream of leaves, in O(log n) memory.
#[derive(Clone, Debug, Default)]
pub struct RootBuilder(RightEdge);

impl RootBuilder {
    /// Begins with the empty tree.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Hashes and adds one entry.
    ///
    /// # Errors
    /// [`TreeError::Full`] at [`TreeSize::MAX`].
    pub fn push_entry(&mut self, entry: &[u8]) -> Result<(), TreeError> {
        self.push_leaf(leaf_hash(entry))
    }

    /// Adds one leaf hash.
    ///
    /// # Errors
    /// [`TreeError::Full`] at [`TreeSize::MAX`].
    pub fn push_leaf(&mut self, leaf: Hash) -> Result<(), TreeError> {
        self.0.push(leaf, |_, _| {})
    }

    /// Size and root of what was added so far.
    #[must_use]
    pub fn head(&self) -> TreeHead {
        self.0.head()
    }
}

/// What one append does: the store persists it with its entries and checkpoint in one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Append {
    /// Size before.
    pub old_size: TreeSize,
    /// Right edge after; its [`RightEdge::head`] is what the new checkpoint states.
    pub edge: RightEdge,
    /// Hashes to add to tiles, by level, then by index.
    pub tiles: Vec<TileWrite>,
}

/// Plans an append from a right edge and new leaves, without reading storage.
#[derive(Clone, Debug)]
pub struct Appender {
    old_size: TreeSize,
    edge: RightEdge,
    levels: Vec<Vec<TileWrite>>,
}

impl Appender {
    /// Starts where the stored edge ends.
    #[must_use]
    pub fn new(edge: RightEdge) -> Self {
        Self { old_size: edge.size(), edge, levels: Vec::new() }
    }

    /// Hashes and adds one entry. That it fits a bundle is checked by
    /// [`encode_bundle`](crate::encode_bundle).
    ///
    /// # Errors
    /// [`TreeError::Full`] at [`TreeSize::MAX`].
    pub fn push_entry(&mut self, entry: &[u8]) -> Result<(), TreeError> {
        self.push_leaf(leaf_hash(entry))
    }

    /// Adds one leaf hash.
    ///
    /// # Errors
    /// [`TreeError::Full`] at [`TreeSize::MAX`].
    pub fn push_leaf(&mut self, leaf: Hash) -> Result<(), TreeError> {
        let levels = &mut self.levels;
        self.edge.push(leaf, |node, hash| {
            if node.level.is_multiple_of(TILE_HEIGHT) {
                record(levels, node, *hash);
            }
        })
    }

    /// The plan.
    #[must_use]
    pub fn finish(self) -> Append {
        let tiles = self.levels.into_iter().flatten().collect();
        Append { old_size: self.old_size, edge: self.edge, tiles }
    }
}

/// Adds a tile hash to the write of its tile; within a level, nodes come in ascending order.
fn record(levels: &mut Vec<Vec<TileWrite>>, node: Node, hash: Hash) {
    let level = node.level / TILE_HEIGHT;
    let width = u64::from(TILE_WIDTH);
    let tile = node.index / width;
    let offset = u16::try_from(node.index % width).unwrap_or(0);
    let at = usize::from(level);
    if levels.len() <= at {
        levels.resize_with(at + 1, Vec::new);
    }
    let writes = &mut levels[at];
    match writes.last_mut() {
        Some(last) if last.index == tile => last.hashes.push(hash),
        _ => writes.push(TileWrite { level, index: tile, offset, hashes: vec![hash] }),
    }
}
