//! The smoke run: every fuzz target under seeded mutations, on stable Rust, without libFuzzer.
//!
//! Is: a short, repeatable run that a change must pass. The same seed gives the same inputs in the
//! same order; a slower machine gets less far. Each input must end without a panic, without
//! allocating far more than its length, and in time. The run first proves that it sees all three
//! on targets which do just that.
//! Is not: guided by coverage; that is what `./test fuzz-long` is for.

mod guard;
mod mutate;
mod seeds;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use detente_fuzz::{Target, targets};

use guard::{Fault, run_guarded};
use mutate::{Mutator, Random};

const USAGE: &str = "usage: smoke [--seconds N] [--seed N] [--only TARGET]
       smoke --replay TARGET FILE
       smoke --write-seeds
  --seconds N   time for each target (default 2)
  --seed N      another row of inputs (default 1)
  --only NAME   one target
  --replay      run one input through one target; exit 1 when it fails
  --write-seeds put the seeds that code makes into fuzz/corpus/, for libFuzzer
With no target left or a wrong call it exits 2.";

struct Options {
    seconds: u64,
    seed: u64,
    only: Option<String>,
}

fn main() -> ExitCode {
    guard::install();
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let outcome = match args.as_slice() {
        ["--replay", name, file] => replay(name, Path::new(file)),
        ["--write-seeds"] => seeds::write_all().map(|()| true),
        _ => options(&args).and_then(|options| smoke(&options)),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::from(2)
        }
    }
}

fn options(args: &[&str]) -> Result<Options, String> {
    let mut options = Options { seconds: 2, seed: 1, only: None };
    for pair in args.chunks(2) {
        let number = |text: &str| text.parse().map_err(|_| format!("{text} is no number\n{USAGE}"));
        match *pair {
            ["--seconds", text] => options.seconds = number(text)?,
            ["--seed", text] => options.seed = number(text)?,
            ["--only", name] => options.only = Some(name.to_owned()),
            _ => return Err(USAGE.to_owned()),
        }
    }
    Ok(options)
}

/// Runs the chosen targets; `false` when one failed.
fn smoke(options: &Options) -> Result<bool, String> {
    guard::prove_sight()?;
    let chosen = |target: &&Target| options.only.as_ref().is_none_or(|name| name == target.name);
    let targets: Vec<&Target> = targets().filter(chosen).collect();
    if targets.is_empty() {
        return Err(format!("no such target\n{USAGE}"));
    }
    let vectors = seeds::vectors()?;
    let mut failed = 0_usize;
    for target in &targets {
        match try_target(target, &vectors, options) {
            Ok(Count { inputs, taken, good }) => {
                let name = target.name;
                println!("{name:<24} {inputs:>9} inputs from {good:>3}, {taken:>9} taken");
            }
            Err(Failure::Input(fault, input)) => {
                failed += 1;
                let path = keep(target, &input)?;
                println!("{:<24} FAILED: {fault}", target.name);
                println!("    again: smoke --replay {} {}", target.name, path.display());
            }
            Err(Failure::Run(message)) => return Err(message),
        }
    }
    println!("{} targets, {failed} failed, seed {}", targets.len(), options.seed);
    Ok(failed == 0)
}

struct Count {
    inputs: u64,
    taken: u64,
    good: usize,
}

/// Why a target did not pass.
enum Failure {
    /// The parser failed on this input.
    Input(Fault, Vec<u8>),
    /// The run itself could not be made.
    Run(String),
}

/// Seeds and known answers first, then mutations until the time is over.
fn try_target(target: &Target, vectors: &[Vec<u8>], options: &Options) -> Result<Count, Failure> {
    let run = |input: &[u8]| {
        run_guarded(target.run, input).map_err(|fault| Failure::Input(fault, input.to_vec()))
    };
    for seed in (target.seeds)() {
        if !run(&seed)? {
            return Err(Failure::Input(Fault::NotTaken, seed));
        }
    }
    let mut own = seeds::own(target).map_err(Failure::Run)?;
    for vector in vectors {
        if run(vector)? {
            own.push(vector.clone());
        }
    }
    if own.is_empty() {
        return Err(Failure::Input(Fault::Blind, Vec::new()));
    }
    let mut random = Random::new(options.seed, target.name);
    let mut mutator = Mutator::new(&own, vectors);
    let end = Instant::now() + Duration::from_secs(options.seconds);
    let mut count = Count { inputs: 0, taken: 0, good: own.len() };
    while Instant::now() < end {
        let taken = run(&mutator.next(&mut random))?;
        count.inputs += 1;
        count.taken += u64::from(taken);
    }
    Ok(count)
}

fn replay(name: &str, file: &Path) -> Result<bool, String> {
    let Some(target) = targets().find(|target| target.name == name) else {
        return Err(format!("no target {name}\n{USAGE}"));
    };
    let input = std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let outcome = run_guarded(target.run, &input);
    match &outcome {
        Ok(taken) => println!("{name}: {} bytes pass, taken: {taken}", input.len()),
        Err(fault) => println!("{name}: {} bytes FAILED: {fault}", input.len()),
    }
    Ok(outcome.is_ok())
}

/// Writes a failing input where libFuzzer writes its own.
fn keep(target: &Target, input: &[u8]) -> Result<PathBuf, String> {
    let folder = seeds::root().join("artifacts").join(target.name);
    let path = folder.join("smoke");
    std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::write(&path, input))
        .map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(path)
}
