//! One stream of messages within a session, for code that waits.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use detente_node::ports::{LinkError, Stream};
use detente_peer::limits::MAX_STREAM_BACKLOG;
use detente_peer::{FrameKind, StreamId};

use crate::session::Sender;

/// What a waiting message costs besides its bytes, so that empty ones are not free.
const MESSAGE_COST: usize = 64;
/// A stream on which nothing comes for so long is given up. The other side may compute meanwhile.
const SILENCE: Duration = Duration::from_secs(600);

/// What waits to be read on a stream.
#[derive(Default)]
struct Backlog {
    messages: VecDeque<Vec<u8>>,
    bytes: usize,
    /// The other side sends no more.
    ended: bool,
    /// The session is over.
    cut: bool,
}

/// The reading end's side of the queue, filled by the session.
#[derive(Clone, Default)]
pub(crate) struct Inbox {
    shared: Arc<(Mutex<Backlog>, Condvar)>,
}

impl Inbox {
    fn lock(&self) -> MutexGuard<'_, Backlog> {
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a message; false if too much waits already.
    pub(crate) fn push(&self, message: Vec<u8>) -> bool {
        let mut backlog = self.lock();
        backlog.bytes = backlog.bytes.saturating_add(message.len() + MESSAGE_COST);
        if backlog.bytes > MAX_STREAM_BACKLOG || backlog.ended {
            return false;
        }
        backlog.messages.push_back(message);
        self.shared.1.notify_one();
        true
    }

    pub(crate) fn end(&self) {
        self.lock().ended = true;
        self.shared.1.notify_all();
    }

    pub(crate) fn cut(&self) {
        self.lock().cut = true;
        self.shared.1.notify_all();
    }

    fn is_cut(&self) -> bool {
        self.lock().cut
    }

    fn take(&self, wait: bool) -> Result<Option<Vec<u8>>, LinkError> {
        let mut backlog = self.lock();
        loop {
            if let Some(message) = backlog.messages.pop_front() {
                backlog.bytes = backlog.bytes.saturating_sub(message.len() + MESSAGE_COST);
                return Ok(Some(message));
            }
            if backlog.cut {
                return Err(LinkError::Cut);
            }
            if backlog.ended || !wait {
                return Ok(None);
            }
            let (waited, late) = self
                .shared
                .1
                .wait_timeout(backlog, SILENCE)
                .unwrap_or_else(PoisonError::into_inner);
            if late.timed_out() && waited.messages.is_empty() {
                return Err(LinkError::Cut);
            }
            backlog = waited;
        }
    }
}

/// A stream as use cases hold it. Dropping it tells the other side that no more comes, unless the
/// session is over.
pub(crate) struct SessionStream {
    pub(crate) id: StreamId,
    pub(crate) sender: Sender,
    pub(crate) inbox: Inbox,
    /// Takes the stream out of the session's table.
    pub(crate) forget: Box<dyn Fn() + Send>,
}

impl Stream for SessionStream {
    fn send(&mut self, message: Vec<u8>) -> Result<(), LinkError> {
        self.sender.send(self.id, FrameKind::Data, message)
    }

    fn recv(&mut self) -> Result<Option<Vec<u8>>, LinkError> {
        self.inbox.take(true)
    }

    fn try_recv(&mut self) -> Result<Option<Vec<u8>>, LinkError> {
        self.inbox.take(false)
    }
}

impl Drop for SessionStream {
    fn drop(&mut self) {
        // Whoever stops because the session is over has not said all: the other side must take what
        // it has for cut, not for whole.
        if !self.inbox.is_cut() {
            let _ = self.sender.send(self.id, FrameKind::End, Vec::new());
        }
        (self.forget)();
    }
}
