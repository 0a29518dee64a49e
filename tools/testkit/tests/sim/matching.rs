//! Matching between honest sides: what each learns, what stands on record, what is used up.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

use detente_core::act::{Blame, Outcome};
use detente_core::{AccordId, Kind, RunId, Tlp};
use detente_node::ports::{Link, LinkError};
use detente_node::report::MatchReport;
use detente_node::{NodeError, RESUME_SECONDS, release, run_match};
use detente_peer::{Request, Response};
use detente_testkit::{Cut, Terms, When, World};

use crate::{assert_settled, assert_sound, code, run, run_id, values};

const DAY: u64 = 86_400;

/// Domains by their first letter.
fn names(letters: &str) -> Vec<String> {
    letters.chars().map(|letter| format!("{letter}.example")).collect()
}

fn hold(world: &World, at: usize, letters: &str) {
    let names = names(letters);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    world.members[at].hold_domains(&names, Tlp::Green);
}

/// In force; A holds one set and B the other.
fn between(seed: u64, terms: &Terms, (a, b): (&str, &str)) -> (World, AccordId) {
    let (world, accord) = World::in_force(seed, terms);
    hold(&world, 0, a);
    hold(&world, 1, b);
    (world, accord)
}

/// What B made of the run that A offered.
fn served(world: &World) -> MatchReport {
    let mut all = world.members[1].end.served();
    assert_eq!(all.len(), 1);
    all.remove(0).unwrap().unwrap()
}

fn try_run(world: &World, accord: AccordId, clause: &str) -> Result<MatchReport, NodeError> {
    let link = world.link(0, 1);
    let shared = &world.members[0].shared;
    run_match(shared, &|| Ok(Box::new(&link)), accord, (clause, false), &mut |_| {})
}

#[test]
fn both_learn_what_both_hold_and_how_much_the_other_entered() {
    let (world, accord) = between(90, &Terms::default(), ("abcde", "cdefghi"));
    let report = run(&world, (0, 1), accord);
    assert_eq!(values(&report), ["c.example", "d.example", "e.example"]);
    assert_eq!((report.own_items, report.own_size, report.peer_size), (5, 8, 8));
    assert_eq!((report.common, report.agreed), (Some(3), true));
    let theirs = served(&world);
    assert_eq!(theirs.items, report.items);
    assert_eq!((theirs.own_items, theirs.own_size, theirs.peer_size), (7, 8, 8));
    assert_eq!(theirs.transcript, report.transcript);
    assert!(!report.transcript.is_empty());
    assert!(report.learnt[0].contains("at most 8 indicators, not how many"), "{:?}", report.learnt);
    world.sync().unwrap();
    assert!(world.node(1).match_report(accord, run_id(&report)).unwrap().agreed);
    assert_settled(&world, accord);
    assert_sound(&world, accord);
}

#[test]
fn the_answer_is_the_plain_intersection_for_all_kinds_and_both_directions() {
    let terms = Terms {
        kinds: "\"domain\", \"ipv4\", \"url\", \"sha256\"".to_owned(),
        max_items: 1_024,
        ..Terms::default()
    };
    let (world, accord) = World::in_force(91, &terms);
    let value = |kind: Kind, n: u64| match kind {
        Kind::Domain => format!("host{n}.example.org"),
        Kind::Ipv4 => format!("192.0.{}.{}", n / 256, n % 256),
        Kind::Url => format!("http://example.org/{n}"),
        Kind::Sha256 => format!("{n:064x}"),
        _ => format!("{n:032x}"),
    };
    // MD5 is held and not matched: the clause does not name it.
    let kinds = [Kind::Domain, Kind::Ipv4, Kind::Url, Kind::Sha256, Kind::Md5];
    let sets: Vec<BTreeSet<(String, String)>> = [3, 5]
        .into_iter()
        .zip(&world.members)
        .map(|(step, member)| {
            let mut set = BTreeSet::new();
            for kind in kinds {
                for n in (0..60).filter(|n| n % step == 0) {
                    let observable = detente_testkit::observable(kind, &value(kind, n));
                    set.insert((kind.name().to_owned(), observable.value().to_owned()));
                    let context = detente_testkit::context("x", Tlp::Green, &[]);
                    member.hold(&[detente_intel::Indicator { observable, context }]);
                }
            }
            set
        })
        .collect();
    let expected: BTreeSet<(String, String)> =
        sets[0].intersection(&sets[1]).filter(|(kind, _)| kind != "md5").cloned().collect();
    assert_eq!(expected.len(), 16);
    for direction in [(0, 1), (1, 0)] {
        let report = run(&world, direction, accord);
        let found: BTreeSet<(String, String)> = report.items.into_iter().collect();
        assert_eq!(found, expected);
    }
}

#[test]
fn sizes_are_padded_as_the_clause_says() {
    for (pad, items, size) in
        [("none", "abc", 3), ("power-of-two", "abc", 4), ("multiple:10", "abc", 10)]
    {
        let terms = Terms { pad: pad.to_owned(), ..Terms::default() };
        let (world, accord) = between(92, &terms, (items, "c"));
        let report = run(&world, (0, 1), accord);
        assert_eq!((report.own_size, report.common), (size, Some(1)), "{pad}");
        let state = world.node(1).state(accord).unwrap().clone();
        assert_eq!(state.runs[&run_id(&report)].offer.size, size, "{pad}");
    }
}

#[test]
fn empty_sets_match_nothing() {
    for (seed, sets) in [(93, ("", "")), (94, ("a", "")), (95, ("", "b"))] {
        for pad in ["none", "power-of-two"] {
            let terms = Terms { pad: pad.to_owned(), ..Terms::default() };
            let (world, accord) = between(seed, &terms, sets);
            let report = run(&world, (0, 1), accord);
            assert_eq!((report.common, report.agreed), (Some(0), true), "{sets:?} {pad}");
            assert!(report.items.is_empty());
            world.sync().unwrap();
            assert_sound(&world, accord);
        }
    }
}

#[test]
fn a_count_tells_how_many_and_nothing_else() {
    let counting = Terms { mode: "count".to_owned(), ..Terms::default() };
    for (terms, count_only) in [(Terms::default(), true), (counting, false)] {
        let (world, accord) = between(96, &terms, ("abcd", "cdef"));
        let shared = &world.members[0].shared;
        let link = world.link(0, 1);
        let report =
            run_match(shared, &|| Ok(Box::new(&link)), accord, ("1", count_only), &mut |_| {})
                .unwrap();
        assert_eq!((report.common, report.mode.as_str()), (Some(2), "count"));
        assert!(report.items.is_empty() && served(&world).items.is_empty());
        assert_eq!(served_count(&world, accord, run_id(&report)), Some(2));
        world.sync().unwrap();
        for (at, other) in [(0, 1), (1, 0)] {
            let shared = &world.members[at].shared;
            let released = release(shared, &world.link(at, other), accord, run_id(&report));
            assert_eq!(code(released), "nothing_matched");
        }
        assert_sound(&world, accord);
    }
}

fn served_count(world: &World, accord: AccordId, run: RunId) -> Option<u64> {
    world.node(1).match_report(accord, run).unwrap().common
}

#[test]
fn where_only_the_initiator_learns_the_other_side_learns_nothing() {
    let terms = Terms { answer: "initiator".to_owned(), ..Terms::default() };
    let (world, accord) = between(97, &terms, ("abcd", "cdef"));
    let report = run(&world, (0, 1), accord);
    assert_eq!(values(&report), ["c.example", "d.example"]);
    let theirs = served(&world);
    assert_eq!((theirs.common, theirs.items.len()), (None, 0));
    assert!(report.agreed);
    world.sync().unwrap();
    // B does not know what is common and can release nothing; A does and can.
    let (a, b) = (&world.members[0].shared, &world.members[1].shared);
    let run = run_id(&report);
    assert_eq!(code(release(b, &world.link(1, 0), accord, run)), "nothing_matched");
    let released = release(a, &world.link(0, 1), accord, run).unwrap();
    assert_eq!(released.allowed, 2);
    assert!(released.receipt.is_some());
    world.sync().unwrap();
    assert_settled(&world, accord);
    assert_sound(&world, accord);
}

#[test]
fn a_set_beyond_the_cap_is_not_entered() {
    let terms = Terms { max_items: 4, ..Terms::default() };
    // Five with padding are eight.
    let (world, accord) = between(98, &terms, ("abcde", "c"));
    assert_eq!(code(try_run(&world, accord, "1")), "match_too_many_items");
    assert!(world.node(0).state(accord).unwrap().runs.is_empty(), "nothing is on record");
    // The other side's set is beyond the cap: it declines, and does not say how many it has.
    let (world, accord) = between(99, &terms, ("c", "abcde"));
    match try_run(&world, accord, "1") {
        Err(NodeError::PeerRefused(refusal)) => {
            assert_eq!(refusal.code, "match_too_many_items");
            assert!(!refusal.words.contains('5') && !refusal.words.contains('8'), "{refusal}");
        }
        other => panic!("{other:?}"),
    }
    world.sync().unwrap();
    let state = world.node(0).state(accord).unwrap().clone();
    let run = state.runs.values().next().unwrap();
    assert!(run.answer.is_none());
    let blames: Vec<Blame> = run
        .closes
        .values()
        .map(|(_, close)| match &close.outcome {
            Outcome::Aborted { blame, reason } => {
                assert!(!reason.contains("5 indicators"), "{reason}");
                *blame
            }
            Outcome::Done { .. } => panic!("nothing was done"),
        })
        .collect();
    assert_eq!(blames.len(), 2);
    assert!(blames.contains(&Blame::Own) && blames.contains(&Blame::Peer));
    assert_settled(&world, accord);
    assert_sound(&world, accord);
}

#[test]
fn runs_are_used_up_aborted_ones_too_until_the_window_has_passed() {
    let terms = Terms { runs: 2, ..Terms::default() };
    let (world, accord) = between(100, &terms, ("a", "a"));
    run(&world, (0, 1), accord);
    let cut = Some(Cut { at: 9, when: When::Before });
    let shared = &world.members[0].shared;
    let link = world.cut_link((0, 1), cut);
    let aborted = run_match(shared, &|| Ok(Box::new(&link)), accord, ("1", false), &mut |_| {});
    assert_eq!(code(aborted), "line_cut");
    world.sync().unwrap();
    assert_eq!(world.node(0).state(accord).unwrap().runs.len(), 2);
    assert_eq!(code(try_run(&world, accord, "1")), "match_runs_used_up");
    // B's own budget is its own.
    assert_eq!(run(&world, (1, 0), accord).common, Some(1));
    world.clock_tick(30 * DAY);
    assert_eq!(run(&world, (0, 1), accord).common, Some(1));
    world.sync().unwrap();
    assert_sound(&world, accord);
}

#[test]
fn items_are_used_up_by_offers_and_answers() {
    let terms = Terms { items: 10, pad: "none".to_owned(), ..Terms::default() };
    let (world, accord) = between(101, &terms, ("abcd", "a"));
    run(&world, (0, 1), accord);
    run(&world, (1, 0), accord);
    // A has entered eight.
    assert_eq!(code(try_run(&world, accord, "1")), "match_items_used_up");
    // B offers once more; A can't answer, and both say so in the record.
    let link = world.link(1, 0);
    let shared = &world.members[1].shared;
    let declined = run_match(shared, &|| Ok(Box::new(&link)), accord, ("1", false), &mut |_| {});
    assert_eq!(code(declined), "match_items_used_up");
    world.sync().unwrap();
    assert_eq!(world.node(0).state(accord).unwrap().runs.len(), 3);
    let used = world.node(0).status(accord).unwrap().clauses[0].used.clone();
    assert_eq!(used[0].1, "1 of 20 runs, 8 of 10 items in 30 days");
    assert_settled(&world, accord);
    assert_sound(&world, accord);
}

#[test]
fn a_clause_that_is_none_or_names_others_lets_nobody_match() {
    let world = World::new(102, 3);
    let accord = world.agree(&Terms::default());
    for clause in ["2", "3", "9", ""] {
        assert_eq!(code(try_run(&world, accord, clause)), "match_no_such_clause");
    }
    // 1.2 is between B and C.
    assert_eq!(code(try_run(&world, accord, "1.2")), "match_not_a_side");
    hold(&world, 1, "ab");
    hold(&world, 2, "bc");
    let (b, link) = (&world.members[1].shared, world.link(1, 2));
    let report =
        run_match(b, &|| Ok(Box::new(&link)), accord, ("1.2", false), &mut |_| {}).unwrap();
    assert_eq!(values(&report), ["b.example"]);
    world.sync().unwrap();
    assert_settled(&world, accord);
    assert_sound(&world, accord);
}

#[test]
fn a_stop_ends_a_run_that_is_under_way() {
    for stopper in [0, 1] {
        let (world, accord) = between(103, &Terms::default(), ("abc", "bcd"));
        let shared = world.members[stopper].shared.clone();
        let mut count = 0;
        let link = world.link(0, 1).tamper(Box::new(move |_, _| {
            count += 1;
            if count == 4 {
                shared.lock().stop(accord, "now", None).unwrap();
            }
        }));
        let a = &world.members[0].shared;
        let stopped = run_match(a, &|| Ok(Box::new(&link)), accord, ("1", false), &mut |_| {});
        let expected = if stopper == 0 { "stopped" } else { "line_cut" };
        assert_eq!(code(stopped), expected);
        drop(link);
        give_up(&world);
        world.sync().unwrap();
        let state = world.node(0).state(accord).unwrap().clone();
        let run = state.runs.values().next().unwrap();
        assert!(run.agreed().is_none() && run.closes.len() == 2);
        assert_settled(&world, accord);
        assert_sound(&world, accord);
    }
}

/// Cuts a run at message `at`; true if it went through.
fn cut_run(at: u64, when: When) -> bool {
    let (world, accord) = between(104, &Terms::default(), ("abc", "bcd"));
    let link = world.cut_link((0, 1), Some(Cut { at, when }));
    // The other side finishes at once, or only when there is a new line.
    let link = if at.is_multiple_of(2) { link } else { link.lazy() };
    let a = &world.members[0].shared;
    let result = run_match(a, &|| Ok(Box::new(&link)), accord, ("1", false), &mut |_| {});
    let count = link.count();
    drop(link);
    give_up(&world);
    world.sync().unwrap();
    assert_settled(&world, accord);
    assert_sound(&world, accord);
    let state = world.node(0).state(accord).unwrap().clone();
    assert!(state.runs.len() <= 1);
    for run in state.runs.values() {
        // Who entered a set has closed the run, and says how.
        assert!(run.closes.contains_key(&world.members[0].id));
        let answered = run.answer.is_some();
        assert!(!answered || run.closes.contains_key(&world.members[1].id));
        for (_, close) in run.closes.values() {
            match &close.outcome {
                Outcome::Done { count, .. } => assert_eq!(*count, Some(2)),
                Outcome::Aborted { blame, .. } => assert_eq!(*blame, Blame::Line, "{at} {when:?}"),
            }
        }
        // What was not closed alike lets nothing out.
        let agreed = run.agreed().is_some();
        let released = detente_node::dry_run(a, accord, run.offer.run);
        let allowed = released.map_or(0, |report| report.allowed);
        assert_eq!(allowed > 0, agreed, "{at} {when:?}");
    }
    assert_eq!(crate::run(&world, (0, 1), accord).common, Some(2), "a new run works");
    result.is_ok() && count <= at
}

/// Lets the time pass in which a cut run may be taken up again.
fn give_up(world: &World) {
    world.clock_tick(RESUME_SECONDS + 1);
    for member in &world.members {
        member.shared.sweep_runs();
    }
}

/// A run whose line was cut under way: B holds it, and A's side has given it up.
fn held_by_b(seed: u64) -> (World, AccordId, RunId) {
    let terms = Terms { engine: "vole-ristretto255".to_owned(), ..Terms::default() };
    let (world, accord) = between(seed, &terms, ("abc", "bcd"));
    let link = world.cut_link((0, 1), Some(Cut { at: 24, when: When::Before }));
    let a = &world.members[0].shared;
    let tries = AtomicU64::new(0);
    let relink = || -> Result<Box<dyn Link + '_>, NodeError> {
        match tries.fetch_add(1, Ordering::SeqCst) {
            0 => Ok(Box::new(&link)),
            _ => Err(LinkError::Cut.into()),
        }
    };
    assert!(run_match(a, &relink, accord, ("1", false), &mut |_| {}).is_err());
    assert_eq!(tries.load(Ordering::SeqCst), 2, "it was cut before or after the run");
    drop(link);
    let run = *world.node(1).state(accord).unwrap().runs.keys().next().unwrap();
    assert!(!closed_by_b(&world, accord, run));
    (world, accord, run)
}

fn closed_by_b(world: &World, accord: AccordId, run: RunId) -> bool {
    world.node(1).state(accord).unwrap().runs[&run].closes.contains_key(&world.members[1].id)
}

#[test]
fn a_run_is_closed_at_its_deadline_though_no_peer_comes_back() {
    let (world, accord, run) = held_by_b(106);
    let b = &world.members[1].shared;
    world.clock_tick(RESUME_SECONDS);
    b.sweep_runs();
    assert!(!closed_by_b(&world, accord, run), "the last second is still the peer's");
    world.clock_tick(1);
    b.sweep_runs();
    assert!(closed_by_b(&world, accord, run));
    world.sync().unwrap();
    assert_settled(&world, accord);
    assert_sound(&world, accord);
}

#[test]
fn a_peer_that_cuts_line_after_line_does_not_hold_a_run_for_good() {
    let (world, accord, run) = held_by_b(107);
    let link = world.link(0, 1);
    let mut resumed = 0;
    while !closed_by_b(&world, accord, run) {
        let mut stream = link.open(&Request::ResumeMatch { accord, run }).unwrap();
        if matches!(Response::decode(&stream.recv().unwrap().unwrap()), Ok(Response::Done)) {
            resumed += 1;
        }
        assert!(resumed <= 16, "it is resumed without end");
    }
    assert_eq!(resumed, 16);
}

/// Cuts a run at message `at`; the line is up again at once.
fn cut_and_resume(at: u64, when: When) -> Option<bool> {
    let terms = Terms { engine: "vole-ristretto255".to_owned(), ..Terms::default() };
    let (world, accord) = between(105, &terms, ("abc", "bcd"));
    let first = world.cut_link((0, 1), Some(Cut { at, when }));
    let second = world.link(0, 1);
    let tries = AtomicU64::new(0);
    let relink = || -> Result<Box<dyn Link + '_>, NodeError> {
        Ok(Box::new(if tries.fetch_add(1, Ordering::SeqCst) == 0 { &first } else { &second }))
    };
    let a = &world.members[0].shared;
    let result = run_match(a, &relink, accord, ("1", false), &mut |_| {});
    let (count, resumed) = (first.count(), tries.load(Ordering::SeqCst) > 1);
    drop((first, second));
    give_up(&world);
    world.sync().unwrap();
    assert_settled(&world, accord);
    assert_sound(&world, accord);
    let state = world.node(0).state(accord).unwrap().clone();
    if resumed && result.is_ok() {
        // One run, closed alike, as if nothing had been.
        assert_eq!(state.runs.len(), 1);
        let run = state.runs.values().next().unwrap();
        assert_eq!(run.agreed().map(|(count, _)| count), Some(Some(2)), "{at} {when:?}");
    }
    let ended = result.is_ok() && count <= at;
    (!ended).then_some(resumed && result.is_ok())
}

#[test]
fn a_run_goes_on_over_another_line_wherever_the_first_was_cut() {
    for (when, step) in [(When::Before, 1), (When::After, 3)] {
        let places = (0..).step_by(step);
        let resumed: Vec<bool> = places.map_while(|at| cut_and_resume(at, when)).collect();
        let first = resumed.iter().position(|resumed| *resumed).unwrap();
        let last = resumed.iter().rposition(|resumed| *resumed).unwrap();
        // From the run's first message to its last, every cut is mended.
        assert!(resumed[first..=last].iter().all(|resumed| *resumed), "{when:?} {resumed:?}");
        assert!((last - first) * step >= 12, "{when:?} {resumed:?}");
    }
}

/// Cuts at every `step`-th message from `from` on, until runs go through.
fn cut_everywhere(from: u64, step: usize, when: When) {
    for at in (from..).step_by(step) {
        if cut_run(at, when) {
            assert!(at > 20, "a run of {at} messages");
            return;
        }
    }
}

#[test]
fn a_run_that_was_cut_before_an_even_message_is_void_and_says_so() {
    cut_everywhere(0, 2, When::Before);
}

#[test]
fn a_run_that_was_cut_before_an_odd_message_is_void_and_says_so() {
    cut_everywhere(1, 2, When::Before);
}

#[test]
fn a_run_that_was_cut_after_an_even_message_is_void_and_says_so() {
    cut_everywhere(0, 2, When::After);
}

#[test]
fn a_run_that_was_cut_after_an_odd_message_is_void_and_says_so() {
    cut_everywhere(1, 2, When::After);
}
