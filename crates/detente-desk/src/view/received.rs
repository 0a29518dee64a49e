//! What a party released under an accord as a view: each object is one indicator of that party.
//! What it takes back is revoked, what it marks more closely is held so, and what may no longer be
//! kept is gone, with everything that the view held of it.

use std::collections::BTreeMap;

use detente_core::{AccordId, PartyId, UnixSeconds};
use detente_intel::Indicator;
use detente_node::{ReceivedItem, Shared};
use detente_taxii::{Moment, Shelf};
use detente_write::{Entered, Meta};

use super::{Change, STEP, Statement, bring, fingerprint, short};
use crate::export::DeskError;

/// Whose objects, under which accord.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// The accord.
    pub accord: AccordId,
    /// Who released.
    pub from: PartyId,
}

impl Received {
    /// The key of its collection.
    pub fn key(&self) -> String {
        format!("received:{}:{}", short(self.accord), short(self.from))
    }
}

/// Brings the view a step on; says whether it is up to date.
///
/// # Errors
/// [`DeskError`]; what was brought until then stays.
pub fn refresh_received(
    shared: &Shared,
    view: Received,
    shelf: &mut dyn Shelf,
    now: Moment,
) -> Result<bool, DeskError> {
    let key = view.key();
    let [marks, kept, furthest] = ["marks", "kept", "upto"].map(|word| format!("{key}/{word}"));
    let of = (view.accord, view.from);
    // How far the view has been brought, and how far it ever was: it may hold what came until then.
    let (after, upto) = (shelf.reached(&key)?, shelf.reached(&furthest)?);
    let (bearings, there, meta) = {
        let node = shared.lock();
        let meta = Meta {
            producer: node.name_of(view.from),
            title: "Released objects".to_owned(),
            at: node.now(),
        };
        let bearings = node.bearings(view.accord, view.from)?;
        let bearings = bearings.iter().map(|(act, lifted)| (*act.as_bytes(), *lifted));
        (
            fingerprint(bearings.collect::<Vec<_>>()),
            fingerprint(node.received_kept(of, upto)?),
            meta,
        )
    };
    if upto > 0 && shelf.reached(&kept)? != there {
        // Something is over its time or was erased: nothing of it stays here either.
        shelf.clear(&key)?;
        shelf.reach(&key, 0)?;
        shelf.reach(&furthest, 0)?;
        return Ok(false);
    }
    if shelf.reached(&marks)? != bearings {
        // Objects were taken back or marked: all are looked at again, and most are as they were.
        shelf.reach(&key, 0)?;
        shelf.reach(&marks, bearings)?;
        return Ok(false);
    }
    let (news, reached, there) = {
        let node = shared.lock();
        let (news, reached) = node.received_news(of, after, STEP)?;
        (news, reached, fingerprint(node.received_kept(of, reached.max(upto))?))
    };
    if reached == after {
        return Ok(true);
    }
    let statements = news.into_iter().flat_map(statements_of).collect();
    bring(shelf, (&key, now), statements, meta)?;
    // In this order: if one is lost, the view is made anew, and nothing is missed.
    shelf.reach(&furthest, reached.max(upto))?;
    shelf.reach(&key, reached)?;
    shelf.reach(&kept, there)?;
    Ok(false)
}

/// Of each source and origin the object that came last: it is the newest version of one indicator.
fn statements_of(item: ReceivedItem) -> Vec<Statement> {
    let mut last: BTreeMap<(String, Option<String>), (UnixSeconds, Statement)> = BTreeMap::new();
    for said in item.said {
        let key = (said.context.source.clone(), said.context.origin.clone());
        let first = last.get(&key).map_or(said.received, |(first, _)| *first).min(said.received);
        let indicator = Indicator { observable: item.observable.clone(), context: said.context };
        let entered = Entered { first, last: said.received.max(first) };
        let change = said.changed.map(|at| Change { revoked: said.gone, at });
        last.insert(key, (first, Statement { indicator, entered, change }));
    }
    last.into_values().map(|(_, statement)| statement).collect()
}
