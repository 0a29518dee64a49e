//! What was said outside the record: attached statements, and readouts side by side.

use std::collections::{BTreeMap, BTreeSet};

use detente_core::act::{Header, Readout, Statement, Topic};
use detente_core::{Digest, Level, PartyId, UnixSeconds};

use super::{Effect, State};

/// A statement made outside, as it was attached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attached {
    /// The act, by the digest of its leaf.
    pub act: Digest,
    /// Who attached it.
    pub by: PartyId,
    /// When it was attached.
    pub since: UnixSeconds,
    /// What was said.
    pub statement: Statement,
    /// When it was taken back.
    pub retracted: Option<UnixSeconds>,
}

/// One line of a comparison of readouts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// What it is about.
    pub topic: Topic,
    /// What each side says that says something: how far they came, and in which words.
    pub says: Vec<(PartyId, Level, String)>,
    /// How the accounts go together.
    pub agreement: Agreement,
}

/// How the accounts of one topic go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// All parties say the same level.
    ConfirmedByAll,
    /// Some have not said anything of it.
    NotByAll,
    /// Two say different levels.
    Contradicted,
}

impl State {
    pub(super) fn attach(
        &mut self,
        header: &Header,
        act: Digest,
        own: &Statement,
    ) -> Result<Effect, String> {
        if !self.parties.contains_key(&own.speaker) {
            return Err("the speaker is no party of this accord".to_owned());
        }
        if own.made > header.time {
            return Err("the statement is of a later day than the act".to_owned());
        }
        self.statements.push(Attached {
            act,
            by: header.author,
            since: header.time,
            statement: own.clone(),
            retracted: None,
        });
        Ok(Effect::InEffect)
    }

    pub(super) fn file_readout(
        &mut self,
        header: &Header,
        own: &Readout,
    ) -> Result<Effect, String> {
        if own.held > header.time {
            return Err("the meeting is on a later day than the act".to_owned());
        }
        let accounts = self.readouts.entry(own.meeting.clone()).or_default();
        if accounts.contains_key(&header.author) {
            return Err("the party has filed its account of this meeting".to_owned());
        }
        accounts.insert(header.author, own.clone());
        Ok(Effect::InEffect)
    }

    /// The accounts of a meeting side by side, topic by topic.
    pub fn compare_readouts(&self, meeting: &str) -> Vec<Compared> {
        let Some(accounts) = self.readouts.get(meeting) else { return Vec::new() };
        let lines = accounts.values().flat_map(|account| &account.lines);
        let topics: BTreeSet<&Topic> = lines.map(|line| &line.topic).collect();
        let says = |topic: &Topic| -> Vec<(PartyId, Level, String)> {
            let lines = accounts.iter().filter_map(|(party, account)| {
                let line = account.lines.iter().find(|line| line.topic == *topic)?;
                Some((*party, line.level, line.words.clone()))
            });
            lines.collect()
        };
        topics
            .into_iter()
            .map(|topic| {
                let says = says(topic);
                let differ = says.windows(2).any(|pair| pair[0].1 != pair[1].1);
                let agreement = if differ {
                    Agreement::Contradicted
                } else if says.len() == self.parties.len() {
                    Agreement::ConfirmedByAll
                } else {
                    Agreement::NotByAll
                };
                Compared { topic: topic.clone(), says, agreement }
            })
            .collect()
    }

    /// The newest meeting of which every party has filed an account.
    pub fn last_meeting(&self, now: UnixSeconds) -> Option<UnixSeconds> {
        let held = self.readouts.values().filter_map(|accounts| {
            let all = accounts.len() == self.parties.len();
            // The earliest day that any side gives: nobody makes the accord livelier alone.
            all.then(|| accounts.values().map(|account| account.held).min())?
        });
        held.filter(|held| *held <= now).max()
    }
}

/// Accounts by meeting and party.
pub(super) type Readouts = BTreeMap<String, BTreeMap<PartyId, Readout>>;
