//! Readers of untrusted files: lists and free text, hosts files, CSV, STIX 2.1, MISP, OpenIOC, and
//! NDJSON as this program writes it.
//!
//! Every reader streams with bounded memory and accounts for every item it meets: taken, refused
//! with a reason and a place, or skipped with a reason ([`Summary::is_balanced`]). Nothing is
//! opened here: the caller hands over a [`BufRead`] and a [`Sink`].
//!
//! A fault in the content never ends in an error: it is refused, reported and, if the rest cannot
//! be read, [`Summary::broken`] says so. [`ReadFault`] is for what the content cannot explain.

mod csv;
mod hosts;
mod intake;
mod json;
mod kinds;
mod line;
mod list;
mod misp;
mod ndjson;
mod openioc;
mod prose;
mod report;
mod sighted;
mod sniff;
mod stix;
#[cfg(test)]
mod tests;
mod utf16;

use std::io::{self, BufRead, BufReader, Cursor, Read};

use detente_core::Tlp;
use detente_pattern::{Dialect, Pattern, PatternFault};

use detente_intel::Indicator;

pub use csv::{Column, ColumnRole, CsvMapping, MAX_COLUMNS, MAX_RECORD, MappingFault, Role};
pub use json::MAX_DEPTH;
pub use line::MAX_LINE;
pub use misp::MAX_EVENT_HELD;
pub use openioc::{MAX_XML_ATTRIBUTES, MAX_XML_DEPTH, MAX_XML_PART};
pub use report::{MAX_EXCERPT, Place, Reason, Refusal, Skip, Summary};
pub use stix::{
    MAX_DEFINITIONS, MAX_HELD, MAX_OBJECT, ObjectMarkings, head_markings, object_markings,
};

use intake::Intake;

/// How much of a file is looked at to tell its format, in bytes.
const SNIFF: usize = 16 * 1024;
/// Progress is reported about once per this many bytes.
const PROGRESS_STEP: u64 = 256 * 1024;
/// The label of an observable that stands in a conjunction, of whichever format. Exports of what is
/// exact leave it out.
const PART_OF_CONJUNCTION: &str = "stix:part-of-conjunction";

/// What a file holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Look at the first bytes.
    #[default]
    Auto,
    /// Comma, semicolon or tab separated values.
    Csv,
    /// A hosts file: addresses at which nobody answers, and the names that are blocked so.
    Hosts,
    /// One value a line, hosts lines, `value,comment`, or free text.
    List,
    /// MISP events or attributes as JSON.
    Misp,
    /// A JSON object a line: STIX objects, or indicators as this program exports them.
    Ndjson,
    /// OpenIOC 1.0 or 1.1.
    OpenIoc,
    /// A STIX 2.0 or 2.1 bundle, a TAXII envelope, or an array of STIX objects.
    Stix,
}

impl Format {
    /// Every format.
    pub const ALL: [Format; 8] = [
        Format::Auto,
        Format::Csv,
        Format::Hosts,
        Format::List,
        Format::Misp,
        Format::Ndjson,
        Format::OpenIoc,
        Format::Stix,
    ];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Format::Auto => "auto",
            Format::Csv => "csv",
            Format::Hosts => "hosts",
            Format::List => "list",
            Format::Misp => "misp",
            Format::Ndjson => "ndjson",
            Format::OpenIoc => "openioc",
            Format::Stix => "stix",
        }
    }
}

/// The text names no format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown format {0:?}: use auto, list, hosts, csv, stix, misp, ndjson or openioc")]
pub struct UnknownFormat(pub String);

impl std::str::FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Format, UnknownFormat> {
        Format::ALL
            .into_iter()
            .find(|format| format.name() == text)
            .ok_or_else(|| UnknownFormat(text.chars().take(64).collect()))
    }
}

/// How to read a file.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What the file holds.
    pub format: Format,
    /// The colour of indicators for which the file names none and marks nothing else. It never
    /// opens a marking of the file.
    pub default_tlp: Option<Tlp>,
    /// The colour that every indicator has at least, whatever the file names.
    pub at_least: Option<Tlp>,
    /// Closes every indicator, for this reason.
    pub closed: Option<String>,
    /// The name of the source, at most [`detente_intel::MAX_SOURCE`] bytes; longer is cut.
    pub source: String,
    /// Whether indicators that this program exported keep the source that they name. Without it
    /// they are words of [`Options::source`]: a file must not speak for another source, whose words
    /// it could replace or take back.
    pub keep_sources: bool,
    /// Which CSV column means what; without it the header decides.
    pub csv: Option<CsvMapping>,
}

/// Where indicators and refusals go.
pub trait Sink {
    /// Takes over one indicator.
    ///
    /// # Errors
    /// A fault ends the import with [`ReadFault::Sink`].
    fn take(&mut self, indicator: Indicator) -> Result<(), SinkFault>;

    /// Hears of one STIX object as it stands in the file, whatever is taken from it. Not of one
    /// that is refused for its length or depth.
    ///
    /// # Errors
    /// A fault ends the import with [`ReadFault::Sink`].
    fn object(&mut self, _bytes: &[u8]) -> Result<(), SinkFault> {
        Ok(())
    }

    /// Hears of one item that was not taken, and why.
    fn refuse(&mut self, refusal: Refusal);

    /// Hears how many bytes of the input have been read, now and then.
    fn progress(&mut self, bytes_read: u64);
}

/// The sink cannot take more.
#[derive(Debug, thiserror::Error)]
#[error("the receiver of the indicators failed")]
pub struct SinkFault(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// Why an import ended early for a reason that is not in the content's details.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadFault {
    /// The file is compressed; it is not unpacked here, so that no bomb can go off.
    #[error("the file is compressed ({0}): unpack it first")]
    Compressed(&'static str),
    /// The input could not be read.
    #[error("reading the input failed")]
    Io(#[source] io::Error),
    /// The sink failed.
    #[error("handing over an indicator failed")]
    Sink(#[source] SinkFault),
}

impl ReadFault {
    /// A stable machine name.
    pub fn code(&self) -> &'static str {
        match self {
            ReadFault::Compressed(_) => "compressed",
            ReadFault::Io(_) => "io",
            ReadFault::Sink(_) => "sink",
        }
    }
}

/// Reads all of `input` and hands every indicator and refusal to `sink`.
///
/// Text in UTF-8 or, behind its byte order mark, in UTF-16; bytes are counted as UTF-8.
///
/// Memory is bounded by [`MAX_LINE`], [`MAX_RECORD`], [`MAX_OBJECT`], [`MAX_HELD`],
/// [`MAX_EVENT_HELD`] and [`MAX_XML_PART`], whatever the input's size.
///
/// # Errors
/// [`ReadFault`]; what was handed over before stays handed over.
pub fn read<R: BufRead>(
    mut input: R,
    options: &Options,
    sink: &mut dyn Sink,
) -> Result<Summary, ReadFault> {
    let mut head = Vec::new();
    input.by_ref().take(SNIFF as u64).read_to_end(&mut head).map_err(ReadFault::Io)?;
    refuse_binary(&head)?;
    let Some(order) = utf16::order_of(&head) else {
        return read_utf8(head, input, options, sink);
    };
    let mut cursor = Cursor::new(head);
    cursor.set_position(2);
    let mut text = BufReader::new(utf16::Utf16::new(cursor.chain(input), order));
    let mut head = Vec::new();
    text.by_ref().take(SNIFF as u64).read_to_end(&mut head).map_err(ReadFault::Io)?;
    read_utf8(head, text, options, sink)
}

/// Reads STIX objects that are apart from each other already, each at most [`MAX_OBJECT`] bytes, as
/// [`read`] would read an array of them.
///
/// # Errors
/// [`ReadFault::Sink`]; what was handed over before stays handed over.
pub fn read_objects(
    objects: &[&[u8]],
    options: &Options,
    sink: &mut dyn Sink,
) -> Result<Summary, ReadFault> {
    let mut intake = Intake::new(options, sink, Format::Stix);
    stix::read_objects(objects, &mut intake)?;
    Ok(intake.finish())
}

/// Reads a file whose first bytes, as far as they were looked at, are `head`.
fn read_utf8<R: BufRead>(
    head: Vec<u8>,
    input: R,
    options: &Options,
    sink: &mut dyn Sink,
) -> Result<Summary, ReadFault> {
    let bom = if head.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let format = match options.format {
        Format::Auto => match sniff::sniff(head.get(bom..).unwrap_or(&[])) {
            Ok(format) => format,
            Err(reason) => return Ok(foreign(&head, reason, options, sink)),
        },
        format => format,
    };
    let mut cursor = Cursor::new(head);
    cursor.set_position(bom as u64);
    let input = cursor.chain(input);
    let mut intake = Intake::new(options, sink, format);
    match format {
        Format::Auto | Format::List => list::read(input, &mut intake)?,
        Format::Csv => csv::read(input, &mut intake)?,
        Format::Hosts => hosts::read(input, &mut intake)?,
        Format::Misp => misp::read(input, &mut intake)?,
        Format::Ndjson => ndjson::read(input, &mut intake)?,
        Format::OpenIoc => openioc::read(input, &mut intake)?,
        Format::Stix => stix::read(input, &mut intake)?,
    }
    let mut summary = intake.finish();
    if options.format == Format::Auto && summary.broken == Some(Reason::UnknownJson) {
        summary.format = Format::Auto;
    }
    Ok(summary)
}

/// Says of a file that is none of ours what it is, and reads nothing of it.
fn foreign(head: &[u8], reason: Reason, options: &Options, sink: &mut dyn Sink) -> Summary {
    let mut intake = Intake::new(options, sink, Format::Auto);
    intake.at(head.len() as u64, 1);
    intake.break_off(Place::Line(1), head, reason);
    intake.finish()
}

/// Parses one STIX pattern as the readers do: with the slips of feeds and what STIX 2.0 allowed
/// besides.
///
/// # Errors
/// [`PatternFault`] with the byte where the text stops being a pattern.
pub fn parse_pattern(text: &str) -> Result<Pattern, PatternFault> {
    Pattern::parse_as(text, Dialect::Lenient)
}

fn refuse_binary(head: &[u8]) -> Result<(), ReadFault> {
    const MAGIC: [(&[u8], &str); 5] = [
        (b"\x1f\x8b", "gzip"),
        (b"PK\x03\x04", "zip"),
        (b"\x28\xb5\x2f\xfd", "zstd"),
        (b"\xfd7zXZ\x00", "xz"),
        (b"BZh", "bzip2"),
    ];
    if let Some((_, name)) = MAGIC.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Err(ReadFault::Compressed(name));
    }
    Ok(())
}
