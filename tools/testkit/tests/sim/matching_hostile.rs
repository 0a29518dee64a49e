//! Matching with a side that cheats: in its record, in its messages, in its sizes.

use std::sync::{Arc, Mutex};

use detente_core::act::{Answer, Blame, Body, Close, Learn, Mode, Offer, Outcome};
use detente_core::party::Role;
use detente_core::{AccordId, Digest, PartyId, RunId, Tlp, UnixSeconds};
use detente_intel::NORMAL_FORM_VERSION;
use detente_node::ports::{Link, LinkError, Stream};
use detente_node::{dry_run, run_match};
use detente_peer::{Refusal, Request, Response};
use detente_state::ENTERED_MIN;
use detente_testkit::{ACCORD, End, Forger, NodeEnd, SimLink, Terms, World};

use crate::{assert_sound, code, refusal};

const RUN: RunId = RunId::new([0x52; 32]);

fn agreed(seed: u64) -> (World, AccordId) {
    let (world, accord) = World::in_force(seed, &Terms::default());
    for member in &world.members {
        member.hold_domains(&["x.example", "y.example", "z.example"], Tlp::Green);
    }
    (world, accord)
}

/// The end of a party that mirrors as its node does, and pushes nothing of its own.
pub(crate) struct Mirroring(pub(crate) Arc<NodeEnd>);

impl End for Mirroring {
    fn party(&self) -> PartyId {
        self.0.party()
    }

    fn respond(&self, link: &dyn Link, request: &Request) -> Response {
        match request {
            Request::Pull => Response::Done,
            _ => self.0.respond(link, request),
        }
    }

    fn respond_stream(&self, _: &dyn Link, _: &Request, _: &mut dyn Stream) {}
}

/// A sound offer by B, which `tweak` may make unsound.
fn offer(world: &World, accord: AccordId, tweak: impl FnOnce(&mut Offer)) -> Body {
    let text = world.node(0).state(accord).unwrap().in_force.unwrap().text;
    let mut offer = Offer {
        run: RUN,
        text,
        clause: "1".to_owned(),
        mode: Mode::Which,
        learn: Learn::Both,
        normal_form: NORMAL_FORM_VERSION,
        engine: "ecdh-ristretto255/1".to_owned(),
        size: 4,
        commitment: Digest::new([1; 32]),
    };
    tweak(&mut offer);
    Body::OfferMatch(offer)
}

/// B's forger enters an offer, and A mirrors it.
fn offered(world: &mut World, accord: AccordId, body: Body) {
    let mut forger = Forger::take_over(&world.members[1], accord);
    let seen = forger.see(&world.members[0]);
    forger.write(Role::Analyst, body, |header| header.seen = seen);
    let response = forger.upload(&world.members[0].shared, &world.ids(), ACCORD);
    assert!(matches!(response, Response::Cosigned { .. }), "{response:?}");
    forger.keep();
    world.members[1].reopen().unwrap();
}

/// B begins the run at A; what A answers first, if it answers.
fn begin(world: &World, accord: AccordId, run: RunId) -> Option<Response> {
    let near = Arc::new(Mirroring(world.members[1].end.clone()));
    let link = SimLink::new(near, world.members[0].end.clone());
    let mut stream = link.open(&Request::BeginMatch { accord, run }).unwrap();
    let first = stream.recv().unwrap()?;
    Some(Response::decode(&first).unwrap())
}

fn closes(world: &World, accord: AccordId) -> Vec<(PartyId, Close)> {
    let node = world.node(0);
    let state = node.state(accord).unwrap();
    let closes = state.runs.values().flat_map(|run| run.closes.iter());
    closes.map(|(party, (_, close))| (*party, close.clone())).collect()
}

#[test]
fn a_sound_offer_is_taken_up() {
    let (mut world, accord) = agreed(110);
    let body = offer(&world, accord, |_| {});
    offered(&mut world, accord, body);
    assert_eq!(begin(&world, accord, RUN), Some(Response::Done));
    let state = world.node(0).state(accord).unwrap().clone();
    assert!(state.runs[&RUN].answer.is_some());
    // B says no more: A closes the run and says at whose door it lies.
    let closes = closes(&world, accord);
    assert!(matches!(closes[0].1.outcome, Outcome::Aborted { blame: Blame::Line, .. }));
    // It can't be begun a second time.
    assert_eq!(refusal(&begin(&world, accord, RUN).unwrap()), "match_not_open");
}

#[test]
fn an_offer_that_breaks_the_clause_is_as_good_as_none() {
    type Break = fn(&mut Offer);
    let breaks: [(&str, Break); 6] = [
        ("another engine", |offer| offer.engine = "vole-mlkem768/1".to_owned()),
        ("beyond the cap", |offer| offer.size = 65),
        ("another clause", |offer| offer.clause = "2".to_owned()),
        ("another text", |offer| offer.text = Digest::new([9; 32])),
        ("another answer", |offer| offer.learn = Learn::Initiator),
        ("beyond all bounds", |offer| offer.size = u32::MAX),
    ];
    for (why, tweak) in breaks {
        let (mut world, accord) = agreed(111);
        let body = offer(&world, accord, tweak);
        offered(&mut world, accord, body);
        assert_eq!(refusal(&begin(&world, accord, RUN).unwrap()), "unknown", "{why}");
        let state = world.node(0).state(accord).unwrap().clone();
        assert!(state.runs.is_empty(), "{why}");
        let report = world.audit(0, accord);
        let breach = report.findings.iter().find(|finding| finding.code.starts_with("match_"));
        assert!(!report.is_sound() && breach.is_some(), "{why}: {:?}", report.findings);
    }
}

#[test]
fn an_offer_of_another_engine_or_normal_form_is_declined() {
    let others: [fn(&mut Offer); 2] = [
        |offer| offer.normal_form = NORMAL_FORM_VERSION + 1,
        |offer| offer.engine = "ecdh-ristretto255/2".to_owned(),
    ];
    for tweak in others {
        let (mut world, accord) = agreed(112);
        let body = offer(&world, accord, tweak);
        offered(&mut world, accord, body);
        assert_eq!(refusal(&begin(&world, accord, RUN).unwrap()), "match_not_open");
        let closes = closes(&world, accord);
        assert_eq!(closes.len(), 1);
        assert!(matches!(closes[0].1.outcome, Outcome::Aborted { blame: Blame::Own, .. }));
        assert_sound(&world, accord);
    }
}

#[test]
fn an_offer_dated_far_from_now_is_declined() {
    let (mut world, accord) = agreed(113);
    world.members[0].clock.advance(1_000);
    let body = offer(&world, accord, |_| {});
    offered(&mut world, accord, body);
    assert_eq!(refusal(&begin(&world, accord, RUN).unwrap()), "match_not_open");
    assert!(world.node(0).state(accord).unwrap().runs[&RUN].answer.is_none());
}

#[test]
fn a_run_is_begun_by_who_offered_it() {
    let (world, accord) = agreed(114);
    assert_eq!(refusal(&begin(&world, accord, RUN).unwrap()), "unknown");
    // A's own offer, begun by B.
    let a = &world.members[0].shared;
    let link = SimLink::new(
        world.members[0].end.clone(),
        Arc::new(Mirroring(world.members[1].end.clone())),
    );
    let nobody = run_match(a, &|| Ok(Box::new(&link)), accord, ("1", false), &mut |_| {});
    assert_eq!(code(nobody), "line_cut");
    let own = *world.node(0).state(accord).unwrap().runs.keys().next().unwrap();
    assert_eq!(refusal(&begin(&world, accord, own).unwrap()), "match_not_open");
    let state = world.node(0).state(accord).unwrap().clone();
    assert!(state.runs[&own].answer.is_none());
}

#[test]
fn a_run_that_is_under_way_is_not_begun_again() {
    let (mut world, accord) = agreed(122);
    let body = offer(&world, accord, |_| {});
    offered(&mut world, accord, body);
    let (a, b) = (world.members[0].end.clone(), world.members[1].end.clone());
    let again = Arc::new(Mutex::new(None));
    let (seen, near, far) = (Arc::clone(&again), b.clone(), a.clone());
    // A has taken the run up and says so: at that moment B begins it once more.
    let mut first = true;
    let link = SimLink::new(Arc::new(Mirroring(b)), a).tamper(Box::new(move |_, _| {
        if std::mem::take(&mut first) {
            let link = SimLink::new(Arc::new(Mirroring(near.clone())), far.clone());
            let mut stream = link.open(&Request::BeginMatch { accord, run: RUN }).unwrap();
            *seen.lock().unwrap() = stream.recv().unwrap();
        }
    }));
    let mut stream = link.open(&Request::BeginMatch { accord, run: RUN }).unwrap();
    let done = stream.recv().unwrap().unwrap();
    assert_eq!(Response::decode(&done).unwrap(), Response::Done);
    let again = again.lock().unwrap().clone().unwrap();
    assert_eq!(refusal(&Response::decode(&again).unwrap()), "match_not_open");
    // It goes on all the same: the second try has not closed it.
    assert!(closes(&world, accord).is_empty());
    drop(stream);
    drop(link);
    let node = world.node(0);
    let history = &node.state(accord).unwrap().history;
    let answers = history.iter().filter(|event| event.kind.name() == "answer-match");
    assert_eq!(answers.count(), 1);
}

#[test]
fn budgets_hold_whatever_the_other_side_writes() {
    let terms = Terms { runs: 3, ..Terms::default() };
    let (world, accord) = World::in_force(115, &terms);
    let mut forger = Forger::take_over(&world.members[1], accord);
    let seen = forger.see(&world.members[0]);
    for n in 0..5 {
        let body = offer(&world, accord, |offer| offer.run = RunId::new([n; 32]));
        let seen = seen.clone();
        forger.write(Role::Analyst, body, |header| header.seen = seen);
    }
    forger.upload(&world.members[0].shared, &world.ids(), ACCORD);
    assert_eq!(world.node(0).state(accord).unwrap().runs.len(), 3);
    assert!(!world.audit(0, accord).is_sound(), "the fourth and fifth are a breach");
    assert_eq!(refusal(&begin(&world, accord, RunId::new([4; 32])).unwrap()), "unknown");
}

/// With a list of one, a program that keeps to no protocol tries 146 values: they are counted.
#[test]
fn a_cheat_with_short_lists_uses_up_the_budget_of_items() {
    let engine = "vole-mlkem768".to_owned();
    let terms = Terms { items: 3 * ENTERED_MIN, runs: 30, engine, ..Terms::default() };
    let (world, accord) = World::in_force(125, &terms);
    let mut forger = Forger::take_over(&world.members[1], accord);
    let seen = forger.see(&world.members[0]);
    for n in 0..5 {
        let body = offer(&world, accord, |offer| {
            (offer.run, offer.size) = (RunId::new([n; 32]), 1);
            "vole-mlkem768/1".clone_into(&mut offer.engine);
        });
        let seen = seen.clone();
        forger.write(Role::Analyst, body, |header| header.seen = seen);
    }
    forger.upload(&world.members[0].shared, &world.ids(), ACCORD);
    assert_eq!(world.node(0).state(accord).unwrap().runs.len(), 3);
    let report = world.audit(0, accord);
    let codes: Vec<&str> = report.findings.iter().map(|found| found.code).collect();
    assert!(!report.is_sound() && codes.contains(&"match_items_used_up"), "{codes:?}");
    assert_eq!(refusal(&begin(&world, accord, RunId::new([4; 32])).unwrap()), "unknown");
}

/// A responder with B's keys: it answers in the record as `answer` says and then says it is ready.
struct Responder<F> {
    mirror: Mirroring,
    answer: F,
    used: Mutex<bool>,
}

impl<F: Fn(RunId) + Send + Sync> End for Responder<F> {
    fn party(&self) -> PartyId {
        self.mirror.party()
    }

    fn respond(&self, link: &dyn Link, request: &Request) -> Response {
        self.mirror.respond(link, request)
    }

    fn respond_stream(&self, _: &dyn Link, request: &Request, stream: &mut dyn Stream) {
        // It does not take the run up again either.
        let Request::BeginMatch { run, .. } = request else { return };
        (self.answer)(*run);
        *self.used.lock().unwrap() = true;
        let _ = stream.send(Response::Done.encode());
    }
}

/// A offers a run, and B's forger answers with this size, or not at all.
fn answered_with(seed: u64, size: Option<u32>) -> (World, AccordId, String) {
    let (world, accord) = agreed(seed);
    let (seeds, ids) = (seed, world.ids());
    let a = world.members[0].shared.clone();
    let answer = move |run: RunId| {
        let Some(size) = size else { return };
        // The same world again, for its keys.
        let twin = World::new(seeds, 2);
        let mut forger = Forger::begin(&twin.members[1], accord);
        forger.entries = entries_of_b(&a, accord, &twin);
        let offer = a.lock().state(accord).unwrap().runs[&run].act;
        let commitment = Digest::new([2; 32]);
        let seen = see(&a, accord);
        let body = Body::AnswerMatch(Answer { run, offer, size, commitment });
        forger.write(Role::Analyst, body, |header| {
            header.seen = seen;
            header.time = UnixSeconds::new(header.time.get().max(detente_testkit::START));
        });
        let response = forger.upload(&a, &ids, ACCORD);
        assert!(matches!(response, Response::Cosigned { .. }), "{response:?}");
    };
    let end = Responder {
        mirror: Mirroring(world.members[1].end.clone()),
        answer,
        used: Mutex::new(false),
    };
    let link = SimLink::new(world.members[0].end.clone(), Arc::new(end));
    let shared = &world.members[0].shared;
    let result =
        code(run_match(shared, &|| Ok(Box::new(&link)), accord, ("1", false), &mut |_| {}));
    drop(link);
    (world, accord, result)
}

/// What A's node has of B's log, as the export shows it.
pub(crate) fn entries_of_b(
    a: &detente_node::Shared,
    accord: AccordId,
    twin: &World,
) -> Vec<detente_node::ports::EntryRow> {
    let record = a.lock().record(accord).unwrap();
    let log = record.logs.get(&twin.members[1].id).unwrap();
    let row = |entry: &detente_verify::EntryRecord| detente_node::ports::EntryRow {
        leaf: entry.leaf.clone(),
        salt: entry.salt,
        body: entry.body.clone(),
    };
    log.entries.iter().map(row).collect()
}

/// What B would have seen of A's log.
pub(crate) fn see(a: &detente_node::Shared, accord: AccordId) -> Vec<detente_core::act::Seen> {
    let record = a.lock().record(accord).unwrap();
    let party = a.lock().party();
    let log = record.logs.get(&party).unwrap();
    let checkpoint = detente_log::Checkpoint::parse(&log.checkpoint).unwrap();
    let head = *checkpoint.unverified_body().head();
    let size = head.size.get();
    vec![detente_core::act::Seen { party, size, root: *head.root.as_bytes() }]
}

#[test]
fn an_answer_beyond_the_cap_is_the_answerers_fault() {
    for size in [65, u32::MAX] {
        let (world, accord, code) = answered_with(116, Some(size));
        assert_eq!(code, "match_unanswered");
        let closes = closes(&world, accord);
        assert_eq!(closes.len(), 1);
        assert_eq!(closes[0].0, world.members[0].id);
        assert!(matches!(closes[0].1.outcome, Outcome::Aborted { blame: Blame::Peer, .. }));
    }
}

#[test]
fn who_says_it_is_ready_and_has_not_answered_is_to_blame() {
    let (world, accord, code) = answered_with(117, None);
    assert_eq!(code, "match_unanswered");
    let closes = closes(&world, accord);
    assert!(matches!(closes[0].1.outcome, Outcome::Aborted { blame: Blame::Peer, .. }));
}

#[test]
fn who_answers_and_then_says_nothing_has_cut_the_line() {
    let (world, accord, code) = answered_with(118, Some(4));
    assert_eq!(code, "line_cut");
    let closes = closes(&world, accord);
    assert!(matches!(closes[0].1.outcome, Outcome::Aborted { blame: Blame::Line, .. }));
}

/// A responder that refuses, or answers in no known words.
struct Refusing(Mirroring, Vec<u8>);

impl End for Refusing {
    fn party(&self) -> PartyId {
        self.0.party()
    }

    fn respond(&self, link: &dyn Link, request: &Request) -> Response {
        self.0.respond(link, request)
    }

    fn respond_stream(&self, _: &dyn Link, _: &Request, stream: &mut dyn Stream) {
        let _ = stream.send(self.1.clone());
    }
}

#[test]
fn a_refusal_and_nonsense_end_a_run_on_record() {
    let words = Refusal::new("no", "x".repeat(5_000));
    let answers = [
        (Response::Refused(words).encode(), "no"),
        (Response::ReleaseState { next: 0 }.encode(), "unexpected_response"),
        (vec![0xff; 40], "malformed_response"),
        (Vec::new(), "malformed_response"),
    ];
    for (answer, expected) in answers {
        let (world, accord) = agreed(119);
        let far = Refusing(Mirroring(world.members[1].end.clone()), answer);
        let link = SimLink::new(world.members[0].end.clone(), Arc::new(far));
        let shared = &world.members[0].shared;
        let result = run_match(shared, &|| Ok(Box::new(&link)), accord, ("1", false), &mut |_| {});
        assert_eq!(code(result), expected);
        drop(link);
        let closes = closes(&world, accord);
        assert!(matches!(closes[0].1.outcome, Outcome::Aborted { blame: Blame::Peer, .. }));
        world.sync().unwrap();
        assert_sound(&world, accord);
    }
}

/// A run in which message `at` of the stream is changed; false if there is no such message.
fn tampered(at: usize, change: fn(&mut Vec<u8>)) -> bool {
    let (world, accord) = agreed(120);
    let changed = Arc::new(Mutex::new((0, false)));
    let count = Arc::clone(&changed);
    let link = world.link(0, 1).tamper(Box::new(move |_, message| {
        let mut count = count.lock().unwrap();
        if count.0 == at {
            change(message);
            count.1 = true;
        }
        count.0 += 1;
    }));
    let a = &world.members[0].shared;
    let result = run_match(a, &|| Ok(Box::new(&link)), accord, ("1", false), &mut |_| {});
    drop(link);
    let changed = changed.lock().unwrap().1;
    world.sync().unwrap();
    let state = world.node(0).state(accord).unwrap().clone();
    let run = state.runs.values().next().unwrap();
    assert_eq!(run.agreed().is_some(), !changed, "message {at}");
    assert_eq!(result.is_ok_and(|report| report.agreed), !changed, "message {at}");
    if changed {
        let blames = |(_, close): &(UnixSeconds, Close)| {
            matches!(close.outcome, Outcome::Aborted { blame: Blame::Peer, .. })
        };
        assert!(run.closes.values().any(blames), "message {at}: {:?}", run.closes);
        for member in &world.members {
            let left = dry_run(&member.shared, accord, run.offer.run);
            assert!(left.is_err() || left.is_ok_and(|report| report.allowed == 0), "{at}");
        }
    }
    assert_sound(&world, accord);
    changed
}

fn tamper_everywhere(change: fn(&mut Vec<u8>)) {
    let mut at = 0;
    while tampered(at, change) {
        at += 1;
    }
    assert!(at >= 9, "a stream of {at} messages");
}

#[test]
fn an_altered_message_voids_the_run_and_is_blamed() {
    tamper_everywhere(|message| {
        if let Some(last) = message.last_mut() {
            *last ^= 1;
        }
    });
}

#[test]
fn a_shortened_message_voids_the_run_and_is_blamed() {
    tamper_everywhere(|message| {
        message.pop();
    });
}

#[test]
fn an_empty_message_voids_the_run_and_is_blamed() {
    tamper_everywhere(Vec::clear);
}

#[test]
fn a_stream_that_asks_for_something_else_is_refused() {
    let (world, _) = agreed(121);
    let link = world.link(1, 0);
    let mut stream = link.open(&Request::Pull).unwrap();
    let first = stream.recv().unwrap().unwrap();
    assert_eq!(refusal(&Response::decode(&first).unwrap()), "needs_no_stream");
    assert_eq!(stream.recv(), Ok(None));
    drop(stream);
    assert_ne!(stream_after_cut(&world), Ok(None));
}

/// What a stream says whose line is gone.
fn stream_after_cut(world: &World) -> Result<Option<Vec<u8>>, LinkError> {
    let cut = detente_testkit::Cut { at: 0, when: detente_testkit::When::After };
    let link = world.cut_link((1, 0), Some(cut));
    let mut stream = link.open(&Request::Pull).unwrap();
    stream.recv()
}
