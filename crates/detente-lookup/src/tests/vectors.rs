//! `vectors/lookup.json`: filters, updates, keys and answers, good and bad.
//!
//! After a wanted change write the file with `DETENTE_WRITE_VECTORS=1 cargo nextest run -p
//! detente-match lookup`. `tests/check_lookup_vectors.py` computes filters, updates and bindings a
//! second time from the protocol's page alone.

use serde_json::{Value, json};

use super::{CONTEXT, SECRET, inputs, key, shape};
use crate::filter::{FilterHasher, FilterWriter, read_framed, write_framed};
use crate::{Key, LookupError, Query, Shape, changes, dummies, encode_update, read_update};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors/lookup.json");

/// The whole filter of these values, as it travels, and its digest.
fn filter(shape: Shape, values: &[u64]) -> (Vec<u8>, [u8; 32]) {
    let mut writer = FilterWriter::new(shape);
    for value in values {
        writer.push(*value).unwrap();
    }
    let (buckets, digest) = writer.finish().unwrap();
    let mut bytes = Vec::new();
    for bucket in buckets {
        write_framed(&bucket.bytes, &mut bytes);
    }
    (bytes, digest)
}

fn read(shape: Shape, bytes: &[u8]) -> Result<[u8; 32], LookupError> {
    let mut check = FilterHasher::new(shape);
    for bucket in read_framed(0, bytes)? {
        check.push(&bucket.bytes)?;
    }
    check.finish()
}

fn listed(key: &Key, shape: &Shape, real: usize) -> Vec<u64> {
    let mut values = key.values(shape, &inputs(real)).unwrap();
    values.extend(dummies(key, shape, shape.items() - u32::try_from(real).unwrap()));
    values.sort_unstable();
    values
}

fn lists() -> Vec<Value> {
    let mut cases = Vec::new();
    for (name, items, old, new) in
        [("one", 1, 0, 1), ("one_bucket", 20, 5, 8), ("two_buckets", 1100, 700, 690)]
    {
        let (key, shape) = (key(name), shape(items));
        let (before, after) = (listed(&key, &shape, old), listed(&key, &shape, new));
        let ((old_bytes, old_digest), (new_bytes, new_digest)) =
            (filter(shape, &before), filter(shape, &after));
        let change = changes(before.iter().map(|value| Ok::<u64, ()>(*value)), &after).unwrap();
        let update = encode_update(&shape, &change).unwrap();
        assert_eq!(read_update(&shape, &update).unwrap(), change);
        assert_eq!(read(shape, &new_bytes).unwrap(), new_digest);
        cases.push(json!({
            "name": name, "items": items, "secret": hex::encode(SECRET), "info": hex::encode(name),
            "public_key": hex::encode(key.public()), "real": [old, new],
            "filters": [hex::encode(&old_bytes), hex::encode(&new_bytes)],
            "digests": [hex::encode(old_digest), hex::encode(new_digest)],
            "update": hex::encode(update),
        }));
    }
    cases
}

/// Bad filters and updates for the shape of 20 values, each with the fault's code.
fn faults() -> Vec<Value> {
    let (key, shape) = (key("one_bucket"), shape(20));
    let (before, after) = (listed(&key, &shape, 5), listed(&key, &shape, 8));
    let (good, _) = filter(shape, &before);
    let change = changes(before.iter().map(|value| Ok::<u64, ()>(*value)), &after).unwrap();
    let update = encode_update(&shape, &change).unwrap();
    let edit = |bytes: &[u8], edit: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = bytes.to_vec();
        edit(&mut bytes);
        bytes
    };
    let last_zero = |bytes: &mut Vec<u8>| *bytes.last_mut().unwrap() &= 0xfe;
    let filters = [
        ("cut", edit(&good, &|bytes| bytes.truncate(bytes.len() - 1))),
        ("empty", Vec::new()),
        ("bucket_too_many", edit(&good, &|bytes| bytes.extend([0, 0]))),
        ("filled_with_zeros", edit(&good, &last_zero)),
        ("value_out_of_range", edit(&good, &|bytes| bytes[2..].fill(0xff))),
        ("value_missing", {
            let short = super::shape(19);
            let mut values = before;
            values.pop();
            // 19 and 20 values have one width.
            assert_eq!(short.value_bits(), shape.value_bits());
            filter(short, &values).0
        }),
    ];
    let updates = [
        ("head_cut", update[..7].to_vec()),
        ("other_filter", edit(&update, &|bytes| bytes[0] ^= 1)),
        ("more_changes_than_values", edit(&update, &|bytes| bytes[4] = 21)),
        ("cut", edit(&update, &|bytes| bytes.truncate(bytes.len() - 1))),
        ("byte_follows", edit(&update, &|bytes| bytes.push(0xff))),
        ("filled_with_zeros", edit(&update, &last_zero)),
        ("place_out_of_range", edit(&update, &|bytes| bytes[8] = 0xff)),
    ];
    let mut cases = Vec::new();
    for (name, bytes) in filters {
        let code = read(shape, &bytes).unwrap_err().code();
        cases.push(
            json!({ "what": "filter", "name": name, "bytes": hex::encode(bytes), "expect": code }),
        );
    }
    for (name, bytes) in updates {
        let code = read_update(&shape, &bytes).unwrap_err().code();
        cases.push(
            json!({ "what": "update", "name": name, "bytes": hex::encode(bytes), "expect": code }),
        );
    }
    cases
}

/// A query with its answer, and answers with a fault.
fn query() -> Value {
    let key = key("query");
    let query = Query::new(inputs(3), 4, &[3; 32]).unwrap();
    let sent = query.message();
    let reply = key.evaluate(&CONTEXT, &sent).unwrap();
    let values = query.finish(key.public(), &CONTEXT, &reply).unwrap().values(&shape(1 << 20));
    let changed = |edit: &dyn Fn(&mut Vec<u8>)| {
        let mut reply = reply.clone();
        edit(&mut reply);
        reply
    };
    let bad = [
        ("element_changed", changed(&|reply| reply[0] ^= 1)),
        ("elements_swapped", changed(&|reply| reply[..64].rotate_left(32))),
        ("identity", changed(&|reply| reply[..32].fill(0))),
        ("proof_changed", changed(&|reply| reply[4 * 32] ^= 1)),
        ("response_not_reduced", changed(&|reply| reply[4 * 32 + 32..].fill(0xff))),
        ("other_run", key.evaluate(&[8; 32], &sent).unwrap()),
        ("other_key", super::key("other").evaluate(&CONTEXT, &sent).unwrap()),
        ("cut", changed(&|reply| reply.truncate(reply.len() - 1))),
    ];
    let bad: Vec<Value> = bad
        .iter()
        .map(|(name, reply)| {
            let fault = query.finish(key.public(), &CONTEXT, reply).unwrap_err();
            json!({ "name": name, "reply": hex::encode(reply), "expect": fault.code() })
        })
        .collect();
    let inputs: Vec<String> = inputs(3).iter().map(hex::encode).collect();
    json!({
        "inputs": inputs, "items": 1 << 20, "context": hex::encode(CONTEXT),
        "public_key": hex::encode(key.public()), "elements": hex::encode(sent),
        "reply": hex::encode(&reply), "values": values, "bad": bad,
    })
}

#[test]
fn the_file_is_what_this_code_computes() {
    let doc = json!({ "version": 1, "lists": lists(), "faults": faults(), "query": query() });
    let text = serde_json::to_string_pretty(&doc).unwrap() + "\n";
    if std::env::var_os("DETENTE_WRITE_VECTORS").is_some() {
        std::fs::write(PATH, &text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(PATH).unwrap(), text);
}
