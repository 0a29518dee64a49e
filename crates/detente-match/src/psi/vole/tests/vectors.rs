//! Known answers of every layer, good and bad, in `vectors/match-vole.json`: replayed, and compared
//! with what the code gives now, on every tier of kernels.
//!
//! `tests/check_vole_vectors.py` computes the layers a second time from the protocol's page alone.
//! After a wanted change write the file with `DETENTE_WRITE_VECTORS=1 cargo nextest run -p
//! detente-match vole::tests::vectors`.

use serde_json::{Value, json};

use super::support::{CLASSICAL, items, params, session};
use crate::params::{Learn, Role};
use crate::psi::vole::BinContext;
use crate::psi::vole::frame::Frame;
use crate::psi::vole::list::Cluster;
use crate::psi::vole::masks::{Sorted, encoded_len};
use crate::psi::vole::session::Session;
use detente_vole::field::{F128, Secret};
use detente_vole::okvs::{self, Decoder, Digest};
use detente_vole::security::{BatchShape, ExpansionShape, StoreShape};
use detente_vole::simd::{Aes, Simd};
use detente_vole::vole::check::codes;
use detente_vole::vole::code::{self, convolve};
use detente_vole::vole::sender::{Grown, Names};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors/match-vole.json");

pub(super) fn hex(block: F128) -> String {
    ::hex::encode(block.to_bytes())
}

pub(super) fn block(text: &str, i: u64) -> F128 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(text.as_bytes()).update(&i.to_le_bytes());
    let mut bytes = [0; 16];
    hasher.finalize_xof().fill(&mut bytes);
    F128::from_bytes(bytes)
}

fn blocks(text: &str, count: usize) -> Vec<F128> {
    (0..count as u64).map(|i| block(text, i)).collect()
}

/// One hash for many blocks.
fn digest(blocks: &[F128]) -> String {
    let bytes: Vec<u8> = blocks.iter().flat_map(|block| block.to_bytes()).collect();
    blake3::hash(&bytes).to_string()
}

fn products(simd: Simd) -> Value {
    let case = |i| {
        let (a, b) = (block("a", i), block("b", i));
        json!({ "a": hex(a), "b": hex(b), "product": hex(simd.mul(a, b)) })
    };
    (0..8).map(case).collect()
}

fn store(simd: Simd) -> Value {
    let count = 100;
    let shape = StoreShape::new(count, 1);
    let key = block("store key", 0);
    let digests: Vec<Digest> =
        (0..count).map(|i| Digest { row: block("row", i), value: block("value", i) }).collect();
    let columns = okvs::encode(simd, &shape, key, &[&digests]).unwrap();
    let random = blocks("columns", shape.all_columns());
    let (mut rows, mut values) = (Secret(Vec::new()), Secret(Vec::new()));
    Decoder::new(simd, &shape, key, &random).decode(0, &digests, &mut rows, &mut values);
    json!({
        "items": count,
        "clusters": shape.clusters,
        "sparse": shape.sparse,
        "dense": shape.dense,
        "key": hex(key),
        "columns": columns.iter().map(|column| hex(*column)).collect::<Vec<_>>(),
        "random_columns_decode_to": digest(&values.0),
    })
}

fn shapes() -> Value {
    [1u64, 64, 1000, 1 << 14, 1 << 16, 1 << 20, 1 << 24, 1 << 28]
        .into_iter()
        .map(|items| {
            let store = StoreShape::new(items, 1);
            let batch = BatchShape::new(store.all_columns());
            let parts: Vec<Value> = batch
                .parts
                .iter()
                .take(2)
                .map(|part| json!([part.outputs, part.trees, part.depth]))
                .collect();
            json!({
                "items": items, "clusters": store.clusters, "capacity": store.capacity,
                "sparse": store.sparse, "dense": store.dense, "expansions": batch.parts.len(),
                "first_two": parts,
            })
        })
        .collect()
}

/// A batch of trees: the correlations are blocks, the sums of the levels come out.
fn trees(simd: Simd) -> Value {
    let shape = BatchShape::new(4096);
    let q = blocks("q", 128 * shape.blocks());
    let (context, delta) = ([3; 32], block("delta", 0));
    let names = Names { context, codes: codes(&context, b"noise") };
    let (_, message) = Grown::grow(simd, names, &shape, (delta, &q), &[9; 32]);
    let part = shape.parts[0];
    json!({
        "context": ::hex::encode(context),
        "delta": hex(delta),
        "seed": ::hex::encode([9; 32]),
        "trees": part.trees,
        "depth": part.depth,
        "first_tree": ::hex::encode(&message[..16 * (2 * part.depth + 1)]),
        "message": blake3::hash(&message).to_string(),
        "codes_of_the_noise_noise": ::hex::encode(names.codes),
    })
}

fn code(simd: Simd) -> Value {
    let shape = ExpansionShape::new(4096);
    let mut noise: Vec<[F128; 1]> =
        blocks("noise", shape.leaves()).into_iter().map(|block| [block]).collect();
    let key = Aes::new(block("code key", 0));
    let (u, v) = noise.split_at_mut(shape.outputs);
    convolve(simd, &key, v);
    let mut outputs = vec![F128::ZERO; shape.outputs];
    code::outputs(simd, &key, (u, v), 0, [&mut outputs]);
    json!({
        "key": hex(block("code key", 0)),
        "leaves": shape.leaves(),
        "outputs": shape.outputs,
        "first": outputs[..4].iter().map(|output| hex(*output)).collect::<Vec<_>>(),
        "all": digest(&outputs),
    })
}

fn masks(simd: Simd) -> Value {
    let count = 2000u64;
    let digests: Vec<Digest> =
        (0..count).map(|i| Digest { row: block("row", i), value: block("value", i) }).collect();
    let context = BinContext::new(simd, &[4; 32], 1);
    let values: Vec<F128> = (0..count).map(|i| block("z", i)).collect();
    let mut entries = Vec::new();
    let origin: Vec<u32> = (0..2000).collect();
    let cluster = Cluster { digests: &digests, origin: &origin };
    context.hash(&values, block("w", 0), cluster, &mut entries);
    let mask = entries[0].mask();
    let (proof, _) = entries[0].item().unwrap();
    let mut written = vec![0; encoded_len(2000)];
    Sorted::gather(2000, |gathering| gathering.add(&entries)).unwrap().write(&mut written);
    json!({
        "terms": ::hex::encode([4; 32]),
        "bin": 1,
        "w": hex(block("w", 0)),
        "mask_of_item_0": ::hex::encode(mask.to_le_bytes()),
        "proof_of_item_0": ::hex::encode(proof.to_le_bytes()),
        "written": blake3::hash(&written).to_string(),
        "bytes": written.len(),
    })
}

fn ends(learn: Learn) -> (Session, Session) {
    let (a, b) = (items(0..60), items(40..140));
    (
        session(params(Role::Initiator, learn, 64, 128), &CLASSICAL, &a, 1),
        session(params(Role::Responder, learn, 128, 64), &CLASSICAL, &b, 2),
    )
}

/// Runs two ends, changed as `change` says, after `each` has looked at the end whose turn it is
/// (the initiator or not); frames as they went, and the first fault.
pub(super) fn run(
    (a, b): (&mut Session, &mut Session),
    mut change: impl FnMut(usize, &mut Vec<u8>),
    mut each: impl FnMut(bool, &mut Session),
) -> (Vec<Value>, Option<&'static str>) {
    let mut frames = Vec::new();
    while !(a.is_done() && b.is_done()) {
        for initiator in [true, false] {
            let (from, to) = if initiator { (&mut *a, &mut *b) } else { (&mut *b, &mut *a) };
            each(initiator, from);
            while let Some(mut frame) = from.poll().unwrap() {
                let step = match Frame::decode(&frame) {
                    Ok(Frame::Part { place, .. }) => place.at.step.name(),
                    _ => "hello",
                };
                change(frames.len(), &mut frame);
                frames.push(json!({
                    "from": if initiator { "initiator" } else { "responder" },
                    "step": step,
                    "bytes": frame.len(),
                    "blake3": blake3::hash(&frame).to_string(),
                }));
                if let Err(error) = to.input(&frame) {
                    return (frames, Some(error.code()));
                }
            }
        }
    }
    (frames, None)
}

fn good(learn: Learn) -> Value {
    let (mut a, mut b) = ends(learn);
    let (frames, fault) = run((&mut a, &mut b), |_, _| {}, |_, _| {});
    assert_eq!(fault, None);
    let (first, second) = (a.finish().unwrap(), b.finish().unwrap());
    json!({
        "learn": if learn == Learn::Both { "both" } else { "initiator" },
        "frames": frames,
        "initiator": first.common,
        "responder": second.common,
        "transcript": ::hex::encode(first.transcript),
    })
}

/// Each: a name, the frame by number, what is done to it, and what the other end calls it.
fn bad() -> Value {
    type Change = fn(&mut Vec<u8>);
    let cases: [(&str, usize, Change); 17] = [
        ("other_terms", 0, |frame| frame[1] ^= 1),
        ("hello_cut", 0, |frame| frame.truncate(45)),
        ("hello_longer", 1, |frame| frame.push(0)),
        ("no_step_of_that_code", 2, |frame| frame[0] = 12),
        ("base_point_not_canonical", 2, |frame| frame[13..45].fill(0xff)),
        ("base_point_identity", 2, |frame| frame[13..45].fill(0)),
        ("answer_identity", 3, |frame| frame[13..45].fill(0)),
        ("frame_of_another_bin", 4, |frame| frame[1] = 1),
        ("frame_of_another_offset", 4, |frame| frame[12] = 1),
        ("frame_cut", 4, |frame| frame.truncate(frame.len() - 1)),
        ("frame_longer", 7, |frame| frame.push(0)),
        ("check_of_the_extension", 6, |frame| *frame.last_mut().unwrap() ^= 1),
        ("commitment_to_w", 7, |frame| frame[13] ^= 1),
        ("proof_of_the_trees", 10, |frame| frame[13] ^= 1),
        ("share_of_w", 10, |frame| frame[13 + 32] ^= 1),
        ("masks_out_of_order", 10, |frame| frame[13 + 48..13 + 64].fill(0xff)),
        ("found_more", 11, |frame| frame[13] ^= 0xff),
    ];
    cases
        .into_iter()
        .map(|(name, number, change)| {
            let (mut a, mut b) = ends(Learn::Both);
            let change = |at, frame: &mut Vec<u8>| {
                if at == number {
                    change(frame);
                }
            };
            let (_, fault) = run((&mut a, &mut b), change, |_, _| {});
            json!({ "name": name, "frame": number, "code": fault })
        })
        .collect()
}

fn generate(simd: Simd) -> Value {
    json!({
        "protocol": "vole-ristretto255/1",
        "blocks": "the first 16 bytes of BLAKE3(name, u64 number), little-endian",
        "shapes": shapes(),
        "products": products(simd),
        "store": store(simd),
        "trees": trees(simd),
        "code": code(simd),
        "masks": masks(simd),
        "good": [good(Learn::Both), good(Learn::Initiator)],
        "bad": bad(),
        "contexts": super::context_vectors::contexts(),
    })
}

#[test]
fn the_file_is_what_the_code_gives() {
    let text = format!("{:#}\n", generate(Simd::detect()));
    if std::env::var_os("DETENTE_WRITE_VECTORS").is_some() {
        std::fs::write(PATH, &text).unwrap();
    }
    assert!(std::fs::read_to_string(PATH).unwrap() == text, "vectors/match-vole.json differs");
}

#[test]
fn every_tier_gives_the_same_layers() {
    let file: Value = serde_json::from_str(&std::fs::read_to_string(PATH).unwrap()).unwrap();
    for simd in Simd::available() {
        for (name, got) in [
            ("products", products(simd)),
            ("store", store(simd)),
            ("trees", trees(simd)),
            ("code", code(simd)),
            ("masks", masks(simd)),
        ] {
            assert!(file[name] == got, "{name} {}", simd.name());
        }
    }
}

#[test]
fn each_bad_frame_has_its_name() {
    let file: Value = serde_json::from_str(&std::fs::read_to_string(PATH).unwrap()).unwrap();
    let bad = [&file["bad"], &file["contexts"]["bad"]];
    for case in bad.into_iter().flat_map(|cases| cases.as_array().unwrap()) {
        assert!(case["code"].is_string(), "{case} went through");
    }
}
