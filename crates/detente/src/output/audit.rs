//! The auditor's answer.

use anstream::println;

use super::{number, safe};
use crate::verify::VerifyReport;

/// Sound or not, what was checked, what was found.
pub fn verified(report: &VerifyReport) {
    for party in &report.parties {
        println!(
            "{}: {} entries{}",
            safe(party.name.as_deref().unwrap_or("a party that has entered no card")),
            number(party.entries),
            if party.cosigned_by.is_empty() {
                ", not cosigned".to_owned()
            } else {
                format!(", cosigned by {}", safe(&party.cosigned_by.join(", ")))
            }
        );
        println!("  in words: {}", party.words);
    }
    if let Some(agreed) = &report.agreed {
        println!(
            "agreed: {} since {}, expires {}",
            safe(&agreed.title),
            agreed.since,
            agreed.expires
        );
    }
    let checked: Vec<String> = report
        .facts
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(what, count)| format!("{} {what}", number(*count)))
        .collect();
    println!("checked: {}", checked.join(", "));
    for finding in &report.findings {
        println!("{}", safe(&finding.line));
    }
    for alert in &report.alerts {
        println!("alert: {}", safe(alert));
    }
    if report.left_out > 0 {
        println!("{} more findings are not listed", number(report.left_out));
    }
    println!("{}", if report.sound { "SOUND" } else { "NOT SOUND" });
}
