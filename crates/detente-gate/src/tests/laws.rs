//! What holds of every text: clauses are drawn at random, and a second reading of them, written
//! apart from the gate's, must agree with it on every cell.

use std::collections::BTreeMap;

use detente_core::act::ObjectFacts;
use detente_core::{Kind, Pap, Purpose, Tlp, UnixSeconds};
use proptest::prelude::*;

use super::{Allow, Ban, Draft, More, NOW, accord, ask, question};
use crate::{Cell, Exposure, Verdict, decide, exposure};

const SIDES: [(&str, &str); 7] =
    [("*", "*"), ("A", "*"), ("*", "B"), ("A", "B"), ("B", "A"), ("C", "*"), ("B", "C")];
const LABELS: [&str; 3] = ["victim", "insider", "État"];

fn tlp() -> impl Strategy<Value = Tlp> {
    proptest::sample::select(Tlp::ALL.to_vec())
}

fn kinds(least: usize) -> impl Strategy<Value = Vec<Kind>> {
    proptest::sample::subsequence(Kind::ALL.to_vec(), least..6)
}

/// What a rule asks of the other facts: mostly nothing.
fn more() -> impl Strategy<Value = More> {
    use proptest::sample::{select, subsequence};
    let categories =
        prop_oneof![3 => Just(Vec::new()), 1 => subsequence(vec!["power", "water"], 1..3)];
    let threats = vec!["A", "B", "third", "unknown"];
    let threat = prop_oneof![3 => Just(Vec::new()), 1 => subsequence(threats, 1..3)];
    let purposes = subsequence(Purpose::ALL.to_vec(), 1..3);
    let purposes = prop_oneof![3 => Just(Vec::new()), 1 => purposes];
    let pap = prop_oneof![3 => Just(None), 1 => select(Pap::ALL).prop_map(Some)];
    (categories, threat, purposes, pap).prop_map(|(categories, threat, purposes, pap)| More {
        categories,
        threat,
        purposes,
        pap,
    })
}

fn permit() -> impl Strategy<Value = Allow> {
    let cap = proptest::option::of((1u64..4, proptest::option::of(1u64..500)));
    let expires = proptest::option::of(proptest::sample::select(vec!["2020-01-01", "2029-01-01"]));
    let sides = proptest::sample::select(SIDES.to_vec());
    let more = (more(), proptest::bool::weighted(0.1));
    (sides, kinds(1), any::<bool>(), tlp(), cap, expires, more).prop_map(
        |((from, to), kinds, matched, max_tlp, cap, expires, (more, listed))| Allow {
            from,
            to,
            kinds,
            matched,
            max_tlp,
            cap,
            expires,
            more,
            listed,
        },
    )
}

fn prohibition() -> impl Strategy<Value = Ban> {
    let labels = proptest::sample::subsequence(LABELS.to_vec(), 0..3);
    let sides = proptest::sample::select(SIDES.to_vec());
    (sides, kinds(0), labels, proptest::option::of(tlp()), more()).prop_map(
        |((from, to), kinds, labels, min_tlp, more)| Ban { from, to, kinds, labels, min_tlp, more },
    )
}

/// Clauses with numbers that are given in no order.
fn clauses() -> impl Strategy<Value = Vec<Draft>> {
    let rules =
        (proptest::collection::vec(permit(), 0..5), proptest::collection::vec(prohibition(), 0..4));
    rules
        .prop_flat_map(|(permits, bans)| {
            let numbers: Vec<String> =
                ["1", "2", "2.1", "2.10", "2.9", "3", "10", "11"].map(str::to_owned).to_vec();
            (Just(permits), Just(bans), Just(numbers).prop_shuffle())
        })
        .prop_map(|(permits, bans, numbers)| {
            let mut numbers = numbers.into_iter();
            let mut next = || numbers.next().expect("eight numbers for at most seven rules");
            let mut all: Vec<Draft> =
                permits.into_iter().map(|rule| Draft::Allow(next(), rule)).collect();
            all.extend(bans.into_iter().map(|rule| Draft::Ban(next(), rule)));
            all
        })
        .prop_filter("a text has a clause", |all| !all.is_empty())
}

/// The second reading: nothing shared with the gate, nothing clever.
fn is_open(clauses: &[Draft], cell: &Cell) -> bool {
    let on_side = |side: &str, party: &str| side == "*" || side == party;
    let here = |from, to| on_side(from, &cell.direction.from) && on_side(to, &cell.direction.to);
    let forbidden = clauses.iter().any(|clause| match clause {
        Draft::Ban(_, rule) => {
            here(rule.from, rule.to)
                && (rule.kinds.is_empty() || rule.kinds.contains(&cell.kind))
                && (rule.labels.is_empty()
                    || cell.label.as_deref().is_some_and(|label| rule.labels.contains(&label)))
                && rule.min_tlp.is_none_or(|min| cell.tlp.code() >= min.code())
            // The other facts are unknown in this table: what asks for one covers the cell.
        }
        _ => false,
    });
    let permitted = clauses.iter().any(|clause| match clause {
        Draft::Allow(_, rule) => {
            here(rule.from, rule.to)
                && rule.kinds.contains(&cell.kind)
                && (cell.matched || !rule.matched)
                && cell.tlp.code() <= rule.max_tlp.code()
                && rule.expires != Some("2020-01-01")
                && rule.more.categories.is_empty()
                && rule.more.purposes.is_empty()
                && rule.more.pap.is_none()
                && (rule.more.threat.is_empty() || rule.more.threat.contains(&"unknown"))
                && !rule.listed
        }
        _ => false,
    });
    permitted && !forbidden
}

/// Whether every cell that is open in `after` was open in `before`. A label that only one of the
/// texts names has a cell of its own in that table alone; in the other it is one of "every other".
fn shuts_only(before: &Exposure, after: &Exposure) -> bool {
    let key = |cell: &Cell, label: &Option<String>| {
        let Cell { direction, kind, tlp, matched, .. } = cell;
        format!("{direction:?} {kind} {tlp} {matched} {label:?}")
    };
    let index = |table: &Exposure| -> BTreeMap<String, bool> {
        let open = |cell: &Cell| matches!(cell.verdict, Verdict::Allow(_));
        let cells = table.cells.iter();
        cells.map(|cell| (key(cell, &cell.label), open(cell))).collect()
    };
    let (was, is) = (index(before), index(after));
    let open = |index: &BTreeMap<String, bool>, cell: &Cell| {
        let own = index.get(&key(cell, &cell.label));
        *own.unwrap_or_else(|| &index[&key(cell, &None)])
    };
    let mut cells = before.cells.iter().chain(&after.cells);
    cells.all(|cell| open(&was, cell) || !open(&is, cell))
}

fn object() -> impl Strategy<Value = ObjectFacts> {
    let labels = proptest::sample::subsequence(vec!["INSIDER", "other", "victim", "état"], 0..4);
    (proptest::sample::select(Kind::ALL.to_vec()), tlp(), any::<bool>(), labels).prop_map(
        |(kind, tlp, marking_unknown, labels)| ObjectFacts {
            object: detente_core::ObjectKind::Indicator,
            handling: detente_core::Handling::default(),
            kind,
            tlp,
            marking_unknown,
            labels: labels.into_iter().map(str::to_owned).collect(),
            bytes: 1,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_table_agrees_with_a_second_reading(clauses in clauses()) {
        for cell in exposure(&accord(&clauses), NOW).cells {
            let open = matches!(cell.verdict, Verdict::Allow(_));
            prop_assert_eq!(open, is_open(&clauses, &cell), "{:?}", cell);
        }
    }

    #[test]
    fn a_prohibition_never_opens_a_cell_and_a_permission_never_shuts_one(
        clauses in clauses(), ban in prohibition(), permit in permit(),
    ) {
        let before = exposure(&accord(&clauses), NOW);
        let with = |clause: Draft| exposure(&accord(&[clauses.as_slice(), &[clause]].concat()), NOW);
        prop_assert!(shuts_only(&before, &with(Draft::Ban("12".to_owned(), ban))));
        prop_assert!(shuts_only(&with(Draft::Allow("13".to_owned(), permit)), &before));
    }

    #[test]
    fn the_order_of_clauses_does_not_matter(
        (clauses, shuffled) in clauses()
            .prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
    ) {
        // Verdicts with their clauses and reasons, not only whether a cell is open.
        prop_assert_eq!(
            exposure(&accord(&clauses), NOW),
            exposure(&accord(&shuffled), NOW)
        );
    }

    #[test]
    fn what_leaves_has_a_known_marking_and_a_clause_that_permits_it(
        clauses in clauses(), object in object(), matched in any::<bool>(),
    ) {
        let accord = accord(&clauses);
        let mut question = question(&accord, &object);
        question.matched = matched;
        if let Verdict::Allow(allowance) = decide(&question) {
            prop_assert!(!object.marking_unknown);
            let named = clauses.iter().find_map(|clause| match clause {
                Draft::Allow(id, rule) if **id == *allowance.clause => Some(rule),
                _ => None,
            });
            let rule = named.expect("a permission has this number");
            prop_assert!(rule.kinds.contains(&object.kind) && object.tlp <= rule.max_tlp);
            prop_assert!(matched || !rule.matched);
        }
    }

    /// An object with several labels leaves if each of its labels' cells and the cell without a
    /// label are open: the table leaves nothing out.
    #[test]
    fn the_table_tells_what_becomes_of_an_object(clauses in clauses(), mut object in object()) {
        object.marking_unknown = false;
        let accord = accord(&clauses);
        let table = exposure(&accord, NOW);
        let open = table.cells.iter().filter(|cell| {
            let here = cell.direction.from == "A" && cell.direction.to == "B" && cell.matched;
            let own = cell.label.as_ref().is_none_or(|label| {
                object.labels.iter().any(|own| own.to_lowercase() == label.to_lowercase())
            });
            here && own && cell.kind == object.kind && cell.tlp == object.tlp
        });
        let leaves = open.clone().all(|cell| matches!(cell.verdict, Verdict::Allow(_)));
        prop_assert!(open.count() >= 1);
        prop_assert_eq!(matches!(ask(&accord, &object), Verdict::Allow(_)), leaves);
    }

    #[test]
    fn time_only_shuts(clauses in clauses(), later in 0u64..200_000_000) {
        let accord = accord(&clauses);
        let now = UnixSeconds::new(NOW.get() + later);
        let (before, after) = (exposure(&accord, NOW), exposure(&accord, now));
        prop_assert!(shuts_only(&before, &after));
    }
}
