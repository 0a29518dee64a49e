//! Parties and their cards.

use detente_core::UnixSeconds;
use detente_core::party::Card;
use detente_core::sign::sign;
use detente_testkit::{Member, SimEntropy, World};

use crate::code;

/// A's world without contacts, and a stranger's card.
fn two() -> (Member, Member) {
    (Member::new("CERT A", SimEntropy::new(1)), Member::new("CERT B", SimEntropy::new(2)))
}

/// B's card, made at another time.
fn reissued(member: &Member, issued: u64, name: &str) -> Vec<u8> {
    let mut card: Card = member.card.value().clone();
    card.issued = UnixSeconds::new(issued);
    card.name = name.to_owned();
    sign(card, &member.root_key()).bytes().to_vec()
}

#[test]
fn a_card_is_added_and_stays() {
    let (mut a, b) = two();
    let report = a.node().add_party(b.card.bytes()).unwrap();
    assert_eq!((report.name.as_str(), report.id), ("CERT B", b.id.to_string()));
    assert_eq!(report.evidence, 0);
    assert_eq!(report.roles.len(), 5);
    let again = a.node().add_party(b.card.bytes()).unwrap();
    assert_eq!(again.words, report.words);
    a.reopen().unwrap();
    assert_eq!(a.node().parties().unwrap().len(), 2);
    assert_eq!(a.node().find_party("CERT B").unwrap(), b.id);
    let id = b.id.to_string();
    assert_eq!(a.node().find_party(&id).unwrap(), b.id);
    assert_eq!(a.node().find_party(&id[..8]).unwrap(), b.id);
    assert_eq!(code(a.node().find_party(&id[..7])), "unknown");
    assert_eq!(code(a.node().find_party("")), "unknown");
}

#[test]
fn the_own_card_is_refused() {
    let (a, _) = two();
    let own = a.card.bytes().to_vec();
    assert_eq!(code(a.node().add_party(&own)), "own_card");
    assert_eq!(a.node().contacts().count(), 0);
}

#[test]
fn an_older_card_is_refused_and_a_newer_one_replaces() {
    let (mut a, b) = two();
    a.node().add_party(&reissued(&b, 500, "second")).unwrap();
    let older = a.node().add_party(&reissued(&b, 499, "first"));
    assert_eq!(code(older), "older_card");
    a.node().add_party(&reissued(&b, 501, "third")).unwrap();
    a.reopen().unwrap();
    let names: Vec<String> = a.node().contacts().map(|card| card.name.clone()).collect();
    assert_eq!(names, ["third"]);
}

#[test]
fn an_altered_or_foreign_card_is_refused() {
    let (a, b) = two();
    let good = b.card.bytes();
    for at in (0..good.len()).step_by(97) {
        let mut bad = good.to_vec();
        bad[at] ^= 1;
        assert!(a.node().add_party(&bad).is_err(), "byte {at}");
    }
    // Signed by another root than it carries.
    let forged = sign(b.card.value().clone(), &a.root_key());
    assert_eq!(code(a.node().add_party(forged.bytes())), "card_not_signed");
    assert_eq!(code(a.node().add_party(b"")), "card_malformed");
    assert_eq!(a.node().contacts().count(), 0);
}

#[test]
fn a_name_that_two_parties_have_names_neither() {
    let world = World::new(3, 2);
    let twin = Member::new("CERT B", SimEntropy::new(99));
    world.node(0).add_party(twin.card.bytes()).unwrap();
    assert_eq!(code(world.node(0).find_party("CERT B")), "unknown");
    assert_eq!(world.node(0).find_party(&twin.id.to_string()).unwrap(), twin.id);
}

#[test]
fn a_fault_of_the_store_adds_nothing_that_was_not_said() {
    use detente_testkit::Strike;
    for strike in Strike::ALL {
        let (mut a, b) = two();
        a.store.strike(0, strike);
        assert_eq!(code(a.node().add_party(b.card.bytes())), "store_failed");
        a.store.heal();
        a.reopen().unwrap();
        a.node().add_party(b.card.bytes()).unwrap();
        assert_eq!(a.node().contacts().count(), 1);
    }
}
