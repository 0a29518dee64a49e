//! Keys: rosters, and what was made of them.

use anstream::println;
use detente_node::report::RosterReport;

use super::{safe, table};
use crate::keys::{KeyActReport, Made};

/// Digits of a key's id that are shown.
const SHOWN: usize = 16;

/// The keys of each party in each accord.
pub fn rosters(reports: &[RosterReport]) {
    if reports.is_empty() {
        println!("no log has begun: keys are on the card (`detente party card --json`)");
    }
    for report in reports {
        let whose = if report.own { "this party" } else { "other party" };
        println!(
            "{}: {} ({whose}), card of {}",
            safe(&report.accord),
            safe(&report.party),
            report.card
        );
        let mut rows = table(&["key", "role", "state", "comes from", "here"]);
        for key in &report.keys {
            let from = match (&key.follows, &key.lent_to, &key.until) {
                (Some(before), ..) => format!("follows {}", short(before)),
                (None, Some(to), Some(until)) => {
                    format!("lent to {} until {until}: {}", safe(to), key.may.join(", "))
                }
                _ => "card".to_owned(),
            };
            let state = key.ended.as_deref().map_or("good", |why| {
                why.strip_prefix("signed by a ")
                    .or(why.strip_prefix("signed under a "))
                    .unwrap_or(why)
            });
            rows.add_row([
                short(&key.key),
                &format!("{} ({})", key.role, key.suite),
                state,
                &from,
                if key.here { "yes" } else { "" },
            ]);
        }
        println!("{rows}");
    }
}

fn short(key: &str) -> &str {
    key.get(..SHOWN).unwrap_or(key)
}

/// What was made, and what the record has of it.
pub fn keys_made(made: &[Made], report: Option<&KeyActReport>) {
    for one in made {
        match &one.file {
            Some(file) => println!("{}: {}", safe(&one.what), file.display()),
            None => println!("{}", safe(&one.what)),
        }
    }
    let Some(report) = report else { return };
    match report.entered {
        0 => println!("no log needed it"),
        1 => println!("entered in one log"),
        count => println!("{count} acts entered"),
    }
    for delivery in &report.delivered {
        match &delivery.reason {
            None => println!("  {}: cosigned", safe(&delivery.party)),
            Some(reason) => println!("  {}: not yet: {}", safe(&delivery.party), safe(reason)),
        }
    }
}
