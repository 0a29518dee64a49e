use super::{
    Cause, Delegation, Ended, Entered, MAX_HOLDERS, NotLive, Revocation, Roster, RosterFault,
    Rotation,
};
use crate::act::{ActKind, Body, Paired};
use crate::id::{AccordId, KeyId, PartyId};
use crate::key::{Seed, SigningKey, Suite};
use crate::party::tests::{card, key};
use crate::party::{Card, Role, RoleKey};
use crate::sign::sign;
use crate::time::UnixSeconds;

const HERE: AccordId = AccordId::new([1; 32]);

fn at(second: u64) -> Entered {
    Entered { accord: HERE, at: UnixSeconds::new(second) }
}

fn id(fill: u8) -> KeyId {
    key(fill).public().id()
}

/// Root `key(10)`, minister `key(11)`, head `key(12)`, duty officer `key(13)`, analyst `key(14)`.
fn party() -> PartyId {
    PartyId::new(*id(10).as_bytes())
}

fn roster() -> Roster {
    Roster::new(card("CERT Alpha", 10).into_value())
}

fn newer(edit: impl FnOnce(&mut Card)) -> Body {
    let mut value = card("CERT Alpha", 10).into_value();
    value.issued = UnixSeconds::new(2);
    edit(&mut value);
    Body::Designate { card: sign(value, key(10)).bytes().to_vec() }
}

fn rotation(old: u8, new: u8) -> Rotation {
    let (old, new) = (id(old), key(new).public().clone());
    Rotation { party: party(), old, new, issued: UnixSeconds::new(5) }
}

fn rotate(old: u8, new: u8) -> Body {
    let said = rotation(old, new);
    Body::RotateKey(paired((said.clone(), key(old)), (said, key(new))))
}

fn paired<T: crate::sign::Signable>(
    (one, by): (T, &SigningKey),
    (two, new): (T, &SigningKey),
) -> Paired {
    Paired { by_holder: sign(one, by).bytes().to_vec(), by_new: sign(two, new).bytes().to_vec() }
}

fn delegation(by: u8, to: u8, may: &[ActKind]) -> Delegation {
    Delegation {
        party: party(),
        by: id(by),
        key: key(to).public().clone(),
        to: "Deputy".to_owned(),
        may: may.to_vec(),
        accord: None,
        until: UnixSeconds::new(100),
        issued: UnixSeconds::new(5),
    }
}

fn delegate(said: &Delegation, by: u8, to: u8) -> Body {
    Body::Delegate(paired((said.clone(), key(by)), (said.clone(), key(to))))
}

fn revocation(target: KeyId, cause: Cause, by: u8) -> Vec<u8> {
    let issued = UnixSeconds::new(5);
    let said = Revocation { party: party(), key: target, cause, since: None, issued };
    sign(said, key(by)).bytes().to_vec()
}

fn revoke(target: u8, cause: Cause, by: u8) -> Body {
    Body::RevokeKey { revocation: revocation(id(target), cause, by) }
}

/// The statement is refused for this, and nothing has changed.
#[track_caller]
fn refused(roster: &Roster, body: &Body) -> RosterFault {
    let mut after = roster.clone();
    let fault = after.take(body, at(10)).unwrap_err();
    assert_eq!(format!("{after:?}"), format!("{roster:?}"), "nothing has changed");
    assert!(!fault.code().is_empty());
    fault
}

fn after(bodies: &[Body]) -> Roster {
    let mut roster = roster();
    for body in bodies {
        roster.take(body, at(10)).unwrap();
    }
    roster
}

fn may(roster: &Roster, fill: u8, kind: ActKind) -> Result<bool, NotLive> {
    roster.may(id(fill), kind, at(10)).map(|role| role.is_some())
}

#[test]
fn a_rotated_key_has_the_office_and_the_old_one_nothing() {
    let roster = after(&[rotate(14, 40)]);
    assert_eq!(roster.live(id(14), at(10)).unwrap_err(), NotLive::Followed(id(40)));
    let holder = roster.live(id(40), at(10)).unwrap();
    assert_eq!((holder.role, holder.follows), (Role::Analyst, Some(id(14))));
    assert_eq!(may(&roster, 40, ActKind::Release), Ok(true));
    assert_eq!(may(&roster, 40, ActKind::Sign), Ok(false));
    assert!(roster.key(id(14)).is_some(), "what it signed can still be checked");
    let again = after(&[rotate(14, 40), rotate(40, 41)]);
    assert_eq!(may(&again, 41, ActKind::Release), Ok(true));
}

#[test]
fn a_rotation_is_of_both_keys_and_of_nobody_elses() {
    let base = roster();
    let said = rotation(14, 40);
    // The new key has not signed; the old one has not; they have signed different things.
    let one = Body::RotateKey(paired((said.clone(), key(14)), (said.clone(), key(41))));
    assert!(matches!(refused(&base, &one), RosterFault::NotSigned(_)));
    let one = Body::RotateKey(paired((said.clone(), key(13)), (said.clone(), key(40))));
    assert!(matches!(refused(&base, &one), RosterFault::NotSigned(_)));
    let other = Rotation { issued: UnixSeconds::new(6), ..said.clone() };
    let one = Body::RotateKey(paired((said.clone(), key(14)), (other, key(40))));
    assert_eq!(refused(&base, &one), RosterFault::Differ);
    let strange = Rotation { party: PartyId::new([9; 32]), ..said };
    let one = Body::RotateKey(paired((strange.clone(), key(14)), (strange, key(40))));
    assert_eq!(refused(&base, &one), RosterFault::OtherParty);
    // Keys that are known: the root, another office's, one that was there before.
    assert_eq!(refused(&base, &rotate(14, 10)), RosterFault::KnownKey);
    assert_eq!(refused(&base, &rotate(14, 11)), RosterFault::KnownKey);
    assert_eq!(refused(&base, &rotate(10, 40)), RosterFault::Root);
    assert_eq!(refused(&base, &rotate(77, 40)), RosterFault::NotLive(NotLive::Unknown));
    let moved = after(&[rotate(14, 40)]);
    let back = RosterFault::NotLive(NotLive::Followed(id(40)));
    assert_eq!(refused(&moved, &rotate(14, 41)), back, "one key has one successor");
    assert_eq!(refused(&moved, &rotate(40, 14)), RosterFault::KnownKey);
    let garbage = Paired { by_holder: vec![1], by_new: vec![2] };
    assert!(matches!(refused(&base, &Body::RotateKey(garbage)), RosterFault::Malformed(_)));
}

#[test]
fn a_delegate_may_what_it_was_lent_for_as_long_as_its_lender() {
    let said = delegation(11, 40, &[ActKind::Sign, ActKind::Denounce]);
    let roster = after(&[delegate(&said, 11, 40)]);
    assert_eq!(roster.may(id(40), ActKind::Sign, at(10)), Ok(Some(Role::Minister)));
    assert_eq!(may(&roster, 40, ActKind::Ratify), Ok(false));
    assert_eq!(roster.may(id(40), ActKind::Sign, at(99)), Ok(Some(Role::Minister)));
    let over = roster.may(id(40), ActKind::Sign, at(100)).unwrap_err();
    assert_eq!(over, NotLive::Over(UnixSeconds::new(100)));

    let said = Delegation { accord: Some(AccordId::new([2; 32])), ..said };
    let roster = after(&[delegate(&said, 11, 40)]);
    assert_eq!(roster.live(id(40), at(10)).unwrap_err(), NotLive::Elsewhere);

    let said = delegation(11, 40, &[ActKind::Sign]);
    let given = delegate(&said, 11, 40);
    let rotated = after(&[given.clone(), rotate(11, 41)]);
    assert_eq!(may(&rotated, 40, ActKind::Sign), Ok(true), "the office is the same");
    let revoked = after(&[given.clone(), revoke(11, Cause::Lost, 10)]);
    assert_eq!(may(&revoked, 40, ActKind::Sign), Err(NotLive::LenderEnded));
    let narrowed = newer(|card| {
        card.roles[0].may.retain(|kind| *kind != ActKind::Sign);
    });
    let narrowed = after(&[given, narrowed]);
    assert_eq!(may(&narrowed, 40, ActKind::Sign), Ok(false), "what the office lost");
}

#[test]
fn nobody_lends_what_is_not_his() {
    let base = roster();
    let more = delegation(11, 40, &[ActKind::Release]);
    let fault = refused(&base, &delegate(&more, 11, 40));
    assert_eq!(fault, RosterFault::NotLenders(ActKind::Release));
    let analyst = delegation(14, 40, &[ActKind::Release]);
    let fault = refused(&base, &delegate(&analyst, 14, 40));
    assert_eq!(fault, RosterFault::NoPower(ActKind::Delegate));
    let late = Delegation { until: UnixSeconds::new(10), ..delegation(11, 40, &[ActKind::Sign]) };
    assert_eq!(refused(&base, &delegate(&late, 11, 40)), RosterFault::Over(late.until));
    // A delegate lends nothing on, and acts on keys can't be lent at all.
    let said = delegation(11, 40, &[ActKind::Sign]);
    let roster = after(&[delegate(&said, 11, 40)]);
    let on = delegation(40, 41, &[ActKind::Sign]);
    let fault = refused(&roster, &delegate(&on, 40, 41));
    assert_eq!(fault, RosterFault::NoPower(ActKind::Delegate));
    for kind in [ActKind::Delegate, ActKind::RevokeKey, ActKind::RotateKey, ActKind::Designate] {
        let fault = refused(&base, &delegate(&delegation(11, 40, &[kind]), 11, 40));
        assert!(matches!(fault, RosterFault::Malformed(_)), "{kind}");
    }
    let none = refused(&base, &delegate(&delegation(11, 40, &[]), 11, 40));
    assert!(matches!(none, RosterFault::Malformed(_)));
}

#[test]
fn a_revoked_key_never_comes_back() {
    for (by, cause) in [(10, Cause::Lost), (11, Cause::Retired), (14, Cause::Compromised)] {
        let roster = after(&[revoke(14, cause, by)]);
        assert_eq!(roster.live(id(14), at(10)).unwrap_err(), NotLive::Revoked(cause));
        assert!(roster.key(id(14)).is_some());
        assert_eq!(refused(&roster, &rotate(13, 14)), RosterFault::KnownKey);
        let fault = refused(&roster, &rotate(14, 40));
        assert_eq!(fault, RosterFault::NotLive(NotLive::Revoked(cause)));
        let mut again = roster.clone();
        again.take(&newer(|_| {}), at(10)).unwrap();
        assert!(again.live(id(14), at(10)).is_err(), "not even by a card of the root");
    }
    // By whom it can't be.
    let base = roster();
    let fault = refused(&base, &revoke(11, Cause::Lost, 14));
    assert_eq!(fault, RosterFault::NoPower(ActKind::RevokeKey));
    let fault = refused(&base, &revoke(14, Cause::Lost, 77));
    assert_eq!(fault, RosterFault::NotLive(NotLive::Unknown));
    assert_eq!(refused(&base, &revoke(10, Cause::Lost, 10)), RosterFault::Root);
    let ended = after(&[revoke(11, Cause::Compromised, 10)]);
    let fault = refused(&ended, &revoke(14, Cause::Lost, 11));
    assert_eq!(fault, RosterFault::NotLive(NotLive::Revoked(Cause::Compromised)));
}

#[test]
fn what_a_thief_made_of_a_key_ends_with_it() {
    for (cause, ends) in [
        (Cause::Emergency, true),
        (Cause::Compromised, true),
        (Cause::Lost, false),
        (Cause::Retired, false),
    ] {
        // The revocation was signed before the rotations were made.
        let roster = after(&[rotate(14, 40), rotate(40, 41), revoke(14, cause, 10)]);
        assert_eq!(roster.live(id(41), at(10)).is_err(), ends, "{cause}");
    }
    // A backup of an old key that somebody finds says only that this key is no good.
    let found = after(&[rotate(14, 40), revoke(14, Cause::Compromised, 14)]);
    assert!(found.live(id(40), at(10)).is_ok());
    // Known before the key itself is: it stays out.
    let mut roster = roster();
    roster.take(&revoke(40, Cause::Emergency, 10), at(10)).unwrap();
    assert_eq!(refused(&roster, &rotate(14, 40)), RosterFault::KnownKey);
}

#[test]
fn another_party_enters_only_what_the_key_or_the_root_has_signed() {
    for (by, taken) in [(10, true), (14, true), (11, false)] {
        let mut base = roster();
        let done = base.revoke_for(&revocation(id(14), Cause::Emergency, by));
        assert_eq!(done.is_ok(), taken, "{by}");
        assert_eq!(base.live(id(14), at(10)).is_err(), taken);
    }
}

#[test]
fn a_newer_card_replaces_the_offices() {
    let renewed = newer(|card| card.roles[3].key = key(40).public().clone());
    let roster = after(&[rotate(14, 41), renewed.clone()]);
    assert_eq!(roster.live(id(14), at(10)).unwrap_err(), NotLive::Followed(id(41)));
    assert_eq!(roster.live(id(41), at(10)).unwrap_err(), NotLive::NotOnCard);
    assert_eq!(may(&roster, 40, ActKind::Release), Ok(true));
    assert_eq!(may(&roster, 11, ActKind::Sign), Ok(true), "the others go on");
    assert_eq!(roster.card().issued, UnixSeconds::new(2));
    assert_eq!(roster.holder(id(14)).unwrap().ended, Some(Ended::Followed(id(41))));

    assert_eq!(refused(&roster, &renewed), RosterFault::NotNewer(UnixSeconds::new(2)));
    let base = super::Roster::new(card("CERT Alpha", 10).into_value());
    let other = Body::Designate { card: card("CERT Beta", 20).bytes().to_vec() };
    assert_eq!(refused(&base, &other), RosterFault::OtherParty);
    for (what, edit) in [
        ("log", (|card| card.log_key = [77; 32]) as fn(&mut Card)),
        ("mirror", |card| card.mirror_key = [77; 32]),
    ] {
        assert_eq!(refused(&base, &newer(edit)), RosterFault::LogKey(what));
    }
    let forged = card("CERT Alpha", 10).into_value();
    let forged = Card { issued: UnixSeconds::new(3), ..forged };
    let forged = Body::Designate { card: sign(forged, key(77)).bytes().to_vec() };
    assert!(matches!(refused(&base, &forged), RosterFault::Card(_)));
}

#[test]
fn a_key_is_followed_by_one_of_its_suite() {
    let other = SigningKey::from_seed(&Seed::cnsa2([40; 32])).unwrap();
    let said = Rotation { new: other.public().clone(), ..rotation(14, 40) };
    let rotated = Body::RotateKey(paired((said.clone(), key(14)), (said, &other)));
    assert_eq!(refused(&roster(), &rotated), RosterFault::OtherSuite(Suite::Hybrid));
    // Beside it on the card, as a second key of the office.
    let both = newer(|card| {
        let (role, may) = (Role::Analyst, card.roles[3].may.clone());
        card.roles.insert(4, RoleKey { role, key: other.public().clone(), may });
    });
    let roster = after(&[both]);
    let release = roster.may(other.public().id(), ActKind::Release, at(10));
    assert_eq!(release, Ok(Some(Role::Analyst)));
    assert_eq!(may(&roster, 14, ActKind::Release), Ok(true));
}

#[test]
fn a_log_names_so_many_keys_and_no_more() {
    let mut roster = roster();
    let role = roster.holders[0].clone();
    while roster.holders.len() < MAX_HOLDERS {
        roster.holders.push(role.clone());
    }
    assert_eq!(refused(&roster, &rotate(14, 40)), RosterFault::TooMany);
    let said = delegation(11, 40, &[ActKind::Sign]);
    assert_eq!(refused(&roster, &delegate(&said, 11, 40)), RosterFault::TooMany);
    let renewed = newer(|card| card.roles[3].key = key(40).public().clone());
    assert_eq!(refused(&roster, &renewed), RosterFault::TooMany);
    for n in 0..MAX_HOLDERS {
        let mut name = [0; 32];
        name[..8].copy_from_slice(&n.to_le_bytes());
        roster.revoked.insert(KeyId::new(name), Cause::Lost);
    }
    assert_eq!(refused(&roster, &revoke(14, Cause::Lost, 10)), RosterFault::TooMany);
}
