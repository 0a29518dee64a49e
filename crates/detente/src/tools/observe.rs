//! `observe`: which indicators observed data fulfil.

use std::path::Path;

use detente_desk::ObserveError;
use serde_json::Value;

use super::account::offers_of;
use super::offer::named;
use super::open_shelf;
use crate::command::Progress;
use crate::fail::{Failure, chain};
use crate::home::read_bounded;
use crate::progress::Bar;
use crate::verb::Context;

/// The largest file of observed data. Bytes.
const MAX_OBSERVED: u64 = 64 * 1024 * 1024;

/// Runs `observe`.
pub fn observe(context: &Context, file: &Path, collection: &String) -> Result<u8, Failure> {
    context.home().check()?;
    let offers = offers_of(context, std::iter::once(collection))?;
    let collection = &named(collection, &offers)?.key;
    let bytes = read_bounded(file, MAX_OBSERVED)?;
    let bad = |words: String| {
        let words = format!("{}: {words}", file.display());
        Failure::usage("bad_observation", words, "give a STIX bundle or a list of STIX objects")
    };
    let mut json: Value = serde_json::from_slice(&bytes).map_err(|error| bad(error.to_string()))?;
    if let Some(objects) = json.get_mut("objects").map(Value::take) {
        json = objects;
    }
    let Value::Array(objects) = json else {
        return Err(bad("it is no bundle and no list".to_owned()));
    };
    let shelf = open_shelf(context.home())?;
    let mut bar = Bar::new(context.json);
    let mut progress = |done| {
        let (what, note) = (collection.clone(), String::new());
        bar.update(&Progress { what, done, total: 0, note, counts: true });
    };
    let report = detente_desk::observe(&shelf, collection, &objects, &mut progress);
    bar.finish();
    let report = report.map_err(|error| match &error {
        ObserveError::Observation(fault) => bad(fault.to_string()),
        ObserveError::Evaluate(_) => {
            Failure::refused("too_much", chain(&error), "give less at once")
        }
        ObserveError::Shelf(_) => Failure::environment("shelf", chain(&error), ""),
    })?;
    match context.json {
        true => crate::print_json(&report),
        false => crate::output::observed(&report),
    }
    Ok(0)
}
