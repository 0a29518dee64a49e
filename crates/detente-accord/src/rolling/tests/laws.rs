//! What holds for any acts in any order.

use std::collections::{BTreeMap, BTreeSet};

use detente_core::PartyId;
use proptest::prelude::*;

use super::{A, B, Change, Choice, Rolling, change, key};

/// Texts of a head, some of four clauses in two wordings each, and an exit.
fn text() -> impl Strategy<Value = String> {
    (prop::collection::vec(0_u8..3, 4), any::<bool>(), any::<bool>()).prop_map(
        |(clauses, turned, blank)| {
            let mut units: Vec<String> = clauses
                .iter()
                .enumerate()
                .filter(|(_, wording)| **wording > 0)
                .map(|(n, wording)| clause(n, *wording))
                .collect();
            if turned {
                units.reverse();
            }
            let end = if blank { "" } else { "\n" };
            format!("format = 1\n{}\n[exit]\nnotice = 1{end}", units.concat())
        },
    )
}

fn clause(n: usize, wording: u8) -> String {
    format!("\n[[clause]]\nid = \"{}\"\nprose.en = \"says {wording}\"\n", n + 1)
}

#[derive(Clone, Debug)]
enum Act {
    Propose(String),
    Change(Vec<Change>),
    LetGo(usize),
    Hold(usize, u8),
}

const BASE: &str = "format = 1\n\n[[clause]]\nid = \"1\"\nprose.en = \"says 0\"\n\n[[clause]]\n\
    id = \"2\"\nprose.en = \"says 0\"\n\n[exit]\nnotice = 1\n";

fn act() -> impl Strategy<Value = Act> {
    let changes =
        (0_usize..2, prop::collection::btree_set(0_u8..4, 0..3)).prop_map(|(n, offers)| {
            let options: Vec<Option<String>> =
                offers.iter().map(|wording| (*wording > 0).then(|| clause(n, *wording))).collect();
            let options: Vec<Option<&str>> = options.iter().map(Option::as_deref).collect();
            Act::Change(vec![change(
                &format!("clause {}", n + 1),
                Some(&clause(n, 0)),
                &options,
                &[],
            )])
        });
    prop_oneof![
        text().prop_map(Act::Propose),
        changes,
        (0_usize..2).prop_map(Act::LetGo),
        (0_usize..4, 1_u8..3).prop_map(|(n, wording)| Act::Hold(n, wording)),
    ]
}

fn apply(rolling: &mut Rolling, by: PartyId, act: &Act) {
    let clause_key = |n: &usize| key(&format!("clause {}", n + 1));
    match act {
        Act::Propose(text) => rolling.propose(by, Some(BASE), text),
        Act::Change(changes) => rolling.change(by, changes),
        Act::LetGo(n) => rolling.let_go(by, &[clause_key(n)]),
        Act::Hold(n, wording) => rolling.hold(by, &clause(*n, *wording), Some(&[clause_key(n)])),
    }
    .unwrap();
}

/// Both parties hold the base.
fn start() -> Rolling {
    let mut rolling = Rolling::new(&[A, B]);
    rolling.propose(A, None, BASE).unwrap();
    rolling.hold(B, BASE, None).unwrap();
    rolling
}

type Held = BTreeMap<String, BTreeMap<PartyId, (BTreeSet<Choice>, BTreeSet<Choice>)>>;

fn held(rolling: &Rolling) -> Held {
    let slots = rolling.slots.iter().map(|slot| {
        let stands = slot.stands.iter().map(|(party, stand)| {
            let holds = stand.holds.iter().copied().collect();
            (*party, (holds, stand.reserved.iter().copied().collect()))
        });
        (slot.key.to_string(), stands.collect())
    });
    slots.collect()
}

proptest! {
    /// What both do without knowing of each other gives the same in any order.
    #[test]
    fn concurrent_acts_commute(
        ours in prop::collection::vec(act(), 0..4),
        theirs in prop::collection::vec(act(), 0..4),
        turns in prop::collection::vec(any::<bool>(), 8),
    ) {
        let mut one = start();
        ours.iter().for_each(|act| apply(&mut one, A, act));
        theirs.iter().for_each(|act| apply(&mut one, B, act));
        let mut other = start();
        let (mut ours, mut theirs) = (ours.iter(), theirs.iter());
        for turn in turns {
            let (by, act) = if turn { (A, ours.next()) } else { (B, theirs.next()) };
            act.into_iter().for_each(|act| apply(&mut other, by, act));
        }
        theirs.for_each(|act| apply(&mut other, B, act));
        ours.for_each(|act| apply(&mut other, A, act));
        prop_assert_eq!(held(&one), held(&other));
        let closed = |rolling: &Rolling| -> BTreeSet<String> {
            rolling.open().iter().map(|open| open.unit.to_string()).collect()
        };
        prop_assert_eq!(closed(&one), closed(&other));
    }

    /// Acts of one side never change what the other holds.
    #[test]
    fn nothing_that_a_party_offers_is_lost_by_another(
        ours in prop::collection::vec(act(), 1..4),
        theirs in prop::collection::vec(act(), 1..6),
    ) {
        let mut rolling = start();
        ours.iter().for_each(|act| apply(&mut rolling, A, act));
        let own = |rolling: &Rolling| -> Vec<_> {
            let held = held(rolling).into_iter();
            held.filter_map(|(unit, mut stands)| Some((unit, stands.remove(&A)?))).collect()
        };
        let before = own(&rolling);
        theirs.iter().for_each(|act| apply(&mut rolling, B, act));
        prop_assert_eq!(own(&rolling), before);
        for slot in &rolling.slots {
            let stands = slot.stands.values();
            for choice in stands.flat_map(|stand| stand.holds.iter().chain(&stand.reserved)) {
                prop_assert!(slot.offered.contains(choice));
                if let Choice::Text(_) = choice {
                    prop_assert!(rolling.content(&slot.key, *choice).is_some());
                }
            }
        }
        let _ = rolling.view(None);
    }

    /// Whatever went before, a text that both hold is the clean text, byte for byte.
    #[test]
    fn equal_holdings_give_the_text(
        acts in prop::collection::vec((any::<bool>(), act()), 0..6),
        text in text(),
    ) {
        let mut rolling = start();
        for (ours, act) in &acts {
            apply(&mut rolling, if *ours { A } else { B }, act);
        }
        rolling.hold(A, &text, None).unwrap();
        rolling.hold(B, &text, None).unwrap();
        prop_assert_eq!(rolling.clean(), Ok(text.clone()));
        let mut fresh = Rolling::new(&[A, B]);
        fresh.propose(B, None, &text).unwrap();
        fresh.propose(A, None, &text).unwrap();
        prop_assert_eq!(fresh.clean(), Ok(text));
    }
}
