//! Views: collections on the shelf that follow what the node holds, for tools that read STIX.
//!
//! Objects are indicators made by the party whose words they are, with the definitions of their
//! markings before them, held as close as they say. An object says the same whenever it is made, so
//! bringing a view up to date again adds nothing. Of each id the version of now is there and none
//! other: what is said anew takes the place of what was, and what is marked more closely is gone
//! for those who may not see it any more.

mod own;
mod received;
mod released;

pub use own::{INDICATORS, refresh_own};
pub use received::{Received, refresh_received};
pub use released::{Released, refresh_released};

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::io::{self, Write};
use std::rc::Rc;

use detente_core::{Tlp, UnixSeconds};
use detente_intel::{Context, Indicator, stix_tlp};
use detente_stix::Object;
use detente_taxii::{Level, Moment, Query, Shelf, Which, shelve_as};
use detente_write::{Entered, Export, Format, Meta, Options, Outcome, Reason, indicator_ids};
use serde_json::Value;

use crate::export::DeskError;

/// Statements that are brought at a time; the node is held meanwhile. Count.
const STEP: usize = 1_000;

/// A statement on its way to a view.
struct Statement {
    indicator: Indicator,
    entered: Entered,
    change: Option<Change>,
}

/// That a statement was taken back, or changed without new words of its source.
#[derive(Clone, Copy)]
struct Change {
    revoked: bool,
    at: UnixSeconds,
}

/// Brings the objects of statements into a collection: of each id the version of now, and none
/// other. What was there before and is not what it should be is taken away first, so that whatever
/// fails or is cut off leaves less to be read and not more; it is brought again then. All
/// statements of an observable come together.
fn bring(
    shelf: &mut dyn Shelf,
    (collection, now): (&str, Moment),
    statements: Vec<Statement>,
    meta: &Meta,
) -> Result<(), DeskError> {
    let Made { mut wanted, mut definitions, ids } = made(statements, meta)?;
    let there = there(shelf, collection, &ids, Level::CLOSED)?;
    let mut stale = Vec::new();
    for id in ids {
        let had = there.get(&id).map_or(&[][..], Vec::as_slice);
        let Some((level, bytes)) = wanted.get_mut(&id) else {
            if !had.is_empty() {
                stale.push(id);
            }
            continue;
        };
        if is_current(shelf, collection, (&id, *level, bytes), had)? {
            wanted.remove(&id);
            continue;
        }
        if let Some(newest) = had.iter().map(|(version, _)| *version).max() {
            *bytes = later(bytes, newest);
            stale.push(id);
        }
    }
    stale.extend(narrower(shelf, collection, &mut definitions)?);
    if !stale.is_empty() {
        shelf.delete(&query(collection, stale, Level::CLOSED))?;
    }
    let objects = definitions.values().chain(wanted.values());
    let held: Vec<(Level, &[u8])> =
        objects.map(|(level, bytes)| (*level, bytes.as_slice())).collect();
    shelve_as(shelf, (collection, now), &held)?;
    Ok(())
}

/// Definitions that lie there more closely than they should; those that lie there as open or more
/// open are left out of what is brought.
fn narrower(
    shelf: &dyn Shelf,
    collection: &str,
    definitions: &mut BTreeMap<String, (Level, Vec<u8>)>,
) -> Result<Vec<String>, DeskError> {
    let levels: BTreeSet<Level> = definitions.values().map(|(level, _)| *level).collect();
    let all: Vec<String> = definitions.keys().cloned().collect();
    let mut stale: BTreeSet<String> =
        there(shelf, collection, &all, Level::CLOSED)?.into_keys().collect();
    for level in levels {
        let of_level = definitions.iter().filter(|(_, (of, _))| *of == level);
        let ids: Vec<String> = of_level.map(|(id, _)| id.clone()).collect();
        for id in there(shelf, collection, &ids, level)?.into_keys() {
            definitions.remove(&id);
            stale.remove(&id);
        }
    }
    Ok(stale.into_iter().collect())
}

/// Versions that are there of some ids, each with its bytes.
type There = BTreeMap<String, Vec<(Moment, Vec<u8>)>>;

fn there(
    shelf: &dyn Shelf,
    collection: &str,
    ids: &[String],
    clearance: Level,
) -> Result<There, DeskError> {
    let mut there = There::new();
    let mut query = query(collection, ids.to_vec(), clearance);
    query.max_bytes = Some(usize::MAX);
    shelf.page(&query, &mut |entry, bytes| {
        there.entry(entry.id.to_owned()).or_default().push((entry.version, bytes.to_vec()));
    })?;
    Ok(there)
}

/// Whether what is there is what is wanted, alone and no less close. Its version may be a later
/// one: it was made so where the one before had the same time.
fn is_current(
    shelf: &dyn Shelf,
    collection: &str,
    (id, level, bytes): (&str, Level, &[u8]),
    had: &[(Moment, Vec<u8>)],
) -> Result<bool, DeskError> {
    let [(version, lies)] = had else { return Ok(false) };
    if with_modified(bytes, *version) != *lies && bytes != lies.as_slice() {
        return Ok(false);
    }
    let Some(below) = level.code().checked_sub(1) else { return Ok(true) };
    let below = Level::from_code(below);
    Ok(there(shelf, collection, &[id.to_owned()], below)?.is_empty())
}

/// Every version of some ids, up to a clearance.
fn query(collection: &str, ids: Vec<String>, clearance: Level) -> Query {
    Query {
        collection: collection.to_owned(),
        clearance,
        after: None,
        ids,
        kinds: Vec::new(),
        which: vec![Which::All],
        specs: Vec::new(),
        limit: usize::MAX,
        max_bytes: None,
    }
}

/// A number that changes when what it is made of changes; not 0.
fn fingerprint(of: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    // The shelf keeps signed numbers.
    (hasher.finish() >> 1) | 1
}

/// What a writer has written since it was last looked at.
#[derive(Clone, Default)]
struct Tap(Rc<RefCell<Vec<u8>>>);

impl Write for Tap {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What statements become.
#[derive(Default)]
struct Made {
    /// The indicators, by id.
    wanted: BTreeMap<String, (Level, Vec<u8>)>,
    /// Who made them, and what their markings are, by id; as open as the most open of them.
    definitions: BTreeMap<String, (Level, Vec<u8>)>,
    /// Every id that the statements have or could have had.
    ids: Vec<String>,
}

impl Made {
    /// Whoever may see an object may see what its markings are.
    fn opens(&mut self, line: &[u8], level: Level) {
        let Ok(object) = Object::read(line) else { return };
        for marking in &object.header().object_marking_refs {
            if let Some((held, _)) = self.definitions.get_mut(marking.as_str()) {
                *held = level.min(*held);
            }
        }
    }
}

fn id_of(line: &[u8]) -> Option<String> {
    Object::read(line).ok().map(|object| object.header().id.as_str().to_owned())
}

/// The objects of some statements: of one value, source and origin one, whatever number of lines of
/// a file named it; the first stands. Each definition stands once.
fn made(statements: Vec<Statement>, meta: &Meta) -> Result<Made, DeskError> {
    let mut options = Options::new(Format::StixNdjson, Tlp::Red);
    // Whoever reads sees what its clearance allows; nothing is decided here.
    options.default_tlp = Some(Tlp::Red);
    options.write_closed = true;
    options.write_conflicting = true;
    options.own_use = true;
    let tap = Tap::default();
    let taken = || std::mem::take(&mut *tap.0.borrow_mut());
    let mut out = tap.clone();
    let mut export = Export::begin(meta.clone(), options, &mut out)?;
    // Who made them: a party, as open as its card.
    let open = Level::of(Tlp::Clear);
    let mut made = Made::default();
    let author = taken();
    let author = lines(&author).filter_map(|line| Some((id_of(&line)?, (open, line))));
    made.definitions.extend(author);
    let mut ids = BTreeSet::new();
    for Statement { indicator, entered, change } in statements {
        ids.extend(indicator_ids(&meta.producer, &indicator));
        let level = level(&indicator.context);
        match export.put(&indicator, entered)? {
            Outcome::Written | Outcome::PassedOver(Reason::Duplicate) => {}
            Outcome::PassedOver(_) => {
                // It can't be said in STIX: then nothing of it is said here.
                continue;
            }
        }
        for line in lines(&taken()) {
            let Some(id) = id_of(&line) else { continue };
            if id.starts_with("indicator--") {
                made.opens(&line, level);
                let line = match change {
                    Some(change) => changed(&line, change, entered.last),
                    None => line,
                };
                made.wanted.insert(id, (level, line));
            } else {
                // Colours and what this program adds to STIX are known to everybody.
                let says = id.starts_with("marking-definition--") && stix_tlp(&id).is_none();
                made.definitions.insert(id, (if says { Level::CLOSED } else { open }, line));
            }
        }
    }
    made.ids = ids.into_iter().collect();
    Ok(made)
}

/// How close a statement is held: as its marking says, unmarked as RED, and what is not understood
/// or contradicts itself closed.
fn level(context: &Context) -> Level {
    let markings = &context.markings;
    if markings.is_closed() || markings.is_conflicting() {
        return Level::CLOSED;
    }
    Level::of(markings.tlp().unwrap_or(Tlp::Red))
}

fn lines(text: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(<[u8]>::to_vec)
}

/// The version of an indicator that says that it was taken back, or changed.
fn changed(line: &[u8], change: Change, last: UnixSeconds) -> Vec<u8> {
    let Some(mut object) = object(line) else { return line.to_vec() };
    if change.revoked {
        object.insert("revoked".to_owned(), Value::Bool(true));
    }
    // Later than what was said, also where a clock went back.
    if let Ok(at) = i64::try_from(change.at.max(last).get())
        && let Some(moment) = Moment::of(at.saturating_mul(1_000_000).saturating_add(1_000))
    {
        object.insert("modified".to_owned(), Value::String(moment.to_string()));
    }
    serde_json::to_vec(&object).unwrap_or_else(|_| line.to_vec())
}

/// The same object as of a moment.
fn with_modified(line: &[u8], moment: Moment) -> Vec<u8> {
    let Some(mut object) = object(line) else { return line.to_vec() };
    object.insert("modified".to_owned(), Value::String(moment.to_string()));
    serde_json::to_vec(&object).unwrap_or_else(|_| line.to_vec())
}

/// The same object, as a later version than the one that was there.
fn later(line: &[u8], newest: Moment) -> Vec<u8> {
    let own = Object::read(line).ok();
    let own = own.and_then(|one| Moment::read(one.header().version()?.as_str()));
    match Moment::of(newest.micros().saturating_add(1_000)) {
        Some(next) if own.is_none_or(|own| own <= newest) => with_modified(line, next),
        _ => line.to_vec(),
    }
}

fn object(line: &[u8]) -> Option<serde_json::Map<String, Value>> {
    serde_json::from_slice(line).ok()
}
