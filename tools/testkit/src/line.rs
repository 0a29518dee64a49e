//! A line between two ends, on one thread, that is cut where a test says.
//!
//! Is: a [`Link`] that carries encoded bytes: every message goes through its own form and through a
//! frame, both ways. Messages are counted; each request and each message of a stream is one. Is
//! not: a network: nothing waits, nothing is lost but at the cut.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use detente_core::PartyId;
use detente_log::Checkpoint;
use detente_node::ports::{Link, LinkError, Stream};
use detente_node::report::MatchReport;
use detente_node::{NodeError, Shared, respond, respond_stream};
use detente_peer::{Frame, FrameKind, HEAD_LEN, Request, Response, StreamId, frame_len};

use crate::stream::{Pair, Side, SimStream};

/// One end of a line.
pub trait End: Send + Sync {
    /// Whose it is.
    fn party(&self) -> PartyId;

    /// Answers a request that came over `link`.
    fn respond(&self, link: &dyn Link, request: &Request) -> Response;

    /// Serves a stream that came over `link`.
    fn respond_stream(&self, link: &dyn Link, request: &Request, stream: &mut dyn Stream);
}

/// A node as an end.
pub struct NodeEnd {
    party: PartyId,
    shared: Arc<Shared>,
    served: Mutex<Vec<Result<Option<MatchReport>, NodeError>>>,
}

impl NodeEnd {
    /// The end of this node.
    pub fn new(shared: Arc<Shared>) -> Arc<NodeEnd> {
        let party = shared.lock().party();
        Arc::new(NodeEnd { party, shared, served: Mutex::default() })
    }

    /// How the streams went that it served.
    pub fn served(&self) -> Vec<Result<Option<MatchReport>, NodeError>> {
        let mut served = self.served.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *served)
    }
}

impl End for NodeEnd {
    fn party(&self) -> PartyId {
        self.party
    }

    fn respond(&self, link: &dyn Link, request: &Request) -> Response {
        respond(&self.shared, link, request)
    }

    fn respond_stream(&self, link: &dyn Link, request: &Request, stream: &mut dyn Stream) {
        let result = respond_stream(&self.shared, link, request, stream, &mut |_| {});
        let mut served = self.served.lock().unwrap_or_else(PoisonError::into_inner);
        served.push(result);
    }
}

/// On which side of a message the line is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// The message does not arrive.
    Before,
    /// It arrives and is dealt with; the answer does not come back.
    After,
}

/// Where a line is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The message, counted from zero.
    pub at: u64,
    /// Before or after it.
    pub when: When,
}

/// Sees each message of a stream, not the request that opens it: gets its number on the line, and
/// its bytes, which it may change.
pub type Tamper = Box<dyn FnMut(u64, &mut Vec<u8>) + Send>;

/// What a checkpoint states: whose log, how many entries, which root.
pub type Seal = (String, u64, [u8; 32]);

/// Every checkpoint that went over the lines of a world.
#[derive(Clone, Debug, Default)]
pub struct SealBook(Arc<Mutex<Vec<Seal>>>);

impl SealBook {
    /// All of them, as they went.
    pub fn all(&self) -> Vec<Seal> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What a signed checkpoint states.
    pub fn seal(note: &[u8]) -> Seal {
        let checkpoint = Checkpoint::parse(note).expect("a node sends sound checkpoints");
        let body = checkpoint.unverified_body();
        let head = body.head();
        (body.origin().as_str().to_owned(), head.size.get(), *head.root.as_bytes())
    }

    fn note(&self, request: &Request) {
        if let Request::AddCheckpoint { body, .. } = request {
            let text = std::str::from_utf8(body).expect("a node sends text");
            let (_, note) = text.split_once("\n\n").expect("a proof ends with a blank line");
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.push(SealBook::seal(note.as_bytes()));
        }
    }
}

#[derive(Default)]
struct Carried {
    count: u64,
    cut: Option<Cut>,
    dead: bool,
    tamper: Option<Tamper>,
}

/// What both directions of a line share.
#[derive(Default)]
pub(crate) struct Line {
    carried: Mutex<Carried>,
    seals: SealBook,
}

impl Line {
    fn lock(&self) -> MutexGuard<'_, Carried> {
        self.carried.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.lock().dead
    }

    /// One message goes over the line; true if the line is cut right after it.
    fn pass(&self) -> Result<(u64, bool), LinkError> {
        let mut line = self.lock();
        if line.dead {
            return Err(LinkError::Cut);
        }
        let place = line.count;
        line.count += 1;
        match line.cut {
            Some(cut) if cut.at == place && cut.when == When::Before => {
                line.dead = true;
                Err(LinkError::Cut)
            }
            Some(cut) => Ok((place, cut.at == place)),
            None => Ok((place, false)),
        }
    }

    fn kill(&self) {
        self.lock().dead = true;
    }

    /// One message of a stream.
    pub(crate) fn carry(&self, kind: FrameKind, message: Vec<u8>) -> Result<Vec<u8>, LinkError> {
        let (place, last) = self.pass()?;
        let mut bytes = framed(kind, message);
        if last {
            self.kill();
        }
        if kind == FrameKind::Data {
            // Not under the lock: it may act on the nodes at both ends.
            let tamper = self.lock().tamper.take();
            if let Some(mut tamper) = tamper {
                tamper(place, &mut bytes);
                self.lock().tamper = Some(tamper);
            }
        }
        Ok(bytes)
    }
}

/// Through a frame and back.
fn framed(kind: FrameKind, payload: Vec<u8>) -> Vec<u8> {
    let frame = Frame { stream: StreamId::new(1, true), kind, payload };
    let bytes = frame.encode().expect("what a node sends fits a frame");
    let (head, body) = bytes.split_first_chunk::<HEAD_LEN>().expect("a frame has a head");
    let len = frame_len(*head).expect("what a node sends fits a frame");
    assert_eq!(len, body.len());
    Frame::decode(body).expect("what a node sends is a frame").payload
}

/// A line from one end to another.
pub struct SimLink {
    line: Arc<Line>,
    near: Arc<dyn End>,
    far: Arc<dyn End>,
    /// The other side of streams that were left: it ends before the next message goes.
    left: Mutex<Vec<(Arc<Pair>, JoinHandle<()>)>>,
    /// Whether the other side of a stream ends as soon as this side leaves it.
    eager: bool,
}

impl SimLink {
    /// A line that is never cut.
    pub fn new(near: Arc<dyn End>, far: Arc<dyn End>) -> SimLink {
        SimLink { line: Arc::default(), near, far, left: Mutex::default(), eager: true }
    }

    /// Cuts it there.
    #[must_use]
    pub fn cut(self, cut: Option<Cut>) -> SimLink {
        self.line.lock().cut = cut;
        self
    }

    /// Changes what streams carry.
    #[must_use]
    pub fn tamper(self, tamper: Tamper) -> SimLink {
        self.line.lock().tamper = Some(tamper);
        self
    }

    /// Notes every checkpoint that goes over it.
    #[must_use]
    pub fn sealed(mut self, seals: &SealBook) -> SimLink {
        let carried = std::mem::take(&mut *self.line.lock());
        self.line = Arc::new(Line { carried: Mutex::new(carried), seals: seals.clone() });
        self
    }

    /// Lets the other side of a stream finish only when the next message goes: both sides then act
    /// without having seen the other's last act.
    #[must_use]
    pub fn lazy(mut self) -> SimLink {
        self.eager = false;
        self
    }

    /// Messages so far.
    pub fn count(&self) -> u64 {
        self.line.lock().count
    }

    /// Whether it was cut.
    pub fn is_dead(&self) -> bool {
        self.line.is_dead()
    }

    /// The same line as the far end sees it.
    fn back(&self) -> SimLink {
        SimLink {
            line: Arc::clone(&self.line),
            near: Arc::clone(&self.far),
            far: Arc::clone(&self.near),
            left: Mutex::default(),
            eager: self.eager,
        }
    }

    /// Lets the other side of streams that were left run to its end.
    pub fn settle(&self) {
        let left: Vec<_> = {
            let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
            let (gone, open): (Vec<_>, Vec<_>) =
                left.drain(..).partition(|(pair, _)| pair.is_left());
            *left = open;
            gone
        };
        for (pair, thread) in left {
            pair.give(Side::Responder);
            thread.join().expect("the other side of a stream panicked");
        }
    }
}

impl Drop for SimLink {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.settle();
        }
    }
}

impl Link for SimLink {
    fn peer(&self) -> PartyId {
        self.far.party()
    }

    fn request(&self, request: &Request) -> Result<Response, LinkError> {
        self.settle();
        let (_, last) = self.line.pass()?;
        let bytes = framed(FrameKind::Request, request.encode());
        let request = Request::decode(&bytes).expect("a node sends what can be read");
        self.line.seals.note(&request);
        let response = self.far.respond(&self.back(), &request).encode();
        if last {
            self.line.kill();
        }
        if self.line.is_dead() {
            return Err(LinkError::Cut);
        }
        let bytes = framed(FrameKind::Response, response);
        Ok(Response::decode(&bytes).expect("a node answers what can be read"))
    }

    fn open(&self, request: &Request) -> Result<Box<dyn Stream>, LinkError> {
        self.settle();
        let bytes = self.line.carry(FrameKind::Open, request.encode())?;
        let request = Request::decode(&bytes).expect("a node sends what can be read");
        let pair = Pair::new();
        let (far, back) = (Arc::clone(&self.far), self.back());
        let mut stream = SimStream::new(Side::Responder, &pair, &self.line);
        let thread = std::thread::spawn(move || {
            stream.wait_for_turn();
            far.respond_stream(&back, &request, &mut stream);
            back.settle();
        });
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        left.push((Arc::clone(&pair), thread));
        let stream = SimStream::new(Side::Opener, &pair, &self.line);
        Ok(Box::new(if self.eager { stream.eager() } else { stream }))
    }
}
