//! Every parameter of the fast matcher, with unit and source, and the formulas that give the rest.
//!
//! Sources, by short name: RS21 (Rindal, Schoppmann, *VOLE-PSI*, ePrint 2021/266), RR22
//! (Raghuraman, Rindal, *Blazing fast PSI*, ePrint 2022/320), RRT23 (Raghuraman, Rindal, Tanguy,
//! *Expand-convolute codes*, ePrint 2023/882), WYKW21 (Weng and others, *Wolverine*, ePrint
//! 2020/925), Roy22 (*SoftSpokenOT*, ePrint 2022/192), MR19 (Masny, Rindal, *Endemic OT*, ePrint
//! 2019/706). A change of any value is a new version of the protocol, whose number stands in every
//! label.

/// Computational security. Bits.
pub const KAPPA: u32 = 128;

/// Statistical security: the chance of an honest run to fail, and of a loss of privacy that no
/// computation can help. Bits.
pub const LAMBDA: u32 = 40;

// ---- key-value store (RR22 §3) ----------------------------------------------------------------

/// Sparse columns of a row. Count (RR22: the best trade for both sides).
pub const SPARSE_WEIGHT: f64 = 3.0;

/// Expansion below which peeling stops with certainty, for weight 3 (RR22 §3, e*).
const EXPANSION_THRESHOLD: f64 = 1.223;

/// All lines of RR22 §3 pass through this security at the threshold. Bits.
const SECURITY_AT_THRESHOLD: f64 = -9.2;

/// Items of a cluster on average. Count (RR22 §3.4: 2^14; its columns fit a core's cache).
pub const CLUSTER_ITEMS: u64 = 1 << 14;

/// Fewest items for which a store is laid out. Count: RR22 measured from 2^6 on; below that, places
/// are left over, which costs a kilobyte.
pub const STORE_ITEMS_MIN: u64 = 64;

/// Largest set of rows that peeling may leave for elimination. Count: elimination is cubic in it;
/// RR22's bound on what is left is below 8 at every size, so more is a failure.
pub const CORE_ROWS_MAX: usize = 64;

// ---- silent VOLE (RRT23, WYKW21) --------------------------------------------------------------

/// Inputs that each output of the expander sums. Count (RRT23 §5, 7x24).
pub const EXPANDER_WEIGHT: usize = 7;

/// Of these, one in each of so many equal parts; the others are uniform. Count (as libOTe since
/// 2024: half and half).
pub const EXPANDER_REGULAR: usize = 4;

/// Earlier positions that may enter a step of the convolution. Count, at least (RRT23 §5, 7x24).
pub const CONVOLUTION_WIDTH: usize = 24;

/// The smallest weight of a word of the code that can be found, as a part of its length: an
/// estimate, not a proof. RRT23 and libOTe take 0.25 for this code with two convolutions, 0.15
/// with one; we compute with 0.15 though we have two. ADR 0008.
const PSEUDO_DISTANCE: f64 = 0.15;

/// Most outputs of one expansion. Count. Choice: its vectors stay in a shared cache.
pub const EXPANSION_OUTPUTS_MAX: usize = 1 << 19;

/// Fewest outputs of one expansion. Count: small codes are weaker than the estimate says.
pub const EXPANSION_OUTPUTS_MIN: usize = 1 << 12;

/// Outputs are a multiple of this. Count: positions that the convolution takes in one step.
pub const OUTPUT_STEP: usize = 4;

/// Noise positions. Count: a linear test of weight d misses all of them with probability
/// (1 - d/N)^t, which must be below 2^-kappa. Over a large field the noise values are uniform, so
/// this and not (1 - 2 d/N)^t is the bound (Boyle and others 2022, §3; ADR 0008).
pub fn noise_positions_min() -> usize {
    (-f64::from(KAPPA) / (1.0 - PSEUDO_DISTANCE).log2()).ceil() as usize
}

// ---- bins -------------------------------------------------------------------------------------

/// Items of a bin on average, at most. Count. Choice: a run of one bin stays near 200 MiB a
/// side.
pub const BIN_ITEMS: u64 = 1 << 20;

/// Most bins. Count: 2^28 items.
pub const BINS_MAX: u64 = 1 << 8;

/// Size of the key-value store of one cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreShape {
    /// Clusters.
    pub clusters: u32,
    /// Most items of one cluster.
    pub capacity: u32,
    /// Sparse columns of one cluster.
    pub sparse: u32,
    /// Dense columns of one cluster.
    pub dense: u32,
}

impl StoreShape {
    /// The store for `items` in each of `bins`, so that all clusters of all bins can be filled but
    /// for a chance of 2^-(lambda) (RR22 §3, equation 3, with the union over clusters).
    pub fn new(items: u64, bins: u32) -> StoreShape {
        let items = items.max(STORE_ITEMS_MIN);
        let clusters = items.div_ceil(CLUSTER_ITEMS);
        let lambda = f64::from(LAMBDA) + (clusters as f64 * f64::from(bins)).log2();
        let capacity = max_load(items, clusters, lambda);
        let count = capacity as f64;
        let weight = SPARSE_WEIGHT.log2();
        let slope = (0.555 * count.log2() + 0.0930 * weight.powi(3) - 1.010 * weight.powi(2)
            + 2.925 * weight
            - 0.133)
            .exp2();
        let expansion = EXPANSION_THRESHOLD + (lambda - SECURITY_AT_THRESHOLD) / slope;
        let sparse = (expansion * count).ceil();
        let gap = (lambda / ((SPARSE_WEIGHT - 2.0) * sparse.log2())).floor();
        StoreShape {
            clusters: clusters as u32,
            capacity: capacity as u32,
            sparse: sparse as u32,
            dense: gap as u32,
        }
    }

    /// Columns of one cluster.
    pub fn columns(&self) -> usize {
        (self.sparse + self.dense) as usize
    }

    /// Columns of all clusters.
    pub fn all_columns(&self) -> usize {
        self.columns() * self.clusters as usize
    }

    /// Most items that a cheat who tries 2^`tries_log2` hashes can enter, but for a chance of
    /// 2^-lambda: the largest n' with C(2^q, n') 2^(kappa (m - n')) >= 2^-lambda (counting bound,
    /// RS21 §5). It always gets as many as there are columns.
    pub fn overfit_bound(&self, tries_log2: f64) -> u64 {
        let columns = self.all_columns() as f64;
        let kappa = f64::from(KAPPA);
        let fits = |n: f64| {
            // log2 C(2^q, n) <= n (q - log2(n / e)).
            n * (tries_log2 - (n / std::f64::consts::E).log2()) + kappa * (columns - n)
                >= -f64::from(LAMBDA)
        };
        let (mut low, mut high) = (columns, 64.0 * columns);
        while high - low > 1.0 {
            let middle = (low + high) / 2.0;
            if fits(middle) { low = middle } else { high = middle }
        }
        high as u64
    }
}

/// The most that falls into one of `bins` when `items` fall at random, but for a chance of
/// 2^-`lambda` over all bins: the exact binomial tail.
pub fn max_load(items: u64, bins: u64, lambda: f64) -> u64 {
    if bins <= 1 {
        return items;
    }
    let p = 1.0 / bins as f64;
    let mean = items as f64 * p;
    // ln of P[X = k] for k items in a bin.
    let n = items as f64;
    let ln_term = |k: f64| {
        ln_gamma(n + 1.0) - ln_gamma(k + 1.0) - ln_gamma(n - k + 1.0)
            + k * p.ln()
            + (n - k) * (-p).ln_1p()
    };
    // From k + 1 on, terms fall at least as fast as a geometric row of the first ratio.
    let overflows = |k: f64| {
        let ratio = (n - k - 1.0) / (k + 2.0) * p / (1.0 - p);
        let tail = ln_term(k + 1.0) - (1.0 - ratio).max(1e-9).ln();
        tail / std::f64::consts::LN_2 + (bins as f64).log2() > -lambda
    };
    let (mut low, mut high) = (mean.ceil(), n);
    while high - low > 1.0 {
        let middle = ((low + high) / 2.0).floor();
        if overflows(middle) { low = middle } else { high = middle }
    }
    (high as u64).min(items)
}

/// ln of the gamma function for x >= 1 (Stirling's series; error below 1e-10 from 10 on).
fn ln_gamma(x: f64) -> f64 {
    if x < 10.0 {
        return ln_gamma(x + 1.0) - x.ln();
    }
    let inverse = 1.0 / x;
    let square = inverse * inverse;
    (x - 0.5) * x.ln() - x
        + 0.5 * (2.0 * std::f64::consts::PI).ln()
        + inverse * (1.0 / 12.0 - square * (1.0 / 360.0 - square / 1260.0))
}

/// One expansion of the silent VOLE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpansionShape {
    /// Correlations that it gives.
    pub outputs: usize,
    /// Trees, one noise position in each.
    pub trees: usize,
    /// Levels of a tree; it has 2^depth leaves.
    pub depth: usize,
}

impl ExpansionShape {
    /// The smallest that gives `outputs` at rate 1/2 or below.
    pub fn new(outputs: usize) -> ExpansionShape {
        let outputs = outputs.max(EXPANSION_OUTPUTS_MIN).next_multiple_of(OUTPUT_STEP);
        let least = noise_positions_min();
        let mut depth = 2;
        while (2 * outputs) >> (depth + 1) >= least {
            depth += 1;
        }
        let trees = (2 * outputs).div_ceil(1 << depth).max(least);
        ExpansionShape { outputs, trees, depth }
    }

    /// Leaves of all trees: the length of the noise.
    pub fn leaves(&self) -> usize {
        self.trees << self.depth
    }
}

/// The expansions that together give one bin's correlations.
///
/// The noise values of the first come from transfers, 128 each; those of the others are outputs of
/// the first, which gives so many more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchShape {
    /// The expansions in order.
    pub parts: Vec<ExpansionShape>,
    /// Correlations that all of them give for use.
    pub outputs: usize,
}

impl BatchShape {
    /// Enough for `outputs` correlations.
    pub fn new(outputs: usize) -> BatchShape {
        let count = outputs.div_ceil(EXPANSION_OUTPUTS_MAX).max(1);
        let each = ExpansionShape::new(outputs.div_ceil(count));
        let spare = each.trees * (count - 1);
        let first = ExpansionShape::new(each.outputs + spare);
        let mut parts = vec![each; count];
        parts[0] = first;
        BatchShape { parts, outputs }
    }

    /// Noise values of the first expansion, and one for the check. Count of blocks of 128
    /// transfers.
    pub fn value_blocks(&self) -> usize {
        self.parts[0].trees + 1
    }

    /// Transfers for the levels of all trees. Count.
    pub fn level_transfers(&self) -> usize {
        self.parts.iter().map(|part| part.trees * part.depth).sum()
    }

    /// Transfers in all, in blocks of 128.
    pub fn blocks(&self) -> usize {
        self.value_blocks() + self.level_transfers().div_ceil(128)
    }

    /// Bytes that the sender sends for all trees: two sums a level and one a tree.
    pub fn tree_bytes(&self) -> usize {
        self.parts.iter().map(|part| 16 * part.trees * (2 * part.depth + 1)).sum()
    }

    /// Outputs of an expansion that are for use. Count.
    pub fn used(&self, part: usize) -> usize {
        self.parts[part].outputs - if part == 0 { self.spare() } else { 0 }
    }

    /// Noise values of all expansions but the first.
    pub fn spare(&self) -> usize {
        self.parts[1..].iter().map(|part| part.trees).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_store_follows_the_formula_of_the_paper() {
        // RR22: expansion of a single cluster, computed by hand from equation 3.
        for (items, expansion, dense) in
            [(1u64 << 10, 1.4315, 3), (1 << 12, 1.3193, 3), (1 << 14, 1.2676, 2)]
        {
            let shape = StoreShape::new(items, 1);
            assert_eq!((shape.clusters, shape.dense), (1, dense), "{items}");
            let got = f64::from(shape.sparse) / items as f64;
            assert!((got - expansion).abs() < 0.001, "{items}: {got}");
        }
        let shape = StoreShape::new(1 << 20, 1);
        assert_eq!(shape.clusters, 64);
        let per_item = shape.all_columns() as f64 / (1u64 << 20) as f64;
        assert!((1.34..1.36).contains(&per_item), "{per_item}");
    }

    #[test]
    fn small_and_large_stores_have_room() {
        let mut before = 0;
        for items in (0..2000).chain((11..=28).map(|log| 1u64 << log)) {
            let shape = StoreShape::new(items, 1);
            let room = u64::from(shape.capacity) * u64::from(shape.clusters);
            assert!(room >= items && u64::from(shape.sparse) > u64::from(shape.capacity));
            assert!(shape.dense >= 1 && shape.all_columns() >= before, "{items}");
            before = shape.all_columns();
        }
    }

    #[test]
    fn the_load_of_a_bin_is_the_exact_tail() {
        // The exact tail over 64 bins of 2^20 items at 2^-46 is 17,426 (summed with big numbers).
        let load = max_load(1 << 20, 64, 46.0);
        assert!((17_400..17_480).contains(&load), "{load}");
        assert_eq!(max_load(5, 1, 40.0), 5);
        // Tiny cases: everything may fall into one bin.
        assert_eq!(max_load(10, 2, 40.0), 10);
        // Brute force: 100 items in 4 bins.
        let mut term = 0.75f64.powi(100);
        let mut probabilities = vec![term];
        for k in 0..100 {
            term *= f64::from(100 - k) / f64::from(k + 1) / 3.0;
            probabilities.push(term);
        }
        let tail = |load: usize| 4.0 * probabilities[load + 1..].iter().sum::<f64>();
        let expected = (0..100).find(|&load| tail(load) <= 2f64.powi(-40)).unwrap() as u64;
        assert!(max_load(100, 4, 40.0).abs_diff(expected) <= 1);
    }

    #[test]
    fn the_noise_holds_the_linear_test() {
        let t = noise_positions_min();
        assert!((1.0f64 - PSEUDO_DISTANCE).powi(t as i32) <= 2f64.powi(-128));
        assert!((1.0f64 - PSEUDO_DISTANCE).powi(t as i32 - 1) > 2f64.powi(-128));
        for outputs in [1, 5000, 1 << 16, 470_001, EXPANSION_OUTPUTS_MAX] {
            let shape = ExpansionShape::new(outputs);
            assert!(shape.outputs >= outputs && shape.outputs.is_multiple_of(OUTPUT_STEP));
            assert!(shape.trees >= t && shape.leaves() >= 2 * shape.outputs, "{shape:?}");
        }
    }

    #[test]
    fn overfitting_is_bounded() {
        let shape = StoreShape::new(1 << 20, 1);
        let bound = shape.overfit_bound(64.0);
        assert!(
            bound as f64 > shape.all_columns() as f64
                && (bound as f64) < 2.3 * shape.all_columns() as f64
        );
        assert!(shape.overfit_bound(80.0) > bound);
    }
}
