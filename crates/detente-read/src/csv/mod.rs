//! Comma, semicolon and tab separated values (RFC 4180, read leniently by `csv-core`).
//!
//! Columns get their meaning from the caller, else from a header (also one behind `#`, as abuse.ch
//! writes it), else the first field of each record that is a value counts. A record is bounded. Of
//! a quote that nobody closed its line is refused, and the lines after it are read as they are.

use std::io::{BufRead, Read};

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

mod columns;
mod frame;
mod mapping;

pub(super) use columns::looks_like;
pub use columns::{Column, CsvMapping, Role};
use columns::{
    Found, clean, columns_from_header, columns_from_mapping, context_of, guess_delimiter, is_header,
};
use frame::{Frame, Frames, Look};
pub use mapping::{ColumnRole, MappingFault};

use super::intake::Intake;
use super::kinds::{self, Hint, Shape};
use super::{Place, ReadFault, Reason, Skip, prose};
use detente_intel::Context;

/// The longest record, in bytes with its quotes and line end.
pub const MAX_RECORD: usize = 256 * 1024;
/// The longest cell that is looked at to tell whether a line is a record, in bytes.
const MAX_VALUE: usize = 4096;
/// Characters of a heading that a reason shows.
const MAX_HEADING: usize = 512;
/// Columns of one record.
pub const MAX_COLUMNS: usize = 256;

/// The state of reading one file.
struct Table<'m> {
    mapping: Option<&'m CsvMapping>,
    columns: Option<Vec<Found>>,
    header_done: bool,
    delimiter: u8,
    /// Cells of the last record.
    width: usize,
    /// The heading, as far as there was one.
    heading: Vec<String>,
}

impl Table<'_> {
    /// That a column of values is missing which the caller names, once there is a heading or a
    /// record without one.
    fn lacks(&self) -> Option<Reason> {
        let (mapping, columns) = (self.mapping?, self.columns.as_ref()?);
        if !self.header_done || columns.iter().any(|one| matches!(one.role, Role::Value(_))) {
            return None;
        }
        let value = |(column, role): &(Column, Role)| match (column, role) {
            (Column::Name(name), Role::Value(_)) => Some(name.clone()),
            _ => None,
        };
        let name = mapping.columns.iter().find_map(value)?;
        let heading = match self.heading.as_slice() {
            [] => "the table has no heading".to_owned(),
            names => format!("the heading has {}", names.join(", ")),
        };
        Some(Reason::NoSuchColumn { name, heading: heading.chars().take(MAX_HEADING).collect() })
    }

    /// How a line looks that stands inside a quoted cell.
    fn look(&self, line: &[u8]) -> Look {
        let line = line.trim_ascii();
        if line.is_empty() || line.starts_with(b"#") {
            return Look::Nothing;
        }
        let width = line.iter().filter(|byte| **byte == self.delimiter).count() + 1;
        if width < self.width.max(2) {
            return Look::Text;
        }
        let is_value = |index: usize| match &self.columns {
            None => true,
            Some(columns) => columns
                .iter()
                .any(|column| column.index == index && matches!(column.role, Role::Value(_))),
        };
        let found = line.split(|byte| *byte == self.delimiter).enumerate().any(|(index, cell)| {
            let cell = std::str::from_utf8(cell).unwrap_or("");
            let cell = cell.trim_matches(|c: char| c.is_whitespace() || c == '"');
            is_value(index) && cell.len() <= MAX_VALUE && kinds::read_token(cell).is_ok()
        });
        if found { Look::Row } else { Look::Cells }
    }
}

pub(super) fn read<R: BufRead>(mut input: R, intake: &mut Intake<'_>) -> Result<(), ReadFault> {
    let mapping = intake.options.csv.as_ref();
    let mut head = Vec::new();
    input.by_ref().take(super::SNIFF as u64).read_to_end(&mut head).map_err(ReadFault::Io)?;
    let delimiter = mapping.and_then(|m| m.delimiter).unwrap_or_else(|| file_delimiter(&head));
    let mut frames = Frames::new(std::io::Cursor::new(head).chain(input), delimiter);
    let mut cells = Cells::new(delimiter);
    let mut table = Table {
        mapping,
        columns: None,
        header_done: false,
        delimiter,
        width: 0,
        heading: Vec::new(),
    };
    loop {
        while let Some(own) = frames.blank_line()? {
            if own {
                intake.pass(Skip::Blank);
            }
        }
        let place = Place::Line(frames.lines + 1);
        match frames.next_frame(&|line| table.look(line))? {
            Frame::End => break,
            Frame::TooLarge => too_large(intake, place, frames.record()),
            Frame::Unclosed(line) => {
                intake.see();
                intake.refuse(Place::Line(line), frames.record(), Reason::UnclosedQuote);
            }
            Frame::Lost(line) => {
                intake.break_off(Place::Line(line), frames.record(), Reason::UnclosedQuoteLost);
                break;
            }
            Frame::Whole => match cells.split(frames.record()) {
                Some((raw, ends)) => {
                    record(intake, &mut table, place.clone(), (raw, ends))?;
                    if let Some(reason) = table.lacks() {
                        intake.break_off(place, raw, reason);
                        break;
                    }
                }
                None => too_large(intake, place, frames.record()),
            },
        }
        intake.at(frames.bytes, frames.lines);
    }
    intake.at(frames.bytes, frames.lines);
    Ok(())
}

fn too_large(intake: &mut Intake<'_>, place: Place, record: &[u8]) {
    intake.see();
    let reason = Reason::RecordTooLarge { max_bytes: MAX_RECORD, max_columns: MAX_COLUMNS };
    intake.refuse(place, record, reason);
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

/// Splits records into cells.
struct Cells {
    parser: Reader,
    fields: Vec<u8>,
    ends: Vec<usize>,
}

impl Cells {
    fn new(delimiter: u8) -> Cells {
        let parser = ReaderBuilder::new().delimiter(delimiter).build();
        Cells { parser, fields: vec![0; MAX_RECORD], ends: vec![0; MAX_COLUMNS] }
    }

    /// The cells of one record, one behind the other, and where each ends; nothing if they are too
    /// many.
    fn split(&mut self, mut record: &[u8]) -> Option<(&[u8], &[usize])> {
        self.parser.reset();
        let (mut out, mut ends) = (0_usize, 0_usize);
        loop {
            let fields = self.fields.get_mut(out..).unwrap_or(&mut []);
            let field_ends = self.ends.get_mut(ends..).unwrap_or(&mut []);
            let (result, read, wrote, ended) = self.parser.read_record(record, fields, field_ends);
            record = record.get(read..).unwrap_or(&[]);
            (out, ends) = (out + wrote, ends + ended);
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => return None,
                ReadRecordResult::Record | ReadRecordResult::End => break,
            }
        }
        Some((self.fields.get(..out).unwrap_or(&[]), self.ends.get(..ends).unwrap_or(&[])))
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
    table.width = fields.len();
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
        table.heading = names;
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
