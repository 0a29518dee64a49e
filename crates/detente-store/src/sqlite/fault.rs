//! What goes wrong inside a deed, and how SQLite's failures become the port's.
//!
//! Also here: reading and writing numbers, which SQLite keeps as signed 64-bit integers.

use detente_node::ports::StoreError;
use rusqlite::{Error, ErrorCode, Row};

/// What ends a deed.
#[derive(Debug)]
pub(crate) enum Fault {
    /// SQLite failed, or a column does not hold what it must.
    Sql(Error),
    /// The deed itself refused.
    Store(StoreError),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Fault {
        Fault::Sql(error)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Fault {
        Fault::Store(error)
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> StoreError {
        match fault {
            Fault::Sql(error) => sorted(&error),
            Fault::Store(error) => error,
        }
    }
}

/// Whose fault a failure of SQLite is: a full disk, a damaged file, or something else.
pub(super) fn sorted(error: &Error) -> StoreError {
    match error {
        Error::SqliteFailure(failure, _) => match failure.code {
            ErrorCode::DiskFull => StoreError::Full,
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => {
                StoreError::Damaged(error.to_string())
            }
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => {
                StoreError::Failed(format!("another process holds the database ({error})"))
            }
            _ => StoreError::Failed(error.to_string()),
        },
        // Only what this crate wrote is ever read, so a column of another sort is damage.
        Error::FromSqlConversionFailure(..)
        | Error::IntegralValueOutOfRange(..)
        | Error::InvalidColumnType(..)
        | Error::QueryReturnedNoRows
        | Error::Utf8Error(..) => StoreError::Damaged(error.to_string()),
        _ => StoreError::Failed(error.to_string()),
    }
}

/// What is stored contradicts itself.
pub(crate) fn damaged(what: impl Into<String>) -> Fault {
    Fault::Store(StoreError::Damaged(what.into()))
}

/// The caller asks for what can't be stored.
pub(super) fn refused(what: impl Into<String>) -> Fault {
    Fault::Store(StoreError::Failed(what.into()))
}

/// The stored state is not what the caller rests on.
pub(super) fn conflict(what: impl Into<String>) -> Fault {
    Fault::Store(StoreError::Conflict(what.into()))
}

/// A number as SQLite keeps it.
pub(super) fn sql(number: u64) -> Result<i64, Fault> {
    i64::try_from(number).map_err(|_| refused(format!("{number} is too large to be stored")))
}

/// A number as it was stored.
pub(crate) fn number<N: TryFrom<i64>>(row: &Row<'_>, column: usize) -> Result<N, Error> {
    let stored: i64 = row.get(column)?;
    N::try_from(stored).map_err(|_| Error::IntegralValueOutOfRange(column, stored))
}
