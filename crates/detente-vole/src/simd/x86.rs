//! The kernels for x86-64: AES-NI and PCLMULQDQ on 128 bits, VAES and VPCLMULQDQ on 256.
//!
//! The safe functions here are called for a tier that was detected ([`has_aes_ni`], [`has_vaes`]);
//! each states the features again, so that the intrinsics need no `unsafe` of their own. What is
//! left of it: loads and stores of whole registers from slices, within their bounds.
#![expect(unsafe_code, reason = "vector loads and stores, and calls of functions with features")]

use std::arch::x86_64::*;

use super::blake3::{self, Hash, LANES, Word};
use super::linear::{self, Column};
use super::{Columns, places};
use crate::field::F128;

/// AES-NI, PCLMULQDQ and AVX2.
pub(super) fn has_aes_ni() -> bool {
    is_x86_feature_detected!("aes")
        && is_x86_feature_detected!("pclmulqdq")
        && is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("sse4.1")
}

/// The above on 256 bits.
pub(super) fn has_vaes() -> bool {
    has_aes_ni() && is_x86_feature_detected!("vaes") && is_x86_feature_detected!("vpclmulqdq")
}

type Keys = [F128; 11];

/// Makes `$name`, which runs `$inner` with the features of a tier.
macro_rules! entry {
    ($name:ident => $inner:ident ( $($arg:ident : $type:ty),* ) $(-> $out:ty)?) => {
        pub(super) fn $name($($arg: $type),*) $(-> $out)? {
            debug_assert!(has_aes_ni());
            // SAFETY: `Simd` values of this tier are made by `Simd::available` alone, after the
            // features were detected.
            unsafe { $inner($($arg),*) }
        }
    };
}

entry!(mul => mul_tier(a: F128, b: F128) -> F128);
entry!(mul_add => mul_add_tier(into: &mut [F128], from: &[F128], factor: F128));
entry!(mul_add_wide => mul_add_wide_tier(into: &mut [F128], from: &[F128], factor: F128));
entry!(mmo => mmo_tier(keys: &Keys, blocks: &mut [F128]));
entry!(mmo_wide => mmo_wide_tier(keys: &Keys, blocks: &mut [F128]));
entry!(ggm_level => ggm_tier(keys: [&Keys; 2], parents: &[F128], children: &mut [F128])
    -> [F128; 2]);
entry!(ggm_level_wide => ggm_wide_tier(keys: [&Keys; 2], parents: &[F128], children: &mut [F128])
    -> [F128; 2]);
entry!(dot_stream => dot_tier(keys: &Keys, start: u64, values: &[F128]) -> F128);
entry!(dot_stream_wide => dot_wide_tier(keys: &Keys, start: u64, values: &[F128]) -> F128);
entry!(decode => decode_tier(store: Columns<'_>, rows: &[F128], out: &mut [F128]));
entry!(hash_lanes => hash_tier(key: &[u8; 32], inputs: &[&[u8]; LANES]) -> [Hash; LANES]);

#[inline(always)]
fn load(block: &F128) -> __m128i {
    // SAFETY: a reference to 16 bytes; no alignment is asked for.
    unsafe { _mm_loadu_si128(std::ptr::from_ref(block).cast()) }
}

#[inline(always)]
fn store(block: &mut F128, value: __m128i) {
    // SAFETY: a reference to 16 bytes that is ours to write.
    unsafe { _mm_storeu_si128(std::ptr::from_mut(block).cast(), value) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn load_wide(blocks: &[F128; 2]) -> __m256i {
    // SAFETY: a reference to 32 bytes; no alignment is asked for.
    unsafe { _mm256_loadu_si256(std::ptr::from_ref(blocks).cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn store_wide(blocks: &mut [F128; 2], value: __m256i) {
    // SAFETY: a reference to 32 bytes that is ours to write.
    unsafe { _mm256_storeu_si256(std::ptr::from_mut(blocks).cast(), value) }
}

fn block(value: __m128i) -> F128 {
    let mut block = F128::ZERO;
    store(&mut block, value);
    block
}

// ---- products --------------------------------------------------------------------------------

/// A product of 256 bits that is not reduced yet: low, middle (at 2^64) and high part.
#[derive(Clone, Copy)]
struct Unreduced {
    low: __m128i,
    middle: __m128i,
    high: __m128i,
}

#[inline]
#[target_feature(enable = "pclmulqdq,sse4.1")]
fn clmul(a: __m128i, b: __m128i) -> Unreduced {
    Unreduced {
        low: _mm_clmulepi64_si128(a, b, 0x00),
        middle: _mm_xor_si128(_mm_clmulepi64_si128(a, b, 0x10), _mm_clmulepi64_si128(a, b, 0x01)),
        high: _mm_clmulepi64_si128(a, b, 0x11),
    }
}

#[inline]
#[target_feature(enable = "sse4.1")]
fn add(a: Unreduced, b: Unreduced) -> Unreduced {
    Unreduced {
        low: _mm_xor_si128(a.low, b.low),
        middle: _mm_xor_si128(a.middle, b.middle),
        high: _mm_xor_si128(a.high, b.high),
    }
}

/// Folds the upper half twice: X^128 = X^7 + X^2 + X + 1.
#[inline]
#[target_feature(enable = "pclmulqdq,sse4.1")]
fn reduce(product: Unreduced) -> __m128i {
    let polynomial = _mm_set_epi64x(0, F128::POLYNOMIAL as i64);
    let low = _mm_xor_si128(product.low, _mm_slli_si128(product.middle, 8));
    let high = _mm_xor_si128(product.high, _mm_srli_si128(product.middle, 8));
    let top = _mm_clmulepi64_si128(high, polynomial, 0x01);
    let low = _mm_xor_si128(low, _mm_slli_si128(top, 8));
    let high = _mm_xor_si128(high, _mm_srli_si128(top, 8));
    _mm_xor_si128(low, _mm_clmulepi64_si128(high, polynomial, 0x00))
}

#[inline]
#[target_feature(enable = "pclmulqdq,sse4.1")]
fn product(a: __m128i, b: __m128i) -> __m128i {
    reduce(clmul(a, b))
}

#[target_feature(enable = "pclmulqdq,sse4.1")]
fn mul_tier(a: F128, b: F128) -> F128 {
    block(product(load(&a), load(&b)))
}

#[target_feature(enable = "pclmulqdq,sse4.1")]
fn mul_add_tier(into: &mut [F128], from: &[F128], factor: F128) {
    let factor = load(&factor);
    for (into, from) in into.iter_mut().zip(from) {
        let sum = _mm_xor_si128(load(into), product(load(from), factor));
        store(into, sum);
    }
}

#[target_feature(enable = "avx2,vpclmulqdq,pclmulqdq,sse4.1")]
fn mul_add_wide_tier(into: &mut [F128], from: &[F128], factor: F128) {
    let wide = _mm256_broadcastsi128_si256(load(&factor));
    let polynomial = _mm256_broadcastsi128_si256(_mm_set_epi64x(0, F128::POLYNOMIAL as i64));
    let len = into.len().min(from.len());
    let (into, from) = (&mut into[..len], &from[..len]);
    let (pairs, into_rest) = into.as_chunks_mut::<2>();
    let (from_pairs, from_rest) = from.as_chunks::<2>();
    for (into, from) in pairs.iter_mut().zip(from_pairs) {
        let a = load_wide(from);
        let middle = _mm256_xor_si256(
            _mm256_clmulepi64_epi128(a, wide, 0x10),
            _mm256_clmulepi64_epi128(a, wide, 0x01),
        );
        let low = _mm256_clmulepi64_epi128(a, wide, 0x00);
        let high = _mm256_clmulepi64_epi128(a, wide, 0x11);
        let low = _mm256_xor_si256(low, _mm256_slli_si256(middle, 8));
        let high = _mm256_xor_si256(high, _mm256_srli_si256(middle, 8));
        let top = _mm256_clmulepi64_epi128(high, polynomial, 0x01);
        let low = _mm256_xor_si256(low, _mm256_slli_si256(top, 8));
        let high = _mm256_xor_si256(high, _mm256_srli_si256(top, 8));
        let reduced = _mm256_xor_si256(low, _mm256_clmulepi64_epi128(high, polynomial, 0x00));
        let sum = _mm256_xor_si256(load_wide(into), reduced);
        store_wide(into, sum);
    }
    mul_add_tier(into_rest, from_rest, factor);
}

// ---- AES -------------------------------------------------------------------------------------

#[inline]
#[target_feature(enable = "aes,sse4.1")]
fn encrypt<const N: usize>(keys: &[__m128i; 11], mut state: [__m128i; N]) -> [__m128i; N] {
    for lane in &mut state {
        *lane = _mm_xor_si128(*lane, keys[0]);
    }
    for key in &keys[1..10] {
        for lane in &mut state {
            *lane = _mm_aesenc_si128(*lane, *key);
        }
    }
    for lane in &mut state {
        *lane = _mm_aesenclast_si128(*lane, keys[10]);
    }
    state
}

#[inline]
#[target_feature(enable = "aes,avx2,vaes")]
fn encrypt_wide<const N: usize>(keys: &[__m256i; 11], mut state: [__m256i; N]) -> [__m256i; N] {
    for lane in &mut state {
        *lane = _mm256_xor_si256(*lane, keys[0]);
    }
    for key in &keys[1..10] {
        for lane in &mut state {
            *lane = _mm256_aesenc_epi128(*lane, *key);
        }
    }
    for lane in &mut state {
        *lane = _mm256_aesenclast_epi128(*lane, keys[10]);
    }
    state
}

#[inline]
#[target_feature(enable = "avx2")]
fn widen(keys: &Keys) -> [__m256i; 11] {
    let mut wide = [_mm256_setzero_si256(); 11];
    for (wide, key) in wide.iter_mut().zip(keys) {
        *wide = _mm256_broadcastsi128_si256(load(key));
    }
    wide
}

#[inline]
#[target_feature(enable = "sse4.1")]
fn narrow(keys: &Keys) -> [__m128i; 11] {
    keys.each_ref().map(load)
}

#[target_feature(enable = "aes,sse4.1")]
fn mmo_tier(keys: &Keys, blocks: &mut [F128]) {
    let keys = narrow(keys);
    let (groups, rest) = blocks.as_chunks_mut::<8>();
    for group in groups {
        let before = group.each_ref().map(load);
        let after = encrypt(&keys, before);
        for i in 0..8 {
            store(&mut group[i], _mm_xor_si128(before[i], after[i]));
        }
    }
    for one in rest {
        let before = load(one);
        let [after] = encrypt(&keys, [before]);
        store(one, _mm_xor_si128(before, after));
    }
}

#[target_feature(enable = "aes,avx2,vaes,sse4.1")]
fn mmo_wide_tier(keys: &Keys, blocks: &mut [F128]) {
    let wide = widen(keys);
    let (groups, rest) = blocks.as_chunks_mut::<16>();
    for group in groups {
        let pairs = group.as_chunks_mut::<2>().0;
        let mut before = [_mm256_setzero_si256(); 8];
        for (lane, pair) in before.iter_mut().zip(&*pairs) {
            *lane = load_wide(pair);
        }
        let after = encrypt_wide(&wide, before);
        for i in 0..8 {
            store_wide(&mut pairs[i], _mm256_xor_si256(before[i], after[i]));
        }
    }
    mmo_tier(keys, rest);
}

#[target_feature(enable = "aes,sse4.1")]
fn ggm_tier(keys: [&Keys; 2], parents: &[F128], children: &mut [F128]) -> [F128; 2] {
    let keys = [narrow(keys[0]), narrow(keys[1])];
    let mut sums = [_mm_setzero_si128(); 2];
    let (groups, rest) = parents.as_chunks::<4>();
    let (wide_children, rest_children) = children.split_at_mut(8 * groups.len());
    for (group, children) in groups.iter().zip(wide_children.as_chunks_mut::<8>().0) {
        let before = group.each_ref().map(load);
        for side in 0..2 {
            let after = encrypt(&keys[side], before);
            for i in 0..4 {
                let child = _mm_xor_si128(before[i], after[i]);
                sums[side] = _mm_xor_si128(sums[side], child);
                store(&mut children[2 * i + side], child);
            }
        }
    }
    for (parent, children) in rest.iter().zip(rest_children.as_chunks_mut::<2>().0) {
        let before = load(parent);
        for side in 0..2 {
            let [after] = encrypt(&keys[side], [before]);
            let child = _mm_xor_si128(before, after);
            sums[side] = _mm_xor_si128(sums[side], child);
            store(&mut children[side], child);
        }
    }
    sums.map(block)
}

#[target_feature(enable = "aes,avx2,vaes,sse4.1")]
fn ggm_wide_tier(keys: [&Keys; 2], parents: &[F128], children: &mut [F128]) -> [F128; 2] {
    let wide = [widen(keys[0]), widen(keys[1])];
    let mut sums = [_mm256_setzero_si256(); 2];
    let (groups, rest) = parents.as_chunks::<8>();
    let (wide_children, rest_children) = children.split_at_mut(16 * groups.len());
    for (group, children) in groups.iter().zip(wide_children.as_chunks_mut::<16>().0) {
        let pairs = group.as_chunks::<2>().0;
        let mut before = [_mm256_setzero_si256(); 4];
        for (lane, pair) in before.iter_mut().zip(pairs) {
            *lane = load_wide(pair);
        }
        let mut made = [[_mm256_setzero_si256(); 4]; 2];
        for side in 0..2 {
            made[side] = encrypt_wide(&wide[side], before);
            for i in 0..4 {
                made[side][i] = _mm256_xor_si256(made[side][i], before[i]);
                sums[side] = _mm256_xor_si256(sums[side], made[side][i]);
            }
        }
        let out = children.as_chunks_mut::<2>().0;
        for i in 0..4 {
            // Parents 2i and 2i + 1: left and right child of the one, then of the other.
            let (left, right) = (made[0][i], made[1][i]);
            store_wide(&mut out[2 * i], _mm256_permute2x128_si256(left, right, 0x20));
            store_wide(&mut out[2 * i + 1], _mm256_permute2x128_si256(left, right, 0x31));
        }
    }
    let [left, right] = ggm_tier(keys, rest, rest_children);
    [fold(sums[0]) ^ left, fold(sums[1]) ^ right]
}

/// The sum of both halves.
#[inline]
#[target_feature(enable = "avx2")]
fn fold(wide: __m256i) -> F128 {
    block(_mm_xor_si128(_mm256_castsi256_si128(wide), _mm256_extracti128_si256(wide, 1)))
}

// ---- random linear combinations --------------------------------------------------------------

#[target_feature(enable = "aes,pclmulqdq,sse4.1")]
fn dot_tier(keys: &Keys, start: u64, values: &[F128]) -> F128 {
    let keys = narrow(keys);
    let zero = _mm_setzero_si128();
    let mut sum = Unreduced { low: zero, middle: zero, high: zero };
    let mut counter = start;
    for group in values.chunks(4) {
        let mut stream = [zero; 4];
        for lane in &mut stream {
            *lane = _mm_set_epi64x(0, counter as i64);
            counter = counter.wrapping_add(1);
        }
        let stream = encrypt(&keys, stream);
        for (value, coefficient) in group.iter().zip(stream) {
            sum = add(sum, clmul(load(value), coefficient));
        }
    }
    block(reduce(sum))
}

#[target_feature(enable = "aes,avx2,vaes,vpclmulqdq,pclmulqdq,sse4.1")]
fn dot_wide_tier(keys: &Keys, start: u64, values: &[F128]) -> F128 {
    let wide = widen(keys);
    let zero = _mm256_setzero_si256();
    let (mut low, mut middle, mut high) = (zero, zero, zero);
    let (groups, rest) = values.as_chunks::<16>();
    let mut counters = _mm256_set_epi64x(0, start.wrapping_add(1) as i64, 0, start as i64);
    let step = _mm256_set_epi64x(0, 2, 0, 2);
    for group in groups {
        let mut stream = [zero; 8];
        for lane in &mut stream {
            *lane = counters;
            counters = _mm256_add_epi64(counters, step);
        }
        let stream = encrypt_wide(&wide, stream);
        for (pair, coefficient) in group.as_chunks::<2>().0.iter().zip(stream) {
            let value = load_wide(pair);
            low = _mm256_xor_si256(low, _mm256_clmulepi64_epi128(value, coefficient, 0x00));
            middle = _mm256_xor_si256(middle, _mm256_clmulepi64_epi128(value, coefficient, 0x10));
            middle = _mm256_xor_si256(middle, _mm256_clmulepi64_epi128(value, coefficient, 0x01));
            high = _mm256_xor_si256(high, _mm256_clmulepi64_epi128(value, coefficient, 0x11));
        }
    }
    let sum =
        Unreduced { low: load(&fold(low)), middle: load(&fold(middle)), high: load(&fold(high)) };
    let done = 16 * groups.len() as u64;
    block(reduce(sum)) ^ dot_tier(keys, start.wrapping_add(done), rest)
}

// ---- key-value store -------------------------------------------------------------------------

#[target_feature(enable = "avx2,pclmulqdq,sse4.1")]
fn decode_tier(columns: Columns<'_>, rows: &[F128], out: &mut [F128]) {
    let len = columns.sparse.len() as u32;
    for (row, out) in rows.iter().zip(out) {
        let [a, b, c] = places(*row, len).map(|place| load(&columns.sparse[place as usize]));
        let power = load(row);
        let mut dense = _mm_setzero_si128();
        for d in columns.dense.iter().rev() {
            dense = product(_mm_xor_si128(dense, load(d)), power);
        }
        store(out, _mm_xor_si128(_mm_xor_si128(a, b), _mm_xor_si128(c, dense)));
    }
}

// ---- hashing ---------------------------------------------------------------------------------

/// Eight words of 32 bits. Values of it live only inside the functions with features below.
#[derive(Clone, Copy)]
struct Words(__m256i);

impl Word for Words {
    #[inline(always)]
    fn splat(word: u32) -> Words {
        // SAFETY: only in functions with AVX2.
        Words(unsafe { _mm256_set1_epi32(word as i32) })
    }
    #[inline(always)]
    fn add(self, other: Words) -> Words {
        // SAFETY: only in functions with AVX2.
        Words(unsafe { _mm256_add_epi32(self.0, other.0) })
    }
    #[inline(always)]
    fn xor(self, other: Words) -> Words {
        // SAFETY: only in functions with AVX2.
        Words(unsafe { _mm256_xor_si256(self.0, other.0) })
    }
    #[inline(always)]
    fn rotate_right<const N: u32>(self) -> Words {
        // SAFETY: only in functions with AVX2.
        unsafe { Words(rotate::<N>(self.0)) }
    }
    #[inline(always)]
    fn from_lanes(lanes: &[&[u8; 32]; LANES]) -> [Words; 8] {
        // SAFETY: only in functions with AVX2; each lane is 32 bytes.
        unsafe { transpose_words(lanes.map(|lane| _mm256_loadu_si256(lane.as_ptr().cast()))) }
            .map(Words)
    }
    #[inline(always)]
    fn to_lanes(words: [Words; 8]) -> [Hash; LANES] {
        let mut out = [[0; 32]; LANES];
        // SAFETY: only in functions with AVX2; each digest is 32 bytes.
        unsafe {
            let lanes = transpose_words(words.map(|words| words.0));
            for (out, lane) in out.iter_mut().zip(lanes) {
                _mm256_storeu_si256(out.as_mut_ptr().cast(), lane);
            }
        }
        out
    }
    #[inline(always)]
    fn from_each(each: [u32; LANES]) -> Words {
        // SAFETY: only in functions with AVX2; eight words are 32 bytes.
        Words(unsafe { _mm256_loadu_si256(each.as_ptr().cast()) })
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn rotate<const N: u32>(words: __m256i) -> __m256i {
    // Rotations by whole bytes are one shuffle.
    let by_bytes = |bytes: i64| {
        let lane =
            |word: i64| (0..4).fold(0i64, |sum, i| sum | (4 * word + (i + bytes) % 4) << (8 * i));
        let half = |first: i64| lane(first) | lane(first + 1) << 32;
        _mm256_shuffle_epi8(words, _mm256_set_epi64x(half(2), half(0), half(2), half(0)))
    };
    match N {
        16 => by_bytes(2),
        8 => by_bytes(1),
        12 => _mm256_or_si256(_mm256_srli_epi32(words, 12), _mm256_slli_epi32(words, 20)),
        _ => _mm256_or_si256(_mm256_srli_epi32(words, 7), _mm256_slli_epi32(words, 25)),
    }
}

/// Rows of eight words to columns.
#[inline]
#[target_feature(enable = "avx2")]
fn transpose_words(rows: [__m256i; 8]) -> [__m256i; 8] {
    let pairs: [__m256i; 8] = std::array::from_fn(|i| {
        let (a, b) = (rows[i & !1], rows[i | 1]);
        if i % 2 == 0 { _mm256_unpacklo_epi32(a, b) } else { _mm256_unpackhi_epi32(a, b) }
    });
    // pairs[2 i] has words 0, 1 and pairs[2 i + 1] words 2, 3 of rows 2 i, 2 i + 1.
    let fours: [__m256i; 8] = std::array::from_fn(|i| {
        let (quad, word) = (i / 4 * 4, i % 4);
        let (a, b) = (pairs[quad + word / 2], pairs[quad + 2 + word / 2]);
        if word % 2 == 0 { _mm256_unpacklo_epi64(a, b) } else { _mm256_unpackhi_epi64(a, b) }
    });
    std::array::from_fn(|i| {
        let (a, b) = (fours[i % 4], fours[4 + i % 4]);
        if i < 4 {
            _mm256_permute2x128_si256(a, b, 0x20)
        } else {
            _mm256_permute2x128_si256(a, b, 0x31)
        }
    })
}

#[target_feature(enable = "avx2")]
fn hash_tier(key: &[u8; 32], inputs: &[&[u8]; LANES]) -> [Hash; LANES] {
    blake3::hash_lanes::<Words>(key, inputs)
}

// ---- linear code -----------------------------------------------------------------------------

/// One element in a register. Values of it live only inside the functions with features below.
#[derive(Clone, Copy)]
struct One(__m128i);

/// Two elements in a register, likewise.
#[derive(Clone, Copy)]
struct Two(__m256i);

impl Column<1> for One {
    #[inline(always)]
    fn zero() -> One {
        // SAFETY: SSE2 is part of x86-64.
        One(unsafe { _mm_setzero_si128() })
    }
    #[inline(always)]
    fn load(from: &[F128; 1]) -> One {
        One(load(&from[0]))
    }
    #[inline(always)]
    fn store(self, into: &mut [F128; 1]) {
        store(&mut into[0], self.0);
    }
    #[inline(always)]
    fn add(self, other: One) -> One {
        // SAFETY: SSE2 is part of x86-64.
        One(unsafe { _mm_xor_si128(self.0, other.0) })
    }
    #[inline(always)]
    fn times_x(self) -> One {
        // SAFETY: SSE2 is part of x86-64.
        unsafe {
            // The top bit of each half, as a mask, goes where its carry belongs.
            let signs = _mm_shuffle_epi32(_mm_srai_epi32(self.0, 31), 0b01_01_11_11);
            let carries = _mm_and_si128(signs, _mm_set_epi64x(1, F128::POLYNOMIAL as i64));
            One(_mm_xor_si128(_mm_add_epi64(self.0, self.0), carries))
        }
    }
}

impl Column<2> for Two {
    #[inline(always)]
    fn zero() -> Two {
        // SAFETY: only in functions with AVX2.
        Two(unsafe { _mm256_setzero_si256() })
    }
    #[inline(always)]
    fn load(from: &[F128; 2]) -> Two {
        // SAFETY: only in functions with AVX2.
        Two(unsafe { load_wide(from) })
    }
    #[inline(always)]
    fn store(self, into: &mut [F128; 2]) {
        // SAFETY: only in functions with AVX2.
        unsafe { store_wide(into, self.0) }
    }
    #[inline(always)]
    fn add(self, other: Two) -> Two {
        // SAFETY: only in functions with AVX2.
        Two(unsafe { _mm256_xor_si256(self.0, other.0) })
    }
    #[inline(always)]
    fn times_x(self) -> Two {
        // SAFETY: only in functions with AVX2.
        unsafe {
            let signs = _mm256_shuffle_epi32(_mm256_srai_epi32(self.0, 31), 0b01_01_11_11);
            let polynomial = F128::POLYNOMIAL as i64;
            let carries = _mm256_and_si256(signs, _mm256_set_epi64x(1, polynomial, 1, polynomial));
            Two(_mm256_xor_si256(_mm256_add_epi64(self.0, self.0), carries))
        }
    }
}

entry!(convolve => convolve_tier(values: &mut [F128], width: usize, taps: &[F128], backward: bool));
entry!(transpose => transpose_tier(rows: &mut [F128; 128]));

#[target_feature(enable = "avx2")]
fn convolve_tier(values: &mut [F128], width: usize, taps: &[F128], backward: bool) {
    match (width, backward) {
        (1, false) => linear::convolve::<One, 1>(values.as_chunks_mut().0, taps, false),
        (1, true) => linear::convolve::<One, 1>(values.as_chunks_mut().0, taps, true),
        (_, false) => linear::convolve::<Two, 2>(values.as_chunks_mut().0, taps, false),
        (_, true) => linear::convolve::<Two, 2>(values.as_chunks_mut().0, taps, true),
    }
}

/// Columns of one element or two, by the number of slices.
pub(super) fn gather<const W: usize>(
    out: [&mut [F128]; W],
    u: &[F128],
    inputs: &[F128],
    places: &[u32],
) {
    debug_assert!(has_aes_ni());
    let mut slices = out.into_iter();
    // SAFETY: as in `entry`.
    unsafe {
        match (slices.next(), slices.next()) {
            (Some(first), Some(second)) => gather_two([first, second], u, inputs, places),
            (Some(only), None) => gather_one([only], u, inputs, places),
            _ => {}
        }
    }
}

#[target_feature(enable = "avx2")]
fn gather_one(out: [&mut [F128]; 1], u: &[F128], inputs: &[F128], places: &[u32]) {
    linear::gather::<One, 1>(out, u.as_chunks().0, inputs.as_chunks().0, places);
}

#[target_feature(enable = "avx2")]
fn gather_two(out: [&mut [F128]; 2], u: &[F128], inputs: &[F128], places: &[u32]) {
    linear::gather::<Two, 2>(out, u.as_chunks().0, inputs.as_chunks().0, places);
}

/// Sixteen rows by eight bits at a time: the top bits of a register's bytes are one row's part.
#[target_feature(enable = "sse2")]
fn transpose_tier(rows: &mut [F128; 128]) {
    let mut out = [[0u8; 16]; 128];
    let bytes: [[u8; 16]; 128] = rows.map(F128::to_bytes);
    for (part, sixteen) in bytes.as_chunks::<16>().0.iter().enumerate() {
        for byte in 0..16 {
            let column: [u8; 16] = std::array::from_fn(|i| sixteen[i][byte]);
            let mut lanes = load(&F128::from_bytes(column));
            for bit in (0..8).rev() {
                let top = _mm_movemask_epi8(lanes) as u16;
                out[8 * byte + bit][2 * part..2 * part + 2].copy_from_slice(&top.to_le_bytes());
                lanes = _mm_add_epi8(lanes, lanes);
            }
        }
    }
    *rows = out.map(F128::from_bytes);
}
