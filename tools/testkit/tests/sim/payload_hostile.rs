//! A side that follows the engine to the letter and gives other contexts than its release names.

use std::sync::Arc;

use detente_core::act::{Answer, Blame, Body, ManifestEntry, Outcome, ReleaseBody};
use detente_core::object::Object;
use detente_core::party::Role;
use detente_core::slot::Slot;
use detente_core::{AccordId, Digest, Kind, PartyId, RunId, Tlp};
use detente_match::{Engine, Item, Learn, Mode, Params, Seed, Session};
use detente_node::ports::{Link, Store as _, Stream};
use detente_node::{Shared, run_match};
use detente_peer::{Request, Response};
use detente_testkit::{ACCORD, End, Forger, SimLink, Terms, World, observable};

use crate::code;
use crate::matching_hostile::{Mirroring, entries_of_b, see};
use crate::release_hostile::{entry, object};

const NAMES: [&str; 3] = ["x.example", "y.example", "z.example"];
const SEED: u64 = 340;
/// The same at both sides.
const ENGINE: &str = "vole-ristretto255/1";

/// What a cheat signs, and what it then gives for each common item.
type Cheat = fn(run: RunId, objects: &[Object]) -> (ReleaseBody, Vec<Vec<u8>>);

/// B's end in the hands of somebody who has its keys.
struct Cheating {
    mirror: Mirroring,
    a: Arc<Shared>,
    accord: AccordId,
    ids: Vec<PartyId>,
    cheat: Cheat,
}

fn slot(objects: &[&Object]) -> Vec<u8> {
    let mut slot = Slot::default();
    for object in objects {
        slot.push(object.encode());
    }
    slot.encode()
}

fn manifest(run: RunId, objects: &[&Object]) -> ReleaseBody {
    let manifest: Vec<ManifestEntry> = objects.iter().map(|object| entry(object)).collect();
    // The text is filled in where it is known.
    ReleaseBody { text: Digest::new([0; 32]), run: Some(run), manifest, to: None, consent: None }
}

impl Cheating {
    /// Enters an act of B and brings it to A.
    fn enter(&self, body: Body) -> Digest {
        // The same world again, for its keys.
        let twin = World::new(SEED, 2);
        let mut forger = Forger::begin(&twin.members[1], self.accord);
        forger.entries = entries_of_b(&self.a, self.accord, &twin);
        let (seen, now) = (see(&self.a, self.accord), self.a.lock().now());
        let act = forger.act(Role::Analyst, body, |header| {
            header.seen = seen;
            header.time = now;
        });
        let digest = forger.enter(&act);
        let response = forger.upload(&self.a, &self.ids, ACCORD);
        assert!(matches!(response, Response::Cosigned { .. }), "{response:?}");
        digest
    }

    /// Takes the run up; the engine of the other end.
    fn answer(&self, run: RunId) -> Session {
        let known = self.a.lock().state(self.accord).unwrap().runs[&run].clone();
        let (offer, size, commitment) = (known.act, 4u32, Digest::new([2; 32]));
        self.enter(Body::AnswerMatch(Answer { run, offer, size, commitment }));
        let answer = [offer.as_bytes().as_slice(), commitment.as_bytes()].concat();
        let context = Digest::of(
            "detente/match-context/1",
            &[
                run.as_bytes(),
                known.act.as_bytes(),
                known.offer.commitment.as_bytes(),
                &answer,
                &size.to_be_bytes(),
            ],
        );
        let params = Params {
            role: detente_match::Role::Responder,
            mode: Mode::Payload { bytes: 512 },
            learn: Learn::Both,
            context: *context.as_bytes(),
            own_len: size,
            peer_len: known.offer.size,
        };
        let item = |name: &&str| Item::new(observable(Kind::Domain, name).match_key()).unwrap();
        let items: Vec<Item> = NAMES.iter().map(item).collect();
        let engine = Engine::from_name(ENGINE).unwrap();
        Session::new(&engine, params, items, Seed::new([7; 32])).unwrap()
    }
}

impl End for Cheating {
    fn party(&self) -> PartyId {
        self.mirror.party()
    }

    fn respond(&self, link: &dyn Link, request: &Request) -> Response {
        self.mirror.respond(link, request)
    }

    fn respond_stream(&self, _: &dyn Link, request: &Request, stream: &mut dyn Stream) {
        let Request::BeginMatch { run, .. } = request else { return };
        let mut session = self.answer(*run);
        if stream.send(Response::Done.encode()).is_err() {
            return;
        }
        while !session.is_done() {
            session.take();
            if let Some(due) = session.due() {
                let objects: Vec<Object> =
                    due.common[due.range].iter().map(|place| object(NAMES[*place])).collect();
                let (body, contexts) = (self.cheat)(*run, &objects);
                let text = self.a.lock().state(self.accord).unwrap().in_force.unwrap().text;
                let act = self.enter(Body::Release(ReleaseBody { text, ..body }));
                session.give(act.as_bytes(), &contexts).unwrap();
            }
            while let Some(frame) = session.poll().unwrap() {
                if stream.send(frame).is_err() {
                    return;
                }
            }
            match stream.recv() {
                Ok(Some(frame)) if session.input(&frame).is_ok() => {}
                _ => return,
            }
        }
    }
}

/// A's run with such a side: how A closed it, how many contexts it kept, and its own error.
fn run(cheat: Cheat) -> (Outcome, u64, String) {
    let terms = Terms {
        mode: "payload".to_owned(),
        payload_bytes: Some(512),
        engine: "vole-ristretto255".to_owned(),
        ..Terms::default()
    };
    let (world, accord) = World::in_force(SEED, &terms);
    // What A holds enters runs, and its contexts may not leave: it has nothing to release.
    world.members[0].hold_domains(&NAMES, Tlp::AmberStrict);
    let end = Cheating {
        mirror: Mirroring(world.members[1].end.clone()),
        a: world.members[0].shared.clone(),
        accord,
        ids: world.ids(),
        cheat,
    };
    let link = SimLink::new(world.members[0].end.clone(), Arc::new(end));
    let shared = &world.members[0].shared;
    // The line ends badly in any case: B's own node does not know what its thief wrote.
    let error = code(run_match(shared, &|| Ok(Box::new(&link)), accord, ("1", false), &mut |_| {}));
    drop(link);
    let own = world.members[0].id;
    let store = world.members[0].store.real();
    let kept = store.received_counts().unwrap().iter().map(|(_, count)| count).sum();
    let state = world.node(0).state(accord).unwrap().clone();
    assert!(state.releases.iter().all(|release| release.author != own));
    let (_, close) = &state.runs.values().next().unwrap().closes[&own];
    (close.outcome.clone(), kept, error)
}

#[test]
fn contexts_that_the_release_names_are_kept() {
    let honest: Cheat = |run, objects| {
        let all: Vec<&Object> = objects.iter().collect();
        (manifest(run, &all), all.iter().map(|object| slot(&[object])).collect())
    };
    let (outcome, kept, _) = run(honest);
    assert!(matches!(outcome, Outcome::Done { count: Some(3), .. }), "{outcome:?}");
    assert_eq!(kept, 3);
}

#[test]
fn contexts_that_are_not_what_the_release_names_void_the_run() {
    let cases: [(&str, Cheat); 8] = [
        // Each about the other's item.
        ("other_object", |run, o| {
            let slots = vec![slot(&[&o[1]]), slot(&[&o[0]]), slot(&[&o[2]])];
            (manifest(run, &[&o[1], &o[0], &o[2]]), slots)
        }),
        // In another order than the manifest.
        ("other_object", |run, o| {
            let slots = vec![slot(&[&o[0]]), slot(&[&o[1]]), slot(&[&o[2]])];
            (manifest(run, &[&o[2], &o[1], &o[0]]), slots)
        }),
        // One more than the manifest names.
        ("other_object", |run, o| {
            let slots = vec![slot(&[&o[0]]), slot(&[&o[1]]), slot(&[&o[2]])];
            (manifest(run, &[&o[0], &o[1]]), slots)
        }),
        // One fewer.
        ("contexts_missing", |run, o| {
            let slots = vec![slot(&[&o[0]]), slot(&[&o[1]]), slot(&[])];
            (manifest(run, &[&o[0], &o[1], &o[2]]), slots)
        }),
        // No slot at all.
        ("context_malformed", |run, o| {
            let slots = vec![vec![0x80], slot(&[&o[1]]), slot(&[&o[2]])];
            (manifest(run, &[&o[0], &o[1], &o[2]]), slots)
        }),
        // Facts that are not the object's.
        ("other_object", |run, o| {
            let mut body = manifest(run, &[&o[0], &o[1], &o[2]]);
            body.manifest[0].facts.tlp = Tlp::Clear;
            (body, vec![slot(&[&o[0]]), slot(&[&o[1]]), slot(&[&o[2]])])
        }),
        // Above the ceiling of the permission.
        ("release_breaks_accord", |run, o| {
            let red = Object { tlp: Tlp::Red, ..o[0].clone() };
            let slots = vec![slot(&[&red]), slot(&[]), slot(&[])];
            (manifest(run, &[&red]), slots)
        }),
        // A release that rests on no run lets nothing go that must be matched.
        ("release_breaks_accord", |run, o| {
            let body = ReleaseBody { run: None, ..manifest(run, &[&o[0]]) };
            (body, vec![slot(&[&o[0]]), slot(&[]), slot(&[])])
        }),
    ];
    for (number, (says, cheat)) in cases.into_iter().enumerate() {
        let (outcome, kept, error) = run(cheat);
        assert_eq!((error.as_str(), kept), (says, 0), "case {number}");
        let Outcome::Aborted { blame, reason } = &outcome else { panic!("{outcome:?}") };
        assert_eq!(*blame, Blame::Peer);
        assert!(reason.contains("no context of this side had left"), "{reason}");
    }
}
