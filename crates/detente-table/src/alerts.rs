//! Alerts as reports: which act lets more leave than before, what opens and in which direction, and
//! which auditor has seen it.

use detente_core::PartyId;
use detente_gate::{Opening, Widening};
use detente_state::State;
use serde::{Deserialize, Serialize};

use crate::Names;
use crate::exposure::{TurnReport, turn_report};

/// An alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertReport {
    /// The accord.
    pub accord: String,
    /// The act that opens something, by digest.
    pub act: String,
    /// What is opened, by digest: the same act against another text in force is another alert.
    pub change: String,
    /// `text-proposed`, `text-signed`, `reservation-withdrawn`, `suspension-ended` or
    /// `stop-lifted`.
    pub kind: String,
    /// Whose act.
    pub author: String,
    /// When, by its author's clock.
    pub time: String,
    /// The text in force that it is compared with.
    pub before: Option<String>,
    /// The text under which it opens.
    pub after: String,
    /// Whether that text governs, or has governed: else nothing is open yet.
    pub in_force: bool,
    /// Cells in which this party would let out more.
    pub out: u64,
    /// Cells in which more would come to this party.
    pub incoming: u64,
    /// Cells between other parties.
    pub others: u64,
    /// The cells, in regions that share none.
    pub regions: Vec<TurnReport>,
    /// What the table does not hold and is looser, in words.
    pub looser: Vec<String>,
    /// Why the cells are not known: then anything may open.
    pub unknown: Option<String>,
    /// When this party's auditor acknowledged it.
    pub seen: Option<String>,
    /// Other parties whose auditors did, and when.
    pub seen_by: Vec<(String, String)>,
}

impl AlertReport {
    /// In one sentence.
    pub fn words(&self) -> String {
        let opens = match &self.unknown {
            Some(why) => format!("cells unknown: {why}"),
            None => format!("{} cells open outwards, {} inwards", self.out, self.incoming),
        };
        let looser = match self.looser.len() {
            0 => String::new(),
            1 => ", 1 term is looser".to_owned(),
            more => format!(", {more} terms are looser"),
        };
        let (kind, act) = (self.kind.replace('-', " "), self.act.get(..8).unwrap_or_default());
        format!("{kind} by {} at {} (act {act}): {opens}{looser}", self.author, self.time)
    }
}

/// The report of an opening; none if it opens nothing for this party.
pub fn alert(
    state: &State,
    (accord, own): (&str, PartyId),
    names: Names<'_>,
    (opening, found): (&Opening, Result<&Widening, String>),
) -> Option<AlertReport> {
    let sum = |meant: &dyn Fn(PartyId, PartyId) -> bool| -> u64 {
        let by_way = found.as_ref().map(|found| found.by_way.iter());
        let ways = by_way.into_iter().flatten();
        ways.filter(|(way, _)| meant(way.from, way.to)).map(|(_, cells)| cells).sum()
    };
    let (out, incoming) = (sum(&|from, _| from == own), sum(&|_, to| to == own));
    let others = sum(&|from, to| from != own && to != own);
    let looser = found.as_ref().map_or_else(|_| Vec::new(), |found| found.looser.clone());
    if found.is_ok() && out == 0 && incoming == 0 && looser.is_empty() {
        return None;
    }
    let seen = |party: PartyId| state.alert_seen(party, opening.name).map(|s| s.time.to_string());
    let rest = state.parties.keys().filter(|party| **party != own);
    let regions = found.as_ref().map_or(&[][..], |found| &found.regions);
    Some(AlertReport {
        accord: accord.to_owned(),
        act: opening.name.act.to_string(),
        change: opening.name.change.to_string(),
        kind: opening.kind.name().to_owned(),
        author: names(opening.author),
        time: opening.time.to_string(),
        before: opening.before.map(|text| text.to_string()),
        after: opening.after.to_string(),
        in_force: opening.in_force,
        out,
        incoming,
        others,
        regions: regions.iter().map(turn_report).collect(),
        looser,
        unknown: found.err(),
        seen: seen(own),
        seen_by: rest.filter_map(|party| Some((names(*party), seen(*party)?))).collect(),
    })
}
