//! Answers about patterns, for other programs to compare with theirs: NDJSON in, NDJSON out.
//!
//! `cargo run --release -p detente-pattern --example pattern_verdicts < questions > answers`
//!
//! Each line is one question:
//!
//! - `{"parse": "[a:b = 1]"}`: does it parse, with which fault, and what does a check find?
//! - `{"objects": [...]}`: observed data and the objects they name, for the matches that follow.
//! - `{"match": "[a:b = 1]"}`: does it hold for the objects of the last such line?
//! - `{"index": ["[a:b = 1]", ...]}`: the numbers of those that hold, found through an index.

use std::io::{BufRead, BufWriter, Write, stdin, stdout};

use detente_pattern::{Budget, Index, Matcher, Pattern, observations};
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut out = BufWriter::new(stdout().lock());
    let mut objects: Vec<Value> = Vec::new();
    for line in stdin().lock().lines() {
        let mut question: Value = serde_json::from_str(&line?)?;
        let answer = if let Some(text) = question["parse"].as_str() {
            parse(text)
        } else if let Some(text) = question["match"].as_str() {
            matches(text, &objects)
        } else if let Some(texts) = question["index"].as_array() {
            index(texts, &objects)?
        } else if let Value::Array(given) = question["objects"].take() {
            objects = given;
            match observations(&objects) {
                Ok(found) => json!({"observations": found.len()}),
                Err(fault) => json!({"fault": fault.code(), "says": fault.to_string()}),
            }
        } else {
            json!({"fault": "no question"})
        };
        writeln!(out, "{answer}")?;
    }
    Ok(())
}

fn parse(text: &str) -> Value {
    match Pattern::parse(text) {
        Ok(pattern) => {
            let findings: Vec<&str> = pattern.check().iter().map(|f| f.code()).collect();
            json!({"parses": true, "findings": findings, "printed": pattern.to_string()})
        }
        Err(fault) => json!({
            "parses": false,
            "fault": fault.code(),
            "at": fault.at(),
            "says": fault.to_string(),
        }),
    }
}

fn matches(text: &str, objects: &[Value]) -> Value {
    let verdict = || -> Result<bool, (&str, String)> {
        let pattern = Pattern::parse(text).map_err(|f| (f.code(), f.to_string()))?;
        let matcher = Matcher::new(&pattern).map_err(|f| (f.code(), f.to_string()))?;
        let found = observations(objects).map_err(|f| (f.code(), f.to_string()))?;
        let mut budget = Budget::DEFAULT;
        matcher.matches(&found, &mut budget).map_err(|f| (f.code(), f.to_string()))
    };
    match verdict() {
        Ok(holds) => json!({"holds": holds}),
        Err((code, says)) => json!({"fault": code, "says": says}),
    }
}

fn index(texts: &[Value], objects: &[Value]) -> Result<Value, Box<dyn std::error::Error>> {
    let mut index = Index::new();
    for text in texts.iter().filter_map(Value::as_str) {
        index.add(Matcher::new(&Pattern::parse(text)?)?)?;
    }
    let mut holding = Vec::new();
    let mut faults = Vec::new();
    for (number, verdict) in index.verdicts(&observations(objects)?, Budget::DEFAULT)? {
        match verdict {
            Ok(true) => holding.push(number),
            Ok(false) => {}
            Err(_) => faults.push(number),
        }
    }
    Ok(json!({"holding": holding, "faults": faults, "unkeyed": index.unkeyed()}))
}
