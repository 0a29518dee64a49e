//! Release: the gate decides, the record says so, the objects go, the receipt comes back.

mod selection;

use std::collections::BTreeSet;

use detente_accord::{Accord, ClockStart, Rule};
use detente_core::act::{Act, Body, Mode, ReleaseBody};
use detente_core::object::Object;
use detente_core::party::Role;
use detente_core::{AccordId, Digest, PartyId, RunId, UnixSeconds};
use detente_gate::{Decided, Ground, Release, Verdict, address_there, decide_all};
use detente_intel::{Context, Observable};
use detente_peer::{ObjectBatch, Refusal, Request, Response};
use detente_state::{Effect, State};

pub use selection::{
    LISTED_MAX, Selection, dry_run_consented, dry_run_own, release_consented, release_own,
};

use crate::error::NodeError;
use crate::handling::handling;
use crate::lineage::Sent;
use crate::matching::pull;
use crate::node::{Node, Shared};
use crate::ports::{Link, ReceivedRow};
use crate::push::{push, unexpected};
use crate::report::{ObjectReport, ReleaseReport};

/// Fewest hex digits that name a run by the start of its id.
const MIN_RUN_PREFIX: usize = 4;

impl Node {
    /// The run that a name means: its id, the first `MIN_RUN_PREFIX` digits or more, or `last`.
    ///
    /// # Errors
    /// [`NodeError::Unknown`].
    pub fn find_run(&self, accord: AccordId, name: &str) -> Result<RunId, NodeError> {
        let runs = self.store.runs(accord)?;
        let state = self.state(accord)?;
        let own = self.party();
        if name == "last" {
            // Only a run that told this side which indicators are common can be meant.
            let told = |run: RunId| state.runs.get(&run).is_some_and(|run| run.told_which(own));
            return runs.iter().map(|row| row.run).find(|run| told(*run)).ok_or_else(|| {
                let remedy = if runs.is_empty() {
                    "match first: `detente match`".to_owned()
                } else {
                    format!(
                        "the {} runs here told this side no items: they were counts, gave the \
                         answer to the other side alone, or were not closed alike; match under a \
                         clause in mode \"which\"",
                        runs.len()
                    )
                };
                NodeError::unknown("run that told which items are common,", name, remedy)
            });
        }
        let long = name.len() >= MIN_RUN_PREFIX;
        let mut hits = runs.iter().filter(|row| long && row.run.to_string().starts_with(name));
        let too_short =
            || format!("give at least {MIN_RUN_PREFIX} digits of its id: `detente accord history`");
        match (hits.next(), hits.next()) {
            (Some(one), None) => Ok(one.run),
            (None, _) => Err(NodeError::unknown("run", name, too_short())),
            _ => Err(NodeError::unknown("single run", name, "give more of its id")),
        }
    }

    /// The context of everything that a run found at both sides, as objects. What came from other
    /// parties is not among it: it is theirs.
    fn objects_of_run(
        &self,
        (accord, to): (AccordId, PartyId),
        run: RunId,
    ) -> Result<Vec<Object>, NodeError> {
        let text = self.governing_with(accord, to)?;
        let mut objects = Vec::new();
        for observable in self.store.matched(run)? {
            objects.extend(self.own_objects(&observable, (text, to), &|_, _| true)?);
        }
        Ok(objects)
    }

    /// What others than `to` have released to this party about what a run found: what may go on,
    /// and what stays by the clause under which it came.
    fn passed_on(
        &self,
        (accord, to): (AccordId, PartyId),
        run: RunId,
    ) -> Result<(Vec<Object>, Vec<Decided>), NodeError> {
        let (now, mut seen) = (self.act_time(accord)?, BTreeSet::new());
        let (mut passing, mut stays) = (Vec::new(), Vec::new());
        for observable in self.store.matched(run)? {
            for row in self.store.received(&observable)? {
                let kept = row.is_kept(now);
                if row.from == to || !kept || !seen.insert(row.address) {
                    continue;
                }
                let object = Object::decode(&row.bytes).map_err(NodeError::damaged)?;
                match self.passing(&row) {
                    Ok(()) => passing.push(object),
                    Err(denial) => {
                        let (address, bytes, verdict) =
                            (row.address, row.bytes, Verdict::Deny(denial));
                        stays.push(Decided { address, object, bytes, verdict });
                    }
                }
            }
        }
        Ok((passing, stays))
    }

    /// Reports on objects that are at the receiver already. They leave as little as others if a
    /// stop or the clauses forbid it now; only a cap does not concern them.
    pub(crate) fn report_there(
        &self,
        report: &mut ReleaseReport,
        decided: &[Decided],
        sent: &Sent,
    ) {
        for decided in decided {
            let mut object = report_object(decided);
            match sent.get(&decided.address).filter(|_| object.allowed || is_full(decided)) {
                Some(was) => report_sent(report, &mut object, was),
                None => {
                    object.allowed = false;
                    report.denied += 1;
                }
            }
            report.objects.push(object);
        }
    }

    /// Decides on the context of a run's answer; with `dry_run` that is all, else what may leave
    /// goes into the record, in as many releases as it takes.
    fn prepare(
        &mut self,
        accord: AccordId,
        What { run, again, onward }: What,
        dry_run: bool,
    ) -> Result<(ReleaseReport, Vec<Prepared>), NodeError> {
        let own = self.party();
        let row = self
            .store
            .run(run)?
            .filter(|row| row.accord == accord)
            .ok_or_else(|| NodeError::unknown("run", &run.short(), "see the history"))?;
        if self.store.matched(run)?.is_empty() {
            return Err(NodeError::denied(
                "nothing_matched",
                "this side does not know which indicators the run found, or it found none",
                "a run in mode \"which\" whose answer this side learns is needed",
            ));
        }
        let mut objects = self.objects_of_run((accord, row.peer), run)?;
        let mut closed = Vec::new();
        if onward {
            let (passing, stays) = self.passed_on((accord, row.peer), run)?;
            objects.extend(passing);
            closed = stays;
        }
        let there = if again { Sent::new() } else { self.there(accord, row.peer)? };
        // The time that the act will state: the auditor replays the decision with it.
        let now = self.act_time(accord)?;
        let state = self.state(accord)?;
        let address = address_there(state, (own, row.peer), Some(run), now);
        let known: Vec<Object> =
            objects.extract_if(.., |object| there.contains_key(&address(object))).collect();
        drop(address);
        let held_out = self.held_out()?;
        let held = objects.extract_if(.., |object| held_out.names(object.kind, &object.value));
        let held: Vec<ObjectReport> = held.map(report_held_out).collect();
        let decided = decide_all(state, (own, row.peer), Some(run), objects.clone(), now);
        let mut report = self.release_report(accord, Some(run), row.peer, &decided)?;
        report.denied += held.len() as u64;
        report.objects.extend(held);
        report.denied += closed.len() as u64;
        report.objects.extend(closed.iter().map(report_object));
        let known = decide_all(state, (own, row.peer), Some(run), known, now);
        self.report_there(&mut report, &known, &there);
        report.dry_run = dry_run;
        if dry_run || report.allowed == 0 {
            return Ok((report, Vec::new()));
        }
        let allowed = decided.iter().filter(|one| matches!(one.verdict, Verdict::Allow(_)));
        let mut allowed: BTreeSet<Digest> = allowed.map(|one| one.address).collect();
        let address = address_there(state, (own, row.peer), Some(run), now);
        // What becomes the same bytes on the way goes once.
        objects.retain(|object| allowed.remove(&address(object)));
        drop(address);
        let mut prepared = Vec::new();
        for batch in selection::batches(objects) {
            let one = self.enter_release((accord, row.peer), Some(run).into(), batch)?;
            report.act = Some(one.act.to_string());
            report.acts.push(one.act.to_string());
            prepared.push(one);
        }
        Ok((report, prepared))
    }

    /// Puts a release of objects that may leave on record.
    fn enter_release(
        &mut self,
        (accord, peer): (AccordId, PartyId),
        ground: Ground,
        objects: Vec<Object>,
    ) -> Result<Prepared, NodeError> {
        // The time that the act will state: the auditor replays the decision with it.
        let now = self.act_time(accord)?;
        let state = self.state(accord)?;
        let release = Release::decide(state, (self.party(), peer), ground, objects, now)
            .map_err(|fault| NodeError::denied(fault.code(), fault.to_string(), "see --dry-run"))?;
        self.store.put_released(release.objects())?;
        let body = Body::Release(release.body().clone());
        let act = self.perform(accord, Some(Role::Analyst), body)?;
        Ok(Prepared { act, release })
    }

    pub(crate) fn release_report(
        &self,
        accord: AccordId,
        run: Option<RunId>,
        to: PartyId,
        decided: &[Decided],
    ) -> Result<ReleaseReport, NodeError> {
        let objects: Vec<ObjectReport> = decided.iter().map(report_object).collect();
        let allowed = objects.iter().filter(|object| object.allowed).count() as u64;
        Ok(ReleaseReport {
            accord: self.book(accord)?.row.slug.clone(),
            run: run.map(|run| run.to_string()),
            to: self.name_of(to),
            dry_run: false,
            denied: objects.len() as u64 - allowed,
            there: 0,
            allowed,
            objects,
            act: None,
            acts: Vec::new(),
            receipt: None,
            consent: None,
            unlisted: 0,
        })
    }

    /// The receipt of an own release, once it is here.
    pub(crate) fn receipt_of(
        &self,
        accord: AccordId,
        release: Digest,
    ) -> Result<Option<String>, NodeError> {
        let known = self.state(accord)?.releases.iter().find(|known| known.act == release);
        Ok(known.and_then(|known| known.receipt).map(|receipt| receipt.time.to_string()))
    }

    /// Checks that nothing is stopped now.
    pub(crate) fn not_stopped(&self, accord: AccordId) -> Result<(), NodeError> {
        // A home that may be an old copy can't enter a stop, and may not know of one: nothing
        // leaves it.
        self.is_newest(accord)?;
        match self.state(accord)?.stopped_at(self.now()) {
            None => Ok(()),
            Some((by, stop)) => Err(NodeError::denied(
                "stopped",
                format!("stopped by {}: {}", self.name_of(by), stop.reason),
                "what is on record goes when the stop is lifted or lapses",
            )),
        }
    }

    /// Own releases that the other side has not acknowledged, made ready to go again.
    pub(crate) fn unacknowledged(
        &self,
        peer: PartyId,
    ) -> Result<Vec<(AccordId, Digest, Release)>, NodeError> {
        let own = self.party();
        let now = self.now();
        let mut open = Vec::new();
        for book in self.books().filter(|book| book.others(own).contains(&peer)) {
            for known in &book.state.releases {
                if known.author != own || known.receipt.is_some() {
                    continue;
                }
                let Some(Body::Release(body)) = book.act(own, known.act).map(Act::body) else {
                    continue;
                };
                // A release names its receiver, or its run does.
                let run = body.run.and_then(|run| book.state.runs.get(&run));
                // Contexts of a run leave within it. Only what its end left without a receipt goes
                // once more; a void run brings nothing.
                if run.is_some_and(|run| !run.told_which(own)) {
                    continue;
                }
                let two = book.others(own).len() == 1;
                let by_run = run.map(|run| {
                    if run.initiator == own {
                        run.answer.as_ref().map_or(own, |(by, ..)| *by)
                    } else {
                        run.initiator
                    }
                });
                let to = body.to.or(by_run).or_else(|| two.then_some(peer));
                if to != Some(peer) || self.is_taken_back(body, now) {
                    continue;
                }
                let mut objects = Vec::with_capacity(body.manifest.len());
                for entry in &body.manifest {
                    objects.push(self.store.object(entry.object)?.unwrap_or_default());
                }
                if let Ok(release) = Release::recorded(&book.state, (own, peer), body, objects, now)
                {
                    open.push((book.row.id, known.act, release));
                }
            }
        }
        Ok(open)
    }

    /// Whether a release rests on a consent that does not stand any more where it was given, which
    /// the record of the release may not show.
    fn is_taken_back(&self, body: &ReleaseBody, now: UnixSeconds) -> bool {
        body.consent.is_some_and(|consent| self.own_consent(consent, now).is_err())
    }

    /// A peer says that its log has a release for us: from where shall it send?
    pub(crate) fn open_release(
        &mut self,
        peer: PartyId,
        accord: AccordId,
        release: Digest,
    ) -> Result<Arrived, NodeError> {
        match self.sound_release(peer, accord, release)? {
            Err(refusal) => Ok(Response::Refused(refusal).into()),
            Ok((body, _)) => self.acknowledge(accord, release, &body),
        }
    }

    /// Enters the receipt of a release that is here whole, unless it stands in the record already:
    /// what kept it from being entered when the last object came is over.
    pub(crate) fn acknowledge(
        &mut self,
        accord: AccordId,
        release: Digest,
        body: &ReleaseBody,
    ) -> Result<Arrived, NodeError> {
        let next = self.arrived_upto(accord, release, body)?;
        let whole = next as usize == body.manifest.len();
        let known = self.state(accord)?.releases.iter().find(|known| known.act == release);
        let receipt = whole && known.is_some_and(|known| known.receipt.is_none());
        if receipt {
            let receipt = Body::Receipt { release, manifest: body.manifest_digest() };
            self.perform(accord, Some(Role::Analyst), receipt)?;
        }
        Ok(Arrived { response: Response::ReleaseState { next }, receipt })
    }

    /// How many objects of a release have come. What was acknowledged came whole, though some of it
    /// may be erased by now: nobody makes this node keep it longer by sending it again.
    fn arrived_upto(
        &self,
        accord: AccordId,
        release: Digest,
        body: &ReleaseBody,
    ) -> Result<u32, NodeError> {
        let known = self.state(accord)?.releases.iter().find(|known| known.act == release);
        if known.is_some_and(|known| known.receipt.is_some()) {
            return Ok(u32::try_from(body.manifest.len()).unwrap_or(u32::MAX));
        }
        Ok(self.store.received_upto(release)?)
    }

    /// When a release was made, by its author's clock; the time now if it is not folded yet.
    pub(crate) fn released_at(
        &self,
        accord: AccordId,
        release: Digest,
    ) -> Result<UnixSeconds, NodeError> {
        let known = self.state(accord)?.releases.iter().find(|known| known.act == release);
        Ok(known.map_or_else(|| self.now(), |known| known.time))
    }

    /// A release of a peer that has effect and that the gate, asked again, lets go.
    pub(crate) fn sound_release(
        &self,
        peer: PartyId,
        accord: AccordId,
        release: Digest,
    ) -> Result<Result<(ReleaseBody, State), Refusal>, NodeError> {
        self.shared_log(peer, accord)?;
        let book = self.book(accord)?;
        let no = |code: &str, words: &str| Ok(Err(Refusal::new(code, words)));
        let Some(act) = book.act(peer, release) else {
            return no("unknown_release", "our copy of your log has no such release");
        };
        let Body::Release(body) = act.body() else {
            return no("unknown_release", "the act is no release");
        };
        if self.is_retracted(accord, act)? {
            return no("release_taken_back", "the release was taken back, whole or in part");
        }
        let event = book.state.history.iter().find(|event| event.act == release);
        if !event.is_some_and(|event| event.effect == Effect::InEffect) {
            return no("release_without_effect", "the release has no effect under the accord");
        }
        if body.to.is_some_and(|to| to != self.party()) {
            return no("other_receiver", "the release names another receiver");
        }
        let before = book.known_to_author(act);
        let time = act.header().time;
        match Release::replay(&before, (peer, self.party()), body, time) {
            Ok(()) => Ok(Ok((body.clone(), before))),
            Err((place, _)) => {
                let words = format!("object {place} may not leave under the accord");
                no("release_breaks_accord", &words)
            }
        }
    }

    /// Objects of a release arrive.
    pub(crate) fn put_objects(
        &mut self,
        peer: PartyId,
        batch: &ObjectBatch,
    ) -> Result<Arrived, NodeError> {
        let (accord, release) = (batch.accord(), batch.release());
        if batch.objects().is_empty() {
            // Checking a release costs more than this request did.
            return Ok(Response::Refused(Refusal::new("empty_batch", "the batch is empty")).into());
        }
        let (body, before) = match self.sound_release(peer, accord, release)? {
            Err(refusal) => return Ok(Response::Refused(refusal).into()),
            Ok(sound) => sound,
        };
        let next = self.arrived_upto(accord, release, &body)?;
        if batch.start() != next {
            return Ok(Response::ReleaseState { next }.into());
        }
        let mut rows = Vec::with_capacity(batch.objects().len());
        let now = self.now();
        let times = (self.released_at(accord, release)?, now);
        for (bytes, place) in batch.objects().iter().zip(next..) {
            let entry = body.manifest.get(place as usize);
            let object = Object::decode(bytes);
            let sound = match (entry, &object) {
                (Some(entry), Ok(object)) => {
                    entry.is_of(object, bytes)
                        && self.was_matched((accord, peer), body.run, object)?
                }
                _ => false,
            };
            let (Some(entry), true) = (entry, sound) else {
                let words = format!("object {place} is not the one in the manifest");
                return Ok(Response::Refused(Refusal::new("other_object", words)).into());
            };
            rows.push(ReceivedRow {
                address: entry.object,
                accord,
                from: peer,
                release,
                place,
                clause: entry.clause.clone(),
                received: now,
                keep_until: keep_until(&before, (body.text, &entry.clause), times),
                bytes: bytes.clone(),
            });
        }
        self.store.put_received(&rows)?;
        self.acknowledge(accord, release, &body)
    }

    /// Whether a run with this peer found an object's indicator at both sides, as far as this side
    /// was told the answer of the run that the release rests on.
    fn was_matched(
        &self,
        (accord, peer): (AccordId, PartyId),
        run: Option<RunId>,
        object: &Object,
    ) -> Result<bool, NodeError> {
        let Some(run) = run else { return Ok(true) };
        let known = self.state(accord)?.runs.get(&run);
        if !known.is_some_and(|run| run.told_which(self.party())) {
            // Contexts of a run that is not done come within it or not at all.
            return Ok(known.is_none_or(|run| run.offer.mode != Mode::Payload));
        }
        let Ok(observable) = Observable::from_normal(object.kind, &object.value) else {
            return Ok(false);
        };
        Ok(self.store.is_matched(accord, peer, &observable)?)
    }
}

/// What a release is to bring.
#[derive(Clone, Copy, Debug)]
pub struct What {
    /// The run whose answer it is about.
    pub run: RunId,
    /// Whether what the other side has acknowledged goes once more.
    pub again: bool,
    /// Whether what others have released goes on, where the clause under which it came allows it.
    pub onward: bool,
}

impl From<RunId> for What {
    fn from(run: RunId) -> What {
        What { run, again: false, onward: false }
    }
}

struct Prepared {
    act: Digest,
    release: Release,
}

/// What a peer is told about a release of its own.
pub(crate) struct Arrived {
    pub(crate) response: Response,
    /// Whether a receipt was entered just now: it goes over before the answer.
    pub(crate) receipt: bool,
}

impl From<Response> for Arrived {
    fn from(response: Response) -> Arrived {
        Arrived { response, receipt: false }
    }
}

/// Until when an object may be kept, if its clause says: counted from its arrival, or from the
/// release or the text's entry into force if the clause says that.
pub(crate) fn keep_until(
    before: &State,
    (text, clause): (Digest, &str),
    (released, arrived): (UnixSeconds, UnixSeconds),
) -> Option<UnixSeconds> {
    let text = &before.texts.get(&text)?.accord;
    let Some(Rule::Permit(permit)) = &text.clause(clause)?.rule else { return None };
    let deadline = permit.retention?;
    let start = match deadline.clock {
        ClockStart::Act => released,
        ClockStart::Effective => before.in_force.map_or(released, |force| force.since),
        ClockStart::Awareness | ClockStart::Receipt => arrived,
    };
    Some(text.terms.calendar.due(start, &deadline))
}

/// The object that would leave for one context of an observable.
pub(crate) fn object(observable: &Observable, context: &Context, text: &Accord) -> Object {
    let time = |seconds: Option<i64>| {
        seconds.and_then(|seconds| u64::try_from(seconds).ok()).map(UnixSeconds::new)
    };
    let markings = &context.markings;
    Object {
        kind: observable.kind(),
        value: observable.value().to_owned(),
        tlp: markings.tlp().unwrap_or(text.default_tlp),
        marking_unknown: markings.is_closed(),
        markings: markings.texts().to_vec(),
        labels: context.labels.clone(),
        // Chatham House rule: what was said may go, who said it may not.
        source: (!markings.is_source_hidden()).then(|| context.source.clone()),
        origin: context.origin.clone().filter(|_| !markings.is_source_hidden()),
        comment: context.description.clone(),
        confidence: context.confidence,
        valid_from: time(context.valid_from),
        valid_until: time(context.valid_until),
        handling: handling(context, text),
    }
    .fit()
}

pub(crate) fn report_object(decided: &Decided) -> ObjectReport {
    let object = &decided.object;
    let (allowed, clause, code, reason) = match &decided.verdict {
        Verdict::Allow(allowance) => {
            (true, Some(allowance.clause.to_string()), "allowed", allowance.to_string())
        }
        Verdict::Deny(denial) => {
            (false, denial.clause().map(str::to_owned), denial.code(), crate::mirror::chain(denial))
        }
    };
    ObjectReport {
        address: decided.address.to_string(),
        kind: object.kind.name().to_owned(),
        value: object.value.clone(),
        tlp: object.tlp.to_string(),
        source: object.source.clone(),
        allowed,
        clause,
        code: code.to_owned(),
        there: false,
        reason,
    }
}

/// Only a cap stands in the way: that does not concern what is there already.
fn is_full(one: &Decided) -> bool {
    matches!(&one.verdict, Verdict::Deny(denial) if denial.code() == "cap_reached")
}

/// Says of an object that it was sent before and need not go again.
fn report_sent(
    report: &mut ReleaseReport,
    object: &mut ObjectReport,
    (act, at): &(Digest, Option<UnixSeconds>),
) {
    let (code, reason) = match at {
        Some(at) => {
            let words = format!("release {} brought it, acknowledged at {at}", act.short());
            ("already_there", words)
        }
        None => ("on_its_way", format!("it is on its way in release {}", act.short())),
    };
    object.allowed = false;
    object.there = true;
    code.clone_into(&mut object.code);
    object.reason = reason;
    report.there += 1;
}

/// An own object that stays because this side has it only from what was taken back since.
fn report_held_out(object: Object) -> ObjectReport {
    ObjectReport {
        address: Object::address(&object.encode()).to_string(),
        kind: object.kind.name().to_owned(),
        value: object.value,
        tlp: object.tlp.to_string(),
        source: object.source,
        allowed: false,
        there: false,
        clause: None,
        code: "held_out".to_owned(),
        reason: "this side has it only from what was taken back since".to_owned(),
    }
}

/// Decides on the context of a run's answer, without anything leaving.
///
/// # Errors
/// [`NodeError`].
pub fn dry_run(
    shared: &Shared,
    accord: AccordId,
    what: impl Into<What>,
) -> Result<ReleaseReport, NodeError> {
    Ok(shared.lock().prepare(accord, what.into(), true)?.0)
}

/// Releases the context of a run's answer to the other side of the run, except what it has
/// acknowledged before.
///
/// # Errors
/// [`NodeError`]; once the release is on record, it goes again at the next contact.
pub fn release(
    shared: &Shared,
    link: &dyn Link,
    accord: AccordId,
    what: impl Into<What>,
) -> Result<ReleaseReport, NodeError> {
    pull(link)?;
    let (mut report, all) = shared.lock().prepare(accord, what.into(), false)?;
    if !all.is_empty() {
        push(shared, link, accord)?;
    }
    for prepared in all {
        send(shared, link, (accord, prepared.act), &prepared.release)?;
        pull(link)?;
        report.receipt = shared.lock().receipt_of(accord, prepared.act)?;
    }
    Ok(report)
}

/// The other side of a run.
///
/// # Errors
/// [`NodeError::Unknown`].
pub fn run_peer(node: &Node, run: RunId) -> Result<PartyId, NodeError> {
    let row = node.store.run(run)?;
    row.map(|row| row.peer).ok_or_else(|| NodeError::unknown("run", &run.short(), "see history"))
}

/// Sends again what the peer has not acknowledged, and says how many releases it took. One that it
/// refuses, because an act of its own crossed with it, does not hold up the others: it stays
/// without a receipt in the record.
///
/// # Errors
/// [`NodeError`].
pub fn resend(shared: &Shared, link: &dyn Link) -> Result<u64, NodeError> {
    let open = shared.lock().unacknowledged(link.peer())?;
    let mut count = 0;
    for (accord, act, release) in open {
        let sent =
            push(shared, link, accord).and_then(|()| send(shared, link, (accord, act), &release));
        match sent {
            Ok(()) => count += 1,
            Err(NodeError::PeerRefused(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(count)
}

fn send(
    shared: &Shared,
    link: &dyn Link,
    (accord, act): (AccordId, Digest),
    release: &Release,
) -> Result<(), NodeError> {
    let mut next = match link.request(&Request::OpenRelease { accord, release: act })? {
        Response::ReleaseState { next } => next,
        other => return Err(unexpected(other)),
    };
    while let Some(batch) = ObjectBatch::of(release, accord, act, next) {
        // A stop that comes while objects are on their way holds back the rest.
        shared.lock().not_stopped(accord)?;
        match link.request(&Request::PutObjects(batch))? {
            Response::ReleaseState { next: now } if now > next => next = now,
            other => return Err(unexpected(other)),
        }
    }
    Ok(())
}
