//! The keys of parties: which own key signs an act, statements on own keys that logs lack, and
//! newer cards of others that come by the record.

use std::collections::BTreeSet;

use detente_accord::Accord;
use detente_core::act::{ActKind, Body};
use detente_core::key::{SigningKey, Suite};
use detente_core::party::{Card, Role};
use detente_core::roster::{Entered, Holder, Revocation, Roster};
use detente_core::sign::Unverified;
use detente_core::{AccordId, Digest, KeyId, PartyId};

use crate::error::NodeError;
use crate::node::Node;
use crate::report::{KeyReport, RosterReport};

/// An act that is to be signed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signs {
    pub(crate) accord: AccordId,
    pub(crate) role: Role,
    pub(crate) kind: ActKind,
    pub(crate) suite: Suite,
}

impl Node {
    /// The own keys as a log has them; before it begins, as card and statements will make them.
    pub(crate) fn own_roster(&self, accord: AccordId) -> Result<Roster, NodeError> {
        let book = self.book(accord)?;
        if let Some(begun) = book.state.roster(self.party()) {
            return Ok(begun.clone());
        }
        let entered = Entered { accord, at: self.act_time(accord)? };
        let mut roster = Roster::new(self.card().value().clone());
        for body in &self.keys.statements {
            // What does not hold any more, because the card is newer, is left out then too.
            let _ = roster.take(body, entered);
        }
        Ok(roster)
    }

    /// Acts on own keys that the own log of an accord lacks, in the order in which they were made:
    /// the card, if there is none or only an older one, and statements. What the log's keys do not
    /// allow any more is left out.
    pub(crate) fn missing_key_acts(&self, accord: AccordId) -> Result<Vec<Body>, NodeError> {
        let entered = Entered { accord, at: self.act_time(accord)? };
        let card = Body::Designate { card: self.card().bytes().to_vec() };
        let mut missing = Vec::new();
        let mut roster = match self.book(accord)?.state.roster(self.party()) {
            Some(begun) => begun.clone(),
            None => {
                missing.push(card.clone());
                Roster::new(self.card().value().clone())
            }
        };
        let newer = self.card().value().issued > roster.card().issued;
        let card = newer.then_some(&card);
        for body in card.into_iter().chain(&self.keys.statements) {
            if !self.has_entered(accord, body)? && roster.take(body, entered).is_ok() {
                missing.push(body.clone());
            }
        }
        Ok(missing)
    }

    /// Signs acts with the own key that fits each: those of a role, and acts on keys.
    pub(crate) fn signers(
        &self,
        accord: AccordId,
        acts: &[(Option<Role>, Body)],
    ) -> Result<Vec<&SigningKey>, NodeError> {
        let entered = Entered { accord, at: self.act_time(accord)? };
        let begun = self.book(accord)?.state.roster(self.party()).cloned();
        let mut roster = begun.unwrap_or_else(|| Roster::new(self.card().value().clone()));
        // Acts on keys are brought by a key of the suite in which the party acts.
        let first = acts.iter().find(|(role, _)| role.is_some());
        let suite = first.map(|(_, body)| self.suite_of(accord, body)).transpose()?;
        let suite = suite.unwrap_or(self.suite_by(accord, None)?);
        let mut keys = Vec::with_capacity(acts.len());
        for (role, body) in acts {
            // A new card or a rotation may be brought by a key that comes with it.
            let _ = roster.take(body, entered);
            keys.push(match role {
                Some(role) => {
                    let (kind, suite) = (body.kind(), self.suite_of(accord, body)?);
                    self.key_for(&roster, &Signs { accord, role: *role, kind, suite })?
                }
                None => self.any_key(&roster, suite)?,
            });
        }
        Ok(keys)
    }

    /// Whether the own log of an accord has this revocation. Cards and new keys that are known are
    /// refused by the roster itself.
    fn has_entered(&self, accord: AccordId, body: &Body) -> Result<bool, NodeError> {
        let own = self.book(accord)?.logs.of(self.party()).iter();
        let mut revocations = own.filter(|act| act.header().kind == ActKind::RevokeKey);
        Ok(revocations.any(|act| act.body() == body))
    }

    /// Takes a fresh statement on an own key; [`Node::enter_keys`] brings it to the logs.
    pub fn add_statement(&mut self, statement: Body) {
        if !self.keys.statements.contains(&statement) {
            self.keys.statements.push(statement);
        }
    }

    /// Enters what own logs lack of the newest card and the statements on own keys, in every accord
    /// whose log has begun. Returns how many acts were entered.
    ///
    /// # Errors
    /// [`NodeError`]; the accords before the one that failed are done.
    pub fn enter_keys(&mut self) -> Result<u64, NodeError> {
        let accords: Vec<AccordId> = self.books().map(|book| book.row.id).collect();
        let mut entered = 0;
        for accord in accords {
            if self.state(accord)?.roster(self.party()).is_some() {
                entered += self.missing_key_acts(accord)?.len() as u64;
                self.enter(accord, Vec::new())?;
            }
        }
        Ok(entered)
    }

    /// Enters a revocation that another party has signed beforehand, in every accord with it.
    /// Returns how many acts were entered.
    ///
    /// # Errors
    /// [`NodeError::Denied`] if no accord is with that party, or its root or the key itself has not
    /// signed the statement.
    pub fn enter_revocation(&mut self, revocation: &[u8]) -> Result<u64, NodeError> {
        let read = Unverified::<Revocation>::read(revocation).map_err(NodeError::damaged)?;
        let party = read.claim().party;
        let mut entered = 0;
        let (mut refused, mut known) = (None, false);
        let with: Vec<AccordId> = self
            .books()
            .filter(|book| book.row.parties.contains(&party))
            .map(|book| book.row.id)
            .collect();
        for accord in with {
            let body = Body::RevokeKey { revocation: revocation.to_vec() };
            // Not whether the key has ended: a thief may have ended it in its own way before.
            if self.has_entered(accord, &body)? {
                known = true;
                continue;
            }
            let Some(roster) = self.state(accord)?.roster(party) else { continue };
            match roster.clone().revoke_for(revocation) {
                Ok(()) => {
                    self.enter_all(accord, vec![(None, body)], None)?;
                    entered += 1;
                }
                Err(fault) => refused = Some(fault),
            }
        }
        match refused {
            Some(fault) if entered == 0 => Err(NodeError::denied(
                fault.code(),
                format!("the revocation does not hold: {fault}"),
                "ask its party for the file again",
            )),
            // Nobody should think that it was done.
            None if entered == 0 && !known => Err(NodeError::denied(
                "nothing_to_revoke",
                format!("{} has begun no log in an accord with this party", self.name_of(party)),
                "keep the file, and enter it again when there is one",
            )),
            _ => Ok(entered),
        }
    }

    /// A key of this home that the roster knows: statements on keys are signed by themselves, so
    /// which key brings them does not matter.
    fn any_key(&self, roster: &Roster, suite: Suite) -> Result<&SigningKey, NodeError> {
        let known = self.keys.all().filter_map(|key| {
            let holder = roster.holder(key.public().id())?;
            Some((holder.ended.is_some(), key.public().suite() != suite, key))
        });
        let best = known.min_by_key(|(ended, other, _)| (*ended, *other));
        best.map(|(.., key)| key).ok_or_else(|| {
            NodeError::denied(
                "no_key",
                "no key of this home is on the party's card",
                "renew the card with the root key: detente key renew",
            )
        })
    }

    /// The own key that signs an act of a role: the role's own, or else one that it was lent to, as
    /// long as it is good. Without one, a key of the role that is not good any more: what is asked
    /// for is then entered without effect.
    pub(crate) fn key_for(&self, roster: &Roster, signs: &Signs) -> Result<&SigningKey, NodeError> {
        let Signs { accord, role, kind, suite } = *signs;
        let entered = Entered { accord, at: self.act_time(accord)? };
        let holder = |key: &SigningKey| roster.holder(key.public().id());
        let mut good: Vec<(bool, &SigningKey)> = Vec::new();
        let mut any = None;
        for key in self.keys.all() {
            if key.public().suite() != suite {
                continue;
            }
            let Some(own) = holder(key).filter(|own| own.role == role) else { continue };
            any = any.or(Some(key));
            // Acts on keys need no power: their statements carry it.
            let may = match kind.moves_keys() {
                true => roster.live(key.public().id(), entered).is_ok(),
                false => matches!(roster.may(key.public().id(), kind, entered), Ok(Some(_))),
            };
            if may {
                good.push((own.lent.is_some(), key));
            }
        }
        good.sort_by_key(|(lent, _)| *lent);
        good.first().map(|(_, key)| *key).or(any).ok_or_else(|| no_key(role, suite))
    }

    /// The suite that an act must have: that of the text which it is about, or else of the text in
    /// force.
    fn suite_by(&self, accord: AccordId, text: Option<Digest>) -> Result<Suite, NodeError> {
        let state = self.state(accord)?;
        let in_force = state.in_force.as_ref().map(|force| force.text);
        // Before any is in force, that of a text which lies on the table.
        let text = text.or(in_force).and_then(|text| state.texts.get(&text));
        let text = text.or_else(|| state.texts.values().max_by_key(|text| text.accord.suite));
        Ok(text.map_or(Suite::default(), |text| text.accord.suite))
    }

    pub(crate) fn suite_of(&self, accord: AccordId, body: &Body) -> Result<Suite, NodeError> {
        match body {
            Body::Propose { text, .. } if self.state(accord)?.in_force.is_none() => {
                let read = Accord::parse(text);
                Ok(read.map_or(Suite::default(), |accord| accord.suite))
            }
            body => self.suite_by(accord, body.governing()),
        }
    }

    /// Whether a role of this party may perform an act now, by a key of this home or, if it has
    /// none, by the key on its card.
    pub(crate) fn role_may(
        &self,
        (accord, role): (AccordId, Role),
        kind: ActKind,
        governing: Option<Digest>,
    ) -> Result<(), String> {
        let words = |error: NodeError| error.to_string();
        let roster = self.own_roster(accord).map_err(words)?;
        let suite = self.suite_by(accord, governing).map_err(words)?;
        let on_card = || {
            let mut named = self.card().value().roles.iter();
            let named = named.find(|own| own.role == role && own.key.suite() == suite);
            let none = || format!("the card has no key of suite {suite} for {role}");
            named.map(|own| own.key.id()).ok_or_else(none)
        };
        let key = match self.key_for(&roster, &Signs { accord, role, kind, suite }) {
            Ok(key) => key.public().id(),
            Err(_) => on_card()?,
        };
        let at = self.act_time(accord).map_err(words)?;
        let state = &self.book(accord).map_err(words)?.state;
        if state.roster(self.party()).is_some() {
            return state.authority((self.party(), key), kind, governing, at).map(drop);
        }
        // Before the own log begins, the fold has no own card yet: the card itself decides.
        match roster.may(key, kind, Entered { accord, at }) {
            Ok(Some(_)) => Ok(()),
            Ok(None) => match roster.holder(key).is_some_and(|own| own.lent.is_some()) {
                true => Err(format!("the delegation gives this key no power to {kind}")),
                false => Err(format!("the card gives {role} no power to {kind}")),
            },
            Err(fault) => Err(fault.to_string()),
        }
    }

    /// Takes over a party's card if a newer one came by its log. The log and mirror keys are the
    /// same: the roster has seen to that.
    pub(crate) fn take_card(&mut self, accord: AccordId, party: PartyId) -> Result<(), NodeError> {
        let Some(roster) = self.book(accord)?.state.roster(party) else { return Ok(()) };
        let issued = roster.card().issued;
        if self.contacts.get(&party).is_none_or(|known| known.value().issued >= issued) {
            return Ok(());
        }
        let mut cards = self.book(accord)?.logs.of(party).iter().rev();
        let newest = cards.find_map(|act| match act.body() {
            Body::Designate { card } => Card::open(card)
                .ok()
                .filter(|card| card.value().issued == issued && card.value().party() == party),
            _ => None,
        });
        let Some(card) = newest else { return Ok(()) };
        // A transport key of somebody else would make two parties one.
        if self.check_keys(card.value()).is_ok() {
            self.store.put_card(party, card.bytes())?;
            self.contacts.insert(party, card);
        }
        Ok(())
    }

    /// The keys of every party of every accord, or of one accord, as its record has them.
    ///
    /// # Errors
    /// [`NodeError::Unknown`].
    pub fn rosters(&self, accord: Option<AccordId>) -> Result<Vec<RosterReport>, NodeError> {
        let mut reports = Vec::new();
        let chosen = self.books().filter(|book| accord.is_none_or(|only| book.row.id == only));
        for book in chosen {
            for (party, state) in &book.state.parties {
                let Some(roster) = &state.roster else { continue };
                let entered = Entered { accord: book.row.id, at: self.now() };
                let here: BTreeSet<KeyId> = self.keys.all().map(|key| key.public().id()).collect();
                let report = |own: &Holder| report_key(roster, own, entered, &here);
                reports.push(RosterReport {
                    accord: book.row.slug.clone(),
                    party: self.name_of(*party),
                    own: *party == self.party(),
                    card: roster.card().issued.to_string(),
                    keys: roster.holders().iter().map(report).collect(),
                });
            }
        }
        Ok(reports)
    }
}

fn report_key(
    roster: &Roster,
    own: &Holder,
    entered: Entered,
    here: &BTreeSet<KeyId>,
) -> KeyReport {
    let id = own.key.id();
    let live = roster.live(id, entered);
    KeyReport {
        key: id.to_string(),
        role: own.role.name().to_owned(),
        suite: own.key.suite().name().to_owned(),
        good: live.is_ok(),
        ended: live.err().map(|fault| fault.to_string()),
        follows: own.follows.map(|key| key.to_string()),
        lent_by: own.lent.as_ref().map(|lent| lent.by.to_string()),
        lent_to: own.lent.as_ref().map(|lent| lent.to.clone()),
        until: own.lent.as_ref().map(|lent| lent.until.to_string()),
        may: own.may.iter().map(|kind| kind.name().to_owned()).collect(),
        here: here.contains(&id),
    }
}

fn no_key(role: Role, suite: Suite) -> NodeError {
    let remedy = match suite {
        Suite::Hybrid => "use the home that holds it",
        Suite::Cnsa2 => {
            "use the home that holds it; keys of suite cnsa2 are made with a party (`detente init \
             --suite cnsa2`)"
        }
    };
    let words = format!("this home has no key of suite {suite} for {role}");
    NodeError::denied("no_key", words, remedy)
}
