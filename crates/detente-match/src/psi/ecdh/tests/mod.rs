//! Runs of two sessions in memory, honest and not.

mod adversary;
mod ideal;
mod parse;
mod proof;
mod shape;
mod vectors;

use std::collections::VecDeque;

use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

use super::{Message, Session};
use crate::error::Error;
use crate::item::{Item, Seed};
use crate::params::{Learn, Mode, Params, Role};
use crate::psi::Outcome;

/// Terms and lists of one run.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) mode: Mode,
    pub(super) learn: Learn,
    pub(super) context: [u8; 32],
    pub(super) seeds: [[u8; 32]; 2],
    pub(super) lists: [Vec<Vec<u8>>; 2],
    pub(super) lens: [u32; 2],
}

impl Case {
    /// A run over numbered items, without padding.
    pub(super) fn numbered(mode: Mode, learn: Learn, lists: [&[u32]; 2]) -> Case {
        let items = |list: &[u32]| list.iter().map(|n| format!("item {n}").into_bytes()).collect();
        let len = |list: &[u32]| u32::try_from(list.len()).unwrap();
        Case {
            mode,
            learn,
            context: [7; 32],
            seeds: [[1; 32], [2; 32]],
            lists: lists.map(items),
            lens: lists.map(len),
        }
    }

    pub(super) fn params(&self, role: Role) -> Params {
        let own = side(role);
        Params {
            role,
            mode: self.mode,
            learn: self.learn,
            context: self.context,
            own_len: self.lens[own],
            peer_len: self.lens[1 - own],
        }
    }

    pub(super) fn try_session(&self, role: Role) -> Result<Session, Error> {
        let items = self.lists[side(role)].iter().map(|bytes| Item::new(&bytes[..]).unwrap());
        Session::new(self.params(role), items.collect(), Seed::new(self.seeds[side(role)]))
    }

    pub(super) fn session(&self, role: Role) -> Session {
        self.try_session(role).unwrap()
    }

    /// Runs both ends to a standstill.
    pub(super) fn run(&self) -> [Result<Outcome, Error>; 2] {
        self.run_tampered(0, |_, message| vec![message])
    }

    /// The same with an order drawn from `order`, and with `tamper` between the ends.
    pub(super) fn run_tampered(
        &self,
        order: u64,
        tamper: impl FnMut(Role, Message) -> Vec<Message>,
    ) -> [Result<Outcome, Error>; 2] {
        let mut pair = Pair::new([Role::Initiator, Role::Responder].map(|role| self.session(role)));
        pair.pump(&mut ChaCha20Rng::seed_from_u64(order), tamper);
        pair.ends.map(Session::finish)
    }
}

pub(super) fn side(role: Role) -> usize {
    match role {
        Role::Initiator => 0,
        Role::Responder => 1,
    }
}

/// Two sessions and the messages on their way.
pub(super) struct Pair {
    pub(super) ends: [Session; 2],
    queues: [VecDeque<Vec<u8>>; 2],
}

impl Pair {
    pub(super) fn new(ends: [Session; 2]) -> Pair {
        Pair { ends, queues: [VecDeque::new(), VecDeque::new()] }
    }

    /// Lets ends send and receive in a random order until neither can do anything.
    pub(super) fn pump(
        &mut self,
        order: &mut ChaCha20Rng,
        mut tamper: impl FnMut(Role, Message) -> Vec<Message>,
    ) {
        let mut idle = 0;
        let mut turn = 0;
        while idle < 4 {
            // A random deed first; when it comes to nothing, the others in turn.
            turn = if idle == 0 { order.next_u32() % 4 } else { (turn + 1) % 4 };
            let end = usize::from(turn % 2 == 1);
            let moved = if turn < 2 { self.send(end, &mut tamper) } else { self.receive(end) };
            idle = if moved { 0 } else { idle + 1 };
        }
    }

    fn send(&mut self, end: usize, mut tamper: impl FnMut(Role, Message) -> Vec<Message>) -> bool {
        let Ok(Some(message)) = self.ends[end].poll() else {
            return false;
        };
        let role = [Role::Initiator, Role::Responder][end];
        for message in tamper(role, message) {
            self.queues[end].push_back(message.encode());
        }
        true
    }

    fn receive(&mut self, end: usize) -> bool {
        let Some(bytes) = self.queues[1 - end].pop_front() else {
            return false;
        };
        // A fault stays in the session and comes out of `finish`.
        let _ = self.ends[end].input(Message::decode(&bytes).unwrap());
        true
    }
}
