//! All engines through the one interface: each finds what a plain comparison of the lists finds.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{Engine, Outcome, Session, VoleOptions};
use crate::item::{Item, Seed};
use crate::params::{Learn, Mode, Params, Role};
use detente_lookup::{FilterWriter, Key, Shape, dummies};

const CONTEXT: [u8; 32] = [5; 32];
const KEY_SECRET: [u8; 32] = [6; 32];

/// Two lists and the lengths that they show.
#[derive(Clone, Debug)]
struct Lists {
    own: Vec<Vec<u8>>,
    peer: Vec<Vec<u8>>,
    padding: (u32, u32),
}

impl Lists {
    fn own_len(&self) -> u32 {
        u32::try_from(self.own.len()).unwrap() + self.padding.0
    }

    fn peer_len(&self) -> u32 {
        u32::try_from(self.peer.len()).unwrap() + self.padding.1
    }

    /// Places of the own items that the peer has too.
    fn common(&self) -> Vec<usize> {
        let peer: BTreeSet<&Vec<u8>> = self.peer.iter().collect();
        let places = self.own.iter().zip(0..);
        places.filter(|(item, _)| peer.contains(item)).map(|(_, place)| place).collect()
    }

    fn terms(&self, mode: Mode, learn: Learn, role: Role) -> Params {
        let (own_len, peer_len) = match role {
            Role::Initiator => (self.own_len(), self.peer_len()),
            Role::Responder => (self.peer_len(), self.own_len()),
        };
        Params { role, mode, learn, context: CONTEXT, own_len, peer_len }
    }
}

/// Items of few letters, so that lists have much in common.
fn lists() -> impl Strategy<Value = Lists> {
    let side = || prop::collection::btree_set(prop::collection::vec(0_u8..3, 1..4), 0..24);
    let side = move || side().prop_map(|set| set.into_iter().collect::<Vec<_>>());
    let shuffled = move || side().prop_shuffle();
    (shuffled(), shuffled(), (1_u32..5, 1_u32..5)).prop_map(|(own, peer, padding)| Lists {
        own,
        peer,
        padding,
    })
}

fn items(list: &[Vec<u8>]) -> Vec<Item> {
    list.iter().map(|bytes| Item::new(bytes.clone()).unwrap()).collect()
}

/// The peer's filter: each bucket as it is kept.
fn filter(lists: &Lists, key: &Key) -> Vec<Vec<u8>> {
    let shape = Shape::new(lists.peer_len()).unwrap();
    let mut values = key.values(&shape, &lists.peer).unwrap();
    values.extend(dummies(key, &shape, lists.padding.1));
    values.sort_unstable();
    let mut writer = FilterWriter::new(shape);
    for value in values {
        writer.push(value).unwrap();
    }
    let (buckets, _) = writer.finish().unwrap();
    buckets.into_iter().map(|bucket| bucket.bytes).collect()
}

/// One run from beginning to end, driven in the same way whatever the engine.
fn run(engine: &Engine, mode: Mode, lists: &Lists) -> (Outcome, Outcome) {
    let key = || Key::derive(&KEY_SECRET, b"agree").unwrap();
    let looks_up = matches!(mode, Mode::Lookup { .. });
    let learn = if looks_up { Learn::Initiator } else { Learn::Both };
    let seed = |role: Role| Seed::new([role.code(); 32]);
    let (initiator, responder) = (Role::Initiator, Role::Responder);
    let own = lists.terms(mode, learn, initiator);
    let mut own = Session::new(engine, own, items(&lists.own), seed(initiator)).unwrap();
    let peer = lists.terms(mode, learn, responder);
    let mut peer = if looks_up {
        Session::hold(&peer, key()).unwrap()
    } else {
        Session::new(engine, peer, items(&lists.peer), seed(responder)).unwrap()
    };
    let buckets = if looks_up { filter(lists, &key()) } else { Vec::new() };
    while !(own.is_done() && peer.is_done()) {
        let mut moved = false;
        for asks in [true, false] {
            let (from, to) = if asks { (&mut own, &mut peer) } else { (&mut peer, &mut own) };
            while let Some(message) = from.poll().unwrap() {
                to.input(&message).unwrap();
                moved = true;
            }
        }
        while let Some(number) = own.bucket_due() {
            own.give_bucket(&buckets[number as usize]).unwrap();
            moved = true;
        }
        assert!(moved, "both ends wait");
    }
    (own.finish().unwrap(), peer.finish().unwrap())
}

fn modes(engine: &Engine) -> Vec<Mode> {
    let key = *Key::derive(&KEY_SECRET, b"agree").unwrap().public();
    let all = [Mode::Which, Mode::CountOnly, Mode::Lookup { key }];
    all.into_iter().filter(|mode| engine.has(*mode)).collect()
}

/// Engines, and the fast one in one piece.
fn engines() -> Vec<Engine> {
    let whole = Engine::Vole(VoleOptions { whole: true, ..VoleOptions::default() });
    Engine::ALL.into_iter().chain([whole]).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn all_engines_agree_with_plain_comparison(lists in lists()) {
        let common = lists.common();
        let count = Some(common.len() as u64);
        for engine in engines() {
            for mode in modes(&engine) {
                let (own, peer) = run(&engine, mode, &lists);
                prop_assert_eq!(own.transcript, peer.transcript, "{:?} {:?}", engine, mode);
                prop_assert_eq!(own.count, count, "{:?} {:?}", engine, mode);
                let which = (mode != Mode::CountOnly).then(|| common.clone());
                prop_assert_eq!(own.common, which, "{:?} {:?}", engine, mode);
                let told = if matches!(mode, Mode::Lookup { .. }) { None } else { count };
                prop_assert_eq!(peer.count, told, "{:?} {:?}", engine, mode);
            }
        }
    }
}

#[test]
fn each_engine_has_a_name_and_a_mode_of_its_own() {
    let names: BTreeSet<&str> = Engine::ALL.iter().map(Engine::name).collect();
    assert_eq!(names.len(), Engine::ALL.len());
    for engine in Engine::ALL {
        assert_eq!(Engine::from_name(engine.name()), Some(engine.clone()));
        assert!(!modes(&engine).is_empty());
    }
    assert_eq!(Engine::from_name("voprf-ristretto255-sha512/2"), None);
    let payload = Mode::Payload { bytes: 9 };
    let with: Vec<bool> = Engine::ALL.iter().map(|engine| engine.has(payload)).collect();
    assert_eq!(with, [false, true, true, false]);
}

#[test]
fn a_mode_that_an_engine_lacks_is_refused() {
    let lists = Lists { own: vec![vec![1]], peer: vec![vec![2]], padding: (0, 0) };
    let key = *Key::derive(&KEY_SECRET, b"agree").unwrap().public();
    let payload = Mode::Payload { bytes: 9 };
    for engine in Engine::ALL {
        for mode in [Mode::Which, Mode::CountOnly, payload, Mode::Lookup { key }] {
            let learn = if engine == Engine::Voprf { Learn::Initiator } else { Learn::Both };
            let terms = lists.terms(mode, learn, Role::Initiator);
            let begun = Session::new(&engine, terms, items(&lists.own), Seed::new([1; 32]));
            assert_eq!(begun.is_ok(), engine.has(mode), "{engine:?} {mode:?}");
        }
    }
}
