//! Whether an act was allowed in a state: releases by the gate, runs by their caps and budgets.

use detente_core::PartyId;
use detente_core::act::{Act, Body, ReleaseBody};
use detente_gate::{Release, Verdict as Answer};
use detente_state::{Entry, State};

use crate::report::chain;

/// Why an act was not allowed.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub(super) code: &'static str,
    pub(super) what: String,
}

impl Refusal {
    fn new(code: &'static str, what: impl Into<String>) -> Refusal {
        let what = what.into();
        Refusal { code, what }
    }

    /// The act rests on what its author says it had not seen.
    pub(super) fn unseen() -> Refusal {
        Refusal::new("act_unseen", "it rests on acts that its author had not seen")
    }
}

/// Allowed, and to which other parties a release may not go all the same; or not allowed.
pub(super) type Verdict = Result<Vec<PartyId>, Refusal>;

/// A verdict in the fold of everything.
pub(super) struct Judged {
    pub(super) verdict: Verdict,
    /// The author had seen exactly what stands before the act in the fold.
    pub(super) knew_all: bool,
}

/// Whether an act was allowed in the state just before it; none for acts that need no leave, and
/// for answers to what was never offered.
pub(super) fn judge(state: &State, act: &Act, parties: &[PartyId]) -> Option<Verdict> {
    let header = act.header();
    let (author, now) = (header.author, header.time);
    let allowed = match act.body() {
        Body::Release(body) => judge_release(state, act, body, parties),
        Body::OfferMatch(offer) => match state.check_offer(author, offer, now) {
            Ok(()) => Ok(Vec::new()),
            Err(error) => Err(Refusal::new(error.code(), chain(&error))),
        },
        Body::AnswerMatch(answer) => {
            let run = state.runs.get(&answer.run)?;
            let entry = Entry {
                party: author,
                clause: &run.offer.clause,
                size: answer.size,
                offers: false,
            };
            match state.may_match(&entry, now) {
                Ok(_) => Ok(Vec::new()),
                Err(error) => Err(Refusal::new(error.code(), chain(&error))),
            }
        }
        Body::PublishFilter(filter) => match state.check_filter(author, filter, now) {
            Ok(()) => Ok(Vec::new()),
            Err(error) => Err(Refusal::new(error.code(), chain(&error))),
        },
        _ => return None,
    };
    Some(authority(state, act).and(allowed))
}

fn authority(state: &State, act: &Act) -> Result<(), Refusal> {
    let header = act.header();
    let (who, at) = ((header.author, act.key()), state.time_of(header));
    let may = state.authority(who, header.kind, state.resting_on(act.body()), at);
    may.map(drop).map_err(|reason| Refusal::new("act_unconfirmed", reason))
}

fn judge_release(state: &State, act: &Act, body: &ReleaseBody, parties: &[PartyId]) -> Verdict {
    let (author, now) = (act.header().author, act.header().time);
    if let Ok(accord) = state.governing((author, None), None, now)
        && accord.digest != body.text
    {
        let what = "it names another text than the one in force";
        return Err(Refusal::new("release_other_text", what));
    }
    if let Some(run) = body.run {
        let run = state.runs.get(&run);
        if !run.is_some_and(|run| run.backs_release(author, now)) {
            let what = "it rests on a run that did not tell its author which items are common";
            return Err(Refusal::new("release_other_run", what));
        }
    }
    let named = |to: &&PartyId| body.to.is_none_or(|named| named == **to);
    let others: Vec<PartyId> =
        parties.iter().filter(|to| **to != author).filter(named).copied().collect();
    if others.is_empty() {
        let what = "it names a receiver that is no other party";
        return Err(Refusal::new("release_other_receiver", what));
    }
    let mut denied = Vec::new();
    let mut first = None;
    let mut allowed = false;
    for to in others {
        match Release::replay(state, (author, to), body, now) {
            Ok(()) => allowed = true,
            Err(refused) => {
                denied.push(to);
                first = first.or(Some(refused));
            }
        }
    }
    match first {
        Some(refused) if !allowed => Err(denial(&refused)),
        _ => Ok(denied),
    }
}

fn denial((index, answer): &(usize, Answer)) -> Refusal {
    match answer {
        Answer::Deny(denial) => {
            let what = format!("object {index} may not leave: {}", chain(denial));
            Refusal::new(denial.code(), what)
        }
        Answer::Allow(allowance) => {
            let clause = &allowance.clause;
            let what = format!("object {index} may leave under clause {clause}, not as it states");
            Refusal::new("release_other_clause", what)
        }
    }
}

/// Whether the author had seen exactly the acts that are folded: then the fold of what it knew is
/// this state, since acts are picked by the same rule from the same set.
pub(super) fn knows_all(state: &State, act: &Act) -> bool {
    let header = act.header();
    state.parties.iter().all(|(party, folded)| {
        let seen = header.seen.iter().find(|seen| seen.party == *party);
        let known = if *party == header.author {
            header.sequence
        } else {
            seen.map_or(0, |seen| seen.size)
        };
        folded.folded == known
    })
}
