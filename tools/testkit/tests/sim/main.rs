//! What nodes do among themselves: use cases of `detente-node` over real stores, on simulated
//! lines.
//!
//! One module a noun; `world` is the random simulation. Longer: `DETENTE_SIM_SEEDS=5000`.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "helpers of tests fail as tests do"
)]

mod accord;
mod fault;
mod hostile;
mod list;
mod log;
mod lookup;
mod lookup_hostile;
mod lost;
mod matching;
mod matching_hostile;
mod party;
mod payload;
mod payload_hostile;
mod release;
mod release_hostile;
mod retraction;
mod rollback;
mod world;

use detente_core::{AccordId, PartyId, RunId};
use detente_node::ports::{LogKey, Store as _};
use detente_node::report::MatchReport;
use detente_node::{NodeError, dry_run, push, run_match};
use detente_peer::Response;
use detente_testkit::World;

/// The code of the error that must have come.
#[track_caller]
fn code<T>(result: Result<T, NodeError>) -> String {
    match result {
        Err(error) => error.code().to_owned(),
        Ok(_) => panic!("it should have failed"),
    }
}

/// The code of the refusal that must have come.
#[track_caller]
fn refusal(response: &Response) -> &str {
    match response {
        Response::Refused(refusal) => &refusal.code,
        other => panic!("it should have been refused and gave {other:?}"),
    }
}

/// Brings one log over an uncut line.
fn bring(world: &World, (from, to): (usize, usize), accord: AccordId) {
    push(&world.members[from].shared, &world.link(from, to), accord).unwrap();
}

/// A run under clause 1 that A or B offers over an uncut line.
fn run(world: &World, (from, to): (usize, usize), accord: AccordId) -> MatchReport {
    let link = world.link(from, to);
    let shared = &world.members[from].shared;
    run_match(shared, &|| Ok(Box::new(&link)), accord, ("1", false), &mut |_| {}).unwrap()
}

/// The run of a report.
fn run_id(report: &MatchReport) -> RunId {
    report.run.parse().unwrap()
}

/// What a run found, values only.
fn values(report: &MatchReport) -> Vec<&str> {
    report.items.iter().map(|(_, value)| value.as_str()).collect()
}

/// Both hold `common`, each some of its own; a run found them.
fn matched(world: &World, accord: AccordId) -> RunId {
    let report = run(world, (0, 1), accord);
    assert!(report.agreed);
    world.sync().unwrap();
    run_id(&report)
}

/// Every log is the same at all who hold it, and every own log is cosigned by all.
#[track_caller]
fn assert_settled(world: &World, accord: AccordId) {
    for author in &world.members {
        let own = author.leaves(accord, author.id);
        for holder in &world.members {
            let held = holder.leaves(accord, author.id);
            assert_eq!(own, held, "{}'s log at {}", author.name, holder.name);
        }
    }
    let histories: Vec<_> = (0..world.members.len())
        .map(|at| world.node(at).state(accord).unwrap().history.clone())
        .collect();
    assert!(histories.windows(2).all(|pair| pair[0] == pair[1]));
    for at in 0..world.members.len() {
        let status = world.node(at).status(accord).unwrap();
        let own = &world.members[at].name;
        let log = status.logs.iter().find(|log| log.party == *own).unwrap();
        let others = if log.entries == 0 { 0 } else { world.members.len() - 1 };
        assert_eq!(log.cosigned_by.len(), others, "{own}");
        assert_eq!(status.waiting, 0);
    }
    world.assert_no_fork();
}

/// Every node's export is sound.
#[track_caller]
fn assert_sound(world: &World, accord: AccordId) {
    for at in 0..world.members.len() {
        let report = world.audit(at, accord);
        assert!(report.is_sound(), "{at}: {:#?}", report.findings);
    }
}

/// Entries of a log at a holder.
fn size(world: &World, holder: usize, accord: AccordId, party: PartyId) -> u64 {
    let key = LogKey { accord, party };
    let store = world.members[holder].store.real();
    store.log(key).unwrap().edge.size().get()
}

/// Codes of a dry run, object by object.
fn verdicts(world: &World, at: usize, accord: AccordId, run: RunId) -> Vec<(String, String)> {
    let report = dry_run(&world.members[at].shared, accord, run).unwrap();
    let objects = report.objects.into_iter();
    objects.map(|object| (object.value, object.code)).collect()
}
