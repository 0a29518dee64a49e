//! Answers about files, for other programs to compare with theirs: NDJSON in, NDJSON out.
//!
//! `cargo run --release -p detente-read --example read_files < questions > answers`
//!
//! Each line is one question: `{"format": "openioc", "text": "<ioc ..."}`. The answer has the
//! format that was read, what was taken (kind, value, whether it is part of a conjunction, colour,
//! whether its marking is closed), the codes of refusals and of what was skipped, and the code of
//! why the rest was not read, if so.

use std::io::{BufRead, BufWriter, Write, stdin, stdout};

use detente_intel::Indicator;
use detente_read::{Options, Refusal, Sink, SinkFault, read};
use serde_json::{Value, json};

#[derive(Default)]
struct Answer {
    taken: Vec<Value>,
    refused: Vec<&'static str>,
}

impl Sink for Answer {
    fn take(&mut self, indicator: Indicator) -> Result<(), SinkFault> {
        let Indicator { observable, context } = indicator;
        let part = context.labels.iter().any(|label| label == "stix:part-of-conjunction");
        let tlp = context.markings.tlp().map(|tlp| tlp.name());
        let (kind, value) = (observable.kind().name(), observable.value());
        self.taken.push(json!([kind, value, part, tlp, context.markings.is_closed()]));
        Ok(())
    }

    fn refuse(&mut self, refusal: Refusal) {
        self.refused.push(refusal.reason.code());
    }

    fn progress(&mut self, _: u64) {}
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut out = BufWriter::new(stdout().lock());
    for line in stdin().lock().lines() {
        let question: Value = serde_json::from_str(&line?)?;
        let format = question["format"].as_str().unwrap_or("auto").parse()?;
        let options = Options { format, source: "question".to_owned(), ..Options::default() };
        let text = question["text"].as_str().unwrap_or("");
        let mut answer = Answer::default();
        let summary = read(text.as_bytes(), &options, &mut answer)?;
        let answer = json!({
            "format": summary.format.name(),
            "taken": answer.taken,
            "refused": answer.refused,
            "skipped": summary.skipped,
            "broken": summary.broken.map(|reason| reason.code()),
        });
        writeln!(out, "{answer}")?;
    }
    Ok(())
}
