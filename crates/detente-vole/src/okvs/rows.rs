//! Items as rows of a store.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};
use zeroize::Zeroize;

use crate::field::F128;
use crate::simd::{Aes, Simd};

/// Hash of an item under the run's key: 128 bits that give its cluster and row, 128 bits that are
/// its value.
#[derive(
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    FromBytes,
    IntoBytes,
    Immutable,
    KnownLayout,
)]
#[repr(C)]
pub struct Digest {
    /// What the item's rows are derived from.
    pub row: F128,
    /// What the store holds for it.
    pub value: F128,
}

impl Zeroize for Digest {
    fn zeroize(&mut self) {
        self.row.zeroize();
        self.value.zeroize();
    }
}

impl Digest {
    /// Reads a digest: row, then value.
    #[inline]
    pub fn from_bytes(bytes: &[u8; 32]) -> Digest {
        let (row, value) = bytes.split_at(16);
        let half = |bytes: &[u8]| {
            let mut block = [0; 16];
            block.copy_from_slice(bytes);
            F128::from_bytes(block)
        };
        Digest { row: half(row), value: half(value) }
    }

    /// Its bytes, in the same order.
    #[inline]
    pub fn to_bytes(self) -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes[..16].copy_from_slice(&self.row.to_bytes());
        bytes[16..].copy_from_slice(&self.value.to_bytes());
        bytes
    }
}

/// The rows of a cluster's items in the store of a key: their row digests, hashed once more, so
/// that another key is another try.
pub(super) fn rows(simd: Simd, key: &Aes, digests: &[Digest], into: &mut Vec<F128>) {
    into.clear();
    into.extend(digests.iter().map(|digest| digest.row));
    simd.mmo(key, into);
}
