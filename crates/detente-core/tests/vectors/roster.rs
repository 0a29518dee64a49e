use std::collections::BTreeSet;

use detente_core::act::{ActKind, Body};
use detente_core::party::Card;
use detente_core::roster::{Entered, Roster};
use detente_core::{AccordId, UnixSeconds};

use crate::{bytes, read, text};

#[test]
fn statements_on_keys_hold_or_are_refused_for_their_fault() {
    let (cases, file) = read(include_str!("../../../../vectors/roster.json"));
    let card = Card::open(&bytes(&file, "card")).expect("the card is sound").into_value();
    let roster = Roster::new(card);
    let at = UnixSeconds::new(file["at"].as_u64().expect("a time"));
    let entered = Entered { accord: AccordId::new([1; 32]), at };
    let mut seen = BTreeSet::new();
    for case in &cases {
        let kind = case["kind"].as_u64().and_then(|code| u8::try_from(code).ok());
        let kind = kind.and_then(ActKind::from_code).expect("a kind of act");
        let body = Body::decode(kind, &bytes(case, "body")).expect("the body is sound");
        let code = match roster.clone().take(&body, entered) {
            Ok(()) => "ok",
            Err(fault) => fault.code(),
        };
        assert_eq!(code, text(case, "expect"), "{}", text(case, "name"));
        seen.insert(code);
    }
    assert!(seen.len() > 10, "{seen:?}");
}
