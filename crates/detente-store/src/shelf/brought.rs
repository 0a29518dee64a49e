//! What accounts brought and the own list has not taken in yet: where it lies, not a second copy.

use detente_taxii::{Brought, Level, MAX_BROUGHT, Moment};
use rusqlite::{CachedStatement, Connection, OptionalExtension as _};

use super::packet::Packet;
use crate::sqlite::{Fault, damaged, number};

/// Bytes of an object's place: moment and level.
const PLACE: usize = 9;
/// How many levels there are, the closed one too.
const LEVELS: usize = Level::ALL.len();

/// Remembers what an account brought.
pub(super) fn bring(
    tx: &Connection,
    account: &str,
    collection: &str,
    objects: &[(Moment, Level)],
) -> Result<(), Fault> {
    let Some(collection) = super::collection(tx, collection)?.filter(|_| !objects.is_empty())
    else {
        return Ok(());
    };
    let mut places = Vec::with_capacity(objects.len() * PLACE);
    for (at, level) in objects {
        places.extend_from_slice(&at.micros().to_le_bytes());
        places.push(level.code());
    }
    let text = "INSERT INTO brought (account, collection, objects) VALUES (?1, ?2, ?3)";
    tx.prepare_cached(text)?.execute((account, collection, places))?;
    Ok(())
}

/// What was brought, until there are `max` objects or [`MAX_BROUGHT`] bytes, and the number of the
/// last row of it.
pub(super) fn brought(conn: &Connection, max: usize) -> Result<(Vec<Brought>, Option<u64>), Fault> {
    let mut rows =
        conn.prepare_cached("SELECT id, account, collection, objects FROM brought ORDER BY id")?;
    let mut rows = rows.query([])?;
    let mut finder = Finder {
        packet: conn.prepare_cached(
            "SELECT n, heads FROM packet WHERE collection = ?1 AND level = ?2 AND n <= ?3
            ORDER BY n DESC LIMIT 1",
        )?,
        body: conn.prepare_cached("SELECT bytes FROM body WHERE n = ?1")?,
        collection: 0,
        open: [const { None }; LEVELS],
    };
    let (mut all, mut upto, mut count, mut bytes) = (Vec::new(), None, 0, 0);
    while count < max && bytes < MAX_BROUGHT {
        let Some(row) = rows.next()? else { break };
        let mut places = places(row.get_ref(3)?.as_blob().map_err(rusqlite::Error::from)?);
        places.sort_unstable();
        finder.turn_to(row.get(2)?);
        let mut objects = Vec::with_capacity(places.len());
        for (n, level) in places {
            if let Some(found) = finder.find(n, level)? {
                bytes += found.len();
                objects.push((Level::from_code(level), found));
            }
        }
        count += objects.len();
        upto = Some(number(row, 0)?);
        all.push(Brought { account: row.get(1)?, objects });
    }
    Ok((all, upto))
}

/// Forgets rows up to this one.
pub(super) fn take(tx: &Connection, upto: u64) -> Result<(), Fault> {
    let upto = i64::try_from(upto).unwrap_or(i64::MAX);
    tx.prepare_cached("DELETE FROM brought WHERE id <= ?1")?.execute([upto])?;
    Ok(())
}

/// Moments and levels as they are kept.
fn places(kept: &[u8]) -> Vec<(i64, u8)> {
    let (places, _) = kept.as_chunks::<PLACE>();
    let place = |[a, b, c, d, e, f, g, h, level]: &[u8; PLACE]| {
        (i64::from_le_bytes([*a, *b, *c, *d, *e, *f, *g, *h]), *level)
    };
    places.iter().map(place).collect()
}

/// A packet with its bytes.
struct Open {
    n: i64,
    packet: Packet,
    bytes: Vec<u8>,
}

/// Finds objects by the moments since which they lie there; of each level the packet that was read
/// last is held.
struct Finder<'a> {
    packet: CachedStatement<'a>,
    body: CachedStatement<'a>,
    collection: i64,
    open: [Option<Open>; LEVELS],
}

impl Finder<'_> {
    /// Looks in this collection from now on.
    fn turn_to(&mut self, collection: i64) {
        if self.collection != collection {
            self.open = [const { None }; LEVELS];
            self.collection = collection;
        }
    }

    /// The bytes of an object, if it is still there. It lies at its level, or at a more open one if
    /// it was there before and is brought as something closer.
    fn find(&mut self, n: i64, level: u8) -> Result<Option<Vec<u8>>, Fault> {
        for level in (0..=level).rev() {
            if let Some(found) = self.find_at(n, level)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    fn find_at(&mut self, n: i64, level: u8) -> Result<Option<Vec<u8>>, Fault> {
        let Some(open) = self.open.get_mut(usize::from(level)) else {
            return Err(damaged(format!("an object of level {level}")));
        };
        if open.as_ref().is_none_or(|open| open.packet.place(n).is_none()) {
            let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get(1)?));
            let found = self.packet.query_row((self.collection, level, n), row).optional()?;
            let Some((at, heads)) = found else { return Ok(None) };
            if open.as_ref().is_some_and(|open| open.n == at) {
                return Ok(None);
            }
            let bytes = self.body.query_row([at], |row| row.get(0))?;
            *open = Some(Open { n: at, packet: Packet::read(heads)?, bytes });
        }
        let Some(open) = open else { return Ok(None) };
        let head = open.packet.place(n).and_then(|place| open.packet.heads.get(place));
        let Some(head) = head else { return Ok(None) };
        let bytes = open.bytes.get(head.at.clone());
        Ok(Some(bytes.ok_or_else(|| damaged(format!("the bytes of object {n}")))?.to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use detente_core::Tlp;
    use detente_taxii::{Incoming, Put, Query, Shelf, ShelfError, Which};

    use super::*;
    use crate::SqliteShelf;

    fn moment(micros: i64) -> Moment {
        Moment::of(micros).unwrap()
    }

    /// Puts objects of these names as GREEN; since when they lie there.
    fn put(shelf: &mut dyn Shelf, collection: &str, names: &[&str]) -> Vec<(Moment, Level)> {
        let level = Level::of(Tlp::Green);
        let object = |name| Incoming {
            creator: None,
            id: name,
            kind: "a",
            spec: "2.1",
            version: Some(moment(1)),
            level,
            bytes: str::as_bytes(name),
        };
        let objects: Vec<Incoming<'_>> = names.iter().map(|name| object(*name)).collect();
        let puts = shelf.put(collection, moment(100), &objects).unwrap();
        let since = |put| match put {
            Put::Added(at) | Put::Known(at, _) => (at, level),
            Put::Differs(_) | Put::Foreign(_) => panic!("other bytes"),
        };
        puts.into_iter().map(since).collect()
    }

    fn named(level: Level, names: &[&str]) -> Vec<(Level, Vec<u8>)> {
        names.iter().map(|name| (level, name.as_bytes().to_vec())).collect()
    }

    #[test]
    fn what_was_brought_is_remembered_until_it_is_taken() {
        let mut shelf = SqliteShelf::in_memory().unwrap();
        let (green, red) = (Level::of(Tlp::Green), Level::of(Tlp::Red));
        let many: Vec<String> = (0..200).map(|n| format!("a--{n}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let first = put(&mut shelf, "own", &many);
        // Lies between them, and is none of them.
        put(&mut shelf, "other", &["a--x"]);
        shelf.bring("one", "own", &first).unwrap();
        // Brought again, as something closer; and something new.
        let again = put(&mut shelf, "own", &["a--150", "a--3", "a--new"]);
        let again: Vec<(Moment, Level)> = again.into_iter().map(|(at, _)| (at, red)).collect();
        shelf.bring("two", "own", &again).unwrap();

        let one = Brought { account: "one".to_owned(), objects: named(green, &many) };
        let (brought, upto) = shelf.brought(200).unwrap();
        assert_eq!(brought, [one]);
        shelf.take_brought(upto.unwrap()).unwrap();
        let two = Brought {
            account: "two".to_owned(),
            objects: named(red, &["a--3", "a--150", "a--new"]),
        };
        let (brought, upto) = shelf.brought(1).unwrap();
        assert_eq!(brought, [two]);
        shelf.take_brought(upto.unwrap()).unwrap();
        assert_eq!(shelf.brought(1).unwrap(), (Vec::new(), None));
    }

    /// Who takes rows away has read them: what comes meanwhile has another number.
    #[test]
    fn what_comes_after_all_was_taken_is_not_taken_with_it() {
        let mut shelf = SqliteShelf::in_memory().unwrap();
        let objects = put(&mut shelf, "own", &["a--1"]);
        shelf.bring("one", "own", &objects).unwrap();
        let upto = shelf.brought(1).unwrap().1.unwrap();
        shelf.take_brought(upto).unwrap();
        shelf.bring("one", "own", &objects).unwrap();
        shelf.take_brought(upto).unwrap();
        assert_eq!(shelf.brought(1).unwrap().0.len(), 1);
    }

    #[test]
    fn what_was_taken_from_the_shelf_is_passed_over() {
        let mut shelf = SqliteShelf::in_memory().unwrap();
        let objects = put(&mut shelf, "own", &["a--1", "a--2"]);
        shelf.bring("one", "own", &objects).unwrap();
        let query = Query {
            collection: "own".to_owned(),
            clearance: Level::CLOSED,
            after: None,
            ids: vec!["a--1".to_owned()],
            kinds: Vec::new(),
            which: vec![Which::All],
            specs: Vec::new(),
            limit: 1,
            max_bytes: None,
        };
        assert_eq!(shelf.delete(&query).unwrap(), 1);
        let objects = named(Level::of(Tlp::Green), &["a--2"]);
        let rest = Brought { account: "one".to_owned(), objects };
        assert_eq!(shelf.brought(9).unwrap().0, [rest]);
    }

    #[test]
    fn what_is_done_together_is_done_whole_or_not_at_all() {
        let mut shelf = SqliteShelf::in_memory().unwrap();
        let failed = shelf.together(&mut |shelf| {
            let objects = put(shelf, "own", &["a--1"]);
            shelf.bring("one", "own", &objects)?;
            assert_eq!(shelf.brought(1)?.0.len(), 1);
            Err(ShelfError("the end".to_owned()))
        });
        assert_eq!(failed.unwrap_err().0, "the end");
        assert_eq!(shelf.brought(1).unwrap(), (Vec::new(), None));
        shelf
            .together(&mut |shelf| {
                let objects = put(shelf, "own", &["a--1"]);
                shelf.bring("one", "own", &objects)
            })
            .unwrap();
        assert_eq!(shelf.brought(1).unwrap().0.len(), 1);
    }

    /// A part that failed may be half done: whoever hides that does not get the rest.
    #[test]
    fn a_part_that_failed_undoes_the_rest() {
        let mut shelf = SqliteShelf::in_memory().unwrap();
        shelf.conn.execute_batch("DROP TABLE status").unwrap();
        let failed = shelf.together(&mut |shelf| {
            let objects = put(shelf, "own", &["a--1"]);
            shelf.bring("one", "own", &objects)?;
            let status = detente_taxii::StatusRow { id: String::new(), json: Vec::new() };
            assert!(shelf.put_status("own", "one", moment(1), &status).is_err());
            Ok(())
        });
        assert!(failed.is_err());
        assert_eq!(shelf.brought(1).unwrap(), (Vec::new(), None));
        assert_eq!(put(&mut shelf, "own", &["a--1"]).len(), 1);
    }
}
