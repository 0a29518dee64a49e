//! The two ends of one stream, of which only one runs at a time.
//!
//! The responder has a thread of its own, but it runs only while the opener waits for a message,
//! and the other way round. So a run takes the same course each time.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use detente_node::ports::{LinkError, Stream};
use detente_peer::FrameKind;

use crate::line::Line;

/// One of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Opener,
    Responder,
}

impl Side {
    const fn other(self) -> Side {
        match self {
            Side::Opener => Side::Responder,
            Side::Responder => Side::Opener,
        }
    }
}

struct Shared {
    turn: Side,
    inbox: [VecDeque<Vec<u8>>; 2],
    /// Whether a side has dropped its end.
    gone: [bool; 2],
    /// Turns given since a message was last read: both wait for each other if they only give turns.
    idle: u32,
}

/// What both ends share.
pub(crate) struct Pair {
    shared: Mutex<Shared>,
    turned: Condvar,
}

impl Pair {
    pub(crate) fn new() -> Arc<Pair> {
        Arc::new(Pair {
            shared: Mutex::new(Shared {
                turn: Side::Opener,
                inbox: [VecDeque::new(), VecDeque::new()],
                gone: [false, false],
                idle: 0,
            }),
            turned: Condvar::new(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a side run.
    pub(crate) fn give(&self, side: Side) {
        self.lock().turn = side;
        self.turned.notify_all();
    }

    /// Whether the opener has dropped its end.
    pub(crate) fn is_left(&self) -> bool {
        self.lock().gone[Side::Opener as usize]
    }

    fn wait(&self, side: Side) {
        let mut shared = self.lock();
        while shared.turn != side {
            shared = self.turned.wait(shared).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// One end of a stream.
pub(crate) struct SimStream {
    side: Side,
    pair: Arc<Pair>,
    line: Arc<Line>,
    eager: bool,
}

impl SimStream {
    pub(crate) fn new(side: Side, pair: &Arc<Pair>, line: &Arc<Line>) -> SimStream {
        SimStream { side, pair: Arc::clone(pair), line: Arc::clone(line), eager: false }
    }

    /// Dropping this end lets the other one run to its end at once.
    pub(crate) fn eager(mut self) -> SimStream {
        self.eager = true;
        self
    }

    pub(crate) fn wait_for_turn(&self) {
        self.pair.wait(self.side);
    }

    fn take(&self, wait: bool) -> Result<Option<Vec<u8>>, LinkError> {
        loop {
            let mut shared = self.pair.lock();
            if let Some(message) = shared.inbox[self.side as usize].pop_front() {
                shared.idle = 0;
                return Ok(Some(message));
            }
            if self.line.is_dead() {
                return Err(LinkError::Cut);
            }
            if shared.gone[self.side.other() as usize] || !wait {
                return Ok(None);
            }
            shared.idle += 1;
            assert!(shared.idle < 8, "both sides of a stream wait for each other");
            drop(shared);
            self.pair.give(self.side.other());
            self.pair.wait(self.side);
        }
    }
}

impl Stream for SimStream {
    fn send(&mut self, message: Vec<u8>) -> Result<(), LinkError> {
        let message = self.line.carry(FrameKind::Data, message)?;
        let mut shared = self.pair.lock();
        shared.inbox[self.side.other() as usize].push_back(message);
        shared.idle = 0;
        Ok(())
    }

    fn recv(&mut self) -> Result<Option<Vec<u8>>, LinkError> {
        self.take(true)
    }

    fn try_recv(&mut self) -> Result<Option<Vec<u8>>, LinkError> {
        self.take(false)
    }
}

impl Drop for SimStream {
    fn drop(&mut self) {
        self.pair.lock().gone[self.side as usize] = true;
        match self.side {
            Side::Responder => self.pair.give(Side::Opener),
            Side::Opener if self.eager && !std::thread::panicking() => {
                // The responder gives the turn back when it has ended.
                if !self.pair.lock().gone[Side::Responder as usize] {
                    self.pair.give(Side::Responder);
                    self.pair.wait(Side::Opener);
                }
            }
            Side::Opener => {}
        }
    }
}
