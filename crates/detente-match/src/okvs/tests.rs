//! Stores against what they should give.

use super::*;

fn digest(i: u64) -> Digest {
    Digest::from_bytes(blake3::hash(&i.to_le_bytes()).as_bytes())
}

fn key(i: u64) -> F128 {
    digest(i + (1 << 40)).value
}

#[test]
fn each_row_gives_its_value_back() {
    for simd in Simd::available() {
        for count in [0usize, 1, 2, 3, 63, 64, 65, 500, 20_000, 40_000] {
            let shape = StoreShape::new(count as u64);
            let digests: Vec<Digest> = (0..count as u64).map(digest).collect();
            let rows = Rows::new(simd, &shape, key(1), &digests).unwrap();
            let columns = encode(simd, &shape, &rows).unwrap();
            assert_eq!(columns.len(), shape.len());
            let values = decode(simd, &shape, &columns, &rows);
            for (value, digest) in values.iter().zip(&rows.digests) {
                assert!(*value == digest.value, "{} {count}", simd.name());
            }
            for (digest, origin) in rows.digests.iter().zip(&rows.origin) {
                assert!(*digest == digests[*origin as usize]);
            }
            // Another list gets something else.
            let others: Vec<Digest> = (0..1000).map(|i| self::digest(i + (1 << 30))).collect();
            let rows = Rows::sorted(simd, &shape, key(1), &others);
            let values = decode(simd, &shape, &columns, &rows);
            assert!(values.iter().zip(&rows.digests).all(|(value, d)| *value != d.value));
        }
    }
}

#[test]
fn equal_items_are_named() {
    let simd = Simd::detect();
    let mut digests: Vec<Digest> = (0..300).map(digest).collect();
    digests[250] = digests[17];
    let shape = StoreShape::new(300);
    let rows = Rows::new(simd, &shape, key(2), &digests).unwrap();
    assert_eq!(encode(simd, &shape, &rows).unwrap_err(), EncodeError::Duplicate(17, 250));
}

#[test]
fn rows_that_cannot_peel_are_solved_by_the_dense_columns() {
    let simd = Simd::detect();
    let shape = StoreShape { clusters: 1, capacity: 8, sparse: 4, dense: 7 };
    // Eight rows on four sparse columns: only with dense ones do they fit.
    for seed in 0..50 {
        let digests: Vec<Digest> = (0..8).map(|i| digest(1000 * seed + i)).collect();
        let rows = Rows::new(simd, &shape, key(seed), &digests).unwrap();
        let columns = encode(simd, &shape, &rows).unwrap();
        let values = decode(simd, &shape, &columns, &rows);
        assert!(values.iter().zip(&rows.digests).all(|(value, d)| *value == d.value));
    }
    // Ten rows on nine columns never fit.
    let shape = StoreShape { capacity: 10, dense: 5, ..shape };
    let digests: Vec<Digest> = (0..10).map(digest).collect();
    let rows = Rows::new(simd, &shape, key(3), &digests).unwrap();
    assert_eq!(encode(simd, &shape, &rows).unwrap_err(), EncodeError::Dependent);
}

/// Small stores with too little room fail about as often as RR22's line says (§3, equation 3, for
/// a gap of nothing): one bit of security costs 1/slope of expansion.
#[test]
fn failures_follow_the_formula() {
    let simd = Simd::detect();
    let (items, trials) = (256u64, 3000);
    let slope = (0.555 * 8.0 + 0.0930 * 3.98f64 - 1.010 * 2.512 + 2.925 * 1.585 - 0.133).exp2();
    for lambda in [1.0f64, 3.0, 5.0] {
        let expansion = 1.223 + (lambda + 9.2) / slope;
        let sparse = (expansion * items as f64).ceil() as u32;
        let shape = StoreShape { clusters: 1, capacity: 256, sparse, dense: 3 };
        let failures = (0..trials)
            .filter(|trial| {
                let digests: Vec<Digest> = (0..items).map(|i| digest(trial * 1000 + i)).collect();
                let rows = Rows::new(simd, &shape, key(*trial), &digests).unwrap();
                encode::core_of(&shape, &rows) > 3
            })
            .count();
        let expected = f64::from(trials as u32) * 2f64.powf(-lambda);
        // The line is a lower bound on security, fitted to such trials: never worse than it, and
        // not better by more than a few bits.
        assert!((failures as f64) < 1.3 * expected + 30.0, "{lambda}: {failures} of {expected}");
        assert!((failures as f64) > expected / 40.0, "{lambda}: {failures} of {expected}");
    }
}
