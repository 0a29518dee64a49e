//! Large vectors in pages of the system, huge ones where it has them.
//!
//! Most of the fast matcher's work is on vectors of some ten megabytes at random places. In pages
//! of 4 KiB that costs a fault for each page and a walk of page tables for most accesses: a third
//! of all CPU time (`docs/performance.md`). Small vectors stay on the heap.

use std::fmt;
use std::ops::{Deref, DerefMut};

use memmap2::MmapMut;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};
use zeroize::Zeroize;

/// Vectors below this go to the heap. Bytes: a huge page of x86-64.
const PAGES_BYTES_MIN: usize = 1 << 21;

/// What [`Pages`] holds: types that any bytes are a value of.
pub trait Plain: FromBytes + IntoBytes + Immutable + KnownLayout {}
impl<T: FromBytes + IntoBytes + Immutable + KnownLayout> Plain for T {}

/// A vector of fixed length that begins with zeros and is erased when dropped.
pub struct Pages<T: Plain> {
    memory: Memory<T>,
    len: usize,
}

enum Memory<T> {
    Heap(Vec<T>),
    Mapped(MmapMut),
}

impl<T: Plain> Pages<T> {
    /// So many zeros.
    pub fn zeros(len: usize) -> Pages<T> {
        let memory = Self::map(len).map_or_else(|| Memory::Heap(heap(len)), Memory::Mapped);
        Pages { memory, len }
    }

    fn map(len: usize) -> Option<MmapMut> {
        let bytes = len.checked_mul(size_of::<T>()).filter(|bytes| *bytes >= PAGES_BYTES_MIN)?;
        let map = MmapMut::map_anon(bytes).ok()?;
        #[cfg(target_os = "linux")]
        {
            // A wish: the system may have none, and nothing hangs on it.
            let _ = map.advise(memmap2::Advice::HugePage);
        }
        Some(map)
    }
}

/// Zeros that the allocator has from the system are not written again.
fn heap<T: Plain>(len: usize) -> Vec<T> {
    let all = || std::iter::repeat_with(T::new_zeroed).take(len).collect();
    T::new_vec_zeroed(len).unwrap_or_else(|_| all())
}

impl<T: Plain> Deref for Pages<T> {
    type Target = [T];
    #[inline]
    fn deref(&self) -> &[T] {
        match &self.memory {
            Memory::Heap(vec) => vec,
            // A mapping begins at a page and has room for `len`.
            Memory::Mapped(map) => {
                <[T]>::ref_from_prefix_with_elems(map, self.len).map_or(&[], |(all, _)| all)
            }
        }
    }
}

impl<T: Plain> DerefMut for Pages<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        match &mut self.memory {
            Memory::Heap(vec) => vec,
            Memory::Mapped(map) => {
                <[T]>::mut_from_prefix_with_elems(map, self.len).map_or(&mut [], |(all, _)| all)
            }
        }
    }
}

/// Prints nothing: what it holds are secrets.
impl<T: Plain> fmt::Debug for Pages<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pages(..)")
    }
}

impl<T: Plain> Drop for Pages<T> {
    fn drop(&mut self) {
        let bytes = self.as_mut_bytes();
        match <[u64]>::mut_from_bytes(bytes) {
            Ok(words) => words.zeroize(),
            Err(error) => error.into_src().zeroize(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::F128;

    #[test]
    fn vectors_of_any_length_begin_as_zeros() {
        for len in [0, 1, 1000, 1 << 17, (1 << 17) + 3] {
            let mut pages = Pages::<F128>::zeros(len);
            assert_eq!(pages.len(), len);
            assert!(pages.iter().all(|block| *block == F128::ZERO));
            pages.fill(F128(7));
            assert!(pages.iter().all(|block| *block == F128(7)));
            let mapped = matches!(pages.memory, Memory::Mapped(_));
            assert_eq!(mapped, len * F128::BYTES >= PAGES_BYTES_MIN);
        }
    }

    #[test]
    fn odd_sizes_fit() {
        let mut pages = Pages::<[u8; 3]>::zeros(1_000_001);
        pages[1_000_000] = [1, 2, 3];
        assert_eq!(pages.len(), 1_000_001);
        assert_eq!(pages[1_000_000], [1, 2, 3]);
    }
}
