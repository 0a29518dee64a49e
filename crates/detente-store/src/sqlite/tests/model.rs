//! Random deeds against a plain model in memory.

use std::collections::{BTreeMap, BTreeSet};

use detente_core::object::Object;
use detente_core::{AccordId, Digest, Kind, PartyId, RunId, Tlp, UnixSeconds};
use detente_intel::{Context, Indicator, Observable};
use detente_log::RightEdge;
use detente_node::ports::{EntryRow, KindCount, LogAppend, ReceivedRow, RunRow, Store, StoreError};
use proptest::prelude::*;

use super::{SqliteStore, entries, key, note, place, plan};
use crate::MAX_STAGED_PLACES;

fn observable(n: u8) -> Observable {
    let (kind, text) = match n % 3 {
        0 => (Kind::Domain, format!("{n}.example.com")),
        1 => (Kind::Ipv4, format!("10.0.0.{n}")),
        _ => (Kind::Md5, format!("{n:032x}")),
    };
    Observable::normalise(kind, &text).unwrap()
}

pub(super) fn indicator(observed: u8, source: u8) -> Indicator {
    let context = Context::from_source(&format!("source {source}"));
    Indicator { observable: observable(observed), context }
}

pub(super) fn received(release: u8, place: u32, comment: &str) -> ReceivedRow {
    let observable = observable(0);
    let bytes = Object {
        kind: observable.kind(),
        value: observable.value().to_owned(),
        tlp: Tlp::Green,
        marking_unknown: false,
        markings: vec![],
        labels: vec![],
        source: None,
        origin: None,
        comment: Some(comment.to_owned()),
        confidence: None,
        valid_from: None,
        valid_until: None,
        handling: detente_core::Handling::default(),
    }
    .encode();
    ReceivedRow {
        address: Object::address(&bytes),
        accord: AccordId::new([1; 32]),
        from: PartyId::new([release; 32]),
        release: Digest::new([release; 32]),
        place,
        clause: "1".to_owned(),
        received: UnixSeconds::new(1),
        keep_until: None,
        bytes,
    }
}

#[derive(Clone, Debug)]
enum Deed {
    /// So many entries on a log, planned on a tree that is so much smaller than what is stored.
    Append {
        log: u8,
        n: u64,
        behind: u64,
    },
    /// A checkpoint of this size.
    Checkpoint {
        log: u8,
        size: u64,
    },
    /// Pending checkpoints, believed to be the ones there or not.
    Pending {
        log: u8,
        right: bool,
        notes: Vec<u8>,
    },
    /// Bodies from so far behind the log's end on.
    Stage {
        log: u8,
        ahead: u64,
        n: u8,
    },
    Indicators(Vec<(u8, u8)>),
    Run {
        run: u8,
        accord: u8,
        peer: u8,
        matched: Vec<u8>,
    },
    Received {
        release: u8,
        places: Vec<u32>,
    },
    /// Closes the store and opens it again, if it has a file.
    Reopen,
}

fn deed() -> impl Strategy<Value = Deed> {
    let log = || 1u8..3;
    let some = |max| proptest::collection::vec(any::<u8>(), 0..max);
    prop_oneof![
        4 => (log(), prop_oneof![0u64..5, 200u64..300], prop_oneof![3 => Just(0), 1 => 1u64..3])
            .prop_map(|(log, n, behind)| Deed::Append { log, n, behind }),
        2 => (log(), 0u64..40).prop_map(|(log, size)| Deed::Checkpoint { log, size }),
        2 => (log(), any::<bool>(), some(4))
            .prop_map(|(log, right, notes)| Deed::Pending { log, right, notes }),
        2 => (log(), prop_oneof![4 => 0u64..6, 1 => 250u64..260], 0u8..6)
            .prop_map(|(log, ahead, n)| Deed::Stage { log, ahead, n }),
        4 => proptest::collection::vec((0u8..30, 0u8..6), 0..40).prop_map(Deed::Indicators),
        2 => (0u8..4, 1u8..3, 1u8..3, some(6))
            .prop_map(|(run, accord, peer, matched)| Deed::Run { run, accord, peer, matched }),
        2 => (1u8..3, proptest::collection::vec(0u32..12, 0..6))
            .prop_map(|(release, places)| Deed::Received { release, places }),
        1 => Just(Deed::Reopen),
    ]
}

#[derive(Default)]
struct LogModel {
    entries: Vec<EntryRow>,
    edges: Vec<RightEdge>,
    checkpoint: Option<(u64, Vec<u8>)>,
    pending: Vec<Vec<u8>>,
    staged: BTreeMap<u64, Vec<u8>>,
}

impl LogModel {
    fn size(&self) -> u64 {
        self.entries.len() as u64
    }

    fn edge(&self) -> RightEdge {
        self.edges.last().cloned().unwrap_or_default()
    }
}

#[derive(Default)]
struct Model {
    logs: BTreeMap<u8, LogModel>,
    contexts: BTreeMap<(u8, String), Vec<String>>,
    runs: Vec<(u8, u8, u8, BTreeSet<Observable>)>,
    received: BTreeSet<(u8, u32)>,
}

fn is_conflict(done: &Result<(), StoreError>) -> bool {
    matches!(done, Err(StoreError::Conflict(_)))
}

impl Model {
    /// Does the deed to both and compares what they say.
    fn step(&mut self, store: &mut SqliteStore, deed: &Deed) {
        match deed {
            Deed::Append { log, n, behind } => self.append(store, (*log, *n, *behind)),
            Deed::Checkpoint { log, size } => {
                let model = self.logs.entry(*log).or_default();
                let done = store.put_checkpoint(key(*log), *size, b"cosigned");
                let smaller = model.checkpoint.as_ref().is_some_and(|(had, _)| had > size);
                assert_eq!(is_conflict(&done), smaller || *size > model.size());
                if done.is_ok() {
                    model.checkpoint = Some((*size, b"cosigned".to_vec()));
                }
            }
            Deed::Pending { log, right, notes } => {
                let model = self.logs.entry(*log).or_default();
                let before = if *right { model.pending.clone() } else { vec![b"never".to_vec()] };
                let after: Vec<Vec<u8>> = notes.iter().map(|note| vec![*note]).collect();
                let done = store.put_pending(key(*log), &before, &after);
                assert_eq!(is_conflict(&done), !right);
                if *right {
                    model.pending = after;
                }
            }
            Deed::Stage { log, ahead, n } => {
                let model = self.logs.entry(*log).or_default();
                let start = (model.size() + ahead).saturating_sub(2);
                let bodies: Vec<_> = (0..*n).map(|n| ([n; 32], vec![n; 3])).collect();
                let end = start + u64::from(*n);
                let done = store.stage_bodies(key(*log), start, &bodies);
                assert_eq!(done.is_ok(), *n == 0 || end <= model.size() + MAX_STAGED_PLACES);
                for (place, (_, body)) in (start..end).zip(bodies).filter(|_| done.is_ok()) {
                    if place >= model.size() {
                        model.staged.insert(place, body);
                    }
                }
            }
            Deed::Indicators(lines) => self.indicators(store, lines),
            Deed::Run { run, accord, peer, matched } => {
                self.run(store, (*run, *accord, *peer), matched);
            }
            Deed::Received { release, places } => {
                let rows: Vec<_> = places
                    .iter()
                    .map(|place| received(*release, *place, &place.to_string()))
                    .collect();
                store.put_received(&rows).unwrap();
                self.received.extend(places.iter().map(|place| (*release, *place)));
            }
            Deed::Reopen => {}
        }
    }

    fn append(&mut self, store: &mut SqliteStore, (log, n, behind): (u8, u64, u64)) {
        let model = self.logs.entry(log).or_default();
        let back = model.edges.len().saturating_sub(usize::try_from(behind).unwrap());
        let edge = back.checked_sub(1).map_or_else(RightEdge::empty, |at| model.edges[at].clone());
        let rows = entries(edge.size().get()..edge.size().get() + n, 20);
        let append = plan(&edge, &rows);
        let checkpoint = note(&append.edge);
        let write = LogAppend { entries: &rows, append: &append, checkpoint: Some(&checkpoint) };
        let stale = edge.size() != model.edge().size();
        assert_eq!(is_conflict(&store.append(key(log), &write)), stale);
        if !stale {
            model.entries.extend(rows);
            model.edges.push(append.edge);
            let size = model.size();
            model.checkpoint = Some((size, checkpoint));
            model.staged = model.staged.split_off(&size);
        }
    }

    fn indicators(&mut self, store: &mut SqliteStore, lines: &[(u8, u8)]) {
        let batch: Vec<_> = lines.iter().map(|(o, source)| indicator(*o, *source)).collect();
        let added = store.put_indicators(UnixSeconds::new(1), &batch).unwrap();
        let (mut observables, mut contexts) = (0, 0);
        for Indicator { observable, context } in batch {
            let name = (observable.kind().code(), observable.value().to_owned());
            let sources = self.contexts.entry(name).or_default();
            observables += u64::from(sources.is_empty());
            if !sources.contains(&context.source) {
                sources.push(context.source);
                contexts += 1;
            }
        }
        assert_eq!((added.observables, added.contexts), (observables, contexts));
    }

    fn run(&mut self, store: &mut SqliteStore, (run, accord, peer): (u8, u8, u8), matched: &[u8]) {
        let found: Vec<_> = matched.iter().map(|n| observable(n % 30)).collect();
        store.put_run(&row(run, accord, peer), &found).unwrap();
        match self.runs.iter_mut().find(|had| had.0 == run) {
            Some(had) => {
                (had.1, had.2) = (accord, peer);
                had.3.extend(found);
            }
            None => self.runs.push((run, accord, peer, found.into_iter().collect())),
        }
    }

    fn compare(&self, store: &SqliteStore) {
        for (n, model) in &self.logs {
            compare_log(store, *n, model);
        }
        self.compare_indicators(store);
        for accord in 1..3 {
            let rows: Vec<_> = self
                .runs
                .iter()
                .rev()
                .filter(|had| had.1 == accord)
                .map(|had| row(had.0, had.1, had.2))
                .collect();
            assert_eq!(store.runs(AccordId::new([accord; 32])).unwrap(), rows);
            for (peer, n) in (1..3).flat_map(|peer| (0..30).map(move |n| (peer, n))) {
                let asked = observable(n);
                let found = self
                    .runs
                    .iter()
                    .any(|had| (had.1, had.2) == (accord, peer) && had.3.contains(&asked));
                let (accord, peer) = (AccordId::new([accord; 32]), PartyId::new([peer; 32]));
                assert_eq!(store.is_matched(accord, peer, &asked).unwrap(), found);
            }
        }
        for (run, _, _, found) in &self.runs {
            let stored = store.matched(RunId::new([*run; 32])).unwrap();
            assert_eq!(stored, found.iter().cloned().collect::<Vec<_>>());
        }
        for release in 1..3 {
            let upto = (0..).find(|place| !self.received.contains(&(release, *place))).unwrap();
            assert_eq!(store.received_upto(Digest::new([release; 32])).unwrap(), upto);
        }
        assert_eq!(store.received(&observable(0)).unwrap().len(), self.received.len());
        store.check().unwrap();
    }

    fn compare_indicators(&self, store: &SqliteStore) {
        let mut stored = Vec::new();
        let mut each = |observable: Observable| {
            let contexts = store.contexts(&observable).unwrap();
            let sources: Vec<_> = contexts.into_iter().map(|context| context.source).collect();
            let name = (observable.kind().code(), observable.value().to_owned());
            stored.push((name, sources));
        };
        store.observables(&Kind::ALL, &mut each).unwrap();
        let model: Vec<_> =
            self.contexts.iter().map(|(name, had)| (name.clone(), had.clone())).collect();
        assert_eq!(stored, model);
        let of = |kind: Kind| KindCount {
            kind,
            own: model.iter().filter(|had| had.0.0 == kind.code()).count() as u64,
            contexts: model
                .iter()
                .filter(|had| had.0.0 == kind.code())
                .map(|had| had.1.len() as u64)
                .sum(),
        };
        let counts: Vec<_> = Kind::ALL.into_iter().map(of).filter(|of| of.own > 0).collect();
        assert_eq!(store.counts().unwrap(), counts);
    }
}

fn row(run: u8, accord: u8, peer: u8) -> RunRow {
    RunRow {
        run: RunId::new([run; 32]),
        accord: AccordId::new([accord; 32]),
        peer: PartyId::new([peer; 32]),
        clause: "2".to_owned(),
        initiator: run == 1,
        salt_seed: [run; 32],
        items: 7,
        common: Some(u64::from(peer)),
    }
}

fn compare_log(store: &SqliteStore, n: u8, model: &LogModel) {
    let row = store.log(key(n)).unwrap();
    assert_eq!(row.edge, model.edge());
    assert_eq!(row.checkpoint, model.checkpoint.clone().map(|(_, note)| note));
    assert_eq!(row.pending, model.pending);
    assert_eq!(store.entries(key(n), 0..u64::MAX).unwrap(), model.entries);
    let first = model.size();
    let staged: Vec<_> = (first..).map_while(|place| model.staged.get(&place)).cloned().collect();
    let stored = store.staged_bodies(key(n), first..u64::MAX).unwrap();
    assert_eq!(stored.into_iter().map(|(_, body)| body).collect::<Vec<_>>(), staged);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn memory_does_what_the_model_does(deeds in proptest::collection::vec(deed(), 1..40)) {
        let mut store = SqliteStore::in_memory().unwrap();
        let mut model = Model::default();
        for deed in &deeds {
            model.step(&mut store, deed);
        }
        model.compare(&store);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, ..ProptestConfig::default() })]
    #[test]
    fn a_file_does_what_the_model_does(deeds in proptest::collection::vec(deed(), 1..40)) {
        let (_folder, path) = place();
        let mut store = SqliteStore::open(&path).unwrap();
        let mut model = Model::default();
        for deed in &deeds {
            model.step(&mut store, deed);
            if matches!(deed, Deed::Reopen) {
                drop(store);
                store = SqliteStore::open(&path).unwrap();
                model.compare(&store);
            }
        }
        model.compare(&store);
    }
}
