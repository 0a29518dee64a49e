//! The node: its doors, its keys, its books. Use cases are methods on it, one file per noun.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use detente_core::party::{Card, Role};
use detente_core::sign::Verified;
use detente_core::state::State;
use detente_core::{AccordId, PartyId, UnixSeconds};

use crate::book::Book;
use crate::error::NodeError;
use crate::keys::Keys;
use crate::ports::{AccordRow, Clock, Entropy, Store};

/// A party's node.
pub struct Node {
    pub(crate) store: Box<dyn Store>,
    pub(crate) clock: Box<dyn Clock>,
    pub(crate) entropy: Box<dyn Entropy>,
    pub(crate) keys: Keys,
    card: Verified<Card>,
    pub(crate) contacts: BTreeMap<PartyId, Verified<Card>>,
    books: BTreeMap<AccordId, Book>,
}

/// A node that several sessions share. Nobody holds the node while waiting for a peer.
pub struct Shared {
    node: Mutex<Node>,
    /// Held while an own log is pushed: two pushes of one log would only refuse each other.
    pub(crate) pushing: Mutex<()>,
}

impl Shared {
    /// Shares a node.
    pub fn new(node: Node) -> Shared {
        Shared { node: Mutex::new(node), pushing: Mutex::new(()) }
    }

    /// The node, for a moment. A use case that panicked has left no half-done work: the store is
    /// transactional and books are changed last.
    pub fn lock(&self) -> MutexGuard<'_, Node> {
        self.node.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
        let mut node = Node { store, clock, entropy, keys, card, contacts, books: BTreeMap::new() };
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

    pub(crate) fn book(&self, accord: AccordId) -> Result<&Book, NodeError> {
        self.books.get(&accord).ok_or_else(|| unknown_accord(&accord.to_string()))
    }

    pub(crate) fn book_mut(&mut self, accord: AccordId) -> Result<&mut Book, NodeError> {
        self.books.get_mut(&accord).ok_or_else(|| unknown_accord(&accord.to_string()))
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
            .filter(|book| name.len() >= 8 && book.row.id.to_string().starts_with(name))
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
        let own = self.party();
        let denied = |words: String| {
            NodeError::denied(
                "no_authority",
                words,
                "let a role act that has the power: --as minister, head, duty-officer or analyst",
            )
        };
        // Before the own log begins, the fold has no own card yet: the card itself decides.
        let book = self.book(accord)?;
        let begun = book.state.parties.get(&own).is_some_and(|party| party.card.is_some());
        let check = |role: Role| {
            let powers = self.card.value().roles.iter().find(|key| key.role == role);
            if !powers.is_some_and(|key| key.may.contains(&kind)) {
                return Err(format!("the card gives {role} no power to {kind}"));
            }
            if begun { book.state.authority(own, role, kind, governing) } else { Ok(()) }
        };
        if let Some(role) = named {
            return check(role).map(|()| role).map_err(denied);
        }
        let mut last = String::new();
        for role in Role::ALL {
            match check(role) {
                Ok(()) => return Ok(role),
                Err(reason) => last = reason,
            }
        }
        Err(denied(format!("no role of this party may {kind}: {last}")))
    }
}

fn unknown_accord(name: &str) -> NodeError {
    NodeError::unknown("accord", name, "list accords with `detente accord status`")
}
