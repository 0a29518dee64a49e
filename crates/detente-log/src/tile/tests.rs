use proptest::prelude::{any, prop_assert_eq, proptest};

use super::{
    EntryTile, Tile, TileError, TileWrite, decode_tile, encode_tile, entry_tiles_changed,
    tiles_changed,
};
use crate::bundle::{MAX_ENTRY_BYTES, decode_bundle, encode_bundle};
use crate::hash::{Hash, leaf_hash};
use crate::size::TreeSize;
use crate::testing::{MemTiles, MemTree, entry, size};
use crate::tile_reader::{TileHashReader, TileReadError};
use crate::tree::{Appender, HashReader as _, Node, RightEdge, TreeError, root_at};

/// The tiles of a tree appended in one batch.
fn tiles(entries: u64) -> MemTiles {
    let mut appender = Appender::new(RightEdge::empty());
    (0..entries).for_each(|index| appender.push_entry(&entry(index)).unwrap());
    let mut tiles = MemTiles::default();
    for write in appender.finish().tiles {
        tiles.0.insert((write.level, write.index), write.bytes_after(&[]).unwrap());
    }
    tiles
}

#[test]
fn appended_tiles_are_the_tiles_that_change() {
    let mut edge = RightEdge::empty();
    let mut at = 0;
    for count in [1, 0, 254, 1, 1, 300, 7, 65_000, 500, 3] {
        let mut appender = Appender::new(edge);
        (at..at + count).for_each(|index| appender.push_entry(&entry(index)).unwrap());
        let append = appender.finish();
        let written: Vec<_> = append.tiles.iter().map(|write| write.tile().unwrap()).collect();
        let changed: Vec<_> = tiles_changed(size(at), size(at + count)).collect();
        assert_eq!(written, changed, "from {at} by {count}");
        assert_eq!(append.old_size, size(at));
        at += count;
        edge = append.edge;
        assert_eq!(edge.size(), size(at));
    }
}

#[test]
fn bundles_that_change() {
    let changed = |old, new| -> Vec<_> {
        entry_tiles_changed(size(old), size(new)).map(|tile| (tile.index(), tile.width())).collect()
    };
    assert_eq!(changed(0, 0), []);
    assert_eq!(changed(0, 1), [(0, 1)]);
    assert_eq!(changed(255, 256), [(0, 256)]);
    assert_eq!(changed(256, 257), [(1, 1)]);
    assert_eq!(changed(200, 600), [(0, 256), (1, 256), (2, 88)]);
    assert_eq!(changed(600, 600), []);
    assert_eq!(changed(600, 200), []);
    assert_eq!(tiles_changed(TreeSize::MAX, TreeSize::MAX).count(), 0);
    assert_eq!(tiles_changed(size(9), TreeSize::ZERO).count(), 0);
    let last = tiles_changed(size(TreeSize::MAX.get() - 1), TreeSize::MAX);
    assert!(last.map(|tile| tile.path()).all(|path| Tile::from_path(&path).is_ok()));
}

#[test]
fn writes_need_the_bytes_before() {
    let write = TileWrite { level: 0, index: 0, offset: 2, hashes: vec![leaf_hash(b"")] };
    assert_eq!(write.bytes_after(&[0; 64]).unwrap().len(), 96);
    for wrong in [0, 32, 63, 96] {
        let result = write.bytes_after(&vec![0; wrong]);
        assert_eq!(result, Err(TileError::TileLength { got: wrong, want: 64 }));
    }
    let full = TileWrite { level: 0, index: 0, offset: 256, hashes: vec![leaf_hash(b"")] };
    assert_eq!(full.tile(), Err(TileError::Width { got: 257 }));
}

#[test]
fn coordinates_are_checked() {
    assert_eq!(Tile::new(64, 0, 1), Err(TileError::Level { got: 64 }));
    assert_eq!(Tile::new(0, 0, 0), Err(TileError::Width { got: 0 }));
    assert_eq!(Tile::new(0, 0, 257), Err(TileError::Width { got: 257 }));
    assert_eq!(EntryTile::new(0, 0), Err(TileError::Width { got: 0 }));
    assert!(Tile::new(0, 0, 255).unwrap().is_partial());
    let path = Tile::new(3, 1_234_067, 256).unwrap().path();
    assert_eq!(path, "tile/3/x001/x234/067");
}

#[test]
fn tiles_have_one_length() {
    let tile = Tile::new(0, 0, 3).unwrap();
    let hashes = [leaf_hash(b"a"), leaf_hash(b"b"), leaf_hash(b"c")];
    assert_eq!(decode_tile(&tile, &encode_tile(&hashes)).unwrap(), hashes);
    for wrong in [0, 64, 95, 97, 128, 8192] {
        let result = decode_tile(&tile, &vec![0; wrong]);
        assert_eq!(result, Err(TileError::TileLength { got: wrong, want: 96 }));
    }
}

#[test]
fn entries_have_a_longest() {
    let longest = vec![7; MAX_ENTRY_BYTES];
    let bytes = encode_bundle(&[&longest]).unwrap();
    assert_eq!(decode_bundle(&bytes, 1).unwrap(), [longest.as_slice()]);
    let error = encode_bundle(&[vec![7; MAX_ENTRY_BYTES + 1]]);
    assert_eq!(error, Err(TileError::EntryTooLong { got: 65_536 }));
    assert_eq!(encode_bundle::<&[u8]>(&[]), Err(TileError::Width { got: 0 }));
}

#[test]
fn reading_through_tiles() {
    let tree = MemTree::with(66_000);
    let tiles = tiles(66_000);
    for leaves in [1, 255, 256, 257, 65_536, 66_000] {
        let reader = TileHashReader::new(&tiles, size(leaves));
        assert_eq!(root_at(&reader, size(leaves)).unwrap(), tree.root(leaves));
    }
    let reader = TileHashReader::new(&tiles, size(1000));
    for node in [
        Node { level: 0, index: 1000 },
        Node { level: 0, index: 5000 },
        Node { level: 9, index: 1 },
        Node { level: 63, index: 0 },
        Node { level: 255, index: u64::MAX },
    ] {
        assert!(matches!(reader.read_hashes(&[node]), Err(TileReadError::Outside { .. })));
    }
    let mut short = tiles;
    short.0.get_mut(&(0, 0)).unwrap().truncate(100);
    let reader = TileHashReader::new(&short, size(1000));
    let result = reader.read_hashes(&[Node { level: 0, index: 0 }]);
    assert!(matches!(result, Err(TileReadError::Tile(TileError::TileLength { .. }))));
}

#[test]
fn edges_need_one_hash_per_bit() {
    let tree = MemTree::with(7);
    let peaks = tree.edge.peaks().to_vec();
    assert_eq!(RightEdge::new(size(7), peaks.clone()).unwrap(), tree.edge);
    let error = RightEdge::new(size(8), peaks);
    assert_eq!(error, Err(TreeError::EdgeLength { size: 8, want: 1, got: 3 }));
    let full = RightEdge::new(TreeSize::MAX, vec![Hash::EMPTY_ROOT; 63]).unwrap();
    let mut appender = Appender::new(full.clone());
    assert_eq!(appender.push_leaf(Hash::EMPTY_ROOT), Err(TreeError::Full));
    assert_eq!(appender.finish().edge, full);
}

proptest! {
    #[test]
    fn bundles_are_read_in_one_way(bytes in any::<Vec<u8>>(), width in 0_u16..300) {
        if let Ok(entries) = decode_bundle(&bytes, width) {
            prop_assert_eq!(encode_bundle(&entries).unwrap(), bytes);
        }
    }

    #[test]
    fn bundles_round_trip(
        entries in proptest::collection::vec(any::<Vec<u8>>(), 1..=256),
        cut in any::<proptest::sample::Index>(),
    ) {
        let width = u16::try_from(entries.len()).unwrap();
        let bytes = encode_bundle(&entries).unwrap();
        prop_assert_eq!(decode_bundle(&bytes, width).unwrap(), entries);
        assert!(decode_bundle(&bytes[..cut.index(bytes.len())], width).is_err());
    }

    #[test]
    fn paths_are_read_in_one_way(
        path in "(tile|x)/(entries|[0-9]{1,3})(/x?[0-9]{2,4}){0,4}(\\.p/[0-9]{0,4})?",
    ) {
        if let Ok(tile) = Tile::from_path(&path) {
            prop_assert_eq!(tile.path(), path.clone());
        }
        if let Ok(tile) = EntryTile::from_path(&path) {
            prop_assert_eq!(tile.path(), path);
        }
    }

    #[test]
    fn paths_round_trip(level in 0_u8..64, index in any::<u64>(), width in 1_u16..=256) {
        let tile = Tile::new(level, index, width).unwrap();
        prop_assert_eq!(Tile::from_path(&tile.path()).unwrap(), tile);
        let tile = EntryTile::new(index, width).unwrap();
        prop_assert_eq!(EntryTile::from_path(&tile.path()).unwrap(), tile);
    }

    #[test]
    fn arbitrary_paths_never_panic(path in any::<String>()) {
        let _ = (Tile::from_path(&path), EntryTile::from_path(&path));
    }
}
