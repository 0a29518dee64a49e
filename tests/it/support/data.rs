//! Made-up lists in the formats that people have, spelled as people spell them.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::random::Random;

/// Two plain lists with known overlap, each side in its own spelling.
pub struct Lists {
    /// A's lines.
    pub a: String,
    /// B's lines.
    pub b: String,
    /// What both hold, in normal form.
    pub common: BTreeSet<(String, String)>,
}

impl Lists {
    /// `common` items at both sides and `own` more at each.
    pub fn new(common: usize, own: usize) -> Lists {
        let mut random = Random::seeded(common as u64 ^ ((own as u64) << 32));
        let mut lists = Lists {
            a: "# seen at our border\n".to_owned(),
            b: String::new(),
            common: BTreeSet::new(),
        };
        for _ in 0..common {
            let (kind, value) = item(&mut random);
            let _ = writeln!(lists.a, "{}", defanged(&kind, &value));
            let _ = writeln!(lists.b, "{}", shouted(&kind, &value));
            lists.common.insert((kind, value));
        }
        for _ in 0..own {
            let (kind, value) = item(&mut random);
            let _ = writeln!(lists.a, "{}", defanged(&kind, &value));
            let (kind, value) = item(&mut random);
            let _ = writeln!(lists.b, "{}", shouted(&kind, &value));
        }
        lists
    }
}

fn item(random: &mut Random) -> (String, String) {
    let bits = random.next();
    match bits % 4 {
        0 => ("domain".into(), format!("h{:x}.example.com", bits >> 8)),
        // No address of a special range: a reader may treat those in another way.
        1 => {
            let part = |shift: u32| (bits >> shift) & 0xff;
            let value = format!("45.{}.{}.{}", part(8), part(16), part(24));
            ("ipv4".into(), value)
        }
        2 => {
            let value = format!("http://u{:x}.example.net/a/{:x}", bits >> 40, bits >> 8);
            ("url".into(), value)
        }
        _ => {
            let words = [random.next(), random.next(), random.next(), bits];
            let value = words.map(|word| format!("{word:016x}")).concat();
            ("sha256".into(), value)
        }
    }
}

/// As analysts write it, so that nobody clicks on it.
fn defanged(kind: &str, value: &str) -> String {
    match kind {
        "url" => value.replacen("http", "hxxp", 1).replace(".net", "[.]net"),
        "domain" | "ipv4" => value.replacen('.', "[.]", 1),
        _ => value.to_owned(),
    }
}

/// As some machines write it.
fn shouted(kind: &str, value: &str) -> String {
    match kind {
        "url" => value.replacen("http://u", "HTTP://U", 1),
        "ipv4" => value.to_owned(),
        _ => value.to_ascii_uppercase(),
    }
}

/// A STIX 2.1 bundle of one indicator a line: value of a domain, TLP 2.0 colour, labels.
pub fn stix(rows: &[(&str, &str, &[&str])]) -> String {
    let objects: Vec<serde_json::Value> = rows
        .iter()
        .enumerate()
        .map(|(at, (domain, colour, labels))| {
            let marking = match *colour {
                "clear" => "94868c89-83c2-464b-929b-a1a8aa3c8487",
                "green" => "bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
                "amber" => "55d920b0-5e8b-4f79-9ee9-91f868d9b421",
                "red" => "e828b379-4e03-4974-9ac4-e53a884c97c1",
                other => panic!("no colour {other}"),
            };
            serde_json::json!({
                "type": "indicator",
                "spec_version": "2.1",
                "id": format!("indicator--00000000-0000-4000-8000-{at:012}"),
                "created": "2026-01-01T00:00:00.000Z",
                "modified": "2026-01-01T00:00:00.000Z",
                "pattern": format!("[domain-name:value = '{domain}']"),
                "pattern_type": "stix",
                "valid_from": "2026-01-01T00:00:00Z",
                "description": format!("number {at}"),
                "labels": labels,
                "object_marking_refs": [format!("marking-definition--{marking}")],
            })
        })
        .collect();
    serde_json::json!({
        "type": "bundle",
        "id": "bundle--00000000-0000-4000-8000-000000000001",
        "objects": objects,
    })
    .to_string()
}

/// A MISP event of one attribute a row: type and value, marked alike.
pub fn misp(colour: &str, rows: &[(&str, &str)]) -> String {
    let attributes: Vec<serde_json::Value> = rows
        .iter()
        .enumerate()
        .map(|(at, (kind, value))| {
            serde_json::json!({
                "uuid": format!("00000000-0000-4000-8000-{at:012}"),
                "type": kind,
                "category": "Network activity",
                "to_ids": true,
                "timestamp": "1767225600",
                "comment": "seen in the wild",
                "value": value,
            })
        })
        .collect();
    serde_json::json!({
        "Event": {
            "uuid": "00000000-0000-4000-8000-0000000000ff",
            "info": "made-up event",
            "date": "2026-01-01",
            "timestamp": "1767225600",
            "Tag": [{ "name": format!("tlp:{colour}") }],
            "Attribute": attributes,
        }
    })
    .to_string()
}

/// A CSV table of type, value and comment.
pub fn csv(rows: &[(&str, &str, &str)]) -> String {
    let mut table = "type,value,comment\n".to_owned();
    for (kind, value, comment) in rows {
        let _ = writeln!(table, "{kind},{value},\"{comment}\"");
    }
    table
}
