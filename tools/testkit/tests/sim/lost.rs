//! Nodes that die with a run under way: what they left open is closed when they come back.

use detente_core::Tlp;
use detente_core::act::{Blame, Outcome};
use detente_node::{RESUME_SECONDS, run_match};
use detente_testkit::{Strike, Terms, World};

use crate::{assert_settled, assert_sound, run};

fn terms() -> Terms {
    Terms {
        mode: "payload".to_owned(),
        payload_bytes: Some(512),
        engine: "vole-ristretto255".to_owned(),
        ..Terms::default()
    }
}

/// The node at `dies` is gone after so many writes of a run that A offers; whether it died at all.
fn dies(seed: u64, dies: usize, writes: u64, strike: Strike) -> bool {
    let what = format!("{dies} after {writes}, {strike:?}");
    let (mut world, accord) = World::in_force(seed, &terms());
    for member in &world.members {
        member.hold_domains(&["a.example", "b.example"], Tlp::Green);
    }
    world.members[dies].store.strike(writes, strike);
    let link = world.link(0, 1);
    let a = &world.members[0].shared;
    let result = run_match(a, &|| Ok(Box::new(&link)), accord, ("1", false), &mut |_| {});
    drop(link);
    let died = world.members[dies].store.is_dead();
    world.members[dies].store.heal();
    let id = world.members[dies].id;
    let closed = if died { world.members[dies].restart().unwrap() } else { 0 };
    assert!(died || result.is_ok(), "{what}");
    // A second start finds nothing.
    assert_eq!(world.members[dies].restart().unwrap(), 0, "{what}");
    // The other side may wait for it still.
    world.clock_tick(RESUME_SECONDS + 1);
    for member in &world.members {
        member.shared.sweep_runs();
    }
    world.sync().unwrap();
    let state = world.node(1 - dies).state(accord).unwrap().clone();
    for run in state.runs.values().filter(|run| run.has(id)) {
        let (_, close) = &run.closes[&id];
        if closed > 0 {
            let Outcome::Aborted { blame, reason } = &close.outcome else { panic!("{close:?}") };
            assert!(*blame == Blame::Own && reason.starts_with("node_ended"), "{reason}");
        }
    }
    assert!(closed <= 1, "{what}");
    assert_settled(&world, accord);
    assert_sound(&world, accord);
    // And the next run is as any other.
    run(&world, (0, 1), accord);
    died
}

#[test]
fn what_the_side_that_offers_left_open_is_closed() {
    let mut writes = 0;
    while dies(720, 0, writes, Strike::DeadAfter) {
        writes += 3;
    }
    assert!(writes > 4, "{writes}");
}

#[test]
fn what_the_side_that_answers_left_open_is_closed() {
    let mut writes = 0;
    while dies(721, 1, writes, Strike::DeadBefore) {
        writes += 3;
    }
    assert!(writes > 4, "{writes}");
}
