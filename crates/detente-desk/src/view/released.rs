//! What this party has released to another under an accord as a view: each object is one indicator
//! of this party; what it took back since is revoked, what it marked more closely is held so.

use detente_core::{AccordId, PartyId};
use detente_intel::Indicator;
use detente_node::{ReleasedSaid, Shared};
use detente_taxii::{Moment, Shelf};
use detente_write::{Entered, Meta};

use super::{Change, STEP, Statement, bring, fingerprint, short};
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
        format!("releasable:{}:{}", short(self.accord), short(self.to))
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
    let marks = format!("{key}/marks");
    let after = shelf.reached(&key)?;
    let (bearings, news, reached, meta) = {
        let node = shared.lock();
        let meta = Meta {
            producer: node.card().value().name.clone(),
            title: "Released objects".to_owned(),
            at: node.now(),
        };
        let bearings = node.bearings(view.accord, node.party())?;
        let bearings = bearings.iter().map(|(act, lifted)| (*act.as_bytes(), *lifted));
        let (news, reached) = node.released_news((view.accord, view.to), after, STEP)?;
        (fingerprint(bearings.collect::<Vec<_>>()), news, reached, meta)
    };
    if shelf.reached(&marks)? != bearings {
        shelf.reach(&key, 0)?;
        shelf.reach(&marks, bearings)?;
        return Ok(false);
    }
    if reached == after {
        return Ok(true);
    }
    let statement = |ReleasedSaid { first, observable, said }| Statement {
        indicator: Indicator { observable, context: said.context },
        entered: Entered { first, last: said.received.max(first) },
        change: said.changed.map(|at| Change { revoked: said.gone, at }),
    };
    bring(shelf, (&key, now), news.into_iter().map(statement).collect(), meta)?;
    shelf.reach(&key, reached)?;
    Ok(false)
}
