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
    let Engine { shared, links } = local.engine.clone();
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

/// Dials every contact that has an address and no line, and keeps the lines alive.
async fn keep_lines(links: Arc<Links>, own: PartyId) {
    let mut waits: BTreeMap<PartyId, (Duration, tokio::time::Instant)> = BTreeMap::new();
    let mut beat = tokio::time::Instant::now();
    loop {
        let now = tokio::time::Instant::now();
        let keep_alive = now >= beat;
        if keep_alive {
            beat = now + BEAT;
        }
        for (party, can_dial) in links.contacts() {
            match links.current(party) {
                Some(session) if keep_alive => {
                    let greeted =
                        tokio::task::spawn_blocking(move || (greet(&session, own), session)).await;
                    if let Ok((Err(error), session)) = greeted {
                        tracing::warn!("keeping a line alive: {}", crate::fail::chain(&error));
                        session.close();
                    }
                }
                Some(_) => {}
                None if !can_dial => {}
                None => {
                    let (wait, next) = waits.get(&party).copied().unwrap_or((FIRST_WAIT, now));
                    if now < next {
                        continue;
                    }
                    let dialler = Arc::clone(&links);
                    let dialled = tokio::task::spawn_blocking(move || {
                        dialler.link(party).and_then(|session| dialler.catch_up(&session))
                    });
                    if let Ok(Err(error)) = dialled.await {
                        tracing::debug!("dialling: {}", crate::fail::chain(&error));
                        let longer = (wait * 2).min(LONGEST_WAIT);
                        waits.insert(party, (longer, tokio::time::Instant::now() + wait));
                    } else {
                        waits.remove(&party);
                    }
                }
            }
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

/// Waits until the process is asked to end.
pub fn wait(local: &Local) -> Result<(), Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let failed = |error| Failure::environment("signals", error, "");
    local.runtime.block_on(async {
        let mut end = signal(SignalKind::terminate()).map_err(failed)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
        tokio::select! {
            _ = end.recv() => {}
            _ = interrupt.recv() => {}
        }
        Ok(())
    })
}
