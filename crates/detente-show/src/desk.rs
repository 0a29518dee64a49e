//! Exports and warninglists.

use anstream::{eprintln, println};
use detente_desk::{AddedReport, IndicatorExport, ListReport, ObservedReport, PreviewReport};
use detente_ports::report::FoundReport;

use crate::intel::{levels, unread};
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
    if let Some(events) = report.events {
        eprintln!("  in {} events", number(events));
    }
    if report.events > Some(1) && report.file.as_ref().is_some_and(|file| !file.is_dir()) {
        eprintln!("  programs that read one event a file read the first: use --misp-feed for them");
    }
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
        if let Some(why) = &report.passed_over {
            println!("{}: would be passed over: {}", safe(&report.file), safe(why));
            continue;
        }
        println!(
            "{} ({}): {} items, {} would be taken; nothing is kept",
            safe(&report.file),
            report.format,
            number(report.seen),
            number(report.taken)
        );
        preview_counts(report);
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
            println!("    {place}: {reason}: {}", safe(&refusal.excerpt));
        }
        if let Some(broken) = &report.broken {
            println!("  BREAKS OFF: {}", safe(broken));
        }
        if let Some(nothing) = &report.nothing {
            println!("  NOTHING WOULD BE TAKEN: {}", safe(nothing));
        }
        if let Some(remedy) = &report.remedy {
            println!("  try: {}", safe(remedy));
        }
    }
}

/// Which indicators observed data fulfil.
pub fn observed(report: &ObservedReport) {
    println!(
        "{}: {} of {} patterns are fulfilled by {} observations; {} can't be read, {} are revoked",
        safe(&report.collection),
        number(report.fulfilled.len() as u64),
        number(report.patterns),
        number(report.observations as u64),
        number(report.unread),
        number(report.revoked)
    );
    for one in &report.fulfilled {
        println!("{}  {}\n  {}", safe(&one.id), safe(&one.name), safe(&one.pattern));
    }
    for one in &report.undecided {
        println!("NOT TOLD: {}  {}\n  {}", safe(&one.id), safe(&one.pattern), safe(&one.why));
    }
}

/// What a file would bring, in numbers.
fn preview_counts(report: &PreviewReport) {
    for (kind, count) in &report.kinds {
        println!("  {} {kind}", number(*count));
    }
    for (what, counts) in [("refused", &report.refused), ("skipped", &report.skipped)] {
        for (code, count) in counts {
            println!("  {what} {}: {code}", number(*count));
        }
    }
    if report.closed + report.conflicting > 0 {
        println!(
            "  {} would be closed, {} have more than one colour",
            number(report.closed),
            number(report.conflicting)
        );
    }
    unread(&report.unread);
    if let Some(stix) = &report.stix {
        println!(
            "  {} STIX objects would lie on the shelf, {} would be refused there",
            number(stix.added),
            number(stix.refused)
        );
        for (kind, count) in &report.types {
            println!("    {} {}", number(*count), safe(kind));
        }
        levels("on the shelf", &stix.levels);
        for (why, count) in &stix.closed_by {
            println!("    closed {}: {}", number(*count), safe(why));
        }
    }
    for list in &report.warned {
        println!(
            "  {} on the warninglist {:?}, which is set to {}",
            number(list.hits),
            safe(&list.list),
            list.setting
        );
    }
}

/// What became of files of lists.
pub fn lists_added(reports: &[AddedReport]) {
    let added: Vec<ListReport> = reports.iter().filter_map(|report| report.list.clone()).collect();
    if !added.is_empty() {
        lists(&added);
    }
    for report in reports {
        if let Some(failed) = &report.failed {
            println!("NOT ADDED: {}", safe(failed));
        }
        if let Some(list) = report.list.as_ref().filter(|list| list.refused > 0) {
            println!("{}:", safe(&report.file.display().to_string()));
            unusable(list);
        }
    }
}

/// Entries of a list that cannot be used.
fn unusable(list: &ListReport) {
    if list.refused > 0 {
        println!("{} entries of {:?} are unusable:", number(list.refused), safe(&list.name));
    }
    for refusal in &list.refusals {
        println!("  {}", safe(refusal));
    }
}

/// Warninglists.
pub fn warninglists(reports: &[ListReport]) {
    lists(reports);
    if let [one] = reports {
        unusable(one);
    }
}

fn lists(reports: &[ListReport]) {
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
}
