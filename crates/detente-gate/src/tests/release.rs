//! Releases: caps within one and across the window, runs, replay.

use detente_core::act::{
    Answer, Close, Learn, MAX_LABEL, MAX_LABELS, MAX_MANIFEST, Mode, Offer, Outcome, ReleaseBody,
    Way,
};
use detente_core::object::Object;
use detente_core::{Digest, Kind, PartyId, RunId, Span, Tlp, UnixSeconds};
use detente_state::{Held, ReleaseState, Run, State, Stop};

use super::{Allow, Ban, Draft, NOW, accord, allow, ban, clause_of, denied, id, in_force, only};
use crate::{Decided, Denial, Release, ReleaseFault, Verdict, decide_all};

const DAY: u64 = 86_400;
pub(super) const RUN: RunId = RunId::new([5; 32]);

pub(super) fn ab() -> (PartyId, PartyId) {
    (id("A"), id("B"))
}

pub(super) fn object(number: usize) -> Object {
    Object {
        kind: Kind::Domain,
        value: format!("{number}.example"),
        tlp: Tlp::Green,
        marking_unknown: false,
        markings: Vec::new(),
        labels: Vec::new(),
        source: None,
        origin: None,
        comment: None,
        confidence: None,
        valid_from: None,
        valid_until: None,
        handling: detente_core::Handling::default(),
    }
}

fn objects(count: usize) -> Vec<Object> {
    (0..count).map(object).collect()
}

fn allowed(decided: &[Decided]) -> Vec<bool> {
    let allows = |one: &Decided| matches!(one.verdict, Verdict::Allow(_));
    decided.iter().map(allows).collect()
}

/// A release of A in the record.
pub(super) fn put(state: &mut State, body: &ReleaseBody, time: UnixSeconds) {
    let act = Digest::new([u8::try_from(state.releases.len()).unwrap(); 32]);
    state.releases.push(ReleaseState::of(act, (id("A"), time), body));
}

/// A run between A, who offered it, and B, closed alike by both.
pub(super) fn run(state: &mut State, mode: Mode, learn: Learn) {
    let commitment = Digest::new([1; 32]);
    let close = Close {
        run: RUN,
        outcome: Outcome::Done { count: Some(2), transcript: Digest::new([2; 32]) },
    };
    let offer = Offer {
        run: RUN,
        text: state.in_force.unwrap().text,
        clause: "2".to_owned(),
        mode,
        learn,
        normal_form: 1,
        engine: "vole-mlkem768/1".to_owned(),
        size: 10,
        commitment,
    };
    let answer = Answer { run: RUN, offer: Digest::new([3; 32]), size: 10, commitment };
    let closes = [id("A"), id("B")].map(|party| (party, (NOW, close.clone())));
    let run = Run {
        act: Digest::new([3; 32]),
        offer,
        initiator: id("A"),
        offered: NOW,
        answer: Some((id("B"), NOW, answer)),
        closes: closes.into_iter().collect(),
        closed_at: std::collections::BTreeMap::new(),
    };
    state.runs.insert(RUN, run);
}

/// Matched domains and URLs may leave; a run matches domains and addresses.
fn matching() -> State {
    let rule = Allow { matched: true, kinds: vec![Kind::Domain, Kind::Url], ..allow() };
    in_force(accord(&[Draft::Allow("1".to_owned(), rule), Draft::Match("2".to_owned())]))
}

#[test]
fn a_cap_counts_down_within_one_release() {
    let state = in_force(only(Allow { cap: Some((3, None)), ..allow() }));
    let decided = decide_all(&state, ab(), None, objects(5), NOW);
    assert_eq!(allowed(&decided), [true, true, true, false, false]);
    let Verdict::Allow(last) = &decided[2].verdict else { panic!() };
    assert!(last.to_string().ends_with("3 of 3 in 30 days"), "{last}");
    let denial = denied(decided[3].verdict.clone());
    assert!(matches!(denial, Denial::Cap { what: "objects", used: 3, max: 3, .. }));
    let release = Release::decide(&state, ab(), None, objects(5), NOW).unwrap();
    assert_eq!(release.body().manifest.len(), 3);
    assert_eq!(release.objects().len(), 3);
    assert_eq!(release.to(), id("B"));
    for ((address, bytes), entry) in release.objects().iter().zip(&release.body().manifest) {
        assert_eq!((*address, Object::address(bytes)), (entry.object, entry.object));
    }
}

#[test]
fn a_cap_of_bytes_skips_what_does_not_fit() {
    let size = object(1).encode().len() as u64;
    let state = in_force(only(Allow { cap: Some((9, Some(2 * size + 5))), ..allow() }));
    let mut long = object(2);
    long.comment = Some("x".repeat(50));
    let decided = decide_all(&state, ab(), None, vec![object(1), long, object(3), object(4)], NOW);
    assert_eq!(allowed(&decided), [true, false, true, false]);
    let denial = denied(decided[1].verdict.clone());
    assert!(matches!(denial, Denial::Cap { what: "bytes", .. }));
}

#[test]
fn a_cap_counts_across_the_window_and_per_author() {
    let mut state = in_force(only(Allow { cap: Some((3, None)), ..allow() }));
    let first = Release::decide(&state, ab(), None, objects(2), NOW).unwrap();
    put(&mut state, first.body(), NOW);
    let count = |state: &State, from: &str, time| {
        let decided = decide_all(state, (id(from), id("C")), None, objects(9), time);
        allowed(&decided).into_iter().filter(|allowed| *allowed).count()
    };
    let later = |days| NOW.plus(Span::seconds(days));
    assert_eq!(count(&state, "A", NOW), 1);
    assert_eq!(count(&state, "A", later(30 * DAY - 1)), 1);
    assert_eq!(count(&state, "A", later(30 * DAY)), 3, "the window has passed");
    assert_eq!(count(&state, "B", NOW), 3, "each party has its own count");
}

#[test]
fn when_one_cap_is_reached_the_next_clause_speaks() {
    let capped = Allow { cap: Some((1, None)), ..allow() };
    let state = in_force(accord(&[
        Draft::Allow("1".to_owned(), capped.clone()),
        Draft::Allow("2".to_owned(), Allow { cap: Some((2, None)), ..capped }),
    ]));
    let decided = decide_all(&state, ab(), None, objects(4), NOW);
    let clauses: Vec<&str> = decided[..3].iter().map(|one| clause_of(&one.verdict)).collect();
    assert_eq!(clauses, ["1", "2", "2"]);
    assert_eq!(denied(decided[3].verdict.clone()).code(), "cap_reached");
}

#[test]
fn the_same_bytes_are_one_object() {
    let state = in_force(only(Allow { cap: Some((2, None)), ..allow() }));
    let twice = vec![object(1), object(1), object(2)];
    let decided = decide_all(&state, ab(), None, twice, NOW);
    assert_eq!(allowed(&decided), [true, true]);
}

#[test]
fn nothing_leaves_to_or_from_a_stranger() {
    let state = in_force(only(allow()));
    let stranger = PartyId::new([9; 32]);
    for (from, to) in [(id("A"), stranger), (stranger, id("A")), (id("A"), id("A"))] {
        let decided = decide_all(&state, (from, to), None, objects(1), NOW);
        assert_eq!(denied(decided[0].verdict.clone()).code(), "no_permit");
        let release = Release::decide(&state, (from, to), None, objects(1), NOW);
        assert_eq!(release.unwrap_err(), ReleaseFault::Nothing);
    }
}

#[test]
fn nothing_leaves_while_stopped_or_out_of_force() {
    let mut state = in_force(only(allow()));
    let lapses = NOW.plus(Span::seconds(DAY));
    let reason = "a leak".to_owned();
    state.stops.insert(id("C"), Stop::new(NOW, lapses, reason, 1));
    let denial = |state: &State, time| {
        denied(decide_all(state, ab(), None, objects(1), time)[0].verdict.clone()).code()
    };
    assert_eq!(denial(&state, NOW), "stopped");
    assert_eq!(
        Release::decide(&state, ab(), None, objects(1), NOW).unwrap_err(),
        ReleaseFault::Nothing
    );
    assert!(Release::decide(&state, ab(), None, objects(1), lapses).is_ok());
    let ended = UnixSeconds::parse("2030-12-31").unwrap();
    assert_eq!(denial(&state, ended), "not_in_force");
    state.in_force = None;
    assert_eq!(denial(&state, NOW), "not_in_force");
    let none = Release::decide(&state, ab(), None, objects(1), NOW).unwrap_err();
    assert_eq!((none.clone(), none.code()), (ReleaseFault::Nothing, "release_nothing"));
}

#[test]
fn matched_means_told_by_a_run_between_the_two() {
    let mut state = matching();
    let code = |state: &State, parties, run| match &decide_all(state, parties, run, objects(1), NOW)
        [0]
    .verdict
    {
        Verdict::Allow(_) => "open",
        Verdict::Deny(denial) => denial.code(),
    };
    let (a, b, c) = (id("A"), id("B"), id("C"));
    assert_eq!(code(&state, (a, b), Some(RUN)), "not_matched", "no such run");
    run(&mut state, Mode::Which, Learn::Both);
    assert_eq!(code(&state, (a, b), Some(RUN)), "open");
    assert_eq!(code(&state, (b, a), Some(RUN)), "open");
    assert_eq!(code(&state, (a, b), None), "not_matched");
    assert_eq!(code(&state, (a, c), Some(RUN)), "not_matched", "C took no part");
    assert_eq!(code(&state, (c, a), Some(RUN)), "not_matched");
    let mut open = state.clone();
    open.runs.get_mut(&RUN).unwrap().closes.remove(&b);
    assert_eq!(code(&open, (a, b), Some(RUN)), "not_matched", "B has not closed it");
    run(&mut state, Mode::Which, Learn::Initiator);
    assert_eq!(code(&state, (a, b), Some(RUN)), "open");
    assert_eq!(code(&state, (b, a), Some(RUN)), "not_matched", "B did not learn which");
    run(&mut state, Mode::Count, Learn::Both);
    assert_eq!(code(&state, (a, b), Some(RUN)), "not_matched", "told only how many");
}

/// The run matched domains and addresses: no URL can be in its answer.
#[test]
fn a_kind_that_was_not_matched_is_not_matched() {
    let mut state = matching();
    run(&mut state, Mode::Which, Learn::Both);
    let mut url = object(1);
    url.kind = Kind::Url;
    let decided = decide_all(&state, ab(), Some(RUN), vec![url, object(2)], NOW);
    assert_eq!(denied(decided[0].verdict.clone()).code(), "not_matched");
    assert_eq!(clause_of(&decided[1].verdict), "1");
}

#[test]
fn a_malformed_object_stays() {
    let state = in_force(only(allow()));
    let unsorted = Object { labels: vec!["b".to_owned(), "a".to_owned()], ..object(1) };
    let long = Object { value: "x".repeat(3_000), ..object(1) };
    let many =
        Object { labels: (0..=MAX_LABELS).map(|n| format!("{n:03}")).collect(), ..object(1) };
    let sure = Object { confidence: Some(101), ..object(1) };
    let decided = decide_all(&state, ab(), None, vec![unsorted, long, many, sure, object(2)], NOW);
    assert_eq!(allowed(&decided), [false, false, false, false, true]);
    for one in &decided[..4] {
        assert_eq!(denied(one.verdict.clone()).code(), "object_malformed");
    }
}

#[test]
fn a_release_fits_into_an_act() {
    let state = in_force(only(allow()));
    let many = objects(MAX_MANIFEST + 1);
    let fault = Release::decide(&state, ab(), None, many, NOW).unwrap_err();
    let got = MAX_MANIFEST + 1;
    assert_eq!((fault.clone(), fault.code()), (ReleaseFault::TooMany { got }, "release_too_many"));
    let labelled = |number| Object {
        labels: (0..MAX_LABELS).map(|n| format!("{n:0>MAX_LABEL$}")).collect(),
        ..object(number)
    };
    let long = (0..3_000).map(labelled).collect();
    let fault = Release::decide(&state, ab(), None, long, NOW).unwrap_err();
    assert_eq!(fault.code(), "release_too_long");
}

/// Decides, changes the body, and asks again.
#[track_caller]
fn replayed(change: impl FnOnce(&mut ReleaseBody)) -> Result<(), (usize, &'static str)> {
    let rule = Allow { cap: Some((3, None)), ..allow() };
    let labelled = Ban { labels: vec!["victim"], ..ban() };
    let state = in_force(accord(&[
        Draft::Allow("1".to_owned(), rule),
        Draft::Ban("2".to_owned(), labelled),
        Draft::Allow("3".to_owned(), Allow { kinds: vec![Kind::Url], ..allow() }),
    ]));
    let release = Release::decide(&state, ab(), None, objects(3), NOW).unwrap();
    let mut body = release.body().clone();
    change(&mut body);
    Release::replay(&state, ab(), &body, NOW).map_err(|(place, verdict)| {
        let code = match verdict {
            Verdict::Allow(_) => "other_clause",
            Verdict::Deny(denial) => denial.code(),
        };
        (place, code)
    })
}

#[test]
fn replay_agrees_with_the_decision() {
    assert_eq!(replayed(|_| ()), Ok(()));
    assert_eq!(replayed(|body| body.manifest.truncate(1)), Ok(()));
}

#[test]
fn replay_finds_what_was_changed() {
    let fourth = |body: &mut ReleaseBody| body.manifest.push(body.manifest[0].clone());
    assert_eq!(replayed(fourth), Err((3, "cap_reached")));
    let clause = |body: &mut ReleaseBody| body.manifest[1].clause = "3".to_owned();
    assert_eq!(replayed(clause), Err((1, "other_clause")));
    let none = |body: &mut ReleaseBody| body.manifest[1].clause = "9".to_owned();
    assert_eq!(replayed(none), Err((1, "other_clause")));
    let transforms = |body: &mut ReleaseBody| {
        body.manifest[1].transforms = vec![detente_core::Transform::HideSource];
    };
    assert_eq!(replayed(transforms), Err((1, "other_transforms")));
    let kind = |body: &mut ReleaseBody| body.manifest[2].facts.kind = Kind::Ipv4;
    assert_eq!(replayed(kind), Err((2, "no_permit")));
    let tlp = |body: &mut ReleaseBody| body.manifest[0].facts.tlp = Tlp::Red;
    assert_eq!(replayed(tlp), Err((0, "tlp_ceiling")));
    let unknown = |body: &mut ReleaseBody| body.manifest[0].facts.marking_unknown = true;
    assert_eq!(replayed(unknown), Err((0, "marking_unknown")));
    let label = |body: &mut ReleaseBody| body.manifest[2].facts.labels = vec!["Victim".to_owned()];
    assert_eq!(replayed(label), Err((2, "forbidden")));
    let text = |body: &mut ReleaseBody| body.text = Digest::new([1; 32]);
    assert_eq!(replayed(text), Err((0, "not_in_force")));
}

#[test]
fn replay_asks_with_the_state_parties_run_and_time_of_the_release() {
    let mut state = matching();
    run(&mut state, Mode::Which, Learn::Both);
    let release = Release::decide(&state, ab(), Some(RUN), objects(2), NOW).unwrap();
    let body = release.body();
    let (a, b) = ab();
    assert_eq!(Release::replay(&state, (a, b), body, NOW), Ok(()));
    assert!(Release::replay(&state, (a, id("C")), body, NOW).is_err());
    let without = ReleaseBody { run: None, ..body.clone() };
    let (place, verdict) = Release::replay(&state, (a, b), &without, NOW).unwrap_err();
    assert_eq!((place, denied(verdict).code()), (0, "not_matched"));
    let late = UnixSeconds::parse("2031-01-01").unwrap();
    assert!(Release::replay(&state, (a, b), body, late).is_err());
    state.runs.clear();
    assert!(Release::replay(&state, (a, b), body, NOW).is_err());
}

#[test]
fn what_is_on_record_may_go_again_and_nothing_else() {
    let mut state = in_force(only(allow()));
    let release = Release::decide(&state, ab(), None, objects(2), NOW).unwrap();
    let body = release.body();
    let bytes: Vec<Vec<u8>> = release.objects().iter().map(|(_, bytes)| bytes.clone()).collect();
    let again = |state: &State, to: PartyId, bytes: &[Vec<u8>]| {
        Release::recorded(state, (id("A"), to), body, bytes.to_vec(), NOW)
    };
    let fault = again(&state, id("B"), &bytes).unwrap_err();
    assert_eq!((fault.clone(), fault.code()), (ReleaseFault::NotOnRecord, "release_not_on_record"));
    put(&mut state, body, NOW);
    assert_eq!(again(&state, id("B"), &bytes).unwrap().objects(), release.objects());
    // The same body by another party is no release of this one.
    let other = Release::recorded(&state, (id("C"), id("B")), body, bytes.clone(), NOW);
    assert_eq!(other.unwrap_err(), ReleaseFault::NotOnRecord);
    let stranger = again(&state, PartyId::new([9; 32]), &bytes).unwrap_err();
    assert_eq!(stranger, ReleaseFault::NotOnRecord);
    let fault = again(&state, id("B"), &bytes[..1]).unwrap_err();
    assert_eq!(fault, ReleaseFault::OtherObject { place: 1 });
    let swapped = [bytes[1].clone(), bytes[0].clone()];
    let fault = again(&state, id("B"), &swapped).unwrap_err();
    assert_eq!(
        (fault.clone(), fault.code()),
        (ReleaseFault::OtherObject { place: 0 }, "release_other_object")
    );
    let lapses = NOW.plus(Span::seconds(DAY));
    state.stops.insert(id("B"), Stop::new(NOW, lapses, "x".to_owned(), 1));
    assert_eq!(again(&state, id("B"), &bytes).unwrap_err().code(), "release_stopped");
    state.stops.clear();
    state.in_force = None;
    assert_eq!(again(&state, id("B"), &bytes).unwrap_err().code(), "release_stopped");
}

/// A suspension by B of clauses, of what A gives to B.
fn suspension(state: &State, clauses: &[&str], since: UnixSeconds) -> Held {
    let (from, to) = ab();
    Held {
        act: Digest::new([9; 32]),
        party: to,
        place: 7,
        text: state.in_force.unwrap().text,
        clauses: clauses.iter().map(ToString::to_string).collect(),
        ways: vec![Way { from, to }],
        since,
        expires: None,
        resumed: None,
        reason: "a leak".to_owned(),
        answers: None,
        contested: Vec::new(),
    }
}

#[test]
fn a_suspended_permission_lets_nothing_go_in_its_direction_and_others_go_on() {
    let drafts = [Draft::Allow("1".into(), allow()), Draft::Allow("2".into(), allow())];
    let mut state = in_force(accord(&drafts));
    let (a, b) = ab();
    let clause = |state: &State, from, to| {
        let decided = decide_all(state, (from, to), None, objects(1), NOW);
        match &decided[0].verdict {
            Verdict::Allow(allowance) => Ok(allowance.clause.to_string()),
            Verdict::Deny(denial) => Err(denial.code()),
        }
    };
    assert_eq!(clause(&state, a, b), Ok("1".to_owned()));
    let held = suspension(&state, &["1"], NOW);
    state.suspensions.push(held);
    assert_eq!(clause(&state, a, b), Ok("2".to_owned()), "the next permission that runs");
    assert_eq!(clause(&state, b, a), Ok("1".to_owned()), "the other direction");
    let held = suspension(&state, &["2"], NOW);
    state.suspensions.push(held);
    assert_eq!(clause(&state, a, b), Err("clause_held"));
    state.suspensions[1].since = UnixSeconds::new(NOW.get() + 1);
    assert_eq!(clause(&state, a, b), Ok("2".to_owned()), "not before it begins");
    let decided = decide_all(&state, (a, b), None, objects(1), NOW);
    assert_eq!(clause_of(&decided[0].verdict), "2");
}

#[test]
fn a_suspended_prohibition_still_forbids() {
    let drafts = [Draft::Allow("1".into(), allow()), Draft::Ban("2".into(), ban())];
    let mut state = in_force(accord(&drafts));
    let held = suspension(&state, &["2"], NOW);
    state.suspensions.push(held);
    let decided = decide_all(&state, ab(), None, objects(1), NOW);
    let Verdict::Deny(Denial::Forbidden { clause, .. }) = &decided[0].verdict else {
        panic!("{:?}", decided[0].verdict)
    };
    assert_eq!(&**clause, "2", "to suspend a prohibition opens nothing");
}

#[test]
fn a_stop_spares_the_clauses_that_the_text_insulates() {
    let drafts = [Draft::Allow("1".into(), allow()), Draft::Allow("2".into(), allow())];
    let mut text = accord(&drafts);
    text.terms.suspension.never = vec!["2".to_owned()];
    let mut state = in_force(text);
    let stop = Stop::new(NOW, UnixSeconds::new(NOW.get() + DAY), "a leak".to_owned(), 3);
    state.stops.insert(id("B"), stop);
    let decided = decide_all(&state, ab(), None, objects(1), NOW);
    assert_eq!(clause_of(&decided[0].verdict), "2");
    let mut state = in_force(accord(&drafts));
    let stop = Stop::new(NOW, UnixSeconds::new(NOW.get() + DAY), "a leak".to_owned(), 3);
    state.stops.insert(id("B"), stop);
    let decided = decide_all(&state, ab(), None, objects(1), NOW);
    assert!(matches!(decided[0].verdict, Verdict::Deny(Denial::Stopped { .. })));
}
