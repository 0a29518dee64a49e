//! What this party has released to another under an accord as a view: each object is one indicator
//! of this party; what it took back since is revoked, what it marked more closely is held so.

use std::collections::BTreeMap;

use detente_core::{AccordId, PartyId};
use detente_intel::Indicator;
use detente_node::{ReleasedSaid, Shared};
use detente_taxii::{Moment, Shelf};
use detente_write::{Entered, Meta};

use super::{Change, STEP, Statement, bring, fingerprint};
use crate::export::DeskError;

/// To whom, under which accord.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Released {
    /// The accord.
    pub accord: AccordId,
    /// To whom.
    pub to: PartyId,
}

impl Released {
    /// The key of its collection.
    pub fn key(&self) -> String {
        format!("releasable:{}:{}", self.accord, self.to)
    }
}

/// Brings the view a step on; says whether it is up to date.
///
/// # Errors
/// [`DeskError`]; what was brought until then stays.
pub fn refresh_released(
    shared: &Shared,
    view: Released,
    shelf: &mut dyn Shelf,
    now: Moment,
) -> Result<bool, DeskError> {
    let key = view.key();
    let (stamp, objects, meta) = {
        let node = shared.lock();
        let (producer, title) = (node.card().value().name.clone(), "Released objects".to_owned());
        let bearings = node.bearings(view.accord, node.party())?;
        let bearings: Vec<_> =
            bearings.iter().map(|(act, lifted)| (*act.as_bytes(), *lifted)).collect();
        let releases = node.releases_to(view.accord, view.to)?;
        let releases: Vec<_> = releases.iter().map(|act| *act.as_bytes()).collect();
        let stamp = fingerprint((bearings, releases, &producer));
        if shelf.reached(&key)? == stamp {
            return Ok(true);
        }
        let objects = node.released(view.accord, view.to)?;
        (stamp, objects, Meta { producer, title, at: node.now() })
    };
    // Of one value, source and origin the last release counts.
    let mut last: BTreeMap<_, Statement> = BTreeMap::new();
    for ReleasedSaid { first, observable, said } in objects {
        let of = (observable.kind(), observable.value().to_owned());
        let words = (said.context.source.clone(), said.context.origin.clone());
        let indicator = Indicator { observable, context: said.context };
        let entered = Entered { first, last: said.received.max(first) };
        let change = said.changed.map(|at| Change { revoked: said.gone, at });
        last.insert((of, words), Statement { indicator, entered, change });
    }
    let mut some = Vec::new();
    let mut of = None;
    for ((observable, _), statement) in last {
        // All statements of an observable go together.
        if some.len() >= STEP && of.as_ref() != Some(&observable) {
            bring(shelf, (&key, now), std::mem::take(&mut some), &meta)?;
        }
        of = Some(observable);
        some.push(statement);
    }
    bring(shelf, (&key, now), some, &meta)?;
    shelf.reach(&key, stamp)?;
    Ok(false)
}
