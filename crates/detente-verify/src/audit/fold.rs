//! What the acts amount to: the fold, every decision asked again, receipts.
//!
//! A release, an offer and an answer are judged by what their author had seen when it made them
//! ([`Logs::fold_known_to`]). In the fold of everything, an act that it had not seen may stand
//! before its own: if it was right by what it had seen and is without effect in the fold, the two
//! crossed on their way, which is a note. That an author had seen more than it says can't be proven
//! from the record.

mod judge;

use std::collections::BTreeMap;

use detente_core::act::{Act, ActKind, Body};
use detente_core::{Digest, PartyId};
use detente_state::{Effect, Event, Logs, State};

use super::desk::Desk;
use super::log::LogRead;
use super::name;
use crate::json::Head;
use crate::report::Place;
use judge::{Judged, Refusal, Verdict, judge, knows_all};

/// Work that goes into folds of what one author knew, in bytes of bodies: 4 GiB, some seconds.
const MAX_VIEWED: u64 = 4 << 30;
/// What an act costs beside its body, in the same unit.
const ACT_COST: u64 = 1_024;

/// Folds the acts and checks what they did.
pub(super) fn check(
    desk: &mut Desk<'_>,
    head: &Head,
    logs: &BTreeMap<PartyId, LogRead>,
    (all, whole): (&Logs, bool),
) -> State {
    let parties: Vec<PartyId> = head.parties.iter().map(|(party, _)| *party).collect();
    let mut judged: BTreeMap<Digest, Judged> = BTreeMap::new();
    let state = all.fold_with(|state, act| {
        if let Some(verdict) = judge(state, act, &parties) {
            let knew_all = knows_all(state, act);
            judged.insert(act.digest(), Judged { verdict, knew_all });
        }
    });
    let acts = parties.iter().flat_map(|party| all.of(*party));
    let cost = acts.map(|act| act.body_bytes().len() as u64 + ACT_COST);
    let mut book = Book {
        logs,
        all,
        parties: &parties,
        view_cost: cost.sum(),
        views_left: MAX_VIEWED,
        denied: BTreeMap::new(),
        desk,
    };
    for event in &state.history {
        book.event(event, judged.remove(&event.act));
    }
    book.receipts(&state);
    book.shown(&state);
    book.retractions(&state);
    if state.waiting > 0 && whole {
        let what =
            format!("{} acts wait for acts that are not here, or for each other", state.waiting);
        desk.findings.broken("acts_wait", Place::default(), what);
    }
    state
}

struct Book<'a, 'f> {
    desk: &'a mut Desk<'f>,
    logs: &'a BTreeMap<PartyId, LogRead>,
    all: &'a Logs,
    parties: &'a [PartyId],
    view_cost: u64,
    views_left: u64,
    /// By release: to whom it may not go.
    denied: BTreeMap<Digest, Vec<PartyId>>,
}

impl<'a> Book<'a, '_> {
    fn event(&mut self, event: &Event, judged: Option<Judged>) {
        let in_effect = matches!(event.effect, Effect::InEffect | Effect::Reversal { .. });
        if let Some(judged) = judged {
            let folded = judged.verdict.clone();
            return match self.known(event, judged) {
                Err(refusal) => self.breach(event, &refusal),
                Ok(_) if !in_effect => self.crossed(event, &reason(&event.effect)),
                Ok(denied) => match folded {
                    Ok(_) => self.held(event, denied),
                    Err(refusal) => self.crossed(event, &refusal.what),
                },
            };
        }
        match &event.effect {
            Effect::InEffect | Effect::Reversal { .. } => {
                self.desk.facts.receipts += u64::from(event.kind == ActKind::Receipt);
            }
            Effect::Void { reason } if event.kind == ActKind::Receipt => {
                self.void_receipt(event, reason);
            }
            Effect::Void { reason } => self.without_effect(event, "act_void", reason),
            Effect::Unconfirmed { reason } => {
                self.without_effect(event, "act_unconfirmed", reason);
            }
        }
    }

    /// The verdict by what the author had seen.
    fn known(&mut self, event: &Event, judged: Judged) -> Verdict {
        if judged.knew_all {
            return judged.verdict;
        }
        let Some(act) = self.act_of(event) else {
            return judged.verdict;
        };
        let Some(left) = self.views_left.checked_sub(self.view_cost) else {
            if self.views_left > 0 {
                let what = "too many decisions crossed with other acts: from here on they are \
                            judged by all acts before them";
                self.note(event, "views_used_up", what.to_owned());
            }
            self.views_left = 0;
            return judged.verdict;
        };
        let state = self.all.fold_known_to(act);
        self.views_left = left;
        // What could be judged in the fold and not by its author rests on what it had not seen.
        judge(&state, act, self.parties).unwrap_or_else(|| Err(Refusal::unseen()))
    }

    fn breach(&mut self, event: &Event, refusal: &Refusal) {
        let who = name(self.logs, event.author);
        let what = format!("{who}: {}: {}", event.summary, refusal.what);
        self.desk.findings.breach(refusal.code, place(event), what);
    }

    fn note(&mut self, event: &Event, code: &'static str, what: String) {
        let what = format!("{}: {what}", name(self.logs, event.author));
        self.desk.findings.note(code, place(event), what);
    }

    fn without_effect(&mut self, event: &Event, code: &'static str, reason: &str) {
        let what = format!("{}: without effect: {reason}", event.summary);
        self.note(event, code, what);
    }

    fn crossed(&mut self, event: &Event, reason: &str) {
        let what =
            format!("{}: {reason}; but that crossed with what its author had seen", event.summary);
        self.note(event, "act_crossed", what);
    }

    fn held(&mut self, event: &Event, denied: Vec<PartyId>) {
        if event.kind != ActKind::Release {
            return;
        }
        self.desk.facts.releases += 1;
        // The act does not say who received it: with several others, say to whom it may not go.
        if !denied.is_empty() {
            let names: Vec<String> = denied.iter().map(|to| name(self.logs, *to)).collect();
            let what = format!("{}: may not go to {}", event.summary, names.join(", "));
            self.note(event, "release_narrow", what);
            self.denied.insert(event.act, denied);
        }
    }

    /// A receipt that is void is false if it acknowledges what its author can't have got.
    fn void_receipt(&mut self, event: &Event, reason: &str) {
        let Some(Body::Receipt { release, manifest }) = self.act_of(event).map(Act::body) else {
            return;
        };
        let mut acts = self.parties.iter().flat_map(|party| self.all.of(*party));
        let known = acts.find(|act| act.digest() == *release);
        let honest = known.is_some_and(|known| match known.body() {
            Body::Release(body) => {
                known.header().author != event.author && body.manifest_digest() == *manifest
            }
            _ => false,
        });
        if honest {
            return self.without_effect(event, "act_void", reason);
        }
        let (code, what) = ("receipt_false", reason.to_owned());
        self.breach(event, &Refusal { code, what });
    }

    /// Consents of other accords: whether they were taken back is seen in those records alone.
    fn shown(&mut self, state: &State) {
        for (consent, shown) in state.consents.all_shown() {
            let shows = |event: &&Event| event.act == shown.by_act;
            let Some(event) = state.history.iter().find(shows) else { continue };
            let what = format!(
                "{}: consent {} is signed by {:?} ({}); whether it stands in the record of accord \
                 {}, or was taken back there, can't be seen here",
                event.summary,
                consent.short(),
                shown.name,
                shown.originator,
                shown.accord
            );
            self.note(event, "consent_elsewhere", what);
        }
    }

    fn act_of(&self, event: &Event) -> Option<&'a Act> {
        let at = usize::try_from(event.sequence).ok()?;
        self.all.of(event.author).get(at)
    }

    /// Releases without a receipt, and receipts by who may not have got the release.
    fn receipts(&mut self, state: &State) {
        let releases = state.history.iter();
        let releases = releases.filter(|event| event.kind == ActKind::Release);
        let events: BTreeMap<Digest, &Event> = releases.map(|event| (event.act, event)).collect();
        for release in &state.releases {
            let Some(event) = events.get(&release.act) else {
                continue;
            };
            let Some(receipt) = release.receipt else {
                self.note(event, "receipt_missing", format!("{}: no receipt", event.summary));
                continue;
            };
            let denied = self.denied.get(&release.act);
            if denied.is_some_and(|denied| denied.contains(&receipt.by)) {
                let what = format!("it went to {}", name(self.logs, receipt.by));
                let code = "release_receiver";
                self.breach(event, &Refusal { code, what });
            }
        }
    }
}

impl Book<'_, '_> {
    /// Retractions: counted, and those that a receiver has not answered, or has answered but not
    /// further down the chain.
    fn retractions(&mut self, state: &State) {
        let retractions = state.history.iter();
        let retractions = retractions.filter(|event| event.kind == ActKind::RetractRelease);
        let events: BTreeMap<Digest, &Event> =
            retractions.map(|event| (event.act, event)).collect();
        for taken in &state.retractions {
            let Some(event) = events.get(&taken.act) else { continue };
            self.desk.facts.retractions += 1;
            let silent: Vec<PartyId> = taken.unanswered().collect();
            for party in silent {
                let what = format!("{}: no answer from {}", event.summary, name(self.logs, party));
                self.note(event, "retraction_unanswered", what);
            }
            let answers = taken.receivers.iter().filter_map(|party| taken.answer_of(*party));
            let further = answers.flat_map(|answer| &answer.said.passed);
            let further = further.filter(|on| on.answered.is_none()).count();
            if further > 0 && taken.lifted.is_none() {
                let what = format!("{}: passed on to {further}, unanswered there", event.summary);
                self.note(event, "retraction_chain_open", what);
            }
        }
    }
}

fn reason(effect: &Effect) -> String {
    match effect {
        Effect::InEffect | Effect::Reversal { .. } => String::new(),
        Effect::Unconfirmed { reason } | Effect::Void { reason } => reason.clone(),
    }
}

fn place(event: &Event) -> Place {
    Place::act(event.author, event.sequence)
}
