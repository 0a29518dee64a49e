//! Requests for an originator's consent.

use anstream::println;
use detente_ports::report::ConsentReport;

use crate::safe;

/// Objects of a request that are shown. Count.
const SHOWN: usize = 20;

/// Every request and what became of it.
pub fn consents(reports: &[ConsentReport]) {
    if reports.is_empty() {
        println!("no consent was asked for");
    }
    for report in reports {
        consent(report);
    }
}

/// The same within a status: nothing if there is none.
pub fn consents_if_any(reports: &[ConsentReport]) {
    reports.iter().for_each(consent);
}

/// One request.
fn consent(report: &ConsentReport) {
    println!(
        "{}  request {}: {} asks {}  {}",
        safe(&report.accord),
        report.ask.get(..16).unwrap_or_default(),
        safe(&report.by),
        safe(&report.originator),
        report.standing.to_uppercase()
    );
    println!(
        "  {} objects to {} under {} clause {}, until {}{}",
        report.objects.len(),
        safe(&report.to),
        safe(&report.under),
        safe(&report.clause),
        report.expires,
        report.purpose.as_ref().map_or(String::new(), |purpose| format!(", for {purpose} alone"))
    );
    if !report.taken_out.is_empty() {
        println!("  in the form {}", report.taken_out.join(", "));
    }
    println!("  why: {}", safe(&report.reason));
    for object in report.objects.iter().take(SHOWN) {
        let what = match (&object.kind, &object.value) {
            (Some(kind), Some(value)) => format!("{kind} {}", safe(value)),
            _ => "not here".to_owned(),
        };
        println!("    {}  {what}", object.came.get(..16).unwrap_or_default());
    }
    if report.objects.len() > SHOWN {
        println!("    ... {} more: see --json", report.objects.len() - SHOWN);
    }
    if let Some(at) = &report.answered {
        let words =
            report.words.as_ref().map_or(String::new(), |words| format!(": {}", safe(words)));
        println!("  answered at {at}{words}");
    }
    match (&report.consent, report.standing.as_str()) {
        (Some(consent), "given") => println!(
            "  consent {}: release it with `detente release {} --consent {}`",
            consent.get(..16).unwrap_or_default(),
            safe(&report.under),
            consent.get(..16).unwrap_or_default()
        ),
        (Some(consent), _) => println!("  consent {}", consent.get(..16).unwrap_or_default()),
        (None, "open") if report.for_us => println!(
            "  answer it with `detente consent give {} {}`, or refuse",
            safe(&report.accord),
            report.ask.get(..16).unwrap_or_default()
        ),
        (None, _) => {}
    }
}
