//! Hits on warninglists, as reports tell of them.

use std::collections::BTreeMap;

use detente_intel::Observable;
use detente_node::report::{WarnCount, WarnHit};
use detente_warn::{Index, Setting, Verdict};
use serde::{Deserialize, Serialize};

/// A list as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListReport {
    /// Its name.
    pub name: String,
    /// The version that it states.
    pub version: u64,
    /// How its entries are compared with values.
    pub match_type: String,
    /// Entries that are looked at.
    pub entries: u64,
    /// Entries that cannot be used.
    pub refused: u64,
    /// The first of these, each in words.
    pub refusals: Vec<String>,
    /// What a hit does.
    pub setting: Setting,
    /// Whether a list of this name was there before; none when lists are listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced: Option<bool>,
}

/// What became of one file of lists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddedReport {
    /// The file.
    pub file: std::path::PathBuf,
    /// The list in it.
    pub list: Option<ListReport>,
    /// Why it was not added.
    pub failed: Option<String>,
}

/// How many observables each list had a hit for.
#[derive(Debug)]
pub struct Tally<'i> {
    index: Option<&'i Index>,
    counts: BTreeMap<String, WarnCount>,
}

impl<'i> Tally<'i> {
    /// Nothing yet. Without an index nothing will be.
    pub const fn new(index: Option<&'i Index>) -> Tally<'i> {
        Tally { index, counts: BTreeMap::new() }
    }

    /// Looks an observable up and counts its hits.
    pub fn look(&mut self, observable: &Observable) -> Verdict {
        let Some(index) = self.index else { return Verdict::Clear };
        let finding = index.check(observable);
        for hit in &finding.hits {
            let count = self.counts.entry(hit.list.name.clone()).or_insert_with(|| WarnCount {
                list: hit.list.name.clone(),
                setting: hit.list.setting.name().to_owned(),
                hits: 0,
            });
            count.hits += 1;
        }
        finding.verdict()
    }

    /// The lists with hits, the most first.
    pub fn counts(self) -> Vec<WarnCount> {
        let mut counts: Vec<WarnCount> = self.counts.into_values().collect();
        counts.sort_by_key(|count| std::cmp::Reverse(count.hits));
        counts
    }
}

/// The lists that an observable is on.
pub fn hits(index: &Index, observable: &Observable) -> Vec<WarnHit> {
    let found = index.check(observable);
    let hits = found.hits.iter().map(|hit| WarnHit {
        list: hit.list.name.clone(),
        setting: hit.list.setting.name().to_owned(),
        entry: hit.entry.clone().into_owned(),
    });
    hits.collect()
}
