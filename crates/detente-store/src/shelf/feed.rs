//! Feeds: what they are, how far they are, and what was wrong with their objects.

use detente_core::Tlp;
use detente_taxii::client::{Feed, FeedState, Proof, Trouble, Trust, Way, What};
use detente_taxii::client::{OBJECT_BYTES, collection_of};
use detente_taxii::{Incoming, Level, Moment, Put, ShelfError, Terms};
use rusqlite::{Connection, OptionalExtension as _, Row, TransactionBehavior};
use url::Url;
use zeroize::Zeroizing;

use super::put::moment;
use super::{SqliteShelf, failed};
use crate::sqlite::{Fault, damaged};

/// The most feeds of a home. Count.
pub const MAX_FEEDS: u32 = 1_000;
/// Troubles kept of one feed; the oldest go. Count.
pub const MAX_TROUBLES: u32 = 1_000;

/// A feed and how far it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedRow {
    /// How it was set up.
    pub feed: Feed,
    /// How far it is.
    pub state: FeedState,
}

/// What became of objects of a feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FeedPut {
    /// The shelf has answered for each.
    Put(Vec<Put>),
    /// None was put: the feed was taken away, or set up anew.
    Gone,
    /// None was put: what is new among them is larger than the room that is left.
    Full,
}

/// How much of a feed lies on the shelf.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filled {
    /// Objects by level, each level once.
    pub objects: Vec<(Level, u64)>,
    /// Bytes of all of them.
    pub bytes: u64,
}

impl Filled {
    /// All objects.
    pub fn count(&self) -> u64 {
        self.objects.iter().map(|(_, count)| count).sum()
    }

    /// The room that they take. Bytes.
    pub fn room(&self) -> u64 {
        self.bytes.saturating_add(self.count().saturating_mul(OBJECT_BYTES))
    }
}

/// Seconds in a day.
const DAY: u32 = 24 * 3_600;

/// What holds nothing closer.
const OPEN: Level = Level::of(Tlp::Clear);

const COLUMNS: &str = "name, root, collection, title, push, bound, unmarked, every, max_content, \
    authorities, pin, user, secret, chain, made, cursor, outcome, next, failures, \
    max_bytes";

impl SqliteShelf {
    /// Keeps a feed; one of the same name is replaced, its troubles with it. False if there are too
    /// many.
    ///
    /// # Errors
    /// [`ShelfError`].
    pub fn put_feed(&mut self, row: &FeedRow) -> Result<bool, ShelfError> {
        let FeedRow { feed, state } = row;
        let (push, bound, unmarked) = match feed.way {
            Way::Read { terms: Terms { unmarked, at_least } } => {
                (false, at_least.map_or(OPEN, Level::of), unmarked)
            }
            Way::Push { clearance } => (true, clearance, None),
        };
        let (authorities, pin) = match &feed.trust {
            Trust::System => (None, None),
            Trust::Authorities(pem) => (Some(pem.as_slice()), None),
            Trust::Pin(pin) => (None, Some(pin.as_slice())),
        };
        let (user, secret, chain) = match &feed.proof {
            Proof::Nobody => (None, None, None),
            Proof::Basic { user, password } => (Some(user), Some(password.as_bytes()), None),
            Proof::Bearer(token) => (None, Some(token.as_bytes()), None),
            Proof::Certificate { chain, key } => {
                (None, Some(key.as_slice()), Some(chain.as_slice()))
            }
        };
        self.write(|tx| {
            let others: u32 =
                tx.query_row("SELECT count(*) FROM feed WHERE name <> ?1", [&feed.name], |row| {
                    row.get(0)
                })?;
            if others >= MAX_FEEDS {
                return Ok(false);
            }
            tx.execute("DELETE FROM feed WHERE name = ?1", [&feed.name])?;
            let insert = format!(
                "INSERT INTO feed ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10,
                ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)"
            );
            tx.prepare(&insert)?.execute(rusqlite::params![
                feed.name,
                feed.root.as_str(),
                feed.collection,
                feed.title,
                push,
                bound.code(),
                unmarked.map(Tlp::code),
                feed.every,
                i64::try_from(feed.max_content).unwrap_or(i64::MAX),
                authorities,
                pin,
                user,
                secret,
                chain,
                feed.made.micros(),
                state.cursor,
                state.outcome,
                state.next.micros(),
                state.failures,
                i64::try_from(feed.max_bytes).unwrap_or(i64::MAX),
            ])?;
            Ok(true)
        })
    }

    /// Takes a feed away, and what it brought from the shelf; says whether there was one.
    ///
    /// # Errors
    /// [`ShelfError`].
    pub fn remove_feed(&mut self, name: &str) -> Result<bool, ShelfError> {
        self.write(|tx| {
            super::delete::clear(tx, &collection_of(name))?;
            Ok(tx.execute("DELETE FROM feed WHERE name = ?1", [name])? > 0)
        })
    }

    /// All feeds, by name.
    ///
    /// # Errors
    /// [`ShelfError`].
    pub fn feeds(&self) -> Result<Vec<FeedRow>, ShelfError> {
        self.read(|conn| {
            let mut find =
                conn.prepare_cached(&format!("SELECT {COLUMNS} FROM feed ORDER BY name"))?;
            let mut rows = find.query([])?;
            let mut all = Vec::new();
            while let Some(row) = rows.next()? {
                all.push(feed(row)?);
            }
            Ok(all)
        })
    }

    /// The feed of this name.
    ///
    /// # Errors
    /// [`ShelfError`].
    pub fn feed(&self, name: &str) -> Result<Option<FeedRow>, ShelfError> {
        self.read(|conn| {
            let mut find =
                conn.prepare_cached(&format!("SELECT {COLUMNS} FROM feed WHERE name = ?1"))?;
            let mut rows = find.query([name])?;
            rows.next()?.map(feed).transpose()
        })
    }

    /// The names and titles of feeds whose objects come here.
    ///
    /// # Errors
    /// [`ShelfError`].
    pub fn feeds_read(&self) -> Result<Vec<(String, String)>, ShelfError> {
        self.read(|conn| {
            let mut find =
                conn.prepare_cached("SELECT name, title FROM feed WHERE push = 0 ORDER BY name")?;
            let all = find.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(all.collect::<Result<_, _>>()?)
        })
    }

    /// The names of feeds that are due, longest first, each with the address of its root. One whose
    /// time is further ahead than any poll puts it is due too: the clock has been set back.
    ///
    /// # Errors
    /// [`ShelfError`].
    pub fn feeds_due(&self, now: Moment) -> Result<Vec<(String, String)>, ShelfError> {
        self.read(|conn| {
            let mut find = conn.prepare_cached(
                "SELECT name, root FROM feed
                WHERE next <= ?1 OR next > ?1 + max(every, ?2) * 1000000 ORDER BY next",
            )?;
            let all = find.query_map((now.micros(), DAY), |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(all.collect::<Result<_, _>>()?)
        })
    }

    /// Puts objects of a feed on the shelf, as long as it is still the same one and they take no
    /// more than this room. Bytes.
    ///
    /// # Errors
    /// [`ShelfError`]; nothing was put.
    pub fn put_of_feed(
        &mut self,
        of: &Feed,
        (now, room): (Moment, u64),
        objects: &[Incoming<'_>],
    ) -> Result<FeedPut, ShelfError> {
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate);
        let tx = tx.map_err(failed)?;
        if !is_same(&tx, of).map_err(failed)? {
            return Ok(FeedPut::Gone);
        }
        let collection = collection_of(&of.name);
        let puts = super::put::put(&tx, &collection, now, objects).map_err(failed)?;
        if taken(objects, &puts) > room {
            return Ok(FeedPut::Full);
        }
        tx.commit().map_err(failed)?;
        Ok(FeedPut::Put(puts))
    }

    /// How much of a feed lies on the shelf.
    ///
    /// # Errors
    /// [`ShelfError`].
    pub fn filled(&self, feed: &str) -> Result<Filled, ShelfError> {
        self.read(|conn| {
            let Some(id) = super::collection(conn, &collection_of(feed))? else {
                return Ok(Filled::default());
            };
            let mut find = conn.prepare_cached(
                "SELECT level, count(*) FROM object JOIN packet ON packet.n = object.n - object.back
                WHERE object.collection = ?1 GROUP BY level ORDER BY level",
            )?;
            let levels = find.query_map([id], |row| {
                Ok((Level::from_code(row.get(0)?), row.get::<_, i64>(1)?.unsigned_abs()))
            })?;
            let objects = levels.collect::<Result<_, _>>()?;
            let bytes: i64 = conn
                .prepare_cached(
                    "SELECT coalesce(sum(length(bytes)), 0) FROM body
                    WHERE n IN (SELECT n FROM packet WHERE collection = ?1)",
                )?
                .query_row([id], |row| row.get(0))?;
            Ok(Filled { objects, bytes: bytes.unsigned_abs() })
        })
    }

    /// Moves the cursor of a feed, unless it was taken away or set up anew since; says whether it
    /// was moved.
    ///
    /// # Errors
    /// [`ShelfError`].
    pub fn move_cursor(&mut self, of: &Feed, cursor: &str) -> Result<bool, ShelfError> {
        self.write(|tx| {
            let moved = tx.execute(
                "UPDATE feed SET cursor = ?3 WHERE name = ?1 AND made = ?2",
                (&of.name, of.made.micros(), cursor),
            )?;
            Ok(moved > 0)
        })
    }

    /// Keeps what came of a feed and when it is due again, unless another one has its name since.
    ///
    /// # Errors
    /// [`ShelfError`].
    pub fn put_outcome(&mut self, of: &Feed, state: &FeedState) -> Result<(), ShelfError> {
        self.write(|tx| {
            tx.execute(
                "UPDATE feed SET outcome = ?3, next = ?4, failures = ?5
                WHERE name = ?1 AND made = ?2",
                (&of.name, of.made.micros(), &state.outcome, state.next.micros(), state.failures),
            )?;
            Ok(())
        })
    }

    /// Keeps what was wrong with objects, unless another feed has the name since. What is there
    /// already is not kept twice.
    ///
    /// # Errors
    /// [`ShelfError`].
    pub fn put_troubles(&mut self, of: &Feed, troubles: &[Trouble]) -> Result<(), ShelfError> {
        self.write(|tx| {
            if !is_same(tx, of)? {
                return Ok(());
            }
            let mut forget = tx.prepare_cached(
                "DELETE FROM trouble WHERE feed = ?1 AND what = ?2 AND id = ?3 AND version = ?4",
            )?;
            let mut insert = tx.prepare_cached(
                "INSERT INTO trouble (feed, at, what, id, version, why)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?;
            let kept = usize::try_from(MAX_TROUBLES).unwrap_or(usize::MAX);
            for one in troubles.iter().skip(troubles.len().saturating_sub(kept)) {
                forget.execute((&of.name, one.what.code(), &one.id, &one.version))?;
                insert.execute((
                    &of.name,
                    one.at.micros(),
                    one.what.code(),
                    &one.id,
                    &one.version,
                    &one.why,
                ))?;
            }
            tx.execute(
                "DELETE FROM trouble WHERE feed = ?1 AND n NOT IN (SELECT n FROM trouble
                WHERE feed = ?1 ORDER BY n DESC LIMIT ?2)",
                (&of.name, MAX_TROUBLES),
            )?;
            Ok(())
        })
    }

    /// What was wrong with objects of a feed, the newest last.
    ///
    /// # Errors
    /// [`ShelfError`].
    pub fn troubles(&self, name: &str) -> Result<Vec<Trouble>, ShelfError> {
        self.read(|conn| {
            let mut find = conn.prepare_cached(
                "SELECT at, what, id, version, why FROM trouble WHERE feed = ?1 ORDER BY n",
            )?;
            let mut rows = find.query([name])?;
            let mut all = Vec::new();
            while let Some(row) = rows.next()? {
                let what: u8 = row.get(1)?;
                all.push(Trouble {
                    at: moment(row.get(0)?)?,
                    what: What::from_code(what).ok_or_else(|| damaged("an unknown trouble"))?,
                    id: row.get(2)?,
                    version: row.get(3)?,
                    why: row.get(4)?,
                });
            }
            Ok(all)
        })
    }
}

/// Whether a feed is still the one that was begun with.
fn is_same(tx: &Connection, of: &Feed) -> Result<bool, Fault> {
    let mut find = tx.prepare_cached("SELECT 1 FROM feed WHERE name = ?1 AND made = ?2")?;
    let same: Option<i64> =
        find.query_row((&of.name, of.made.micros()), |row| row.get(0)).optional()?;
    Ok(same.is_some())
}

/// The room that is taken by what is new. Bytes.
fn taken(objects: &[Incoming<'_>], puts: &[Put]) -> u64 {
    let new = objects.iter().zip(puts).filter(|(_, put)| matches!(put, Put::Added(_)));
    new.map(|(object, _)| (object.bytes.len() as u64).saturating_add(OBJECT_BYTES)).sum()
}

fn feed(row: &Row<'_>) -> Result<FeedRow, Fault> {
    let colour = |code: u8| Tlp::from_code(code).ok_or_else(|| damaged("a feed of no colour"));
    let root: String = row.get(1)?;
    let bound = Level::from_code(row.get(5)?);
    let way = if row.get(4)? {
        Way::Push { clearance: bound }
    } else {
        let unmarked: Option<u8> = row.get(6)?;
        let unmarked = unmarked.map(colour).transpose()?;
        let at_least = (bound != OPEN).then(|| colour(bound.code())).transpose()?;
        Way::Read { terms: Terms { unmarked, at_least } }
    };
    let (max_content, max_bytes): (i64, i64) = (row.get(8)?, row.get(19)?);
    let trust = match (row.get(9)?, row.get(10)?) {
        (Some(pem), _) => Trust::Authorities(pem),
        (None, Some(pin)) => Trust::Pin(pin),
        (None, None) => Trust::System,
    };
    let text = |bytes: Zeroizing<Vec<u8>>| match str::from_utf8(&bytes) {
        Ok(text) => Ok(Zeroizing::new(text.to_owned())),
        Err(_) => Err(damaged("a secret that is no text")),
    };
    let secret: Option<Vec<u8>> = row.get(12)?;
    let proof = match (row.get(11)?, secret.map(Zeroizing::new), row.get(13)?) {
        (_, None, _) => Proof::Nobody,
        (_, Some(key), Some(chain)) => Proof::Certificate { chain, key },
        (Some(user), Some(password), None) => Proof::Basic { user, password: text(password)? },
        (None, Some(token), None) => Proof::Bearer(text(token)?),
    };
    let feed = Feed {
        name: row.get(0)?,
        root: Url::parse(&root).map_err(|_| damaged("a feed of no address"))?,
        collection: row.get(2)?,
        title: row.get(3)?,
        way,
        every: row.get(7)?,
        max_content: max_content.unsigned_abs(),
        max_bytes: max_bytes.unsigned_abs(),
        trust,
        proof,
        made: moment(row.get(14)?)?,
    };
    let state = FeedState {
        cursor: row.get(15)?,
        outcome: row.get(16)?,
        next: moment(row.get(17)?)?,
        failures: row.get(18)?,
    };
    Ok(FeedRow { feed, state })
}

#[cfg(test)]
mod tests {
    use super::*;
    use detente_taxii::{Incoming, Shelf as _};

    fn row(name: &str, made: i64) -> FeedRow {
        let feed = Feed {
            name: name.to_owned(),
            root: Url::parse("https://h.example/api/").expect("a URL"),
            collection: "c".to_owned(),
            title: "C".to_owned(),
            way: Way::Read {
                terms: Terms { unmarked: Some(Tlp::Green), at_least: Some(Tlp::Amber) },
            },
            every: 60,
            max_content: 1_000,
            max_bytes: 10_000,
            trust: Trust::Pin([7; 32]),
            proof: Proof::Bearer(Zeroizing::new("t".to_owned())),
            made: Moment::of(made).expect("a moment"),
        };
        FeedRow { feed, state: FeedState::default() }
    }

    fn trouble(id: u32) -> Trouble {
        Trouble {
            at: Moment::START,
            what: What::Refused,
            id: id.to_string(),
            version: String::new(),
            why: "why".to_owned(),
        }
    }

    #[test]
    fn a_feed_comes_back_as_it_was_kept() {
        let mut shelf = SqliteShelf::in_memory().expect("a shelf");
        let mut one = row("one", 1);
        let mut all = vec![one.clone()];
        one.feed.name = "two".to_owned();
        one.feed.way = Way::Push { clearance: Level::CLOSED };
        one.feed.trust = Trust::Authorities(b"pem".to_vec());
        let password = Zeroizing::new("p".to_owned());
        one.feed.proof = Proof::Basic { user: "u".to_owned(), password };
        all.push(one.clone());
        one.feed.name = "zwo".to_owned();
        one.feed.trust = Trust::System;
        let key = Zeroizing::new(vec![1, 255]);
        one.feed.proof = Proof::Certificate { chain: vec![2], key };
        one.state.outcome = Some("{}".to_owned());
        all.push(one);
        for row in &all {
            assert!(shelf.put_feed(row).expect("kept"));
        }
        assert_eq!(shelf.feeds().expect("feeds"), all);
        assert_eq!(shelf.feed("one").expect("a feed").as_ref(), all.first());
        let read = shelf.feeds_read().expect("feeds");
        assert_eq!(read, [("one".to_owned(), "C".to_owned())]);
        assert!(
            shelf.remove_feed("two").expect("gone") && !shelf.remove_feed("two").expect("gone")
        );
    }

    #[test]
    fn another_feed_of_the_same_name_is_not_moved() {
        let mut shelf = SqliteShelf::in_memory().expect("a shelf");
        let (old, new) = (row("one", 1), row("one", 2));
        shelf.put_feed(&old).expect("kept");
        shelf.put_troubles(&old.feed, &[trouble(1)]).expect("kept");
        shelf.put_feed(&new).expect("kept");
        assert_eq!(shelf.troubles("one").expect("troubles"), []);
        assert!(!shelf.move_cursor(&old.feed, "moved").expect("nothing"));
        shelf.put_troubles(&old.feed, &[trouble(1)]).expect("nothing");
        let state = FeedState { failures: 3, ..FeedState::default() };
        shelf.put_outcome(&old.feed, &state).expect("nothing");
        assert_eq!(shelf.feed("one").expect("a feed"), Some(new.clone()));
        assert_eq!(shelf.troubles("one").expect("troubles"), []);
        assert!(shelf.move_cursor(&new.feed, "moved").expect("moved"));
        let next = Moment::of(9).expect("a moment");
        shelf.put_outcome(&new.feed, &FeedState { next, ..state }).expect("kept");
        let kept = shelf.feed("one").expect("a feed").expect("one").state;
        assert_eq!((kept.cursor.as_str(), kept.failures), ("moved", 3));
        let due = |at| shelf.feeds_due(Moment::of(at).expect("a moment")).expect("feeds");
        let one = vec![("one".to_owned(), "https://h.example/api/".to_owned())];
        assert_eq!((due(8), due(9)), (Vec::new(), one.clone()));
        // The clock was set back: no poll puts the next one further ahead than a day.
        let day = i64::from(DAY) * 1_000_000;
        assert_eq!((due(9 - day), due(8 - day)), (Vec::new(), one));
    }

    #[test]
    fn objects_come_for_the_feed_they_were_asked_for_alone_and_within_its_room() {
        let mut shelf = SqliteShelf::in_memory().expect("a shelf");
        let (old, new) = (row("one", 1), row("one", 2));
        let object = |id, bytes| Incoming {
            creator: None,
            id,
            kind: "x",
            spec: "2.1",
            version: Some(Moment::START),
            level: Level::CLOSED,
            bytes,
        };
        let (one, two) = ([object("x--1", b"{}")], [object("x--1", b"{}"), object("x--2", b"[]")]);
        let put = |shelf: &mut SqliteShelf, row: &FeedRow, room, objects: &[Incoming<'_>]| {
            shelf.put_of_feed(&row.feed, (Moment::START, room), objects).expect("an answer")
        };
        assert_eq!(put(&mut shelf, &old, 1_000, &one), FeedPut::Gone);
        shelf.put_feed(&old).expect("kept");
        assert_eq!(put(&mut shelf, &old, OBJECT_BYTES + 1, &one), FeedPut::Full);
        assert_eq!(shelf.filled("one").expect("nothing"), Filled::default());
        let at = Moment::START;
        let added = FeedPut::Put(vec![Put::Added(at)]);
        assert_eq!(put(&mut shelf, &old, OBJECT_BYTES + 2, &one), added);
        // What is there takes no more room.
        let known = FeedPut::Put(vec![Put::Known(at, Level::CLOSED)]);
        assert_eq!(put(&mut shelf, &old, 0, &one), known);
        assert_eq!(put(&mut shelf, &old, 1, &two), FeedPut::Full);
        let filled = shelf.filled("one").expect("one");
        assert_eq!((filled.count(), filled.bytes, filled.room()), (1, 2, 2 + OBJECT_BYTES));
        // Set up anew, or taken away.
        shelf.put_feed(&new).expect("kept");
        assert_eq!(put(&mut shelf, &old, 1_000, &two), FeedPut::Gone);
        shelf.remove_feed("one").expect("gone");
        assert_eq!(put(&mut shelf, &new, 1_000, &two), FeedPut::Gone);
        assert_eq!(shelf.filled("one").expect("nothing"), Filled::default());
    }

    #[test]
    fn troubles_are_few_and_each_is_there_once() {
        let mut shelf = SqliteShelf::in_memory().expect("a shelf");
        let one = row("one", 1);
        shelf.put_feed(&one).expect("kept");
        let many: Vec<Trouble> = (0..2 * MAX_TROUBLES).map(trouble).collect();
        shelf.put_troubles(&one.feed, &many).expect("kept");
        shelf.put_troubles(&one.feed, &[trouble(MAX_TROUBLES + 1)]).expect("kept");
        let kept = shelf.troubles("one").expect("troubles");
        assert_eq!(kept.len(), usize::try_from(MAX_TROUBLES).expect("a size"));
        assert_eq!(kept.last(), Some(&trouble(MAX_TROUBLES + 1)));
    }

    #[test]
    fn a_feed_that_is_removed_takes_its_objects_along() {
        let mut shelf = SqliteShelf::in_memory().expect("a shelf");
        shelf.put_feed(&row("one", 1)).expect("kept");
        let object = Incoming {
            creator: None,
            id: "x--1",
            kind: "x",
            spec: "2.1",
            version: None,
            level: Level::CLOSED,
            bytes: b"{}",
        };
        for collection in ["own", "feed:one"] {
            shelf.put(collection, Moment::START, std::slice::from_ref(&object)).expect("put");
        }
        shelf.remove_feed("one").expect("gone");
        let left: i64 = shelf
            .read(|conn| Ok(conn.query_row("SELECT count(*) FROM object", [], |row| row.get(0))?))
            .expect("a count");
        assert_eq!(left, 1);
    }
}
