//! Hashes of a tree, read through its tiles.
//!
//! Is: the reader that turns tiles into the nodes that proofs ask for. Is not: a check of the tiles
//! against a root. Source: C2SP tlog-tiles v0.1.0: "Merkle Tree levels between those expressed by
//! the tile hashes are reconstructed by hashing the leaves".

use std::collections::BTreeMap;

use crate::blame::Blame;
use crate::hash::{Hash, node_hash};
use crate::size::TreeSize;
use crate::tile::{TILE_HEIGHT, TILE_WIDTH, Tile, TileError, decode_tile};
use crate::tree::{HashReader, Node};

/// Gives stored tiles. The caller of this crate implements it.
pub trait TileReader {
    /// What the storage reports when it fails.
    type Error: std::error::Error + 'static;

    /// The bytes of `tiles`, in the same order, each exactly [`Tile::byte_len`] long: a store that
    /// holds a wider tile returns its first hashes.
    ///
    /// # Errors
    /// When the storage fails or lacks a tile.
    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, Self::Error>;
}

/// A read through tiles that failed.
#[derive(Debug, thiserror::Error)]
pub enum TileReadError<E: std::error::Error + 'static> {
    /// The reader returned another number of tiles than asked for.
    #[error("tile reader returned {got} tiles for {asked}")]
    Count {
        /// Tiles asked for.
        asked: usize,
        /// Tiles returned.
        got: usize,
    },
    /// The tree has no such complete subtree.
    #[error("tree of size {size} has no node {index} at level {level}")]
    Outside {
        /// Level of the node.
        level: u8,
        /// Position of the node.
        index: u64,
        /// Size of the tree.
        size: u64,
    },
    /// The reader failed.
    #[error("tile reader failed")]
    Reader(#[source] E),
    /// A tile has the wrong length.
    #[error("stored tile is malformed")]
    Tile(#[source] TileError),
}

impl<E: std::error::Error + 'static> TileReadError<E> {
    /// Stable machine code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Count { .. } => "tile_read_count",
            Self::Outside { .. } => "tile_read_outside",
            Self::Reader(_) => "tile_read_failed",
            Self::Tile(error) => error.code(),
        }
    }

    /// The storage, but for nodes that the caller asked for and the tree does not have.
    #[must_use]
    pub fn blame(&self) -> Blame {
        match self {
            Self::Outside { .. } => Blame::Caller,
            Self::Count { .. } | Self::Reader(_) | Self::Tile(_) => Blame::Environment,
        }
    }
}

/// Reads hashes through tiles: an inner node is hashed from the lowest level of its tile.
///
/// It trusts its reader. Whoever reads foreign tiles verifies what is computed from them against a
/// signed root.
#[derive(Clone, Copy, Debug)]
pub struct TileHashReader<'a, T> {
    tiles: &'a T,
    size: TreeSize,
}

impl<'a, T: TileReader> TileHashReader<'a, T> {
    /// Reads from the tiles of a tree of `size` leaves.
    #[must_use]
    pub fn new(tiles: &'a T, size: TreeSize) -> Self {
        Self { tiles, size }
    }

    /// Each tile that the nodes need, once, in ascending order.
    fn tiles_of(&self, nodes: &[Node]) -> Result<Vec<Tile>, TileReadError<T::Error>> {
        let mut wanted = nodes
            .iter()
            .map(|node| {
                Tile::of_node(*node, self.size).ok_or(TileReadError::Outside {
                    level: node.level,
                    index: node.index,
                    size: self.size.get(),
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        wanted.sort_unstable();
        wanted.dedup();
        Ok(wanted)
    }
}

impl<T: TileReader> HashReader for TileHashReader<'_, T> {
    type Error = TileReadError<T::Error>;

    fn read_hashes(&self, nodes: &[Node]) -> Result<Vec<Hash>, Self::Error> {
        let wanted = self.tiles_of(nodes)?;
        let bytes = self.tiles.read_tiles(&wanted).map_err(TileReadError::Reader)?;
        if bytes.len() != wanted.len() {
            return Err(TileReadError::Count { asked: wanted.len(), got: bytes.len() });
        }
        let mut read = BTreeMap::new();
        for (tile, bytes) in wanted.iter().zip(&bytes) {
            let hashes = decode_tile(tile, bytes).map_err(TileReadError::Tile)?;
            read.insert((tile.level(), tile.index()), hashes);
        }
        nodes
            .iter()
            .map(|node| {
                node_in_tiles(&read, *node).ok_or(TileReadError::Outside {
                    level: node.level,
                    index: node.index,
                    size: self.size.get(),
                })
            })
            .collect()
    }
}

/// The hash of a node from the tiles that were read.
fn node_in_tiles(read: &BTreeMap<(u8, u64), Vec<Hash>>, node: Node) -> Option<Hash> {
    let count = 1_u64 << (node.level % TILE_HEIGHT);
    let start = node.index.checked_mul(count)?;
    let tile = read.get(&(node.level / TILE_HEIGHT, start / u64::from(TILE_WIDTH)))?;
    let offset = usize::try_from(start % u64::from(TILE_WIDTH)).ok()?;
    let mut row = tile.get(offset..offset.checked_add(usize::try_from(count).ok()?)?)?.to_vec();
    while row.len() > 1 {
        row = row.chunks_exact(2).map(|pair| node_hash(&pair[0], &pair[1])).collect();
    }
    row.first().copied()
}
