//! The command line of the chores; the work is in the library beside it.

#![forbid(unsafe_code)]

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use xtask::house::House;
use xtask::tidy;
use xtask::tree::Tree;

const USAGE: &str = "usage: cargo run -p xtask -- tidy [--rules]
  tidy           check the rules of the house; exit 1 when one is broken
  tidy --rules   list them";

/// Exit 0 when the house is tidy, 1 when it is not, 2 on a wrong call or an unreadable tree.
fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let outcome = match args.as_slice() {
        ["tidy"] => run_tidy(),
        ["tidy", "--rules"] => list_rules(),
        _ => Err(anyhow::anyhow!("{USAGE}")),
    };
    outcome.unwrap_or_else(|error| {
        // Nothing is left to report to when standard error itself is closed.
        let _ = writeln!(std::io::stderr(), "{error:#}");
        ExitCode::from(2)
    })
}

fn run_tidy() -> anyhow::Result<ExitCode> {
    // The manifest of this crate stands two folders below the root.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let house = House::new(Tree::read(&root)?);
    let faults = tidy::check(&house);
    let mut out = std::io::stdout().lock();
    for fault in &faults {
        writeln!(out, "{fault}")?;
    }
    let (rules, files) = (tidy::RULES.len(), house.tree().len());
    if faults.is_empty() {
        writeln!(out, "tidy: {rules} rules hold over {files} files")?;
        return Ok(ExitCode::SUCCESS);
    }
    writeln!(out, "tidy: {} faults ({rules} rules over {files} files)", faults.len())?;
    Ok(ExitCode::FAILURE)
}

fn list_rules() -> anyhow::Result<ExitCode> {
    let mut out = std::io::stdout().lock();
    for rule in tidy::RULES {
        writeln!(out, "{:<14} {}", rule.name, rule.what)?;
    }
    Ok(ExitCode::SUCCESS)
}
