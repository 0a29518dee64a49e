use std::collections::BTreeMap;

use detente_core::party::Card;
use detente_core::sign::Signable;

use crate::{bytes, read, text};

#[test]
fn cards_open_or_are_refused_for_their_fault() {
    let (cases, _) = read(include_str!("../../../../vectors/card-signed.json"));
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for case in &cases {
        let name = text(case, "name");
        let given = bytes(case, "card");
        let code = match Card::open(&given) {
            Ok(card) => {
                assert_eq!(card.bytes(), given);
                assert_eq!(card.value().party().to_string(), case["party"], "{name}");
                let payload = card.value().encode();
                assert!(given.windows(payload.len()).any(|part| part == payload), "{name}");
                "ok"
            }
            Err(fault) => fault.code(),
        };
        assert_eq!(code, text(case, "expect"), "{name}: {:?}", Card::open(&given));
        *seen.entry(code).or_default() += 1;
    }
    assert_eq!(seen.len(), 3, "{seen:?}");
}
