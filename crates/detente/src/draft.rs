//! A text to start from: a technical accord between two parties on matching and on releasing the
//! context of what both hold.

use detente_core::accord::Accord;
use detente_core::{PartyId, Span, UnixSeconds};

use crate::fail::Failure;

const TEMPLATE: &str = include_str!("../../../accords/matching.toml");

/// One side of a draft.
pub struct Side {
    /// Its name.
    pub name: String,
    /// Its fingerprint.
    pub id: PartyId,
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
        Err(faults) => Err(Failure::usage(
            "bad_draft",
            faults,
            "name the accord with at most 64 lower-case letters, digits and hyphens",
        )),
    }
}
