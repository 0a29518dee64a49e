//! Comma, semicolon and tab separated values (RFC 4180, read leniently by `csv-core`).
//!
//! Columns get their meaning from the caller, else from a header (also one behind `#`, as abuse.ch
//! writes it), else the first field of each record that is a value counts. A record is bounded: one
//! that never ends, because a quote was not closed, is passed over without being held.

use std::io::{BufRead, Read};

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

mod columns;
mod mapping;

pub(super) use columns::looks_like;
pub use columns::{Column, CsvMapping, Role};
use columns::{
    Found, clean, columns_from_header, columns_from_mapping, context_of, guess_delimiter, is_header,
};
pub use mapping::{ColumnRole, MappingFault};

use super::intake::Intake;
use super::kinds::{self, Hint, Shape};
use super::{MAX_EXCERPT, Place, ReadFault, Reason, Skip, prose};
use detente_intel::Context;

/// The longest record, in bytes of its fields.
pub const MAX_RECORD: usize = 256 * 1024;
/// Columns of one record.
pub const MAX_COLUMNS: usize = 256;

/// The state of reading one file.
struct Table<'m> {
    mapping: Option<&'m CsvMapping>,
    columns: Option<Vec<Found>>,
    header_done: bool,
}

pub(super) fn read<R: BufRead>(mut input: R, intake: &mut Intake<'_>) -> Result<(), ReadFault> {
    let mapping = intake.options.csv.as_ref();
    let mut head = Vec::new();
    input.by_ref().take(super::SNIFF as u64).read_to_end(&mut head).map_err(ReadFault::Io)?;
    let delimiter = mapping.and_then(|m| m.delimiter).unwrap_or_else(|| file_delimiter(&head));
    let mut input = std::io::Cursor::new(head).chain(input);
    let mut parser = ReaderBuilder::new().delimiter(delimiter).build();
    let mut table = Table { mapping, columns: None, header_done: false };
    let mut buffers = Buffers::new();
    loop {
        blank_lines(&mut input, &mut buffers, intake)?;
        let place = Place::Line(buffers.lines + 1);
        match one_record(&mut parser, &mut input, &mut buffers)? {
            Step::End => break,
            Step::TooLarge => {
                intake.see();
                let reason =
                    Reason::RecordTooLarge { max_bytes: MAX_RECORD, max_columns: MAX_COLUMNS };
                intake.refuse(place, &buffers.head, reason);
            }
            Step::Record { fields, bytes } => {
                let raw = buffers.fields.get(..bytes).unwrap_or(&[]);
                let ends = buffers.ends.get(..fields).unwrap_or(&[]);
                record(intake, &mut table, place, (raw, ends))?;
            }
        }
        intake.at(buffers.bytes, buffers.lines);
    }
    intake.at(buffers.bytes, buffers.lines);
    Ok(())
}

/// The separator of the first line that is no comment.
fn file_delimiter(head: &[u8]) -> u8 {
    let lines = || head.split(|b| *b == b'\n').filter(|line| !line.trim_ascii().is_empty());
    lines()
        .find(|line| !line.trim_ascii().starts_with(b"#"))
        .or_else(|| lines().next())
        .and_then(guess_delimiter)
        .unwrap_or(b',')
}

/// One record's fields, and how far the input has been read.
struct Buffers {
    fields: Vec<u8>,
    ends: Vec<usize>,
    /// How the record began, for the report.
    head: Vec<u8>,
    bytes: u64,
    /// Line feeds read.
    lines: u64,
    /// Whether the last byte read was a carriage return, whose line feed is still to come.
    half_ended: bool,
}

impl Buffers {
    fn new() -> Buffers {
        Buffers {
            fields: vec![0; MAX_RECORD],
            ends: vec![0; MAX_COLUMNS],
            head: Vec::new(),
            bytes: 0,
            lines: 0,
            half_ended: false,
        }
    }

    fn count(&mut self, read: &[u8]) {
        self.bytes += read.len() as u64;
        self.lines += read.iter().filter(|b| **b == b'\n').count() as u64;
        if let Some(last) = read.last() {
            self.half_ended = *last == b'\r';
        }
    }
}

enum Step {
    End,
    Record { fields: usize, bytes: usize },
    TooLarge,
}

fn fill<R: BufRead>(input: &mut R) -> Result<&[u8], ReadFault> {
    loop {
        match input.fill_buf() {
            Ok(_) => break,
            Err(fault) if fault.kind() == std::io::ErrorKind::Interrupted => {}
            Err(fault) => return Err(ReadFault::Io(fault)),
        }
    }
    // The buffer is full by now: this call reads nothing (the first one's borrow cannot leave a
    // loop that may go round again).
    input.fill_buf().map_err(ReadFault::Io)
}

/// Passes empty lines, which the parser would swallow without a word.
fn blank_lines<R: BufRead>(
    input: &mut R,
    buffers: &mut Buffers,
    intake: &mut Intake<'_>,
) -> Result<(), ReadFault> {
    loop {
        let byte = match fill(input)?.first() {
            Some(byte @ (b'\n' | b'\r')) => *byte,
            _ => return Ok(()),
        };
        let ends_record = byte == b'\n' && buffers.half_ended;
        // "\r\n" alone on a line: the blank is counted at the carriage return.
        if !ends_record {
            intake.pass(Skip::Blank);
        }
        input.consume(1);
        buffers.count(&[byte]);
    }
}

/// Reads one record into the buffers; one that does not fit is read to its end and dropped.
fn one_record<R: BufRead>(
    parser: &mut Reader,
    input: &mut R,
    buffers: &mut Buffers,
) -> Result<Step, ReadFault> {
    let (mut out, mut ends) = (0_usize, 0_usize);
    let mut too_large = false;
    buffers.head.clear();
    loop {
        let chunk = fill(input)?;
        let fields = buffers.fields.get_mut(out..).unwrap_or(&mut []);
        let field_ends = buffers.ends.get_mut(ends..).unwrap_or(&mut []);
        let (result, read, wrote, ended) = parser.read_record(chunk, fields, field_ends);
        let used = chunk.get(..read).unwrap_or(chunk);
        let room = (MAX_EXCERPT * 4).saturating_sub(buffers.head.len());
        buffers.head.extend_from_slice(used.get(..room).unwrap_or(used));
        buffers.count(used);
        out += wrote;
        ends += ended;
        input.consume(read);
        match result {
            ReadRecordResult::InputEmpty => {}
            ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                too_large = true;
                (out, ends) = (0, 0);
            }
            ReadRecordResult::Record if too_large => return Ok(Step::TooLarge),
            ReadRecordResult::Record => {
                return Ok(Step::Record { fields: ends, bytes: out });
            }
            ReadRecordResult::End => return Ok(Step::End),
        }
    }
}

/// A cell without the apostrophe that keeps a spreadsheet from running it as a formula. It stands
/// before another apostrophe too, so that who takes one off each cell has the text again.
fn unguarded(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if rest.starts_with(['=', '+', '-', '@', '\t', '\r', '\'']) => rest.trim(),
        _ => cell,
    }
}

fn record(
    intake: &mut Intake<'_>,
    table: &mut Table<'_>,
    place: Place,
    (raw, ends): (&[u8], &[usize]),
) -> Result<(), ReadFault> {
    let Ok(text) = std::str::from_utf8(raw) else {
        intake.see();
        intake.refuse(place, raw, Reason::NotUtf8);
        return Ok(());
    };
    let mut fields = Vec::with_capacity(ends.len());
    let mut start = 0;
    for end in ends {
        fields.push(unguarded(text.get(start..*end).unwrap_or("").trim()));
        start = *end;
    }
    if fields.iter().all(|field| field.is_empty()) {
        intake.pass(Skip::Blank);
        return Ok(());
    }
    let comment = fields.first().is_some_and(|field| field.starts_with('#'));
    if !table.header_done && try_header(table, &fields, comment) {
        intake.pass(if comment { Skip::Comment } else { Skip::Header });
        return Ok(());
    }
    if comment {
        intake.pass(Skip::Comment);
        return Ok(());
    }
    if !table.header_done {
        table.header_done = true;
        if let Some(mapping) = table.mapping {
            table.columns = Some(columns_from_mapping(mapping, &[]));
        }
    }
    match &table.columns {
        Some(columns) => by_columns(intake, columns, place, &fields),
        None => by_guess(intake, place, &fields),
    }
}

/// Takes this record as the header if it is one; a later one, as behind `#`, replaces it.
fn try_header(table: &mut Table<'_>, fields: &[&str], comment: bool) -> bool {
    let names: Vec<String> = fields.iter().map(|field| clean(field)).collect();
    let header = match table.mapping.and_then(|m| m.has_header) {
        Some(told) => told && !comment,
        None => is_header(&names),
    };
    if header {
        table.columns = Some(match table.mapping {
            Some(mapping) => columns_from_mapping(mapping, &names),
            None => columns_from_header(&names),
        });
        table.header_done = !comment;
    }
    header
}

fn by_columns(
    intake: &mut Intake<'_>,
    columns: &[Found],
    place: Place,
    fields: &[&str],
) -> Result<(), ReadFault> {
    let context = context_of(intake, columns, fields);
    let told = columns
        .iter()
        .filter(|column| column.role == Role::Type)
        .find_map(|column| fields.get(column.index).filter(|name| !name.is_empty()));
    let mut values = 0_usize;
    for column in columns {
        let (Role::Value(kind), Some(value)) = (column.role, fields.get(column.index)) else {
            continue;
        };
        if value.is_empty() {
            continue;
        }
        values += 1;
        let shape = match (kind, column.shape, told) {
            (Some(kind), _, _) => Some(Shape::One(Hint::Kind(kind))),
            (None, Some(shape), _) => Some(shape),
            (None, None, Some(name)) => kinds::shape_of(name),
            (None, None, None) => Some(Shape::One(Hint::Any)),
        };
        match shape {
            Some(shape) => one_cell(intake, shape, value, (&place, &context))?,
            None => {
                intake.see();
                let name: String = told.unwrap_or(&"").chars().take(64).collect();
                intake.refuse(place.clone(), value.as_bytes(), Reason::UnsupportedType(name));
            }
        }
    }
    if values == 0 {
        intake.pass(Skip::NoObservable);
    }
    Ok(())
}

fn one_cell(
    intake: &mut Intake<'_>,
    shape: Shape,
    value: &str,
    (place, context): (&Place, &Context),
) -> Result<(), ReadFault> {
    if shape == Shape::One(Hint::Any) {
        intake.see();
        match kinds::read_token(value) {
            Ok(token) => {
                let mut context = context.clone();
                context.add_extra("port", &token.port.map(|p| p.to_string()).unwrap_or_default());
                intake.take(token.observable, context)?;
            }
            Err(fault) => intake.refuse(place.clone(), value.as_bytes(), fault),
        }
        return Ok(());
    }
    let parts = kinds::read_shape(shape, value);
    for part in std::iter::once(parts.first).chain(parts.second) {
        intake.see();
        match part.result {
            Ok(observable) => {
                let mut context = context.clone();
                if let Some((name, text)) = parts.beside {
                    context.add_extra(name, text);
                }
                intake.take(observable, context)?;
            }
            Err(fault) => intake.refuse(place.clone(), part.text.as_bytes(), fault),
        }
    }
    Ok(())
}

/// Without any header: if all fields are values, all are taken; else the first that is a value is
/// one, the others are its comment, and of those a value that is no link is refused.
fn by_guess(intake: &mut Intake<'_>, place: Place, fields: &[&str]) -> Result<(), ReadFault> {
    let filled: Vec<&str> = fields.iter().copied().filter(|field| !field.is_empty()).collect();
    let first = filled.iter().position(|field| kinds::read_token(field).is_ok());
    let Some(first) = first else {
        intake.see();
        let meant = filled.iter().find_map(|field| match prose::judge(field) {
            prose::Judged::Refuse(reason) => Some((*field, reason)),
            _ => None,
        });
        match meant {
            Some((field, reason)) => intake.refuse(place, field.as_bytes(), reason),
            None => intake.skip(Skip::NoObservable),
        }
        return Ok(());
    };
    let mut context = intake.context();
    if filled.iter().all(|field| kinds::read_token(field).is_ok()) {
        for field in filled {
            one_cell(intake, Shape::One(Hint::Any), field, (&place, &context))?;
        }
        return Ok(());
    }
    let mut others = filled;
    let value = others.remove(first);
    context.describe(&others.join(", "));
    for field in others.iter().filter(|field| prose::is_column(field)) {
        intake.see();
        intake.refuse(place.clone(), field.as_bytes(), Reason::UnnamedColumn);
    }
    one_cell(intake, Shape::One(Hint::Any), value, (&place, &context))
}
