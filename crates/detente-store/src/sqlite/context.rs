//! Contexts: kept once each, found by their words' source and origin; and what is replaced when a
//! source says something else of its object.
//!
//! A STIX object or a MISP attribute has an id of its own. Its newer version takes the place of the
//! older one, also on values that the newer one does not name any more: there the source is entered
//! as having taken its words back.

use std::collections::HashMap;

use detente_core::Digest;
use detente_intel::{Context, Indicator};
use rusqlite::functions::FunctionFlags;
use rusqlite::{CachedStatement, Connection, OptionalExtension as _, Transaction};

use super::fault::{Fault, damaged, refused};

/// A version of an object and contexts of older ones.
pub(super) struct Newer {
    /// By what its contexts are found.
    pub(super) key: i64,
    /// Which version it is.
    pub(super) modified: i64,
    /// Contexts of older versions.
    pub(super) older: Vec<i64>,
    /// What stands where they are replaced: that their source took them back.
    pub(super) withdrawal: i64,
}

/// The numbers of the contexts, in the order of the indicators, and which of them are newer than
/// others; new contexts are entered.
pub(super) fn ids(
    tx: &Transaction<'_>,
    indicators: &[Indicator],
) -> Result<(Vec<i64>, Vec<Newer>), Fault> {
    let mut shelf = Shelf {
        find: tx.prepare_cached("SELECT id FROM context WHERE mark = ?1 AND digest = ?2")?,
        insert: tx.prepare_cached(
            "INSERT INTO context (mark, key, modified, digest, json) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?,
        others: tx.prepare_cached(
            "SELECT id, json FROM context INDEXED BY context_by_key
            WHERE key = ?1 AND id <> ?2 ORDER BY modified DESC, id DESC LIMIT ?3",
        )?,
        tx,
        known: HashMap::new(),
    };
    let mut last: Option<(&Context, i64)> = None;
    let (mut ids, mut newer) = (Vec::with_capacity(indicators.len()), Vec::new());
    for Indicator { context, .. } in indicators {
        // The lines of a list follow each other with the same context.
        if let Some((same, id)) = last
            && same == context
        {
            ids.push(id);
            continue;
        }
        let (id, new) = shelf.enter(context)?;
        if new && let Some((key, modified, older)) = shelf.replaced(id, context)? {
            let (source, origin) = (context.source.clone(), context.origin.clone());
            let withdrawal = Context {
                source,
                origin,
                modified: Some(modified),
                revoked: true,
                ..Context::default()
            };
            let (withdrawal, _) = shelf.enter(&withdrawal)?;
            newer.push(Newer { key, modified, older, withdrawal });
        }
        last = Some((context, id));
        ids.push(id);
    }
    Ok((ids, newer))
}

/// Versions of an object that a newer one is compared with: what is older than these was replaced
/// when they came. Count.
const MAX_VERSIONS: i64 = 16;

struct Shelf<'a> {
    find: CachedStatement<'a>,
    insert: CachedStatement<'a>,
    others: CachedStatement<'a>,
    tx: &'a Transaction<'a>,
    known: HashMap<Digest, i64>,
}

impl Shelf<'_> {
    /// The number of a context, and whether it is new.
    fn enter(&mut self, context: &Context) -> Result<(i64, bool), Fault> {
        let json = serde_json::to_string(context).map_err(|fault| refused(fault.to_string()))?;
        let digest = Digest::plain(json.as_bytes());
        if let Some(id) = self.known.get(&digest) {
            return Ok((*id, false));
        }
        let mark = mark(&digest);
        let found = self.find.query_row((mark, digest.as_bytes()), |row| row.get(0)).optional()?;
        let id = match found {
            Some(id) => id,
            None => {
                let row = (mark, key(context), context.modified, digest.as_bytes(), &json);
                self.insert.execute(row)?;
                self.tx.last_insert_rowid()
            }
        };
        self.known.insert(digest, id);
        Ok((id, found.is_none()))
    }

    /// The newest version of an object of which a context is new here, and contexts of older ones
    /// whose place it takes. Contexts of one version stand beside each other. A key alone may be
    /// made to meet another's.
    fn replaced(
        &mut self,
        id: i64,
        context: &Context,
    ) -> Result<Option<(i64, i64, Vec<i64>)>, Fault> {
        let (Some(key), Some(own)) = (key(context), context.modified) else { return Ok(None) };
        if context.revoked {
            return Ok(None);
        }
        let mut older = Vec::new();
        let mut rows = self.others.query((key, id, MAX_VERSIONS))?;
        while let Some(row) = rows.next()? {
            let said = stored(row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?)?;
            if said.revoked || (&said.source, &said.origin) != (&context.source, &context.origin) {
                continue;
            }
            match said.modified {
                // The newest stands first: an older version that comes late is itself replaced.
                Some(other) if own < other => return Ok(Some((key, other, vec![id]))),
                Some(other) if own > other => older.push(row.get(0)?),
                _ => {}
            }
        }
        Ok((!older.is_empty()).then_some((key, own, older)))
    }
}

/// Whether an origin names one object: a STIX id or a UUID. Other columns of a table may name what
/// many lines have in common.
fn is_of_one_object(origin: &str) -> bool {
    let uuid = origin.rsplit_once("--").map_or(origin, |(_, uuid)| uuid).as_bytes();
    let dash = |at: usize| matches!(at, 8 | 13 | 18 | 23);
    let fits = |(at, byte): (usize, &u8)| match dash(at) {
        true => *byte == b'-',
        false => byte.is_ascii_hexdigit(),
    };
    uuid.len() == 36 && uuid.iter().enumerate().all(fits)
}

/// The beginning of a digest, as SQLite keeps numbers.
fn mark(digest: &Digest) -> i64 {
    digest.as_bytes().first_chunk().map_or(0, |bytes| i64::from_le_bytes(*bytes))
}

/// By what versions of one object are found: a mark of their source and origin.
fn key(context: &Context) -> Option<i64> {
    context.modified?;
    let origin = context.origin.as_deref().filter(|origin| is_of_one_object(origin))?;
    let length = context.source.len().to_le_bytes();
    let named = [&length, context.source.as_bytes(), origin.as_bytes()].concat();
    Some(mark(&Digest::plain(&named)))
}

/// Makes known to SQL what the step of the form needs that brings in these columns.
pub(crate) fn register(conn: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DIRECTONLY;
    let read = |call: &rusqlite::functions::Context<'_>| {
        stored(&call.get::<String>(0)?).map_err(|_| rusqlite::Error::InvalidQuery)
    };
    conn.create_scalar_function("context_mark", 1, flags, |call| {
        Ok(mark(&Digest::new(call.get(0)?)))
    })?;
    conn.create_scalar_function("context_key", 1, flags, move |call| Ok(key(&read(call)?)))?;
    conn.create_scalar_function("context_modified", 1, flags, move |call| Ok(read(call)?.modified))
}

/// A context as it was stored.
pub(super) fn stored(json: &str) -> Result<Context, Fault> {
    serde_json::from_str(json).map_err(|fault| damaged(format!("a stored context: {fault}")))
}

#[cfg(test)]
mod tests {
    use super::is_of_one_object;

    #[test]
    fn ids_of_objects_are_told_from_other_origins() {
        let uuid = "e828b379-4e03-4974-9ac4-e53a884c97c1";
        for origin in [uuid, &format!("indicator--{uuid}")] {
            assert!(is_of_one_object(origin), "{origin}");
        }
        for origin in ["", "5", "threat-17", "e828b379", &uuid[1..], &format!("{uuid}0")] {
            assert!(!is_of_one_object(origin), "{origin}");
        }
    }
}
