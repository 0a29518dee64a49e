//! Duties: what the record shows of what was owed.
//!
//! An auditor has no clock. Each party is judged as of its own last act: it is in breach if its own
//! log has gone on past the end of a duty, or states that the deed came later. Nobody is in breach
//! by the clock of another, and a log that ends leaves its duties open.

use std::collections::BTreeMap;

use detente_core::act::Act;
use detente_core::{PartyId, UnixSeconds};
use detente_state::{Dispute, Duty, Fulfilment, Logs, Source, State, duties};

use super::desk::Desk;
use super::log::LogRead;
use super::name;
use crate::json::Head;
use crate::report::Place;

/// Leaves a finding for each duty that is late, in breach or disputed, and counts the others.
pub(super) fn check(
    desk: &mut Desk<'_>,
    head: &Head,
    logs: &BTreeMap<PartyId, LogRead>,
    (acts, state): (&Logs, &State),
) {
    let last = |party: PartyId| {
        let last = acts.of(party).last().map(|act| act.header().time);
        last.unwrap_or(UnixSeconds::new(0))
    };
    let found = duties(acts, state, &last);
    let place = |duty: &Duty| {
        let mut all = head.parties.iter().flat_map(|(party, _)| acts.of(*party));
        let deed = match duty.fulfilment {
            Fulfilment::Late { act, .. } => Some(act),
            Fulfilment::Disputed { act, .. } => act.or(duty.trigger),
            _ => duty.trigger,
        };
        let act = all.find(|act: &&Act| Some(act.digest()) == deed);
        let header = act.map(Act::header);
        header.map_or_else(Place::default, |own| Place::act(own.author, own.sequence))
    };
    for duty in &found.list {
        let who = duty.owed_by.map_or_else(|| "all parties".to_owned(), |by| name(logs, by));
        let clause = duty.clause.as_ref().map_or_else(String::new, |id| format!(", clause {id}"));
        let words = |rest: String| format!("{who}: {} ({}{clause}): {rest}", duty.verb, duty.about);
        match duty.fulfilment {
            Fulfilment::Met { .. } => desk.facts.duties += 1,
            Fulfilment::Late { at, by, .. } => {
                let what = words(format!("at {at}, {} late", by.words()));
                desk.findings.breach("duty_late", place(duty), what);
            }
            // That no act says so is no proof that it was kept; and a meeting takes two.
            Fulfilment::Breached { by } if weak(duty) => {
                let what = words(format!("nothing on record, {} past the end", by.words()));
                desk.findings.note("duty_unsaid", place(duty), what);
            }
            Fulfilment::Breached { by } => {
                let breach = match duty.breach.as_str() {
                    "" => String::new(),
                    says => format!("; the text says: {}", crate::report::show(says)),
                };
                let what = words(format!("not done, {} past the end{breach}", by.words()));
                desk.findings.breach("duty_breached", place(duty), what);
            }
            Fulfilment::Disputed { why, .. } => {
                desk.findings.note("duty_disputed", place(duty), words(dispute(why, logs)));
            }
            Fulfilment::Waiting | Fulfilment::Open { .. } | Fulfilment::Excused { .. } => {}
        }
    }
    if found.left_out > 0 {
        let what = format!("{} more duties are not listed", found.left_out);
        desk.findings.note("duties_left_out", Place::default(), what);
    }
    for own in &found.uncomputed {
        let (on, verb) = (crate::report::show(&own.on), crate::report::show(&own.verb));
        let why = crate::report::show(&own.why);
        let what = format!("clause {} (on {on}, {verb}) can't be computed: {why}", own.clause);
        desk.findings.note("duty_uncomputed", Place::default(), what);
    }
}

const fn weak(duty: &Duty) -> bool {
    matches!(duty.source, Source::Retention | Source::Meetings)
}

fn dispute(why: Dispute, logs: &BTreeMap<PartyId, LogRead>) -> String {
    match why {
        Dispute::DeedUnseen(at) => {
            format!("in time by its author's clock, and by the other log not there at {at}")
        }
        Dispute::TriggerUnseen(at) => {
            format!("late counted from the trigger's date, which its log did not have at {at}")
        }
        Dispute::OneSided(party) => format!("only {} says that it took place", name(logs, party)),
    }
}
