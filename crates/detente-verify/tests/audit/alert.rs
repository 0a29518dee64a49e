//! Alerts from a record: what opens, against which text, and what no date can hide.

use detente_core::act::{AlertsSeen, Body};
use detente_core::party::Role;
use detente_core::{AccordId, Digest};
use detente_gate::{Opening, OpeningKind, openings, widening};
use detente_state::Logs;
use detente_verify::{audit, files};

use crate::world::{A, B, World};

fn logs(world: &World) -> Logs {
    let parties: Vec<_> = world.logs.keys().copied().collect();
    let accord: AccordId = world.accord;
    let mut logs = Logs::new(accord, &parties);
    for act in world.logs.values().flatten() {
        logs.push(act.clone());
    }
    logs
}

/// The openings that open something for real.
fn alerts(world: &World) -> Vec<Opening> {
    let (state, logs) = (world.state(), logs(world));
    let all = openings(&state, &logs).into_iter();
    all.filter(|opening| widening(&state, opening, world.now()).unwrap().is_some()).collect()
}

fn kinds(alerts: &[Opening]) -> Vec<OpeningKind> {
    alerts.iter().map(|alert| alert.kind).collect()
}

/// The world's text with another ceiling.
fn with_ceiling(world: &World, tlp: &str) -> Vec<u8> {
    let text = String::from_utf8(world.text.clone()).unwrap();
    let from = "max_tlp = \"amber\"";
    assert_eq!(text.matches(from).count(), 1);
    text.replace(from, &format!("max_tlp = {tlp:?}")).into_bytes()
}

fn sign(world: &mut World, text: &[u8]) {
    for side in [A, B] {
        world.act(side, Body::Sign { text: Digest::plain(text) });
    }
}

#[test]
fn the_first_text_opens_and_a_narrower_one_does_not() {
    let mut world = World::new();
    world.agree();
    let all = alerts(&world);
    let [proposed, signed, last] = all.as_slice() else { panic!("{all:?}") };
    assert_eq!(proposed.kind, OpeningKind::TextProposed);
    assert_eq!((signed.kind, last.kind), (OpeningKind::TextSigned, OpeningKind::TextSigned));
    let green = with_ceiling(&world, "green");
    world.act(B, Body::Propose { text: green.clone(), base: None });
    assert_eq!(alerts(&world).len(), 3);
    sign(&mut world, &green);
    assert_eq!(alerts(&world).len(), 3);
    // From there back to what was in force before is a step out again.
    let amber = [world.text.as_slice(), b"\n# again\n"].concat();
    world.act(B, Body::Propose { text: amber, base: None });
    let all = alerts(&world);
    assert_eq!(all[3].before, Some(Digest::plain(&green)));
    let state = world.state();
    let found = widening(&state, &all[3], world.now()).unwrap().unwrap();
    assert_eq!(found.by_way.len(), 2, "both directions: {:?}", found.by_way);
    assert_eq!(found.by_way.values().collect::<std::collections::BTreeSet<_>>().len(), 1);
}

/// A proposal that is dated back to when a wider text was in force stands there in the fold. It is
/// compared with what it would replace all the same.
#[test]
fn no_date_hides_what_a_proposal_opens() {
    let mut world = World::new();
    world.agree();
    let wide_until = world.now();
    let seen = world.header(B).seen;
    let green = with_ceiling(&world, "green");
    world.act(A, Body::Propose { text: green.clone(), base: None });
    world.act(A, Body::Sign { text: Digest::plain(&green) });
    // B has proposed the wider text before it signs the narrow one, it says.
    let amber = [world.text.as_slice(), b"\n# mine\n"].concat();
    let mut early = world.header(B);
    (early.time, early.seen) = (wide_until, seen);
    world.act_by(B, early, Body::Propose { text: amber.clone(), base: None });
    world.act(B, Body::Sign { text: Digest::plain(&green) });
    assert_eq!(world.state().in_force.unwrap().text, Digest::plain(&green));
    let all = alerts(&world);
    let own = all.iter().find(|alert| alert.after == Digest::plain(&amber)).unwrap();
    assert_eq!((own.kind, own.before), (OpeningKind::TextProposed, Some(Digest::plain(&green))));
}

#[test]
fn an_acknowledgement_is_of_one_change_and_holds_for_no_other() {
    let mut world = World::new();
    world.agree();
    let red = with_ceiling(&world, "red");
    world.act(B, Body::Propose { text: red, base: None });
    let before = alerts(&world).pop().unwrap();
    let seen = AlertsSeen { alerts: vec![before.name], note: String::new() };
    let act = world.act(A, Body::AcknowledgeAlert(seen));
    let report = audit(&files(&world.record()).unwrap());
    assert_eq!(report.findings, [], "an alert is no finding");
    assert_eq!(report.alerts.len(), 4);
    let line = report.alerts.last().unwrap();
    assert_eq!((line.act, line.unseen.as_slice()), (before.name.act, &[world.id(B)][..]));
    let event = |world: &World| {
        let state = world.state();
        state.history.iter().find(|event| event.act == act).unwrap().clone()
    };
    assert_eq!(event(&world).role, Some(Role::Auditor));
    assert!(world.state().alert_seen(world.id(A), before.name).is_some());
    // Against a narrower text the same proposal opens more, and is another alert.
    let green = with_ceiling(&world, "green");
    world.act(A, Body::Propose { text: green.clone(), base: None });
    sign(&mut world, &green);
    let all = alerts(&world);
    let now = all.iter().find(|alert| alert.name.act == before.name.act).unwrap();
    assert_ne!(now.name.change, before.name.change);
    assert!(world.state().alert_seen(world.id(A), now.name).is_none());
}

#[test]
fn a_stop_that_is_lifted_opens_once_whatever_text_follows() {
    let mut world = World::new();
    world.agree();
    world.act(B, Body::Stop { reason: "an exercise".to_owned() });
    world.act(B, Body::Resume { reason: "over".to_owned(), act: None });
    let lifted = alerts(&world).pop().unwrap();
    assert_eq!(lifted.kind, OpeningKind::StopLifted);
    let green = with_ceiling(&world, "green");
    world.act(A, Body::Propose { text: green.clone(), base: None });
    sign(&mut world, &green);
    let all = alerts(&world);
    assert_eq!(all.iter().filter(|alert| alert.name == lifted.name).count(), 1);
    assert!(kinds(&all).iter().filter(|kind| **kind == OpeningKind::StopLifted).count() == 1);
}
