//! Feeds and what came of them, for people and programs.

use std::collections::BTreeMap;

use detente_core::Tlp;
use detente_show::{number, safe};
use detente_store::{FeedRow, Filled};
use detente_taxii::client::{Trouble, Trust, Way};
use serde::Serialize;

use crate::report::{FeedReport, TroubleLine};

/// A feed as it is shown: without its secrets.
#[derive(Serialize)]
pub struct Shown {
    /// Its name.
    pub name: String,
    root: String,
    collection: String,
    title: String,
    /// Whether objects go there.
    pub push: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    unmarked: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at_least: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    clearance: Option<&'static str>,
    every: u32,
    proves_itself_by: &'static str,
    trusts: String,
    made: String,
    next: String,
    failures: u32,
    last: Option<FeedReport>,
    /// What of it lies on the shelf.
    #[serde(skip_serializing_if = "Option::is_none")]
    shelf: Option<Lies>,
    troubles: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    trouble: Vec<TroubleLine>,
}

/// What of a feed lies on the shelf.
#[derive(Serialize)]
struct Lies {
    objects: u64,
    /// The room that they take. Bytes.
    bytes: u64,
    /// The room that they may take. Bytes.
    max_bytes: u64,
    /// Objects by how close they are held.
    levels: BTreeMap<&'static str, u64>,
}

impl Lies {
    fn of(row: &FeedRow, filled: &Filled) -> Option<Lies> {
        let levels = filled.objects.iter().map(|(level, count)| (level.name(), *count));
        (!row.feed.way.is_push()).then(|| Lies {
            objects: filled.count(),
            bytes: filled.room(),
            max_bytes: row.feed.max_bytes,
            levels: levels.collect(),
        })
    }

    fn text(&self) -> String {
        let levels = self.levels.iter();
        let levels =
            levels.map(|(name, count)| format!("{} {}", number(*count), name.to_uppercase()));
        let levels: Vec<String> = levels.collect();
        let mut text = objects(self.objects);
        if !levels.is_empty() {
            text.push_str(&format!(": {}", levels.join(", ")));
        }
        format!("{text}; {} of {} bytes", number(self.bytes), number(self.max_bytes))
    }
}

/// So many objects, in words.
fn objects(count: u64) -> String {
    if count == 1 { "1 object".to_owned() } else { format!("{} objects", number(count)) }
}

impl Shown {
    /// A feed with so many troubles, of which so much lies on the shelf.
    pub(crate) fn of(row: &FeedRow, troubles: usize, filled: &Filled) -> Shown {
        let FeedRow { feed, state } = row;
        let (unmarked, at_least, clearance) = match feed.way {
            Way::Read { terms } => {
                (terms.unmarked.map(Tlp::name), terms.at_least.map(Tlp::name), None)
            }
            Way::Push { clearance } => (None, None, Some(clearance.name())),
        };
        Shown {
            name: feed.name.clone(),
            root: feed.root.to_string(),
            collection: feed.collection.clone(),
            title: feed.title.clone(),
            push: feed.way.is_push(),
            unmarked,
            at_least,
            clearance,
            every: feed.every,
            proves_itself_by: feed.proof.name(),
            trusts: match &feed.trust {
                _ if feed.root.scheme() == "http" => "this machine (no TLS)".to_owned(),
                Trust::System => "the system's authorities".to_owned(),
                Trust::Authorities(_) => "given authorities".to_owned(),
                Trust::Pin(pin) => format!("certificate {}", hex::encode(pin)),
            },
            made: feed.made.to_string(),
            next: state.next.to_string(),
            failures: state.failures,
            last: state.outcome.as_deref().and_then(|json| serde_json::from_str(json).ok()),
            shelf: Lies::of(row, filled),
            troubles,
            trouble: Vec::new(),
        }
    }

    /// The same with what was wrong with its objects.
    pub(crate) fn with(mut self, troubles: &[Trouble]) -> Shown {
        self.trouble = troubles.iter().map(TroubleLine::of).collect();
        self
    }

    /// For people.
    pub fn text(&self) -> String {
        let bound = match (self.clearance, self.at_least) {
            (Some(clearance), _) => {
                format!("adds own objects up to {}", clearance.to_uppercase())
            }
            (None, at_least) => format!(
                "reads; unmarked as {}{}",
                self.unmarked.unwrap_or("red").to_uppercase(),
                at_least.map_or_else(String::new, |colour| {
                    format!(", all at least {}", colour.to_uppercase())
                })
            ),
        };
        let mut text = format!(
            "{}\n  server   {}\n  holds    {} ({})\n  does     {bound}\n  proof    {}\n  trusts   \
             {}\n  due      {} (every {} s)\n",
            safe(&self.name),
            safe(&self.root),
            safe(&self.title),
            safe(&self.collection),
            self.proves_itself_by,
            self.trusts,
            self.next,
            self.every,
        );
        if let Some(last) = &self.last {
            text.push_str(&format!("  last     {}\n", line(last)));
        }
        if let Some(shelf) = &self.shelf {
            text.push_str(&format!("  shelf    {}\n", shelf.text()));
        }
        if self.failures > 0 {
            let times = if self.failures == 1 { "once" } else { "times in a row" };
            let count =
                if self.failures == 1 { String::new() } else { format!("{} ", self.failures) };
            text.push_str(&format!("  failed   {count}{times}\n"));
        }
        if self.troubles > 0 {
            text.push_str(&format!("  troubles {}\n", objects(self.troubles as u64)));
        }
        self.trouble.iter().for_each(|one| text.push_str(&trouble(one)));
        text
    }
}

impl FeedReport {
    /// For people; its failure is told apart.
    pub fn text(&self) -> String {
        let mut text = format!("{}  {}\n", safe(&self.feed), line(self));
        if self.new_observables > 0 {
            text.push_str(&format!("  {} new in the own list\n", number(self.new_observables)));
        }
        for words in self.oddities.iter().chain(&self.missing) {
            text.push_str(&format!("  note: {}\n", safe(words)));
        }
        self.troubles.iter().for_each(|one| text.push_str(&trouble(one)));
        text
    }
}

fn trouble(one: &TroubleLine) -> String {
    format!(
        "    {}  {}  {} {}: {}\n",
        one.at,
        one.what,
        safe(&one.id),
        safe(&one.version),
        safe(&one.why)
    )
}

/// What came of a feed, in one line.
fn line(report: &FeedReport) -> String {
    let mut words = format!("{}: {}, ", report.at, objects(report.objects));
    words.push_str(&if report.push {
        format!("{} taken", number(report.added))
    } else {
        format!("{} new, {} known", number(report.added), number(report.known))
    });
    for (count, word) in [
        (report.refused, "refused"),
        (report.differing, "differing"),
        (report.unlisted, "not in the own list (patterns that name nothing it can hold)"),
    ] {
        if count > 0 {
            words.push_str(&format!(", {} {word}", number(count)));
        }
    }
    if report.unfinished {
        words.push_str("; not at its end yet");
    }
    if let Some(failure) = &report.failed {
        words.push_str(&format!("; broken off: {}", safe(&failure.error)));
    }
    words
}
