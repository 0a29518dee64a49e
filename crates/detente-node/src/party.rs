//! Parties: the own card, and the cards of others.

use std::collections::BTreeSet;

use detente_core::party::Card;
use detente_core::sign::Verified;
use detente_core::{PartyId, words};

use crate::error::NodeError;
use crate::named::begins;
use crate::node::Node;
use crate::report::{PartyReport, RoleReport};

/// Most contacts of a node.
pub const MAX_CONTACTS: usize = 1_000;

impl Node {
    /// Adds a party by its card. The caller has shown the fingerprint and was told that it is
    /// right.
    ///
    /// # Errors
    /// [`NodeError::Card`]; [`NodeError::Denied`] for the own card or too many contacts.
    pub fn add_party(&mut self, card: &[u8]) -> Result<PartyReport, NodeError> {
        let card = Card::open(card)?;
        let party = card.value().party();
        if party == self.party() {
            return Err(NodeError::denied(
                "own_card",
                "this is the card of this home itself",
                "add the other party's card, and give this one to them",
            ));
        }
        if self.contacts.len() >= MAX_CONTACTS && !self.contacts.contains_key(&party) {
            return Err(NodeError::denied(
                "too_many_contacts",
                format!("a node has at most {MAX_CONTACTS} contacts"),
                "use another home",
            ));
        }
        if let Some(known) = self.contacts.get(&party)
            && known.value().issued > card.value().issued
        {
            return Err(NodeError::denied(
                "older_card",
                format!(
                    "a newer card of {:?} is here, made at {}",
                    known.value().name,
                    known.value().issued
                ),
                "ask the party for its newest card",
            ));
        }
        self.check_keys(card.value())?;
        self.store.put_card(party, card.bytes())?;
        let report = self.report_card(&card)?;
        self.contacts.insert(party, card);
        Ok(report)
    }

    /// Refuses a card with a transport, log or mirror key of somebody else, and one that changes
    /// the party's own log or mirror key: what is signed with a key must always mean the same
    /// party, and a log keeps its key for life.
    pub(crate) fn check_keys(&self, card: &Card) -> Result<(), NodeError> {
        let keys =
            |card: &Card| [card.transport.clone(), card.log_key.into(), card.mirror_key.into()];
        let own = keys(card);
        for other in self.contacts().chain([self.card().value()]) {
            let theirs = keys(other);
            if other.party() == card.party() {
                if own[1..] != theirs[1..] {
                    return Err(NodeError::denied(
                        "other_keys",
                        format!(
                            "the card has another log or mirror key than the one of {:?} that is \
                             here",
                            other.name
                        ),
                        "a log keeps its key for life: ask the party which card is right",
                    ));
                }
            } else if own.iter().any(|key| theirs.contains(key)) {
                return Err(NodeError::denied(
                    "shared_key",
                    format!("the card has a key of {:?}", other.name),
                    "do not add it: one of the two is not who it says",
                ));
            }
        }
        Ok(())
    }

    /// The card of another party.
    pub(crate) fn contact(&self, party: PartyId) -> Result<&Card, NodeError> {
        self.contacts.get(&party).map(Verified::value).ok_or_else(|| {
            NodeError::unknown(
                "party",
                &party.to_string(),
                "add its card with `detente party add FILE`",
            )
        })
    }

    /// The cards of all other parties.
    pub fn contacts(&self) -> impl Iterator<Item = &Card> {
        self.contacts.values().map(Verified::value)
    }

    /// This party and all contacts.
    ///
    /// # Errors
    /// [`NodeError::Store`].
    pub fn parties(&self) -> Result<Vec<PartyReport>, NodeError> {
        std::iter::once(self.card())
            .chain(self.contacts.values())
            .map(|card| self.report_card(card))
            .collect()
    }

    fn report_card(&self, card: &Verified<Card>) -> Result<PartyReport, NodeError> {
        let party = card.value().party();
        let evidence = self.store.evidence()?;
        let mut report = report_card(card.value());
        report.evidence =
            evidence.iter().filter(|(against, ..)| *against == party).map(|(.., n)| n).sum();
        Ok(report)
    }

    /// Every party, this one among them, that a name may mean: by its name in whatever case, or by
    /// the start of its fingerprint.
    pub(crate) fn parties_named(&self, name: &str) -> BTreeSet<PartyId> {
        let all = std::iter::once(self.card().value()).chain(self.contacts());
        let meant =
            |card: &&Card| card.name.eq_ignore_ascii_case(name) || begins(&card.party(), name);
        all.filter(meant).map(Card::party).collect()
    }

    /// The other party that a name means: its name, its fingerprint or the start of it.
    ///
    /// # Errors
    /// [`NodeError::Unknown`] if there is none or the name could mean several.
    pub fn find_party(&self, name: &str) -> Result<PartyId, NodeError> {
        let mut hits = self.parties_named(name);
        hits.remove(&self.party());
        match (hits.first(), hits.len()) {
            (Some(one), 1) => Ok(*one),
            (None, _) => Err(NodeError::unknown("party", name, "see `detente party list`")),
            _ => Err(NodeError::unknown("single party", name, "use its fingerprint")),
        }
    }
}

/// A card in plain data.
pub fn report_card(card: &Card) -> PartyReport {
    let party = card.party();
    PartyReport {
        name: card.name.clone(),
        id: party.to_string(),
        words: words(&party),
        address: card.address.clone(),
        roles: card
            .roles
            .iter()
            .map(|role| RoleReport {
                role: role.role.name().to_owned(),
                may: role.may.iter().map(|kind| kind.name().to_owned()).collect(),
            })
            .collect(),
        evidence: 0,
    }
}
