//! What holds of every text: clauses are drawn at random, and a second reading of them, written
//! apart from the gate's, must agree with it on every cell.

use detente_accord::Accord;
use detente_core::act::ObjectFacts;
use detente_core::{Handling, Kind, ObjectKind, Pap, Purpose, Tlp, UnixSeconds, Whose};
use detente_state::Released;
use proptest::prelude::*;

use super::{Allow, Ban, Draft, More, NOW, accord, ask, facts, id, question};
use crate::diagram::Diagram;
use crate::exposure::exposure_of;
use crate::layout::{Axis, Layout, Wanted};
use crate::rules::Rules;
use crate::space::{Dimension, Space, fold};
use crate::{Question, Turn, Verdict, decide, diff, exposure};

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
            transforms: Vec::new(),
            ratio: None,
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
pub(super) fn clauses() -> impl Strategy<Value = Vec<Draft>> {
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

/// One cell of a table, as the test sees it.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    pub(super) from: &'static str,
    pub(super) to: &'static str,
    pub(super) matched: bool,
    pub(super) facts: ObjectFacts,
}

/// The second reading: nothing shared with the gate, nothing clever.
fn is_open(clauses: &[Draft], cell: &Cell) -> bool {
    let on_side = |side: &str, party: &str| side == "*" || side == party;
    let here = |from, to| on_side(from, cell.from) && on_side(to, cell.to);
    let (facts, handling) = (&cell.facts, &cell.facts.handling);
    let indicator = facts.object == ObjectKind::Indicator;
    let threat = match handling.threat {
        None => "unknown",
        Some(whose) => match SIDE_IDS.iter().find(|handle| whose == Whose::Party(id(handle))) {
            Some(handle) => handle,
            None => "third",
        },
    };
    let forbidden = clauses.iter().any(|clause| match clause {
        Draft::Ban(_, rule) => {
            let more = &rule.more;
            here(rule.from, rule.to)
                && indicator
                && (rule.kinds.is_empty() || rule.kinds.contains(&facts.kind))
                && (rule.labels.is_empty()
                    || facts.labels.iter().any(|label| rule.labels.contains(&label.as_str())))
                && rule.min_tlp.is_none_or(|min| facts.tlp.code() >= min.code())
                && more
                    .pap
                    .is_none_or(|min| handling.pap.is_none_or(|pap| pap.code() >= min.code()))
                && (more.threat.is_empty() || threat == "unknown" || more.threat.contains(&threat))
                && (more.categories.is_empty()
                    || handling
                        .category
                        .as_deref()
                        .is_none_or(|word| more.categories.contains(&word)))
                && (more.purposes.is_empty()
                    || handling.purpose.is_none_or(|one| more.purposes.contains(&one)))
        }
        _ => false,
    });
    let permitted = clauses.iter().any(|clause| match clause {
        Draft::Allow(_, rule) => {
            let more = &rule.more;
            here(rule.from, rule.to)
                && indicator
                && rule.kinds.contains(&facts.kind)
                && (cell.matched || !rule.matched)
                && facts.tlp.code() <= rule.max_tlp.code()
                && rule.expires != Some("2020-01-01")
                && more
                    .pap
                    .is_none_or(|max| handling.pap.is_some_and(|pap| pap.code() <= max.code()))
                && (more.threat.is_empty() || more.threat.contains(&threat))
                && (more.categories.is_empty()
                    || handling
                        .category
                        .as_deref()
                        .is_some_and(|word| more.categories.contains(&word)))
                && (more.purposes.is_empty()
                    || handling.purpose.is_some_and(|one| more.purposes.contains(&one)))
                && (!rule.listed || handling.releasable.is_some())
        }
        _ => false,
    });
    permitted && !forbidden
}

const SIDE_IDS: [&str; 3] = ["A", "B", "C"];

/// A cell of the space by its values.
fn cell_of(space: &Space, at: &[(Axis, usize)]) -> Cell {
    let mut cell =
        Cell { from: "", to: "", matched: false, facts: ObjectFacts { bytes: 1, ..facts() } };
    let handling = &mut cell.facts.handling;
    for (axis, value) in at {
        let value = *value;
        let party = |at: usize| space.parties.get(at).map(|(id, _)| *id);
        match axis {
            Axis::Direction => {
                let parties = space.parties.len();
                (cell.from, cell.to) = (SIDE_IDS[value / parties], SIDE_IDS[value % parties]);
            }
            Axis::Label if value == 0 => {}
            Axis::Label => {
                // Folded in the space; the text has it as one of these.
                let word = &space.labels[value - 1];
                let named = LABELS.iter().find(|label| fold(label) == *word).unwrap();
                cell.facts.labels.push((*named).to_owned());
            }
            Axis::Of(dimension) => match dimension {
                Dimension::From | Dimension::To => unreachable!("a direction is one axis"),
                Dimension::Object => match Kind::ALL.get(value) {
                    Some(kind) => cell.facts.kind = *kind,
                    None => cell.facts.object = ObjectKind::ALL[value + 1 - Kind::ALL.len()],
                },
                Dimension::Tlp => cell.facts.tlp = Tlp::ALL[value],
                Dimension::Pap => handling.pap = Pap::ALL.get(value).copied(),
                Dimension::Matched => cell.matched = value == 1,
                Dimension::Category => {
                    handling.category = match value.checked_sub(space.categories.len()) {
                        None => Some(space.categories[value].clone()),
                        Some(0) => Some("something else".to_owned()),
                        Some(_) => None,
                    }
                }
                Dimension::Threat => {
                    handling.threat = match value.checked_sub(space.parties.len()) {
                        None => party(value).map(Whose::Party),
                        Some(0) => Some(Whose::Third),
                        Some(_) => None,
                    }
                }
                Dimension::Purpose => handling.purpose = Purpose::ALL.get(value).copied(),
                Dimension::Releasable => {
                    handling.releasable =
                        (value == 1).then(|| SIDE_IDS.iter().map(|handle| id(handle)).collect());
                }
            },
        }
    }
    cell
}

/// One cell for each way to choose an atom of each axis, with what the diagram says of it: whether
/// it is open, and the clause. `pick` chooses among the values of an atom.
pub(super) fn atoms(text: &Accord, pick: usize) -> Vec<(Cell, Option<String>)> {
    let rules = Rules::new(text);
    let layout = Layout::new(&rules.space, &[&rules], &Wanted::new());
    let diagram = Diagram::build(&layout, 0, (rules.alive(NOW), &rules.forms())).unwrap();
    let patches = diagram.graph.patches(diagram.root, &layout).unwrap();
    let mut chosen: Vec<Vec<usize>> = vec![Vec::new()];
    for level in &layout.levels {
        let next = |had: Vec<usize>| {
            (0..level.atoms.len()).map(move |atom| [had.as_slice(), &[atom]].concat())
        };
        chosen = chosen.into_iter().flat_map(next).collect();
    }
    let cells = chosen.into_iter().map(|atoms| {
        let mut hits = patches.iter().filter(|patch| {
            let mut pairs = patch.atoms.iter().zip(&atoms);
            pairs.all(|(own, atom)| own.as_ref().is_none_or(|own| own.contains(atom)))
        });
        let clause = hits.next().map(|patch| {
            let first = diagram.permits(patch.leaf)[0];
            rules.permits.clauses[first].to_string()
        });
        assert!(hits.next().is_none(), "two regions share a cell");
        let values = layout.levels.iter().zip(&atoms).map(|(level, atom)| {
            let values = &level.atoms[*atom].values;
            (level.axis, values[pick % values.len()])
        });
        (cell_of(&rules.space, &values.collect::<Vec<_>>()), clause)
    });
    cells.collect()
}

fn verdict(text: &Rules, cell: &Cell) -> Verdict {
    decide(&Question {
        held: &|_| None,
        rules: Ok(text),
        stopped_by: None,
        from: cell.from,
        to: cell.to,
        facts: &cell.facts,
        matched: cell.matched,
        consent: Err(detente_state::ConsentGap::Missing),
        now: NOW,
        used: &|_, _| Released::default(),
        came: &|_| 0,
        size: &|_| 1,
        under: None,
    })
}

fn opens(text: &Accord, cell: &Cell) -> bool {
    matches!(verdict(&Rules::new(text), cell), Verdict::Allow(_))
}

fn handling() -> impl Strategy<Value = Handling> {
    use proptest::option::of;
    use proptest::sample::select;
    let category = of(select(vec!["power", "water", "other"]));
    let whose = vec![Whose::Third, Whose::Party(id("A")), Whose::Party(id("B"))];
    let listed = select(vec![vec![id("A")], vec![id("B")], vec![id("A"), id("B"), id("C")]]);
    let listed = prop_oneof![4 => Just(None), 1 => listed.prop_map(Some)];
    let originator = proptest::option::weighted(0.1, select(whose.clone()));
    (
        category,
        of(select(Pap::ALL)),
        of(select(whose)),
        of(select(Purpose::ALL)),
        listed,
        originator,
    )
        .prop_map(|(category, pap, threat, purpose, releasable, originator)| Handling {
            category: category.map(str::to_owned),
            pap,
            threat,
            purpose,
            releasable,
            originator,
        })
}

fn object() -> impl Strategy<Value = ObjectFacts> {
    let labels = proptest::sample::subsequence(vec!["INSIDER", "other", "victim", "état"], 0..4);
    let closed = proptest::bool::weighted(0.2);
    (proptest::sample::select(Kind::ALL.to_vec()), tlp(), closed, labels, handling()).prop_map(
        |(kind, tlp, marking_unknown, labels, handling)| ObjectFacts {
            object: ObjectKind::Indicator,
            handling,
            kind,
            tlp,
            marking_unknown,
            labels: labels.into_iter().map(str::to_owned).collect(),
            bytes: 1,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// The plain verdict, the diagram and the second reading agree on every cell, and the first two
    /// on the clause.
    #[test]
    fn the_table_agrees_with_the_gate_and_with_a_second_reading(
        clauses in clauses(), pick in 0usize..1000,
    ) {
        let text = accord(&clauses);
        let rules = Rules::new(&text);
        for (cell, clause) in atoms(&text, pick) {
            prop_assert_eq!(clause.is_some(), is_open(&clauses, &cell), "{:?}", cell);
            let named = match verdict(&rules, &cell) {
                Verdict::Allow(allowance) => Some(allowance.clause.to_string()),
                Verdict::Deny(_) => None,
            };
            prop_assert_eq!(clause, named, "{:?}", cell);
        }
    }

    #[test]
    fn a_prohibition_never_opens_a_cell_and_a_permission_never_shuts_one(
        clauses in clauses(), ban in prohibition(), permit in permit(),
    ) {
        let text = accord(&clauses);
        let with = |clause: Draft| accord(&[clauses.as_slice(), &[clause]].concat());
        let narrower = diff(&text, &with(Draft::Ban("12".to_owned(), ban)), NOW).unwrap();
        prop_assert_eq!(narrower.counts[0], 0);
        let wider = diff(&text, &with(Draft::Allow("13".to_owned(), permit)), NOW).unwrap();
        prop_assert_eq!(wider.counts[1], 0);
    }

    /// A difference is the difference of two tables, cell for cell.
    #[test]
    fn a_difference_is_exact(one in clauses(), two in clauses()) {
        let (one, two) = (accord(&one), accord(&two));
        let found = diff(&one, &two, NOW).unwrap();
        let back = diff(&two, &one, NOW).unwrap();
        prop_assert_eq!(found.counts[0], back.counts[1]);
        prop_assert_eq!(found.counts[1], back.counts[0]);
        let sum = |turn| {
            let of = found.regions.iter().filter(|region| region.turn == turn);
            of.map(|region| region.cells).sum::<u64>()
        };
        prop_assert_eq!([sum(Turn::Opens), sum(Turn::Closes), sum(Turn::Changes)], found.counts);
        let space = Space::of(&[&two, &one]);
        let opened = |text: &Accord| {
            let rules = Rules::within(text, space.clone());
            exposure_of(&rules, &Wanted::new(), NOW).unwrap().open
        };
        let (before, after) = (opened(&one), opened(&two));
        prop_assert_eq!(before + found.counts[0], after + found.counts[1]);
    }

    #[test]
    fn the_order_of_clauses_does_not_matter(
        (clauses, shuffled) in clauses()
            .prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
        object in object(), matched in any::<bool>(),
    ) {
        let (one, other) = (accord(&clauses), accord(&shuffled));
        prop_assert_eq!(exposure(&one, NOW), exposure(&other, NOW));
        // Verdicts with their clauses and reasons, not only whether it may leave.
        let ask = |text: &Accord| {
            let mut question = question(text, &object);
            question.matched = matched;
            decide(&question)
        };
        prop_assert_eq!(ask(&one), ask(&other));
    }

    /// What is known of an object less, or marked more closed, never lets it go.
    #[test]
    fn what_is_unknown_or_closed_never_opens(
        clauses in clauses(), object in object(), forget in 0usize..7,
    ) {
        let text = accord(&clauses);
        let mut less = object.clone();
        match forget {
            0 => less.handling.category = None,
            1 => less.handling.pap = None,
            2 => less.handling.purpose = None,
            3 => less.handling.releasable = Some(Vec::new()),
            4 => less.handling.originator = Some(Whose::Third),
            5 => less.marking_unknown = true,
            _ => less.tlp = Tlp::Red,
        }
        let allows = |facts: &ObjectFacts| matches!(ask(&text, facts), Verdict::Allow(_));
        prop_assert!(allows(&object) || !allows(&less));
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
    fn the_table_tells_what_becomes_of_an_object(clauses in clauses(), object in object()) {
        let text = accord(&clauses);
        let cell = |labels: Vec<String>| Cell {
            from: "A",
            to: "B",
            matched: true,
            facts: ObjectFacts { labels, ..object.clone() },
        };
        let own = object.labels.iter().map(|label| vec![label.clone()]);
        let all = own.chain([Vec::new()]).all(|labels| opens(&text, &cell(labels)));
        // A cap may be smaller than one object: the table tells what is permitted, not how much.
        let permitted = match ask(&text, &object) {
            Verdict::Allow(_) => true,
            Verdict::Deny(denial) => denial.code() == "cap_reached",
        };
        prop_assert_eq!(permitted, all);
    }

    #[test]
    fn time_only_shuts(clauses in clauses(), later in 0u64..200_000_000) {
        let accord = accord(&clauses);
        let now = UnixSeconds::new(NOW.get() + later);
        let (before, after) = (exposure(&accord, NOW).unwrap(), exposure(&accord, now).unwrap());
        prop_assert!(after.open <= before.open);
    }
}
