//! Reads warninglists and values, checks every value and prints how long each part took.
//!
//! `cargo run --release -p detente-warn --example warn_speed -- [--dump|--refused] [--threads N]
//! FOLDER VALUES`
//!
//! FOLDER has `*/list.json` below it. VALUES has one value a line, or a kind, a tab and a value.
//! Lists are set to inform and to block in turn. `--dump` prints every value read and every hit,
//! tabs between, and `--refused` every entry that was left out, so that other programs can check
//! both. Times are wall seconds, memory is this process's peak resident set.

#![expect(clippy::print_stdout, reason = "an example talks to its reader")]
#![expect(clippy::disallowed_methods, reason = "an example measures time")]

use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::Instant;

use detente_core::Kind;
use detente_intel::Observable;
use detente_warn::{Index, List, Setting, Verdict};

#[derive(Default)]
struct Arguments {
    dump: bool,
    refused: bool,
    threads: usize,
    paths: Vec<PathBuf>,
}

fn arguments() -> Result<Arguments, Box<dyn Error>> {
    let mut arguments = Arguments { threads: 2, ..Arguments::default() };
    let mut given = std::env::args().skip(1);
    while let Some(argument) = given.next() {
        match argument.as_str() {
            "--dump" => arguments.dump = true,
            "--refused" => arguments.refused = true,
            "--threads" => arguments.threads = given.next().ok_or("--threads N")?.parse()?,
            path => arguments.paths.push(path.into()),
        }
    }
    Ok(arguments)
}

/// Does the same to each of some items, split over threads, and keeps their order.
fn spread<T: Sync, U: Send>(items: &[T], threads: usize, each: impl Fn(&T) -> U + Sync) -> Vec<U> {
    let size = items.len().div_ceil(threads.max(1)).max(1);
    thread::scope(|scope| {
        let started: Vec<_> = items
            .chunks(size)
            .map(|chunk| scope.spawn(|| chunk.iter().map(&each).collect::<Vec<U>>()))
            .collect();
        started.into_iter().flat_map(|one| one.join().unwrap_or_default()).collect()
    })
}

fn read_lists(folder: &PathBuf, threads: usize) -> Result<Vec<List>, Box<dyn Error>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path().join("list.json");
        if path.is_file() {
            paths.push((fs::metadata(&path)?.len(), path));
        }
    }
    // The largest first and dealt out in turn, so that no thread gets all large ones.
    paths.sort_by(|a, b| b.cmp(a));
    let dealt: Vec<&PathBuf> = (0..threads)
        .flat_map(|start| paths.iter().skip(start).step_by(threads).map(|(_, path)| path))
        .collect();
    let read = spread(&dealt, threads, |path| -> Result<List, String> {
        let bytes = fs::read(path).map_err(|fault| format!("{}: {fault}", path.display()))?;
        List::read(&bytes).map_err(|fault| format!("{}: {fault:?}", path.display()))
    });
    let mut lists = read.into_iter().collect::<Result<Vec<_>, _>>()?;
    lists.sort_by(|a, b| a.name().cmp(b.name()));
    Ok(lists)
}

fn observable(line: &str) -> Option<Observable> {
    match line.split_once('\t') {
        Some((kind, value)) => Observable::normalise(kind.parse::<Kind>().ok()?, value).ok(),
        None => Observable::detect(line).ok(),
    }
}

fn peak_mib() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0");
    let kib: f64 = line.trim().trim_end_matches(" kB").parse().unwrap_or(0.0);
    kib / 1024.0
}

fn dump(index: &Index, observables: &[Option<Observable>]) {
    for observable in observables.iter().flatten() {
        let (kind, value) = (observable.kind(), observable.value());
        let finding = index.check(observable);
        println!("value\t{kind}\t{value}\t{}", finding.verdict());
        for hit in finding.hits {
            println!("hit\t{value}\t{}\t{}\t{}", hit.list.name, hit.list.setting, hit.entry);
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = arguments()?;
    let [folder, values] = arguments.paths.as_slice() else {
        return Err("FOLDER VALUES".into());
    };
    let threads = arguments.threads.max(1);
    let begin = Instant::now();
    let lists = read_lists(folder, threads)?;
    let read = begin.elapsed().as_secs_f64();
    if arguments.refused {
        for list in &lists {
            for refusal in list.refusals() {
                let (code, fault) = (refusal.fault.code(), &refusal.fault);
                println!(
                    "{}\t{}\t{code}\t{fault}\t{}",
                    list.name(),
                    refusal.entry,
                    refusal.excerpt
                );
            }
        }
        return Ok(());
    }
    let refused: usize = lists.iter().map(List::refused_total).sum();
    let settings = [Setting::Inform, Setting::Block].into_iter().cycle();
    let index = Index::build(lists.into_iter().zip(settings))?;
    let built = begin.elapsed().as_secs_f64();
    let index_mib = peak_mib();
    let text = fs::read_to_string(values)?;
    let lines: Vec<&str> = text.lines().collect();
    let observables = spread(&lines, threads, |line| observable(line));
    let normalised = begin.elapsed().as_secs_f64();
    if arguments.dump {
        dump(&index, &observables);
        return Ok(());
    }
    let verdicts = spread(&observables, threads, |observable| {
        let finding = index.check(observable.as_ref()?);
        Some((finding.verdict(), finding.hits.len()))
    });
    let checked = begin.elapsed().as_secs_f64();
    let count = |wanted| verdicts.iter().flatten().filter(|(v, _)| *v == wanted).count();
    let entries: usize = index.lists().iter().map(|list| list.entries).sum();
    println!(
        "{{\"lists\": {}, \"entries\": {entries}, \"refused\": {refused}, \"values\": {}, \
         \"unread\": {}, \"inform\": {}, \"block\": {}, \"hits\": {}, \"threads\": {threads}, \
         \"read_s\": {read:.3}, \"build_s\": {:.3}, \"normalise_s\": {:.3}, \"check_s\": {:.3}, \
         \"wall_s\": {checked:.3}, \"peak_index_mib\": {index_mib:.1}, \"peak_mib\": {:.1}}}",
        index.lists().len(),
        lines.len(),
        observables.iter().filter(|observable| observable.is_none()).count(),
        count(Verdict::Inform),
        count(Verdict::Block),
        verdicts.iter().flatten().map(|(_, hits)| hits).sum::<usize>(),
        built - read,
        normalised - built,
        checked - normalised,
        peak_mib(),
    );
    Ok(())
}
