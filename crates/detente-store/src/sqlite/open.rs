//! Opening the file: its mode, SQLite's settings, the mark of our files, the migrations, and
//! whether the tables that lead to everything else are whole.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use detente_node::ports::StoreError;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::check;
use super::fault::sorted;
use crate::migrate::{self, Form, MigrateError};

/// Who may read and write the file: its owner.
const MODE: u32 = 0o600;
/// How long a write waits for another process before it is refused.
const BUSY: Duration = Duration::from_secs(5);
/// Statements kept compiled; more than this crate has.
const STATEMENTS: usize = 64;

/// Why a store can't be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The file can't be created, opened or narrowed.
    #[error("cannot open {}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The file is an SQLite database of another program.
    #[error("the file is a database of another program")]
    Foreign,
    /// A newer version of detente wrote the file.
    #[error("the store has version {found}, this program knows versions up to {known}: update it")]
    Newer {
        /// Version of the file.
        found: i64,
        /// Newest version known here.
        known: usize,
    },
    /// SQLite refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl OpenError {
    /// A stable machine code.
    pub const fn code(&self) -> &'static str {
        match self {
            OpenError::File { .. } => "store_file",
            OpenError::Foreign => "store_foreign",
            OpenError::Newer { .. } => "store_newer",
            OpenError::Store(error) => error.code(),
        }
    }
}

impl From<MigrateError> for OpenError {
    fn from(error: MigrateError) -> OpenError {
        match error {
            MigrateError::Foreign => OpenError::Foreign,
            MigrateError::Newer { found, known } => OpenError::Newer { found, known },
            MigrateError::Sql(error) => OpenError::Store(sorted(&error)),
            MigrateError::Step { name, source } => OpenError::Store(match sorted(&source) {
                StoreError::Failed(what) => StoreError::Failed(format!("step {name}: {what}")),
                other => other,
            }),
        }
    }
}

/// Opens or creates a node's file.
pub(super) fn file(path: &Path) -> Result<Connection, OpenError> {
    let conn = file_of(path, &migrate::NODE)?;
    check::directories(&conn).map_err(StoreError::from)?;
    Ok(conn)
}

/// Opens or creates a file of this form.
pub(crate) fn file_of(path: &Path, form: &Form) -> Result<Connection, OpenError> {
    let failed = |source| OpenError::File { path: path.to_owned(), source };
    // Absolute, so that SQLite can't take the path for a URI.
    let path = std::path::absolute(path).map_err(failed)?;
    make(&path).map_err(failed)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut conn = Connection::open_with_flags(&path, flags).map_err(|error| sorted(&error))?;
    prepare(&mut conn, "wal", form)?;
    Ok(conn)
}

/// Opens a node's database that is never on a disk.
pub(super) fn memory() -> Result<Connection, OpenError> {
    memory_of(&migrate::NODE)
}

/// Opens a database of this form that is never on a disk.
pub(crate) fn memory_of(form: &Form) -> Result<Connection, OpenError> {
    let mut conn = Connection::open_in_memory().map_err(|error| sorted(&error))?;
    prepare(&mut conn, "memory", form)?;
    Ok(conn)
}

/// Creates the file before SQLite does, with the right mode; SQLite gives its companions the mode
/// of the database. Files that are there and wider open are narrowed.
fn make(path: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).mode(MODE).create_new(true).open(path) {
        Ok(_) => {
            // The name must survive a power cut too.
            if let Some(folder) = path.parent() {
                File::open(folder)?.sync_all()?;
            }
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => narrow(path)?,
        Err(error) => return Err(error),
    }
    for ending in ["-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        match narrow(Path::new(&name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Takes a file from everybody but its owner. By its name: to open and close it would drop the
/// locks that another connection of this process holds on it (<https://sqlite.org/howtocorrupt.html>,
/// section 2.2), and another process could then take the write-ahead log away under it.
fn narrow(path: &Path) -> io::Result<()> {
    let found = fs::metadata(path)?;
    if !found.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "this is no file"));
    }
    if found.permissions().mode() & 0o077 != 0 {
        fs::set_permissions(path, Permissions::from_mode(MODE))?;
    }
    Ok(())
}

/// Sets what every connection needs, and brings the form up to date.
fn prepare(conn: &mut Connection, journal: &str, form: &Form) -> Result<(), OpenError> {
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    // Before anything is written: the file may not be ours.
    settle(conn, form)
        .map_err(MigrateError::from)
        .and_then(|()| migrate::check_ours(conn, form))?;
    let mode: String = conn
        .pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))
        .map_err(MigrateError::from)?;
    if mode != journal {
        let refusal = format!("no write-ahead log on this file system: journal mode is {mode}");
        return Err(StoreError::Failed(refusal).into());
    }
    migrate::run(conn, form)?;
    Ok(())
}

/// Settings of the connection; none of them touches the file.
fn settle(conn: &Connection, form: &Form) -> rusqlite::Result<()> {
    conn.busy_timeout(BUSY)?;
    // A commit returns when the disk has it; on macOS that takes a flag of its own.
    conn.pragma_update(None, "synchronous", "FULL")?;
    conn.pragma_update(None, "fullfsync", true)?;
    conn.pragma_update(None, "foreign_keys", true)?;
    // What is erased must not stay in free pages.
    conn.pragma_update(None, "secure_delete", true)?;
    conn.pragma_update(None, "cache_size", -form.cache_kib)?;
    conn.pragma_update(None, "journal_size_limit", form.wal_kib * 1024)?;
    conn.pragma_update(None, "wal_autocheckpoint", form.wal_pages)?;
    // No indicator is written to a folder for temporary files.
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    // A file made by somebody else is data, not program.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    // A statement is planned once, not anew for each value that is asked for.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    conn.pragma_update(None, "cell_size_check", true)
}
