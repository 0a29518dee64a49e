//! The table says what the gate says, counts exactly, and is not led astray.

use std::collections::BTreeSet;

use detente_core::{Kind, Tlp, UnixSeconds};

use super::{Allow, Ban, Draft, More, NOW, accord, allow, ban, only};
use crate::{Asked, Axis, BadQuestion, Dimension, Turn, ask, diff, exposure};

/// Cells of one direction: objects, colours, PAP, matched, categories, threats, purposes, receivers.
const CELLS: u64 = 18 * 5 * 5 * 2 * 2 * 5 * 7 * 2;

fn permit(id: &str, rule: Allow) -> Draft {
    Draft::Allow(id.to_owned(), rule)
}

fn forbid(id: &str, rule: Ban) -> Draft {
    Draft::Ban(id.to_owned(), rule)
}

fn place(axis: Axis) -> usize {
    Axis::ALL.iter().position(|known| *known == axis).unwrap()
}

#[test]
fn cells_are_counted_exactly() {
    let labelled = |labels| Ban { labels, ..ban() };
    let accord = accord(&[
        permit("1", allow()),
        forbid("2", labelled(vec!["victim", "insider"])),
        forbid("3", labelled(vec!["victim"])),
    ]);
    let table = exposure(&accord, NOW).unwrap();
    assert_eq!(table.cells, 6 * CELLS * 3, "two labels and none");
    // Domains up to amber, in six directions, without a forbidden label.
    assert_eq!(table.open, 6 * CELLS / 18 * 3 / 5);
    assert_eq!(table.regions.len(), 1);
    let region = &table.regions[0];
    assert_eq!((region.cells, region.clauses.len()), (table.open, 1));
    let said = |axis| region.values[place(axis)].clone();
    assert_eq!(said(Axis::Direction), None);
    assert_eq!(said(Axis::Of(Dimension::Object)), Some(vec!["domain".to_owned()]));
    assert_eq!(said(Axis::Of(Dimension::Tlp)).unwrap().len(), 3);
    assert_eq!(said(Axis::Label), Some(vec!["none of these".to_owned()]));
}

#[test]
fn a_text_without_permission_opens_nothing() {
    let table = exposure(&accord(&[Draft::Match("1".to_owned())]), NOW).unwrap();
    assert_eq!((table.cells, table.open, table.regions.len()), (6 * CELLS, 0, 0));
}

#[test]
fn caps_are_taken_as_unused_and_expiry_as_of_the_day_asked() {
    let rule =
        Allow { cap: Some((1, Some(1))), expires: Some("2028-01-01"), matched: true, ..allow() };
    let accord = only(rule);
    let open = |now| exposure(&accord, now).unwrap().open;
    assert_eq!(open(NOW), 6 * CELLS / 18 * 3 / 5 / 2);
    assert_eq!(open(UnixSeconds::parse("2028-01-01").unwrap()), 0);
}

#[test]
fn a_permission_behind_another_is_not_named() {
    let wide = Allow { kinds: vec![Kind::Domain, Kind::Url], ..allow() };
    let table = exposure(&accord(&[permit("2", allow()), permit("1", wide)]), NOW).unwrap();
    let named: BTreeSet<&str> =
        table.regions.iter().flat_map(|r| &r.clauses).map(|c| &**c).collect();
    assert_eq!(named, BTreeSet::from(["1"]));
}

#[test]
fn a_difference_is_what_opens_and_what_closes() {
    let old = accord(&[permit("1", allow()), forbid("2", Ban { labels: vec!["victim"], ..ban() })]);
    let wide = Allow { max_tlp: Tlp::AmberStrict, to: "B", ..allow() };
    let new = accord(&[permit("7", wide)]);
    let found = diff(&old, &new, NOW).unwrap();
    assert_eq!(found.cells, 6 * CELLS * 2);
    let cell = CELLS / 18 / 5;
    // To B: one colour more without the label, four more with it. To A and C: three colours less.
    assert_eq!(found.counts, [2 * cell * 5, 4 * cell * 3, 0]);
    let sum = |turn| {
        let of = found.regions.iter().filter(|region| region.turn == turn);
        of.map(|region| region.cells).sum::<u64>()
    };
    assert_eq!([sum(Turn::Opens), sum(Turn::Closes), 0], found.counts);
    assert!(found.regions.iter().all(|region| match region.turn {
        Turn::Opens => region.before.is_empty() && &*region.after[0] == "7",
        Turn::Closes => &*region.before[0] == "1" && region.after.is_empty(),
        Turn::Changes => false,
    }));
    let same = diff(&old, &old, NOW).unwrap();
    assert_eq!((same.counts, same.regions.len()), ([0; 3], 0));
}

fn asked(words: &[(&str, &str)]) -> Asked {
    let own = |(axis, value): &(&str, &str)| ((*axis).to_owned(), (*value).to_owned());
    Asked { words: words.iter().map(own).collect() }
}

#[test]
fn one_question_has_one_answer() {
    let more = More { categories: vec!["power"], ..More::default() };
    let text = accord(&[
        permit("1", Allow { from: "A", to: "B", matched: true, more, ..allow() }),
        forbid("2", Ban { labels: vec!["Victim"], ..ban() }),
    ]);
    let open = |words: &[(&str, &str)]| {
        let answer = ask(&text, &asked(words), NOW).unwrap().table;
        (answer.open > 0, answer.open == answer.cells)
    };
    let all = [("from", "A"), ("kind", "domain"), ("tlp", "TLP:AMBER"), ("matched", "yes")];
    let whole = [&all[..], &[("to", "b"), ("category", "power")]].concat();
    assert_eq!(open(&whole), (true, false), "a label may be on it");
    let plain = [&whole[..], &[("label", "apt")]].concat();
    assert_eq!(open(&plain), (true, true));
    assert_eq!(open(&[&plain[..], &[("label", "VICTIM ")]].concat()), (false, false));
    assert_eq!(open(&[&all[..], &[("to", "C")]].concat()), (false, false));
    assert_eq!(open(&[&all[..], &[("category", "unknown")]].concat()), (false, false));
    assert_eq!(open(&[("tlp", "red")]), (false, false));
    assert_eq!(open(&[("tlp", "red"), ("tlp", "green")]), (true, false));
    let answer = ask(&text, &asked(&[&plain[..], &[("label", "victim")]].concat()), NOW).unwrap();
    assert_eq!((&*answer.permits[0], &*answer.forbids[0]), ("1", "2"));
    let answer = ask(&text, &asked(&plain), NOW).unwrap();
    assert_eq!((answer.permits.len(), answer.forbids.len()), (1, 0));
    let bad = |words: &[(&str, &str)]| ask(&text, &asked(words), NOW).unwrap_err();
    assert!(matches!(bad(&[("colour", "red")]), BadQuestion::Axis { .. }));
    let fault = bad(&[("tlp", "mauve")]).to_string();
    assert!(fault.contains("amber+strict"), "{fault}");
    assert!(matches!(bad(&[("to", "Z")]), BadQuestion::Value { .. }));
}

/// A text made to be costly: prohibitions that each cut every axis otherwise.
#[test]
fn a_text_made_to_be_costly_is_computed_or_refused() {
    let bans = (0..60u32).map(|n| {
        let kinds = Kind::ALL.into_iter().enumerate();
        let kinds = kinds.filter(|(at, _)| (n * 7 + 3) >> (at % 5) & 1 == 1).map(|(_, k)| k);
        let label = ["a", "b", "c", "d", "e", "f"][n as usize % 6];
        let rule = Ban { kinds: kinds.collect(), labels: vec![label], ..ban() };
        forbid(&format!("{}", n + 2), rule)
    });
    let all: Vec<Draft> = std::iter::once(permit("1", allow())).chain(bans).collect();
    assert!(exposure(&accord(&all), NOW).is_ok());
}
