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
use rusqlite::{CachedStatement, Connection, Transaction};

use super::fault::{Fault, damaged, refused};

/// A context and the older ones of the same source and origin.
pub(super) struct Newer {
    /// Its number.
    pub(super) id: i64,
    /// Theirs.
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
        insert: tx.prepare_cached("INSERT INTO context (key, digest, json) VALUES (?1, ?2, ?3)")?,
        find: tx.prepare_cached("SELECT id, digest FROM context WHERE key = ?1")?,
        read: tx.prepare_cached("SELECT json FROM context WHERE id = ?1")?,
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
        let (id, others) = shelf.enter(context)?;
        if let Some((id, older)) = shelf.replaced((id, context), others)? {
            let (source, origin) = (context.source.clone(), context.origin.clone());
            let withdrawal = Context { source, origin, revoked: true, ..Context::default() };
            let (withdrawal, _) = shelf.enter(&withdrawal)?;
            newer.push(Newer { id, older, withdrawal });
        }
        last = Some((context, id));
        ids.push(id);
    }
    Ok((ids, newer))
}

struct Shelf<'a> {
    insert: CachedStatement<'a>,
    find: CachedStatement<'a>,
    read: CachedStatement<'a>,
    tx: &'a Transaction<'a>,
    known: HashMap<Digest, i64>,
}

impl Shelf<'_> {
    /// The number of a context. If it is new, those that may be older words of the same origin too.
    fn enter(&mut self, context: &Context) -> Result<(i64, Vec<i64>), Fault> {
        let json = serde_json::to_string(context).map_err(|fault| refused(fault.to_string()))?;
        let digest = Digest::plain(json.as_bytes());
        if let Some(id) = self.known.get(&digest) {
            return Ok((*id, Vec::new()));
        }
        let key = key(context, &digest);
        let mut others = Vec::new();
        let mut same = None;
        let mut rows = self.find.query([key])?;
        while let Some(row) = rows.next()? {
            let id = row.get(0)?;
            match row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)? == digest.as_bytes() {
                true => same = Some(id),
                false => others.push(id),
            }
        }
        drop(rows);
        let id = match same {
            Some(id) => {
                others.clear();
                id
            }
            None => {
                self.insert.execute((key, digest.as_bytes(), &json))?;
                self.tx.last_insert_rowid()
            }
        };
        self.known.insert(digest, id);
        Ok((id, others))
    }

    /// The newest of a context that is new here and the others of the same source and origin, and
    /// what it takes the place of. A key alone may be made to meet another's.
    fn replaced(
        &mut self,
        (id, context): (i64, &Context),
        others: Vec<i64>,
    ) -> Result<Option<(i64, Vec<i64>)>, Fault> {
        if context.revoked || !context.origin.as_deref().is_some_and(is_of_one_object) {
            return Ok(None);
        }
        let mut older = Vec::new();
        let mut newest: Option<(i64, i64)> = None;
        for other in others {
            let json: String = self.read.query_row([other], |row| row.get(0))?;
            let said = stored(&json)?;
            if said.revoked || (&said.source, &said.origin) != (&context.source, &context.origin) {
                continue;
            }
            let newer =
                said.modified.filter(|other| context.modified.is_some_and(|own| own < *other));
            match newer {
                Some(modified) => newest = newest.max(Some((modified, other))),
                None => older.push(other),
            }
        }
        // An older version that comes late is itself replaced.
        Ok(match newest {
            Some((_, newest)) => Some((newest, vec![id])),
            None => (!older.is_empty()).then_some((id, older)),
        })
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

/// By what a context is found: its source and origin, or its digest where it has no origin.
fn key(context: &Context, digest: &Digest) -> i64 {
    let named = context.origin.as_deref().map(|origin| {
        let length = context.source.len().to_le_bytes();
        Digest::plain(&[&length, context.source.as_bytes(), origin.as_bytes()].concat())
    });
    let digest = named.as_ref().unwrap_or(digest);
    digest.as_bytes().first_chunk().map_or(0, |bytes| i64::from_le_bytes(*bytes))
}

/// Makes `context_key` known to SQL, for the step of the form that needs it.
pub(crate) fn register(conn: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DIRECTONLY;
    conn.create_scalar_function("context_key", 2, flags, |call| {
        let digest = Digest::new(call.get(0)?);
        let context = stored(&call.get::<String>(1)?);
        let context = context.map_err(|_| rusqlite::Error::InvalidQuery)?;
        Ok(key(&context, &digest))
    })
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
