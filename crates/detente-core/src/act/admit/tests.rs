use super::{Admission, AdmitFault};
use crate::act::{Act, ActFault, ActKind, Body, Header, Paired, Salt, Seen};
use crate::id::{AccordId, Digest, PartyId};
use crate::key::SigningKey;
use crate::party::tests::{card, key};
use crate::roster::Rotation;
use crate::sign::sign;
use crate::time::UnixSeconds;

const ACCORD: AccordId = AccordId::new([1; 32]);
const SALT: Salt = [7; 32];

/// The party under test: its root is `key(10)`, its minister `key(11)`, its analyst `key(14)`.
fn author() -> PartyId {
    PartyId::new(*key(10).public().id().as_bytes())
}

fn header(sequence: u64) -> Header {
    Header {
        accord: ACCORD,
        author: author(),
        kind: ActKind::Sign,
        sequence,
        time: UnixSeconds::new(sequence.saturating_add(100)),
        supersedes: None,
        seen: Vec::new(),
        body: Digest::new([0; 32]),
    }
}

fn seen(party: u8, size: u64, root: u8) -> Seen {
    Seen { party: PartyId::new([party; 32]), size, root: [root; 32] }
}

fn designate() -> Body {
    Body::Designate { card: card("CERT Alpha", 10).bytes().to_vec() }
}

fn signature() -> Body {
    Body::Sign { text: Digest::new([9; 32]) }
}

fn act(header: Header, body: Body, key: &SigningKey) -> Act {
    Act::create(header, body, SALT, key)
}

fn admit(admission: &mut Admission, act: &Act) -> Result<Act, AdmitFault> {
    admission.admit(act.leaf(), *act.salt(), act.body_bytes())
}

/// An admission that has taken the card.
fn begun() -> Admission {
    let mut admission = Admission::new(ACCORD, author());
    admit(&mut admission, &act(header(0), designate(), key(14))).unwrap();
    admission
}

/// The act is refused for this, and the log stands where it stood.
#[track_caller]
fn refused(admission: &mut Admission, act: &Act, code: &str) -> AdmitFault {
    let (before, next) = (format!("{admission:?}"), admission.next());
    let fault = admit(admission, act).unwrap_err();
    assert_eq!(fault.code(), code, "{fault:?}");
    assert_eq!(admission.next(), next);
    assert_eq!(format!("{admission:?}"), before, "nothing has changed");
    fault
}

#[test]
fn a_log_begins_with_its_authors_card_and_goes_on_with_its_keys() {
    let mut admission = Admission::new(ACCORD, author());
    assert!(admission.card().is_none());
    let first = act(header(0), designate(), key(14));
    let admitted = admit(&mut admission, &first).unwrap();
    assert_eq!(admitted.digest(), first.digest());
    assert_eq!(admission.card().unwrap().name, "CERT Alpha");
    for (sequence, role) in [(1, 11), (2, 14)] {
        let next = act(header(sequence), signature(), key(role));
        let admitted = admit(&mut admission, &next).unwrap();
        assert_eq!(admitted.body(), &signature());
        assert_eq!(admission.next(), sequence + 1);
    }
}

#[test]
fn the_first_entry_must_be_the_authors_own_card() {
    let fresh = || Admission::new(ACCORD, author());
    let kind = ActKind::Sign;
    let other = act(header(0), signature(), key(11));
    let fault = refused(&mut fresh(), &other, "log_designation");
    assert_eq!(fault, AdmitFault::Designation { index: 0, kind });
    let other = act(header(0), Body::Stop { reason: "x".to_owned() }, key(10));
    refused(&mut fresh(), &other, "log_designation");

    let strange = Body::Designate { card: card("CERT Beta", 20).bytes().to_vec() };
    let other = act(header(0), strange.clone(), key(21));
    refused(&mut fresh(), &other, "log_misplaced_entry");
    let other = act(header(0), strange, key(11));
    refused(&mut fresh(), &other, "log_misplaced_entry");

    for stranger in [key(77), key(21), key(10)] {
        let other = act(header(0), designate(), stranger);
        refused(&mut fresh(), &other, "log_unknown_key");
    }
    let minister = act(header(0), designate(), key(11));
    let mut forged = minister.leaf().to_vec();
    *forged.last_mut().unwrap() ^= 1;
    let fault = fresh().admit(&forged, SALT, minister.body_bytes()).unwrap_err();
    assert_eq!(fault.code(), "act_not_signed");
    let fault = fresh().admit(minister.leaf(), [8; 32], minister.body_bytes()).unwrap_err();
    assert_eq!(fault.code(), "act_other_body");
    let garbage = Body::Designate { card: vec![1, 2, 3] };
    refused(&mut fresh(), &act(header(0), garbage, key(11)), "card_malformed");
    let forged = sign(card("CERT Alpha", 10).into_value(), key(77));
    let forged = Body::Designate { card: forged.bytes().to_vec() };
    refused(&mut fresh(), &act(header(0), forged, key(11)), "card_not_signed");
    let late = act(header(1), designate(), key(11));
    refused(&mut fresh(), &late, "log_misplaced_entry");
    let elsewhere = Header { accord: AccordId::new([2; 32]), ..header(0) };
    let elsewhere = act(elsewhere, designate(), key(11));
    refused(&mut fresh(), &elsewhere, "log_misplaced_entry");

    let sound = act(header(0), designate(), key(11));
    let withheld = fresh().admit_leaf(sound.leaf()).unwrap_err();
    assert_eq!(withheld.code(), "log_unknown_key", "a card can't be withheld");
}

#[test]
fn an_entry_states_the_place_where_it_stands() {
    for (wrong, what) in [
        (Header { accord: AccordId::new([2; 32]), ..header(1) }, "accord"),
        (Header { author: PartyId::new([2; 32]), ..header(1) }, "author"),
        (header(2), "sequence"),
        (header(0), "sequence"),
        (header(u64::MAX), "sequence"),
    ] {
        let wrong = act(wrong, signature(), key(11));
        let fault = refused(&mut begun(), &wrong, "log_misplaced_entry");
        assert_eq!(fault, AdmitFault::Misplaced { index: 1, what });
        let fault = begun().admit_leaf(wrong.leaf()).unwrap_err();
        assert_eq!(fault, AdmitFault::Misplaced { index: 1, what });
    }
}

#[test]
fn time_does_not_go_back() {
    let timed = |time| Header { time: UnixSeconds::new(time), ..header(1) };
    let back = act(timed(99), signature(), key(11));
    let fault = refused(&mut begun(), &back, "log_goes_back");
    assert_eq!(fault, AdmitFault::GoesBack { index: 1, what: "time" });
    let same = act(timed(100), signature(), key(11));
    admit(&mut begun(), &same).unwrap();
}

#[test]
fn a_view_of_another_log_neither_shrinks_nor_changes() {
    let view = |sequence, seen| act(Header { seen, ..header(sequence) }, signature(), key(11));
    let mut admission = begun();
    admit(&mut admission, &view(1, vec![seen(3, 5, 1), seen(4, 2, 1)])).unwrap();
    for wrong in [
        vec![],
        vec![seen(3, 5, 1)],
        vec![seen(3, 4, 1), seen(4, 2, 1)],
        vec![seen(3, 5, 1), seen(4, 2, 2)],
    ] {
        let fault = refused(&mut admission, &view(2, wrong), "log_goes_back");
        let what = "seen checkpoint";
        assert_eq!(fault, AdmitFault::GoesBack { index: 2, what });
    }
    let grown = vec![seen(2, 1, 1), seen(3, 5, 1), seen(4, 3, 2)];
    admit(&mut admission, &view(2, grown)).unwrap();
}

/// An act that waits for its own log would wait for ever, and all who have seen it with it.
#[test]
fn a_party_does_not_see_its_own_log() {
    let own = Seen { party: author(), size: 1, root: [1; 32] };
    let wrong = act(Header { seen: vec![own], ..header(1) }, signature(), key(11));
    refused(&mut begun(), &wrong, "act_malformed");
}

#[test]
fn only_keys_of_the_card_sign() {
    for stranger in [key(77), key(21), key(10)] {
        let wrong = act(header(1), signature(), stranger);
        let fault = refused(&mut begun(), &wrong, "log_unknown_key");
        let key = stranger.public().id();
        assert_eq!(fault, AdmitFault::UnknownKey { index: 1, key });
        let fault = begun().admit_leaf(wrong.leaf()).unwrap_err();
        assert_eq!(fault, AdmitFault::UnknownKey { index: 1, key });
    }
}

#[test]
fn the_body_is_the_one_that_was_signed() {
    let sound = act(header(1), signature(), key(11));
    let mut changed = sound.body_bytes().to_vec();
    *changed.last_mut().unwrap() ^= 1;
    let mut salt = SALT;
    salt[0] ^= 1;
    let long = vec![0; crate::act::MAX_BODY + 1];
    for (salt, body, code) in [
        (SALT, changed.as_slice(), "act_other_body"),
        (salt, sound.body_bytes(), "act_other_body"),
        (SALT, &[], "act_other_body"),
        (SALT, &long, "act_body_too_long"),
    ] {
        let mut admission = begun();
        let fault = admission.admit(sound.leaf(), salt, body).unwrap_err();
        assert_eq!(fault.code(), code);
        assert_eq!(admission.next(), 1);
    }
}

/// The header says another kind than its body has: the digest holds, the form does not.
#[test]
fn a_body_of_another_kind_is_refused() {
    let body = Body::Stop { reason: "x".to_owned() }.encode();
    let header = Header { body: crate::act::body_digest(&SALT, &body), ..header(1) };
    let leaf = sign(header, key(11));
    let fault = begun().admit(leaf.bytes(), SALT, &body).unwrap_err();
    assert_eq!(fault.code(), "act_malformed");
}

#[test]
fn a_changed_leaf_is_refused_wherever_it_was_changed() {
    let sound = act(header(1), signature(), key(11));
    let mut codes = std::collections::BTreeSet::new();
    for at in (0..sound.leaf().len()).step_by(53).chain([0, 1, 2, 3]) {
        let mut leaf = sound.leaf().to_vec();
        leaf[at] ^= 0x10;
        let mut admission = begun();
        let fault = admission.admit(&leaf, SALT, sound.body_bytes()).unwrap_err();
        codes.insert(fault.code());
        assert_eq!(admission.next(), 1);
    }
    assert!(codes.contains("act_not_signed") && codes.contains("act_malformed"));
    let mut longer = sound.leaf().to_vec();
    longer.push(0);
    assert!(begun().admit(&longer, SALT, sound.body_bytes()).is_err());
}

/// A card of the same root, made a second later, with another analyst.
fn renewed() -> Body {
    let mut value = card("CERT Alpha", 10).into_value();
    value.issued = UnixSeconds::new(2);
    value.roles[3].key = key(40).public().clone();
    Body::Designate { card: sign(value, key(10)).bytes().to_vec() }
}

fn rotated(by_new: &SigningKey) -> Body {
    let said = || Rotation {
        party: author(),
        old: key(14).public().id(),
        new: key(41).public().clone(),
        issued: UnixSeconds::new(2),
    };
    let by_holder = sign(said(), key(14)).bytes().to_vec();
    Body::RotateKey(Paired { by_holder, by_new: sign(said(), by_new).bytes().to_vec() })
}

#[test]
fn keys_that_acts_name_sign_from_then_on() {
    for (body, new) in [(renewed(), 40), (rotated(key(41)), 41)] {
        let mut admission = begun();
        refused(&mut admission, &act(header(1), signature(), key(new)), "log_unknown_key");
        // By a key that was there, or by the one that comes.
        for by in [11, new] {
            let mut admission = begun();
            let first = act(header(1), body.clone(), key(by));
            assert_eq!(
                admission.admit_leaf(first.leaf()).unwrap_err().code(),
                match by {
                    11 => "log_withheld_keys",
                    _ => "log_unknown_key",
                }
            );
            admit(&mut admission, &first).unwrap();
            admit(&mut admission, &act(header(2), signature(), key(new))).unwrap();
            // Whether an ended key may still act is the fold's to say: its signatures hold.
            admit(&mut admission, &act(header(3), signature(), key(14))).unwrap();
        }
        refused(&mut begun(), &act(header(1), body.clone(), key(10)), "log_unknown_key");
        let mut other = Act::create(header(1), body, SALT, key(new)).body_bytes().to_vec();
        *other.last_mut().unwrap() ^= 1;
        let first = act(header(1), rotated(key(41)), key(11));
        assert!(begun().admit(first.leaf(), SALT, &other).is_err());
    }
}

#[test]
fn statements_on_keys_that_do_not_hold_change_nothing() {
    // The card again, and a rotation that its new key has not signed.
    for body in [designate(), rotated(key(42))] {
        let mut admission = begun();
        admit(&mut admission, &act(header(1), body.clone(), key(11))).unwrap();
        assert_eq!(admission.next(), 2, "it stands in the log, and the fold says why it is void");
        let strange = act(header(2), signature(), key(41));
        refused(&mut admission, &strange, "log_unknown_key");
        refused(&mut begun(), &act(header(1), body, key(42)), "log_unknown_key");
    }
}

#[test]
fn a_withheld_body_keeps_its_place() {
    let mut admission = begun();
    let withheld = act(header(1), signature(), key(11));
    let header_of = admission.admit_leaf(withheld.leaf()).unwrap();
    assert_eq!(header_of.value().sequence, 1);
    assert_eq!(admission.next(), 2);
    let again = admission.admit_leaf(withheld.leaf()).unwrap_err();
    assert_eq!(again.code(), "log_misplaced_entry");
    let next = act(header(2), signature(), key(11));
    admit(&mut admission, &next).unwrap();
    // Disclosed later, the body still proves itself.
    let body = Act::join(header_of.clone(), SALT, withheld.body_bytes()).unwrap();
    assert_eq!(body.digest(), withheld.digest());
    assert_eq!(Act::join(header_of, SALT, next.leaf()).unwrap_err(), ActFault::OtherBody);
}
