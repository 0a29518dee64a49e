//! GF(2^128): the field in which the fast matcher computes, and the block of 128 bits.
//!
//! Elements are polynomials over GF(2) modulo X^128 + X^7 + X^2 + X + 1; bit *i* of the integer is
//! the coefficient of X^*i*; on the wire an element is 16 bytes, little-endian. Addition is here;
//! products are kernels (`simd/`), since they differ by machine.
//! Not here: the reflected bit order of GCM.

use std::fmt;
use std::ops::{BitXor, BitXorAssign};

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};
use zeroize::{DefaultIsZeroes, Zeroize};

/// One element, also used as a plain block of 128 bits.
#[derive(
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    FromBytes,
    IntoBytes,
    Immutable,
    KnownLayout,
)]
#[repr(transparent)]
pub struct F128(pub u128);

impl F128 {
    /// Encoding of an element. Bytes.
    pub const BYTES: usize = 16;
    /// The element that adds nothing.
    pub const ZERO: F128 = F128(0);
    /// X^128 reduced: X^7 + X^2 + X + 1.
    pub const POLYNOMIAL: u64 = 0x87;

    /// Reads an element, least byte first.
    #[inline]
    pub fn from_bytes(bytes: [u8; Self::BYTES]) -> F128 {
        F128(u128::from_le_bytes(bytes))
    }

    /// Its bytes, the least first.
    #[inline]
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        self.0.to_le_bytes()
    }

    /// Appends the bytes of many.
    pub fn write(blocks: &[F128], into: &mut Vec<u8>) {
        if cfg!(target_endian = "little") {
            into.extend_from_slice(blocks.as_bytes());
        } else {
            into.extend(blocks.iter().flat_map(|block| block.to_bytes()));
        }
    }

    /// Bit `i`, the coefficient of X^i.
    #[inline]
    pub fn bit(self, i: usize) -> bool {
        (self.0 >> i) & 1 == 1
    }

    /// All ones if `choice`, else zero: selects without a branch.
    #[inline]
    pub fn mask(choice: bool) -> F128 {
        F128(0u128.wrapping_sub(u128::from(choice)))
    }

    /// The element where `mask` is all ones, zero where it is zero.
    #[inline]
    #[must_use]
    pub fn and(self, mask: F128) -> F128 {
        F128(self.0 & mask.0)
    }

    /// The element times X.
    #[inline]
    #[must_use]
    pub fn times_x(self) -> F128 {
        let carry = F128::mask(self.bit(127)).0 & u128::from(F128::POLYNOMIAL);
        F128((self.0 << 1) ^ carry)
    }
}

impl BitXor for F128 {
    type Output = F128;
    #[inline]
    fn bitxor(self, other: F128) -> F128 {
        F128(self.0 ^ other.0)
    }
}

impl BitXorAssign for F128 {
    #[inline]
    fn bitxor_assign(&mut self, other: F128) {
        self.0 ^= other.0;
    }
}

impl DefaultIsZeroes for F128 {}

/// Prints nothing: most elements are secrets.
impl fmt::Debug for F128 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("F128(..)")
    }
}

/// Elements that are erased when they are dropped.
pub struct Secret(pub Vec<F128>);

impl Drop for Secret {
    fn drop(&mut self) {
        // With what stands behind the end of a vector that was longer before; element by element,
        // since a vector's own way goes byte by byte.
        self.0.resize(self.0.capacity(), F128::ZERO);
        self.0.as_mut_slice().zeroize();
    }
}
