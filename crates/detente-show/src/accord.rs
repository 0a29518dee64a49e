//! Parties, accords, exposure.

use anstream::println;
use detente_ports::report::{ActReport, EventReport, PartyReport, StatusReport};

use crate::{safe, table};
use detente_table::exposure::{AnswerReport, DifferenceReport, ExposureReport, RegionReport};

/// Parties, one block each.
pub fn parties(parties: &[PartyReport]) {
    for (at, party) in parties.iter().enumerate() {
        println!("{}{}", safe(&party.name), if at == 0 { "  (this party)" } else { "" });
        println!("  fingerprint  {}", party.id);
        println!("  in words     {}", party.words);
        println!(
            "  address      {}",
            party.address.as_deref().map_or("none: it dials".into(), safe)
        );
        if party.evidence > 0 {
            println!("  evidence     {} pieces are kept against it", party.evidence);
        }
    }
}

/// An act and its delivery.
pub fn act(report: &ActReport) {
    println!("{}: {}", safe(&report.accord), safe(&report.summary));
    for delivery in &report.delivered {
        match &delivery.reason {
            None => println!("  {} holds it and has cosigned it", safe(&delivery.party)),
            Some(reason) => println!(
                "  {} does not have it yet: {}\n  it goes at the next contact",
                safe(&delivery.party),
                safe(reason)
            ),
        }
    }
}

/// What waits for somebody: alerts, retractions, duties.
fn open(report: &StatusReport) {
    for alert in &report.alerts {
        println!("  ALERT      {}", safe(alert));
    }
    if !report.alerts.is_empty() {
        println!("             `detente alerts` shows what each lets out");
    }
    for open in &report.retractions {
        println!("  OPEN       {}", safe(open));
    }
    if !report.retractions.is_empty() {
        println!("             `detente retractions` shows what is owed, and by whom");
    }
    if let Some(next) = &report.next_due {
        println!("  next due   {}", safe(next));
    }
    if report.troubled > 0 {
        println!(
            "  duties     {} late, in breach or disputed: see `detente accord duties {}`",
            report.troubled,
            safe(&report.accord)
        );
    }
}

/// Where accords stand.
pub fn status(reports: &[StatusReport]) {
    if reports.is_empty() {
        println!("no accord yet: start with `detente accord draft SLUG --with PARTY`");
    }
    for report in reports {
        println!("{}  {}", safe(&report.accord), report.title.as_deref().map_or("".into(), safe));
        println!("  id         {}", report.id);
        println!("  standing   {}", safe(&report.standing));
        if let Some(expires) = &report.expires {
            println!("  expires    {expires}");
        }
        for (what, value) in [("stopped", &report.stopped), ("notice", &report.notice)] {
            if let Some(value) = value {
                println!("  {what:<10} {}", safe(value));
            }
        }
        open(report);
        for text in &report.texts {
            println!(
                "  text {}  proposed by {} at {}",
                &text.digest[..8],
                safe(&text.proposer),
                text.proposed
            );
            for (party, position) in &text.positions {
                println!("    {}: {}", safe(party), safe(position));
            }
        }
        for clause in &report.clauses {
            println!("  clause {} ({}): {}", clause.id, clause.rule, safe(&clause.prose));
            for (party, used) in &clause.used {
                println!("    used by {}: {used}", safe(party));
            }
        }
        crate::consent::consents_if_any(&report.consents);
        for log in &report.logs {
            let cosigned = if log.cosigned_by.is_empty() {
                "not cosigned yet".to_owned()
            } else {
                format!("cosigned by {}", safe(&log.cosigned_by.join(", ")))
            };
            println!(
                "  log of {}: {} entries, root {}, {cosigned}",
                safe(&log.party),
                log.entries,
                log.root.get(..16).unwrap_or_default()
            );
        }
        for asked in report.asked.iter().filter(|asked| !asked.cosigned) {
            println!(
                "  not asked just now: {}; this is what is here",
                safe(asked.reason.as_deref().unwrap_or(&asked.party))
            );
        }
        if report.waiting > 0 {
            println!("  {} acts wait for entries that are not here yet", report.waiting);
        }
    }
}

/// Every act.
pub fn history(events: &[EventReport]) {
    let mut table = table(&["time", "digest", "party", "role", "act", "effect"]);
    for event in events {
        let effect = match &event.note {
            Some(note) => format!("{}: {}", event.effect.to_uppercase(), safe(note)),
            None => event.effect.clone(),
        };
        let effect = match event.superseded_by.as_deref().and_then(|act| act.get(..8)) {
            Some(later) => format!("{effect}; superseded by {later}"),
            None => effect,
        };
        table.add_row([
            event.time.clone(),
            event.act.get(..8).unwrap_or_default().to_owned(),
            safe(&event.party),
            event.role.clone().unwrap_or_default(),
            safe(&event.summary),
            effect,
        ]);
    }
    println!("{table}");
}

/// The exposure table.
pub fn exposure(report: &ExposureReport) {
    println!("{}: what may ever leave under text {}", safe(&report.title), &report.text[..8]);
    if report.regions.is_empty() {
        println!("  nothing may leave");
    } else {
        regions(report.regions.iter().map(|region| ("", region)));
    }
    for line in &report.words {
        println!("  {}", safe(line));
    }
    for own in &report.applied {
        println!(
            "  applied provisionally: clause {} from {} to {} ({})",
            own.clause,
            safe(&own.from),
            safe(&own.to),
            safe(&own.why)
        );
    }
    println!("  {} of {} cells are open; every other cell is closed", report.open, report.cells);
}

/// What a change of a text opens and closes.
pub fn difference(report: &DifferenceReport) {
    println!("from text {} to text {}", &report.before[..8], &report.after[..8]);
    if report.regions.is_empty() {
        println!("  no cell opens or closes");
    } else {
        regions(report.regions.iter().map(|turned| (turned.turn.as_str(), &turned.region)));
    }
    for line in &report.matching {
        println!("  {}", safe(line));
    }
    println!(
        "  {} cells open and {} close; in {} objects leave in another form; of {}",
        report.opens, report.closes, report.changes, report.cells
    );
}

/// The answer to a question.
pub fn answer(report: &AnswerReport) {
    println!("{}: {} of {} such cells are open", report.answer, report.open, report.cells);
    regions(report.regions.iter().map(|region| ("", region)));
    for (clauses, what) in [(&report.permits, "permit"), (&report.forbids, "forbid")] {
        if !clauses.is_empty() {
            println!("  clauses that {what} any of it: {}", clauses.join(", "));
        }
    }
    if report.permits.is_empty() {
        println!("  no clause permits any of it");
    }
}

/// Regions as a table with the axes that any of them narrows.
pub(super) fn regions<'a>(regions: impl Iterator<Item = (&'a str, &'a RegionReport)>) {
    let regions: Vec<(&str, &RegionReport)> = regions.collect();
    let narrowed = |at: usize| regions.iter().any(|(_, region)| region.axes()[at].1.is_some());
    let Some((_, first)) = regions.first() else { return };
    let shown: Vec<usize> = (0..first.axes().len()).filter(|at| narrowed(*at)).collect();
    let turned = regions.iter().any(|(turn, _)| !turn.is_empty());
    let mut head: Vec<&str> = if turned { vec![""] } else { Vec::new() };
    head.extend(shown.iter().map(|at| first.axes()[*at].0));
    head.extend(["clauses", "cells"]);
    let mut table = table(&head);
    for (turn, region) in &regions {
        let mut row: Vec<String> = if turned { vec![(*turn).to_owned()] } else { Vec::new() };
        row.extend(shown.iter().map(|at| match region.axes()[*at].1 {
            None => "any".to_owned(),
            Some(values) => safe(&values.join(", ")),
        }));
        row.extend([region.clauses.join(", "), region.cells.to_string()]);
        table.add_row(row);
    }
    println!("{table}");
}
