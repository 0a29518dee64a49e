//! Sessions with other parties: the ones that are open, and new ones when a command needs one.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use detente_core::{AccordId, PartyId};
use detente_net::{Handler, Identity, Pins, Session, dial};
use detente_node::ports::{Link, LinkError, Stream};
use detente_node::{
    NodeError, Shared, pull, push, push_all, push_due, resend, respond, respond_stream,
};
use detente_peer::{Request, Response, VERSION};
use tokio::runtime::Handle;

/// Name and version, for the greeting.
pub const SOFTWARE: &str = concat!("detente ", env!("CARGO_PKG_VERSION"));

/// Sessions kept with one party.
const MAX_SESSIONS: usize = 2;

/// Tries to reach a peer whose line was cut, and the wait before the second; each next is twice as
/// long. A quarter of a minute in all.
const RETRIES: u32 = 5;
const FIRST_RETRY: Duration = Duration::from_secs(1);

/// All sessions of a node.
pub struct Links {
    shared: Arc<Shared>,
    identity: Identity,
    runtime: Handle,
    /// Whether this process serves: others can connect to it.
    serves: AtomicBool,
    /// Sessions by party, the newest last.
    open: Mutex<BTreeMap<PartyId, Vec<Session>>>,
    /// Transport keys of the contacts. Apart from the node, so that a stranger's handshake never
    /// waits for it.
    keys: Arc<RwLock<BTreeMap<Vec<u8>, PartyId>>>,
}

impl Links {
    /// No sessions yet.
    pub fn new(shared: Arc<Shared>, identity: Identity, runtime: Handle) -> Arc<Links> {
        let links = Links {
            shared,
            identity,
            runtime,
            serves: AtomicBool::new(false),
            open: Mutex::default(),
            keys: Arc::default(),
        };
        links.refresh_keys();
        Arc::new(links)
    }

    /// From now on this process serves.
    pub fn begin_to_serve(&self) {
        self.serves.store(true, Ordering::Relaxed);
    }

    /// The own transport key.
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Whose transport key a key is, by the cards that are here now.
    pub fn pins(&self) -> Pins {
        let keys = Arc::clone(&self.keys);
        Arc::new(move |spki: &[u8]| {
            keys.read().unwrap_or_else(PoisonError::into_inner).get(spki).copied()
        })
    }

    /// Takes over the transport keys of the cards that are here now.
    pub fn refresh_keys(&self) {
        let fresh: BTreeMap<Vec<u8>, PartyId> = {
            let node = self.shared.lock();
            node.contacts().map(|card| (card.transport.clone(), card.party())).collect()
        };
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = fresh;
    }

    /// What answers the peers.
    pub fn handler(&self) -> Arc<dyn Handler> {
        Arc::new(Answering { shared: Arc::clone(&self.shared) })
    }

    /// Takes over a session. Both sides may have dialled at once, so two may be open; beyond that
    /// the oldest is closed.
    pub fn adopt(&self, session: Session) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let sessions = open.entry(session.peer()).or_default();
        sessions.retain(|session| !session.is_closed());
        sessions.push(session);
        while sessions.len() > MAX_SESSIONS {
            sessions.remove(0).close();
        }
    }

    /// The newest open session with this party, if there is one.
    pub fn current(&self, party: PartyId) -> Option<Session> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let sessions = open.get_mut(&party)?;
        sessions.retain(|session| !session.is_closed());
        sessions.last().cloned()
    }

    /// A session with this party: the open one, or a new one if its card names an address. Waits,
    /// so only for threads that may.
    ///
    /// # Errors
    /// [`LinkError::Unreachable`] says what was tried; [`NodeError::PeerRefused`] if it greets with
    /// no.
    pub fn link(&self, party: PartyId) -> Result<Session, NodeError> {
        if let Some(session) = self.current(party) {
            return Ok(session);
        }
        let (name, spki, address) = {
            let node = self.shared.lock();
            let card = node.contacts().find(|card| card.party() == party);
            let card = card.ok_or_else(|| {
                NodeError::unknown("party", &party.to_string(), "add its card first")
            })?;
            (card.name.clone(), card.transport.clone(), card.address.clone())
        };
        let unreachable = |reason: String| LinkError::Unreachable { party: name.clone(), reason };
        let Some(address) = address else {
            // Only it can begin a session, and only with a node that serves.
            let todo = if self.serves.load(Ordering::Relaxed) {
                "it must connect to this node: `detente serve` or `detente sync` there"
            } else {
                "run `detente serve` here, so that it can connect to this node"
            };
            let words = format!("its card names no address and it is not connected: {todo}");
            return Err(unreachable(words).into());
        };
        let (identity, handler) = (self.identity.clone(), self.handler());
        let dialling = async move { dial(&identity, (party, spki), &address, handler).await };
        let dialled = self.wait_for(dialling)?;
        let session = dialled.map_err(|error| unreachable(crate::fail::chain(&error)))?;
        let own = self.shared.lock().party();
        if let Err(error) = greet(&session, own) {
            session.close();
            return Err(error);
        }
        self.adopt(session.clone());
        Ok(session)
    }

    /// Runs what waits on the runtime, from a thread that may wait. A runtime that ends meanwhile
    /// cuts it off; to block on it would panic.
    fn wait_for<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, LinkError> {
        let (send, receive) = std::sync::mpsc::channel();
        self.runtime.spawn(async move {
            let _ = send.send(work.await);
        });
        receive.recv().map_err(|_| LinkError::Cut)
    }

    /// As [`Links::link`], but if the other side can't be reached at once it tries again for a
    /// while:
    /// a line that was cut may be up again soon.
    ///
    /// # Errors
    /// As [`Links::link`], of the last try.
    pub fn link_again(&self, party: PartyId) -> Result<Session, NodeError> {
        let mut wait = FIRST_RETRY;
        for _ in 1..RETRIES {
            match self.link(party) {
                Err(NodeError::Link(_)) => {
                    self.wait_for(async move { tokio::time::sleep(wait).await })?;
                    wait *= 2;
                }
                other => return other,
            }
        }
        self.link(party)
    }

    /// Brings everything to a peer that waits for it, and asks for what it has.
    pub fn catch_up(&self, session: &Session) -> Result<(), NodeError> {
        push_all(&self.shared, session)?;
        resend(&self.shared, session)?;
        pull(session)?;
        // What it took back just now is answered just now.
        push_due(&self.shared, session)
    }

    /// Exchanges one accord's logs with a party, and once more over a new line if the first is cut.
    pub fn exchange(&self, party: PartyId, accord: AccordId) -> Result<(), NodeError> {
        let once = || -> Result<(), NodeError> {
            let link = self.link(party)?;
            push(&self.shared, &link, accord)?;
            pull(&link)?;
            push_due(&self.shared, &link)
        };
        match once() {
            Err(NodeError::Link(LinkError::Cut)) => once(),
            other => other,
        }
    }

    /// Gives up matching runs whose other side did not come back after a cut.
    pub fn sweep_runs(&self) {
        self.shared.sweep_runs();
    }

    /// Every contact, and whether its card names an address.
    pub fn contacts(&self) -> Vec<(PartyId, bool)> {
        let node = self.shared.lock();
        node.contacts().map(|card| (card.party(), card.address.is_some())).collect()
    }
}

/// The first word on a line that we dialled; later, a word to keep it alive.
pub fn greet(session: &Session, own: PartyId) -> Result<(), NodeError> {
    let hello = Request::Hello { version: VERSION, party: own, software: SOFTWARE.to_owned() };
    match session.request(&hello)? {
        Response::Done => Ok(()),
        Response::Refused(refusal) => Err(NodeError::PeerRefused(refusal)),
        other => Err(NodeError::Misbehaved {
            code: "unexpected_response".to_owned(),
            words: format!("it answers a greeting with {other:?}"),
        }),
    }
}

/// Answers peers from the node.
struct Answering {
    shared: Arc<Shared>,
}

impl Handler for Answering {
    fn respond(&self, link: &dyn Link, request: &Request) -> Response {
        let response = respond(&self.shared, link, request);
        if let Response::Refused(refusal) = &response
            && refusal.code != "line_cut"
        {
            tracing::warn!(peer = %link.peer().short(), "refused a request: {refusal}");
        }
        response
    }

    fn respond_stream(&self, link: &dyn Link, request: &Request, stream: &mut dyn Stream) {
        match respond_stream(&self.shared, link, request, stream, &mut |_| {}) {
            Ok(Some(report)) => tracing::info!(
                peer = %report.peer,
                run = %&report.run[..8],
                "matched under clause {}: {} entered here, {} there, {} in common",
                report.clause,
                report.own_size,
                report.peer_size,
                report.common.map_or_else(|| "not told how many".to_owned(), |n| n.to_string()),
            ),
            Ok(None) => {}
            Err(error) => {
                let peer = link.peer().short();
                tracing::warn!(%peer, "a run failed: {}", crate::fail::chain(&error));
            }
        }
    }
}
