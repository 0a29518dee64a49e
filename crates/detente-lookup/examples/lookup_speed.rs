//! Times look-ups, both sides in one process: `lookup_speed LOG2_LIST LOG2_QUERY [true]`.
//!
//! The list of 2^LOG2_LIST values is evaluated if the last argument says so (minutes at 2^24);
//! otherwise random values stand for it, which the filter and the query can't tell from outputs.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program to measure with"
)]

use std::time::Instant;

use detente_lookup::{
    Bucket, FilterWriter, Key, Query, Shape, changes, dummies, encode_update, read_bucket,
};

fn inputs(count: u32, of: &str) -> Vec<Vec<u8>> {
    (0..count).map(|n| format!("{of}-{n}.example.com").into_bytes()).collect()
}

fn main() {
    let mut args = std::env::args().skip(1);
    let list = 1_u32 << args.next().unwrap().parse::<u32>().unwrap();
    let asked = 1_u32 << args.next().unwrap().parse::<u32>().unwrap();
    let evaluates = args.next().is_some();
    let shape = Shape::new(list).unwrap();
    let key = Key::derive(&[1; 32], b"speed").unwrap();

    let begin = Instant::now();
    let mut values: Vec<u64> = if evaluates {
        let parts = (0..list).step_by(1 << 16);
        parts
            .flat_map(|start| {
                let end = list.min(start + (1 << 16));
                let part: Vec<Vec<u8>> =
                    (start..end).map(|n| format!("on-{n}.example.com").into_bytes()).collect();
                key.values(&shape, &part).unwrap()
            })
            .collect()
    } else {
        // Half of the query is on the list.
        let mut values = key.values(&shape, &inputs(asked / 2, "on")).unwrap();
        values.extend(dummies(&key, &shape, list - asked / 2));
        values
    };
    println!("values: {:.2} s", begin.elapsed().as_secs_f64());
    let begin = Instant::now();
    values.sort_unstable();
    println!("sort: {:.2} s", begin.elapsed().as_secs_f64());
    let begin = Instant::now();
    let mut writer = FilterWriter::new(shape);
    for value in &values {
        writer.push(*value).unwrap();
    }
    let (buckets, _) = writer.finish().unwrap();
    let bytes: usize = buckets.iter().map(|bucket| bucket.bytes.len() + 2).sum();
    println!(
        "filter: {:.2} s, {bytes} bytes, {:.3} an item",
        begin.elapsed().as_secs_f64(),
        bytes as f64 / f64::from(list)
    );

    update(&shape, &values, bytes);
    query(&shape, &key, asked, &buckets);
}

/// A hundredth of the values is replaced.
fn update(shape: &Shape, values: &[u64], bytes: usize) {
    let list = shape.items();
    let begin = Instant::now();
    let mut new = values.to_vec();
    for (place, value) in
        dummies(&Key::derive(&[2; 32], b"new").unwrap(), shape, list / 100).enumerate()
    {
        new[place * 100] = value;
    }
    new.sort_unstable();
    let change = changes(values.iter().map(|value| Ok::<u64, ()>(*value)), &new).unwrap();
    let update = encode_update(shape, &change).unwrap();
    println!(
        "update of 1 %: {:.2} s, {} bytes, {:.2} % of the filter",
        begin.elapsed().as_secs_f64(),
        update.len(),
        100.0 * update.len() as f64 / bytes as f64
    );
}

/// Half of the values asked are listed.
fn query(shape: &Shape, key: &Key, asked: u32, buckets: &[Bucket]) {
    let mut query = inputs(asked / 2, "on");
    query.extend(inputs(asked - asked / 2, "off"));
    let begin = Instant::now();
    let query = Query::new(query, asked, &[3; 32]).unwrap();
    let sent = query.message();
    let blinded = begin.elapsed();
    let reply = key.evaluate(&[4; 32], &sent).unwrap();
    let evaluated = begin.elapsed();
    let outputs = query.finish(key.public(), &[4; 32], &reply).unwrap().values(shape);
    let finished = begin.elapsed();
    let found = outputs.iter().filter(|value| {
        let bucket = shape.bucket_of(**value);
        let bytes = &buckets[bucket as usize].bytes;
        read_bucket(shape, bucket, bytes).unwrap().binary_search(value).is_ok()
    });
    println!("{} of {asked} found", found.count());
    let all = begin.elapsed();
    println!(
        "query: {:.3} s wall: blind {:.3}, evaluate {:.3}, verify {:.3}, look up {:.3}; {} bytes",
        all.as_secs_f64(),
        blinded.as_secs_f64(),
        (evaluated - blinded).as_secs_f64(),
        (finished - evaluated).as_secs_f64(),
        (all - finished).as_secs_f64(),
        sent.len() + reply.len()
    );
}
