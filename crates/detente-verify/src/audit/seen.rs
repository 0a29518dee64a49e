//! What acts say their authors had seen of the other logs: it must be in those logs, unchanged.

use std::collections::{BTreeMap, BTreeSet};

use detente_core::PartyId;
use detente_core::act::{Act, Seen};
use detente_state::Logs;

use super::desk::Desk;
use super::log::LogRead;
use super::name;
use crate::json::Head;
use crate::path;
use crate::report::Place;

/// Checks every checkpoint that an admitted act names.
pub(super) fn check(
    desk: &mut Desk<'_>,
    head: &Head,
    logs: &BTreeMap<PartyId, LogRead>,
    acts: &Logs,
) {
    // The same checkpoint stands in act after act: say it once.
    let mut said: BTreeSet<(PartyId, Seen)> = BTreeSet::new();
    for &author in logs.keys() {
        for act in acts.of(author) {
            for seen in &act.header().seen {
                let first = !said.contains(&(author, *seen));
                if check_one(desk, head, logs, (act, seen, first)) {
                    desk.facts.seen += 1;
                } else {
                    said.insert((author, *seen));
                }
            }
        }
    }
}

/// Whether one holds; says why not if `say`.
fn check_one(
    desk: &mut Desk<'_>,
    head: &Head,
    logs: &BTreeMap<PartyId, LogRead>,
    (act, seen, say): (&Act, &Seen, bool),
) -> bool {
    let header = act.header();
    let who = || format!("act {} of {}", header.sequence, name(logs, header.author));
    let theirs = name(logs, seen.party);
    let size = head.parties.iter().find(|(party, _)| *party == seen.party);
    let Some((_, size)) = size else {
        if say {
            let what = format!("{} names the log of {theirs}, who is no party", who());
            let place = Place::act(header.author, header.sequence);
            desk.findings.note("seen_stranger", place, what);
        }
        return false;
    };
    let held = match logs.get(&seen.party) {
        Some(log) => log.tree.head().size.get(),
        // It could not be read, and that is a finding already.
        None if *size > 0 => return false,
        None => 0,
    };
    let root = match logs.get(&seen.party) {
        Some(log) => log.tree.root_at(seen.size),
        None => crate::tree::Tree::default().root_at(seen.size),
    };
    if root.is_some_and(|root| root.as_bytes() == &seen.root) {
        return true;
    }
    // A log that could not be read whole is shorter for that reason.
    let unread = logs.get(&seen.party).is_some_and(|log| {
        let stated = log.checkpoint.as_ref().map(|known| known.head().size.get());
        stated.is_none_or(|stated| stated > held)
    });
    if !say || (root.is_none() && unread) {
        return false;
    }
    let place = Place::path(path::checkpoint(seen.party)).of(seen.party);
    if root.is_none() {
        let what = format!(
            "{} has seen {} entries of the log of {theirs}, here are {held}: entries are withheld",
            who(),
            seen.size
        );
        let place = place.entry(held);
        desk.findings.broken("entries_withheld", place, what);
    } else {
        let what = format!(
            "{} has seen another history of the log of {theirs}: its first {} entries had another \
             root",
            who(),
            seen.size
        );
        desk.findings.broken("history_differs", place, what);
    }
    false
}
