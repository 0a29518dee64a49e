//! Readouts side by side, and statements made outside.

use detente_core::UnixSeconds;
use detente_core::act::Topic;
use detente_state::{Agreement, State};
use serde::{Deserialize, Serialize};

use crate::Names;

/// A meeting as the parties tell it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeetingReport {
    /// What the parties call it.
    pub meeting: String,
    /// Who has filed an account, and which day it gives.
    pub accounts: Vec<AccountReport>,
    /// Topic by topic.
    pub topics: Vec<TopicCompared>,
}

/// That a party has filed an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountReport {
    /// Who.
    pub party: String,
    /// When the meeting was held, by its account.
    pub held: String,
}

/// What the accounts say of one topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicCompared {
    /// Which.
    pub topic: String,
    /// `confirmed by all`, `not by all` or `contradicted`.
    pub agreement: String,
    /// Party, level and words.
    pub says: Vec<(String, String, String)>,
}

/// A statement made outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementReport {
    /// Whose.
    pub speaker: String,
    /// How far it went by its own words.
    pub claimed: String,
    /// When it was made.
    pub made: String,
    /// Where it can be found.
    pub source: String,
    /// The words.
    pub quote: String,
    /// SHA-256 of the document.
    pub document: String,
    /// Who attached it.
    pub attached_by: String,
    /// The act, by digest.
    pub act: String,
    /// Whether who attached it has taken it back.
    pub retracted: bool,
}

/// Every meeting that somebody has told of, by name.
pub fn meetings(state: &State, names: Names<'_>) -> Vec<MeetingReport> {
    let all = state.readouts.iter();
    all.map(|(meeting, accounts)| MeetingReport {
        meeting: meeting.clone(),
        accounts: accounts
            .iter()
            .map(|(party, account)| AccountReport {
                party: names(*party),
                held: account.held.to_string(),
            })
            .collect(),
        topics: state
            .compare_readouts(meeting)
            .into_iter()
            .map(|line| TopicCompared {
                topic: line.topic.to_string(),
                agreement: match line.agreement {
                    Agreement::ConfirmedByAll => "confirmed by all",
                    Agreement::NotByAll => "not by all",
                    Agreement::Contradicted => "contradicted",
                }
                .to_owned(),
                says: line
                    .says
                    .into_iter()
                    .map(|(party, level, words)| (names(party), level.words().to_owned(), words))
                    .collect(),
            })
            .collect(),
    })
    .collect()
}

/// What was said outside on a topic and attached by `now`.
pub(crate) fn statements_on(
    state: &State,
    topic: &Topic,
    names: Names<'_>,
    now: UnixSeconds,
) -> Vec<StatementReport> {
    let mut own: Vec<_> = state
        .statements
        .iter()
        .filter(|attached| attached.statement.topic == *topic && attached.since <= now)
        .collect();
    own.sort_by_key(|attached| attached.statement.made);
    own.into_iter()
        .map(|attached| StatementReport {
            speaker: names(attached.statement.speaker),
            claimed: attached.statement.claimed.words().to_owned(),
            made: attached.statement.made.to_string(),
            source: attached.statement.source.clone(),
            quote: attached.statement.quote.clone(),
            document: attached.statement.document.to_string(),
            attached_by: names(attached.by),
            act: attached.act.to_string(),
            retracted: attached.retracted.is_some_and(|retracted| retracted <= now),
        })
        .collect()
}
