//! Trees of seeds that one side knows whole and the other all but one leaf (Goldreich, Goldwasser,
//! Micali 1986; Boyle and others 2019, "PPRF").
//!
//! A node's children are AES under two public keys of the tree, fed forward. Level by level the
//! owner gives the sum of all left and the sum of all right children, of which the other gets one
//! by a transfer: on the side that its path does not take.

use crate::field::F128;
use crate::simd::{Aes, Simd};

/// Room for the levels of one tree but the last.
pub(super) struct Scratch([Vec<F128>; 2]);

impl Scratch {
    pub(super) fn new(depth: usize) -> Scratch {
        let half = || vec![F128::ZERO; 1 << (depth - 1)];
        Scratch([half(), half()])
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        use zeroize::Zeroize;
        for half in &mut self.0 {
            half.zeroize();
        }
    }
}

/// Goes down the levels: makes the children of each from its parents, in `leaves` at last, and
/// lets `mend` change them before the next.
fn descend(
    (simd, keys): (Simd, &[Aes; 2]),
    root: F128,
    scratch: &mut Scratch,
    leaves: &mut [F128],
    mut mend: impl FnMut(usize, [F128; 2], &mut [F128]),
) {
    let depth = leaves.len().trailing_zeros() as usize;
    let [mut parents, mut children] = scratch.0.each_mut();
    parents[0] = root;
    for level in 0..depth {
        let width = 1 << level;
        if level + 1 < depth {
            let made = &mut children[..2 * width];
            let sums = simd.ggm_level(keys, &parents[..width], made);
            mend(level, sums, made);
            std::mem::swap(&mut parents, &mut children);
        } else {
            let sums = simd.ggm_level(keys, &parents[..width], leaves);
            mend(level, sums, leaves);
        }
    }
}

/// Grows a whole tree: its leaves, and for each level the sums of its left and right nodes.
pub(super) fn grow(
    tools: (Simd, &[Aes; 2]),
    root: F128,
    scratch: &mut Scratch,
    leaves: &mut [F128],
) -> Vec<[F128; 2]> {
    let mut sums = Vec::with_capacity(leaves.len().trailing_zeros() as usize);
    descend(tools, root, scratch, leaves, |_, level, _| sums.push(level));
    sums
}

/// Grows a tree from one sum of each level, all but the leaf `path` (its first step in the highest
/// bit). `sums[l]` is that of the side which the path does not take at level l. The leaf that is
/// missing stands as zero.
pub(super) fn grow_punctured(
    tools: (Simd, &[Aes; 2]),
    path: usize,
    sums: &[F128],
    scratch: &mut Scratch,
    leaves: &mut [F128],
) {
    let depth = sums.len();
    // The unknown node of each level stands as zero; what it gives is taken back.
    descend(tools, F128::ZERO, scratch, leaves, |level, made, nodes| {
        let on_path = path >> (depth - 1 - level);
        let (sibling, side) = (on_path ^ 1, (on_path ^ 1) & 1);
        let others = made[side] ^ nodes[sibling];
        nodes[sibling] = sums[level] ^ others;
        nodes[on_path] = F128::ZERO;
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_leaves_but_one_are_the_same() {
        let keys = [Aes::new(F128(1)), Aes::new(F128(2))];
        for simd in Simd::available() {
            for depth in 1..8 {
                let tools = (simd, &keys);
                let mut whole = vec![F128::ZERO; 1 << depth];
                let mut scratch = Scratch::new(depth);
                let sums = grow(tools, F128(99), &mut scratch, &mut whole);
                assert_eq!(sums.len(), depth);
                for path in 0..1 << depth {
                    let given: Vec<F128> = (0..depth)
                        .map(|level| sums[level][1 - (path >> (depth - 1 - level) & 1)])
                        .collect();
                    let mut part = vec![F128::ZERO; 1 << depth];
                    grow_punctured(tools, path, &given, &mut scratch, &mut part);
                    for leaf in 0..1 << depth {
                        assert_eq!(part[leaf] == whole[leaf], leaf != path, "{depth} {path}");
                    }
                    assert!(part[path] == F128::ZERO);
                }
            }
        }
    }
}
