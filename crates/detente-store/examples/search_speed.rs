//! Measures searches in a large own list: one value, and words of what is said. Run it in release:
//!
//!     cargo run --release -p detente-store --example search_speed -- FILE [VALUES] [SHARE]
//!
//! FILE is made with so many VALUES (10000000), of which each SHARE (10) share a context with words
//! of its own; a file that is there already is searched as it is. Each figure is of a store that
//! was just opened, over 1,000 searches of different values or words: median, 99th of a hundred,
//! worst.

#![expect(clippy::print_stdout, reason = "an example talks to its reader")]
#![expect(clippy::disallowed_methods, reason = "an example measures time")]

use std::error::Error;
use std::time::{Duration, Instant};

use detente_core::{Kind, UnixSeconds};
use detente_intel::{Context, Indicator, Observable};
use detente_node::ports::{Store, StoreError};
use detente_store::SqliteStore;

/// Searches for one figure.
const SEARCHES: u32 = 1_000;
/// Indicators of one batch.
const BATCH: u32 = 50_000;
/// Words of which texts are made.
const WORDS: [&str; 24] = [
    "loader",
    "beacon",
    "sensor",
    "plant",
    "operator",
    "traffic",
    "certificate",
    "password",
    "mail",
    "phishing",
    "border",
    "router",
    "energy",
    "bank",
    "ransom",
    "wiper",
    "proxy",
    "tunnel",
    "drop",
    "stage",
    "campaign",
    "spring",
    "autumn",
    "harbour",
];

/// A number that looks drawn: a bijection of the 32-bit numbers.
fn spread(n: u32) -> u32 {
    let n = n.wrapping_mul(0x9e37_79b1);
    let n = (n ^ (n >> 15)).wrapping_mul(0x85eb_ca77);
    n ^ (n >> 13)
}

fn value(n: u32) -> Result<Observable, Box<dyn Error>> {
    let text = format!("{:08x}.{}.example.com", spread(n), spread(n) % 1_000);
    Ok(Observable::normalise(Kind::Domain, &text)?)
}

/// What is said of a value: a dozen common words, and one that no other context has.
fn context(n: u32) -> Context {
    let mut context = Context::from_source("feed");
    let words = (0..12).filter_map(|at| WORDS.get(spread(n + at * 77) as usize % WORDS.len()));
    let words: Vec<&str> = words.copied().collect();
    context.describe(&format!("{} case{n}", words.join(" ")));
    context
}

fn fill(store: &mut SqliteStore, values: u32, share: u32) -> Result<(), Box<dyn Error>> {
    let begun = Instant::now();
    for first in (0..values).step_by(BATCH as usize) {
        let mut batch = Vec::new();
        for n in first..values.min(first + BATCH) {
            batch.push(Indicator { observable: value(n)?, context: context(n / share) });
        }
        store.put_indicators(UnixSeconds::new(1_790_000_000), &batch)?;
    }
    println!("{values} values taken in          {:>9.1} s", begun.elapsed().as_secs_f64());
    let begun = Instant::now();
    let all = store.read_words(0)?;
    while store.read_words(20_000)? > 0 {}
    println!("words of {all} contexts read      {:>9.1} s", begun.elapsed().as_secs_f64());
    Ok(())
}

fn measure(
    name: &str,
    search: &mut dyn FnMut(u32) -> Result<usize, Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    let (mut times, mut found) = (Vec::new(), 0);
    for n in 0..SEARCHES {
        let begun = Instant::now();
        found += search(n)?;
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    let at = |part: usize| times.get(times.len() * part / 100).or(times.last());
    let ms = |time: Option<&Duration>| time.map_or(0.0, |time| time.as_secs_f64() * 1_000.0);
    println!(
        "{name:32} {:>9.3} ms {:>9.3} ms {:>9.3} ms   {found} found",
        ms(at(50)),
        ms(at(99)),
        ms(times.last())
    );
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let file = args.next().ok_or("usage: search_speed FILE [VALUES] [SHARE]")?;
    let values: u32 = args.next().map_or(Ok(10_000_000), |text| text.parse())?;
    let share: u32 = args.next().map_or(Ok(10), |text| text.parse())?;
    if !std::path::Path::new(&file).exists() {
        fill(&mut SqliteStore::open(&file)?, values, share)?;
    }
    let drawn = |n: u32| spread(n ^ 0x5bd1_e995);
    let words = |store: &SqliteStore, words: &[String]| -> Result<usize, StoreError> {
        store.own_with_words(words, 20).map(|found| found.len())
    };
    let open = || SqliteStore::open(&file);
    println!("{:32} {:>12} {:>12} {:>12}", "", "median", "99 %", "worst");
    let store = open()?;
    measure("a value that is there", &mut |n| {
        Ok(store.sightings(&value(drawn(n) % values)?)?.len())
    })?;
    let store = open()?;
    measure("a value that is not", &mut |n| {
        Ok(store.sightings(&Observable::normalise(Kind::Domain, &format!("n{n}.test"))?)?.len())
    })?;
    let store = open()?;
    measure("a word of one context", &mut |n| {
        Ok(words(&store, &[format!("case{}", drawn(n) % (values / share))])?)
    })?;
    let store = open()?;
    measure("two words that many have", &mut |n| {
        let pick = |n: u32| WORDS.get(drawn(n) as usize % WORDS.len()).map_or("", |word| word);
        Ok(words(&store, &[pick(n).to_owned(), pick(n + 5_000).to_owned()])?)
    })?;
    let store = open()?;
    measure("the beginning of a word", &mut |n| {
        Ok(words(&store, &[format!("case{}", drawn(n) % 100_000)])?)
    })?;
    Ok(())
}
