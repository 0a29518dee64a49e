//! Retractions, with both clocks.

use anstream::println;
use detente_ports::report::RetractedReport;
use detente_table::{AnswerReport, RetractionReport};

use crate::{number, safe};

fn short(digest: &str) -> &str {
    digest.get(..8).unwrap_or(digest)
}

/// Retractions, one block each.
pub fn retractions(reports: &[RetractionReport]) {
    if reports.is_empty() {
        println!("nothing was taken back");
    }
    for report in reports {
        retraction(report);
    }
}

fn retraction(report: &RetractionReport) {
    let marks: Vec<&str> = [&report.tlp, &report.pap].into_iter().flatten().map(|m| &**m).collect();
    let what = if marks.is_empty() {
        "took back".to_owned()
    } else {
        format!("narrowed to {}", marks.join(", "))
    };
    let standing = match (&report.lifted, report.open) {
        (Some(at), _) => format!("taken back itself at {at}"),
        (None, true) => "OPEN".to_owned(),
        (None, false) => "answered by all".to_owned(),
    };
    println!(
        "{} {}  {} {what} {} objects of release {} at {} ({}): {standing}",
        safe(&report.accord),
        short(&report.act),
        safe(&report.author),
        number(report.objects),
        short(&report.release),
        report.time,
        report.reason,
    );
    if !report.words.is_empty() {
        println!("    {}", safe(&report.words));
    }
    if let Some(because) = &report.because {
        println!("    passes on retraction {}", short(because));
    }
    for receiver in &report.receivers {
        let seen = receiver.seen.as_ref();
        let seen = seen.map_or_else(|| "not seen yet".to_owned(), |at| format!("seen at {at}"));
        match &receiver.answer {
            None => println!("    {}: {seen}, NO ANSWER", safe(&receiver.party)),
            Some(last) => {
                let first = receiver.answered.as_deref().unwrap_or(&last.time);
                println!("    {}: {seen}, answered at {first}", safe(&receiver.party));
                answer(last);
            }
        }
    }
    for onward in &report.onward {
        let to = safe(&onward.to.join(", "));
        let became = match (&onward.forwarded, &onward.answered) {
            (None, _) => "NOT taken back from there: `detente retractions forward`".to_owned(),
            (Some(act), None) => format!("taken back by {}, NO ANSWER", short(act)),
            (Some(act), Some(at)) => format!("taken back by {}, answered at {at}", short(act)),
        };
        println!(
            "    release {} brought {to} {} of the same under {}: {became}",
            short(&onward.release),
            number(onward.objects),
            safe(&onward.accord)
        );
    }
}

/// What a receiver says: its word, and no proof.
fn answer(last: &AnswerReport) {
    let own = match last.own.as_str() {
        "held-out" => "; its own indicators of the same value are held out",
        "stand" => "; its own indicators of the same value stand",
        _ => "",
    };
    let words = if last.words.is_empty() { String::new() } else { format!(": {}", last.words) };
    println!("      it says: {}{own}{}", last.done, safe(&words));
    for passed in &last.passed {
        let to = passed.to.as_deref().map_or_else(|| "somebody".to_owned(), safe);
        let became = match (&passed.retraction, &passed.answered) {
            (_, Some(at)) => format!("taken back from there, answered at {at}"),
            (Some(_), None) => "taken back from there, NO ANSWER".to_owned(),
            (None, None) => "NOT taken back from there".to_owned(),
        };
        println!("      it had passed it on to {to}: {became}");
    }
}

/// What its releaser has said of a received object since.
pub fn retracted(indent: &str, report: &RetractedReport) {
    let words = if report.words.is_empty() { String::new() } else { format!(": {}", report.words) };
    if report.gone {
        println!(
            "{indent}TAKEN BACK at {} ({}){}: no live indicator",
            report.time,
            report.reason,
            safe(&words)
        );
    }
    let marks: Vec<&str> = [&report.tlp, &report.pap].into_iter().flatten().map(|m| &**m).collect();
    if !marks.is_empty() {
        println!("{indent}NARROWED to {} at {}{}", marks.join(", "), report.time, safe(&words));
    }
}
