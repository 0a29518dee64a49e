//! Reads one JSON object a line and prints one JSON line of what was found in it, or, with the
//! argument `upgrade`, the objects it is raised to. For `tests/foreign/stix_check.py`.

use std::io::{self, BufRead, Write};

use detente_stix::{Level, check, sco_id, upgrade};
use serde_json::{Map, Value, json};

fn main() -> io::Result<()> {
    let raises = std::env::args().nth(1).as_deref() == Some("upgrade");
    let mut out = io::BufWriter::new(io::stdout().lock());
    for line in io::stdin().lock().lines() {
        let line = line?;
        let answer = if raises { raised(line.as_bytes()) } else { verdict(&line) };
        writeln!(out, "{answer}")?;
    }
    out.flush()
}

fn verdict(line: &str) -> Value {
    let report = check(line.as_bytes());
    let of = |level: Level| -> Vec<Value> {
        let all = report.findings().iter().filter(|finding| finding.level == level);
        all.map(|finding| json!({"code": finding.code, "words": finding.to_string()})).collect()
    };
    let object: Option<Map<String, Value>> = serde_json::from_str(line).ok();
    json!({
        "valid": report.is_valid(),
        "must": of(Level::Must),
        "should": of(Level::Should),
        "sco_id": object.and_then(|object| sco_id(&object)).map(|id| id.to_string()),
    })
}

fn raised(line: &[u8]) -> Value {
    match upgrade(line) {
        Ok(objects) => {
            let texts = objects.iter().map(|object| String::from_utf8_lossy(object).into_owned());
            json!({"raised": texts.collect::<Vec<_>>()})
        }
        Err(fault) => json!({"fault": fault.code()}),
    }
}
