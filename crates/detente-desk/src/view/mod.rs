//! Views: collections on the shelf that follow what the node holds, for tools that read STIX.
//!
//! Objects are indicators made by the party whose words they are, with the definitions of their
//! markings before them, held as close as they say. An object says the same whenever it is made, so
//! bringing a view up to date again adds nothing; what is said anew is a new version, and what is
//! marked more closely is taken from those who may not see it any more.

mod own;
mod received;
mod released;

pub use own::{INDICATORS, refresh_own};
pub use received::{Received, refresh_received};
pub use released::{Released, refresh_released};

use std::cell::RefCell;
use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::io::{self, Write};
use std::rc::Rc;

use detente_core::{Tlp, UnixSeconds};
use detente_intel::{Context, Indicator};
use detente_stix::Object;
use detente_taxii::{Arrival, Level, Moment, Put, Query, Shelf, Which, shelve_as};
use detente_write::{Entered, Export, Format, Meta, Options};
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

/// Puts the objects of statements into a collection.
fn bring(
    shelf: &mut dyn Shelf,
    (collection, now): (&str, Moment),
    statements: Vec<Statement>,
    meta: Meta,
) -> Result<(), DeskError> {
    let objects = objects_of(statements, meta)?;
    let held: Vec<(Level, &[u8])> =
        objects.iter().map(|(level, bytes)| (*level, bytes.as_slice())).collect();
    for arrival in shelve_as(shelf, (collection, now), &held)? {
        if let Arrival::Put { id, level, put: Put::Added(_), .. } = arrival
            && id.starts_with("indicator--")
        {
            withdraw(shelf, collection, id, level)?;
        }
    }
    Ok(())
}

/// Takes away the versions of an indicator that are less close than the one that has come: its
/// source has marked it more closely, so nobody reads on what it said before.
fn withdraw(
    shelf: &mut dyn Shelf,
    collection: &str,
    id: String,
    level: Level,
) -> Result<(), DeskError> {
    let Some(below) = level.code().checked_sub(1) else { return Ok(()) };
    let query = Query {
        collection: collection.to_owned(),
        clearance: Level::from_code(below),
        after: None,
        ids: vec![id],
        kinds: Vec::new(),
        which: vec![Which::All],
        specs: Vec::new(),
        limit: usize::MAX,
        max_bytes: None,
    };
    shelf.delete(&query)?;
    Ok(())
}

/// Digits of an id in the key of a collection: 64 bits, which nobody hits on purpose.
const DIGITS: usize = 16;

/// An id as it stands in the key of a collection.
fn short(id: impl std::fmt::Display) -> String {
    let mut text = id.to_string();
    text.truncate(DIGITS);
    text
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

/// The objects of some statements: of one value, source and origin one, whatever number of lines of
/// a file named it. Each definition stands once, before its first use.
fn objects_of(statements: Vec<Statement>, meta: Meta) -> Result<Vec<(Level, Vec<u8>)>, DeskError> {
    let mut options = Options::new(Format::StixNdjson, Tlp::Red);
    // Whoever reads sees what its clearance allows; nothing is decided here.
    options.default_tlp = Some(Tlp::Red);
    options.write_closed = true;
    options.write_conflicting = true;
    options.own_use = true;
    let tap = Tap::default();
    let taken = || std::mem::take(&mut *tap.0.borrow_mut());
    let mut out = tap.clone();
    let mut export = Export::begin(meta, options, &mut out)?;
    // Who made them: a party, as open as its card.
    let open = Level::of(Tlp::Clear);
    let mut objects: Vec<_> = lines(&taken()).map(|line| (open, line)).collect();
    for Statement { indicator, entered, change } in statements {
        let level = level(&indicator.context);
        export.put(&indicator, entered)?;
        for line in lines(&taken()) {
            let line = match change {
                Some(change) if is_indicator(&line) => changed(&line, change, entered.last),
                _ => line,
            };
            objects.push((level, line));
        }
    }
    Ok(objects)
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

fn is_indicator(line: &[u8]) -> bool {
    Object::read(line).is_ok_and(|object| object.header().kind == "indicator")
}

/// The version of an indicator that says that it was taken back, or changed.
fn changed(line: &[u8], change: Change, last: UnixSeconds) -> Vec<u8> {
    let object: Result<serde_json::Map<String, Value>, _> = serde_json::from_slice(line);
    let Ok(mut object) = object else { return line.to_vec() };
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
