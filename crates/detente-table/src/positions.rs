//! Where each party stands on each topic at a moment, and what hangs over the accord: acts that
//! wait, reservations, suspensions.

use detente_core::act::Topic;
use detente_core::{PartyId, UnixSeconds};
use detente_state::{Aside, Reception, Stand, State, Waits};
use serde::{Deserialize, Serialize};

use crate::Names;

/// Where all parties stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PositionsReport {
    /// At which moment.
    pub at: String,
    /// Topic by topic.
    pub topics: Vec<TopicReport>,
    /// Acts that wait for a confirmation.
    pub pending: Vec<PendingReport>,
    /// Reservations and declarations.
    pub asides: Vec<AsideReport>,
    /// Suspensions and countermeasures that hold.
    pub held: Vec<HeldReport>,
}

/// Where all parties stand on one topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicReport {
    /// `clause 3.1`, or a subject's name.
    pub topic: String,
    /// Each party that has a stand.
    pub stands: Vec<StandReport>,
    /// What was said outside the record: without effect.
    pub statements: Vec<crate::StatementReport>,
}

/// One party's stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandReport {
    /// Who.
    pub party: String,
    /// How far, by name.
    pub level: String,
    /// How far, in words.
    pub words: String,
    /// Since when.
    pub since: String,
    /// Until when, if not for good.
    pub until: Option<String>,
    /// By which act.
    pub act: String,
}

/// An act that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingReport {
    /// Whose.
    pub party: String,
    /// The act, by digest.
    pub act: String,
    /// What it says.
    pub summary: String,
    /// What it waits for: `authority`, `capital` or `second-person`.
    pub waits: String,
}

/// A reservation or a declaration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AsideReport {
    /// Whose.
    pub party: String,
    /// `reservation` or `declaration`.
    pub sort: String,
    /// The act, by digest.
    pub act: String,
    /// On which clauses.
    pub clauses: Vec<String>,
    /// What it states.
    pub statement: String,
    /// How each other party takes a reservation, in words.
    pub received: Vec<(String, String)>,
}

/// A suspension or countermeasure that holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldReport {
    /// Whose.
    pub party: String,
    /// `suspension` or `countermeasure`.
    pub sort: String,
    /// The act, by digest.
    pub act: String,
    /// Which clauses.
    pub clauses: Vec<String>,
    /// From whom to whom.
    pub ways: Vec<(String, String)>,
    /// Since when.
    pub since: String,
    /// Until when, if it has an end.
    pub until: Option<String>,
    /// Why.
    pub reason: String,
    /// Who contests it, since when, and why.
    pub contested: Vec<(String, String, String)>,
}

/// Where all parties stand at `now`.
pub fn positions(state: &State, names: Names<'_>, now: UnixSeconds) -> PositionsReport {
    let topics = state.topics();
    PositionsReport {
        at: now.to_string(),
        topics: topics.iter().map(|topic| one_topic(state, topic, names, now)).collect(),
        pending: pending(state, names),
        asides: asides(state, names, now),
        held: held(state, names, now),
    }
}

fn one_topic(state: &State, topic: &Topic, names: Names<'_>, now: UnixSeconds) -> TopicReport {
    let stand = |party: &PartyId| -> Option<StandReport> {
        let stand: &Stand = state.stand_at(*party, topic, now)?;
        Some(StandReport {
            party: names(*party),
            level: stand.level.name().to_owned(),
            words: stand.level.words().to_owned(),
            since: stand.since.to_string(),
            until: stand.expires.map(|until| until.to_string()),
            act: stand.act.to_string(),
        })
    };
    TopicReport {
        topic: topic.to_string(),
        stands: state.parties.keys().filter_map(stand).collect(),
        statements: crate::meetings::statements_on(state, topic, names, now),
    }
}

fn pending(state: &State, names: Names<'_>) -> Vec<PendingReport> {
    let summary = |act| {
        let event = state.history.iter().find(|event| event.act == act);
        event.map_or_else(String::new, |event| event.summary.clone())
    };
    state
        .pending
        .iter()
        .map(|(act, pending)| PendingReport {
            party: names(pending.party),
            act: act.to_string(),
            summary: summary(*act),
            waits: match pending.waits {
                Waits::Authority => "authority",
                Waits::Capital => "capital",
                Waits::SecondPerson => "second-person",
            }
            .to_owned(),
        })
        .collect()
}

fn asides(state: &State, names: Names<'_>, now: UnixSeconds) -> Vec<AsideReport> {
    let reservations = state.reservations.iter().map(|own| ("reservation", own));
    let declarations = state.declarations.iter().map(|own| ("declaration", own));
    let holding = reservations.chain(declarations).filter(|(_, own)| own.holds(now));
    let received = |sort: &str, own: &Aside| -> Vec<(String, String)> {
        if sort == "declaration" {
            return Vec::new();
        }
        let others = state.parties.keys().filter(|party| **party != own.party);
        let words = |party: &PartyId| match state.reception(own, *party, now) {
            Reception::Accepted => "accepted".to_owned(),
            Reception::Open(UnixSeconds::MAX) => "has not seen it yet".to_owned(),
            Reception::Open(until) => format!("can object until {until}"),
            Reception::Objected => "objects".to_owned(),
            Reception::Precluded => {
                "objects, and the accord is not in force between the two".into()
            }
        };
        others.map(|party| (names(*party), words(party))).collect()
    };
    holding
        .map(|(sort, own)| AsideReport {
            party: names(own.party),
            sort: sort.to_owned(),
            act: own.act.to_string(),
            clauses: own.clauses.clone(),
            statement: own.statement.clone(),
            received: received(sort, own),
        })
        .collect()
}

fn held(state: &State, names: Names<'_>, now: UnixSeconds) -> Vec<HeldReport> {
    let holding = state.suspensions.iter().filter(|held| held.holds(now));
    holding
        .map(|held| HeldReport {
            party: names(held.party),
            sort: if held.answers.is_some() { "countermeasure" } else { "suspension" }.to_owned(),
            act: held.act.to_string(),
            clauses: held.clauses.clone(),
            ways: held.ways.iter().map(|way| (names(way.from), names(way.to))).collect(),
            since: held.since.to_string(),
            until: held.expires.map(|until| until.to_string()),
            reason: held.reason.clone(),
            contested: held
                .contested
                .iter()
                .filter(|(_, since, _)| *since <= now)
                .map(|(party, since, why)| (names(*party), since.to_string(), why.clone()))
                .collect(),
        })
        .collect()
}
