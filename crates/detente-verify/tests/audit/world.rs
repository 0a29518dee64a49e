//! Parties with fixed keys, whose acts, checkpoints and cosignatures are really signed.

// Each of the programs that share this file uses a part of it.
#![allow(dead_code)]
#![expect(clippy::unwrap_used, reason = "keys and texts are fixed; a test may fail")]

use std::collections::BTreeMap;

use detente_core::act::{
    Act, ActKind, Answer, Body, Close, Header, Learn, Mode, Offer, Outcome, ReleaseBody, Seen,
};
use detente_core::key::{Seed, SigningKey};
use detente_core::object::Object;
use detente_core::party::{Card, Role, RoleKey};
use detente_core::sign::{Verified, sign};
use detente_core::{
    AccordId, Digest, Kind, PartyId, RunId, Tlp, UnixSeconds, log_origin, mirror_name,
};
use detente_gate::Release;
use detente_log::{
    AddCheckpoint, Checkpoint, CheckpointBody, ConsistencyProof, CosignTime, Cosigner,
    CosignerRole, KeyName, NoteSigner, Origin, RootBuilder, TreeHead, TreeSize, TrustedLog,
    VerifiedCheckpoint, decide,
};
use detente_state::{Logs, State};
use detente_verify::{EntryRecord, LogRecord, Record};

/// What the parties call their accord.
pub const SLUG: &str = "test-0";
/// When the story begins.
pub const START: u64 = 1_800_000_000;

const TEXT: &str = r#"format = 1

[accord]
id = "test-0"
title = "A test accord"
bindingness = "technical"
languages = ["en"]
prevailing = "en"
expires = "2030-12-31"
default_tlp = "amber+strict"

[[party]]
id = "A"
name = "CERT Alpha"
root = "ROOT-A"

[[party]]
id = "B"
name = "CERT Beta"
root = "ROOT-B"

[[clause]]
id = "1"
prose.en = "Matching between {between} tells {mode}: {kinds}. {answer}. {pad}. At most {max_items} items, {budget.runs} runs and {budget.items} items per {budget.per}."
match = { between = ["A", "B"], kinds = ["domain"], mode = "which", answer = "both", max_items = 1000, pad = "power-of-two", budget = { runs = 4, items = 4000, per = "P30D" } }

[[clause]]
id = "2"
prose.en = "{from} may release {only} ({kinds}) up to {max_tlp} to {to}, {cap.count} per {cap.per}; {retention.within} from {retention.clock}."
[clause.permit]
from = "*"
to = "*"
object = "indicator"
kinds = ["domain"]
only = "matched"
max_tlp = "amber"
cap = { count = 200, per = "P30D" }
retention = { within = "P180D", clock = "receipt" }

[[clause]]
id = "3"
prose.en = "Nothing labelled {labels} leaves from {from} to {to}."
forbid = { from = "*", to = "*", object = "indicator", labels = ["victim"] }

[emergency]
stop_by = ["duty-officer", "minister"]
lapses = "P10D"
clock = "act"

[exit]
notice = "P90D"
clock = "act"
survives = ["retention"]
"#;

/// One party with all its keys.
pub struct Side {
    pub id: PartyId,
    pub card: Verified<Card>,
    pub root: SigningKey,
    /// The keys of the offices have the numbers after the root's: see [`World::act_by`].
    pub roles: BTreeMap<Role, SigningKey>,
    fill: u8,
}

pub fn key(fill: u8) -> SigningKey {
    SigningKey::from_seed(&Seed::new([fill; 64])).unwrap()
}

fn name(text: &str) -> KeyName {
    KeyName::new(text).unwrap()
}

impl Side {
    pub fn new(title: &str, fill: u8) -> Side {
        let root = key(fill);
        let id = PartyId::new(*root.public().id().as_bytes());
        let roles: BTreeMap<Role, SigningKey> =
            Role::ALL.into_iter().map(|role| (role, key(fill + role.code()))).collect();
        let role_key = |(role, key): (&Role, &SigningKey)| RoleKey {
            role: *role,
            key: key.public().clone(),
            may: role.full_powers().to_vec(),
        };
        let log = NoteSigner::new(name("log"), &[fill + 100; 32]);
        let mirror = NoteSigner::new(name("mirror"), &[fill + 101; 32]);
        let card = Card {
            name: title.to_owned(),
            root: root.public().clone(),
            roles: roles.iter().map(role_key).collect(),
            transport: vec![1; 44],
            log_key: *log.verifier().public_key().as_bytes(),
            mirror_key: *mirror.verifier().public_key().as_bytes(),
            address: None,
            issued: UnixSeconds::new(START),
        };
        Side { id, card: sign(card, &root), root, roles, fill }
    }

    pub fn log_signer(&self, accord: AccordId) -> NoteSigner {
        let name = name(&log_origin(accord, self.id));
        NoteSigner::new(name, &[self.fill + 100; 32])
    }

    pub fn cosigner(&self) -> Cosigner {
        // A mirror's and a witness's cosignature are the same bytes; a witness decides in one step.
        let (name, role) = (name(&mirror_name(self.id)), CosignerRole::Witness);
        Cosigner::new(name, role, &[self.fill + 101; 32])
    }
}

/// The parties and their logs so far.
pub struct World {
    pub accord: AccordId,
    pub sides: Vec<Side>,
    pub logs: BTreeMap<PartyId, Vec<Act>>,
    pub objects: BTreeMap<Digest, Vec<u8>>,
    pub text: Vec<u8>,
    pub clock: u64,
}

/// Alpha, Beta and, where there are three, Gamma.
pub const A: usize = 0;
pub const B: usize = 1;
pub const C: usize = 2;

const GAMMA: &str = r#"[[party]]
id = "C"
name = "CERT Gamma"
root = "ROOT-C"

[[clause]]
id = "1""#;

impl World {
    /// Two that have entered their cards.
    pub fn new() -> World {
        let sides = vec![Side::new("CERT Alpha", 10), Side::new("CERT \"Beta\"", 40)];
        World::of(sides, TEXT)
    }

    /// Three, of which two match, and only one of those may receive.
    pub fn three() -> World {
        let mut sides = World::new().sides;
        sides.push(Side::new("CERT Gamma", 70));
        let text = TEXT.replacen("[[clause]]\nid = \"1\"", GAMMA, 1);
        let text = text.replacen("from = \"*\"\nto = \"*\"", "from = \"*\"\nto = \"B\"", 1);
        World::of(sides, &text)
    }

    /// Two or three, of which each may release any of its domains to each other.
    pub fn any(parties: usize) -> World {
        let text = TEXT.replacen("only = \"matched\"", "only = \"any\"", 1);
        if parties == 2 {
            return World::of(World::new().sides, &text);
        }
        World::of(World::three().sides, &text.replacen("[[clause]]\nid = \"1\"", GAMMA, 1))
    }

    fn of(sides: Vec<Side>, text: &str) -> World {
        let ids: Vec<PartyId> = sides.iter().map(|side| side.id).collect();
        let mut text = text.to_owned();
        for (letter, id) in ["A", "B", "C"].iter().zip(&ids) {
            text = text.replace(&format!("ROOT-{letter}"), &id.to_string());
        }
        let count = sides.len();
        let mut world = World {
            accord: AccordId::derive(SLUG, &ids),
            sides,
            logs: ids.into_iter().map(|id| (id, Vec::new())).collect(),
            objects: BTreeMap::new(),
            text: text.into_bytes(),
            clock: START,
        };
        for side in 0..count {
            let card = world.sides[side].card.bytes().to_vec();
            let header = world.header(side);
            let key = key(world.sides[side].fill + 4);
            world.act_with(side, header, Body::Designate { card }, &key);
        }
        world
    }

    pub fn id(&self, side: usize) -> PartyId {
        self.sides[side].id
    }

    pub fn digest(&self) -> Digest {
        Digest::plain(&self.text)
    }

    pub fn now(&self) -> UnixSeconds {
        UnixSeconds::new(self.clock)
    }

    /// Size and root of a party's log.
    pub fn head(&self, side: usize) -> TreeHead {
        self.head_at(side, self.logs[&self.id(side)].len())
    }

    pub fn head_at(&self, side: usize, size: usize) -> TreeHead {
        let mut builder = RootBuilder::new();
        for act in &self.logs[&self.id(side)][..size] {
            builder.push_entry(act.leaf()).unwrap();
        }
        builder.head()
    }

    /// What a party has seen when all hold everything.
    pub fn seen(&self, side: usize) -> Vec<Seen> {
        let others = (0..self.sides.len()).filter(|other| *other != side);
        let seen = others.map(|other| {
            let head = self.head(other);
            Seen { party: self.id(other), size: head.size.get(), root: *head.root.as_bytes() }
        });
        let mut seen: Vec<Seen> = seen.filter(|seen| seen.size > 0).collect();
        seen.sort();
        seen
    }

    pub fn header(&self, side: usize) -> Header {
        Header { seen: self.seen(side), ..self.header_unseen(side) }
    }

    pub fn header_unseen(&self, side: usize) -> Header {
        Header {
            accord: self.accord,
            author: self.id(side),
            kind: ActKind::Designate,
            sequence: self.logs[&self.id(side)].len() as u64,
            time: self.now(),
            supersedes: None,
            seen: Vec::new(),
            body: Digest::new([0; 32]),
        }
    }

    /// Adds an act as it is, whatever it says.
    pub fn push(&mut self, side: usize, act: Act) -> Digest {
        self.clock += 60;
        let digest = act.digest();
        let id = self.id(side);
        self.logs.get_mut(&id).unwrap().push(act);
        digest
    }

    pub fn act_with(
        &mut self,
        side: usize,
        header: Header,
        body: Body,
        key: &SigningKey,
    ) -> Digest {
        let salt = [u8::try_from(header.sequence % 251).unwrap(); 32];
        self.push(side, Act::create(header, body, salt, key))
    }

    /// An act by the office that may perform it.
    pub fn act(&mut self, side: usize, body: Body) -> Digest {
        let header = self.header(side);
        self.act_by(side, header, body)
    }

    pub fn act_by(&mut self, side: usize, header: Header, body: Body) -> Digest {
        let role =
            Role::ALL.into_iter().find(|role| role.full_powers().contains(&body.kind())).unwrap();
        let key = key(self.sides[side].fill + role.code());
        self.act_with(side, header, body, &key)
    }

    /// All sign the text.
    pub fn agree(&mut self) {
        let text = self.text.clone();
        let digest = self.digest();
        self.act(A, Body::Propose { text, base: None });
        for side in (0..self.sides.len()).rev() {
            self.act(side, Body::Sign { text: digest });
        }
    }

    pub fn offer(&self, run: RunId, size: u32) -> Offer {
        Offer {
            run,
            text: self.digest(),
            clause: "1".to_owned(),
            mode: Mode::Which,
            learn: Learn::Both,
            normal_form: 1,
            engine: "vole-mlkem768/1".to_owned(),
            size,
            commitment: Digest::new([5; 32]),
        }
    }

    /// A run from offer to both closes.
    pub fn run(&mut self, fill: u8) -> RunId {
        let run = RunId::new([fill; 32]);
        let offer = self.act(A, Body::OfferMatch(self.offer(run, 64)));
        let (size, commitment) = (32, Digest::new([6; 32]));
        let answer = Answer { run, offer, size, commitment };
        self.act(B, Body::AnswerMatch(answer));
        let outcome = Outcome::Done { count: Some(2), transcript: Digest::new([7; 32]) };
        for side in [B, A] {
            let outcome = outcome.clone();
            self.act(side, Body::CloseMatch(Close { run, outcome }));
        }
        run
    }

    pub fn state(&self) -> State {
        let parties: Vec<PartyId> = self.logs.keys().copied().collect();
        let mut logs = Logs::new(self.accord, &parties);
        for act in self.logs.values().flatten() {
            logs.push(act.clone());
        }
        logs.fold()
    }

    /// A release by the gate, acknowledged by the other side.
    pub fn release(&mut self, run: RunId, objects: Vec<Object>) -> Digest {
        let way = (self.id(A), self.id(B));
        let release = Release::decide(&self.state(), way, Some(run), objects, self.now()).unwrap();
        self.objects.extend(release.objects().iter().cloned());
        let body = release.body().clone();
        let manifest = body.manifest_digest();
        let release = self.act(A, Body::Release(body));
        self.act(B, Body::Receipt { release, manifest });
        release
    }

    /// A release that its author made by hand, past the gate.
    pub fn self_made(&mut self, run: Option<RunId>, objects: &[Object]) -> ReleaseBody {
        let mut manifest = Vec::new();
        for object in objects {
            let bytes = object.encode();
            let address = Object::address(&bytes);
            manifest.push(detente_core::act::ManifestEntry {
                transforms: Vec::new(),
                object: address,
                clause: "2".to_owned(),
                facts: object.facts(&bytes),
            });
            self.objects.insert(address, bytes);
        }
        let text = self.digest();
        ReleaseBody { text, run, manifest, to: None, consent: None }
    }

    /// The whole story, which ends with a stop that is lifted.
    pub fn story() -> World {
        let mut world = World::new();
        world.agree();
        let run = world.run(1);
        world.release(run, vec![object("a.example", Tlp::Amber), object("b.example", Tlp::Clear)]);
        let reason = "an exercise".to_owned();
        world.act(B, Body::Stop { reason });
        let reason = "it is over".to_owned();
        world.act(B, Body::Resume { reason, act: None });
        world
    }

    pub fn sign_head(&self, side: usize, head: TreeHead) -> Checkpoint {
        let origin = Origin::new(&log_origin(self.accord, self.id(side))).unwrap();
        let signer = self.sides[side].log_signer(self.accord);
        CheckpointBody::new(origin, head).sign(&[&signer]).unwrap()
    }

    /// The others' cosignatures of a checkpoint.
    pub fn cosign(&self, side: usize, checkpoint: &Checkpoint) -> VerifiedCheckpoint {
        let signer = self.sides[side].log_signer(self.accord);
        let log = TrustedLog::from_key(signer.verifier().clone()).unwrap();
        let mut verified = checkpoint.verify(&log).unwrap();
        for other in (0..self.sides.len()).filter(|other| *other != side) {
            let request = AddCheckpoint {
                old: TreeSize::ZERO,
                proof: ConsistencyProof::default(),
                checkpoint: checkpoint.clone(),
            };
            let accept = decide(Some(&log), &TreeHead::EMPTY, &request).unwrap();
            let cosigner = self.sides[other].cosigner();
            let time = CosignTime::new(self.clock).unwrap();
            let line = cosigner.cosign(accept.persisted(), time).unwrap();
            verified.attach(&[line], cosigner.verifier()).unwrap();
        }
        verified
    }

    pub fn log_record(&self, side: usize) -> LogRecord {
        let acts = &self.logs[&self.id(side)];
        let checkpoint = self.cosign(side, &self.sign_head(side, self.head(side)));
        LogRecord {
            checkpoint: checkpoint.checkpoint().to_string().into_bytes(),
            entries: acts.iter().map(entry).collect(),
        }
    }

    pub fn record(&self) -> Record {
        let sides: Vec<usize> = (0..self.sides.len()).collect();
        self.record_of(&sides)
    }

    /// The record as it is when only these sides show a log.
    pub fn record_of(&self, sides: &[usize]) -> Record {
        let parties: Vec<PartyId> = self.logs.keys().copied().collect();
        Record {
            accord: self.accord,
            slug: SLUG.to_owned(),
            parties,
            logs: sides.iter().map(|side| (self.id(*side), self.log_record(*side))).collect(),
            objects: self.objects.clone(),
        }
    }
}

pub fn entry(act: &Act) -> EntryRecord {
    EntryRecord { leaf: act.leaf().to_vec(), salt: *act.salt(), body: act.body_bytes().to_vec() }
}

pub fn object(value: &str, tlp: Tlp) -> Object {
    Object {
        kind: Kind::Domain,
        value: value.to_owned(),
        tlp,
        marking_unknown: false,
        markings: Vec::new(),
        labels: vec!["c2".to_owned()],
        source: Some("test".to_owned()),
        origin: None,
        comment: None,
        confidence: Some(80),
        valid_from: None,
        valid_until: None,
        handling: detente_core::Handling::default(),
    }
}
