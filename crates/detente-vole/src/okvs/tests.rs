//! Stores against what they should give.

use super::*;
use crate::memory::Pages;
use crate::simd::cluster;

fn digest(i: u64) -> Digest {
    Digest::from_bytes(blake3::hash(&i.to_le_bytes()).as_bytes())
}

fn key(i: u64) -> F128 {
    digest(i + (1 << 40)).value
}

/// Items by cluster.
fn clusters(shape: &StoreShape, digests: &[Digest]) -> Vec<Vec<Digest>> {
    let mut clusters = vec![Vec::new(); shape.clusters as usize];
    for digest in digests {
        clusters[cluster(digest.row, shape.clusters) as usize].push(*digest);
    }
    clusters
}

fn encoded(
    simd: Simd,
    shape: &StoreShape,
    key: F128,
    clusters: &[Vec<Digest>],
) -> Result<Pages<F128>, EncodeError> {
    let clusters: Vec<&[Digest]> = clusters.iter().map(Vec::as_slice).collect();
    encode(simd, shape, key, &clusters)
}

/// What each item decodes to, beside its digest.
fn decoded(store: &Decoder<'_>, clusters: &[Vec<Digest>]) -> Vec<(F128, Digest)> {
    let (mut rows, mut values) = (Secret(Vec::new()), Secret(Vec::new()));
    let mut all = Vec::new();
    for (number, digests) in clusters.iter().enumerate() {
        store.decode(number, digests, &mut rows, &mut values);
        all.extend(values.0.iter().copied().zip(digests.iter().copied()));
    }
    all
}

#[test]
fn each_row_gives_its_value_back() {
    for simd in Simd::available() {
        for count in [0usize, 1, 2, 3, 63, 64, 65, 500, 20_000, 40_000] {
            let shape = StoreShape::new(count as u64, 1);
            let digests: Vec<Digest> = (0..count as u64).map(digest).collect();
            let own = clusters(&shape, &digests);
            let columns = encoded(simd, &shape, key(1), &own).unwrap();
            assert_eq!(columns.len(), shape.all_columns());
            let store = Decoder::new(simd, &shape, key(1), &columns);
            let values = decoded(&store, &own);
            assert_eq!(values.len(), count);
            for (value, digest) in values {
                assert!(value == digest.value, "{} {count}", simd.name());
            }
            // Another list gets something else.
            let others: Vec<Digest> = (0..1000).map(|i| self::digest(i + (1 << 30))).collect();
            let values = decoded(&store, &clusters(&shape, &others));
            assert!(values.iter().all(|(value, digest)| *value != digest.value));
        }
    }
}

#[test]
fn equal_items_are_named() {
    let simd = Simd::detect();
    let mut digests: Vec<Digest> = (0..300).map(digest).collect();
    digests[250] = digests[17];
    let shape = StoreShape::new(300, 1);
    let error = encode(simd, &shape, key(2), &[&digests]).unwrap_err();
    assert_eq!(error, EncodeError::Duplicate(0, 17, 250));
}

#[test]
fn rows_that_cannot_peel_are_solved_by_the_dense_columns() {
    let simd = Simd::detect();
    let shape = StoreShape { clusters: 1, capacity: 8, sparse: 4, dense: 7 };
    // Eight rows on four sparse columns: only with dense ones do they fit.
    for seed in 0..50 {
        let digests: Vec<Digest> = (0..8).map(|i| digest(1000 * seed + i)).collect();
        let columns = encode(simd, &shape, key(seed), &[&digests]).unwrap();
        let store = Decoder::new(simd, &shape, key(seed), &columns);
        assert!(decoded(&store, &[digests]).iter().all(|(value, digest)| *value == digest.value));
    }
    // Ten rows on nine columns never fit.
    let shape = StoreShape { capacity: 10, dense: 5, ..shape };
    let digests: Vec<Digest> = (0..10).map(digest).collect();
    assert_eq!(encode(simd, &shape, key(3), &[&digests]).unwrap_err(), EncodeError::Dependent);
}

/// Small stores with too little room fail about as often as RR22's line says (§3, equation 3, for
/// a gap of nothing): one bit of security costs 1/slope of expansion.
#[test]
fn failures_follow_the_formula() {
    let simd = Simd::detect();
    let slope = |items: f64| {
        let w = 3f64.log2();
        let exponent = 0.555 * items.log2() + 0.0930 * w.powi(3) - 1.010 * w.powi(2);
        (exponent + 2.925 * w - 0.133).exp2()
    };
    for (items, trials) in [(64u64, 8000), (256, 3000), (1024, 800), (4096, 200)] {
        for lambda in [1.0f64, 2.0, 3.0, 4.0, 5.0] {
            let expansion = 1.223 + (lambda + 9.2) / slope(items as f64);
            let sparse = (expansion * items as f64).ceil() as u32;
            let shape = StoreShape { clusters: 1, capacity: items as u32, sparse, dense: 3 };
            let failures = (0..trials)
                .filter(|trial| {
                    let digests: Vec<Digest> =
                        (0..items).map(|i| digest(trial * 5000 + i)).collect();
                    encode::core_of(simd, &shape, key(*trial), &digests) > 3
                })
                .count();
            let expected = f64::from(trials as u32) * 2f64.powf(-lambda);
            let told = format!("{items} {lambda}: {failures} of {expected}");
            println!("{told}");
            // The line is a lower bound on security, fitted to such trials: never worse than it,
            // and not better by more than a few bits.
            assert!((failures as f64) < 1.3 * expected + 30.0, "{told}");
            assert!((failures as f64) > expected / 40.0 - 3.0, "{told}");
        }
    }
}
