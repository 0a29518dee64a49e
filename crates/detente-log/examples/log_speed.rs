//! Measures hashing, proving and verifying. Run it in release:
//!
//!     cargo run --release -p detente-log --example log_speed -- 1000000 512
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "an example that measures time"
)]

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::hint::black_box;
use std::time::Instant;

use detente_log::{
    Appender, Hash, HashReader, LeafIndex, Node, RightEdge, RootBuilder, Tile, TileHashReader,
    TileReader, TreeHead, TreeSize, leaf_hash, prove_consistency, prove_inclusion,
};

/// All nodes of a tree, a vector for each level.
#[derive(Default)]
struct Nodes(Vec<Vec<Hash>>);

impl HashReader for Nodes {
    type Error = std::fmt::Error;

    fn read_hashes(&self, nodes: &[Node]) -> Result<Vec<Hash>, std::fmt::Error> {
        let find = |node: &Node| {
            let index = usize::try_from(node.index).ok()?;
            self.0.get(usize::from(node.level))?.get(index).copied()
        };
        nodes.iter().map(|node| find(node).ok_or(std::fmt::Error)).collect()
    }
}

struct Tiles(BTreeMap<(u8, u64), Vec<u8>>);

impl TileReader for Tiles {
    type Error = Infallible;

    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, Infallible> {
        let cut = |tile: &Tile| self.0[&(tile.level(), tile.index())][..tile.byte_len()].to_vec();
        Ok(tiles.iter().map(cut).collect())
    }
}

fn timed<T>(what: &str, times: u64, mut work: impl FnMut() -> T) -> T {
    let start = Instant::now();
    let result = work();
    let seconds = start.elapsed().as_secs_f64();
    println!("{what}: {seconds:.3} s, {:.3} us each", seconds * 1e6 / times as f64);
    result
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let count: u64 = arguments.next().map_or(1_000_000, |text| text.parse().unwrap());
    let length: usize = arguments.next().map_or(512, |text| text.parse().unwrap());
    let mut entry = vec![0x5a; length.max(8)];
    let mut set = |index: u64| {
        entry[..8].copy_from_slice(&index.to_be_bytes());
        leaf_hash(&entry)
    };
    timed("hash, streaming root", count, || {
        let mut builder = RootBuilder::new();
        (0..count).for_each(|index| builder.push_leaf(set(index)).unwrap());
        black_box(builder.head())
    });
    let append = timed("hash and integrate into tiles", count, || {
        let mut appender = Appender::new(RightEdge::empty());
        (0..count).for_each(|index| appender.push_leaf(set(index)).unwrap());
        appender.finish()
    });
    let nodes = timed("hash and integrate, all nodes kept", count, || {
        let mut nodes = Nodes::default();
        let mut edge = RightEdge::empty();
        for index in 0..count {
            let keep = |node: Node, hash: &Hash| {
                let level = usize::from(node.level);
                nodes.0.resize_with(nodes.0.len().max(level + 1), Vec::new);
                nodes.0[level].push(*hash);
            };
            edge.push(set(index), keep).unwrap();
        }
        nodes
    });
    let writes = append.tiles.iter();
    let tiles = writes.map(|w| ((w.level, w.index), w.bytes_after(&[]).unwrap())).collect();
    let tiles = Tiles(tiles);
    let head = append.edge.head();
    let leaves: Vec<Hash> = nodes.0[0].clone();
    proofs("all nodes kept", &nodes, &leaves, &head);
    proofs("through tiles", &TileHashReader::new(&tiles, head.size), &leaves, &head);
}

fn proofs<R: HashReader>(how: &str, reader: &R, leaves: &[Hash], head: &TreeHead) {
    let times = 100_000_u64;
    let picked: Vec<u64> =
        (0..times).map(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15) % head.size.get()).collect();
    let made = timed(&format!("prove inclusion, {how}"), times, || -> Vec<_> {
        let prove = |i: &u64| prove_inclusion(reader, LeafIndex::new(*i), head.size).unwrap();
        picked.iter().map(prove).collect()
    });
    timed("verify inclusion", times, || {
        for (i, proof) in picked.iter().zip(&made) {
            let leaf = &leaves[usize::try_from(*i).unwrap()];
            proof.verify(LeafIndex::new(*i), leaf, head).unwrap();
        }
    });
    timed(&format!("prove consistency, {how}"), times, || {
        for i in &picked {
            let old = TreeSize::new(*i).unwrap();
            black_box(prove_consistency(reader, old, head.size).unwrap());
        }
    });
}
