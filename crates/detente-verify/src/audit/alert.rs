//! Alerts: what let more leave, or would, and whose auditor has not acknowledged it. No finding: a
//! party may open what it likes, its auditor shall know.

use detente_core::party::Role;
use detente_core::{PartyId, UnixSeconds};
use detente_gate::{openings, widening};
use detente_state::{Logs, State};

use crate::report::AlertLine;

/// Changes that are compared in one audit, the newest; older ones are listed with cells unknown. A
/// text made to be costly takes about a second.
const MAX_COMPARED: usize = 64;

/// Alerts that some party's auditor has not acknowledged, in the order of the fold.
pub(super) fn list(state: &State, logs: &Logs) -> Vec<AlertLine> {
    // By the latest clock in the record: an audit has none of its own.
    let now = state.history.iter().map(|event| event.time).max();
    let now = now.unwrap_or(UnixSeconds::new(0));
    let mut left = MAX_COMPARED;
    let mut lines = Vec::new();
    for opening in openings(state, logs).into_iter().rev() {
        let unseen: Vec<PartyId> = auditors(state)
            .filter(|party| state.alert_seen(*party, opening.name).is_none())
            .collect();
        if unseen.is_empty() {
            continue;
        }
        let cells = match left.checked_sub(1) {
            None => None,
            Some(rest) => {
                left = rest;
                match widening(state, &opening, now) {
                    Ok(None) => continue,
                    Ok(Some(found)) => Some(found.by_way.values().sum()),
                    Err(_) => None,
                }
            }
        };
        lines.push(AlertLine {
            act: opening.name.act,
            kind: opening.kind.name(),
            author: opening.author,
            time: opening.time,
            cells,
            unseen,
        });
    }
    lines.reverse();
    lines
}

/// Parties whose card names an auditor.
fn auditors(state: &State) -> impl Iterator<Item = PartyId> + '_ {
    let has = |(party, own): (&PartyId, &detente_state::PartyState)| {
        let roles = own.card().map_or(&[][..], |card| &card.roles);
        roles.iter().any(|key| key.role == Role::Auditor).then_some(*party)
    };
    state.parties.iter().filter_map(has)
}
