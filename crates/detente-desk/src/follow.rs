//! The own list follows what is brought in STIX: by feeds as it comes, by tools a little later,
//! much at once.

use std::collections::BTreeMap;

use detente_core::Tlp;
use detente_node::{NodeError, Shared};
use detente_read::Options;
use detente_taxii::{Brought, Level, Shelf};

use crate::export::DeskError;
use crate::intake::{Together, import_together};

/// Objects that are taken in at a time, or a few more: one write holds them all. Count.
const STEP: usize = 5_000;

/// Takes the indicators of what a source brought to the shelf into the own list, as close as they
/// lie there, so that they are searched and matched. Taken in again, they change nothing.
///
/// # Errors
/// The store failed; what was stored before stays.
pub fn take_in(
    shared: &Shared,
    source: &str,
    brought: &[(Level, &[u8])],
) -> Result<Together, NodeError> {
    import_together(shared, &parts(source, brought.iter().copied()))
}

/// Takes in what tools brought and the own list does not have yet, a step of it; says what became
/// of it, or nothing if nothing was left. What was taken in and could not be marked so is taken in
/// again, which changes nothing.
///
/// # Errors
/// The store or the shelf failed: what was brought stays to be taken in.
pub fn follow(shared: &Shared, shelf: &mut dyn Shelf) -> Result<Option<Together>, DeskError> {
    let (brought, upto) = shelf.brought(STEP)?;
    let Some(upto) = upto else { return Ok(None) };
    let mut all = Vec::new();
    for Brought { account, objects } in &brought {
        let objects = objects.iter().map(|(level, bytes)| (*level, bytes.as_slice()));
        all.extend(parts(&format!("taxii:{account}"), objects));
    }
    let together = import_together(shared, &all)?;
    shelf.take_brought(upto)?;
    Ok(Some(together))
}

/// Objects by their levels, each with how they are read.
fn parts<'a>(
    source: &str,
    brought: impl Iterator<Item = (Level, &'a [u8])>,
) -> Vec<(Options, Vec<&'a [u8]>)> {
    let mut by_level: BTreeMap<Level, Vec<&[u8]>> = BTreeMap::new();
    for (level, object) in brought {
        by_level.entry(level).or_default().push(object);
    }
    let part = |(level, objects): (Level, _)| {
        let colour = Tlp::from_code(level.code());
        let options = Options {
            at_least: colour,
            closed: colour.is_none().then(|| "taxii: a marking that is not understood".to_owned()),
            source: source.to_owned(),
            ..Options::default()
        };
        (options, objects)
    };
    by_level.into_iter().map(part).collect()
}
