//! Serving: listens for other parties, dials those that can be dialled, keeps the lines alive and
//! takes this home's commands.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use detente_core::PartyId;
use detente_net::{Listening, Session, listen};
use detente_node::NodeError;
use detente_node::ports::{Link as _, LinkError};

use crate::command::Engine;
use crate::control::{self, Control};
use crate::fail::Failure;
use crate::home::Home;
use crate::links::{Links, greet};
use crate::run::Local;

/// How often lines are kept alive and missing ones dialled.
const BEAT: Duration = Duration::from_secs(30);
/// How often to look for new contacts, and for a line from one that can't be dialled.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// First wait before a failed dial is tried again; doubles up to [`LONGEST_WAIT`].
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// A node that serves, until it is dropped.
pub struct Serving {
    /// Where it listens, if it does.
    pub address: Option<SocketAddr>,
    _listening: Option<Listening>,
    _control: Control,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Drop for Serving {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// Begins to serve.
pub fn start(home: &Home, local: &Local, address: Option<&str>) -> Result<Serving, Failure> {
    let Engine { shared, links, follower, .. } = local.engine.clone();
    // What tools brought to the server before this one, for whoever asks by a line.
    follower.settle(&shared);
    // Statements on keys that were made and not entered yet: their process was cut off.
    if let Err(error) = shared.lock().enter_keys() {
        tracing::warn!("entering statements on keys: {}", crate::fail::chain(&error));
    }
    let listening = match address {
        None => None,
        Some(address) => {
            let begun = {
                let links = Arc::clone(&links);
                Arc::new(move |session: Session| begin(&links, session))
            };
            let listening = local.runtime.block_on(listen(
                links.identity(),
                address,
                links.pins(),
                links.handler(),
                begun,
            ));
            Some(listening.map_err(|error| {
                let remedy = "choose another address with --listen, or end what listens there";
                Failure::environment("listen", crate::fail::chain(&error), remedy)
            })?)
        }
    };
    let control = control::listen(home, local.engine.clone())?;
    let own = shared.lock().party();
    links.begin_to_serve();
    let tasks = vec![local.runtime.spawn(keep_lines(links, own))];
    Ok(Serving {
        address: listening.as_ref().map(|listening| listening.address),
        _listening: listening,
        _control: control,
        tasks,
    })
}

/// A peer has begun a session: bring it what waits for it.
fn begin(links: &Arc<Links>, session: Session) {
    links.adopt(session.clone());
    let links = Arc::clone(links);
    tokio::task::spawn_blocking(move || {
        tracing::info!(peer = %session.peer().short(), "connected");
        match links.catch_up(&session) {
            Ok(()) => {}
            // A command at the other side came, asked and went.
            Err(NodeError::Link(LinkError::Cut)) => tracing::debug!("a short session ended"),
            Err(error) => {
                let peer = session.peer().short();
                tracing::warn!(%peer, "catching up: {}", crate::fail::chain(&error));
            }
        }
    });
}

/// Keeps a line to every contact, each in a task of its own: one that hangs starves no other.
async fn keep_lines(links: Arc<Links>, own: PartyId) {
    let mut kept: BTreeMap<PartyId, tokio::task::JoinHandle<()>> = BTreeMap::new();
    loop {
        for (party, can_dial) in links.contacts() {
            kept.entry(party).or_insert_with(|| {
                tokio::spawn(keep_line(Arc::clone(&links), own, party, can_dial))
            });
        }
        let sweeper = Arc::clone(&links);
        tokio::task::spawn_blocking(move || sweeper.sweep_runs());
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Dials a contact that has an address and no line, and keeps its line alive.
async fn keep_line(links: Arc<Links>, own: PartyId, party: PartyId, can_dial: bool) {
    let mut wait = FIRST_WAIT;
    loop {
        if let Some(session) = links.current(party) {
            wait = FIRST_WAIT;
            let greeted =
                tokio::task::spawn_blocking(move || (greet(&session, own), session)).await;
            if let Ok((Err(error), session)) = greeted {
                tracing::debug!("keeping a line alive: {}", crate::fail::chain(&error));
                session.close();
                continue;
            }
            if let Some(session) = links.current(party) {
                let _ = tokio::time::timeout(BEAT, session.closed()).await;
            }
        } else if can_dial {
            let dialler = Arc::clone(&links);
            let dialled = tokio::task::spawn_blocking(move || {
                dialler.link(party).and_then(|session| dialler.catch_up(&session))
            });
            if let Ok(Err(error)) = dialled.await {
                tracing::debug!("dialling: {}", crate::fail::chain(&error));
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(LONGEST_WAIT);
            }
        } else {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }
}

/// Waits until the process is asked to end.
pub fn wait(local: &Local) -> Result<(), Failure> {
    local.runtime.block_on(asked_to_end())
}

/// Waits for a signal to end, in a runtime.
pub async fn asked_to_end() -> Result<(), Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let failed = |error| Failure::environment("signals", error, "");
    let mut end = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    tokio::select! {
        _ = end.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
