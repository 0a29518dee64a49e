//! Differences of texts, annexes, templates.

use std::fmt::Write as _;

use anstream::println;
use anstyle::{AnsiColor, Style};
use detente_paper::{ChangeKind, Edit, Redline, UnitChange};

use super::{safe, table};
use crate::draft::TemplateReport;
use crate::paper::AnnexReport;

/// A difference in colour: red and struck out went, green came.
pub fn redline(redline: &Redline) {
    let gone = AnsiColor::Red.on_default().strikethrough();
    let new = AnsiColor::Green.on_default().underline();
    println!("{}", redline_text(redline, gone, new, Style::new().bold()).trim_end());
}

/// A difference without colour.
pub fn redline_plain(redline: &Redline) -> String {
    redline_text(redline, Style::new(), Style::new(), Style::new())
}

/// The signs stay where there is no colour: [-gone-], {+new+}.
fn redline_text(redline: &Redline, gone: Style, new: Style, bold: Style) -> String {
    let mut text = String::new();
    for unit in &redline.units {
        let _ = writeln!(text, "{bold}{}{bold:#}", safe(&heading(unit)));
        for field in &unit.fields {
            let words = field.edits.iter().map(|edit| match edit {
                Edit::Added(words) => format!("{new}{{+{}+}}{new:#}", safe(words)),
                Edit::Removed(words) => format!("{gone}[-{}-]{gone:#}", safe(words)),
                Edit::Same(words) => safe(words),
            });
            let words: Vec<String> = words.collect();
            let _ = writeln!(text, "  {}: {}", safe(&field.path), words.join(" "));
        }
    }
    let units = if redline.same == 1 { "unit is" } else { "units are" };
    let _ = writeln!(text, "{} {units} the same", redline.same);
    text
}

fn heading(unit: &UnitChange) -> String {
    let moved = if unit.moved && unit.kind != ChangeKind::Moved { ", moved" } else { "" };
    format!("{}: {}{moved}", unit.unit, unit.kind.name())
}

/// The templates of texts, a line each.
pub fn templates(templates: &[TemplateReport]) {
    let mut table = table(&["template", "parties", "what it is for"]);
    for report in templates {
        table.add_row([&report.template, &report.parties, &report.purpose]);
    }
    println!("{}", table.to_string().trim_end());
    println!("fill one in: detente accord draft SLUG --with PARTY --template NAME");
}

/// The annexes of a text.
pub fn annexes(annexes: &[AnnexReport]) {
    if annexes.is_empty() {
        println!("the text has no annex");
        return;
    }
    let mut table = table(&["annex", "title", "kind", "media type", "bytes", "SHA-256"]);
    for annex in annexes {
        let titles: Vec<String> = annex.title.iter().map(|(_, title)| safe(title)).collect();
        table.add_row([
            safe(&annex.id),
            titles.join(" / "),
            annex.kind.clone(),
            safe(&annex.media_type),
            annex.bytes.to_string(),
            annex.sha256.clone(),
        ]);
    }
    println!("{table}");
}
