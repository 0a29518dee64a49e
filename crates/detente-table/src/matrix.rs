//! What binds whom, now, and why: each clause in each direction.

use detente_core::UnixSeconds;
use detente_core::act::Way;
use detente_state::State;
use serde::{Deserialize, Serialize};

use crate::Names;

/// The matrix of clause and direction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatrixReport {
    /// At which moment.
    pub at: String,
    /// The directions, from whom to whom.
    pub ways: Vec<(String, String)>,
    /// Clause by clause, in the order of the text.
    pub clauses: Vec<ClauseRow>,
    /// Since when the accord is dormant, if it is.
    pub dormant_since: Option<String>,
}

/// One clause in all directions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClauseRow {
    /// Its number.
    pub clause: String,
    /// A cell for each direction, in the order of [`MatrixReport::ways`].
    pub cells: Vec<CellReport>,
}

/// One cell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CellReport {
    /// `running`, `paused`, ...
    pub standing: String,
    /// Why; empty if it just runs.
    pub why: String,
}

/// The matrix of the text that governs at `now`, or of the one that may be applied before it is in
/// force; none if no text was ever proposed.
pub fn matrix(state: &State, names: Names<'_>, now: UnixSeconds) -> Option<MatrixReport> {
    let text = match state.in_force_at(now) {
        Ok(accord) => accord,
        Err(_) => {
            let provisional = state.provisional.iter().rev().find(|own| own.holds(now));
            let text = provisional.map(|own| own.text).or(state.in_force.map(|force| force.text));
            &state.texts.get(&text?)?.accord
        }
    };
    let mut ways: Vec<Way> = Vec::new();
    for from in &text.parties {
        for to in text.parties.iter().filter(|to| to.id != from.id) {
            ways.push(Way { from: from.id, to: to.id });
        }
    }
    let cell = |clause: &str, way: &Way| {
        let cell = state.standing(clause, *way, now);
        CellReport { standing: cell.standing.name().to_owned(), why: cell.why }
    };
    let row = |clause: &str| ClauseRow {
        clause: clause.to_owned(),
        cells: ways.iter().map(|way| cell(clause, way)).collect(),
    };
    Some(MatrixReport {
        at: now.to_string(),
        ways: ways.iter().map(|way| (names(way.from), names(way.to))).collect(),
        clauses: text.clauses.iter().map(|clause| row(&clause.id)).collect(),
        dormant_since: state.dormant_since(now).map(|since| since.to_string()),
    })
}
