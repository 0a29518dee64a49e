//! Plain lists: one value a line, hosts files, `value,comment`, and free text.
//!
//! Each line is looked at by itself: a line with one token is a value; a hosts line names domains;
//! a line whose first field is a value and whose others are not is `value,comment`, and values in
//! the comment are left there (it often names the report, not the attacker), but one that is a
//! field by itself and no link is refused, so that somebody looks; any other line is free text and
//! every observable in it is taken.

use std::io::BufRead;

use super::intake::Intake;
use super::kinds::{self, Token};
use super::line::{Line, Lines, MAX_LINE};
use super::{Place, ReadFault, Reason, Skip, hosts, prose};
use detente_intel::NormalFault;

/// Addresses that hosts files point unwanted names to.
const SINKS: [&str; 8] =
    ["0.0.0.0", "127.0.0.1", "::", "::0", "::1", "255.255.255.255", "fe80::1%lo0", "ff02::1"];

/// How much of a line of free text is kept as the description of each observable in it, in bytes.
const MAX_SNIPPET: usize = 512;

pub(super) fn read<R: BufRead>(input: R, intake: &mut Intake<'_>) -> Result<(), ReadFault> {
    let mut lines = Lines::new(input);
    loop {
        let place = lines.number + 1;
        let Some(line) = lines.next_line().map_err(ReadFault::Io)? else {
            break;
        };
        match line {
            Line::Whole(bytes) => one_line(intake, place, bytes)?,
            Line::TooLong(head, got) => {
                intake.see();
                let reason = Reason::LineTooLong { got, max: MAX_LINE as u64 };
                intake.refuse(Place::Line(place), head, reason);
            }
        }
        intake.at(lines.bytes, lines.number);
    }
    Ok(())
}

fn one_line(intake: &mut Intake<'_>, number: u64, bytes: &[u8]) -> Result<(), ReadFault> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        intake.see();
        intake.refuse(Place::Line(number), bytes, Reason::NotUtf8);
        return Ok(());
    };
    let text = text.trim();
    if text.is_empty() {
        intake.pass(Skip::Blank);
        return Ok(());
    }
    if text.starts_with(['#', ';']) || text.starts_with("//") {
        intake.pass(Skip::Comment);
        return Ok(());
    }
    let separated = text.bytes().any(|b| matches!(b, b' ' | b'\t' | b',' | b';' | b'|'));
    if !separated && text.is_ascii() {
        return one_value(intake, number, text, None);
    }
    let (head, comment) = split_comment(text);
    if let Some(names) = hosts_names(head) {
        return hosts_line(intake, number, &names, comment);
    }
    match split_value(head) {
        Split::Many(values) => {
            for value in values {
                one_value(intake, number, value, comment)?;
            }
            Ok(())
        }
        Split::One(value, rest) => {
            for field in rest.split(['\t', ',', ';', '|']).filter(|f| prose::is_column(f)) {
                intake.see();
                intake.refuse(Place::Line(number), field.as_bytes(), Reason::UnnamedColumn);
            }
            let rest = if rest.is_empty() { comment } else { Some(rest) };
            one_value(intake, number, value, rest)
        }
        Split::Text => free_text(intake, number, head, text),
    }
}

fn one_value(
    intake: &mut Intake<'_>,
    number: u64,
    value: &str,
    comment: Option<&str>,
) -> Result<(), ReadFault> {
    intake.see();
    match kinds::read_token(value) {
        Ok(token) => take(intake, token, comment),
        Err(fault) => {
            let wildcard = value.contains('*') || value.starts_with('.');
            let reason = if wildcard { Reason::Wildcard } else { Reason::Normal(fault) };
            intake.refuse(Place::Line(number), value.as_bytes(), reason);
            Ok(())
        }
    }
}

fn take(intake: &mut Intake<'_>, token: Token, comment: Option<&str>) -> Result<(), ReadFault> {
    let mut context = intake.context();
    if let Some(port) = token.port {
        context.add_extra("port", &port.to_string());
    }
    context.describe(comment.unwrap_or(""));
    intake.take(token.observable, context)
}

/// Splits `value # comment`; the mark must follow white space, for URLs have `#` and `//` inside.
fn split_comment(text: &str) -> (&str, Option<&str>) {
    let mark = [" #", "\t#", " //", "\t//", " ; ", "\t; "]
        .into_iter()
        .filter_map(|mark| text.find(mark))
        .min();
    match mark {
        Some(at) => {
            let (head, comment) = text.split_at(at);
            (head.trim_end(), Some(comment.trim_start().trim_start_matches(['#', '/', ';'])))
        }
        None => (text, None),
    }
}

/// The names of a hosts line: `0.0.0.0 evil.example other.example`.
fn hosts_names(head: &str) -> Option<Vec<&str>> {
    let mut tokens = head.split_ascii_whitespace();
    let first = tokens.next()?;
    let names: Vec<&str> = tokens.collect();
    let plain = names.iter().all(|name| {
        name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':'))
    });
    (SINKS.contains(&first) && !names.is_empty() && plain).then_some(names)
}

fn hosts_line(
    intake: &mut Intake<'_>,
    number: u64,
    names: &[&str],
    comment: Option<&str>,
) -> Result<(), ReadFault> {
    for name in names {
        if hosts::is_boilerplate(name) {
            intake.pass(Skip::HostsBoilerplate);
        } else {
            one_value(intake, number, name, comment)?;
        }
    }
    Ok(())
}

/// How the fields of a line belong together.
enum Split<'t> {
    /// Several values.
    Many(Vec<&'t str>),
    /// One value and its comment, which may be empty.
    One(&'t str, &'t str),
    /// Free text.
    Text,
}

/// Splits `value,comment` (also `;`, `|` or a tab) when the first field alone is a value, and
/// `value,value` when all fields are.
fn split_value(head: &str) -> Split<'_> {
    let is_url = head.contains("://") || head.contains("[:]") || head.contains("[://]");
    let spaced = head.contains(char::is_whitespace);
    let fields: Vec<&str> = head
        .split(['\t', ',', ';', '|'])
        .map(str::trim)
        .filter(|field| !field.is_empty())
        .collect();
    if fields.len() > 1 && fields.iter().all(|field| kinds::read_token(field).is_ok()) {
        return Split::Many(fields);
    }
    // Commas and semicolons without a space after them belong to a URL.
    let at = if is_url {
        ["\t", ", ", "; ", " | ", "|"].into_iter().filter_map(|mark| head.find(mark)).min()
    } else {
        head.find(['\t', ',', ';', '|'])
    };
    let Some(at) = at else {
        return if spaced { Split::Text } else { Split::One(head, "") };
    };
    let (value, rest) = head.split_at(at);
    let value = value.trim();
    if value.contains(char::is_whitespace) || kinds::read_token(value).is_err() {
        return Split::Text;
    }
    Split::One(value, rest.trim_start_matches([' ', '\t', ',', ';', '|']))
}

fn free_text(
    intake: &mut Intake<'_>,
    number: u64,
    head: &str,
    line: &str,
) -> Result<(), ReadFault> {
    let snippet = line.get(..line.floor_char_boundary(MAX_SNIPPET));
    let mut found = false;
    for word in prose::words(head) {
        match prose::judge(word) {
            prose::Judged::Word => continue,
            prose::Judged::Take(token) => {
                intake.see();
                take(intake, *token, snippet)?;
            }
            prose::Judged::Refuse(reason) => {
                intake.see();
                intake.refuse(Place::Line(number), word.as_bytes(), reason);
            }
        }
        found = true;
    }
    if found {
        return Ok(());
    }
    // One strange word is a value that somebody meant; several are a sentence.
    if head.contains(char::is_whitespace) {
        intake.pass(Skip::NoObservable);
    } else {
        intake.see();
        intake.refuse(Place::Line(number), head.as_bytes(), NormalFault::Unrecognised);
    }
    Ok(())
}
