//! A world of nodes in one thread: keys from a seed, cards exchanged, stores in memory.

use std::sync::{Arc, MutexGuard};

use detente_core::key::{Seed, SigningKey, ed25519_public};
use detente_core::party::{Card, Role, RoleKey};
use detente_core::sign::{Verified, sign};
use detente_core::{AccordId, Kind, PartyId, Tlp, UnixSeconds};
use detente_intel::{Context, Indicator, Observable};
use detente_node::ports::{LogKey, Store as _};
use detente_node::{Keys, Node, NodeError, Shared, pull, push_all, resend};
use detente_verify::Report;
use zeroize::Zeroizing;

use crate::clock::{START, SimClock};
use crate::entropy::SimEntropy;
use crate::line::{Cut, NodeEnd, Seal, SealBook, SimLink};
use crate::store::FaultyStore;
use crate::text::Terms;

/// One party of a world with its node.
pub struct Member {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: PartyId,
    /// Its card.
    pub card: Verified<Card>,
    /// Its clock.
    pub clock: SimClock,
    /// What its node keeps.
    pub store: FaultyStore,
    /// Its node.
    pub shared: Arc<Shared>,
    /// Its node as the end of a line.
    pub end: Arc<NodeEnd>,
    entropy: SimEntropy,
    root: [u8; Seed::LEN],
    roles: Vec<(Role, [u8; Seed::LEN])>,
    log: [u8; 32],
    mirror: [u8; 32],
}

/// The key pair of these secret bytes.
fn key(bytes: [u8; Seed::LEN]) -> SigningKey {
    SigningKey::from_seed(&Seed::new(bytes)).expect("a random seed gives a sound key")
}

impl Member {
    /// A party with fresh keys and an empty store.
    pub fn new(name: &str, entropy: SimEntropy) -> Member {
        let root: [u8; Seed::LEN] = entropy.bytes();
        let roles: Vec<(Role, [u8; Seed::LEN])> =
            Role::ALL.into_iter().map(|role| (role, entropy.bytes())).collect();
        let (log, mirror): ([u8; 32], [u8; 32]) = (entropy.bytes(), entropy.bytes());
        let root_key = key(root);
        let card = Card {
            name: name.to_owned(),
            root: root_key.public().clone(),
            roles: roles
                .iter()
                .map(|(role, bytes)| RoleKey {
                    role: *role,
                    key: key(*bytes).public().clone(),
                    may: role.full_powers().to_vec(),
                })
                .collect(),
            transport: entropy.bytes::<44>().to_vec(),
            log_key: ed25519_public(&log),
            mirror_key: ed25519_public(&mirror),
            address: None,
            issued: UnixSeconds::new(START),
        };
        let card = sign(card, &root_key);
        let id = card.value().party();
        let clock = SimClock::new(START);
        let store = FaultyStore::in_memory();
        let keys = keys(&roles, log, mirror);
        let node = Node::open(
            Box::new(store.clone()),
            Box::new(clock.clone()),
            Box::new(entropy.clone()),
            keys,
            card.clone(),
        );
        let shared = Arc::new(Shared::new(node.expect("an empty store opens")));
        Member {
            name: name.to_owned(),
            id,
            card,
            clock,
            store,
            end: NodeEnd::new(Arc::clone(&shared)),
            shared,
            entropy,
            root,
            roles,
            log,
            mirror,
        }
    }

    /// Opens the node again, as a new process would.
    ///
    /// # Errors
    /// What [`Node::open`] says of the store.
    pub fn reopen(&mut self) -> Result<(), NodeError> {
        let node = self.open_on(self.store.clone())?;
        self.shared = Arc::new(Shared::new(node));
        self.end = NodeEnd::new(Arc::clone(&self.shared));
        Ok(())
    }

    /// As [`Member::reopen`], and closes what the old process left open, as the command does.
    ///
    /// # Errors
    /// What [`Node::open`] says of the store, or what closing meets.
    pub fn restart(&mut self) -> Result<u64, NodeError> {
        self.reopen()?;
        self.node().close_lost_runs()
    }

    /// A node of this party on another store, such as an old copy of its own.
    ///
    /// # Errors
    /// What [`Node::open`] says of the store.
    pub fn open_on(&self, store: FaultyStore) -> Result<Node, NodeError> {
        Node::open(
            Box::new(store),
            Box::new(self.clock.clone()),
            Box::new(self.entropy.clone()),
            keys(&self.roles, self.log, self.mirror),
            self.card.clone(),
        )
    }

    /// The node, for a moment.
    pub fn node(&self) -> MutexGuard<'_, Node> {
        self.shared.lock()
    }

    /// The key of a role.
    pub fn role_key(&self, role: Role) -> SigningKey {
        let found = self.roles.iter().find(|(own, _)| *own == role);
        key(found.expect("every role has a key").1)
    }

    /// The root key.
    pub fn root_key(&self) -> SigningKey {
        key(self.root)
    }

    /// Secret bytes of the key that signs checkpoints.
    pub const fn log_seed(&self) -> &[u8; 32] {
        &self.log
    }

    /// Secret bytes of the key that cosigns.
    pub const fn mirror_seed(&self) -> &[u8; 32] {
        &self.mirror
    }

    /// Gives the node indicators of its own.
    pub fn hold(&self, indicators: &[Indicator]) {
        let at = UnixSeconds::new(self.clock.get());
        self.store.real().put_indicators(at, indicators).expect("the store takes indicators");
    }

    /// Gives the node domains, marked with this colour.
    pub fn hold_domains(&self, names: &[&str], tlp: Tlp) {
        let all: Vec<Indicator> = names
            .iter()
            .map(|name| Indicator {
                observable: observable(Kind::Domain, name),
                context: context(&self.name, tlp, &[]),
            })
            .collect();
        self.hold(&all);
    }

    /// Pieces of evidence against a party, by code.
    pub fn evidence(&self, party: PartyId) -> Vec<(String, u64)> {
        let all = self.store.real().evidence().expect("the store reads");
        all.into_iter()
            .filter(|(against, ..)| *against == party)
            .map(|(_, code, count)| (code, count))
            .collect()
    }

    /// The leaves that the store holds of one log.
    pub fn leaves(&self, accord: AccordId, party: PartyId) -> Vec<Vec<u8>> {
        let key = LogKey { accord, party };
        let store = self.store.real();
        let size = store.log(key).expect("the store reads").edge.size().get();
        let rows = store.entries(key, 0..size).expect("the store reads");
        assert_eq!(rows.len() as u64, size);
        rows.into_iter().map(|row| row.leaf).collect()
    }
}

fn keys(roles: &[(Role, [u8; Seed::LEN])], log: [u8; 32], mirror: [u8; 32]) -> Keys {
    Keys {
        roles: roles.iter().map(|(role, bytes)| (*role, key(*bytes))).collect(),
        deputies: Vec::new(),
        statements: Vec::new(),
        log: Zeroizing::new(log),
        mirror: Zeroizing::new(mirror),
    }
}

/// An observable in normal form.
pub fn observable(kind: Kind, value: &str) -> Observable {
    Observable::normalise(kind, value).expect("the value has a normal form")
}

/// A context from this source with a colour and labels.
pub fn context(source: &str, tlp: Tlp, labels: &[&str]) -> Context {
    let mut context = Context::from_source(source);
    context.markings.add_tlp(tlp);
    for label in labels {
        context.add_label(label);
    }
    context
}

/// Nodes whose parties know each other.
pub struct World {
    /// The parties: CERT A, CERT B ...
    pub members: Vec<Member>,
    /// Every checkpoint that went over a line.
    pub seals: SealBook,
}

impl World {
    /// `count` parties with keys from this seed, who have exchanged their cards.
    pub fn new(seed: u64, count: usize) -> World {
        let members: Vec<Member> = ('A'..='Z')
            .take(count)
            .zip(0u64..)
            .map(|(letter, place)| {
                let entropy = SimEntropy::new(seed.wrapping_mul(64).wrapping_add(place));
                Member::new(&format!("CERT {letter}"), entropy)
            })
            .collect();
        for own in &members {
            for other in members.iter().filter(|other| other.id != own.id) {
                let added = own.node().add_party(other.card.bytes());
                added.expect("a sound card is taken");
            }
        }
        World { members, seals: SealBook::default() }
    }

    /// A world of two whose accord of these terms is in force, brought over an uncut line.
    pub fn in_force(seed: u64, terms: &Terms) -> (World, AccordId) {
        let world = World::new(seed, 2);
        let accord = world.agree(terms);
        (world, accord)
    }

    /// The parties' ids.
    pub fn ids(&self) -> Vec<PartyId> {
        self.members.iter().map(|member| member.id).collect()
    }

    /// The node of a party, for a moment.
    pub fn node(&self, at: usize) -> MutexGuard<'_, Node> {
        self.members[at].node()
    }

    /// Moves every clock forward.
    pub fn clock_tick(&self, seconds: u64) {
        for member in &self.members {
            member.clock.advance(seconds);
        }
    }

    /// The bytes of a text between all parties.
    pub fn text(&self, terms: &Terms) -> Vec<u8> {
        terms.text(&self.ids())
    }

    /// The first proposes, all sign one after the other, all is exchanged.
    pub fn agree(&self, terms: &Terms) -> AccordId {
        let text = self.text(terms);
        let (accord, _) = self.node(0).propose(&text, None).expect("A proposes");
        for member in &self.members {
            member.node().sign_text(accord, None, None).expect("each party signs");
            self.sync_once().expect("nothing is cut");
        }
        self.sync_once().expect("nothing is cut");
        accord
    }

    /// A line between two.
    pub fn link(&self, from: usize, to: usize) -> SimLink {
        let (near, far) = (&self.members[from], &self.members[to]);
        SimLink::new(near.end.clone(), far.end.clone()).sealed(&self.seals)
    }

    /// A line that is cut there.
    pub fn cut_link(&self, (from, to): (usize, usize), cut: Option<Cut>) -> SimLink {
        self.link(from, to).cut(cut)
    }

    /// Every pair exchanges all that waits, and what that brings about.
    ///
    /// # Errors
    /// The first [`NodeError`].
    pub fn sync(&self) -> Result<(), NodeError> {
        // What one round brings may let the next one bring more: a receipt, a third party's log.
        self.sync_once()?;
        self.sync_once()
    }

    /// Every pair exchanges what waits.
    fn sync_once(&self) -> Result<(), NodeError> {
        for from in 0..self.members.len() {
            for to in 0..self.members.len() {
                if from != to {
                    let link = self.link(from, to);
                    let shared = &self.members[from].shared;
                    push_all(shared, &link)?;
                    resend(shared, &link)?;
                    pull(&link)?;
                }
            }
        }
        Ok(())
    }

    /// Audits the record as one node would export it.
    pub fn audit(&self, at: usize, accord: AccordId) -> Report {
        let record = self.node(at).record(accord).expect("the record is there");
        let folder = detente_verify::files(&record).expect("the record can be laid out");
        detente_verify::audit(&folder)
    }

    /// Every checkpoint that became durable or went over a line.
    pub fn all_seals(&self) -> Vec<Seal> {
        let mut all = self.seals.all();
        for member in &self.members {
            let durable = member.store.durable_checkpoints();
            all.extend(durable.iter().map(|(_, note)| SealBook::seal(note)));
        }
        all
    }

    /// Fails if two checkpoints of one log and one size have different roots. A checkpoint that was
    /// signed but neither kept nor sent is gone with the memory it was in, and not among them.
    pub fn assert_no_fork(&self) {
        let mut all = self.all_seals();
        all.sort_unstable();
        all.dedup();
        for pair in all.windows(2) {
            assert!(
                (&pair[0].0, pair[0].1) != (&pair[1].0, pair[1].1),
                "two checkpoints of {} at size {}",
                pair[0].0,
                pair[0].1
            );
        }
    }
}
