//! A store that fails at every write in turn, on either side, in each way it can fail.

use detente_core::act::Body;
use detente_core::{AccordId, Digest, RunId, Tlp};
use detente_desk::{Hearers, Import, import};
use detente_node::report::FailedBy;
use detente_node::{NodeError, push, release, run_match};
use detente_read::Options;
use detente_testkit::{Strike, Terms, World};

use crate::{assert_settled, run_id};

/// What a script was told had been done.
#[derive(Default)]
struct Told {
    acts: Vec<(usize, Digest)>,
    runs: Vec<String>,
    receipts: Vec<String>,
}

type Step = fn(&World, AccordId, &mut Told) -> Result<(), NodeError>;

/// Tries a step until it is done. What failed may have been done all the same: then trying again is
/// refused, and that is fine too.
fn carry(
    world: &mut World,
    (at, dead): (usize, bool),
    accord: AccordId,
    step: Step,
    told: &mut Told,
) {
    for _ in 0..3 {
        match step(world, accord, told) {
            Ok(()) => return,
            Err(NodeError::Unknown { .. }) => return,
            Err(error) if ["already_signed", "release_nothing"].contains(&error.code()) => return,
            Err(_) => {}
        }
        if dead {
            world.members[at].reopen().unwrap_or_else(|_| {
                world.members[at].store.heal();
                world.members[at].reopen().unwrap();
            });
        }
        world.members[at].store.heal();
    }
    panic!("a step does not succeed though nothing fails any more");
}

/// Runs `script` again and again, each time with the next write of `at` failing; gives how many
/// writes it has.
fn at_every_write(
    seed: u64,
    at: usize,
    strike: Strike,
    start: fn(u64) -> (World, AccordId),
    script: &[Step],
) -> u64 {
    let dead = matches!(strike, Strike::DeadBefore | Strike::DeadAfter);
    // A death differs from a fault only in what comes after: some of them do, but in the long form.
    let step = if dead && std::env::var_os("DETENTE_SIM_SEEDS").is_none() { 3 } else { 1 };
    for count in (0..).step_by(step) {
        let (mut world, accord) = start(seed);
        let mut told = Told::default();
        world.members[at].store.strike(count, strike);
        for step in script {
            carry(&mut world, (at, dead), accord, *step, &mut told);
        }
        let struck = world.members[at].store.has_struck();
        world.members[at].store.heal();
        check(&mut world, at, accord, &told);
        if !struck {
            return count;
        }
    }
    unreachable!()
}

/// After the store has healed, and after the node was opened again, all that was said to be done is
/// done, once, at both.
fn check(world: &mut World, at: usize, accord: AccordId, told: &Told) {
    world.sync().unwrap();
    for reopened in [false, true] {
        if reopened {
            world.members[at].reopen().unwrap();
        }
        assert_settled(world, accord);
        for (by, act) in &told.acts {
            for holder in [0, 1] {
                let node = world.node(holder);
                let history = &node.state(accord).unwrap().history;
                let found: Vec<_> = history.iter().filter(|event| event.act == *act).collect();
                assert_eq!(found.len(), 1, "an act of {by} at {holder}");
            }
        }
        let state = world.node(0).state(accord).unwrap().clone();
        for run in &told.runs {
            let run = state.runs.get(&run.parse().unwrap()).unwrap();
            assert!(run.agreed().is_some());
        }
        for act in &told.receipts {
            let found = state.releases.iter().filter(|release| release.act.to_string() == *act);
            assert_eq!(found.filter(|release| release.receipt.is_some()).count(), 1);
        }
    }
    let report = world.audit(at, accord);
    assert!(report.is_sound(), "{:#?}", report.findings);
    for member in &world.members {
        member.store.real().check().unwrap();
    }
}

fn begin(seed: u64) -> (World, AccordId) {
    let world = World::new(seed, 2);
    let text = world.text(&Terms::default());
    let accord = detente_accord::Accord::parse(&text).unwrap().id();
    (world, accord)
}

fn propose(world: &World, _: AccordId, told: &mut Told) -> Result<(), NodeError> {
    let text = world.text(&Terms::default());
    let (_, act) = world.node(0).propose(&text, None)?;
    told.acts.push((0, act));
    Ok(())
}

fn bring(world: &World, accord: AccordId, _: &mut Told) -> Result<(), NodeError> {
    push(&world.members[0].shared, &world.link(0, 1), accord)
}

fn sign_by_b(world: &World, accord: AccordId, told: &mut Told) -> Result<(), NodeError> {
    told.acts.push((1, world.node(1).sign_text(accord, None, None)?));
    Ok(())
}

fn sign_by_a(world: &World, accord: AccordId, told: &mut Told) -> Result<(), NodeError> {
    told.acts.push((0, world.node(0).sign_text(accord, None, None)?));
    Ok(())
}

fn settle(world: &World, _: AccordId, _: &mut Told) -> Result<(), NodeError> {
    world.sync()
}

const AGREE: &[Step] = &[propose, bring, sign_by_b, sign_by_a, settle];

/// In force, both hold the same and something else.
fn agreed(seed: u64) -> (World, AccordId) {
    let (world, accord) = World::in_force(seed, &Terms::default());
    world.members[0].hold_domains(&["x.example", "a.example"], Tlp::Green);
    world.members[1].hold_domains(&["x.example", "b.example"], Tlp::Green);
    (world, accord)
}

fn match_them(world: &World, accord: AccordId, told: &mut Told) -> Result<(), NodeError> {
    let link = world.link(0, 1);
    let shared = &world.members[0].shared;
    let report = run_match(shared, &|| Ok(Box::new(&link)), accord, ("1", false), &mut |_| {})?;
    assert_eq!(report.common, Some(1));
    if report.agreed {
        told.runs.push(report.run);
        return Ok(());
    }
    // B's close did not come: B's store failed after the answer was known. A new run it is.
    world.sync()?;
    Err(NodeError::denied("not_agreed", "the run is void", "again"))
}

fn release_it(world: &World, accord: AccordId, told: &mut Told) -> Result<(), NodeError> {
    let run: RunId = told.runs.last().unwrap().parse().unwrap();
    let report = release(&world.members[0].shared, &world.link(0, 1), accord, run)?;
    // Who died between its acknowledgement and our hearing of it has it already.
    assert_eq!((report.allowed + report.there, report.denied), (1, 0));
    if report.receipt.is_some() {
        told.receipts.extend(report.act);
    }
    Ok(())
}

fn every_release_is_received(
    world: &World,
    accord: AccordId,
    _: &mut Told,
) -> Result<(), NodeError> {
    world.sync()?;
    let releases = world.node(0).state(accord)?.releases.clone();
    assert!(!releases.is_empty());
    for known in releases {
        assert!(known.receipt.is_some(), "a release without a receipt");
        let mut receipts = 0;
        let node = world.node(1);
        for event in &node.state(accord)?.history {
            receipts +=
                u64::from(event.summary == format!("acknowledges release {}", known.act.short()));
        }
        assert_eq!(receipts, 1);
    }
    Ok(())
}

const SHARE: &[Step] = &[match_them, release_it, settle, every_release_is_received];

#[test]
fn agreeing_survives_every_fault_of_the_proposer_before_a_write() {
    let writes = at_every_write(40, 0, Strike::Before, begin, AGREE)
        + at_every_write(40, 0, Strike::DeadBefore, begin, AGREE);
    assert!(writes > 10, "{writes} writes");
}

#[test]
fn agreeing_survives_every_fault_of_the_proposer_after_a_write() {
    at_every_write(41, 0, Strike::After, begin, AGREE);
    at_every_write(41, 0, Strike::DeadAfter, begin, AGREE);
}

#[test]
fn agreeing_survives_every_fault_of_the_other_side_before_a_write() {
    at_every_write(42, 1, Strike::Before, begin, AGREE);
    at_every_write(42, 1, Strike::DeadBefore, begin, AGREE);
}

#[test]
fn agreeing_survives_every_fault_of_the_other_side_after_a_write() {
    at_every_write(43, 1, Strike::After, begin, AGREE);
    at_every_write(43, 1, Strike::DeadAfter, begin, AGREE);
}

#[test]
fn sharing_survives_every_fault_of_the_sender_before_a_write() {
    let writes = at_every_write(44, 0, Strike::Before, agreed, SHARE);
    assert!(writes > 10, "{writes} writes");
}

#[test]
fn sharing_survives_every_death_of_the_sender_before_a_write() {
    at_every_write(45, 0, Strike::DeadBefore, agreed, SHARE);
}

#[test]
fn sharing_survives_every_fault_of_the_sender_after_a_write() {
    at_every_write(46, 0, Strike::After, agreed, SHARE);
}

#[test]
fn sharing_survives_every_death_of_the_sender_after_a_write() {
    at_every_write(47, 0, Strike::DeadAfter, agreed, SHARE);
}

#[test]
fn sharing_survives_every_fault_of_the_receiver_before_a_write() {
    at_every_write(48, 1, Strike::Before, agreed, SHARE);
}

#[test]
fn sharing_survives_every_death_of_the_receiver_before_a_write() {
    at_every_write(49, 1, Strike::DeadBefore, agreed, SHARE);
}

#[test]
fn sharing_survives_every_fault_of_the_receiver_after_a_write() {
    at_every_write(50, 1, Strike::After, agreed, SHARE);
}

#[test]
fn sharing_survives_every_death_of_the_receiver_after_a_write() {
    at_every_write(51, 1, Strike::DeadAfter, agreed, SHARE);
}

/// A card that a foreign log begins with is no act of ours.
#[test]
fn the_log_begins_with_the_card_once() {
    let (mut world, accord) = begin(52);
    let text = world.text(&Terms::default());
    world.members[0].store.strike(1, Strike::After);
    let first = world.node(0).propose(&text, None);
    assert!(world.members[0].store.has_struck());
    assert_eq!(crate::code(first), "store_failed");
    // The same process goes on.
    world.node(0).propose(&text, None).unwrap();
    world.members[0].reopen().unwrap();
    let node = world.node(0);
    let logs = node.state(accord).unwrap();
    let cards = logs.history.iter().filter(|event| event.sequence == 0).count();
    assert_eq!((cards, logs.history.len()), (1, 3), "card and two proposals");
    let designates = |body: &Body| matches!(body, Body::Designate { .. });
    assert!(!designates(&Body::Propose { text, base: None }));
}

#[test]
fn a_run_that_found_nothing_is_a_run() {
    let (world, accord) = World::in_force(53, &Terms::default());
    world.members[0].hold_domains(&["a.example"], Tlp::Green);
    world.members[1].hold_domains(&["b.example"], Tlp::Green);
    let report = crate::run(&world, (0, 1), accord);
    assert_eq!(report.common, Some(0));
    let released = release(&world.members[0].shared, &world.link(0, 1), accord, run_id(&report));
    assert_eq!(crate::code(released), "nothing_matched");
}

/// A disk that fills up in the midst of an import: what is kept is kept, and is counted.
#[test]
fn an_import_whose_store_fails_says_what_is_kept() {
    let world = World::new(90, 1);
    let member = &world.members[0];
    let lines: String =
        (0..45_000).map(|n| format!("45.{}.{}.{}\n", n % 250, n / 250 % 250, n / 62_500)).collect();
    let options = Options { source: "a list".to_owned(), ..Options::default() };
    let what = Import { file: "a list", options: &options, keep: 0, index: None };
    let run = || {
        let deaf = Hearers { progress: &mut |_| {}, shelf: None, stop: &|| false };
        import(&member.shared, &what, lines.as_bytes(), deaf)
    };
    member.store.strike(1, Strike::Before);
    let report = run();
    let failed = report.failed.unwrap();
    assert_eq!((failed.by, failed.code.as_str()), (FailedBy::Store, "store_failed"));
    assert_eq!((report.taken, report.new_observables), (20_000, 20_000));
    let again = run();
    assert!(again.failed.is_none());
    assert_eq!((again.taken, again.new_observables), (45_000, 25_000));
}
