//! Retractions of releases as reports: who took what back, who must answer, and what was answered,
//! with the clocks of both sides.
//!
//! What an answer says is its author's word; the report shows it as that.

use detente_core::act::Passed;
use detente_core::{PartyId, Whose};
use detente_state::{AnswerState, State, TakenBack};
use serde::{Deserialize, Serialize};

use crate::Names;

/// A retraction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetractionReport {
    /// The accord.
    pub accord: String,
    /// The act, by digest.
    pub act: String,
    /// The release that it is about, by digest.
    pub release: String,
    /// Who had released.
    pub author: String,
    /// Whether that is this party.
    pub own: bool,
    /// When, by the author's clock.
    pub time: String,
    /// Why: a word of a closed list.
    pub reason: String,
    /// Why, in words; may be empty.
    pub words: String,
    /// How many objects it is about.
    pub objects: u64,
    /// The colour from now on, if it narrows the marking and takes nothing back.
    pub tlp: Option<String>,
    /// The PAP colour from now on.
    pub pap: Option<String>,
    /// The retraction that this one passes on, by digest.
    pub because: Option<String>,
    /// When the author took the retraction itself back.
    pub lifted: Option<String>,
    /// Whether somebody has not answered yet, here or further down the chain.
    pub open: bool,
    /// Who must answer.
    pub receivers: Vec<ReceiverReport>,
    /// Releases of this party that brought others the same indicators since it had them from here.
    #[serde(default)]
    pub onward: Vec<OnwardReport>,
}

/// A receiver of what was taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiverReport {
    /// Who.
    pub party: String,
    /// When it first showed that it had seen the retraction, by its clock.
    pub seen: Option<String>,
    /// When it first answered, by its clock.
    pub answered: Option<String>,
    /// What it says that it has done: the last answer.
    pub answer: Option<AnswerReport>,
}

/// What a receiver says that it has done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerReport {
    /// The act, by digest.
    pub act: String,
    /// When, by its clock.
    pub time: String,
    /// `out-of-use`, `erased`, `kept`, `absent` or `narrowed`.
    pub done: String,
    /// In words; may be empty.
    pub words: String,
    /// What became of its own indicators of the same value: `none`, `stand` or `held-out`.
    pub own: String,
    /// To whom it had gone on.
    pub passed: Vec<PassedReport>,
}

/// Somebody to whom a receiver had passed it on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassedReport {
    /// Who, if the receiver names them.
    pub to: Option<String>,
    /// The retraction that went there, by digest.
    pub retraction: Option<String>,
    /// When that one was answered.
    pub answered: Option<String>,
}

/// A release of this party that brought others what was taken back from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnwardReport {
    /// Under which accord.
    pub accord: String,
    /// To whom.
    pub to: Vec<String>,
    /// The release, by digest.
    pub release: String,
    /// How many of its objects are about the same indicators.
    pub objects: u64,
    /// The retraction that went there, by digest.
    pub forwarded: Option<String>,
    /// When all of its receivers had answered.
    pub answered: Option<String>,
}

/// All retractions of an accord, in the order of the fold.
pub fn retractions(
    state: &State,
    (accord, own): (&str, PartyId),
    names: Names<'_>,
) -> Vec<RetractionReport> {
    let report = |taken| retraction(taken, (accord, own), names);
    state.retractions.iter().map(report).collect()
}

fn retraction(
    taken: &TakenBack,
    (accord, own): (&str, PartyId),
    names: Names<'_>,
) -> RetractionReport {
    let receivers = taken.receivers.iter().map(|party| receiver(taken, *party, names));
    let receivers: Vec<ReceiverReport> = receivers.collect();
    let chain = receivers.iter().filter_map(|receiver| receiver.answer.as_ref());
    let waiting = chain.flat_map(|answer| &answer.passed).any(|on| on.answered.is_none());
    RetractionReport {
        accord: accord.to_owned(),
        act: taken.act.to_string(),
        release: taken.said.release.to_string(),
        author: names(taken.author),
        own: taken.author == own,
        time: taken.time.to_string(),
        reason: taken.said.reason.name().to_owned(),
        words: taken.said.words.clone(),
        objects: taken.objects.len() as u64,
        tlp: taken.said.tlp.map(|tlp| tlp.to_string()),
        pap: taken.said.pap.map(|pap| pap.to_string()),
        because: taken.said.because.map(|act| act.to_string()),
        lifted: taken.lifted.map(|time| time.to_string()),
        open: taken.lifted.is_none() && (taken.unanswered().next().is_some() || waiting),
        receivers,
        onward: Vec::new(),
    }
}

fn receiver(taken: &TakenBack, party: PartyId, names: Names<'_>) -> ReceiverReport {
    let mut answers = taken.answers.iter().filter(|answer| answer.by == party);
    ReceiverReport {
        party: names(party),
        seen: taken.seen.get(&party).map(|time| time.to_string()),
        answered: answers.next().map(|first| first.time.to_string()),
        answer: taken.answer_of(party).map(|last| answer(last, names)),
    }
}

fn answer(last: &AnswerState, names: Names<'_>) -> AnswerReport {
    let passed = |on: &Passed| PassedReport {
        to: match on.to {
            Whose::Third => None,
            Whose::Party(party) => Some(names(party)),
        },
        retraction: on.retraction.map(|act| act.to_string()),
        answered: on.answered.map(|time| time.to_string()),
    };
    AnswerReport {
        act: last.act.to_string(),
        time: last.time.to_string(),
        done: last.said.done.name().to_owned(),
        words: last.said.words.clone(),
        own: last.said.own.name().to_owned(),
        passed: last.said.passed.iter().map(passed).collect(),
    }
}
