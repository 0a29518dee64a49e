//! The detente command: arguments, wiring, output, exit codes.

#![forbid(unsafe_code)]

mod alerting;
mod args;
mod card_file;
mod check;
mod command;
mod consent;
mod control;
mod demo;
mod desk;
mod draft;
mod export;
mod feedback;
mod import;
mod init;
mod keys;
mod links;
mod looking;
mod output;
mod paper;
mod party_name;
mod progress;
mod releasing;
mod retracting;
mod run;
mod serve;
mod table;
mod tools;
mod verb;
mod verify;

use std::process::ExitCode;

use clap::Parser as _;
use detente_home::{armour, fail, home, keystore, passphrase, world};

fn main() -> ExitCode {
    let cli = args::Cli::parse();
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_target(false)
        // Colour is not built in: asked for it, the subscriber complains on stderr.
        .with_ansi(false)
        .with_max_level(level(&cli.command))
        .init();
    let json = cli.global.json;
    match verb::run(cli) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            if json {
                print_json(&failure);
            } else {
                output::failure(&failure);
            }
            ExitCode::from(failure.exit)
        }
    }
}

/// How much the node says of itself: DETENTE_LOG is error, warn, info, debug or trace. The demo
/// tells its story itself.
fn level(verb: &args::Verb) -> tracing::Level {
    let quiet = matches!(verb, args::Verb::Demo { serve: false, .. });
    let usual = if quiet { tracing::Level::WARN } else { tracing::Level::INFO };
    std::env::var("DETENTE_LOG").ok().and_then(|word| word.parse().ok()).unwrap_or(usual)
}

/// Prints a value as JSON. A closed pipe is the reader's wish, not an error.
pub(crate) fn print_json<T: serde::Serialize>(value: &T) {
    use std::io::Write as _;
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    let _ = std::io::stdout().write_all(text.as_bytes());
}

/// Prints text for people. A closed pipe is the reader's wish, not an error.
pub(crate) fn print_text(text: &str) {
    use std::io::Write as _;
    let _ = std::io::stdout().write_all(text.as_bytes());
}
