//! Texts: proposed, signed, refused, in force, stopped, denounced.

use super::{
    A, B, C, DAY, START, World, at, denounce, digest_of, propose, refuse, resume, stop, swap, text,
};
use crate::{Effect, NotInForce, Position};
use detente_core::act::{ActKind, Body};
use detente_core::party::Role;
use detente_core::roster::Roster;
use detente_core::{Digest, Level, Span};

fn sign(text: Digest) -> Body {
    Body::Sign { text }
}

#[test]
fn a_text_is_in_force_when_all_have_signed_it() {
    let mut world = World::new(3);
    let text = text(3);
    let digest = digest_of(&text);
    world.act(B, Role::Head, START + 5, propose(&text));
    for (party, time) in [(A, 10), (B, 20)] {
        let act = world.act(party, Role::Minister, START + time, sign(digest));
        world.holds(act);
        assert_eq!(world.state().in_force_at(at(START + 99)), Err(NotInForce::NotSigned));
    }
    world.act(C, Role::Minister, START + 15, sign(digest));
    let state = world.state();
    let since = at(START + 20);
    assert_eq!(state.in_force.unwrap().since, since, "the latest of all clocks");
    assert_eq!(state.in_force_at(at(START + 19)), Err(NotInForce::NotYet { since }));
    assert_eq!(state.in_force_at(since).unwrap().digest, digest);
    assert_eq!(state.texts[&digest].proposer, world.ids[B]);
    assert_eq!(state.texts[&digest].positions[&world.ids[A]].name(), "signed");
    assert_eq!(state.history.len(), 7);
    assert_eq!(state.waiting, 0);
    assert_eq!(state.name_of(world.ids[C]), "CERT Gamma");
}

#[test]
fn signatures_on_two_texts_do_not_add_up() {
    let mut world = World::new(2);
    let (one, two) = (text(2), swap(&text(2), "A test accord", "Another"));
    world.act(A, Role::Head, START + 1, propose(&one));
    world.act(B, Role::Head, START + 2, propose(&two));
    world.act(A, Role::Minister, START + 3, sign(digest_of(&one)));
    world.act(B, Role::Minister, START + 4, sign(digest_of(&two)));
    assert_eq!(world.state().in_force, None);
    let unknown = world.act(B, Role::Minister, START + 5, sign(Digest::new([1; 32])));
    world.void(unknown, "no such text");
    world.act(B, Role::Minister, START + 6, sign(digest_of(&one)));
    let again = world.act(B, Role::Minister, START + 7, sign(digest_of(&one)));
    world.void(again, "already signed");
    assert_eq!(world.state().in_force.unwrap().text, digest_of(&one));
    world.act(A, Role::Minister, START + 8, sign(digest_of(&two)));
    assert_eq!(
        world.state().in_force.unwrap().text,
        digest_of(&one),
        "what B signed before the first text came into force is spent"
    );
    let anew = world.act(B, Role::Minister, START + 9, sign(digest_of(&two)));
    world.holds(anew);
    assert_eq!(
        world.state().in_force.unwrap().text,
        digest_of(&two),
        "the later text replaces the earlier"
    );
}

#[test]
fn a_step_back_shows_with_the_time_it_took() {
    let mut world = World::new(2);
    let text = text(2);
    let digest = digest_of(&text);
    let proposed = world.act(A, Role::Head, START, propose(&text));
    world.holds(proposed);
    world.act(A, Role::Minister, START + 100, sign(digest));
    let back = world.act(A, Role::Minister, START + 100 + 13 * 3_600, refuse(digest));
    let Effect::Reversal(reversal) = world.effect(back) else { panic!("no reversal") };
    assert_eq!(reversal.after, Span::seconds(13 * 3_600));
    assert_eq!((reversal.before, reversal.level), (Level::Signed, Level::Withdrawn));
    assert_eq!(reversal.topics.len(), 4, "every clause");
    let words = "from signed to withdrawn after 13 hours on clauses 1, 2, 3, 4";
    assert_eq!(reversal.to_string(), words);
    world.act(B, Role::Minister, START + 200, sign(digest));
    assert_eq!(world.state().in_force, None, "A has stepped back");
    let first = world.act(B, Role::Head, START + 300, refuse(digest));
    assert!(matches!(world.effect(first), Effect::Reversal { .. }));
    let twice = world.act(B, Role::Head, START + 400, refuse(digest));
    world.holds(twice);
    world.act(A, Role::Minister, START + 14 * 3_600, sign(digest));
    world.act(B, Role::Minister, START + 14 * 3_600, sign(digest));
    assert_eq!(world.state().in_force.unwrap().text, digest);
    let late = world.act(A, Role::Minister, START + 15 * 3_600, refuse(digest));
    world.void(late, "in force");
    let stranger = world.act(A, Role::Minister, START + 15 * 3_600, refuse(Digest::new([1; 32])));
    world.void(stranger, "no such text");
}

#[test]
fn proposing_a_step_back_from_a_proposal_is_a_reversal_and_proposing_again_takes_it_up() {
    let mut world = World::new(2);
    let text = text(2);
    let digest = digest_of(&text);
    world.act(A, Role::Head, START + 1, propose(&text));
    let back = world.act(A, Role::Head, START + 61, refuse(digest));
    let Effect::Reversal(reversal) = world.effect(back) else { panic!("no reversal") };
    assert_eq!((reversal.before, reversal.after), (Level::Proposed, Span::seconds(60)));
    world.act(A, Role::Head, START + 70, propose(&text));
    let state = world.state();
    assert_eq!(
        state.texts[&digest].positions[&world.ids[A]],
        Position::Proposed { since: at(START + 70) }
    );
    assert_eq!(state.texts[&digest].proposed, at(START + 1));
    world.act(A, Role::Minister, START + 71, sign(digest));
    world.act(A, Role::Head, START + 72, propose(&text));
    assert_eq!(
        world.state().texts[&digest].positions[&world.ids[A]].name(),
        "signed",
        "to propose what one has signed is no step back"
    );
}

#[test]
fn an_act_without_authority_is_unconfirmed_and_has_no_effect() {
    let mut world = World::new(2);
    let text = text(2);
    let digest = digest_of(&text);
    world.act(A, Role::Head, START + 1, propose(&text));
    let act = world.act(A, Role::Analyst, START + 2, sign(digest));
    world.unconfirmed(act, "the card gives analyst no power to sign");
    let event = world.event(act);
    assert_eq!((event.role, event.kind), (Some(Role::Analyst), ActKind::Sign));
    assert!(!world.state().texts[&digest].positions[&world.ids[A]].name().contains("signed"));
    let act = world.act(B, Role::DutyOfficer, START + 3, propose(&swap(&text, "A test", "My")));
    world.unconfirmed(act, "duty-officer no power to propose");
    assert_eq!(world.state().texts.len(), 1);
    assert_eq!(world.state().parties[&world.ids[A]].folded, 3);
}

/// The sound text gives A's minister "propose" and "sign", and A's other roles nothing.
fn narrowed() -> String {
    let may = "[[authority]]\nparty = \"A\"\nrole = \"minister\"\nmay = [\"sign\"]\n\n";
    let head = "[[authority]]\nparty = \"A\"\nrole = \"head\"\nmay = [\"refuse\"]\n\n";
    swap(&text(2), "[[definition]]", &format!("{may}{head}[[definition]]"))
}

#[test]
fn a_text_narrows_authority_and_never_widens_it() {
    let mut world = World::new(2);
    let text = narrowed();
    let digest = digest_of(&text);
    let proposed = world.act(A, Role::Head, START + 1, propose(&text));
    world.holds(proposed);
    let act = world.act(A, Role::Head, START + 2, sign(digest));
    world.unconfirmed(act, "the card gives head no power to sign");
    world.act(A, Role::Minister, START + 3, sign(digest));
    world.act(B, Role::Minister, START + 4, sign(digest));
    let act = world.act(A, Role::Head, START + 5, propose(&super::text(2)));
    world.unconfirmed(act, "the accord gives head of A no power to propose");
    let act = world.act(B, Role::Head, START + 6, propose(&super::text(2)));
    world.holds(act);
    let act = world.act(
        A,
        Role::Analyst,
        START + 7,
        Body::Receipt { release: Digest::new([1; 32]), manifest: Digest::new([1; 32]) },
    );
    world.unconfirmed(act, "the accord gives analyst of A");
}

#[test]
fn a_text_that_is_not_in_force_takes_no_power_to_refuse_it() {
    let mut world = World::new(2);
    let silenced = swap(
        &narrowed(),
        "role = \"head\"\nmay = [\"refuse\"]",
        "role = \"head\"\nmay = [\"stop\"]",
    );
    world.act(B, Role::Head, START + 1, propose(&silenced));
    let act = world.act(A, Role::Minister, START + 2, refuse(digest_of(&silenced)));
    world.holds(act);
}

/// What A proposes can't hand B's head a power that the text in force keeps from it, though the card
/// gives it.
#[test]
fn a_new_text_gives_no_power_that_the_text_in_force_withholds() {
    let only = |role: &str| {
        let table =
            format!("[[authority]]\nparty = \"B\"\nrole = \"{role}\"\nmay = [\"sign\"]\n\n");
        swap(&text(2), "[[definition]]", &format!("{table}[[definition]]"))
    };
    let mut world = World::agreed(2, &only("minister"));
    let wider = only("head");
    world.act(A, Role::Head, START + 10, propose(&wider));
    let act = world.act(B, Role::Minister, START + 11, sign(digest_of(&wider)));
    world.unconfirmed(act, "the accord gives minister of B no power to sign");
    let act = world.act(B, Role::Head, START + 12, refuse(digest_of(&wider)));
    world.unconfirmed(act, "the accord gives head of B no power to refuse");
    let mut state = world.state();
    let b = world.ids[B];
    let party = state.parties.get_mut(&b).unwrap();
    let mut card = party.card().unwrap().clone();
    card.roles[1].may.push(ActKind::Sign);
    let head = (b, card.roles[1].key.id());
    party.roster = Some(Roster::new(card));
    let now = at(START + 13);
    let may = |text: &str| state.authority(head, ActKind::Sign, Some(digest_of(text)), now);
    assert!(may(&wider).is_err(), "the text in force says the minister");
    state.in_force = None;
    let may = |text: &str| state.authority(head, ActKind::Sign, Some(digest_of(text)), now);
    assert!(may(&wider).is_ok());
    assert!(may(&only("minister")).is_err());
}

#[test]
fn texts_of_another_accord_and_faulty_texts_are_void() {
    let mut world = World::new(2);
    let other = swap(&text(2), "test-0", "test-1");
    let act = world.act(A, Role::Head, START + 1, propose(&other));
    world.void(act, "of another accord");
    let other = swap(&text(2), &world.ids[B].to_string(), &"c".repeat(64));
    let act = world.act(A, Role::Head, START + 2, propose(&other));
    world.void(act, "of another accord");
    let faulty = swap(&text(2), "only = \"matched\"\n", "");
    let act = world.act(A, Role::Head, START + 3, propose(&faulty));
    world.void(act, "fault");
    assert!(world.state().texts.is_empty());
}

#[test]
fn an_expired_text_is_neither_signed_nor_in_force() {
    let text = text(2);
    let expires = detente_core::UnixSeconds::parse("2030-12-31").unwrap();
    let mut world = World::agreed(2, &text);
    let state = world.state();
    let last = at(expires.get() - 1);
    assert!(state.in_force_at(last).is_ok());
    assert_eq!(state.in_force_at(expires), Err(NotInForce::Expired { at: expires }));
    let later = swap(&text, "A test", "Late");
    world.act(A, Role::Head, expires.get() - 5, propose(&later));
    let act = world.act(A, Role::Minister, expires.get(), sign(digest_of(&later)));
    world.void(act, "expired on 2030-12-31");
    let act =
        world.act(B, Role::Minister, expires.get(), denounce(digest_of(&text), expires.get()));
    world.void(act, "expired");
}

#[test]
fn notice_runs_its_time_and_then_ends_the_accord() {
    let text = text(2);
    let digest = digest_of(&text);
    let mut world = World::agreed(2, &text);
    let given = START + DAY;
    let short = world.act(A, Role::Minister, given, denounce(digest, given + 90 * DAY - 1));
    world.void(short, "the notice runs 90 days");
    let other =
        world.act(A, Role::Minister, given, denounce(Digest::new([1; 32]), given + 90 * DAY));
    world.void(other, "another text is in force");
    assert_eq!(world.state().notice, None);
    let effective = given + 90 * DAY;
    let act = world.act(A, Role::Minister, given, denounce(digest, effective));
    let after = Span::seconds(DAY - 1);
    let Effect::Reversal(reversal) = world.effect(act) else { panic!("no reversal") };
    assert_eq!((reversal.before, reversal.after), (Level::Signed, after));
    let state = world.state();
    assert!(state.in_force_at(at(effective - 1)).is_ok());
    assert_eq!(
        state.in_force_at(at(effective)),
        Err(NotInForce::Denounced { since: at(effective) })
    );
    let again = world.act(A, Role::Minister, given + 1, denounce(digest, effective + 1));
    world.void(again, "notice was given already");
}

/// A notice for the year 9999 must not keep the other side from leaving.
#[test]
fn a_far_notice_does_not_bar_a_nearer_one() {
    let text = text(2);
    let digest = digest_of(&text);
    let mut world = World::agreed(2, &text);
    world.act(A, Role::Minister, START + 10, denounce(digest, u64::MAX));
    let effective = START + 20 + 90 * DAY;
    let act = world.act(B, Role::Minister, START + 20, denounce(digest, effective));
    assert!(matches!(world.effect(act), Effect::Reversal { .. }));
    let state = world.state();
    assert_eq!(state.notice.as_ref().unwrap().party, world.ids[B]);
    assert!(state.in_force_at(at(effective)).is_err());
}

/// Who signs a new text after giving notice stays, under that text.
#[test]
fn notice_is_of_one_text() {
    let (one, two) = (text(2), swap(&text(2), "A test", "A second"));
    let mut world = World::agreed(2, &one);
    let effective = START + 100 * DAY;
    world.act(A, Role::Minister, START + 10, denounce(digest_of(&one), effective));
    world.agree(&two, START + DAY);
    let state = world.state();
    assert_eq!(state.notice, None);
    let accord = state.in_force_at(at(effective)).unwrap();
    assert_eq!(accord.digest, digest_of(&two));
}

#[test]
fn a_stop_holds_until_it_is_lifted_or_lapses() {
    let mut world = World::agreed(2, &text(2));
    let none = world.act(A, Role::Minister, START + 9, resume());
    world.void(none, "no stop to lift");
    let from = START + 10;
    let act = world.act(A, Role::DutyOfficer, from, stop());
    world.holds(act);
    let state = world.state();
    let (by, held) = state.stopped_at(at(from)).unwrap();
    assert_eq!((by, held.lapses), (world.ids[A], at(from + 10 * DAY)));
    assert!(state.stopped_at(at(from + 10 * DAY - 1)).is_some());
    assert_eq!(state.stopped_at(at(from + 10 * DAY)), None, "it lapses");
    let other = world.act(B, Role::Minister, from + 1, resume());
    world.void(other, "no stop to lift");
    let weak = world.act(A, Role::DutyOfficer, from + 2, resume());
    world.unconfirmed(weak, "no power to resume");
    assert!(world.state().stopped_at(at(from + 3)).is_some());
    world.act(B, Role::Minister, from + 3, stop());
    world.act(A, Role::Minister, from + 4, resume());
    assert_eq!(
        world.state().stopped_at(at(from + 5)).unwrap().0,
        world.ids[B],
        "each party's stop stands by itself"
    );
    world.act(B, Role::Minister, from + 6, resume());
    assert_eq!(world.state().stopped_at(at(from + 7)), None);
}

#[test]
fn only_the_roles_of_the_emergency_terms_stop() {
    let mut world = World::agreed(2, &text(2));
    let act = world.act(A, Role::Head, START + 10, stop());
    world.unconfirmed(act, "the accord gives head of A no power to stop");
    assert_eq!(world.state().stopped_at(at(START + 11)), None);
    // The text names A's authority without a word on stops: the emergency terms still hold.
    let mut world = World::agreed(2, &narrowed());
    let act = world.act(A, Role::DutyOfficer, START + 10, stop());
    world.holds(act);
    let before = World::new(2).act(A, Role::DutyOfficer, START + 1, stop());
    let mut world = World::new(2);
    assert_eq!(world.act(A, Role::DutyOfficer, START + 1, stop()), before);
    world.void(before, "no text is signed");
}

/// B signs with a clock that is ahead. A's stop a moment later, by its own slower clock, must hold.
#[test]
fn a_slow_clock_does_not_void_a_stop() {
    let text = text(2);
    let mut world = World::new(2);
    world.act(A, Role::Head, START + 1, propose(&text));
    world.act(A, Role::Minister, START + 2, sign(digest_of(&text)));
    world.act(B, Role::Minister, START + 600, sign(digest_of(&text)));
    let act = world.act(A, Role::DutyOfficer, START + 10, stop());
    world.holds(act);
    assert!(world.state().stopped_at(at(START + 601)).is_some());
}

#[test]
fn a_second_stop_does_not_shorten_the_first() {
    let (one, two) = (text(2), swap(&text(2), "lapses = \"P10D\"", "lapses = \"P1D\""));
    let mut world = World::agreed(2, &one);
    world.act(A, Role::DutyOfficer, START + 10, stop());
    world.agree(&two, START + 20);
    world.act(A, Role::DutyOfficer, START + 30, stop());
    assert!(world.state().stopped_at(at(START + 9 * DAY)).is_some());
}

/// A reason is foreign text: it must not move the reader's cursor.
#[test]
fn the_history_shows_no_control_characters() {
    let mut world = World::agreed(2, &text(2));
    let reason = "quiet\u{1b}[2J\u{202e}\nforged line".to_owned();
    let act = world.act(A, Role::DutyOfficer, START + 10, Body::Stop { reason });
    let summary = world.event(act).summary;
    assert!(summary.contains("quiet") && summary.contains("forged line"));
    assert!(detente_core::name::is_plain(&summary), "{summary:?}");
}
