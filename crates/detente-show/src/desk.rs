//! Exports and warninglists.

use anstream::{eprintln, println};
use detente_desk::{AddedReport, IndicatorExport, ListReport, PreviewReport};
use detente_ports::report::FoundReport;

use crate::{number, safe, table};

/// Warninglists that are shown of an export.
const SHOWN: usize = 10;

/// What is in an export, and what not. On stderr: the export itself may be on stdout.
pub fn exported(report: &IndicatorExport, tried: bool) {
    let place = match &report.file {
        Some(file) => format!(", {} bytes in {}", number(report.bytes), file.display()),
        None if tried => ": nothing is written, this is what would be".to_owned(),
        None => format!(", {} bytes", number(report.bytes)),
    };
    eprintln!(
        "{}: {} of {} statements on {} observables{place}",
        report.format,
        number(report.written),
        number(report.seen),
        number(report.observables),
    );
    for reason in &report.passed_over {
        eprintln!("  left out {}: {} ({})", number(reason.count), reason.reason, reason.code);
    }
    for list in report.warned.iter().take(SHOWN) {
        eprintln!("  {} on {:?}, which is set to {}", number(list.hits), list.list, list.setting);
    }
    if report.warned.len() > SHOWN {
        eprintln!("  and on {} more warninglists: see --json", report.warned.len() - SHOWN);
    }
}

/// What a search for words found.
pub fn found(found: &[FoundReport], limit: usize) {
    if found.is_empty() {
        println!("nothing here has these words");
        return;
    }
    let mut table = table(&["kind", "value", "marking", "source", "labels", "comment"]);
    for FoundReport { kind, value, context } in found {
        let marking = match &context.tlp {
            _ if context.closed => "closed",
            Some(tlp) => tlp.as_str(),
            None => "none",
        };
        table.add_row([
            kind.clone(),
            safe(value),
            marking.to_owned(),
            safe(&context.source),
            safe(&context.labels.join(", ")),
            safe(context.description.as_deref().unwrap_or("")),
        ]);
    }
    println!("{table}");
    if found.len() >= limit {
        println!("there may be more: say more words, or a greater --limit");
    }
}

/// What files would bring.
pub fn previewed(reports: &[PreviewReport]) {
    for report in reports {
        println!(
            "{} ({}): {} items, {} would be taken; nothing is kept",
            safe(&report.file),
            report.format,
            number(report.seen),
            number(report.taken)
        );
        for (kind, count) in &report.kinds {
            println!("  {} {kind}", number(*count));
        }
        for (code, count) in &report.left {
            println!("  left out {}: {code}", number(*count));
        }
        let mut table = table(&["kind", "value", "marking", "labels", "comment"]);
        for item in &report.items {
            let marking =
                if item.closed { "closed" } else { item.tlp.as_deref().unwrap_or("none") };
            table.add_row([
                item.kind.clone(),
                safe(&item.value),
                marking.to_owned(),
                safe(&item.labels.join(", ")),
                safe(item.description.as_deref().unwrap_or("")),
            ]);
        }
        if !report.items.is_empty() {
            println!("{table}");
        }
        for refusal in &report.refusals {
            let (place, reason) = (safe(&refusal.place), safe(&refusal.reason));
            println!("  refused {place}: {reason}: {}", safe(&refusal.excerpt));
        }
        if let Some(broken) = &report.broken {
            println!("  BREAKS OFF: {}", safe(broken));
        }
    }
}

/// What became of files of lists.
pub fn lists_added(reports: &[AddedReport]) {
    let lists: Vec<ListReport> = reports.iter().filter_map(|report| report.list.clone()).collect();
    if !lists.is_empty() {
        warninglists(&lists);
    }
    for report in reports {
        if let Some(failed) = &report.failed {
            println!("NOT ADDED: {}", safe(failed));
        }
    }
}

/// Warninglists.
pub fn warninglists(reports: &[ListReport]) {
    if reports.is_empty() {
        println!("no warninglist yet: `detente warninglist add FILE`");
        return;
    }
    let mut table = table(&["list", "setting", "type", "entries", "unusable", "version"]);
    for report in reports {
        table.add_row([
            safe(&report.name),
            report.setting.name().to_owned(),
            report.match_type.clone(),
            number(report.entries),
            number(report.refused),
            report.version.to_string(),
        ]);
    }
    println!("{table}");
    if let [one] = reports {
        for refusal in &one.refusals {
            println!("  {}", safe(refusal));
        }
    }
}
