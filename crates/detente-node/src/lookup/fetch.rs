//! The asker's filter: fetched whole or by updates, in parts that can be taken up again; and the
//! holder's answers to that.
//!
//! Nothing counts before it is whole and has the digest on record. Parts are checked as they come:
//! what no encoder writes ends the fetch at once.

use detente_core::{AccordId, Digest, PartyId};
use detente_lookup::{
    FilterHasher, MAX_BUCKET_BYTES, Merge, read_framed, read_update, write_framed,
};
use detente_peer::limits::MAX_FILTER_PART;
use detente_peer::{Refusal, Request, Response};

use super::publish::{Buckets, building, read_values};
use super::{BUCKETS_AT_ONCE, Terms, describe, fault, items};
use crate::error::NodeError;
use crate::matching::{OnProgress, misbehaved, pull};
use crate::node::{Node, Shared};
use crate::ports::{Finished, Link};
use crate::push::unexpected;
use crate::report::RefreshReport;

/// Most updates that are applied one after the other; who is further behind fetches the whole.
const MAX_STEPS: usize = 16;

/// Bytes that a fetch has moved.
#[derive(Default)]
struct Moved {
    bytes: u64,
    updates: u32,
    whole: bool,
}

/// Brings the filter that stands on record here.
///
/// # Errors
/// [`NodeError`]: the holder, nothing published, the line was cut (what came is kept, and the next
/// fetch goes on there), or the filter is not what the record says.
pub fn refresh(
    shared: &Shared,
    link: &dyn Link,
    accord: AccordId,
    clause: &str,
    progress: OnProgress<'_>,
) -> Result<RefreshReport, NodeError> {
    pull(link)?;
    let (terms, standing) = {
        let node = shared.lock();
        let terms = node.lookup_terms(accord, clause)?;
        terms.asks(&node)?;
        let standing = node.standing(&terms)?.ok_or_else(|| no_filter(clause))?;
        (terms, standing)
    };
    let goal = Digest::new(*standing.filter.digest.as_bytes());
    let mut moved = Moved::default();
    let scope = terms.scope();
    let held = shared.lock().store.whole_filter(scope)?.map(|row| row.name);
    if held != Some(goal) {
        let known = match held {
            Some(held) if shared.lock().same_key(&terms, held, &standing.filter.key)? => Some(held),
            _ => None,
        };
        let updated = match known {
            Some(held) => follow(shared, link, &terms, (held, goal), &mut moved)?,
            None => false,
        };
        if !updated {
            fetch(shared, link, &terms, goal, (&mut moved, progress))?;
        }
    }
    let node = shared.lock();
    Ok(RefreshReport {
        accord: node.book(accord)?.row.slug.clone(),
        clause: clause.to_owned(),
        from: node.name_of(terms.holder),
        filter: describe(&standing),
        bytes: moved.bytes,
        updates: moved.updates,
        whole: moved.whole,
    })
}

pub(super) fn no_filter(clause: &str) -> NodeError {
    NodeError::denied(
        "match_no_filter",
        format!("the other side has published no filter under clause {clause}"),
        "ask it to run `detente lookup ACCORD --clause CLAUSE --publish`",
    )
}

impl Node {
    /// Whether a filter was published under this key.
    pub(super) fn same_key(
        &self,
        terms: &Terms,
        digest: Digest,
        key: &[u8; 32],
    ) -> Result<bool, NodeError> {
        let filters = &self.state(terms.accord)?.filters;
        Ok(filters.iter().any(|other| {
            let filter = &other.filter;
            filter.digest == digest && filter.key == *key && filter.clause == terms.clause
        }))
    }
}

/// Follows updates from the filter that is here to the one that stands; whether they led there.
fn follow(
    shared: &Shared,
    link: &dyn Link,
    terms: &Terms,
    (held, goal): (Digest, Digest),
    moved: &mut Moved,
) -> Result<bool, NodeError> {
    let mut at = held;
    for _ in 0..MAX_STEPS {
        let Some((to, coded)) = fetch_update(link, terms, at, moved)? else { return Ok(false) };
        apply(shared, terms, (at, to), &coded)?;
        moved.updates += 1;
        at = to;
        if at == goal {
            return Ok(true);
        }
    }
    Ok(false)
}

/// One update; none if the holder keeps it no more.
fn fetch_update(
    link: &dyn Link,
    terms: &Terms,
    from: Digest,
    moved: &mut Moved,
) -> Result<Option<(Digest, Vec<u8>)>, NodeError> {
    let most = terms.shape.update_bytes_max(terms.shape.items());
    let mut coded: Vec<u8> = Vec::new();
    let mut head: Option<(Digest, u32)> = None;
    loop {
        let offset = u32::try_from(coded.len()).map_err(NodeError::damaged)?;
        let request = Request::FetchUpdate { accord: terms.accord, from, offset };
        let (to, total, bytes) = match link.request(&request)? {
            Response::UpdatePart { to, total, bytes } => (to, total, bytes),
            // It may have gone in the middle, when the holder published again.
            Response::Refused(refusal) if refusal.code == NO_UPDATE => return Ok(None),
            other => return Err(unexpected(other)),
        };
        let sound = !bytes.is_empty()
            && u64::from(total) <= most
            && head.is_none_or(|head| head == (to, total))
            && coded.len() as u64 + bytes.len() as u64 <= u64::from(total);
        if !sound {
            let words = "a part of an update does not fit those before it";
            return Err(misbehaved("update_part", words.to_owned()));
        }
        head = Some((to, total));
        moved.bytes += bytes.len() as u64;
        coded.extend(bytes);
        if coded.len() as u64 == u64::from(total) {
            return Ok(Some((to, coded)));
        }
    }
}

/// Applies an update; the result must have the digest that the holder says.
fn apply(
    shared: &Shared,
    terms: &Terms,
    (from, to): (Digest, Digest),
    coded: &[u8],
) -> Result<(), NodeError> {
    let mut merge = Merge::new(read_update(&terms.shape, coded).map_err(fault)?);
    let mut check = FilterHasher::new(terms.shape);
    let mut out = Buckets::new(shared, terms);
    for start in (0..terms.shape.buckets()).step_by(BUCKETS_AT_ONCE as usize) {
        let old = read_values(shared, (terms.scope(), from), start, &mut check)?;
        out.push(&merge.push(&old))?;
    }
    out.push(&merge.finish())?;
    let (digest, _) = out.finish()?;
    settle(shared, terms, building(terms), (digest, to))
}

/// Fetches the whole filter, from the first bucket that is not here on.
fn fetch(
    shared: &Shared,
    link: &dyn Link,
    terms: &Terms,
    goal: Digest,
    (moved, progress): (&mut Moved, OnProgress<'_>),
) -> Result<(), NodeError> {
    moved.whole = true;
    let (scope, shape) = (terms.scope(), terms.shape);
    let held = shared.lock().store.filter(scope, goal)?.map_or(0, |row| row.held);
    let mut check = FilterHasher::new(shape);
    while check.next() < held {
        let start = check.next();
        let values = read_values(shared, (scope, goal), start, &mut check)?;
        if values.is_empty() && check.next() == start {
            return Err(NodeError::damaged("a filter has fewer buckets than it says"));
        }
    }
    while check.next() < shape.buckets() {
        let first = check.next();
        let request = Request::FetchFilter { accord: terms.accord, filter: goal, first };
        let bytes = match link.request(&request)? {
            Response::FilterPart { bytes } if !bytes.is_empty() => bytes,
            Response::FilterPart { .. } => {
                let words = format!("its filter ends before bucket {first}");
                return Err(misbehaved("filter_short", words));
            }
            other => return Err(unexpected(other)),
        };
        moved.bytes += bytes.len() as u64;
        let buckets = read_framed(first, &bytes).map_err(fault)?;
        let mut kept = Vec::with_capacity(buckets.len());
        for bucket in buckets {
            if let Err(error) = check.push(&bucket.bytes) {
                // What came before may be as false.
                shared.lock().store.drop_filter(scope, goal)?;
                return Err(fault(error));
            }
            kept.push(bucket.bytes);
        }
        shared.lock().store.put_buckets(scope, (goal, shape.items()), first, &kept)?;
        progress(items(check.next().into(), shape.buckets().into()));
    }
    let digest = check.finish();
    let digest = match digest {
        Ok(digest) => Digest::new(digest),
        Err(error) => {
            shared.lock().store.drop_filter(scope, goal)?;
            return Err(fault(error));
        }
    };
    settle(shared, terms, goal, (digest, goal))
}

/// Keeps a filter under its digest, or drops it if that is not the one it was said to have.
fn settle(
    shared: &Shared,
    terms: &Terms,
    name: Digest,
    (digest, want): (Digest, Digest),
) -> Result<(), NodeError> {
    let scope = terms.scope();
    let mut node = shared.lock();
    if digest != want {
        node.store.drop_filter(scope, name)?;
        let words = format!("its filter has the digest {}, not {}", digest.short(), want.short());
        return Err(misbehaved("filter_differs", words));
    }
    node.store.finish_filter(&Finished { scope, name, digest, update: None })?;
    Ok(())
}

/// What the holder answers if it keeps no update.
const NO_UPDATE: &str = "lookup_no_update";

impl Node {
    /// The clause under which this node has published a filter that the peer may fetch: one that is
    /// on record under the text in force.
    fn fetchable(
        &self,
        peer: PartyId,
        accord: AccordId,
        filter: Digest,
    ) -> Result<Option<Terms>, NodeError> {
        self.not_stopped(accord)?;
        let text = self.governing_with(accord, peer)?.digest;
        let filters = &self.state(accord)?.filters;
        let own = filters.iter().rev().find(|published| {
            published.holder == self.party()
                && published.filter.digest == filter
                && published.filter.text == text
        });
        let Some(own) = own else { return Ok(None) };
        let terms = self.lookup_terms(accord, &own.filter.clause)?;
        Ok((terms.asker == peer).then_some(terms))
    }
}

/// Answers [`Request::FetchFilter`].
pub(crate) fn filter_part(
    shared: &Shared,
    peer: PartyId,
    accord: AccordId,
    (filter, first): (Digest, u32),
) -> Result<Response, NodeError> {
    let node = shared.lock();
    let none = || {
        let refusal = Refusal::new("lookup_no_filter", "this node has no such filter to give");
        Ok(Response::Refused(refusal))
    };
    let Some(terms) = node.fetchable(peer, accord, filter)? else { return none() };
    let scope = terms.scope();
    if !node.store.filter(scope, filter)?.is_some_and(|row| row.whole) {
        return none();
    }
    let numbers = first..first.saturating_add(BUCKETS_AT_ONCE);
    let mut bytes = Vec::new();
    for bucket in node.store.buckets(scope, filter, numbers)? {
        if bytes.len() + bucket.len() + 2 > MAX_FILTER_PART {
            break;
        }
        write_framed(&bucket, &mut bytes);
    }
    Ok(Response::FilterPart { bytes })
}

// One bucket always fits a part.
const _: () = assert!(MAX_BUCKET_BYTES + 2 <= MAX_FILTER_PART);

/// Answers [`Request::FetchUpdate`].
pub(crate) fn update_part(
    shared: &Shared,
    peer: PartyId,
    accord: AccordId,
    (from, offset): (Digest, u32),
) -> Result<Response, NodeError> {
    let node = shared.lock();
    let none =
        || Ok(Response::Refused(Refusal::new(NO_UPDATE, "this node keeps no update from there")));
    let Some(terms) = node.fetchable(peer, accord, from)? else { return none() };
    let scope = terms.scope();
    let Some(part) = node.store.update_part(scope, from, offset, MAX_FILTER_PART)? else {
        return none();
    };
    if u64::from(offset) >= part.total {
        let words = format!("the update has {} bytes", part.total);
        return Ok(Response::Refused(Refusal::new("lookup_update_ends", words)));
    }
    let total = u32::try_from(part.total).map_err(NodeError::damaged)?;
    Ok(Response::UpdatePart { to: part.to, total, bytes: part.bytes })
}
