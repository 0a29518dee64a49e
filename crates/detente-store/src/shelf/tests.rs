use std::collections::BTreeMap;

use detente_core::Tlp;
use detente_taxii::{
    Account, Entry, Incoming, Level, Moment, Put, Query, Shelf as _, StatusRow, Which,
};
use proptest::prelude::*;

use super::packet::{MAX_OBJECTS, Packet};
use super::put::key;
use super::{AccountRow, MAX_STATUS_BYTES, MAX_STATUSES, STATUS_KEPT, SqliteShelf};

fn moment(micros: i64) -> Moment {
    Moment::of(micros).unwrap()
}

fn all(limit: usize) -> Query {
    Query {
        collection: "own".to_owned(),
        clearance: Level::CLOSED,
        after: None,
        ids: Vec::new(),
        kinds: Vec::new(),
        which: vec![Which::Last],
        specs: Vec::new(),
        limit,
        max_bytes: Some(usize::MAX),
    }
}

/// What is said of an object, as a test keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Said {
    id: String,
    added: Moment,
    version: Moment,
    spec: &'static str,
}

impl From<Entry<'_>> for Said {
    fn from(Entry { id, added, version, spec }: Entry<'_>) -> Said {
        Said { id: id.to_owned(), added, version, spec }
    }
}

fn read(shelf: &SqliteShelf, query: &Query) -> (Vec<(Said, Vec<u8>)>, bool) {
    let mut found = Vec::new();
    let mut each = |entry: Entry<'_>, bytes: &[u8]| found.push((entry.into(), bytes.to_vec()));
    let more = shelf.page(query, &mut each).unwrap();
    (found, more)
}

fn object<'a>(id: &'a str, version: i64, level: u8, bytes: &'a [u8]) -> Incoming<'a> {
    let kind = id.split_once("--").unwrap().0;
    let (spec, version) = ("2.1", Some(moment(version)));
    Incoming { id, kind, spec, version, level: Level::from_code(level), creator: None, bytes }
}

/// An object's versions are its creator's to make (STIX 2.1 section 3.6): nobody takes an id over,
/// not by another name, not without one, and not beside one that he can't see.
#[test]
fn versions_are_made_by_the_creator_alone() {
    let mut shelf = SqliteShelf::in_memory().unwrap();
    let (one, two) = ("identity--11111111-1111-4111-8111-111111111111", "identity--x");
    let json = |creator: Option<&str>, version: i64| {
        let by = creator.map_or_else(String::new, |id| format!(r#","created_by_ref":"{id}""#));
        let id = "tool--11111111-1111-4111-8111-111111111111";
        format!(r#"{{"type":"tool","id":"{id}","x":{version}{by}}}"#).into_bytes()
    };
    let mut put = |creator, version, level| {
        let bytes = json(creator, version);
        let object = Incoming { creator, ..object("tool--1", version, level, &bytes) };
        shelf.put("own", moment(1_000), &[object]).unwrap().remove(0)
    };
    assert!(matches!(put(Some(one), 5, 4), Put::Added(_)));
    for (creator, version) in [(Some(two), 6), (None, 6), (Some(two), 4)] {
        let said = put(creator, version, 0);
        assert_eq!(said, Put::Foreign(Level::from_code(4)), "{creator:?} {version}");
    }
    assert!(matches!(put(Some(one), 6, 0), Put::Added(_)));
    assert!(matches!(put(Some(one), 6, 0), Put::Known(..)));
    // Within one envelope too.
    let (first, second) = (json(Some(one), 8), json(Some(two), 9));
    let objects = [
        Incoming { creator: Some(one), ..object("tool--2", 8, 0, &first) },
        Incoming { creator: Some(two), ..object("tool--2", 9, 0, &second) },
    ];
    let puts = shelf.put("own", moment(1_000), &objects).unwrap();
    assert!(matches!(puts[..], [Put::Added(_), Put::Foreign(_)]), "{puts:?}");
}

#[test]
fn the_same_is_known_and_other_bytes_stay_out() {
    let mut shelf = SqliteShelf::in_memory().unwrap();
    let (now, level) = (moment(1_000), Level::from_code(2));
    let first = shelf.put("own", now, &[object("a--1", 5, 2, b"x")]).unwrap();
    assert_eq!(first, [Put::Added(now)]);
    let again = [object("a--1", 5, 0, b"x"), object("a--1", 5, 0, b"y")];
    assert_eq!(
        shelf.put("own", now, &again).unwrap(),
        [Put::Known(now, level), Put::Differs(level)]
    );
    assert_eq!(read(&shelf, &all(9)).0[0].1, b"x");
    // Without a version it is a new one only if its bytes are.
    let bare = |bytes| Incoming { version: None, ..object("b--1", 0, 0, bytes) };
    let puts = shelf.put("own", now, &[bare(b"x"), bare(b"x"), bare(b"y")]).unwrap();
    assert_eq!(puts[1], Put::Known(moment(1_001), Level::from_code(0)));
    assert_eq!(puts[2], Put::Added(moment(1_002)));
    // A clock that went back sets nobody back.
    let late = shelf.put("own", moment(1), &[object("c--1", 1, 0, b"z")]).unwrap();
    assert_eq!(late, [Put::Added(moment(1_003))]);
    // Another collection is another shelf.
    let other = shelf.put("other", now, &[object("a--1", 5, 0, b"y")]).unwrap();
    assert!(matches!(other[0], Put::Added(_)));
}

#[test]
fn a_page_ends_at_its_bytes_but_never_empty() {
    let mut shelf = SqliteShelf::in_memory().unwrap();
    let big = vec![b'x'; 1_000];
    let objects = [object("a--1", 1, 0, &big), object("a--2", 1, 0, &big)];
    shelf.put("own", moment(1), &objects).unwrap();
    let (found, more) = read(&shelf, &Query { max_bytes: Some(10), ..all(9) });
    assert_eq!((found.len(), more), (1, true));
    let (found, more) = read(&shelf, &Query { max_bytes: Some(2_000), ..all(9) });
    assert_eq!((found.len(), more), (2, false));
    let (found, more) = read(&shelf, &Query { max_bytes: None, ..all(1) });
    assert_eq!((found[0].1.len(), more), (0, true));
}

#[test]
fn what_is_taken_is_gone_and_the_ends_move() {
    let mut shelf = SqliteShelf::in_memory().unwrap();
    let versions = [2, 1, 3].map(|version| object("a--1", version, 0, b"v"));
    shelf.put("own", moment(1), &versions).unwrap();
    let one = |which| Query { ids: vec!["a--1".to_owned()], which: vec![which], ..all(9) };
    let version = |which| read(&shelf, &one(which)).0[0].0.version;
    assert_eq!((version(Which::First), version(Which::Last)), (moment(1), moment(3)));
    assert_eq!(shelf.delete(&one(Which::At(moment(3)))).unwrap(), 1);
    assert_eq!(read(&shelf, &one(Which::Last)).0[0].0.version, moment(2));
    assert_eq!(shelf.delete(&one(Which::All)).unwrap(), 2);
    assert_eq!(shelf.delete(&one(Which::All)).unwrap(), 0);
}

/// What is above a clearance is neither first nor last for it, before and after others go.
#[test]
fn hidden_versions_are_nobodys_ends() {
    let mut shelf = SqliteShelf::in_memory().unwrap();
    let versions = [(1, 4), (2, 0), (3, 1), (4, 4)];
    let objects = versions.map(|(version, level)| object("a--1", version, level, b"v"));
    shelf.put("own", moment(1), &objects).unwrap();
    let end = |shelf: &SqliteShelf, which, level| {
        let (clearance, which) = (Level::from_code(level), vec![which]);
        let (found, _) = read(shelf, &Query { clearance, which, ..all(9) });
        found.iter().map(|(entry, _)| entry.version.micros()).collect::<Vec<_>>()
    };
    let ends = |shelf: &SqliteShelf| {
        [0, 1, 5].map(|level| [end(shelf, Which::First, level), end(shelf, Which::Last, level)])
    };
    assert_eq!(ends(&shelf), [[[2], [2]], [[2], [3]], [[1], [4]]]);
    let ids = vec!["a--1".to_owned()];
    let one = Query { ids, which: vec![Which::At(moment(2))], ..all(9) };
    assert_eq!(shelf.delete(&one).unwrap(), 1);
    let none: [i64; 0] = [];
    assert_eq!(end(&shelf, Which::Last, 0), none);
    assert_eq!(end(&shelf, Which::First, 1), [3]);
    assert_eq!([end(&shelf, Which::First, 5), end(&shelf, Which::Last, 5)], [[1], [4]]);
}

#[test]
fn accounts_are_found_by_what_proves_them() {
    let mut shelf = SqliteShelf::in_memory().unwrap();
    let row = AccountRow {
        account: Account {
            name: "siem".to_owned(),
            clearance: Level::of(Tlp::Green),
            reads: vec!["own".to_owned()],
            writes: Vec::new(),
            unmarked: Some(Tlp::Amber),
        },
        password: Some("$argon2id$".to_owned()),
        token: Some([1; 32]),
        certificate: None,
        made: moment(7),
    };
    assert!(shelf.put_account(&row).unwrap());
    assert_eq!(shelf.account("siem").unwrap().as_ref(), Some(&row));
    assert_eq!(shelf.account_of_token(&[1; 32]).unwrap().as_ref(), Some(&row));
    assert_eq!(shelf.account_of_token(&[2; 32]).unwrap(), None);
    assert_eq!(shelf.account_of_certificate(&[1; 32]).unwrap(), None);
    let mut other = row.clone();
    other.account.name = "feed".to_owned();
    assert!(shelf.put_account(&other).is_err(), "a token proves one account");
    assert_eq!(shelf.accounts().unwrap(), [row]);
    assert!(shelf.remove_account("siem").unwrap());
    assert!(!shelf.remove_account("siem").unwrap());
}

#[test]
fn statuses_are_kept_for_their_time_number_and_bytes() {
    /// Keeps one more status; how many there are then, and when the oldest came.
    fn put(shelf: &mut SqliteShelf, n: i64) -> (i64, i64) {
        let row = StatusRow { id: format!("s-{n}"), json: b"x".to_vec() };
        shelf.put_status("own", "feed", moment(n), &row).unwrap();
        let text = "SELECT count(*), min(at) FROM status";
        shelf.conn.query_row(text, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
    }
    let mut shelf = SqliteShelf::in_memory().unwrap();
    for n in 1..=i64::from(MAX_STATUSES) {
        assert_eq!(put(&mut shelf, n), (n, 1));
    }
    assert_eq!(put(&mut shelf, 2_000), (1_000, 2));
    // As if one of them filled what there is for bytes: it goes, and what is older.
    let full = "UPDATE status SET size = ?1 WHERE id = 's-1000'";
    shelf.conn.execute(full, [MAX_STATUS_BYTES]).unwrap();
    assert_eq!(put(&mut shelf, 3_000), (2, 2_000));
    assert_eq!(put(&mut shelf, 3_000 + STATUS_KEPT + 1).0, 1);
    let now = moment(3_000 + STATUS_KEPT + 1);
    let id = format!("s-{}", now.micros());
    assert_eq!(shelf.status(("own", "feed"), &id, now).unwrap(), Some(b"x".to_vec()));
    assert_eq!(shelf.status(("own", "other"), &id, now).unwrap(), None);
}

/// Each connection of a process keeps its locks when another one is opened: what a third one writes
/// and closes is seen by all.
#[test]
fn connections_of_one_process_see_what_others_write() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shelf.db");
    let first = SqliteShelf::open(&path).unwrap();
    let _second = SqliteShelf::open(&path).unwrap();
    for n in 0..3 {
        // As another process would: SQLite's locks are the process's, so this one must be one.
        let made = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "shelf::tests::a_writer_of_another_process"])
            .env("DETENTE_TEST_SHELF", &path)
            .env("DETENTE_TEST_N", n.to_string())
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        assert_eq!(read(&first, &all(9)).0.len(), n + 1);
    }
}

/// Run alone it writes to a shelf of its own; beside the test above, to that one's.
#[test]
fn a_writer_of_another_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = std::env::var_os("DETENTE_TEST_SHELF").map(std::path::PathBuf::from);
    let n = std::env::var("DETENTE_TEST_N").unwrap_or_default();
    let mut shelf = SqliteShelf::open(path.unwrap_or(folder.path().join("shelf.db"))).unwrap();
    let id = format!("a--{n}");
    let puts = shelf.put("own", moment(1), &[object(&id, 1, 0, b"x")]).unwrap();
    assert!(matches!(puts[0], Put::Added(_)));
}

/// What a shelf must do, without a database.
#[derive(Default)]
struct Model {
    objects: Vec<(Said, u8, Vec<u8>)>,
}

impl Model {
    fn page(&self, query: &Query) -> (Vec<(Said, Vec<u8>)>, bool) {
        let mut ends: BTreeMap<&str, (Moment, Moment)> = BTreeMap::new();
        let seen = |level: u8| Level::from_code(level) <= query.clearance;
        for (entry, ..) in self.objects.iter().filter(|(_, level, _)| seen(*level)) {
            let ends = ends.entry(&entry.id).or_insert((entry.version, entry.version));
            *ends = (ends.0.min(entry.version), ends.1.max(entry.version));
        }
        let meant = |(entry, level, _): &&(Said, u8, Vec<u8>)| {
            let Some(&(first, last)) = ends.get(entry.id.as_str()) else { return false };
            let kind = entry.id.split_once("--").unwrap().0.to_owned();
            Level::from_code(*level) <= query.clearance
                && query.after.is_none_or(|after| entry.added > after)
                && (query.kinds.is_empty() || query.kinds.contains(&kind))
                && (query.ids.is_empty() || query.ids.contains(&entry.id))
                && query.which.iter().any(|which| match which {
                    Which::All => true,
                    Which::First => entry.version == first,
                    Which::Last => entry.version == last,
                    Which::At(moment) => entry.version == *moment,
                })
        };
        let all: Vec<_> = self.objects.iter().filter(meant).collect();
        let page = all.iter().take(query.limit);
        let page = page.map(|(entry, _, bytes)| (entry.clone(), bytes.clone())).collect();
        (page, all.len() > query.limit)
    }

    /// Puts one object; the moment is that at which a new one comes.
    fn put(&mut self, now: Moment, object: &Incoming<'_>) -> Put {
        let same = |(entry, ..): &&(Said, u8, Vec<u8>)| entry.id == object.id;
        let versions = self.objects.iter().filter(same);
        let same = match object.version {
            Some(version) => versions.clone().find(|(entry, ..)| entry.version == version),
            None => versions.max_by_key(|(entry, ..)| entry.version),
        };
        match same {
            Some((entry, level, bytes)) if bytes == object.bytes => {
                return Put::Known(entry.added, Level::from_code(*level));
            }
            Some((_, level, _)) if object.version.is_some() => {
                return Put::Differs(Level::from_code(*level));
            }
            _ => {}
        }
        let version = object.version.unwrap_or(now);
        let entry = Said { id: object.id.to_owned(), added: now, version, spec: object.spec };
        self.objects.push((entry, object.level.code(), object.bytes.to_vec()));
        Put::Added(now)
    }

    fn delete(&mut self, query: &Query) -> u64 {
        let (gone, _) = self.page(&Query { limit: usize::MAX, ..query.clone() });
        self.objects.retain(|(entry, ..)| !gone.iter().any(|(one, _)| one == entry));
        gone.len() as u64
    }
}

/// What a shelf keeps beside its objects, to find them by, is what its objects say.
fn is_whole(shelf: &SqliteShelf) {
    let said: Vec<(i64, u8, Vec<u8>)> = shelf
        .conn
        .prepare("SELECT n, level, heads FROM packet ORDER BY n")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let (mut holds, mut versions, mut ended) = (Vec::new(), Vec::new(), BTreeMap::new());
    for (n, level, heads) in said {
        let packet = Packet::read(heads).unwrap();
        assert!((1..=MAX_OBJECTS).contains(&packet.heads.len()));
        for (kind, last) in packet.holds() {
            holds.push((String::from_utf8(kind).unwrap(), level, last, n));
        }
        for head in &packet.heads {
            let key = key(packet.entry(head).unwrap().id);
            versions.push((key, head.version, head.n, head.n - n));
            let all: &mut (usize, Vec<(i64, i64)>) = ended.entry(key).or_default();
            all.0 += 1;
            if (head.first, head.last) != (0, 0) {
                all.1.push((head.n, head.n - n));
            }
        }
        let size: i64 = shelf
            .conn
            .query_row("SELECT length(bytes) FROM body WHERE n = ?1", [n], |row| row.get(0))
            .unwrap();
        assert_eq!(usize::try_from(size).unwrap(), packet.heads.last().unwrap().at.end);
    }
    holds.sort_unstable();
    versions.sort_unstable();
    let mut ends: Vec<([u8; 16], i64, i64)> = Vec::new();
    for (key, (count, list)) in ended {
        ends.extend(list.iter().filter(|_| count > 1).map(|(n, back)| (key, *n, *back)));
    }
    ends.sort_unstable();
    let rows = |text: &str| shelf.conn.prepare(text).unwrap();
    let kept = rows("SELECT kind, level, last, packet FROM holds ORDER BY 1, 2, 3, 4")
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
        .unwrap()
        .collect::<Result<Vec<(String, u8, u8, i64)>, _>>()
        .unwrap();
    assert_eq!(kept, holds);
    let kept = rows("SELECT id, version, n, back FROM object ORDER BY id, version")
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
        .unwrap()
        .collect::<Result<Vec<([u8; 16], i64, i64, i64)>, _>>()
        .unwrap();
    assert_eq!(kept, versions);
    let kept = rows("SELECT id, n, back FROM ended ORDER BY id, n")
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap()
        .collect::<Result<Vec<([u8; 16], i64, i64)>, _>>()
        .unwrap();
    assert_eq!(kept, ends);
}

#[derive(Clone, Debug)]
enum Deed {
    /// Objects: name, type, version if it has one, level, which bytes.
    Put(Vec<(u8, bool, Option<i64>, u8, u8)>),
    /// The same of one id: name, type, clearance, versions.
    Delete(u8, bool, u8, Vec<Which>),
}

fn some_versions() -> impl Strategy<Value = Vec<Which>> {
    let all = vec![Which::Last, Which::First, Which::All, Which::At(moment(2))];
    prop::sample::subsequence(all, 1..4)
}

fn deed() -> impl Strategy<Value = Deed> {
    let version = prop::option::weighted(0.8, 0..5_i64);
    let object = (0..12_u8, any::<bool>(), version, 0..6_u8, 0..2_u8);
    let many =
        prop::collection::vec((0..200_u8, any::<bool>(), Just(Some(1)), 0..3_u8, 0..1_u8), 150);
    prop_oneof![
        4 => prop::collection::vec(object, 1..40).prop_map(Deed::Put),
        1 => many.prop_map(Deed::Put),
        2 => (0..12_u8, any::<bool>(), 0..6_u8, some_versions())
            .prop_map(|(id, kind, level, which)| Deed::Delete(id, kind, level, which)),
    ]
}

fn name(id: u8, kind: bool) -> String {
    format!("{}--{id}", if kind { 'a' } else { 'b' })
}

proptest! {
    #[test]
    fn pages_are_those_of_the_model(
        deeds in prop::collection::vec(deed(), 0..8),
        clearance in 0..6_u8,
        after in prop::option::of(0..70_i64),
        which in some_versions(),
        kinds in prop::sample::subsequence(vec!["a".to_owned(), "b".to_owned()], 0..2),
        ids in prop::sample::subsequence(vec!["a--1".to_owned(), "b--2".to_owned()], 0..2),
        limit in 1..20_usize,
    ) {
        let (mut shelf, mut model) = (SqliteShelf::in_memory().unwrap(), Model::default());
        // Above all versions that objects say.
        let mut now = 1_000;
        for deed in deeds {
            match deed {
                Deed::Put(objects) => {
                    let made = objects.iter().map(|(id, kind, version, level, bytes)| {
                        let id = name(*id, *kind);
                        let bytes = format!("{id} {version:?} {bytes}").into_bytes();
                        (id, *version, *level, bytes)
                    });
                    let made: Vec<_> = made.collect();
                    let objects = made.iter().map(|(id, version, level, bytes)| Incoming {
                        version: version.map(moment),
                        ..object(id, 0, *level, bytes)
                    });
                    let objects: Vec<_> = objects.collect();
                    let puts = shelf.put("own", moment(1_000), &objects).unwrap();
                    for (object, put) in objects.iter().zip(puts) {
                        let right = model.put(moment(now), object);
                        prop_assert_eq!(put, right);
                        now += i64::from(matches!(put, Put::Added(_)));
                    }
                }
                Deed::Delete(id, kind, level, which) => {
                    let clearance = Level::from_code(level);
                    let one = Query { ids: vec![name(id, kind)], which, clearance, ..all(1) };
                    prop_assert_eq!(shelf.delete(&one).unwrap(), model.delete(&one));
                }
            }
            is_whole(&shelf);
        }
        let query = Query {
            clearance: Level::from_code(clearance),
            after: after.map(|after| moment(1_000 + after)),
            which,
            kinds,
            ids,
            ..all(limit)
        };
        prop_assert_eq!(read(&shelf, &query), model.page(&query));
        // Page after page is the whole.
        let (mut query, mut whole) = (Query { after: None, ..query }, Vec::new());
        loop {
            let (page, more) = read(&shelf, &query);
            query.after = page.last().map(|(entry, _)| entry.added);
            whole.extend(page);
            if !more {
                break;
            }
        }
        let unlimited = Query { after: None, limit: usize::MAX, ..query };
        prop_assert_eq!(whole, model.page(&unlimited).0);
    }
}
