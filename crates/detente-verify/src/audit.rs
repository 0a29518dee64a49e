//! The audit of an exported record, step by step.
//!
//! Is: one pass over the steps, each in a file of its own, all writing to one desk. A step that
//! can't go on leaves a finding and the others do what they still can. Is not: a repair, nor a
//! judgement about who the parties are.

mod alert;
mod compare;
mod cosign;
mod desk;
mod duty;
mod fold;
mod log;
mod object;
mod seen;

use std::collections::BTreeMap;

use detente_core::{PartyId, words};
use detente_state::{Logs, State};

use crate::folder::{Folder, MAX_ACCORD_JSON};
use crate::json::{self, Head};
use crate::path;
use crate::record::Record;
use crate::report::{Agreed, AlertLine, PartyReport, Place, Report, chain};
use desk::Desk;
use log::LogRead;

/// Checks an exported record. Never fails: what can't be read is a finding.
pub fn audit(folder: &dyn Folder) -> Report {
    let mut desk = Desk::new(folder);
    let outcome = if desk.list() { run(&mut desk) } else { Outcome::default() };
    let (findings, left_out) = desk.findings.finish();
    Report {
        findings,
        left_out,
        facts: desk.facts,
        parties: outcome.parties,
        agreed: outcome.state.as_ref().and_then(agreed),
        alerts: outcome.alerts,
        history: outcome.state.map_or_else(Vec::new, |state| state.history),
    }
}

#[derive(Default)]
struct Outcome {
    parties: Vec<PartyReport>,
    state: Option<State>,
    alerts: Vec<AlertLine>,
}

fn run(desk: &mut Desk<'_>) -> Outcome {
    let Some(head) = read_head(desk) else {
        return Outcome::default();
    };
    let objects = object::read(desk);
    let mut logs: BTreeMap<PartyId, LogRead> = BTreeMap::new();
    for &(party, size) in &head.parties {
        if log::is_there(desk, party, size)
            && let Some(read) = log::read(desk, head.accord, party)
        {
            logs.insert(party, read);
        }
    }
    cosign::check_keys(desk, &logs);
    let parties: Vec<PartyReport> =
        head.parties.iter().map(|(party, _)| report_party(desk, &logs, *party)).collect();
    let expected = |(party, size): &(PartyId, u64)| match logs.get(party) {
        Some(log) => log.whole,
        None => *size == 0,
    };
    let whole = head.parties.iter().all(expected);
    let acts = gather(&head, &mut logs);
    seen::check(desk, &head, &logs, &acts);
    object::check(desk, &objects, (&head, &acts), whole);
    let state = fold::check(desk, &head, &logs, (&acts, whole));
    duty::check(desk, &head, &logs, (&acts, &state));
    let missing = object::missing(&objects, (&head, &acts));
    compare::check(desk, record(head, objects.bytes, logs), missing);
    let alerts = alert::list(&state, &acts);
    Outcome { parties, state: Some(state), alerts }
}

/// Moves the admitted acts to where the fold takes them from.
fn gather(head: &Head, logs: &mut BTreeMap<PartyId, LogRead>) -> Logs {
    let parties: Vec<PartyId> = head.parties.iter().map(|(party, _)| *party).collect();
    let mut acts = Logs::new(head.accord, &parties);
    for log in logs.values_mut() {
        for act in std::mem::take(&mut log.acts) {
            acts.push(act);
        }
    }
    acts
}

fn read_head(desk: &mut Desk<'_>) -> Option<Head> {
    let bytes = desk.read(path::ACCORD, MAX_ACCORD_JSON)?;
    match json::read(&bytes) {
        Ok(head) => Some(head),
        Err(error) => {
            let place = Place::path(path::ACCORD);
            desk.findings.broken("accord_json", place, chain(&error));
            None
        }
    }
}

fn report_party(
    desk: &mut Desk<'_>,
    logs: &BTreeMap<PartyId, LogRead>,
    party: PartyId,
) -> PartyReport {
    let log = logs.get(&party);
    PartyReport {
        id: party,
        name: log.map(|log| log.card.name.clone()),
        words: words(&party),
        entries: log.map_or(0, |log| log.acts.len() as u64),
        cosigned_by: log.map_or_else(Vec::new, |log| cosign::check(desk, logs, party, log)),
    }
}

fn record(
    head: Head,
    objects: BTreeMap<detente_core::Digest, Vec<u8>>,
    logs: BTreeMap<PartyId, LogRead>,
) -> Record {
    let logs = logs.into_iter().map(|(party, log)| (party, log.record));
    Record {
        accord: head.accord,
        slug: head.slug,
        parties: head.parties.into_iter().map(|(party, _)| party).collect(),
        logs: logs.collect(),
        objects,
    }
}

fn agreed(state: &State) -> Option<Agreed> {
    let force = state.in_force?;
    let text = state.texts.get(&force.text)?;
    Some(Agreed {
        text: force.text,
        title: text.accord.title.clone(),
        since: force.since,
        expires: text.accord.expires,
        leaves: state.notice.as_ref().map(|notice| notice.effective),
    })
}

/// A party for people: two may have one name, so the start of the fingerprint stands beside it.
fn name(logs: &BTreeMap<PartyId, LogRead>, party: PartyId) -> String {
    match logs.get(&party) {
        Some(log) => format!("{} ({})", log.card.name, party.short()),
        None => party.short(),
    }
}
