use detente_core::act::{ActKind, Answering, Body, Paired, Reply};
use detente_core::key::{Seed, SigningKey};
use detente_core::party::{Role, RoleKey};
use detente_core::roster::{Cause, Delegation, Revocation, Rotation};
use detente_core::sign::{Signable, sign};
use detente_core::{AccordId, Digest, KeyId};

use super::{A, B, START, World, at, card, digest_of, id, key, swap, text};
use crate::State;

/// Keys that no card has.
const NEW: u8 = 100;
const NEWER: u8 = 101;
/// A's minister and head, and B's minister.
const MINISTER: u8 = 11;
const HEAD: u8 = 12;
const THEIRS: u8 = 21;

fn kid(fill: u8) -> KeyId {
    key(fill).public().id()
}

fn paired<T: Signable + Clone>(said: &T, by: u8, new: u8) -> Paired {
    Paired {
        by_holder: sign(said.clone(), key(by)).bytes().to_vec(),
        by_new: sign(said.clone(), key(new)).bytes().to_vec(),
    }
}

fn rotate(party: usize, old: u8, new: u8) -> Body {
    let (party, issued) = (id(party), at(START));
    let said = Rotation { party, old: kid(old), new: key(new).public().clone(), issued };
    Body::RotateKey(paired(&said, old, new))
}

fn delegate(by: u8, to: u8, until: u64, accord: Option<AccordId>) -> Body {
    let said = Delegation {
        party: id(A),
        by: kid(by),
        key: key(to).public().clone(),
        to: "Deputy".to_owned(),
        may: vec![ActKind::Sign, ActKind::Refuse, ActKind::Confirm],
        accord,
        until: at(until),
        issued: at(START),
    };
    Body::Delegate(paired(&said, by, to))
}

fn revoke(party: usize, target: u8, cause: Cause, by: u8) -> Body {
    let since = Some(at(START - 1_000));
    let said = Revocation { party: id(party), key: kid(target), cause, since, issued: at(START) };
    Body::RevokeKey { revocation: sign(said, key(by)).bytes().to_vec() }
}

fn signature(text: &str) -> Body {
    Body::Sign { text: digest_of(text) }
}

fn proposed(text: &str) -> World {
    let mut world = World::new(2);
    let body = Body::Propose { text: text.as_bytes().to_vec(), base: None };
    world.act(A, Role::Head, START + 1, body);
    world
}

fn confirm(act: Digest) -> Body {
    Body::Reply(Answering::Confirm, Reply { act, reason: String::new(), precludes: false })
}

fn words(state: &State, act: Digest) -> String {
    state.history.iter().find(|event| event.act == act).unwrap().summary.clone()
}

#[test]
fn a_rotated_key_binds_its_party_and_the_old_one_does_not() {
    let text = text(2);
    let mut world = proposed(&text);
    let act = world.act_by((A, MINISTER), START + 2, rotate(A, MINISTER, NEW));
    world.holds(act);
    let said = words(&world.state(), act);
    assert!(said.starts_with("rotates the key of minister: "), "{said}");
    let old = world.act_by((A, MINISTER), START + 3, signature(&text));
    world.unconfirmed(old, "has followed");
    let event = world.event(old);
    assert_eq!(event.role, Some(Role::Minister));
    // The new key may stand by what the old one did.
    let act = world.act_by((A, NEW), START + 4, confirm(old));
    world.holds(act);
    world.act(B, Role::Minister, START + 5, signature(&text));
    assert!(world.state().in_force.is_some());
    let again = world.act_by((A, NEW), START + 6, rotate(A, MINISTER, NEWER));
    world.void(again, "has followed");
}

#[test]
fn a_delegate_acts_until_its_time_and_not_by_dating_back() {
    let text = text(2);
    let mut world = proposed(&text);
    let act = world.act_by((A, MINISTER), START + 2, delegate(MINISTER, NEW, START + 50, None));
    world.holds(act);
    let said = words(&world.state(), act);
    assert!(said.contains("\"Deputy\"") && said.contains("act for minister until"), "{said}");
    assert!(said.ends_with(": sign, refuse, confirm"), "{said}");
    let mut late = world.clone();
    let signed = world.act_by((A, NEW), START + 3, signature(&text));
    world.holds(signed);
    assert_eq!(world.event(signed).role, Some(Role::Minister));
    let more = world.act_by((A, NEW), START + 4, super::stop());
    world.unconfirmed(more, "the delegation gives this key of minister no power to stop");

    // B speaks after the delegation's end; A's deputy has seen it and dates back.
    late.act(B, Role::Minister, START + 60, signature(&text));
    let back = late.act_by((A, NEW), START + 3, signature(&text));
    late.unconfirmed(back, "a delegation that ended");

    let mut world = proposed(&text);
    let elsewhere = Some(AccordId::new([9; 32]));
    let act = delegate(MINISTER, NEW, START + 50, elsewhere);
    let act = world.act_by((A, MINISTER), START + 2, act);
    world.holds(act);
    let act = world.act_by((A, NEW), START + 3, signature(&text));
    world.unconfirmed(act, "for another accord");
}

#[test]
fn a_revoked_key_does_nothing_more_and_takes_nothing_back() {
    let text = text(2);
    let mut world = World::agreed(2, &text);
    let before = world.state().in_force;
    let act = world.act(A, Role::Head, START + 9, revoke(A, MINISTER, Cause::Lost, 10));
    world.holds(act);
    let said = words(&world.state(), act);
    assert!(said.contains("of CERT Alpha (minister): lost, since "), "{said}");
    assert_eq!(world.state().in_force, before, "what it signed stands, whatever is claimed");
    let stop = world.act_by((A, MINISTER), START + 10, super::stop());
    world.unconfirmed(stop, "revoked (lost)");
    // The same statement again, a rotation by the dead key, and a statement of a thief.
    let act = world.act_by((A, MINISTER), START + 11, rotate(A, MINISTER, NEW));
    world.void(act, "revoked");
    let act = world.act(A, Role::Head, START + 12, revoke(A, 14, Cause::Lost, MINISTER));
    world.void(act, "revoked");
    // A new card of the root brings a new minister, entered by that key itself.
    let mut value = card("CERT Alpha", 10).into_value();
    value.issued = at(START);
    value.roles[0].key = key(NEW).public().clone();
    let body = Body::Designate { card: sign(value, key(10)).bytes().to_vec() };
    let act = world.act_by((A, NEW), START + 13, body);
    world.holds(act);
    let act = world.act_by((A, NEW), START + 14, confirm(stop));
    world.holds(act);
}

#[test]
fn another_party_can_enter_what_was_signed_beforehand() {
    let text = text(2);
    let mut world = proposed(&text);
    // B's minister revokes A's: no. A's own root has: yes.
    let act = world.act(B, Role::Minister, START + 2, revoke(A, MINISTER, Cause::Lost, THEIRS));
    world.void(act, "no role");
    let act = world.act(B, Role::Minister, START + 3, revoke(A, 14, Cause::Lost, MINISTER));
    world.void(act, "no power to revoke-key");
    let mut seen = world.clone();
    let act = world.act(B, Role::Head, START + 4, revoke(A, MINISTER, Cause::Emergency, 10));
    world.holds(act);
    let act = world.act_by((A, MINISTER), START + 5, signature(&text));
    world.unconfirmed(act, "a key that was revoked");
    let other = world.act(B, Role::Head, START + 6, revoke(2, 31, Cause::Emergency, 30));
    world.void(other, "no party of this accord");

    // What B had seen before it entered the statement stands.
    let signed = seen.act_by((A, MINISTER), START + 4, signature(&text));
    seen.act(B, Role::Head, START + 4, revoke(A, MINISTER, Cause::Emergency, 10));
    seen.holds(signed);
}

#[test]
fn a_thief_does_not_come_before_the_revocation_by_dating_back() {
    let text = text(2);
    let mut world = proposed(&text);
    world.act(A, Role::Minister, START + 2, signature(&text));
    world.act(B, Role::Minister, START + 3, signature(&text));
    let held = world.logs[A].len() as u64;
    // B enters the statement of A's root; the thief has not seen it, and acts a second before.
    let mut late = world.clone();
    let entered = world.act(B, Role::Head, START + 50, revoke(A, MINISTER, Cause::Emergency, 10));
    let seen = [0, world.logs[B].len() as u64 - 1];
    let thief = (A, Role::Minister);
    let rotated = world.act_seen(thief, START + 4, &seen, rotate(A, MINISTER, NEW));
    let gone = Body::Denounce {
        text: digest_of(&text),
        reason: "over".to_owned(),
        effective: at(START + 400 * super::DAY),
    };
    let denounced = world.act_seen(thief, START + 4, &seen, gone.clone());
    world.holds(entered);
    world.void(rotated, "unseen by who entered");
    world.unconfirmed(denounced, "unseen by who entered");
    let state = world.state();
    assert!(state.notice.is_none() && state.in_force.is_some());
    assert_eq!(state.history.iter().filter(|event| event.author == id(A)).count() as u64, held + 2);
    // A key that the thief has made of it, and shown to B before, comes no further.
    let mut made = proposed(&text);
    let rotated = made.act_by((A, MINISTER), START + 4, rotate(A, MINISTER, NEW));
    made.act(B, Role::Head, START + 50, revoke(A, MINISTER, Cause::Emergency, 10));
    let back = made.act_unseen((A, NEW), START + 4, &[0, 1], signature(&text));
    made.holds(rotated);
    made.unconfirmed(back, "a key that was revoked");
    // Another statement of the root, which ordinary use publishes, strikes nothing.
    let mut lost = proposed(&text);
    let signed = lost.act(A, Role::Minister, START + 2, signature(&text));
    let own = revoke(A, MINISTER, Cause::Retired, 10);
    lost.act(A, Role::Head, START + 3, own.clone());
    lost.act_seen((B, Role::Head), START + 4, &[1, 0], own);
    lost.holds(signed);
    // What B had seen stands, whatever B enters later: A alone can take it back.
    let given = late.act(A, Role::Minister, START + 4, gone);
    late.act(B, Role::Head, START + 50, revoke(A, MINISTER, Cause::Emergency, 10));
    assert!(matches!(late.effect(given), crate::Effect::Reversal(_)), "{:?}", late.effect(given));
    assert!(late.state().notice.is_some());
}

#[test]
fn one_hand_with_two_keys_is_one_person() {
    let text = swap(&text(2), "id = \"3\"\n", "id = \"3\"\ntwo_person = [\"sign\"]\n");
    for second in [rotate(A, MINISTER, NEW), delegate(MINISTER, NEW, START + 50, None)] {
        let mut world = proposed(&text);
        let first = world.act_by((A, MINISTER), START + 2, signature(&text));
        world.unconfirmed(first, "a second person");
        let act = world.act_by((A, MINISTER), START + 3, second);
        world.holds(act);
        let act = world.act_by((A, NEW), START + 4, confirm(first));
        world.void(act, "is no second person");
    }
}

#[test]
fn a_text_asks_for_its_suite() {
    let asks = swap(&text(2), "prevailing", "suite = \"cnsa2\"\nprevailing");
    let mut world = proposed(&asks);
    let act = world.act(A, Role::Minister, START + 2, signature(&asks));
    world.unconfirmed(act, "asks for signatures of suite cnsa2");
    // A key of the suite on a card that a root of another one has signed: a weaker link.
    let strong = SigningKey::from_seed(&Seed::cnsa2([7; 32])).unwrap();
    let mut value = card("CERT Alpha", 10).into_value();
    value.issued = at(START);
    let (role, may) = (Role::Minister, value.roles[0].may.clone());
    value.roles.insert(1, RoleKey { role, key: strong.public().clone(), may });
    let body = Body::Designate { card: sign(value, key(10)).bytes().to_vec() };
    let renewed = world.act(A, Role::Head, START + 3, body);
    world.holds(renewed);
    let act = world.act_with((A, &strong), START + 4, signature(&asks));
    world.unconfirmed(act, "the root is of another");
    // What suits one text does not suit another.
    let other = text(2);
    let body = Body::Propose { text: other.as_bytes().to_vec(), base: None };
    world.act(A, Role::Head, START + 5, body);
    let act = world.act_with((A, &strong), START + 6, signature(&other));
    world.unconfirmed(act, "asks for signatures of suite hybrid");
    let act = world.act(A, Role::Minister, START + 7, signature(&other));
    world.holds(act);
}

#[test]
fn cards_that_do_not_follow_change_nothing() {
    let mut world = World::new(2);
    let again = Body::Designate { card: card("CERT Alpha", 10).bytes().to_vec() };
    let act = world.act(A, Role::Head, START + 1, again);
    world.void(act, "the card is not newer");
    let other = Body::Designate { card: card("CERT Beta", 20).bytes().to_vec() };
    let act = world.act(A, Role::Head, START + 2, other);
    world.void(act, "another party's keys");
    assert_eq!(world.state().name_of(id(A)), "CERT Alpha");
    let act = world.act_by((A, HEAD), START + 3, super::stop());
    world.void(act, "no text is signed by all");
}
