//! Look-ups between two nodes: what is found, what is kept over restarts and cuts.

use std::cell::Cell;
use std::collections::BTreeSet;

use detente_core::{AccordId, Kind, Tlp};
use detente_intel::Observable;
use detente_node::ports::{Link, LookupStore as _};
use detente_node::report::LookupReport;
use detente_node::{NodeError, lookup, publish, refresh};
use detente_testkit::{Cut, Terms, When, World, observable};

use crate::{assert_sound, code};

/// A clause of look-ups in which A asks and B holds, with a longer filter than one bucket.
pub(crate) const CLAUSE: &str = r#"
[[clause]]
id = "5"
prose.en = "{between}: {holder} lists, {mode}; {kinds}. {answer}. {filter_items}, {max_items}, {budget.runs}, {budget.items}, {budget.per}. {pad}."
[clause.match]
between = ["A", "B"]
kinds = ["domain"]
mode = "lookup"
holder = "B"
filter_items = 3000
answer = "initiator"
max_items = 16
pad = "multiple:4"
budget = { runs = 30, items = 120, per = "P30D" }
"#;

pub(crate) const CLAUSE_ID: &str = "5";

/// A world in which B lists `count` domains.
pub(crate) fn listed(seed: u64, count: usize) -> (World, AccordId) {
    let terms = Terms { more: CLAUSE.to_owned(), ..Terms::default() };
    let (world, accord) = World::in_force(seed, &terms);
    let names = names(0..count);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    world.members[1].hold_domains(&names, Tlp::Green);
    (world, accord)
}

pub(crate) fn names(numbers: std::ops::Range<usize>) -> Vec<String> {
    numbers.map(|n| format!("n{n}.example")).collect()
}

pub(crate) fn domains(numbers: std::ops::Range<usize>) -> Vec<Observable> {
    names(numbers).iter().map(|name| observable(Kind::Domain, name)).collect()
}

pub(crate) fn publish_at_b(
    world: &World,
    accord: AccordId,
    new_key: bool,
) -> Result<u64, NodeError> {
    let shared = &world.members[1].shared;
    let report = publish(shared, accord, (CLAUSE_ID, new_key), &mut |_| {})?;
    Ok(report.evaluated)
}

/// A asks over this line.
pub(crate) fn ask_over(
    world: &World,
    accord: AccordId,
    line: &dyn Link,
    values: &[Observable],
) -> Result<LookupReport, NodeError> {
    let shared = &world.members[0].shared;
    let lines = || -> Result<Box<dyn Link + '_>, NodeError> { Ok(Box::new(line)) };
    lookup(shared, &lines, accord, (CLAUSE_ID, values), &mut |_| {})
}

pub(crate) fn ask(
    world: &World,
    accord: AccordId,
    values: &[Observable],
) -> Result<LookupReport, NodeError> {
    ask_over(world, accord, &world.link(0, 1), values)
}

pub(crate) fn found(report: &LookupReport) -> BTreeSet<String> {
    report.found.iter().map(|(_, value)| value.clone()).collect()
}

fn want(numbers: std::ops::Range<usize>) -> BTreeSet<String> {
    names(numbers).into_iter().collect()
}

#[test]
fn what_is_listed_is_found_after_each_update_and_restart() {
    let (mut world, accord) = listed(1, 100);
    assert_eq!(publish_at_b(&world, accord, false).unwrap(), 100);
    let report = ask(&world, accord, &domains(95..105)).unwrap();
    assert_eq!((found(&report), report.absent.len()), (want(95..100), 5));
    assert!(report.agreed && report.fetched > 10_000, "{report:?}");
    for (round, end) in [(0, 102), (1, 110)] {
        let more = names(100..end);
        let more: Vec<&str> = more.iter().map(String::as_str).collect();
        world.members[1].hold_domains(&more, Tlp::Green);
        // A new process derives the same key and evaluates only what is new.
        world.members[1].reopen().unwrap();
        world.members[0].reopen().unwrap();
        world.clock_tick(60);
        let evaluated = publish_at_b(&world, accord, false).unwrap();
        assert_eq!(evaluated, [2, 8][round]);
        let report = ask(&world, accord, &domains(98..112)).unwrap();
        assert_eq!(found(&report), want(98..end));
        assert!(report.fetched < 200, "an update is short: {}", report.fetched);
    }
    let asked = world.members[0].store.real().asked(detente_core::RunId::new([0; 32])).unwrap();
    assert_eq!(asked, []);
    world.sync().unwrap();
    assert_sound(&world, accord);
}

#[test]
fn who_is_several_filters_behind_follows_or_fetches_the_whole() {
    let (world, accord) = listed(2, 50);
    let link = world.link(0, 1);
    let fetch = || {
        let shared = &world.members[0].shared;
        refresh(shared, &link, accord, CLAUSE_ID, &mut |_| {}).unwrap()
    };
    publish_at_b(&world, accord, false).unwrap();
    assert!(fetch().whole);
    let grow = |numbers: std::ops::Range<usize>| {
        for number in numbers {
            world.members[1].hold_domains(&[&format!("n{number}.example")], Tlp::Green);
            world.clock_tick(1);
            publish_at_b(&world, accord, false).unwrap();
        }
    };
    grow(50..53);
    let report = fetch();
    assert_eq!((report.updates, report.whole), (3, false));
    grow(53..65);
    let report = fetch();
    assert_eq!((report.updates, report.whole), (0, true));
    assert_eq!(found(&ask(&world, accord, &domains(60..70)).unwrap()), want(60..65));
    publish_at_b(&world, accord, true).unwrap();
    assert!(fetch().whole, "another key");
    assert_eq!(found(&ask(&world, accord, &domains(60..70)).unwrap()), want(60..65));
    assert_sound(&world, accord);
}

#[test]
fn a_budget_is_not_forgotten_at_a_restart() {
    let (mut world, accord) = listed(3, 10);
    publish_at_b(&world, accord, false).unwrap();
    for _ in 0..7 {
        world.clock_tick(1);
        ask(&world, accord, &domains(0..16)).unwrap();
    }
    world.members[0].reopen().unwrap();
    world.members[1].reopen().unwrap();
    assert_eq!(code(ask(&world, accord, &domains(0..9))), "match_items_used_up");
    ask(&world, accord, &domains(0..8)).unwrap();
    assert_sound(&world, accord);
}

#[test]
fn a_list_that_does_not_fit_its_filter_is_refused_before_it_is_on_record() {
    let (world, accord) = listed(4, 3001);
    assert_eq!(code(publish_at_b(&world, accord, false)), "filter_too_small");
    assert!(world.node(1).state(accord).unwrap().filters.is_empty());
}

/// Wherever the line is cut, the next try ends well, and nothing is counted twice.
#[test]
fn cuts_lose_nothing() {
    let mut cuts = 0;
    for at in 0.. {
        let mut hit = false;
        for when in [When::Before, When::After] {
            let (world, accord) = listed(5, 40);
            publish_at_b(&world, accord, false).unwrap();
            let first = Cell::new(true);
            let cut = world.cut_link((0, 1), Some(Cut { at, when }));
            let again = world.link(0, 1);
            let lines = || -> Result<Box<dyn Link + '_>, NodeError> {
                if first.replace(false) { Ok(Box::new(&cut)) } else { Ok(Box::new(&again)) }
            };
            let shared = &world.members[0].shared;
            let values = domains(38..42);
            let result = lookup(shared, &lines, accord, (CLAUSE_ID, &values), &mut |_| {});
            hit |= cut.is_dead();
            if let Ok(report) = &result {
                assert_eq!(found(report), want(38..40), "{at} {when:?}");
            }
            world.sync().unwrap();
            world.clock_tick(1);
            let report = ask(&world, accord, &values).unwrap();
            assert_eq!(found(&report), want(38..40), "{at} {when:?}");
            assert_sound(&world, accord);
            cuts += u32::from(cut.is_dead());
            cut.settle();
        }
        if !hit {
            break;
        }
    }
    assert!(cuts > 10, "{cuts}");
}
