//! The own list as a view: each statement of it is one indicator of this party. What its releasing
//! party takes back is revoked, and comes back if that is lifted.

use detente_intel::{Indicator, Observable};
use detente_node::{OwnItem, Shared, Turn, ports};
use detente_taxii::{Moment, Shelf};
use detente_write::{Entered, Meta};

use super::{Change, STEP, Statement, bring, fingerprint};
use crate::export::DeskError;

/// The collection of the view.
pub const INDICATORS: &str = "indicators";
/// Under which it is kept what was taken back when the view was brought up to date.
const TURNS: &str = "indicators/turns";

/// Under which it is kept whose name the objects have.
const PRODUCER: &str = "indicators/producer";

/// Brings the view a step on; says whether it is up to date. A step takes a thousand statements.
///
/// # Errors
/// [`DeskError`]; what was brought until then stays.
pub fn refresh_own(shared: &Shared, shelf: &mut dyn Shelf, now: Moment) -> Result<bool, DeskError> {
    let since = ports::Moment(shelf.reached(INDICATORS)?);
    let (list, meta) = {
        let node = shared.lock();
        let producer = node.card().value().name.clone();
        (node.own_list()?, Meta { producer, title: "Own list".to_owned(), at: node.now() })
    };
    // Ids are made from the name: under another one all are others.
    let producer = fingerprint(&meta.producer);
    if shelf.reached(PRODUCER)? != producer {
        shelf.clear(INDICATORS)?;
        shelf.reach(INDICATORS, 0)?;
        shelf.reach(TURNS, 0)?;
        shelf.reach(PRODUCER, producer)?;
        return Ok(false);
    }
    // What was taken back or lifted changes no statement: these are looked at by themselves.
    let turns = list.turns().iter().map(|((kind, value), turn)| match turn {
        Turn::Lifted(at) => (kind.code(), value, false, at.get()),
        Turn::HeldOut(at) => (kind.code(), value, true, at.get()),
    });
    let turns = fingerprint(turns.collect::<Vec<_>>());
    if shelf.reached(TURNS)? != turns {
        let mut items = Vec::new();
        for (kind, value) in list.turns().keys() {
            let Ok(observable) = Observable::from_normal(*kind, value) else { continue };
            items.extend(shared.lock().own_item(&list, observable)?);
        }
        for some in items.chunks(STEP) {
            bring(shelf, (INDICATORS, now), statements_of(some), &meta)?;
        }
        shelf.reach(TURNS, turns)?;
        return Ok(false);
    }
    let (news, reached) = shared.lock().own_news(&list, since, STEP)?;
    if news.is_empty() {
        return Ok(true);
    }
    bring(shelf, (INDICATORS, now), statements_of(&news), &meta)?;
    shelf.reach(INDICATORS, reached.0)?;
    Ok(false)
}

fn statements_of(items: &[OwnItem]) -> Vec<Statement> {
    let mut statements = Vec::new();
    for item in items {
        let change = item.turned.map(|turn| match turn {
            Turn::Lifted(at) => Change { revoked: false, at },
            Turn::HeldOut(at) => Change { revoked: true, at },
        });
        for said in &item.said {
            let change = match said.context.revoked {
                true => Some(Change { revoked: true, at: said.last }),
                false => change,
            };
            let (observable, context) = (item.observable.clone(), said.context.clone());
            let indicator = Indicator { observable, context };
            let entered = Entered { first: said.first, last: said.last };
            statements.push(Statement { indicator, entered, change });
        }
    }
    statements
}
