//! Duties and dates as an iCalendar file.
//!
//! Source: RFC 5545. Each duty with an end is an event at that moment, in UTC; its identifier rests
//! on the clause, the act that set it off and who owes it, so that a later export replaces it.

use detente_core::Digest;

use super::{DutiesReport, DutyReport};

/// Longest line, in octets, without its end (section 3.1).
const MAX_LINE: usize = 75;

/// The report as the bytes of a calendar.
pub fn icalendar(report: &DutiesReport) -> String {
    let mut out = String::new();
    line(&mut out, "BEGIN:VCALENDAR");
    line(&mut out, "VERSION:2.0");
    line(&mut out, "PRODID:-//detente//duties//EN");
    line(&mut out, "CALSCALE:GREGORIAN");
    let stamp = moment(&report.at);
    for duty in &report.duties {
        duty_event(&mut out, report, duty, &stamp);
    }
    for date in &report.dates {
        let uid = uid(&[&report.accord, &date.what, &date.at]);
        event(&mut out, (&uid, &stamp, &date.at), &format!("{}: {}", report.accord, date.what), "");
    }
    line(&mut out, "END:VCALENDAR");
    out
}

fn duty_event(out: &mut String, report: &DutiesReport, duty: &DutyReport, stamp: &str) {
    let Some(due) = &duty.due else { return };
    let clause = duty.clause.as_deref().unwrap_or("");
    let trigger = duty.trigger.as_deref().unwrap_or(&duty.about);
    // The next meeting is a new event each time; all else keeps its identifier.
    let nth = if duty.source == "meetings" { due.as_str() } else { "" };
    let named = [report.accord.as_str(), clause, &duty.source, trigger, &duty.owed_by, nth];
    let of = if clause.is_empty() { String::new() } else { format!(", clause {clause}") };
    let summary =
        format!("{}: {} owes: {} ({}){of}", report.accord, duty.owed_by, duty.verb, duty.about);
    let mut words = format!("State: {}.", duty.state);
    if !duty.note.is_empty() {
        words.push_str(&format!(" {}.", duty.note));
    }
    if !duty.breach.is_empty() {
        words.push_str(&format!(" On breach: {}.", duty.breach));
    }
    event(out, (&uid(&named), stamp, due), &summary, &words);
}

fn event(out: &mut String, (uid, stamp, at): (&str, &str, &str), summary: &str, words: &str) {
    line(out, "BEGIN:VEVENT");
    line(out, &format!("UID:{uid}"));
    line(out, &format!("DTSTAMP:{stamp}"));
    line(out, &format!("DTSTART:{}", moment(at)));
    line(out, &format!("SUMMARY:{}", text(summary)));
    if !words.is_empty() {
        line(out, &format!("DESCRIPTION:{}", text(words)));
    }
    line(out, "TRANSP:TRANSPARENT");
    line(out, "END:VEVENT");
}

fn uid(parts: &[&str]) -> String {
    let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
    format!("{}@detente", Digest::of("detente/ics/1", &parts))
}

/// `2027-01-15T08:00:00Z` as a date-time of the file (section 3.3.5).
fn moment(at: &str) -> String {
    at.chars().filter(|c| !matches!(c, '-' | ':')).collect()
}

/// Text with its special characters escaped (section 3.3.11); control characters are left out.
fn text(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    for c in words.chars() {
        match c {
            '\\' | ';' | ',' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// Writes a line, folded where it is too long, never within a character.
fn line(out: &mut String, content: &str) {
    let mut length = 0;
    for c in content.chars() {
        if length + c.len_utf8() > MAX_LINE {
            out.push_str("\r\n ");
            length = 1;
        }
        out.push(c);
        length += c.len_utf8();
    }
    out.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::duties::DateReport;

    fn duty() -> DutyReport {
        DutyReport {
            clause: Some("4".to_owned()),
            source: "oblige".to_owned(),
            verb: "acknowledge".to_owned(),
            about: "release 01020304".to_owned(),
            trigger: None,
            owed_by: "CERT; B, \\ Éé\nBEGIN:VEVENT".to_owned(),
            ours: false,
            owed_to: "A".to_owned(),
            within: "1 day".to_owned(),
            clock: "act".to_owned(),
            starts: None,
            due: Some("2027-01-15T08:00:00Z".to_owned()),
            state: "open".to_owned(),
            note: String::new(),
            act: None,
            breach: "é".repeat(100),
        }
    }

    fn report() -> DutiesReport {
        let date = DateReport { at: "2030-12-31T00:00:00Z".to_owned(), what: "it ends".to_owned() };
        DutiesReport {
            accord: "a-b".to_owned(),
            at: "2027-01-14T08:00:00Z".to_owned(),
            duties: vec![duty(), DutyReport { due: None, ..duty() }],
            left_out: 0,
            dates: vec![date],
            uncomputed: Vec::new(),
        }
    }

    #[test]
    fn lines_are_folded_and_names_escaped() {
        let file = icalendar(&report());
        assert!(file.ends_with("END:VCALENDAR\r\n"));
        assert!(file.split("\r\n").all(|line| line.len() <= MAX_LINE), "{file}");
        let unfolded = file.replace("\r\n ", "");
        let events = unfolded.lines().filter(|line| *line == "BEGIN:VEVENT").count();
        assert_eq!(events, 2, "a name begins no event, and what has no end is none");
        assert!(unfolded.contains("CERT\\; B\\, \\\\ Éé\\nBEGIN:VEVENT owes"), "{unfolded}");
        assert!(unfolded.contains("DTSTART:20270115T080000Z"));
    }

    #[test]
    fn an_event_keeps_its_identifier_while_its_state_moves() {
        let uids = |report: &DutiesReport| -> Vec<String> {
            let file = icalendar(report).replace("\r\n ", "");
            file.lines().filter(|line| line.starts_with("UID:")).map(str::to_owned).collect()
        };
        let mut later = report();
        later.at = "2027-01-20T08:00:00Z".to_owned();
        later.duties[0].state = "breached".to_owned();
        assert_eq!(uids(&report()), uids(&later));
        later.duties[0].owed_by = "A".to_owned();
        assert_ne!(uids(&report()), uids(&later));
    }
}
