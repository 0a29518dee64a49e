//! A party that breaks the rules, with its real keys.
//!
//! Is: a hand-driven author of a log: it signs what it likes, in whatever order, and uploads it as
//! a node would. Is not: a node; nothing stops it.

use detente_core::act::{Act, Body, Header, Seen};
use detente_core::key::SigningKey;
use detente_core::party::Role;
use detente_core::{AccordId, Digest, PartyId, UnixSeconds, log_origin};
use detente_log::{
    AddCheckpoint, Appender, Checkpoint, CheckpointBody, ConsistencyProof, Hash, HashReader,
    KeyName, LeafIndex, Node as Place, NoteSigner, Origin, Package, PackageRange, RootBuilder,
    TreeHead, TreeSize, UploadHeader, leaf_hash, node_hash, prove_consistency,
};
use detente_node::ports::{EntryRow, Link, LinkError, LogAppend, LogKey, Store as _, Stream};
use detente_node::{Shared, respond};
use detente_peer::{Request, Response};

use crate::world::Member;

/// A link to a party that answers nothing.
pub struct MuteLink(pub PartyId);

impl Link for MuteLink {
    fn peer(&self) -> PartyId {
        self.0
    }

    fn request(&self, _: &Request) -> Result<Response, LinkError> {
        Err(LinkError::Cut)
    }

    fn open(&self, _: &Request) -> Result<Box<dyn Stream>, LinkError> {
        Err(LinkError::Cut)
    }
}

/// The hashes of a log in memory.
struct Leaves<'a>(&'a [EntryRow]);

impl Leaves<'_> {
    fn hash(&self, level: u8, index: u64) -> Hash {
        if level == 0 {
            let at = usize::try_from(index).expect("a test log is short");
            return leaf_hash(&self.0[at].leaf);
        }
        let (left, right) = (2 * index, 2 * index + 1);
        node_hash(&self.hash(level - 1, left), &self.hash(level - 1, right))
    }
}

impl HashReader for Leaves<'_> {
    type Error = std::convert::Infallible;

    fn read_hashes(&self, nodes: &[Place]) -> Result<Vec<Hash>, Self::Error> {
        let hash = |node: &Place| self.hash(node.level, node.index);
        Ok(nodes.iter().map(hash).collect())
    }
}

/// The author of a log that need not be sound.
pub struct Forger<'a> {
    /// Whose keys it has.
    pub member: &'a Member,
    /// The accord.
    pub accord: AccordId,
    /// Its log.
    pub entries: Vec<EntryRow>,
    salts: u64,
}

impl<'a> Forger<'a> {
    /// Goes on with the log that the party's honest node has written.
    pub fn take_over(member: &'a Member, accord: AccordId) -> Forger<'a> {
        let key = LogKey { accord, party: member.id };
        let store = member.store.real();
        let size = store.log(key).expect("the store reads").edge.size().get();
        let entries = store.entries(key, 0..size).expect("the store reads");
        Forger { member, accord, entries, salts: 0 }
    }

    /// Begins a log anew.
    pub fn begin(member: &'a Member, accord: AccordId) -> Forger<'a> {
        Forger { member, accord, entries: Vec::new(), salts: 0 }
    }

    /// The card act, as a log must begin.
    pub fn designate(&mut self) -> &mut Self {
        let card = self.member.card.bytes().to_vec();
        self.write(Role::Analyst, Body::Designate { card }, |_| {})
    }

    /// What it would have to say that it has seen of another party's log, as that party holds it.
    pub fn see(&self, other: &Member) -> Vec<Seen> {
        let key = LogKey { accord: self.accord, party: other.id };
        let row = other.store.real().log(key).expect("the store reads");
        vec![Seen {
            party: other.id,
            size: row.edge.size().get(),
            root: *row.edge.head().root.as_bytes(),
        }]
    }

    /// Signs an act with the key of a role; `tweak` makes its header what an honest one is not.
    pub fn act(&mut self, role: Role, body: Body, tweak: impl FnOnce(&mut Header)) -> Act {
        let key = self.member.role_key(role);
        self.act_by(&key, body, tweak)
    }

    /// Signs an act with any key.
    pub fn act_by(&mut self, key: &SigningKey, body: Body, tweak: impl FnOnce(&mut Header)) -> Act {
        let mut header = Header {
            accord: self.accord,
            author: self.member.id,
            kind: body.kind(),
            sequence: self.entries.len() as u64,
            time: UnixSeconds::new(self.member.clock.get()),
            supersedes: None,
            seen: Vec::new(),
            body: Digest::new([0; 32]),
        };
        tweak(&mut header);
        self.salts += 1;
        let mut salt = [0xf0; 32];
        salt[..8].copy_from_slice(&self.salts.to_be_bytes());
        Act::create(header, body, salt, key)
    }

    /// Signs an act and enters it.
    pub fn write(&mut self, role: Role, body: Body, tweak: impl FnOnce(&mut Header)) -> &mut Self {
        let act = self.act(role, body, tweak);
        self.enter(&act);
        self
    }

    /// Enters an act; gives its digest.
    pub fn enter(&mut self, act: &Act) -> Digest {
        self.entries.push(EntryRow {
            leaf: act.leaf().to_vec(),
            salt: *act.salt(),
            body: act.body_bytes().to_vec(),
        });
        act.digest()
    }

    /// Lets the party's own store hold what it has written, so that its node, once opened again,
    /// and the next forger go on from there.
    pub fn keep(&self) {
        let key = LogKey { accord: self.accord, party: self.member.id };
        let mut store = self.member.store.real();
        let edge = store.log(key).expect("the store reads").edge;
        let own = usize::try_from(edge.size().get()).expect("a test log is short");
        let entries = &self.entries[own..];
        let mut appender = Appender::new(edge);
        for entry in entries {
            appender.push_entry(&entry.leaf).expect("a test log is short");
        }
        let append = appender.finish();
        let note = self.checkpoint(self.entries.len()).to_string();
        let write = LogAppend { entries, append: &append, checkpoint: Some(note.as_bytes()) };
        store.append(key, &write).expect("the store takes the entries");
    }

    /// The name of its log.
    pub fn origin(&self) -> String {
        log_origin(self.accord, self.member.id)
    }

    /// A signed checkpoint over the first `size` entries.
    pub fn checkpoint(&self, size: usize) -> Checkpoint {
        let mut root = RootBuilder::new();
        for entry in &self.entries[..size] {
            root.push_entry(&entry.leaf).expect("a test log is short");
        }
        self.sign(root.head())
    }

    /// A signed checkpoint that states this.
    pub fn sign(&self, head: TreeHead) -> Checkpoint {
        let name = self.origin();
        let origin = Origin::new(&name).expect("the name of a log is an origin");
        let name = KeyName::new(&name).expect("the name of a log is a key name");
        let signer = NoteSigner::new(name, self.member.log_seed());
        let body = CheckpointBody::new(origin, head);
        body.sign(&[&signer]).expect("a checkpoint can be signed")
    }

    /// The proof that the log of `new` entries goes on from that of `old`.
    pub fn consistency(&self, old: u64, new: u64) -> ConsistencyProof {
        let size = |count| TreeSize::new(count).expect("a test log is short");
        prove_consistency(&Leaves(&self.entries), size(old), size(new)).expect("sizes ascend")
    }

    /// Asks something of a node as this party; answers nothing itself.
    pub fn ask(&self, node: &Shared, request: &Request) -> Response {
        let bytes = request.encode();
        let request = Request::decode(&bytes).expect("what it sends can be read");
        respond(node, &MuteLink(self.member.id), &request)
    }

    /// Opens its log at a node: size of the pending checkpoint and next entry.
    pub fn open(&self, node: &Shared, parties: &[PartyId], slug: &str) -> (u64, u64) {
        let mut parties = parties.to_vec();
        parties.sort_unstable();
        let request = Request::OpenLog { accord: self.accord, slug: slug.to_owned(), parties };
        match self.ask(node, &request) {
            Response::LogState { pending, next } => (pending, next),
            other => panic!("the log does not open: {other:?}"),
        }
    }

    /// The request for a checkpoint over all entries, from a mirror that stands at `pending`.
    pub fn checkpoint_request(&self, pending: u64) -> Request {
        let size = self.entries.len();
        let body = AddCheckpoint {
            old: TreeSize::new(pending).expect("a test log is short"),
            proof: self.consistency(pending, size as u64),
            checkpoint: self.checkpoint(size),
        };
        Request::AddCheckpoint { accord: self.accord, body: body.to_string().into_bytes() }
    }

    /// The bodies from `next` on.
    pub fn bodies_request(&self, next: u64) -> Request {
        let from = usize::try_from(next).expect("a test log is short");
        let bodies = self.entries[from..].iter().map(|row| (row.salt, row.body.clone())).collect();
        Request::Bodies { accord: self.accord, start: next, bodies }
    }

    /// The entries from `next` on, one package.
    pub fn entries_request(&self, next: u64) -> Request {
        let end = TreeSize::new(self.entries.len() as u64).expect("a test log is short");
        let start = LeafIndex::new(next);
        let header = UploadHeader {
            origin: Origin::new(&self.origin()).expect("the name of a log is an origin"),
            start,
            end,
            ticket: Vec::new(),
        };
        let mut body = header.encode().expect("a header can be written");
        if let Some(range) = PackageRange::at(start, end) {
            let place = |at: u64| usize::try_from(at).expect("a test log is short");
            let (from, to) = (range.start().get(), range.end().get());
            let rows = &self.entries[place(from)..place(to)];
            let leaves = rows.iter().map(|row| row.leaf.as_slice()).collect();
            let package = Package::prove(&Leaves(&self.entries), &range, leaves, end)
                .expect("the range is in the log");
            body.extend(package.encode(&range).expect("a package can be written"));
        }
        Request::AddEntries { accord: self.accord, body }
    }

    /// Uploads the log as far as one package goes; the answer to the last step that was taken.
    pub fn upload(&self, node: &Shared, parties: &[PartyId], slug: &str) -> Response {
        let (pending, next) = self.open(node, parties, slug);
        if pending < self.entries.len() as u64 {
            let answer = self.ask(node, &self.checkpoint_request(pending));
            if answer != Response::Done {
                return answer;
            }
        }
        if next < self.entries.len() as u64 {
            let answer = self.ask(node, &self.bodies_request(next));
            if answer != Response::Done {
                return answer;
            }
        }
        self.ask(node, &self.entries_request(next))
    }
}
