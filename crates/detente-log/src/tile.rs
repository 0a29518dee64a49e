//! Tiles of hashes and of entries: coordinates, paths, and what an append writes.
//!
//! Is: the tlog-tiles layout. Is not: the bytes of entries (`bundle.rs`), reading hashes through
//! tiles (`tile_reader.rs`), fetching or storing. Source: C2SP tlog-tiles v0.1.0.

use crate::blame::Blame;
use crate::hash::Hash;
use crate::size::TreeSize;
use crate::text::parse_decimal;
use crate::tree::Node;

/// Hashes in a full tile.
pub const TILE_WIDTH: u16 = 256;
/// Tree levels that one tile spans.
pub(crate) const TILE_HEIGHT: u8 = 8;
/// Highest level that tlog-tiles names.
const MAX_TILE_LEVEL: u8 = 63;
/// Longest path that can name a tile.
const MAX_PATH_BYTES: usize = 64;

/// A fault in a tile, a bundle or a path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TileError {
    /// A bundle holds more bytes after its last entry.
    #[error("entry bundle has {extra} bytes after its {width} entries")]
    BundleTrailing {
        /// Bytes left over.
        extra: usize,
        /// Entries read.
        width: u16,
    },
    /// A bundle ends within an entry.
    #[error("entry bundle ends within entry {entry} of {width}")]
    BundleTruncated {
        /// Entry within the bundle.
        entry: u16,
        /// Entries expected.
        width: u16,
    },
    /// An entry does not fit its uint16 length.
    #[error("entry has {got} bytes, at most 65535 allowed")]
    EntryTooLong {
        /// Bytes of the entry.
        got: usize,
    },
    /// A level above 63.
    #[error("tile level {got} is above 63")]
    Level {
        /// Level given.
        got: u8,
    },
    /// A path that names no tile, or not in its only spelling.
    #[error("path names no tile")]
    Path,
    /// A tile of another size than its coordinates say.
    #[error("tile has {got} bytes, not {want}")]
    TileLength {
        /// Bytes given.
        got: usize,
        /// Bytes of that width.
        want: usize,
    },
    /// A width of zero or above 256.
    #[error("tile width {got} is not between 1 and 256")]
    Width {
        /// Width given.
        got: usize,
    },
}

impl TileError {
    /// Stable machine code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::BundleTrailing { .. } => "bundle_trailing",
            Self::BundleTruncated { .. } => "bundle_truncated",
            Self::EntryTooLong { .. } => "entry_too_long",
            Self::Level { .. } => "tile_level",
            Self::Path => "tile_path",
            Self::TileLength { .. } => "tile_length",
            Self::Width { .. } => "tile_width",
        }
    }

    /// Coordinates and entries to encode come from the caller, the rest from who wrote the bytes.
    #[must_use]
    pub fn blame(&self) -> Blame {
        match self {
            Self::EntryTooLong { .. } | Self::Level { .. } | Self::Width { .. } => Blame::Caller,
            Self::BundleTrailing { .. }
            | Self::BundleTruncated { .. }
            | Self::Path
            | Self::TileLength { .. } => Blame::Peer,
        }
    }
}

/// Checks a width of 1 to 256.
pub(crate) fn check_width(width: usize) -> Result<u16, TileError> {
    match u16::try_from(width) {
        Ok(fits) if (1..=TILE_WIDTH).contains(&fits) => Ok(fits),
        _ => Err(TileError::Width { got: width }),
    }
}

/// The coordinates of a tile of hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    level: u8,
    index: u64,
    width: u16,
}

impl Tile {
    /// A tile of `width` hashes.
    ///
    /// # Errors
    /// [`TileError::Level`] above 63, [`TileError::Width`] unless 1 to 256.
    pub fn new(level: u8, index: u64, width: u16) -> Result<Self, TileError> {
        if level > MAX_TILE_LEVEL {
            return Err(TileError::Level { got: level });
        }
        check_width(usize::from(width))?;
        Ok(Self { level, index, width })
    }

    /// Level of the tile; its hashes cover 256^level leaves each.
    #[must_use]
    pub fn level(&self) -> u8 {
        self.level
    }

    /// Position within the level.
    #[must_use]
    pub fn index(&self) -> u64 {
        self.index
    }

    /// Hashes in the tile, 1 to 256.
    #[must_use]
    pub fn width(&self) -> u16 {
        self.width
    }

    /// Whether the tile will still grow.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.width < TILE_WIDTH
    }

    /// Bytes of the tile.
    #[must_use]
    pub fn byte_len(&self) -> usize {
        usize::from(self.width) * Hash::LEN
    }

    /// The path below the log's prefix, such as `tile/0/x001/067.p/8`.
    #[must_use]
    pub fn path(&self) -> String {
        format!("tile/{}/{}", self.level, index_path(self.index, self.width))
    }

    /// Reads a path in its only spelling.
    ///
    /// # Errors
    /// [`TileError::Path`] for anything else.
    pub fn from_path(path: &str) -> Result<Self, TileError> {
        let rest = bounded(path)?.strip_prefix("tile/").ok_or(TileError::Path)?;
        let (level, rest) = rest.split_once('/').ok_or(TileError::Path)?;
        let level = parse_decimal(level).map_err(|_| TileError::Path)?;
        let level = u8::try_from(level).map_err(|_| TileError::Path)?;
        let (index, width) = parse_index_path(rest)?;
        Self::new(level, index, width).map_err(|_| TileError::Path)
    }

    /// The tile that holds a node in a tree of `size` leaves; `None` when the tree has no such
    /// node.
    pub(crate) fn of_node(node: Node, size: TreeSize) -> Option<Self> {
        let (level, within) = (node.level / TILE_HEIGHT, node.level % TILE_HEIGHT);
        let shift = u32::from(level) * u32::from(TILE_HEIGHT);
        let hashes = size.get().checked_shr(shift)?;
        let end = node.index.checked_add(1)?.checked_mul(1 << within)?;
        if end > hashes {
            return None;
        }
        let index = (end - 1) / u64::from(TILE_WIDTH);
        let width = (hashes - index * u64::from(TILE_WIDTH)).min(u64::from(TILE_WIDTH));
        Some(Self { level, index, width: u16::try_from(width).ok()? })
    }
}

/// The coordinates of a bundle of entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryTile {
    index: u64,
    width: u16,
}

impl EntryTile {
    /// A bundle of `width` entries that begins at entry `index * 256`.
    ///
    /// # Errors
    /// [`TileError::Width`] unless 1 to 256.
    pub fn new(index: u64, width: u16) -> Result<Self, TileError> {
        check_width(usize::from(width))?;
        Ok(Self { index, width })
    }

    /// Position of the bundle.
    #[must_use]
    pub fn index(&self) -> u64 {
        self.index
    }

    /// Entries in the bundle, 1 to 256.
    #[must_use]
    pub fn width(&self) -> u16 {
        self.width
    }

    /// The path below the log's prefix, such as `tile/entries/x001/067`.
    #[must_use]
    pub fn path(&self) -> String {
        format!("tile/entries/{}", index_path(self.index, self.width))
    }

    /// Reads a path in its only spelling.
    ///
    /// # Errors
    /// [`TileError::Path`] for anything else.
    pub fn from_path(path: &str) -> Result<Self, TileError> {
        let rest = bounded(path)?.strip_prefix("tile/entries/").ok_or(TileError::Path)?;
        let (index, width) = parse_index_path(rest)?;
        Self::new(index, width).map_err(|_| TileError::Path)
    }
}

/// Refuses a path that is too long to name a tile.
fn bounded(path: &str) -> Result<&str, TileError> {
    if path.len() > MAX_PATH_BYTES { Err(TileError::Path) } else { Ok(path) }
}

/// `x001/x234/067` and, for a partial tile, `.p/<width>`.
fn index_path(index: u64, width: u16) -> String {
    let mut text = format!("{:03}", index % 1000);
    let mut rest = index / 1000;
    while rest > 0 {
        text = format!("x{:03}/{text}", rest % 1000);
        rest /= 1000;
    }
    if width < TILE_WIDTH {
        text = format!("{text}.p/{width}");
    }
    text
}

/// The inverse of [`index_path`]; a value has one spelling only.
fn parse_index_path(text: &str) -> Result<(u64, u16), TileError> {
    let (number, width) = match text.split_once(".p/") {
        None => (text, TILE_WIDTH),
        Some((number, width)) => {
            let width = parse_decimal(width).map_err(|_| TileError::Path)?;
            let width = u16::try_from(width).map_err(|_| TileError::Path)?;
            if width == 0 || width >= TILE_WIDTH {
                return Err(TileError::Path);
            }
            (number, width)
        }
    };
    let mut index: u64 = 0;
    let mut parts = number.split('/').peekable();
    while let Some(part) = parts.next() {
        let digits = match parts.peek() {
            Some(_) => part.strip_prefix('x').ok_or(TileError::Path)?,
            None => part,
        };
        if digits.len() != 3 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(TileError::Path);
        }
        let value: u64 = digits.parse().map_err(|_| TileError::Path)?;
        index = index
            .checked_mul(1000)
            .and_then(|shifted| shifted.checked_add(value))
            .ok_or(TileError::Path)?;
    }
    // A needless leading `x000` is another spelling of the same index.
    if index_path(index, width) == text { Ok((index, width)) } else { Err(TileError::Path) }
}

/// The tiles of a tree of `new` leaves that a tree of `old` leaves lacks or has narrower, by level,
/// then by index. From size zero: all tiles of the tree. Nothing when `new` is not above `old`.
pub fn tiles_changed(old: TreeSize, new: TreeSize) -> impl Iterator<Item = Tile> {
    (0..=MAX_TILE_LEVEL)
        .map_while(move |level| {
            let shift = u32::from(level) * u32::from(TILE_HEIGHT);
            let hashes = new.get().checked_shr(shift).filter(|hashes| *hashes > 0)?;
            let before = old.get().checked_shr(shift).unwrap_or(0);
            Some(spans(before, hashes).map(move |(index, width)| Tile { level, index, width }))
        })
        .flatten()
}

/// The entry bundles of a tree of `new` leaves that a tree of `old` leaves lacks or has narrower.
pub fn entry_tiles_changed(old: TreeSize, new: TreeSize) -> impl Iterator<Item = EntryTile> {
    spans(old.get(), new.get()).map(|(index, width)| EntryTile { index, width })
}

/// Index and width of each run of 256 that differs between the two counts.
fn spans(before: u64, after: u64) -> impl Iterator<Item = (u64, u16)> {
    let width = u64::from(TILE_WIDTH);
    let first = before / width;
    let end = if after > before { after.div_ceil(width) } else { first };
    (first..end).map(move |index| {
        let hashes = (after - index * width).min(width);
        (index, u16::try_from(hashes).unwrap_or(TILE_WIDTH))
    })
}

/// Hashes to add to one tile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TileWrite {
    /// Level of the tile.
    pub level: u8,
    /// Position within the level.
    pub index: u64,
    /// Hashes that the tile has already, below 256.
    pub offset: u16,
    /// Hashes to add after those.
    pub hashes: Vec<Hash>,
}

impl TileWrite {
    /// The coordinates of the tile once this is written.
    ///
    /// # Errors
    /// [`TileError`] when the fields are not those of a tile.
    pub fn tile(&self) -> Result<Tile, TileError> {
        let width = check_width(usize::from(self.offset) + self.hashes.len())?;
        Tile::new(self.level, self.index, width)
    }

    /// The bytes of the tile once this is written, from its bytes before (none for a new tile).
    ///
    /// # Errors
    /// [`TileError::TileLength`] when `before` does not hold `offset` hashes.
    pub fn bytes_after(&self, before: &[u8]) -> Result<Vec<u8>, TileError> {
        let want = usize::from(self.offset) * Hash::LEN;
        if before.len() != want {
            return Err(TileError::TileLength { got: before.len(), want });
        }
        let mut bytes = before.to_vec();
        bytes.extend_from_slice(&encode_tile(&self.hashes));
        Ok(bytes)
    }
}

/// The bytes of consecutive hashes.
#[must_use]
pub fn encode_tile(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| *hash.as_bytes()).collect()
}

/// The hashes of a tile.
///
/// # Errors
/// [`TileError::TileLength`] unless the bytes are exactly those of `tile.width()` hashes.
pub fn decode_tile(tile: &Tile, bytes: &[u8]) -> Result<Vec<Hash>, TileError> {
    let (hashes, rest) = bytes.as_chunks::<{ Hash::LEN }>();
    if !rest.is_empty() || hashes.len() != usize::from(tile.width) {
        return Err(TileError::TileLength { got: bytes.len(), want: tile.byte_len() });
    }
    Ok(hashes.iter().map(|hash| Hash::from_bytes(*hash)).collect())
}

#[cfg(test)]
mod tests;
