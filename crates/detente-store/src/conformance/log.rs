//! Logs: compare and set, tiles, checkpoints.

use detente_log::{RightEdge, TileWrite, TreeSize, encode_tile, leaf_hash};
use detente_node::ports::{LogAppend, LogRow, Store};

use super::{Done, accord, entries, extend, is_conflict, key, party, plan};

pub(super) fn unknown_log_is_empty(store: &mut dyn Store) -> Done {
    assert_eq!(store.log(key(1))?, LogRow::default());
    assert_eq!(store.entries(key(1), 0..10)?, []);
    assert_eq!(store.tile(key(1), 0, 0)?, None);
    assert_eq!(store.staged_bodies(key(1), 0..10)?, []);
    Ok(())
}

/// Through a partial tile, a full one and the first hash of the level above, in uneven steps.
pub(super) fn log_grows(store: &mut dyn Store) -> Done {
    let all = entries(0..600);
    let mut expected = RightEdge::empty();
    let mut at = 0;
    for step in [1, 2, 100, 153, 1, 0, 300, 43] {
        let new = &all[at..at + step];
        at += step;
        let note = format!("checkpoint {at}");
        // As for an own log; every other step as for a mirrored one.
        let checkpoint = (step != 2).then_some(note.as_bytes());
        let append = plan(&expected, new)?;
        store.append(key(1), &LogAppend { entries: new, append: &append, checkpoint })?;
        expected = append.edge;
        let stored = store.log(key(1))?;
        assert_eq!(stored.edge, expected);
        let newest = if step == 2 { "checkpoint 1" } else { &note };
        assert_eq!(stored.checkpoint.as_deref(), Some(newest.as_bytes()));
        assert_eq!(store.entries(key(1), 0..600)?, all[..at]);
        check_tiles(store, at)?;
    }
    assert_eq!(at, all.len());
    Ok(())
}

/// That every tile of the first `size` entries is there, as wide as they make it, and no other.
fn check_tiles(store: &dyn Store, size: usize) -> Done {
    let all = entries(0..size as u64);
    let whole = plan(&RightEdge::empty(), &all)?;
    for TileWrite { level, index, hashes, .. } in &whole.tiles {
        assert_eq!(store.tile(key(1), *level, *index)?, Some(encode_tile(hashes)));
        let next = whole.tiles.iter().any(|tile| (tile.level, tile.index) == (*level, index + 1));
        assert!(next || store.tile(key(1), *level, index + 1)?.is_none());
    }
    let lowest = store.tile(key(1), 0, 0)?.unwrap_or_default();
    let leaves: Vec<_> = all.iter().take(256).map(|entry| leaf_hash(&entry.leaf)).collect();
    assert_eq!(lowest, encode_tile(&leaves));
    for (level, index) in [(2, 0), (63, 0), (255, 0), (0, u64::MAX)] {
        assert_eq!(store.tile(key(1), level, index)?, None);
    }
    Ok(())
}

pub(super) fn stale_append_changes_nothing(store: &mut dyn Store) -> Done {
    let (first, second) = (entries(0..5), entries(5..8));
    let stale = plan(&RightEdge::empty(), &second)?;
    let edge = extend(store, key(1), &first, Some(b"one"))?;
    store.stage_bodies(key(1), 5, &[([1; 32], b"early".to_vec())])?;
    let before = store.log(key(1))?;
    let ahead = plan(&plan(&edge, &second)?.edge, &second)?;
    for append in [&stale, &ahead] {
        let write = LogAppend { entries: &second, append, checkpoint: Some(b"two") };
        assert!(is_conflict(&store.append(key(1), &write)));
        assert_eq!(store.log(key(1))?, before);
        assert_eq!(store.entries(key(1), 0..10)?, first);
        assert_eq!(store.staged_bodies(key(1), 5..6)?.len(), 1);
    }
    let again = plan(&edge, &second)?;
    store.append(key(1), &LogAppend { entries: &second, append: &again, checkpoint: None })?;
    assert_eq!(store.log(key(1))?.edge, again.edge);
    Ok(())
}

pub(super) fn checkpoints_only_grow(store: &mut dyn Store) -> Done {
    store.put_checkpoint(key(1), 0, b"empty")?;
    assert_eq!(store.log(key(1))?.checkpoint.as_deref(), Some(b"empty".as_slice()));
    extend(store, key(1), &entries(0..5), None)?;
    store.put_checkpoint(key(1), 3, b"three")?;
    store.put_checkpoint(key(1), 3, b"three, cosigned")?;
    assert_eq!(store.log(key(1))?.checkpoint.as_deref(), Some(b"three, cosigned".as_slice()));
    for (size, note) in [(2, "smaller"), (6, "beyond the entries"), (u64::MAX, "beyond all")] {
        assert!(is_conflict(&store.put_checkpoint(key(1), size, note.as_bytes())), "{note}");
    }
    assert_eq!(store.log(key(1))?.checkpoint.as_deref(), Some(b"three, cosigned".as_slice()));
    store.put_checkpoint(key(1), 5, b"five")?;
    assert_eq!(store.log(key(1))?.checkpoint.as_deref(), Some(b"five".as_slice()));
    Ok(())
}

pub(super) fn pending_is_compared(store: &mut dyn Store) -> Done {
    let notes = |texts: &[&str]| -> Vec<Vec<u8>> {
        texts.iter().map(|text| text.as_bytes().to_vec()).collect()
    };
    store.put_pending(key(1), &[], &notes(&["b", "a"]))?;
    assert_eq!(store.log(key(1))?.pending, notes(&["b", "a"]));
    for before in [notes(&[]), notes(&["a", "b"]), notes(&["b"]), notes(&["b", "a", "c"])] {
        assert!(is_conflict(&store.put_pending(key(1), &before, &notes(&["c"]))));
        assert_eq!(store.log(key(1))?.pending, notes(&["b", "a"]));
    }
    store.put_pending(key(1), &notes(&["b", "a"]), &notes(&["a", "c", "d"]))?;
    assert_eq!(store.log(key(1))?.pending, notes(&["a", "c", "d"]));
    store.put_pending(key(1), &notes(&["a", "c", "d"]), &[])?;
    assert_eq!(store.log(key(1))?.pending, notes(&[]));
    Ok(())
}

pub(super) fn entries_end_with_the_log(store: &mut dyn Store) -> Done {
    let all = entries(0..10);
    extend(store, key(1), &all, None)?;
    assert_eq!(store.entries(key(1), 3..7)?, all[3..7]);
    assert_eq!(store.entries(key(1), 8..12)?, all[8..]);
    assert_eq!(store.entries(key(1), 0..u64::MAX)?, all);
    for (start, end) in [(0, 0), (10, 20), (7, 3), (u64::MAX - 1, u64::MAX)] {
        assert_eq!(store.entries(key(1), start..end)?, [], "{start}..{end}");
    }
    Ok(())
}

pub(super) fn logs_are_apart(store: &mut dyn Store) -> Done {
    let keys = [(1, 1), (1, 2), (2, 1)]
        .map(|(a, p)| detente_node::ports::LogKey { accord: accord(a), party: party(p) });
    for (key, size) in keys.into_iter().zip([1, 2, 3]) {
        extend(store, key, &entries(size..2 * size), Some(&size.to_be_bytes()))?;
        store.put_pending(key, &[], &[size.to_le_bytes().to_vec()])?;
        store.stage_bodies(key, size, &[([7; 32], size.to_be_bytes().to_vec())])?;
    }
    for (key, size) in keys.into_iter().zip([1, 2, 3]) {
        let row = store.log(key)?;
        assert_eq!(row.edge.size(), TreeSize::new(size).unwrap_or_default());
        assert_eq!(row.checkpoint, Some(size.to_be_bytes().to_vec()));
        assert_eq!(row.pending, [size.to_le_bytes().to_vec()]);
        assert_eq!(store.entries(key, 0..9)?, entries(size..2 * size));
        let staged = store.staged_bodies(key, size..9)?;
        assert_eq!(staged, [([7; 32], size.to_be_bytes().to_vec())]);
    }
    Ok(())
}
