//! The node: its doors, its keys, its books. Use cases are methods on it, one file per noun.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use detente_core::party::{Card, Role};
use detente_core::sign::Verified;
use detente_core::{AccordId, PartyId, UnixSeconds};
use detente_state::State;

use crate::alert::Kept;
use crate::book::Book;
use crate::error::NodeError;
use crate::keys::Keys;
use crate::lookup::Replies;
use crate::matching::TakenRuns;
use crate::named::begins;
use crate::ports::{AccordRow, Clock, Entropy, Store, StoreError};

/// A party's node.
pub struct Node {
    pub(crate) store: Box<dyn Store>,
    pub(crate) clock: Box<dyn Clock>,
    pub(crate) entropy: Box<dyn Entropy>,
    pub(crate) keys: Keys,
    card: Verified<Card>,
    pub(crate) contacts: BTreeMap<PartyId, Verified<Card>>,
    books: BTreeMap<AccordId, Book>,
    /// Accords whose books must be read anew: a write to them failed, and may have taken place all
    /// the same.
    unread: Vec<AccordRow>,
    /// How many entries of an own log a peer's mirror has been shown to hold as they are here,
    /// since this node was opened.
    pub(crate) confirmed: BTreeMap<(PartyId, AccordId), u64>,
    /// What makes own logs look like old copies, by accord and by who holds it against them.
    pub(crate) doubts: BTreeMap<(AccordId, PartyId), String>,
    /// What changes open, as far as it was computed since this node was opened.
    pub(crate) alerts_kept: Mutex<Kept>,
}

/// A node that several sessions share. Nobody holds the node while waiting for a peer.
pub struct Shared {
    node: Mutex<Node>,
    /// Held while own logs are pushed to a peer: two pushes of one log would only refuse each
    /// other. One lock for each peer, so that one that does not answer holds up no other.
    pushing: Mutex<BTreeMap<PartyId, Arc<Mutex<()>>>>,
    /// Held while this node commits to its list for a run that a peer offers: one commitment at a
    /// time for each peer.
    entering: Mutex<BTreeMap<PartyId, Arc<Mutex<()>>>>,
    /// Matching runs that peers have begun here.
    pub(crate) taken: TakenRuns,
    /// The last answer to each peer's query, by accord.
    pub(crate) replies: Replies,
}

impl Shared {
    /// Shares a node.
    pub fn new(node: Node) -> Shared {
        Shared {
            node: Mutex::new(node),
            pushing: Mutex::default(),
            entering: Mutex::default(),
            taken: TakenRuns::default(),
            replies: Replies::default(),
        }
    }

    /// The node, for a moment. A use case that panicked has left no half-done work: the store is
    /// transactional and books are changed last.
    pub fn lock(&self) -> MutexGuard<'_, Node> {
        let mut node = self.node.lock().unwrap_or_else(PoisonError::into_inner);
        node.mend();
        node
    }

    /// The lock on pushes to one peer.
    pub(crate) fn pushing(&self, peer: PartyId) -> Arc<Mutex<()>> {
        lock_of(&self.pushing, peer)
    }

    /// The lock on commitments for runs of one peer.
    pub(crate) fn entering(&self, peer: PartyId) -> Arc<Mutex<()>> {
        lock_of(&self.entering, peer)
    }
}

/// A peer's lock among those of all. Peers have cards here, so they are few.
fn lock_of(all: &Mutex<BTreeMap<PartyId, Arc<Mutex<()>>>>, peer: PartyId) -> Arc<Mutex<()>> {
    let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(all.entry(peer).or_default())
}

impl Node {
    /// Opens a node: reads the cards of its contacts and every book.
    ///
    /// # Errors
    /// [`NodeError`] if the store fails or holds what does not verify.
    pub fn open(
        store: Box<dyn Store>,
        clock: Box<dyn Clock>,
        entropy: Box<dyn Entropy>,
        keys: Keys,
        card: Verified<Card>,
    ) -> Result<Node, NodeError> {
        let mut contacts = BTreeMap::new();
        for bytes in store.cards()? {
            let contact = Card::open(&bytes)?;
            contacts.insert(contact.value().party(), contact);
        }
        let mut node = Node {
            store,
            clock,
            entropy,
            keys,
            card,
            contacts,
            books: BTreeMap::new(),
            unread: Vec::new(),
            confirmed: BTreeMap::new(),
            doubts: BTreeMap::new(),
            alerts_kept: Mutex::default(),
        };
        for (accord, peer, words) in node.store.doubts()? {
            node.doubts.insert((accord, peer), words);
        }
        for row in node.store.accords()? {
            node.load(row)?;
        }
        Ok(node)
    }

    /// This party.
    pub fn party(&self) -> PartyId {
        self.card.value().party()
    }

    /// This party's card.
    pub const fn card(&self) -> &Verified<Card> {
        &self.card
    }

    /// The time now.
    pub fn now(&self) -> UnixSeconds {
        self.clock.now()
    }

    /// Fresh random bytes.
    pub(crate) fn random<const N: usize>(&mut self) -> Result<[u8; N], NodeError> {
        let mut bytes = [0; N];
        self.entropy.fill(&mut bytes)?;
        Ok(bytes)
    }

    /// A party's name, for people.
    pub fn name_of(&self, party: PartyId) -> String {
        if party == self.party() {
            return self.card.value().name.clone();
        }
        self.contacts.get(&party).map_or_else(|| party.short(), |card| card.value().name.clone())
    }

    /// Enters an accord and opens its book.
    pub(crate) fn load(&mut self, row: AccordRow) -> Result<(), NodeError> {
        if !self.books.contains_key(&row.id) {
            let book = Book::load(self.store.as_ref(), row)?;
            self.books.insert(book.row.id, book);
        }
        Ok(())
    }

    /// Reads a book anew after a write to it failed: what failed may have taken place all the same,
    /// and nothing may be decided on a book that the store has left behind.
    pub(crate) fn doubt(&mut self, accord: AccordId) {
        self.unread.extend(self.books.remove(&accord).map(|book| book.row));
        self.mend();
    }

    /// Reads the books that are in doubt; one that can't be read stays closed until it can.
    fn mend(&mut self) {
        for row in std::mem::take(&mut self.unread) {
            if self.load(row.clone()).is_err() {
                self.unread.push(row);
            }
        }
    }

    pub(crate) fn book(&self, accord: AccordId) -> Result<&Book, NodeError> {
        self.books.get(&accord).ok_or_else(|| self.no_book(accord))
    }

    pub(crate) fn book_mut(&mut self, accord: AccordId) -> Result<&mut Book, NodeError> {
        if !self.books.contains_key(&accord) {
            return Err(self.no_book(accord));
        }
        self.books.get_mut(&accord).ok_or_else(|| unknown_accord(&accord.to_string()))
    }

    fn no_book(&self, accord: AccordId) -> NodeError {
        if self.unread.iter().any(|row| row.id == accord) {
            let words = "a write failed, and what the store holds cannot be read";
            return StoreError::Failed(words.to_owned()).into();
        }
        unknown_accord(&accord.to_string())
    }

    pub(crate) fn books(&self) -> impl Iterator<Item = &Book> {
        self.books.values()
    }

    /// What the acts of an accord amount to.
    ///
    /// # Errors
    /// [`NodeError::Unknown`].
    pub fn state(&self, accord: AccordId) -> Result<&State, NodeError> {
        Ok(&self.book(accord)?.state)
    }

    /// The accord that a name means: its slug, its id, or the start of its id.
    ///
    /// # Errors
    /// [`NodeError::Unknown`] if there is none or the name could mean several.
    pub fn find_accord(&self, name: &str) -> Result<AccordId, NodeError> {
        let by_slug: Vec<AccordId> =
            self.books().filter(|book| book.row.slug == name).map(|book| book.row.id).collect();
        let by_id: Vec<AccordId> = self
            .books()
            .filter(|book| begins(&book.row.id, name))
            .map(|book| book.row.id)
            .collect();
        match (by_slug.as_slice(), by_id.as_slice()) {
            ([one], _) | ([], [one]) => Ok(*one),
            ([], _) => Err(unknown_accord(name)),
            _ => Err(NodeError::unknown(
                "single accord",
                name,
                "several accords have this name: use the id that `accord status` prints",
            )),
        }
    }

    /// The role that performs an act, when the caller names none: the first whose power it is.
    pub(crate) fn role_for(
        &self,
        accord: AccordId,
        kind: detente_core::act::ActKind,
        named: Option<Role>,
        governing: Option<detente_core::Digest>,
    ) -> Result<Role, NodeError> {
        self.book(accord)?;
        let check = |role: Role| self.role_may((accord, role), kind, governing);
        let able: Vec<Role> = Role::ALL.into_iter().filter(|role| check(*role).is_ok()).collect();
        let (words, remedy) = match (named, able.first()) {
            (Some(role), first) => match (check(role), first) {
                (Ok(()), _) => return Ok(role),
                (Err(words), Some(_)) => {
                    let able: Vec<&str> = able.iter().map(|role| role.name()).collect();
                    (words, format!("let a role act that may: --as {}", able.join(" or --as ")))
                }
                (Err(words), None) => (words, NO_ROLE.to_owned()),
            },
            (None, Some(first)) => return Ok(*first),
            (None, None) => {
                // Why those can't that could: the others never may.
                let could = |role: &Role| {
                    let mut named = self.card.value().roles.iter();
                    named.any(|own| own.role == *role && own.may.contains(&kind))
                };
                let mut reasons: Vec<String> = Role::ALL
                    .into_iter()
                    .filter(could)
                    .filter_map(|role| Some(format!("{role}: {}", check(role).err()?)))
                    .collect();
                if reasons.is_empty() {
                    reasons.push("the card gives no role the power".to_owned());
                }
                let reasons = reasons.join("; ");
                (format!("no role of this party may {kind}: {reasons}"), NO_ROLE.to_owned())
            }
        };
        Err(NodeError::denied("no_authority", words, remedy))
    }
}

/// What is left if no role has a power.
const NO_ROLE: &str = "no role of this party may: the card (`detente party card --json`) and the \
    accord's [[authority]] and stop_by say who may do what";

pub(crate) fn unknown_accord(name: &str) -> NodeError {
    NodeError::unknown("accord", name, "list accords with `detente accord status`")
}
