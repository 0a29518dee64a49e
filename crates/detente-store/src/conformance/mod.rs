//! The suite that every backend passes: what [`Store`] promises, one function a deed.
//!
//! Is: checks through the port alone, so that a backend can be swapped without anybody noticing.
//! Is not: a check of durability, which needs hands on the files; each backend brings its own.

mod indicator;
mod log;
mod lookup;
mod object;
mod party;
mod run;
mod staged;

use std::ops::Range;

use detente_core::{AccordId, Digest, PartyId};
use detente_intel::Observable;
use detente_log::{Append, Appender, RightEdge};
use detente_node::ports::{EntryRow, LogAppend, LogKey, Store, StoreError};

/// What a deed of the suite returns: a failure of the store ends it.
type Done = Result<(), StoreError>;

/// One promise, and how it is tried.
type Deed = (&'static str, fn(&mut dyn Store) -> Done);

/// Every deed with its name; each gets an empty store.
const DEEDS: &[Deed] = &[
    ("accords are kept", party::accords_are_kept),
    ("cards are replaced", party::cards_are_replaced),
    ("evidence is counted", party::evidence_is_counted),
    ("doubts come and go", party::doubts_come_and_go),
    ("an unknown log is empty", log::unknown_log_is_empty),
    ("a log grows", log::log_grows),
    ("a stale append changes nothing", log::stale_append_changes_nothing),
    ("checkpoints only grow", log::checkpoints_only_grow),
    ("pending checkpoints are compared", log::pending_is_compared),
    ("entries end with the log", log::entries_end_with_the_log),
    ("logs are apart", log::logs_are_apart),
    ("staged bodies end at a gap", staged::bodies_end_at_a_gap),
    ("staged bodies go with their leaves", staged::bodies_go_with_their_leaves),
    ("staged bodies are bounded", staged::bodies_are_bounded),
    ("the same indicator is kept once", indicator::same_is_kept_once),
    ("contexts keep their order", indicator::contexts_keep_their_order),
    ("what was said since a moment is found", indicator::changes_are_found),
    ("contexts are found by their words", indicator::words_are_found),
    (
        "newer words of an object take the place of older ones",
        indicator::newer_words_of_an_object_take_the_place_of_older_ones,
    ),
    ("rows come in pages", indicator::rows_come_in_pages),
    ("observables come sorted", indicator::observables_come_sorted),
    ("a caller may read while observables come", indicator::caller_may_read_meanwhile),
    ("lists come in pages", indicator::lists_come_in_pages),
    ("runs are replaced", run::runs_are_replaced),
    ("matched is of one accord and peer", run::matched_is_of_accord_and_peer),
    ("values stay with observables", lookup::values_stay_with_observables),
    ("filters come in buckets", lookup::filters_come_in_buckets),
    ("updates lead on", lookup::updates_lead_on),
    ("updates come in parts", lookup::updates_come_in_parts),
    ("what was asked keeps its order", lookup::what_was_asked_keeps_its_order),
    ("objects are found by address", object::objects_are_found_by_address),
    ("erased objects are gone", object::erased_objects_are_gone),
    ("the first sighting is the oldest", indicator::first_sighting_is_the_oldest),
    ("received objects are counted to the gap", object::received_are_counted_to_the_gap),
    ("received objects are found by observable", object::received_are_found_by_observable),
    ("a bad object keeps out its batch", object::bad_object_keeps_out_its_batch),
    ("what is over is erased, and nothing else", object::erased_is_what_is_over),
];

/// Runs the whole suite; `new` gives an empty store each time.
///
/// # Panics
/// At the first promise that the store breaks.
pub fn suite(mut new: impl FnMut() -> Box<dyn Store>) {
    for (name, deed) in DEEDS {
        let mut store = new();
        let done = deed(store.as_mut());
        assert_eq!(done, Ok(()), "{name}");
    }
}

fn party(n: u8) -> PartyId {
    PartyId::new([n; 32])
}

fn accord(n: u8) -> AccordId {
    AccordId::new([n; 32])
}

fn digest(n: u8) -> Digest {
    Digest::new([n; 32])
}

fn key(n: u8) -> LogKey {
    LogKey { accord: accord(n), party: party(n) }
}

/// An observable; the suite's own words always have a normal form.
fn observable(text: &str) -> Result<Observable, StoreError> {
    Observable::detect(text).map_err(|fault| StoreError::Failed(format!("{text}: {fault}")))
}

/// Entries of these places, each different.
fn entries(places: Range<u64>) -> Vec<EntryRow> {
    let entry = |place: u64| EntryRow {
        leaf: format!("leaf {place}").into_bytes(),
        salt: [place.to_le_bytes()[0]; 32],
        body: format!("body {place}").into_bytes(),
    };
    places.map(entry).collect()
}

/// How the entries extend a tree.
fn plan(edge: &RightEdge, entries: &[EntryRow]) -> Result<Append, StoreError> {
    let mut appender = Appender::new(edge.clone());
    for entry in entries {
        let pushed = appender.push_entry(&entry.leaf);
        pushed.map_err(|fault| StoreError::Failed(fault.to_string()))?;
    }
    Ok(appender.finish())
}

/// Appends entries to what the store holds, as a node does.
fn extend(
    store: &mut dyn Store,
    key: LogKey,
    entries: &[EntryRow],
    checkpoint: Option<&[u8]>,
) -> Result<RightEdge, StoreError> {
    let append = plan(&store.log(key)?.edge, entries)?;
    store.append(key, &LogAppend { entries, append: &append, checkpoint })?;
    Ok(append.edge)
}

fn is_conflict(done: &Done) -> bool {
    matches!(done, Err(StoreError::Conflict(_)))
}

fn is_failed(done: &Done) -> bool {
    matches!(done, Err(StoreError::Failed(_)))
}
