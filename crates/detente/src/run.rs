//! Runs a command on a home: in the process that serves it, or here under the home's lock.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::time::Duration;

use detente_core::PartyId;
use detente_node::ports::{Clock, StoreError};
use detente_node::{Class, Node, NodeError, Shared};
use detente_store::SqliteStore;
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::command::{Command, Engine, OnProgress};
use crate::control;
use crate::desk::Warnings;
use crate::fail::{Failure, exit};
use crate::home::Home;
use crate::init::{read_card, unlock};
use crate::links::Links;
use crate::passphrase::Source;
use crate::tools;
use crate::world::{SystemClock, SystemEntropy};

/// How often to look again while another command holds the home.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// Looks before giving up: a minute.
const LOOKS: usize = 1_200;

/// A node in this process, under its home's lock.
pub struct Local {
    /// The node and its sessions.
    pub engine: Engine,
    /// Drives its sockets.
    pub runtime: Runtime,
    _lock: File,
}

impl Local {
    /// Opens a node whose lock is held.
    pub fn open(home: &Home, lock: File, passphrase: &Source) -> Result<Local, Failure> {
        Local::open_at(home, lock, passphrase, Box::new(SystemClock))
    }

    /// The same with another clock than the system's.
    pub fn open_at(
        home: &Home,
        lock: File,
        passphrase: &Source,
        clock: Box<dyn Clock>,
    ) -> Result<Local, Failure> {
        crate::import::sweep(home);
        let card = read_card(home)?;
        let (keys, identity) = unlock(home, passphrase.read(false)?)?;
        let store = open_store(home, card.value().party())?;
        let mut node = Node::open(Box::new(store), clock, Box::new(SystemEntropy), keys, card)
            .map_err(damaged)?;
        // Under the lock no other process drives a run. A full disk keeps nobody from reading.
        match node.close_lost_runs() {
            Ok(0) => {}
            Ok(count) => tracing::warn!("{count} runs that ended with their process are closed"),
            Err(error) => {
                tracing::warn!("closing lost runs: {}", crate::fail::chain(&error));
            }
        }
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|error| Failure::environment("runtime", error, ""))?;
        let shared = Arc::new(Shared::new(node));
        let links = Links::new(Arc::clone(&shared), identity, runtime.handle().clone());
        let warnings = Arc::new(Warnings::of(home));
        let (feeds, stop) = (tools::feeds(home), Arc::default());
        let follower = Arc::new(tools::Follower::of(home));
        Ok(Local {
            engine: Engine { shared, links, warnings, feeds, follower, home: home.clone(), stop },
            runtime,
            _lock: lock,
        })
    }
}

/// The database of a home, unless it is an older one than was here.
fn open_store(home: &Home, party: PartyId) -> Result<SqliteStore, Failure> {
    let path = home.database();
    // SQLite would make a new one of it, and the home would begin anew with its old keys.
    if !std::fs::metadata(&path).is_ok_and(|meta| meta.len() > 0) {
        let words = format!("{} is empty or gone, while the keys are here", path.display());
        return Err(store_failed(StoreError::OldCopy(words)));
    }
    let mut store = SqliteStore::open(path).map_err(|error| {
        Failure::environment(error.code(), crate::fail::chain(&error), "restore a backup")
    })?;
    store.guard(home.heads(), party).map_err(store_failed)?;
    Ok(store)
}

fn store_failed(error: StoreError) -> Failure {
    NodeError::Store(error).into()
}

/// What a home holds was sound when it was written: what does not verify now is damage, nobody's
/// refusal.
fn damaged(error: NodeError) -> Failure {
    if error.class() == Class::Environment {
        return error.into();
    }
    let words = format!("the record of this home is damaged: {}", crate::fail::chain(&error));
    Failure::environment("record_damaged", words, "restore a backup of this folder")
}

/// Who has the home.
enum Holder {
    /// Nobody else: the lock is ours.
    Us(File),
    /// A serving process takes commands.
    Serving(std::os::unix::net::UnixStream),
}

fn holder(home: &Home) -> Result<Holder, Failure> {
    // Something to wait on for a while, since nobody tells when a lock is free.
    let (_never, clock) = mpsc::channel::<()>();
    for _ in 0..LOOKS {
        if let Some(lock) = home.try_lock()? {
            return Ok(Holder::Us(lock));
        }
        if let Some(stream) = control::connect(home) {
            return Ok(Holder::Serving(stream));
        }
        let _ = clock.recv_timeout(LOOK_AGAIN);
    }
    Err(home.busy())
}

/// Runs a command.
pub fn run(
    home: &Home,
    passphrase: &Source,
    command: &Command,
    progress: OnProgress<'_>,
) -> Result<Value, Failure> {
    home.check()?;
    match holder(home)? {
        Holder::Serving(stream) => control::ask(stream, command, progress),
        Holder::Us(lock) => {
            let local = Local::open(home, lock, passphrase)?;
            if matches!(command, Command::Import { .. }) {
                stop_when_asked(&local);
            }
            let answer = local.engine.run(command, progress);
            local.runtime.shutdown_timeout(Duration::from_secs(1));
            answer
        }
    }
}

/// Has imports end at the next item when the process is asked to end; asked twice, it ends at once.
fn stop_when_asked(local: &Local) {
    let stop = Arc::clone(&local.engine.stop);
    local.runtime.spawn(async move {
        if crate::serve::asked_to_end().await.is_ok() {
            tracing::warn!("stopping: what was read is kept; a second import adds nothing twice");
            stop.store(true, Ordering::Relaxed);
        }
        if crate::serve::asked_to_end().await.is_ok() {
            std::process::exit(exit::ENVIRONMENT.into());
        }
    });
}

/// The lock of a home that nobody serves.
pub fn lock(home: &Home) -> Result<File, Failure> {
    home.check()?;
    match holder(home)? {
        Holder::Us(lock) => Ok(lock),
        Holder::Serving(_) => Err(Failure::refused(
            "already_served",
            format!("{} is served already", home.dir().display()),
            "end the other process first",
        )),
    }
}
