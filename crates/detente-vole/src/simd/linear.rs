//! The linear code's two loops, written once over a column type and compiled for each tier.
//!
//! A column is one element (the sender's vector) or two (the receiver's pair of vectors, which
//! share all places and taps).

use crate::field::F128;
use crate::security::{CONVOLUTION_WIDTH, EXPANDER_WEIGHT, OUTPUT_STEP};

/// Positions in one group of a convolution.
const GROUP: usize = OUTPUT_STEP;
/// Groups before this one that may enter it.
const WINDOW: usize = CONVOLUTION_WIDTH / GROUP;
/// Sums of the subsets of a group.
const SUBSETS: usize = 1 << GROUP;

/// `W` elements in registers.
pub(super) trait Column<const W: usize>: Copy {
    fn zero() -> Self;
    fn load(from: &[F128; W]) -> Self;
    fn store(self, into: &mut [F128; W]);
    fn add(self, other: Self) -> Self;
    fn times_x(self) -> Self;
}

/// A column without vector registers.
#[derive(Clone, Copy)]
pub(super) struct Plain<const W: usize>([F128; W]);

impl<const W: usize> Column<W> for Plain<W> {
    fn zero() -> Self {
        Plain([F128::ZERO; W])
    }
    fn load(from: &[F128; W]) -> Self {
        Plain(*from)
    }
    fn store(self, into: &mut [F128; W]) {
        *into = self.0;
    }
    fn add(self, other: Self) -> Self {
        Plain(std::array::from_fn(|i| self.0[i] ^ other.0[i]))
    }
    fn times_x(self) -> Self {
        Plain(self.0.map(F128::times_x))
    }
}

/// One convolution. The values are taken in groups of four; with y for what comes out,
///
/// ```text
/// y[4 g + k] = x[4 g + k] + X y[4 (g - 7) + k]
///              + the y of groups g - 6 to g - 1 whose bit of the taps is set    24 random bits
///              + the y[4 g + j], j < k, whose bit of the taps is set             k random bits
/// ```
///
/// where terms before the beginning are zero. Bits of `taps[g]`: 24 k + 4 (q - 1) + j for
/// y[4 (g - q) + j]; 96 + k (k - 1) / 2 + j for y[4 g + j]. Backward, the same from the end, with
/// the group nearest to the end first and its last position as k = 0.
///
/// The sums of all subsets of a group are made once and looked up by the next six groups.
#[inline(always)]
pub(super) fn convolve<C: Column<W>, const W: usize>(
    values: &mut [[F128; W]],
    taps: &[F128],
    backward: bool,
) {
    let groups = values.as_chunks_mut::<GROUP>().0;
    let count = groups.len();
    let mut window = [[C::zero(); SUBSETS]; WINDOW];
    for (g, taps) in taps.iter().enumerate().take(count) {
        let at = |g: usize| if backward { count - 1 - g } else { g };
        let place = |k: usize| if backward { GROUP - 1 - k } else { k };
        let oldest = if g > WINDOW { groups[at(g - WINDOW - 1)] } else { [[F128::ZERO; W]; GROUP] };
        let group = &mut groups[at(g)];
        let mut made = [C::zero(); GROUP];
        for k in 0..GROUP {
            let mut sum = C::load(&group[place(k)]);
            sum = sum.add(C::load(&oldest[place(k)]).times_x());
            let bits = (taps.0 >> (CONVOLUTION_WIDTH * k)) as u32;
            for q in 1..=WINDOW {
                let subset = (bits >> (GROUP * (q - 1))) as usize % SUBSETS;
                // Groups before the beginning have zero sums.
                sum = sum.add(window[(g + WINDOW - q) % WINDOW][subset]);
            }
            made[k] = sum;
            let own =
                (taps.0 >> (GROUP * CONVOLUTION_WIDTH + k * k.saturating_sub(1) / 2)) as usize;
            let mut inner = C::zero();
            for j in 0..k {
                // A choice by a public bit, as a look-up.
                inner = inner.add([C::zero(), made[j]][(own >> j) & 1]);
            }
            made[k] = sum.add(inner);
            made[k].store(&mut group[place(k)]);
        }
        let sums = &mut window[g % WINDOW];
        for j in 0..GROUP {
            for low in 0..1 << j {
                sums[(1 << j) + low] = sums[low].add(made[j]);
            }
        }
    }
}

/// The sum of each column of `u` and the inputs at its places, [`EXPANDER_WEIGHT`] a column. `out`
/// has a slice for each element of a column: the first is set, the others are added to.
#[inline(always)]
pub(super) fn gather<C: Column<W>, const W: usize>(
    mut out: [&mut [F128]; W],
    u: &[[F128; W]],
    inputs: &[[F128; W]],
    places: &[u32],
) {
    for (i, (u, places)) in u.iter().zip(places.as_chunks::<EXPANDER_WEIGHT>().0).enumerate() {
        let mut sum = C::load(u);
        for place in places {
            sum = sum.add(C::load(&inputs[*place as usize]));
        }
        let mut made = [F128::ZERO; W];
        sum.store(&mut made);
        for (k, (out, made)) in out.iter_mut().zip(made).enumerate() {
            // Fresh memory is not read before it is written: that would fault twice.
            out[i] = if k == 0 { made } else { out[i] ^ made };
        }
    }
}
