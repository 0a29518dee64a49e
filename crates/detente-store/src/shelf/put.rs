//! Putting objects on the shelf.

use std::collections::{BTreeMap, HashMap};

use detente_core::Digest;
use detente_taxii::{Incoming, Level, Moment, Put, creator_of};
use rusqlite::{CachedStatement, Connection, OptionalExtension as _};

use super::old::Old;
use super::packet::{ALL, MAX_BYTES, MAX_OBJECTS, New, Packet, seers};
use crate::sqlite::{Fault, damaged};

/// What an id is found by: half of its SHA-256.
pub(super) type Key = [u8; 16];

/// The key of an id.
pub(super) fn key(id: &str) -> Key {
    let digest = Digest::plain(id.as_bytes());
    let mut key = [0; 16];
    for (to, from) in key.iter_mut().zip(digest.as_bytes()) {
        *to = *from;
    }
    key
}

/// Where an object is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// On the shelf: its number and its packet's.
    Old(i64, i64),
    /// Among those that are being put.
    New(usize),
}

/// An object that is being put.
struct Fresh {
    n: i64,
    /// Which one of those that came.
    of: usize,
    version: i64,
    ends: (u8, u8),
}

/// An end of an id: for whom it is the oldest and the newest version.
struct End {
    place: Place,
    version: i64,
    first: u8,
    last: u8,
}

/// What is known of an id that has versions.
#[derive(Default)]
struct Versions {
    /// Whether some were on the shelf before.
    old: bool,
    /// Those that are an end for anybody: a dozen at most.
    ends: Vec<Place>,
    /// What is new, by its version.
    new: HashMap<i64, usize>,
    /// Whose they are, by their own words, once that was asked: objects are large, and versions may
    /// come by the thousand.
    creator: Option<Option<String>>,
}

struct Writer<'a> {
    collection: i64,
    next: i64,
    objects: &'a [Incoming<'a>],
    keys: Vec<Key>,
    fresh: Vec<Fresh>,
    versions: HashMap<Key, Versions>,
    old: Old<'a>,
    same: CachedStatement<'a>,
    any: CachedStatement<'a>,
    ended: CachedStatement<'a>,
}

/// Puts objects in their order and says what became of each.
pub(super) fn put<'a>(
    tx: &'a Connection,
    name: &str,
    now: Moment,
    objects: &'a [Incoming<'a>],
) -> Result<Vec<Put>, Fault> {
    let collection = collection(tx, name)?;
    let next: i64 = tx.query_row("SELECT next FROM counter", [], |row| row.get(0))?;
    let mut writer = Writer {
        collection,
        next: next.max(now.micros()),
        objects,
        keys: objects.iter().map(|object| key(object.id)).collect(),
        fresh: Vec::with_capacity(objects.len()),
        versions: HashMap::new(),
        old: Old::new(tx, collection)?,
        same: tx.prepare_cached(
            "SELECT n, back FROM object WHERE collection = ?1 AND id = ?2 AND version = ?3",
        )?,
        any: tx.prepare_cached(
            "SELECT n, back FROM object WHERE collection = ?1 AND id = ?2 LIMIT 1",
        )?,
        ended: tx.prepare_cached("SELECT n, back FROM ended WHERE collection = ?1 AND id = ?2")?,
    };
    writer.find()?;
    let puts = (0..objects.len()).map(|of| writer.put(of)).collect::<Result<_, _>>()?;
    writer.finish(tx)?;
    Ok(puts)
}

/// The number of a collection; a new one gets one.
fn collection(tx: &Connection, name: &str) -> Result<i64, Fault> {
    if let Some(id) = super::collection(tx, name)? {
        return Ok(id);
    }
    tx.execute("INSERT INTO collection (name) VALUES (?1)", [name])?;
    Ok(tx.last_insert_rowid())
}

impl Writer<'_> {
    /// Finds what is known of the ids that are here more than once or on the shelf already. In the
    /// order of the keys: neighbours in the table are read together.
    fn find(&mut self) -> Result<(), Fault> {
        let mut keys = self.keys.clone();
        keys.sort_unstable();
        for same in keys.chunk_by(|a, b| a == b) {
            let Some(key) = same.first() else { continue };
            let place = |row: &rusqlite::Row<'_>| {
                let n: i64 = row.get(0)?;
                Ok(Place::Old(n, n - row.get::<_, i64>(1)?))
            };
            let any = self.any.query_row((self.collection, key), place).optional()?;
            let Some(any) = any else {
                if same.len() > 1 {
                    self.versions.insert(*key, Versions::default());
                }
                continue;
            };
            let ends = self.ended.query_map((self.collection, key), place)?;
            let mut ends: Vec<Place> = ends.collect::<Result<_, _>>()?;
            if ends.is_empty() {
                // The only version is both.
                ends.push(any);
            }
            self.versions.insert(*key, Versions { old: true, ends, ..Versions::default() });
        }
        Ok(())
    }

    fn put(&mut self, of: usize) -> Result<Put, Fault> {
        let (Some(object), Some(key)) = (self.objects.get(of), self.keys.get(of).copied()) else {
            return Err(damaged("an object that did not come"));
        };
        let Some(versions) = self.versions.get(&key) else {
            let all = seers(object.level.code());
            return self.add(of, (all, all));
        };
        let places = versions.ends.clone();
        let mut ends = Vec::with_capacity(places.len());
        for place in places {
            ends.push(self.end(place)?);
        }
        // Without a version of its own, an object is a new one only if its bytes are.
        let same = match object.version {
            Some(version) => self.same(&key, version.micros())?,
            None => ends.iter().find(|end| end.last & ALL != 0).map(|end| end.place),
        };
        if let Some(same) = same {
            let level = self.level(same)?;
            if self.is(same, object.bytes)? {
                return moment(self.number(same)).map(|at| Put::Known(at, level));
            }
            if object.version.is_some() {
                return Ok(Put::Differs(level));
            }
        }
        let creator = self.creator(&key, &ends)?;
        if let (Some(creator), Some(end)) = (&creator, ends.first())
            && object.creator != Some(creator)
        {
            return self.level(end.place).map(Put::Foreign);
        }
        let creator = creator.or_else(|| object.creator.map(str::to_owned));
        // Its moment is its version, if no other version is that moment.
        while object.version.is_none() && self.same(&key, self.next)?.is_some() {
            self.next += 1;
        }
        let version = object.version.map_or(self.next, Moment::micros);
        let taken = self.take_ends(&mut ends, version, object.level)?;
        let at = self.fresh.len();
        let still = ends.iter().filter(|end| end.first != 0 || end.last != 0);
        let mut still: Vec<Place> = still.map(|end| end.place).collect();
        if taken != (0, 0) {
            still.push(Place::New(at));
        }
        if let Some(versions) = self.versions.get_mut(&key) {
            versions.new.insert(version, at);
            versions.creator = Some(creator);
            versions.ends = still;
        }
        self.add(of, taken)
    }

    fn add(&mut self, of: usize, ends: (u8, u8)) -> Result<Put, Fault> {
        let n = self.next;
        self.next += 1;
        let version = self.objects.get(of).and_then(|object| object.version);
        let version = version.map_or(n, Moment::micros);
        self.fresh.push(Fresh { n, of, version, ends });
        moment(n).map(Put::Added)
    }

    fn number(&self, place: Place) -> i64 {
        match place {
            Place::Old(n, _) => n,
            Place::New(at) => self.fresh.get(at).map_or(0, |fresh| fresh.n),
        }
    }

    /// How close it is held.
    fn level(&mut self, place: Place) -> Result<Level, Fault> {
        match place {
            Place::Old(n, packet) => {
                self.old.head(packet, n).map(|(code, _)| Level::from_code(code))
            }
            Place::New(at) => {
                let of = self.fresh.get(at).and_then(|fresh| self.objects.get(fresh.of));
                of.map(|object| object.level).ok_or_else(|| damaged("no such new object"))
            }
        }
    }

    fn end(&mut self, place: Place) -> Result<End, Fault> {
        Ok(match place {
            Place::Old(n, packet) => {
                let (_, head) = self.old.head(packet, n)?;
                End { place, version: head.version, first: head.first, last: head.last }
            }
            Place::New(at) => {
                let fresh = self.fresh.get(at).ok_or_else(|| damaged("no such new object"))?;
                let (first, last) = fresh.ends;
                End { place, version: fresh.version, first, last }
            }
        })
    }

    fn same(&mut self, key: &Key, version: i64) -> Result<Option<Place>, Fault> {
        let new = self.versions.get(key).and_then(|versions| versions.new.get(&version));
        if let Some(at) = new {
            return Ok(Some(Place::New(*at)));
        }
        let found = self.same.query_row((self.collection, key, version), |row| {
            let n: i64 = row.get(0)?;
            Ok(Place::Old(n, n - row.get::<_, i64>(1)?))
        });
        Ok(found.optional()?)
    }

    /// Takes the ends from whoever had them, for all who see this level and for whom this version
    /// is older or newer; says which it has now.
    fn take_ends(
        &mut self,
        ends: &mut [End],
        version: i64,
        level: Level,
    ) -> Result<(u8, u8), Fault> {
        let (mut first, mut last) = (0, 0);
        for seen in Level::ALL.into_iter().filter(|seen| level <= *seen) {
            let bit = 1 << seen.code();
            if !ends.iter().any(|end| end.first & bit != 0 && end.version <= version) {
                first |= bit;
            }
            if !ends.iter().any(|end| end.last & bit != 0 && end.version >= version) {
                last |= bit;
            }
        }
        for end in ends.iter_mut().filter(|end| end.first & first != 0 || end.last & last != 0) {
            end.first &= !first;
            end.last &= !last;
            let left = (end.first, end.last);
            match end.place {
                Place::Old(n, packet) => self.old.mark(packet, n, left)?,
                Place::New(at) => {
                    if let Some(fresh) = self.fresh.get_mut(at) {
                        fresh.ends = left;
                    }
                }
            }
        }
        Ok((first, last))
    }

    /// Whose the versions of an id are: the first creator that an end names. What is new adds to
    /// it as it is put.
    fn creator(&mut self, key: &Key, ends: &[End]) -> Result<Option<String>, Fault> {
        if let Some(asked) = self.versions.get(key).and_then(|versions| versions.creator.clone()) {
            return Ok(asked);
        }
        let mut creator = None;
        for end in ends {
            if let (Place::Old(n, packet), None) = (end.place, &creator) {
                creator = creator_of(self.old.bytes(packet, n)?);
            }
        }
        if let Some(versions) = self.versions.get_mut(key) {
            versions.creator = Some(creator.clone());
        }
        Ok(creator)
    }

    fn is(&mut self, place: Place, bytes: &[u8]) -> Result<bool, Fault> {
        match place {
            Place::Old(n, packet) => self.old.is(packet, n, bytes),
            Place::New(at) => {
                let of = self.fresh.get(at).and_then(|fresh| self.objects.get(fresh.of));
                Ok(of.is_some_and(|object| object.bytes == bytes))
            }
        }
    }

    /// Writes packets, and where each object is.
    fn finish(mut self, tx: &Connection) -> Result<(), Fault> {
        let packets = self.packets(tx)?;
        self.mark_ended(tx, &packets)?;
        self.old.write()?;
        let mut order: Vec<(Key, i64, i64, i64)> = Vec::with_capacity(self.fresh.len());
        for (fresh, packet) in self.fresh.iter().zip(&packets) {
            let Some(key) = self.keys.get(fresh.of) else { continue };
            order.push((*key, fresh.version, fresh.n, fresh.n - packet));
        }
        order.sort_unstable();
        let mut insert = tx.prepare_cached(
            "INSERT INTO object (collection, id, version, n, back) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?;
        for (key, version, n, back) in order {
            insert.execute((self.collection, key, version, n, back))?;
        }
        tx.execute("UPDATE counter SET next = ?1", [self.next])?;
        Ok(())
    }

    /// Writes the packets, and says of each new object which one it is in.
    fn packets(&mut self, tx: &Connection) -> Result<Vec<i64>, Fault> {
        let mut packets = vec![0; self.fresh.len()];
        let mut levels: BTreeMap<u8, Vec<usize>> = BTreeMap::new();
        for (at, fresh) in self.fresh.iter().enumerate() {
            let object = self.objects.get(fresh.of).map_or(Level::CLOSED, |object| object.level);
            levels.entry(object.code()).or_default().push(at);
        }
        let mut heads = tx.prepare_cached(
            "INSERT INTO packet (n, collection, level, heads) VALUES (?1, ?2, ?3, ?4)",
        )?;
        let mut body = tx.prepare_cached("INSERT INTO body (n, bytes) VALUES (?1, ?2)")?;
        for (level, list) in levels {
            let mut rest = list.as_slice();
            while let Some(first) = rest.first() {
                let (mut packet, mut bytes) = (Packet::default(), Vec::new());
                let n = self.fresh.get(*first).map_or(0, |fresh| fresh.n);
                let mut count = 0;
                for at in rest {
                    let Some(fresh) = self.fresh.get(*at) else { break };
                    let Some(object) = self.objects.get(fresh.of) else { break };
                    let full = count >= MAX_OBJECTS || bytes.len() + object.bytes.len() > MAX_BYTES;
                    if count > 0 && full {
                        break;
                    }
                    packet.push(&New {
                        n: fresh.n,
                        version: fresh.version,
                        ends: fresh.ends,
                        spec: object.spec,
                        kind: object.kind,
                        id: object.id,
                        size: object.bytes.len(),
                    })?;
                    bytes.extend_from_slice(object.bytes);
                    if let Some(in_packet) = packets.get_mut(*at) {
                        *in_packet = n;
                    }
                    count += 1;
                }
                if count == 0 {
                    return Err(damaged("an object that did not come"));
                }
                heads.execute((n, self.collection, level, packet.write()?))?;
                body.execute((n, &bytes))?;
                self.old.enter(level, n, &packet)?;
                rest = rest.get(count..).unwrap_or_default();
            }
        }
        Ok(packets)
    }

    /// Keeps the ends of ids that got one more version.
    fn mark_ended(&self, tx: &Connection, packets: &[i64]) -> Result<(), Fault> {
        for (key, versions) in &self.versions {
            let count = usize::from(versions.old) + versions.new.len();
            if versions.new.is_empty() || count < 2 {
                continue;
            }
            let place = |place: &Place| match *place {
                Place::Old(n, packet) => (n, packet),
                Place::New(at) => {
                    (self.number(*place), packets.get(at).copied().unwrap_or_default())
                }
            };
            let ends: Vec<(i64, i64)> = versions.ends.iter().map(place).collect();
            keep_ends(tx, self.collection, key, &ends)?;
        }
        Ok(())
    }
}

/// Keeps the ends of an id: number and packet of each; none if it has one version alone.
pub(super) fn keep_ends(
    tx: &Connection,
    collection: i64,
    key: &Key,
    ends: &[(i64, i64)],
) -> Result<(), Fault> {
    tx.prepare_cached("DELETE FROM ended WHERE collection = ?1 AND id = ?2")?
        .execute((collection, key))?;
    let mut insert =
        tx.prepare_cached("INSERT INTO ended (collection, id, n, back) VALUES (?1, ?2, ?3, ?4)")?;
    for (n, packet) in ends {
        insert.execute((collection, key, *n, *n - *packet))?;
    }
    Ok(())
}

pub(super) fn moment(micros: i64) -> Result<Moment, Fault> {
    Moment::of(micros).ok_or_else(|| damaged(format!("{micros} is no moment")))
}
