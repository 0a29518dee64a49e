//! Decides which contexts of common items leave within a run, and makes their release.
//!
//! The same gate as for any release, object after object; besides, the contexts of one item must
//! fit the room that the matching clause gives, and the release one act. What is left out for want
//! of room uses nothing of a cap: it can be released when the run is closed.

use std::collections::BTreeSet;

use detente_core::act::{MAX_BODY, MAX_MANIFEST, ManifestEntry, ReleaseBody};
use detente_core::object::Object;
use detente_core::slot::Slot;
use detente_core::{Digest, PartyId, RunId, UnixSeconds};
use detente_state::State;

use crate::release::{Asked, Decided, Ground, Release, Tally};
use crate::verdict::{Denial, Verdict};

/// Bytes of an act's body that a manifest can't use. Choice: more than its head takes.
const BODY_HEAD: usize = 256;
/// Bytes of a manifest entry beside its clause, labels, category and receivers, at most: address
/// and numbers take 50, the map of handling with two parties and the transforms 100.
const ENTRY_BYTES: usize = 160;
/// Bytes of a party in a list.
const PARTY_BYTES: usize = 34;
/// Bytes of a text's head in an act, at most.
const TEXT_HEAD: usize = 3;

/// What leaves of each common item's contexts within a run.
#[derive(Clone, Debug)]
pub struct ContextRelease {
    release: Option<Release>,
    slots: Vec<Slot>,
    decided: Vec<Decided>,
}

impl ContextRelease {
    /// Decides on the contexts of common items, in the order in which the run gives them; `room` is
    /// the clause's, in bytes. The caller vouches that each item is common, as the run has shown.
    pub fn decide(
        state: &State,
        (from, to): (PartyId, PartyId),
        (run, room): (RunId, usize),
        items: Vec<Vec<Object>>,
        now: UnixSeconds,
    ) -> ContextRelease {
        let asked = Asked { from, to, ground: Some(run).into(), now };
        let mut tally = Tally::new(state, asked);
        let mut act = Act { manifest: Vec::new(), bytes: BODY_HEAD };
        let mut seen: BTreeSet<Digest> = BTreeSet::new();
        let (mut slots, mut decided) = (Vec::with_capacity(items.len()), Vec::new());
        let mut objects = Vec::new();
        for item in items {
            let mut slot = Slot::default();
            for object in item {
                let mut one = tally.weigh(object);
                if !seen.insert(one.address) {
                    continue;
                }
                one.verdict = act.admit(&mut tally, &one, (&slot, room));
                if let Verdict::Allow(_) = &one.verdict {
                    slot.push(one.bytes.clone());
                    objects.push((one.address, one.bytes.clone()));
                }
                decided.push(one);
            }
            slots.push(slot);
        }
        // Without a text that governs the gate lets nothing go.
        let text = state.governing((from, Some(to)), None, now).ok();
        let text = text.filter(|_| !act.manifest.is_empty());
        let release = text.map(|text| {
            let body = ReleaseBody {
                text: text.digest,
                run: Some(run),
                manifest: act.manifest,
                to: None,
                consent: None,
            };
            Release::of(to, body, objects)
        });
        ContextRelease { release, slots, decided }
    }

    /// The release of all that leaves; none if nothing does.
    pub const fn release(&self) -> Option<&Release> {
        self.release.as_ref()
    }

    /// What leaves of each item, in the order given.
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// Every object and the answer.
    pub fn decided(&self) -> &[Decided] {
        &self.decided
    }
}

/// The release as it grows.
struct Act {
    manifest: Vec<ManifestEntry>,
    /// An upper bound on the bytes of its body.
    bytes: usize,
}

impl Act {
    /// The gate's answer on an object, if there is room for it; with it, the manifest grows.
    fn admit(
        &mut self,
        tally: &mut Tally<'_>,
        one: &Decided,
        (slot, room): (&Slot, usize),
    ) -> Verdict {
        // What the gate would keep is kept for its own reason, room or not.
        let Verdict::Allow(allowance) = &one.verdict else { return one.verdict.clone() };
        let facts = one.facts();
        if !slot.fits(one.bytes.len(), room) {
            return Verdict::Deny(Denial::NoRoom { got: one.bytes.len(), room });
        }
        let handling = &facts.handling;
        let listed = handling.releasable.as_ref().map_or(0, Vec::len) * PARTY_BYTES;
        let known = listed + handling.category.as_ref().map_or(0, String::len);
        let labels = facts.labels.iter().map(|label| label.len() + TEXT_HEAD).sum::<usize>();
        let more = ENTRY_BYTES + allowance.clause.len() + known + labels;
        if self.manifest.len() >= MAX_MANIFEST || self.bytes + more > MAX_BODY {
            return Verdict::Deny(Denial::ReleaseFull);
        }
        self.manifest.push(allowance.entry(one.address, facts));
        self.bytes += more;
        tally.count(one);
        one.verdict.clone()
    }
}

/// The gate's answers on objects as if a run under a clause had found each at both sides, and none
/// had left yet: what a run could bring at most, before one is offered.
pub fn decide_if_matched(
    state: &State,
    (from, to): (PartyId, PartyId),
    clause: &str,
    room: usize,
    now: UnixSeconds,
) -> impl FnMut(&Object) -> Verdict {
    let asked = Asked { from, to, ground: Ground::NONE, now };
    let tally = Tally::for_clause(state, asked, clause);
    move |object| {
        let one = tally.weigh(object.clone());
        match one.verdict {
            Verdict::Allow(_) if !Slot::default().fits(one.bytes.len(), room) => {
                Verdict::Deny(Denial::NoRoom { got: one.bytes.len(), room })
            }
            verdict => verdict,
        }
    }
}
