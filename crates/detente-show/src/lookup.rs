//! Look-ups and filters.

use anstream::println;
use detente_ports::report::{
    FilterReport, LookupPreview, LookupReport, PublishReport, RefreshReport,
};

use crate::{number, safe};

/// Values shown without being asked for more.
const SHOWN: usize = 20;

fn filter(filter: &FilterReport) {
    println!(
        "  filter {} of {} values, key {}, published {}",
        filter.digest.get(..16).unwrap_or(""),
        number(filter.items.into()),
        filter.epoch,
        filter.published
    );
}

fn values(values: &[(String, String)]) {
    for (kind, value) in values.iter().take(SHOWN) {
        println!("    {kind:<9} {}", safe(value));
    }
    if values.len() > SHOWN {
        println!("    ... {} more: see --json", values.len() - SHOWN);
    }
}

/// What a query found.
pub fn looked_up(report: &LookupReport) {
    println!(
        "query {} to {}, clause {}",
        report.run.get(..16).unwrap_or(""),
        safe(&report.holder),
        safe(&report.clause)
    );
    filter(&report.filter);
    if report.fetched > 0 {
        println!("  {} bytes of it were fetched first", number(report.fetched));
    }
    println!("  listed there: {}", number(report.found.len() as u64));
    values(&report.found);
    println!("  not listed: {}", number(report.absent.len() as u64));
    values(&report.absent);
    for (kind, value, why) in &report.held_out {
        println!("  not asked: {kind} {}: {}", safe(value), safe(why));
    }
    if report.agreed {
        println!("  both sides recorded transcript {}", report.transcript.get(..16).unwrap_or(""));
    }
    for line in &report.learnt {
        println!("  {}", safe(line));
    }
}

/// What a holder published.
pub fn published(report: &PublishReport) {
    if report.unchanged {
        println!("{}: the filter on record is this one already", safe(&report.accord));
    } else {
        println!(
            "{}: published for {} under clause {}",
            safe(&report.accord),
            safe(&report.to),
            safe(&report.clause)
        );
    }
    if let Some(on_record) = &report.filter {
        filter(on_record);
    }
    println!(
        "  {} indicators in it, {} evaluated now; {} stay out",
        number(report.listed),
        number(report.evaluated),
        number(report.held_out)
    );
    println!("  {} bytes", number(report.bytes));
    if let Some(bytes) = report.update_bytes {
        println!("  {} bytes bring the filter before it up to date", number(bytes));
    }
    for delivery in &report.delivered {
        match &delivery.reason {
            None => println!("  {} holds the act and has cosigned it", safe(&delivery.party)),
            Some(reason) => {
                println!("  {} does not have the act yet: {}", safe(&delivery.party), safe(reason));
            }
        }
    }
}

/// What an asker fetched.
pub fn refreshed(report: &RefreshReport) {
    let how = match (report.whole, report.updates) {
        (true, _) => "fetched whole".to_owned(),
        (false, 0) => "is here already".to_owned(),
        (false, updates) => format!("brought up to date by {updates} updates"),
    };
    println!(
        "{}: the filter of {} under clause {} {how}, {} bytes",
        safe(&report.accord),
        safe(&report.from),
        safe(&report.clause),
        number(report.bytes)
    );
    filter(&report.filter);
}

/// What look-ups tell whom.
pub fn lookup_explained(preview: &LookupPreview) {
    println!(
        "{} may look up in the list of {} under clause {}, engine {}: nothing was asked",
        safe(&preview.asker),
        safe(&preview.holder),
        safe(&preview.clause),
        preview.engine
    );
    match &preview.filter {
        Some(on_record) => filter(on_record),
        None => println!("  no filter is published yet"),
    }
    for line in &preview.words {
        println!("  {}", safe(line));
    }
}
