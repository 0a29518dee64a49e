//! The negotiating table: positions, matrix, words in brackets, meetings.

use std::fmt::Write as _;

use anstream::println;
use anstyle::{AnsiColor, Style};
use detente_table::{
    FieldReport, MatrixReport, MeetingReport, PieceReport, PositionsReport, StatementReport,
    WordsReport,
};

use crate::{safe, table};

const BOLD: Style = Style::new().bold();
const QUIET: Style = Style::new().dimmed();

/// Where each party stands.
pub fn positions(report: &PositionsReport) {
    println!("positions at {}", report.at);
    if report.topics.is_empty() {
        println!("  nobody has taken a stand");
    }
    for topic in &report.topics {
        println!("{BOLD}{}{BOLD:#}", safe(&topic.topic));
        for stand in &topic.stands {
            let until =
                stand.until.as_ref().map_or_else(String::new, |end| format!(" until {end}"));
            println!(
                "  {}: {} since {}{until}  {QUIET}{}{QUIET:#}",
                safe(&stand.party),
                stand.words,
                stand.since,
                short(&stand.act)
            );
        }
        for said in &topic.statements {
            statement(said);
        }
    }
    for pending in &report.pending {
        let waits = match pending.waits.as_str() {
            "capital" => "waits for its capital",
            "second-person" => "waits for a second person",
            _ => "waits for authority",
        };
        println!(
            "waiting: {} {} ({waits})  {QUIET}{}{QUIET:#}",
            safe(&pending.party),
            safe(&pending.summary),
            short(&pending.act)
        );
    }
    for aside in &report.asides {
        println!(
            "{} of {} to {}: {}  {QUIET}{}{QUIET:#}",
            aside.sort,
            safe(&aside.party),
            named(&aside.clauses),
            safe(&aside.statement),
            short(&aside.act)
        );
        for (party, words) in &aside.received {
            println!("  {}: {words}", safe(party));
        }
    }
    for held in &report.held {
        let ways: Vec<String> =
            held.ways.iter().map(|(from, to)| format!("{} to {}", safe(from), safe(to))).collect();
        let until = held.until.as_ref().map_or_else(String::new, |end| format!(" until {end}"));
        println!(
            "{} by {} of {} ({}) since {}{until}: {}  {QUIET}{}{QUIET:#}",
            held.sort,
            safe(&held.party),
            named(&held.clauses),
            ways.join(", "),
            held.since,
            safe(&held.reason),
            short(&held.act)
        );
        for (party, since, why) in &held.contested {
            println!("  contested by {} since {since}: {}", safe(party), safe(why));
        }
    }
}

fn statement(said: &StatementReport) {
    let back = if said.retracted { " (taken back)" } else { "" };
    println!(
        "  {QUIET}statement, without effect{back}:{QUIET:#} {}, {} ({}): {:?} [{}, attached by {}, \
         document {}]",
        safe(&said.speaker),
        said.made,
        said.claimed,
        safe(&said.quote),
        safe(&said.source),
        safe(&said.attached_by),
        short(&said.document)
    );
}

fn named(clauses: &[String]) -> String {
    let noun = if clauses.len() == 1 { "clause" } else { "clauses" };
    format!("{noun} {}", safe(&clauses.join(", ")))
}

fn short(digest: &str) -> &str {
    digest.get(..8).unwrap_or(digest)
}

/// What binds whom.
pub fn matrix(report: Option<&MatrixReport>) {
    let Some(report) = report else {
        println!("no text is in force, and none is applied provisionally");
        return;
    };
    println!("what binds whom at {}", report.at);
    if let Some(since) = &report.dormant_since {
        println!("  dormant since {since}: the parties have let their meetings go by");
    }
    let mut head = vec!["clause".to_owned()];
    head.extend(report.ways.iter().map(|(from, to)| format!("{} to {}", safe(from), safe(to))));
    let mut grid = table(&head.iter().map(String::as_str).collect::<Vec<_>>());
    for row in &report.clauses {
        let cells = row.cells.iter().map(|cell| cell.standing.clone());
        grid.add_row(std::iter::once(safe(&row.clause)).chain(cells));
    }
    println!("{grid}");
    for row in &report.clauses {
        let mut told: Vec<&str> = Vec::new();
        for (cell, (from, to)) in row.cells.iter().zip(&report.ways) {
            if cell.why.is_empty() || told.contains(&cell.why.as_str()) {
                continue;
            }
            told.push(&cell.why);
            println!(
                "  clause {}, {} to {}: {}: {}",
                safe(&row.clause),
                safe(from),
                safe(to),
                cell.standing,
                safe(&cell.why)
            );
        }
    }
}

/// The text under negotiation, with its brackets.
pub fn words(report: &WordsReport) {
    for unit in &report.units {
        let open = match unit.brackets {
            0 => String::new(),
            1 => "  [1 open bracket]".to_owned(),
            more => format!("  [{more} open brackets]"),
        };
        println!("{BOLD}{}{BOLD:#}{open}", safe(&unit.unit));
        for (who, what) in [
            (&unit.left_out_by, "would leave it out"),
            (&unit.reserved_by, "has reserved its position"),
            (&unit.silent, "has not spoken of it"),
        ] {
            if !who.is_empty() {
                println!("  {}: {what}", safe(&who.join(", ")));
            }
        }
        for field in &unit.fields {
            println!("  {}: {}", safe(&field.path), field_line(field));
        }
        for (party, note) in &unit.notes {
            println!("  note of {}: {}", safe(party), safe(note));
        }
    }
    if report.by_unit.is_empty() {
        println!("no bracket is open");
    } else {
        println!("open brackets: {}", report.open);
        for unit in &report.by_unit {
            println!("  {}: {}", safe(&unit.unit), unit.brackets);
        }
    }
    if let Some(clean) = &report.clean {
        println!("the clean text is {}: it can be initialled and signed", short(clean));
    }
    if let Some(why) = &report.unsound {
        println!("the text without brackets is not sound: {}", safe(why));
    }
}

/// A field on one line: words that all hold as they are, brackets with who holds them.
fn field_line(field: &FieldReport) -> String {
    let loud = AnsiColor::Yellow.on_default();
    let mut line = String::new();
    for piece in &field.pieces {
        if !line.is_empty() {
            line.push(' ');
        }
        match piece {
            PieceReport::Words(words) => line.push_str(&safe(words)),
            PieceReport::Bracket(options) => {
                let options: Vec<String> = options
                    .iter()
                    .map(|option| {
                        let who = safe(&option.held_by.join(", "));
                        let words = match option.words.as_deref() {
                            None => "?".to_owned(),
                            Some("") => "-".to_owned(),
                            Some(words) => safe(words),
                        };
                        if who.is_empty() { words } else { format!("{who}: {words}") }
                    })
                    .collect();
                // A write into a string does not fail.
                let _ = write!(line, "{loud}[{}]{loud:#}", options.join(" / "));
            }
        }
    }
    line
}

/// The accounts of meetings side by side.
pub fn meetings(reports: &[MeetingReport]) {
    if reports.is_empty() {
        println!("nobody has filed an account of a meeting");
    }
    for report in reports {
        println!("{BOLD}{}{BOLD:#}", safe(&report.meeting));
        for account in &report.accounts {
            println!("  account of {}: held {}", safe(&account.party), account.held);
        }
        for topic in &report.topics {
            println!("  {}: {}", safe(&topic.topic), topic.agreement.to_uppercase());
            for (party, level, words) in &topic.says {
                println!("    {}: {level}: {}", safe(party), safe(words));
            }
        }
    }
}
