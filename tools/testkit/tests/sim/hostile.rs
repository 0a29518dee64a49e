//! A peer that writes what no honest node writes, and asks what no honest node asks.

use detente_core::act::{Body, Seen};
use detente_core::party::Role;
use detente_core::{AccordId, Digest, PartyId, UnixSeconds};
use detente_log::{Hash, TreeHead, TreeSize};
use detente_node::ports::{Link, LinkError, Stream};
use detente_node::push;
use detente_peer::{Request, Response, VERSION};
use detente_testkit::{ACCORD, Dice, Forger, Member, MuteLink, SimEntropy, Terms, World};
use detente_verify::ForkProof;

use crate::{bring, code, refusal, size};

/// A has proposed a text, and B's node knows of it; B's log is the forger's to write.
fn proposed(seed: u64) -> (World, AccordId, Digest) {
    let world = World::new(seed, 2);
    let text = world.text(&Terms::default());
    let (accord, _) = world.node(0).propose(&text, None).unwrap();
    bring(&world, (0, 1), accord);
    (world, accord, Digest::plain(&text))
}

fn upload(world: &World, forger: &Forger<'_>) -> Response {
    forger.upload(&world.members[0].shared, &world.ids(), ACCORD)
}

/// The refusal of what the forger has written, after which A holds nothing of it.
fn refused(world: &World, forger: &Forger<'_>) -> String {
    let response = upload(world, forger);
    let code = refusal(&response).to_owned();
    let party = world.members[1].id;
    assert!(size(world, 0, forger.accord, party) <= 1, "{code}");
    code
}

fn refused_with_evidence(world: &World, forger: &Forger<'_>) -> String {
    let code = refused(world, forger);
    let evidence = world.members[0].evidence(world.members[1].id);
    assert_eq!(evidence, [(code.clone(), 1)]);
    code
}

#[test]
fn what_an_honest_author_writes_is_taken() {
    let (world, accord, text) = proposed(70);
    let mut forger = Forger::begin(&world.members[1], accord);
    let seen = forger.see(&world.members[0]);
    forger.designate();
    forger.write(Role::Minister, Body::Sign { text }, |header| header.seen = seen);
    assert!(matches!(upload(&world, &forger), Response::Cosigned { .. }));
    assert_eq!(size(&world, 0, accord, world.members[1].id), 2);
    world.node(0).sign_text(accord, None, None).unwrap();
    assert!(world.node(0).status(accord).unwrap().in_force);
    assert!(world.members[0].evidence(world.members[1].id).is_empty());
}

#[test]
fn a_key_that_is_not_on_the_card_signs_nothing() {
    let (world, accord, text) = proposed(71);
    let (a, b) = (&world.members[0], &world.members[1]);
    for key in [a.role_key(Role::Minister), b.root_key()] {
        let (world, ..) = proposed(71);
        let mut forger = Forger::begin(&world.members[1], accord);
        forger.designate();
        let act = forger.act_by(&key, Body::Sign { text }, |_| {});
        forger.enter(&act);
        assert_eq!(refused_with_evidence(&world, &forger), "log_unknown_key");
    }
}

#[test]
fn a_role_without_the_power_has_no_effect() {
    let (world, accord, text) = proposed(72);
    let mut forger = Forger::begin(&world.members[1], accord);
    let seen = forger.see(&world.members[0]);
    forger.designate();
    forger.write(Role::Analyst, Body::Sign { text }, |header| header.seen = seen);
    assert!(matches!(upload(&world, &forger), Response::Cosigned { .. }));
    world.node(0).sign_text(accord, None, None).unwrap();
    assert!(!world.node(0).status(accord).unwrap().in_force);
    let history = world.node(0).history(accord).unwrap();
    let signed = history.iter().find(|event| event.party == "CERT B" && event.kind == "sign");
    assert_eq!(signed.unwrap().effect, "unconfirmed");
}

#[test]
fn an_entry_that_states_another_place_is_refused() {
    let (_, accord, text) = proposed(73);
    let other = PartyId::new([7; 32]);
    type Tweak = fn(&mut detente_core::act::Header);
    let tweaks: [Tweak; 4] = [
        |header| header.sequence = 7,
        |header| header.sequence = 0,
        |header| header.author = PartyId::new([7; 32]),
        |header| header.accord = AccordId::new([7; 32]),
    ];
    for tweak in tweaks {
        let (world, ..) = proposed(73);
        assert!(!world.ids().contains(&other));
        let mut forger = Forger::begin(&world.members[1], accord);
        forger.designate().write(Role::Minister, Body::Sign { text }, tweak);
        assert_eq!(refused_with_evidence(&world, &forger), "log_misplaced_entry");
    }
}

#[test]
fn a_log_begins_with_its_own_card() {
    let (world, accord, text) = proposed(74);
    let mut forger = Forger::begin(&world.members[1], accord);
    forger.write(Role::Minister, Body::Sign { text }, |_| {});
    assert_eq!(refused_with_evidence(&world, &forger), "log_designation");

    // The same card again is void, and nobody's proof of anything.
    let (world, accord, _) = proposed(74);
    let mut forger = Forger::begin(&world.members[1], accord);
    forger.designate().designate();
    assert!(matches!(upload(&world, &forger), Response::Cosigned { .. }));
    let history = world.members[0].node().history(accord).unwrap();
    let again = history.iter().rfind(|event| event.kind == "designate").unwrap();
    assert_eq!((again.effect.as_str(), again.sequence), ("void", 1), "{again:?}");

    let (world, accord, _) = proposed(74);
    let mut forger = Forger::begin(&world.members[1], accord);
    let card = world.members[0].card.bytes().to_vec();
    forger.write(Role::Minister, Body::Designate { card }, |_| {});
    assert_eq!(refused_with_evidence(&world, &forger), "log_misplaced_entry");
}

#[test]
fn a_clock_that_goes_back_is_refused() {
    let (world, accord, text) = proposed(75);
    let mut forger = Forger::begin(&world.members[1], accord);
    forger.designate();
    let back = |header: &mut detente_core::act::Header| {
        header.time = UnixSeconds::new(header.time.get() - 1);
    };
    forger.write(Role::Minister, Body::Sign { text }, back);
    assert_eq!(refused_with_evidence(&world, &forger), "log_goes_back");
}

#[test]
fn an_act_dated_ahead_is_taken_when_its_time_has_come() {
    let (world, accord, text) = proposed(76);
    let mut forger = Forger::begin(&world.members[1], accord);
    let seen = forger.see(&world.members[0]);
    forger.designate();
    forger.write(Role::Minister, Body::Sign { text }, |header| {
        header.time = UnixSeconds::new(header.time.get() + 3_600);
        header.seen = seen;
    });
    assert_eq!(refused(&world, &forger), "time_ahead");
    assert!(world.members[0].evidence(world.members[1].id).is_empty(), "clocks differ");
    world.clock_tick(3_600);
    assert!(matches!(upload(&world, &forger), Response::Cosigned { .. }));
}

#[test]
fn a_false_view_of_our_log_is_refused_and_kept() {
    let (world, accord, text) = proposed(77);
    let a = world.members[0].id;
    let honest = Forger::begin(&world.members[1], accord).see(&world.members[0]);
    let false_views = [
        Seen { party: a, size: 2, root: [7; 32] },
        Seen { party: a, size: 1, root: honest[0].root },
        Seen { party: a, size: 3, root: honest[0].root },
        Seen { party: a, size: u64::MAX, root: honest[0].root },
        Seen { party: a, size: 0, root: [7; 32] },
    ];
    for seen in false_views {
        let (world, ..) = proposed(77);
        let mut forger = Forger::begin(&world.members[1], accord);
        forger.designate();
        forger.write(Role::Minister, Body::Sign { text }, |header| header.seen = vec![seen]);
        assert_eq!(refused_with_evidence(&world, &forger), "seen_other_log", "{seen:?}");
    }
    // A view that goes back is refused before it is compared.
    let (world, ..) = proposed(77);
    let mut forger = Forger::begin(&world.members[1], accord);
    forger.designate();
    let newer = honest;
    forger.write(Role::Head, Body::Refuse { text, reason: String::new() }, |header| {
        header.seen = newer;
    });
    forger.write(Role::Minister, Body::Sign { text }, |_| {});
    assert_eq!(refused_with_evidence(&world, &forger), "log_goes_back");
    // A stranger's log says nothing, and does no harm.
    let (world, ..) = proposed(77);
    let mut forger = Forger::begin(&world.members[1], accord);
    forger.designate();
    let stranger = Seen { party: PartyId::new([9; 32]), size: 5, root: [7; 32] };
    forger.write(Role::Minister, Body::Sign { text }, |header| header.seen = vec![stranger]);
    let _ = upload(&world, &forger);
    assert_eq!(world.node(0).status(accord).unwrap().waiting, 0);
}

#[test]
fn a_body_that_is_missing_or_another_one_is_refused() {
    let (world, accord, text) = proposed(78);
    let a = &world.members[0].shared;
    let mut forger = Forger::begin(&world.members[1], accord);
    forger.designate().write(Role::Minister, Body::Sign { text }, |_| {});
    forger.open(a, &world.ids(), ACCORD);
    assert_eq!(forger.ask(a, &forger.checkpoint_request(0)), Response::Done);
    let missing = forger.ask(a, &forger.entries_request(0));
    assert_eq!(refusal(&missing), "bodies_missing");
    assert!(world.members[0].evidence(world.members[1].id).is_empty());
    // The second body is another one; then the first salt.
    let mut other = Forger::begin(&world.members[1], accord);
    other.entries = forger.entries.clone();
    other.entries[1].body = Body::Sign { text: Digest::new([1; 32]) }.encode();
    assert_eq!(forger.ask(a, &other.bodies_request(0)), Response::Done);
    let response = forger.ask(a, &forger.entries_request(0));
    assert_eq!(refusal(&response), "act_other_body");
    other.entries = forger.entries.clone();
    other.entries[0].salt[0] ^= 1;
    assert_eq!(forger.ask(a, &other.bodies_request(0)), Response::Done);
    let response = forger.ask(a, &forger.entries_request(0));
    assert_eq!(refusal(&response), "act_other_body");
    // The right ones after all: the log goes on.
    assert_eq!(forger.ask(a, &forger.bodies_request(0)), Response::Done);
    let response = forger.ask(a, &forger.entries_request(0));
    assert!(matches!(response, Response::Cosigned { .. }), "{response:?}");
}

#[test]
fn bodies_are_staged_for_one_package_and_no_more() {
    let (world, accord, _) = proposed(79);
    let a = &world.members[0].shared;
    let forger = Forger::begin(&world.members[1], accord);
    forger.open(a, &world.ids(), ACCORD);
    let bodies = |start: u64, count: usize| {
        let bodies = vec![([0; 32], vec![1, 2, 3]); count];
        forger.ask(a, &Request::Bodies { accord, start, bodies })
    };
    assert_eq!(bodies(0, 256), Response::Done);
    assert_eq!(bodies(255, 1), Response::Done);
    assert_eq!(refusal(&bodies(255, 2)), "bodies_elsewhere");
    assert_eq!(refusal(&bodies(256, 1)), "bodies_elsewhere");
    assert_eq!(refusal(&bodies(u64::MAX, 2)), "bodies_elsewhere");
    assert_eq!(bodies(0, 0), Response::Done);
}

#[test]
fn a_fork_is_refused_and_kept_as_evidence() {
    let (world, accord, text) = proposed(80);
    let a = &world.members[0].shared;
    let mut one = Forger::begin(&world.members[1], accord);
    one.designate().write(Role::Minister, Body::Sign { text }, |_| {});
    assert!(matches!(upload(&world, &one), Response::Cosigned { .. }));
    let mut other = Forger::begin(&world.members[1], accord);
    other.entries = one.entries[..1].to_vec();
    let reason = "we never signed".to_owned();
    other.write(Role::Minister, Body::Refuse { text, reason }, |_| {});
    // The same size, another root.
    let response = other.ask(a, &other.checkpoint_request(2));
    assert_eq!(refusal(&response), "witness_unprocessable");
    // Larger, and not grown from what was shown before.
    other.write(Role::Head, Body::Propose { text: b"x".to_vec(), base: None }, |_| {});
    let response = other.ask(a, &other.checkpoint_request(2));
    assert_eq!(refusal(&response), "witness_unprocessable");
    let evidence = world.members[0].evidence(world.members[1].id);
    assert_eq!(evidence, [("witness_unprocessable".to_owned(), 2)]);
    assert_eq!(size(&world, 0, accord, world.members[1].id), 2);
    // What both checkpoints prove to anyone.
    let key = detente_log::VerifierKey::new(
        detente_log::KeyName::new(&one.origin()).unwrap(),
        detente_log::PublicKey::from_bytes(&world.members[1].card.value().log_key).unwrap(),
    );
    ForkProof::same_size(&key, &one.checkpoint(2), &other.checkpoint(2)).unwrap();
    // The true log goes on as before.
    one.write(Role::Head, Body::Refuse { text, reason: String::new() }, |_| {});
    assert!(matches!(upload(&world, &one), Response::Cosigned { .. }));
}

#[test]
fn a_checkpoint_that_its_log_did_not_sign_is_refused_without_evidence() {
    let (world, accord, _) = proposed(81);
    let (a, b) = (&world.members[0], &world.members[1]);
    let mut forger = Forger::begin(b, accord);
    forger.designate();
    forger.open(&a.shared, &world.ids(), ACCORD);
    // Signed by the log key of A, under the name of B's log.
    let mut stolen = Forger::begin(a, accord);
    stolen.entries = forger.entries.clone();
    let response = forger.ask(&a.shared, &stolen.checkpoint_request(0));
    assert!(["witness_forbidden", "witness_not_found"].contains(&refusal(&response)));
    // Heads that can't be, and old sizes that are not what A has.
    let max = u64::MAX >> 1;
    let ask = |old: u64, size: u64| {
        let root = Hash::from_bytes([7; 32]);
        let head = TreeHead { size: TreeSize::new(size).unwrap(), root };
        let body = format!("old {old}\n\n{}", forger.sign(head)).into_bytes();
        forger.ask(&a.shared, &Request::AddCheckpoint { accord, body })
    };
    for (old, size) in [(1, 1), (max, 1), (1, max), (max, max)] {
        assert!(matches!(ask(old, size), Response::Refused(_)), "{old} {size}");
    }
    assert!(a.evidence(b.id).is_empty());
    // It may claim what it likes of its own log as long as it shows nothing of it.
    assert_eq!(ask(0, max), Response::Done);
    assert_eq!(size(&world, 0, accord, b.id), 0);
}

#[test]
fn accords_are_opened_only_between_those_they_name() {
    let world = World::new(82, 2);
    let (a, b) = (&world.members[0], &world.members[1]);
    let stranger = Member::new("CERT X", SimEntropy::new(5));
    let open = |slug: &str, parties: Vec<PartyId>, accord: Option<AccordId>| {
        let accord = accord.unwrap_or_else(|| AccordId::derive(slug, &parties));
        let forger = Forger::begin(b, accord);
        forger.ask(&a.shared, &Request::OpenLog { accord, slug: slug.to_owned(), parties })
    };
    let mut both = world.ids();
    both.sort_unstable();
    let (first, last) = (both[0], both[1]);
    assert_eq!(open("x", both.clone(), None), Response::LogState { pending: 0, next: 0 });
    assert_eq!(refusal(&open("x", vec![last, first], None)), "accord_parties", "not sorted");
    assert_eq!(refusal(&open("x", vec![first, first, last], None)), "accord_parties", "twice");
    assert_eq!(refusal(&open("x", vec![b.id], None)), "accord_parties", "without us");
    assert_eq!(refusal(&open("x", vec![a.id], None)), "accord_parties", "without the peer");
    assert_eq!(refusal(&open("x", Vec::new(), None)), "accord_parties");
    let mut three = vec![a.id, b.id, stranger.id];
    three.sort_unstable();
    assert_eq!(refusal(&open("x", three, None)), "accord_stranger");
    let other = Some(AccordId::new([1; 32]));
    assert_eq!(refusal(&open("x", both.clone(), other)), "accord_id");
    for slug in ["", "X", "a b", "a\u{1b}[2J", "a_b", "\u{e9}"] {
        assert_eq!(refusal(&open(slug, both.clone(), None)), "accord_slug", "{slug:?}");
    }
    assert_eq!(world.node(0).accords().len(), 1);
    for count in 1..256 {
        let response = open(&format!("n{count}"), both.clone(), None);
        assert!(matches!(response, Response::LogState { .. }), "{count}: {response:?}");
    }
    assert_eq!(refusal(&open("one-more", both, None)), "too_many_accords");
}

#[test]
fn an_accord_does_not_exist_for_those_it_does_not_name() {
    let world = World::new(83, 3);
    let (a, c) = (&world.members[0], &world.members[2]);
    let both = [a.id, world.members[1].id];
    let (accord, _) = world.node(0).propose(&Terms::default().text(&both), None).unwrap();
    let mut forger = Forger::begin(c, accord);
    forger.designate();
    let release = Digest::new([1; 32]);
    let requests = [
        forger.checkpoint_request(0),
        forger.bodies_request(0),
        forger.entries_request(0),
        Request::OpenRelease { accord, release },
        put_objects(accord, release, 0, &[vec![1]]),
    ];
    let nowhere = AccordId::new([9; 32]);
    for request in requests {
        let response = forger.ask(&a.shared, &request);
        assert_eq!(refusal(&response), "unknown", "{request:?}");
    }
    let response = forger.ask(&a.shared, &Request::OpenRelease { accord: nowhere, release });
    assert_eq!(refusal(&response), "unknown");
    assert_eq!(size(&world, 0, accord, c.id), 0);
}

/// A batch as no node makes it: these are the bytes.
pub(crate) fn put_objects(
    accord: AccordId,
    release: Digest,
    start: u64,
    objects: &[Vec<u8>],
) -> Request {
    let mut w = detente_core::encode::Writer::new();
    w.array(5).uint(8).bytes(accord.as_bytes()).bytes(release.as_bytes());
    w.uint(start).array(objects.len());
    for object in objects {
        w.bytes(object);
    }
    Request::decode(&w.into_bytes()).unwrap()
}

#[test]
fn a_greeting_must_be_the_peers_own() {
    let world = World::new(84, 2);
    let (a, b) = (&world.members[0], &world.members[1]);
    let forger = Forger::begin(b, AccordId::new([1; 32]));
    let greet = |version: u16, party: PartyId| {
        let software = "x".to_owned();
        forger.ask(&a.shared, &Request::Hello { version, party, software })
    };
    assert_eq!(greet(VERSION, b.id), Response::Done);
    assert_eq!(refusal(&greet(VERSION + 1, b.id)), "other_version");
    assert_eq!(refusal(&greet(VERSION, a.id)), "other_party");
    let run = detente_core::RunId::new([1; 32]);
    let begin = Request::BeginMatch { accord: AccordId::new([1; 32]), run };
    assert_eq!(refusal(&forger.ask(&a.shared, &begin)), "needs_stream");
}

#[test]
fn garbage_in_log_requests_is_refused() {
    let (world, accord, _) = proposed(85);
    let a = &world.members[0].shared;
    let mut forger = Forger::begin(&world.members[1], accord);
    forger.designate();
    forger.open(a, &world.ids(), ACCORD);
    let good: Vec<Request> = vec![forger.checkpoint_request(0), forger.entries_request(0)];
    let mut dice = Dice::new(85);
    for _ in 0..400 {
        let mut request = good[dice.place(good.len())].clone();
        let (Request::AddCheckpoint { body, .. } | Request::AddEntries { body, .. }) = &mut request
        else {
            unreachable!()
        };
        match dice.below(4) {
            0 => body.truncate(dice.place(body.len())),
            1 => body.extend([0; 9]),
            2 => *body = (0..dice.below(300)).map(|n| n.to_le_bytes()[0]).collect(),
            _ => {
                let at = dice.place(body.len());
                body[at] ^= 1 << dice.below(8);
            }
        }
        assert!(matches!(forger.ask(a, &request), Response::Refused(_)), "{request:?}");
    }
    assert!(matches!(upload(&world, &forger), Response::Cosigned { .. }));
}

#[test]
fn evidence_is_bounded() {
    let (world, accord, text) = proposed(86);
    let a = &world.members[0].shared;
    let mut forger = Forger::begin(&world.members[1], accord);
    forger.write(Role::Minister, Body::Sign { text }, |_| {});
    upload(&world, &forger);
    for _ in 0..150 {
        forger.ask(a, &forger.bodies_request(0));
        let response = forger.ask(a, &forger.entries_request(0));
        assert_eq!(refusal(&response), "log_designation");
    }
    let evidence = world.members[0].evidence(world.members[1].id);
    assert_eq!(evidence, [("log_designation".to_owned(), 100)]);
    let report = world.node(0).parties().unwrap();
    assert_eq!(report.iter().map(|party| party.evidence).sum::<u64>(), 100);
}

/// A mirror that answers as the test says, from the request and how many came before it.
struct Liar<F>(PartyId, F, std::sync::Mutex<u64>);

impl<F: Fn(&Request, u64) -> Response + Send + Sync> Link for Liar<F> {
    fn peer(&self) -> PartyId {
        self.0
    }

    fn request(&self, request: &Request) -> Result<Response, LinkError> {
        let mut count = self.2.lock().unwrap();
        *count += 1;
        assert!(*count < 1_000, "it asks for ever");
        Ok(self.1(request, *count))
    }

    fn open(&self, _: &Request) -> Result<Box<dyn Stream>, LinkError> {
        Err(LinkError::Cut)
    }
}

#[test]
fn a_mirror_that_lies_gets_nowhere() {
    let (mut world, accord, _) = proposed(87);
    let (a, b) = (&world.members[0], &world.members[1]);
    world.node(0).sign_text(accord, None, None).unwrap();
    let lie = |answer: &(dyn Fn(&Request, u64) -> Response + Send + Sync)| {
        code(push(&a.shared, &Liar(b.id, answer, std::sync::Mutex::default()), accord))
    };
    let state = |pending, next| Response::LogState { pending, next };
    assert_eq!(lie(&|_, _| Response::Done), "unexpected_response");
    assert_eq!(lie(&|_, _| Response::ReleaseState { next: 0 }), "unexpected_response");
    // It claims more than there is: either it lies, or this home is an old copy. Both stop the push.
    assert_eq!(lie(&|_, _| state(4, 0)), "old_copy");
    assert_eq!(lie(&|_, _| state(0, u64::MAX)), "old_copy");
    // Nothing is written meanwhile; when it owns up, all goes on.
    let more = world.text(&Terms { title: "once more".to_owned(), ..Terms::default() });
    assert_eq!(code(world.node(0).propose(&more, None)), "old_copy");
    // It never moves, or always conflicts.
    assert_eq!(lie(&|_, _| state(3, 2)), "unexpected_response");
    let conflict = |request: &Request, _| match request {
        Request::OpenLog { .. } => state(0, 0),
        _ => Response::Refused(detente_peer::Refusal::new("mirror_conflict", "x")),
    };
    assert_eq!(lie(&conflict), "mirror_moves");
    // It cosigns with nonsense, with a key of somebody else, or another tree.
    let cosigned = |line: &str| {
        let line = line.to_owned();
        lie(&move |request: &Request, _| match request {
            Request::OpenLog { .. } => state(0, 0),
            Request::AddEntries { .. } => Response::Cosigned { line: line.clone() },
            _ => Response::Done,
        })
    };
    assert_eq!(cosigned(""), "bad_cosignature");
    assert_eq!(cosigned("nonsense"), "bad_cosignature");
    assert_eq!(cosigned("\u{2014} name AAAA"), "bad_cosignature");
    let honest = cosignature_of_b(&world, accord);
    assert_eq!(cosigned(&honest.replace("detente-mirror/", "detente-mirror/0")), "bad_cosignature");
    // A true cosignature, but of the two entries from before. It has agreed to these, so this is its
    // doing; a node that was opened anew can't know that.
    assert_eq!(cosigned(&honest), "bad_cosignature");
    assert_eq!(code(push(&a.shared, &MuteLink(b.id), accord)), "line_cut");
    world.members[0].reopen().unwrap();
    let (a, b) = (&world.members[0], &world.members[1]);
    let stale = Liar(
        b.id,
        move |request: &Request, _| match request {
            Request::OpenLog { .. } => Response::LogState { pending: 0, next: 0 },
            Request::AddEntries { .. } => Response::Cosigned { line: honest.clone() },
            _ => Response::Done,
        },
        std::sync::Mutex::default(),
    );
    assert_eq!(code(push(&a.shared, &stale, accord)), "old_copy");
    bring(&world, (0, 1), accord);
    world.node(0).propose(&more, None).unwrap();
}

/// The line with which B cosigned A's log as it was proposed.
fn cosignature_of_b(world: &World, accord: AccordId) -> String {
    use detente_node::ports::{LogKey, Store as _};
    let key = LogKey { accord, party: world.members[0].id };
    let note = world.members[1].store.real().log(key).unwrap().checkpoint.unwrap();
    let note = String::from_utf8(note).unwrap();
    let line = note.lines().find(|line| line.contains("detente-mirror/")).unwrap();
    line.to_owned()
}
