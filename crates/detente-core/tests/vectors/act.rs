use std::collections::BTreeSet;

use detente_core::act::{Act, ActFault, ActKind, Body, Salt, open_leaf};
use detente_core::encode::Reader;
use detente_core::key::PublicKey;

use crate::{bytes, read, text};

#[test]
fn acts_join_or_are_refused_for_their_fault() {
    let (cases, file) = read(include_str!("../../../../vectors/act-leaf.json"));
    let key = bytes(&file, "key");
    let key = PublicKey::read(&mut Reader::new(&key)).expect("the key is sound");
    let open = |leaf: &[u8], salt: Salt, body: &[u8]| -> Result<Act, ActFault> {
        Act::join(open_leaf(leaf, &key)?, salt, body)
    };
    let mut seen = BTreeSet::new();
    for case in &cases {
        let (leaf, body) = (bytes(case, "leaf"), bytes(case, "body"));
        let salt = bytes(case, "salt").try_into().expect("32 bytes");
        let code = match open(&leaf, salt, &body) {
            Ok(act) => {
                assert_eq!((act.leaf(), act.body_bytes()), (&leaf[..], &body[..]));
                assert_eq!(act.header().kind, ActKind::Sign);
                "ok"
            }
            Err(fault) => fault.code(),
        };
        assert_eq!(code, text(case, "expect"), "{}", text(case, "name"));
        seen.insert(code);
    }
    assert_eq!(seen.len(), 4, "{seen:?}");
}

#[test]
fn bodies_decode_or_are_refused() {
    let (cases, _) = read(include_str!("../../../../vectors/act-body.json"));
    let mut good = BTreeSet::new();
    for case in &cases {
        let kind = case["kind"].as_u64().and_then(|code| u8::try_from(code).ok());
        let kind = kind.and_then(ActKind::from_code).expect("a kind of act");
        let given = bytes(case, "body");
        let code = match Body::decode(kind, &given) {
            Ok(body) => {
                assert_eq!(body.encode(), given);
                good.insert(kind);
                "ok"
            }
            Err(_) => "malformed",
        };
        assert_eq!(code, text(case, "expect"), "{}", text(case, "name"));
    }
    assert_eq!(good.len(), ActKind::ALL.len(), "a good body of each kind");
}
