//! The rolling text with its brackets and who holds them.

use detente_accord::{Alternative, Choice, FieldView, Offer, Piece, UnitView};
use detente_core::PartyId;
use detente_state::State;
use serde::{Deserialize, Serialize};

use crate::Names;

/// The text under negotiation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WordsReport {
    /// Open brackets in all.
    pub open: usize,
    /// Open brackets by unit.
    pub by_unit: Vec<OpenReport>,
    /// SHA-256 of the clean text, once nothing is open and it is sound.
    pub clean: Option<String>,
    /// Why a text without brackets is no sound text.
    pub unsound: Option<String>,
    /// Unit by unit.
    pub units: Vec<UnitReport>,
}

/// Open brackets of one unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenReport {
    /// Which.
    pub unit: String,
    /// How many.
    pub brackets: usize,
}

/// One unit of the text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitReport {
    /// `clause 3.1`.
    pub unit: String,
    /// Open brackets in it.
    pub brackets: usize,
    /// Who would leave it out.
    pub left_out_by: Vec<String>,
    /// Who has reserved its position.
    pub reserved_by: Vec<String>,
    /// Who has not spoken of it.
    pub silent: Vec<String>,
    /// What it says.
    pub fields: Vec<FieldReport>,
    /// What parties noted on it.
    pub notes: Vec<(String, String)>,
}

/// One field of a unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldReport {
    /// `prose.en`.
    pub path: String,
    /// What it says.
    pub pieces: Vec<PieceReport>,
}

/// Words that all hold, or brackets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PieceReport {
    /// Words in all options.
    Words(String),
    /// Words in brackets.
    Bracket(Vec<BracketReport>),
}

/// One wording within brackets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BracketReport {
    /// Who holds it.
    pub held_by: Vec<String>,
    /// The words; none if the holder accepts no words there and offers none.
    pub words: Option<String>,
}

/// The text under negotiation; with a language, without the words in others.
pub fn words(state: &State, names: Names<'_>, language: Option<&str>) -> WordsReport {
    let rolling = state.rolling();
    let units: Vec<UnitReport> =
        rolling.view(language).iter().map(|unit| unit_report(unit, names)).collect();
    // An open unit that nobody wants whole is in no view.
    let by_unit: Vec<OpenReport> = rolling
        .open()
        .into_iter()
        .map(|open| OpenReport { unit: open.unit.to_string(), brackets: open.brackets })
        .collect();
    let (clean, unsound) = match &state.clean {
        None => (None, None),
        Some(Ok(digest)) => (Some(digest.to_string()), None),
        Some(Err(why)) => (None, Some(why.clone())),
    };
    let open = by_unit.iter().map(|unit| unit.brackets).sum();
    WordsReport { open, by_unit, clean, unsound, units }
}

fn unit_report(view: &UnitView, names: Names<'_>) -> UnitReport {
    let all = |parties: &[PartyId]| parties.iter().map(|party| names(*party)).collect();
    let left_out = view.options.iter().filter(|option| option.choice == Choice::LeftOut);
    UnitReport {
        unit: view.unit.to_string(),
        brackets: view.brackets,
        left_out_by: left_out.flat_map(|option| &option.holders).map(|p| names(*p)).collect(),
        reserved_by: all(&view.reserved),
        silent: all(&view.silent),
        fields: view.fields.iter().map(|field| field_report(field, names)).collect(),
        notes: view.notes.iter().map(|(party, note)| (names(*party), note.clone())).collect(),
    }
}

fn field_report(field: &FieldView, names: Names<'_>) -> FieldReport {
    let one = |alternative: &Alternative| BracketReport {
        held_by: alternative.holders.iter().map(|party| names(*party)).collect(),
        words: match &alternative.offer {
            Offer::Words(words) => Some(words.clone()),
            Offer::Nothing => Some(String::new()),
            Offer::Open => None,
        },
    };
    let piece = |piece: &Piece| match piece {
        Piece::Plain(words) => PieceReport::Words(words.clone()),
        Piece::Bracket(all) => PieceReport::Bracket(all.iter().map(one).collect()),
    };
    FieldReport { path: field.path.clone(), pieces: field.pieces.iter().map(piece).collect() }
}
