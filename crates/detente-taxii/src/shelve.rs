//! Objects on their way to a shelf, whoever brings them: read, and held as close as they ask.

use detente_core::Tlp;
use detente_stix::upgrade;

use crate::account::Level;
use crate::incoming::{Known, known};
use crate::moment::Moment;
use crate::shelf::{Incoming, Put, Shelf, ShelfError};

/// What whoever brings objects says of their handling.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// The colour of what has no marking; none: as close as RED.
    pub unmarked: Option<Tlp>,
    /// The colour that everything has at least.
    pub at_least: Option<Tlp>,
}

/// What became of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// The shelf has answered.
    Put {
        /// Its STIX id.
        id: String,
        /// When it was modified, else created, if it says so.
        version: Option<Moment>,
        /// How close it is held: as whoever brings it asks, and as it lies there already, whichever
        /// is closer. What is brought again on other terms is not more open for that.
        level: Level,
        /// Whether it is that close because it says nothing of its handling.
        unmarked: bool,
        /// What the shelf says.
        put: Put,
    },
    /// It can't lie on a shelf, and why.
    Refused(String),
}

impl Arrival {
    /// Since when it lies there, and how close, if it does.
    pub const fn lies(&self) -> Option<(Moment, Level)> {
        match self {
            Arrival::Put { level, put: Put::Added(at) | Put::Known(at, _), .. } => {
                Some((*at, *level))
            }
            _ => None,
        }
    }
}

/// Puts objects into a collection and says what became of each, in their order. Faults of one hold
/// up no other.
///
/// # Errors
/// [`ShelfError`]; nothing was put.
pub fn shelve(
    shelf: &mut dyn Shelf,
    (collection, now): (&str, Moment),
    terms: Terms,
    objects: &[&[u8]],
) -> Result<Vec<Arrival>, ShelfError> {
    shelve_by(&mut |incoming| shelf.put(collection, now, incoming), terms, objects)
}

/// Puts objects where they are to lie and says what became of each, in their order.
pub type Putting<'a> = &'a mut dyn FnMut(&[Incoming<'_>]) -> Result<Vec<Put>, ShelfError>;

/// The same, put in the caller's way.
///
/// # Errors
/// [`ShelfError`]; nothing was put.
pub fn shelve_by(
    putting: Putting<'_>,
    terms: Terms,
    objects: &[&[u8]],
) -> Result<Vec<Arrival>, ShelfError> {
    let read: Vec<Result<Known, String>> =
        objects.iter().map(|bytes| known(bytes, terms)).collect();
    put(putting, read, objects)
}

/// What became of objects, and of those of STIX 2.0 that were raised.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Raising {
    /// What became of each object as it came.
    pub arrivals: Vec<Arrival>,
    /// Objects of 2.1 that lie in the other collection since, or already did.
    pub raised: u64,
    /// Objects that can't be raised: which, counted from 0, and why.
    pub unraised: Vec<(usize, String)>,
}

/// Puts objects into a collection as they come, and those of STIX 2.0, raised to 2.1, into another:
/// whoever reads 2.1 alone finds them there, held as close as the object that they were made from.
///
/// # Errors
/// [`ShelfError`]; what was put before it stays, and comes to nothing twice.
pub fn shelve_raising(
    shelf: &mut dyn Shelf,
    (collection, other, now): (&str, &str, Moment),
    terms: Terms,
    objects: &[&[u8]],
) -> Result<Raising, ShelfError> {
    let read: Vec<Result<Known, String>> =
        objects.iter().map(|bytes| known(bytes, terms)).collect();
    let old: Vec<bool> =
        read.iter().map(|known| known.as_ref().is_ok_and(|known| known.spec == "2.0")).collect();
    let arrivals = put(&mut |incoming| shelf.put(collection, now, incoming), read, objects)?;
    let mut raising = Raising { arrivals, ..Raising::default() };
    let mut made: Vec<(Level, Vec<u8>)> = Vec::new();
    for (at, ((bytes, old), arrival)) in objects.iter().zip(old).zip(&raising.arrivals).enumerate()
    {
        let Some((_, level)) = arrival.lies().filter(|_| old) else { continue };
        match upgrade(bytes) {
            Ok(all) => made.extend(all.into_iter().map(|object| (level, object))),
            Err(fault) => raising.unraised.push((at, fault.to_string())),
        }
    }
    if !made.is_empty() {
        let held: Vec<(Level, &[u8])> =
            made.iter().map(|(level, bytes)| (*level, bytes.as_slice())).collect();
        let arrived = shelve_as(shelf, (other, now), &held)?;
        raising.raised = arrived.iter().filter_map(Arrival::lies).count() as u64;
    }
    Ok(raising)
}

/// The same for objects that are held as close as whoever brings them says.
///
/// # Errors
/// [`ShelfError`]; nothing was put.
pub fn shelve_as(
    shelf: &mut dyn Shelf,
    (collection, now): (&str, Moment),
    objects: &[(Level, &[u8])],
) -> Result<Vec<Arrival>, ShelfError> {
    let held = |(level, bytes): &(Level, &[u8])| {
        Ok(Known { level: *level, unmarked: false, ..known(bytes, Terms::default())? })
    };
    let read = objects.iter().map(held).collect();
    let bytes: Vec<&[u8]> = objects.iter().map(|(_, bytes)| *bytes).collect();
    put(&mut |incoming| shelf.put(collection, now, incoming), read, &bytes)
}

fn put(
    putting: Putting<'_>,
    read: Vec<Result<Known, String>>,
    objects: &[&[u8]],
) -> Result<Vec<Arrival>, ShelfError> {
    let mut incoming = Vec::with_capacity(objects.len());
    for (bytes, known) in objects.iter().zip(&read) {
        if let Ok(known) = known {
            incoming.push(Incoming {
                id: &known.id,
                kind: &known.kind,
                spec: known.spec,
                version: known.version,
                level: known.level,
                creator: known.creator.as_deref(),
                bytes,
            });
        }
    }
    let mut puts = putting(&incoming)?.into_iter();
    drop(incoming);
    let answer = |known: Result<Known, String>| match known {
        Err(why) => Ok(Arrival::Refused(why)),
        Ok(Known { id, version, level, unmarked, .. }) => match puts.next() {
            Some(put) => {
                let level = match put {
                    Put::Added(_) => level,
                    Put::Known(_, lies) | Put::Differs(lies) | Put::Foreign(lies) => {
                        level.max(lies)
                    }
                };
                Ok(Arrival::Put { id, version, level, unmarked, put })
            }
            None => Err(ShelfError("it answered for fewer objects than came".to_owned())),
        },
    };
    read.into_iter().map(answer).collect()
}
