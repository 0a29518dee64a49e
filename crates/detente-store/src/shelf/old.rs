//! Packets that are on the shelf, while a deed changes them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use rusqlite::{CachedStatement, Connection, OptionalExtension as _};

use super::packet::{Head, Packet};
use crate::sqlite::{Fault, damaged};

/// Packets that are held at once: of more, those that changed are written and all are let go.
const HELD: usize = 128;

/// Packets by their numbers, read as they are needed.
pub(super) struct Old<'a> {
    collection: i64,
    held: BTreeMap<i64, Held>,
    heads: CachedStatement<'a>,
    body: CachedStatement<'a>,
    write: CachedStatement<'a>,
    hold: CachedStatement<'a>,
    let_go: CachedStatement<'a>,
    drop_heads: CachedStatement<'a>,
    drop_body: CachedStatement<'a>,
}

struct Held {
    level: u8,
    packet: Packet,
    /// What it held before it was changed, if it was.
    before: Option<BTreeSet<(Vec<u8>, u8)>>,
    body: Option<Vec<u8>>,
}

impl Held {
    fn changes(&mut self) {
        if self.before.is_none() {
            self.before = Some(self.packet.holds());
        }
    }
}

impl<'a> Old<'a> {
    pub(super) fn new(tx: &'a Connection, collection: i64) -> Result<Old<'a>, Fault> {
        Ok(Old {
            collection,
            held: BTreeMap::new(),
            heads: tx.prepare_cached("SELECT level, heads FROM packet WHERE n = ?1")?,
            body: tx.prepare_cached("SELECT bytes FROM body WHERE n = ?1")?,
            write: tx.prepare_cached("UPDATE packet SET heads = ?2 WHERE n = ?1")?,
            hold: tx.prepare_cached(
                "INSERT INTO holds (collection, kind, level, last, packet)
                VALUES (?1, CAST(?2 AS TEXT), ?3, ?4, ?5)",
            )?,
            let_go: tx.prepare_cached(
                "DELETE FROM holds WHERE collection = ?1 AND kind = CAST(?2 AS TEXT) AND level = ?3
                AND last = ?4 AND packet = ?5",
            )?,
            drop_heads: tx.prepare_cached("DELETE FROM packet WHERE n = ?1")?,
            drop_body: tx.prepare_cached("DELETE FROM body WHERE n = ?1")?,
        })
    }

    fn held(&mut self, packet: i64) -> Result<&mut Held, Fault> {
        if !self.held.contains_key(&packet) {
            if self.held.len() >= HELD {
                self.write()?;
            }
            let found = self.heads.query_row([packet], |row| Ok((row.get(0)?, row.get(1)?)));
            let (level, heads) = found.optional()?.ok_or_else(|| missing(packet))?;
            let held = Held { level, packet: Packet::read(heads)?, before: None, body: None };
            self.held.insert(packet, held);
        }
        self.held.get_mut(&packet).ok_or_else(|| missing(packet))
    }

    /// The level of a packet, and the head of an object in it.
    pub(super) fn head(&mut self, packet: i64, n: i64) -> Result<(u8, &Head), Fault> {
        let held = self.held(packet)?;
        let head = held.packet.place(n).and_then(|place| held.packet.heads.get(place));
        head.map(|head| (held.level, head)).ok_or_else(|| missing(n))
    }

    /// Whether these are an object's bytes.
    pub(super) fn is(&mut self, packet: i64, n: i64, bytes: &[u8]) -> Result<bool, Fault> {
        if self.head(packet, n)?.1.at.len() != bytes.len() {
            return Ok(false);
        }
        Ok(self.bytes(packet, n)? == bytes)
    }

    /// An object's bytes.
    pub(super) fn bytes(&mut self, packet: i64, n: i64) -> Result<&[u8], Fault> {
        let at = self.head(packet, n)?.1.at.clone();
        if self.held(packet)?.body.is_none() {
            let body = self.body.query_row([packet], |row| row.get(0))?;
            self.held(packet)?.body = Some(body);
        }
        let body = self.held(packet)?.body.as_ref();
        body.and_then(|body| body.get(at)).ok_or_else(|| missing(n))
    }

    /// Says for whom an object is the oldest and the newest.
    pub(super) fn mark(&mut self, packet: i64, n: i64, ends: (u8, u8)) -> Result<(), Fault> {
        let held = self.held(packet)?;
        let place = held.packet.place(n).ok_or_else(|| missing(n))?;
        held.changes();
        if let Some(head) = held.packet.heads.get_mut(place) {
            (head.first, head.last) = ends;
        }
        Ok(())
    }

    /// Takes an object's head out; where its bytes were.
    pub(super) fn take(&mut self, packet: i64, n: i64) -> Result<Range<usize>, Fault> {
        let held = self.held(packet)?;
        held.changes();
        held.body = None;
        held.packet.take(n).ok_or_else(|| missing(n))
    }

    /// Enters what a new packet holds.
    pub(super) fn enter(&mut self, level: u8, n: i64, packet: &Packet) -> Result<(), Fault> {
        for (kind, last) in packet.holds() {
            self.hold.execute((self.collection, kind, level, last, n))?;
        }
        Ok(())
    }

    /// Writes what changed, and lets all go.
    pub(super) fn write(&mut self) -> Result<(), Fault> {
        for (n, held) in std::mem::take(&mut self.held) {
            let Some(before) = held.before else { continue };
            let after = held.packet.holds();
            for (kind, last) in before.difference(&after) {
                self.let_go.execute((self.collection, kind, held.level, last, n))?;
            }
            for (kind, last) in after.difference(&before) {
                self.hold.execute((self.collection, kind, held.level, last, n))?;
            }
            if held.packet.heads.is_empty() {
                self.drop_body.execute([n])?;
                self.drop_heads.execute([n])?;
            } else {
                self.write.execute((n, held.packet.write()?))?;
            }
        }
        Ok(())
    }
}

fn missing(n: i64) -> Fault {
    damaged(format!("no object or packet {n}"))
}
