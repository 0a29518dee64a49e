//! The known answers of `vectors/intel-openioc.json` and `vectors/intel-hosts.json`.

use serde_json::{Value, json};

use super::super::Format;
use super::run;

fn rows(text: &str, name: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(text).expect("the vectors are JSON");
    let rows = all[name].as_array().expect("a list of rows").clone();
    assert!(!rows.is_empty(), "{name} is empty");
    rows
}

const OPENIOC: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors/intel-openioc.json"));
const HOSTS: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors/intel-hosts.json"));

#[test]
fn openioc_is_read_as_known() {
    for row in rows(OPENIOC, "good") {
        let (kept, summary) = run(Format::OpenIoc, row["text"].as_str().expect("a text"));
        let taken: Vec<Value> = kept
            .taken
            .iter()
            .map(|i| {
                let (kind, value) = (i.observable.kind().name(), i.observable.value());
                let part = i.context.labels.iter().any(|l| l == "stix:part-of-conjunction");
                let markings = &i.context.markings;
                json!([kind, value, part, markings.tlp().map(|t| t.name()), markings.is_closed()])
            })
            .collect();
        let codes: Vec<&str> = kept
            .codes()
            .into_iter()
            .map(|(_, code)| match code {
                known @ ("pattern_negated" | "pattern_operator" | "unsupported_type") => known,
                _ => "value",
            })
            .collect();
        assert_eq!(json!([taken, codes]), json!([row["taken"], row["refused"]]), "{row}");
        assert_eq!(summary.broken, None, "{row}");
    }
    for row in rows(OPENIOC, "bad") {
        let (kept, summary) = run(Format::OpenIoc, row["text"].as_str().expect("a text"));
        assert_eq!(summary.broken.map(|b| json!(b.code())), Some(row["broken"].clone()), "{row}");
        assert_eq!(kept.refused.len(), 1, "{row}");
    }
}

#[test]
fn hosts_files_are_read_as_known() {
    for row in rows(HOSTS, "lines") {
        let (kept, summary) = run(Format::Hosts, row["line"].as_str().expect("a line"));
        let names: Vec<&str> = kept.taken.iter().map(|i| i.observable.value()).collect();
        let codes: Vec<&str> = kept.codes().into_iter().map(|(_, code)| code).collect();
        let got = json!([names, codes, summary.skipped_total()]);
        assert_eq!(got, json!([row["names"], row["refused"], row["skipped"]]), "{row}");
    }
}
