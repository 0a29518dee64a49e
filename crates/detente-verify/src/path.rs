//! The names of the files of an exported record: one place for who writes and who checks.

use detente_core::{Digest, PartyId};
use detente_log::{EntryTile, TILE_WIDTH, Tile};

/// What the folder is, for people.
pub(crate) const README: &str = "README.txt";
/// Which accord and which parties.
pub(crate) const ACCORD: &str = "accord.json";
/// Folder of the objects, with its slash.
pub(crate) const OBJECTS: &str = "objects/";

/// A party's signed card.
pub(crate) fn card(party: PartyId) -> String {
    format!("cards/{party}.card")
}

/// A proposed text, by its SHA-256.
pub(crate) fn text(digest: Digest) -> String {
    format!("texts/{digest}.toml")
}

/// A released object, by its SHA-256.
pub(crate) fn object(digest: Digest) -> String {
    format!("{OBJECTS}{digest}")
}

/// Folder of a party's log, with its slash.
pub(crate) fn log(party: PartyId) -> String {
    format!("logs/{party}/")
}

/// The log's newest checkpoint.
pub(crate) fn checkpoint(party: PartyId) -> String {
    format!("{}checkpoint", log(party))
}

/// The log's verifier key.
pub(crate) fn vkey(party: PartyId) -> String {
    format!("{}vkey", log(party))
}

/// The key with which another party cosigned the log, beside the log's own.
pub(crate) fn mirror_vkey(party: PartyId, other: PartyId) -> String {
    format!("{}{other}.vkey", log(party))
}

/// A tile of the log.
pub(crate) fn tile(party: PartyId, tile: &Tile) -> String {
    format!("{}{}", log(party), tile.path())
}

/// A bundle of entries of the log.
pub(crate) fn bundle(party: PartyId, tile: &EntryTile) -> String {
    format!("{}{}", log(party), tile.path())
}

/// The bundle that holds an entry of a log of `size` entries.
pub(crate) fn bundle_of(party: PartyId, index: u64, size: u64) -> String {
    let width = u64::from(TILE_WIDTH);
    let left = size.saturating_sub(index / width * width).min(width);
    let width = u16::try_from(left).unwrap_or(TILE_WIDTH);
    match EntryTile::new(index / u64::from(TILE_WIDTH), width) {
        Ok(tile) => bundle(party, &tile),
        Err(_) => checkpoint(party),
    }
}

/// The body of an entry.
pub(crate) fn body(party: PartyId, index: u64) -> String {
    format!("{}bodies/{index}.cbor", log(party))
}

/// The proof that an entry is in the log.
pub(crate) fn proof(party: PartyId, index: u64) -> String {
    format!("{}proofs/{index}.tlog-proof", log(party))
}
