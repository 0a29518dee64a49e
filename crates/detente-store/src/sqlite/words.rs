//! Own indicators by the words that are said of them.
//!
//! Contexts are read after they have come, many at once: an index that is written context by
//! context costs twice what everything else does. Who looks for words has the rest read first.

use detente_intel::{Context, Observable, fates, texts, words};
use rusqlite::{Connection, Transaction};

use super::context::stored;
use super::fault::{Fault, number};
use super::indicator::{kind, observable, sightings};

/// Reads the words of contexts that have come since; says how many are left.
pub(super) fn read(tx: &Transaction<'_>, max: usize) -> Result<u64, Fault> {
    let reached: i64 = tx.query_row("SELECT context FROM words_reached", [], |row| row.get(0))?;
    let mut come =
        tx.prepare_cached("SELECT id, json FROM context WHERE id > ?1 ORDER BY id LIMIT ?2")?;
    let mut enter =
        tx.prepare_cached("INSERT INTO context_words (rowid, words) VALUES (?1, ?2)")?;
    let (mut last, mut line) = (reached, String::new());
    let mut rows = come.query((reached, i64::try_from(max).unwrap_or(i64::MAX)))?;
    while let Some(row) = rows.next()? {
        let said = stored(row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?)?;
        line.clear();
        for text in texts(&said) {
            words(text, &mut |word| {
                line.push_str(word);
                line.push(' ');
            });
        }
        last = row.get(0)?;
        enter.execute((last, &line))?;
    }
    if last > reached {
        tx.execute("UPDATE words_reached SET context = ?1", [last])?;
    }
    // Numbers of contexts have no gaps: none is ever taken away.
    let text = "SELECT coalesce(max(id), 0) - ?1 FROM context";
    Ok(tx.query_row(text, [last], |row| number(row, 0))?)
}

/// Whether a context of an observable is in force.
fn holds(conn: &Connection, observable: &Observable, context: &Context) -> Result<bool, Fault> {
    let sightings = sightings(conn, observable)?;
    let mut fated = sightings.iter().zip(fates(&sightings));
    Ok(fated.any(|((said, _), fate)| said == context && fate.is_none()))
}

/// Observables whose contexts in force have all of these words, the newest contexts first.
pub(super) fn find(
    conn: &Connection,
    wanted: &[String],
    max: usize,
) -> Result<Vec<(Observable, Context)>, Fault> {
    // Read as what was kept is read, so that nothing in it is an operator.
    let mut quoted = Vec::new();
    for text in wanted {
        words(text, &mut |word| quoted.push(format!("\"{word}\"")));
    }
    let Some(last) = quoted.last_mut() else { return Ok(Vec::new()) };
    last.push('*');
    let mut find = conn.prepare_cached(
        "SELECT rowid FROM context_words WHERE context_words MATCH ?1 ORDER BY rowid DESC",
    )?;
    let mut said = conn.prepare_cached("SELECT json FROM context WHERE id = ?1")?;
    let mut of = conn.prepare_cached(
        "SELECT kind, value FROM sighting INDEXED BY sighting_by_context
        JOIN observable ON observable.id = sighting.observable
        WHERE context = ?1 ORDER BY n LIMIT ?2",
    )?;
    let mut found = Vec::new();
    let mut contexts = find.query([quoted.join(" ")])?;
    while found.len() < max
        && let Some(row) = contexts.next()?
    {
        let id: i64 = row.get(0)?;
        let json: String = said.query_row([id], |row| row.get(0))?;
        let context = stored(&json)?;
        let left = i64::try_from(max.saturating_sub(found.len())).unwrap_or(i64::MAX);
        let mut rows = of.query((id, left))?;
        while let Some(row) = rows.next()? {
            let value = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
            let of = observable(kind(row.get(0)?)?, value)?;
            if holds(conn, &of, &context)? {
                found.push((of, context.clone()));
            }
        }
    }
    Ok(found)
}
