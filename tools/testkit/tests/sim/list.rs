//! Lists on their way into a run: read from the store as it stood at one moment, committed to while
//! the node is free, and entered as they were committed to.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::mpsc::channel;

use detente_core::act::{Blame, Outcome};
use detente_core::{AccordId, Kind, Tlp};
use detente_node::ports::Store as _;
use detente_node::report::MatchReport;
use detente_node::{MatchProgress, NodeError, release, run_match};
use detente_testkit::{Terms, World, observable};

use crate::{assert_settled, assert_sound, code, run, run_id, values};

fn name(n: usize) -> String {
    format!("host{n:06}.example")
}

/// Holds every `step`th of the first names; in scattered order, so that pages and imports differ.
fn hold(world: &World, at: usize, step: usize, count: usize) {
    let mut names: Vec<String> = (0..count).step_by(step).map(name).collect();
    names.reverse();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    world.members[at].hold_domains(&names, Tlp::Green);
}

fn wide() -> Terms {
    let engine = "vole-ristretto255".to_owned();
    Terms { max_items: 32_768, items: 1 << 20, engine, ..Terms::default() }
}

/// A run of A with whatever happens while it commits: the hook gets the items done.
fn run_with(
    world: &World,
    accord: AccordId,
    hook: &mut dyn FnMut(u64),
) -> Result<MatchReport, NodeError> {
    let link = world.link(0, 1);
    let shared = &world.members[0].shared;
    let mut progress = |progress: MatchProgress| {
        if progress.bytes_total == 0 {
            hook(progress.items_done);
        }
    };
    run_match(shared, &|| Ok(Box::new(&link)), accord, ("1", false), &mut progress)
}

#[test]
fn lists_of_many_pages_give_the_plain_intersection() {
    let (world, accord) = World::in_force(700, &wide());
    hold(&world, 0, 1, 5_000);
    hold(&world, 1, 3, 9_000);
    let want: BTreeSet<String> = (0..5_000).step_by(3).map(name).collect();
    for direction in [(0, 1), (1, 0)] {
        let report = run(&world, direction, accord);
        let found: BTreeSet<String> = values(&report).into_iter().map(str::to_owned).collect();
        assert_eq!(found.len(), report.items.len());
        assert!(found == want, "{} of {}", found.len(), want.len());
    }
    world.sync().unwrap();
    assert_sound(&world, accord);
}

#[test]
fn what_is_imported_after_the_offer_began_does_not_enter() {
    let (world, accord) = World::in_force(701, &wide());
    hold(&world, 0, 2, 9_000);
    hold(&world, 1, 1, 100);
    let mut pages = 0;
    let report = run_with(&world, accord, &mut |_| {
        pages += 1;
        // In front of what was read and behind it; and a colour that would hold one out.
        hold(&world, 0, 1, 9_000);
        world.members[0].hold_domains(&[&name(4)], Tlp::Red);
    });
    let report = report.unwrap();
    assert!(pages > 1);
    assert_eq!((report.own_items, report.common), (4_500, Some(50)));
    // The next run has them, but for the one that its source has marked RED since.
    let report = run(&world, (0, 1), accord);
    assert_eq!((report.own_items, report.common), (8_999, Some(99)));
    assert_settled(&world, accord);
}

#[test]
fn a_list_that_is_not_what_was_committed_to_does_not_enter() {
    for (seed, lost) in [(702, 0), (703, 2_500), (704, 4_999)] {
        let (world, accord) = World::in_force(seed, &wide());
        hold(&world, 0, 1, 5_000);
        hold(&world, 1, 1, 10);
        let result = run_with(&world, accord, &mut |done| {
            if done >= 5_000 {
                world.members[0].store.lose(observable(Kind::Domain, &name(lost)));
            }
        });
        assert_eq!(code(result), "match_list_changed", "{lost}");
        // This side's own fault, on record as such; the words stay here.
        let state = world.node(0).state(accord).unwrap().clone();
        let run = state.runs.values().next().unwrap();
        let (_, close) = &run.closes[&world.members[0].id];
        let Outcome::Aborted { blame, reason } = &close.outcome else { panic!("{close:?}") };
        assert_eq!((*blame, reason.as_str()), (Blame::Own, "match_list_changed"));
        world.sync().unwrap();
        assert_sound(&world, accord);
    }
}

#[test]
fn a_commitment_under_way_holds_nobody_up_and_a_stop_ends_it() {
    let (world, accord) = World::in_force(705, &wide());
    hold(&world, 0, 1, 5_000);
    hold(&world, 1, 1, 10);
    let (ask, asked) = channel::<()>();
    let (tell, told) = channel();
    let node = Arc::clone(&world.members[0].shared);
    let other = std::thread::spawn(move || {
        asked.recv().unwrap();
        // Would wait for ever if the node were held: the commitment waits for this.
        tell.send(node.lock().stop(accord, "enough", None).is_ok()).unwrap();
    });
    let mut stopped = false;
    let result = run_with(&world, accord, &mut |_| {
        if !stopped {
            ask.send(()).unwrap();
            stopped = told.recv().unwrap();
        }
    });
    assert!(stopped);
    other.join().unwrap();
    assert_eq!(code(result), "stopped");
    // Nothing was offered: no budget is used, and no run stands open.
    assert!(world.node(0).state(accord).unwrap().runs.is_empty());
    assert!(world.members[0].store.real().runs(accord).unwrap().is_empty());
    world.sync().unwrap();
    assert_sound(&world, accord);
}

#[test]
fn a_release_after_a_run_over_many_pages_has_what_was_common() {
    let (world, accord) = World::in_force(706, &Terms { cap: 1_000, ..wide() });
    hold(&world, 0, 1, 4_500);
    hold(&world, 1, 500, 4_500);
    let report = run(&world, (0, 1), accord);
    assert_eq!(report.common, Some(9));
    world.sync().unwrap();
    let link = world.link(0, 1);
    let what = detente_node::What { run: run_id(&report), again: false, onward: false };
    let released = release(&world.members[0].shared, &link, accord, what).unwrap();
    assert_eq!(released.allowed, 9);
    assert_settled(&world, accord);
}
