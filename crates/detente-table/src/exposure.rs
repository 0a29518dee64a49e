//! The exposure of a text, the difference of two, and the answer to one question, as reports: for
//! people, as CSV and as JSON.

mod csv;
mod matching;
mod words;

use crate::matrix::MatrixReport;
use detente_accord::Accord;
use detente_core::UnixSeconds;
use detente_gate::{Asked, Axis, BadQuestion, Region, Turn, Turned, ask, diff, exposure};
use detente_state::Standing;
use serde::{Deserialize, Serialize};

pub use csv::{difference_csv, exposure_csv};

/// The exposure of a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExposureReport {
    /// Title of the text.
    pub title: String,
    /// SHA-256 of the text.
    pub text: String,
    /// Open cells, in regions that share no cell: the whole table, since all else is closed.
    pub regions: Vec<RegionReport>,
    /// Clauses in plain words.
    pub words: Vec<String>,
    /// Open cells.
    pub open: u64,
    /// All cells.
    pub cells: u64,
    /// Of an accord whose text is not in force: the clauses that two parties apply provisionally
    /// now. Of the permissions, only these let anything leave yet.
    #[serde(default)]
    pub applied: Vec<AppliedReport>,
}

/// A clause that two parties apply before its text is in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppliedReport {
    /// The clause.
    pub clause: String,
    /// From whom.
    pub from: String,
    /// To whom.
    pub to: String,
    /// By which text, in words.
    pub why: String,
}

/// What a matrix shows as applied provisionally.
pub fn applied(matrix: Option<&MatrixReport>) -> Vec<AppliedReport> {
    let Some(matrix) = matrix else { return Vec::new() };
    let rows = matrix.clauses.iter().flat_map(|row| {
        let cells = matrix.ways.iter().zip(&row.cells);
        let own = cells.filter(|(_, cell)| cell.standing == Standing::Provisional.name());
        own.map(|((from, to), cell)| AppliedReport {
            clause: row.clause.clone(),
            from: from.clone(),
            to: to.clone(),
            why: cell.why.clone(),
        })
    });
    rows.collect()
}

/// Cells that share their answer. Of each axis the values, or none for every value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegionReport {
    /// Who releases to whom: `A to B`.
    pub direction: Option<Vec<String>>,
    /// Kinds of indicators, and other objects.
    pub object: Option<Vec<String>>,
    /// TLP colours.
    pub tlp: Option<Vec<String>>,
    /// PAP colours.
    pub pap: Option<Vec<String>>,
    /// `matched`, `not matched`.
    pub matched: Option<Vec<String>>,
    /// Categories.
    pub category: Option<Vec<String>>,
    /// Origins of the threat.
    pub threat_origin: Option<Vec<String>>,
    /// Purposes.
    pub purpose: Option<Vec<String>>,
    /// `listed`, `unmarked`.
    pub releasable: Option<Vec<String>>,
    /// Labels that the text speaks of, or none of these.
    pub label: Option<Vec<String>>,
    /// The clauses that let them go.
    pub clauses: Vec<String>,
    /// For each of these clauses what is taken out before an object leaves.
    pub forms: Vec<Vec<String>>,
    /// How many cells.
    pub cells: u64,
}

impl RegionReport {
    /// The values of each axis, in the order of the table.
    pub fn axes(&self) -> [(&'static str, &Option<Vec<String>>); 10] {
        let values = [
            &self.direction,
            &self.object,
            &self.tlp,
            &self.pap,
            &self.matched,
            &self.category,
            &self.threat_origin,
            &self.purpose,
            &self.releasable,
            &self.label,
        ];
        let mut at = Axis::ALL.into_iter().map(Axis::name);
        values.map(|values| (at.next().unwrap_or_default(), values))
    }

    fn new(values: &[Option<Vec<String>>], clauses: &[std::sync::Arc<str>], cells: u64) -> Self {
        let mut values = values.iter().cloned();
        let mut next = || values.next().flatten();
        RegionReport {
            direction: next(),
            object: next(),
            tlp: next(),
            pap: next(),
            matched: next(),
            category: next(),
            threat_origin: next(),
            purpose: next(),
            releasable: next(),
            label: next(),
            clauses: clauses.iter().map(ToString::to_string).collect(),
            forms: Vec::new(),
            cells,
        }
    }

    fn of(region: &Region) -> RegionReport {
        let words = |form: &std::sync::Arc<[detente_core::Transform]>| {
            form.iter().map(ToString::to_string).collect()
        };
        RegionReport {
            forms: region.transforms.iter().map(words).collect(),
            ..RegionReport::new(&region.values, &region.clauses, region.cells)
        }
    }
}

/// What a change of a text does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DifferenceReport {
    /// SHA-256 of the old text.
    pub before: String,
    /// SHA-256 of the new text.
    pub after: String,
    /// Cells whose answer changes, in regions that share no cell.
    pub regions: Vec<TurnReport>,
    /// Matching clauses whose terms differ, in plain words: what enters a run is no cell.
    #[serde(default)]
    pub matching: Vec<String>,
    /// Cells that open.
    pub opens: u64,
    /// Cells that close.
    pub closes: u64,
    /// Cells whose objects leave in another form.
    pub changes: u64,
    /// All cells.
    pub cells: u64,
}

/// Cells that a change turns alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TurnReport {
    /// `opens`, `closes` or `changes`.
    pub turn: String,
    /// The cells; its clauses are those of the new text, and of the old one where it closes.
    pub region: RegionReport,
}

/// The answer to one question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerReport {
    /// `yes`, `in part` or `no`.
    pub answer: String,
    /// In which of the cells asked about, and by which clause.
    pub regions: Vec<RegionReport>,
    /// Permissions that cover any of them.
    pub permits: Vec<String>,
    /// Prohibitions that cover any of them.
    pub forbids: Vec<String>,
    /// Open cells.
    pub open: u64,
    /// Cells asked about.
    pub cells: u64,
}

/// Why there is no table, or no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct ExposureFault {
    /// A stable machine code.
    pub code: &'static str,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub remedy: &'static str,
}

/// Computes the exposure of a text.
///
/// # Errors
/// [`ExposureFault`] for a text made to be costly.
pub fn report(accord: &Accord, now: UnixSeconds) -> Result<ExposureReport, ExposureFault> {
    let table = exposure(accord, now).map_err(too_complex)?;
    Ok(ExposureReport {
        title: accord.title.clone(),
        text: accord.digest.to_string(),
        regions: table.regions.iter().map(RegionReport::of).collect(),
        words: words::words(accord),
        open: table.open,
        cells: table.cells,
        applied: Vec::new(),
    })
}

/// Computes the difference of two texts.
///
/// # Errors
/// [`ExposureFault`] for texts made to be costly.
pub fn difference(
    before: &Accord,
    after: &Accord,
    now: UnixSeconds,
) -> Result<DifferenceReport, ExposureFault> {
    let found = diff(before, after, now).map_err(too_complex)?;
    Ok(DifferenceReport {
        before: before.digest.to_string(),
        after: after.digest.to_string(),
        regions: found.regions.iter().map(turn_report).collect(),
        matching: matching::changes(before, after),
        opens: found.counts[0],
        closes: found.counts[1],
        changes: found.counts[2],
        cells: found.cells,
    })
}

pub(crate) fn turn_report(turned: &Turned) -> TurnReport {
    TurnReport {
        turn: turned.turn.name().to_owned(),
        region: RegionReport::new(
            &turned.values,
            if turned.turn == Turn::Closes { &turned.before } else { &turned.after },
            turned.cells,
        ),
    }
}

/// Answers a question: words such as `tlp=amber`.
///
/// # Errors
/// [`ExposureFault`] if it can't be answered.
pub fn answer(
    accord: &Accord,
    question: &[String],
    now: UnixSeconds,
) -> Result<AnswerReport, ExposureFault> {
    let mut asked = Asked::default();
    for word in question {
        let (axis, value) = word.split_once('=').ok_or_else(|| {
            let what = format!("{word:?} asks nothing");
            let remedy = "write words such as from=A kind=domain tlp=amber";
            ExposureFault { code: "bad_question", what, remedy }
        })?;
        asked.words.push((axis.to_owned(), value.to_owned()));
    }
    let answer = ask(accord, &asked, now).map_err(|fault| match fault {
        BadQuestion::TooComplex(fault) => too_complex(fault),
        other => ExposureFault {
            code: "bad_question",
            what: other.to_string(),
            remedy: "ask what the table has",
        },
    })?;
    let named =
        |clauses: Vec<std::sync::Arc<str>>| clauses.iter().map(ToString::to_string).collect();
    let word = match answer.table.open {
        0 => "no",
        open if open == answer.table.cells => "yes",
        _ => "in part",
    };
    Ok(AnswerReport {
        answer: word.to_owned(),
        regions: answer.table.regions.iter().map(RegionReport::of).collect(),
        permits: named(answer.permits),
        forbids: named(answer.forbids),
        open: answer.table.open,
        cells: answer.table.cells,
    })
}

fn too_complex(fault: detente_gate::TooComplex) -> ExposureFault {
    let code = fault.code();
    ExposureFault { code, what: fault.to_string(), remedy: "simplify the text" }
}
