//! What people read: tables and sentences made from the same reports that `--json` prints.

mod accord;
mod alert;
mod audit;
mod consent;
mod duty;
mod intel;
mod keys;
mod lookup;
mod paper;
mod retraction;
mod table;

pub use self::table::{matrix, meetings, positions, words};
pub use accord::{act, answer, checked, difference, exposure, history, parties, status};
pub use alert::alerts;
pub use audit::verified;
pub use consent::{consents, consents_if_any};
pub use duty::{duties, erased};
pub use intel::{counts, explained, imports, matched, release, search};
pub use keys::{keys_made, rosters};
pub use lookup::{looked_up, lookup_explained, published, refreshed};
pub use paper::{annexes, redline, redline_plain, templates};
pub use retraction::retractions;

use anstream::eprintln;
use comfy_table::{ContentArrangement, Table};

use crate::fail::Failure;

/// A plain table with a heading.
pub fn table(head: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_preset(comfy_table::presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(head.to_vec());
    table
}

/// Hundreds, thousands: 1,234,567.
pub fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Text from outside, made safe for a terminal.
pub fn safe(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            let hidden = c.is_control()
                || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
                || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}');
            if hidden { c.escape_unicode().collect::<Vec<_>>() } else { vec![c] }
        })
        .collect()
}

/// Something that must not be overlooked.
pub fn warn(words: &str) {
    let loud = anstyle::AnsiColor::Red.on_default().bold();
    eprintln!("{loud}WARNING{loud:#}: {}", safe(words));
}

/// What failed, then what to do.
pub fn failure(failure: &Failure) {
    let red = anstyle::AnsiColor::Red.on_default().bold();
    let bold = anstyle::Style::new().bold();
    eprintln!("{red}error{red:#}: {}", safe(&failure.error));
    for fault in &failure.faults {
        let file = fault.file.as_deref().unwrap_or("line");
        eprintln!("  {}:{}: {}", safe(file), fault.line, safe(&fault.what));
        eprintln!("      {bold}remedy{bold:#}: {}", safe(&fault.remedy));
    }
    if let Some(remedy) = &failure.remedy {
        eprintln!("  {bold}try{bold:#}: {}", safe(remedy));
    }
}
