//! Indicators and cyber-observable objects.

use detente_core::{Kind, UnixSeconds};
use detente_intel::Indicator;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::Author;
use super::marking::Marked;
use crate::handling::plain_label;
use crate::screen::{Item, NOT_TO_IDS};
use crate::text::{one_line, rfc3339_millis};
use crate::{MAX_META, Reason, id};

/// The namespace of deterministic ids of cyber-observables (STIX 2.1 section 2.9).
const OBSERVABLE_NAMESPACE: Uuid = Uuid::from_u128(0x00ab_edb4_aa42_466c_9c01_fed2_3315_a9b7);

/// The vocabulary `indicator-type-ov` (STIX 2.1 section 10.7).
const INDICATOR_TYPES: [&str; 7] = [
    "anomalous-activity",
    "anonymization",
    "attribution",
    "benign",
    "compromised",
    "malicious-activity",
    "unknown",
];

/// The members of a JSON object.
pub(super) fn map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

/// The ids that the indicator of a statement has: with its source and origin in it, and without, as
/// it is where these must not be named.
pub fn indicator_ids(producer: &str, indicator: &Indicator) -> [String; 2] {
    let producer = one_line(producer, MAX_META);
    let (kind, value) = (indicator.observable.kind().name(), indicator.observable.value());
    let source = indicator.context.source.as_str();
    let origin = indicator.context.origin.as_deref().unwrap_or("");
    [(source, origin), ("", "")].map(|(source, origin)| {
        let uuid = id::uuid(&["indicator", &producer, kind, value, source, origin]);
        format!("indicator--{uuid}")
    })
}

/// The indicator of an item.
pub(super) fn indicator(
    item: &Item<'_>,
    author: &Author,
    marked: &Marked,
) -> Result<Map<String, Value>, Reason> {
    let context = item.context();
    let kind = item.kind().name();
    let source = item.source().unwrap_or("");
    let origin = context.origin.as_deref().unwrap_or("");
    let uuid = id::uuid(&["indicator", &author.producer, kind, item.value(), source, origin]);
    let (valid_from, valid_until) = validity(item)?;
    let stamp = |time: UnixSeconds| rfc3339_millis(seconds(time)).ok_or(Reason::TimeOutOfRange);
    let (created, modified) = (stamp(item.entered.first)?, stamp(item.entered.last)?);
    let name = item.extra("name").unwrap_or(item.value());
    let (types, labels): (Vec<&str>, Vec<&str>) = context
        .labels
        .iter()
        .map(String::as_str)
        .partition(|label| INDICATOR_TYPES.contains(label));
    let mut labels: Vec<String> =
        labels.into_iter().map(plain_label).chain(marked.labels.iter().cloned()).collect();
    // Who reads it is not to act on it alone, nor whoever that one hands it to.
    let types = if types.is_empty() && !item.is_for_detection() { vec!["unknown"] } else { types };
    if !item.is_for_detection() && !labels.iter().any(|label| label == NOT_TO_IDS) {
        labels.push(NOT_TO_IDS.to_owned());
    }
    let mut object = map(json!({
        "type": "indicator",
        "spec_version": "2.1",
        "id": format!("indicator--{uuid}"),
        "created_by_ref": author.identity,
        "created": created,
        "modified": modified,
        "name": one_line(name, 512),
    }));
    let mut set = |key: &str, value: Value| object.insert(key.to_owned(), value);
    if let Some(description) = &context.description {
        set("description", json!(description));
    }
    if !types.is_empty() {
        set("indicator_types", json!(types));
    }
    set("pattern", json!(pattern(item.kind(), item.value())));
    set("pattern_type", json!("stix"));
    set("pattern_version", json!("2.1"));
    set("valid_from", json!(valid_from));
    if let Some(until) = valid_until {
        set("valid_until", json!(until));
    }
    if !labels.is_empty() {
        set("labels", json!(labels));
    }
    if let Some(confidence) = context.confidence {
        set("confidence", json!(confidence));
    }
    if let Some(reference) = reference(item) {
        set("external_references", json!([reference]));
    }
    set("object_marking_refs", json!(marked.refs));
    Ok(object)
}

/// From when and until when. STIX asks for a beginning: if none is known it is when the value was
/// first seen, else entered; before a known end in any case.
fn validity(item: &Item<'_>) -> Result<(String, Option<String>), Reason> {
    let context = item.context();
    let until = context.valid_until;
    let guessed = context.first_seen.unwrap_or(seconds(item.entered.first));
    let from = match (context.valid_from, until) {
        (Some(from), Some(until)) if from >= until => return Err(Reason::ValidityContradiction),
        (Some(from), _) => from,
        (None, Some(until)) => guessed.min(until.saturating_sub(1)),
        (None, None) => guessed,
    };
    let stamp = |time| rfc3339_millis(time).ok_or(Reason::TimeOutOfRange);
    Ok((stamp(from)?, until.map(stamp).transpose()?))
}

/// The time as STIX objects are stamped with it.
fn seconds(time: UnixSeconds) -> i64 {
    i64::try_from(time.get()).unwrap_or(i64::MAX)
}

/// Who said so, under which id, and the pattern that the value was part of.
fn reference(item: &Item<'_>) -> Option<Value> {
    let pattern = item.extra("stix_pattern");
    let origin = item.context().origin.as_deref();
    let source = match item.source() {
        Some(source) => source,
        None if pattern.is_some() || origin.is_some() => "unknown",
        None => return None,
    };
    let mut reference = map(json!({"source_name": source}));
    if let Some(pattern) = pattern {
        reference.insert("description".to_owned(), json!(format!("Part of: {pattern}")));
    }
    if let Some(origin) = origin {
        reference.insert("external_id".to_owned(), json!(origin));
    }
    // STIX 2.1 section 2.5: beside its name a reference says at least one thing.
    if reference.len() == 1 {
        reference.insert("description".to_owned(), json!("Reported by this source."));
    }
    Some(Value::Object(reference))
}

/// The pattern that matches one value (STIX 2.1 section 9).
pub(super) fn pattern(kind: Kind, value: &str) -> String {
    let (path, operator) = match kind {
        Kind::Asn => return format!("[autonomous-system:number = {value}]"),
        Kind::Domain => ("domain-name:value", "="),
        Kind::Ipv4 => ("ipv4-addr:value", "="),
        Kind::Ipv6 => ("ipv6-addr:value", "="),
        Kind::Ipv4Cidr => ("ipv4-addr:value", "ISSUBSET"),
        Kind::Ipv6Cidr => ("ipv6-addr:value", "ISSUBSET"),
        Kind::Url => ("url:value", "="),
        Kind::Email => ("email-addr:value", "="),
        Kind::Md5 => ("file:hashes.MD5", "="),
        Kind::Sha1 => ("file:hashes.'SHA-1'", "="),
        Kind::Sha256 => ("file:hashes.'SHA-256'", "="),
        Kind::Sha512 => ("file:hashes.'SHA-512'", "="),
        Kind::CertSha1 => ("x509-certificate:hashes.'SHA-1'", "="),
        Kind::CertSha256 => ("x509-certificate:hashes.'SHA-256'", "="),
    };
    format!("[{path} {operator} '{}']", value.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// The cyber-observable object of an item, with the id that everybody gives it.
///
/// # Errors
/// [`Reason::ValueNotInStandard`] for a domain or URL that occurs but that RFC 5890 or RFC 3986,
/// to which STIX 2.1 sections 6.4 and 6.19 point, does not allow.
pub(super) fn observable(item: &Item<'_>, marked: &Marked) -> Result<Map<String, Value>, Reason> {
    let value = item.value();
    let allowed = match item.kind() {
        Kind::Domain => value.split('.').all(is_host_label),
        Kind::Url => value.bytes().all(is_uri_byte),
        _ => true,
    };
    if !allowed {
        return Err(Reason::ValueNotInStandard);
    }
    let (kind, property, content) = match item.kind() {
        Kind::Domain => ("domain-name", "value", json!(value)),
        Kind::Ipv4 | Kind::Ipv4Cidr => ("ipv4-addr", "value", json!(value)),
        Kind::Ipv6 | Kind::Ipv6Cidr => ("ipv6-addr", "value", json!(value)),
        Kind::Url => ("url", "value", json!(value)),
        Kind::Email => ("email-addr", "value", json!(value)),
        Kind::Asn => ("autonomous-system", "number", json!(value.parse::<u32>().unwrap_or(0))),
        Kind::Md5 => ("file", "hashes", json!({"MD5": value})),
        Kind::Sha1 => ("file", "hashes", json!({"SHA-1": value})),
        Kind::Sha256 => ("file", "hashes", json!({"SHA-256": value})),
        Kind::Sha512 => ("file", "hashes", json!({"SHA-512": value})),
        Kind::CertSha1 => ("x509-certificate", "hashes", json!({"SHA-1": value})),
        Kind::CertSha256 => ("x509-certificate", "hashes", json!({"SHA-256": value})),
    };
    // One member and no number but an integer: this is the canonical form of RFC 8785 already.
    let contributing = json!({property: content}).to_string();
    let uuid = Uuid::new_v5(&OBSERVABLE_NAMESPACE, contributing.as_bytes());
    Ok(map(json!({
        "type": kind,
        "spec_version": "2.1",
        "id": format!("{kind}--{uuid}"),
        property: content,
        "object_marking_refs": marked.refs,
    })))
}

/// A label of RFC 5890 section 2.3.1: letters, digits and inner hyphens, of which two at places 3
/// and 4 make an A-label only.
fn is_host_label(label: &str) -> bool {
    let hyphens = label.get(2..4) == Some("--") && !label.starts_with("xn--");
    !hyphens && !label.contains('_') && !label.starts_with('-') && !label.ends_with('-')
}

/// A character of RFC 3986 section 2.
fn is_uri_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_in_patterns_are_escaped() {
        let url = pattern(Kind::Url, "http://a.b/'x\\y");
        assert_eq!(url, "[url:value = 'http://a.b/\\'x\\\\y']");
        let read = detente_read::parse_pattern(&url).expect("a pattern");
        assert_eq!(read.named()[0].value.plain(), "http://a.b/'x\\y");
    }
}
