//! What must hold of an export, read back by the plainest reading of each format.

use std::collections::BTreeSet;

use detente_core::{Kind, Pap, Tlp};
use detente_intel::Indicator;
use detente_write::{Action, Format, Policy, StixObjects};
use serde_json::Value;

use super::Written;

/// Panics when the export breaks a law of its format, or holds what may not leave.
pub(super) fn check(written: &Written<'_>) {
    written.indicators.iter().for_each(|one| may_leave(written, one));
    match written.options.format {
        Format::Csv => csv(written),
        Format::Hosts => hosts(written),
        Format::Misp => misp(written),
        Format::Ndjson => ndjson(written),
        Format::Rpz => rpz(written),
        Format::Sigma => sigma(written),
        Format::Stix => stix(written),
        Format::StixNdjson => stix_ndjson(written),
        Format::Suricata => suricata(written),
        Format::Zeek => zeek(written),
    }
}

/// The ceiling, and what an acting format cannot say.
fn may_leave(written: &Written<'_>, one: &Indicator) {
    let (options, markings) = (&written.options, &one.context.markings);
    let acting = options.format.is_acting();
    if markings.is_closed() {
        assert!(options.write_closed && options.max_tlp == Tlp::Red && !acting, "closed: {one:?}");
        return;
    }
    let colour = markings.tlp().or(options.default_tlp).expect("an unmarked one leaves");
    assert!(colour <= options.max_tlp, "above the ceiling: {one:?}");
    assert!(!markings.is_conflicting() || options.write_conflicting, "conflicting: {one:?}");
    let stated = markings.stated();
    if acting && !options.own_use {
        let few = stated.releasable.is_some() || stated.originator.is_some();
        assert!(!few, "for some only: {one:?}");
    }
    let blocks = match options.format {
        Format::Hosts => true,
        Format::Rpz => options.rpz.policy != Policy::Passthru,
        Format::Suricata => options.suricata.action == Action::Drop,
        _ => false,
    };
    assert!(!blocks || stated.pap < Some(Pap::Amber), "PAP forbids to block: {one:?}");
}

/// The lines behind `head` lines that begin with the mark of a comment.
fn lines<'t>(text: &'t str, mark: &str, head: usize) -> Vec<&'t str> {
    let body = text.strip_suffix('\n').expect("a last line ends");
    let hidden = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    assert!(!body.contains(|c: char| hidden(c) || c == '\u{2028}'), "a control character");
    let all: Vec<&str> = body.split('\n').collect();
    let comments = all.iter().take_while(|line| line.starts_with(mark)).count();
    assert_eq!(comments, head, "comments at the top: {all:?}");
    let rest = all.get(head..).unwrap_or_default();
    assert!(!rest.iter().any(|line| line.starts_with(mark)), "a comment between entries");
    rest.to_vec()
}

/// `TLP:GREEN` or `TLP:GREEN PAP:AMBER`.
fn is_colours(text: &str) -> bool {
    let (tlp, pap) = text.split_once(' ').unwrap_or((text, "PAP:CLEAR"));
    tlp.strip_prefix("TLP:").is_some_and(|name| name.to_lowercase().parse::<Tlp>().is_ok())
        && pap.strip_prefix("PAP:").is_some_and(|name| !name.contains(' '))
}

fn hosts(written: &Written<'_>) {
    let mut entries = lines(&written.text, "#", 3).into_iter();
    let addresses: &[&str] =
        if written.options.hosts_ipv6 { &["0.0.0.0", "::"] } else { &["0.0.0.0"] };
    for one in &written.indicators {
        for address in addresses {
            let line = entries.next().expect("a line for each");
            let (entry, colours) = line.split_once(" # ").expect("a colour");
            assert_eq!(entry, format!("{address} {}", one.observable.value()));
            assert!(is_colours(colours), "{line}");
        }
    }
    assert_eq!(entries.next(), None, "a line more");
}

fn rpz(written: &Written<'_>) {
    let mut entries = lines(&written.text, ";", 3).into_iter();
    let head: Vec<&str> = entries.by_ref().take(4).collect();
    let starts = ["$ORIGIN ", "$TTL ", "@ IN SOA ", "@ IN NS "];
    let fits = head.iter().zip(starts).all(|(line, start)| line.starts_with(start));
    assert!(fits && head.len() == 4, "{head:?}");
    for one in &written.indicators {
        let value = one.observable.value();
        let is_domain = one.observable.kind() == Kind::Domain;
        for wildcard in [false, true] {
            if wildcard && !(is_domain && written.options.rpz.wildcards) {
                continue;
            }
            let line = entries.next().expect("a line for each");
            let (entry, colours) = line.split_once(" ; ").expect("a colour");
            let (owner, target) = entry.split_once(" IN CNAME ").expect("a record");
            assert!(is_colours(colours) && !target.contains(' '), "{line}");
            if is_domain {
                let star = if wildcard { "*." } else { "" };
                assert_eq!(owner, format!("{star}{value}"));
            } else {
                let trigger = owner.strip_suffix(".rpz-ip").expect("a trigger");
                assert!(trigger.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.'), "{line}");
            }
        }
    }
    assert_eq!(entries.next(), None, "a line more");
}

fn suricata(written: &Written<'_>) {
    let rules = lines(&written.text, "#", 3);
    let two = |one: &&&Indicator| one.observable.kind() == Kind::Domain;
    let wanted = written.indicators.len() + written.indicators.iter().filter(two).count();
    assert_eq!(rules.len(), wanted, "a rule more or less");
    let mut sids = BTreeSet::new();
    for rule in rules {
        let (head, rest) = rule.split_once(" (").expect("a rule");
        assert!(head.starts_with("alert ") || head.starts_with("drop "), "{rule}");
        let options = options_of(rest.strip_suffix(')').expect("closed"));
        for (key, _) in &options {
            let known = [
                "classtype",
                "content",
                "dns.query",
                "dotprefix",
                "endswith",
                "http.host",
                "http.uri.raw",
                "metadata",
                "msg",
                "nocase",
                "rev",
                "sid",
                "startswith",
                "tls.cert_fingerprint",
                "tls.sni",
            ];
            assert!(known.contains(key), "an option {key:?} in {rule}");
        }
        let count = |name| options.iter().filter(|(key, _)| *key == name).count();
        assert_eq!((count("msg"), count("sid"), count("rev")), (1, 1, 1), "{rule}");
        let sid = options.iter().find(|(key, _)| *key == "sid").and_then(|(_, v)| v.parse().ok());
        let sid: u32 = sid.expect("a number");
        let range = written.options.suricata.first_sid..=written.options.suricata.last_sid;
        assert!(range.contains(&sid) && sids.insert(sid), "the number {sid}");
    }
}

/// Keywords and values of a rule, by the rules of quoting of the user guide.
fn options_of(text: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (mut quoted, mut escaped, mut end) = (false, false, None);
        for (at, c) in rest.char_indices() {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => quoted = !quoted,
                ';' => {
                    // Within quotes too: there it must stand behind a backslash or as hex.
                    assert!(!quoted, "a semicolon within quotes: {text}");
                    end = Some(at);
                    break;
                }
                _ => {}
            }
        }
        let end = end.expect("an option ends with a semicolon");
        let (option, after) = rest.split_at(end);
        found.push(option.split_once(':').unwrap_or((option, "")));
        rest = after.trim_start_matches(';').trim_start_matches(' ');
    }
    found
}

fn zeek(written: &Written<'_>) {
    let rows = lines(&written.text, "#", 4);
    assert_eq!(rows.len(), written.indicators.len(), "a row more or less");
    for row in rows {
        let cells: Vec<&str> = row.split('\t').collect();
        let whole = cells.len() == 5 && !cells.iter().any(|cell| cell.is_empty());
        assert!(whole && cells[1].starts_with("Intel::"), "{row:?}");
        // What the reader would take for "nothing" or "no elements".
        assert!(!["-", "(empty)"].contains(&cells[0]), "{row:?}");
    }
}

fn csv(written: &Written<'_>) {
    let records = records_of(&written.text);
    let rows = records.get(1..).expect("a header");
    assert_eq!(rows.len(), written.indicators.len(), "a record more or less");
    for (row, one) in rows.iter().zip(&written.indicators) {
        assert_eq!(row.len(), 14, "{row:?}");
        for cell in row {
            let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
            assert!(!formula, "a formula: {cell:?}");
        }
        let bare = |at: usize| {
            let cell = row.get(at).map_or("", String::as_str);
            cell.strip_prefix('\'').unwrap_or(cell).to_owned()
        };
        let told = one.context.description.as_deref().unwrap_or("");
        let wanted = (one.observable.kind().name(), one.observable.value(), told);
        assert_eq!((&*bare(0), &*bare(1), &*bare(6)), wanted);
    }
}

/// Records by RFC 4180, to the letter.
fn records_of(text: &str) -> Vec<Vec<String>> {
    let (mut records, mut record, mut cell) = (Vec::new(), Vec::new(), String::new());
    let (mut quoted, mut was_quoted) = (false, false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                cell.push('"');
            }
            '"' if quoted => (quoted, was_quoted) = (false, true),
            _ if quoted => cell.push(c),
            '"' => {
                assert!(cell.is_empty() && !was_quoted, "a quote within a cell");
                quoted = true;
            }
            ',' => record.push(std::mem::take(&mut cell)),
            '\r' => {
                assert_eq!(chars.next(), Some('\n'), "a bare carriage return");
                record.push(std::mem::take(&mut cell));
                records.push(std::mem::take(&mut record));
            }
            _ => {
                assert!(c != '\n' && !was_quoted, "a record is torn at {c:?}");
                cell.push(c);
            }
        }
        if matches!(c, ',' | '\r') && !quoted {
            was_quoted = false;
        }
    }
    assert!(!quoted && cell.is_empty() && record.is_empty(), "the last record is torn");
    records
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn ndjson(written: &Written<'_>) {
    let mut lines = written.text.lines();
    for one in &written.indicators {
        let line = lines.next().expect("a line for each");
        let read: Indicator = serde_json::from_str(line).expect("an indicator");
        assert_eq!(read.observable, one.observable);
        let (before, after) = (&one.context.markings, &read.context.markings);
        let narrower = after.tlp() >= before.tlp() && after.is_closed() >= before.is_closed();
        assert!(narrower, "{before:?} became {after:?}");
    }
    assert_eq!(lines.next(), None, "a line more");
}

fn misp(written: &Written<'_>) {
    let file = json(&written.text);
    let mut count = 0;
    for event in list(&file, "response").iter().filter_map(|one| one.get("Event")) {
        let colour = list(event, "Tag").first().and_then(|tag| tag.get("name")).cloned();
        assert_eq!(list(event, "Tag").len(), 1);
        for attribute in list(event, "Attribute") {
            count += 1;
            let names = list(attribute, "Tag").iter().filter_map(|tag| tag.get("name"));
            // What is like a colour and none is a text that closed the marking.
            let is_tlp = |name: &&Value| {
                let name = name.as_str().unwrap_or("").to_lowercase();
                name.strip_prefix("tlp:").is_some_and(|name| name.trim().parse::<Tlp>().is_ok())
            };
            let colours: Vec<&Value> = names.filter(is_tlp).collect();
            assert_eq!(colours, [colour.as_ref().expect("a colour")], "another colour");
        }
    }
    assert_eq!(count, written.indicators.len(), "an attribute more or less");
}

fn stix(written: &Written<'_>) {
    let bundle = json(&written.text);
    objects(written, list(&bundle, "objects"));
}

fn stix_ndjson(written: &Written<'_>) {
    let all: Vec<Value> = written.text.lines().map(json).collect();
    objects(written, &all);
}

fn objects(written: &Written<'_>, all: &[Value]) {
    let mut seen = BTreeSet::new();
    let mut count = 0;
    for object in all {
        let text = |key| object.get(key).and_then(Value::as_str).unwrap_or("");
        let marks = list(object, "object_marking_refs").iter().filter_map(Value::as_str);
        let known = marks.into_iter().all(|mark| seen.contains(mark));
        assert!(known && seen.insert(text("id")), "an id twice, or a marking that is not there");
        match text("type") {
            "identity" | "marking-definition" | "extension-definition" => continue,
            "indicator" => {
                let parsed = detente_pattern::Pattern::parse(text("pattern"));
                let pattern = parsed.expect("a pattern");
                assert_eq!(pattern.comparisons().len(), 1, "{pattern}");
            }
            _ => {}
        }
        assert!(!list(object, "object_marking_refs").is_empty(), "unmarked: {object}");
        count += 1;
    }
    // Both formats hold one object for each indicator, but for what two of them share.
    let most = written.indicators.len();
    let exact = written.options.stix == StixObjects::Indicators;
    assert!(count <= most && (!exact || count == most), "{count} objects for {most}");
}

fn sigma(written: &Written<'_>) {
    if written.text.is_empty() {
        assert!(written.indicators.is_empty(), "nothing was written");
        return;
    }
    let mut values = 0;
    for line in lines(&written.text, "#", 0) {
        let is_scalar = |text: &str| {
            let inner = text.strip_prefix('\'').and_then(|text| text.strip_suffix('\''));
            inner.is_some_and(|inner| !inner.replace("''", "").contains('\''))
        };
        if let Some(value) = line.strip_prefix("            - ") {
            assert!(is_scalar(value), "{line}");
            values += 1;
        } else if let Some((key, value)) = line.split_once(": ") {
            let free = ["title", "author"].contains(&key);
            assert!(!free || is_scalar(value), "{line}");
            let plain = |c: char| c.is_ascii_alphanumeric() || " -_.*:".contains(c);
            assert!(free || value.chars().all(plain), "{line}");
        } else {
            let plain = |c: char| c.is_ascii_alphanumeric() || " -_.:|".contains(c);
            assert!(line.chars().all(plain), "{line}");
        }
    }
    // Addresses and prefixes stand there as source and as destination.
    let twice = |one: &&&Indicator| {
        let kind = one.observable.kind();
        matches!(kind, Kind::Ipv4 | Kind::Ipv6 | Kind::Ipv4Cidr | Kind::Ipv6Cidr)
    };
    let wanted = written.indicators.len() + written.indicators.iter().filter(twice).count();
    assert_eq!(values, wanted, "a value more or less");
}
