//! All nodes of one log's Merkle tree in memory: tiles, proofs and old roots are read off it.

use detente_log::{
    Hash, HashReader, Node, RightEdge, Tile, TreeError, TreeHead, TreeSize, leaf_hash, root_at,
};

/// The nodes of a tree, level by level.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tree {
    levels: Vec<Vec<Hash>>,
    edge: RightEdge,
}

/// A node that the tree does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the tree has no such node")]
pub(crate) struct NoNode;

impl Tree {
    /// Hashes entries into a tree.
    pub(crate) fn of<'a>(entries: impl Iterator<Item = &'a [u8]>) -> Result<Tree, TreeError> {
        let mut tree = Tree::default();
        let levels = &mut tree.levels;
        for entry in entries {
            tree.edge.push(leaf_hash(entry), |node, hash| {
                let level = usize::from(node.level);
                if levels.len() <= level {
                    levels.resize_with(level + 1, Vec::new);
                }
                // Within a level, nodes are completed in ascending order.
                levels[level].push(*hash);
            })?;
        }
        Ok(tree)
    }

    /// Size and root.
    pub(crate) fn head(&self) -> TreeHead {
        self.edge.head()
    }

    /// The root of the first `size` entries, if there are as many.
    pub(crate) fn root_at(&self, size: u64) -> Option<Hash> {
        let size = TreeSize::new(size).ok()?;
        if size > self.edge.size() {
            return None;
        }
        root_at(self, size).ok()
    }

    /// The hashes of a tile.
    pub(crate) fn tile(&self, tile: &Tile) -> Option<&[Hash]> {
        let level = self.levels.get(usize::from(tile.level()) * 8)?;
        let start = usize::try_from(tile.index()).ok()?.checked_mul(256)?;
        level.get(start..start.checked_add(usize::from(tile.width()))?)
    }
}

impl HashReader for Tree {
    type Error = NoNode;

    fn read_hashes(&self, nodes: &[Node]) -> Result<Vec<Hash>, NoNode> {
        let find = |node: &Node| {
            let level = self.levels.get(usize::from(node.level))?;
            level.get(usize::try_from(node.index).ok()?).copied()
        };
        nodes.iter().map(|node| find(node).ok_or(NoNode)).collect()
    }
}
