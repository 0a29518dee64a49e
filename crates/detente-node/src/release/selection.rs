//! Releases that rest on no run: a selection of the own indicators, and what an originator has
//! consented to.
//!
//! A selection is laid before the gate in batches, each one act, so that neither memory nor an act
//! grows with it. What was released to the receiver before, acknowledged or on its way, is passed
//! over: a selection that was cut off goes on where it was.

use std::collections::BTreeSet;

use detente_core::act::{Body, MAX_BODY, Presented, onward};
use detente_core::object::Object;
use detente_core::{AccordId, Digest, Kind, PartyId, UnixSeconds};
use detente_gate::{Ground, Tally};
use detente_intel::{Context, Observable};

use super::{Prepared, is_full, report_held_out, report_object, report_sent, send};
use crate::error::NodeError;
use crate::lineage::Sent;
use crate::matching::pull;
use crate::node::{Node, Shared};
use crate::object::observed;
use crate::ports::{Link, Moment, PageOf, Verdicts};
use crate::push::push;
use crate::report::{ObjectReport, ReleaseReport};
use crate::retraction::HeldOut;
use crate::table::By;

/// Sightings that are laid before the gate in one go. Count: a second of the gate at most, and
/// below what one release holds.
const PAGE: usize = 4_096;
/// Values that are read in one go, where a selection names them. Count.
const VALUES: usize = 1_024;
/// Bytes that objects may add to one act: half of what it holds, since a manifest repeats of each
/// object its labels and receivers alone.
const BATCH_BYTES: usize = MAX_BODY / 2;
/// What a manifest takes for an object beside what stands in the object, in bytes, at most.
const ENTRY_BYTES: usize = 512;
/// Verdicts that a report lists one by one; all are counted. Count.
pub const LISTED_MAX: usize = 10_000;

/// Which of the own indicators are meant: those that every part of it takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Of these kinds; of all if none is named.
    pub kinds: Vec<Kind>,
    /// From these sources; from all if none is named.
    pub sources: Vec<String>,
    /// These observables; all if none is named.
    pub values: Vec<Observable>,
    /// What came at this time or later.
    pub since: Option<UnixSeconds>,
    /// What the other side has acknowledged goes once more.
    pub again: bool,
}

impl Selection {
    fn takes(&self, context: &Context, added: UnixSeconds) -> bool {
        (self.sources.is_empty() || self.sources.contains(&context.source))
            && self.since.is_none_or(|since| added >= since)
    }
}

/// From whom to whom, under which accord, on what.
#[derive(Clone, Copy)]
struct Desk {
    accord: AccordId,
    peer: PartyId,
    ground: Ground,
}

/// Where the reading of a selection stands.
struct Cursor {
    kinds: Vec<Kind>,
    moment: Moment,
    after: Option<Observable>,
    /// Values read, where the selection names them.
    read: usize,
    ended: bool,
    verdicts: Verdicts,
    /// What this side has only from what was taken back, and what of it the selection names.
    held_out: HeldOut,
    held: Vec<ObjectReport>,
}

impl Cursor {
    /// Adds what was held out to the report.
    fn tell(self, report: &mut ReleaseReport) {
        for told in self.held {
            report.denied += 1;
            list(report, told);
        }
    }
}

impl Node {
    fn cursor(&self, selection: &Selection) -> Result<Cursor, NodeError> {
        let all = selection.kinds.is_empty();
        let kinds = if all { Kind::ALL.to_vec() } else { selection.kinds.clone() };
        let moment = self.store.moment()?;
        let verdicts = Verdicts::default();
        let (after, held_out, held) = (None, self.held_out()?, Vec::new());
        Ok(Cursor { kinds, moment, after, read: 0, ended: false, verdicts, held_out, held })
    }

    /// The next objects of a selection; none at its end.
    fn next_page(
        &self,
        (selection, cursor): (&Selection, &mut Cursor),
        (accord, peer): (AccordId, PartyId),
    ) -> Result<Option<Vec<Object>>, NodeError> {
        if cursor.ended {
            return Ok(None);
        }
        let items = if selection.values.is_empty() {
            let Cursor { kinds, moment, after, verdicts, .. } = cursor;
            let of = PageOf { kinds, moment: *moment, after: after.as_ref(), max: PAGE };
            let sources = &selection.sources;
            let mut takes =
                |_, context: &Context| sources.is_empty() || sources.contains(&context.source);
            let page = self.store.vouched(&of, verdicts, &mut takes)?;
            cursor.after = page.next;
            cursor.ended = cursor.after.is_none();
            page.items
        } else {
            let rest = selection.values.get(cursor.read..).unwrap_or_default();
            let some = &rest[..rest.len().min(VALUES)];
            cursor.read += some.len();
            cursor.ended = cursor.read >= selection.values.len();
            let kinds = &cursor.kinds;
            some.iter().filter(|value| kinds.contains(&value.kind())).cloned().collect()
        };
        let text = self.governing_with(accord, peer)?;
        let takes = |context: &Context, added| selection.takes(context, added);
        let mut objects = Vec::new();
        for item in &items {
            objects.extend(self.own_objects(item, (text, peer), &takes)?);
        }
        let Cursor { held_out, held, .. } = cursor;
        let out = objects.extract_if(.., |object| held_out.names(object.kind, &object.value));
        held.extend(out.map(report_held_out));
        Ok(Some(objects))
    }

    /// An empty report.
    fn open_report(&self, desk: &Desk, dry_run: bool) -> Result<ReleaseReport, NodeError> {
        let mut report = self.release_report(desk.accord, None, desk.peer, &[])?;
        report.dry_run = dry_run;
        report.consent = desk.ground.consent.map(|consent| consent.to_string());
        Ok(report)
    }

    /// Decides on a batch and, unless it is a rehearsal, puts the release of what may leave on
    /// record.
    fn enter_batch(
        &mut self,
        desk: &Desk,
        objects: Vec<Object>,
        (sent, report): (&mut Sent, &mut ReleaseReport),
    ) -> Result<Option<Prepared>, NodeError> {
        let own = self.party();
        // The time that the act will state: the auditor replays the decision with it.
        let now = self.act_time(desk.accord)?;
        let state = self.state(desk.accord)?;
        let mut tally = Tally::begin(state, (own, desk.peer), desk.ground, now);
        let mut fresh = Vec::new();
        let mut seen = BTreeSet::new();
        for object in objects {
            if weigh(&mut tally, &object, (&mut seen, sent), report) {
                fresh.push(object);
            }
        }
        drop(tally);
        if fresh.is_empty() || report.dry_run {
            return Ok(None);
        }
        let one = self.enter_release((desk.accord, desk.peer), desk.ground, fresh)?;
        sent.extend(one.release.objects().iter().map(|(address, _)| (*address, (one.act, None))));
        report.act = Some(one.act.to_string());
        report.acts.push(one.act.to_string());
        Ok(Some(one))
    }

    /// What was sent before and need not go again.
    fn sent(&self, desk: &Desk, again: bool) -> Result<Sent, NodeError> {
        let mut sent = self.sent_to(desk.accord, desk.peer)?;
        sent.retain(|_, (_, at)| !again || at.is_none());
        Ok(sent)
    }

    /// Weighs what a consent lets go as if it had been shown in the accord of the release already.
    fn rehearse_shown(
        &self,
        desk: &Desk,
        shown: Presented,
        (objects, mut report): (Vec<Object>, ReleaseReport),
    ) -> Result<ReleaseReport, NodeError> {
        let body = Body::PresentConsent(Box::new(shown));
        let role = self.role_for(desk.accord, body.kind(), None, None)?;
        self.foresee(desk.accord, &By::role(role), &body)?;
        let Some(act) = self.draft(desk.accord, &By::role(role), &body)? else { return Ok(report) };
        let state = self.state(desk.accord)?.after(&act, self.card().value());
        let now = self.act_time(desk.accord)?;
        let mut tally = Tally::begin(&state, (self.party(), desk.peer), desk.ground, now);
        let (mut seen, sent) = (BTreeSet::new(), self.sent(desk, false)?);
        for object in objects {
            weigh(&mut tally, &object, (&mut seen, &sent), &mut report);
        }
        Ok(report)
    }

    /// The objects that a consent lets go, as they go on; none that is not here any more.
    fn consented_objects(&self, consent: Digest, now: UnixSeconds) -> Result<Consented, NodeError> {
        let (home, originator, given) = self.own_consent(consent, now)?;
        let mut objects = Vec::with_capacity(given.scope.objects.len());
        for passage in &given.scope.objects {
            if let Some(mark) = self.state(home)?.mark(originator, passage.came) {
                let words = format!(
                    "its originator has taken object {} back at {}",
                    passage.came.short(),
                    mark.time
                );
                return Err(NodeError::denied("taken_back", words, "ask for the others anew"));
            }
            let Some(came) = self.kept_object((home, originator), passage.came, now)? else {
                let words =
                    format!("object {} may no longer be kept, or is gone", passage.came.short());
                return Err(NodeError::denied("not_kept", words, "ask for the others anew"));
            };
            objects.extend(onward(&came, originator, given.scope.purpose));
        }
        let (accord, receiver) = (given.scope.accord, given.scope.receiver);
        Ok(Consented { home, accord, receiver, objects })
    }
}

impl Node {
    /// Whether a consent of another accord must be shown before what it lets go can leave.
    fn must_show(&self, of: &Consented, consent: Digest) -> Result<bool, NodeError> {
        let shown = self.state(of.accord)?.consents.shown(consent);
        Ok(of.home != of.accord && shown.is_none())
    }

    /// A received object that may still be kept: what may not is not passed on either.
    fn kept_object(
        &self,
        (home, from): (AccordId, PartyId),
        address: Digest,
        now: UnixSeconds,
    ) -> Result<Option<Object>, NodeError> {
        let Some(came) = self.object_at(address)? else { return Ok(None) };
        let rows = self.store.received(&observed(&came)?)?;
        let kept = rows.iter().any(|row| {
            (row.accord, row.from, row.address) == (home, from, address) && row.is_kept(now)
        });
        Ok(kept.then_some(came))
    }
}

/// What a consent lets go.
struct Consented {
    /// In whose record it stands.
    home: AccordId,
    /// Under which accord it lets objects go.
    accord: AccordId,
    receiver: PartyId,
    objects: Vec<Object>,
}

/// Weighs one object into the report; whether it leaves now.
fn weigh(
    tally: &mut Tally<'_>,
    object: &Object,
    (seen, sent): (&mut BTreeSet<Digest>, &Sent),
    report: &mut ReleaseReport,
) -> bool {
    let one = tally.weigh(object.clone());
    // The same bytes twice are one object.
    if !seen.insert(one.address) {
        return false;
    }
    let mut told = report_object(&one);
    if let Some(was) = sent.get(&one.address).filter(|_| told.allowed || is_full(&one)) {
        report_sent(report, &mut told, was);
    } else if told.allowed {
        tally.count(&one);
        report.allowed += 1;
    } else {
        report.denied += 1;
    }
    let leaves = told.allowed;
    list(report, told);
    leaves
}

fn list(report: &mut ReleaseReport, told: ObjectReport) {
    if report.objects.len() < LISTED_MAX {
        report.objects.push(told);
    } else {
        report.unlisted += 1;
    }
}

/// Parts of a list of objects whose manifests fit one act each.
pub(super) fn batches(objects: Vec<Object>) -> Vec<Vec<Object>> {
    let mut batches: Vec<Vec<Object>> = Vec::new();
    let mut room = 0;
    for object in objects {
        let cost = object.encode().len() + ENTRY_BYTES;
        if room < cost || batches.is_empty() {
            batches.push(Vec::new());
            room = BATCH_BYTES;
        }
        room = room.saturating_sub(cost);
        if let Some(batch) = batches.last_mut() {
            batch.push(object);
        }
    }
    batches
}

/// Says of each indicator of a selection whether it would leave to a party, without anything
/// leaving.
///
/// # Errors
/// [`NodeError`].
pub fn dry_run_own(
    shared: &Shared,
    (accord, peer): (AccordId, PartyId),
    selection: &Selection,
) -> Result<ReleaseReport, NodeError> {
    let desk = Desk { accord, peer, ground: Ground::NONE };
    let node = shared.lock();
    let mut report = node.open_report(&desk, true)?;
    let sent = node.sent(&desk, selection.again)?;
    // One tally for all: what an object uses of a cap is gone for the next, in whichever page.
    let (state, now) = (node.state(accord)?, node.act_time(accord)?);
    let mut tally = Tally::begin(state, (node.party(), peer), desk.ground, now);
    let mut cursor = node.cursor(selection)?;
    while let Some(objects) = node.next_page((selection, &mut cursor), (accord, peer))? {
        // An address holds the observable, so that no two pages share one.
        let mut seen = BTreeSet::new();
        for object in objects {
            weigh(&mut tally, &object, (&mut seen, &sent), &mut report);
        }
    }
    cursor.tell(&mut report);
    Ok(report)
}

/// Releases a selection of the own indicators to the party at the other end of a line, as far as
/// the accord permits without a match.
///
/// # Errors
/// [`NodeError`]; what is on record by then goes at the next contact, and a second call goes on
/// from there.
pub fn release_own(
    shared: &Shared,
    link: &dyn Link,
    accord: AccordId,
    selection: &Selection,
) -> Result<ReleaseReport, NodeError> {
    pull(link)?;
    let desk = Desk { accord, peer: link.peer(), ground: Ground::NONE };
    let (mut report, mut sent, mut cursor) = {
        let node = shared.lock();
        let sent = node.sent(&desk, selection.again)?;
        (node.open_report(&desk, false)?, sent, node.cursor(selection)?)
    };
    loop {
        let page = shared.lock().next_page((selection, &mut cursor), (accord, desk.peer))?;
        let Some(objects) = page else { break };
        for batch in batches(objects) {
            let prepared = shared.lock().enter_batch(&desk, batch, (&mut sent, &mut report))?;
            deliver(shared, link, &desk, prepared)?;
        }
    }
    cursor.tell(&mut report);
    receipts(shared, link, &desk, report)
}

/// Says of each object that an originator has consented to whether it would leave, without anything
/// leaving.
///
/// # Errors
/// [`NodeError`]: there is no such consent for this party, or it does not stand.
pub fn dry_run_consented(shared: &Shared, consent: Digest) -> Result<ReleaseReport, NodeError> {
    let mut node = shared.lock();
    let now = node.now();
    let consented = node.consented_objects(consent, now)?;
    let desk = desk_of(&consented, consent);
    let mut report = node.open_report(&desk, true)?;
    if node.must_show(&consented, consent)? {
        // A rehearsal enters nothing, also not the act that shows the consent.
        let shown = node.presented(consented.home, consent)?;
        return node.rehearse_shown(&desk, shown, (consented.objects, report));
    }
    let mut sent = node.sent(&desk, false)?;
    node.enter_batch(&desk, consented.objects, (&mut sent, &mut report))?;
    Ok(report)
}

/// Releases what an originator has consented to, to the receiver that it named. A consent of
/// another accord is shown in the accord of the release first.
///
/// # Errors
/// [`NodeError`]: there is no such consent for this party, or it does not stand; and those of any
/// release.
pub fn release_consented(
    shared: &Shared,
    link: &dyn Link,
    consent: Digest,
) -> Result<ReleaseReport, NodeError> {
    pull(link)?;
    let (desk, prepared, mut report) = {
        let mut node = shared.lock();
        let now = node.now();
        let consented = node.consented_objects(consent, now)?;
        let desk = desk_of(&consented, consent);
        if node.must_show(&consented, consent)? {
            let shown = node.presented(consented.home, consent)?;
            let body = Body::PresentConsent(Box::new(shown));
            node.perform_in_effect(consented.accord, None, body)?;
        }
        let mut report = node.open_report(&desk, false)?;
        let mut sent = node.sent(&desk, false)?;
        let prepared = node.enter_batch(&desk, consented.objects, (&mut sent, &mut report))?;
        (desk, prepared, report)
    };
    deliver(shared, link, &desk, prepared)?;
    report = receipts(shared, link, &desk, report)?;
    Ok(report)
}

fn desk_of(consented: &Consented, consent: Digest) -> Desk {
    let ground = Ground::consent(consent);
    Desk { accord: consented.accord, peer: consented.receiver, ground }
}

/// Brings a release that is on record to the receiver.
fn deliver(
    shared: &Shared,
    link: &dyn Link,
    desk: &Desk,
    prepared: Option<Prepared>,
) -> Result<(), NodeError> {
    let Some(Prepared { act, release }) = prepared else { return Ok(()) };
    push(shared, link, desk.accord)?;
    send(shared, link, (desk.accord, act), &release)
}

/// Fetches the receipts of what left.
fn receipts(
    shared: &Shared,
    link: &dyn Link,
    desk: &Desk,
    mut report: ReleaseReport,
) -> Result<ReleaseReport, NodeError> {
    if report.acts.is_empty() {
        return Ok(report);
    }
    pull(link)?;
    let node = shared.lock();
    let mut last = None;
    for act in &report.acts {
        let act: Digest = act.parse().map_err(NodeError::damaged)?;
        last = node.receipt_of(desk.accord, act)?;
        if last.is_none() {
            break;
        }
    }
    // All of them, or it would look as if all had arrived.
    report.receipt = last;
    Ok(report)
}
