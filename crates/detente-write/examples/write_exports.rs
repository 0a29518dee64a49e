//! Reads indicators as NDJSON on standard input and writes every format into a folder.
//!
//! `cargo run -p detente-write --example write_exports -- FOLDER [--default-tlp COLOUR]
//! [--max-tlp COLOUR] [--at SECONDS] [--all]`
//!
//! Or, to read feeds first: `--read FILE` for each file instead of standard input. Prints one
//! account a format. `--all` writes closed and conflicting markings too.

#![expect(clippy::print_stdout, reason = "an example talks to its reader")]

use std::error::Error;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, stdin};
use std::path::PathBuf;

use detente_core::{Tlp, UnixSeconds};
use detente_intel::Indicator;
use detente_read::{Options as ReadOptions, Refusal, Sink, SinkFault, read};
use detente_write::{Entered, Export, Format, Meta, Options, StixObjects};

/// What the command line says.
struct Arguments {
    folder: PathBuf,
    files: Vec<PathBuf>,
    default_tlp: Option<Tlp>,
    max_tlp: Tlp,
    at: u64,
    all: bool,
}

fn arguments() -> Result<Arguments, Box<dyn Error>> {
    let mut given = std::env::args().skip(1);
    let folder = PathBuf::from(given.next().ok_or("which folder?")?);
    let mut found = Arguments {
        folder,
        files: Vec::new(),
        default_tlp: None,
        max_tlp: Tlp::Red,
        at: 1_800_000_000,
        all: false,
    };
    while let Some(flag) = given.next() {
        let mut value = || given.next().ok_or(format!("{flag} needs a value"));
        match flag.as_str() {
            "--all" => found.all = true,
            "--at" => found.at = value()?.parse()?,
            "--default-tlp" => found.default_tlp = Some(value()?.parse()?),
            "--max-tlp" => found.max_tlp = value()?.parse()?,
            "--read" => found.files.push(PathBuf::from(value()?)),
            other => return Err(format!("what is {other}?").into()),
        }
    }
    Ok(found)
}

struct Collect(Vec<Indicator>);

impl Sink for Collect {
    fn take(&mut self, indicator: Indicator) -> Result<(), SinkFault> {
        self.0.push(indicator);
        Ok(())
    }

    fn refuse(&mut self, _: Refusal) {}

    fn progress(&mut self, _: u64) {}
}

fn indicators(arguments: &Arguments) -> Result<Vec<Indicator>, Box<dyn Error>> {
    let mut all = Collect(Vec::new());
    if arguments.files.is_empty() {
        for line in BufReader::new(stdin()).lines() {
            let line = line?;
            if !line.trim().is_empty() {
                all.0.push(serde_json::from_str(&line)?);
            }
        }
    }
    for path in &arguments.files {
        let source = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let options = ReadOptions { source: source.unwrap_or_default(), ..ReadOptions::default() };
        read(BufReader::new(File::open(path)?), &options, &mut all)?;
    }
    Ok(all.0)
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = arguments()?;
    let indicators = indicators(&arguments)?;
    std::fs::create_dir_all(&arguments.folder)?;
    let runs = Format::ALL.map(|format| (format, format.file_name(), StixObjects::Indicators));
    let observables = [(Format::Stix, "observables.json", StixObjects::Observables)];
    for (format, name, stix) in runs.into_iter().chain(observables) {
        let mut options = Options::new(format, arguments.max_tlp);
        options.default_tlp = arguments.default_tlp;
        options.write_closed = arguments.all;
        options.write_conflicting = arguments.all;
        options.rpz.wildcards = true;
        options.stix = stix;
        let meta = Meta {
            producer: "Example CERT".to_owned(),
            title: "Example export".to_owned(),
            at: UnixSeconds::new(arguments.at),
        };
        let mut out = BufWriter::new(File::create(arguments.folder.join(name))?);
        let mut export = Export::begin(meta, options, &mut out)?;
        let first = UnixSeconds::new(1_700_000_000);
        let entered = Entered { first, last: UnixSeconds::new(arguments.at).max(first) };
        for indicator in &indicators {
            export.put(indicator, entered)?;
        }
        let summary = export.end()?;
        println!("{name}: {summary:?}");
        assert!(summary.is_balanced(), "indicators do not add up");
    }
    Ok(())
}
