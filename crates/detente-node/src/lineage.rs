//! Where own indicators come from: what was received under another party's control does not become
//! the own by being imported.
//!
//! Nobody can see that a context was copied from what a peer sent. So the order decides: a context
//! of an observable that came after the observable was received under control counts as derived
//! from it, and leaves to others as that party's, with its consent alone; one that was here before
//! is a source of its own. That is stricter than the truth where an independent source comes later.

use std::collections::BTreeMap;

use detente_accord::{Accord, Onward};
use detente_core::object::Object;
use detente_core::{AccordId, Digest, Kind, PartyId, UnixSeconds, Whose};
use detente_intel::{Context, Observable, Standing, in_force};
use detente_state::ReleaseState;

use crate::error::NodeError;
use crate::node::Node;
use crate::ports::ReceivedRow;
use crate::release::object;

/// Under whose control something was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Control {
    /// Whose consent it needs to go on.
    pub(crate) originator: PartyId,
    /// Since when it is here.
    pub(crate) since: UnixSeconds,
    /// What the clause that let it go says of passing it on.
    pub(crate) onward: Option<Onward>,
}

impl Node {
    /// Under whose control a received object is: that of the party it is marked as, or of who
    /// released it, where the clause asks for consent or forbids to pass it on.
    pub(crate) fn control_of(
        &self,
        row: &ReceivedRow,
        object: &Object,
    ) -> Result<Option<Control>, NodeError> {
        let onward = self.onward_of(row)?;
        let originator = match (object.handling.originator, onward) {
            (Some(Whose::Party(party)), _) => party,
            (Some(Whose::Third), _) | (None, Some(Onward::Consent | Onward::Forbidden)) => row.from,
            (None, Some(Onward::Allowed) | None) => return Ok(None),
        };
        // What came back is still the own.
        let control = Control { originator, since: row.received, onward };
        Ok((originator != self.party()).then_some(control))
    }

    /// The first control under which an observable was received, but for that of `to`: nothing is
    /// kept from its own originator.
    pub(crate) fn control(
        &self,
        observable: &Observable,
        to: PartyId,
    ) -> Result<Option<Control>, NodeError> {
        let mut first: Option<Control> = None;
        for row in self.store.received(observable)? {
            let object = Object::decode(&row.bytes).map_err(NodeError::damaged)?;
            let control = self.control_of(&row, &object)?;
            let control = control.filter(|control| control.originator != to);
            first = match (first, control) {
                (Some(had), Some(new)) if had.since <= new.since => Some(had),
                (had, new) => new.or(had),
            };
        }
        Ok(first)
    }

    /// The own contexts of an observable that are in force and that `keep` takes, as objects that
    /// would leave to a party: nothing that its source has replaced, marked more closely or taken
    /// back since. What came from other parties is not among them, and what seems to be derived
    /// from it is marked as theirs.
    pub(crate) fn own_objects(
        &self,
        observable: &Observable,
        (text, to): (&Accord, PartyId),
        keep: &dyn Fn(&Context, UnixSeconds) -> bool,
    ) -> Result<Vec<Object>, NodeError> {
        let control = self.control(observable, to)?;
        let mut objects = Vec::new();
        let standing = in_force(self.store.sightings(observable)?);
        for Standing { context, last: added, .. } in standing.into_iter().rev() {
            if context.revoked || !keep(&context, added) {
                continue;
            }
            let mut object = object(observable, &context, text);
            let derived = control.filter(|control| added >= control.since);
            if let (None, Some(control)) = (object.handling.originator, derived) {
                object.handling.originator = Some(Whose::Party(control.originator));
            }
            objects.push(object);
        }
        Ok(objects)
    }

    /// What tells which own observables are derived, as things stand now; none if nothing was
    /// received of others than `to`, so that nothing need be asked of each.
    pub(crate) fn lineage(&self, to: PartyId) -> Result<Option<Lineage>, NodeError> {
        let received = self.store.received_counts()?;
        let of_others = received.iter().any(|(party, count)| *party != to && *count > 0);
        Ok(of_others.then(|| Lineage { to, upto: self.now() }))
    }

    /// Whether an observable may show although others than the one at the other end control it: an
    /// own context vouches for it that is not derived from what they gave. A derived one vouches
    /// for nothing, also where one of the own is closed. What was received in a later second than
    /// the lineage was taken does not count, so that two readings give the same; what comes within
    /// that second between them ends the run, and tells nothing.
    pub(crate) fn is_own_word(
        &self,
        observable: &Observable,
        lineage: Lineage,
        vouches: &dyn Fn(Kind, &Context) -> bool,
    ) -> Result<bool, NodeError> {
        let control = self.control(observable, lineage.to)?;
        let Some(control) = control.filter(|control| control.since <= lineage.upto) else {
            return Ok(true);
        };
        let standing = in_force(self.store.sightings(observable)?);
        let mut own = standing.iter().filter(|one| one.first < control.since);
        Ok(own.any(|one| !one.context.revoked && vouches(observable.kind(), &one.context)))
    }

    /// What this party has released to a peer under an accord, by address: the release, and when
    /// the peer acknowledged it, if it did.
    pub(crate) fn sent_to(&self, accord: AccordId, peer: PartyId) -> Result<Sent, NodeError> {
        let own = self.party();
        let book = self.book(accord)?;
        let mut sent = Sent::new();
        for known in book.state.releases.iter().filter(|known| known.author == own) {
            if self.is_to(accord, known, peer) {
                let at = known.receipt.filter(|receipt| receipt.by == peer).map(|by| by.time);
                let objects = known.objects.iter().map(|known| known.object);
                // What was taken back is not there any more.
                let objects = objects.filter(|object| book.state.mark(own, *object).is_none());
                sent.extend(objects.map(|object| (object, (known.act, at))));
            }
        }
        Ok(sent)
    }

    /// Whether an own release is meant for a party.
    pub(crate) fn is_to(&self, accord: AccordId, known: &ReleaseState, peer: PartyId) -> bool {
        let Ok(book) = self.book(accord) else { return false };
        let run = known.run.and_then(|run| book.state.runs.get(&run));
        match (known.to, run) {
            (Some(to), _) => to == peer,
            (None, Some(run)) => run.has(peer),
            (None, None) => book.row.parties.len() == 2,
        }
    }

    /// The same without what the peer has not acknowledged.
    pub(crate) fn there(&self, accord: AccordId, peer: PartyId) -> Result<Sent, NodeError> {
        let mut sent = self.sent_to(accord, peer)?;
        sent.retain(|_, (_, at)| at.is_some());
        Ok(sent)
    }
}

/// From when, and towards whom, own observables are looked at for where they come from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lineage {
    to: PartyId,
    upto: UnixSeconds,
}

/// What was released to a party, by address: in which release, and when it was acknowledged.
pub(crate) type Sent = BTreeMap<Digest, (Digest, Option<UnixSeconds>)>;
