//! Filters and updates: what goes in comes out, in one form only.

use proptest::prelude::*;

use super::shape;
use crate::{
    Bucket, FilterDigest, FilterHasher, FilterWriter, LookupError, MAX_FILTER_ITEMS, Merge, Shape,
    changes, encode_update, read_bucket, read_framed, read_update, write_framed,
};

fn build(shape: Shape, values: &[u64]) -> (Vec<Bucket>, FilterDigest) {
    let mut writer = FilterWriter::new(shape);
    for value in values {
        writer.push(*value).unwrap();
    }
    let mut buckets = writer.take();
    let (rest, digest) = writer.finish().unwrap();
    buckets.extend(rest);
    (buckets, digest)
}

fn read(shape: Shape, buckets: &[Bucket]) -> Result<(Vec<u64>, FilterDigest), LookupError> {
    let mut check = FilterHasher::new(shape);
    let mut values = Vec::new();
    for bucket in buckets {
        assert_eq!(check.next(), bucket.number);
        values.extend(check.push(&bucket.bytes)?);
    }
    Ok((values, check.finish()?))
}

/// Values that look like outputs: spread by a hash of their number.
fn spread(shape: Shape, numbers: std::ops::Range<u32>) -> Vec<u64> {
    let mut values: Vec<u64> = numbers
        .map(|n| {
            let hash = blake3::hash(&n.to_le_bytes());
            shape.value_of(hash.as_bytes()[..8].try_into().unwrap())
        })
        .collect();
    values.sort_unstable();
    values
}

#[test]
fn bounds_and_widths() {
    for (items, bits, buckets) in [
        (1, 40, 1),
        (2, 41, 1),
        (1024, 50, 1),
        (1025, 51, 2),
        (1 << 20, 60, 1 << 10),
        ((1 << 20) + 1, 61, 1 << 11),
        (MAX_FILTER_ITEMS, 64, 1 << 14),
    ] {
        let shape = shape(items);
        assert_eq!((shape.value_bits(), shape.buckets()), (bits, buckets), "{items}");
    }
    for got in [0, MAX_FILTER_ITEMS + 1] {
        assert_eq!(Shape::new(got), Err(LookupError::FilterSize { got }));
    }
}

#[test]
fn a_big_filter_takes_less_than_five_and_a_half_bytes_a_value() {
    for items in [1 << 17, (1 << 17) + 1, 200_000] {
        let shape = shape(items);
        let (buckets, _) = build(shape, &spread(shape, 0..items));
        let bytes: usize = buckets.iter().map(|bucket| bucket.bytes.len() + 2).sum();
        let each = bytes as f64 / f64::from(items);
        assert!((5.1..5.5).contains(&each), "{items}: {each}");
    }
}

#[test]
fn one_percent_of_change_moves_less_than_three_percent_of_the_filter() {
    let items = 1 << 17;
    let shape = shape(items);
    let (old, new) = (spread(shape, 0..items), spread(shape, items / 100..items + items / 100));
    let change = changes(old.iter().map(|value| Ok::<u64, ()>(*value)), &new).unwrap();
    assert_eq!(change.removed.len(), (items / 100) as usize);
    let update = encode_update(&shape, &change).unwrap();
    assert!(update.len() as u64 <= shape.update_bytes_max(items / 100));
    let (buckets, _) = build(shape, &new);
    let bytes: usize = buckets.iter().map(|bucket| bucket.bytes.len() + 2).sum();
    let part = update.len() as f64 / bytes as f64;
    assert!(part < 0.015, "{part}");
}

#[test]
fn values_must_rise_and_fit() {
    let shape = shape(3);
    let mut writer = FilterWriter::new(shape);
    writer.push(5).unwrap();
    assert_eq!(writer.push(4), Err(LookupError::FilterUnsorted));
    assert_eq!(writer.push(1 << 42), Err(LookupError::FilterUnsorted));
    writer.push(5).unwrap();
    let missing = writer.finish().map(|_| ()).unwrap_err();
    assert_eq!(missing, LookupError::FilterMiscounted { got: 2, want: 3 });
}

#[test]
fn a_filter_of_too_many_or_too_few_is_refused() {
    let small = shape(3);
    let (buckets, _) = build(small, &[1, 2, 3]);
    // The same width: four values belong to another length.
    let four = shape(4);
    assert_eq!(read(four, &buckets), Err(LookupError::FilterMiscounted { got: 3, want: 4 }));
    let (buckets, _) = build(four, &[1, 2, 3, 4]);
    assert_eq!(read(small, &buckets), Err(LookupError::FilterMiscounted { got: 4, want: 3 }));
    assert_eq!(read(small, &[]), Err(LookupError::FilterMiscounted { got: 0, want: 3 }));
}

#[test]
fn what_no_encoder_writes_is_refused() {
    let shape = shape(3);
    let (buckets, _) = build(shape, &[1, 2, 3]);
    let good = &buckets[0].bytes;
    let bad = Err(LookupError::BucketMalformed { bucket: 0 });
    // A byte too few, a byte of filling too many, filling with zeros, a value out of range.
    assert_eq!(read_bucket(&shape, 0, &good[..good.len() - 1]), bad);
    assert_eq!(read_bucket(&shape, 0, &[&good[..], &[0xff]].concat()), bad);
    let mut zeros = good.clone();
    *zeros.last_mut().unwrap() &= 0b1111_1110;
    assert_eq!(read_bucket(&shape, 0, &zeros), bad);
    assert_eq!(read_bucket(&shape, 0, &[0xff; 64]), bad);
    assert_eq!(read_bucket(&shape, 0, &[0; 65_536]), bad);
    assert_eq!(
        read_bucket(&shape, 1, good),
        Err(LookupError::BucketMalformed { bucket: 1 }),
        "there is no second bucket"
    );
}

#[test]
fn frames_are_cut_where_they_say() {
    let mut bytes = Vec::new();
    for bucket in [&b"ab"[..], b"", b"c"] {
        write_framed(bucket, &mut bytes);
    }
    let buckets = read_framed(4, &bytes).unwrap();
    let got: Vec<(u32, &[u8])> =
        buckets.iter().map(|bucket| (bucket.number, bucket.bytes.as_slice())).collect();
    assert_eq!(got, [(4, &b"ab"[..]), (5, b""), (6, b"c")]);
    let fault = read_framed(4, &bytes[..bytes.len() - 1]).unwrap_err();
    assert_eq!(fault, LookupError::BucketMalformed { bucket: 6 });
}

fn lists(max: usize) -> impl Strategy<Value = (Vec<u64>, Vec<u64>)> {
    let value = prop_oneof![0..(1_u64 << 51), 0..2000_u64, (1_u64 << 51) - 2000..(1_u64 << 51)];
    (1..max).prop_flat_map(move |count| {
        let list = || proptest::collection::vec(value.clone(), count);
        (list(), list(), proptest::collection::vec(any::<bool>(), count)).prop_map(
            |(mut old, mut new, keep)| {
                for ((old, new), keep) in old.iter().zip(&mut new).zip(keep) {
                    if keep {
                        *new = *old;
                    }
                }
                old.sort_unstable();
                new.sort_unstable();
                (old, new)
            },
        )
    })
}

/// A shape of 51 bits whatever the list's length: the last values fill it up.
fn filled(mut values: Vec<u64>) -> Vec<u64> {
    values.resize(1100, (1 << 51) - 1);
    values
}

proptest! {
    #[test]
    fn a_filter_reads_as_it_was_written((values, _) in lists(60)) {
        let shape = shape(1100);
        let values = filled(values);
        let (buckets, digest) = build(shape, &values);
        prop_assert_eq!(buckets.len(), 2);
        prop_assert_eq!(read(shape, &buckets).unwrap(), (values, digest));
    }

    #[test]
    fn an_updated_filter_is_the_one_built_anew((old, new) in lists(60)) {
        let shape = shape(1100);
        let (old, new) = (filled(old), filled(new));
        let change = changes(old.iter().map(|value| Ok::<u64, ()>(*value)), &new).unwrap();
        let update = encode_update(&shape, &change).unwrap();
        let count = u32::try_from(change.removed.len()).unwrap();
        prop_assert!(update.len() as u64 <= shape.update_bytes_max(count));
        let change = read_update(&shape, &update).unwrap();
        let mut merge = Merge::new(change);
        let mut merged: Vec<u64> = old.chunks(7).flat_map(|part| merge.push(part)).collect();
        merged.extend(merge.finish());
        prop_assert_eq!(build(shape, &merged), build(shape, &new));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let shape = shape(1100);
        // What is read is written again in the same bytes.
        if let Ok(values) = read_bucket(&shape, 0, &bytes) {
            let mut writer = FilterWriter::new(Shape::new(1100).unwrap());
            for value in &values {
                writer.push(*value).unwrap();
            }
            writer.push((1 << 51) - 1).unwrap();
            prop_assert_eq!(&writer.take()[0].bytes, &bytes);
        }
        let head = [&1100_u32.to_le_bytes()[..], &3_u32.to_le_bytes(), &bytes].concat();
        if let Ok(change) = read_update(&shape, &head) {
            prop_assert_eq!(encode_update(&shape, &change).unwrap(), head);
        }
        let _ = read_update(&shape, &bytes);
        let _ = read_framed(0, &bytes);
    }
}
