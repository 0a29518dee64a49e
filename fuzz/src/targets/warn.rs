//! The target of detente-warn: lists that somebody publishes.

use std::net::IpAddr;

use detente_core::Kind;
use detente_intel::Observable;
use detente_warn::{
    Index, List, MAX_DESCRIPTION, MAX_EXCERPT, MAX_NAME, MAX_REFUSALS, MatchType, Setting, Verdict,
};
use serde_json::Value;

use crate::Target;

/// The table of this crate. Seeds are files.
pub(crate) const TARGETS: &[Target] = &[Target { name: "warn_list", run: list, seeds: Vec::new }];

/// Entries of the list that are tried as values.
const MAX_TRIED: usize = 64;

/// Values of every kind, some of them on the lists of `fuzz/seeds/warn_list/`.
const VALUES: [&str; 12] = [
    "www.example.com",
    "198.51.100.130",
    "198.51.100.0/26",
    "2001:db8::1",
    "2001:db8:0:1::/64",
    "http://u@www.example.com:8080/track/?a=b",
    "http://[2001:db8::1]/",
    "security@mail.example.com",
    "d41d8cd98f00b204e9800998ecf8427e",
    "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "AS64500",
    "barclays.co.uk",
];

/// Reads a list, builds an index of it, and asks for values that are on it and others.
fn list(bytes: &[u8]) -> bool {
    let Ok(list) = List::read(bytes) else {
        return false;
    };
    let name = list.name();
    assert!(!name.is_empty() && name.len() <= MAX_NAME, "a name beyond its bounds");
    assert!(list.description().len() <= MAX_DESCRIPTION, "a description beyond its bound");
    let refusals = list.refusals();
    assert_eq!(refusals.len(), list.refused_total().min(MAX_REFUSALS), "refusals are lost");
    let short = refusals.iter().all(|one| one.excerpt.chars().count() <= MAX_EXCERPT);
    assert!(short, "an excerpt beyond its bound");
    let texts = texts(bytes);
    if let Some(texts) = &texts {
        assert_eq!(list.entries() + list.refused_total(), texts.len(), "entries are lost");
    }
    let build = |setting| Index::build([(list.clone(), setting)]);
    let Ok(index) = build(Setting::Block) else {
        // Regular expressions that are too large together.
        return list.match_type() == MatchType::Regex;
    };
    let off = build(Setting::Off).expect("less than before");
    let texts = texts.unwrap_or_default();
    let own = texts.iter().take(MAX_TRIED).map(String::as_str);
    for value in own.chain(VALUES).filter_map(|text| Observable::detect(text).ok()) {
        check(&index, &list, &value, &texts);
        assert_eq!(off.check(&value).verdict(), Verdict::Clear, "a list that is off");
    }
    true
}

/// The entries as they stand in the file, if it says each of them once.
fn texts(bytes: &[u8]) -> Option<Vec<String>> {
    let file: Value = serde_json::from_slice(bytes).ok()?;
    let entries = file.get("list")?.as_array()?;
    Some(entries.iter().map(|one| one.as_str().unwrap_or("").to_owned()).collect())
}

/// A hit is one by the words of docs/protocol/warninglists.md, and an entry that is the value hits.
fn check(index: &Index, list: &List, value: &Observable, texts: &[String]) {
    let finding = index.check(value);
    assert!(finding.hits.len() <= 1, "one list hits twice");
    let verdict = if finding.hits.is_empty() { Verdict::Clear } else { Verdict::Block };
    assert_eq!(finding.verdict(), verdict);
    let speaks = list.kinds().contains(value.kind());
    let Some(hit) = finding.hits.first() else {
        let is_value = |text: &String| Observable::detect(text.trim()).as_ref() == Ok(value);
        let (kind, match_type) = (value.kind(), list.match_type());
        let sure = match match_type {
            MatchType::Cidr => is_address(kind),
            MatchType::Hostname => matches!(kind, Kind::Domain | Kind::Ipv4 | Kind::Ipv6),
            MatchType::String => true,
            MatchType::Regex | MatchType::Substring => false,
        };
        assert!(!(speaks && sure && texts.iter().any(is_value)), "missed: {value:?}");
        return;
    };
    let (entry, text) = (hit.entry.as_ref(), value.value());
    assert!(speaks, "a kind that the list does not speak of");
    let holds = match list.match_type() {
        MatchType::Cidr => is_address(value.kind()) && holds_address(entry, text),
        MatchType::Hostname => is_host(entry, value),
        MatchType::Regex => texts.is_empty() || texts.iter().any(|one| one == entry),
        MatchType::String => entry == text,
        MatchType::Substring => text.to_ascii_lowercase().contains(entry),
    };
    assert!(holds, "{entry:?} does not match {value:?}");
}

fn is_address(kind: Kind) -> bool {
    matches!(kind, Kind::Ipv4 | Kind::Ipv6 | Kind::Ipv4Cidr | Kind::Ipv6Cidr)
}

/// Whether the name is the host of the value or one above it.
fn is_host(name: &str, value: &Observable) -> bool {
    let text = value.value();
    let host = match value.kind() {
        Kind::Email => text.rsplit('@').next().unwrap_or(""),
        Kind::Url => {
            let behind = text.split_once("://").map_or("", |(_, rest)| rest);
            let authority = behind.split(['/', '?']).next().unwrap_or("");
            let host = authority.rsplit('@').next().unwrap_or("");
            match host.strip_prefix('[') {
                Some(inner) => inner.split(']').next().unwrap_or(""),
                None => host.split(':').next().unwrap_or(""),
            }
        }
        _ => text,
    };
    let host = host.trim_end_matches('.');
    host == name || host.strip_suffix(name).is_some_and(|above| above.ends_with('.'))
}

/// Whether the prefix holds all of the other one, bit by bit.
fn holds_address(outer: &str, inner: &str) -> bool {
    let (Some((outer, length)), Some((inner, own))) = (bits(outer), bits(inner)) else {
        return false;
    };
    outer.len() == inner.len() && length <= own && outer.get(..length) == inner.get(..length)
}

fn bits(text: &str) -> Option<(Vec<bool>, usize)> {
    let (address, length) = text.split_once('/').map_or((text, None), |(a, l)| (a, Some(l)));
    let octets = match address.parse().ok()? {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    let bits: Vec<bool> =
        octets.iter().flat_map(|octet| (0..8).map(move |at| octet & (0x80 >> at) != 0)).collect();
    let length = length.map_or(Ok(bits.len()), str::parse).ok()?;
    Some((bits, length))
}
