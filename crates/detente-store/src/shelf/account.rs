//! Accounts of tools.

use detente_core::Tlp;
use detente_taxii::{Account, Level, Moment, ShelfError};
use rusqlite::{Connection, Row};

use super::SqliteShelf;
use crate::sqlite::{Fault, damaged};

/// The most accounts of a home. Count.
pub const MAX_ACCOUNTS: u32 = 10_000;

/// An account, and how its holder proves itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRow {
    /// What it may.
    pub account: Account,
    /// The hash of its password, as a PHC string.
    pub password: Option<String>,
    /// The SHA-256 of its bearer token.
    pub token: Option<[u8; 32]>,
    /// The SHA-256 of its certificate.
    pub certificate: Option<[u8; 32]>,
    /// When it was made.
    pub made: Moment,
}

const COLUMNS: &str =
    "name, password, token, certificate, clearance, unmarked, reads, writes, made";

impl SqliteShelf {
    /// Keeps an account; one of the same name is replaced. False if there are too many.
    ///
    /// # Errors
    /// [`ShelfError`]: its token or certificate is another one's, or the store failed.
    pub fn put_account(&mut self, row: &AccountRow) -> Result<bool, ShelfError> {
        self.write(|tx| {
            let others: u32 = tx.query_row(
                "SELECT count(*) FROM account WHERE name <> ?1",
                [&row.account.name],
                |row| row.get(0),
            )?;
            if others >= MAX_ACCOUNTS {
                return Ok(false);
            }
            let insert = format!(
                "INSERT INTO account ({COLUMNS})
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
            );
            tx.execute("DELETE FROM account WHERE name = ?1", [&row.account.name])?;
            tx.prepare_cached(&insert)?.execute((
                &row.account.name,
                &row.password,
                &row.token,
                &row.certificate,
                row.account.clearance.code(),
                row.account.unmarked.map(Tlp::code),
                row.account.reads.join("\n"),
                row.account.writes.join("\n"),
                row.made.micros(),
            ))?;
            Ok(true)
        })
    }

    /// Takes an account away; says whether there was one.
    ///
    /// # Errors
    /// [`ShelfError`].
    pub fn remove_account(&mut self, name: &str) -> Result<bool, ShelfError> {
        self.write(|tx| Ok(tx.execute("DELETE FROM account WHERE name = ?1", [name])? > 0))
    }

    /// All accounts, by name.
    ///
    /// # Errors
    /// [`ShelfError`].
    pub fn accounts(&self) -> Result<Vec<AccountRow>, ShelfError> {
        self.read(|conn| {
            let text = format!("SELECT {COLUMNS} FROM account ORDER BY name");
            let mut find = conn.prepare_cached(&text)?;
            let mut rows = find.query([])?;
            let mut all = Vec::new();
            while let Some(row) = rows.next()? {
                all.push(account(row)?);
            }
            Ok(all)
        })
    }

    /// The account of this name.
    ///
    /// # Errors
    /// [`ShelfError`].
    pub fn account(&self, name: &str) -> Result<Option<AccountRow>, ShelfError> {
        self.read(|conn| one(conn, "name", &name))
    }

    /// The account whose token has this SHA-256.
    ///
    /// # Errors
    /// [`ShelfError`].
    pub fn account_of_token(&self, hash: &[u8; 32]) -> Result<Option<AccountRow>, ShelfError> {
        self.read(|conn| one(conn, "token", hash))
    }

    /// The account whose certificate has this SHA-256.
    ///
    /// # Errors
    /// [`ShelfError`].
    pub fn account_of_certificate(
        &self,
        hash: &[u8; 32],
    ) -> Result<Option<AccountRow>, ShelfError> {
        self.read(|conn| one(conn, "certificate", hash))
    }
}

fn one(
    conn: &Connection,
    column: &str,
    value: &dyn rusqlite::ToSql,
) -> Result<Option<AccountRow>, Fault> {
    let text = format!("SELECT {COLUMNS} FROM account WHERE {column} = ?1");
    let mut find = conn.prepare_cached(&text)?;
    let mut rows = find.query([value])?;
    rows.next()?.map(account).transpose()
}

fn account(row: &Row<'_>) -> Result<AccountRow, Fault> {
    let lines = |text: String| text.lines().map(str::to_owned).collect();
    let unmarked: Option<u8> = row.get(5)?;
    let unmarked = unmarked
        .map(|code| Tlp::from_code(code).ok_or_else(|| damaged(format!("{code} is no colour"))))
        .transpose()?;
    let made = Moment::of(row.get(8)?).ok_or_else(|| damaged("an account made at no moment"))?;
    let account = Account {
        name: row.get(0)?,
        clearance: Level::from_code(row.get(4)?),
        reads: lines(row.get(6)?),
        writes: lines(row.get(7)?),
        unmarked,
    };
    let (password, token, certificate) = (row.get(1)?, row.get(2)?, row.get(3)?);
    Ok(AccountRow { account, password, token, certificate, made })
}
