//! The passphrase of a home: from a file, the environment or a prompt, in this order.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use zeroize::Zeroizing;

use crate::fail::{Failure, exit};
use crate::home::read_bounded;

/// The environment variable that holds the passphrase.
pub const VARIABLE: &str = "DETENTE_PASSPHRASE";
/// Longest passphrase, in bytes.
const MAX: u64 = 1_024;

/// Where the passphrase comes from.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// A file that holds it; one trailing line end is not part of it.
    pub file: Option<PathBuf>,
}

impl Source {
    /// The passphrase. A new one is asked for twice at the prompt.
    pub fn read(&self, new: bool) -> Result<Zeroizing<String>, Failure> {
        let passphrase = match (&self.file, std::env::var(VARIABLE)) {
            (Some(path), _) => {
                let bytes = read_bounded(path, MAX)
                    .map_err(|failure| Failure { exit: exit::ENVIRONMENT, ..failure })?;
                let bytes = Zeroizing::new(bytes);
                let text = std::str::from_utf8(&bytes).map_err(|_| {
                    let words = format!("{} is not UTF-8", path.display());
                    Failure::environment("passphrase_file", words, "write the passphrase as text")
                })?;
                let line = text.strip_suffix('\n').unwrap_or(text);
                Zeroizing::new(line.strip_suffix('\r').unwrap_or(line).to_owned())
            }
            (None, Ok(value)) => Zeroizing::new(value),
            (None, Err(_)) => prompt(new)?,
        };
        if passphrase.is_empty() {
            return Err(Failure::environment("passphrase_empty", "the passphrase is empty", HOW));
        }
        Ok(passphrase)
    }
}

const HOW: &str =
    "give it with --passphrase-file FILE, in DETENTE_PASSPHRASE, or at a terminal's prompt";

fn prompt(new: bool) -> Result<Zeroizing<String>, Failure> {
    let missing = || Failure::environment("passphrase_missing", "no passphrase was given", HOW);
    if !std::io::stdin().is_terminal() {
        return Err(missing());
    }
    let ask = |words: &str| rpassword::prompt_password(words).map(Zeroizing::new);
    let first = ask("Passphrase of this home: ").map_err(|_| missing())?;
    if new {
        let second = ask("Once more: ").map_err(|_| missing())?;
        if *first != *second {
            return Err(Failure::environment(
                "passphrase_differs",
                "the two passphrases differ",
                "type the same one twice",
            ));
        }
    }
    Ok(first)
}
