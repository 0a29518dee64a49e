//! Pages of the shelf, at the same cost wherever they begin and however much lies beside.
//!
//! What an account may see is spread over its levels; the packets of each level that hold something
//! that is meant are read front to back, and the next object is the earliest of their heads. Bytes
//! are read for packets of which something is handed over.

use detente_taxii::{Entry, Level, Moment, Query, Which};
use rusqlite::blob::Blob;
use rusqlite::{CachedStatement, Connection, OptionalExtension as _};

use super::packet::{Head, Packet, seers};
use super::put::key;
use crate::sqlite::{Fault, damaged};

/// From before every object.
const START: i64 = i64::MIN;

/// Hands over what is meant; says whether there is more.
pub(super) fn page(
    conn: &Connection,
    query: &Query,
    each: &mut dyn FnMut(Entry<'_>, &[u8]),
) -> Result<bool, Fault> {
    let Some(collection) = super::collection(conn, &query.collection)? else {
        return Ok(false);
    };
    let mut hand = Hand { query, given: 0, bytes: 0, each };
    let mut reader = Reader {
        heads: conn.prepare_cached("SELECT level, heads FROM packet WHERE n = ?1")?,
        conn,
        body: None,
        spare: Vec::new(),
    };
    if query.ids.is_empty() {
        in_order(conn, collection, &mut reader, &mut hand)
    } else {
        by_id(conn, collection, &mut reader, &mut hand)
    }
}

/// Reads packets.
struct Reader<'a> {
    heads: CachedStatement<'a>,
    conn: &'a Connection,
    /// The bytes of the packet that was read last.
    body: Option<Blob<'a>>,
    /// Room of packets that have been read.
    spare: Vec<Vec<u8>>,
}

/// A packet that is being read.
struct Open {
    n: i64,
    level: u8,
    packet: Packet,
    body: Option<Vec<u8>>,
}

impl Reader<'_> {
    fn open(&mut self, n: i64) -> Result<Open, Fault> {
        let found = self.heads.query_row([n], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        let (level, heads) = found.ok_or_else(|| missing(n))?;
        Ok(Open { n, level, packet: Packet::read(heads)?, body: None })
    }

    /// Reads the bytes of a packet. Straight into room that is used again: as a column of a row
    /// they would be copied twice more.
    fn fill(&mut self, open: &mut Open) -> Result<(), Fault> {
        if open.body.is_some() {
            return Ok(());
        }
        let blob = match self.body.take() {
            Some(mut blob) => {
                blob.reopen(open.n)?;
                self.body.insert(blob)
            }
            None => self.body.insert(self.conn.blob_open("main", "body", "bytes", open.n, true)?),
        };
        let mut bytes = self.spare.pop().unwrap_or_default();
        bytes.resize(blob.len(), 0);
        blob.read_at_exact(&mut bytes, 0)?;
        open.body = Some(bytes);
        Ok(())
    }

    /// Keeps the room of a packet that has been read.
    fn done(&mut self, open: Option<Open>) {
        self.spare.extend(open.and_then(|open| open.body));
    }
}

/// What goes over the counter.
struct Hand<'a> {
    query: &'a Query,
    given: usize,
    bytes: usize,
    each: &'a mut dyn FnMut(Entry<'_>, &[u8]),
}

impl Hand<'_> {
    /// Whether an object of a level that may be seen is meant.
    fn means(&self, packet: &Packet, head: &Head) -> bool {
        let query = self.query;
        let bit = 1 << query.clearance.code();
        let version = query.which.iter().any(|which| match which {
            Which::All => true,
            Which::First => head.first & bit != 0,
            Which::Last => head.last & bit != 0,
            Which::At(moment) => moment.micros() == head.version,
        });
        let after = query.after.is_none_or(|after| head.n > after.micros());
        let wants = |kind: &String| packet.kind(head) == kind.as_bytes();
        let spec = |spec: &String| packet.spec(head) == spec;
        version
            && after
            && (query.kinds.is_empty() || query.kinds.iter().any(wants))
            && (query.specs.is_empty() || query.specs.iter().any(spec))
    }

    /// Hands an object over; false if there is no room for it.
    fn give(&mut self, reader: &mut Reader<'_>, open: &mut Open, at: usize) -> Result<bool, Fault> {
        let head = open.packet.heads.get(at).ok_or_else(|| missing(open.n))?;
        let (max, range) = (self.query.max_bytes, head.at.clone());
        let over = max.is_some_and(|max| self.given > 0 && self.bytes + range.len() > max);
        if self.given >= self.query.limit || over {
            return Ok(false);
        }
        self.given += 1;
        let mut bytes = &[][..];
        if max.is_some() {
            self.bytes += range.len();
            reader.fill(open)?;
            let body = open.body.as_ref().and_then(|body| body.get(range));
            bytes = body.ok_or_else(|| missing(open.n))?;
        }
        let head = open.packet.heads.get(at).ok_or_else(|| missing(open.n))?;
        (self.each)(open.packet.entry(head)?, bytes);
        Ok(true)
    }
}

/// The packets of one level that hold something that may be meant, front to back.
struct Stream {
    level: u8,
    /// Of each type and ends that are meant, the next packet.
    next: Vec<(String, u8, Option<i64>)>,
    open: Option<Open>,
    at: usize,
}

/// Finds packets by what they hold.
struct Finder<'a> {
    collection: i64,
    find: CachedStatement<'a>,
}

impl Finder<'_> {
    /// The first packet from this one on.
    fn find(&mut self, level: u8, kind: &str, last: u8, from: i64) -> Result<Option<i64>, Fault> {
        let found = self.find.query_row((self.collection, kind, level, last, from), |r| r.get(0));
        Ok(found.optional()?)
    }
}

impl Stream {
    /// Goes to the next object that is meant, and says its number.
    fn seek(
        &mut self,
        finder: &mut Finder<'_>,
        reader: &mut Reader<'_>,
        hand: &Hand<'_>,
    ) -> Result<Option<i64>, Fault> {
        loop {
            if let Some(open) = &self.open {
                let rest = open.packet.heads.get(self.at..).unwrap_or_default();
                if let Some(skip) = rest.iter().position(|head| hand.means(&open.packet, head)) {
                    self.at += skip;
                    return Ok(rest.get(skip).map(|head| head.n));
                }
            }
            reader.done(self.open.take());
            let Some(n) = self.next.iter().filter_map(|(_, _, n)| *n).min() else {
                return Ok(None);
            };
            for (kind, last, next) in self.next.iter_mut().filter(|(_, _, next)| *next == Some(n)) {
                *next = finder.find(self.level, kind, *last, n + 1)?;
            }
            self.open = Some(reader.open(n)?);
            self.at = 0;
        }
    }
}

/// The ends that objects of a level may have of which some are meant. For who sees a level c, an
/// object is the newest from its own level up to another one: that of the first newer version.
fn ends(query: &Query, level: u8) -> impl Iterator<Item = u8> {
    let from = if query.which == [Which::Last] { query.clearance.code() + 1 } else { level };
    (from..=Level::CLOSED.code() + 1).map(move |to| seers(level) & !seers(to))
}

fn in_order(
    conn: &Connection,
    collection: i64,
    reader: &mut Reader<'_>,
    hand: &mut Hand<'_>,
) -> Result<bool, Fault> {
    let query = hand.query;
    let mut finder = Finder {
        collection,
        find: conn.prepare_cached(
            "SELECT packet FROM holds WHERE collection = ?1 AND kind = ?2 AND level = ?3
            AND last = ?4 AND packet >= ?5 ORDER BY packet LIMIT 1",
        )?,
    };
    let mut before = conn.prepare_cached(
        "SELECT n FROM packet WHERE collection = ?1 AND level = ?2 AND n <= ?3
        ORDER BY n DESC LIMIT 1",
    )?;
    let any = [String::new()];
    let kinds = if query.kinds.is_empty() { &any[..] } else { &query.kinds };
    let mut streams = Vec::new();
    for level in Level::ALL.into_iter().filter(|level| *level <= query.clearance) {
        let level = level.code();
        let after = query.after.map_or(START, Moment::micros);
        // The packet in which a page begins began before it.
        let from = before.query_row((collection, level, after), |row| row.get(0)).optional()?;
        let from = from.unwrap_or(after);
        let mut next = Vec::new();
        for kind in kinds {
            for last in ends(query, level) {
                let n = finder.find(level, kind, last, from)?;
                if n.is_some() {
                    next.push((kind.clone(), last, n));
                }
            }
        }
        let mut stream = Stream { level, next, open: None, at: 0 };
        let head = stream.seek(&mut finder, reader, hand)?;
        streams.push((head, stream));
    }
    loop {
        streams.retain(|(head, _)| head.is_some());
        streams.sort_unstable_by_key(|(head, _)| *head);
        let until = streams.get(1).and_then(|(head, _)| *head);
        let Some((head, stream)) = streams.first_mut() else { return Ok(false) };
        // The earliest goes on until another is earlier.
        while head.is_some_and(|n| until.is_none_or(|until| n < until)) {
            let Some(open) = &mut stream.open else { return Err(missing(head.unwrap_or(START))) };
            if !hand.give(reader, open, stream.at)? {
                return Ok(true);
            }
            stream.at += 1;
            *head = stream.seek(&mut finder, reader, hand)?;
        }
    }
}

fn by_id(
    conn: &Connection,
    collection: i64,
    reader: &mut Reader<'_>,
    hand: &mut Hand<'_>,
) -> Result<bool, Fault> {
    let query = hand.query;
    let after = query.after.map_or(START, Moment::micros);
    let mut open: Option<Open> = None;
    for (n, packet) in named(conn, collection, query)?.into_iter().filter(|(n, _)| *n > after) {
        let mut held = match open.take() {
            Some(held) if held.n == packet => held,
            _ => reader.open(packet)?,
        };
        let at = held.packet.place(n).ok_or_else(|| missing(n))?;
        let head = held.packet.heads.get(at);
        let meant = held.level <= query.clearance.code()
            && head.is_some_and(|head| hand.means(&held.packet, head));
        if meant && !hand.give(reader, &mut held, at)? {
            return Ok(true);
        }
        open = Some(held);
    }
    Ok(false)
}

/// Where the versions may be that are meant of the ids that are: numbers and packets, in order.
fn named(conn: &Connection, collection: i64, query: &Query) -> Result<Vec<(i64, i64)>, Fault> {
    let mut every =
        conn.prepare_cached("SELECT n, back FROM object WHERE collection = ?1 AND id = ?2")?;
    let mut any = conn
        .prepare_cached("SELECT n, back FROM object WHERE collection = ?1 AND id = ?2 LIMIT 1")?;
    let mut ended =
        conn.prepare_cached("SELECT n, back FROM ended WHERE collection = ?1 AND id = ?2")?;
    let mut at = conn.prepare_cached(
        "SELECT n, back FROM object WHERE collection = ?1 AND id = ?2 AND version = ?3",
    )?;
    let place = |row: &rusqlite::Row<'_>| {
        let n: i64 = row.get(0)?;
        Ok((n, n - row.get::<_, i64>(1)?))
    };
    let mut all = Vec::new();
    for id in query.ids.iter().map(|id| (collection, key(id))) {
        if query.which.contains(&Which::All) {
            all.extend(every.query_map(id, place)?.collect::<Result<Vec<_>, _>>()?);
            continue;
        }
        for which in &query.which {
            if let Which::At(moment) = which {
                let found = at.query_row((id.0, id.1, moment.micros()), place).optional()?;
                all.extend(found);
            }
        }
        if query.which.contains(&Which::First) || query.which.contains(&Which::Last) {
            let ends = ended.query_map(id, place)?.collect::<Result<Vec<_>, _>>()?;
            if ends.is_empty() {
                // The only version is both.
                all.extend(any.query_row(id, place).optional()?);
            }
            all.extend(ends);
        }
    }
    all.sort_unstable();
    all.dedup();
    Ok(all)
}

fn missing(n: i64) -> Fault {
    damaged(format!("no object or packet {n}"))
}
