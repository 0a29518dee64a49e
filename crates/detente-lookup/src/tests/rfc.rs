//! The answers of RFC 9497 appendix A.1.2, byte for byte.

use curve25519_dalek::scalar::Scalar;
use serde_json::Value;

use crate::asker::Query;
use crate::group::{Encoded, read_elements};
use crate::holder::{Key, derive_key_pair};
use crate::proof::Statement;

fn vectors() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors/oprf-rfc9497.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

fn fixed<const N: usize>(value: &Value) -> [u8; N] {
    bytes(value).try_into().unwrap()
}

fn list<const N: usize>(value: &Value) -> Vec<[u8; N]> {
    value.as_array().unwrap().iter().map(fixed).collect()
}

fn scalar(bytes: [u8; 32]) -> Scalar {
    Scalar::from_canonical_bytes(bytes).unwrap()
}

#[test]
fn the_rfcs_vectors_hold() {
    let doc = vectors();
    let secret = derive_key_pair(&fixed(&doc["seed"]), &bytes(&doc["info"])).unwrap();
    assert_eq!(secret.to_bytes(), fixed::<32>(&doc["secret_key"]));
    let key = Key::of(secret, [0; 32], [0; 32]);
    assert_eq!(*key.public(), fixed::<32>(&doc["public_key"]));
    let cases = doc["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 3);
    for case in cases {
        let inputs: Vec<Vec<u8>> = case["inputs"].as_array().unwrap().iter().map(bytes).collect();
        let blinds = list(&case["blinds"]).into_iter().map(scalar).collect();
        let query = Query::with_blinds(inputs.clone(), blinds).unwrap();
        let before: Vec<Encoded> = list(&case["blinded"]);
        assert_eq!(query.message(), before.as_flattened());
        let reply = key.evaluate(&[0; 32], &query.message()).unwrap();
        let after: Vec<Encoded> = list(&case["evaluated"]);
        let (elements, _) = reply.split_at(reply.len() - 64);
        assert_eq!(elements, after.as_flattened());
        // With nothing bound the proof is the RFC's.
        let statement =
            Statement { key: key.public(), binding: &[], before: &before, after: &after };
        let points = read_elements(&before).unwrap();
        let nonce = scalar(fixed(&case["nonce"]));
        let proof = statement.prove_with(key.scalar(), &nonce, &points);
        assert_eq!(proof, fixed::<64>(&case["proof"]));
        let plain = [after.as_flattened(), &proof].concat();
        let outputs = query.finish_bound(key.public(), |_| Vec::new(), &plain).unwrap();
        let want: Vec<[u8; 64]> = list(&case["outputs"]);
        assert_eq!(outputs.all(), want);
        assert_eq!(key.outputs(&inputs).unwrap(), want);
    }
}
