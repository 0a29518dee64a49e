//! Alerts.

use anstream::println;
use detente_table::AlertReport;

use crate::accord::regions;
use crate::safe;

/// Regions of an alert shown without being asked for more.
const SHOWN: usize = 20;

/// Alerts, one block each.
pub fn alerts(reports: &[AlertReport]) {
    if reports.is_empty() {
        println!("no alert is open");
    }
    for report in reports {
        let standing = match &report.seen {
            Some(at) => format!("acknowledged at {at}"),
            None => "OPEN".to_owned(),
        };
        println!("{}  {standing}: {}", safe(&report.accord), safe(&report.words()));
        let (after, before) = (short(&report.after), report.before.as_deref().map(short));
        match (before, report.in_force) {
            (Some(before), true) => println!("  text {after} took the place of {before}"),
            (Some(before), false) => {
                println!("  text {after} would take the place of {before}, which is in force");
            }
            (None, true) => println!("  under text {after}"),
            (None, false) => println!("  text {after} would be in force, where none is"),
        }
        for line in &report.looser {
            println!("  {}", safe(line));
        }
        let shown = report.regions.iter().take(SHOWN);
        regions(shown.map(|turned| (turned.turn.as_str(), &turned.region)));
        if report.regions.len() > SHOWN {
            println!("  ... {} more regions: see --json", report.regions.len() - SHOWN);
        }
        for (party, at) in &report.seen_by {
            println!("  the auditor of {} acknowledged it at {at}", safe(party));
        }
    }
}

fn short(digest: &str) -> &str {
    digest.get(..8).unwrap_or(digest)
}
