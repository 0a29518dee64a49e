//! The other parties' logs: mirrored and cosigned by the rules of tlog-witness and tlog-mirror.
//!
//! Nothing is cosigned before it is durable, no checkpoint is accepted that is not consistent with
//! the last, and no entry that is not a sound act of its author. What proves a fault of the author
//! is kept as evidence.

use detente_accord::is_slug;
use detente_core::act::{Act, Salt};
use detente_core::{AccordId, PartyId, Span, mirror_name};
use detente_log::{
    AddCheckpoint, Checkpoint, CosignTime, Cosigner, CosignerRole, Hash, KeyName, Mirror,
    MirrorParts, Package, Tile, TreeSize, UploadHeader, decode_tile, root_at,
};
use detente_peer::limits::MAX_ACCORDS_PER_PARTY;
use detente_peer::{Refusal, Response};

use crate::error::NodeError;
use crate::node::Node;
use crate::ports::LogTiles;
use crate::ports::{AccordRow, EntryRow, LogAppend, LogKey};

/// How far a peer's clock may be ahead of ours.
const CLOCK_SKEW: Span = Span::seconds(300);
/// Pieces of evidence kept against one party.
const MAX_EVIDENCE: u64 = 100;

type Answer = Result<Response, NodeError>;

fn refused(code: &str, words: impl Into<String>) -> Answer {
    Ok(Response::Refused(Refusal::new(code, words)))
}

impl Node {
    /// A party says that it writes a log in an accord.
    pub(crate) fn open_log(
        &mut self,
        peer: PartyId,
        accord: AccordId,
        slug: &str,
        parties: &[PartyId],
    ) -> Answer {
        let own = self.party();
        // Each once, and ascending: one accord has one spelling.
        if !parties.is_sorted_by(|a, b| a < b)
            || !parties.contains(&own)
            || !parties.contains(&peer)
        {
            return refused("accord_parties", "the accord does not have us both as its parties");
        }
        // It is shown to people, and no text could have another one.
        if !is_slug(slug) {
            return refused("accord_slug", "a slug has lower-case letters, digits and hyphens");
        }
        if AccordId::derive(slug, parties) != accord {
            return refused("accord_id", "slug and parties do not give this accord id");
        }
        if let Some(stranger) =
            parties.iter().find(|party| **party != own && !self.contacts.contains_key(party))
        {
            let words = format!("party {} is not among our contacts", stranger.short());
            return refused("accord_stranger", words);
        }
        if self.book(accord).is_err() {
            let opened = self.books().filter(|book| book.row.parties.contains(&peer)).count();
            if opened >= MAX_ACCORDS_PER_PARTY {
                let words = format!("at most {MAX_ACCORDS_PER_PARTY} accords with one party");
                return refused("too_many_accords", words);
            }
            let row = AccordRow { id: accord, slug: slug.to_owned(), parties: parties.to_vec() };
            self.store.put_accord(&row)?;
            self.load(row)?;
        }
        let mirror = self.mirror(LogKey { accord, party: peer })?;
        Ok(Response::LogState {
            pending: mirror.pending().map_or(0, |known| known.head().size.get()),
            next: mirror.next_entry().get(),
        })
    }

    /// The peer's log in an accord that we share. An accord that it is no party of does not exist
    /// for it.
    pub(crate) fn shared_log(&self, peer: PartyId, accord: AccordId) -> Result<LogKey, NodeError> {
        match self.book(accord) {
            Ok(book) if book.row.parties.contains(&peer) => Ok(LogKey { accord, party: peer }),
            Ok(_) => Err(crate::node::unknown_accord(&accord.to_string())),
            Err(error) => Err(error),
        }
    }

    /// Restores the mirror of a log from the store.
    pub(crate) fn mirror(&self, key: LogKey) -> Result<Mirror, NodeError> {
        let row = self.store.log(key)?;
        let parse = |note: &Vec<u8>| Checkpoint::parse(note).map_err(NodeError::damaged);
        let pending = row.pending.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
        let committed = row.checkpoint.as_ref().map(parse).transpose()?;
        let tail = self.tail(key, row.edge.size())?;
        let parts = MirrorParts { pending, committed, edge: row.edge, tail };
        Mirror::restore(self.trusted_log(key)?, parts).map_err(NodeError::damaged)
    }

    /// The leaf hashes of the partial level-0 tile.
    fn tail(&self, key: LogKey, size: TreeSize) -> Result<Vec<Hash>, NodeError> {
        let width = u16::try_from(size.get() % 256).unwrap_or(0);
        if width == 0 {
            return Ok(Vec::new());
        }
        let index = size.get() / 256;
        let tile = Tile::new(0, index, width).map_err(NodeError::damaged)?;
        let bytes = self.store.tile(key, 0, index)?;
        let mut bytes = bytes.ok_or_else(|| NodeError::damaged("a tile is missing"))?;
        bytes.truncate(tile.byte_len());
        decode_tile(&tile, &bytes).map_err(NodeError::damaged)
    }

    /// tlog-witness `add-checkpoint` on the mirror of the peer's log.
    pub(crate) fn add_checkpoint(
        &mut self,
        peer: PartyId,
        accord: AccordId,
        body: &[u8],
    ) -> Answer {
        let key = self.shared_log(peer, accord)?;
        let request = match AddCheckpoint::parse(body) {
            Ok(request) => request,
            Err(error) => return refused(error.code(), error.to_string()),
        };
        let mirror = self.mirror(key)?;
        let next = match mirror.add_checkpoint(&request) {
            Ok(next) => next,
            Err(refusal) => {
                // A checkpoint that its log signed and that contradicts another one it signed
                // proves a fork; keep both.
                if refusal.status() == 422 && request.checkpoint.verify(mirror.log()).is_ok() {
                    let mut proof = request.checkpoint.to_string().into_bytes();
                    if let Some(known) = mirror.pending() {
                        proof.extend(known.checkpoint().to_string().into_bytes());
                    }
                    self.keep_evidence(peer, refusal.code(), &proof)?;
                }
                return refused(refusal.code(), format!("{refusal}: {}", refusal.body().trim()));
            }
        };
        let before = self.store.log(key)?.pending;
        let after: Vec<Vec<u8>> =
            next.parts().pending.iter().map(|note| note.to_string().into_bytes()).collect();
        self.store.put_pending(key, &before, &after)?;
        Ok(Response::Done)
    }

    /// Keeps bodies for entries that come next.
    pub(crate) fn stage_bodies(
        &mut self,
        peer: PartyId,
        accord: AccordId,
        start: u64,
        bodies: &[(Salt, Vec<u8>)],
    ) -> Answer {
        let key = self.shared_log(peer, accord)?;
        let next = self.store.log(key)?.edge.size().get();
        let end = start.saturating_add(bodies.len() as u64);
        if start < next || end > next.saturating_add(256) {
            return refused("bodies_elsewhere", format!("the next entry is {next}"));
        }
        self.store.stage_bodies(key, start, bodies)?;
        Ok(Response::Done)
    }

    /// tlog-mirror `add-entries`, one package; answers with a cosignature once all entries of the
    /// checkpoint are durable.
    pub(crate) fn add_entries(&mut self, peer: PartyId, accord: AccordId, body: &[u8]) -> Answer {
        let key = self.shared_log(peer, accord)?;
        let (header, rest) = match UploadHeader::decode(body) {
            Ok(decoded) => decoded,
            Err(error) => return refused(error.code(), error.to_string()),
        };
        let mut mirror = self.mirror(key)?;
        let mut upload = match mirror.begin_upload(&header) {
            Ok(upload) => upload,
            Err(error) => return refused(error.code(), error.to_string()),
        };
        if let Some(range) = upload.next_package() {
            let package = match Package::decode(rest, &range) {
                Ok((package, [])) => package,
                Ok(_) => return refused("upload_trailing", "bytes follow the package"),
                Err(error) => return refused(error.code(), error.to_string()),
            };
            let accepted = match mirror.add_package(&upload, &package) {
                Ok(accepted) => accepted,
                Err(error) => return refused(error.code(), error.to_string()),
            };
            let leaves = package.entries().get(accepted.known..).unwrap_or_default();
            if let Some(no) = self.take_entries(key, leaves, &accepted.append)? {
                return Ok(no);
            }
            mirror = accepted.mirror;
            upload = accepted.upload;
        }
        if upload.next_package().is_some() {
            let next = mirror.next_entry().get();
            let pending = mirror.pending().map_or(0, |known| known.head().size.get());
            return Ok(Response::LogState { pending, next });
        }
        self.cosign(key, &mirror, &upload)
    }

    /// Admits new entries with their staged bodies and makes them durable. Some(refusal) if they
    /// are not sound.
    fn take_entries(
        &mut self,
        key: LogKey,
        leaves: &[&[u8]],
        append: &detente_log::Append,
    ) -> Result<Option<Response>, NodeError> {
        if leaves.is_empty() {
            return Ok(None);
        }
        let first = append.old_size.get();
        let bodies = self.store.staged_bodies(key, first..first + leaves.len() as u64)?;
        if bodies.len() != leaves.len() {
            let words = format!("{} of {} bodies are here", bodies.len(), leaves.len());
            return refused("bodies_missing", words).map(Some);
        }
        let entries: Vec<EntryRow> = leaves
            .iter()
            .zip(bodies)
            .map(|(leaf, (salt, body))| EntryRow { leaf: leaf.to_vec(), salt, body })
            .collect();
        let admitted = self.book(key.accord)?.try_admit(key.party, &entries);
        let (admission, acts) = match admitted {
            Ok(admitted) => admitted,
            Err(fault) => return self.unsound(key, &entries, fault.code(), &chain(&fault)),
        };
        // Not evidence: clocks differ. It may come again when the time has come.
        let latest = acts.iter().map(|act| act.header().time).max();
        if latest.is_some_and(|time| time > self.now().plus(CLOCK_SKEW)) {
            return refused("time_ahead", "an act is dated ahead of our clock").map(Some);
        }
        if let Some(words) = self.false_view(key, &acts)? {
            return self.unsound(key, &entries, "seen_other_log", &words);
        }
        let write = LogAppend { entries: &entries, append, checkpoint: None };
        if let Err(error) = self.store.append(key, &write) {
            self.doubt(key.accord);
            return Err(error.into());
        }
        self.book_mut(key.accord)?.hold(key.party, admission, acts);
        Ok(None)
    }

    /// Keeps the evidence of an unsound entry and refuses it.
    fn unsound(
        &mut self,
        key: LogKey,
        entries: &[EntryRow],
        code: &str,
        words: &str,
    ) -> Result<Option<Response>, NodeError> {
        let mut proof: Vec<u8> = self.store.log(key)?.pending.last().cloned().unwrap_or_default();
        for entry in entries {
            proof.extend(&entry.leaf);
        }
        self.keep_evidence(key.party, code, &proof)?;
        refused(code, words).map(Some)
    }

    /// Keeps a piece of evidence, up to a number: a peer can't fill the disk by misbehaving.
    fn keep_evidence(&mut self, peer: PartyId, code: &str, proof: &[u8]) -> Result<(), NodeError> {
        let kept: u64 =
            self.store.evidence()?.iter().filter(|(by, ..)| *by == peer).map(|(.., n)| n).sum();
        if kept < MAX_EVIDENCE {
            let now = self.now();
            self.store.put_evidence(peer, now, code, proof)?;
        }
        Ok(())
    }

    /// Whether an act says that it saw a log of ours, or of a third party, that is not the one
    /// here.
    fn false_view(&self, key: LogKey, acts: &[Act]) -> Result<Option<String>, NodeError> {
        for seen in acts.iter().flat_map(|act| &act.header().seen) {
            let other = LogKey { accord: key.accord, party: seen.party };
            let held = self.store.log(other)?.edge.size().get();
            if seen.size > held {
                if seen.party == self.party() {
                    let words = format!("it has seen {} entries of our log", seen.size);
                    return Ok(Some(words));
                }
                // A third party's log may reach us later; the fold waits for it.
                continue;
            }
            let size = TreeSize::new(seen.size).map_err(NodeError::damaged)?;
            let tiles = LogTiles { store: self.store.as_ref(), key: other };
            let root = root_at(&tiles.hashes(size), size).map_err(NodeError::damaged)?;
            if root.as_bytes() != &seen.root {
                let whose = self.name_of(seen.party);
                let words = format!(
                    "it has seen another log of {whose} at size {} than is here",
                    seen.size
                );
                return Ok(Some(words));
            }
        }
        Ok(None)
    }

    fn cosign(&mut self, key: LogKey, mirror: &Mirror, upload: &detente_log::Upload) -> Answer {
        let commit = mirror.commit(upload, mirror.next_entry()).map_err(NodeError::damaged)?;
        let checkpoint = commit.checkpoint();
        let size = checkpoint.head().size.get();
        let note = checkpoint.checkpoint().to_string().into_bytes();
        self.store.put_checkpoint(key, size, &note)?;
        let mut cosigned = checkpoint.clone();
        let (_, permit) = commit.persisted();
        let name = KeyName::new(&mirror_name(self.party())).map_err(NodeError::damaged)?;
        let cosigner = Cosigner::new(name, CosignerRole::Mirror, &self.keys.mirror);
        let time = CosignTime::new(self.now().get()).map_err(NodeError::damaged)?;
        let line = cosigner.cosign(permit, time).map_err(NodeError::damaged)?;
        // Our own copy shows the cosignature too: an export from here proves what an export from
        // there proves.
        cosigned
            .attach(std::slice::from_ref(&line), cosigner.verifier())
            .map_err(NodeError::damaged)?;
        self.store.put_checkpoint(key, size, cosigned.checkpoint().to_string().as_bytes())?;
        self.book_mut(key.accord)?.cosigned(key.party, size);
        self.take_card(key.accord, key.party)?;
        Ok(Response::Cosigned { line: line.to_string().trim_end().to_owned() })
    }
}

/// An error with its causes, in one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        words.push_str(": ");
        words.push_str(&cause.to_string());
        source = cause.source();
    }
    words
}
