//! Where mutation starts: good inputs of the target, and the known answers of all.
//!
//! A target's own are what it makes by the product's writers and the files of `fuzz/seeds/TARGET/`;
//! what it takes of `vectors/` is added at the start of a run. What libFuzzer found on one machine
//! (`fuzz/corpus/`) is left out: the run must be the same everywhere.

use std::path::{Path, PathBuf};

use detente_fuzz::{Target, targets};
use serde_json::Value;

/// Seeds of one target; more are left out (by name order).
const MAX_SEEDS: usize = 4_096;

/// Bytes of one seed; longer files are left out.
const MAX_SEED_LEN: u64 = 1 << 18;

/// The folder of the fuzz crate.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// What was made or kept for this target; in the order of names.
pub(crate) fn own(target: &Target) -> Result<Vec<Vec<u8>>, String> {
    let mut own = (target.seeds)();
    collect(&root().join("seeds").join(target.name), &mut own)?;
    own.truncate(MAX_SEEDS);
    Ok(own)
}

/// The known answers: each file, and each string in it as text and, where it is hex, as bytes.
pub(crate) fn vectors() -> Result<Vec<Vec<u8>>, String> {
    let mut files = Vec::new();
    collect(&root().join("../vectors"), &mut files)?;
    let mut all = vec![Vec::new()];
    for file in files {
        if let Ok(value) = serde_json::from_slice(&file) {
            add_strings(&value, &mut all);
        }
        all.push(file);
    }
    all.sort();
    all.dedup();
    Ok(all)
}

/// Writes the seeds that are made by code to where libFuzzer looks for them.
pub(crate) fn write_all() -> Result<(), String> {
    for target in targets() {
        let folder = root().join("corpus").join(target.name);
        let fail = |error: std::io::Error| format!("{}: {error}", folder.display());
        std::fs::create_dir_all(&folder).map_err(fail)?;
        for (i, seed) in (target.seeds)().iter().enumerate() {
            std::fs::write(folder.join(format!("made-{i}")), seed).map_err(fail)?;
        }
    }
    Ok(())
}

/// Reads every file below a folder, in the order of names; nothing when there is no such folder.
fn collect(folder: &Path, into: &mut Vec<Vec<u8>>) -> Result<(), String> {
    if !folder.is_dir() {
        return Ok(());
    }
    let fail = |error: std::io::Error| format!("{}: {error}", folder.display());
    let entries = std::fs::read_dir(folder).map_err(fail)?;
    let mut paths =
        entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, _>>().map_err(fail)?;
    paths.sort();
    for path in paths {
        let kind = path.metadata().map_err(fail)?;
        if kind.is_dir() {
            collect(&path, into)?;
        } else if kind.len() <= MAX_SEED_LEN {
            into.push(std::fs::read(&path).map_err(fail)?);
        }
    }
    Ok(())
}

fn add_strings(value: &Value, into: &mut Vec<Vec<u8>>) {
    match value {
        Value::String(text) => {
            into.extend(hex(text.as_bytes()));
            into.push(text.clone().into_bytes());
        }
        Value::Array(list) => list.iter().for_each(|value| add_strings(value, into)),
        Value::Object(map) => map.values().for_each(|value| add_strings(value, into)),
        _ => {}
    }
}

fn hex(digits: &[u8]) -> Option<Vec<u8>> {
    let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let pair = |pair: &[u8]| match *pair {
        [high, low] => Some(digit(high)? << 4 | digit(low)?),
        _ => None,
    };
    digits.chunks(2).map(pair).collect()
}
