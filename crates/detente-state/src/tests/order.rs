//! The order of the fold: forced by what was seen, and the same whoever gathers the logs.

use proptest::prelude::*;

use super::matching::{abort, answer, done, offer, run};
use super::release::release;
use super::{
    A, B, C, DAY, START, World, at, denounce, digest_of, propose, refuse, resume, stop, swap, text,
};
use crate::{Logs, State};
use detente_core::Digest;
use detente_core::act::{Act, Answering, Body, Matter, Step as Rung, Suspension, Way};
use detente_core::party::Role;

#[test]
fn an_act_waits_for_what_it_has_seen() {
    let text = text(2);
    let world = World::agreed(2, &text);
    let without = |left_out: usize| {
        let mut logs = Logs::new(world.accord, &world.ids);
        for act in world.logs[A].iter().chain(&world.logs[B][..world.logs[B].len() - left_out]) {
            logs.push(act.clone());
        }
        logs.fold()
    };
    assert_eq!(without(0).waiting, 0);
    // B's signature is the last act of all: nobody has seen it yet.
    assert_eq!((without(1).waiting, without(1).in_force), (0, None));
    // A's proposal and signature have seen B's card.
    let state = without(2);
    assert_eq!((state.waiting, state.history.len()), (2, 1));
    assert!(state.texts.is_empty());
}

#[test]
fn what_was_seen_comes_before_what_an_earlier_clock_says() {
    let text = text(2);
    let digest = digest_of(&text);
    let mut world = World::new(2);
    world.act(A, Role::Head, START + 1_000, propose(&text));
    // B's clock is slow, but it has seen the proposal.
    let act = world.act(B, Role::Minister, START + 1, Body::Sign { text: digest });
    world.holds(act);
    // B has seen nothing more; by its clock this comes first.
    world.act(A, Role::Minister, START + 3_000, Body::Sign { text: digest });
    world.act_seen((B, Role::Head), START + 2_000, &[2, 0], refuse(digest));
    let order: Vec<(usize, u64)> = world
        .state()
        .history
        .iter()
        .map(|event| (usize::from(event.author == world.ids[B]), event.sequence))
        .collect();
    let card = |party| (party, 0);
    let first = if world.ids[A] < world.ids[B] { [card(0), card(1)] } else { [card(1), card(0)] };
    assert_eq!(order[..2], first, "at the same time the lower id comes first");
    assert_eq!(order[2..], [(0, 1), (1, 1), (1, 2), (0, 2)]);
}

/// Of acts that have not seen each other the earlier clock comes first, whosever it is.
#[test]
fn the_earlier_clock_comes_first() {
    for (a_time, b_time) in [(10, 20), (20, 10)] {
        let mut world = World::new(2);
        let text = text(2);
        world.act_seen((A, Role::Head), START + a_time, &[0, 1], propose(&text));
        world.act_seen((B, Role::Head), START + b_time, &[1, 0], propose(&text));
        let first = world.state().history[2].author;
        assert_eq!(first == world.ids[A], a_time < b_time);
        let proposer = world.state().texts[&digest_of(&text)].proposer;
        assert_eq!(proposer, first);
    }
}

#[test]
fn only_the_next_act_of_a_party_of_the_accord_is_taken() {
    let mut world = World::agreed(2, &text(2));
    let stranger = World::new(3).logs[C][0].clone();
    let mut logs = world.gather();
    logs.push(stranger.clone());
    logs.push(world.logs[A][1].clone());
    world.act(A, Role::Minister, START + 50, stop());
    world.act(A, Role::Minister, START + 51, resume());
    logs.push(world.logs[A][4].clone());
    assert_eq!(logs.of(world.ids[A]).len(), 3, "neither again nor out of turn");
    assert!(logs.of(id_of(&stranger)).is_empty());
    assert_eq!(logs.fold().history.len(), 5);
}

fn id_of(act: &Act) -> detente_core::PartyId {
    act.header().author
}

/// A release was decided on what its author knew. An act that it had not seen, dated before it,
/// stands before it in the fold; the author's own view shows what it knew.
#[test]
fn an_author_is_judged_by_what_it_had_seen() {
    let text = text(2);
    let mut world = World::agreed(2, &text);
    let seen: Vec<u64> = world.logs.iter().map(|log| log.len() as u64).collect();
    world.act(B, Role::DutyOfficer, START + 99, stop());
    let body = Body::Release(release(&text, None, &["2"]));
    let act = world.act_seen((A, Role::Analyst), START + 100, &seen, body);
    let logs = world.gather();
    let mut stopped = None;
    logs.fold_with(|state, next| {
        if next.digest() == act {
            stopped = Some(state.stopped_at(at(START + 100)).is_some());
        }
    });
    assert_eq!(stopped, Some(true));
    let released = world.logs[A].last().unwrap();
    let known = logs.fold_known_to(released);
    assert_eq!(known.stopped_at(at(START + 100)), None);
    assert_eq!(known.history.len(), 5, "all but the stop and the release");
    assert!(known.in_force_at(at(START + 100)).is_ok());
}

/// A refusal that the other side had not seen when it signed, or when it acted on both signatures,
/// does not unbind: else a party could date one back and undo what the other relied on.
#[test]
fn a_refusal_dated_back_does_not_unbind() {
    let text = text(2);
    let digest = digest_of(&text);
    let sign = || Body::Sign { text: digest };
    let lens = |world: &World| world.logs.iter().map(|log| log.len() as u64).collect::<Vec<_>>();

    // B signs having seen A's signature; A then claims to have refused before.
    let mut world = World::new(2);
    world.act(A, Role::Minister, START + 1, propose(&text));
    world.act(A, Role::Minister, START + 2, sign());
    let before = lens(&world);
    world.act(B, Role::Minister, START + 9, sign());
    world.act_seen((A, Role::Minister), START + 3, &before, refuse(digest));
    assert!(world.state().in_force_at(at(START + 9)).is_ok());

    // Both sign without having seen the other; B acts on both; A claims to have refused before.
    let mut world = World::new(2);
    world.act(A, Role::Minister, START + 1, propose(&text));
    let before = lens(&world);
    world.act(B, Role::Minister, START + 5, sign());
    world.act_seen((A, Role::Minister), START + 2, &before, sign());
    let both = lens(&world);
    world.act_seen((B, Role::DutyOfficer), START + 9, &both, stop());
    world.act_seen((A, Role::Minister), START + 3, &before, refuse(digest));
    assert!(world.state().in_force_at(at(START + 9)).is_ok());

    // Nobody relied on it: the refusal holds, whatever the dates.
    for refused in [START + 3, START + 90] {
        let mut world = World::new(2);
        world.act(A, Role::Minister, START + 1, propose(&text));
        world.act(A, Role::Minister, START + 2, sign());
        let early: Vec<u64> = vec![2, lens(&world)[B]];
        world.act(A, Role::Minister, refused, refuse(digest));
        world.act_seen((B, Role::Minister), START + 50, &early, sign());
        assert!(world.state().in_force_at(at(START + 99)).is_err(), "{refused}");
    }
}

/// One step of a random script.
#[derive(Clone, Debug)]
struct Step {
    party: usize,
    role: Option<usize>,
    later: u64,
    sees: u8,
    what: usize,
    number: u8,
}

fn steps(parties: usize) -> impl Strategy<Value = Vec<Step>> {
    let step = (
        0..parties,
        proptest::option::weighted(0.1, 0usize..4),
        prop_oneof![0u64..3, 0u64..5_000, (0u64..40).prop_map(|days| days * DAY)],
        any::<u8>(),
        0usize..30,
        1u8..4,
    )
        .prop_map(|(party, role, later, sees, what, number)| Step {
            party,
            role,
            later,
            sees,
            what,
            number,
        });
    proptest::collection::vec(step, 1..14)
}

/// Plays a script: each party's clock and view go forward, nothing else is sure.
struct Play {
    world: World,
    texts: Vec<String>,
    clocks: Vec<u64>,
    seen: Vec<Vec<u64>>,
    offers: [Digest; 4],
    released: Option<(Digest, Digest)>,
}

impl Play {
    fn new(parties: usize, agreed: bool, skew: &[u64]) -> Play {
        let one = text(parties);
        let two = swap(&one, "A test", "A second");
        let mut world = World::new(parties);
        let mut clocks: Vec<u64> = skew[..parties].iter().map(|skew| START + skew).collect();
        let mut seen = vec![vec![0; parties]; parties];
        if agreed {
            world.agree(&one, START);
            clocks.iter_mut().for_each(|clock| *clock += 10);
            for (party, seen) in seen.iter_mut().enumerate() {
                let last = world.logs[party].last().unwrap().header();
                for checkpoint in &last.seen {
                    let other = world.ids.iter().position(|id| *id == checkpoint.party);
                    seen[other.unwrap()] = checkpoint.size;
                }
            }
        }
        Play {
            world,
            texts: vec![one, two],
            clocks,
            seen,
            offers: [Digest::new([0; 32]); 4],
            released: None,
        }
    }

    fn body(&self, step: &Step) -> (Role, Body) {
        let text = &self.texts[usize::from(step.number) % 2];
        let digest = digest_of(text);
        let slot = usize::from(step.number);
        let none = Digest::new([0; 32]);
        match step.what {
            0 => (Role::Head, propose(text)),
            1..=3 => (Role::Minister, Body::Sign { text: digest }),
            4 => (Role::Minister, refuse(digest)),
            5 => {
                let effective = self.clocks[step.party] + step.later + 91 * DAY;
                (Role::Minister, denounce(digest, effective))
            }
            6 => (Role::DutyOfficer, stop()),
            7 => (Role::Minister, resume()),
            8 | 9 => (Role::Analyst, Body::OfferMatch(offer(text, step.number, 300))),
            10 => (Role::Analyst, answer(step.number, self.offers[slot], 300)),
            11 | 12 => (Role::Analyst, done(step.number, Some(3), 1)),
            13 => (Role::Analyst, abort(step.number)),
            14 => {
                let on = step.sees.is_multiple_of(2).then(|| run(step.number));
                (Role::Analyst, Body::Release(release(text, on, &["2"])))
            }
            15 => {
                let (release, manifest) = self.released.unwrap_or((none, none));
                (Role::Analyst, Body::Receipt { release, manifest })
            }
            _ => self.position(step, text),
        }
    }

    /// An act of the table: positions, brackets, suspensions, and replies to any act there is.
    fn position(&self, step: &Step, text: &str) -> (Role, Body) {
        let digest = digest_of(text);
        let earlier = || {
            let acts: Vec<&Act> = self.world.logs.iter().flatten().collect();
            acts[usize::from(step.sees) % acts.len()].digest()
        };
        let some =
            super::stand::clauses(digest, if step.number == 1 { &["1"] } else { &["2", "4"] });
        let whole = Matter::Text { text: digest };
        let next = (step.party + 1) % self.world.ids.len();
        let suspension = |answers| Suspension {
            text: digest,
            effective: None,
            expires: step.number.is_multiple_of(2).then(|| at(self.clocks[step.party] + DAY)),
            clauses: vec!["2".to_owned()],
            ways: vec![Way { from: self.world.ids[step.party], to: self.world.ids[next] }],
            reason: "a leak".to_owned(),
            answers,
        };
        let own = super::stand::step;
        match step.what {
            16 => (Role::Head, own(Rung::Support, some)),
            17 => (Role::Head, own(Rung::ReservePosition, some)),
            18 => (Role::Head, own(Rung::AgreeAdReferendum, whole)),
            19 => (Role::Head, own(Rung::SignAdReferendum, whole)),
            20 | 21 => (Role::Minister, super::stand::reply(Answering::Confirm, earlier())),
            22 => (Role::Minister, super::stand::reply(Answering::Retract, earlier())),
            23 => (Role::Minister, Body::Suspend(suspension(None))),
            24 => (Role::Minister, Body::Countermeasure(suspension(Some(earlier())))),
            25 => (Role::Minister, super::stand::reply(Answering::Contest, earlier())),
            26 => (Role::Minister, super::stand::reply(Answering::RevokeNotice, earlier())),
            27 => {
                let reason = "mended".to_owned();
                (Role::Minister, Body::Resume { reason, act: Some(earlier()) })
            }
            28 => {
                let to = if step.number == 1 { "must send receipts" } else { "may send receipts" };
                (Role::Head, super::words::option(text, to))
            }
            _ => {
                let base = Some(digest_of(&self.texts[0]));
                (Role::Head, Body::Propose { text: text.as_bytes().to_vec(), base })
            }
        }
    }

    fn step(&mut self, step: &Step) {
        let (role, body) = self.body(step);
        let role = step.role.map_or(role, |role| Role::ALL[role]);
        self.clocks[step.party] += step.later;
        let view = &mut self.seen[step.party];
        for (other, seen) in view.iter_mut().enumerate() {
            let fresh = self.world.logs[other].len() as u64 - *seen;
            *seen += (fresh * u64::from(step.sees)).div_ceil(255);
        }
        let (time, view) = (self.clocks[step.party], view.clone());
        let act = self.world.act_seen((step.party, role), time, &view, body.clone());
        match body {
            Body::OfferMatch(_) => self.offers[usize::from(step.number)] = act,
            Body::Release(body) => self.released = Some((act, body.manifest_digest())),
            _ => {}
        }
    }
}

/// All that a state says.
fn told(state: &State) -> String {
    format!("{state:?}")
}

/// Fills logs by taking, again and again, the next act of a party that `order` points at.
fn interleaved(world: &World, order: &[u8]) -> Logs {
    let mut logs = Logs::new(world.accord, &world.ids);
    let mut left: Vec<std::slice::Iter<'_, Act>> =
        world.logs.iter().map(|log| log.iter()).collect();
    let mut order = order.iter().copied().cycle();
    while left.iter().any(|log| !log.as_slice().is_empty()) {
        left.retain(|log| !log.as_slice().is_empty());
        let pick = usize::from(order.next().unwrap_or(0)) % left.len();
        if let Some(act) = left[pick].next() {
            logs.push(act.clone());
        }
    }
    logs
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn who_gathers_the_logs_does_not_matter(
        (parties, steps) in (2usize..4).prop_flat_map(|n| (Just(n), steps(n))),
        agreed in any::<bool>(),
        skew in proptest::array::uniform3(0u64..5_000),
        orders in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..9), 3),
        cut in any::<[u8; 3]>(),
    ) {
        let mut play = Play::new(parties, agreed, &skew);
        for step in &steps {
            play.step(step);
        }
        let world = &play.world;
        let whole = world.state();
        for order in &orders {
            prop_assert_eq!(told(&interleaved(world, order).fold()), told(&whole));
        }
        let total: usize = world.logs.iter().map(Vec::len).sum();
        prop_assert_eq!((whole.history.len(), whole.waiting), (total, 0));

        // The first acts of the fold, whatever their number, fold to the same beginning.
        let mut acts: Vec<Act> = Vec::new();
        world.gather().fold_with(|_, act| acts.push(act.clone()));
        let first = usize::from(cut[0]) % (total + 1);
        let mut logs = Logs::new(world.accord, &world.ids);
        acts[..first].iter().for_each(|act| logs.push(act.clone()));
        let state = logs.fold();
        prop_assert_eq!(&state.history[..], &whole.history[..first]);

        // Logs that were cut anywhere fold too, and nothing is lost from sight.
        let mut logs = Logs::new(world.accord, &world.ids);
        let mut kept = 0;
        for (log, cut) in world.logs.iter().zip(cut) {
            let upto = usize::from(cut) % (log.len() + 1);
            kept += upto;
            log[..upto].iter().for_each(|act| logs.push(act.clone()));
        }
        let state = logs.fold();
        prop_assert_eq!(state.history.len() as u64 + state.waiting, kept as u64);
        // Whatever is folded stood after all that it had seen.
        for (place, event) in state.history.iter().enumerate() {
            let act = acts.iter().find(|act| act.digest() == event.act).unwrap();
            for seen in &act.header().seen {
                let before = state.history[..place].iter();
                let folded = before.filter(|event| event.author == seen.party).count();
                prop_assert!(folded as u64 >= seen.size);
            }
        }
    }
}
