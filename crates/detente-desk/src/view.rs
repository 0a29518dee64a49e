//! The own list as STIX objects on the shelf, for tools that read nothing else.
//!
//! Each statement of the list is one indicator of this party, with the definitions of its markings
//! before it, held as close as its marking says. Objects follow the list: what is said anew of a
//! value is a new version, what its releasing party takes back is revoked, and comes back if that is
//! lifted. An object says the same whenever it is made, so bringing the view up to date again adds
//! nothing.

use std::cell::RefCell;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{self, Write};
use std::rc::Rc;

use detente_core::{Tlp, UnixSeconds};
use detente_intel::{Context, Indicator};
use detente_node::ports;
use detente_node::{OwnItem, OwnList, Shared, Turn};
use detente_stix::Object;
use detente_taxii::{Arrival, Level, Moment, Put, Query, Shelf, Which, shelve_as};
use detente_write::{Entered, Export, Format, Meta, Options};
use serde_json::Value;

use crate::export::DeskError;

/// The collection of the view.
pub const INDICATORS: &str = "indicators";
/// Under which it is kept what was taken back when the view was brought up to date.
const TURNS: &str = "indicators/turns";
/// Statements that are brought at a time; the node is held meanwhile. Count.
const STEP: usize = 1_000;
/// What objects say of who made them is made from the name of the party and this title.
const TITLE: &str = "Own list";

/// Brings the view a step on; says whether it is up to date. A step takes [`STEP`] statements.
///
/// # Errors
/// [`DeskError`]; what was brought until then stays.
pub fn refresh_own(shared: &Shared, shelf: &mut dyn Shelf, now: Moment) -> Result<bool, DeskError> {
    let since = ports::Moment(shelf.reached(INDICATORS)?);
    let (meta, (news, reached)) = {
        let node = shared.lock();
        let list = node.own_list()?;
        // What was taken back or lifted changes no statement: then all are looked at again.
        let turns = fingerprint(&list);
        if shelf.reached(TURNS)? != turns {
            drop(node);
            shelf.reach(INDICATORS, 0)?;
            shelf.reach(TURNS, turns)?;
            return Ok(false);
        }
        let meta = Meta {
            producer: node.card().value().name.clone(),
            title: TITLE.to_owned(),
            at: node.now(),
        };
        let news = node.own_news(&list, since, STEP)?;
        (meta, news)
    };
    if news.is_empty() {
        return Ok(true);
    }
    let objects = objects_of(news, meta)?;
    let held: Vec<(Level, &[u8])> =
        objects.iter().map(|(level, bytes)| (*level, bytes.as_slice())).collect();
    let arrivals = shelve_as(shelf, (INDICATORS, now), &held)?;
    for arrival in arrivals {
        if let Arrival::Put { id, level, put: Put::Added(_), .. } = arrival
            && id.starts_with("indicator--")
        {
            withdraw(shelf, id, level)?;
        }
    }
    shelf.reach(INDICATORS, reached.0)?;
    Ok(false)
}

/// Takes away the versions of an indicator that are less close than the one that has come: its source
/// has marked it more closely, so nobody reads on what it said before.
fn withdraw(shelf: &mut dyn Shelf, id: String, level: Level) -> Result<(), DeskError> {
    let Some(below) = level.code().checked_sub(1) else { return Ok(()) };
    let query = Query {
        collection: INDICATORS.to_owned(),
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

/// A number that changes when anything is taken back or lifted. Not 0.
fn fingerprint(list: &OwnList) -> u64 {
    let mut hasher = DefaultHasher::new();
    for ((kind, value), turn) in list.turns() {
        let (held, at) = match turn {
            Turn::Lifted(at) => (false, at),
            Turn::HeldOut(at) => (true, at),
        };
        (kind.code(), value, held, at.get()).hash(&mut hasher);
    }
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

/// The objects of some observables: of one source and origin one statement, whatever number of
/// lines of a file named it. Each definition stands once, before its first use.
fn objects_of(news: Vec<OwnItem>, meta: Meta) -> Result<Vec<(Level, Vec<u8>)>, DeskError> {
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
    // Who made them: this party, as open as its card.
    let open = Level::of(Tlp::Clear);
    let mut objects: Vec<_> = lines(&taken()).map(|line| (open, line)).collect();
    for item in news {
        for said in item.said {
            let level = level(&said.context);
            let indicator =
                Indicator { observable: item.observable.clone(), context: said.context };
            let entered = Entered { first: said.first, last: said.last };
            export.put(&indicator, entered)?;
            for line in lines(&taken()) {
                let line = match item.turned {
                    Some(turn) if is_indicator(&line) => turned(&line, turn, said.last),
                    _ => line,
                };
                objects.push((level, line));
            }
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

/// The version of an indicator that says that it was taken back, or that this was lifted.
fn turned(line: &[u8], turn: Turn, last: UnixSeconds) -> Vec<u8> {
    let (revoked, at) = match turn {
        Turn::HeldOut(at) => (true, at),
        Turn::Lifted(at) => (false, at),
    };
    let object: Result<serde_json::Map<String, Value>, _> = serde_json::from_slice(line);
    let Ok(mut object) = object else { return line.to_vec() };
    if revoked {
        object.insert("revoked".to_owned(), Value::Bool(true));
    }
    // Later than what was said, also where a clock went back.
    if let Ok(at) = i64::try_from(at.max(last).get())
        && let Some(moment) = Moment::of(at.saturating_mul(1_000_000).saturating_add(1_000))
    {
        object.insert("modified".to_owned(), Value::String(moment.to_string()));
    }
    serde_json::to_vec(&object).unwrap_or_else(|_| line.to_vec())
}
