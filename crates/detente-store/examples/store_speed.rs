//! Measures imports of indicators and appends to a log. Run it in release:
//!
//!     cargo run --release -p detente-store --example store_speed -- FILE [SHAPE] [LINES] [BATCH]
//!
//! FILE must not be there yet. SHAPE is `ipv4`, `domain`, `context` (each line has a context of its
//! own) or `log`; LINES is 1000000 and BATCH 50000 by default. Indicators are imported, imported
//! again, then with as many lines of which half are new, and streamed back. Peak memory is read
//! from /proc.

#![expect(clippy::print_stdout, reason = "an example talks to its reader")]
#![expect(clippy::disallowed_methods, reason = "an example measures time")]

use std::error::Error;
use std::time::Instant;

use detente_core::{AccordId, Kind, PartyId, UnixSeconds};
use detente_intel::{Context, Indicator, Observable};
use detente_log::Appender;
use detente_node::ports::{EntryRow, LogAppend, LogKey, Store};
use detente_store::SqliteStore;

/// A number that looks drawn: a bijection of the 32-bit numbers, so that no line comes twice.
fn spread(n: u32) -> u32 {
    let n = n.wrapping_mul(0x9e37_79b1);
    let n = (n ^ (n >> 15)).wrapping_mul(0x85eb_ca77);
    n ^ (n >> 13)
}

fn indicator(shape: &str, n: u32) -> Result<Indicator, Box<dyn Error>> {
    let mut context = Context::from_source("a list of a million lines");
    let observable = match shape {
        "ipv4" => {
            let address = std::net::Ipv4Addr::from(spread(n));
            Observable::normalise(Kind::Ipv4, &address.to_string())?
        }
        "domain" | "context" => {
            let text = format!("{:08x}.{}.example.com", spread(n), spread(n) % 1000);
            if shape == "context" {
                context.description = Some(format!("seen by sensor {n} in a mail of the campaign"));
                context.add_label("phishing");
            }
            Observable::normalise(Kind::Domain, &text)?
        }
        other => return Err(format!("no shape {other}").into()),
    };
    Ok(Indicator { observable, context })
}

fn peak_mib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib / 1024)
}

fn import(
    store: &mut SqliteStore,
    shape: &str,
    lines: u32,
    batch: u32,
) -> Result<(), Box<dyn Error>> {
    for (pass, first) in [("import", 0), ("again", 0), ("half new", lines / 2)] {
        let (mut inside, mut slowest, mut added) = (0.0, 0.0_f64, 0);
        for start in (0..lines).step_by(batch as usize) {
            let end = lines.min(start.saturating_add(batch));
            let indicators =
                (start..end).map(|n| indicator(shape, first + n)).collect::<Result<Vec<_>, _>>()?;
            let started = Instant::now();
            added += store.put_indicators(UnixSeconds::new(1), &indicators)?.contexts;
            let seconds = started.elapsed().as_secs_f64();
            inside += seconds;
            slowest = slowest.max(seconds);
        }
        let peak = peak_mib();
        println!("{pass}: {inside:.2} s in the store, {added} new, peak {peak:?} MiB");
        println!("    slowest batch {slowest:.2} s");
    }
    let kinds = [Kind::Domain, Kind::Ipv4];
    let started = Instant::now();
    let mut bytes = 0;
    store.observables(&kinds, &mut |observable| bytes += observable.value().len())?;
    let seconds = started.elapsed().as_secs_f64();
    println!("stream: {seconds:.2} s, {} of them, {bytes} bytes", store.count(&kinds)?);
    let started = Instant::now();
    store.check()?;
    println!("check: {:.2} s, peak {:?} MiB", started.elapsed().as_secs_f64(), peak_mib());
    Ok(())
}

fn append(store: &mut SqliteStore, lines: u32, batch: u32) -> Result<(), Box<dyn Error>> {
    let key = LogKey { accord: AccordId::new([1; 32]), party: PartyId::new([2; 32]) };
    let started = Instant::now();
    for start in (0..lines).step_by(batch as usize) {
        let entries: Vec<EntryRow> = (start..lines.min(start.saturating_add(batch)))
            .map(|n| EntryRow {
                leaf: n.to_be_bytes().repeat(128),
                salt: [3; 32],
                body: n.to_be_bytes().repeat(256),
            })
            .collect();
        let mut appender = Appender::new(store.log(key)?.edge);
        for entry in &entries {
            appender.push_entry(&entry.leaf)?;
        }
        let append = appender.finish();
        let write = LogAppend { entries: &entries, append: &append, checkpoint: Some(b"a note") };
        store.append(key, &write)?;
    }
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "append: {:.0} acts of 1.5 kB a second in batches of {batch}",
        f64::from(lines) / seconds
    );
    let started = Instant::now();
    store.check()?;
    println!("check: {:.2} s, peak {:?} MiB", started.elapsed().as_secs_f64(), peak_mib());
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("say where: FILE [SHAPE] [LINES] [BATCH]")?;
    let shape = arguments.next().unwrap_or_else(|| "ipv4".to_owned());
    let lines: u32 = arguments.next().map_or(Ok(1_000_000), |text| text.parse())?;
    let batch: u32 = arguments.next().map_or(Ok(50_000), |text| text.parse())?;
    if std::fs::exists(&path)? {
        return Err(format!("{path} is there already").into());
    }
    let mut store = SqliteStore::open(&path)?;
    println!("{shape}, {lines} lines in batches of {batch}");
    if shape == "log" {
        append(&mut store, lines, batch)?;
    } else {
        import(&mut store, &shape, lines, batch)?;
    }
    println!("file: {} MiB", std::fs::metadata(&path)?.len() >> 20);
    Ok(())
}
