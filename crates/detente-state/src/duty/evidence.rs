//! What the logs show of when an act was known to others.
//!
//! Each header names how much of the others' logs its author had seen. Within a log these numbers
//! never fall, or are taken as if they did not, so that one search finds the first act that knew.

use std::collections::BTreeMap;

use detente_core::act::Act;
use detente_core::{PartyId, UnixSeconds};

use crate::{Logs, State};

/// When acts were known to others, by the logs.
pub(super) struct Evidence<'a> {
    logs: &'a Logs,
    /// For who looks and who is looked at: how much was seen by each act, never falling.
    seen: BTreeMap<(PartyId, PartyId), Vec<u64>>,
}

impl<'a> Evidence<'a> {
    pub(super) fn new(logs: &'a Logs, state: &State) -> Evidence<'a> {
        let mut seen = BTreeMap::new();
        for viewer in state.parties.keys() {
            for viewed in state.parties.keys().filter(|viewed| *viewed != viewer) {
                let mut most = 0;
                let sizes = logs.of(*viewer).iter().map(|act| {
                    most = act.header().had_seen(*viewed).max(most);
                    most
                });
                seen.insert((*viewer, *viewed), sizes.collect());
            }
        }
        Evidence { logs, seen }
    }

    /// The place of the viewer's first act that knew this one.
    fn first_knowing(&self, act: &Act, viewer: PartyId) -> usize {
        let header = act.header();
        let sizes = self.seen.get(&(viewer, header.author)).map_or(&[][..], Vec::as_slice);
        sizes.partition_point(|size| *size <= header.sequence)
    }

    /// When a party first shows that it knew the act, by its own clock; none if it never does. Its
    /// own acts it knows from the start.
    pub(super) fn known_to(&self, act: &Act, viewer: PartyId) -> Option<UnixSeconds> {
        if act.header().author == viewer {
            return Some(act.header().time);
        }
        let first = self.logs.of(viewer).get(self.first_knowing(act, viewer))?;
        Some(first.header().time)
    }

    /// Until when a party shows that it did not know the act, by its own clock: the time of its
    /// last act before it did. None for an own act, or if there is no such act.
    pub(super) fn unknown_until(&self, act: &Act, viewer: PartyId) -> Option<UnixSeconds> {
        if act.header().author == viewer {
            return None;
        }
        let before = self.first_knowing(act, viewer).checked_sub(1)?;
        Some(self.logs.of(viewer).get(before)?.header().time)
    }

    /// By this party's log, an act of another came no earlier: the newest act of the party that the
    /// author had seen, and the last act of the party that had not seen it.
    pub(super) fn not_before(&self, act: &Act, viewer: PartyId) -> Option<UnixSeconds> {
        let size = act.header().had_seen(viewer).checked_sub(1);
        let newest = size.and_then(|size| usize::try_from(size).ok());
        let newest = newest.and_then(|place| self.logs.of(viewer).get(place));
        let newest = newest.map(|act| act.header().time);
        newest.max(self.unknown_until(act, viewer))
    }
}
