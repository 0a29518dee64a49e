//! The difference of two texts, unit by unit and word by word.
//!
//! Is: what was put in, taken out, moved and worded anew, as typed pieces from which coloured text,
//! Markdown, HTML and JSON are written. Time is bounded for any two texts (see
//! [`detente_accord::align`]). Is not: a judgement of what a change means; `accord diff` says what
//! it newly lets out.

use std::collections::{BTreeMap, BTreeSet};

use detente_accord::align::{Stretch, align, common, join, tokens};
use detente_accord::field::{by_path, fields};
use detente_accord::{Faults, Unit, UnitKey, split};

/// What is called a field where two contents differ in comments and layout alone.
const AS_WRITTEN: &str = "as written";

/// The difference of two texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Redline {
    /// The units that differ: those of the new text in its order, each removed one behind the one
    /// that it stood behind.
    pub units: Vec<UnitChange>,
    /// How many units are the same in both texts, and in the same order.
    pub same: usize,
}

/// A unit that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitChange {
    /// Which.
    pub unit: UnitKey,
    /// In what way.
    pub kind: ChangeKind,
    /// Whether it stands at another place among the others, whatever else.
    pub moved: bool,
    /// The fields that differ; all of a unit that is in one text alone.
    pub fields: Vec<FieldChange>,
}

/// In what way a unit differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeKind {
    /// Only the new text has it.
    Added,
    /// Both have it, and it reads otherwise.
    Changed,
    /// Both have it alike, at another place.
    Moved,
    /// Only the old text has it.
    Removed,
}

impl ChangeKind {
    /// One word for it.
    pub const fn name(self) -> &'static str {
        match self {
            ChangeKind::Added => "added",
            ChangeKind::Changed => "changed",
            ChangeKind::Moved => "moved",
            ChangeKind::Removed => "removed",
        }
    }
}

/// A field that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldChange {
    /// Where it stands: `prose.en`, `permit.cap.count`.
    pub path: String,
    /// Its words in order.
    pub edits: Vec<Edit>,
}

/// A stretch of words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Only in the new text.
    Added(String),
    /// Only in the old text.
    Removed(String),
    /// In both.
    Same(String),
}

/// Which of two texts can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RedlineFault {
    /// The new one.
    #[error("the new text can't be read")]
    New(#[source] Faults),
    /// The old one.
    #[error("the old text can't be read")]
    Old(#[source] Faults),
}

impl RedlineFault {
    /// A stable machine code.
    pub const fn code(&self) -> &'static str {
        match self {
            RedlineFault::New(_) => "new_text_faulty",
            RedlineFault::Old(_) => "old_text_faulty",
        }
    }

    /// The faults of that text.
    pub const fn faults(&self) -> &Faults {
        match self {
            RedlineFault::New(faults) | RedlineFault::Old(faults) => faults,
        }
    }
}

/// The difference of two texts. They need be no sound accords, but must split into units.
///
/// # Errors
/// [`RedlineFault`].
pub fn redline(old: &str, new: &str) -> Result<Redline, RedlineFault> {
    let old = split(old).map_err(RedlineFault::Old)?;
    let new = split(new).map_err(RedlineFault::New)?;
    let was: BTreeMap<&UnitKey, &Unit<'_>> = old.iter().map(|unit| (&unit.key, unit)).collect();
    let is: BTreeSet<&UnitKey> = new.iter().map(|unit| &unit.key).collect();
    let keys = |units: &'_ [Unit<'_>], there: &dyn Fn(&UnitKey) -> bool| -> Vec<UnitKey> {
        units.iter().map(|unit| unit.key.clone()).filter(|key| there(key)).collect()
    };
    let old_order = keys(&old, &|key| is.contains(key));
    let new_order = keys(&new, &|key| was.contains_key(key));
    let stays: BTreeSet<&UnitKey> =
        common(&old_order, &new_order).into_iter().map(|(x, _)| &old_order[x]).collect();
    let mut removed = removed_behind(&old, &is);
    let mut redline = Redline::default();
    redline.units.extend(removed.remove(&None).unwrap_or_default());
    for unit in &new {
        let before = was.get(&unit.key);
        let moved = before.is_some() && !stays.contains(&unit.key);
        let kind = match before {
            None => ChangeKind::Added,
            Some(before) if before.text != unit.text => ChangeKind::Changed,
            Some(_) => ChangeKind::Moved,
        };
        if kind == ChangeKind::Moved && !moved {
            redline.same += 1;
        } else {
            let before = before.map_or("", |before| before.text);
            let fields = field_changes(&unit.key, before, unit.text);
            redline.units.push(UnitChange { unit: unit.key.clone(), kind, moved, fields });
        }
        redline.units.extend(removed.remove(&Some(&unit.key)).unwrap_or_default());
    }
    Ok(redline)
}

/// The units of the old text that the new one lacks, by the unit of both that they stand behind.
fn removed_behind<'a>(
    old: &'a [Unit<'_>],
    is: &BTreeSet<&UnitKey>,
) -> BTreeMap<Option<&'a UnitKey>, Vec<UnitChange>> {
    let mut removed: BTreeMap<Option<&UnitKey>, Vec<UnitChange>> = BTreeMap::new();
    let mut behind = None;
    for unit in old {
        if is.contains(&unit.key) {
            behind = Some(&unit.key);
            continue;
        }
        let fields = field_changes(&unit.key, unit.text, "");
        let kind = ChangeKind::Removed;
        let change = UnitChange { unit: unit.key.clone(), kind, moved: false, fields };
        removed.entry(behind).or_default().push(change);
    }
    removed
}

/// The fields in which two contents of a unit differ; one of them may be empty.
fn field_changes(key: &UnitKey, old: &str, new: &str) -> Vec<FieldChange> {
    if old == new {
        return Vec::new();
    }
    let mut changes = Vec::new();
    if let (Some(was), Some(is)) = (fields(key, old), fields(key, new)) {
        let (old, new) = (by_path(&was), by_path(&is));
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        for field in was.iter().chain(&is) {
            let path = field.path.as_str();
            if seen.insert(path) && old.get(path) != new.get(path) {
                let edits = edits(old.get(path).unwrap_or(&""), new.get(path).unwrap_or(&""));
                changes.push(FieldChange { path: path.to_owned(), edits });
            }
        }
    }
    if changes.is_empty() {
        changes.push(FieldChange { path: AS_WRITTEN.to_owned(), edits: edits(old, new) });
    }
    changes
}

/// Two wordings, word by word.
fn edits(old: &str, new: &str) -> Vec<Edit> {
    let mut edits = Vec::new();
    for stretch in align(&[tokens(old), tokens(new)]) {
        match stretch {
            Stretch::Same(words) => edits.push(Edit::Same(join(&words))),
            Stretch::Parted(wordings) => {
                for (holders, words) in wordings {
                    match holders.as_slice() {
                        _ if words.is_empty() => {}
                        [0] => edits.push(Edit::Removed(join(&words))),
                        [1] => edits.push(Edit::Added(join(&words))),
                        _ => edits.push(Edit::Same(join(&words))),
                    }
                }
            }
        }
    }
    if edits.iter().all(|edit| matches!(edit, Edit::Same(_))) {
        // Blanks alone: no word differs.
        return vec![Edit::Removed(old.to_owned()), Edit::Added(new.to_owned())];
    }
    edits
}

#[cfg(test)]
mod tests;
