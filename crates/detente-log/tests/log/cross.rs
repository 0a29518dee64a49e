//! The same trees by `ct-merkle` and `tlog_tiles`, which nobody here wrote.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::convert::Infallible;

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use detente_log::{
    Appender, Hash, HashReader, LeafIndex, Node, RightEdge, Tile, TileHashReader, TileReader,
    TreeHead, TreeSize, leaf_hash, prove_consistency, prove_inclusion, root_at, tiles_changed,
};
use sha2::Sha256;
use tlog_tiles::tlog;

/// All sizes from zero to here are compared, then a few larger ones.
const EVERY_SIZE_TO: u64 = 300;

fn size(leaves: u64) -> TreeSize {
    TreeSize::new(leaves).unwrap()
}

/// Entries of uneven length from a fixed generator.
fn entries(count: u64) -> Vec<Vec<u8>> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    (0..count).map(|_| (0..next() % 9).flat_map(|_| next().to_le_bytes()).collect()).collect()
}

/// Our tree with all nodes and tiles, appended in batches of uneven length.
#[derive(Default)]
struct Ours {
    nodes: BTreeMap<Node, Hash>,
    tiles: BTreeMap<(u8, u64), Vec<u8>>,
}

impl Ours {
    fn new(entries: &[Vec<u8>]) -> Self {
        let mut ours = Self::default();
        let mut all = RightEdge::empty();
        let mut edge = RightEdge::empty();
        let mut rest = entries;
        let mut batch = 1;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(batch.min(rest.len()));
            let mut appender = Appender::new(edge);
            for entry in now {
                appender.push_entry(entry).unwrap();
                let nodes = &mut ours.nodes;
                all.push(leaf_hash(entry), |node, hash| {
                    nodes.insert(node, *hash);
                })
                .unwrap();
            }
            let append = appender.finish();
            for write in &append.tiles {
                let old = ours.tiles.remove(&(write.level, write.index)).unwrap_or_default();
                let new = write.bytes_after(&old).unwrap();
                assert_eq!(new.len(), write.tile().unwrap().byte_len());
                ours.tiles.insert((write.level, write.index), new);
            }
            assert_eq!(append.edge, all);
            edge = append.edge;
            rest = later;
            batch = batch * 3 % 1021;
        }
        ours
    }
}

impl HashReader for Ours {
    type Error = std::fmt::Error;

    fn read_hashes(&self, nodes: &[Node]) -> Result<Vec<Hash>, Self::Error> {
        nodes.iter().map(|node| self.nodes.get(node).copied().ok_or(std::fmt::Error)).collect()
    }
}

impl TileReader for Ours {
    type Error = Infallible;

    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, Infallible> {
        let cut =
            |tile: &Tile| self.tiles[&(tile.level(), tile.index())][..tile.byte_len()].to_vec();
        Ok(tiles.iter().map(cut).collect())
    }
}

/// The hash storage that `tlog_tiles` computes for itself.
#[derive(Default)]
struct Theirs(RefCell<Vec<tlog::Hash>>);

impl tlog::HashReader for Theirs {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog::Hash>, tlog::Error> {
        let hashes = self.0.borrow();
        Ok(indexes.iter().map(|at| hashes[usize::try_from(*at).unwrap()]).collect())
    }
}

impl Theirs {
    fn new(entries: &[Vec<u8>]) -> Self {
        let theirs = Self::default();
        for (at, entry) in entries.iter().enumerate() {
            let new = tlog::stored_hashes(at as u64, entry, &theirs).unwrap();
            theirs.0.borrow_mut().extend(new);
        }
        theirs
    }
}

fn ours(hashes: &[tlog::Hash]) -> Vec<Hash> {
    hashes.iter().map(|hash| Hash::from_bytes(hash.0)).collect()
}

fn theirs(hash: &Hash) -> tlog::Hash {
    tlog::Hash(*hash.as_bytes())
}

/// Sizes up to `EVERY_SIZE_TO`, and around the borders of tiles beyond.
fn sizes(max: u64) -> Vec<u64> {
    let larger = [511, 512, 513, 1000, 1023, 4096, 65_535, 65_536, 65_537, 66_000, 70_001];
    (1..=EVERY_SIZE_TO).chain(larger).filter(|size| *size <= max).collect()
}

/// Some indices below `n`: both ends, the borders of tiles, and every 37th.
fn indices(n: u64) -> impl Iterator<Item = u64> {
    let stride = (n / 37).max(1) as usize;
    let mut picked: Vec<u64> = (0..n).step_by(stride).collect();
    picked.extend([n - 1, n / 2, n.saturating_sub(2), 255, 256, 257].iter().filter(|i| **i < n));
    picked.into_iter()
}

#[test]
fn roots_and_proofs_equal_those_of_tlog_tiles() {
    let entries = entries(70_001);
    let (mine, other) = (Ours::new(&entries), Theirs::new(&entries));
    for n in sizes(70_001) {
        let tiled = TileHashReader::new(&mine, size(n));
        let head = TreeHead { size: size(n), root: root_at(&mine, size(n)).unwrap() };
        assert_eq!(theirs(&head.root), tlog::tree_hash(n, &other).unwrap());
        assert_eq!(head.root, root_at(&tiled, size(n)).unwrap());
        for i in indices(n) {
            let proof = prove_inclusion(&mine, LeafIndex::new(i), size(n)).unwrap();
            let want = tlog::prove_record(n, i, &other).unwrap();
            assert_eq!(proof.hashes(), ours(&want), "leaf {i} of {n}");
            let leaf = leaf_hash(&entries[usize::try_from(i).unwrap()]);
            proof.verify(LeafIndex::new(i), &leaf, &head).unwrap();
            assert_eq!(proof, prove_inclusion(&tiled, LeafIndex::new(i), size(n)).unwrap());
            // RFC 6962 counts an old size, not an index.
            let old = TreeHead { size: size(i + 1), root: root_at(&mine, size(i + 1)).unwrap() };
            let proof = prove_consistency(&mine, old.size, head.size).unwrap();
            let want = tlog::prove_tree(n, i + 1, &other).unwrap();
            assert_eq!(proof.hashes(), ours(&want), "from {} to {n}", i + 1);
            proof.verify(&old, &head).unwrap();
            assert_eq!(proof, prove_consistency(&tiled, old.size, head.size).unwrap());
        }
    }
}

#[test]
fn tiles_equal_those_of_tlog_tiles() {
    let entries = entries(70_001);
    let (mine, other) = (Ours::new(&entries), Theirs::new(&entries));
    let old_sizes = [0, 1, 255, 256, 300, 65_536, 70_000];
    for n in sizes(70_001) {
        for old in old_sizes.iter().copied().filter(|old| *old <= n) {
            let got: Vec<_> = tiles_changed(size(old), size(n))
                .map(|tile| (tile.level(), tile.index(), u32::from(tile.width())))
                .collect();
            let mut want: Vec<_> = tlog_tiles::tile::Tile::new_tiles(8, old, n)
                .iter()
                .map(|tile| (tile.level(), tile.level_index(), tile.width()))
                .collect();
            want.sort_unstable();
            assert_eq!(got, want, "from {old} to {n}");
        }
    }
    for tile in tiles_changed(TreeSize::ZERO, size(70_001)) {
        let width = u32::from(tile.width());
        let same = tlog_tiles::tile::Tile::new(8, tile.level(), tile.index(), width, false);
        assert_eq!(mine.read_tiles(&[tile]).unwrap()[0], same.read_data(&other).unwrap());
        // `tlog_tiles` prints the height as Go does; tlog-tiles leaves it out.
        assert_eq!(tile.path(), same.path().replacen("tile/8/", "tile/", 1));
        assert_eq!(Tile::from_path(&tile.path()).unwrap(), tile);
    }
    // "a tree of size 70,000 will be represented by 273 full level 0 tiles, one partial level 0
    // tile of width 112, one full level 1 tile, one partial level 1 tile of width 17, and one
    // partial level 2 tile of width 1."
    let spec: Vec<_> = tiles_changed(TreeSize::ZERO, size(70_000))
        .map(|tile| (tile.level(), tile.width()))
        .collect();
    assert_eq!(spec.iter().filter(|tile| **tile == (0, 256)).count(), 273);
    assert_eq!(spec.iter().filter(|tile| tile.0 == 0 && tile.1 < 256).count(), 1);
    assert_eq!(&spec[273..], [(0, 112), (1, 256), (1, 17), (2, 1)]);
}

#[test]
fn roots_and_proofs_equal_those_of_ct_merkle() {
    let entries = entries(1024);
    let mine = Ours::new(&entries);
    let mut other = MemoryBackedTree::<Sha256, Vec<u8>>::new();
    for n in 1..=1024_u64 {
        other.push(entries[usize::try_from(n - 1).unwrap()].clone());
        let head = TreeHead { size: size(n), root: root_at(&mine, size(n)).unwrap() };
        assert_eq!(other.root().as_bytes().as_slice(), head.root.as_bytes());
        if n > EVERY_SIZE_TO && n % 101 != 0 {
            continue;
        }
        for i in indices(n) {
            let proof = prove_inclusion(&mine, LeafIndex::new(i), size(n)).unwrap();
            let bytes: Vec<u8> = proof.hashes().iter().flat_map(|h| *h.as_bytes()).collect();
            let want = other.prove_inclusion(usize::try_from(i).unwrap());
            assert_eq!(bytes, want.as_bytes(), "leaf {i} of {n}");
            let added = usize::try_from(n - 1 - i).unwrap();
            if added > 0 {
                let proof = prove_consistency(&mine, size(i + 1), size(n)).unwrap();
                let bytes: Vec<u8> = proof.hashes().iter().flat_map(|h| *h.as_bytes()).collect();
                assert_eq!(bytes, other.prove_consistency(added).as_bytes(), "{i} of {n}");
            }
        }
    }
}
