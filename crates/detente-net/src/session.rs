//! One session: frames in both directions, requests answered and asked at the same time.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use detente_core::PartyId;
use detente_node::ports::{Link, LinkError, Stream};
use detente_peer::limits::MAX_OPEN_EXCHANGES;
use detente_peer::{Frame, FrameKind, HEAD_LEN, Request, Response, StreamId, frame_len};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::stream::{Inbox, SessionStream};

/// Frames that may wait to be written before senders must wait.
const OUT_QUEUE: usize = 16;
/// A session on which nothing arrives for so long is cut. The dialling side asks something more
/// often than that.
const IDLE: Duration = Duration::from_secs(180);
/// A frame that was begun must be whole within this time.
const FRAME_TIME: Duration = Duration::from_secs(120);

/// A request must be answered within this time: the longest answer waits for another exchange on
/// the same line.
const ANSWER_TIME: Duration = Duration::from_secs(120);
/// A write to the line must make headway within this time.
const WRITE_TIME: Duration = Duration::from_secs(60);

/// Answers what the peer asks. Called on threads that may wait.
pub trait Handler: Send + Sync + 'static {
    /// Answers a request.
    fn respond(&self, link: &dyn Link, request: &Request) -> Response;

    /// Serves a stream that the peer opened.
    fn respond_stream(&self, link: &dyn Link, request: &Request, stream: &mut dyn Stream);
}

/// The writing end of a session.
#[derive(Clone)]
pub(crate) struct Sender {
    out: mpsc::Sender<Vec<u8>>,
}

impl Sender {
    /// Queues a frame; waits while the queue is full. Only for threads that may wait.
    pub(crate) fn send(
        &self,
        stream: StreamId,
        kind: FrameKind,
        payload: Vec<u8>,
    ) -> Result<(), LinkError> {
        let frame = Frame { stream, kind, payload };
        let bytes = frame.encode().map_err(|error| LinkError::Misbehaved(error.to_string()))?;
        self.out.blocking_send(bytes).map_err(|_| LinkError::Cut)
    }
}

/// A live session with one party. Cloning shares it.
#[derive(Clone)]
pub struct Session {
    inner: Arc<Inner>,
}

struct Inner {
    peer: PartyId,
    dialled: bool,
    sender: Sender,
    count: AtomicU32,
    /// Exchanges that the peer has open.
    serving: AtomicUsize,
    closed: AtomicBool,
    tables: Mutex<Tables>,
    stop: tokio::sync::Notify,
}

#[derive(Default)]
struct Tables {
    /// Own requests that wait for their responses.
    asked: HashMap<StreamId, SyncSender<Vec<u8>>>,
    /// Streams of both sides.
    streams: HashMap<StreamId, Inbox>,
}

impl Inner {
    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next_id(&self) -> StreamId {
        StreamId::new(self.count.fetch_add(1, Ordering::Relaxed), self.dialled)
    }

    /// Ends everything that waits.
    fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        let mut tables = self.tables();
        tables.asked.clear();
        for inbox in tables.streams.values() {
            inbox.cut();
        }
        tables.streams.clear();
        self.stop.notify_waiters();
    }
}

impl Session {
    /// Runs a session over an authenticated connection. Returns at once; the session lives until
    /// either side ends it.
    pub fn start<S>(io: S, peer: PartyId, dialled: bool, handler: Arc<dyn Handler>) -> Session
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (out, queue) = mpsc::channel(OUT_QUEUE);
        let inner = Arc::new(Inner {
            peer,
            dialled,
            sender: Sender { out },
            count: AtomicU32::new(0),
            serving: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
            tables: Mutex::default(),
            stop: tokio::sync::Notify::new(),
        });
        let session = Session { inner };
        let (reader, writer) = tokio::io::split(io);
        let own = session.clone();
        // Made here: also if the runtime ends before the task has begun, whoever waits is woken.
        let ending = Ending(Arc::clone(&session.inner));
        tokio::spawn(async move {
            let _ending = ending;
            // Before the question whether the session is closed, so that no closing is missed.
            let stopped = own.inner.stop.notified();
            if own.is_closed() {
                return;
            }
            tokio::select! {
                () = write_frames(writer, queue) => {}
                end = own.read_frames(reader, handler) => {
                    tracing::debug!(peer = %own.inner.peer.short(), "session ends: {end}");
                }
                () = stopped => {}
            }
        });
        session
    }

    /// Whether the session is over.
    pub fn is_closed(&self) -> bool {
        self.inner.closed.load(Ordering::SeqCst)
    }

    /// Ends the session.
    pub fn close(&self) {
        self.inner.close();
    }

    /// Streams that are open here, of both sides.
    #[cfg(test)]
    pub(crate) fn streams_open(&self) -> usize {
        self.inner.tables().streams.len()
    }

    /// Waits until the session is over.
    pub async fn closed(&self) {
        while !self.is_closed() {
            // A notification between the check and the wait is not lost for longer than this.
            let _ = timeout(Duration::from_secs(1), self.inner.stop.notified()).await;
        }
    }

    async fn read_frames<R>(&self, mut reader: R, handler: Arc<dyn Handler>) -> String
    where
        R: AsyncRead + Unpin,
    {
        loop {
            let mut head = [0; HEAD_LEN];
            match timeout(IDLE, reader.read_exact(&mut head)).await {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => return error.to_string(),
                Err(_) => return "nothing came for too long".to_owned(),
            }
            let len = match frame_len(head) {
                Ok(len) => len,
                Err(error) => return error.to_string(),
            };
            // Grows as the bytes arrive: what a head claims costs nothing.
            let mut bytes = Vec::new();
            let mut body = (&mut reader).take(len as u64);
            match timeout(FRAME_TIME, body.read_to_end(&mut bytes)).await {
                Ok(Ok(read)) if read == len => {}
                Ok(Ok(_)) => return "the line was cut within a frame".to_owned(),
                Ok(Err(error)) => return error.to_string(),
                Err(_) => return "a frame took too long".to_owned(),
            }
            let frame = match Frame::decode(&bytes) {
                Ok(frame) => frame,
                Err(error) => return error.to_string(),
            };
            if let Err(end) = self.take(frame, &handler) {
                return end.to_owned();
            }
        }
    }

    /// Takes one frame; an error ends the session.
    fn take(&self, frame: Frame, handler: &Arc<dyn Handler>) -> Result<(), &'static str> {
        let theirs = frame.stream.is_dialler() != self.inner.dialled;
        match frame.kind {
            FrameKind::Request | FrameKind::Open if !theirs => {
                Err("the peer begins an exchange under one of our numbers")
            }
            FrameKind::Request => self.serve(frame, handler),
            FrameKind::Open => self.serve_stream(frame, handler),
            FrameKind::Response => {
                let asked = self.inner.tables().asked.remove(&frame.stream);
                let asked = asked.ok_or("the peer answers what nobody asked")?;
                // The asker may have gone.
                let _ = asked.send(frame.payload);
                Ok(())
            }
            FrameKind::Data => {
                let inbox = self.inner.tables().streams.get(&frame.stream).cloned();
                match inbox {
                    Some(inbox) if !inbox.push(frame.payload) => Err("a stream is flooded"),
                    // A stream that this side has left already.
                    _ => Ok(()),
                }
            }
            FrameKind::End => {
                if let Some(inbox) = self.inner.tables().streams.get(&frame.stream) {
                    inbox.end();
                }
                Ok(())
            }
        }
    }

    fn admit(&self) -> Result<Admitted, &'static str> {
        let inner = Arc::clone(&self.inner);
        if inner.serving.fetch_add(1, Ordering::SeqCst) >= MAX_OPEN_EXCHANGES {
            inner.serving.fetch_sub(1, Ordering::SeqCst);
            return Err("the peer has too many exchanges open");
        }
        Ok(Admitted { inner })
    }

    fn serve(&self, frame: Frame, handler: &Arc<dyn Handler>) -> Result<(), &'static str> {
        let request = Request::decode(&frame.payload).map_err(|_| "a request is malformed")?;
        let admitted = self.admit()?;
        let (session, handler) = (self.clone(), Arc::clone(handler));
        tokio::task::spawn_blocking(move || {
            let _admitted = admitted;
            let response = handler.respond(&session, &request).encode();
            // If the line is gone, nobody waits for it.
            let _ = session.inner.sender.send(frame.stream, FrameKind::Response, response);
        });
        Ok(())
    }

    fn serve_stream(&self, frame: Frame, handler: &Arc<dyn Handler>) -> Result<(), &'static str> {
        let request = Request::decode(&frame.payload).map_err(|_| "a request is malformed")?;
        let admitted = self.admit()?;
        let mut stream = self.stream(frame.stream).ok_or("a stream is opened twice")?;
        let (session, handler) = (self.clone(), Arc::clone(handler));
        tokio::task::spawn_blocking(move || {
            let _admitted = admitted;
            handler.respond_stream(&session, &request, &mut stream);
        });
        Ok(())
    }

    /// Enters a stream into the table.
    fn stream(&self, id: StreamId) -> Option<SessionStream> {
        let inbox = Inbox::default();
        let mut tables = self.inner.tables();
        if tables.streams.contains_key(&id) {
            return None;
        }
        tables.streams.insert(id, inbox.clone());
        let inner = Arc::clone(&self.inner);
        let forget = Box::new(move || drop(inner.tables().streams.remove(&id)));
        Some(SessionStream { id, sender: self.inner.sender.clone(), inbox, forget })
    }
}

/// Ends a session when its task does, however that comes about.
struct Ending(Arc<Inner>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Counts an exchange that the peer has open.
struct Admitted {
    inner: Arc<Inner>,
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.inner.serving.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Link for Session {
    fn peer(&self) -> PartyId {
        self.inner.peer
    }

    fn request(&self, request: &Request) -> Result<Response, LinkError> {
        let id = self.inner.next_id();
        let (answered, answer) = sync_channel(1);
        self.inner.tables().asked.insert(id, answered);
        if self.is_closed() {
            return Err(LinkError::Cut);
        }
        self.inner.sender.send(id, FrameKind::Request, request.encode())?;
        let Ok(bytes) = answer.recv_timeout(ANSWER_TIME) else {
            // A peer that keeps the line busy but does not answer holds up nobody for longer.
            self.close();
            return Err(LinkError::Cut);
        };
        Response::decode(&bytes).map_err(|error| {
            self.close();
            LinkError::Misbehaved(error.to_string())
        })
    }

    fn open(&self, request: &Request) -> Result<Box<dyn Stream>, LinkError> {
        let id = self.inner.next_id();
        let stream = self.stream(id).ok_or(LinkError::Cut)?;
        if self.is_closed() {
            return Err(LinkError::Cut);
        }
        self.inner.sender.send(id, FrameKind::Open, request.encode())?;
        Ok(Box::new(stream))
    }
}

async fn write_frames<W: AsyncWrite + Unpin>(mut writer: W, mut queue: mpsc::Receiver<Vec<u8>>) {
    while let Some(bytes) = queue.recv().await {
        let mut sent = write(&mut writer, &bytes).await;
        // Write what else waits before flushing once.
        while sent && let Ok(more) = queue.try_recv() {
            sent = write(&mut writer, &more).await;
        }
        let flushed = sent && matches!(timeout(WRITE_TIME, writer.flush()).await, Ok(Ok(())));
        if !flushed {
            return;
        }
    }
}

/// Writes in parts, each of which must go within [`WRITE_TIME`]: a large frame on a slow line is
/// fine, a line that takes nothing is not.
async fn write<W: AsyncWrite + Unpin>(writer: &mut W, bytes: &[u8]) -> bool {
    for part in bytes.chunks(64 * 1024) {
        if !matches!(timeout(WRITE_TIME, writer.write_all(part)).await, Ok(Ok(()))) {
            return false;
        }
    }
    true
}
