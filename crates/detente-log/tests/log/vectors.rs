//! `vectors/log-*.json`: known answers, good and bad, written by `tests/make_vectors.py`.

use std::path::Path;

use detente_log::{
    AddCheckpoint, Checkpoint, CheckpointError, ConsistencyProof, CosignError, CosignerKey,
    EntryTile, Hash, InclusionProof, LeafIndex, Note, Origin, Policy, ProofBundle, ProofError,
    PublicKey, RootBuilder, Tile, TreeHead, TreeSize, TrustedLog, VerifierKey, decide,
    decode_bundle, encode_bundle,
};
use serde_json::Value;

fn load(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors");
    let text = std::fs::read_to_string(path.join(format!("log-{name}.json"))).unwrap();
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["version"], 1);
    value
}

fn cases(value: &Value, key: &str, least: usize) -> Vec<Value> {
    let cases = value[key].as_array().unwrap().clone();
    assert!(cases.len() >= least, "{key}: {} cases", cases.len());
    cases
}

fn text<'a>(case: &'a Value, key: &str) -> &'a str {
    case[key].as_str().unwrap_or_else(|| panic!("{key} of {case}"))
}

fn bytes(case: &Value, key: &str) -> Vec<u8> {
    hex::decode(text(case, key)).unwrap()
}

fn hash(hexadecimal: &str) -> Hash {
    Hash::from_bytes(hex::decode(hexadecimal).unwrap().try_into().unwrap())
}

fn head(case: &Value, size: &str, root: &str) -> TreeHead {
    let size = TreeSize::new(case[size].as_u64().unwrap()).unwrap();
    TreeHead { size, root: hash(text(case, root)) }
}

fn code<T, E>(result: Result<T, E>, code: impl Fn(&E) -> &'static str) -> String {
    result.map_or_else(|error| code(&error).to_owned(), |_| "ok".to_owned())
}

fn log(case: &Value) -> TrustedLog {
    TrustedLog::from_key(VerifierKey::parse(text(case, "vkey")).unwrap()).unwrap()
}

#[test]
fn trees() {
    let file = load("tree");
    let mut builder = RootBuilder::new();
    let roots = cases(&file, "roots", 9);
    assert_eq!(builder.head().root, hash(roots[0].as_str().unwrap()));
    for (leaf, root) in cases(&file, "leaves", 8).iter().zip(&roots[1..]) {
        builder.push_entry(&hex::decode(leaf.as_str().unwrap()).unwrap()).unwrap();
        assert_eq!(builder.head().root, hash(root.as_str().unwrap()));
    }
    for case in cases(&file, "cases", 90) {
        let hashes = case["proof"].as_array().unwrap();
        let hashes = hashes.iter().map(|h| hash(h.as_str().unwrap())).collect();
        let new = head(&case, "size", "root");
        let result = if case["kind"] == "inclusion" {
            let index = LeafIndex::new(case["index"].as_u64().unwrap());
            let leaf = hash(text(&case, "leaf"));
            InclusionProof::new(hashes).and_then(|proof| proof.verify(index, &leaf, &new))
        } else {
            let old = head(&case, "old", "old_root");
            ConsistencyProof::new(hashes).and_then(|proof| proof.verify(&old, &new))
        };
        assert_eq!(code(result, ProofError::code), text(&case, "expect"), "{}", case["name"]);
    }
}

#[test]
fn notes_and_keys() {
    let file = load("note");
    for case in cases(&file, "cases", 29) {
        let vkeys = case["vkeys"].as_array().unwrap();
        let keys: Vec<_> =
            vkeys.iter().map(|key| VerifierKey::parse(key.as_str().unwrap()).unwrap()).collect();
        let input = bytes(&case, "note");
        let result = Note::parse(&input).and_then(|note| {
            assert_eq!(note.to_string().as_bytes(), input, "{}", case["name"]);
            note.verify(&keys)
        });
        assert_eq!(code(result, |e| e.code()), text(&case, "expect"), "{}", case["name"]);
    }
    for case in cases(&file, "vkeys", 17) {
        let result = VerifierKey::parse(text(&case, "vkey"));
        if let Ok(key) = &result {
            assert_eq!(key.to_vkey(), text(&case, "vkey"));
        }
        assert_eq!(code(result, |e| e.code()), text(&case, "expect"), "{}", case["name"]);
    }
}

#[test]
fn checkpoints_and_cosignatures() {
    for case in cases(&load("checkpoint"), "cases", 30) {
        let key = VerifierKey::parse(text(&case, "vkey")).unwrap();
        let log = TrustedLog::new(Origin::new(text(&case, "origin")).unwrap(), vec![key]);
        let input = text(&case, "checkpoint");
        let result = Checkpoint::parse(input.as_bytes()).and_then(|checkpoint| {
            assert_eq!(checkpoint.to_string(), input);
            assert!(input.starts_with(&checkpoint.unverified_body().to_string()));
            checkpoint.verify(&log)
        });
        let name = &case["name"];
        assert_eq!(code(result.clone(), CheckpointError::code), text(&case, "expect"), "{name}");
        let Ok(checkpoint) = result else { continue };
        let cosigners = case["cosigners"].as_array().unwrap();
        let keys: Vec<_> = cosigners
            .iter()
            .map(|key| CosignerKey::parse(key.as_str().unwrap()).unwrap())
            .collect();
        let found = checkpoint.cosignatures(&keys).and_then(|found| match keys.get(found.len()) {
            Some(key) => Err(CosignError::Missing { name: key.name().clone() }),
            None => Ok(found),
        });
        assert_eq!(code(found, CosignError::code), text(&case, "cosignatures"), "{name}");
    }
}

#[test]
fn tiles_and_bundles() {
    let file = load("tile");
    for case in cases(&file, "paths", 26) {
        let path = text(&case, "path");
        let result = if path.starts_with("tile/entries/") {
            EntryTile::from_path(path).map(|tile| tile.path())
        } else {
            Tile::from_path(path).map(|tile| tile.path())
        };
        if let Ok(back) = &result {
            assert_eq!(back, path);
        }
        assert_eq!(code(result, |e| e.code()), text(&case, "expect"), "{path:?}");
    }
    for case in cases(&file, "bundles", 10) {
        let input = bytes(&case, "bytes");
        let width = u16::try_from(case["width"].as_u64().unwrap()).unwrap();
        let result = decode_bundle(&input, width);
        if let Ok(entries) = &result {
            let want: Vec<_> = case["entries"].as_array().unwrap().iter().collect();
            let got: Vec<_> = entries.iter().map(|entry| Value::from(hex::encode(entry))).collect();
            assert_eq!(got.iter().collect::<Vec<_>>(), want);
            assert_eq!(encode_bundle(entries).unwrap(), input);
        }
        assert_eq!(code(result, |e| e.code()), text(&case, "expect"), "{}", case["name"]);
    }
}

#[test]
fn witness_decisions() {
    for case in cases(&load("witness"), "cases", 25) {
        let name = &case["name"];
        let recorded = head(&case, "recorded", "recorded_root");
        let input = text(&case, "request");
        let (status, body) = match AddCheckpoint::parse(input.as_bytes()) {
            Err(_) => (400, String::new()),
            Ok(request) => {
                assert_eq!(request.to_string(), input, "{name}");
                match decide(Some(&log(&case)), &recorded, &request) {
                    Ok(_) => (200, String::new()),
                    Err(refusal) => (refusal.status(), refusal.body()),
                }
            }
        };
        assert_eq!(Value::from(status), case["expect"], "{name}");
        assert_eq!(body, text(&case, "body"), "{name}");
    }
}

#[test]
fn proof_bundles() {
    for case in cases(&load("proof"), "cases", 18) {
        let input = text(&case, "bundle");
        let leaf = hash(text(&case, "leaf"));
        let result = ProofBundle::parse(input.as_bytes()).and_then(|bundle| {
            assert_eq!(bundle.to_string(), input);
            bundle.verify(&leaf, &log(&case))
        });
        assert_eq!(code(result, |e| e.code()), text(&case, "expect"), "{}", case["name"]);
    }
}

#[test]
fn policies() {
    for case in cases(&load("policy"), "cases", 28) {
        let checkpoint = Checkpoint::parse(text(&case, "checkpoint").as_bytes()).unwrap();
        let result = Policy::parse(text(&case, "policy").as_bytes())
            .and_then(|policy| policy.check(&checkpoint));
        assert_eq!(code(result, |e| e.code()), text(&case, "expect"), "{}", case["name"]);
    }
}

/// The edge cases on which verifiers in use disagree: the strict rule's answer follows from the
/// published flags of each vector, not from a library.
#[test]
fn strict_ed25519() {
    let cases = cases(&load("ed25519"), "cases", 200);
    assert_eq!(cases.iter().filter(|case| case["strict"] == true).count(), 43);
    for case in cases {
        let key = PublicKey::from_bytes(&bytes(&case, "key"));
        let message = text(&case, "msg").as_bytes();
        let accepted = key.is_ok_and(|key| key.verify(message, &bytes(&case, "sig")).is_ok());
        assert_eq!(Value::from(accepted), case["strict"], "vector {}", case["number"]);
    }
}
