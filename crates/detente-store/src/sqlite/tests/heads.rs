//! The file of heads: what tells an old copy, and what does not.

use std::fs;
use std::path::Path;

use detente_node::ports::{Store, StoreError};

use super::{SqliteStore, entries, extend, key, place, plan};
use detente_node::ports::LogAppend;

/// A guarded store whose own logs are those of party 1.
fn guarded(path: &Path) -> Result<SqliteStore, StoreError> {
    let mut store = SqliteStore::open(path).unwrap();
    store.guard(path.with_extension("heads"), key(1).party)?;
    Ok(store)
}

#[test]
fn an_old_copy_is_noticed_and_the_newer_one_welcome() {
    let (folder, path) = place();
    let (old, newer) = (folder.path().join("old.db"), folder.path().join("newer.db"));
    extend(&mut guarded(&path).unwrap(), 3, 10).unwrap();
    fs::copy(&path, &old).unwrap();
    extend(&mut guarded(&path).unwrap(), 2, 10).unwrap();
    fs::copy(&path, &newer).unwrap();
    fs::copy(&old, &path).unwrap();
    let refused = guarded(&path).unwrap_err();
    assert!(refused.to_string().contains("had 5 entries, the database has 3"), "{refused}");
    assert_eq!(refused.code(), "old_copy");
    // As long as it was, or longer, but not the same.
    for more in [2, 9] {
        let mut store = SqliteStore::open(&path).unwrap();
        let other = entries(100..100 + more, 10);
        let append = plan(&store.log(key(1)).unwrap().edge, &other);
        let write = LogAppend { entries: &other, append: &append, checkpoint: None };
        store.append(key(1), &write).unwrap();
        drop(store);
        let refused = guarded(&path).unwrap_err();
        assert!(refused.to_string().contains("other entries among the first 5"), "{refused}");
        fs::copy(&old, &path).unwrap();
    }
    // Emptied.
    fs::remove_file(&path).unwrap();
    assert!(matches!(guarded(&path), Err(StoreError::OldCopy(_))));
    fs::copy(&newer, &path).unwrap();
    extend(&mut guarded(&path).unwrap(), 1, 10).unwrap();
}

#[test]
fn heads_that_lag_or_were_never_written_are_made_up_for() {
    let (_folder, path) = place();
    extend(&mut SqliteStore::open(&path).unwrap(), 3, 10).unwrap();
    // A store from before there was such a file.
    drop(guarded(&path).unwrap());
    let file = path.with_extension("heads");
    let before = fs::read_to_string(&file).unwrap();
    assert!(before.contains(" 3 "), "{before}");
    // Killed between the two writes.
    extend(&mut SqliteStore::open(&path).unwrap(), 1, 10).unwrap();
    drop(guarded(&path).unwrap());
    assert!(fs::read_to_string(&file).unwrap().contains(" 4 "));
    // Logs of others are not ours to guard.
    let mut store = SqliteStore::open(&path).unwrap();
    store.guard(path.with_extension("others"), key(2).party).unwrap();
    extend(&mut store, 1, 10).unwrap();
    assert!(!path.with_extension("others").exists());
}

#[test]
fn a_file_of_heads_that_is_none_is_said_to_be() {
    let (_folder, path) = place();
    drop(SqliteStore::open(&path).unwrap());
    for text in ["", "x\n", "detente heads 1\nx 1 y\n", "detente heads 1\n\n"] {
        fs::write(path.with_extension("heads"), text).unwrap();
        let refused = guarded(&path).unwrap_err();
        assert!(matches!(&refused, StoreError::Damaged(words) if words.contains("line")), "{text}");
    }
}

/// The write of the head fails: the write says so, and nothing was entered.
#[test]
fn a_head_that_cannot_be_written_fails_the_write() {
    let (_folder, path) = place();
    let mut store = guarded(&path).unwrap();
    // A folder lies where the file would be made.
    fs::create_dir(path.with_extension("heads.new")).unwrap();
    assert!(matches!(extend(&mut store, 1, 10), Err(StoreError::Failed(_))));
    assert_eq!(store.log(key(1)).unwrap().edge.size().get(), 0);
    fs::remove_dir(path.with_extension("heads.new")).unwrap();
    extend(&mut store, 1, 10).unwrap();
    drop(store);
    assert_eq!(guarded(&path).unwrap().log(key(1)).unwrap().edge.size().get(), 1);
}
