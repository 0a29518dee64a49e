//! Known answers, good and bad, in `vectors/match-ecdh.json`: read and replayed, and compared
//! with what the code gives now.
//!
//! `tests/check_vectors.py` computes the good ones a second time, with libsodium. After a wanted
//! change of the protocol write the file with `DETENTE_WRITE_VECTORS=1 cargo nextest run -p
//! detente-match vectors`.

use serde_json::{Value, json};

use super::{Case, side};
use crate::error::Error;
use crate::params::{Learn, Mode, Role};
use crate::psi::Outcome;
use crate::psi::ecdh::{Message, Session};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors/match-ecdh.json");
const ROLES: [Role; 2] = [Role::Initiator, Role::Responder];

/// Bytes on the wire and who sent them.
type Wire = Vec<(Role, Vec<u8>)>;

#[test]
fn the_file_is_what_the_code_gives() {
    let text = format!("{:#}\n", generate());
    if std::env::var_os("DETENTE_WRITE_VECTORS").is_some() {
        std::fs::write(PATH, &text).unwrap();
    }
    assert!(std::fs::read_to_string(PATH).unwrap() == text, "vectors/match-ecdh.json differs");
}

#[test]
fn good_runs_replay() {
    let file = read();
    let good = file["good"].as_array().unwrap();
    assert!(good.len() >= 8);
    for run in good {
        let case = read_case(run);
        if run["messages"].is_null() {
            let (_, outcomes) = drive(&case);
            assert_eq!(outcomes[0].transcript.to_vec(), unhex(&run["transcript"]));
            continue;
        }
        for role in ROLES {
            let mut session = case.session(role);
            for (from, bytes) in read_wire(run) {
                if from == role {
                    assert_eq!(session.poll().unwrap().unwrap().encode(), bytes);
                } else {
                    session.input(Message::decode(&bytes).unwrap()).unwrap();
                }
            }
            let outcome = session.finish().unwrap();
            let name = name(role);
            assert_eq!(json!(outcome.common), run["outcome"][name]["common"]);
            assert_eq!(json!(outcome.count), run["outcome"][name]["count"]);
            assert_eq!(outcome.transcript.to_vec(), unhex(&run["transcript"]));
        }
    }
}

#[test]
fn bad_runs_are_refused_by_name() {
    let file = read();
    let bad = file["bad"].as_array().unwrap();
    assert!(bad.len() >= 30);
    for run in bad {
        let case = read_case(run);
        let role = read_role(&run["end"]);
        let mut session = case.session(role);
        let mut wire = read_wire(run);
        let (_, last) = wire.pop().unwrap();
        for (from, bytes) in wire {
            if from == role {
                assert_eq!(session.poll().unwrap().unwrap().encode(), bytes);
            } else {
                session.input(Message::decode(&bytes).unwrap()).unwrap();
            }
        }
        let error = Message::decode(&last)
            .map_err(Error::from)
            .and_then(|message| session.input(message))
            .unwrap_err();
        assert_eq!(json!(error.code()), run["fault"], "{}", run["name"]);
    }
}

/// In turns: each end polls until it has nothing to send, then the other takes it all.
fn drive(case: &Case) -> (Wire, [Outcome; 2]) {
    let mut ends = ROLES.map(|role| case.session(role));
    let mut wire = Vec::new();
    while !ends.iter().all(Session::is_done) {
        for from in [0, 1] {
            while let Some(message) = ends[from].poll().unwrap() {
                wire.push((ROLES[from], message.encode()));
                ends[1 - from].input(message).unwrap();
            }
        }
    }
    (wire, ends.map(|end| end.finish().unwrap()))
}

fn generate() -> Value {
    let runs = [
        ("which_both", case(Mode::Which, Learn::Both, [&[1, 2, 3], &[9, 3, 1, 7]], [4, 4])),
        ("which_initiator", case(Mode::Which, Learn::Initiator, [&[1, 2, 3], &[3]], [3, 2])),
        ("count_both", case(Mode::CountOnly, Learn::Both, [&[1, 2, 3], &[9, 3, 1, 7]], [4, 4])),
        ("count_initiator", case(Mode::CountOnly, Learn::Initiator, [&[4, 2], &[2, 5]], [2, 3])),
        ("all_common", case(Mode::Which, Learn::Both, [&[1, 2], &[2, 1]], [2, 2])),
        ("none_common", case(Mode::Which, Learn::Both, [&[1, 2], &[3, 4, 5]], [2, 3])),
        ("empty", case(Mode::Which, Learn::Both, [&[], &[1]], [0, 1])),
        ("dummies_only", case(Mode::CountOnly, Learn::Both, [&[], &[]], [2, 2])),
    ];
    let mut good: Vec<_> = runs.iter().map(|(name, case)| good(name, case)).collect();
    good.push(two_chunks());
    let bad: Vec<_> = bad_runs();
    json!({ "protocol": "detente-match/ecdh/1", "good": good, "bad": bad })
}

fn case(mode: Mode, learn: Learn, lists: [&[u32]; 2], lens: [u32; 2]) -> Case {
    let mut case = Case::numbered(mode, learn, lists);
    case.lens = lens;
    case.context = std::array::from_fn(|at| at.to_le_bytes()[0]);
    case
}

fn good(name: &str, case: &Case) -> Value {
    let (wire, outcomes) = drive(case);
    let mut run = describe(name, case);
    run["messages"] = write_wire(&wire);
    for (role, outcome) in ROLES.into_iter().zip(&outcomes) {
        run["outcome"][self::name(role)] =
            json!({ "common": outcome.common, "count": outcome.count });
    }
    run["transcript"] = json!(hex::encode(outcomes[0].transcript));
    run
}

/// A run of more than one chunk, by its transcript alone.
fn two_chunks() -> Value {
    let numbers: Vec<u32> = (0..2050).collect();
    let case = case(Mode::Which, Learn::Both, [&numbers[..2049], &numbers[40..45]], [2050, 6]);
    let (_, outcomes) = drive(&case);
    let mut run = describe("two_chunks", &case);
    run["initiator"]["items"] = json!("the texts `item 0` to `item 2048`");
    run["outcome"] = json!({ "initiator": { "common": [40, 41, 42, 43, 44], "count": 5 } });
    run["transcript"] = json!(hex::encode(outcomes[0].transcript));
    run
}

/// Changes the bytes of a message.
type Change = Box<dyn Fn(&mut Vec<u8>)>;

fn set(at: usize, bytes: impl Into<Vec<u8>>) -> Change {
    let bytes = bytes.into();
    Box::new(move |message| message[at..at + bytes.len()].copy_from_slice(&bytes))
}

fn flip(at: usize) -> Change {
    Box::new(move |message| message[at] ^= 1)
}

/// Where the points of a message begin, and where the `n`th does.
const POINTS: usize = 7;
fn point(n: usize) -> usize {
    POINTS + 32 * n
}

/// One bad run: name, fault, base run, the message of the initiator that is changed (its number
/// among the initiator's), and how.
type Bad<'a> = (&'a str, &'a str, &'a Case, usize, Change);

fn bad_runs() -> Vec<Value> {
    let lists: [&[u32]; 2] = [&[1, 2, 3], &[9, 3, 1, 7]];
    let which = case(Mode::Which, Learn::Both, lists, [4, 4]);
    let count = case(Mode::CountOnly, Learn::Both, lists, [4, 4]);
    let single = case(Mode::Which, Learn::Initiator, [&[1, 2, 3], &[3]], [3, 2]);
    let mut runs: Vec<_> = bad_messages([&which, &count, &single])
        .into_iter()
        .map(|(name, fault, case, nth, change)| {
            let mut wire = prefix(case, nth);
            change(&mut wire.last_mut().unwrap().1);
            bad_run(name, fault, case, Role::Responder, &wire)
        })
        .collect();
    runs.extend(bad_orders(&which));
    runs
}

#[rustfmt::skip]
fn bad_messages([which, count, single]: [&Case; 3]) -> Vec<Bad<'_>> {
    // Answers go first: when the initiator's turn comes, it has the responder's list.
    let (key, answer, list, confirm) = (0, 1, 2, 3);
    let single_confirm = 2;
    let one = [&[1][..], &[0; 31]].concat();
    vec![
        ("key_identity", "identity_point", which, key, set(1, [0; 32])),
        ("key_not_canonical", "invalid_point", which, key, set(1, [0xff; 32])),
        ("terms_other", "terms_differ", which, key, flip(33)),
        ("list_identity", "identity_point", which, list, set(point(2), [0; 32])),
        ("list_not_canonical", "invalid_point", which, list, set(point(1), [0xff; 32])),
        ("list_negative", "invalid_point", which, list, set(point(1), one)),
        ("list_starts_late", "wrong_start", which, list, set(4, [1])),
        ("list_short", "wrong_length", which, list, Box::new(|m| resize(m, 3))),
        ("list_long", "wrong_length", which, list, Box::new(|m| resize(m, 5))),
        ("list_repeats_a_point", "duplicate_point", which, list, Box::new(|m| repeat_point(m))),
        ("list_repeats_a_point_count", "duplicate_point", count, list,
            Box::new(|m| repeat_point(m))),
        ("answer_swapped", "proof_failed", which, answer, Box::new(|m| swap_points(m))),
        ("answer_repeats_a_point", "proof_failed", which, answer, Box::new(|m| repeat_point(m))),
        ("answer_identity", "identity_point", which, answer, set(point(0), [0; 32])),
        ("answer_challenge_altered", "proof_failed", which, answer, flip(point(4))),
        ("answer_response_altered", "proof_failed", which, answer, flip(point(5))),
        ("answer_scalar_not_canonical", "proof_failed", which, answer, set(point(5), [0xff; 32])),
        ("answer_without_proof", "proof_misplaced", which, answer, Box::new(drop_proof)),
        ("answer_with_proof_count", "proof_misplaced", count, answer, Box::new(add_proof)),
        ("answer_unsorted_count", "unsorted", count, answer, Box::new(|m| swap_points(m))),
        ("answer_repeats_a_point_count", "unsorted", count, answer, Box::new(|m| repeat_point(m))),
        ("confirm_other_count", "count_differs", which, confirm, set(8, [3])),
        ("confirm_other_digest", "digest_differs", which, confirm, flip(9)),
        ("confirm_digest_in_count", "digest_differs", count, confirm, flip(9)),
        ("confirm_other_transcript", "transcript_differs", which, confirm, flip(41)),
        ("confirm_shows_count", "verdict_shown", single, single_confirm, set(8, [1])),
        ("truncated", "malformed_truncated", which, list, Box::new(|m| m.truncate(m.len() - 1))),
        ("trailing_byte", "malformed_trailing_bytes", which, list, Box::new(|m| m.push(0))),
        ("unknown_tag", "malformed_unknown_tag", which, list, set(0, [6])),
        ("no_points", "malformed_no_points", which, list, Box::new(|m| resize(m, 0))),
        ("too_many_points", "malformed_too_many_points", which, list, set(5, [8, 1])),
    ]
}

/// The messages of an honest run up to the `nth` of the initiator.
fn prefix(case: &Case, nth: usize) -> Wire {
    let (mut wire, _) = drive(case);
    let from_initiator = |at: &usize| wire[*at].0 == Role::Initiator;
    let end = (0..wire.len()).filter(from_initiator).nth(nth).unwrap();
    wire.truncate(end + 1);
    wire
}

/// Bad runs in which every message is sound by itself.
fn bad_orders(which: &Case) -> Vec<Value> {
    let (all, _) = drive(which);
    let nth = |role, nth| all.iter().filter(|(from, _)| *from == role).nth(nth).unwrap().1.clone();
    let (cheat, honest) = (Role::Initiator, Role::Responder);
    let run = |name, fault, nth: usize, last: Vec<u8>| {
        let mut wire = prefix(which, nth);
        wire.last_mut().unwrap().1 = last;
        bad_run(name, fault, which, honest, &wire)
    };
    let mut after_end = all.clone();
    after_end.push((cheat, nth(cheat, 0)));
    let key = (cheat, nth(cheat, 0));
    let key_back = vec![(honest, nth(honest, 0)), (cheat, nth(honest, 0))];
    let unasked = vec![key.clone(), (cheat, nth(cheat, 1))];
    // The responder reflects; it has waited for the initiator's list.
    let reflected =
        vec![key, (honest, nth(honest, 0)), (cheat, nth(cheat, 2)), (honest, nth(cheat, 2))];
    // The whole answer raised with another key, with that key's own sound proof.
    let mut other = which.clone();
    other.seeds[0] = [9; 32];
    let mut other = other.session(cheat);
    other.input(Message::decode(&nth(honest, 0)).unwrap()).unwrap();
    other.input(Message::decode(&nth(honest, 1)).unwrap()).unwrap();
    let messages = std::iter::from_fn(|| other.poll().unwrap());
    let other_key = messages.map(|message| message.encode()).find(|bytes| bytes[0] == 3).unwrap();
    vec![
        run("list_before_key", "out_of_order", 0, nth(cheat, 2)),
        run("key_twice", "out_of_order", 1, nth(cheat, 0)),
        run("confirm_early", "too_few_points", 1, nth(cheat, 3)),
        run("list_twice", "too_many_points", 3, nth(cheat, 2)),
        run("answer_with_other_key", "proof_failed", 1, other_key),
        bad_run("answer_unasked", "answer_unasked", which, honest, &unasked),
        bad_run("key_reflected", "key_reflected", which, honest, &key_back),
        bad_run("after_the_end", "after_finish", which, honest, &after_end),
        bad_run("list_reflected", "points_reflected", which, cheat, &reflected),
    ]
}

fn resize(message: &mut Vec<u8>, points: u8) {
    message[6] = points;
    let copy = message[POINTS..point(1)].to_vec();
    message.resize(point(usize::from(points)).min(message.len()), 0);
    while message.len() < point(usize::from(points)) {
        message.extend_from_slice(&copy);
    }
}

fn repeat_point(message: &mut [u8]) {
    message.copy_within(point(0)..point(1), point(1));
}

fn swap_points(message: &mut [u8]) {
    let first = message[point(0)..point(1)].to_vec();
    message.copy_within(point(1)..point(2), point(0));
    message[point(1)..point(2)].copy_from_slice(&first);
}

fn drop_proof(message: &mut Vec<u8>) {
    message[0] = 4;
    message.truncate(message.len() - 64);
}

fn add_proof(message: &mut Vec<u8>) {
    message[0] = 3;
    message.extend_from_slice(&[0; 64]);
}

fn describe(name: &str, case: &Case) -> Value {
    let end = |role: Role| {
        let items: Vec<_> = case.lists[side(role)].iter().map(hex::encode).collect();
        let seed = hex::encode(case.seeds[side(role)]);
        json!({ "seed": seed, "len": case.lens[side(role)], "items": items })
    };
    json!({
        "name": name,
        "mode": if case.mode == Mode::CountOnly { "count_only" } else { "which" },
        "learn": match case.learn { Learn::Both => "both", Learn::Initiator => "initiator" },
        "context": hex::encode(case.context),
        "initiator": end(Role::Initiator),
        "responder": end(Role::Responder),
    })
}

fn bad_run(name: &str, fault: &str, case: &Case, end: Role, wire: &Wire) -> Value {
    let mut run = describe(name, case);
    run["end"] = json!(self::name(end));
    run["fault"] = json!(fault);
    run["messages"] = write_wire(wire);
    run
}

fn write_wire(wire: &Wire) -> Value {
    wire.iter().map(|(from, bytes)| json!({ name(*from): hex::encode(bytes) })).collect()
}

fn read() -> Value {
    serde_json::from_str(&std::fs::read_to_string(PATH).unwrap()).unwrap()
}

fn read_case(run: &Value) -> Case {
    let array = |value: &Value| <[u8; 32]>::try_from(unhex(value)).unwrap();
    let end = |role| &run[name(role)];
    let numbered = || (0..2049).map(|n| format!("item {n}").into_bytes()).collect();
    Case {
        mode: if run["mode"] == "which" { Mode::Which } else { Mode::CountOnly },
        learn: if run["learn"] == "both" { Learn::Both } else { Learn::Initiator },
        context: array(&run["context"]),
        seeds: ROLES.map(|role| array(&end(role)["seed"])),
        lists: ROLES.map(|role| match end(role)["items"].as_array() {
            Some(items) => items.iter().map(unhex).collect(),
            None => numbered(),
        }),
        lens: ROLES.map(|role| u32::try_from(end(role)["len"].as_u64().unwrap()).unwrap()),
    }
}

fn read_wire(run: &Value) -> Wire {
    let messages = run["messages"].as_array().unwrap().iter();
    messages
        .map(|message| {
            let role =
                if message["initiator"].is_null() { Role::Responder } else { Role::Initiator };
            (role, unhex(&message[name(role)]))
        })
        .collect()
}

fn read_role(value: &Value) -> Role {
    if value == "initiator" { Role::Initiator } else { Role::Responder }
}

fn name(role: Role) -> &'static str {
    match role {
        Role::Initiator => "initiator",
        Role::Responder => "responder",
    }
}

fn unhex(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}
