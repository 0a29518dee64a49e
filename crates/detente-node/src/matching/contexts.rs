//! Contexts of common items within a run (mode `payload`): before this side's leave, the release of
//! them is on record and at the other side; what comes is taken only as the other side's release on
//! record names it.
//!
//! The engine says when it is whose turn, and opens and seals; what may leave is the gate's answer.

use std::collections::BTreeMap;

use detente_accord::{MatchRule, Rule};
use detente_core::act::{Body, Mode};
use detente_core::object::Object;
use detente_core::party::Role;
use detente_core::slot::Slot;
use detente_core::{AccordId, Digest, RunId};
use detente_gate::{ContextRelease, Verdict, address_there, decide_if_matched};
use detente_intel::Observable;
use detente_match::Contexts as Batch;
use detente_state::State;

use super::run::{Desk, Held, Seat, engine, misbehaved};
use crate::error::NodeError;
use crate::node::Node;
use crate::onward::KnownTerms;
use crate::ports::{ReceivedRow, RunRow};
use crate::push::push;
use crate::release::{keep_until, report_object};
use crate::report::{ContextPreview, ContextsReport, FoundContext, ObjectReport, ReleaseReport};

// The engine's room must hold what a clause may give.
const _: () = assert!(
    *detente_accord::PAYLOAD_BYTES.end() <= detente_match::MAX_PAYLOAD_BYTES as u64,
    "a clause may give more room than the engine has"
);

/// Most contexts that are laid before the gate in one run. Count: four times what one release
/// holds, so that memory is bounded however much is common. What is beyond can be released
/// afterwards.
const CONTEXTS_MAX: usize = 4 * detente_core::act::MAX_MANIFEST;

/// Contexts that stay, named one by one in a preview. Count.
const STAYS_NAMED: usize = 1_000;

/// The exchange at this side, from the last bin to the end of the run.
#[derive(Default)]
pub(super) struct Contexts {
    /// Texts of common items, by their places in the own list, as far as they were needed.
    pub(super) texts: BTreeMap<usize, Observable>,
    giving: Option<Giving>,
    taking: Option<Taking>,
}

/// What leaves, decided and on record.
struct Giving {
    /// The release; none if nothing leaves.
    act: Option<Digest>,
    /// Whether the other side has it.
    pushed: bool,
    slots: Vec<Slot>,
    report: ReleaseReport,
    /// Common items whose contexts were not looked at: beyond [`CONTEXTS_MAX`].
    passed_over: u64,
}

/// What has come.
#[derive(Default)]
struct Taking {
    /// The other side's release with the state that its author knew; none if it gives nothing.
    release: Option<(Digest, detente_core::act::ReleaseBody, State)>,
    rows: Vec<ReceivedRow>,
}

/// Takes what has come of the other side's contexts and gives what is due of ours.
pub(super) fn exchange(desk: &Desk<'_>, seat: &mut Seat<'_>) -> Result<(), NodeError> {
    seat.with(|Held { session, contexts }| {
        let Some(batch) = session.take() else { return Ok(()) };
        let mut taking = contexts.taking.take().unwrap_or_default();
        desk.entered.texts(desk.shared, &batch.places, &mut contexts.texts)?;
        desk.shared.lock().take_contexts(desk, &mut taking, (batch, &contexts.texts))?;
        contexts.taking = Some(taking);
        Ok(())
    })?;
    // The release is made while the seat is held: it can't be made twice over two lines.
    let to_push = seat.with(|Held { session, contexts }| {
        let Some(due) = session.due() else { return Ok(None) };
        if contexts.giving.is_none() {
            desk.entered.texts(desk.shared, due.common, &mut contexts.texts)?;
            let mut node = desk.shared.lock();
            contexts.giving = Some(node.release_contexts(desk, due.common, &contexts.texts)?);
        }
        let unsent = contexts.giving.as_ref().is_some_and(|giving| !giving.pushed);
        Ok(Some(unsent))
    })?;
    let Some(unsent) = to_push else { return Ok(()) };
    if unsent {
        // Nothing is held while the line takes its time.
        push(desk.shared, desk.link, desk.row.accord)?;
    }
    // What came meanwhile holds: a stop, another text, the other side's close.
    desk.shared.lock().may_go_on(desk)?;
    seat.with(|Held { session, contexts }| {
        let (Some(giving), Some(due)) = (&mut contexts.giving, session.due()) else {
            return Ok(());
        };
        giving.pushed = true;
        let slots = giving.slots.get(due.range).unwrap_or_default();
        let contents: Vec<Vec<u8>> = slots.iter().map(Slot::encode).collect();
        let label = giving.act.map_or([0; 32], |act| *act.as_bytes());
        session.give(&label, &contents).map_err(engine)
    })
}

impl Node {
    /// Asks the gate about the contexts of common items and puts the release of those that may
    /// leave on record.
    fn release_contexts(
        &mut self,
        desk: &Desk<'_>,
        common: &[usize],
        texts: &BTreeMap<usize, Observable>,
    ) -> Result<Giving, NodeError> {
        let (accord, run, peer) = (desk.row.accord, desk.row.run, desk.row.peer);
        let own = self.party();
        let room = self.room(accord, run)?;
        let text = self.governing_with(accord, peer)?;
        let there = self.there(accord, peer)?;
        // The time that the act will state: the auditor replays the decision with it.
        let now = self.act_time(accord)?;
        let state = self.state(accord)?;
        let address = address_there(state, (own, peer), Some(run), now);
        let mut items = Vec::with_capacity(common.len());
        let mut known = Vec::new();
        let held_out = self.held_out()?;
        let (mut looked_at, mut passed_over) = (0, 0);
        for place in common {
            let mut objects = Vec::new();
            // What was taken back since the run began stays.
            let item = texts.get(place).filter(|item| !held_out.has(item));
            if let Some(item) = item.filter(|_| looked_at < CONTEXTS_MAX) {
                objects.extend(self.own_objects(item, (text, peer), &|_, _| true)?);
            } else {
                passed_over += 1;
            }
            looked_at += objects.len();
            let at_peer = |object: &mut Object| there.contains_key(&address(object));
            known.extend(objects.extract_if(.., at_peer));
            items.push(objects);
        }
        drop(address);
        let decided = ContextRelease::decide(state, (own, peer), (run, room), items, now);
        let mut report = self.release_report(accord, Some(run), peer, decided.decided())?;
        let known = detente_gate::decide_all(state, (own, peer), Some(run), known, now);
        self.report_there(&mut report, &known, &there);
        let mut act = None;
        if let Some(release) = decided.release() {
            self.store.put_released(release.objects())?;
            let body = Body::Release(release.body().clone());
            let digest = self.perform(accord, Some(Role::Analyst), body)?;
            report.act = Some(digest.to_string());
            act = Some(digest);
        }
        let slots = decided.slots().to_vec();
        // Without a release there is nothing to bring over first.
        Ok(Giving { act, pushed: act.is_none(), slots, report, passed_over })
    }

    /// Checks that contexts of the run may still leave now.
    fn may_go_on(&self, desk: &Desk<'_>) -> Result<(), NodeError> {
        let (accord, run) = (desk.row.accord, desk.row.run);
        self.not_stopped(accord)?;
        let known = self.known_run(accord, run)?;
        let state = self.state(accord)?;
        let governing = state.governing((self.party(), None), None, self.now());
        let in_force = governing.map(|text| text.digest).ok();
        if in_force != Some(known.offer.text) || !known.closes.is_empty() {
            return Err(NodeError::denied(
                "run_ended",
                format!("run {} was closed, or its text is no longer in force", run.short()),
                "contexts leave under the text of their run, until somebody closes it",
            ));
        }
        Ok(())
    }

    /// Checks a batch of the other side's contexts against its release on record: each object is
    /// the next of the manifest, and about the very item at its place.
    fn take_contexts(
        &mut self,
        desk: &Desk<'_>,
        taking: &mut Taking,
        (batch, texts): (Batch, &BTreeMap<usize, Observable>),
    ) -> Result<(), NodeError> {
        let (accord, peer) = (desk.row.accord, desk.row.peer);
        if let Some(label) = batch.label.filter(|label| *label != [0; 32]) {
            let act = Digest::new(label);
            let (body, before) = match self.sound_release(peer, accord, act)? {
                Ok(sound) => sound,
                Err(refusal) => return Err(misbehaved(&refusal.code, refusal.words)),
            };
            if body.run != Some(desk.row.run) {
                let words = "its contexts name the release of another run".to_owned();
                return Err(misbehaved("release_other_run", words));
            }
            taking.release = Some((act, body, before));
        }
        for (place, content) in batch.places.iter().zip(&batch.contents) {
            let slot = Slot::decode(content)
                .map_err(|error| misbehaved("context_malformed", error.to_string()))?;
            for bytes in slot.objects() {
                let item = texts.get(place);
                let row = self.check_context(accord, taking, item, bytes);
                let words = || "a context is not the next one of its release".to_owned();
                let row = row.ok_or_else(|| misbehaved("other_object", words()))?;
                taking.rows.push(ReceivedRow { from: peer, ..row });
            }
        }
        let named = taking.release.as_ref().map_or(0, |(_, body, _)| body.manifest.len());
        if batch.last && taking.rows.len() != named {
            let words = format!("{} of the {named} objects of its release came", taking.rows.len());
            return Err(misbehaved("contexts_missing", words));
        }
        Ok(())
    }

    /// An object that came, if it is the next one of the release and about this item.
    fn check_context(
        &self,
        accord: AccordId,
        taking: &Taking,
        item: Option<&Observable>,
        bytes: &[u8],
    ) -> Option<ReceivedRow> {
        let (release, body, before) = taking.release.as_ref()?;
        let entry = body.manifest.get(taking.rows.len())?;
        let object = Object::decode(bytes).ok()?;
        let about =
            item.is_some_and(|item| item.kind() == object.kind && item.value() == object.value);
        let same = entry.is_of(&object, bytes);
        let received = self.now();
        let times = (self.released_at(accord, *release).ok()?, received);
        (about && same).then(|| ReceivedRow {
            address: entry.object,
            accord,
            from: self.party(),
            release: *release,
            place: u32::try_from(taking.rows.len()).unwrap_or(u32::MAX),
            clause: entry.clause.clone(),
            received,
            keep_until: keep_until(before, (body.text, &entry.clause), times),
            bytes: bytes.to_vec(),
        })
    }

    /// Keeps what came within a run that is done, and acknowledges it.
    pub(super) fn keep_contexts(
        &mut self,
        row: &RunRow,
        contexts: Contexts,
    ) -> Result<Option<ContextsReport>, NodeError> {
        let Some(giving) = contexts.giving else { return Ok(None) };
        let taking = contexts.taking.unwrap_or_default();
        if let Some((act, body, _)) = &taking.release {
            self.store.put_received(&taking.rows)?;
            self.acknowledge(row.accord, *act, body)?;
        }
        let mut known = KnownTerms::default();
        let mut found = |received: &ReceivedRow| -> Result<FoundContext, NodeError> {
            let object = Object::decode(&received.bytes).map_err(NodeError::damaged)?;
            Ok(FoundContext {
                kind: object.kind.name().to_owned(),
                value: object.value,
                context: self.report_received(received, &mut known)?,
            })
        };
        let received = taking.rows.iter().map(&mut found).collect::<Result<_, _>>()?;
        let Giving { report, passed_over, .. } = giving;
        Ok(Some(ContextsReport { given: report, passed_over, received }))
    }

    /// The receipt of this side's contexts, once it is here.
    pub(super) fn complete_contexts(
        &self,
        accord: AccordId,
        report: &mut ContextsReport,
    ) -> Result<(), NodeError> {
        let act = report.given.act.as_ref().and_then(|act| act.parse::<Digest>().ok());
        if let Some(act) = act {
            report.given.receipt = self.receipt_of(accord, act)?;
        }
        Ok(())
    }

    /// The room that the clause of a run gives the contexts of one item, in bytes.
    pub(super) fn room(&self, accord: AccordId, run: RunId) -> Result<usize, NodeError> {
        let known = self.known_run(accord, run)?;
        let text = self.state(accord)?.texts.get(&known.offer.text);
        let rule = text.and_then(|text| text.accord.clause(&known.offer.clause)?.rule.as_ref());
        match rule {
            Some(Rule::Match(MatchRule { payload_bytes: Some(bytes), .. })) => Ok(*bytes as usize),
            _ => Err(NodeError::damaged("the run's clause gives contexts no room")),
        }
    }

    /// How many contexts may have been opened at most in a run that failed, for the record.
    pub(super) fn may_have_left(&self, accord: AccordId, run: RunId) -> Option<String> {
        let own = self.party();
        let state = self.state(accord).ok()?;
        let payload = state.runs.get(&run)?.offer.mode == Mode::Payload;
        let mut releases = state.releases.iter().chain(&state.void_releases);
        let release = releases.find(|known| known.author == own && known.run == Some(run));
        let count = release.map_or(0, |release| release.objects.len());
        payload.then(|| match release {
            Some(release) => format!(
                "; at most {count} contexts of this side may have been opened, those of release {}",
                release.act.short()
            ),
            None => "; no context of this side had left".to_owned(),
        })
    }

    /// What a run under a clause could bring the other side of contexts: which would leave if their
    /// item is common, which stay, and why. Adds what these items bring.
    pub(super) fn preview_contexts(
        &self,
        accord: AccordId,
        (clause, peer): (&str, detente_core::PartyId),
        items: &[Observable],
        preview: &mut ContextPreview,
    ) -> Result<(), NodeError> {
        let now = self.act_time(accord)?;
        let text = self.governing_with(accord, peer)?;
        let (state, room) = (self.state(accord)?, preview.room as usize);
        let mut decide = decide_if_matched(state, (self.party(), peer), clause, room, now);
        for item in items {
            for object in self.own_objects(item, (text, peer), &|_, _| true)? {
                match decide(&object) {
                    Verdict::Allow(_) => preview.may_leave += 1,
                    verdict => {
                        preview.stay += 1;
                        if preview.stays.len() < STAYS_NAMED {
                            preview.stays.push(stays(object, verdict));
                        }
                    }
                }
            }
        }
        Ok(())
    }
}

fn stays(object: Object, verdict: Verdict) -> ObjectReport {
    let bytes = object.encode();
    let address = Object::address(&bytes);
    report_object(&detente_gate::Decided { address, object, bytes, verdict })
}
