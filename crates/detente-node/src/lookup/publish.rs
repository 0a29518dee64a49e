//! The holder's part: evaluate what is new, build the filter, publish it.
//!
//! Values are kept beside the observables, so that a filter costs the evaluation of what came since
//! the last. They are no secret worth more than the list itself: without the key nobody can tell
//! whose value one is, and who reads the store reads the list beside it. Nobody holds the node
//! while values are computed, and what was computed stays when the command is ended.

use detente_core::act::{ActKind, Body, Filter};
use detente_core::party::Role;
use detente_core::{AccordId, Digest};
use detente_intel::{Context, NORMAL_FORM_VERSION, Observable};
use detente_lookup::{Bucket, FilterHasher, FilterWriter, Key, changes, dummies, encode_update};
use detente_state::Entry;

use super::{BUCKETS_AT_ONCE, Terms, describe, fault, items};
use crate::error::NodeError;
use crate::matching::{OnProgress, refused};
use crate::node::Shared;
use crate::ports::{Finished, ValueRow, Vouchers};
use crate::report::PublishReport;
use crate::retraction::HeldOut;

/// Observables that are evaluated in one go: about a second of two cores.
const EVALUATED_AT_ONCE: usize = 32_768;

/// What a filter is built from.
struct Build {
    terms: Terms,
    /// The engine of the clause, with its version.
    engine: &'static str,
    key: Key,
    epoch: u32,
    /// The filter on record under the same key, if this one follows it.
    previous: Option<Digest>,
    /// What this side has only from what was taken back.
    held_out: HeldOut,
}

impl Build {
    /// What the act says.
    fn filter(&self, digest: Digest) -> Filter {
        Filter {
            text: self.terms.text,
            clause: self.terms.clause.clone(),
            normal_form: NORMAL_FORM_VERSION,
            engine: self.engine.to_owned(),
            epoch: self.epoch,
            key: *self.key.public(),
            items: self.terms.shape.items(),
            digest,
            previous: self.previous,
        }
    }
}

/// Brings the own list into a filter and puts it on record. `new_key` begins a new epoch:
/// everything is evaluated again, and what the other side holds is worth nothing.
///
/// # Errors
/// [`NodeError`]: not the holder, nothing in force, stopped, more indicators than the filter's
/// agreed length.
pub fn publish(
    shared: &Shared,
    accord: AccordId,
    (clause, new_key): (&str, bool),
    progress: OnProgress<'_>,
) -> Result<PublishReport, NodeError> {
    let (build, vouchers, total) = begin(shared, accord, clause, new_key)?;
    let (mut values, evaluated) = evaluate(shared, &build, &vouchers, total, progress)?;
    let (terms, shape) = (&build.terms, build.terms.shape);
    let real = values.len() as u64;
    let missing = u64::from(shape.items()).checked_sub(real).ok_or_else(|| {
        NodeError::denied(
            "filter_too_small",
            format!("{real} indicators, the filter of clause {clause} has room for less"),
            "agree on a longer filter or on fewer kinds",
        )
    })?;
    let missing = u32::try_from(missing).map_err(NodeError::damaged)?;
    values.extend(dummies(&build.key, &shape, missing));
    values.sort_unstable();
    let update = find_update(shared, &build, &values)?;
    let (digest, bytes) = write(shared, terms, &values)?;
    let (from, coded) = update.unzip();
    let update_bytes = coded.as_ref().map(|coded| coded.len() as u64);
    let unchanged = build.previous == Some(digest);
    // An update is worth sending only if it is shorter than what it saves, and leads elsewhere.
    let update = from.zip(coded.as_deref());
    let update = update.filter(|(from, coded)| *from != digest && coded.len() as u64 * 2 < bytes);
    let mut node = shared.lock();
    node.not_stopped(accord)?;
    if !unchanged {
        let now = node.act_time(accord)?;
        let filter = build.filter(digest);
        let state = node.state(accord)?;
        state.check_filter(node.party(), &filter, now).map_err(|error| refused(&error))?;
    }
    let (scope, name) = (terms.scope(), building(terms));
    if node.store.whole_filter(scope)?.is_some_and(|whole| whole.name == digest) {
        node.store.drop_filter(scope, name)?;
    } else {
        node.store.finish_filter(&Finished { scope, name, digest, update })?;
    }
    if !unchanged {
        node.perform(accord, Some(Role::Analyst), Body::PublishFilter(build.filter(digest)))?;
    }
    let standing = node.standing(terms)?;
    Ok(PublishReport {
        accord: node.book(accord)?.row.slug.clone(),
        clause: clause.to_owned(),
        to: node.name_of(terms.asker),
        unchanged,
        listed: real,
        evaluated,
        held_out: total.saturating_sub(real),
        filter: standing.as_ref().map(describe),
        bytes,
        update_bytes: if unchanged { None } else { update.and(update_bytes) },
        delivered: Vec::new(),
    })
}

/// The name of a filter whose digest is not known yet.
pub(super) fn building(terms: &Terms) -> Digest {
    Digest::of("detente/lookup-building/1", &[terms.scope().as_bytes()])
}

/// What is to be built, which contexts vouch, and how many indicators there are of the kinds.
fn begin(
    shared: &Shared,
    accord: AccordId,
    clause: &str,
    new_key: bool,
) -> Result<(Build, Vouchers, u64), NodeError> {
    let node = shared.lock();
    node.not_stopped(accord)?;
    let terms = node.lookup_terms(accord, clause)?;
    let now = node.act_time(accord)?;
    let entry = Entry { party: node.party(), clause, size: 0, offers: false };
    node.state(accord)?.may_match(&entry, now).map_err(|error| refused(&error))?;
    // Before minutes of work, not after.
    node.role_for(accord, ActKind::PublishFilter, Some(Role::Analyst), None)?;
    let last = node.standing(&terms)?.map(|published| published.filter);
    let (epoch, previous) = match last {
        None => (1, None),
        Some(last) if new_key => (last.epoch.saturating_add(1), None),
        Some(last) => (last.epoch, Some(last.digest)),
    };
    let key = node.lookup_key(&terms, epoch)?;
    if !new_key
        && let Some(last) = node.standing(&terms)?
        && last.filter.key != *key.public()
    {
        return Err(NodeError::denied(
            "lookup_other_key",
            "the filter on record was made with another secret than this home has",
            "publish with --new-key: the other side fetches the whole filter again",
        ));
    }
    let kinds = &terms.rule.kinds;
    let door = node.door(&terms, terms.asker)?;
    let vouchers = node.store.vouchers(kinds, &mut |kind, context| door.vouches(kind, context))?;
    let total = node.store.count(kinds)?;
    let engine = terms.engine()?.name();
    let held_out = node.held_out()?;
    Ok((Build { terms, engine, key, epoch, previous, held_out }, vouchers, total))
}

/// The values of all own observables that may show, and how many had to be computed.
fn evaluate(
    shared: &Shared,
    build: &Build,
    vouchers: &Vouchers,
    total: u64,
    progress: OnProgress<'_>,
) -> Result<(Vec<u64>, u64), NodeError> {
    let evaluation = build.terms.evaluation(build.epoch);
    let most = build.terms.shape.items() as usize;
    let mut values = Vec::new();
    let mut computed = 0;
    let mut after: Option<Observable> = None;
    loop {
        let mut rows = {
            let node = shared.lock();
            // A stop ends what prepares a flow too.
            node.not_stopped(build.terms.accord)?;
            let mut rows =
                node.store.value_rows(vouchers, evaluation, after.as_ref(), EVALUATED_AT_ONCE)?;
            let Some(last) = rows.last() else { return Ok((values, computed)) };
            after = Some(last.observable.clone());
            if let Some(lineage) = node.lineage(build.terms.asker)? {
                let door = node.door(&build.terms, build.terms.asker)?;
                let vouches = |kind, context: &Context| door.vouches(kind, context);
                let mut own = Vec::with_capacity(rows.len());
                for row in rows {
                    if node.is_own_word(&row.observable, lineage, &vouches)? {
                        own.push(row);
                    }
                }
                rows = own;
            }
            rows
        };
        rows.retain(|row| !build.held_out.has(&row.observable));
        let lacking: Vec<&ValueRow> = rows.iter().filter(|row| row.value.is_none()).collect();
        let keys: Vec<Vec<u8>> = lacking.iter().map(|row| row.observable.match_key()).collect();
        let new = build.key.values(&build.terms.shape, &keys).map_err(fault)?;
        let placed: Vec<(i64, u64)> =
            lacking.iter().map(|row| row.place).zip(new.iter().copied()).collect();
        if !placed.is_empty() {
            shared.lock().store.put_values(evaluation, &placed)?;
        }
        computed += placed.len() as u64;
        values.extend(rows.iter().filter_map(|row| row.value));
        values.extend(new);
        if values.len() > most {
            // The caller says so; what else there is need not be evaluated.
            return Ok((values, computed));
        }
        progress(items(values.len() as u64, total));
    }
}

/// What leads from the filter that is here under the same key to the new values.
fn find_update(
    shared: &Shared,
    build: &Build,
    values: &[u64],
) -> Result<Option<(Digest, Vec<u8>)>, NodeError> {
    let (scope, shape) = (build.terms.scope(), build.terms.shape);
    let old = shared.lock().store.whole_filter(scope)?;
    let old = old.filter(|old| build.previous.is_some() && old.items == shape.items());
    let Some(old) = old else { return Ok(None) };
    let mut check = FilterHasher::new(shape);
    let starts = (0..shape.buckets()).step_by(BUCKETS_AT_ONCE as usize);
    let read = starts.flat_map(|start| {
        let part = read_values(shared, (scope, old.name), start, &mut check);
        let (values, error) = match part {
            Ok(values) => (values, None),
            Err(error) => (Vec::new(), Some(Err(error))),
        };
        values.into_iter().map(Ok).chain(error)
    });
    let change = changes(read, values)?;
    let coded = encode_update(&shape, &change).map_err(fault)?;
    Ok(Some((old.name, coded)))
}

/// The values of the next buckets of a filter of this home.
pub(super) fn read_values(
    shared: &Shared,
    (scope, name): (Digest, Digest),
    start: u32,
    check: &mut FilterHasher,
) -> Result<Vec<u64>, NodeError> {
    let numbers = start..start.saturating_add(BUCKETS_AT_ONCE);
    let buckets = shared.lock().store.buckets(scope, name, numbers)?;
    let mut values = Vec::new();
    for bucket in buckets {
        // The home's own copy was checked when it was stored: now it is damage.
        values.extend(check.push(&bucket).map_err(NodeError::damaged)?);
    }
    Ok(values)
}

/// Codes the filter into the store; gives its digest and its bytes.
fn write(shared: &Shared, terms: &Terms, values: &[u64]) -> Result<(Digest, u64), NodeError> {
    let mut out = Buckets::new(shared, terms);
    for part in values.chunks(1 << 16) {
        out.push(part)?;
    }
    out.finish()
}

/// Writes values in rising order into a filter that is being built.
pub(super) struct Buckets<'a> {
    shared: &'a Shared,
    scope: Digest,
    name: Digest,
    items: u32,
    writer: FilterWriter,
    next: u32,
    bytes: u64,
}

impl<'a> Buckets<'a> {
    pub(super) fn new(shared: &'a Shared, terms: &Terms) -> Buckets<'a> {
        Buckets {
            shared,
            scope: terms.scope(),
            name: building(terms),
            items: terms.shape.items(),
            writer: FilterWriter::new(terms.shape),
            next: 0,
            bytes: 0,
        }
    }

    pub(super) fn push(&mut self, values: &[u64]) -> Result<(), NodeError> {
        for value in values {
            self.writer.push(*value).map_err(fault)?;
        }
        let done = self.writer.take();
        self.keep(done)
    }

    fn keep(&mut self, done: Vec<Bucket>) -> Result<(), NodeError> {
        if done.is_empty() {
            return Ok(());
        }
        let buckets: Vec<Vec<u8>> = done.into_iter().map(|bucket| bucket.bytes).collect();
        let filter = (self.name, self.items);
        self.shared.lock().store.put_buckets(self.scope, filter, self.next, &buckets)?;
        self.next = self.next.saturating_add(u32::try_from(buckets.len()).unwrap_or(u32::MAX));
        self.bytes += buckets.iter().map(|bucket| bucket.len() as u64 + 2).sum::<u64>();
        Ok(())
    }

    /// The digest of the filter, and its bytes as they travel.
    pub(super) fn finish(mut self) -> Result<(Digest, u64), NodeError> {
        let (rest, digest) = self.writer.finish().map_err(fault)?;
        self.keep(rest)?;
        Ok((Digest::new(digest), self.bytes))
    }
}
