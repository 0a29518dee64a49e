//! Sessions over pipes and over real TLS.

mod session;
mod tls;
mod wire;

use std::sync::{Arc, Mutex};

use detente_core::{AccordId, Digest, PartyId};
use detente_node::ports::{Link, LinkError, Stream};
use detente_peer::{Request, Response};

use crate::session::{Handler, Session};

/// The two ends of a line.
const A: PartyId = PartyId::new([0xa; 32]);
const B: PartyId = PartyId::new([0xb; 32]);

/// A request that carries a number.
fn ask(number: u8) -> Request {
    let release = Digest::new([number; 32]);
    Request::OpenRelease { accord: AccordId::new([1; 32]), release }
}

/// The number that a request carries.
fn number(request: &Request) -> u8 {
    match request {
        Request::OpenRelease { release, .. } => release.as_bytes()[0],
        other => panic!("{other:?}"),
    }
}

fn answer(number: u8) -> Response {
    Response::ReleaseState { next: number.into() }
}

type OnStream = Box<dyn Fn(&mut dyn Stream) + Send + Sync>;
type OnRequest = Box<dyn Fn(&dyn Link, u8) -> Response + Send + Sync>;

/// Answers as the test says.
struct Told {
    request: OnRequest,
    stream: OnStream,
}

impl Told {
    /// Gives each number back; sends back each message of a stream.
    fn echo() -> Arc<Told> {
        Told::new(|_, number| answer(number))
    }

    fn new(request: impl Fn(&dyn Link, u8) -> Response + Send + Sync + 'static) -> Arc<Told> {
        let stream: OnStream = Box::new(|stream| {
            while let Ok(Some(message)) = stream.recv() {
                if stream.send(message).is_err() {
                    return;
                }
            }
        });
        Arc::new(Told { request: Box::new(request), stream })
    }

    fn streaming(stream: impl Fn(&mut dyn Stream) + Send + Sync + 'static) -> Arc<Told> {
        Arc::new(Told { request: Box::new(|_, number| answer(number)), stream: Box::new(stream) })
    }
}

impl Handler for Told {
    fn respond(&self, link: &dyn Link, request: &Request) -> Response {
        (self.request)(link, number(request))
    }

    fn respond_stream(&self, _: &dyn Link, _: &Request, stream: &mut dyn Stream) {
        (self.stream)(stream);
    }
}

/// Two sessions over a pipe: A's, which dialled, and B's.
fn pipe(a: Arc<Told>, b: Arc<Told>) -> (Session, Session) {
    let (one, other) = tokio::io::duplex(1 << 16);
    (Session::start(one, B, true, a), Session::start(other, A, false, b))
}

/// Runs what waits on a thread that may.
async fn waiting<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

/// Asks from a thread that may wait.
async fn asks(session: &Session, number: u8) -> Result<Response, LinkError> {
    let session = session.clone();
    waiting(move || session.request(&ask(number))).await
}

/// A channel in which what waits lies until it is let go.
#[derive(Clone, Default)]
struct Gate(Arc<(Mutex<bool>, std::sync::Condvar)>);

impl Gate {
    fn wait(&self) {
        let mut open = self.0.0.lock().unwrap();
        while !*open {
            open = self.0.1.wait(open).unwrap();
        }
    }

    fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }
}
