//! Numbered migrations: from an empty database to the present form, one step at a time.
//!
//! Is: the list of steps, and the run that brings a database up to date or refuses it. The number
//! of steps taken stands in SQLite's `user_version`, the mark of our files in its `application_id`.
//! Is not: a way back. A file of a newer program is refused and left as it is.

use rusqlite::{Connection, TransactionBehavior};

use crate::sqlite::context;

/// What makes a file ours, and how it comes to its present form.
pub(crate) struct Form {
    /// The mark of such files in SQLite's `application_id`.
    pub(crate) application_id: i32,
    /// The steps, in order: the n-th leads to version n.
    pub(crate) steps: &'static [Migration],
    /// Memory for pages of one connection, in KiB. SQLite takes it only as it needs it.
    pub(crate) cache_kib: i64,
    /// What the write-ahead log is cut to after a large write, in KiB.
    pub(crate) wal_kib: i64,
    /// Pages of the write-ahead log after which they go into the file.
    pub(crate) wal_pages: i64,
}

/// What a node keeps; the mark is "dete" in ASCII.
pub(crate) const NODE: Form = Form {
    application_id: 0x6465_7465,
    steps: SQLITE,
    // The upper levels of every B-tree and one batch of a large import.
    cache_kib: 64 * 1024,
    wal_kib: 16 * 1024,
    // SQLite's own: acts are few, and what is written should soon be in its place.
    wal_pages: 1_000,
};

/// What tools bring and read; the mark is "dshe" in ASCII. Shelves of the form before, which was
/// never released, had the mark "dets" and can't be read.
pub(crate) const SHELF: Form = Form {
    application_id: 0x6473_6865,
    steps: &[
        Migration { name: "0001_first", sql: include_str!("../migrations/shelf/0001_first.sql") },
        Migration {
            name: "0002_reached",
            sql: include_str!("../migrations/shelf/0002_reached.sql"),
        },
        Migration { name: "0003_feed", sql: include_str!("../migrations/shelf/0003_feed.sql") },
        Migration {
            name: "0004_feed_room",
            sql: include_str!("../migrations/shelf/0004_feed_room.sql"),
        },
        Migration {
            name: "0005_brought",
            sql: include_str!("../migrations/shelf/0005_brought.sql"),
        },
    ],
    // Several connections at once, each reading one page after the other.
    cache_kib: 8 * 1024,
    wal_kib: 64 * 1024,
    // As many as are kept anyway, so that a page that many writes change goes into the file once.
    wal_pages: 16 * 1024,
};

/// One step of the form. A step that was released never changes.
pub(crate) struct Migration {
    /// Name of its file, without the ending.
    pub(crate) name: &'static str,
    /// What it does.
    pub(crate) sql: &'static str,
}

/// All steps, in order: the n-th leads to version n.
pub(crate) const SQLITE: &[Migration] = &[
    Migration { name: "0001_first", sql: include_str!("../migrations/sqlite/0001_first.sql") },
    Migration { name: "0002_doubt", sql: include_str!("../migrations/sqlite/0002_doubt.sql") },
    Migration { name: "0003_lookup", sql: include_str!("../migrations/sqlite/0003_lookup.sql") },
    Migration {
        name: "0004_received_by_object",
        sql: include_str!("../migrations/sqlite/0004_received_by_object.sql"),
    },
    Migration {
        name: "0005_by_number",
        sql: include_str!("../migrations/sqlite/0005_by_number.sql"),
    },
    Migration { name: "0006_words", sql: include_str!("../migrations/sqlite/0006_words.sql") },
    Migration {
        name: "0007_words_later",
        sql: include_str!("../migrations/sqlite/0007_words_later.sql"),
    },
    Migration {
        name: "0008_by_origin",
        sql: include_str!("../migrations/sqlite/0008_by_origin.sql"),
    },
];

/// Why a database can't be brought up to date.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MigrateError {
    /// The file belongs to another program.
    #[error("a database of another program")]
    Foreign,
    /// A newer program wrote the file.
    #[error("version {found} of the form, newer than {known}")]
    Newer {
        /// Version of the file.
        found: i64,
        /// Newest version known here.
        known: usize,
    },
    /// SQLite failed.
    #[error("the database failed")]
    Sql(#[from] rusqlite::Error),
    /// SQLite failed in a step.
    #[error("step {name} failed")]
    Step {
        /// The step.
        name: &'static str,
        /// What SQLite said.
        #[source]
        source: rusqlite::Error,
    },
}

/// Takes the steps that are missing, each in its own transaction.
///
/// # Errors
/// [`MigrateError`]; the steps before the one that failed are done.
pub(crate) fn run(conn: &mut Connection, form: &Form) -> Result<(), MigrateError> {
    let steps = form.steps;
    context::register(conn)?;
    loop {
        // Read inside the transaction: another process may be at the same work.
        let step = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let done = version(&step)?;
        let done = usize::try_from(done)
            .ok()
            .filter(|done| *done <= steps.len())
            .ok_or(MigrateError::Newer { found: done, known: steps.len() })?;
        let Some(migration) = steps.get(done) else {
            return Ok(());
        };
        step.execute_batch(migration.sql)
            .map_err(|source| MigrateError::Step { name: migration.name, source })?;
        step.pragma_update(None, "application_id", form.application_id)?;
        step.pragma_update(None, "user_version", i64::try_from(done + 1).unwrap_or(i64::MAX))?;
        step.commit()?;
    }
}

/// Whether the file is new or ours. Nothing is written.
///
/// # Errors
/// [`MigrateError::Foreign`] if it is neither.
pub(crate) fn check_ours(conn: &Connection, form: &Form) -> Result<(), MigrateError> {
    let application: i32 = conn.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: i64 = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let new = application == 0 && tables == 0 && version(conn)? == 0;
    if new || application == form.application_id { Ok(()) } else { Err(MigrateError::Foreign) }
}

fn version(conn: &Connection) -> Result<i64, rusqlite::Error> {
    conn.pragma_query_value(None, "user_version", |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::{Form, MigrateError, Migration, NODE, SHELF, SQLITE, run, version};
    use rusqlite::Connection;

    fn tables(conn: &Connection) -> i64 {
        conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).unwrap()
    }

    /// Trial steps that live as long as the test.
    fn form(steps: Vec<Migration>) -> Form {
        Form {
            application_id: 1,
            steps: steps.leak(),
            cache_kib: 1024,
            wal_kib: 1024,
            wal_pages: 1_000,
        }
    }

    fn one() -> Migration {
        Migration { name: "0001", sql: "CREATE TABLE a (x)" }
    }

    #[test]
    fn every_file_is_a_step_and_numbered() {
        for (folder, form) in [("sqlite", NODE), ("shelf", SHELF)] {
            let folder = format!("{}/migrations/{folder}", env!("CARGO_MANIFEST_DIR"));
            let mut files: Vec<String> = std::fs::read_dir(folder)
                .unwrap()
                .map(|file| file.unwrap().file_name().into_string().unwrap())
                .collect();
            files.sort();
            let steps: Vec<String> =
                form.steps.iter().map(|step| format!("{}.sql", step.name)).collect();
            assert_eq!(files, steps);
            for (i, step) in form.steps.iter().enumerate() {
                assert!(step.name.starts_with(&format!("{:04}_", i + 1)), "{}", step.name);
            }
        }
    }

    #[test]
    fn steps_are_taken_once_and_only_the_missing_ones() {
        let two = Migration { name: "0002", sql: "CREATE TABLE b (x); CREATE TABLE c (x)" };
        let mut conn = Connection::open_in_memory().unwrap();
        run(&mut conn, &form(vec![one()])).unwrap();
        assert_eq!((version(&conn).unwrap(), tables(&conn)), (1, 1));
        run(&mut conn, &form(vec![one(), two])).unwrap();
        assert_eq!((version(&conn).unwrap(), tables(&conn)), (2, 3));
    }

    #[test]
    fn a_step_that_fails_leaves_nothing() {
        let bad = Migration { name: "0002", sql: "CREATE TABLE b (x); CREATE TABLE a (x)" };
        let mut conn = Connection::open_in_memory().unwrap();
        assert!(matches!(
            run(&mut conn, &form(vec![one(), bad])),
            Err(MigrateError::Step { name: "0002", .. })
        ));
        assert_eq!((version(&conn).unwrap(), tables(&conn)), (1, 1));
        run(&mut conn, &form(vec![one()])).unwrap();
    }

    #[test]
    fn a_newer_or_negative_version_is_refused() {
        for found in [9, -1] {
            let mut conn = Connection::open_in_memory().unwrap();
            run(&mut conn, &NODE).unwrap();
            conn.pragma_update(None, "user_version", found).unwrap();
            let refused = run(&mut conn, &NODE);
            assert_eq!(SQLITE.len(), 8);
            assert!(
                matches!(refused, Err(MigrateError::Newer { found: f, known: 8 }) if f == found)
            );
        }
    }
}
