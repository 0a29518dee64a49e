//! What the tests of this crate share: a tree in memory, keys and checkpoints. Tests only.

use std::collections::BTreeMap;
use std::convert::Infallible;

use crate::checkpoint::{CheckpointBody, Origin, TrustedLog, VerifiedCheckpoint};
use crate::cosign::{Cosigner, CosignerRole};
use crate::hash::{Hash, leaf_hash};
use crate::key::{KeyName, NoteSigner};
use crate::size::TreeSize;
use crate::tile::Tile;
use crate::tile_reader::TileReader;
use crate::tree::{HashReader, Node, RightEdge, root_at};

/// Name of the log and of its key.
pub(crate) const ORIGIN: &str = "log.example/a";

/// A tree with all its nodes.
#[derive(Default)]
pub(crate) struct MemTree {
    pub(crate) edge: RightEdge,
    nodes: BTreeMap<Node, Hash>,
}

#[derive(Debug, thiserror::Error)]
#[error("no such node")]
pub(crate) struct NoNode;

impl MemTree {
    pub(crate) fn with(entries: u64) -> Self {
        let mut tree = Self::default();
        (0..entries).for_each(|index| tree.push(&entry(index)));
        tree
    }

    pub(crate) fn push(&mut self, entry: &[u8]) {
        let nodes = &mut self.nodes;
        self.edge
            .push(leaf_hash(entry), |node, hash| {
                nodes.insert(node, *hash);
            })
            .expect("tests do not fill a tree");
    }

    pub(crate) fn root(&self, leaves: u64) -> Hash {
        root_at(self, size(leaves)).expect("the tree has that many leaves")
    }
}

impl HashReader for MemTree {
    type Error = NoNode;

    fn read_hashes(&self, nodes: &[Node]) -> Result<Vec<Hash>, NoNode> {
        nodes.iter().map(|node| self.nodes.get(node).copied().ok_or(NoNode)).collect()
    }
}

/// Tiles by level and index.
#[derive(Default)]
pub(crate) struct MemTiles(pub(crate) BTreeMap<(u8, u64), Vec<u8>>);

impl TileReader for MemTiles {
    type Error = Infallible;

    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, Infallible> {
        Ok(tiles
            .iter()
            .map(|tile| {
                let bytes = self.0.get(&(tile.level(), tile.index())).cloned().unwrap_or_default();
                bytes.into_iter().take(tile.byte_len()).collect()
            })
            .collect())
    }
}

/// An entry whose length and bytes depend on its index.
pub(crate) fn entry(index: u64) -> Vec<u8> {
    format!("entry {index} {}", "x".repeat(usize::try_from(index % 40).unwrap())).into_bytes()
}

pub(crate) fn size(leaves: u64) -> TreeSize {
    TreeSize::new(leaves).unwrap()
}

pub(crate) fn log_signer() -> NoteSigner {
    NoteSigner::new(KeyName::new(ORIGIN).unwrap(), &[1; 32])
}

pub(crate) fn trusted_log() -> TrustedLog {
    TrustedLog::from_key(log_signer().verifier().clone()).unwrap()
}

pub(crate) fn cosigner(name: &str, role: CosignerRole, seed: u8) -> Cosigner {
    Cosigner::new(KeyName::new(name).unwrap(), role, &[seed; 32])
}

/// The log's checkpoint of the first `leaves` leaves of `tree`.
pub(crate) fn checkpoint(tree: &MemTree, leaves: u64) -> VerifiedCheckpoint {
    signed(leaves, tree.root(leaves))
}

/// A checkpoint with any root.
pub(crate) fn signed(leaves: u64, root: Hash) -> VerifiedCheckpoint {
    let head = crate::size::TreeHead { size: size(leaves), root };
    let body = CheckpointBody::new(Origin::new(ORIGIN).unwrap(), head);
    body.sign(&[&log_signer()]).unwrap().verify(&trusted_log()).unwrap()
}
