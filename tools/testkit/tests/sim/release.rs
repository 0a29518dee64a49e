//! Release between honest sides: what leaves is what the gate lets, once, with a receipt.

use std::sync::{Arc, Mutex};

use detente_core::{AccordId, Kind, PartyId, RunId, Tlp};
use detente_intel::{Context, Indicator};
use detente_node::ports::{Link, Store as _, Stream};
use detente_node::{NodeError, What, dry_run, release, resend};
use detente_peer::{Request, Response};
use detente_testkit::{Cut, End, NodeEnd, SimLink, Terms, When, World, context, observable};

use crate::{assert_settled, assert_sound, code, matched, run_id, verdicts};

const DAY: u64 = 86_400;

fn holds(world: &World, at: usize, name: &str, context: Context) {
    let observable = observable(Kind::Domain, name);
    world.members[at].hold(&[Indicator { observable, context }]);
}

/// What B holds of A's, by observable: sources of the contexts received.
fn received(world: &World, name: &str) -> Vec<Option<String>> {
    let report = world.node(1).search(name).unwrap();
    report.received.into_iter().map(|object| object.source).collect()
}

fn count(world: &World, at: usize) -> u64 {
    let counts = world.members[at].store.real().received_counts().unwrap();
    counts.iter().map(|(_, count)| count).sum()
}

/// Releases what A's run found, over an uncut line.
fn let_go(world: &World, accord: AccordId, run: RunId) -> detente_node::report::ReleaseReport {
    release(&world.members[0].shared, &world.link(0, 1), accord, run).unwrap()
}

#[test]
fn only_what_the_gate_lets_go_leaves_and_the_dry_run_says_which() {
    let (world, accord) = World::in_force(130, &Terms::default());
    let closed = {
        let mut context = context("closed", Tlp::Green, &[]);
        context.markings.add_unknown("EYES ONLY");
        context
    };
    let hidden = {
        let mut context = context("hidden", Tlp::Green, &[]);
        context.markings.add_tag("tlp:ex:chr");
        context
    };
    for (name, context) in [
        ("clear.example", context("s", Tlp::Clear, &["phishing"])),
        ("amber.example", context("s", Tlp::Amber, &[])),
        ("strict.example", context("s", Tlp::AmberStrict, &[])),
        ("red.example", context("s", Tlp::Red, &[])),
        ("unmarked.example", Context::from_source("s")),
        ("victim.example", context("s", Tlp::Green, &["victim"])),
        ("shouted.example", context("s", Tlp::Green, &["VICTIM"])),
        ("closed.example", closed),
        ("hidden.example", hidden),
        ("two.example", context("one", Tlp::Green, &[])),
        ("two.example", context("two", Tlp::Red, &[])),
        ("own.example", context("s", Tlp::Clear, &[])),
    ] {
        holds(&world, 0, name, context);
        if name != "own.example" {
            holds(&world, 1, name, Context::from_source("b"));
        }
    }
    let run = matched(&world, accord);
    let dry = verdicts(&world, 0, accord, run);
    let mut expected = [
        ("amber.example", "allowed"),
        ("clear.example", "allowed"),
        ("hidden.example", "allowed"),
        ("strict.example", "tlp_ceiling"),
        ("two.example", "allowed"),
        ("two.example", "tlp_ceiling"),
        ("unmarked.example", "tlp_ceiling"),
        // What is closed, red or forbidden did not even enter the run.
    ];
    expected.sort_unstable();
    let mut sorted: Vec<(&str, &str)> = dry.iter().map(|(v, c)| (&**v, &**c)).collect();
    sorted.sort_unstable();
    assert_eq!(sorted, expected);
    assert_eq!(world.node(0).state(accord).unwrap().releases.len(), 0, "a dry run leaves nothing");
    let report = let_go(&world, accord, run);
    let real: Vec<(String, String)> =
        report.objects.iter().map(|object| (object.value.clone(), object.code.clone())).collect();
    assert_eq!(real, dry);
    assert_eq!((report.allowed, report.denied), (4, 3));
    assert!(report.receipt.is_some());
    assert_eq!(count(&world, 1), 4);
    for (name, code) in expected {
        let there = !received(&world, name).is_empty();
        assert_eq!(there, code == "allowed" || name == "two.example", "{name}");
    }
    assert_eq!(received(&world, "two.example"), [Some("one".to_owned())]);
    assert_eq!(received(&world, "hidden.example"), [None], "Chatham House rule");
    assert!(received(&world, "own.example").is_empty());
    world.sync().unwrap();
    assert_settled(&world, accord);
    assert_sound(&world, accord);
}

#[test]
fn what_lands_says_where_from_under_which_clause_and_until_when() {
    let (world, accord) = World::in_force(131, &Terms::default());
    holds(&world, 0, "x.example", context("feed", Tlp::Green, &["c2"]));
    holds(&world, 1, "x.example", Context::from_source("b"));
    let run = matched(&world, accord);
    world.members[1].clock.advance(100);
    let_go(&world, accord, run);
    let report = world.node(1).search("x.example").unwrap();
    let object = &report.received[0];
    assert_eq!((object.from.as_str(), object.clause.as_str()), ("CERT A", "2"));
    assert_eq!(
        (object.tlp.as_str(), object.labels.as_slice()),
        ("TLP:GREEN", &["c2".to_owned()][..])
    );
    // 180 days from the receiver's clock.
    assert_eq!(object.received, "2027-01-15T08:01:40Z");
    assert_eq!(object.keep_until.as_deref(), Some("2027-07-14T08:01:40Z"));
    assert_eq!(report.own.len(), 1);
}

/// The same run released twice once sent everything again and used up the cap.
#[test]
fn what_was_acknowledged_does_not_leave_again() {
    let (world, accord) = World::in_force(144, &Terms { cap: 3, ..Terms::default() });
    for name in ["a.example", "b.example"] {
        holds(&world, 0, name, context("s", Tlp::Green, &[]));
        holds(&world, 1, name, Context::from_source("b"));
    }
    let run = matched(&world, accord);
    let first = let_go(&world, accord, run);
    assert_eq!((first.allowed, first.there), (2, 0));
    holds(&world, 0, "a.example", context("another", Tlp::Green, &[]));
    let dry = dry_run(&world.members[0].shared, accord, run).unwrap();
    assert_eq!((dry.allowed, dry.denied, dry.there), (1, 0, 2));
    let old: Vec<_> = dry.objects.iter().filter(|object| object.there).collect();
    let act = first.act.unwrap();
    assert!(old.iter().all(|object| object.code == "already_there" && !object.allowed));
    assert!(old.iter().all(|object| object.reason.contains(&act[..8])), "{old:?}");
    let second = let_go(&world, accord, run);
    assert_eq!((second.allowed, second.there), (1, 2));
    // Nothing new: no act. The cap is used up, and that does not concern what is there.
    let third = let_go(&world, accord, run);
    assert_eq!((third.allowed, third.denied, third.there, third.act), (0, 0, 3, None));
    assert_eq!(count(&world, 1), 3);
    // Asked for, it goes again, within the cap; over there it is the same object.
    world.clock_tick(30 * DAY);
    let again = What { run, again: true, onward: false };
    let fourth = release(&world.members[0].shared, &world.link(0, 1), accord, again).unwrap();
    assert_eq!((fourth.allowed, fourth.there), (3, 0));
    assert_eq!((received(&world, "a.example").len(), received(&world, "b.example").len()), (2, 1));
    // A stop is a stop.
    world.node(0).stop(accord, "x", None).unwrap();
    let stopped = dry_run(&world.members[0].shared, accord, run).unwrap();
    assert_eq!((stopped.allowed, stopped.denied, stopped.there), (0, 3, 0));
    world.sync().unwrap();
    assert_sound(&world, accord);
}

#[test]
fn the_cap_holds_within_a_release_and_over_all_of_them() {
    let terms = Terms { cap: 2, ..Terms::default() };
    let (world, accord) = World::in_force(132, &terms);
    for name in ["a.example", "b.example", "c.example"] {
        holds(&world, 0, name, context("s", Tlp::Green, &[]));
        holds(&world, 1, name, Context::from_source("b"));
    }
    let run = matched(&world, accord);
    let report = let_go(&world, accord, run);
    let codes: Vec<&str> = report.objects.iter().map(|object| object.code.as_str()).collect();
    assert_eq!(codes, ["allowed", "allowed", "cap_reached"]);
    let report = let_go(&world, accord, run);
    assert_eq!((report.allowed, report.act), (0, None));
    // The window is of the releasing side's own past, and ends.
    world.clock_tick(30 * DAY);
    let again = What { run, again: true, onward: false };
    let report = release(&world.members[0].shared, &world.link(0, 1), accord, again).unwrap();
    assert_eq!((report.allowed, report.there), (2, 0));
    assert_eq!(world.node(0).state(accord).unwrap().releases.len(), 2);
    world.sync().unwrap();
    assert_sound(&world, accord);
}

#[test]
fn a_run_that_was_not_closed_alike_lets_nothing_go() {
    let (world, accord) = World::in_force(133, &Terms::default());
    for at in [0, 1] {
        holds(&world, at, "x.example", context("s", Tlp::Green, &[]));
    }
    // The last message of the stream is cut: one side has the answer, the other has not.
    let mut open = 0;
    for at in 0.. {
        let link = world.cut_link((0, 1), Some(Cut { at, when: When::Before }));
        let shared = &world.members[0].shared;
        let result = detente_node::run_match(
            shared,
            &|| Ok(Box::new(&link)),
            accord,
            ("1", false),
            &mut |_| {},
        );
        let count = link.count();
        drop(link);
        world.sync().unwrap();
        if result.is_ok() && count <= at {
            break;
        }
        world.clock_tick(2 * DAY);
        let runs = world.node(0).state(accord).unwrap().runs.clone();
        for (id, run) in runs.iter().filter(|(_, run)| run.agreed().is_none()) {
            for (from, to) in [(0, 1), (1, 0)] {
                let shared = &world.members[from].shared;
                match release(shared, &world.link(from, to), accord, *id) {
                    Ok(report) => {
                        assert_eq!((report.allowed, report.act), (0, None), "{at}");
                        assert_eq!(report.objects[0].code, "not_matched");
                        open += u64::from(run.closes.len() == 2);
                    }
                    Err(error) => {
                        let code = error.code();
                        assert!(["nothing_matched", "unknown"].contains(&code), "{at}: {code}");
                    }
                }
            }
        }
    }
    assert!(open > 0, "no run had an answer on one side only");
    assert_eq!((count(&world, 0), count(&world, 1)), (0, 0));
}

#[test]
fn another_accords_run_lets_nothing_go() {
    let (world, accord) = World::in_force(134, &Terms::default());
    let other = world.agree(&Terms { slug: "test-1".to_owned(), ..Terms::default() });
    for at in [0, 1] {
        holds(&world, at, "x.example", context("s", Tlp::Green, &[]));
    }
    let run = matched(&world, accord);
    let shared = &world.members[0].shared;
    let link = world.link(0, 1);
    assert_eq!(code(release(shared, &link, other, run)), "unknown");
    assert_eq!(code(release(shared, &link, accord, RunId::new([1; 32]))), "unknown");
    let found = world.node(0).find_run(accord, "last").unwrap();
    assert_eq!(found, run);
    assert_eq!(code(world.node(0).find_run(other, "last")), "unknown");
}

/// Objects of about 11 kB that make two batches.
const LARGE: u64 = 120;

/// A world in which a release goes in two batches.
fn large(seed: u64) -> (World, AccordId, RunId) {
    long_ones(seed, LARGE, 128)
}

/// A world in which so many objects of some 11 KiB may leave.
fn long_ones(seed: u64, count: u64, max_items: u32) -> (World, AccordId, RunId) {
    let terms = Terms { max_items, cap: 1_000, ..Terms::default() };
    let (world, accord) = World::in_force(seed, &terms);
    for n in 0..count {
        let name = format!("host{n}.example");
        let mut long = context("s", Tlp::Green, &[]);
        long.describe(&"d".repeat(4_000));
        for label in 0..32 {
            long.add_label(&format!("{label:02}{}", "l".repeat(98)));
        }
        for marking in 0..31 {
            long.markings.add_tag(&format!("rel to A, B, {marking:02}{}", "m".repeat(80)));
        }
        holds(&world, 0, &name, long);
        holds(&world, 1, &name, Context::from_source("b"));
    }
    let run = matched(&world, accord);
    (world, accord, run)
}

#[test]
fn more_than_one_release_holds_goes_in_several() {
    let (world, accord, run) = long_ones(137, 450, 512);
    let report = let_go(&world, accord, run);
    assert_eq!((report.allowed, report.there, report.acts.len()), (450, 0, 2));
    assert_eq!(count(&world, 1), 450);
    let state = world.node(0).state(accord).unwrap().clone();
    assert!(state.releases.len() == 2 && state.releases.iter().all(|one| one.receipt.is_some()));
    let again = let_go(&world, accord, run);
    assert_eq!((again.allowed, again.there), (0, 450));
    world.sync().unwrap();
    assert_sound(&world, accord);
}

/// Cuts a release at message `at`, sends again, and looks; false if there is no such message.
fn cut_release(large_one: bool, at: u64, when: When) -> bool {
    let (world, accord, run) = if large_one {
        large(135)
    } else {
        let (world, accord) = World::in_force(136, &Terms::default());
        for holder in [0, 1] {
            for name in ["x.example", "y.example"] {
                holds(&world, holder, name, context("s", Tlp::Green, &[]));
            }
        }
        let run = matched(&world, accord);
        (world, accord, run)
    };
    let objects = if large_one { LARGE } else { 2 };
    let shared = &world.members[0].shared;
    let link = world.cut_link((0, 1), Some(Cut { at, when }));
    let result = release(shared, &link, accord, run);
    let there = link.count() > at;
    drop(link);
    let releases = world.node(0).state(accord).unwrap().releases.clone();
    match releases.as_slice() {
        // Cut before anything was decided: nothing left.
        [] => assert!(result.is_err() && count(&world, 1) == 0),
        [_] => {
            resend(shared, &world.link(0, 1)).unwrap();
            world.sync().unwrap();
            assert_eq!(count(&world, 1), objects, "{at} {when:?}");
            let state = world.node(0).state(accord).unwrap().clone();
            assert!(state.releases[0].receipt.is_some(), "{at} {when:?}");
            let history = world.node(1).history(accord).unwrap();
            let receipts = history.iter().filter(|event| event.kind == "receipt").count();
            assert_eq!(receipts, 1, "{at} {when:?}");
            // All is acknowledged: nothing goes a second time.
            assert_eq!(resend(shared, &world.link(0, 1)).unwrap(), 0);
        }
        more => panic!("{} releases", more.len()),
    }
    assert_settled(&world, accord);
    assert_sound(&world, accord);
    there
}

#[test]
fn a_release_that_was_cut_before_any_message_goes_once() {
    let mut at = 0;
    while cut_release(false, at, When::Before) {
        at += 1;
    }
    assert!(at > 8, "a release of {at} messages");
}

#[test]
fn a_release_that_was_cut_after_any_message_goes_once() {
    let mut at = 0;
    while cut_release(false, at, When::After) {
        at += 1;
    }
}

#[test]
fn a_release_in_two_batches_that_was_cut_between_them_goes_once() {
    let mut at = 4;
    while cut_release(true, at, if at % 2 == 0 { When::Before } else { When::After }) {
        at += 1;
    }
    assert!(at > 9, "a release of {at} messages");
}

/// B's end, behind which A stops once the first objects have come.
struct StopsAfterFirst {
    end: Arc<NodeEnd>,
    stop: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl End for StopsAfterFirst {
    fn party(&self) -> PartyId {
        self.end.party()
    }

    fn respond(&self, link: &dyn Link, request: &Request) -> Response {
        let response = self.end.respond(link, request);
        if matches!(request, Request::PutObjects(_))
            && let Some(stop) = self.stop.lock().unwrap().take()
        {
            stop();
        }
        response
    }

    fn respond_stream(&self, link: &dyn Link, request: &Request, stream: &mut dyn Stream) {
        self.end.respond_stream(link, request, stream);
    }
}

#[test]
fn a_stop_holds_back_the_objects_that_are_still_here() {
    let (world, accord, run) = large(137);
    let (a, b) = (&world.members[0], &world.members[1]);
    let shared = a.shared.clone();
    let stop = move || {
        shared.lock().stop(accord, "wait", None).unwrap();
    };
    let far = StopsAfterFirst { end: b.end.clone(), stop: Mutex::new(Some(Box::new(stop))) };
    let link = SimLink::new(a.end.clone(), Arc::new(far));
    assert_eq!(code(release(&a.shared, &link, accord, run)), "stopped");
    let first = count(&world, 1);
    assert!(first > 0 && first < LARGE, "{first}");
    world.sync().unwrap();
    assert_eq!(count(&world, 1), first, "nothing goes while the stop holds");
    a.node().resume(accord, "go on", None).unwrap();
    world.sync().unwrap();
    assert_eq!(count(&world, 1), LARGE);
    assert!(world.node(0).state(accord).unwrap().releases[0].receipt.is_some());
    assert_settled(&world, accord);
    assert_sound(&world, accord);
}

#[test]
fn a_stop_that_crosses_with_a_release_does_not_hold_up_the_next_one() {
    let (world, accord) = World::in_force(138, &Terms::default());
    for at in [0, 1] {
        holds(&world, at, "x.example", context("s", Tlp::Green, &[]));
    }
    let run = matched(&world, accord);
    let a = &world.members[0].shared;
    // B stops; A has decided before it hears of that, and the line is cut before the objects go.
    let link = world.cut_link((0, 1), Some(Cut { at: 1, when: When::Before }));
    world.members[0].clock.advance(10);
    assert_eq!(code(release(a, &link, accord, run)), "line_cut");
    world.node(1).stop(accord, "crossed", None).unwrap();
    world.sync().unwrap();
    assert_eq!(count(&world, 1), 0, "a stop holds");
    world.node(1).resume(accord, "over", None).unwrap();
    world.sync().unwrap();
    let report = let_go(&world, accord, run);
    assert!(report.receipt.is_some());
    world.sync().unwrap();
    let releases = world.node(0).state(accord).unwrap().releases.clone();
    assert!(releases.iter().all(|release| release.receipt.is_some()), "{releases:#?}");
    assert_settled(&world, accord);
    assert_sound(&world, accord);
}

#[test]
fn what_was_received_is_neither_released_onward_nor_matched() {
    let world = World::new(139, 3);
    let accord = world.agree(&Terms { max_tlp: "red".to_owned(), ..Terms::default() });
    for at in [0, 1] {
        holds(&world, at, "x.example", context(&format!("of {at}"), Tlp::Red, &[]));
    }
    holds(&world, 2, "x.example", context("of 2", Tlp::Red, &[]));
    let run = matched(&world, accord);
    let report = let_go(&world, accord, run);
    assert_eq!(report.allowed, 1);
    let before = world.node(1).counts().unwrap();
    // What B has seen of A's log C must have too, or B's offer waits there.
    world.sync().unwrap();
    assert_eq!(received(&world, "x.example"), [Some("of 0".to_owned())]);
    // B's own context goes on to C under their clause; A's does not.
    let (b, link) = (&world.members[1].shared, world.link(1, 2));
    let found =
        detente_node::run_match(b, &|| Ok(Box::new(&link)), accord, ("1.2", false), &mut |_| {})
            .unwrap();
    let onward = release(b, &link, accord, run_id(&found)).unwrap();
    let sources: Vec<Option<&str>> =
        onward.objects.iter().map(|object| object.source.as_deref()).collect();
    assert_eq!(sources, [Some("of 1")]);
    assert_eq!(count(&world, 2), 1);
    // What C has received is no indicator of its own.
    let own = world.node(2).counts().unwrap();
    assert_eq!(own.kinds[0], ("domain".to_owned(), 1, 1));
    assert_eq!(before.kinds[0], ("domain".to_owned(), 1, 1));
    // Nor may the run of A and B serve to release to C.
    let (a, wrong) = (&world.members[0].shared, world.link(0, 2));
    let refused = release(a, &wrong, accord, What { run, again: true, onward: false });
    assert!(matches!(refused, Err(NodeError::PeerRefused(_))));
    assert_eq!(count(&world, 2), 1);
    world.sync().unwrap();
    assert_settled(&world, accord);
    assert_sound(&world, accord);
}
