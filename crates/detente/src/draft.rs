//! A text to start from: a technical accord between two parties on matching and on releasing the
//! context of what both hold.

use detente_accord::Accord;
use detente_core::name::look_alike;
use detente_core::{PartyId, Span, UnixSeconds};
use detente_node::report::PartyReport;

use crate::fail::Failure;

/// Fewest digits of a fingerprint that stand for all of it.
const MIN_PREFIX: usize = 8;
const TEMPLATE: &str = include_str!("../../../accords/matching.toml");

/// One side of a draft.
pub struct Side {
    /// Its name.
    pub name: String,
    /// Its fingerprint.
    pub id: PartyId,
}

/// The party that `--with` names: by its name, or by its fingerprint or eight or more first digits
/// of it. A name that people could take for another party's is not enough.
pub fn counterpart<'a>(known: &'a [PartyReport], with: &str) -> Result<&'a PartyReport, Failure> {
    let by_id = |party: &&PartyReport| with.len() >= MIN_PREFIX && party.id.starts_with(with);
    let mut hits: Vec<&PartyReport> = known.iter().filter(by_id).collect();
    if hits.is_empty() && known.iter().any(|party| party.name == with) {
        hits = known.iter().filter(|party| look_alike(&party.name, with)).collect();
    }
    match hits.as_slice() {
        [one] => Ok(one),
        [] => {
            let words = format!("no party {with:?} is known here");
            Err(Failure::usage("unknown_party", words, "see `detente party list`"))
        }
        several => {
            let words = format!("{with:?} may mean {} parties", several.len());
            let each = several.iter().map(|party| format!("{} ({})", party.id, party.name));
            let each: Vec<String> = each.collect();
            let remedy = format!("name one by its fingerprint: --with {}", each.join(" or "));
            Err(Failure::usage("ambiguous_party", words, &remedy))
        }
    }
}

/// The text between two parties, expiring in a year.
pub fn draft(slug: &str, a: &Side, b: &Side, now: UnixSeconds) -> Result<String, Failure> {
    let expires = now.plus(Span::seconds(365 * 86_400)).to_string();
    let day = expires.get(..10).unwrap_or_default();
    let escape = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
    let text = TEMPLATE
        .replace("@SLUG@", &escape(slug))
        .replace("@EXPIRES@", day)
        .replace("@A_NAME@", &escape(&a.name))
        .replace("@B_NAME@", &escape(&b.name))
        .replace("@A_ROOT@", &a.id.to_string())
        .replace("@B_ROOT@", &b.id.to_string());
    match Accord::parse(text.as_bytes()) {
        Ok(_) => Ok(text),
        Err(faults) => {
            let remedy = faults.0.first().map_or("", |fault| &fault.remedy);
            Err(Failure::usage("bad_draft", &faults, remedy))
        }
    }
}
