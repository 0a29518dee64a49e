//! Duties: who owes what until when, and what became of it.

use anstream::println;
use anstyle::{AnsiColor, Style};
use detente_ports::report::EraseReport;
use detente_table::duties::{DutiesReport, DutyReport};

use crate::{number, safe, table};

/// The calendar of an accord.
pub fn duties(report: &DutiesReport) {
    println!("{}: duties at {}", safe(&report.accord), report.at);
    if report.duties.is_empty() {
        println!("  no duty has arisen");
    } else {
        let mut shown = table(&["due", "state", "who", "what", "clause", "of"]);
        for duty in &report.duties {
            shown.add_row([
                duty.due.clone().unwrap_or_else(|| "-".to_owned()),
                duty.state.clone(),
                safe(&duty.owed_by),
                safe(&duty.verb),
                duty.clause.clone().unwrap_or_default(),
                safe(&duty.about),
            ]);
        }
        println!("{shown}");
    }
    let troubled =
        |duty: &&DutyReport| matches!(duty.state.as_str(), "late" | "breached" | "disputed");
    for duty in report.duties.iter().filter(troubled) {
        trouble(duty);
    }
    if report.left_out > 0 {
        println!("{} more duties are not listed", number(report.left_out));
    }
    for date in &report.dates {
        println!("{}: {}", date.at, safe(&date.what));
    }
    for own in &report.uncomputed {
        println!(
            "clause {} (on {}, {}) is not computable from the record yet: {}",
            own.clause,
            safe(&own.on),
            safe(&own.verb),
            safe(&own.why)
        );
    }
}

fn trouble(duty: &DutyReport) {
    let loud: Style = AnsiColor::Red.on_default().bold();
    println!(
        "{loud}{}{loud:#}: {}: {} ({}): {}",
        duty.state.to_uppercase(),
        safe(&duty.owed_by),
        safe(&duty.verb),
        safe(&duty.about),
        safe(&duty.note)
    );
    if !duty.breach.is_empty() {
        println!("  the text says: {}", safe(&duty.breach));
    }
}

/// What was erased.
pub fn erased(report: &EraseReport) {
    println!("{} objects erased", number(report.erased));
    for (accord, act) in &report.acts {
        println!("  {}: said on record, act {}", safe(accord), act.get(..8).unwrap_or_default());
    }
}
