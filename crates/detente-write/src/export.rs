//! One export from its beginning to its end.

use std::io::{self, Write};

use detente_intel::Indicator;

use crate::account::{Outcome, Reason, Summary};
use crate::screen::{Item, screen};
use crate::text::one_line;
use crate::{Entered, Format, MAX_META, Meta, Options};
use crate::{csv, hosts, misp, ndjson, rpz, sigma, stix, suricata, zeek};

/// An export that cannot go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteFault {
    /// The output could not be written.
    #[error("writing the export failed")]
    Io(#[from] io::Error),
    /// An option that the format cannot follow.
    #[error("the option {option} cannot be followed: {why}")]
    Option {
        /// Which option.
        option: &'static str,
        /// What is wrong with it.
        why: &'static str,
    },
}

impl WriteFault {
    /// A stable machine name.
    pub const fn code(&self) -> &'static str {
        match self {
            WriteFault::Io(_) => "io",
            WriteFault::Option { .. } => "option",
        }
    }
}

impl From<serde_json::Error> for WriteFault {
    fn from(fault: serde_json::Error) -> WriteFault {
        WriteFault::Io(fault.into())
    }
}

/// What came of one item: written, or the reason why not.
pub(crate) type Put = Result<Result<(), Reason>, WriteFault>;

/// One format.
pub(crate) trait Writer {
    /// Writes what stands before the first entry.
    fn begin(&mut self, out: &mut dyn Write) -> Result<(), WriteFault>;
    /// Writes or holds one entry.
    fn put(&mut self, out: &mut dyn Write, item: &Item<'_>) -> Put;
    /// Writes what is held and what stands after the last entry.
    fn end(&mut self, out: &mut dyn Write) -> Result<(), WriteFault>;
    /// Events, where the file holds several.
    fn events(&self) -> u64 {
        0
    }
}

/// An export that has begun.
///
/// Memory is bounded whatever the number of indicators: [`crate::MAX_REMEMBERED`] digests, and for
/// MISP and Sigma the entries that are held until an event or a rule is full.
pub struct Export<'w> {
    out: Counted<'w>,
    writer: Box<dyn Writer>,
    options: Options,
    at: u64,
    summary: Summary,
}

impl<'w> Export<'w> {
    /// Begins an export.
    ///
    /// # Errors
    /// [`WriteFault::Option`] if an option cannot be followed, [`WriteFault::Io`].
    pub fn begin(
        mut meta: Meta,
        options: Options,
        out: &'w mut dyn Write,
    ) -> Result<Export<'w>, WriteFault> {
        meta.producer = one_line(&meta.producer, MAX_META);
        meta.title = one_line(&meta.title, MAX_META);
        let fault = |option, why| Err(WriteFault::Option { option, why });
        if meta.producer.is_empty() || meta.title.is_empty() {
            return fault("meta", "producer and title may not be empty");
        }
        let at = meta.at.get();
        let summary = Summary::new(options.format);
        let mut writer = writer_of(meta, &options)?;
        let mut out = Counted { inner: out, bytes: 0 };
        writer.begin(&mut out)?;
        Ok(Export { out, writer, options, at, summary })
    }

    /// Takes one indicator: it is written, held to be written, or passed over.
    ///
    /// # Errors
    /// [`WriteFault::Io`]; the export is then broken.
    pub fn put(&mut self, indicator: &Indicator, entered: Entered) -> Result<Outcome, WriteFault> {
        let put = match screen(&self.options, self.at, (indicator, entered)) {
            Ok(item) => self.writer.put(&mut self.out, &item)?,
            Err(reason) => Err(reason),
        };
        let outcome = match put {
            Ok(()) => Outcome::Written,
            Err(reason) => Outcome::PassedOver(reason),
        };
        self.summary.count(outcome);
        Ok(outcome)
    }

    /// Writes the rest and gives the account.
    ///
    /// # Errors
    /// [`WriteFault::Io`].
    pub fn end(mut self) -> Result<Summary, WriteFault> {
        self.writer.end(&mut self.out)?;
        self.out.flush()?;
        self.summary.bytes = self.out.bytes;
        self.summary.events = self.writer.events();
        Ok(self.summary)
    }
}

fn writer_of(meta: Meta, options: &Options) -> Result<Box<dyn Writer>, WriteFault> {
    Ok(match options.format {
        Format::Csv => Box::new(csv::Csv),
        Format::Hosts => Box::new(hosts::Hosts::new(meta, options)),
        Format::Misp => Box::new(misp::Misp::new(meta, options)?),
        Format::Ndjson => Box::new(ndjson::Ndjson),
        Format::Rpz => Box::new(rpz::Rpz::new(meta, options)?),
        Format::Sigma => Box::new(sigma::Sigma::new(meta)),
        Format::Stix | Format::StixNdjson => Box::new(stix::Stix::new(meta, options)),
        Format::Suricata => Box::new(suricata::Suricata::new(meta, options)?),
        Format::Zeek => Box::new(zeek::Zeek::new(meta, options)),
    })
}

/// Counts the bytes that go through.
struct Counted<'w> {
    inner: &'w mut dyn Write,
    bytes: u64,
}

impl Write for Counted<'_> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let wrote = self.inner.write(buffer)?;
        self.bytes += wrote as u64;
        Ok(wrote)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
