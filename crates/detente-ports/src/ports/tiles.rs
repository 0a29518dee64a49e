//! Reads hashes of a stored log through its tiles.

use detente_log::{Tile, TileHashReader, TileReader, TreeSize};

use super::{LogKey, Store, StoreError};

/// The tiles of one stored log.
pub struct LogTiles<'a> {
    /// Where it lies.
    pub store: &'a dyn Store,
    /// Which log.
    pub key: LogKey,
}

impl TileReader for LogTiles<'_> {
    type Error = StoreError;

    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut read = Vec::with_capacity(tiles.len());
        for tile in tiles {
            let bytes = self.store.tile(self.key, tile.level(), tile.index())?;
            let mut bytes = bytes
                .ok_or_else(|| StoreError::Damaged(format!("tile {} is missing", tile.path())))?;
            // A tile may have grown wider than the tree size asked for.
            bytes.truncate(tile.byte_len());
            read.push(bytes);
        }
        Ok(read)
    }
}

impl LogTiles<'_> {
    /// The hashes of the tree of this size.
    pub fn hashes(&self, size: TreeSize) -> TileHashReader<'_, Self> {
        TileHashReader::new(self, size)
    }
}
