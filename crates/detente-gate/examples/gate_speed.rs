//! How many objects a second the gate decides on with this machine, one core.
//!
//! `cargo run --release -p detente-gate --example gate_speed -- [OBJECTS]`
//!
//! The accord has 50 clauses: 30 permissions with caps and 20 prohibitions with labels, between two
//! parties. Each object has three labels and a colour of five.

#![expect(clippy::print_stdout, reason = "a program that prints figures")]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use detente_accord::{Accord, Faults};
use detente_core::object::Object;
use detente_core::{Kind, PartyId, Tlp, UnixSeconds};
use detente_gate::{Question, Rules, Verdict, decide, decide_all, exposure};
use detente_state::{InForce, Released, State, TextState};

const NOW: UnixSeconds = UnixSeconds::new(1_800_000_000);
const PERMITS: usize = 30;
const PROHIBITIONS: usize = 20;

fn main() -> ExitCode {
    let objects = match std::env::args().nth(1).map(|text| text.parse()) {
        None => 200_000,
        Some(Ok(objects)) => objects,
        Some(Err(_)) => {
            println!("usage: gate_speed [OBJECTS]");
            return ExitCode::from(2);
        }
    };
    match Accord::parse(text().as_bytes()) {
        Ok(accord) => {
            measure(&accord, objects);
            ExitCode::SUCCESS
        }
        Err(Faults(faults)) => {
            faults.iter().for_each(|fault| println!("{fault}"));
            ExitCode::FAILURE
        }
    }
}

/// Clauses that share their kinds, so that several speak of each object.
fn text() -> String {
    let mut text = "format = 1\n[accord]\nid = \"speed-0\"\ntitle = \"Speed\"\n\
        bindingness = \"technical\"\nlanguages = [\"en\"]\nprevailing = \"none\"\n\
        expires = \"2030-12-31\"\ndefault_tlp = \"amber\"\n"
        .to_owned();
    for (handle, digit) in [("A", "a"), ("B", "b")] {
        let root = digit.repeat(64);
        text += &format!("[[party]]\nid = \"{handle}\"\nname = \"{handle}\"\nroot = \"{root}\"\n");
    }
    for number in 0..PERMITS {
        let kinds = [0, 1, 2].map(|step| Kind::ALL[(number + step) % Kind::ALL.len()].name());
        let (from, to) = if number % 2 == 0 { ("A", "B") } else { ("*", "*") };
        let tlp = Tlp::ALL[number % 4].name();
        let only = if number % 3 == 0 { "matched" } else { "any" };
        text += &format!(
            "[[clause]]\nid = \"1.{}\"\nprose.en = \"{{from}} {{to}} {{kinds}} {{only}} \
             {{max_tlp}} {{cap.count}} {{cap.per}}\"\n\
             [clause.permit]\nfrom = \"{from}\"\nto = \"{to}\"\nobject = \"indicator\"\n\
             kinds = {kinds:?}\nonly = \"{only}\"\nmax_tlp = \"{tlp}\"\n\
             cap = {{ count = 1000000000, per = \"P30D\" }}\n",
            number + 1
        );
    }
    for number in 0..PROHIBITIONS {
        let labels = [0, 1, 2].map(|step| format!("closed-{number}-{step}"));
        text += &format!(
            "[[clause]]\nid = \"2.{}\"\nprose.en = \"Not {{labels}}: {{from}} {{to}}.\"\n\
             [clause.forbid]\nfrom = \"*\"\nto = \"*\"\nobject = \"indicator\"\n\
             labels = {labels:?}\n",
            number + 1
        );
    }
    text + "[emergency]\nstop_by = [\"duty-officer\"]\nlapses = \"P10D\"\nclock = \"act\"\n\
        [exit]\nnotice = \"P90D\"\nclock = \"act\"\n"
}

fn object(number: usize) -> Object {
    let mut labels = ["phishing".to_owned(), format!("campaign-{}", number % 97), String::new()];
    // One object in a hundred has a label that a prohibition names.
    labels[2] = if number.is_multiple_of(100) { "closed-7-1".to_owned() } else { "apt".to_owned() };
    labels.sort();
    Object {
        kind: Kind::ALL[number % Kind::ALL.len()],
        value: format!("host-{number}.example"),
        tlp: Tlp::ALL[number % Tlp::ALL.len()],
        marking_unknown: false,
        markings: Vec::new(),
        labels: labels.to_vec(),
        source: Some("feed".to_owned()),
        origin: None,
        comment: None,
        confidence: Some(60),
        valid_from: None,
        valid_until: None,
        handling: detente_core::Handling::default(),
    }
}

fn in_force(accord: &Accord) -> State {
    let ids: Vec<PartyId> = accord.parties.iter().map(|party| party.id).collect();
    let mut state = State::new(accord.id(), &ids);
    let (text, since) = (accord.digest, UnixSeconds::new(0));
    state.in_force = Some(InForce { text, since });
    let known = TextState::new(accord.clone(), Vec::new(), ids[0], since);
    state.texts.insert(text, known);
    state
}

#[expect(clippy::disallowed_methods, reason = "a stopwatch around the gate, not inside it")]
fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let begin = Instant::now();
    let result = work();
    (result, begin.elapsed())
}

fn say(what: &str, count: usize, open: usize, took: Duration) {
    let seconds = took.as_secs_f64();
    let rate = count as f64 / seconds;
    println!("{what}: {count} verdicts, {open} open, in {seconds:.3} s: {rate:.0} verdicts/s");
}

fn measure(accord: &Accord, count: usize) {
    println!("accord of {} clauses, one core", accord.clauses.len());
    let objects: Vec<Object> = (0..count).map(object).collect();
    let facts: Vec<_> = objects.iter().map(|object| object.facts(b"")).collect();
    let allows = |verdict: &Verdict| matches!(verdict, Verdict::Allow(_));

    let rules = Rules::new(accord);
    let ask = |facts| {
        let question = Question {
            rules: Ok(&rules),
            stopped_by: None,
            from: "A",
            to: "B",
            facts,
            matched: true,
            consent: false,
            now: NOW,
            used: &|_, _| Released::default(),
        };
        decide(&question)
    };
    let (open, took) = timed(|| facts.iter().filter(|facts| allows(&ask(facts))).count());
    say("decide", count, open, took);

    let state = in_force(accord);
    let ids = (accord.parties[0].id, accord.parties[1].id);
    let (decided, took) = timed(|| decide_all(&state, ids, None, objects, NOW));
    let open = decided.iter().filter(|one| allows(&one.verdict)).count();
    say("decide_all, with encoding and address", count, open, took);

    let (table, took) = timed(|| exposure(accord, NOW));
    say("exposure table", table.cells.len(), table.open().count(), took);
}
