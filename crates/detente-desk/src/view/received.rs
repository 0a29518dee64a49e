//! What a party released under an accord as a view: each object is one indicator of that party.
//! What it takes back is revoked, what it marks more closely is held so, and what may no longer be
//! kept is gone, with everything that the view held of it.

use std::collections::BTreeMap;

use detente_core::{AccordId, PartyId, UnixSeconds};
use detente_intel::Indicator;
use detente_node::{ReceivedItem, Shared};
use detente_taxii::{Moment, Shelf};
use detente_write::{Entered, Meta};

use super::{Change, STEP, Statement, bring, fingerprint};
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
        format!("received:{}:{}", self.accord, self.from)
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
    let [marks, kept, furthest, named] =
        ["marks", "kept", "upto", "producer"].map(|word| format!("{key}/{word}"));
    let of = (view.accord, view.from);
    // How far the view has been brought, and how far it ever was: it may hold what came until then.
    let (after, upto) = (shelf.reached(&key)?, shelf.reached(&furthest)?);
    let (bearings, there, meta) = {
        let node = shared.lock();
        let (producer, title) = (node.name_of(view.from), "Released objects".to_owned());
        let bearings = node.bearings(view.accord, view.from)?;
        let bearings = bearings.iter().map(|(act, lifted)| (*act.as_bytes(), *lifted));
        let bearings = fingerprint(bearings.collect::<Vec<_>>());
        let there = fingerprint(node.received_kept(of, upto)?);
        (bearings, there, Meta { producer, title, at: node.now() })
    };
    let producer = fingerprint(&meta.producer);
    if upto > 0 && shelf.reached(&kept)? != there || shelf.reached(&named)? != producer {
        // Something is over its time or was erased: nothing of it stays here either. Or the party
        // has another name, from which ids are made.
        shelf.clear(&key)?;
        for (word, moment) in [(&key, 0), (&furthest, 0), (&marks, bearings), (&named, producer)] {
            shelf.reach(word, moment)?;
        }
        return Ok(false);
    }
    if shelf.reached(&marks)? != bearings {
        // What was taken back, marked or lifted is looked at before anything else.
        let items = shared.lock().received_marked(of)?;
        for some in items.chunks(STEP) {
            let statements = some.iter().cloned().flat_map(statements_of).collect();
            bring(shelf, (&key, now), statements, &meta)?;
        }
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
    // Before anything lies there: what is cut off is made anew, and nothing stays unnoticed.
    shelf.reach(&furthest, reached.max(upto))?;
    shelf.reach(&kept, there)?;
    let statements = news.into_iter().flat_map(statements_of).collect();
    bring(shelf, (&key, now), statements, &meta)?;
    shelf.reach(&key, reached)?;
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
