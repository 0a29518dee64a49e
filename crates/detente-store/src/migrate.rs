//! Numbered migrations: from an empty database to the present form, one step at a time.
//!
//! Is: the list of steps, and the run that brings a database up to date or refuses it. The number
//! of steps taken stands in SQLite's `user_version`, the mark of our files in its `application_id`.
//! Is not: a way back. A file of a newer program is refused and left as it is.

use rusqlite::{Connection, TransactionBehavior};

/// Marks a file as ours: "dete" in ASCII.
pub(crate) const APPLICATION_ID: i32 = 0x6465_7465;

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
pub(crate) fn run(conn: &mut Connection, steps: &[Migration]) -> Result<(), MigrateError> {
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
        step.pragma_update(None, "application_id", APPLICATION_ID)?;
        step.pragma_update(None, "user_version", i64::try_from(done + 1).unwrap_or(i64::MAX))?;
        step.commit()?;
    }
}

/// Whether the file is new or ours. Nothing is written.
///
/// # Errors
/// [`MigrateError::Foreign`] if it is neither.
pub(crate) fn check_ours(conn: &Connection) -> Result<(), MigrateError> {
    let application: i32 = conn.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: i64 = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let new = application == 0 && tables == 0 && version(conn)? == 0;
    if new || application == APPLICATION_ID { Ok(()) } else { Err(MigrateError::Foreign) }
}

fn version(conn: &Connection) -> Result<i64, rusqlite::Error> {
    conn.pragma_query_value(None, "user_version", |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::{MigrateError, Migration, SQLITE, run, version};
    use rusqlite::Connection;

    fn tables(conn: &Connection) -> i64 {
        conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn every_file_is_a_step_and_numbered() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/sqlite");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        files.sort();
        let steps: Vec<String> = SQLITE.iter().map(|step| format!("{}.sql", step.name)).collect();
        assert_eq!(files, steps);
        for (i, step) in SQLITE.iter().enumerate() {
            assert!(step.name.starts_with(&format!("{:04}_", i + 1)), "{}", step.name);
        }
    }

    #[test]
    fn steps_are_taken_once_and_only_the_missing_ones() {
        let one = Migration { name: "0001", sql: "CREATE TABLE a (x)" };
        let two = Migration { name: "0002", sql: "CREATE TABLE b (x); CREATE TABLE c (x)" };
        let mut conn = Connection::open_in_memory().unwrap();
        run(&mut conn, std::slice::from_ref(&one)).unwrap();
        assert_eq!((version(&conn).unwrap(), tables(&conn)), (1, 1));
        run(&mut conn, &[one, two]).unwrap();
        assert_eq!((version(&conn).unwrap(), tables(&conn)), (2, 3));
    }

    #[test]
    fn a_step_that_fails_leaves_nothing() {
        let good = || Migration { name: "0001", sql: "CREATE TABLE a (x)" };
        let bad = Migration { name: "0002", sql: "CREATE TABLE b (x); CREATE TABLE a (x)" };
        let mut conn = Connection::open_in_memory().unwrap();
        assert!(matches!(
            run(&mut conn, &[good(), bad]),
            Err(MigrateError::Step { name: "0002", .. })
        ));
        assert_eq!((version(&conn).unwrap(), tables(&conn)), (1, 1));
        run(&mut conn, &[good()]).unwrap();
    }

    #[test]
    fn a_newer_or_negative_version_is_refused() {
        for found in [5, -1] {
            let mut conn = Connection::open_in_memory().unwrap();
            run(&mut conn, SQLITE).unwrap();
            conn.pragma_update(None, "user_version", found).unwrap();
            let refused = run(&mut conn, SQLITE);
            assert!(
                matches!(refused, Err(MigrateError::Newer { found: f, known: 4 }) if f == found)
            );
        }
    }
}
