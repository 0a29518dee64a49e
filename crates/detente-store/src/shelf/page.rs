//! Pages of the shelf, at the same cost wherever they begin.
//!
//! What an account may see is spread over its levels; each level is read front to back from an
//! index, and the next object is the earliest of their heads. Bytes are read for what is handed
//! over alone.

use detente_taxii::{Entry, Level, Moment, Query, Which};
use rusqlite::{CachedStatement, Connection, OptionalExtension as _, Row, Rows};

use super::put::moment;
use crate::sqlite::Fault;

/// From before every object.
const START: i64 = i64::MIN;

/// Hands over what is meant; says whether there is more.
pub(super) fn page(
    conn: &Connection,
    query: &Query,
    each: &mut dyn FnMut(Entry, &[u8]),
) -> Result<bool, Fault> {
    let Some(collection) = super::collection(conn, &query.collection)? else {
        return Ok(false);
    };
    let mut hand = Hand {
        query,
        fetch: conn.prepare_cached(
            "SELECT id, version, spec, first, last, bytes FROM object WHERE n = ?1",
        )?,
        given: 0,
        bytes: 0,
        each,
    };
    if query.ids.is_empty() {
        in_order(conn, collection, &mut hand)
    } else {
        by_id(conn, collection, &mut hand)
    }
}

/// What goes over the counter.
struct Hand<'a> {
    query: &'a Query,
    fetch: CachedStatement<'a>,
    given: usize,
    bytes: usize,
    each: &'a mut dyn FnMut(Entry, &[u8]),
}

/// What became of an object that might be meant.
enum Given {
    Yes,
    NotMeant,
    Full,
}

impl Hand<'_> {
    fn wants(&self, kind: &str) -> bool {
        self.query.kinds.is_empty() || self.query.kinds.iter().any(|known| known == kind)
    }

    /// Hands over one object, if its versions are meant and there is room.
    fn give(&mut self, n: i64) -> Result<Given, Fault> {
        let (query, given, spent) = (self.query, self.given, self.bytes);
        let mut rows = self.fetch.query([n])?;
        let Some(row) = rows.next()? else { return Ok(Given::NotMeant) };
        let version: i64 = row.get(1)?;
        let spec: String = row.get(2)?;
        let meant = query.specs.is_empty() || query.specs.contains(&spec);
        if !(meant && is_meant(query, version, row)?) {
            return Ok(Given::NotMeant);
        }
        let bytes = row.get_ref(5)?.as_blob().map_err(rusqlite::Error::from)?;
        let over = query.max_bytes.is_some_and(|max| given > 0 && spent + bytes.len() > max);
        if given >= query.limit || over {
            return Ok(Given::Full);
        }
        let entry = Entry { id: row.get(0)?, added: moment(n)?, version: moment(version)?, spec };
        let bytes = if query.max_bytes.is_some() { bytes } else { &[] };
        self.given += 1;
        self.bytes += bytes.len();
        (self.each)(entry, bytes);
        Ok(Given::Yes)
    }
}

/// Whether this version is one of those that are meant.
fn is_meant(query: &Query, version: i64, row: &Row<'_>) -> Result<bool, Fault> {
    let bit = 1 << query.clearance.code();
    let (first, last): (u8, u8) = (row.get(3)?, row.get(4)?);
    Ok(query.which.iter().any(|which| match which {
        Which::All => true,
        Which::First => first & bit != 0,
        Which::Last => last & bit != 0,
        Which::At(moment) => moment.micros() == version,
    }))
}

/// The levels that may be seen, open ones first.
fn levels(query: &Query) -> impl Iterator<Item = Level> {
    let clearance = query.clearance;
    Level::ALL.into_iter().filter(move |level| *level <= clearance)
}

fn in_order(conn: &Connection, collection: i64, hand: &mut Hand<'_>) -> Result<bool, Fault> {
    let text = if hand.query.which == [Which::Last] {
        "SELECT n, kind FROM object INDEXED BY object_last
        WHERE collection = ?1 AND level = ?2 AND n > ?3 AND last <> 0 AND last & ?4 <> 0
        ORDER BY n"
    } else {
        "SELECT n, kind FROM object INDEXED BY object_in_order
        WHERE collection = ?1 AND level = ?2 AND n > ?3 AND ?4 <> 0 ORDER BY n"
    };
    let after = hand.query.after.map_or(START, Moment::micros);
    let seen: Vec<Level> = levels(hand.query).collect();
    let bit = 1 << hand.query.clearance.code();
    let mut statements: Vec<CachedStatement<'_>> =
        seen.iter().map(|_| conn.prepare_cached(text)).collect::<Result<_, _>>()?;
    let mut streams: Vec<Rows<'_>> = Vec::with_capacity(seen.len());
    for (statement, level) in statements.iter_mut().zip(&seen) {
        streams.push(statement.query((collection, level.code(), after, bit))?);
    }
    let mut heads: Vec<Option<i64>> = Vec::with_capacity(seen.len());
    for stream in &mut streams {
        heads.push(next(stream, hand)?);
    }
    loop {
        let earliest = heads.iter().enumerate().filter_map(|(at, n)| Some((at, (*n)?)));
        let Some((at, n)) = earliest.min_by_key(|(_, n)| *n) else { return Ok(false) };
        if let Given::Full = hand.give(n)? {
            return Ok(true);
        }
        if let (Some(head), Some(stream)) = (heads.get_mut(at), streams.get_mut(at)) {
            *head = next(stream, hand)?;
        }
    }
}

/// The next object of a level whose type is meant.
fn next(stream: &mut Rows<'_>, hand: &Hand<'_>) -> Result<Option<i64>, Fault> {
    while let Some(row) = stream.next()? {
        if hand.wants(row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?) {
            return Ok(Some(row.get(0)?));
        }
    }
    Ok(None)
}

fn by_id(conn: &Connection, collection: i64, hand: &mut Hand<'_>) -> Result<bool, Fault> {
    for n in named(conn, collection, hand.query)? {
        let mut kind = conn.prepare_cached("SELECT kind FROM object WHERE n = ?1")?;
        let kind: Option<String> = kind.query_row([n], |row| row.get(0)).optional()?;
        if !kind.is_some_and(|kind| hand.wants(&kind)) {
            continue;
        }
        if let Given::Full = hand.give(n)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The objects of the ids that are meant, of all versions that may be seen, in order.
fn named(conn: &Connection, collection: i64, query: &Query) -> Result<Vec<i64>, Fault> {
    let mut find = conn.prepare_cached(
        "SELECT n FROM object WHERE collection = ?1 AND id = ?2 AND level <= ?3 AND n > ?4",
    )?;
    let after = query.after.map_or(START, Moment::micros);
    let mut all = Vec::new();
    for id in &query.ids {
        let found = find.query_map((collection, id, query.clearance.code(), after), |row| {
            row.get::<_, i64>(0)
        })?;
        for n in found {
            all.push(n?);
        }
    }
    all.sort_unstable();
    Ok(all)
}
