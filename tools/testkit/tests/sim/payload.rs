//! Contexts within a run: on record first, for common items only; cuts, stops and sides that cheat.

use std::sync::atomic::{AtomicU64, Ordering};

use detente_core::act::{ActKind, Blame, Body, Outcome};
use detente_core::{AccordId, Digest, Tlp};
use detente_intel::Indicator;
use detente_node::ports::{Link, Store as _};
use detente_node::report::MatchReport;
use detente_node::{NodeError, RESUME_SECONDS, run_match};
use detente_state::State;
use detente_testkit::{Cut, Terms, When, World, context, observable};

use crate::{assert_settled, assert_sound, code, run};

/// Codes of the engine's steps, the first byte of their frames.
const FOUND: u8 = 8;
const CONTEXTS: u8 = 10;
const RETURNS: u8 = 11;
/// Bytes of a frame before its content.
const HEAD: usize = 13;

fn terms() -> Terms {
    Terms {
        mode: "payload".to_owned(),
        payload_bytes: Some(512),
        engine: "vole-ristretto255".to_owned(),
        ..Terms::default()
    }
}

/// In force; each holds its letters, with a source of its own and a marking by letter.
fn between(seed: u64, (a, b): (&str, &str)) -> (World, AccordId) {
    let (world, accord) = World::in_force(seed, &terms());
    for (member, letters) in world.members.iter().zip([a, b]) {
        for letter in letters.chars() {
            let name = format!("{letter}.example");
            let tlp = if letter == 'z' { Tlp::AmberStrict } else { Tlp::Green };
            let observable = observable(detente_core::Kind::Domain, &name);
            let context = context(&format!("{}-{letter}", member.name), tlp, &[]);
            member.hold(&[Indicator { observable, context }]);
        }
    }
    (world, accord)
}

fn received(report: &MatchReport) -> Vec<(String, String)> {
    let contexts = report.contexts.as_ref().unwrap();
    let found = contexts.received.iter();
    let mut found: Vec<(String, String)> = found
        .map(|found| (found.value.clone(), found.context.source.clone().unwrap_or_default()))
        .collect();
    found.sort();
    found
}

fn state(world: &World, at: usize, accord: AccordId) -> State {
    world.node(at).state(accord).unwrap().clone()
}

/// Objects that a party holds of others.
fn count(world: &World, at: usize) -> u64 {
    let store = world.members[at].store.real();
    store.received_counts().unwrap().iter().map(|(_, count)| count).sum()
}

/// Lets the time pass in which a cut run may be taken up again.
fn give_up(world: &World) {
    world.clock_tick(RESUME_SECONDS + 1);
    for member in &world.members {
        member.shared.sweep_runs();
    }
}

#[test]
fn each_side_gets_the_contexts_of_what_both_hold() {
    let (world, accord) = between(300, ("abcdz", "cdefz"));
    let report = run(&world, (0, 1), accord);
    assert_eq!(report.common, Some(3));
    let pair = |value: &str, source: &str| (value.to_owned(), source.to_owned());
    let names: Vec<&str> = world.members.iter().map(|member| member.name.as_str()).collect();
    let from = |name: &str| {
        vec![pair("c.example", &format!("{name}-c")), pair("d.example", &format!("{name}-d"))]
    };
    assert_eq!(received(&report), from(names[1]));
    let theirs = world.members[1].end.served().remove(0).unwrap().unwrap();
    assert_eq!(received(&theirs), from(names[0]));
    // What is above the ceiling stays, and says why.
    let given = &report.contexts.as_ref().unwrap().given;
    assert_eq!((given.allowed, given.denied), (2, 1));
    assert!(given.objects.iter().any(|object| object.code == "tlp_ceiling"));
    world.sync().unwrap();
    let state = state(&world, 0, accord);
    assert_eq!(state.releases.len(), 2);
    assert!(
        state
            .releases
            .iter()
            .all(|release| release.receipt.is_some() && release.objects.len() == 2)
    );
    // On record before either side closed.
    let place = |kind: ActKind, party| {
        let mut events = state.history.iter();
        events.position(|event| event.kind == kind && event.author == party).unwrap()
    };
    let ids = world.ids();
    for releasing in &ids {
        for closing in &ids {
            let order = place(ActKind::Release, *releasing) < place(ActKind::CloseMatch, *closing);
            assert!(order, "{:?}", state.history);
        }
    }
    assert_settled(&world, accord);
    assert_sound(&world, accord);
    // The other direction, once more: all is there.
    let again = run(&world, (1, 0), accord);
    let contexts = again.contexts.unwrap();
    assert_eq!((contexts.given.there, contexts.given.allowed), (2, 0));
    assert!(contexts.received.is_empty());
}

/// Cuts a run at message `at`, on a line that is up again at once, or not.
fn cut_at(at: u64, when: When, resumes: bool) -> bool {
    let (world, accord) = between(301, ("abcd", "bcde"));
    let first = world.cut_link((0, 1), Some(Cut { at, when }));
    let second = world.link(0, 1);
    let tries = AtomicU64::new(0);
    let relink = || -> Result<Box<dyn Link + '_>, NodeError> {
        let again = tries.fetch_add(1, Ordering::SeqCst) > 0;
        Ok(Box::new(if again && resumes { &second } else { &first }))
    };
    let a = &world.members[0].shared;
    let result = run_match(a, &relink, accord, ("1", false), &mut |_| {});
    let messages = first.count();
    drop((first, second));
    give_up(&world);
    world.sync().unwrap();
    world.sync().unwrap();
    assert_settled(&world, accord);
    assert_sound(&world, accord);
    let state = state(&world, 0, accord);
    for (number, member) in world.members.iter().enumerate() {
        // One run, and one release of each side for it at the most, whatever was tried twice.
        let own = state.releases.iter().filter(|release| release.author == member.id);
        assert!(own.count() <= 1, "{at} {when:?}");
        let Some(run) = state.runs.values().next() else { continue };
        let close = run.closes.get(&member.id).map(|(_, close)| &close.outcome);
        match close {
            Some(Outcome::Done { .. }) => {}
            // What came in a run that is void is not kept, and the abort says what may have left.
            Some(Outcome::Aborted { blame, reason }) => {
                assert_eq!((*blame, count(&world, number)), (Blame::Line, 0), "{at} {when:?}");
                let left = state.releases.iter().any(|release| release.author == member.id);
                let says = if left { "at most 3 contexts" } else { "no context" };
                assert!(reason.contains(says), "{at} {when:?}: {reason}");
            }
            None => assert!(run.answer.is_none() || number == 1, "{at} {when:?}"),
        }
        if run.agreed().is_some() {
            assert_eq!(count(&world, number), 3, "{at} {when:?}");
            assert!(state.releases.iter().all(|release| release.receipt.is_some()));
        }
    }
    result.is_ok() && messages <= at
}

#[test]
fn a_run_with_contexts_goes_on_after_a_cut_and_gives_each_once() {
    for at in (0..).step_by(2) {
        if cut_at(at, When::Before, true) {
            assert!(at > 20, "a run of {at} messages");
            return;
        }
    }
}

#[test]
fn a_run_with_contexts_that_was_cut_for_good_is_void_and_says_what_may_have_left() {
    for at in (1..).step_by(2) {
        if cut_at(at, When::After, false) {
            assert!(at > 20, "a run of {at} messages");
            return;
        }
    }
}

/// Does something to the first frame of a step; what A's run comes to, and the world.
fn tampered(
    seed: u64,
    step: u8,
    change: impl Fn(&mut Vec<u8>) + Send + Sync + 'static,
) -> (World, AccordId, Result<MatchReport, NodeError>) {
    let (world, accord) = between(seed, ("abcd", "bcde"));
    let link = world.link(0, 1).tamper(Box::new(move |_, bytes| {
        if bytes.first() == Some(&step) && bytes.len() > HEAD {
            change(bytes);
        }
    }));
    let a = &world.members[0].shared;
    let result = run_match(a, &|| Ok(Box::new(&link)), accord, ("1", false), &mut |_| {});
    drop(link);
    give_up(&world);
    world.sync().unwrap();
    (world, accord, result)
}

#[test]
fn a_changed_context_is_the_peers_fault_and_voids_the_run() {
    type Change = fn(&mut Vec<u8>);
    let cases: [(&str, Change); 4] = [
        ("context_unopened", |bytes| bytes[HEAD + 40] ^= 1),
        ("wrong_frame", |bytes| bytes.truncate(bytes.len() - 532)),
        // The label names no release of the other side; or none at all, and contexts come.
        ("unknown_release", |bytes| bytes[HEAD] ^= 1),
        ("other_object", |bytes| bytes[HEAD..HEAD + 32].fill(0)),
    ];
    for (number, (says, change)) in cases.into_iter().enumerate() {
        for (finder, step) in [(0, CONTEXTS), (1, RETURNS)] {
            let (world, accord, result) = tampered(310 + number as u64, step, change);
            let found = code(result);
            if finder == 0 {
                assert_eq!(found, says);
            }
            let state = state(&world, 0, accord);
            let run = state.runs.values().next().unwrap();
            assert!(run.agreed().is_none());
            let (_, close) = &run.closes[&world.members[finder].id];
            let Outcome::Aborted { blame, .. } = &close.outcome else { panic!("{close:?}") };
            assert_eq!(*blame, Blame::Peer, "{says} {step}");
            // Nothing that came is kept, and nothing is sent once more.
            assert_eq!((count(&world, 0), count(&world, 1)), (0, 0), "{says} {step}");
            assert!(state.releases.iter().all(|release| release.receipt.is_none()));
            assert_sound(&world, accord);
        }
    }
}

/// A stop that comes when the answer is known and before contexts leave: none does.
#[test]
fn a_stop_before_contexts_leave_holds_them() {
    for stopper in [0, 1] {
        let (world, accord) = between(320, ("abcd", "bcde"));
        let shared = world.members[stopper].shared.clone();
        let link = world.link(0, 1).tamper(Box::new(move |_, bytes| {
            if bytes.first() == Some(&FOUND) && bytes.len() > HEAD {
                shared.lock().stop(accord, "now", None).unwrap();
            }
        }));
        let a = &world.members[0].shared;
        assert!(run_match(a, &|| Ok(Box::new(&link)), accord, ("1", false), &mut |_| {}).is_err());
        drop(link);
        give_up(&world);
        world.sync().unwrap();
        let state = state(&world, 0, accord);
        assert!(state.releases.iter().all(|release| release.author != world.members[stopper].id));
        assert_eq!(count(&world, 1 - stopper), 0, "{stopper}");
        assert_sound(&world, accord);
    }
}

/// The manifest on record is what came: object for object.
#[test]
fn the_record_names_what_came() {
    let (world, accord) = between(330, ("abcd", "bcde"));
    let report = run(&world, (0, 1), accord);
    world.sync().unwrap();
    let release: Digest = report.contexts.unwrap().given.act.unwrap().parse().unwrap();
    let mut named = Vec::new();
    let record = world.node(1).record(accord).unwrap();
    for entry in &record.logs[&world.members[0].id].entries {
        if let Ok(Body::Release(body)) = Body::decode(ActKind::Release, &entry.body) {
            named.extend(body.manifest.iter().map(|entry| entry.object));
        }
    }
    assert_eq!(named.len(), 3);
    let store = world.members[1].store.real();
    assert_eq!(store.received_upto(release).unwrap(), 3);
    for address in named {
        assert!(store.object(address).unwrap().is_some());
    }
}
