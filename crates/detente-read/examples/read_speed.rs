//! Reads files and prints how many indicators they hold and how long that took.
//!
//! `cargo run --release -p detente-read --example read_speed -- [--dump|--refused] FILE...`
//!
//! `--dump` prints every indicator as kind, value and effective marking instead, `--refused` every
//! refusal, so that other programs can check both.

#![expect(clippy::print_stdout, reason = "an example talks to its reader")]

use std::fs::File;
use std::io::{BufReader, BufWriter, Stdout, Write, stdout};

use detente_core::Tlp;
use detente_intel::Indicator;
use detente_read::{Options, Refusal, Sink, SinkFault, read};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Show {
    Counts,
    Indicators,
    Refusals,
}

struct Printer {
    show: Show,
    out: BufWriter<Stdout>,
}

impl Sink for Printer {
    fn take(&mut self, indicator: Indicator) -> Result<(), SinkFault> {
        if self.show != Show::Indicators {
            return Ok(());
        }
        let (observable, markings) = (&indicator.observable, &indicator.context.markings);
        let (kind, value) = (observable.kind(), observable.value());
        writeln!(self.out, "{kind}\t{value}\t{}", markings.effective(Tlp::Clear))
            .map_err(|fault| SinkFault(fault.into()))
    }

    fn refuse(&mut self, refusal: Refusal) {
        if self.show == Show::Refusals {
            let Refusal { place, excerpt, reason } = refusal;
            let _ = writeln!(self.out, "{place}\t{}\t{reason}\t{excerpt}", reason.code());
        }
    }

    fn progress(&mut self, _: u64) {}
}

#[expect(clippy::disallowed_methods, reason = "an example measures time")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut show = Show::Counts;
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--dump" => show = Show::Indicators,
            "--refused" => show = Show::Refusals,
            path => {
                let mut printer = Printer { show, out: BufWriter::new(stdout()) };
                let options = Options { source: path.to_owned(), ..Options::default() };
                let started = std::time::Instant::now();
                let input = BufReader::with_capacity(1 << 16, File::open(path)?);
                let summary = read(input, &options, &mut printer)?;
                let seconds = started.elapsed().as_secs_f64();
                printer.out.flush()?;
                if show == Show::Counts {
                    println!("{path}: {seconds:.3} s {summary:?}");
                }
                assert!(summary.is_balanced(), "items do not add up");
            }
        }
    }
    Ok(())
}
