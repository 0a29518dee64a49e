//! What a rule asks of an object beside direction, kind and colour, and how it is read.
//!
//! A rule that asks for a fact and meets an object of which it is unknown never lets it go: a
//! permission does not cover the object, a prohibition does.

use super::clause::Side;
use super::language::Said;
use super::parse::known_handle;
use super::parse_clause::Around;
use super::prose::Param;
use super::table::Table;
use detente_core::act::MAX_LABEL;
use detente_core::{ObjectKind, Pap, Purpose};

/// What a permission or prohibition asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asks {
    /// Sorts of objects that it speaks of, sorted.
    pub objects: Vec<ObjectKind>,
    /// Categories, sorted; none means that it does not ask.
    pub categories: Vec<String>,
    /// Where the threat comes from, sorted; none means that it does not ask.
    pub threat: Vec<ThreatFrom>,
    /// What the object is given for, sorted; none means that it does not ask.
    pub purposes: Vec<Purpose>,
}

/// Where a threat comes from, as a text writes it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ThreatFrom {
    /// The territory of this party.
    Party(String),
    /// No party's territory.
    Third,
    /// Nobody knows, or nobody said.
    Unknown,
}

impl std::fmt::Display for ThreatFrom {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            ThreatFrom::Party(handle) => handle,
            ThreatFrom::Third => "third",
            ThreatFrom::Unknown => "unknown",
        })
    }
}

impl std::str::FromStr for ThreatFrom {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<ThreatFrom, Self::Err> {
        Ok(match text {
            "third" => ThreatFrom::Third,
            "unknown" => ThreatFrom::Unknown,
            handle => ThreatFrom::Party(handle.to_owned()),
        })
    }
}

/// Reads what a rule asks, and shows it to the prose. None if the objects can't be read.
pub(super) fn read_asks(
    rule: &Table<'_>,
    around: &Around<'_>,
    every: bool,
    params: &mut Vec<Param>,
) -> Option<Asks> {
    let objects = read_objects(rule, every);
    let categories = read_categories(rule, params);
    let threat = read_threat(rule, around, params);
    let mut purposes = rule.list::<Purpose>("purposes").unwrap_or_default();
    purposes.sort_unstable();
    if !purposes.is_empty() {
        let said: Vec<Said> = purposes.iter().map(|purpose| Said::purpose(*purpose)).collect();
        params.push(Param::value("purposes", Said::join(&said, "or", "oder")));
    } else if rule.has("purposes") {
        params.push(Param::unread("purposes"));
    }
    let objects = objects?;
    let said: Vec<Said> = objects.iter().map(|object| Said::object(*object)).collect();
    let shown = Param::value("object", Said::join(&said, "or", "oder"));
    // Where there is nothing but indicators, prose is about indicators anyway.
    params.push(if objects == [ObjectKind::Indicator] { shown.optional() } else { shown });
    Some(Asks { objects, categories, threat, purposes })
}

/// The sorts of objects: a word, a list, or `*` where every sort may be meant.
fn read_objects(rule: &Table<'_>, every: bool) -> Option<Vec<ObjectKind>> {
    let remedy = "write object = \"indicator\", or a list of objects";
    if !rule.has("object") {
        rule.fault("no_scope", format!("{} does not say which objects", rule.name), remedy);
        return None;
    }
    if rule.value("object").is_some_and(|value| value.get_ref().as_array().is_some()) {
        let mut objects = rule.list::<ObjectKind>("object")?;
        objects.sort_unstable();
        return Some(objects);
    }
    let word = rule.text("object")?;
    if every && word == "*" {
        return Some(ObjectKind::ALL.to_vec());
    }
    let object = word.parse().ok();
    if object.is_none() {
        rule.fault("bad_value", format!("{} speaks of object {word:?}", rule.name), remedy);
    }
    object.map(|object| vec![object])
}

fn read_categories(rule: &Table<'_>, params: &mut Vec<Param>) -> Vec<String> {
    let mut categories = rule.list::<String>("categories").unwrap_or_default();
    categories.sort();
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    for word in &categories {
        if word.len() > MAX_LABEL || !word.bytes().all(plain) {
            rule.fault(
                "bad_value",
                format!("category {word:?} in {} is no plain word", rule.name),
                format!("use at most {MAX_LABEL} lower-case letters, digits and hyphens"),
            );
        }
    }
    if !categories.is_empty() {
        let words: Vec<&str> = categories.iter().map(String::as_str).collect();
        params.push(Param::value("categories", Said::list(&words, "or", "oder")));
    } else if rule.has("categories") {
        params.push(Param::unread("categories"));
    }
    categories
}

fn read_threat(rule: &Table<'_>, around: &Around<'_>, params: &mut Vec<Param>) -> Vec<ThreatFrom> {
    let mut threat = rule.list::<ThreatFrom>("threat_origin").unwrap_or_default();
    threat.sort();
    for from in &threat {
        if let ThreatFrom::Party(handle) = from {
            known_handle(rule, handle, around.handles);
        } else if around.handles.contains(&from.to_string()) {
            rule.fault(
                "bad_value",
                format!("{} says {from}, which is the id of a party too", rule.name),
                "give the party another id",
            );
        }
    }
    if !threat.is_empty() {
        let said = |from: &ThreatFrom| match from {
            ThreatFrom::Party(handle) => Said::territory(&around.name(handle)),
            ThreatFrom::Third => Said::third_territory(),
            ThreatFrom::Unknown => Said::unknown_origin(),
        };
        let said: Vec<Said> = threat.iter().map(said).collect();
        params.push(Param::value("threat_origin", Said::join(&said, "or", "oder")));
    } else if rule.has("threat_origin") {
        params.push(Param::unread("threat_origin"));
    }
    threat
}

/// A PAP colour as ceiling or floor.
pub(super) fn read_pap(
    rule: &Table<'_>,
    key: &'static str,
    params: &mut Vec<Param>,
) -> Option<Pap> {
    let pap = rule.parsed::<Pap>(key);
    match pap {
        Some(pap) => params.push(Param::new(key, pap, true)),
        None if rule.has(key) => params.push(Param::unread(key)),
        None => {}
    }
    pap
}

/// Whether only what is marked releasable to the receiver may leave.
pub(super) fn read_releasable(
    rule: &Table<'_>,
    to: Option<&Side>,
    params: &mut Vec<Param>,
) -> bool {
    match rule.text("releasable").as_deref() {
        Some("listed") if to.is_some() => {
            params.push(Param::value("releasable", Said::releasable()));
            true
        }
        None if !rule.has("releasable") => false,
        Some("listed") | None => {
            params.push(Param::unread("releasable"));
            false
        }
        Some(other) => {
            rule.source.fault(
                &rule.at("releasable"),
                "bad_value",
                format!("`releasable` in {} is {other:?}", rule.name),
                "write releasable = \"listed\" (only what names the receiver), or leave it out",
            );
            params.push(Param::unread("releasable"));
            false
        }
    }
}
