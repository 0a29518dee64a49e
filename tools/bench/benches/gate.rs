//! The gate: verdicts a second on one core under an accord of 50 clauses; exposure and difference
//! of texts of 200 clauses.
//!
//! `cargo bench -p detente-bench --bench gate`
//!
//! Between two parties. Of the 50 clauses 30 permit and 20 forbid; of the 200, 120 and 80. They ask
//! for kinds, colours, categories, PAP, purposes, origin of the threat and labels, so that several
//! speak of each object. Objects have three labels and all facts.

use detente_accord::Accord;
use detente_core::act::ObjectFacts;
use detente_core::{Handling, Kind, ObjectKind, Pap, PartyId, Purpose, Tlp, UnixSeconds, Whose};
use detente_gate::{Question, Rules, Verdict, decide, diff, exposure};
use detente_state::Released;
use divan::Bencher;
use divan::counter::ItemsCount;

const NOW: UnixSeconds = UnixSeconds::new(1_800_000_000);
const OBJECTS: usize = 10_000;

fn main() {
    divan::main();
}

/// Some of a list: which ones, `seed` says.
fn some<'a>(all: &[&'a str], seed: usize) -> Vec<&'a str> {
    let picked = all
        .iter()
        .enumerate()
        .filter(|(at, _)| (seed >> (at % 7)) & 1 == 1 || *at == seed % all.len());
    picked.map(|(_, word)| *word).collect()
}

const CATEGORIES: [&str; 8] =
    ["banking", "election-system", "energy", "health", "rail", "telecom", "water", "waste"];

/// A text with so many permissions and prohibitions.
#[expect(clippy::panic, reason = "a text of this program's own that does not read is its fault")]
fn text(permits: usize, forbids: usize, shift: usize) -> Accord {
    let mut text = "format = 1\n[accord]\nid = \"speed-0\"\ntitle = \"Speed\"\n\
        bindingness = \"technical\"\nlanguages = [\"en\"]\nprevailing = \"none\"\n\
        expires = \"2030-12-31\"\ndefault_tlp = \"amber\"\n"
        .to_owned();
    for (handle, digit) in [("A", "a"), ("B", "b")] {
        let root = digit.repeat(64);
        text += &format!("[[party]]\nid = \"{handle}\"\nname = \"{handle}\"\nroot = \"{root}\"\n");
    }
    let kinds = Kind::ALL.map(Kind::name);
    let purposes: Vec<&str> = Purpose::ALL.iter().map(|purpose| purpose.name()).collect();
    for number in 0..permits {
        let seed = number.wrapping_mul(2_654_435_761) >> 3 ^ (shift * usize::from(number % 9 == 4));
        let (from, to) = [("A", "B"), ("B", "A"), ("*", "*")][seed % 3];
        let mut asks = format!("kinds = {:?}\n", some(&kinds, seed >> 2));
        let mut shown = String::new();
        if seed.is_multiple_of(2) {
            asks += &format!("categories = {:?}\n", some(&CATEGORIES, seed >> 5));
            shown += " {categories}";
        }
        if seed.is_multiple_of(5) {
            asks += &format!("purposes = {:?}\n", some(&purposes, seed >> 9));
            shown += " {purposes}";
        }
        if seed % 7 < 2 {
            asks += &format!("threat_origin = {:?}\n", some(&["A", "B", "third"], seed >> 4));
            shown += " {threat_origin}";
        }
        if seed % 3 == 1 {
            asks += &format!("max_pap = {:?}\n", Pap::ALL[(seed >> 6) % 4].name());
            shown += " {max_pap}";
        }
        let only = if seed.is_multiple_of(4) { "matched" } else { "any" };
        let tlp = Tlp::ALL[(seed >> 3) % 4].name();
        text += &format!(
            "[[clause]]\nid = \"1.{}\"\nprose.en = \"{{from}} {{to}} {{kinds}} {{only}} \
             {{max_tlp}} {{cap.count}} {{cap.per}}{shown}\"\n[clause.permit]\nfrom = \"{from}\"\n\
             to = \"{to}\"\nobject = \"indicator\"\n{asks}only = \"{only}\"\nmax_tlp = \"{tlp}\"\n\
             cap = {{ count = 1000000000, per = \"P30D\" }}\n",
            number + 1
        );
    }
    for number in 0..forbids {
        let seed = number.wrapping_mul(40_503) ^ (shift * usize::from(number % 7 == 3));
        let labels = [0, 1, 2].map(|step| format!("closed-{number}-{step}"));
        let (mut asks, mut shown) = (format!("labels = {labels:?}\n"), "{labels}".to_owned());
        if seed.is_multiple_of(3) {
            asks += &format!("categories = {:?}\n", some(&CATEGORIES[..3], seed >> 3));
            shown += " {categories}";
        }
        if seed % 4 == 1 {
            asks += &format!("min_tlp = {:?}\n", Tlp::ALL[2 + (seed >> 2) % 3].name());
            shown += " {min_tlp}";
        }
        text += &format!(
            "[[clause]]\nid = \"2.{}\"\nprose.en = \"Not {shown}: {{from}} {{to}}.\"\n\
             [clause.forbid]\nfrom = \"*\"\nto = \"*\"\nobject = \"indicator\"\n{asks}",
            number + 1
        );
    }
    text += "[emergency]\nstop_by = [\"duty-officer\"]\nlapses = \"P10D\"\nclock = \"act\"\n\
        [exit]\nnotice = \"P90D\"\nclock = \"act\"\n";
    Accord::parse(text.as_bytes()).unwrap_or_else(|faults| panic!("{faults:#?}"))
}

fn object(number: usize) -> ObjectFacts {
    // One object in a hundred has a label that a prohibition names.
    let last = if number.is_multiple_of(100) { "closed-7-1" } else { "apt" };
    let mut labels = ["phishing".to_owned(), format!("campaign-{}", number % 97), last.to_owned()];
    labels.sort();
    ObjectFacts {
        object: ObjectKind::Indicator,
        kind: Kind::ALL[number % Kind::ALL.len()],
        tlp: Tlp::ALL[number % Tlp::ALL.len()],
        marking_unknown: false,
        labels: labels.to_vec(),
        bytes: 400,
        handling: Handling {
            category: CATEGORIES.get(number % 9).map(|word| (*word).to_owned()),
            pap: Some(Pap::ALL[number / 3 % 4]),
            threat: Some(if number.is_multiple_of(2) {
                Whose::Third
            } else {
                Whose::Party(PartyId::new([0xbb; 32]))
            }),
            purpose: Some(Purpose::ALL[number / 5 % 6]),
            releasable: None,
            originator: None,
        },
    }
}

#[divan::bench]
fn verdicts_50_clauses(bencher: Bencher<'_, '_>) {
    let rules = Rules::new(&text(30, 20, 0));
    let objects: Vec<ObjectFacts> = (0..OBJECTS).map(object).collect();
    bencher.counter(ItemsCount::new(OBJECTS)).bench(|| {
        let open = objects.iter().filter(|facts| {
            let question = Question {
                held: &|_| None,
                rules: Ok(&rules),
                stopped_by: None,
                from: "A",
                to: "B",
                facts,
                matched: true,
                consent: Err(detente_state::ConsentGap::Missing),
                now: NOW,
                used: &|_, _| Released::default(),
                came: &|_| 0,
                size: &|_| 1,
                under: None,
            };
            matches!(decide(&question), Verdict::Allow(_))
        });
        open.count()
    });
}

#[divan::bench]
fn exposure_200_clauses(bencher: Bencher<'_, '_>) {
    let text = text(120, 80, 0);
    bencher.bench(|| exposure(&text, NOW).map(|table| (table.regions.len(), table.open)));
}

#[divan::bench]
fn diff_200_clauses(bencher: Bencher<'_, '_>) {
    let (before, after) = (text(120, 80, 0), text(120, 80, 0x5bd1_e995));
    bencher.bench(|| diff(&before, &after, NOW).map(|found| found.counts));
}

#[divan::bench]
fn rules_200_clauses(bencher: Bencher<'_, '_>) {
    let text = text(120, 80, 0);
    bencher.bench(|| Rules::new(&text));
}
