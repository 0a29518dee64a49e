//! Reports as people read them: tables and sentences made from the same reports that `--json`
//! prints.
//!
//! Knows nothing of homes, keys, arguments or the node: it prints what it is given.

#![forbid(unsafe_code)]

mod accord;
mod alert;
mod consent;
mod desk;
mod duty;
mod intel;
mod lookup;
mod retraction;
mod table;

pub use self::table::{matrix, meetings, positions, words};
pub use accord::{act, answer, difference, exposure, history, parties, status};
pub use alert::alerts;
pub use consent::consents;
pub use desk::{exported, found, lists_added, observed, previewed, warninglists};
pub use duty::{duties, erased};
pub use intel::{collection_checked, counts, explained, imports, matched, release, search};
pub use lookup::{looked_up, lookup_explained, published, refreshed};
pub use retraction::retractions;

use comfy_table::{ContentArrangement, Table};

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
            match c {
                '\n' | '\r' | '\t' => c.escape_default().collect(),
                _ if hidden => c.escape_unicode().collect(),
                _ => vec![c],
            }
        })
        .collect()
}
