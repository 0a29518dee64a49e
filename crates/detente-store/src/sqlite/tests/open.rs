//! Opening: modes, foreign and newer files, paths.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use detente_core::{Digest, Kind, UnixSeconds};
use detente_intel::{Context, Indicator, Observable};
use detente_node::ports::{Store as _, StoreError};
use rusqlite::Connection;

use super::{SqliteStore, assert_whole, extend, place};
use crate::OpenError;
use crate::migrate::{self, Form};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn companion(path: &Path, ending: &str) -> std::path::PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

#[test]
fn the_file_and_its_companions_are_their_owners_alone() {
    let (_folder, path) = place();
    let mut store = SqliteStore::open(&path).unwrap();
    extend(&mut store, 3, 10).unwrap();
    for ending in ["", "-wal", "-shm"] {
        assert_eq!(mode(&companion(&path, ending)), 0o600, "{ending}");
    }
}

#[test]
fn files_that_are_wider_open_are_narrowed() {
    let (_folder, path) = place();
    let mut store = SqliteStore::open(&path).unwrap();
    extend(&mut store, 3, 10).unwrap();
    for ending in ["", "-wal", "-shm"] {
        let wide = fs::Permissions::from_mode(0o644);
        fs::set_permissions(companion(&path, ending), wide).unwrap();
    }
    let second = SqliteStore::open(&path).unwrap();
    for ending in ["", "-wal", "-shm"] {
        assert_eq!(mode(&companion(&path, ending)), 0o600, "{ending}");
    }
    assert_eq!(assert_whole(&second), 3);
}

#[test]
fn a_store_comes_back() {
    let (_folder, path) = place();
    extend(&mut SqliteStore::open(&path).unwrap(), 5, 100).unwrap();
    assert!(!companion(&path, "-wal").exists(), "the last one out empties the log");
    let mut store = SqliteStore::open(&path).unwrap();
    assert_eq!(assert_whole(&store), 5);
    extend(&mut store, 2, 100).unwrap();
    assert_eq!(assert_whole(&store), 7);
}

#[test]
fn commits_wait_for_the_disk() {
    let (_folder, path) = place();
    let store = SqliteStore::open(&path).unwrap();
    let setting = |name: &str| -> String {
        let text = format!("SELECT CAST({name} AS TEXT) FROM pragma_{name}");
        store.conn.query_row(&text, [], |row| row.get(0)).unwrap()
    };
    assert_eq!(setting("journal_mode"), "wal");
    assert_eq!(setting("synchronous"), "2");
    assert_eq!(setting("foreign_keys"), "1");
}

#[test]
fn a_newer_form_is_refused_and_left_alone() {
    let (_folder, path) = place();
    drop(SqliteStore::open(&path).unwrap());
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 77).unwrap();
    let before = fs::read(&path).unwrap();
    let error = SqliteStore::open(&path).unwrap_err();
    assert_eq!(error.code(), "store_newer");
    let text = error.to_string();
    assert!(text.contains("version 77") && text.contains("up to 8"), "{text}");
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_database_of_another_program_is_refused_and_left_alone() {
    let (_folder, path) = place();
    for sql in ["CREATE TABLE theirs (x)", "PRAGMA application_id = 5", "PRAGMA user_version = 1"] {
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        let before = fs::read(&path).unwrap();
        assert!(matches!(SqliteStore::open(&path), Err(OpenError::Foreign)), "{sql}");
        assert_eq!(fs::read(&path).unwrap(), before, "{sql}");
        fs::remove_file(&path).unwrap();
    }
}

#[test]
fn what_is_no_database_is_damaged() {
    let (_folder, path) = place();
    fs::write(&path, "not a database, but long enough to be looked at as one").unwrap();
    let error = SqliteStore::open(&path).unwrap_err();
    assert!(matches!(error, OpenError::Store(StoreError::Damaged(_))), "{error:?}");
    assert_eq!(error.code(), "store_damaged");
}

#[test]
fn an_empty_file_becomes_a_store() {
    let (_folder, path) = place();
    fs::write(&path, "").unwrap();
    assert_eq!(assert_whole(&SqliteStore::open(&path).unwrap()), 0);
    assert_eq!(mode(&path), 0o600);
}

#[test]
fn a_path_that_cannot_be_opened_says_so() {
    let (folder, path) = place();
    for wrong in [folder.path().to_owned(), path.join("below a file that is not there")] {
        let error = SqliteStore::open(&wrong).unwrap_err();
        assert!(matches!(&error, OpenError::File { path, .. } if *path == wrong), "{error:?}");
        assert_eq!(error.code(), "store_file");
    }
}

#[test]
fn a_path_is_never_a_uri() {
    let folder = tempfile::tempdir().unwrap();
    // Only a relative path can begin like a URI. No other test has one.
    let before = std::env::current_dir().unwrap();
    std::env::set_current_dir(folder.path()).unwrap();
    for name in ["file:x?mode=memory", ":memory:", "a?b#c%20"] {
        extend(&mut SqliteStore::open(name).unwrap(), 1, 10).unwrap();
        let path = folder.path().join(name);
        assert!(fs::metadata(&path).unwrap().len() > 0, "{name}");
        assert_eq!(assert_whole(&SqliteStore::open(&path).unwrap()), 1, "{name}");
    }
    std::env::set_current_dir(before).unwrap();
}

/// A store whose contexts were kept before they were found by their origin.
#[test]
fn contexts_of_an_older_form_are_kept_and_found() {
    let (_folder, path) = place();
    let origin = "indicator--e828b379-4e03-4974-9ac4-e53a884c97c1";
    let line = |value: &str, modified: i64| {
        let mut context = Context { origin: Some(origin.to_owned()), ..Context::default() };
        context.modified = Some(modified);
        let observable = Observable::from_normal(Kind::Domain, value).unwrap();
        Indicator { observable, context }
    };
    let old = line("a.example.com", 1);
    {
        let mut conn = Connection::open(&path).unwrap();
        let form = Form { steps: &migrate::SQLITE[..7], ..migrate::NODE };
        migrate::run(&mut conn, &form).unwrap();
        let json = serde_json::to_string(&old.context).unwrap();
        let digest = Digest::plain(json.as_bytes());
        let insert = "INSERT INTO context (id, digest, json) VALUES (1, ?1, ?2)";
        conn.execute(insert, (digest.as_bytes(), &json)).unwrap();
        conn.execute_batch(&format!(
            "INSERT INTO observable (kind, value, id) VALUES ({0}, 'a.example.com', 1);
            INSERT INTO sighting (observable, context, n, added) VALUES (1, 1, 1, 10);
            INSERT INTO tally (kind, own, contexts) VALUES ({0}, 1, 1);
            UPDATE counter SET next = 2",
            Kind::Domain.code()
        ))
        .unwrap();
    }
    let mut store = SqliteStore::open(&path).unwrap();
    store.check().unwrap();
    assert_eq!(store.contexts(&old.observable).unwrap(), std::slice::from_ref(&old.context));
    let at = UnixSeconds::new(20);
    let nothing = store.put_indicators(at, std::slice::from_ref(&old)).unwrap();
    assert_eq!((nothing.observables, nothing.contexts), (0, 0), "it is known again");
    store.put_indicators(at, &[line("b.example.com", 2)]).unwrap();
    assert!(store.contexts(&old.observable).unwrap()[1].revoked);
    store.check().unwrap();
}
