//! Bodies that came before their leaves.

use detente_core::act::Salt;
use detente_node::ports::Store;

use super::{Done, entries, extend, is_failed, key};
use crate::MAX_STAGED_PLACES;

/// Bodies that tell their places apart.
fn bodies(places: std::ops::Range<u8>) -> Vec<(Salt, Vec<u8>)> {
    places.map(|n| ([n; 32], vec![n; usize::from(n)])).collect()
}

pub(super) fn bodies_end_at_a_gap(store: &mut dyn Store) -> Done {
    store.stage_bodies(key(1), 1, &bodies(1..4))?;
    store.stage_bodies(key(1), 6, &bodies(6..8))?;
    store.stage_bodies(key(1), 9, &[])?;
    assert_eq!(store.staged_bodies(key(1), 1..9)?, bodies(1..4));
    assert_eq!(store.staged_bodies(key(1), 2..3)?, bodies(2..3));
    assert_eq!(store.staged_bodies(key(1), 6..u64::MAX)?, bodies(6..8));
    for (start, end) in [(0, 9), (4, 9), (5, 9), (3, 1), (u64::MAX - 1, u64::MAX)] {
        assert_eq!(store.staged_bodies(key(1), start..end)?, [], "{start}..{end}");
    }
    // The gap is closed, and what was there is replaced.
    store.stage_bodies(key(1), 3, &bodies(13..16))?;
    let expected = [bodies(1..3), bodies(13..16), bodies(6..8)].concat();
    assert_eq!(store.staged_bodies(key(1), 1..9)?, expected);
    Ok(())
}

pub(super) fn bodies_go_with_their_leaves(store: &mut dyn Store) -> Done {
    store.stage_bodies(key(1), 0, &bodies(0..6))?;
    extend(store, key(1), &entries(0..4), None)?;
    for place in 0..4 {
        assert_eq!(store.staged_bodies(key(1), place..9)?, [], "{place}");
    }
    assert_eq!(store.staged_bodies(key(1), 4..9)?, bodies(4..6));
    // A body whose leaf has come is not kept.
    store.stage_bodies(key(1), 2, &bodies(12..18))?;
    assert_eq!(store.staged_bodies(key(1), 3..9)?, []);
    assert_eq!(store.staged_bodies(key(1), 4..9)?, bodies(14..18));
    assert_eq!(store.entries(key(1), 0..9)?, entries(0..4));
    Ok(())
}

pub(super) fn bodies_are_bounded(store: &mut dyn Store) -> Done {
    extend(store, key(1), &entries(0..3), None)?;
    let last = 3 + MAX_STAGED_PLACES - 1;
    store.stage_bodies(key(1), last, &bodies(1..2))?;
    for start in [last, last + 1, u64::MAX - 1, u64::MAX] {
        assert!(is_failed(&store.stage_bodies(key(1), start, &bodies(1..3))), "{start}");
    }
    // The first of the two would have had a place: neither is kept.
    assert_eq!(store.staged_bodies(key(1), last..last + 9)?, bodies(1..2));
    assert_eq!(store.staged_bodies(key(1), last + 1..last + 9)?, []);
    Ok(())
}
