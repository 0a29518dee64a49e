//! What people read of the command line itself; the reports of a node are in `detente-show`.

mod audit;
mod check;
mod keys;
mod paper;

pub use audit::verified;
pub use check::checked;
pub use detente_show::{
    act, alerts, answer, collection_checked, consents, counts, difference, duties, erased,
    explained, exported, exposure, found, history, imports, lists_added, looked_up,
    lookup_explained, matched, matrix, meetings, number, observed, parties, positions, previewed,
    published, refreshed, release, retractions, safe, search, status, table, warninglists, words,
};
pub use keys::{keys_made, rosters};
pub use paper::{annexes, redline, redline_plain, templates};

use anstream::eprintln;

use crate::fail::Failure;

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
