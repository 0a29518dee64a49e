//! The exposure of a text, gathered for people: cells that differ only in colour or kind stand in
//! one row; `--json` has every cell.

use std::collections::BTreeMap;

use detente_accord::{Accord, MatchRule, Pad, Rule};
use detente_core::act::{Learn, Mode};
use detente_core::{Kind, Tlp, UnixSeconds};
use detente_gate::{Verdict, exposure};
use serde::{Deserialize, Serialize};

/// The exposure of a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExposureReport {
    /// Title of the text.
    pub title: String,
    /// SHA-256 of the text.
    pub text: String,
    /// Open cells, gathered.
    pub rows: Vec<RowReport>,
    /// Caps, prohibitions and duties, in words.
    pub words: Vec<String>,
    /// Open cells.
    pub open: u64,
    /// All cells.
    pub cells: u64,
    /// Every cell.
    pub table: Vec<CellReport>,
}

/// Open cells that share direction, clause and condition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowReport {
    /// Who releases.
    pub from: String,
    /// Who receives.
    pub to: String,
    /// Colours.
    pub tlp: Vec<String>,
    /// `matched` or `any`.
    pub only: String,
    /// The clause.
    pub clause: String,
    /// Kinds of observables.
    pub kinds: Vec<String>,
}

/// One cell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CellReport {
    /// Who releases.
    pub from: String,
    /// Who receives.
    pub to: String,
    /// Kind of the observable.
    pub kind: String,
    /// Colour.
    pub tlp: String,
    /// Whether a run found it at both sides.
    pub matched: bool,
    /// A label that the text speaks of.
    pub label: Option<String>,
    /// Whether it may leave.
    pub open: bool,
    /// The clause that decides.
    pub clause: Option<String>,
    /// Stable code of the verdict.
    pub code: String,
}

/// Computes the exposure of a text.
pub fn report(accord: &Accord, now: UnixSeconds) -> ExposureReport {
    let table = exposure(accord, now);
    let mut rows: BTreeMap<(String, String, String, Vec<Tlp>), Vec<Kind>> = BTreeMap::new();
    for ((from, to, clause, kind), colours) in open_colours(&table) {
        rows.entry((from, to, clause, colours)).or_default().push(kind);
    }
    let rows = rows
        .into_iter()
        .map(|((from, to, clause, colours), kinds)| RowReport {
            only: only(accord, &clause).to_owned(),
            from,
            to,
            clause,
            tlp: colours.iter().map(ToString::to_string).collect(),
            kinds: kinds.iter().map(|kind| kind.name().to_owned()).collect(),
        })
        .collect();
    let open = table.open().count() as u64;
    ExposureReport {
        title: accord.title.clone(),
        text: accord.digest.to_string(),
        rows,
        words: words(accord),
        open,
        cells: table.cells.len() as u64,
        table: table.cells.iter().map(cell).collect(),
    }
}

type Scope = (String, String, String, Kind);

/// Open colours of cells without a special label, by direction, clause and kind. A matched cell
/// stands for the unmatched one too, since a permission for any covers both.
fn open_colours(table: &detente_gate::Exposure) -> BTreeMap<Scope, Vec<Tlp>> {
    let mut open: BTreeMap<Scope, Vec<Tlp>> = BTreeMap::new();
    for (cell, clause) in table.open() {
        if !cell.matched || cell.label.is_some() {
            continue;
        }
        let direction = &cell.direction;
        let scope = (direction.from.clone(), direction.to.clone(), clause.to_owned(), cell.kind);
        open.entry(scope).or_default().push(cell.tlp);
    }
    open
}

fn only(accord: &Accord, clause: &str) -> &'static str {
    match accord.clause(clause).map(|clause| &clause.rule) {
        Some(Some(Rule::Permit(permit))) => permit.only.name(),
        _ => "",
    }
}

/// Caps, prohibitions, matching and duties in plain words.
fn words(accord: &Accord) -> Vec<String> {
    let mut words = Vec::new();
    for clause in &accord.clauses {
        let id = &clause.id;
        match &clause.rule {
            Some(Rule::Permit(permit)) => {
                let cap = permit.cap.map_or_else(
                    || "without a cap".to_owned(),
                    |cap| format!("at most {} objects in {}", cap.count, cap.per),
                );
                words.push(format!("clause {id}: {cap}"));
            }
            Some(Rule::Forbid(forbid)) => {
                let mut what = String::new();
                if !forbid.kinds.is_empty() {
                    let kinds: Vec<&str> = forbid.kinds.iter().map(|kind| kind.name()).collect();
                    what.push_str(&format!(" of kind {}", kinds.join(" or ")));
                }
                if !forbid.labels.is_empty() {
                    what.push_str(&format!(" labelled {}", forbid.labels.join(" or ")));
                }
                if let Some(tlp) = forbid.min_tlp {
                    what.push_str(&format!(" marked {tlp} or closer"));
                }
                words.push(format!(
                    "clause {id}: nothing{what} leaves from {} to {}",
                    forbid.from, forbid.to
                ));
            }
            Some(Rule::Match(rule)) => {
                words.push(format!("clause {id}: {}", told_by(rule)));
                let low = Kind::guessable(&rule.kinds);
                if !low.is_empty() {
                    words.push(format!(
                        "clause {id}: {} can be guessed one by one: in {} a party may test {} \
                         guesses against the other's list",
                        low.join(", "),
                        rule.budget.per,
                        rule.budget.items
                    ));
                }
            }
            Some(Rule::Oblige(duty)) => words.push(format!(
                "clause {id}: on {} {} must {} within {} from {}; this is shown, not enforced",
                duty.on,
                duty.actor,
                duty.verb,
                duty.deadline.within,
                duty.deadline.clock.name()
            )),
            None => {}
        }
    }
    words.push(format!("an unmarked indicator counts as {}", accord.default_tlp));
    words
}

/// What a clause tells to whom, look-ups or runs.
fn told_by(rule: &MatchRule) -> String {
    let Some(terms) = &rule.lookup else { return told(rule) };
    let holder = &terms.holder;
    let asker = rule.between.iter().find(|handle| *handle != holder).map_or("", String::as_str);
    let kinds: Vec<&str> = rule.kinds.iter().map(|kind| kind.name()).collect();
    format!(
        "{asker} learns of each value that it asks whether {holder} lists it ({}), at most {} \
         values in {}, and that {holder} lists at most {}; {holder} learns how many values {asker} \
         asks at most and when, neither which nor what is found; not post-quantum",
        kinds.join(", "),
        rule.budget.items,
        rule.budget.per,
        terms.filter_items
    )
}

/// What a run tells to whom, besides whether it took place.
fn told(rule: &MatchRule) -> String {
    let who = match rule.learn {
        Learn::Both => "both parties",
        Learn::Initiator => "the party that offers a run, and not the other,",
    };
    let what = match rule.mode {
        Mode::Which => "which items both hold".to_owned(),
        Mode::Payload => format!(
            "which items both hold, and brings within the run what this table lets leave of the \
             matched ones, up to {} bytes an item",
            rule.payload_bytes.unwrap_or_default()
        ),
        Mode::Count => {
            "how many items both hold, but not which, as long as both keep to the protocol"
                .to_owned()
        }
        Mode::Lookup => "which of its own items the other side lists".to_owned(),
    };
    let size = match rule.pad {
        Pad::None => "the true size of the other's list".to_owned(),
        Pad::PowerOfTwo => "the size of the other's list, rounded up to a power of two".to_owned(),
        Pad::Multiple(of) => {
            format!("the size of the other's list, rounded up to a multiple of {of}")
        }
    };
    format!(
        "matching tells {who} {what}; besides, each side learns {size}, at most {}",
        rule.max_items
    )
}

fn cell(cell: &detente_gate::Cell) -> CellReport {
    let (open, clause, code) = match &cell.verdict {
        Verdict::Allow(allowance) => (true, Some(allowance.clause.to_string()), "allowed"),
        Verdict::Deny(denial) => (false, denial.clause().map(str::to_owned), denial.code()),
    };
    CellReport {
        from: cell.direction.from.clone(),
        to: cell.direction.to.clone(),
        kind: cell.kind.name().to_owned(),
        tlp: cell.tlp.to_string(),
        matched: cell.matched,
        label: cell.label.clone(),
        open,
        clause,
        code: code.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use detente_accord::Accord;
    use detente_core::{PartyId, UnixSeconds};

    use crate::draft::{Side, draft};

    fn words(edits: &[(&str, &str)]) -> String {
        let side = |name: &str, byte| Side { name: name.to_owned(), id: PartyId::new([byte; 32]) };
        let now = UnixSeconds::new(1_800_000_000);
        let mut text = draft("x", &side("Alba", 1), &side("Borea", 2), now).unwrap();
        for (from, to) in edits {
            assert!(text.contains(from), "{from}");
            text = text.replace(from, to);
        }
        super::words(&Accord::parse(text.as_bytes()).unwrap()).join("\n")
    }

    #[test]
    fn what_a_run_tells_is_said_truly() {
        let which = words(&[]);
        assert!(which.contains("matching tells both parties which items both hold"), "{which}");
        assert!(which.contains("rounded up to a power of two, at most 262144"), "{which}");
        let count = words(&[
            ("mode = \"which\"", "mode = \"count\""),
            ("answer = \"both\"", "answer = \"initiator\""),
            ("pad = \"power-of-two\"", "pad = \"none\""),
        ]);
        assert!(count.contains("tells the party that offers a run, and not the other,"), "{count}");
        assert!(count.contains("how many items both hold, but not which"), "{count}");
        assert!(!count.contains("which items"), "{count}");
        assert!(count.contains("true size"), "{count}");
    }

    #[test]
    fn a_run_with_contexts_is_shown_as_one() {
        let words = words(&[
            ("mode = \"which\"", "mode = \"payload\"\npayload_bytes = 1024"),
            ("{pad}.\"", "{pad}; contexts up to {payload_bytes} bytes.\""),
        ]);
        assert!(words.contains("which items both hold, and brings within the run what"), "{words}");
        assert!(words.contains("up to 1024 bytes an item"), "{words}");
    }

    #[test]
    fn a_prohibition_says_which_kinds() {
        let narrow = words(&[
            ("labels = [\"source\", \"victim\"]", "labels = [\"victim\"]\nkinds = [\"url\"]"),
            ("Nothing labelled", "Nothing of {kinds} labelled"),
        ]);
        assert!(narrow.contains("nothing of kind url labelled victim leaves"), "{narrow}");
    }
}
