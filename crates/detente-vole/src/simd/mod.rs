//! Vector kernels: the inner loops that differ by machine, behind one safe face.
//!
//! [`Simd`] says which instructions are there; each of its methods gives the same result whatever
//! they are. `portable.rs` is the twin that runs everywhere, `x86.rs` has AES-NI with PCLMULQDQ
//! and VAES with VPCLMULQDQ. `unsafe` stands in this folder and nowhere else in the workspace.
//! No kernel branches on, or indexes by, what it computes on, except for the places of
//! [`Simd::decode`], which are no secret of this end from itself (`docs/protocol/matching-vole.md`
//! §7).

mod aes;
mod blake3;
mod linear;
mod portable;
#[cfg(test)]
mod tests;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use aes::Aes;
pub use blake3::{Hash, LANES, SHORT_BYTES};

use crate::field::F128;

/// What the machine can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tier {
    Portable,
    #[cfg(target_arch = "x86_64")]
    AesNi,
    #[cfg(target_arch = "x86_64")]
    Vaes,
}

/// The kernels of this machine. Copy it about; it is one byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Simd(Tier);

impl Simd {
    /// The fastest kernels that run here.
    pub fn detect() -> Simd {
        Simd::available().last().copied().unwrap_or(Simd::PORTABLE)
    }

    /// The kernels that run everywhere.
    pub const PORTABLE: Simd = Simd(Tier::Portable);

    /// All kernels that run here, slowest first.
    pub fn available() -> Vec<Simd> {
        #[cfg_attr(not(target_arch = "x86_64"), expect(unused_mut, reason = "no more are there"))]
        let mut all = vec![Simd::PORTABLE];
        #[cfg(target_arch = "x86_64")]
        {
            if x86::has_aes_ni() {
                all.push(Simd(Tier::AesNi));
            }
            if x86::has_vaes() {
                all.push(Simd(Tier::Vaes));
            }
        }
        all
    }

    /// Short name for reports.
    pub fn name(self) -> &'static str {
        match self.0 {
            Tier::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Tier::AesNi => "aes-ni",
            #[cfg(target_arch = "x86_64")]
            Tier::Vaes => "vaes",
        }
    }

    /// The product of two elements.
    #[inline]
    pub fn mul(self, a: F128, b: F128) -> F128 {
        match self.0 {
            Tier::Portable => portable::mul(a, b),
            #[cfg(target_arch = "x86_64")]
            Tier::AesNi | Tier::Vaes => x86::mul(a, b),
        }
    }

    /// `into[i] += from[i] * factor`, over the shorter of both.
    #[inline]
    pub fn mul_add(self, into: &mut [F128], from: &[F128], factor: F128) {
        match self.0 {
            Tier::Portable => portable::mul_add(into, from, factor),
            #[cfg(target_arch = "x86_64")]
            Tier::AesNi => x86::mul_add(into, from, factor),
            #[cfg(target_arch = "x86_64")]
            Tier::Vaes => x86::mul_add_wide(into, from, factor),
        }
    }

    /// `blocks[i] = AES(blocks[i]) + blocks[i]` (Matyas, Meyer, Oseas).
    #[inline]
    pub fn mmo(self, aes: &Aes, blocks: &mut [F128]) {
        match self.0 {
            Tier::Portable => portable::mmo(aes, blocks),
            #[cfg(target_arch = "x86_64")]
            Tier::AesNi => x86::mmo(aes.round_keys(), blocks),
            #[cfg(target_arch = "x86_64")]
            Tier::Vaes => x86::mmo_wide(aes.round_keys(), blocks),
        }
    }

    /// One level of a tree: `children[2 i + b] = AES_b(parents[i]) + parents[i]`. Gives the sums of
    /// the children with b = 0 and with b = 1. `children` is twice as long as `parents`.
    pub fn ggm_level(self, keys: &[Aes; 2], parents: &[F128], children: &mut [F128]) -> [F128; 2] {
        debug_assert_eq!(children.len(), 2 * parents.len());
        match self.0 {
            Tier::Portable => portable::ggm_level(keys, parents, children),
            #[cfg(target_arch = "x86_64")]
            Tier::AesNi => {
                x86::ggm_level([keys[0].round_keys(), keys[1].round_keys()], parents, children)
            }
            #[cfg(target_arch = "x86_64")]
            Tier::Vaes => {
                x86::ggm_level_wide([keys[0].round_keys(), keys[1].round_keys()], parents, children)
            }
        }
    }

    /// The sum of `values[i] * AES(start + i)`: a random linear combination, whose coefficients
    /// are the key stream.
    pub fn dot_stream(self, aes: &Aes, start: u64, values: &[F128]) -> F128 {
        match self.0 {
            Tier::Portable => portable::dot_stream(aes, start, values),
            #[cfg(target_arch = "x86_64")]
            Tier::AesNi => x86::dot_stream(aes.round_keys(), start, values),
            #[cfg(target_arch = "x86_64")]
            Tier::Vaes => x86::dot_stream_wide(aes.round_keys(), start, values),
        }
    }

    /// The value that a store of `sparse.len()` columns and these dense ones gives for each row:
    /// three sparse columns and the row's powers times the dense columns.
    #[inline]
    pub fn decode(self, store: Columns<'_>, rows: &[F128], out: &mut [F128]) {
        match self.0 {
            Tier::Portable => portable::decode(store, rows, out),
            #[cfg(target_arch = "x86_64")]
            Tier::AesNi | Tier::Vaes => x86::decode(store, rows, out),
        }
    }

    /// Keyed BLAKE3 of [`LANES`] inputs of at most [`SHORT_BYTES`] bytes.
    #[inline]
    pub fn hash_short(self, key: &[u8; 32], inputs: &[&[u8]; LANES]) -> [Hash; LANES] {
        match self.0 {
            Tier::Portable => blake3::hash_lanes::<blake3::Plain>(key, inputs),
            #[cfg(target_arch = "x86_64")]
            Tier::AesNi | Tier::Vaes => x86::hash_lanes(key, inputs),
        }
    }

    /// One convolution over columns of `W` elements (`linear.rs` says which), with `taps` for each
    /// group of four; forward, or from the end.
    pub fn convolve<const W: usize>(self, values: &mut [[F128; W]], taps: &[F128], backward: bool)
    where
        Width<W>: Supported,
    {
        match self.0 {
            Tier::Portable => linear::convolve::<linear::Plain<W>, W>(values, taps, backward),
            #[cfg(target_arch = "x86_64")]
            Tier::AesNi | Tier::Vaes => x86::convolve(values.as_flattened_mut(), W, taps, backward),
        }
    }

    /// The sum of `u[i]` and of the inputs at `places[7 i .. 7 i + 7]`: its first element is set as
    /// `out[0][i]`, a second is added to `out[1][i]`.
    pub fn gather<const W: usize>(
        self,
        out: [&mut [F128]; W],
        u: &[[F128; W]],
        inputs: &[[F128; W]],
        places: &[u32],
    ) where
        Width<W>: Supported,
    {
        match self.0 {
            Tier::Portable => linear::gather::<linear::Plain<W>, W>(out, u, inputs, places),
            #[cfg(target_arch = "x86_64")]
            Tier::AesNi | Tier::Vaes => {
                x86::gather(out, u.as_flattened(), inputs.as_flattened(), places);
            }
        }
    }

    /// Turns 128 rows of 128 bits into columns: bit j of row i becomes bit i of row j.
    pub fn transpose(self, rows: &mut [F128; 128]) {
        match self.0 {
            Tier::Portable => portable::transpose(rows),
            #[cfg(target_arch = "x86_64")]
            Tier::AesNi | Tier::Vaes => x86::transpose(rows),
        }
    }
}

/// Names a number of elements in a column.
pub struct Width<const W: usize>;

/// The widths that have kernels: one element (the sender's vector), two (the receiver's pair).
pub trait Supported {}
impl Supported for Width<1> {}
impl Supported for Width<2> {}

/// The columns of one cluster of a key-value store.
#[derive(Clone, Copy)]
pub struct Columns<'a> {
    /// Columns of which a row has three.
    pub sparse: &'a [F128],
    /// Columns that a row's powers weigh.
    pub dense: &'a [F128],
}

/// The three sparse columns of a row among `len` columns: distinct, and near uniform for `len`
/// up to 2^20. They hang on bits 32 to 127 of the row; bits 0 to 31 choose the cluster.
#[inline(always)]
pub fn places(row: F128, len: u32) -> [u32; 3] {
    let pick = |shift: u32, among: u32| -> u32 {
        // Below `among`: the high half of a product of 32 bits by 32 bits.
        ((((row.0 >> shift) as u32 as u64) * u64::from(among)) >> 32) as u32
    };
    let first = pick(32, len);
    let mut second = pick(64, len - 1);
    second += u32::from(second >= first);
    let mut third = pick(96, len - 2);
    third += u32::from(third >= first.min(second));
    third += u32::from(third >= first.max(second));
    [first, second, third]
}

/// The cluster of a row among `count`.
#[inline(always)]
pub fn cluster(row: F128, count: u32) -> u32 {
    ((u64::from(row.0 as u32) * u64::from(count)) >> 32) as u32
}
