//! What `accord check` finds.

use anstream::println;

use super::safe;
use crate::check::CheckReport;

/// A text is sound, or what is wrong with it. The prose of a sound text is shown as it reads: a
/// parameter in another's place is nothing that a program could find.
pub fn checked(report: &CheckReport) {
    let file = safe(&report.file);
    if let Some(title) = &report.title {
        println!("{file}: sound: {}", safe(title));
    }
    for clause in &report.clauses {
        println!("  clause {} ({}), line {}", clause.id, clause.rule, clause.line);
        for (language, prose) in &clause.prose {
            println!("    {}: {}", safe(language), safe(prose));
        }
    }
    if !report.clauses.is_empty() {
        println!("read it as it stands here: whether it says what you mean, no check can tell");
    }
    for language in &report.words_unread {
        println!(
            "not checked: numbers and periods in words in {}; digits and colours were",
            safe(language)
        );
    }
    for word in &report.confusables {
        let place = format!("{} ({})", safe(&word.unit), safe(&word.field));
        let what = match &word.like {
            Some(like) => format!("looks like {:?}", safe(like)),
            None => "mixes letters of two scripts".to_owned(),
        };
        let letters = if word.letters.is_empty() {
            String::new()
        } else {
            format!(": {}", safe(&word.letters.join(", ")))
        };
        println!("look closely: {place}: {:?} {what}{letters}", safe(&word.word));
    }
    for fault in report.faults.iter().chain(&report.findings) {
        println!("{file}:{}: {}", fault.line, safe(&fault.what));
        println!("    remedy: {}", safe(&fault.remedy));
    }
    for (what, many) in [("fault", &report.faults), ("finding", &report.findings)] {
        match many.len() {
            0 => {}
            1 => println!("1 {what}"),
            more => println!("{more} {what}s"),
        }
    }
}
