//! What a file is, from its first bytes; anything unclear is a list, whose reader takes anything.

use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use super::{Format, Reason, csv, hosts};

/// Tells the format, or what the file is that no reader takes.
pub(super) fn sniff(head: &[u8]) -> Result<Format, Reason> {
    let body = head.trim_ascii_start();
    if body.first() == Some(&b'<') {
        return markup(body);
    }
    let next = body.iter().skip(1).find(|b| !b.is_ascii_whitespace());
    let json = match body.first() {
        Some(b'{') => matches!(next, Some(b'"' | b'}')),
        Some(b'[') => matches!(next, Some(b'{')),
        _ => false,
    };
    if json {
        return json_of(body);
    }
    if are_misp_hashes(body) {
        return Err(Reason::MispHashes);
    }
    if csv::looks_like(head) {
        return Ok(Format::Csv);
    }
    Ok(if hosts::looks_like(head) { Format::Hosts } else { Format::List })
}

fn find(body: &[u8], needle: &[u8]) -> Option<usize> {
    body.windows(needle.len()).position(|window| window == needle)
}

/// What begins with `<`: OpenIOC, other markup, or a line of a list.
fn markup(body: &[u8]) -> Result<Format, Reason> {
    let has = |needles: &[&[u8]]| needles.iter().any(|needle| find(body, needle).is_some());
    if has(&[b"<ioc", b"<OpenIOC", b"schemas.mandiant.com/2010/ioc", b"openioc.org/schemas/"]) {
        return Ok(Format::OpenIoc);
    }
    let inner = body.get(1..).unwrap_or(&[]);
    let is_name = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b':' | b'_' | b'-');
    let name: Vec<u8> =
        inner.iter().take_while(|b| is_name(b)).map(u8::to_ascii_lowercase).collect();
    let behind = inner.get(name.len());
    // `<bob@example.org>` and the like are lines of a list.
    let is_tag = name.first().is_some_and(u8::is_ascii_alphabetic)
        && behind.is_some_and(|b| b.is_ascii_whitespace() || matches!(b, b'>' | b'/'));
    if !is_tag && !matches!(inner.first(), Some(b'!' | b'?')) {
        return Ok(Format::List);
    }
    if has(&[b"stix.mitre.org/stix-1", b"<stix:STIX_Package", b"cybox.mitre.org/cybox-2"]) {
        return Err(Reason::Stix1);
    }
    let lower = body.to_ascii_lowercase();
    let html = [&b"<!doctype html"[..], b"<html", b"<body"];
    let html = html.iter().any(|needle| find(&lower, needle).is_some());
    Err(Reason::Markup(if html { "HTML" } else { "XML" }))
}

/// Which kind of JSON it is.
fn json_of(body: &[u8]) -> Result<Format, Reason> {
    if is_misp_manifest(body) {
        return Err(Reason::MispManifest);
    }
    if are_lines(body) {
        return Ok(Format::Ndjson);
    }
    let first = |needles: &[&[u8]]| needles.iter().filter_map(|n| find(body, n)).min();
    let misp = first(&[b"\"Event\"", b"\"response\"", b"\"Attribute\""]);
    let stix = first(&[b"\"objects\"", b"\"spec_version\"", b"\"bundle\""]);
    Ok(match (misp, stix) {
        (Some(misp), Some(stix)) if misp < stix => Format::Misp,
        (Some(_), None) => Format::Misp,
        _ => Format::Stix,
    })
}

/// Whether the first line is a whole object and the next one begins with one; a single line counts
/// if it is a STIX object or an indicator.
fn are_lines(body: &[u8]) -> bool {
    let mut lines = body.splitn(2, |byte| *byte == b'\n');
    let first = lines.next().unwrap_or(&[]).trim_ascii();
    if first.first() != Some(&b'{') {
        return false;
    }
    match lines.next().unwrap_or(&[]).trim_ascii_start().first() {
        Some(b'{') => serde_json::from_slice::<IgnoredAny>(first).is_ok(),
        Some(_) => false,
        None => serde_json::from_slice::<Map<String, Value>>(first).is_ok_and(|object| {
            let has = |key: &str| object.contains_key(key);
            let stix = has("type") && has("id") && !has("objects");
            stix || has("observable") && has("context")
        }),
    }
}

fn is_uuid(text: &[u8]) -> bool {
    text.len() == 36
        && text.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// The manifest of a MISP feed: an object of what is said of each event, by UUID.
fn is_misp_manifest(body: &[u8]) -> bool {
    let mut parts = body.splitn(3, |byte| *byte == b'"');
    let (open, key) = (parts.next().unwrap_or(&[]), parts.next().unwrap_or(&[]));
    let object = open.trim_ascii() == b"{" && is_uuid(key);
    object && find(body, b"\"Orgc\"").is_some() && find(body, b"\"timestamp\"").is_some()
}

/// `hashes.csv` of a MISP feed: the MD5 of a value, and the UUID of its event.
fn are_misp_hashes(body: &[u8]) -> bool {
    let end = body.iter().rposition(|byte| *byte == b'\n').unwrap_or(body.len());
    let lines = body.get(..end).unwrap_or(&[]).split(|byte| *byte == b'\n');
    let is_one = |line: &[u8]| {
        let line = line.trim_ascii();
        let (hash, rest) = line.split_at_checked(32).unwrap_or((&[], &[]));
        let uuid = rest.strip_prefix(b",").unwrap_or(&[]);
        hash.len() == 32 && hash.iter().all(u8::is_ascii_hexdigit) && is_uuid(uuid)
    };
    lines.into_iter().all(is_one)
}
