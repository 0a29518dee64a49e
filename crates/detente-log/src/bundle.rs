//! Entry bundles: up to 256 entries with uint16 lengths.
//!
//! Is: their encoding and bounded decoding. Is not: their place in the log (`tile.rs`).
//! Source: C2SP tlog-tiles v0.1.0, "Log entries".

use crate::tile::{TILE_WIDTH, TileError, check_width};

/// Longest entry: its length is a uint16.
pub const MAX_ENTRY_BYTES: usize = 65_535;
/// Longest entry bundle: 256 entries of full length with their prefixes.
pub const MAX_BUNDLE_BYTES: usize = 256 * (2 + MAX_ENTRY_BYTES);

/// Writes 1 to 256 entries, each with a big-endian uint16 length.
///
/// # Errors
/// [`TileError::Width`] for none or too many, [`TileError::EntryTooLong`] above 65535 bytes.
pub fn encode_bundle<E: AsRef<[u8]>>(entries: &[E]) -> Result<Vec<u8>, TileError> {
    check_width(entries.len())?;
    let mut bytes = Vec::with_capacity(entries.iter().map(|e| 2 + e.as_ref().len()).sum());
    for entry in entries {
        push_entry(&mut bytes, entry.as_ref())?;
    }
    Ok(bytes)
}

/// Writes one entry with its length.
pub(crate) fn push_entry(bytes: &mut Vec<u8>, entry: &[u8]) -> Result<(), TileError> {
    let length =
        u16::try_from(entry.len()).map_err(|_| TileError::EntryTooLong { got: entry.len() })?;
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(entry);
    Ok(())
}

/// Reads a bundle of exactly `width` entries, borrowing from `bytes`.
///
/// # Errors
/// [`TileError`] when the bundle is short, long, or `width` is not 1 to 256.
pub fn decode_bundle(bytes: &[u8], width: u16) -> Result<Vec<&[u8]>, TileError> {
    check_width(usize::from(width))?;
    let (entries, rest) = take_entries(bytes, width)?;
    if !rest.is_empty() {
        return Err(TileError::BundleTrailing { extra: rest.len(), width });
    }
    Ok(entries)
}

/// Reads `width` (at most 256) entries off the front of `bytes` and returns the rest.
pub(crate) fn take_entries(bytes: &[u8], width: u16) -> Result<(Vec<&[u8]>, &[u8]), TileError> {
    let mut entries = Vec::with_capacity(usize::from(width.min(TILE_WIDTH)));
    let mut rest = bytes;
    for entry in 0..width {
        let truncated = TileError::BundleTruncated { entry, width };
        let (length, after) = rest.split_first_chunk::<2>().ok_or(truncated.clone())?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (body, after) = after.split_at_checked(length).ok_or(truncated)?;
        entries.push(body);
        rest = after;
    }
    Ok((entries, rest))
}
