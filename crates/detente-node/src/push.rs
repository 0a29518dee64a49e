//! Brings own logs to the other side's mirror, as far as it lacks them, and fetches its
//! cosignature.
//!
//! Every step asks the mirror where it stands, so a push that was cut goes on where it was.

use std::ops::Range;
use std::sync::PoisonError;

use detente_core::act::Salt;
use detente_core::{AccordId, PartyId};
use detente_log::{
    AddCheckpoint, Checkpoint, CosignError, LeafIndex, Package, PackageRange, TreeHead, TreeSize,
    UploadHeader, VerifiedCheckpoint, parse_signature_lines, prove_consistency, root_at,
};
use detente_peer::limits::BATCH_BYTES;
use detente_peer::{Request, Response};

use crate::book::Book;
use crate::error::NodeError;
use crate::node::{Node, Shared};
use crate::ports::LogTiles;
use crate::ports::{Link, LogKey, StoreError};

/// Rounds in which a push may begin anew because the log grew or the mirror moved.
const MAX_ROUNDS: usize = 16;

/// Where a push stands after one look.
enum Next {
    /// Ask this; it is about the log of `end` entries.
    Ask { request: Request, end: u64 },
    /// The mirror has all of it and has cosigned it.
    Done,
}

/// Pushes the own log of an accord to the peer until it has cosigned the newest checkpoint.
///
/// # Errors
/// [`NodeError`]: the line was cut, or the peer refuses or misbehaves.
pub fn push(shared: &Shared, link: &dyn Link, accord: AccordId) -> Result<(), NodeError> {
    let pushing = shared.pushing(link.peer());
    let _one_at_a_time = pushing.lock().unwrap_or_else(PoisonError::into_inner);
    let pushed = push_rounds(shared, link, accord);
    match &pushed {
        // Nothing more is written until the newer copy is back, or the peer agrees to this one.
        Err(NodeError::Store(StoreError::OldCopy(words))) => {
            shared.lock().set_doubt(accord, link.peer(), Some(words))?;
        }
        Err(_) => {}
        Ok(()) => shared.lock().set_doubt(accord, link.peer(), None)?,
    }
    pushed
}

/// Pushes the logs in which answers to retractions are due that came just now.
///
/// # Errors
/// As [`push`].
pub fn push_due(shared: &Shared, link: &dyn Link) -> Result<(), NodeError> {
    let accords: Vec<AccordId> = {
        let node = shared.lock();
        let shares = |book: &&Book| book.row.parties.contains(&link.peer());
        node.books().filter(shares).map(|book| book.row.id).collect()
    };
    for accord in accords {
        if !shared.lock().due_answers(accord)?.is_empty() {
            push(shared, link, accord)?;
        }
    }
    Ok(())
}

fn push_rounds(shared: &Shared, link: &dyn Link, accord: AccordId) -> Result<(), NodeError> {
    let opening = {
        let mut node = shared.lock();
        // What the peer took back is answered before it hears of anything else. A home that can't
        // write does not keep its log from those who lack part of it.
        let _ = node.attend_retractions(accord);
        let book = node.book(accord)?;
        let slug = book.row.slug.clone();
        Request::OpenLog { accord, slug, parties: book.row.parties.clone() }
    };
    for _ in 0..MAX_ROUNDS {
        let (pending, next) = match link.request(&opening)? {
            Response::LogState { pending, next } => (pending, next),
            other => return Err(unexpected(other)),
        };
        if push_round(shared, link, accord, pending, next)? {
            return Ok(());
        }
    }
    Err(NodeError::Misbehaved {
        code: "mirror_moves".to_owned(),
        words: "its mirror never comes to rest".to_owned(),
    })
}

/// Pushes every own log that the peer shares. One that does not go does not hold up the others.
///
/// # Errors
/// The first of [`push`], after all were tried; at once if the line is cut.
pub fn push_all(shared: &Shared, link: &dyn Link) -> Result<(), NodeError> {
    let accords: Vec<AccordId> = {
        let node = shared.lock();
        let peer = link.peer();
        node.books()
            .filter(|book| book.row.parties.contains(&peer))
            .filter(|book| !book.logs.of(node.party()).is_empty())
            .map(|book| book.row.id)
            .collect()
    };
    let mut first = Ok(());
    for accord in accords {
        match push(shared, link, accord) {
            Err(error @ NodeError::Link(_)) => return Err(error),
            Err(error) if first.is_ok() => first = Err(error),
            _ => {}
        }
    }
    first
}

/// One run from where the mirror says it stands; true once the newest checkpoint is cosigned.
fn push_round(
    shared: &Shared,
    link: &dyn Link,
    accord: AccordId,
    mut pending: u64,
    mut next: u64,
) -> Result<bool, NodeError> {
    loop {
        let step = shared.lock().push_step(link.peer(), accord, pending, next)?;
        let (request, end) = match step {
            Next::Done => return Ok(true),
            Next::Ask { request, end } => (request, end),
        };
        if matches!(request, Request::AddEntries { .. }) {
            send_bodies(shared, link, accord, next..end)?;
        }
        match (&request, link.request(&request)?) {
            (Request::AddCheckpoint { .. }, Response::Done) => pending = end,
            (Request::AddEntries { .. }, Response::LogState { next: now, .. }) if now > next => {
                next = now;
            }
            (Request::AddEntries { .. }, Response::Cosigned { line }) => {
                if shared.lock().attach(link.peer(), accord, &line, end)? {
                    return Ok(true);
                }
                (pending, next) = (pending.max(end), end);
            }
            // The mirror moved since it was asked: look again.
            (_, Response::Refused(refusal)) if is_conflict(&refusal.code) => return Ok(false),
            (_, other) => return Err(unexpected(other)),
        }
    }
}

/// Sends the bodies of the next package, in messages of bounded size.
fn send_bodies(
    shared: &Shared,
    link: &dyn Link,
    accord: AccordId,
    places: Range<u64>,
) -> Result<(), NodeError> {
    let mut start = places.start;
    let mut bodies = shared.lock().next_bodies(accord, places)?;
    while !bodies.is_empty() {
        let mut bytes = 0;
        let mut count = 0;
        for (_, body) in &bodies {
            bytes += body.len();
            if count > 0 && bytes > BATCH_BYTES {
                break;
            }
            count += 1;
        }
        let batch: Vec<(Salt, Vec<u8>)> = bodies.drain(..count).collect();
        let sent = batch.len() as u64;
        match link.request(&Request::Bodies { accord, start, bodies: batch })? {
            Response::Done => start += sent,
            other => return Err(unexpected(other)),
        }
    }
    Ok(())
}

fn is_conflict(code: &str) -> bool {
    matches!(code, "mirror_conflict" | "witness_conflict" | "bodies_missing" | "bodies_elsewhere")
}

/// An answer that the protocol does not allow here.
pub(crate) fn unexpected(response: Response) -> NodeError {
    match response {
        Response::Refused(refusal) => NodeError::PeerRefused(refusal),
        other => NodeError::Misbehaved {
            code: "unexpected_response".to_owned(),
            words: format!("it answers out of turn: {other:?}").chars().take(200).collect(),
        },
    }
}

impl Node {
    /// What to ask of a mirror that stands at `pending` and lacks the entries from `next` on.
    fn push_step(
        &self,
        peer: PartyId,
        accord: AccordId,
        pending: u64,
        next: u64,
    ) -> Result<Next, NodeError> {
        let key = self.own_log(accord);
        let row = self.store.log(key)?;
        let size = row.edge.size();
        if pending > size.get() || next > size.get() {
            // Writing on would make a fork that the other side can prove.
            let words = format!(
                "{} holds {} entries of our log, this home has {}",
                self.name_of(peer),
                pending.max(next),
                size.get()
            );
            return Err(StoreError::OldCopy(words).into());
        }
        let Some(note) = row.checkpoint else {
            return Ok(Next::Done);
        };
        let checkpoint = Checkpoint::parse(&note).map_err(NodeError::damaged)?;
        if pending < size.get() {
            // A longer log is shown only to a mirror whose own tree is known to be the start of it:
            // if an old copy of this home was put back, showing it would prove a fork.
            if pending > 0 && self.confirmed.get(&(peer, accord)) != Some(&pending) {
                let end = TreeSize::new(pending).map_err(NodeError::damaged)?;
                let request = self.entries_request(key, next, end)?;
                return Ok(Next::Ask { request, end: pending });
            }
            let request = self.checkpoint_request(key, pending, checkpoint)?;
            return Ok(Next::Ask { request, end: size.get() });
        }
        let cosigned = checkpoint
            .verify(&self.trusted_log(key)?)
            .map_err(NodeError::damaged)?
            .cosignatures(&[self.cosigner_key(peer)?])
            .is_ok_and(|found| !found.is_empty());
        if cosigned && next == size.get() {
            return Ok(Next::Done);
        }
        let request = self.entries_request(key, next, size)?;
        Ok(Next::Ask { request, end: size.get() })
    }

    fn checkpoint_request(
        &self,
        key: LogKey,
        pending: u64,
        checkpoint: Checkpoint,
    ) -> Result<Request, NodeError> {
        let old = TreeSize::new(pending).map_err(NodeError::damaged)?;
        let new = checkpoint.unverified_body().head().size;
        let tiles = LogTiles { store: self.store.as_ref(), key };
        let proof = prove_consistency(&tiles.hashes(new), old, new).map_err(NodeError::damaged)?;
        let body = AddCheckpoint { old, proof, checkpoint }.to_string().into_bytes();
        Ok(Request::AddCheckpoint { accord: key.accord, body })
    }

    fn entries_request(&self, key: LogKey, next: u64, end: TreeSize) -> Result<Request, NodeError> {
        let trusted = self.trusted_log(key)?;
        let start = LeafIndex::new(next);
        let header =
            UploadHeader { origin: trusted.origin().clone(), start, end, ticket: Vec::new() };
        let mut body = header.encode().map_err(NodeError::damaged)?;
        if let Some(range) = PackageRange::at(start, end) {
            let rows = self.store.entries(key, range.start().get()..range.end().get())?;
            let leaves: Vec<&[u8]> = rows.iter().map(|row| row.leaf.as_slice()).collect();
            let tiles = LogTiles { store: self.store.as_ref(), key };
            let package = Package::prove(&tiles.hashes(end), &range, leaves, end)
                .map_err(NodeError::damaged)?;
            body.extend(package.encode(&range).map_err(NodeError::damaged)?);
        }
        Ok(Request::AddEntries { accord: key.accord, body })
    }

    /// The bodies of the package with which these places begin.
    fn next_bodies(
        &self,
        accord: AccordId,
        places: Range<u64>,
    ) -> Result<Vec<(Salt, Vec<u8>)>, NodeError> {
        let key = self.own_log(accord);
        let end = TreeSize::new(places.end).map_err(NodeError::damaged)?;
        let Some(range) = PackageRange::at(LeafIndex::new(places.start), end) else {
            return Ok(Vec::new());
        };
        let rows = self.store.entries(key, range.start().get()..range.end().get())?;
        Ok(rows.into_iter().map(|row| (row.salt, row.body)).collect())
    }

    /// Checks a cosignature of the first `end` entries. True if these are all: it is kept on the
    /// own checkpoint then.
    fn attach(
        &mut self,
        peer: PartyId,
        accord: AccordId,
        line: &str,
        end: u64,
    ) -> Result<bool, NodeError> {
        let key = self.own_log(accord);
        let misbehaved =
            |words: String| NodeError::Misbehaved { code: "bad_cosignature".to_owned(), words };
        let lines = parse_signature_lines(format!("{line}\n").as_bytes())
            .map_err(|error| misbehaved(error.to_string()))?;
        let (mut checkpoint, whole) = self.checkpoint_at(key, end)?;
        match checkpoint.attach(&lines, &self.cosigner_key(peer)?) {
            Ok(_) => {}
            // Signed by its key, but over another tree. If it has agreed to ours before, that is
            // its doing; if not, ours may be an old copy.
            Err(CosignError::Invalid { .. }) if !self.confirmed.contains_key(&(peer, accord)) => {
                let words = format!(
                    "{} holds another log of ours than this one of {end} entries",
                    self.name_of(peer)
                );
                return Err(StoreError::OldCopy(words).into());
            }
            Err(error) => return Err(misbehaved(error.to_string())),
        }
        if whole {
            let note = checkpoint.checkpoint().to_string().into_bytes();
            self.store.put_checkpoint(key, end, &note)?;
        }
        self.confirmed.insert((peer, accord), end);
        Ok(whole)
    }

    /// The own checkpoint over the first `size` entries, and whether these are all. One over fewer
    /// is made anew to compare a cosignature with it, and goes nowhere.
    fn checkpoint_at(
        &self,
        key: LogKey,
        size: u64,
    ) -> Result<(VerifiedCheckpoint, bool), NodeError> {
        let row = self.store.log(key)?;
        let whole = row.edge.size().get() == size;
        let checkpoint = match row.checkpoint.filter(|_| whole) {
            Some(note) => Checkpoint::parse(&note).map_err(NodeError::damaged)?,
            None => {
                let size = TreeSize::new(size).map_err(NodeError::damaged)?;
                let tiles = LogTiles { store: self.store.as_ref(), key };
                let root = root_at(&tiles.hashes(size), size).map_err(NodeError::damaged)?;
                self.sign_checkpoint(key.accord, TreeHead { size, root })?
            }
        };
        let checkpoint = checkpoint.verify(&self.trusted_log(key)?).map_err(NodeError::damaged)?;
        Ok((checkpoint, whole))
    }
}
